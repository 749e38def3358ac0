//! Signing in with a name and a password.

use std::sync::Arc;

use crate::service::Service;
use crate::service::accounts::Actor;
use crate::service::error::{AccessRefusal, Refusal, ServiceError};
use crate::service::passwords::{Known, check_new_password};
use crate::service::sessions::{SignedIn, Visit};
use crate::store::AccountChange;

/// The present password and the one that is to be it.
pub struct PasswordChange {
    pub present: String,
    pub new: String,
}

impl Service {
    /// Lets somebody in who knows a name and its password.
    ///
    /// # Errors
    /// [`AccessRefusal::SignInFailed`] whether there is no such name, another password or a disabled account; and
    /// [`AccessRefusal::TooManyAttempts`].
    pub async fn sign_in_with_password(
        self: &Arc<Self>,
        name: &str,
        password: String,
        visit: &Visit,
    ) -> Result<SignedIn, ServiceError> {
        let known = self.try_password(name, password, visit).await?.ok_or(AccessRefusal::SignInFailed)?;
        self.begin_session(known.user, Some(known.kept), visit).await
    }

    /// Gives the actor a new password and ends all sessions of that one; a browser that did it gets a new session.
    ///
    /// # Errors
    /// [`AccessRefusal::WrongPassword`], [`AccessRefusal::TooManyAttempts`], and a new password that cannot be one.
    pub async fn change_password(
        self: &Arc<Self>,
        actor: &Actor,
        change: PasswordChange,
        visit: &Visit,
    ) -> Result<Option<SignedIn>, ServiceError> {
        let name = actor.name.as_str();
        check_new_password(name, &change.new)?;
        let known = self.try_password(name, change.present, visit).await?.ok_or(AccessRefusal::WrongPassword)?;
        let new = self.new_password(name, change.new).await?.kept_for(known.user.id);
        let change = AccountChange {
            credential: Some(new.clone()),
            // Of two who knew the old one and change it at once, one is too late.
            by_credential: Some(known.kept),
            ..AccountChange::default()
        };
        self.change_user(&known.user, change).await?;
        match actor.session() {
            Some(_) => self.begin_session(known.user, Some(new), visit).await.map(Some),
            None => Ok(None),
        }
    }

    /// Whose password this is. Each try counts for its address and its name, unless it is right.
    async fn try_password(
        self: &Arc<Self>,
        name: &str,
        password: String,
        visit: &Visit,
    ) -> Result<Option<Known>, ServiceError> {
        let began = self.attempts.begin(name, visit.address, self.clock.now());
        let attempt = began.map_err(|wait| AccessRefusal::TooManyAttempts { wait })?;
        let checked = self.check_password(name, password).await;
        match &checked {
            Ok(Some(_)) => self.attempts.succeeded(&attempt),
            // While a key is lost, a wrong one looks like one that cannot be checked.
            Ok(None) | Err(ServiceError::Refused(Refusal::Access(AccessRefusal::PasswordsUnavailable))) => {}
            Err(_) => self.attempts.take_back(&attempt),
        }
        checked
    }
}
