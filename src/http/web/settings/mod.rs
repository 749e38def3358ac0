//! `/settings` and its forms: what one can do for oneself, by the use cases that the API has.

pub mod git;
mod page;

use axum::response::Response;
use hyper::StatusCode;

use self::git::RemoteForm;
use self::page::{NewToken, Planning, Session, SettingsPage, Shown};
use super::form::Errors;
use super::layout::Viewer;
use super::notice::Notice;
use super::{Again, form_key, new_key, words};
use crate::domain::lang::Phrase;
use crate::http::auth::{page as shown, see_other};
use crate::http::errors::HttpError;
use crate::http::extract::{Asked, FormOrJson, Visitor};
use crate::http::query::Query;
use crate::http::wire::Known;
use crate::http::{account, feed, sessions, tokens};
use crate::service::error::{Fault, Refusal, ServiceError};
use crate::service::settings::SettingsFields;
use crate::service::sign_in::PasswordChange;
use crate::service::tokens::TokenFields;
use crate::store::Settings;

pub(in crate::http) const SESSION_FIELDS: [&str; 2] = ["id", "all"];
pub(in crate::http) const TOKEN_FIELDS: [&str; 4] = ["name", "scope", "expires", "key"];
pub(in crate::http) const REVOKE_FIELDS: [&str; 1] = ["id"];

/// What of the page is not as things are: what was typed, and what is wrong with it.
#[derive(Default)]
struct Typed {
    planning: Option<Planning>,
    password: Errors,
    new_token: Option<NewToken>,
    remote: Option<RemoteForm>,
}

impl NewToken {
    /// What is offered to whoever has typed nothing yet.
    fn blank() -> NewToken {
        let scopes = ["read", "write"].map(str::to_owned).to_vec();
        NewToken { name: String::new(), scopes, expires: "90d".to_owned(), key: new_key(), errors: Errors::default() }
    }
}

fn present(settings: Settings) -> Planning {
    Planning {
        time_zone: settings.zone.name().to_owned(),
        language: settings.lang.pick("en", "de").to_owned(),
        horizon: settings.days.to_string(),
        theme: settings.theme.as_str().to_owned(),
        errors: Errors::default(),
    }
}

impl Asked {
    fn own_settings(&self) -> Result<Settings, HttpError> {
        Ok(self.site.service.settings(self.actor.user)?.0)
    }

    /// The page, with everything as it is now.
    async fn settings_page(
        &self,
        status: StatusCode,
        notice: Option<Notice>,
        typed: Typed,
    ) -> Result<Response, HttpError> {
        let (service, user) = (&self.site.service, self.actor.user);
        let settings = self.own_settings()?;
        let own = self.actor.session();
        let remote = service.own_remote(user).await?;
        let sessions = service.list_sessions(user).await?.into_iter();
        let page = page::page(&SettingsPage {
            viewer: Viewer::of(&self.actor, settings),
            notice,
            zone: settings.zone,
            now: service.clock().now(),
            planning: typed.planning.unwrap_or_else(|| present(settings)),
            password: typed.password,
            has_password: service.has_password(user).await?,
            sessions: sessions.map(|grant| Session { is_this: own == Some(grant.id), grant }).collect(),
            tokens: service.list_tokens(user).await?,
            new_token: typed.new_token.unwrap_or_else(NewToken::blank),
            sync: service.sync_status(user).await?,
            has_remote: remote.is_some(),
            remote: typed.remote.unwrap_or_else(|| RemoteForm::of(remote)),
        });
        Ok(shown(status, page))
    }

    /// The page once more, with what was refused at the form that `typed` is of.
    async fn settings_again(
        &self,
        error: ServiceError,
        typed: impl FnOnce(Errors) -> Typed,
    ) -> Result<Response, HttpError> {
        let again = Again::of(error)?;
        let typed = typed(Errors::of(&again.refusal, self.own_settings()?.lang));
        let response = self.settings_page(again.status(), None, typed).await?;
        Ok(again.told(response))
    }
}

/// `GET /settings`
pub async fn show(asked: Asked, query: Query) -> Result<Response, HttpError> {
    asked.settings_page(StatusCode::OK, Notice::of(query.text("done")), Typed::default()).await
}

/// `POST /settings`
pub async fn change(asked: Asked, FormOrJson { object, .. }: FormOrJson) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &account::FIELDS)?;
    let (time_zone, language) = (known.text("timeZone")?, known.text("language")?);
    let (typed_horizon, theme) = (known.text("horizon")?, known.text("theme")?);
    // What is no number is out of range too.
    let horizon = typed_horizon.as_ref().map(|days| days.trim().parse().unwrap_or_default());
    let (zone, lang, look) = (time_zone.clone(), language.clone(), theme.clone());
    let fields = SettingsFields { time_zone: zone, language: lang, horizon, theme: look };
    let changed = asked.site.service.change_settings(asked.actor.user, asked.origin(), fields).await;
    let Err(error) = changed else { return Ok(see_other("/settings?done=saved")) };
    let now = present(asked.own_settings()?);
    let typed = Planning {
        time_zone: time_zone.unwrap_or(now.time_zone),
        language: language.unwrap_or(now.language),
        horizon: typed_horizon.unwrap_or(now.horizon),
        theme: theme.unwrap_or(now.theme),
        errors: Errors::default(),
    };
    asked
        .settings_again(error, |errors| Typed { planning: Some(Planning { errors, ..typed }), ..Typed::default() })
        .await
}

