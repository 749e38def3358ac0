//! Which days are kept free of tasks, so that nobody takes them for days with room.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;

use super::fill::{Queue, verdict_or_anywhere};
use super::horizon::Horizon;
use crate::domain::policy::{Policy, SlotSpec, Verdict};
use crate::domain::timeline::ClosedDay;

/// What stands between the words of several rules.
const BETWEEN: &str = "; ";

/// What the rules say of some tasks that stand in line.
struct Said<'a> {
    verdict: &'a Verdict,
    /// What categories these tasks have.
    categories: BTreeSet<&'a str>,
    /// Which of the reasons it has, if it is one alone: of several nobody knows which is for the day.
    reason: Option<usize>,
}

/// The closed days of the horizon.
pub(super) fn days(policy: &Policy, horizon: &Horizon, queue: &Queue<'_>) -> Vec<ClosedDay> {
    let mut reasons: Vec<&str> = Vec::new();
    let said = said(queue, &mut reasons);
    let closed = |date: NaiveDate| {
        // A day that nobody asked about is not said to be closed.
        let slots = policy.days.get(&date)?;
        let reason = if slots.is_empty() { None } else { kept_out(date, slots, &said)? };
        let is_over = !slots.is_empty() && !slots.iter().any(|slot| horizon.window(date, slot).is_offered(horizon.now));
        let because = reason.and_then(|at| reasons.get(at)).map(|reason| (*reason).to_owned());
        (!is_over).then_some(ClosedDay { date, because })
    };
    horizon.dates().filter_map(closed).collect()
}

/// What is said of all that stand in line, once each: most tasks share it.
fn said<'a>(queue: &Queue<'a>, reasons: &mut Vec<&'a str>) -> Vec<Said<'a>> {
    let (mut said, mut places, mut known) = (Vec::<Said<'a>>::new(), HashMap::new(), HashMap::new());
    for (task, verdict) in &queue.free {
        let verdict: &'a Verdict = verdict_or_anywhere(*verdict);
        let at = *places.entry(std::ptr::from_ref(verdict)).or_insert_with(|| {
            let because = match verdict {
                Verdict::Allowed(constraint) => constraint.because.as_deref(),
                Verdict::Never { .. } => None,
            };
            let one = because.filter(|words| !words.is_empty() && !words.contains(BETWEEN));
            let reason = one.map(|words| {
                *known.entry(words).or_insert_with(|| {
                    reasons.push(words);
                    reasons.len() - 1
                })
            });
            said.push(Said { verdict, categories: BTreeSet::new(), reason });
            said.len() - 1
        });
        if let Some(said) = said.get_mut(at) {
            said.categories.insert(&task.kategorie);
        }
    }
    said
}

/// Where all that stand in line are kept out of a day, and all of some category because it is left out by name: the reason,
/// where all that it is left out of by name have the same one. A rule for some tasks alone keeps no day free, and days of the
/// week on which a task has no place are nothing special.
fn kept_out(date: NaiveDate, slots: &[SlotSpec], said: &[Said<'_>]) -> Option<Option<usize>> {
    let mut found: Option<Option<usize>> = None;
    let (mut by_name, mut otherwise) = (BTreeSet::<&str>::new(), BTreeSet::<&str>::new());
    for Said { verdict, categories, reason } in said {
        let Verdict::Allowed(constraint) = verdict else { continue };
        if slots.iter().any(|slot| slot.auto && constraint.allows(date, &slot.zeit)) {
            return None;
        }
        if constraint.except.contains(date) {
            found = Some(found.map_or(*reason, |before| before.filter(|_| before == *reason)));
            by_name.extend(categories);
        } else {
            otherwise.extend(categories);
        }
    }
    found.filter(|_| !by_name.is_subset(&otherwise))
}
