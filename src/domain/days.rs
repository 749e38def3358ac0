//! Days that rules name: days of the week, dates, and stretches of dates.

use chrono::{Datelike, NaiveDate};

use super::policy::Weekdays;

/// A set of days. Equal sets are equal values, whatever they were made from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NamedDays {
    weekdays: Weekdays,
    /// First and last day of each stretch: ascending, and no two of them overlap or touch.
    stretches: Vec<(NaiveDate, NaiveDate)>,
}

impl NamedDays {
    pub const NONE: NamedDays = NamedDays { weekdays: Weekdays::NONE, stretches: Vec::new() };

    /// The days of the week, and all dates from the first to the last of each stretch; a stretch that ends before it
    /// begins has none.
    pub fn new(weekdays: Weekdays, mut stretches: Vec<(NaiveDate, NaiveDate)>) -> NamedDays {
        stretches.retain(|(first, last)| first <= last);
        stretches.sort_unstable();
        stretches.dedup_by(|next, kept| {
            let touches = kept.1.succ_opt().is_none_or(|after| next.0 <= after);
            if touches {
                kept.1 = kept.1.max(next.1);
            }
            touches
        });
        NamedDays { weekdays, stretches }
    }

    pub fn of_weekdays(weekdays: Weekdays) -> NamedDays {
        NamedDays { weekdays, ..NamedDays::NONE }
    }

    pub fn of_stretch(first: NaiveDate, last: NaiveDate) -> NamedDays {
        NamedDays::new(Weekdays::NONE, vec![(first, last)])
    }

    pub fn contains(&self, day: NaiveDate) -> bool {
        let begun = self.stretches.partition_point(|(first, _)| *first <= day);
        let is_date = begun.checked_sub(1).and_then(|at| self.stretches.get(at)).is_some_and(|(_, last)| day <= *last);
        is_date || self.weekdays.contains(day.weekday())
    }

    /// The days of both.
    pub fn union(self, other: NamedDays) -> NamedDays {
        let weekdays = self.weekdays.union(other.weekdays);
        match (self.stretches.is_empty(), other.stretches.is_empty()) {
            (_, true) => NamedDays { weekdays, ..self },
            (true, _) => NamedDays { weekdays, ..other },
            (false, false) => NamedDays::new(weekdays, [self.stretches, other.stretches].concat()),
        }
    }

    pub fn weekdays(&self) -> Weekdays {
        self.weekdays
    }

    /// First and last day of each stretch of dates, in order.
    pub fn stretches(&self) -> &[(NaiveDate, NaiveDate)] {
        &self.stretches
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::Days;
    use proptest::prelude::*;

    use super::*;

    const MONDAY: NaiveDate = NaiveDate::from_ymd_opt(2025, 10, 13).unwrap();

    fn day(offset: u64) -> NaiveDate {
        MONDAY + Days::new(offset)
    }

    fn weekdays(bits: u8) -> Weekdays {
        let week = (0..7).filter(|bit| bits & 1 << bit != 0);
        week.fold(Weekdays::NONE, |days, bit| days.with(day(bit).weekday()))
    }

    proptest! {
        #[test]
        fn a_set_has_the_days_that_it_was_made_from(
            bits in 0_u8..128,
            stretches in proptest::collection::vec((0_u64..40, 0_u64..40), 0..12),
            others in proptest::collection::vec((0_u64..40, 0_u64..40), 0..12),
        ) {
            let made = |stretches: &[(u64, u64)]| stretches.iter().map(|(a, b)| (day(*a), day(*b))).collect::<Vec<_>>();
            let dates = |stretches: &[(u64, u64)]| -> BTreeSet<NaiveDate> {
                stretches.iter().flat_map(|(a, b)| (*a..=*b).map(day)).collect()
            };
            let (mine, theirs) = (NamedDays::new(weekdays(bits), made(&stretches)), NamedDays::new(Weekdays::NONE, made(&others)));
            let both = mine.clone().union(theirs.clone());
            let (of_mine, of_theirs) = (dates(&stretches), dates(&others));
            for day in (0..50).map(day) {
                let named = of_mine.contains(&day) || weekdays(bits).contains(day.weekday());
                prop_assert_eq!(mine.contains(day), named);
                prop_assert_eq!(both.contains(day), named || of_theirs.contains(&day));
            }
            prop_assert_eq!(&theirs.clone().union(mine), &both);
            // Made from single days it is the same value.
            let single = of_theirs.iter().map(|day| (*day, *day)).collect();
            prop_assert_eq!(NamedDays::new(Weekdays::NONE, single), theirs.clone());
            prop_assert!(theirs.stretches().windows(2).all(|two| two[0].1.succ_opt() < Some(two[1].0)));
        }
    }
}
