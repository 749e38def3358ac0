//! `/api/admin/backup`: everything of everybody. The gate lets only administrators come here.

use axum::response::Response;
use zeroize::Zeroizing;

use super::errors::HttpError;
use super::extract::{Administering, JsonObject};
use super::rights::Rights;
use super::stream::attachment;
use super::wire::{self, Known};
use crate::service::backup::file_name;
use crate::service::error::{AccessRefusal, Refusal};

pub(super) const FIELDS: [&str; 1] = ["passphrase"];

pub async fn backup(asked: Administering, rights: Rights) -> Result<Response, HttpError> {
    send(&asked, rights, None)
}

/// With the tokens of users' own repositories, for whoever has the data directory.
pub async fn backup_with_secrets(
    asked: Administering,
    rights: Rights,
    object: JsonObject,
) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &FIELDS)?;
    let passphrase = known.text("passphrase")?.ok_or(wire::missing("passphrase"))?;
    if asked.actor().is_some() {
        return Err(Refusal::Access(AccessRefusal::NotOverTheNetwork).into());
    }
    send(&asked, rights, Some(Zeroizing::new(passphrase)))
}

fn send(asked: &Administering, rights: Rights, passphrase: Option<Zeroizing<String>>) -> Result<Response, HttpError> {
    let with_secrets = passphrase.is_some();
    let backup = asked.site.service.backup(passphrase)?;
    tracing::info!(by = asked.by(), with_secrets, "a backup was begun");
    let name = file_name(backup.created_at());
    attachment(backup, rights, "application/zstd", &name)
}
