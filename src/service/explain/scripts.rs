//! Which script of a list it was. Where a task may go each script says by itself, so each is asked alone; the slots of a
//! day go from one to the next, so the list is asked as if it ended after each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::NaiveDate;

use crate::domain::explanation::{Considered, Finding, Prohibition};
use crate::domain::policy::{Constraint, Policy, SlotSpec, Verdict};
use crate::domain::script::Script;
use crate::domain::task::Task;
use crate::planning::Horizon;
use crate::rules::{Question, Questions, RuleError};
use crate::service::planners::Desk;
use crate::service::planning::BodyOf;
use crate::service::rulebook::RuleList;

/// A list needs a script that says slots; this one leaves the others what they say.
const NEUTRAL: &str = "fn slots(day, slots) { slots }";

/// How long it is looked for. It is no part of the plan, and of scripts that take all that they may it would take minutes.
const SEARCH_TIME_MAX: Duration = Duration::from_secs(2);

/// A script could not be asked without the others.
struct Untold;

impl From<RuleError> for Untold {
    fn from(_: RuleError) -> Untold {
        Untold
    }
}

/// A list, and the task that its scripts are asked about.
pub(super) struct Spoken<'a> {
    pub(super) begun: Instant,
    pub(super) desk: &'a Desk,
    pub(super) list: &'a RuleList,
    pub(super) task: &'a Arc<Task>,
    pub(super) body_of: &'a BodyOf<'a>,
    pub(super) horizon: &'a Horizon,
}

/// Who forbids a slot, and which; without one it is every slot.
struct Refused<'c> {
    by: &'c mut Vec<Prohibition>,
    place: Option<(NaiveDate, &'c str)>,
}

/// The slots of days once a script has spoken; `None` where that could not be asked.
type Slots = Option<BTreeMap<NaiveDate, Arc<[SlotSpec]>>>;

impl Spoken<'_> {
    /// Names the scripts behind what was found, as far as it can be told: a script may fail where it is asked without
    /// the others.
    pub(super) fn name<'c>(
        self,
        considered: impl Iterator<Item = &'c mut Considered>,
        excluded_by: &mut Vec<Prohibition>,
    ) {
        let (mut prohibitions, mut slots) = (Vec::new(), Vec::new());
        for Considered { date, zeit, finding } in considered {
            match (finding, zeit) {
                (Finding::Forbidden { by }, Some(zeit)) => {
                    prohibitions.push(Refused { by, place: Some((*date, zeit.as_str())) });
                }
                (finding @ (Finding::Closed { .. } | Finding::NoSuchSlot { .. }), zeit) => {
                    slots.push((*date, zeit.as_deref(), finding));
                }
                _ => {}
            }
        }
        if !excluded_by.is_empty() {
            prohibitions.push(Refused { by: excluded_by, place: None });
        }
        if !prohibitions.is_empty() {
            self.name_verdicts(prohibitions);
        }
        if !slots.is_empty() {
            self.name_slots(slots);
        }
    }

    fn name_verdicts(&self, prohibitions: Vec<Refused<'_>>) {
        if let [only] = &*self.list.scripts {
            for one in prohibitions.into_iter().flat_map(|refused| refused.by) {
                one.script = Some(only.name.clone());
            }
            return;
        }
        let Some(together) = prohibitions.iter().find_map(|refused| refused.by.first()) else { return };
        let together = together.verdict.clone();
        let mut alone = Vec::new();
        for script in &self.list.scripts {
            // Where one of them cannot be asked, it may have been that one.
            let Ok(verdict) = self.alone(script) else { return };
            alone.push(Prohibition {
                script: Some(script.name.clone()),
                verdict: Arc::new(lifted(&verdict, &together)),
            });
        }
        for Refused { by, place } in prohibitions {
            let named: Vec<_> = alone.iter().filter(|one| refuses(&one.verdict, place)).cloned().collect();
            if !named.is_empty() {
                *by = named;
            }
        }
    }

    /// What a script says of the task if nobody else is asked.
    fn alone(&self, script: &Script) -> Result<Verdict, Untold> {
        self.require_time()?;
        let list = RuleList::new(vec![neutral(), script.clone()], self.list.source);
        let asker = self.desk.asker_of_candidate(&list)?;
        let body = if asker.reads_bodies() { (self.body_of)(&self.task.key) } else { None };
        let question = Question { task: self.task.clone(), body };
        let today = self.horizon.today();
        let asked = Questions { today, days: &BTreeSet::new(), tasks: std::slice::from_ref(&question) };
        let Policy { mut verdicts, .. } = asker.evaluate(&asked)?;
        let verdict = verdicts.remove(&self.task.key).map(Arc::unwrap_or_clone);
        Ok(verdict.unwrap_or(Verdict::Allowed(Constraint::ANYWHERE)))
    }

    fn require_time(&self) -> Result<(), Untold> {
        if self.begun.elapsed() < SEARCH_TIME_MAX { Ok(()) } else { Err(Untold) }
    }

    fn name_slots(&self, places: Vec<(NaiveDate, Option<&str>, &mut Finding)>) {
        let days: BTreeSet<NaiveDate> =
            self.horizon.dates().take(DAYS_LOOKED_AT).chain(places.iter().map(|(date, ..)| *date)).collect();
        let count = self.list.scripts.len().saturating_sub(1);
        let before: Vec<Slots> = (1..=count).map(|count| self.after(count, &days).ok()).collect();
        let name = |at: usize| self.list.scripts.get(at).map(|script| script.name.clone());
        for (date, zeit, finding) in places {
            match (finding, zeit) {
                (Finding::Closed { by }, _) => *by = closing(&before, date).and_then(name),
                (Finding::NoSuchSlot { removed_by, .. }, Some(zeit)) => {
                    let has = |slots: &[SlotSpec]| slots.iter().any(|slot| slot.zeit == zeit);
                    *removed_by = last_with(&before, date, has).and_then(name);
                }
                _ => {}
            }
        }
    }

    /// The slots of days once this many scripts have spoken.
    fn after(&self, count: usize, days: &BTreeSet<NaiveDate>) -> Result<BTreeMap<NaiveDate, Arc<[SlotSpec]>>, Untold> {
        self.require_time()?;
        let scripts = std::iter::once(neutral()).chain(self.list.scripts.iter().take(count).cloned()).collect();
        let asker = self.desk.asker_of_candidate(&RuleList::new(scripts, self.list.source))?;
        let asked = Questions { today: self.horizon.today(), days, tasks: &[] };
        Ok(asker.evaluate(&asked)?.days)
    }
}

