//! The first account of a server, made by whoever has the link that its start printed.

use maud::{Markup, html};

use super::assets;
use super::form::{Errors, Form, alert, zone_list};
use super::sign_in::{in_the_clear, narrow};
use crate::domain::lang::{Lang, Phrase};

/// The form that makes the first administrator.
pub struct SetUpPage {
    pub lang: Lang,
    /// What the link was good for.
    pub code: String,
    pub name: String,
    /// The server's, until a browser says its own.
    pub time_zone: String,
    /// `en` or `de`.
    pub language: String,
    pub errors: Errors,
    /// What is sent from here can be read on the way.
    pub is_insecure: bool,
}

const TITLE: Phrase = Phrase { en: "Set up", de: "Einrichten" };
const ABOUT: Phrase = Phrase {
    en: "This server has no account yet. The first one is yours; it may add the others.",
    de: "Dieser Server hat noch kein Konto. Das erste ist deins; es darf die anderen anlegen.",
};
const NAMES: Phrase = Phrase {
    en: "Small letters, digits and . _ -, at most 39",
    de: "Kleine Buchstaben, Ziffern und . _ -, höchstens 39",
};
const MAKE: Phrase = Phrase { en: "Create the account", de: "Konto anlegen" };
const FIELDS: [&str; 4] = ["name", "password", "timeZone", "language"];

pub fn page(page: &SetUpPage) -> Markup {
    let lang = page.lang;
    let form = Form { id: "set-up", lang, errors: &page.errors };
    // What somebody chose is not guessed at again.
    let is_guess = page.errors.is_empty();
    narrow(
        lang,
        TITLE.text(lang),
        &html! {
            p { (ABOUT.text(lang)) }
            (alert(form, &FIELDS))
            @if page.is_insecure { (in_the_clear(lang)) }
            form.panel #set-up method="post" action="/setup" data-guess[is_guess] {
                input type="hidden" name="code" value=(page.code);
                (form.text("name", &page.name).of_oneself().hint(NAMES.text(lang)).first(true))
                (form.new_password("password"))
                (form.time_zone(&page.time_zone))
                (form.language(&page.language))
                button.main type="submit" { (MAKE.text(lang)) }
            }
            (zone_list())
            script src=(assets::address("set-up.js")) defer {}
        },
    )
}

/// For a link that never was one, or was used.
pub fn no_link(lang: Lang, is_signed_in: bool) -> Markup {
    let (title, spent, restart, or_add, sign_in) = match lang {
        Lang::En => (
            "No such link",
            "This link is not good, or not any more: it works once, and only while the server has no account.",
            "For a new one, start the server again; it prints one as long as there is no account.",
            "Or add an account where the server runs:",
            "Sign in",
        ),
        Lang::De => (
            "Kein solcher Link",
            "Dieser Link gilt nicht oder nicht mehr: Er geht einmal, und nur solange der Server kein Konto hat.",
            "Einen neuen gibt der Server beim nächsten Start aus, solange es kein Konto gibt.",
            "Oder ein Konto anlegen, dort wo der Server läuft:",
            "Anmelden",
        ),
    };
    narrow(
        lang,
        title,
        &html! {
            p { (spent) }
            // Whoever has an account needs no link.
            @if is_signed_in {
                p { a href="/" { (lang.pick("To the week", "Zur Woche")) } }
            } @else {
                p { (restart) }
                p { (or_add) }
                pre { code { "codexmiroir user add NAME --admin" } }
                p { a href="/login" { (sign_in) } }
            }
        },
    )
}
