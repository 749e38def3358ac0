//! `codexmiroir import`

use std::fmt::Write as _;
use std::path::PathBuf;

use bytes::Bytes;
use clap::Args;
use serde::{Deserialize, Serialize};

use super::CliError;
use super::client::{ACCOUNT, Ask, Client, query};
use super::output::{print, print_json};
use crate::service::archive::ArchiveWriter;
use crate::service::folder::{Folder, read_folder};
use crate::service::rules::files;
use crate::view::text::printable;

#[derive(Args)]
pub struct Import {
    /// The folder with the task files, and the rules in its folder `rules`
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Say what would happen, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// What became of each file, as the API says it.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    dry_run: bool,
    generation: u64,
    next_available_id: Option<String>,
    files: Vec<Line>,
}

#[derive(Deserialize, Serialize)]
struct Line {
    file: String,
    fate: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Import {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let folder = read_folder(&self.path).map_err(CliError::Said)?;
        if folder.files.is_empty() && folder.left_out.is_empty() && folder.rules.is_empty() {
            let path = self.path.display();
            return Err(CliError::Said(format!(
                "there are no Markdown files in {path}; name the folder that holds files like 0001-title.md"
            )));
        }
        let path = query("/api/import", &[("dryRun", Some(self.dry_run.to_string()))]);
        // What is there already stays, so importing twice is as importing once.
        let ask = Ask::post(&path).body("application/x-tar", archive(&folder)?).repeatable();
        let answer = client.send_within(ask, ACCOUNT).await?;
        let mut report: Report = answer.read()?;
        // What did not even go to the server belongs into the report too.
        let skipped = |(file, reason): (String, &str)| Line {
            file,
            fate: "skipped".to_owned(),
            line: None,
            reason: Some(reason.to_owned()),
        };
        let mut files: Vec<Line> = folder.left_out.into_iter().map(skipped).collect();
        files.append(&mut report.files);
        let report = Report { files, ..report };
        if self.json {
            return print_json(&serde_json::to_string(&report).unwrap_or_default());
        }
        print(&as_text(&report))
    }
}

/// The files as a tar, the same for the same files.
fn archive(folder: &Folder) -> Result<Bytes, CliError> {
    let failed = |error: std::io::Error| CliError::Said(format!("cannot pack the files: {error}"));
    let mut archive = ArchiveWriter::default();
    for (file, raw) in &folder.files {
        archive.append(file, raw, 0).map_err(failed)?;
    }
    for (file, raw) in &folder.rules {
        archive.append(&format!("{}/{file}", files::FOLDER), raw, 0).map_err(failed)?;
    }
    archive.finish().map(Bytes::from).map_err(failed)
}

/// A line for every file that is not simply there now, and a summary.
fn as_text(report: &Report) -> String {
    let mut text = String::new();
    for Line { file, fate, line, reason } in &report.files {
        let (file, reason) = (printable(file), reason.as_deref().unwrap_or_default());
        let at = line.map(|line| format!(":{line}")).unwrap_or_default();
        let _ = match fate.as_str() {
            "replaced" => writeln!(text, "{file}: replaced; the history keeps what it was"),
            "unreadable" => writeln!(text, "{file}{at}: kept, but unreadable: {reason}"),
            "skipped" => writeln!(text, "{file}: left out: {reason}"),
            _ => Ok(()),
        };
    }
    let count = |wanted: &str| report.files.iter().filter(|line| line.fate == wanted).count();
    let _ = writeln!(
        text,
        "{}{} added, {} replaced, {} unchanged, {} unreadable, {} left out",
        if report.dry_run { "dry run: " } else { "" },
        count("added"),
        count("replaced"),
        count("unchanged"),
        count("unreadable"),
        count("skipped"),
    );
    if let Some(next) = &report.next_available_id {
        let _ = writeln!(text, "the next new task gets the number {next}");
    }
    text
}
