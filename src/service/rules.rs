//! The rules of one's own: a list is taken only when it compiles, answers the samples, plans the tasks there are, and
//! passes the tests that it brings.

mod about;
pub mod files;
mod list;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::change::{Decision, Plan, Situation};
use super::error::{Refusal, ServiceError, repeatable};
use super::idempotency::IdempotencyKey;
use super::planners::Desk;
use super::rulebook::{RuleList, library_scripts};
use super::tasks::Expectation;
use super::{Service, read};
use crate::domain::ids::{Generation, UserId};
use crate::domain::script::{About, RuleEntry, Script};
use crate::store::{Change, Entries, Origin, UserRules};
use crate::view::RulesSource;

pub(super) use self::about::KnownAbouts;
pub(super) use self::list::{OPTIONS_MAX, entries as checked_entries};
pub use self::list::{RuleFields, is_name};
pub use crate::rules::{Outcome, RuleError};
pub use crate::store::RulesVersion;

/// Characters of a wrong version's number that an error repeats.
const REPEATED_CHARS_MAX: usize = 40;

/// The rules that apply to a user.
#[derive(Clone, Debug)]
pub struct Rules {
    pub source: RulesSource,
    pub entries: Entries,
    /// The version of the user's own; `None` for those of others.
    pub version: Option<Generation>,
    /// Why others stand in for them at present.
    pub error: Option<RuleError>,
    /// What the scripts say of themselves, in their order; nothing of one that cannot be asked.
    pub about: Arc<[Option<About>]>,
    /// The entity tag of the user's own.
    pub etag: String,
}

/// The user has these rules now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruled {
    /// The generation that the change made, or that it found when nothing had to change.
    pub generation: u64,
    /// The version of the user's own rules; `None` when there are none.
    pub version: Option<u64>,
    /// Whether this is the answer to an earlier request with the same `Idempotency-Key`.
    #[serde(default)]
    pub reused: bool,
}

/// What came of the tests of a script.
#[derive(Clone, Debug)]
pub enum TestRun {
    /// They could not be begun, and why.
    Refused(RuleError),
    /// Each in the order in which they are written; none where the script brings none.
    Ran(Vec<Outcome>),
}

impl TestRun {
    pub fn failures(&self) -> impl Iterator<Item = &RuleError> {
        let (refused, ran) = match self {
            TestRun::Refused(error) => (Some(error), &[][..]),
            TestRun::Ran(outcomes) => (None, outcomes.as_slice()),
        };
        refused.into_iter().chain(ran.iter().filter_map(|outcome| outcome.failure.as_ref()))
    }
}

/// A change of the rules that somebody asks for.
#[derive(Debug)]
pub struct RulesRequest {
    pub user: UserId,
    pub origin: Origin,
    /// What the client says it read.
    pub expected: Option<Expectation>,
    pub key: Option<IdempotencyKey>,
}

impl Service {
    /// The rules that apply to the user, and whether they work with the tasks there are.
    pub async fn rules(self: &Arc<Self>, user: UserId) -> Result<Rules, ServiceError> {
        let view = self.views.get(user);
        let _turn = view.lock().await;
        let service = self.clone();
        let job = move |desk: &mut Desk| {
            let snapshot = service.require_snapshot(user)?;
            let book = service.rules.book();
            let error = service.plan((&mut *desk, &book), user, &snapshot, service.clock.now()).answer.rules.error;
            let etag = rules_tag(snapshot.rules.as_deref());
            Ok(match &snapshot.rules {
                Some(own) => Rules {
                    source: RulesSource::User,
                    entries: own.entries.clone(),
                    version: Some(own.version),
                    error,
                    about: match RuleList::of_user(&own.entries) {
                        Ok(list) => desk.about(&list),
                        Err(_) => own.entries.iter().map(|_| None).collect(),
                    },
                    etag,
                },
                None => {
                    let list = book.of_server();
                    let (entries, about) = (list.as_entries(), desk.about(list));
                    Rules { source: list.source, entries, version: None, error, about, etag }
                }
            })
        };
        self.planners.run(user, job).await?
    }

    /// What the ready rules say of themselves, which come with the program.
    pub async fn ready_rules(self: &Arc<Self>, user: UserId) -> Result<Vec<About>, ServiceError> {
        let job = |desk: &mut Desk| {
            let list = RuleList::new(library_scripts(), RulesSource::Builtin);
            desk.about(&list).iter().flatten().cloned().collect()
        };
        Ok(self.planners.run(user, job).await?)
    }

