//! The repository that the users' files are in.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::layers::{self, ConfigError};
use super::values;

/// What is set of the repository that everybody's files are in who has none for oneself.
#[derive(Clone)]
pub struct GitConfig {
    /// A URL or a path; `None`: there is no shared repository.
    pub remote: Option<String>,
    pub branch: String,
    /// The folder in the repository that everybody's folders are in, without slashes around it; empty for the root.
    pub base_path: String,
    pub username: Option<String>,
    /// A secret.
    pub token: Option<String>,
    /// Where the token is, if it is not set itself.
    pub token_file: Option<PathBuf>,
    pub mode: GitMode,
    /// What the forge signs its calls with. A secret; without one no call is taken.
    pub webhook_secret: Option<String>,
    /// Where that is, if it is not set itself.
    pub webhook_secret_file: Option<PathBuf>,
    /// Hosts, or `host:port`, in lower case: remotes there may be in private networks and asked without TLS.
    pub allow_hosts: Vec<String>,
    /// Whether a remote may be a path of this machine.
    pub allow_local: bool,
    /// How often the repository is asked without a call of the forge.
    pub poll: Duration,
    /// What the server's copy of its own repository may take on the disk, in bytes.
    pub copy_bytes_max: u64,
    /// The same for each repository of users' own.
    pub own_copy_bytes_max: u64,
}

/// What is done with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GitMode {
    /// Both ways.
    Push,
    /// Nothing is written to it.
    PullOnly,
    /// Nothing is done.
    Off,
}

impl GitMode {
    /// Every mode.
    pub const ALL: [GitMode; 3] = [GitMode::Push, GitMode::PullOnly, GitMode::Off];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            GitMode::Push => "push",
            GitMode::PullOnly => "pull-only",
            GitMode::Off => "off",
        }
    }
}

impl Default for GitConfig {
    fn default() -> Self {
        GitConfig {
            remote: None,
            branch: "main".to_owned(),
            base_path: "codex-miroir".to_owned(),
            username: None,
            token: None,
            token_file: None,
            mode: GitMode::Push,
            webhook_secret: None,
            webhook_secret_file: None,
            allow_hosts: Vec::new(),
            allow_local: false,
            poll: Duration::from_secs(15 * 60),
            copy_bytes_max: 1 << 30,
            own_copy_bytes_max: 256 << 20,
        }
    }
}

impl GitConfig {
    /// Whether each value goes with the others.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let both = |one, other| Err(ConfigError::Both { one, other });
        if self.token.is_some() && self.token_file.is_some() {
            return both("git.token", "git.token_file");
        }
        if self.webhook_secret.is_some() && self.webhook_secret_file.is_some() {
            return both("git.webhook_secret", "git.webhook_secret_file");
        }
        Ok(())
    }

    /// Reads the secrets that are in files: afterwards they are set as if they had been written themselves.
    ///
    /// # Errors
    /// A file cannot be read, or what is in it will not do.
    pub fn read_files(&mut self) -> Result<(), ConfigError> {
        if let Some(path) = self.token_file.take() {
            let token =
                |text: &str| values::token(text)?.ok_or_else(|| "it is empty; put the token into it".to_owned());
            self.token = Some(read_secret("git.token_file", &path, token)?);
        }
        if let Some(path) = self.webhook_secret_file.take() {
            self.webhook_secret = Some(read_secret("git.webhook_secret_file", &path, values::webhook_secret)?);
        }
        Ok(())
    }
}

/// A secret in a file, which may end with a line break.
fn read_secret(
    key: &'static str,
    path: &Path,
    of: impl FnOnce(&str) -> Result<String, String>,
) -> Result<String, ConfigError> {
    let refused = |detail| ConfigError::Secret { key, path: path.display().to_string(), detail };
    let text = layers::read(path).map_err(|error| refused(format!("{error}; mend it, or name another")))?;
    of(text.trim()).map_err(refused)
}

impl fmt::Debug for GitConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GitConfig({:?} {} {})", self.remote, self.branch, self.base_path)
    }
}
