//! Which server or data directory a command goes to.

use std::env;
use std::path::{Path, PathBuf};

use super::super::{CliError, require_data_dir};
use super::login_file::{self, Login};
use crate::config::Config;
use crate::outgoing::Address;

/// The address of a server for which no login is stored, or another than the stored one.
pub const SERVER_VARIABLE: &str = "CODEXMIROIR_SERVER";
const TOKEN_VARIABLE: &str = "CODEXMIROIR_TOKEN";
const TOKEN_FILE_VARIABLE: &str = "CODEXMIROIR_TOKEN_FILE";

/// Where a command goes.
pub enum Target {
    Server(Server),
    Data(Box<DataPlace>),
}

/// A server elsewhere, asked with a token.
pub struct Server {
    pub address: Address,
    pub token: String,
    is_login: bool,
}

/// A data directory of this machine.
#[derive(Clone)]
pub struct DataPlace {
    pub path: PathBuf,
    pub config: Config,
}

/// What was said about the target, on the command line or in the environment; at most one of the two.
#[derive(Default)]
pub struct Wanted {
    pub server: Option<String>,
    pub data_dir: Option<PathBuf>,
}

impl Wanted {
    /// The server that is meant: the one named; else, if no data directory is named, the one logged in to.
    ///
    /// # Errors
    /// An address that is none, a login that cannot be read, a server without a token.
    pub fn server(&self) -> Result<Option<Server>, CliError> {
        let named = self.server.as_deref().map(Address::parse).transpose();
        let named = named.map_err(|right| CliError::Said(format!("--server cannot be that; {right}")))?;
        if named.is_none() && self.data_dir.is_some() {
            return Ok(None);
        }
        let login = login_file::read()?;
        let Some(address) = named.or_else(|| login.as_ref().map(|login| login.server.clone())) else {
            return Ok(None);
        };
        let of_login = login.filter(|login| login.server == address);
        let is_login = self.server.is_none();
        let token = match (token_of_environment()?, of_login) {
            (Some(token), _) => token,
            (None, Some(Login { token, .. })) => token,
            (None, None) => {
                return Err(CliError::Said(format!(
                    "there is no token for {address}; log in with codexmiroir login {address}, or set {TOKEN_VARIABLE}"
                )));
            }
        };
        Ok(Some(Server { address, token: require_token(&token)?, is_login }))
    }

    /// What the help says of it.
    pub fn describe(&self) -> String {
        match (self.server(), require_data_dir(self.data_dir.clone())) {
            (Ok(Some(server)), _) => server.describe(),
            (Ok(None), Ok(path)) => describe_data(&path),
            (Err(error), _) | (_, Err(error)) => format!("nowhere, because {error}"),
        }
    }
}

impl Server {
    pub fn new(address: Address, token: String) -> Server {
        Server { address, token, is_login: false }
    }

    fn describe(&self) -> String {
        let how = if self.is_login { ", logged in" } else { "" };
        format!("the server {}{how}", self.address)
    }
}

fn describe_data(path: &Path) -> String {
    format!("the data directory {}", path.display())
}

impl Target {
    /// The target in words.
    pub fn describe(&self) -> String {
        match self {
            Target::Server(server) => server.describe(),
            Target::Data(place) => describe_data(&place.path),
        }
    }
}

/// The token in the environment, itself or in a file.
fn token_of_environment() -> Result<Option<String>, CliError> {
    let text = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    match (text(TOKEN_VARIABLE), text(TOKEN_FILE_VARIABLE)) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err(CliError::Said(format!("{TOKEN_VARIABLE} and {TOKEN_FILE_VARIABLE} are both set; leave one out")))
        }
        (Some(token), None) => Ok(Some(token.to_string_lossy().into_owned())),
        (None, Some(file)) => {
            let shown = Path::new(&file).display().to_string();
            let read = std::fs::read_to_string(&file);
            let failed = |error| CliError::Said(format!("cannot read the token in {shown}: {error}"));
            read.map(|text| Some(text.trim().to_owned())).map_err(failed)
        }
    }
}

/// A token that can be sent.
///
/// # Errors
/// A text that no token is. It is not repeated: it may be a secret all the same.
pub fn require_token(text: &str) -> Result<String, CliError> {
    let token = text.trim();
    let is_one = !token.is_empty() && token.len() <= 200 && token.bytes().all(|byte| byte.is_ascii_graphic());
    match is_one {
        true => Ok(token.to_owned()),
        false => Err(CliError::Said(
            "this is not a token; it looks like cmr_… and is made by codexmiroir token create".to_owned(),
        )),
    }
}
