//! The login that is kept: one server and its token, in a file that only its owner reads.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::super::CliError;
use crate::outgoing::Address;

/// Its name in the platform's configuration folder.
const LOGIN_FILE: &str = "login.json";

/// A server that was logged in to.
pub struct Login {
    pub server: Address,
    pub token: String,
}

fn path() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "codexmiroir").map(|dirs| dirs.config_dir().join(LOGIN_FILE))
}

/// The login, if there is one.
///
/// # Errors
/// A file that cannot be read, or has something else in it.
pub fn read() -> Result<Option<Login>, CliError> {
    let Some(path) = path() else { return Ok(None) };
    let failed = |detail: &str| {
        let path = path.display();
        CliError::Said(format!("cannot read the login in {path}: {detail}; codexmiroir logout removes it"))
    };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error.to_string())),
    };
    let stored: Value = serde_json::from_str(&text).map_err(|_| failed("it is not JSON"))?;
    let (server, token) = (stored["server"].as_str(), stored["token"].as_str());
    let server = server.and_then(|text| Address::parse(text).ok());
    let login = server.zip(token).map(|(server, token)| Login { server, token: token.to_owned() });
    login.map(Some).ok_or_else(|| failed("server or token is missing"))
}

/// Keeps a login in place of the one before; where it is kept.
pub fn write(login: &Login) -> Result<PathBuf, CliError> {
    let path = path().ok_or_else(|| CliError::Said("there is no home directory to keep a login in".to_owned()))?;
    let failed = |error: std::io::Error| {
        CliError::Said(format!("cannot keep the login in {}: {error}; set CODEXMIROIR_TOKEN instead", path.display()))
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    // A file of its own that takes the place at once: made readable by its owner alone, and never half there.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let text = json!({"server": login.server.to_string(), "token": login.token});
    writeln!(file, "{text}").and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(path)
}

/// Forgets the login; whether there was a file.
pub fn remove() -> Result<bool, CliError> {
    let Some(path) = path() else { return Ok(false) };
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(CliError::Said(format!("cannot remove {}: {error}", path.display()))),
    }
}
