//! The pages. Reading them needs no script.

mod week;

pub use week::page;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::HeaderMap;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, VARY};

use super::errors::HttpError;
use super::extract::Asked;
use super::respond::{BY_ASKER, PRIVATE};
use super::site::Site;

const STYLE: &str = include_str!("week.css");

/// `GET /`: the week.
pub async fn week(asked: Asked) -> Result<Response, HttpError> {
    let answer = asked.site.service.answer(asked.actor.user).await?;
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    let headers = [(CONTENT_TYPE, html), (CACHE_CONTROL, PRIVATE), (VARY, BY_ASKER)];
    Ok((headers, page(&answer).into_string()).into_response())
}

/// `GET /assets/week.css`
pub async fn style(State(_): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let etag = format!("\"{:08x}\"", crc32fast::hash(STYLE.as_bytes()));
    let etag = HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\""));
    let cache = HeaderValue::from_static("no-cache");
    if super::conditional::is_unchanged(&headers, etag.as_bytes()) {
        return (hyper::StatusCode::NOT_MODIFIED, [(ETAG, etag), (CACHE_CONTROL, cache)]).into_response();
    }
    let css = HeaderValue::from_static("text/css; charset=utf-8");
    ([(CONTENT_TYPE, css), (ETAG, etag), (CACHE_CONTROL, cache)], STYLE).into_response()
}
