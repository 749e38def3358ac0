//! Signing in with a name and a password.

use std::sync::Arc;

use crate::service::Service;
use crate::service::accounts::Actor;
use crate::service::administration::AccountFields;
use crate::service::attempts::Key;
use crate::service::error::{AccessRefusal, Refusal, ServiceError};
use crate::service::passwords::{Known, check_new_password};
use crate::service::sessions::{SignedIn, Visit};

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
        let user = self.try_password(name, change.present, visit).await?.ok_or(AccessRefusal::WrongPassword)?.user;
        let fields = AccountFields { password: Some(change.new), ..AccountFields::default() };
        self.change_account(name, fields).await?;
        match actor.session() {
            Some(_) => self.begin_session(user, None, visit).await.map(Some),
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
        let mut keys = vec![Key::account(name)];
        keys.extend(visit.address.map(Key::Address));
        let began = self.attempts.begin(&keys, self.clock.now());
        began.map_err(|wait| AccessRefusal::TooManyAttempts { wait })?;
        let checked = self.check_password(name, password).await;
        // What was not checked was no guess either. But while a key is lost, a wrong one looks like one that cannot be.
        let was_wrong = match &checked {
            Ok(user) => user.is_none(),
            Err(ServiceError::Refused(Refusal::Access(AccessRefusal::PasswordsUnavailable))) => true,
            Err(_) => false,
        };
        if !was_wrong {
            self.attempts.succeeded(&keys);
        }
        checked
    }
}
