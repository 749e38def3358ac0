//! What a request's head must be like, beyond what hyper sees to.
//!
//! hyper itself answers 400 to malformed lines, differing or unreadable `Content-Length`s and a `Transfer-Encoding`
//! that does not end in `chunked` or comes with HTTP/1.0. What else it makes of lengths, `listen` notes in the request.

use std::borrow::Cow;

use hyper::http::uri::Authority;
use hyper::{Method, Request, StatusCode, Version};

use super::fields::Fields;
use super::host::Host;
use super::listen::AmbiguousLength;

/// What is wrong with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    #[error("the request names no host")]
    HostMissing,
    #[error("the request names more than one host")]
    HostAmbiguous,
    #[error("the host is malformed")]
    HostInvalid,
    #[error("the path is malformed")]
    PathInvalid,
    #[error("the query is malformed")]
    QueryInvalid,
    #[error("the request tells the length of its body more than once")]
    LengthAmbiguous,
    #[error("the transfer encoding is not chunked alone")]
    TransferEncodingUnknown,
    #[error("compressed requests are not accepted")]
    ContentEncoded,
    #[error("the expectation is not 100-continue")]
    ExpectationUnknown,
}

impl HeadError {
    /// What it is answered with.
    pub fn status(self) -> StatusCode {
        match self {
            Self::HostMissing
            | Self::HostAmbiguous
            | Self::HostInvalid
            | Self::PathInvalid
            | Self::QueryInvalid
            | Self::LengthAmbiguous => StatusCode::BAD_REQUEST,
            // RFC 9112, 6.1, would have it 501; but a 5xx says that something may have happened.
            Self::TransferEncodingUnknown => StatusCode::BAD_REQUEST,
            Self::ContentEncoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::ExpectationUnknown => StatusCode::EXPECTATION_FAILED,
        }
    }

    /// Whether what follows such a head on the connection is better left unread: whoever writes one thing that cannot
    /// be read may mean another by the next.
    pub fn ends_connection(self) -> bool {
        self.status() == StatusCode::BAD_REQUEST
    }
}

/// A request's head, whoever read it. Its fields are many words, so whoever reads a head keeps them in one place.
#[derive(Clone, Copy, Debug)]
pub struct Heading<'r> {
    pub method: &'r Method,
    pub version: Version,
    /// From the target: HTTP/2's `:authority`, HTTP/1's absolute form.
    pub authority: Option<&'r str>,
    pub path: &'r str,
    pub query: Option<&'r str>,
    pub fields: &'r Fields<'r>,
    /// See [`AmbiguousLength`].
    pub is_length_ambiguous: bool,
}

impl<'r> Heading<'r> {
    /// `fields` are the request's.
    fn of<B>(request: &'r Request<B>, fields: &'r Fields<'r>) -> Heading<'r> {
        let uri = request.uri();
        Heading {
            method: request.method(),
            version: request.version(),
            authority: uri.authority().map(Authority::as_str),
            path: uri.path(),
            query: uri.query(),
            fields,
            is_length_ambiguous: request.extensions().get::<AmbiguousLength>().is_some(),
        }
    }

    /// Refuses what hyper lets through and nobody further in should see. The content's encoding is looked at last: a
    /// caller that takes compressed requests may disregard [`HeadError::ContentEncoded`] and knows that all else is
    /// right.
    pub fn check(&self) -> Result<Head<'r>, HeadError> {
        let Heading { method, path, query, fields, .. } = *self;
        let host = self.asked_host()?;
        if self.is_length_ambiguous {
            return Err(HeadError::LengthAmbiguous);
        }
        let is_for_all = path == "*" && method == Method::OPTIONS;
        if !(path.starts_with('/') || is_for_all) || !is_text(path) {
            return Err(HeadError::PathInvalid);
        }
        if !query.is_none_or(is_text) {
            return Err(HeadError::QueryInvalid);
        }
        // Without a body there is nothing to wait with.
        if !method.is_safe() && !fields.expect.is_at_most("100-continue") {
            return Err(HeadError::ExpectationUnknown);
        }
        // hyper takes `gzip, chunked`, but undoes only the chunks.
        if !fields.transfer_encoding.is_at_most("chunked") {
            return Err(HeadError::TransferEncodingUnknown);
        }
        if !fields.content_encoding.is_at_most("identity") {
            return Err(HeadError::ContentEncoded);
        }
        Ok(Head { method, path, query, host, fields })
    }

