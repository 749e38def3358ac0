//! Options: what a script lets its user set, as it declares and reads it.

use std::collections::BTreeMap;
use std::rc::Rc;

use rhai::{Array, Dynamic};

use super::Surroundings;
use super::calendar::{Date, read_date};
use crate::domain::date;
use crate::domain::script::{DeclaredOption, OptionKind, OptionValue};
use crate::rules::engine::{Native, fail, shortened};
use crate::rules::names;
use crate::rules::vocabulary::Vocabulary;

const NAME_CHARS_MAX: usize = 32;
const TEXT_CHARS_MAX: usize = 500;
const CHOICES_MAX: usize = 64;
pub(in crate::rules) const OPTIONS_MAX: usize = 32;

/// An option while it is declared: its value is the default.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Declared(pub DeclaredOption);

pub(super) fn register(words: &mut Vocabulary<'_>, surroundings: &Rc<Surroundings>) {
    words.engine.register_type_with_name::<Declared>("option");
    words
        .function("flag", |name: &str, default: bool| declared(name, OptionKind::Flag, &OptionValue::Flag(default)))
        .function("number", |name: &str, default: i64| {
            declared(name, OptionKind::Number { between: None }, &OptionValue::Number(default))
        })
        .function("text", |name: &str, default: &str| {
            declared(name, OptionKind::Text, &OptionValue::Text(default.to_owned()))
        })
        .function("choice", declare_choice)
        .function("day", |name: &str, default: &str| declare_day(name, read_date(default)?))
        .function("day", declare_day)
        .method("option", "label", |option: Declared, label: &str| {
            Declared(DeclaredOption { label: Some(shortened(label)), ..option.0 })
        })
        .method("option", "between", between);
    let surroundings = Rc::clone(surroundings);
    words.function("option", move |name: &str| read_option(name, &surroundings));
}

/// Whether `options()` can have declared this and somebody set its value so.
pub(in crate::rules) fn is_declared(option: &DeclaredOption) -> bool {
    let fits = |value: &OptionValue| accepted(&option.kind, value).as_ref() == Ok(value);
    let is_kind = match &option.kind {
        OptionKind::Choice { among } => {
            (1..=CHOICES_MAX).contains(&among.len()) && among.iter().all(|text| text.chars().count() <= TEXT_CHARS_MAX)
        }
        OptionKind::Number { between: Some((least, most)) } => least <= most,
        OptionKind::Number { between: None } | OptionKind::Flag | OptionKind::Text | OptionKind::Day => true,
    };
    is_name(&option.name) && is_kind && fits(&option.default) && fits(&option.value)
}

fn is_name(name: &str) -> bool {
    let wordly = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && name.chars().all(wordly)
}

fn declared(name: &str, kind: OptionKind, default: &OptionValue) -> Native<Declared> {
    if !is_name(name) {
        return fail(format!("an option's name is a word of at most {NAME_CHARS_MAX} letters, digits, - and _"));
    }
    let value = match accepted(&kind, default) {
        Ok(value) => value,
        Err(reason) => return fail(format!("the default of option '{name}' {reason}")),
    };
    Ok(Declared(DeclaredOption { name: name.to_owned(), label: None, kind, default: value.clone(), value }))
}

fn declare_choice(name: &str, among: Array, default: &str) -> Native<Declared> {
    if among.is_empty() || among.len() > CHOICES_MAX {
        return fail(format!("choice('{name}', …) is one of 1 to {CHOICES_MAX} texts"));
    }
    let read = |item: Dynamic| match item.into_immutable_string() {
        Ok(text) => Ok(text.to_string()),
        Err(found) => fail(format!("choice('{name}', …) is among texts, not {}", names::with_article(found))),
    };
    if among.iter().any(|item| item.as_immutable_string_ref().is_ok_and(|text| text.chars().count() > TEXT_CHARS_MAX)) {
        return fail(format!("choice('{name}', …) is among texts of at most {TEXT_CHARS_MAX} characters"));
    }
    let among = among.into_iter().map(read).collect::<Native<Vec<String>>>()?;
    declared(name, OptionKind::Choice { among }, &OptionValue::Text(default.to_owned()))
}

fn declare_day(name: &str, default: Date) -> Native<Declared> {
    declared(name, OptionKind::Day, &OptionValue::Text(date::to_text(default.0)))
}

fn between(option: Declared, least: i64, most: i64) -> Native<Declared> {
    let Declared(option) = option;
    match option.kind {
        OptionKind::Number { .. } if least > most => fail(format!("no number lies between {least} and {most}")),
        OptionKind::Number { .. } => {
            let kind = OptionKind::Number { between: Some((least, most)) };
            let label = option.label;
            Ok(Declared(DeclaredOption { label, ..declared(&option.name, kind, &option.default)?.0 }))
        }
        other => fail(format!("between(…) is for numbers; option '{}' is a {}", option.name, other.word())),
    }
}

