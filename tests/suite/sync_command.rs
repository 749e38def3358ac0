//! `codexmiroir sync`: a line for everything that became of a file, and how it stands.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::binary::{Home, Ran, Serving};
use crate::git_host::Behaviour;
use crate::harness::{TestServer, TestUser};
use crate::shared::{Shared, document};

/// Runs the command against the server, as this user.
async fn command(server: &TestServer, user: &TestUser, arguments: &[&str]) -> Ran {
    let (url, token) = (server.url(""), user.token.clone());
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let run = move || {
        let home = Home::new();
        let arguments: Vec<&str> = ["sync"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
        Ran::of(home.command(&arguments).env("CODEXMIROIR_SERVER", url).env("CODEXMIROIR_TOKEN", token))
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

/// What it printed, where it succeeded.
async fn printed(server: &TestServer, user: &TestUser, arguments: &[&str]) -> String {
    let ran = command(server, user, arguments).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{arguments:?}: {}", ran.stdout);
    ran.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_every_file_is_printed() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    let tasks = "codex-miroir/lena/tasks";
    clone.write(&format!("{tasks}/0001-a.md"), Some(&document("A", "", "")));
    clone.write(&format!("{tasks}/0002-gross.md"), Some(&"x".repeat(70_000)));
    clone.push("two files");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    let text = printed(&server, &lena, &["--full"]).await;
    assert!(text.lines().any(|line| line.starts_with("0002-gross.md: left out: ")), "{text}");
    // The server may have been faster with what it does by itself.
    assert!(text.ends_with(&format!("main, at {}\n", &shared.head()[..10])), "{text}");
    lena.create(serde_json::json!({"kategorie": "arbeit", "title": "Neu"})).await;
    clone.write(&format!("{tasks}/0001-a.md"), None);
    clone.pull();
    let json: Value = serde_json::from_str(&printed(&server, &lena, &["--json"]).await).unwrap();
    assert_eq!((&json["ok"], &json["mode"], &json["userId"]), (&true.into(), &"diff".into(), &"lena".into()));
    let status = printed(&server, &lena, &["--status"]).await;
    for part in [shared.host.repository("tasks.git").as_str(), "the server's", "push", "idle", "0 changes", "left out"]
    {
        assert!(status.contains(part), "no {part}: {status}");
    }
}

#[test]
fn it_needs_no_server() {
    let (home, shared) = (Home::new(), Shared::new());
    let repository = shared.bare.to_str().unwrap();
    let synced = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        command.env("CODEXMIROIR_GIT_REMOTE", repository).env("CODEXMIROIR_GIT_ALLOW_LOCAL", "true");
        let ran = Ran::of(&mut command);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{arguments:?}: {}", ran.stdout);
        ran.stdout
    };
    home.did(&["user", "add", "lena"]);
    home.did(&["task", "add", "Hier"]);
    let first = synced(&["sync"]);
    assert!(
        first.contains(
            "0 added, 0 changed, 0 renamed, 0 removed, 0 in conflict, 0 left out, 1 commit pushed; main, at "
        ),
        "{first}"
    );
    let clone = shared.clone_of("clone");
    clone.write("codex-miroir/lena/tasks/0001-dort.md", Some(&document("Dort", "", "")));
    clone.write("codex-miroir/lena/tasks/0000-Hier.md", None);
    clone.push("the other way");
    let second = synced(&["sync", "--user", "lena"]);
    let lines: Vec<&str> = second.lines().collect();
    assert_eq!(lines[..2], ["0001-dort.md: added", "0000-Hier.md: removed; codexmiroir history has it"]);
    assert!(home.did(&["task", "list"]).contains("Dort"));
    assert!(synced(&["sync", "--status"]).contains(repository));
}

#[test]
fn the_log_tells_of_a_failure_once_and_when_it_is_over() {
    let (home, shared) = (Home::new(), Shared::new());
    home.did(&["user", "add", "lena"]);
    let token = home.path("token");
    std::fs::write(&token, "secret-of-the-forge-0123456789\n").unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).unwrap();
    shared.host.behave(Behaviour::Status(403));
    let (remote, token) = (shared.host.repository("tasks.git"), token.to_str().unwrap().to_owned());
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--git-remote", &remote, "--git-token-file", &token];
    let mut command = home.command(&arguments);
    command.args(["--git-allow-hosts", &shared.host.host]);
    let mut server = Serving::logging(&mut command, "codexmiroir=debug");
    for _ in 0..2 {
        assert_eq!(home.run(&["sync", "--user", "lena"]).code, Some(1));
    }
    shared.host.behave(Behaviour::Git);
    home.did(&["sync", "--user", "lena"]);
    let log = server.log();
    assert!(log.contains("failed again") && log.contains("works again"), "{log}");
    let warned = |word: &str| log.lines().filter(|line| line.contains("WARN") && line.contains(word)).count();
    assert_eq!((warned("remote_forbidden"), warned(&format!("chmod 600 '{token}'"))), (1, 1), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn why_nothing_was_synced_is_said_in_a_sentence() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let sentence = command(&server, &lena, &[]).await.refusal(1).to_owned();
    assert!(sentence.contains("There is no Git repository to sync with"), "{sentence}");
    assert!(printed(&server, &lena, &["--status"]).await.contains("no Git repository"));
    let usage = command(&server, &lena, &["--clean"]).await.refusal(2).to_owned();
    assert!(usage.contains("--full"), "{usage}");
    let both = command(&server, &lena, &["--status", "--full"]).await.refusal(2).to_owned();
    assert!(both.contains("--status"), "{both}");

    let shared = Shared::new();
    let server = shared.server().await;
    let lena = server.user("lena").await;
    shared.host.behave(Behaviour::Status(403));
    let sentence = command(&server, &lena, &[]).await.refusal(1).to_owned();
    assert!(sentence.contains("(the server http://"), "{sentence}");
    let status = printed(&server, &lena, &["--status"]).await;
    assert!(status.contains("waiting") || status.contains("idle"), "{status}");
}
