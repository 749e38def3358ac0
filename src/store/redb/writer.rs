//! The one writer: a thread that takes all waiting commits, applies each against its own expected
//! generation in one transaction, makes it durable once, publishes, and then answers all.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use redb::{Database, Durability, ReadableTable, WriteTransaction};
use tokio::sync::{mpsc, oneshot};

use super::codec::{self, StoredAnswer, StoredChange};
use super::health::{DatabaseFile, Ended, Health};
use super::schema::{
    CREDENTIALS, DOCUMENTS, HEADS, HISTORY, HISTORY_BY_FILE, IDEMPOTENCY, IDEMPOTENCY_BY_TIME, META, META_NEXT_USER,
    SETTINGS, TASKS, TOKENS, USER_NAMES, USERS,
};
use super::timelines::store_timelines;
use crate::domain::ids::{DocKey, Generation, TaskNumber, UserId};
use crate::store::hot::{Entry, Published};
use crate::store::{
    Administered, Administration, COMMITTED_TIMELINE_BYTES_MAX, Change, Commit, Finished, Head, Outcome,
    REMEMBER_MILLIS, Settings, StoreError, User,
};

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

pub(super) enum Request {
    Commit(Box<Commit>, Answer<Outcome>),
    PutTimeline(UserId, Finished),
    Administer(Box<Administration>, Answer<Administered>),
}

/// Requests that share one transaction at most: bounds the time that the first of them waits.
const GROUP_MAX: usize = 256;

/// Groups of at least this many requests also record which pages are in use, so that a crash right after needs
/// no walk over the whole database at the next start. It costs a second sync, which so many share.
const SETTLED_GROUP_MIN: usize = 32;

/// After this time without a request the same is done for the commits that did not do it themselves.
const IDLE: Duration = Duration::from_millis(50);

/// Timelines that wait for a quiet moment at most; more are stored with the next group.
const LATER_MAX: usize = 64;

/// Expired answers that one transaction forgets at most.
const FORGET_MAX: usize = 64;

pub(super) struct Writer {
    pub(super) db: Arc<Database>,
    pub(super) file: DatabaseFile,
    pub(super) published: Arc<Published>,
    pub(super) health: Arc<Health>,
}

/// A commit to be published, with its timeline, and answered.
type Committed = (UserId, Generation, Option<Arc<Entry>>, Answer<Outcome>);

/// What one group did, to be published and answered once it is durable.
#[derive(Default)]
struct Group {
    committed: Vec<Committed>,
    stale: Vec<(Generation, Answer<Outcome>)>,
    administered: Vec<(Administered, Answer<Administered>)>,
    /// The last timeline of each user: a group stores one.
    timelines: HashMap<UserId, Finished>,
    /// Whether anything in the group was promised to be durable.
    durable: bool,
    /// The request that the database failed at.
    failed_commit: Option<Answer<Outcome>>,
    failed_administration: Option<Answer<Administered>>,
}

impl Writer {
    /// Serves until the queue is closed and empty, then leaves the database closed cleanly.
    pub(super) fn run(self, mut queue: mpsc::Receiver<Request>) {
        // Without its writer the store cannot be written, however the writer ended.
        let _ended = Ended(&self.health);
        let Ok(waiting) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
        let mut requests = Vec::new();
        // Whether a crash now would be followed by a walk over the whole database.
        let mut needs_walk = false;
        // Only the last timeline of each user is worth storing, and a change that waits for the disk is not to wait for
        // it too.
        let mut later: HashMap<UserId, Finished> = HashMap::new();
        loop {
            let next = queue.recv_many(&mut requests, GROUP_MAX);
            let received = match needs_walk || !later.is_empty() {
                false => waiting.block_on(next),
                true => match waiting.block_on(async { tokio::time::timeout(IDLE, next).await }) {
                    Ok(received) => received,
                    Err(_) => {
                        needs_walk = false;
                        self.settle(std::mem::take(&mut later));
                        continue;
                    }
                },
            };
            if received == 0 {
                break;
            }
            let mut group = Vec::with_capacity(received);
            for request in requests.drain(..) {
                match request {
                    Request::PutTimeline(user, finished) => drop(later.insert(user, finished)),
                    request => group.push(request),
                }
            }
            if later.len() > LATER_MAX {
                group.extend(later.drain().map(|(user, finished)| Request::PutTimeline(user, finished)));
            }
            if !group.is_empty() {
                let settles = group.len() >= SETTLED_GROUP_MIN;
                needs_walk = !settles;
                self.serve(group, settles);
            }
        }
        // The database is closed cleanly then; an error has been logged.
        self.settle(later);
    }

