//! Signing in by a link that works once: into a demo.

use std::sync::Arc;

use crate::domain::ids::UserId;
use crate::service::Service;
use crate::service::error::{AccessRefusal, ServiceError};
use crate::service::one_time::Purpose;
use crate::service::sessions::{SignedIn, Visit};
use crate::store::User;

impl Service {
    /// The code of a new link that signs in as this user, once.
    pub fn make_sign_in_code(&self, user: UserId) -> String {
        self.one_time_links.make(Purpose::SignIn(user))
    }

    /// Whom the code of such a link lets in; it is not used by that.
    ///
    /// # Errors
    /// [`AccessRefusal::LinkUsed`] for every code that is none, or none any more.
    pub fn check_sign_in_code(&self, code: &str) -> Result<User, ServiceError> {
        let Some(Purpose::SignIn(user)) = self.one_time_links.purpose(code) else {
            return Err(AccessRefusal::LinkUsed.into());
        };
        let user = self.store.get_user(user)?.filter(|user| !user.disabled);
        Ok(user.ok_or(AccessRefusal::LinkUsed)?)
    }

    /// Uses such a link.
    ///
    /// # Errors
    /// Those of [`Service::check_sign_in_code`].
    pub async fn sign_in_with_link(self: &Arc<Self>, code: &str, visit: &Visit) -> Result<SignedIn, ServiceError> {
        let user = self.check_sign_in_code(code)?;
        self.one_time_links.take(code).ok_or(AccessRefusal::LinkUsed)?;
        self.begin_session(user, None, visit).await
    }
}
