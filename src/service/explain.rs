//! Why a task stands where it stands, asked of the rules that its plan is made with. Nothing of it is kept.

mod scripts;

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, NaiveDate, Utc};

use super::Service;
use super::error::{Refusal, ServiceError};
use super::folder::Folder;
use super::memo::Memo;
use super::planners::Desk;
use super::planning::{BodyOf, Material, answer, in_turn, snapshot_of};
use super::rulebook::{RuleBook, RuleList};
use super::tasks::find;
use crate::domain::date;
use crate::domain::difference::{Standing, between, stands};
use crate::domain::document;
use crate::domain::explanation::{Considered, Counterfactual, Explanation, Finding};
use crate::domain::ids::{DocKey, UserId, UserName};
use crate::domain::policy::Policy;
use crate::domain::task::Task;
use crate::domain::timeline::Reason;
use crate::planning::{DAYS_MAX, Horizon, explain, find_slot, line, pinned};
use crate::rules::RuleError;
use crate::store::{Settings, Snapshot};
use crate::view::explanation::Explained;

/// The longest name of a slot that is looked for, in characters.
const ZEIT_CHARS_MAX: usize = 100;

/// A slot by its day and its name.
pub type SlotName = (NaiveDate, String);

/// What somebody wants to know of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// As people name it: its number or its file.
    pub id: String,
    /// A slot that it might be pinned to.
    pub slot: Option<SlotName>,
    /// The instant, if it is not the present one.
    pub now: Option<DateTime<Utc>>,
    /// How many days, if not those of the user's timeline.
    pub days: Option<u16>,
}

impl Service {
    /// Why one of the user's tasks stands where it stands, and what would be if it were pinned to another slot.
    ///
    /// # Errors
    /// [`Refusal::NoSuchTask`], [`Refusal::Ambiguous`], and [`Refusal::Unreadable`] of a document that is no task.
    pub async fn explain(self: &Arc<Self>, user: UserId, inquiry: Inquiry) -> Result<Explained, ServiceError> {
        let view = self.views.get(user);
        let _turn = view.lock().await;
        let service = self.clone();
        let job = move |desk: &mut Desk| {
            let mut snapshot = service.require_snapshot(user)?;
            snapshot.settings.days = inquiry.days.unwrap_or(snapshot.settings.days);
            let task = wanted(&snapshot, &inquiry.id)?;
            let book = service.rules.book();
            let mut memo = match inquiry.now {
                None => service.memos.take(user),
                // What is told of another instant is of no use later.
                Some(_) => Memo::default(),
            };
            let now = inquiry.now.unwrap_or_else(|| service.clock.now());
            let body_of = |key: &DocKey| service.body_of(user, key);
            let table = Table { desk, rules: &book, memo: &mut memo, snapshot: &snapshot, now, body_of: &body_of };
            let explained = table.explained(&task, inquiry.slot);
            if inquiry.now.is_none() {
                service.memos.keep(user, memo);
            }
            Ok(explained)
        };
        self.planners.run(user, job).await?
    }
}

/// As [`Service::explain`], of a task in a folder, without a server and without a database.
///
/// # Errors
/// The same.
pub fn explain_folder(
    folder: &Folder,
    rules: &RuleBook,
    user: UserName,
    settings: Settings,
    now: DateTime<Utc>,
    (id, slot): (&str, Option<SlotName>),
) -> Result<Explained, ServiceError> {
    let (snapshot, bodies) = snapshot_of(folder, user, settings, now);
    let task = wanted(&snapshot, id)?;
    let body_of = |key: &DocKey| bodies.get(key).and_then(|raw| document::body(raw)).map(Arc::from);
    let (mut desk, mut memo) = (Desk::default(), Memo::default());
    let table = Table { desk: &mut desk, rules, memo: &mut memo, snapshot: &snapshot, now, body_of: &body_of };
    Ok(table.explained(&task, slot))
}

/// A slot as people write it: its day and its name, with a `/` or a blank between them. `None` for anything else, days
/// included that the calendar does not have or that cannot be planned.
pub fn slot_of(text: &str) -> Option<SlotName> {
    let (datum, zeit) = text.trim().split_once(|c: char| c == '/' || c.is_whitespace())?;
    let zeit = zeit.trim().to_lowercase();
    let is_name = (1..=ZEIT_CHARS_MAX).contains(&zeit.chars().count());
    Some((date::parse_request(datum)?, zeit)).filter(|_| is_name)
}

fn wanted(snapshot: &Snapshot, id: &str) -> Result<Arc<Task>, Refusal> {
    let key = find(snapshot, id)?;
    match snapshot.tasks.get(&key) {
        Some(Ok(task)) => Ok(task.clone()),
        Some(Err(problem)) => Err(Refusal::Unreadable { file: key.file.as_str().to_owned(), problem: problem.clone() }),
        None => Err(Refusal::NoSuchTask { id: key.id() }),
    }
}

/// Everything that an explanation is made of.
struct Table<'a> {
    desk: &'a mut Desk,
    rules: &'a RuleBook,
    memo: &'a mut Memo,
    snapshot: &'a Snapshot,
    now: DateTime<Utc>,
    body_of: &'a BodyOf<'a>,
}

