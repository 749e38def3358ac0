//! What answers have in common.

use axum::response::IntoResponse;
use bytes::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderValue, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{HeaderMap, Response};
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

const CSP: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");

/// What every answer tells browsers, so that nothing of one user's can be framed, guessed or sent elsewhere.
pub fn protect(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, CSP);
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(REFERRER_POLICY, SAME_ORIGIN);
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

pub fn settings_json(settings: Settings) -> SettingsJson {
    SettingsJson::new(settings.zone, settings.lang, settings.days)
}

/// A full answer with a content type.
pub fn full(content_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::full(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
