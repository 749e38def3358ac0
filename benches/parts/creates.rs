//! Creates of one client and of many, each answered when it is on disk.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use codexmiroir::config::HOT_MAP_BYTES_DEFAULT;

use super::load::{Measured, Target, median};
use super::roles::{Role, this, until_told};
use super::{server, users};

/// Clients at once, each with a user of its own.
pub const CLIENTS: usize = 64;
const ROUNDS: usize = 5;
/// Creates of a round, in all.
const CREATES: usize = 1_280;
const ALONE: usize = 128;

/// What is measured beside one another.
pub type Server = (&'static str, Target);

/// Our server, in a process of its own.
pub fn ours(folder: &Path) -> (Server, Role) {
    let mut role = Role::start(&mut this(&["writer", folder.to_str().unwrap()]));
    let address = role.line().parse().unwrap();
    let requests = (0..CLIENTS).map(|_| request(&role.line())).collect();
    (("codexmiroir", Target::writes(address, requests)), role)
}

/// That process, with a user for each client.
pub fn serve_ours(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let running = runtime.block_on(async {
        let running = server::start(&folder.join("ours"), HOT_MAP_BYTES_DEFAULT).await;
        println!("{}", running.address);
        for number in 0..CLIENTS {
            println!("{}", users::add(&running, &format!("w{number:02}"), 7, 20).await);
        }
        running
    });
    until_told();
    runtime.block_on(running.stop());
}

/// Lets all take turns with the disk alone and prints the table.
pub fn measure(servers: &[Server], folder: &Path) {
    let mut file = File::create(folder.join("append")).unwrap();
    let mut disk = Vec::new();
    let mut rounds: Vec<Vec<[Measured; 2]>> = servers.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        disk.push(appended(&mut file));
        for (index, (_, target)) in servers.iter().enumerate() {
            rounds[index].push([target.load(1, ALONE), target.load(CLIENTS, CREATES / CLIENTS)]);
        }
    }
    println!("\ncreates, each answered when it is on disk");
    println!("  append + fdatasync of 1 KB    {:>8.0}/s", median(disk.clone()));
    for ((name, _), rounds) in servers.iter().zip(&rounds) {
        let rate = |which: usize| median(rounds.iter().map(|round| round[which].per_second).collect());
        let p99 = |which: usize| median(rounds.iter().map(|round| round[which].p99.as_secs_f64() * 1e3).collect());
        let ratio = median(rounds.iter().zip(&disk).map(|(round, disk)| round[0].per_second / disk).collect());
        println!("  {name}, one client  {:>8.0}/s   {ratio:.2} of the disk alone   p99 {:.2} ms", rate(0), p99(0));
        let times = rate(1) / rate(0);
        println!("  {name}, {CLIENTS} clients  {:>8.0}/s   {times:.1} × one client   p99 {:.2} ms", rate(1), p99(1));
    }
}

/// How often the disk takes a kilobyte in a second.
fn appended(file: &mut File) -> f64 {
    let begun = Instant::now();
    for _ in 0..ALONE {
        file.write_all(&[b'x'; 1_024]).unwrap();
        file.sync_data().unwrap();
    }
    ALONE as f64 / begun.elapsed().as_secs_f64()
}

/// The request that makes a task.
fn request(token: &str) -> Vec<u8> {
    let body = r#"{"kategorie":"arbeit","title":"A task of the bench","tags":["bench"]}"#;
    let head = format!("POST /api/tasks HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n");
    let content = format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    format!("{head}{content}").into_bytes()
}
