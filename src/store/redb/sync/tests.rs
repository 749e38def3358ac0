//! What is kept for the sync, and the history as it reads it.

use std::sync::Arc;

use chrono::DateTime;

use super::*;
use crate::domain::document::{self, Outcome as Read};
use crate::domain::ids::UserName;
use crate::domain::lang::Lang;
use crate::domain::theme::Theme;
use crate::domain::zone::Zone;
use crate::store::redb::disk::{CACHE_BYTES, Disk};
use crate::store::redb::open::builder;
use crate::store::{
    Administration, Basis, Change, Commit, Head, MergedFile, Origin, Outcome, Settings, hot::Entry, hot::Form,
    hot::Published,
};

const SETTINGS: Settings = Settings { zone: Zone::UTC, lang: Lang::En, days: 7, theme: Theme::Auto };

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

fn administer(store: &Store, asked: Administration) -> Administered {
    wait(store.administer(asked)).unwrap()
}

fn add_user(store: &Store) -> UserId {
    let name = UserName::parse("lena").unwrap();
    let (settings, at) = (SETTINGS, DateTime::UNIX_EPOCH);
    let add = Administration::AddUser { name, admin: false, settings, credential: None, at, must_be_first: false };
    let Administered::UserAdded(user) = administer(store, add) else { panic!() };
    user
}

fn key(file: &str) -> DocKey {
    DocKey::of(FileName::parse(file).unwrap())
}

fn put(file: &str, word: &str) -> Change {
    let raw = format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n{word}\n").into_bytes();
    let Read::Task(task) = document::read(&key(file).file, &raw) else { panic!() };
    Change::PutDocument { key: key(file), raw: raw.into(), reading: Ok(task.into()), verb: "update".into() }
}

fn merged() -> Change {
    let lost = Some(Arc::from(&b"lost"[..]));
    let file = MergedFile::Document(key("0001.md"));
    Change::Merged { file, lost, kept: None, is_conflict: true, verb: "merge".into() }
}

fn state(outbox_from: u64) -> SyncState {
    SyncState { remote: [1; 16], base: None, outbox_from: Generation(outbox_from), pushing: Vec::new() }
}

/// Commits at this generation; the generation afterwards.
fn commit(
    store: &Store,
    user: UserId,
    expected: u64,
    changes: Vec<Change>,
    through: &'static str,
    sync: Option<SyncState>,
) -> u64 {
    let generation = Generation(expected + u64::from(!changes.is_empty()));
    let ticket = store.submit(Commit {
        user,
        expected: Generation(expected),
        head: Head { generation, committed_at: DateTime::UNIX_EPOCH, next_number: None },
        changes,
        origin: Origin { actor: "lena".to_owned(), through: through.into() },
        basis: Basis([0; 16]),
        timeline: None,
        mark: None,
        remember: None,
        sync: sync.map(|state| SyncUpdate { state, files: None }),
        brought: None,
    });
    match wait(ticket.unwrap().outcome()).unwrap() {
        Outcome::Committed { generation } => generation.0,
        Outcome::Stale { generation } => panic!("{generation}"),
    }
}

fn hot(published: &Published, user: UserId) -> Option<Arc<Entry>> {
    published.get(user, Form::Timeline, Basis([0; 16]), DateTime::UNIX_EPOCH)
}

