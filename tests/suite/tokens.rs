//! `/api/tokens`: what one token can make of another, and how it ends.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use codexmiroir::service::administration::AccountFields;
use codexmiroir::store::Scopes;
use redb::ReadableDatabase;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, MONDAY, TestServer, TestUser, at_once, instant};

const READ_WRITE: Scopes = Scopes(3);

/// Makes a token, which must succeed: the answer, and its holder.
async fn issue(user: &TestUser, body: Value) -> (Value, TestUser) {
    let answer = user.post("/api/tokens", &body).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{}", answer.text);
    let json = answer.json();
    let holder = user.with_token(json["token"].as_str().unwrap().to_owned());
    (json, holder)
}

async fn listed(user: &TestUser) -> Vec<Value> {
    let answer = user.get("/api/tokens").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(!answer.text.contains("cmr_"), "{}", answer.text);
    answer.json()["tokens"].as_array().unwrap().clone()
}

#[tokio::test]
async fn tokens_are_made_listed_and_revoked() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    server.set_clock("2025-10-13T08:01:00+02:00");
    let (made, laptop) = issue(&lena, json!({"name": "Laptop", "scopes": ["read"], "expires": "90d"})).await;
    assert_eq!((&made["ok"], &made["name"], &made["scopes"]), (&json!(true), &json!("Laptop"), &json!(["read"])));
    assert_eq!(made["createdAt"], "2025-10-13T06:01:00Z");
    assert_eq!(made["expiresAt"], "2026-01-11T06:01:00Z");
    let tokens = listed(&lena).await;
    assert_eq!(tokens.len(), 2);
    assert_eq!((&tokens[1]["id"], &tokens[1]["lastUsedAt"]), (&made["id"], &Value::Null));
    assert_eq!(tokens[1].as_object().unwrap().len(), 6);
    assert_eq!(laptop.get("/codex").await.status, 200);
    for (path, scope) in [("/api/tasks", "write"), ("/api/admin/users", "admin")] {
        let refused = laptop.post(path, &json!({"kategorie": "arbeit"})).await;
        assert_eq!((refused.status, refused.code().as_str()), (403, "scope_missing"));
        let sentence = refused.json()["error"].as_str().unwrap().to_owned();
        assert!(sentence.contains(&format!("lacks the scope {scope}")), "{sentence}");
    }

    // What is somebody else's is not there.
    let path = format!("/api/tokens/{}", made["id"].as_str().unwrap());
    assert_eq!(tom.delete(&path).await.code(), "no_such_token");
    assert_eq!(listed(&tom).await.len(), 1);
    assert_eq!(laptop.get("/codex").await.status, 200);
    let revoked = lena.delete(&path).await;
    assert_eq!((revoked.status, revoked.json()), (200, json!({"ok": true, "id": made["id"]})));
    assert_eq!(laptop.get("/codex").await.code(), "invalid_token");
    assert_eq!(lena.delete(&path).await.code(), "no_such_token");
    assert_eq!(listed(&lena).await.len(), 1);
    let server = server.restart().await;
    assert_eq!(server.again(&laptop).get("/codex").await.code(), "invalid_token");
    assert_eq!(server.again(&lena).get("/codex").await.status, 200);
}

/// Begins what is asked, and goes away before there is an answer.
async fn begin_and_leave(work: impl Future) {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        assert!(work.as_mut().poll(context).is_pending(), "nobody can leave what is over");
        std::task::Poll::Ready(())
    })
    .await;
}

/// Waits until the token lets nobody in.
async fn must_end(holder: &TestUser) {
    let ended = async {
        while holder.get("/api/me").await.status != 401 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), ended).await.expect("it still lets somebody in");
    assert_eq!(holder.get("/codex").await.code(), "invalid_token");
}

