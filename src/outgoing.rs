//! Outgoing HTTP: the one client in the program that asks other servers.
//!
//! Every request has a deadline for all of it and a limit for its answer. Redirects are not followed: a request with
//! a token, or one that changes something, must not end elsewhere than where it was sent. Proxies of the environment
//! are not used, because a token would pass through them unseen.
//!
//! A server that the administrator or the person at the terminal named may be anywhere. One that a user of the server
//! named may not be in a private network, unless it is allowed by name ([`Reach`]).

mod network;
mod sent;

use std::error::Error as _;
use std::fmt;
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use hyper::http::response::Parts;
use hyper::{Request, Response};
use reqwest::Url;
use tokio::time::Instant;

use network::{NotPublic, PublicOnly, is_public};

pub use network::AllowedHost;
pub use sent::Feed;

/// How long reaching a server may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The address of a server: `http` or `https`, a host, and perhaps a port and a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// Reads an address as people write it.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Address, String> {
        let wrong = || "write the server's address like https://tasks.example.org".to_owned();
        let url = Url::parse(text.trim()).map_err(|_| wrong())?;
        let is_whole = matches!(url.scheme(), "http" | "https") && url.has_host();
        if !is_whole || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an address does not carry a name or a password; leave them out".to_owned());
        }
        Ok(Address(url))
    }

    /// The address of a path on this server. The path begins with `/`.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0.as_str().trim_end_matches('/'))
    }

    /// Whether whoever is on the way can read what is sent there.
    pub fn is_in_the_clear(&self) -> bool {
        !self.is_tls() && !self.is_loopback()
    }

    pub fn is_tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host's name in lower case, or its address; one of IPv6 without brackets.
    pub fn host(&self) -> &str {
        bare_host(&self.0)
    }

    /// The port, be it written or the scheme's own.
    pub fn port(&self) -> Option<u16> {
        self.0.port_or_known_default()
    }

    fn is_loopback(&self) -> bool {
        let host = self.host();
        let literal = host.parse::<IpAddr>();
        let is_name = host == "localhost" || host.ends_with(".localhost");
        literal.map_or(is_name, |address| address.is_loopback())
    }
}

fn bare_host(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    /// The request cannot be written as HTTP.
    #[error("the request is malformed: {0}")]
    Malformed(String),
    /// Nothing was sent.
    #[error("{0}")]
    Unreachable(String),
    /// The server's certificate is not one that is trusted. Nothing was sent.
    #[error("{0}")]
    Untrusted(String),
    /// The request was sent, perhaps in part; whether it was carried out is not known.
    #[error("the connection was cut: {0}")]
    Cut(String),
    #[error("there was no whole answer within {0} seconds")]
    TooSlow(u64),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(u64),
    /// Nothing was sent.
    #[error("{host} is {address}, an address of a private network")]
    AddressRefused { host: String, address: IpAddr },
    #[error("cannot write the answer down: {0}")]
    Sink(#[from] io::Error),
}

/// What an answer may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// From the request's first byte to the answer's last.
    pub deadline: Duration,
    pub body_bytes_max: u64,
}

/// How far a client reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everybody.
    Anywhere,
    /// Who is not in a private network.
    Public,
}

/// The client.
#[derive(Clone)]
pub struct Outgoing {
    client: reqwest::Client,
    reach: Reach,
}

impl Outgoing {
    /// A client for the servers of one scheme, wherever they are.
    ///
    /// # Errors
    /// The system's certificates cannot be read, which are only needed for `https`.
    pub fn to(address: &Address) -> Result<Outgoing, OutgoingError> {
        Outgoing::within(address, Reach::Anywhere, CONNECT_TIMEOUT)
    }

    /// A client for the servers of one scheme within reach; reaching one may take as long as `connect`.
    ///
    /// # Errors
    /// The system's certificates cannot be read, which are only needed for `https`.
    pub fn within(address: &Address, reach: Reach, connect: Duration) -> Result<Outgoing, OutgoingError> {
        // A second provider is refused, and the first is this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(connect)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("codexmiroir/", env!("CARGO_PKG_VERSION")));
        if !address.is_tls() {
            // Reading them takes its time, and a small container has none.
            builder = builder.tls_certs_only([]);
        }
        if reach == Reach::Public {
            builder = builder.dns_resolver(PublicOnly);
        }
        let client = builder.build().map_err(|error| OutgoingError::Unreachable(reason(&error)))?;
        Ok(Outgoing { client, reach })
    }

    /// Asks, and writes the answer's body to `sink` as it comes.
    ///
    /// # Errors
    /// See [`OutgoingError`]; `sink` may have got a part of the body.
    pub async fn ask(
        &self,
        request: Request<Bytes>,
        bounds: Bounds,
        sink: &mut (dyn Write + Send),
    ) -> Result<Parts, OutgoingError> {
        let mut answer = self.begin(request, bounds).await?;
        while let Some(chunk) = answer.next_chunk().await? {
            sink.write_all(&chunk)?;
        }
        Ok(answer.parts)
    }

    /// Asks, and leaves the answer's body to be taken piece by piece, within the same bounds.
    ///
    /// # Errors
    /// See [`OutgoingError`].
    pub async fn begin(&self, request: Request<Bytes>, bounds: Bounds) -> Result<Answer, OutgoingError> {
        self.execute(request.map(reqwest::Body::from), bounds).await
    }

