//! `GET /codex`: the timeline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::RawQuery;
use axum::response::IntoResponse;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, VARY};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};

use super::body::Body;
use super::conditional::is_unchanged;
use super::errors::HttpError;
use super::extract::Asked;
use super::respond::{BY_ASKER, JSON, PRIVATE};
use crate::domain::ids::UserId;
use crate::service::Service;
use crate::service::timeline::Layer;
use crate::store::hot::Entry;

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The answer before the router: for the plain request, when the timeline is hot.
pub fn hot<B>(service: &Service, user: UserId, request: &Request<B>) -> Option<Response<Body>> {
    let uri = request.uri();
    let is_plain = uri.path() == "/codex" && uri.query().is_none();
    if !is_plain || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let entry = service.hot_timeline(user)?;
    Some(respond(&entry, request.headers(), Layer::Hot, HeaderValue::from_static("cache;desc=\"hot\"")))
}

/// Every other request for it.
pub async fn get(
    asked: Asked,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<axum::response::Response, HttpError> {
    let rebuild = wants_rebuild(query.as_deref().unwrap_or_default())?;
    let begun = Instant::now();
    let service: &Arc<Service> = &asked.site.service;
    let served = service.timeline(asked.actor.user, rebuild).await?;
    let timing = timing(served.layer, begun.elapsed());
    let response = respond(&served.entry, &headers, served.layer, timing);
    Ok(response.map(axum::body::Body::new).into_response())
}

/// `?nocache=true`. Other parameters are not this route's and change nothing.
fn wants_rebuild(query: &str) -> Result<bool, HttpError> {
    let mut rebuild = false;
    for pair in query.split('&') {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("nocache", "true" | "1") => rebuild = true,
            ("nocache", "false" | "0") => rebuild = false,
            ("nocache", _) => return Err(HttpError::MalformedQuery { name: "nocache", expected: "true or false" }),
            _ => {}
        }
    }
    Ok(rebuild)
}

fn timing(layer: Layer, took: Duration) -> HeaderValue {
    let text = format!("cache;desc=\"{}\", total;dur={:.3}", layer.as_str(), took.as_secs_f64() * 1_000.0);
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("total"))
}

fn respond(entry: &Entry, asked: &HeaderMap, layer: Layer, timing: HeaderValue) -> Response<Body> {
    let mut response = if is_unchanged(asked, &entry.etag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let mut response = Response::new(Body::full(entry.finished.body.clone()));
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        response
    };
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_maybe_shared(entry.etag.clone()) {
        headers.insert(ETAG, etag);
    }
    headers.insert(CACHE_CONTROL, PRIVATE);
    headers.insert(VARY, BY_ASKER);
    headers.insert(X_CACHE, HeaderValue::from_static(layer.as_str()));
    headers.insert(SERVER_TIMING, timing);
    response
}
