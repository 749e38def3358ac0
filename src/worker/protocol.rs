//! What server and worker say to each other: frames of MessagePack, a length before each.
//!
//! The types are those of the wire, apart from the domain's. Answers name days and tasks by their place among the
//! question's, so a worker cannot speak of any other; `answer.rs` reads them as if they came from the network.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Read};
use std::sync::Arc;

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use serde::{Deserialize, Serialize};

use crate::domain::days::NamedDays;
use crate::domain::ids::{DocKey, FileName};
use crate::domain::policy::{Constraint, Policy, SlotSpec, Verdict, Weekdays};
use crate::domain::script::{OptionValue, Script};
use crate::domain::task::{SlotRef, Status, Task};
use crate::rules::{Outcome, Question, Questions, RuleError};

mod about;
mod answer;

pub(super) use about::{AboutSaid, about, about_said};
pub(super) use answer::{categories, error, place, policy, tested};

/// The largest question: some thousands of tasks, with the bodies if they are read.
pub(super) const QUESTION_BYTES_MAX: usize = 32 << 20;
/// The largest answer.
pub(super) const ANSWER_BYTES_MAX: usize = 16 << 20;

/// All days of the week, as the bits of [`ConstraintSaid`] number them.
const WEEK: [chrono::Weekday; 7] = {
    use chrono::Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    [Mon, Tue, Wed, Thu, Fri, Sat, Sun]
};

#[derive(Serialize, Deserialize)]
pub(super) struct Asked<'a> {
    #[serde(with = "serde_bytes")]
    pub(super) fingerprint: [u8; 32],
    /// The list, for a worker that does not have it.
    #[serde(borrow)]
    pub(super) scripts: Option<Vec<ScriptAsked<'a>>>,
    /// Whether to say before each call which function is called, so that it is known where a worker ended.
    pub(super) watched: bool,
    #[serde(borrow)]
    pub(super) question: QuestionAsked<'a>,
}

#[derive(Serialize, Deserialize)]
pub(super) enum QuestionAsked<'a> {
    Compile,
    Check,
    Categories,
    About,
    #[serde(borrow)]
    Evaluate(EvaluateAsked<'a>),
    #[serde(borrow)]
    Test(TestAsked<'a>),
}

#[derive(Serialize, Deserialize)]
pub(super) struct ScriptAsked<'a>(&'a str, &'a str, #[serde(borrow)] Vec<(&'a str, OptionAsked<'a>)>);

/// The list as tests see it, and the tests by the names of their scripts.
#[derive(Serialize, Deserialize)]
pub(super) struct TestAsked<'a> {
    #[serde(borrow)]
    scripts: Vec<ScriptAsked<'a>>,
    #[serde(borrow)]
    tests: Vec<ScriptAsked<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(super) enum OptionAsked<'a> {
    Flag(bool),
    Number(i64),
    Text(&'a str),
}

/// Days are counted as chrono counts them from the year 1 on.
#[derive(Serialize, Deserialize)]
pub(super) struct EvaluateAsked<'a> {
    today: i32,
    days: Vec<i32>,
    #[serde(borrow)]
    tasks: Vec<TaskAsked<'a>>,
}

#[derive(Serialize, Deserialize)]
struct TaskAsked<'a> {
    file: &'a str,
    title: &'a str,
    kategorie: &'a str,
    status: u8,
    #[serde(borrow)]
    tags: Vec<&'a str>,
    deadline: Option<i32>,
    #[serde(borrow)]
    fixed_slot: Option<SlotAsked<'a>>,
    #[serde(borrow)]
    abgeschlossen_am: Option<SlotAsked<'a>>,
    #[serde(borrow)]
    body: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
struct SlotAsked<'a>(Option<i32>, #[serde(borrow)] Option<&'a str>);

/// What a worker says. An answer is the last thing that it says to a question.
#[derive(Serialize, Deserialize)]
pub(super) enum Said {
    /// First of all: it has limited itself.
    Ready,
    /// Before a call, to a question that is watched.
    At(PlaceSaid),
    /// It does not have the list.
    NotKept,
    Compiled {
        reads_bodies: bool,
    },
    Passed,
    Categories(Vec<String>),
    About(Vec<AboutSaid>),
    Tested(Vec<TestedSaid>),
    Policy(PolicySaid),
    Failed(FailureSaid),
}

