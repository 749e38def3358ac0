//! What is wrong with rules is there in German, whatever it is: what scripts are refused for, what the language says of
//! them, and what no script here brings about but stands in the program.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use codexmiroir::domain::lang::Lang;
use codexmiroir::domain::script::{OptionValue, Script};
use codexmiroir::rules::{RuleError, RuleSet, SOURCE_BYTES_MAX, builtin};
use codexmiroir::service::rule_tests;
use codexmiroir::view::rule_errors::{message, sentence};

use crate::failing_tests::{FAILING, MINE, failing};
use crate::hostile_scripts;
use crate::refused_scripts::{
    BEYOND_LIMITS, LISTS_OF_CATEGORIES, LISTS_OF_SLOTS, MISSPELT, NO_DECLARATIONS, PLACES, SLOTS, SLOTS_OF_A_DAY,
    UNSEEN, beyond_limits, declaring, misspelt, unseen,
};

/// What is between the braces of a function where the language itself finds something wrong.
const OF_LANGUAGE: &[&str] = &[
    "1 + }",
    "f(1",
    "f(1 2)",
    "[1 2]",
    "[1, 2",
    "#{a 1}",
    "#{a: 1 b: 2}",
    "#{a: 1, a: 2}",
    "#{1: 2}",
    "let = 1",
    "let x 1",
    "let if = 1",
    "let 1x = 2",
    "const",
    "x === 1",
    "1 !== 2",
    "1 <- 2",
    "let x := 1",
    "a->b",
    "if day = 1 { }",
    "if 1 { }",
    "if \"a\" { }",
    "if [1] { }",
    "while { }",
    "for { }",
    "for x of [1] { }",
    "for x in 1 { }",
    "for x in true { }",
    "for (a, a) in [1] { }",
    "for (a b) in [1] { }",
    "do { } x",
    "switch { }",
    "switch 1 { 1 -> 2 }",
    "switch 1 { 1 2 }",
    "switch 1 { _ => 1, 2 => 3 }",
    "switch 1 { _ if true => 1 }",
    "switch 1 { 1 => 2 3 => 4 }",
    "switch 1 { 0..9 => 1, 3 => 2 }",
    "try { }",
    "try { } catch (1) { }",
    "try { } catch (x { }",
    "break",
    "continue",
    "fn inner() { }",
    "(1 + 2",
    "[1][0",
    "[1][\"a\"]",
    "[1][1.5]",
    "#{a: 1}[true]",
    "#{a: 1}[()]",
    "\"open",
    "\"\\q\"",
    "'ab'",
    "0x",
    "1 = 2",
    "f() = 2",
    "1 ~ 2",
    "@",
    "day.",
    "day.1",
    "|x y| 1",
    "|1| 1",
    "private 1",
    "export day",
    "this",
    "`${`",
    "x!",
    "1 := 2",
    "'' ",
    "...",
    "1 ?? = 2",
    "a::b",
    "(* x *)",
    "# {a: 1}",
    "++x",
    "goto x",
    "let v = [1]; v[7]",
    "let v = []; v[0]",
    "let v = [1, 2]; v[-9]",
    "let v = \"a\"; v[7]",
    "let v = \"\"; v[7]",
    "let v = \"abc\"; v[7]",
    "let v = 1; v[99]",
    "let m = #{a: 1}; m.b",
    "let m = #{a: 1}; m[\"b\"]",
    "for x in day { }",
    "let n = 9223372036854775807; n + 1",
    "let n = 9223372036854775807; n * 2",
    "let n = -9223372036854775807; n - 2",
    "let n = 1; n / 0",
    "let n = 1; n % 0",
    "let n = 2; n ** 99",
    "let n = 2; n ** -1",
    "let n = -9223372036854775807 - 1; -n",
    "let n = -9223372036854775807 - 1; n.abs()",
    "let n = 1; n << 99",
    "parse_int(\"x\")",
    "parse_int(\"1\", 99)",
    "parse_float(\"x\")",
    "(-1.0).sqrt()",
    "(-1.0).ln()",
    "range(1, 9, 0)",
    "this.x",
    "const C = 1; C = 2",
    "const C = [1]; C.push(2)",
    "const C = #{a: 1}; C.a = 2",
    "throw",
    "throw 42",
    "day[1]",
    "day.date = 1",
    "task.unknown",
    "1 && 2",
    "!1",
    "let n = 1; n()",
    "let s = \"a\"; s[0] = 1",
    "call(1)",
    "day -= \"x\"",
    "(1..9)[0]",
    "let v = 300; `${v}`.to_int(99)",
];

