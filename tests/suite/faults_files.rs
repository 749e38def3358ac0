//! The faults of the old system in documents, 16 to 22, the other way round: what `faults_documents.rs` does over HTTP
//! comes in files here, and what it does to files is done to documents that came over HTTP.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, TestUser, entry, places};

/// An open task with these lines of frontmatter besides.
fn document(lines: &str) -> String {
    format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n{lines}---\n\n# T\n\nText\n")
}

async fn with_file(text: &str) -> (TestServer, TestUser) {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import_document(&lena, "0000.md", text).await;
    (server, lena)
}

/// Replaces a whole document over HTTP, which must succeed.
async fn replace(user: &TestUser, id: &str, text: &str) {
    let request = user.request(Method::PUT, &format!("/api/tasks/{id}")).header("If-Match", "*");
    let answer = Answer::of(request.json(&json!({"document": text}))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(user.document(id).await, text);
}

#[tokio::test]
async fn fault_16_line_breaks_in_a_file_are_text() {
    let tag = "x\n---\nstatus: abgeschlossen\n";
    let text = document("tags: [\"x\\n---\\nstatus: abgeschlossen\\n\", b]\nnotiz: |\n  ---\n  status: abgebrochen\n");
    let (_server, lena) = with_file(&text).await;
    let task = lena.task("0000").await;
    assert_eq!((&task["status"], &task["tags"]), (&json!("offen"), &json!([tag, "b"])));
    lena.update("0000", json!({"deadline": "31.10.2025"})).await;
    lena.complete("0000", json!({"datum": "13.10.2025", "zeit": "morgens"})).await;
    let done = text.replace("status: offen", "status: abgeschlossen").replacen(
        "\n---\n\n",
        "\ndeadline: 31.10.2025\nabgeschlossen_am: {datum: 13.10.2025, zeit: morgens}\n---\n\n",
        1,
    );
    assert_eq!(lena.document("0000").await, done);
    assert_eq!(lena.task("0000").await["tags"], json!([tag, "b"]));
}

#[tokio::test]
async fn fault_17_crlf_and_quoted_keys_that_came_over_http_can_be_completed() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let id = lena.create(json!({"kategorie": "arbeit"})).await;
    for (status, done) in
        [("status: offen", "status: abgeschlossen"), ("\"status\": 'offen'", "\"status\": abgeschlossen")]
    {
        for newline in ["\r\n", "\n"] {
            let text = document("ort: Keller\n").replace("status: offen", status).replace('\n', newline);
            replace(&lena, &id, &text).await;
            lena.complete(&id, json!({"datum": "13.10.2025", "zeit": "abends"})).await;
            let line = format!("Keller{newline}abgeschlossen_am: {{datum: 13.10.2025, zeit: abends}}");
            assert_eq!(lena.document(&id).await, text.replace(status, done).replace("Keller", &line));
            assert_eq!(lena.task(&id).await["status"], "abgeschlossen");
        }
    }
}

#[tokio::test]
async fn fault_18_a_file_that_was_completed_before_keeps_one_key() {
    let old = "abgeschlossen_am:\n  datum: 10.10.2025\n  zeit: abends\n";
    let text = document(old).replace("status: offen", "status: abgeschlossen");
    let (server, lena) = with_file(&text).await;
    let again = lena.complete("0000", json!({})).await;
    assert_eq!(again["completedAt"], json!({"datum": "10.10.2025", "zeit": "abends"}));
    assert_eq!(lena.document("0000").await, text, "it was so already");
    lena.complete("0000", json!({"datum": "13.10.2025", "zeit": "morgens"})).await;
    let new = "abgeschlossen_am:\n  datum: 13.10.2025\n  zeit: morgens\n";
    assert_eq!(lena.document("0000").await, text.replace(old, new));

    // A file that has the key twice is reported with its line, and harms nothing else.
    let twice = document("abgeschlossen_am: null\nabgeschlossen_am: null\n");
    server.import_document(&lena, "0001.md", &twice).await;
    let codex = lena.codex().await;
    assert_eq!(entry(&codex, "invalid", "0001.md")["line"], 6);
    let refused = lena.post("/api/tasks/0001/complete", &json!({})).await;
    assert_eq!((refused.status, refused.code().as_str()), (422, "unreadable_document"));
    assert_eq!(lena.document("0001").await, twice);
}

#[tokio::test]
async fn fault_19_a_slot_of_a_document_from_http_is_changed_alone() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let id = lena.create(json!({"kategorie": "arbeit", "title": "T", "body": "Zeile 1\nZeile 2\n"})).await;
    let text = lena.document(&id).await;
    assert_eq!(text.matches("fixedSlot: null\n---\n").count(), 1, "{text}");
    for (datum, zeit) in [("15.10.2025", "abends"), ("16.10.2025", "morgens")] {
        lena.update(&id, json!({"fixedSlot": {"datum": datum, "zeit": zeit}})).await;
        let lines = format!("fixedSlot:\n  datum: {datum}\n  zeit: {zeit}\n");
        assert_eq!(lena.document(&id).await, text.replace("fixedSlot: null\n", &lines));
    }
    lena.update(&id, json!({"fixedSlot": null})).await;
    assert_eq!(lena.document(&id).await, text);
    replace(&lena, &id, &document("fixedSlot: null\nfarbe: rot\nort: Keller\n")).await;
    lena.apply(&id, "pin", json!({"datum": "15.10.2025", "zeit": "abends"})).await;
    let lines = "fixedSlot:\n  datum: 15.10.2025\n  zeit: abends\nfarbe: rot\nort: Keller\n";
    assert_eq!(lena.document(&id).await, document(lines));
}

