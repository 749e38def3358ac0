//! Users' own rules, asked in workers: `cargo bench --bench rules`.
//!
//! How long a plan waits for them, beside the same list asked in the thread; how long a worker takes to start; how long a
//! preview of other rules takes, beside a plan that asks for everything; and what others who read notice while somebody's
//! script takes all the time that it may.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints, and ends where something fails"
)]

#[expect(dead_code, reason = "nothing is written here")]
#[path = "parts/load.rs"]
mod load;
#[path = "parts/roles.rs"]
mod roles;
#[path = "parts/server.rs"]
mod server;
#[path = "parts/users.rs"]
mod users;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use chrono::{Days, NaiveDate};
use codexmiroir::config::HOT_MAP_BYTES_DEFAULT;
use codexmiroir::domain::document::{self, Outcome};
use codexmiroir::domain::ids::FileName;
use codexmiroir::domain::script::Script;
use codexmiroir::rules::{self, Question, Questions, RuleSet};
use codexmiroir::worker::{List, Options, Pool, Program};
use load::{Target, median};
use roles::{Role, this};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MONDAY: NaiveDate = NaiveDate::from_ymd_opt(2025, 10, 13).unwrap();
/// Sixty lines, as somebody writes them who has thought about the week.
const SCRIPT: &str = include_str!("parts/sixty-lines.rhai");
/// Uses nearly all operations that it may, for each task.
const SLOW: &str = "fn slots(day, slots) { [slot(\"a\", \"9:00\", \"10:00\")] }\nfn place(task, today) { let n = 0; while n < 1200 { n += 1; } anywhere() }";
/// Tasks of whoever looks at other rules, and how often.
const MANY: usize = 5_000;
const PREVIEWS: usize = 30;
const READERS: usize = 32;
const CONNECTIONS: usize = 4;
const EACH: usize = 4_000;
const ROUNDS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", folder] => serve(folder.as_ref()),
        _ => {
            asked();
            previewed();
            others();
        }
    }
}

fn workers() -> Options {
    Options::of(Program::at(env!("CARGO_BIN_EXE_codexmiroir")))
}

/// The name and the text of a task.
fn document_of(number: usize) -> (String, String) {
    let (kategorie, tags) = (["arbeit", "privat"][number % 2], ["bench", "sport", "eilig"][number % 3]);
    let deadline = MONDAY + Days::new(number as u64 % 30);
    let raw = format!(
        "---\ntyp: task\nkategorie: {kategorie}\nstatus: offen\ntags: [{tags}]\ndeadline: {}\n---\n\n# Task number {number}\n",
        deadline.format("%d.%m.%Y"),
    );
    (format!("{number:04}-Task-number-{number}.md"), raw)
}

fn tasks(count: usize) -> Vec<Question> {
    let task = |number: usize| {
        let (name, raw) = document_of(number);
        let file = FileName::parse(&name).unwrap();
        let Outcome::Task(task) = document::read(&file, raw.as_bytes()) else { panic!("{raw}") };
        Question { task: Arc::from(task), body: None }
    };
    (0..count).map(task).collect()
}

/// The median of many runs, in milliseconds.
fn measured(runs: usize, mut run: impl FnMut()) -> f64 {
    let times = (0..runs).map(|_| {
        let begun = Instant::now();
        run();
        begun.elapsed().as_secs_f64() * 1e3
    });
    median(times.collect())
}

fn asked() {
    let scripts = vec![Script::new("mine", SCRIPT)];
    let list = List { scripts: &scripts, fingerprint: rules::fingerprint(&scripts) };
    let (pool, here) = (Pool::new(workers(), 1), RuleSet::compile(&scripts).unwrap());
    let days: BTreeSet<NaiveDate> = (0..7).map(|day| MONDAY + Days::new(day)).collect();
    println!("\na list of {} lines, in a warm worker and in the thread", SCRIPT.lines().count());
    for (count, runs) in [(500, 200), (1, 1_000), (5_000, 30)] {
        let tasks = tasks(count);
        let none = BTreeSet::new();
        // Where one task changed the days are known.
        let questions = Questions { today: MONDAY, days: if count == 1 { &none } else { &days }, tasks: &tasks };
        assert_eq!(pool.evaluate(list, &questions).unwrap(), here.evaluate(&questions).unwrap());
        let apart = measured(runs, || drop(pool.evaluate(list, &questions).unwrap()));
        let in_thread = measured(runs, || drop(here.evaluate(&questions).unwrap()));
        println!("  {count:>5} changed tasks  {apart:>8.3} ms   in the thread {in_thread:>8.3} ms");
    }
    let cold = measured(50, || assert!(Pool::new(workers(), 1).reads_bodies(list).is_ok()));
    println!("  start, limits, compiling and the end of a worker  {cold:>8.3} ms");
}

