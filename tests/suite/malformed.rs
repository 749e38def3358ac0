//! Requests that are no HTTP, or are HTTP that two could read differently, byte for byte over a socket: each is refused
//! with a 4xx or by closing, what is behind it on the connection is not answered, nothing is changed, and the next
//! connection is served.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::{TestServer, TestUser};

/// Longer than any answer takes: who waits for it found a connection that hangs.
const GUARD: Duration = Duration::from_secs(50);

/// What a connection may carry behind a request, to be seen if it is answered.
const BEHIND: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// What is asked to be done by each, if it were well-formed.
const BODY: &str = "{\"kategorie\":\"arbeit\",\"title\":\"Nie\"}";

/// How a request must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Refused with this status, and the connection closed.
    Closed(u16),
    /// Refused with this status; the connection may go on.
    Refused(u16),
}

use End::{Closed, Refused};

struct Stage {
    server: TestServer,
    lena: TestUser,
}

impl Stage {
    async fn set() -> Stage {
        let server = TestServer::start().await;
        let lena = server.user("lena").await;
        lena.create(json!({"kategorie": "arbeit", "title": "Ziel"})).await;
        Stage { server, lena }
    }

    /// A request of Lena's with these lines in its head.
    fn request(&self, line: &str, heads: &str, body: &str) -> Vec<u8> {
        let token = &self.lena.token;
        format!("{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{heads}\r\n{body}").into_bytes()
    }

    /// A create with these lines about its body.
    fn create(&self, heads: &str, body: &str) -> Vec<u8> {
        self.request("POST /api/tasks", &format!("Content-Type: application/json\r\n{heads}"), body)
    }

    /// All that comes back for these bytes, until the server closes.
    async fn said_to(&self, bytes: &[u8]) -> Vec<u8> {
        let (mut reading, mut writing) = TcpStream::connect(self.server.address()).await.unwrap().into_split();
        let mut said = Vec::new();
        let exchange = async {
            let write = async {
                // A server that has heard enough may close before all is written.
                let _ = writing.write_all(bytes).await;
                let _ = writing.shutdown().await;
            };
            tokio::join!(write, reading.read_to_end(&mut said)).1
        };
        // A reset at the end is a way of closing, too.
        let _ = timeout(GUARD, exchange).await.expect("the server answers or closes");
        said
    }

    async fn state(&self) -> [String; 3] {
        let (codex, list) = (self.lena.get("/codex").await.text, self.lena.get("/api/tasks").await.text);
        [codex, list, self.lena.document("0000").await]
    }

    /// Sends each, with another request behind it, in both languages.
    async fn refuses(&self, cases: Vec<(&str, Vec<u8>, End)>) {
        let before = self.state().await;
        for (name, bytes, end) in cases {
            let (status, english) = self.refused(name, &bytes, "en", end).await;
            let (_, german) = self.refused(name, &bytes, "de", end).await;
            if status != 431 && status != 414 {
                assert_eq!(english.is_null(), german.is_null(), "{name}");
                assert!(english.is_null() || english["error"] != german["error"], "{name}: {english}");
            }
            assert_eq!(self.state().await, before, "{name}");
        }
    }

    async fn refused(&self, name: &str, bytes: &[u8], language: &str, end: End) -> (u16, Value) {
        let accept = format!("Accept-Language: {language}\r\n");
        let line_end = bytes.windows(2).position(|pair| pair == b"\r\n").map_or(bytes.len(), |at| at + 2);
        let parts = [&bytes[..line_end], accept.as_bytes(), &bytes[line_end..], BEHIND.as_bytes()];
        let said = self.said_to(&parts.concat()).await;
        let text = String::from_utf8_lossy(&said);
        let answers = text.matches("HTTP/1.").count();
        let status = text.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()).unwrap_or_default();
        match end {
            Closed(expected) => assert_eq!((status, answers), (expected, 1), "{name}: {text}"),
            Refused(expected) => assert!(status == expected && answers <= 2, "{name}: {text}"),
        }
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, serde_json::Deserializer::from_str(body).into_iter().next().and_then(Result::ok).unwrap_or_default())
    }
}

const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

