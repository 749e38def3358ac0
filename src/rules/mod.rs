//! Placement rules: scripts in Rhai that say which slots a day has and where a task may go.
//!
//! The only door to Rhai: none of its types leaves this module. Scripts are asked once for each day and
//! each open task and answer with data, a [`Policy`](crate::domain::policy::Policy); placing the tasks is
//! the planner's work, so a script cannot lose one.
//!
//! `engine` is the language with all its limits, `api` are the words that scripts see, `evaluate` asks
//! the hooks, `names` finds the nearest right word for a misspelt one and `source` where it is written.

mod api;
mod check;
mod engine;
mod error;
mod evaluate;
mod names;
mod source;

use sha2::{Digest, Sha256};

pub use engine::SOURCE_BYTES_MAX;
pub use error::RuleError;
pub use evaluate::{Question, Questions, RuleSet};

/// One script of a rule set, as its author wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub name: String,
    pub source: String,
}

/// The rules that apply when nobody says others.
pub fn builtin() -> Vec<Script> {
    vec![Script { name: "spartan".to_owned(), source: include_str!("../../scripts/spartan.rhai").to_owned() }]
}

/// SHA-256 over the names and sources in order: two lists with equal fingerprints give equal plans.
pub fn fingerprint(scripts: &[Script]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in scripts.iter().flat_map(|script| [&script.name, &script.source]) {
        // The length keeps what moves from one part to the next from looking equal.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}
#[cfg(test)]
mod tests;
