//! What the real server logs at its finest, libraries included, while all kinds of secrets pass through it.

use reqwest::{Method, RequestBuilder, redirect};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::binary::{Home, Serving};
use crate::harness::{Answer, client};
use crate::visitor::PASSWORD;
use crate::{http2, secrets};

const METRICS_TOKEN: &str = "logged-0123456789abcdef";

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_finest_log_holds_no_secret() {
    let home = Home::new();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--metrics-token", METRICS_TOKEN];
    let mut server = Serving::logging(&mut home.command(&arguments), "trace");
    let code = server.line().trim_end().rsplit_once("code=").unwrap().1.to_owned();
    let client = client().redirect(redirect::Policy::none()).build().unwrap();
    let request = |method: Method, path: &str| -> RequestBuilder {
        client.request(method, server.url(path)).header("Sec-Fetch-Site", "same-origin")
    };
    let post = async |path: &str, body: serde_json::Value| Answer::of(request(Method::POST, path).json(&body)).await;
    assert_eq!(Answer::of(request(Method::GET, &format!("/setup?code={code}"))).await.status, 200);
    let first = json!({"code": code, "name": "anna", "password": "too short"});
    assert_eq!(post("/setup", first).await.status, 422);
    let set_up = post("/setup", json!({"code": code, "name": "anna", "password": PASSWORD})).await;
    assert_eq!(set_up.status, 200, "{}", set_up.text);
    assert_eq!(post("/auth/login", json!({"name": "anna", "password": "not my good password"})).await.status, 401);
    let signed_in = post("/auth/login", json!({"name": "anna", "password": PASSWORD})).await;
    let (cookie, old) = (cookie(&signed_in), cookie(&set_up));
    let made = Answer::of(request(Method::POST, "/api/tokens").header("Cookie", &cookie).json(&json!({}))).await;
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    for fields in [("authorization", bearer.as_str()), ("cookie", &cookie), ("cookie", &old)] {
        for path in ["/codex", "/codex?nocache=true", &format!("/nowhere?token={token}")] {
            let first = Answer::of(request(Method::GET, path).header(fields.0, fields.1)).await.status;
            assert_eq!(http2::get(server.address, path, &[fields]).await.status(), first);
        }
    }
    let change = json!({"current": PASSWORD, "password": "another good password"});
    let changed = request(Method::PUT, "/api/me/password").header("Cookie", &cookie).json(&change);
    assert_eq!(Answer::of(changed).await.status, 200);
    assert_eq!(Answer::of(request(Method::GET, "/metrics").bearer_auth(METRICS_TOKEN)).await.status, 200);
    // Heads and bodies that are none, with a secret in each.
    for broken in [
        format!("GET /codex HTTP/1.1\r\nHost: localhost\r\nAuthorization: {bearer}\r\nno field\r\n\r\n"),
        format!("GET /codex HTTP/1.1\r\nAuthorization: {bearer}\r\nHost: evil.example\r\n\r\n"),
        format!(
            "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60\r\n\r\n{{\"password\": \"{PASSWORD}"
        ),
        format!("{token}\r\n\r\n"),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(broken.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // It may be cut without an answer.
        let _ = stream.read_to_end(&mut answer).await;
        secrets::must_hold_none(secrets::Place::Error, &String::from_utf8_lossy(&answer));
    }
    let log = server.log();
    for said in
        ["TRACE", "somebody signed in", "somebody could not sign in", "a token was made", "the server was set up"]
    {
        assert!(log.contains(said), "{said}: {log}");
    }
    // Searched when the server is gone, with what it says at its end.
    drop(server);
}
