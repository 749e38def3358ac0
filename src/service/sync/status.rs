//! What is known of a link at this moment, for whoever looks.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::incoming::{NOT_UTF_8, TASKS};
use super::link::Link;
use super::{At, ConflictLine, Mode, RemoteView, SkippedFile, SkippedFiles, SyncReport};
use crate::domain::ids::{Generation, ObjectName, UserId};
use crate::domain::lang::{Phrase, Sentence};
use crate::git::RemoteAddress;
use crate::service::error::ServiceError;
use crate::service::{Service, read};
use crate::store::{HeldFile, OutboxFile, OutboxLine, SyncFiles, THROUGH_GIT};

/// Commits that are remembered of each user for those who wait for them.
const COMMITS_MAX: usize = 256;

/// Conflicts that are remembered of each user for whoever looks; the history keeps what they were about.
const CONFLICTS_MAX: usize = 50;

/// Changes of the outbox that are counted; whoever has more is told this many.
const LINES_MAX: usize = 10_000;

/// What a link is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// There is none, or it is switched off.
    Off,
    #[default]
    Idle,
    Running,
    /// Until it tries again, after something went wrong.
    Waiting,
}

impl Activity {
    pub fn name(self) -> &'static str {
        match self {
            Activity::Off => "off",
            Activity::Idle => "idle",
            Activity::Running => "running",
            Activity::Waiting => "waiting",
        }
    }
}

/// What went wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncProblem {
    pub at: At,
    /// The stable word for it.
    pub code: &'static str,
    pub text: Sentence,
}

/// Something that happened and that somebody should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub at: At,
    pub text: Sentence,
}

/// Something that both sides had changed, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastConflict {
    pub at: At,
    /// The change that merged it, which an undo takes back.
    pub generation: Generation,
    /// A task's file, or one of the rules behind its folder.
    pub file: String,
    pub what: Sentence,
}

/// What a link shows of itself.
#[derive(Debug, Default)]
pub(super) struct Live {
    pub(super) activity: Activity,
    pub(super) head: Option<ObjectName>,
    pub(super) last_success: Option<At>,
    pub(super) problem: Option<SyncProblem>,
    pub(super) next_at: Option<At>,
    /// Rounds that failed since the last that did not.
    pub(super) failures: u32,
    /// What went wrong for one user alone.
    pub(super) of_user: HashMap<UserId, SyncProblem>,
    /// When the remote's history was last found to be another one than was merged before.
    pub(super) rewritten_at: BTreeMap<UserId, At>,
    /// What was pushed lately.
    pub(super) pushed: HashMap<UserId, Pushed>,
    /// What was in conflict lately, the earliest first.
    pub(super) conflicts: HashMap<UserId, VecDeque<PastConflict>>,
}

/// What of a user's was pushed lately.
#[derive(Debug, Default)]
pub(super) struct Pushed {
    /// Of changes up to this generation it is not remembered.
    from: Generation,
    /// Up to which generation, as which commit.
    commits: VecDeque<(Generation, ObjectName)>,
}

impl Pushed {
    /// The commit that a change is in: its own, or where it was merged with a later one, that one's.
    pub(super) fn commit_of(&self, generation: Generation) -> Option<ObjectName> {
        let is_in = |(until, _): &&(Generation, ObjectName)| *until >= generation && generation > self.from;
        self.commits.iter().find(is_in).map(|(_, commit)| *commit)
    }
}

impl Live {
    /// Remembers what was pushed of the changes after a generation.
    pub(super) fn note_pushed(&mut self, user: UserId, from: Generation, commits: Vec<(Generation, ObjectName)>) {
        let known = self.pushed.entry(user).or_insert_with(|| Pushed { from, ..Pushed::default() });
        known.commits.extend(commits);
        let surplus = known.commits.len().saturating_sub(COMMITS_MAX);
        if let Some((until, _)) = known.commits.drain(..surplus).next_back() {
            known.from = until;
        }
    }

    /// Remembers what was in conflict when a user's files were taken in.
    pub(super) fn note_conflicts(&mut self, user: UserId, at: At, report: &SyncReport) {
        let kept = self.conflicts.entry(user).or_default();
        let past = |line: &ConflictLine| PastConflict {
            at,
            generation: Generation(report.generation),
            file: line.file.clone(),
            what: line.what.clone(),
        };
        kept.extend(report.conflicts.iter().map(past));
        let surplus = kept.len().saturating_sub(CONFLICTS_MAX);
        kept.drain(..surplus);
    }
}

/// How a user stands with a remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncStatus {
    pub remote: Option<RemoteView>,
    pub activity: Activity,
    /// The remote's head, as it was last seen.
    pub head: Option<ObjectName>,
    /// The commit that was last merged.
    pub base: Option<ObjectName>,
    /// Actions that are not known to be in the remote and wait to be pushed.
    pub outbox: usize,
    /// Actions that are not known to be in the remote and stay here, because nothing is pushed.
    pub only_here: usize,
    pub outbox_since: Option<DateTime<Utc>>,
    pub last_success: Option<DateTime<Utc>>,
    pub problem: Option<SyncProblem>,
    pub next_at: Option<DateTime<Utc>>,
    /// Files of the remote that are not taken, and what is here under their names not pushed.
    pub held: SkippedFiles,
    /// How many of those were changed here, which waits until they are mended.
    pub held_back: usize,
    pub notices: Vec<Notice>,
    /// What was in conflict since the program started, the latest first and not without end.
    pub conflicts: Vec<PastConflict>,
}

const REWRITTEN: Phrase = Phrase {
    en: "The history of the repository was rewritten; what it had lost is put back from what is here.",
    de: "Der Verlauf des Repositorys wurde umgeschrieben; was darin verloren ging, wird von hier aus ergänzt.",
};

