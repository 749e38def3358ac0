//! The timeline that is answered at once, past the HTTP library, and the same timeline the long way: whoever asks cannot
//! tell which way it went. On a connection that has answered nothing yet every request goes the long way.
//!
//! A test can tell: the library's Date is the machine's, that of what is answered at once is the server's clock's.

use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use codexmiroir::http::listen::Limits;
use codexmiroir::store::Scopes;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::{MONDAY, Start, TestServer, TestUser, instant};
use crate::secrets::{self, Place};

/// [`MONDAY`] in HTTP.
const DATE: &str = "\r\ndate: Mon, 13 Oct 2025 06:00:00 GMT\r\n";

/// Longer than any answer takes.
const GUARD: Duration = Duration::from_secs(50);

/// A server, a user whose timeline is hot, and tokens that are good for less.
struct Stage {
    server: TestServer,
    lena: TestUser,
    /// What stands for what in requests.
    words: Vec<(&'static str, String)>,
}

impl Stage {
    async fn set() -> Stage {
        Stage::set_on(TestServer::start().await).await
    }

    /// The same where whoever asks is a proxy that passes requests on.
    async fn set_behind_a_proxy() -> Stage {
        let limits = Limits { is_proxy: Arc::new(|address| address.is_loopback()), ..Limits::default() };
        let public_url = Some("https://codex.example");
        Stage::set_on(TestServer::start_with(Start { limits, public_url, ..Start::default() }).await).await
    }

    async fn set_on(server: TestServer) -> Stage {
        let (lena, tom) = (server.user("lena").await, server.user("tom").await);
        for number in 0..20 {
            lena.create(json!({"kategorie": "arbeit", "title": format!("Aufgabe {number}")})).await;
        }
        let expired = instant(MONDAY) - TimeDelta::minutes(1);
        let expired = server.service().create_token("lena", Scopes::READ, "alt", Some(expired)).await.unwrap();
        let writer = server.token("lena", Scopes::WRITE).await;
        let disabled = server.administrator().patch("/api/admin/users/tom", &json!({"disabled": true})).await;
        assert_eq!(disabled.status, 200, "{}", disabled.text);
        let plain = lena.get("/codex").await;
        let request = lena.request(Method::GET, "/codex").header("accept-encoding", "gzip");
        let packed = request.send().await.unwrap().headers()["etag"].to_str().unwrap().to_owned();
        let words = vec![
            ("$TOKEN", lena.token.clone()),
            ("$EXPIRED", expired),
            ("$WRITER", writer),
            ("$DISABLED", tom.token.clone()),
            ("$PACKED", packed),
            ("$TAG", plain.header("etag").to_owned()),
        ];
        Stage { server, lena, words }
    }

    fn filled(&self, request: &str) -> String {
        self.words.iter().fold(request.to_owned(), |request, (word, meant)| request.replace(word, meant))
    }

    async fn connect(&self) -> TcpStream {
        connect(self.server.address()).await
    }

    async fn used(&self) -> TcpStream {
        used(self.server.address()).await
    }

    /// The answer the long way, and on a connection that was used before.
    async fn both_ways(&self, request: &str) -> [String; 2] {
        let (mut long, mut short) = (self.connect().await, self.used().await);
        let request = self.filled(request);
        [all(&mut long, &request).await, all(&mut short, &request).await]
    }

    /// Asks both ways, which must give the same, with this status, the second perhaps at once.
    async fn compare(&self, request: &str, status: u16, at_once: bool) {
        let [long, short] = self.both_ways(request).await;
        assert_eq!((is_at_once(&long), is_at_once(&short)), (false, at_once), "{request}{short}");
        assert!(short.split(' ').nth(1) == Some(status.to_string().as_str()), "{request}{short}");
        // Other days are planned when they are asked for.
        assert_eq!(timeless(&long), timeless(&short), "{request}");
    }
}

async fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A connection that has answered a request.
pub async fn used(server: SocketAddr) -> TcpStream {
    let mut stream = connect(server).await;
    let live = exchange(&mut stream, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(live.starts_with("HTTP/1.1 200 OK\r\n"), "{live}");
    stream
}

/// Sends a request and nothing more, and reads until the server closes.
async fn all(stream: &mut TcpStream, request: &str) -> String {
    let mut said = Vec::new();
    let work = async {
        // A server that has heard enough may close before all is written.
        let _ = stream.write_all(request.as_bytes()).await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut said).await;
    };
    timeout(GUARD, work).await.expect("the server answers or closes");
    let said = String::from_utf8_lossy(&said).into_owned();
    secrets::must_hold_none(Place::Other, &said);
    said
}

/// Sends a request and reads one answer that has a length.
pub async fn exchange(stream: &mut TcpStream, request: &str) -> String {
    let work = async {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).await.unwrap();
        head + String::from_utf8_lossy(&body).as_ref()
    };
    timeout(GUARD, work).await.expect("an answer")
}

