//! Why a command got no answer, or not the one it wanted: sentences for the person at the terminal.

use hyper::StatusCode;
use hyper::header::LOCATION;
use hyper::http::response::Parts;
use serde::Deserialize;

use super::super::CliError;
use crate::outgoing::OutgoingError;

/// Why there is no answer.
pub(super) enum Failure {
    /// Nothing happened.
    Unreachable(String),
    /// Whether it happened is not known.
    Cut(String),
    /// The answer was not taken whole.
    Answer(String),
    /// The command's own part failed.
    Own(Box<CliError>),
}

impl From<OutgoingError> for Failure {
    fn from(error: OutgoingError) -> Failure {
        match error {
            OutgoingError::Malformed(_) | OutgoingError::TooLarge(_) => Failure::Answer(error.to_string()),
            OutgoingError::Unreachable(detail) => Failure::Unreachable(detail),
            OutgoingError::Cut(detail) => Failure::Cut(detail),
            OutgoingError::TooSlow(_) => Failure::Cut(error.to_string()),
            OutgoingError::Sink(error) => Failure::Own(Box::new(error.into())),
        }
    }
}

impl From<CliError> for Failure {
    fn from(error: CliError) -> Failure {
        Failure::Own(Box::new(error))
    }
}

impl Failure {
    pub(super) fn is_cut(&self) -> bool {
        matches!(self, Failure::Cut(_))
    }

    pub(super) fn into_error(self, target: &str) -> CliError {
        CliError::Said(match self {
            Failure::Unreachable(detail) => format!("cannot reach {target}: {detail}; is it running there?"),
            Failure::Cut(detail) => {
                format!(
                    "{target} gave no answer ({detail}), so whether it was done is not known; look before you repeat it"
                )
            }
            Failure::Answer(detail) => format!("{target} gave an answer that cannot be taken: {detail}"),
            Failure::Own(error) => return *error,
        })
    }
}

/// What the API says of a refusal.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// The refusal that an answer is.
pub(super) fn refusal(place: &str, parts: &Parts, body: &[u8]) -> CliError {
    if parts.status.is_redirection() {
        let to = parts.headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("elsewhere");
        return CliError::Said(format!("{place} sends its visitors to {to}; name that server instead"));
    }
    let Ok(Refusal { error }) = serde_json::from_slice(body) else {
        let status = parts.status;
        return CliError::Said(format!("{place} answered {status} without a reason; is it a CodexMiroir server?"));
    };
    if parts.status == StatusCode::UNAUTHORIZED {
        return CliError::Said(format!(
            "{place} does not take the token; it may have expired or been revoked: log in with a new one"
        ));
    }
    let sentence = error.trim_end_matches('.');
    CliError::Refused { sentence: format!("{sentence} ({place})") }
}
