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

/// One place in a user's list of rules, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleEntry {
    /// A script of the program's own library. Only its name is kept, so that the text is the running version's.
    Library { name: String, options: BTreeMap<String, OptionValue> },
    /// The user's own script.
    Own(Script),
}

impl Script {
    /// A script whose options all have their defaults.
    pub fn new(name: impl Into<String>, source: impl Into<String>) -> Script {
        Script { name: name.into(), source: source.into(), options: BTreeMap::new() }
    }
}

impl RuleEntry {
    pub fn name(&self) -> &str {
        match self {
            RuleEntry::Library { name, .. } => name,
            RuleEntry::Own(script) => &script.name,
        }
    }

    pub fn options(&self) -> &BTreeMap<String, OptionValue> {
        match self {
            RuleEntry::Library { options, .. } => options,
            RuleEntry::Own(script) => &script.options,
        }
    }

    /// The text, where it is the user's own.
    pub fn source(&self) -> Option<&str> {
        match self {
            RuleEntry::Library { .. } => None,
            RuleEntry::Own(script) => Some(&script.source),
        }
    }
}
