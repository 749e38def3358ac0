//! Whether timelines that are kept are those that planning anew gives, whether rules work, and whether the clock fits what
//! was committed.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{Examined, Finding, FindingState, words};
use crate::domain::ids::UserId;
use crate::domain::lang::{Phrase, Sentence};
use crate::service::Service;
use crate::service::error::ServiceError;
use crate::service::memo::Memo;
use crate::service::planners::Desk;
use crate::store::{Finished, Mend, StoreError, User};
use crate::view::rule_errors;

/// Accounts that one piece plans for.
const USERS_MAX: usize = 10;

/// A clock that is this far behind the last change was set back, and not only corrected.
const SET_BACK: TimeDelta = TimeDelta::minutes(5);

const TIMELINE_DIFFERS: Phrase = Phrase {
    en: "The timeline that is kept is not the one that planning anew gives.",
    de: "Der aufbewahrte Plan ist nicht der, den neues Planen ergibt.",
};
const CLOCK_SET_BACK: Phrase = Phrase {
    en: "The last change is of a time that is still to come: the clock was set back, or was wrong then.",
    de: "Die letzte Änderung ist aus der Zukunft: Die Uhr wurde zurückgestellt oder ging damals falsch.",
};
const SET_CLOCK: Phrase = Phrase {
    en: "Set the system's clock; if it is right now, nothing is left to do, and this ends by itself.",
    de: "Die Uhr des Systems stellen; geht sie jetzt richtig, ist nichts zu tun, und dies endet von selbst.",
};
const SEE_TABLE: Phrase = Phrase {
    en: "It ends with what was found in that table.",
    de: "Das endet mit dem, was in dieser Tabelle gefunden wurde.",
};
const CHECK_RULES: Phrase = Phrase {
    en: "What stands in plans meanwhile; mend the rules, codexmiroir rules check shows where.",
    de: "Solange plant der Ersatz; bitte die Regeln richten, codexmiroir rules check zeigt die Stelle.",
};

impl Service {
    /// Plans for the accounts after one, and compares. Where the next piece begins, if there is one.
    pub(super) async fn examine_plans(
        self: &Arc<Self>,
        after: u64,
        repairs: bool,
    ) -> Result<(Examined, Option<u64>), ServiceError> {
        let service = self.clone();
        let list = move || match service.store.list_users() {
            // Which account that is, was said where they were read one by one.
            Err(StoreError::Damaged(_)) => Ok(Vec::new()),
            users => Ok(users?),
        };
        let users: Vec<User> = super::read(list).await?.into_iter().filter(|user| user.id.0 > after).collect();
        let (mut looked_at, mut findings) = (0, Vec::new());
        for user in users.iter().take(USERS_MAX) {
            looked_at += 1;
            let mut found = self.examine_plan(user).await?;
            let mendable = |finding: &&mut Finding| finding.state == FindingState::Mendable;
            if repairs && found.iter_mut().any(|finding| mendable(&finding)) {
                self.mend(vec![Mend::Timeline { user: user.id }]).await?;
                let again = self.examine_plan(user).await?;
                let is_left = again.iter().any(|finding| finding.state == FindingState::Mendable);
                found.iter_mut().filter(mendable).filter(|_| !is_left).for_each(words::mended);
            }
            findings.append(&mut found);
        }
        let next = users.get(USERS_MAX - 1).filter(|_| users.len() > USERS_MAX).map(|user| user.id.0);
        Ok((Examined { part: "plans", looked_at, findings, next: None }, next))
    }

    async fn examine_plan(self: &Arc<Self>, user: &User) -> Result<Vec<Finding>, ServiceError> {
        let (service, id) = (self.clone(), user.id);
        let compare = move |desk: &mut Desk| service.compare_plan(desk, id);
        let found = match self.planners.run(id, compare).await? {
            Ok(found) => found,
            // Somebody who was removed meanwhile.
            Err(ServiceError::Refused(_)) => Vec::new(),
            // What that is, was said where it was read.
            Err(ServiceError::Store(StoreError::Damaged(table))) => {
                let what = Sentence {
                    en: format!("There is no plan: something in {table} cannot be read."),
                    de: format!("Es gibt keinen Plan: etwas in {table} ist nicht lesbar."),
                };
                vec![Finding::new("not_planned", "plans", what, SEE_TABLE)]
            }
            Err(error) => return Err(error),
        };
        Ok(found.into_iter().map(|finding| finding.of(user.name.as_str())).collect())
    }

    fn compare_plan(&self, desk: &mut Desk, user: UserId) -> Result<Vec<Finding>, ServiceError> {
        let mut findings = Vec::new();
        // In this order: what is kept is of no later state than the snapshot.
        let kept = self.store.get_timeline(user)?.and_then(|(_, kept)| kept);
        let hot = self.store.published().peek(user).map(|entry| entry.finished.clone());
        let snapshot = self.require_snapshot(user)?;
        let (book, now) = (self.rules.book(), self.clock.now());
        let planned = self.plan_with((desk, &book), &mut Memo::default(), user, &snapshot, now);
        if let Some(error) = planned.answer.rules.error.as_ref().filter(|_| planned.is_certain) {
            let what = Sentence::of(|lang| {
                let error = rule_errors::sentence(error, lang);
                lang.pick(format!("The rules fail: {error}."), format!("Die Regeln schlagen fehl: {error}."))
            });
            findings.push(Finding::new("rules_fail", "rules", what, CHECK_RULES));
        }
        if snapshot.head.committed_at > now + SET_BACK {
            findings.push(Finding::new("clock_set_back", "plans", CLOCK_SET_BACK, SET_CLOCK));
        }
        let fresh = &planned.entry.finished;
        let is_other = |kept: &Finished| {
            let is_of_state =
                kept.generation == fresh.generation && kept.is_current(fresh.generation, fresh.basis, now);
            planned.is_certain && snapshot.is_durable && is_of_state && kept.body != fresh.body
        };
        for (place, kept) in [("timelines", kept), ("memory", hot)] {
            if kept.as_ref().is_some_and(is_other) {
                let finding = Finding::new("timeline_differs", place, TIMELINE_DIFFERS, words::REPAIR);
                findings.push(finding.in_state(FindingState::Mendable));
            }
        }
        Ok(findings)
    }
}
