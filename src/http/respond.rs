//! What answers have in common.

use axum::response::IntoResponse;
use bytes::Bytes;
use hyper::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderValue,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{HeaderMap, Response, StatusCode};
use serde::Serialize;

use super::body::Body;
use super::conditional::is_unchanged;
use super::errors::HttpError;
use super::negotiate;
use crate::store::Settings;
use crate::store::hot::compressed;
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
    private_json(serde_json::to_vec(value).unwrap_or_default(), etag)
}

/// As [`json`], of what is written already.
pub fn private_json(body: Vec<u8>, etag: Option<HeaderValue>) -> axum::response::Response {
    let headers = [(CONTENT_TYPE, JSON), (CACHE_CONTROL, PRIVATE), (VARY, BY_ASKER)];
    let mut response = (headers, body).into_response();
    if let Some(etag) = etag {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

pub fn settings_json(settings: Settings) -> SettingsJson {
    SettingsJson::new(settings.zone, settings.lang, settings.days, settings.theme)
}

/// The answer to a method that is not taken, before the gate writes it.
pub fn wrong_method(allowed: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response.extensions_mut().insert(HttpError::MethodNotAllowed);
    response
}

/// A full answer with a content type.
pub fn full(content_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::full(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// How long an answer may be shown again without asking.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Its address says what is in it.
    ForGood,
    AskEachTime,
}

impl Freshness {
    fn cache_control(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Freshness::ForGood => "public, max-age=31536000, immutable",
            Freshness::AskEachTime => "no-cache",
        })
    }
}

/// An answer that is the same for everybody for as long as the program runs.
pub struct Asset {
    content_type: &'static str,
    plain: Form,
    compressed: Option<Form>,
}

struct Form {
    body: Bytes,
    etag: HeaderValue,
}

impl Form {
    fn new(body: Bytes) -> Form {
        let etag = format!("\"{:08x}\"", crc32fast::hash(&body));
        Form { etag: HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\"")), body }
    }
}

impl Asset {
    pub fn new(content_type: &'static str, body: impl Into<Bytes>) -> Asset {
        let body = body.into();
        Asset { content_type, compressed: compressed(&body).map(Form::new), plain: Form::new(body) }
    }

    pub fn answer(&self, asked: &HeaderMap, freshness: Freshness) -> axum::response::Response {
        let takes_gzip = negotiate::takes_gzip(&negotiate::values(asked, &ACCEPT_ENCODING));
        let compressed = self.compressed.as_ref().filter(|_| takes_gzip);
        let form = compressed.unwrap_or(&self.plain);
        let headers = [
            (ETAG, form.etag.clone()),
            (CACHE_CONTROL, freshness.cache_control()),
            (VARY, HeaderValue::from_static("Accept-Encoding")),
        ];
        if is_unchanged(asked, form.etag.as_bytes()) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        let content_type = [(CONTENT_TYPE, HeaderValue::from_static(self.content_type))];
        let mut response = (headers, content_type, form.body.clone()).into_response();
        if compressed.is_some() {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}
