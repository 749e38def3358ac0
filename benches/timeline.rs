//! What README's figures come from: `cargo bench --bench timeline`.
//!
//! Everything runs on one machine in one run, and what is compared takes turns, so the ratios hold where
//! the times themselves depend on the machine. Times are medians.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and ends where something fails")]

#[path = "parts/server.rs"]
mod server;

use std::io::Write as _;
use std::time::{Duration, Instant};

use codexmiroir::app::Running;
use codexmiroir::clock::Clock;
use codexmiroir::config::HOT_MAP_BYTES_DEFAULT;
use codexmiroir::domain::zone::Zone;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let running = server::start(folder.path(), HOT_MAP_BYTES_DEFAULT).await;
        let mut tokens = Vec::new();
        for tasks in [50, 200, 500, 5_000] {
            tokens.push((tasks, fill(&running, tasks).await));
        }
        rebuilds(&running, &tokens).await;
        explanations(&running, &tokens[3]).await;
        one_reader(&running, &tokens[2].1).await;
        writes(&running, &tokens[2].1, folder.path()).await;
        first_answer(running, folder.path(), &tokens[2].1).await;
    });
}

/// A user with this many tasks, most of them open, some fixed; the token.
async fn fill(running: &Running, tasks: usize) -> String {
    let name = format!("u{tasks}");
    let today = Zone::parse(server::ZONE).unwrap().date_of(Clock::System.now());
    let files = (0..tasks).map(|number| {
        let kategorie = if number % 3 == 0 { "privat" } else { "arbeit" };
        let status = if number % 10 == 9 { "abgeschlossen" } else { "offen" };
        let day = today + chrono::Days::new(number as u64 % 9);
        let fixed = match number % 25 {
            7 => format!("\n  datum: {}\n  zeit: abends", day.format("%d.%m.%Y")),
            _ => " null".to_owned(),
        };
        let text = format!(
            "---\ntyp: task\nkategorie: {kategorie}\nstatus: {status}\ntags: [bench, t{}]\ndeadline: {}\nfixedSlot:{fixed}\n---\n\n# Task number {number} of the bench\n\n{}",
            number % 7,
            day.format("%d.%m.%Y"),
            "Some text that a task has.\n".repeat(20),
        );
        (format!("{number:04}-Task-number-{number}.md"), text.into_bytes())
    });
    server::add(running, &name, 7, files.collect()).await
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1_000.0
}

/// Load from the database, rules, placement, JSON and hot map, as `?nocache=true` does.
async fn rebuilds(running: &Running, tokens: &[(usize, String)]) {
    println!("\nrebuild (load + rules + placement + JSON)");
    for (tasks, token) in tokens {
        let user = running.service.authenticate(token).unwrap().unwrap().user;
        let mut times = Vec::new();
        let mut bytes = 0;
        for _ in 0..60 {
            let begun = Instant::now();
            bytes = running.service.timeline(user, true).await.unwrap().entry.finished.body.len();
            times.push(begun.elapsed());
        }
        println!("  {tasks:>5} tasks  {:>8.3} ms   {bytes:>7} bytes", median(times));
    }
}

/// Why one task stands where it stands: of one in a slot, of one far back in line, and what a pin of that one would come
/// to; each beside a plan of all of them, over HTTP.
async fn explanations(running: &Running, (tasks, token): &(usize, String)) {
    let day = Zone::parse(server::ZONE).unwrap().date_of(Clock::System.now()) + chrono::Days::new(2);
    let pin = format!("/api/tasks/4997/explain?slot={}/morgens", day.format("%d.%m.%Y"));
    let asked = ["/codex?nocache=true", "/api/tasks/1/explain", "/api/tasks/4997/explain", &pin];
    let mut times = asked.map(|_| Vec::new());
    let mut connection = TcpStream::connect(running.address).await.unwrap();
    let mut buffer = Vec::new();
    for _ in 0..60 {
        for (path, times) in asked.iter().zip(&mut times) {
            let begun = Instant::now();
            exchange(&mut connection, &server::request_of(path, token, ""), &mut buffer).await;
            times.push(begun.elapsed());
        }
    }
    println!("\nexplanation of one of {tasks} tasks");
    for (what, times) in ["plan of all of them", "in a slot", "in line", "in line, and a pin"].iter().zip(times) {
        println!("  {what:<20} {:>8.3} ms", median(times));
    }
}