#[tokio::test]
async fn rights_end_although_whoever_ends_them_goes_away() {
    let server = TestServer::start().await;
    let (lena, tom, ida) = (server.user("lena").await, server.user("tom").await, server.user("ida").await);
    let service = server.service();
    let (made, laptop) = issue(&lena, json!({})).await;
    for holder in [&laptop, &tom, &ida] {
        assert_eq!(holder.get("/codex").await.status, 200);
    }
    let user = service.require_user("lena").unwrap().id;
    begin_and_leave(service.revoke_token(user, made["id"].as_str().unwrap())).await;
    must_end(&laptop).await;
    let disabled = AccountFields { disabled: Some(true), ..AccountFields::default() };
    begin_and_leave(service.change_account("tom", disabled)).await;
    must_end(&tom).await;
    begin_and_leave(service.remove_account("ida")).await;
    must_end(&ida).await;
    assert_eq!(lena.get("/codex").await.status, 200);
}

#[tokio::test]
async fn a_token_gives_nothing_that_it_does_not_have() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let socket = server.administrator();
    assert_eq!(socket.patch("/api/admin/users/lena", &json!({"admin": true})).await.status, 200);
    let reader = lena.with_token(server.token("lena", Scopes::READ).await);
    let writer = lena.with_token(server.token("lena", Scopes::WRITE).await);
    let admin = lena.with_token(server.token("lena", Scopes::ADMIN).await);
    for (who, scopes, status) in [
        (&reader, json!(["read"]), 403),
        (&admin, json!(["admin"]), 403),
        (&writer, json!(["read"]), 403),
        (&writer, json!(["write", "admin"]), 403),
        (&writer, json!(["feed"]), 403),
        (&writer, json!(["write"]), 200),
        (&writer, Value::Null, 200),
        (&lena, json!(["admin"]), 403),
        (&lena, json!(["read", "write", "feed"]), 200),
    ] {
        let answer = who.post("/api/tokens", &json!({"scopes": scopes})).await;
        assert_eq!(answer.status, status, "{scopes}: {}", answer.text);
    }
    let (of_writer, _) = issue(&writer, json!({})).await;
    assert_eq!(of_writer["scopes"], json!(["write"]));
    let (of_lena, _) = issue(&lena, json!({})).await;
    assert_eq!((&of_lena["scopes"], &of_lena["expiresAt"]), (&json!(["read", "write"]), &Value::Null));

    // The administrator may give the scope admin, but only to administrators.
    let acting = socket.acting_for("lena").post("/api/tokens", &json!({"scopes": ["read", "admin"]})).await;
    assert_eq!(acting.status, 200, "{}", acting.text);
    let made = lena.with_token(acting.json()["token"].as_str().unwrap().to_owned());
    assert_eq!(made.get("/api/admin/users").await.status, 200);
    server.user("tom").await;
    let refused = socket.acting_for("tom").post("/api/tokens", &json!({"scopes": ["admin"]})).await;
    assert_eq!((refused.status, refused.code().as_str()), (422, "not_an_administrator"));
    assert_eq!(socket.get("/api/tokens").await.code(), "user_needed");
}

#[tokio::test]
async fn a_token_makes_none_that_outlives_it() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let ends = instant(MONDAY) + TimeDelta::days(10);
    let token = server.service().create_token("lena", READ_WRITE, "kurz", Some(ends)).await.unwrap();
    let short = lena.with_token(token);
    for body in [json!({"expires": "11d"}), json!({"expiresAt": "2025-10-23T06:00:01Z"})] {
        assert_eq!(short.post("/api/tokens", &body).await.code(), "outlives_token", "{body}");
    }
    for body in [json!({}), json!({"expires": "10d"}), json!({"expiresAt": "2025-10-23T08:00:00+02:00"})] {
        assert_eq!(issue(&short, body).await.0["expiresAt"], "2025-10-23T06:00:00Z");
    }
    let (_, shorter) = issue(&short, json!({"expires": "1h"})).await;
    let mut events = shorter.request(Method::GET, "/api/events").send().await.unwrap();
    assert!(events.chunk().await.unwrap().is_some());
    server.clock.set(instant(MONDAY) + TimeDelta::hours(1));
    assert_eq!(shorter.get("/codex").await.code(), "invalid_token");
    while events.chunk().await.unwrap().is_some() {}
    assert_eq!(short.get("/codex").await.status, 200);
}

