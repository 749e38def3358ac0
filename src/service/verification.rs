//! Whether the whole kept history of a user leads to what there is, and gives the timelines that were served: it is lived
//! once more from the beginning, and each generation that noted its timeline is planned again.
//!
//! It is done in pieces, as the doctor's: each begins with the state of a generation, which is taken from the present one
//! and the history, and nothing is held in between.

mod words;

use std::sync::Arc;

use super::bases::Bases;
use super::doctor::{Finding, FindingState};
use super::error::{PastRefusal, Refusal, ServiceError};
use super::planners::Desk;
use super::replay::Replay;
use super::rulebook::RuleBook;
use super::{Service, read};
use crate::domain::ids::{Generation, UserId};
use crate::domain::lang::Phrase;
use crate::store::{Snapshot, StoreError, TimelineMark, User};

/// What a piece plans, at most: plans times their tasks.
const PIECE_WEIGHT: usize = 1_000_000;
/// And what is planned at a time, before others have their turn.
const SLICE_WEIGHT: usize = 40_000;
/// Findings that one piece tells of: then the next begins.
const FINDINGS_MAX: usize = 200;

/// What a piece looked at, and what is not as it was.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// Whose history it was; nobody's where there is nobody.
    pub user: Option<String>,
    /// Generations that were looked at.
    pub generations: u64,
    /// Of these, whose timeline is the one that it was then, or another one, which is a finding.
    pub compared: u64,
    /// Whose timeline was not noted: commits without a plan, as imports, and those of before it was.
    pub not_noted: u64,
    /// Whose one was planned with something else than now, and what that differed in.
    pub other_basis: u64,
    pub differing: Vec<Phrase>,
    /// Whose rules could not be run to their end now.
    pub not_told: u64,
    pub findings: Vec<Finding>,
    /// Generations of all users who are looked at; of the first piece alone.
    pub total: Option<u64>,
    /// Where the next piece begins; `None` at the end.
    pub next: Option<String>,
}

/// Where a piece begins: behind this generation of this user.
#[derive(Clone, Copy)]
struct Place {
    user: u64,
    generation: u64,
}

impl Place {
    fn parse(text: &str) -> Option<Place> {
        let (user, generation) = text.split_once('.')?;
        Some(Place { user: user.parse().ok()?, generation: generation.parse().ok()? })
    }

    fn text(self) -> String {
        format!("{}.{}", self.user, self.generation)
    }
}

impl Service {
    /// Looks at the piece that begins at `place`, the first for an empty one; `None` for a place that is none. Of all users,
    /// or of one alone.
    ///
    /// # Errors
    /// There is no such user; the database cannot be read.
    pub async fn verify(self: &Arc<Self>, place: &str, only: Option<&str>) -> Result<Option<Verified>, ServiceError> {
        let only = only.map(|name| self.require_user(name)).transpose()?.map(|user| user.id);
        let is_first = place.is_empty();
        let place = match is_first {
            true => Place { user: only.map_or(0, |user| user.0), generation: 0 },
            false => match Place::parse(place) {
                Some(place) => place,
                None => return Ok(None),
            },
        };
        let service = self.clone();
        let find = move || -> Result<_, ServiceError> {
            let users = service.store.list_users()?.into_iter();
            let mut users: Vec<User> = users.filter(|user| only.is_none_or(|only| only == user.id)).collect();
            users.sort_unstable_by_key(|user| user.id);
            let total = if is_first { Some(service.generations_of(&users)?) } else { None };
            let mut due = users.into_iter().skip_while(|user| user.id.0 < place.user);
            Ok((due.next(), due.next(), total))
        };
        let (due, after, total) = read(find).await?;
        let Some(user) = due else { return Ok(Some(Verified { total, ..Verified::default() })) };
        let from = if user.id.0 == place.user { place.generation } else { 0 };
        let (verified, reached) = self.verify_user(&user, Generation(from)).await?;
        let next = match reached {
            Some(Generation(generation)) => Some(Place { user: user.id.0, generation }),
            None => after.map(|after| Place { user: after.id.0, generation: 0 }),
        };
        Ok(Some(Verified { user: Some(user.name.as_str().to_owned()), total, next: next.map(Place::text), ..verified }))
    }

