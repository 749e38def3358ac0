//! What was changed, when, by whom: the list of a user's changes and of one document's.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, TestUser};

const SLOT: fn(&str, &str) -> Value = |datum, zeit| json!({"datum": datum, "zeit": zeit});

/// A document as small as one can be; `word` makes it another.
fn document(word: &str) -> String {
    format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n\n# {word}\n")
}

/// Many documents of one import.
fn many(count: usize, word: &str) -> Vec<(String, Vec<u8>)> {
    (0..count).map(|number| (format!("{number:04}.md"), document(word).into_bytes())).collect()
}

/// A change that was made: its verb, its way in, its summaries, and the document before and after.
struct Made {
    verb: &'static str,
    through: &'static str,
    summaries: [&'static str; 2],
    before: Option<String>,
    after: Option<String>,
}

/// Makes every kind of change, each a minute after the one before. The change of settings is the last but one.
async fn every_kind(server: &TestServer, lena: &TestUser) -> Vec<Made> {
    let mut made = Vec::new();
    let mut before = None;
    let slot = || SLOT("15.10.2025", "abends");
    for (verb, english, german, body) in [
        ("create", "added 0000-Ziel.md", "0000-Ziel.md angelegt", json!({"kategorie": "arbeit", "title": "Ziel"})),
        ("update", "changed 0000-Ziel.md", "0000-Ziel.md geändert", json!({"tags": ["ä"]})),
        ("pin", "pinned 0000-Ziel.md", "0000-Ziel.md festgelegt", slot()),
        ("unpin", "unpinned 0000-Ziel.md", "0000-Ziel.md gelöst", json!({})),
        ("complete", "completed 0000-Ziel.md", "0000-Ziel.md erledigt", slot()),
        ("reopen", "reopened 0000-Ziel.md", "0000-Ziel.md wieder geöffnet", json!({})),
        ("cancel", "cancelled 0000-Ziel.md", "0000-Ziel.md abgebrochen", json!({})),
        ("import", "imported 0000-Ziel.md", "0000-Ziel.md importiert", json!({})),
        ("delete", "removed 0000-Ziel.md", "0000-Ziel.md entfernt", json!({})),
        ("settings", "changed the settings", "Einstellungen geändert", json!({"horizon": 9})),
        ("undo", "took back", "zurückgenommen", json!({})),
    ] {
        server.set_clock(&format!("2025-10-13T08:{:02}:00+02:00", made.len() + 1));
        let status = match verb {
            "create" => lena.post("/api/tasks", &body).await.status,
            "update" => lena.patch("/api/tasks/0", &body).await.status,
            "delete" => lena.delete("/api/tasks/0").await.status,
            "settings" => lena.put("/api/settings", &body).await.status,
            "undo" => lena.post("/api/undo", &body).await.status,
            "import" => {
                server.import_document(lena, "0000-Ziel.md", &document("Importiert")).await;
                200
            }
            verb => lena.post(&format!("/api/tasks/0/{verb}"), &body).await.status,
        };
        assert_eq!(status, 200, "{verb}");
        let after = match verb {
            "delete" => None,
            "settings" => Some(lena.get("/api/settings").await.text),
            "undo" => Some(r#"{"timeZone":"Europe/Berlin","language":"en","horizon":7,"theme":"auto"}"#.to_owned()),
            _ => Some(lena.document("0").await),
        };
        let was = match verb {
            "settings" => Some(r#"{"timeZone":"Europe/Berlin","language":"en","horizon":7,"theme":"auto"}"#.to_owned()),
            _ => before,
        };
        let through = if verb == "import" { "import" } else { "token" };
        made.push(Made { verb, through, summaries: [english, german], before: was, after: after.clone() });
        before = after;
    }
    made
}

#[tokio::test]
async fn every_kind_of_change_is_listed_the_latest_first() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    assert_eq!(lena.get("/api/history").await.json(), json!({"entries": [], "next": null}));
    let made = every_kind(&server, &lena).await;
    for (index, language) in ["en", "de"].into_iter().enumerate() {
        let request = lena.request(Method::GET, "/api/history").header("Accept-Language", language);
        let answer = Answer::of(request).await;
        assert_eq!((answer.status, &answer.json()["next"]), (200, &Value::Null));
        let expected: Vec<Value> = (1..)
            .zip(&made)
            .map(|(generation, made)| {
                let is_document = !["settings", "undo"].contains(&made.verb);
                json!({
                    "generation": generation, "at": format!("2025-10-13T06:{generation:02}:00Z"), "actor": "lena",
                    "through": made.through, "verb": made.verb, "summary": made.summaries[index],
                    "file": is_document.then_some("0000-Ziel.md"), "before": made.before, "after": made.after,
                })
            })
            .collect();
        let listed = answer.json()["entries"].as_array().unwrap().clone();
        assert_eq!(listed.len(), expected.len());
        for (listed, expected) in listed.iter().zip(expected.iter().rev()) {
            assert_eq!(listed, expected, "{language}");
        }
    }
    // Of the document it is the same without the settings.
    let all = lena.history("/api/history").await;
    let of_document: Vec<Value> = all.into_iter().filter(|entry| entry["file"] == "0000-Ziel.md").collect();
    assert_eq!(lena.history("/api/tasks/0000-Ziel.md/history").await, of_document);
}

#[tokio::test]
async fn a_change_taken_back_is_listed_with_its_document() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Ziel"})).await;
    let before = lena.document("0").await;
    lena.delete("/api/tasks/0").await;
    assert_eq!(lena.undo(2).await.status, 200);
    let latest = lena.history("/api/history").await.remove(0);
    let expected = json!({
        "generation": 3, "at": "2025-10-13T06:00:00Z", "actor": "lena", "through": "token", "verb": "undo",
        "summary": "took back 0000-Ziel.md", "file": "0000-Ziel.md", "before": null, "after": before,
    });
    assert_eq!(latest, expected);
}

/// Follows `next` to the end; the entries and the pages' sizes.
async fn pages(user: &TestUser, path: &str, limit: usize) -> (Vec<Value>, Vec<usize>) {
    let (mut entries, mut sizes, mut before) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = user.get(&format!("{path}?limit={limit}{before}")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let page = page.json();
        let listed = page["entries"].as_array().unwrap();
        sizes.push(listed.len());
        entries.extend(listed.iter().cloned());
        assert!(sizes.len() < 1_000, "the pages go on for ever");
        match &page["next"] {
            Value::Null => return (entries, sizes),
            next => before = format!("&before={}", next.as_str().unwrap()),
        }
    }
}

#[tokio::test]
async fn pages_through_a_bulk_import_lose_and_repeat_nothing() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Vorher"})).await;
    server.import_files(&lena, many(300, "Stapel")).await;
    lena.create(json!({"kategorie": "arbeit", "title": "Nachher"})).await;
    let all = lena.history("/api/history").await;
    let files: std::collections::BTreeSet<&str> = all.iter().map(|entry| entry["file"].as_str().unwrap()).collect();
    assert_eq!((all.len(), files.len()), (302, 302));
    assert!(all.iter().map(|entry| entry["generation"].as_u64().unwrap()).is_sorted_by(|a, b| a >= b));
    for limit in [1, 7, 151, 302, 303] {
        let (entries, sizes) = pages(&lena, "/api/history", limit).await;
        assert_eq!(entries, all, "{limit}");
        assert_eq!(sizes.len(), 302usize.div_ceil(limit), "{limit}: no page is empty");
        assert!(sizes.iter().rev().skip(1).all(|size| *size == limit), "{limit}: {sizes:?}");
    }
    let usual = lena.get("/api/history").await.json();
    assert_eq!((usual["entries"].as_array().unwrap().len(), usual["entries"][0] == all[0]), (100, true));

