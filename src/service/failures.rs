//! Rules that fail, told once: the log and the counter are for changes, not for each who reads meanwhile.

use quick_cache::sync::Cache;

use super::metrics::ServiceMetrics;
use super::planning::Planned;
use crate::domain::ids::{Generation, UserId};
use crate::rules::RuleError;

/// Users of whom it is known what was told; of a colder one it is told again.
const USERS_MAX: usize = 4_096;

/// What was last told of each user whose rules fail: the error, and the version that stood in.
pub(super) struct Failures(Cache<UserId, (RuleError, Option<Generation>)>);

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
        let failure = (error.clone(), rules.version);
        if self.0.get(&user).as_ref() != Some(&failure) {
            self.0.insert(user, failure);
            metrics.rule_failures.add(1);
            let (source, version) = (rules.source.as_str(), rules.version.map(|version| version.0));
            tracing::warn!(user = %planned.answer.user, %error, source, version, "the rules failed; others stand in");
        }
    }

    /// The user is gone for good.
    pub(super) fn forget(&self, user: UserId) {
        self.0.remove(&user);
    }
}
