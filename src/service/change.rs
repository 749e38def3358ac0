//! Changing a user's ground state: decide, plan, commit, in line behind the user's other changes.
//!
//! A lane holds the state that the last change left, also while that change still waits for the disk. So many
//! writers of one user each plan on the result of the one before, and the store writes them as one group,
//! instead of all but one being stale. Nobody is answered before what the answer is based on is durable.

mod situation;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Service;
use super::error::{Refusal, ServiceError};
use super::memo::{Memo, Memos};
use super::planners::Desk;
use super::planning::{self, Identity, Planned};
use super::rulebook::RuleBook;
use crate::domain::ids::{DocKey, Generation, TaskNumber, UserId};
use crate::store::{
    BroughtHistory, COMMITTED_TIMELINE_BYTES_MAX, Change, Commit, CommitTicket, Head, Keyed, Origin, Outcome,
    PastState, Remembered, Snapshot, Store, StoreError, SyncUpdate, THROUGH_GIT, TimelineMark, UserRules, Word,
};

pub use situation::Situation;
use situation::{body_of, document_of};

/// The state that the last planned change of a user left, durable or not yet.
#[derive(Default)]
pub struct Lane {
    ground: Option<Snapshot>,
    overlay: Overlay,
    pending: Pending,
}

impl Lane {
    /// The database has the documents of this generation.
    fn forget_durable(&mut self, durable: Generation) {
        self.overlay.retain(|_, (generation, _)| *generation > durable);
        self.pending.retain(|pending| pending.generation > durable);
    }
}

/// Documents that the ground has and the database may not have yet, with the generation that brought them;
/// `None` for one that was removed.
type Overlay = HashMap<DocKey, (Generation, Option<Arc<[u8]>>)>;

/// The commits that the database may not have yet, in their order.
type Pending = VecDeque<PendingCommit>;

/// What a commit changed, and by which way it came.
struct PendingCommit {
    generation: Generation,
    through: Word,
    changes: Vec<PastState>,
}

/// What a use case decided.
pub enum Decision<T> {
    /// Nothing has to change for the answer to be true.
    Keep(T),
    Change(Plan<T>),
}

/// Changes, and the answer that they lead to.
pub struct Plan<T> {
    /// Without any, the commit makes no generation and needs no timeline.
    pub changes: Vec<Change>,
    /// The next number, when the change raises it.
    pub next_number: Option<Option<TaskNumber>>,
    /// Whether the timeline is planned now and committed with the change; bulk changes leave it to the
    /// next read.
    pub with_timeline: bool,
    /// Where the user stands with a repository afterwards, if that is another.
    pub sync: Option<Box<SyncUpdate>>,
    /// A history of elsewhere that comes before the changes, for a user who has none.
    pub brought: Option<Arc<BroughtHistory>>,
    /// Makes the answer once the plan is known.
    pub answer: AnswerOf<T>,
}

type AnswerOf<T> = Box<dyn FnOnce(Generation, Option<&Planned>) -> T + Send>;

/// Makes of an answer what the commit keeps of it.
pub(super) type Remember<T> = Arc<dyn Fn(&T) -> Remembered + Send + Sync>;

/// Who asks for a change, and whether the answer is remembered.
pub(super) struct Asked<T> {
    pub(super) origin: Origin,
    pub(super) remember: Option<Remember<T>>,
}

impl<T> Clone for Asked<T> {
    fn clone(&self) -> Self {
        Asked { origin: self.origin.clone(), remember: self.remember.clone() }
    }
}

/// Rounds of deciding again before a writer gives up. Each round lost means that a commit failed or that
/// the store was changed beside the lane, both rare.
const ROUNDS_MAX: usize = 16;

/// What a round on the planning thread led to.
struct Round<T> {
    lane: Lane,
    result: Result<Submitted<T>, ServiceError>,
}

/// A decision whose commit is on its way to the disk.
struct Submitted<T> {
    /// It stands as soon as the commit does.
    answer: Result<T, Refusal>,
    ticket: CommitTicket,
    planned: Option<Arc<Planned>>,
    /// Whether it changes something that a remote may lack.
    is_for_remote: bool,
}

