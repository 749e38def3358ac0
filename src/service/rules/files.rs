//! A list of rules as files of a folder `rules`: a script each, and the list itself with its order and options.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::list::{self, RuleFields, is_name};
use crate::domain::lang::{Phrase, Sentence};
use crate::domain::script::{OptionValue, RuleEntry};
use crate::store::Entries;

/// The folder's name.
pub const FOLDER: &str = "rules";

/// The file that has the order, the options and the names of the library's scripts.
pub(in crate::service) const LIST: &str = "rules.json";
const ENDING: &str = ".rhai";

const NOT_A_NAME: Phrase = Phrase {
    en: "its name is not 1 to 64 of a-z, 0-9 and - before .rhai",
    de: "ihr Name besteht vor .rhai nicht aus 1 bis 64 von a-z, 0-9 und -",
};
/// Files of tests beside the scripts.
const TEST_ENDING: &str = ".test.rhai";

/// Names and bytes of a folder's files.
pub type RuleFiles = BTreeMap<String, Vec<u8>>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListFile {
    rules: Vec<PlaceFile>,
}

/// A place in the list: a script of the library, or one of a file beside.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceFile {
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    library: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    options: BTreeMap<String, OptionFile>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum OptionFile {
    Flag(bool),
    Number(i64),
    Text(String),
}

/// Whether a file of the folder is part of the list, by its name; else why not, if it looks as if it were meant to be.
pub fn considered(name: &str) -> Option<Result<(), Phrase>> {
    if name == LIST {
        return Some(Ok(()));
    }
    let stem = name.strip_suffix(TEST_ENDING).or_else(|| name.strip_suffix(ENDING))?;
    Some(if is_name(stem) { Ok(()) } else { Err(NOT_A_NAME) })
}

/// The files of a list. The same list gives the same bytes.
pub fn files_of(entries: &[RuleEntry]) -> Vec<(String, Vec<u8>)> {
    let option = |(name, value): (&String, &OptionValue)| {
        let value = match value {
            OptionValue::Flag(flag) => OptionFile::Flag(*flag),
            OptionValue::Number(number) => OptionFile::Number(*number),
            OptionValue::Text(text) => OptionFile::Text(text.clone()),
        };
        (name.clone(), value)
    };
    let place = |entry: &RuleEntry| {
        let options = entry.options().iter().map(option).collect();
        let (library, file) = match entry.source() {
            None => (Some(entry.name().to_owned()), None),
            Some(_) => (None, Some(format!("{}{ENDING}", entry.name()))),
        };
        PlaceFile { library, file, options }
    };
    let list = list_file(entries.iter().map(place).collect());
    let scripts = entries.iter().flat_map(|entry| {
        let texts = [(entry.source(), ENDING), (entry.tests(), TEST_ENDING)];
        let file = |(text, ending): (Option<&str>, &str)| {
            Some((format!("{}{ending}", entry.name()), text?.as_bytes().to_vec()))
        };
        texts.map(file).into_iter().flatten()
    });
    scripts.chain([(LIST.to_owned(), list)]).collect()
}

/// Takes out of the list what it says of scripts that are not there, and the list itself if it has nothing else.
pub(in crate::service) fn leave_out_missing(files: &mut RuleFiles) {
    let Some(list) = files.get(LIST).and_then(|raw| serde_json::from_slice::<ListFile>(raw).ok()) else { return };
    let is_there = |place: &PlaceFile| place.file.as_ref().is_none_or(|file| files.contains_key(file));
    let rules: Vec<PlaceFile> = list.rules.into_iter().filter(is_there).collect();
    if rules.is_empty() {
        files.remove(LIST);
    } else {
        files.insert(LIST.to_owned(), list_file(rules));
    }
}

fn list_file(rules: Vec<PlaceFile>) -> Vec<u8> {
    // Plain values have nothing that could fail.
    let mut list = serde_json::to_vec_pretty(&ListFile { rules }).unwrap_or_default();
    list.push(b'\n');
    list
}

/// Leaves the list itself out where the scripts alone are the same list, and there is none in the folder yet.
pub(in crate::service) fn leave_out_list(wanted: &mut RuleFiles, there: &RuleFiles, entries: Option<&Entries>) {
    if there.contains_key(LIST) {
        return;
    }
    if let Some(list) = wanted.remove(LIST)
        && (wanted.is_empty() || list_of(wanted).ok().as_ref() != entries)
    {
        wanted.insert(LIST.to_owned(), list);
    }
}

