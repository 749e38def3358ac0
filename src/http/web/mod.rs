//! The pages. Reading them needs no script.

pub mod acts;
pub mod admin;
pub mod assets;
mod browser;
mod difference;
pub mod failure;
mod form;
mod interface;
mod layout;
pub mod looking_back;
mod notice;
pub mod quick;
pub mod rules;
pub mod set_up;
pub mod settings;
pub mod sign_in;
pub mod sync;
pub mod tasks;
mod told;
mod week;

pub use form::Errors;
pub use interface::page as interface;
pub use layout::Viewer;
pub use week::page;

use self::quick::QuickForm;
use self::told::Told;
use self::week::Acts;

use std::time::Instant;

use axum::response::Response;
use chrono::{DateTime, Utc};
use hyper::StatusCode;
use hyper::header::HeaderValue;
use maud::{Markup, html};
use serde_json::Value;

use super::auth::page as shown;
use super::errors::HttpError;
use super::extract::Asked;
use super::hot::SERVER_TIMING;
use super::query::Query;
use super::wire::Known;
use crate::domain::date;
use crate::domain::hex::hex;
use crate::domain::lang::Phrase;
use crate::domain::zone::Zone;
use crate::service::error::{Fault, Refusal, ServiceError};
use crate::service::tasks::{IdempotencyKey, Words};
use crate::store::random;
use crate::view::json::utc;

/// `GET /`: the week.
pub async fn week(asked: Asked, query: Query) -> Result<Response, HttpError> {
    let begun = Instant::now();
    let told = Told::of(&asked, &query).await?;
    let page = asked.week_page(StatusCode::OK, told, None, QuickForm::default()).await?;
    Ok(timed(begun, page))
}

impl Asked {
    async fn week_page(
        &self,
        status: StatusCode,
        told: Option<Told>,
        refused: Option<String>,
        quick: QuickForm,
    ) -> Result<Response, HttpError> {
        let (service, user) = (&self.site.service, self.actor.user);
        let answer = service.answer(user).await?;
        // What stands nowhere in the week may still be done already.
        let has_no_task = week::is_empty(&answer.timeline)
            && service.require_account(self.actor.name.as_str().to_owned()).await?.tasks == 0;
        let settings = service.settings(user)?.0;
        let Words { categories, .. } = service.words(user).await?;
        let acts = Acts { told, refused, quick: QuickForm { categories, ..quick }, has_no_task };
        // A browser that goes back shows it again as it was, whoever is signed in by then, unless it may not keep it.
        Ok(shown(status, page(&answer, Viewer::of(&self.actor, settings), Some(&acts))))
    }

    /// The week, with why something could not be done.
    async fn week_again(&self, error: ServiceError) -> Result<Response, HttpError> {
        let again = Again::of(error)?;
        let lang = self.site.service.settings(self.actor.user)?.0.lang;
        let refused = failure::sentence(&again.error, lang);
        let page = self.week_page(again.status(), None, Some(refused), QuickForm::default()).await?;
        Ok(again.told(page))
    }
}

/// A page that says how long it took to make.
fn timed(begun: Instant, mut page: Response) -> Response {
    let took = format!("app;dur={:.3}", begun.elapsed().as_secs_f64() * 1_000.0);
    page.headers_mut().extend(HeaderValue::try_from(took).ok().map(|took| (SERVER_TIMING, took)));
    page
}

/// A key that goes with a form, so that sending it twice does it once.
fn new_key() -> String {
    hex(random::<16>())
}

/// The longest key of a form, in bytes.
const KEY_BYTES_MAX: usize = 64;

const KEY: Phrase = Phrase {
    en: "the one that the page came with; open the page anew",
    de: "der, mit dem die Seite kam; bitte die Seite neu öffnen",
};

/// The key that a form was sent with. A form without the field asks for no protection, as a program may.
///
/// # Errors
/// One that protects from nothing, such as an empty one: whoever sends it means to be protected.
fn form_key(route: &'static str, known: &Known<'_>, fingerprint: [u8; 32]) -> Result<Option<IdempotencyKey>, Refusal> {
    let Some(key) = known.text("key")? else { return Ok(None) };
    match (1..=KEY_BYTES_MAX).contains(&key.len()) {
        true => Ok(Some(IdempotencyKey { route, key, fingerprint })),
        false => Err(Refusal::field("key", Fault::Malformed { expected: KEY })),
    }
}

/// An instant as a clock of that zone shows it.
fn when(instant: DateTime<Utc>, zone: Zone) -> Markup {
    let local = zone.local(instant);
    html! { time datetime=(utc(instant)) { (date::to_text(local.date_naive())) " " (local.format("%H:%M")) } }
}

/// As [`when`], to the second.
fn exactly(instant: DateTime<Utc>, zone: Zone) -> Markup {
    let local = zone.local(instant);
    html! { time datetime=(utc(instant)) { (date::to_text(local.date_naive())) " " (local.format("%H:%M:%S")) } }
}

/// A part of an address, which stands for itself whatever is in it.
fn segment(text: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encoded).collect()
}

/// The values of a field that a form may have several times.
fn words(known: &Known<'_>, field: &'static str) -> Result<Vec<String>, Refusal> {
    match known.value(field) {
        Some(Value::Array(_)) => Ok(known.texts(field)?.unwrap_or_default()),
        _ => Ok(known.text(field)?.into_iter().collect()),
    }
}

/// Why a page with a form is shown again.
struct Again {
    refusal: Refusal,
    error: HttpError,
}

impl Again {
    /// # Errors
    /// What is no matter of the form.
    fn of(error: ServiceError) -> Result<Again, HttpError> {
        match error {
            ServiceError::Refused(refusal) => Ok(Again { error: HttpError::Refused(refusal.clone()), refusal }),
            other => Err(other.into()),
        }
    }

    fn status(&self) -> StatusCode {
        match self.error.status() {
            later @ (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => later,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    /// The page, with when to try again.
    fn told(&self, mut page: Response) -> Response {
        self.error.tell_when(page.headers_mut());
        page
    }
}

#[cfg(test)]
mod tests;
