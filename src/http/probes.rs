//! `/livez` and `/readyz`: for whoever supervises the process; they need no sign-in and tell nothing else.

use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use super::body::Body;
use super::errors::HttpError;
use super::respond::full;
use super::site::Site;

/// What a probe says.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Probe")]
pub struct ProbeJson {
    ok: bool,
}

fn probed(ok: bool) -> Response<Body> {
    full("application/json", serde_json::to_vec(&ProbeJson { ok }).unwrap_or_default())
}

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
        "/livez" => Some(probed(true)),
        "/readyz" if site.is_ready() => Some(probed(true)),
        "/readyz" => {
            let mut response = probed(false);
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            Some(response)
        }
        _ => None,
    }
}
