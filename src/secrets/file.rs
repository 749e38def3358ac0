//! The key's file: one line, its owner's alone, beside the database or elsewhere.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

use super::{KEY_BYTES, Key};

/// The key file's name in the data directory.
pub const KEY_FILE: &str = "codexmiroir.key";

/// What its line begins with; the number is that of its form.
const WORD: &str = "codexmiroir-key-";
const FORM: &str = "1";

/// More than it ever has, so that a wrong file is not read into memory.
const FILE_BYTES_MAX: u64 = 4_096;

/// What of a file's mode lets others than its owner in.
const OTHERS: u32 = 0o077;

/// Why a key file cannot be used. Each is one sentence for the person who started the program.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("cannot read the key file {path}: {detail}; see who owns it, or name another with --key-file")]
    Unreadable { path: String, detail: String },
    #[error(
        "{path} is no key file, which has the one line that CodexMiroir wrote into it; put a copy back, or move it away and give every user a new password"
    )]
    Malformed { path: String },
    #[error(
        "the key file {path} is a link to {target}, which is not there; see to that (is its disk mounted?), or remove the link"
    )]
    Away { path: String, target: String },
    #[error("the key file {path} is of a newer version; start that version or a newer one")]
    Newer { path: String },
    #[error(
        "the key file {path} is open to other users of this machine (mode {mode:o}); close it with: chmod 600 '{path}'"
    )]
    OpenToOthers { path: String, mode: u32 },
    #[error("cannot make the key file {path}: {detail}; see to that, or name another with --key-file")]
    NotMade { path: String, detail: String },
}

/// Where the key is kept.
#[derive(Clone, Debug)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    pub fn at(path: PathBuf) -> KeyFile {
        KeyFile { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key in the file; `None` when there is no such file.
    ///
    /// # Errors
    /// It cannot be read, is no key file, or others can read it. Nothing that is no file is waited for.
    pub fn read(&self) -> Result<Option<Key>, KeyFileError> {
        let unreadable = |error: io::Error| KeyFileError::Unreadable { path: self.name(), detail: error.to_string() };
        // A pipe that nobody writes to would be waited for without an end.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = match rustix::fs::open(&self.path, flags, Mode::empty()).map_err(io::Error::from) {
            Ok(file) => File::from(file),
            Err(error) if error.kind() == ErrorKind::NotFound => return self.away().map_or(Ok(None), Err),
            Err(error) => return Err(unreadable(error)),
        };
        let found = file.metadata().map_err(unreadable)?;
        if !found.is_file() {
            return Err(KeyFileError::Malformed { path: self.name() });
        }
        if found.mode() & OTHERS != 0 {
            return Err(KeyFileError::OpenToOthers { path: self.name(), mode: found.mode() & 0o777 });
        }
        let mut line = Zeroizing::new(Vec::new());
        file.take(FILE_BYTES_MAX).read_to_end(&mut line).map_err(unreadable)?;
        let rest = std::str::from_utf8(&line).ok().and_then(|line| line.trim_end().strip_prefix(WORD));
        let (form, key) = rest.and_then(|rest| rest.split_once(' ')).unwrap_or_default();
        let is_newer = form != FORM && !form.is_empty() && form.bytes().all(|byte| byte.is_ascii_digit());
        match key_in(key).filter(|_| form == FORM) {
            Some(key) => Ok(Some(key)),
            None if is_newer => Err(KeyFileError::Newer { path: self.name() }),
            None => Err(KeyFileError::Malformed { path: self.name() }),
        }
    }

    /// Why there is no file, where a link says that there is to be one elsewhere.
    fn away(&self) -> Option<KeyFileError> {
        let target = fs::read_link(&self.path).ok()?.display().to_string();
        Some(KeyFileError::Away { path: self.name(), target })
    }

    /// Writes the key, in place of what is there, unless that is a link. It is on disk, whole and under its name, when
    /// this returns.
    ///
    /// # Errors
    /// It could not be written; what was there before is there still.
    pub fn write(&self, key: &Key) -> Result<(), KeyFileError> {
        if let Some(away) = self.away() {
            return Err(away);
        }
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(&key.bytes[..]));
        let line = Zeroizing::new(format!("{WORD}{FORM} {}\n", *text));
        self.replace(line.as_bytes())
            .map_err(|error| KeyFileError::NotMade { path: self.name(), detail: error.to_string() })
    }

    fn replace(&self, line: &[u8]) -> io::Result<()> {
        let mut made = self.path.as_os_str().to_owned();
        made.push(".new");
        // What a write that was cut off left.
        match fs::remove_file(&made) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&made)?;
        file.write_all(line)?;
        file.sync_all()?;
        fs::rename(&made, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }
}

