//! An account as an export in JSON has it, read from the text.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufReader, Cursor, Read};
use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::de::{DeserializeSeed, Error, MapAccess};

use super::changes::ChangeIn;
use super::walk::{Fields, LIST, ListOf, NUMBER, OBJECT, Object, ObjectOf, Options, OrNull, Stopped, TEXT, Walk};
use crate::domain::ids::{FileName, Generation, TaskNumber};
use crate::domain::lang::{Lang, Phrase};
use crate::domain::problem::DOCUMENT_BYTES_MAX;
use crate::domain::script::{OptionValue, RuleEntry, Script};
use crate::domain::theme::Theme;
use crate::domain::zone::Zone;
use crate::rules::SCRIPTS_MAX;
use crate::service::archive::DOCUMENTS_BYTES_MAX;
use crate::service::error::{ExportRefusal, Fault, Refusal};
use crate::service::export::{FORMAT, VERSION};
use crate::service::rules::{OPTIONS_MAX, RuleFields};
use crate::service::settings::SettingsFields;
use crate::store::{Past, Settings};

/// Documents that an export can have.
const DOCUMENTS_MAX: usize = 100_000;
/// Changes of the history that an export can have. Each is held in memory until all of it was read.
const CHANGES_MAX: usize = 250_000;
pub(super) const FILE_NAME: Phrase =
    Phrase { en: "the name of a task file that ends in .md", de: "der Name einer Aufgabendatei, mit .md am Ende" };
const ONLY_FILE: Phrase = Phrase {
    en: "the name of a file that no document before has",
    de: "der Name einer Datei, die kein Dokument davor hat",
};
const ONE_OF_BOTH: Phrase = Phrase { en: "text or base64, one of them", de: "text oder base64, eins davon" };
const BASE64: Phrase = Phrase { en: "bytes in base64", de: "Bytes in base64" };
const SMALL: Phrase = Phrase { en: "a document of at most 64 KiB", de: "ein Dokument von höchstens 64 KiB" };
const VERSIONS: Phrase = Phrase { en: "the number of a version, from 1 on", de: "die Nummer einer Version, ab 1" };
const GENERATIONS: Phrase = Phrase { en: "a number up to 1099511627776", de: "eine Zahl bis 1099511627776" };
pub(super) const DESCENDING: Phrase = Phrase {
    en: "from 1 on, and never larger than that of the change before or of the account",
    de: "ab 1 und nie größer als bei der Änderung davor oder beim Konto",
};
const TASK_NUMBER: Phrase = Phrase { en: "four to nine digits, or null", de: "vier bis neun Ziffern oder null" };
pub(super) const INSTANT: Phrase = Phrase { en: "a time as in RFC 3339", de: "eine Zeit wie in RFC 3339" };
const RULE: Phrase = Phrase {
    en: "a script of one's own with name and script, or use",
    de: "ein eigenes Skript mit name und script, oder use",
};

/// Everything of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub generation: Generation,
    /// The number that the next new task got; `None` when all were used up.
    pub next_number: Option<TaskNumber>,
    pub settings: Settings,
    pub rules: Option<Vec<RuleFields>>,
    pub documents: Vec<(FileName, Vec<u8>)>,
    /// In the order in which it happened, if it is in the export.
    pub history: Option<Vec<Past>>,
}

/// What some programs put before a text in UTF-8.
pub const BOM: &[u8] = "\u{feff}".as_bytes();

