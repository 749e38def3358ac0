//! A history that was rewritten: told, and nothing of what was written here is lost.

use serde_json::{Value, json};

use crate::git_host::{Behaviour, git};
use crate::harness::{Start, TestServer, TestUser};
use crate::shared::{Clone, Shared, conflicts, copies, document, edit, same_files, settled, status};

const TASKS: &str = "codex-miroir/lena/tasks";
const BODY: &str = "eins\nzwei\ndrei\n";

/// One task of there, two commits about it, then one task and one edit of here, all of it on both sides.
async fn with_history() -> (Shared, Clone, TestServer, TestUser) {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    clone.write(&format!("{TASKS}/0001-a.md"), Some(&document("A", "", BODY)));
    clone.push("a task");
    clone.write(&format!("{TASKS}/0001-a.md"), Some(&document("A", "deadline: 01.12.2025\n", BODY)));
    clone.write(&format!("{TASKS}/0002-b.md"), Some(&document("B", "", BODY)));
    clone.push("more");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    settled(&lena).await;
    edit(&lena, "0001", "eins", "eins hier").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Hier"})).await;
    settled(&lena).await;
    assert_eq!(status(&lena).await["notices"], json!([]));
    clone.pull();
    (shared, clone, server, lena)
}

/// What the user has, by file.
async fn documents(user: &TestUser) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for task in user.tasks().await {
        let file = task["file"].as_str().unwrap().to_owned();
        found.push((file.clone(), user.document(&file).await));
    }
    found
}

async fn is_told(user: &TestUser) {
    let notices = status(user).await["notices"].clone();
    assert!(notices[0]["text"].as_str().is_some_and(|text| text.contains("rewritten")), "{notices}");
}

#[tokio::test]
async fn an_older_commit_in_place_of_the_branch_loses_nothing() {
    for back in ["HEAD~1", "HEAD~2", "HEAD~3"] {
        let (shared, clone, _server, lena) = with_history().await;
        let before = documents(&lena).await;
        git(&clone.at, &["reset", "--quiet", "--hard", back]);
        clone.force_push();
        settled(&lena).await;
        assert_eq!((documents(&lena).await, conflicts(&lena).await), (before, Vec::new()), "{back}");
        assert_eq!(same_files(&shared, &lena, TASKS).await.len(), 3, "{back}");
        is_told(&lena).await;
        let head = shared.head();
        settled(&lena).await;
        assert_eq!(shared.head(), head, "once is enough");
    }
}

#[tokio::test]
async fn with_the_own_copy_gone_as_well_nothing_is_lost_either() {
    let (shared, clone, server, lena) = with_history().await;
    let before = documents(&lena).await;
    git(&clone.at, &["reset", "--quiet", "--hard", "HEAD~2"]);
    clone.force_push();
    // No client has what was forgotten.
    git(&shared.bare, &["reflog", "expire", "--expire=now", "--all"]);
    git(&shared.bare, &["gc", "--quiet", "--prune=now"]);
    let folder = server.data_dir().to_owned();
    // Without a repository nobody has the copy open.
    let server = server.restart().await;
    for copy in copies(&folder) {
        std::fs::remove_dir_all(copy).unwrap();
    }
    let server = server.restart_with(Start { sync: shared.settings(), ..Start::default() }).await;
    let lena = server.again(&lena);
    settled(&lena).await;
    assert_eq!((documents(&lena).await, conflicts(&lena).await), (before, Vec::new()));
    same_files(&shared, &lena, TASKS).await;
}

#[tokio::test]
async fn rules_that_a_rewritten_history_lacks_are_put_back() {
    const RULES: &str = "codex-miroir/lena/rules";
    for back in ["HEAD~1", "anew"] {
        let (shared, clone, _server, lena) = with_history().await;
        let script = "fn slots(day, slots) { [slot(\"hier\", \"00:00\", \"23:59\")] }\n";
        let list = json!({"rules": [{"name": "mine", "script": script}]});
        assert_eq!(lena.put("/api/rules", &list).await.status, 200);
        settled(&lena).await;
        clone.pull();
        if back == "anew" {
            git(&clone.at, &["checkout", "--quiet", "--orphan", back]);
            clone.write(&format!("{RULES}/mine.rhai"), None);
            clone.commit("a new beginning");
        } else {
            git(&clone.at, &["reset", "--quiet", "--hard", back]);
        }
        clone.force_push();
        settled(&lena).await;
        assert_eq!(lena.get("/api/rules").await.json()["rules"][0]["script"], script, "{back}");
        assert_eq!(shared.file(&format!("{RULES}/mine.rhai")).as_deref(), Some(script), "{back}");
    }
}

