//! Why a task is where it is: since when, and what moved it each time.
//!
//! A task stands somewhere in the plan of each generation at each instant. Between two of them that follow each other lies
//! either a commit, at whose instant both generations are planned, or a boundary of the clock. So whoever goes back over
//! all of them finds every move, and the moves between two plans add up to the difference of these. All of it is planned
//! by what there is now (program, server's rules, time zones): a move that a change of these made is none here, and it is
//! said when they changed.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::Service;
use super::bases::Bases;
use super::error::ServiceError;
use super::planners::{Desk, Interrupted};
use super::replay::Replay;
use super::rulebook::RuleBook;
use crate::domain::boundary::Boundary;
use crate::domain::difference::{Stand, stand_of};
use crate::domain::ids::{DocKey, Generation, UserId};
use crate::domain::lang::Phrase;
use crate::domain::timeline::Timeline;
use crate::store::{Past, PastState, THROUGH_GIT};
use crate::view::RulesSource;

/// Moves that one page has at most.
pub const MOVES_MAX: usize = 100;

/// Changes of a commit that a move lists.
const CHANGES_LISTED_MAX: usize = 10;

/// What a page looks at, at most: plans times their tasks. The next page goes on.
const PAGE_WEIGHT: usize = 400_000;
/// And what is planned at a time, before others have their turn.
const SLICE_WEIGHT: usize = 40_000;

/// A place in a user's past: a generation, and an instant while the user stood there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub generation: Generation,
    pub at: DateTime<Utc>,
}

/// Some of a task's moves, the latest first.
#[derive(Clone, Debug)]
pub struct Page {
    pub task: DocKey,
    /// Where it stood at the place that was begun with; `None` where it was not open or not there.
    pub standing: Option<Stand>,
    pub moves: Vec<Moved>,
    /// How far back it was looked.
    pub reached: Place,
    /// Where the next page begins; `None` at the account's beginning.
    pub next: Option<Place>,
    /// When plans began to be made with something else in between, and in what that was another.
    pub bases: Vec<(DateTime<Utc>, Vec<Phrase>)>,
}

/// One time that a task came to stand elsewhere.
#[derive(Clone, Debug)]
pub struct Moved {
    pub at: DateTime<Utc>,
    /// The generation that the user stood at afterwards.
    pub generation: Generation,
    /// `None` where it was not open or not there.
    pub from: Option<Stand>,
    pub to: Option<Stand>,
    pub cause: Cause,
    /// Whether that generation was planned with something else than now, so that what was served then may have been another.
    pub is_of_other_basis: bool,
}

#[derive(Clone, Debug)]
pub enum Cause {
    Commit(Committed),
    Clock(Boundary),
    /// The clock went back, and what it showed before was planned once more.
    ClockSetBack,
}

/// What a commit did.
#[derive(Clone, Debug)]
pub struct Committed {
    pub kind: Kind,
    /// The first of its changes, without what they were about: that of the task itself in front.
    pub changes: Vec<Past>,
    pub count: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Tasks,
    Rules,
    Settings,
    Sync,
}

impl Kind {
    /// The stable word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Tasks => "tasks",
            Kind::Rules => "rules",
            Kind::Settings => "settings",
            Kind::Sync => "sync",
        }
    }
}

impl Committed {
    fn of(commit: &[Past], key: &DocKey) -> Committed {
        let is_own = |past: &&Past| matches!(&past.what, PastState::Document { key: of, .. } if of == key);
        let own = commit.iter().filter(is_own);
        let others = commit.iter().filter(|past| !is_own(past));
        let changes = own.chain(others).take(CHANGES_LISTED_MAX).map(without_content).collect();
        let has = |is_it: fn(&PastState) -> bool| commit.iter().any(|past| is_it(&past.what));
        let kind = if commit.iter().any(|past| past.through == THROUGH_GIT) {
            Kind::Sync
        } else if has(|what| matches!(what, PastState::Rules { .. })) {
            Kind::Rules
        } else if has(|what| matches!(what, PastState::Settings { .. })) {
            Kind::Settings
        } else {
            Kind::Tasks
        };
        Committed { kind, changes, count: commit.len() }
    }
}

fn without_content(past: &Past) -> Past {
    let what = match &past.what {
        PastState::Document { key, .. } => PastState::Document { key: key.clone(), before: None, after: None },
        PastState::Settings { before, after } => PastState::Settings { before: *before, after: *after },
        PastState::Rules { .. } => PastState::Rules { before: None, after: None },
        PastState::Merged { file, is_conflict, .. } => {
            PastState::Merged { file: file.clone(), lost: None, kept: None, is_conflict: *is_conflict }
        }
    };
    let Past { actor, through, verb, .. } = past;
    Past { actor: actor.clone(), through: through.clone(), verb: verb.clone(), what, ..*past }
}

impl Service {
    /// What moved a task, from a place back, or from now: at most so many moves.
    ///
    /// # Errors
    /// There is no such task and never was; the place is none of the user's; rules could not be run to their end.
    pub async fn moves(
        self: &Arc<Self>,
        user: UserId,
        task: String,
        before: Option<Place>,
        count: usize,
    ) -> Result<Page, ServiceError> {
        let view = self.views.get(user);
        let _turn = view.lock().await;
        let (service, wanted) = (self.clone(), count.clamp(1, MOVES_MAX));
        let begin = move |desk: &mut Desk| Looking::begin(&service, desk, user, &task, before, wanted);
        let mut looking = self.planners.run(user, begin).await??;
        let begun_at = looking.at;
        while !looking.is_done() {
            let service = self.clone();
            let slice = move |desk: &mut Desk| looking.slice(&service, desk);
            looking = self.planners.run(user, slice).await??;
        }
        let Looking { key, standing, replay, at, is_at_beginning, moves, bases, sources, .. } = looking;
        let reached = Place { generation: replay.generation(), at };
        let bases = bases.changes(at, begun_at, |at| sources.at(at));
        Ok(Page { task: key, standing, moves, reached, next: (!is_at_beginning).then_some(reached), bases })
    }
}

