//! The plan under rules that nobody has set, beside the present one. Nothing is changed, and nothing of it is kept.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::error::ServiceError;
use super::folder::Folder;
use super::memo::Memo;
use super::planners::Desk;
use super::planning::{self, plan_folder};
use super::rulebook::{RuleBook, RuleList};
use super::rules::{RuleFields, checked_entries, tests_of, tried};
use super::{Service, rule_check, rule_tests};
use crate::domain::ids::{UserId, UserName};
use crate::domain::script::{RuleEntry, RuleError};
use crate::planning::Horizon;
use crate::store::Settings;
use crate::view::preview::Preview;

/// What came of a list of rules.
#[derive(Debug)]
pub enum Previewed {
    /// It could not be set, and why.
    Refused(Vec<RuleError>),
    Planned(Box<Preview>),
}

impl Service {
    /// What would be different if the user had these rules: now or at another instant, over the days of the user's
    /// timeline or over others. The list is tried as [`Service::check_rules`] does, on what is planned here.
    ///
    /// # Errors
    /// The request is malformed, or the clock cut the trial, which says nothing of the list.
    pub async fn preview_rules(
        self: &Arc<Self>,
        user: UserId,
        fields: Vec<RuleFields>,
        now: Option<DateTime<Utc>>,
        days: Option<u16>,
    ) -> Result<Previewed, ServiceError> {
        let entries = checked_entries(fields)?;
        let view = self.views.get(user);
        let _turn = view.lock().await;
        let service = self.clone();
        let job = move |desk: &mut Desk| service.preview(desk, user, &entries, now, days);
        self.planners.run(user, job).await?
    }

    fn preview(
        &self,
        desk: &mut Desk,
        user: UserId,
        entries: &[RuleEntry],
        now: Option<DateTime<Utc>>,
        days: Option<u16>,
    ) -> Result<Previewed, ServiceError> {
        let mut snapshot = self.require_snapshot(user)?;
        snapshot.settings.days = days.unwrap_or(snapshot.settings.days);
        // Both plans are of one instant.
        let at = now.unwrap_or_else(|| self.clock.now());
        let mut candidate = None;
        let errors = tried(entries, |list, tests| {
            let body_of = |key: &_| self.body_of(user, key);
            match planning::plan_candidate(desk, (list, tests), &snapshot, at, &body_of) {
                Ok(answer) => {
                    candidate = Some(answer);
                    Vec::new()
                }
                Err(errors) => errors,
            }
        })?;
        let Some(candidate) = candidate else { return Ok(Previewed::Refused(errors)) };
        let book = self.rules.book();
        let present = match now {
            None => self.plan((desk, &book), user, &snapshot, at),
            // As in any view of another instant.
            Some(_) => self.plan_with((desk, &book), &mut Memo::default(), user, &snapshot, at),
        };
        Ok(Previewed::Planned(Box::new(Preview::of(present.answer, candidate))))
    }
}

/// What would be different in the plan of a folder of task files if these rules applied instead of the present ones,
/// without a server and without a database.
pub fn preview_folder(
    folder: &Folder,
    present: &RuleBook,
    entries: &[RuleEntry],
    user: &UserName,
    settings: Settings,
    now: DateTime<Utc>,
) -> Previewed {
    let list = match RuleList::of_user(entries) {
        Ok(list) => list,
        Err(error) => return Previewed::Refused(vec![error]),
    };
    let horizon = Horizon::new(settings.zone, now, settings.days);
    let mut errors = rule_check::errors(&list.scripts, Some((folder, horizon)));
    if errors.is_empty() {
        errors = match rule_tests::run(&list.scripts, &tests_of(entries)) {
            Ok(report) => report.failures().cloned().collect(),
            Err(error) => vec![error],
        };
    }
    if !errors.is_empty() {
        return Previewed::Refused(errors);
    }
    let plan = |book: &RuleBook| plan_folder(folder, book, user.clone(), settings, now);
    let candidate = plan(&RuleBook::of_scripts(list.scripts));
    match candidate.rules.error {
        Some(error) => Previewed::Refused(vec![error]),
        None => Previewed::Planned(Box::new(Preview::of(plan(present), candidate))),
    }
}
