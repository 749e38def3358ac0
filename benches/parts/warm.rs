//! The warm read of many users, ours and others', in one run.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use codexmiroir::config::HOT_MAP_BYTES_DEFAULT;
use codexmiroir::store::Scopes;
use tempfile::TempDir;

use super::load::{Measured, Target, median};
use super::roles::{Role, this, until_told};
use super::{bare, server, users};

/// Days and tasks of each user that make bodies of about 2, 10 and 50 KB.
pub const SIZES: [(u16, usize); 3] = [(2, 3), (7, 36), (7, 265)];
const USERS: usize = 1_000;
const CONNECTIONS: usize = 64;
/// Rounds in which all take turns, and requests of each connection in a round.
const ROUNDS: usize = 9;
const EACH: usize = 400;
/// What polls of feeds are compared with.
const UNCHANGED: &str = "codexmiroir 304";
/// Where the tokens are, in the data directory.
const TOKENS: &str = "tokens";

/// The servers that are compared, warm.
pub struct Field {
    /// Each with the process that is asked.
    targets: Vec<(String, Target, u32)>,
    /// The bodies, as files by number.
    bodies: TempDir,
    _servers: [Role; 2],
    _database: TempDir,
    /// Of all bodies, in bytes.
    size: u64,
    /// The same of all calendars.
    calendars_size: u64,
    /// What the process grew by, in KB, when it read them, with its hot map and without one.
    grown: [u64; 2],
}

/// A server that joins in: its name, what it is asked, its process, and what ends it when it is dropped.
pub type Rival = (String, Target, u32, Box<dyn std::any::Any>);

impl Field {
    /// Ours with 1,000 users of so many days and tasks, its 304, the same of their feeds, and bare hyper.
    pub fn set_up((days, tasks): (u16, usize)) -> Field {
        let database = tempfile::tempdir().unwrap();
        let path = database.path().to_str().unwrap();
        assert!(this(&["fill", path, &days.to_string(), &tasks.to_string()]).status().unwrap().success());
        let tokens = fs::read_to_string(database.path().join(TOKENS)).unwrap();
        let tokens = tokens.lines().map(|line| line.split_once(' ').unwrap());
        let (tokens, feeds): (Vec<String>, Vec<String>) =
            tokens.map(|(token, feed)| (token.to_owned(), feed.to_owned())).unzip();
        let bodies = tempfile::tempdir().unwrap();
        // Once to store the timelines, once without a hot map, and at last for the measurement.
        let read = |hot_bytes_max: u64| {
            let mut ours = Role::start(&mut this(&["ours", path, &hot_bytes_max.to_string()]));
            let address = ours.line().parse().unwrap();
            let before = resident_kb(ours.child.id());
            let asked = tokens.iter().map(|token| server::request(token, "connection: close\r\n"));
            let (etags, size) = read_each(address, asked, Some(bodies.path()));
            let grown = resident_kb(ours.child.id()).saturating_sub(before);
            (ours, address, etags, size, grown)
        };
        drop(read(0));
        let without = read(0).4;
        let (ours, address, etags, size, with) = read(HOT_MAP_BYTES_DEFAULT);
        let asked = tokens.iter().map(|token| server::request(token, "")).collect();
        let unchanged =
            |(token, etag): (&String, &String)| server::request(token, &format!("if-none-match: {etag}\r\n"));
        let again = tokens.iter().zip(&etags).map(unchanged).collect();
        let polled = feeds.iter().map(|feed| poll(feed, "connection: close\r\n"));
        let (etags, calendars_size) = read_each(address, polled, None);
        let polled = feeds.iter().map(|feed| poll(feed, "")).collect();
        let unchanged = |(feed, etag): (&String, &String)| poll(feed, &format!("if-none-match: {etag}\r\n"));
        let polled_again: Vec<Vec<u8>> = feeds.iter().zip(&etags).map(unchanged).collect();
        let polled_by_one = vec![polled_again[0].clone()];
        let mut bare = Role::start(&mut this(&["bare", bodies.path().to_str().unwrap()]));
        let at = bare.line().parse().unwrap();
        let in_turn = tokens.iter().enumerate();
        let bodies_in_turn = in_turn.map(|(number, token)| bare::request(number, token)).collect();
        let target = |name: &str, target: Target, server: &Role| (name.to_owned(), target, server.child.id());
        let targets = vec![
            target("bare hyper", Target::learn(at, bodies_in_turn, b"HTTP/1.1 200"), &bare),
            target("codexmiroir 200", Target::learn(address, asked, b"HTTP/1.1 200"), &ours),
            target(UNCHANGED, Target::learn(address, again, b"HTTP/1.1 304"), &ours),
            target("feed 200", Target::learn(address, polled, b"HTTP/1.1 200"), &ours),
            target("feed 304", Target::learn(address, polled_again, b"HTTP/1.1 304"), &ours),
            target("one feed 304", Target::learn(address, polled_by_one, b"HTTP/1.1 304"), &ours),
        ];
        let servers = [ours, bare];
        let grown = [with, without];
        Field { targets, bodies, _servers: servers, _database: database, size, calendars_size, grown }
    }

