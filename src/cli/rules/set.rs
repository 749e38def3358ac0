//! `codexmiroir rules set`

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::CliError;
use super::super::client::{Ask, Client};
use super::{RULES, change};
use crate::domain::script::Script;
use crate::service::rule_files;

#[derive(Args)]
pub struct Set {
    /// Script files; each gets its file's name, and they apply in this order. The
    /// tests beside them are set with them, and have to pass
    #[arg(value_name = "FILE", required_unless_present = "library")]
    files: Vec<PathBuf>,
    /// A rule set that comes with the program, before the files; may be given several times
    #[arg(long = "use", value_name = "NAME")]
    library: Vec<String>,
    /// An option of one of the scripts; may be given several times
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
    value: Value,
}

/// `script.name=value`. A value is true or false, a whole number, or a text; in quotes it is a text whatever it says.
fn option_of(text: &str) -> Result<OptionOf, String> {
    let wrong = || "write it like german-holidays.land=BY".to_owned();
    let (place, value) = text.split_once('=').ok_or_else(wrong)?;
    let (script, name) =
        place.split_once('.').filter(|(script, name)| !script.is_empty() && !name.is_empty()).ok_or_else(wrong)?;
    let value = match serde_json::from_str(value) {
        Ok(value @ (Value::Bool(_) | Value::String(_))) => value,
        Ok(value) if value.is_i64() => value,
        _ => Value::String(value.to_owned()),
    };
    Ok(OptionOf { script: script.to_owned(), name: name.to_owned(), value })
}

impl Set {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let mut rules: Vec<(String, Value)> =
            self.library.iter().map(|name| (name.clone(), json!({"use": name}))).collect();
        for file in &self.files {
            let failed = |error| CliError::Said(format!("cannot read the rules {}: {error}", file.display()));
            let Script { name, source, .. } = rule_files::read(file).map_err(failed)?.script;
            let mut rule = json!({"name": name, "script": source});
            if let Some(tests) = rule_files::read_tests_of(file).map_err(failed)? {
                rule["tests"] = Value::String(tests.script.source);
            }
            rules.push((name, rule));
        }
        for OptionOf { script, name, value } in self.option {
            let Some((_, rule)) = rules.iter_mut().find(|(known, _)| *known == script) else {
                let known: Vec<&str> = rules.iter().map(|(name, _)| name.as_str()).collect();
                let known = known.join(", ");
                return Err(CliError::Usage(format!(
                    "--option names {script}, but the scripts are {known}; see --help"
                )));
            };
            if rule["options"].is_null() {
                rule["options"] = Value::Object(Map::new());
            }
            rule["options"][name] = value;
        }
        let rules: Vec<Value> = rules.into_iter().map(|(_, rule)| rule).collect();
        change(client, Ask::put(RULES).json(&json!({"rules": rules})), self.json).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_by_what_they_look_like() {
        let read = |text| option_of(text).map(|option| (option.script, option.name, option.value));
        let expected = |value: Value| Ok(("a-b".to_owned(), "c.d".to_owned(), value));
        assert_eq!(read("a-b.c.d=BY"), expected(json!("BY")));
        assert_eq!(read("a-b.c.d=true"), expected(json!(true)));
        assert_eq!(read("a-b.c.d=-3"), expected(json!(-3)));
        assert_eq!(read("a-b.c.d=\"3\""), expected(json!("3")));
        assert_eq!(read("a-b.c.d=3.5"), expected(json!("3.5")));
        assert_eq!(read("a-b.c.d="), expected(json!("")));
        for bad in ["", "a.b", "a=b", ".b=c", "a.=c"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
