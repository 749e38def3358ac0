//! Calls: of words that are none, with a number of arguments that nothing takes, with texts that cannot be read.

use rhai::{Array, Dynamic, Expr, FnCallExpr};

use super::{FAULTS_MAX, Looked, Wrong};
use crate::rules::api::{calendar, options, place, slot};
use crate::rules::compiled::Compiled;
use crate::rules::engine::{self, Native};
use crate::rules::names;
use crate::rules::source::Defined;
use crate::rules::words::{self, Word};

/// The words that are called, as they are written: the tree of a function without a name is hidden in its value.
pub(super) fn misspelt(script: &Compiled) -> Vec<Wrong> {
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
    unknown.take(FAULTS_MAX).filter_map(near).collect()
}

/// What rules can call.
fn callable() -> impl Iterator<Item = &'static Word> + Clone {
    words::functions().chain(words::methods().filter(|(of, _)| *of != "plan").map(|(_, word)| word))
}

/// What is wrong with the values that a function of the rules' own is given as they are written.
pub(super) fn wrong_values(looked: &Looked<'_>, call: &FnCallExpr) -> Option<String> {
    let script = looked.script;
    let is_own = call.op_token.is_none() && script.outline.function(&call.name).is_none();
    let word = callable().find(|word| is_own && word.has_name(&call.name))?;
    let texts: Vec<String> = call.args.iter().flat_map(literal_texts).collect();
    match word.name {
        "on" => number_of_weekday(call).or_else(|| texts.iter().find_map(|day| sentence_of(place::read_weekday(day)))),
        "not_on" | "also_on" => {
            number_of_weekday(call).or_else(|| texts.iter().find_map(|day| sentence_of(place::read_named(day))))
        }
        "at" | "not_at" => {
            texts.iter().find_map(|zeit| place::misspelt_slot(&zeit.trim().to_lowercase(), &looked.known.slots))
        }
        "date" | "from" | "up_to" | "not_between" => texts.iter().find_map(|day| sentence_of(calendar::read_date(day))),
        "slot" => match texts.as_slice() {
            [name, from, to] => sentence_of(slot::made(name, from, to)),
            _ => None,
        },
        "cutoff" => texts.iter().find_map(|time| sentence_of(slot::read_time(time))),
        "option" => texts.iter().find_map(|name| {
            let is_declared = script.options.iter().any(|option| option.name == *name);
            (!is_declared).then(|| options::unknown(name, &script.options))
        }),
        _ => None,
    }
}

/// What is wrong with a number that stands for a day of the week.
fn number_of_weekday(call: &FnCallExpr) -> Option<String> {
    call.args.iter().find_map(|argument| match argument {
        Expr::IntegerConstant(number, _) => sentence_of(place::count_weekday(*number)),
        _ => None,
    })
}

/// What is wrong with the number of arguments. A method's value counts among them for the rules' words, and not for
/// functions of the script.
pub(super) fn wrong_count(looked: &Looked<'_>, call: &FnCallExpr, count: usize, is_method: bool) -> Option<String> {
    let name = call.name.as_str();
    if call.op_token.is_some() || names::is_of_language(name) {
        return None;
    }
    let word = callable().find(|word| word.has_name(name));
    let takes = |word: &Word| looked.arities.get(word.name).is_some_and(|counts| counts.contains(&count));
    if word.is_some_and(takes) {
        return None;
    }
    let given = call.args.len();
    let plural = if given == 1 { "" } else { "s" };
    let sentence = format!("{name} is given {given} argument{plural}; write ");
    let own: Vec<_> = looked.script.ast.iter_functions().filter(|function| function.name == name).collect();
    match (own.first(), word) {
        (Some(_), _) if own.iter().any(|function| function.params.len() == given) => None,
        // A function of a type may be called as a method of anything.
        (Some(function), _) if !is_method => Some(format!("{sentence}{name}({})", function.params.join(", "))),
        (Some(_), _) | (None, None) => None,
        (None, Some(word)) => Some(format!("{sentence}{}", word.usage(name))),
    }
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
