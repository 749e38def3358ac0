//! Rules that fail over HTTP: what is said of it, where, how often, and what stands in.

use serde_json::{Value, json};

use crate::harness::{Start, TestServer, TestUser, file_at};

/// One slot a day, of a name of its own.
fn one_slot(name: &str) -> String {
    format!("fn slots(day, slots) {{ [slot(\"{name}\", \"09:00\", \"12:00\")] }}\n")
}

fn own(name: &str, script: &str) -> Value {
    json!({"rules": [{"name": name, "script": script}]})
}

/// Sets rules, which must succeed.
async fn set(user: &TestUser, rules: &Value) {
    let answer = user.put("/api/rules", rules).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

async fn shown(user: &TestUser) -> Value {
    user.get("/api/rules").await.json()
}

#[tokio::test]
async fn when_the_present_list_fails_an_earlier_one_stands_in() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    set(&lena, &own("good", &one_slot("gut"))).await;
    let fragile = "fn place(task, today) { if task.title == \"Falle\" { throw \"hinein\" } anywhere() }";
    set(&lena, &own("fragile", &(one_slot("neu") + fragile))).await;
    let failures = || server.service().metrics().rule_failures.get();
    assert_eq!(failures(), 0);
    let saved = lena.post("/api/tasks", &json!({"kategorie": "arbeit", "title": "Falle"})).await.json();
    assert_eq!((&saved["id"], &saved["rulesOk"]), (&json!("0000"), &json!(false)), "{saved}");
    let id = "0000";
    let codex = lena.codex().await;
    assert_eq!((&codex["rules"]["name"], &codex["rules"]["source"]), (&json!("good"), &json!("user")));
    assert_eq!((&codex["rules"]["version"], &codex["rules"]["error"]["task"]), (&json!(1), &json!("0000")));
    for (path, said) in [
        (
            "/codex?format=text",
            "your rules failed: rule script 'fragile', place(), line 2, column 52, for task 0000: hinein\nversion 1 of your rules stands in\n",
        ),
        ("/codex?format=html", "column 52, for task 0000: hinein. version 1 of your rules stands in. "),
        ("/codex?nocache=true", "\"task\":\"0000\""),
        ("/codex?now=2025-10-13T11:00:00%2B02:00", "\"task\":\"0000\""),
    ] {
        let answer = lena.get(path).await;
        assert!(answer.text.contains(said), "{path}: {}", answer.text);
    }
    assert_eq!(failures(), 1, "it is told once, however often it is read");
    // It is the present list already, but whoever sets it again is told.
    for again in [
        lena.put("/api/rules", &own("fragile", &(one_slot("neu") + fragile))).await,
        lena.post("/api/rules/versions/2/restore", &json!({})).await,
    ] {
        assert_eq!((again.status, again.code().as_str()), (422, "rules_refused"), "{}", again.text);
        assert_eq!(again.json()["errors"][0]["task"], "0000");
        assert!(again.text.contains("for task 0000"), "{}", again.text);
    }
    assert_eq!(codex["rules"]["ok"], false);
    assert_eq!(file_at(&codex, "13.10.2025", "gut").as_deref(), Some("0000-Falle.md"));
    let rules = shown(&lena).await;
    assert_eq!((&rules["ok"], &rules["rules"][0]["name"]), (&json!(false), &json!("fragile")), "{rules}");
    let error = &rules["error"];
    assert_eq!((&error["script"], &error["function"], &error["line"]), (&json!("fragile"), &json!("place"), &json!(2)));
    assert!(error["message"].as_str().unwrap().contains("hinein"), "{error}");
    // After a restart the same stands in.
    let server = server.restart().await;
    let lena = server.again(&lena);
    assert_eq!(lena.get("/codex?nocache=true").await.json(), codex);
    lena.delete(&format!("/api/tasks/{id}")).await;
    assert_eq!(lena.codex().await["rules"], json!({"name": "fragile", "source": "user", "version": 2, "ok": true}));
    let saved = lena.post("/api/tasks", &json!({"kategorie": "arbeit", "title": "Keine"})).await.json();
    assert_eq!(saved["rulesOk"], Value::Null, "{saved}");
    lena.update("0001", json!({"title": "Falle"})).await;
    assert_eq!(
        server.service().metrics().rule_failures.get(),
        2,
        "that of before the restart, as it was, and this one"
    );
}

#[tokio::test]
async fn when_the_servers_rules_fail_nobody_is_told_that_theirs_did() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("haus.rhai");
    let fragile = "fn place(task, today) { if task.title == \"Falle\" { throw \"hinein\" } anywhere() }";
    std::fs::write(&file, one_slot("haus") + fragile).unwrap();
    let server = TestServer::start_with(Start { rules: vec![file], ..Start::default() }).await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Falle"})).await;
    let text = lena.get("/codex?format=text").await.text;
    let said = "the server's rules failed: rule script 'haus', place(), line 2, column 52, for task 0000: hinein\nthe built-in rules stand in\n";
    assert!(text.contains(said) && !text.contains("your"), "{text}");
    let codex = lena.codex().await;
    assert_eq!((&codex["rules"]["source"], &codex["rules"]["version"]), (&json!("builtin"), &Value::Null));
}

#[tokio::test]
async fn a_week_without_slots_says_so_and_cuts_no_reason() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let reason = "Das geht erst, wenn der Frühling kommt und die Tage wieder länger als die Nächte sind";
    // No day that is planned here has a slot, but a later one does.
    let closed = format!(
        "fn slots(day, slots) {{ if day.year < 2028 {{ [] }} else {{ [slot(\"spaet\", \"9:00\", \"10:00\")] }} }}\n\
         fn place(task, today) {{ never(\"{reason}\") }}"
    );
    let scripts = ["a", "b", "c", "d"].map(|name| (name, if name == "d" { closed.as_str() } else { "// nothing" }));
    let list = scripts.map(|(name, script)| json!({"name": name, "script": script}));
    set(&lena, &json!({"rules": list})).await;
    lena.create(
        json!({"kategorie": "arbeit", "title": "Etwas mit einem Titel, der allein schon fast die Zeile füllt"}),
    )
    .await;
    assert_eq!(lena.codex().await["rules"]["name"], "a + b + c + …");
    let page = lena.get("/codex?format=html").await.text;
    assert!(page.contains("No slot is offered in these days.") && !page.contains("Between slots"), "{page}");
    for width in [20, 40, 60, 100] {
        let text = lena.get(&format!("/codex?format=text&width={width}")).await.text;
        let part = text.split("Not placed\n").nth(1).unwrap();
        assert!(part.lines().all(|line| line.chars().count() <= width), "{width}: {text}");
        let words: Vec<&str> = part.split_whitespace().collect();
        assert!(words.join(" ").ends_with(&format!("– {reason}")), "{width}: {text}");
    }
}
