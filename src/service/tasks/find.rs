//! From what a client calls a task to its document.

use crate::domain::ids::{DocKey, FileName, TaskNumber};
use crate::service::error::Refusal;
use crate::store::Snapshot;

/// The document that `id` names: by number (`42`, `0042`), by file name, or by that without `.md`.
///
/// # Errors
/// [`Refusal::NoSuchTask`], or [`Refusal::Ambiguous`] when several files have the number.
pub(in crate::service) fn find(snapshot: &Snapshot, id: &str) -> Result<DocKey, Refusal> {
    let missing = || Refusal::NoSuchTask { id: shortened(id) };
    if let Some(number) = number(id) {
        let mut candidates = snapshot.tasks.keys().filter(|key| key.number == Some(number));
        return match (candidates.next(), candidates.next()) {
            (None, _) => Err(missing()),
            (Some(only), None) => Ok(only.clone()),
            (Some(first), Some(second)) => {
                let all = [first, second].into_iter().chain(candidates);
                let candidates = all.map(|key| key.file.as_str().to_owned()).collect();
                Err(Refusal::Ambiguous { id: number.to_string(), candidates })
            }
        };
    }
    let file = FileName::parse(id).or_else(|| FileName::parse(&format!("{id}.md"))).ok_or_else(missing)?;
    let key = DocKey::of(file);
    if snapshot.tasks.contains_key(&key) { Ok(key) } else { Err(missing()) }
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

/// An id of a request, short enough to be repeated in an error.
fn shortened(id: &str) -> String {
    id.chars().filter(|c| !c.is_control()).take(80).collect()
}
