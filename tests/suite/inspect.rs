//! Inspecting a user's timeline: what is kept of it, whether it is current, and why it was made anew.

use codexmiroir::service::inspect::{Inspection, Rebuild};
use codexmiroir::service::timeline::Layer;
use codexmiroir::store::Staleness;
use serde_json::json;

use crate::harness::{Start, TestServer, instant, repository};

const TASK: &str = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n";

async fn inspect(server: &TestServer, user: &str) -> Inspection {
    server.service().inspect(user).await.unwrap()
}

fn causes(inspection: &Inspection) -> Vec<&'static str> {
    inspection.rebuilds.iter().map(|rebuild| rebuild.cause.as_str()).collect()
}

#[tokio::test]
async fn it_says_what_is_kept_and_whether_it_is_current() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let first = inspect(&server, "lena").await;
    assert_eq!((first.generation.0, first.hot, first.materialized), (0, None, None), "nobody has read it yet");
    assert_eq!((first.served.layer, causes(&first)), (Layer::Rebuilt, vec!["nothing_kept"]));
    assert_eq!(first.committed_at, server.clock.now());

    server.set_clock("2025-10-13T08:30:00+02:00");
    lena.create(json!({"kategorie": "arbeit"})).await;
    let body = lena.get("/codex").await.text;
    let hot = inspect(&server, "lena").await;
    assert_eq!((hot.generation.0, hot.committed_at), (1, instant("2025-10-13T08:30:00+02:00")));
    assert_eq!(hot.served.layer, Layer::Hot);
    assert_eq!(hot.served.entry.finished.body, body, "the bytes that the user is served");
    let kept = hot.hot.unwrap();
    assert_eq!((kept.generation.0, kept.basis, kept.bytes, kept.stale), (1, hot.basis, body.len(), None));
    assert_eq!(kept.valid_until, instant("2025-10-13T09:00:00+02:00"), "the next boundary");
    assert_eq!(hot.materialized, hot.hot, "it was committed with the change");
    assert_eq!(causes(&hot), ["nothing_kept"], "planned with the commit, not made anew");

    server.import_document(&lena, "0005.md", TASK).await;
    let bulk = inspect(&server, "lena").await;
    assert_eq!(bulk.hot.unwrap().stale.map(Staleness::as_str), Some("superseded"));
    assert_eq!(bulk.materialized.unwrap().stale.map(Staleness::as_str), Some("superseded"), "it came without one");
    assert_eq!(bulk.served.layer, Layer::Rebuilt);
    let Rebuild { at, cause, generation, tasks, bytes, is_kept, .. } = bulk.rebuilds[0];
    assert_eq!((at, cause.as_str(), generation.0), (server.clock.now(), "superseded", 2));
    assert_eq!((tasks, bytes, is_kept), (2, lena.get("/codex").await.text.len(), true));

    let unknown = server.service().inspect("nobody").await.unwrap_err();
    assert!(unknown.to_string().contains("nobody"), "{unknown}");
}

#[tokio::test]
async fn each_rebuild_has_its_cause() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    lena.get("/codex?nocache=true").await;
    server.set_clock("2025-10-13T10:00:00+02:00");
    lena.codex().await;
    // Before everything that the database may keep by now: a timeline gets there in a quiet moment.
    server.set_clock("2025-10-12T08:00:00+02:00");
    lena.codex().await;
    assert_eq!(causes(&inspect(&server, "lena").await), ["clock_set_back", "boundary_passed", "asked"]);

    let server = server.restart().await;
    let restarted = inspect(&server, "lena").await;
    assert_eq!((restarted.hot, restarted.served.layer), (None, Layer::Materialized));
    assert!(restarted.rebuilds.is_empty() && restarted.materialized.unwrap().stale.is_none());
    let rules = vec![repository("scripts/spartan.rhai")];
    let server = server.restart_with(Start { rules, ..Start::default() }).await;
    let other = inspect(&server, "lena").await;
    assert_eq!(causes(&other), ["other_basis"]);
    let kept = other.materialized.unwrap();
    assert_eq!((kept.stale.map(Staleness::as_str), kept.basis != other.basis), (Some("other_basis"), true));

    server.import_document(&server.again(&lena), "0005.md", TASK).await;
    let server = server.restart().await;
    assert_eq!(causes(&inspect(&server, "lena").await), ["superseded"]);
}

#[tokio::test]
async fn the_last_hundred_of_each_user_are_remembered() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    tom.codex().await;
    for _ in 0..110 {
        assert_eq!(lena.get("/codex?nocache=true").await.status, 200);
    }
    lena.create(json!({"kategorie": "arbeit"})).await;
    lena.get("/codex?nocache=true").await;
    let rebuilds = inspect(&server, "lena").await.rebuilds;
    assert_eq!(rebuilds.len(), 100);
    assert_eq!((rebuilds[0].generation.0, rebuilds[1].generation.0), (1, 0), "the latest first");
    assert_eq!(causes(&inspect(&server, "tom").await), ["nothing_kept"]);
}
