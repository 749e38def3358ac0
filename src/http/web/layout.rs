//! What all pages have around them.

use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, html};

use super::assets;
use crate::domain::ids::Generation;
use crate::domain::lang::{Lang, Phrase};
use crate::domain::theme::Theme;
use crate::service::accounts::Actor;
use crate::store::{Scopes, Settings};
use crate::view::json::utc;

/// A page in its frame. `style` names its style sheet beside the one that all pages share, and is its class.
pub fn document(look: (Lang, Theme), title: &str, style: &str, content: &Markup) -> Markup {
    document_of(look, title, style, None, content)
}

/// What a page shows: the state after this change, until that instant.
#[derive(Clone, Copy)]
pub struct Shown {
    pub generation: Generation,
    pub valid_until: DateTime<Utc>,
}

/// As [`document`], of a page that says what it shows, so that its script knows when that is old.
pub fn document_of(
    (lang, theme): (Lang, Theme),
    title: &str,
    style: &str,
    shown: Option<Shown>,
    content: &Markup,
) -> Markup {
    let is_chosen = theme != Theme::Auto;
    html! {
        (DOCTYPE)
        html lang=(lang.pick("en", "de")) data-theme=[is_chosen.then_some(theme.as_str())] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content=(theme.color_scheme());
                title { (title) " · CodexMiroir" }
                link rel="stylesheet" href=(assets::address("base.css"));
                link rel="stylesheet" href=(assets::address(&format!("{style}.css")));
                link rel="icon" type="image/svg+xml" href=(assets::address("icon.svg"));
                link rel="manifest" href=(assets::address("app.webmanifest"));
                link rel="modulepreload" href=(assets::address("morph.js"));
                script type="module" src=(assets::address("app.js")) {}
            }
            body class=(style)
                data-generation=[shown.map(|shown| shown.generation)]
                data-valid-until=[shown.map(|shown| utc(shown.valid_until))]
                data-failed=(lang.pick("That did not work.", "Das ging nicht."))
                data-unsent=(lang.pick("There is no connection: nothing was saved.", "Es gibt keine Verbindung: Nichts wurde gespeichert."))
            {
                (content)
                div id="told" role="status" {}
                div.spoken id="spoken" role="status" {}
            }
        }
    }
}

/// Who sees a page.
#[derive(Clone, Copy)]
pub struct Viewer<'a> {
    pub lang: Lang,
    pub theme: Theme,
    /// None for whoever has the data directory.
    pub name: Option<&'a str>,
    pub is_admin: bool,
}

impl Viewer<'_> {
    pub fn of(actor: &Actor, settings: Settings) -> Viewer<'_> {
        let (lang, theme) = (settings.lang, settings.theme);
        Viewer { lang, theme, name: Some(actor.name.as_str()), is_admin: actor.scopes.allow(Scopes::ADMIN) }
    }
}

/// Where in the pages one is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Week,
    Tasks,
    LookingBack,
    Rules,
    Sync,
    Settings,
    Administration,
}

const PLACES: [Place; 7] =
    [Place::Week, Place::Tasks, Place::LookingBack, Place::Rules, Place::Sync, Place::Settings, Place::Administration];

impl Place {
    fn address(self) -> &'static str {
        match self {
            Place::Week => "/",
            Place::Tasks => "/tasks",
            Place::LookingBack => "/looking-back",
            Place::Rules => "/rules",
            Place::Sync => "/sync-status",
            Place::Settings => "/settings",
            Place::Administration => "/admin",
        }
    }

    /// The key that leads there, after `g`.
    fn key(self) -> &'static str {
        match self {
            Place::Week => "w",
            Place::Tasks => "t",
            Place::LookingBack => "l",
            Place::Rules => "r",
            Place::Sync => "s",
            Place::Settings => "e",
            Place::Administration => "a",
        }
    }

    pub fn name(self) -> Phrase {
        match self {
            Place::Week => Phrase { en: "Week", de: "Woche" },
            Place::Tasks => Phrase { en: "Tasks", de: "Aufgaben" },
            Place::LookingBack => Phrase { en: "Looking back", de: "Rückblick" },
            Place::Rules => Phrase { en: "Rules", de: "Regeln" },
            Place::Sync => Phrase { en: "Git", de: "Git" },
            Place::Settings => Phrase { en: "Settings", de: "Einstellungen" },
            Place::Administration => Phrase { en: "Administration", de: "Verwaltung" },
        }
    }
}

