//! Signing in, and pages of one sentence.

use std::borrow::Cow;

use maud::{Markup, html};

use super::form::{Errors, Form};
use super::layout::document;
use crate::domain::lang::{Lang, Phrase};
use crate::domain::theme::Theme;

/// The form that signs in.
pub struct LoginPage<'a> {
    pub lang: Lang,
    /// Where to go afterwards.
    pub next: String,
    /// What was typed before.
    pub name: String,
    /// What has to be said first: why it failed, or why it is asked again.
    pub notice: Option<Cow<'a, str>>,
    /// What is sent from here can be read on the way.
    pub is_insecure: bool,
    /// Nobody has an account yet.
    pub is_vacant: bool,
}

const TITLE: Phrase = Phrase { en: "Sign in", de: "Anmelden" };
const LOST: Phrase = Phrase {
    en: "No account, or the password is lost? Whoever runs this server can help.",
    de: "Kein Konto, oder das Passwort ist weg? Da hilft, wer diesen Server betreibt.",
};

const VACANT: Phrase = Phrase {
    en: "Nobody has an account here yet. The terminal in which the server was started shows the link that makes the first one.",
    de: "Hier hat noch niemand ein Konto. Das Terminal, in dem der Server gestartet wurde, zeigt den Link, der das erste anlegt.",
};

pub fn login(page: &LoginPage<'_>) -> Markup {
    let LoginPage { lang, next, name, notice, is_insecure, is_vacant } = page;
    let form = Form { id: "login", lang: *lang, errors: &Errors::default() };
    narrow(
        *lang,
        TITLE.text(*lang),
        &html! {
            @if let Some(notice) = notice { p.alert role="alert" { (notice) } }
            @if *is_vacant { p { (VACANT.text(*lang)) } }
            @if *is_insecure { (in_the_clear(*lang)) }
            form.panel method="post" action="/auth/login" {
                input type="hidden" name="next" value=(next);
                (form.text("name", name).of_oneself().first(name.is_empty()))
                (form.password("password").first(!name.is_empty()))
                button.main type="submit" { (TITLE.text(*lang)) }
            }
            @if !is_vacant { p.quiet { (LOST.text(*lang)) } }
        },
    )
}

/// A page that says one thing, and leads on.
pub fn told(lang: Lang, title: &str, sentence: &str, link: Option<(&str, &str)>) -> Markup {
    narrow(
        lang,
        title,
        &html! {
            p { (sentence) }
            @if let Some((address, text)) = link { p { a href=(address) { (text) } } }
        },
    )
}

/// A page for somebody who is not signed in.
pub fn narrow(lang: Lang, title: &str, content: &Markup) -> Markup {
    document(
        (lang, Theme::Auto),
        title,
        "account",
        &html! {
            div.narrow {
                header { p { "CodexMiroir" } h1 { (title) } }
                main { (content) }
            }
        },
    )
}

/// The warning of a page whose password would travel as it is typed.
pub fn in_the_clear(lang: Lang) -> Markup {
    let (risk, way_out) = match lang {
        Lang::En => (
            "The connection to this server is not encrypted: whoever is on the way can read the password.",
            "Open the server by an address with https if it has one. If you run it, put a proxy with a certificate in \
             front of it and tell the server its address: ",
        ),
        Lang::De => (
            "Die Verbindung zu diesem Server ist nicht verschlüsselt: Wer unterwegs mitliest, sieht das Passwort.",
            "Bitte die Adresse mit https nehmen, wenn es eine gibt. Wer den Server betreibt, stellt einen Proxy mit \
             Zertifikat davor und nennt dem Server dessen Adresse: ",
        ),
    };
    html! { div.warning role="note" { p { strong { (risk) } } p { (way_out) code { "--public-url https://…" } } } }
}
