//! From a backup to a database: first all of it is verified, then it is written, and what was written is compared.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::BackupError;
use super::manifest::{Head, Manifest};
use super::read::{Part, Reader, tokens};
use super::rows::TimelineRow;
use crate::domain::hex::hex;
use crate::domain::ids::UserId;
use crate::secrets::{Key, Purpose};
use crate::service::Service;
use crate::service::error::ServiceError;
use crate::service::memo::Memo;
use crate::service::passwords::sealed_of_before;
use crate::service::planners::Desk;
use crate::store::{AccountState, Basis, NotedBasis, Restoring};

/// A backup that was read to its end, and is as it was made.
pub struct Checked {
    head: Head,
    manifest: Manifest,
    /// Of users' own repositories, by user; `None` where there are none in it, or no passphrase was given.
    tokens: Option<Vec<(u64, Zeroizing<String>)>>,
    has_secrets: bool,
}

/// A timeline as it was when the backup was made.
#[derive(Clone, Debug)]
pub struct Expected {
    user: UserId,
    name: String,
    basis: Basis,
    at: DateTime<Utc>,
    sha256: String,
}

/// What became of the timelines, which are made anew after a restore.
#[derive(Clone, Debug, Default)]
pub struct Restored {
    pub same: usize,
    /// Whose is another one, and why.
    pub differing: Vec<(String, String)>,
}

impl Checked {
    /// When it was made, in RFC 3339, and by which version.
    pub fn made(&self) -> (&str, &str) {
        (&self.head.created_at, &self.head.program)
    }

    pub fn users(&self) -> usize {
        self.manifest.users.len()
    }

    pub fn documents(&self) -> u64 {
        self.manifest.users.iter().map(|user| user.documents).sum()
    }

    pub fn changes(&self) -> u64 {
        self.manifest.users.iter().map(|user| user.changes).sum()
    }

    /// Who was removed while it was made, and is left out.
    pub fn removed(&self) -> Vec<&str> {
        self.manifest.removed.iter().map(|user| user.name.as_str()).collect()
    }

    /// Who needs a new password.
    pub fn passwords_lost(&self) -> &[String] {
        &self.manifest.passwords_lost
    }

    /// Whether there are tokens of users' own repositories in it, encrypted.
    pub fn has_secrets(&self) -> bool {
        self.has_secrets
    }

    /// How many users have to set the token of their repository anew.
    pub fn tokens_missing(&self) -> usize {
        let locked = if self.tokens.is_none() { self.manifest.tokens_locked.len() } else { 0 };
        self.manifest.tokens_left_out.len() + locked
    }

    fn is_removed(&self, user: UserId) -> bool {
        self.manifest.removed.iter().any(|removed| removed.id == user.0)
    }

    fn token(&self, user: UserId) -> Option<&str> {
        self.tokens.iter().flatten().find(|(id, _)| *id == user.0).map(|(_, token)| token.as_str())
    }

    /// The id that the next new user gets: none is given again.
    fn next_user(&self) -> UserId {
        let last = self.manifest.users.last().map(|user| user.id);
        let removed = self.manifest.removed.last().map(|user| user.id);
        UserId(last.max(removed).map_or(1, |last| last.saturating_add(1)).max(self.head.next_user))
    }
}

/// Reads a backup to its end. With a passphrase the tokens in it are opened.
///
/// # Errors
/// Why it cannot be restored. A passphrase that is not the right one is an error too.
pub fn check(source: impl Read, passphrase: Option<&str>) -> Result<Checked, BackupError> {
    let mut reader = Reader::of(source)?;
    let mut locked = None;
    while let Some(part) = reader.next()? {
        if let Part::Secrets(secrets) = part {
            locked = Some(secrets);
        }
    }
    let Some(manifest) = reader.manifest else { return Err(BackupError::Cut) };
    let present: BTreeSet<&str> = manifest.users.iter().map(|user| user.name.as_str()).collect();
    if present.len() != manifest.users.len() {
        return Err(BackupError::Damaged { place: "the names of its users, one of which two have".to_owned() });
    }
    bases_of(&manifest)?;
    let has_secrets = locked.is_some();
    // Last, because it takes its time: a file that is damaged is refused before.
    let opened = locked.zip(passphrase).map(|(locked, passphrase)| tokens(&locked, passphrase)).transpose()?;
    Ok(Checked { head: reader.head, manifest, tokens: opened, has_secrets })
}

