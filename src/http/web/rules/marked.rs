//! What is wrong with a script, told with the lines that it is about.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::domain::lang::{Lang, Phrase};
use crate::domain::script::RuleError;
use crate::view::rule_errors::message;

pub(super) const LINE: Phrase = Phrase { en: "line", de: "Zeile" };
pub(super) const COLUMN: Phrase = Phrase { en: "column", de: "Spalte" };
pub(super) const TASK: Phrase = Phrase { en: "for task", de: "bei Aufgabe" };
pub(super) const WHOLE: Phrase = Phrase { en: "the whole script", de: "das ganze Skript" };

/// Lines that are shown before and behind one with an error.
const AROUND: u32 = 2;

/// The errors of a text, each with the way to its line, and these lines marked. `field` names the text in addresses.
pub(super) fn faults(field: &str, text: &str, errors: &[&RuleError], lang: Lang) -> Markup {
    let last = text.split('\n').count();
    let line_of = |error: &RuleError| error.line.filter(|line| usize::try_from(*line).is_ok_and(|line| line <= last));
    html! {
        ul.faults {
            @for error in errors {
                li {
                    @match line_of(error) {
                        Some(line) => a href={ "#" (field) "-line-" (line) } data-line=(line) data-column=(error.column.unwrap_or(1)) { (place(error, lang)) },
                        None => (place(error, lang)),
                    }
                    ": " (message(&error.message, lang))
                }
            }
        }
        (excerpt(field, text, errors))
    }
}

/// Where an error is, in words.
pub(super) fn place(error: &RuleError, lang: Lang) -> String {
    let mut parts = Vec::new();
    parts.extend(error.line.map(|line| format!("{} {line}", LINE.text(lang))));
    parts.extend(error.column.map(|column| format!("{} {column}", COLUMN.text(lang))));
    parts.extend(error.function.as_ref().map(|function| format!("{function}()")));
    parts.extend(error.task.as_ref().map(|task| format!("{} {}", TASK.text(lang), task.id())));
    if parts.is_empty() { WHOLE.text(lang).to_owned() } else { parts.join(", ") }
}

/// The lines that errors are in, with some around them.
fn excerpt(field: &str, text: &str, errors: &[&RuleError]) -> Markup {
    let around = |line: u32| line.saturating_sub(AROUND)..=line.saturating_add(AROUND);
    let shown: BTreeSet<u32> = errors.iter().filter_map(|error| error.line).flat_map(around).collect();
    let lines = (1u32..).zip(text.split('\n')).filter(|(number, _)| shown.contains(number));
    let first_at = |line: u32| errors.iter().find(|error| error.line == Some(line));
    html! {
        @if !shown.is_empty() {
            ol.listing {
                @for (number, line) in lines {
                    @match first_at(number) {
                        Some(error) => li.wrong id={ (field) "-line-" (number) } value=(number) { (marked(line, error.column)) },
                        None => li value=(number) { code { (line) } },
                    }
                }
            }
        }
    }
}

/// A line, marked from the column on: a word, or a single sign.
fn marked(line: &str, column: Option<u32>) -> Markup {
    let Some(column) = column.and_then(|column| usize::try_from(column).ok()) else {
        return html! { code { mark { (line) } } };
    };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let start = line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
    let (before, rest) = line.split_at(start);
    let word = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
    let first = rest.chars().next().map_or(0, char::len_utf8);
    let (wrong, after) = rest.split_at(word.max(first));
    html! { code { (before) mark { (wrong) } (after) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: Option<u32>, column: Option<u32>, message: &str) -> RuleError {
        RuleError { line, column, ..RuleError::of_script("mine", message) }
    }

    #[test]
    fn the_word_at_the_column_is_marked_whatever_stands_there() {
        for (line, column, expected) in [
            ("onn([\"ä\"]) x", Some(1), "<code><mark>onn</mark>([&quot;ä&quot;]) x</code>"),
            ("äö.at(1)", Some(3), "<code>äö<mark>.</mark>at(1)</code>"),
            ("<b>", Some(2), "<code>&lt;<mark>b</mark>&gt;</code>"),
            ("end", Some(99), "<code>end<mark></mark></code>"),
            ("", Some(1), "<code><mark></mark></code>"),
            ("all", None, "<code><mark>all</mark></code>"),
            ("zero", Some(0), "<code><mark>zero</mark></code>"),
        ] {
            assert_eq!(marked(line, column).into_string(), expected);
        }
    }

    #[test]
    fn errors_lead_to_their_lines_and_hostile_ones_are_text() {
        let text = "one\ntwo\n<i>three</i>\nfour\nfive\nsix\nseven";
        let (there, nowhere) = (at(Some(3), Some(1), "<script>x</script>"), at(Some(999), None, "far"));
        let whole = at(None, None, "all of it");
        let page = faults("script", text, &[&there, &nowhere, &whole], Lang::En).into_string();
        assert!(page.contains("href=\"#script-line-3\""), "{page}");
        assert!(page.contains("<li class=\"wrong\" id=\"script-line-3\" value=\"3\">"), "{page}");
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script>") && !page.contains("<i>"), "{page}");
        assert!(page.contains("the whole script: all of it") && !page.contains("line-999"), "{page}");
        assert!(page.contains("value=\"5\"") && !page.contains("value=\"6\""), "{page}");
        assert_eq!(place(&there, Lang::De), "Zeile 3, Spalte 1");
    }
}
