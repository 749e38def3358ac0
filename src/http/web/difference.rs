//! Two versions of a text, line by line. The door to the crate that compares them.

use std::time::Duration;

use maud::{Markup, html};
use similar::{ChangeTag, TextDiff};

use crate::domain::lang::Lang;

/// Lines around a change that are shown with it.
const CONTEXT: usize = 2;

/// How long two versions are compared; what is left then counts as different altogether.
const COMPARED_MAX: Duration = Duration::from_millis(100);

/// What is different between two versions.
pub fn lines(before: &str, after: &str, lang: Lang) -> Markup {
    let compared = TextDiff::configure().timeout(COMPARED_MAX).diff_lines(before, after);
    html! {
        div.difference {
            @for group in compared.grouped_ops(CONTEXT) {
                pre {
                    @for change in group.iter().flat_map(|part| compared.iter_changes(part)) {
                        @match change.tag() {
                            // Said in words as well: a colour alone tells not everybody.
                            ChangeTag::Delete => del aria-label=(lang.pick("removed", "entfernt")) { "− " (change.value().trim_end_matches(['\r', '\n'])) "\n" },
                            ChangeTag::Insert => ins aria-label=(lang.pick("added", "hinzugefügt")) { "+ " (change.value().trim_end_matches(['\r', '\n'])) "\n" },
                            ChangeTag::Equal => span { "  " (change.value().trim_end_matches(['\r', '\n'])) "\n" },
                        }
                    }
                }
            }
        }
    }
}
