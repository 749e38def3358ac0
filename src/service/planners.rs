//! Threads that plan, apart from the async ones. Each has its own script engine, because engines are not
//! shared between threads: own engines scale, a shared one does not. Users' rules are asked in workers that all share.
//! Whose job comes first is up to `turns`.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Thread;
use std::time::Instant;

use tokio::sync::{Semaphore, oneshot};

use super::asker::{self, Asker};
use super::failures::Failures;
use super::metrics::ServiceMetrics;
use super::planning::Planned;
use super::rulebook::RuleList;
use super::rules::KnownAbouts;
use super::turns::{Turn, Turns};
use crate::domain::ids::UserId;
use crate::domain::script::Script;
use crate::rules::{Outcome, RuleError};
use crate::view::RulesSource;
use crate::worker::Pool;

type Job = Box<dyn FnOnce(&mut Desk) + Send>;

/// Jobs that may wait; more make their senders wait.
const QUEUE_MAX: usize = 1_024;

/// Rule sets that a thread keeps compiled.
const COMPILED_MAX: usize = 64;

/// Threads that users whose jobs took long of late leave to others.
const THREADS_FOR_OTHERS: usize = 2;

/// Users' lists of which a thread keeps how to ask for them.
const APART_MAX: usize = 1_024;

pub(super) struct Planners {
    queue: Arc<Queue>,
}

/// Jobs that wait for a thread. Each that comes wakes one thread, the one that was busy last: what it works with is
/// still in its core's caches.
struct Queue {
    waiting: Mutex<Waiting>,
    room: Semaphore,
}

struct Waiting {
    jobs: Turns<Job>,
    /// Threads that wait for jobs, the one that was busy last at the end.
    idle: Vec<Thread>,
    is_closed: bool,
}

/// A job that did not come to its end: it panicked, or the program is ending.
#[derive(Debug, thiserror::Error)]
#[error("planning was interrupted")]
pub struct Interrupted;

/// What a planning thread has at hand.
#[derive(Default)]
pub(super) struct Desk {
    compiled: Kept,
    apart: Kept,
    pub(super) abouts: KnownAbouts,
    /// Where the rules of users are run; nowhere outside a server.
    workers: Option<Arc<Pool>>,
    pub(super) metrics: Arc<ServiceMetrics>,
    failures: Arc<Failures>,
}

type Kept = HashMap<[u8; 32], Result<Rc<Asker>, RuleError>>;

impl Desk {
    /// Who answers for the list; remembered by its fingerprint, and so is why it does not compile.
    pub(super) fn asker(&mut self, list: &RuleList) -> Result<Rc<Asker>, RuleError> {
        let (kept, most) = match list.source {
            RulesSource::Builtin | RulesSource::Server => (&mut self.compiled, COMPILED_MAX),
            RulesSource::User => (&mut self.apart, APART_MAX),
        };
        if let Some(known) = kept.get(&list.fingerprint) {
            return known.clone();
        }
        let asker = Asker::of(list, self.workers.as_ref()).map(Rc::new);
        // What the machine did not let be known may be known the next time.
        if !asker.as_ref().is_err_and(|error| error.timed_out) {
            if kept.len() >= most {
                kept.clear();
            }
            kept.insert(list.fingerprint, asker.clone());
        }
        asker
    }

    /// As [`Desk::asker`], for a list that nobody plans with: nothing is kept of it, because there is no end of those.
    pub(super) fn asker_of_candidate(&self, list: &RuleList) -> Result<Rc<Asker>, RuleError> {
        let kept = match list.source {
            RulesSource::Builtin | RulesSource::Server => &self.compiled,
            RulesSource::User => &self.apart,
        };
        match kept.get(&list.fingerprint) {
            Some(known) => known.clone(),
            None => Asker::of(list, self.workers.as_ref()).map(Rc::new),
        }
    }

    /// Tells whoever runs the server of rules that fail in a plan of the present state.
    pub(super) fn tell_failure(&self, user: UserId, planned: &Planned) {
        self.failures.tell(&self.metrics, user, planned);
    }

