//! Which rules apply: the user's own, else the server's, else the built-in ones; and which stand in when those fail.

use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{rule_files, rule_tests};
use crate::domain::document::READER_VERSION;
use crate::domain::hex::hex;
use crate::domain::ids::Generation;
use crate::domain::lang::Phrase;
use crate::domain::script::{RuleEntry, Script};
use crate::domain::zone;
use crate::planning::PLANNER_VERSION;
use crate::rules::{self, RuleError, RuleSet};
use crate::store::{Basis, UserRules};
use crate::view::RulesSource;

pub use crate::rules::{library, library_tests, reference};

/// A list of scripts with its fingerprint.
#[derive(Clone, Debug)]
pub struct RuleList {
    pub scripts: Vec<Script>,
    pub source: RulesSource,
    /// Of a user's list that is kept: which version of the user's it is.
    pub version: Option<Generation>,
    pub fingerprint: [u8; 32],
}

/// Scripts whose names stand for the whole list.
const NAMES_MAX: usize = 3;

/// The rules of a running program.
#[derive(Clone, Debug)]
pub struct RuleBook {
    server: Option<Arc<RuleList>>,
    builtin: Arc<RuleList>,
    basis: Basis,
    parts: BasisParts,
}

const SERVER_RULES: Phrase = Phrase { en: "other rules of the server", de: "andere Regeln des Servers" };
const BUILTIN_RULES: Phrase = Phrase { en: "other built-in rules", de: "andere eingebaute Regeln" };

/// Whether what is different matters to a plan that was made by rules of this source: whoever has rules of one's own that
/// do not fail is asked by no others.
pub(super) fn matters(difference: Phrase, source: RulesSource) -> bool {
    source != RulesSource::User || ![SERVER_RULES, BUILTIN_RULES].contains(&difference)
}

/// What the basis is made of, apart, to tell in which two differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BasisParts {
    planner: u32,
    reader: u16,
    language: u32,
    /// Fingerprints, in hexadecimal digits.
    server_rules: Option<String>,
    builtin_rules: String,
    library: String,
    time_zones: String,
}

impl BasisParts {
    /// What is different in the other, in words.
    pub fn differences(&self, other: &BasisParts) -> Vec<Phrase> {
        const PROGRAM: Phrase =
            Phrase { en: "another version of the program", de: "eine andere Version des Programms" };
        const LIBRARY: Phrase = Phrase { en: "another library of rules", de: "eine andere Bibliothek von Regeln" };
        const TIME_ZONES: Phrase =
            Phrase { en: "another database of time zones", de: "eine andere Datenbank der Zeitzonen" };
        let program = (self.planner, self.reader, self.language) != (other.planner, other.reader, other.language);
        let parts = [
            (program, PROGRAM),
            (self.server_rules != other.server_rules, SERVER_RULES),
            (self.builtin_rules != other.builtin_rules, BUILTIN_RULES),
            (self.library != other.library, LIBRARY),
            (self.time_zones != other.time_zones, TIME_ZONES),
        ];
        parts.into_iter().filter(|(differs, _)| *differs).map(|(_, difference)| difference).collect()
    }
}

/// Why a rule file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleFileError {
    #[error("cannot read the rules {path}: {detail}")]
    Unreadable { path: String, detail: String },
    #[error("{0}")]
    Misspelt(String),
    #[error("the rules {path} are refused: {error}")]
    Refused { path: String, error: Box<RuleError> },
}

impl RuleList {
    pub(super) fn new(scripts: Vec<Script>, source: RulesSource) -> RuleList {
        RuleList { fingerprint: rules::fingerprint(&scripts), scripts, source, version: None }
    }

    /// What it is called: by its scripts in their order, those of a long one cut.
    pub(super) fn name(&self) -> String {
        let mut names: Vec<&str> = self.scripts.iter().take(NAMES_MAX).map(|script| script.name.as_str()).collect();
        if self.scripts.len() > NAMES_MAX {
            names.push("…");
        }
        names.join(" + ")
    }

    /// A list of a user's, with the library's texts as they are in this version.
    ///
    /// # Errors
    /// A name that this version's library does not have: the list was made with another one.
    pub(super) fn of_user(entries: &[RuleEntry]) -> Result<RuleList, RuleError> {
        let script = |entry: &RuleEntry| match entry {
            RuleEntry::Own { script, .. } => Ok(script.clone()),
            RuleEntry::Library { name, options } => match library(name) {
                Some(script) => Ok(Script { options: options.clone(), ..script }),
                None => Err(not_in_library(name)),
            },
        };
        let scripts = entries.iter().map(script).collect::<Result<_, _>>()?;
        Ok(RuleList::new(scripts, RulesSource::User))
    }
}

/// All ready rules, as they come with the program.
pub(super) fn library_scripts() -> Vec<Script> {
    rules::library_names().filter_map(library).collect()
}

fn not_in_library(name: &str) -> RuleError {
    let known = rules::library_names().collect::<Vec<_>>().join(", ");
    RuleError {
        script: name.to_owned(),
        function: None,
        line: None,
        column: None,
        message: format!("this version has no rules of that name; it has {known}"),
        timed_out: false,
        task: None,
    }
}

