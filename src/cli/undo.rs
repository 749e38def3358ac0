//! `codexmiroir undo`

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::client::{Ask, Client};
use super::output::{print, print_json};
use super::{CliError, options};

#[derive(Args)]
pub struct Undo {
    /// The generation to take back, as `history` shows it [default: the last]
    #[arg(value_parser = options::generation)]
    generation: Option<u64>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Undone {
    generation: u64,
    undone: u64,
    files: Vec<String>,
}

/// Files that are named; more are counted.
const FILES_MAX: usize = 5;

impl Undo {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        // Not repeatable: a second one would take back the first.
        let answer = client.send(Ask::post("/api/undo").json(&json!({"generation": self.generation}))).await?;
        if self.json {
            return print_json(&answer.text());
        }
        let Undone { generation, undone, files } = answer.read()?;
        let what = match files.len() {
            0 => "the settings or the rules".to_owned(),
            count if count > FILES_MAX => format!("{count} files"),
            _ => files.join(", "),
        };
        print(&format!("took back {undone}: {what}\ncodexmiroir undo {generation} brings it back\n"))
    }
}
