//! `codexmiroir rules new`

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::CliError;
use crate::cli::output::print;

const ENGLISH: [&str; 2] = [include_str!("starter.rhai"), include_str!("starter.test.rhai")];
const GERMAN: [&str; 2] = [include_str!("starter.de.rhai"), include_str!("starter.de.test.rhai")];
const NAME_CHARS_MAX: usize = 64;

#[derive(Args)]
pub struct New {
    /// The script's name: a-z, 0-9 and -; its file is NAME.rhai
    #[arg(value_name = "NAME")]
    name: String,
    /// With comments and words in German
    #[arg(long)]
    german: bool,
}

impl New {
    pub fn run(self) -> Result<(), CliError> {
        let name = self.name.as_str();
        let is_named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > NAME_CHARS_MAX || name.starts_with('-') || !name.chars().all(is_named) {
            let rule = format!("a script's name has 1 to {NAME_CHARS_MAX} characters of a-z, 0-9 and -");
            return Err(CliError::Usage(format!("{rule}; '{name}' is none")));
        }
        let [script, tests] = if self.german { GERMAN } else { ENGLISH };
        let files = [(format!("{name}.rhai"), script), (format!("{name}.test.rhai"), tests)];
        // Neither is written where one is there.
        if let Some((taken, _)) = files.iter().find(|(file, _)| Path::new(file).symlink_metadata().is_ok()) {
            return Err(CliError::Said(format!("{taken} is there already; choose another name")));
        }
        for (file, text) in files {
            write_new(&PathBuf::from(&file), &text.replace("{{NAME}}", name))?;
            print(&format!("wrote {file}\n"))?;
        }
        print(&format!("next: codexmiroir rules check {name}.rhai, and codexmiroir rules test {name}.rhai\n"))
    }
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, text: &str) -> Result<(), CliError> {
    let written = OpenOptions::new().write(true).create_new(true).open(path);
    let written = written.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| CliError::Said(format!("cannot write {}: {error}", path.display())))
}
