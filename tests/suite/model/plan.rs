//! The timeline of a model's documents, planned from nothing: no snapshot, no database, no cache.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use codexmiroir::domain::document::{self, Outcome};
use codexmiroir::domain::ids::Generation;
use codexmiroir::domain::script::Script;
use codexmiroir::domain::timeline::InvalidDocument;
use codexmiroir::planning::{Horizon, days_asked, needs_verdict, plan};
use codexmiroir::rules::{self, Question, Questions, RuleSet};
use codexmiroir::view::{Answer, RulesSource, RulesState};

use super::account::Account;
use super::request::NARROWER;

pub struct Planner {
    builtin: RuleSet,
    /// The built-in ones, narrowed.
    narrower: RuleSet,
}

impl Planner {
    pub fn new() -> Planner {
        let narrower = [rules::builtin(), vec![Script::new("own", NARROWER)]].concat();
        Planner {
            builtin: RuleSet::compile(&rules::builtin()).unwrap(),
            narrower: RuleSet::compile(&narrower).unwrap(),
        }
    }

    pub fn answer(&self, account: &Account, now: DateTime<Utc>) -> Answer {
        let (mut tasks, mut invalid) = (Vec::new(), Vec::new());
        for (key, raw) in &account.documents {
            match document::read(&key.file, raw) {
                Outcome::Task(task) => tasks.push(Arc::from(task)),
                Outcome::Invalid(problem) => {
                    invalid.push(InvalidDocument { file: key.file.as_str().to_owned(), problem });
                }
                Outcome::NotATask => panic!("{} is no task", key.file),
            }
        }
        let horizon = Horizon::new(account.settings.zone, now, account.settings.days);
        let days = days_asked(&tasks, &horizon);
        let open = tasks.iter().filter(|task| needs_verdict(task));
        let questions: Vec<Question> = open.map(|task| Question { task: task.clone(), body: None }).collect();
        let asked = Questions { today: horizon.today(), days: &days, tasks: &questions };
        let (set, name) = match &account.rules {
            Some(entries) if entries.len() == 2 => (&self.narrower, "spartan + own"),
            Some(_) | None => (&self.builtin, "spartan"),
        };
        let version = account.rules_version.map(Generation);
        let source = if account.rules.is_some() { RulesSource::User } else { RulesSource::Builtin };
        let policy = set.evaluate(&asked).unwrap();
        Answer {
            user: account.name.clone(),
            lang: account.settings.lang,
            zone: account.settings.zone,
            generation: Generation(account.generation),
            committed_at: account.committed_at,
            next_number: account.next_number,
            rules: RulesState { name: name.to_owned(), source, version, due: source, error: None },
            timeline: plan(&tasks, invalid, &policy, &horizon),
        }
    }
}
