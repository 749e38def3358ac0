//! What the scripts of a list say of themselves, for whoever sets them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::script::{About, DeclaredOption, OptionKind, Script};
use crate::rules::{self, RuleError};
use crate::service::planners::Desk;
use crate::service::rulebook::RuleList;

/// Lists of which a thread remembers it; when there are more, all are forgotten.
const LISTS_MAX: usize = 64;
/// The texts of a list that are remembered, in bytes; of a list that says more it is asked each time.
const TEXTS_BYTES_MAX: usize = 64 * 1024;

/// What the scripts of a list say, in their order; nothing of one that cannot be asked.
pub(in crate::service) type Abouts = Arc<[Option<About>]>;

/// What lists said, by their fingerprints.
#[derive(Default)]
pub(in crate::service) struct KnownAbouts(HashMap<[u8; 32], Abouts>);

impl Desk {
    pub(in crate::service) fn about(&mut self, list: &RuleList) -> Abouts {
        if let Some(known) = self.abouts.0.get(&list.fingerprint) {
            return known.clone();
        }
        let mut asked: Option<Result<Vec<About>, RuleError>> = None;
        let of_script = |(at, script): (usize, &Script)| {
            // A script of the library is the program's own, whoever uses it: its text may run here.
            if rules::library(&script.name).is_some_and(|known| known.source == script.source) {
                return rules::about(script);
            }
            let list = asked.get_or_insert_with(|| self.asker(list).and_then(|asker| asker.about()));
            let about = list.as_ref().map_err(RuleError::clone)?.get(at).cloned();
            about.ok_or_else(|| RuleError::of_script(&script.name, "the list has no such script"))
        };
        let answers: Vec<Result<About, RuleError>> = list.scripts.iter().enumerate().map(of_script).collect();
        let is_certain = !answers.iter().any(|answer| answer.as_ref().is_err_and(|error| error.timed_out));
        let abouts: Abouts = answers.into_iter().map(Result::ok).collect();
        if is_certain && abouts.iter().flatten().map(texts_bytes).sum::<usize>() <= TEXTS_BYTES_MAX {
            if self.abouts.0.len() >= LISTS_MAX {
                self.abouts.0.clear();
            }
            self.abouts.0.insert(list.fingerprint, abouts.clone());
        }
        abouts
    }
}

fn texts_bytes(about: &About) -> usize {
    let of_option = |option: &DeclaredOption| {
        let among = match &option.kind {
            OptionKind::Choice { among } => among.iter().map(String::len).sum(),
            OptionKind::Flag | OptionKind::Number { .. } | OptionKind::Text | OptionKind::Day => 0,
        };
        option.label.as_ref().map_or(0, String::len) + among
    };
    about.description.as_ref().map_or(0, String::len) + about.options.iter().map(of_option).sum::<usize>()
}
