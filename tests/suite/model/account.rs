//! The model: what a user's state is and what every request makes of it, said as simply as it can be said, with
//! plain maps and nothing of the store or of the use cases.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use codexmiroir::domain::date;
use codexmiroir::domain::document::{self, Changes, NewTask, Outcome};
use codexmiroir::domain::ids::{DocKey, FileName, Generation, TaskNumber, UserId, UserName};
use codexmiroir::domain::lang::Lang;
use codexmiroir::domain::problem::DOCUMENT_BYTES_MAX;
use codexmiroir::domain::script::{RuleEntry, Script};
use codexmiroir::domain::task::{Status, Task};
use codexmiroir::domain::zone::Zone;
use codexmiroir::service::error::{Fault, Refusal};
use codexmiroir::service::history::{Past, PastState, Undone};
use codexmiroir::service::idempotency::IdempotencyKey;
use codexmiroir::service::rules::{RuleFields, Ruled};
use codexmiroir::service::tasks::{Completed, Edit, Expectation, Fields, Saved, SlotFields, Verb, document_tag};
use codexmiroir::store::{Basis, Entries, REMEMBER_MILLIS, Settings, SyncFiles, SyncState, THROUGH_GIT};

use super::plan::Planner;
use super::request::{NARROWER, Request};

/// The way of every request.
pub const THROUGH: &str = "model";

/// What a request is answered, as text that two answers can be compared by.
pub type Answer = Result<String, String>;

/// A refusal without the parts that only explain.
pub fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Field { field, .. } => format!("field {field}"),
        Refusal::RulesRefused { .. } => "rules".to_owned(),
        Refusal::Unreadable { file, .. } | Refusal::NotEditable { file, .. } => format!("cannot edit {file}"),
        other => format!("{other:?}"),
    }
}

/// An answer that a key can bring again.
#[derive(Clone, Debug)]
pub enum Said {
    Saved(Saved),
    Completed(Completed),
    Undone(Undone),
    Ruled(Ruled),
}

impl Said {
    pub fn text(&self) -> String {
        format!("{self:?}")
    }

    fn again(self) -> Said {
        match self {
            Said::Saved(saved) => Said::Saved(Saved { reused: true, ..saved }),
            Said::Completed(done) => Said::Completed(Completed { saved: Saved { reused: true, ..done.saved }, ..done }),
            Said::Undone(undone) => Said::Undone(Undone { reused: true, ..undone }),
            Said::Ruled(ruled) => Said::Ruled(Ruled { reused: true, ..ruled }),
        }
    }
}

struct Kept {
    fingerprint: [u8; 32],
    at: i64,
    said: Said,
}

pub struct Account {
    pub user: UserId,
    pub name: UserName,
    pub documents: BTreeMap<DocKey, Vec<u8>>,
    pub generation: u64,
    pub committed_at: DateTime<Utc>,
    pub next_number: Option<TaskNumber>,
    pub settings: Settings,
    pub rules: Option<Entries>,
    /// The generation that made them.
    pub rules_version: Option<u64>,
    /// In the order in which it happened.
    pub history: Vec<Past>,
    /// Where the last sync left it.
    pub sync: Option<(SyncState, SyncFiles)>,
    basis: Basis,
    remembered: HashMap<(&'static str, String), Kept>,
}

/// What a request came to: something to say with or without a change, or a refusal.
enum Outcomes {
    Kept(Said),
    Changed(Said),
}

type Decided = Result<Outcomes, Refusal>;

impl Account {
    pub fn new(user: UserId, name: UserName, settings: Settings, now: DateTime<Utc>, basis: Basis) -> Account {
        Account {
            user,
            name,
            documents: BTreeMap::new(),
            generation: 0,
            committed_at: now,
            next_number: Some(TaskNumber::FIRST),
            settings,
            rules: None,
            rules_version: None,
            history: Vec::new(),
            sync: None,
            basis,
            remembered: HashMap::new(),
        }
    }

