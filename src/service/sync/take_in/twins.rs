//! Documents that can be taken for each other.

use std::collections::{BTreeSet, HashMap};

use super::Work;
use crate::domain::ids::FileName;
use crate::domain::lang::Sentence;
use crate::store::Change;

impl Work<'_, '_> {
    /// Tells of documents that got the number of another one, or a name that not every system tells from another's.
    pub(super) fn tell_twins(&mut self) {
        let mut names: BTreeSet<&FileName> = self.situation.snapshot.tasks.keys().map(|key| &key.file).collect();
        let mut put = Vec::new();
        for change in &self.changes {
            match change {
                Change::PutDocument { key, .. } => {
                    names.insert(&key.file);
                    put.push(&key.file);
                }
                Change::RemoveDocument { key, .. } => drop(names.remove(&key.file)),
                Change::PutSettings { .. } | Change::PutRules { .. } | Change::Merged { .. } => {}
            }
        }
        let (mut by_number, mut by_letters) = (HashMap::new(), HashMap::new());
        for name in names {
            if let Some(number) = name.number() {
                by_number.entry(number).or_insert_with(Vec::new).push(name);
            }
            by_letters.entry(name.as_str().to_lowercase()).or_insert_with(Vec::new).push(name);
        }
        let mut twins = Vec::new();
        for file in put {
            let other =
                |names: Option<&Vec<&FileName>>| names?.iter().rev().copied().find(|other| *other != file).cloned();
            let number = other(file.number().and_then(|number| by_number.get(&number)));
            twins.extend(number.map(|other| (file.clone(), SAME_NUMBER.of(&other))));
            let letters = other(by_letters.get(&file.as_str().to_lowercase()));
            twins.extend(letters.map(|other| (file.clone(), SAME_LETTERS.of(&other))));
        }
        for (file, what) in twins {
            self.conflict(&file, what);
        }
    }
}

/// What two documents have in common, before and after the other one's name.
struct Twin {
    en: (&'static str, &'static str),
    de: (&'static str, &'static str),
}

const SAME_NUMBER: Twin =
    Twin { en: ("its number is also that of ", "; both are kept"), de: ("ihre Nummer hat auch ", "; beide bleiben") };
const SAME_LETTERS: Twin = Twin {
    en: ("it differs from ", " in capitals alone, which some systems cannot keep apart; rename one of them"),
    de: (
        "sie unterscheidet sich von ",
        " nur in der Großschreibung, was manche Systeme nicht auseinanderhalten; bitte eine umbenennen",
    ),
};

impl Twin {
    fn of(&self, other: &FileName) -> Sentence {
        let sentence = |(before, after): (&str, &str)| format!("{before}{other}{after}");
        Sentence { en: sentence(self.en), de: sentence(self.de) }
    }
}
