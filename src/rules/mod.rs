//! Placement rules: scripts in Rhai that say which slots a day has and where a task may go.
//!
//! The only door to Rhai: none of its types leaves this module. Scripts are asked once for each day and
//! each open task and answer with data, a [`Policy`](crate::domain::policy::Policy); placing the tasks is
//! the planner's work, so a script cannot lose one.
//!
//! `engine` is the language with all its limits, `api` are the words that scripts see, `evaluate` asks
//! the hooks, `names` finds the nearest right word for a misspelt one and `source` where it is written; `spelling` looks for such
//! faults where no sample comes. `words` is the
//! table of all words that scripts can use, `vocabulary` how they reach the engine, `trial` runs authors' own tests, and `reference` how they reach
//! authors.

mod api;
mod check;
mod compiled;
mod engine;
mod error;
mod evaluate;
mod names;
mod reference;
mod source;
mod spelling;
mod trial;
mod vocabulary;
mod words;

use sha2::{Digest, Sha256};

use crate::domain::script::{About, DeclaredOption, OptionValue, Script};

pub use api::place::STRETCHES_MAX;
pub use engine::SOURCE_BYTES_MAX;
pub use error::RuleError;
pub use evaluate::{Question, Questions, RuleSet, SCRIPTS_MAX, Watcher};
pub use reference::reference;
pub use trial::{Outcome, Planner, Wanted, run_tests};

/// Raised when scripts get other answers than before, so that no timeline of before is served for one of now.
pub const LANGUAGE_VERSION: u32 = 3;

macro_rules! script {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../scripts/", $name, ".rhai")),
            include_str!(concat!("../../scripts/", $name, ".test.rhai")),
        )
    };
}

/// The scripts that come with the program, by the names under which lists of rules use them, and their tests.
const LIBRARY: [(&str, &str, &str); 7] = [
    script!("spartan"),
    script!("german-holidays"),
    script!("four-day-week"),
    script!("vacation"),
    script!("keep-current-slot"),
    script!("deadline-first"),
    script!("evenings-for-sport"),
];

/// The rules that apply when nobody says others.
pub fn builtin() -> Vec<Script> {
    library("spartan").into_iter().collect()
}

/// A script that comes with the program, by name.
pub fn library(name: &str) -> Option<Script> {
    LIBRARY.iter().find(|(known, ..)| *known == name).map(|(name, source, _)| Script::new(*name, *source))
}

/// The tests of a script that comes with the program, by the script's name.
pub fn library_tests(name: &str) -> Option<&'static str> {
    LIBRARY.iter().find(|(known, ..)| *known == name).map(|(.., tests)| *tests)
}

/// The names that [`library`] knows.
pub fn library_names() -> impl Iterator<Item = &'static str> {
    LIBRARY.iter().map(|(name, ..)| *name)
}

/// What a script says of itself, whatever list it is in.
///
/// # Errors
/// It does not compile, its options cannot be as they are set, or its `describe` fails.
pub fn about(script: &Script) -> Result<About, RuleError> {
    let alone = RuleSet::without_scripts();
    alone.compile_one(script).and_then(|compiled| alone.about_one(&compiled))
}

/// Whether a list of options is one that a script can have declared, each set to a value that its kind takes.
pub fn are_declared(options: &[DeclaredOption]) -> bool {
    let is_new = |(at, option): (usize, &DeclaredOption)| !options[..at].iter().any(|other| other.name == option.name);
    options.len() <= api::options::OPTIONS_MAX
        && options.iter().all(api::options::is_declared)
        && options.iter().enumerate().all(is_new)
}

/// The name among those that a misspelt one was most likely meant as.
pub fn nearest_library_name(name: &str) -> Option<&'static str> {
    names::nearest(name, library_names())
}

/// What to say of a slot that is none of those and that looks misspelt.
pub fn misspelt_slot(zeit: &str, known: &[String]) -> Option<String> {
    api::place::misspelt_slot(zeit, known)
}

/// SHA-256 over the names, sources and options in order: two lists with equal fingerprints give equal plans.
pub fn fingerprint(scripts: &[Script]) -> [u8; 32] {
    let mut hash = Sha256::new();
    // The length keeps what moves from one part to the next from looking equal.
    let mut part = |part: &[u8]| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    for script in scripts {
        part(script.name.as_bytes());
        part(script.source.as_bytes());
        part(&(script.options.len() as u64).to_le_bytes());
        for (name, value) in &script.options {
            part(name.as_bytes());
            match value {
                OptionValue::Flag(flag) => part(if *flag { b"flag 1" } else { b"flag 0" }),
                OptionValue::Number(number) => part(format!("number {number}").as_bytes()),
                OptionValue::Text(text) => part(format!("text {text}").as_bytes()),
            }
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests;