#[test]
fn a_state_alone_makes_no_generation_and_leaves_the_timeline() {
    let disk = Disk::new();
    let store = Store::on(&disk).unwrap();
    let user = add_user(&store);
    assert_eq!(commit(&store, user, 0, vec![put("0001.md", "a")], "token", None), 1);
    let finished = crate::store::Finished {
        generation: Generation(1),
        basis: Basis([0; 16]),
        valid_from: DateTime::UNIX_EPOCH,
        valid_until: DateTime::from_timestamp(1, 0).unwrap(),
        body: "kept".into(),
    };
    store.published().put(user, Arc::new(Entry::new(Form::Timeline, finished.clone(), "t")));
    store.put_timeline(user, finished.clone());
    assert_eq!(commit(&store, user, 1, Vec::new(), "git", Some(state(1))), 1);
    assert_eq!(store.sync_state(user).unwrap(), Some(state(1)));
    assert!(hot(store.published(), user).is_some());
    let head = store.get_timeline(user).unwrap().unwrap().0;
    assert_eq!((head.generation, store.list_history(user, None, 9).unwrap().len()), (Generation(1), 1));
    // What the journal has of it, it has after a crash, and the timeline that was stored is right still.
    drop(store);
    let store = Store::on(&disk).unwrap();
    assert_eq!(store.sync_state(user).unwrap(), Some(state(1)));
    assert_eq!(store.get_timeline(user).unwrap().unwrap().1, Some(finished));
    assert_eq!(commit(&store, user, 1, vec![put("0001.md", "b")], "git", Some(state(2))), 2);
    assert_eq!(store.sync_state(user).unwrap(), Some(state(2)));
}

#[test]
fn the_outbox_is_what_was_changed_since_in_order_and_without_contents() {
    let store = Store::on(&Disk::new()).unwrap();
    let user = add_user(&store);
    let settings = Change::PutSettings { settings: SETTINGS, verb: "settings".into() };
    let rules = Change::PutRules { entries: None, verb: "remove_rules".into() };
    let commits = [
        (vec![put("0001.md", "a"), put("0003.md", "a")], "token"),
        (vec![put("0001.md", "b"), merged()], THROUGH_GIT),
        (vec![merged()], THROUGH_GIT),
        (vec![settings, rules], "web"),
    ];
    for (expected, (changes, through)) in (0..).zip(commits) {
        commit(&store, user, expected, changes, through, None);
    }
    let of = |after, count| store.list_outbox(user, Generation(after), count).unwrap();
    let short = |lines: &[OutboxLine]| -> Vec<(u64, u32)> {
        lines.iter().map(|line| (line.generation.0, line.index)).collect()
    };
    let all = of(0, 100);
    assert_eq!(short(&all), [(1, 0), (1, 1), (2, 0), (4, 0), (4, 1)]);
    let files: Vec<_> = all.iter().map(|line| line.file.clone()).collect();
    let document = |name: &str| OutboxFile::Document(key(name).file);
    let expected =
        [document("0001.md"), document("0003.md"), document("0001.md"), OutboxFile::Settings, OutboxFile::Rules];
    assert_eq!(files, expected);
    assert_eq!((all[2].through.as_str(), all[2].verb.as_str(), all[3].actor.as_str()), ("git", "update", "lena"));
    assert_eq!(short(&of(0, 1)), [(1, 0), (1, 1)], "always all of a commit");
    assert_eq!(short(&of(1, 1)), [(2, 0)]);
    assert_eq!(short(&of(2, 1)), [(4, 0), (4, 1)]);
    assert!(of(4, 9).is_empty() && of(u64::MAX, 9).is_empty());
    let own = |up_to, count| store.last_own_generation(user, Generation(up_to), count).unwrap();
    assert_eq!((own(4, 9), own(3, 9), own(3, 3), own(0, 9)), (Some(Generation(4)), Some(Generation(1)), None, None));
    let past = store.list_changes(user, Generation(2)).unwrap();
    assert!(!past[0].is_conflict() && past[1].is_conflict());
    // What only tells of a merge is in the history of the file, and does not hide how the file was before.
    let file = key("0001.md");
    assert_eq!(store.list_history_of(user, &file.file, None, 9).unwrap().len(), 4);
    let present = store.get_document(user, &file).unwrap().unwrap();
    let then = store.list_documents_at(user, Generation(2), std::slice::from_ref(&file), 1).unwrap();
    assert_eq!(then, std::slice::from_ref(&present));
    let (generation, read) = store.read_documents(user, &[key("0002.md"), file]).unwrap();
    assert_eq!((generation, read), (Generation(4), vec![None, Some(present)]));
    assert!(store.read_documents(UserId(user.0 + 1), &[]).is_err());
}

