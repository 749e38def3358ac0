//! What cannot be taken, in any number: listed within bounds, counted, never written over, and merged once it is mended.

use std::os::unix::fs::symlink;

use reqwest::Method;
use serde_json::{Value, json};

use crate::git_host::git;
use crate::harness::Answer;
use crate::shared::{Shared, document, edit, settled, status, sync};

const TASKS: &str = "codex-miroir/lena/tasks";
const LINKS: usize = 5_000;
const LISTED: usize = 1_000;

/// Prefers to wait for the push of a change.
async fn changed(request: reqwest::RequestBuilder, object: &Value) -> Value {
    let answer = Answer::of(request.header("If-Match", "*").header("Prefer", "wait=60").json(object)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn counts(status: &Value) -> (usize, &Value, &Value) {
    (status["held"].as_array().unwrap().len(), &status["heldMore"], &status["heldBack"])
}

#[tokio::test]
async fn five_thousand_links_are_counted_and_none_is_written_over() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    let at = |name: &str| clone.at.join(TASKS).join(name);
    clone.write(&format!("{TASKS}/9001-t.md"), Some(&document("T", "", "eins\nzwei\ndrei\n")));
    clone.push("a task");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    settled(&lena).await;
    let link = |number: usize| format!("{number:04}-link.md");
    (0..LINKS).for_each(|number| symlink("/etc/passwd", at(&link(number))).unwrap());
    std::fs::remove_file(at("9001-t.md")).unwrap();
    symlink("/etc/passwd", at("9001-t.md")).unwrap();
    clone.push("links");
    let report = sync(&lena, "?mode=diff").await;
    assert_eq!((&report["skipped"], report["files"]["skipped"].as_array().unwrap().len()), (&json!(LINKS + 1), LISTED));
    let stands = lena.get("/api/sync").await;
    assert!(stands.text.len() < 200 * LISTED, "it takes {} bytes", stands.text.len());
    assert_eq!(counts(&stands.json()), (LISTED, &json!(LINKS + 1 - LISTED), &json!(0)));

    // One that is beyond the list, and a task that gets the name of another.
    let request = lena.request(Method::PUT, "/api/tasks/9001");
    let held = changed(request, &json!({"document": document("T", "", "eins hier\nzwei\ndrei\n")})).await;
    assert_eq!((&held["gitPushed"], &held["gitPending"]), (&json!(false), &json!(true)), "{held}");
    server.import_document(&lena, &link(LINKS - 1), &document("Zwilling", "", "")).await;
    settled(&lena).await;
    for name in ["9001-t.md", &link(LINKS - 1)] {
        assert_eq!(shared.file(&format!("{TASKS}/{name}")).as_deref(), Some("/etc/passwd"), "{name}");
    }
    assert_eq!(counts(&status(&lena).await), (LISTED, &json!(LINKS + 1 - LISTED), &json!(2)));

    clone.pull();
    std::fs::remove_file(at("9001-t.md")).unwrap();
    clone.write(&format!("{TASKS}/9001-t.md"), Some(&document("T", "", "eins\nzwei\ndrei dort\n")));
    clone.push("mended");
    settled(&lena).await;
    assert_eq!(lena.document("9001").await, document("T", "", "eins hier\nzwei\ndrei dort\n"), "merged, not twice");
    assert_eq!(counts(&status(&lena).await), (LISTED, &json!(LINKS - LISTED), &json!(1)));
    clone.pull();
    (0..LINKS).for_each(|number| std::fs::remove_file(at(&link(number))).unwrap());
    clone.push("no links");
    settled(&lena).await;
    assert_eq!(counts(&status(&lena).await), (0, &json!(0), &json!(0)));
    assert_eq!(shared.files(TASKS), [link(LINKS - 1), "9001-t.md".to_owned()]);
}

#[tokio::test]
async fn a_note_of_somebody_is_not_written_over_by_a_task_of_its_name() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    let name = format!("{TASKS}/notizen.md");
    clone.write(&name, Some("Nur Notizen.\n"));
    clone.push("notes");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    settled(&lena).await;
    server.import_document(&lena, "notizen.md", &document("Notizen", "", "")).await;
    let stands = settled(&lena).await;
    assert_eq!(shared.file(&name).as_deref(), Some("Nur Notizen.\n"));
    assert_eq!((&stands["held"][0]["file"], &stands["heldBack"]), (&json!("notizen.md"), &json!(1)));
}

#[tokio::test]
async fn rules_that_were_changed_here_beside_bad_ones_are_counted_until_those_are_mended() {
    const RULES: &str = "codex-miroir/lena/rules";
    let script = |from: &str| format!("fn slots(day, slots) {{\n    [slot(\"heute\", \"{from}\", \"23:59\")]\n}}\n");
    let shared = Shared::new();
    let server = shared.server().await;
    let lena = server.user("lena").await;
    let rules = |from: &str| json!({"rules": [{"name": "mine", "script": script(from)}]});
    assert_eq!(lena.put("/api/rules", &rules("00:00")).await.status, 200);
    settled(&lena).await;
    let clone = shared.clone_of("clone");
    clone.write(&format!("{RULES}/bad.rhai"), Some("fn slots(day, slots) {"));
    clone.push("a mistake");
    sync(&lena, "?mode=diff").await;
    let put = changed(lena.request(Method::PUT, "/api/rules"), &rules("01:00")).await;
    assert_eq!((&put["gitPushed"], &put["gitPending"]), (&json!(false), &json!(true)), "{put}");
    let stands = settled(&lena).await;
    assert_eq!((&stands["held"][0]["file"], &stands["heldBack"]), (&json!("rules/"), &json!(1)));
    // A look at something else does not make them forgotten.
    clone.pull();
    clone.write(&format!("{TASKS}/0001-t.md"), Some(&document("T", "", "")));
    clone.push("a task");
    assert_eq!(settled(&lena).await["heldBack"], 1);
    git(&clone.at, &["rm", "--quiet", &format!("{RULES}/bad.rhai")]);
    clone.push("mended");
    assert_eq!(settled(&lena).await["heldBack"], 0);
    assert_eq!(shared.file(&format!("{RULES}/mine.rhai")), Some(script("01:00")));
    edit(&lena, "0001", "# T", "# U").await;
    settled(&lena).await;
}
