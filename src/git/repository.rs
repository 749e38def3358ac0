//! A bare repository in a folder.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, TryLockError};

use gix::ObjectId;
use gix::odb::store::init::Slots;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};

use super::GitError;
use super::tidy::Weighed;
use crate::domain::ids::ObjectName;

/// The ref of ours that holds the head of the remote's branch.
const FETCHED: &str = "refs/fetched/head";

/// How many packs may be open at once. Every fetch adds one; beyond this number nothing could be read any more.
const PACKS_MAX: u16 = 2048;

/// The largest object that is read; a remote may have its own limit, below this one.
const OBJECT_BYTES_MAX: u64 = 64 << 20;

/// A bare repository in a folder: cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Repository(Arc<Shared>);

struct Shared {
    folder: PathBuf,
    /// Held together by all who add objects, alone by who removes some: what is not reachable yet must not go.
    changing: RwLock<()>,
    /// Held together by all who read, alone while packs are removed.
    store: RwLock<gix::ThreadSafeRepository>,
    weighed: Weighed,
}

impl Repository {
    /// Opens it, or makes it if there is none; removes locks and half-written files that a crash left. Nobody else may
    /// have it open.
    ///
    /// # Errors
    /// [`GitError::Damaged`] if it has to be begun anew, [`GitError::NoRoom`], [`GitError::Io`].
    pub fn open(folder: &Path) -> Result<Repository, GitError> {
        remove(&beside(folder, "new"))?;
        remove(&beside(folder, "old"))?;
        match fs::symlink_metadata(folder) {
            // A link may lead to what is not ours.
            Ok(found) if !found.is_dir() => return Err(GitError::damaged("there is no folder in its place")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(folder)?,
            Ok(_) => {}
            Err(error) => return Err(GitError::of_disk(error)),
        }
        remove_leftovers(folder).map_err(GitError::of_disk)?;
        let repository = Repository(Arc::new(Shared {
            folder: folder.to_owned(),
            changing: RwLock::new(()),
            store: RwLock::new(opened(folder, OBJECT_BYTES_MAX)?),
            weighed: Weighed::default(),
        }));
        if let Some(head) = repository.fetched_head()? {
            repository.look(|objects| objects.find_commit(of_name(head))?.tree().map(|_| ()))?;
        }
        Ok(repository)
    }

    /// Forgets everything in it and begins anew. It is a copy: everything comes back from the remote and the store.
    ///
    /// # Errors
    /// [`GitError::NoRoom`], [`GitError::Io`].
    pub fn begin_anew(folder: &Path) -> Result<Repository, GitError> {
        // A folder that is half removed could look like a copy, so it is put aside in one step, which a crash does not undo.
        let old = beside(folder, "old");
        remove(&old)?;
        match fs::rename(folder, &old) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(GitError::of_disk(error)),
            Ok(()) | Err(_) => {}
        }
        Repository::open(folder)
    }

    /// Removes it, and what a crash left beside it. Nobody may have it open.
    ///
    /// # Errors
    /// [`GitError::Io`].
    pub fn remove(folder: &Path) -> Result<(), GitError> {
        remove(folder)?;
        remove(&beside(folder, "new"))?;
        remove(&beside(folder, "old"))
    }

    /// The head of the remote's branch as it was last fetched or pushed.
    ///
    /// # Errors
    /// [`GitError::Damaged`].
    pub fn fetched_head(&self) -> Result<Option<ObjectName>, GitError> {
        self.look(|objects| {
            let reference = objects.try_find_reference(FETCHED)?;
            Ok(reference.and_then(|reference| reference.try_id().map(|id| to_name(id.detach()))))
        })
    }

    /// `None`: the branch is not there.
    pub(super) fn set_fetched_head(&self, head: Option<ObjectName>) -> Result<(), GitError> {
        let log = LogChange { mode: RefLog::AndReference, force_create_reflog: false, message: "".into() };
        let change = match head {
            Some(head) => {
                Change::Update { log, expected: PreviousValue::Any, new: gix::refs::Target::Object(of_name(head)) }
            }
            None => Change::Delete { expected: PreviousValue::Any, log: RefLog::AndReference },
        };
        self.look(|objects| {
            let name = FETCHED.try_into().map_err(gix::Error::from_error)?;
            objects.edit_reference(RefEdit { change, name, deref: false }).map(|_| ())
        })
    }

