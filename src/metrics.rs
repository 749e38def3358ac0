//! Counting what happens, for whoever watches over the server: plain numbers without names, which every part may keep.
//! `http::metrics` gives them their names.
//!
//! Counting never waits: an addition is one relaxed atomic one, so the numbers of one scrape need not be of one moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Bytes that the kernel says of this process, by the name that it has for them; `None` where it does not tell.
pub fn of_process(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

/// What of the process is in memory at present.
pub fn resident_bytes() -> Option<u64> {
    of_process("VmRSS")
}

/// Threads beyond this share their places.
const SHARDS: usize = 8;

/// A place of its own in the processor's caches.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Shard(AtomicU64);

/// Only goes up. Threads add in places of their own, so that they do not slow each other down.
#[derive(Debug, Default)]
pub struct Counter {
    shards: [Shard; SHARDS],
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static SHARD: usize = THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS;
}

impl Counter {
    pub fn add(&self, count: u64) {
        // A thread that is ending has no place of its own any more.
        let shard = SHARD.try_with(|shard| *shard).unwrap_or(0);
        if let Some(Shard(number)) = self.shards.get(shard) {
            number.fetch_add(count, Ordering::Relaxed);
        }
    }

    pub fn get(&self) -> u64 {
        self.shards.iter().map(|Shard(number)| number.load(Ordering::Relaxed)).fold(0, u64::wrapping_add)
    }
}

/// How many there are at present of what is held open.
#[derive(Debug, Default)]
pub struct Held(AtomicU64);

/// One of what a [`Held`] counts, for as long as it is kept.
#[derive(Debug)]
pub struct Hold(Arc<Held>);

impl Held {
    pub fn hold(self: &Arc<Self>) -> Hold {
        self.0.fetch_add(1, Ordering::Relaxed);
        Hold(self.clone())
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How values are spread over ranges.
#[derive(Debug)]
pub struct Histogram {
    /// The ranges' upper ends, ascending; the last range has none.
    bounds: &'static [u64],
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// What a histogram held when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// Upper end of a range, and how many values are not above it; ascending.
    pub up_to: Vec<(u64, u64)>,
    pub count: u64,
    pub sum: u64,
}

/// From 100 µs to 10 s, in nanoseconds.
const TIMES: [u64; 16] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];
const COUNTS: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

impl Histogram {
    fn new(bounds: &'static [u64]) -> Histogram {
        let counts = std::iter::repeat_with(AtomicU64::default).take(bounds.len() + 1).collect();
        Histogram { bounds, counts, sum: AtomicU64::default() }
    }

    /// Of times.
    pub fn of_times() -> Histogram {
        Histogram::new(&TIMES)
    }

    /// Of small numbers.
    pub fn of_counts() -> Histogram {
        Histogram::new(&COUNTS)
    }

    pub fn observe(&self, value: u64) {
        let range = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(range) {
            count.fetch_add(1, Ordering::Relaxed);
            self.sum.fetch_add(value, Ordering::Relaxed);
        }
    }

    /// A time, kept in nanoseconds.
    pub fn observe_time(&self, took: Duration) {
        self.observe(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    pub fn get(&self) -> Spread {
        let mut count = 0;
        let mut running = self.counts.iter().map(|of_range| {
            count += of_range.load(Ordering::Relaxed);
            count
        });
        let up_to = self.bounds.iter().copied().zip(running.by_ref()).collect();
        running.for_each(drop);
        Spread { up_to, count, sum: self.sum.load(Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_count_together() {
        let counter = Arc::new(Counter::default());
        let counting: Vec<_> = (0..SHARDS * 2)
            .map(|_| {
                let counter = counter.clone();
                std::thread::spawn(move || (0..1_000).for_each(|_| counter.add(1)))
            })
            .collect();
        counting.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(counter.get(), SHARDS as u64 * 2_000);
    }

    #[test]
    fn what_is_held_is_counted_until_it_is_let_go() {
        let held = Arc::new(Held::default());
        let both = (held.hold(), held.hold());
        assert_eq!(held.get(), 2);
        drop(both);
        assert_eq!(held.get(), 0);
    }

    #[test]
    fn a_value_counts_in_its_range_and_all_above() {
        let histogram = Histogram::of_counts();
        for value in [0, 1, 2, 3, 1_000] {
            histogram.observe(value);
        }
        let Spread { up_to, count, sum } = histogram.get();
        assert_eq!(up_to[..4], [(1, 2), (2, 3), (4, 4), (8, 4)]);
        assert_eq!((up_to.len(), count, sum), (COUNTS.len(), 5, 1_006));
    }
}
