//! What the rules said is remembered between a user's writes: every write still leaves the timeline that asking anew
//! gives, byte for byte.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Start, TestServer, TestUser};

/// Rules whose answer depends on all that it may depend on: fields, body and the day that it is.
const RULES: &str = r#"
fn slots(day, slots) {
    [slot("morgens", "09:00", "12:30"), slot("nachmittags", "13:30", "17:00"), slot("abends", "18:00", "21:30")]
}
fn place(task, today) {
    if task.body.contains("never") { return never("its text says so"); }
    if task.tags.contains("today") { return on([1, 2, 3, 4, 5, 6, 7]).up_to(today.date); }
    if task.kategorie == "arbeit" { on(weekdays).because("work") } else { anywhere() }
}
"#;

async fn is_as_anew(user: &TestUser, step: &str) -> String {
    let (kept, anew) = (user.get("/codex").await, user.get("/codex?nocache=true").await);
    assert_eq!((kept.header("x-cache"), anew.header("x-cache")), ("hot", "rebuilt"), "{step}");
    assert_eq!(kept.text, anew.text, "{step}");
    assert_eq!(kept.json()["rules"]["ok"], true, "{step}: {}", kept.json()["rules"]);
    kept.text
}

#[tokio::test]
async fn every_write_leaves_what_asking_anew_gives() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("all.rhai");
    std::fs::write(&rules, RULES).unwrap();
    let server = TestServer::start_with(Start { rules: vec![rules], ..Start::default() }).await;
    let lena = server.user("lena").await;
    let mut seen = std::collections::BTreeSet::new();
    for number in 0..12 {
        let kategorie = if number % 3 == 0 { "privat" } else { "arbeit" };
        let tags = if number == 5 { json!(["today"]) } else { json!([]) };
        lena.create(json!({"kategorie": kategorie, "title": format!("Nr {number}"), "tags": tags})).await;
        seen.insert(is_as_anew(&lena, "create").await);
    }
    // Only the text of it is another: the task looks the same.
    lena.update("0001", json!({"body": "# Nr 1\n\nnever\n"})).await;
    let without = is_as_anew(&lena, "body").await;
    assert!(without.contains("its text says so"));
    lena.update("0001", json!({"body": "# Nr 1\n\nagain\n"})).await;
    assert!(!is_as_anew(&lena, "body again").await.contains("its text says so"));
    lena.update("0002", json!({"kategorie": "privat", "tags": ["today"]})).await;
    seen.insert(is_as_anew(&lena, "fields").await);
    lena.complete("0003", json!({})).await;
    seen.insert(is_as_anew(&lena, "complete").await);
    lena.apply("0003", "reopen", json!({})).await;
    seen.insert(is_as_anew(&lena, "reopen").await);
    lena.update("0004", json!({"fixedSlot": {"datum": "24.12.2025", "zeit": "abends"}})).await;
    seen.insert(is_as_anew(&lena, "a far day").await);
    assert_eq!(lena.delete("/api/tasks/0000").await.status, 200);
    seen.insert(is_as_anew(&lena, "remove").await);
    assert_eq!(lena.undo(lena.generation().await).await.status, 200);
    seen.insert(is_as_anew(&lena, "undo").await);
    let days = lena.request(Method::PATCH, "/api/settings").json(&json!({"horizon": 30, "timeZone": "Asia/Tokyo"}));
    assert_eq!(days.send().await.unwrap().status(), 200);
    lena.update("0006", json!({"title": "After the settings"})).await;
    seen.insert(is_as_anew(&lena, "settings").await);
    assert!(seen.len() > 18, "the writes made {} different timelines", seen.len());
    // Another day: what was said for yesterday does not count.
    server.set_clock("2025-11-11T20:00:00Z");
    lena.update("0007", json!({"title": "The next day"})).await;
    is_as_anew(&lena, "another day").await;
}

#[tokio::test]
async fn what_is_left_over_is_forgotten_without_a_trace() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let files = (0..150).map(|number| {
        let text = format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n\n# Nr {number}\n");
        (format!("{number:04}.md"), text.into_bytes())
    });
    server.import_files(&lena, files.collect()).await;
    for number in 0..140 {
        assert_eq!(lena.delete(&format!("/api/tasks/{number:04}")).await.status, 200);
    }
    lena.create(json!({"kategorie": "privat", "title": "One more"})).await;
    is_as_anew(&lena, "after many removals").await;
}
