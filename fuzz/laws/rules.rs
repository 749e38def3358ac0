//! Whatever a script of rules says: it is compiled, asked and tested within limits, an error says where it is in the
//! source, and what was accepted gives the same answers again.
//!
//! The input is a script and, after a null byte, its tests.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{Days, NaiveDate};
use codexmiroir::domain::document::{self, Outcome};
use codexmiroir::domain::ids::FileName;
use codexmiroir::domain::policy::Policy;
use codexmiroir::domain::script::Script;
use codexmiroir::domain::task::Task;
use codexmiroir::rules::{Question, Questions, RuleError, RuleSet};
use codexmiroir::service::rule_tests;

/// Longer than any message, in characters: those of reasons are cut, others name what was wrong.
const MESSAGE_CHARS_MAX: usize = 501;

pub fn holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (source, tests) = text.split_once('\0').map_or((text, None), |(source, tests)| (source, Some(tests)));
    let scripts = [Script::new("fuzzed", source)];
    match RuleSet::compile(&scripts) {
        Ok(rules) => {
            for error in [rules.check().err(), rules.about().err()].into_iter().flatten() {
                is_of_source(&error, source);
            }
            answers_are_repeated(&rules, source);
        }
        Err(error) => is_of_source(&error, source),
    }
    if let Some(tests) = tests {
        match rule_tests::run(&scripts, &[Script::new("fuzzed", tests)]) {
            Ok(report) => report.failures().for_each(|failure| is_of_source(failure, tests)),
            Err(error) => is_of_source(&error, tests),
        }
    }
}

fn is_of_source(error: &RuleError, source: &str) {
    assert!(!error.message.is_empty() && error.message.chars().count() <= MESSAGE_CHARS_MAX, "{error}");
    let lines = source.split('\n').count();
    let line = error.line.map(|line| usize::try_from(line).expect("a line"));
    assert!(line.is_none_or(|line| (1..=lines + 1).contains(&line)), "{error} of {lines} lines");
    assert!(error.column.is_none_or(|column| column >= 1), "{error}");
}

fn answers_are_repeated(rules: &RuleSet, source: &str) {
    let today = NaiveDate::from_ymd_opt(2025, 10, 13).expect("a date");
    let days: BTreeSet<NaiveDate> = (0..9).map(|n| today + Days::new(n)).collect();
    let tasks = [question("arbeit", "0001-A.md"), question("privat", "0400-B.md")];
    let ask = || rules.evaluate(&Questions { today, days: &days, tasks: &tasks });
    match (ask(), ask()) {
        (Ok(first), Ok(second)) => {
            assert_eq!(first, second);
            is_bounded(&first);
        }
        (Err(first), Err(second)) => {
            is_of_source(&first, source);
            assert!(first == second || first.timed_out || second.timed_out, "{first}, then {second}");
        }
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => assert!(error.timed_out, "{error}, and not the other time"),
    }
}

fn is_bounded(policy: &Policy) {
    assert!((policy.days.len(), policy.verdicts.len()) == (9, 2));
    for slots in policy.days.values() {
        assert!(slots.len() <= 48 && slots.iter().all(|slot| slot.from < slot.to && slot.zeit.chars().count() <= 96));
    }
}

fn question(kategorie: &str, file: &str) -> Question {
    let text = format!("---\ntyp: task\nkategorie: {kategorie}\nstatus: offen\ntags: [a, b]\n---\n\n# Titel\n\nText\n");
    let file = FileName::parse(file).expect("a file's name");
    let Outcome::Task(task) = document::read(&file, text.as_bytes()) else { unreachable!("a task") };
    Question { task: Arc::<Task>::from(task), body: Some(Arc::from("Text")) }
}