impl RuleBook {
    pub fn builtin() -> RuleBook {
        RuleBook::new(None)
    }

    /// Reads, compiles and tries a list of rule files, with the tests beside them; they apply in the order given.
    ///
    /// # Errors
    /// The first file that cannot be read, or the first error of the list or its tests; nothing is half accepted.
    pub fn from_files(paths: &[impl AsRef<Path>]) -> Result<RuleBook, RuleFileError> {
        if paths.is_empty() {
            return Ok(RuleBook::builtin());
        }
        let unreadable = |path: &Path, error: io::Error| match rule_files::misspelt(path) {
            Some(sentence) => RuleFileError::Misspelt(sentence),
            None => RuleFileError::Unreadable { path: path.display().to_string(), detail: error.to_string() },
        };
        let (mut scripts, mut tests) = (Vec::new(), Vec::new());
        for path in paths.iter().map(AsRef::as_ref) {
            scripts.push(rule_files::read_or_known(path).map_err(|error| unreadable(path, error))?.script);
            let beside = rule_files::read_tests_of(path).map_err(|error| unreadable(path, error))?;
            tests.extend(beside.map(|file| file.script));
        }
        let names: Vec<String> = paths.iter().map(|path| path.as_ref().display().to_string()).collect();
        let refused = |error| RuleFileError::Refused { path: names.join(", "), error: Box::new(error) };
        RuleSet::compile(&scripts).and_then(|set| set.check()).map_err(refused)?;
        let report = rule_tests::run(&scripts, &tests).map_err(refused)?;
        if let Some(failure) = report.failures().next() {
            return Err(refused(failure.clone()));
        }
        Ok(RuleBook::of_scripts(scripts))
    }

    /// Rules that were tried before, for everybody.
    pub(super) fn of_scripts(scripts: Vec<Script>) -> RuleBook {
        RuleBook::new(Some(RuleList::new(scripts, RulesSource::Server)))
    }

    fn new(server: Option<RuleList>) -> RuleBook {
        let builtin = RuleList::new(rules::builtin(), RulesSource::Builtin);
        let chosen = server.as_ref().unwrap_or(&builtin);
        // The built-in rules are part of it even when others are chosen: they stand in when those fail. So is the
        // library, whose scripts users' lists name without keeping their texts: another binary may have others. Such
        // a list itself is of its user's generation.
        let library = library_scripts();
        let mut hash = Sha256::new();
        hash.update(b"basis 3");
        hash.update(PLANNER_VERSION.to_be_bytes());
        hash.update(READER_VERSION.to_be_bytes());
        hash.update(rules::LANGUAGE_VERSION.to_be_bytes());
        hash.update(chosen.source.as_str());
        hash.update(chosen.fingerprint);
        hash.update(builtin.fingerprint);
        hash.update(rules::fingerprint(&library));
        hash.update(zone::DATABASE_VERSION);
        let digest: [u8; 32] = hash.finalize().into();
        let mut basis = [0; 16];
        basis.copy_from_slice(&digest[..16]);
        let parts = BasisParts {
            planner: PLANNER_VERSION,
            reader: READER_VERSION,
            language: rules::LANGUAGE_VERSION,
            server_rules: server.as_ref().map(|list| hex(list.fingerprint)),
            builtin_rules: hex(builtin.fingerprint),
            library: hex(rules::fingerprint(&library)),
            time_zones: zone::DATABASE_VERSION.to_owned(),
        };
        RuleBook { server: server.map(Arc::new), builtin: Arc::new(builtin), basis: Basis(basis), parts }
    }

    /// The lists that are asked for a user with these rules, the best first: each stands in when those before it fail. The
    /// user's present one, the user's earlier ones, the server's, the built-in one. A list that cannot be made is an error in
    /// its place.
    pub(super) fn ladder<'a>(
        &'a self,
        own: Option<&'a UserRules>,
    ) -> impl Iterator<Item = Result<Arc<RuleList>, RuleError>> + use<'a> {
        let own = own.into_iter().flat_map(|rules| {
            let earlier = rules.earlier.iter().map(|earlier| (earlier.version, &earlier.entries));
            std::iter::once((rules.version, &rules.entries)).chain(earlier)
        });
        // Made one by one as they are asked for: most plans need the first alone.
        let own = own.map(|(version, entries)| {
            RuleList::of_user(entries).map(|list| Arc::new(RuleList { version: Some(version), ..list }))
        });
        own.chain(self.of_everybody().cloned().map(Ok))
    }

    /// Whose rules are the first of the ladder.
    pub(super) fn due(&self, own: Option<&UserRules>) -> RulesSource {
        if own.is_some() { RulesSource::User } else { self.of_server().source }
    }

    /// The list that applies to users without rules of their own.
    pub(super) fn of_server(&self) -> &RuleList {
        self.server.as_ref().unwrap_or(&self.builtin)
    }

    /// The lists that apply to users without rules of their own, the best first.
    fn of_everybody(&self) -> impl Iterator<Item = &Arc<RuleList>> {
        self.server.iter().chain([&self.builtin])
    }

    /// What the basis is made of.
    pub fn parts(&self) -> &BasisParts {
        &self.parts
    }

    /// What can change a plan without a commit, hashed.
    pub fn basis(&self) -> Basis {
        self.basis
    }
}
