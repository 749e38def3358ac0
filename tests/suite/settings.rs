//! What a user can set about planning, and what the timeline makes of it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, TestUser, entry};
use codexmiroir::store::Scopes;

async fn set(user: &TestUser, fields: Value) -> Value {
    let answer = user.put("/api/settings", &fields).await;
    assert_eq!(answer.status, 200, "{fields}: {}", answer.text);
    answer.json()
}

#[tokio::test]
async fn settings_are_shown_and_changed_in_whole_and_in_part() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let settings = json!({"timeZone": "Europe/Berlin", "language": "en", "horizon": 7, "theme": "auto"});
    assert_eq!(lena.get("/api/settings").await.json(), settings);
    let mut me = json!({
        "name": "lena", "scopes": ["read", "write"], "timeZone": "Europe/Berlin", "language": "en", "horizon": 7,
        "theme": "auto", "generation": 0,
    });
    assert_eq!(lena.get("/api/me").await.json(), me);
    let reader = lena.with_token(server.token("lena", Scopes::READ).await);
    assert_eq!(reader.get("/api/me").await.json()["scopes"], json!(["read"]));

    let whole = json!({"timeZone": "America/New_York", "language": "de", "horizon": 14, "theme": "dark"});
    let mut expected = json!({
        "ok": true, "timeZone": "America/New_York", "language": "de", "horizon": 14, "theme": "dark", "generation": 1,
    });
    assert_eq!(set(&lena, whole).await, expected);
    for (generation, (field, value)) in (2..).zip([
        ("horizon", json!(3)),
        ("language", json!("en")),
        ("timeZone", json!("Asia/Kathmandu")),
        ("theme", json!("light")),
    ]) {
        let answer = lena.patch("/api/settings", &json!({field: value})).await;
        expected[field] = value;
        expected["generation"] = json!(generation);
        assert_eq!((answer.status, answer.json()), (200, expected.clone()), "{field}");
    }
    for field in ["timeZone", "language", "horizon", "theme", "generation"] {
        me[field] = expected[field].clone();
    }
    assert_eq!(lena.get("/api/me").await.json(), me);

    let server = server.restart().await;
    assert_eq!(server.again(&lena).get("/api/me").await.json(), me, "after a restart too");
}

#[tokio::test]
async fn settings_as_they_are_commit_nothing() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    let before = lena.get("/codex").await;
    for fields in [
        json!({}),
        json!({"horizon": 7}),
        json!({"theme": "auto"}),
        json!({"timeZone": " europe/berlin "}),
        json!({"timeZone": null, "language": null}),
        json!({"timeZone": "Europe/Berlin", "language": "en", "horizon": 7}),
    ] {
        let answer = set(&lena, fields.clone()).await;
        let expected = json!({"ok": true, "timeZone": "Europe/Berlin", "language": "en", "horizon": 7, "theme": "auto", "generation": 1});
        assert_eq!(answer, expected, "{fields}");
        let codex = lena.get("/codex").await;
        assert_eq!((codex.header("x-cache"), codex.header("etag")), ("hot", before.header("etag")), "{fields}");
        assert_eq!(lena.history("/api/history").await.len(), 1, "{fields}");
    }
}

#[tokio::test]
async fn another_time_zone_moves_the_boundaries_by_one_generation() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    lena.create(json!({"kategorie": "arbeit"})).await;
    let toms = tom.get("/codex").await;
    let codex = lena.get("/codex").await;
    assert_eq!(codex.json()["validUntil"], "2025-10-13T09:00:00+02:00");
    // At eight in Berlin it is another time of day, or another day, elsewhere.
    for (generation, (zone, today, until, current)) in (2..).zip([
        ("Asia/Tokyo", "13.10.2025", "2025-10-13T17:00:00+09:00", json!("nachmittags")),
        ("Asia/Kathmandu", "13.10.2025", "2025-10-13T12:30:00+05:45", json!("morgens")),
        ("America/New_York", "13.10.2025", "2025-10-13T09:00:00-04:00", Value::Null),
        ("Pacific/Honolulu", "12.10.2025", "2025-10-12T21:30:00-10:00", json!("abends")),
        ("Europe/Berlin", "13.10.2025", "2025-10-13T09:00:00+02:00", Value::Null),
    ]) {
        assert_eq!(set(&lena, json!({"timeZone": zone})).await["generation"], generation);
        let answer = lena.get("/codex").await;
        let (codex, etag) = (answer.json(), answer.header("etag"));
        assert_eq!(answer.header("x-cache"), "hot", "{zone}: the change brought its timeline");
        assert_eq!((&codex["generation"], &codex["timeZone"]), (&json!(generation), &json!(zone)));
        assert_eq!((&codex["weekStart"], &codex["validUntil"]), (&json!(today), &json!(until)), "{zone}");
        assert_eq!(codex["current"]["zeit"], current, "{zone}");
        let anew = lena.get("/codex?nocache=true").await;
        assert_eq!((anew.text.as_str(), anew.header("etag")), (answer.text.as_str(), etag), "{zone}");
    }
    assert_ne!(lena.get("/codex").await.header("etag"), codex.header("etag"));
    let after = tom.get("/codex").await;
    assert_eq!((after.header("x-cache"), &after.text), ("hot", &toms.text), "nobody else's changed");
}

#[tokio::test]
async fn a_time_zone_decides_what_a_change_means() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    set(&lena, json!({"timeZone": "Pacific/Honolulu"})).await;
    let done = lena.complete("0", json!({})).await;
    assert_eq!(done["completedAt"], json!({"datum": "12.10.2025", "zeit": "abends"}));
}

