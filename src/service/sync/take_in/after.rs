//! Where a user stands once something is taken in.

use std::collections::{BTreeMap, BTreeSet};

use super::TakingIn;
use crate::domain::ids::Generation;
use crate::service::sync::incoming::RULES;
use crate::service::sync::standing::HELD_LISTED_MAX;
use crate::store::{HeldFile, SyncFiles, SyncState};

impl TakingIn {
    /// Where the user stands once this is taken in.
    pub(super) fn state_after(&self, generation: Generation) -> SyncState {
        let before = self.state.as_ref().filter(|_| !self.incoming.is_first);
        SyncState {
            remote: self.link.key,
            base: self.incoming.head,
            outbox_from: before.map_or(generation, |state| state.outbox_from),
            pushing: before.map(|state| state.pushing.clone()).unwrap_or_default(),
        }
    }

    /// What is known of files then; `None` where it is what was known before.
    pub(super) fn files_after(
        &self,
        differing: BTreeSet<String>,
        mut held: BTreeMap<String, HeldFile>,
        held_back: BTreeSet<String>,
    ) -> Option<SyncFiles> {
        let all = held.len();
        // What was listed stays so, because what was last merged of it is known exactly.
        let mut places = HELD_LISTED_MAX.saturating_sub(held.keys().filter(|name| self.is_listed(name)).count());
        held.retain(|name, _| {
            let is_new = !self.is_listed(name);
            let is_kept = !is_new || places > 0;
            places -= usize::from(is_new && is_kept);
            is_kept
        });
        let held_more = (all - held.len()) as u64;
        let files = SyncFiles {
            held_from: self.files.held_from.or(self.incoming.base).filter(|_| held_more > 0),
            held,
            held_more,
            differing,
            held_back,
            unreadable_names: self.incoming.unreadable_names as u64,
        };
        (self.state.is_none() || files != self.files).then_some(files)
    }

    /// The rules are one, and always listed.
    fn is_listed(&self, name: &str) -> bool {
        name == RULES || self.files.held.contains_key(name)
    }
}
