//! Reading a timeline: from the hot map, else from the database, else made anew.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Service;
use super::error::{Refusal, ServiceError};
use super::planning::{self, Identity, Planned};
use crate::domain::document;
use crate::domain::ids::{DocKey, UserId};
use crate::store::hot::Entry;
use crate::store::{Snapshot, StoreError};
use crate::view::Answer;

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    Hot,
    Materialized,
    Rebuilt,
}

impl Layer {
    /// The value of the header `X-Cache`.
    pub fn as_str(self) -> &'static str {
        match self {
            Layer::Hot => "hot",
            Layer::Materialized => "materialized",
            Layer::Rebuilt => "rebuilt",
        }
    }
}

/// A current answer and where it came from.
#[derive(Clone, Debug)]
pub struct Served {
    pub entry: Arc<Entry>,
    pub layer: Layer,
    /// Whether the answer may be kept by whoever gets it; see [`Planned::is_certain`] and [`Served::is_durable`].
    pub is_certain: bool,
    /// Whether the state that it shows is on disk; see [`Snapshot::is_durable`].
    pub is_durable: bool,
}

impl Service {
    /// The answer if it is hot: no lock, no database, no await.
    pub fn hot_timeline(&self, user: UserId) -> Option<Arc<Entry>> {
        self.store.published().get(user, self.rules.basis(), self.clock.now())
    }

    /// The user's current timeline. `rebuild` makes it anew even when a current one is at hand.
    pub async fn timeline(self: &Arc<Self>, user: UserId, rebuild: bool) -> Result<Served, ServiceError> {
        let hot = |service: &Service| {
            let entry = service.hot_timeline(user).filter(|_| !rebuild)?;
            Some(Served { entry, layer: Layer::Hot, is_certain: true, is_durable: true })
        };
        if let Some(served) = hot(self) {
            return Ok(served);
        }
        let flight = self.rebuilds.get(user);
        let _turn = flight.lock().await;
        // Whoever had the turn before may have brought it.
        if let Some(served) = hot(self) {
            return Ok(served);
        }
        let service = self.clone();
        let load = move |desk: &mut super::planners::Desk| {
            if !rebuild && let Some(entry) = service.materialized(user)? {
                return Ok(Served { entry, layer: Layer::Materialized, is_certain: true, is_durable: true });
            }
            let (planned, is_durable) = service.rebuild(desk, user)?;
            let is_certain = planned.is_certain && is_durable;
            if is_certain {
                service.store.put_timeline(user, planned.entry.finished.clone());
            }
            Ok(Served { entry: planned.entry, layer: Layer::Rebuilt, is_certain, is_durable })
        };
        let served: Result<Served, ServiceError> = self.planners.run(load).await?;
        let served = served?;
        let published = self.store.published();
        if served.is_durable {
            published.advance(user, served.entry.finished.generation);
        }
        if served.is_certain {
            published.put(user, served.entry.clone());
        }
        Ok(served)
    }

    /// What the timeline would be over other days or at another instant. Nothing of it is kept.
    pub async fn what_if(
        self: &Arc<Self>,
        user: UserId,
        now: Option<DateTime<Utc>>,
        days: Option<u16>,
    ) -> Result<Answer, ServiceError> {
        let view = self.views.get(user);
        let _turn = view.lock().await;
        let service = self.clone();
        let job = move |desk: &mut super::planners::Desk| {
            let mut snapshot = service.require_snapshot(user)?;
            snapshot.settings.days = days.unwrap_or(snapshot.settings.days);
            let now = now.unwrap_or_else(|| service.clock.now());
            Ok(service.plan(desk, user, &snapshot, now).answer)
        };
        self.planners.run(job).await?
    }

    /// The user's timeline as a value, planned now.
    pub async fn answer(self: &Arc<Self>, user: UserId) -> Result<Answer, ServiceError> {
        self.what_if(user, None, None).await
    }

    fn materialized(&self, user: UserId) -> Result<Option<Arc<Entry>>, StoreError> {
        let Some((head, Some(finished))) = self.store.get_timeline(user)? else { return Ok(None) };
        let current = finished.is_current(head.generation, self.rules.basis(), self.clock.now());
        Ok(current.then(|| Arc::new(planning::entry(self.identity(user), finished))))
    }

    /// The plan of the present state, and whether that state is durable.
    fn rebuild(&self, desk: &mut super::planners::Desk, user: UserId) -> Result<(Planned, bool), ServiceError> {
        let opening = self.store.opening();
        let snapshot = self.require_snapshot(user)?;
        let mut planned = self.plan(desk, user, &snapshot, self.clock.now());
        // Read from two openings of the database, it may be of no state that there was.
        planned.is_certain &= self.store.opening() == opening;
        Ok((planned, snapshot.is_durable))
    }

    pub(super) fn require_snapshot(&self, user: UserId) -> Result<Snapshot, ServiceError> {
        let snapshot = self.store.snapshot(user)?;
        snapshot.ok_or_else(|| Refusal::NoSuchUser { name: user.0.to_string() }.into())
    }

    fn plan(&self, desk: &mut super::planners::Desk, user: UserId, snapshot: &Snapshot, now: DateTime<Utc>) -> Planned {
        let body_of = |key: &DocKey| {
            let raw = self.store.get_document(user, key).ok().flatten()?;
            document::body(&raw).map(Arc::from)
        };
        planning::plan_snapshot(desk, &self.rules, self.identity(user), snapshot, now, &body_of)
    }

    fn identity(&self, user: UserId) -> Identity {
        Identity { incarnation: self.store.incarnation(), user }
    }
}
