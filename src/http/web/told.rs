//! What was done to a task, told on the page after it, with a button that takes it back. The address says which; the words
//! and the title are our own.

use std::sync::LazyLock;

use axum::response::Response;
use maud::{Markup, html};
use sha2::{Digest, Sha256};

use super::form::signed_in_as;
use super::layout::Viewer;
use super::segment;
use crate::domain::hex::hex;
use crate::domain::ids::UserId;
use crate::domain::lang::{Lang, Phrase};
use crate::domain::task::Status;
use crate::http::auth::see_other;
use crate::http::errors::HttpError;
use crate::http::extract::Asked;
use crate::http::query::Query;
use crate::service::error::{Refusal, ServiceError};
use crate::service::tasks::{Saved, Summary};
use crate::store::random;

/// What can have been done, by the word in an address, and how the sentence about the task goes on.
const ACTS: [(&str, Phrase); 8] = [
    ("added", Phrase { en: "is added", de: "ist hinzugefügt" }),
    ("completed", Phrase { en: "is done", de: "ist erledigt" }),
    ("cancelled", Phrase { en: "is cancelled", de: "ist abgebrochen" }),
    ("reopened", Phrase { en: "is open again", de: "ist wieder offen" }),
    ("pinned", Phrase { en: "is fixed to its slot", de: "hat seinen festen Slot" }),
    ("unpinned", Phrase { en: "stands in line again", de: "steht wieder in der Reihe" }),
    ("saved", Phrase { en: "is saved", de: "ist gespeichert" }),
    ("same", Phrase { en: "was so already; nothing was changed", de: "war schon so; geändert wurde nichts" }),
];
/// What was done to something that may be there no more.
const OTHERS: [(&str, Phrase); 7] = [
    (
        "gone",
        Phrase {
            en: "That task is there no more; nothing was done. Somebody may have removed it meanwhile.",
            de: "Diese Aufgabe gibt es nicht mehr; geschehen ist nichts. Vielleicht hat sie inzwischen jemand entfernt.",
        },
    ),
    ("removed", Phrase { en: "The task is removed.", de: "Die Aufgabe ist entfernt." }),
    ("several-removed", Phrase { en: "Each that was ticked is removed.", de: "Jede angekreuzte ist entfernt." }),
    (
        "none",
        Phrase { en: "None was ticked, so nothing was done.", de: "Keine war angekreuzt, also ist nichts geschehen." },
    ),
    ("undone", Phrase { en: "Taken back.", de: "Zurückgenommen." }),
    (
        "several-but",
        Phrase {
            en: "Done where it could be; the others are as they were.",
            de: "Erledigt, wo es ging; die anderen sind, wie sie waren.",
        },
    ),
    (
        "several",
        Phrase { en: "So it is with each that was ticked now.", de: "So ist es jetzt bei jeder angekreuzten." },
    ),
];

/// What the page tells.
pub struct Told {
    act: Phrase,
    task: Option<Summary>,
    /// The generation that takes it back.
    undo: Option<u64>,
}

/// What is told was done by this server, to this user: nobody leads somebody by a link to a button that takes back what they
/// choose. Until a restart, which is long enough.
static KEY: LazyLock<[u8; 32]> = LazyLock::new(random);

fn seal(user: UserId, done: &str, task: Option<&str>, undo: Option<u64>) -> String {
    let told = format!("{}\n{done}\n{}\n{undo:?}", user.0, task.unwrap_or_default());
    let hash = Sha256::digest([&KEY[..], told.as_bytes()].concat());
    hex(&hash[..8])
}

impl Asked {
    /// Back to a page that tells what was done, where it is one to the task of this file, and takes it back by that
    /// generation.
    pub(super) fn tell(&self, back: &str, done: &str, file: Option<&str>, undo: Option<u64>) -> Response {
        see_other(&address(self.actor.user, back, done, file, undo))
    }

    /// The same of what was done to a task. Where nothing had to change there is nothing to take back: the generation is that
    /// of an earlier change.
    pub(super) fn tell_saved(&self, back: &str, done: &str, saved: &Saved) -> Response {
        let (done, undo) = if saved.changed { (done, Some(saved.generation)) } else { ("same", None) };
        self.tell(back, done, Some(&saved.file), undo)
    }
}

