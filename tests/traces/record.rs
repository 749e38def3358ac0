//! What a run of the tests leaves for the search after it: its secrets, and the texts that must not hold any. They are
//! in the folder of the run, which is named after the process that started the tests.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::process::{Pid, getppid, test_kill_process};

const RUN: &str = "run-";
pub const SECRETS: &str = "secrets";
pub const TEXTS: &str = "texts";

/// The folder of all runs.
pub fn runs() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("traces")
}

/// The folder of the run that this process belongs to.
pub fn run() -> PathBuf {
    runs().join(format!("{RUN}{}", getppid().map_or(0, |pid| pid.as_raw_nonzero().get())))
}

/// A file that this process adds to, in the folder of its run.
pub fn open(folder: &Path, kind: &str) -> io::Result<File> {
    std::fs::create_dir_all(folder)?;
    OpenOptions::new().create(true).append(true).open(folder.join(format!("{kind}-{}", std::process::id())))
}

/// Adds an entry with one write, so that those of several threads do not mix.
pub fn add(file: &mut File, label: &str, text: &str) -> io::Result<()> {
    file.write_all(format!("{label} {}\n{text}\n", text.len()).as_bytes())
}

/// Removes what runs left that nobody searched: those of only some of the tests.
pub fn remove_ended(runs: &Path) {
    for folder in std::fs::read_dir(runs).into_iter().flatten().flatten() {
        let name = folder.file_name();
        let pid = name.to_string_lossy().strip_prefix(RUN).and_then(|pid| Pid::from_raw(pid.parse().ok()?));
        if pid.is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH)) {
            // Another process may be at it too.
            let _ = std::fs::remove_dir_all(folder.path());
        }
    }
}
