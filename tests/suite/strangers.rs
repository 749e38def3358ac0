//! Requests that never get as far as a route: tokens that are none, hosts that are not ours, heads that are broken.

use std::net::SocketAddr;

use chrono::TimeDelta;
use codexmiroir::store::Scopes;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Answer, MONDAY, Start, TestServer, TestUser, instant};
use crate::secrets::{self, Place};

/// Requests of every kind; to somebody without a valid token they are all the same.
const REQUESTS: [(Method, &str); 8] = [
    (Method::GET, "/codex"),
    (Method::GET, "/codex?nocache=true"),
    (Method::GET, "/api/tasks"),
    (Method::POST, "/api/tasks"),
    (Method::DELETE, "/api/tasks/0000"),
    (Method::POST, "/api/tasks/0000/complete"),
    (Method::GET, "/no/such/route"),
    (Method::DELETE, "/codex"),
];

fn request(server: &TestServer, method: &Method, path: &str) -> RequestBuilder {
    server.client.request(method.clone(), server.url(path)).json(&json!({"kategorie": "arbeit"}))
}

/// Sends every kind of request with these `Authorization` headers: each must be refused with 401 and nothing else.
async fn is_stranger(server: &TestServer, lena: &TestUser, authorizations: &[String]) {
    let before = lena.get("/codex").await.text;
    for (method, path) in REQUESTS {
        let mut sentences = Vec::new();
        for language in ["en", "de"] {
            let mut request = request(server, &method, path).header("Accept-Language", language);
            for authorization in authorizations {
                request = request.header("Authorization", authorization);
            }
            let answer = Answer::of(request).await;
            assert_eq!(answer.status, 401, "{method} {path} {authorizations:?}: {}", answer.text);
            let code = if authorizations.is_empty() { "sign_in_needed" } else { "invalid_token" };
            assert_eq!((answer.code().as_str(), answer.header("www-authenticate")), (code, "Bearer"));
            assert!(answer.header("x-cache").is_empty() && answer.header("etag").is_empty());
            sentences.push(answer.json()["error"].as_str().unwrap().to_owned());
        }
        assert_ne!(sentences[0], sentences[1]);
    }
    assert_eq!(lena.get("/codex").await.text, before);
}

#[tokio::test]
async fn without_a_valid_token_everything_is_401() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Ziel"})).await;
    let token = &lena.token;
    let mut typo = token.clone().into_bytes();
    typo[20] = if typo[20] == b'x' { b'y' } else { b'x' };
    let typo = String::from_utf8(typo).unwrap();
    // Well-formed, but of another server.
    let elsewhere = TestServer::start().await.user("lena").await.token;

    is_stranger(&server, &lena, &[]).await;
    for authorization in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer x".to_owned(),
        format!("Basic {token}"),
        format!("Token {token}"),
        token.clone(),
        format!("Bearer {token}x"),
        format!("Bearer {token} x"),
        format!("Bearer {}", &token[..token.len() - 1]),
        format!("Bearer {}", token.to_uppercase()),
        format!("Bearer {typo}"),
        format!("Bearer {elsewhere}"),
    ] {
        is_stranger(&server, &lena, &[authorization]).await;
    }
    let good = format!("Bearer {token}");
    is_stranger(&server, &lena, &[good.clone(), good]).await;
}

#[tokio::test]
async fn the_scheme_may_be_in_any_case() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let request = server.client.get(server.url("/codex"));
        let answer = Answer::of(request.header("Authorization", format!("{scheme} {}", lena.token))).await;
        assert_eq!((answer.status, &answer.json()["userId"]), (200, &json!("lena")), "{scheme}");
    }
}

#[tokio::test]
async fn a_token_ends_when_the_clock_says_so() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let expires = instant(MONDAY) + TimeDelta::minutes(30);
    let scopes = Scopes::READ.with(Scopes::WRITE);
    let token = server.service().create_token("lena", scopes, "kurz", Some(expires)).await.unwrap();
    let short = lena.with_token(token.clone());
    server.clock.set(expires - TimeDelta::milliseconds(1));
    assert_eq!(short.get("/codex").await.status, 200);
    assert_eq!(short.post("/api/tasks", &json!({"kategorie": "arbeit"})).await.status, 200);
    server.clock.set(expires);
    is_stranger(&server, &lena, &[format!("Bearer {token}")]).await;
}

