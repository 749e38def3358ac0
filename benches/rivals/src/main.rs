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
#[path = "../../parts/users.rs"]
mod users;
#[path = "../../parts/warm.rs"]
mod warm;

use std::path::Path;
use std::process::{Child, Command};

use codexmiroir::config::HOT_MAP_BYTES_DEFAULT;
use load::Target;
use roles::{Role, this, until_told};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["fill", folder, tasks] => warm::fill(folder.as_ref(), tasks.parse().unwrap()),
        ["ours", folder, hot_bytes_max] => warm::serve_ours(folder.as_ref(), hot_bytes_max.parse().unwrap()),
        ["bare", folder] => warm::serve_bare(folder.as_ref()),
        ["writer", folder] => serve_writes(folder.as_ref()),
        ["sqlite", folder] => sqlite::serve(folder.as_ref()),
        _ => {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().to_str().unwrap();
            compare_creates(path);
            for (_, tasks) in warm::SIZES {
                warm::Field::set_up(tasks)
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

fn compare_creates(path: &str) {
    let mut ours = Role::start(&mut this(&["writer", path]));
    let address = ours.line().parse().unwrap();
    let requests = (0..creates::CLIENTS).map(|_| creates::request(&ours.line())).collect();
    let mut sqlite = Role::start(&mut this(&["sqlite", path]));
    let at = sqlite.line().parse().unwrap();
    let rivals = (0..creates::CLIENTS).map(sqlite::request).collect();
    let servers = [
        ("codexmiroir".to_owned(), Target::writes(address, requests)),
        ("SQLite behind bare hyper".to_owned(), Target::writes(at, rivals)),
    ];
    creates::measure(&servers, path.as_ref());
}

/// The process that is us, with a user for each client.
fn serve_writes(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let running = runtime.block_on(async {
        let running = users::start(&folder.join("ours"), HOT_MAP_BYTES_DEFAULT).await;
        println!("{}", running.address);
        for number in 0..creates::CLIENTS {
            println!("{}", users::add(&running, &format!("w{number:02}"), 20).await);
        }
        running
    });
    until_told();
    runtime.block_on(running.stop());
}
