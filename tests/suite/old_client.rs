//! A front end as the old system had one: it signs in once, reads the timeline, syncs, adds with a key of its own, and
//! completes by the name of the file that a slot has. It knows the old fields and nothing else.

use reqwest::Method;
use serde_json::{Value, json};

use crate::account_pages::signed_in;
use crate::harness::{Answer, MONDAY, TestServer};
use crate::shared::{Shared, document, settled};
use crate::visitor::Visitor;

const TASKS: &str = "codex-miroir/lena/tasks";

/// What such a front end makes of a timeline: day, slot, and what names the task in it.
fn slots(codex: &Value) -> Vec<(String, String, Option<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let days = codex["timeline"].as_array().unwrap().iter();
    let slots = days.flat_map(|day| day["slots"].as_array().unwrap().iter().map(move |slot| (day, slot)));
    slots
        .map(|(day, slot)| {
            // It takes the last part of a path, whether there is one or not.
            let file = slot["task"]["file"].as_str().map(|file| file.rsplit('/').next().unwrap().to_owned());
            (text(&day["datum"]), text(&slot["zeit"]), file.map(|file| file.trim_end_matches(".md").to_owned()))
        })
        .collect()
}

async fn codex(browser: &mut Visitor) -> Value {
    let answer = browser.get("/codex").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{}", answer.text);
    answer.json()
}

/// Sends it as a script of a page does, with the key that goes with it.
async fn add(browser: &mut Visitor, key: &str, body: &Value) -> Answer {
    let request = browser.request(Method::POST, "/api/tasks").header("Idempotency-Key", key).json(body);
    browser.send(request).await
}

/// The fields of an answer, in their order.
fn fields(answer: &Answer, names: &[&str]) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let json = answer.json();
    names.iter().map(|name| json[name].clone()).collect()
}

#[tokio::test]
async fn a_front_end_of_before_goes_on_working() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    clone.write(&format!("{TASKS}/0004-Von-dort.md"), Some(&document("Von dort", "", "")));
    clone.push("a task");
    let server = shared.server().await;
    let (mut browser, lena) = signed_in(&server, "lena").await;

    let request = browser.request(Method::POST, "/sync?mode=full");
    let synced = browser.send(request).await;
    let told = ["ok", "mode", "userId", "removed", "skipped", "nextId"];
    assert_eq!(fields(&synced, &told), json!([true, "full", "lena", 0, 0, 5]));
    let by_address = browser.get("/sync?mode=full").await;
    assert_eq!((by_address.status, by_address.header("allow")), (405, "POST"), "a link changes nothing");

    let task = json!({
        "kategorie": "privat", "status": "offen", "deadline": "1.11.2025", "tags": ["eins"],
        "fixedSlot": {"datum": "17.10.2025", "zeit": "abends"}, "title": "Aus der Oberfläche", "body": "Text",
    });
    let file = "0005-Aus-der-Oberfläche.md";
    let first = add(&mut browser, "2f4c1c1e-6a53-4a3e", &task).await;
    let told = ["ok", "id", "path", "filename", "reused"];
    assert_eq!(fields(&first, &told), json!([true, "0005", format!("{TASKS}/{file}"), file, null]));
    let again = add(&mut browser, "2f4c1c1e-6a53-4a3e", &task).await;
    assert_eq!(fields(&again, &told), json!([true, "0005", format!("{TASKS}/{file}"), file, true]));

    let timeline = slots(&codex(&mut browser).await);
    let first = timeline.iter().find(|(_, _, file)| file.as_deref() == Some("0004-Von-dort")).unwrap();
    let added = ("17.10.2025".to_owned(), "abends".to_owned(), Some("0005-Aus-der-Oberfläche".to_owned()));
    assert!(timeline.contains(&added), "{timeline:?}");
    assert_eq!(timeline.iter().filter(|(.., file)| file.is_some()).count(), 2);
    for (datum, zeit, file) in [first, &added] {
        let path = format!("/api/tasks/{}/complete", file.as_deref().unwrap());
        let slot = json!({"datum": datum, "zeit": zeit});
        for _ in 0..2 {
            let done = browser.post(&path, &slot).await;
            assert_eq!(fields(&done, &["ok", "completedAt"]), json!([true, slot]));
        }
    }
    assert!(slots(&codex(&mut browser).await).iter().all(|(.., file)| file.is_none()));
    settled(&lena).await;
    let there = shared.file(&format!("{TASKS}/{file}")).unwrap();
    for line in ["kategorie: privat", "status: abgeschlossen", "deadline: 01.11.2025", "# Aus der Oberfläche"] {
        assert!(there.lines().any(|present| present == line), "{line}: {there}");
    }
    assert_eq!(shared.files(TASKS).len(), 2);
}

#[tokio::test]
async fn what_it_sends_wrong_is_400_as_it_was() {
    let server = TestServer::start().await;
    let (mut browser, lena) = signed_in(&server, "lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "A"})).await;
    let before = codex(&mut browser).await;
    for (method, path, body) in [
        (Method::POST, "/api/tasks", json!({})),
        (Method::POST, "/api/tasks", json!({"kategorie": "sport"})),
        (Method::POST, "/api/tasks", json!({"kategorie": "arbeit", "fixedSlot": [null, {"zeit": "morgens"}]})),
        (
            Method::POST,
            "/api/tasks",
            json!({"kategorie": "arbeit", "fixedSlot": {"datum": "gestern", "zeit": "morgens"}}),
        ),
        (
            Method::POST,
            "/api/tasks",
            json!({"kategorie": "arbeit", "fixedSlot": {"datum": "17.10.2025", "zeit": "nachts"}}),
        ),
        (Method::PUT, "/api/tasks/0000-A", json!({"kategorie": 7})),
        (Method::PUT, "/api/tasks/0000-A", json!({"fixedSlot": {"datum": "99.99.9999", "zeit": "morgens"}})),
        (Method::POST, "/api/tasks/0000-A/complete", json!({"datum": "gestern", "zeit": "morgens"})),
        (Method::POST, "/api/tasks/0000-A/complete", json!({"datum": "13.10.2025"})),
        (Method::POST, "/api/tasks/0000-A/complete", json!({"zeit": "morgens"})),
    ] {
        let answer = browser.json(method.clone(), path, &body).await;
        assert_eq!(answer.status, 400, "{method} {path} {body}: {}", answer.text);
        assert_eq!(answer.json()["ok"], false);
    }
    assert_eq!(browser.post("/api/tasks/0001-B/complete", &json!({})).await.status, 404);
    assert_eq!(codex(&mut browser).await, before);
    // An empty week is never what somebody sees whose sign-in has ended.
    server.clock.set(crate::harness::instant(MONDAY) + chrono::TimeDelta::days(181));
    let ended = browser.get("/codex").await;
    assert_eq!((ended.status, ended.json()["timeline"].clone()), (401, Value::Null));
}
