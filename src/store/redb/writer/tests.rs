use std::path::Path;
use std::sync::Arc;

use chrono::DateTime;
use tokio::sync::{mpsc, oneshot};

use super::{GROUP_MAX, WALKED_BYTES_MAX, Writer};
use crate::domain::document::{self, Outcome as Read};
use crate::domain::ids::{DocKey, FileName, Generation, UserId};
use crate::store::hot::Published;
use crate::store::redb::disk::Disk;
use crate::store::redb::fault::Pauses;
use crate::store::redb::group::Request;
use crate::store::redb::health::{DatabaseFile, Health};
use crate::store::redb::open::builder;
use crate::store::redb::views::{Doubts, Views};
use crate::store::redb::volume::Volume;
use crate::store::{Basis, Change, Commit, Head, Incarnation, Origin, Outcome};

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
    let health = Arc::new(Health::default());
    let (requests, queue) = mpsc::channel(2 * GROUP_MAX);
    let mut answers = Vec::new();
    for commit in commits {
        let (answer, outcome) = oneshot::channel();
        assert!(requests.try_send(Request::Commit(Box::new(commit), answer)).is_ok());
        answers.push(outcome);
    }
    drop(requests);
    writer(&Disk::new(), file.path(), health.clone()).run(queue);
    let outcomes = answers.into_iter().map(|answer| answer.blocking_recv().unwrap().unwrap());
    (outcomes.collect(), health.syncs())
}

fn writer(disk: &Disk, file: &Path, health: Arc<Health>) -> Writer {
    let volume = Volume::new(disk.clone());
    let session = volume.session();
    let views = Arc::new(Views::new(builder().create_with_backend(session.clone()).unwrap()));
    Writer {
        volume,
        session,
        views,
        file: Arc::new(DatabaseFile::at(file).unwrap()),
        incarnation: Incarnation([0; 16]),
        published: Arc::new(Published::new(1 << 20)),
        health,
        walked_bytes_max: WALKED_BYTES_MAX,
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
