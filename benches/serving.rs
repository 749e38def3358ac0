//! Warm reads and creates over HTTP: `cargo bench --bench serving`.
//!
//! `GET /codex` of 1,000 users with bodies of 2, 10 and 50 KB and polls of their feeds, token and currency checked,
//! against a bare hyper server that sends the same bodies as the former and looks at nothing. Each server is a process of its own and takes turns with the other;
//! the client is a third process on the same machine. Rates and ratios are medians.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and ends where something fails")]

#[path = "parts/bare.rs"]
mod bare;
#[path = "parts/creates.rs"]
mod creates;
#[path = "parts/load.rs"]
mod load;
#[path = "parts/roles.rs"]
mod roles;
#[path = "parts/server.rs"]
mod server;
#[path = "parts/users.rs"]
mod users;
#[path = "parts/warm.rs"]
mod warm;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["fill", folder, days, tasks] => {
            warm::fill(folder.as_ref(), days.parse().unwrap(), tasks.parse().unwrap());
        }
        ["ours", folder, hot_bytes_max] => warm::serve_ours(folder.as_ref(), hot_bytes_max.parse().unwrap()),
        ["bare", folder] => warm::serve_bare(folder.as_ref()),
        ["writer", folder] => creates::serve_ours(folder.as_ref()),
        _ => {
            let folder = tempfile::tempdir().unwrap();
            let (ours, role) = creates::ours(folder.path());
            creates::measure(&[ours], folder.path());
            drop(role);
            for size in warm::SIZES {
                warm::Field::set_up(size).measure(|_| Vec::new());
            }
        }
    }
}
