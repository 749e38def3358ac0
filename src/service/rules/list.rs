//! A list of rules as a client sent it, checked for everything but what its scripts say.

use std::collections::BTreeMap;

use crate::domain::lang::Phrase;
use crate::domain::script::{OptionValue, RuleEntry, Script};
use crate::rules::{SCRIPTS_MAX, SOURCE_BYTES_MAX, library, library_names};
use crate::service::error::{Fault, Refusal, repeatable};
use crate::store::Entries;

/// Options that one script is given.
pub(in crate::service) const OPTIONS_MAX: usize = 64;
/// The longest name of a script or an option, in characters.
const NAME_CHARS_MAX: usize = 64;
/// The longest text of an option, in characters.
const TEXT_CHARS_MAX: usize = 1_000;
/// Characters of a wrong name that an error repeats.
const REPEATED_CHARS_MAX: usize = 40;

const NAME: Phrase = Phrase {
    en: "1 to 64 characters of a-z, 0-9 and -; a file gives its script the name before .rhai",
    de: "1 bis 64 Zeichen aus a-z, 0-9 und -; eine Datei gibt ihrem Skript den Namen vor .rhai",
};
const OTHER_NAME: Phrase = Phrase {
    en: "another name for each script of the list, those that are used by name included",
    de: "für jedes Skript der Liste ein anderer Name, auch für die beim Namen genannten",
};
const SCRIPT: Phrase = Phrase { en: "a script of at most 16 KiB", de: "ein Skript von höchstens 16 KiB" };
const OPTIONS: Phrase = Phrase {
    en: "names of 1 to 64 characters with true or false, a whole number, or a text of at most 1000 characters",
    de: "Namen von 1 bis 64 Zeichen mit true oder false, einer ganzen Zahl oder einem Text von höchstens 1000 Zeichen",
};

/// A place in a list as a client sent it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleFields {
    /// The name of a script of the library.
    pub library: Option<String>,
    pub name: Option<String>,
    pub script: Option<String>,
    /// The text of the script's tests.
    pub tests: Option<String>,
    pub options: BTreeMap<String, OptionValue>,
}

/// The list that is meant.
///
/// # Errors
/// What of the request cannot be.
pub(in crate::service) fn entries(fields: Vec<RuleFields>) -> Result<Entries, Refusal> {
    if fields.is_empty() {
        return Err(Refusal::field("rules", Fault::Empty));
    }
    if fields.len() > SCRIPTS_MAX {
        return Err(Refusal::field("rules", Fault::TooMany { count_max: SCRIPTS_MAX }));
    }
    let entries = fields.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let is_twice =
        |(index, entry): (usize, &RuleEntry)| entries[..index].iter().any(|other| other.name() == entry.name());
    match entries.iter().enumerate().any(is_twice) {
        true => Err(Refusal::field("rules.name", Fault::Malformed { expected: OTHER_NAME })),
        false => Ok(entries.into()),
    }
}

fn entry(RuleFields { library, name, script, tests, options }: RuleFields) -> Result<RuleEntry, Refusal> {
    if options.len() > OPTIONS_MAX {
        return Err(Refusal::field("rules.options", Fault::TooMany { count_max: OPTIONS_MAX }));
    }
    let is_option = |(name, value): (&String, &OptionValue)| {
        let fits = match value {
            OptionValue::Flag(_) | OptionValue::Number(_) => true,
            OptionValue::Text(text) => text.chars().count() <= TEXT_CHARS_MAX,
        };
        (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && fits
    };
    if !options.iter().all(is_option) {
        return Err(Refusal::field("rules.options", Fault::Malformed { expected: OPTIONS }));
    }
    match (library, name, script) {
        (Some(_), _, _) if tests.is_some() => {
            Err(Refusal::field("rules.use", Fault::NotTogetherWith { other: "tests" }))
        }
        (Some(name), None, None) => Ok(RuleEntry::Library { name: known(name)?, options }),
        (Some(_), Some(_), _) => Err(Refusal::field("rules.use", Fault::NotTogetherWith { other: "name" })),
        (Some(_), None, Some(_)) => Err(Refusal::field("rules.use", Fault::NotTogetherWith { other: "script" })),
        (None, None, _) => Err(Refusal::field("rules.name", Fault::Missing)),
        (None, Some(_), None) => Err(Refusal::field("rules.script", Fault::Missing)),
        (None, Some(name), Some(source)) => {
            if !is_name(&name) {
                return Err(Refusal::field("rules.name", Fault::Malformed { expected: NAME }));
            }
            if source.len() > SOURCE_BYTES_MAX {
                return Err(Refusal::field("rules.script", Fault::Malformed { expected: SCRIPT }));
            }
            if tests.as_ref().is_some_and(|tests| tests.len() > SOURCE_BYTES_MAX) {
                return Err(Refusal::field("rules.tests", Fault::Malformed { expected: SCRIPT }));
            }
            Ok(RuleEntry::Own { script: Script { name, source, options }, tests })
        }
    }
}

/// Whether a script may be called so.
pub fn is_name(name: &str) -> bool {
    let is_right = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(is_right)
}

/// A name that the library has.
fn known(name: String) -> Result<String, Refusal> {
    if library(&name).is_some() {
        return Ok(name);
    }
    let likeness = |known: &String| strsim::jaro_winkler(&name, known);
    let mut known: Vec<String> = library_names().map(str::to_owned).collect();
    // The nearest first, which is most likely what was meant.
    known.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    let value = repeatable(&name, REPEATED_CHARS_MAX);
    Err(Refusal::field("rules.use", Fault::UnknownWord { value, known }))
}
