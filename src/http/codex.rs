//! `GET /codex`: the timeline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, HeaderName, HeaderValue, VARY};
use hyper::{HeaderMap, Method, Response};

use super::body::Body;
use super::conditional::{is_unchanged, names};
use super::errors::HttpError;
use super::extract::Asked;
use super::feed;
use super::fields::Fields;
use super::head::Head;
use super::hot::{Hot, SERVER_TIMING, X_CACHE, media_type};
use super::negotiate::{self, Format, values};
use super::plain::TIMELINE;
use super::query::Query;
use super::respond::{BY_ASKER, full};
use super::web::{self, Viewer};
use crate::domain::ids::{Generation, UserId};
use crate::domain::lang::Phrase;
use crate::service::Service;
use crate::service::timeline::Layer;
use crate::service::timeline_at;
use crate::store::hot::{Entry, Form};
use crate::view::{Answer, calendar, json, text};

const FORMATS: Phrase = Phrase { en: "json, html, text or ics", de: "json, html, text oder ics" };
const GENERATION: Phrase = Phrase { en: "the number of a generation", de: "die Nummer einer Generation" };

/// Of a past timeline: whether what it was planned with is what there is now, so that it is what was served.
const X_BASIS: HeaderName = HeaderName::from_static("x-basis");

/// Columns of the week drawn in text.
const TEXT_WIDTH: usize = 120;

/// The answer before the router: for the plain request for a timeline or a feed, when that is hot.
pub fn hot(service: &Service, user: UserId, head: &Head<'_>, now: DateTime<Utc>) -> Option<Hot> {
    let form = match head.path {
        TIMELINE => Form::Timeline,
        path if feed::token(path).is_some() => Form::Calendar,
        _ => return None,
    };
    if head.query.is_some() || !matches!(*head.method, Method::GET | Method::HEAD) {
        return None;
    }
    let Fields { accept, accept_encoding, if_none_match, .. } = head.fields;
    // Lists in several lines are read behind the router.
    if accept.is_repeated || accept_encoding.is_repeated || if_none_match.is_repeated {
        return None;
    }
    let (accept, accept_encoding, if_none_match) = (accept.first, accept_encoding.first, if_none_match.first);
    // A feed is a calendar, whatever would be liked better.
    if form == Form::Timeline && accept.is_some() && negotiate::format(accept.as_slice()) != Format::Json {
        return None;
    }
    let entry = service.hot_timeline(user, form, now)?;
    let takes_gzip = accept_encoding.is_some() && negotiate::takes_gzip(accept_encoding.as_slice());
    Some(Hot::new(entry, takes_gzip, |etag| if_none_match.is_some_and(|tags| names(tags, etag))))
}

/// Every other request for it: made anew, of other days, at another instant, in another form.
pub async fn get(asked: Asked, query: Query, headers: HeaderMap) -> Result<axum::response::Response, HttpError> {
    let rebuild = query.flag("nocache")?;
    let (days, now) = (query.days()?, query.now()?);
    let format = wanted_format(&query, &headers)?;
    let width = query.width()?.unwrap_or(TEXT_WIDTH);
    let begun = Instant::now();
    if let Some(generation) = query.number("at", 0..=u64::MAX, GENERATION)? {
        let wanted = timeline_at::Asked { now, days, anyway: query.flag("anyway")? };
        let told = asked.site.service.timeline_at(asked.actor.user, Generation(generation), wanted).await?;
        asked.site.counts.what_if.add(1);
        let timing = timing(Layer::Rebuilt, begun.elapsed());
        let mut response = uncached(render(&told.answer, &asked, format, width)?, timing);
        let basis = if told.differing.is_empty() { "same" } else { "other" };
        response.headers_mut().insert(X_BASIS, HeaderValue::from_static(basis));
        return Ok(response.map(axum::body::Body::new).into_response());
    }
    match format {
        Format::Json if days.is_none() && now.is_none() => {
            return served(&asked, &headers, Form::Timeline, rebuild).await;
        }
        Format::Calendar if days.is_none() && now.is_none() => {
            return served(&asked, &headers, Form::Calendar, rebuild).await;
        }
        Format::Json | Format::Calendar | Format::Html | Format::Text => {}
    }
    let answer = asked.site.service.what_if(asked.actor.user, now, days).await?;
    asked.site.counts.what_if.add(1);
    let response = uncached(render(&answer, &asked, format, width)?, timing(Layer::Rebuilt, begun.elapsed()));
    Ok(response.map(axum::body::Body::new).into_response())
}

/// The present timeline in a form that is kept, as the asker gets it.
pub(super) async fn served(
    asked: &Asked,
    headers: &HeaderMap,
    form: Form,
    rebuild: bool,
) -> Result<axum::response::Response, HttpError> {
    let (service, user, begun) = (&asked.site.service, asked.actor.user, Instant::now());
    let served = match form {
        Form::Timeline => service.timeline(user, rebuild).await?,
        Form::Calendar => service.calendar(user, rebuild).await?,
    };
    asked.site.counts.layer(served.layer);
    let timing = timing(served.layer, begun.elapsed());
    if !served.is_certain {
        let body = full(media_type(form), served.entry.finished.body.clone());
        return Ok(uncached(body, timing).map(axum::body::Body::new).into_response());
    }
    let response = respond(&served.entry, headers, served.layer, timing);
    asked.site.counts.not_modified(response.status());
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

fn render(answer: &Answer, asked: &Asked, format: Format, width: usize) -> Result<Response<Body>, HttpError> {
    Ok(match format {
        Format::Json => full(media_type(Form::Timeline), json::timeline(answer)),
        Format::Calendar => {
            let owner = asked.site.service.calendar_owner(asked.actor.user)?;
            full(media_type(Form::Calendar), calendar::of(answer, owner))
        }
        Format::Html => {
            let viewer = Viewer::of(&asked.actor, asked.site.service.settings(asked.actor.user)?.0);
            full("text/html; charset=utf-8", web::page(answer, viewer, None).into_string())
        }
        Format::Text => full("text/plain; charset=utf-8", text::week(answer, width)),
    })
}

fn wanted_format(query: &Query, headers: &HeaderMap) -> Result<Format, HttpError> {
    match query.text("format") {
        None => Ok(negotiate::format(&values(headers, &ACCEPT))),
        Some("json") => Ok(Format::Json),
        Some("html") => Ok(Format::Html),
        Some("text") => Ok(Format::Text),
        Some("ics") => Ok(Format::Calendar),
        Some(_) => Err(HttpError::MalformedQuery { name: "format", expected: FORMATS }),
    }
}

fn timing(layer: Layer, took: Duration) -> HeaderValue {
    let text = format!("cache;desc=\"{}\", total;dur={:.3}", layer.as_str(), took.as_secs_f64() * 1_000.0);
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("total"))
}

fn respond(entry: &Arc<Entry>, asked: &HeaderMap, layer: Layer, timing: HeaderValue) -> Response<Body> {
    let takes_gzip = negotiate::takes_gzip(&values(asked, &ACCEPT_ENCODING));
    let mut response = Hot::new(entry.clone(), takes_gzip, |etag| is_unchanged(asked, etag)).response();
    let headers = response.headers_mut();
    headers.insert(X_CACHE, HeaderValue::from_static(layer.as_str()));
    headers.insert(SERVER_TIMING, timing);
    response
}
