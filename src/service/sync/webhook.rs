//! What a forge tells: that somebody pushed. It only means that the remote is to be asked; what it says of files is not
//! believed, so that a repetition does no harm.

use std::sync::Arc;
use std::time::Duration;

use super::round::Ask;
use super::{Mode, SyncReport};
use crate::domain::ids::{ObjectName, UserName};
use crate::secrets::is_signed;
use crate::service::error::ServiceError;
use crate::service::{Service, read};

/// How long the forge waits at most; the sync goes on after it.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// Why nothing is done with what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookRefusal {
    /// No secret is set, so nobody can be known by one.
    NotConfigured,
    /// It is not signed with the secret.
    BadSignature,
}

const SCHEME: &str = "sha256=";

/// `signature` is `sha256=` and 64 hexadecimal digits: the HMAC of the body's bytes as they came.
pub(super) fn check(secret: Option<&str>, body: &[u8], signature: Option<&str>) -> Result<(), WebhookRefusal> {
    let secret = secret.filter(|secret| !secret.is_empty()).ok_or(WebhookRefusal::NotConfigured)?;
    let signature = signature.and_then(|signature| digest(signature.strip_prefix(SCHEME)?));
    let is_right = signature.is_some_and(|signature| is_signed(secret.as_bytes(), body, &signature));
    if is_right { Ok(()) } else { Err(WebhookRefusal::BadSignature) }
}

/// 64 hexadecimal digits as bytes.
fn digest(digits: &str) -> Option<[u8; 32]> {
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, at) in digest.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(digest)
}

/// What a push event led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookOutcome {
    /// It is about nothing that is synced.
    Ignored,
    Done {
        head: Option<ObjectName>,
        results: Vec<(UserName, SyncReport)>,
    },
    /// The sync goes on.
    UnderWay,
}

impl Service {
    /// Checks the signature over the bytes of a webhook, which are not to be looked at before.
    ///
    /// # Errors
    /// It is not to be heard.
    pub fn check_webhook(&self, body: &[u8], signature: Option<&str>) -> Result<(), WebhookRefusal> {
        check(self.links.options.webhook_secret.as_deref().map(String::as_str), body, signature)
    }

    /// Asks the server's remote, if its branch is the one that was pushed to.
    ///
    /// # Errors
    /// The remote could not be asked, or the database not be read.
    pub async fn webhook_push(self: &Arc<Self>, reference: &str) -> Result<WebhookOutcome, ServiceError> {
        let link = self.links.shared.as_ref().filter(|link| link.remote.mode != Mode::Off);
        let is_followed = |branch: &str| reference.strip_prefix("refs/heads/") == Some(branch);
        let Some(link) = link.filter(|link| is_followed(link.remote.remote.branch.as_str())) else {
            return Ok(WebhookOutcome::Ignored);
        };
        let round = self.make_round(link, Ask { fetch: true, request: None });
        let Ok(report) = tokio::time::timeout(ANSWER_WITHIN, round).await else { return Ok(WebhookOutcome::UnderWay) };
        let (service, report) = (self.clone(), report?);
        let head = report.head;
        let named = move || {
            let mut results = Vec::new();
            for (user, report) in &report.of_user {
                let is_touched = !report.changed.is_empty() || !report.removed.is_empty() || report.skipped.count() > 0;
                if is_touched && let Some(user) = service.store.get_user(*user)? {
                    results.push((user.name, report.clone()));
                }
            }
            results.sort_by(|(one, _), (other, _)| one.cmp(other));
            Ok(results)
        };
        Ok(WebhookOutcome::Done { head, results: read(named).await? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of GitHub's documentation.
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const DIGITS: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    #[test]
    fn only_the_secret_signs_and_only_these_bytes() {
        let good = format!("sha256={DIGITS}");
        let checked = |secret, body: &[u8], signature: &str| check(secret, body, Some(signature));
        assert_eq!(checked(Some(SECRET), BODY, &good), Ok(()));
        assert_eq!(checked(Some(SECRET), BODY, &format!("sha256={}", DIGITS.to_uppercase())), Ok(()));
        assert_eq!(checked(Some(SECRET), b"Hello, World! ", &good), Err(WebhookRefusal::BadSignature));
        assert_eq!(checked(Some("another secret"), BODY, &good), Err(WebhookRefusal::BadSignature));
        for none in [None, Some("")] {
            assert_eq!(checked(none, BODY, &good), Err(WebhookRefusal::NotConfigured));
        }
        assert_eq!(check(Some(SECRET), BODY, None), Err(WebhookRefusal::BadSignature));
        for bad in [
            String::new(),
            "sha256=".to_owned(),
            DIGITS.to_owned(),
            format!("SHA256={DIGITS}"),
            format!("sha1={DIGITS}"),
            format!("sha512={DIGITS}"),
            format!("sha256= {DIGITS}"),
            format!("sha256={DIGITS} "),
            format!("sha256={}", &DIGITS[..62]),
            format!("sha256={DIGITS}00"),
            format!("sha256={}ü", &DIGITS[..62]),
            format!("sha256=+{}", &DIGITS[1..]),
            format!("sha256={}8", &DIGITS[..63]),
        ] {
            assert_eq!(checked(Some(SECRET), BODY, &bad), Err(WebhookRefusal::BadSignature), "{bad}");
        }
    }
}
