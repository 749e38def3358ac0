//! From a snapshot to a finished answer: the rules are asked, the planner places, the view writes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest, Sha256};

use super::asker::Asker;
use super::folder::Folder;
use super::memo::Memo;
use super::planners::{Desk, Interrupted};
use super::rule_check::first_errors;
use super::rulebook::{RuleBook, RuleList};
use crate::domain::document;
use crate::domain::hex::hex;
use crate::domain::ids::{DocKey, FileName, Generation, TaskNumber, UserId, UserName};
use crate::domain::policy::{Policy, SlotSpec};
use crate::domain::problem::Problem;
use crate::domain::script::Script;
use crate::domain::task::Task;
use crate::domain::timeline::{InvalidDocument, Timeline};
use crate::planning::{Horizon, days_asked, needs_verdict, plan};
use crate::rules::RuleError;
use crate::store::hot::{Entry, Form};
use crate::store::{Change, Finished, Head, Incarnation, Reading, Settings, Snapshot, UserRules};
use crate::view::{Answer, RulesSource, RulesState, json};

/// What a snapshot became: the answer as a value and as the bytes that are served.
#[derive(Clone, Debug)]
pub struct Planned {
    pub answer: Answer,
    pub entry: Arc<Entry>,
    /// Whether a repetition would give the same. A plan whose rules were cut by the clock is shown, but not
    /// kept: a machine that was busy for a moment must not decide for longer.
    pub is_certain: bool,
}

/// Who is planned for: part of every entity tag.
#[derive(Clone, Copy)]
pub(super) struct Identity {
    pub(super) incarnation: Incarnation,
    pub(super) user: UserId,
}

/// The body of a task's document, for rules that read it.
pub(super) type BodyOf<'a> = dyn Fn(&DocKey) -> Option<Arc<str>> + 'a;

/// Plans a snapshot over the days that the user's timeline covers. `memo` spares questions to the rules.
pub(super) fn plan_snapshot(
    desk: &mut Desk,
    rules: &RuleBook,
    memo: &mut Memo,
    identity: Identity,
    snapshot: &Snapshot,
    now: DateTime<Utc>,
    body_of: &BodyOf<'_>,
) -> Planned {
    let horizon = Horizon::new(snapshot.settings.zone, now, snapshot.settings.days);
    let (answer, is_certain) = answer(desk, rules, memo, snapshot, horizon, body_of);
    let body = Bytes::from(json::timeline(&answer));
    let finished = Finished {
        generation: snapshot.head.generation,
        basis: rules.basis(),
        valid_from: answer.timeline.valid_from,
        valid_until: answer.timeline.valid_until,
        body,
    };
    Planned { entry: Arc::new(entry(identity, Form::Timeline, finished)), answer, is_certain }
}

/// Adds the entity tag to finished bytes.
///
/// The tag hashes what the answer is of, database, user, generation, basis, boundary and representation, so it tells a
/// stranger nothing and no two accounts share one; and the answer itself, because a repair of what is derived makes
/// another one of the same generation.
pub(super) fn entry(identity: Identity, form: Form, finished: Finished) -> Entry {
    let mut hash = Sha256::new();
    hash.update(identity.incarnation.0);
    hash.update(identity.user.0.to_be_bytes());
    hash.update(finished.generation.0.to_be_bytes());
    hash.update(finished.basis.0);
    hash.update(finished.valid_from.timestamp_millis().to_be_bytes());
    hash.update(finished.valid_until.timestamp_millis().to_be_bytes());
    hash.update(match form {
        Form::Timeline => &b"json"[..],
        // Counts what is written of the same plan in another way.
        Form::Calendar => b"ics 1",
    });
    hash.update(crc32fast::hash(&finished.body).to_be_bytes());
    Entry::new(form, finished, &tag(&hash.finalize()))
}

/// The first half of a hash in hexadecimal digits: what entity tags are made of.
pub(super) fn tag(hash: &[u8]) -> String {
    hex(&hash[..16])
}

/// What there is to plan, whichever rules are asked.
pub(super) struct Material {
    pub(super) tasks: Vec<Arc<Task>>,
    invalid: Vec<InvalidDocument>,
    /// Those whose slots are asked for.
    pub(super) days: BTreeSet<NaiveDate>,
    pub(super) horizon: Horizon,
}

impl Material {
    pub(super) fn of(snapshot: &Snapshot, horizon: Horizon) -> Material {
        let mut tasks = Vec::with_capacity(snapshot.tasks.len());
        let mut invalid = Vec::new();
        for (key, reading) in &snapshot.tasks {
            match reading {
                Ok(task) => tasks.push(task.clone()),
                Err(problem) => {
                    invalid.push(InvalidDocument { file: key.file.as_str().to_owned(), problem: problem.clone() });
                }
            }
        }
        let days = days_asked(&tasks, &horizon);
        Material { tasks, invalid, days, horizon }
    }

