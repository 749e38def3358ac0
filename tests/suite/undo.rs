//! Taking changes back: the document is as it was, byte for byte, or nothing happens and the answer says why.

use serde_json::{Value, json};

use crate::harness::{TestServer, TestUser, at_once, file_at};

const SLOT: fn(&str, &str) -> Value = |datum, zeit| json!({"datum": datum, "zeit": zeit});

/// Takes the change back, which must succeed and name these files.
async fn undone(user: &TestUser, generation: u64, files: &[&str]) {
    let before = user.generation().await;
    let answer = user.undo(generation).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mut answer = answer.json();
    // In the order of the commit, which an undo turns round.
    answer["files"].as_array_mut().unwrap().sort_by_key(ToString::to_string);
    assert_eq!(
        answer,
        json!({
            "ok": true, "generation": before + 1, "undone": generation, "files": files,
            "gitPushed": false, "gitPending": false,
        })
    );
    assert_eq!(user.generation().await, before + 1);
}

/// Everything that a change would show in.
async fn state(user: &TestUser) -> [String; 4] {
    [
        user.get("/codex?nocache=true").await.text,
        user.get("/api/tasks").await.text,
        user.get("/api/history").await.text,
        user.get("/api/me").await.text,
    ]
}

#[tokio::test]
async fn each_verb_is_taken_back_byte_for_byte_and_brought_again() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let peculiar = "---\r\ntyp: task\nkategorie: arbeit # fest\r\nstatus: offen\nfarbe:   rot\n---\n\n# Titel\nText";
    server.import_document(&lena, "0000-x.md", peculiar).await;
    let slot = SLOT("15.10.2025", "abends");
    for (verb, body) in [
        ("pin", slot.clone()),
        ("unpin", json!({})),
        ("complete", slot),
        ("reopen", json!({})),
        ("cancel", json!({})),
        ("update", json!({"title": "Anders", "tags": ["a"], "deadline": "31.10.2025", "body": "neu"})),
    ] {
        if verb == "unpin" {
            lena.apply("0", "pin", SLOT("14.10.2025", "morgens")).await;
        } else if verb == "reopen" {
            lena.apply("0", "cancel", json!({})).await;
        } else if verb == "cancel" {
            lena.apply("0", "reopen", json!({})).await;
        }
        let (before, placed) = (lena.document("0").await, lena.task("0").await["placed"].clone());
        let answer = match verb {
            "update" => lena.update("0", body).await,
            verb => lena.apply("0", verb, body).await,
        };
        let (generation, after) = (answer["generation"].as_u64().unwrap(), lena.document("0").await);
        assert_ne!(after, before, "{verb}");
        undone(&lena, generation, &["0000-x.md"]).await;
        assert_eq!((lena.document("0").await, &lena.task("0").await["placed"]), (before.clone(), &placed), "{verb}");
        // Taking that back brings the change again, and so on.
        undone(&lena, generation + 1, &["0000-x.md"]).await;
        assert_eq!(lena.document("0").await, after, "{verb}");
        assert_eq!(lena.task("0").await["placed"], answer["placed"], "{verb}");
        undone(&lena, generation + 2, &["0000-x.md"]).await;
        assert_eq!(lena.document("0").await, before, "{verb}");
    }
}

#[tokio::test]
async fn without_a_generation_the_last_change_is_taken_back() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let nothing = lena.post("/api/undo", &json!({})).await;
    assert_eq!((nothing.status, nothing.code().as_str()), (404, "no_such_change"), "there is none yet");
    for title in ["Eins", "Zwei"] {
        lena.create(json!({"kategorie": "arbeit", "title": title})).await;
    }
    for (body, undone, left) in [(json!({}), 2, 1), (json!({"generation": null}), 3, 2)] {
        let answer = lena.post("/api/undo", &body).await;
        let expected = json!({
            "ok": true, "generation": undone + 1, "undone": undone, "files": ["0001-Zwei.md"],
            "gitPushed": false, "gitPending": false,
        });
        assert_eq!((answer.status, answer.json()), (200, expected));
        assert_eq!(lena.tasks().await.len(), left);
    }
}

#[tokio::test]
async fn a_removed_document_comes_back_whole() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for title in ["Eins", "Zwei"] {
        lena.create(json!({"kategorie": "arbeit", "title": title, "body": "Text ohne Ende  "})).await;
    }
    // An unreadable one is a document like any other.
    server.import_document(&lena, "0002.md", "---\ntyp: task\nstatus: \u{feff}\r\n---\n").await;
    for (id, file) in [("0", "0000-Eins.md"), ("2", "0002.md")] {
        let (document, codex) = (lena.document(id).await, lena.codex().await);
        let generation = lena.delete(&format!("/api/tasks/{id}")).await.json()["generation"].as_u64().unwrap();
        assert_eq!(lena.get(&format!("/api/tasks/{id}")).await.status, 404);
        undone(&lena, generation, &[file]).await;
        assert_eq!(lena.document(id).await, document);
        let after = lena.codex().await;
        for field in ["timeline", "invalid", "waiting", "nextAvailableId"] {
            assert_eq!(after[field], codex[field], "{field}");
        }
    }
}

