//! Edits while the server takes in what somebody pushed.

use serde_json::json;

use super::rounds_asked;
use crate::harness::at_once;
use crate::shared::{Shared, document, sync};
use crate::webhook;

const TASKS: &str = "codex-miroir/lena/tasks";
/// Tasks that are changed by both sides in each round.
const FILES: usize = 10;
const ROUNDS_DEFAULT: u64 = 20;

/// The task of this number, as whoever works in the repository leaves it in this round.
fn there(text: &str, round: u64, number: usize) -> String {
    let (before, after) = text.split_once("notiz: ").unwrap();
    let (_, rest) = after.split_once('\n').unwrap();
    format!("{before}notiz: dort{round}x{number}\n{rest}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_during_a_webhook_survives_and_so_does_what_was_pushed() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    let path = |number: usize| format!("{TASKS}/{number:04}-a.md");
    for number in 0..FILES {
        clone.write(&path(number), Some(&document("A", "tags: [a]\nnotiz: nichts\n", "eins\nzwei\n")));
    }
    clone.push("tasks");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    sync(&lena, "").await;
    let rounds = rounds_asked().unwrap_or(ROUNDS_DEFAULT);
    for round in 0..rounds {
        for number in 0..FILES {
            let text = std::fs::read_to_string(clone.at.join(path(number))).unwrap();
            clone.write(&path(number), Some(&there(&text, round, number)));
        }
        clone.push("by hand");
        let event = webhook::send(&server, "push", webhook::MAIN.as_bytes());
        let edits = (0..FILES).map(|number| {
            let lena = lena.clone();
            async move { lena.update(&format!("{number:04}"), json!({"tags": [format!("hier{round}x{number}")]})).await }
        });
        let (event, _) = tokio::join!(event, at_once(edits));
        assert_eq!(event.status, 200, "{}", event.text);
        sync(&lena, "?mode=diff").await;
        clone.pull();
        for number in 0..FILES {
            let text = lena.document(&format!("{number:04}")).await;
            let (here, there) = (format!("tags: [hier{round}x{number}]\n"), format!("notiz: dort{round}x{number}\n"));
            assert!(text.contains(&here) && text.contains(&there), "round {round}: {text}");
            assert_eq!(std::fs::read_to_string(clone.at.join(path(number))).unwrap(), text);
        }
    }
    let history = lena.history("/api/history").await;
    assert!(history.iter().any(|entry| entry["verb"] == "merge"), "no edit came in between");
    assert!(history.iter().all(|entry| entry["conflict"].is_null()), "they changed different fields");
}
