//! The backups that the server makes by itself.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::layers::ConfigError;

/// What is set of the backups that the server makes by itself.
#[derive(Clone, Debug)]
pub struct BackupConfig {
    /// The time from one to the next; `None`: it makes none.
    pub every: Option<Duration>,
    /// How many stay.
    pub keep: NonZeroUsize,
    /// The folder for them.
    pub dir: Option<PathBuf>,
}

/// Backups that stay unless told otherwise.
const KEEP: NonZeroUsize = NonZeroUsize::new(14).unwrap();

impl Default for BackupConfig {
    fn default() -> Self {
        BackupConfig { every: None, keep: KEEP, dir: None }
    }
}

impl BackupConfig {
    /// Whether each value goes with the others.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match (&self.every, &self.dir) {
            (Some(_), None) => Err(ConfigError::Alone { set: "backup.every", lacking: "backup.dir" }),
            _ => Ok(()),
        }
    }
}
