//! `/api/history` and `/api/undo`.

use std::borrow::Cow;

use axum::response::Response;
use hyper::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;

use super::errors::HttpError;
use super::extract::{Asked, JsonObject, MaybeJson, TaskId, idempotency_key};
use super::negotiate::language;
use super::prefer::{PushedJson, Wait};
use super::query::Query;
use super::respond::{json, settings_json};
use super::wire::{Known, WHOLE_NUMBER};
use crate::domain::lang::{Lang, Phrase};
use crate::service::error::{Fault, Refusal};
use crate::service::history::{Moment, PAGE_MAX, Page, Past, PastState, Undone};
use crate::store::Entries;
use crate::view::json::utc;
use crate::view::rules::RuleJson;

const LIMIT: Phrase = Phrase { en: "a number from 1 to 5000", de: "eine Zahl von 1 bis 5000" };

/// Entries of a page unless the client says otherwise.
const PAGE_DEFAULT: usize = 100;

/// A page of the history, the latest change first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "History")]
pub struct PageJson<'a> {
    entries: Vec<EntryJson<'a>>,
    /// The value for `before` that gives the next page; null on the last.
    next: Option<String>,
}

/// One change.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HistoryEntry")]
struct EntryJson<'a> {
    /// The generation that it made.
    generation: u64,
    /// When, RFC 3339.
    at: String,
    /// Who did it.
    actor: &'a str,
    /// The way that it came: the name of a token, `import`, …
    through: &'a str,
    /// What was done: `create`, `update`, `complete`, …
    verb: &'a str,
    /// The same in words, in the asker's language.
    summary: String,
    /// The file that was changed; null for the settings and the rules.
    file: Option<Cow<'a, str>>,
    /// The whole document, the settings or the list of rules as JSON; null where there was none.
    /// Of a merge that a sync made: the version that was not taken.
    before: Option<Cow<'a, str>>,
    /// Of a merge: the version that was taken.
    after: Option<Cow<'a, str>>,
    /// Whether both sides had changed the same when a sync merged them: somebody should look at it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    conflict: bool,
    /// Whether it happened in another account, and came with an import; it cannot be taken back here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    brought: bool,
}

/// A change that was taken back.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Undone")]
pub struct UndoneJson {
    /// Always true.
    ok: bool,
    /// The generation that this made.
    generation: u64,
    /// The generation that was taken back.
    undone: u64,
    /// The documents that are now as they were before; none for a change of the settings or the rules.
    files: Vec<String>,
    #[serde(flatten)]
    git: PushedJson,
    /// Whether this is the answer to an earlier request with the same `Idempotency-Key`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reused: bool,
}

/// The fields that an undo takes.
pub const UNDO_FIELDS: [&str; 1] = ["generation"];

pub async fn list(asked: Asked, query: Query, headers: HeaderMap) -> Result<Response, HttpError> {
    page(asked, None, &query, &headers).await
}

pub async fn of_task(
    asked: Asked,
    TaskId(id): TaskId,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    page(asked, Some(id), &query, &headers).await
}

async fn page(asked: Asked, task: Option<String>, query: &Query, headers: &HeaderMap) -> Result<Response, HttpError> {
    let limit = query.number("limit", 1..=PAGE_MAX as u64, LIMIT)?;
    let count = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_DEFAULT);
    let before = query.text("before").map(moment).transpose()?;
    let page = asked.site.service.history(asked.actor.user, task, before, count).await?;
    Ok(json(&page_json(&page, language(headers)), None))
}

/// A generation, or a place within one as `next` gives it: `17` or `17.3`.
fn moment(text: &str) -> Result<Moment, HttpError> {
    let (generation, index) = text.split_once('.').unwrap_or((text, "0"));
    let moment = generation.parse().ok().zip(index.parse().ok());
    let expected = Phrase { en: "a generation, or the value of next", de: "eine Generation oder der Wert von next" };
    moment
        .map(|(generation, index)| Moment(generation, index))
        .ok_or(HttpError::MalformedQuery { name: "before", expected })
}

fn page_json(page: &Page, lang: Lang) -> PageJson<'_> {
    let next = page.next.map(|Moment(generation, index)| format!("{generation}.{index}"));
    PageJson { entries: page.changes.iter().map(|past| entry(past, lang)).collect(), next }
}

