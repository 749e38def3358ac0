//! The first contact of a server with a repository, and what comes after it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::shared::{Shared, document, status, sync};

const TASKS: &str = "codex-miroir/lena/tasks";

#[tokio::test]
async fn an_empty_repository_gets_what_is_here() {
    let shared = Shared::new();
    let server = shared.server().await;
    let lena = server.user("lena").await;
    server.import_document(&lena, "0003-alt.md", &document("Alt", "", "Text.\n")).await;
    let report = sync(&lena, "").await;
    assert_eq!((&report["ok"], &report["changed"], &report["removed"]), (&json!(true), &json!(0), &json!(0)));
    assert_eq!(shared.file(&format!("{TASKS}/0003-alt.md")).unwrap(), lena.document("0003").await);
    assert_eq!(shared.messages().len(), 1);

    let id = lena.create(json!({"kategorie": "arbeit", "title": "Neu"})).await;
    assert_eq!(id, "0004");
    lena.complete(&id, json!({})).await;
    sync(&lena, "").await;
    assert_eq!(shared.messages()[..2], ["[codex] complete task 0004 (arbeit)", "[codex] add task 0004 (arbeit)"]);
    let name = format!("{TASKS}/0004-Neu.md");
    assert_eq!(shared.file(&name).unwrap(), lena.document("0004").await);
}

#[tokio::test]
async fn an_empty_server_takes_what_is_there_and_numbers_go_on_after_it() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    let there = document("Dort", "tags: [a]\n", "Von dort.\n");
    clone.write(&format!("{TASKS}/0041-dort.md"), Some(&there));
    clone.write("README.md", Some("# Planung\n"));
    clone.push("tasks");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    // The very first task waits for what is there.
    let id = lena.create(json!({"kategorie": "arbeit", "title": "Hier"})).await;
    assert_eq!(id, "0042");
    assert_eq!(lena.document("0041").await, there);
    sync(&lena, "").await;
    assert_eq!(shared.files(TASKS), ["0041-dort.md", "0042-Hier.md"]);
    assert_eq!(shared.file("README.md").unwrap(), "# Planung\n");
}

#[tokio::test]
async fn both_sides_with_tasks_are_merged_and_nothing_is_lost() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    clone.write(&format!("{TASKS}/0001-beide.md"), Some(&document("Dort", "", "Von dort.\n")));
    clone.write(&format!("{TASKS}/0002-gleich.md"), Some(&document("Gleich", "", "")));
    clone.write(&format!("{TASKS}/0003-dort.md"), Some(&document("Nur dort", "", "")));
    clone.push("tasks");
    shared.host.behave(crate::git_host::Behaviour::Status(503));
    let server = shared.server().await;
    let lena = server.user("lena").await;
    server.import_document(&lena, "0001-beide.md", &document("Hier", "", "Von hier.\n")).await;
    server.import_document(&lena, "0002-gleich.md", &document("Gleich", "", "")).await;
    server.import_document(&lena, "0003-hier.md", &document("Nur hier", "", "")).await;
    shared.host.behave(crate::git_host::Behaviour::Git);
    sync(&lena, "").await;
    let expected = ["0001-beide-2.md", "0001-beide.md", "0002-gleich.md", "0003-dort.md", "0003-hier.md"];
    assert_eq!(shared.files(TASKS), expected);
    assert_eq!(lena.document("0001-beide").await, document("Dort", "", "Von dort.\n"));
    assert_eq!(lena.document("0001-beide-2").await, document("Hier", "", "Von hier.\n"));
    // Whichever round it was: the server tries again by itself.
    let conflicts = status(&lena).await["conflicts"].as_array().unwrap().clone();
    assert!(conflicts.iter().any(|conflict| conflict["file"] == "0003-dort.md"), "{conflicts:?}");
    assert_eq!(lena.create(json!({"kategorie": "arbeit", "title": "Vier"})).await, "0004");
}

#[tokio::test]
async fn what_both_sides_changed_is_merged_by_field_and_by_line() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    let name = format!("{TASKS}/0001-a.md");
    let body = "eins\nzwei\ndrei\nvier\nfünf\n";
    clone.write(&name, Some(&document("A", "tags: [a]\ndeadline: 01.12.2025\n", body)));
    clone.push("task");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    sync(&lena, "").await;
    let there = document("A", "tags: [a, b]\ndeadline: 01.12.2025\n", &body.replace("fünf", "fünf dort"));
    clone.write(&name, Some(&there));
    clone.push("there");
    shared.host.behave(crate::git_host::Behaviour::Status(503));
    lena.update("0001", json!({"deadline": "24.12.2025"})).await;
    let edited = lena.document("0001").await.replace("eins", "eins hier");
    let body_here = edited.split_once("# A\n").unwrap().1.to_owned();
    lena.update("0001", json!({"body": format!("# A\n{body_here}")})).await;
    shared.host.behave(crate::git_host::Behaviour::Git);
    sync(&lena, "").await;
    // Whichever round it was: the server tries again by itself.
    let history = lena.history("/api/history").await;
    let is_merge = |entry: &&Value| entry["summary"].as_str().unwrap().starts_with("merged");
    let files: BTreeSet<&str> = history.iter().filter(is_merge).map(|entry| entry["file"].as_str().unwrap()).collect();
    assert_eq!((files, &status(&lena).await["conflicts"]), (BTreeSet::from(["0001-a.md"]), &json!([])));
    let merged = lena.document("0001").await;
    for part in ["tags: [a, b]", "24.12.2025", "eins hier", "fünf dort"] {
        assert!(merged.contains(part), "{part} is not in {merged}");
    }
    assert_eq!(shared.file(&name).unwrap(), merged);
    assert_eq!(shared.messages()[0], "[codex] update task 0001 (arbeit)");
    clone.pull();
    assert_eq!(std::fs::read_to_string(clone.at.join(&name)).unwrap(), merged);
}
