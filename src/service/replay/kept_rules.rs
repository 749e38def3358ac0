//! The rules that a user had at a generation, with what stood in for them, from the history alone: versions that are kept
//! for people to go back to are fewer.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::domain::ids::{Generation, UserId};
use crate::domain::script::{OptionValue, RuleEntry};
use crate::store::{EARLIER_RULES_MAX, EarlierRules, Entries, Moment, Past, PastState, Store, StoreError, UserRules};

/// Changes that are read at a time.
const PIECE_CHANGES: usize = 20;

/// Which lists the user had, each by when it came and a hash of it: the lists themselves are read when they are needed.
#[derive(Default)]
pub(super) struct KeptLists(Option<Vec<Listed>>);

#[derive(Clone, Copy)]
struct Listed {
    at: Moment,
    /// `None` where the user's rules were removed.
    list: Option<[u8; 32]>,
}

impl KeptLists {
    /// The rules at a generation.
    pub(super) fn at(
        &mut self,
        store: &Store,
        user: UserId,
        generation: Generation,
    ) -> Result<Option<Arc<UserRules>>, StoreError> {
        let listed = match self.0.take() {
            Some(listed) => listed,
            None => load(store, user)?,
        };
        let listed = self.0.insert(listed);
        let count = listed.partition_point(|listed| listed.at.0 <= generation.0);
        let (due, earlier) = versions(listed.get(..count).unwrap_or_default());
        let Some(due) = due else { return Ok(None) };
        let entries = |at: Moment| entries_of(store, user, at);
        let earlier =
            earlier.into_iter().map(|at| Ok(EarlierRules { version: Generation(at.0), entries: entries(at)? }));
        let earlier = earlier.collect::<Result<_, StoreError>>()?;
        Ok(Some(Arc::new(UserRules { version: Generation(due.0), entries: entries(due)?, earlier })))
    }
}

/// The last list, and those that stand in for it: the latest others since there were none.
fn versions(listed: &[Listed]) -> (Option<Moment>, Vec<Moment>) {
    let Some((Listed { at, list: Some(list) }, before)) = listed.split_last() else { return (None, Vec::new()) };
    let mut seen = vec![*list];
    let mut earlier = Vec::new();
    for listed in before.iter().rev() {
        let Some(list) = listed.list.filter(|_| earlier.len() < EARLIER_RULES_MAX) else { break };
        if !seen.contains(&list) {
            seen.push(list);
            earlier.push(listed.at);
        }
    }
    (Some(*at), earlier)
}

fn load(store: &Store, user: UserId) -> Result<Vec<Listed>, StoreError> {
    let mut listed: Vec<Listed> = Vec::new();
    loop {
        let after = listed.last().map_or(Moment(0, 0), |last| last.at);
        let changes = store.list_rules_changes(user, after, PIECE_CHANGES)?;
        let is_last = changes.len() < PIECE_CHANGES;
        listed.extend(changes.iter().filter_map(|past| {
            let PastState::Rules { after, .. } = &past.what else { return None };
            Some(Listed { at: Moment(past.generation.0, past.index), list: after.as_deref().map(hash_of) })
        }));
        if is_last {
            return Ok(listed);
        }
    }
}

fn entries_of(store: &Store, user: UserId, at: Moment) -> Result<Entries, StoreError> {
    let changes = store.list_changes(user, Generation(at.0))?;
    let found = changes.into_iter().find_map(|past| match past {
        Past { index, what: PastState::Rules { after, .. }, .. } if index == at.1 => after,
        _ => None,
    });
    found.ok_or(StoreError::Damaged("history"))
}

/// Equal for equal lists, and for no others.
fn hash_of(entries: &[RuleEntry]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut text = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    for entry in entries {
        text(entry.name());
        for part in [entry.source(), entry.tests()] {
            text(if part.is_some() { "+" } else { "-" });
            text(part.unwrap_or_default());
        }
        text(&entry.options().len().to_string());
        for (name, value) in entry.options() {
            text(name);
            match value {
                OptionValue::Flag(flag) => text(&format!("flag {flag}")),
                OptionValue::Number(number) => text(&format!("number {number}")),
                OptionValue::Text(value) => text(&format!("text {value}")),
            }
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_is_what_stood_in_then() {
        // Every history of so many lists out of five and none, beside the rules as they were made one after the other.
        for number in 0..6_usize.pow(6) {
            let history: Vec<Option<u8>> = (0..6_u32)
                .map(|place| u8::try_from(number / 6_usize.pow(place) % 6).unwrap())
                .map(|list| list.checked_sub(1))
                .collect();
            let mut rules: Option<UserRules> = None;
            let mut listed = Vec::new();
            for (version, list) in (1..).zip(&history) {
                let entries = list.map(|list| {
                    Entries::from([RuleEntry::Library { name: list.to_string(), options: Default::default() }])
                });
                listed.push(Listed { at: Moment(version, 0), list: entries.as_deref().map(hash_of) });
                rules = entries.map(|entries| UserRules::following(rules.as_ref(), Generation(version), entries));
            }
            let (due, earlier) = versions(&listed);
            assert_eq!(due.map(|at| at.0), rules.as_ref().map(|rules| rules.version.0), "{history:?}");
            let expected: Vec<u64> =
                rules.iter().flat_map(|rules| &rules.earlier).map(|earlier| earlier.version.0).collect();
            assert_eq!(earlier.iter().map(|at| at.0).collect::<Vec<_>>(), expected, "{history:?}");
        }
    }
}
