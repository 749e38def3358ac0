//! `GET /codex`: the timeline.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use hyper::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, VARY};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};

use super::body::Body;
use super::conditional::is_unchanged;
use super::errors::HttpError;
use super::extract::Asked;
use super::fields::Fields;
use super::negotiate::{self, Format};
use super::query::Query;
use super::respond::{BY_ASKER, JSON, PRIVATE, full, protect};
use super::web;
use crate::domain::date;
use crate::domain::ids::UserId;
use crate::domain::lang::Phrase;
use crate::planning::DAYS_MAX;
use crate::service::Service;
use crate::service::timeline::Layer;
use crate::store::hot::Entry;
use crate::view::{Answer, json, text};

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

const DAYS: Phrase = Phrase { en: "a number from 1 to 366", de: "eine Zahl von 1 bis 366" };
const WIDTH: Phrase = Phrase { en: "a number from 20 to 300", de: "eine Zahl von 20 bis 300" };
const FORMATS: Phrase = Phrase { en: "json, html or text", de: "json, html oder text" };
const INSTANT: Phrase = Phrase {
    en: "an RFC 3339 instant of the years 1970 to 9997, like 2025-10-13T08:00:00Z",
    de: "ein Zeitpunkt nach RFC 3339 aus den Jahren 1970 bis 9997, etwa 2025-10-13T08:00:00Z",
};

/// Columns of the week drawn in text.
const TEXT_WIDTH: u64 = 120;

/// The answer before the router: for the plain request, when the timeline is hot.
pub fn hot<B>(
    service: &Service,
    user: UserId,
    request: &Request<B>,
    fields: &Fields<'_>,
    now: DateTime<Utc>,
) -> Option<Response<Body>> {
    let uri = request.uri();
    let is_plain = uri.path() == "/codex" && uri.query().is_none();
    if !is_plain || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    if fields.accept.first.is_some() && negotiate::format(request.headers()) != Format::Json {
        return None;
    }
    let entry = service.hot_timeline(user, now)?;
    Some(hot_response(&entry, request.headers(), fields))
}

/// Every other request for it: made anew, of other days, at another instant, in another form.
pub async fn get(asked: Asked, query: Query, headers: HeaderMap) -> Result<axum::response::Response, HttpError> {
    let service: &Arc<Service> = &asked.site.service;
    let user = asked.actor.user;
    let rebuild = query.flag("nocache")?;
    let days = query.number("days", 1..=u64::from(DAYS_MAX), DAYS)?;
    let days = days.and_then(|days| u16::try_from(days).ok());
    let now = query.text("now").map(instant).transpose()?;
    let format = wanted_format(&query, &headers)?;
    let width = query.number("width", 20..=300, WIDTH)?.unwrap_or(TEXT_WIDTH);
    let begun = Instant::now();
    if days.is_none() && now.is_none() && format == Format::Json {
        let served = service.timeline(user, rebuild).await?;
        asked.site.counts.layer(served.layer);
        let timing = timing(served.layer, begun.elapsed());
        if !served.is_certain {
            let body = full("application/json", served.entry.finished.body.clone());
            return Ok(uncached(body, timing).map(axum::body::Body::new).into_response());
        }
        let response = respond(&served.entry, &headers, served.layer, timing);
        asked.site.counts.not_modified(response.status());
        return Ok(response.map(axum::body::Body::new).into_response());
    }
    let answer = service.what_if(user, now, days).await?;
    asked.site.counts.what_if.add(1);
    let response = uncached(
        render(&answer, format, usize::try_from(width).unwrap_or(usize::MAX)),
        timing(Layer::Rebuilt, begun.elapsed()),
    );
    Ok(response.map(axum::body::Body::new).into_response())
}

/// An answer that nobody is to keep.
fn uncached(mut response: Response<Body>, timing: HeaderValue) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, BY_ASKER);
    headers.insert(X_CACHE, HeaderValue::from_static(Layer::Rebuilt.as_str()));
    headers.insert(SERVER_TIMING, timing);
    response
}

