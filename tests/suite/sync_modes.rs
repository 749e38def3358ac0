//! Both ways, one way, not at all; over HTTP or from a folder of the machine.

use codexmiroir::app::{SyncMode, SyncSettings};
use serde_json::{Value, json};

use crate::binary::{Home, Ran};
use crate::git_host::Behaviour;
use crate::harness::{Start, TestServer};
use crate::shared::{Shared, conflicts, document, edit, same_files, settled, status, status_when, sync};

const TASKS: &str = "codex-miroir/lena/tasks";

async fn server(sync: SyncSettings) -> TestServer {
    TestServer::start_with(Start { sync, ..Start::default() }).await
}

#[tokio::test]
async fn pull_only_takes_in_and_merges_and_pushes_nothing() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    let name = format!("{TASKS}/0001-a.md");
    clone.write(&name, Some(&document("A", "", "eins\nzwei\ndrei\n")));
    clone.push("a task");
    let server = server(SyncSettings { mode: SyncMode::PullOnly, ..shared.settings() }).await;
    let lena = server.user("lena").await;
    sync(&lena, "").await;
    edit(&lena, "0001", "eins", "eins hier").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Hier"})).await;
    clone.write(&name, Some(&document("A", "", "eins\nzwei\ndrei dort\n")));
    clone.push("there");
    let head = shared.head();
    for query in ["?mode=diff", "?mode=full", "?mode=full&clean=true"] {
        sync(&lena, query).await;
        let merged = lena.document("0001").await;
        assert!(merged.ends_with("eins hier\nzwei\ndrei dort\n"), "{query}: {merged}");
        assert_eq!((lena.tasks().await.len(), conflicts(&lena).await), (2, Vec::new()), "{query}");
    }
    assert_eq!((shared.head(), shared.host.pushes()), (head, 0));
    let status = status(&lena).await;
    assert_eq!(status["mode"], "pull-only");
    assert_eq!((&status["outbox"], &status["onlyHere"], &status["outboxSince"]), (&json!(0), &json!(2), &Value::Null));
}

#[tokio::test]
async fn switched_off_nobody_is_asked_and_switched_on_again_nothing_is_lost() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    clone.write(&format!("{TASKS}/0001-a.md"), Some(&document("A", "", "")));
    clone.push("a task");
    let server = server(shared.settings()).await;
    let lena = server.user("lena").await;
    settled(&lena).await;
    let off = SyncSettings { mode: SyncMode::Off, ..shared.settings() };
    let server = server.restart_with(Start { sync: off, ..Start::default() }).await;
    let lena = server.again(&lena);
    let asked = shared.host.requests().len();
    edit(&lena, "0001", "# A", "# Hier").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Neu"})).await;
    let refused = lena.post("/sync", &Value::Null).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "sync_off"), "{}", refused.text);
    assert_eq!((&status(&lena).await["state"], shared.host.requests().len()), (&json!("off"), asked));
    clone.write(&format!("{TASKS}/0001-a.md"), Some(&document("A", "tags: [dort]\n", "")));
    clone.push("there");
    let server = server.restart_with(Start { sync: shared.settings(), ..Start::default() }).await;
    let lena = server.again(&lena);
    settled(&lena).await;
    assert_eq!(same_files(&shared, &lena, TASKS).await, ["0001-a.md", "0002-Neu.md"]);
    let merged = lena.document("0001").await;
    assert!(merged.contains("# Hier") && merged.contains("tags: [dort]"), "{merged}");
}

#[tokio::test]
async fn a_repository_of_this_machine_is_as_good_where_it_is_allowed() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    clone.write(&format!("{TASKS}/0001-a.md"), Some(&document("A", "", "")));
    clone.push("a task");
    let remote = Some(shared.bare.to_str().unwrap().to_owned());
    let settings = SyncSettings { remote, allow_local: true, allow_hosts: Vec::new(), ..shared.settings() };
    let server = server(settings).await;
    let lena = server.user("lena").await;
    settled(&lena).await;
    edit(&lena, "0001", "# A", "# Hier").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Neu"})).await;
    status_when(&lena, |status| status["outbox"] == 0).await;
    assert_eq!(same_files(&shared, &lena, TASKS).await, ["0001-a.md", "0002-Neu.md"]);
    clone.pull();
    clone.write(&format!("{TASKS}/0002-Neu.md"), None);
    clone.push("removed");
    settled(&lena).await;
    assert_eq!(same_files(&shared, &lena, TASKS).await, ["0001-a.md"]);
    assert!(shared.host.requests().is_empty());
    // That is for whoever runs the server: a user could name a folder of somebody else's.
    let own = lena.put("/api/sync/remote", &json!({"remote": shared.bare.to_str().unwrap()})).await;
    assert_eq!((own.status, own.json()["field"].as_str()), (422, Some("remote")), "{}", own.text);
    assert_eq!(lena.get("/api/sync/remote").await.json()["remote"], Value::Null);
}

#[test]
fn a_folder_of_this_machine_or_an_unbuilt_way_stops_the_start_with_what_to_write() {
    let shared = Shared::new();
    let (local, url) = (shared.bare.to_str().unwrap().to_owned(), shared.host.repository("tasks.git"));
    for (arguments, said) in [
        (
            vec!["--git-remote", local.as_str()],
            "--git-remote: the setting git.remote cannot be used: a folder of this machine has to be allowed; set git.allow_local = true",
        ),
        (vec!["--git-remote", "ssh://git@git.example.org/tasks.git"], "ssh is not yet built"),
        (vec!["--git-remote", url.as_str()], "add \"127.0.0.1\" to git.allow_hosts"),
        (vec!["--git-remote", "https://git.example.org/tasks.git", "--git-mode", "pull-request"], "not yet built"),
    ] {
        let ran = Home::new().run(&[&["serve", "--listen", "127.0.0.1:0"], &arguments[..]].concat());
        assert_eq!((ran.code.filter(|code| *code == 0), ran.stdout.as_str()), (None, ""), "{arguments:?}");
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn a_setting_that_cannot_be_used_is_named_where_it_was_set() {
    let home = Home::new();
    let file = home.path("my.toml");
    std::fs::write(&file, "log = \"warn\"\n[git]\nremote = \"/srv/tasks.git\"\n").unwrap();
    for command in [&["config"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let ran = home.run(&[command, &["--config", file.to_str().unwrap()]].concat());
        let place = format!("{}:3: the setting git.remote cannot be used: ", file.display());
        assert!(ran.refusal(1).contains(&place) && ran.stdout.is_empty(), "{ran:?}");
    }
    let ran = Ran::of(home.command(&["config"]).env("CODEXMIROIR_GIT_REMOTE", "http://git.example.org/x"));
    let said = ran.refusal(1);
    assert!(said.contains("CODEXMIROIR_GIT_REMOTE: ") && said.contains("add \"git.example.org\""), "{said}");
}

#[tokio::test]
async fn a_webhook_is_not_heard_where_the_sync_is_off() {
    let shared = Shared::new();
    let server = server(SyncSettings { mode: SyncMode::Off, ..shared.settings() }).await;
    let body = r#"{"ref": "refs/heads/main"}"#;
    let signed = crate::webhook::signature(crate::shared::WEBHOOK_SECRET, body.as_bytes());
    let request = server.client.post(server.url("/github/webhook")).header("X-GitHub-Event", "push");
    let request = request.header("X-Hub-Signature-256", signed).header("Content-Type", "application/json").body(body);
    let answer = crate::harness::Answer::of(request).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    shared.host.behave(Behaviour::Git);
    assert!(shared.host.requests().is_empty());
}
