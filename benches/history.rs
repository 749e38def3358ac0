//! What README's figures of past timelines come from: `cargo bench --bench history`.
//!
//! A user of 5,000 tasks changes one of them every hour, 1,000 times. Then the real binary lives that history once more beside the
//! server, a timeline in the middle is told, and what moved a task.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and ends where something fails")]

#[path = "parts/server.rs"]
#[expect(dead_code, reason = "other benches ask more of it")]
mod server;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use codexmiroir::app::Running;
use codexmiroir::clock::Clock;
use codexmiroir::config::HOT_MAP_BYTES_DEFAULT;
use codexmiroir::domain::date;
use codexmiroir::domain::ids::{Generation, UserId};
use codexmiroir::service::tasks::{Edit, Fields};
use codexmiroir::service::timeline_at::Asked;
use codexmiroir::store::Origin;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TASKS: usize = 5_000;
const CHANGES: u64 = 1_000;
const ROUNDS: usize = 5;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let begin = date::parse_instant("2025-10-13T08:00:00+02:00").unwrap();
        let clock = Clock::manual(begin);
        let running = server::start_at(folder.path(), HOT_MAP_BYTES_DEFAULT, clock.clone()).await;
        let files = (0..TASKS).map(|number| {
            let kategorie = if number % 3 == 0 { "privat" } else { "arbeit" };
            let text = "Some text that a task has.\n".repeat(20);
            let document =
                format!("---\ntyp: task\nkategorie: {kategorie}\nstatus: offen\n---\n\n# Task {number}\n\n{text}");
            (format!("{number:04}-Task-{number}.md"), document.into_bytes())
        });
        let token = server::add(&running, "lena", 7, files.collect()).await;
        let user = running.service.authenticate(&token).unwrap().unwrap().user;
        let begun = Instant::now();
        for change in 0..CHANGES {
            clock.set(begin + TimeDelta::hours(i64::try_from(change).unwrap()));
            update(&running, user, change).await;
        }
        println!("{CHANGES} changes of {TASKS} tasks, planned and on disk  {:>8.2} s", begun.elapsed().as_secs_f64());
        verify(folder.path());
        told(&running, user).await;
        moved(&running, user).await;
    });
}

async fn update(running: &Running, user: UserId, change: u64) {
    let origin = Origin { actor: "lena".to_owned(), through: "bench".into() };
    let id = (change * 7 % TASKS as u64).to_string();
    let edit = Edit::Fields(Fields { title: Some(format!("Another title {change}")), ..Fields::default() });
    running.service.update_task(user, origin, id, edit, None, None).await.unwrap();
}

/// The command, beside the server.
fn verify(data_dir: &Path) {
    let begun = Instant::now();
    let said = Command::new(env!("CARGO_BIN_EXE_codexmiroir")).arg("verify").arg("--data-dir").arg(data_dir).output();
    let (said, took) = (said.unwrap(), begun.elapsed());
    assert!(said.status.success(), "{said:?}");
    println!("codexmiroir verify  {:>8.2} s: {}", took.as_secs_f64(), String::from_utf8_lossy(&said.stdout).trim_end());
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1_000.0
}

async fn told(running: &Running, user: UserId) {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        running.service.timeline_at(user, Generation(CHANGES / 2), Asked::default()).await.unwrap();
        times.push(begun.elapsed());
    }
    println!("the timeline of generation {}  {:>8.1} ms", CHANGES / 2, median(times));
}

/// The first page of what moved a task in the first slots.
async fn moved(running: &Running, user: UserId) {
    let mut times = Vec::new();
    let mut plans = String::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let page = running.service.moves(user, "3".to_owned(), None, 20).await.unwrap();
        times.push(begun.elapsed());
        plans = format!("{} moves, back to generation {}", page.moves.len(), page.reached.generation);
    }
    println!("a page of what moved a task  {:>8.1} ms: {plans}", median(times));
}
