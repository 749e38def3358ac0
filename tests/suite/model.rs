//! Random histories of every use case and every operation of the store, each beside a model that is as simple as
//! it can be: after each step both must have answered the same and be in the same state.
//!
//! `CODEXMIROIR_MODEL_HISTORIES=100000 cargo test --test suite model::` runs that many. A failure prints the
//! shortest history that still fails, and the seed; `CODEXMIROIR_MODEL_SEED` begins with it.

mod account;
mod past;
mod plan;
mod request;
mod steps;
mod synced;
mod world;

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use world::World;

const HISTORIES_DEFAULT: u32 = 50;
/// Histories on one database; longer runs go on with a new one, so that opening it stays quick.
const HISTORIES_OF_DATABASE: u32 = 250;
/// One database in so many has what its histories tell afterwards compared as well.
const LOOKS_BACK_EVERY: u32 = 8;

#[test]
fn random_histories_end_as_the_model_says() {
    let asked = std::env::var("CODEXMIROIR_MODEL_HISTORIES").map(|count| count.parse().unwrap());
    let seed = std::env::var("CODEXMIROIR_MODEL_SEED").map(|seed| seed.parse().unwrap());
    let seed: u64 = seed.unwrap_or_else(|_| RandomState::new().hash_one(std::process::id()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = asked.unwrap_or(HISTORIES_DEFAULT).div_ceil(u32::try_from(threads).unwrap());
    std::thread::scope(|scope| {
        for thread in 0..threads as u64 {
            scope.spawn(move || {
                let mut done = 0;
                while done < share {
                    let together = HISTORIES_OF_DATABASE.min(share - done);
                    let looks_back = (done / HISTORIES_OF_DATABASE).is_multiple_of(LOOKS_BACK_EVERY);
                    let own = seed.wrapping_add(thread << 32).wrapping_add(u64::from(done));
                    run((own, seed), together, looks_back);
                    done += together;
                }
            });
        }
    });
}

/// Histories on one database, drawn from this seed.
fn run((seed, printed): (u64, u64), histories: u32, looks_back: bool) {
    let config = Config { cases: histories, failure_persistence: None, max_shrink_time: 20_000, ..Config::default() };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let world = RefCell::new(World::new(looks_back));
    let result = TestRunner::new_with_rng(config, rng)
        .run(&steps::history(), |history| world.borrow_mut().live(&history).map_err(TestCaseError::fail));
    if let Err(error) = result {
        panic!("CODEXMIROIR_MODEL_SEED={printed}: {error}");
    }
    let flaws = world.borrow().flaws();
    assert!(flaws.is_empty(), "CODEXMIROIR_MODEL_SEED={printed}: {flaws:#?}");
}
