//! `/api/admin/users`: accounts. The gate lets only administrators come here.

use axum::response::Response;
use serde::Serialize;
use serde_json::{Map, Value};

use super::errors::HttpError;
use super::extract::{Administering, JsonObject, NameInPath};
use super::query::Query;
use super::respond::json;
use super::wire;
use crate::domain::lang::Phrase;
use crate::service::administration::{Account, AccountFields, PAGE_MAX, Page};
use crate::service::settings::SettingsFields;
use crate::view::json::utc;

const LIMIT: Phrase = Phrase { en: "a number from 1 to 10000", de: "eine Zahl von 1 bis 10000" };

#[derive(Serialize)]
pub struct UsersJson {
    users: Vec<UserJson>,
    /// What to ask for with `after` for the rest, if there is more.
    next: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserJson {
    name: String,
    admin: bool,
    disabled: bool,
    created_at: String,
    time_zone: &'static str,
    language: &'static str,
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
#[derive(Serialize)]
pub struct ChangedUserJson {
    ok: bool,
    #[serde(flatten)]
    user: UserJson,
}

#[derive(Serialize)]
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
    let NewUser { name, admin, settings, password } = new_user(&object.fields)?;
    let service = &asked.site.service;
    let settings = settings.applied_to(asked.site.new_user)?;
    let user = service.add_user(&name, admin, settings, password).await?;
    tracing::info!(by = asked.by(), user = %user.name, id = user.id.0, admin, "an account was added");
    changed(&service.require_account(name).await?)
}

pub async fn change_user(
    asked: Administering,
    NameInPath(name): NameInPath,
    object: JsonObject,
) -> Result<Response, HttpError> {
    let fields = account_fields(&object.fields)?;
    let (admin, disabled, password) = (fields.admin, fields.disabled, fields.password.is_some());
    let account = asked.site.service.change_account(&name, fields).await?;
    let (by, id) = (asked.by(), account.user.id.0);
    tracing::info!(by, user = name, id, ?admin, ?disabled, password, "an account was changed");
    changed(&account)
}

pub async fn remove_user(asked: Administering, NameInPath(name): NameInPath) -> Result<Response, HttpError> {
    let id = asked.site.service.remove_account(&name).await?;
    tracing::info!(by = asked.by(), user = name, id = id.0, "an account was removed with everything in it");
    Ok(json(&RemovedUserJson { ok: true, name }, None))
}

fn changed(account: &Account) -> Result<Response, HttpError> {
    Ok(json(&ChangedUserJson { ok: true, user: UserJson::new(account) }, None))
}

/// What a new account is asked to be.
#[derive(Default)]
struct NewUser {
    name: String,
    admin: bool,
    settings: SettingsFields,
    password: Option<String>,
}

fn new_user(object: &Map<String, Value>) -> Result<NewUser, HttpError> {
    let mut new = NewUser::default();
    let mut name = None;
    for (field, value) in object {
        match field.as_str() {
            "name" => name = wire::text("name", value)?,
            "admin" => new.admin = wire::flag("admin", value)?.unwrap_or_default(),
            "timeZone" => new.settings.time_zone = wire::text("timeZone", value)?,
            "language" => new.settings.language = wire::text("language", value)?,
            "password" => new.password = wire::text("password", value)?,
            _ => return Err(wire::nearest_of(field, &["name", "admin", "timeZone", "language", "password"]).into()),
        }
    }
    new.name = name.ok_or(wire::missing("name"))?;
    Ok(new)
}

fn account_fields(object: &Map<String, Value>) -> Result<AccountFields, HttpError> {
    let mut fields = AccountFields::default();
    for (field, value) in object {
        match field.as_str() {
            "admin" => fields.admin = wire::flag("admin", value)?,
            "disabled" => fields.disabled = wire::flag("disabled", value)?,
            "password" => fields.password = wire::text("password", value)?,
            _ => return Err(wire::nearest_of(field, &["admin", "disabled", "password"]).into()),
        }
    }
    Ok(fields)
}
