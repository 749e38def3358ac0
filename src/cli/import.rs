//! `codexmiroir import`

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use serde::{Deserialize, Serialize};

use super::CliError;
use super::client::{ACCOUNT, Ask, Client, query};
use super::output::{print, print_json};
use crate::domain::lang::Phrase;
use crate::service::archive::{ARCHIVE_BYTES_MAX, ArchiveWriter};
use crate::service::folder::{Folder, read_folder};
use crate::service::import::{BOM, NEXT_NUMBER_FILE};
use crate::service::old_layout::OldLayout;
use crate::service::rules::files;
use crate::view::text::printable;

#[derive(Args)]
pub struct Import {
    /// A folder with task files, and rules in its folder `rules`; an export in JSON; or the old system's blobs copied to a
    /// folder (raw/USER/tasks, state/USER)
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Whose tasks, of several users in the old system's folder [default: the user of the same name]
    #[arg(long, value_name = "NAME")]
    from: Option<String>,
    /// Say what would happen, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// What a path was found to be.
enum Found {
    Folder(Folder),
    /// Of this user of the old system.
    OldLayout(String, Folder),
    Json(Bytes),
}

/// What became of each file, as the API says it.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// What the path was found to be: `folder`, `oldLayout` or `json`.
    #[serde(default)]
    source: String,
    /// Of the old layout: whose tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
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

impl Found {
    /// What it is, for whoever named the path.
    fn describe(&self) -> String {
        match self {
            Found::Folder(_) => "a folder of task files".to_owned(),
            Found::OldLayout(user, _) => format!("the old system's folder, tasks of {}", printable(user)),
            Found::Json(_) => "an export in JSON".to_owned(),
        }
    }

    /// The same as a word, and whose tasks.
    fn source(&self) -> (String, Option<String>) {
        match self {
            Found::Folder(_) => ("folder".to_owned(), None),
            Found::OldLayout(user, _) => ("oldLayout".to_owned(), Some(user.clone())),
            Found::Json(_) => ("json".to_owned(), None),
        }
    }

    /// What is sent, its media type, and what is left out before.
    fn pack(self) -> Result<(&'static str, Bytes, LeftOut), CliError> {
        match self {
            Found::Folder(folder) | Found::OldLayout(_, folder) => {
                Ok(("application/x-tar", archive(&folder)?, folder.left_out))
            }
            Found::Json(text) => Ok(("application/json", text, LeftOut::new())),
        }
    }
}

/// Files that are not even sent, each with the reason.
type LeftOut = Vec<(String, Phrase)>;

impl Import {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let found = self.find(client).await?;
        let (described, (source, from)) = (found.describe(), found.source());
        let (media_type, body, left_out) = found.pack()?;
        let path = query("/api/import", &[("dryRun", Some(self.dry_run.to_string()))]);
        // What is there already stays, so importing twice is as importing once.
        let ask = Ask::post(&path).body(media_type, body).repeatable();
        let answer = client.send_within(ask, ACCOUNT).await?;
        let mut report: Report = answer.read()?;
        // What did not even go to the server belongs into the report too.
        let skipped = |(file, reason): (String, Phrase)| Line {
            file,
            fate: "skipped".to_owned(),
            line: None,
            reason: Some(reason.en.to_owned()),
        };
        let mut files: Vec<Line> = left_out.into_iter().map(skipped).collect();
        files.append(&mut report.files);
        let report = Report { source, from, files, ..report };
        if self.json {
            return print_json(&serde_json::to_string(&report).unwrap_or_default());
        }
        print(&format!("{}: {described}\n{}", printable(&self.path.to_string_lossy()), as_text(&report)))
    }

