//! Values that several commands take, each read with a message that says what would be right.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::date;
use crate::domain::span;
use crate::domain::zone::Zone;
use crate::planning::DAYS_MAX;

/// A time zone by its IANA name.
pub fn zone(text: &str) -> Result<Zone, String> {
    Zone::parse(text).ok_or_else(|| "there is no such time zone; write it like Europe/Berlin".to_owned())
}

/// An instant as RFC 3339 has it, in the years that can be planned.
pub fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let expected = "write an RFC 3339 instant of the years 1970 to 9997, like 2025-10-13T08:00:00+02:00";
    date::parse_instant(text).ok_or_else(|| expected.to_owned())
}

/// How many days to plan.
pub fn days(text: &str) -> Result<u16, String> {
    let days = text.parse().ok().filter(|days| (1..=DAYS_MAX).contains(days));
    days.ok_or_else(|| format!("write a number of days from 1 to {DAYS_MAX}"))
}

/// A time from now: `90d`, `12h`, `30m`.
pub fn span(text: &str) -> Result<TimeDelta, String> {
    span::parse(text).ok_or_else(|| "write a number and d, h or m, like 90d; at most 3650d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        assert_eq!(span("90d"), Ok(TimeDelta::days(90)));
        assert_eq!(span("12h"), Ok(TimeDelta::hours(12)));
        for bad in ["", "d", "90", "-1d", "0m", "99999999999999999999d", "9999d", "5ä"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn instants_stay_within_what_can_be_planned() {
        assert!(instant("2025-10-13T08:00:00+02:00").is_ok());
        for bad in ["2025-10-13", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z", "jetzt"] {
            assert!(instant(bad).is_err(), "{bad}");
        }
    }
}