    /// Stores timelines that are still right, and leaves the database so that it opens at once after a crash.
    fn settle(&self, timelines: HashMap<UserId, Finished>) {
        let applied = self.begin().and_then(|mut transaction| {
            let mut group = Group::default();
            for (user, finished) in timelines {
                group.apply(&mut transaction, Request::PutTimeline(user, finished))?;
            }
            store_timelines(&mut transaction, &group.timelines)?;
            Ok(transaction)
        });
        let settled = applied.map_err(|error| StoreError::NotWritten(error.to_string()));
        if let Err(error) = settled.and_then(|transaction| commit(transaction, true, true)) {
            self.health.record(true, false);
            tracing::error!(%error, "the database could not be written while it was idle");
        }
    }

    /// `settles`: this commit leaves the database so that it opens at once after a crash.
    fn serve(&self, requests: Vec<Request>, settles: bool) {
        let mut group = Group::default();
        let mut requests = requests.into_iter();
        let applied = self.begin().and_then(|mut transaction| {
            // After a failure nothing more is applied: the transaction is lost anyway.
            for request in requests.by_ref() {
                group.apply(&mut transaction, request)?;
            }
            store_timelines(&mut transaction, &group.timelines)?;
            Ok(transaction)
        });
        let result = match applied {
            Ok(transaction) => commit(transaction, group.durable, settles),
            Err(error) => Err(StoreError::NotWritten(error.to_string())),
        };
        self.health.record(result.is_err(), group.durable);
        match result {
            Ok(()) => self.publish(group),
            Err(error) => {
                tracing::error!(%error, "a write failed");
                group.fail(&error, requests);
            }
        }
    }

    fn begin(&self) -> Result<WriteTransaction, redb::Error> {
        if !self.file.is_there() {
            return Err(redb::Error::Io(io::Error::other("its file was removed or replaced; restart the server")));
        }
        Ok(self.db.begin_write()?)
    }

    /// Generations first, answers last: whoever is answered finds what was promised.
    fn publish(&self, group: Group) {
        for (user, generation, entry, _) in &group.committed {
            self.published.advance(*user, *generation);
            if let Some(entry) = entry {
                self.published.put(*user, entry.clone());
            }
        }
        for (_, generation, _, answer) in group.committed {
            // An asker that went away has lost interest, not the commit.
            let _ = answer.send(Ok(Outcome::Committed { generation }));
        }
        for (generation, answer) in group.stale {
            let _ = answer.send(Ok(Outcome::Stale { generation }));
        }
        for (administered, answer) in group.administered {
            let _ = answer.send(Ok(administered));
        }
    }
}

impl Group {
    fn apply(&mut self, transaction: &mut WriteTransaction, request: Request) -> Result<(), redb::Error> {
        match request {
            Request::Commit(commit, answer) => match apply_commit(transaction, &commit) {
                Ok(Outcome::Committed { generation }) => {
                    if !commit.changes.is_empty() {
                        self.durable = true;
                        self.timelines.remove(&commit.user);
                    }
                    let entry = commit.timeline.as_ref();
                    if let Some(entry) = entry.filter(|entry| entry.finished.body.len() <= COMMITTED_TIMELINE_BYTES_MAX)
                    {
                        self.timelines.insert(commit.user, entry.finished.clone());
                    }
                    self.committed.push((commit.user, generation, commit.timeline, answer));
                }
                Ok(Outcome::Stale { generation }) => self.stale.push((generation, answer)),
                Err(error) => {
                    self.failed_commit = Some(answer);
                    return Err(error);
                }
            },
            Request::PutTimeline(user, finished) => {
                if head_of(transaction, user)?.is_some_and(|head| head.generation == finished.generation) {
                    self.timelines.insert(user, finished);
                }
            }
            Request::Administer(administration, answer) => match apply_administration(transaction, *administration) {
                Ok(administered) => {
                    self.durable = true;
                    self.administered.push((administered, answer));
                }
                Err(error) => {
                    self.failed_administration = Some(answer);
                    return Err(error);
                }
            },
        }
        Ok(())
    }

