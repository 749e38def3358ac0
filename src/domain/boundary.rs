//! What the clock did between two timelines of one state.

use chrono::NaiveDate;

use super::timeline::Timeline;

/// An instant at which the clock alone made another timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// A day began.
    Midnight,
    /// A slot was not offered any more.
    Cutoff {
        zeit: String,
    },
    SlotEnded {
        zeit: String,
    },
    SlotBegan {
        zeit: String,
    },
    /// None of these: where clocks were set back over midnight, the answer is made anew once more.
    Other,
}

impl Boundary {
    /// What lies between a timeline and the one that follows it, both of the same state.
    pub fn between(before: &Timeline, after: &Timeline) -> Boundary {
        if before.today != after.today {
            return Boundary::Midnight;
        }
        let offered = |timeline: &Timeline, slot: (NaiveDate, &str)| slots(timeline).any(|other| other == slot);
        let cut = slots(before).find(|slot| !offered(after, *slot)).map(|(_, zeit)| zeit.to_owned());
        let running = |timeline: &Timeline| timeline.current.as_ref().map(|slot| (slot.date, slot.zeit.clone()));
        match (cut, running(before), running(after)) {
            (Some(zeit), ..) => Boundary::Cutoff { zeit },
            (None, before, Some(after)) if before.as_ref() != Some(&after) => Boundary::SlotBegan { zeit: after.1 },
            (None, Some(before), None) => Boundary::SlotEnded { zeit: before.1 },
            (None, ..) => Boundary::Other,
        }
    }

    /// The stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Boundary::Midnight => "midnight",
            Boundary::Cutoff { .. } => "cutoff",
            Boundary::SlotEnded { .. } => "slot_ended",
            Boundary::SlotBegan { .. } => "slot_began",
            Boundary::Other => "other",
        }
    }

    /// The slot that it is one of.
    pub fn zeit(&self) -> Option<&str> {
        match self {
            Boundary::Cutoff { zeit } | Boundary::SlotEnded { zeit } | Boundary::SlotBegan { zeit } => Some(zeit),
            Boundary::Midnight | Boundary::Other => None,
        }
    }
}

fn slots(timeline: &Timeline) -> impl Iterator<Item = (NaiveDate, &str)> {
    timeline.days.iter().flat_map(|day| &day.slots).map(|slot| (slot.date, slot.zeit.as_str()))
}
