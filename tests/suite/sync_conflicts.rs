//! Both sides changed: what stands, what the history keeps of what does not, and taking it back.

use serde_json::{Value, json};

use crate::git_host::Behaviour;
use crate::harness::{TestServer, TestUser};
use crate::shared::{Clone, Shared, conflicts, document, edit, same_files, settled, status_when};

const TASKS: &str = "codex-miroir/lena/tasks";
const BODY: &str = "eins\nzwei\ndrei\n";

/// A task that both sides have, and a repository that cannot be asked for now.
struct Apart {
    shared: Shared,
    clone: Clone,
    _server: TestServer,
    lena: TestUser,
}

impl Apart {
    async fn new() -> Apart {
        let shared = Shared::new();
        let clone = shared.clone_of("clone");
        clone.write(&format!("{TASKS}/0001-a.md"), Some(&document("A", "deadline: 01.12.2025\n", BODY)));
        clone.push("a task");
        let server = shared.server().await;
        let lena = server.user("lena").await;
        settled(&lena).await;
        shared.host.behave(Behaviour::Status(503));
        Apart { shared, clone, _server: server, lena }
    }

    /// Changes the file in the repository by a commit of this instant.
    fn there(&self, old: &str, new: &str, at: &str) {
        let file = format!("{TASKS}/0001-a.md");
        let before = std::fs::read_to_string(self.clone.at.join(&file)).unwrap();
        assert!(before.contains(old), "{before}");
        self.clone.write(&file, Some(&before.replacen(old, new, 1)));
        self.clone.push_of("there", at);
    }

    /// Brings both together, which leaves the same files on both sides.
    async fn meet(&self) -> Vec<String> {
        self.shared.host.behave(Behaviour::Git);
        settled(&self.lena).await;
        same_files(&self.shared, &self.lena, TASKS).await
    }
}

const BEFORE: &str = "2025-10-13T05:00:00Z";
const AFTER: &str = "2025-10-13T07:00:00Z";

#[tokio::test]
async fn what_was_changed_here_and_removed_there_stays_and_is_marked() {
    let apart = Apart::new().await;
    edit(&apart.lena, "0001", "zwei", "zwei hier").await;
    let here = apart.lena.document("0001").await;
    apart.clone.write(&format!("{TASKS}/0001-a.md"), None);
    apart.clone.push_of("removed", AFTER);
    assert_eq!(apart.meet().await, ["0001-a.md"]);
    assert_eq!(apart.lena.document("0001").await, here);
    assert_eq!(conflicts(&apart.lena).await, [("0001-a.md".to_owned(), Value::Null, json!(here))]);
}

#[tokio::test]
async fn what_was_removed_here_and_changed_there_is_back_and_is_marked() {
    let apart = Apart::new().await;
    assert_eq!(apart.lena.delete("/api/tasks/0001").await.status, 200);
    apart.there("zwei", "zwei dort", BEFORE);
    assert_eq!(apart.meet().await, ["0001-a.md"]);
    let back = apart.lena.document("0001").await;
    assert!(back.contains("zwei dort"), "{back}");
    assert_eq!(conflicts(&apart.lena).await, [("0001-a.md".to_owned(), Value::Null, json!(back))]);
}

#[tokio::test]
async fn what_both_sides_removed_is_gone_without_a_word() {
    let apart = Apart::new().await;
    assert_eq!(apart.lena.delete("/api/tasks/0001").await.status, 200);
    apart.clone.write(&format!("{TASKS}/0001-a.md"), None);
    apart.clone.push("removed");
    let head = apart.shared.head();
    apart.shared.host.behave(Behaviour::Git);
    settled(&apart.lena).await;
    assert_eq!((apart.lena.tasks().await.len(), conflicts(&apart.lena).await), (0, Vec::new()));
    assert_eq!(apart.shared.head(), head, "there was nothing to push");
}

#[tokio::test]
async fn of_one_field_the_later_value_stands_and_the_other_is_in_the_history() {
    for (at, stands, gives_way) in [(BEFORE, "24.12.2025", "31.12.2025"), (AFTER, "31.12.2025", "24.12.2025")] {
        let apart = Apart::new().await;
        apart.lena.update("0001", json!({"deadline": "24.12.2025"})).await;
        edit(&apart.lena, "0001", "eins", "eins hier").await;
        apart.there("01.12.2025", "31.12.2025", at);
        apart.meet().await;
        let merged = apart.lena.document("0001").await;
        assert!(merged.contains(stands) && !merged.contains(gives_way) && merged.contains("eins hier"), "{merged}");
        let [(file, lost, kept)] = &conflicts(&apart.lena).await[..] else { panic!("it is told once") };
        assert_eq!((file.as_str(), kept), ("0001-a.md", &json!(merged)));
        assert!(lost.as_str().unwrap().contains(gives_way), "{lost}");
    }
}

