//! `/api/tasks/{id}/moves`: what moved a task.

use axum::response::Response;
use chrono::{DateTime, Utc};
use hyper::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;

use super::errors::HttpError;
use super::extract::{Asked, TaskId};
use super::history::summary;
use super::negotiate::language;
use super::query::Query;
use super::respond::json;
use crate::domain::boundary::Boundary;
use crate::domain::ids::Generation;
use crate::domain::lang::{Lang, Phrase};
use crate::service::moves::{Cause, Committed, MOVES_MAX, Moved, Page, Place};
use crate::view::json::utc;
use crate::view::standing::StandingJson;

const LIMIT: Phrase = Phrase { en: "a number from 1 to 100", de: "eine Zahl von 1 bis 100" };
const BEFORE: Phrase = Phrase { en: "the value of next", de: "der Wert von next" };

/// Moves of a page unless the client says otherwise.
const PAGE_DEFAULT: usize = 20;

/// Some moves of a task, the latest first.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Moves")]
pub struct MovesJson<'a> {
    id: String,
    file: &'a str,
    /// Where it stands, on the first page now; null where it is not open or not there.
    standing: Option<StandingJson<'a>>,
    /// Since when, RFC 3339; null where no move was found yet.
    since: Option<String>,
    moves: Vec<MoveJson<'a>>,
    looked_back_to: PlaceJson,
    /// The value for `before` that goes on, perhaps to a page without a move; null at the account's beginning.
    next: Option<String>,
    /// When another version of the program, other rules of the server or other time zones came to be planned with: what
    /// that moved is not among the moves.
    bases: Vec<BasisJson>,
}

/// A place in the past.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PastPlace")]
struct PlaceJson {
    generation: u64,
    /// RFC 3339.
    at: String,
}

/// One time that the task came to stand elsewhere.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TaskMove")]
struct MoveJson<'a> {
    /// When, RFC 3339.
    at: String,
    /// The generation that the user stood at afterwards.
    generation: u64,
    /// Null where it was not open or not there.
    from: Option<StandingJson<'a>>,
    to: Option<StandingJson<'a>>,
    cause: CauseJson<'a>,
    /// Whether that generation was planned with something else than now: what was shown then may have been another.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    other_basis: bool,
}

/// What moved it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MoveCause")]
struct CauseJson<'a> {
    /// A change of `tasks`, `rules` or `settings`, what a `sync` brought, the `clock`, or `clock_set_back`.
    #[schemars(regex(pattern = "^(tasks|rules|settings|sync|clock|clock_set_back)$"))]
    kind: &'static str,
    /// In words, in the asker's language.
    summary: String,
    /// Of the clock: `midnight`, `slot_began`, `cutoff` or `slot_ended`, and of which slot.
    #[serde(skip_serializing_if = "Option::is_none")]
    boundary: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zeit: Option<&'a str>,
    /// Of a change: who did it, and by which way it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<&'a str>,
    /// Of a change: how many there were in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    /// And the first ten of them, that of the task itself in front.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<ChangeJson<'a>>,
}

/// One change of those that moved it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MovingChange")]
struct ChangeJson<'a> {
    /// What was done: `create`, `complete`, …
    verb: &'a str,
    /// The same in words, in the asker's language.
    summary: String,
    /// The file; null for the settings and the rules.
    file: Option<std::borrow::Cow<'a, str>>,
}

/// From when on something else was planned with.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BasisChange")]
struct BasisJson {
    /// RFC 3339.
    at: String,
    /// In the asker's language.
    differing: Vec<&'static str>,
}

/// `GET /api/tasks/{id}/moves`
pub async fn of_task(
    asked: Asked,
    TaskId(id): TaskId,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let limit = query.number("limit", 1..=MOVES_MAX as u64, LIMIT)?;
    let count = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_DEFAULT);
    let before = query.text("before").map(place).transpose()?;
    let page = asked.site.service.moves(asked.actor.user, id, before, count).await?;
    asked.site.counts.what_if.add(1);
    Ok(json(&MovesJson::new(&page, before.is_none(), language(&headers)), None))
}

/// A place as `next` gives it: a generation and milliseconds.
pub(in crate::http) fn place(text: &str) -> Result<Place, HttpError> {
    let read = || {
        let (generation, millis) = text.split_once('.')?;
        let at = DateTime::from_timestamp_millis(millis.parse().ok()?)?;
        // What a client may ask a timeline for.
        let at = crate::domain::date::parse_instant(&utc(at))?;
        Some(Place { generation: Generation(generation.parse().ok()?), at })
    };
    read().ok_or(HttpError::MalformedQuery { name: "before", expected: BEFORE })
}

