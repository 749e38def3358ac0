//! Placement rules as their authors write them: text and options. What they mean is `crate::rules`'s to say.

use std::collections::BTreeMap;

/// One script of a list of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub name: String,
    pub source: String,
    /// What its user set of the options that it declares; the others have their defaults.
    pub options: BTreeMap<String, OptionValue>,
}

/// The value of an option.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OptionValue {
    Flag(bool),
    Number(i64),
    Text(String),
}

impl Script {
    /// A script whose options all have their defaults.
    pub fn new(name: impl Into<String>, source: impl Into<String>) -> Script {
        Script { name: name.into(), source: source.into(), options: BTreeMap::new() }
    }
}
