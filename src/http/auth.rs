//! Coming in and going out: the routes that somebody may ask before it is known who that is.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use hyper::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use super::cookie;
use super::errors::HttpError;
use super::extract::{FormOrJson, MaybeFormOrJson, Visitor};
use super::negotiate::language_of;
use super::query::Query;
use super::respond::json;
use super::web::{Errors, set_up, sign_in};
use super::wire::{self, Known};
use crate::service::error::{AccessRefusal, Refusal, ServiceError};
use crate::service::sessions::SignedIn;
use crate::service::settings::SettingsFields;
use crate::service::sign_in::FirstUser;

pub(super) const LOGIN_FIELDS: [&str; 3] = ["name", "password", "next"];
pub(super) const SETUP_FIELDS: [&str; 5] = ["code", "name", "password", "timeZone", "language"];

/// What a browser says of a page that it fetches because somebody may ask for it later.
const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// Somebody who was let in; the session is in `Set-Cookie`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SignedIn")]
pub struct SignedInJson {
    ok: bool,
    /// Who that is.
    name: String,
}

/// Somebody who is not signed in any more.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SignedOut")]
pub struct SignedOutJson {
    ok: bool,
}

/// A page that nobody keeps.
pub(super) fn page(status: StatusCode, markup: maud::Markup) -> Response {
    (status, [(CONTENT_TYPE, HTML), (CACHE_CONTROL, NO_STORE)], markup.into_string()).into_response()
}

/// On to another page, which is fetched with GET whatever this request was.
pub(super) fn see_other(path: &str) -> Response {
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, location), (CACHE_CONTROL, NO_STORE)]).into_response()
}

/// A path of this server's pages, as it was asked for before signing in. Anything else is the week: nobody is led
/// elsewhere by a link to the sign-in.
pub(super) fn own_path(next: &str) -> &str {
    // Nor is a path tidied up on the way into one that leads elsewhere.
    let path = next.split(['?', '#']).next().unwrap_or_default();
    let is_path = path.starts_with('/') && !path.contains("//") && !path.contains("/.");
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_path && is_plain && next.len() <= 2_000 { next } else { "/" }
}

fn with_cookie(cookie: HeaderValue, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(SET_COOKIE, cookie);
    headers.insert(CACHE_CONTROL, NO_STORE);
    response
}

impl Visitor {
    /// The answer to somebody who was let in.
    pub(super) fn keeps(&self, secret: &str, response: Response) -> Response {
        with_cookie(cookie::kept(secret, self.is_https()), response)
    }

    /// The answer to somebody who is not signed in any more.
    pub(super) fn forgets(&self, response: Response) -> Response {
        with_cookie(cookie::forgotten(self.is_https()), response)
    }

    fn let_in(&self, signed_in: &SignedIn, response: Response) -> Response {
        let SignedIn { user, secret } = signed_in;
        tracing::info!(user = %user.name, from = self.address().map(display), "somebody signed in");
        self.keeps(secret, response)
    }
}

/// `GET /login`
pub async fn login_page(visitor: Visitor, query: Query) -> Result<Response, HttpError> {
    let next = own_path(query.text("next").unwrap_or("/"));
    if visitor.actor.is_some() {
        return Ok(see_other(next));
    }
    Ok(page(StatusCode::OK, sign_in::login(&visitor.login(next, "", None)?)))
}

/// `POST /auth/login`
pub async fn login(visitor: Visitor, FormOrJson { object, is_form }: FormOrJson) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &LOGIN_FIELDS)?;
    let (name, next) = (known.text("name")?.unwrap_or_default(), known.text("next")?.unwrap_or_default());
    let password = known.text("password")?.unwrap_or_default();
    let service = &visitor.site.service;
    match service.sign_in_with_password(name.trim(), password, &visitor.visit()?).await {
        Ok(signed_in) if is_form => Ok(visitor.let_in(&signed_in, see_other(own_path(&next)))),
        Ok(signed_in) => {
            let name = signed_in.user.name.as_str().to_owned();
            Ok(visitor.let_in(&signed_in, json(&SignedInJson { ok: true, name }, None)))
        }
        Err(error) => {
            let error = HttpError::from(error);
            tracing::info!(from = visitor.address().map(display), why = error.code(), "somebody could not sign in");
            if !is_form {
                return Err(error);
            }
            let form = visitor.login(own_path(&next), &name, Some(error.text(visitor.lang)))?;
            let mut answer = page(error.status(), sign_in::login(&form));
            error.tell_when(answer.headers_mut());
            Ok(answer)
        }
    }
}

/// `POST /auth/logout`
pub async fn logout(visitor: Visitor, MaybeFormOrJson(sent): MaybeFormOrJson) -> Result<Response, HttpError> {
    Known::of(&sent.object.fields, &[])?;
    for actor in visitor.sessions()? {
        visitor.site.service.end_own_session(&actor).await?;
        tracing::info!(user = %actor.name, "somebody signed out");
    }
    let response = if sent.is_form { see_other("/login") } else { json(&SignedOutJson { ok: true }, None) };
    Ok(visitor.forgets(response))
}