/// Functions that cannot be written so.
const OF_FUNCTIONS: &[&str] = &[
    "fn",
    "fn f",
    "fn f(",
    "fn f()",
    "fn f(x, x) { }",
    "fn f(x y) { }",
    "fn f(x { }",
    "fn f() { } fn f() { }",
    "fn f(x) { } fn f(y) { }",
    "fn f(x, y) { } fn f(y, z) { }",
    "fn 1() { }",
    "fn int.f { }",
    "private",
    "{",
    "fn place(task, today) { this { } }",
    "fn test_it(x) { x }",
];

/// What is set of an option, by its kind, that the kind does not take.
fn settings() -> Vec<(&'static str, OptionValue)> {
    let text = |text: &str| OptionValue::Text(text.to_owned());
    vec![
        ("lnad", text("BY")),
        ("nowhere-near", text("BY")),
        ("land", text("BX")),
        ("land", OptionValue::Number(1)),
        ("streng", text("ja")),
        ("n", OptionValue::Number(11)),
        ("n", OptionValue::Flag(true)),
        ("x", text(&"x".repeat(501))),
        ("von", text("31.2.2026")),
        ("von", OptionValue::Number(1)),
    ]
}

/// Scripts of all kinds that are refused.
fn refused() -> Vec<String> {
    let mut sources: Vec<String> = MISSPELT.iter().map(|(function, ..)| misspelt(function)).collect();
    sources.extend(PLACES.iter().map(|(returned, _)| format!("{SLOTS}\nfn place(task, today) {{ {returned} }}")));
    sources.extend(LISTS_OF_SLOTS.iter().map(|(returned, _)| format!("fn slots(day, slots) {{ {returned} }}")));
    sources.extend(LISTS_OF_CATEGORIES.iter().map(|(returned, _)| format!("{SLOTS}fn categories() {{ {returned} }}")));
    sources.extend(SLOTS_OF_A_DAY.iter().map(|(slots, _)| format!("fn slots(day, slots) {{ [{slots}] }}")));
    sources.extend(BEYOND_LIMITS.iter().map(|(body, _)| beyond_limits(body)));
    sources.extend(UNSEEN.iter().map(|(marked, _)| unseen(marked)));
    sources.extend(NO_DECLARATIONS.iter().map(|(declared, _)| declaring(declared)));
    sources.extend(OF_LANGUAGE.iter().map(|body| format!("{SLOTS}fn place(task, today) {{\n{body}\n}}")));
    sources.extend(OF_FUNCTIONS.iter().map(|functions| format!("{SLOTS}{functions}")));
    sources.extend(["fn place(task, today) { anywhere() }", "fn slots(day, slots) { [] }"].map(str::to_owned));
    sources.push(format!("{SLOTS}fn describe() {{ 42 }}"));
    sources.push(format!("{SLOTS}//{}", " ".repeat(SOURCE_BYTES_MAX)));
    sources.push((0..129).map(|n| format!("fn f{n}() {{}} ")).collect());
    let variables: String = (0..129).map(|n| format!("let v{n} = f(); ")).collect();
    sources.push(format!("fn f() {{ 1 }} fn slots(day, slots) {{ {variables} [] }}"));
    sources.push(format!("{SLOTS}fn place(task, today) {{ {}1{} }}", "(".repeat(99), ")".repeat(99)));
    sources
}

fn errors_of(scripts: &[Script]) -> Vec<RuleError> {
    RuleSet::compile(scripts).map_or_else(|error| vec![error], |rules| rules.check_all())
}

/// Attacks of whose script all words of the error are.
const THROWING: [&str; 2] = ["reason-thrown-of-64-kib", "unicode-escape-of-a-terminal"];

/// Words that stand in German for nothing of ours.
const ENGLISH: [&str; 29] = [
    "the",
    "is",
    "not",
    "must",
    "did",
    "you",
    "mean",
    "has",
    "of",
    "write",
    "here",
    "there",
    "no",
    "to",
    "with",
    "expecting",
    "and",
    "or",
    "than",
    "more",
    "but",
    "takes",
    "returned",
    "for",
    "does",
    "take",
    "given",
    "list",
    "may",
];

/// What is wrong with the German of an error of a script. Words of the script's own stay as they are.
fn fault_of(error: &RuleError, source: &str) -> Option<String> {
    let english = &error.message;
    let thrown: String = english.chars().take(40).collect();
    let written: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let written = written.join("\n");
    if written.contains(thrown.trim_end_matches('…')) {
        return None;
    }
    let german = message(english, Lang::De);
    let is_english = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        ENGLISH.contains(&word) && !written.contains(word)
    };
    let is_sound = german != english.as_str() && !german.split_whitespace().any(is_english);
    (!is_sound).then(|| format!("{english}\n    {german}"))
}

