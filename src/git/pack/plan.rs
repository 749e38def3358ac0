//! Which objects somebody lacks.

use std::collections::{HashMap, HashSet};

use gix::ObjectId;
use gix::objs::FindExt;
use gix::objs::tree::EntryKind;

use super::{PackError, Stop};

/// An object that goes into a pack, and one that it may be told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::git) struct Planned {
    pub(in crate::git) object: ObjectId,
    /// What stands under the same path in a commit next to it; of the same kind.
    pub(in crate::git) base: Option<ObjectId>,
}

/// All objects that can be reached from `tips` and not from `have`, of which only commits that are here count; old ones
/// first, and new ones told by them. Every one of them is here: else it fails. So whoever has `have` and gets these has
/// all of `tips`.
pub(in crate::git) fn plan(
    objects: &gix::Repository,
    tips: &[ObjectId],
    have: &[ObjectId],
    files_max: usize,
    stop: Stop<'_>,
) -> Result<Vec<Planned>, PackError> {
    // A remote has many that are not here: for none of them is the disk looked through again.
    let mut known = objects.clone();
    known.objects.refresh_never();
    let have: HashSet<_> = have.iter().copied().collect();
    let have = have.into_iter().filter(|commit| known.find_commit(*commit).is_ok());
    let walk = objects.rev_walk(tips.iter().copied()).with_hidden(have).all()?;
    let mut commits = Vec::new();
    for commit in walk {
        commits.push(commit?.id);
        if stop() {
            return Err(PackError::Stopped);
        }
    }
    // A commit comes after those it was made from, as far as that can be told without looking at all of them.
    commits.reverse();
    let mut walk = Walk { objects, files_max, seen: HashSet::new(), planned: Vec::new(), unread: Vec::new() };
    walk.planned.extend(commits.iter().map(|commit| Planned { object: *commit, base: None }));
    for commit in &commits {
        walk.commit(*commit, stop)?;
    }
    Ok(walk.planned)
}

/// The same, new objects first and old ones told by them: what is asked for most is read in one step.
pub(in crate::git) fn newest_first(mut planned: Vec<Planned>) -> Vec<Planned> {
    planned.reverse();
    let mut newer = HashMap::new();
    for planned in &planned {
        if let Some(older) = planned.base {
            newer.entry(older).or_insert(planned.object);
        }
    }
    for planned in &mut planned {
        planned.base = newer.get(&planned.object).copied();
    }
    planned
}

struct Walk<'a> {
    objects: &'a gix::Repository,
    files_max: usize,
    seen: HashSet<ObjectId>,
    planned: Vec<Planned>,
    /// Trees, each with those that stand in its place in the commits before.
    unread: Vec<(ObjectId, Vec<ObjectId>)>,
}

impl Walk<'_> {
    fn commit(&mut self, commit: ObjectId, stop: Stop<'_>) -> Result<(), PackError> {
        let commit = self.objects.find_commit(commit)?;
        let mut before = Vec::new();
        for parent in commit.parent_ids() {
            before.push(self.objects.find_commit(parent.detach())?.tree_id()?.detach());
        }
        self.folder(commit.tree_id()?.detach(), before);
        // No recursion: how deep folders lie in each other is up to whoever made them.
        while let Some((tree, before)) = self.unread.pop() {
            if stop() {
                return Err(PackError::Stopped);
            }
            self.tree(tree, &before)?;
        }
        Ok(())
    }

    fn folder(&mut self, tree: ObjectId, before: Vec<ObjectId>) {
        if !before.contains(&tree) && self.seen.insert(tree) {
            self.planned.push(Planned { object: tree, base: before.first().copied() });
            self.unread.push((tree, before));
        }
    }

    fn tree(&mut self, tree: ObjectId, before: &[ObjectId]) -> Result<(), PackError> {
        let (objects, mut content) = (self.objects, Vec::new());
        let tree = objects.objects.find_tree(&tree, &mut content).map_err(unfound)?;
        if tree.entries.len() > self.files_max {
            return Err(PackError::TooManyFiles(self.files_max));
        }
        let mut contents = vec![Vec::new(); before.len()];
        let mut olds = Vec::new();
        for (tree, content) in before.iter().zip(&mut contents) {
            let old = objects.objects.find_tree(tree, content).map_err(unfound)?;
            let entries = old.entries.into_iter().map(|entry| (entry.filename, entry));
            olds.push(entries.collect::<HashMap<_, _>>());
        }
        for entry in &tree.entries {
            let is_tree = entry.mode.is_tree();
            let same_path = olds.iter().filter_map(|old| old.get(entry.filename));
            let before = same_path.filter(|old| old.mode.is_tree() == is_tree).map(|old| old.oid.to_owned());
            self.entry(entry.oid.to_owned(), entry.mode.kind(), before.collect())?;
        }
        Ok(())
    }

    fn entry(&mut self, object: ObjectId, kind: EntryKind, before: Vec<ObjectId>) -> Result<(), PackError> {
        match kind {
            EntryKind::Tree => self.folder(object, before),
            // It is in another repository.
            EntryKind::Commit => {}
            EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Link => {
                if !before.contains(&object) && self.seen.insert(object) {
                    self.objects.find_header(object)?;
                    self.planned.push(Planned { object, base: before.first().copied() });
                }
            }
        }
        Ok(())
    }
}

fn unfound(error: impl Into<gix::Error>) -> PackError {
    PackError::Objects(error.into())
}