/// The address of a page with what was done.
fn address(user: UserId, back: &str, done: &str, file: Option<&str>, undo: Option<u64>) -> String {
    // A browser keeps what follows a # for itself. What was told there before is told no more.
    let back = back.split('#').next().unwrap_or_default();
    let (path, query) = back.split_once('?').unwrap_or((back, ""));
    let kept = query.split('&').filter(|part| {
        let name = part.split('=').next().unwrap_or_default();
        !part.is_empty() && !matches!(name, "done" | "task" | "undo" | "seal")
    });
    let mut parts: Vec<String> = kept.map(str::to_owned).collect();
    parts.push(format!("done={done}"));
    parts.extend(file.map(|file| format!("task={}", segment(stem(file)))));
    parts.extend(undo.map(|generation| format!("undo={generation}")));
    parts.push(format!("seal={}", seal(user, done, file.map(stem), undo)));
    format!("{path}?{}", parts.join("&"))
}

impl Told {
    /// What an address says was done.
    pub async fn of(asked: &Asked, query: &Query) -> Result<Option<Told>, HttpError> {
        let undo = query.text("undo").and_then(|generation| generation.parse().ok());
        let (done, task) = (query.text("done").unwrap_or_default(), query.text("task"));
        let named = |acts: &[(&str, Phrase)]| acts.iter().find(|(word, _)| *word == done).map(|(_, act)| *act);
        if query.text("seal") != Some(seal(asked.actor.user, done, task, undo).as_str()) {
            return Ok(None);
        }
        if let Some(act) = named(&OTHERS) {
            return Ok(Some(Told { act, task: None, undo }));
        }
        let (Some(act), Some(id)) = (named(&ACTS), query.text("task")) else { return Ok(None) };
        match asked.site.service.show_task(asked.actor.user, id.to_owned()).await {
            Ok(shown) => Ok(Some(Told { act, task: Some(shown.summary), undo })),
            Err(ServiceError::Refused(Refusal::NoSuchTask { .. } | Refusal::Ambiguous { .. })) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// `back` is the page that it is told on.
    pub fn show(&self, viewer: Viewer<'_>, back: &str) -> Markup {
        let lang = viewer.lang;
        html! {
            div.notice.told role="status" {
                p {
                    @match &self.task {
                        Some(task) => {
                            (link(task)) " " (self.act.text(lang))
                            @if let Some((day, zeit)) = &task.placed { ": " (day) " " (zeit) }
                            "."
                        }
                        None => (self.act.text(lang)),
                    }
                }
                @if let Some(generation) = self.undo { (undo(viewer, generation, back)) }
            }
        }
    }
}

/// A button that takes a change back.
pub fn undo(viewer: Viewer<'_>, generation: u64, back: &str) -> Markup {
    html! {
        form method="post" action="/undo" data-inline {
            (signed_in_as(viewer.name))
            input type="hidden" name="generation" value=(generation);
            input type="hidden" name="back" value=(back);
            button type="submit" { (viewer.lang.pick("Undo", "Rückgängig")) }
        }
    }
}

/// The task's number and title, which lead to its page.
pub fn link(task: &Summary) -> Markup {
    let title = task.reading.as_ref().map_or(task.file.as_str(), |task| task.title.as_str());
    html! { a href=(task_address(&task.file)) { span.id { (task.id) } " " (title) } }
}

/// The page of a task.
pub fn task_address(file: &str) -> String {
    format!("/tasks/{}", segment(stem(file)))
}

/// What names the task of a file in an address.
pub fn stem(file: &str) -> &str {
    file.strip_suffix(".md").unwrap_or(file)
}

/// What a status is called.
pub fn status(status: Status, lang: Lang) -> &'static str {
    match status {
        Status::Offen => lang.pick("open", "offen"),
        Status::Abgeschlossen => lang.pick("done", "erledigt"),
        Status::Abgebrochen => lang.pick("cancelled", "abgebrochen"),
    }
}