/// What plans were made with, as the manifest has it.
fn bases_of(manifest: &Manifest) -> Result<Vec<NotedBasis>, BackupError> {
    let damaged = || BackupError::Damaged { place: "what its plans were made with".to_owned() };
    manifest.bases.iter().map(|line| line.noted().ok_or_else(damaged)).collect()
}

/// Writes a backup that was checked into a new database, whose secrets are sealed with this key; the timelines that it is
/// to have. `source` is the same file, and everything in it is verified once more: it may have been changed since.
///
/// # Errors
/// Then the new database is of no use to anybody.
pub fn restore_into(
    source: impl Read,
    checked: &Checked,
    mut database: Restoring,
    key: &Key,
) -> Result<Vec<Expected>, BackupError> {
    let mut reader = Reader::of(source)?;
    let written = |error: crate::store::StoreError| BackupError::Store(error.to_string());
    let mut expected = Vec::new();
    let mut of_last: Option<(AccountState, TimelineRow)> = None;
    let mut skipped = None;
    while let Some(part) = reader.next()? {
        match part {
            Part::Account(state, timeline) => {
                let user = state.user.id;
                skipped = Some(user).filter(|user| checked.is_removed(*user));
                if skipped.is_some() {
                    continue;
                }
                let state = sealed(*state, checked, key);
                database.put_account(&state).map_err(written)?;
                of_last = timeline.map(|timeline| (state, timeline));
            }
            Part::Timeline(sha256) => expected.extend(of_last.take().and_then(|(state, row)| {
                let at = DateTime::from_timestamp_millis(row.at)?;
                let (user, name) = (state.user.id, state.user.name.as_str().to_owned());
                Some(Expected { user, name, basis: Basis(row.basis), at, sha256 })
            })),
            Part::Documents(user, _) | Part::History(user, _) if skipped == Some(user) => {}
            Part::Documents(user, documents) => database.put_documents(user, documents).map_err(written)?,
            Part::History(user, changes) => database.put_history(user, &changes).map_err(written)?,
            Part::Secrets(_) => {}
        }
    }
    if reader.manifest.as_ref() != Some(&checked.manifest) || reader.head != checked.head {
        return Err(BackupError::Changed);
    }
    database.put_bases(&bases_of(&checked.manifest)?).map_err(written)?;
    database.finish(checked.next_user()).map_err(written)?;
    Ok(expected)
}

/// The account, with its secrets sealed.
fn sealed(mut state: AccountState, checked: &Checked, key: &Key) -> AccountState {
    let user = state.user.id;
    state.credential = state.credential.and_then(|hash| sealed_of_before(key, user, &hash));
    if let Some(remote) = &mut state.remote {
        remote.sealed_token = checked.token(user).map(|token| key.seal(Purpose::GitToken, user.0, token));
    }
    state
}

impl Service {
    /// Makes the timelines of a restored database anew, each at the instant at which it was right, and compares.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn compare_timelines(
        self: &Arc<Self>,
        checked: &Checked,
        expected: Vec<Expected>,
    ) -> Result<Restored, ServiceError> {
        let mut restored = Restored::default();
        let parts = self.rules.book().parts().differences(&checked.head.basis);
        let parts = parts.iter().map(|part| part.en).collect::<Vec<_>>().join(", ");
        for Expected { user, name, basis, at, sha256 } in expected {
            let service = self.clone();
            let plan = move |desk: &mut Desk| -> Result<_, ServiceError> {
                let snapshot = service.require_snapshot(user)?;
                let planned = service.plan_at((desk, &service.rules.book()), &mut Memo::default(), user, &snapshot, at);
                let is_same = hex(Sha256::digest(&planned.entry.finished.body)) == sha256;
                Ok((is_same, planned.is_certain))
            };
            let (is_same, is_certain) = self.planners.run(user, plan).await??;
            if is_same {
                restored.same += 1;
                continue;
            }
            let reason = match (is_certain, basis == self.rules.basis(), parts.is_empty()) {
                (false, ..) => "the user's rules could not be run to their end",
                (true, true, _) => {
                    "the same program, rules and time zones plan otherwise, which is a fault of CodexMiroir"
                }
                (true, false, true) => "the rules of the server were changed while the backup was made",
                (true, false, false) => &parts,
            };
            restored.differing.push((name, reason.to_owned()));
        }
        Ok(restored)
    }
}
