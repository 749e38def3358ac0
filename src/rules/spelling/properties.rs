//! Properties that a value does not have.

use rhai::{BinaryExpr, Expr};

use super::{Looked, Wrong, placed};
use crate::rules::compiled::Compiled;
use crate::rules::names;
use crate::rules::words::{self, Kind, WORDS};

/// A property of a hook's parameter that its type does not have.
pub(super) fn wrong_of_parameter(looked: &Looked<'_>, dot: &BinaryExpr) -> Option<Wrong> {
    let of = looked.type_of(&dot.lhs)?;
    let first = match &dot.rhs {
        Expr::Dot(rest, ..) | Expr::Index(rest, ..) => &rest.lhs,
        property => property,
    };
    let Expr::Property(property, position) = first else { return None };
    let is_known = words::properties(of).any(|known| known.has_name(&property.2));
    if is_known { None } else { placed(*position, names::no_property(&property.2, of)) }
}

/// A property that nothing has, in a script without maps of its own, which may have any.
pub(super) fn wrong_of_anything(script: &Compiled, property: &str) -> Option<String> {
    let of_rules = || WORDS.iter().filter(|word| matches!(word.kind, Kind::Property(owner) if owner != "plan"));
    if script.has_maps || of_rules().any(|word| word.has_name(property)) || names::is_of_language(property) {
        return None;
    }
    Some(names::suggest(format!("nothing has a property {property}"), property, words::names(of_rules())))
}