impl Table<'_> {
    fn explained(mut self, task: &Arc<Task>, slot: Option<SlotName>) -> Explained {
        let near = self.material(self.snapshot.settings.days);
        let asked = in_turn(self.rules, self.snapshot.rules.as_deref(), |list| self.by_list(list, &near, task));
        let explanation = asked.answer.unwrap_or_else(|| explain(&near.tasks, task, &Policy::default(), &near.horizon));
        // A task that is not open stands nowhere, and would do so with a pin as well.
        let slot = slot.filter(|_| task.is_open());
        let counterfactual = slot.map(|(date, zeit)| self.counterfactual(task, (date, &zeit)));
        Explained {
            explanation: Explanation { counterfactual, ..explanation },
            rules: asked.rules,
            generation: self.snapshot.head.generation.0,
            lang: self.snapshot.settings.lang,
            last_day: near.horizon.last_day(),
        }
    }

    fn horizon(&self, days: u16) -> Horizon {
        Horizon::new(self.snapshot.settings.zone, self.now, days)
    }

    fn material(&self, days: u16) -> Material {
        Material::of(self.snapshot, self.horizon(days))
    }

    /// What the rules that the plan is made with have to do with it.
    fn by_list(&mut self, list: &RuleList, near: &Material, task: &Arc<Task>) -> Result<Explanation, RuleError> {
        let asker = self.desk.asker(list)?;
        let asked = (&list.fingerprint, &*asker);
        let policy = near.policy(asked, self.memo, self.body_of)?;
        let mut explanation = explain(&near.tasks, task, policy, &near.horizon);
        let Explanation { considered, excluded_by, .. } = &mut explanation;
        self.spoken(list, task, &near.horizon).name(considered.iter_mut(), excluded_by);
        if has_to_wait(&explanation) {
            let far = self.material(DAYS_MAX);
            // Rules may well fail on a day that the plan has nothing to do with.
            let policy = far.policy(asked, self.memo, self.body_of);
            let line_of = |policy| line(&far.tasks, task, policy, &far.horizon, near.horizon.last_day());
            explanation.line = Some(policy.map(line_of));
        }
        Ok(explanation)
    }

    fn spoken<'s>(&'s self, list: &'s RuleList, task: &'s Arc<Task>, horizon: &'s Horizon) -> scripts::Spoken<'s> {
        scripts::Spoken { begun: Instant::now(), desk: self.desk, list, task, body_of: self.body_of, horizon }
    }

    /// What would be if the task were pinned to this slot, by comparing the plans with and without the pin: over as many
    /// days as it takes to see it there.
    fn counterfactual(&mut self, task: &Arc<Task>, (date, zeit): (NaiveDate, &str)) -> Counterfactual {
        let from_today = date.signed_duration_since(self.horizon(1).today()).num_days().saturating_add(1);
        let days = u16::try_from(from_today.max(0)).unwrap_or(DAYS_MAX).max(self.snapshot.settings.days);
        let mut wide = self.material(days);
        wide.days.insert(date);
        let asked = in_turn(self.rules, self.snapshot.rules.as_deref(), |list| {
            let asker = self.desk.asker(list)?;
            let policy = wide.policy((&list.fingerprint, &asker), self.memo, self.body_of)?;
            let mut slot = find_slot(&wide.tasks, task, (date, zeit), policy, &wide.horizon);
            self.spoken(list, task, &wide.horizon).name(std::iter::once(&mut slot), &mut Vec::new());
            Ok(slot)
        });
        let unknown = || Considered { date, zeit: Some(zeit.to_owned()), finding: Finding::Closed { by: None } };
        let (tasks, unpin) = pinned(&wide.tasks, &task.key, (date, zeit));
        let with_pin = with_tasks(self.snapshot, tasks);
        let mut plan = |snapshot: &Snapshot| {
            answer(self.desk, self.rules, self.memo, snapshot, wide.horizon, self.body_of).0.timeline
        };
        let (before, after) = (plan(self.snapshot), plan(&with_pin));
        let stands_there =
            stands(&after).get(&task.key).is_some_and(|stand| stand.standing.slot() == Some((date, zeit)));
        Counterfactual {
            slot: asked.answer.unwrap_or_else(unknown),
            unpin,
            difference: stands_there.then(|| between(&before, &after)),
            days: wide.horizon.days(),
        }
    }
}

fn has_to_wait(explanation: &Explanation) -> bool {
    matches!(explanation.standing, Some(Standing::Waiting | Standing::Without(Reason::NoAllowedSlot { .. })))
}

/// The same state with these in the place of the tasks of their names.
fn with_tasks(snapshot: &Snapshot, tasks: Vec<Arc<Task>>) -> Snapshot {
    let mut changed = snapshot.clone();
    changed.tasks.extend(tasks.into_iter().map(|task| (task.key.clone(), Ok(task))));
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_a_day_and_a_name() {
        let morning = NaiveDate::from_ymd_opt(2025, 10, 14).map(|day| (day, "morgens".to_owned()));
        for good in ["14.10.2025/morgens", "14.10.2025 morgens", " 2025-10-14 Morgens ", "14.10.2025/ morgens"] {
            assert_eq!(slot_of(good), morning, "{good}");
        }
        assert_eq!(slot_of("14.10.2025/spät am abend").map(|(_, zeit)| zeit).as_deref(), Some("spät am abend"));
        let long = format!("14.10.2025/{}", "x".repeat(101));
        for bad in ["", "/", "14.10.2025", "14.10.2025/", "morgens", "31.02.2025/morgens", "1.1.1900/morgens", &long] {
            assert_eq!(slot_of(bad), None, "{bad}");
        }
    }
}
