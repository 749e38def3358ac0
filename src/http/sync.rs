//! `/sync` and `/api/sync`: the sync with Git, how it stands, and a remote of one's own.

use axum::response::{IntoResponse, Response};
use chrono::SubsecRound;
use hyper::HeaderMap;
use hyper::header::{ALLOW, HeaderValue};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::errors::HttpError;
use super::extract::{Asked, JsonObject};
use super::negotiate::language;
use super::query::Query;
use super::respond::json;
use super::wire::{self, Known};
use crate::domain::ids::{ObjectName, TaskNumber};
use crate::domain::lang::{Lang, Phrase};
use crate::service::error::{Fault, Refusal, ServiceError};
use crate::service::sync::{
    Activity, ConflictLine, Mode, Notice, PastConflict, RemoteFields, RemoteView, SkippedFile, SyncMode, SyncProblem,
    SyncReport, SyncRequest, SyncStatus,
};
use crate::view::json::utc;

/// What the query of a sync can say.
pub const PARAMETERS: [&str; 4] = ["mode", "ref", "since", "clean"];
/// The fields of a remote.
pub const REMOTE_FIELDS: [&str; 6] = ["remote", "branch", "base_path", "username", "token", "mode"];

const MODES: Phrase = Phrase { en: "full or diff", de: "full oder diff" };
const COMMIT: Phrase =
    Phrase { en: "the name of a commit, 40 hexadecimal digits", de: "der Name eines Commits, 40 hexadezimale Ziffern" };
const CLEAN: Phrase = Phrase { en: "left out, or sent with mode=full", de: "weggelassen oder mit mode=full gesendet" };
const WAYS: Phrase = Phrase {
    en: "push, pull-only or off; pull-request is not built yet",
    de: "push, pull-only oder off; pull-request gibt es noch nicht",
};

/// What a sync did.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Synced")]
#[serde(rename_all = "camelCase")]
pub struct SyncedJson<'a> {
    /// Always true.
    ok: bool,
    /// `full` or `diff`.
    mode: &'static str,
    /// The branch.
    #[serde(rename = "ref")]
    branch: &'a str,
    /// Your name.
    user_id: &'a str,
    /// `own` for a repository of one's own, `shared` for the server's.
    scope: &'static str,
    /// How many files of yours are others now.
    changed: usize,
    /// How many are gone.
    removed: usize,
    /// How many of the repository cannot be taken.
    skipped: usize,
    /// The number of the next new task; null when none is left.
    next_id: Option<u32>,
    /// Always 0: nothing is kept that a sync would have to clear.
    cache_cleared: u8,
    /// Files that both sides had changed.
    merged: &'a [String],
    /// Where both had changed the same, and what became of it; the history keeps what gave way.
    conflicts: Vec<ConflictJson<'a>>,
    /// The files that `changed`, `removed` and `skipped` count; of those skipped at most 1,000.
    files: SyncedFilesJson<'a>,
    /// How many commits were pushed.
    pushed: usize,
    /// The branch's commit now; null as long as there is none.
    head: Option<String>,
    /// Your generation now.
    generation: u64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SyncedFiles")]
struct SyncedFilesJson<'a> {
    changed: &'a [String],
    /// Those of the changed that are new.
    added: &'a [String],
    /// Those of the added that had another name, which is among the removed.
    renamed: Vec<RenamedJson<'a>>,
    removed: &'a [String],
    skipped: Vec<SkippedJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RenamedFile")]
struct RenamedJson<'a> {
    from: &'a str,
    to: &'a str,
}

/// A file that cannot be taken.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SkippedFile")]
struct SkippedJson<'a> {
    file: &'a str,
    /// Why, in the asker's language.
    reason: &'a str,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SyncConflict")]
struct ConflictJson<'a> {
    file: &'a str,
    /// What was in conflict and what became of it, in the asker's language.
    what: &'a str,
}

