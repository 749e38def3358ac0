//! A workload carried out on a store whose disk may fail, with what must be there afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::DateTime;
use tokio::runtime::{Builder, Runtime};

use crate::domain::document::{self, Outcome as Read};
use crate::domain::ids::{DocKey, FileName, Generation, ObjectName, UserId, UserName};
use crate::domain::lang::Lang;
use crate::domain::script::{RuleEntry, Script};
use crate::domain::theme::Theme;
use crate::domain::zone::Zone;
use crate::store::hot::{Entry, Form};
use crate::store::redb::disk::{CACHE_BYTES, Disk};
use crate::store::redb::open::builder;
use crate::store::{
    Administered, Administration, Basis, Change, Commit, Entries, Finished, Grant, GrantKind, Head, Origin, Outcome,
    Remembered, Scopes, Settings, Store, StoreError, SyncFiles, SyncState, SyncUpdate, TimelineMark,
};

const ROUTE: &str = "POST /api/tasks";

/// One step of a workload.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Commits that are handed over before the first is answered.
    Together(Vec<Wish>),
    AddUser(&'static str),
    AddToken(u8),
    /// A timeline that follows its commit.
    PutTimeline(u64),
    /// Closes the store and opens it again.
    Reopen,
}

/// What one commit changes.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) user: u64,
    pub(super) deeds: Vec<Deed>,
    pub(super) key: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(super) enum Deed {
    Put(String, String),
    Remove(String),
    Days(u16),
    /// A list of one script, or none.
    Rules(Option<&'static str>),
    /// Where a sync stands. Alone it makes no generation.
    Synced(u8),
}

/// The state of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    generation: u64,
    documents: BTreeMap<String, Vec<u8>>,
    days: u16,
    /// The text of the script.
    rules: Option<String>,
    keys: BTreeSet<&'static str>,
    sync: Option<(SyncState, SyncFiles)>,
}

/// What is known from outside.
#[derive(Default)]
struct Known {
    /// Of each user the states that can be there: the acknowledged one, and those of unknown outcome after it.
    states: BTreeMap<u64, Vec<State>>,
    names: BTreeMap<&'static str, Certainty>,
    tokens: BTreeMap<u8, Certainty>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    There,
    Perhaps,
}

pub(super) struct Run {
    disk: Disk,
    store: Option<Store>,
    runtime: Runtime,
    known: Known,
    /// Whether the disk works again after a failure.
    pub(super) heals: bool,
    /// Whether reading must go on.
    pub(super) reads: bool,
    pub(super) failures: u64,
}

fn settings(days: u16) -> Settings {
    Settings { zone: Zone::UTC, lang: Lang::En, days, theme: Theme::Auto }
}

/// A disk with a database in which the users 1 and 2 are.
pub(super) fn laid_out() -> Disk {
    let disk = Disk::new();
    let mut run = Run::new(disk.clone());
    assert!(run.step(&Step::AddUser("anna")) && run.step(&Step::AddUser("bert")));
    run.close();
    disk
}

impl Run {
    /// Opens the store; on a disk that fails it may not open.
    pub(super) fn new(disk: Disk) -> Run {
        let runtime = Builder::new_current_thread().build().unwrap();
        let mut known = Known::default();
        for user in [1, 2] {
            let (documents, keys) = (BTreeMap::new(), BTreeSet::new());
            let state = State { generation: 0, documents, days: 7, rules: None, keys, sync: None };
            known.states.insert(user, vec![state]);
        }
        let store = Store::on(&disk).ok();
        Run { disk, store, runtime, known, heals: true, reads: true, failures: 0 }
    }

