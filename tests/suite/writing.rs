//! The life of a task over HTTP: created, placed, changed, completed, removed; addressed by every name it has.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, MONDAY, TestServer, TestUser, at_once, file_at, instant, places};

const SLOT: fn(&str, &str) -> Value = |datum, zeit| json!({"datum": datum, "zeit": zeit});

#[tokio::test]
async fn a_task_with_everything_is_written_placed_and_shown() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let body = json!({
        "kategorie": "Geschäftlich", "status": "offen", "deadline": "2025-10-31", "tags": ["finanzen", "a: b"],
        "fixedSlot": {"datum": "15.10.2025", "zeit": "Abends"}, "title": "Angebot für die Gärtnerei",
        "body": "Text <b>fett</b>\n",
    });
    let created = lena.post("/api/tasks", &body).await;
    let file = "0000-Angebot-für-die-Gärtnerei.md";
    let slot = SLOT("15.10.2025", "abends");
    let expected = json!({
        "ok": true, "id": "0000", "path": format!("codex-miroir/lena/tasks/{file}"), "filename": file,
        "gitPushed": false, "gitPending": false, "generation": 1, "placed": slot,
    });
    assert_eq!((created.status, created.json()), (200, expected));
    assert_eq!(file_at(&lena.codex().await, "15.10.2025", "abends").as_deref(), Some(file));

    let shown = lena.get("/api/tasks/0000").await;
    assert_eq!(shown.header("etag"), created.header("etag"));
    let mut task = shown.json();
    let document = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\ntags: [finanzen, \"a: b\"]\n\
                    deadline: 31.10.2025\nfixedSlot:\n  datum: 15.10.2025\n  zeit: abends\n---\n\n\
                    # Angebot für die Gärtnerei\n\nText <b>fett</b>\n";
    assert_eq!(task["document"], document);
    assert_eq!(task["body"], document.split_once("---\n\n").unwrap().1);
    let html = task["html"].as_str().unwrap();
    assert!(html.contains("<h1>Angebot für die Gärtnerei</h1>") && !html.contains("<b>"), "{html}");
    let summary = json!({
        "id": "0000", "file": file, "title": "Angebot für die Gärtnerei", "kategorie": "arbeit", "status": "offen",
        "tags": ["finanzen", "a: b"], "deadline": "31.10.2025", "fixedSlot": slot, "abgeschlossen_am": null,
        "placed": slot,
    });
    assert_eq!(lena.get("/api/tasks").await.json(), json!({"tasks": [summary], "nextCursor": null}));
    for only_shown in ["body", "document", "html"] {
        task.as_object_mut().unwrap().remove(only_shown);
    }
    assert_eq!(task, summary);
}

#[tokio::test]
async fn the_slot_in_the_answer_is_the_timelines() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for number in 0..14 {
        let kategorie = if number % 3 == 0 { "privat" } else { "arbeit" };
        let answer = lena.post("/api/tasks", &json!({"kategorie": kategorie})).await.json();
        let (file, codex) = (answer["filename"].as_str().unwrap(), lena.codex().await);
        let expected = match &answer["placed"] {
            Value::Null => "waiting".to_owned(),
            slot => format!("{} {}", slot["datum"].as_str().unwrap(), slot["zeit"].as_str().unwrap()),
        };
        assert_eq!(places(&codex, file), [expected]);
        assert_eq!(lena.task(file).await["placed"], answer["placed"]);
    }
    assert!(!lena.codex().await["waiting"].as_array().unwrap().is_empty(), "the last did not find a slot");
    let update = lena.update("0001", json!({"kategorie": "privat"})).await;
    assert_eq!(update["placed"], SLOT("18.10.2025", "nachmittags"), "the others move on");
    assert_eq!(lena.complete("0001", json!({})).await["placed"], Value::Null);
}

