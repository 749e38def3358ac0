//! Where a user stands with a remote, from one step of a round to the next.

use super::failure::Failure;
use super::status::kept_reason;
use crate::domain::ids::{Generation, ObjectName};
use crate::domain::lang::Sentence;
use crate::git::Repository;
use crate::store::{HeldFile, Pushing, SyncFiles, SyncState};

/// Pushes that are remembered until one of them is found.
const PUSHES_KEPT_MAX: usize = 16;

/// Files that are held and listed with the reason, for each user; of more only their number is kept.
pub(super) const HELD_LISTED_MAX: usize = 1_000;

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

/// Everything up to a generation is in the remote, but what is held back.
pub(super) fn after_push(mut state: SyncState, until: Generation) -> SyncState {
    state.outbox_from = until;
    state.pushing.clear();
    state
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

/// Adds a file that turned out to be held where it was to be written. Among those that are not listed it is counted
/// already.
pub(super) fn note_held(files: &mut SyncFiles, name: &str, reason: impl Into<Sentence>) {
    if files.held_more > 0 {
        return;
    }
    if files.held.len() < HELD_LISTED_MAX {
        files.held.insert(name.to_owned(), HeldFile { base: None, reason: kept_reason(&reason.into()) });
    } else {
        files.held_more = 1;
    }
}
