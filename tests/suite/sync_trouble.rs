//! A repository that cannot be asked, or refuses: said with what to do, nothing lost, nobody held up, and over by itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use codexmiroir::app::SyncSettings;
use reqwest::Method;
use serde_json::{Value, json};

use crate::git_host::{Behaviour, git};
use crate::harness::{Answer, Start, TestServer, TestUser};
use crate::shared::{Clone, Shared, document, same_files, settled, status, status_when, sync};

const TASKS: &str = "codex-miroir/lena/tasks";

/// Makes tasks with these titles, while nobody is held up by anything.
async fn create(user: &TestUser, titles: &[&str]) {
    for title in titles {
        user.create(json!({"kategorie": "arbeit", "title": title})).await;
        let (codex, tasks) = (user.get("/codex").await.status, user.get("/api/tasks").await.status);
        assert_eq!((codex, tasks), (200, 200));
    }
}

/// The titles that the commits added, the first first.
fn added(shared: &Shared) -> Vec<String> {
    let log = git(&shared.bare, &["log", "--reverse", "--diff-filter=A", "--name-only", "--format=", "main"]);
    let title = |path: &str| path.rsplit(['/', '-']).next().unwrap().trim_end_matches(".md").to_owned();
    log.lines().filter(|line| !line.is_empty()).map(title).collect()
}

/// Asks for a sync that must fail so, and gives the sentence that the status has as well.
async fn refused(user: &TestUser, status_code: u16, code: &str) -> String {
    let answer = user.post("/sync?mode=diff", &Value::Null).await;
    assert_eq!((answer.status, answer.code().as_str()), (status_code, code), "{}", answer.text);
    let sentence = answer.json()["error"].as_str().unwrap().to_owned();
    let told = status_when(user, |status| status["problem"]["code"] == code).await;
    assert_eq!(told["problem"]["error"], sentence);
    sentence
}

#[tokio::test]
async fn what_a_repository_answers_is_said_and_the_outbox_keeps_its_order() {
    let shared = Shared::new();
    let server = shared.server().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    settled(&lena).await;
    let redirect = Behaviour::Redirect("http://169.254.169.254/latest?key=abc".to_owned());
    for (number, (behaviour, code, said)) in [
        (Behaviour::Status(401), "remote_unauthorized", "token"),
        (Behaviour::Status(403), "remote_forbidden", "token"),
        (Behaviour::Status(404), "remote_not_found", "no repository"),
        (Behaviour::Status(500), "remote_failing", "500"),
        (redirect, "remote_redirected", "http://169.254.169.254/latest;"),
    ]
    .into_iter()
    .enumerate()
    {
        shared.host.behave(behaviour);
        let titles = [format!("a{number}"), format!("b{number}")];
        create(&lena, &[&titles[0], &titles[1]]).await;
        let sentence = refused(&lena, 502, code).await;
        assert!(sentence.contains(said) && !sentence.contains("abc"), "{sentence}");
        create(&tom, &["t"]).await;
        assert_eq!(status(&lena).await["outbox"], 2);
        shared.host.behave(Behaviour::Git);
        settled(&lena).await;
    }
    let of_lena: Vec<String> = added(&shared).into_iter().filter(|title| title != "t").collect();
    assert_eq!(of_lena, ["a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3", "a4", "b4"]);
    assert_eq!(same_files(&shared, &lena, TASKS).await.len(), 10);
    assert_eq!(same_files(&shared, &tom, "codex-miroir/tom/tasks").await.len(), 5);
}

