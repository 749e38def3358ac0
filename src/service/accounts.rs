//! Users: who may ask.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Service;
use super::error::{AccessRefusal, Fault, Refusal, ServiceError, repeatable};
use super::passwords::check_new_password;
use super::tokens::Shown;
use crate::domain::ids::{UserId, UserName};
use crate::domain::lang::Phrase;
use crate::store::{Administered, Administration, Scopes, Settings, StoreError, User};

/// Who asks, and what that one may do.
#[derive(Debug)]
pub struct Actor {
    pub user: UserId,
    pub name: UserName,
    pub scopes: Scopes,
    /// By which way the requests come, for the history.
    pub through: &'static str,
    pub(super) expires_at: Option<DateTime<Utc>>,
    /// The token that was shown, if it was one.
    pub(super) shown: Option<Shown>,
}

impl Actor {
    /// When the right to ask ends by itself.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }
}

/// Whether an account is only to be added while there is none.
pub(super) struct MustBeFirst(pub(super) bool);

impl Service {
    /// The administrator of this machine, acting for a user: whoever has the data directory may do everything
    /// that is in it.
    pub fn acting_for(&self, name: &str) -> Result<Arc<Actor>, ServiceError> {
        let user = self.require_user(name)?;
        let scopes = Scopes::READ.with(Scopes::WRITE).with(Scopes::ADMIN);
        Ok(Arc::new(Actor { user: user.id, name: user.name, scopes, through: "cli", expires_at: None, shown: None }))
    }

    /// Adds an account.
    ///
    /// # Errors
    /// A name that is none or is taken, a password that is too short, too long or easily guessed.
    pub async fn add_user(
        self: &Arc<Self>,
        name: &str,
        admin: bool,
        settings: Settings,
        password: Option<String>,
    ) -> Result<User, ServiceError> {
        self.add_account(name, admin, settings, password, MustBeFirst(false)).await
    }

    pub(super) async fn add_account(
        self: &Arc<Self>,
        name: &str,
        admin: bool,
        settings: Settings,
        password: Option<String>,
        MustBeFirst(must_be_first): MustBeFirst,
    ) -> Result<User, ServiceError> {
        let user_name = require_name(name)?;
        let credential = match password {
            Some(password) => Some(self.new_password(name, password).await?.for_whoever_is_added()),
            None => None,
        };
        let at = self.clock.now();
        let added = Administration::AddUser { name: user_name.clone(), admin, settings, credential, at, must_be_first };
        let service = self.clone();
        // It goes on when its asker goes away: a link that sets the server up dies with the first account, for good.
        let work = async move {
            let administered = service.store.administer(added).await;
            if matches!(administered, Ok(Administered::UserAdded(_))) {
                service.one_time_links.end_set_up();
            }
            administered
        };
        let cut = |_| Err(StoreError::Unknown("the change was interrupted".to_owned()));
        match tokio::spawn(work).await.unwrap_or_else(cut)? {
            Administered::UserAdded(id) => {
                // The repository may have a folder of this name.
                self.note_change(id);
                Ok(User { id, name: user_name, admin, disabled: false, created_at: at })
            }
            refused => Err(refusal(refused, name, "")),
        }
    }

    /// The account of this name.
    pub fn require_user(&self, name: &str) -> Result<User, ServiceError> {
        let missing = || Refusal::NoSuchUser { name: repeatable(name, 80) };
        let user = match UserName::parse(name) {
            Some(name) => self.store.get_user_by_name(&name)?,
            None => None,
        };
        Ok(user.ok_or_else(missing)?)
    }
}

/// Why a change of accounts was refused; `name` is the user's, `token` what was said to be the id of one.
pub(super) fn refusal(administered: Administered, name: &str, token: &str) -> ServiceError {
    let name = name.to_owned();
    match administered {
        Administered::NameTaken => Refusal::UserExists { name }.into(),
        Administered::CredentialChanged => AccessRefusal::WrongPassword.into(),
        Administered::NotTheFirst => AccessRefusal::SetUpBefore.into(),
        Administered::LastAdmin => Refusal::LastAdmin { name }.into(),
        Administered::TooManyTokens => Refusal::TooManyTokens.into(),
        Administered::NoSuchUser => Refusal::NoSuchUser { name }.into(),
        Administered::NoSuchToken => Refusal::NoSuchToken { id: token.to_owned() }.into(),
        Administered::UserAdded(_)
        | Administered::UserChanged
        | Administered::UserRemoved
        | Administered::TokenAdded
        | Administered::SessionReplacedAnother
        | Administered::TokenRemoved
        | Administered::SessionsRemoved
        | Administered::RemoteChanged
        | Administered::BasisNoted
        | Administered::Mended(_) => StoreError::Damaged("users").into(),
    }
}

/// Whether an account can have this name and this password, apart from the name being taken.
pub fn check_new_user(name: &str, password: Option<&str>) -> Result<(), Refusal> {
    require_name(name)?;
    password.map_or(Ok(()), |password| check_new_password(name, password))
}

pub(super) fn require_name(name: &str) -> Result<UserName, Refusal> {
    let expected = Phrase {
        en: "1 to 39 characters of a-z, 0-9, '.', '_', '-', beginning with a letter or digit",
        de: "1 bis 39 Zeichen aus a-z, 0-9, '.', '_', '-', am Anfang Buchstabe oder Ziffer",
    };
    UserName::parse(name).ok_or_else(|| Refusal::field("name", Fault::Malformed { expected }))
}