#[tokio::test]
async fn a_token_allows_what_its_scopes_say() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Ziel"})).await;
    // Only administrators have tokens with that scope; it opens nothing but what is theirs.
    assert_eq!(server.administrator().patch("/api/admin/users/lena", &json!({"admin": true})).await.status, 200);
    let (read, write) = ([Method::GET, Method::HEAD], [Method::POST, Method::PUT, Method::PATCH, Method::DELETE]);
    let before = lena.get("/codex").await.text;
    for (scopes, refused) in [
        (Scopes::READ, &write[..]),
        (Scopes::WRITE, &read[..]),
        (Scopes::FEED, &[read.as_slice(), write.as_slice()].concat()),
        (Scopes::ADMIN, &[read.as_slice(), write.as_slice()].concat()),
    ] {
        let user = lena.with_token(server.token("lena", scopes).await);
        for method in refused {
            for path in ["/codex", "/api/tasks", "/api/tasks/0000", "/api/tasks/0000/complete", "/nowhere"] {
                let answer = Answer::of(user.request(method.clone(), path).json(&json!({"kategorie": "privat"}))).await;
                assert_eq!(answer.status, 403, "{scopes:?} {method} {path}");
                if *method != Method::HEAD {
                    assert_eq!(answer.code(), "scope_missing");
                }
            }
        }
    }
    assert_eq!(lena.get("/codex").await.text, before);
    let reader = lena.with_token(server.token("lena", Scopes::READ).await);
    assert_eq!(reader.get("/codex").await.text, before);
    let writer = lena.with_token(server.token("lena", Scopes::WRITE).await);
    writer.create(json!({"kategorie": "arbeit"})).await;
}

/// What the server says to these bytes: the status and the body.
async fn raw(address: SocketAddr, request: &[u8]) -> (u16, String) {
    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    connection.write_all(request).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    secrets::must_hold_none(Place::Error, &answer);
    let status = answer.split(' ').nth(1).unwrap_or_else(|| panic!("{answer:?}")).parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[tokio::test]
async fn the_host_must_be_one_of_ours() {
    let public_url = Some("https://codex.example");
    let server = TestServer::start_with(Start { public_url, ..Start::default() }).await;
    let lena = server.user("lena").await;
    let ask = async |path: &str, heads: &str| {
        let head =
            format!("GET {path} HTTP/1.1\r\nConnection: close\r\nAuthorization: Bearer {}\r\n{heads}\r\n", lena.token);
        let (status, body) = raw(server.address(), head.as_bytes()).await;
        let json: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        (status, json["code"].as_str().unwrap_or_default().to_owned())
    };
    for path in ["/codex", "/livez", "/nowhere"] {
        for host in ["evil.example", "codex.example.evil.example", "localhost.evil.example", "127.1"] {
            let refused = ask(path, &format!("Host: {host}\r\n")).await;
            assert_eq!(refused, (421, "unknown_host".to_owned()), "{path} {host}");
        }
        for heads in
            ["", "Host: localhost\r\nHost: localhost\r\n", "Host: a b\r\n", "Host: \r\n", "Host: x@localhost\r\n"]
        {
            assert_eq!(ask(path, heads).await, (400, "malformed_request".to_owned()), "{path} {heads}");
        }
    }
    for host in ["localhost", "LOCALHOST:80", "127.0.0.1", "[::1]", "codex.example", "Codex.Example:8443"] {
        assert_eq!(ask("/codex", &format!("Host: {host}\r\n")).await.0, 200, "{host}");
        assert_eq!(ask("/livez", &format!("Host: {host}\r\n")).await.0, 200, "{host}");
    }
}

#[tokio::test]
async fn malformed_paths_and_encodings_are_refused() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let token = &lena.token;
    for (line, heads, status, code) in [
        ("GET /api/tasks/%zz", "", 400, "malformed_request"),
        ("GET /api/tasks/%", "", 400, "malformed_request"),
        ("POST /api/tasks", "Transfer-Encoding: gzip, chunked\r\n", 400, "malformed_request"),
        ("POST /api/tasks", "Content-Encoding: br\r\nContent-Length: 0\r\n", 415, "compressed_request"),
    ] {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n{heads}\r\n"
        );
        let (found, body) = raw(server.address(), request.as_bytes()).await;
        let json: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((found, json["code"].as_str()), (status, Some(code)), "{line} {heads}");
    }
    assert_eq!(lena.codex().await["generation"], 0);
}

#[tokio::test]
async fn probes_answer_anybody_and_tell_nothing() {
    let server = TestServer::start().await;
    for path in ["/livez", "/readyz"] {
        let answer = Answer::of(server.client.get(server.url(path))).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "{\"ok\":true}"));
        let head = Answer::of(server.client.head(server.url(path))).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
    }
}