/// The server: people who read, and one whose rules are slow.
fn serve(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let running = runtime.block_on(async {
        let running = server::start(folder, HOT_MAP_BYTES_DEFAULT).await;
        println!("{}", running.address);
        println!("{}", users::add(&running, "slow", 7, 400).await);
        let many = (0..MANY).map(document_of).map(|(name, raw)| (name, raw.into_bytes()));
        println!("{}", server::add(&running, "many", 7, many.collect()).await);
        for number in 0..READERS {
            println!("{}", users::add(&running, &format!("r{number:02}"), 7, 20).await);
        }
        running
    });
    roles::until_told();
    runtime.block_on(running.stop());
}

/// One request on a connection of its own; the status line of the answer.
fn once(address: &str, request: &str, body: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    let head =
        format!("{request}\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    connection.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

/// Looks at other rules, by turns with a plan that asks for everything.
fn previewed() {
    let folder = tempfile::tempdir().unwrap();
    let mut role = Role::start(&mut this(&["serve", folder.path().to_str().unwrap()]));
    let (address, _slow, many) = (role.line(), role.line(), role.line());
    let ask = |head: &str, body: &str| {
        let request = format!("{head} HTTP/1.1\r\nauthorization: Bearer {many}\r\ncontent-type: text/plain");
        let answer = once(&address, &request, body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    };
    ask("PUT /api/rules", SCRIPT);
    let begun = |run: &dyn Fn()| {
        let begun = Instant::now();
        run();
        begun.elapsed().as_secs_f64() * 1e3
    };
    let (mut full, mut previews) = (Vec::new(), Vec::new());
    for round in 0..PREVIEWS {
        full.push(begun(&|| drop(ask("GET /codex?nocache=true", ""))));
        // A list that nobody has seen.
        let other = format!("{SCRIPT}\nfn categories() {{ [\"arbeit\", \"privat\", \"garten{round}\"] }}\n");
        previews.push(begun(&|| {
            let said = ask("POST /api/rules/preview", &other);
            assert!(said.contains("\"ok\":true"), "{said}");
        }));
    }
    let (full, previews) = (median(full), median(previews));
    println!("\nother rules for {MANY} tasks, beside a plan of all of them, over HTTP");
    println!("  plan {full:>8.3} ms   preview {previews:>8.3} ms, {:.2} times as long", previews / full);
}

fn others() {
    let folder = tempfile::tempdir().unwrap();
    let mut role = Role::start(&mut this(&["serve", folder.path().to_str().unwrap()]));
    let (address, slow, _many) = (role.line(), role.line(), role.line());
    let requests: Vec<_> = (0..READERS).map(|_| server::request(&role.line(), "")).collect();
    let learn = || Target::learn(address.parse().unwrap(), requests.clone(), b"HTTP/1.1 200");
    // The first answers are made; those that follow come from memory, and are of another length.
    learn();
    let target = learn();
    let set = format!("PUT /api/rules HTTP/1.1\r\nauthorization: Bearer {slow}\r\ncontent-type: text/plain");
    let answer = once(&address, &set, SLOW);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (stop, plans) = (AtomicBool::new(false), AtomicU64::new(0));
    let (mut quiet, mut hostile) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        quiet.push(target.load(CONNECTIONS, EACH));
        stop.store(false, Ordering::Relaxed);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let ask = format!("GET /codex?nocache=true HTTP/1.1\r\nauthorization: Bearer {slow}");
                    let answer = once(&address, &ask, "");
                    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
                    plans.fetch_add(1, Ordering::Relaxed);
                }
            });
            hostile.push(target.load(CONNECTIONS, EACH));
            stop.store(true, Ordering::Relaxed);
        });
    }
    let p99 = |rounds: &[load::Measured]| median(rounds.iter().map(|round| round.p99.as_secs_f64() * 1e3).collect());
    let rate = |rounds: &[load::Measured]| median(rounds.iter().map(|round| round.per_second).collect());
    println!("\nwarm reads of {READERS} users, {CONNECTIONS} connections, beside one whose rules take all they may");
    println!("  quiet    p99 {:>7.3} ms  {:>8.0}/s", p99(&quiet), rate(&quiet));
    println!(
        "  beside   p99 {:>7.3} ms  {:>8.0}/s   {} slow plans",
        p99(&hostile),
        rate(&hostile),
        plans.load(Ordering::Relaxed)
    );
    println!("  p99 is {:.2} times the quiet one", p99(&hostile) / p99(&quiet));
}
