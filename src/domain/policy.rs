//! What a rule set says, as data: the slots of days and where each open task may go.
//!
//! The rules produce it (`crate::rules`), the planner consumes it (`crate::planning`); neither knows the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate, NaiveTime};

use super::days::NamedDays;
use super::ids::DocKey;

/// One slot of a day in local time. Invariant, kept by [`validate_slots`]: `from <= cutoff <= to`, `from < to`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SlotSpec {
    /// The name, lower case, such as `morgens`; unique in its day.
    pub zeit: String,
    pub from: NaiveTime,
    pub to: NaiveTime,
    /// From this local time on the slot is no longer offered on its own day.
    pub cutoff: NaiveTime,
    /// Whether open tasks are put here without being fixed to it.
    pub auto: bool,
}

/// Why a day's list of slots is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotsError {
    FromNotBeforeTo { zeit: String },
    CutoffOutside { zeit: String },
    Overlap { first: String, second: String },
    NamedTwice { zeit: String },
}

impl std::fmt::Display for SlotsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SlotsError::FromNotBeforeTo { zeit } => write!(f, "slot '{zeit}' must begin before it ends"),
            SlotsError::CutoffOutside { zeit } => {
                write!(f, "the cutoff of slot '{zeit}' must lie between its begin and its end")
            }
            SlotsError::Overlap { first, second } => write!(f, "slots '{first}' and '{second}' overlap"),
            SlotsError::NamedTwice { zeit } => write!(f, "two slots of one day are named '{zeit}'"),
        }
    }
}

/// Sorts the slots of one day by their begin and checks the invariants of [`SlotSpec`] and of the day.
pub fn validate_slots(mut slots: Vec<SlotSpec>) -> Result<Vec<SlotSpec>, SlotsError> {
    slots.sort_by_key(|slot| slot.from);
    for (index, slot) in slots.iter().enumerate() {
        if slot.from >= slot.to {
            return Err(SlotsError::FromNotBeforeTo { zeit: slot.zeit.clone() });
        }
        if slot.cutoff < slot.from || slot.cutoff > slot.to {
            return Err(SlotsError::CutoffOutside { zeit: slot.zeit.clone() });
        }
        if slots[..index].iter().any(|earlier| earlier.zeit == slot.zeit) {
            return Err(SlotsError::NamedTwice { zeit: slot.zeit.clone() });
        }
        if let Some(earlier) = index.checked_sub(1).map(|before| &slots[before])
            && earlier.to > slot.from
        {
            return Err(SlotsError::Overlap { first: earlier.zeit.clone(), second: slot.zeit.clone() });
        }
    }
    Ok(slots)
}

/// A set of weekdays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Weekdays(u8);

impl Weekdays {
    pub const NONE: Weekdays = Weekdays(0);
    pub const ALL: Weekdays = Weekdays(0b111_1111);
    /// Monday to Friday.
    pub const WORKING: Weekdays = Weekdays(0b001_1111);
    /// Saturday and Sunday.
    pub const WEEKEND: Weekdays = Weekdays(0b110_0000);

    pub fn with(self, day: chrono::Weekday) -> Weekdays {
        Weekdays(self.0 | 1 << day.num_days_from_monday())
    }

    pub fn intersect(self, other: Weekdays) -> Weekdays {
        Weekdays(self.0 & other.0)
    }

    pub fn union(self, other: Weekdays) -> Weekdays {
        Weekdays(self.0 | other.0)
    }

    pub fn contains(self, day: chrono::Weekday) -> bool {
        self.0 & 1 << day.num_days_from_monday() != 0
    }

    /// Its days, Monday first.
    pub fn days(self) -> impl Iterator<Item = chrono::Weekday> {
        std::iter::successors(Some(chrono::Weekday::Mon), |day| Some(day.succ()))
            .take(7)
            .filter(move |day| self.contains(*day))
    }
}

