//! The rules of the remote: all files of the folder together become a list, which is accepted like an edit's or stays out.

use std::collections::BTreeSet;

use super::{Work, git};
use crate::domain::document::{MergeConflict, Side, merge_text};
use crate::domain::lang::{Phrase, Sentence};
use crate::service::error::ServiceError;
use crate::service::rules;
use crate::service::rules::files::{self, RuleFiles};
use crate::service::sync::ConflictLine;
use crate::service::sync::incoming::{IncomingRules, RULES};
use crate::store::{Change, Entries};

const REMOVED: Phrase = Phrase {
    en: "it was removed on one side and changed on the other; it stays",
    de: "sie wurde auf einer Seite entfernt und auf der anderen geändert; sie bleibt",
};
const SAME_LINES: Phrase = Phrase {
    en: "both sides changed the same lines; the repository's version stands, and the one of here is among the earlier versions",
    de: "auf beiden Seiten wurden dieselben Zeilen geändert; die Fassung des Repositorys gilt, die von hier ist unter den früheren Fassungen",
};

impl Work<'_, '_> {
    pub(super) fn rules(&mut self, incoming: &IncomingRules) -> Result<(), ServiceError> {
        let present = self.situation.snapshot.rules.as_ref().map(|rules| rules.entries.clone());
        let ours: RuleFiles = present.iter().flat_map(|entries| files::files_of(entries)).collect();
        if let Some(problem) = &incoming.problem {
            self.hold(RULES, incoming.base_name, problem.clone());
            return Ok(());
        }
        if incoming.theirs.is_empty() && incoming.base.is_empty() {
            if present.is_some() {
                self.differing.insert(RULES.to_owned());
            }
            return Ok(());
        }
        let mut merged = self.merge_rules(incoming, &ours);
        // A list that only the server wrote follows the scripts that it is about.
        if !incoming.theirs.contains_key(files::LIST) && !incoming.base.contains_key(files::LIST) {
            files::leave_out_missing(&mut merged);
        }
        let wanted = match list(&merged) {
            Ok(wanted) => wanted,
            Err(problem) => {
                self.hold(RULES, incoming.base_name, problem);
                return Ok(());
            }
        };
        if wanted != present {
            match rules::change(self.situation, wanted.clone(), "sync") {
                Ok(change) => self.take_rules(change),
                Err(ServiceError::Refused(refusal)) => {
                    self.hold(RULES, incoming.base_name, Sentence::of(|lang| refusal.text(lang)));
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        // Another way of writing the same list is not worth a commit.
        if list(&incoming.theirs).ok() != Some(wanted) {
            self.differing.insert(RULES.to_owned());
        }
        Ok(())
    }

    fn take_rules(&mut self, change: Change) {
        self.report.changed.push(RULES.to_owned());
        self.changes.push(change);
    }

    fn merge_rules(&mut self, incoming: &IncomingRules, ours: &RuleFiles) -> RuleFiles {
        let names: BTreeSet<&String> = incoming.base.keys().chain(incoming.theirs.keys()).chain(ours.keys()).collect();
        let mut merged = RuleFiles::new();
        for name in names {
            let (base, ours, theirs) = (incoming.base.get(name), ours.get(name), incoming.theirs.get(name));
            let chosen = if ours == theirs || theirs == base {
                ours.cloned()
            } else if ours == base {
                theirs.cloned()
            } else {
                self.merge_script(name, base, ours, theirs)
            };
            merged.extend(chosen.map(|text| (name.clone(), text)));
        }
        merged
    }

    /// A file of rules that both sides changed. What the remote's says stands where they cannot be merged: the version
    /// of here is among the user's earlier versions.
    fn merge_script(
        &mut self,
        name: &str,
        base: Option<&Vec<u8>>,
        ours: Option<&Vec<u8>>,
        theirs: Option<&Vec<u8>>,
    ) -> Option<Vec<u8>> {
        let (Some(ours), Some(theirs)) = (ours, theirs) else {
            self.rule_conflict(name, REMOVED);
            return ours.or(theirs).cloned();
        };
        let base = base.map_or(&[][..], |base| &base[..]);
        let merged = merge_text(base, ours, theirs, Side::Theirs, &git::merge_lines);
        self.report.merged.push(format!("{RULES}{name}"));
        for conflict in &merged.conflicts {
            match conflict {
                MergeConflict::Field { .. } | MergeConflict::Body | MergeConflict::Whole { .. } => {
                    self.rule_conflict(name, SAME_LINES);
                }
            }
        }
        Some(merged.document)
    }

    fn rule_conflict(&mut self, name: &str, what: Phrase) {
        let file = format!("{RULES}{name}");
        self.report.conflicts.push(ConflictLine { file, what: what.into() });
    }
}

/// The list that files are; none of no files.
fn list(files: &RuleFiles) -> Result<Option<Entries>, Sentence> {
    if files.is_empty() { Ok(None) } else { files::list_of(files).map(Some) }
}