fn key_in(text: &str) -> Option<Key> {
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    if bytes.len() != key.len() {
        return None;
    }
    key.copy_from_slice(&bytes);
    Some(Key::of(key))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_key_comes_back_from_its_file_which_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join(KEY_FILE));
        assert!(file.read().unwrap().is_none());
        // What a write that was cut off left is no key file, and in nobody's way.
        let half = folder.path().join("codexmiroir.key.new");
        fs::write(&half, "codexmiroir-key-1 ab").unwrap();
        assert!(file.read().unwrap().is_none());
        let key = Key::generate();
        file.write(&key).unwrap();
        assert!(!half.exists());
        assert_eq!(file.read().unwrap().unwrap().id(), key.id());
        assert_eq!(fs::metadata(file.path()).unwrap().mode() & 0o777, 0o600);
        let line = fs::read_to_string(file.path()).unwrap();
        assert!(line.len() == 62 && line.starts_with("codexmiroir-key-1 ") && line.ends_with('\n'), "{}", line.len());
        // Read-only for its owner, as mounted secrets are, and reached over a link.
        set_mode(file.path(), 0o400);
        let link = KeyFile::at(folder.path().join("link"));
        std::os::unix::fs::symlink(file.path(), link.path()).unwrap();
        assert_eq!(link.read().unwrap().unwrap().id(), key.id());
        for mode in [0o640, 0o604, 0o610, 0o644, 0o666] {
            set_mode(file.path(), mode);
            let refused = file.read().unwrap_err().to_string();
            assert!(refused.contains(&format!("(mode {mode:o})")) && refused.contains("chmod 600 '"), "{refused}");
        }
    }

    #[test]
    fn what_is_no_key_file_is_refused_and_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join(KEY_FILE));
        file.write(&Key::generate()).unwrap();
        let line = fs::read_to_string(file.path()).unwrap();
        let (cut, twice, padded) = (&line[..60], format!("{line}{line}"), line.trim_end().to_owned() + "==");
        let long = format!("{line}{}", "x".repeat(10_000));
        for text in
            ["", "\n", "codexmiroir-key-1", "codexmiroir-key-1 ", "geheim", cut, &twice, &padded, &long, "\0\u{1}"]
        {
            fs::write(file.path(), text).unwrap();
            let refused = file.read().unwrap_err();
            assert!(matches!(refused, KeyFileError::Malformed { .. }), "{text:?}: {refused}");
            assert!(text.len() < 20 || !refused.to_string().contains(&text[18..]), "{refused}");
        }
        fs::write(file.path(), [0xff; 62]).unwrap();
        assert!(matches!(file.read(), Err(KeyFileError::Malformed { .. })));
        fs::write(file.path(), "codexmiroir-key-2 x").unwrap();
        assert!(matches!(file.read(), Err(KeyFileError::Newer { .. })));
        let nowhere = KeyFile::at(folder.path().join("none").join(KEY_FILE));
        assert!(nowhere.read().unwrap().is_none());
        assert!(matches!(nowhere.write(&Key::generate()), Err(KeyFileError::NotMade { .. })));
        assert!(matches!(KeyFile::at(folder.path().to_owned()).read(), Err(KeyFileError::Malformed { .. })));
        let below = KeyFile::at(file.path().join("x"));
        assert!(matches!(below.read(), Err(KeyFileError::Unreadable { .. })));
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        for path in [&pipe, &link, Path::new("/dev/zero"), folder.path()] {
            let refused = KeyFile::at(path.to_owned()).read().unwrap_err();
            assert!(matches!(refused, KeyFileError::Malformed { .. }), "{}: {refused}", path.display());
        }
    }

    #[test]
    fn a_link_to_what_is_away_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, target) = (KeyFile::at(folder.path().join("kept")), folder.path().join("disk"));
        std::os::unix::fs::symlink(&target, kept.path()).unwrap();
        let key = Key::generate();
        for refused in [kept.read().unwrap_err(), kept.write(&key).unwrap_err()] {
            let said = refused.to_string();
            assert!(said.contains(&format!("{}, which is not there", target.display())), "{said}");
        }
        assert!(fs::read_dir(folder.path()).unwrap().count() == 1 && kept.path().is_symlink());
        // Nor is one that leads somewhere replaced.
        KeyFile::at(target).write(&key).unwrap();
        assert!(kept.write(&Key::generate()).is_err());
        assert_eq!(kept.read().unwrap().unwrap().id(), key.id());
    }
}
