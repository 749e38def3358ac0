//! What the rules have answered about one user's tasks, so that a plan asks only about what changed.
//!
//! An answer depends on the rules, the day that it is for the user, and the task's document, and on nothing else; limits
//! count operations of one answer. So an answer that was given stands until one of the three is another, and a plan
//! made with it is the plan that asking anew would make. An error that a task gives stands likewise. What the clock cut
//! leaves nothing here.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use chrono::NaiveDate;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::asker::Asker;
use super::planning::BodyOf;
use crate::domain::ids::{DocKey, UserId};
use crate::domain::policy::{Policy, SlotSpec, Verdict};
use crate::domain::task::Task;
use crate::rules::{Question, Questions, RuleError};

/// Answers that may be kept although nothing needs them any more, before they are looked for and thrown away.
const LEFTOVERS_MAX: usize = 64;
/// Lists of one user that are remembered: those that fail, and the one that stands in for them.
const LISTS_MAX: usize = 6;
/// Tasks in all memos: about 30 MB.
const TASKS_MAX: u64 = 50_000;
/// What a memo weighs beside its tasks, in tasks.
const MEMO_WEIGHT: u64 = 8;

/// The memos of users who were planned for lately. Only a saving.
pub(super) struct Memos(Cache<UserId, Arc<Memo>, TasksOfMemo>);

#[derive(Clone)]
struct TasksOfMemo;

impl Weighter<UserId, Arc<Memo>> for TasksOfMemo {
    fn weight(&self, _: &UserId, memo: &Arc<Memo>) -> u64 {
        MEMO_WEIGHT + memo.lists.iter().map(|list| list.asked.len() as u64).sum::<u64>()
    }
}

impl Default for Memos {
    fn default() -> Self {
        Memos(Cache::with_weighter(1_024, TASKS_MAX, TasksOfMemo))
    }
}

impl Memos {
    /// The user's memo, for whoever plans now; somebody else who plans at the same time begins an empty one.
    pub(super) fn take(&self, user: UserId) -> Memo {
        self.0.remove(&user).and_then(|(_, memo)| Arc::into_inner(memo)).unwrap_or_default()
    }

    pub(super) fn keep(&self, user: UserId, memo: Memo) {
        self.0.insert(user, Arc::new(memo));
    }

    /// Tasks that are remembered in all of them.
    pub(super) fn tasks(&self) -> u64 {
        self.0.weight().saturating_sub(MEMO_WEIGHT * self.0.len() as u64)
    }

    /// Nothing of the user's is at hand any more.
    pub(super) fn forget(&self, user: UserId) {
        self.0.remove(&user);
    }
}

/// What lists of rules answered for one user, the list that was asked last in front.
#[derive(Default)]
pub(super) struct Memo {
    lists: Vec<OfList>,
}

/// What tasks can say by a list.
#[derive(Default)]
pub(super) struct Vocabulary {
    /// The slots of days, in their order.
    pub(super) days: Vec<Arc<[SlotSpec]>>,
    pub(super) categories: Vec<String>,
}

/// The answers of one list on one day.
struct OfList {
    of: ([u8; 32], NaiveDate),
    /// What the verdicts are about.
    asked: BTreeMap<DocKey, Asked>,
    distinct: HashSet<Arc<Verdict>>,
    policy: Policy,
    categories: Option<Vec<String>>,
    /// The task that the list fails for, and how.
    failed: Option<(Asked, RuleError)>,
}

/// A task as the rules were asked about it. A document that is written again makes another task; one that is read again
/// may make an equal one, and then it is the same document as far as the rules can see.
struct Asked {
    task: Arc<Task>,
    /// Of the body, where the rules read it.
    body: Option<u64>,
}

impl Asked {
    fn of(question: &Question) -> Asked {
        Asked { task: question.task.clone(), body: question.body.as_deref().map(hash_of) }
    }

    fn is(&self, task: &Arc<Task>, body: impl FnOnce() -> Option<Arc<str>>) -> bool {
        Arc::ptr_eq(&self.task, task) || (self.task == *task && self.body == body().as_deref().map(hash_of))
    }
}

fn hash_of(body: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}

