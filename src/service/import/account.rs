//! An account as an export in JSON has it, read from the text.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufReader, Read};
use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::walk::{
    FLAG, Fields, LIST, ListOf, NUMBER, OBJECT, Object, ObjectOf, Options, OrNull, Stopped, TEXT, Walk, list, object,
};
use crate::domain::ids::{DocKey, FileName, Generation, TaskNumber};
use crate::domain::lang::{Lang, Phrase};
use crate::domain::problem::DOCUMENT_BYTES_MAX;
use crate::domain::script::{OptionValue, RuleEntry, Script};
use crate::domain::zone::Zone;
use crate::rules::SCRIPTS_MAX;
use crate::service::archive::DOCUMENTS_BYTES_MAX;
use crate::service::error::{ExportRefusal, Fault, Refusal};
use crate::service::export::{FORMAT, VERSION};
use crate::service::rules::{OPTIONS_MAX, RuleFields};
use crate::service::settings::SettingsFields;
use crate::store::{Basis, Entries, MergedFile, Past, PastState, Settings};

/// Documents that an export can have.
const DOCUMENTS_MAX: usize = 100_000;
/// Changes of the history that an export can have. Each is held in memory until all of it was read.
const CHANGES_MAX: usize = 250_000;
/// Far more than any account will see, and far from where numbers end.
const GENERATION_MAX: u64 = 1 << 40;
/// The longest name of an actor, a way or a verb, in characters.
const WORD_CHARS_MAX: usize = 200;

const FILE_NAME: Phrase =
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
const DESCENDING: Phrase = Phrase {
    en: "from 1 on, and never larger than that of the change before or of the account",
    de: "ab 1 und nie größer als bei der Änderung davor oder beim Konto",
};
const TASK_NUMBER: Phrase = Phrase { en: "four to nine digits, or null", de: "vier bis neun Ziffern oder null" };
const INSTANT: Phrase = Phrase { en: "a time as in RFC 3339", de: "eine Zeit wie in RFC 3339" };
const STATE: Phrase = Phrase {
    en: "null, a document, settings or a list of rules, and what is beside it of the same kind",
    de: "null, ein Dokument, Einstellungen oder eine Regelliste, und daneben steht dieselbe Art",
};
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

