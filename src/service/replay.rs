//! A user's state at any generation that is kept, and the way from one to the next: by what the history has of it, so that
//! what a commit did not touch is neither read nor asked for again.

mod kept_rules;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use self::kept_rules::KeptLists;
use super::Service;
use super::error::{PastRefusal, Refusal, ServiceError};
use super::memo::Memo;
use super::planners::Desk;
use super::planning::{self, Planned, read};
use super::rulebook::RuleBook;
use crate::domain::ids::{DocKey, Generation, TaskNumber, UserId};
use crate::planning::Horizon;
use crate::store::{Basis, Head, Past, PastState, Snapshot, Store, StoreError};
use crate::view::Answer;

/// Bytes of documents that are read at a time.
const PIECE_BYTES: usize = 1024 * 1024;

/// A user's state at one generation.
pub(super) struct Replay {
    user: UserId,
    created_at: DateTime<Utc>,
    snapshot: Snapshot,
    /// The commit that made this generation; nothing at the account's beginning.
    commit: Vec<Past>,
    /// The last generation that it can go to: where the user stood when it began.
    until: Generation,
    lists: KeptLists,
    numbers: Option<Numbers>,
    /// What the rules answered along the way.
    memo: Memo,
}

/// Up to which number tasks were given, by generation: for commits that did not note it.
struct Numbers(Vec<(Generation, TaskNumber)>);

impl Numbers {
    fn load(store: &Store, user: UserId) -> Result<Numbers, StoreError> {
        let (mut numbers, mut after) = (Vec::new(), Some(String::new()));
        while let Some(name) = after {
            let (mut found, next) = store.list_first_numbers(user, &name)?;
            numbers.append(&mut found);
            after = next;
        }
        numbers.sort_unstable_by_key(|(generation, _)| *generation);
        let mut most = TaskNumber::FIRST;
        for (_, number) in &mut numbers {
            most = most.max(*number);
            *number = most;
        }
        Ok(Numbers(numbers))
    }

    fn next_at(&self, generation: Generation) -> Option<TaskNumber> {
        let count = self.0.partition_point(|(first, _)| *first <= generation);
        let last = count.checked_sub(1).and_then(|last| self.0.get(last));
        last.map_or(Some(TaskNumber::FIRST), |(_, number)| number.next())
    }
}

impl Replay {
    /// The state at a generation; the present one without.
    ///
    /// # Errors
    /// [`Refusal::Past`] where that generation is not kept.
    pub(super) fn at(service: &Service, user: UserId, wanted: Option<Generation>) -> Result<Replay, ServiceError> {
        let store = &service.store;
        let account = store.get_user(user)?.ok_or_else(|| Refusal::NoSuchUser { name: user.0.to_string() })?;
        let snapshot = service.require_snapshot(user)?;
        let until = snapshot.head.generation;
        let commit = store.list_changes(user, until)?;
        let created_at = account.created_at;
        let (lists, numbers, memo) = (KeptLists::default(), None, Memo::default());
        let mut replay = Replay { user, created_at, snapshot, commit, until, lists, numbers, memo };
        if let Some(generation) = wanted {
            replay.back_to(store, generation)?;
        }
        Ok(replay)
    }

    /// To an earlier generation at once.
    ///
    /// # Errors
    /// [`Refusal::Past`] where that generation is not kept; nothing is changed then.
    pub(super) fn back_to(&mut self, store: &Store, generation: Generation) -> Result<(), ServiceError> {
        if generation == self.generation() {
            return Ok(());
        }
        self.require_kept(store, generation)?;
        self.go_to(store, generation)
    }

    fn require_kept(&self, store: &Store, generation: Generation) -> Result<(), ServiceError> {
        let refuse = |refusal| Err(Refusal::Past(refusal).into());
        let Generation(wanted) = generation;
        if generation > self.until {
            return refuse(PastRefusal::NotReached { generation: wanted, present: self.until.0 });
        }
        if generation == Generation(0) {
            return Ok(());
        }
        match store.list_changes(self.user, generation)?.first() {
            Some(past) if past.is_brought => refuse(PastRefusal::Brought { generation: wanted }),
            Some(_) => Ok(()),
            // An account that was brought may have stood later than its last change.
            None => match store.list_next_changes(self.user, generation, self.until)?.first() {
                Some(next) if store.generation_before(self.user, next.generation)? == Some(Generation(0)) => {
                    refuse(PastRefusal::Brought { generation: wanted })
                }
                _ => refuse(PastRefusal::NotKept { generation: wanted }),
            },
        }
    }

    /// From a later state to that of a generation at once. What is committed meanwhile is taken back as well.
    fn go_to(&mut self, store: &Store, generation: Generation) -> Result<(), ServiceError> {
        let mut after = Some(String::new());
        while let Some(name) = after {
            let piece = store.list_changed_since(self.user, generation, &name, PIECE_BYTES)?;
            for (key, before) in piece.documents {
                self.put(&key, before.as_deref());
            }
            after = piece.next;
        }
        if let Some(settings) = store.get_settings_changed_after(self.user, generation)? {
            self.snapshot.settings = settings;
        }
        self.snapshot.rules = self.lists.at(store, self.user, generation)?;
        self.stand_at(store, generation)
    }

