//! Backup and restore beside tar and zstd: `cargo bench --bench backup`, which needs both. Another number of tasks is chosen
//! with `CODEXMIROIR_BENCH_TASKS`; 1,000,000 take 15 GB of the disk for temporary files.
//!
//! The program's own `backup` and `restore` of a data directory, each a process of its own, beside `tar | zstd -3` and the
//! way back of exactly the bytes that are in the backup: its members, as files. All take turns; times are medians. Then a
//! backup of a server that answers and writes meanwhile.
//!
//! Peaks are those of resident memory as the system counts them (VmHWM), asked for every few milliseconds.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints, and ends where something fails"
)]

#[path = "parts/backup/fill.rs"]
mod fill;
#[expect(dead_code, reason = "every answer of this bench is another one")]
#[path = "parts/load.rs"]
mod load;
#[path = "parts/backup/process.rs"]
mod process;
#[expect(dead_code, reason = "no process of this bench is a server of its own")]
#[path = "parts/roles.rs"]
mod roles;
#[expect(dead_code, reason = "the clock is the system's, and nothing is synced")]
#[path = "parts/server.rs"]
mod server;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use fill::Filled;
use load::{Measured, Target, median};
use process::{Serving, Taken, run};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TASKS: usize = 60_000;
/// With more tasks than this, each is measured once.
const TASKS_OF_ROUNDS: usize = 100_000;
const ROUNDS: usize = 3;
/// Clients that write while a server makes a backup, and creates of each between two looks at the clock.
const WRITERS: usize = 2;
const CREATES: usize = 50;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["fill", folder, tasks] => fill::fill(folder.as_ref(), tasks.parse().unwrap()),
        _ => {
            let tasks = std::env::var("CODEXMIROIR_BENCH_TASKS").map_or(TASKS, |value| value.parse().unwrap());
            let folder = tempfile::tempdir().unwrap();
            let filled = Filled::with(folder.path(), tasks);
            measure(folder.path(), &filled, if tasks > TASKS_OF_ROUNDS { 1 } else { ROUNDS });
            beside_writers(folder.path(), &filled);
        }
    }
}

/// The program, on this data directory.
fn ours(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_codexmiroir"));
    command.args(arguments).arg("--data-dir").arg(data).env_clear().env("LC_ALL", "C");
    command
}

/// A line of the shell, with a folder and a file in place of `$1` and `$2`.
fn shell(line: &str, folder: &Path, file: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("set -e; {line}"), "sh"]).args([folder, file]).env("LC_ALL", "C");
    command
}

