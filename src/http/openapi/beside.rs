//! Descriptions of what is there for browsers and for whoever runs the server.

use super::operation::Operation;
use crate::http::probes::ProbeJson;

const PAGES: &str = "Pages";
const OPERATION: &str = "Operation";

/// What pages ask for by an address with a hash in it, and get for good then.
fn asset(media_type: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new(PAGES, id, summary)
        .query("v", "Hash of all that pages are made of. With the present one the answer never changes, and says so.")
        .gives_text(media_type, "The file.")
        .conditional()
        .of_everybody()
}

fn style(id: &'static str, summary: &'static str) -> Operation {
    asset("text/css", id, summary)
}

fn script(id: &'static str, summary: &'static str) -> Operation {
    asset("text/javascript", id, summary)
}

pub fn base_style() -> Operation {
    style("getBaseStyle", "The style that all pages share")
}

pub fn account_style() -> Operation {
    style("getAccountStyle", "The style of the pages of accounts")
}

pub fn week_style() -> Operation {
    style("getWeekStyle", "The style of the week's page")
}

pub fn interface_style() -> Operation {
    style("getInterfaceStyle", "The style of this document's page")
}

pub fn set_up_script() -> Operation {
    script("getSetUpScript", "What lets a browser say its time zone and language at set-up")
}

pub fn app_script() -> Operation {
    script("getAppScript", "What keeps pages up to date and sends forms without leaving them")
}

pub fn morph_script() -> Operation {
    script("getMorphScript", "What turns a part of a page into its newer state")
}

pub fn keys_script() -> Operation {
    script("getKeysScript", "What keys do")
}

pub fn week_script() -> Operation {
    script("getWeekScript", "What moves tasks on the week's board")
}

pub fn quick_script() -> Operation {
    script("getQuickScript", "What shows where a task would land while it is typed")
}

pub fn rules_editor_script() -> Operation {
    script(
        "getRulesEditorScript",
        "What marks what is wrong with a rule while it is written, and draws the week as it would be",
    )
}

pub fn icon() -> Operation {
    asset("image/svg+xml", "getIcon", "The icon of the pages")
}

pub fn small_icon() -> Operation {
    asset("image/png", "getSmallIcon", "The icon with 192 pixels a side")
}

pub fn large_icon() -> Operation {
    asset("image/png", "getLargeIcon", "The icon with 512 pixels a side")
}

pub fn manifest() -> Operation {
    asset("application/manifest+json", "getManifest", "What a browser needs to install the pages as an application")
}

pub fn keeper() -> Operation {
    Operation::new(PAGES, "getKeeper", "The service worker that keeps the last week for when there is no connection")
        .gives_text("text/javascript", "The script.")
        .conditional()
        .of_everybody()
}

pub fn page() -> Operation {
    Operation::new(PAGES, "showInterface", "This document as a page")
        .gives_text("text/html", "The page.")
        .conditional()
        .of_nobody()
}

pub fn document() -> Operation {
    Operation::new(OPERATION, "getInterface", "This document")
        .gives::<serde_json::Map<String, serde_json::Value>>("OpenAPI 3.1.")
        .conditional()
        .of_nobody()
}

pub fn live() -> Operation {
    Operation::new(OPERATION, "isAlive", "Whether the process answers").without_sign_in().gives::<ProbeJson>("It does.")
}

pub fn ready() -> Operation {
    Operation::new(OPERATION, "isReady", "Whether changes can be saved")
        .without_sign_in()
        .gives::<ProbeJson>("They can.")
        .gives_with::<ProbeJson>(503, "The store cannot be written, or the server is being stopped.")
}

pub fn metrics() -> Operation {
    Operation::new(OPERATION, "getMetrics", "What was counted, for Prometheus")
        .about(
            "Off, and then as an address that is not there, unless the server has a `metrics.token`: that one is the bearer \
             token here, and no user's. A `metrics.listen` of its own serves it and nothing else.",
        )
        .with_metrics_token()
        .gives_text("text/plain", "Prometheus' text format.")
        .refuses(&[(404, "no_such_route")])
}
