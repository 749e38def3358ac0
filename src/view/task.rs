//! Tasks as JSON.

use serde::Serialize;

use super::json::SlotRefJson;
use super::markdown;
use crate::domain::date;
use crate::domain::lang::Lang;
use crate::domain::problem::Problem;
use crate::domain::task::Task;

/// A task in short, as lists carry it. A document that cannot be read has `invalid` instead of the fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskJson<'a> {
    pub id: &'a str,
    pub file: &'a str,
    pub title: Option<&'a str>,
    pub kategorie: Option<&'a str>,
    pub status: Option<&'static str>,
    pub tags: &'a [String],
    pub deadline: Option<String>,
    pub fixed_slot: Option<SlotRefJson>,
    #[serde(rename = "abgeschlossen_am")]
    pub abgeschlossen_am: Option<SlotRefJson>,
    pub placed: Option<SlotRefJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid: Option<InvalidJson>,
}

#[derive(Serialize)]
pub struct InvalidJson {
    pub line: u32,
    pub reason: String,
}

/// A task whole.
#[derive(Serialize)]
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
        WholeTaskJson { task, body, document: String::from_utf8_lossy(raw), html: markdown::to_html(body) }
    }
}
