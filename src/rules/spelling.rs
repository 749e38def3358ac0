//! What is written wrongly in a script, in branches, too, that no sample comes to.
//!
//! Only what cannot be meant otherwise is refused: words that are none and near to one, numbers of arguments that
//! nothing takes, texts where the rules' own words read something else, comparisons that never hold, functions that
//! nobody calls. What is near to nothing may be a word of Rhai's, and shows when it runs.

mod calls;
mod compared;
mod properties;

use std::collections::HashSet;

use rhai::{ASTNode, Expr, Position, Stmt};

use super::compiled::Compiled;
use super::error::RuleError;
use super::names::{self, HOOKS};
use super::vocabulary::Arities;

/// The most faults of a script that are looked for: finding the nearest word takes time.
const FAULTS_MAX: usize = 64;

/// A word's line and column, and what is wrong with it.
type Wrong = ((u32, u32), String);

/// The names that a list of rules says.
#[derive(Default)]
pub(super) struct Known {
    /// Of the slots that days have; none where that is not known.
    pub slots: Vec<String>,
    pub categories: Vec<String>,
}

/// What the checks of a script look at.
struct Looked<'a> {
    script: &'a Compiled,
    known: &'a Known,
    arities: &'a Arities,
    /// The variables that functions set, by function and name: such a one is not, or no longer, the parameter.
    set: HashSet<(String, String)>,
}

/// All that is wrong in a script, in the order in which it is written.
pub(super) fn check(script: &Compiled, known: &Known, arities: &Arities) -> Vec<RuleError> {
    let looked = Looked { script, known, arities, set: variables_set(script) };
    let mut found = calls::misspelt(script);
    found.extend(uncalled(script));
    script.ast.walk(&mut |path: &[ASTNode<'_>]| {
        found.extend(path.last().and_then(|node| looked.wrong(node)));
        found.len() < FAULTS_MAX
    });
    // Of one place the first one counts: what is around a word says more than what is within.
    found.sort_by_key(|(place, _)| *place);
    found.dedup_by_key(|(place, _)| *place);
    let error = |(place, sentence)| RuleError::of_word(&script.name, &script.outline, place, sentence);
    found.into_iter().map(error).collect()
}

impl Looked<'_> {
    fn wrong(&self, node: &ASTNode<'_>) -> Option<Wrong> {
        match node {
            ASTNode::Expr(Expr::FnCall(call, position)) | ASTNode::Stmt(Stmt::FnCall(call, position)) => {
                let sentence = calls::wrong_values(self, call)
                    .or_else(|| calls::wrong_count(self, call, call.args.len(), false))
                    .or_else(|| compared::wrong(self, call))?;
                placed(*position, sentence)
            }
            ASTNode::Expr(Expr::MethodCall(call, position)) => {
                let sentence = calls::wrong_values(self, call)
                    .or_else(|| calls::wrong_count(self, call, call.args.len() + 1, true))?;
                placed(*position, sentence)
            }
            ASTNode::Expr(Expr::Dot(dot, ..)) => properties::wrong_of_parameter(self, dot),
            ASTNode::Expr(Expr::Property(property, position)) => {
                placed(*position, properties::wrong_of_anything(self.script, &property.2)?)
            }
            _ => None,
        }
    }

    /// What a variable is, in the words of scripts, if it is a parameter of a hook there and nothing else.
    fn type_of(&self, variable: &Expr) -> Option<&'static str> {
        let Expr::Variable(variable, _, position) = variable else { return None };
        let (name, function) = (variable.1.as_str(), function_at(self.script, *position)?);
        if self.set.contains(&(function.to_owned(), name.to_owned())) {
            return None;
        }
        let parameters = self.script.parameters(function)?;
        let index = parameters.iter().position(|parameter| *parameter == name)?;
        match (function, index) {
            ("place", 0) => Some("task"),
            ("place", 1) | ("slots", 0) => Some("day"),
            _ => None,
        }
    }
}

/// The function that is written at a place.
fn function_at(script: &Compiled, position: Position) -> Option<&str> {
    let place = place_of(position)?;
    let before = script.outline.functions().take_while(|function| (function.line, function.column) < place);
    before.last().map(|function| function.name.as_str())
}

/// The variables that functions set, by function and name.
fn variables_set(script: &Compiled) -> HashSet<(String, String)> {
    let mut set = HashSet::new();
    script.ast.walk(&mut |path: &[ASTNode<'_>]| {
        let (name, position) = match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(variable, ..))) => (variable.0.name.as_str(), variable.0.pos),
            Some(ASTNode::Stmt(Stmt::Assignment(assigned))) => match &assigned.1.lhs {
                Expr::Variable(variable, _, position) => (variable.1.as_str(), *position),
                _ => return true,
            },
            Some(ASTNode::Stmt(Stmt::For(each, ..))) => (each.0.name.as_str(), each.0.pos),
            _ => return true,
        };
        if let Some(function) = function_at(script, position) {
            set.insert((function.to_owned(), name.to_owned()));
        }
        true
    });
    set
}

fn place_of(position: Position) -> Option<(u32, u32)> {
    let place = |at: Option<usize>| at.and_then(|at| u32::try_from(at).ok());
    Some((place(position.line())?, place(position.position())?))
}

fn placed(position: Position, sentence: String) -> Option<Wrong> {
    Some((place_of(position)?, sentence))
}

/// Functions that nothing calls and that are no hooks.
fn uncalled(script: &Compiled) -> Vec<Wrong> {
    let outline = &script.outline;
    let is_lone = |name: &str| {
        !HOOKS.iter().any(|hook| hook.name == name) && !outline.mentions(name) && !script.texts.contains(name)
    };
    let lone = outline.functions().filter(|function| is_lone(&function.name));
    let hooks = HOOKS.iter().map(|hook| hook.usage).collect::<Vec<_>>().join(", ");
    let said = |name: &str| match names::nearest_hook(name) {
        Some(hook) => format!("nothing calls {name}; did you mean fn {}? The hooks are {hooks}", hook.usage),
        None => format!("nothing calls {name}, and it is no hook; these are {hooks}"),
    };
    lone.map(|function| ((function.line, function.column), said(&function.name))).collect()
}
