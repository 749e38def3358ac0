//! `/livez` and `/readyz`: for whoever supervises the process; they need no sign-in and tell nothing else than why
//! the server is not ready.

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
    /// Why not: `stopping`, `database_not_writable` or `database_file_gone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

fn probed(reason: Option<&'static str>) -> Response<Body> {
    full("application/json", serde_json::to_vec(&ProbeJson { ok: reason.is_none(), reason }).unwrap_or_default())
}

/// Answers a probe; `None` for every other request.
pub fn answer<B>(site: &Site, request: &Request<B>) -> Option<Response<Body>> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    match request.uri().path() {
        "/livez" | "/readyz" if !is_read => Some(wrong_method("GET,HEAD")),
        "/livez" => Some(probed(None)),
        "/readyz" => {
            let reason = site.unready_reason();
            let mut response = probed(reason);
            if reason.is_none() {
                return Some(response);
            }
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            Some(response)
        }
        _ => None,
    }
}
