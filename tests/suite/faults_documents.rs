//! The faults of the old system in documents, 14 to 22: each impossible here, over HTTP and for imported files.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, TestUser, entry, places, repository};

/// The odd documents, imported.
async fn odd() -> (TestServer, TestUser) {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import(&lena, &repository("fixtures/odd/tasks")).await;
    (server, lena)
}

/// An odd document as the file has it.
fn odd_file(name: &str) -> String {
    std::fs::read_to_string(repository("fixtures/odd/tasks").join(name)).unwrap()
}

/// The status of a request and the field that it blames.
fn blamed(answer: &Answer) -> (u16, Option<String>) {
    (answer.status, answer.json()["field"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn fault_14_frontmatter_never_runs() {
    let (_server, lena) = odd().await;
    let codex = lena.codex().await;
    assert_eq!(entry(&codex, "invalid", "0114-js-frontmatter.md")["line"], 1);
    assert_eq!(lena.document("0114").await, odd_file("0114-js-frontmatter.md"), "kept byte for byte");

    let id = lena.create(json!({"kategorie": "arbeit", "title": "Ziel"})).await;
    let before = lena.task(&id).await["document"].clone();
    let request = lena.request(Method::PUT, &format!("/api/tasks/{id}")).header("If-Match", "*");
    let refused = Answer::of(request.json(&json!({"document": odd_file("0114-js-frontmatter.md")}))).await;
    assert_eq!((refused.status, refused.code().as_str()), (422, "unreadable_document"));
    assert_eq!(lena.task(&id).await["document"], before);
    let ran = "codexmiroir-js-frontmatter-ran.txt";
    assert!(!std::path::Path::new(ran).exists() && !repository(ran).exists());
}

#[tokio::test]
async fn fault_15_tags_of_any_signs_stay_what_they_are() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let nasty = json!([
        "#x",
        "@x",
        "*",
        "\"q",
        "'q",
        "x]",
        "[x",
        "{x}",
        "a: b",
        "12",
        "1e3",
        "ja",
        "true",
        "null",
        "~",
        "-",
        "- x",
        "!tag",
        "&a",
        "%x",
        "|",
        ">",
        "`x`",
        "a # b",
        "a, b",
        "?",
        ":",
        "---",
        "\\n",
        "日本語",
        "🎉",
        "2025-10-15",
    ]);
    let created = lena.create(json!({"kategorie": "arbeit", "title": "Tags", "tags": nasty})).await;
    let updated = lena.create(json!({"kategorie": "arbeit", "title": "Später"})).await;
    lena.update(&updated, json!({"tags": nasty})).await;
    server.import_document(&lena, "0007.md", &odd_file("0130-tags-nasty.md")).await;
    lena.update("0007", json!({"tags": nasty})).await;
    for id in [created.as_str(), &updated, "0007"] {
        let before = lena.task(id).await;
        assert_eq!(before["tags"], nasty, "{}", before["document"]);
        lena.update(id, json!({"deadline": "20.10.2025"})).await;
        lena.complete(id, json!({})).await;
        let after = lena.task(id).await;
        assert_eq!((&after["tags"], &after["status"]), (&nasty, &json!("abgeschlossen")), "{}", after["document"]);
    }
    assert_eq!(lena.codex().await["invalid"], json!([]));
}

#[tokio::test]
async fn fault_15_the_odd_tags_survive_an_edit() {
    let (_server, lena) = odd().await;
    lena.update("0130", json!({"status": "abgebrochen"})).await;
    assert_eq!(lena.task("0130").await["tags"], json!(["#x", "@x", "*", "x]", "a: b", "12", "ja", "true"]));
    let expected = odd_file("0130-tags-nasty.md").replace("status: offen", "status: abgebrochen");
    assert_eq!(lena.document("0130").await, expected);
}

#[tokio::test]
async fn fault_16_line_breaks_cannot_bring_in_frontmatter() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Ziel"})).await;
    let before = lena.get("/codex").await.text;
    let evil = "x\n---\nstatus: abgeschlossen";
    for (fields, field) in [
        (json!({"tags": [evil]}), "tags"),
        (json!({"tags": ["a\rb"]}), "tags"),
        (json!({"tags": ["a\u{2028}b"]}), "tags"),
        (json!({"status": "offen\nkategorie: privat"}), "status"),
        (json!({"kategorie": "arbeit\nstatus: abgeschlossen"}), "kategorie"),
        (json!({"deadline": "01.10.2025\nstatus: abgeschlossen"}), "deadline"),
        (json!({"fixedSlot": {"datum": "14.10.2025\nx: y", "zeit": "morgens"}}), "fixedSlot.datum"),
        (json!({"fixedSlot": {"datum": "14.10.2025", "zeit": "morgens\nx: y"}}), "fixedSlot.zeit"),
        (json!({"title": evil}), "title"),
    ] {
        let updated = lena.put("/api/tasks/0000", &fields).await;
        let mut whole = json!({"kategorie": "arbeit"});
        whole.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        for answer in [updated, lena.post("/api/tasks", &whole).await] {
            assert!([400, 422].contains(&answer.status), "{fields}: {}", answer.text);
            assert_eq!(answer.json()["field"], field, "{fields}");
        }
    }
    let slot = json!({"datum": "13.10.2025", "zeit": "morgens\nstatus: offen"});
    assert_eq!(blamed(&lena.post("/api/tasks/0000/complete", &slot).await), (400, Some("zeit".into())));
    assert_eq!(lena.get("/codex").await.text, before, "nothing of it happened");

    // A body may have any lines: they are no frontmatter.
    let body = "---\nstatus: abgeschlossen\n---\n\nText\n";
    let id = lena.create(json!({"kategorie": "arbeit", "body": body})).await;
    let task = lena.task(&id).await;
    assert_eq!((&task["status"], &task["body"]), (&json!("offen"), &json!(body)));
}

#[tokio::test]
async fn fault_17_crlf_documents_and_quoted_keys_can_be_completed() {
    let (_server, lena) = odd().await;
    for (id, file, old, new) in [
        ("0100", "0100-crlf.md", "status: offen\r\n", "status: abgeschlossen\r\n"),
        ("0108", "0108-quoted.md", "\"status\": \"offen\"\n", "\"status\": abgeschlossen\n"),
        ("0101", "0101-bom.md", "status: offen\n", "status: abgeschlossen\n"),
    ] {
        lena.complete(id, json!({"datum": "13.10.2025", "zeit": "morgens"})).await;
        let newline = if new.ends_with("\r\n") { "\r\n" } else { "\n" };
        let done = format!("abgeschlossen_am: {{datum: 13.10.2025, zeit: morgens}}{newline}");
        let expected = odd_file(file).replacen(old, new, 1);
        // The new field comes last, before the closing line.
        let close = expected[5..].find(&format!("---{newline}")).unwrap() + 5;
        let expected = format!("{}{done}{}", &expected[..close], &expected[close..]);
        assert_eq!(lena.document(id).await, expected, "{file}");
        assert_eq!(lena.task(id).await["status"], "abgeschlossen");
        assert!(places(&lena.codex().await, file).is_empty(), "{file}");
    }
}

#[tokio::test]
async fn fault_18_completing_twice_keeps_one_key_and_the_first_slot() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let id = lena.create(json!({"kategorie": "arbeit", "title": "Doppelt"})).await;
    let first = lena.complete(&id, json!({"datum": "10.10.2025", "zeit": "abends"})).await;
    let document = lena.document(&id).await;
    assert_eq!(document.matches("abgeschlossen_am").count(), 1);

    server.set_clock("2025-10-14T10:00:00+02:00");
    let second = lena.complete(&id, json!({})).await;
    assert_eq!(second["completedAt"], first["completedAt"]);
    assert_eq!(second["generation"], first["generation"], "nothing had to change");
    assert_eq!(lena.document(&id).await, document);

    let third = lena.complete(&id, json!({"datum": "14.10.2025", "zeit": "morgens"})).await;
    assert_eq!(third["completedAt"], json!({"datum": "14.10.2025", "zeit": "morgens"}));
    let expected = document.replace("{datum: 10.10.2025, zeit: abends}", "{datum: 14.10.2025, zeit: morgens}");
    assert_eq!(lena.document(&id).await, expected);
    assert_eq!(lena.codex().await["invalid"], json!([]));
}

