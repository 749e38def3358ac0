//! A repository that a server and real clients of git change at the same time, with everything that goes wrong between
//! them: pushes that overtake each other, events late, twice or never, histories rewritten, connections cut at any byte,
//! the server killed. However it goes, both sides are the same afterwards, and nothing that was written is lost.
//!
//! `CODEXMIROIR_SYNC_ROUNDS=1000 cargo test --test suite git_sync::` lives that many rounds, and as many of edits during an
//! event. A failure prints the seed; `CODEXMIROIR_SYNC_SEED` begins with it.

mod cutting;
mod diffs;
mod found;
mod here;
mod meanwhile;
mod there;
mod words;
mod world;

use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

use world::{Tally, World};

const ROUNDS_DEFAULT: u64 = 8;
/// From so many rounds on it is looked whether enough happened in them.
const ROUNDS_LIVELY: u64 = 100;
/// Rounds of one server and repository; longer runs go on with new ones, so that what is compared stays small.
const ROUNDS_OF_WORLD: u64 = 20;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|number| number.parse().unwrap())
}

/// How many rounds somebody wants.
fn rounds_asked() -> Option<u64> {
    number("CODEXMIROIR_SYNC_ROUNDS")
}

#[test]
fn both_sides_come_together_and_nothing_is_lost() {
    let rounds = rounds_asked().unwrap_or(ROUNDS_DEFAULT);
    let seed = number("CODEXMIROIR_SYNC_SEED").unwrap_or_else(|| RandomState::new().hash_one(std::process::id()) >> 16);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let tally = Mutex::new(Tally::default());
    for (world, first) in (0..rounds).step_by(usize::try_from(ROUNDS_OF_WORLD).unwrap()).enumerate() {
        let seed = seed + world as u64;
        let lived = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            for _ in first..rounds.min(first + ROUNDS_OF_WORLD) {
                runtime.block_on(world.live());
            }
            world.end(&mut tally.lock().unwrap());
        });
        if lived.is_err() {
            panic!("CODEXMIROIR_SYNC_SEED={seed}");
        }
    }
    let tally = tally.into_inner().unwrap();
    eprintln!("{rounds} rounds: {tally:?}");
    let is_lively = rounds < ROUNDS_LIVELY || tally.merges > 20 && tally.words > 500 && tally.created > 50;
    assert!(is_lively, "{tally:?}");
}