    fn asked_host(&self) -> Result<Host<'r>, HeadError> {
        let field = self.fields.host;
        if field.is_repeated {
            return Err(HeadError::HostAmbiguous);
        }
        let named = |field: &'r [u8]| str::from_utf8(field).ok().and_then(Host::parse).ok_or(HeadError::HostInvalid);
        match (self.authority, field.first) {
            (None, Some(field)) => named(field),
            (None, None) => Err(HeadError::HostMissing),
            (Some(_), None) if self.version == Version::HTTP_11 => Err(HeadError::HostMissing),
            (Some(authority), field) => {
                let asked = Host::parse(authority).ok_or(HeadError::HostInvalid)?;
                let agrees =
                    field.map(named).transpose()?.is_none_or(|other| other.name.eq_ignore_ascii_case(asked.name));
                if agrees { Ok(asked) } else { Err(HeadError::HostAmbiguous) }
            }
        }
    }
}

/// What hyper has read, checked; `fields` are those of the request.
pub fn read_head<'r, B>(request: &'r Request<B>, fields: &'r Fields<'r>) -> Result<Head<'r>, HeadError> {
    Heading::of(request, fields).check()
}

/// A head that is as it must be.
#[derive(Clone, Copy, Debug)]
pub struct Head<'r> {
    pub method: &'r Method,
    pub path: &'r str,
    pub query: Option<&'r str>,
    /// The host that was asked for: from the target (HTTP/2's `:authority`, HTTP/1's absolute form), otherwise from
    /// `Host`; behind the gate, what a proxy says of it goes before both.
    pub host: Host<'r>,
    pub fields: &'r Fields<'r>,
}

