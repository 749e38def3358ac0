//! A document in the user's editor.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::CliError;

/// Where there is neither `VISUAL` nor `EDITOR`.
const EDITOR_DEFAULT: &str = "vi";

/// A copy of a document, in a folder that only its owner can look into.
pub struct Draft {
    folder: TempDir,
    path: PathBuf,
}

impl Draft {
    /// The file has the name of the task's, so that the editor knows what it is.
    pub fn new(file: &str, document: &str) -> Result<Draft, CliError> {
        let failed = |error: std::io::Error| CliError::Said(format!("cannot write a file to edit: {error}"));
        let folder = tempfile::Builder::new()
            .prefix("codexmiroir-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir()
            .map_err(failed)?;
        let name = file.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("task.md");
        let path = folder.path().join(name);
        fs::write(&path, document).map_err(failed)?;
        Ok(Draft { folder, path })
    }

    /// Opens the editor, waits until it ends, and gives what is in the file then.
    pub async fn edit(&self) -> Result<String, CliError> {
        let named = |name| env::var(name).ok().filter(|editor| !editor.trim().is_empty());
        let editor = named("VISUAL").or_else(|| named("EDITOR")).unwrap_or_else(|| EDITOR_DEFAULT.to_owned());
        // Ctrl-C is the editor's while it runs; caught here, it does not end this program under it.
        let _interrupts = signal(SignalKind::interrupt())?;
        let mut command = Command::new("sh");
        // By the shell, because the variable may carry arguments of its own.
        command.arg("-c").arg(format!("{editor} \"$@\"")).arg(&editor).arg(&self.path);
        let status = command.stdin(Stdio::inherit()).status().await;
        let status =
            status.map_err(|error| CliError::Said(format!("cannot start the editor {editor}: {error}; set EDITOR")))?;
        if !status.success() {
            return Err(CliError::Said(format!(
                "the editor {editor} failed, so nothing was saved; set EDITOR to another"
            )));
        }
        let read = fs::read_to_string(&self.path);
        read.map_err(|error| CliError::Said(format!("cannot read back what was edited: {error}")))
    }

    /// The failure, with where the text is now kept.
    pub fn keep(self, error: &CliError) -> CliError {
        let Draft { folder, path } = self;
        let _ = folder.keep();
        CliError::Said(format!("{error}; your text is kept in {}", path.display()))
    }

    /// As [`Draft::keep`], where there is something to keep.
    pub fn keep_if_changed(self, original: &str, error: CliError) -> CliError {
        let is_unchanged = fs::read(&self.path).is_ok_and(|now| now == original.as_bytes());
        if is_unchanged { error } else { self.keep(&error) }
    }
}