/// The same the other way round.
pub(in crate::http) fn place_text(Place { generation, at }: Place) -> String {
    format!("{generation}.{}", at.timestamp_millis())
}

impl<'a> MovesJson<'a> {
    fn new(page: &'a Page, is_first: bool, lang: Lang) -> MovesJson<'a> {
        let next = page.next.map(place_text);
        let since = page.moves.first().filter(|_| is_first).map(|last| utc(last.at));
        let basis = |(at, differing): &(DateTime<Utc>, Vec<Phrase>)| BasisJson {
            at: utc(*at),
            differing: differing.iter().map(|part| part.text(lang)).collect(),
        };
        MovesJson {
            id: page.task.number.map_or_else(|| page.task.file.stem().to_owned(), |number| number.to_string()),
            file: page.task.file.as_str(),
            standing: page.standing.as_ref().map(|stand| StandingJson::of(stand, lang)),
            since,
            moves: page.moves.iter().map(|moved| MoveJson::new(moved, lang)).collect(),
            looked_back_to: PlaceJson { generation: page.reached.generation.0, at: utc(page.reached.at) },
            next,
            bases: page.bases.iter().map(basis).collect(),
        }
    }
}

impl<'a> MoveJson<'a> {
    fn new(moved: &'a Moved, lang: Lang) -> MoveJson<'a> {
        MoveJson {
            at: utc(moved.at),
            generation: moved.generation.0,
            from: moved.from.as_ref().map(|stand| StandingJson::of(stand, lang)),
            to: moved.to.as_ref().map(|stand| StandingJson::of(stand, lang)),
            cause: CauseJson::of(&moved.cause, lang),
            other_basis: moved.is_of_other_basis,
        }
    }
}

impl<'a> CauseJson<'a> {
    fn of(cause: &'a Cause, lang: Lang) -> CauseJson<'a> {
        let kind = match cause {
            Cause::Commit(commit) => commit.kind.as_str(),
            Cause::Clock(_) => "clock",
            Cause::ClockSetBack => "clock_set_back",
        };
        let (boundary, zeit, actor, through) = (None, None, None, None);
        let bare = CauseJson {
            kind,
            summary: words(cause, lang),
            boundary,
            zeit,
            actor,
            through,
            count: None,
            changes: Vec::new(),
        };
        match cause {
            Cause::Commit(commit) => bare.of_commit(commit, lang),
            Cause::Clock(boundary) => CauseJson { boundary: Some(boundary.code()), zeit: boundary.zeit(), ..bare },
            Cause::ClockSetBack => bare,
        }
    }

    fn of_commit(self, commit: &'a Committed, lang: Lang) -> CauseJson<'a> {
        let first = commit.changes.first();
        let change = |past: &'a crate::service::history::Past| ChangeJson {
            verb: &past.verb,
            summary: summary(past, lang),
            file: past.what.file(),
        };
        CauseJson {
            actor: first.map(|first| first.actor.as_str()),
            through: first.map(|first| first.through.as_str()),
            count: Some(commit.count),
            changes: commit.changes.iter().map(change).collect(),
            ..self
        }
    }
}

/// What moved a task, in words.
pub(in crate::http) fn words(cause: &Cause, lang: Lang) -> String {
    match cause {
        Cause::Commit(commit) => {
            let mut words = commit.changes.first().map(|first| summary(first, lang)).unwrap_or_default();
            if commit.count > 1 {
                let others = commit.count - 1;
                words.push_str(&lang.pick(format!(", and {others} more"), format!(", und {others} weitere")));
            }
            words
        }
        Cause::Clock(boundary) => of_clock(boundary, lang),
        Cause::ClockSetBack => lang.pick("the clock was set back", "die Uhr wurde zurückgestellt").to_owned(),
    }
}

/// What the clock did, in words.
fn of_clock(boundary: &Boundary, lang: Lang) -> String {
    match boundary {
        Boundary::Midnight => lang.pick("a day began", "ein Tag begann").to_owned(),
        Boundary::SlotBegan { zeit } => lang.pick(format!("{zeit} began"), format!("{zeit} begann")),
        Boundary::Cutoff { zeit } => {
            lang.pick(format!("{zeit} was not offered any more"), format!("{zeit} wurde nicht mehr angeboten"))
        }
        Boundary::SlotEnded { zeit } => lang.pick(format!("{zeit} ended"), format!("{zeit} endete")),
        Boundary::Other => lang.pick("the clock went on", "die Uhr ging weiter").to_owned(),
    }
}