#[tokio::test]
async fn fault_19_changing_a_slot_keeps_the_lines_after_it() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let text = |slot: &str| {
        format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n{slot}farbe: rot\nort: Keller\n---\n\n# T\n")
    };
    server.import_document(&lena, "0000.md", &text("fixedSlot: null\n")).await;
    let slot = |datum: &str, zeit: &str| format!("fixedSlot:\n  datum: {datum}\n  zeit: {zeit}\n");
    for (value, lines) in [
        (json!({"datum": "15.10.2025", "zeit": "abends"}), slot("15.10.2025", "abends")),
        (json!({"datum": "16.10.2025", "zeit": "morgens"}), slot("16.10.2025", "morgens")),
        (Value::Null, "fixedSlot: null\n".to_owned()),
    ] {
        lena.update("0000", json!({"fixedSlot": value})).await;
        assert_eq!(lena.document("0000").await, text(&lines));
    }
}

#[tokio::test]
async fn fault_20_a_block_list_of_tags_is_edited_and_no_line_is_added() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let text = |tags: &str| {
        format!(
            "---\ntyp: task\nkategorie: arbeit\nstatus: offen\ntags:\n{tags}deadline: 31.10.2025\n---\n\n# T\n\nText\n"
        )
    };
    server.import_document(&lena, "0000.md", &text("  - alt\n  - noch\n")).await;
    for round in 0..3 {
        lena.update("0000", json!({"tags": [format!("neu{round}"), "a: b", "c"]})).await;
        assert_eq!(lena.document("0000").await, text(&format!("  - neu{round}\n  - \"a: b\"\n  - c\n")));
    }
    for day in 20..25 {
        lena.update("0000", json!({"deadline": format!("{day}.10.2025"), "title": "T"})).await;
    }
    lena.update("0000", json!({"deadline": "31.10.2025"})).await;
    assert_eq!(lena.document("0000").await, text("  - neu2\n  - \"a: b\"\n  - c\n"), "edits add no blank line");
}