    fn generations_of(&self, users: &[User]) -> Result<u64, StoreError> {
        let heads =
            users.iter().map(|user| Ok(self.store.get_settings(user.id)?.map_or(0, |(_, head)| head.generation.0)));
        heads.sum::<Result<u64, StoreError>>()
    }

    /// From a generation on; and how far it came, where that is not the end.
    async fn verify_user(
        self: &Arc<Self>,
        user: &User,
        from: Generation,
    ) -> Result<(Verified, Option<Generation>), ServiceError> {
        let view = self.views.get(user.id);
        let _turn = view.lock().await;
        let (service, id) = (self.clone(), user.id);
        let begin = move |_: &mut Desk| Verifying::begin(&service, id, from);
        let begun = self.planners.run(user.id, begin).await?;
        let done = match begun {
            Ok(mut verifying) => loop {
                let service = self.clone();
                let slice = move |desk: &mut Desk| verifying.slice(&service, desk);
                match self.planners.run(user.id, slice).await? {
                    Ok(Sliced::More(more)) => verifying = *more,
                    Ok(Sliced::Done(verified, reached)) => break Ok((verified, reached)),
                    Err(error) => break Err(error),
                }
            },
            Err(error) => Err(error),
        };
        let (mut verified, reached) = match done {
            Ok(done) => done,
            // Somebody who was removed meanwhile.
            Err(ServiceError::Refused(Refusal::NoSuchUser { .. })) => (Verified::default(), None),
            Err(ServiceError::Refused(Refusal::Past(PastRefusal::NotKept { generation }))) => {
                (Verified { findings: vec![words::gap(generation)], ..Verified::default() }, None)
            }
            Err(ServiceError::Store(StoreError::Damaged(table))) => {
                (Verified { findings: vec![words::unreadable(table)], ..Verified::default() }, None)
            }
            Err(error) => return Err(error),
        };
        for finding in &mut verified.findings {
            finding.user = Some(user.name.as_str().to_owned());
        }
        Ok((verified, reached))
    }
}

/// Somebody on the way through a history.
struct Verifying {
    user: UserId,
    book: Arc<RuleBook>,
    bases: Bases,
    replay: Replay,
    weight: usize,
    verified: Verified,
}

enum Sliced {
    More(Box<Verifying>),
    /// And where it goes on, if it does.
    Done(Verified, Option<Generation>),
}

impl Verifying {
    fn begin(service: &Service, user: UserId, from: Generation) -> Result<Verifying, ServiceError> {
        let replay = Replay::at(service, user, Some(from))?;
        let mut verified = Verified::default();
        if from == Generation(0) {
            let left_over = replay.snapshot().tasks.keys().take(FINDINGS_MAX);
            verified.findings.extend(left_over.map(|key| words::not_in_history(key.file.as_str())));
        }
        Ok(Verifying { user, book: service.rules.book(), bases: service.bases()?, replay, weight: 0, verified })
    }

    fn slice(mut self, service: &Service, desk: &mut Desk) -> Result<Sliced, ServiceError> {
        let until = self.weight + SLICE_WEIGHT;
        while self.weight < until {
            if self.weight >= PIECE_WEIGHT || self.verified.findings.len() >= FINDINGS_MAX {
                let reached = self.replay.generation();
                return Ok(Sliced::Done(self.verified, Some(reached)));
            }
            let before = self.replay.generation();
            if !self.replay.forward(&service.store)? {
                return self.end(service, desk);
            }
            self.look(service, desk, before)?;
        }
        Ok(Sliced::More(Box::new(self)))
    }

