//! What is wrong with rules, for German readers. Errors are made, kept and sent in English; here they are known again.

mod language;
mod running;
mod trials;
mod written;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use super::patterns::{Pair, Patterns, Search};
use super::ready_rules;
use crate::domain::lang::Lang;
use crate::domain::script::RuleError;

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let parts = [AROUND, written::PAIRS, running::PAIRS, trials::PAIRS, language::PAIRS];
    Patterns::new(parts.into_iter().flatten().copied(), fitting)
});

/// What stands around other sentences. These come first: else it would be taken for a part of what is in their holes.
const AROUND: &[Pair] = &[
    // An error of the rules within a plan that a test asks for.
    ("rule script '{}: {}", "Regelskript „{place}: {said}"),
    ("{}; did you mean {}?", "{sentence}; ist {} gemeint?"),
];

/// Types as errors name them: with an article and without, and in German in the first case, the fourth, the third and
/// without an article.
const TYPES: [[&str; 6]; 31] = [
    ["nothing", "nothing", "nichts", "nichts", "nichts", "nichts"],
    ["true or false", "bool", "true oder false", "true oder false", "true oder false", "true oder false"],
    ["weekdays", "weekdays", "weekdays", "weekdays", "weekdays", "weekdays"],
    ["an integer", "integer", "eine ganze Zahl", "eine ganze Zahl", "einer ganzen Zahl", "ganze Zahl"],
    ["a number", "number", "eine Zahl", "eine Zahl", "einer Zahl", "Zahl"],
    ["a string", "string", "ein Text", "einen Text", "einem Text", "Text"],
    ["a char", "char", "ein einzelnes Zeichen", "ein einzelnes Zeichen", "einem einzelnen Zeichen", "Zeichen"],
    ["a list", "list", "eine Liste", "eine Liste", "einer Liste", "Liste"],
    ["a map", "map", "eine Map", "eine Map", "einer Map", "Map"],
    ["a function", "function", "eine Funktion", "eine Funktion", "einer Funktion", "Funktion"],
    ["a range", "range", "ein Bereich", "einen Bereich", "einem Bereich", "Bereich"],
    ["a range=", "range=", "ein Bereich", "einen Bereich", "einem Bereich", "Bereich"],
    ["a blob", "blob", "eine Folge von Bytes", "eine Folge von Bytes", "einer Folge von Bytes", "Bytes"],
    ["a date", "date", "ein Datum", "ein Datum", "einem Datum", "Datum"],
    ["a day", "day", "ein Tag", "einen Tag", "einem Tag", "Tag"],
    ["a slot", "slot", "ein Slot", "einen Slot", "einem Slot", "Slot"],
    ["a constraint", "constraint", "eine Bedingung", "eine Bedingung", "einer Bedingung", "Bedingung"],
    ["a refusal", "refusal", "eine Absage", "eine Absage", "einer Absage", "Absage"],
    ["an option", "option", "eine Option", "eine Option", "einer Option", "Option"],
    ["a task", "task", "eine Aufgabe", "eine Aufgabe", "einer Aufgabe", "Aufgabe"],
    ["a plan", "plan", "ein Plan", "einen Plan", "einem Plan", "Plan"],
    // What the language itself calls values whose type it sees as they are written.
    ["()", "()", "nichts", "nichts", "nichts", "nichts"],
    ["a boolean", "boolean", "true oder false", "true oder false", "true oder false", "true oder false"],
    ["a boolean expression", "", "true oder false", "true oder false", "true oder false", "true oder false"],
    ["an iterable value", "", "eine Liste", "eine Liste", "einer Liste", "Liste"],
    ["a float", "float", "eine Kommazahl", "eine Kommazahl", "einer Kommazahl", "Kommazahl"],
    ["a floating-point number", "", "eine Kommazahl", "eine Kommazahl", "einer Kommazahl", "Kommazahl"],
    ["a character", "", "ein einzelnes Zeichen", "ein einzelnes Zeichen", "einem einzelnen Zeichen", "Zeichen"],
    ["an array", "array", "eine Liste", "eine Liste", "einer Liste", "Liste"],
    ["an object map", "", "eine Map", "eine Map", "einer Map", "Map"],
    ["a text", "text", "ein Text", "einen Text", "einem Text", "Text"],
];

