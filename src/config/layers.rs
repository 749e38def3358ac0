//! Where values come from, laid over each other.

use std::env;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::file::{self, line_and_column};
use super::keys::{KEYS, Key};
use super::values::{quoted, quoted_list};
use super::{CONFIG_FILE, Config};

/// More than any configuration has, so that a wrong file is not read into memory.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A flag that was given.
pub struct Flag {
    pub key: &'static Key,
    pub texts: Vec<String>,
}

/// The configuration that applies, and how it came about.
pub struct Effective {
    pub config: Config,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Of each key in [`KEYS`], in their order.
    pub(super) sources: [Source; KEYS.len()],
}

/// Where a value came from.
pub(super) enum Source {
    Default,
    /// With its line.
    File(usize),
    /// The variable's name.
    Environment(String),
    Flag,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {path}: {detail}; mend it, or name another with --config")]
    Unreadable { path: String, detail: String },
    #[error("{path}:{line}:{column}: {detail}")]
    File { path: String, line: usize, column: usize, detail: String },
    #[error("the environment is refused: {0}")]
    Environment(String),
    #[error("--{flag} is refused: {detail}")]
    Flag { flag: String, detail: String },
    #[error("{one} and {other} are both set; leave one out")]
    Both { one: &'static str, other: &'static str },
    #[error("{set} is set and {lacking} is not; set it too, or leave {set} out")]
    Alone { set: &'static str, lacking: &'static str },
    #[error("cannot use {path}, which {key} names: {detail}")]
    Secret { key: &'static str, path: String, detail: String },
}

/// Reads the configuration: the file that was named, which must be there, else that in the data directory if it is
/// there; then the environment, then the flags.
///
/// # Errors
/// The first value that is wrong, also if another would go before it.
pub fn load(named: Option<&Path>, data_dir: Option<&Path>, flags: &[Flag]) -> Result<Effective, ConfigError> {
    let sources = [const { Source::Default }; KEYS.len()];
    let mut effective = Effective { config: Config::default(), file: None, sources };
    let usual = data_dir.map(|folder| folder.join(CONFIG_FILE));
    if let Some(path) = named.or(usual.as_deref()) {
        effective.lay_file(path, named.is_some())?;
    }
    effective.lay_environment()?;
    for Flag { key, texts } in flags {
        let values: Vec<String> = texts.iter().flat_map(|text| key.values_in(text)).collect();
        let laid = effective.lay(key, &values, Path::new(""), Source::Flag);
        laid.map_err(|detail| ConfigError::Flag { flag: key.flag(), detail })?;
    }
    effective.config.backup.check()?;
    effective.config.git.check()?;
    Ok(effective)
}

impl Effective {
    fn lay(&mut self, key: &Key, values: &[String], folder: &Path, source: Source) -> Result<(), String> {
        key.set(&mut self.config, values, folder)?;
        let at = KEYS.iter().position(|known| known.name == key.name);
        if let Some(place) = at.and_then(|at| self.sources.get_mut(at)) {
            *place = source;
        }
        Ok(())
    }

    fn lay_file(&mut self, path: &Path, must_exist: bool) -> Result<(), ConfigError> {
        let text = match read(path) {
            Ok(text) => text,
            Err(error) if !must_exist && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(());
            }
            Err(error) => {
                let path = path.display().to_string();
                return Err(ConfigError::Unreadable { path, detail: error.to_string() });
            }
        };
        let refused = |at, detail| {
            let (line, column) = line_and_column(&text, at);
            ConfigError::File { path: path.display().to_string(), line, column, detail }
        };
        let folder = path.parent().unwrap_or(path);
        for entry in file::entries(&text).map_err(|fault| refused(fault.at, fault.detail))? {
            let key = entry.key;
            let source = Source::File(line_and_column(&text, entry.at).0);
            let laid = self.lay(key, &entry.values, folder, source);
            let wrong = || cannot_be(key.name, key, &entry.values);
            laid.map_err(|right| refused(entry.at, format!("{}; {right}", wrong())))?;
        }
        self.file = Some(path.to_owned());
        Ok(())
    }

    fn lay_environment(&mut self) -> Result<(), ConfigError> {
        for key in &KEYS {
            if let Some(given) = variable_of(key).map_err(ConfigError::Environment)? {
                let laid = self.lay(key, &given.values, Path::new(""), Source::Environment(given.name));
                laid.map_err(|right| ConfigError::Environment(format!("{}; {right}", given.if_refused)))?;
            }
        }
        Ok(())
    }
}

/// What the environment says of a key.
struct Variable {
    name: String,
    values: Vec<String>,
    /// What to say if the value will not do.
    if_refused: String,
}

fn variable_of(key: &Key) -> Result<Option<Variable>, String> {
    let (plain, of_file) = (key.variable(), format!("{}_FILE", key.variable()));
    // Some keys have another one for their file.
    let is_key = KEYS.iter().any(|other| other.variable() == of_file);
    match (env::var_os(&plain), env::var_os(&of_file).filter(|_| !is_key)) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(format!("{plain} and {of_file} are both set; leave one out")),
        (Some(text), None) => {
            let text = text.to_str().ok_or_else(|| format!("{plain} is not UTF-8; write it anew"))?;
            let values = key.values_in(text);
            let if_refused = cannot_be(&plain, key, &values);
            Ok(Some(Variable { name: plain, values, if_refused }))
        }
        (None, Some(path)) => {
            let path = Path::new(&path);
            let named = format!("{}, which {of_file} names", path.display());
            let text = read(path).map_err(|error| format!("cannot read {named}: {error}; mend it, or name another"))?;
            // A value that is kept in a file may be nobody else's to read.
            let if_refused = format!("what is in {named}, will not do");
            Ok(Some(Variable { name: of_file, values: key.values_in(text.trim()), if_refused }))
        }
    }
}

/// What to say of a value that will not do.
fn cannot_be(name: &str, key: &Key, values: &[String]) -> String {
    if values.iter().any(|value| key.hides(value)) {
        return format!("the value of {name} will not do");
    }
    let value = if key.is_list() { quoted_list(values) } else { quoted(&values.concat()) };
    format!("{name} cannot be {value}")
}

/// Reads a text file, and no pipe or device.
pub(super) fn read(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut text = String::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(text)
}