#[tokio::test]
async fn an_update_touches_the_lines_of_its_field_alone() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let before = "\u{feff}---\n# Kopf\ntyp:  task\nkategorie: arbeit # fest\n\"status\": offen\ntags:\n  - eins\n  # dazwischen\n\
                  \ndeadline: 2025-10-31\nfarbe: rot\nfixedSlot: null # frei\nliste: [1,\n  2]\n---\n\n  Vorweg\n\n# Titel #\n\nText  \n"
        .replace('\n', "\r\n");
    server.import_document(&lena, "0005-alt.md", &before).await;
    let mut expected = before.clone();
    for (fields, old, new) in [
        (json!({"kategorie": "privat"}), "kategorie: arbeit # fest", "kategorie: privat # fest"),
        (json!({"status": "abgebrochen"}), "\"status\": offen", "\"status\": abgebrochen"),
        (json!({"tags": ["zwei", "#3"]}), "  - eins\r\n", "  - zwei\r\n  - \"#3\"\r\n"),
        (json!({"deadline": "1.11.2025"}), "deadline: 2025-10-31", "deadline: 01.11.2025"),
        (
            json!({"fixedSlot": SLOT("16.10.2025", "abends")}),
            "fixedSlot: null # frei\r\n",
            "fixedSlot: # frei\r\n  datum: 16.10.2025\r\n  zeit: abends\r\n",
        ),
        (json!({"title": "Neuer Titel"}), "# Titel #", "# Neuer Titel #"),
        (json!({"deadline": null}), "deadline: 01.11.2025", "deadline: null"),
    ] {
        lena.update("0005", fields.clone()).await;
        assert_eq!(expected.matches(old).count(), 1, "{old:?}");
        expected = expected.replace(old, new);
        assert_eq!(lena.document("0005").await, expected, "{fields}");
        // Once more the same: no byte and no generation changes.
        let generation = lena.codex().await["generation"].clone();
        assert_eq!(lena.update("0005", fields).await["generation"], generation);
        assert_eq!(lena.document("0005").await, expected);
    }
    lena.update("0005", json!({"body": "Ganz neu\n"})).await;
    let head = &expected[..expected.find("---\r\n\r\n").unwrap() + 7];
    assert_eq!(lena.document("0005").await, format!("{head}Ganz neu\n"));
    assert_eq!(lena.tasks().await[0]["file"], "0005-alt.md", "the file keeps its name");
}

#[tokio::test]
async fn a_whole_document_is_replaced_by_whoever_read_it() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import_document(&lena, "0000.md", "kaputt").await;
    let broken = lena.get("/api/tasks/0000").await;
    assert_eq!((&broken.json()["status"], &broken.json()["invalid"]["line"]), (&json!(null), &json!(1)));
    let put = async |document: &str, tag: &str| {
        let request = lena.request(Method::PUT, "/api/tasks/0000").header("If-Match", tag);
        Answer::of(request.json(&json!({"document": document}))).await
    };
    let mended = "---\r\ntyp: task\nkategorie: arbeit\nstatus: offen\nx: y # Kommentar\n---\nText ohne Ende";
    let first = put(mended, broken.header("etag")).await;
    assert_eq!((first.status, &first.json()["placed"]), (200, &SLOT("13.10.2025", "morgens")));
    assert_eq!(lena.document("0000").await, mended, "byte for byte");

    let stale = put(mended, broken.header("etag")).await;
    assert_eq!((stale.status, stale.code().as_str()), (412, "changed"));
    let other = mended.replace("arbeit", "privat");
    let second = put(&other, &format!("\"x\", {}", first.header("etag"))).await;
    assert_eq!((second.status, lena.document("0000").await), (200, other));
    // Other tasks do not upset the tag.
    lena.create(json!({"kategorie": "privat"})).await;
    assert_eq!(lena.get("/api/tasks/0000").await.header("etag"), second.header("etag"));
    let removed = lena.request(Method::DELETE, "/api/tasks/0000").header("If-Match", second.header("etag"));
    assert_eq!(Answer::of(removed).await.status, 200);
}

#[tokio::test]
async fn a_completion_without_a_slot_takes_the_one_that_is_meant() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for (time, datum, zeit) in [
        ("13T08:00:00", "13.10.2025", "morgens"),
        ("13T09:00:00", "13.10.2025", "morgens"),
        ("13T12:29:59", "13.10.2025", "morgens"),
        ("13T13:00:00", "13.10.2025", "morgens"),
        ("13T13:30:00", "13.10.2025", "nachmittags"),
        ("13T17:59:59", "13.10.2025", "nachmittags"),
        ("13T18:00:00", "13.10.2025", "abends"),
        ("13T23:59:59", "13.10.2025", "abends"),
        ("14T00:00:00", "14.10.2025", "morgens"),
    ] {
        server.set_clock(&format!("2025-10-{time}+02:00"));
        let id = lena.create(json!({"kategorie": "arbeit"})).await;
        let path = format!("/api/tasks/{id}/complete");
        let answer = Answer::of(lena.request(Method::POST, &path)).await;
        assert_eq!((answer.status, &answer.json()["completedAt"]), (200, &SLOT(datum, zeit)), "{time}");
        let task = lena.task(&id).await;
        assert_eq!((&task["status"], &task["abgeschlossen_am"]), (&json!("abgeschlossen"), &SLOT(datum, zeit)));
        assert_eq!(answer.header("etag"), lena.get(&format!("/api/tasks/{id}")).await.header("etag"));
        // Set to done by an update it is the same slot; open again it has none.
        let id = lena.create(json!({"kategorie": "arbeit"})).await;
        lena.update(&id, json!({"status": "abgeschlossen"})).await;
        assert_eq!(lena.task(&id).await["abgeschlossen_am"], SLOT(datum, zeit));
        lena.update(&id, json!({"status": "offen"})).await;
        assert_eq!(lena.task(&id).await["abgeschlossen_am"], json!(null));
    }
}

