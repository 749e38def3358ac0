//! Where a user stands with a remote, from one step of a round to the next.

use super::failure::Failure;
use crate::domain::ids::{Generation, ObjectName};
use crate::git::Repository;
use crate::store::{Pushing, SyncState};

/// Pushes that are remembered until one of them is found.
const PUSHES_KEPT_MAX: usize = 8;

/// Where a user stands once a push that was begun before is found in the remote.
pub(super) fn confirmed(
    repository: &Repository,
    state: Option<SyncState>,
    head: Option<ObjectName>,
) -> Result<Option<SyncState>, Failure> {
    let Some(state) = state else { return Ok(None) };
    let Some(head) = head else { return Ok(Some(state)) };
    // The last that is found has what those before it have.
    for pushing in state.pushing.clone().into_iter().rev() {
        if repository.has_commit(pushing.tip) && repository.is_ancestor(pushing.tip, head)? {
            return Ok(Some(SyncState { base: Some(pushing.tip), ..after_push(state, pushing.until) }));
        }
    }
    Ok(Some(state))
}

/// Everything up to a generation is in the remote, but what it cannot be given.
pub(super) fn after_push(mut state: SyncState, until: Generation) -> SyncState {
    state.outbox_from = until;
    state.pushing.clear();
    let held = &state.held;
    state.differing.retain(|file| held.contains_key(file));
    state
}

/// The state of a user whose outbox held nothing that the remote lacks; `None` when it is as before.
pub(super) fn emptied(state: &SyncState, until: Generation) -> Option<SyncState> {
    let after = after_push(state.clone(), until);
    (after != *state).then_some(after)
}

/// The state with one more push whose outcome is not known; the oldest is forgotten where there are many.
pub(super) fn with_push(state: &SyncState, push: Pushing) -> SyncState {
    let mut state = state.clone();
    state.pushing.retain(|other| other.tip != push.tip);
    state.pushing.push(push);
    let surplus = state.pushing.len().saturating_sub(PUSHES_KEPT_MAX);
    state.pushing.drain(..surplus);
    state
}