    /// Why the tests of a user's list fail, which are named as its scripts: the first failure of each script's. Where
    /// nobody runs the list, why not.
    pub(super) fn failures_of(&self, list: &RuleList, tests: &[Script]) -> Vec<RuleError> {
        match self.outcomes_of(list, tests) {
            Ok(tested) => tested.into_iter().filter_map(first_failure).collect(),
            Err(error) => vec![error],
        }
    }

    /// What came of the tests of a user's list, in their order.
    ///
    /// # Errors
    /// They could not be run to their end.
    pub(super) fn outcomes_of(
        &self,
        list: &RuleList,
        tests: &[Script],
    ) -> Result<Vec<Result<Vec<Outcome>, RuleError>>, RuleError> {
        match &self.workers {
            Some(workers) => workers.test(&list.scripts, tests),
            None => Err(asker::run_by_a_server(list)),
        }
    }
}

fn first_failure(tested: Result<Vec<Outcome>, RuleError>) -> Option<RuleError> {
    match tested {
        Ok(outcomes) => outcomes.into_iter().find_map(|outcome| outcome.failure),
        Err(error) => Some(error),
    }
}

impl Planners {
    pub(super) fn start(
        threads: usize,
        metrics: &Arc<ServiceMetrics>,
        failures: &Arc<Failures>,
        workers: &Arc<Pool>,
    ) -> Planners {
        let room = Semaphore::new(QUEUE_MAX);
        let jobs = Turns::new(threads.saturating_sub(THREADS_FOR_OTHERS).max(1));
        let waiting = Mutex::new(Waiting { jobs, idle: Vec::new(), is_closed: false });
        let queue = Arc::new(Queue { waiting, room });
        for index in 0..threads {
            let queue = queue.clone();
            let (metrics, failures, workers) = (metrics.clone(), failures.clone(), workers.clone());
            let fresh = move || Desk {
                metrics: metrics.clone(),
                failures: failures.clone(),
                workers: Some(workers.clone()),
                ..Desk::default()
            };
            let spawned =
                std::thread::Builder::new().name(format!("planner-{index}")).spawn(move || work(&queue, fresh));
            if let Err(error) = spawned {
                tracing::error!(%error, "a planning thread could not be started");
            }
        }
        Planners { queue }
    }

    /// Jobs that wait.
    pub(super) fn queued(&self) -> usize {
        QUEUE_MAX - self.queue.room.available_permits()
    }

    /// Runs the user's job on one of the threads.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        user: UserId,
        job: impl FnOnce(&mut Desk) -> T + Send + 'static,
    ) -> Result<T, Interrupted> {
        let (answer, result) = oneshot::channel();
        let job: Job = Box::new(move |desk| {
            // An asker that went away needs no answer.
            let _ = answer.send(job(desk));
        });
        let place = self.queue.room.acquire().await.map_err(|_| Interrupted)?;
        // Given back by the thread that takes the job.
        place.forget();
        let idle = {
            let mut waiting = self.queue.lock();
            waiting.jobs.push(user, job);
            waiting.idle.pop()
        };
        if let Some(thread) = idle {
            thread.unpark();
        }
        result.await.map_err(|_| Interrupted)
    }
}

impl Drop for Planners {
    fn drop(&mut self) {
        let mut waiting = self.queue.lock();
        waiting.is_closed = true;
        for thread in waiting.idle.drain(..) {
            thread.unpark();
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job; `None` when there will be no more.
    fn next(&self) -> Option<(Turn, Job)> {
        let own = std::thread::current();
        loop {
            {
                let mut waiting = self.lock();
                // It is there still when it woke by chance.
                waiting.idle.retain(|thread| thread.id() != own.id());
                if let Some(next) = waiting.jobs.begin() {
                    self.room.add_permits(1);
                    return Some(next);
                }
                if waiting.is_closed {
                    return None;
                }
                waiting.idle.push(own.clone());
            }
            std::thread::park();
        }
    }
}

fn work(queue: &Queue, fresh: impl Fn() -> Desk) {
    let mut desk = fresh();
    while let Some((turn, job)) = queue.next() {
        let begun = Instant::now();
        // A panic is a defect, but one user's; the thread goes on with a fresh desk.
        if catch_unwind(AssertUnwindSafe(|| job(&mut desk))).is_err() {
            tracing::error!("a planning job panicked");
            desk = fresh();
        }
        queue.lock().jobs.end(&turn, begun.elapsed());
    }
}
