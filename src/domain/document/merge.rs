//! Merging: two versions of a file that both come from a third.
//!
//! Fields are merged one by one and the text below them by lines, so that two who change different things never
//! meet. Whatever cannot be in the result is named by a conflict, and its side's version is whole: who keeps that
//! version loses nothing.

mod by_field;
#[cfg(test)]
mod laws;
mod layout;
#[cfg(test)]
mod lines;
#[cfg(test)]
mod tests;
mod units;

use layout::Layout;

use super::frontmatter::split_any_size;
use crate::domain::problem::DOCUMENT_BYTES_MAX;

/// One of the two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Ours,
    Theirs,
}

/// A merged file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    pub document: Vec<u8>,
    /// Empty when all that either side changed is in the document.
    pub conflicts: Vec<MergeConflict>,
}

/// What both sides changed, and how that was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeConflict {
    /// The field is the winner's.
    Field { name: String, winner: Side },
    /// Both texts are in the document, between marked lines.
    Body,
    /// The fields could not be told apart, or nothing could be merged at all: the frontmatter or the whole file is the
    /// winner's.
    Whole { winner: Side },
}

/// Merges lines: of the base, ours and theirs. The second value is whether both changed the same lines; then both
/// texts are in the first one, between marked lines.
pub type MergeLines<'a> = dyn Fn(&[u8], &[u8], &[u8]) -> (Vec<u8>, bool) + 'a;

/// Merges two versions of a task file that both come from `base`; an empty base for two that have nothing in common.
///
/// A field that both changed is `newer`'s. The result is readable as a task when both sides are, and no larger than a
/// document may be when both sides are not.
pub fn merge(base: &[u8], ours: &[u8], theirs: &[u8], newer: Side, merge_lines: &MergeLines<'_>) -> Merged {
    let merged = merge_with(base, ours, theirs, newer, |texts| merge_document(texts, newer, merge_lines));
    if merged.document.len() > DOCUMENT_BYTES_MAX {
        return whole(Versions { base, ours, theirs }.of(newer), newer);
    }
    merged
}

/// Merges two versions of a text whose lines mean nothing between marks, such as a script: where both changed the
/// same lines it is `newer`'s whole.
pub fn merge_text(base: &[u8], ours: &[u8], theirs: &[u8], newer: Side, merge_lines: &MergeLines<'_>) -> Merged {
    merge_with(base, ours, theirs, newer, |texts| by_lines(texts, merge_lines).ok())
}

/// Settles what needs no merging, and has `merge_texts` merge the rest, all written in the same way. Bytes that are no
/// text, and what it gives up, are `newer`'s whole.
fn merge_with(
    base: &[u8],
    ours: &[u8],
    theirs: &[u8],
    newer: Side,
    merge_texts: impl Fn(Versions<&str>) -> Option<Merged>,
) -> Merged {
    let versions = Versions { base, ours, theirs };
    if let Some(side) = versions.settled() {
        return Merged { document: versions.of(side).to_vec(), conflicts: Vec::new() };
    }
    let (Ok(ours), Ok(theirs)) = (str::from_utf8(ours), str::from_utf8(theirs)) else {
        return whole(versions.of(newer), newer);
    };
    // Nothing is taken from the base: a line of it that is no text is one that both sides changed.
    let base = String::from_utf8_lossy(base);
    let texts = Versions { base: &*base, ours, theirs };
    let candidates = Layout::agreed(texts, newer).into_iter().filter_map(|layout| {
        let written_alike = texts.map(|text| layout.taken_off(text));
        let mut merged = merge_texts(written_alike.each(|text| &**text))?;
        layout.put_on(&mut merged.document);
        Some(merged)
    });
    candidates.min_by_key(|merged| merged.conflicts.len()).unwrap_or_else(|| whole(versions.of(newer), newer))
}

fn whole(document: &[u8], winner: Side) -> Merged {
    Merged { document: document.to_vec(), conflicts: vec![MergeConflict::Whole { winner }] }
}

/// Fields by field and the rest by lines, where both sides have fields.
fn merge_document(texts: Versions<&str>, newer: Side, merge_lines: &MergeLines<'_>) -> Option<Merged> {
    let parts = texts.map(|text| split_any_size(text.as_bytes()).ok());
    let (Some(ours), Some(theirs)) = (parts.ours, parts.theirs) else {
        let merged = by_lines(texts, merge_lines);
        // Marks would make a document of fields unreadable; a text without fields is none to begin with.
        let may_be_marked = parts.ours.is_none() && parts.theirs.is_none();
        return merged.map_or_else(|marked| may_be_marked.then_some(marked), Some);
    };
    let rests = Versions {
        base: parts.base.map_or(texts.base, |parts| &parts.text[parts.rest_start..]),
        ours: &ours.text[ours.rest_start..],
        theirs: &theirs.text[theirs.rest_start..],
    };
    let (head, mut conflicts) = by_field::merge(parts.base, ours, theirs, newer);
    let rest = by_lines(rests, merge_lines).unwrap_or_else(|marked| marked);
    conflicts.extend(rest.conflicts);
    Some(Merged { document: [head.as_bytes(), &rest.document].concat(), conflicts })
}

/// Merges lines; an error is the result with marked lines in it.
fn by_lines(texts: Versions<&str>, merge_lines: &MergeLines<'_>) -> Result<Merged, Merged> {
    if let Some(side) = texts.settled() {
        return Ok(Merged { document: texts.of(side).as_bytes().to_vec(), conflicts: Vec::new() });
    }
    match merge_lines(texts.base.as_bytes(), texts.ours.as_bytes(), texts.theirs.as_bytes()) {
        (document, false) => Ok(Merged { document, conflicts: Vec::new() }),
        (document, true) => Err(Merged { document, conflicts: vec![MergeConflict::Body] }),
    }
}

/// The same thing of the three versions.
#[derive(Clone, Copy, Debug)]
struct Versions<T> {
    base: T,
    ours: T,
    theirs: T,
}

impl<T> Versions<T> {
    fn map<U>(self, f: impl Fn(T) -> U) -> Versions<U> {
        Versions { base: f(self.base), ours: f(self.ours), theirs: f(self.theirs) }
    }

    fn each<'s, U>(&'s self, f: impl Fn(&'s T) -> U) -> Versions<U> {
        Versions { base: f(&self.base), ours: f(&self.ours), theirs: f(&self.theirs) }
    }

    fn of(self, side: Side) -> T {
        match side {
            Side::Ours => self.ours,
            Side::Theirs => self.theirs,
        }
    }
}

impl<T: PartialEq> Versions<T> {
    /// Whose is the result: the side's that changed something, either's when both changed the same. `None` when they
    /// differ.
    fn settled(&self) -> Option<Side> {
        if self.theirs == self.base || self.ours == self.theirs {
            Some(Side::Ours)
        } else if self.ours == self.base {
            Some(Side::Theirs)
        } else {
            None
        }
    }
}

impl Side {
    pub fn other(self) -> Side {
        match self {
            Side::Ours => Side::Theirs,
            Side::Theirs => Side::Ours,
        }
    }
}