fn render(answer: &Answer, format: Format, width: usize) -> Response<Body> {
    match format {
        Format::Json => full("application/json", json::timeline(answer)),
        Format::Html => full("text/html; charset=utf-8", web::page(answer).into_string()),
        Format::Text => full("text/plain; charset=utf-8", text::week(answer, width)),
    }
}

fn wanted_format(query: &Query, headers: &HeaderMap) -> Result<Format, HttpError> {
    match query.text("format") {
        None => Ok(negotiate::format(headers)),
        Some("json") => Ok(Format::Json),
        Some("html") => Ok(Format::Html),
        Some("text") => Ok(Format::Text),
        Some(_) => Err(HttpError::MalformedQuery { name: "format", expected: FORMATS }),
    }
}

fn instant(text: &str) -> Result<DateTime<Utc>, HttpError> {
    date::parse_instant(text).ok_or(HttpError::MalformedQuery { name: "now", expected: INSTANT })
}

fn timing(layer: Layer, took: Duration) -> HeaderValue {
    let text = format!("cache;desc=\"{}\", total;dur={:.3}", layer.as_str(), took.as_secs_f64() * 1_000.0);
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("total"))
}

fn respond(entry: &Entry, asked: &HeaderMap, layer: Layer, timing: HeaderValue) -> Response<Body> {
    let mut response = hot_response(entry, asked, &Fields::of(asked));
    let headers = response.headers_mut();
    headers.insert(X_CACHE, HeaderValue::from_static(layer.as_str()));
    headers.insert(SERVER_TIMING, timing);
    response
}

/// What every hot answer says beside its entity tag, whose place is kept. A copy of a map costs a fraction of what
/// putting ten fields into one does, and this is on the way of every warm read.
static UNCHANGED: LazyLock<HeaderMap> = LazyLock::new(|| {
    let mut headers = HeaderMap::new();
    headers.insert(ETAG, HeaderValue::from_static(""));
    headers.insert(CACHE_CONTROL, PRIVATE);
    headers.insert(VARY, BY_ASKER);
    headers.insert(X_CACHE, HeaderValue::from_static(Layer::Hot.as_str()));
    headers.insert(SERVER_TIMING, HeaderValue::from_static("cache;desc=\"hot\""));
    protect(&mut headers);
    headers
});

/// The same for an answer with a body.
static WITH_BODY: LazyLock<HeaderMap> = LazyLock::new(|| {
    let mut headers = UNCHANGED.clone();
    headers.insert(CONTENT_TYPE, JSON);
    headers
});

/// The entry as an answer, complete with what browsers are told.
fn hot_response(entry: &Entry, asked: &HeaderMap, fields: &Fields<'_>) -> Response<Body> {
    let takes_gzip = fields.accept_encoding.first.is_some() && negotiate::takes_gzip(asked);
    let compressed = if takes_gzip { entry.compressed() } else { None };
    let (body, etag) = match compressed {
        Some(compressed) => (&compressed.body, &compressed.etag),
        None => (&entry.finished.body, &entry.etag),
    };
    let mut response = Response::new(Body::empty());
    if fields.if_none_match.first.is_some() && is_unchanged(asked, etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.headers_mut() = UNCHANGED.clone();
    } else {
        *response.body_mut() = Body::full(body.clone());
        *response.headers_mut() = WITH_BODY.clone();
        if compressed.is_some() {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
    // A hash in quotes is always a header's value. Its place is the first: a map keeps the order it was filled in.
    let places = response.headers_mut().iter_mut().next().filter(|(name, _)| **name == ETAG);
    if let (Some((_, place)), Ok(etag)) = (places, HeaderValue::from_maybe_shared(etag.clone())) {
        *place = etag;
    }
    response
}