#[tokio::test]
async fn what_was_changed_after_an_older_commit_is_merged() {
    let (shared, clone, _server, lena) = with_history().await;
    git(&clone.at, &["reset", "--quiet", "--hard", "HEAD~2"]);
    let file = format!("{TASKS}/0001-a.md");
    clone.write(&file, Some(&document("A", "deadline: 01.12.2025\n", "eins\nzwei\ndrei dort\n")));
    clone.commit("another way");
    clone.force_push();
    settled(&lena).await;
    same_files(&shared, &lena, TASKS).await;
    let merged = lena.document("0001").await;
    assert!(merged.ends_with("eins hier\nzwei\ndrei dort\n"), "{merged}");
    assert_eq!((lena.tasks().await.len(), conflicts(&lena).await), (3, Vec::new()));
}

#[tokio::test]
async fn a_history_made_one_commit_changes_nothing_and_takes_no_side_against_what_is_new_here() {
    let (shared, clone, _server, lena) = with_history().await;
    shared.host.behave(Behaviour::Status(503));
    lena.update("0001", json!({"deadline": "24.12.2025"})).await;
    edit(&lena, "0001", "eins hier", "eins noch einmal").await;
    let before = lena.document("0001").await;
    git(&clone.at, &["reset", "--quiet", "--soft", "HEAD~3"]);
    clone.write(&format!("{TASKS}/0002-b.md"), Some(&document("C", "", BODY)));
    clone.commit("all in one, and another title");
    clone.force_push();
    shared.host.behave(Behaviour::Git);
    settled(&lena).await;
    assert_eq!((lena.document("0001").await, conflicts(&lena).await), (before, Vec::new()));
    assert_eq!(lena.task("0002").await["title"], "C");
    assert_eq!(same_files(&shared, &lena, TASKS).await.len(), 3);
    is_told(&lena).await;
}

#[tokio::test]
async fn an_unrelated_history_is_merged_and_what_it_lacks_is_put_back() {
    let (shared, clone, _server, lena) = with_history().await;
    shared.host.behave(Behaviour::Status(503));
    edit(&lena, "0002", "eins", "eins hier").await;
    git(&clone.at, &["checkout", "--quiet", "--orphan", "anew"]);
    let file = |name: &str| format!("{TASKS}/{name}");
    // As it was before it was changed here, as it was merged last with a change, and without what came from here.
    clone.write(&file("0001-a.md"), Some(&document("A", "deadline: 01.12.2025\n", BODY)));
    clone.write(&file("0002-b.md"), Some(&document("B", "", "eins\nzwei\ndrei dort\n")));
    clone.write(&file("0003-Hier.md"), None);
    clone.write(&file("0009-neu.md"), Some(&document("Neu", "", "")));
    clone.commit("a new beginning");
    clone.force_push();
    shared.host.behave(Behaviour::Git);
    settled(&lena).await;
    let files = ["0001-a.md", "0002-b.md", "0003-Hier.md", "0009-neu.md"];
    assert_eq!(same_files(&shared, &lena, TASKS).await, files);
    assert!(lena.document("0002").await.ends_with("eins hier\nzwei\ndrei dort\n"));
    let all: Vec<Value> = lena.history("/api/tasks/0001/history").await;
    assert!(all.iter().any(|entry| entry["after"].as_str().is_some_and(|text| text.contains("eins hier"))));
    is_told(&lena).await;
}

#[tokio::test]
async fn all_of_the_branch_gone_by_a_new_root_is_all_back() {
    let (shared, clone, _server, lena) = with_history().await;
    let before = documents(&lena).await;
    git(&clone.at, &["checkout", "--quiet", "--orphan", "anew"]);
    git(&clone.at, &["rm", "--quiet", "-r", "--force", "."]);
    clone.write("README.md", Some("# Neu\n"));
    clone.commit("by mistake");
    clone.force_push();
    settled(&lena).await;
    assert_eq!(documents(&lena).await, before);
    assert_eq!(same_files(&shared, &lena, TASKS).await.len(), 3);
    assert_eq!(shared.file("README.md").unwrap(), "# Neu\n");
}
