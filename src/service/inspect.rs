//! "Why does this user see this?": what is kept of a timeline, and when and why it was made anew.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use quick_cache::sync::Cache;

use super::error::{Refusal, ServiceError};
use super::timeline::Served;
use super::{Service, read};
use crate::domain::ids::{Generation, UserId, UserName};
use crate::domain::zone::Zone;
use crate::store::{Basis, Finished, Head, Staleness};

/// Why a timeline was made anew for a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Neither the hot map nor the database had one: a new user, or one whose first was lost in a crash before it was
    /// stored.
    NothingKept,
    /// The one that was kept is not right any more.
    Stale(Staleness),
    /// Somebody asked for it, with `nocache`.
    Asked,
    /// It was to become a calendar, which the database does not keep.
    Calendar,
}

impl Cause {
    /// The stable word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::NothingKept => "nothing_kept",
            Cause::Stale(staleness) => staleness.as_str(),
            Cause::Asked => "asked",
            Cause::Calendar => "calendar",
        }
    }
}

/// One time that a timeline was made anew for a reader. Those that come with a commit are not counted: the
/// history has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuild {
    pub at: DateTime<Utc>,
    pub cause: Cause,
    pub generation: Generation,
    /// From reading the tasks to the finished bytes.
    pub took: Duration,
    /// Documents that were planned.
    pub tasks: usize,
    /// The size of the timeline.
    pub bytes: usize,
    /// False when the clock cut the rules: shown once, and made anew for the next reader.
    pub is_kept: bool,
}

/// Rebuilds that are remembered of one user.
const REBUILDS_OF_USER: usize = 100;

/// Users whose rebuilds are remembered; the coldest make room.
const USERS_MAX: usize = 1_024;

type Rebuilds = Arc<Mutex<VecDeque<Rebuild>>>;

/// The last rebuilds of the users, in memory alone. Each user has a log of its own, so that nobody's reading
/// pushes out what is to be known of another.
pub(super) struct RebuildLog(Cache<UserId, Rebuilds>);

impl Default for RebuildLog {
    fn default() -> Self {
        RebuildLog(Cache::new(USERS_MAX))
    }
}

impl RebuildLog {
    pub(super) fn record(&self, user: UserId, rebuild: Rebuild) {
        let made: Result<Rebuilds, std::convert::Infallible> =
            self.0.get_or_insert_with(&user, || Ok(Rebuilds::default()));
        let Ok(rebuilds) = made;
        let mut rebuilds = rebuilds.lock().unwrap_or_else(PoisonError::into_inner);
        rebuilds.truncate(REBUILDS_OF_USER - 1);
        rebuilds.push_front(rebuild);
    }

    /// The user is gone for good.
    pub(super) fn forget(&self, user: UserId) {
        self.0.remove(&user);
    }

    /// The latest first.
    fn list(&self, user: UserId) -> Vec<Rebuild> {
        let Some(rebuilds) = self.0.peek(&user) else { return Vec::new() };
        let rebuilds = rebuilds.lock().unwrap_or_else(PoisonError::into_inner);
        rebuilds.iter().copied().collect()
    }
}

/// A timeline that is kept somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    pub generation: Generation,
    pub basis: Basis,
    pub valid_from: DateTime<Utc>,
    pub valid_until: DateTime<Utc>,
    pub bytes: usize,
    /// Why it would not be served; `None` while it is current.
    pub stale: Option<Staleness>,
}

/// What is to be known of a user's timeline.
#[derive(Clone, Debug)]
pub struct Inspection {
    pub user: UserName,
    /// The user's, by which boundaries fall.
    pub zone: Zone,
    pub generation: Generation,
    /// When that generation was committed.
    pub committed_at: DateTime<Utc>,
    /// What a timeline must be made with to be current.
    pub basis: Basis,
    /// What the hot map had before this inspection read the timeline.
    pub hot: Option<Kept>,
    /// What the database had.
    pub materialized: Option<Kept>,
    /// The timeline as a reader gets it now, and where it came from. Its `valid_until` is the next boundary.
    pub served: Served,
    /// The latest first, with one that this inspection caused.
    pub rebuilds: Vec<Rebuild>,
}

impl Service {
    /// Looks at what is kept of a user's timeline, and then reads it as the user would.
    ///
    /// # Errors
    /// [`Refusal::NoSuchUser`], and whatever keeps the user from reading.
    pub async fn inspect(self: &Arc<Self>, name: &str) -> Result<Inspection, ServiceError> {
        let (service, wanted) = (self.clone(), name.to_owned());
        let basis = self.rules.book().basis();
        let look = move || {
            let user = service.require_user(&wanted)?;
            let hot = service.store.published().peek(user.id);
            let found = service.store.get_timeline(user.id)?;
            let (head, materialized) = found.ok_or(Refusal::NoSuchUser { name: wanted })?;
            let hot = hot.map(|entry| service.kept(&head, &entry.finished, basis));
            let materialized = materialized.map(|finished| service.kept(&head, &finished, basis));
            Ok((user, head, hot, materialized))
        };
        let (user, head, hot, materialized) = read(look).await?;
        let (settings, _) = self.settings(user.id)?;
        let served = self.timeline(user.id, false).await?;
        Ok(Inspection {
            user: user.name,
            zone: settings.zone,
            generation: head.generation,
            committed_at: head.committed_at,
            basis,
            hot,
            materialized,
            served,
            rebuilds: self.rebuild_log.list(user.id),
        })
    }

    fn kept(&self, head: &Head, finished: &Finished, basis: Basis) -> Kept {
        Kept {
            generation: finished.generation,
            basis: finished.basis,
            valid_from: finished.valid_from,
            valid_until: finished.valid_until,
            bytes: finished.body.len(),
            stale: finished.staleness(head.generation, basis, self.clock.now()),
        }
    }
}
