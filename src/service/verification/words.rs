//! What is said of a history that does not lead to what there is.

use super::{Finding, FindingState};
use crate::domain::hex::hex;
use crate::domain::ids::Generation;
use crate::domain::lang::{Phrase, Sentence};
use crate::store::TimelineMark;

const NOT_BY_ITSELF: Phrase = Phrase {
    en: "No use of CodexMiroir does this: look at the disk, run codexmiroir doctor, and restore a backup of before.",
    de: "Das kommt nicht von der Benutzung: bitte den Datenträger prüfen, codexmiroir doctor laufen lassen und eine frühere Sicherung zurückspielen.",
};
const SEE_DOCTOR: Phrase =
    Phrase { en: "codexmiroir doctor says which row it is.", de: "codexmiroir doctor sagt, welche Zeile es ist." };
const REPORT: Phrase = Phrase {
    en: "The same program, rules and time zones planned otherwise, or what they planned was changed: compare with a backup, and report it if the history is whole.",
    de: "Dasselbe Programm plante mit denselben Regeln und Zeitzonen anders, oder was zu planen war, wurde verändert: bitte mit einer Sicherung vergleichen und melden, wenn die Historie heil ist.",
};
const REPAIR: Phrase =
    Phrase { en: "codexmiroir doctor --repair derives it anew.", de: "codexmiroir doctor --repair leitet ihn neu ab." };

fn finding(code: &'static str, part: &'static str, row: &str, what: Sentence, remedy: Phrase) -> Finding {
    let (row, remedy) = (Some(row.to_owned()).filter(|row| !row.is_empty()), remedy.into());
    Finding { code, part, user: None, row, what, remedy, state: FindingState::Wrong }
}

fn named(file: &str) -> [String; 2] {
    match file {
        "" => ["the settings".to_owned(), "die Einstellungen".to_owned()],
        crate::store::RULES_FOLDER => ["the rules".to_owned(), "die Regeln".to_owned()],
        file => [file.to_owned(), file.to_owned()],
    }
}

/// A change begins with something else than what was left before it.
pub(super) fn broken(generation: Generation, file: &str) -> Finding {
    let [en, de] = named(file);
    let what = Sentence {
        en: format!("The change of {en} does not begin with what the change before it left."),
        de: format!("Die Änderung an {de} beginnt nicht mit dem, was die vorige hinterließ."),
    };
    finding("history_broken", "history", &format!("{generation} {file}"), what, NOT_BY_ITSELF)
}

/// There is nothing of a generation.
pub(super) fn gap(generation: u64) -> Finding {
    let what = Sentence {
        en: "Nothing is kept of this generation, though something of later and earlier ones is.".to_owned(),
        de: "Von dieser Generation ist nichts da, obwohl es von späteren und früheren etwas gibt.".to_owned(),
    };
    finding("history_gap", "history", &generation.to_string(), what, NOT_BY_ITSELF)
}

pub(super) fn unreadable(table: &'static str) -> Finding {
    let what = Sentence {
        en: format!("Something in {table} cannot be read, so that nothing of what follows could be looked at."),
        de: format!("Etwas in {table} ist nicht lesbar, darum konnte nichts Weiteres angesehen werden."),
    };
    finding("history_unreadable", "history", "", what, SEE_DOCTOR)
}

/// A document that is there, or its change, has no beginning.
pub(super) fn not_in_history(file: &str) -> Finding {
    let what = Sentence {
        en: "The document is there, but no change of the history brought it.".to_owned(),
        de: "Das Dokument ist da, aber keine Änderung der Historie hat es gebracht.".to_owned(),
    };
    finding("not_in_history", "history", file, what, NOT_BY_ITSELF)
}

/// The end of the history is not the present state.
pub(super) fn state_differs(part: &'static str) -> Finding {
    let what = Sentence {
        en: format!("What the history leads to is not what there is: {part} differs."),
        de: format!("Wohin die Historie führt, ist nicht das, was da ist: {part} ist anders."),
    };
    finding("state_differs", "state", part, what, NOT_BY_ITSELF)
}

/// A generation's timeline is not the one that was noted.
pub(super) fn plan_differs(generation: Generation, noted: &TimelineMark, found: &TimelineMark) -> Finding {
    let what = if noted.valid_from == found.valid_from {
        let (noted, found) = (hex(noted.sha256), hex(found.sha256));
        Sentence {
            en: format!(
                "Planned again, its timeline has other bytes: their SHA-256 begins with {found} and did with {noted}."
            ),
            de: format!("Neu geplant hat ihr Plan andere Bytes: Ihr SHA-256 beginnt mit {found}, damals mit {noted}."),
        }
    } else {
        let (noted, found) = (noted.valid_from, found.valid_from);
        Sentence {
            en: format!("Planned again, its timeline is valid from {found} on and was from {noted} on."),
            de: format!("Neu geplant gilt ihr Plan ab {found}, damals ab {noted}."),
        }
    };
    finding("plan_differs", "plans", &generation.to_string(), what, REPORT)
}

/// The timeline that is kept is not the one that the history leads to.
pub(super) fn kept_differs(generation: Generation, kept: &[u8], fresh: &[u8]) -> Finding {
    let byte = kept.iter().zip(fresh).take_while(|(one, other)| one == other).count();
    let what = Sentence {
        en: format!("The timeline that is kept differs from the one planned again, from byte {byte} on."),
        de: format!("Der aufbewahrte Plan ist ein anderer als der neu geplante, ab Byte {byte}."),
    };
    finding("kept_differs", "timelines", &generation.to_string(), what, REPAIR)
}
