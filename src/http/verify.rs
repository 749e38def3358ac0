//! `/api/admin/verify`: whether histories lead to what there is, and give the timelines that were served, in pieces.

use axum::response::Response;
use hyper::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;

use super::doctor::{FindingJson, PLACE};
use super::errors::HttpError;
use super::extract::Administering;
use super::negotiate::language;
use super::query::Query;
use super::respond::json;
use crate::domain::lang::Lang;
use crate::service::verification::Verified;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Verified")]
#[serde(rename_all = "camelCase")]
pub struct VerifiedJson<'a> {
    /// Whose history it was; null where there is nobody.
    user: Option<&'a str>,
    /// Generations that were looked at.
    generations: u64,
    /// Of these, whose timeline was planned again and compared with what was noted then.
    compared: u64,
    /// Whose timeline was not noted: of commits without a plan, as imports, and of versions that noted none.
    not_noted: u64,
    /// Whose one was planned with another version, other rules of the server or other time zones than now.
    other_basis: u64,
    /// What of these is another, in the asker's language.
    differing: Vec<&'static str>,
    /// Whose rules could not be run to their end now; another time they may.
    not_told: u64,
    findings: Vec<FindingJson<'a>>,
    /// Generations of everybody who is looked at; in the first piece alone.
    total: Option<u64>,
    /// What to ask for with `place`; null at the end.
    next: Option<&'a str>,
}

/// `GET /api/admin/verify`
pub async fn verify(asked: Administering, query: Query, headers: HeaderMap) -> Result<Response, HttpError> {
    let place = query.text("place").unwrap_or_default();
    let verified = asked.site.service.verify(place, query.text("user")).await?;
    let verified = verified.ok_or(HttpError::MalformedQuery { name: "place", expected: PLACE })?;
    Ok(json(&VerifiedJson::new(&verified, language(&headers)), None))
}

impl<'a> VerifiedJson<'a> {
    fn new(verified: &'a Verified, lang: Lang) -> VerifiedJson<'a> {
        VerifiedJson {
            user: verified.user.as_deref(),
            generations: verified.generations,
            compared: verified.compared,
            not_noted: verified.not_noted,
            other_basis: verified.other_basis,
            differing: verified.differing.iter().map(|part| part.text(lang)).collect(),
            not_told: verified.not_told,
            findings: verified.findings.iter().map(|finding| FindingJson::new(finding, lang)).collect(),
            total: verified.total,
            next: verified.next.as_deref(),
        }
    }
}
