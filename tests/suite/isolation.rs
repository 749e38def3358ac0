//! What one user has says nothing to another: entity tags, also of two who use one browser one after the other; the
//! texts of errors, and what is counted. Foreign ids are in `authorization`, event streams in `events`, keys of requests
//! in `idempotency` and `faults_numbers`.

use std::collections::BTreeMap;

use codexmiroir::app::MetricsOptions;
use reqwest::Method;
use serde_json::{Value, json};

use crate::authorization::session;
use crate::documented::document;
use crate::harness::{Answer, Start, TestServer, TestUser, vault};
use crate::shortcut::{exchange, is_at_once, used};
use crate::visitor::Visitor;

const TAKES_GZIP: &str = "gzip";

/// Every path that can be read, with a task and a version of rules that both of two users have.
async fn readable() -> Vec<String> {
    let operations = document().await.operations().into_iter();
    let paths = operations.filter(|(_, method, _)| *method == "get").map(|(path, ..)| path);
    // What does not end, what is another's business, what is there once, and what is not for browsers.
    let others = ["/api/events", "/metrics", "/welcome", "/setup", "/login", "/sync", "/feeds/{file}"];
    let paths = paths.filter(|path| !others.contains(path) && !path.contains("admin"));
    let mut paths: Vec<_> =
        paths.map(|path| path.replace("{id}", "0000").replace("{n}", "2").replace("{script}", "spartan")).collect();
    for path in ["/codex?days=3", "/codex?format=html", "/api/tasks?status=offen&limit=3", "/api/tasks/0001"] {
        paths.push(path.to_owned());
    }
    let exports = paths.iter_mut().filter(|path| *path == "/api/export");
    exports.for_each(|path| path.push_str("?format=json&history=true"));
    paths
}

/// Two users who have the very same.
async fn twins(server: &TestServer) -> [TestUser; 2] {
    let twins = [server.user("lena").await, server.user("tomi").await];
    for user in &twins {
        furnish(server, user).await;
    }
    twins
}

async fn furnish(server: &TestServer, user: &TestUser) {
    server.import(user, &vault("lena")).await;
    assert_eq!(user.put("/api/rules", &json!({"rules": [{"use": "spartan"}]})).await.status, 200);
}

/// A browser in which this user has signed in.
async fn browser(server: &TestServer, name: &str) -> Visitor {
    let mut browser = Visitor::of(server);
    browser.cookie = Some(format!("codexmiroir={}", session(server, name).await));
    browser
}

