//! The file: TOML in, values of known keys out, each with the place where it stands.

use std::cmp::Reverse;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{KEYS, Key, Takes};

/// A key's value in the file.
pub(super) struct Entry {
    pub key: &'static Key,
    pub values: Vec<String>,
    /// Where the value begins, in bytes.
    pub at: usize,
}

/// What is wrong with a file, and where in it, in bytes.
pub(super) struct Fault {
    pub at: usize,
    pub detail: String,
}

/// Reads a file.
///
/// # Errors
/// The first fault in it.
pub(super) fn entries(text: &str) -> Result<Vec<Entry>, Fault> {
    let table = DeTable::parse(text).map_err(|error| Fault {
        at: error.span().map_or(0, |span| span.start),
        detail: format!("this is not TOML: {}", error.message()),
    })?;
    let (mut entries, mut faults) = (Vec::new(), Vec::new());
    for (name, value) in table.get_ref() {
        match value.get_ref() {
            DeValue::Table(below) if is_table(name.get_ref()) => {
                for (inner, value) in below {
                    let full = format!("{}.{}", name.get_ref(), inner.get_ref());
                    sort(read(&full, inner, value), &mut entries, &mut faults);
                }
            }
            _ => sort(read(name.get_ref(), name, value), &mut entries, &mut faults),
        }
    }
    match faults.into_iter().min_by_key(|fault: &Fault| fault.at) {
        Some(first) => Err(first),
        None => Ok(entries),
    }
}

fn sort(read: Result<Entry, Fault>, entries: &mut Vec<Entry>, faults: &mut Vec<Fault>) {
    match read {
        Ok(entry) => entries.push(entry),
        Err(fault) => faults.push(fault),
    }
}

fn is_table(name: &str) -> bool {
    KEYS.iter().any(|key| key.place().0 == Some(name))
}

fn read(full: &str, name: &Spanned<impl AsRef<str>>, value: &Spanned<DeValue<'_>>) -> Result<Entry, Fault> {
    // A dot in quotes is no table.
    let is_plain = !name.get_ref().as_ref().contains('.');
    let Some(key) = KEYS.iter().find(|key| key.name == full && is_plain) else {
        let detail = match is_table(full) {
            true => format!("{full} is a table; write [{full}] and its keys below"),
            false => unknown(full),
        };
        return Err(Fault { at: name.span().start, detail });
    };
    let values = match (&key.takes, value.get_ref()) {
        (Takes::Text(_) | Takes::TextOrNumber(_) | Takes::Path(_), DeValue::String(text)) => {
            vec![text.clone().into_owned()]
        }
        (Takes::Number(_) | Takes::TextOrNumber(_), DeValue::Integer(number)) => {
            let read = i128::from_str_radix(number.as_str(), number.radix());
            vec![read.map_or_else(|_| number.as_str().to_owned(), |number| number.to_string())]
        }
        (Takes::Flag(_), DeValue::Boolean(flag)) => vec![flag.to_string()],
        (Takes::List(_), DeValue::Array(items)) => {
            let text = |item: &Spanned<DeValue<'_>>| {
                item.get_ref().as_str().map(str::to_owned).ok_or_else(|| wrong_type(key, item))
            };
            items.iter().map(text).collect::<Result<_, _>>()?
        }
        _ => return Err(wrong_type(key, value)),
    };
    Ok(Entry { key, values, at: value.span().start })
}

fn wrong_type(key: &Key, value: &Spanned<DeValue<'_>>) -> Fault {
    let (found, example) = (value.get_ref().type_str(), key.example);
    let name = key.place().1;
    Fault { at: value.span().start, detail: format!("{} takes no {found}; write {name} = {example}", key.name) }
}

/// What to say of a key that nobody knows.
fn unknown(full: &str) -> String {
    let asked = full.to_lowercase().replace('-', "_");
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |name: &str| {
        let whole = strsim::damerau_levenshtein(&asked, name);
        whole.min(strsim::damerau_levenshtein(&last(&asked), &last(name)))
    };
    let allowed = (last(&asked).chars().count() / 3).max(1);
    let tables = KEYS.iter().filter_map(|key| key.place().0);
    // Of equally near ones that of the same table: it begins alike.
    let alike = |name: &str| asked.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
    let near = KEYS.iter().map(|key| key.name).chain(tables).filter(|name| distance(name) <= allowed);
    match near.min_by_key(|name| (distance(name), Reverse(alike(name)))) {
        Some(name) if full.contains('.') && !name.contains('.') => {
            format!("there is no key {full}; did you mean {name}, which stands above all tables?")
        }
        Some(name) => format!("there is no key {full}; did you mean {name}?"),
        None => format!("there is no key {full}; codexmiroir config --default has them all"),
    }
}

/// Line and column of a place, from 1 on, as editors count them.
pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}