#[tokio::test]
async fn lengths_that_can_be_read_in_two_ways() {
    let stage = Stage::set().await;
    let length = format!("Content-Length: {}\r\n", BODY.len());
    let chunks = format!("{:x}\r\n{BODY}\r\n0\r\n\r\n", BODY.len());
    let te = CHUNKED;
    let create = |heads: &str, body: &str| stage.create(heads, body);
    stage
        .refuses(vec![
            ("length, then chunks", create(&format!("{length}{te}"), &chunks), Closed(400)),
            ("chunks, then length", create(&format!("{te}{length}"), &chunks), Closed(400)),
            ("chunks, then no length", create(&format!("{te}Content-Length: x\r\n"), &chunks), Closed(400)),
            ("length of nothing, then chunks", create(&format!("Content-Length: 0\r\n{te}"), &chunks), Closed(400)),
            ("the same length twice", create(&format!("{length}{length}"), BODY), Closed(400)),
            ("the same length in a list", create("Content-Length: 37, 37\r\n", BODY), Closed(400)),
            ("two lengths", create(&format!("{length}Content-Length: 1\r\n"), BODY), Closed(400)),
            ("chunks twice", create(&format!("{te}{te}"), &chunks), Closed(400)),
            ("chunks of chunks", create("Transfer-Encoding: chunked, chunked\r\n", &chunks), Closed(400)),
            ("packed chunks", create("Transfer-Encoding: gzip, chunked\r\n", &chunks), Closed(400)),
            ("chunks that are packed", create("Transfer-Encoding: chunked, gzip\r\n", &chunks), Closed(400)),
            ("an encoding that is none", create("Transfer-Encoding: xchunked\r\n", &chunks), Closed(400)),
            ("a name with a blank", create("Transfer-Encoding : chunked\r\n", &chunks), Closed(400)),
            ("a negative length", create("Content-Length: -1\r\n", BODY), Closed(400)),
            ("a signed length", create("Content-Length: +37\r\n", BODY), Closed(400)),
            ("a length that is none", create("Content-Length: 0x25\r\n", BODY), Closed(400)),
            ("a length without end", create(&format!("Content-Length: {}\r\n", "9".repeat(40)), BODY), Closed(400)),
            ("an empty length", create("Content-Length: \r\n", BODY), Closed(400)),
        ])
        .await;
}

#[tokio::test]
async fn chunks_that_are_none() {
    let stage = Stage::set().await;
    let size = format!("{:x}", BODY.len());
    let many_trailers = "X: y\r\n".repeat(2_000);
    let long_extension = "x".repeat(64 * 1024);
    let mut cases = Vec::new();
    for (name, chunks, end) in [
        ("a size that is none", format!("xyz\r\n{BODY}\r\n0\r\n\r\n"), Closed(400)),
        ("a negative size", format!("-{size}\r\n{BODY}\r\n0\r\n\r\n"), Closed(400)),
        ("a size beyond numbers", format!("ffffffffffffffffff\r\n{BODY}"), Closed(400)),
        ("a size beyond any body", format!("fffffffffffffff0\r\n{BODY}"), Closed(400)),
        ("no size", format!("\r\n{BODY}\r\n0\r\n\r\n"), Closed(400)),
        ("a chunk longer than its size", format!("{size}\r\n{BODY}xx\r\n0\r\n\r\n"), Closed(400)),
        ("a chunk without its end", format!("{size}\r\n{BODY}0\r\n\r\n"), Closed(400)),
        ("an extension without end", format!("{size};{long_extension}\r\n{BODY}\r\n0\r\n\r\n"), Closed(400)),
        ("more trailers than fields", format!("{size}\r\n{BODY}\r\n0\r\n{many_trailers}\r\n"), Closed(400)),
        ("a trailer that is none", format!("{size}\r\n{BODY}\r\n0\r\nno trailer\r\n\r\n"), Closed(400)),
        ("more than a body may be", format!("{:x}\r\n{}", 2_000_000, "x".repeat(2_000_000)), Closed(413)),
    ] {
        cases.push((name, stage.create(CHUNKED, &chunks), end));
    }
    stage.refuses(cases).await;
    // What HTTP allows is taken: extensions and trailers, which mean nothing here.
    let (first, second) = BODY.split_at(10);
    let chunks = format!("a;name=\"value\"\r\n{first}\r\n{:X}\r\n{second}\r\n0\r\nX: y\r\n\r\n", second.len());
    let said = stage.said_to(&stage.create(CHUNKED, &chunks)).await;
    assert!(said.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&said));
    assert_eq!(stage.lena.tasks().await.len(), 2);
}

