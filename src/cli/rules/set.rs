//! `codexmiroir rules set`

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::CliError;
use super::super::client::{Ask, Client};
use super::{RULES, Rules, change};
use crate::domain::script::Script;
use crate::service::rule_files;

#[derive(Args)]
pub struct Set {
    /// Script files, each named as its file, or names of rules that come with the program; they apply in this order. The tests
    /// beside them are set with them, and have to pass
    #[arg(value_name = "FILE", required_unless_present = "library")]
    files: Vec<PathBuf>,
    /// A rule set that comes with the program, before the files; may be given several times
    #[arg(long = "use", value_name = "NAME")]
    library: Vec<String>,
    /// An option of one of the scripts; may be given several times. Those that it has keep their values; nothing after the
    /// = gives it its default again
    #[arg(long, value_name = "SCRIPT.NAME=VALUE", value_parser = option_of)]
    option: Vec<OptionOf>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// The value of an option of a script.
#[derive(Clone, Debug, PartialEq)]
struct OptionOf {
    script: String,
    name: String,
    /// `None` for its default.
    value: Option<Value>,
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
        Ok(value @ (Value::Bool(_) | Value::String(_))) => Some(value),
        Ok(value) if value.is_i64() => Some(value),
        _ => Some(Value::String(value.to_owned())),
    };
    Ok(OptionOf { script: script.to_owned(), name: name.to_owned(), value })
}

impl Set {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let mut rules: Vec<(String, Value)> =
            self.library.iter().map(|name| (name.clone(), json!({"use": name}))).collect();
        for file in &self.files {
            let failed = |error| CliError::Said(format!("cannot read the rules {}: {error}", file.display()));
            let read = rule_files::read_or_known(file).map_err(failed)?;
            let Script { name, source, .. } = read.script;
            if read.path != *file {
                rules.push((name.clone(), json!({"use": name})));
                continue;
            }
            let mut rule = json!({"name": name, "script": source});
            if let Some(tests) = rule_files::read_tests_of(file).map_err(failed)? {
                rule["tests"] = Value::String(tests.script.source);
            }
            rules.push((name, rule));
        }
        set_options(client, &mut rules, self.option).await?;
        let rules: Vec<Value> = rules.into_iter().map(|(_, rule)| rule).collect();
        change(client, Ask::put(RULES).json(&json!({"rules": rules})), self.json).await
    }
}

/// Gives the scripts the options that those of the same names have, and then those that are given.
async fn set_options(client: &mut Client, rules: &mut [(String, Value)], given: Vec<OptionOf>) -> Result<(), CliError> {
    for (at, OptionOf { script, name, .. }) in given.iter().enumerate() {
        if !rules.iter().any(|(known, _)| known == script) {
            let known: Vec<&str> = rules.iter().map(|(name, _)| name.as_str()).collect();
            let known = known.join(", ");
            return Err(CliError::Usage(format!("--option names {script}, but the scripts are {known}; see --help")));
        }
        if given[..at].iter().any(|other| (&other.script, &other.name) == (script, name)) {
            return Err(CliError::Usage(format!("--option gives {script}.{name} twice; leave one out")));
        }
    }
    let present: Rules = client.get(RULES).await?.read()?;
    for (name, rule) in rules {
        let kept = present.rules.iter().filter(|_| present.source == "user").find(|rule| rule.name() == name);
        let mut options: Map<String, Value> = kept.map(|rule| rule.options.clone()).unwrap_or_default();
        for option in given.iter().filter(|option| option.script == *name) {
            match &option.value {
                Some(value) => options.insert(option.name.clone(), value.clone()),
                None => options.remove(&option.name),
            };
        }
        if !options.is_empty() {
            rule["options"] = Value::Object(options);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_by_what_they_look_like() {
        let read = |text| option_of(text).map(|option| (option.script, option.name, option.value));
        let of = |value: Option<Value>| Ok(("a-b".to_owned(), "c.d".to_owned(), value));
        let expected = |value: Value| of(Some(value));
        assert_eq!(read("a-b.c.d=BY"), expected(json!("BY")));
        assert_eq!(read("a-b.c.d=true"), expected(json!(true)));
        assert_eq!(read("a-b.c.d=-3"), expected(json!(-3)));
        assert_eq!(read("a-b.c.d=\"3\""), expected(json!("3")));
        assert_eq!(read("a-b.c.d=3.5"), expected(json!("3.5")));
        assert_eq!(read("a-b.c.d=\"\""), expected(json!("")));
        assert_eq!(read("a-b.c.d="), of(None));
        for bad in ["", "a.b", "a=b", ".b=c", "a.=c"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