#[derive(Serialize, Deserialize)]
pub(super) struct PlaceSaid {
    pub(super) script: String,
    pub(super) function: String,
    pub(super) place: Option<(u32, u32)>,
}

/// What came of the tests of one script: each with why it failed, if it did; or why they could not be begun.
#[derive(Serialize, Deserialize)]
pub(super) enum TestedSaid {
    Ran(Vec<(String, Option<FailureSaid>)>),
    Failed(FailureSaid),
}

#[derive(Serialize, Deserialize)]
pub(super) struct FailureSaid {
    script: String,
    function: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
    message: String,
    timed_out: bool,
    /// The place of the task among those asked about.
    task: Option<u32>,
}

/// Most days have the same slots, and most tasks a verdict that others have as well: each is said once.
#[derive(Serialize, Deserialize)]
pub(super) struct PolicySaid {
    slots: Vec<Vec<SlotSaid>>,
    verdicts: Vec<VerdictSaid>,
    /// For each day asked about, which of the slots.
    of_days: Vec<u32>,
    /// For each task asked about, which of the verdicts.
    of_tasks: Vec<u32>,
}

/// Name, begin, end and cutoff in seconds of the day, whether tasks are put there by themselves.
#[derive(Serialize, Deserialize)]
struct SlotSaid(String, u32, u32, u32, bool);

#[derive(Serialize, Deserialize)]
enum VerdictSaid {
    Allowed(ConstraintSaid),
    Never(String),
}

#[derive(Serialize, Deserialize)]
struct ConstraintSaid {
    weekdays: u8,
    also: DaysSaid,
    except: DaysSaid,
    zeiten: Option<Vec<String>>,
    not_zeiten: Vec<String>,
    from: Option<i32>,
    up_to: Option<i32>,
    ahead: u32,
    because: Option<String>,
}

/// The bits of days of the week, and the first and last day of each stretch.
#[derive(Serialize, Deserialize)]
struct DaysSaid(u8, Vec<(i32, i32)>);

/// A message with its length before it.
pub(super) fn frame<T: Serialize>(message: &T) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    // Writing plain values into a Vec has nothing that could fail.
    let _ = message.serialize(&mut rmp_serde::Serializer::new(&mut bytes));
    let length = u32::try_from(bytes.len() - 4).unwrap_or(u32::MAX);
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}

/// Reads a frame whole.
pub(super) fn read_frame(input: &mut impl Read, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > bytes_max {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the message is too large"));
    }
    let mut bytes = vec![0; length];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// `None` for what is no such message.
pub(super) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    rmp_serde::from_slice(bytes).ok()
}

impl<'a> ScriptAsked<'a> {
    pub(super) fn of(script: &'a Script) -> ScriptAsked<'a> {
        let option = |(name, value): (&'a String, &'a OptionValue)| {
            let value = match value {
                OptionValue::Flag(flag) => OptionAsked::Flag(*flag),
                OptionValue::Number(number) => OptionAsked::Number(*number),
                OptionValue::Text(text) => OptionAsked::Text(text),
            };
            (name.as_str(), value)
        };
        ScriptAsked(&script.name, &script.source, script.options.iter().map(option).collect())
    }

    pub(super) fn to_script(&self) -> Script {
        let option = |(name, value): &(&str, OptionAsked<'_>)| {
            let value = match value {
                OptionAsked::Flag(flag) => OptionValue::Flag(*flag),
                OptionAsked::Number(number) => OptionValue::Number(*number),
                OptionAsked::Text(text) => OptionValue::Text((*text).to_owned()),
            };
            ((*name).to_owned(), value)
        };
        Script { options: self.2.iter().map(option).collect(), ..Script::new(self.0, self.1) }
    }
}

impl<'a> TestAsked<'a> {
    pub(super) fn of(scripts: &'a [Script], tests: &'a [Script]) -> TestAsked<'a> {
        TestAsked {
            scripts: scripts.iter().map(ScriptAsked::of).collect(),
            tests: tests.iter().map(ScriptAsked::of).collect(),
        }
    }