/// `GET /welcome`: the link that a demo prints.
pub async fn welcome(
    visitor: Visitor,
    query: Query,
    method: Method,
    headers: hyper::HeaderMap,
) -> Result<Response, HttpError> {
    // Nobody has seen it yet, and it works once.
    if headers.contains_key(SEC_PURPOSE) {
        return Err(HttpError::Unavailable);
    }
    let code = query.text("code").unwrap_or_default();
    let service = &visitor.site.service;
    // Whoever only looks, as a preview of a message does, is told that it is good, and does not use it up.
    let let_in = match method {
        Method::HEAD => service.check_sign_in_code(code).map(|_| None),
        _ => service.sign_in_with_link(code, &visitor.visit()?).await.map(Some),
    };
    match let_in {
        Ok(Some(signed_in)) => Ok(visitor.let_in(&signed_in, see_other("/"))),
        Ok(None) => Ok(see_other("/")),
        // The link is opened again by whoever it let in.
        Err(ServiceError::Refused(Refusal::Access(AccessRefusal::LinkUsed))) if visitor.actor.is_some() => {
            Ok(see_other("/"))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /setup`
pub async fn set_up_page(visitor: Visitor, query: Query, headers: hyper::HeaderMap) -> Result<Response, HttpError> {
    let code = query.text("code").unwrap_or_default();
    if let Err(error) = visitor.site.service.check_set_up_code(code) {
        return visitor.no_set_up(error);
    }
    let zone = visitor.site.new_user.zone.name();
    let language = language_of(&headers).unwrap_or(visitor.site.new_user.lang);
    let form = visitor.set_up(code, "", (zone, language.pick("en", "de")), Errors::default());
    Ok(page(StatusCode::OK, set_up::page(&form)))
}

impl Visitor {
    /// The page that signs in.
    fn login(&self, next: &str, name: &str, notice: Option<String>) -> Result<sign_in::LoginPage<'static>, HttpError> {
        Ok(sign_in::LoginPage {
            lang: self.lang,
            next: next.to_owned(),
            name: name.to_owned(),
            notice: notice.map(Cow::Owned),
            is_insecure: self.arrival.can_be_overheard,
            is_vacant: self.site.service.is_vacant()?,
        })
    }

    /// The page that sets the server up.
    fn set_up(&self, code: &str, name: &str, settings: (&str, &str), errors: Errors) -> set_up::SetUpPage {
        set_up::SetUpPage {
            lang: self.lang,
            code: code.to_owned(),
            name: name.to_owned(),
            time_zone: settings.0.to_owned(),
            language: settings.1.to_owned(),
            errors,
            is_insecure: self.arrival.can_be_overheard,
        }
    }

    /// What somebody is told whose link sets nothing up.
    fn no_set_up(&self, error: ServiceError) -> Result<Response, HttpError> {
        match error {
            ServiceError::Refused(Refusal::Access(AccessRefusal::LinkUsed | AccessRefusal::SetUpBefore)) => {
                Ok(page(StatusCode::NOT_FOUND, set_up::no_link(self.lang, self.actor.is_some())))
            }
            other => Err(other.into()),
        }
    }
}

/// `POST /setup`
pub async fn set_up(visitor: Visitor, FormOrJson { object, is_form }: FormOrJson) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &SETUP_FIELDS)?;
    let code = known.text("code")?.unwrap_or_default();
    let (name, password) = (known.text("name")?, known.text("password")?);
    let (time_zone, language) = (known.text("timeZone")?, known.text("language")?);
    let (service, new_user) = (&visitor.site.service, visitor.site.new_user);
    let settings =
        SettingsFields { time_zone: time_zone.clone(), language: language.clone(), ..SettingsFields::default() };
    let first = match (name.clone(), password) {
        (Some(name), Some(password)) => Ok(FirstUser { name: name.trim().to_owned(), password, settings }),
        (None, _) => Err(ServiceError::from(wire::missing("name"))),
        (_, None) => Err(wire::missing("password").into()),
    };
    let done = match first {
        Ok(first) => service.set_up(&code, first, new_user, &visitor.visit()?).await,
        Err(missing) => service.check_set_up_code(&code).and(Err(missing)),
    };
    match done {
        Ok(signed_in) => {
            tracing::info!(user = %signed_in.user.name, "the server was set up");
            let name = signed_in.user.name.as_str().to_owned();
            let answer = if is_form { see_other("/") } else { json(&SignedInJson { ok: true, name }, None) };
            Ok(visitor.let_in(&signed_in, answer))
        }
        Err(error) if !is_form => Err(error.into()),
        Err(ServiceError::Refused(error @ Refusal::Field { .. })) => {
            let errors = Errors::of(&error, visitor.lang);
            let zone = time_zone.unwrap_or_else(|| new_user.zone.name().to_owned());
            let language = language.unwrap_or_else(|| visitor.lang.pick("en", "de").to_owned());
            let form = visitor.set_up(&code, &name.unwrap_or_default(), (&zone, &language), errors);
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, set_up::page(&form)))
        }
        Err(error) => visitor.no_set_up(error),
    }
}
