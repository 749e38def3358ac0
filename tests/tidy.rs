//! The house rules that a compiler does not know: who may name whom, how long things get, and what is never
//! written at all. Reads the source as text.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "tidy/dependencies.rs"]
mod dependencies;
#[path = "tidy/source.rs"]
mod source;

use source::{Source, rust_sources, texts};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const MAIN_LINES_MAX: usize = 40;

/// What each part of `src` may name of the others. A name with `::` allows just that.
const ARROWS: [(&str, &[&str]); 18] = [
    ("main", &["cli", "worker"]),
    ("lib", &[]),
    // Wires everything together, and only the command line asks it to.
    ("app", &["clock", "domain", "git", "http", "planning", "rules", "secrets", "service", "store", "view", "worker"]),
    (
        "cli",
        &[
            "app",
            "clock",
            "config",
            "domain",
            "outgoing",
            "service",
            "view",
            "planning::DAYS_DEFAULT",
            "planning::DAYS_MAX",
            // A folder is planned from an instant on.
            "planning::Horizon",
            "store::Settings",
        ],
    ),
    ("outgoing", &[]),
    // Repositories and their remotes. It knows neither users nor tasks.
    ("git", &["domain::ids", "domain::lang", "outgoing"]),
    ("http", &["domain", "metrics", "planning::DAYS_MAX", "service", "store", "view"]),
    // These are plain values too, and it makes no others.
    ("config", &["http::PublicUrl", "http::listen::Limits"]),
    ("service", &["clock", "domain", "git", "metrics", "planning", "rules", "secrets", "store", "view", "worker"]),
    // The process that rules of users are asked in, from both sides. The tests that they bring have tasks planned there.
    ("worker", &["domain", "metrics", "planning", "rules"]),
    ("store", &["domain", "metrics"]),
    ("view", &["domain"]),
    ("rules", &["domain"]),
    ("planning", &["domain"]),
    ("domain", &[]),
    ("clock", &[]),
    // Numbers without names.
    ("metrics", &[]),
    // What is kept of secrets, for whoever keeps some.
    ("secrets", &[]),
];

/// What of the store http may not name, though it may name its plain values: what the store does is asked of a
/// use case.
const DEEDS: [&str; 9] = [
    "store::Administration",
    "store::Change",
    "store::Commit",
    "store::KeyedLocks",
    "store::OpenError",
    "store::Snapshot",
    "store::Store",
    "store::hot::Published",
    "store::redb",
];

/// The one part of `src` that knows of a library: its door.
const DOORS: [(&str, &str); 21] = [
    ("redb", "store"),
    ("rhai", "rules"),
    ("axum", "http"),
    ("httparse", "http"),
    ("maud", "http"),
    ("clap", "cli"),
    ("rpassword", "cli"),
    ("toml", "config"),
    ("ipnet", "config"),
    ("indicatif", "cli"),
    ("tar", "service"),
    ("csv", "view"),
    ("plotters", "view"),
    ("zstd", "service"),
    ("age", "secrets"),
    ("reqwest", "outgoing"),
    ("rustls", "outgoing"),
    ("ring", "secrets"),
    ("gix", "git"),
    ("gix_pack", "git"),
    ("gix_transport", "git"),
];

/// Parts that only turn values into values.
const PURE: [&str; 4] = ["domain", "planning", "rules", "view"];
const IMPURE: [&str; 5] = ["std::fs", "std::net", "std::process", "std::env", "tokio::"];

/// Fails with all of it at once.
fn assert_none(faults: &[String], rule: &str) {
    assert!(faults.is_empty(), "{rule}\n  {}", faults.join("\n  "));
}

/// The part of `src` that a file belongs to.
fn part(source: &Source) -> Option<&str> {
    source.path.strip_prefix("src/")?.split(['/', '.']).next()
}

/// The paths behind `crate::`, such as `store::hot::Entry`; a group gives each of its members.
fn named_parts(code: &str) -> Vec<String> {
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut named = Vec::new();
    for root in ["crate::", "codexmiroir::"] {
        for (at, _) in code.match_indices(root) {
            if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
                continue;
            }
            let rest = &code[at + root.len()..];
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
            let path = rest[..end].trim_end_matches(':');
            match rest[end..].strip_prefix('{') {
                Some(group) if !path.is_empty() => {
                    let group = group.split('}').next().unwrap_or_default();
                    named.extend(group.split(',').map(|member| format!("{path}::{}", member.trim())));
                }
                // A group at the root would hide from this test what it names.
                Some(_) => named.push("{".to_owned()),
                None => named.push(path.to_owned()),
            }
        }
    }
    named
}

fn may_name(allowed: &[&str], path: &str) -> bool {
    let under =
        |allowed: &&str| path.strip_prefix(*allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    allowed.iter().any(under)
}

#[test]
fn arrows_point_one_way() {
    let mut faults = Vec::new();
    for source in rust_sources(&["src"]) {
        let part = part(&source).unwrap();
        let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == part) else {
            faults.push(format!("{}: {part} is a part of src that this test does not know", source.path));
            continue;
        };
        for path in named_parts(&source.code) {
            let path = path.trim_end_matches("::self");
            let is_deed = part == "http" && (path == "store" || may_name(&DEEDS, path));
            if path.split("::").next() != Some(part) && (is_deed || !may_name(allowed, path)) {
                faults.push(format!("{}: {part} may not name {path}", source.path));
            }
        }
    }
    assert_none(&faults, "Data flows one way (see ARCHITECTURE.md):");
}