    pub(super) fn read(&self) -> (Vec<Script>, Vec<Script>) {
        let [scripts, tests] = [&self.scripts, &self.tests];
        (scripts.iter().map(ScriptAsked::to_script).collect(), tests.iter().map(ScriptAsked::to_script).collect())
    }
}

impl<'a> EvaluateAsked<'a> {
    pub(super) fn of(questions: &'a Questions<'a>) -> EvaluateAsked<'a> {
        EvaluateAsked {
            today: questions.today.num_days_from_ce(),
            days: questions.days.iter().map(Datelike::num_days_from_ce).collect(),
            tasks: questions.tasks.iter().map(TaskAsked::of).collect(),
        }
    }

    /// The question as the rules are asked it; `None` when it is none.
    pub(super) fn read(&self) -> Option<EvaluateRead> {
        Some(EvaluateRead {
            today: date(self.today)?,
            days: self.days.iter().copied().map(date).collect::<Option<_>>()?,
            tasks: self.tasks.iter().map(TaskAsked::read).collect::<Option<_>>()?,
        })
    }
}

/// A question to [`crate::rules`], as it came over the wire.
pub(super) struct EvaluateRead {
    today: NaiveDate,
    days: BTreeSet<NaiveDate>,
    pub(super) tasks: Vec<Question>,
}

impl EvaluateRead {
    pub(super) fn questions(&self) -> Questions<'_> {
        Questions { today: self.today, days: &self.days, tasks: &self.tasks }
    }
}

impl<'a> TaskAsked<'a> {
    fn of(question: &'a Question) -> TaskAsked<'a> {
        let slot = |slot: &'a SlotRef| SlotAsked(slot.datum.map(|day| day.num_days_from_ce()), slot.zeit.as_deref());
        let task = &*question.task;
        TaskAsked {
            file: task.file().as_str(),
            title: &task.title,
            kategorie: &task.kategorie,
            status: Status::ALL
                .iter()
                .zip(0..)
                .find_map(|(status, at)| (*status == task.status).then_some(at))
                .unwrap_or(0),
            tags: task.tags.iter().map(String::as_str).collect(),
            deadline: task.deadline.map(|day| day.num_days_from_ce()),
            fixed_slot: task.fixed_slot.as_ref().map(slot),
            abgeschlossen_am: task.abgeschlossen_am.as_ref().map(slot),
            body: question.body.as_deref(),
        }
    }

    fn read(&self) -> Option<Question> {
        let slot = |slot: &SlotAsked<'_>| SlotRef { datum: slot.0.and_then(date), zeit: slot.1.map(str::to_owned) };
        let task = Task {
            key: DocKey::of(FileName::parse(self.file)?),
            title: self.title.to_owned(),
            kategorie: self.kategorie.to_owned(),
            status: *Status::ALL.get(usize::from(self.status))?,
            tags: self.tags.iter().map(|tag| (*tag).to_owned()).collect(),
            deadline: self.deadline.and_then(date),
            fixed_slot: self.fixed_slot.as_ref().map(slot),
            abgeschlossen_am: self.abgeschlossen_am.as_ref().map(slot),
        };
        Some(Question { task: Arc::new(task), body: self.body.map(Arc::from) })
    }
}

impl Said {
    pub(super) fn at(script: &str, function: &str, place: Option<(u32, u32)>) -> Said {
        Said::At(PlaceSaid { script: script.to_owned(), function: function.to_owned(), place })
    }
}

/// An error, with the place of its task among those asked about.
pub(super) fn failure(error: &RuleError, tasks: &[Question]) -> FailureSaid {
    let at = error.task.as_ref().and_then(|key| tasks.iter().position(|question| question.task.key == **key));
    FailureSaid {
        script: error.script.clone(),
        function: error.function.clone(),
        line: error.line,
        column: error.column,
        message: error.message.clone(),
        timed_out: error.timed_out,
        task: at.and_then(|at| u32::try_from(at).ok()),
    }
}

/// What came of the tests of one script.
pub(super) fn tested_said(tested: Result<Vec<Outcome>, RuleError>) -> TestedSaid {
    match tested {
        Ok(outcomes) => TestedSaid::Ran(
            outcomes
                .into_iter()
                .map(|Outcome { test, failure: why }| (test, why.map(|error| failure(&error, &[]))))
                .collect(),
        ),
        Err(error) => TestedSaid::Failed(failure(&error, &[])),
    }
}

/// The policy for exactly what was asked. A day or task that it does not hold is named by a number that there is not,
/// which the reader refuses.
pub(super) fn policy_said(policy: &Policy, asked: &EvaluateRead) -> PolicySaid {
    let (mut slots, mut verdicts) = (Distinct::default(), Distinct::default());
    let of_days = asked.days.iter().map(|day| {
        let day = policy.days.get(day);
        day.map_or(u32::MAX, |day| slots.place(day.as_ptr() as usize, || day.iter().map(SlotSaid::of).collect()))
    });
    let of_days = of_days.collect();
    let of_tasks = asked.tasks.iter().map(|question| {
        let verdict = policy.verdicts.get(&question.task.key);
        verdict.map_or(u32::MAX, |said| verdicts.place(Arc::as_ptr(said) as usize, || VerdictSaid::of(said)))
    });
    let of_tasks = of_tasks.collect();
    PolicySaid { slots: slots.values, verdicts: verdicts.values, of_days, of_tasks }
}

/// Values that are said once, told apart by where they are in memory: rules give equal ones as one.
struct Distinct<T> {
    places: HashMap<usize, u32>,
    values: Vec<T>,
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Distinct { places: HashMap::new(), values: Vec::new() }
    }
}

