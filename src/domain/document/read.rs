//! Reading: what a document says, as a [`Task`] or as a [`Problem`].

use unicode_normalization::UnicodeNormalization;

use super::fields::{Fields, Node, Placed};
use super::frontmatter::{self, Parts};
use super::{name, title};
use crate::domain::date;
use crate::domain::ids::{DocKey, FileName};
use crate::domain::problem::{Expected, Problem, ProblemKind};
use crate::domain::task::{SlotRef, Status, Task};

/// How much of a wrong value a problem repeats, in characters.
const VALUE_CHARS_MAX: usize = 80;

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Task(Box<Task>),
    /// A file of another name that does not say `typ: task`: somebody's own, left alone.
    NotATask,
    /// Kept and reported, never planned.
    Invalid(Problem),
}

/// Reads a document. Total: any bytes give an answer.
pub fn read(file: &FileName, raw: &[u8]) -> Outcome {
    if file.number().is_none() {
        return read_unnumbered(raw);
    }
    match Source::open(raw).and_then(|source| source.task(file)) {
        Ok(task) => Outcome::Task(Box::new(task)),
        Err(problem) => Outcome::Invalid(problem),
    }
}

/// The text after the frontmatter, without the one blank line that separates the two. `None` when the bytes
/// are not UTF-8 or there is no frontmatter; invalid fields do not matter.
pub fn body(raw: &[u8]) -> Option<&str> {
    frontmatter::split_any_size(raw).ok().map(|parts| parts.separator_and_body().1)
}

/// Only a file that plainly says that it is a task is worth a complaint about its name.
fn read_unnumbered(raw: &[u8]) -> Outcome {
    let Ok(source) = Source::open(raw) else { return Outcome::NotATask };
    match source.typ() {
        Ok(line) => Outcome::Invalid(Problem::new(line, ProblemKind::NotNumbered)),
        Err(_) => Outcome::NotATask,
    }
}

/// A document whose frontmatter is YAML; whether it is a task is not yet known.
pub(super) struct Source<'a> {
    pub parts: Parts<'a>,
    pub fields: Fields<'a>,
}