#[tokio::test]
async fn fields_that_come_twice_or_not_at_all() {
    let stage = Stage::set().await;
    let length = format!("Content-Length: {}\r\n", BODY.len());
    let with = |heads: &str| stage.create(&format!("{length}{heads}"), BODY);
    let update = |heads: &str| {
        let body = "{\"tags\":[\"x\"]}";
        let heads = format!("Content-Type: application/json\r\nContent-Length: {}\r\n{heads}", body.len());
        stage.request("PATCH /api/tasks/0000", &heads, body)
    };
    let authorization = format!("Authorization: Bearer {}\r\n", stage.lena.token);
    let plain = |head: &str| format!("{head}\r\n\r\n").into_bytes();
    stage
        .refuses(vec![
            ("two hosts", with("Host: localhost\r\n"), Closed(400)),
            ("two different hosts", with("Host: 127.0.0.1\r\n"), Closed(400)),
            ("two tokens", with(&authorization), Refused(401)),
            ("two types", with("Content-Type: application/json\r\n"), Refused(415)),
            ("two different types", with("Content-Type: text/plain\r\n"), Refused(415)),
            ("two keys", with("Idempotency-Key: a\r\nIdempotency-Key: a\r\n"), Refused(400)),
            ("two conditions", update("If-Match: \"a\"\r\nIf-Match: \"b\"\r\n"), Refused(400)),
            ("any and another", update("If-Match: *\r\nIf-Match: \"b\"\r\n"), Refused(400)),
            ("any in a list", update("If-Match: \"a\", *\r\n"), Refused(400)),
            ("a miracle expected", with("Expect: a-miracle\r\n"), Refused(417)),
            ("two expectations", with("Expect: 100-continue\r\nExpect: 100-continue\r\n"), Refused(417)),
            ("packed", with("Content-Encoding: gzip\r\n"), Refused(415)),
            ("no host", plain(&format!("GET /codex HTTP/1.1\r\n{}", authorization.trim_end())), Closed(400)),
            ("no host in 1.0", plain(&format!("GET /codex HTTP/1.0\r\n{}", authorization.trim_end())), Closed(400)),
            ("an empty host", plain("GET /livez HTTP/1.1\r\nHost:"), Closed(400)),
            ("a host that is none", plain("GET /livez HTTP/1.1\r\nHost: a b"), Closed(400)),
            ("a host with a user", plain("GET /livez HTTP/1.1\r\nHost: x@localhost"), Closed(400)),
        ])
        .await;
}

#[tokio::test]
async fn lines_that_are_none() {
    let stage = Stage::set().await;
    let with = |field: &[u8]| [b"GET /codex HTTP/1.1\r\nHost: localhost\r\n", field, b"\r\n\r\n"].concat();
    let line = |line: &[u8]| [line, b"\r\nHost: localhost\r\n\r\n"].concat();
    stage
        .refuses(vec![
            ("HTTP/0.9", b"GET /livez\r\n\r\n".to_vec(), Closed(400)),
            ("no path", line(b"GET HTTP/1.1"), Closed(400)),
            ("a version that is none", line(b"GET /livez HTTP/1.x"), Closed(400)),
            ("a later version", line(b"GET /livez HTTP/3.0"), Closed(400)),
            ("another protocol", line(b"GET /livez RTSP/1.0"), Closed(400)),
            ("a word too many", line(b"GET /livez HTTP/1.1 x"), Closed(400)),
            ("a tab in the line", line(b"GET\t/livez\tHTTP/1.1"), Closed(400)),
            ("a method that is none", line(b"G(T /livez HTTP/1.1"), Closed(400)),
            ("NUL in the path", line(b"GET /li\0vez HTTP/1.1"), Closed(400)),
            ("NUL in a value", with(b"X: a\0b"), Closed(400)),
            ("NUL in a name", with(b"X\0: a"), Closed(400)),
            ("CR in a value", with(b"X: a\rb: c"), Closed(400)),
            ("a control character", with(b"X: a\x01b"), Closed(400)),
            ("DEL in a value", with(b"X: a\x7fb"), Closed(400)),
            ("a folded line", with(b"X: a\r\n b"), Closed(400)),
            ("a line without a colon", with(b"no field"), Closed(400)),
            ("a name without letters", with(b": x"), Closed(400)),
            ("a name with a letter of its own", with("Ä: x".as_bytes()), Closed(400)),
            ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(), Closed(400)),
            ("SMTP", b"EHLO example.com\r\nMAIL FROM:<a@b>\r\n\r\n".to_vec(), Closed(400)),
            ("64 fields and more", with("X: y\r\n".repeat(64).trim_end().as_bytes()), Closed(431)),
            ("a large field", with(format!("X: {}", "y".repeat(600 * 1024)).as_bytes()), Closed(431)),
            (
                "large fields",
                with(format!("X: {}\r\n", "y".repeat(20_000)).repeat(30).trim_end().as_bytes()),
                Closed(431),
            ),
            ("a long line", line(format!("GET /{} HTTP/1.1", "y".repeat(600 * 1024)).as_bytes()), Closed(431)),
        ])
        .await;
}

