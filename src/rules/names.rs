//! The words that scripts can use, and the nearest right one for a misspelt one.

use super::source::Outline;

/// A function that the engine calls: its name, how many parameters it has, how it is written.
pub(super) struct Hook {
    pub name: &'static str,
    pub parameters: usize,
    pub usage: &'static str,
}

pub(super) const SLOTS: Hook = Hook { name: "slots", parameters: 2, usage: "slots(day, slots)" };
pub(super) const PLACE: Hook = Hook { name: "place", parameters: 2, usage: "place(task, today)" };
pub(super) const CATEGORIES: Hook = Hook { name: "categories", parameters: 0, usage: "categories()" };
pub(super) const OPTIONS: Hook = Hook { name: "options", parameters: 0, usage: "options()" };
pub(super) const DESCRIBE: Hook = Hook { name: "describe", parameters: 0, usage: "describe()" };

pub(super) const HOOKS: &[&Hook] = &[&SLOTS, &PLACE, &CATEGORIES, &OPTIONS, &DESCRIBE];

/// Constants that every function sees, and the hooks' parameters as the documentation names them.
pub(super) const VARIABLES: &[&str] =
    &["weekdays", "weekends", "werktage", "wochenenden", "task", "today", "day", "slots"];

/// Functions of the rules and how each is written.
const FUNCTIONS: &[(&str, &str)] = &[
    ("slot", r#"slot("name", "HH:MM", "HH:MM")"#),
    ("on", r#"on(weekdays), on(weekends) or on(["mo", "di"])"#),
    ("anywhere", "anywhere()"),
    ("never", r#"never("reason")"#),
    ("date", r#"date("24.12.2025") or date(2025, 12, 24)"#),
    ("easter", "easter(2025)"),
];

/// Methods by the type that has them, and how each is written.
const METHODS: &[(&str, &str, &str)] = &[
    ("slot", "cutoff", r#".cutoff("HH:MM")"#),
    ("slot", "manual", ".manual()"),
    ("slot", "auto", ".auto()"),
    ("constraint", "at", r#".at("morgens") or .at(["morgens", "abends"])"#),
    ("constraint", "from", r#".from(date("24.12.2025"))"#),
    ("constraint", "up_to", r#".up_to(date("24.12.2025"))"#),
    ("constraint", "because", r#".because("text")"#),
];

/// Properties by the type that has them, then their other names, which are proposed last.
const PROPERTIES: &[(&str, &[&str], &[&str])] = &[
    (
        "task",
        &["number", "id", "file", "title", "kategorie", "tags", "deadline", "body"],
        &["nummer", "datei", "titel", "category", "inhalt"],
    ),
    (
        "day",
        &["date", "weekday", "weekend", "week", "index", "year", "month", "day"],
        &["datum", "wochentag", "wochenende", "woche", "jahr", "monat", "tag"],
    ),
    (
        "date",
        &["weekday", "weekend", "week", "year", "month", "day"],
        &["wochentag", "wochenende", "woche", "jahr", "monat", "tag"],
    ),
    ("slot", &["name", "from", "to", "cutoff", "auto"], &["zeit", "von", "bis"]),
];

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
    if let Some((_, _, usage)) = METHODS.iter().find(|(of, method, _)| *method == name && *of == receiver) {
        return format!("{name} does not take ({arguments}); write {usage}");
    }
    if let Some((_, usage)) = FUNCTIONS.iter().find(|(function, _)| *function == name) {
        return format!("{name} does not take ({arguments}); write {usage}");
    }
    let methods = METHODS.iter().filter(|(of, ..)| *of == receiver).map(|(_, method, _)| *method);
    if let Some(method) = nearest(name, methods) {
        return format!("a {receiver} has no method {name}; did you mean {method}?");
    }
    let known = FUNCTIONS.iter().map(|(function, _)| *function).chain(LANGUAGE.iter().copied());
    let known = known.chain(outline.functions().map(|function| function.name.as_str()));
    if let Some((of, ..)) = METHODS.iter().find(|(_, method, _)| *method == name) {
        return format!("{name} is a method of a {of}; it does not take ({arguments})");
    }
    if known.clone().any(|function| function == name) {
        return format!("{name} does not take ({arguments})");
    }
    suggest(format!("there is no function {name}"), name, known)
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
        "integer" => "an integer".to_owned(),
        other => format!("a {other}"),
    }
}

/// What to say of a variable that is not there.
pub(super) fn unknown_variable(name: &str, outline: &Outline) -> String {
    if let Some((_, usage)) = FUNCTIONS.iter().find(|(function, _)| *function == name) {
        return format!("{name} is a function; write {usage}");
    }
    if outline.defines_variable(name) || VARIABLES.contains(&name) {
        return format!("{name} is not known here: functions see only their parameters and their own variables");
    }
    suggest(format!("there is no variable {name}"), name, VARIABLES.iter().copied())
}

/// What to say of Rhai's complaint about a property, which quotes the property and the type.
pub(super) fn unknown_property(complaint: &str) -> String {
    let mut quoted = complaint.split('\'').skip(1).step_by(2);
    let (Some(property), Some(of)) = (quoted.next(), quoted.next()) else { return complaint.to_owned() };
    let (of, kind) = (with_article(of), of);
    let sentence = format!("{of} has no property {property}");
    let Some((_, names, other_names)) = PROPERTIES.iter().find(|(known, ..)| *known == kind) else { return sentence };
    if names.iter().chain(*other_names).any(|known| *known == property) {
        return format!("the property {property} of {of} cannot be changed");
    }
    let near = nearest(property, names.iter().copied()).or_else(|| nearest(property, other_names.iter().copied()));
    match near {
        Some(near) => format!("{sentence}; did you mean {near}?"),
        None => sentence,
    }
}
