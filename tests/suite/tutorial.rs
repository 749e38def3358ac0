//! docs/rules.md does what it says: its scripts are written, its commands typed, its answers compared.

use std::fs;

use crate::binary::Home;
use crate::harness::repository;
use crate::readme::shell;

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
fn type_in(home: &Home, console: &str) {
    let mut commands = console.split("$ ");
    assert_eq!(commands.next(), Some(""), "a block begins with a command:\n{console}");
    for command in commands {
        let (typed, shown) = command.split_once('\n').unwrap();
        let ran = shell(home, &format!("{{ {typed}; }} 2>&1"));
        let lines: Vec<&str> = ran.stdout.lines().collect();
        let shown: Vec<&str> = shown.lines().collect();
        let same = lines.len() == shown.len() && lines.iter().zip(&shown).all(|(line, shown)| is_as_shown(line, shown));
        assert!(same, "$ {typed}\n{}\nbut the tutorial has\n{}", ran.stdout, shown.join("\n"));
    }
}

#[test]
fn every_snippet_of_the_tutorial_does_what_it_says() {
    let document = fs::read_to_string(repository("docs/rules.md")).unwrap();
    let home = Home::new();
    home.did(&["user", "add", "lena", "--admin", "--time-zone", "Europe/Berlin", "--language", "en"]);
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
                type_in(&home, block);
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
fn what_is_said_of_private_errands_is_so() {
    let document = fs::read_to_string(repository("docs/rules.md")).unwrap();
    let home = Home::new();
    let script = blocks(&document).into_iter().rfind(|(_, block)| block.starts_with("// errands.rhai")).unwrap().1;
    fs::write(home.path("errands.rhai"), script).unwrap();
    fs::write(home.path("besides.rhai"), script.replace("on(option(\"day\"))", "anywhere().also_on(option(\"day\"))"))
        .unwrap();
    for (name, expected) in [("errands", "()"), ("besides", "\"16.10.2025 morgens\"")] {
        let tests = format!(
            "fn test_thursday() {{
                let tasks = [#{{ kategorie: \"privat\", tags: [\"errand\"] }}];
                let week = plan(#{{ now: \"2025-10-13 08:00\", rules: [\"spartan\", \"{name}\"], options: #{{ day: \"do\" }}, tasks: tasks }});
                assert_eq(week.slot_of(1), {expected});
            }}"
        );
        fs::write(home.path(&format!("{name}.test.rhai")), tests).unwrap();
        home.did(&["rules", "test", &format!("{name}.rhai")]);
    }
}

#[test]
fn the_ready_rules_are_listed_wherever_they_are_described() {
    for document in ["docs/rules.md", "README.md"] {
        let text = fs::read_to_string(repository(document)).unwrap();
        for name in codexmiroir::rules::library_names() {
            assert!(text.contains(&format!("| `{name}` |")), "{document} does not list {name}");
        }
    }
}
