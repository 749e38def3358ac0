//! Who answers for a list of rules: the engine of this thread for those that come with the server or were named by whoever
//! started it, a process of its own for those of a user. Whoever plans asks both in the same way.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;

use super::rulebook::RuleList;
use crate::domain::policy::{Policy, SlotSpec};
use crate::domain::script::About;
use crate::rules::{Questions, RuleError, RuleSet};
use crate::view::RulesSource;
use crate::worker::{List, Pool};

/// A list of rules that can be asked.
pub(super) enum Asker {
    Here(Box<RuleSet>),
    Apart(Apart),
}

/// A list that is asked in a worker.
pub(super) struct Apart {
    workers: Arc<Pool>,
    list: RuleList,
    reads_bodies: bool,
    /// They are of the list alone, and every new task is held against them.
    categories: OnceCell<Vec<String>>,
}

impl Apart {
    fn list(&self) -> List<'_> {
        list_of(&self.list)
    }
}

fn list_of(list: &RuleList) -> List<'_> {
    List { scripts: &list.scripts, fingerprint: list.fingerprint }
}

/// Why a user's list cannot be asked where there are no workers.
pub(super) fn run_by_a_server(list: &RuleList) -> RuleError {
    let script = list.scripts.last().map_or("", |script| script.name.as_str());
    RuleError::of_script(script, "the rules of a user are run by a server alone")
}

/// A run that was cut by the clock is repeated once: most likely the machine was busy. Workers see to it themselves.
fn repeated_if_cut<T>(run: impl Fn() -> Result<T, RuleError>) -> Result<T, RuleError> {
    run().or_else(|error| if error.timed_out { run() } else { Err(error) })
}

impl Asker {
    /// # Errors
    /// The list does not compile; of a user's, also: it cannot be asked now.
    pub(super) fn of(list: &RuleList, workers: Option<&Arc<Pool>>) -> Result<Asker, RuleError> {
        match (list.source, workers) {
            (RulesSource::Builtin | RulesSource::Server, _) => {
                let set = repeated_if_cut(|| RuleSet::compile(&list.scripts))?;
                Ok(Asker::Here(Box::new(set)))
            }
            (RulesSource::User, Some(workers)) => {
                let reads_bodies = workers.reads_bodies(list_of(list))?;
                let (workers, list, categories) = (workers.clone(), list.clone(), OnceCell::new());
                Ok(Asker::Apart(Apart { workers, list, reads_bodies, categories }))
            }
            (RulesSource::User, None) => Err(run_by_a_server(list)),
        }
    }

    pub(super) fn reads_bodies(&self) -> bool {
        match self {
            Asker::Here(set) => set.reads_bodies(),
            Asker::Apart(apart) => apart.reads_bodies,
        }
    }

    pub(super) fn check(&self) -> Result<(), RuleError> {
        match self {
            Asker::Here(set) => repeated_if_cut(|| set.check()),
            Asker::Apart(apart) => apart.workers.check(apart.list()),
        }
    }

    pub(super) fn evaluate(&self, questions: &Questions<'_>) -> Result<Policy, RuleError> {
        match self {
            Asker::Here(set) => repeated_if_cut(|| set.evaluate(questions)),
            Asker::Apart(apart) => apart.workers.evaluate(apart.list(), questions),
        }
    }

    pub(super) fn slots(&self, day: NaiveDate, today: NaiveDate) -> Result<Arc<[SlotSpec]>, RuleError> {
        match self {
            Asker::Here(set) => repeated_if_cut(|| set.slots(day, today)),
            Asker::Apart(_) => {
                let policy = self.evaluate(&Questions { today, days: &BTreeSet::from([day]), tasks: &[] })?;
                Ok(policy.days.into_values().next().unwrap_or_default())
            }
        }
    }

    pub(super) fn about(&self) -> Result<Vec<About>, RuleError> {
        match self {
            Asker::Here(set) => repeated_if_cut(|| set.about()),
            Asker::Apart(apart) => apart.workers.about(apart.list()),
        }
    }

    pub(super) fn categories(&self) -> Result<Vec<String>, RuleError> {
        match self {
            Asker::Here(set) => repeated_if_cut(|| set.categories()),
            Asker::Apart(apart) => match apart.categories.get() {
                Some(known) => Ok(known.clone()),
                None => {
                    let categories = apart.workers.categories(apart.list())?;
                    Ok(apart.categories.get_or_init(|| categories).clone())
                }
            },
        }
    }
}
