//! Instructions of a warm read, counted: `cargo bench --bench instructions`.
//!
//! Both servers run under valgrind's callgrind, are asked the same number of times over one connection, and are counted
//! twice with different numbers, so that start and end cancel out. Counts are nearly the same in every run and on every
//! machine, which times are not. Fails when ours needs more than [`RATIO_MAX`] times what bare hyper needs.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and ends where something fails")]

#[path = "parts/bare.rs"]
mod bare;
#[path = "parts/roles.rs"]
mod roles;
#[path = "parts/server.rs"]
mod server;
#[path = "parts/users.rs"]
mod users;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, ExitCode};

use codexmiroir::config::HOT_MAP_BYTES_DEFAULT;
use codexmiroir::service::administration::AccountFields;
use codexmiroir::service::sessions::Visit;
use roles::{Role, this, until_told};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What was reached, 0.83, with little room, so that it does not get worse; the goal was 1.5.
const RATIO_MAX: f64 = 0.95;
/// Requests of the two counted runs.
const REQUESTS: [usize; 2] = [1_000, 6_000];
/// Tasks of the user who is read.
const TASKS: usize = 42;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["fill", folder] => fill(folder.as_ref()),
        ["ours", folder] => serve_ours(folder.as_ref()),
        ["bare", size] => serve_bare(size.parse().unwrap()),
        _ => return compare(),
    }
    ExitCode::SUCCESS
}

fn compare() -> ExitCode {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("instructions: valgrind is not installed, so nothing was counted");
        return ExitCode::FAILURE;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    assert!(this(&["fill", path]).status().unwrap().success());
    let token = std::fs::read_to_string(folder.path().join("token")).unwrap();
    let mut size = 0;
    let ours = per_request(&["ours", path], &server::request(&token, ""), &mut size);
    let etag = std::fs::read_to_string(folder.path().join("etag")).unwrap();
    let unchanged = server::request(&token, &format!("if-none-match: {etag}\r\n"));
    let unchanged = per_request(&["ours", path], &unchanged, &mut 0);
    let session = std::fs::read_to_string(folder.path().join("session")).unwrap();
    let signed_in = per_request(&["ours", path], &request_of_session(&session), &mut 0);
    let bare = per_request(&["bare", &size.to_string()], &bare::request(0, &token), &mut 0);
    let ratio = ours / bare;
    println!("instructions of a warm read, {size} bytes");
    println!("  codexmiroir 200 {ours:>8.0}   {ratio:.2} of bare hyper, at most {RATIO_MAX:.2} are allowed");
    println!("  codexmiroir 304 {unchanged:>8.0}   {:.2} of bare hyper", unchanged / bare);
    println!("  with a session  {signed_in:>8.0}   {:.2} of bare hyper", signed_in / bare);
    println!("  bare hyper      {bare:>8.0}");
    if ratio <= RATIO_MAX { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The request for a user's timeline, as a browser sends it that is signed in.
fn request_of_session(session: &str) -> Vec<u8> {
    format!("GET /codex HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: codexmiroir={session}\r\n\r\n").into_bytes()
}

/// What one more request costs a server, in instructions; `size` gets the length of its body.
fn per_request(role: &[&str], request: &[u8], size: &mut usize) -> f64 {
    let [few, many] = REQUESTS.map(|count| counted(role, request, count, size));
    (many - few) as f64 / (REQUESTS[1] - REQUESTS[0]) as f64
}

/// The instructions of a server's whole life with so many requests.
fn counted(role: &[&str], request: &[u8], count: usize, size: &mut usize) -> u64 {
    let out = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "-q", &format!("--callgrind-out-file={}", out.path().display())]);
    let program = this(role);
    command.arg(program.get_program()).args(program.get_args());
    let mut server = Role::start(&mut command);
    let mut stream = TcpStream::connect(server.line()).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 256 * 1024];
    for _ in 0..count {
        stream.write_all(request).unwrap();
        *size = answer(&mut stream, &mut buffer);
    }
    drop(stream);
    drop(server);
    let profile = std::fs::read_to_string(out.path()).unwrap();
    let totals = profile.lines().find_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")));
    totals.unwrap().trim().parse().unwrap()
}

/// Reads one answer; the length of its body.
fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> usize {
    let mut read = 0;
    loop {
        let count = stream.read(&mut buffer[read..]).unwrap();
        assert!(count > 0, "the server closed the connection");
        read += count;
        let Some(at) = buffer[..read].windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&buffer[..at]).unwrap();
        let is_full = head.starts_with("HTTP/1.1 200");
        assert!(is_full || head.starts_with("HTTP/1.1 304"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let length: usize = length.filter(|_| is_full).unwrap_or(0);
        if read == at + 4 + length {
            return length;
        }
    }
}

/// Makes the database, and leaves token, session and entity tag beside it.
fn fill(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let running = server::start(folder, HOT_MAP_BYTES_DEFAULT).await;
        let token = users::add(&running, "reader", 7, TASKS).await;
        let user = running.service.authenticate(&token).unwrap().unwrap().user;
        let served = running.service.timeline(user, false).await.unwrap();
        std::fs::write(folder.join("token"), &token).unwrap();
        let password = "a password of the bench".to_owned();
        let fields = AccountFields { password: Some(password.clone()), ..AccountFields::default() };
        running.service.change_account("reader", fields).await.unwrap();
        let visit = Visit::default();
        let signed_in = running.service.sign_in_with_password("reader", password, &visit).await.unwrap();
        std::fs::write(folder.join("session"), &signed_in.secret).unwrap();
        std::fs::write(folder.join("etag"), &served.entry.etag).unwrap();
        running.stop().await;
    });
}

fn serve_ours(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let running = runtime.block_on(server::start(folder, HOT_MAP_BYTES_DEFAULT));
    println!("{}", running.address);
    until_told();
    runtime.block_on(running.stop());
}

fn serve_bare(size: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    println!("{}", runtime.block_on(bare::serve(vec![vec![b'x'; size].into()])));
    until_told();
}
