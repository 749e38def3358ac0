//! What answers have in common.

use axum::response::IntoResponse;
use bytes::Bytes;
use hyper::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, VARY};
use hyper::{HeaderMap, Response};
use serde::Serialize;

use super::body::Body;
use crate::domain::lang::Lang;

/// For what one user sees: kept by nobody else, and asked about each time.
pub const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
/// What in a request decides about its answer.
pub const BY_ASKER: HeaderValue = HeaderValue::from_static("Authorization, Cookie, Accept-Encoding");
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The language that the asker wants sentences in.
pub fn language(headers: &HeaderMap) -> Lang {
    let header = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    header.map_or(Lang::En, Lang::from_accept_language)
}

/// JSON for one user.
pub fn json<T: Serialize>(value: &T, etag: Option<HeaderValue>) -> axum::response::Response {
    let body = serde_json::to_vec(value).unwrap_or_default();
    let headers = [(CONTENT_TYPE, JSON), (CACHE_CONTROL, PRIVATE), (VARY, BY_ASKER)];
    let mut response = (headers, body).into_response();
    if let Some(etag) = etag {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

/// A full answer with a content type.
pub fn full(content_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::full(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
