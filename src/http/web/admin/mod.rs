//! `/admin` and its forms: accounts, by the use cases that the API has. The gate lets only administrators come here.

mod doctor;
mod page;
mod state;
mod timeline;

pub use doctor::look;
pub use state::{compact, state};
pub use timeline::timeline;

use axum::response::Response;
use hyper::{HeaderMap, StatusCode};

use self::page::{AccountPage, AccountsPage, NewAccount};
use super::Again;
use super::form::Errors;
use super::layout::Viewer;
use super::notice::Notice;
use crate::domain::lang::{Lang, Phrase};
use crate::domain::theme::Theme;
use crate::domain::zone::Zone;
use crate::http::admin::{self, NewUser};
use crate::http::auth::{page as shown, see_other};
use crate::http::errors::HttpError;
use crate::http::extract::{Administering, FormOrJson, MaybeFormOrJson, NameInPath};
use crate::http::negotiate::language;
use crate::http::query::Query;
use crate::http::sessions;
use crate::http::wire::Known;
use crate::service::administration::AccountFields;
use crate::service::error::{Refusal, ServiceError};
use crate::service::settings::SettingsFields;

pub(in crate::http) const ADMIN_FIELDS: [&str; 1] = ["admin"];
pub(in crate::http) const PASSWORD_FIELDS: [&str; 1] = ["password"];
pub(in crate::http) const REMOVAL_FIELDS: [&str; 1] = ["confirm"];

/// Accounts that are on one page.
const ACCOUNTS_SHOWN: usize = 50;

const NOT_CONFIRMED: Phrase = Phrase {
    en: "This is not the account's name; type it as it stands above, or leave the account as it is.",
    de: "Das ist nicht der Name des Kontos; bitte so eingeben, wie er oben steht, oder das Konto behalten.",
};

/// How an administrator reads: whoever has the data directory reads as the request says, in the server's zone.
struct Reader {
    lang: Lang,
    zone: Zone,
    theme: Theme,
}

impl Administering {
    fn reader(&self, headers: &HeaderMap) -> Result<Reader, HttpError> {
        let Some(actor) = self.actor() else {
            return Ok(Reader { lang: language(headers), zone: self.site.new_user.zone, theme: Theme::Auto });
        };
        let (settings, _) = self.site.service.settings(actor.user)?;
        Ok(Reader { lang: settings.lang, zone: settings.zone, theme: settings.theme })
    }

    fn viewer(&self, reader: &Reader) -> Viewer<'_> {
        let Reader { lang, theme, .. } = *reader;
        Viewer { lang, theme, name: self.actor().map(|actor| actor.name.as_str()), is_admin: true }
    }

    /// Most live where the administrator does.
    fn blank(reader: &Reader) -> NewAccount {
        NewAccount {
            time_zone: reader.zone.name().to_owned(),
            language: reader.lang.pick("en", "de").to_owned(),
            ..NewAccount::default()
        }
    }

    /// Whether this is the account of whoever is signed in.
    fn is_own(&self, name: &str) -> bool {
        self.actor().is_some_and(|actor| actor.session().is_some() && actor.name.as_str() == name)
    }

    /// # Errors
    /// [`HttpError::OwnAccount`] for that account: nobody shuts the own door from inside.
    fn check_not_own(&self, name: &str) -> Result<(), HttpError> {
        if self.is_own(name) { Err(HttpError::OwnAccount) } else { Ok(()) }
    }

    async fn accounts_page(
        &self,
        reader: &Reader,
        status: StatusCode,
        query: &Query,
        new: NewAccount,
    ) -> Result<Response, HttpError> {
        let after = query.text("after").map(str::to_owned);
        let page = page::accounts(&AccountsPage {
            viewer: self.viewer(reader),
            notice: Notice::of(query.text("done")),
            zone: reader.zone,
            is_first: after.is_none(),
            page: self.site.service.list_accounts(after, ACCOUNTS_SHOWN).await?,
            new,
        });
        Ok(shown(status, page))
    }

    async fn account_page(
        &self,
        reader: &Reader,
        status: StatusCode,
        (name, notice): (String, Option<Notice>),
        errors: Errors,
    ) -> Result<Response, HttpError> {
        let account = self.site.service.require_account(name).await?;
        let (viewer, zone) = (self.viewer(reader), reader.zone);
        Ok(shown(status, page::account(&AccountPage { viewer, notice, zone, account, errors })))
    }

    /// Back to the account, with what was done to it or what was refused.
    async fn back(
        &self,
        headers: &HeaderMap,
        name: String,
        done: Result<&'static str, ServiceError>,
    ) -> Result<Response, HttpError> {
        let error = match done {
            Ok(done) => return Ok(see_other(&format!("/admin/users/{name}?done={done}"))),
            // There is no page to go back to.
            Err(error @ ServiceError::Refused(Refusal::NoSuchUser { .. })) => return Err(error.into()),
            Err(error) => error,
        };
        let (again, reader) = (Again::of(error)?, self.reader(headers)?);
        let errors = Errors::of(&again.refusal, reader.lang);
        let response = self.account_page(&reader, again.status(), (name, None), errors).await?;
        Ok(again.told(response))
    }
}

