//! What the remote had earlier.

use super::Round;
use crate::domain::ids::ObjectName;
use crate::git::Repository;
use crate::service::sync::incoming::Incoming;
use crate::service::sync::take_in::{ChangedThere, WasThere};
use crate::store::{SyncState, User};

impl Round {
    /// Tells of a file whether the remote had it so. What is in the copy alone does not count: it was never pushed.
    pub(super) fn was_there(&self, user: &User, state: Option<&SyncState>) -> WasThere {
        // A history that was rewritten lacks what was merged before.
        let heads = [self.head, state.and_then(|state| state.base)];
        let (repository, link, name) = (self.repository.clone(), self.link.clone(), user.name.clone());
        Box::new(move |file, content| {
            let blob = Repository::blob_name(content);
            let path = link.task_path(name.as_str(), file);
            let is_known = repository.read(blob, content.len()).is_ok();
            // What cannot be told was not: then both are kept.
            let had = |head: &ObjectName| repository.had(*head, &path, blob).unwrap_or(false);
            is_known && heads.iter().flatten().any(had)
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
