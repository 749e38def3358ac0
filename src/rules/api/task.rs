//! The task as scripts see it.

use std::sync::Arc;

use rhai::{Dynamic, ImmutableString};

use super::calendar::Date;
use crate::domain::task::Task;
use crate::rules::engine::{ENTRIES_MAX, STRING_BYTES_MAX};
use crate::rules::vocabulary::Vocabulary;

/// A task that is being placed. Cloning it copies no text; a property is made when it is read.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Asked {
    pub task: Arc<Task>,
    pub body: Option<Arc<str>>,
}

pub(super) fn register(words: &mut Vocabulary<'_>) {
    words.engine.register_type_with_name::<Asked>("task");
    words
        .property("task", "number", |asked: &mut Asked| -> Dynamic {
            asked.task.key.number.map_or(Dynamic::UNIT, |number| Dynamic::from(i64::from(number.get())))
        })
        .property("task", "id", |asked: &mut Asked| asked.task.id())
        .property("task", "file", |asked: &mut Asked| text(asked.task.file().as_str()))
        .property("task", "title", |asked: &mut Asked| text(&asked.task.title))
        .property("task", "kategorie", |asked: &mut Asked| text(&asked.task.kategorie))
        .property("task", "tags", |asked: &mut Asked| -> rhai::Array {
            tags(&asked.task).map(|tag| Dynamic::from(text(tag))).collect()
        })
        .property("task", "deadline", |asked: &mut Asked| -> Dynamic {
            asked.task.deadline.map_or(Dynamic::UNIT, |date| Dynamic::from(Date(date)))
        })
        .property("task", "body", |asked: &mut Asked| text(asked.body.as_deref().unwrap_or_default()));
}

/// Whether a script may read the body of a task: it names the property. A word in a comment counts too.
pub(in crate::rules) fn may_read_body(source: &str) -> bool {
    source.contains("body") || source.contains("inhalt")
}

/// As much of a text as the engine takes: a task must not make the rules fail.
fn text(text: &str) -> ImmutableString {
    text[..text.floor_char_boundary(STRING_BYTES_MAX)].into()
}

/// As many of the tags as a list may have, whose texts count together.
fn tags(task: &Task) -> impl Iterator<Item = &str> {
    let mut left = STRING_BYTES_MAX;
    let fits = move |tag: &&String| {
        left.checked_sub(tag.len()).is_some_and(|rest| {
            left = rest;
            true
        })
    };
    task.tags.iter().take(ENTRIES_MAX - 1).take_while(fits).map(String::as_str)
}
