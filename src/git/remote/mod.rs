//! Bringing a repository and a remote together.

mod exchange;
mod http;
mod local;
mod push;
mod report;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use tokio::runtime::Handle;

use super::address::Place;
use super::{GitError, PushError, Remote, Repository};
use crate::domain::ids::ObjectName;
use watch::Watch;

/// Brings the branch's commits here, and with them the head that is remembered. `None`: the branch is not there.
///
/// # Errors
/// See [`GitError`]; nothing was changed.
pub fn fetch(
    repository: &Repository,
    remote: &Remote,
    runtime: &Handle,
    stop: &AtomicBool,
) -> Result<Option<ObjectName>, GitError> {
    let _adding = repository.adding();
    let fetched = Watch::over(stop, remote.limits.transfer, |watch| match &remote.address.place {
        Place::Http { address, is_host_allowed } => {
            unwound(|| http::fetch(repository, remote, address, *is_host_allowed, runtime, watch))
        }
        Place::Folder(folder) => unwound(|| local::fetch(repository, remote, folder, watch)),
    })?;
    let head = match fetched {
        Some(Fetched { head, files }) => {
            // A pack is told by what is here already, which it brings along once more.
            if !files.is_empty() {
                repository
                    .require_bounded(&remote.limits)
                    .or_else(|error| repository.forget(&files).and(Err(error)))?;
            }
            Some(head)
        }
        None => None,
    };
    if head != repository.fetched_head()? {
        repository.set_fetched_head(head)?;
    }
    Ok(head)
}

/// Sends `new` and all it needs, if the branch still stands at `expected` (`None`: must not exist). Not an ancestor's
/// place: whoever asks for it has seen what stood there. If the branch stands at `new` already, that is as good.
///
/// # Errors
/// See [`PushError`].
pub fn push(
    repository: &Repository,
    remote: &Remote,
    runtime: &Handle,
    expected: Option<ObjectName>,
    new: ObjectName,
    stop: &AtomicBool,
) -> Result<(), PushError> {
    Watch::over(stop, remote.limits.transfer, |watch| match &remote.address.place {
        Place::Http { address, is_host_allowed } => {
            let wire = exchange::Wire::new(remote, address, *is_host_allowed, runtime, watch);
            let wire = wire.map_err(PushError::NotSent)?;
            let pushed = catch_unwind(AssertUnwindSafe(|| push::push(repository, remote, &wire, expected, new)));
            pushed.unwrap_or_else(|_| Err(wire.outcome_of(unparsed())))
        }
        Place::Folder(folder) => {
            let pushed =
                catch_unwind(AssertUnwindSafe(|| local::push(repository, remote, folder, expected, new, watch)));
            pushed.unwrap_or_else(|_| Err(PushError::Unknown(unparsed())))
        }
    })?;
    // It is there; that it is not remembered here costs a fetch.
    let _ = repository.set_fetched_head(Some(new));
    Ok(())
}

/// A branch's head, and the files of the pack that came for it, if one had to.
struct Fetched {
    head: ObjectName,
    files: Vec<PathBuf>,
}

/// What a remote sends is taken apart by code that was not written for hostile ones.
fn unwound<T>(parsing: impl FnOnce() -> Result<T, GitError>) -> Result<T, GitError> {
    catch_unwind(AssertUnwindSafe(parsing)).unwrap_or_else(|_| Err(unparsed()))
}

fn unparsed() -> GitError {
    GitError::not_git("it cannot be taken apart")
}