/// `GET /admin`
pub async fn accounts(asked: Administering, query: Query, headers: HeaderMap) -> Result<Response, HttpError> {
    let reader = asked.reader(&headers)?;
    asked.accounts_page(&reader, StatusCode::OK, &query, Administering::blank(&reader)).await
}

/// `POST /admin/users`
pub async fn add(
    asked: Administering,
    headers: HeaderMap,
    FormOrJson { object, .. }: FormOrJson,
) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &admin::NEW_USER_FIELDS)?;
    let reader = asked.reader(&headers)?;
    let blank = Administering::blank(&reader);
    let typed = NewAccount {
        name: known.text("name")?.unwrap_or_default().trim().to_owned(),
        is_admin: known.ticked("admin")?,
        time_zone: known.text("timeZone")?.unwrap_or(blank.time_zone),
        language: known.text("language")?.unwrap_or(blank.language),
        errors: Errors::default(),
    };
    let (time_zone, language) = (Some(typed.time_zone.clone()), Some(typed.language.clone()));
    let new = NewUser {
        name: typed.name.clone(),
        admin: typed.is_admin,
        settings: SettingsFields { time_zone, language, ..SettingsFields::default() },
        // On this page everybody gets one: without it there is no way in but a token.
        password: Some(known.text("password")?.unwrap_or_default()),
    };
    let Err(error) = admin::add(&asked, new).await else {
        return Ok(see_other(&format!("/admin/users/{}?done=added", typed.name)));
    };
    let again = Again::of(error)?;
    let errors = Errors::of(&again.refusal, reader.lang);
    let new = NewAccount { errors, ..typed };
    let response = asked.accounts_page(&reader, again.status(), &Query::default(), new).await?;
    Ok(again.told(response))
}

/// `GET /admin/users/{name}`
pub async fn account(
    asked: Administering,
    NameInPath(name): NameInPath,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let (reader, notice) = (asked.reader(&headers)?, Notice::of_account(query.text("done")));
    asked.account_page(&reader, StatusCode::OK, (name, notice), Errors::default()).await
}

impl MaybeFormOrJson {
    /// # Errors
    /// A field: a button has none.
    fn check_is_a_button(&self) -> Result<(), HttpError> {
        Known::of(&self.0.object.fields, &[])?;
        Ok(())
    }
}

/// Changes the account as one of the forms asks.
async fn change(
    asked: &Administering,
    name: &str,
    fields: AccountFields,
    done: &'static str,
) -> Result<&'static str, ServiceError> {
    admin::change(asked, name, fields).await.map(|_| done)
}

