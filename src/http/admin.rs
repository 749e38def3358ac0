//! `/api/admin/users`: accounts. The gate lets only administrators come here.

use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::errors::HttpError;
use super::extract::{Administering, JsonObject, NameInPath};
use super::query::Query;
use super::respond::json;
use super::wire::{self, Known};
use crate::domain::lang::Phrase;
use crate::service::administration::{Account, AccountFields, PAGE_MAX, Page};
use crate::service::error::ServiceError;
use crate::service::settings::SettingsFields;
use crate::view::json::utc;

pub(super) const NEW_USER_FIELDS: [&str; 5] = ["name", "admin", "timeZone", "language", "password"];
pub(super) const USER_FIELDS: [&str; 3] = ["admin", "disabled", "password"];

const LIMIT: Phrase = Phrase { en: "a number from 1 to 10000", de: "eine Zahl von 1 bis 10000" };

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Users")]
pub struct UsersJson {
    /// By name.
    users: Vec<UserJson>,
    /// What to ask for with `after` for the rest, if there is more.
    next: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "User")]
#[serde(rename_all = "camelCase")]
pub struct UserJson {
    name: String,
    /// May manage accounts.
    admin: bool,
    /// Cannot sign in, and has no token that works.
    disabled: bool,
    /// RFC 3339.
    created_at: String,
    time_zone: &'static str,
    language: &'static str,
    /// How many documents there are.
    tasks: usize,
    generation: u64,
}

impl UserJson {
    fn new(account: &Account) -> UserJson {
        UserJson {
            name: account.user.name.as_str().to_owned(),
            admin: account.user.admin,
            disabled: account.user.disabled,
            created_at: utc(account.user.created_at),
            time_zone: account.settings.zone.name(),
            language: account.settings.lang.pick("en", "de"),
            tasks: account.tasks,
            generation: account.generation.0,
        }
    }
}

/// An account that was added or changed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ChangedUser")]
pub struct ChangedUserJson {
    ok: bool,
    #[serde(flatten)]
    user: UserJson,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RemovedUser")]
pub struct RemovedUserJson {
    ok: bool,
    name: String,
}

pub async fn users(asked: Administering, query: Query) -> Result<Response, HttpError> {
    let limit = query.number("limit", 1..=PAGE_MAX as u64, LIMIT)?;
    let count = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_MAX);
    let after = query.text("after").map(str::to_owned);
    let Page { accounts, next } = asked.site.service.list_accounts(after, count).await?;
    let users = accounts.iter().map(UserJson::new).collect();
    Ok(json(&UsersJson { users, next: next.map(|name| name.as_str().to_owned()) }, None))
}

pub async fn user(asked: Administering, NameInPath(name): NameInPath) -> Result<Response, HttpError> {
    let account = asked.site.service.require_account(name).await?;
    Ok(json(&UserJson::new(&account), None))
}

pub async fn add_user(asked: Administering, object: JsonObject) -> Result<Response, HttpError> {
    let new = new_user(&object.fields)?;
    let name = new.name.clone();
    add(&asked, new).await?;
    changed(&asked.site.service.require_account(name).await?)
}

pub(super) async fn add(asked: &Administering, new: NewUser) -> Result<(), ServiceError> {
    let NewUser { name, admin, settings, password } = new;
    let settings = settings.applied_to(asked.site.new_user)?;
    let user = asked.site.service.add_user(&name, admin, settings, password).await?;
    tracing::info!(by = asked.by(), user = %user.name, id = user.id.0, admin, "an account was added");
    Ok(())
}

pub async fn change_user(
    asked: Administering,
    NameInPath(name): NameInPath,
    object: JsonObject,
) -> Result<Response, HttpError> {
    let fields = account_fields(&object.fields)?;
    changed(&change(&asked, &name, fields).await?)
}

pub(super) async fn change(asked: &Administering, name: &str, fields: AccountFields) -> Result<Account, ServiceError> {
    let (admin, disabled, password) = (fields.admin, fields.disabled, fields.password.is_some());
    let account = asked.site.service.change_account(name, fields).await?;
    let (by, id) = (asked.by(), account.user.id.0);
    tracing::info!(by, user = name, id, admin, disabled, password, "an account was changed");
    Ok(account)
}

pub async fn remove_user(asked: Administering, NameInPath(name): NameInPath) -> Result<Response, HttpError> {
    remove(&asked, &name).await?;
    Ok(json(&RemovedUserJson { ok: true, name }, None))
}

pub(super) async fn remove(asked: &Administering, name: &str) -> Result<(), ServiceError> {
    let id = asked.site.service.remove_account(name).await?;
    tracing::info!(by = asked.by(), user = name, id = id.0, "an account was removed with everything in it");
    Ok(())
}

fn changed(account: &Account) -> Result<Response, HttpError> {
    Ok(json(&ChangedUserJson { ok: true, user: UserJson::new(account) }, None))
}

/// What a new account is asked to be.
pub(super) struct NewUser {
    pub(super) name: String,
    pub(super) admin: bool,
    pub(super) settings: SettingsFields,
    pub(super) password: Option<String>,
}

fn new_user(object: &Map<String, Value>) -> Result<NewUser, HttpError> {
    let known = Known::of(object, &NEW_USER_FIELDS)?;
    let (time_zone, language) = (known.text("timeZone")?, known.text("language")?);
    Ok(NewUser {
        admin: known.flag("admin")?.unwrap_or_default(),
        settings: SettingsFields { time_zone, language, ..SettingsFields::default() },
        password: known.text("password")?,
        name: known.text("name")?.ok_or(wire::missing("name"))?,
    })
}

fn account_fields(object: &Map<String, Value>) -> Result<AccountFields, HttpError> {
    let known = Known::of(object, &USER_FIELDS)?;
    Ok(AccountFields {
        admin: known.flag("admin")?,
        disabled: known.flag("disabled")?,
        password: known.text("password")?,
    })
}