impl<'a> Source<'a> {
    pub fn open(raw: &'a [u8]) -> Result<Source<'a>, Problem> {
        let parts = frontmatter::split(raw)?;
        Ok(Source { parts, fields: Fields::parse(parts.yaml())? })
    }

    pub fn task(&self, file: &FileName) -> Result<Task, Problem> {
        self.typ()?;
        Ok(Task {
            kategorie: self.kategorie()?,
            status: self.status()?,
            tags: self.tags()?,
            deadline: self.deadline()?,
            fixed_slot: self.slot(name::FIXED_SLOT, ["fixedSlot", "fixedSlot.datum", "fixedSlot.zeit"])?,
            abgeschlossen_am: self.slot(
                name::ABGESCHLOSSEN_AM,
                ["abgeschlossen_am", "abgeschlossen_am.datum", "abgeschlossen_am.zeit"],
            )?,
            title: title::title(self.parts.separator_and_body().1, file),
            key: DocKey::of(file.clone()),
        })
    }

    /// Whether a known field says the same in both, however it is written. Values that cannot be read do not.
    pub fn says_same(&self, other: &Source<'_>, field: &str) -> bool {
        fn same<T: PartialEq>(a: Result<T, Problem>, b: Result<T, Problem>) -> bool {
            matches!((a, b), (Ok(a), Ok(b)) if a == b)
        }
        let slot = |source: &Source<'_>, field: &'static str| source.slot(field, [field; 3]);
        match field {
            name::TYP => self.typ().is_ok() && other.typ().is_ok(),
            name::KATEGORIE => same(self.kategorie(), other.kategorie()),
            name::STATUS => same(self.status(), other.status()),
            name::TAGS => same(self.tags(), other.tags()),
            name::DEADLINE => same(self.deadline(), other.deadline()),
            name::FIXED_SLOT => same(slot(self, name::FIXED_SLOT), slot(other, name::FIXED_SLOT)),
            name::ABGESCHLOSSEN_AM => same(slot(self, name::ABGESCHLOSSEN_AM), slot(other, name::ABGESCHLOSSEN_AM)),
            _ => false,
        }
    }

    /// The line that says `typ: task`.
    fn typ(&self) -> Result<u32, Problem> {
        let (line, text) = self.word(name::TYP, Expected::TypTask)?;
        let is_task = text.eq_ignore_ascii_case("task");
        if is_task { Ok(line) } else { Err(invalid(line, name::TYP, text, Expected::TypTask)) }
    }

    fn kategorie(&self) -> Result<String, Problem> {
        self.word(name::KATEGORIE, Expected::Word).map(|(_, text)| normal_kategorie(text))
    }

    fn status(&self) -> Result<Status, Problem> {
        let (line, text) = self.word(name::STATUS, Expected::Status)?;
        Status::parse(text).ok_or_else(|| invalid(line, name::STATUS, text, Expected::Status))
    }

    /// The trimmed text of a required field; empty and null count as missing.
    fn word(&self, field: &'static str, expected: Expected) -> Result<(u32, &str), Problem> {
        let Some((line, value)) = self.value(field) else {
            return Err(Problem::new(1, ProblemKind::Missing { field }));
        };
        match self.optional_text(line, field, value, expected)? {
            Some(text) => Ok((line, text)),
            None => Err(Problem::new(line, ProblemKind::Missing { field })),
        }
    }

    fn tags(&self) -> Result<Vec<String>, Problem> {
        let Some((line, value)) = self.value(name::TAGS) else { return Ok(Vec::new()) };
        let yaml = self.fields.yaml;
        let items = match &value.node {
            Node::Null => return Ok(Vec::new()),
            Node::List(items) => items.as_slice(),
            Node::Text(_) | Node::Typed | Node::Map(_) => std::slice::from_ref(value),
        };
        let mut tags = Vec::with_capacity(items.len());
        for item in items {
            match (&item.node, item.text(yaml)) {
                // A bullet without a word.
                (Node::Null, _) => {}
                (_, Some(text)) => tags.push(text.to_owned()),
                (_, None) => return Err(invalid(line, name::TAGS, value.source(yaml), Expected::Tags)),
            }
        }
        Ok(tags)
    }

    fn deadline(&self) -> Result<Option<chrono::NaiveDate>, Problem> {
        let Some((line, value)) = self.value(name::DEADLINE) else { return Ok(None) };
        self.date(line, name::DEADLINE, value)
    }

    /// `names`: the field, its date and its slot, as a problem names them.
    fn slot(&self, field: &str, names: [&'static str; 3]) -> Result<Option<SlotRef>, Problem> {
        let Some((line, value)) = self.value(field) else { return Ok(None) };
        let refused = || invalid(line, names[0], value.source(self.fields.yaml), Expected::Slot);
        let parts = match &value.node {
            Node::Null => return Ok(None),
            Node::Map(_) => std::slice::from_ref(value),
            Node::List(items) => items.as_slice(),
            Node::Text(text) if text.trim().is_empty() => return Ok(None),
            Node::Text(_) | Node::Typed => return Err(refused()),
        };
        let mut slot = SlotRef::default();
        for part in parts {
            match &part.node {
                Node::Null => {}
                Node::Map(_) => self.read_slot_part(part, names, &mut slot)?,
                Node::Text(_) | Node::Typed | Node::List(_) => return Err(refused()),
            }
        }
        Ok((slot != SlotRef::default()).then_some(slot))
    }

    fn read_slot_part(&self, part: &Placed<'_>, names: [&'static str; 3], slot: &mut SlotRef) -> Result<(), Problem> {
        let yaml = self.fields.yaml;
        if let Some((key, datum)) = part.entry(yaml, name::DATUM) {
            slot.datum = slot.datum.or(self.date(key.line, names[1], datum)?);
        }
        if let Some((key, zeit)) = part.entry(yaml, name::ZEIT)
            && let Some(text) = self.optional_text(key.line, names[2], zeit, Expected::Word)?
            && slot.zeit.is_none()
        {
            slot.zeit = Some(text.to_lowercase());
        }
        Ok(())
    }

    fn date(&self, line: u32, field: &'static str, value: &Placed<'_>) -> Result<Option<chrono::NaiveDate>, Problem> {
        let Some(text) = self.optional_text(line, field, value, Expected::Date)? else { return Ok(None) };
        match date::parse_lenient(text) {
            Some(date) => Ok(Some(date)),
            None => Err(invalid(line, field, text, Expected::Date)),
        }
    }

    /// The trimmed text of a scalar; `None` when it is null or empty.
    fn optional_text<'s>(
        &'s self,
        line: u32,
        field: &'static str,
        value: &'s Placed<'_>,
        expected: Expected,
    ) -> Result<Option<&'s str>, Problem> {
        let yaml = self.fields.yaml;
        match &value.node {
            Node::Null => Ok(None),
            Node::Text(_) | Node::Typed => Ok(value.text(yaml).map(str::trim).filter(|text| !text.is_empty())),
            Node::List(_) | Node::Map(_) => Err(invalid(line, field, value.source(yaml), expected)),
        }
    }

    fn value(&self, field: &str) -> Option<(u32, &Placed<'a>)> {
        let field = self.fields.get(field)?;
        Some((field.line, field.value.as_ref()?))
    }
}

/// The one spelling of a category: the known ones in lower case, any other as it is written.
pub(super) fn normal_kategorie(text: &str) -> String {
    let lower: String = text.trim().to_lowercase().nfc().collect();
    match lower.as_str() {
        "arbeit" | "privat" => lower,
        "geschäftlich" => "arbeit".to_owned(),
        _ => text.trim().to_owned(),
    }
}

fn invalid(line: u32, field: &'static str, value: &str, expected: Expected) -> Problem {
    let value = value.chars().filter(|c| !c.is_control()).take(VALUE_CHARS_MAX).collect();
    Problem::new(line, ProblemKind::Invalid { field, value, expected })
}