/// Somebody on the way back.
struct Looking {
    key: DocKey,
    standing: Option<Stand>,
    book: Arc<RuleBook>,
    bases: Bases,
    replay: Replay,
    /// The instant at which the generation is planned.
    at: DateTime<Utc>,
    /// That plan.
    plan: Timeline,
    sources: Sources,
    moves: Vec<Moved>,
    wanted: usize,
    weight: usize,
    is_at_beginning: bool,
}

impl Looking {
    fn begin(
        service: &Service,
        desk: &mut Desk,
        user: UserId,
        task: &str,
        before: Option<Place>,
        wanted: usize,
    ) -> Result<Looking, ServiceError> {
        let key = service.document_of_history(user, task)?;
        let mut replay = Replay::at(service, user, before.map(|place| place.generation))?;
        let at = before.map_or_else(|| service.clock.now(), |place| place.at);
        let book = service.rules.book();
        let (plan, source) = planned(&mut replay, service, (desk, &book), at)?;
        let (bases, sources) = (service.bases()?, Sources(vec![(at, source)]));
        let (standing, weight) = (stand_of(&plan, &key), replay.weight());
        let (moves, is_at_beginning) = (Vec::new(), false);
        Ok(Looking { key, standing, book, bases, replay, at, plan, sources, moves, wanted, weight, is_at_beginning })
    }

    fn is_done(&self) -> bool {
        self.is_at_beginning || self.moves.len() >= self.wanted || self.weight >= PAGE_WEIGHT
    }

    fn slice(mut self, service: &Service, desk: &mut Desk) -> Result<Looking, ServiceError> {
        let until = self.weight + SLICE_WEIGHT;
        while !self.is_done() && self.weight < until {
            self.step(service, desk)?;
        }
        Ok(self)
    }

    /// Goes back to the plan before this one.
    fn step(&mut self, service: &Service, desk: &mut Desk) -> Result<(), ServiceError> {
        let (committed_at, generation) = (self.replay.committed_at(), self.replay.generation());
        let (basis, source) = (self.replay.basis(), self.sources.earliest());
        // Another one's own, as long as it is not known which boundary.
        let (moved_at, cause) = if self.at < committed_at {
            let shown = std::mem::replace(&mut self.at, committed_at);
            (shown, Some(Cause::ClockSetBack))
        } else if self.plan.valid_from > committed_at {
            self.at = self.plan.valid_from - TimeDelta::milliseconds(1);
            (self.plan.valid_from, None)
        } else {
            let cause = Committed::of(self.replay.commit(), &self.key);
            if !self.replay.back(&service.store)? {
                self.is_at_beginning = true;
                return Ok(());
            }
            self.at = committed_at;
            (committed_at, Some(Cause::Commit(cause)))
        };
        // What the plan was made with held since it came to be, and not only where it was looked at.
        self.sources.add(moved_at, source);
        let (before, source_before) = planned(&mut self.replay, service, (desk, &self.book), self.at)?;
        self.sources.add(self.at, source_before);
        self.weight += self.replay.weight();
        let (from, to) = (stand_of(&before, &self.key), stand_of(&self.plan, &self.key));
        let is_same = match (&from, &to) {
            (Some(from), Some(to)) => from.standing.is_same(&to.standing),
            (from, to) => from.is_none() && to.is_none(),
        };
        if !is_same {
            let is_of_other_basis = basis.is_some_and(|basis| self.bases.matter(&self.book, basis, source));
            let cause = cause.unwrap_or_else(|| Cause::Clock(Boundary::between(&before, &self.plan)));
            self.moves.push(Moved { at: moved_at, generation, from, to, cause, is_of_other_basis });
        }
        self.plan = before;
        Ok(())
    }
}

/// By whose rules one was planned for, from which instant on; the latest first.
struct Sources(Vec<(DateTime<Utc>, RulesSource)>);

impl Sources {
    /// The same rules reach back to there, or others did.
    fn add(&mut self, at: DateTime<Utc>, source: RulesSource) {
        match self.0.last_mut() {
            Some((from, last)) if *last == source => *from = at,
            _ => self.0.push((at, source)),
        }
    }

    fn earliest(&self) -> RulesSource {
        self.0.last().map_or(RulesSource::Builtin, |(_, source)| *source)
    }

    fn at(&self, at: DateTime<Utc>) -> RulesSource {
        self.0.iter().find(|(from, _)| *from <= at).map_or(self.earliest(), |(_, source)| *source)
    }
}

/// A plan, and by whose rules; one that the clock cut would tell of moves that were none.
fn planned(
    replay: &mut Replay,
    service: &Service,
    work: (&mut Desk, &RuleBook),
    at: DateTime<Utc>,
) -> Result<(Timeline, RulesSource), ServiceError> {
    let (answer, is_certain) = replay.answer(service, work, at);
    if is_certain { Ok((answer.timeline, answer.rules.source)) } else { Err(Interrupted.into()) }
}
