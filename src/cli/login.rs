//! `codexmiroir login` and `logout`

use clap::Args;
use serde::Deserialize;

use super::client::login_file::{self, Login};
use super::client::target::{Server, require_token};
use super::client::{Client, Target};
use super::output::{complain, print};
use super::{CliError, prompt};
use crate::outgoing::Address;

#[derive(Args)]
pub struct LoginAt {
    /// The server's address, such as https://tasks.example.org
    #[arg(value_name = "URL", value_parser = Address::parse)]
    url: Address,
    /// Read the token from standard input
    #[arg(long)]
    token_stdin: bool,
}

#[derive(Deserialize)]
struct Me {
    name: String,
    scopes: Vec<String>,
}

impl LoginAt {
    /// The token is tried before it is kept, so that a wrong one takes no right one's place.
    pub async fn run(self) -> Result<(), CliError> {
        warn_in_the_clear(&self.url);
        let given = match self.token_stdin {
            true => prompt::line_of_stdin("token")?,
            false => prompt::secret("Token: ", "--token-stdin")?,
        };
        let token = require_token(&given)?;
        let target = Target::Server(Server::new(self.url.clone(), token.clone()));
        let me: Me = Client::new(target, None)?.get("/api/me").await?.read()?;
        login_file::write(&Login { server: self.url.clone(), token })?;
        print(&format!("logged in to {} as {} ({})\n", self.url, me.name, me.scopes.join(", ")))
    }
}

pub fn logout() -> Result<(), CliError> {
    // Whatever is in the file, it goes: also one that cannot be read.
    let server = login_file::read().ok().flatten().map(|login| format!(" of {}", login.server)).unwrap_or_default();
    match login_file::remove()? {
        true => print(&format!("logged out{server}; the token itself lives on until it is revoked or expires\n")),
        false => print("there was no login\n"),
    }
}

/// Says so when a token can be read on its way.
pub fn warn_in_the_clear(server: &Address) {
    if server.is_in_the_clear() {
        complain(&format!("warning: whoever is on the way to {server} can read the token; use https:// there"));
    }
}
