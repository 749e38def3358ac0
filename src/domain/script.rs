//! Placement rules as their authors write them: text and options. What they mean is `crate::rules`'s to say.

use std::collections::BTreeMap;
use std::fmt;

use super::ids::DocKey;

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
    /// A text, one of a choice, or a day as `dd.mm.yyyy`.
    Text(String),
}

/// One place in a user's list of rules, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleEntry {
    /// A script of the program's own library. Only its name is kept, so that the text is the running version's.
    Library { name: String, options: BTreeMap<String, OptionValue> },
    /// The user's own script, and the text of its tests, if it brings any.
    Own { script: Script, tests: Option<String> },
}

/// What a script says of itself, for whoever chooses and sets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The script's name.
    pub script: String,
    /// Its own words; a script need not have any.
    pub description: Option<String>,
    /// In the order in which it declares them.
    pub options: Vec<DeclaredOption>,
}

/// An option that a script declares, with the value that applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredOption {
    pub name: String,
    /// What a form writes beside it; the name where the script gives none.
    pub label: Option<String>,
    pub kind: OptionKind,
    pub default: OptionValue,
    /// What was set, else the default; always one that the kind allows.
    pub value: OptionValue,
}

/// What values an option takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionKind {
    Flag,
    /// A whole number; the smallest and the largest, if the script says them.
    Number {
        between: Option<(i64, i64)>,
    },
    Text,
    /// One of these texts.
    Choice {
        among: Vec<String>,
    },
    /// A date, kept as `dd.mm.yyyy`.
    Day,
}

impl OptionKind {
    /// The word that says which kind it is, in JSON and in scripts.
    pub fn word(&self) -> &'static str {
        match self {
            OptionKind::Flag => "flag",
            OptionKind::Number { .. } => "number",
            OptionKind::Text => "text",
            OptionKind::Choice { .. } => "choice",
            OptionKind::Day => "day",
        }
    }
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
            RuleEntry::Own { script, .. } => &script.name,
        }
    }

    pub fn options(&self) -> &BTreeMap<String, OptionValue> {
        match self {
            RuleEntry::Library { options, .. } => options,
            RuleEntry::Own { script, .. } => &script.options,
        }
    }

    /// The text, where it is the user's own.
    pub fn source(&self) -> Option<&str> {
        match self {
            RuleEntry::Library { .. } => None,
            RuleEntry::Own { script, .. } => Some(&script.source),
        }
    }

    /// The text of the tests, where the user's own script brings some.
    pub fn tests(&self) -> Option<&str> {
        match self {
            RuleEntry::Library { .. } => None,
            RuleEntry::Own { tests, .. } => tests.as_deref(),
        }
    }
}

/// Why a rule set was refused, or failed while it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The name of the script at fault.
    pub script: String,
    /// The function of the script that was running, if one was.
    pub function: Option<String>,
    /// Counted from 1.
    pub line: Option<u32>,
    /// Counted from 1, in characters.
    pub column: Option<u32>,
    /// What is wrong and, where a word was misspelt, the nearest right one.
    pub message: String,
    /// The machine cut the run, most likely its clock, and not the number of operations: the same question may succeed
    /// another time, so that this answer must not be remembered.
    pub timed_out: bool,
    /// The task that was asked about, if one was.
    pub task: Option<Box<DocKey>>,
}

impl RuleError {
    /// Whether both point at the same place.
    pub fn is_at_place_of(&self, other: &RuleError) -> bool {
        (&self.script, self.line, self.column) == (&other.script, other.line, other.column)
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule script '{}'", self.script)?;
        if let Some(function) = &self.function {
            write!(f, ", {function}()")?;
        }
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        if let Some(task) = &self.task {
            write!(f, ", for task {}", task.id())?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for RuleError {}
