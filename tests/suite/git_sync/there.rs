//! The side of the repository: somebody who works in a clone with git.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::here::with_line;
use super::words::{Dice, Words};
use crate::git_host::{git, git_succeeds};

/// The folder of all users.
pub const BASE: &str = "codex-miroir";

/// How often somebody tries to push when others are faster.
const PUSHES_MAX: usize = 6;

/// A clone, and who works in it.
pub struct Worker {
    pub at: PathBuf,
    pub users: Vec<&'static str>,
    pub dice: Dice,
    pub words: Arc<Words>,
    /// A permit for each thing that was done on either side.
    pub events: Arc<Semaphore>,
}

impl Worker {
    /// Commits this and that, as often as is said, and pushes.
    pub fn work(mut self, commits: usize) {
        let is_forcing = self.dice.one_in(12);
        if is_forcing {
            pull(&self.at);
            let back = format!("HEAD~{}", 1 + self.dice.roll(3));
            if !git_succeeds(&self.at, &["reset", "--quiet", "--hard", &back]) {
                return;
            }
        } else if !self.dice.one_in(4) {
            pull(&self.at);
        }
        for _ in 0..commits {
            let user = self.users[self.dice.roll(self.users.len())];
            self.edit(&self.at.join(BASE).join(user));
            git(&self.at, &["add", "--all"]);
            git(&self.at, &["commit", "--quiet", "--allow-empty", "--message", "by hand"]);
        }
        self.push(is_forcing);
        self.events.add_permits(1);
    }

    /// Pushes. What cannot be put on top of what others pushed is given up.
    fn push(&self, is_forcing: bool) {
        let force = if is_forcing { "+HEAD:main" } else { "HEAD:main" };
        for _ in 0..PUSHES_MAX {
            if git_succeeds(&self.at, &["push", "--quiet", "origin", force]) {
                return;
            }
            git(&self.at, &["fetch", "--quiet", "origin"]);
            if !git_succeeds(&self.at, &["rebase", "--quiet", "origin/main"]) {
                git(&self.at, &["rebase", "--abort"]);
                break;
            }
        }
        pull(&self.at);
    }

    /// One change of a user's files.
    fn edit(&mut self, folder: &Path) {
        let word = self.words.new_word();
        let tasks = folder.join("tasks");
        std::fs::create_dir_all(&tasks).unwrap();
        let names = names(&tasks);
        let kind = self.dice.roll(14);
        let Some(name) = self.dice.pick(&names).filter(|_| kind > 1) else {
            return self.add(&tasks, &names, &word);
        };
        let file = tasks.join(name);
        let text = std::fs::read_to_string(&file).unwrap();
        match kind {
            2..=3 => std::fs::write(file, with_field(&text, "notiz", &word)).unwrap(),
            4..=5 => std::fs::write(file, with_field(&text, "tags", &format!("[{word}]"))).unwrap(),
            6..=8 => {
                // What stands before the body is none of its lines.
                let body = codexmiroir::domain::document::body(text.as_bytes()).unwrap_or_default();
                let head = &text[..text.len() - body.len()];
                std::fs::write(file, format!("{head}{}", with_line(body, &mut self.dice, &word))).unwrap();
            }
            9 => {
                let number = name.split(['-', '.']).next().unwrap();
                std::fs::rename(&file, tasks.join(format!("{number}-{word}.md"))).unwrap();
            }
            10 => std::fs::remove_file(file).unwrap(),
            11 => std::fs::write(file, with_field(&text, "status", "abgeschlossen")).unwrap(),
            _ => {
                let rules = folder.join("rules");
                std::fs::create_dir_all(&rules).unwrap();
                let script = rules.join("mine.rhai");
                let old = std::fs::read_to_string(&script).unwrap_or_else(|_| crate::rules::one_slot("spaet"));
                let comments: String = old
                    .lines()
                    .filter(|line| line.starts_with("//"))
                    .fold(String::new(), |text, line| text + line + "\n");
                let rest = &old[comments.len()..];
                let kept = with_line(&comments, &mut self.dice, &word).replace("zeile ", "// ");
                std::fs::write(script, format!("{kept}{rest}")).unwrap();
            }
        }
    }

    /// A new file, at times of the number that the server gives next.
    fn add(&mut self, tasks: &Path, names: &[String], word: &str) {
        let number = |name: &String| name.split(['-', '.']).next()?.parse::<u32>().ok();
        let next = names.iter().filter_map(number).max().map_or(0, |highest| highest + 1);
        let number = next + u32::from(self.dice.one_in(3));
        let name = format!("{number:04}-Aufgabe-{}.md", if self.dice.one_in(2) { word } else { "neu" });
        let body = format!("eins\nzwei {word}\ndrei\n");
        let text = format!("---\ntyp: task\nkategorie: privat\nstatus: offen\n---\n\n# Von Hand\n\n{body}");
        std::fs::write(tasks.join(name), text).unwrap();
    }
}

/// What the repository has, in place of everything else.
pub fn pull(at: &Path) {
    git(at, &["fetch", "--quiet", "origin"]);
    git(at, &["reset", "--quiet", "--hard", "origin/main"]);
}

/// The names of a folder's files, in order.
pub fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A document whose line of a field is another, or a new one before the end of the fields.
fn with_field(text: &str, field: &str, value: &str) -> String {
    let line = format!("{field}: {value}\n");
    let key = format!("{field}:");
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let end = lines.iter().skip(1).position(|line| line.trim_end() == "---").map_or(lines.len(), |end| end + 1);
    match lines[..end].iter().position(|old| old.starts_with(&key)) {
        Some(at) => {
            // Lines that are indented belong to it.
            let nested = lines[at + 1..end].iter().take_while(|line| line.starts_with([' ', '-'])).count();
            lines.splice(at..=at + nested, [line.as_str()]);
        }
        None => lines.insert(end, &line),
    }
    lines.concat()
}