/// The list that files are; scripts that it does not name follow in the order of their names, as all do where there
/// is no list.
///
/// # Errors
/// A sentence that says what is wrong.
pub(in crate::service) fn list_of(files: &RuleFiles) -> Result<Entries, Sentence> {
    let not_text = |name: &str| Sentence { en: format!("{name} is not UTF-8"), de: format!("{name} ist nicht UTF-8") };
    let text = |name: &str, raw: &[u8]| String::from_utf8(raw.to_vec()).map_err(|_| not_text(name));
    let mut scripts: BTreeMap<&str, &Vec<u8>> = files.iter().map(|(name, raw)| (name.as_str(), raw)).collect();
    let places = match scripts.remove(LIST) {
        Some(raw) => serde_json::from_slice::<ListFile>(raw).map_err(|error| not_a_list(&error))?.rules,
        None => Vec::new(),
    };
    let (mut tests, mut scripts): (BTreeMap<&str, &Vec<u8>>, BTreeMap<_, _>) =
        scripts.into_iter().partition(|(name, _)| name.ends_with(TEST_ENDING));
    let mut tests_of = |name: &str| {
        let file = format!("{name}{TEST_ENDING}");
        tests.remove(file.as_str()).map(|raw| text(&file, raw)).transpose()
    };
    let mut fields = Vec::new();
    for PlaceFile { library, file, options } in places {
        let options = options.into_iter().map(|(name, value)| (name, value.into())).collect();
        let script = match &file {
            Some(file) => {
                let raw = scripts.remove(file.as_str());
                Some(text(file, raw.ok_or_else(|| not_there(file))?)?)
            }
            None => None,
        };
        let name = file.map(|file| file.trim_end_matches(ENDING).to_owned());
        let tests = name.as_deref().map(&mut tests_of).transpose()?.flatten();
        fields.push(RuleFields { library, name, script, tests, options });
    }
    for (file, raw) in scripts {
        let (name, script) = (file.trim_end_matches(ENDING).to_owned(), text(file, raw)?);
        let tests = tests_of(&name)?;
        fields.push(RuleFields { name: Some(name), script: Some(script), tests, ..RuleFields::default() });
    }
    if let Some(file) = tests.keys().next() {
        return Err(Sentence {
            en: format!("{file} has the tests of a script that is not there"),
            de: format!("{file} enthält die Tests eines Skripts, das es nicht gibt"),
        });
    }
    list::entries(fields).map_err(|refusal| Sentence::of(|lang| refusal.text(lang)))
}

fn not_a_list(error: &serde_json::Error) -> Sentence {
    Sentence { en: format!("{LIST}: {error}"), de: format!("{LIST}: kein lesbares JSON ({error})") }
}

fn not_there(file: &str) -> Sentence {
    Sentence {
        en: format!("{LIST} names {file}, which is not there or twice"),
        de: format!("{LIST} nennt {file}, das es nicht oder doppelt gibt"),
    }
}

impl From<OptionFile> for OptionValue {
    fn from(value: OptionFile) -> OptionValue {
        match value {
            OptionFile::Flag(flag) => OptionValue::Flag(flag),
            OptionFile::Number(number) => OptionValue::Number(number),
            OptionFile::Text(text) => OptionValue::Text(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::script::Script;

    fn own(name: &str, options: &[(&str, OptionValue)]) -> RuleEntry {
        let options = options.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        RuleEntry::Own {
            script: Script { name: name.to_owned(), source: format!("// {name}\n"), options },
            tests: None,
        }
    }

    fn files(files: &[(&str, &str)]) -> RuleFiles {
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_list_comes_back_from_its_files() {
        let set =
            [("c", OptionValue::Flag(true)), ("d", OptionValue::Number(-1)), ("e", OptionValue::Text("1".into()))];
        let library = RuleEntry::Library { name: "spartan".to_owned(), options: BTreeMap::new() };
        let mut tested = own("a", &[]);
        if let RuleEntry::Own { tests, .. } = &mut tested {
            *tests = Some("// tests\n".to_owned());
        }
        let entries = [own("b", &set), library, tested];
        let written = files_of(&entries);
        let names: Vec<&str> = written.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["b.rhai", "a.rhai", "a.test.rhai", "rules.json"]);
        assert!(names.iter().all(|name| considered(name) == Some(Ok(()))));
        assert_eq!(list_of(&written.into_iter().collect()).as_deref(), Ok(&entries[..]));
    }

    #[test]
    fn files_without_a_list_are_one_in_the_order_of_their_names() {
        let read = list_of(&files(&[("b.rhai", "// b\n"), ("a.rhai", "// a\n")]));
        assert_eq!(read.as_deref(), Ok(&[own("a", &[]), own("b", &[])][..]));
        let list = r#"{"rules": [{"file": "b.rhai"}]}"#;
        let read = list_of(&files(&[("b.rhai", "// b\n"), ("a.rhai", "// a\n"), ("rules.json", list)]));
        assert_eq!(read.as_deref(), Ok(&[own("b", &[]), own("a", &[])][..]));
    }

    #[test]
    fn what_is_no_list_is_said() {
        for (list, said) in [
            ("{", "rules.json: EOF"),
            (r#"{"rules": [{"file": "c.rhai"}]}"#, "names c.rhai, which is not there"),
            (r#"{"rules": [{"file": "a.rhai"}, {"file": "a.rhai"}]}"#, "or twice"),
            (r#"{"rules": [{"use": "spartn"}]}"#, "spartan"),
            (r#"{"rules": [{"use": "spartan", "file": "a.rhai"}]}"#, "together"),
            (r#"{"rules": [{"use": "spartan", "x": 1}]}"#, "unknown field"),
        ] {
            let error = list_of(&files(&[("a.rhai", ""), ("rules.json", list)])).unwrap_err();
            assert!(error.en.contains(said), "{list}: {error:?}");
        }
        let binary = RuleFiles::from([("a.rhai".to_owned(), vec![0xff])]);
        assert!(list_of(&binary).unwrap_err().en.contains("UTF-8"));
        assert!(list_of(&RuleFiles::new()).is_err());
        let stray = files(&[("a.rhai", ""), ("b.test.rhai", "")]);
        assert_eq!(list_of(&stray).unwrap_err().en, "b.test.rhai has the tests of a script that is not there");
        assert_eq!((considered("a.test.rhai"), considered("a.md")), (Some(Ok(())), None));
        assert!(matches!(considered("../a.rhai"), Some(Err(_))) && matches!(considered("A.rhai"), Some(Err(_))));
    }
}