impl<'a> SkippedJson<'a> {
    fn list(skipped: &'a [SkippedFile], lang: Lang) -> Vec<SkippedJson<'a>> {
        let line = |skipped: &'a SkippedFile| SkippedJson { file: &skipped.file, reason: skipped.reason.text(lang) };
        skipped.iter().map(line).collect()
    }
}

impl<'a> SyncedJson<'a> {
    fn new(user: &'a str, mode: SyncMode, report: &'a SyncReport, lang: Lang) -> SyncedJson<'a> {
        let conflict = |line: &'a ConflictLine| ConflictJson { file: &line.file, what: line.what.text(lang) };
        SyncedJson {
            ok: true,
            mode: match mode {
                SyncMode::Diff => "diff",
                SyncMode::Full => "full",
            },
            branch: &report.branch,
            user_id: user,
            scope: if report.is_own { "own" } else { "shared" },
            changed: report.changed.len(),
            removed: report.removed.len(),
            skipped: report.skipped.count(),
            next_id: report.next_number.map(TaskNumber::get),
            cache_cleared: 0,
            merged: &report.merged,
            conflicts: report.conflicts.iter().map(conflict).collect(),
            files: SyncedFilesJson {
                changed: &report.changed,
                added: &report.added,
                renamed: report.renamed.iter().map(|(from, to)| RenamedJson { from, to }).collect(),
                removed: &report.removed,
                skipped: SkippedJson::list(&report.skipped.listed, lang),
            },
            pushed: report.pushed,
            head: report.head.as_ref().map(ObjectName::to_string),
            generation: report.generation,
        }
    }
}

/// A repository; all is null where there is none.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Remote")]
#[serde(rename_all = "camelCase")]
pub struct RemoteJson {
    /// Its URL, or its path on the server.
    remote: Option<String>,
    branch: Option<String>,
    /// The folder of all users' files in it; may be empty.
    #[serde(rename = "base_path")]
    base_path: Option<String>,
    /// Who the server is there.
    username: Option<String>,
    /// `push` for both ways, `pull-only`, or `off`.
    mode: Option<&'static str>,
    /// Whether a token is kept for it, which is never shown again.
    has_token: bool,
    /// Whether it is your own, and not the server's.
    is_own: bool,
}

impl From<Option<RemoteView>> for RemoteJson {
    fn from(view: Option<RemoteView>) -> RemoteJson {
        RemoteJson {
            has_token: view.as_ref().is_some_and(|view| view.has_token),
            is_own: view.as_ref().is_some_and(|view| view.is_own),
            mode: view.as_ref().map(|view| view.mode.name()),
            username: view.as_ref().and_then(|view| view.asked_as().map(str::to_owned)),
            base_path: view.as_ref().map(|view| view.base_path.clone()),
            branch: view.as_ref().map(|view| view.branch.clone()),
            remote: view.map(|view| view.address),
        }
    }
}

/// A repository of one's own that was set.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ChangedRemote")]
pub struct ChangedRemoteJson {
    /// Always true.
    ok: bool,
    #[serde(flatten)]
    remote: RemoteJson,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RemovedRemote")]
pub struct RemovedRemoteJson {
    /// Always true.
    ok: bool,
    /// Whether there was one.
    removed: bool,
}

/// How the sync with Git stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SyncStatus")]
#[serde(rename_all = "camelCase")]
pub struct StatusJson<'a> {
    #[serde(flatten)]
    remote: RemoteJson,
    /// `off`, `idle`, `running`, or `waiting` for another try.
    state: &'static str,
    /// The branch's commit as last seen.
    head: Option<String>,
    /// The commit whose files were last merged.
    base: Option<String>,
    /// How many changes wait to be pushed.
    outbox: usize,
    /// Since when the first of them waits; RFC 3339, as the other instants.
    outbox_since: Option<String>,
    /// How many changes stay here, because nothing is pushed in this mode.
    only_here: usize,
    last_success: Option<String>,
    /// Why the last sync failed; null when it did not.
    problem: Option<ProblemJson<'a>>,
    /// When the next one is to begin.
    next: Option<String>,
    /// Files of the repository that cannot be taken as they are, and are not written over; at most about 1,000 of them.
    held: Vec<SkippedJson<'a>>,
    /// How many more there are.
    held_more: u64,
    /// How many files were changed here that wait until the repository's, among those, are mended.
    held_back: usize,
    /// What happened that is worth knowing.
    notices: Vec<NoticeJson<'a>>,
    /// What both sides had changed lately, and what became of it, the latest first: of the last 50 since the server
    /// started. The history keeps them all.
    conflicts: Vec<PastConflictJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PastSyncConflict")]
struct PastConflictJson<'a> {
    at: String,
    /// Of the change that merged it; `POST /api/undo` takes that back.
    generation: u64,
    file: &'a str,
    /// What was in conflict and what became of it, in the asker's language.
    what: &'a str,
}

