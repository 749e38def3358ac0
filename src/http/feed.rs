//! `GET /feeds/TOKEN.ics`: the timeline as a calendar, for programs that can be given an address and nothing else.
//!
//! The address is the proof, so the token in it may do nothing else: one that allows more than the feed does not work
//! here, because addresses come to be known more easily than what is sent beside them.

use axum::response::Response;
use hyper::HeaderMap;

use super::codex;
use super::errors::HttpError;
use super::extract::Asked;
use super::site::{Arrival, Site};
use crate::service::tokens::Issued;
use crate::store::Scopes;
use crate::store::hot::Form;

/// What the path of a feed begins with.
const FEEDS: &str = "/feeds/";
const ENDING: &str = ".ics";

/// What a path shows as a token, if it is below the feeds'; nothing at all is none of anybody's.
pub fn token(path: &str) -> Option<&str> {
    let file = path.strip_prefix(FEEDS)?;
    Some(file.strip_suffix(ENDING).unwrap_or_default())
}

/// The address of the feed that a token opens, if that is all that it opens: whole where the server knows its own, else
/// the path.
pub fn address(site: &Site, arrival: &Arrival, issued: &Issued) -> Option<String> {
    let is_feed = issued.grant.scopes == Scopes::FEED;
    let server = site.address(arrival).unwrap_or_default();
    is_feed.then(|| format!("{server}{FEEDS}{}{ENDING}", issued.token))
}

/// Where the answer is not hot.
pub async fn get(asked: Asked, headers: HeaderMap) -> Result<Response, HttpError> {
    codex::served(&asked, &headers, Form::Calendar, false).await
}
