//! `/api/admin/doctor`: whether everything that is kept is in order, in pieces; and `/api/admin/compact`.

use axum::response::Response;
use hyper::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;

use super::errors::HttpError;
use super::extract::Administering;
use super::negotiate::language;
use super::query::Query;
use super::respond::json;
use crate::domain::lang::{Lang, Phrase};
use crate::service::doctor::{Examined, Finding, FindingState, Manner, of_backups};
use crate::store::{Compacted, SCHEMA_VERSION};

pub(super) const PLACE: Phrase = Phrase {
    en: "next of the piece before, or left out to begin",
    de: "next des Stücks davor, oder weggelassen für den Anfang",
};

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Examined")]
#[serde(rename_all = "camelCase")]
pub struct ExaminedJson<'a> {
    /// Of the program.
    version: &'static str,
    /// The form of the database that the program knows.
    schema: u32,
    /// What was looked at.
    part: &'static str,
    /// Rows of the database, accounts, or single things.
    looked_at: u64,
    findings: Vec<FindingJson<'a>>,
    /// What to ask for with `place`; null at the end.
    next: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Finding")]
pub struct FindingJson<'a> {
    /// The stable word for what it is.
    code: &'static str,
    /// A table of the database, or what else was looked at.
    part: &'static str,
    /// The account's name, or its number where it has none.
    user: Option<&'a str>,
    /// A file, a name, a path.
    row: Option<&'a str>,
    /// What is wrong, in the asker's language.
    what: &'a str,
    /// What to do, in the asker's language.
    remedy: &'a str,
    /// `note` is nothing wrong; `wrong` is for somebody to see to; `mendable` a repair mends, and `mended` one has.
    #[schemars(regex(pattern = "^(note|wrong|mendable|mended)$"))]
    state: &'static str,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Compacted")]
#[serde(rename_all = "camelCase")]
pub struct CompactedJson {
    ok: bool,
    /// What the database's file took of the disk. Its length may be more: what it grows into next takes nothing yet.
    bytes_before: u64,
    bytes_after: u64,
}

/// `GET /api/admin/doctor`
pub async fn look(asked: Administering, query: Query, headers: HeaderMap) -> Result<Response, HttpError> {
    examine(asked, &query, &headers, false).await
}

/// `POST /api/admin/doctor`
pub async fn mend(asked: Administering, query: Query, headers: HeaderMap) -> Result<Response, HttpError> {
    examine(asked, &query, &headers, true).await
}

async fn examine(
    asked: Administering,
    query: &Query,
    headers: &HeaderMap,
    repairs: bool,
) -> Result<Response, HttpError> {
    let manner = Manner { repairs, is_alone: query.flag("alone")? };
    let examined = asked.site.service.examine(query.text("place").unwrap_or_default(), manner).await?;
    let mut examined = examined.ok_or(HttpError::MalformedQuery { name: "place", expected: PLACE })?;
    // The first piece is about what is around the database.
    if query.text("place").is_none() {
        examined.findings.extend(asked.site.backups.as_ref().and_then(|schedule| of_backups(&schedule.standing())));
    }
    let mended = examined.findings.iter().filter(|finding| finding.state == FindingState::Mended).count();
    if mended > 0 {
        tracing::info!(by = asked.by(), mended, part = examined.part, "what is derived was mended");
    }
    Ok(json(&ExaminedJson::new(&examined, language(headers)), None))
}

/// `POST /api/admin/compact`
pub async fn compact(asked: Administering) -> Result<Response, HttpError> {
    let Compacted { bytes_before, bytes_after } = asked.site.service.compact().await?;
    tracing::info!(by = asked.by(), bytes_before, bytes_after, "unused space of the database was given back");
    Ok(json(&CompactedJson { ok: true, bytes_before, bytes_after }, None))
}

impl<'a> ExaminedJson<'a> {
    fn new(examined: &'a Examined, lang: Lang) -> ExaminedJson<'a> {
        ExaminedJson {
            version: env!("CARGO_PKG_VERSION"),
            schema: SCHEMA_VERSION,
            part: examined.part,
            looked_at: examined.looked_at,
            findings: examined.findings.iter().map(|finding| FindingJson::new(finding, lang)).collect(),
            next: examined.next.as_deref(),
        }
    }
}

impl<'a> FindingJson<'a> {
    pub(super) fn new(finding: &'a Finding, lang: Lang) -> FindingJson<'a> {
        FindingJson {
            code: finding.code,
            part: finding.part,
            user: finding.user.as_deref(),
            row: finding.row.as_deref(),
            what: finding.what.text(lang),
            remedy: finding.remedy.text(lang),
            state: match finding.state {
                FindingState::Note => "note",
                FindingState::Wrong => "wrong",
                FindingState::Mendable => "mendable",
                FindingState::Mended => "mended",
            },
        }
    }
}
