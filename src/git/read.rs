//! What stands in a commit.

use std::collections::BTreeMap;

use gix::ObjectId;
use gix::objs::tree::{EntryKind, EntryRef};

use super::path::is_writable_name;
use super::repository::{of_name, to_name};
use super::{GitError, Repository};
use crate::domain::ids::ObjectName;

/// The most entries that a folder may have.
const FILES_MAX: usize = 100_000;

/// What stands directly in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// By name, without the folder.
    pub entries: BTreeMap<String, Entry>,
    /// How many more there are whose names are not UTF-8, or such that nobody may write them: `..`, `.git`.
    pub unreadable_names: usize,
}

/// One thing in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    File {
        content: ObjectName,
        is_executable: bool,
    },
    /// A symbolic link, which nobody follows.
    Link,
    /// Another repository.
    Submodule,
    Folder(ObjectName),
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Bytes(Vec<u8>),
    /// More than was asked for.
    TooLarge,
}

impl Repository {
    /// What stands directly in a folder of a commit. The path is written with `/`, `""` is the root; an absent folder
    /// is empty.
    ///
    /// # Errors
    /// [`GitError::TooManyFiles`], [`GitError::Damaged`].
    pub fn list(&self, commit: Option<ObjectName>, folder: &str) -> Result<Listing, GitError> {
        self.with_objects(|objects| match tree_of(objects, commit, folder)? {
            Some(tree) => listing(objects, tree, folder),
            None => Ok(Listing::default()),
        })
    }

    /// The name of the folder's tree; equal names mean equal content. `None`: there is no such folder.
    ///
    /// # Errors
    /// [`GitError::Damaged`].
    pub fn folder_name(&self, commit: ObjectName, folder: &str) -> Result<Option<ObjectName>, GitError> {
        self.with_objects(|objects| Ok(tree_of(objects, Some(commit), folder)?.map(to_name)))
    }

    /// A file's content, if it is at most this large.
    ///
    /// # Errors
    /// [`GitError::Damaged`].
    pub fn read(&self, file: ObjectName, bytes_max: usize) -> Result<Content, GitError> {
        self.look(|objects| {
            let header = objects.find_header(of_name(file))?;
            if header.size() > bytes_max as u64 {
                return Ok(Content::TooLarge);
            }
            Ok(Content::Bytes(objects.find_blob(of_name(file))?.take_data()))
        })
    }
}

/// The tree of a folder; `None` if there is none, or something else under its name.
fn tree_of(objects: &gix::Repository, commit: Option<ObjectName>, folder: &str) -> Result<Option<ObjectId>, GitError> {
    let Some(commit) = commit else { return Ok(None) };
    let found = (|| {
        let root = objects.find_commit(of_name(commit))?.tree()?;
        if folder.is_empty() {
            return Ok(Some(root.id));
        }
        let entry = root.lookup_entry_by_path(folder)?;
        Ok(entry.filter(|entry| entry.mode().is_tree()).map(|entry| entry.object_id()))
    })();
    found.map_err(GitError::of_own_copy)
}

fn listing(objects: &gix::Repository, tree: ObjectId, folder: &str) -> Result<Listing, GitError> {
    let tree = objects.find_tree(tree).map_err(GitError::of_own_copy)?;
    let mut listing = Listing::default();
    for (count, entry) in tree.iter().enumerate() {
        if count == FILES_MAX {
            return Err(GitError::TooManyFiles { folder: folder.to_owned(), files_max: FILES_MAX });
        }
        let entry = entry.map_err(GitError::of_own_copy)?.inner;
        match std::str::from_utf8(entry.filename) {
            Ok(name) if is_writable_name(name) => {
                listing.entries.insert(name.to_owned(), to_entry(&entry));
            }
            Ok(_) | Err(_) => listing.unreadable_names += 1,
        }
    }
    Ok(listing)
}

fn to_entry(entry: &EntryRef<'_>) -> Entry {
    let name = to_name(entry.oid.to_owned());
    match entry.mode.kind() {
        EntryKind::Tree => Entry::Folder(name),
        EntryKind::Blob => Entry::File { content: name, is_executable: false },
        EntryKind::BlobExecutable => Entry::File { content: name, is_executable: true },
        EntryKind::Link => Entry::Link,
        EntryKind::Commit => Entry::Submodule,
    }
}
