//! What somebody who attacked the sync found, each made short.

use codexmiroir::app::SyncSettings;
use serde_json::{Value, json};

use crate::git_host::Behaviour;
use crate::harness::{Start, TestServer};
use crate::shared::{Shared, document, settled, status_when, sync};

const TASKS: &str = "codex-miroir/lena/tasks";

#[tokio::test]
async fn what_was_not_taken_in_is_not_written_over() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    let name = format!("{TASKS}/0001-einkauf.md");
    clone.write(&name, Some(&document("Einkauf", "", "eins\n")));
    clone.push("a task");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    settled(&lena).await;
    clone.write(&name, Some(&document("Einkauf", "", "eins\nvom Client\n")));
    clone.write(&format!("{TASKS}/0100-neu.md"), Some(&document("Neu", "", "")));
    clone.push("more");
    lena.update("0001", json!({"deadline": "24.12.2025"})).await;
    let unknown = lena.post(&format!("/sync?mode=diff&since={}", "1".repeat(40)), &Value::Null).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "no_such_commit"));
    settled(&lena).await;
    let merged = lena.document("0001").await;
    assert!(merged.contains("vom Client") && merged.contains("24.12.2025"), "{merged}");
    assert_eq!(shared.file(&name).unwrap(), merged);
    lena.task("0100").await;
}

#[tokio::test]
async fn clean_keeps_what_was_never_pushed() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    clone.write("README.md", Some("# Planung\n"));
    clone.push("a beginning");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    shared.host.behave(Behaviour::Status(503));
    server.import_document(&lena, "0001-alt.md", &document("Alt", "", "")).await;
    status_when(&lena, |status| status["state"] == "waiting").await;
    shared.host.behave(Behaviour::Git);
    let report = sync(&lena, "?mode=full&clean=true").await;
    assert_eq!(report["removed"], 0, "{report}");
    settled(&lena).await;
    assert_eq!(shared.files(TASKS), ["0001-alt.md"]);
}

#[tokio::test]
async fn a_number_of_the_repository_is_not_given_again_even_if_its_file_cannot_be_taken() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    clone.write(&format!("{TASKS}/0041-gut.md"), Some(&document("Gut", "", "")));
    clone.write(&format!("{TASKS}/0042-zu-gross.md"), Some(&document("Groß", "", &"x\n".repeat(40_000))));
    clone.push("tasks");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    settled(&lena).await;
    assert_eq!(lena.create(json!({"kategorie": "arbeit", "title": "Neu"})).await, "0043");
    // Nor if it came alone.
    clone.pull();
    clone.write(&format!("{TASKS}/0050-zu-gross.md"), Some(&document("Groß", "", &"x\n".repeat(40_000))));
    clone.push("another");
    sync(&lena, "?mode=diff").await;
    assert_eq!(lena.create(json!({"kategorie": "arbeit", "title": "Noch eine"})).await, "0051");
}

#[tokio::test]
async fn a_token_that_was_mended_is_used_at_once() {
    let (shared, own) = (Shared::new(), Shared::new());
    let allow_hosts = vec![shared.host.host.clone(), own.host.host.clone()];
    let settings = SyncSettings { allow_hosts, ..shared.settings() };
    let server = TestServer::start_with(Start { sync: settings, ..Start::default() }).await;
    let lena = server.user("lena").await;
    own.host.let_in_only("lena", "the right token of lena");
    let remote = |token: &str| json!({"remote": own.host.repository("tasks.git"), "username": "lena", "token": token});
    assert_eq!(lena.put("/api/sync/remote", &remote("a wrong token of lena")).await.status, 200);
    for _ in 0..3 {
        assert_eq!(lena.post("/sync?mode=diff", &Value::Null).await.code(), "remote_unauthorized");
    }
    lena.create(json!({"kategorie": "arbeit", "title": "Neu"})).await;
    assert_eq!(lena.put("/api/sync/remote", &remote("the right token of lena")).await.status, 200);
    settled(&lena).await;
    assert_eq!(own.files(TASKS), ["0000-Neu.md"]);
}

#[tokio::test]
async fn a_sync_that_was_asked_for_and_failed_is_tried_again() {
    let shared = Shared::new();
    let server = shared.server().await;
    let lena = server.user("lena").await;
    settled(&lena).await;
    shared.host.behave(Behaviour::Status(503));
    assert_eq!(lena.post("/sync?mode=diff", &Value::Null).await.status, 502);
    shared.host.behave(Behaviour::Git);
    lena.create(json!({"kategorie": "arbeit", "title": "Neu"})).await;
    // By itself, and long before the next poll.
    settled(&lena).await;
    assert_eq!(shared.files(TASKS), ["0000-Neu.md"]);
}

#[tokio::test]
async fn a_branch_that_is_gone_is_made_anew_of_what_all_have() {
    let shared = Shared::new();
    let server = shared.server().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    for user in [&lena, &tom] {
        user.create(json!({"kategorie": "arbeit", "title": "Eins"})).await;
        settled(user).await;
    }
    crate::git_host::git(&shared.bare, &["update-ref", "-d", "refs/heads/main"]);
    assert_eq!(lena.post("/sync?mode=diff", &Value::Null).await.code(), "remote_branch_gone");
    sync(&lena, "?mode=full").await;
    assert_eq!(shared.files(TASKS), ["0000-Eins.md"]);
    assert_eq!(shared.files("codex-miroir/tom/tasks"), ["0000-Eins.md"]);
}

#[tokio::test]
async fn rules_that_are_renamed_or_removed_in_the_repository_are() {
    const RULES: &str = "codex-miroir/lena/rules";
    let script = "fn slots(day, slots) {\n    [slot(\"heute\", \"00:00\", \"23:59\")]\n}\n";
    let shared = Shared::new();
    let server = shared.server().await;
    let lena = server.user("lena").await;
    let set = lena.put("/api/rules", &json!({"rules": [{"name": "mine", "script": script}]})).await;
    assert_eq!(set.status, 200, "{}", set.text);
    settled(&lena).await;
    assert_eq!(shared.files(RULES), ["mine.rhai"]);
    let clone = shared.clone_of("clone");
    clone.write(&format!("{RULES}/mine.rhai"), None);
    clone.write(&format!("{RULES}/ours.rhai"), Some(script));
    clone.push("a better name");
    sync(&lena, "?mode=diff").await;
    assert_eq!(lena.get("/api/rules").await.json()["rules"][0]["name"], "ours");
    clone.pull();
    clone.write(&format!("{RULES}/ours.rhai"), None);
    clone.push("none");
    sync(&lena, "?mode=diff").await;
    assert_eq!(lena.get("/api/rules").await.json()["source"], "builtin");
    assert_eq!(settled(&lena).await["outbox"], 0);
    assert!(shared.file(&format!("{RULES}/ours.rhai")).is_none(), "it is not pushed back");
}