/// What kinds options are of.
const KINDS: [Pair; 5] = [
    ("flag", "ein Schalter"),
    ("number", "eine Zahl"),
    ("text", "ein Text"),
    ("choice", "eine Auswahl"),
    ("day", "ein Tag"),
];

/// What is wrong, in the reader's language; as it is where nobody wrote it in German, as the words that a script throws.
pub fn message(english: &str, lang: Lang) -> Cow<'_, str> {
    let german = match lang {
        Lang::En => None,
        Lang::De => PATTERNS.german(english),
    };
    german.map_or_else(|| ready_rules::said(english, lang), Cow::Owned)
}

/// The whole error in the reader's language: where it is, and what is wrong.
pub fn sentence(error: &RuleError, lang: Lang) -> String {
    if lang == Lang::En {
        return error.to_string();
    }
    let mut sentence = format!("Regelskript „{}“", error.script);
    // Writing to a String never fails.
    if let Some(function) = &error.function {
        let _ = write!(sentence, ", {function}()");
    }
    if let Some(line) = error.line {
        let _ = write!(sentence, ", Zeile {line}");
    }
    if let Some(column) = error.column {
        let _ = write!(sentence, ", Spalte {column}");
    }
    if let Some(task) = &error.task {
        let _ = write!(sentence, ", bei Aufgabe {}", task.id());
    }
    let _ = write!(sentence, ": {}", message(&error.message, lang));
    sentence
}

fn fitting(name: &str, value: &str, search: &Search<'_>) -> Option<String> {
    match name {
        "usage" => Some(value.replace(") or ", ") oder ")),
        "word" => (!value.is_empty() && !value.contains(char::is_whitespace)).then(|| value.to_owned()),
        "number" => value.parse::<f64>().ok().map(|_| value.to_owned()),
        "type" => type_in_case(value, 2),
        "type:a" => type_in_case(value, 3),
        "type:d" => type_in_case(value, 4),
        "types" => types(value),
        "kind" => KINDS.iter().find(|(english, _)| *english == value).map(|(_, german)| (*german).to_owned()),
        "place" => place(value),
        // The language's reasons why something is no number say no more than that.
        "dropped" => Some(String::new()),
        "sentence" => search.german(value).or_else(|| search.german(&lower_first(value))),
        "said" => Some(search.german(value).unwrap_or_else(|| value.to_owned())),
        "returned" => search.german(value).or_else(|| type_in_case(value, 2)),
        _ => None,
    }
}

