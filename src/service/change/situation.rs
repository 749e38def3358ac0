//! What a decision is based on: the state that the changes before it left, also while they still wait for the disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::{Overlay, Pending, apply, plan};
use crate::domain::document;
use crate::domain::ids::{DocKey, FileName, Generation, UserId};
use crate::domain::policy::SlotSpec;
use crate::domain::script::Script;
use crate::rules::RuleError;
use crate::service::error::ServiceError;
use crate::service::memo::Memo;
use crate::service::planners::Desk;
use crate::service::planning::{self, Planned};
use crate::service::rulebook::{RuleBook, RuleList};
use crate::store::{Change, OutboxFile, Past, PastState, RulesVersion, Snapshot, Store, StoreError, THROUGH_GIT};

/// Changes of the history that are looked at for one's own last one.
const WALKED_CHANGES_MAX: usize = 1_000;

/// What a decision is based on.
pub struct Situation<'a> {
    pub snapshot: &'a Snapshot,
    pub now: DateTime<Utc>,
    pub(super) store: &'a Store,
    pub(super) user: UserId,
    pub(super) overlay: &'a Overlay,
    pub(super) pending: &'a Pending,
    pub(super) memo: &'a mut Memo,
    pub(super) desk: &'a mut Desk,
    pub(super) rules: &'a RuleBook,
}

impl Situation<'_> {
    /// The document of a key of the snapshot, byte for byte.
    pub fn document(&self, key: &DocKey) -> Result<Arc<[u8]>, StoreError> {
        document_of(self.store, self.user, self.overlay, key)?.ok_or(StoreError::Damaged("documents"))
    }

    /// The plan of the present state, for an answer that changes nothing.
    pub fn plan(&mut self) -> Planned {
        let work = (&mut *self.desk, &mut *self.memo, self.rules);
        plan(work, self.store, self.user, self.snapshot, self.overlay, self.now)
    }

    /// The plan as it would be after these changes, of which nothing is kept.
    pub fn plan_after(&mut self, changes: &[Change]) -> Planned {
        let (mut ground, mut overlay) = (self.snapshot.clone(), self.overlay.clone());
        apply(changes, &mut ground, &mut overlay);
        let work = (&mut *self.desk, &mut *self.memo, self.rules);
        plan(work, self.store, self.user, &ground, &overlay, self.now)
    }

    /// The day it is for the user.
    pub fn today(&self) -> NaiveDate {
        self.snapshot.settings.zone.date_of(self.now)
    }

    /// What a commit of the user changed, as far as it is kept.
    pub fn changes_of(&self, generation: Generation) -> Result<Vec<PastState>, StoreError> {
        if let Some(pending) = self.pending.iter().find(|pending| pending.generation == generation) {
            return Ok(pending.changes.clone());
        }
        Ok(self.store.list_changes(self.user, generation)?.into_iter().map(|past| past.what).collect())
    }

    /// Whether the changes of a generation happened in another account.
    pub(in crate::service) fn is_brought(&self, generation: Generation) -> Result<bool, StoreError> {
        let is_pending = self.pending.iter().any(|pending| pending.generation == generation);
        Ok(!is_pending && self.store.list_changes(self.user, generation)?.iter().any(|past| past.is_brought))
    }

    /// Whether the history has this change, be it one's own or one that was brought.
    pub(in crate::service) fn has_past(&self, wanted: &Past) -> Result<bool, StoreError> {
        let basis = wanted.basis;
        let is_it = |past: Past| Past { basis, is_brought: wanted.is_brought, left: wanted.left, ..past } == *wanted;
        Ok(self.store.list_changes(self.user, wanted.generation)?.into_iter().any(is_it))
    }

    /// The user's last commit that neither a sync brought nor happened in another account, among the last changes that are kept.
    pub fn last_own_generation(&self) -> Result<Option<Generation>, StoreError> {
        if let Some(own) = self.pending.iter().rev().find(|pending| pending.through != THROUGH_GIT) {
            return Ok(Some(own.generation));
        }
        let head = self.snapshot.head.generation;
        let last = self.pending.front().map_or(head.0, |first| first.generation.0.saturating_sub(1));
        self.store.last_own_generation(self.user, Generation(last), WALKED_CHANGES_MAX)
    }

    /// Whether a document of this name had this content at some time, as far as the history is looked at.
    pub(in crate::service) fn was_here(&self, file: &FileName, content: &[u8]) -> Result<bool, StoreError> {
        let is_it = |state: &PastState| match state {
            PastState::Document { key, before, after } => {
                key.file == *file && (before.as_deref() == Some(content) || after.as_deref() == Some(content))
            }
            PastState::Rules { .. } | PastState::Settings { .. } | PastState::Merged { .. } => false,
        };
        let past = self.store.list_history_of(self.user, file, None, WALKED_CHANGES_MAX)?;
        Ok(past.iter().any(|past| is_it(&past.what)))
    }

    /// When the user last changed each document since a generation, what a sync brought left out.
    pub(in crate::service) fn changed_since(
        &self,
        after: Generation,
    ) -> Result<BTreeMap<FileName, DateTime<Utc>>, StoreError> {
        let mut changed = BTreeMap::new();
        for line in self.store.list_outbox(self.user, after, usize::MAX)? {
            if let OutboxFile::Document(file) = line.file
                && line.through != THROUGH_GIT
            {
                changed.insert(file, line.at);
            }
        }
        // What is not on disk yet was changed a moment ago.
        for pending in self.pending.iter().filter(|pending| pending.through != THROUGH_GIT) {
            for change in &pending.changes {
                if let PastState::Document { key, .. } = change {
                    changed.insert(key.file.clone(), self.now);
                }
            }
        }
        Ok(changed)
    }

    /// The slots that the user's rules give a day.
    pub fn slots(&mut self, day: NaiveDate) -> Result<Arc<[SlotSpec]>, ServiceError> {
        let today = self.today();
        Ok(planning::slots_of_day(self.desk, self.rules, self.snapshot, day, today)?)
    }

    /// Tries a list that is to become the user's, with the tasks that there are and its tests.
    pub(in crate::service) fn try_rules(&mut self, list: &RuleList, tests: &[Script]) -> Vec<RuleError> {
        let body_of = |key: &DocKey| body_of(self.store, self.user, self.overlay, key);
        planning::try_list(self.desk, (list, tests), self.snapshot, self.now, &body_of)
    }

    /// A version of the user's rules, if it is kept.
    pub(in crate::service) fn rules_version(&self, number: u64) -> Result<Option<RulesVersion>, StoreError> {
        self.store.get_rules_version(self.user, number)
    }

    /// The categories that the user's rules know.
    pub fn categories(&mut self) -> Result<Vec<String>, ServiceError> {
        Ok(planning::categories(self.desk, self.rules, self.snapshot)?)
    }
}

pub(super) fn document_of(
    store: &Store,
    user: UserId,
    overlay: &Overlay,
    key: &DocKey,
) -> Result<Option<Arc<[u8]>>, StoreError> {
    match overlay.get(key) {
        Some((_, raw)) => Ok(raw.clone()),
        None => Ok(store.get_document(user, key)?.map(Arc::from)),
    }
}

/// The body of a document, for rules that read it.
pub(super) fn body_of(store: &Store, user: UserId, overlay: &Overlay, key: &DocKey) -> Option<Arc<str>> {
    let raw = document_of(store, user, overlay, key).ok().flatten()?;
    document::body(&raw).map(Arc::from)
}
