//! Who a request comes from: behind reverse proxies, whom these tell of, by `Forwarded` (RFC 7239) or the
//! `X-Forwarded-…` that were there before it.
//!
//! Anybody can send such fields, and a proxy adds to what it was sent. What must hold:
//! - from a peer that is no configured proxy they mean nothing;
//! - a list is read from its end, where the nearest proxy wrote, up to the first that is no configured proxy: that is
//!   the client, and what stands before was written by it;
//! - what is malformed, hidden (`unknown`, `_x`) or left out is not told, and what is not told is as it is without a
//!   proxy: the address is the peer's, the host that of the request;
//! - where both kinds of fields are there, only what both tell alike is told. A proxy sets one kind and hands on the
//!   other as it came, and which one it sets cannot be seen: to prefer either would be to believe some clients.
//!
//! Whoever makes such fields disagree is counted as the proxy, with all others who do, and gains nothing by it.

use std::net::{IpAddr, Ipv6Addr};

use super::fields::Fields;
use super::head::Head;
use super::host::{Host, PublicUrl};

/// Who a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// IPv4 always as IPv4.
    pub address: IpAddr,
    /// Whether it speaks https, most likely with somebody in front.
    pub is_https: bool,
}

/// The client of a request whose host is the effective one already ([`host`]). Without a proxy that says so, it speaks
/// https if it asks for the public URL's host and that URL is https.
pub fn client(peer: IpAddr, head: &Head<'_>, is_proxy: &dyn Fn(IpAddr) -> bool, public: Option<&PublicUrl>) -> Client {
    let told = told(peer, head.fields, is_proxy);
    let is_public = || public.is_some_and(|public| public.is_https && public.is_asked_for(head.host));
    Client {
        address: told.address.unwrap_or(peer).to_canonical(),
        is_https: told.is_https == Some(true) || is_public(),
    }
}

/// The host that a proxy was asked for, if it tells.
pub fn host<'r>(peer: IpAddr, fields: &Fields<'r>, is_proxy: &dyn Fn(IpAddr) -> bool) -> Option<Host<'r>> {
    let may_tell = fields.forwarded.first.or(fields.x_forwarded_host.first).is_some();
    if may_tell { told(peer, fields, is_proxy).host } else { None }
}

/// What proxies tell of a request, or one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told<'r> {
    address: Option<IpAddr>,
    is_https: Option<bool>,
    host: Option<Host<'r>>,
}

fn told<'r>(peer: IpAddr, fields: &Fields<'r>, is_proxy: &dyn Fn(IpAddr) -> bool) -> Told<'r> {
    let is_standard = fields.forwarded.first.is_some();
    let customary = [fields.x_forwarded_for, fields.x_forwarded_host, fields.x_forwarded_proto];
    let is_customary = customary.iter().any(|field| field.first.is_some());
    if !(is_standard || is_customary) || !is_proxy(peer) {
        return Told::default();
    }
    match (is_standard, is_customary) {
        (true, false) => standard(fields, is_proxy),
        (false, _) => by_custom(fields, is_proxy),
        (true, true) => standard(fields, is_proxy).agreed(by_custom(fields, is_proxy)),
    }
}

impl<'r> Told<'r> {
    /// What both tell.
    fn agreed(self, other: Told<'_>) -> Told<'r> {
        let is_same = |host: &Host<'r>| other.host.is_some_and(|other| host.is_written_as(other));
        Told {
            address: self.address.filter(|address| other.address == Some(*address)),
            is_https: self.is_https.filter(|is_https| other.is_https == Some(*is_https)),
            host: self.host.filter(is_same),
        }
    }
}

/// What is told where the client is named: by the last that names no proxy; where all do, by the first, since a proxy may
/// ask for itself.
fn of_the_client<'r>(elements: impl Iterator<Item = Told<'r>>, is_proxy: &dyn Fn(IpAddr) -> bool) -> Told<'r> {
    let mut found = None;
    for element in elements {
        if found.is_none() || !element.address.is_some_and(is_proxy) {
            found = Some(element);
        }
    }
    found.unwrap_or_default()
}

/// By `X-Forwarded-…`. Scheme and host are the last that are written: how their lists belong to that of the addresses
/// cannot be seen, but the nearest proxy wrote there.
fn by_custom<'r>(fields: &Fields<'r>, is_proxy: &dyn Fn(IpAddr) -> bool) -> Told<'r> {
    let addresses = entries(fields, "x-forwarded-for").map(customary_node);
    let elements = addresses.map(|address| Told { address, ..Told::default() });
    Told {
        is_https: entries(fields, "x-forwarded-proto").last().and_then(is_https),
        host: entries(fields, "x-forwarded-host").last().and_then(host_in),
        ..of_the_client(elements, is_proxy)
    }
}

