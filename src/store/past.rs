//! What is kept of past states so that they can be told again: what each commit left, and what plans were made with.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::{Basis, Finished};
use crate::domain::ids::{DocKey, TaskNumber};

/// What a commit left, beside what it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// The number that the next new task got then; `None` when all were used up.
    pub next_number: Option<TaskNumber>,
    /// Of the timeline that was planned with the commit; bulk changes leave that to the next read.
    pub timeline: Option<TimelineMark>,
}

/// By which a timeline is known again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineMark {
    /// The first half of the SHA-256 of its bytes.
    pub sha256: [u8; 16],
    pub valid_from: DateTime<Utc>,
}

impl TimelineMark {
    pub fn of(finished: &Finished) -> TimelineMark {
        let digest = Sha256::digest(&finished.body);
        let mut sha256 = [0; 16];
        sha256.copy_from_slice(&digest[..16]);
        TimelineMark { sha256, valid_from: finished.valid_from }
    }
}

/// From when on plans were made with a basis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedBasis {
    pub basis: Basis,
    pub at: DateTime<Utc>,
    /// What it is made of; the store does not look into it.
    pub parts: Vec<u8>,
}

/// Some of the documents that were changed after a generation, as they were at it; `None` where there was none.
#[derive(Clone, Debug, Default)]
pub struct ChangedSince {
    pub documents: Vec<(DocKey, Option<Vec<u8>>)>,
    /// The name after which the next piece begins; `None` when there is no other.
    pub next: Option<String>,
}
