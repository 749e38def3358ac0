//! Values of settings as people write them. A refusal says what would be right.

mod git;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::time::Duration;

use ipnet::IpNet;
use tracing_subscriber::EnvFilter;

pub(super) use git::{
    branch, copy_max, flag, folder, git_mode, has_credentials, hosts, poll, remote, token, username, webhook_secret,
};

use crate::http::PublicUrl;

const BYTES_MAX: u64 = 1 << 40;
/// A connection costs memory and a file descriptor; nobody has more of these.
const CONNECTIONS: RangeInclusive<usize> = 1..=1_000_000;
/// A time-out below would cut everybody, one above nobody.
const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(3_600);

/// More often, one backup would follow upon the other; more seldom is no schedule.
const INTERVAL: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(366 * 24 * 3_600);
const INTERVAL_UNITS: [(&str, u64); 3] = [("d", 24 * 3_600), ("h", 3_600), ("m", 60)];
const KEEP: RangeInclusive<usize> = 1..=100_000;

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

/// How often: `30m`, `6h`, `1d`; none if the text is empty.
pub(super) fn interval(text: &str) -> Result<Option<Duration>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = INTERVAL_UNITS.iter().find(|(name, _)| *name == &text[digits.len()..]);
    let count = digits.trim().parse().ok();
    let seconds = unit.zip(count).and_then(|((_, unit), count): (_, u64)| count.checked_mul(*unit));
    let span = seconds.map(Duration::from_secs).filter(|span| INTERVAL.contains(span));
    span.map(Some).ok_or_else(|| "write a time with m, h or d, like 6h; from 1m to 366d".to_owned())
}

/// A time as [`interval`] reads it, in the largest unit that divides it.
pub(super) fn interval_text(span: Duration) -> String {
    let seconds = span.as_secs();
    let unit = INTERVAL_UNITS.iter().find(|(_, unit)| seconds.is_multiple_of(*unit));
    unit.map(|(name, unit)| format!("{}{name}", seconds / unit)).unwrap_or_default()
}

/// How many backups stay.
pub(super) fn keep(text: &str) -> Result<NonZeroUsize, String> {
    let count = text.parse().ok().filter(|count: &NonZeroUsize| KEEP.contains(&count.get()));
    count.ok_or_else(|| "write a number of backups from 1 to 100000".to_owned())
}

/// Networks, and addresses that are networks of one; what is IPv4 but written as IPv6 is IPv4. A network is written by its
/// first address, so that nobody who means one machine lets in all around it, and none has everybody in it.
pub(super) fn networks(texts: &[String]) -> Result<Vec<IpNet>, String> {
    texts.iter().map(|text| network(text)).collect()
}

fn network(text: &str) -> Result<IpNet, String> {
    let read = text.parse().map(|address: IpAddr| IpNet::from(address.to_canonical()));
    let network = read.or_else(|_| text.parse().map(canonical));
    let network =
        network.map_err(|_| "write IP addresses or networks, like 127.0.0.1, ::1 or 10.0.0.0/8".to_owned())?;
    if network.prefix_len() == 0 {
        return Err("write the addresses or networks of your own proxies: in this one is everybody".to_owned());
    }
    if network.trunc() != network {
        let (first, one) = (network.trunc(), network.addr());
        return Err(format!("write {first} for the whole network, or {one} for that address alone"));
    }
    Ok(network)
}

/// IPv4's part of IPv6 as IPv4.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else { return network };
    let within = mapped.addr().to_ipv4_mapped().zip(mapped.prefix_len().checked_sub(96));
    within.and_then(|(address, length)| IpNet::new(address.into(), length).ok()).unwrap_or(network)
}

/// A network as [`networks`] reads it.
pub(super) fn network_text(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() { network.addr().to_string() } else { network.to_string() }
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
    fn intervals() {
        for (text, minutes, shown) in [("1m", 1, "1m"), ("90m", 90, "90m"), ("6h", 360, "6h"), ("48h", 2_880, "2d")] {
            let span = Duration::from_secs(minutes * 60);
            assert_eq!((interval(text), interval_text(span).as_str()), (Ok(Some(span)), shown));
        }
        assert_eq!(interval(""), Ok(None));
        for bad in ["0m", "59s", "6", "h", "-6h", "1.5h", "367d", "99999999999999999999d", "6H", "6 hours", "6µ"] {
            assert!(interval(bad).is_err(), "{bad}");
        }
        for bad in ["", "0", "-1", "100001", "1.5", "all"] {
            assert!(keep(bad).is_err(), "{bad}");
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
    fn proxies() {
        for (text, shown) in [
            ("127.0.0.1", "127.0.0.1"),
            ("::1/128", "::1"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("FD00::/8", "fd00::/8"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:0:0/80", "write ::/80 for"),
        ] {
            let read = networks(&[text.to_owned()]);
            let read = read.map(|networks| networks.iter().map(network_text).collect::<String>());
            assert!(read.unwrap_or_else(|right| right).starts_with(shown), "{text}");
        }
        for (bad, right) in [
            ("", "like 127.0.0.1, ::1 or 10.0.0.0/8"),
            ("proxy", "like 127.0.0.1"),
            ("10.0.0.0/33", "like 127.0.0.1"),
            ("10.0.0.0/", "like 127.0.0.1"),
            ("10.0.0/8", "like 127.0.0.1"),
            ("10.0.0.0/255.0.0.0", "like 127.0.0.1"),
            ("127.0.0.1:80", "like 127.0.0.1"),
            ("10.1.2.3/8", "write 10.0.0.0/8 for the whole network, or 10.1.2.3 for"),
            ("fd00::1/8", "write fd00::/8 for the whole network, or fd00::1 for"),
            ("0.0.0.0/0", "everybody"),
            ("::/0", "everybody"),
            ("::ffff:0:0/96", "everybody"),
        ] {
            let refused = networks(&["::1".to_owned(), bad.to_owned()]).unwrap_err();
            assert!(refused.contains(right), "{bad}: {refused}");
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