impl Memo {
    /// The policy for these days and tasks; `body_of` is asked for the body of a task that the rules have to be asked
    /// about, if they read bodies. `tasks` are in the order of their keys. It may also say what nobody asked for.
    ///
    /// # Errors
    /// The first that a hook gives. What was known before is still known then.
    pub(super) fn evaluate(
        &mut self,
        (fingerprint, asker): (&[u8; 32], &Asker),
        today: NaiveDate,
        days: &BTreeSet<NaiveDate>,
        tasks: &[&Arc<Task>],
        body_of: &BodyOf<'_>,
    ) -> Result<&Policy, RuleError> {
        let body_of = |task: &Arc<Task>| asker.reads_bodies().then(|| body_of(&task.key)).flatten();
        let list = self.list((*fingerprint, today));
        list.forget_leftovers(days, tasks);
        if let Some((asked, error)) = &list.failed
            && tasks.iter().any(|task| asked.task.key == task.key && asked.is(task, || body_of(task)))
        {
            return Err(error.clone());
        }
        let unknown_days: BTreeSet<NaiveDate> =
            days.iter().filter(|day| !list.policy.days.contains_key(day)).copied().collect();
        let questions = list.questions(tasks, body_of);
        if !questions.is_empty() || !unknown_days.is_empty() {
            match asker.evaluate(&Questions { today, days: &unknown_days, tasks: &questions }) {
                Ok(answers) => list.add(answers, &questions, asker.reads_bodies()),
                Err(error) => {
                    list.failed = failed(&questions, &error);
                    return Err(error);
                }
            }
        }
        Ok(&list.policy)
    }

    /// The slots of these days, in their order, and the categories that the list knows. Nothing that is known is forgotten
    /// for it.
    ///
    /// # Errors
    /// The first that a hook gives.
    pub(super) fn words(
        &mut self,
        (fingerprint, asker): (&[u8; 32], &Asker),
        today: NaiveDate,
        days: &BTreeSet<NaiveDate>,
    ) -> Result<Vocabulary, RuleError> {
        let list = self.list((*fingerprint, today));
        let unknown: BTreeSet<NaiveDate> =
            days.iter().filter(|day| !list.policy.days.contains_key(day)).copied().collect();
        if !unknown.is_empty() {
            let answers = asker.evaluate(&Questions { today, days: &unknown, tasks: &[] })?;
            list.policy.days.extend(answers.days);
        }
        let categories = match &list.categories {
            Some(categories) => categories.clone(),
            None => list.categories.insert(asker.categories()?).clone(),
        };
        let days = days.iter().filter_map(|day| list.policy.days.get(day).cloned()).collect();
        Ok(Vocabulary { days, categories })
    }

    /// What is known of the list on this day, in front of the others.
    fn list(&mut self, of: ([u8; 32], NaiveDate)) -> &mut OfList {
        let at = self.lists.iter().position(|list| list.of.0 == of.0);
        let known = at.map(|at| self.lists.remove(at)).filter(|list| list.of == of);
        self.lists.truncate(LISTS_MAX - 1);
        self.lists.insert(0, known.unwrap_or_else(|| OfList::new(of)));
        &mut self.lists[0]
    }
}

/// The task that an error is about, unless another time it may be none.
fn failed(questions: &[Question], error: &RuleError) -> Option<(Asked, RuleError)> {
    let key = error.task.as_ref().filter(|_| !error.timed_out)?;
    let question = questions.iter().find(|question| question.task.key == **key)?;
    Some((Asked::of(question), error.clone()))
}

impl OfList {
    fn new(of: ([u8; 32], NaiveDate)) -> OfList {
        OfList {
            of,
            asked: BTreeMap::new(),
            distinct: HashSet::new(),
            policy: Policy::default(),
            categories: None,
            failed: None,
        }
    }

    /// What has to be asked: about each task that is not the one that was asked about. One that is equal is taken for it
    /// from now on. Tasks come in the order of their keys, as they are kept here, so one walk finds all of them.
    fn questions(&mut self, tasks: &[&Arc<Task>], body_of: impl Fn(&Arc<Task>) -> Option<Arc<str>>) -> Vec<Question> {
        let mut questions = Vec::new();
        let mut known = self.asked.iter_mut().peekable();
        for task in tasks {
            while known.next_if(|(key, _)| **key < task.key).is_some() {}
            let asked = known.next_if(|(key, _)| **key == task.key).map(|(_, asked)| asked);
            match asked.filter(|asked| asked.is(task, || body_of(task))) {
                Some(asked) if Arc::ptr_eq(&asked.task, task) => {}
                Some(asked) => asked.task = Arc::clone(task),
                None => questions.push(Question { task: Arc::clone(task), body: body_of(task) }),
            }
        }
        questions
    }

    fn add(&mut self, answers: Policy, questions: &[Question], reads_bodies: bool) {
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
        // A body that could not be read this time counts as empty, but only this time.
        let lasting = questions.iter().filter(|question| !reads_bodies || question.body.is_some());
        self.asked.extend(lasting.map(|question| (question.task.key.clone(), Asked::of(question))));
        self.failed = None;
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