    /// Tells everybody in the group, and the requests that were not even tried, what went wrong.
    fn fail(self, error: &StoreError, untried: impl Iterator<Item = Request>) {
        let committed = self.committed.into_iter().map(|(_, _, _, answer)| answer);
        let stale = self.stale.into_iter().map(|(_, answer)| answer);
        let administered = self.administered.into_iter().map(|(_, answer)| answer);
        let mut outcomes: Vec<_> = committed.chain(stale).chain(self.failed_commit).collect();
        let mut administrations: Vec<_> = administered.chain(self.failed_administration).collect();
        for request in untried {
            match request {
                Request::Commit(_, answer) => outcomes.push(answer),
                Request::Administer(_, answer) => administrations.push(answer),
                Request::PutTimeline(..) => {}
            }
        }
        for answer in outcomes {
            let _ = answer.send(Err(error.clone()));
        }
        for answer in administrations {
            let _ = answer.send(Err(error.clone()));
        }
    }
}

/// Commits; an error here leaves open whether the change is in the database.
fn commit(mut transaction: WriteTransaction, durable: bool, settles: bool) -> Result<(), StoreError> {
    transaction.set_quick_repair(settles && durable);
    let durability = if durable { Durability::Immediate } else { Durability::None };
    transaction.set_durability(durability).map_err(|error| StoreError::NotWritten(error.to_string()))?;
    transaction.commit().map_err(|error| StoreError::Unknown(error.to_string()))
}

fn head_of(transaction: &WriteTransaction, user: UserId) -> Result<Option<Head>, redb::Error> {
    let heads = transaction.open_table(HEADS)?;
    let head = heads.get(user.0)?;
    Ok(head.and_then(|bytes| codec::decode_head(bytes.value()).ok()))
}

fn apply_commit(transaction: &mut WriteTransaction, commit: &Commit) -> Result<Outcome, redb::Error> {
    let generation = head_of(transaction, commit.user)?.map_or(Generation(0), |head| head.generation);
    if generation != commit.expected {
        return Ok(Outcome::Stale { generation });
    }
    if commit.changes.is_empty() {
        // Only asks whether the state that an answer was based on is the one that lasts.
        return Ok(Outcome::Committed { generation });
    }
    let user = commit.user.0;
    for (index, change) in commit.changes.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let applied = apply_change(transaction, commit.user, change)?;
        record(transaction, commit, index, applied)?;
    }
    transaction.open_table(HEADS)?.insert(user, codec::encode_head(&commit.head).as_slice())?;
    remember(transaction, commit)?;
    Ok(Outcome::Committed { generation: commit.head.generation })
}

/// What a change did, as the history keeps it.
struct Applied<'c> {
    verb: &'c str,
    /// Empty for the settings.
    file: &'c str,
    before: Option<Vec<u8>>,
    after: Option<Vec<u8>>,
}

fn apply_change<'c>(
    transaction: &WriteTransaction,
    user: UserId,
    change: &'c Change,
) -> Result<Applied<'c>, redb::Error> {
    let row = |key: &'c DocKey| (user.0, codec::key_number(key), key.file.as_str());
    let (verb, file, before, after) = match change {
        Change::PutDocument { key, raw, reading, verb } => {
            let mut documents = transaction.open_table(DOCUMENTS)?;
            transaction.open_table(TASKS)?.insert(row(key), codec::encode_reading(reading).as_slice())?;
            let before = documents.insert(row(key), &raw[..])?.map(|raw| raw.value().to_vec());
            (*verb, key.file.as_str(), before, Some(raw.to_vec()))
        }
        Change::RemoveDocument { key, verb } => {
            let mut documents = transaction.open_table(DOCUMENTS)?;
            transaction.open_table(TASKS)?.remove(row(key))?;
            let before = documents.remove(row(key))?.map(|raw| raw.value().to_vec());
            (*verb, key.file.as_str(), before, None)
        }
        Change::PutSettings { settings, verb } => {
            let mut table = transaction.open_table(SETTINGS)?;
            let after = codec::encode_settings(*settings);
            let before = table.insert(user.0, after.as_slice())?.map(|settings| settings.value().to_vec());
            (*verb, "", before, Some(after))
        }
    };
    Ok(Applied { verb, file, before, after })
}

