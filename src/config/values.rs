//! Values of settings as people write them. A refusal says what would be right.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use crate::http::PublicUrl;

const BYTES_MAX: u64 = 1 << 40;
/// A connection costs memory and a file descriptor; nobody has more of these.
const CONNECTIONS: RangeInclusive<usize> = 1..=1_000_000;
/// A time-out below would cut everybody, one above nobody.
const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(3_600);

const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1)];

/// Where to listen.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write an IP address and a port, like 127.0.0.1:8484 or [::1]:8484".to_owned())
}

/// As [`address`]; none if the text is empty.
pub(super) fn maybe_address(text: &str) -> Result<Option<SocketAddr>, String> {
    if text.is_empty() { Ok(None) } else { address(text).map(Some) }
}

/// A token that somebody made up; none if the text is empty. The refusal does not repeat it.
pub(super) fn secret(text: &str) -> Result<Option<String>, String> {
    let is_sound = (16..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    match (text.is_empty(), is_sound) {
        (true, _) => Ok(None),
        (false, true) => Ok(Some(text.to_owned())),
        (false, false) => Err("write 16 to 255 visible ASCII characters without spaces, chosen at random".to_owned()),
    }
}

/// A URL of the web; none if the text is empty.
pub(super) fn public_url(text: &str) -> Result<Option<PublicUrl>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let url = PublicUrl::parse(text).map(Some);
    url.ok_or_else(|| "write a URL with its host and without a path, like https://tasks.example.org".to_owned())
}

/// A size in bytes: `1048576`, `512KiB`, `128MiB`, `2GiB`.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || "write a number of bytes, KiB, MiB or GiB, like 128MiB; at most 1024GiB".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let (_, unit) = UNITS.iter().find(|(name, _)| *name == &text[digits.len()..]).ok_or_else(wrong)?;
    let count: u64 = digits.trim().parse().map_err(|_| wrong())?;
    count.checked_mul(*unit).filter(|bytes| *bytes <= BYTES_MAX).ok_or_else(wrong)
}

/// A size as [`bytes`] reads it, in the largest unit that divides it.
pub(super) fn bytes_text(bytes: u64) -> String {
    let unit = UNITS.iter().find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit));
    unit.map_or_else(|| bytes.to_string(), |(name, unit)| format!("{}{name}", bytes / unit))
}

/// A number of connections.
pub(super) fn connections(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| CONNECTIONS.contains(count));
    count.ok_or_else(|| "write a number of connections from 1 to 1000000".to_owned())
}

/// How long to wait: `500ms`, `5s`, `2m`.
pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => Some(1_u64),
        "s" => Some(1_000),
        "m" => Some(60_000),
        _ => None,
    };
    let count = digits.trim().parse().ok();
    let millis = unit.zip(count).and_then(|(unit, count): (u64, u64)| count.checked_mul(unit));
    let span = millis.map(Duration::from_millis).filter(|span| TIMEOUT.contains(span));
    span.ok_or_else(|| "write a time with ms, s or m, like 5s; from 10ms to 60m".to_owned())
}

/// A time as [`timeout`] reads it.
pub(super) fn timeout_text(span: Duration) -> String {
    let millis = span.as_millis();
    if millis.is_multiple_of(1_000) { format!("{}s", millis / 1_000) } else { format!("{millis}ms") }
}

/// IP addresses; an IPv4 address that is written as IPv6 is an IPv4 address.
pub(super) fn addresses(texts: &[String]) -> Result<Vec<IpAddr>, String> {
    let parsed = texts.iter().map(|text| text.parse::<IpAddr>().map(|address| address.to_canonical()));
    parsed.collect::<Result<_, _>>().map_err(|_| "write IP addresses, like 127.0.0.1 or ::1".to_owned())
}

/// What to log: a level, or several `target=level` with it.
pub(super) fn log(text: &str) -> Result<String, String> {
    let is_level = |word: &str| matches!(word, "off" | "error" | "warn" | "info" | "debug" | "trace");
    let is_directive = |directive: &str| is_level(directive.rsplit('=').next().unwrap_or_default());
    // A word alone that is no level would be taken for a target, and everything else fall silent.
    let sound = text.split(',').all(is_directive) && EnvFilter::try_new(text).is_ok();
    let expected = "write off, error, warn, info, debug or trace, or a list like warn,codexmiroir=debug";
    if sound { Ok(text.to_owned()) } else { Err(expected.to_owned()) }
}

/// A text as TOML has it, between quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// A list of texts as TOML has it.
pub(super) fn quoted_list(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, size) in [("128MiB", 128 << 20), ("77", 77), ("0", 0), ("1KiB", 1024), ("1024GiB", 1 << 40)] {
            assert_eq!(bytes(text), Ok(size));
            assert_eq!(bytes_text(size), text);
        }
        for bad in ["", "MiB", "1.5GiB", "1GB", "99999999999999GiB", "1025GiB", "-1", "1ä"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn timeouts() {
        for (text, millis) in [("10ms", 10), ("5s", 5_000), ("1500ms", 1_500), ("3600s", 3_600_000)] {
            assert_eq!(timeout(text), Ok(Duration::from_millis(millis)));
            assert_eq!(timeout_text(Duration::from_millis(millis)), text);
        }
        assert_eq!(timeout("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "5", "0s", "9ms", "61m", "-5s", "1.5s", "5h", "99999999999999999999s", "5µs"] {
            assert!(timeout(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn logs() {
        for good in ["info", "off", "warn,codexmiroir=debug", "codexmiroir::store=trace"] {
            assert_eq!(log(good).as_deref(), Ok(good));
        }
        for bad in ["", "inof", "codexmiroir", "codexmiroir=", "info,", "a=b=c", "warn;info"] {
            assert!(log(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn urls() {
        assert_eq!(public_url(""), Ok(None));
        assert_eq!(public_url("https://tasks.example.org/").unwrap().unwrap().host, "tasks.example.org");
        for bad in ["tasks", "https://tasks.example.org/codex"] {
            assert!(public_url(bad).is_err(), "{bad}");
        }
    }
}
