//! Files that got another name in the remote.

use std::collections::{BTreeMap, BTreeSet};

use super::Work;
use crate::domain::ids::FileName;
use crate::service::sync::SyncReport;
use crate::service::sync::incoming::{Incoming, Theirs};

impl Work<'_, '_> {
    /// Tells which of what was removed is there again under another name.
    pub(super) fn tell_renamed(&mut self) {
        let SyncReport { added, removed, renamed: told, .. } = &mut self.report;
        let (added, removed): (BTreeSet<&str>, BTreeSet<&str>) =
            (added.iter().map(String::as_str).collect(), removed.iter().map(String::as_str).collect());
        let is_done =
            |(from, to): &(&FileName, &FileName)| removed.contains(from.as_str()) && added.contains(to.as_str());
        let pairs = renamed(&self.from.incoming).into_iter().filter(is_done);
        told.extend(pairs.map(|(from, to)| (from.as_str().to_owned(), to.as_str().to_owned())));
    }
}

/// The files that have another name in the remote now, by the one that they had: of one number, one is gone and one is new.
pub(super) fn renamed(incoming: &Incoming) -> BTreeMap<&FileName, &FileName> {
    let mut by_number: BTreeMap<_, (Vec<&FileName>, Vec<&FileName>)> = BTreeMap::new();
    for (name, file) in &incoming.files {
        let Some(number) = name.number() else { continue };
        let (gone, new) = by_number.entry(number).or_default();
        match (&file.base, &file.theirs) {
            (Some(_), Theirs::Absent) => gone.push(name),
            (None, Theirs::File(_)) => new.push(name),
            (Some(_) | None, Theirs::File(_) | Theirs::Absent | Theirs::Unusable(_)) => {}
        }
    }
    let pair = |(gone, new): (Vec<_>, Vec<_>)| match (&gone[..], &new[..]) {
        ([gone], [new]) => Some((*gone, *new)),
        _ => None,
    };
    by_number.into_values().filter_map(pair).collect()
}
