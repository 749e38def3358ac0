//! What all pages have around them.

use maud::{DOCTYPE, Markup, html};

use crate::domain::lang::{Lang, Phrase};
use crate::service::accounts::Actor;
use crate::store::Scopes;

/// A page in its frame. `style` names its style sheet beside the one that all pages share, and is its class.
pub fn document(lang: Lang, title: &str, style: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(lang.pick("en", "de")) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · CodexMiroir" }
                link rel="stylesheet" href="/assets/base.css";
                link rel="stylesheet" href={ "/assets/" (style) ".css" };
                link rel="icon" href="data:,";
            }
            body class=(style) { (content) }
        }
    }
}

/// Who sees a page.
#[derive(Clone, Copy)]
pub struct Viewer<'a> {
    pub lang: Lang,
    /// None for whoever has the data directory.
    pub name: Option<&'a str>,
    pub is_admin: bool,
}

impl Viewer<'_> {
    pub fn of(actor: &Actor, lang: Lang) -> Viewer<'_> {
        Viewer { lang, name: Some(actor.name.as_str()), is_admin: actor.scopes.allow(Scopes::ADMIN) }
    }
}

/// Where in the pages one is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Week,
    Tasks,
    Rules,
    Sync,
    Settings,
    Administration,
}

impl Place {
    fn address(self) -> &'static str {
        match self {
            Place::Week => "/",
            Place::Tasks => "/tasks",
            Place::Rules => "/rules",
            Place::Sync => "/sync-status",
            Place::Settings => "/settings",
            Place::Administration => "/admin",
        }
    }

    pub fn name(self) -> Phrase {
        match self {
            Place::Week => Phrase { en: "Week", de: "Woche" },
            Place::Tasks => Phrase { en: "Tasks", de: "Aufgaben" },
            Place::Rules => Phrase { en: "Rules", de: "Regeln" },
            Place::Sync => Phrase { en: "Git", de: "Git" },
            Place::Settings => Phrase { en: "Settings", de: "Einstellungen" },
            Place::Administration => Phrase { en: "Administration", de: "Verwaltung" },
        }
    }
}

/// The way to the other pages, and out.
pub fn site_bar(viewer: Viewer<'_>, here: Place) -> Markup {
    let lang = viewer.lang;
    let places = [Place::Week, Place::Tasks, Place::Rules, Place::Sync, Place::Settings, Place::Administration];
    let places = places.into_iter().filter(|place| *place != Place::Administration || viewer.is_admin);
    html! {
        nav.site aria-label=(lang.pick("Pages", "Seiten")) {
            ul {
                @for place in places {
                    li { a href=(place.address()) aria-current=[(place == here).then_some("page")] { (place.name().text(lang)) } }
                }
            }
            @if let Some(name) = viewer.name {
                form method="post" action="/auth/logout" {
                    span.who { (name) }
                    button type="submit" { (lang.pick("Sign out", "Abmelden")) }
                }
            }
        }
    }
}

/// A page of accounts for somebody who is signed in.
pub fn account_page(viewer: Viewer<'_>, here: Place, title: &str, content: &Markup) -> Markup {
    let lang = viewer.lang;
    let around = html! {
        (site_bar(viewer, here))
        header { h1 { (title) } }
        main { (content) }
        footer { "CodexMiroir " (env!("CARGO_PKG_VERSION")) " · " a href="/api" { (lang.pick("Interface", "Schnittstelle")) } }
    };
    document(lang, title, "account", &around)
}
