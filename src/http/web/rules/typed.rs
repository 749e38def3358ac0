//! A script as it stands in the editor's form, and what it begins with.

use std::collections::BTreeMap;

use super::fields_of;
use crate::domain::lang::Lang;
use crate::domain::script::RuleEntry;
use crate::http::wire::Known;
use crate::service::error::Refusal;
use crate::service::rulebook::{library, library_tests};
use crate::service::rules::{RuleFields, Rules, is_name};

const ENGLISH: [&str; 2] = [include_str!("template.rhai"), include_str!("template.test.rhai")];
const GERMAN: [&str; 2] = [include_str!("template.de.rhai"), include_str!("template.de.test.rhai")];
/// The longest name of a script.
const NAME_CHARS_MAX: usize = 64;

/// A script and its tests as somebody writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// The script of the list whose place it takes; empty for one that goes to the end.
    pub of: String,
    pub name: String,
    pub script: String,
    pub tests: String,
    /// Whether what is set of the script's options is to be forgotten.
    pub defaults: bool,
    /// The script that comes with the program of which it is a copy that nobody changed yet.
    pub copy_of: Option<String>,
}

impl Typed {
    /// What the form says. Browsers send the line ends of the network.
    pub fn sent(known: &Known<'_>) -> Result<Typed, Refusal> {
        let line = |field| known.text(field).map(|text| text.unwrap_or_default().trim().to_owned());
        let lines = |field| known.text(field).map(|text| text.unwrap_or_default().replace("\r\n", "\n"));
        Ok(Typed {
            of: line("of")?,
            name: line("name")?,
            script: lines("script")?,
            tests: lines("tests")?,
            defaults: known.ticked("defaults")?,
            copy_of: None,
        })
    }

    /// A new one, from a template in the writer's language.
    pub fn new(rules: &Rules, name: Option<&str>, lang: Lang) -> Typed {
        let name = name.map_or_else(|| free_name(rules, lang.pick("mine", "meine")), str::to_owned);
        let named = if is_name(&name) { name.as_str() } else { "mine" };
        let [script, tests] = lang.pick(ENGLISH, GERMAN).map(|text| text.replace("{{NAME}}", named));
        Typed { name, script, tests, ..Typed::default() }
    }

    /// The user's own script of that name, or a copy of one that comes with the program under a name of its own.
    pub fn of(rules: &Rules, script: &str, lang: Lang) -> Option<Typed> {
        let listed = rules.entries.iter().find(|entry| entry.name() == script);
        if let Some(RuleEntry::Own { script: own, tests }) = listed {
            let tests = tests.clone().unwrap_or_default();
            let (of, name, script) = (own.name.clone(), own.name.clone(), own.source.clone());
            return Some(Typed { of, name, script, tests, ..Typed::default() });
        }
        Typed::copy(rules, script, None, lang)
    }

    /// A copy of a script that comes with the program. It takes the place of that one, where the list has it.
    pub fn copy(rules: &Rules, script: &str, name: Option<&str>, lang: Lang) -> Option<Typed> {
        let ready = library(script)?;
        let is_listed = rules.entries.iter().any(|entry| entry.name() == script);
        let own = format!("{}-{script}", lang.pick("my", "mein"));
        let name = name.map_or_else(|| free_name(rules, &own), str::to_owned);
        // Its tests name the script that they are of.
        let tests = library_tests(script).unwrap_or_default();
        let tests =
            tests.replace(&format!("\"{script}\""), &format!("\"{}\"", if is_name(&name) { &name } else { &own }));
        let of = if is_listed { script.to_owned() } else { String::new() };
        Some(Typed { of, name, script: ready.source, tests, defaults: false, copy_of: Some(ready.name) })
    }

    /// The entry of the list whose place it takes.
    pub fn replaced<'r>(&self, rules: &'r Rules) -> Option<&'r RuleEntry> {
        rules.entries.iter().find(|entry| entry.name() == self.of)
    }

    /// The list with it in its place; the options that were set there stay.
    pub fn list(&self, rules: &Rules) -> Vec<RuleFields> {
        let mut list: Vec<RuleFields> = rules.entries.iter().map(fields_of).collect();
        let own = |options| RuleFields {
            library: None,
            name: Some(self.name.clone()),
            script: Some(self.script.clone()),
            tests: Some(self.tests.clone()).filter(|tests| !tests.trim().is_empty()),
            options,
        };
        match rules.entries.iter().position(|entry| entry.name() == self.of) {
            Some(at) => {
                let kept = std::mem::take(&mut list[at].options);
                list[at] = own(if self.defaults { BTreeMap::new() } else { kept });
            }
            None => list.push(own(BTreeMap::new())),
        }
        list
    }
}

/// The name, or with a number behind it the first that no script has.
fn free_name(rules: &Rules, name: &str) -> String {
    let is_taken = |name: &str| library(name).is_some() || rules.entries.iter().any(|entry| entry.name() == name);
    let numbered = (2u32..).map(|number| format!("-{number}"));
    let endings = std::iter::once(String::new()).chain(numbered);
    let mut names = endings.map(|ending| {
        let kept = name.chars().take(NAME_CHARS_MAX - ending.len());
        kept.chain(ending.chars()).collect::<String>()
    });
    names.find(|name| !is_taken(name)).unwrap_or_default()
}