#[tokio::test]
async fn a_created_tasks_number_is_not_given_again_after_undo() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Versehen"})).await;
    undone(&lena, 1, &["0000-Versehen.md"]).await;
    assert_eq!((lena.tasks().await.len(), &lena.codex().await["nextAvailableId"]), (0, &json!("0001")));
    assert_eq!(lena.create(json!({"kategorie": "arbeit", "title": "Versehen"})).await, "0001");
    let server = server.restart().await;
    let lena = server.again(&lena);
    undone(&lena, 3, &["0001-Versehen.md"]).await;
    assert_eq!(lena.create(json!({"kategorie": "arbeit"})).await, "0002");
    undone(&lena, 2, &["0000-Versehen.md"]).await;
    assert_eq!(lena.task("0").await["title"], "Versehen", "taking the undo back brings the old one");
}

#[tokio::test]
async fn an_import_is_taken_back_as_a_whole_or_not_at_all() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    let before = lena.document("0").await;
    let text = |word: &str| format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n# {word}\n").into_bytes();
    for count in [3_usize, 150] {
        let files: Vec<_> = (0..count).map(|number| (format!("{number:04}.md"), text("Neu"))).collect();
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        server.import_files(&lena, files.clone()).await;
        let (import, replaced) = (lena.generation().await, lena.document("0").await);
        assert_eq!((lena.tasks().await.len(), replaced == before), (count, false));
        // One of them touched since keeps all of them.
        lena.update("2", json!({"tags": ["a"]})).await;
        let touched = state(&lena).await;
        let refused = lena.undo(import).await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "touched_since"));
        assert!(refused.text.contains("0002.md"), "{}", refused.text);
        assert_eq!(state(&lena).await, touched);
        undone(&lena, import + 1, &["0002.md"]).await;

        undone(&lena, import, &names).await;
        assert_eq!((lena.tasks().await.len(), lena.document("0").await), (1, before.clone()));
        assert_eq!(file_at(&lena.codex().await, "13.10.2025", "morgens").as_deref(), Some("0000.md"));
        let entries = lena.history("/api/history").await;
        assert_eq!(entries.iter().filter(|entry| entry["generation"] == import + 3).count(), count, "one commit");
        undone(&lena, import + 3, &names).await;
        assert_eq!((lena.tasks().await.len(), lena.document("0").await), (count, replaced));
        undone(&lena, import + 4, &names).await;
        undone(&lena, import + 5, &names).await;
        undone(&lena, import + 6, &names).await;
        assert_eq!((lena.tasks().await.len(), lena.document("0").await), (1, before.clone()));
    }
}

#[tokio::test]
async fn settings_are_taken_back_unless_set_since() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let settings = lena.get("/api/settings").await.text;
    let changed = json!({"timeZone": "Asia/Tokyo", "language": "de", "horizon": 3, "theme": "dark"});
    lena.put("/api/settings", &changed).await;
    undone(&lena, 1, &[]).await;
    assert_eq!(lena.get("/api/settings").await.text, settings);
    assert_eq!(lena.codex().await["timeZone"], "Europe/Berlin");
    undone(&lena, 2, &[]).await;
    assert_eq!(lena.get("/api/settings").await.json(), changed);
    // A task that came meanwhile does not stand in the way; other settings do.
    lena.create(json!({"kategorie": "arbeit"})).await;
    lena.put("/api/settings", &json!({"horizon": 4})).await;
    let before = state(&lena).await;
    for generation in [1, 3] {
        let refused = lena.undo(generation).await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "touched_since"), "{generation}");
        assert_eq!(state(&lena).await, before);
    }
    undone(&lena, 5, &[]).await;
    undone(&lena, 3, &[]).await;
    assert_eq!(lena.get("/api/settings").await.text, settings);
    assert_eq!(lena.tasks().await.len(), 1);
}