/// Where somebody may go.
fn places(viewer: Viewer<'_>) -> impl Iterator<Item = Place> {
    PLACES.into_iter().filter(move |place| *place != Place::Administration || viewer.is_admin)
}

/// The way to the other pages, and out.
pub fn site_bar(viewer: Viewer<'_>, here: Place) -> Markup {
    let lang = viewer.lang;
    html! {
        nav.site aria-label=(lang.pick("Pages", "Seiten")) {
            ul {
                @for place in places(viewer) {
                    li { a href=(place.address()) data-go=(place.key()) aria-current=[(place == here).then_some("page")] { (place.name().text(lang)) } }
                }
            }
            button.scripted type="button" data-opens="keys" aria-label=(lang.pick("Keys", "Tasten")) { "?" }
            @if let Some(name) = viewer.name {
                form method="post" action="/auth/logout" {
                    span.who { (name) }
                    button type="submit" { (lang.pick("Sign out", "Abmelden")) }
                }
            }
        }
        p.kept { (lang.pick("Not connected. This is how it was on ", "Keine Verbindung. So war es am ")) time {} "." }
        (keys(viewer))
    }
}

/// What keys do, opened by one of them.
fn keys(viewer: Viewer<'_>) -> Markup {
    let lang = viewer.lang;
    html! {
        dialog id="keys" data-module="keys" aria-labelledby="keys-title" data-undone=(lang.pick("Taken back.", "Zurückgenommen."))
            data-nothing=(lang.pick("Nothing was done in this window that could be taken back.", "In diesem Fenster ist nichts geschehen, das sich zurücknehmen ließe.")) {
            h2 id="keys-title" { (lang.pick("Keys", "Tasten")) }
            dl.keys {
                @for (key, does) in KEYS { div { dt { kbd { (key) } } dd { (does.text(lang)) } } }
                @for place in places(viewer) { div { dt { kbd { "g" } " " kbd { (place.key()) } } dd { (place.name().text(lang)) } } }
            }
            form method="dialog" {
                label.tick { input type="checkbox" checked; (lang.pick("Use these keys", "Diese Tasten benutzen")) }
                button type="submit" { (lang.pick("Close", "Schließen")) }
            }
        }
    }
}

const KEYS: [(&str, Phrase); 8] = [
    ("n", Phrase { en: "New task", de: "Neue Aufgabe" }),
    ("j", Phrase { en: "To the next task", de: "Zur nächsten Aufgabe" }),
    ("k", Phrase { en: "To the task before", de: "Zur vorigen Aufgabe" }),
    ("d", Phrase { en: "It is done (else the one of now)", de: "Sie ist erledigt (sonst die von jetzt)" }),
    ("m", Phrase { en: "Move it: arrows, then Enter", de: "Verschieben: Pfeile, dann Enter" }),
    ("x", Phrase { en: "Back in line", de: "Zurück in die Reihe" }),
    ("u", Phrase { en: "Undo", de: "Rückgängig" }),
    ("?", Phrase { en: "These keys", de: "Diese Tasten" }),
];

/// A page of accounts for somebody who is signed in.
pub fn account_page(viewer: Viewer<'_>, here: Place, title: &str, content: &Markup) -> Markup {
    let lang = viewer.lang;
    let around = html! {
        (site_bar(viewer, here))
        header id="heading" data-live { h1 { (title) } }
        main { (content) }
        footer { "CodexMiroir " (env!("CARGO_PKG_VERSION")) " · " a href="/api" { (lang.pick("Interface", "Schnittstelle")) } }
    };
    document((lang, viewer.theme), title, "account", &around)
}
