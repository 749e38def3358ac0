//! Bringing the database of an older version to the form of this one, which that version then refuses to open.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use redb::{Database, Durability};

use super::open::sync_folder;
use super::schema::{META, META_SCHEMA, SCHEMA_VERSION};
use super::{accounts, rules};

/// Copies of one form that may be beside a database: each start that is cut off before the end leaves one.
const COPIES_MAX: u32 = 9;

/// Keeps a database that nobody has open at present beside itself, as it was in the form `version`; the copy's path.
///
/// It is on disk when this returns, and no file that was there before is touched.
pub(super) fn keep_copy(database: &Path, version: u32) -> io::Result<PathBuf> {
    let made = beside(database, "copy");
    match fs::remove_file(&made) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let copied = copy(database, &made).and_then(|()| give_name(&made, database, version));
    // Whether it got a name or not, the one that it was made under is done with.
    let removed = fs::remove_file(&made);
    let copy = copied?;
    removed.and_then(|()| sync_folder(database))?;
    Ok(copy)
}

fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".");
    path.push(ending);
    path.into()
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut File::open(from)?, &mut to)?;
    to.sync_all()
}

/// A second name for a file, which a link never takes from another one.
fn give_name(made: &Path, database: &Path, version: u32) -> io::Result<PathBuf> {
    let first = beside(database, &format!("schema{version}"));
    let others = (2..=COPIES_MAX).map(|number| beside(database, &format!("schema{version}-{number}")));
    for name in std::iter::once(first.clone()).chain(others) {
        match fs::hard_link(made, &name) {
            Ok(()) => return Ok(name),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    let first = first.display();
    Err(io::Error::other(format!("there are {COPIES_MAX} copies {first} already; move those away that are not needed")))
}

/// Adds what the older form lacks, and says that it is of this version now: all of it or nothing.
pub(super) fn migrate(db: &Database) -> Result<(), redb::Error> {
    let mut transaction = db.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    accounts::index_tokens(&transaction)?;
    rules::make_table(&transaction)?;
    transaction.open_table(META)?.insert(META_SCHEMA, SCHEMA_VERSION.to_be_bytes().as_slice())?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_copy_takes_the_place_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.redb");
        fs::write(&database, "one").unwrap();
        // What a copy that was cut off left.
        fs::write(folder.path().join("a.redb.copy"), "half").unwrap();
        let first = keep_copy(&database, 1).unwrap();
        fs::write(&database, "two").unwrap();
        let second = keep_copy(&database, 1).unwrap();
        assert_eq!(
            (first.file_name().unwrap(), second.file_name().unwrap()),
            ("a.redb.schema1".as_ref(), "a.redb.schema1-2".as_ref())
        );
        assert_eq!((fs::read(&first).unwrap(), fs::read(&second).unwrap()), (b"one".to_vec(), b"two".to_vec()));
        for _ in 3..=COPIES_MAX {
            keep_copy(&database, 1).unwrap();
        }
        let refused = keep_copy(&database, 1).unwrap_err().to_string();
        assert!(refused.contains("move those away"), "{refused}");
        assert!(!folder.path().join("a.redb.copy").exists());
        assert_eq!(fs::read(&first).unwrap(), b"one");
    }
}
