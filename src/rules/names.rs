//! The words that scripts can use, and the nearest right one for a misspelt one.

use super::source::Outline;
use super::words::{self, Word};
use crate::domain::lang::Phrase;

/// A function that the engine calls: how many parameters it has, how it is written, what it is for.
pub(super) struct Hook {
    pub name: &'static str,
    pub parameters: usize,
    pub usage: &'static str,
    /// The same with parameters that have German names, which are the script's to choose.
    pub german_usage: &'static str,
    /// What it returns; in English as scripts call the type.
    pub result: Phrase,
    /// One sentence.
    pub meaning: Phrase,
}

pub(super) const SLOTS: Hook = Hook {
    name: "slots",
    parameters: 2,
    usage: "slots(day, slots)",
    german_usage: "slots(tag, slots)",
    result: Phrase { en: "list of slots", de: "Liste von Slots" },
    meaning: Phrase {
        en: "The slots of the day, made from those that the scripts before it gave; an empty list closes the day.",
        de: "Die Slots des Tages, gemacht aus denen, die die Skripte davor gaben; eine leere Liste schließt den Tag.",
    },
};
pub(super) const PLACE: Hook = Hook {
    name: "place",
    parameters: 2,
    usage: "place(task, today)",
    german_usage: "place(aufgabe, heute)",
    result: Phrase { en: "constraint or refusal", de: "Bedingung oder Absage" },
    meaning: Phrase {
        en: "Where the open task may go; what all scripts of a list say holds at once.",
        de: "Wohin die offene Aufgabe darf; was alle Skripte einer Liste sagen, gilt zugleich.",
    },
};
pub(super) const CATEGORIES: Hook = Hook {
    name: "categories",
    parameters: 0,
    usage: "categories()",
    german_usage: "categories()",
    result: Phrase { en: "list of strings", de: "Liste von Texten" },
    meaning: Phrase {
        en: "The categories that tasks may have: `arbeit` and `privat` where no script says others.",
        de: "Die Kategorien, die Aufgaben haben dürfen: `arbeit` und `privat`, wenn kein Skript andere nennt.",
    },
};
pub(super) const OPTIONS: Hook = Hook {
    name: "options",
    parameters: 0,
    usage: "options()",
    german_usage: "options()",
    result: Phrase { en: "list of options", de: "Liste von Optionen" },
    meaning: Phrase { en: "What the script's user may set.", de: "Was sich an dem Skript einstellen lässt." },
};
pub(super) const DESCRIBE: Hook = Hook {
    name: "describe",
    parameters: 0,
    usage: "describe()",
    german_usage: "describe()",
    result: Phrase { en: "string", de: "Text" },
    meaning: Phrase {
        en: "What the script is for, in a sentence or two, for whoever chooses it.",
        de: "Wozu das Skript da ist, in ein, zwei Sätzen, für alle, die es auswählen.",
    },
};

pub(super) const HOOKS: &[&Hook] = &[&SLOTS, &PLACE, &CATEGORIES, &OPTIONS, &DESCRIBE];

/// Constants that every function sees, and the hooks' parameters as the documentation names them.
pub(super) const VARIABLES: &[&str] =
    &["weekdays", "weekends", "werktage", "wochenenden", "task", "today", "day", "slots"];

/// Functions of Rhai that rules are likely to use.
const LANGUAGE: &[&str] = &[
    "len",
    "is_empty",
    "push",
    "insert",
    "remove",
    "pop",
    "shift",
    "append",
    "filter",
    "map",
    "contains",
    "index_of",
    "find",
    "some",
    "all",
    "reduce",
    "sort",
    "reverse",
    "keys",
    "values",
    "to_string",
    "to_upper",
    "to_lower",
    "trim",
    "starts_with",
    "ends_with",
    "split",
    "sub_string",
    "replace",
    "abs",
    "min",
    "max",
    "to_int",
    "parse_int",
    "range",
    "retain",
    "drain",
    "extract",
    "type_of",
];

