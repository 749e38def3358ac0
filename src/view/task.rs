//! Tasks as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use super::json::SlotRefJson;
use super::markdown;
use crate::domain::date;
use crate::domain::lang::Lang;
use crate::domain::problem::Problem;
use crate::domain::task::Task;

/// A task in short, as lists carry it. A document that cannot be read has `invalid` instead of the fields.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Task")]
pub struct TaskJson<'a> {
    /// The number, four digits at least; the file name where it has none.
    pub id: &'a str,
    pub file: &'a str,
    pub title: Option<&'a str>,
    pub kategorie: Option<&'a str>,
    /// `offen`, `abgeschlossen` or `abgebrochen`
    pub status: Option<&'static str>,
    pub tags: &'a [String],
    /// `DD.MM.YYYY`
    pub deadline: Option<String>,
    /// The slot that the document fixes it to.
    pub fixed_slot: Option<SlotRefJson>,
    /// The slot that it was done in.
    #[serde(rename = "abgeschlossen_am")]
    pub abgeschlossen_am: Option<SlotRefJson>,
    /// The slot of the timeline that it stands in.
    pub placed: Option<SlotRefJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid: Option<InvalidJson>,
}

/// Why a document cannot be read as a task.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Unreadable")]
pub struct InvalidJson {
    /// The line that it fails at, from 1 on.
    pub line: u32,
    /// One sentence in the asker's language.
    pub reason: String,
}

/// A task whole.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WholeTask")]
pub struct WholeTaskJson<'a> {
    #[serde(flatten)]
    pub task: TaskJson<'a>,
    /// The text after the frontmatter.
    pub body: &'a str,
    /// The raw file; bytes that are no UTF-8 are replaced, so such a file cannot be sent back.
    pub document: std::borrow::Cow<'a, str>,
    /// The body rendered, free of anything active.
    pub html: String,
}

impl<'a> TaskJson<'a> {
    pub fn new(
        id: &'a str,
        file: &'a str,
        reading: Result<&'a Task, &'a Problem>,
        placed: Option<SlotRefJson>,
        lang: Lang,
    ) -> TaskJson<'a> {
        let task = reading.ok();
        TaskJson {
            id,
            file,
            title: task.map(|task| task.title.as_str()),
            kategorie: task.map(|task| task.kategorie.as_str()),
            status: task.map(|task| task.status.as_str()),
            tags: task.map_or(&[], |task| &task.tags),
            deadline: task.and_then(|task| task.deadline).map(date::to_text),
            fixed_slot: task.and_then(|task| task.fixed_slot.as_ref()).map(SlotRefJson::from),
            abgeschlossen_am: task.and_then(|task| task.abgeschlossen_am.as_ref()).map(SlotRefJson::from),
            placed,
            invalid: reading.err().map(|problem| InvalidJson { line: problem.line, reason: problem.text(lang) }),
        }
    }
}

impl<'a> WholeTaskJson<'a> {
    pub fn new(task: TaskJson<'a>, body: &'a str, raw: &'a [u8]) -> WholeTaskJson<'a> {
        WholeTaskJson {
            task,
            body,
            document: String::from_utf8_lossy(raw),
            html: markdown::to_html(body, markdown::checkbox),
        }
    }
}
