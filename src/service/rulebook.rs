//! Which rules apply: the server's, else the built-in ones, which also stand in when others fail.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::domain::document::READER_VERSION;
use crate::domain::script::Script;
use crate::domain::zone;
use crate::planning::PLANNER_VERSION;
use crate::rules::{self, RuleError, RuleSet, SOURCE_BYTES_MAX};
use crate::store::Basis;
use crate::view::RulesSource;

pub use crate::rules::{library, reference};

/// A list of scripts with its fingerprint.
#[derive(Clone, Debug)]
pub struct RuleList {
    pub scripts: Vec<Script>,
    pub source: RulesSource,
    pub fingerprint: [u8; 32],
}

/// The rules of a running program.
#[derive(Clone, Debug)]
pub struct RuleBook {
    pub(super) chosen: RuleList,
    pub(super) builtin: RuleList,
    basis: Basis,
}

/// Why a rule file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleFileError {
    #[error("cannot read the rules {path}: {detail}")]
    Unreadable { path: String, detail: String },
    #[error("the rules {path} are refused: {error}")]
    Refused { path: String, error: RuleError },
}

impl RuleList {
    fn new(scripts: Vec<Script>, source: RulesSource) -> RuleList {
        RuleList { fingerprint: rules::fingerprint(&scripts), scripts, source }
    }
}

/// Reads a script; no more of it than a script may have and one byte, and no pipe or device.
fn read_script(path: &Path) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut source = String::new();
    File::open(path)?.take(SOURCE_BYTES_MAX as u64 + 1).read_to_string(&mut source)?;
    Ok(source)
}

impl RuleBook {
    pub fn builtin() -> RuleBook {
        let builtin = RuleList::new(rules::builtin(), RulesSource::Builtin);
        RuleBook::new(builtin.clone(), builtin)
    }

    /// Reads, compiles and tries a list of rule files; they apply in the order given.
    ///
    /// # Errors
    /// The first file that cannot be read, or the first error of the list; nothing is half accepted.
    pub fn from_files(paths: &[impl AsRef<Path>]) -> Result<RuleBook, RuleFileError> {
        if paths.is_empty() {
            return Ok(RuleBook::builtin());
        }
        let mut scripts = Vec::new();
        for path in paths {
            let path = path.as_ref();
            let source = read_script(path).map_err(|error| RuleFileError::Unreadable {
                path: path.display().to_string(),
                detail: error.to_string(),
            })?;
            let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
            scripts.push(Script::new(name, source));
        }
        let names: Vec<String> = paths.iter().map(|path| path.as_ref().display().to_string()).collect();
        let refused = |error| RuleFileError::Refused { path: names.join(", "), error };
        RuleSet::compile(&scripts).and_then(|set| set.check()).map_err(refused)?;
        let builtin = RuleList::new(rules::builtin(), RulesSource::Builtin);
        Ok(RuleBook::new(RuleList::new(scripts, RulesSource::Server), builtin))
    }

    fn new(chosen: RuleList, builtin: RuleList) -> RuleBook {
        // The built-in rules are part of it even when others are chosen: they stand in when those fail.
        let mut hash = Sha256::new();
        hash.update(b"basis 1");
        hash.update(PLANNER_VERSION.to_be_bytes());
        hash.update(READER_VERSION.to_be_bytes());
        hash.update(chosen.source.as_str());
        hash.update(chosen.fingerprint);
        hash.update(builtin.fingerprint);
        hash.update(zone::DATABASE_VERSION);
        let digest: [u8; 32] = hash.finalize().into();
        let mut basis = [0; 16];
        basis.copy_from_slice(&digest[..16]);
        RuleBook { chosen, builtin, basis: Basis(basis) }
    }

    /// What can change a plan without a commit, hashed.
    pub fn basis(&self) -> Basis {
        self.basis
    }
}
