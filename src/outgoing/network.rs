//! Whom a server that somebody merely named may turn out to be.
//!
//! A name is looked up when the connection is made, and what it turns out to be is checked then: a name that is public
//! when it is written down and private when it is used gets nobody inside.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Address;

/// A host that may be asked although it is in a private network: a name or an address, perhaps with the one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    /// In lower case; an IPv6 address without brackets.
    host: String,
    port: Option<u16>,
}

impl AllowedHost {
    /// Reads `host` or `host:port`; an IPv6 address has brackets where a port follows. `None`: it is neither.
    pub fn parse(text: &str) -> Option<AllowedHost> {
        let text = text.trim().to_ascii_lowercase();
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(AllowedHost { host: address.to_string(), port: None });
        }
        // A port is said only if it was written: the one that http has by itself would otherwise be lost.
        let address = Address::parse(&format!("http://{text}")).ok()?;
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
            _ => (text.as_str(), None),
        };
        let is_whole = !host.is_empty() && !host.contains(['/', '@']);
        is_whole.then(|| AllowedHost { host: address.host().to_owned(), port })
    }

    /// Whether this is the host of the address.
    pub fn is_of(&self, address: &Address) -> bool {
        self.host == address.host() && self.port.is_none_or(|port| Some(port) == address.port())
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            None => f.write_str(&self.host),
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
        }
    }
}

/// Whether everybody may be sent there: no address of this machine, of a private network, or of no single host.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_special = match first {
        // This network, this machine, and all that is meant for several or for nobody yet.
        0 | 127 | 224..=255 => true,
        10 => true,
        // Shared by a provider with its customers.
        100 => (64..128).contains(&second),
        169 => second == 254,
        172 => (16..32).contains(&second),
        // Protocols' own, examples, a relay that is no more.
        192 => second == 168 || (second == 0 && matches!(third, 0 | 2)) || (second == 88 && third == 99),
        // Measurements and examples.
        198 => matches!(second, 18 | 19) || (second == 51 && third == 100),
        203 => second == 0 && third == 113,
        _ => false,
    };
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let [.., high, low] = segments;
    let last = || Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match segments {
        // An IPv4 address in another form, or one that a gateway or a tunnel leads to.
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => is_public_v4(last()),
        [0x2002, first, second, ..] => is_public_v4(Ipv4Addr::from((u32::from(first) << 16) | u32::from(second))),
        // Tunnels, identifiers, examples.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // Only these are given out to the public.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// The host may not be asked, because this is its address.
#[derive(Debug, thiserror::Error)]
#[error("{host} is {address}, which is not public")]
pub(super) struct NotPublic {
    pub(super) host: String,
    pub(super) address: IpAddr,
}

/// Looks names up and leaves out what is not public.
#[derive(Clone, Copy)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let refused = found.iter().map(SocketAddr::ip).find(|address| !is_public(*address));
            let public: Vec<SocketAddr> = found.into_iter().filter(|address| is_public(address.ip())).collect();
            match refused {
                Some(address) if public.is_empty() => Err(NotPublic { host, address }.into()),
                _ => {
                    let addresses: Addrs = Box::new(public.into_iter());
                    Ok(addresses)
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_public_may_be_asked() {
        for inside in [
            "127.0.0.1",
            "127.255.0.9",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fdff::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:192.168.0.1",
            "::127.0.0.1",
            "::8.8.8.8",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "2002:7f00:1::1",
            "2002:c0a8:101::",
            "2001::1",
            "2001:db8::1",
            "fec0::1",
            "100::1",
            "3fff::1",
            "5f00::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "140.82.121.4",
            "2606:50c0:8000::153",
            "2a01:4f8::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "2001:470::1",
        ] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn allowed_hosts_are_names_or_addresses_with_or_without_a_port() {
        let allows = |allowed: &str, address: &str| {
            AllowedHost::parse(allowed).unwrap().is_of(&Address::parse(address).unwrap())
        };
        for (allowed, address) in [
            ("git.lan", "http://git.lan:3000/a"),
            ("Git.LAN", "https://git.lan/a"),
            ("git.lan:3000", "http://GIT.lan:3000/a"),
            ("git.lan:443", "https://git.lan/a"),
            ("git.lan:80", "http://git.lan/a"),
            ("127.0.0.1", "http://127.0.0.1:8080"),
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("::1", "http://[::1]:8080"),
            ("[::1]:8080", "http://[0:0::1]:8080"),
            ("[::1]", "http://[::1]/"),
        ] {
            assert!(allows(allowed, address), "{allowed} {address}");
        }
        for (allowed, address) in [
            ("git.lan", "https://git.lan.example.org"),
            ("git.lan", "https://a.git.lan"),
            ("git.lan:3000", "http://git.lan/"),
            ("git.lan:80", "https://git.lan/"),
            ("127.0.0.1", "http://127.0.0.2"),
            ("::1", "http://[::2]"),
        ] {
            assert!(!allows(allowed, address), "{allowed} {address}");
        }
        for bad in [
            "",
            " ",
            ":",
            "git.lan:",
            "git.lan:x",
            "git.lan:70000",
            "a b",
            "https://git.lan",
            "a/b",
            "a@b",
            "[::1",
            "a?b",
        ] {
            assert_eq!(AllowedHost::parse(bad), None, "{bad}");
        }
        for shown in ["git.lan", "git.lan:3000", "::1", "[::1]:8080"] {
            assert_eq!(AllowedHost::parse(shown).unwrap().to_string(), shown);
        }
    }
}