    pub(super) fn weighed(&self) -> &Weighed {
        &self.0.weighed
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// Nothing is removed while this is held.
    pub(super) fn adding(&self) -> RwLockReadGuard<'_, ()> {
        self.0.changing.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the objects. What fails is the own copy's fault.
    pub(super) fn look<T>(&self, reading: impl FnOnce(&gix::Repository) -> gix::Result<T>) -> Result<T, GitError> {
        self.with_objects(|objects| reading(objects).map_err(GitError::of_own_copy))
    }

    /// Does something with the objects that can fail for reasons of its own.
    pub(super) fn with_objects<T>(
        &self,
        using: impl FnOnce(&gix::Repository) -> Result<T, GitError>,
    ) -> Result<T, GitError> {
        let store = self.0.store.read().unwrap_or_else(PoisonError::into_inner);
        let mut objects = store.to_thread_local();
        objects.object_cache_size(OBJECT_CACHE_BYTES);
        // What is read here was written by others.
        catch_unwind(AssertUnwindSafe(|| using(&objects)))
            .unwrap_or_else(|_| Err(GitError::damaged("it cannot be taken apart")))
    }

    /// Removes files that nobody needs, while nobody reads, and looks anew at what is there.
    pub(super) fn forget(&self, files: &[PathBuf]) -> Result<(), GitError> {
        let mut store = self.0.store.write().unwrap_or_else(PoisonError::into_inner);
        for file in files {
            remove_file(file).map_err(GitError::of_disk)?;
        }
        *store = opened(self.folder(), OBJECT_BYTES_MAX)?;
        Ok(())
    }

    /// Has `removing` remove files that are needed no more, while nobody adds or reads any. `None`: somebody adds some.
    pub(super) fn alone<T>(
        &self,
        removing: impl FnOnce(&Alone<'_>) -> Result<T, GitError>,
    ) -> Result<Option<T>, GitError> {
        let _alone = match self.0.changing.try_write() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(None),
        };
        removing(&Alone(self)).map(Some)
    }
}

/// The right to remove files.
pub(super) struct Alone<'a>(&'a Repository);

impl Alone<'_> {
    /// Removes files whose objects are elsewhere too or can be reached from nowhere.
    pub(super) fn remove(&self, files: &[PathBuf]) -> Result<(), GitError> {
        self.0.forget(files)
    }
}

/// Trees are read again and again while histories are walked.
const OBJECT_CACHE_BYTES: usize = 8 << 20;

pub(super) fn to_name(id: ObjectId) -> ObjectName {
    let mut name = ObjectName([0; 20]);
    name.0.copy_from_slice(id.as_bytes());
    name
}

pub(super) fn of_name(name: ObjectName) -> ObjectId {
    ObjectId::Sha1(name.0)
}

/// How a repository is opened, be it ours or one at a local path: by nobody's configuration, nobody's environment, and
/// with no object larger than this.
pub(super) fn options(object_bytes_max: u64) -> gix::open::Options {
    gix::open::Options::isolated()
        .with(gix::sec::Trust::Full)
        .strict_config(true)
        .object_store_slots(Slots::Given(PACKS_MAX))
        .config_overrides([
            format!("gitoxide.objects.allocLimit={object_bytes_max}"),
            "core.logAllRefUpdates=false".to_owned(),
        ])
}

fn opened(folder: &Path, object_bytes_max: u64) -> Result<gix::ThreadSafeRepository, GitError> {
    options(object_bytes_max).open_path_as_is(true).open(folder).map_err(GitError::of_own_copy)
}

fn beside(folder: &Path, ending: &str) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// Removes whatever is there: a folder with all in it, a file, or a link without what it leads to.
fn remove(path: &Path) -> Result<(), GitError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(GitError::of_disk(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn remove_file(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes an empty repository that is either there or not, whenever a crash comes.
fn make(folder: &Path) -> Result<(), GitError> {
    let new = beside(folder, "new");
    let made = (|| {
        for inner in ["objects/info", "objects/pack", "refs/heads", "refs/tags"] {
            fs::create_dir_all(new.join(inner))?;
        }
        fs::write(new.join("config"), "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n")?;
        fs::write(new.join("HEAD"), "ref: refs/heads/main\n")?;
        fs::rename(&new, folder)
    })();
    made.map_err(GitError::of_disk)
}

/// Removes what a crash left half-written: locks, temporary files, and packs that lack their index or were to be kept
/// for a moment.
fn remove_leftovers(folder: &Path) -> io::Result<()> {
    for inner in folders_within(&folder.join("refs"))?.iter().map(PathBuf::as_path).chain([folder]) {
        for file in files_in(inner)? {
            if file.extension().is_some_and(|extension| extension == "lock") {
                remove_file(&file)?;
            }
        }
    }
    for inner in folders_within(&folder.join("objects"))? {
        for file in files_in(&inner)? {
            let is_temporary = file.file_name().is_some_and(|name| {
                let name = name.as_encoded_bytes();
                name.starts_with(b".tmp") || name.starts_with(b"tmp_")
            });
            let is_half = match file.extension().and_then(|extension| extension.to_str()) {
                Some("pack") => !file.with_extension("idx").exists(),
                Some("idx" | "rev") => !file.with_extension("pack").exists(),
                Some("keep" | "lock") => true,
                Some(_) | None => false,
            };
            if is_temporary || is_half {
                remove_file(&file)?;
            }
        }
    }
    Ok(())
}

/// The folder and all within it.
pub(super) fn folders_within(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    let mut unseen = vec![folder.to_owned()];
    while let Some(next) = unseen.pop() {
        let entries = match fs::read_dir(&next) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                unseen.push(entry.path());
            }
        }
        folders.push(next);
    }
    Ok(folders)
}

/// The files directly in a folder; one that is not there has none.
pub(super) fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            files.push(entry.path());
        }
    }
    Ok(files)
}