/// Reads an export in JSON, behind a byte order mark or without one. Nothing but what it says is held in memory, and of that not more than the bounds allow.
///
/// # Errors
/// [`Refusal::Export`] with what is wrong, and where.
pub fn read_account(source: impl Read) -> Result<Account, Refusal> {
    let walk = Walk::default();
    let mut source = BufReader::new(source);
    let mut begin = Vec::new();
    let looked = source.by_ref().take(BOM.len() as u64).read_to_end(&mut begin);
    looked.map_err(|_| Refusal::Export(ExportRefusal::NotJson { line: 1, column: 0 }))?;
    let begin = if begin == BOM { Vec::new() } else { begin };
    let mut text = serde_json::Deserializer::from_reader(Cursor::new(begin).chain(source));
    let read = ObjectOf::<AccountIn>(&walk, PhantomData).deserialize(&mut text).and_then(|read| {
        text.end()?;
        read.account(&walk).map_err(serde_json::Error::custom)
    });
    read.map_err(|error| Refusal::Export(walk.refusal(&error)))
}

#[derive(Default)]
struct AccountIn {
    format: Option<String>,
    version: Option<u64>,
    user: Option<String>,
    generation: Option<u64>,
    committed_at: Option<String>,
    next_number: Option<Option<String>>,
    settings: Option<SettingsIn>,
    rules: Option<Option<()>>,
    rule_list: Vec<RuleIn>,
    documents_are_there: Option<()>,
    documents: Vec<(FileName, Vec<u8>)>,
    history_is_there: Option<()>,
    history: Vec<Past>,
}

impl Object for AccountIn {
    fn take<'de, A: MapAccess<'de>>(&mut self, fields: &mut Fields<'_, A>, name: &str) -> Result<(), A::Error> {
        let walk = fields.walk;
        match name {
            "format" => {
                fields.value("format", TEXT, &mut self.format)?;
                check_format(walk, self.format.as_deref()).map_err(A::Error::custom)
            }
            "version" => {
                fields.value("version", NUMBER, &mut self.version)?;
                check_version(walk, self.version).map_err(A::Error::custom)
            }
            "user" => fields.value("user", TEXT, &mut self.user),
            "generation" => fields.value("generation", NUMBER, &mut self.generation),
            "committedAt" => fields.value("committedAt", INSTANT, &mut self.committed_at),
            "nextAvailableId" => fields.value("nextAvailableId", TASK_NUMBER, &mut self.next_number),
            "settings" => fields.seeded("settings", OBJECT, &mut self.settings, ObjectOf(walk, PhantomData)),
            "rules" => {
                let list = &mut self.rule_list;
                let each = |index, rule: RuleIn| push_rule(walk, list, index, rule);
                let rules = OrNull(ListOf { walk, each, item: PhantomData });
                fields.seeded("rules", LIST, &mut self.rules, rules)
            }
            "documents" => {
                let (documents, mut names, mut bytes) = (&mut self.documents, HashSet::new(), 0);
                let each = |index, document: DocumentIn| {
                    let (file, raw) = document.document(walk, &names)?;
                    bytes += raw.len();
                    if index >= DOCUMENTS_MAX || bytes > DOCUMENTS_BYTES_MAX {
                        return Err(walk.refuse(ExportRefusal::TooLarge));
                    }
                    names.insert(file.clone());
                    documents.push((file, raw));
                    Ok(())
                };
                let list = ListOf { walk, each, item: PhantomData };
                fields.seeded("documents", LIST, &mut self.documents_are_there, list)
            }
            "history" => {
                let history = &mut self.history;
                let each = |index, change: ChangeIn| {
                    if index >= CHANGES_MAX {
                        return Err(walk.refuse(ExportRefusal::TooLarge));
                    }
                    let past = change.past(walk, history.last())?;
                    history.push(past);
                    Ok(())
                };
                let list = ListOf { walk, each, item: PhantomData };
                fields.seeded("history", LIST, &mut self.history_is_there, list)
            }
            other => Err(fields.unknown(other)),
        }
    }
}

fn check_format(walk: &Walk, format: Option<&str>) -> Result<(), Stopped> {
    match format {
        Some(FORMAT) => Ok(()),
        Some(_) => Err(walk.refuse(ExportRefusal::NotAnExport)),
        None => Err(walk.wrong("format", Fault::Missing)),
    }
}