/// Reads an export in JSON. Nothing but what it says is held in memory, and of that not more than the bounds allow.
///
/// # Errors
/// [`Refusal::Export`] with what is wrong, and where.
pub fn read_account(source: impl Read) -> Result<Account, Refusal> {
    let walk = Walk::default();
    let mut text = serde_json::Deserializer::from_reader(BufReader::new(source));
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
        if generation > GENERATION_MAX {
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

fn instant(text: &str) -> Option<DateTime<Utc>> {
    let instant = DateTime::parse_from_rfc3339(text).ok()?;
    DateTime::from_timestamp_millis(instant.timestamp_millis())
}

fn number(text: &str) -> Option<TaskNumber> {
    let shape_ok = (4..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    shape_ok.then(|| text.parse().ok().and_then(TaskNumber::new))?
}

#[derive(Default)]
struct SettingsIn {
    time_zone: Option<String>,
    language: Option<String>,
    horizon: Option<i64>,
}

impl Object for SettingsIn {
    fn take<'de, A: MapAccess<'de>>(&mut self, fields: &mut Fields<'_, A>, name: &str) -> Result<(), A::Error> {
        match name {
            "timeZone" => fields.value("timeZone", TEXT, &mut self.time_zone),
            "language" => fields.value("language", TEXT, &mut self.language),
            "horizon" => fields.value("horizon", NUMBER, &mut self.horizon),
            other => Err(fields.unknown(other)),
        }
    }
}

impl SettingsIn {
    fn settings(self, walk: &Walk) -> Result<Settings, Stopped> {
        let time_zone = Some(walk.needed("timeZone", self.time_zone)?);
        let language = Some(walk.needed("language", self.language)?);
        let horizon = Some(walk.needed("horizon", self.horizon)?);
        // Every field of these is replaced.
        let none = Settings { zone: Zone::UTC, lang: Lang::En, days: 1 };
        let settings = SettingsFields { time_zone, language, horizon }.checked_for(none);
        settings.map_err(|(field, fault)| walk.wrong(field, fault))
    }
}

#[derive(Default)]
struct DocumentIn {
    file: Option<String>,
    text: Option<String>,
    base64: Option<String>,
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

fn raw(walk: &Walk, text: Option<String>, base64: Option<String>) -> Result<Vec<u8>, Stopped> {
    match (text, base64) {
        (Some(text), None) => Ok(text.into_bytes()),
        (None, Some(base64)) => STANDARD.decode(base64).map_err(|_| walk.malformed("base64", BASE64)),
        (Some(_), Some(_)) | (None, None) => Err(walk.malformed("text", ONE_OF_BOTH)),
    }
}

#[derive(Default)]
struct RuleIn {
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

fn push_rule(walk: &Walk, list: &mut Vec<RuleIn>, index: usize, rule: RuleIn) -> Result<(), Stopped> {
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
    fn entry(self, walk: &Walk) -> Result<RuleEntry, Stopped> {
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

#[derive(Default)]
struct ChangeIn {
    generation: Option<u64>,
    at: Option<String>,
    actor: Option<String>,
    through: Option<String>,
    verb: Option<String>,
    file: Option<Option<String>>,
    before: Option<State>,
    after: Option<State>,
    conflict: Option<bool>,
    merged: Option<bool>,
    brought: Option<bool>,
}

impl Object for ChangeIn {
    fn take<'de, A: MapAccess<'de>>(&mut self, fields: &mut Fields<'_, A>, name: &str) -> Result<(), A::Error> {
        let walk = fields.walk;
        match name {
            "generation" => fields.value("generation", NUMBER, &mut self.generation),
            "at" => fields.value("at", INSTANT, &mut self.at),
            "actor" => fields.value("actor", TEXT, &mut self.actor),
            "through" => fields.value("through", TEXT, &mut self.through),
            "verb" => fields.value("verb", TEXT, &mut self.verb),
            "file" => fields.value("file", TEXT, &mut self.file),
            "before" => fields.seeded("before", STATE, &mut self.before, StateOf(walk)),
            "after" => fields.seeded("after", STATE, &mut self.after, StateOf(walk)),
            "conflict" => fields.value("conflict", FLAG, &mut self.conflict),
            "merged" => fields.value("merged", FLAG, &mut self.merged),
            "brought" => fields.value("brought", FLAG, &mut self.brought),
            other => Err(fields.unknown(other)),
        }
    }
}

impl ChangeIn {
    /// The change that comes before `later`, the one that was read last.
    fn past(mut self, walk: &Walk, later: Option<&Past>) -> Result<Past, Stopped> {
        let generation = walk.needed("generation", self.generation)?;
        let most = later.map_or(GENERATION_MAX, |later| later.generation.0);
        if !(1..=most).contains(&generation) {
            return Err(walk.malformed("generation", DESCENDING));
        }
        let at = instant(&walk.needed("at", self.at.take())?).ok_or_else(|| walk.malformed("at", INSTANT))?;
        let word = |name, text: Option<String>| {
            let text = walk.needed(name, text)?;
            match text.chars().any(char::is_control) {
                true => Err(walk.wrong(name, Fault::ControlCharacter)),
                false if text.chars().count() > WORD_CHARS_MAX => {
                    Err(walk.wrong(name, Fault::TooLong { chars_max: WORD_CHARS_MAX }))
                }
                false => Ok(text),
            }
        };
        let actor = word("actor", self.actor.take())?;
        let through = word("through", self.through.take())?;
        let verb = word("verb", self.verb.take())?;
        let what = self.what(walk)?;
        let (generation, basis) = (Generation(generation), Basis([0; 16]));
        Ok(Past { generation, index: 0, at, basis, actor, through, verb, what, is_brought: true })
    }

    fn what(self, walk: &Walk) -> Result<PastState, Stopped> {
        let file = walk.needed("file", self.file)?;
        let before = walk.needed("before", self.before)?;
        let after = walk.needed("after", self.after)?;
        let is_merged = self.merged.unwrap_or_default() || self.conflict.unwrap_or_default();
        let mixed = || walk.malformed("after", STATE);
        let Some(file) = file else {
            return match (before, after) {
                (State::Settings(before), State::Settings(after)) => Ok(PastState::Settings { before, after }),
                (before, after) => match (before.rules(), after.rules()) {
                    (Ok(before), Ok(after)) => Ok(PastState::Rules { before, after }),
                    _ => Err(mixed()),
                },
            };
        };
        let (Ok(before), Ok(after)) = (before.document(), after.document()) else { return Err(mixed()) };
        let wrong = || walk.malformed("file", FILE_NAME);
        if is_merged {
            let file = MergedFile::parse(&file).filter(|_| !file.chars().any(char::is_control)).ok_or_else(wrong)?;
            let is_conflict = self.conflict.unwrap_or_default();
            return Ok(PastState::Merged { file, lost: before, kept: after, is_conflict });
        }
        let key = FileName::parse(&file).map(DocKey::of).ok_or_else(wrong)?;
        Ok(PastState::Document { key, before, after })
    }
}

/// What was, or is, in the place of a change.
enum State {
    Nothing,
    Document(Vec<u8>),
    Settings(Settings),
    Rules(Vec<RuleEntry>),
}

impl State {
    fn document(self) -> Result<Option<Vec<u8>>, ()> {
        match self {
            State::Nothing => Ok(None),
            State::Document(raw) => Ok(Some(raw)),
            State::Settings(_) | State::Rules(_) => Err(()),
        }
    }

    fn rules(self) -> Result<Option<Entries>, ()> {
        match self {
            State::Nothing => Ok(None),
            State::Rules(entries) => Ok(Some(entries.into())),
            State::Settings(_) | State::Document(_) => Err(()),
        }
    }
}

/// A state that is an object: the fields of a document, or those of settings.
#[derive(Default)]
struct StateIn {
    document: DocumentIn,
    settings: SettingsIn,
}

impl Object for StateIn {
    fn take<'de, A: MapAccess<'de>>(&mut self, fields: &mut Fields<'_, A>, name: &str) -> Result<(), A::Error> {
        match name {
            "text" | "base64" => self.document.take(fields, name),
            other => self.settings.take(fields, other),
        }
    }
}

impl StateIn {
    fn state(self, walk: &Walk) -> Result<State, Stopped> {
        let SettingsIn { time_zone, language, horizon } = &self.settings;
        let has_settings = time_zone.is_some() || language.is_some() || horizon.is_some();
        match self.document.text.is_some() || self.document.base64.is_some() {
            true if has_settings => Err(walk.wrong("text", Fault::NotTogetherWith { other: "timeZone" })),
            true => raw(walk, self.document.text, self.document.base64).map(State::Document),
            false => self.settings.settings(walk).map(State::Settings),
        }
    }
}

struct StateOf<'w>(&'w Walk);

impl<'de> DeserializeSeed<'de> for StateOf<'_> {
    type Value = State;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<State, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StateOf<'_> {
    type Value = State;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(STATE.en)
    }

    fn visit_unit<E: Error>(self) -> Result<State, E> {
        Ok(State::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<State, A::Error> {
        object::<StateIn, A>(self.0, map)?.state(self.0).map_err(A::Error::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<State, A::Error> {
        let walk = self.0;
        let mut rules = Vec::new();
        list(walk, items, |index, rule| push_rule(walk, &mut rules, index, rule))?;
        let entries = rules.into_iter().map(|rule| rule.entry(walk)).collect::<Result<_, _>>();
        entries.map(State::Rules).map_err(A::Error::custom)
    }
}
