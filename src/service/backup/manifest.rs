//! What a backup says of itself: at its beginning what it is, at its end what is in it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::container::Member;
use crate::domain::hex::hex;
use crate::service::rulebook::BasisParts;
use crate::store::{Basis, Incarnation, NotedBasis, SCHEMA_VERSION};
use crate::view::json::utc;

/// The first word of every backup.
const FORMAT: &str = "codexmiroir-backup";

/// The form that this version writes and reads.
pub(super) const VERSION: u32 = 1;

pub(super) const HEAD_MEMBER: &str = "codexmiroir-backup.json";
pub(super) const SECRETS_MEMBER: &str = "secrets.age";
pub(super) const MANIFEST_MEMBER: &str = "manifest.json";
pub(super) const SUM_MEMBER: &str = "manifest.sha256";

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    pub(super) format: String,
    pub(super) version: u32,
    /// Of the database that it was made of, and of the program that made it: for whoever looks into it.
    pub(super) schema: u32,
    pub(super) program: String,
    pub(super) created_at: String,
    pub(super) incarnation: String,
    /// The id that the next new user would have got.
    pub(super) next_user: u64,
    /// What its timelines were planned with.
    pub(super) basis: BasisParts,
}

impl Head {
    pub(super) fn new(at: DateTime<Utc>, incarnation: Incarnation, next_user: u64, basis: BasisParts) -> Head {
        Head {
            format: FORMAT.to_owned(),
            version: VERSION,
            schema: SCHEMA_VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            created_at: utc(at),
            incarnation: hex(incarnation.0),
            next_user,
            basis,
        }
    }
}

/// The beginning of [`Head`], which every version has.
#[derive(Deserialize)]
pub(super) struct Beginning {
    pub(super) format: String,
    pub(super) version: u64,
}

impl Beginning {
    pub(super) fn is_ours(&self) -> bool {
        self.format == FORMAT
    }
}

/// A user who is in it whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UserLine {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) generation: u64,
    pub(super) documents: u64,
    pub(super) changes: u64,
}

/// A user who was removed while the backup was made: what there is of it is not whole, and is not restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RemovedLine {
    pub(super) id: u64,
    pub(super) name: String,
}

/// What is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    pub(super) users: Vec<UserLine>,
    pub(super) removed: Vec<RemovedLine>,
    /// Whose password's hash could not be opened, by name: they need a new one.
    pub(super) passwords_lost: Vec<String>,
    /// Whose repository's token is in it, encrypted, and whose one is not, by name.
    pub(super) tokens_locked: Vec<String>,
    pub(super) tokens_left_out: Vec<String>,
    pub(super) members: Vec<Member>,
    /// What plans were made with, in the order of time.
    #[serde(default)]
    pub(super) bases: Vec<BasisLine>,
}

/// From when on plans were made with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BasisLine {
    at: String,
    /// The hash of the parts, in hexadecimal digits.
    basis: String,
    /// What is known of them.
    parts: Option<BasisParts>,
}

impl BasisLine {
    pub(super) fn of(noted: &NotedBasis) -> BasisLine {
        let parts = serde_json::from_slice(&noted.parts).ok();
        BasisLine { at: utc(noted.at), basis: noted.basis.to_string(), parts }
    }

    /// `None` where it is none that was written so.
    pub(super) fn noted(&self) -> Option<NotedBasis> {
        let at = DateTime::parse_from_rfc3339(&self.at).ok()?.to_utc();
        let number = u128::from_str_radix(&self.basis, 16).ok().filter(|_| self.basis.len() == 32)?;
        let parts = self.parts.as_ref().map(|parts| serde_json::to_vec(parts).unwrap_or_default());
        Some(NotedBasis { basis: Basis(number.to_be_bytes()), at, parts: parts.unwrap_or_default() })
    }
}
