//! What a sync commits: documents of the other side, what lost in a merge, and where it stands afterwards.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use codexmiroir::domain::document::{self, Outcome as Read};
use codexmiroir::domain::ids::{DocKey, Generation, ObjectName, TaskNumber, UserId};
use codexmiroir::service::Service;
use codexmiroir::service::change::{Decision, Plan};
use codexmiroir::service::error::ServiceError;
use codexmiroir::store::{
    Change, MergedFile, Origin, PastState, Pushing, SyncFiles, SyncState, SyncUpdate, THROUGH_GIT,
};

use super::account::Account;

#[derive(Clone, Debug)]
pub struct Synced {
    /// A document that came from there.
    pub put: Option<(DocKey, Vec<u8>)>,
    /// What lost in a merge, and whether that was a conflict.
    pub lost: Option<(DocKey, bool)>,
    pub with_timeline: bool,
    pub sync: SyncUpdate,
}

impl Synced {
    /// One of so many; some are nothing but the state.
    pub fn of(choice: u8, key: DocKey, raw: Vec<u8>) -> Synced {
        let name = ObjectName([choice; 20]);
        let pushing = Pushing { tip: name, until: Generation(u64::from(choice)) };
        Synced {
            put: choice.is_multiple_of(2).then(|| (key.clone(), raw)),
            lost: choice.is_multiple_of(3).then_some((key, choice % 4 < 2)),
            with_timeline: choice % 8 < 4,
            sync: SyncUpdate {
                state: SyncState {
                    remote: [choice; 16],
                    base: (!choice.is_multiple_of(5)).then_some(name),
                    outbox_from: Generation(u64::from(choice)),
                    pushing: choice.is_multiple_of(7).then_some(pushing).into_iter().collect(),
                },
                files: (!choice.is_multiple_of(3)).then(|| SyncFiles {
                    held_more: u64::from(choice),
                    differing: BTreeSet::from([choice.to_string()]),
                    ..SyncFiles::default()
                }),
            },
        }
    }

    /// The number after that of the document.
    fn next_number(&self) -> Option<TaskNumber> {
        let number = self.put.as_ref().and_then(|(key, _)| key.number);
        number.map_or(Some(TaskNumber::FIRST), TaskNumber::next)
    }

    fn changes(&self) -> Vec<Change> {
        let put = self.put.iter().map(|(key, raw)| {
            let reading = match document::read(&key.file, raw) {
                Read::Task(task) => Ok(Arc::from(task)),
                Read::Invalid(problem) => Err(problem),
                Read::NotATask => panic!("{} is no task", key.file),
            };
            Change::PutDocument { key: key.clone(), raw: raw.as_slice().into(), reading, verb: "update".into() }
        });
        let merged = self.lost.iter().map(|(key, is_conflict)| Change::Merged {
            file: MergedFile::Document(key.clone()),
            lost: Some(Arc::from(&b"lost"[..])),
            kept: None,
            is_conflict: *is_conflict,
            verb: "merge".into(),
        });
        put.chain(merged).collect()
    }

    pub async fn commit(self, service: &Arc<Service>, user: UserId, actor: String) -> Result<String, ServiceError> {
        let origin = Origin { actor, through: THROUGH_GIT.into() };
        let decide = move |situation: &mut codexmiroir::service::change::Situation<'_>| {
            let known = situation.snapshot.head.next_number;
            Ok(Decision::Change(Plan {
                changes: self.changes(),
                next_number: Some(known.zip(self.next_number()).map(|(known, next)| known.max(next))),
                with_timeline: self.with_timeline,
                sync: Some(Box::new(self.sync.clone())),
                brought: None,
                answer: Box::new(|generation, _| generation.to_string()),
            }))
        };
        service.change(user, origin, decide).await
    }
}

impl Account {
    pub fn take_over(&mut self, synced: &Synced, now: DateTime<Utc>) -> String {
        let known = self.sync.take().map(|(_, files)| files);
        let files = synced.sync.files.clone().or(known).unwrap_or_default();
        self.sync = Some((synced.sync.state.clone(), files));
        if synced.put.is_none() && synced.lost.is_none() {
            return self.generation.to_string();
        }
        self.next_number = self.next_number.zip(synced.next_number()).map(|(known, next)| known.max(next));
        self.advance(now);
        if let Some((key, raw)) = &synced.put {
            let before = self.documents.insert(key.clone(), raw.clone());
            let what = PastState::Document { key: key.clone(), before, after: Some(raw.clone()) };
            self.record(0, THROUGH_GIT, "update", what);
        }
        if let Some((key, is_conflict)) = synced.lost.clone() {
            let what = PastState::Merged {
                file: MergedFile::Document(key),
                lost: Some(b"lost".to_vec()),
                kept: None,
                is_conflict,
            };
            self.record(usize::from(synced.put.is_some()), THROUGH_GIT, "merge", what);
        }
        self.generation.to_string()
    }
}
