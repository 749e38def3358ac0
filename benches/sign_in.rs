//! What signing in gives away, and what it costs others: `cargo bench --bench sign_in`.
//!
//! Whether the time of a refusal tells that there is such a name: tries with a name that somebody has and with one that
//! nobody has, by turns, with a clock that is moved on so that none is refused for coming too often. And what others who
//! read notice while somebody tries ten thousand passwords.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and ends where something fails")]

#[expect(dead_code, reason = "nothing is written here")]
#[path = "parts/load.rs"]
mod load;
#[path = "parts/roles.rs"]
mod roles;
#[path = "parts/server.rs"]
mod server;
#[path = "parts/users.rs"]
mod users;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta};
use codexmiroir::clock::Clock;
use codexmiroir::config::HOT_MAP_BYTES_DEFAULT;
use codexmiroir::service::administration::AccountFields;
use load::{Measured, Target, median};
use roles::{Role, this};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TRIES: usize = 200;
const GUESSES: u64 = 10_000;
const READERS: usize = 32;
const CONNECTIONS: usize = 4;
const EACH: usize = 4_000;
const ROUNDS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", folder] => serve(folder.as_ref()),
        _ => {
            names();
            others();
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A connection that is kept.
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn to(address: &str) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream: BufReader::new(stream) }
    }

    /// Tries a password; the status.
    fn sign_in(&mut self, name: &str) -> u16 {
        let body = format!("{{\"name\":\"{name}\",\"password\":\"a wrong password\"}}");
        let head = "POST /auth/login HTTP/1.1\r\nhost: 127.0.0.1\r\nsec-fetch-site: same-origin\r\n";
        let length = body.len();
        let request = format!("{head}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}");
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut status, mut length) = (String::new(), 0);
        self.stream.read_line(&mut status).unwrap();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            if line.trim_end().is_empty() {
                break;
            }
            if let Some((_, value)) = line.split_once(": ").filter(|(name, _)| *name == "content-length") {
                length = value.trim_end().parse().unwrap();
            }
        }
        self.stream.read_exact(&mut vec![0; length]).unwrap();
        status.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

fn names() {
    let runtime = runtime();
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(DateTime::from_timestamp(1_760_335_200, 0).unwrap());
    let running = runtime.block_on(server::start_at(folder.path(), HOT_MAP_BYTES_DEFAULT, clock.clone()));
    runtime.block_on(async {
        server::add(&running, "anna", 7, Vec::new()).await;
        let fields = AccountFields { password: Some("the right password".to_owned()), ..AccountFields::default() };
        running.service.change_account("anna", fields).await.unwrap();
    });
    let mut client = Client::to(&running.address.to_string());
    let mut times = [Vec::new(), Vec::new()];
    for turn in 0..2 * (TRIES + 5) {
        clock.set(clock.now() + TimeDelta::seconds(60));
        // By turns, and the order turned round each time: what comes first is no one's advantage.
        let which = (turn + turn / 2) % 2;
        let begun = Instant::now();
        assert_eq!(client.sign_in(["anna", "nobody"][which]), 401);
        if turn >= 10 {
            times[which].push(begun.elapsed());
        }
    }
    let [known, unknown] = times.clone().map(|times| median(times.iter().map(Duration::as_secs_f64).collect()) * 1e3);
    let longer = times[0].iter().flat_map(|known| times[1].iter().map(move |unknown| known > unknown));
    let share = longer.clone().filter(|is_longer| *is_longer).count() as f64 / longer.count() as f64;
    println!("\na wrong password, {TRIES} tries each");
    println!("  a name that somebody has  {known:>7.2} ms (median)");
    println!("  a name that nobody has    {unknown:>7.2} ms");
    println!(
        "  {:.3} times; of two tries the known name's takes longer in {:.0} of 100",
        known / unknown,
        share * 100.0
    );
    runtime.block_on(running.stop());
}

/// Prints its address and readers' tokens.
fn serve(folder: &Path) {
    let runtime = runtime();
    let running = runtime.block_on(server::start(folder, HOT_MAP_BYTES_DEFAULT));
    println!("{}", running.address);
    for number in 0..READERS {
        println!("{}", runtime.block_on(users::add(&running, &format!("user{number}"), 7, 40)));
    }
    roles::until_told();
    runtime.block_on(running.stop());
}

fn others() {
    let folder = tempfile::tempdir().unwrap();
    let mut role = Role::start(&mut this(&["serve", folder.path().to_str().unwrap()]));
    let address = role.line();
    let requests: Vec<_> = (0..READERS).map(|_| server::request(&role.line(), "")).collect();
    let learn = || Target::learn(address.parse().unwrap(), requests.clone(), b"HTTP/1.1 200");
    // The first answers are made; those that follow come from memory, and are of another length.
    learn();
    let target = learn();
    let (guessed, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    let (mut quiet, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        quiet.push(target.load(CONNECTIONS, EACH));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut client = Client::to(&address);
                for _ in 0..GUESSES / ROUNDS as u64 {
                    guessed.fetch_add(1, Ordering::Relaxed);
                    refused.fetch_add(u64::from(client.sign_in("user0") == 429), Ordering::Relaxed);
                }
            });
            beside.push(target.load(CONNECTIONS, EACH));
        });
    }
    let p99 = |rounds: &[Measured]| median(rounds.iter().map(|round| round.p99.as_secs_f64() * 1e3).collect());
    let rate = |rounds: &[Measured]| median(rounds.iter().map(|round| round.per_second).collect());
    let (guessed, refused) = (guessed.into_inner(), refused.into_inner());
    println!("\nwarm reads of {READERS} users, {CONNECTIONS} connections, beside one who tries passwords");
    println!("  quiet    p99 {:>7.3} ms  {:>8.0}/s", p99(&quiet), rate(&quiet));
    println!("  beside   p99 {:>7.3} ms  {:>8.0}/s", p99(&beside), rate(&beside));
    println!(
        "  p99 is {:.2} times the quiet one; {refused} of {guessed} were told to wait",
        p99(&beside) / p99(&quiet)
    );
}