    /// What keeps a list from being the user's; nothing when it could be.
    ///
    /// # Errors
    /// The request is malformed, or the clock cut the trial, which says nothing of the list.
    pub async fn check_rules(
        self: &Arc<Self>,
        user: UserId,
        fields: Vec<RuleFields>,
    ) -> Result<Vec<RuleError>, ServiceError> {
        let entries = list::entries(fields)?;
        let view = self.views.get(user);
        let _turn = view.lock().await;
        let service = self.clone();
        let job = move |desk: &mut Desk| {
            let snapshot = service.require_snapshot(user)?;
            tried(&entries, |list, tests| service.try_rules(desk, user, &snapshot, (list, tests)))
        };
        self.planners.run(user, job).await?
    }

    /// Runs the tests of one script of a list, each of them to its end.
    ///
    /// # Errors
    /// The request is malformed, or the clock cut a test, which says nothing of it.
    pub async fn test_rules(
        self: &Arc<Self>,
        user: UserId,
        fields: Vec<RuleFields>,
        script: String,
    ) -> Result<TestRun, ServiceError> {
        let entries = list::entries(fields)?;
        let view = self.views.get(user);
        let _turn = view.lock().await;
        self.planners.run(user, move |desk| test_run(desk, &entries, &script)).await?
    }

    /// Gives the user this list. The same one again changes nothing.
    ///
    /// # Errors
    /// [`Refusal::RulesRefused`] with what is wrong; nothing is changed then.
    pub async fn set_rules(
        self: &Arc<Self>,
        request: RulesRequest,
        fields: Vec<RuleFields>,
    ) -> Result<Ruled, ServiceError> {
        let entries = list::entries(fields)?;
        self.change_rules(request, "rules", move |_| Ok(Some(entries.clone()))).await
    }

    /// Takes the user's own rules away: the server's apply again.
    pub async fn remove_rules(self: &Arc<Self>, request: RulesRequest) -> Result<Ruled, ServiceError> {
        self.change_rules(request, "remove_rules", |_| Ok(None)).await
    }

    /// Gives the user a version of before, by a new one.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRulesVersion`], and those of [`Service::set_rules`].
    pub async fn restore_rules(
        self: &Arc<Self>,
        request: RulesRequest,
        version: String,
    ) -> Result<Ruled, ServiceError> {
        let wanted = move |situation: &Situation<'_>| {
            let number = version.parse().ok();
            let found = number.map(|number| situation.rules_version(number)).transpose()?.flatten();
            Ok(required(found, &version)?.entries)
        };
        self.change_rules(request, "restore_rules", wanted).await
    }

    /// The versions of the user's rules that are kept, the latest first.
    pub async fn rules_versions(self: &Arc<Self>, user: UserId) -> Result<Vec<RulesVersion>, ServiceError> {
        let service = self.clone();
        read(move || Ok(service.store.list_rules(user)?)).await
    }

    /// One version of the user's rules, to be looked at.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRulesVersion`].
    pub async fn rules_version(self: &Arc<Self>, user: UserId, version: String) -> Result<RulesVersion, ServiceError> {
        let service = self.clone();
        let look = move || match version.parse() {
            Ok(number) => required(service.store.get_rules_version(user, number)?, &version),
            Err(_) => required(None, &version),
        };
        read(look).await
    }

    async fn change_rules<W>(
        self: &Arc<Self>,
        request: RulesRequest,
        verb: &'static str,
        wanted: W,
    ) -> Result<Ruled, ServiceError>
    where
        W: Fn(&Situation<'_>) -> Result<Option<Entries>, ServiceError> + Send + Sync + 'static,
    {
        let RulesRequest { user, origin, expected, key } = request;
        let decide = move |situation: &mut Situation<'_>| {
            let present = situation.snapshot.rules.as_deref();
            if expected.as_ref().is_some_and(|expected| !expected.admits_tag(&rules_tag(present))) {
                return Err(Refusal::Changed { file: "rules".to_owned() }.into());
            }
            let entries = wanted(situation)?;
            if present.map(|present| &present.entries) == entries.as_ref() {
                require_working(situation, entries.as_ref())?;
                let present = situation.snapshot.rules.as_deref();
                let (generation, version) = (situation.snapshot.head.generation, present.map(|rules| rules.version));
                return Ok(Decision::Keep(ruled(generation, version)));
            }
            let has_rules = entries.is_some();
            Ok(Decision::Change(Plan {
                changes: vec![change(situation, entries, verb)?],
                next_number: None,
                with_timeline: true,
                sync: None,
                brought: None,
                answer: Box::new(move |generation, _| ruled(generation, has_rules.then_some(generation))),
            }))
        };
        let (ruled, reused) = self.change_once(user, origin, key, decide).await?;
        Ok(Ruled { reused, ..ruled })
    }
}