/// Other functions and properties of Rhai: known, but not proposed.
const LANGUAGE_RARELY: &[&str] = &[
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "bits",
    "bytes",
    "ceiling",
    "chars",
    "chop",
    "clear",
    "concat",
    "cos",
    "cosh",
    "crop",
    "debug",
    "dedup",
    "end",
    "exit",
    "exp",
    "fill_with",
    "find_map",
    "floor",
    "for_each",
    "fraction",
    "get",
    "hypot",
    "int",
    "is_def_fn",
    "is_def_var",
    "is_even",
    "is_exclusive",
    "is_finite",
    "is_inclusive",
    "is_infinite",
    "is_nan",
    "is_odd",
    "is_shared",
    "is_zero",
    "ln",
    "log",
    "make_lower",
    "make_upper",
    "merge",
    "mixin",
    "order",
    "order_by",
    "order_desc",
    "pad",
    "parse_float",
    "parse_json",
    "print",
    "reduce_rev",
    "round",
    "rsplit",
    "set",
    "sign",
    "sin",
    "sinh",
    "sleep",
    "sort_by",
    "sort_desc",
    "splice",
    "split_at",
    "split_rev",
    "sqrt",
    "start",
    "tag",
    "take",
    "tan",
    "tanh",
    "to_binary",
    "to_chars",
    "to_debug",
    "to_degrees",
    "to_float",
    "to_hex",
    "to_octal",
    "to_radians",
    "truncate",
    "zip",
];

/// Whether Rhai knows the word, so that it is not misspelt even where it is refused.
pub(super) fn is_of_language(name: &str) -> bool {
    LANGUAGE.contains(&name) || LANGUAGE_RARELY.contains(&name)
}

/// The longest word for which a nearest one is looked for.
const WORD_CHARS_MAX: usize = 40;

/// The candidate that a person most likely meant, if any is near: one wrong letter in three, and at
/// least one.
pub(super) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    if length > WORD_CHARS_MAX {
        return None;
    }
    let allowed = (length / 3).max(1);
    // Of equally near ones the one that begins alike: people rarely mistype the first letter.
    let alike = |candidate: &str| word.chars().zip(candidate.chars()).take_while(|(a, b)| a == b).count();
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, candidate)| (*distance, std::cmp::Reverse(alike(candidate))))
        .map(|(_, candidate)| candidate)
}

/// The nearest name of these words: the first ones of all go before the other ones.
fn nearest_word(word: &str, among: impl Iterator<Item = &'static Word> + Clone) -> Option<&'static str> {
    nearest(word, among.clone().map(|known| known.name)).or_else(|| nearest(word, among.filter_map(Word::also)))
}

/// The hook that a function was most likely meant as: its name is near, or begins alike.
pub(super) fn nearest_hook(name: &str) -> Option<&'static Hook> {
    const ALIKE: usize = 3;
    let near = nearest(name, HOOKS.iter().map(|hook| hook.name));
    let begins = name.get(..ALIKE);
    let alike = |hook: &Hook| begins.is_some_and(|begins| hook.name.starts_with(begins));
    HOOKS.iter().copied().find(|hook| near == Some(hook.name) || near.is_none() && alike(hook))
}

/// The sentence, with the nearest candidate if one is near.
pub(super) fn suggest<'a>(sentence: String, word: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    match nearest(word, candidates) {
        Some(candidate) => format!("{sentence}; did you mean {candidate}?"),
        None => sentence,
    }
}

/// What to say of a call that no function answers. The signature is Rhai's: `name (type, type)`.
pub(super) fn unknown_function(signature: &str, outline: &Outline) -> String {
    let (name, arguments) = signature.split_once(" (").unwrap_or((signature, ""));
    let arguments = arguments.strip_suffix(')').unwrap_or(arguments);
    let arguments = arguments.split(", ").map(plain_type).collect::<Vec<_>>().join(", ");
    let arguments = arguments.as_str();
    if name.chars().any(|c| !c.is_alphanumeric() && c != '_') {
        return unknown_operator(name, arguments);
    }
    let receiver = arguments.split(", ").next().unwrap_or_default();
    let own = words::methods().filter(|(of, _)| *of == receiver).map(|(_, method)| method);
    let of_tests = words::of_tests().filter(|_| outline.is_of_tests());
    if let Some(word) = own.clone().chain(words::functions()).chain(of_tests.clone()).find(|word| word.has_name(name)) {
        return format!("{name} does not take ({arguments}); write {}", word.usage(name));
    }
    if let Some(method) = nearest_word(name, own.clone()) {
        return format!("{} has no method {name}; did you mean {method}?", with_article(receiver));
    }
    if name == "contains" && receiver == "weekdays" {
        return "weekdays and weekends are for on(…); ask today.weekend, or !today.weekend for Monday to Friday"
            .to_owned();
    }
    if receiver == "constraint" {
        let methods = own.map(|method| method.name).collect::<Vec<_>>().join(", ");
        return format!("a constraint has no method {name}; it has {methods}");
    }
    if let Some((of, _)) = words::methods().find(|(_, method)| method.has_name(name)) {
        return format!("{name} is a method of {}; it does not take ({arguments})", with_article(of));
    }
    let mut known: Vec<&str> =
        words::names(words::functions().chain(of_tests)).chain(LANGUAGE.iter().copied()).collect();
    known.extend(outline.functions().map(|function| function.name.as_str()));
    if known.contains(&name) {
        return format!("{name} does not take ({arguments})");
    }
    suggest(format!("there is no function {name}"), name, known.into_iter())
}

