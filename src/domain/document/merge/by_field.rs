//! Three frontmatters made one, field by field.

use super::units::{Key, Unit, Units};
use super::{MergeConflict, Side, Versions};
use crate::domain::document::compose::file_name;
use crate::domain::document::frontmatter::{Parts, split_any_size};
use crate::domain::document::read::Source;
use crate::domain::ids::TaskNumber;

/// The result's frontmatter with its `---` lines. Where the fields cannot be merged it is `newer`'s.
pub(super) fn merge(
    base: Option<Parts<'_>>,
    ours: Parts<'_>,
    theirs: Parts<'_>,
    newer: Side,
) -> (String, Vec<MergeConflict>) {
    let parts = Versions { base, ours: Some(ours), theirs: Some(theirs) };
    let heads = parts.map(|parts| parts.map_or("", |parts| &parts.text[..parts.rest_start]));
    if let Some(side) = heads.settled() {
        return (heads.of(side).to_owned(), Vec::new());
    }
    by_field(base, ours, theirs, newer)
        .filter(|merged| is_readable(&merged.0) || !(is_readable(heads.ours) && is_readable(heads.theirs)))
        .unwrap_or_else(|| (heads.of(newer).to_owned(), vec![MergeConflict::Whole { winner: newer }]))
}

/// Whether the fields are those of a task. What follows them does not matter.
fn is_readable(head: &str) -> bool {
    let any_name = file_name(TaskNumber::FIRST, None);
    Source::open(head.as_bytes()).and_then(|source| source.task(&any_name)).is_ok()
}

/// `None` when a side has fields that cannot be told apart by lines, or the result would not have each of the fields
/// that it should have.
fn by_field(
    base: Option<Parts<'_>>,
    ours: Parts<'_>,
    theirs: Parts<'_>,
    newer: Side,
) -> Option<(String, Vec<MergeConflict>)> {
    let units = Versions {
        base: base.and_then(|parts| Units::cut(&parts)).unwrap_or(Units::NONE),
        ours: Units::cut(&ours)?,
        theirs: Units::cut(&theirs)?,
    };
    let mut conflicts = Vec::new();
    let mut chosen: Vec<&Unit<'_>> = Vec::new();
    for key in order(&units) {
        let choice = choose(units.each(|units| units.get(key)), newer);
        chosen.extend(choice.unit);
        if let (Key::Field(name), Some(side)) = (key, choice.lost) {
            conflicts.push(MergeConflict::Field { name: name.to_string(), winner: side.other() });
        }
    }
    // `---` lines differ in blanks alone.
    let parts = Versions { base: base.unwrap_or(ours), ours, theirs };
    let openings = parts.each(|parts| &parts.text[..parts.yaml_start]);
    let closings = parts.each(|parts| &parts.text[parts.yaml_end..parts.rest_start]);
    let mut head = openings.of(openings.settled().unwrap_or(newer)).to_owned();
    head.extend(chosen.iter().map(|unit| unit.lines));
    head.push_str(closings.of(closings.settled().unwrap_or(newer)));
    let found = split_any_size(head.as_bytes()).ok().filter(|found| found.rest_start == head.len());
    let is_whole = found.and_then(|found| Units::cut(&found)).is_some_and(|found| found.say_same(&chosen));
    is_whole.then_some((head, conflicts))
}

/// The units of both sides in the order of ours, theirs' own fields after what precedes them there, their comments
/// before what follows. If theirs alone has moved something it is the other way round.
fn order<'u, 'a>(units: &'u Versions<Units<'a>>) -> Vec<&'u Key<'a>> {
    let has_moved = |side: &Units<'_>| {
        let of_base = units.base.keys().filter(|key| side.get(key).is_some());
        !side.keys().filter(|key| units.base.get(key).is_some()).eq(of_base)
    };
    let (first, second) = if has_moved(&units.theirs) && !has_moved(&units.ours) {
        (&units.theirs, &units.ours)
    } else {
        (&units.ours, &units.theirs)
    };
    let mut order: Vec<&Key<'_>> = first.keys().collect();
    let mut place = 0;
    let mut comments = Vec::new();
    for key in second.keys() {
        match (order.iter().position(|placed| *placed == key), key) {
            (Some(index), _) => {
                place = index + comments.len() + 1;
                order.splice(index..index, comments.drain(..));
            }
            (None, Key::Comment { .. }) => comments.push(key),
            (None, Key::Field(_)) => {
                let added = comments.len() + 1;
                order.splice(place..place, comments.drain(..).chain([key]));
                place += added;
            }
        }
    }
    order.extend(comments);
    order
}

/// What becomes of a unit.
struct Choice<'u, 'a> {
    unit: Option<&'u Unit<'a>>,
    /// The side that changed it and is not followed.
    lost: Option<Side>,
}

fn choose<'u, 'a>(field: Versions<Option<&'u Unit<'a>>>, newer: Side) -> Choice<'u, 'a> {
    if let Some(side) = field.map(|unit| unit.map(|unit| unit.lines)).settled() {
        return Choice { unit: field.of(side), lost: None };
    }
    let (ours, theirs) = match (field.ours, field.theirs) {
        (Some(ours), Some(theirs)) => (ours, theirs),
        // Of a comment only the blank lines behind it have changed.
        (Some(unit), None) | (None, Some(unit)) if unit.is_comment() => return Choice { unit: None, lost: None },
        // A change is worth more than a removal that did not know of it.
        (unit, None) => return Choice { unit, lost: Some(Side::Theirs) },
        (None, unit) => return Choice { unit, lost: Some(Side::Ours) },
    };
    // Programs write fields anew without changing them. Whoever changed what the field says is followed then.
    let is_as_before = |unit: &Unit<'_>| field.base.is_some_and(|base| base.says_same(unit));
    let (winner, is_agreed) = match (is_as_before(ours), is_as_before(theirs)) {
        (false, true) => (Side::Ours, true),
        (true, false) => (Side::Theirs, true),
        (true, true) => (newer, true),
        (false, false) => (newer, ours.says_same(theirs)),
    };
    let (kept, lost) = match winner {
        Side::Ours => (ours, theirs),
        Side::Theirs => (theirs, ours),
    };
    let same_remarks = |unit: &Unit<'_>| unit.remarks().eq(lost.remarks());
    let loses_nothing = is_agreed && (same_remarks(kept) || field.base.is_some_and(same_remarks));
    Choice { unit: Some(kept), lost: (!loses_nothing).then_some(winner.other()) }
}
