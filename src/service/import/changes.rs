//! The changes of the past as an export in JSON has them.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::account::{DESCENDING, DocumentIn, FILE_NAME, INSTANT, SettingsIn, instant, push_rule, raw};
use super::walk::{FLAG, Fields, NUMBER, Object, Stopped, TEXT, Walk, list, object};
use crate::domain::ids::{DocKey, FileName, Generation};
use crate::domain::lang::Phrase;
use crate::domain::script::RuleEntry;
use crate::service::error::Fault;
use crate::store::{Basis, Entries, MergedFile, Past, PastState, Settings};

/// The longest name of an actor, a way or a verb, in characters.
const WORD_CHARS_MAX: usize = 200;
const STATE: Phrase = Phrase {
    en: "null, a document, settings or a list of rules, and what is beside it of the same kind",
    de: "null, ein Dokument, Einstellungen oder eine Regelliste, und daneben steht dieselbe Art",
};

#[derive(Default)]
pub(super) struct ChangeIn {
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
    pub(super) fn past(mut self, walk: &Walk, later: Option<&Past>) -> Result<Past, Stopped> {
        let generation = walk.needed("generation", self.generation)?;
        let most = later.map_or(Generation::BROUGHT_MAX.0, |later| later.generation.0);
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
        Ok(Past { generation, index: 0, at, basis, actor, through, verb, what, is_brought: true, left: None })
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
        let SettingsIn { time_zone, language, horizon, theme } = &self.settings;
        let has_settings = time_zone.is_some() || language.is_some() || horizon.is_some() || theme.is_some();
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