async fn ask(browser: &mut Visitor, path: &str, encoding: Option<&str>, known: Option<&str>) -> Answer {
    let mut request = browser.request(Method::GET, path);
    for (name, value) in [("Accept-Encoding", encoding), ("If-None-Match", known)] {
        request = value.iter().fold(request, |request, value| request.header(name, *value));
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
    Answer { status, headers, text }
}

/// What a browser has kept: the tag of each path, by encoding.
type Kept = BTreeMap<(String, Option<&'static str>), String>;

async fn keep(browser: &mut Visitor) -> Kept {
    let mut kept = Kept::new();
    for path in readable().await {
        for encoding in [None, Some(TAKES_GZIP)] {
            let answer = ask(browser, &path, encoding, None).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            let etag = answer.header("etag");
            if !etag.is_empty() {
                kept.insert((path.clone(), encoding), etag.to_owned());
            }
        }
    }
    assert!(kept.len() > 10, "{kept:?}");
    kept
}

/// Whoever uses the browser next is never told that what was kept before is still right, unless it is nobody's.
async fn is_told_anew(browser: &mut Visitor, kept: &Kept) {
    for ((path, encoding), etag) in kept {
        let own = ask(browser, path, *encoding, None).await;
        for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}")] {
            let answer = ask(browser, path, *encoding, Some(&known)).await;
            // Made once for everybody: the tag is of bytes that are no user's.
            if own.header("cache-control") == "no-cache" {
                assert_eq!((answer.status, own.header("etag")), (304, etag.as_str()), "{path}");
                continue;
            }
            assert_eq!((answer.status, &answer.text), (200, &own.text), "{path} {known}");
            assert_eq!(answer.header("etag"), own.header("etag"), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_in_one_browser_never_see_each_others_304() {
    let server = TestServer::start().await;
    twins(&server).await;
    let mut one = browser(&server, "lena").await;
    let kept = keep(&mut one).await;
    // The tags are worth something to whom they were given.
    for path in ["/codex", "/api/tasks"] {
        for encoding in [None, Some(TAKES_GZIP)] {
            let etag = &kept[&(path.to_owned(), encoding)];
            assert_eq!(ask(&mut one, path, encoding, Some(etag)).await.status, 304, "{path}");
        }
    }
    // The same browser afterwards: another cookie, and all that was kept.
    one.cookie = browser(&server, "tomi").await.cookie;
    is_told_anew(&mut one, &kept).await;
    // Somebody who has been removed, and a new account with the same name and the same tasks.
    server.service().remove_account("lena").await.unwrap();
    furnish(&server, &server.user("lena").await).await;
    one.cookie = browser(&server, "lena").await.cookie;
    is_told_anew(&mut one, &kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shortcut_knows_whose_tag_it_is() {
    let server = TestServer::start().await;
    twins(&server).await;
    let (mut lena, mut tom) = (browser(&server, "lena").await, browser(&server, "tomi").await);
    let tags = [lena.get("/codex").await.header("etag").to_owned(), tom.get("/codex").await.header("etag").to_owned()];
    assert_ne!(tags[0], tags[1]);
    // One connection for both, as a proxy may have it.
    let mut stream = used(server.address()).await;
    for round in 0..3 {
        for (own, visitor, name) in [(0, &lena, "lena"), (1, &tom, "tomi")] {
            for (tag, status) in [(own, "304"), (1 - own, "200")] {
                let cookie = visitor.cookie.as_ref().unwrap();
                let head = format!("Host: localhost\r\nCookie: {cookie}\r\nIf-None-Match: {}\r\n", tags[tag]);
                let answer = exchange(&mut stream, &format!("GET /codex HTTP/1.1\r\n{head}\r\n")).await;
                assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{round} {name}: {answer:.200}");
                assert!(is_at_once(&answer), "{answer:.200}");
                assert!(answer.contains(&tags[own]) && !answer.contains(&tags[1 - own]), "{answer:.200}");
                assert_eq!(answer.contains(&format!("\"userId\":\"{name}\"")), status == "200", "{answer:.200}");
            }
        }
    }
}

/// What is one user's is kept by nobody on the way, and by a browser only for whoever is signed in.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_somebodys_says_that_it_is() {
    let server = TestServer::start().await;
    twins(&server).await;
    let (mut lena, mut tom) = (browser(&server, "lena").await, browser(&server, "tomi").await);
    let mut shared = 0;
    for path in readable().await {
        let (answer, other) = (ask(&mut lena, &path, None, None).await, ask(&mut tom, &path, None, None).await);
        let cached = answer.header("cache-control");
        let is_nobodys = answer.text == other.text && ["no-cache", ""].contains(&cached);
        shared += u32::from(is_nobodys);
        if is_nobodys || cached == "no-store" {
            continue;
        }
        assert!(cached.starts_with("private"), "{path}: {cached:?}");
        for decides in ["Authorization", "Cookie"] {
            assert!(answer.header("vary").split(", ").any(|name| name == decides), "{path}: {}", answer.header("vary"));
        }
    }
    assert!((15..30).contains(&shared), "{shared}");
}

/// Names and titles that are in no text of ours.
const NAMES: [&str; 3] = ["quastenflosser", "pfefferminztee", "zwetschgenmus"];
const TITLE: &str = "Knusperhäuschen";

#[tokio::test(flavor = "multi_thread")]
async fn errors_and_metrics_name_nobody() {
    let metrics = MetricsOptions { listen: None, token: Some("isolation-0123456789".to_owned()) };
    let server = TestServer::start_with(Start { metrics, ..Start::default() }).await;
    let mut users = Vec::new();
    for name in NAMES {
        users.push(server.user(name).await);
    }
    let curious = server.user("curious").await;
    for user in &users {
        let id = user
            .create(
                json!({"kategorie": "arbeit", "title": TITLE, "fixedSlot": {"datum": "15.10.2025", "zeit": "morgens"}}),
            )
            .await;
        assert_eq!(id, "0000");
        let mut other = browser(&server, &user.name).await;
        assert_eq!(other.get("/codex").await.status, 200);
        assert_eq!(user.post("/api/undo", &json!({"generation": 9})).await.status, 404);
    }
    let file = format!("0000-{TITLE}.md");
    // Whatever the others have is asked for in every way in which one's own could be.
    let slot = json!({"datum": "15.10.2025", "zeit": "morgens"});
    for (method, path, body) in [
        (Method::GET, format!("/api/tasks/{file}"), Value::Null),
        (Method::GET, "/api/tasks/0".to_owned(), Value::Null),
        (Method::POST, "/api/tasks/0/pin".to_owned(), slot),
        (Method::POST, "/api/undo".to_owned(), json!({"generation": 1})),
        (Method::GET, "/api/tasks?limit=0".to_owned(), Value::Null),
        (Method::POST, "/api/tasks".to_owned(), json!({"kategorie": "nirgends"})),
        (Method::GET, "/api/rules/versions/1".to_owned(), Value::Null),
        (Method::DELETE, "/api/tokens/0000000000000000".to_owned(), Value::Null),
        (Method::POST, "/nowhere".to_owned(), Value::Null),
        (Method::GET, "/api/admin/users".to_owned(), Value::Null),
    ] {
        let request = curious.request(method, &path);
        let answer = Answer::of(if body.is_null() { request } else { request.json(&body) }).await;
        assert!(answer.status >= 400, "{path}: {}", answer.text);
        // What was asked for may be repeated, and nothing else.
        let text = answer.text.replace(&file, "");
        assert!(!NAMES.iter().any(|name| text.contains(name)) && !text.contains(TITLE), "{path}: {text}");
    }
    // A slot that somebody else has taken is free.
    curious
        .create(
            json!({"kategorie": "arbeit", "title": "Mein", "fixedSlot": {"datum": "15.10.2025", "zeit": "morgens"}}),
        )
        .await;
    assert_eq!(curious.codex().await["conflicts"], json!([]));
    let scraped = Answer::of(server.client.get(server.url("/metrics")).bearer_auth("isolation-0123456789")).await;
    assert_eq!(scraped.status, 200);
    for word in NAMES.iter().chain(&["curious", TITLE, "Knusperh", "0000-"]) {
        assert!(!scraped.text.contains(word), "{word}:\n{}", scraped.text);
    }
}
