//! Outgoing HTTP: the one client in the program that asks other servers.
//!
//! Every request has a deadline for all of it and a limit for its answer. Redirects are not followed: a request with
//! a token, or one that changes something, must not end elsewhere than where it was sent. Proxies of the environment
//! are not used, because a token would pass through them unseen.

use std::error::Error as _;
use std::fmt;
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use hyper::http::response::Parts;
use hyper::{Request, Response};
use reqwest::Url;

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

    fn is_tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let is_name = host == "localhost" || host.ends_with(".localhost");
        literal.map_or(is_name, |address| address.is_loopback())
    }
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
    /// The request was sent, perhaps in part; whether it was carried out is not known.
    #[error("the connection was cut: {0}")]
    Cut(String),
    #[error("there was no whole answer within {0} seconds")]
    TooSlow(u64),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(u64),
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

/// The client.
#[derive(Clone)]
pub struct Outgoing(reqwest::Client);

impl Outgoing {
    /// A client for the servers of one scheme.
    ///
    /// # Errors
    /// The system's certificates cannot be read, which are only needed for `https`.
    pub fn to(address: &Address) -> Result<Outgoing, OutgoingError> {
        // A second provider is refused, and the first is this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("codexmiroir/", env!("CARGO_PKG_VERSION")));
        if !address.is_tls() {
            // Reading them takes its time, and a small container has none.
            builder = builder.tls_certs_only([]);
        }
        builder.build().map(Outgoing).map_err(|error| OutgoingError::Unreachable(reason(&error)))
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
        let request = reqwest::Request::try_from(request).map_err(|error| OutgoingError::Malformed(reason(&error)))?;
        let asked = tokio::time::timeout(bounds.deadline, self.take(request, bounds.body_bytes_max, sink));
        asked.await.unwrap_or_else(|_| Err(OutgoingError::TooSlow(bounds.deadline.as_secs())))
    }

    async fn take(
        &self,
        request: reqwest::Request,
        body_bytes_max: u64,
        sink: &mut (dyn Write + Send),
    ) -> Result<Parts, OutgoingError> {
        let mut response = self.0.execute(request).await.map_err(|error| failure(&error))?;
        let (mut parts, ()) = Response::new(()).into_parts();
        (parts.status, parts.version) = (response.status(), response.version());
        parts.headers = std::mem::take(response.headers_mut());
        let mut taken = 0_u64;
        while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
            taken += chunk.len() as u64;
            if taken > body_bytes_max {
                return Err(OutgoingError::TooLarge(body_bytes_max));
            }
            sink.write_all(&chunk)?;
        }
        Ok(parts)
    }
}

fn failure(error: &reqwest::Error) -> OutgoingError {
    if error.is_connect() { OutgoingError::Unreachable(reason(error)) } else { OutgoingError::Cut(reason(error)) }
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