/// As errors of the language begin where they stand alone.
fn lower_first(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// A type with its article, in the case that is at this place of its row.
fn type_in_case(value: &str, case: usize) -> Option<String> {
    if let Some(row) = TYPES.iter().find(|row| row[0] == value) {
        return Some(row[case].to_owned());
    }
    let name = value.strip_prefix("a ").or_else(|| value.strip_prefix("an "))?;
    (!name.contains(char::is_whitespace)).then(|| format!("etwas vom Typ {name}"))
}

/// The types of what a function is called with, or of what an operator stands between.
fn types(value: &str) -> Option<String> {
    let of_one = |name: &str| match TYPES.iter().find(|row| row[1] == name) {
        Some(row) => Some(row[5].to_owned()),
        None => (!name.contains(char::is_whitespace)).then(|| name.to_owned()),
    };
    let of_some =
        |names: &str| names.split(", ").map(of_one).collect::<Option<Vec<String>>>().map(|all| all.join(", "));
    let parts: Option<Vec<String>> = value.split(" and ").map(of_some).collect();
    Some(parts?.join(" und "))
}

/// Where an error is, as its English sentence begins: the name of a script up to the mark behind it, and what follows.
fn place(value: &str) -> Option<String> {
    let (script, rest) = value.split_once('\'')?;
    let of_part = |part: &str| {
        let number = |word: &str| part.strip_prefix(word).filter(|number| number.parse::<u32>().is_ok());
        match (number("line "), number("column "), part.strip_prefix("for task ")) {
            (Some(line), ..) => Some(format!("Zeile {line}")),
            (_, Some(column), _) => Some(format!("Spalte {column}")),
            (.., Some(task)) => Some(format!("bei Aufgabe {task}")),
            (None, None, None) => part.ends_with("()").then(|| part.to_owned()),
        }
    };
    let parts = rest.split(", ").skip(1).map(of_part).collect::<Option<Vec<String>>>()?;
    Some(std::iter::once(format!("{script}“")).chain(parts).collect::<Vec<String>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the German holes in their order.
    fn holes(german: &str) -> Vec<&str> {
        let ends = |rest: &str| rest.find(|c: char| !(c.is_ascii_lowercase() || c == ':'));
        let hole = |(at, _)| {
            let rest = &german[at + 1..];
            let name = &rest[..ends(rest)?];
            rest[name.len()..].starts_with('}').then_some(name)
        };
        german.match_indices('{').filter_map(hole).collect()
    }

    /// Something that fits into the hole, in English and in German.
    fn sample(name: &str) -> Pair {
        match name {
            "" => ("x, y", "x, y"),
            "word" => ("xy", "xy"),
            "number" => ("7", "7"),
            "usage" => ("on(x) or on(y)", "on(x) oder on(y)"),
            "type" => ("a string", "ein Text"),
            "type:a" => ("a string", "einen Text"),
            "type:d" => ("a string", "einem Text"),
            "types" => ("integer, string", "ganze Zahl, Text"),
            "kind" => ("choice", "eine Auswahl"),
            "place" => {
                ("mine', f(), line 1, column 2, for task 0003", "mine“, f(), Zeile 1, Spalte 2, bei Aufgabe 0003")
            }
            "dropped" => ("invalid digit", ""),
            "sentence" | "said" | "returned" => ("to terminate this block", ", das diesen Block abschließt"),
            _ => panic!("no hole is called {name}"),
        }
    }

    #[test]
    fn every_pattern_is_found_and_by_no_other_one() {
        let tables = [written::PAIRS, running::PAIRS, trials::PAIRS, language::PAIRS, AROUND];
        for (english, german) in tables.into_iter().flatten() {
            let names = holes(german);
            assert_eq!(english.matches("{}").count(), names.len(), "{english}");
            let (mut said, mut expected) = ((*english).to_owned(), (*german).to_owned());
            for name in names {
                let (value, in_german) = sample(name);
                said = said.replacen("{}", value, 1);
                expected = expected.replacen(&format!("{{{name}}}"), in_german, 1);
            }
            assert_eq!(message(&said, Lang::De), expected, "{said}");
            assert_eq!(message(&said, Lang::En), said);
        }
    }

    #[test]
    fn words_of_scripts_stay_as_they_are() {
        for thrown in ["so nicht", "", "…", "no", "rule script", "there is nothing; did you mean this?"] {
            assert_eq!(message(thrown, Lang::De), thrown);
        }
        assert_eq!(
            message("rule script 'a', place(), line 1: so nicht", Lang::De),
            "Regelskript „a“, place(), Zeile 1: so nicht"
        );
        assert_eq!(message("rule script 'a', elsewhere: so nicht", Lang::De), "rule script 'a', elsewhere: so nicht");
        // Those of ready rules are ours.
        let vacation = "the vacation begins on 5.12.2026, after its end on 2.12.2026; set from and until";
        assert!(message(vacation, Lang::De).starts_with("der Urlaub beginnt am 5.12.2026"));
    }
}