fn remote(name: &str) -> OwnRemote {
    OwnRemote {
        address: format!("https://git.example.org/{name}.git"),
        branch: "main".to_owned(),
        base_path: String::new(),
        username: Some(name.to_owned()),
        sealed_token: Some("sealed".to_owned()),
        mode: "push".to_owned(),
    }
}

#[test]
fn a_remote_of_ones_own_is_kept_replaced_and_removed() {
    let disk = Disk::new();
    let mut store = Store::on(&disk).unwrap();
    let user = add_user(&store);
    let nobody = Administration::PutRemote { user: UserId(user.0 + 1), remote: Some(remote("a")) };
    assert_eq!(administer(&store, nobody), Administered::NoSuchUser);
    for wanted in [Some(remote("a")), Some(remote("b")), None, Some(remote("c"))] {
        let done = administer(&store, Administration::PutRemote { user, remote: wanted.clone() });
        assert_eq!(done, Administered::RemoteChanged);
        drop(store);
        store = Store::on(&disk).unwrap();
        assert_eq!(store.own_remote(user).unwrap(), wanted);
        let all: Vec<_> = wanted.into_iter().map(|remote| (user, remote)).collect();
        assert_eq!(store.list_own_remotes().unwrap(), all);
    }
    commit(&store, user, 0, Vec::new(), "git", Some(state(0)));
    let removed = administer(&store, Administration::RemoveUser { id: user });
    assert_eq!(removed, Administered::UserRemoved);
    assert_eq!((store.own_remote(user).unwrap(), store.sync_state(user).unwrap()), (None, None));
}

#[test]
fn a_database_of_before_gets_the_tables_when_it_is_opened() {
    let disk = Disk::new();
    let store = Store::on(&disk).unwrap();
    let user = add_user(&store);
    drop(store);
    let db = builder(CACHE_BYTES).create_with_backend(disk.clone()).unwrap();
    let transaction = db.begin_write().unwrap();
    for table in TABLES {
        assert!(transaction.delete_table(table).unwrap());
    }
    transaction.commit().unwrap();
    drop(db);
    let store = Store::on(&disk).unwrap();
    assert_eq!((store.own_remote(user).unwrap(), store.sync_state(user).unwrap()), (None, None));
}
#[test]
fn files_have_a_row_of_their_own_which_only_their_own_change_writes() {
    let disk = Disk::new();
    let store = Store::on(&disk).unwrap();
    let user = add_user(&store);
    drop(store);
    // As it was before there was that row.
    let held = BTreeMap::from([("a.md".to_owned(), (Some(StoredName([7; 20])), "a link".to_owned()))]);
    let differing = BTreeSet::from(["b.md".to_owned()]);
    let pushing: Vec<(StoredName, u64)> = Vec::new();
    let none: Option<StoredName> = None;
    let of_before = (serde_bytes::Bytes::new(&[1; 16]), none, 3_u64, pushing, held, differing.clone());
    let db = builder(CACHE_BYTES).create_with_backend(disk.clone()).unwrap();
    let transaction = db.begin_write().unwrap();
    transaction.open_table(SYNC).unwrap().insert(user.0, codec::encode(&of_before).as_slice()).unwrap();
    transaction.commit().unwrap();
    drop(db);
    let store = Store::on(&disk).unwrap();
    let held = HeldFile { base: Some(ObjectName([7; 20])), reason: "a link".to_owned() };
    let held = BTreeMap::from([("a.md".to_owned(), held)]);
    let files = SyncFiles { held, differing, ..SyncFiles::default() };
    assert_eq!((store.sync_state(user).unwrap(), store.sync_files(user).unwrap()), (Some(state(3)), files.clone()));
    commit(&store, user, 0, Vec::new(), "git", Some(state(4)));
    assert_eq!((store.sync_state(user).unwrap(), store.sync_files(user).unwrap()), (Some(state(4)), files));
}
