//! The rules of one's own: a list is taken only when it compiles, answers the samples and plans the tasks there are.

use super::change::Situation;
use super::error::{Refusal, ServiceError};
use super::planners::Interrupted;
use super::rulebook::RuleList;
use crate::store::{Change, Entries, UserRules};

pub use crate::rules::RuleError;

/// The change after which the user has this list, or none.
///
/// # Errors
/// [`Refusal::RulesRefused`]; [`Interrupted`] when the clock cut the trial, which says nothing of the list.
pub(super) fn change(
    situation: &mut Situation<'_>,
    entries: Option<Entries>,
    verb: &'static str,
) -> Result<Change, ServiceError> {
    let rules = match entries {
        None => None,
        Some(entries) => {
            let tried = RuleList::of_user(&entries).and_then(|list| situation.try_rules(&list));
            tried.map_err(|error| match error.timed_out {
                true => ServiceError::Interrupted(Interrupted),
                false => Refusal::RulesRefused { errors: vec![error] }.into(),
            })?;
            let snapshot = situation.snapshot;
            let version = snapshot.head.generation.next();
            Some(UserRules::following(snapshot.rules.as_deref(), version, entries).into())
        }
    };
    Ok(Change::PutRules { rules, verb })
}
