//! Errors as pages, for people. Programs are answered with JSON.

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use maud::{Markup, html};

use super::sign_in::{narrow, told};
use crate::domain::lang::{Lang, Phrase};
use crate::http::body::{Body, BodyError};
use crate::http::errors::HttpError;
use crate::service::error::{AccessRefusal, Refusal};

/// Makes the answer to an error a page; what its head says stays.
pub fn show(error: &HttpError, lang: Lang, response: &mut Response<Body>) {
    let title = title(error.status()).text(lang);
    let page = match error {
        HttpError::UnknownHost { host } => unknown_host(host, title, lang),
        error => told(lang, title, &sentence(error, lang), Some(way_on(error, lang))),
    };
    *response.body_mut() = Body::full(page.into_string());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
}

fn title(status: StatusCode) -> Phrase {
    match status {
        StatusCode::UNAUTHORIZED => Phrase { en: "Not signed in", de: "Nicht angemeldet" },
        StatusCode::FORBIDDEN => Phrase { en: "Not allowed", de: "Nicht erlaubt" },
        StatusCode::NOT_FOUND => Phrase { en: "Nothing here", de: "Hier ist nichts" },
        StatusCode::MISDIRECTED_REQUEST => Phrase { en: "Another name", de: "Ein anderer Name" },
        StatusCode::TOO_MANY_REQUESTS => Phrase { en: "A little slower", de: "Etwas langsamer" },
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE => {
            Phrase { en: "Not at the moment", de: "Gerade nicht" }
        }
        StatusCode::CONFLICT => Phrase { en: "Not done", de: "Nicht geschehen" },
        _ => Phrase { en: "That did not work", de: "Das ging nicht" },
    }
}

/// Under a name that the server does not know no link leads anywhere else than here.
fn unknown_host(host: &str, title: &str, lang: Lang) -> Markup {
    let (unknown, way_out) = match lang {
        Lang::En => (
            format!("This server does not answer for “{host}”. Ask it by its address, in numbers."),
            "If you run it and people are to use this name, start it with:",
        ),
        Lang::De => (
            format!("Dieser Server antwortet nicht für „{host}“. Bitte die Adresse in Zahlen verwenden."),
            "Wer den Server betreibt und ihn so nennen will, startet ihn mit:",
        ),
    };
    narrow(
        lang,
        title,
        &html! {
            p { (unknown) }
            p { (way_out) }
            pre { code { "codexmiroir serve --public-url http://" (host) } }
        },
    )
}

/// What a person is told where the words for programs would not help.
pub(super) fn sentence(error: &HttpError, lang: Lang) -> String {
    let (en, de) = match error {
        HttpError::SignInNeeded => (
            "Nobody is signed in here any more, so nothing was done. Sign in and do it again.",
            "Hier ist niemand mehr angemeldet, darum ist nichts geschehen. Bitte anmelden und noch einmal versuchen.",
        ),
        HttpError::ScopeMissing { scope: "admin", .. } => {
            ("This is for administrators.", "Das ist denen vorbehalten, die diesen Server verwalten.")
        }
        HttpError::NoSuchRoute => ("There is nothing at this address.", "Unter dieser Adresse gibt es nichts."),
        HttpError::MethodNotAllowed => (
            "This address is where a form is sent to; there is nothing to see.",
            "An diese Adresse wird ein Formular geschickt; zu sehen ist hier nichts.",
        ),
        HttpError::Body(BodyError::TooLarge { bytes_max }) => {
            let limit = bytes_max >> 10;
            return lang.pick(
                format!("Nothing was saved: that is more than the {limit} KiB that can be sent at once. What you typed still stands where you typed it, if need be one page back; make it shorter there."),
                format!("Gespeichert ist nichts: Das ist mehr als die {limit} KiB, die auf einmal gehen. Was du geschrieben hast, steht noch, wo du es geschrieben hast, notfalls eine Seite zurück; kürze es dort."),
            );
        }
        HttpError::Refused(Refusal::NoSuchTask { id }) => {
            return lang.pick(
                format!("There is no task “{id}”, or it is there no more."),
                format!("Es gibt keine Aufgabe „{id}“, oder es gibt sie nicht mehr."),
            );
        }
        HttpError::Refused(Refusal::NoSuchChange { generation }) => {
            return lang.pick(
                format!("There is no change {generation} of yours that could be taken back."),
                format!("Es gibt keine Änderung {generation} von dir, die sich zurücknehmen ließe."),
            );
        }
        HttpError::Refused(Refusal::NoSuchUser { name }) => {
            return lang.pick(format!("There is no account {name}."), format!("Es gibt kein Konto {name}."));
        }
        other => return other.text(lang),
    };
    lang.pick(en, de).to_owned()
}

fn way_on(error: &HttpError, lang: Lang) -> (&'static str, &'static str) {
    match error {
        HttpError::SignInNeeded
        | HttpError::InvalidToken
        | HttpError::Refused(Refusal::Access(AccessRefusal::SignInFailed | AccessRefusal::LinkUsed)) => {
            ("/login", lang.pick("Sign in", "Anmelden"))
        }
        HttpError::Refused(Refusal::NoSuchUser { .. }) => ("/admin", lang.pick("All accounts", "Alle Konten")),
        HttpError::OwnAccount => ("/settings", lang.pick("To the settings", "Zu den Einstellungen")),
        _ => ("/", lang.pick("To the week", "Zur Woche")),
    }
}
