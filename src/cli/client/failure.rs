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
            OutgoingError::Unreachable(detail) | OutgoingError::Untrusted(detail) => Failure::Unreachable(detail),
            OutgoingError::Cut(detail) => Failure::Cut(detail),
            OutgoingError::AddressRefused { .. } => Failure::Unreachable(error.to_string()),
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

    /// What to say of it; where only something was asked for, nothing can have been done.
    pub(super) fn into_error(self, target: &str, changes_nothing: bool) -> CliError {
        CliError::Said(match self {
            Failure::Unreachable(detail) => format!("cannot reach {target}: {detail}; is it running there?"),
            Failure::Cut(detail) if changes_nothing => format!(
                "{target} gave no whole answer ({detail}): it may have stopped or failed, or the right to the answer may have \
                 ended meanwhile; see to that, and ask again"
            ),
            Failure::Cut(detail) => {
                format!(
                    "{target} gave no answer ({detail}), so whether it was done is not known; look before you repeat it"
                )
            }
            Failure::Answer(detail) => {
                format!("{target} gave an answer that cannot be taken: {detail}; is it a CodexMiroir server?")
            }
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
    let error = for_a_person(error);
    let sentence = error.trim_end_matches('.');
    CliError::Refused { sentence: format!("{sentence} ({place})") }
}

/// What the API's sentences tell a program to do, and what a person at a terminal does instead.
const INSTEAD: [(&str, &str); 5] = [
    ("see GET /api/history", "codexmiroir history lists them"),
    ("see GET /api/tasks", "codexmiroir task list --all lists them"),
    ("see GET /api/tokens", "codexmiroir token list lists them"),
    ("Replace the whole document instead", "Edit the whole document instead, with codexmiroir task edit"),
    ("repeat it with the same Idempotency-Key, or look first", "look before you repeat it"),
];

fn for_a_person(sentence: String) -> String {
    INSTEAD.iter().fold(sentence, |sentence, (program, person)| sentence.replace(program, person))
}

#[cfg(test)]
mod tests {
    use hyper::Response;

    use super::*;
    use crate::domain::document::EditError;
    use crate::domain::lang::Lang;
    use crate::service::error::Refusal;

    #[test]
    fn nobody_at_a_terminal_is_told_of_routes_and_headers() {
        let file = "0001-a.md".to_owned();
        let refusals = [
            Refusal::NoSuchChange { generation: 7 },
            Refusal::NoSuchTask { id: "7".to_owned() },
            Refusal::NoSuchToken { id: "7".to_owned() },
            Refusal::NotEditable { file, error: EditError::NotATask },
        ];
        let mut sentences: Vec<String> = refusals.iter().map(|refusal| refusal.text(Lang::En)).collect();
        sentences.push(
            "Whether this was saved is not known; repeat it with the same Idempotency-Key, or look first.".to_owned(),
        );
        let (parts, ()) = Response::builder().status(404).body(()).unwrap().into_parts();
        for ((_, person), sentence) in INSTEAD.iter().zip(&sentences) {
            let body = serde_json::json!({"ok": false, "error": sentence}).to_string();
            let said = refusal("here", &parts, body.as_bytes()).to_string();
            assert!(!said.contains("/api/") && !said.contains("Idempotency-Key"), "{said}");
            assert!(said.contains(person) && said.ends_with(" (here)"), "{said}");
        }
    }
}