fn test_run(desk: &Desk, entries: &[RuleEntry], script: &str) -> Result<TestRun, ServiceError> {
    let mut tests = tests_of(entries);
    tests.retain(|tests| tests.name == script);
    let compiled = RuleList::of_user(entries).and_then(|list| desk.asker_of_candidate(&list).map(|_| list));
    let tested = compiled.and_then(|list| desk.outcomes_of(&list, &tests));
    let ran = match tested.and_then(|tested| tested.into_iter().next().unwrap_or(Ok(Vec::new()))) {
        Ok(outcomes) => TestRun::Ran(outcomes),
        Err(error) => TestRun::Refused(error),
    };
    let cut = ran.failures().find(|error| error.timed_out).cloned();
    match cut {
        Some(cut) => Err(ServiceError::TrialCut(cut)),
        None => Ok(ran),
    }
}

fn required(found: Option<RulesVersion>, version: &str) -> Result<RulesVersion, ServiceError> {
    let missing = || Refusal::NoSuchRulesVersion { version: repeatable(version, REPEATED_CHARS_MAX) };
    Ok(found.ok_or_else(missing)?)
}

fn ruled(generation: Generation, version: Option<Generation>) -> Ruled {
    Ruled { generation: generation.0, version: version.map(|version| version.0), reused: false }
}

/// The entity tag of the rules of one's own: of the version, which is never given again.
fn rules_tag(rules: Option<&UserRules>) -> String {
    rules.map_or("\"none\"".to_owned(), |rules| format!("\"{}\"", rules.version))
}

/// The tests that the scripts of a list bring, named as these.
pub(super) fn tests_of(entries: &[RuleEntry]) -> Vec<Script> {
    let tests = |entry: &RuleEntry| entry.tests().map(|tests| Script::new(entry.name(), tests));
    entries.iter().filter_map(tests).collect()
}

/// What a trial says of a list; nothing of one that can be taken.
///
/// # Errors
/// [`ServiceError::TrialCut`]: a trial that was cut is no judgement.
pub(super) fn tried(
    entries: &[RuleEntry],
    trial: impl FnOnce(&RuleList, &[Script]) -> Vec<RuleError>,
) -> Result<Vec<RuleError>, ServiceError> {
    let errors = RuleList::of_user(entries).map_or_else(|error| vec![error], |list| trial(&list, &tests_of(entries)));
    match errors.iter().find(|error| error.timed_out) {
        Some(cut) => Err(ServiceError::TrialCut(cut.clone())),
        None => Ok(errors),
    }
}

/// A list that is the user's already is not changed by setting it, but whoever sets it is to know when it fails.
///
/// # Errors
/// Those of [`change`].
fn require_working(situation: &mut Situation<'_>, entries: Option<&Entries>) -> Result<(), ServiceError> {
    let Some(entries) = entries else { return Ok(()) };
    match situation.plan().answer.rules.error {
        Some(_) => require_accepted(situation, entries),
        None => Ok(()),
    }
}

fn require_accepted(situation: &mut Situation<'_>, entries: &Entries) -> Result<(), ServiceError> {
    let errors = tried(entries, |list, tests| situation.try_rules(list, tests))?;
    if errors.is_empty() { Ok(()) } else { Err(Refusal::RulesRefused { errors }.into()) }
}

/// The change after which the user has this list, or none.
///
/// # Errors
/// [`Refusal::RulesRefused`]; [`ServiceError::TrialCut`].
pub(super) fn change(
    situation: &mut Situation<'_>,
    entries: Option<Entries>,
    verb: &'static str,
) -> Result<Change, ServiceError> {
    if let Some(entries) = &entries {
        require_accepted(situation, entries)?;
    }
    Ok(Change::PutRules { entries, verb: verb.into() })
}

impl RuleList {
    /// The list as a user could set it.
    fn as_entries(&self) -> Entries {
        let entry = |script: &Script| match self.source {
            RulesSource::Builtin => RuleEntry::Library { name: script.name.clone(), options: script.options.clone() },
            RulesSource::Server | RulesSource::User => RuleEntry::Own { script: script.clone(), tests: None },
        };
        self.scripts.iter().map(entry).collect()
    }
}
