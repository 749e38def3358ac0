//! The routes of the sync with Git, as far as no repository is needed: what they refuse, and a remote of one's own.

use codexmiroir::service::administration::AccountFields;
use codexmiroir::store::Scopes;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, TestUser};
use crate::visitor::{PASSWORD, Visitor};

const REMOTE: &str = "/api/sync/remote";
const ADDRESS: &str = "https://git.example.org/anna/tasks.git";
const TOKEN: &str = "token-of-the-forge-0123456789";

async fn ask(user: &TestUser, method: Method, path: &str) -> Answer {
    Answer::of(user.request(method, path)).await
}

#[tokio::test]
async fn a_sync_that_is_asked_for_wrongly_changes_nothing() {
    let server = TestServer::start().await;
    let anna = server.user("anna").await;
    anna.create(json!({"kategorie": "arbeit", "title": "Bleibt"})).await;
    for method in [Method::GET, Method::POST] {
        for (query, expected) in [
            ("?mode=all", (400, "malformed_query")),
            ("?since=main", (400, "malformed_query")),
            ("?since=0123456789", (400, "malformed_query")),
            ("?mode=diff&clean=true", (400, "malformed_query")),
            ("?mode=full&clean=yes", (400, "malformed_query")),
            ("?cleen=true", (422, "unknown_field")),
            ("", (409, "no_remote")),
            ("?mode=FULL&clean=true", (409, "no_remote")),
            ("?mode=diff&ref=other&since=0123456789abcdef0123456789ABCDEF01234567", (409, "no_remote")),
        ] {
            let answer = ask(&anna, method.clone(), &format!("/sync{query}")).await;
            assert_eq!((answer.status, answer.code().as_str()), expected, "{method} {query}: {}", answer.text);
        }
    }
    assert_eq!((anna.generation().await, anna.tasks().await.len()), (1, 1));
    let german = Answer::of(anna.request(Method::POST, "/sync").header("Accept-Language", "de")).await;
    assert!(german.json()["error"].as_str().unwrap().contains("git.remote"), "{}", german.text);
}

#[tokio::test]
async fn a_browser_syncs_by_no_get() {
    let server = TestServer::start().await;
    server.user("anna").await;
    let password = AccountFields { password: Some(PASSWORD.to_owned()), ..AccountFields::default() };
    server.service().change_account("anna", password).await.unwrap();
    let mut browser = Visitor::signed_in(&server, "anna").await;
    let by_get = browser.get("/sync?mode=full").await;
    assert_eq!((by_get.status, by_get.code().as_str(), by_get.header("allow")), (405, "method_not_allowed", "POST"));
    let request = browser.request(Method::POST, "/sync?mode=full");
    assert_eq!(browser.send(request).await.code(), "no_remote", "its own pages do it by POST");
}

#[tokio::test]
async fn to_sync_is_to_change() {
    let server = TestServer::start().await;
    let anna = server.user("anna").await;
    let reader = anna.with_token(server.token("anna", Scopes::READ).await);
    for method in [Method::GET, Method::POST] {
        assert_eq!(ask(&reader, method, "/sync").await.code(), "scope_missing");
    }
    for (method, body) in [(Method::PUT, json!({"remote": ADDRESS, "mode": "off"})), (Method::DELETE, Value::Null)] {
        let answer = Answer::of(reader.request(method, REMOTE).json(&body)).await;
        assert_eq!(answer.code(), "scope_missing");
    }
    assert_eq!((reader.get("/api/sync").await.status, reader.get(REMOTE).await.status), (200, 200));
}

#[tokio::test]
async fn without_a_repository_there_is_nothing_to_tell() {
    let server = TestServer::start().await;
    let anna = server.user("anna").await;
    let status = anna.get("/api/sync").await.json();
    let expected = json!({
        "remote": null, "branch": null, "base_path": null, "username": null, "mode": null, "hasToken": false,
        "isOwn": false, "state": "off", "head": null, "base": null, "outbox": 0, "outboxSince": null, "onlyHere": 0,
        "lastSuccess": null, "problem": null, "next": null, "held": [], "heldMore": 0, "heldBack": 0, "notices": [], "conflicts": [],
    });
    assert_eq!(status, expected);
    let created = Answer::of(
        anna.request(Method::POST, "/api/tasks").header("Prefer", "wait=60").json(&json!({"kategorie": "arbeit"})),
    )
    .await;
    assert_eq!((created.status, created.header("preference-applied")), (200, "wait=60"), "{}", created.text);
    assert_eq!((&created.json()["gitPushed"], &created.json()["gitPending"]), (&json!(false), &json!(false)));
    assert_eq!(created.json()["commitSha"], Value::Null);
}

#[tokio::test]
async fn a_remote_of_ones_own_is_set_shown_without_its_token_and_removed() {
    let server = TestServer::start().await;
    let (anna, bert) = (server.user("anna").await, server.user("bert").await);
    let wanted = json!({
        "remote": ADDRESS, "branch": "tasks", "base_path": "notes/tasks", "username": "anna", "token": TOKEN,
        "mode": "off",
    });
    let set = anna.put(REMOTE, &wanted).await;
    let mut expected = json!({
        "remote": ADDRESS, "branch": "tasks", "base_path": "notes/tasks", "username": "anna", "mode": "off",
        "hasToken": true, "isOwn": true,
    });
    assert_eq!(anna.get(REMOTE).await.json(), expected);
    expected["ok"] = json!(true);
    assert_eq!((set.status, set.json()), (200, expected));
    assert_eq!(anna.get("/api/sync").await.json()["remote"], ADDRESS);
    assert_eq!(bert.get(REMOTE).await.json()["remote"], Value::Null, "it is anna's");

    let kept = anna.put(REMOTE, &json!({"remote": ADDRESS, "mode": "off"})).await.json();
    assert_eq!(
        (&kept["hasToken"], &kept["branch"], &kept["base_path"]),
        (&json!(true), &json!("main"), &json!("codex-miroir"))
    );
    let without = anna.put(REMOTE, &json!({"remote": ADDRESS, "mode": "off", "token": null})).await.json();
    assert_eq!(without["hasToken"], json!(false));

    for removed in [true, false] {
        let answer = anna.delete(REMOTE).await;
        assert_eq!((answer.status, answer.json()), (200, json!({"ok": true, "removed": removed})));
    }
    assert_eq!(anna.get(REMOTE).await.json()["remote"], Value::Null);
}

#[tokio::test]
async fn a_remote_that_cannot_be_is_refused_at_its_field() {
    let server = TestServer::start().await;
    let anna = server.user("anna").await;
    for (wanted, expected) in [
        (json!({"branch": "main"}), (422, "missing", "remote")),
        (json!({"remote": ADDRESS, "mode": "pull-request"}), (422, "malformed_value", "mode")),
        (json!({"remote": ADDRESS, "mode": "Push"}), (422, "malformed_value", "mode")),
        (json!({"remote": ADDRESS, "token": ""}), (422, "empty", "token")),
        (json!({"remote": ADDRESS, "token": 7}), (400, "wrong_type", "token")),
        (json!({"remote": [ADDRESS]}), (400, "wrong_type", "remote")),
        (json!({"remote": ADDRESS, "basePath": "x"}), (422, "unknown_field", "basePath")),
    ] {
        let answer = anna.put(REMOTE, &wanted).await;
        let told = answer.json();
        assert_eq!((answer.status, answer.code().as_str(), told["field"].as_str().unwrap()), expected, "{wanted}");
    }
    assert_eq!(anna.get(REMOTE).await.json()["remote"], Value::Null);
}
