//! `codexmiroir healthcheck`

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use hyper::Request;

use super::client::target::{DataPlace, Wanted};
use super::client::{Ask, Client, Target};
use super::output::print;
use super::{CliError, require_data_dir};
use crate::config::Config;
use crate::outgoing::{Address, Bounds, Outgoing};

/// Shorter than what supervisors give a check.
const BOUNDS: Bounds = Bounds { deadline: Duration::from_secs(10), body_bytes_max: 64 * 1024 };

#[derive(Args)]
pub struct Healthcheck {
    /// The server's address [default: the server of the data directory, by its control socket]
    #[arg(value_name = "URL", value_parser = Address::parse)]
    url: Option<Address>,
}

impl Healthcheck {
    pub async fn run(self, wanted: &Wanted) -> Result<(), CliError> {
        let named = wanted.server.as_deref().map(Address::parse).transpose();
        let named = named.map_err(|right| CliError::Said(format!("--server cannot be that; {right}")))?;
        match self.url.or(named) {
            Some(server) => of_server(&server).await,
            None => of_data_directory(require_data_dir(wanted.data_dir.clone())?).await,
        }
    }
}

/// Asks a server whether it is ready; it needs no token for that.
async fn of_server(server: &Address) -> Result<(), CliError> {
    let request = Request::get(server.join("/readyz")).body(Bytes::new());
    let request = request.map_err(|error| CliError::Said(format!("this cannot be asked for: {error}")))?;
    let failed = |error| CliError::Said(format!("{server} is not ready: {error}"));
    let outgoing = Outgoing::to(server).map_err(failed)?;
    let parts = outgoing.ask(request, BOUNDS, &mut Vec::new()).await.map_err(failed)?;
    match parts.status.is_success() {
        true => print("ready\n"),
        false => Err(CliError::Said(format!("{server} is not ready: it answered {}", parts.status))),
    }
}

/// Asks the server that runs on the data directory. Opening the database instead would say nothing of a server.
async fn of_data_directory(path: PathBuf) -> Result<(), CliError> {
    let target = Target::Data(Box::new(DataPlace { path, config: Config::default() }));
    let mut client = Client::new(target, None)?;
    client.require_server();
    client.send_within(Ask::get("/readyz").by_administrator(), BOUNDS).await?;
    print("ready\n")
}