#[tokio::test]
async fn fault_20_tags_of_a_document_from_http_are_edited_in_their_form() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let id = lena.create(json!({"kategorie": "arbeit", "title": "T", "tags": ["alt"], "body": "Text\n"})).await;
    let created = lena.document(&id).await;
    for form in [created.clone(), document("tags:\n- alt\n- noch # c\ndeadline: 31.10.2025\n")] {
        replace(&lena, &id, &form).await;
        for round in 0..3 {
            lena.update(&id, json!({"tags": [format!("neu{round}"), "c"], "title": "T"})).await;
            let text = lena.document(&id).await;
            assert_eq!(lena.task(&id).await["tags"], json!([format!("neu{round}"), "c"]));
            assert_eq!(text.lines().count(), form.lines().count(), "no line more: {text}");
            assert_eq!(text.matches("\n\n").count(), form.matches("\n\n").count(), "{text}");
        }
    }
    let expected = document("tags:\n- neu2\n- c\ndeadline: 31.10.2025\n");
    assert_eq!(lena.document(&id).await, expected);
}

#[tokio::test]
async fn fault_21_files_with_values_that_cannot_be_are_reported_and_kept() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let good = document("deadline: 1.11.2025\n");
    server.import_document(&lena, "0000.md", &good).await;
    assert_eq!(lena.task("0000").await["deadline"], "01.11.2025");
    for (number, (text, line)) in (1..).zip([
        (good.replace("status: offen", "status: x"), 4),
        (good.replace("1.11.2025", "gestern"), 5),
        (good.replace("1.11.2025", "99.99.9999"), 5),
        (good.replace("1.11.2025", "31.02.2026"), 5),
        (document("fixedSlot:\n  datum: gestern\n  zeit: morgens\n"), 6),
        (document("fixedSlot: {datum: 99.99.9999, zeit: morgens}\n"), 5),
        (document("abgeschlossen_am: {datum: gestern}\n"), 5),
    ]) {
        let file = format!("{number:04}.md");
        server.import_document(&lena, &file, &text).await;
        let codex = lena.codex().await;
        assert_eq!(places(&codex, &file), ["invalid"], "{text}");
        assert_eq!(entry(&codex, "invalid", &file)["line"], line, "{text}");
        assert_eq!(lena.document(&file).await, text, "kept byte for byte");
        let refused = lena.put(&format!("/api/tasks/{file}"), &json!({"tags": ["x"]})).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, "unreadable_document"));
    }
    lena.update("0000", json!({"tags": ["x"]})).await;
    assert!(lena.document("0000").await.contains("\ndeadline: 1.11.2025\n"), "as it was written");
}

#[tokio::test]
async fn fault_22_files_that_are_malformed_or_of_other_types_are_answered() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let mut number = 0;
    for lines in [
        "tags: [a\n",
        "tags: ]\n",
        "a: b: c\n",
        "\tx: 1\n",
        "x: 'offen\n",
        "? [\n",
        "tags: {a: 1}\n",
        "tags: [[1]]\n",
        "deadline: 17\n",
        "deadline: true\n",
        "deadline: [1.1.2025]\n",
        "deadline: {a: 1}\n",
        "fixedSlot: 17\n",
        "fixedSlot: true\n",
        "fixedSlot: [1]\n",
        "fixedSlot: {datum: [1]}\n",
        "abgeschlossen_am: 17\n",
        "x: *a\n",
    ] {
        let file = format!("{number:04}.md");
        server.import_document(&lena, &file, &document(lines)).await;
        assert_eq!(places(&lena.codex().await, &file), ["invalid"], "{lines}");
        assert_eq!(lena.task(&file).await["document"], document(lines));
        number += 1;
    }
    // What a person means by a number is a word.
    for (lines, field, value) in [
        ("tags: [12, true, 1.5]\n", "tags", json!(["12", "true", "1.5"])),
        ("tags: 7\n", "tags", json!(["7"])),
        ("deadline:\n", "deadline", Value::Null),
    ] {
        let file = format!("{number:04}.md");
        server.import_document(&lena, &file, &document(lines)).await;
        assert_eq!(lena.task(&file).await[field], value, "{lines}");
        number += 1;
    }
    assert_eq!(lena.get("/api/tasks").await.status, 200);
    assert_eq!(lena.codex().await["invalid"].as_array().unwrap().len(), 18);
}
