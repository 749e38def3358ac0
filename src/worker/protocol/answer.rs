//! Reads what a worker answered, and takes nothing that the rules could not have said.

use std::sync::Arc;

use chrono::NaiveTime;

use super::{
    ConstraintSaid, DaysSaid, FailureSaid, PlaceSaid, PolicySaid, SlotSaid, TestedSaid, VerdictSaid, date, weekdays,
};
use crate::domain::days::NamedDays;
use crate::domain::policy::{Constraint, Policy, SlotSpec, Verdict, validate_slots};
use crate::domain::script::Script;
use crate::rules::{Outcome, Questions, RuleError, SCRIPTS_MAX, SOURCE_BYTES_MAX, STRETCHES_MAX};

/// Slots of a day, and names of slots in one verdict.
const NAMES_MAX: usize = 48;
/// The longest name of a slot or a category, in bytes.
const NAME_BYTES_MAX: usize = 1_024;
/// The longest reason, in bytes: what each script of a long list may say of a task.
const REASON_BYTES_MAX: usize = 64 * 1024;
/// The longest message of an error, in bytes.
const MESSAGE_BYTES_MAX: usize = 8 * 1024;
const CATEGORIES_MAX: usize = 4_096;
/// Tests of one script: the shortest, `fn test_a(){}`, takes as many bytes of its file.
const TESTS_MAX: usize = SOURCE_BYTES_MAX / "fn test_a(){}".len();
/// The largest number of a line or column.
const PLACE_MAX: u32 = 1 << 20;

/// The policy for the questions; `None` when it is none.
pub(in crate::worker) fn policy(said: PolicySaid, questions: &Questions<'_>) -> Option<Policy> {
    if said.of_days.len() != questions.days.len() || said.of_tasks.len() != questions.tasks.len() {
        return None;
    }
    let slots: Vec<Arc<[SlotSpec]>> = said.slots.into_iter().map(slots).collect::<Option<_>>()?;
    let verdicts: Vec<Arc<Verdict>> =
        said.verdicts.into_iter().map(|said| verdict(said).map(Arc::new)).collect::<Option<_>>()?;
    let days = questions.days.iter().zip(said.of_days).map(|(day, at)| Some((*day, slots.get(place_of(at))?.clone())));
    let tasks = questions.tasks.iter().zip(said.of_tasks);
    let tasks = tasks.map(|(asked, at)| Some((asked.task.key.clone(), verdicts.get(place_of(at))?.clone())));
    Some(Policy { days: days.collect::<Option<_>>()?, verdicts: tasks.collect::<Option<_>>()? })
}

/// The categories; `None` when they are none.
pub(in crate::worker) fn categories(said: Vec<String>) -> Option<Vec<String>> {
    let is_word = |word: &String| is_name(word) && word.trim() == word;
    (said.len() <= CATEGORIES_MAX && said.iter().all(is_word)).then_some(said)
}

/// An error of one of these scripts; `None` when it is none.
pub(in crate::worker) fn error(
    said: FailureSaid,
    scripts: &[Script],
    questions: Option<&Questions<'_>>,
) -> Option<RuleError> {
    let key = |at: u32| Some(Box::new(questions?.tasks.get(place_of(at))?.task.key.clone()));
    let task = match said.task {
        Some(at) => Some(key(at)?),
        None => None,
    };
    let is_known = said.script.is_empty() || scripts.iter().any(|script| script.name == said.script);
    let is_short = said.message.len() <= MESSAGE_BYTES_MAX && said.function.as_deref().is_none_or(is_function);
    let is_place = |number: Option<u32>| number.is_none_or(|number| (1..=PLACE_MAX).contains(&number));
    (is_known && is_short && is_place(said.line) && is_place(said.column)).then_some(RuleError {
        script: said.script,
        function: said.function,
        line: said.line,
        column: said.column,
        message: said.message,
        timed_out: said.timed_out,
        task,
    })
}

/// What came of the tests of a script of these; `None` where that cannot be.
pub(in crate::worker) fn tested(said: TestedSaid, scripts: &[Script]) -> Option<Result<Vec<Outcome>, RuleError>> {
    let outcome = |(test, failure): (String, Option<FailureSaid>)| {
        let failure = match failure {
            Some(said) => Some(error(said, scripts, None)?),
            None => None,
        };
        is_function(&test).then_some(Outcome { test, failure })
    };
    match said {
        TestedSaid::Ran(outcomes) if outcomes.len() <= TESTS_MAX => {
            outcomes.into_iter().map(outcome).collect::<Option<_>>().map(Ok)
        }
        TestedSaid::Ran(_) => None,
        TestedSaid::Failed(said) => error(said, scripts, None).map(Err),
    }
}