    /// The answer to a request that changes tasks, and the change.
    pub fn ask(
        &mut self,
        request: &Request,
        key: Option<&IdempotencyKey>,
        now: DateTime<Utc>,
        planner: &Planner,
    ) -> Answer {
        if let Request::Update(_, Edit::Document(_), None) = request {
            return Err(refused(&Refusal::IfMatchNeeded));
        }
        let kept = key.and_then(|key| self.remembered.get(&(key.route, key.key.clone())));
        let kept = kept.filter(|kept| now.timestamp_millis() - kept.at < REMEMBER_MILLIS);
        if let Some((key, kept)) = key.zip(kept) {
            return match kept.fingerprint == key.fingerprint {
                true => Ok(kept.said.clone().again().text()),
                false => Err(refused(&Refusal::KeyReused)),
            };
        }
        match self.decide(request, now, planner).map_err(|refusal| refused(&refusal))? {
            Outcomes::Kept(said) => Ok(said.text()),
            Outcomes::Changed(said) => {
                if let Some(IdempotencyKey { route, key, fingerprint }) = key.cloned() {
                    let kept = Kept { fingerprint, at: now.timestamp_millis(), said: said.clone() };
                    self.remembered.insert((route, key), kept);
                }
                Ok(said.text())
            }
        }
    }

    /// Whoever remembers an answer at this instant forgets those of a day before.
    pub fn forget(&mut self, now: DateTime<Utc>) {
        self.remembered.retain(|_, kept| now.timestamp_millis() - kept.at < REMEMBER_MILLIS);
    }

    fn decide(&mut self, request: &Request, now: DateTime<Utc>, planner: &Planner) -> Decided {
        match request {
            Request::Create(fields) => self.create(fields, now, planner),
            Request::Update(id, edit, expected) => {
                let key = self.require(id, expected.as_ref())?;
                let edited = match edit {
                    Edit::Fields(fields) => self.edited(&key, &changes(fields)?)?,
                    Edit::Document(text) => whole(&key, text)?,
                };
                self.put(&key, &edited, "update", now, planner, Said::Saved)
            }
            Request::Complete(id, slot, expected) => {
                let key = self.require(id, expected.as_ref())?;
                let (datum, zeit) = day_and_slot(slot);
                let status = Some(Status::Abgeschlossen);
                let done = Some(Some((datum, zeit.clone())));
                let edited = self.edited(&key, &Changes { status, abgeschlossen_am: done, ..Changes::default() })?;
                let said =
                    |saved| Said::Completed(Completed { saved, datum: date::to_text(datum), zeit: Some(zeit.clone()) });
                self.put(&key, &edited, "complete", now, planner, said)
            }
            Request::Verb(id, verb) => {
                let key = self.require(id, None)?;
                let (name, changes) = Account::verb(verb);
                let edited = self.edited(&key, &changes)?;
                self.check_free(&key, &changes)?;
                self.put(&key, &edited, name, now, planner, Said::Saved)
            }
            Request::Remove(id, expected) => {
                let key = self.require(id, expected.as_ref())?;
                let raw = self.documents[&key].clone();
                self.commit(now, "delete", vec![(key.clone(), None)]);
                Ok(Outcomes::Changed(Said::Saved(self.saved(&key, &raw, None))))
            }
            Request::Undo(generation) => self.undo(*generation, now),
            Request::Rules(list) => self.set_list(list.as_deref(), now),
            other => panic!("not a request of the lane: {other:?}"),
        }
    }

    fn create(&mut self, fields: &Fields, now: DateTime<Utc>, planner: &Planner) -> Decided {
        let changes = changes(fields)?;
        let number = self.next_number.ok_or(Refusal::NoNumberLeft)?;
        let raw = document::compose(&NewTask {
            kategorie: changes.kategorie.unwrap(),
            status: Status::Offen,
            tags: Vec::new(),
            deadline: None,
            fixed_slot: changes.fixed_slot.flatten(),
            abgeschlossen_am: None,
            title: changes.title.clone(),
            body: None,
        });
        let key = DocKey::of(document::file_name(number, changes.title.as_deref()));
        self.next_number = number.next();
        self.commit(now, "create", vec![(key.clone(), Some(raw.clone()))]);
        Ok(Outcomes::Changed(Said::Saved(self.saved(&key, &raw, Some((planner, now))))))
    }

    fn verb(verb: &Verb) -> (&'static str, Changes) {
        let status = |status| Changes { status: Some(status), abgeschlossen_am: Some(None), ..Changes::default() };
        match verb {
            Verb::Cancel => ("cancel", status(Status::Abgebrochen)),
            Verb::Reopen => ("reopen", status(Status::Offen)),
            Verb::Unpin => ("unpin", Changes { fixed_slot: Some(None), ..Changes::default() }),
            Verb::Pin(slot) => ("pin", Changes { fixed_slot: Some(Some(day_and_slot(slot))), ..Changes::default() }),
        }
    }

