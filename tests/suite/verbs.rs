//! Cancel, reopen, pin and unpin: what they write, where the task then stands, and when they do nothing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, TestUser, file_at, places};

const SLOT: fn(&str, &str) -> Value = |datum, zeit| json!({"datum": datum, "zeit": zeit});

/// A document in which only lines can be touched: CRLF, comments, unknown keys, text without an end.
fn peculiar() -> String {
    "---\n# Kopf\ntyp:  task\nkategorie: arbeit # fest\n\"status\": offen # noch\ntags: [a,  b]\nfarbe: rot\n\
     fixedSlot: null # frei\nabgeschlossen_am: null # nie\n---\n\n# Titel #\n\nstatus: offen  \nEnde"
        .replace('\n', "\r\n")
}

/// Applies the verb, and compares the answer with the timeline, the task and the list.
async fn apply(user: &TestUser, id: &str, verb: &str, body: Value) -> Value {
    let answer = user.apply(id, verb, body).await;
    let (file, codex) = (answer["filename"].as_str().unwrap(), user.codex().await);
    assert_eq!(answer["generation"], codex["generation"], "{verb} {id}");
    let slots: Vec<_> = places(&codex, file).into_iter().filter(|place| place.contains(' ')).collect();
    let placed: Vec<_> = answer["placed"].as_object().into_iter().collect();
    let placed =
        placed.iter().map(|slot| format!("{} {}", slot["datum"].as_str().unwrap(), slot["zeit"].as_str().unwrap()));
    assert_eq!(placed.collect::<Vec<_>>(), slots, "{verb} {id}");
    let shown = user.get(&format!("/api/tasks/{id}")).await;
    assert_eq!(shown.json()["placed"], answer["placed"], "{verb} {id}");
    let listed = user.tasks().await.into_iter().find(|task| task["file"] == file).unwrap();
    assert_eq!(listed["placed"], answer["placed"], "{verb} {id}");
    answer
}

#[tokio::test]
async fn each_answer_says_where_the_timeline_has_the_task() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for title in ["Erste", "Zweite", "Dritte"] {
        lena.create(json!({"kategorie": "arbeit", "title": title})).await;
    }
    let pinned = apply(&lena, "0", "pin", SLOT("16.10.2025", "abends")).await;
    let expected = json!({
        "ok": true, "id": "0000", "path": "codex-miroir/lena/tasks/0000-Erste.md", "filename": "0000-Erste.md",
        "gitPushed": false, "gitPending": false, "generation": 4, "placed": SLOT("16.10.2025", "abends"),
    });
    assert_eq!(pinned, expected);
    assert_eq!(
        file_at(&lena.codex().await, "13.10.2025", "morgens").as_deref(),
        Some("0001-Zweite.md"),
        "they move up"
    );
    let other = apply(&lena, "0000-Erste.md", "pin", SLOT("2025-10-14", "NACHMITTAGS")).await;
    assert_eq!(other["placed"], SLOT("14.10.2025", "nachmittags"), "a pinned task is pinned elsewhere");
    assert_eq!(apply(&lena, "0000", "unpin", json!({})).await["placed"], SLOT("13.10.2025", "morgens"));
    assert_eq!(apply(&lena, "0001-Zweite", "cancel", json!({})).await["placed"], Value::Null);
    assert_eq!(file_at(&lena.codex().await, "13.10.2025", "nachmittags").as_deref(), Some("0002-Dritte.md"));
    assert_eq!(apply(&lena, "0001", "reopen", json!({})).await["placed"], SLOT("13.10.2025", "nachmittags"));
    assert_eq!(file_at(&lena.codex().await, "14.10.2025", "morgens").as_deref(), Some("0002-Dritte.md"));

    // Where the pin has no slot in the timeline, there is none in the answer.
    for (datum, zeit, list) in [("12.10.2025", "morgens", "overdue"), ("13.11.2025", "abends", "later")] {
        assert_eq!(apply(&lena, "0", "pin", SLOT(datum, zeit)).await["placed"], Value::Null, "{datum}");
        assert_eq!(places(&lena.codex().await, "0000-Erste.md"), [list]);
    }
    // Running, and no longer offered: it stands there and nowhere else.
    server.set_clock("2025-10-13T09:30:00+02:00");
    let answer = lena.apply("0", "pin", SLOT("13.10.2025", "morgens")).await;
    assert_eq!(places(&lena.codex().await, "0000-Erste.md"), ["current"]);
    assert_eq!(answer["placed"], lena.task("0").await["placed"]);
}