/// Where a worker was, as far as it said so in words that can be.
pub(in crate::worker) fn place(said: PlaceSaid, scripts: &[Script]) -> Option<PlaceSaid> {
    let is_place = said.place.is_none_or(|(line, column)| line.max(column) <= PLACE_MAX);
    let is_known = scripts.iter().any(|script| script.name == said.script);
    (is_known && is_function(&said.function) && is_place).then_some(said)
}

fn place_of(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_BYTES_MAX
}

fn is_function(name: &str) -> bool {
    is_name(name) && !name.chars().any(char::is_control)
}

fn slots(said: Vec<SlotSaid>) -> Option<Arc<[SlotSpec]>> {
    if said.len() > NAMES_MAX || !said.iter().all(|slot| is_name(&slot.0)) {
        return None;
    }
    let time = |seconds| NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0);
    let slots = said.into_iter().map(|SlotSaid(zeit, from, to, cutoff, auto)| {
        Some(SlotSpec { zeit, from: time(from)?, to: time(to)?, cutoff: time(cutoff)?, auto })
    });
    validate_slots(slots.collect::<Option<_>>()?).ok().map(Arc::from)
}

fn verdict(said: VerdictSaid) -> Option<Verdict> {
    let is_reason = |reason: &str| reason.len() <= REASON_BYTES_MAX;
    match said {
        VerdictSaid::Never(because) => is_reason(&because).then_some(Verdict::Never { because }),
        VerdictSaid::Allowed(ConstraintSaid {
            weekdays: bits,
            also,
            except,
            zeiten,
            not_zeiten,
            from,
            up_to,
            ahead,
            because,
        }) => {
            let are_names = |zeiten: &[String]| zeiten.iter().all(|zeit| is_name(zeit));
            let are_few = zeiten.as_ref().is_none_or(|zeiten| zeiten.len() <= NAMES_MAX && are_names(zeiten));
            let is_list = not_zeiten.len() <= NAMES_MAX * SCRIPTS_MAX && not_zeiten.is_sorted_by(|a, b| a < b);
            if !are_few || !is_list || !are_names(&not_zeiten) || !because.as_deref().is_none_or(is_reason) {
                return None;
            }
            let day = |days: Option<i32>| match days {
                Some(days) => date(days).map(Some),
                None => Some(None),
            };
            let (weekdays, from, up_to) = (weekdays(bits)?, day(from)?, day(up_to)?);
            let (also, except) = (days(also)?, days(except)?);
            Some(Verdict::Allowed(Constraint {
                weekdays,
                also,
                except,
                zeiten,
                not_zeiten,
                from,
                up_to,
                ahead,
                because,
            }))
        }
    }
}