/// A reason as it is kept with a file: a line in each language.
pub(super) fn kept_reason(reason: &Sentence) -> String {
    format!("{}\n{}", reason.en.replace('\n', " "), reason.de.replace('\n', " "))
}

fn held_reason(held: &HeldFile) -> Sentence {
    let (en, de) = held.reason.split_once('\n').unwrap_or((&held.reason, &held.reason));
    Sentence { en: en.to_owned(), de: de.to_owned() }
}

/// Logs a failure: aloud if it is another one than was `known` before, for each try repeats it.
pub(super) fn log_failure(user: Option<&str>, address: &RemoteAddress, problem: &SyncProblem, known: Option<&str>) {
    let (code, text) = (problem.code, &problem.text.en);
    match known == Some(code) {
        true => tracing::debug!(user, code, "a sync with {address} failed again: {text}"),
        false => tracing::warn!(user, code, "a sync with {address} failed: {text}"),
    }
}

impl Service {
    /// Logs that a round failed, before that is shown.
    pub(super) fn tell_of_failure(&self, link: &Link, problem: &SyncProblem) {
        let known = link.live().problem.as_ref().map(|known| known.code);
        log_failure(self.owner_of(link).as_deref(), &link.remote.remote.address, problem, known);
    }

    /// Logs that rounds succeed again, where the one before failed, before that is shown.
    pub(super) fn tell_of_success(&self, link: &Link) {
        if link.live().problem.is_some() {
            let owner = self.owner_of(link);
            tracing::info!(user = owner.as_deref(), "the sync with {} works again", link.remote.remote.address);
        }
    }

    /// What is wrong with the sync, as the last rounds found: with a remote, or for one user alone.
    pub(in crate::service) fn sync_problems(&self) -> Vec<(Option<UserId>, SyncProblem)> {
        let mut problems = Vec::new();
        for link in self.links.all() {
            let live = link.live();
            problems.extend(live.problem.clone().map(|problem| (link.owner, problem)));
            problems.extend(live.of_user.iter().map(|(user, problem)| (Some(*user), problem.clone())));
        }
        problems
    }

    /// The name of the user whose own the remote is, as far as it can be read.
    fn owner_of(&self, link: &Link) -> Option<String> {
        let owner = self.store.get_user(link.owner?).ok()??;
        Some(owner.name.as_str().to_owned())
    }

    /// How the user stands with the remote.
    pub async fn sync_status(self: &Arc<Self>, user: UserId) -> Result<SyncStatus, ServiceError> {
        let link = self.links.whichever_of(user);
        let service = self.clone();
        read(move || service.status_of(link.as_deref(), user)).await
    }

    /// What is not taken, for whoever looks.
    fn held_of(&self, link: &Link, user: UserId, files: &SyncFiles) -> Result<SkippedFiles, ServiceError> {
        let held = files.held.iter().map(|(file, held)| SkippedFile::new(file.as_str(), held_reason(held)));
        let mut listed: Vec<SkippedFile> = held.collect();
        if files.unreadable_names > 0
            && let Some(user) = self.store.get_user(user)?
        {
            listed.push(SkippedFile::new(link.path(user.name.as_str(), TASKS) + "/", NOT_UTF_8));
        }
        Ok(SkippedFiles { listed, more: usize::try_from(files.held_more).unwrap_or(usize::MAX) })
    }

    fn status_of(&self, link: Option<&Link>, user: UserId) -> Result<SyncStatus, ServiceError> {
        let state = match link {
            Some(link) => self.state_of(link, user)?,
            None => None,
        };
        let files = self.files_of(user, state.as_ref())?;
        let lines = match &state {
            Some(state) => self.store.list_outbox(user, state.outbox_from, LINES_MAX)?,
            None => Vec::new(),
        };
        let is_own = |line: &&OutboxLine| line.through != THROUGH_GIT && line.file != OutboxFile::Settings;
        let own: Vec<_> = lines.iter().filter(is_own).collect();
        let actions: BTreeSet<Generation> = own.iter().map(|line| line.generation).collect();
        let differs = files.differing.iter().any(|file| !files.held.contains_key(file));
        let is_pushed = link.is_some_and(|link| link.remote.mode == Mode::Push);
        let missing_there = actions.len() + usize::from(differs && actions.is_empty());
        let is_on = link.is_some_and(|link| link.remote.mode != Mode::Off);
        let live = link.map(Link::live);
        let live = live.as_deref().filter(|_| is_on);
        let conflicts = live.and_then(|live| live.conflicts.get(&user)).into_iter().flatten().rev().cloned().collect();
        let rewritten_at = live.and_then(|live| live.rewritten_at.get(&user).copied());
        Ok(SyncStatus {
            remote: link.map(Link::view),
            activity: live.map_or(Activity::Off, |live| live.activity),
            head: live.and_then(|live| live.head).or(state.as_ref().and_then(|state| state.base)),
            base: state.as_ref().and_then(|state| state.base),
            outbox: if is_pushed { missing_there } else { 0 },
            only_here: if is_pushed { 0 } else { missing_there },
            outbox_since: own.first().filter(|_| is_pushed).map(|line| line.at),
            last_success: live.and_then(|live| live.last_success),
            problem: live.and_then(|live| live.problem.clone().or_else(|| live.of_user.get(&user).cloned())),
            next_at: live.and_then(|live| live.next_at),
            held: link.map(|link| self.held_of(link, user, &files)).transpose()?.unwrap_or_default(),
            held_back: files.held_back.len(),
            notices: rewritten_at.map(|at| Notice { at, text: REWRITTEN.into() }).into_iter().collect(),
            conflicts,
        })
    }
}
