//! The task as scripts see it.

use std::sync::Arc;

use rhai::{Dynamic, ImmutableString};

use super::calendar::Date;
use crate::domain::task::Task;
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
            asked.task.tags.iter().map(|tag| Dynamic::from(text(tag))).collect()
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

fn text(text: &str) -> ImmutableString {
    text.into()
}
