//! The task as scripts see it.

use std::sync::Arc;

use rhai::{CustomType, Dynamic, Engine, ImmutableString, TypeBuilder};

use super::calendar::Date;
use crate::domain::task::Task;

/// A task that is being placed. Cloning it copies no text; a property is made when it is read.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Asked {
    pub task: Arc<Task>,
    pub body: Option<Arc<str>>,
}

impl CustomType for Asked {
    fn build(mut builder: TypeBuilder<Self>) {
        let number = |asked: &mut Asked| -> Dynamic {
            asked.task.key.number.map_or(Dynamic::UNIT, |number| Dynamic::from(i64::from(number.get())))
        };
        let file = |asked: &mut Asked| text(asked.task.file().as_str());
        let title = |asked: &mut Asked| text(&asked.task.title);
        let kategorie = |asked: &mut Asked| text(&asked.task.kategorie);
        let body = |asked: &mut Asked| text(asked.body.as_deref().unwrap_or_default());
        builder
            .with_name("task")
            .with_get("number", number)
            .with_get("nummer", number)
            .with_get("id", |asked: &mut Asked| asked.task.id())
            .with_get("file", file)
            .with_get("datei", file)
            .with_get("title", title)
            .with_get("titel", title)
            .with_get("kategorie", kategorie)
            .with_get("category", kategorie)
            .with_get("tags", |asked: &mut Asked| -> rhai::Array {
                asked.task.tags.iter().map(|tag| Dynamic::from(text(tag))).collect()
            })
            .with_get("deadline", |asked: &mut Asked| -> Dynamic {
                asked.task.deadline.map_or(Dynamic::UNIT, |date| Dynamic::from(Date(date)))
            })
            .with_get("body", body)
            .with_get("inhalt", body);
    }
}

/// Whether a script may read the body of a task: it names the property. A word in a comment counts too.
pub(in crate::rules) fn may_read_body(source: &str) -> bool {
    source.contains("body") || source.contains("inhalt")
}

fn text(text: &str) -> ImmutableString {
    text.into()
}

pub(super) fn register(engine: &mut Engine) {
    engine.build_type::<Asked>();
}
