//! The authors' reference as Markdown, made from the tables that the engine's words come from.

use super::engine;
use super::evaluate::SCRIPTS_MAX;
use super::names::{self, HOOKS};
use super::trial::{self, FIELDS};
use super::words::{Kind, WORDS, Word};

const HEAD: &str = "\
# Words of placement rules

Made by `codexmiroir rules reference`; do not edit.

A rule script is written in [Rhai](https://rhai.rs/book/). It defines functions that are asked, the hooks, and these may
use the words below. Names that stand under *also* mean the same. There is no clock, no chance, no file and no network:
equal questions get equal answers.
";

/// The reference of everything that a script may define and use.
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("\n## Hooks\n\nAll are optional, but some script of a list must define `slots`.\n\n");
    text.push_str("| define | returns | meaning |\n| --- | --- | --- |\n");
    for hook in HOOKS {
        text.push_str(&format!("| `fn {}` | {} | {} |\n", hook.usage, hook.result, hook.meaning));
    }
    section(&mut text, "Constants", |kind| kind == Kind::Constant);
    section(&mut text, "Functions", |kind| kind == Kind::Function);
    for of in ["slot", "constraint", "option"] {
        section(&mut text, &format!("After {}", names::with_article(of)), |kind| kind == Kind::Method(of));
    }
    for of in ["task", "day", "date", "slot"] {
        section(&mut text, &format!("Of {}", names::with_article(of)), |kind| kind == Kind::Property(of));
    }
    section(&mut text, "Between days and dates", |kind| kind == Kind::Operator("day"));
    text.push_str("\nA day of the plan and a date may stand on either side.\n");
    section(&mut text, "Between slots", |kind| kind == Kind::Operator("slot"));
    section(&mut text, "As text", |kind| kind == Kind::Method("day"));
    tests(&mut text);
    text.push_str(&limits());
    text
}

/// What only files of tests have.
fn tests(text: &mut String) {
    text.push_str(
        "\n# Words of tests\n\n\
         A file `mine.test.rhai` beside `mine.rhai` tests it. Each `fn test_…()` in it has tasks planned and says what \
         it expects; `codexmiroir rules test` runs them. All words above are there, too.\n",
    );
    section(text, "To plan and to expect", |kind| kind == Kind::Test);
    text.push_str("\nWhat `plan` is given, all but `now` as it is needed:\n\n");
    text.push_str("| in the map | also | is |\n| --- | --- | --- |\n");
    for (name, also, meaning) in FIELDS {
        let also = if also.is_empty() { String::new() } else { format!("`{also}`") };
        text.push_str(&format!("| `{name}` | {also} | {meaning} |\n"));
    }
    section(text, "After a plan", |kind| kind == Kind::Method("plan"));
    section(text, "Of a plan", |kind| kind == Kind::Property("plan"));
}

fn section(text: &mut String, title: &str, belongs: impl Fn(Kind) -> bool) {
    text.push_str(&format!("\n## {title}\n\n| write | also | gives | meaning |\n| --- | --- | --- | --- |\n"));
    for word in WORDS.iter().filter(|word| belongs(word.kind)) {
        let also = word.also().map(|also| format!("`{also}`")).unwrap_or_default();
        text.push_str(&format!("| {} | {also} | {} | {} |\n", written(word), word.result, word.meaning));
    }
}

/// How the word is written, each form as code: the table joins them with commas and `or`.
fn written(word: &Word) -> String {
    let usage = word.usage(word.name);
    let forms = usage.replace(" or ", "\n").replace("), ", ")\n").replace("date, day", "date\nday");
    forms.lines().map(|form| format!("`{form}`")).collect::<Vec<_>>().join("<br>")
}

fn limits() -> String {
    format!(
        "\n## Limits\n\n\
         A script has at most {} KiB, a list {SCRIPTS_MAX} scripts. One answer may take {} operations, {} functions \
         within one another and {} variables; a text has at most {} KiB, a list or map {} entries, those within it \
         included. A script that needs more is refused, or the rules that worked last stand in for it. A test may take \
         as many operations as an answer, and ask for {} plans.\n",
        engine::SOURCE_BYTES_MAX / 1024,
        engine::OPERATIONS_MAX,
        engine::CALL_LEVELS_MAX,
        engine::VARIABLES_MAX,
        engine::STRING_BYTES_MAX / 1024,
        engine::ENTRIES_MAX,
        trial::PLANS_MAX,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_what_the_tables_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules-reference.md");
        let document = include_str!("../../docs/rules-reference.md");
        assert!(document == reference(), "write what `codexmiroir rules reference` prints to {path}");
    }

    #[test]
    fn every_word_is_in_it_with_all_its_names() {
        let text = reference();
        for word in WORDS.iter() {
            assert!(text.contains(&format!("| {} |", word.meaning)), "{}", word.name);
            let names = [Some(word.name), word.also()];
            assert!(names.into_iter().flatten().all(|name| text.contains(name)), "{}", word.name);
            assert!(word.meaning.ends_with('.') && !word.usage(word.name).contains('|'), "{}", word.name);
        }
    }
}
