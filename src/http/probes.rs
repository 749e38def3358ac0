//! `/livez` and `/readyz`: for whoever supervises the process; they need no sign-in and tell nothing else than why
//! the server is not ready.

use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::body::Body;
use super::errors::HttpError;
use super::respond::full;
use super::site::Site;

/// Answers a probe; `None` for every other request.
pub fn answer<B>(site: &Site, request: &Request<B>) -> Option<Response<Body>> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    match request.uri().path() {
        "/livez" | "/readyz" if !is_read => {
            let mut response = Response::new(Body::empty());
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET,HEAD"));
            response.extensions_mut().insert(HttpError::MethodNotAllowed);
            Some(response)
        }
        "/livez" => Some(full("application/json", &br#"{"ok":true}"#[..])),
        "/readyz" if site.unready_reason().is_none() => Some(full("application/json", &br#"{"ok":true}"#[..])),
        "/readyz" => {
            let reason = site.unready_reason().unwrap_or_default();
            let mut response = full("application/json", format!(r#"{{"ok":false,"reason":"{reason}"}}"#));
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            Some(response)
        }
        _ => None,
    }
}