#[tokio::test]
async fn the_horizon_is_a_day_to_a_leap_year() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "privat", "title": "Am Wochenende"})).await;
    for (horizon, last) in [(1, "13.10.2025"), (366, "13.10.2026"), (6, "18.10.2025")] {
        assert_eq!(set(&lena, json!({"horizon": horizon})).await["horizon"], horizon);
        let codex = lena.codex().await;
        let days = codex["timeline"].as_array().unwrap();
        assert_eq!(days.len(), usize::try_from(horizon).unwrap());
        assert_eq!((&days[0]["datum"], &days.last().unwrap()["datum"]), (&json!("13.10.2025"), &json!(last)));
        let placed = lena.task("0").await["placed"].clone();
        let expected = if horizon == 1 { Value::Null } else { json!({"datum": "18.10.2025", "zeit": "morgens"}) };
        assert_eq!(placed, expected, "{horizon}");
    }
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    set(&lena, json!({"horizon": 9})).await;
    let before = lena.get("/api/me").await.text;
    let cases = [
        (json!({"horizon": 0}), 422, "malformed_value", "horizon"),
        (json!({"horizon": 367}), 422, "malformed_value", "horizon"),
        (json!({"horizon": -1}), 422, "malformed_value", "horizon"),
        (json!({"horizon": 65_537}), 422, "malformed_value", "horizon"),
        (json!({"horizon": i64::MIN}), 422, "malformed_value", "horizon"),
        (json!({"horizon": u64::MAX}), 400, "wrong_type", "horizon"),
        (json!({"horizon": "7"}), 400, "wrong_type", "horizon"),
        (json!({"horizon": 7.5}), 400, "wrong_type", "horizon"),
        (json!({"horizon": true}), 400, "wrong_type", "horizon"),
        (json!({"timeZone": "Mars/Olympus"}), 422, "malformed_value", "timeZone"),
        (json!({"timeZone": "+02:00"}), 422, "malformed_value", "timeZone"),
        (json!({"timeZone": ""}), 422, "malformed_value", "timeZone"),
        (json!({"timeZone": 1}), 400, "wrong_type", "timeZone"),
        (json!({"language": "fr"}), 422, "malformed_value", "language"),
        (json!({"language": "DE"}), 422, "malformed_value", "language"),
        (json!({"language": ["de"]}), 400, "wrong_type", "language"),
        (json!({"theme": "pink"}), 422, "malformed_value", "theme"),
        (json!({"theme": "Dark"}), 422, "malformed_value", "theme"),
        (json!({"theme": true}), 400, "wrong_type", "theme"),
        (json!({"zone": "Europe/Berlin"}), 422, "unknown_field", "zone"),
        // One that is wrong spoils the others.
        (json!({"language": "de", "horizon": 0}), 422, "malformed_value", "horizon"),
        (json!({"timeZone": "UTC", "x": 1}), 422, "unknown_field", "x"),
    ];
    for (fields, status, code, field) in cases {
        let mut sentences = Vec::new();
        for (method, language) in [(Method::PUT, "en"), (Method::PATCH, "de")] {
            let request = lena.request(method, "/api/settings").header("Accept-Language", language).json(&fields);
            let answer = Answer::of(request).await;
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{fields}: {}", answer.text);
            assert_eq!(answer.json()["field"], field, "{fields}: {}", answer.text);
            sentences.push(answer.json()["error"].as_str().unwrap().to_owned());
        }
        assert_ne!(sentences[0], sentences[1], "{fields}");
        assert_eq!(lena.get("/api/me").await.text, before, "{fields}");
    }
    let unsure = lena.put("/api/settings", &json!({"timezone": "UTC"})).await;
    assert!(unsure.text.contains("timeZone"), "the right name is suggested: {}", unsure.text);
}

#[tokio::test]
async fn a_token_that_only_reads_changes_no_settings() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let reader = lena.with_token(server.token("lena", Scopes::READ).await);
    for method in [Method::PUT, Method::PATCH] {
        let answer = Answer::of(reader.request(method, "/api/settings").json(&json!({"horizon": 1}))).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "scope_missing"));
    }
    assert_eq!(reader.get("/api/settings").await.json()["horizon"], 7);
}

#[tokio::test]
async fn the_language_is_that_of_the_texts_in_the_timeline() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import_document(&lena, "0000.md", "---\ntyp: task\nstatus: offen\n---\n").await;
    server.import_document(&lena, "0001.md", "---\ntyp: task\nkategorie: arbeit\nstatus: x\n---\n").await;
    let reasons = async || {
        let codex = lena.codex().await;
        ["0000.md", "0001.md"].map(|file| entry(&codex, "invalid", file)["reason"].as_str().unwrap().to_owned())
    };
    let english = reasons().await;
    let tag = lena.get("/codex").await.header("etag").to_owned();
    set(&lena, json!({"language": "de"})).await;
    let german = reasons().await;
    assert!(english.iter().zip(&german).all(|(english, german)| english != german), "{english:?} {german:?}");
    assert_ne!(lena.get("/codex").await.header("etag"), tag);
    // The asker's own language is for errors and single tasks; the timeline's is a setting.
    let request = lena.request(Method::GET, "/codex").header("Accept-Language", "en");
    let asked = Answer::of(request).await.json();
    assert_eq!(entry(&asked, "invalid", "0000.md")["reason"], json!(german[0]));
    set(&lena, json!({"language": "en"})).await;
    assert_eq!(reasons().await, english);
}
