//! What an administrator does to accounts. Whether somebody is one is decided before.

use std::sync::Arc;

use super::accounts::{refusal, require_name};
use super::error::{Refusal, ServiceError, repeatable};
use super::{Service, read};
use crate::domain::ids::{UserId, UserName};
use crate::store::{AccountChange, Administered, Administration, User};

pub use crate::store::Account;

/// Accounts that one page has at most.
pub const PAGE_MAX: usize = 10_000;

/// What is to be changed of an account; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountFields {
    pub admin: Option<bool>,
    pub disabled: Option<bool>,
    pub password: Option<String>,
}

/// A page of accounts, in the order of their names.
#[derive(Clone, Debug)]
pub struct Page {
    pub accounts: Vec<Account>,
    /// The name after which the next page begins, if there is one.
    pub next: Option<UserName>,
}

/// How much room what is kept takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub hot_entries: usize,
    pub hot_bytes: u64,
    pub hot_bytes_max: u64,
    /// The database's file.
    pub store_bytes: u64,
    /// Whether the last write succeeded.
    pub is_writable: bool,
    /// The journal beside it, if there is one.
    pub journal_bytes: Option<u64>,
    /// What is free where they are, if the system tells.
    pub free_bytes: Option<u64>,
    /// Tasks of which it is remembered what rules said.
    pub remembered_tasks: u64,
}

impl Service {
    /// The accounts after the one of this name, at most `count` of them.
    pub async fn list_accounts(self: &Arc<Self>, after: Option<String>, count: usize) -> Result<Page, ServiceError> {
        let service = self.clone();
        let count = count.clamp(1, PAGE_MAX);
        let page = move || {
            let after = after.map(|name| require_name(&name)).transpose()?;
            // One more than asked for tells whether there is another page.
            let mut accounts = service.store.list_accounts(after.as_ref(), count + 1)?;
            let more = accounts.len() > count;
            accounts.truncate(count);
            let next = accounts.last().filter(|_| more).map(|account| account.user.name.clone());
            Ok(Page { accounts, next })
        };
        read(page).await
    }

    /// The account of this name.
    pub async fn require_account(self: &Arc<Self>, name: String) -> Result<Account, ServiceError> {
        let service = self.clone();
        let find = move || {
            let account = match UserName::parse(&name) {
                Some(name) => service.store.get_account(&name)?,
                None => None,
            };
            Ok(account.ok_or_else(|| Refusal::NoSuchUser { name: repeatable(&name, 80) })?)
        };
        read(find).await
    }

    /// Changes an account. Rights that this takes away are gone when it returns.
    ///
    /// # Errors
    /// [`Refusal::LastAdmin`] when nobody else could administer the others.
    pub async fn change_account(self: &Arc<Self>, name: &str, fields: AccountFields) -> Result<Account, ServiceError> {
        let user = self.require_user(name)?;
        let credential = match fields.password {
            Some(password) => Some(self.new_password(name, password).await?.kept_for(user.id)),
            None => None,
        };
        let change = AccountChange { admin: fields.admin, disabled: fields.disabled, credential, by_credential: None };
        self.change_user(&user, change).await?;
        self.require_account(name.to_owned()).await
    }

    /// Carries out a change of this account.
    pub(super) async fn change_user(self: &Arc<Self>, user: &User, change: AccountChange) -> Result<(), ServiceError> {
        match self.change_rights(Administration::ChangeUser { id: user.id, change }).await? {
            Administered::UserChanged => {
                self.look_at_secrets_again().await;
                Ok(())
            }
            refused => Err(refusal(refused, user.name.as_str(), "")),
        }
    }

    /// Removes an account with everything that is the user's. The name is free afterwards; it is then somebody
    /// else's.
    ///
    /// # Errors
    /// As [`Service::change_account`].
    pub async fn remove_account(self: &Arc<Self>, name: &str) -> Result<UserId, ServiceError> {
        let id = self.require_user(name)?.id;
        match self.change_rights(Administration::RemoveUser { id }).await? {
            Administered::UserRemoved => {
                self.rebuild_log.forget(id);
                self.idle_lanes.forget(id);
                self.memos.forget(id);
                self.words.forget(id);
                self.failures.forget(id);
                self.drop_own_link(id).await;
                self.look_at_secrets_again().await;
                Ok(id)
            }
            refused => Err(refusal(refused, name, "")),
        }
    }

    /// How much room the hot map and the database take.
    pub async fn room(self: &Arc<Self>) -> Result<Room, ServiceError> {
        let service = self.clone();
        let look = move || {
            let published = service.store.published();
            Ok(Room {
                hot_entries: published.entries().len(),
                hot_bytes: published.entries().weight(),
                hot_bytes_max: published.entries().bytes_max(),
                store_bytes: service.store.file_bytes()?,
                is_writable: service.store.is_writable(),
                journal_bytes: service.store.journal_bytes(),
                free_bytes: service.store.free_bytes().ok(),
                remembered_tasks: service.memos.tasks(),
            })
        };
        read(look).await
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::domain::lang::Lang;
    use crate::domain::theme::Theme;
    use crate::domain::zone::Zone;
    use crate::service::keyring::Keyring;
    use crate::service::tasks::Fields;
    use crate::store::disk::Disk;
    use crate::store::{Origin, Settings, Store};

    async fn write(service: &Arc<Service>, user: UserId) {
        let fields = Fields { kategorie: Some("arbeit".to_owned()), ..Fields::default() };
        let origin = Origin { actor: "lena".to_owned(), through: "test".into() };
        service.create_task(user, origin, fields, None).await.unwrap();
    }

    #[tokio::test]
    async fn of_a_removed_account_nothing_is_kept_at_hand() {
        let store = Store::on(&Disk::new()).unwrap();
        let keyring = Keyring::for_no_passwords(&store);
        let service = Service::for_tests(store, keyring);
        let settings = Settings { zone: Zone::UTC, lang: Lang::En, days: 7, theme: Theme::Auto };
        let mut users = Vec::new();
        for name in ["lena", "tom"] {
            let user = service.add_user(name, false, settings, None).await.unwrap().id;
            write(&service, user).await;
            users.push(user);
        }
        assert!(users.iter().all(|user| service.idle_lanes.has(*user)));
        service.remove_account("lena").await.unwrap();
        assert!(!service.idle_lanes.has(users[0]) && service.idle_lanes.has(users[1]));
        // A change that ends only now finds nobody to keep anything for.
        service.keep_lane(users[0], service.lanes.get(users[0]));
        assert!(!service.idle_lanes.has(users[0]));
    }
}
