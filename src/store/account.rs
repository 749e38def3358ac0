//! What changes of an account, and what is kept of a password.

use std::fmt;

use crate::domain::ids::UserId;

/// What is to be kept of the password of an account that has no id yet, which it is bound to.
pub struct NewCredential(pub Box<dyn FnOnce(UserId) -> String + Send>);

impl fmt::Debug for NewCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewCredential")
    }
}

/// What changes of an account; `None` leaves it. A new password ends every session of the user's; being disabled every
/// session and token.
#[derive(Debug, Default)]
pub struct AccountChange {
    pub admin: Option<bool>,
    pub disabled: Option<bool>,
    /// What is kept of the password; the store does not look into it.
    pub credential: Option<String>,
    /// What was kept of the password of whoever changes it: nothing changes when that is another by now.
    pub by_credential: Option<String>,
}