pub fn is_at_once(answer: &str) -> bool {
    answer.contains(DATE)
}

/// An answer without what differs from one moment to the next. That the connection ends is among it: the library says so
/// when the client's end has reached it before its answer is written.
fn timeless(answer: &str) -> String {
    let of_the_moment = |line: &&str| line.starts_with("date: ") || *line == "connection: close\r\n";
    let lines = answer.split_inclusive("\r\n").filter(|line| !of_the_moment(line));
    let kept = lines.map(|line| match line.split_once("dur=") {
        Some((before, _)) if line.starts_with("server-timing: ") => before,
        _ => line,
    });
    kept.collect()
}

const HEAD: &str = "Host: localhost\r\nAuthorization: Bearer $TOKEN\r\n";

#[tokio::test]
async fn what_is_plain_is_answered_at_once_and_all_else_the_long_way() {
    let stage = Stage::set().await;
    for (line, fields, status, at_once) in [
        ("GET /codex HTTP/1.1", "", 200, true),
        ("HEAD /codex HTTP/1.1", "", 200, true),
        ("GET /codex HTTP/1.1", "If-None-Match: $TAG\r\n", 304, true),
        ("HEAD /codex HTTP/1.1", "If-None-Match: \"x\", W/$TAG\r\n", 304, true),
        ("GET /codex HTTP/1.1", "If-None-Match: \"x\"\r\n", 200, true),
        ("GET /codex HTTP/1.1", "Accept-Encoding: gzip, br\r\n", 200, true),
        ("GET /codex HTTP/1.1", "Accept-Encoding: gzip\r\nIf-None-Match: $PACKED\r\n", 304, true),
        ("GET /codex HTTP/1.1", "Connection: Keep-Alive\r\nCookie: a=b\r\nX-Any: \u{e4}\r\n", 200, true),
        ("GET /codex HTTP/1.1", "Accept: application/json;q=0.5, text/html;q=0.4\r\n", 200, true),
        ("GET /codex HTTP/1.1", "Accept: text/html\r\n", 200, false),
        ("GET /codex HTTP/1.1", "Accept: */*\r\nAccept: text/html\r\n", 200, false),
        ("GET /codex HTTP/1.1", "If-None-Match: \"x\"\r\nIf-None-Match: $TAG\r\n", 304, false),
        ("GET /codex HTTP/1.1", "X-Forwarded-Host: a.example\r\nForwarded: host=a.example\r\n", 200, true),
        ("GET /codex HTTP/1.1", "Cookie: a=b\r\nCookie: c=d\r\n", 200, false),
        ("GET /codex HTTP/1.1", "Connection: close\r\n", 200, false),
        ("GET /codex HTTP/1.1", "Connection: Upgrade\r\nUpgrade: h2c\r\n", 200, false),
        ("GET /codex HTTP/1.1", "Expect: 100-continue\r\n", 200, false),
        ("GET /codex HTTP/1.1", "Content-Length: 0\r\n", 200, false),
        ("GET /codex HTTP/1.1", "Transfer-Encoding: gzip, chunked\r\n", 400, false),
        ("GET /codex HTTP/1.1", "Content-Encoding: gzip\r\n", 415, false),
        ("GET /codex HTTP/1.1", "Authorization: Bearer $TOKEN\r\n", 401, false),
        ("GET /codex HTTP/1.1", "Host: localhost\r\n", 400, false),
        ("GET /codex HTTP/1.0", "", 200, false),
        ("GET /codex?days=7 HTTP/1.1", "", 200, false),
        ("GET http://localhost/codex HTTP/1.1", "", 200, false),
        ("POST /codex HTTP/1.1", "Content-Length: 0\r\n", 405, false),
    ] {
        stage.compare(&format!("{line}\r\n{HEAD}{fields}\r\n"), status, at_once).await;
    }
}

#[tokio::test]
async fn what_a_proxy_tells_is_heeded_both_ways() {
    let stage = Stage::set_behind_a_proxy().await;
    for (fields, status, at_once) in [
        ("X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: codex.example\r\n", 200, true),
        ("Forwarded: for=192.0.2.1;host=codex.example\r\n", 200, true),
        ("Forwarded: host=a.example\r\nX-Forwarded-Host: b.example\r\n", 200, true),
        ("X-Forwarded-Host: a.example\r\n", 421, false),
        ("Forwarded: for=192.0.2.1;host=a.example\r\n", 421, false),
        ("X-Forwarded-Host: a.example\r\nX-Forwarded-Host: codex.example\r\n", 200, false),
        ("X-Forwarded-Host: codex.example\r\nX-Forwarded-Host: a.example\r\n", 421, false),
        ("Forwarded: host=codex.example\r\nForwarded: host=a.example\r\n", 421, false),
    ] {
        stage.compare(&format!("GET /codex HTTP/1.1\r\n{HEAD}{fields}\r\n"), status, at_once).await;
    }
}

