//! Tries a list of rules before anybody plans with it: on samples, and on tasks that there are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::folder::Folder;
use super::planning::read;
use crate::domain::document;
use crate::domain::ids::{DocKey, FileName};
use crate::domain::script::Script;
use crate::domain::task::Task;
use crate::planning::{Horizon, days_asked, needs_verdict};
use crate::rules::{Question, Questions, RuleError, RuleSet};

/// How long the errors of further scripts are looked for when there is one already.
const SEARCH_TIME_MAX: Duration = Duration::from_secs(5);

/// What is wrong with the list: each script's first error, on samples and on the tasks of a folder; and where all of
/// them compile, every misspelt word.
pub fn errors(scripts: &[Script], on: Option<(&Folder, Horizon)>) -> Vec<RuleError> {
    let ask = |rules: RuleSet| {
        rules.check()?;
        on.as_ref().map_or(Ok(()), |(folder, horizon)| ask(&rules, folder, horizon))
    };
    let mut errors = first_errors(scripts, RuleSet::compile, ask);
    if errors.is_empty() {
        // The trial has looked at every word already.
        return errors;
    }
    for found in RuleSet::compile(scripts).map(|rules| rules.check_all()).unwrap_or_default() {
        if !errors.iter().any(|error| error.is_at_place_of(&found)) {
            errors.push(found);
        }
    }
    errors
}

/// Each script's first error; `compile` and `ask` try a list whole. Where all of them compile, a script that fails is
/// left out for the rest of the trial, so that the others are tried as well.
///
/// What the machine cut is no judgement: it is told only where it is the first that there is to tell.
pub(super) fn first_errors<A>(
    scripts: &[Script],
    mut compile: impl FnMut(&[Script]) -> Result<A, RuleError>,
    mut ask: impl FnMut(A) -> Result<(), RuleError>,
) -> Vec<RuleError> {
    let begun = Instant::now();
    let mut errors = Vec::new();
    let mut after = scripts;
    while !after.is_empty()
        && let Err(error) = compile(after)
        && let Some(failed) = note(error, after, &mut errors)
    {
        after = after.get(failed + 1..).unwrap_or_default();
    }
    if !errors.is_empty() {
        return errors;
    }
    let mut left = scripts.to_vec();
    while (errors.is_empty() || begun.elapsed() < SEARCH_TIME_MAX)
        && !left.is_empty()
        && let Err(error) = compile(&left).and_then(&mut ask)
        && let Some(failed) = note(error, &left, &mut errors)
    {
        left.remove(failed);
    }
    errors
}

/// Notes an error, and says which of the scripts it is of; `None` where nothing more can be found out.
fn note(error: RuleError, scripts: &[Script], errors: &mut Vec<RuleError>) -> Option<usize> {
    let failed = scripts.iter().position(|script| script.name == error.script);
    // One of the list as a whole has no place, and may be there only because a script was left out.
    let failed = failed.filter(|_| !error.timed_out && (error.function.is_some() || error.line.is_some()));
    if failed.is_some() || errors.is_empty() {
        errors.push(error);
    }
    failed
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

#[cfg(test)]
mod tests {
    use super::*;

    const SLOTS: &str = "fn slots(day, slots) { [slot(\"a\", \"9:00\", \"10:00\")] }";

    #[test]
    fn what_is_cut_is_told_only_where_nothing_else_is() {
        let scripts = [Script::new("a", "fn place(task, today) { 1 }"), Script::new("b", SLOTS)];
        let cut = |_: &[Script]| {
            Err::<(), _>(RuleError {
                function: Some("place".to_owned()),
                timed_out: true,
                ..RuleError::of_script("a", "")
            })
        };
        let errors = first_errors(&scripts, cut, |()| Ok(()));
        assert!(errors.len() == 1 && errors[0].timed_out, "{errors:?}");
        let cut_later = |rules: RuleSet| match rules.name() {
            "b" => Err(RuleError { timed_out: true, ..RuleError::of_script("b", "") }),
            _ => rules.check(),
        };
        let backwards = [scripts[1].clone(), scripts[0].clone()];
        let errors = first_errors(&backwards, RuleSet::compile, cut_later);
        let said: Vec<_> = errors.iter().map(|error| (error.script.as_str(), error.timed_out)).collect();
        assert_eq!(said, [("a", false)]);
    }

    #[test]
    fn a_list_that_fails_as_a_whole_has_one_error() {
        let no_slots = [Script::new("a", "fn describe() { \"a\" }"), Script::new("b", "")];
        let said =
            |scripts: &[Script]| errors(scripts, None).into_iter().map(|error| error.message).collect::<Vec<_>>();
        assert_eq!(said(&no_slots).len(), 1);
        assert!(said(&no_slots)[0].starts_with("no script of the list defines"), "{:?}", said(&no_slots));
        assert_eq!(said(&[]), Vec::<String>::new());
    }
}
