//! Every order in which threads can take their steps, as far as they can be tried: commits that are published,
//! readers that look, wait, load and publish late, listeners, and a clock that crosses boundaries.
//!
//! What is explored is the code that the server runs: the two files below are compiled once more, over cells
//! whose every step the scheduler chooses. `CODEXMIROIR_SCHEDULES=1000000 cargo test --test suite schedules`
//! tries a million of them. A failure prints the schedule that `shuttle::replay` repeats.

mod cells;
#[path = "../../src/store/keyed.rs"]
#[expect(dead_code, reason = "nobody here gives up when somebody else has the lock")]
mod keyed;
#[path = "../../src/store/published.rs"]
#[expect(dead_code, reason = "nobody here asks how much is hot")]
mod published;
mod world;

use std::collections::HashMap;
use std::sync::Arc;

use codexmiroir::domain::ids;
use codexmiroir::store::{Basis, hot};
use shuttle::future::block_on;
use shuttle::rand::Rng;
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::{Config, PortfolioRunner, thread};

use keyed::KeyedLocks;
use world::{LENA, USERS, World};

const SCHEDULES_DEFAULT: usize = 1_000;

/// Bytes of each thread's stack: a build without optimization needs more than the scheduler gives.
const STACK_BYTES: usize = 256 * 1024;

/// Depth of the orders that the second scheduler prefers: how many unlucky switches it takes.
const UNLUCKY_SWITCHES: usize = 3;

/// Runs it under as many schedules as the environment asks for, half of them chosen evenly, half of them such that
/// few threads are held back for long.
fn explore(run: fn()) {
    let asked = std::env::var("CODEXMIROIR_SCHEDULES").map(|count| count.parse().unwrap());
    let half = asked.unwrap_or(SCHEDULES_DEFAULT).div_ceil(2);
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    let mut runner = PortfolioRunner::new(true, config);
    runner.add(RandomScheduler::new(half));
    runner.add(PctScheduler::new(UNLUCKY_SWITCHES, half));
    runner.run(run);
}

/// Threads that run until the end of the schedule.
fn join(threads: Vec<thread::JoinHandle<()>>) {
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn whatever_the_order_a_reader_sees_what_was_acknowledged_and_what_is_current() {
    explore(|| {
        let world = Arc::new(World::new());
        let run = |part: fn(&World)| {
            let world = world.clone();
            thread::spawn(move || part(&world))
        };
        join(vec![
            run(World::write),
            run(World::pass_time),
            run(|world| world.read_some(false)),
            run(|world| world.read_some(false)),
            run(|world| world.read_some(true)),
            run(World::read_impatiently),
            run(|world| world.listen(LENA)),
        ]);
        world.check_the_end();
    });
}

/// Two users whose commits share a group, readers who only look at what is hot, and several who listen.
#[test]
fn a_group_is_published_before_anybody_in_it_is_answered_and_every_listener_is_told() {
    explore(|| {
        let world = Arc::new(World::new());
        let run = |part: fn(&World)| {
            let world = world.clone();
            thread::spawn(move || part(&world))
        };
        join(vec![
            run(World::write),
            run(World::pass_time),
            run(|world| USERS.into_iter().cycle().take(6).for_each(|user| world.look(user))),
            run(|world| world.listen(LENA)),
            run(|world| world.listen(LENA)),
            run(|world| world.listen(USERS[1])),
        ]);
        world.check_the_end();
    });
}

#[test]
fn a_lane_is_one_writers_at_a_time_and_gone_when_nobody_wants_it() {
    explore(|| {
        let lanes: Arc<KeyedLocks<u8, u32>> = Arc::new(KeyedLocks::default());
        let taken = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let held = lanes.get(0);
        let mut threads = Vec::new();
        for impatient in [false, false, true] {
            let (lanes, taken) = (lanes.clone(), taken.clone());
            threads.push(thread::spawn(move || {
                for key in [0_u8, 1] {
                    let lane = lanes.get(key);
                    if impatient && world::poll_once(lane.lock()) {
                        continue;
                    }
                    let mut state = block_on(lane.lock());
                    let is_free = &taken[usize::from(key)];
                    assert!(!is_free.swap(true, Ordering::SeqCst), "two writers in one lane");
                    let before = *state;
                    thread::yield_now();
                    *state = before + 1;
                    is_free.store(false, Ordering::SeqCst);
                }
            }));
        }
        join(threads);
        let passed = *block_on(held.lock());
        assert!((2..=3).contains(&passed), "{passed}: what somebody holds lives on from one writer to the next");
        drop(held);
        for key in [0, 1] {
            assert_eq!(*block_on(lanes.get(key).lock()), 0, "lane {key} outlived its writers");
        }
    });
}

/// A number of each user.
type PerUser<T> = HashMap<ids::UserId, T>;

/// Whether something happens this time, in one of `of` schedules.
fn one_in(of: u32) -> bool {
    shuttle::rand::thread_rng().gen_ratio(1, of)
}
