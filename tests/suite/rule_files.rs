//! Rules as files: checked, tested and begun on the command line, by the real binary.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use codexmiroir::rules::library_names;
use serde_json::{Value, json};

use crate::binary::{Home, Ran};
use crate::harness::{repository, vault};
use crate::hostile_scripts;

/// Memory that a check may take: what a process that runs rules apart is given.
const DATA_KIB_MAX: u32 = 256 * 1024;

/// A home in which commands find these files.
fn home_with(files: &[(&str, &str)]) -> Home {
    let home = Home::new();
    for (name, text) in files {
        fs::write(home.path(name), text).unwrap();
    }
    home
}

/// Runs `rules …` in the home.
fn rules(home: &Home, arguments: &[&str]) -> Ran {
    Ran::of(home.command(&[&["rules"], arguments].concat()).current_dir(home.path("")))
}

#[test]
fn the_rules_that_come_with_the_program_pass_their_own_tests() {
    let scripts = repository("scripts");
    let ran = rules(&Home::new(), &["test", scripts.to_str().unwrap()]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("test test_the_lowest_number_comes_first ... ok\n"), "{}", ran.stdout);
    let mut files: Vec<_> = fs::read_dir(&scripts).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let mut expected: Vec<std::ffi::OsString> = Vec::new();
    for name in library_names() {
        assert!(ran.stdout.contains(&format!("/{name}.test.rhai\n")), "{name} has no tests: {}", ran.stdout);
        expected.extend([format!("{name}.rhai").into(), format!("{name}.test.rhai").into()]);
    }
    files.sort();
    expected.sort();
    assert_eq!(files, expected, "every script of the folder comes with the program");
    assert!(
        ran.stdout.contains("\ntest result: ok. ") && ran.stdout.ends_with(" passed; 0 failed\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_new_script_passes_its_check_and_its_tests_and_overwrites_nothing() {
    for (arguments, words) in [(&["new", "mine"][..], "ahead_of_line"), (&["new", "mine", "--german"], "vorrang")] {
        let home = Home::new();
        let ran = rules(&home, arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        let script = fs::read_to_string(home.path("mine.rhai")).unwrap();
        assert!(script.starts_with("// mine: ") && script.contains(words) && !script.contains("{{"), "{script}");
        let checked = rules(&home, &["check", "mine.rhai"]);
        assert_eq!((checked.code, checked.stdout.as_str()), (Some(0), "mine: no errors\n"), "{}", checked.stderr);
        let tested = rules(&home, &["test"]);
        assert_eq!((tested.code, tested.stderr.as_str()), (Some(0), ""), "{}", tested.stdout);
        assert!(tested.stdout.ends_with("test result: ok. 4 passed; 0 failed\n"), "{}", tested.stdout);

        fs::write(home.path("mine.rhai"), "mine").unwrap();
        let before = home.content();
        let refusal = "mine.rhai is there already; choose another name";
        assert_eq!(rules(&home, arguments).refusal(1), refusal);
        fs::rename(home.path("mine.rhai"), home.path("other.rhai")).unwrap();
        assert_eq!(rules(&home, arguments).refusal(1), "mine.test.rhai is there already; choose another name");
        fs::rename(home.path("other.rhai"), home.path("mine.rhai")).unwrap();
        assert_eq!(home.content(), before);
    }
    let home = Home::new();
    for name in ["", "Mine", "a b", "../a", "a/b", "-a", "ä", &"a".repeat(65)] {
        rules(&home, &["new", "--", name]).refusal(2);
    }
    assert_eq!(home.content(), []);
}

const WRONG: &str = "\
fn slots(day, slots) {
\t[slot(\"tag\", \"8:00\", \"20:00\")]
}
fn place(task, today) {
    if task.title == \"日本\" { on(weekdays) } else { onn(weekdays) }
}
";

#[test]
fn an_error_is_shown_with_its_line_and_a_mark() {
    let home = home_with(&[
        ("mine.rhai", WRONG),
        ("other.rhai", "fn slots(day, slots) {\n  [slto()]\n}\n"),
        ("broken.rhai", "fn place(task, today) { on( }\n"),
        ("alike.rhai", "fn categories() { 42 }\n"),
    ]);
    let ran = rules(&home, &["check", "mine.rhai"]);
    let place = "mine.rhai:5:51: there is no function onn; did you mean on? (in place)\n";
    let line = " 5 |     if task.title == \"日本\" { on(weekdays) } else { onn(weekdays) }\n";
    let mark = format!("{}^\n", " ".repeat(5 + 50 + 2));
    assert_eq!((ran.code, ran.stdout), (Some(1), format!("{place}{line}{mark}")));
    assert_eq!(ran.stderr, "codexmiroir: the rules have an error\n");

    // Each script's first error: of all that do not compile, or else of all that fail.
    let ran = rules(&home, &["check", "spartan", "mine.rhai", "broken.rhai"]);
    assert!(ran.stdout.starts_with("broken.rhai:1:29: unexpected '}'"), "{}", ran.stdout);
    assert_eq!(ran.stdout.lines().count(), 3);
    let ran = rules(&home, &["check", "spartan", "mine.rhai", "other.rhai", "alike.rhai", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), "codexmiroir: the rules have 3 errors\n"));
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    let expected = json!({"ok": false, "errors": [
        {"script": "other", "function": "slots", "line": 2, "column": 4,
         "message": "there is no function slto; did you mean slot?", "task": null},
        {"script": "alike", "function": "categories", "line": 1, "column": 4,
         "message": "categories must return a list of words, such as [\"arbeit\"], but returned an integer", "task": null},
        {"script": "mine", "function": "place", "line": 5, "column": 51,
         "message": "there is no function onn; did you mean on?", "task": null},
    ]});
    let sorted = |mut answer: Value| {
        answer["errors"].as_array_mut().unwrap().sort_by_key(|error| error["script"].to_string());
        answer
    };
    assert_eq!(sorted(answer), sorted(expected));
}

#[test]
fn a_list_without_errors_says_so() {
    let home = home_with(&[("four.rhai", "fn slots(day, slots) { if day.weekday == 5 { [] } else { slots } }\n")]);
    let ran = rules(&home, &["check", "spartan", "four.rhai"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "spartan, four: no errors\n", ""));
    let ran = rules(&home, &["check", "spartan", "four.rhai", "--json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "{\"ok\":true,\"errors\":[]}\n"));
    for (arguments, document) in [
        (&["rules", "reference"][..], "docs/rules-reference.md"),
        (&["rules", "reference", "--german"], "docs/rules-reference.de.md"),
    ] {
        assert_eq!(home.did(arguments), fs::read_to_string(repository(document)).unwrap());
    }
}

#[test]
fn rules_are_tried_on_a_folder_of_tasks() {
    let source = "fn place(task, today) {\n  if task.number > 900 || task.title.contains(\"Steuer\") { return 1; }\n  anywhere()\n}\n";
    let home = home_with(&[("mine.rhai", source)]);
    assert_eq!(rules(&home, &["check", "spartan", "mine.rhai"]).code, Some(0));
    let tasks = home.path("tasks");
    fs::create_dir(&tasks).unwrap();
    let good = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n\n# Bericht\n";
    fs::write(tasks.join("0001-Bericht.md"), good).unwrap();
    assert_eq!(rules(&home, &["check", "spartan", "mine.rhai", "--tasks", "tasks"]).code, Some(0));
    fs::write(tasks.join("0901.md"), good).unwrap();
    let ran = rules(&home, &["check", "spartan", "mine.rhai", "--tasks", "tasks"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.starts_with("mine.rhai:1:4: place must return on(...)"), "{}", ran.stdout);
    let vault = vault("lena");
    let ran = rules(&home, &["check", "spartan", "--tasks", vault.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(rules(&home, &["check", "spartan", "--tasks", "nowhere"]).refusal(1).contains("nowhere"));
}

#[test]
fn a_test_that_fails_says_where() {
    let script = "fn slots(day, slots) { [slot(\"tag\", \"8:00\", \"20:00\")] }\n";
    let tests = "fn test_good() { assert(true) }\nfn test_bad() {\n  let plan = plan(#{ now: \"2025-10-13 07:00\", tasks: [#{}] });\n  assert_eq(plan.slot_of(1), \"13.10.2025 nacht\");\n}\n";
    let home = home_with(&[("mine.rhai", script), ("mine.test.rhai", tests)]);
    let ran = rules(&home, &["test", "mine.rhai"]);
    let expected = "\nrunning 2 tests of mine.test.rhai\ntest test_good ... ok\ntest test_bad ... FAILED\n\nfailures:\n\n\
        mine.test.rhai:4:3: the first is \"13.10.2025 tag\", the second \"13.10.2025 nacht\" (in test_bad)\n \
        4 |   assert_eq(plan.slot_of(1), \"13.10.2025 nacht\");\n       ^\n\n\
        test result: FAILED. 1 passed; 1 failed\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), expected));
    assert_eq!(ran.stderr, "codexmiroir: tests of rules failed\n");

    // A script that does not compile fails the tests that plan with it; tests that do not compile fail as a whole.
    fs::write(home.path("mine.rhai"), "fn slots(day, slots) { [ }\n").unwrap();
    let ran = rules(&home, &["test"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stdout.contains("(in test_bad)") && ran.stdout.contains("rule script 'mine', line 1, column"),
        "{}",
        ran.stdout
    );
    fs::write(home.path("mine.test.rhai"), "fn test_bad() { ( }\n").unwrap();
    let ran = rules(&home, &["test", "mine.test.rhai"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("mine.test.rhai:1:19: "), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("FAILED. 0 passed; 1 failed\n"), "{}", ran.stdout);
}

#[test]
fn a_misspelt_name_of_ready_rules_is_told_with_the_right_one() {
    let home = home_with(&[]);
    let vault = vault("tom");
    let tasks = vault.to_str().unwrap();
    for arguments in [
        &["plan", tasks, "--rules", "spartn"][..],
        &["plan", tasks, "--rules", "spartan", "--rules", "spartn"],
        &["rules", "preview", tasks, "--rules", "spartn"],
        &["rules", "preview", tasks, "--rules", "spartan", "--against", "spartn"],
        &["serve", "--rules", "spartn"],
    ] {
        let refusal = home.run(arguments);
        let said = "there is no file spartn, and no rules of that name come with the program; did you mean spartan?";
        assert!(refusal.stderr.contains(said), "{arguments:?}: {refusal:?}");
        assert_ne!(refusal.code, Some(0), "{arguments:?}");
    }
    // A file of that name is meant as it is.
    fs::write(home.path("spartn"), "fn slots(day, slots) { [slot(\"a\", \"9:00\", \"10:00\")] }").unwrap();
    let planned = home.run(&["plan", tasks, "--rules", "spartn"]);
    assert_eq!(planned.code, Some(0), "{planned:?}");
}

#[test]
fn what_cannot_be_read_is_named() {
    let home = home_with(&[("lone.test.rhai", "fn test_it() {}"), ("plain.rhai", "fn slots(day, slots) { [] }")]);
    fs::write(home.path("bytes.rhai"), [b'f', 0xff, 0xfe]).unwrap();
    for (arguments, said) in [
        (&["check", "nothing.rhai"][..], "cannot read the rules nothing.rhai: No such file"),
        (
            &["check", "spartn"],
            "there is no file spartn, and no rules of that name come with the program; did you mean spartan?",
        ),
        (
            &["check", "lone.test.rhai"],
            "lone.test.rhai holds tests; run them by `codexmiroir rules test lone.test.rhai`",
        ),
        (&["check", "."], "cannot read the rules .: it is not a file"),
        (&["check", "/dev/zero"], "cannot read the rules /dev/zero: it is not a file"),
        (&["check", "bytes.rhai"], "cannot read the rules bytes.rhai: it is no UTF-8 text"),
        (&["test", "plain.rhai"], "plain.rhai has no tests beside it"),
        (&["test", "lone.test.rhai"], "cannot read the rules lone.rhai: No such file"),
        (&["test", "nowhere"], "nowhere has no tests beside it"),
    ] {
        let refusal = rules(&home, arguments);
        assert!(refusal.refusal(1).starts_with(said), "{arguments:?}: {refusal:?}");
    }
    rules(&home, &["check"]).code.filter(|code| *code == 2).unwrap();
    fs::create_dir(home.path("empty")).unwrap();
    assert_eq!(rules(&home, &["test", "empty"]).refusal(1), "empty has no files *.test.rhai");
}

/// Checks a script in a process whose memory is limited, and holds it to the law: it ends, soon, and says where it
/// is wrong unless it is accepted.
fn survives(attack: &hostile_scripts::Hostile) {
    let home = home_with(&[("attack.rhai", &attack.source)]);
    let mut command = Command::new("sh");
    let limited = format!("ulimit -d {DATA_KIB_MAX}; exec \"$0\" \"$@\"");
    command.args(["-c", &limited, env!("CARGO_BIN_EXE_codexmiroir"), "rules", "check", "attack.rhai", "--json"]);
    command.env_clear().env("HOME", home.path("")).current_dir(home.path(""));
    let began = Instant::now();
    let ran = Ran::of(&mut command);
    assert!(began.elapsed() < Duration::from_secs(30), "{}", attack.name);
    assert!(matches!(ran.code, Some(0 | 1)), "{}: {ran:?}", attack.name);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}: {ran:?}", attack.name));
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors.is_empty(), ran.code == Some(0), "{}", attack.name);
    for error in errors {
        let is_placed = error["line"].is_u64() && error["column"].is_u64();
        let is_of_list = error["message"].as_str().unwrap().starts_with("no script of the list defines");
        assert!(is_placed || is_of_list, "{}: {error}", attack.name);
    }
}

#[test]
fn no_attack_ends_the_program_or_takes_more_memory_than_it_is_given() {
    let attacks = hostile_scripts::scripts();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(attack) = attacks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    survives(attack);
                }
            });
        }
    });
    assert!(next.into_inner() > attacks.len());
}