fn unknown_operator(operator: &str, arguments: &str) -> String {
    let sentence = format!("{operator} is not possible between {}", arguments.replace(", ", " and "));
    match arguments.contains("nothing") {
        true => format!("{sentence}; a task without a deadline has (), so ask task.deadline != () first"),
        false => sentence,
    }
}

/// A type's name as people say it.
fn plain_type(name: &str) -> &str {
    match name {
        "()" => "nothing",
        "i64" => "integer",
        "f64" => "number",
        "array" => "list",
        "Fn" => "function",
        text if text.contains("String") => "string",
        other => other,
    }
}

/// A value of the type, in a sentence.
pub(super) fn with_article(type_name: &str) -> String {
    match plain_type(type_name) {
        "nothing" => "nothing".to_owned(),
        "bool" => "true or false".to_owned(),
        "weekdays" => "weekdays".to_owned(),
        vowel if vowel.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {vowel}"),
        other => format!("a {other}"),
    }
}

/// What to say of a variable that is not there.
pub(super) fn unknown_variable(name: &str, outline: &Outline) -> String {
    if let Some(word) = words::functions().find(|word| word.has_name(name)) {
        return format!("{name} is a function; write {}", word.usage(name));
    }
    if outline.defines_variable(name) || VARIABLES.contains(&name) {
        return format!(
            "{name} is not known here: functions see only their parameters and their own variables; \
             hand it over as a parameter, and instead of |x| … use a for loop"
        );
    }
    suggest(format!("there is no variable {name}"), name, VARIABLES.iter().copied())
}

/// What to say of Rhai's complaint about a property, which quotes the property and the type.
pub(super) fn unknown_property(complaint: &str) -> String {
    let mut quoted = complaint.split('\'').skip(1).step_by(2);
    let (Some(property), Some(of)) = (quoted.next(), quoted.next()) else { return complaint.to_owned() };
    if words::properties(of).any(|known| known.has_name(property)) {
        return format!("the property {property} of {} cannot be changed", with_article(of));
    }
    no_property(property, of)
}

/// What to say of a property that values of the type do not have.
pub(super) fn no_property(property: &str, of: &str) -> String {
    let sentence = format!("{} has no property {property}", with_article(of));
    if let Some(near) = nearest_word(property, words::properties(of)) {
        return format!("{sentence}; did you mean {near}?");
    }
    let known = words::properties(of).map(|word| word.name).collect::<Vec<_>>().join(", ");
    if known.is_empty() { sentence } else { format!("{sentence}; it has {known}") }
}

/// What to say of a word behind a dot that the language keeps for itself.
pub(super) fn no_property_name(word: &str) -> String {
    match word {
        "" => "a name must follow the dot".to_owned(),
        "until" => "until is a word of the language; did you mean up_to?".to_owned(),
        word => format!("{word} is a word of the language and cannot follow a dot"),
    }
}

/// What to say of a function that is named by a word that the language keeps for itself.
pub(super) fn no_function_name(word: &str) -> String {
    format!("{word} is a word of the language; choose another name for the function")
}

/// What to say of a value where one of another type must stand; both with their article.
pub(super) fn wrong_type(wanted: &str, found: &str) -> String {
    let sentence = format!("here must stand {wanted}, not {found}");
    match found {
        "a constraint" => format!(
            "{sentence}; constraints are combined by methods, as in on(weekdays).at(\"morgens\"), \
             and days by a list, as in on([\"mo\", \"di\"])"
        ),
        _ => sentence,
    }
}