/// `POST /admin/users/{name}/disable`
pub async fn disable(
    asked: Administering,
    NameInPath(name): NameInPath,
    headers: HeaderMap,
    sent: MaybeFormOrJson,
) -> Result<Response, HttpError> {
    sent.check_is_a_button()?;
    asked.check_not_own(&name)?;
    let fields = AccountFields { disabled: Some(true), ..AccountFields::default() };
    let done = change(&asked, &name, fields, "disabled").await;
    asked.back(&headers, name, done).await
}

/// `POST /admin/users/{name}/enable`
pub async fn enable(
    asked: Administering,
    NameInPath(name): NameInPath,
    headers: HeaderMap,
    sent: MaybeFormOrJson,
) -> Result<Response, HttpError> {
    sent.check_is_a_button()?;
    let fields = AccountFields { disabled: Some(false), ..AccountFields::default() };
    let done = change(&asked, &name, fields, "enabled").await;
    asked.back(&headers, name, done).await
}

/// `POST /admin/users/{name}/admin`
pub async fn set_admin(
    asked: Administering,
    NameInPath(name): NameInPath,
    headers: HeaderMap,
    FormOrJson { object, .. }: FormOrJson,
) -> Result<Response, HttpError> {
    let admin = Known::of(&object.fields, &ADMIN_FIELDS)?.ticked("admin")?;
    if !admin {
        asked.check_not_own(&name)?;
    }
    let fields = AccountFields { admin: Some(admin), ..AccountFields::default() };
    let done = change(&asked, &name, fields, if admin { "admin" } else { "no-admin" }).await;
    asked.back(&headers, name, done).await
}

/// `POST /admin/users/{name}/password`
pub async fn set_password(
    asked: Administering,
    NameInPath(name): NameInPath,
    headers: HeaderMap,
    FormOrJson { object, .. }: FormOrJson,
) -> Result<Response, HttpError> {
    let password = Known::of(&object.fields, &PASSWORD_FIELDS)?.text("password")?.unwrap_or_default();
    asked.check_not_own(&name)?;
    let fields = AccountFields { password: Some(password), ..AccountFields::default() };
    let done = change(&asked, &name, fields, "new-password").await;
    asked.back(&headers, name, done).await
}

/// `POST /admin/users/{name}/sign-out`
pub async fn sign_out(
    asked: Administering,
    NameInPath(name): NameInPath,
    headers: HeaderMap,
    sent: MaybeFormOrJson,
) -> Result<Response, HttpError> {
    sent.check_is_a_button()?;
    let done = sessions::end_every_of(&asked, &name).await.map(|()| "out-everywhere");
    asked.back(&headers, name, done).await
}

/// `GET /admin/users/{name}/remove`
pub async fn removal(
    asked: Administering,
    NameInPath(name): NameInPath,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let reader = asked.reader(&headers)?;
    let account = asked.site.service.require_account(name).await?;
    Ok(shown(StatusCode::OK, page::removal(asked.viewer(&reader), &account, &Errors::default())))
}

/// `POST /admin/users/{name}/remove`
pub async fn remove(
    asked: Administering,
    NameInPath(name): NameInPath,
    headers: HeaderMap,
    FormOrJson { object, .. }: FormOrJson,
) -> Result<Response, HttpError> {
    let confirmed = Known::of(&object.fields, &REMOVAL_FIELDS)?.text("confirm")?.unwrap_or_default();
    let (reader, account) = (asked.reader(&headers)?, asked.site.service.require_account(name.clone()).await?);
    let errors = if confirmed.trim() == account.user.name.as_str() {
        match admin::remove(&asked, &name).await {
            Ok(()) => return Ok(see_other("/admin?done=removed")),
            Err(error) => Errors::of(&Again::of(error)?.refusal, reader.lang),
        }
    } else {
        Errors::at_field("confirm", NOT_CONFIRMED.text(reader.lang).to_owned())
    };
    let page = page::removal(asked.viewer(&reader), &account, &errors);
    Ok(shown(StatusCode::UNPROCESSABLE_ENTITY, page))
}
