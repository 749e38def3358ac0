//! What becomes of each slot between one timeline and another, whoever is in it.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};

use super::timeline::{Placement, Timeline};

/// What a timeline says of a slot beside the task in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    pub from: NaiveTime,
    pub to: NaiveTime,
    /// Whether tasks that are fixed to no slot are put here.
    pub auto: bool,
    /// Whether tasks may still be put here. The running slot is in the timeline also when they may not.
    pub is_offered: bool,
}

/// A slot that is not as it was; `None` where it is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotChange {
    pub date: NaiveDate,
    pub zeit: String,
    pub before: Option<Opening>,
    pub after: Option<Opening>,
}

type Openings<'t> = BTreeMap<(NaiveDate, &'t str), Opening>;

fn openings(timeline: &Timeline) -> Openings<'_> {
    let opening = |slot: &Placement, is_offered| Opening { from: slot.from, to: slot.to, auto: slot.auto, is_offered };
    let running = timeline.current.iter().map(|slot| ((slot.date, slot.zeit.as_str()), opening(slot, false)));
    let offered = timeline.days.iter().flat_map(|day| &day.slots);
    // Where the running slot is offered as well, that is what counts.
    running.chain(offered.map(|slot| ((slot.date, slot.zeit.as_str()), opening(slot, true)))).collect()
}

/// The slots that are not in `after` as they are in `before`, in the order of time.
pub fn slot_changes(before: &Timeline, after: &Timeline) -> Vec<SlotChange> {
    let (mut before, after) = (openings(before), openings(after));
    let change =
        |(date, zeit): (NaiveDate, &str), before, after| SlotChange { date, zeit: zeit.to_owned(), before, after };
    let mut changes = Vec::new();
    for (slot, now) in after {
        let was = before.remove(&slot);
        if was != Some(now) {
            changes.push(change(slot, was, Some(now)));
        }
    }
    changes.extend(before.into_iter().map(|(slot, was)| change(slot, Some(was), None)));
    let begins = |change: &SlotChange| change.after.or(change.before).map(|opening| opening.from);
    changes.sort_by(|a, b| (a.date, begins(a), &a.zeit).cmp(&(b.date, begins(b), &b.zeit)));
    changes
}