fn assert_none(faults: &BTreeSet<String>) {
    assert!(
        faults.is_empty(),
        "{} are not told in German:\n  {}",
        faults.len(),
        Vec::from_iter(faults.clone()).join("\n  ")
    );
}

#[test]
fn whatever_scripts_are_refused_for_is_there_in_german() {
    let mut faults = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for source in refused() {
        let errors = errors_of(&[Script::new("mine", &*source)]);
        assert!(!errors.is_empty(), "nothing is wrong with {source}");
        seen.extend(errors.iter().map(|error| error.message.clone()));
        faults.extend(errors.iter().filter_map(|error| fault_of(error, &source)));
    }
    let declares = format!(
        "{SLOTS}fn options() {{ [choice(\"land\", [\"BY\", \"BE\"], \"BY\"), flag(\"streng\", false), \
         number(\"n\", 3).between(1, 10), text(\"x\", \"\"), day(\"von\", \"24.12.2025\")] }}"
    );
    for (name, value) in settings() {
        let script = Script { options: BTreeMap::from([(name.to_owned(), value)]), ..Script::new("mine", &*declares) };
        faults.extend(errors_of(&[script]).iter().filter_map(|error| fault_of(error, "")));
    }
    faults.extend(errors_of(&[]).iter().filter_map(|error| fault_of(error, "")));
    let many: Vec<Script> = (0..33).flat_map(|_| builtin()).collect();
    faults.extend(errors_of(&many).iter().filter_map(|error| fault_of(error, "")));
    assert_none(&faults);
    assert!(seen.len() > 150, "{} different messages", seen.len());
}

#[test]
fn whatever_is_said_of_hostile_scripts_is_there_in_german() {
    let mut faults = BTreeSet::new();
    for attack in hostile_scripts::scripts().into_iter().filter(|attack| !THROWING.contains(&&*attack.name)) {
        let errors = errors_of(&[Script::new("mine", &*attack.source)]);
        faults.extend(errors.iter().filter_map(|error| fault_of(error, &attack.source)));
    }
    assert_none(&faults);
}

#[test]
fn whatever_comes_of_tests_is_there_in_german() {
    let mut faults = BTreeSet::new();
    let subject = [Script::new("mine", MINE)];
    let mut files: Vec<String> = FAILING.iter().map(|(body, _)| failing(body)).collect();
    files.extend(["fn tset_it() {}", "fn test_it(x) {}", "fn test_it() {} fn other() {}"].map(str::to_owned));
    files.push(failing("plan(#{ now: \"1.1.2025\", tasks: [#{ fixed: \"2.1.2025 tga\" }] })"));
    files.push(failing("plan(#{ now: \"1.1.2025\", options: 1 })"));
    files.push(failing("plan(#{ now: \"1.1.2025\", days: \"x\" })"));
    for file in files {
        let error = match rule_tests::run(&subject, &[Script::new("mine", &*file)]) {
            Ok(report) => report.failures().next().expect(&file).clone(),
            Err(error) => error,
        };
        faults.extend(fault_of(&error, &file));
    }
    let error = rule_tests::run(&[], &[Script::new("mine", "fn test_it() {}")]).unwrap_err();
    faults.extend(fault_of(&error, ""));
    assert_none(&faults);
}

#[test]
fn a_whole_error_says_where_in_german_too() {
    let source = format!("{SLOTS}fn place(task, today) {{ help(task) }}\nfn help(t) {{\n  t.tagz }}");
    let error = errors_of(&[Script::new("mine", &*source)]).remove(0);
    assert_eq!(sentence(&error, Lang::En), error.to_string());
    assert_eq!(
        sentence(&error, Lang::De),
        "Regelskript „mine“, help(), Zeile 4, Spalte 5: eine Aufgabe hat keine Eigenschaft tagz; ist tags gemeint?"
    );
    // Within a plan that a test asks for.
    let test = failing("plan(#{ now: \"1.1.2025\", options: #{ lnad: 1 } })");
    let report = rule_tests::run(&[Script::new("mine", MINE)], &[Script::new("mine", test)]).unwrap();
    assert_eq!(
        message(&report.failures().next().unwrap().message, Lang::De),
        "Regelskript „mine“, options(), Zeile 2, Spalte 12: das Skript kennt keine Option „lnad“; ist land gemeint?"
    );
}

