//! Values that several commands take, each read with a message that says what would be right.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

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

/// How many at most.
pub fn count(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| "write a whole number from 1 on".to_owned())
}

/// A generation, as the history shows it.
pub fn generation(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "write a generation as codexmiroir history shows it, like 12".to_owned())
}

/// A time from now, as the API takes it: `90d`, `12h`, `30m`.
pub fn span(text: &str) -> Result<String, String> {
    let wrong = "write a number and d, h or m, like 90d; at most 3650d";
    span::parse(text).map(|_| text.to_owned()).ok_or_else(|| wrong.to_owned())
}

/// A slot as it was written; what days and names there are, the API knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotText {
    datum: String,
    zeit: String,
}

impl SlotText {
    pub fn json(&self) -> Value {
        json!({"datum": self.datum, "zeit": self.zeit})
    }
}

/// A day and the name of a slot in it.
pub fn slot(text: &str) -> Result<SlotText, String> {
    let (datum, zeit) = text.trim().split_once(char::is_whitespace).unwrap_or((text, ""));
    match (datum.trim(), zeit.trim()) {
        ("", _) | (_, "") => Err("write day and slot, like \"15.10.2025 morgens\"".to_owned()),
        (datum, zeit) => Ok(SlotText { datum: datum.to_owned(), zeit: zeit.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for good in ["90d", "12h", "30m", "3650d"] {
            assert_eq!(span(good), Ok(good.to_owned()));
        }
        for bad in ["", "d", "90", "-1d", "0m", "99999999999999999999d", "9999d", "5ä"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn slots_are_two_words() {
        let read = |text| slot(text).map(|slot| slot.json().to_string());
        let morning = r#"{"datum":"15.10.2025","zeit":"morgens"}"#;
        for good in ["15.10.2025 morgens", "  15.10.2025 \t morgens "] {
            assert_eq!(read(good).as_deref(), Ok(morning));
        }
        for bad in ["", " ", "15.10.2025", "morgens ", "15.10.2025 "] {
            assert!(read(bad).is_err(), "{bad:?}");
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
