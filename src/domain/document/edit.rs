//! Editing: a change of a field replaces the lines of that field, and nothing else.
//!
//! The YAML reader says where the keys and the scalars are; between them this module finds the lines of a
//! value. Whatever it writes is read again: a result that does not say exactly what was meant is an error.

use std::ops::Range;

use chrono::NaiveDate;

use super::fields::{Field, Node};
use super::read::{self, Outcome, Source};
use super::{name, title, write};
use crate::domain::date;
use crate::domain::ids::FileName;
use crate::domain::lang::Lang;
use crate::domain::problem::{DOCUMENT_BYTES_MAX, Problem};
use crate::domain::task::{SlotRef, Status, Task};

/// What to change of a document; `None` leaves a field alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub kategorie: Option<String>,
    pub status: Option<Status>,
    pub tags: Option<Vec<String>>,
    /// `Some(None)` writes `null`, here and in the two below; a field that is not there stays away.
    pub deadline: Option<Option<NaiveDate>>,
    pub fixed_slot: Option<Option<(NaiveDate, String)>>,
    pub abgeschlossen_am: Option<Option<(NaiveDate, String)>>,
    /// Replaces the text of the first heading, or adds a heading.
    pub title: Option<String>,
    /// Replaces everything after the frontmatter, verbatim.
    pub body: Option<String>,
}

/// Why a document was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The document cannot be read as a task as it stands.
    #[error("{}", self.text(Lang::En))]
    Unreadable(Problem),
    /// A file of another name that does not say `typ: task`.
    #[error("{}", self.text(Lang::En))]
    NotATask,
    /// A line break or another control character in a value of one line.
    #[error("{}", self.text(Lang::En))]
    ControlCharacter { field: &'static str },
    /// A value that the field cannot have: empty, or a date outside the years 1 to 9999.
    #[error("{}", self.text(Lang::En))]
    Value { field: &'static str },
    /// The field is written in a way that cannot be changed without touching others.
    #[error("{}", self.text(Lang::En))]
    Layout { line: u32 },
    /// The result would be larger than a document may be.
    #[error("{}", self.text(Lang::En))]
    TooLarge,
}

impl EditError {
    /// One sentence: what is wrong, what to do.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            EditError::Unreadable(problem) => problem.text(lang),
            EditError::NotATask => lang.pick("the file is not a task", "die Datei ist keine Aufgabe").to_owned(),
            EditError::ControlCharacter { field } => lang.pick(
                format!("{field} contains a line break or another control character"),
                format!("{field} enthält einen Zeilenumbruch oder ein anderes Steuerzeichen"),
            ),
            EditError::Value { field } => {
                lang.pick(format!("{field} cannot have this value"), format!("{field} kann diesen Wert nicht haben"))
            }
            EditError::Layout { line } => lang.pick(
                format!("line {line} is written in a way that cannot be changed alone; edit the file by hand"),
                format!(
                    "Zeile {line} lässt sich in dieser Schreibweise nicht allein ändern; die Datei von Hand bearbeiten"
                ),
            ),
            EditError::TooLarge => {
                lang.pick("the document would be larger than 64 KiB", "das Dokument würde größer als 64 KiB").to_owned()
            }
        }
    }
}

/// The document with the changes. Values that it has already are not written again, so that an edit that
/// changes nothing returns the same bytes.
pub fn edit(file: &FileName, raw: &[u8], changes: &Changes) -> Result<Vec<u8>, EditError> {
    if file.number().is_none() {
        return Err(match read::read(file, raw) {
            Outcome::Invalid(problem) => EditError::Unreadable(problem),
            Outcome::NotATask | Outcome::Task(_) => EditError::NotATask,
        });
    }
    let source = Source::open(raw).map_err(EditError::Unreadable)?;
    let task = source.task(file).map_err(EditError::Unreadable)?;
    let rest = with_rest(&source, &task.title, changes)?;
    let (values, mut expected) = new_values(task, changes)?;
    let newline = source.parts.newline;

    let (mut text, added) = with_values(&source, &values)?;
    text.push_str(rest.as_deref().unwrap_or(&source.parts.text[source.parts.rest_start..]));
    if rest.is_some() && !source.parts.text[..source.parts.rest_start].ends_with('\n') {
        // The closing `---` was the file's last line and had no end.
        let head = text.len() - rest.as_deref().map_or(0, str::len);
        text.insert_str(head, newline);
    }
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(EditError::TooLarge);
    }
    if let Some(title) = &changes.title {
        expected.title = title::shorten(&title::clean(title));
    } else if changes.body.is_some() {
        expected.title = title::title(read::body(text.as_bytes()).unwrap_or_default(), file);
    }
    verify(file, &source, &text, &expected, &added)?;
    Ok(text.into_bytes())
}

