//! Reading a timeline: from the hot map, else from the database, else made anew.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};

use super::Service;
use super::error::{Refusal, ServiceError};
use super::inspect::{Cause, Rebuild};
use super::memo::Memo;
use super::planners::Desk;
use super::planning::{self, Identity, Planned};
use super::rulebook::{RuleBook, RuleList};
use crate::domain::document;
use crate::domain::ids::{DocKey, Generation, UserId};
use crate::domain::script::Script;
use crate::rules::RuleError;
use crate::store::hot::{Entry, Form};
use crate::store::{Basis, Finished, Snapshot, StoreError};
use crate::view::Answer;
use crate::view::calendar::{self, Owner};

pub use crate::store::hot::{Layer, Served};

impl Service {
    /// The answer at this instant, the present one, if it is hot: no lock, no database, no await.
    pub fn hot_timeline(&self, user: UserId, form: Form, now: DateTime<Utc>) -> Option<Arc<Entry>> {
        self.store.published().get(user, form, self.rules.basis(), now)
    }

    /// The user's current timeline. `rebuild` makes it anew even when a current one is at hand.
    pub async fn timeline(self: &Arc<Self>, user: UserId, rebuild: bool) -> Result<Served, ServiceError> {
        let service = self.clone();
        let load = self.planners.run(user, move |desk: &mut Desk| service.load(desk, user, rebuild));
        let load = async { load.await? };
        let hot = || self.hot_timeline(user, Form::Timeline, self.clock.now()).filter(|_| !rebuild);
        self.store.published().serve(user, &self.rebuilds, hot, load).await
    }

    /// The same timeline as a calendar, which is made once for each: everybody who asks after that gets the same bytes.
    pub async fn calendar(self: &Arc<Self>, user: UserId, rebuild: bool) -> Result<Served, ServiceError> {
        let service = self.clone();
        let load = self.planners.run(user, move |desk: &mut Desk| service.load_calendar(desk, user, rebuild));
        let load = async { load.await? };
        let hot = || self.hot_timeline(user, Form::Calendar, self.clock.now()).filter(|_| !rebuild);
        self.store.published().serve(user, &self.rebuilds, hot, load).await
    }

    fn load_calendar(&self, desk: &mut Desk, user: UserId, rebuild: bool) -> Result<Served, ServiceError> {
        let owner = self.calendar_owner(user)?;
        let cause = if rebuild { Cause::Asked } else { Cause::Calendar };
        let (planned, is_durable) = self.rebuild((desk, &self.rules.book()), user, cause)?;
        let body = calendar::of(&planned.answer, owner).into();
        let finished = Finished { body, ..planned.entry.finished.clone() };
        let entry = Arc::new(planning::entry(self.identity(user), Form::Calendar, finished));
        Ok(Served { entry, layer: Layer::Rebuilt, is_certain: planned.is_certain && is_durable, is_durable })
    }

    /// Whose a calendar is: the same as long as there is the account, also in a database that was restored.
    pub fn calendar_owner(&self, user: UserId) -> Result<Owner, ServiceError> {
        let account = self.store.get_user(user)?;
        let account = account.ok_or_else(|| Refusal::NoSuchUser { name: user.0.to_string() })?;
        Ok(Owner { id: account.id, since: account.created_at })
    }

    fn load(&self, desk: &mut Desk, user: UserId, rebuild: bool) -> Result<Served, ServiceError> {
        let rules = self.rules.book();
        let cause = match rebuild {
            true => Cause::Asked,
            false => match self.materialized(user, rules.basis())? {
                Ok(entry) => {
                    return Ok(Served { entry, layer: Layer::Materialized, is_certain: true, is_durable: true });
                }
                Err(cause) => cause,
            },
        };
        let (planned, is_durable) = self.rebuild((desk, &rules), user, cause)?;
        let is_certain = planned.is_certain && is_durable;
        if is_certain {
            self.store.put_timeline(user, planned.entry.finished.clone());
        }
        Ok(Served { entry: planned.entry, layer: Layer::Rebuilt, is_certain, is_durable })
    }

    /// What the timeline would be over other days or at another instant. Nothing of it is kept.
    pub async fn what_if(
        self: &Arc<Self>,
        user: UserId,
        now: Option<DateTime<Utc>>,
        days: Option<u16>,
    ) -> Result<Answer, ServiceError> {
        Ok(self.planned(user, now, days).await?.1)
    }

    /// What is planned, and the plan of it.
    pub(super) async fn planned(
        self: &Arc<Self>,
        user: UserId,
        now: Option<DateTime<Utc>>,
        days: Option<u16>,
    ) -> Result<(Snapshot, Answer), ServiceError> {
        let view = self.views.get(user);
        let _turn = view.lock().await;
        let service = self.clone();
        let job = move |desk: &mut Desk| {
            let mut snapshot = service.require_snapshot(user)?;
            snapshot.settings.days = days.unwrap_or(snapshot.settings.days);
            let book = service.rules.book();
            let planned = match now {
                None => service.plan((&mut *desk, &book), user, &snapshot, service.clock.now()),
                // Of another instant nothing is known, and what it tells is of no use later.
                Some(now) => service.plan_with((&mut *desk, &book), &mut Memo::default(), user, &snapshot, now),
            };
            if now.is_none() && days.is_none() {
                desk.tell_failure(user, &planned);
            }
            Ok((snapshot, planned.answer))
        };
        self.planners.run(user, job).await?
    }

