//! `Idempotency-Key` on every route that changes tasks: what comes again is answered as it was, and done once.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, MONDAY, TestServer, TestUser, at_once, instant};

/// A request with a key; an empty object stands for no body.
async fn keyed(user: &TestUser, key: &str, (method, path, body): (&Method, &str, &Value)) -> Answer {
    let request = user.request(method.clone(), path).header("Idempotency-Key", key);
    let has_body = body.as_object().is_some_and(|fields| !fields.is_empty());
    Answer::of(if has_body { request.json(body) } else { request }).await
}

/// Every route with a body that changes something, in an order in which each finds something to change.
fn changes() -> Vec<(Method, &'static str, Value)> {
    let slot = json!({"datum": "15.10.2025", "zeit": "abends"});
    vec![
        (Method::POST, "/api/tasks", json!({"kategorie": "arbeit"})),
        (Method::PUT, "/api/tasks/0", json!({"title": "Neu"})),
        (Method::PATCH, "/api/tasks/0", json!({"tags": ["neu"]})),
        (Method::POST, "/api/tasks/0/pin", slot.clone()),
        (Method::POST, "/api/tasks/0/unpin", json!({})),
        (Method::POST, "/api/tasks/0/complete", json!({})),
        (Method::POST, "/api/tasks/0/reopen", json!({})),
        (Method::POST, "/api/tasks/0/cancel", json!({})),
        (Method::POST, "/api/undo", json!({})),
        (Method::POST, "/api/undo", json!({"generation": 9})),
        (Method::DELETE, "/api/tasks/1", json!({})),
    ]
}

/// A server with a user who has two tasks.
async fn begin() -> (TestServer, TestUser) {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for title in ["Eins", "Zwei"] {
        lena.create(json!({"kategorie": "arbeit", "title": title})).await;
    }
    (server, lena)
}

#[tokio::test]
async fn each_change_is_made_once_and_answered_the_same_also_after_a_restart() {
    let (server, lena) = begin().await;
    let tom = server.user("tom").await;
    let mut first = Vec::new();
    for (number, (method, path, body)) in changes().into_iter().enumerate() {
        let answer = keyed(&lena, &format!("k{number}"), (&method, path, &body)).await;
        assert_eq!((answer.status, &answer.json()["reused"]), (200, &Value::Null), "{path}: {}", answer.text);
        first.push(answer);
    }
    let generation = lena.generation().await;
    assert_eq!(generation, 2 + first.len() as u64);
    let state = lena.get("/api/tasks").await.text;

    let server = server.restart().await;
    let (lena, tom) = (server.again(&lena), server.again(&tom));
    for (number, (method, path, body)) in changes().into_iter().enumerate() {
        let key = format!("k{number}");
        let again = keyed(&lena, &key, (&method, path, &body)).await;
        let mut expected = first[number].json();
        expected["reused"] = json!(true);
        assert_eq!((again.status, again.json()), (200, expected), "{path}");
        assert_eq!(again.header("etag"), first[number].header("etag"), "{path}");
        // Another user's key is another one: there is no such task or change to be answered about.
        if path != "/api/tasks" {
            assert_eq!(keyed(&tom, &key, (&method, path, &body)).await.status, 404, "{path}");
        }
    }
    assert_eq!((lena.generation().await, lena.get("/api/tasks").await.text), (generation, state));
}

#[tokio::test]
async fn another_request_with_the_key_is_refused_and_other_routes_have_their_own() {
    let (server, lena) = begin().await;
    let slot = |zeit| json!({"datum": "15.10.2025", "zeit": zeit});
    let done = |method: Method, path: &'static str, body: Value| {
        let lena = lena.clone();
        async move {
            let answer = keyed(&lena, "k", (&method, path, &body)).await;
            assert_eq!((answer.status, &answer.json()["reused"]), (200, &Value::Null), "{path}: {}", answer.text);
        }
    };
    // One key, many routes: each is a request of its own.
    done(Method::POST, "/api/tasks", json!({"kategorie": "arbeit"})).await;
    done(Method::PUT, "/api/tasks/0", json!({"title": "Neu"})).await;
    done(Method::POST, "/api/tasks/0/pin", slot("abends")).await;
    done(Method::POST, "/api/tasks/0/complete", slot("abends")).await;
    done(Method::POST, "/api/tasks/0/cancel", json!({})).await;
    done(Method::POST, "/api/undo", json!({"generation": 3})).await;
    done(Method::DELETE, "/api/tasks/0", json!({})).await;
    let (generation, state) = (lena.generation().await, lena.get("/api/tasks").await.text);
    for (method, path, body) in [
        (Method::POST, "/api/tasks", json!({"kategorie": "privat"})),
        (Method::PUT, "/api/tasks/0", json!({"title": "Anders"})),
        (Method::PUT, "/api/tasks/1", json!({"title": "Neu"})),
        (Method::POST, "/api/tasks/0/pin", slot("morgens")),
        (Method::POST, "/api/tasks/1/pin", slot("abends")),
        (Method::POST, "/api/tasks/0/complete", json!({})),
        (Method::POST, "/api/tasks/1/cancel", json!({})),
        (Method::POST, "/api/undo", json!({})),
        (Method::DELETE, "/api/tasks/1", json!({})),
    ] {
        let answer = keyed(&lena, "k", (&method, path, &body)).await;
        assert_eq!((answer.status, answer.code().as_str()), (422, "idempotency_key_reused"), "{method} {path}");
    }
    let matched = lena.request(Method::DELETE, "/api/tasks/0").header("Idempotency-Key", "k");
    assert_eq!(Answer::of(matched.header("If-Match", "\"x\"")).await.status, 422, "it expects something else");
    assert_eq!((lena.generation().await, lena.get("/api/tasks").await.text), (generation, state));

    server.clock.set(instant(MONDAY) + TimeDelta::hours(24));
    done(Method::POST, "/api/undo", json!({})).await;
    assert_eq!(lena.generation().await, generation + 1, "after 24 hours the key is free again");
}