#[tokio::test]
async fn a_completion_names_any_slot_of_any_day() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Gestern"})).await;
    let done = lena.complete("0000", json!({"datum": "2025-10-12", "zeit": "ABENDS"})).await;
    let expected = json!({
        "ok": true, "id": "0000", "path": "codex-miroir/lena/tasks/0000-Gestern.md", "filename": "0000-Gestern.md",
        "gitPushed": false, "gitPending": false, "generation": 2, "placed": null,
        "completedAt": SLOT("12.10.2025", "abends"),
    });
    assert_eq!(done, expected);
    let expected = "---\ntyp: task\nkategorie: arbeit\nstatus: abgeschlossen\ntags: []\nfixedSlot: null\n\
                    abgeschlossen_am: {datum: 12.10.2025, zeit: abends}\n---\n\n# Gestern\n";
    assert_eq!(lena.document("0000").await, expected);
    assert_eq!(lena.codex().await["generation"], 2);
}

#[tokio::test]
async fn a_removed_tasks_number_is_not_given_again() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for _ in 0..3 {
        lena.create(json!({"kategorie": "arbeit"})).await;
    }
    let removed = lena.delete("/api/tasks/2").await;
    assert_eq!(
        (removed.status, &removed.json()["id"], &removed.json()["generation"]),
        (200, &json!("0002"), &json!(4))
    );
    for path in ["/api/tasks/2", "/api/tasks/0002.md"] {
        assert_eq!(lena.get(path).await.status, 404);
        assert_eq!(lena.delete(path).await.status, 404);
    }
    assert_eq!(lena.create(json!({"kategorie": "arbeit"})).await, "0003");
    for id in ["0000", "0001", "0003"] {
        lena.delete(&format!("/api/tasks/{id}")).await;
    }
    let server = server.restart().await;
    let lena = server.again(&lena);
    assert_eq!(lena.codex().await["nextAvailableId"], "0004");
    assert_eq!(lena.create(json!({"kategorie": "arbeit"})).await, "0004");
    assert_eq!(lena.tasks().await.len(), 1);
}

#[tokio::test]
async fn twins_of_a_number_are_addressed_by_their_files() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let text = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n";
    for twin in ["0007-Übergabe.md", "0007-b.md", "0007.md"] {
        server.import_document(&lena, twin, text).await;
    }
    let ambiguous = lena.get("/api/tasks/7").await;
    assert_eq!((ambiguous.status, ambiguous.code().as_str()), (409, "ambiguous_id"));
    let candidates = json!(["0007-b.md", "0007-Übergabe.md", "0007.md"]);
    assert_eq!(ambiguous.json()["candidates"], candidates, "in the order in which they are planned");
    let codex = lena.codex().await;
    assert_eq!(file_at(&codex, "13.10.2025", "morgens").as_deref(), Some("0007-b.md"));
    assert_eq!(file_at(&codex, "13.10.2025", "nachmittags").as_deref(), Some("0007-Übergabe.md"));
    for (name, file) in [
        ("0007-b", "0007-b.md"),
        ("0007-b.md", "0007-b.md"),
        ("0007.md", "0007.md"),
        ("0007-%C3%9Cbergabe", "0007-Übergabe.md"),
        ("0007-%c3%9cbergabe.md", "0007-Übergabe.md"),
    ] {
        assert_eq!(lena.update(name, json!({"tags": [name]})).await["filename"], file);
        assert_eq!(lena.task(name).await["tags"], json!([name]));
    }
    lena.delete("/api/tasks/0007-b").await;
    lena.complete("0007-%C3%9Cbergabe", json!({})).await;
    assert_eq!(lena.get("/api/tasks/0007").await.status, 409, "a task that is done is still one of that number");
    lena.delete("/api/tasks/0007.md").await;
    assert_eq!(lena.task("7").await["file"], "0007-Übergabe.md");
}

