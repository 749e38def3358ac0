//! Descriptions of what is there for browsers and for whoever runs the server.

use super::operation::Operation;
use crate::domain::lang::{Phrase, both};
use crate::http::probes::ProbeJson;

const PAGES: &str = "Pages";
const OPERATION: &str = "Operation";

/// What pages ask for by an address with a hash in it, and get for good then.
fn asset(media_type: &'static str, id: &'static str, summary: Phrase) -> Operation {
    Operation::new(PAGES, id, summary)
        .query(
            "v",
            both(
                "Hash of all that pages are made of. With the present one the answer never changes, and says so.",
                "Hash von allem, woraus Seiten bestehen. Mit dem jetzigen ändert sich die Antwort nie und sagt das \
                 auch.",
            ),
        )
        .gives_text(media_type, both("The file.", "Die Datei."))
        .conditional()
        .of_everybody()
}

fn style(id: &'static str, summary: Phrase) -> Operation {
    asset("text/css", id, summary)
}

fn script(id: &'static str, summary: Phrase) -> Operation {
    asset("text/javascript", id, summary)
}

pub fn base_style() -> Operation {
    style("getBaseStyle", both("The style that all pages share", "Der Stil, den alle Seiten gemeinsam haben"))
}

pub fn account_style() -> Operation {
    style("getAccountStyle", both("The style of the pages of accounts", "Der Stil der Seiten für Konten"))
}

pub fn week_style() -> Operation {
    style("getWeekStyle", both("The style of the week's page", "Der Stil der Seite mit der Woche"))
}

pub fn interface_style() -> Operation {
    style("getInterfaceStyle", both("The style of this document's page", "Der Stil der Seite dieses Dokuments"))
}

pub fn set_up_script() -> Operation {
    script(
        "getSetUpScript",
        both(
            "What lets a browser say its time zone and language at set-up",
            "Was einen Browser beim Einrichten seine Zeitzone und Sprache sagen lässt",
        ),
    )
}

pub fn app_script() -> Operation {
    script(
        "getAppScript",
        both(
            "What keeps pages up to date and sends forms without leaving them",
            "Was Seiten aktuell hält und Formulare sendet, ohne die Seite zu verlassen",
        ),
    )
}

pub fn morph_script() -> Operation {
    script(
        "getMorphScript",
        both(
            "What turns a part of a page into its newer state",
            "Was einen Teil einer Seite in seinen neueren Zustand bringt",
        ),
    )
}

pub fn keys_script() -> Operation {
    script("getKeysScript", both("What keys do", "Was Tasten tun"))
}

pub fn week_script() -> Operation {
    script("getWeekScript", both("What moves tasks on the week's board", "Was Aufgaben auf der Wochentafel bewegt"))
}

pub fn quick_script() -> Operation {
    script(
        "getQuickScript",
        both(
            "What shows where a task would land while it is typed",
            "Was schon beim Tippen zeigt, wohin eine Aufgabe käme",
        ),
    )
}

pub fn rules_editor_script() -> Operation {
    script(
        "getRulesEditorScript",
        both(
            "What marks what is wrong with a rule while it is written, and draws the week as it would be",
            "Was Fehler einer Regel schon beim Schreiben anzeigt und die Woche zeichnet, wie sie wäre",
        ),
    )
}

pub fn icon() -> Operation {
    asset("image/svg+xml", "getIcon", both("The icon of the pages", "Das Symbol der Seiten"))
}

pub fn small_icon() -> Operation {
    asset("image/png", "getSmallIcon", both("The icon with 192 pixels a side", "Das Symbol mit 192 Pixeln Kantenlänge"))
}

pub fn large_icon() -> Operation {
    asset("image/png", "getLargeIcon", both("The icon with 512 pixels a side", "Das Symbol mit 512 Pixeln Kantenlänge"))
}

pub fn manifest() -> Operation {
    asset(
        "application/manifest+json",
        "getManifest",
        both(
            "What a browser needs to install the pages as an application",
            "Was ein Browser braucht, um die Seiten als Anwendung zu installieren",
        ),
    )
}

pub fn keeper() -> Operation {
    Operation::new(
        PAGES,
        "getKeeper",
        both(
            "The service worker that keeps the last week for when there is no connection",
            "Der Service Worker, der die letzte Woche behält, für Zeiten ohne Verbindung",
        ),
    )
    .gives_text("text/javascript", both("The script.", "Das Skript."))
    .conditional()
    .of_everybody()
}

pub fn page() -> Operation {
    Operation::new(PAGES, "showInterface", both("This document as a page", "Dieses Dokument als Seite"))
        .gives_text("text/html", both("The page.", "Die Seite."))
        .conditional()
        .of_nobody()
}

pub fn document() -> Operation {
    Operation::new(OPERATION, "getInterface", both("This document", "Dieses Dokument"))
        .gives::<serde_json::Map<String, serde_json::Value>>(both("OpenAPI 3.1.", "Ein Dokument nach OpenAPI 3.1."))
        .conditional()
        .of_nobody()
}

pub fn live() -> Operation {
    Operation::new(OPERATION, "isAlive", both("Whether the process answers", "Ob der Prozess antwortet"))
        .without_sign_in()
        .gives::<ProbeJson>(both("It does.", "Er antwortet."))
}

pub fn ready() -> Operation {
    Operation::new(OPERATION, "isReady", both("Whether changes can be saved", "Ob sich Änderungen speichern lassen"))
        .without_sign_in()
        .gives::<ProbeJson>(both("They can.", "Sie lassen sich speichern."))
        .gives_with::<ProbeJson>(
            503,
            both(
                "The store cannot be written, or the server is being stopped.",
                "Die Datenbank nimmt nichts an, oder der Server hält gerade an.",
            ),
        )
}

pub fn metrics() -> Operation {
    Operation::new(
        OPERATION,
        "getMetrics",
        both("What was counted, for Prometheus", "Was gezählt wurde, für Prometheus"),
    )
    .about(both(
        "Off, and then as an address that is not there, unless the server has a `metrics.token`: that one \
         is the bearer token here, and no user's. A `metrics.listen` of its own serves it and nothing else.",
        "Aus, und dann wie eine Adresse, die es nicht gibt, wenn der Server kein `metrics.token` hat: Das \
         ist hier das Bearer-Token, und keines eines Benutzers. Ein eigenes `metrics.listen` beantwortet \
         das und sonst nichts.",
    ))
    .with_metrics_token()
    .gives_text("text/plain", both("Prometheus' text format.", "Das Textformat von Prometheus."))
    .refuses(&[(404, "no_such_route")])
}
