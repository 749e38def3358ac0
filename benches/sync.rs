//! The sync with Git, beside git itself: `cargo bench --bench sync`, which needs git.
//!
//! From somebody's push to the timeline that shows it; what taking in and pushing one changed file of 5,000 takes beside
//! `git fetch` and `git push` of the same change, by turns, with the same host; and what the server's copy of the
//! repository grows by with each change. The host is `git http-backend` behind a small server on the loopback, the server
//! a process of its own.
//!
//! `cargo bench --bench sync -- --growth` measures the growth alone and fails above [`growth::BYTES_MAX`] a change;
//! `CODEXMIROIR_SYNC_CHANGES=10000` makes it longer.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and ends where something fails")]

#[path = "parts/sync/beside_git.rs"]
mod beside_git;
#[path = "parts/sync/client.rs"]
mod client;
#[expect(dead_code, reason = "the host of a bench behaves")]
#[path = "../tests/suite/git_host.rs"]
mod git_host;
#[path = "parts/sync/growth.rs"]
mod growth;
#[path = "parts/roles.rs"]
mod roles;
#[expect(dead_code, reason = "nobody signs in, and the clock is the system's")]
#[path = "parts/server.rs"]
mod server;
#[path = "parts/sync/shared.rs"]
mod shared;
#[path = "parts/sync/told.rs"]
mod told;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", folder, remote, host] => shared::serve(folder.as_ref(), remote, host),
        ["--growth"] => return growth::measure(),
        _ => {
            told::measure();
            beside_git::measure();
            return growth::measure();
        }
    }
    ExitCode::SUCCESS
}
