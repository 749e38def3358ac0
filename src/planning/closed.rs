//! Which days are kept free of tasks, so that nobody takes them for days with room.

use std::collections::HashSet;

use chrono::NaiveDate;

use super::fill::{Queue, verdict_or_anywhere};
use super::horizon::Horizon;
use crate::domain::policy::{Policy, SlotSpec, Verdict};
use crate::domain::timeline::ClosedDay;

/// What stands between the words of several rules.
const BETWEEN: &str = "; ";

/// The closed days of the horizon.
pub(super) fn days(policy: &Policy, horizon: &Horizon, queue: &Queue<'_>) -> Vec<ClosedDay> {
    // Most tasks share what is said of them.
    let mut seen = HashSet::new();
    let verdicts = queue.free.iter().map(|(_, verdict)| verdict_or_anywhere(*verdict));
    let verdicts: Vec<&Verdict> = verdicts.filter(|verdict| seen.insert(std::ptr::from_ref(*verdict))).collect();
    let closed = |date: NaiveDate| {
        // A day that nobody asked about is not said to be closed.
        let slots = policy.days.get(&date)?;
        let because = if slots.is_empty() { None } else { Some(kept_out(date, slots, &verdicts)?) };
        let is_over = !slots.is_empty() && !slots.iter().any(|slot| horizon.window(date, slot).is_offered(horizon.now));
        (!is_over).then(|| ClosedDay { date, because: because.filter(|words| !words.is_empty()) })
    };
    horizon.dates().filter_map(closed).collect()
}

/// Where all that stand in line are kept out of a day, and some because it is left out by name: what the rules say to that,
/// as far as they say the same of all of those. Days of the week on which a task has no place are nothing special.
fn kept_out(date: NaiveDate, slots: &[SlotSpec], verdicts: &[&Verdict]) -> Option<String> {
    let mut said: Option<Vec<&str>> = None;
    for verdict in verdicts {
        let Verdict::Allowed(constraint) = verdict else { continue };
        if slots.iter().any(|slot| slot.auto && constraint.allows(date, &slot.zeit)) {
            return None;
        }
        if constraint.except.contains(date) {
            let words: Vec<&str> = constraint.because.iter().flat_map(|words| words.split(BETWEEN)).collect();
            match &mut said {
                Some(said) => said.retain(|part| words.contains(part)),
                None => said = Some(words),
            }
        }
    }
    said.map(|said| said.join(BETWEEN))
}