    /// A slot that an open task is fixed to goes to no other.
    fn check_free(&self, key: &DocKey, changes: &Changes) -> Result<(), Refusal> {
        let Some(Some((datum, zeit))) = changes.fixed_slot.clone() else { return Ok(()) };
        let mut others = self.tasks().filter(|task| task.is_open() && task.key != *key);
        let Some(task) = others.find(|task| task.binding_slot() == Some((datum, Some(&zeit)))) else { return Ok(()) };
        Err(Refusal::SlotTaken { datum, zeit, by: format!("{} {}", task.id(), task.title) })
    }

    fn undo(&mut self, generation: Option<u64>, now: DateTime<Utc>) -> Decided {
        let own = self.history.iter().rev().find(|past| past.through != THROUGH_GIT);
        let wanted = generation.or(own.map(|past| past.generation.0));
        let wanted = wanted.ok_or(Refusal::NoSuchChange { generation: self.generation })?;
        if wanted == 0 || wanted > self.generation {
            return Err(Refusal::NoSuchChange { generation: wanted });
        }
        let past: Vec<PastState> =
            self.history.iter().filter(|past| past.generation.0 == wanted).map(|past| past.what.clone()).collect();
        if past.iter().all(|what| matches!(what, PastState::Merged { .. })) {
            return Err(Refusal::NoSuchChange { generation: wanted });
        }
        let mut settings = self.settings;
        let (mut rules, mut back) = (None, Vec::new());
        for what in past.iter().rev() {
            match what {
                PastState::Settings { before, after } => {
                    if self.settings != *after {
                        return Err(Refusal::touched_since("settings", self.settings == *before));
                    }
                    settings = *before;
                }
                PastState::Rules { before, after } => {
                    if self.rules != *after {
                        return Err(Refusal::touched_since("rules", self.rules == *before));
                    }
                    rules = Some(before.clone());
                }
                PastState::Document { key, before, after } => {
                    let present = self.documents.get(key);
                    if present != after.as_ref() {
                        return Err(Refusal::touched_since(key.file.as_str(), present == before.as_ref()));
                    }
                    back.push((key.clone(), before.clone()));
                }
                PastState::Merged { .. } => {}
            }
        }
        let files = back.iter().rev().map(|(key, _)| key.file.as_str().to_owned()).collect();
        if let Some(rules) = rules {
            self.set_rules(rules, now, "undo");
        } else if back.is_empty() {
            self.set(settings, now, "undo");
        } else {
            self.commit(now, "undo", back);
        }
        let undone = Undone { generation: self.generation, undone: wanted, files, reused: false };
        Ok(Outcomes::Changed(Said::Undone(undone)))
    }

    fn set_list(&mut self, list: Option<&[RuleFields]>, now: DateTime<Utc>) -> Decided {
        let entry = |fields: &RuleFields| match (&fields.library, &fields.script) {
            (Some(name), _) => Ok(RuleEntry::Library { name: name.clone(), options: BTreeMap::new() }),
            (None, Some(script)) if script == NARROWER => {
                Ok(RuleEntry::Own { script: Script::new("own", script), tests: None })
            }
            _ => Err(Refusal::RulesRefused { errors: Vec::new() }),
        };
        let entries = list.map(|list| list.iter().map(entry).collect::<Result<Entries, _>>()).transpose()?;
        let kept = entries == self.rules;
        if !kept {
            let verb = if entries.is_some() { "rules" } else { "remove_rules" };
            self.set_rules(entries, now, verb);
        }
        let said = Said::Ruled(Ruled { generation: self.generation, version: self.rules_version, reused: false });
        Ok(if kept { Outcomes::Kept(said) } else { Outcomes::Changed(said) })
    }

    fn set_rules(&mut self, entries: Option<Entries>, now: DateTime<Utc>, verb: &str) {
        let what = PastState::Rules { before: self.rules.clone(), after: entries.clone() };
        self.rules = entries;
        self.advance(now);
        self.rules_version = self.rules.is_some().then_some(self.generation);
        self.record(0, THROUGH, verb, what);
    }

