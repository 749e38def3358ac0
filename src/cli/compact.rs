//! `codexmiroir compact`

use clap::Args;
use serde::Deserialize;

use super::CliError;
use super::client::{ACCOUNT, Ask, Client};
use super::output::print;

#[derive(Args)]
pub struct Compact;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Compacted {
    bytes_before: u64,
    bytes_after: u64,
}

impl Compact {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let ask = Ask::post("/api/admin/compact").by_administrator();
        let Compacted { bytes_before, bytes_after } = client.send_within(ask, ACCOUNT).await?.read()?;
        print(&format!("{bytes_before} → {bytes_after} bytes on the disk\n"))
    }
}
