//! Values that several commands take, each read with a message that says what would be right.

use std::net::SocketAddr;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::date;
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

/// Where to listen.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write an IP address and a port, like 127.0.0.1:8484 or [::1]:8484".to_owned())
}

/// A time from now: `90d`, `12h`, `30m`.
pub fn span(text: &str) -> Result<TimeDelta, String> {
    let wrong = || "write a number and d, h or m, like 90d; at most 3650d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let count: i64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let minutes = match unit {
        'd' => count.checked_mul(24 * 60),
        'h' => count.checked_mul(60),
        'm' => Some(count),
        _ => None,
    };
    let within = minutes.filter(|minutes| (1..=3_650 * 24 * 60).contains(minutes));
    within.map(TimeDelta::minutes).ok_or_else(wrong)
}

/// A size in bytes: `1048576`, `512KiB`, `128MiB`, `2GiB`.
pub fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || "write a number of bytes, KiB, MiB or GiB, like 128MiB".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match &text[digits.len()..] {
        "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(wrong()),
    };
    let count: u64 = digits.trim().parse().map_err(|_| wrong())?;
    count.checked_mul(unit).filter(|bytes| *bytes <= 1 << 40).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_sizes() {
        assert_eq!(span("90d"), Ok(TimeDelta::days(90)));
        assert_eq!(span("12h"), Ok(TimeDelta::hours(12)));
        for bad in ["", "d", "90", "-1d", "0m", "99999999999999999999d", "9999d", "5ä"] {
            assert!(span(bad).is_err(), "{bad}");
        }
        assert_eq!(bytes("128MiB"), Ok(128 << 20));
        assert_eq!(bytes("77"), Ok(77));
        for bad in ["", "MiB", "1.5GiB", "1GB", "99999999999999GiB", "-1"] {
            assert!(bytes(bad).is_err(), "{bad}");
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