#[tokio::test]
async fn targets_that_are_none() {
    let stage = Stage::set().await;
    let mut cases = Vec::new();
    for path in ["%", "%4", "%zz", "%%41", "%+1", "%ff", "%c3%28", "%ed%a0%80"] {
        cases.push((path, stage.request(&format!("GET /api/tasks/{path}"), "", ""), Closed(400)));
        cases.push((path, stage.request(&format!("GET /codex?q={path}&days=3"), "", ""), Closed(400)));
        cases.push((path, stage.request(&format!("GET /codex?{path}=1"), "", ""), Closed(400)));
        cases.push((path, stage.request(&format!("DELETE /api/tasks/0000?{path}"), "", ""), Closed(400)));
    }
    for (line, end) in [
        ("GET http://127.0.0.1/codex", Closed(400)),
        ("GET http://evil.example/codex", Closed(400)),
        ("GET http:///codex", Closed(400)),
        ("GET localhost:80", Closed(400)),
        ("GET *", Closed(400)),
        ("GET codex", Closed(400)),
        ("CONNECT localhost:80", Closed(400)),
        ("CONNECT /codex", Refused(405)),
        ("OPTIONS *", Refused(404)),
        ("TRACE /codex", Refused(405)),
        ("BREW /codex", Refused(405)),
        ("get /codex", Refused(405)),
        ("PRI *", Closed(400)),
        ("DELETE /api/tasks/..%2f0000", Refused(404)),
        ("DELETE /api/tasks/0000%00", Refused(404)),
        ("DELETE /api/tasks//0000", Refused(404)),
    ] {
        cases.push((line, stage.request(line, "", ""), end));
    }
    stage.refuses(cases).await;
    // The absolute form is HTTP as well, where both name the same host (RFC 9112, 3.2.2).
    let said = stage.said_to(&stage.request("GET http://localhost/codex", "", "")).await;
    assert!(said.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&said));
}

#[tokio::test]
async fn a_body_where_none_is_looked_for_is_no_request() {
    let stage = Stage::set().await;
    let hidden = stage.create(&format!("Content-Length: {}\r\n", BODY.len()), BODY);
    let hidden = String::from_utf8(hidden).unwrap();
    let before = stage.state().await;
    for line in ["GET /codex", "GET /codex?days=3", "GET /livez", "HEAD /codex", "GET /nowhere", "DELETE /api/tasks/7"]
    {
        let length = format!("Content-Length: {}\r\n", hidden.len());
        let said = stage.said_to(&stage.request(line, &length, &hidden)).await;
        assert_eq!(String::from_utf8_lossy(&said).matches("HTTP/1.1 ").count(), 1, "{line}");
        let chunks = format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len());
        let said = stage.said_to(&stage.request(line, "Transfer-Encoding: chunked\r\n", &chunks)).await;
        assert_eq!(String::from_utf8_lossy(&said).matches("HTTP/1.1 ").count(), 1, "{line}");
        assert_eq!(stage.state().await, before, "{line}");
    }
}

#[tokio::test]
async fn who_is_refused_is_not_told_to_go_on() {
    let stage = Stage::set().await;
    let length = format!("Content-Length: {}\r\nExpect: 100-continue\r\n", BODY.len());
    let refused = stage.request("POST /api/tasks", &format!("Content-Encoding: gzip\r\n{length}"), "");
    let said = stage.said_to(&refused).await;
    assert!(said.starts_with(b"HTTP/1.1 415 "), "{}", String::from_utf8_lossy(&said));
    let taken = stage.create(&length, BODY);
    let said = stage.said_to(&taken).await;
    let said = String::from_utf8_lossy(&said);
    assert!(said.starts_with("HTTP/1.1 100 ") && said.contains("HTTP/1.1 200 "), "{said}");
}

#[tokio::test]
async fn chunked_and_plain_bodies_of_any_client_are_taken() {
    let stage = Stage::set().await;
    let length = format!("Content-Length: {}\r\n", BODY.len());
    let plain = stage.create(&length, BODY);
    // Three in one write: each ends where it says.
    let said = stage.said_to(&[plain.clone(), plain.clone(), plain].concat()).await;
    assert_eq!(String::from_utf8_lossy(&said).matches("HTTP/1.1 200 ").count(), 3);
    let chunks = format!("{:x}\r\n{BODY}\r\n0\r\n\r\n", BODY.len());
    let request = [stage.create(CHUNKED, &chunks), BEHIND.as_bytes().to_vec()].concat();
    let said = stage.said_to(&request).await;
    let said = String::from_utf8_lossy(&said);
    assert_eq!(said.matches("HTTP/1.1 200 ").count(), 1, "behind chunks nothing is taken: {said}");
    assert!(said.to_lowercase().contains("connection: close"));
    assert_eq!(stage.lena.tasks().await.len(), 5);
}
