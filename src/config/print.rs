//! The configuration as a file again.

use std::fmt::Write as _;

use super::keys::{KEYS, Key};
use super::layers::{Effective, Source};
use super::{CONFIG_FILE, Config};

impl Effective {
    /// Where the value of a key was set: a line of the file, a variable or a flag; the key's name if nowhere.
    pub fn place_of(&self, name: &str) -> String {
        let known = KEYS.iter().zip(&self.sources).find(|(key, _)| key.name == name);
        match (known, &self.file) {
            (Some((_, Source::File(line))), Some(file)) => format!("{}:{line}", file.display()),
            (Some((_, Source::Environment(variable))), _) => variable.clone(),
            (Some((key, Source::Flag)), _) => format!("--{}", key.flag()),
            (Some((_, Source::File(_) | Source::Default)) | None, _) => name.to_owned(),
        }
    }

    /// The values that apply as TOML, each with where it came from.
    pub fn to_toml(&self) -> String {
        let file = self.file.as_ref().map(|file| file.display().to_string());
        let mut text = match &file {
            Some(file) => format!("# file: {}\n", file.escape_debug()),
            None => "# file: none\n".to_owned(),
        };
        let mut sources = self.sources.iter();
        each(&mut text, "", |text, key, name| {
            let source = match sources.next() {
                Some(Source::File(line)) => format!("file, line {line}"),
                Some(Source::Environment(variable)) => format!("environment, {variable}"),
                Some(Source::Flag) => format!("flag, --{}", key.flag()),
                Some(Source::Default) | None => "default".to_owned(),
            };
            // What is printed can be read again.
            let left_out = if key.is_comment(&self.config) { "# " } else { "" };
            let _ = writeln!(text, "{left_out}{name} = {} # {source}", key.toml(&self.config));
        });
        text
    }
}

/// The file that says what holds without one, with every key and what it means.
pub fn default_file() -> String {
    let config = Config::default();
    let mut text = format!(
        "# CodexMiroir's configuration with its defaults. Put it as {CONFIG_FILE} into the data directory, or name it\n\
         # with --config, and keep what you change. Flags and the environment go before it; a variable's name with\n\
         # _FILE names a file that holds the value. `codexmiroir config` prints what applies.\n"
    );
    each(&mut text, "\n", |text, key, name| {
        let (value, flag, variable) = (key.toml(&config), key.flag(), key.variable());
        let _ = writeln!(text, "\n# {}.\n# Value: {}. Default: {value}.", key.about, key.form);
        let left_out = if key.is_comment(&config) { "# " } else { "" };
        let _ = writeln!(text, "# Flag: --{flag}. Environment: {variable}.\n{left_out}{name} = {value}");
    });
    text
}

/// Writes something for each key, and the tables' heads between, after a gap.
fn each(text: &mut String, gap: &str, mut write: impl FnMut(&mut String, &Key, &str)) {
    let mut current = None;
    for key in &KEYS {
        let (table, name) = key.place();
        if table != current {
            let _ = writeln!(text, "{gap}[{}]", table.unwrap_or_default());
            current = table;
        }
        write(text, key, name);
    }
}
