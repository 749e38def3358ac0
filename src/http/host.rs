//! Hosts: the one that a request asks for, and the one that people know.

use std::net::{IpAddr, Ipv6Addr};

use hyper::Uri;

/// A host as a request names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host<'r> {
    /// A name or an address, the latter without an IPv6 address's brackets.
    pub name: &'r str,
    /// As it was written; empty where it was not.
    port: &'r str,
}

/// The bytes that a host's name is made of (RFC 3986, 3.2.2). A table, because every request has one.
const IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        let is_mark = matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'%'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
        );
        table[byte as usize] = is_mark || byte.is_ascii_alphanumeric();
        byte += 1;
    }
    table
};

impl<'r> Host<'r> {
    /// The host in `host[:port]`.
    pub fn parse(authority: &'r str) -> Option<Host<'r>> {
        let (name, rest) = match authority.strip_prefix('[') {
            Some(bracketed) => {
                let (name, rest) = bracketed.split_once(']')?;
                name.parse::<Ipv6Addr>().ok()?;
                (name, rest)
            }
            None => {
                let named = authority.bytes().take_while(|byte| IN_NAME[usize::from(*byte)]).count();
                authority.split_at_checked(named)?
            }
        };
        let port = if rest.is_empty() { rest } else { rest.strip_prefix(':')? };
        let sound = !name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        sound.then_some(Host { name, port })
    }

    /// Its port, if it tells one.
    pub fn port(self) -> Option<u16> {
        self.port.parse().ok()
    }

    /// Whether only this machine itself is called so.
    pub fn is_loopback(self) -> bool {
        self.name.eq_ignore_ascii_case("localhost")
            || self.name.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
    }

    /// Whether it cannot be a stranger's name that was made to point here.
    pub fn is_address_literal_or_localhost(self) -> bool {
        self.name.eq_ignore_ascii_case("localhost") || self.name.parse::<IpAddr>().is_ok()
    }

    /// Whether both are written in the same way, apart from case.
    pub fn is_written_as(self, other: Host<'_>) -> bool {
        self.name.eq_ignore_ascii_case(other.name) && self.port == other.port
    }

    /// Whether both are one, where that port is meant if none is told.
    pub fn is(self, other: Host<'_>, port_untold: u16) -> bool {
        let port = |host: Host<'_>| host.port().unwrap_or(port_untold);
        self.name.eq_ignore_ascii_case(other.name) && port(self) == port(other)
    }
}

/// As it is written in a URL.
impl std::fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (before, after) = if self.name.contains(':') { ("[", "]") } else { ("", "") };
        let colon = if self.port.is_empty() { "" } else { ":" };
        write!(f, "{before}{}{after}{colon}{}", self.name, self.port)
    }
}

/// The address that people use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// As it was written.
    pub url: String,
    pub is_https: bool,
    /// The name or address in it, without an IPv6 address's brackets.
    pub host: String,
    pub port: u16,
}

impl PublicUrl {
    /// A URL of the web that names a host and nothing below it: everything here has its place at the root.
    pub fn parse(text: &str) -> Option<PublicUrl> {
        let uri: Uri = text.parse().ok()?;
        let is_https = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = Host::parse(uri.authority()?.as_str())?;
        let port = match host.port {
            "" => port_of(is_https),
            _ => host.port()?,
        };
        let is_whole = uri.path() == "/" && uri.query().is_none();
        is_whole.then(|| PublicUrl { url: text.to_owned(), is_https, host: host.name.to_owned(), port })
    }

    /// Whether a request that asks for this host may have been sent by whoever has the URL. Proxies like to leave the
    /// port out, so that one counts only if it is told.
    pub fn is_asked_for(&self, host: Host<'_>) -> bool {
        self.has_name(host) && host.port().is_none_or(|port| port == self.port)
    }

    /// Whether this is its host, by whichever port.
    pub fn has_name(&self, host: Host<'_>) -> bool {
        self.host.eq_ignore_ascii_case(host.name)
    }
}

/// The port of URLs that tell none.
pub fn port_of(is_https: bool) -> u16 {
    if is_https { 443 } else { 80 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_localhost_are_known() {
        let is_known = |name: &str| Host::parse(name).unwrap().is_address_literal_or_localhost();
        for host in ["localhost", "LocalHost", "127.0.0.1:80", "192.168.1.20", "[::1]:8484", "[fe80::1]"] {
            assert!(is_known(host), "{host}");
        }
        for host in ["a.example", "localhost.example", "127.1", "1", "0x7f.0.0.1"] {
            assert!(!is_known(host), "{host}");
        }
    }

    #[test]
    fn hosts_are_one_by_name_and_port() {
        let is = |one: &str, other: &str, port| Host::parse(one).unwrap().is(Host::parse(other).unwrap(), port);
        assert!(is("a.example", "A.Example:443", 443) && is("[::1]:80", "[::1]", 80) && is("a:", "a:80", 80));
        assert!(!is("a.example", "a.example:443", 80) && !is("a.example:1", "a.example:2", 80) && !is("a", "b", 80));
    }

    #[test]
    fn a_public_url_is_a_host_and_no_more() {
        let parsed = |text| PublicUrl::parse(text).map(|url| (url.is_https, url.host, url.port));
        let is = |is_https, host: &str, port| Some((is_https, host.to_owned(), port));
        assert_eq!(parsed("https://tasks.example.org"), is(true, "tasks.example.org", 443));
        assert_eq!(parsed("http://b.example:81/"), is(false, "b.example", 81));
        assert_eq!(parsed("https://[2001:db8::1]:8443"), is(true, "2001:db8::1", 8443));
        for bad in [
            "tasks",
            "tasks.example.org",
            "ftp://a.example",
            "https://",
            "https:// ",
            "https://a.example/tasks",
            "https://a.example/?x",
            "https://name:word@a.example",
            "https://a.example:99999",
            "https://[a]",
            "",
        ] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_port_that_is_told_must_be_the_public_one() {
        let url = PublicUrl::parse("https://tasks.example.org:8443").unwrap();
        let asked = |host| url.is_asked_for(Host::parse(host).unwrap());
        assert!(asked("Tasks.Example.org") && asked("tasks.example.org:8443"));
        assert!(!asked("tasks.example.org:8484") && !asked("example.org"));
    }
}