#[tokio::test]
async fn each_touches_its_lines_alone_and_once() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import_document(&lena, "0005-alt.md", &peculiar()).await;
    let mut expected = peculiar();
    let slot = "fixedSlot: # frei\r\n  datum: 16.10.2025\r\n  zeit: abends\r\n";
    for (verb, body, old, new) in [
        ("pin", SLOT("16.10.2025", "abends"), "fixedSlot: null # frei\r\n", slot),
        ("pin", SLOT("16.10.2025", "morgens"), "  zeit: abends\r\n", "  zeit: morgens\r\n"),
        ("cancel", json!({}), "\"status\": offen # noch", "\"status\": abgebrochen # noch"),
        ("reopen", json!({}), "\"status\": abgebrochen # noch", "\"status\": offen # noch"),
        ("unpin", json!({}), &slot.replace("abends", "morgens"), "fixedSlot: null # frei\r\n"),
    ] {
        let answer = lena.apply("5", verb, body.clone()).await;
        assert_eq!(expected.matches(old).count(), 1, "{old:?}");
        expected = expected.replace(old, new);
        assert_eq!(lena.document("5").await, expected, "{verb}");
        // Once more the same: no byte, no generation, no entry of the history.
        let entries = lena.history("/api/history").await;
        assert_eq!(lena.apply("5", verb, body).await, answer, "{verb}");
        assert_eq!(lena.document("5").await, expected, "{verb}");
        assert_eq!(lena.history("/api/history").await, entries, "{verb}");
    }
    assert_eq!(expected, peculiar(), "all the way back");
    assert_eq!(lena.generation().await, 6);
}

#[tokio::test]
async fn a_task_that_is_open_or_cancelled_was_not_completed() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Auf und zu"})).await;
    let open = lena.document("0").await;
    for (verb, status) in [("reopen", "offen"), ("cancel", "abgebrochen")] {
        lena.update("0", json!({"status": "offen"})).await;
        lena.complete("0", SLOT("13.10.2025", "morgens")).await;
        let task = lena.task("0").await;
        assert_eq!(task["abgeschlossen_am"], SLOT("13.10.2025", "morgens"));
        apply(&lena, "0", verb, json!({})).await;
        let task = lena.task("0").await;
        assert_eq!((&task["status"], &task["abgeschlossen_am"]), (&json!(status), &Value::Null), "{verb}");
        let document = task["document"].as_str().unwrap();
        assert!(!document.contains("13.10.2025"), "{document}");
        let others = |text: &str| -> Vec<String> {
            let lines =
                text.lines().filter(|line| !line.starts_with("status:") && !line.starts_with("abgeschlossen_am:"));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(others(document), others(&open), "{verb}");
    }
}

#[tokio::test]
async fn a_slot_that_an_open_fixed_task_holds_is_not_given_again() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let slot = SLOT("15.10.2025", "abends");
    lena.create(json!({"kategorie": "arbeit", "title": "Halter", "fixedSlot": slot})).await;
    lena.create(json!({"kategorie": "arbeit", "title": "Anwärter"})).await;
    lena.create(json!({"kategorie": "arbeit", "title": "Vorher"})).await;
    // An open task that merely stands there holds nothing.
    assert_eq!(
        apply(&lena, "2", "pin", SLOT("13.10.2025", "nachmittags")).await["placed"],
        SLOT("13.10.2025", "nachmittags")
    );

    let before = lena.generation().await;
    for (language, words) in [("en", "is held by"), ("de", "hat schon")] {
        let request = lena.request(Method::POST, "/api/tasks/1/pin").header("Accept-Language", language).json(&slot);
        let refused = Answer::of(request).await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "slot_taken"));
        let sentence = refused.json()["error"].as_str().unwrap().to_owned();
        for part in ["0000 Halter", "15.10.2025", "abends", words] {
            assert!(sentence.contains(part), "{sentence}");
        }
    }
    assert_eq!(lena.generation().await, before);
    // The holder itself may be pinned there again, which changes nothing.
    assert_eq!(apply(&lena, "0", "pin", slot.clone()).await["generation"], before);
    // One that is done, cancelled, unpinned or gone holds nothing; one that comes back finds the slot taken.
    for (verb, body) in [("complete", json!({})), ("cancel", json!({})), ("unpin", json!({}))] {
        lena.apply("0", verb, body).await;
        assert_eq!(apply(&lena, "1", "pin", slot.clone()).await["placed"], slot, "after {verb}");
        if verb != "unpin" {
            lena.apply("1", "unpin", json!({})).await;
            assert_eq!(apply(&lena, "0", "reopen", json!({})).await["placed"], slot, "after {verb}");
        }
    }
    let refused = lena.post("/api/tasks/0/pin", &slot).await;
    assert!(refused.status == 409 && refused.text.contains("0001 Anwärter"), "{}", refused.text);
    lena.delete("/api/tasks/1").await;
    assert_eq!(apply(&lena, "0", "pin", slot.clone()).await["placed"], slot);
    // Beyond the horizon, and on a day that is over, a slot is held as well.
    for datum in ["15.12.2025", "10.10.2025"] {
        lena.apply("0", "pin", SLOT(datum, "morgens")).await;
        assert_eq!(lena.post("/api/tasks/2/pin", &SLOT(datum, "morgens")).await.code(), "slot_taken", "{datum}");
    }
}

