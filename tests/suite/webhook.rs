//! Events of a forge, which are known by what they are signed with, and believed nothing but that there is something to
//! fetch.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder};
use ring::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, Key, sign};
use serde_json::{Value, json};

use crate::git_host::Behaviour;
use crate::harness::{Answer, TestServer, TestUser};
use crate::shared::{Shared, WEBHOOK_SECRET, document, sync};

const PATH: &str = "/github/webhook";
const SIGNATURE: HeaderName = HeaderName::from_static("x-hub-signature-256");
pub const MAIN: &str = r#"{"ref": "refs/heads/main", "commits": [{"removed": ["codex-miroir/lena/tasks/0001-a.md"]}]}"#;

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the forge would sign this body with.
pub fn signature(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hexadecimal(sign(&Key::new(HMAC_SHA256, secret.as_bytes()), body).as_ref()))
}

fn event(server: &TestServer, kind: &'static str, body: &[u8]) -> RequestBuilder {
    let request = server.client.request(Method::POST, server.url(PATH)).header("X-GitHub-Event", kind);
    request.header(CONTENT_TYPE, "application/json").body(body.to_vec())
}

/// Sends an event as the forge does that knows the secret.
pub async fn send(server: &TestServer, kind: &'static str, body: &[u8]) -> Answer {
    Answer::of(event(server, kind, body).header(SIGNATURE, signature(WEBHOOK_SECRET, body))).await
}

/// A server with a user whose one task is in the repository, and nothing left to do.
async fn quiet(shared: &Shared) -> (TestServer, TestUser) {
    let clone = shared.clone_of("clone");
    clone.write("codex-miroir/lena/tasks/0001-a.md", Some(&document("A", "", "")));
    clone.push("a task");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    sync(&lena, "").await;
    (server, lena)
}

#[tokio::test]
async fn without_a_secret_there_is_no_webhook() {
    let server = TestServer::start().await;
    for header in [None, Some(signature("", MAIN.as_bytes())), Some("sha256=".to_owned())] {
        let request = event(&server, "push", MAIN.as_bytes());
        let answer = Answer::of(header.iter().fold(request, |request, value| request.header(SIGNATURE, value))).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "no_such_route"), "{header:?}");
    }
    let by_get = Answer::of(server.client.request(Method::GET, server.url(PATH))).await;
    assert_eq!((by_get.status, by_get.header("allow")), (405, "POST"));
}

#[tokio::test]
async fn what_is_not_signed_with_the_secret_does_nothing() {
    let shared = Shared::new();
    let (server, lena) = quiet(&shared).await;
    let (body, right) = (MAIN.as_bytes(), signature(WEBHOOK_SECRET, MAIN.as_bytes()));
    let key = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, WEBHOOK_SECRET.as_bytes());
    let sha1 = format!("sha1={}", hexadecimal(sign(&key, body).as_ref()));
    let header = |values: &[&str]| {
        values.iter().map(|value| (SIGNATURE, HeaderValue::from_str(value).unwrap())).collect::<HeaderMap>()
    };
    let old =
        HeaderMap::from_iter([(HeaderName::from_static("x-hub-signature"), HeaderValue::from_str(&sha1).unwrap())]);
    let asked = shared.host.requests().len();
    for headers in [
        HeaderMap::new(),
        old,
        header(&[&sha1]),
        header(&[&right.replace("sha256", "sha1")]),
        header(&[&right.replace("sha256", "sha512")]),
        header(&[right.trim_start_matches("sha256=")]),
        header(&[&right[..right.len() - 1]]),
        header(&[&format!("{right}0")]),
        header(&[&signature("another secret", body)]),
        header(&[&signature("", body)]),
        header(&[&signature(WEBHOOK_SECRET, &[body, b" "].concat())]),
        header(&[&signature(WEBHOOK_SECRET, b"")]),
        header(&[&right, &right]),
        header(&[&format!("{right}, {right}")]),
        header(&["sha256="]),
        header(&[""]),
    ] {
        let answer = Answer::of(event(&server, "push", body).headers(headers.clone())).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "invalid_signature"), "{headers:?}");
    }
    // A session or a token is no signature.
    let with_token = lena.request(Method::POST, PATH).header("X-GitHub-Event", "push").body(MAIN);
    assert_eq!(Answer::of(with_token).await.code(), "invalid_signature");
    assert_eq!(shared.host.requests().len(), asked, "nobody was asked for anything");
    assert_eq!(Answer::of(event(&server, "push", body).header(SIGNATURE, right.to_uppercase())).await.status, 401);
}