/// Why a sync failed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SyncProblem")]
struct ProblemJson<'a> {
    at: String,
    /// As an error of `/sync` has it.
    code: &'static str,
    /// What is wrong and what to do, in the asker's language.
    error: &'a str,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SyncNotice")]
struct NoticeJson<'a> {
    at: String,
    text: &'a str,
}

impl<'a> ProblemJson<'a> {
    fn new(problem: &'a SyncProblem, lang: Lang) -> ProblemJson<'a> {
        ProblemJson { at: utc(problem.at), code: problem.code, error: problem.text.text(lang) }
    }
}

/// What an event tells of the sync.
#[derive(Serialize)]
pub struct EventJson<'a> {
    state: &'static str,
    head: Option<String>,
    outbox: usize,
    problem: Option<ProblemJson<'a>>,
}

impl<'a> EventJson<'a> {
    pub fn new(status: &'a SyncStatus, lang: Lang) -> EventJson<'a> {
        EventJson {
            state: state(status.activity),
            head: status.head.as_ref().map(ObjectName::to_string),
            outbox: status.outbox,
            problem: status.problem.as_ref().map(|problem| ProblemJson::new(problem, lang)),
        }
    }
}

fn state(activity: Activity) -> &'static str {
    match activity {
        Activity::Off => "off",
        Activity::Idle => "idle",
        Activity::Running => "running",
        Activity::Waiting => "waiting",
    }
}

/// `GET /sync`, which old clients send. A browser does that for a page of any site, with the session's cookie, so a
/// session gets nothing by it.
pub async fn by_get(asked: Asked, query: Query, headers: HeaderMap) -> Result<Response, HttpError> {
    if asked.actor.session().is_some() {
        let mut response = HttpError::MethodNotAllowed.into_response();
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return Ok(response);
    }
    query.check(&PARAMETERS)?;
    by_post(asked, query, headers).await
}

/// `POST /sync`
pub async fn by_post(asked: Asked, query: Query, headers: HeaderMap) -> Result<Response, HttpError> {
    let request = request(&query)?;
    let mode = request.mode;
    let report = sync(&asked, request).await?;
    Ok(json(&SyncedJson::new(asked.actor.name.as_str(), mode, &report, language(&headers)), None))
}

pub(super) async fn sync(asked: &Asked, request: SyncRequest) -> Result<SyncReport, ServiceError> {
    asked.site.service.sync_now(asked.actor.user, request).await
}

/// Everything is read anew unless it is said otherwise, as it always was.
fn request(query: &Query) -> Result<SyncRequest, HttpError> {
    let mode = match query.text("mode").map(str::to_ascii_lowercase).as_deref() {
        None | Some("full") => SyncMode::Full,
        Some("diff") => SyncMode::Diff,
        Some(_) => return Err(HttpError::MalformedQuery { name: "mode", expected: MODES }),
    };
    let malformed = HttpError::MalformedQuery { name: "since", expected: COMMIT };
    let since = query.text("since").map(|text| ObjectName::parse(&text.to_ascii_lowercase()).ok_or(malformed));
    let clean = query.flag("clean")?;
    if clean && mode == SyncMode::Diff {
        return Err(HttpError::MalformedQuery { name: "clean", expected: CLEAN });
    }
    Ok(SyncRequest { mode, branch: query.text("ref").map(str::to_owned), since: since.transpose()?, clean })
}