/// `POST /settings/password`
pub async fn change_password(
    asked: Asked,
    visitor: Visitor,
    FormOrJson { object, .. }: FormOrJson,
) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &sessions::PASSWORD_FIELDS)?;
    let (present, new) = (known.text("current")?.unwrap_or_default(), known.text("password")?.unwrap_or_default());
    match sessions::set_password(&asked, &visitor, PasswordChange { present, new }).await {
        Ok(session) => Ok(visitor.keeps_new(session, see_other("/settings?done=password"))),
        Err(error) => asked.settings_again(error, |password| Typed { password, ..Typed::default() }).await,
    }
}

/// `POST /settings/sessions`
pub async fn end_sessions(
    asked: Asked,
    visitor: Visitor,
    FormOrJson { object, .. }: FormOrJson,
) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &SESSION_FIELDS)?;
    if known.ticked("all")? {
        sessions::end_every(&asked).await?;
        return Ok(visitor.forgets(see_other("/login")));
    }
    let id = known.text("id")?.unwrap_or_default();
    done_or_gone(sessions::end_one(&asked, &id).await, "/settings?done=signed-out")
}

/// `POST /settings/tokens`
pub async fn make_token(
    asked: Asked,
    visitor: Visitor,
    FormOrJson { object, .. }: FormOrJson,
) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &TOKEN_FIELDS)?;
    let (name, expires) = (known.text("name")?.unwrap_or_default(), known.text("expires")?.unwrap_or_default());
    let scopes = words(&known, "scope")?;
    let fields = TokenFields {
        name: Some(name.trim().to_owned()),
        scopes: Some(scopes.clone()),
        expires: Some(expires.clone()).filter(|span| !span.is_empty()),
        expires_at: None,
    };
    let issued = match form_key("POST /settings/tokens", &known, object.fingerprint) {
        Ok(key) => tokens::issue(&asked, fields, key).await,
        Err(refusal) => Err(refusal.into()),
    };
    match issued {
        Ok(issued) => {
            let settings = asked.own_settings()?;
            let (site, arrival) = (&asked.site, &visitor.arrival);
            let told = match feed::address(site, arrival, &issued) {
                Some(address) => Shown::Feed { address },
                None => Shown::Token { server: site.address(arrival) },
            };
            let page = page::issued(Viewer::of(&asked.actor, settings), &issued, settings.zone, &told);
            Ok(shown(StatusCode::OK, page))
        }
        Err(error) => {
            let was_sent_before = matches!(
                error,
                ServiceError::Refused(Refusal::TokenIssuedBefore { .. } | Refusal::KeyReused | Refusal::KeyInFlight)
            );
            let lang = asked.own_settings()?.lang;
            let sent_before = Errors::at_field("", SENT_BEFORE.text(lang).to_owned());
            let typed = |errors| {
                let errors = if was_sent_before { sent_before } else { errors };
                let new_token = Some(NewToken { name, scopes, expires, key: new_key(), errors });
                Typed { new_token, ..Typed::default() }
            };
            asked.settings_again(error, typed).await
        }
    }
}

const SENT_BEFORE: Phrase = Phrase {
    en: "This form was sent before, and its token was shown then. Revoke that one if you do not have it; sending the form now makes another.",
    de: "Dieses Formular kam schon einmal an, und sein Token wurde da gezeigt. Wer es nicht hat, widerruft es; jetzt absenden macht ein weiteres.",
};

/// `POST /settings/tokens/revoke`
pub async fn revoke_token(asked: Asked, FormOrJson { object, .. }: FormOrJson) -> Result<Response, HttpError> {
    let id = Known::of(&object.fields, &REVOKE_FIELDS)?.text("id")?;
    let id = id.ok_or(Refusal::field("id", Fault::Missing))?;
    done_or_gone(tokens::revoke_one(&asked, &id).await, "/settings?done=revoked")
}

/// What is not there any more has ended as it was to: a button may be pressed twice.
fn done_or_gone(ended: Result<(), ServiceError>, done: &str) -> Result<Response, HttpError> {
    match ended {
        Ok(()) => Ok(see_other(done)),
        Err(ServiceError::Refused(Refusal::NoSuchToken { .. })) => Ok(see_other("/settings?done=gone")),
        Err(error) => Err(error.into()),
    }
}
