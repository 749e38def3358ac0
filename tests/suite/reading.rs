//! Reading the timeline: where it comes from, and that it is right at every instant.

use serde_json::json;

use crate::harness::{Start, TestServer, file_at, repository, vault};

#[tokio::test]
async fn a_restart_serves_the_first_read_from_disk_and_the_second_from_memory() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import(&lena, &vault("lena")).await;
    assert_eq!(lena.get("/codex").await.header("x-cache"), "rebuilt");
    lena.create(json!({"kategorie": "arbeit", "title": "Neu"})).await;
    let before = lena.get("/codex").await;
    assert_eq!(before.header("x-cache"), "hot");

    let server = server.restart().await;
    let lena = server.again(&lena);
    let first = lena.get("/codex").await;
    assert_eq!(first.header("x-cache"), "materialized");
    assert_eq!(lena.get("/codex").await.header("x-cache"), "hot");
    assert_eq!(first.text, before.text);
    assert_eq!(first.header("etag"), before.header("etag"));

    let rules = vec![repository("scripts/spartan.rhai")];
    let server = server.restart_with(Start { rules, ..Start::default() }).await;
    let lena = server.again(&lena);
    let other = lena.get("/codex").await;
    assert_eq!(other.header("x-cache"), "rebuilt", "the basis is another");
    assert_eq!(other.json()["rules"]["source"], "server");
    assert_ne!(other.header("etag"), before.header("etag"));
}

#[tokio::test]
async fn the_clock_alone_makes_the_next_read_right() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Erste"})).await;
    let codex = lena.codex().await;
    assert_eq!(file_at(&codex, "13.10.2025", "morgens").as_deref(), Some("0000-Erste.md"));
    assert_eq!(codex["validUntil"], "2025-10-13T09:00:00+02:00");

    server.set_clock("2025-10-13T08:59:59.999+02:00");
    assert_eq!(lena.get("/codex").await.header("x-cache"), "hot");
    server.set_clock("2025-10-13T09:00:00+02:00");
    let answer = lena.get("/codex").await;
    assert_eq!(answer.header("x-cache"), "rebuilt");
    let codex = answer.json();
    assert_eq!(file_at(&codex, "13.10.2025", "nachmittags").as_deref(), Some("0000-Erste.md"));
    assert_eq!(codex["current"]["zeit"], "morgens");
    assert_eq!(codex["current"]["task"], json!(null));
    assert_eq!(codex["generatedAt"], "2025-10-13T07:00:00Z");
}

#[tokio::test]
async fn a_write_leaves_other_users_answers_hot() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    lena.codex().await;
    tom.codex().await;
    lena.create(json!({"kategorie": "arbeit", "title": "Neu"})).await;
    assert_eq!(tom.get("/codex").await.header("x-cache"), "hot");
    assert_eq!(lena.get("/codex").await.header("x-cache"), "hot");
    assert_eq!(lena.codex().await["generation"], 1);
    assert_eq!(tom.codex().await["generation"], 0);
}