    /// Takes back the commit that made this generation; whether there was one. Nothing is changed by an error.
    pub(super) fn back(&mut self, store: &Store) -> Result<bool, ServiceError> {
        let generation = self.generation();
        if generation == Generation(0) {
            return Ok(false);
        }
        let before = store.generation_before(self.user, generation)?;
        let before =
            before.ok_or(Refusal::Past(PastRefusal::NotKept { generation: generation.0.saturating_sub(1) }))?;
        let commit = std::mem::take(&mut self.commit);
        let mut touches_rules = false;
        for past in commit.iter().rev() {
            match &past.what {
                PastState::Document { key, before, .. } => self.put(key, before.as_deref()),
                PastState::Settings { before, .. } => self.snapshot.settings = *before,
                PastState::Rules { .. } => touches_rules = true,
                PastState::Merged { .. } => {}
            }
        }
        if touches_rules {
            self.snapshot.rules = self.lists.at(store, self.user, before)?;
        }
        self.stand_at(store, before)?;
        Ok(true)
    }

    /// Carries out the next commit; whether there is one.
    pub(super) fn forward(&mut self, store: &Store) -> Result<bool, ServiceError> {
        let commit = store.list_next_changes(self.user, self.generation(), self.until)?;
        let Some(generation) = commit.first().map(|first| first.generation) else { return Ok(false) };
        let mut touches_rules = false;
        for past in &commit {
            match &past.what {
                PastState::Document { key, after, .. } => self.put(key, after.as_deref()),
                PastState::Settings { after, .. } => self.snapshot.settings = *after,
                PastState::Rules { .. } => touches_rules = true,
                PastState::Merged { .. } => {}
            }
        }
        if touches_rules {
            self.snapshot.rules = self.lists.at(store, self.user, generation)?;
        }
        self.commit = commit;
        self.take_head(store, generation)?;
        Ok(true)
    }

    fn put(&mut self, key: &DocKey, raw: Option<&[u8]>) {
        match raw.and_then(|raw| read(key, raw)) {
            Some(reading) => drop(self.snapshot.tasks.insert(key.clone(), reading)),
            None => drop(self.snapshot.tasks.remove(key)),
        }
    }

    fn stand_at(&mut self, store: &Store, generation: Generation) -> Result<(), ServiceError> {
        self.commit = match generation {
            Generation(0) => Vec::new(),
            generation => store.list_changes(self.user, generation)?,
        };
        self.take_head(store, generation)
    }

    fn take_head(&mut self, store: &Store, generation: Generation) -> Result<(), ServiceError> {
        let committed_at = self.commit.first().map_or(self.created_at, |first| first.at);
        let left = self.commit.first().and_then(|first| first.left);
        let next_number = match left {
            Some(left) => left.next_number,
            None if generation == Generation(0) => Some(TaskNumber::FIRST),
            None => {
                let numbers = match self.numbers.take() {
                    Some(known) => known,
                    None => Numbers::load(store, self.user)?,
                };
                self.numbers.insert(numbers).next_at(generation)
            }
        };
        self.snapshot.head = Head { generation, committed_at, next_number };
        Ok(())
    }

    pub(super) fn generation(&self) -> Generation {
        self.snapshot.head.generation
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// When the account began, before which there is nothing to tell of it.
    pub(super) fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    /// When this generation was committed.
    pub(super) fn committed_at(&self) -> DateTime<Utc> {
        self.snapshot.head.committed_at
    }

    /// What the commit changed that made this generation.
    pub(super) fn commit(&self) -> &[Past] {
        &self.commit
    }

    /// What this generation's timeline was planned with; `None` at the account's beginning, which nobody noted it for.
    pub(super) fn basis(&self) -> Option<Basis> {
        self.commit.first().map(|first| first.basis)
    }

    /// The days that its timeline covers are these from now on.
    pub(super) fn cover(&mut self, days: u16) {
        self.snapshot.settings.days = days;
    }

    /// How much it is to plan once: what slices of work are counted in.
    pub(super) fn weight(&self) -> usize {
        self.snapshot.tasks.len() + WEIGHT_OF_A_PLAN
    }

    /// The plan of this generation at an instant, with its bytes.
    pub(super) fn plan(&mut self, service: &Service, work: (&mut Desk, &RuleBook), now: DateTime<Utc>) -> Planned {
        service.plan_at(work, &mut self.memo, self.user, &self.snapshot, now)
    }

    /// As [`Replay::plan`], without its bytes; and whether it is certain.
    pub(super) fn answer(
        &mut self,
        service: &Service,
        (desk, rules): (&mut Desk, &RuleBook),
        now: DateTime<Utc>,
    ) -> (Answer, bool) {
        let (settings, generation) = (self.snapshot.settings, self.generation());
        let horizon = Horizon::new(settings.zone, now, settings.days);
        let body_of = |key: &DocKey| -> Option<Arc<str>> { service.body_at(self.user, generation, key) };
        planning::answer(desk, rules, &mut self.memo, &self.snapshot, horizon, &body_of)
    }
}

/// What a plan of no tasks counts as, in tasks.
const WEIGHT_OF_A_PLAN: usize = 100;
