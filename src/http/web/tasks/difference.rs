//! Two versions of a document, line by line. The door to the crate that compares them.

use maud::{Markup, html};
use similar::{ChangeTag, TextDiff};

use crate::domain::lang::Lang;

/// Lines around a change that are shown with it.
const CONTEXT: usize = 2;

/// What is different between two versions.
pub fn lines(before: &str, after: &str, lang: Lang) -> Markup {
    let compared = TextDiff::from_lines(before, after);
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
