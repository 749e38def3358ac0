//! The first account of a server, made by whoever started it.

use std::sync::Arc;

use crate::service::Service;
use crate::service::accounts::MustBeFirst;
use crate::service::error::{AccessRefusal, ServiceError};
use crate::service::one_time::Purpose;
use crate::service::sessions::{SignedIn, Visit};
use crate::service::settings::SettingsFields;
use crate::store::Settings;

/// Who the administrator is to be.
pub struct FirstUser {
    pub name: String,
    pub password: String,
    pub settings: SettingsFields,
}

impl Service {
    /// The code of the link that sets the server up; `None` when somebody has an account.
    pub fn make_set_up_code(&self) -> Result<Option<String>, ServiceError> {
        Ok(if self.is_vacant()? { Some(self.one_time_links.make(Purpose::SetUp)) } else { None })
    }

    /// Whether nobody has an account yet.
    pub fn is_vacant(&self) -> Result<bool, ServiceError> {
        Ok(!self.store.has_users()?)
    }

    /// Whether the code sets the server up.
    ///
    /// # Errors
    /// [`AccessRefusal::LinkUsed`], [`AccessRefusal::SetUpBefore`].
    pub fn check_set_up_code(&self, code: &str) -> Result<(), ServiceError> {
        if self.one_time_links.purpose(code) != Some(Purpose::SetUp) {
            return Err(AccessRefusal::LinkUsed.into());
        }
        if self.is_vacant()? {
            return Ok(());
        }
        // Somebody was added whose adding nobody saw end.
        self.one_time_links.end_set_up();
        Err(AccessRefusal::SetUpBefore.into())
    }

    /// Makes the administrator and signs that one in. The link works until somebody has an account.
    ///
    /// # Errors
    /// Those of [`Service::check_set_up_code`], and fields that are not right.
    pub async fn set_up(
        self: &Arc<Self>,
        code: &str,
        first: FirstUser,
        new_user: Settings,
        visit: &Visit,
    ) -> Result<SignedIn, ServiceError> {
        self.check_set_up_code(code)?;
        let FirstUser { name, password, settings } = first;
        let settings = settings.applied_to(new_user)?;
        let user = self.add_account(&name, true, settings, Some(password), MustBeFirst(true)).await?;
        self.begin_session(user, None, visit).await
    }
}
