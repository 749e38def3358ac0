//! `codexmiroir import`

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{CliError, open, print};
use crate::config::Config;
use crate::service::folder::read_folder;
use crate::service::import::{Fate, Line, Report};
use crate::store::Origin;
use crate::view::text::printable;

#[derive(Args)]
pub struct Import {
    /// The folder with the task files
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Whose tasks they become
    #[arg(long, value_name = "NAME")]
    user: String,
    /// Say what would happen, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Import {
    pub async fn run(self, data_dir: Option<PathBuf>, config: &Config) -> Result<(), CliError> {
        let folder = read_folder(&self.path).map_err(CliError::Said)?;
        if folder.files.is_empty() && folder.left_out.is_empty() {
            let path = self.path.display();
            return Err(CliError::Said(format!(
                "there are no Markdown files in {path}; name the folder that holds files like 0001-title.md"
            )));
        }
        let service = open(data_dir, config)?;
        let user = service.require_user(&self.user)?;
        let origin = Origin { actor: user.name.as_str().to_owned(), through: "import" };
        let report = service.import(user.id, origin, folder, self.dry_run).await?;
        print(&if self.json { as_json(&report, self.dry_run) } else { as_text(&report, self.dry_run) })
    }
}

/// A line for every file that is not simply there now, and a summary.
fn as_text(report: &Report, dry_run: bool) -> String {
    let mut text = String::new();
    for Line { file, fate } in &report.lines {
        let file = printable(file);
        let _ = match fate {
            Fate::Added | Fate::Unchanged => Ok(()),
            Fate::Replaced => writeln!(text, "{file}: replaced; the history keeps what it was"),
            Fate::KeptUnreadable { line, reason } => writeln!(text, "{file}:{line}: kept, but unreadable: {reason}"),
            Fate::Skipped { reason } => writeln!(text, "{file}: left out: {reason}"),
        };
    }
    let count = |wanted: fn(&Fate) -> bool| report.lines.iter().filter(|line| wanted(&line.fate)).count();
    let _ = writeln!(
        text,
        "{}{} added, {} replaced, {} unchanged, {} unreadable, {} left out",
        if dry_run { "dry run: " } else { "" },
        count(|fate| matches!(fate, Fate::Added)),
        count(|fate| matches!(fate, Fate::Replaced)),
        count(|fate| matches!(fate, Fate::Unchanged)),
        count(|fate| matches!(fate, Fate::KeptUnreadable { .. })),
        count(|fate| matches!(fate, Fate::Skipped { .. })),
    );
    if let Some(next) = report.next_number {
        let _ = writeln!(text, "the next new task gets the number {next}");
    }
    text
}

fn as_json(report: &Report, dry_run: bool) -> String {
    let line = |line: &Line| {
        let file = &line.file;
        match &line.fate {
            Fate::Added => json!({"file": file, "fate": "added"}),
            Fate::Replaced => json!({"file": file, "fate": "replaced"}),
            Fate::Unchanged => json!({"file": file, "fate": "unchanged"}),
            Fate::KeptUnreadable { line, reason } => {
                json!({"file": file, "fate": "unreadable", "line": line, "reason": reason})
            }
            Fate::Skipped { reason } => json!({"file": file, "fate": "skipped", "reason": reason}),
        }
    };
    let files: Vec<_> = report.lines.iter().map(line).collect();
    format!(
        "{}\n",
        json!({"dryRun": dry_run, "generation": report.generation, "nextAvailableId": report.next_number.map(|next| next.to_string()), "files": files})
    )
}
