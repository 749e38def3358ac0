//! The days that a timeline covers, and the instants at which the clock alone changes it.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::domain::policy::SlotSpec;
use crate::domain::zone::Zone;

/// Today and the six days after it.
pub const DAYS_DEFAULT: u16 = 7;
/// The longest horizon that can be asked for.
pub const DAYS_MAX: u16 = 366;

/// The days from today on, as seen at one instant in one zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Horizon {
    pub zone: Zone,
    pub now: DateTime<Utc>,
    days: u16,
}

impl Horizon {
    /// `days` is kept within 1 to [`DAYS_MAX`].
    pub fn new(zone: Zone, now: DateTime<Utc>, days: u16) -> Horizon {
        Horizon { zone, now, days: days.clamp(1, DAYS_MAX) }
    }

    pub fn today(&self) -> NaiveDate {
        self.zone.date_of(self.now)
    }

    /// How many days it has, today included.
    pub fn days(&self) -> u16 {
        self.days
    }

    pub fn last_day(&self) -> NaiveDate {
        self.today() + Days::new(u64::from(self.days) - 1)
    }

    pub fn dates(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        self.today().iter_days().take(usize::from(self.days))
    }

    pub(super) fn window(&self, date: NaiveDate, slot: &SlotSpec) -> Window {
        Window {
            start: self.zone.instant(date, slot.from),
            cutoff: self.zone.instant(date, slot.cutoff),
            end: self.zone.instant(date, slot.to),
        }
    }

    /// From which boundary to which the answer stays the same: local midnight and the boundaries of
    /// the slots. Always `from <= now < until`.
    pub(super) fn validity<'w>(&self, windows: impl Iterator<Item = &'w Window>) -> (DateTime<Utc>, DateTime<Utc>) {
        let today = self.today();
        let midnight = self.zone.instant(today, NaiveTime::MIN);
        let mut from = midnight.min(self.now);
        // Where clocks were set back over midnight, the next one may already have been once.
        let next_midnight = self.zone.next_midnight(today);
        let mut until = if next_midnight > self.now { next_midnight } else { self.now + TimeDelta::hours(1) };
        for boundary in windows.flat_map(|window| [window.start, window.cutoff, window.end]) {
            if boundary <= self.now {
                from = from.max(boundary);
            } else {
                until = until.min(boundary);
            }
        }
        (from, until)
    }
}

/// A slot of a certain day in instants. Every boundary counts from its instant on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    start: DateTime<Utc>,
    cutoff: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl Window {
    pub(super) fn is_offered(&self, now: DateTime<Utc>) -> bool {
        now < self.cutoff
    }

    pub(super) fn is_running(&self, now: DateTime<Utc>) -> bool {
        self.start <= now && now < self.end
    }

    pub(super) fn has_ended(&self, now: DateTime<Utc>) -> bool {
        self.end <= now
    }
}
