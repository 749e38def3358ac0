//! Calendar dates as people write them in task files.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

/// The years that a client may name.
const PLANNED_YEARS: RangeInclusive<i32> = 1970..=9998;

/// A date as `dd.mm.yyyy`, the form that files and JSON use.
pub fn to_text(date: NaiveDate) -> String {
    format!("{:02}.{:02}.{:04}", date.day(), date.month(), date.year())
}

/// Reads `31.10.2025`, `1.4.2025` and `2025-10-31`; years 1 to 9999. `None` for anything else,
/// dates that the calendar does not have included.
pub fn parse_lenient(text: &str) -> Option<NaiveDate> {
    let (sign, reversed) = if text.contains('-') { ('-', false) } else { ('.', true) };
    let mut parts: Vec<&str> = text.trim().split(sign).collect();
    if reversed {
        parts.reverse();
    }
    let [year, month, day] = parts[..] else { return None };
    let digits = |part: &str, lengths: RangeInclusive<usize>| {
        let ok = lengths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        ok.then(|| part.parse::<u32>().ok())?
    };
    let year = digits(year, 4..=4).filter(|year| *year > 0)?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, digits(month, 1..=2)?, digits(day, 1..=2)?)
}

/// As [`parse_lenient`], for values that a client sends: years 1970 to 9998 only, so that a horizon
/// around the date still has four-digit years.
pub fn parse_request(text: &str) -> Option<NaiveDate> {
    parse_lenient(text).filter(|date| PLANNED_YEARS.contains(&date.year()))
}

/// Reads an RFC 3339 instant that a horizon can begin at: years 1970 to 9997.
pub fn parse_instant(text: &str) -> Option<DateTime<Utc>> {
    let instant = DateTime::parse_from_rfc3339(text).ok()?;
    // Through milliseconds, which have no leap second and no finer part.
    DateTime::from_timestamp_millis(instant.timestamp_millis()).filter(can_begin)
}

/// Whether a horizon can begin at it: the longest begins at least a year before five-digit years.
pub fn can_begin(instant: &DateTime<Utc>) -> bool {
    (*PLANNED_YEARS.start()..*PLANNED_YEARS.end()).contains(&instant.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_are_one_date() {
        let date = NaiveDate::from_ymd_opt(2025, 4, 1);
        for form in ["01.04.2025", "1.4.2025", "2025-04-01", " 01.04.2025 "] {
            assert_eq!(parse_lenient(form), date, "{form}");
        }
        assert_eq!(to_text(date.unwrap()), "01.04.2025");
    }

    #[test]
    fn impossible_dates_are_refused() {
        for bad in [
            "31.02.2025",
            "99.99.9999",
            "gestern",
            "",
            "1.4.25",
            "01.04.0000",
            "1.4",
            "1.4.2025.1",
            "+1.4.2025",
            "٣.4.2025",
        ] {
            assert_eq!(parse_lenient(bad), None, "{bad}");
        }
        assert_eq!(parse_request("31.12.9999"), None);
        assert!(parse_lenient("31.12.9999").is_some());
    }
}
