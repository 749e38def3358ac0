//! `/livez` and `/readyz`: for whoever supervises the process; they need no sign-in and tell nothing else.

use hyper::{Method, Request, Response, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use super::body::Body;
use super::respond::{full, wrong_method};
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
        "/livez" | "/readyz" if !is_read => Some(wrong_method("GET,HEAD")),
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
