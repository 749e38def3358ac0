//! Comparisons that never hold, and that Rhai answers with false: of a number or a date with a text, of a name with
//! one that nothing has.

use rhai::{Expr, FnCallExpr};

use super::Looked;
use crate::rules::api::{self, calendar, place};
use crate::rules::names;
use crate::rules::words::{Kind, WORDS};

/// What is wrong with an operator that compares.
pub(super) fn wrong(looked: &Looked<'_>, call: &FnCallExpr) -> Option<String> {
    let is_comparison = call.op_token.is_some() && calendar::COMPARISONS.contains(&call.name.as_str());
    let [left, right] = call.args.as_slice() else { return None };
    let pairs = [(left, right), (right, left)];
    is_comparison.then(|| pairs.into_iter().find_map(|(value, with)| wrong_pair(looked, value, with)))?
}

fn wrong_pair(looked: &Looked<'_>, value: &Expr, with: &Expr) -> Option<String> {
    if let Expr::Variable(constant, ..) = with
        && api::constants().any(|(name, _)| name == constant.1.as_str())
        && !looked.script.outline.defines_variable(&constant.1)
    {
        return Some(calendar::IN_DAYS.to_owned());
    }
    let Expr::StringConstant(text, _) = with else { return None };
    match looked.type_of(value) {
        Some("day") => Some(calendar::against_text(text)),
        _ => wrong_text(looked, value, text),
    }
}

/// What is wrong with a text that a property is compared with.
fn wrong_text(looked: &Looked<'_>, value: &Expr, text: &str) -> Option<String> {
    let Expr::Dot(dot, ..) = value else { return None };
    // What is in a map can be anything.
    let of = looked.type_of(&dot.lhs);
    if of.is_none() && looked.script.has_maps {
        return None;
    }
    let property = last_property(&dot.rhs)?;
    let properties = WORDS.iter().filter(|word| matches!(word.kind, Kind::Property(owner) if owner != "plan"));
    let word = properties.into_iter().find(|word| word.has_name(property))?;
    match (word.result.en, word.name) {
        ("integer", "weekday") => {
            let day = place::read_weekday(text).map_or(1, |day| day.number_from_monday());
            Some(format!("{property} is a number, 1 for Monday to 7 for Sunday; write {property} == {day}"))
        }
        ("integer", _) => Some(format!("{property} is a number; write it without quotes, as in {property} == 1")),
        ("date", _) => Some(calendar::against_text(text)),
        (_, "name") => place::misspelt_slot(text, &looked.known.slots),
        (_, "kategorie") => {
            let known = &looked.known.categories;
            let near = names::nearest(text, known.iter().map(String::as_str));
            let near = near.filter(|_| !known.iter().any(|category| category == text))?;
            Some(format!("no task has the category '{text}'; did you mean '{near}'?"))
        }
        _ => None,
    }
}

/// The name of the property that a chain ends with.
fn last_property(chain: &Expr) -> Option<&str> {
    match chain {
        Expr::Property(property, _) => Some(&property.2),
        Expr::Dot(dot, ..) => last_property(&dot.rhs),
        _ => None,
    }
}