/// `GET /api/sync`
pub async fn status(asked: Asked, headers: HeaderMap) -> Result<Response, HttpError> {
    let status = asked.site.service.sync_status(asked.actor.user).await?;
    Ok(json(&status_json(&status, language(&headers)), None))
}

fn status_json(status: &SyncStatus, lang: Lang) -> StatusJson<'_> {
    StatusJson {
        remote: status.remote.clone().into(),
        state: state(status.activity),
        head: status.head.as_ref().map(ObjectName::to_string),
        base: status.base.as_ref().map(ObjectName::to_string),
        outbox: status.outbox,
        outbox_since: status.outbox_since.map(utc),
        only_here: status.only_here,
        last_success: status.last_success.map(utc),
        problem: status.problem.as_ref().map(|problem| ProblemJson::new(problem, lang)),
        next: status.next_at.map(|at| utc(at.trunc_subsecs(3))),
        held: SkippedJson::list(&status.held.listed, lang),
        held_more: status.held.more as u64,
        held_back: status.held_back,
        notices: status.notices.iter().map(|notice| notice_json(notice, lang)).collect(),
        conflicts: status.conflicts.iter().map(|conflict| past_conflict(conflict, lang)).collect(),
    }
}

fn notice_json(notice: &Notice, lang: Lang) -> NoticeJson<'_> {
    NoticeJson { at: utc(notice.at), text: notice.text.text(lang) }
}

fn past_conflict(conflict: &PastConflict, lang: Lang) -> PastConflictJson<'_> {
    let PastConflict { at, generation, file, what } = conflict;
    PastConflictJson { at: utc(*at), generation: generation.0, file, what: what.text(lang) }
}

/// `GET /api/sync/remote`
pub async fn remote(asked: Asked) -> Result<Response, HttpError> {
    Ok(json(&RemoteJson::from(asked.site.service.own_remote(asked.actor.user).await?), None))
}

/// `PUT /api/sync/remote`
pub async fn set_remote(asked: Asked, object: JsonObject) -> Result<Response, HttpError> {
    let remote = set(&asked, remote_fields(&object.fields)?).await?;
    Ok(json(&ChangedRemoteJson { ok: true, remote: Some(remote).into() }, None))
}

pub(super) async fn set(asked: &Asked, fields: RemoteFields) -> Result<RemoteView, ServiceError> {
    let set = asked.site.service.set_own_remote(asked.actor.user, fields).await?;
    tracing::info!(user = %asked.actor.name, mode = set.mode.name(), "a repository of one's own was set");
    Ok(set)
}

fn remote_fields(object: &Map<String, Value>) -> Result<RemoteFields, Refusal> {
    let known = Known::of(object, &REMOTE_FIELDS)?;
    let token = match known.value("token") {
        None => None,
        Some(_) => Some(known.text("token")?),
    };
    if token.as_ref().is_some_and(|token| token.as_deref() == Some("")) {
        return Err(Refusal::field("token", Fault::Empty));
    }
    Ok(RemoteFields {
        remote: known.text("remote")?.ok_or(wire::missing("remote"))?,
        branch: known.text("branch")?,
        base_path: known.text("base_path")?,
        username: known.text("username")?,
        mode: known.text("mode")?.map(|text| mode(&text)).transpose()?,
        token,
    })
}

pub(super) fn mode(text: &str) -> Result<Mode, Refusal> {
    Mode::parse(text).ok_or_else(|| Refusal::field("mode", Fault::Malformed { expected: WAYS }))
}

/// `DELETE /api/sync/remote`
pub async fn remove_remote(asked: Asked) -> Result<Response, HttpError> {
    let removed = remove(&asked).await?;
    Ok(json(&RemovedRemoteJson { ok: true, removed }, None))
}

pub(super) async fn remove(asked: &Asked) -> Result<bool, ServiceError> {
    let removed = asked.site.service.remove_own_remote(asked.actor.user).await?;
    if removed {
        tracing::info!(user = %asked.actor.name, "a repository of one's own was removed");
    }
    Ok(removed)
}