#[tokio::test]
async fn bad_input_makes_no_token_and_says_so_in_both_languages() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for (body, status, code) in [
        (json!([]), 400, "malformed_json"),
        (json!({"name": "x".repeat(65)}), 422, "too_long"),
        (json!({"name": "a\nb"}), 422, "control_character"),
        (json!({"name": 1}), 400, "wrong_type"),
        (json!({"scopes": "read"}), 400, "wrong_type"),
        (json!({"scopes": [1]}), 400, "wrong_type"),
        (json!({"scopes": []}), 422, "empty"),
        (json!({"scopes": ["read", "everything"]}), 422, "unknown_value"),
        (json!({"expires": "soon"}), 422, "malformed_value"),
        (json!({"expires": "0d"}), 422, "malformed_value"),
        (json!({"expires": "99999999999999999999d"}), 422, "malformed_value"),
        (json!({"expiresAt": "2025-10-13T06:00:00Z"}), 422, "malformed_value"),
        (json!({"expiresAt": "tomorrow"}), 422, "malformed_value"),
        (json!({"expires": "1d", "expiresAt": "2026-10-13T06:00:00Z"}), 422, "not_together"),
        (json!({"expire": "1d"}), 422, "unknown_field"),
    ] {
        let mut sentences = BTreeSet::new();
        for language in ["en", "de"] {
            let request = lena.request(Method::POST, "/api/tokens").header("Accept-Language", language);
            let answer = Answer::of(request.json(&body)).await;
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{body}");
            sentences.insert(answer.json()["error"].as_str().unwrap().to_owned());
        }
        assert_eq!(sentences.len(), 2, "{sentences:?}");
    }
    for id in ["nonsense", "0000000000000000", "ABABABABABABABAB", "..%2F..", "%F0%9F%92%A9"] {
        assert_eq!(lena.delete(&format!("/api/tokens/{id}")).await.code(), "no_such_token", "{id}");
    }
    assert_eq!(listed(&lena).await.len(), 1);
}

#[tokio::test]
async fn the_last_use_is_noted_once_an_hour() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let used = async |server: &TestServer| listed(&server.again(&lena)).await[0]["lastUsedAt"].clone();
    // Its writing is waited for by nobody, so it is asked for until it is there.
    let noted = async |server: &TestServer, at: &str| while used(server).await != at {};
    noted(&server, "2025-10-13T06:00:00Z").await;
    server.set_clock("2025-10-13T08:59:59+02:00");
    assert_eq!(used(&server).await, "2025-10-13T06:00:00Z");
    server.set_clock("2025-10-13T09:10:00+02:00");
    noted(&server, "2025-10-13T07:10:00Z").await;
    let server = server.restart().await;
    server.set_clock("2025-10-13T09:20:00+02:00");
    assert_eq!(used(&server).await, "2025-10-13T07:10:00Z", "it lasts, and the hour is not begun anew");
    server.set_clock("2025-10-13T10:00:00+02:00");
    noted(&server, "2025-10-13T08:00:00Z").await;
    assert_eq!(server.again(&lena).codex().await["generation"], 0, "it is no change");
}

#[tokio::test]
async fn a_token_revoked_while_it_is_used_is_refused_from_then_on() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for _ in 0..10 {
        let (made, other) = issue(&lena, json!({})).await;
        let mut events = other.request(Method::GET, "/api/events").send().await.unwrap();
        assert!(events.chunk().await.unwrap().is_some());
        let users: Vec<_> = (0..4)
            .map(|_| {
                let other = other.clone();
                // Each goes on until it is refused; none may be let in again after that.
                async move { while other.get("/codex").await.status == 200 {} }
            })
            .collect();
        let users = tokio::spawn(at_once(users));
        let path = format!("/api/tokens/{}", made["id"].as_str().unwrap());
        assert_eq!(lena.delete(&path).await.status, 200);
        let after = at_once((0..4).map(|_| {
            let other = other.clone();
            async move { other.get("/codex").await.status }
        }));
        assert_eq!(after.await, [401; 4]);
        users.await.unwrap();
        while events.chunk().await.unwrap().is_some() {}
        // The last event was sent before the answer to the revocation.
        assert_eq!(lena.get("/codex").await.status, 200);
    }
}