    /// The fate of each file in a word, the generation, and the next number.
    pub fn import(&mut self, files: &[(String, Vec<u8>)], dry_run: bool, now: DateTime<Utc>) -> String {
        let (mut fates, mut puts) = (Vec::new(), Vec::new());
        for (name, raw) in files {
            let file = FileName::parse(name).filter(|_| raw.len() <= DOCUMENT_BYTES_MAX).map(DocKey::of);
            let taken = file.filter(|key| key.number.is_none_or(|number| number.get() <= 99_999_999));
            let reading = taken.map(|key| (document::read(&key.file, raw), key));
            let (fate, put) = match reading {
                None | Some((Outcome::NotATask, _)) => ("skipped", None),
                Some((Outcome::Invalid(_), key)) => ("unreadable", Some(key)),
                Some((Outcome::Task(_), key)) => match self.documents.get(&key) {
                    Some(before) if before == raw => ("unchanged", Some(key)),
                    Some(_) => ("replaced", Some(key)),
                    None => ("added", Some(key)),
                },
            };
            fates.push(fate);
            let put = put.filter(|key| self.documents.get(key) != Some(raw));
            puts.extend(put.map(|key| (key, Some(raw.clone()))));
        }
        let numbers = puts.iter().filter_map(|(key, _)| key.number);
        let next = numbers.max().map_or(Some(TaskNumber::FIRST), TaskNumber::next);
        let next = self.next_number.zip(next).map(|(known, next)| known.max(next));
        if !puts.is_empty() && !dry_run {
            self.next_number = next;
            self.commit(now, "import", puts);
        }
        format!("{fates:?} {} {next:?}", self.generation)
    }

    /// A commit that nobody decided in line.
    pub fn beside(&mut self, key: &DocKey, raw: &[u8], now: DateTime<Utc>) {
        let next = key.number.map_or(Some(TaskNumber::FIRST), TaskNumber::next);
        self.next_number = self.next_number.zip(next).map(|(known, next)| known.max(next));
        self.commit(now, "beside", vec![(key.clone(), Some(raw.to_vec()))]);
    }

    pub fn set(&mut self, settings: Settings, now: DateTime<Utc>, verb: &str) {
        let what = PastState::Settings { before: self.settings, after: settings };
        self.settings = settings;
        self.advance(now);
        self.record(0, THROUGH, verb, what);
    }

    fn commit(&mut self, now: DateTime<Utc>, verb: &str, documents: Vec<(DocKey, Option<Vec<u8>>)>) {
        self.advance(now);
        for (index, (key, after)) in documents.into_iter().enumerate() {
            let before = match &after {
                Some(raw) => self.documents.insert(key.clone(), raw.clone()),
                None => self.documents.remove(&key),
            };
            self.record(index, THROUGH, verb, PastState::Document { key, before, after });
        }
    }

    pub fn advance(&mut self, now: DateTime<Utc>) {
        self.generation += 1;
        self.committed_at = now;
    }

    pub fn record(&mut self, index: usize, through: &str, verb: &str, what: PastState) {
        self.history.push(Past {
            generation: Generation(self.generation),
            index: u32::try_from(index).unwrap(),
            at: self.committed_at,
            basis: self.basis,
            actor: self.name.as_str().to_owned(),
            through: through.to_owned(),
            verb: verb.to_owned(),
            what,
            is_brought: false,
            left: None,
        });
    }

    pub fn tasks(&self) -> impl Iterator<Item = Task> {
        self.documents.iter().filter_map(|(key, raw)| match document::read(&key.file, raw) {
            Outcome::Task(task) => Some(*task),
            Outcome::Invalid(_) | Outcome::NotATask => None,
        })
    }

    pub fn find(&self, id: &str) -> Result<DocKey, Refusal> {
        let missing = Refusal::NoSuchTask { id: id.to_owned() };
        let Ok(number) = id.parse::<u32>() else {
            let mut all = self.documents.keys();
            return all.find(|key| key.file.as_str() == id || key.file.stem() == id).cloned().ok_or(missing);
        };
        let wanted = self.documents.keys().filter(|key| key.number.map(TaskNumber::get) == Some(number));
        match wanted.collect::<Vec<_>>()[..] {
            [] => Err(missing),
            [only] => Ok(only.clone()),
            ref several => {
                let candidates = several.iter().map(|key| key.file.as_str().to_owned()).collect();
                Err(Refusal::Ambiguous { id: id.to_owned(), candidates })
            }
        }
    }