/// Where errors of rules are made.
const MADE: [&str; 6] = [
    "src/worker/author_tests.rs",
    "src/worker/pool.rs",
    "src/service/asker.rs",
    "src/service/rulebook.rs",
    "src/service/rules/about.rs",
    "src/domain/policy.rs",
];
/// Files of the rules that have none: what they say is for authors who read.
const READ: [&str; 2] = ["src/rules/reference", "src/rules/words"];
/// What else these files say: in logs, and of files that the server was started with.
const ELSEWHERE: [&str; 3] = [
    "a worker that ran a user's rules is replaced",
    "users' own rules cannot be run: no process can be started for them",
    "cannot read the rules",
];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The texts of a source that are no names of fields' values, in pieces between their holes, with where they are.
fn pieces(path: &Path) -> Vec<(usize, String)> {
    let source = fs::read_to_string(path).unwrap();
    let source = source.split("#[cfg(test)]").next().unwrap();
    let mut pieces = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(at) = rest.find(['"', '\'', '/']) {
        let before = &source[..source.len() - rest.len() + at];
        line += rest[..at].matches('\n').count();
        let behind = &rest[at..];
        let length = if behind.starts_with("//") {
            behind.find('\n').unwrap_or(behind.len())
        } else if behind.starts_with('"') {
            let (text, length) = quoted(before, behind);
            // What stands behind the name of a field is in both languages, or for authors.
            let name = before.trim_end();
            let is_of_field = name.ends_with(':') && !name.ends_with("::") || name.ends_with("reason =");
            if !is_of_field && !text.trim_end().ends_with('.') {
                pieces.extend(split(&text).into_iter().map(|piece| (line, piece)));
            }
            length
        } else if behind.starts_with("'\\") || behind.chars().nth(2) == Some('\'') {
            behind[1..].char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 2)
        } else {
            1
        };
        line += behind[..length].matches('\n').count();
        rest = &behind[length..];
    }
    pieces
}

/// A text as it is said, and how long it is with its quotes.
fn quoted(before: &str, behind: &str) -> (String, usize) {
    let hashes = before.len() - before.trim_end_matches('#').len();
    if before.trim_end_matches('#').ends_with('r') && (hashes > 0 || before.ends_with([' ', '('])) {
        let end = format!("\"{}", "#".repeat(hashes));
        let length = behind[1..].find(&end).unwrap() + 1;
        return (behind[1..length].to_owned(), length + end.len());
    }
    let mut text = String::new();
    let mut chars = behind.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (text, at + 1),
            '\\' => match chars.next().unwrap().1 {
                '\n' => while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {},
                'n' => text.push('\n'),
                other => text.push(other),
            },
            c => text.push(c),
        }
    }
    (text, behind.len())
}

/// What is between the holes of a text, `{}` or `{name}`.
fn split(text: &str) -> Vec<String> {
    let (mut pieces, mut piece, mut rest) = (Vec::new(), String::new(), text);
    while let Some(c) = rest.chars().next() {
        let hole = rest.strip_prefix('{').and_then(|behind| {
            let name = behind.find(|c: char| !(c.is_ascii_alphanumeric() || "_:?.".contains(c)))?;
            behind[name..].starts_with('}').then_some(name + 2)
        });
        let doubled = ["{{", "}}"].into_iter().any(|pair| rest.starts_with(pair));
        match hole {
            Some(length) => {
                pieces.push(std::mem::take(&mut piece));
                rest = &rest[length..];
            }
            None => {
                piece.push(c);
                rest = &rest[c.len_utf8() * (1 + usize::from(doubled))..];
            }
        }
    }
    pieces.push(piece);
    pieces
}

#[test]
fn every_sentence_that_rules_can_be_wrong_by_is_there_in_german() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&root.join("src/rules"), &mut files);
    files.retain(|path| {
        let path = path.strip_prefix(root).unwrap().to_str().unwrap();
        !path.contains("/tests") && !READ.iter().any(|read| path.starts_with(read))
    });
    files.extend(MADE.map(|path| root.join(path)));
    let mut tables = Vec::new();
    rust_files(&root.join("src/view/rule_errors"), &mut tables);
    let known: Vec<String> = tables.iter().flat_map(|table| pieces(table)).map(|(_, piece)| piece).collect();
    let mut faults = Vec::new();
    let mut count = 0;
    for file in files {
        for (line, piece) in pieces(&file) {
            let words = piece.split_whitespace().filter(|word| word.contains(char::is_alphabetic));
            if words.count() < 3 || ELSEWHERE.contains(&piece.trim()) {
                continue;
            }
            count += 1;
            let is_told = |piece: &str| message(piece, Lang::De) != piece;
            // A piece is of a pattern, or is told where something stands in the hole behind it.
            let is_known = known.iter().any(|known| known.contains(&piece));
            if !is_known && !is_told(&piece) && !is_told(&format!("{piece}x")) {
                faults.push(format!("{}:{line}: {piece}", file.strip_prefix(root).unwrap().display()));
            }
        }
    }
    assert!(count > 120, "only {count} are looked at");
    assert!(faults.is_empty(), "not in the tables:\n  {}", faults.join("\n  "));
}