/// The value in the form that it is kept in, or why the kind does not take it: the end of a sentence that begins
/// with the option.
fn accepted(kind: &OptionKind, value: &OptionValue) -> Result<OptionValue, String> {
    match (kind, value) {
        (OptionKind::Flag, OptionValue::Flag(_)) => Ok(value.clone()),
        (OptionKind::Flag, _) => Err("is true or false".to_owned()),
        (OptionKind::Number { between }, OptionValue::Number(number)) => match between {
            Some((least, most)) if !(least..=most).contains(&number) => {
                Err(format!("is a number from {least} to {most}, not {number}"))
            }
            Some(_) | None => Ok(value.clone()),
        },
        (OptionKind::Number { .. }, _) => Err("is a whole number".to_owned()),
        (OptionKind::Text, OptionValue::Text(text)) if text.chars().count() <= TEXT_CHARS_MAX => Ok(value.clone()),
        (OptionKind::Text, _) => Err(format!("is a text of at most {TEXT_CHARS_MAX} characters")),
        (OptionKind::Choice { among }, OptionValue::Text(text)) if among.contains(text) => Ok(value.clone()),
        (OptionKind::Choice { among }, OptionValue::Text(text)) => {
            let sentence = format!("is one of {}, not {}", among.join(", "), shortened(text));
            Err(names::suggest(sentence, text, among.iter().map(String::as_str)))
        }
        (OptionKind::Choice { among }, _) => Err(format!("is one of {}", among.join(", "))),
        (OptionKind::Day, OptionValue::Text(text)) => match date::parse_lenient(text) {
            Some(date) => Ok(OptionValue::Text(date::to_text(date))),
            None => Err(format!("is a date such as 24.12.2025, not {}", shortened(text))),
        },
        (OptionKind::Day, _) => Err("is a date such as 24.12.2025".to_owned()),
    }
}

/// The options of what `options()` returned; `Err` says what else it was. `named` is a type in the words of scripts.
pub(in crate::rules) fn read_declared(
    answer: Dynamic,
    named: impl Fn(&str) -> String,
) -> Result<Vec<DeclaredOption>, String> {
    const WANTED: &str = "options must return a list such as [flag(\"name\", true)]";
    let list: Array = answer.into_array().map_err(|found| format!("{WANTED}, but returned {}", named(found)))?;
    if list.len() > OPTIONS_MAX {
        return Err(format!("a script has at most {OPTIONS_MAX} options, not {}", list.len()));
    }
    let mut options: Vec<DeclaredOption> = Vec::new();
    for (index, item) in list.into_iter().enumerate() {
        let found = item.type_name();
        let Some(Declared(option)) = item.try_cast::<Declared>() else {
            return Err(format!("{WANTED}, but item {} is {}", index + 1, named(found)));
        };
        if options.iter().any(|earlier| earlier.name == option.name) {
            return Err(format!("two options are named '{}'", option.name));
        }
        options.push(option);
    }
    Ok(options)
}

/// The options with the values that their user set; `Err` says which of these none takes.
pub(in crate::rules) fn set_values(
    mut options: Vec<DeclaredOption>,
    values: &BTreeMap<String, OptionValue>,
) -> Result<Vec<DeclaredOption>, String> {
    for (name, value) in values {
        let Some(option) = options.iter_mut().find(|option| option.name == *name) else {
            return Err(unknown(name, &options));
        };
        option.value = accepted(&option.kind, value).map_err(|reason| format!("option '{name}' {reason}"))?;
    }
    Ok(options)
}

fn read_option(name: &str, surroundings: &Surroundings) -> Native<Dynamic> {
    let Some(options) = surroundings.options.borrow().clone() else {
        return fail("options() declares the options; it cannot read one");
    };
    let Some(option) = options.iter().find(|option| option.name == name) else {
        return fail(unknown(name, &options));
    };
    match (&option.kind, &option.value) {
        (_, OptionValue::Flag(flag)) => Ok(Dynamic::from(*flag)),
        (_, OptionValue::Number(number)) => Ok(Dynamic::from(*number)),
        (OptionKind::Day, OptionValue::Text(text)) => Ok(Dynamic::from(read_date(text)?)),
        (_, OptionValue::Text(text)) => Ok(Dynamic::from(text.clone())),
    }
}

pub(in crate::rules) fn unknown(name: &str, options: &[DeclaredOption]) -> String {
    let name = shortened(name);
    if options.is_empty() {
        return format!("the script declares no option '{name}': it has no options()");
    }
    let sentence = format!("the script declares no option '{name}'");
    names::suggest(sentence, &name, options.iter().map(|option| option.name.as_str()))
}