fn check_version(walk: &Walk, version: Option<u64>) -> Result<(), Stopped> {
    match walk.needed("version", version)? {
        0 => Err(walk.malformed("version", VERSIONS)),
        version if version > u64::from(VERSION) => Err(walk.refuse(ExportRefusal::Newer { version, known: VERSION })),
        _ => Ok(()),
    }
}

impl AccountIn {
    fn account(mut self, walk: &Walk) -> Result<Account, Stopped> {
        check_format(walk, self.format.as_deref())?;
        check_version(walk, self.version)?;
        walk.needed("user", self.user)?;
        let generation = walk.needed("generation", self.generation)?;
        if generation > Generation::BROUGHT_MAX.0 {
            return Err(walk.malformed("generation", GENERATIONS));
        }
        let committed_at = walk.needed("committedAt", self.committed_at)?;
        instant(&committed_at).ok_or_else(|| walk.malformed("committedAt", INSTANT))?;
        let next_number = walk.needed("nextAvailableId", self.next_number)?;
        let next_number = next_number
            .map(|text| number(&text).ok_or_else(|| walk.malformed("nextAvailableId", TASK_NUMBER)))
            .transpose()?;
        let settings = walk.needed("settings", self.settings)?;
        let settings = walk.inside("settings", || settings.settings(walk))?;
        let rules =
            walk.needed("rules", self.rules)?.map(|()| self.rule_list.into_iter().map(RuleIn::fields).collect());
        walk.needed("documents", self.documents_are_there)?;
        if self.history.first().is_some_and(|last| last.generation.0 > generation) {
            return Err(walk.malformed("history", DESCENDING));
        }
        self.history.reverse();
        number_within_commits(&mut self.history);
        let history = self.history_is_there.map(|()| self.history);
        let generation = Generation(generation);
        Ok(Account { generation, next_number, settings, rules, documents: self.documents, history })
    }
}

/// Gives each change its place within its commit, which the order says.
fn number_within_commits(history: &mut [Past]) {
    let (mut generation, mut next) = (Generation(0), 0);
    for past in history {
        next = if past.generation == generation { next } else { 0 };
        generation = past.generation;
        past.index = next;
        next += 1;
    }
}

pub(super) fn instant(text: &str) -> Option<DateTime<Utc>> {
    let instant = DateTime::parse_from_rfc3339(text).ok()?;
    DateTime::from_timestamp_millis(instant.timestamp_millis())
}

