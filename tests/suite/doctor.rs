//! The doctor: it names what is not in order, derives anew what is derived, and leaves alone what somebody wrote.

mod damages;
mod told;

use codexmiroir::service::Service;
use codexmiroir::service::doctor::{Finding, Manner};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::harness::{Answer, MONDAY, TestServer, TestUser, at_once, instant, vault};

/// Everything that is found, piece after piece.
pub async fn found(service: &Arc<Service>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut next = Some(String::new());
    while let Some(place) = next {
        let examined = service.examine(&place, Manner { repairs: false, is_alone: true }).await.unwrap().unwrap();
        found.extend(examined.findings);
        next = examined.next;
    }
    found
}

/// As [`found`], over HTTP, with a repair (`POST`) or without.
async fn asked(server: &TestServer, method: &Method) -> Vec<Value> {
    let mut found = Vec::new();
    let mut next = json!("");
    while let Some(place) = next.as_str() {
        let request = server.administrator().request(method.clone(), &format!("/api/admin/doctor?place={place}"));
        let examined = Answer::of(request).await;
        assert_eq!(examined.status, 200, "{}", examined.text);
        found.extend(examined.json()["findings"].as_array().unwrap().clone());
        next = examined.json()["next"].clone();
    }
    found
}

/// What there is of each kind: an account with tasks, a second one, a token, rules, answers that are remembered.
async fn furnished() -> (TestServer, TestUser) {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.user("tom").await;
    server.import(&lena, &vault("lena")).await;
    let create = lena.request(Method::POST, "/api/tasks").header("Idempotency-Key", "a-key");
    assert_eq!(Answer::of(create.json(&json!({"kategorie": "arbeit", "title": "Neu"}))).await.status, 200);
    assert_eq!(lena.patch("/api/settings", &json!({"horizon": 9})).await.status, 200);
    let rules = lena.put("/api/rules", &json!({"rules": [{"use": "spartan"}]})).await;
    assert_eq!(rules.status, 200, "{}", rules.text);
    let git = json!({"remote": "https://git.example.org/a.git", "mode": "off"});
    assert_eq!(lena.put("/api/sync/remote", &git).await.status, 200);
    lena.get("/codex").await;
    (server, lena)
}

#[tokio::test]
async fn what_is_in_order_has_no_finding() {
    let (server, _) = furnished().await;
    assert_eq!(found(server.service()).await, []);
    assert_eq!(asked(&server, &Method::POST).await, Vec::<Value>::new(), "and nothing to mend");
    let server = server.restart().await;
    assert_eq!(found(server.service()).await, []);
    let nowhere = server.administrator().get("/api/admin/doctor?place=rows.8.00").await;
    assert_eq!((nowhere.status, nowhere.code().as_str()), (400, "malformed_query"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_meanwhile_is_no_flaw() {
    let server = TestServer::start().await;
    let users = [server.user("lena").await, server.user("tom").await, server.user("ida").await];
    let service = server.service().clone();
    let looking = tokio::spawn(async move {
        let mut all = Vec::new();
        for _ in 0..8 {
            all.extend(found(&service).await);
        }
        all
    });
    let writing = users.into_iter().map(|user| async move {
        for number in 0..60 {
            let id = user.create(json!({"kategorie": "arbeit", "title": format!("Nummer {number}")})).await;
            match number % 3 {
                0 => drop(user.delete(&format!("/api/tasks/{id}")).await),
                1 => drop(user.update(&id, json!({"title": "Anders"})).await),
                _ => drop(user.get("/codex").await),
            }
        }
    });
    at_once(writing).await;
    assert_eq!(looking.await.unwrap(), []);
}

#[tokio::test]
async fn a_repair_beside_a_server_reaches_what_the_server_remembers() {
    let (server, lena) = furnished().await;
    let right = lena.get("/codex").await.text;
    let path = server.data_dir().to_owned();
    let server = server.restart_after(|| damages::mix_up_tasks(&path)).await;
    let lena = server.again(&lena);
    // The server plans with what it reads, and keeps that for the next change.
    let mut wrong = Vec::new();
    for path in ["/codex", "/codex?format=ics", "/api/tasks"] {
        wrong.push((path, lena.get(path).await));
    }
    assert_ne!(wrong[0].1.text, right);
    let mended = asked(&server, &Method::POST).await;
    assert!(mended.iter().any(|finding| finding["state"] == "mended"), "{mended:?}");
    assert_eq!(lena.get("/codex").await.text, right, "of the generation that it was");
    // Whoever kept what was wrong is not told that nothing changed.
    for (path, kept) in wrong {
        let again = lena.request(Method::GET, path).header("If-None-Match", kept.header("etag"));
        let again = Answer::of(again).await;
        assert!(again.status == 200 && again.text != kept.text, "{path}: {}", again.status);
    }
    lena.create(json!({"kategorie": "arbeit"})).await;
    assert_eq!(lena.get("/codex").await.text, lena.get("/codex?nocache=true").await.text);
    assert_eq!(found(server.service()).await, []);
}

#[tokio::test]
async fn a_clock_that_was_set_back_is_told_until_it_is_right() {
    let (server, lena) = furnished().await;
    server.set_clock("2025-10-20T08:00:00+02:00");
    lena.create(json!({"kategorie": "arbeit"})).await;
    server.clock.set(instant(MONDAY));
    let codes: Vec<_> = found(server.service()).await.into_iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["clock_set_back"]);
    server.set_clock("2025-10-20T08:00:00+02:00");
    assert_eq!(found(server.service()).await, []);
}
