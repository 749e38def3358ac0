//! `codexmiroir rules set`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::super::CliError;
use super::super::client::{Ask, Client};
use super::named::Beside;
use super::{RULES, change};
use crate::view::rules::RuleJson;

#[derive(Args)]
pub struct Set {
    /// Script files, each named as its file, or names of rules that come with the program; they apply in this order. The tests
    /// beside them are set with them, and have to pass
    #[arg(value_name = "FILE", required_unless_present = "library")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    beside: Beside,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

impl Set {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let list = self.beside.list(&self.files, client).await?;
        let ask = Ask::put(RULES).json(&json!({"rules": RuleJson::list(&list)}));
        change(client, ask, self.json).await
    }
}
