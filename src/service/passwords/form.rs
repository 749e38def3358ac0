//! In which form something is kept of a password, without checking one.

use super::PHC_BEGIN;
use super::hashing::is_hash;
use crate::domain::ids::UserId;
use crate::secrets::Purpose::PasswordHash;
use crate::secrets::{Key, SealError, key_of};

/// In which form something is kept of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum KeptForm {
    /// A hash, sealed with the key.
    Sealed,
    /// A hash, as they were kept before.
    OfBefore,
    OfOtherKey,
    /// It does not open, or what is in it is no hash.
    Damaged,
}

/// The form of what is kept of a user's password, as this key sees it.
pub(in crate::service) fn form_of(key: Option<&Key>, id: UserId, kept: &str) -> KeptForm {
    if kept.starts_with(PHC_BEGIN) {
        return if is_hash(kept) { KeptForm::OfBefore } else { KeptForm::Damaged };
    }
    match (key.map(|key| key.open(PasswordHash, id.0, kept)), key_of(kept)) {
        (Some(Ok(hash)), _) if is_hash(&hash) => KeptForm::Sealed,
        (Some(Err(SealError::OtherKey(_))), _) | (None, Some(_)) => KeptForm::OfOtherKey,
        (Some(Ok(_) | Err(SealError::Damaged)) | None, _) => KeptForm::Damaged,
    }
}