/// Whole heads of one request, mostly well-formed.
fn heads() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        12 => select(&["GET /codex HTTP/1.1", "HEAD /codex HTTP/1.1"][..]),
        1 => select(&[
            "GET /codex HTTP/1.0", "GET  /codex HTTP/1.1", "get /codex HTTP/1.1", "GET /codex? HTTP/1.1",
            "GET /codex/ HTTP/1.1", "GET //codex HTTP/1.1", "GET /cod%65x HTTP/1.1", "GET /codex#x HTTP/1.1",
            "GET http://localhost/codex HTTP/1.1", "OPTIONS /codex HTTP/1.1", "GET /codex HTTP/1.2", "GET /codex",
            "GET /codex HTTP/1.1 ", "HEAD /codex\tHTTP/1.1", "DELETE /codex HTTP/1.1", "GET /livez HTTP/1.1",
        ][..]),
    ];
    let one = |usual: &'static [&'static str], odd: &'static [&'static str]| prop_oneof![12 => select(usual), 1 => select(odd)];
    let fields = (
        one(
            &["Host: localhost", "host: 127.0.0.1:80", "HOST:[::1]"],
            &["", "Host:", "Host: a.example", "Host: a b", "Host: [::1"],
        ),
        one(
            &["Authorization: Bearer $TOKEN", "authorization:bEARER   $TOKEN  "],
            &[
                "",
                "Authorization: Bearer $EXPIRED",
                "Authorization: Bearer $WRITER",
                "Authorization: Bearer $DISABLED",
                "Authorization: Bearer $TOKENx",
                "Authorization: Basic $TOKEN",
                "Authorization: $TOKEN",
                "Authorization:",
            ],
        ),
        one(
            &["", "Accept: */*", "Accept: application/json"],
            &["Accept: text/plain", "Accept: image/png", "Accept: ;q=", "Accept:"],
        ),
        one(
            &["", "", "Accept-Encoding: gzip", "Accept-Encoding: gzip;q=0, br"],
            &["Accept-Encoding: *", "Accept-Encoding: \u{e4}, gzip", "Accept-Encoding: ,,", "Accept-Encoding:\tGZIP\t"],
        ),
        one(
            &["", "", "If-None-Match: $TAG", "If-None-Match: $PACKED", "If-None-Match: \"x\""],
            &["If-None-Match: *", "If-None-Match: W/$TAG, \"y\"", "If-None-Match: x$TAG", "If-None-Match:"],
        ),
        one(
            &[
                "",
                "",
                "User-Agent: a/1",
                "Accept-Language: de",
                "Cookie: a=b; c",
                "Connection: keep-alive",
                "X: \u{e4}\u{f6}",
            ],
            &[
                "Connection: close",
                "Connection: keep-alive, close",
                "Connection:",
                "Upgrade: websocket",
                "Expect: 100-continue",
                "Expect: x",
                "Content-Length: 0",
                "Content-Length: 5",
                "Content-Length: x",
                "Transfer-Encoding: chunked",
                "Transfer-Encoding: x",
                "Content-Encoding: gzip",
                "Content-Encoding: identity",
                "Origin: http://a.example",
                "Sec-Fetch-Site: cross-site",
                "Codexmiroir-User: tom",
                "Host: localhost",
                "Authorization: Bearer $TOKEN",
                "X : y",
                " folded",
                "X y",
                ": y",
                "X: a\u{1}b",
                "X: a\nY: b",
                "X: a\rb",
                "If-Match: \"x\"",
                "Range: bytes=0-1",
                "TE: trailers",
                "Keep-Alive: 5",
                "HTTP2-Settings: AAA",
            ],
        ),
        one(
            &[
                "",
                "",
                "X-Forwarded-For: 192.0.2.1",
                "X-Forwarded-Host: codex.example",
                "forwarded: for=\"[2001:db8::1]:1\";host=\"localhost:1\"",
            ],
            &[
                "X-Forwarded-Host: a.example",
                "Forwarded: host=a.example, for=127.0.0.1",
                "Forwarded: host=a.example;host=a.example",
                "Forwarded: host=\"a.example",
                "Forwarded: host=a.example\r\nForwarded: host=localhost",
                "Forwarded: host=a.example\r\nX-Forwarded-Host: localhost",
                "X-Forwarded-Host: localhost\r\nX-Forwarded-Host: a.example",
                "X-Forwarded-Host: a.example, \u{e4}",
                "X-Forwarded-Host:",
            ],
        ),
    );
    let ending = prop_oneof![20 => Just("\r\n"), 1 => Just("\n"), 1 => Just("\r\n\r\n"), 1 => Just("\r\nx")];
    let many = prop_oneof![20 => Just(0_usize), 1 => Just(26), 1 => Just(40), 1 => Just(70), 1 => Just(110)];
    (line, fields, ending, many, 0_usize..7).prop_map(|(line, fields, ending, many, turn)| {
        let (a, b, c, d, e, f, g) = fields;
        let mut lines = vec![a, b, c, d, e, f, g];
        lines.rotate_left(turn);
        let lines = lines.into_iter().filter(|line| !line.is_empty()).chain(std::iter::repeat_n("Filler: x", many));
        let lines: String = lines.map(|line| format!("{line}\r\n")).collect();
        format!("{line}\r\n{lines}{ending}")
    })
}