/// Whether each `%` begins an escape, and all of it is UTF-8 without them.
fn is_text(encoded: &str) -> bool {
    if encoded.bytes().all(|byte| byte != b'%') {
        return true;
    }
    let mut parts = encoded.split('%');
    let mut decoded = Cow::Borrowed(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else { return false };
        let decoded = decoded.to_mut();
        decoded.push(byte);
        decoded.extend_from_slice(&part.as_bytes()[2..]);
    }
    str::from_utf8(&decoded).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(version: Version, target: &str, fields: &[(&str, &str)]) -> Request<()> {
        let mut builder = Request::builder().version(version).uri(target);
        for (name, value) in fields {
            builder = builder.header(*name, *value);
        }
        builder.body(()).unwrap()
    }

    fn check(request: &Request<()>) -> Result<(), HeadError> {
        read_head(request, &Fields::of(request.headers())).map(drop)
    }

    fn read(version: Version, target: &str, fields: &[(&str, &str)]) -> Result<(), HeadError> {
        check(&request(version, target, fields))
    }

    fn checked(target: &str, fields: &[(&str, &str)]) -> Result<(), HeadError> {
        read(Version::HTTP_11, target, fields)
    }

    #[test]
    fn a_host_is_needed_once() {
        assert_eq!(checked("/", &[("host", "a.example")]), Ok(()));
        assert_eq!(checked("/", &[]), Err(HeadError::HostMissing));
        assert_eq!(checked("http://a.example/", &[]), Err(HeadError::HostMissing));
        assert_eq!(checked("/", &[("host", "a"), ("host", "a")]), Err(HeadError::HostAmbiguous));
        assert_eq!(checked("http://A.example:80/", &[("host", "a.example")]), Ok(()));
        assert_eq!(checked("http://a.example/", &[("host", "b.example")]), Err(HeadError::HostAmbiguous));
        assert_eq!(read(Version::HTTP_10, "/", &[]), Err(HeadError::HostMissing));
        assert_eq!(read(Version::HTTP_2, "http://a.example/", &[]), Ok(()));
        assert_eq!(read(Version::HTTP_2, "/", &[]), Err(HeadError::HostMissing));
    }

    #[test]
    fn malformed_hosts_are_refused() {
        for host in ["", ":80", "a b", "user@a", "a/b", "a:b", "a:1:2", "[::1", "[::1]x", "[a]", "::1", "a\u{e4}"] {
            assert_eq!(checked("/", &[("host", host)]), Err(HeadError::HostInvalid), "{host}");
        }
    }

    #[test]
    fn the_host_comes_without_port_and_brackets() {
        let name =
            |request: &Request<()>| read_head(request, &Fields::of(request.headers())).unwrap().host.name.to_owned();
        for (field, host) in
            [("a.example:8080", "a.example"), ("[::1]:80", "::1"), ("[::1]", "::1"), ("10.0.0.1", "10.0.0.1")]
        {
            assert_eq!(name(&request(Version::HTTP_11, "/", &[("host", field)])), host);
        }
        assert_eq!(name(&request(Version::HTTP_2, "http://b.example:1/", &[])), "b.example");
    }

    #[test]
    fn encodings_are_refused() {
        let with = |name, value| checked("/", &[("host", "a"), (name, value)]);
        assert_eq!(with("content-encoding", "gzip"), Err(HeadError::ContentEncoded));
        assert_eq!(with("content-encoding", "identity"), Ok(()));
        assert_eq!(with("transfer-encoding", "Chunked"), Ok(()));
        assert_eq!(with("transfer-encoding", "gzip, chunked"), Err(HeadError::TransferEncodingUnknown));
        assert_eq!(HeadError::TransferEncodingUnknown.status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_target_is_a_path() {
        let asked = |method: Method, target: &str| {
            let request = Request::builder().method(method).uri(target).header("host", "a:80").body(()).unwrap();
            check(&request)
        };
        assert_eq!(asked(Method::GET, "http://a:80/x"), Ok(()));
        assert_eq!(asked(Method::OPTIONS, "*"), Ok(()));
        for (method, target) in [(Method::GET, "*"), (Method::GET, "a:80"), (Method::CONNECT, "a:80")] {
            assert_eq!(asked(method.clone(), target), Err(HeadError::PathInvalid), "{method} {target}");
        }
    }

    #[test]
    fn only_a_go_ahead_can_be_expected() {
        let asked = |method: Method, expected: &str| {
            let request = Request::builder().method(method).uri("/").header("host", "a").header("expect", expected);
            check(&request.body(()).unwrap())
        };
        assert_eq!(asked(Method::POST, "100-Continue"), Ok(()));
        assert_eq!(asked(Method::POST, "a miracle"), Err(HeadError::ExpectationUnknown));
    }

    #[test]
    fn paths_are_percent_encoded() {
        assert_eq!(checked("/a%20b%C3%A4", &[("host", "a")]), Ok(()));
        for wrong in ["%", "a%2", "%zz", "%%20", "%+1", "%2%30", "%ff", "%C3", "%C3x", "%c3%28", "%ed%a0%80"] {
            assert_eq!(checked(&format!("/{wrong}"), &[("host", "a")]), Err(HeadError::PathInvalid), "{wrong}");
            let query = format!("/a?q={wrong}&x=1");
            assert_eq!(checked(&query, &[("host", "a")]), Err(HeadError::QueryInvalid), "{wrong}");
        }
        assert_eq!(checked("/a?q=100%25+%E2%82%ac%00", &[("host", "a")]), Ok(()));
    }
}