/// A field's new value.
struct Value {
    field: &'static str,
    shape: Shape,
}

enum Shape {
    Null,
    Word(String),
    Date(NaiveDate),
    Tags(Vec<String>),
    Slot(NaiveDate, String),
}

/// The values that differ from the document's, and the task that it will then be.
fn new_values(mut task: Task, changes: &Changes) -> Result<(Vec<Value>, Task), EditError> {
    let mut values = Vec::new();
    if let Some(kategorie) = &changes.kategorie {
        let normal = read::normal_kategorie(kategorie);
        if normal != task.kategorie {
            let word = single_line(name::KATEGORIE, kategorie.trim())?;
            values.push(Value { field: name::KATEGORIE, shape: Shape::Word(word) });
            task.kategorie = normal;
        }
    }
    if let Some(status) = changes.status.filter(|status| *status != task.status) {
        values.push(Value { field: name::STATUS, shape: Shape::Word(status.as_str().to_owned()) });
        task.status = status;
    }
    if let Some(tags) = changes.tags.as_ref().filter(|tags| **tags != task.tags) {
        if tags.iter().any(|tag| has_control(tag)) {
            return Err(EditError::ControlCharacter { field: name::TAGS });
        }
        values.push(Value { field: name::TAGS, shape: Shape::Tags(tags.clone()) });
        task.tags.clone_from(tags);
    }
    if let Some(deadline) = changes.deadline.filter(|deadline| *deadline != task.deadline) {
        if let Some(date) = deadline {
            writable(name::DEADLINE, date)?;
        }
        values.push(Value { field: name::DEADLINE, shape: deadline.map_or(Shape::Null, Shape::Date) });
        task.deadline = deadline;
    }
    for (field, change, slot) in [
        (name::FIXED_SLOT, &changes.fixed_slot, &mut task.fixed_slot),
        (name::ABGESCHLOSSEN_AM, &changes.abgeschlossen_am, &mut task.abgeschlossen_am),
    ] {
        let Some(change) = change else { continue };
        let new = change.as_ref().map(|(datum, zeit)| (*datum, zeit.trim().to_lowercase()));
        let new_slot = new.as_ref().map(|(datum, zeit)| SlotRef { datum: Some(*datum), zeit: Some(zeit.clone()) });
        if new_slot == *slot {
            continue;
        }
        let shape = match new {
            Some((datum, zeit)) => {
                writable(field, datum)?;
                Shape::Slot(datum, single_line(field, &zeit)?)
            }
            None => Shape::Null,
        };
        values.push(Value { field, shape });
        *slot = new_slot;
    }
    Ok((values, task))
}

/// The text of a value that has to say something, in one line.
fn single_line(field: &'static str, text: &str) -> Result<String, EditError> {
    if has_control(text) {
        return Err(EditError::ControlCharacter { field });
    }
    if text.is_empty() { Err(EditError::Value { field }) } else { Ok(text.to_owned()) }
}

fn has_control(text: &str) -> bool {
    text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
}

/// A date that reads back as itself.
fn writable(field: &'static str, date: NaiveDate) -> Result<(), EditError> {
    let reads_back = date::parse_lenient(&date::to_text(date)) == Some(date);
    if reads_back { Ok(()) } else { Err(EditError::Value { field }) }
}

/// The text up to and with the closing `---` line, its fields changed, and the names of the added fields.
fn with_values(source: &Source<'_>, values: &[Value]) -> Result<(String, Vec<&'static str>), EditError> {
    let parts = &source.parts;
    let mut replaced: Vec<(Range<usize>, String)> = Vec::new();
    let mut appended = String::new();
    let mut added = Vec::new();
    for value in values {
        match source.fields.all.iter().position(|field| field.key == value.field) {
            Some(index) => replaced.push(replacement(source, index, value)?),
            None if matches!(value.shape, Shape::Null) => {}
            None => {
                let indent = source.fields.all.first().map_or("", |first| line_before(source, first));
                if !indent.trim_matches(' ').is_empty() {
                    return Err(EditError::Layout { line: 2 });
                }
                appended.push_str(&new_lines(value, indent, parts.newline));
                added.push(value.field);
            }
        }
    }
    replaced.sort_by_key(|(at, _)| at.start);
    let mut text = String::with_capacity(parts.text.len() + 128);
    text.push_str(&parts.text[..parts.yaml_start]);
    let mut copied = 0;
    for (at, new) in &replaced {
        // Two fields on one line cannot be told apart by lines.
        text.push_str(parts.yaml().get(copied..at.start).ok_or(EditError::Layout { line: 2 })?);
        text.push_str(new);
        copied = at.end;
    }
    text.push_str(&parts.yaml()[copied..]);
    text.push_str(&appended);
    text.push_str(&parts.text[parts.yaml_end..parts.rest_start]);
    Ok((text, added))
}