#[test]
fn nobody_reaches_the_root_through_super() {
    let mut faults = Vec::new();
    for source in rust_sources(&["src"]) {
        let path = source.path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        let depth = path.split('/').count();
        for (number, line) in source.code.lines().enumerate() {
            let longest = (1..8).rev().find(|length| line.contains(&"super::".repeat(*length))).unwrap_or(0);
            // In the tests at the end of a file it takes one more.
            let in_tests = source.code.lines().take(number).any(|line| line.trim() == "#[cfg(test)]");
            if longest >= depth + usize::from(in_tests) {
                faults.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    assert_none(&faults, "Other parts are named from crate:: on:");
}

/// Whether a path begins with the library, and not one within something else or a word that only ends like it.
fn is_library_named(code: &str, library: &str) -> bool {
    code.match_indices(&format!("{library}::"))
        .any(|(at, _)| !code[..at].ends_with(|before: char| before.is_alphanumeric() || matches!(before, '_' | ':')))
}

#[test]
fn libraries_have_one_door_and_pure_parts_none() {
    let mut faults = Vec::new();
    for source in rust_sources(&["src"]) {
        let part = part(&source).unwrap();
        for (library, door) in DOORS {
            let is_named = is_library_named(&source.code, library);
            let is_own_module = source.code.replace(&format!("mod {library}"), "") != source.code;
            if is_named && part != door && !is_own_module {
                faults.push(format!("{}: only {door} knows of {library}", source.path));
            }
        }
        for impure in IMPURE.iter().filter(|impure| PURE.contains(&part) && source.code.contains(*impure)) {
            faults.push(format!("{}: {part} is pure and does not use {impure}", source.path));
        }
    }
    assert_none(&faults, "Libraries stay behind their doors:");
}

#[test]
fn files_and_functions_stay_short() {
    let mut faults = Vec::new();
    for source in rust_sources(&["src", "tests", "benches", "fuzz"]) {
        let lines = source.code.lines().count();
        let lines_max = if source.path == "src/main.rs" { MAIN_LINES_MAX } else { FILE_LINES_MAX };
        if lines > lines_max {
            faults.push(format!("{} has {lines} lines, more than {lines_max}", source.path));
        }
        for (line, name, length) in source.functions() {
            if length > FUNCTION_LINES_MAX {
                faults.push(format!("{}:{line}: {name} has {length} lines", source.path));
            }
        }
    }
    assert_none(&faults, "Too long:");
}

#[test]
fn only_the_clock_reads_the_time() {
    let mut faults = Vec::new();
    for source in rust_sources(&["src"]).iter().filter(|source| source.path != "src/clock.rs") {
        for reading in ["Utc::now", "Local::now", "SystemTime::now", "SystemTime"] {
            faults.extend(source.lines_with(reading));
        }
    }
    assert_none(&faults, "Ask the injected clock:");
}

#[test]
fn nothing_is_left_undone_or_switched_off() {
    let mut faults = Vec::new();
    for source in rust_sources(&["src", "tests", "benches", "fuzz"]) {
        for left in ["todo!", "unimplemented!", "dbg!", "#[ignore", "#![allow(", "thread::sleep", "time::sleep("] {
            let is_meant = left == "time::sleep(" && source.path.starts_with("src/");
            faults.extend(source.lines_with(left).into_iter().filter(|_| !is_meant));
        }
    }
    assert_none(&faults, "Finish it, or leave it out:");
}

#[test]
fn names_say_what_things_are() {
    let mut faults = Vec::new();
    for source in rust_sources(&["src", "tests", "benches", "fuzz"]) {
        let stem = source.path.rsplit('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let words = source.words().map(|(line, word)| (line, word.to_owned()));
        for (line, word) in words.chain([(0, stem)]) {
            let is_vague = matches!(word.as_str(), "util" | "utils" | "helper" | "helpers" | "misc" | "common");
            if is_vague || word.contains("Manager") || word.contains("Helper") {
                faults.push(format!("{}:{line}: {word}", source.path));
            }
        }
    }
    assert_none(&faults, "Find a name that says what it does:");
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let homes =
        [["/ho", "me/"], ["/Us", "ers/"], ["/ro", "ot/"], ["/wo", "rk/"], ["C:", "\\"]].map(|parts| parts.concat());
    let mut faults = Vec::new();
    for (path, text) in texts() {
        for (number, line) in text.lines().enumerate() {
            faults.extend(
                homes.iter().filter(|home| line.contains(*home)).map(|_| format!("{path}:{}: {line}", number + 1)),
            );
        }
    }
    assert_none(&faults, "Somebody's own paths:");
}

#[test]
fn the_test_sees_what_it_looks_for() {
    let source = Source::new(
        "src/domain/x.rs",
        "use crate::store::{hot::Entry, Origin}; // crate::cli\nfn a() {\n    b(\"}{ crate::app\", '{', r#\"\"}\"#);\n}\n",
    );
    assert_eq!(named_parts(&source.code), ["store::hot::Entry", "store::Origin"]);
    assert_eq!(source.functions(), [(2, "a".to_owned(), 3)]);
    assert!(may_name(&["store::hot"], "store::hot::Entry") && !may_name(&["store::hot"], "store::hotter"));
    assert_eq!(part(&source), Some("domain"));
    assert!(is_library_named("use ring::aead;", "ring") && is_library_named("(ring::x)", "ring"));
    assert!(
        !["String::new()", "rustls::crypto::ring::x()", "self.ring()"]
            .iter()
            .any(|code| is_library_named(code, "ring"))
    );
    assert_eq!(source.lines_with("Origin").len(), 1);
    assert!(!texts().is_empty() && rust_sources(&["src"]).len() > 50);
}
