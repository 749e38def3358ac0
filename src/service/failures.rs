//! Rules that fail, told once: the log and the counter are for changes, not for each who reads meanwhile.

use std::sync::Arc;

use quick_cache::sync::Cache;

use super::Service;
use super::metrics::ServiceMetrics;
use super::planning::Planned;
use crate::domain::ids::{UserId, UserName};
use crate::view::RulesState;

/// Users of whom it is known what was told; of a colder one it is told again.
const USERS_MAX: usize = 4_096;

/// What was last told of each user whose rules fail.
pub(super) struct Failures(Cache<UserId, Arc<(UserName, RulesState)>>);

impl Default for Failures {
    fn default() -> Self {
        Failures(Cache::new(USERS_MAX))
    }
}

impl Failures {
    /// Tells of a plan of the present state whose rules failed, unless it was the same the last time.
    pub(super) fn tell(&self, metrics: &ServiceMetrics, user: UserId, planned: &Planned) {
        let rules = &planned.answer.rules;
        let Some(error) = &rules.error else {
            self.0.remove(&user);
            return;
        };
        let is_told = |told: &(UserName, RulesState)| (&told.1.error, told.1.version) == (&rules.error, rules.version);
        if !self.0.get(&user).is_some_and(|told| is_told(&told)) {
            self.0.insert(user, Arc::new((planned.answer.user.clone(), rules.clone())));
            metrics.rule_failures.add(1);
            let (source, version) = (rules.source.as_str(), rules.version.map(|version| version.0));
            tracing::warn!(user = %planned.answer.user, %error, source, version, "the rules failed; others stand in");
        }
    }

    /// Users whose rules failed the last time that they were planned for, by name.
    fn list(&self) -> Vec<(UserName, RulesState)> {
        let mut failing: Vec<_> = self.0.iter().map(|(_, failing)| (*failing).clone()).collect();
        failing.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
        failing
    }

    /// The user is gone for good.
    pub(super) fn forget(&self, user: UserId) {
        self.0.remove(&user);
    }
}

impl Service {
    /// Users whose rules failed the last time that they were planned for since the start, and what stood in.
    pub fn failing_rules(&self) -> Vec<(UserName, RulesState)> {
        self.failures.list()
    }
}