    /// Finds out what the path is.
    async fn find(&self, client: &mut Client) -> Result<Found, CliError> {
        let is_folder = self.path.is_dir();
        let layout = if is_folder { OldLayout::at(&self.path).map_err(CliError::Said)? } else { None };
        if let Some(layout) = layout {
            let user = self.user_of(&layout, client).await?;
            let folder = layout.read(&user).map_err(CliError::Said)?;
            return Ok(Found::OldLayout(user, folder));
        }
        if self.from.is_some() {
            return Err(CliError::Usage(format!(
                "{} has no users of the old system (raw/USER/tasks), so there is nothing to choose with --from",
                self.path.display()
            )));
        }
        // A pipe will do, too.
        if self.path.exists() && !is_folder {
            return json_file(&self.path).map(Found::Json);
        }
        let folder = read_folder(&self.path).map_err(CliError::Said)?;
        if folder.files.is_empty() && folder.left_out.is_empty() && folder.rules.is_empty() {
            let path = self.path.display();
            return Err(CliError::Said(format!(
                "there are no Markdown files in {path}; name the folder that holds files like 0001-title.md"
            )));
        }
        Ok(Found::Folder(folder))
    }

    /// Whose tasks of the old system are meant.
    async fn user_of(&self, layout: &OldLayout, client: &mut Client) -> Result<String, CliError> {
        let path = self.path.display();
        let mut users: Vec<&str> = layout.users().collect();
        let count = users.len();
        users.truncate(NAMES_MAX);
        let users = format!("{}{}", users.join(", "), if count > NAMES_MAX { ", …" } else { "" });
        if let Some(from) = &self.from {
            return match layout.users().find(|user| user == from) {
                Some(user) => Ok(user.to_owned()),
                None => Err(CliError::Said(format!("{path} has no tasks of {from}, but of: {users}"))),
            };
        }
        let account = client.acting_user().await?;
        layout.user_for(&account).map(str::to_owned).ok_or_else(|| {
            CliError::Said(format!(
                "{path} has tasks of several users and none is called {account}; choose one with --from: {users}"
            ))
        })
    }
}

/// Names of users that an error lists.
const NAMES_MAX: usize = 20;

/// The text of an export. What of it is wrong, the server says.
fn json_file(path: &Path) -> Result<Bytes, CliError> {
    let shown = path.display();
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(ARCHIVE_BYTES_MAX as u64 + 1).read_to_end(&mut text));
    read.map_err(|error| CliError::Said(format!("cannot read {shown}: {error}")))?;
    let begins = text.strip_prefix(BOM).unwrap_or(&text).trim_ascii_start();
    if begins.first() != Some(&b'{') {
        return Err(CliError::Said(format!(
            "{shown} is neither a folder with files like 0001-Title.md nor an export in JSON"
        )));
    }
    if text.len() > ARCHIVE_BYTES_MAX {
        return Err(CliError::Said(format!(
            "{shown} is larger than the 128 MiB that an import takes; export without --history, or as markdown"
        )));
    }
    Ok(text.into())
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
    if let Some(raw) = &folder.next_number {
        archive.append(NEXT_NUMBER_FILE, raw, 0).map_err(failed)?;
    }
    archive.finish().map(Bytes::from).map_err(failed)
}

/// A line for every file, and a summary.
fn as_text(report: &Report) -> String {
    let mut text = String::new();
    for Line { file, fate, line, reason } in &report.files {
        let (file, reason) = (printable(file), reason.as_deref().unwrap_or_default());
        let at = line.map(|line| format!(":{line}")).unwrap_or_default();
        let _ = match fate.as_str() {
            "taken" => writeln!(text, "{file}: taken over"),
            "replaced" => writeln!(text, "{file}: replaced; the history keeps what it was"),
            "unreadable" => writeln!(text, "{file}{at}: kept, but unreadable: {reason}"),
            "skipped" => writeln!(text, "{file}: left out: {reason}"),
            other => writeln!(text, "{file}: {other}"),
        };
    }
    let count = |wanted: &str| report.files.iter().filter(|line| line.fate == wanted).count();
    let taken = match count("taken") {
        0 => String::new(),
        taken => format!(", {taken} taken over"),
    };
    let _ = writeln!(
        text,
        "{}{} added, {} replaced, {} unchanged, {} unreadable, {} left out{}",
        if report.dry_run { "dry run: " } else { "" },
        count("added"),
        count("replaced"),
        count("unchanged"),
        count("unreadable"),
        count("skipped"),
        taken,
    );
    if let Some(next) = &report.next_available_id {
        let _ = writeln!(text, "the next new task gets the number {next}");
    }
    text
}