    /// Carries out a step; whether the workload can go on.
    pub(super) fn step(&mut self, step: &Step) -> bool {
        if self.store.is_none() {
            return false;
        }
        let went_well = match step {
            Step::Together(wishes) => self.commit(wishes),
            Step::AddUser(name) => self.add_user(name),
            Step::AddToken(number) => self.add_token(*number),
            Step::PutTimeline(user) => self.put_timeline(*user),
            Step::Reopen => {
                self.store = None;
                self.store = Store::on(&self.disk).ok();
                if self.store.is_none() && self.heals {
                    // As somebody would who starts the server again.
                    self.store = Store::on(&self.disk).ok();
                }
                self.store.is_some()
            }
        };
        if !went_well {
            self.failures += 1;
            self.look();
        }
        went_well || (self.heals && self.store.is_some() && self.recover())
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn commit(&mut self, wishes: &[Wish]) -> bool {
        let mut tickets = Vec::new();
        let mut latest: BTreeMap<u64, State> = BTreeMap::new();
        for wish in wishes {
            let states = &self.known.states[&wish.user];
            let before = latest.entry(wish.user).or_insert_with(|| states.last().unwrap().clone());
            let (commit, after) = planned(wish, before);
            *before = after.clone();
            let store = self.store.as_ref().unwrap();
            tickets.push((wish.user, after, store.enqueue(commit).unwrap()));
        }
        // All of them wait when somebody looks.
        self.store().seat.write();
        let mut all = true;
        let mut failed = BTreeSet::new();
        for (user, state, ticket) in tickets {
            let states = self.known.states.get_mut(&user).unwrap();
            match self.runtime.block_on(ticket.outcome()) {
                Ok(Outcome::Committed { generation }) => {
                    assert_eq!(generation.0, state.generation);
                    *states = vec![state];
                    continue;
                }
                Ok(Outcome::Stale { .. }) => assert!(failed.contains(&user), "nothing came between"),
                Err(StoreError::NotWritten(_)) => {}
                Err(StoreError::Unknown(_)) => {
                    let last = states.last().unwrap();
                    let made = u64::from(State { sync: state.sync.clone(), ..last.clone() } != state);
                    assert_eq!(state.generation, last.generation + made, "on one that was certainly not written");
                    states.push(state);
                }
                Err(error) => panic!("{error}"),
            }
            failed.insert(user);
            all = false;
        }
        all
    }

    fn add_user(&mut self, name: &'static str) -> bool {
        let at = DateTime::UNIX_EPOCH;
        let parsed = UserName::parse(name).unwrap();
        let asked = Administration::AddUser {
            name: parsed,
            admin: false,
            settings: settings(7),
            credential: None,
            at,
            must_be_first: false,
        };
        let done = self.runtime.block_on(self.store().administer(asked));
        let was_perhaps_there = self.known.names.contains_key(name);
        if matches!(done, Ok(Administered::UserAdded(_)))
            || (was_perhaps_there && matches!(done, Ok(Administered::NameTaken)))
        {
            self.known.names.insert(name, Certainty::There);
            return true;
        }
        match done {
            Err(StoreError::Unknown(_)) => drop(self.known.names.insert(name, Certainty::Perhaps)),
            Err(StoreError::NotWritten(_)) => {}
            done => panic!("{done:?}"),
        }
        false
    }

    fn add_token(&mut self, number: u8) -> bool {
        let grant = Grant {
            user: UserId(1),
            kind: GrantKind::Token,
            token_name: "test".to_owned(),
            scopes: Scopes::READ,
            created_at: DateTime::UNIX_EPOCH,
            expires_at: None,
            last_used_at: None,
        };
        let asked = Administration::AddToken { hash: [number; 32], grant, remember: None, by_credential: None };
        match self.runtime.block_on(self.store().administer(asked)) {
            Ok(done) => {
                assert_eq!(done, Administered::TokenAdded);
                self.known.tokens.insert(number, Certainty::There);
                return true;
            }
            Err(StoreError::Unknown(_)) => drop(self.known.tokens.insert(number, Certainty::Perhaps)),
            Err(StoreError::NotWritten(_)) => {}
            Err(error) => panic!("{error}"),
        }
        false
    }

    fn put_timeline(&self, user: u64) -> bool {
        let state = self.known.states[&user].last().unwrap();
        self.store().put_timeline(UserId(user), timeline(user, state.generation));
        true
    }

    /// Waits until the store can be written again, and finds out what became of what was unknown.
    fn recover(&mut self) -> bool {
        self.store().wait_until_writable();
        for user in self.known.states.keys().copied().collect::<Vec<_>>() {
            // A disk that fails while it is read may send the store back to where it was. By the generation alone it is
            // not told where a sync stands: what is read counts if the store could be written before and is still the
            // same opening after.
            let (opening, is_writable) = (self.store().opening(), self.store().is_writable());
            let Some((state, is_durable)) = self.read(user) else { return false };
            if is_durable && is_writable && self.store().opening() == opening {
                let states = self.known.states.get_mut(&user).unwrap();
                assert!(states.contains(&state), "{user}: {state:?} is none of {states:?}");
                *states = vec![state];
            }
        }
        self.known.states.values().all(|states| states.len() == 1)
    }

    /// What readers see right after a failure.
    fn look(&self) {
        let Some(store) = &self.store else { return };
        for (user, states) in &self.known.states {
            let read = self.read(*user);
            assert!(read.is_some() || !self.reads, "reading does not go on");
            let Some((state, is_durable)) = read else { continue };
            assert!(states.contains(&state), "{state:?} is none of {states:?}");
            if is_durable && !self.heals {
                assert_eq!(state.generation, states[0].generation, "certain, and nobody was told");
            }
            let published = store.published().generation(UserId(*user)).unwrap_or_default();
            assert!(self.heals || published.0 <= states[0].generation, "published, and nobody was told");
        }
    }

    /// What the store says of a user, and whether that lasts.
    fn read(&self, user: u64) -> Option<(State, bool)> {
        let store = self.store();
        let opening = store.opening();
        let id = UserId(user);
        let snapshot = store.snapshot(id).ok()?.unwrap();
        let mut documents = BTreeMap::new();
        for key in snapshot.tasks.keys() {
            documents.insert(key.file.as_str().to_owned(), store.get_document(id, key).ok()?.unwrap());
        }
        let mut keys = BTreeSet::new();
        for key in ["a", "b", "c"] {
            keys.extend(store.get_repeated(id, ROUTE, key).ok()?.map(|_| key));
        }
        let changes = store.list_changes(id, snapshot.head.generation).ok()?;
        let later = store.list_changes(id, snapshot.head.generation.next()).ok()?;
        if store.opening() != opening {
            return self.read(user);
        }
        let generation = snapshot.head.generation.0;
        assert_eq!(!changes.is_empty(), generation > 0, "the history ends where the user stands");
        assert!(later.is_empty());
        let rules = snapshot.rules.map(|rules| rules.entries[0].source().unwrap().to_owned());
        let (days, state) = (snapshot.settings.days, store.sync_state(id).ok()?);
        let sync = state.zip(store.sync_files(id).ok());
        Some((State { generation, documents, days, rules, keys, sync }, snapshot.is_durable))
    }

    /// Ends the run: closes the store.
    pub(super) fn close(&mut self) {
        self.store = None;
    }

    /// Opens the store on the disk that works again, and compares what is there with what must be.
    pub(super) fn check(&mut self) {
        self.close();
        self.disk.heal();
        self.store = Some(Store::on(&self.disk).expect("the database opens again"));
        for (user, states) in &self.known.states {
            let (state, is_durable) = self.read(*user).expect("it can be read");
            assert!(is_durable && states.contains(&state), "{user}: {state:?} is none of {states:?}");
            let (head, kept) = self.store().get_timeline(UserId(*user)).unwrap().unwrap();
            if let Some(kept) = kept {
                assert_eq!(kept, timeline(*user, head.generation.0));
            }
        }
        for (name, certainty) in &self.known.names {
            let found = self.store().get_user_by_name(&UserName::parse(name).unwrap()).unwrap();
            assert!(found.is_some() || *certainty == Certainty::Perhaps, "{name} is lost");
        }
        for (number, certainty) in &self.known.tokens {
            let found = self.store().get_grant(&[*number; 32]).unwrap();
            assert!(found.is_some() || *certainty == Certainty::Perhaps, "token {number} is lost");
        }
        for states in self.known.states.values_mut() {
            states.drain(1..);
        }
        self.close();
        let mut db = builder(CACHE_BYTES).create_with_backend(self.disk.clone()).unwrap();
        assert!(db.check_integrity().unwrap(), "pages are lost or shared");
    }
}

fn timeline(user: u64, generation: u64) -> Finished {
    Finished {
        generation: Generation(generation),
        basis: Basis([0; 16]),
        valid_from: DateTime::UNIX_EPOCH,
        valid_until: DateTime::UNIX_EPOCH,
        body: format!("{user} at {generation}").repeat(100).into(),
    }
}

fn synced(choice: u8) -> SyncState {
    SyncState {
        remote: [choice; 16],
        base: Some(ObjectName([choice; 20])),
        outbox_from: Generation(u64::from(choice)),
        pushing: Vec::new(),
    }
}

/// Of every other one files come along.
fn files(choice: u8) -> Option<SyncFiles> {
    let differing = BTreeSet::from([choice.to_string()]);
    (!choice.is_multiple_of(2)).then(|| SyncFiles { held_more: u64::from(choice), differing, ..SyncFiles::default() })
}

/// The commit of a wish, and the state that it leads to.
fn planned(wish: &Wish, before: &State) -> (Commit, State) {
    let mut after = before.clone();
    let mut changes = Vec::new();
    let mut sync = None;
    for deed in &wish.deeds {
        let key = |file: &str| DocKey::of(FileName::parse(file).unwrap());
        changes.push(match deed {
            Deed::Put(file, body) => {
                let raw = format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n{body}\n").into_bytes();
                let Read::Task(task) = document::read(&key(file).file, &raw) else { panic!("{file}") };
                after.documents.insert(file.clone(), raw.clone());
                Change::PutDocument { key: key(file), raw: raw.into(), reading: Ok(task.into()), verb: "put".into() }
            }
            Deed::Remove(file) => {
                after.documents.remove(file);
                Change::RemoveDocument { key: key(file), verb: "remove".into() }
            }
            Deed::Rules(source) => {
                after.rules = source.map(str::to_owned);
                let list = |source| Entries::from([RuleEntry::Own { script: Script::new("own", source), tests: None }]);
                Change::PutRules { entries: source.map(list), verb: "rules".into() }
            }
            Deed::Days(days) => {
                after.days = *days;
                Change::PutSettings { settings: settings(*days), verb: "settings".into() }
            }
            Deed::Synced(choice) => {
                let update = SyncUpdate { state: synced(*choice), files: files(*choice) };
                let known = after.sync.take().map(|(_, files)| files);
                let files = update.files.clone().or(known).unwrap_or_default();
                after.sync = Some((update.state.clone(), files));
                sync = Some(update);
                continue;
            }
        });
    }
    let is_change = !changes.is_empty();
    after.generation += u64::from(is_change);
    after.keys.extend(wish.key);
    let remember = wish.key.map(|key| Remembered {
        route: ROUTE.into(),
        key: key.to_owned(),
        fingerprint: [0; 32],
        answer: b"{}".to_vec(),
    });
    let generation = Generation(after.generation);
    let commit = Commit {
        user: UserId(wish.user),
        expected: Generation(before.generation),
        head: Head { generation, committed_at: DateTime::UNIX_EPOCH, next_number: None },
        changes,
        origin: Origin { actor: "anna".to_owned(), through: "test".into() },
        basis: Basis([0; 16]),
        timeline: is_change.then(|| Arc::new(Entry::new(Form::Timeline, timeline(wish.user, after.generation), "t"))),
        mark: is_change.then(|| TimelineMark::of(&timeline(wish.user, after.generation))),
        remember,
        sync,
        brought: None,
    };
    (commit, after)
}
