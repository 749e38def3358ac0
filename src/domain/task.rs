//! The task: what a document says, as a value.

use chrono::NaiveDate;

use super::ids::{DocKey, FileName};

/// Where a task stands in its life. The words are the file format's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    Offen,
    Abgeschlossen,
    Abgebrochen,
}

impl Status {
    pub const ALL: [Status; 3] = [Status::Offen, Status::Abgeschlossen, Status::Abgebrochen];

    pub fn as_str(self) -> &'static str {
        match self {
            Status::Offen => "offen",
            Status::Abgeschlossen => "abgeschlossen",
            Status::Abgebrochen => "abgebrochen",
        }
    }

    /// Any case is read.
    pub fn parse(text: &str) -> Option<Status> {
        let lower = text.trim().to_lowercase();
        Status::ALL.into_iter().find(|status| status.as_str() == lower)
    }
}

/// A date and, unless it was left out, the slot of that day: `{datum, zeit}` of the file format.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SlotRef {
    pub datum: Option<NaiveDate>,
    /// The slot's name, lower case; which names a day has is for the rules to say.
    pub zeit: Option<String>,
}

/// A readable task document, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub key: DocKey,
    pub title: String,
    /// `arbeit`, `privat`, or any other word that a rule set may know.
    pub kategorie: String,
    pub status: Status,
    pub tags: Vec<String>,
    pub deadline: Option<NaiveDate>,
    pub fixed_slot: Option<SlotRef>,
    pub abgeschlossen_am: Option<SlotRef>,
}

impl Task {
    pub fn file(&self) -> &FileName {
        &self.key.file
    }

    /// The id that people say: the number with at least four digits.
    pub fn id(&self) -> String {
        self.key.number.map_or_else(String::new, |number| number.to_string())
    }

    /// The fixed slot, if it binds: one without a date counts as not fixed.
    pub fn binding_slot(&self) -> Option<(NaiveDate, Option<&str>)> {
        let slot = self.fixed_slot.as_ref()?;
        Some((slot.datum?, slot.zeit.as_deref()))
    }

    pub fn is_open(&self) -> bool {
        self.status == Status::Offen
    }
}
