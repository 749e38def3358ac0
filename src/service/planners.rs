//! Threads that plan, apart from the async ones. Each has its own script engine, because engines are not
//! shared between threads: own engines scale, a shared one does not.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::metrics::ServiceMetrics;
use super::rulebook::RuleList;
use crate::rules::{RuleError, RuleSet};

type Job = Box<dyn FnOnce(&mut Desk) + Send>;

/// Jobs that may wait; more make their senders wait.
const QUEUE_MAX: usize = 1_024;

/// Rule sets that a thread keeps compiled.
const COMPILED_MAX: usize = 64;

pub(super) struct Planners {
    jobs: mpsc::Sender<Job>,
}

/// A job that did not come to its end: it panicked, or the program is ending.
#[derive(Debug, thiserror::Error)]
#[error("planning was interrupted")]
pub struct Interrupted;

/// What a planning thread has at hand.
#[derive(Default)]
pub(super) struct Desk {
    compiled: HashMap<[u8; 32], Result<Rc<RuleSet>, RuleError>>,
    pub(super) metrics: Arc<ServiceMetrics>,
}

impl Desk {
    /// The rule list, compiled; remembered by its fingerprint.
    pub(super) fn rule_set(&mut self, list: &RuleList) -> Result<Rc<RuleSet>, RuleError> {
        if self.compiled.len() >= COMPILED_MAX && !self.compiled.contains_key(&list.fingerprint) {
            self.compiled.clear();
        }
        let compile = || RuleSet::compile(&list.scripts).map(Rc::new);
        self.compiled.entry(list.fingerprint).or_insert_with(compile).clone()
    }
}

impl Planners {
    pub(super) fn start(threads: usize, metrics: &Arc<ServiceMetrics>) -> Planners {
        let (jobs, queue) = mpsc::channel::<Job>(QUEUE_MAX);
        let queue = Arc::new(Mutex::new(queue));
        for index in 0..threads {
            let (queue, metrics) = (queue.clone(), metrics.clone());
            let spawned =
                std::thread::Builder::new().name(format!("planner-{index}")).spawn(move || work(&queue, &metrics));
            if let Err(error) = spawned {
                tracing::error!(%error, "a planning thread could not be started");
            }
        }
        Planners { jobs }
    }

    /// Jobs that wait.
    pub(super) fn queued(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    /// Runs the job on one of the threads.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Desk) -> T + Send + 'static,
    ) -> Result<T, Interrupted> {
        let (answer, result) = oneshot::channel();
        let job: Job = Box::new(move |desk| {
            // An asker that went away needs no answer.
            let _ = answer.send(job(desk));
        });
        self.jobs.send(job).await.map_err(|_| Interrupted)?;
        result.await.map_err(|_| Interrupted)
    }
}

fn work(queue: &Mutex<mpsc::Receiver<Job>>, metrics: &Arc<ServiceMetrics>) {
    let fresh = || Desk { metrics: metrics.clone(), ..Desk::default() };
    let mut desk = fresh();
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(job) = job else { return };
        // A panic is a defect, but one user's; the thread goes on with a fresh desk.
        if catch_unwind(AssertUnwindSafe(|| job(&mut desk))).is_err() {
            tracing::error!("a planning job panicked");
            desk = fresh();
        }
    }
}
