//! A request of a command, before it is known where it goes.

use bytes::Bytes;
use hyper::header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use serde_json::Value;
use std::fmt::Write as _;

use super::super::CliError;
use crate::domain::hex::hex;

/// A request.
pub struct Ask {
    method: Method,
    path: String,
    body: Option<(&'static str, Bytes)>,
    headers: Vec<(&'static str, String)>,
    /// Whether it acts for a user, rather than for the administrator.
    pub(super) for_user: bool,
    /// Whether doing it twice is as doing it once.
    pub(super) is_repeatable: bool,
}

impl Ask {
    fn new(method: Method, path: &str) -> Ask {
        let is_repeatable = method.is_safe();
        Ask { method, path: path.to_owned(), body: None, headers: Vec::new(), for_user: true, is_repeatable }
    }

    pub fn get(path: &str) -> Ask {
        Ask::new(Method::GET, path)
    }

    pub fn post(path: &str) -> Ask {
        Ask::new(Method::POST, path)
    }

    pub fn put(path: &str) -> Ask {
        Ask::new(Method::PUT, path)
    }

    pub fn patch(path: &str) -> Ask {
        Ask::new(Method::PATCH, path)
    }

    pub fn delete(path: &str) -> Ask {
        Ask::new(Method::DELETE, path)
    }

    pub fn json(self, body: &Value) -> Ask {
        self.body("application/json", Bytes::from(body.to_string()))
    }

    pub fn body(self, content_type: &'static str, body: Bytes) -> Ask {
        Ask { body: Some((content_type, body)), ..self }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Ask {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Asked by whoever runs the installation, for nobody in particular.
    pub fn by_administrator(self) -> Ask {
        Ask { for_user: false, ..self }
    }

    /// May be asked again when the connection is cut: the second time changes nothing.
    pub fn repeatable(self) -> Ask {
        Ask { is_repeatable: true, ..self }
    }

    /// Whether it only asks.
    pub(super) fn changes_nothing(&self) -> bool {
        self.method.is_safe()
    }

    /// The request as it is sent to the server at `base`, or, where that is empty, over a connection that is there.
    pub(super) fn request(
        &self,
        base: &str,
        token: Option<&str>,
        user: Option<&str>,
    ) -> Result<Request<Bytes>, CliError> {
        let mut request = Request::builder().method(&self.method).uri(format!("{base}{}", self.path));
        request = request.header(ACCEPT, "application/json").header(ACCEPT_LANGUAGE, "en");
        if base.is_empty() {
            request = request.header(HOST, "localhost");
        }
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(user) = user {
            request = request.header("codexmiroir-user", user);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some((content_type, _)) = &self.body {
            request = request.header(CONTENT_TYPE, *content_type);
        }
        let body = self.body.as_ref().map(|(_, body)| body.clone()).unwrap_or_default();
        request.body(body).map_err(|error| CliError::Said(format!("this cannot be asked for: {error}")))
    }
}

/// A key by which a request that comes again is known.
pub fn idempotency_key() -> Result<String, CliError> {
    let mut random = [0; 16];
    let filled = getrandom::fill(&mut random);
    filled.map_err(|error| CliError::Said(format!("there is no randomness on this system: {error}")))?;
    Ok(format!("cli-{}", hex(random)))
}

/// One segment of a path.
///
/// # Errors
/// A text that no path can carry as one segment.
pub fn segment(text: &str) -> Result<String, CliError> {
    // What stands for a folder is resolved before it is sent, encoded or not.
    if matches!(text, "" | "." | "..") {
        return Err(CliError::Said(format!("there is nothing of the name “{text}”; see --help")));
    }
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    Ok(encoded)
}

/// A path with a query of the parameters that are there.
pub fn query(path: &str, parameters: &[(&str, Option<String>)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_and_queries_are_encoded() {
        assert_eq!(segment("0042-a b#ü/x").unwrap(), "0042-a%20b%23%C3%BC%2Fx");
        for bad in ["", ".", ".."] {
            assert!(segment(bad).is_err(), "{bad}");
        }
        assert_eq!(query("/a", &[("x", None)]), "/a");
        assert_eq!(query("/a", &[("x", Some("1 &".to_owned())), ("y", Some(String::new()))]), "/a?x=1+%26&y=");
    }
}