/// One client that reads the timeline, and the page of the week, again and again.
async fn one_reader(running: &Running, token: &str) {
    println!("\n500 tasks, warm, one request after the other");
    for (path, header, rounds) in [("/codex", "", 2_000), ("/", "accept-encoding: gzip\r\n", 500)] {
        let mut times = Vec::new();
        let mut connection = TcpStream::connect(running.address).await.unwrap();
        let mut buffer = Vec::new();
        for _ in 0..rounds {
            let begun = Instant::now();
            exchange(&mut connection, &server::request_of(path, token, header), &mut buffer).await;
            times.push(begun.elapsed());
        }
        println!("  GET {path:<7} {:>8.3} ms   {:>7} bytes with the head", median(times), buffer.len());
    }
}

/// Sends a request and reads the answer whole; `buffer` then holds it.
async fn exchange(connection: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) {
    connection.write_all(request).await.unwrap();
    buffer.clear();
    let head = loop {
        assert!(connection.read_buf(buffer).await.unwrap() > 0, "the server closed the connection");
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = std::str::from_utf8(&buffer[..head]).unwrap();
    assert!(text.starts_with("HTTP/1.1 200") || text.starts_with("HTTP/1.1 304"), "{text}");
    let length = text.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let end = head + if text.starts_with("HTTP/1.1 304") { 0 } else { length.unwrap_or(0) };
    while buffer.len() < end {
        assert!(connection.read_buf(buffer).await.unwrap() > 0, "the server closed the connection");
    }
}

/// One client's creates and completions, beside the disk's own append + fdatasync.
async fn writes(running: &Running, token: &str, folder: &std::path::Path) {
    let mut file = std::fs::File::create(folder.join("append")).unwrap();
    let (mut creates, mut completes, mut syncs) = (Vec::new(), Vec::new(), Vec::new());
    let mut connection = TcpStream::connect(running.address).await.unwrap();
    connection.set_nodelay(true).unwrap();
    let mut buffer = Vec::new();
    for number in 0..200 {
        let body = format!(r#"{{"kategorie":"arbeit","title":"Created {number}"}}"#);
        let begun = Instant::now();
        exchange(&mut connection, &post("/api/tasks", token, &body), &mut buffer).await;
        creates.push(begun.elapsed());
        let begun = Instant::now();
        exchange(&mut connection, &post(&format!("/api/tasks/{}/complete", 500 + number), token, ""), &mut buffer)
            .await;
        completes.push(begun.elapsed());
        let begun = Instant::now();
        file.write_all(&[b'x'; 1_024]).unwrap();
        file.sync_data().unwrap();
        syncs.push(begun.elapsed());
    }
    println!("\nwrites of one client, 500 tasks and growing, each answered when it is on disk");
    println!("  create             {:>8.3} ms", median(creates));
    println!("  complete           {:>8.3} ms", median(completes));
    println!("  append + fdatasync {:>8.3} ms (the disk alone)", median(syncs));
}

fn post(path: &str, token: &str, body: &str) -> Vec<u8> {
    let head = format!("POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n");
    let content = format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    format!("{head}{content}").into_bytes()
}

/// From the start of the server to its first answer, which comes from the database.
async fn first_answer(running: Running, folder: &std::path::Path, token: &str) {
    running.stop().await;
    let (mut starts, mut answers) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        let begun = Instant::now();
        let running = server::start(folder, HOT_MAP_BYTES_DEFAULT).await;
        starts.push(begun.elapsed());
        let mut connection = TcpStream::connect(running.address).await.unwrap();
        let mut buffer = Vec::new();
        let asked = Instant::now();
        exchange(&mut connection, &server::request(token, ""), &mut buffer).await;
        answers.push(asked.elapsed());
        running.stop().await;
    }
    println!("\nrestart, 5,750 tasks of four users in the database");
    println!("  until it accepts            {:>8.3} ms", median(starts));
    println!("  first GET /codex (from disk){:>8.3} ms", median(answers));
}
