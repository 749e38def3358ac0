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

/// A list of rules as a whole, which the test below holds to be one.
const EXAMPLE: &str = r#"fn slots(day, slots) {
    if day.weekend || day == easter(day.year) + 1 { return []; }
    [
        slot("morgens", "09:00", "12:30"),
        slot("nachmittags", "13:30", "17:00").cutoff("14:00"),
    ]
}

fn place(task, today) {
    if task.kategorie == "privat" { return on(["fr"]).at("nachmittags").because("private matters on Friday"); }
    if task.deadline != () && task.deadline - today < 7 { return anywhere().ahead_of_line(1); }
    on(weekdays)
}
"#;

/// What authors who know the language, or another one, ask first.
const LANGUAGE: &str = r#"
## What of Rhai is there

`if`, `switch`, `for`, `while`, `loop`, `let`, `return`, `throw` and `try`; numbers, texts, lists and maps with their
methods; functions of one's own, and functions without a name such as `|slot| slot.name != "abends"`.

- A function sees its parameters, its own variables, `weekdays` and `weekends`; one without a name sees only its
  parameters, so what else it needs is written as a `for` loop. A `const` outside functions is seen by none, and what
  stands there is never run.
- There is no `import`, `eval`, `call` or `sleep`. Words of Rhai are no names: `until`, `default`, `is`, `match`, `new`, `with`.
- A text stands between double quotes; between backticks `${…}` puts values into it. Names are of ASCII.
- A value of one type never equals one of another. Comparing a date, or a number of a day, with a text is an error.

## Slots

- The slots of a day do not overlap, and none goes across midnight. Their names are kept in lower case, each once a day.
- Without a cutoff a slot is offered on its own day until it begins.
- `slots` returns all slots of the day: what it leaves out of those that earlier scripts gave is gone. So a script that
  changes nothing on a day returns `slots`, and one that stands alone makes slots of its own.

## Dates

A text with a date is `24.12.2025`, `1.4.2025` or `2025-12-24`; `date("…")`, `.from("…")` and `.up_to("…")` read it.
`task.deadline` and `day` are dates already; `task.deadline` is `()` where a task has none.
"#;

/// The reference of everything that a script may define and use.
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    text.push_str(&format!("\n```rhai\n{EXAMPLE}```\n{LANGUAGE}"));
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
    fn the_example_is_a_list_of_rules() {
        let example = [crate::domain::script::Script::new("example", EXAMPLE)];
        assert_eq!(crate::rules::RuleSet::compile(&example).unwrap().check_all(), []);
    }

    #[test]
    fn the_language_is_as_it_is_said() {
        for word in ["until", "default", "is", "match", "new", "with"] {
            let source = format!("fn slots(day, slots) {{ let {word} = 1; [] }}");
            let script = crate::domain::script::Script::new("word", source);
            assert!(crate::rules::RuleSet::compile(&[script]).is_err(), "{word} is no word of Rhai");
        }
    }

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