#[tokio::test]
async fn another_users_fixed_task_holds_nothing() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    let slot = SLOT("15.10.2025", "abends");
    tom.create(json!({"kategorie": "arbeit", "title": "Toms", "fixedSlot": slot})).await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    assert_eq!(apply(&lena, "0", "pin", slot.clone()).await["placed"], slot);
    assert_eq!(tom.generation().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_want_one_slot_one_gets_it() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for _ in 0..8 {
        lena.create(json!({"kategorie": "arbeit"})).await;
    }
    let pins = (0..8).map(|id| {
        let lena = lena.clone();
        async move { lena.post(&format!("/api/tasks/{id}/pin"), &SLOT("15.10.2025", "abends")).await.status }
    });
    let mut statuses = crate::harness::at_once(pins).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(lena.codex().await["conflicts"], json!([]));
    assert_eq!(lena.generation().await, 9);
}

#[tokio::test]
async fn each_is_for_whoever_read_the_document() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    let slot = SLOT("15.10.2025", "abends");
    for (verb, body) in [("pin", slot), ("unpin", json!({})), ("cancel", json!({})), ("reopen", json!({}))] {
        let send = async |tag: &str| {
            let request = lena.request(Method::POST, &format!("/api/tasks/0/{verb}")).header("If-Match", tag);
            Answer::of(request.json(&body)).await
        };
        let read = lena.get("/api/tasks/0").await;
        let (document, generation) = (lena.document("0").await, lena.generation().await);
        let stale = send("\"x\"").await;
        assert_eq!((stale.status, stale.code().as_str()), (412, "changed"), "{verb}");
        assert_eq!((lena.document("0").await, lena.generation().await), (document, generation), "{verb}");
        let done = send(&format!("\"x\", {}", read.header("etag"))).await;
        assert_eq!((done.status, &done.json()["generation"]), (200, &json!(generation + 1)), "{verb}");
        assert_eq!(done.header("etag"), lena.get("/api/tasks/0").await.header("etag"), "{verb}");
        assert_ne!(done.header("etag"), read.header("etag"), "{verb}");
        assert_eq!(send(read.header("etag")).await.status, 412, "{verb}: it was changed by this very verb");
        assert_eq!(send("*").await.status, 200, "{verb}");
    }
}

#[tokio::test]
async fn bodies_that_are_not_meant_for_a_verb_are_refused() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    let generation = lena.generation().await;
    for verb in ["cancel", "reopen", "pin", "unpin"] {
        let path = format!("/api/tasks/0/{verb}");
        let send = async |content_type: &str, body: &'static str| {
            let request = lena.request(Method::POST, &path).header("Content-Type", content_type).body(body);
            let answer = Answer::of(request).await;
            (answer.status, answer.code())
        };
        for (content_type, body, status, code) in [
            ("application/json", "[]", 400, "malformed_json"),
            ("application/json", "null", 400, "malformed_json"),
            ("application/json", "{\"datum\"", 400, "malformed_json"),
            ("application/json", "{\"grund\":\"keine Lust\"}", 422, "unknown_field"),
            ("text/plain", "{}", 415, "not_json"),
            ("application/x-www-form-urlencoded", "datum=15.10.2025", 415, "not_json"),
        ] {
            assert_eq!(send(content_type, body).await, (status, code.to_owned()), "{verb} {body}");
        }
    }
    for verb in ["cancel", "reopen", "unpin"] {
        let refused = lena.post(&format!("/api/tasks/0/{verb}"), &SLOT("15.10.2025", "abends")).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, "unknown_field"), "{verb} takes no slot");
    }
    for body in [json!({}), json!({"datum": null, "zeit": "abends"}), json!({"zeit": "abends"})] {
        let refused = lena.post("/api/tasks/0/pin", &body).await;
        assert_eq!((refused.status, &refused.json()["field"]), (400, &json!("datum")), "{body}");
    }
    let empty = Answer::of(lena.request(Method::POST, "/api/tasks/0/pin")).await;
    assert_eq!((empty.status, empty.code().as_str()), (400, "malformed_json"), "a pin needs a slot");
    assert_eq!(lena.generation().await, generation);
    // Without any body the other verbs are complete.
    for verb in ["cancel", "reopen", "unpin"] {
        assert_eq!(Answer::of(lena.request(Method::POST, &format!("/api/tasks/0/{verb}"))).await.status, 200, "{verb}");
    }
}
