//! What the server's copy of the repository grows by.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use super::client::Client;
use super::shared::Shared;

/// What one change may add, in bytes.
pub const BYTES_MAX: f64 = 2_048.0;

const FILES: usize = 1_000;
const CHANGES: usize = 1_000;
/// How many changes come from one side before those of the other.
const TURN: usize = 10;

pub fn measure() -> ExitCode {
    let changes = std::env::var("CODEXMIROIR_SYNC_CHANGES").map_or(CHANGES, |value| value.parse().unwrap());
    let shared = Shared::with(FILES);
    let server = shared.server();
    let mut client = Client::of(&server);
    client.sync();
    let clone = shared.clone_of("clone");
    let copy = server.folder.join("git");
    let before = on_disk(&copy);
    let (mut largest, begun) = (0, Instant::now());
    for change in 0..changes {
        // Each is pushed before the next, so that no file is changed on both sides at once.
        let number = change * 7 % FILES;
        if (change / TURN).is_multiple_of(2) {
            client.edit(number, &format!("change{change}"));
        } else {
            if change.is_multiple_of(TURN) {
                clone.fetch();
                clone.follow();
            }
            clone.write(number, change);
            clone.commit("a title");
            clone.push();
            let report = client.sync();
            assert_eq!(report["changed"], 1, "{report}");
        }
        largest = largest.max(on_disk(&copy));
    }
    let after = on_disk(&copy);
    let each = after.saturating_sub(before) as f64 / changes as f64;
    let kilobytes = |bytes: u64| bytes as f64 / 1e3;
    println!("\nthe server's copy of the repository, {FILES} files, {changes} changes, half of them from each side");
    println!(
        "  {:.0} KB before, {:.0} KB after, {:.0} KB at most between: {each:.0} bytes a change, at most {BYTES_MAX:.0} are allowed ({:.0} s)",
        kilobytes(before),
        kilobytes(after),
        kilobytes(largest),
        begun.elapsed().as_secs_f64()
    );
    if each <= BYTES_MAX { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What a folder takes of the disk, in bytes.
fn on_disk(folder: &Path) -> u64 {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        // The server may be removing it.
        let Ok(metadata) = entry.metadata() else { continue };
        bytes += metadata.blocks() * 512;
        if metadata.is_dir() {
            bytes += on_disk(&entry.path());
        }
    }
    bytes
}
