//! Local time of a zone, with what daylight saving does to it.

use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// A time zone of the IANA database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Zone(Tz);

/// The release of the IANA database that is built in, such as `2025b`.
pub const DATABASE_VERSION: &str = chrono_tz::IANA_TZDB_VERSION;

impl Zone {
    pub const UTC: Zone = Zone(Tz::UTC);

    /// By name, such as `Europe/Berlin`, in any case.
    pub fn parse(name: &str) -> Option<Zone> {
        Tz::from_str_insensitive(name.trim()).ok().map(Zone)
    }

    /// The names of all of them, in their order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())
    }

    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The instant as this zone's clocks show it.
    pub fn local(self, instant: DateTime<Utc>) -> DateTime<Tz> {
        instant.with_timezone(&self.0)
    }

    pub fn date_of(self, instant: DateTime<Utc>) -> NaiveDate {
        self.local(instant).date_naive()
    }

    /// The instant of a local time. One that a change of the clocks skips is the first instant after the
    /// gap; one that occurs twice is the earlier.
    pub fn instant(self, date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        let local = date.and_time(time);
        match self.0.from_local_datetime(&local) {
            LocalResult::Single(instant) => instant.to_utc(),
            LocalResult::Ambiguous(earlier, _) => earlier.to_utc(),
            LocalResult::None => self.after_gap(local),
        }
    }

    /// The first instant after the gap that `local` lies in: the moment at which the offset changes.
    fn after_gap(self, local: NaiveDateTime) -> DateTime<Utc> {
        // No offset is larger than 26 hours, so this bracket holds the change; bisect to the second.
        let mut before = local.and_utc() - TimeDelta::hours(27);
        let mut after = local.and_utc() + TimeDelta::hours(27);
        while after - before > TimeDelta::seconds(1) {
            let middle = before + TimeDelta::seconds((after - before).num_seconds() / 2);
            if self.local(middle).naive_local() < local {
                before = middle;
            } else {
                after = middle;
            }
        }
        after
    }

    /// The instant at which the day after `date` begins.
    pub fn next_midnight(self, date: NaiveDate) -> DateTime<Utc> {
        self.instant(date + Days::new(1), NaiveTime::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(zone: &str, date: (i32, u32, u32), time: (u32, u32)) -> String {
        let date = NaiveDate::from_ymd_opt(date.0, date.1, date.2).unwrap();
        let time = NaiveTime::from_hms_opt(time.0, time.1, 0).unwrap();
        Zone::parse(zone).unwrap().instant(date, time).to_rfc3339()
    }

    #[test]
    fn a_skipped_time_is_the_first_instant_after_the_gap() {
        assert_eq!(instant("Europe/Berlin", (2025, 3, 30), (2, 30)), "2025-03-30T01:00:00+00:00");
        assert_eq!(instant("Europe/Berlin", (2025, 3, 30), (3, 0)), "2025-03-30T01:00:00+00:00");
        // Midnight itself is skipped.
        assert_eq!(instant("America/Santiago", (2025, 9, 7), (0, 0)), "2025-09-07T04:00:00+00:00");
        // A whole day is skipped.
        assert_eq!(instant("Pacific/Apia", (2011, 12, 30), (12, 0)), "2011-12-30T10:00:00+00:00");
    }

    #[test]
    fn a_time_that_occurs_twice_is_the_earlier() {
        assert_eq!(instant("Europe/Berlin", (2025, 10, 26), (2, 30)), "2025-10-26T00:30:00+00:00");
        assert_eq!(instant("Australia/Lord_Howe", (2025, 4, 6), (1, 45)), "2025-04-05T14:45:00+00:00");
    }

    #[test]
    fn zones_are_named_in_any_case_or_refused() {
        assert_eq!(Zone::parse("europe/berlin").unwrap().name(), "Europe/Berlin");
        assert!(Zone::parse("Europe/Atlantis").is_none());
        assert!(Zone::parse("").is_none());
    }
}