#[test]
fn both_ways_give_the_same_bytes() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let stage = runtime.block_on(Stage::set_behind_a_proxy());
    let (at_once, long_way) = (Cell::new(0), Cell::new(0));
    let config = Config { cases: 400, failure_persistence: None, ..Config::default() };
    let held = TestRunner::new(config).run(&heads(), |request| {
        let [long, short] = runtime.block_on(stage.both_ways(&request));
        prop_assert!(!is_at_once(&long));
        prop_assert_eq!(timeless(&long), timeless(&short));
        let count = if is_at_once(&short) { &at_once } else { &long_way };
        count.set(count.get() + 1);
        Ok(())
    });
    held.unwrap();
    let counts = (at_once.get(), long_way.get());
    assert!(counts.0 > 40 && counts.1 > 40, "hardly anything went one of the ways: {counts:?}");
    runtime.block_on(async { drop(stage) });
}

#[tokio::test]
async fn a_right_that_ends_ends_on_a_connection_that_had_it() {
    let stage = Stage::set().await;
    let service = stage.server.service();
    let lena = service.require_user("lena").unwrap().id;
    let expires = instant(MONDAY) + TimeDelta::minutes(30);
    let short_lived = service.create_token("lena", Scopes::READ, "kurz", Some(expires)).await.unwrap();
    let revoked = stage.lena.post("/api/tokens", &json!({"name": "weg"})).await.json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let ask = |token: &str| format!("GET /codex HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n");
    let [by_token, by_revoked, by_short_lived] =
        [&stage.lena.token, &text(&revoked["token"]), &short_lived].map(|t| ask(t));
    let mut stream = stage.used().await;
    for request in [&by_token, &by_revoked, &by_short_lived] {
        assert!(is_at_once(&exchange(&mut stream, request).await));
    }
    service.revoke_token(lena, &text(&revoked["id"])).await.unwrap();
    assert!(exchange(&mut stream, &by_revoked).await.starts_with("HTTP/1.1 401 "));
    assert!(is_at_once(&exchange(&mut stream, &by_token).await));
    stage.server.clock.set(expires);
    assert!(exchange(&mut stream, &by_short_lived).await.starts_with("HTTP/1.1 401 "));
    let disabled = stage.server.administrator().patch("/api/admin/users/lena", &json!({"disabled": true})).await;
    assert_eq!(disabled.status, 200, "{}", disabled.text);
    assert!(exchange(&mut stream, &by_token).await.starts_with("HTTP/1.1 401 "));
}

#[tokio::test]
async fn a_change_is_seen_by_the_next_read_on_the_connection() {
    let stage = Stage::set().await;
    let mut stream = stage.used().await;
    let read = stage.filled(&format!("GET /codex HTTP/1.1\r\n{HEAD}\r\n"));
    let body = json!({"kategorie": "arbeit", "title": "Noch eine"}).to_string();
    let length = body.len();
    let create = format!(
        "POST /api/tasks HTTP/1.1\r\n{HEAD}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let create = stage.filled(&create);
    for generation in 20..24 {
        let answer = exchange(&mut stream, &read).await;
        assert!(is_at_once(&answer) && answer.contains(&format!("\"generation\":{generation},")), "{answer}");
        let created = exchange(&mut stream, &create).await;
        assert!(created.starts_with("HTTP/1.1 200 OK\r\n"), "{created}");
    }
    // The clock makes it stale; what is made anew then is at hand again.
    stage.server.set_clock("2025-10-13T09:00:00+02:00");
    assert!(exchange(&mut stream, &read).await.contains("\r\nx-cache: rebuilt\r\n"));
    let answer = exchange(&mut stream, &read).await;
    assert!(answer.contains("\r\ndate: Mon, 13 Oct 2025 07:00:00 GMT\r\n"), "{answer}");
}
