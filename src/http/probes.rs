//! `/livez` and `/readyz`: for whoever supervises the process; they need no sign-in and tell nothing else than why
//! the server is not ready, and what became of its last backup.

use hyper::{Method, Request, Response, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use super::backups::{self, BackupResultJson};
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
    /// What became of the last backup that the server made by itself; one that failed does not make it unready.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<BackupResultJson>,
}

fn probed(reason: Option<&'static str>, backup: Option<BackupResultJson>) -> Response<Body> {
    let probe = ProbeJson { ok: reason.is_none(), reason, backup };
    full("application/json", serde_json::to_vec(&probe).unwrap_or_default())
}

/// Answers a probe; `None` for every other request.
pub fn answer<B>(site: &Site, request: &Request<B>) -> Option<Response<Body>> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    match request.uri().path() {
        "/livez" | "/readyz" if !is_read => Some(wrong_method("GET,HEAD")),
        "/livez" => Some(probed(None, None)),
        "/readyz" => {
            let reason = site.unready_reason();
            let backup = site.backups.as_ref().and_then(|schedule| backups::last(schedule, request.headers()));
            let mut response = probed(reason, backup);
            if reason.is_none() {
                return Some(response);
            }
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            Some(response)
        }
        _ => None,
    }
}
