//! Frontmatter cut into what can be merged apart: the lines of each field, and each comment between them.

use std::borrow::Cow;

use crate::domain::document::fields::{self, Field, Fields};
use crate::domain::document::frontmatter::Parts;
use crate::domain::document::read::Source;

/// What tells a unit from the others of its document, and is the same in all versions of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key<'a> {
    /// The key as it is read; of a key that is no text, as it is written.
    Field(Cow<'a, str>),
    /// A line that says nothing, the nth of its text.
    Comment { text: &'a str, nth: usize },
}

pub(super) struct Unit<'a> {
    pub key: Key<'a>,
    /// Whole lines, with the blank ones behind them.
    pub lines: &'a str,
    /// What the lines say when they are read alone; nothing where they are a comment.
    source: Option<Source<'a>>,
}

/// All lines of a document's frontmatter, in order.
pub(super) struct Units<'a>(pub Vec<Unit<'a>>);

impl<'a> Units<'a> {
    pub const NONE: Units<'static> = Units(Vec::new());

    /// `None` where fields cannot be told apart by lines: not YAML, fields between brackets, a key that is a
    /// collection.
    pub fn cut(parts: &Parts<'a>) -> Option<Units<'a>> {
        let yaml = parts.yaml();
        let fields = Fields::parse(yaml).ok()?;
        let key_lines = fields.all.iter().map(|field| key_line(yaml, field)).collect::<Option<Vec<_>>>()?;
        let mut units = Units(Vec::with_capacity(fields.all.len()));
        let first = key_lines.first().copied().unwrap_or(yaml.len());
        let mut start = units.add_comments(&yaml[..first])?;
        for (index, field) in fields.all.iter().enumerate() {
            let key_start = key_lines[index];
            let next = key_lines.get(index + 1).copied().unwrap_or(yaml.len());
            let end = key_start + comments_at_the_end(yaml.get(key_start..next)?, field.key_at.start - key_start);
            let unit = Unit::read(parts, field, &yaml[start..end])?;
            if units.get(&unit.key).is_some() {
                return None;
            }
            units.0.push(unit);
            start = end + units.add_comments(&yaml[end..next])?;
        }
        (start == yaml.len()).then_some(units)
    }

    /// Adds comments and the blank lines behind them. The length of what was added: blank lines alone are not, which
    /// can only stand before the first field. `None` when there is something else among them.
    fn add_comments(&mut self, lines: &'a str) -> Option<usize> {
        let is_blank = |line: &str| line.trim().is_empty();
        let mut start = 0;
        let mut end = 0;
        for line in lines.split_inclusive('\n') {
            if !is_blank(line) && !is_blank(&lines[start..end]) {
                self.add_comment(&lines[start..end])?;
                start = end;
            }
            end += line.len();
        }
        if is_blank(&lines[start..]) {
            return Some(start);
        }
        self.add_comment(&lines[start..])?;
        Some(lines.len())
    }

    fn add_comment(&mut self, lines: &'a str) -> Option<()> {
        let text = lines.trim();
        let nth =
            self.0.iter().filter(|unit| matches!(unit.key, Key::Comment { text: other, .. } if other == text)).count();
        self.0.push(Unit { key: Key::Comment { text, nth }, lines, source: None });
        (text.starts_with('#') || text == DOCUMENT_END).then_some(())
    }

    pub fn get(&self, key: &Key<'_>) -> Option<&Unit<'a>> {
        self.0.iter().find(|unit| unit.key == *key)
    }

    pub fn keys(&self) -> impl Iterator<Item = &Key<'a>> + Clone {
        self.0.iter().map(|unit| &unit.key)
    }

    pub fn say_same(&self, others: &[&Unit<'_>]) -> bool {
        let same = |(unit, other): (&Unit<'_>, &&Unit<'_>)| {
            let is_same_field = unit.key == other.key && unit.says_same(other);
            unit.lines == other.lines || is_same_field || unit.is_comment_of(other)
        };
        self.0.len() == others.len() && self.0.iter().zip(others).all(same)
    }
}

impl<'a> Unit<'a> {
    /// Only lines that say by themselves what they say among the others are the field's.
    fn read(parts: &Parts<'a>, field: &Field<'a>, lines: &'a str) -> Option<Unit<'a>> {
        let alone = Fields::parse(lines).ok()?;
        let is_field = matches!(alone.all.as_slice(), [only] if only.key == field.key);
        let key = match &*field.key {
            "" => Cow::Borrowed(parts.yaml().get(field.key_at.clone())?),
            _ => field.key.clone(),
        };
        let is_scalar = !key.is_empty() && (!field.key.is_empty() || !key.starts_with(['[', '{', '-', '?', '!']));
        let source = Some(Source { parts: *parts, fields: alone });
        (is_field && is_scalar).then_some(Unit { key: Key::Field(key), lines, source })
    }

    pub fn is_comment(&self) -> bool {
        matches!(self.key, Key::Comment { .. })
    }

    fn is_comment_of(&self, other: &Unit<'_>) -> bool {
        self.is_comment() && other.is_comment() && self.lines.trim() == other.lines.trim()
    }

    /// Whether both of one key have the same value, however it is written. Where that is not clear they have not.
    pub fn says_same(&self, other: &Unit<'_>) -> bool {
        match (&self.key, &self.source, &other.source) {
            (Key::Field(key), Some(ours), Some(theirs)) => {
                ours.says_same(theirs, key) || fields::say_same(self.lines, other.lines)
            }
            (Key::Field(_) | Key::Comment { .. }, _, _) => self.is_comment_of(other),
        }
    }

    /// The comments within the lines, and what might be some.
    pub fn remarks(&self) -> impl Iterator<Item = &'a str> + Clone {
        self.lines.lines().filter_map(|line| Some(line[line.find('#')?..].trim_end()))
    }
}

/// What YAML ends the fields with, if anything.
const DOCUMENT_END: &str = "...";

/// Where the line of a field's key begins; `None` when something of another field stands before it.
fn key_line(yaml: &str, field: &Field<'_>) -> Option<usize> {
    let before = yaml.get(..field.key_at.start)?;
    let start = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
    before[start..].trim_matches(['?', ' ']).is_empty().then_some(start)
}

/// Where the comments begin that follow a field's lines. Those that are indented more than the key are the field's,
/// and so are blank lines, which can be part of its text.
fn comments_at_the_end(lines: &str, indent: usize) -> usize {
    let mut end = lines.len();
    let mut comments = end;
    for line in lines.split_inclusive('\n').rev() {
        end -= line.len();
        let text = line.trim_start_matches(' ');
        let is_comment = text.starts_with('#') && line.len() - text.len() <= indent;
        if is_comment || line.trim_end() == DOCUMENT_END {
            comments = end;
        } else if !line.trim().is_empty() {
            break;
        }
    }
    comments
}