    // What happens while somebody pages does not move the rest.
    let first = lena.get("/api/history?limit=100").await.json();
    lena.create(json!({"kategorie": "arbeit"})).await;
    let path = format!("/api/history?limit=5000&before={}", first["next"].as_str().unwrap());
    assert_eq!(lena.get(&path).await.json()["entries"].as_array().unwrap(), &all[100..]);
    // A generation alone is everything before it.
    let before = |generation: u64| format!("/api/history?limit=5000&before={generation}");
    assert_eq!(lena.get(&before(3)).await.json()["entries"].as_array().unwrap(), &all[1..]);
    assert_eq!(lena.get(&before(2)).await.json()["entries"].as_array().unwrap(), &all[301..]);
    assert_eq!(lena.get(&before(1)).await.json()["entries"], json!([]));
}

#[tokio::test]
async fn one_documents_history_is_paged_as_well() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for word in ["Eins", "Zwei", "Drei"] {
        server.import_files(&lena, many(20, word)).await;
    }
    for number in 0..5 {
        lena.update("7", json!({"tags": [number.to_string()]})).await;
    }
    let all = lena.history("/api/tasks/7/history").await;
    assert_eq!(all.len(), 8);
    assert!(all.iter().all(|entry| entry["file"] == "0007.md"));
    assert!(all.windows(2).all(|pair| pair[0]["before"] == pair[1]["after"]), "each begins where the one before ended");
    assert_eq!((&all[7]["before"], &all[0]["after"]), (&Value::Null, &json!(lena.document("7").await)));
    for limit in [1, 3, 8, 9] {
        let (entries, sizes) = pages(&lena, "/api/tasks/7/history", limit).await;
        assert_eq!((entries, sizes.len()), (all.clone(), 8usize.div_ceil(limit)), "{limit}");
    }
}

