//! What the doc comments of types are in German, for the page of the interface. Their schemas bring them in English, so
//! this catalogue has each by its English text.

mod accounts;
mod looking_back;
mod repositories;
mod rules;
mod tasks;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

/// A text in English, with its lines joined, and in German.
type Pair = (&'static str, &'static str);

const PAIRS: [&[Pair]; 5] = [accounts::PAIRS, looking_back::PAIRS, repositories::PAIRS, rules::PAIRS, tasks::PAIRS];

static GERMAN: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| PAIRS.into_iter().flatten().copied().collect());

/// Has each description in these schemas say it in German. One that the catalogue has not stays, which a test forbids.
pub fn translate(schemas: &mut Map<String, Value>) {
    for (key, value) in schemas {
        match value {
            // A field may have this name, too: then it has a schema.
            Value::String(text) if key == "description" => {
                if let Some(german) = GERMAN.get(joined(text).as_str()) {
                    (*german).clone_into(text);
                }
            }
            _ => translate_in(value),
        }
    }
}

fn translate_in(value: &mut Value) {
    match value {
        Value::Object(fields) => translate(fields),
        Value::Array(items) => items.iter_mut().for_each(translate_in),
        _ => {}
    }
}

/// Where the lines of a comment break says nothing.
fn joined(text: &str) -> String {
    text.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::lang::Lang;
    use crate::http::openapi::document::document;
    use crate::http::router::routes;

    /// What a document says to people, with its places.
    fn said(value: &Value, place: &str, found: &mut Vec<(String, String)>) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields.iter().filter(|(key, _)| *key != "example") {
                    let place = format!("{place}/{key}");
                    match value {
                        Value::String(text) if ["description", "summary"].contains(&key.as_str()) => {
                            found.push((place, joined(text)));
                        }
                        _ => said(value, &place, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| said(item, place, found)),
            _ => {}
        }
    }

    /// All that the page shows of the document in this language.
    fn shown(lang: Lang) -> Vec<(String, String)> {
        let document = document(&routes().described, lang);
        let about = document["info"]["description"].as_str().unwrap();
        let mut found = vec![("info".to_owned(), about.to_owned())];
        said(&document["paths"], "", &mut found);
        said(&document["components"]["schemas"], "schemas", &mut found);
        found
    }

    /// The parts of a text that are code, and whether anything else is in it.
    fn code_in(text: &str) -> (Vec<&str>, bool) {
        let (code, words): (Vec<_>, Vec<_>) = text.split('`').enumerate().partition(|(index, _)| index % 2 == 1);
        let mut code: Vec<_> = code.into_iter().map(|(_, part)| part).collect();
        code.sort_unstable();
        (code, words.iter().any(|(_, part)| part.contains(char::is_alphabetic)))
    }

    #[test]
    fn the_page_has_everything_in_german() {
        let (english, german) = (shown(Lang::En), shown(Lang::De));
        assert_eq!(english.len(), german.len());
        assert!(english.len() > 1_500, "{}", english.len());
        let mut faults = Vec::new();
        for ((place, en), (_, de)) in english.iter().zip(&german) {
            let ((code, has_words), (german_code, _)) = (code_in(en), code_in(de));
            if has_words && en == de {
                faults.push(format!("{place} is not in German: {en}"));
            }
            if code != german_code {
                faults.push(format!("{place} has other code in German: {de}"));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn the_catalogue_has_each_text_once_and_none_that_nobody_says() {
        let texts: BTreeSet<_> = shown(Lang::En).into_iter().map(|(_, text)| text).collect();
        let mut known = BTreeSet::new();
        for (english, _) in PAIRS.into_iter().flatten() {
            assert!(texts.contains(*english), "no type says: {english}");
            assert!(known.insert(english), "it is there twice: {english}");
        }
    }
}