    fn require(&self, id: &str, expected: Option<&Expectation>) -> Result<DocKey, Refusal> {
        let key = self.find(id)?;
        match expected {
            Some(Expectation::OneOf(tags)) if !tags.contains(&document_tag(&self.documents[&key])) => {
                Err(Refusal::Changed { file: key.file.as_str().to_owned() })
            }
            _ => Ok(key),
        }
    }

    fn edited(&self, key: &DocKey, changes: &Changes) -> Result<Vec<u8>, Refusal> {
        let file = key.file.as_str().to_owned();
        document::edit(&key.file, &self.documents[key], changes).map_err(|error| Refusal::NotEditable { file, error })
    }

    fn put(
        &mut self,
        key: &DocKey,
        raw: &[u8],
        verb: &str,
        now: DateTime<Utc>,
        planner: &Planner,
        said: impl Fn(Saved) -> Said,
    ) -> Decided {
        let is_change = self.documents[key] != *raw;
        if is_change {
            self.commit(now, verb, vec![(key.clone(), Some(raw.to_vec()))]);
        }
        let said = said(Saved { changed: is_change, ..self.saved(key, raw, Some((planner, now))) });
        if is_change { Ok(Outcomes::Changed(said)) } else { Ok(Outcomes::Kept(said)) }
    }

    fn saved(&self, key: &DocKey, raw: &[u8], plan: Option<(&Planner, DateTime<Utc>)>) -> Saved {
        let (file, answer) = (key.file.as_str(), plan.map(|(planner, now)| planner.answer(self, now)));
        let placed = answer.as_ref().and_then(|answer| answer.timeline.placed(file));
        Saved {
            id: id_of(key),
            file: file.to_owned(),
            generation: self.generation,
            placed: placed.map(|(day, zeit)| (date::to_text(day), zeit.to_owned())),
            rules_ok: true,
            etag: document_tag(raw),
            reused: false,
            changed: true,
        }
    }
}

pub fn id_of(key: &DocKey) -> String {
    key.number.map_or_else(|| key.file.as_str().to_owned(), |number| number.to_string())
}

fn day_and_slot(slot: &SlotFields) -> (NaiveDate, String) {
    (date::parse_request(slot.datum.as_ref().unwrap()).unwrap(), slot.zeit.clone().unwrap())
}

fn whole(key: &DocKey, text: &str) -> Result<Vec<u8>, Refusal> {
    match document::read(&key.file, text.as_bytes()) {
        Outcome::Task(_) => Ok(text.as_bytes().to_vec()),
        Outcome::Invalid(_) | Outcome::NotATask => Err(Refusal::field("document", Fault::Missing)),
    }
}

fn changes(fields: &Fields) -> Result<Changes, Refusal> {
    let wrong = |field| Refusal::field(field, Fault::Missing);
    let kategorie = fields.kategorie.as_ref().map(|word| match word.as_str() {
        "geschäftlich" => Ok("arbeit".to_owned()),
        "arbeit" | "privat" => Ok(word.clone()),
        _ => Err(wrong("kategorie")),
    });
    let deadline = fields.deadline.as_ref().map(|deadline| {
        deadline.as_ref().map(|text| date::parse_request(text).ok_or_else(|| wrong("deadline"))).transpose()
    });
    let status = fields.status.as_deref().and_then(Status::parse);
    Ok(Changes {
        kategorie: kategorie.transpose()?,
        status,
        tags: fields.tags.clone(),
        deadline: deadline.transpose()?,
        fixed_slot: fields.fixed_slot.as_ref().map(|slot| slot.as_ref().map(day_and_slot)),
        abgeschlossen_am: status.map(|_| None),
        title: fields.title.clone(),
        body: fields.body.clone(),
    })
}

/// The settings that a request makes of these.
pub fn settings_after(
    fields: &codexmiroir::service::settings::SettingsFields,
    present: Settings,
) -> Result<Settings, String> {
    let zone = fields.time_zone.as_ref().map_or(Some(present.zone), |name| Zone::parse(name));
    let lang = fields.language.as_deref().map_or(present.lang, |word| if word == "de" { Lang::De } else { Lang::En });
    let days = fields.horizon.map_or(Some(present.days), |days| u16::try_from(days).ok().filter(|days| *days > 0));
    Ok(Settings { zone: zone.ok_or("field timeZone")?, lang, days: days.ok_or("field horizon")?, ..present })
}
