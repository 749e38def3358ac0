//! Use cases: what a request, a command or a job may ask for, whoever asks.
//!
//! Reading: [`Service::timeline`] and the functions of [`tasks`]. Changing: every change of a user's ground
//! state goes through [`Service::change`], which plans it in line behind the user's other changes.

pub mod accounts;
pub mod administration;
pub mod archive;
mod asker;
mod attempts;
pub mod backup;
mod bases;
pub mod change;
pub mod demo;
pub mod doctor;
pub mod error;
pub mod explain;
pub mod export;
mod failures;
#[cfg(test)]
mod faults;
pub mod folder;
pub mod history;
pub mod idempotency;
mod idle_lanes;
pub mod import;
pub mod inspect;
pub mod keyring;
pub mod looking_back;
mod memo;
mod metrics;
pub mod moves;
pub mod old_layout;
mod one_time;
pub mod passwords;
mod planners;
mod planning;
mod present;
pub mod preview;
mod replay;
pub mod rule_check;
pub mod rule_files;
pub mod rule_tests;
pub mod rulebook;
pub mod rules;
pub mod sessions;
pub mod settings;
pub mod sign_in;
pub mod sync;
pub mod tasks;
pub mod timeline;
pub mod timeline_at;
pub mod tokens;
mod turns;
pub mod verification;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::{Notify, watch};

use crate::clock::Clock;
use crate::domain::ids::UserId;
use crate::store::{KeyedLocks, Store};
use crate::worker::{self, Pool, WorkerMetrics};

pub use metrics::ServiceMetrics;
pub use planning::{Planned, plan_folder};

use attempts::Attempts;
use change::Lane;
use error::ServiceError;
use failures::Failures;
use idle_lanes::IdleLanes;
use keyring::Keyring;
use memo::Memos;
use one_time::OneTimeLinks;
use planners::{Interrupted, Planners};
use present::PresentRules;
use rulebook::RuleBook;
use sync::{Links, SyncOptions};
use tasks::KnownWords;

/// Planning threads beside one for each core. A thread that waits for a worker or the disk uses no core, and one user has at most as
/// many jobs at a time (a rebuild, a change, a view and an import): slow rules hold up nobody else.
const THREADS_THAT_WAIT: usize = 4;

/// Everything that the use cases work with. One per running program.
pub struct Service {
    store: Arc<Store>,
    clock: Clock,
    rules: PresentRules,
    planners: Planners,
    workers: Arc<Pool>,
    /// What users' rules answered lately.
    memos: Arc<Memos>,
    /// What pages offer to be said of tasks.
    words: KnownWords,
    failures: Arc<Failures>,
    /// One writer of a user plans at a time, each on the result of the one before.
    lanes: KeyedLocks<UserId, Lane>,
    idle_lanes: IdleLanes,
    /// One rebuild of a user's timeline at a time; others that ask wait for its result.
    rebuilds: KeyedLocks<UserId, ()>,
    rebuild_log: inspect::RebuildLog,
    /// One costly view of a user at a time, so that nobody's reading holds up everybody's planning.
    views: KeyedLocks<UserId, ()>,
    /// One archive of a user is taken in at a time: it is held in memory until it is committed.
    imports: KeyedLocks<UserId, ()>,
    /// `Idempotency-Key`s whose first request is still under way.
    keys_in_flight: Mutex<HashSet<(UserId, String)>>,
    /// Rings when one of them is no more.
    key_landed: Notify,
    grants: tokens::GrantCache,
    attempts: Attempts,
    one_time_links: OneTimeLinks,
    passwords: passwords::Passwords,
    keyring: Arc<Keyring>,
    links: Links,
    metrics: Arc<ServiceMetrics>,
}

impl Service {
    /// `rules` are those that the server applies to everybody who has none of their own; those that users have are run
    /// by workers.
    pub fn new(
        store: Store,
        clock: Clock,
        rules: RuleBook,
        workers: worker::Options,
        keyring: Keyring,
        sync: SyncOptions,
    ) -> Arc<Service> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from) + THREADS_THAT_WAIT;
        let (metrics, failures) = (Arc::new(ServiceMetrics::default()), Arc::new(Failures::default()));
        let workers = Arc::new(Pool::new(workers, threads));
        let service = Arc::new(Service {
            store: Arc::new(store),
            clock,
            rules: PresentRules::new(rules),
            planners: Planners::start(threads, &metrics, &failures, &workers),
            workers,
            memos: Arc::default(),
            words: KnownWords::default(),
            failures,
            lanes: KeyedLocks::default(),
            idle_lanes: IdleLanes::default(),
            rebuilds: KeyedLocks::default(),
            rebuild_log: inspect::RebuildLog::default(),
            views: KeyedLocks::default(),
            imports: KeyedLocks::default(),
            keys_in_flight: Mutex::default(),
            key_landed: Notify::new(),
            grants: tokens::GrantCache::default(),
            attempts: Attempts::default(),
            one_time_links: OneTimeLinks::default(),
            passwords: passwords::Passwords::new(),
            keyring: Arc::new(keyring),
            links: Links::new(sync),
            metrics,
        });
        service.note_basis();
        if let Err(error) = service.load_own_links() {
            tracing::error!(%error, "nobody's own remote is synced with");
        }
        service
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// From now on these rules apply to everybody who has none of their own; whether they are others. Every timeline
    /// made with the ones before is stale by its basis.
    pub fn replace_rules(&self, rules: RuleBook) -> bool {
        let is_other = self.rules.replace(rules);
        self.note_basis();
        is_other
    }

    /// Tells when the rules of the server are replaced.
    pub fn rules_replacements(&self) -> watch::Receiver<()> {
        self.rules.subscribe()
    }

    /// What was counted since the start.
    pub fn metrics(&self) -> &ServiceMetrics {
        &self.metrics
    }

    /// What was counted of the processes that users' rules run in.
    pub fn workers(&self) -> &WorkerMetrics {
        self.workers.metrics()
    }

    /// Jobs that wait for a planning thread.
    pub fn queued(&self) -> usize {
        self.planners.queued()
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}

#[cfg(test)]
impl Service {
    /// A service for tests, with the built-in rules, at an instant of 2025, that syncs with nothing.
    fn for_tests(store: Store, keyring: Keyring) -> Arc<Service> {
        let clock = Clock::manual(chrono::DateTime::from_timestamp(1_760_335_200, 0).unwrap());
        let sync = sync::SyncSettings::default().options(std::path::PathBuf::new()).unwrap();
        Service::new(store, clock, RuleBook::builtin(), worker::Options::of_this_program(), keyring, sync)
    }
}

/// Something large that is made while it is sent.
pub trait Streamed: Send + 'static {
    /// The next bytes, or `None` when all were given. After an error nothing follows, and what came before is not whole.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, ServiceError>> + Send;
}

/// Reads the database on a thread that may wait for the disk.
async fn read<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, ServiceError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(ServiceError::Interrupted(Interrupted)))
}
