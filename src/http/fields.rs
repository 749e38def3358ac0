//! The fields that decide how a request is taken, found in one pass over its head.
//!
//! To ask a map for a dozen names, most of them absent, costs more than to look once at the few that are there; and
//! every warm read is asked all of it. Values are bytes, so that it makes no difference who read the head.

use hyper::HeaderMap;
use hyper::header::HeaderValue;

/// One field of a head.
#[derive(Clone, Copy, Debug, Default)]
pub struct Field<'r> {
    /// Its first value.
    pub first: Option<&'r [u8]>,
    pub is_repeated: bool,
}

impl<'r> Field<'r> {
    pub fn add(&mut self, value: &'r [u8]) {
        self.is_repeated = self.first.is_some();
        self.first = self.first.or(Some(value));
    }

    /// Its value, if it is there once.
    pub fn only(self) -> Option<&'r [u8]> {
        self.first.filter(|_| !self.is_repeated)
    }

    /// Whether it is absent, or there once with this one value, in any case.
    pub fn is_at_most(self, value: &str) -> bool {
        self.first.is_none_or(|first| !self.is_repeated && first.eq_ignore_ascii_case(value.as_bytes()))
    }
}

/// What every request is asked. Whoever wants to know more of a field than its first value asks the map itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fields<'r> {
    pub host: Field<'r>,
    pub authorization: Field<'r>,
    /// Whom the administrator acts for. It means something on the control socket alone.
    pub acts_for: Field<'r>,
    pub origin: Field<'r>,
    pub sec_fetch_site: Field<'r>,
    pub expect: Field<'r>,
    pub transfer_encoding: Field<'r>,
    pub content_encoding: Field<'r>,
    pub accept: Field<'r>,
    pub accept_encoding: Field<'r>,
    pub if_none_match: Field<'r>,
    pub cookie: Field<'r>,
    pub forwarded: Field<'r>,
    pub x_forwarded_for: Field<'r>,
    pub x_forwarded_host: Field<'r>,
    pub x_forwarded_proto: Field<'r>,
    /// Where the lines of a repeated field are.
    all: Option<&'r HeaderMap>,
}

impl<'r> Fields<'r> {
    pub fn of(headers: &'r HeaderMap) -> Fields<'r> {
        let mut fields = Fields { all: Some(headers), ..Fields::default() };
        for (name, value) in headers {
            if let Some(field) = fields.named(name.as_str()) {
                field.add(value.as_bytes());
            }
        }
        fields
    }

    /// The field of this name, a token in any case; `None` for all that nobody asks for.
    pub fn named(&mut self, name: &str) -> Option<&mut Field<'r>> {
        let name = name.as_bytes();
        Some(match name.len() {
            4 if is(name, b"host") => &mut self.host,
            6 if is(name, b"accept") => &mut self.accept,
            6 if is(name, b"cookie") => &mut self.cookie,
            6 if is(name, b"origin") => &mut self.origin,
            6 if is(name, b"expect") => &mut self.expect,
            9 if is(name, b"forwarded") => &mut self.forwarded,
            13 if is(name, b"authorization") => &mut self.authorization,
            13 if is(name, b"if-none-match") => &mut self.if_none_match,
            14 if is(name, b"sec-fetch-site") => &mut self.sec_fetch_site,
            15 if is(name, b"accept-encoding") => &mut self.accept_encoding,
            15 if is(name, b"x-forwarded-for") => &mut self.x_forwarded_for,
            16 if is(name, b"content-encoding") => &mut self.content_encoding,
            16 if is(name, b"codexmiroir-user") => &mut self.acts_for,
            16 if is(name, b"x-forwarded-host") => &mut self.x_forwarded_host,
            17 if is(name, b"transfer-encoding") => &mut self.transfer_encoding,
            17 if is(name, b"x-forwarded-proto") => &mut self.x_forwarded_proto,
            _ => return None,
        })
    }