#[tokio::test]
async fn fault_21_values_that_cannot_be_are_refused_and_the_deadline_is_kept() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let id = lena.create(json!({"kategorie": "arbeit", "deadline": "1.11.2025"})).await;
    let task = lena.task(&id).await;
    assert_eq!(task["deadline"], "01.11.2025");
    assert!(task["document"].as_str().unwrap().contains("\ndeadline: 01.11.2025\n"));
    for (fields, status, field) in [
        (json!({"status": "x"}), 422, "status"),
        (json!({"deadline": "gestern"}), 422, "deadline"),
        (json!({"deadline": "99.99.9999"}), 422, "deadline"),
        (json!({"deadline": "31.02.2026"}), 422, "deadline"),
        (json!({"fixedSlot": {"datum": "gestern", "zeit": "morgens"}}), 400, "fixedSlot.datum"),
        (json!({"fixedSlot": {"datum": "99.99.9999", "zeit": "morgens"}}), 400, "fixedSlot.datum"),
    ] {
        assert_eq!(blamed(&lena.put(&format!("/api/tasks/{id}"), &fields).await), (status, Some(field.into())));
        let mut whole = json!({"kategorie": "arbeit"});
        whole.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        assert_eq!(blamed(&lena.post("/api/tasks", &whole).await), (status, Some(field.into())));
    }
    let slot = json!({"datum": "gestern", "zeit": "morgens"});
    assert_eq!(blamed(&lena.post("/api/tasks/0000/complete", &slot).await), (400, Some("datum".into())));
    assert_eq!(lena.task(&id).await, task);
    assert_eq!(lena.codex().await["generation"], 1);
}

#[tokio::test]
async fn fault_22_malformed_json_and_other_types_are_400() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    for (method, path) in
        [(Method::POST, "/api/tasks"), (Method::PUT, "/api/tasks/0000"), (Method::POST, "/api/tasks/0000/complete")]
    {
        for body in ["{", "{\"kategorie\":", "[]", "17", "null", "\"x\"", "{'kategorie': 'arbeit'}", "{\"a\":1}x", " "]
        {
            let request = lena.request(method.clone(), path).header("Content-Type", "application/json");
            let answer = Answer::of(request.body(body)).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "malformed_json"), "{method} {path} {body}");
        }
    }
    for field in ["kategorie", "status", "deadline", "title", "body", "tags", "fixedSlot"] {
        for value in [json!(17), json!(true), json!({"a": 1}), json!([1])] {
            if field == "fixedSlot" && value.is_object() {
                continue;
            }
            let answer = lena.put("/api/tasks/0000", &json!({field: value})).await;
            assert_eq!(blamed(&answer), (400, Some(field.into())), "{value}");
        }
    }
    assert_eq!(lena.codex().await["generation"], 1);
}
