//! Misspelt words in all of a script, in branches, too, that no sample comes to.
//!
//! Only what cannot be meant otherwise is refused: a call, a property or a text in a place where the rules' own words
//! stand, which is none of them and near to one. What is near to none may be a word of Rhai's, and shows when it runs.

use rhai::{ASTNode, Array, Dynamic, Expr, FnCallExpr, Position};

use super::api::options;
use super::api::{calendar, place};
use super::compiled::Compiled;
use super::engine::{self, Native};
use super::error::RuleError;
use super::names;
use super::source::Defined;
use super::words::{self, Kind, WORDS, Word};

/// The most words of a script that are looked at: finding the nearest takes time.
const UNKNOWN_MAX: usize = 64;

/// A word's line and column, and what is wrong with it.
type Wrong = ((u32, u32), String);

/// The first misspelt word of the script, if there is one. `slots` are the names that days have.
pub(super) fn check(script: &Compiled, slots: &[String]) -> Result<(), RuleError> {
    let mut found = wrong_calls(script);
    script.ast.walk(&mut |path: &[ASTNode<'_>]| {
        let wrong = match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, position) | Expr::MethodCall(call, position))) => {
                wrong_text(script, call, slots).and_then(|sentence| placed(*position, sentence))
            }
            Some(ASTNode::Expr(Expr::Property(property, position))) => {
                wrong_property(script, &property.2).and_then(|sentence| placed(*position, sentence))
            }
            _ => None,
        };
        found.extend(wrong);
        found.len() < UNKNOWN_MAX
    });
    match found.into_iter().min() {
        Some((place, sentence)) => Err(RuleError::of_word(&script.name, &script.outline, place, sentence)),
        None => Ok(()),
    }
}

fn placed(position: Position, sentence: String) -> Option<Wrong> {
    let place = |at: Option<usize>| at.and_then(|at| u32::try_from(at).ok());
    Some(((place(position.line())?, place(position.position())?), sentence))
}

/// The words that are called, as they are written: the tree of a function without a name is hidden in its value.
fn wrong_calls(script: &Compiled) -> Vec<Wrong> {
    let known: Vec<&str> = words::names(callable()).collect();
    let known: Vec<&str> = known.into_iter().chain(script.outline.functions().map(|own| own.name.as_str())).collect();
    let unknown = script.outline.calls_written().filter(|call| {
        let name = call.name.as_str();
        !known.contains(&name) && !names::is_of_language(name) && !engine::DISABLED.contains(&name)
    });
    let near = |call: &Defined| {
        let near = names::nearest(&call.name, known.iter().copied())?;
        Some(((call.line, call.column), format!("there is no function {}; did you mean {near}?", call.name)))
    };
    unknown.take(UNKNOWN_MAX).filter_map(near).collect()
}

/// What rules can call.
fn callable() -> impl Iterator<Item = &'static Word> + Clone {
    words::functions().chain(words::methods().filter(|(of, _)| *of != "plan").map(|(_, word)| word))
}

/// What is wrong with the texts that a function of the rules' own is given as they are written.
fn wrong_text(script: &Compiled, call: &FnCallExpr, slots: &[String]) -> Option<String> {
    let is_own = call.op_token.is_none() && script.outline.function(&call.name).is_none();
    let word = callable().find(|word| is_own && word.has_name(&call.name))?;
    let mut texts = call.args.iter().flat_map(literal_texts);
    match word.name {
        "on" => texts.find_map(|day| sentence_of(place::read_weekday(&day))),
        "at" => texts.find_map(|zeit| place::misspelt_slot(&zeit.trim().to_lowercase(), slots)),
        "date" | "from" | "up_to" => texts.find_map(|day| sentence_of(calendar::read_date(&day))),
        "option" => texts.find_map(|name| {
            let is_declared = script.options.iter().any(|option| option.name == name);
            (!is_declared).then(|| options::unknown(&name, &script.options))
        }),
        _ => None,
    }
}

/// A property that nothing has, in a script without maps of its own, which may have any.
fn wrong_property(script: &Compiled, property: &str) -> Option<String> {
    let of_rules = || WORDS.iter().filter(|word| matches!(word.kind, Kind::Property(_)));
    if script.has_maps || of_rules().any(|word| word.has_name(property)) || names::is_of_language(property) {
        return None;
    }
    let near = names::nearest(property, words::names(of_rules()))?;
    Some(format!("nothing has a property {property}; did you mean {near}?"))
}

/// The texts that an argument is or that a list as an argument has, where they are written out.
fn literal_texts(argument: &Expr) -> Vec<String> {
    let of_dynamic = |value: &Dynamic| value.clone().into_string().ok();
    match argument {
        Expr::StringConstant(text, _) => vec![text.to_string()],
        Expr::Array(items, _) => items.iter().flat_map(literal_texts).collect(),
        Expr::DynamicConstant(value, _) => match value.read_lock::<Array>() {
            Some(items) => items.iter().filter_map(of_dynamic).collect(),
            None => of_dynamic(value).into_iter().collect(),
        },
        _ => Vec::new(),
    }
}

/// The sentence of a refusal.
fn sentence_of<T>(read: Native<T>) -> Option<String> {
    match *read.err()? {
        rhai::EvalAltResult::ErrorRuntime(sentence, _) => sentence.into_string().ok(),
        _ => None,
    }
}
