//! An explanation as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Explained, words};
use crate::domain::date;
use crate::domain::difference::{Move, Standing};
use crate::domain::explanation::{Claim, Considered, Counterfactual, Finding, Line, Prohibition};
use crate::domain::lang::Lang;
use crate::domain::policy::{Condition, Verdict};
use crate::domain::script::RuleError;
use crate::domain::task::Task;
use crate::view::json::{MissedJson, RulesJson};
use crate::view::preview::{PlaceJson, WithoutSlotJson};
use crate::view::rules::RuleErrorJson;
use crate::view::text;

/// Why a task stands where it stands. Texts are in the user's language.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Explanation")]
pub struct ExplanationJson<'a> {
    id: String,
    file: &'a str,
    title: &'a str,
    /// `offen`, `abgeschlossen` or `abgebrochen`; only open tasks are planned.
    status: &'static str,
    /// The generation of the tasks that were planned.
    generation: u64,
    /// The rules that the plan is made with: where yours fail, those that stand in for them.
    rules: RulesJson<'a>,
    /// `placed`, `waiting` (simply in line), `closed` (not open), or a reason as the timeline has it.
    standing: &'static str,
    /// The slot that it stands in; null where it stands in none.
    placed: Option<PlaceJson<'a>>,
    /// Whether its document fixes it to a slot.
    is_fixed: bool,
    /// Where it stands and why, in a sentence.
    summary: String,
    /// What was found where it was looked for a slot, in the order of time; the slot that it got is the last. Of a task that
    /// is fixed its own slot alone.
    considered: Vec<ConsideredJson<'a>>,
    /// How many there are before the 1,500 that are listed at most.
    earlier: usize,
    /// The scripts that refused it altogether.
    excluded_by: Vec<ProhibitionJson<'a>>,
    /// Of an open task that no slot of these days is for: when it has its turn.
    line: Option<LineJson<'a>>,
    /// What would be if it were pinned to the slot that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    counterfactual: Option<CounterfactualJson<'a>>,
    /// All of it drawn for a terminal, where a width was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// A slot, or a day that has none, and what was found there at the task's turn.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ConsideredSlot")]
struct ConsideredJson<'a> {
    /// `DD.MM.YYYY`
    datum: String,
    /// Null for a day without slots.
    zeit: Option<&'a str>,
    /// `chosen`; `passed` (no longer offered); `forbidden` by a rule; `manual` (filled by pinning alone); `taken`; `closed` (a
    /// day without slots). Of a slot that was asked about also `free`, `no_such_slot` and `after_horizon`.
    verdict: &'static str,
    /// The same in words.
    text: String,
    /// With `passed`: whether it has ended, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<bool>,
    /// With `taken`: the task that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<NamedTaskJson<'a>>,
    /// Why that one came first: it is `fixed` to the slot, the rules send it `ahead_of_line`, or it has the `lower_number`.
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<&'static str>,
    /// With `ahead_of_line`: by how much more.
    #[serde(skip_serializing_if = "Option::is_none")]
    ahead_by: Option<u32>,
    /// The first script that forbids it, that closed the day, or that took the slot away, where that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    script: Option<&'a str>,
    /// The words of that script.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'a str>,
    /// With `forbidden`: the scripts that do, in their order; of more than four the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    forbidden_by: Vec<ProhibitionJson<'a>>,
    /// With `no_such_slot`: the slots of that day.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    known: Vec<&'a str>,
}

/// A script that does not let the task in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Prohibition")]
struct ProhibitionJson<'a> {
    /// Null where it could not be told which of several it is.
    script: Option<&'a str>,
    /// What is not met: `weekday`, `day`, `slot`, `from`, `up_to`, or `never` for a refusal whatever the slot.
    condition: &'static str,
    /// What would be allowed: days of the week such as `mon`, names of slots, the first or the last day.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed: Vec<String>,
    /// The script's own words.
    because: Option<&'a str>,
}

/// A task by its names.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NamedTask")]
struct NamedTaskJson<'a> {
    id: String,
    file: &'a str,
    title: &'a str,
}

/// The line in front of a task.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Line")]
struct LineJson<'a> {
    /// How many tasks without a slot come before it in line for slots that it may have; null where that cannot be told.
    ahead: Option<usize>,
    /// The first of them.
    first: Vec<NamedTaskJson<'a>>,
    /// The slot that it gets if nothing changes; null if none within `days`.
    turn: Option<PlaceJson<'a>>,
    /// How many days were looked at, today included.
    days: Option<u16>,
    /// Why it cannot be told: the rules fail on a later day.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RuleErrorJson<'a>>,
    /// The same in words.
    text: String,
}

