//! Looking back on one's weeks: what was done in each, how much of what stood in a week was done in it, and since when what
//! is open is there.
//!
//! What stood in a past week is planned anew from what the user had as the week began: so it is that of the program and the
//! server's rules of now, and it is said where these were others. Of a week that the history does not reach nothing is known.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, NaiveTime, Utc};

use super::Service;
use super::bases::Bases;
use super::error::{Refusal, ServiceError};
use super::planners::Desk;
use super::replay::Replay;
use super::rulebook::RuleBook;
use crate::domain::ids::{DocKey, UserId};
use crate::domain::looking_back::{self, Ages, Completed, Kept, LookedBack, PLANNED_WEEKS, PlannedWeek, Week};
use crate::domain::task::Task;
use crate::domain::zone::Zone;

/// Documents whose beginnings are looked up before others have their turn.
const BEGINNINGS_MAX: usize = 1_000;

impl Service {
    /// What the user's weeks came to, up to now. It is worked out in slices, between which others have their turn.
    pub async fn looking_back(self: &Arc<Self>, user: UserId) -> Result<LookedBack, ServiceError> {
        let view = self.views.get(user);
        let _turn = view.lock().await;
        let service = self.clone();
        let mut looking = self.planners.run(user, move |_| Looking::begin(&service, user)).await??;
        while !looking.is_done() {
            let service = self.clone();
            let slice = move |desk: &mut Desk| looking.slice(&service, desk);
            looking = self.planners.run(user, slice).await??;
        }
        Ok(looking.looked_back())
    }
}

/// Somebody who looks back, from the present week on.
struct Looking {
    user: UserId,
    now: DateTime<Utc>,
    /// Of now: the weeks are those of where the user is.
    zone: Zone,
    book: Arc<RuleBook>,
    bases: Bases,
    replay: Replay,
    completed: Completed,
    /// The weeks that are still to be looked at, the latest at the end, each with what is done of it by now.
    weeks: Vec<(Week, BTreeSet<DocKey>)>,
    /// The latest first.
    planned: Vec<PlannedWeek>,
    /// Open tasks that are still to be asked for.
    open: Vec<DocKey>,
    ages: Ages,
}

impl Looking {
    fn begin(service: &Service, user: UserId) -> Result<Looking, ServiceError> {
        let replay = Replay::at(service, user, None)?;
        let (now, zone) = (service.clock.now(), replay.snapshot().settings.zone);
        let today = zone.date_of(now);
        let done_in = |week: Week| (week, looking_back::done_in(tasks(&replay), week));
        let weeks = Week::of(today).until(PLANNED_WEEKS).into_iter().map(done_in).collect();
        let completed = Completed::of(tasks(&replay), today);
        let open = tasks(&replay).filter(|task| task.is_open()).map(|task| task.key.clone()).collect();
        let (book, bases) = (service.rules.book(), service.bases()?);
        let (planned, ages) = (Vec::new(), Ages::default());
        Ok(Looking { user, now, zone, book, bases, replay, completed, weeks, planned, open, ages })
    }

    fn is_done(&self) -> bool {
        self.weeks.is_empty() && self.open.is_empty()
    }

    fn slice(mut self, service: &Service, desk: &mut Desk) -> Result<Looking, ServiceError> {
        match self.weeks.pop() {
            Some((week, mut done)) => {
                // What was removed after the week had ended was done in it nevertheless.
                done.append(&mut looking_back::done_in(tasks(&self.replay), week));
                let kept = self.kept(service, desk, week, &done)?;
                self.planned.push(PlannedWeek { week, kept });
            }
            None => {
                let rest = self.open.split_off(self.open.len().min(BEGINNINGS_MAX));
                let keys = std::mem::replace(&mut self.open, rest);
                for begun in service.store.list_beginnings(self.user, &keys)? {
                    self.ages.add(begun, self.now);
                }
            }
        }
        Ok(self)
    }

    /// How much was kept of what stood in a week as it began; `None` where that is not known.
    fn kept(
        &mut self,
        service: &Service,
        desk: &mut Desk,
        week: Week,
        done: &BTreeSet<DocKey>,
    ) -> Result<Option<Kept>, ServiceError> {
        let began = self.zone.instant(week.monday(), NaiveTime::MIN);
        if began < self.replay.created_at() {
            return Ok(None);
        }
        // Where clocks went back, it may be said to be one that was left already.
        let generation = service.store.generation_at(self.user, began)?.min(self.replay.generation());
        match self.replay.back_to(&service.store, generation) {
            Ok(()) => {}
            Err(ServiceError::Refused(Refusal::Past(_))) => return Ok(None),
            Err(error) => return Err(error),
        }
        self.replay.cover(DAYS_OF_A_WEEK);
        let (answer, is_certain) = self.replay.answer(service, (desk, &self.book), began);
        let basis = self.replay.basis().or_else(|| self.bases.at(began));
        let is_of_other_basis = basis.is_none_or(|basis| self.bases.matter(&self.book, basis, answer.rules.source));
        let standing = looking_back::standing_in(&answer.timeline, week);
        // What the clock cut may be another plan than it would be.
        Ok(is_certain.then(|| Kept::of(&standing, done, is_of_other_basis)))
    }

    fn looked_back(mut self) -> LookedBack {
        self.planned.reverse();
        let week = Week::of(self.zone.date_of(self.now));
        LookedBack { week, completed: self.completed, planned: self.planned, ages: self.ages }
    }
}

/// A plan from the beginning of a week on reaches to its end, wherever the user was then.
const DAYS_OF_A_WEEK: u16 = 8;

/// What can be read of the user's documents.
fn tasks(replay: &Replay) -> impl Iterator<Item = &Task> {
    replay.snapshot().tasks.values().filter_map(|reading| reading.as_deref().ok())
}
