use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::DateTime;
use tokio::sync::{mpsc, oneshot};

use super::Writer;
use crate::domain::document::{self, Outcome as Read};
use crate::domain::ids::{DocKey, FileName, Generation, UserId};
use crate::store::hot::Published;
use crate::store::redb::codec;
use crate::store::redb::disk::{CACHE_BYTES, Disk};
use crate::store::redb::fault::Pauses;
use crate::store::redb::group::Request;
use crate::store::redb::health::{DatabaseFile, Health};
use crate::store::redb::journal::{Journal, Place};
use crate::store::redb::open::builder;
use crate::store::redb::schema::HEADS;
use crate::store::redb::seat::{GROUP_MAX, Seat};
use crate::store::redb::views::{Doubts, Views};
use crate::store::redb::volume::Volume;
use crate::store::{Basis, Change, Commit, Finished, Head, Incarnation, Origin, Outcome};

fn commit(user: u64, expected: u64) -> Commit {
    let raw: Arc<[u8]> = Arc::from(&b"---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n"[..]);
    let key = DocKey::of(FileName::parse(&format!("{expected:04}.md")).unwrap());
    let Read::Task(task) = document::read(&key.file, &raw) else { panic!() };
    let generation = Generation(expected + 1);
    Commit {
        user: UserId(user),
        expected: Generation(expected),
        head: Head { generation, committed_at: DateTime::UNIX_EPOCH, next_number: None },
        changes: vec![Change::PutDocument { key, raw, reading: Ok(task.into()), verb: "create".into() }],
        origin: Origin { actor: "lena".to_owned(), through: "test".into() },
        basis: Basis([0; 16]),
        timeline: None,
        mark: None,
        remember: None,
        sync: None,
        brought: None,
    }
}

/// What becomes of commits that all wait when the writer looks, and how often it waits for the disk.
fn written(commits: impl IntoIterator<Item = Commit>) -> (Vec<Outcome>, u64) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let health = Arc::new(Health::default());
    let (requests, queue) = mpsc::channel(2 * GROUP_MAX);
    let (mut answers, mut users) = (Vec::new(), Vec::new());
    for commit in commits {
        users.push(commit.user);
        let (answer, outcome) = oneshot::channel();
        assert!(requests.try_send(Request::Commit(Box::new(commit), answer)).is_ok());
        answers.push(outcome);
    }
    let seat = Seat::new(writer(&Disk::new(), file.path(), health.clone(), &users), queue);
    seat.close();
    seat.run();
    let outcomes = answers.into_iter().map(|answer| answer.blocking_recv().unwrap().unwrap());
    (outcomes.collect(), health.syncs())
}

/// A writer on a disk where these users are, and nothing of theirs.
fn writer(disk: &Disk, file: &Path, health: Arc<Health>, users: &[UserId]) -> Writer {
    let incarnation = Incarnation([0; 16]);
    let volume = Volume::new(disk.clone(), CACHE_BYTES);
    let session = volume.session();
    let db = builder(CACHE_BYTES).create_with_backend(session.clone()).unwrap();
    let head = Head { generation: Generation(0), committed_at: DateTime::UNIX_EPOCH, next_number: None };
    let mut transaction = db.begin_write().unwrap();
    transaction.set_quick_repair(true);
    for user in users {
        transaction.open_table(HEADS).unwrap().insert(user.0, codec::encode_head(&head).as_slice()).unwrap();
    }
    transaction.commit().unwrap();
    let views = Arc::new(Views::new(db));
    Writer {
        volume,
        session,
        views,
        file: Arc::new(DatabaseFile::at(file).unwrap()),
        incarnation,
        published: Arc::new(Published::new(1 << 20)),
        health,
        journal: Journal::open(Place::Disk(disk.journal()), incarnation, 0).unwrap(),
        pauses: Pauses::default(),
        fault: None,
        doubts: Doubts::new(),
    }
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

/// Whether opening the disk as it is now, after a power cut, walks over the whole database.
fn is_walked(disk: &Disk) -> bool {
    let crashed = disk.copy(1);
    crashed.cut_power();
    let is_walked = Arc::new(AtomicBool::new(false));
    let mut opening = builder(CACHE_BYTES);
    let seen = is_walked.clone();
    opening.set_repair_callback(move |_| seen.store(true, Ordering::Relaxed));
    drop(opening.create_with_backend(crashed).unwrap());
    is_walked.load(Ordering::Relaxed)
}

#[test]
fn no_crash_is_followed_by_a_walk() {
    let (disk, file) = (Disk::new(), tempfile::NamedTempFile::new().unwrap());
    let (requests, queue) = mpsc::channel(GROUP_MAX);
    let writer = writer(&disk, file.path(), Arc::new(Health::default()), &[UserId(1)]);
    let seat = Arc::new(Seat::new(writer, queue));
    let own = seat.clone();
    let writing = std::thread::spawn(move || own.run());
    for expected in 0..20 {
        let finished = Finished {
            generation: Generation(expected),
            basis: Basis([0; 16]),
            valid_from: DateTime::UNIX_EPOCH,
            valid_until: DateTime::UNIX_EPOCH,
            body: vec![b'x'; 2_000].into(),
        };
        // Stored without a sync: what is in use on the disk stays what the last commit recorded.
        assert!(requests.blocking_send(Request::PutTimeline(UserId(1), finished)).is_ok());
        seat.ring();
        // An answer to a commit that is stale says that the timeline was dealt with.
        for (commit, is_committed) in [(commit(1, 99), false), (commit(1, expected), true)] {
            let (answer, outcome) = oneshot::channel();
            assert!(requests.blocking_send(Request::Commit(Box::new(commit), answer)).is_ok());
            seat.write();
            let outcome = outcome.blocking_recv().unwrap().unwrap();
            assert_eq!(matches!(outcome, Outcome::Committed { .. }), is_committed);
            assert!(!is_walked(&disk));
        }
    }
    seat.close();
    writing.join().unwrap();
    let db = builder(CACHE_BYTES).create_with_backend(disk.clone()).unwrap();
    let transaction = db.begin_write().unwrap();
    transaction.open_table(HEADS).unwrap().remove(1).unwrap();
    transaction.commit().unwrap();
    assert!(is_walked(&disk), "this test sees a walk where there is one");
}
