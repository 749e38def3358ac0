//! The server beside others, in one run: `cargo run --release --manifest-path benches/rivals/Cargo.toml`.
//!
//! Warm reads beside a bare hyper server, Redis with the same values, and nginx with the same bodies as files; creates
//! beside SQLite. Redis and nginx are started from what is installed; what is not is said and left out. All servers are
//! processes of their own on loopback ports and take turns; the client is the same for all.

#![forbid(unsafe_code)]

#[path = "../../parts/bare.rs"]
mod bare;
#[path = "../../parts/creates.rs"]
mod creates;
#[path = "../../parts/load.rs"]
mod load;
mod nginx;
mod redis;
#[path = "../../parts/roles.rs"]
mod roles;
mod sqlite;
#[path = "../../parts/server.rs"]
mod server;
#[path = "../../parts/users.rs"]
mod users;
#[path = "../../parts/warm.rs"]
mod warm;

use std::path::Path;
use std::process::{Child, Command};

use load::Target;
use roles::{Role, this};

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
        ["sqlite", folder] => sqlite::serve(folder.as_ref()),
        _ => {
            let folder = tempfile::tempdir().unwrap();
            compare_creates(folder.path());
            for size in warm::SIZES {
                warm::Field::set_up(size)
                    .measure(|bodies| [redis::start(bodies), nginx::start(bodies)].into_iter().flatten().collect());
            }
        }
    }
}

/// A program of others, which is told to end by SIGTERM.
struct Foreign(Child);

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

fn compare_creates(folder: &Path) {
    let (ours, _ours) = creates::ours(folder);
    let mut sqlite = Role::start(&mut this(&["sqlite", folder.to_str().unwrap()]));
    let at = sqlite.line().parse().unwrap();
    let rivals = (0..creates::CLIENTS).map(sqlite::request).collect();
    creates::measure(&[ours, ("SQLite", Target::writes(at, rivals))], folder);
}