impl<T> Distinct<T> {
    fn place(&mut self, address: usize, value: impl FnOnce() -> T) -> u32 {
        *self.places.entry(address).or_insert_with(|| {
            self.values.push(value());
            u32::try_from(self.values.len() - 1).unwrap_or(u32::MAX)
        })
    }
}

impl SlotSaid {
    fn of(slot: &SlotSpec) -> SlotSaid {
        let seconds = |time: NaiveTime| time.num_seconds_from_midnight();
        SlotSaid(slot.zeit.clone(), seconds(slot.from), seconds(slot.to), seconds(slot.cutoff), slot.auto)
    }
}

impl VerdictSaid {
    fn of(verdict: &Verdict) -> VerdictSaid {
        match verdict {
            Verdict::Never { because } => VerdictSaid::Never(because.clone()),
            Verdict::Allowed(constraint) => VerdictSaid::Allowed(ConstraintSaid::of(constraint)),
        }
    }
}

impl ConstraintSaid {
    fn of(constraint: &Constraint) -> ConstraintSaid {
        ConstraintSaid {
            weekdays: bits(constraint.weekdays),
            also: DaysSaid::of(&constraint.also),
            except: DaysSaid::of(&constraint.except),
            zeiten: constraint.zeiten.clone(),
            not_zeiten: constraint.not_zeiten.clone(),
            from: constraint.from.map(|day| day.num_days_from_ce()),
            up_to: constraint.up_to.map(|day| day.num_days_from_ce()),
            ahead: constraint.ahead,
            because: constraint.because.clone(),
        }
    }
}

impl DaysSaid {
    fn of(days: &NamedDays) -> DaysSaid {
        let numbers = |(first, last): &(NaiveDate, NaiveDate)| (first.num_days_from_ce(), last.num_days_from_ce());
        DaysSaid(bits(days.weekdays()), days.stretches().iter().map(numbers).collect())
    }
}

fn bits(days: Weekdays) -> u8 {
    let set = WEEK.iter().zip(0..).filter(|(day, _)| days.contains(**day));
    set.fold(0, |bits, (_, bit)| bits | 1 << bit)
}

fn date(days: i32) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(days)
}

/// The days whose bits are set; `None` when others are.
fn weekdays(bits: u8) -> Option<Weekdays> {
    let known = WEEK.iter().zip(0..).filter(|(_, bit)| bits & 1 << bit != 0);
    (bits >> WEEK.len() == 0).then(|| known.fold(Weekdays::NONE, |days, (day, _)| days.with(*day)))
}
