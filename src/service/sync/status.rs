//! What is known of a link at this moment, for whoever looks.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::link::Link;
use super::{At, Mode, RemoteView, SkippedFile};
use crate::domain::ids::{Generation, ObjectName, UserId};
use crate::domain::lang::{Phrase, Sentence};
use crate::service::error::ServiceError;
use crate::service::{Service, read};
use crate::store::{HeldFile, OutboxFile, OutboxLine, SyncState, THROUGH_GIT};

/// Commits that are remembered of each user for those who wait for them.
const COMMITS_MAX: usize = 256;

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
    /// What was pushed lately: up to which generation, as which commit.
    pub(super) pushed: HashMap<UserId, VecDeque<(Generation, ObjectName)>>,
}

impl Live {
    pub(super) fn note_pushed(&mut self, user: UserId, commits: impl IntoIterator<Item = (Generation, ObjectName)>) {
        let kept = self.pushed.entry(user).or_default();
        kept.extend(commits);
        let surplus = kept.len().saturating_sub(COMMITS_MAX);
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
    /// Actions that are not known to be in the remote.
    pub outbox: usize,
    pub outbox_since: Option<DateTime<Utc>>,
    pub last_success: Option<DateTime<Utc>>,
    pub problem: Option<SyncProblem>,
    pub next_at: Option<DateTime<Utc>>,
    /// Files of the remote that are not taken, and what is here under their names not pushed.
    pub held: Vec<SkippedFile>,
    pub notices: Vec<Notice>,
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

impl Service {
    /// How the user stands with the remote.
    pub async fn sync_status(self: &Arc<Self>, user: UserId) -> Result<SyncStatus, ServiceError> {
        let link = self.links.whichever_of(user);
        let service = self.clone();
        read(move || service.status_of(link.as_deref(), user)).await
    }

    fn status_of(&self, link: Option<&Link>, user: UserId) -> Result<SyncStatus, ServiceError> {
        let state = match link {
            Some(link) => self.store.sync_state(user)?.filter(|state| state.remote == link.key),
            None => None,
        };
        let lines = match &state {
            Some(state) => self.store.list_outbox(user, state.outbox_from, LINES_MAX)?,
            None => Vec::new(),
        };
        let is_own = |line: &&OutboxLine| line.through != THROUGH_GIT && line.file != OutboxFile::Settings;
        let own: Vec<_> = lines.iter().filter(is_own).collect();
        let actions: BTreeSet<Generation> = own.iter().map(|line| line.generation).collect();
        let is_unheld = |state: &SyncState| state.differing.iter().any(|file| !state.held.contains_key(file));
        let differs = state.as_ref().is_some_and(is_unheld);
        let held = state.iter().flat_map(|state| &state.held);
        let held = held.map(|(file, held)| SkippedFile::new(file.as_str(), held_reason(held)));
        let held = held.collect();
        let is_on = link.is_some_and(|link| link.remote.mode != Mode::Off);
        let live = link.map(Link::live);
        let live = live.as_deref().filter(|_| is_on);
        let rewritten_at = live.and_then(|live| live.rewritten_at.get(&user).copied());
        Ok(SyncStatus {
            remote: link.map(Link::view),
            activity: live.map_or(Activity::Off, |live| live.activity),
            head: live.and_then(|live| live.head),
            base: state.as_ref().and_then(|state| state.base),
            outbox: actions.len() + usize::from(differs && actions.is_empty()),
            outbox_since: own.first().map(|line| line.at),
            last_success: live.and_then(|live| live.last_success),
            problem: live.and_then(|live| live.problem.clone().or_else(|| live.of_user.get(&user).cloned())),
            next_at: live.and_then(|live| live.next_at),
            held,
            notices: rewritten_at.map(|at| Notice { at, text: REWRITTEN.into() }).into_iter().collect(),
        })
    }
}
