//! An export as JSON: it is written piece by piece, and these are the pieces.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;

use super::rules::RuleJson;
use super::settings::SettingsJson;

/// What an export begins with.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportHeadJson<'a> {
    /// Always `codexmiroir`.
    pub format: &'static str,
    /// Of this form; a newer server may write a higher one.
    pub version: u32,
    pub user: &'a str,
    /// The generation that all of it is of.
    pub generation: u64,
    /// When that was committed, RFC 3339.
    pub committed_at: String,
    /// The number that the next new task gets; null when all are used up.
    pub next_available_id: Option<String>,
    pub settings: SettingsJson,
    /// The user's own rules; null where there are none.
    pub rules: Option<Vec<RuleJson<'a>>>,
}

/// A document's bytes: `text`, or `base64` where they are none.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Raw")]
pub struct RawJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl RawJson<'_> {
    pub fn of(bytes: &[u8]) -> RawJson<'_> {
        match std::str::from_utf8(bytes) {
            Ok(text) => RawJson { text: Some(text), base64: None },
            Err(_) => RawJson { text: None, base64: Some(STANDARD.encode(bytes)) },
        }
    }
}

/// A task file.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Document")]
pub struct DocumentJson<'a> {
    pub file: &'a str,
    #[serde(flatten)]
    pub raw: RawJson<'a>,
}

/// A change of the history, with what it changed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ExportedChange")]
pub struct ChangeJson<'a> {
    /// The generation that it made.
    pub generation: u64,
    /// When, RFC 3339.
    pub at: String,
    pub actor: &'a str,
    /// The way that it came.
    pub through: &'a str,
    pub verb: &'a str,
    /// The file that was changed; null for the settings and the rules.
    pub file: Option<Cow<'a, str>>,
    /// Null where there was none. Of a merge that a sync made: the version that was not taken.
    pub before: Option<StateJson<'a>>,
    /// Of a merge: the version that was taken.
    pub after: Option<StateJson<'a>>,
    /// Whether both sides had changed the same when a sync merged them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub conflict: bool,
    /// Whether a sync merged two versions here, and this is what became of them; nothing else was changed by it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub merged: bool,
    /// Whether it happened in another account, and came with an import.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub brought: bool,
}

/// What was, or is, in the place of the change.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "State")]
pub enum StateJson<'a> {
    Settings(SettingsJson),
    Document(RawJson<'a>),
    Rules(Vec<RuleJson<'a>>),
}