    /// Like [`Outgoing::begin`], with a body of `length` bytes that another thread feeds into it.
    ///
    /// # Errors
    /// See [`OutgoingError`].
    pub fn begin_fed(
        &self,
        request: Request<()>,
        length: u64,
        bounds: Bounds,
    ) -> (Feed, impl Future<Output = Result<Answer, OutgoingError>> + Send + use<>) {
        let (feed, pieces) = sent::pieces(length);
        let client = self.clone();
        (feed, async move { client.execute(request.map(|()| reqwest::Body::wrap(pieces)), bounds).await })
    }

    async fn execute(&self, request: Request<reqwest::Body>, bounds: Bounds) -> Result<Answer, OutgoingError> {
        let ends = Instant::now() + bounds.deadline;
        let request = reqwest::Request::try_from(request).map_err(|error| OutgoingError::Malformed(reason(&error)))?;
        self.require_reach(request.url())?;
        let executed = tokio::time::timeout_at(ends, self.client.execute(request)).await;
        let mut response = executed.map_err(|_| too_slow(bounds))?.map_err(|error| failure(&error))?;
        let (mut parts, ()) = Response::new(()).into_parts();
        (parts.status, parts.version) = (response.status(), response.version());
        parts.headers = std::mem::take(response.headers_mut());
        Ok(Answer { parts, response, bounds, ends, taken: 0 })
    }

    /// An address that is written as such is never looked up.
    fn require_reach(&self, url: &Url) -> Result<(), OutgoingError> {
        let host = bare_host(url);
        match host.parse::<IpAddr>() {
            Ok(address) if self.reach == Reach::Public && !is_public(address) => {
                Err(OutgoingError::AddressRefused { host: host.to_owned(), address })
            }
            _ => Ok(()),
        }
    }
}

/// An answer that has begun.
pub struct Answer {
    pub parts: Parts,
    response: reqwest::Response,
    bounds: Bounds,
    ends: Instant,
    taken: u64,
}

impl Answer {
    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// See [`OutgoingError`].
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, OutgoingError> {
        let come = tokio::time::timeout_at(self.ends, self.response.chunk()).await;
        let chunk = come.map_err(|_| too_slow(self.bounds))?.map_err(|error| failure(&error))?;
        self.taken += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        if self.taken > self.bounds.body_bytes_max {
            return Err(OutgoingError::TooLarge(self.bounds.body_bytes_max));
        }
        Ok(chunk)
    }
}

fn too_slow(bounds: Bounds) -> OutgoingError {
    OutgoingError::TooSlow(bounds.deadline.as_secs())
}

fn failure(error: &reqwest::Error) -> OutgoingError {
    if let Some(NotPublic { host, address }) = refused(error) {
        return OutgoingError::AddressRefused { host: host.clone(), address: *address };
    }
    if is_untrusted(error) {
        return OutgoingError::Untrusted(reason(error));
    }
    if error.is_connect() { OutgoingError::Unreachable(reason(error)) } else { OutgoingError::Cut(reason(error)) }
}

fn refused(error: &reqwest::Error) -> Option<&NotPublic> {
    let mut below = error.source();
    while let Some(error) = below {
        if let Some(refused) = error.downcast_ref() {
            return Some(refused);
        }
        below = error.source();
    }
    None
}

/// Whether a certificate was refused.
fn is_untrusted(error: &reqwest::Error) -> bool {
    let mut below = error.source();
    while let Some(error) = below {
        if matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        // One of input and output names as its source what lies below that which it carries.
        let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        below = match carried {
            Some(carried) => Some(carried),
            None => error.source(),
        };
    }
    false
}

/// What lies at the bottom of an error: those above it say no more than that there was one.
fn reason(error: &reqwest::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(below) = deepest.source() {
        deepest = below;
    }
    if error.source().is_some() { deepest.to_string() } else { error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_or_refused() {
        for (text, shown, path) in [
            ("http://127.0.0.1:8484", "http://127.0.0.1:8484", "http://127.0.0.1:8484/api/me"),
            (" https://Tasks.example.org/ ", "https://tasks.example.org", "https://tasks.example.org/api/me"),
            ("https://example.org/tasks/", "https://example.org/tasks", "https://example.org/tasks/api/me"),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!((address.to_string().as_str(), address.join("/api/me").as_str()), (shown, path));
        }
        for bad in ["", "tasks", "tasks.example.org", "ftp://a.example", "https://", "http://a/?b", "http://a/#b"] {
            assert!(Address::parse(bad).unwrap_err().contains("https://"), "{bad}");
        }
        assert!(Address::parse("https://anna:secret@a.example").unwrap_err().contains("password"));
    }

    #[test]
    fn only_loopback_may_be_asked_in_the_clear() {
        let in_the_clear = |text| Address::parse(text).unwrap().is_in_the_clear();
        for own in ["http://127.0.0.1", "http://127.8.8.8:1", "http://[::1]:8484", "http://localhost:1", "https://a.b"]
        {
            assert!(!in_the_clear(own), "{own}");
        }
        for other in ["http://192.168.0.2:8484", "http://[fe80::1]", "http://tasks.lan", "http://localhost.lan"] {
            assert!(in_the_clear(other), "{other}");
        }
    }
}
