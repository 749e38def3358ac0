//! `Prefer: wait=N` (RFC 7240): a change is answered once it is in the Git repository, or after so many seconds; and what
//! its answer says of Git.

use std::time::Duration;

use axum::response::Response;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::Serialize;

use super::extract::Asked;
use crate::service::sync::PushedState;

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The longest wait, in seconds; who prefers a longer one waits this long.
pub const WAIT_SECONDS_MAX: u64 = 60;

/// What became of a change in the Git repository.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushedJson {
    /// Whether the change is in the repository.
    git_pushed: bool,
    /// Whether it is still to get there. Both are false where nothing is pushed.
    git_pending: bool,
    /// The commit that it is in, once it is pushed and where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit_sha: Option<String>,
}

impl From<PushedState> for PushedJson {
    fn from(PushedState { pushed, pending, commit }: PushedState) -> PushedJson {
        PushedJson { git_pushed: pushed, git_pending: pending, commit_sha: commit.map(|commit| commit.to_string()) }
    }
}

/// How long an answer may wait for the push, if that was preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(Option<u64>);

impl Wait {
    /// Preferences that are not understood are as if they were not there (RFC 7240, 2); of several the first counts.
    pub fn of(headers: &HeaderMap) -> Wait {
        let lines = headers.get_all(PREFER).iter().filter_map(|line| line.to_str().ok());
        let mut preferences = lines.flat_map(|line| split(line, ',')).filter_map(|preference| {
            let (name, value) = split(preference, ';').next()?.split_once('=')?;
            Some((name.trim(), value.trim()))
        });
        let wait = preferences.find(|(name, _)| name.eq_ignore_ascii_case("wait"));
        Wait(wait.and_then(|(_, value)| seconds(value)).map(|seconds| seconds.min(WAIT_SECONDS_MAX)))
    }

    /// The answer, saying what of the preference was heeded.
    pub fn told(self, mut response: Response) -> Response {
        let applied = self.0.and_then(|seconds| HeaderValue::try_from(format!("wait={seconds}")).ok());
        if let Some(applied) = applied {
            response.headers_mut().insert(PREFERENCE_APPLIED, applied);
        }
        response
    }
}

/// The parts of a text between separators, other than those that stand in quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |c: char| {
        let was_escaped = is_escaped;
        is_escaped = is_quoted && !was_escaped && c == '\\';
        if c == '"' && !was_escaped {
            is_quoted = !is_quoted;
        }
        c == separator && !is_quoted
    })
}

/// A number of seconds, which may stand in quotes; one too large to count is the largest.
fn seconds(value: &str) -> Option<u64> {
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let digits = quoted.unwrap_or(value);
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

impl Asked {
    /// What became of the change of this generation, once it is pushed, as long as the wait lasts, or when the server
    /// is to stop.
    pub async fn pushed(&self, generation: u64, Wait(seconds): Wait) -> PushedJson {
        let (service, user) = (&self.site.service, self.actor.user);
        let mut draining = self.site.draining();
        let wait = Duration::from_secs(seconds.unwrap_or_default());
        let waited = tokio::select! {
            biased;
            pushed = service.wait_for_push(user, generation, wait) => Some(pushed),
            _ = draining.wait_for(|draining| *draining) => None,
        };
        match waited {
            Some(pushed) => pushed.into(),
            None => service.wait_for_push(user, generation, Duration::ZERO).await.into(),
        }
    }

    /// The folder of the asker's files in the repository.
    pub fn folder(&self) -> String {
        let (base, name) = (self.site.service.base_path(self.actor.user), &self.actor.name);
        if base.is_empty() { name.to_string() } else { format!("{base}/{name}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(lines: &[&'static str]) -> Option<u64> {
        Wait::of(&lines.iter().map(|line| (PREFER, HeaderValue::from_static(line))).collect()).0
    }

    #[test]
    fn the_first_wait_counts_and_what_is_not_understood_does_not() {
        for (lines, seconds) in [
            (&["wait=10"][..], Some(10)),
            (&["WAIT = 10"], Some(10)),
            (&["wait=\"10\""], Some(10)),
            (&["respond-async, wait=10"], Some(10)),
            (&["return=minimal; wait=3", "wait=10; x=\"a,b;c\""], Some(10)),
            (&["note=\"wait=3, wait=4\\\", wait=5\", wait=7"], Some(7)),
            (&["wait=1, wait=2", "wait=3"], Some(1)),
            (&["wait=0"], Some(0)),
            (&["wait=60"], Some(60)),
            (&["wait=61"], Some(60)),
            (&["wait=99999999999999999999999"], Some(60)),
            (&["wait=x, wait=2"], None),
            (&["wait"], None),
            (&["wait="], None),
            (&["wait=-1"], None),
            (&["wait=+1"], None),
            (&["wait=1.5"], None),
            (&["await=10"], None),
            (&[""], None),
            (&[], None),
        ] {
            assert_eq!(wait(lines), seconds, "{lines:?}");
        }
    }

    #[test]
    fn what_was_heeded_is_told() {
        let told = |wait: Wait| wait.told(Response::default()).headers().get(PREFERENCE_APPLIED).cloned();
        assert_eq!(told(Wait(Some(7))), Some(HeaderValue::from_static("wait=7")));
        assert_eq!(told(Wait(None)), None);
    }
}