/// What would be if the task were pinned to a slot.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Counterfactual")]
struct CounterfactualJson<'a> {
    #[serde(flatten)]
    slot: ConsideredJson<'a>,
    /// Whether it could stand there.
    possible: bool,
    /// Tasks that are pinned to the slot and would have to be unpinned first.
    unpin: Vec<NamedTaskJson<'a>>,
    /// What would stand elsewhere, the task itself included, by rank.
    moved: Vec<MoveJson<'a>>,
    /// Tasks that would miss their deadline and do not at present.
    missed: Vec<MissedJson<'a>>,
    /// The days that were compared, today included: as many as it takes to see the slot.
    days: u16,
    /// What would be, in a sentence or two.
    summary: String,
}

/// A task that would stand elsewhere.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MoveOfTask")]
struct MoveJson<'a> {
    #[serde(flatten)]
    task: NamedTaskJson<'a>,
    /// The slot that it stands in; null where it stands in none.
    from: Option<PlaceJson<'a>>,
    /// Why it stands in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<WithoutSlotJson<'a>>,
    /// The slot that it would stand in.
    to: Option<PlaceJson<'a>>,
    /// Why it would stand in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<WithoutSlotJson<'a>>,
}

impl<'a> ExplanationJson<'a> {
    /// Drawn as well, where it is to be of some width.
    pub fn of(explained: &'a Explained, width: Option<usize>) -> ExplanationJson<'a> {
        let Explained { explanation, rules, generation, lang, .. } = explained;
        let task = &*explanation.task;
        let (earlier, listed) = words::listed(&explanation.considered);
        ExplanationJson {
            id: task.id(),
            file: task.file().as_str(),
            title: &task.title,
            status: task.status.as_str(),
            generation: *generation,
            rules: RulesJson::of(rules),
            standing: match &explanation.standing {
                None => "closed",
                Some(Standing::Slot { .. }) => "placed",
                Some(Standing::Waiting) => "waiting",
                Some(Standing::Without(reason)) => reason.code(),
            },
            placed: explanation.standing.as_ref().and_then(place),
            is_fixed: task.binding_slot().is_some(),
            summary: words::summary(explained),
            considered: listed.iter().map(|one| ConsideredJson::of(one, *lang)).collect(),
            earlier,
            excluded_by: explanation.excluded_by.iter().map(|by| ProhibitionJson::of(by, None)).collect(),
            line: explanation.line.as_ref().map(|line| LineJson::of(line, *lang)),
            counterfactual: explanation.counterfactual.as_ref().map(|one| CounterfactualJson::of(one, *lang)),
            text: width.map(|width| text::explanation(explained, width)),
        }
    }
}

impl<'a> ConsideredJson<'a> {
    fn of(considered: &'a Considered, lang: Lang) -> ConsideredJson<'a> {
        let Considered { date, zeit, finding } = considered;
        let mut json = ConsideredJson {
            datum: date::to_text(*date),
            zeit: zeit.as_deref(),
            verdict: code(finding),
            text: words::finding(considered, lang),
            ended: None,
            by: None,
            claim: None,
            ahead_by: None,
            script: None,
            because: None,
            forbidden_by: Vec::new(),
            known: Vec::new(),
        };
        match finding {
            Finding::Passed { is_over } => json.ended = Some(*is_over),
            Finding::Taken { by, claim } => {
                json.by = Some(NamedTaskJson::of(by));
                json.claim = Some(match claim {
                    Claim::Fixed => "fixed",
                    Claim::Ahead(_) => "ahead_of_line",
                    Claim::Rank => "lower_number",
                });
                json.ahead_by = match claim {
                    Claim::Ahead(more) => Some(*more),
                    Claim::Fixed | Claim::Rank => None,
                };
            }
            Finding::Forbidden { by } => {
                let place = zeit.as_deref().map(|zeit| (*date, zeit));
                let named = by.iter().take(words::SCRIPTS_NAMED_MAX);
                json.forbidden_by = named.map(|by| ProhibitionJson::of(by, place)).collect();
                json.script = json.forbidden_by.first().and_then(|by| by.script);
                json.because = json.forbidden_by.first().and_then(|by| by.because);
            }
            Finding::Closed { by } => json.script = by.as_deref(),
            Finding::NoSuchSlot { known, removed_by } => {
                json.known = known.iter().map(String::as_str).collect();
                json.script = removed_by.as_deref();
            }
            Finding::Chosen | Finding::Free | Finding::Manual | Finding::AfterHorizon => {}
        }
        json
    }
}

fn code(finding: &Finding) -> &'static str {
    match finding {
        Finding::Chosen => "chosen",
        Finding::Free => "free",
        Finding::Passed { .. } => "passed",
        Finding::Forbidden { .. } => "forbidden",
        Finding::Manual => "manual",
        Finding::Taken { .. } => "taken",
        Finding::Closed { .. } => "closed",
        Finding::NoSuchSlot { .. } => "no_such_slot",
        Finding::AfterHorizon => "after_horizon",
    }
}

impl<'a> ProhibitionJson<'a> {
    fn of(prohibition: &'a Prohibition, place: Option<(chrono::NaiveDate, &str)>) -> ProhibitionJson<'a> {
        let script = prohibition.script.as_deref();
        let constraint = match &*prohibition.verdict {
            Verdict::Never { because } => {
                return ProhibitionJson { script, condition: "never", allowed: Vec::new(), because: Some(because) };
            }
            Verdict::Allowed(constraint) => constraint,
        };
        let (condition, allowed) = match place.and_then(|(date, zeit)| constraint.unmet(date, zeit)) {
            Some(Condition::Weekdays(days)) => {
                ("weekday", days.days().map(|day| day.to_string().to_lowercase()).collect())
            }
            Some(Condition::Except) => ("day", Vec::new()),
            Some(Condition::Zeiten(zeiten)) => ("slot", zeiten.to_vec()),
            Some(Condition::NotZeiten(_)) => ("slot", Vec::new()),
            Some(Condition::From(from)) => ("from", vec![date::to_text(from)]),
            Some(Condition::UpTo(up_to)) => ("up_to", vec![date::to_text(up_to)]),
            None => ("never", Vec::new()),
        };
        ProhibitionJson { script, condition, allowed, because: constraint.because.as_deref() }
    }
}

impl<'a> NamedTaskJson<'a> {
    fn of(task: &'a Task) -> NamedTaskJson<'a> {
        NamedTaskJson { id: task.id(), file: task.file().as_str(), title: &task.title }
    }
}

impl<'a> LineJson<'a> {
    fn of(line: &'a Result<Line, RuleError>, lang: Lang) -> LineJson<'a> {
        let text = words::line(line, lang);
        match line {
            Ok(Line { ahead, turn, days }) => LineJson {
                ahead: Some(ahead.len()),
                first: ahead.iter().take(words::NAMED_MAX).map(|task| NamedTaskJson::of(task)).collect(),
                turn: turn.as_ref().map(|(date, zeit)| PlaceJson::from((*date, zeit.as_str()))),
                days: Some(*days),
                error: None,
                text,
            },
            Err(error) => {
                let error = Some(RuleErrorJson::of(error, None));
                LineJson { ahead: None, first: Vec::new(), turn: None, days: None, error, text }
            }
        }
    }
}

impl<'a> CounterfactualJson<'a> {
    fn of(counterfactual: &'a Counterfactual, lang: Lang) -> CounterfactualJson<'a> {
        let Counterfactual { slot, unpin, difference, days } = counterfactual;
        let moves = difference.iter().flat_map(|difference| &difference.moves);
        let missed = difference.iter().flat_map(|difference| &difference.newly_missed);
        CounterfactualJson {
            slot: ConsideredJson::of(slot, lang),
            possible: difference.is_some(),
            unpin: unpin.iter().map(|task| NamedTaskJson::of(task)).collect(),
            moved: moves.map(MoveJson::of).collect(),
            missed: missed.map(|task| MissedJson::of(task)).collect(),
            days: *days,
            summary: words::counterfactual(counterfactual, lang),
        }
    }
}

impl<'a> MoveJson<'a> {
    fn of(moved: &'a Move) -> MoveJson<'a> {
        let without = |standing: &'a Standing| standing.slot().is_none().then(|| WithoutSlotJson::from(standing));
        MoveJson {
            task: NamedTaskJson::of(&moved.task),
            from: moved.from.as_ref().and_then(place),
            was: moved.from.as_ref().and_then(without),
            to: moved.to.as_ref().and_then(place),
            now: moved.to.as_ref().and_then(without),
        }
    }
}

fn place(standing: &Standing) -> Option<PlaceJson<'_>> {
    standing.slot().map(PlaceJson::from)
}
