//! What pages are made of beside their text, the same for everybody: styles, scripts, pictures.
//!
//! Pages ask for them by an address that has a hash of all of them in it, and get them for good; a newer program has
//! other addresses. Scripts import each other by the address that they have themselves.

use std::sync::LazyLock;

use axum::response::Response;
use hyper::HeaderMap;
use sha2::{Digest, Sha256};

use crate::domain::hex::hex;
use crate::http::openapi::{Describe, beside};
use crate::http::query::Query;
use crate::http::respond::{Asset, Freshness};

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const PNG: &str = "image/png";
const MANIFEST: &str = "application/manifest+json";

/// Where the script is that keeps the last week for when there is no connection. What it may look after begins at its
/// own path, so that it is no other one's neighbour.
pub const KEEPER: &str = "/keeper.js";

/// One of them, as it is shipped.
pub struct File {
    pub path: &'static str,
    pub describe: Describe,
    content_type: &'static str,
    body: &'static [u8],
}

macro_rules! files {
    ($($name:literal $content_type:ident $describe:ident)*) => {
        &[$(File {
            path: concat!("/assets/", $name),
            describe: beside::$describe,
            content_type: $content_type,
            body: include_bytes!($name),
        }),*]
    };
}

pub const FILES: &[File] = files! {
    "base.css" CSS base_style
    "account.css" CSS account_style
    "week.css" CSS week_style
    "interface.css" CSS interface_style
    "set-up.js" SCRIPT set_up_script
    "app.js" SCRIPT app_script
    "morph.js" SCRIPT morph_script
    "keys.js" SCRIPT keys_script
    "week.js" SCRIPT week_script
    "quick.js" SCRIPT quick_script
    "rules-editor.js" SCRIPT rules_editor_script
    "icon.svg" SVG icon
    "icon-192.png" PNG small_icon
    "icon-512.png" PNG large_icon
    "app.webmanifest" MANIFEST manifest
};

/// What the week needs when there is no connection.
const KEPT: [&str; 8] = ["base.css", "week.css", "app.js", "morph.js", "keys.js", "week.js", "quick.js", "icon.svg"];

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for file in FILES {
        hash.update(file.path);
        hash.update(file.body);
    }
    hex(&hash.finalize()[..6])
});

static ASSETS: LazyLock<Vec<Asset>> =
    LazyLock::new(|| FILES.iter().map(|file| Asset::new(file.content_type, file.body)).collect());

static KEEPER_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let kept = serde_json::json!(KEPT.map(address));
    let source = format!("const VERSION = \"{}\";\nconst ASSETS = {kept};\n{}", *VERSION, include_str!("keeper.js"));
    Asset::new(SCRIPT, source)
});

/// Where a page finds one of them.
pub fn address(name: &str) -> String {
    format!("/assets/{name}?v={}", *VERSION)
}

/// `GET /assets/…`, of the one at this place in the list.
pub fn answer(at: usize, headers: &HeaderMap, query: &Query) -> Response {
    let is_current = query.text("v") == Some(VERSION.as_str());
    let freshness = if is_current { Freshness::ForGood } else { Freshness::AskEachTime };
    ASSETS[at].answer(headers, freshness)
}

/// `GET /keeper.js`
pub async fn keeper(headers: HeaderMap) -> Response {
    KEEPER_SCRIPT.answer(&headers, Freshness::AskEachTime)
}