/// What stands before a key on its line.
fn line_before<'a>(source: &Source<'a>, field: &Field<'_>) -> &'a str {
    let yaml = source.parts.yaml();
    let before = yaml.get(..field.key_at.start).unwrap_or_default();
    &before[before.rfind(['\n', '\r']).map_or(0, |end| end + 1)..]
}

/// A field that the document does not have yet.
fn new_lines(value: &Value, indent: &str, newline: &str) -> String {
    let key = value.field;
    match (key, &value.shape) {
        (name::FIXED_SLOT, Shape::Slot(datum, zeit)) => {
            let [first, second] = write::slot_lines(*datum, zeit);
            format!("{indent}{key}:{newline}{indent}  {first}{newline}{indent}  {second}{newline}")
        }
        (_, shape) => format!("{indent}{key}: {}{newline}", inline(shape)),
    }
}

fn inline(shape: &Shape) -> String {
    match shape {
        Shape::Null => "null".to_owned(),
        Shape::Word(word) => write::scalar(word),
        Shape::Date(date) => date::to_text(*date),
        Shape::Tags(tags) => write::flow_list(tags),
        Shape::Slot(datum, zeit) => write::flow_slot(*datum, zeit),
    }
}

/// The bytes of the frontmatter that a field takes, without the end of its last line, and what to write there.
fn replacement(source: &Source<'_>, index: usize, value: &Value) -> Result<(Range<usize>, String), EditError> {
    let yaml = source.parts.yaml();
    let fields = &source.fields.all;
    let field = &fields[index];
    let refused = EditError::Layout { line: field.line };
    let Some(old) = &field.value else { return Err(refused) };
    let before = line_before(source, field);
    let line_start = field.key_at.start - before.len();
    let indent = before.trim_end_matches(['?', ' ']).len();
    // `{` before the key: the fields stand between brackets, not on lines.
    if !before.trim_matches(['?', ' ']).is_empty() {
        return Err(refused);
    }
    let next_start =
        fields.get(index + 1).map_or(yaml.len(), |next| next.key_at.start - line_before(source, next).len());
    // What was found belongs to this field only if it lies between this key and the next.
    let span = yaml.get(line_start..next_start).filter(|span| !span.is_empty()).ok_or(refused)?;

    let key_end = field.key_at.end - line_start;
    let line = FirstLine::of(span, key_end, old.end().saturating_sub(line_start));
    let head = match line.colon_end {
        Some(colon_end) => span[..colon_end].to_owned(),
        // `? key` with its value on a line of its own: written anew in the common form.
        None => format!("{}{}:", &before[..indent], &yaml[field.key_at.clone()]),
    };
    let lead = if line.lead.is_empty() { " " } else { line.lead };
    let is_block = line.value.is_empty();
    let new = match (&value.shape, &old.node) {
        (Shape::Tags(tags), Node::List(_)) if is_block && !tags.is_empty() => {
            let dash = span.lines().skip(1).find(|line| line.trim_start().starts_with('-')).unwrap_or_default();
            let margin = &dash[..dash.len() - dash.trim_start().len()];
            let items = tags.iter().map(|tag| format!("{margin}- {}", write::scalar(tag)));
            joined(head + line.tail, items, source.parts.newline)
        }
        (Shape::Slot(datum, zeit), _)
            if !line.value.starts_with('{') && (is_block || value.field == name::FIXED_SLOT) =>
        {
            let margin = format!("{}  ", &before[..indent]);
            let lines = write::slot_lines(*datum, zeit).map(|line| margin.clone() + line.as_str());
            joined(head + line.tail, lines.into_iter(), source.parts.newline)
        }
        (shape, _) => format!("{head}{lead}{}{}", inline(shape), line.tail),
    };
    Ok((line_start..line_start + line.value_lines_end, new))
}

fn joined(head: String, lines: impl Iterator<Item = String>, newline: &str) -> String {
    lines.fold(head, |text, line| text + newline + line.as_str())
}

