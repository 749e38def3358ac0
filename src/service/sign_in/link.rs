//! Signing in by a link that works once: into a demo.

use std::sync::Arc;

use crate::domain::ids::UserId;
use crate::service::Service;
use crate::service::error::{AccessRefusal, ServiceError};
use crate::service::one_time::Purpose;
use crate::service::sessions::{SignedIn, Visit};

impl Service {
    /// The code of a new link that signs in as this user, once.
    pub fn make_sign_in_code(&self, user: UserId) -> String {
        self.one_time_links.make(Purpose::SignIn(user))
    }

    /// Uses such a link.
    ///
    /// # Errors
    /// [`AccessRefusal::LinkUsed`] for every code that is none, or none any more.
    pub async fn sign_in_with_link(self: &Arc<Self>, code: &str, visit: &Visit) -> Result<SignedIn, ServiceError> {
        let Some(Purpose::SignIn(user)) = self.one_time_links.purpose(code) else {
            return Err(AccessRefusal::LinkUsed.into());
        };
        let user = self.store.get_user(user)?.filter(|user| !user.disabled).ok_or(AccessRefusal::LinkUsed)?;
        self.one_time_links.take(code).ok_or(AccessRefusal::LinkUsed)?;
        self.begin_session(user, None, visit).await
    }
}