#[tokio::test]
async fn what_was_refused_or_changed_nothing_is_decided_anew() {
    let (_server, lena) = begin().await;
    let path = "/api/tasks/0/reopen";
    let unchanged = keyed(&lena, "k", (&Method::POST, path, &json!({}))).await;
    assert_eq!((unchanged.status, unchanged.json()["generation"].as_u64()), (200, Some(2)));
    lena.apply("0", "cancel", json!({})).await;
    let reopened = keyed(&lena, "k", (&Method::POST, path, &json!({}))).await.json();
    assert_eq!((&reopened["generation"], &reopened["reused"]), (&json!(4), &Value::Null));
    let refused = keyed(&lena, "k", (&Method::POST, "/api/undo", &json!({"generation": 99}))).await;
    assert_eq!((refused.status, refused.code().as_str()), (404, "no_such_change"));
    let undone = keyed(&lena, "k", (&Method::POST, "/api/undo", &json!({}))).await;
    assert_eq!((undone.status, &undone.json()["undone"]), (200, &json!(4)));
    for key in ["", &"x".repeat(256), "\u{e4}"] {
        let malformed = keyed(&lena, key, (&Method::POST, "/api/undo", &json!({}))).await;
        assert_eq!((malformed.status, malformed.code().as_str()), (400, "malformed_header"), "{key:?}");
    }
}

/// A retry of a whole document succeeds, though its first attempt has changed what it expects.
#[tokio::test]
async fn a_conditional_request_that_comes_again_is_answered_not_refused() {
    let (_server, lena) = begin().await;
    let etag = lena.get("/api/tasks/0").await.header("etag").to_owned();
    let document = lena.document("0").await + "\nMehr.\n";
    let replace = |key: Option<&'static str>| {
        let mut request = lena.request(Method::PUT, "/api/tasks/0").header("If-Match", &etag);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        Answer::of(request.json(&json!({"document": document})))
    };
    let first = replace(Some("k")).await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(replace(None).await.status, 412, "without a key it is another request, and comes too late");
    let again = replace(Some("k")).await;
    assert_eq!((again.status, again.header("etag")), (200, first.header("etag")));
    assert_eq!((lena.document("0").await, lena.generation().await), (document, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_twins_of_an_undo_take_one_change_back_each_for_both_users() {
    let server = TestServer::start().await;
    let users = [server.user("lena").await, server.user("tom").await];
    for round in 1..=5 {
        for user in &users {
            user.create(json!({"kategorie": "arbeit"})).await;
        }
        let twins = (0..12).map(|number| (users[number % 2].clone(), format!("k{round}")));
        let twins =
            twins.map(|(user, key)| async move { keyed(&user, &key, (&Method::POST, "/api/undo", &json!({}))).await });
        for answer in at_once(twins).await {
            match answer.status {
                200 => assert_eq!(answer.json()["undone"], 2 * round - 1),
                status => assert_eq!((status, answer.code().as_str()), (409, "idempotency_key_in_flight")),
            }
        }
        for user in &users {
            let again = keyed(user, &format!("k{round}"), (&Method::POST, "/api/undo", &json!({}))).await.json();
            assert_eq!((&again["undone"], &again["reused"]), (&json!(2 * round - 1), &json!(true)));
            assert_eq!((user.generation().await, user.tasks().await.len()), (2 * round, 0));
        }
    }
}