#[tokio::test]
async fn it_goes_on_by_itself_when_the_repository_is_well_again() {
    let shared = Shared::new();
    let server = shared.server().await;
    let lena = server.user("lena").await;
    settled(&lena).await;
    shared.host.behave(Behaviour::Status(503));
    create(&lena, &["eins", "zwei", "drei"]).await;
    let failing = status_when(&lena, |status| status["state"] == "waiting" && status["next"].is_string()).await;
    assert_eq!((&failing["problem"]["code"], &failing["outbox"]), (&json!("remote_failing"), &json!(3)));
    shared.host.behave(Behaviour::Git);
    let well = status_when(&lena, |status| status["outbox"] == 0 && status["state"] == "idle").await;
    assert_eq!((&well["problem"], &well["head"]), (&Value::Null, &json!(shared.head())));
    assert_eq!(added(&shared), ["eins", "zwei", "drei"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_hangs_holds_up_nobody_and_no_stop() {
    let shared = Shared::new();
    let server = shared.server().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    settled(&lena).await;
    shared.host.behave(Behaviour::Hangs);
    let asker = lena.clone();
    let asked = tokio::spawn(async move { asker.post("/sync?mode=diff", &Value::Null).await });
    status_when(&lena, |status| status["state"] == "running").await;
    create(&lena, &["eins", "zwei"]).await;
    create(&tom, &["drei"]).await;
    let running = status(&lena).await;
    assert_eq!((&running["state"], &running["outbox"]), (&json!("running"), &json!(2)));
    assert!(!asked.is_finished());

    let begun = Instant::now();
    let settings = Start { sync: shared.settings(), ..Start::default() };
    let server = server.restart_with(settings).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "it waited for the repository");
    let interrupted = asked.await.unwrap();
    assert_eq!((interrupted.status, interrupted.code().as_str()), (503, "sync_interrupted"), "{}", interrupted.text);
    shared.host.behave(Behaviour::Git);
    let (lena, tom) = (server.again(&lena), server.again(&tom));
    // The new server hangs as well, until it is asked to end; one that is well again is found at the next.
    assert_eq!(lena.codex().await["generation"], 2);
    let server = server.restart_with(Start { sync: shared.settings(), ..Start::default() }).await;
    settled(&server.again(&lena)).await;
    assert_eq!(same_files(&shared, &server.again(&lena), TASKS).await, ["0000-eins.md", "0001-zwei.md"]);
    assert_eq!(shared.files("codex-miroir/tom/tasks"), ["0000-drei.md"]);
    assert_eq!(server.again(&tom).tasks().await.len(), 1);
}

/// Makes the repository refuse pushes with these words; none: take them again.
pub fn hook(bare: &Path, words: Option<&str>) {
    let file = bare.join("hooks/pre-receive");
    match words {
        Some(words) => {
            fs::create_dir_all(bare.join("hooks")).unwrap();
            fs::write(&file, format!("#!/bin/sh\necho '{words}' >&2\nexit 1\n")).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        None => fs::remove_file(file).unwrap(),
    }
}

/// A repository with a task, a clone of it, and a server that has taken it in for Lena.
async fn with_a_task() -> (Shared, Clone, TestServer, TestUser) {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    clone.write(&format!("{TASKS}/0001-a.md"), Some(&document("A", "", "")));
    clone.push("a task");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    settled(&lena).await;
    (shared, clone, server, lena)
}

#[tokio::test]
async fn what_a_hook_refuses_stays_here_in_its_words() {
    let (shared, clone, _server, lena) = with_a_task().await;
    let head = shared.head();
    hook(&shared.bare, Some("the branch is frozen until Monday"));
    create(&lena, &["eins", "zwei"]).await;
    let sentence = refused(&lena, 502, "remote_rejected").await;
    assert!(sentence.contains("the branch is frozen until Monday"), "{sentence}");
    assert_eq!((shared.head(), &status(&lena).await["outbox"]), (head, &json!(2)));
    // What is there goes on to be taken in.
    hook(&shared.bare, None);
    clone.write(&format!("{TASKS}/0001-a.md"), Some(&document("B", "", "")));
    clone.push("another title");
    hook(&shared.bare, Some("frozen again"));
    refused(&lena, 502, "remote_rejected").await;
    assert_eq!(lena.task("0001").await["title"], "B");
    hook(&shared.bare, None);
    settled(&lena).await;
    assert_eq!(same_files(&shared, &lena, TASKS).await, ["0001-a.md", "0002-eins.md", "0003-zwei.md"]);
    assert_eq!(added(&shared), ["a", "eins", "zwei"]);
}

#[tokio::test]
async fn a_branch_that_was_removed_takes_nothing_with_it() {
    let (shared, clone, _server, lena) = with_a_task().await;
    git(&shared.bare, &["update-ref", "-d", "refs/heads/main"]);
    let sentence = refused(&lena, 502, "remote_branch_gone").await;
    assert!(sentence.contains("main") && sentence.contains("sync --full"), "{sentence}");
    create(&lena, &["eins"]).await;
    assert_eq!((lena.tasks().await.len(), &status(&lena).await["outbox"]), (2, &json!(1)));

    clone.push("it is back");
    settled(&lena).await;
    assert_eq!(same_files(&shared, &lena, TASKS).await, ["0001-a.md", "0002-eins.md"]);
    git(&shared.bare, &["update-ref", "-d", "refs/heads/main"]);
    create(&lena, &["zwei"]).await;
    refused(&lena, 502, "remote_branch_gone").await;
    sync(&lena, "?mode=full").await;
    settled(&lena).await;
    assert_eq!(same_files(&shared, &lena, TASKS).await, ["0001-a.md", "0002-eins.md", "0003-zwei.md"]);
}

#[tokio::test]
async fn an_address_of_a_private_network_is_not_asked_unless_it_is_allowed() {
    let shared = Shared::new();
    let address = shared.host.repository("tasks.git").replace("http:", "https:");
    let sync = SyncSettings { remote: Some(address.clone()), allow_hosts: Vec::new(), ..shared.settings() };
    let server = TestServer::start_with(Start { sync, ..Start::default() }).await;
    let lena = server.user("lena").await;
    create(&lena, &["eins"]).await;
    let sentence = refused(&lena, 502, "remote_address_refused").await;
    assert!(sentence.contains("127.0.0.1") && sentence.contains("git.allow_hosts"), "{sentence}");
    // One's own is told as soon as it is asked, and no other host than the one that is allowed is.
    let own = json!({"remote": "https://[::1]:9/x.git"});
    assert_eq!(lena.put("/api/sync/remote", &own).await.status, 200);
    refused(&lena, 502, "remote_address_refused").await;
    let clear = lena.put("/api/sync/remote", &json!({"remote": "http://127.0.0.1:9/x.git"})).await;
    assert_eq!((clear.status, clear.json()["field"].as_str()), (422, Some("remote")), "{}", clear.text);
    assert!(shared.host.requests().is_empty(), "nobody was asked for anything");
    let german = Answer::of(lena.request(Method::GET, "/api/sync").header("Accept-Language", "de")).await.json();
    assert!(german["problem"]["error"].as_str().unwrap().contains("privaten Netzes"), "{german}");
}
