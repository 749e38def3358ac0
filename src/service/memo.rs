//! What the rules have answered about one user's tasks, so that a plan after a change asks only about what changed.
//!
//! An answer depends on the rules, the day that it is for the user, and the task's document, and on nothing else; limits
//! count operations of one answer. So an answer that was given stands until one of the three is another, and a plan
//! made with it is the plan that asking anew would make. Runs that failed or that the clock cut leave nothing here.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;

use super::planning::BodyOf;
use super::rulebook::RuleList;
use crate::domain::ids::DocKey;
use crate::domain::policy::{Policy, Verdict};
use crate::domain::task::Task;
use crate::rules::{Question, Questions, RuleError, RuleSet};

/// Answers that may be kept although nothing needs them any more, before they are looked for and thrown away.
const LEFTOVERS_MAX: usize = 64;

/// The answers of one rule list for one user on one day.
#[derive(Default)]
pub(super) struct Memo {
    of: Option<([u8; 32], NaiveDate)>,
    /// The tasks that the verdicts are about. A document that is written again makes another task, so a task that is
    /// still the same object has a document that is still the same.
    asked: BTreeMap<DocKey, Arc<Task>>,
    distinct: HashSet<Arc<Verdict>>,
    policy: Policy,
}

impl Memo {
    /// The policy for these days and tasks; `body_of` is asked for the body of a task that the rules have to be asked
    /// about, if they read bodies. It may also say what nobody asked for.
    ///
    /// # Errors
    /// The first that a hook gives. What was known before is still known then.
    pub(super) fn evaluate(
        &mut self,
        (list, set): (&RuleList, &RuleSet),
        today: NaiveDate,
        days: &BTreeSet<NaiveDate>,
        tasks: &[&Arc<Task>],
        body_of: &BodyOf<'_>,
    ) -> Result<&Policy, RuleError> {
        let of = Some((list.fingerprint, today));
        if self.of != of {
            *self = Memo { of, ..Memo::default() };
        }
        self.forget_leftovers(days, tasks);
        let unknown_days: BTreeSet<NaiveDate> =
            days.iter().filter(|day| !self.policy.days.contains_key(day)).copied().collect();
        let question = |task: &&Arc<Task>| Question {
            task: Arc::clone(task),
            body: set.reads_bodies().then(|| body_of(&task.key)).flatten(),
        };
        let questions: Vec<Question> = tasks.iter().filter(|task| !self.knows(task)).map(question).collect();
        if !questions.is_empty() || !unknown_days.is_empty() {
            let answers = set.evaluate(&Questions { today, days: &unknown_days, tasks: &questions })?;
            self.add(answers, questions);
        }
        Ok(&self.policy)
    }

    fn knows(&self, task: &Arc<Task>) -> bool {
        self.asked.get(&task.key).is_some_and(|asked| Arc::ptr_eq(asked, task))
    }

    fn add(&mut self, answers: Policy, questions: Vec<Question>) {
        self.policy.days.extend(answers.days);
        for (key, verdict) in answers.verdicts {
            // The planner puts tasks of one verdict into one line: equal ones are kept as one.
            let verdict = match self.distinct.get(&verdict) {
                Some(same) => Arc::clone(same),
                None => {
                    self.distinct.insert(Arc::clone(&verdict));
                    verdict
                }
            };
            self.policy.verdicts.insert(key, verdict);
        }
        self.asked.extend(questions.into_iter().map(|question| (question.task.key.clone(), question.task)));
    }

    /// Keeps what is kept within what is needed, and a little more.
    fn forget_leftovers(&mut self, days: &BTreeSet<NaiveDate>, tasks: &[&Arc<Task>]) {
        if self.policy.days.len() > days.len() + LEFTOVERS_MAX {
            self.policy.days.retain(|day, _| days.contains(day));
        }
        if self.asked.len() > tasks.len() + LEFTOVERS_MAX {
            let needed: BTreeSet<&DocKey> = tasks.iter().map(|task| &task.key).collect();
            self.asked.retain(|key, _| needed.contains(key));
            self.policy.verdicts.retain(|key, _| needed.contains(key));
        }
        if self.distinct.len() > self.asked.len() + LEFTOVERS_MAX {
            self.distinct = self.policy.verdicts.values().cloned().collect();
        }
    }
}
