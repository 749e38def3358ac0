//! A list of rules as it is named on the command line: files, names of the library, and options.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use super::super::CliError;
use super::super::client::Client;
use super::files::{self, unreadable};
use super::{RULES, Rules};
use crate::domain::script::{OptionValue, RuleEntry, Script};
use crate::service::rule_files;

/// What is said of a list beside its files.
#[derive(Args)]
pub struct Beside {
    /// A rule set that comes with the program, before the files; may be given several times
    #[arg(long = "use", value_name = "NAME")]
    library: Vec<String>,
    /// An option of one of the scripts; may be given several times. Those that it has keep their values; nothing after the
    /// = gives it its default again
    #[arg(long, value_name = "SCRIPT.NAME=VALUE", value_parser = option_of)]
    option: Vec<OptionOf>,
}

/// The value of an option of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionOf {
    script: String,
    name: String,
    /// `None` for its default.
    value: Option<OptionValue>,
}

/// `script.name=value`. A value is true or false, a whole number, or a text; in quotes it is a text whatever it says,
/// and nothing is the default.
fn option_of(text: &str) -> Result<OptionOf, String> {
    let wrong = || "write it like german-holidays.land=BY".to_owned();
    let (place, value) = text.split_once('=').ok_or_else(wrong)?;
    let (script, name) =
        place.split_once('.').filter(|(script, name)| !script.is_empty() && !name.is_empty()).ok_or_else(wrong)?;
    let value = match serde_json::from_str(value) {
        _ if value.is_empty() => None,
        Ok(written) => Some(option_value(&written).unwrap_or_else(|| OptionValue::Text(value.to_owned()))),
        Err(_) => Some(OptionValue::Text(value.to_owned())),
    };
    Ok(OptionOf { script: script.to_owned(), name: name.to_owned(), value })
}

fn option_value(value: &Value) -> Option<OptionValue> {
    match value {
        Value::Bool(flag) => Some(OptionValue::Flag(*flag)),
        Value::String(text) => Some(OptionValue::Text(text.clone())),
        Value::Number(number) => number.as_i64().map(OptionValue::Number),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Options by the names of their scripts.
type Options = BTreeMap<String, BTreeMap<String, OptionValue>>;

impl Beside {
    /// The list that is meant; scripts that somebody has already keep the options that they have there.
    ///
    /// # Errors
    /// A file that cannot be read, or options of none of the scripts.
    pub async fn list(&self, files: &[PathBuf], client: &mut Client) -> Result<Vec<RuleEntry>, CliError> {
        let entries = self.read(files)?;
        let present: Rules = client.get(RULES).await?.read()?;
        let options = |rule: &super::Rule| {
            let options = rule.options.iter().filter_map(|(name, value)| Some((name.clone(), option_value(value)?)));
            (rule.name().to_owned(), options.collect())
        };
        let is_own = present.source == "user";
        Ok(self.with_options(entries, &present.rules.iter().filter(|_| is_own).map(options).collect()))
    }

    /// As [`Beside::list`], where nobody has any rules yet.
    ///
    /// # Errors
    /// Those of [`Beside::list`].
    pub fn list_of_nobody(&self, files: &[PathBuf]) -> Result<Vec<RuleEntry>, CliError> {
        Ok(self.with_options(self.read(files)?, &Options::new()))
    }

    fn read(&self, files: &[PathBuf]) -> Result<Vec<RuleEntry>, CliError> {
        let library = self.library.iter().cloned();
        let library = library.map(|name| RuleEntry::Library { name, options: BTreeMap::new() });
        let mut entries: Vec<RuleEntry> = library.collect();
        for file in files {
            entries.push(read(file)?);
        }
        for (at, OptionOf { script, name, .. }) in self.option.iter().enumerate() {
            if !entries.iter().any(|entry| entry.name() == script) {
                let known: Vec<&str> = entries.iter().map(RuleEntry::name).collect();
                let known = known.join(", ");
                return Err(CliError::Usage(format!(
                    "--option names {script}, but the scripts are {known}; see --help"
                )));
            }
            if self.option.iter().take(at).any(|other| (&other.script, &other.name) == (script, name)) {
                return Err(CliError::Usage(format!("--option gives {script}.{name} twice; leave one out")));
            }
        }
        Ok(entries)
    }

    fn with_options(&self, entries: Vec<RuleEntry>, kept: &Options) -> Vec<RuleEntry> {
        let options_of = |script: &str| {
            let mut options = kept.get(script).cloned().unwrap_or_default();
            for option in self.option.iter().filter(|option| option.script == script) {
                match &option.value {
                    Some(value) => options.insert(option.name.clone(), value.clone()),
                    None => options.remove(&option.name),
                };
            }
            options
        };
        let entry = |entry| match entry {
            RuleEntry::Library { name, .. } => RuleEntry::Library { options: options_of(&name), name },
            RuleEntry::Own { script, tests } => {
                RuleEntry::Own { script: Script { options: options_of(&script.name), ..script }, tests }
            }
        };
        entries.into_iter().map(entry).collect()
    }
}

/// A script with the tests beside it, or one that comes with the program.
fn read(file: &Path) -> Result<RuleEntry, CliError> {
    let read = files::read(file)?;
    if read.path != file {
        return Ok(RuleEntry::Library { name: read.script.name, options: BTreeMap::new() });
    }
    let tests = rule_files::read_tests_of(file).map_err(|error| unreadable(file, &error))?;
    Ok(RuleEntry::Own { script: read.script, tests: tests.map(|tests| tests.script.source) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_by_what_they_look_like() {
        let read = |text: &str| option_of(text).map(|option| (option.script, option.name, option.value));
        let of = |value: Option<OptionValue>| Ok(("a-b".to_owned(), "c.d".to_owned(), value));
        let text = |text: &str| of(Some(OptionValue::Text(text.to_owned())));
        assert_eq!(read("a-b.c.d=BY"), text("BY"));
        assert_eq!(read("a-b.c.d=true"), of(Some(OptionValue::Flag(true))));
        assert_eq!(read("a-b.c.d=-3"), of(Some(OptionValue::Number(-3))));
        for written in ["3", "3.5", "null", "[1]"] {
            assert_eq!(read(&format!("a-b.c.d=\"{written}\"")), text(written));
        }
        for written in ["3.5", "null", "[1]", "99999999999999999999"] {
            assert_eq!(read(&format!("a-b.c.d={written}")), text(written));
        }
        assert_eq!(read("a-b.c.d=\"\""), text(""));
        assert_eq!(read("a-b.c.d="), of(None));
        for bad in ["", "a.b", "a=b", ".b=c", "a.=c"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
