//! Who asks which worker: as many at once as there are places, and whoever is done leaves the worker for the next.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::process::{Cut, Program, Worker};
use crate::metrics::Counter;

pub(super) struct Seats {
    most: usize,
    workers: Mutex<Workers>,
    freed: Condvar,
}

#[derive(Default)]
struct Workers {
    /// In the order in which they were last asked.
    idle: Vec<Worker>,
    /// Those that are being asked or started.
    busy: usize,
}

/// The right to have one worker. It goes back to the others unless it was ended.
pub(super) struct Seat<'s> {
    seats: &'s Seats,
    worker: Option<Worker>,
}

impl Seats {
    pub(super) fn new(most: usize) -> Seats {
        Seats { most, workers: Mutex::default(), freed: Condvar::new() }
    }

    fn workers(&self) -> MutexGuard<'_, Workers> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat, with an idle worker if there is one: one that has the list, else the one that was asked last. With `anew`
    /// it is empty. `died` counts those that are found ended.
    pub(super) fn take(
        &self,
        fingerprint: &[u8; 32],
        anew: bool,
        deadline: Instant,
        died: &Counter,
    ) -> Result<Seat<'_>, Cut> {
        let mut workers = self.workers();
        loop {
            // Whoever ended while idle, by somebody else's hand, is no worker any more.
            let idle = workers.idle.len();
            workers.idle.retain_mut(|worker| !worker.has_ended());
            died.add((idle - workers.idle.len()) as u64);
            let knows = |worker: &Worker| worker.known.contains(fingerprint);
            let best = workers.idle.iter().position(knows).or(workers.idle.len().checked_sub(1));
            let has_place = workers.busy + workers.idle.len() < self.most;
            let worker = match best {
                // The one that was asked the longest ago makes room for a new one.
                Some(_) if anew && !has_place => {
                    drop(workers.idle.remove(0));
                    None
                }
                Some(best) if !anew => Some(workers.idle.remove(best)),
                _ if has_place => None,
                _ => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(Cut::Clock);
                    }
                    workers = self.freed.wait_timeout(workers, left).unwrap_or_else(PoisonError::into_inner).0;
                    continue;
                }
            };
            workers.busy += 1;
            return Ok(Seat { seats: self, worker });
        }
    }
}

impl Seat<'_> {
    /// The worker; `None` when one has to be started.
    pub(super) fn worker(&mut self) -> Option<&mut Worker> {
        self.worker.as_mut()
    }

    pub(super) fn start(&mut self, program: &Program) -> Result<&mut Worker, Cut> {
        Ok(self.worker.insert(Worker::start(program)?))
    }

    /// Ends the worker.
    pub(super) fn end(mut self) {
        drop(self.worker.take());
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut workers = self.seats.workers();
        workers.busy -= 1;
        workers.idle.extend(self.worker.take());
        drop(workers);
        self.seats.freed.notify_one();
    }
}
