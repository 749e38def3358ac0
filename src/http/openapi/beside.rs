//! Descriptions of what is there for browsers and for whoever runs the server.

use super::operation::Operation;
use crate::http::probes::ProbeJson;

const PAGES: &str = "Pages";
const OPERATION: &str = "Operation";

fn style(id: &'static str, summary: &'static str) -> Operation {
    Operation::new(PAGES, id, summary).gives_text("text/css", "The style sheet.").conditional().of_nobody()
}

pub fn base_style() -> Operation {
    style("getBaseStyle", "The style that all pages share").of_everybody()
}

pub fn account_style() -> Operation {
    style("getAccountStyle", "The style of the pages of accounts").of_everybody()
}

pub fn set_up_script() -> Operation {
    Operation::new(PAGES, "getSetUpScript", "What lets a browser say its time zone and language at set-up")
        .gives_text("text/javascript", "The script.")
        .conditional()
        .of_everybody()
}

pub fn week_style() -> Operation {
    style("getWeekStyle", "The style of the week's page")
}

pub fn interface_style() -> Operation {
    style("getInterfaceStyle", "The style of this document's page")
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
