//! `codexmiroir sync`

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use super::CliError;
use super::client::{Ask, Client, query};
use super::history::local;
use super::output::{Table, print, print_json};
use crate::outgoing::Bounds;

/// What a sync may take: the server gives a slow repository minutes.
const SYNC: Bounds = Bounds { deadline: Duration::from_secs(900), body_bytes_max: 64 * 1024 * 1024 };

#[derive(Args)]
pub struct Sync {
    /// Read everything in the repository anew, instead of what changed
    #[arg(long)]
    full: bool,
    /// With --full: also remove what the repository does not have, but nothing that waits to be pushed
    #[arg(long, requires = "full")]
    clean: bool,
    /// Only tell how the sync stands
    #[arg(long, conflicts_with = "full")]
    status: bool,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Synced {
    #[serde(rename = "ref")]
    branch: String,
    skipped: usize,
    merged: Vec<String>,
    conflicts: Vec<Conflict>,
    files: Files,
    pushed: u64,
    head: Option<String>,
}

#[derive(Deserialize)]
struct Files {
    changed: Vec<String>,
    added: Vec<String>,
    renamed: Vec<Renamed>,
    removed: Vec<String>,
    skipped: Vec<Skipped>,
}

#[derive(Deserialize)]
struct Renamed {
    from: String,
    to: String,
}

#[derive(Deserialize)]
struct Skipped {
    file: String,
    reason: String,
}

#[derive(Deserialize)]
struct Conflict {
    file: String,
    what: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    remote: Option<String>,
    branch: Option<String>,
    mode: Option<String>,
    is_own: bool,
    state: String,
    head: Option<String>,
    outbox: u64,
    outbox_since: Option<String>,
    only_here: u64,
    last_success: Option<String>,
    problem: Option<Problem>,
    next: Option<String>,
    held: Vec<Skipped>,
    held_more: u64,
    held_back: u64,
    notices: Vec<Notice>,
    conflicts: Vec<PastConflict>,
}

#[derive(Deserialize)]
struct Problem {
    at: String,
    error: String,
}

#[derive(Deserialize)]
struct PastConflict {
    at: String,
    generation: u64,
    file: String,
    what: String,
}

#[derive(Deserialize)]
struct Notice {
    at: String,
    text: String,
}

impl Sync {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let answer = if self.status {
            client.get("/api/sync").await?
        } else {
            let mode = if self.full { "full" } else { "diff" };
            let clean = self.clean.then(|| "true".to_owned());
            let path = query("/sync", &[("mode", Some(mode.to_owned())), ("clean", clean)]);
            // What is synced already is not synced again, so the second of two changes nothing.
            client.send_within(Ask::post(&path).repeatable(), SYNC).await?
        };
        match (self.json, self.status) {
            (true, _) => print_json(&answer.text()),
            (false, true) => print(&status(answer.read()?)),
            (false, false) => print(&report(&answer.read()?)),
        }
    }
}

/// A line for every file that is another now or that could not be taken, and a summary.
fn report(synced: &Synced) -> String {
    let Synced { branch, skipped: left_out, merged, conflicts, files, pushed, head } = synced;
    let mut text = String::new();
    let merged: HashSet<&String> = merged.iter().collect();
    let added: HashSet<&String> = files.added.iter().collect();
    let before: HashMap<&String, &String> = files.renamed.iter().map(|Renamed { from, to }| (to, from)).collect();
    let gone: HashSet<&String> = before.values().copied().collect();
    for file in &files.changed {
        let how = if merged.contains(file) {
            "merged"
        } else if added.contains(file) {
            "added"
        } else {
            "changed"
        };
        let _ = match before.get(file) {
            Some(before) if merged.contains(file) => writeln!(text, "{file}: renamed from {before}, and merged"),
            Some(before) => writeln!(text, "{file}: renamed from {before}"),
            None => writeln!(text, "{file}: {how}"),
        };
    }
    for file in files.removed.iter().filter(|file| !gone.contains(file)) {
        let _ = writeln!(text, "{file}: removed; codexmiroir history has it");
    }
    for Conflict { file, what } in conflicts {
        let _ = writeln!(text, "{file}: conflict: {what}");
    }
    for Skipped { file, reason } in &files.skipped {
        let _ = writeln!(text, "{file}: left out: {reason}");
    }
    let unlisted = left_out.saturating_sub(files.skipped.len());
    if unlisted > 0 {
        let _ = writeln!(text, "and {unlisted} more left out");
    }
    let (added, renamed) = (files.added.len() - files.renamed.len(), files.renamed.len());
    let (changed, removed) = (files.changed.len() - files.added.len(), files.removed.len() - renamed);
    let commits = if *pushed == 1 { "1 commit".to_owned() } else { format!("{pushed} commits") };
    let at = head.as_deref().map_or_else(|| "which is empty".to_owned(), |head| format!("at {}", short(head)));
    let _ = writeln!(
        text,
        "{added} added, {changed} changed, {renamed} renamed, {removed} removed, {} in conflict, {left_out} left out, {commits} pushed; {branch}, {at}",
        conflicts.len()
    );
    text
}

