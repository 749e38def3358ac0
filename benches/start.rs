//! How long a start takes after kill -9, by the size of the store and by the number of users:
//! `cargo bench --bench start`. Another size is chosen with `CODEXMIROIR_BENCH_STORE_GIB` (needs twice that on the disk),
//! another number of users with `CODEXMIROIR_BENCH_USERS`.
//!
//! A server that is writing one small change after the other is killed; the time is from the start of the next process to
//! the whole first answer. Times are medians; the file is in the system's page cache, as after a crash of the program.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and ends where something fails")]

#[path = "parts/roles.rs"]
mod roles;
#[path = "parts/server.rs"]
mod server;
#[path = "parts/users.rs"]
mod users;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use codexmiroir::app::Running;
use codexmiroir::config::HOT_MAP_BYTES_DEFAULT;
use codexmiroir::service::folder::Folder;
use codexmiroir::store::Origin;
use roles::{Role, this};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const KILLS: usize = 5;
/// Accounts that are made at the same time, so that they share the waits for the disk.
const AT_ONCE: usize = 256;
const TASKS: usize = 20;
/// The largest document.
const DOCUMENT_BYTES: usize = 60_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["grow", folder, gib] => runtime.block_on(grow(folder.as_ref(), gib.parse().unwrap())),
        ["people", folder, users] => runtime.block_on(people(folder.as_ref(), users.parse().unwrap())),
        ["write", folder] => runtime.block_on(write(folder.as_ref())),
        ["serve", folder] => runtime.block_on(async {
            let running = server::start(folder.as_ref(), HOT_MAP_BYTES_DEFAULT).await;
            println!("{}", running.address);
            roles::until_told();
            running.stop().await;
        }),
        _ => measure(),
    }
}

fn measure() {
    let chosen = |name: &str, usual: usize| std::env::var(name).map_or(usual, |value| value.parse().unwrap());
    println!("\nstart after kill -9, from the start of the process to the first GET /codex");
    for users in [1_000, chosen("CODEXMIROIR_BENCH_USERS", 100_000)] {
        let folder = tempfile::tempdir().unwrap();
        let token = filled(&["people", folder.path().to_str().unwrap(), &users.to_string()]);
        report(&format!("{users} users with {TASKS} tasks each"), folder.path(), &token);
    }
    let gib = chosen("CODEXMIROIR_BENCH_STORE_GIB", 1);
    let folder = tempfile::tempdir().unwrap();
    let token = filled(&["grow", folder.path().to_str().unwrap(), &gib.to_string()]);
    report(&format!("a store of {gib} GiB"), folder.path(), &token);
}

/// Fills a data directory in a process of its own; the token of one of its users.
fn filled(arguments: &[&str]) -> String {
    Role::start(&mut this(arguments)).line()
}

fn report(what: &str, folder: &Path, token: &str) {
    let name = folder.to_str().unwrap();
    let mut times = Vec::new();
    for _ in 0..KILLS {
        let mut writing = Role::start(&mut this(&["write", name]));
        for _ in 0..20 {
            writing.line();
        }
        writing.child.kill().unwrap();
        writing.child.wait().unwrap();
        let begun = Instant::now();
        let mut serving = Role::start(&mut this(&["serve", name]));
        let address = serving.line();
        first_answer(&address, token);
        times.push(begun.elapsed());
    }
    times.sort();
    let bytes = std::fs::metadata(folder.join("codexmiroir.redb")).unwrap().len();
    let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
    let (middle, longest) = (millis(times[KILLS / 2]), millis(times[KILLS - 1]));
    println!("  {what:<38} {middle:>7.1} ms, longest {longest:>7.1} ms   file {:>6} MB", bytes / 1_000_000);
}

fn first_answer(address: &str, token: &str) {
    let mut connection = TcpStream::connect(address).unwrap();
    let request = server::request(token, "connection: close\r\n");
    connection.write_all(&request).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

/// One user whose documents fill a file of this size.
async fn grow(folder: &Path, gib: u64) {
    let running = server::start(folder, HOT_MAP_BYTES_DEFAULT).await;
    let token = users::add(&running, "writer", 7, TASKS).await;
    let mut round = 0;
    while std::fs::metadata(folder.join("codexmiroir.redb")).unwrap().len() < gib << 30 {
        let (name, settings) = (format!("user{round}"), codexmiroir::app::system_settings());
        let user = running.service.add_user(&name, false, settings, None).await.unwrap();
        let text = format!(
            "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n\n# Task\n\n{}",
            "word ".repeat(DOCUMENT_BYTES / 5)
        );
        let files = (0..200).map(|number| (format!("{number:04}-Task.md"), text.clone().into_bytes())).collect();
        let origin = Origin { actor: "bench".to_owned(), through: "import".into() };
        running.service.import(user.id, origin, Folder { files, ..Folder::default() }, false).await.unwrap();
        round += 1;
    }
    running.stop().await;
    println!("{token}");
}

/// As many users, each with a few tasks.
async fn people(folder: &Path, count: usize) {
    let running = Arc::new(server::start(folder, HOT_MAP_BYTES_DEFAULT).await);
    let token = users::add(&running, "writer", 7, TASKS).await;
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut adding = JoinSet::new();
    for number in 1..count {
        let (running, place) = (running.clone(), places.clone().acquire_owned().await.unwrap());
        adding.spawn(async move {
            let _place = place;
            users::add(&running, &format!("user{number}"), 7, TASKS).await;
        });
        while adding.try_join_next().is_some_and(|added| added.is_ok()) {}
    }
    while let Some(added) = adding.join_next().await {
        added.unwrap();
    }
    stop(running).await;
    println!("{token}");
}

async fn stop(running: Arc<Running>) {
    if let Some(running) = Arc::into_inner(running) {
        running.stop().await;
    }
}

/// Changes one setting after the other, and says each time that it is on disk.
async fn write(folder: &Path) {
    let running = server::start(folder, HOT_MAP_BYTES_DEFAULT).await;
    let user = running.service.require_user("writer").unwrap();
    let mut horizon = 7;
    loop {
        horizon = if horizon == 7 { 8 } else { 7 };
        let fields = codexmiroir::service::settings::SettingsFields { horizon: Some(horizon), ..Default::default() };
        let origin = Origin { actor: "bench".to_owned(), through: "bench".into() };
        running.service.change_settings(user.id, origin, fields).await.unwrap();
        println!("{horizon}");
    }
}
