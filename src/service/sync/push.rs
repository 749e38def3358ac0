//! Waiting for what was changed to be pushed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Mode;
use super::incoming::RULES;
use super::link::Link;
use crate::domain::ids::{Generation, ObjectName, UserId};
use crate::service::error::ServiceError;
use crate::service::{Service, read};
use crate::store::PastState;

/// What became of a change on its way to the remote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PushedState {
    pub pushed: bool,
    /// Whether it will be.
    pub pending: bool,
    /// The commit that it is, as far as that is remembered.
    pub commit: Option<ObjectName>,
}

impl Service {
    /// Waits at most so long until the remote has what the user's generation changed; without a time it only looks.
    pub async fn wait_for_push(self: &Arc<Self>, user: UserId, generation: u64, at_most: Duration) -> PushedState {
        let Some(link) = self.links.of(user).filter(|link| link.remote.mode == Mode::Push) else {
            return PushedState::default();
        };
        let pending = PushedState { pending: true, ..PushedState::default() };
        if at_most.is_zero() {
            return pending;
        }
        let mut changes = link.subscribe();
        link.is_urgent.store(true, Ordering::Relaxed);
        self.note_change(user);
        let pushed = async {
            loop {
                changes.mark_unchanged();
                // What cannot be looked up may be looked up at the next change.
                if let Ok(Some(pushed)) = self.pushed(&link, user, generation).await {
                    return pushed;
                }
                if link.is_closed() || changes.changed().await.is_err() {
                    return pending;
                }
            }
        };
        tokio::time::timeout(at_most, pushed).await.unwrap_or(pending)
    }

    async fn pushed(
        self: &Arc<Self>,
        link: &Arc<Link>,
        user: UserId,
        generation: u64,
    ) -> Result<Option<PushedState>, ServiceError> {
        let (service, kept) = (self.clone(), link.clone());
        let state = read(move || service.state_of(&kept, user)).await?;
        if state.is_none_or(|state| state.outbox_from.0 < generation) {
            return Ok(None);
        }
        let service = self.clone();
        if read(move || service.is_held_back(user, Generation(generation))).await? {
            return Ok(Some(PushedState { pending: true, ..PushedState::default() }));
        }
        let live = link.live();
        let commit = live.pushed.get(&user).and_then(|pushed| pushed.commit_of(Generation(generation)));
        Ok(Some(PushedState { pushed: true, pending: false, commit }))
    }

    /// Whether something that this generation changed waits for a file of the remote's to be mended, for which nobody
    /// waits.
    fn is_held_back(&self, user: UserId, generation: Generation) -> Result<bool, ServiceError> {
        let files = self.store.sync_files(user)?;
        if files.held_back.is_empty() {
            return Ok(false);
        }
        let changes = self.store.list_changes(user, generation)?;
        Ok(changes.iter().any(|past| match &past.what {
            PastState::Document { key, .. } => files.held_back.contains(key.file.as_str()),
            PastState::Rules { .. } => files.held_back.contains(RULES),
            PastState::Settings { .. } | PastState::Merged { .. } => false,
        }))
    }
}