/// A create with an `Idempotency-Key`.
async fn keyed(user: &TestUser, key: &str, body: &Value) -> Answer {
    Answer::of(user.request(Method::POST, "/api/tasks").header("Idempotency-Key", key).json(body)).await
}

#[tokio::test]
async fn a_repeated_request_is_answered_and_not_carried_out_again() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    let body = json!({"kategorie": "arbeit", "title": "Einmal"});
    let first = keyed(&lena, "k", &body).await;
    assert_eq!((first.status, &first.json()["reused"]), (200, &Value::Null));
    let mut expected = first.json();
    expected["reused"] = json!(true);
    lena.create(json!({"kategorie": "arbeit"})).await;

    let again = keyed(&lena, "k", &body).await;
    assert_eq!((again.status, again.json()), (200, expected.clone()), "the answer is the first one's");
    assert_eq!(again.header("etag"), first.header("etag"));
    let other = keyed(&lena, "k", &json!({"kategorie": "arbeit", "title": "Anders"})).await;
    assert_eq!((other.status, other.code().as_str()), (422, "idempotency_key_reused"));
    assert_eq!(keyed(&tom, "k", &body).await.json()["reused"], Value::Null, "another user's is another key");

    let server = server.restart().await;
    let lena = server.again(&lena);
    assert_eq!(keyed(&lena, "k", &body).await.json(), expected, "after a restart too");
    server.clock.set(instant(MONDAY) + TimeDelta::hours(24) - TimeDelta::milliseconds(1));
    assert_eq!(keyed(&lena, "k", &body).await.json(), expected);
    server.clock.set(instant(MONDAY) + TimeDelta::hours(24));
    let new = keyed(&lena, "k", &json!({"kategorie": "privat"})).await.json();
    assert_eq!((&new["id"], &new["reused"]), (&json!("0002"), &Value::Null), "after 24 hours it is forgotten");
    assert_eq!(lena.tasks().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_twins_make_one_task_each_for_both_users() {
    let server = TestServer::start().await;
    let users = [server.user("lena").await, server.user("tom").await];
    let body = json!({"kategorie": "arbeit", "title": "Zugleich"});
    let twins = (0..8).map(|number| (users[number % 2].clone(), body.clone()));
    let answers = at_once(twins.map(|(user, body)| async move { keyed(&user, "k", &body).await })).await;
    for (number, answer) in answers.iter().enumerate() {
        assert!([200, 409].contains(&answer.status), "{number}: {}", answer.text);
    }
    for user in &users {
        assert_eq!(user.tasks().await.len(), 1);
        let again = keyed(user, "k", &body).await.json();
        assert_eq!((&again["id"], &again["reused"]), (&json!("0000"), &json!(true)));
    }
}

#[tokio::test]
async fn head_and_nocache_agree_with_get() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Größe"})).await;
    for path in ["/codex", "/codex?nocache=true", "/api/tasks", "/api/tasks/0000"] {
        let get = lena.get(path).await;
        let head = Answer::of(lena.request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        for name in ["etag", "content-type", "content-length", "cache-control", "vary", "x-cache"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
        assert_eq!(get.header("content-length"), get.text.len().to_string());
        for name in ["content-security-policy", "x-content-type-options", "referrer-policy"] {
            assert!(!get.header(name).is_empty(), "{path} {name}");
        }
    }
    let hot = lena.get("/codex").await;
    assert_eq!((hot.header("x-cache"), hot.header("content-type")), ("hot", "application/json"));
    for (query, layer) in
        [("nocache=true", "rebuilt"), ("a=b&nocache=1", "rebuilt"), ("nocache=false", "hot"), ("", "hot")]
    {
        let answer = lena.get(&format!("/codex?{query}")).await;
        assert_eq!(answer.header("x-cache"), layer, "{query}");
        assert_eq!((answer.text.as_str(), answer.header("etag")), (hot.text.as_str(), hot.header("etag")));
        assert!(answer.header("server-timing").contains(layer), "{}", answer.header("server-timing"));
    }
    // A rebuild that was asked for answers conditional requests as well.
    let request = lena.request(Method::GET, "/codex?nocache=true").header("If-None-Match", hot.header("etag"));
    assert_eq!(Answer::of(request).await.status, 304);
    // A task is shown anew every time: its placement may have moved.
    let etag = lena.get("/api/tasks/0000").await.header("etag").to_owned();
    let request = lena.request(Method::GET, "/api/tasks/0000").header("If-None-Match", etag);
    assert_eq!(Answer::of(request).await.status, 200);
}