/// What stands between the commas.
fn entries<'r>(fields: &Fields<'r>, name: &'static str) -> impl Iterator<Item = &'r [u8]> {
    let entries = fields.lines(name).flat_map(|line| line.split(|byte| *byte == b','));
    entries.map(<[u8]>::trim_ascii).filter(|entry| !entry.is_empty())
}

/// By `Forwarded`. Scheme and host belong to the address that stands with them: they are what the client asked for, also
/// where it was passed on several times.
fn standard<'r>(fields: &Fields<'r>, is_proxy: &dyn Fn(IpAddr) -> bool) -> Told<'r> {
    of_the_client(fields.lines("forwarded").flat_map(elements), is_proxy)
}

/// The elements of a line of `Forwarded`. The first that is malformed tells nothing and is the last: a quote that does
/// not end may have swallowed the rest.
fn elements(line: &[u8]) -> impl Iterator<Item = Told<'_>> {
    let mut rest = line;
    std::iter::from_fn(move || {
        rest = rest.trim_ascii_start();
        while let Some(behind) = rest.strip_prefix(b",") {
            rest = behind.trim_ascii_start();
        }
        if rest.is_empty() {
            return None;
        }
        let (told, behind) = element(rest).unwrap_or_default();
        rest = behind;
        Some(told)
    })
}

/// The element that these bytes begin with, and what is behind it; `None` if it is malformed.
fn element(mut rest: &[u8]) -> Option<(Told<'_>, &[u8])> {
    let [mut address, mut scheme, mut host] = [None; 3];
    loop {
        let (name, behind) = rest.split_at(rest.iter().take_while(|byte| is_in_token(**byte)).count());
        if !name.is_empty() {
            let (value, behind) = value(behind.strip_prefix(b"=")?)?;
            rest = behind.trim_ascii_start();
            let place = match name.to_ascii_lowercase().as_slice() {
                b"for" => Some(&mut address),
                b"proto" => Some(&mut scheme),
                b"host" => Some(&mut host),
                _ => None,
            };
            // Each may be there once.
            if place.is_some_and(|place| place.replace(value).is_some()) {
                return None;
            }
        }
        match rest.split_first() {
            None | Some((b',', _)) => break,
            Some((b';', behind)) => rest = behind.trim_ascii_start(),
            Some(_) => return None,
        }
    }
    let (address, is_https, host) = (address.and_then(node), scheme.and_then(is_https), host.and_then(host_in));
    Some((Told { address, is_https, host }, rest))
}

/// A token or a quoted string (RFC 9110, 5.6), and what is behind it. What is escaped stays so: nothing of what is looked
/// for has a byte that must be.
fn value(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let length = text.iter().take_while(|byte| is_in_token(**byte)).count();
        return Some(text.split_at(length)).filter(|(token, _)| !token.is_empty());
    };
    let mut is_escaped = false;
    let end = quoted.iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    })?;
    Some((&quoted[..end], &quoted[end + 1..]))
}

fn is_in_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_https(scheme: &[u8]) -> Option<bool> {
    let is = |known: &[u8]| scheme.eq_ignore_ascii_case(known);
    if is(b"https") { Some(true) } else { is(b"http").then_some(false) }
}

fn host_in(authority: &[u8]) -> Option<Host<'_>> {
    str::from_utf8(authority).ok().and_then(Host::parse)
}

/// The address of a node (RFC 7239, 6), whatever its port; `None` if it is hidden or malformed.
fn node(node: &[u8]) -> Option<IpAddr> {
    let node = str::from_utf8(node).ok()?;
    let (address, port) = match node.strip_prefix('[') {
        Some(bracketed) => {
            let (address, port) = bracketed.split_once(']')?;
            (IpAddr::V6(address.parse().ok()?), port)
        }
        None => {
            let (address, port) = node.split_at(node.find(':').unwrap_or(node.len()));
            (IpAddr::V4(address.parse().ok()?), port)
        }
    };
    is_port(port).then(|| address.to_canonical())
}

/// As [`node`]; an IPv6 address needs no brackets.
fn customary_node(text: &[u8]) -> Option<IpAddr> {
    let bare = str::from_utf8(text).ok().and_then(|text| text.parse::<Ipv6Addr>().ok());
    bare.map_or_else(|| node(text), |address| Some(IpAddr::V6(address).to_canonical()))
}

/// Whether this is nothing or a colon with a port, which may be hidden behind a made-up word.
fn is_port(text: &str) -> bool {
    let Some(port) = text.strip_prefix(':') else { return text.is_empty() };
    let is_in_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    match port.strip_prefix('_') {
        Some(word) => !word.is_empty() && word.bytes().all(is_in_word),
        None => (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests;
