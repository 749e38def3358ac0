//! Scripts that attack the engine. Each is a name and the body of a `slots` hook, functions among it;
//! one that comes to its end is harmless and answers 42, which are no slots.

use std::time::{Duration, Instant};

use super::*;

const SCRIPTS: &str = include_str!("../../../fixtures/hostile/rules.txt");

/// Replaces each `{{REP n text}}` by n times the text.
fn expanded(body: &str) -> String {
    let mut parts = body.split("{{REP ");
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // The text may itself end with a brace.
        let end = part.find("}}").map(|at| at + usize::from(part[at..].starts_with("}}}")));
        let (repeat, rest) = part.split_at(end.expect("a repetition of the fixture ends"));
        let (count, text) = repeat.split_once(' ').expect("a count and a text");
        all.push_str(&text.repeat(count.parse().expect("a count")));
        all.push_str(&rest[2..]);
    }
    all
}

/// Makes the statements the body of a hook; function definitions move before it.
fn as_hook(body: &str) -> String {
    let (mut functions, mut rest) = (String::new(), body.to_owned());
    while let Some(begin) = rest.find("fn ") {
        let mut depth = 0;
        let end = rest[begin..].char_indices().find_map(|(at, c)| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            (c == '}' && depth == 0).then_some(begin + at + 1)
        });
        let end = end.expect("a function of the fixture ends");
        functions.push_str(&rest[begin..end]);
        rest.replace_range(begin..end, "");
    }
    format!("{functions}\nfn slots(day, slots) {{\n{rest}\n;42 }}")
}

#[test]
fn no_script_of_the_collection_gets_through() {
    for script in SCRIPTS.split("\n---\n") {
        let (name, body) = script.trim().split_once('\n').expect("a name and a script");
        eprintln!("{name}");
        let began = Instant::now();
        let result = rule_set(&as_hook(&expanded(body))).and_then(|rules| rules.slots(MONDAY, MONDAY));
        let error = result.expect_err(name);
        assert!(!error.timed_out, "{name}: {error}");
        eprintln!("    {:?} {error}", began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(5), "{name}");
    }
}
