//! From a push to whoever has the timeline open.

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use super::client::Client;
use super::shared::{Shared, percentile, title};

const FILES: usize = 500;
const PUSHES: usize = 100;
/// Not counted.
const FIRST_PUSHES: usize = 5;

pub fn measure() {
    let shared = Shared::with(FILES);
    let server = shared.server();
    let mut client = Client::of(&server);
    client.sync();
    let events = Client::of(&server).events();
    let mut reader = Client::of(&server);
    let clone = shared.clone_of("clone");
    let (mut last, _) = events.recv().unwrap();
    let (mut pushes, mut told, mut whole, mut answers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for turn in 1..=FIRST_PUSHES + PUSHES {
        clone.write(0, turn);
        clone.commit("a title");
        let push = clone.push();
        let pushed = Instant::now();
        client.send_webhook();
        last = after(&events, last);
        reader.send("GET /codex", "", "");
        let timeline = reader.answer();
        let took = pushed.elapsed();
        client.answer();
        let answered = pushed.elapsed();
        let timeline = String::from_utf8(timeline).unwrap();
        assert!(timeline.contains(&title(0, turn)), "the timeline is as before");
        if turn > FIRST_PUSHES {
            pushes.push(push);
            told.push(took);
            whole.push(push + took);
            answers.push(answered);
        }
    }
    println!("\n{PUSHES} pushes of one changed file of {FILES}, each with its webhook");
    let line = |what: &str, times: &[Duration]| {
        println!("  {what:<58} p50 {:>6.1} ms, p95 {:>6.1} ms", percentile(times, 50), percentile(times, 95));
    };
    line("git push itself", &pushes);
    line("from its end to the new timeline, told by the event stream", &told);
    line("from its beginning", &whole);
    line("from its end to the answer to the webhook", &answers);
}

/// The next generation that is told.
fn after(events: &Receiver<(u64, Instant)>, last: u64) -> u64 {
    loop {
        let (generation, _) = events.recv_timeout(Duration::from_secs(60)).unwrap();
        if generation > last {
            return generation;
        }
    }
}
