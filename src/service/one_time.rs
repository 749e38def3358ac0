//! Links that work once: for setting up a server that has nobody yet, and for coming into a demo.
//!
//! They are in memory alone: a start makes new ones, and whoever reads its terminal has them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::tokens::base62_code;
use crate::domain::ids::UserId;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    SetUp,
    /// To be signed in as this user.
    SignIn(UserId),
}

/// The links that were not used yet, by the hashes of their codes.
#[derive(Default)]
pub(super) struct OneTimeLinks {
    unused: Mutex<Vec<([u8; 32], Purpose)>>,
}

impl OneTimeLinks {
    fn lock(&self) -> MutexGuard<'_, Vec<([u8; 32], Purpose)>> {
        self.unused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new code. Who knows it may do once what it is for.
    pub(super) fn make(&self, purpose: Purpose) -> String {
        let code = base62_code();
        self.lock().push((Sha256::digest(&code).into(), purpose));
        code
    }

    /// What the code is for, if it was not used.
    pub(super) fn purpose(&self, code: &str) -> Option<Purpose> {
        let hash: [u8; 32] = Sha256::digest(code).into();
        self.lock().iter().find(|(known, _)| *known == hash).map(|(_, purpose)| *purpose)
    }

    /// Ends what sets the server up: somebody has an account.
    pub(super) fn end_set_up(&self) {
        self.lock().retain(|(_, purpose)| *purpose != Purpose::SetUp);
    }

    /// Uses the code: of those that use it at once, one is told what it is for.
    pub(super) fn take(&self, code: &str) -> Option<Purpose> {
        let hash: [u8; 32] = Sha256::digest(code).into();
        let mut unused = self.lock();
        let place = unused.iter().position(|(known, _)| *known == hash)?;
        Some(unused.swap_remove(place).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_works_once() {
        let links = OneTimeLinks::default();
        let (first, second) = (links.make(Purpose::SetUp), links.make(Purpose::SignIn(UserId(7))));
        assert_ne!(first, second);
        assert_eq!(links.purpose(&first), Some(Purpose::SetUp));
        assert_eq!(links.take(&second), Some(Purpose::SignIn(UserId(7))));
        assert_eq!((links.take(&second), links.purpose(&second)), (None, None));
        assert_eq!((links.take(&first), links.take(&first)), (Some(Purpose::SetUp), None));
        for wrong in ["", "x", &first[1..]] {
            assert_eq!(links.take(wrong), None);
        }
        let (set_up, sign_in) = (links.make(Purpose::SetUp), links.make(Purpose::SignIn(UserId(7))));
        links.end_set_up();
        assert_eq!((links.purpose(&set_up), links.purpose(&sign_in)), (None, Some(Purpose::SignIn(UserId(7)))));
    }
}