#[tokio::test]
async fn a_push_is_fetched_and_its_list_of_files_not_believed() {
    let shared = Shared::new();
    let (server, lena) = quiet(&shared).await;
    let clone = shared.clone_of("other");
    let there = document("B", "", "");
    clone.write("codex-miroir/lena/tasks/0002-b.md", Some(&there));
    clone.push("another task");
    let done = send(&server, "push", MAIN.as_bytes()).await;
    let expected = json!({
        "ok": true, "head": shared.head(), "usersAffected": 1,
        "results": [{
            "userId": "lena", "filesChanged": 1, "changed": 1, "deleted": 0, "skipped": 0, "nextId": 3,
            "cacheInvalidation": {"cacheCleared": 0},
        }],
    });
    assert_eq!((done.status, done.json()), (200, expected));
    assert_eq!(lena.document("0002").await, there);
    assert_eq!(lena.task("0001").await["title"], "A", "it was not removed, whatever the event said");
    let generation = lena.generation().await;
    for _ in 0..3 {
        let again = send(&server, "push", MAIN.as_bytes()).await;
        assert_eq!((again.status, &again.json()["usersAffected"]), (200, &json!(0)), "a replay does no harm");
    }
    assert_eq!(lena.generation().await, generation);
}

#[tokio::test]
async fn what_is_about_nothing_that_is_synced_is_ignored() {
    let shared = Shared::new();
    let (server, _lena) = quiet(&shared).await;
    let asked = shared.host.requests().len();
    for (kind, body, ignored) in [
        ("ping", r#"{"zen": "Half measures are as bad as nothing at all."}"#, "event"),
        ("pull_request", "no JSON at all", "event"),
        ("", MAIN, "event"),
        ("push", r#"{"ref": "refs/heads/other"}"#, "branch"),
        ("push", r#"{"ref": "refs/heads/main/more"}"#, "branch"),
        ("push", r#"{"ref": "main"}"#, "branch"),
        ("push", r#"{"ref": ""}"#, "branch"),
        ("push", r#"{"ref": "refs/tags/main", "deleted": true}"#, "branch"),
    ] {
        let answer = send(&server, kind, body.as_bytes()).await;
        assert_eq!((answer.status, answer.json()), (202, json!({"ok": true, "ignored": ignored})), "{kind} {body}");
    }
    for (kind, body, content_type, expected) in [
        ("push", "", "application/json", (400, "malformed_json")),
        ("push", "{", "application/json", (400, "malformed_json")),
        ("push", "[]", "application/json", (400, "malformed_json")),
        ("push", "{}", "application/json", (422, "missing")),
        ("push", r#"{"ref": ["refs/heads/main"]}"#, "application/json", (422, "missing")),
        ("push", "payload=%7B%7D", "application/x-www-form-urlencoded", (415, "not_json")),
    ] {
        let request = server.client.post(server.url(PATH)).header("X-GitHub-Event", kind).body(body);
        let request =
            request.header(CONTENT_TYPE, content_type).header(SIGNATURE, signature(WEBHOOK_SECRET, body.as_bytes()));
        let answer = Answer::of(request).await;
        assert_eq!((answer.status, answer.code().as_str()), expected, "{body}");
    }
    assert_eq!(shared.host.requests().len(), asked, "nobody was asked for anything");
}

#[tokio::test]
async fn an_event_may_be_larger_than_other_requests_and_not_endless() {
    let shared = Shared::new();
    let (server, _lena) = quiet(&shared).await;
    let sized = |bytes: usize| {
        let (begin, end) = (r#"{"ref": "refs/heads/main", "commits": ""#, r#""}"#);
        format!("{begin}{}{end}", "x".repeat(bytes - begin.len() - end.len())).into_bytes()
    };
    let (largest, larger) = (sized(5 << 20), sized((5 << 20) + 1));
    assert_eq!(send(&server, "push", &largest).await.status, 200);
    let refused = send(&server, "push", &larger).await;
    assert_eq!((refused.status, refused.code().as_str()), (413, "too_large"));
}

#[tokio::test]
async fn a_forge_is_told_when_its_repository_cannot_be_asked() {
    let shared = Shared::new();
    let (server, lena) = quiet(&shared).await;
    for (behaviour, expected) in [
        (Behaviour::Status(403), (502, "remote_forbidden")),
        (Behaviour::Status(404), (502, "remote_not_found")),
        (Behaviour::Status(500), (502, "remote_failing")),
    ] {
        shared.host.behave(behaviour);
        let answer = send(&server, "push", MAIN.as_bytes()).await;
        assert_eq!((answer.status, answer.code().as_str()), expected);
        let told: Value = lena.get("/api/sync").await.json();
        assert_eq!(
            (&told["problem"]["code"], &told["problem"]["error"]),
            (&json!(expected.1), &answer.json()["error"])
        );
    }
    shared.host.behave(Behaviour::Git);
    assert_eq!(send(&server, "push", MAIN.as_bytes()).await.status, 200);
    assert_eq!(lena.get("/api/sync").await.json()["problem"], Value::Null);
}
