//! A remote that is a folder of this machine, which others may use with their own Git at the same time.
//!
//! Its objects are copied as a pack, by the plan that a push over HTTP is made by. No hook of it is run, and no program
//! that its configuration names.

use std::fs;
use std::io::{BufReader, Seek};
use std::path::Path;

use gix::ObjectId;
use gix::refs::Target;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};

use super::super::error::{of_remote, told};
use super::super::pack::{self, Bases, Indexed, PackError};
use super::super::repository::{of_name, options, to_name};
use super::super::room::Room;
use super::super::{GitError, Limits, PushError, Remote, Repository};
use super::Fetched;
use super::watch::Watch;
use crate::domain::ids::ObjectName;

pub(super) fn fetch(
    repository: &Repository,
    remote: &Remote,
    folder: &Path,
    watch: &Watch<'_>,
) -> Result<Option<Fetched>, GitError> {
    let limits = &remote.limits;
    let there = opened(folder, limits)?;
    let Some(head) = branch(&there, remote).map_err(|error| of_remote(&error, limits))? else { return Ok(None) };
    let have: Vec<_> = repository.fetched_head()?.map(of_name).into_iter().collect();
    let made = repository.with_objects(|here| {
        let copy = Copy { from: &there, to: here, room: repository.room(limits)?, limits, watch };
        let failed = |error| of_remote(&error, limits);
        copy.run(head, &have, failed, |error| copy.own(error, GitError::of_own_copy))
    })?;
    let files = made.map(Indexed::taken).unwrap_or_default();
    Ok(Some(Fetched { head: to_name(head), files }))
}

pub(super) fn push(
    repository: &Repository,
    remote: &Remote,
    folder: &Path,
    expected: Option<ObjectName>,
    new: ObjectName,
    watch: &Watch<'_>,
) -> Result<(), PushError> {
    let limits = &remote.limits;
    let there = opened(folder, limits).map_err(PushError::NotSent)?;
    let of_there = |error: gix::Error| PushError::NotSent(of_remote(&error, limits));
    let stands_at = branch(&there, remote).map_err(of_there)?.map(to_name);
    if stands_at == Some(new) {
        return Ok(());
    }
    if stands_at != expected {
        return Err(PushError::Moved { actual: stands_at });
    }
    if is_checked_out(&there, remote).map_err(of_there)? {
        let branch = remote.branch.as_str().to_owned();
        return Err(PushError::NotSent(GitError::CheckedOut { branch }));
    }
    let has = commits(&there).map_err(of_there)?;
    let made = repository
        .with_objects(|here| {
            let copy = Copy { from: here, to: &there, room: Room::of_pack(limits), limits, watch };
            copy.run(of_name(new), &has, GitError::of_own_copy, |error| {
                copy.own(error, |error| of_remote(&error, limits))
            })
        })
        .map_err(PushError::NotSent)?;
    let moved = move_branch(&there, remote, expected, new);
    if let Some(keep) = made.and_then(|made| made.keep) {
        // From now on the branch keeps the pack, or nobody needs it.
        let _ = fs::remove_file(keep);
    }
    moved.or_else(|error| match branch(&there, remote).map(|stands_at| stands_at.map(to_name)) {
        Ok(actual) if actual == Some(new) => Ok(()),
        Ok(actual) if actual == expected => Err(PushError::Rejected { reason: told(&error.to_string()) }),
        Ok(actual) => Err(PushError::Moved { actual }),
        Err(error) => Err(PushError::Unknown(of_remote(&error, limits))),
    })
}

fn opened(folder: &Path, limits: &Limits) -> Result<gix::Repository, GitError> {
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => {}
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(GitError::Unreachable { reason: told(&error.to_string()) });
        }
        Ok(_) | Err(_) => return Err(GitError::NoSuchRepository),
    }
    let there = options(limits.object_bytes_max).open(folder);
    Ok(there.map_err(|error| of_remote(&error, limits))?.to_thread_local())
}

fn branch(there: &gix::Repository, remote: &Remote) -> gix::Result<Option<ObjectId>> {
    let Some(mut reference) = there.try_find_reference(remote.branch.reference().as_str())? else { return Ok(None) };
    Ok(Some(reference.peel_to_id()?.detach()))
}

