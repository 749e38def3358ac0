//! What the sync with Git tells: answers that wait for a push, the state, its events, and refusals.

use codexmiroir::app::{SyncMode, SyncSettings};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::git_host::Behaviour;
use crate::harness::{Answer, Start, TestServer, TestUser};
use crate::shared::{Shared, document, sync};

/// Sends a change that prefers to wait for its push.
async fn waiting(user: &TestUser, method: Method, path: &str, body: &Value) -> Answer {
    let request = user.request(method, path).header("Prefer", "respond-async, wait=30");
    let request = if body.is_null() { request } else { request.json(body) };
    let answer = Answer::of(request).await;
    assert_eq!((answer.status, answer.header("preference-applied")), (200, "wait=30"), "{path}: {}", answer.text);
    answer
}

fn pushed(answer: &Answer) -> (bool, bool, Option<String>) {
    let json = answer.json();
    let commit = json.get("commitSha").map(|commit| commit.as_str().unwrap().to_owned());
    (json["gitPushed"] == true, json["gitPending"] == true, commit)
}

#[tokio::test]
async fn every_change_can_wait_for_its_push() {
    let shared = Shared::new();
    let server = shared.server().await;
    let lena = server.user("lena").await;
    let task = json!({"kategorie": "arbeit", "title": "Eins"});
    let script = json!({"script": "fn slots(day, slots) { [slot(\"morgens\", \"09:00\", \"12:30\")] }"});
    for (method, path, body) in [
        (Method::POST, "/api/tasks", task),
        (Method::PATCH, "/api/tasks/0", json!({"title": "Zwei"})),
        (Method::POST, "/api/tasks/0/pin", json!({"datum": "16.10.2025", "zeit": "abends"})),
        (Method::POST, "/api/tasks/0/unpin", Value::Null),
        (Method::POST, "/api/tasks/0/complete", Value::Null),
        (Method::POST, "/api/tasks/0/reopen", Value::Null),
        (Method::POST, "/api/tasks/0/cancel", Value::Null),
        (Method::POST, "/api/undo", Value::Null),
        (Method::PUT, "/api/rules", script),
        (Method::DELETE, "/api/rules", Value::Null),
        (Method::DELETE, "/api/tasks/0", Value::Null),
    ] {
        let answer = waiting(&lena, method.clone(), path, &body).await;
        assert_eq!(pushed(&answer), (true, false, Some(shared.head())), "{method} {path}");
    }
    let without = lena.post("/api/tasks", &json!({"kategorie": "arbeit"})).await;
    assert_eq!((pushed(&without), without.header("preference-applied")), ((false, true, None), ""));
}

#[tokio::test]
async fn a_wait_ends_though_nothing_is_pushed() {
    let shared = Shared::new();
    let server = shared.server().await;
    let lena = server.user("lena").await;
    sync(&lena, "").await;
    shared.host.behave(Behaviour::Status(503));
    let request = lena.request(Method::POST, "/api/tasks").header("Prefer", "wait=1");
    let answer = Answer::of(request.json(&json!({"kategorie": "arbeit", "title": "Wartet"}))).await;
    assert_eq!((answer.status, answer.header("preference-applied")), (200, "wait=1"));
    assert_eq!(pushed(&answer), (false, true, None));
    let state = lena.get("/api/sync").await.json();
    assert_eq!((&state["outbox"], &state["problem"]["code"]), (&json!(1), &json!("remote_failing")));
    assert!(state["outboxSince"].is_string() && state["base"] == state["head"], "{state}");
    shared.host.behave(Behaviour::Git);
    sync(&lena, "?mode=diff").await;
    assert_eq!(lena.get("/api/sync").await.json()["outbox"], 0);
}

#[tokio::test]
async fn where_nothing_is_pushed_nothing_is_pending() {
    let shared = Shared::new();
    for (mode, path) in [(SyncMode::PullOnly, "notes/tasks/lena/tasks"), (SyncMode::Off, "notes/tasks/lena/tasks")] {
        let settings = SyncSettings { mode, base_path: "notes/tasks".to_owned(), ..shared.settings() };
        let server = TestServer::start_with(Start { sync: settings, ..Start::default() }).await;
        let lena = server.user("lena").await;
        let answer = waiting(&lena, Method::POST, "/api/tasks", &json!({"kategorie": "arbeit", "title": "A"})).await;
        assert_eq!(pushed(&answer), (false, false, None));
        assert_eq!(answer.json()["path"], format!("{path}/0000-A.md"));
    }
}

#[tokio::test]
async fn a_branch_that_is_not_there_is_refused_and_nothing_is_lost() {
    let shared = Shared::new();
    let server = shared.server().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Bleibt"})).await;
    sync(&lena, "").await;
    let generation = lena.generation().await;
    // Fault 32: a branch with a typing error emptied the account and lowered the next number.
    for method in [Method::GET, Method::POST] {
        for query in ["?ref=typo", "?mode=full&clean=true&ref=mian", "?mode=diff&ref=refs/heads/main"] {
            let answer = Answer::of(lena.request(method.clone(), &format!("/sync{query}"))).await;
            assert_eq!((answer.status, answer.code().as_str()), (404, "no_such_branch"), "{query}: {}", answer.text);
        }
    }
    let unknown = lena.post(&format!("/sync?mode=diff&since={}", "0123456789".repeat(4)), &Value::Null).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "no_such_commit"), "{}", unknown.text);
    assert_eq!((lena.generation().await, lena.tasks().await.len()), (generation, 1));
    let by_name = sync(&lena, "?ref=main&mode=full").await;
    let told = ["ok", "mode", "ref", "userId", "scope", "changed", "removed", "skipped", "nextId", "cacheCleared"];
    let told = told.map(|field| by_name[field].clone());
    let expected = json!([true, "full", "main", "lena", "shared", 0, 0, 0, 1, 0]);
    assert_eq!(json!(told), expected);
    assert_eq!((&by_name["head"], &by_name["generation"]), (&json!(shared.head()), &json!(generation)));
}

