//! From what a client calls a task to its document.

use crate::domain::ids::{DocKey, FileName, TaskNumber};
use crate::service::error::{Refusal, repeatable};
use crate::store::Snapshot;

/// Characters of an id that an error repeats.
const ID_CHARS_MAX: usize = 80;

/// What an id can mean.
pub(super) enum Wanted {
    Number(TaskNumber),
    File(DocKey),
}

/// Reads an id: a number (`42`, `0042`), a file name, or that without `.md`.
pub(super) fn wanted(id: &str) -> Result<Wanted, Refusal> {
    if let Some(number) = number(id) {
        return Ok(Wanted::Number(number));
    }
    let file = FileName::parse(id).or_else(|| FileName::parse(&format!("{id}.md")));
    file.map(|file| Wanted::File(DocKey::of(file))).ok_or_else(|| missing(id))
}

/// The document that `id` names.
///
/// # Errors
/// [`Refusal::NoSuchTask`], or [`Refusal::Ambiguous`] when several files have the number.
pub(in crate::service) fn find(snapshot: &Snapshot, id: &str) -> Result<DocKey, Refusal> {
    match wanted(id)? {
        Wanted::Number(number) => {
            only(id, snapshot.tasks.keys().filter(|key| key.number == Some(number)).cloned().collect())
        }
        Wanted::File(key) if snapshot.tasks.contains_key(&key) => Ok(key),
        Wanted::File(_) => Err(missing(id)),
    }
}

/// The one document of a number.
pub(in crate::service) fn only(id: &str, mut candidates: Vec<DocKey>) -> Result<DocKey, Refusal> {
    match (candidates.pop(), candidates.is_empty()) {
        (None, _) => Err(missing(id)),
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            let all = candidates.iter().chain([&last]);
            let candidates = all.map(|key| key.file.as_str().to_owned()).collect();
            Err(Refusal::Ambiguous { id: repeatable(id, ID_CHARS_MAX), candidates })
        }
    }
}

pub(super) fn missing(id: &str) -> Refusal {
    Refusal::NoSuchTask { id: repeatable(id, ID_CHARS_MAX) }
}

/// Whether `id` is a name of this document: its number, its file name, or that without `.md`.
pub(in crate::service) fn is_named(key: &DocKey, id: &str) -> bool {
    match number(id) {
        Some(number) => key.number == Some(number),
        None => key.file.as_str() == id || key.file.stem() == id,
    }
}

fn number(id: &str) -> Option<TaskNumber> {
    let digits = (1..=9).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| id.parse().ok().and_then(TaskNumber::new))?
}
