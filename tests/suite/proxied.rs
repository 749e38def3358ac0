//! Requests that are passed on: a configured proxy is believed, and nobody else.

use std::net::IpAddr;
use std::sync::Arc;

use codexmiroir::http::listen::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Start, TestServer};

const OURS: &str = "codex.example";

/// A server that has one proxy, at this address.
async fn behind(proxy: &str) -> TestServer {
    let proxy: IpAddr = proxy.parse().unwrap();
    let limits = Limits { is_proxy: Arc::new(move |address| address == proxy), ..Limits::default() };
    let public_url = Some("https://codex.example");
    TestServer::start_with(Start { limits, public_url, ..Start::default() }).await
}

/// The status of an answer, and the host that it says is not ours.
async fn asked(server: &TestServer, host: &str, fields: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let request = format!("GET /livez HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap_or_else(|| panic!("{answer:?}")).parse().unwrap();
    let named = ["a.example", "b.example", "backend"].into_iter().filter(|name| answer.contains(name));
    (status, named.collect::<Vec<_>>().join(" "))
}

#[tokio::test]
async fn the_host_is_the_one_that_the_proxy_was_asked_for() {
    let server = behind("127.0.0.1").await;
    for fields in [
        "X-Forwarded-Host: codex.example\r\n",
        "x-forwarded-host: Codex.Example:8443\r\nX-Forwarded-For: 192.0.2.1\r\n",
        "X-Forwarded-Host: a.example, codex.example\r\n",
        "X-Forwarded-Host: a.example\r\nX-Forwarded-Host: codex.example\r\n",
        "X-Forwarded-Host: [2001:db8::1]:8443\r\n",
        "Forwarded: for=\"[2001:db8::1]:4711\";host=codex.example;proto=https\r\n",
        "FORWARDED: For=192.0.2.1;HOST=\"codex.example:8443\"\r\n",
        "Forwarded: host=a.example, for=192.0.2.1;host=codex.example\r\n",
        "Forwarded: host=a.example\r\nForwarded: for=192.0.2.1;host=codex.example\r\n",
        "Forwarded: for=192.0.2.1;host=codex.example, for=127.0.0.1;host=a.example\r\n",
        "Forwarded: host=codex.example\r\nX-Forwarded-Host: codex.example\r\n",
    ] {
        assert_eq!(asked(&server, "backend", fields).await, (200, String::new()), "{fields}");
    }
    for (host, fields, named) in [
        (OURS, "X-Forwarded-Host: a.example\r\n", "a.example"),
        (OURS, "X-Forwarded-Host: codex.example, a.example\r\n", "a.example"),
        ("127.0.0.1:8484", "Forwarded: for=192.0.2.1;host=a.example\r\n", "a.example"),
        // What is not told, malformed or told in two ways leaves the host as it was asked for.
        ("backend", "", "backend"),
        ("backend", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n", "backend"),
        ("backend", "X-Forwarded-Host: codex example\r\n", "backend"),
        ("backend", "Forwarded: host=codex.example;host=codex.example\r\n", "backend"),
        ("backend", "Forwarded: host=\"codex.example\r\n", "backend"),
        ("backend", "Forwarded: host=codex.example\r\nX-Forwarded-Host: a.example\r\n", "backend"),
        ("backend", "Forwarded: for=192.0.2.1\r\nX-Forwarded-Host: codex.example\r\n", "backend"),
    ] {
        assert_eq!(asked(&server, host, fields).await, (421, named.to_owned()), "{fields}");
    }
}

#[tokio::test]
async fn forged_fields_from_elsewhere_change_nothing() {
    for server in [behind("192.0.2.1").await, TestServer::start().await] {
        for fields in [
            "X-Forwarded-Host: localhost\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.1\r\n",
            "Forwarded: for=192.0.2.1;host=localhost;proto=https\r\n",
            "Forwarded: host=localhost\r\nX-Forwarded-Host: localhost\r\n",
        ] {
            assert_eq!(asked(&server, "b.example", fields).await, (421, "b.example".to_owned()), "{fields}");
            let elsewhere = fields.replace("localhost", "a.example");
            assert_eq!(asked(&server, "localhost", &elsewhere).await, (200, String::new()), "{fields}");
        }
    }
}

#[tokio::test]
async fn the_listener_for_metrics_believes_the_same() {
    let is_proxy = |address: IpAddr| address.is_loopback();
    let limits = Limits { is_proxy: Arc::new(is_proxy), ..Limits::default() };
    let metrics = codexmiroir::app::MetricsOptions { listen: Some("127.0.0.1:0".parse().unwrap()), token: None };
    let server = TestServer::start_with(Start { limits, metrics, ..Start::default() }).await;
    let ask = async |name: &str, host: &str| {
        server.client.get(server.metrics_url("/metrics")).header(name, host).send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask("X-Forwarded-Host", "localhost").await, 200);
    assert_eq!(ask("X-Forwarded-Host", "a.example").await, 421);
    assert_eq!(ask("Forwarded", "host=a.example").await, 421);
}