    /// The user's timeline as a value, planned now.
    pub async fn answer(self: &Arc<Self>, user: UserId) -> Result<Answer, ServiceError> {
        self.what_if(user, None, None).await
    }

    /// The timeline that the database keeps, if it is current; else why a new one is needed.
    fn materialized(&self, user: UserId, basis: Basis) -> Result<Result<Arc<Entry>, Cause>, StoreError> {
        let Some((head, stored)) = self.store.get_timeline(user)? else { return Ok(Err(Cause::NothingKept)) };
        let stale = |finished: &Finished| finished.staleness(head.generation, basis, self.clock.now());
        let staleness = match stored {
            Some(finished) => match stale(&finished) {
                None => return Ok(Ok(Arc::new(planning::entry(self.identity(user), Form::Timeline, finished)))),
                staleness => staleness,
            },
            // The first one may still wait for a quiet moment to be stored; the hot one tells of it.
            None => self.store.published().peek(user).and_then(|entry| stale(&entry.finished)),
        };
        Ok(Err(staleness.map_or(Cause::NothingKept, Cause::Stale)))
    }

    /// The plan of the present state, and whether that state is durable.
    fn rebuild(
        &self,
        work: (&mut Desk, &RuleBook),
        user: UserId,
        cause: Cause,
    ) -> Result<(Planned, bool), ServiceError> {
        let begun = Instant::now();
        let opening = self.store.opening();
        let snapshot = self.require_snapshot(user)?;
        let at = self.clock.now();
        let (desk, rules) = work;
        let mut planned = match cause {
            // Who asks for it to be made anew is not given what was remembered.
            Cause::Asked => self.plan_with((&mut *desk, rules), &mut Memo::default(), user, &snapshot, at),
            Cause::NothingKept | Cause::Stale(_) | Cause::Calendar => {
                self.plan((&mut *desk, rules), user, &snapshot, at)
            }
        };
        desk.tell_failure(user, &planned);
        // Read from two openings of the database, it may be of no state that there was.
        planned.is_certain &= self.store.opening() == opening;
        let rebuild = Rebuild {
            at,
            cause,
            generation: snapshot.head.generation,
            took: begun.elapsed(),
            tasks: snapshot.tasks.len(),
            bytes: planned.entry.finished.body.len(),
            is_kept: planned.is_certain && snapshot.is_durable,
        };
        self.metrics.rebuild_times.observe_time(rebuild.took);
        self.rebuild_log.record(user, rebuild);
        Ok((planned, snapshot.is_durable))
    }

    pub(super) fn require_snapshot(&self, user: UserId) -> Result<Snapshot, ServiceError> {
        let snapshot = self.store.snapshot(user)?;
        snapshot.ok_or_else(|| Refusal::NoSuchUser { name: user.0.to_string() }.into())
    }

    /// Tries a list that could be the user's, with its tests.
    pub(super) fn try_rules(
        &self,
        desk: &Desk,
        user: UserId,
        snapshot: &Snapshot,
        candidate: (&RuleList, &[Script]),
    ) -> Vec<RuleError> {
        planning::try_list(desk, candidate, snapshot, self.clock.now(), &|key| self.body_of(user, key))
    }

    /// The plan of a snapshot at an instant, with the documents as they were then. Nothing but what `memo` has is
    /// remembered for it or of it.
    pub(super) fn plan_at(
        &self,
        (desk, rules): (&mut Desk, &RuleBook),
        memo: &mut Memo,
        user: UserId,
        snapshot: &Snapshot,
        now: DateTime<Utc>,
    ) -> Planned {
        let body_of = |key: &DocKey| self.body_at(user, snapshot.head.generation, key);
        planning::plan_snapshot(desk, rules, memo, self.identity(user), snapshot, now, &body_of)
    }

    /// The body of a document as it was at a generation.
    pub(super) fn body_at(&self, user: UserId, generation: Generation, key: &DocKey) -> Option<Arc<str>> {
        let raw = self.store.get_document_at(user, generation, key).ok().flatten()?;
        document::body(&raw).map(Arc::from)
    }

    pub(super) fn body_of(&self, user: UserId, key: &DocKey) -> Option<Arc<str>> {
        let raw = self.store.get_document(user, key).ok().flatten()?;
        document::body(&raw).map(Arc::from)
    }

    /// Plans with what is remembered of the user's rules.
    pub(super) fn plan(
        &self,
        work: (&mut Desk, &RuleBook),
        user: UserId,
        snapshot: &Snapshot,
        now: DateTime<Utc>,
    ) -> Planned {
        let mut memo = self.memos.take(user);
        let planned = self.plan_with(work, &mut memo, user, snapshot, now);
        self.memos.keep(user, memo);
        planned
    }

    /// Plans with what is remembered in `memo` alone.
    pub(super) fn plan_with(
        &self,
        (desk, rules): (&mut Desk, &RuleBook),
        memo: &mut Memo,
        user: UserId,
        snapshot: &Snapshot,
        now: DateTime<Utc>,
    ) -> Planned {
        let body_of = |key: &DocKey| self.body_of(user, key);
        planning::plan_snapshot(desk, rules, memo, self.identity(user), snapshot, now, &body_of)
    }

    fn identity(&self, user: UserId) -> Identity {
        Identity { incarnation: self.store.incarnation(), user }
    }
}
