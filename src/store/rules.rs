//! The placement rules of one user.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::ids::Generation;
use crate::domain::script::RuleEntry;

/// A list of rules, each place in its order.
pub type Entries = Arc<[RuleEntry]>;

/// Earlier lists that stand in, one after the other, when the present one fails.
pub const EARLIER_RULES_MAX: usize = 3;

/// Versions that are kept of one user's rules. What the present one may fall back to is always among them.
pub const RULES_VERSIONS_MAX: usize = 100;

/// The rules that a user has, and what stands in for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRules {
    /// The generation that made this list: its number for whoever asks for versions.
    pub version: Generation,
    pub entries: Entries,
    /// Other lists that were accepted since the user has rules, the latest first; at most [`EARLIER_RULES_MAX`].
    pub earlier: Vec<EarlierRules>,
}

/// A list that was the user's before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierRules {
    pub version: Generation,
    pub entries: Entries,
}

/// A list as it is among the versions of a user's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesVersion {
    pub version: Generation,
    pub at: DateTime<Utc>,
    pub actor: String,
    pub through: String,
    /// `None` where the user's rules were removed.
    pub entries: Option<Entries>,
}

/// A version with those that stand in for it, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRules {
    pub version: RulesVersion,
    /// Versions that stand in when this one fails, the first one first.
    pub earlier: Vec<Generation>,
}

impl UserRules {
    /// What a user has who had `before` and takes this list in the commit that makes `version`.
    pub fn following(before: Option<&UserRules>, version: Generation, entries: Entries) -> UserRules {
        let last = before.map(|before| EarlierRules { version: before.version, entries: before.entries.clone() });
        let older = before.map(|before| before.earlier.as_slice()).unwrap_or_default();
        let mut earlier: Vec<EarlierRules> = last.into_iter().chain(older.iter().cloned()).collect();
        // The same list would fail the same way again.
        earlier.retain(|earlier| earlier.entries != entries);
        earlier.truncate(EARLIER_RULES_MAX);
        UserRules { version, entries, earlier }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::script::Script;

    #[test]
    fn the_last_other_lists_stand_in() {
        let list = |source: &str| Entries::from([RuleEntry::Own { script: Script::new("own", source), tests: None }]);
        let mut rules = None;
        for (version, source) in [(1, "a"), (2, "b"), (3, "a"), (5, "c"), (6, "d"), (9, "e")] {
            rules = Some(UserRules::following(rules.as_ref(), Generation(version), list(source)));
        }
        let rules = rules.unwrap();
        assert_eq!((rules.version, &rules.entries), (Generation(9), &list("e")));
        let earlier: Vec<_> =
            rules.earlier.iter().map(|earlier| (earlier.version.0, earlier.entries.clone())).collect();
        assert_eq!(earlier, [(6, list("d")), (5, list("c")), (3, list("a"))]);
        let again = UserRules::following(Some(&rules), Generation(10), list("c"));
        let versions: Vec<u64> = again.earlier.iter().map(|earlier| earlier.version.0).collect();
        assert_eq!(versions, [9, 6, 3]);
    }
}
