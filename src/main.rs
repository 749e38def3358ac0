//! The program: the command that was asked for, or a worker of a server.

use std::process::ExitCode;

/// Answers are made of many short-lived allocations on several threads; this one is faster at them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if codexmiroir::worker::is_asked() { codexmiroir::worker::run() } else { codexmiroir::cli::run() }
}