#[tokio::test]
async fn of_the_same_lines_both_texts_stay_between_marked_lines() {
    let apart = Apart::new().await;
    edit(&apart.lena, "0001", "zwei", "zwei hier").await;
    apart.there("zwei", "zwei dort", AFTER);
    let there = apart.shared.file(&format!("{TASKS}/0001-a.md")).unwrap();
    apart.meet().await;
    let merged = apart.lena.document("0001").await;
    let expected = "eins\n<<<<<<< server\nzwei hier\n=======\nzwei dort\n>>>>>>> remote\ndrei\n";
    assert!(merged.ends_with(expected), "{merged}");
    assert_eq!(conflicts(&apart.lena).await, [("0001-a.md".to_owned(), json!(there), json!(merged))]);
    // Whoever tidies it up ends it.
    edit(&apart.lena, "0001", &expected[5..], "zwei überall\ndrei\n").await;
    settled(&apart.lena).await;
    assert_eq!(apart.shared.file(&format!("{TASKS}/0001-a.md")), Some(apart.lena.document("0001").await));
    assert_eq!(conflicts(&apart.lena).await.len(), 1);
}

#[tokio::test]
async fn two_new_tasks_of_one_number_or_one_name_are_both_kept() {
    let apart = Apart::new().await;
    for title in ["Gleich", "Hier"] {
        apart.lena.create(json!({"kategorie": "arbeit", "title": title})).await;
    }
    let here = apart.lena.document("0002").await;
    // By then it is in the server's copy of the repository.
    status_when(&apart.lena, |status| status["problem"]["code"] == "remote_failing").await;
    let there = document("Gleich", "", "Von dort.\n");
    apart.clone.write(&format!("{TASKS}/0002-Gleich.md"), Some(&there));
    apart.clone.write(&format!("{TASKS}/0003-Dort.md"), Some(&document("Dort", "", "")));
    apart.clone.push("two tasks");
    let files = ["0001-a.md", "0002-Gleich-2.md", "0002-Gleich.md", "0003-Dort.md", "0003-Hier.md"];
    assert_eq!(apart.meet().await, files);
    assert_eq!(apart.lena.document("0002-Gleich").await, there);
    assert_eq!(apart.lena.document("0002-Gleich-2").await, here);
    assert_eq!(apart.lena.create(json!({"kategorie": "arbeit", "title": "Weiter"})).await, "0004");
}

#[tokio::test]
async fn a_merge_is_taken_back_by_its_generation_and_that_is_pushed() {
    let apart = Apart::new().await;
    edit(&apart.lena, "0001", "eins", "eins hier").await;
    let here = apart.lena.document("0001").await;
    apart.there("drei", "drei dort", AFTER);
    apart.meet().await;
    assert_ne!(apart.lena.document("0001").await, here);
    let entries = apart.lena.history("/api/tasks/0001/history").await;
    let merge = entries.iter().find(|entry| entry["verb"] == "merge").unwrap()["generation"].as_u64().unwrap();
    let undone = apart.lena.undo(merge).await;
    assert_eq!((undone.status, &undone.json()["files"]), (200, &json!(["0001-a.md"])), "{}", undone.text);
    assert_eq!(apart.lena.document("0001").await, here);
    settled(&apart.lena).await;
    assert_eq!(apart.shared.file(&format!("{TASKS}/0001-a.md")).unwrap(), here);
}

#[tokio::test]
async fn undo_takes_back_ones_own_change_and_not_the_syncs() {
    let apart = Apart::new().await;
    let before = apart.lena.document("0001").await;
    edit(&apart.lena, "0001", "eins", "eins hier").await;
    apart.clone.write(&format!("{TASKS}/0005-dort.md"), Some(&document("Dort", "", "")));
    apart.clone.push("another task");
    apart.meet().await;
    let undone = apart.lena.post("/api/undo", &json!({})).await;
    assert_eq!((undone.status, &undone.json()["files"]), (200, &json!(["0001-a.md"])), "{}", undone.text);
    status_when(&apart.lena, |status| status["outbox"] == 0).await;
    assert_eq!(apart.lena.document("0001").await, before);
    settled(&apart.lena).await;
    assert_eq!(same_files(&apart.shared, &apart.lena, TASKS).await, ["0001-a.md", "0005-dort.md"]);
}