    /// What a list says of the days and of the tasks that it has to be asked about.
    pub(super) fn policy<'m>(
        &self,
        (fingerprint, asker): (&[u8; 32], &Asker),
        memo: &'m mut Memo,
        body_of: &BodyOf<'_>,
    ) -> Result<&'m Policy, RuleError> {
        let asked: Vec<&Arc<Task>> = self.tasks.iter().filter(|task| needs_verdict(task)).collect();
        memo.evaluate((fingerprint, asker), self.horizon.today(), &self.days, &asked, body_of)
    }

    fn plan_by(
        &self,
        asked: (&[u8; 32], &Asker),
        memo: &mut Memo,
        body_of: &BodyOf<'_>,
    ) -> Result<Timeline, RuleError> {
        Ok(self.plan(self.policy(asked, memo, body_of)?))
    }

    fn plan(&self, policy: &Policy) -> Timeline {
        plan(&self.tasks, self.invalid.clone(), policy, &self.horizon)
    }
}

/// Asks the rules and plans. Rules that fail are replaced by the next of the ladder, and the answer says so. The flag
/// is false when the clock cut a run, so that another time the answer may be another.
pub(super) fn answer(
    desk: &mut Desk,
    rules: &RuleBook,
    memo: &mut Memo,
    snapshot: &Snapshot,
    horizon: Horizon,
    body_of: &BodyOf<'_>,
) -> (Answer, bool) {
    let material = Material::of(snapshot, horizon);
    let asked = in_turn(rules, snapshot.rules.as_deref(), |list| {
        let asker = desk.asker(list)?;
        material.plan_by((&list.fingerprint, &asker), memo, body_of)
    });
    let timeline = asked.answer.unwrap_or_else(|| material.plan(&Policy::default()));
    (answer_of(snapshot, timeline, asked.rules), asked.is_certain)
}

/// What the first list of the ladder that does not fail gave.
pub(super) struct InTurn<T> {
    /// `None` where all of them failed.
    pub(super) answer: Option<T>,
    /// Which list it was, and why not the one that should apply.
    pub(super) rules: RulesState,
    /// Whether a repetition would give the same: nothing was cut by the clock.
    pub(super) is_certain: bool,
}

/// Asks the lists that stand in for each other until one does not fail.
pub(super) fn in_turn<T>(
    rules: &RuleBook,
    own: Option<&UserRules>,
    mut ask: impl FnMut(&RuleList) -> Result<T, RuleError>,
) -> InTurn<T> {
    let due = rules.due(own);
    let mut failed: Option<RuleError> = None;
    let mut is_certain = true;
    for list in rules.ladder(own) {
        let answered = list.and_then(|list| {
            let answer = ask(&list)?;
            Ok((answer, RulesState { name: list.name(), source: list.source, version: list.version, due, error: None }))
        });
        match answered {
            Ok((answer, state)) => {
                return InTurn { answer: Some(answer), rules: RulesState { error: failed, ..state }, is_certain };
            }
            Err(error) => {
                is_certain &= !error.timed_out;
                failed.get_or_insert(error);
            }
        }
    }
    let state = RulesState { name: String::new(), source: RulesSource::Builtin, version: None, due, error: failed };
    InTurn { answer: None, rules: state, is_certain: false }
}

fn answer_of(snapshot: &Snapshot, timeline: Timeline, rules: RulesState) -> Answer {
    Answer {
        user: snapshot.name.clone(),
        lang: snapshot.settings.lang,
        zone: snapshot.settings.zone,
        generation: snapshot.head.generation,
        committed_at: snapshot.head.committed_at,
        next_number: snapshot.head.next_number,
        rules,
        timeline,
    }
}

/// What is wrong with a list that is to become the user's: it has to compile, to answer the samples, to plan these
/// tasks, and to pass the tests that it brings.
pub(super) fn try_list(
    desk: &Desk,
    candidate: (&RuleList, &[Script]),
    snapshot: &Snapshot,
    now: DateTime<Utc>,
    body_of: &BodyOf<'_>,
) -> Vec<RuleError> {
    let horizon = Horizon::new(snapshot.settings.zone, now, snapshot.settings.days);
    trial(desk, candidate, &Material::of(snapshot, horizon), &mut Memo::default(), body_of)
}

/// As [`try_list`]; what the list answers about the tasks is in `memo` afterwards.
fn trial(
    desk: &Desk,
    (list, tests): (&RuleList, &[Script]),
    material: &Material,
    memo: &mut Memo,
    body_of: &BodyOf<'_>,
) -> Vec<RuleError> {
    let compile = |scripts: &[Script]| {
        let list = RuleList::new(scripts.to_vec(), list.source);
        desk.asker_of_candidate(&list).map(|asker| (list.fingerprint, asker))
    };
    let ask = |(fingerprint, asker): ([u8; 32], Rc<Asker>)| {
        asker.check()?;
        material.policy((&fingerprint, &asker), memo, body_of).map(drop)
    };
    let errors = first_errors(&list.scripts, compile, ask);
    if errors.is_empty() && !tests.is_empty() { desk.failures_of(list, tests) } else { errors }
}

