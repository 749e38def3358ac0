//! The fields that decide how a request is taken, found in one pass over its head.
//!
//! To ask a map for a dozen names, most of them absent, costs more than to look once at the few that are there; and
//! every warm read is asked all of it.

use hyper::HeaderMap;
use hyper::header::{self, HeaderValue};

/// One field of a head.
#[derive(Clone, Copy, Debug, Default)]
pub struct Field<'r> {
    /// Its first value.
    pub first: Option<&'r HeaderValue>,
    pub is_repeated: bool,
}

impl<'r> Field<'r> {
    fn add(&mut self, value: &'r HeaderValue) {
        self.is_repeated = self.first.is_some();
        self.first = self.first.or(Some(value));
    }

    /// Its value, if it is there once.
    pub fn only(self) -> Option<&'r HeaderValue> {
        self.first.filter(|_| !self.is_repeated)
    }

    /// Whether it is absent, or there once with this one value, in any case.
    pub fn is_at_most(self, value: &str) -> bool {
        self.first.is_none_or(|first| !self.is_repeated && first.as_bytes().eq_ignore_ascii_case(value.as_bytes()))
    }
}

/// What every request is asked. Whoever wants to know more of a field than its first value asks the map itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fields<'r> {
    pub host: Field<'r>,
    pub authorization: Field<'r>,
    pub expect: Field<'r>,
    pub transfer_encoding: Field<'r>,
    pub content_encoding: Field<'r>,
    pub accept: Field<'r>,
    pub accept_encoding: Field<'r>,
    pub if_none_match: Field<'r>,
}

impl<'r> Fields<'r> {
    pub fn of(headers: &'r HeaderMap) -> Fields<'r> {
        let mut fields = Fields::default();
        for (name, value) in headers {
            let field = match *name {
                header::HOST => &mut fields.host,
                header::AUTHORIZATION => &mut fields.authorization,
                header::EXPECT => &mut fields.expect,
                header::TRANSFER_ENCODING => &mut fields.transfer_encoding,
                header::CONTENT_ENCODING => &mut fields.content_encoding,
                header::ACCEPT => &mut fields.accept,
                header::ACCEPT_ENCODING => &mut fields.accept_encoding,
                header::IF_NONE_MATCH => &mut fields.if_none_match,
                _ => continue,
            };
            field.add(value);
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderName;

    #[test]
    fn each_field_is_found_with_its_repetitions() {
        let value = HeaderValue::from_static;
        let all = [
            (header::HOST, value("a")),
            (header::ACCEPT, value("x")),
            (header::HOST, value("b")),
            (HeaderName::from_static("x"), value("c")),
        ];
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(name, value);
        }
        let fields = Fields::of(&headers);
        assert_eq!((fields.host.first, fields.host.is_repeated), (Some(&value("a")), true));
        assert_eq!((fields.host.only(), fields.accept.only()), (None, Some(&value("x"))));
        assert!(fields.accept.is_at_most("X") && fields.expect.is_at_most("x"));
        assert!(!fields.host.is_at_most("a") && !fields.accept.is_at_most("y"));
    }

    #[test]
    fn a_name_stands_for_itself_alone() {
        let named = |name: &HeaderName| {
            let headers = HeaderMap::from_iter([(name.clone(), HeaderValue::from_static("v"))]);
            let fields = Fields::of(&headers);
            let all = [
                (header::HOST, fields.host),
                (header::AUTHORIZATION, fields.authorization),
                (header::EXPECT, fields.expect),
                (header::TRANSFER_ENCODING, fields.transfer_encoding),
                (header::CONTENT_ENCODING, fields.content_encoding),
                (header::ACCEPT, fields.accept),
                (header::ACCEPT_ENCODING, fields.accept_encoding),
                (header::IF_NONE_MATCH, fields.if_none_match),
            ];
            all.into_iter().filter(|(_, field)| field.first.is_some()).map(|(name, _)| name).collect::<Vec<_>>()
        };
        for name in [
            header::HOST,
            header::AUTHORIZATION,
            header::EXPECT,
            header::TRANSFER_ENCODING,
            header::CONTENT_ENCODING,
            header::ACCEPT,
            header::ACCEPT_ENCODING,
            header::IF_NONE_MATCH,
        ] {
            assert_eq!(named(&name), [name]);
        }
    }
}
