//! What the asker would like best: language and media type, by weighted headers (RFC 9110, 12.5).

use hyper::HeaderMap;
use hyper::header::{ACCEPT_LANGUAGE, HeaderName, HeaderValue};

use crate::domain::lang::Lang;

/// A form that the timeline can be had in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Html,
    Text,
    Calendar,
}

/// The values of a field, for those below that take several.
pub fn values<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Vec<&'h [u8]> {
    headers.get_all(name).iter().map(HeaderValue::as_bytes).collect()
}

/// The items of a field's values with their weights, in their order.
fn weighed<'h>(values: &[&'h [u8]]) -> impl Iterator<Item = (&'h str, f32)> {
    let texts = values.iter().filter_map(|value| str::from_utf8(value).ok().filter(|text| text.is_ascii()));
    texts.flat_map(|value| value.split(',')).map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|parameter| parameter.strip_prefix("q="));
        (name, weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)))
    })
}

/// The one with the highest weight above zero; the earlier one among equals.
fn best<T>(items: impl Iterator<Item = (T, f32)>) -> Option<T> {
    let mut best: Option<(T, f32)> = None;
    for (item, weight) in items {
        if weight > best.as_ref().map_or(0.0, |(_, highest)| *highest) {
            best = Some((item, weight));
        }
    }
    best.map(|(item, _)| item)
}

/// The language that sentences are wanted in; English when neither is named.
pub fn language(headers: &HeaderMap) -> Lang {
    language_of(headers).unwrap_or(Lang::En)
}

/// The same, if one of the two is named.
pub fn language_of(headers: &HeaderMap) -> Option<Lang> {
    let values = values(headers, &ACCEPT_LANGUAGE);
    let known = weighed(&values).filter_map(|(tag, weight)| {
        let primary = tag.split('-').next().unwrap_or_default();
        let lang = match () {
            () if primary.eq_ignore_ascii_case("de") => Lang::De,
            () if primary.eq_ignore_ascii_case("en") => Lang::En,
            () => return None,
        };
        Some((lang, weight))
    });
    best(known)
}

/// The form that is wanted by these values of `Accept`; JSON unless a browser asks for a page or somebody for text or a
/// calendar.
pub fn format(accept: &[&[u8]]) -> Format {
    // What programs send, without a look at weights: this is on the way of every warm read.
    match accept.first() {
        None | Some(&(b"*/*" | b"application/json")) => return Format::Json,
        Some(_) => {}
    }
    let known = || {
        weighed(accept).filter_map(|(media_type, weight)| match media_type {
            "application/json" | "application/*" | "*/*" => Some((Format::Json, weight)),
            "text/html" | "text/*" => Some((Format::Html, weight)),
            "text/plain" => Some((Format::Text, weight)),
            "text/calendar" => Some((Format::Calendar, weight)),
            _ => None,
        })
    };
    let highest = known().map(|(_, weight)| weight).fold(0.0, f32::max);
    // Among equals JSON comes first, as it always was.
    let json = known().any(|(format, weight)| format == Format::Json && weight > 0.0 && weight >= highest);
    if json { Format::Json } else { best(known()).unwrap_or(Format::Json) }
}

/// Whether a body compressed with gzip may be sent, by these values of `Accept-Encoding`.
pub fn takes_gzip(accept_encoding: &[&[u8]]) -> bool {
    let mut named = weighed(accept_encoding);
    named.any(|(coding, weight)| (coding.eq_ignore_ascii_case("gzip") || coding == "*") && weight > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn languages_are_weighed() {
        let with = |value| HeaderMap::from_iter([(ACCEPT_LANGUAGE, HeaderValue::from_static(value))]);
        let language = |value| language(&with(value));
        assert_eq!(language("de-DE,de;q=0.9,en;q=0.8"), Lang::De);
        assert_eq!(language("en;q=0.4, DE;q=0.5"), Lang::De);
        assert_eq!(language("fr, en-GB;q=0.3"), Lang::En);
        assert_eq!(language("de;q=x"), Lang::En);
        assert_eq!(language(""), Lang::En);
    }

    #[test]
    fn a_browser_gets_a_page_and_a_program_json() {
        let format = |value: &str| format(&[value.as_bytes()]);
        assert_eq!(format("*/*"), Format::Json);
        assert_eq!(format("application/json, text/plain, */*"), Format::Json);
        assert_eq!(format("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), Format::Html);
        assert_eq!(format("text/plain"), Format::Text);
        assert_eq!(format("text/plain;q=0.1, text/html;q=0.2"), Format::Html);
        assert_eq!(format("text/calendar"), Format::Calendar);
        assert_eq!(format("text/calendar, text/plain;q=0.9, */*;q=0.5"), Format::Calendar);
        assert_eq!(format("image/png"), Format::Json);
    }

    #[test]
    fn gzip_is_taken_unless_refused() {
        let gzip = |value: &str| takes_gzip(&[value.as_bytes()]);
        assert!(gzip("gzip, deflate, br"));
        assert!(gzip("br, GZIP;q=0.5"));
        assert!(!gzip("br"));
        assert!(!gzip("gzip;q=0"));
        assert!(takes_gzip(&[b"br", b"gzip"]));
        assert!(!takes_gzip(&[]));
        assert!(!gzip("gzip, \u{e4}"), "text that is not ASCII is none");
    }
}