/// Days in the one form that they have.
fn days(DaysSaid(bits, said): DaysSaid) -> Option<NamedDays> {
    if said.len() > STRETCHES_MAX * SCRIPTS_MAX {
        return None;
    }
    let stretches = said.iter().map(|(first, last)| Some((date(*first)?, date(*last)?)));
    let days = NamedDays::new(weekdays(bits)?, stretches.collect::<Option<_>>()?);
    (days.stretches().len() == said.len()).then_some(days)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::NaiveDate;

    use super::super::WEEK;
    use super::*;
    use crate::domain::document::{self, Outcome};
    use crate::domain::ids::FileName;
    use crate::rules::Question;

    const MONDAY: NaiveDate = NaiveDate::from_ymd_opt(2025, 10, 13).unwrap();

    fn slot(zeit: &str, from: u32, to: u32) -> SlotSaid {
        SlotSaid(zeit.to_owned(), from * 3_600, to * 3_600, from * 3_600, true)
    }

    fn constraint() -> ConstraintSaid {
        let none = || DaysSaid(0, Vec::new());
        let (also, except) = (none(), none());
        let (zeiten, not_zeiten, from, up_to, ahead, because) = (None, Vec::new(), None, None, 0, None);
        ConstraintSaid { weekdays: 1, also, except, zeiten, not_zeiten, from, up_to, ahead, because }
    }

    /// What a worker says of one day and one task.
    fn said() -> PolicySaid {
        PolicySaid {
            slots: vec![vec![slot("a", 8, 9), slot("b", 9, 10)]],
            verdicts: vec![VerdictSaid::Allowed(constraint())],
            of_days: vec![0],
            of_tasks: vec![0],
        }
    }

    fn read(said: PolicySaid) -> Option<Policy> {
        let raw = b"---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n# A\n";
        let Outcome::Task(task) = document::read(&FileName::parse("0001.md").unwrap(), raw) else { panic!() };
        let tasks = [Question { task: Arc::from(task), body: None }];
        policy(said, &Questions { today: MONDAY, days: &BTreeSet::from([MONDAY]), tasks: &tasks })
    }

    #[test]
    fn a_policy_is_taken_only_if_rules_could_have_said_it() {
        let policy = read(said()).unwrap();
        assert_eq!((policy.days[&MONDAY].len(), policy.verdicts.len()), (2, 1));
        let verdict = |said| PolicySaid { verdicts: vec![said], ..self::said() };
        let allowed = |said| verdict(VerdictSaid::Allowed(said));
        let slots = |slots| PolicySaid { slots: vec![slots], ..said() };
        let long = "x".repeat(REASON_BYTES_MAX + 1);
        let far_too_many = (0..=STRETCHES_MAX * SCRIPTS_MAX).map(|n| i32::try_from(2 * n).unwrap());
        let far_too_many = far_too_many.map(|day| (day, day)).collect();
        let wrong = [
            PolicySaid { of_days: vec![], ..said() },
            PolicySaid { of_days: vec![0, 0], ..said() },
            PolicySaid { of_days: vec![1], ..said() },
            PolicySaid { of_tasks: vec![], ..said() },
            PolicySaid { of_tasks: vec![u32::MAX], ..said() },
            slots(vec![slot("a", 8, 10), slot("b", 9, 11)]),
            slots(vec![slot("a", 8, 9), slot("a", 9, 10)]),
            slots(vec![slot("", 8, 9)]),
            slots(vec![slot("a", 9, 8)]),
            slots(vec![slot("a", 8, 25)]),
            slots(vec![slot(&"a".repeat(NAME_BYTES_MAX + 1), 8, 9)]),
            verdict(VerdictSaid::Never(long.clone())),
            allowed(ConstraintSaid { weekdays: 128, ..constraint() }),
            allowed(ConstraintSaid { zeiten: Some(vec![String::new()]), ..constraint() }),
            allowed(ConstraintSaid { zeiten: Some(vec!["a".to_owned(); NAMES_MAX + 1]), ..constraint() }),
            allowed(ConstraintSaid { not_zeiten: vec![String::new()], ..constraint() }),
            allowed(ConstraintSaid { not_zeiten: vec!["b".to_owned(), "a".to_owned()], ..constraint() }),
            allowed(ConstraintSaid { also: DaysSaid(128, Vec::new()), ..constraint() }),
            allowed(ConstraintSaid { also: DaysSaid(0, vec![(9, 8)]), ..constraint() }),
            allowed(ConstraintSaid { except: DaysSaid(0, vec![(1, 2), (3, 4)]), ..constraint() }),
            allowed(ConstraintSaid { except: DaysSaid(0, vec![(1, i32::MAX)]), ..constraint() }),
            allowed(ConstraintSaid { except: DaysSaid(0, far_too_many), ..constraint() }),
            allowed(ConstraintSaid { from: Some(i32::MAX), ..constraint() }),
            allowed(ConstraintSaid { up_to: Some(i32::MIN), ..constraint() }),
            allowed(ConstraintSaid { because: Some(long), ..constraint() }),
        ];
        for (number, said) in wrong.into_iter().enumerate() {
            assert_eq!(read(said), None, "{number}");
        }
    }

    #[test]
    fn an_error_is_taken_only_of_these_scripts_and_tasks() {
        let scripts = [Script::new("mine", "")];
        let said = || FailureSaid {
            script: "mine".to_owned(),
            function: Some("place".to_owned()),
            line: Some(1),
            column: Some(2),
            message: "no".to_owned(),
            timed_out: false,
            task: None,
        };
        assert_eq!(error(said(), &scripts, None).unwrap().message, "no");
        let wrong = [
            FailureSaid { script: "other".to_owned(), ..said() },
            FailureSaid { function: Some("a\nb".to_owned()), ..said() },
            FailureSaid { line: Some(0), ..said() },
            FailureSaid { column: Some(PLACE_MAX + 1), ..said() },
            FailureSaid { message: "x".repeat(MESSAGE_BYTES_MAX + 1), ..said() },
            FailureSaid { task: Some(0), ..said() },
        ];
        for (number, said) in wrong.into_iter().enumerate() {
            assert_eq!(error(said, &scripts, None), None, "{number}");
        }
    }

    #[test]
    fn every_set_of_weekdays_is_its_bits() {
        for bits in 0..128 {
            let days = weekdays(bits).unwrap();
            let back =
                WEEK.iter().zip(0..).filter(|(day, _)| days.contains(**day)).fold(0, |bits, (_, bit)| bits | 1 << bit);
            assert_eq!(bits, back);
        }
    }
}