/// What stands in a line of the table: a name, and what each round took.
struct Line(&'static str, Vec<Taken>);

impl Line {
    fn of(name: &'static str) -> Line {
        Line(name, Vec::new())
    }

    fn seconds(&self) -> f64 {
        median(self.1.iter().map(|taken| taken.seconds).collect())
    }

    fn print(&self, filled: &Filled, bytes: f64) {
        let (seconds, peak) = (self.seconds(), self.1.iter().map(|taken| taken.peak).max().unwrap_or_default());
        println!(
            "  {:<20}{seconds:>8.1} s, {:>6.1} MB/s, of documents {:>6.1} MB/s, peak {:>6.1} MB",
            self.0,
            bytes / 1e6 / seconds,
            filled.document_bytes as f64 / 1e6 / seconds,
            peak as f64 / 1e6
        );
    }

    /// Prints how it does beside what does the same with the same bytes: the middle one of the rounds' ratios.
    fn compare(&self, other: &Line) {
        let ratios = self.1.iter().zip(&other.1).map(|(taken, other)| other.seconds / taken.seconds);
        println!("  {} has {:.2} of the rate of {}", self.0, median(ratios.collect()), other.0);
    }
}

const PACK: &str = r#"tar -C "$1" -c . | zstd -3 -q -f -o "$2""#;
const UNPACK: &str = r#"mkdir "$1"; zstd -d -q -c "$2" | tar -C "$1" -x"#;

fn measure(folder: &Path, filled: &Filled, rounds: usize) {
    let at = |name: &str| folder.join(name);
    let (data, backup) = (at("data"), at("backup.tar.zst"));
    let mut lines = ["codexmiroir backup", "tar | zstd -3", "codexmiroir restore", "zstd -d | tar"].map(Line::of);
    let (file, members) = (backup.to_str().unwrap(), at("members"));
    let mut sizes = [0; 3];
    for _ in 0..rounds {
        remove(&[&backup, &members]);
        let made = run(&mut ours(&["backup", "--output", file], &data));
        run(&mut shell(UNPACK, &members, &backup));
        let packed = run(&mut shell(PACK, &members, &at("members.tar.zst")));
        let restored = run(&mut ours(&["restore", file], &at("restored")));
        assert!(restored.said.contains(&filled.same_timelines()), "{}", restored.said);
        let unpacked = run(&mut shell(UNPACK, &at("unpacked"), &at("members.tar.zst")));
        remove(&[&at("restored"), &at("unpacked")]);
        for (line, taken) in lines.iter_mut().zip([made, packed, restored, unpacked]) {
            line.1.push(taken);
        }
        sizes = [fill::bytes_below(&members), fill::bytes_of(&backup), fill::bytes_of(&at("members.tar.zst"))];
    }
    let [inside, compressed, plain] = sizes.map(|bytes| bytes as f64 / 1e6);
    println!(
        "\n{} tasks of {} users, {:.0} MB of documents: {inside:.0} MB in a backup, {compressed:.0} MB compressed, {plain:.0} MB by \
         tar and zstd",
        filled.tasks,
        filled.tokens.len(),
        filled.document_bytes as f64 / 1e6
    );
    for line in &lines {
        line.print(filled, inside * 1e6);
    }
    let [made, packed, restored, unpacked] = &lines;
    made.compare(packed);
    restored.compare(unpacked);
    remove(&[&backup, &members, &at("members.tar.zst")]);
}

/// A backup of a server that is asked and changed by others, and what its process grows by.
fn beside_writers(folder: &Path, filled: &Filled) {
    let (data, backup) = (folder.join("data"), folder.join("served.tar.zst"));
    let server = Serving::start(&mut ours(&["serve", "--listen", "127.0.0.1:0"], &data));
    let requests = filled.tokens.iter().map(|token| fill::create(token)).collect();
    let target = Target::writes(server.address, requests);
    let quiet: Vec<Measured> = (0..4).map(|_| target.load(WRITERS, CREATES)).collect();
    let before = server.take_peak();
    let is_over = AtomicBool::new(false);
    let (taken, busy) = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut rounds = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                rounds.push(target.load(WRITERS, CREATES));
            }
            rounds
        });
        let taken = run(&mut ours(&["backup", "--output", backup.to_str().unwrap()], &data));
        is_over.store(true, Ordering::Relaxed);
        (taken, writing.join().unwrap())
    });
    let after = server.take_peak();
    let of = |rounds: &[Measured], value: fn(&Measured) -> f64| median(rounds.iter().map(value).collect());
    let rate = |rounds: &[Measured]| of(rounds, |round| round.per_second);
    let p99 = |rounds: &[Measured]| of(rounds, |round| round.p99.as_secs_f64() * 1e3);
    let [before, after] = [before, after].map(|bytes| bytes as f64 / 1e6);
    println!("a backup of a server with {WRITERS} clients that create tasks: {:.1} s", taken.seconds);
    println!("  peak of the server {before:.1} MB before, {after:.1} MB meanwhile: {:+.1} MB", after - before);
    println!("  peak of the command {:.1} MB", taken.peak as f64 / 1e6);
    println!("  creates before {:.0}/s, p99 {:.1} ms", rate(&quiet), p99(&quiet));
    println!("  creates meanwhile {:.0}/s, p99 {:.1} ms", rate(&busy), p99(&busy));
}

fn remove(paths: &[&PathBuf]) {
    for path in paths {
        let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    }
}
