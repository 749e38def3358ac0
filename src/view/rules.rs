//! Lists of rules as JSON, in the form in which they are set, and what is wrong with them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::rule_errors;
use crate::domain::lang::Lang;
use crate::domain::script::{About, DeclaredOption, OptionKind, OptionValue, RuleEntry, RuleError};

/// A place in a list of rules: a script of the library by its name, or one's own.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Rule")]
pub enum RuleJson<'a> {
    Library {
        /// The name of a rule set that comes with the program.
        #[serde(rename = "use")]
        name: &'a str,
        /// Options that are set; the others have their defaults.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        options: BTreeMap<&'a str, OptionJson<'a>>,
    },
    Own {
        name: &'a str,
        /// The text of the script.
        script: &'a str,
        /// The text of its tests, where it brings some.
        #[serde(skip_serializing_if = "Option::is_none")]
        tests: Option<&'a str>,
        /// Options that are set; the others have their defaults.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        options: BTreeMap<&'a str, OptionJson<'a>>,
    },
}

/// The value of an option.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "RuleOption")]
pub enum OptionJson<'a> {
    Flag(bool),
    Number(i64),
    Text(Cow<'a, str>),
}

/// What is wrong with a list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CheckedRules")]
pub struct CheckedJson<'a> {
    /// Whether the list could be set.
    ok: bool,
    /// What keeps it from that: the first error of each script.
    errors: Vec<RuleErrorJson<'a>>,
}

/// An error of a script.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RuleError")]
pub struct RuleErrorJson<'a> {
    /// The name of the script.
    script: &'a str,
    /// What is wrong and, where a word was misspelt, the nearest right one. In English.
    message: &'a str,
    /// The same in the asker's language; only where rules are tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    /// Counted from 1; null where it is of the script as a whole.
    line: Option<u32>,
    /// Counted from 1, in characters.
    column: Option<u32>,
    /// The function that it is in, if it is in one.
    function: Option<&'a str>,
    /// The id of the task that it came up with; null where it is of none of your tasks.
    task: Option<String>,
}

impl<'a> CheckedJson<'a> {
    /// `lang` is the asker's, where there is one.
    pub fn of(errors: &'a [RuleError], lang: Option<Lang>) -> CheckedJson<'a> {
        CheckedJson { ok: errors.is_empty(), errors: RuleErrorJson::list(errors, lang) }
    }
}

impl<'a> RuleErrorJson<'a> {
    /// `lang` is the asker's, where there is one.
    pub fn list(errors: &'a [RuleError], lang: Option<Lang>) -> Vec<RuleErrorJson<'a>> {
        errors.iter().map(|error| RuleErrorJson::of(error, lang)).collect()
    }

    /// As [`RuleErrorJson::list`], of one.
    pub fn of(error: &'a RuleError, lang: Option<Lang>) -> RuleErrorJson<'a> {
        RuleErrorJson {
            script: &error.script,
            message: &error.message,
            text: lang.map(|lang| rule_errors::message(&error.message, lang)),
            line: error.line,
            column: error.column,
            function: error.function.as_deref(),
            task: error.task.as_ref().map(|task| task.id()),
        }
    }
}

/// What a script says of itself.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "AboutRule")]
pub struct AboutJson<'a> {
    /// The name of the script.
    script: &'a str,
    /// Its own words; null where it has none.
    description: Option<&'a str>,
    /// What it lets its user set, in the order of a form.
    options: Vec<DeclaredJson<'a>>,
}

/// An option that a script declares.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "DeclaredOption")]
struct DeclaredJson<'a> {
    name: &'a str,
    /// `flag`, `number`, `text`, `choice` or `day`.
    kind: &'static str,
    /// What a form writes beside it; null where the script gives none.
    label: Option<&'a str>,
    /// Of a day, and of its value: `DD.MM.YYYY`.
    default: OptionJson<'a>,
    /// The value that applies: what was set, else the default.
    value: OptionJson<'a>,
    /// Of a choice: the texts that it is one of.
    #[serde(skip_serializing_if = "Option::is_none")]
    choices: Option<&'a [String]>,
    /// Of a number: the smallest, where the script says one.
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<i64>,
    /// Of a number: the largest, where the script says one.
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<i64>,
}

impl<'a> AboutJson<'a> {
    pub fn of(about: &'a About) -> AboutJson<'a> {
        AboutJson {
            script: &about.script,
            description: about.description.as_deref(),
            options: about.options.iter().map(DeclaredJson::of).collect(),
        }
    }
}

impl<'a> DeclaredJson<'a> {
    fn of(option: &'a DeclaredOption) -> DeclaredJson<'a> {
        let (choices, between) = match &option.kind {
            OptionKind::Choice { among } => (Some(among.as_slice()), None),
            OptionKind::Number { between } => (None, *between),
            OptionKind::Flag | OptionKind::Text | OptionKind::Day => (None, None),
        };
        DeclaredJson {
            name: &option.name,
            kind: option.kind.word(),
            label: option.label.as_deref(),
            default: OptionJson::of(&option.default),
            value: OptionJson::of(&option.value),
            choices,
            min: between.map(|(least, _)| least),
            max: between.map(|(_, most)| most),
        }
    }
}

impl<'a> RuleJson<'a> {
    pub fn list(entries: &'a [RuleEntry]) -> Vec<RuleJson<'a>> {
        entries.iter().map(RuleJson::of).collect()
    }

    fn of(entry: &'a RuleEntry) -> RuleJson<'a> {
        let options = entry.options().iter().map(|(name, value)| (name.as_str(), OptionJson::of(value))).collect();
        match entry.source() {
            None => RuleJson::Library { name: entry.name(), options },
            Some(script) => RuleJson::Own { name: entry.name(), script, tests: entry.tests(), options },
        }
    }
}

impl<'a> OptionJson<'a> {
    fn of(value: &'a OptionValue) -> OptionJson<'a> {
        match value {
            OptionValue::Flag(flag) => OptionJson::Flag(*flag),
            OptionValue::Number(number) => OptionJson::Number(*number),
            OptionValue::Text(text) => OptionJson::Text(text.into()),
        }
    }
}
