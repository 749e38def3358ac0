//! Conditional requests (RFC 9110, 13): `If-None-Match` and `If-Match`.

use hyper::HeaderMap;
use hyper::header::{IF_MATCH, IF_NONE_MATCH};

use super::errors::HttpError;
use crate::domain::lang::Phrase;
use crate::service::tasks::Expectation;

const TAGS: Phrase =
    Phrase { en: "one line of ETags in quotes, or *", de: "eine Zeile mit ETags in Anführungszeichen oder *" };

/// Whether the client has the representation with this tag already. Tags are compared weakly.
pub fn is_unchanged(headers: &HeaderMap, etag: &[u8]) -> bool {
    headers.get_all(IF_NONE_MATCH).iter().any(|value| names(value.as_bytes(), etag))
}

/// Whether a line of `If-None-Match` means the representation with this tag.
pub fn names(line: &[u8], etag: &[u8]) -> bool {
    // Most lines are one tag, the one that was given last.
    line == etag
        || line.split(|byte| *byte == b',').any(|tag| {
            let tag = tag.trim_ascii();
            tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == etag
        })
}

/// The tags of `If-Match`, if the header is there.
///
/// # Errors
/// A header that is no list of entity tags: it would match nothing, which nobody means. Or several: lists are in one
/// line, and a second came from somebody else.
pub fn expectation(headers: &HeaderMap) -> Result<Option<Expectation>, HttpError> {
    let mut tags = Vec::new();
    let mut values = headers.get_all(IF_MATCH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let malformed = || HttpError::MalformedHeader { name: "If-Match", expected: TAGS };
    let list = value.to_str().ok().filter(|_| values.next().is_none()).ok_or_else(malformed)?.trim();
    if list == "*" {
        return Ok(Some(Expectation::Anything));
    }
    for tag in list.split(',').map(str::trim) {
        let opaque = tag.strip_prefix("W/").unwrap_or(tag);
        if opaque.len() < 2 || !opaque.starts_with('"') || !opaque.ends_with('"') {
            return Err(malformed());
        }
        // A weak tag never matches in If-Match (13.1.1); it stays in the list as what matches nothing.
        tags.push(tag.to_owned());
    }
    Ok(Some(Expectation::OneOf(tags)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn headers(name: &hyper::header::HeaderName, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn if_none_match_is_a_list() {
        for values in [&["\"a\""][..], &["\"x\", \"a\""], &["\"x\"", "W/\"a\""], &["*"]] {
            assert!(is_unchanged(&headers(&IF_NONE_MATCH, values), b"\"a\""), "{values:?}");
        }
        for values in [&[][..], &["\"b\""], &["a"], &["\"a"]] {
            assert!(!is_unchanged(&headers(&IF_NONE_MATCH, values), b"\"a\""), "{values:?}");
        }
    }

    #[test]
    fn if_match_is_read_or_refused() {
        assert_eq!(expectation(&headers(&IF_MATCH, &[])).unwrap(), None);
        assert_eq!(expectation(&headers(&IF_MATCH, &["*"])).unwrap(), Some(Expectation::Anything));
        let two = Expectation::OneOf(vec!["\"a\"".into(), "W/\"b\"".into()]);
        assert_eq!(expectation(&headers(&IF_MATCH, &["\"a\", W/\"b\""])).unwrap(), Some(two));
        assert!(expectation(&headers(&IF_MATCH, &["a"])).is_err());
        for malformed in [&[""][..], &["\"a\", *"], &["*", "*"], &["\"a\"", "\"b\""]] {
            assert!(expectation(&headers(&IF_MATCH, malformed)).is_err(), "{malformed:?}");
        }
    }
}