fn number(text: &str) -> Option<TaskNumber> {
    let shape_ok = (4..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    shape_ok.then(|| text.parse().ok().and_then(TaskNumber::new))?
}

#[derive(Default)]
pub(super) struct SettingsIn {
    pub(super) time_zone: Option<String>,
    pub(super) language: Option<String>,
    pub(super) horizon: Option<i64>,
    pub(super) theme: Option<String>,
}

impl Object for SettingsIn {
    fn take<'de, A: MapAccess<'de>>(&mut self, fields: &mut Fields<'_, A>, name: &str) -> Result<(), A::Error> {
        match name {
            "timeZone" => fields.value("timeZone", TEXT, &mut self.time_zone),
            "language" => fields.value("language", TEXT, &mut self.language),
            "horizon" => fields.value("horizon", NUMBER, &mut self.horizon),
            "theme" => fields.value("theme", TEXT, &mut self.theme),
            other => Err(fields.unknown(other)),
        }
    }
}

impl SettingsIn {
    pub(super) fn settings(self, walk: &Walk) -> Result<Settings, Stopped> {
        let time_zone = Some(walk.needed("timeZone", self.time_zone)?);
        let language = Some(walk.needed("language", self.language)?);
        let horizon = Some(walk.needed("horizon", self.horizon)?);
        // Every field of these is replaced, but the theme of an export that was made before there were any.
        let none = Settings { zone: Zone::UTC, lang: Lang::En, days: 1, theme: Theme::Auto };
        let settings = SettingsFields { time_zone, language, horizon, theme: self.theme }.checked_for(none);
        settings.map_err(|(field, fault)| walk.wrong(field, fault))
    }
}

#[derive(Default)]
pub(super) struct DocumentIn {
    file: Option<String>,
    pub(super) text: Option<String>,
    pub(super) base64: Option<String>,
}

impl Object for DocumentIn {
    fn take<'de, A: MapAccess<'de>>(&mut self, fields: &mut Fields<'_, A>, name: &str) -> Result<(), A::Error> {
        match name {
            "file" => fields.value("file", TEXT, &mut self.file),
            "text" => fields.value("text", TEXT, &mut self.text),
            "base64" => fields.value("base64", BASE64, &mut self.base64),
            other => Err(fields.unknown(other)),
        }
    }
}

impl DocumentIn {
    fn document(self, walk: &Walk, known: &HashSet<FileName>) -> Result<(FileName, Vec<u8>), Stopped> {
        let file = walk.needed("file", self.file)?;
        let file = FileName::parse(&file).ok_or_else(|| walk.malformed("file", FILE_NAME))?;
        if known.contains(&file) {
            return Err(walk.malformed("file", ONLY_FILE));
        }
        let raw = raw(walk, self.text, self.base64)?;
        if raw.len() > DOCUMENT_BYTES_MAX {
            return Err(walk.malformed("text", SMALL));
        }
        Ok((file, raw))
    }
}

pub(super) fn raw(walk: &Walk, text: Option<String>, base64: Option<String>) -> Result<Vec<u8>, Stopped> {
    match (text, base64) {
        (Some(text), None) => Ok(text.into_bytes()),
        (None, Some(base64)) => STANDARD.decode(base64).map_err(|_| walk.malformed("base64", BASE64)),
        (Some(_), Some(_)) | (None, None) => Err(walk.malformed("text", ONE_OF_BOTH)),
    }
}

#[derive(Default)]
pub(super) struct RuleIn {
    library: Option<String>,
    name: Option<String>,
    script: Option<String>,
    tests: Option<String>,
    options: Option<BTreeMap<String, OptionValue>>,
}

impl Object for RuleIn {
    fn take<'de, A: MapAccess<'de>>(&mut self, fields: &mut Fields<'_, A>, name: &str) -> Result<(), A::Error> {
        match name {
            "use" => fields.value("use", TEXT, &mut self.library),
            "name" => fields.value("name", TEXT, &mut self.name),
            "script" => fields.value("script", TEXT, &mut self.script),
            "tests" => fields.value("tests", TEXT, &mut self.tests),
            "options" => {
                let options = Options { walk: fields.walk, count_max: OPTIONS_MAX };
                fields.seeded("options", OBJECT, &mut self.options, options)
            }
            other => Err(fields.unknown(other)),
        }
    }
}

pub(super) fn push_rule(walk: &Walk, list: &mut Vec<RuleIn>, index: usize, rule: RuleIn) -> Result<(), Stopped> {
    if index >= SCRIPTS_MAX {
        return Err(walk.wrong("name", Fault::TooMany { count_max: SCRIPTS_MAX }));
    }
    list.push(rule);
    Ok(())
}

impl RuleIn {
    fn fields(self) -> RuleFields {
        let RuleIn { library, name, script, tests, options } = self;
        RuleFields { library, name, script, tests, options: options.unwrap_or_default() }
    }

    /// As a change of the past has it: nobody plans with it any more, so it only has to be a place in a list.
    pub(super) fn entry(self, walk: &Walk) -> Result<RuleEntry, Stopped> {
        let options = self.options.unwrap_or_default();
        match (self.library, self.name, self.script) {
            (Some(name), None, None) if self.tests.is_none() => Ok(RuleEntry::Library { name, options }),
            (None, Some(name), Some(source)) => {
                Ok(RuleEntry::Own { script: Script { name, source, options }, tests: self.tests })
            }
            _ => Err(walk.malformed("name", RULE)),
        }
    }
}