fn entry(past: &Past, lang: Lang) -> EntryJson<'_> {
    let raw_text = |raw: &'_ Option<Vec<u8>>| raw.as_ref().map(|raw| String::from_utf8_lossy(raw).into_owned().into());
    let (file, before, after) = match &past.what {
        PastState::Document { key, before, after } => {
            (Some(key.file.as_str().into()), raw_text(before), raw_text(after))
        }
        PastState::Merged { file, lost, kept, .. } => (Some(file.name()), raw_text(lost), raw_text(kept)),
        PastState::Settings { before, after } => {
            let text = |settings| serde_json::to_string(&settings_json(settings)).ok().map(Cow::from);
            (None, text(*before), text(*after))
        }
        PastState::Rules { before, after } => {
            let text = |entries: &'_ Option<Entries>| {
                entries
                    .as_deref()
                    .and_then(|entries| serde_json::to_string(&RuleJson::list(entries)).ok())
                    .map(Cow::from)
            };
            (None, text(before), text(after))
        }
    };
    EntryJson {
        generation: past.generation.0,
        at: utc(past.at),
        actor: &past.actor,
        through: &past.through,
        verb: &past.verb,
        summary: summary(past, lang),
        file,
        before,
        after,
        conflict: past.is_conflict(),
        brought: past.is_brought,
    }
}

/// What was done, in words.
pub fn summary(past: &Past, lang: Lang) -> String {
    let subject = match &past.what {
        PastState::Document { key, .. } => key.file.as_str().into(),
        PastState::Merged { file, .. } => file.name(),
        PastState::Settings { .. } => "".into(),
        PastState::Rules { .. } => lang.pick("the rules", "Regeln").into(),
    };
    let done = match past.verb.as_str() {
        "import" if matches!(past.what, PastState::Settings { .. }) => {
            return lang.pick("imported the settings", "Einstellungen importiert").to_owned();
        }
        "create" => lang.pick("added", "angelegt"),
        "update" => lang.pick("changed", "geändert"),
        "complete" => lang.pick("completed", "erledigt"),
        "cancel" => lang.pick("cancelled", "abgebrochen"),
        "reopen" => lang.pick("reopened", "wieder geöffnet"),
        "pin" => lang.pick("pinned", "festgelegt"),
        "unpin" => lang.pick("unpinned", "gelöst"),
        "delete" => lang.pick("removed", "entfernt"),
        "import" => lang.pick("imported", "importiert"),
        "merge" => lang.pick("merged", "zusammengeführt"),
        "sync" => lang.pick("took over", "übernommen"),
        "undo" => lang.pick("took back", "zurückgenommen"),
        "rules" => return lang.pick("changed the rules", "Regeln geändert").to_owned(),
        "remove_rules" => return lang.pick("removed the rules", "Regeln entfernt").to_owned(),
        "restore_rules" => return lang.pick("restored earlier rules", "frühere Regeln wiederhergestellt").to_owned(),
        "settings" => return lang.pick("changed the settings", "Einstellungen geändert").to_owned(),
        other => other,
    };
    lang.pick(format!("{done} {subject}"), format!("{subject} {done}")).trim().to_owned()
}

pub async fn undo(asked: Asked, headers: HeaderMap, MaybeJson(object): MaybeJson) -> Result<Response, HttpError> {
    let key = idempotency_key(&headers, "POST /api/undo", "", object.as_ref())?;
    let generation = object.as_ref().map_or(Ok(None), generation)?;
    let undone = asked.site.service.undo(asked.actor.user, asked.origin(), generation, key).await?;
    let Undone { generation, undone, files, reused } = undone;
    let wait = Wait::of(&headers);
    let git = asked.pushed(generation, wait).await;
    Ok(wait.told(json(&UndoneJson { ok: true, generation, undone, files, git, reused }, None)))
}

fn generation(object: &JsonObject) -> Result<Option<u64>, Refusal> {
    let wrong = || Refusal::field("generation", Fault::WrongType { expected: WHOLE_NUMBER });
    let wanted = Known::of(&object.fields, &UNDO_FIELDS)?.value("generation").filter(|value| !value.is_null());
    wanted.map(|value| value.as_u64().ok_or_else(wrong)).transpose()
}