    /// The lines of a field that is one list together, such as `cookie`, in their order. None of several where the head was
    /// not read into a map: half a list says something else than the whole.
    pub fn lines(mut self, name: &'static str) -> impl Iterator<Item = &'r [u8]> {
        let field = self.named(name).copied().unwrap_or_default();
        let repeated = self.all.filter(|_| field.is_repeated).map(|all| all.get_all(name));
        field.only().into_iter().chain(repeated.into_iter().flatten().map(HeaderValue::as_bytes))
    }
}

/// Whether a name is the known one, which is in lower case. Letters differ from their capitals by one bit, and what else
/// differs from a hyphen by it alone is in no token; so all bytes can be compared at once.
fn is<const LENGTH: usize>(name: &[u8], known: &[u8; LENGTH]) -> bool {
    let name: Result<&[u8; LENGTH], _> = name.try_into();
    name.is_ok_and(|name| (0..LENGTH).fold(0, |found, at| found | ((name[at] | 0x20) ^ known[at])) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderName;

    const NAMES: [&str; 16] = [
        "host",
        "authorization",
        "codexmiroir-user",
        "origin",
        "sec-fetch-site",
        "expect",
        "transfer-encoding",
        "content-encoding",
        "accept",
        "accept-encoding",
        "if-none-match",
        "cookie",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
    ];

    #[test]
    fn each_field_is_found_with_its_repetitions() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("host", "a"), ("accept", "x"), ("host", "b"), ("x", "c")] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let fields = Fields::of(&headers);
        assert_eq!((fields.host.first, fields.host.is_repeated), (Some(&b"a"[..]), true));
        assert_eq!((fields.host.only(), fields.accept.only()), (None, Some(&b"x"[..])));
        assert!(fields.accept.is_at_most("X") && fields.expect.is_at_most("x"));
        assert!(!fields.host.is_at_most("a") && !fields.accept.is_at_most("y"));
    }

    #[test]
    fn a_list_is_all_of_its_lines_or_none() {
        for listed in ["cookie", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"] {
            let name = HeaderName::from_static(listed);
            let mut headers = HeaderMap::new();
            for count in 0..4 {
                let lines: Vec<_> = Fields::of(&headers).lines(listed).collect();
                assert_eq!(lines, [&b"a"[..], b"b", b"c"][..count], "{listed}");
                headers.append(&name, HeaderValue::from_static(["a", "b", "c", "d"][count]));
            }
            let mut fields = Fields::default();
            for value in [&b"a"[..], b"b"] {
                fields.named(listed).unwrap().add(value);
            }
            assert!(fields.lines(listed).next().is_none(), "{listed}");
        }
    }

    #[test]
    fn a_name_stands_for_itself_alone() {
        for name in NAMES {
            let headers = HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static("v"))]);
            let fields = Fields::of(&headers);
            let all = [
                fields.host,
                fields.authorization,
                fields.acts_for,
                fields.origin,
                fields.sec_fetch_site,
                fields.expect,
                fields.transfer_encoding,
                fields.content_encoding,
                fields.accept,
                fields.accept_encoding,
                fields.if_none_match,
                fields.cookie,
                fields.forwarded,
                fields.x_forwarded_for,
                fields.x_forwarded_host,
                fields.x_forwarded_proto,
            ];
            let there = NAMES.into_iter().zip(all).filter(|(_, field)| field.first.is_some());
            assert_eq!(there.map(|(name, _)| name).collect::<Vec<_>>(), [name]);
        }
    }

    #[test]
    fn names_are_found_in_any_case_and_only_whole() {
        for name in NAMES {
            assert!(Fields::default().named(&name.to_ascii_uppercase()).is_some(), "{name}");
            assert!(Fields::default().named(&name[1..]).is_none(), "{name}");
            assert!(Fields::default().named(&format!("{}x", &name[1..])).is_none(), "{name}");
        }
    }
}