#[tokio::test]
async fn a_removed_documents_history_is_found_by_each_of_its_names() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Übergabe"})).await;
    lena.create(json!({"kategorie": "arbeit", "title": "Bleibt"})).await;
    lena.update("0", json!({"tags": ["a"]})).await;
    lena.delete("/api/tasks/0").await;
    let names = ["0", "0000", "0000-%C3%9Cbergabe", "0000-%C3%9Cbergabe.md"];
    for name in names {
        assert_eq!(lena.get(&format!("/api/tasks/{name}")).await.status, 404);
        let verbs = lena.history(&format!("/api/tasks/{name}/history")).await;
        let verbs: Vec<&str> = verbs.iter().map(|entry| entry["verb"].as_str().unwrap()).collect();
        assert_eq!(verbs, ["delete", "update", "create"], "{name}");
    }
    for name in ["2", "0000-Bleibt", "0000-ubergabe.md", "x", "%20"] {
        let missing = lena.get(&format!("/api/tasks/{name}/history")).await;
        assert_eq!((missing.status, missing.code().as_str()), (404, "no_such_task"), "{name}");
    }
    let server = server.restart().await;
    let lena = server.again(&lena);
    assert_eq!(lena.history("/api/tasks/0/history").await.len(), 3, "after a restart too");
}

#[tokio::test]
async fn a_number_of_several_documents_is_ambiguous_here_too() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for twin in ["0007-a.md", "0007-b.md"] {
        server.import_document(&lena, twin, &document(twin)).await;
    }
    let ambiguous = async |what: &str| {
        let answer = lena.get("/api/tasks/7/history").await;
        assert_eq!((answer.status, answer.code().as_str()), (409, "ambiguous_id"), "{what}");
        assert_eq!(answer.json()["candidates"], json!(["0007-a.md", "0007-b.md"]), "{what}");
    };
    ambiguous("both are there").await;
    lena.delete("/api/tasks/0007-a").await;
    assert_eq!(
        lena.history("/api/tasks/7/history").await[0]["file"],
        "0007-b.md",
        "the number is that of the one left"
    );
    assert_eq!(lena.history("/api/tasks/0007-a.md/history").await.len(), 2);
    lena.delete("/api/tasks/0007-b").await;
    ambiguous("both are gone").await;
    assert_eq!(lena.history("/api/tasks/0007-b/history").await.len(), 2);
}

#[tokio::test]
async fn another_users_history_is_out_of_sight_and_reach() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    for _ in 0..3 {
        tom.create(json!({"kategorie": "arbeit", "title": "Geheim"})).await;
    }
    assert!(lena.history("/api/history").await.is_empty());
    for id in ["0", "0000-Geheim.md"] {
        assert_eq!(lena.get(&format!("/api/tasks/{id}/history")).await.status, 404);
    }
    let before = tom.get("/codex").await.text;
    for generation in 1..=3 {
        assert_eq!(lena.undo(generation).await.code(), "no_such_change");
    }
    assert_eq!(lena.post("/api/undo", &json!({})).await.code(), "no_such_change");
    // Nor does it show when both have documents of the same names, in the same generations.
    for _ in 0..2 {
        lena.create(json!({"kategorie": "privat", "title": "Geheim"})).await;
    }
    assert_eq!(lena.history("/api/history").await.len(), 2);
    assert!(lena.history("/api/tasks/0/history").await[0]["after"].as_str().unwrap().contains("privat"));
    assert_eq!(lena.undo(2).await.status, 200);
    assert_eq!(tom.get("/codex").await.text, before);
    assert_eq!(tom.history("/api/history").await.len(), 3);
    for path in ["/api/history", "/api/tasks/0/history"] {
        let request = server.client.get(server.url(path));
        assert_eq!(Answer::of(request).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn pages_that_cannot_be_are_refused() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    for path in ["/api/history", "/api/tasks/0/history"] {
        for (field, values) in [
            ("limit", &["0", "5001", "-1", "x", "1.5"][..]),
            ("before", &["x", "-1", "1.x", "1.2.3", ".", "1.", "99999999999999999999", "1.4294967296"]),
        ] {
            for value in values {
                let refused = lena.get(&format!("{path}?{field}={value}")).await;
                assert_eq!((refused.status, refused.code().as_str()), (400, "malformed_query"), "{field}={value}");
                assert_eq!(refused.json()["field"], field, "{value}");
            }
        }
        let last = format!("{path}?before={}.{}", u64::MAX, u32::MAX);
        assert_eq!(lena.get(&last).await.json()["entries"].as_array().unwrap().len(), 1);
    }
}