/// Appends a change to the history.
fn record(
    transaction: &WriteTransaction,
    commit: &Commit,
    index: u32,
    applied: Applied<'_>,
) -> Result<(), redb::Error> {
    let (user, generation) = (commit.user.0, commit.head.generation.0);
    let stored = StoredChange {
        at: commit.head.committed_at.timestamp_millis(),
        basis: commit.basis.0,
        actor: commit.origin.actor.clone(),
        through: commit.origin.through.to_owned(),
        verb: applied.verb.to_owned(),
        file: applied.file.to_owned(),
        before: applied.before,
        after: applied.after,
    };
    transaction.open_table(HISTORY)?.insert((user, generation, index), codec::encode(&stored).as_slice())?;
    transaction.open_table(HISTORY_BY_FILE)?.insert((user, applied.file, generation, index), ())?;
    Ok(())
}

/// Stores the answer of an `Idempotency-Key`, and forgets some that have expired.
fn remember(transaction: &WriteTransaction, commit: &Commit) -> Result<(), redb::Error> {
    let Some(remembered) = &commit.remember else { return Ok(()) };
    let now = commit.head.committed_at.timestamp_millis();
    let mut by_key = transaction.open_table(IDEMPOTENCY)?;
    let mut by_time = transaction.open_table(IDEMPOTENCY_BY_TIME)?;
    let row = (commit.user.0, remembered.route, remembered.key.as_str());
    let stored = StoredAnswer { fingerprint: remembered.fingerprint, at: now, answer: remembered.answer.clone() };
    by_key.insert(row, codec::encode(&stored).as_slice())?;
    by_time.insert((now, row.0, row.1, row.2), ())?;
    for _ in 0..FORGET_MAX {
        let Some((time, _)) = by_time.first()? else { break };
        let (at, user, route, key) = time.value();
        if at > now - REMEMBER_MILLIS {
            break;
        }
        // The key may have been used again since; then the later answer stays.
        let expired = by_key.get((user, route, key))?.is_some_and(|bytes| {
            codec::decode::<StoredAnswer>(bytes.value(), "idempotency").is_ok_and(|stored| stored.at == at)
        });
        if expired {
            by_key.remove((user, route, key))?;
        }
        let (route, key) = (route.to_owned(), key.to_owned());
        drop(time);
        by_time.remove((at, user, route.as_str(), key.as_str()))?;
    }
    Ok(())
}

fn apply_administration(
    transaction: &mut WriteTransaction,
    administration: Administration,
) -> Result<Administered, redb::Error> {
    match administration {
        Administration::AddUser { name, admin, settings, password_hash, at } => {
            if transaction.open_table(USER_NAMES)?.get(name.as_str())?.is_some() {
                return Ok(Administered::NameTaken);
            }
            let id = next_user(transaction)?;
            let user = User { id, name, admin, created_at: at };
            add_user(transaction, &user, settings, password_hash.as_deref())?;
            Ok(Administered::UserAdded(id))
        }
        Administration::AddToken { hash, grant } => {
            if transaction.open_table(USERS)?.get(grant.user.0)?.is_none() {
                return Ok(Administered::NoSuchUser);
            }
            transaction.open_table(TOKENS)?.insert(&hash, codec::encode_grant(&grant).as_slice())?;
            Ok(Administered::TokenAdded)
        }
    }
}

/// Takes the next user id; ids are never given twice.
fn next_user(transaction: &WriteTransaction) -> Result<UserId, redb::Error> {
    let mut meta = transaction.open_table(META)?;
    let stored = meta.get(META_NEXT_USER)?.and_then(|bytes| bytes.value().try_into().ok().map(u64::from_be_bytes));
    let id = stored.unwrap_or(1);
    meta.insert(META_NEXT_USER, (id + 1).to_be_bytes().as_slice())?;
    Ok(UserId(id))
}