    /// Looks at the generation that was just come to.
    fn look(&mut self, service: &Service, desk: &mut Desk, before: Generation) -> Result<(), ServiceError> {
        let generation = self.replay.generation();
        self.verified.generations += 1;
        self.weight += self.replay.weight();
        let (store, findings) = (&service.store, &mut self.verified.findings);
        if store.generation_before(self.user, generation)? != Some(before) {
            findings.push(words::gap(generation.0.saturating_sub(1)));
        }
        let breaks = store.list_breaks(self.user, generation)?;
        findings.extend(breaks.iter().map(|file| words::broken(generation, file)));
        let mark = self.replay.commit().first().and_then(|first| first.left).and_then(|left| left.timeline);
        let Some(mark) = mark else {
            self.verified.not_noted += 1;
            return Ok(());
        };
        let differing = self.replay.basis().map(|basis| self.bases.differences(&self.book, basis)).unwrap_or_default();
        if !differing.is_empty() {
            self.verified.other_basis += 1;
            for part in differing {
                if !self.verified.differing.contains(&part) {
                    self.verified.differing.push(part);
                }
            }
            return Ok(());
        }
        let at = self.replay.committed_at();
        let planned = self.replay.plan(service, (desk, &self.book), at);
        if !planned.is_certain {
            self.verified.not_told += 1;
            return Ok(());
        }
        self.verified.compared += 1;
        let found = TimelineMark::of(&planned.entry.finished);
        if found != mark {
            self.verified.findings.push(words::plan_differs(generation, &mark, &found));
        }
        Ok(())
    }

    /// Compares the end of the history with what there is. What was committed meanwhile is for another piece.
    fn end(mut self, service: &Service, desk: &mut Desk) -> Result<Sliced, ServiceError> {
        let (generation, present) = (self.replay.generation(), service.require_snapshot(self.user)?);
        if present.head.generation > generation {
            // A head that no history leads to would lead nowhere for ever.
            let is_in_history = !service.store.list_changes(self.user, present.head.generation)?.is_empty();
            if is_in_history {
                return Ok(Sliced::Done(self.verified, Some(generation)));
            }
        }
        let differing = differing_parts(self.replay.snapshot(), &present);
        self.verified.findings.extend(differing.into_iter().map(words::state_differs));
        if present.is_durable {
            self.compare_kept(service, desk)?;
        }
        Ok(Sliced::Done(self.verified, None))
    }

    /// The timeline that is kept of the last generation is there byte for byte, to be compared with.
    fn compare_kept(&mut self, service: &Service, desk: &mut Desk) -> Result<(), ServiceError> {
        let kept = service.store.get_timeline(self.user)?.and_then(|(_, kept)| kept);
        let is_comparable = |kept: &crate::store::Finished| {
            kept.generation == self.replay.generation() && kept.basis == self.book.basis()
        };
        let Some(kept) = kept.filter(is_comparable) else { return Ok(()) };
        let at = self.replay.committed_at().max(kept.valid_from);
        let planned = self.replay.plan(service, (desk, &self.book), at);
        let fresh = &planned.entry.finished;
        if planned.is_certain && fresh.valid_from == kept.valid_from && fresh.body != kept.body {
            self.verified.findings.push(words::kept_differs(kept.generation, &kept.body, &fresh.body));
        }
        Ok(())
    }
}

/// In what the state that the history leads to is not the one that is there.
fn differing_parts(replayed: &Snapshot, present: &Snapshot) -> Vec<&'static str> {
    let parts = [
        (replayed.head.generation != present.head.generation, "generation"),
        (replayed.head.committed_at != present.head.committed_at, "committed_at"),
        (replayed.head.next_number != present.head.next_number, "next_number"),
        (replayed.settings != present.settings, "settings"),
        (replayed.rules != present.rules, "rules"),
        (replayed.tasks != present.tasks, "tasks"),
    ];
    parts.into_iter().filter(|(differs, _)| *differs).map(|(_, part)| part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_text_and_nothing_else_is_one() {
        for text in ["0.0", "7.12", "18446744073709551615.18446744073709551615"] {
            assert_eq!(Place::parse(text).map(Place::text).as_deref(), Some(text));
        }
        for text in ["", "7", "7.", ".7", "7.-1", "7.1.2", "x.1"] {
            assert!(Place::parse(text).is_none(), "{text}");
        }
    }
}