/// The plan that a list would make if it were the user's.
///
/// # Errors
/// What keeps it from that, as [`try_list`] says it.
pub(super) fn plan_candidate(
    desk: &Desk,
    (list, tests): (&RuleList, &[Script]),
    snapshot: &Snapshot,
    now: DateTime<Utc>,
    body_of: &BodyOf<'_>,
) -> Result<Answer, Vec<RuleError>> {
    let horizon = Horizon::new(snapshot.settings.zone, now, snapshot.settings.days);
    let (material, mut memo) = (Material::of(snapshot, horizon), Memo::default());
    let errors = trial(desk, (list, tests), &material, &mut memo, body_of);
    if !errors.is_empty() {
        return Err(errors);
    }
    // The trial asked about everything.
    let planned = desk
        .asker_of_candidate(list)
        .and_then(|asker| material.plan_by((&list.fingerprint, &asker), &mut memo, body_of));
    let timeline = planned.map_err(|error| vec![error])?;
    let (name, source) = (list.name(), list.source);
    let state = RulesState { name, source, version: None, due: source, error: None };
    Ok(answer_of(snapshot, timeline, state))
}

/// The slots that the user's rules give a day, for checking a slot that somebody names; those of the next list of the
/// ladder when they fail, as in planning.
pub(super) fn slots_of_day(
    desk: &mut Desk,
    rules: &RuleBook,
    snapshot: &Snapshot,
    day: NaiveDate,
    today: NaiveDate,
) -> Result<Arc<[SlotSpec]>, Interrupted> {
    ask_in_turn(desk, rules, snapshot, |asker| asker.slots(day, today))
}

/// The categories that the user's rules know.
pub(super) fn categories(desk: &mut Desk, rules: &RuleBook, snapshot: &Snapshot) -> Result<Vec<String>, Interrupted> {
    ask_in_turn(desk, rules, snapshot, Asker::categories)
}

/// Asks the lists in turn until one answers. Rules that were cut by the clock give no answer at all: what is checked
/// by the wrong rules would be refused or taken wrongly.
fn ask_in_turn<T>(
    desk: &mut Desk,
    rules: &RuleBook,
    snapshot: &Snapshot,
    ask: impl Fn(&Asker) -> Result<T, RuleError>,
) -> Result<T, Interrupted> {
    for list in rules.ladder(snapshot.rules.as_deref()) {
        match list.and_then(|list| desk.asker(&list)).and_then(|asker| ask(&asker)) {
            Ok(answer) => return Ok(answer),
            Err(error) if error.timed_out => return Err(Interrupted),
            Err(_) => {}
        }
    }
    Err(Interrupted)
}

/// Plans a folder of task files without a server and without a database.
pub fn plan_folder(
    folder: &Folder,
    rules: &RuleBook,
    user: UserName,
    settings: Settings,
    now: DateTime<Utc>,
) -> Answer {
    let (snapshot, bodies) = snapshot_of(folder, user, settings, now);
    let body_of = |key: &DocKey| bodies.get(key).and_then(|raw| document::body(raw)).map(Arc::from);
    answer(
        &mut Desk::default(),
        rules,
        &mut Memo::default(),
        &snapshot,
        Horizon::new(settings.zone, now, settings.days),
        &body_of,
    )
    .0
}

/// A folder of task files as the state of a user, and the files' bytes.
pub(super) fn snapshot_of(
    folder: &Folder,
    user: UserName,
    settings: Settings,
    now: DateTime<Utc>,
) -> (Snapshot, HashMap<DocKey, &[u8]>) {
    let mut tasks = BTreeMap::new();
    let mut bodies = HashMap::new();
    for (name, raw) in &folder.files {
        let Some(file) = FileName::parse(name) else { continue };
        let key = DocKey::of(file);
        if let Some(reading) = read(&key, raw) {
            bodies.insert(key.clone(), raw.as_slice());
            tasks.insert(key, reading);
        }
    }
    let next_number = next_number(tasks.keys());
    let head = Head { generation: Generation(0), committed_at: now, next_number };
    (Snapshot { name: user, head, settings, tasks, rules: None, is_durable: true }, bodies)
}

/// A document as planning keeps it; `None` for a file that is no task and does not say so either.
pub(super) fn read(key: &DocKey, raw: &[u8]) -> Option<Reading> {
    match document::read(&key.file, raw) {
        document::Outcome::Task(task) => Some(Ok(Arc::from(task))),
        document::Outcome::Invalid(problem) => Some(Err::<Arc<Task>, Problem>(problem)),
        document::Outcome::NotATask => None,
    }
}

/// The next number once these documents are there: it goes up and never down.
pub(super) fn next_number_after(known: Option<TaskNumber>, changes: &[Change]) -> Option<TaskNumber> {
    let put = changes.iter().filter_map(|change| match change {
        Change::PutDocument { key, .. } => Some(key),
        Change::RemoveDocument { .. }
        | Change::PutSettings { .. }
        | Change::PutRules { .. }
        | Change::Merged { .. } => None,
    });
    Some(next_number(put)?.max(known?))
}

/// The number after the highest of these; the first one when there are none.
pub(super) fn next_number<'k>(keys: impl Iterator<Item = &'k DocKey>) -> Option<TaskNumber> {
    keys.filter_map(|key| key.number).max().map_or(Some(TaskNumber::FIRST), TaskNumber::next)
}
