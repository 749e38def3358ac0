//! One thing done to several tasks, in one change that is taken back as one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::complete::completion;
use super::update::{edit_document, require, unreadable, written};
use super::{Expectation, Fields, Verb, validate};
use crate::domain::document::Changes;
use crate::domain::ids::{DocKey, UserId};
use crate::service::Service;
use crate::service::change::{Decision, Plan, Situation};
use crate::service::error::{Refusal, ServiceError};
use crate::service::history::PLANNED_CHANGES_MAX;
use crate::store::{Change, Origin};

/// What is to happen to each of the tasks. One that is so already stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Done in the slot that is usual now.
    Complete,
    Cancel,
    Reopen,
    Unpin,
    Remove,
    Tag(String),
    Untag(String),
}

/// What became of them.
#[derive(Clone, Debug)]
pub struct Several {
    /// How many are now as they were to be.
    pub done: usize,
    /// The generation that takes it back; none where nothing had to change.
    pub generation: Option<u64>,
    /// The first for which it was refused, with why.
    pub refused: Option<(String, Refusal)>,
}

impl Service {
    /// Does it to each task for which it can be done. The others stay as they are.
    ///
    /// # Errors
    /// A tag that nobody can have.
    pub async fn act_on_several(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        ids: Vec<String>,
        act: Act,
    ) -> Result<Several, ServiceError> {
        self.change(user, origin, move |situation| act_on(situation, &ids, &act)).await
    }
}

fn act_on(situation: &mut Situation<'_>, ids: &[String], act: &Act) -> Result<Decision<Several>, ServiceError> {
    if let Act::Tag(tag) | Act::Untag(tag) = act {
        validate::changes(&Fields { tags: Some(vec![tag.clone()]), ..Fields::default() }, situation)?;
    }
    let (mut seen, mut done, mut refused, mut changes) = (BTreeSet::new(), 0, None, Vec::new());
    for id in ids {
        let acted = require(situation, id, &Expectation::Anything).and_then(|(key, raw)| {
            // The same task by another name is the same task.
            if !seen.insert(key.clone()) {
                return Ok(None);
            }
            let change = change(situation, key, &raw, act)?;
            done += 1;
            Ok(change)
        });
        match acted {
            Ok(change) => changes.extend(change),
            Err(ServiceError::Refused(refusal)) => {
                refused.get_or_insert((id.clone(), refusal));
            }
            Err(error) => return Err(error),
        }
    }
    if changes.is_empty() {
        return Ok(Decision::Keep(Several { done, generation: None, refused }));
    }
    Ok(Decision::Change(Plan {
        with_timeline: changes.len() <= PLANNED_CHANGES_MAX,
        changes,
        next_number: None,
        sync: None,
        brought: None,
        answer: Box::new(move |generation, _| Several { done, generation: Some(generation.0), refused }),
    }))
}

/// What it changes of a document; nothing where that is so already.
fn change(situation: &mut Situation<'_>, key: DocKey, raw: &[u8], act: &Act) -> Result<Option<Change>, ServiceError> {
    let (verb, changes) = match act {
        Act::Remove => return Ok(Some(Change::RemoveDocument { key, verb: "delete".into() })),
        Act::Complete => ("complete", completion(situation, &key, None)?.changes),
        Act::Cancel => (Verb::Cancel.name(), Verb::Cancel.changes(situation)?),
        Act::Reopen => (Verb::Reopen.name(), Verb::Reopen.changes(situation)?),
        Act::Unpin => (Verb::Unpin.name(), Verb::Unpin.changes(situation)?),
        Act::Tag(tag) => ("update", tags(situation, &key, tag, true)?),
        Act::Untag(tag) => ("update", tags(situation, &key, tag, false)?),
    };
    let edited = edit_document(&key, raw, &changes)?;
    if edited == raw {
        return Ok(None);
    }
    Ok(Some(written(&key, &edited.into(), verb)?))
}

/// The task's tags with this one, or without it; in which case it is written does not matter, as for whoever looks for it.
fn tags(situation: &mut Situation<'_>, key: &DocKey, tag: &str, is_wanted: bool) -> Result<Changes, ServiceError> {
    let task = match situation.snapshot.tasks.get(key) {
        Some(Ok(task)) => task.clone(),
        Some(Err(problem)) => return Err(unreadable(key, problem.clone()).into()),
        None => return Err(Refusal::NoSuchTask { id: key.id() }.into()),
    };
    let tag = tag.trim();
    let is_it = |own: &String| own.to_lowercase() == tag.to_lowercase();
    if task.tags.iter().any(is_it) == is_wanted {
        return Ok(Changes::default());
    }
    let kept = task.tags.iter().filter(|own| !is_it(own)).cloned();
    let tags = kept.chain(is_wanted.then(|| tag.to_owned())).collect();
    validate::changes(&Fields { tags: Some(tags), ..Fields::default() }, situation)
}