#[tokio::test]
async fn what_was_touched_since_or_never_was_stays() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for title in ["Eins", "Zwei"] {
        lena.create(json!({"kategorie": "arbeit", "title": title})).await;
    }
    lena.update("0", json!({"tags": ["a"]})).await;
    lena.update("0", json!({"tags": ["b"]})).await;
    lena.delete("/api/tasks/1").await;
    let before = state(&lena).await;
    for (generation, file) in [(1, "0000-Eins.md"), (2, "0001-Zwei.md"), (3, "0000-Eins.md")] {
        for language in ["en", "de"] {
            let request = lena.request(reqwest::Method::POST, "/api/undo").header("Accept-Language", language);
            let refused = crate::harness::Answer::of(request.json(&json!({"generation": generation}))).await;
            assert_eq!((refused.status, refused.code().as_str()), (409, "touched_since"), "{generation}");
            assert!(refused.text.contains(file), "{}", refused.text);
            // What was added and then deleted is as if it had been taken back.
            let is_back =
                ["nothing to take back", "zurückzunehmen ist"].iter().any(|words| refused.text.contains(words));
            assert_eq!(is_back, generation == 2, "{}", refused.text);
        }
    }
    for generation in [0, 6, 7, 1 << 40, u64::MAX - 1, u64::MAX] {
        let refused = lena.undo(generation).await;
        assert_eq!((refused.status, refused.code().as_str()), (404, "no_such_change"), "{generation}");
    }
    for body in [json!({"generation": "3"}), json!({"generation": -1}), json!({"generation": 1.5})] {
        let refused = lena.post("/api/undo", &body).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "wrong_type"), "{body}");
        assert_eq!(refused.json()["field"], "generation");
    }
    assert_eq!(lena.post("/api/undo", &json!({"generations": 3})).await.code(), "unknown_field");
    let reader = lena.with_token(server.token("lena", codexmiroir::store::Scopes::READ).await);
    assert_eq!(reader.post("/api/undo", &json!({})).await.code(), "scope_missing");
    assert_eq!(state(&lena).await, before);
    // From the last one on, all of it can be taken back.
    undone(&lena, 5, &["0001-Zwei.md"]).await;
    undone(&lena, 4, &["0000-Eins.md"]).await;
    undone(&lena, 3, &["0000-Eins.md"]).await;
    undone(&lena, 1, &["0000-Eins.md"]).await;
    undone(&lena, 2, &["0001-Zwei.md"]).await;
    assert!(lena.tasks().await.is_empty());
    let twice = lena.undo(2).await;
    assert_eq!((twice.status, twice.code().as_str()), (409, "touched_since"));
    assert!(twice.text.contains("there is nothing to take back"), "{}", twice.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_take_back_one_change_one_does() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    let before = lena.document("0").await;
    lena.update("0", json!({"tags": ["a"]})).await;
    let undos = (0..16).map(|_| {
        let lena = lena.clone();
        async move { lena.undo(2).await }
    });
    let answers = at_once(undos).await;
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|answer| answer.status == 409 && answer.code() == "touched_since").count();
    assert_eq!((done, refused), (1, 15), "{answers:?}");
    assert_eq!((lena.document("0").await, lena.generation().await), (before, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_undos_at_once_leave_a_state_that_all_agree_on() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    let without = lena.document("0").await;
    lena.update("0", json!({"tags": ["a"]})).await;
    let with = lena.document("0").await;
    let undos = (0..16).map(|_| {
        let lena = lena.clone();
        async move { lena.post("/api/undo", &json!({})).await }
    });
    let answers = at_once(undos).await;
    // Each takes the last change back, be it an undo that still waits for the disk.
    let mut undone = Vec::new();
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text);
        let answer = answer.json();
        undone.push((answer["undone"].as_u64().unwrap(), answer["generation"].as_u64().unwrap()));
    }
    undone.sort_unstable();
    let count = 16;
    assert_eq!(undone, (2..2 + count).map(|generation| (generation, generation + 1)).collect::<Vec<_>>());
    let expected = if count.is_multiple_of(2) { with } else { without };
    assert_eq!((lena.document("0").await, lena.generation().await), (expected.clone(), 2 + count));
    let entries = lena.history("/api/history").await;
    assert_eq!(entries.len() as u64, 2 + count);
    assert!(entries.windows(2).all(|pair| pair[0]["before"] == pair[1]["after"]), "an unbroken chain");
    assert_eq!(entries[0]["after"], json!(expected));
    assert_eq!(lena.get("/codex").await.text, lena.get("/codex?nocache=true").await.text);
}

#[tokio::test]
async fn history_and_undo_survive_a_restart() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Ziel"})).await;
    let before = lena.document("0").await;
    lena.apply("0", "pin", SLOT("15.10.2025", "abends")).await;
    lena.delete("/api/tasks/0").await;
    lena.put("/api/settings", &json!({"horizon": 3})).await;
    let entries = lena.history("/api/history").await;

    let server = server.restart().await;
    let lena = server.again(&lena);
    assert_eq!(lena.history("/api/history").await, entries);
    assert_eq!(lena.history("/api/tasks/0/history").await, entries[1..]);
    let last = lena.post("/api/undo", &json!({})).await;
    assert_eq!((last.status, &last.json()["undone"]), (200, &json!(4)), "the first thing after the restart");
    undone(&lena, 3, &["0000-Ziel.md"]).await;
    undone(&lena, 2, &["0000-Ziel.md"]).await;
    assert_eq!((lena.document("0").await, &lena.get("/api/settings").await.json()["horizon"]), (before, &json!(7)));

    let server = server.restart().await;
    let lena = server.again(&lena);
    assert_eq!(lena.history("/api/history").await.len(), 7);
    undone(&lena, 7, &["0000-Ziel.md"]).await;
    assert_eq!(lena.task("0").await["placed"], SLOT("15.10.2025", "abends"));
}