/// How the first of a field's lines is made up: `head: lead value tail`.
struct FirstLine<'a> {
    /// Behind the colon; `None` when no colon follows the key.
    colon_end: Option<usize>,
    /// The blanks before the value.
    lead: &'a str,
    /// What of the value stands on this line; empty when it is null or stands below.
    value: &'a str,
    /// Blanks and comment behind a value that ends on this line.
    tail: &'a str,
    /// Where the value's last line ends. What follows is blank or comment, and stays.
    value_lines_end: usize,
}

impl<'a> FirstLine<'a> {
    /// `span`: from the key's line to the line of the next key. `scalar_end`: where the last scalar ends.
    fn of(span: &'a str, key_end: usize, scalar_end: usize) -> FirstLine<'a> {
        let line_end = span.find(['\n', '\r']).unwrap_or(span.len());
        let behind_key = span.get(key_end..line_end).unwrap_or_default();
        let colon = behind_key.trim_start_matches([' ', '\t']);
        let scalar_end = span.get(..scalar_end).map_or(span.len(), |text| text.trim_end().len());
        let value_lines_end = last_line_end(span, line_end.max(scalar_end));
        let Some(rest) = colon.strip_prefix(':') else {
            return FirstLine { colon_end: None, lead: "", value: "", tail: "", value_lines_end };
        };
        let text = rest.trim_start_matches([' ', '\t']);
        let colon_end = Some(line_end - rest.len());
        let lead = &rest[..rest.len() - text.len()];
        if text.is_empty() || text.starts_with('#') {
            return FirstLine { colon_end, lead: "", value: "", tail: rest, value_lines_end };
        }
        // Behind the last scalar only closing brackets can follow, then a comment.
        let scalar_end = scalar_end.max(line_end - text.len());
        let behind = span.get(scalar_end..line_end).unwrap_or_default();
        let closed = behind.trim_start_matches([' ', '\t', ',', '[', ']', '{', '}']);
        let ends_here = value_lines_end == line_end && (closed.is_empty() || closed.starts_with('#'));
        let blanks = span[..line_end - closed.len()].trim_end_matches([' ', '\t']).len();
        let tail = if ends_here { &span[blanks..line_end] } else { "" };
        FirstLine { colon_end, lead, value: text, tail, value_lines_end }
    }
}

/// The end of the last line from `at` on that is neither blank nor comment, its line break not counted.
fn last_line_end(span: &str, at: usize) -> usize {
    let mut end = span.trim_end().len();
    while end > at {
        let start = span[..end].rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
        let line = span[start..end].trim_start();
        if start <= at || !(line.is_empty() || line.starts_with('#') || line == "...") {
            break;
        }
        end = span[..start].trim_end().len();
    }
    let end = end.max(at);
    span[end..].find(['\n', '\r']).map_or(span.len(), |length| end + length)
}

/// What follows the closing `---` line, if it changes.
fn with_rest(source: &Source<'_>, old_title: &str, changes: &Changes) -> Result<Option<String>, EditError> {
    let (separator, old) = source.parts.separator_and_body();
    let mut body = changes.body.as_deref().unwrap_or(old).to_owned();
    if let Some(title) = &changes.title {
        if has_control(title) {
            return Err(EditError::ControlCharacter { field: "title" });
        }
        let title = title::clean(title);
        if title.is_empty() {
            return Err(EditError::Value { field: "title" });
        }
        // A title that the document has already, be it by its file name, needs no heading.
        if changes.body.is_none() && title::shorten(&title) == old_title {
            return Ok(None);
        }
        body = match &changes.body {
            Some(new) => title::titled(new, &title, source.parts.newline),
            None => title::with_title(old, &title, source.parts.newline).ok_or(EditError::Value { field: "title" })?,
        };
    }
    if body == old {
        return Ok(None);
    }
    let separator = if separator.is_empty() && !body.is_empty() { source.parts.newline } else { separator };
    Ok(Some(format!("{separator}{body}")))
}

/// Reads the result: it must be the task that was meant, with the same keys in the same order.
fn verify(file: &FileName, source: &Source<'_>, text: &str, expected: &Task, added: &[&str]) -> Result<(), EditError> {
    let refused = |problem: Problem| EditError::Layout { line: problem.line };
    let result = Source::open(text.as_bytes()).map_err(refused)?;
    let task = result.task(file).map_err(refused)?;
    let old_keys = source.fields.all.iter().map(|field| &*field.key);
    let same_keys = result.fields.all.iter().map(|field| &*field.key).eq(old_keys.chain(added.iter().copied()));
    if same_keys && task == *expected { Ok(()) } else { Err(EditError::Layout { line: 1 }) }
}