#[tokio::test]
async fn a_client_of_old_syncs_by_get_and_reads_numbers() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    for name in ["0001-a.md", "0002-b.md"] {
        clone.write(&format!("codex-miroir/lena/tasks/{name}"), Some(&document("Von dort", "", "")));
    }
    clone.push("two tasks");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    let told = lena.get("/sync?mode=full").await;
    assert_eq!(told.status, 200, "{}", told.text);
    let json = told.json();
    // The server may have been faster with what it does by itself.
    let changed = json["files"]["changed"].as_array().unwrap().len();
    assert_eq!((&json["changed"], &json["nextId"]), (&json!(changed), &json!(3)));
    assert_eq!(lena.tasks().await.len(), 2);
}

#[tokio::test]
async fn what_the_repository_refuses_is_told_with_what_to_do() {
    let shared = Shared::new();
    let server = shared.server().await;
    let lena = server.user("lena").await;
    shared.host.let_in_only("git", "another token");
    let refused = lena.post("/sync", &Value::Null).await;
    assert_eq!((refused.status, refused.code().as_str()), (502, "remote_unauthorized"), "{}", refused.text);
    assert!(!refused.headers.contains_key("retry-after"), "trying again alone does not help");
    let german = Answer::of(lena.request(Method::GET, "/api/sync").header("Accept-Language", "de")).await.json();
    assert_eq!(german["problem"]["code"], "remote_unauthorized");
    assert_ne!(german["problem"]["error"], refused.json()["error"]);
    let off = TestServer::start_with(Start {
        sync: SyncSettings { mode: SyncMode::Off, ..shared.settings() },
        ..Start::default()
    })
    .await;
    let anna = off.user("anna").await;
    assert_eq!(anna.post("/sync", &Value::Null).await.code(), "sync_off");
    let state = anna.get("/api/sync").await.json();
    assert_eq!((&state["state"], &state["mode"], &state["isOwn"]), (&json!("off"), &json!("off"), &json!(false)));
    assert_eq!(state["remote"], shared.host.repository("tasks.git"));
}

/// What a stream of events says of the sync.
struct States {
    response: Response,
    read: String,
}

impl States {
    async fn of(user: &TestUser) -> States {
        let response = user.request(Method::GET, "/api/events").send().await.unwrap();
        assert_eq!(response.status(), 200);
        States { response, read: String::new() }
    }

    /// The next state; the timeline's events are left aside.
    async fn next(&mut self) -> Value {
        loop {
            while let Some((frame, rest)) = self.read.split_once("\n\n") {
                let frame = frame.to_owned();
                self.read = rest.to_owned();
                if let Some(data) = frame.strip_prefix("event: sync\ndata: ") {
                    return serde_json::from_str(data).unwrap();
                }
                assert!(frame.starts_with(':') || frame.contains("\nevent: timeline\n"), "{frame:?}");
            }
            let chunk = self.response.chunk().await.unwrap().expect("the stream goes on");
            self.read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The first state for which this holds.
    async fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            let state = self.next().await;
            assert_eq!(state.as_object().unwrap().len(), 4, "{state}");
            if holds(&state) {
                return state;
            }
        }
    }
}

#[tokio::test]
async fn a_stream_tells_how_the_sync_stands() {
    let shared = Shared::new();
    let server = shared.server().await;
    let lena = server.user("lena").await;
    sync(&lena, "").await;
    let mut states = States::of(&lena).await;
    let first = states.next().await;
    assert_eq!((&first["outbox"], &first["problem"]), (&json!(0), &Value::Null));
    waiting(&lena, Method::POST, "/api/tasks", &json!({"kategorie": "arbeit", "title": "Neu"})).await;
    let head = json!(shared.head());
    states.until(|state| state["head"] == head && state["outbox"] == 0 && state["state"] == "idle").await;
    shared.host.behave(Behaviour::Status(403));
    assert_eq!(lena.post("/sync", &Value::Null).await.code(), "remote_forbidden");
    let failed = states.until(|state| state["problem"] != Value::Null).await;
    assert_eq!(failed["problem"]["code"], "remote_forbidden");
    shared.host.behave(Behaviour::Git);
    sync(&lena, "").await;
    states.until(|state| state["problem"] == Value::Null && state["state"] == "idle").await;
    // Another repository, or none, is told of as well.
    let own = json!({"remote": "https://git.example.org/lena/tasks.git", "mode": "off"});
    assert_eq!(lena.put("/api/sync/remote", &own).await.status, 200);
    states.until(|state| state["state"] == "off").await;
    lena.delete("/api/sync/remote").await;
    states.until(|state| state["head"] == head).await;
}
