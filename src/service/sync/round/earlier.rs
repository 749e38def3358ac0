//! What the remote had earlier.

use super::Round;
use crate::domain::ids::ObjectName;
use crate::git::Repository;
use crate::service::sync::incoming::Incoming;
use crate::service::sync::take_in::{ChangedThere, WasThere};
use crate::store::{SyncState, User};

impl Round {
    /// Tells of a file whether the remote had it so at any time.
    pub(super) fn was_there(&self, user: &User, state: Option<&SyncState>) -> WasThere {
        // A history that was rewritten lacks what was merged before.
        let heads = [self.head, state.and_then(|state| state.base)];
        self.was_in(user, heads.into_iter().flatten().collect(), None)
    }

    /// Tells of a file whether the remote had it so after what was last merged, which says that what it has now is later.
    /// It can be when this server was restored from a backup: what waited then was pushed before it was lost.
    pub(super) fn was_there_since(&self, user: &User, incoming: &Incoming) -> WasThere {
        let heads = incoming.head.filter(|_| incoming.base.is_some()).into_iter().collect();
        self.was_in(user, heads, incoming.base)
    }

    /// What is in the copy alone does not count: it was never pushed.
    fn was_in(&self, user: &User, heads: Vec<ObjectName>, since: Option<ObjectName>) -> WasThere {
        let (repository, link, name) = (self.repository.clone(), self.link.clone(), user.name.clone());
        Box::new(move |file, content| {
            let blob = Repository::blob_name(content);
            let path = link.task_path(name.as_str(), file);
            let is_known = repository.read(blob, content.len()).is_ok();
            // What cannot be told was not: then both are kept.
            let had = |head: &ObjectName| repository.had(*head, since, &path, blob).unwrap_or(false);
            is_known && heads.iter().any(had)
        })
    }

    /// Tells when the remote last changed a file, in seconds after 1970, as far as that can be told.
    pub(super) fn changed_there(&self, user: &User, incoming: &Incoming) -> ChangedThere {
        let (repository, link, name) = (self.repository.clone(), self.link.clone(), user.name.clone());
        let (base, head) = (incoming.base, incoming.head);
        Box::new(move |file| {
            let path = link.task_path(name.as_str(), file);
            head.and_then(|head| repository.last_change(head, base, &path).ok().flatten())
        })
    }
}