/// The commits that its refs stand at.
fn commits(there: &gix::Repository) -> gix::Result<Vec<ObjectId>> {
    let mut commits = Vec::new();
    for reference in there.references()?.all()? {
        // One that leads nowhere says nothing of what is there.
        if let Ok(Ok(commit)) = reference.map(|mut reference| reference.peel_to_id().map(gix::Id::detach)) {
            commits.push(commit);
        }
    }
    Ok(commits)
}

/// Whether a work tree shows the branch: its files would suddenly look changed.
fn is_checked_out(there: &gix::Repository, remote: &Remote) -> gix::Result<bool> {
    let branch = remote.branch.reference();
    let shows = |repository: &gix::Repository| {
        Ok::<_, gix::Error>(repository.head_name()?.is_some_and(|name| name.as_bstr() == branch.as_str()))
    };
    if !there.is_bare() && shows(there)? {
        return Ok(true);
    }
    for tree in there.worktrees()? {
        if shows(&tree.into_repo_with_possibly_inaccessible_worktree()?)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Moves the branch under the lock that every Git takes, if it stands where it is expected.
fn move_branch(
    there: &gix::Repository,
    remote: &Remote,
    expected: Option<ObjectName>,
    new: ObjectName,
) -> gix::Result<()> {
    let expected = match expected {
        Some(expected) => PreviousValue::MustExistAndMatch(Target::Object(of_name(expected))),
        None => PreviousValue::MustNotExist,
    };
    let log = LogChange { mode: RefLog::AndReference, force_create_reflog: false, message: "push".into() };
    let change = Change::Update { log, expected, new: Target::Object(of_name(new)) };
    let name = remote.branch.reference().as_str().try_into().map_err(gix::Error::from_error)?;
    there.edit_reference(RefEdit { change, name, deref: false }).map(|_| ())
}

struct Copy<'a> {
    from: &'a gix::Repository,
    to: &'a gix::Repository,
    room: Room,
    limits: &'a Limits,
    watch: &'a Watch<'a>,
}

impl Copy<'_> {
    /// Copies all that `head` needs and `have` does not have. Gives the files of the pack.
    fn run(
        &self,
        head: ObjectId,
        have: &[ObjectId],
        source_failed: impl Fn(gix::Error) -> GitError,
        target_failed: impl Fn(gix::Error) -> GitError,
    ) -> Result<Option<Indexed>, GitError> {
        let stop = || self.watch.is_over();
        let own = |error| match error {
            PackError::Stopped => self.watch.reason().unwrap_or(GitError::Interrupted),
            PackError::Objects(error) => source_failed(error),
            other => other.of_remote(self.limits),
        };
        let planned = pack::plan(self.from, &[head], have, self.limits.files_max, &stop).map_err(own)?;
        if planned.is_empty() {
            return Ok(None);
        }
        let mut file = tempfile::tempfile().map_err(GitError::of_disk)?;
        let bases = Bases { outside: true, by_offset: true };
        self.room
            .fill(&mut file, |file| pack::write(self.from, &planned, bases, file, &stop).map(|_| ()).map_err(own))?;
        file.rewind().map_err(GitError::of_disk)?;
        // Whoever wrote the objects may have meant harm, and be it to a folder of ours.
        let bytes = file.metadata().map_err(GitError::of_disk)?.len();
        pack::inspect(&mut BufReader::new(&file), bytes, self.to, self.limits.object_bytes_max, &stop).map_err(own)?;
        file.rewind().map_err(GitError::of_disk)?;
        let folder = self.to.objects.store_ref().path().join("pack");
        let object_bytes_max = self.limits.object_bytes_max;
        let made = pack::index(self.to, &mut BufReader::new(file), &folder, object_bytes_max, self.watch.flag())
            .map_err(target_failed)?;
        // A branch that is moved to them must not outlive them.
        let files = [Some(&folder), made.pack.as_ref(), made.index.as_ref()];
        files.into_iter().flatten().try_for_each(|file| fs::File::open(file)?.sync_all()).map_err(GitError::of_disk)?;
        Ok(Some(made))
    }

    fn own(&self, error: gix::Error, otherwise: impl Fn(gix::Error) -> GitError) -> GitError {
        self.watch.reason().unwrap_or_else(|| otherwise(error))
    }
}