/// A condition of a constraint that a slot does not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition<'c> {
    /// Only on these days of the week.
    Weekdays(Weekdays),
    /// Not on this day, which is left out.
    Except,
    /// Only slots of these names.
    Zeiten(&'c [String]),
    /// No slots of these names.
    NotZeiten(&'c [String]),
    /// Not before this day.
    From(NaiveDate),
    /// Not after this day.
    UpTo(NaiveDate),
}

/// Where an open task may go: the conditions all hold at once. And how early it may choose.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Constraint {
    pub weekdays: Weekdays,
    /// Days that are allowed although they are none of `weekdays`.
    pub also: NamedDays,
    /// Days that are forbidden whatever else is said.
    pub except: NamedDays,
    /// Names of slots, lower case; `None` allows every slot.
    pub zeiten: Option<Vec<String>>,
    /// Names of slots, lower case, ascending, each once, that are forbidden.
    pub not_zeiten: Vec<String>,
    /// First day allowed.
    pub from: Option<NaiveDate>,
    /// Last day allowed.
    pub up_to: Option<NaiveDate>,
    /// How far the task goes ahead of others in line: a higher one chooses first, equal ones go by rank.
    pub ahead: u32,
    /// The rule's own words, for explanations.
    pub because: Option<String>,
}

impl Constraint {
    /// No condition at all.
    pub const ANYWHERE: Constraint = Constraint {
        weekdays: Weekdays::ALL,
        also: NamedDays::NONE,
        except: NamedDays::NONE,
        zeiten: None,
        not_zeiten: Vec::new(),
        from: None,
        up_to: None,
        ahead: 0,
        because: None,
    };

    pub fn allows(&self, day: NaiveDate, zeit: &str) -> bool {
        self.unmet(day, zeit).is_none()
    }

    /// The first condition that a slot does not meet; `None` for one that is allowed.
    pub fn unmet(&self, day: NaiveDate, zeit: &str) -> Option<Condition<'_>> {
        if !self.weekdays.contains(day.weekday()) && !self.also.contains(day) {
            return Some(Condition::Weekdays(self.weekdays));
        }
        if self.except.contains(day) {
            return Some(Condition::Except);
        }
        if self.not_zeiten.iter().any(|forbidden| forbidden == zeit) {
            return Some(Condition::NotZeiten(&self.not_zeiten));
        }
        let zeiten = self.zeiten.as_deref().filter(|zeiten| !zeiten.iter().any(|allowed| allowed == zeit));
        let from = self.from.filter(|from| day < *from);
        let up_to = self.up_to.filter(|up_to| *up_to < day);
        zeiten.map(Condition::Zeiten).or(from.map(Condition::From)).or(up_to.map(Condition::UpTo))
    }

    /// What both allow, as far ahead in line as either says: no rule calls back a task that another sends forward. A day
    /// that either has in `also` is one of the days of both.
    pub fn intersect(self, other: Constraint) -> Constraint {
        let mut not_zeiten = [self.not_zeiten, other.not_zeiten].concat();
        not_zeiten.sort_unstable();
        not_zeiten.dedup();
        let zeiten = match (self.zeiten, other.zeiten) {
            (Some(mine), Some(theirs)) => Some(mine.into_iter().filter(|zeit| theirs.contains(zeit)).collect()),
            (mine, theirs) => mine.or(theirs),
        };
        Constraint {
            weekdays: self.weekdays.intersect(other.weekdays),
            also: self.also.union(other.also),
            except: self.except.union(other.except),
            zeiten,
            not_zeiten,
            from: self.from.max(other.from),
            up_to: match (self.up_to, other.up_to) {
                (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
                (mine, theirs) => mine.or(theirs),
            },
            ahead: self.ahead.max(other.ahead),
            because: match (self.because, other.because) {
                (Some(mine), Some(theirs)) => Some(format!("{mine}; {theirs}")),
                (mine, theirs) => mine.or(theirs),
            },
        }
    }
}

/// What the rules say of one open task.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    Allowed(Constraint),
    /// Refused altogether, with the rule's words.
    Never {
        because: String,
    },
}

impl Verdict {
    /// How far the task goes ahead of others in line.
    pub fn ahead(&self) -> u32 {
        match self {
            Verdict::Allowed(constraint) => constraint.ahead,
            Verdict::Never { .. } => 0,
        }
    }

    /// What both rules say together: one refusal is enough.
    pub fn and(self, other: Verdict) -> Verdict {
        match (self, other) {
            (Verdict::Allowed(mine), Verdict::Allowed(theirs)) => Verdict::Allowed(mine.intersect(theirs)),
            (never @ Verdict::Never { .. }, _) | (_, never @ Verdict::Never { .. }) => never,
        }
    }
}

/// Everything that a rule set answered for one planning run: nothing is left to ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The slots of every day of the horizon and of every day that a task is fixed to.
    pub days: BTreeMap<NaiveDate, Arc<[SlotSpec]>>,
    /// One verdict for each open task that is not fixed.
    pub verdicts: BTreeMap<DocKey, Arc<Verdict>>,
}