/// Days that are looked at to find out which script gives slots at all.
const DAYS_LOOKED_AT: usize = 14;

fn neutral() -> Script {
    Script::new("slots", NEUTRAL)
}

/// What a script says, the days included that others allow besides.
fn lifted(verdict: &Verdict, together: &Verdict) -> Verdict {
    match (verdict, together) {
        (Verdict::Allowed(own), Verdict::Allowed(together)) => {
            let besides = Constraint { also: together.also.clone(), ..Constraint::ANYWHERE };
            Verdict::Allowed(own.clone().intersect(besides))
        }
        _ => verdict.clone(),
    }
}

/// Whether a verdict forbids a slot; without one, whether it forbids all of them whatever they are.
fn refuses(verdict: &Verdict, place: Option<(NaiveDate, &str)>) -> bool {
    match (verdict, place) {
        (Verdict::Allowed(constraint), Some((date, zeit))) => !constraint.allows(date, zeit),
        (Verdict::Allowed(_), None) => false,
        (Verdict::Never { .. }, _) => true,
    }
}

/// The script after the last one that left the day such slots: the one that took them away. `before` are the slots once
/// each but the last has spoken.
fn last_with(before: &[Slots], date: NaiveDate, has: impl Fn(&[SlotSpec]) -> bool) -> Option<usize> {
    let has = |slots: &Slots| slots.as_ref().and_then(|days| days.get(&date)).is_some_and(|slots| has(slots));
    let last = before.iter().rposition(has)?;
    // Where the one after it could not be asked, it may have been the one or those that follow.
    let next = before.get(last + 1);
    next.is_none_or(Option::is_some).then_some(last + 1)
}

/// The script that left a day no slot: the one that took away those of the scripts before it, else the first that gives
/// other days some.
fn closing(before: &[Slots], date: NaiveDate) -> Option<usize> {
    let of_day = |slots: &Slots| slots.as_ref().and_then(|days| days.get(&date)).is_some_and(|slots| !slots.is_empty());
    if before.iter().any(of_day) {
        return last_with(before, date, |slots| !slots.is_empty());
    }
    let gives = |slots: &Slots| slots.as_ref().map(|days| days.values().any(|slots| !slots.is_empty()));
    let known: Vec<bool> = before.iter().map(gives).collect::<Option<_>>()?;
    Some(known.iter().position(|gives| *gives).unwrap_or(before.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY: NaiveDate = NaiveDate::from_ymd_opt(2025, 10, 13).unwrap();

    /// The slots of Monday and Tuesday once a script has spoken, by name.
    fn slots(monday: &[&str], tuesday: &[&str]) -> Slots {
        let slot = |zeit: &&str| SlotSpec {
            zeit: (*zeit).to_owned(),
            from: chrono::NaiveTime::MIN,
            to: chrono::NaiveTime::MIN,
            cutoff: chrono::NaiveTime::MIN,
            auto: true,
        };
        let of = |names: &[&str]| names.iter().map(slot).collect::<Arc<[SlotSpec]>>();
        Some([(MONDAY, of(monday)), (MONDAY.succ_opt()?, of(tuesday))].into())
    }

    #[test]
    fn a_day_is_closed_by_whom_it_had_slots_before() {
        let full = || slots(&["a"], &["a"]);
        let closed = || slots(&[], &["a"]);
        for (before, by) in [
            (vec![], Some(0)),
            (vec![full()], Some(1)),
            (vec![full(), full(), closed()], Some(2)),
            (vec![full(), closed(), full(), closed()], Some(3)),
            // Nobody gave it any: it was the one that gives slots.
            (vec![slots(&[], &[]), closed(), closed()], Some(1)),
            (vec![slots(&[], &[]), slots(&[], &[])], Some(2)),
            // One that cannot be asked alone leaves it open.
            (vec![full(), None, closed()], None),
            (vec![None, closed()], None),
            (vec![None, full(), closed()], Some(2)),
        ] {
            assert_eq!(closing(&before, MONDAY), by, "{before:?}");
        }
    }

    #[test]
    fn a_slot_is_taken_away_by_whom_it_was_there_before() {
        let has = |name: &'static str| move |slots: &[SlotSpec]| slots.iter().any(|slot| slot.zeit == name);
        let before = [slots(&["a", "b"], &[]), slots(&["b"], &[])];
        assert_eq!(last_with(&before, MONDAY, has("a")), Some(1));
        assert_eq!(last_with(&before, MONDAY, has("b")), Some(2));
        assert_eq!(last_with(&before, MONDAY, has("c")), None);
    }
}