fn add_user(
    transaction: &WriteTransaction,
    user: &User,
    settings: Settings,
    password_hash: Option<&str>,
) -> Result<(), redb::Error> {
    let id = user.id.0;
    transaction.open_table(USER_NAMES)?.insert(user.name.as_str(), id)?;
    transaction.open_table(USERS)?.insert(id, codec::encode_user(user).as_slice())?;
    transaction.open_table(SETTINGS)?.insert(id, codec::encode_settings(settings).as_slice())?;
    let head = Head { generation: Generation(0), committed_at: user.created_at, next_number: Some(TaskNumber::FIRST) };
    transaction.open_table(HEADS)?.insert(id, codec::encode_head(&head).as_slice())?;
    if let Some(hash) = password_hash {
        transaction.open_table(CREDENTIALS)?.insert(id, hash)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::document::{self, Outcome as Read};
    use crate::domain::ids::{DocKey, FileName};
    use crate::store::{Basis, Origin};

    fn commit(user: u64, expected: u64) -> Commit {
        let raw: Arc<[u8]> = Arc::from(&b"---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n"[..]);
        let key = DocKey::of(FileName::parse(&format!("{expected:04}.md")).unwrap());
        let Read::Task(task) = document::read(&key.file, &raw) else { panic!() };
        let generation = Generation(expected + 1);
        Commit {
            user: UserId(user),
            expected: Generation(expected),
            head: Head { generation, committed_at: DateTime::UNIX_EPOCH, next_number: None },
            changes: vec![Change::PutDocument { key, raw, reading: Ok(task.into()), verb: "create" }],
            origin: Origin { actor: "lena".to_owned(), through: "test" },
            basis: Basis([0; 16]),
            timeline: None,
            remember: None,
        }
    }

    /// What becomes of commits that all wait when the writer looks, and how often it waits for the disk.
    fn written(commits: impl IntoIterator<Item = Commit>) -> (Vec<Outcome>, u64) {
        let file = tempfile::NamedTempFile::new().unwrap();
        let db = Arc::new(redb::Builder::new().create(file.path()).unwrap());
        let (published, health) = (Arc::new(Published::new(1 << 20)), Arc::new(Health::default()));
        let (requests, queue) = mpsc::channel(2 * GROUP_MAX);
        let mut answers = Vec::new();
        for commit in commits {
            let (answer, outcome) = oneshot::channel();
            assert!(requests.try_send(Request::Commit(Box::new(commit), answer)).is_ok());
            answers.push(outcome);
        }
        drop(requests);
        let file = DatabaseFile::at(file.path()).unwrap();
        Writer { db, file, published, health: health.clone() }.run(queue);
        let outcomes = answers.into_iter().map(|answer| answer.blocking_recv().unwrap().unwrap());
        (outcomes.collect(), health.syncs())
    }

    #[test]
    fn one_sync_serves_all_commits_that_wait() {
        let committed = |generation| Outcome::Committed { generation: Generation(generation) };
        let (outcomes, syncs) = written((1..=32).map(|user| commit(user, 0)));
        assert_eq!((outcomes, syncs), (vec![committed(1); 32], 1), "of as many users");
        let (outcomes, syncs) = written((0..32).map(|expected| commit(1, expected)));
        assert_eq!((outcomes, syncs), ((1..=32).map(committed).collect(), 1), "of one user, each on the one before");
        let (outcomes, syncs) = written((1..=300).map(|user| commit(user, 0)));
        assert_eq!((outcomes, syncs), (vec![committed(1); 300], 2), "a group is bounded");
    }

    #[test]
    fn a_stale_commit_harms_none_of_its_group() {
        let committed = |generation| Outcome::Committed { generation: Generation(generation) };
        let stale = |generation| Outcome::Stale { generation: Generation(generation) };
        let (outcomes, _) = written([commit(1, 0), commit(1, 0), commit(2, 5), commit(1, 1), commit(2, 0)]);
        assert_eq!(outcomes, [committed(1), stale(1), stale(0), committed(2), committed(1)]);
    }
}
