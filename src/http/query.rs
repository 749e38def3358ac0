//! The query of a URL: parameters by name, each read with a message that says what would be right.

use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use chrono::{DateTime, Utc};
use hyper::http::request::Parts;

use super::errors::HttpError;
use super::wire;
use crate::domain::date;
use crate::domain::lang::Phrase;
use crate::planning::DAYS_MAX;
use crate::service::error::Refusal;

const YES_OR_NO: Phrase = Phrase { en: "true or false", de: "true oder false" };

const DAYS: Phrase = Phrase { en: "a number from 1 to 366", de: "eine Zahl von 1 bis 366" };
const WIDTH: Phrase = Phrase { en: "a number from 20 to 300", de: "eine Zahl von 20 bis 300" };
const INSTANT: Phrase = Phrase {
    en: "an RFC 3339 instant of the years 1970 to 9997, like 2025-10-13T08:00:00Z",
    de: "ein Zeitpunkt nach RFC 3339 aus den Jahren 1970 bis 9997, etwa 2025-10-13T08:00:00Z",
};

/// The decoded parameters of a request.
#[derive(Default)]
pub struct Query(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query, Self::Rejection> {
        Ok(Query::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    pub fn parse(query: &str) -> Query {
        Query(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// # Errors
    /// A parameter that is not among `known`, with the one of them that it may have meant.
    pub fn check(&self, known: &[&str]) -> Result<(), Refusal> {
        let unknown = self.0.iter().find(|(name, _)| !known.contains(&name.as_str()));
        unknown.map_or(Ok(()), |(name, _)| Err(wire::nearest_of(name, known)))
    }

    /// The parameter, if it is there and not empty; the last where it is there several times.
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    pub fn flag(&self, name: &'static str) -> Result<bool, HttpError> {
        match self.text(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(HttpError::MalformedQuery { name, expected: YES_OR_NO }),
        }
    }

    /// A whole number within `range`; `expected` says it in words.
    pub fn number(
        &self,
        name: &'static str,
        range: RangeInclusive<u64>,
        expected: Phrase,
    ) -> Result<Option<u64>, HttpError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.map(Some).ok_or(HttpError::MalformedQuery { name, expected })
    }

    /// How many days are to be planned.
    pub fn days(&self) -> Result<Option<u16>, HttpError> {
        let days = self.number("days", 1..=u64::from(DAYS_MAX), DAYS)?;
        Ok(days.and_then(|days| u16::try_from(days).ok()))
    }

    /// The instant to plan for.
    pub fn now(&self) -> Result<Option<DateTime<Utc>>, HttpError> {
        let instant =
            |text| date::parse_instant(text).ok_or(HttpError::MalformedQuery { name: "now", expected: INSTANT });
        self.text("now").map(instant).transpose()
    }

    /// How many columns a text may take.
    pub fn width(&self) -> Result<Option<usize>, HttpError> {
        let width = self.number("width", 20..=300, WIDTH)?;
        Ok(width.and_then(|width| usize::try_from(width).ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_checked() {
        let range = Phrase { en: "", de: "" };
        let query = Query::parse("q=a+%C3%BC&days=7&nocache=true&empty=&days=8");
        assert_eq!(query.text("q"), Some("a ü"));
        assert_eq!(query.text("empty"), None);
        assert_eq!(query.number("days", 1..=366, range).unwrap(), Some(8));
        assert!(query.number("days", 1..=7, range).is_err());
        assert!(query.flag("nocache").unwrap());
        assert!(query.flag("q").is_err());
    }
}