impl Service {
    /// Decides on the user's present state and commits what was decided.
    ///
    /// `decide` may be called several times; only its last decision counts. The change goes on to its end
    /// even when the asker goes away.
    pub async fn change<T, D>(self: &Arc<Self>, user: UserId, origin: Origin, decide: D) -> Result<T, ServiceError>
    where
        T: Send + 'static,
        D: Fn(&mut Situation<'_>) -> Result<Decision<T>, ServiceError> + Send + Sync + 'static,
    {
        self.change_as(user, Asked { origin, remember: None }, decide).await
    }

    pub(super) async fn change_as<T, D>(
        self: &Arc<Self>,
        user: UserId,
        asked: Asked<T>,
        decide: D,
    ) -> Result<T, ServiceError>
    where
        T: Send + 'static,
        D: Fn(&mut Situation<'_>) -> Result<Decision<T>, ServiceError> + Send + Sync + 'static,
    {
        let service = self.clone();
        let work = async move { service.change_in_line(user, asked, Arc::new(decide)).await };
        // It may have been cut after the commit was handed over.
        let cut = |_| Err(StoreError::Unknown("the change was interrupted".to_owned()).into());
        tokio::spawn(work).await.unwrap_or_else(cut)
    }

    async fn change_in_line<T, D>(&self, user: UserId, asked: Asked<T>, decide: Arc<D>) -> Result<T, ServiceError>
    where
        T: Send + 'static,
        D: Fn(&mut Situation<'_>) -> Result<Decision<T>, ServiceError> + Send + Sync + 'static,
    {
        let keyed = self.lanes.get(user);
        for _ in 0..ROUNDS_MAX {
            let mut guard = keyed.lock().await;
            let round = self.round(user, asked.clone(), std::mem::take(&mut *guard), decide.clone()).await?;
            let Submitted { answer, ticket, planned, is_for_remote } = round.result?;
            *guard = round.lane;
            drop(guard);
            match ticket.outcome().await {
                Ok(Outcome::Committed { .. }) => {
                    self.keep_large_timeline(user, planned);
                    self.keep_lane(user, keyed);
                    if is_for_remote {
                        self.note_change(user);
                    }
                    return Ok(answer?);
                }
                Ok(Outcome::Stale { .. }) => *keyed.lock().await = Lane::default(),
                Err(error) => {
                    *keyed.lock().await = Lane::default();
                    return Err(error.into());
                }
            }
        }
        Err(ServiceError::Contended)
    }

    fn keep_large_timeline(&self, user: UserId, planned: Option<Arc<Planned>>) {
        if let Some(planned) = planned.filter(|planned| planned.is_certain)
            && planned.entry.finished.body.len() > COMMITTED_TIMELINE_BYTES_MAX
        {
            self.store.put_timeline(user, planned.entry.finished.clone());
        }
    }

    /// Keeps the state at hand for the user's next change. Whoever works with it now keeps it afterwards.
    pub(super) fn keep_lane(&self, user: UserId, keyed: Keyed<UserId, Lane>) {
        let Some(mut lane) = keyed.try_lock() else { return };
        lane.forget_durable(self.store.published().generation(user).unwrap_or_default());
        let tasks = lane.ground.as_ref().map_or(0, |ground| ground.tasks.len() as u64);
        drop(lane);
        self.idle_lanes.keep(user, keyed, tasks);
        // A user who was removed meanwhile has no more changes to come.
        if self.store.published().is_removed(user) {
            self.idle_lanes.forget(user);
            self.memos.forget(user);
            self.words.forget(user);
            self.failures.forget(user);
        }
    }

    /// One decision on a planning thread.
    async fn round<T, D>(
        &self,
        user: UserId,
        asked: Asked<T>,
        lane: Lane,
        decide: Arc<D>,
    ) -> Result<Round<T>, ServiceError>
    where
        T: Send + 'static,
        D: Fn(&mut Situation<'_>) -> Result<Decision<T>, ServiceError> + Send + Sync + 'static,
    {
        let (store, rules, now) = (self.store.clone(), self.rules.book(), self.clock.now());
        let memos = self.memos.clone();
        let job = move |desk: &mut Desk| {
            let mut round = RoundWork { store: &store, rules: &rules, memos: &memos, user, now, desk };
            round.run(asked, lane, &*decide)
        };
        Ok(self.planners.run(user, job).await?)
    }
}

struct RoundWork<'a> {
    store: &'a Store,
    rules: &'a RuleBook,
    memos: &'a Memos,
    user: UserId,
    now: DateTime<Utc>,
    desk: &'a mut Desk,
}

impl RoundWork<'_> {
    fn run<T, D>(&mut self, asked: Asked<T>, mut lane: Lane, decide: &D) -> Round<T>
    where
        D: Fn(&mut Situation<'_>) -> Result<Decision<T>, ServiceError>,
    {
        let result = self.load(&mut lane).and_then(|mut ground| {
            let mut memo = self.memos.take(self.user);
            let kept = (&mut lane.overlay, &mut lane.pending, &mut memo);
            let step = self.step(asked, &mut ground, kept, decide);
            self.memos.keep(self.user, memo);
            // A step that failed for a reason of its own leaves the ground as it was.
            lane.ground = Some(ground);
            step
        });
        Round { lane, result }
    }

    /// The state to decide on: what the last change left, else what the database has.
    fn load(&self, lane: &mut Lane) -> Result<Snapshot, ServiceError> {
        if let Some(ground) = lane.ground.take() {
            let durable = self.store.published().generation(self.user).unwrap_or_default();
            lane.forget_durable(durable);
            return Ok(ground);
        }
        lane.overlay.clear();
        lane.pending.clear();
        let snapshot = self.store.snapshot(self.user)?;
        snapshot.ok_or_else(|| Refusal::NoSuchUser { name: self.user.0.to_string() }.into())
    }

    fn step<T, D>(
        &mut self,
        asked: Asked<T>,
        ground: &mut Snapshot,
        (overlay, pending, memo): (&mut Overlay, &mut Pending, &mut Memo),
        decide: &D,
    ) -> Result<Submitted<T>, ServiceError>
    where
        D: Fn(&mut Situation<'_>) -> Result<Decision<T>, ServiceError>,
    {
        let mut situation = Situation {
            snapshot: ground,
            now: self.now,
            store: self.store,
            user: self.user,
            overlay,
            pending,
            memo,
            desk: self.desk,
            rules: self.rules,
        };
        let Asked { origin, remember } = asked;
        let change = match decide(&mut situation) {
            Ok(Decision::Change(change)) => change,
            Ok(Decision::Keep(answer)) => return self.submit(Ok(answer), self.confirmation(ground, origin), None),
            Err(ServiceError::Refused(refusal)) => {
                return self.submit(Err(refusal), self.confirmation(ground, origin), None);
            }
            Err(error) => return Err(error),
        };
        let expected = ground.head.generation;
        let is_change = !change.changes.is_empty();
        if is_change {
            let changes = self.changed(&change.changes, ground, overlay)?;
            let before = change.brought.as_ref().map_or(expected, |brought| brought.generation.max(expected));
            let generation = before.next();
            pending.push_back(PendingCommit { generation, through: origin.through.clone(), changes });
            let next_number = change.next_number.unwrap_or(ground.head.next_number);
            ground.head = Head { generation, committed_at: self.now, next_number };
            apply(&change.changes, ground, overlay);
        }
        let planned = (is_change && change.with_timeline)
            .then(|| plan((self.desk, memo, self.rules), self.store, self.user, ground, overlay, self.now))
            .map(Arc::new);
        let answer = (change.answer)(ground.head.generation, planned.as_deref());
        let timeline = planned.as_ref().filter(|planned| planned.is_certain).map(|planned| planned.entry.clone());
        let commit = Commit {
            user: self.user,
            expected,
            head: ground.head,
            changes: change.changes,
            origin,
            basis: self.rules.basis(),
            mark: timeline.as_ref().map(|entry| TimelineMark::of(&entry.finished)),
            timeline,
            remember: remember.map(|remember| remember(&answer)),
            sync: change.sync.map(|update| *update),
            brought: change.brought,
        };
        self.submit(Ok(answer), commit, planned)
    }

    /// Hands the commit over from this thread: that is one thread less to wait for.
    fn submit<T>(
        &self,
        answer: Result<T, Refusal>,
        commit: Commit,
        planned: Option<Arc<Planned>>,
    ) -> Result<Submitted<T>, ServiceError> {
        let is_for_remote = !commit.changes.is_empty() && commit.origin.through != THROUGH_GIT;
        Ok(Submitted { answer, ticket: self.store.submit(commit)?, planned, is_for_remote })
    }

    /// What the changes will have changed, as the history will have it.
    fn changed(&self, changes: &[Change], ground: &Snapshot, overlay: &Overlay) -> Result<Vec<PastState>, StoreError> {
        let before = |key: &DocKey| match ground.tasks.contains_key(key) {
            true => document_of(self.store, self.user, overlay, key).map(|raw| raw.map(|raw| raw.to_vec())),
            false => Ok(None),
        };
        let changed = changes.iter().map(|change| match change {
            Change::PutDocument { key, raw, .. } => {
                Ok(PastState::Document { key: key.clone(), before: before(key)?, after: Some(raw.to_vec()) })
            }
            Change::RemoveDocument { key, .. } => {
                Ok(PastState::Document { key: key.clone(), before: before(key)?, after: None })
            }
            Change::PutRules { entries, .. } => {
                let before = ground.rules.as_ref().map(|rules| rules.entries.clone());
                Ok(PastState::Rules { before, after: entries.clone() })
            }
            Change::PutSettings { settings, .. } => {
                Ok(PastState::Settings { before: ground.settings, after: *settings })
            }
            Change::Merged { file, lost, kept, is_conflict, .. } => {
                let owned = |state: &Option<Arc<[u8]>>| state.as_deref().map(<[u8]>::to_vec);
                let (file, lost, kept) = (file.clone(), owned(lost), owned(kept));
                Ok(PastState::Merged { file, lost, kept, is_conflict: *is_conflict })
            }
        });
        changed.collect()
    }

    /// A commit that changes nothing: it succeeds when everything the ground is made of is durable.
    fn confirmation(&self, ground: &Snapshot, origin: Origin) -> Commit {
        Commit {
            user: self.user,
            expected: ground.head.generation,
            head: ground.head,
            changes: Vec::new(),
            origin,
            basis: self.rules.basis(),
            timeline: None,
            mark: None,
            remember: None,
            sync: None,
            brought: None,
        }
    }
}

fn plan(
    (desk, memo, rules): (&mut Desk, &mut Memo, &RuleBook),
    store: &Store,
    user: UserId,
    ground: &Snapshot,
    overlay: &Overlay,
    now: DateTime<Utc>,
) -> Planned {
    let body_of = |key: &DocKey| body_of(store, user, overlay, key);
    let identity = Identity { incarnation: store.incarnation(), user };
    let planned = planning::plan_snapshot(desk, rules, memo, identity, ground, now, &body_of);
    desk.tell_failure(user, &planned);
    planned
}

/// Makes the ground what it is after the changes. `ground.head` is already the new one.
fn apply(changes: &[Change], ground: &mut Snapshot, overlay: &mut Overlay) {
    let generation = ground.head.generation;
    for change in changes {
        match change {
            Change::PutDocument { key, raw, reading, .. } => {
                ground.tasks.insert(key.clone(), reading.clone());
                overlay.insert(key.clone(), (generation, Some(raw.clone())));
            }
            Change::PutSettings { settings, .. } => ground.settings = *settings,
            Change::PutRules { entries, .. } => {
                let following = |entries| UserRules::following(ground.rules.as_deref(), generation, entries);
                ground.rules = entries.clone().map(following).map(Arc::new);
            }
            Change::RemoveDocument { key, .. } => {
                ground.tasks.remove(key);
                overlay.insert(key.clone(), (generation, None));
            }
            Change::Merged { .. } => {}
        }
    }
}
