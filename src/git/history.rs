//! How commits lie to each other.

use gix::ObjectId;
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;

use super::repository::{of_name, to_name};
use super::{GitError, Repository};
use crate::domain::ids::ObjectName;

/// How many commits are looked through for what a path had.
const COMMITS_MAX: usize = 2_000;

impl Repository {
    /// Whether the commit is here, and its content.
    pub fn has_commit(&self, commit: ObjectName) -> bool {
        self.look(|objects| objects.find_commit(of_name(commit))?.tree().map(|_| ())).is_ok()
    }

    /// Whether one commit can be reached from another; a commit is its own ancestor. Both must be here.
    ///
    /// # Errors
    /// [`GitError::Damaged`] if a commit on the way cannot be read.
    pub fn is_ancestor(&self, ancestor: ObjectName, of: ObjectName) -> Result<bool, GitError> {
        Ok(self.merge_base(ancestor, of)? == Some(ancestor))
    }

    /// The last commit that both have in common; both must be here.
    ///
    /// # Errors
    /// [`GitError::Damaged`] if a commit on the way cannot be read.
    pub fn merge_base(&self, one: ObjectName, other: ObjectName) -> Result<Option<ObjectName>, GitError> {
        self.look(|objects| {
            let base = objects.merge_base(of_name(one), of_name(other))?;
            Ok(base.map(|base| to_name(base.detach())))
        })
    }

    /// When the path was last changed by a commit that can be reached from `head` and not from `base`: that commit's
    /// time, in seconds after 1970. `None`: by none. In a history that is too long to be looked through, the time of the
    /// last commit that was: the change was no later.
    ///
    /// # Errors
    /// [`GitError::Damaged`] if a commit on the way cannot be read.
    pub fn last_change(&self, head: ObjectName, base: Option<ObjectName>, path: &str) -> Result<Option<i64>, GitError> {
        self.look(|objects| {
            for (seen, commit) in newest_first(objects, head, base)?.enumerate() {
                let commit = commit?.object()?;
                if seen + 1 == COMMITS_MAX || is_changed_by(objects, &commit, path)? {
                    return Ok(Some(commit.time()?.seconds));
                }
            }
            Ok(None)
        })
    }

    /// Whether the path had this content in a commit that can be reached from `head` and not from `base`, as far as that
    /// many are looked through.
    ///
    /// # Errors
    /// [`GitError::Damaged`] if a commit on the way cannot be read.
    pub fn had(
        &self,
        head: ObjectName,
        base: Option<ObjectName>,
        path: &str,
        content: ObjectName,
    ) -> Result<bool, GitError> {
        self.look(|objects| {
            for commit in newest_first(objects, head, base)?.take(COMMITS_MAX) {
                if what_stands_at(&commit?.object()?, path)?.is_some_and(|(name, _)| name == of_name(content)) {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }
}

/// The commits that can be reached from `head` and not from `base`.
fn newest_first(
    objects: &gix::Repository,
    head: ObjectName,
    base: Option<ObjectName>,
) -> gix::Result<gix::revision::Walk<'_>> {
    let order = Sorting::ByCommitTime(CommitTimeOrder::NewestFirst);
    objects.rev_walk([of_name(head)]).with_hidden(base.map(of_name)).sorting(order).all()
}

/// A merge changes what it has from none of its parents.
fn is_changed_by(objects: &gix::Repository, commit: &gix::Commit<'_>, path: &str) -> gix::Result<bool> {
    let after = what_stands_at(commit, path)?;
    let mut has_parent = false;
    for parent in commit.parent_ids() {
        has_parent = true;
        if what_stands_at(&objects.find_commit(parent.detach())?, path)? == after {
            return Ok(false);
        }
    }
    Ok(has_parent || after.is_some())
}

fn what_stands_at(commit: &gix::Commit<'_>, path: &str) -> gix::Result<Option<(ObjectId, u16)>> {
    let entry = commit.tree()?.lookup_entry_by_path(path)?;
    Ok(entry.map(|entry| (entry.object_id(), entry.mode().value())))
}