    /// Lets all take turns and prints the table. The rivals are made of the folder that has the bodies as files.
    pub fn measure(mut self, rivals: impl FnOnce(&Path) -> Vec<Rival>) {
        let rivals = rivals(self.bodies.path());
        self.targets.extend(rivals.iter().map(|(name, target, process, _)| (name.clone(), target.clone(), *process)));
        let mut rounds: Vec<Vec<(Measured, f64)>> = self.targets.iter().map(|_| Vec::new()).collect();
        for _ in 0..ROUNDS {
            for ((_, target, process), rounds) in self.targets.iter().zip(&mut rounds) {
                let before = cpu_seconds(*process);
                let measured = target.load(CONNECTIONS, EACH);
                rounds.push((measured, (cpu_seconds(*process) - before) / (CONNECTIONS * EACH) as f64 * 1e6));
            }
        }
        let average = self.size as f64 / USERS as f64 / 1e3;
        println!("\nwarm read, {USERS} users × {average:.1} KB, {CONNECTIONS} connections");
        let of = |index: usize, value: fn(&(Measured, f64)) -> f64| median(rounds[index].iter().map(value).collect());
        for (index, (name, _, _)) in self.targets.iter().enumerate() {
            let ratios = rounds[index].iter().zip(&rounds[0]).map(|(one, bare)| one.0.per_second / bare.0.per_second);
            let (rate, ratio) = (of(index, |round| round.0.per_second), median(ratios.collect()));
            let (cpu, p99) = (of(index, |round| round.1), of(index, |round| round.0.p99.as_secs_f64() * 1e3));
            let by_cpu = of(0, |round| round.1) / cpu;
            println!(
                "  {name:<16}{rate:>8.0}/s {ratio:>5.2} of bare hyper, {cpu:>5.1} µs of CPU {by_cpu:>5.2}, p99 {p99:.2} ms"
            );
        }
        let beside = self.targets.iter().position(|(name, ..)| name == UNCHANGED).unwrap();
        for (index, (name, ..)) in self.targets.iter().enumerate().filter(|(_, (name, ..))| name.contains("feed")) {
            let ratio = |value: fn(&(Measured, f64)) -> f64| {
                let ratios = rounds[index].iter().zip(&rounds[beside]).map(|(one, other)| value(one) / value(other));
                median(ratios.collect())
            };
            let (rate, cpu) = (ratio(|round| round.0.per_second), ratio(|round| round.1));
            println!("  {name:<16}{rate:.2} of the rate of {UNCHANGED}, {cpu:.2} of its CPU");
        }
        let [with, without] = self.grown.map(|kb| kb as f64 / 1e3);
        let size = self.size as f64 / 1e6;
        println!("  calendars of {:.1} KB", self.calendars_size as f64 / USERS as f64 / 1e3);
        println!("  bodies {size:.1} MB; the process grew by {with:.1} MB, without a hot map by {without:.1} MB");
    }
}

/// What a process and its children have used of the processor, in seconds. It tells servers apart where others use
/// the machine too.
fn cpu_seconds(process: u32) -> f64 {
    let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
    let mut seconds = 0.0;
    for thread in fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
        let nanoseconds = read(thread.path().join("schedstat"));
        seconds += nanoseconds.split(' ').next().and_then(|first| first.parse::<f64>().ok()).unwrap_or(0.0) / 1e9;
        let children = read(thread.path().join("children"));
        seconds += children.split_whitespace().filter_map(|child| child.parse().ok()).map(cpu_seconds).sum::<f64>();
    }
    seconds
}

/// The request for the calendar that this token opens.
fn poll(token: &str, header: &str) -> Vec<u8> {
    format!("GET /feeds/{token}.ics HTTP/1.1\r\nhost: 127.0.0.1\r\n{header}\r\n").into_bytes()
}

/// Asks for each on a connection of its own and keeps the bodies as files, where there is a folder for them; the entity
/// tags, and how many bytes there are.
fn read_each(
    address: std::net::SocketAddr,
    requests: impl Iterator<Item = Vec<u8>>,
    folder: Option<&Path>,
) -> (Vec<String>, u64) {
    use std::io::{Read, Write};
    let (mut etags, mut size) = (Vec::new(), 0);
    for (number, request) in requests.enumerate() {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(&request).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let at = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..at]);
        etags.push(head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned());
        if let Some(folder) = folder {
            fs::write(folder.join(number.to_string()), &answer[at + 4..]).unwrap();
        }
        size += answer.len() as u64 - at as u64 - 4;
    }
    (etags, size)
}

/// The resident memory of a process, in KB.
fn resident_kb(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The process that makes the database.
pub fn fill(folder: &Path, days: u16, tasks: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let running = server::start(folder, HOT_MAP_BYTES_DEFAULT).await;
        let mut tokens = Vec::new();
        for number in 0..USERS {
            let name = format!("u{number:03}");
            let token = users::add(&running, &name, days, tasks).await;
            let feed = running.service.create_token(&name, Scopes::FEED, "bench", None).await.unwrap();
            tokens.push(format!("{token} {feed}"));
        }
        fs::write(folder.join(TOKENS), tokens.join("\n")).unwrap();
        running.stop().await;
    });
}

/// The process that is us.
pub fn serve_ours(folder: &Path, hot_bytes_max: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let running = runtime.block_on(server::start(folder, hot_bytes_max));
    println!("{}", running.address);
    until_told();
    runtime.block_on(running.stop());
}

/// The process that is bare hyper.
pub fn serve_bare(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let body = |number: usize| Bytes::from(fs::read(PathBuf::from(folder).join(number.to_string())).unwrap());
    let address = runtime.block_on(bare::serve((0..USERS).map(body).collect()));
    println!("{address}");
    until_told();
}
