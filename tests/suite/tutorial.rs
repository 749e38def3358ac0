//! docs/rules.md and docs/rules.de.md do what they say: their scripts are written, their commands typed, their answers compared.

use std::fs;

use crate::binary::Home;
use crate::harness::repository;
use crate::readme::shell;

/// The tutorial in one of its languages.
struct Tutorial {
    document: &'static str,
    language: &'static str,
    /// The system's, where one reads it.
    locale: &'static str,
}

const ENGLISH: Tutorial = Tutorial { document: "docs/rules.md", language: "en", locale: "C" };
const GERMAN: Tutorial = Tutorial { document: "docs/rules.de.md", language: "de", locale: "de_DE.UTF-8" };

fn read(document: &str) -> String {
    fs::read_to_string(repository(document)).unwrap()
}

/// What stands between the fences of a document, with the language that the first one names.
fn blocks(document: &str) -> Vec<(&str, &str)> {
    let mut parts = document.split("```");
    let mut blocks = Vec::new();
    while let (Some(_), Some(block)) = (parts.next(), parts.next()) {
        blocks.push(block.split_once('\n').unwrap());
    }
    blocks
}

/// Whether a line is as expected, where `…` stands for anything.
fn is_as_shown(line: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let mut rest = line.strip_prefix(parts.next().unwrap());
    let mut last = "";
    for part in parts {
        last = part;
        rest = rest.and_then(|rest| rest.split_once(part)).map(|(_, rest)| rest);
    }
    rest.is_some_and(|rest| rest.is_empty() || last.is_empty() && shown.ends_with('…'))
}

/// Types each command of a block, and compares what comes of it. Lines that tell of a failure stand where a terminal shows them.
fn type_in(home: &Home, console: &str, locale: &str) {
    let mut commands = console.split("$ ");
    assert_eq!(commands.next(), Some(""), "a block begins with a command:\n{console}");
    for command in commands {
        let (typed, shown) = command.split_once('\n').unwrap();
        let ran = shell(home, &format!("export LC_ALL={locale}; {{ {typed}; }} 2>&1"));
        let lines: Vec<&str> = ran.stdout.lines().collect();
        let shown: Vec<&str> = shown.lines().collect();
        let same = lines.len() == shown.len() && lines.iter().zip(&shown).all(|(line, shown)| is_as_shown(line, shown));
        assert!(same, "$ {typed}\n{}\nbut the tutorial has\n{}", ran.stdout, shown.join("\n"));
    }
}

fn does_what_it_says(tutorial: &Tutorial) {
    let document = read(tutorial.document);
    let home = Home::new();
    let account = ["user", "add", "lena", "--admin", "--time-zone", "Europe/Berlin", "--language", tutorial.language];
    home.did(&account);
    std::os::unix::fs::symlink(repository("fixtures"), home.path("fixtures")).unwrap();
    let (mut scripts, mut consoles) = (Vec::new(), String::new());
    for (language, block) in blocks(&document) {
        match language {
            "rhai" => {
                let (name, _) = block.strip_prefix("// ").unwrap().split_once(": ").unwrap();
                fs::write(home.path(name), block).unwrap();
                scripts.push(name);
            }
            "console" => {
                type_in(&home, block, tutorial.locale);
                consoles.push_str(block);
            }
            other => panic!("a block of {other} is not run:\n{block}"),
        }
    }
    assert!(scripts.len() >= 4 && consoles.matches("$ ").count() >= 12);
    for name in scripts {
        let typed = name.replace(".test", "");
        assert!(consoles.contains(&typed), "no command of the tutorial is about {name}");
    }
}

#[test]
fn every_snippet_of_the_english_tutorial_does_what_it_says() {
    does_what_it_says(&ENGLISH);
}

#[test]
fn every_snippet_of_the_german_tutorial_does_what_it_says() {
    does_what_it_says(&GERMAN);
}

/// What a document is made of, line by line: headings of which depth, blocks of which language, the commands in them, rows of
/// tables, items of lists.
fn parts(document: &str) -> Vec<&str> {
    let mut is_code = false;
    document
        .lines()
        .filter_map(|line| {
            if line.starts_with("```") {
                is_code = !is_code;
                return Some(line);
            }
            let is_part: &[&str] = if is_code { &["$ ", "fn "] } else { &["# ", "## ", "### ", "| ", "- "] };
            is_part.iter().copied().find(|begin| line.starts_with(begin))
        })
        .collect()
}

#[test]
fn both_tutorials_have_the_same_parts() {
    let [english, german] = [ENGLISH, GERMAN].map(|tutorial| read(tutorial.document));
    assert!(parts(&english).len() > 60, "{:?}", parts(&english));
    assert_eq!(parts(&english), parts(&german));
}

#[test]
fn what_is_said_of_private_errands_is_so() {
    for (tutorial, script, tag, on, elsewhere) in [
        (ENGLISH, "errands", "errand", "on(option(\"day\"))", "anywhere().also_on(option(\"day\"))"),
        (GERMAN, "besorgungen", "besorgung", "an(option(\"tag\"))", "ueberall().auch_an(option(\"tag\"))"),
    ] {
        let document = read(tutorial.document);
        let begin = format!("// {script}.rhai");
        let source = blocks(&document).into_iter().rfind(|(_, block)| block.starts_with(&begin)).unwrap().1;
        assert!(source.contains(on) && document.contains(&format!("`{elsewhere}`")));
        let home = Home::new();
        fs::write(home.path(&format!("{script}.rhai")), source).unwrap();
        fs::write(home.path("besides.rhai"), source.replace(on, elsewhere)).unwrap();
        let option = on.split('"').nth(1).unwrap();
        for (name, expected) in [(script, "()"), ("besides", "\"16.10.2025 morgens\"")] {
            let tests = format!(
                "fn test_thursday() {{
                    let tasks = [#{{ kategorie: \"privat\", tags: [\"{tag}\"] }}];
                    let week = plan(#{{ now: \"2025-10-13 08:00\", rules: [\"spartan\", \"{name}\"], options: #{{ {option}: \"do\" }}, tasks: tasks }});
                    assert_eq(week.slot_of(1), {expected});
                }}"
            );
            fs::write(home.path(&format!("{name}.test.rhai")), tests).unwrap();
            home.did(&["rules", "test", &format!("{name}.rhai")]);
        }
    }
}

#[test]
fn the_ready_rules_are_listed_wherever_they_are_described() {
    for document in [ENGLISH.document, GERMAN.document, "README.md"] {
        let text = read(document);
        for name in codexmiroir::rules::library_names() {
            assert!(text.contains(&format!("| `{name}` |")), "{document} does not list {name}");
        }
    }
}
