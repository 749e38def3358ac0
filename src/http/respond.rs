//! What answers have in common.

use axum::response::IntoResponse;
use bytes::Bytes;
use hyper::Response;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, VARY};
use serde::Serialize;

use super::body::Body;
use crate::store::Settings;
use crate::view::settings::SettingsJson;

/// For what one user sees: kept by nobody else, and asked about each time.
pub const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
/// What in a request decides about its answer.
pub const BY_ASKER: HeaderValue =
    HeaderValue::from_static("Authorization, Cookie, Accept, Accept-Encoding, Accept-Language");
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

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

pub fn settings_json(settings: Settings) -> SettingsJson {
    SettingsJson::new(settings.zone, settings.lang, settings.days)
}

/// A full answer with a content type.
pub fn full(content_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::full(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
