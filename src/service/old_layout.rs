//! The old system's blobs copied to a folder: `raw/USER/tasks/*.md`, `state/USER/nextId.txt`, and what it made of these.

use std::collections::BTreeSet;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

use super::folder::{Folder, failed, fault_of_name, read_bounded};
use super::import::NEXT_NUMBER_FILE;
use crate::domain::lang::Phrase;

const RAW: &str = "raw";
const TASKS: &str = "tasks";
const STATE: &str = "state";

/// Folders within folders that are looked into.
const DEPTH_MAX: usize = 16;

/// Entries that a report has at most.
const ENTRIES_MAX: usize = 200_000;

const DERIVED: Phrase = Phrase {
    en: "it is not needed: the old system made it, and it is made anew here",
    de: "sie wird nicht gebraucht: Das alte System hat sie erzeugt, und hier entsteht sie neu",
};
const ANOTHERS: Phrase = Phrase {
    en: "another user's: --from with that name imports it",
    de: "eines anderen Benutzers: --from mit diesem Namen importiert sie",
};
const NOBODYS: Phrase =
    Phrase { en: "it is not part of this user's tasks", de: "sie gehört nicht zu den Aufgaben dieses Benutzers" };
const NOT_MARKDOWN: Phrase = Phrase { en: "it is no Markdown file", de: "sie ist keine Markdown-Datei" };
const TOO_DEEP: Phrase = Phrase {
    en: "it is in a folder within tasks, where the old system did not look; move it up to import it",
    de: "sie liegt in einem Ordner unter tasks, wo das alte System nicht nachsah; zum Importieren eine Ebene höher legen",
};
const ASIDE: Phrase = Phrase { en: "it is not in the folder tasks", de: "sie liegt nicht im Ordner tasks" };

/// A copy of the old system's blobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldLayout {
    root: PathBuf,
    /// Whose tasks it has, in the order of the names.
    users: BTreeSet<String>,
}

impl OldLayout {
    /// The layout that a folder has; `None` if it is another folder.
    ///
    /// # Errors
    /// A sentence that names the folder that could not be read.
    pub fn at(root: &Path) -> Result<Option<OldLayout>, String> {
        let raw = root.join(RAW);
        if !is_folder(&raw) {
            return Ok(None);
        }
        let named = entries(&raw)?.into_iter().filter(|entry| is_folder(&entry.path().join(TASKS)));
        let users: BTreeSet<String> = named.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        Ok((!users.is_empty()).then(|| OldLayout { root: root.to_owned(), users }))
    }

    pub fn users(&self) -> impl Iterator<Item = &str> {
        self.users.iter().map(String::as_str)
    }

    /// The old system's user who is meant by an account's name: of that name, in any case, or the only one.
    pub fn user_for(&self, account: &str) -> Option<&str> {
        let mut alike = self.users().filter(|user| user.eq_ignore_ascii_case(account));
        let (first, second) = (alike.next(), alike.next());
        let only = || self.users().next().filter(|_| self.users.len() == 1);
        self.users.get(account).map(String::as_str).or(first.filter(|_| second.is_none())).or_else(only)
    }

    /// The tasks of one of the users, and everything else that is there with the reason why it is left out.
    ///
    /// # Errors
    /// A sentence that names the folder or the file that could not be read.
    pub fn read(&self, user: &str) -> Result<Folder, String> {
        let mut reading = Reading { layout: self, user, folder: Folder::default(), others: BTreeSet::new() };
        reading.enter(&self.root, &mut Vec::new())?;
        let Reading { mut folder, others, .. } = reading;
        folder.left_out.extend(others.into_iter().map(|other| (format!("{RAW}/{other}"), ANOTHERS)));
        folder.files.sort();
        folder.left_out.sort();
        Ok(folder)
    }
}

struct Reading<'l> {
    layout: &'l OldLayout,
    user: &'l str,
    folder: Folder,
    /// Others who have tasks there.
    others: BTreeSet<&'l str>,
}

impl Reading<'_> {
    /// Looks at everything in a folder, which is so far below the root as `above` has names.
    fn enter(&mut self, folder: &Path, above: &mut Vec<String>) -> Result<(), String> {
        for entry in entries(folder)? {
            above.push(entry.file_name().to_string_lossy().into_owned());
            let is_others = match &above[..] {
                [_, user] => self.layout.users.get(user).filter(|other| *other != self.user),
                _ => None,
            };
            let file_type = entry.file_type().map_err(|error| failed(&entry.path(), error))?;
            match is_others {
                Some(other) => drop(self.others.insert(other)),
                None if file_type.is_dir() && above.len() < DEPTH_MAX => self.enter(&entry.path(), above)?,
                None => self.look_at(&entry, above)?,
            }
            above.pop();
        }
        Ok(())
    }

    fn look_at(&mut self, entry: &DirEntry, path: &[String]) -> Result<(), String> {
        let file_type = entry.file_type().map_err(|error| failed(&entry.path(), error))?;
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        let is_users = names.get(1).is_some_and(|user| *user == self.user);
        let reason = match names[..] {
            [RAW, _, TASKS, name] if is_users => {
                let is_markdown = name.to_lowercase().ends_with(".md");
                match fault_of_name(&entry.file_name(), file_type).or((!is_markdown).then_some(NOT_MARKDOWN)) {
                    Some(reason) => reason,
                    None => {
                        let raw = read_bounded(&entry.path()).map_err(|error| failed(&entry.path(), error))?;
                        self.folder.files.push((name.to_owned(), raw));
                        return Ok(());
                    }
                }
            }
            [STATE, _, NEXT_NUMBER_FILE] if is_users && file_type.is_file() => {
                let raw = read_bounded(&entry.path()).map_err(|error| failed(&entry.path(), error))?;
                self.folder.next_number = Some(raw);
                return Ok(());
            }
            [RAW, _, TASKS, ..] if is_users => TOO_DEEP,
            [RAW, ..] if is_users => ASIDE,
            _ if is_users => DERIVED,
            _ => NOBODYS,
        };
        if self.folder.left_out.len() >= ENTRIES_MAX {
            let root = self.layout.root.display();
            return Err(format!("{root} has more than {ENTRIES_MAX} files beside the tasks; copy raw and state alone"));
        }
        self.folder.left_out.push((path.join("/"), reason));
        Ok(())
    }
}

/// Whether it is a folder, and no link to one.
fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

fn entries(folder: &Path) -> Result<Vec<DirEntry>, String> {
    let listed = std::fs::read_dir(folder).map_err(|error| failed(folder, error))?;
    listed.map(|entry| entry.map_err(|error| failed(folder, error))).collect()
}
