//! Spans of time as people write them.

use chrono::TimeDelta;

/// The longest span: ten years of 365 days.
const MINUTES_MAX: i64 = 3_650 * 24 * 60;

/// A number and `d`, `h` or `m`: `90d`, `12h`, `30m`; at least a minute, at most 3650 days.
pub fn parse(text: &str) -> Option<TimeDelta> {
    let unit = text.chars().last()?;
    let count: i64 = text[..text.len() - unit.len_utf8()].parse().ok()?;
    let minutes = match unit {
        'd' => count.checked_mul(24 * 60),
        'h' => count.checked_mul(60),
        'm' => Some(count),
        _ => None,
    };
    minutes.filter(|minutes| (1..=MINUTES_MAX).contains(minutes)).map(TimeDelta::minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        assert_eq!(parse("90d"), Some(TimeDelta::days(90)));
        assert_eq!(parse("12h"), Some(TimeDelta::hours(12)));
        assert_eq!(parse("1m"), Some(TimeDelta::minutes(1)));
        for bad in ["", "d", "90", "-1d", "0m", "99999999999999999999d", "9999d", "5ä", "1 d", "1D"] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
