//! Tries a list of rules before anybody plans with it: on samples, and on tasks that there are.

use std::sync::Arc;

use super::folder::Folder;
use super::planning::read;
use crate::domain::document;
use crate::domain::ids::{DocKey, FileName};
use crate::domain::script::Script;
use crate::domain::task::Task;
use crate::planning::{Horizon, days_asked, needs_verdict};
use crate::rules::{self, Question, Questions, RuleError, RuleSet};

/// What is wrong with the list: each script's first error, on samples and then on the tasks of a folder.
pub fn errors(scripts: &[Script], on: Option<(&Folder, Horizon)>) -> Vec<RuleError> {
    let errors = rules::errors(scripts);
    match on {
        Some((folder, horizon)) if errors.is_empty() => {
            RuleSet::compile(scripts).and_then(|rules| ask(&rules, folder, &horizon)).err().into_iter().collect()
        }
        Some(_) | None => errors,
    }
}

fn ask(rules: &RuleSet, folder: &Folder, horizon: &Horizon) -> Result<(), RuleError> {
    let mut tasks: Vec<Arc<Task>> = Vec::new();
    let mut questions = Vec::new();
    for (name, raw) in &folder.files {
        let Some(key) = FileName::parse(name).map(DocKey::of) else { continue };
        let Some(Ok(task)) = read(&key, raw) else { continue };
        if needs_verdict(&task) {
            let body = if rules.reads_bodies() { document::body(raw).map(Arc::from) } else { None };
            questions.push(Question { task: Arc::clone(&task), body });
        }
        tasks.push(task);
    }
    let days = days_asked(&tasks, horizon);
    rules.evaluate(&Questions { today: horizon.today(), days: &days, tasks: &questions }).map(|_| ())
}
