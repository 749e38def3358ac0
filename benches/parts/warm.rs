//! The warm read of many users, ours and others', in one run.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use codexmiroir::config::HOT_MAP_BYTES_DEFAULT;
use tempfile::TempDir;

use super::load::{Measured, Target, median};
use super::roles::{Role, this, until_told};
use super::{bare, users};

/// About how large the bodies are in KB, and how many tasks make them so.
pub const SIZES: [(usize, usize); 3] = [(2, 8), (10, 42), (50, 265)];
const USERS: usize = 1_000;
const CONNECTIONS: usize = 64;
/// Rounds in which all take turns, and requests of each connection in a round.
const ROUNDS: usize = 9;
const EACH: usize = 400;
/// Where the tokens are, in the data directory.
const TOKENS: &str = "tokens";

/// The servers that are compared, warm.
pub struct Field {
    names: Vec<String>,
    targets: Vec<Target>,
    /// The bodies, as files by number.
    bodies: TempDir,
    _servers: [Role; 2],
    _database: TempDir,
    /// Of all bodies, in bytes.
    size: u64,
    /// What the process grew by, in KB, when it read them, with its hot map and without one.
    grown: [u64; 2],
}

/// A server that joins in: its name, what it is asked, and itself.
pub type Rival = (String, Target, Box<dyn std::any::Any>);

impl Field {
    /// Ours with 1,000 users of so many tasks, its 304, and bare hyper.
    pub fn set_up(tasks: usize) -> Field {
        let database = tempfile::tempdir().unwrap();
        let path = database.path().to_str().unwrap();
        assert!(this(&["fill", path, &tasks.to_string()]).status().unwrap().success());
        let tokens = fs::read_to_string(database.path().join(TOKENS)).unwrap();
        let tokens: Vec<String> = tokens.lines().map(str::to_owned).collect();
        let bodies = tempfile::tempdir().unwrap();
        // Once to store the timelines, once without a hot map, and at last for the measurement.
        let read = |hot_bytes_max: u64| {
            let mut ours = Role::start(&mut this(&["ours", path, &hot_bytes_max.to_string()]));
            let address = ours.line().parse().unwrap();
            let before = resident_kb(ours.child.id());
            let (etags, size) = keep_bodies(address, &tokens, bodies.path());
            let grown = resident_kb(ours.child.id()).saturating_sub(before);
            (ours, address, etags, size, grown)
        };
        drop(read(0));
        let without = read(0).4;
        let (ours, address, etags, size, with) = read(HOT_MAP_BYTES_DEFAULT);
        let asked = tokens.iter().map(|token| users::request(token, "")).collect();
        let unchanged =
            |(token, etag): (&String, &String)| users::request(token, &format!("if-none-match: {etag}\r\n"));
        let again = tokens.iter().zip(&etags).map(unchanged).collect();
        let mut bare = Role::start(&mut this(&["bare", bodies.path().to_str().unwrap()]));
        let at = bare.line().parse().unwrap();
        let targets = vec![
            Target::learn(at, (0..USERS).map(bare::request).collect(), b"HTTP/1.1 200"),
            Target::learn(address, asked, b"HTTP/1.1 200"),
            Target::learn(address, again, b"HTTP/1.1 304"),
        ];
        let names = ["bare hyper", "codexmiroir 200", "codexmiroir 304"].map(str::to_owned).to_vec();
        let servers = [ours, bare];
        Field { names, targets, bodies, _servers: servers, _database: database, size, grown: [with, without] }
    }

    /// Lets all take turns and prints the table. The rivals are made of the folder that has the bodies as files.
    pub fn measure(mut self, rivals: impl FnOnce(&Path) -> Vec<Rival>) {
        let rivals = rivals(self.bodies.path());
        for (name, target, _) in &rivals {
            self.names.push(name.clone());
            self.targets.push(target.clone());
        }
        let (names, targets) = (&self.names, &self.targets);
        let mut rounds: HashMap<usize, Vec<Measured>> = HashMap::new();
        for _ in 0..ROUNDS {
            for (index, target) in targets.iter().enumerate() {
                rounds.entry(index).or_default().push(target.load(CONNECTIONS, EACH));
            }
        }
        let average = self.size as f64 / USERS as f64 / 1e3;
        println!("\nwarm read, {USERS} users × {average:.1} KB, {CONNECTIONS} connections");
        for (index, name) in names.iter().enumerate() {
            let rates = rounds[&index].iter().map(|round| round.per_second).collect();
            let ratios = rounds[&index].iter().zip(&rounds[&0]).map(|(one, bare)| one.per_second / bare.per_second);
            let p99 = median(rounds[&index].iter().map(|round| round.p99.as_secs_f64() * 1e3).collect());
            let (rate, ratio) = (median(rates), median(ratios.collect()));
            println!("  {name:<18}{rate:>9.0} requests/s  {ratio:>5.2} of bare hyper   p99 {p99:.2} ms");
        }
        let [with, without] = self.grown.map(|kb| kb as f64 / 1e3);
        println!(
            "  bodies {:.1} MB; the process grew by {with:.1} MB, without a hot map by {without:.1} MB",
            self.size as f64 / 1e6
        );
    }
}

/// Reads each user's timeline and keeps it as a file; the entity tags, and how many bytes there are.
fn keep_bodies(address: std::net::SocketAddr, tokens: &[String], folder: &Path) -> (Vec<String>, u64) {
    use std::io::{Read, Write};
    let (mut etags, mut size) = (Vec::new(), 0);
    for (number, token) in tokens.iter().enumerate() {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(&users::request(token, "connection: close\r\n")).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let at = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..at]);
        etags.push(head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned());
        fs::write(folder.join(number.to_string()), &answer[at + 4..]).unwrap();
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
pub fn fill(folder: &Path, tasks: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let running = users::start(folder, HOT_MAP_BYTES_DEFAULT).await;
        let mut tokens = Vec::new();
        for number in 0..USERS {
            tokens.push(users::add(&running, &format!("u{number:03}"), tasks).await);
        }
        fs::write(folder.join(TOKENS), tokens.join("\n")).unwrap();
        running.stop().await;
    });
}

/// The process that is us.
pub fn serve_ours(folder: &Path, hot_bytes_max: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let running = runtime.block_on(users::start(folder, hot_bytes_max));
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
