//! Two versions of a text, line by line. The door to the crate that compares them.

use std::time::{Duration, Instant};

use maud::{Markup, html};
use similar::{ChangeTag, TextDiff};

use crate::domain::lang::Lang;

/// Lines around a change that are shown with it.
const CONTEXT: usize = 2;
/// How long all versions of a page are compared; what is left then counts as different altogether.
const COMPARED_MAX: Duration = Duration::from_millis(100);
/// Of one difference no more is shown: whoever wrote both versions does not decide how large a page becomes.
const SHOWN_BYTES_MAX: usize = 16 * 1024;
const SHOWN_LINES_MAX: usize = 500;

/// All that is compared for one page.
pub struct Comparison {
    lang: Lang,
    until: Instant,
}

impl Comparison {
    pub fn new(lang: Lang) -> Comparison {
        Comparison { lang, until: Instant::now() + COMPARED_MAX }
    }

    /// What is different between two versions.
    pub fn lines(&self, before: &str, after: &str) -> Markup {
        let lang = self.lang;
        let compared = TextDiff::configure().deadline(self.until).diff_lines(before, after);
        let (mut lines, mut bytes) = (0, 0);
        let mut fits = move |text: &str| {
            lines += 1;
            bytes += text.len();
            lines <= SHOWN_LINES_MAX && bytes <= SHOWN_BYTES_MAX
        };
        let mut is_cut = false;
        html! {
            div.difference {
                @for group in compared.grouped_ops(CONTEXT) {
                    @if !is_cut {
                        pre {
                            @for change in group.iter().flat_map(|part| compared.iter_changes(part)) {
                                @if !is_cut && fits(change.value()) {
                                    (line(change.tag(), change.value().trim_end_matches(['\r', '\n']), lang))
                                } @else {
                                    ({ is_cut = true; "" })
                                }
                            }
                        }
                    }
                }
                @if is_cut { p.hint { (lang.pick("More is different; this is the beginning.", "Es unterscheidet sich mehr; das ist der Anfang.")) } }
            }
        }
    }
}

/// Said in words as well: a colour alone tells not everybody.
fn line(tag: ChangeTag, text: &str, lang: Lang) -> Markup {
    html! {
        @match tag {
            ChangeTag::Delete => del aria-label=(lang.pick("removed", "entfernt")) { "− " (text) "\n" },
            ChangeTag::Insert => ins aria-label=(lang.pick("added", "hinzugefügt")) { "+ " (text) "\n" },
            ChangeTag::Equal => span { "  " (text) "\n" },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_much_is_different_a_page_stays_small() {
        let text = |from: u32| (from..from + 20_000).map(|number| format!("{number}\n")).collect::<String>();
        let page = Comparison::new(Lang::En).lines(&text(0), &text(50_000)).into_string();
        assert!(page.len() < 100_000 && page.contains("More is different"), "{}", page.len());
        let page = Comparison::new(Lang::En).lines("a\nb\n", "a\nc\n").into_string();
        assert!(page.contains("− b") && page.contains("+ c") && !page.contains("More is different"), "{page}");
        let long = "x".repeat(100_000);
        assert!(Comparison::new(Lang::En).lines("", &long).into_string().len() < 1_000);
    }
}