#[tokio::test]
async fn a_user_has_no_more_than_a_thousand_tokens() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let service = server.service().clone();
    let made = at_once((0..999).map(|_| {
        let service = service.clone();
        async move { service.create_token("lena", READ_WRITE, "", None).await.is_ok() }
    }));
    assert!(made.await.into_iter().all(|made| made));
    drop(service);
    let refused = lena.post("/api/tokens", &json!({})).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "too_many_tokens"));
    assert_eq!(listed(&lena).await.len(), 1_000);
}

#[tokio::test]
async fn tokens_of_a_database_without_the_index_are_found() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    issue(&lena, json!({"name": "zweites"})).await;
    let before = listed(&lena).await;
    let database = server.data_dir().join("codexmiroir.redb");
    let server = server.restart_after(|| {
        let database = redb::Database::open(&database).unwrap();
        let index = redb::TableDefinition::<(u64, &[u8; 32]), ()>::new("user_tokens");
        let transaction = database.begin_write().unwrap();
        assert!(transaction.delete_table(index).unwrap());
        // It is one of the first form, which had none.
        let mut meta = transaction.open_table(redb::TableDefinition::<&str, &[u8]>::new("meta")).unwrap();
        meta.insert("schema", 1_u32.to_be_bytes().as_slice()).unwrap();
        drop(meta);
        transaction.commit().unwrap();
        assert!(database.begin_read().unwrap().open_table(index).is_err());
    });
    let server = server.await;
    let ids = |tokens: &[Value]| tokens.iter().map(|token| token["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&listed(&server.again(&lena)).await), ids(&before));
}

/// Asks for a token with this key.
async fn with_key(user: &TestUser, key: &str, body: &Value) -> Answer {
    Answer::of(user.request(Method::POST, "/api/tokens").header("Idempotency-Key", key).json(body)).await
}

#[tokio::test]
async fn a_key_makes_one_token_and_shows_it_once() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    let laptop = json!({"name": "Laptop"});
    let first = with_key(&lena, "one", &laptop).await;
    assert_eq!(first.status, 200, "{}", first.text);
    let (id, token) = (first.json()["id"].as_str().unwrap().to_owned(), first.json()["token"].clone());
    let again = with_key(&lena, "one", &laptop).await;
    assert_eq!((again.status, again.code().as_str()), (409, "token_issued_before"));
    let sentence = again.json()["error"].as_str().unwrap().to_owned();
    assert!(sentence.contains(&id) && sentence.contains("revoke"), "{sentence}");
    assert!(!again.text.contains("cmr_"), "{}", again.text);
    assert_eq!(with_key(&lena, "one", &json!({"name": "Phone"})).await.code(), "idempotency_key_reused");
    assert_eq!(with_key(&lena, "", &laptop).await.code(), "malformed_header");
    assert_eq!(listed(&lena).await.len(), 2);
    // What was refused did nothing, so its key is free; and a key is one user's.
    assert_eq!(with_key(&lena, "two", &json!({"scopes": ["admin"]})).await.code(), "scope_not_held");
    assert_eq!(with_key(&lena, "two", &laptop).await.status, 200);
    assert_eq!(with_key(&tom, "one", &laptop).await.status, 200);

    let server = server.restart().await;
    let lena = server.again(&lena);
    assert_eq!(with_key(&lena, "one", &laptop).await.code(), "token_issued_before");
    let file = std::fs::read(server.data_dir().join("codexmiroir.redb")).unwrap();
    let token = token.as_str().unwrap().as_bytes();
    assert!(!file.windows(token.len()).any(|bytes| bytes == token), "it is kept in the clear");
    server.set_clock("2025-10-14T08:00:00+02:00");
    assert_eq!(with_key(&lena, "one", &laptop).await.status, 200, "a day later it is another request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twins_that_ask_at_once_get_one_token() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let twins = (0..16).map(|_| {
        let lena = lena.clone();
        async move { with_key(&lena, "twins", &json!({})).await }
    });
    let answers = at_once(twins).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        let code = answer.code();
        assert!(["token_issued_before", "idempotency_key_in_flight"].contains(&code.as_str()), "{}", answer.text);
    }
    assert_eq!(listed(&lena).await.len(), 2);
}