/// As much of a commit's name as tells it from others.
fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

fn changes(count: u64) -> String {
    if count == 1 { "1 change".to_owned() } else { format!("{count} changes") }
}

fn status(status: Status) -> String {
    let Status { remote: Some(remote), .. } = status else {
        return "there is no Git repository to sync with; see git.remote in codexmiroir config --default\n".to_owned();
    };
    let mut table = Table::new(&["Repository", ""], 1);
    let mut row = |name: &str, value: String| table.row(vec![name.to_owned(), value]);
    let whose = if status.is_own { "your own" } else { "the server's" };
    row("address", format!("{remote} ({whose})"));
    row("branch", status.branch.unwrap_or_default());
    row("mode", status.mode.unwrap_or_default());
    row("state", status.state);
    row("head", status.head.unwrap_or_else(|| "none yet".to_owned()));
    let since = status.outbox_since.map(|since| format!(", since {}", local(&since))).unwrap_or_default();
    row("to be pushed", format!("{}{since}", changes(status.outbox)));
    if status.held_back > 0 {
        row("held back", format!("{} until what is left out below is mended", changes(status.held_back)));
    }
    if status.only_here > 0 {
        row("only here", changes(status.only_here));
    }
    row("last sync", status.last_success.map_or_else(|| "none yet".to_owned(), |at| local(&at)));
    if let Some(next) = status.next {
        row("next sync", local(&next));
    }
    let mut text = table.draw();
    if let Some(Problem { at, error }) = status.problem {
        let _ = writeln!(text, "\n{}: {error}", local(&at));
    }
    for Skipped { file, reason } in status.held {
        let _ = writeln!(text, "{file}: left out: {reason}");
    }
    if status.held_more > 0 {
        let _ = writeln!(text, "and {} more", status.held_more);
    }
    for Notice { at, text: said } in status.notices {
        let _ = writeln!(text, "{}: {said}", local(&at));
    }
    if !status.conflicts.is_empty() {
        text.push_str("\nIn conflict lately; codexmiroir undo GENERATION takes a merge back:\n");
    }
    for PastConflict { at, generation, file, what } in status.conflicts {
        let _ = writeln!(text, "{}, generation {generation}: {file}: {what}", local(&at));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn how_it_stands_lists_conflicts_and_counts_in_words() {
        let stands = json!({
            "remote": "https://git.example.org/x", "branch": "main", "mode": "pull-only", "isOwn": true, "state": "idle",
            "outbox": 1, "onlyHere": 2, "held": [], "heldMore": 0, "heldBack": 0, "notices": [],
            "conflicts": [{"at": "now", "generation": 17, "file": "0003-c.md", "what": "both stay"}],
        });
        let text = status(serde_json::from_value(stands).unwrap());
        assert!(text.contains("1 change\n") && text.contains("2 changes\n"), "{text}");
        assert!(text.ends_with("takes a merge back:\nnow, generation 17: 0003-c.md: both stay\n"), "{text}");
    }

    #[test]
    fn every_file_has_its_line() {
        let synced = json!({
            "ok": true, "ref": "main", "skipped": 3, "merged": ["0002-b.md"], "pushed": 1, "head": "0123456789abcdef",
            "conflicts": [{"file": "0003-c.md", "what": "both changed the status; the later one stands"}],
            "files": {
                "changed": ["0001-a.md", "0002-b.md", "0005-e.md", "0006-neu.md"], "added": ["0005-e.md", "0006-neu.md"],
                "renamed": [{"from": "0006-alt.md", "to": "0006-neu.md"}], "removed": ["0004-d.md", "0006-alt.md"],
                "skipped": [{"file": "e.exe", "reason": "no task"}],
            },
        });
        let text = report(&serde_json::from_value(synced).unwrap());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "0001-a.md: changed",
                "0002-b.md: merged",
                "0005-e.md: added",
                "0006-neu.md: renamed from 0006-alt.md",
                "0004-d.md: removed; codexmiroir history has it",
                "0003-c.md: conflict: both changed the status; the later one stands",
                "e.exe: left out: no task",
                "and 2 more left out",
                "1 added, 2 changed, 1 renamed, 1 removed, 1 in conflict, 3 left out, 1 commit pushed; main, at 0123456789",
            ]
        );
    }
}
