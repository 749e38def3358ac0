//! What a backup reads and a restore writes: an account of one generation, and its documents piece by piece.

use crate::domain::ids::FileName;
use crate::store::{Finished, Grant, Head, KeptRules, OwnRemote, Settings, SyncUpdate, User};

/// An account at one generation, apart from its documents and its history.
#[derive(Clone, Debug)]
pub struct AccountState {
    pub user: User,
    pub head: Head,
    pub settings: Settings,
    /// What is kept of the password; the store does not look into it.
    pub credential: Option<String>,
    /// What tokens and sessions grant, by their hashes.
    pub grants: Vec<([u8; 32], Grant)>,
    /// Every version that is kept, in their order.
    pub rules: Vec<KeptRules>,
    pub remote: Option<OwnRemote>,
    /// Where the user stands with a repository.
    pub sync: Option<SyncUpdate>,
    /// The materialized timeline, if one of that generation is kept.
    pub timeline: Option<Finished>,
    /// As of a snapshot: whether that generation is on disk for certain.
    pub is_durable: bool,
}

/// Some of a user's documents as they were at one generation, in the order of their names.
#[derive(Clone, Debug, Default)]
pub struct DocumentsPiece {
    pub documents: Vec<(FileName, Vec<u8>)>,
    /// The name after which the next piece begins; `None` when there is no other.
    pub next: Option<FileName>,
}
