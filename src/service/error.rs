//! Why a use case did not do what was asked: values, with their sentences in two languages.

mod access;
mod export;
mod past;
mod sync;

use chrono::NaiveDate;

use super::planners::Interrupted;
use crate::domain::date;
use crate::domain::document::EditError;
use crate::domain::lang::{Lang, Phrase};
use crate::domain::problem::{Problem, ProblemKind};
use crate::rules::RuleError;
use crate::store::StoreError;
use crate::view::rule_errors;

pub use access::{AccessRefusal, whole_seconds};
pub use export::ExportRefusal;
pub use past::PastRefusal;
pub use sync::{SyncRefusal, Trouble, TroubleKind};

/// A use case that was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// What was asked cannot be done; nothing happened.
    #[error("{}", .0.text(Lang::En))]
    Refused(Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// Other writers were always faster; nothing happened.
    #[error("too many changes at once; try again")]
    Contended,
    /// Rules were tried and the machine cut the trial, which says nothing of them; nothing happened.
    #[error("the trial of the rules was cut: {0}")]
    TrialCut(RuleError),
}

/// Nothing happened, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A field of the request is not as it must be.
    Field {
        field: &'static str,
        fault: Fault,
    },
    /// A field that no request has; `nearest` is one it may have meant.
    UnknownField {
        name: String,
        nearest: Option<String>,
    },
    /// No such task among the user's own.
    NoSuchTask {
        id: String,
    },
    /// Several documents have this number.
    Ambiguous {
        id: String,
        candidates: Vec<String>,
    },
    /// The document is no longer the one that the client read.
    Changed {
        file: String,
    },
    /// A whole document may only be replaced by somebody who says which one.
    IfMatchNeeded,
    /// The document cannot be read as a task, so no field of it can be changed.
    Unreadable {
        file: String,
        problem: Problem,
    },
    /// The document is laid out in a way that a single field cannot be changed in.
    NotEditable {
        file: String,
        error: EditError,
    },
    /// The change would make the document larger than it may be.
    TooLarge,
    /// An open task is fixed to that slot already.
    SlotTaken {
        datum: NaiveDate,
        zeit: String,
        by: String,
    },
    /// All numbers are used up.
    NoNumberLeft,
    /// The `Idempotency-Key` came before with another request.
    KeyReused,
    /// The first request with this `Idempotency-Key` is still under way.
    KeyInFlight,
    /// No change of that generation is kept.
    NoSuchChange {
        generation: u64,
    },
    /// A change that happened in another account, and came with an import.
    BroughtChange {
        generation: u64,
    },
    /// A change cannot be taken back, because a later one is built on it.
    TouchedSince {
        what: String,
        /// What the change did is undone already.
        is_back: bool,
    },
    NoSuchUser {
        name: String,
    },
    UserExists {
        name: String,
    },
    /// Nobody else could administer the other users.
    LastAdmin {
        name: String,
    },
    NoSuchToken {
        id: String,
    },
    TooManyTokens,
    /// The request made this token before, which cannot be shown again.
    TokenIssuedBefore {
        id: String,
    },
    /// A token cannot give what it does not have.
    ScopeNotHeld {
        scope: &'static str,
    },
    /// A token cannot make one that lasts longer.
    OutlivesToken,
    /// It is no tar archive, or not a whole one.
    MalformedArchive,
    ArchiveTooLarge,
    /// What stands before one of its entries to tell of it.
    ArchiveHeadersTooLarge,
    /// It is no export in JSON, or not one that can be taken.
    Export(ExportRefusal),
    /// A list of rules that cannot be taken, and what is wrong with it.
    RulesRefused {
        errors: Vec<RuleError>,
    },
    /// No version of that number is kept of the user's rules.
    NoSuchRulesVersion {
        version: String,
    },
    NotAnAdministrator {
        name: String,
    },
    /// Somebody was not let in.
    Access(AccessRefusal),
    /// Something about the repository that a user's files are in.
    Sync(SyncRefusal),
    /// Something about a past generation.
    Past(PastRefusal),
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    Missing,
    /// Of another JSON type than `expected`.
    WrongType {
        expected: Phrase,
    },
    /// Not one of the words that it can be.
    UnknownWord {
        value: String,
        known: Vec<String>,
    },
    NotADate {
        value: String,
    },
    /// The rules give that day no slot of this name.
    NoSuchSlot {
        datum: NaiveDate,
        zeit: String,
        known: Vec<String>,
    },
    TooLong {
        chars_max: usize,
    },
    TooMany {
        count_max: usize,
    },
    Empty,
    ControlCharacter,
    /// Cannot stand beside another field of the request.
    NotTogetherWith {
        other: &'static str,
    },
    /// The whole document given cannot be read as a task.
    Unreadable(Problem),
    /// Not of the form that is described.
    Malformed {
        expected: Phrase,
    },
    /// A password that others try first.
    Guessable,
}

impl From<AccessRefusal> for ServiceError {
    fn from(refusal: AccessRefusal) -> ServiceError {
        Refusal::Access(refusal).into()
    }
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> ServiceError {
        ServiceError::Refused(refusal)
    }
}

const IF_MATCH_NEEDED: Phrase = Phrase {
    en: "Replacing a whole document needs the header If-Match with the ETag of the document you read.",
    de: "Ein ganzes Dokument zu ersetzen braucht den Header If-Match mit dem ETag des gelesenen Dokuments.",
};
const TOO_LARGE: Phrase = Phrase {
    en: "The document would be larger than 64 KiB; shorten the body.",
    de: "Das Dokument würde größer als 64 KiB; bitte den Text kürzen.",
};
const NO_NUMBER_LEFT: Phrase = Phrase {
    en: "All task numbers up to 999999999 are used up; add new tasks to another account.",
    de: "Alle Aufgabennummern bis 999999999 sind vergeben; neue Aufgaben brauchen ein anderes Konto.",
};
const KEY_REUSED: Phrase = Phrase {
    en: "This Idempotency-Key came before with another request; use a new key for a new request.",
    de: "Dieser Idempotency-Key kam schon mit einer anderen Anfrage; neue Anfragen brauchen einen neuen.",
};
const KEY_IN_FLIGHT: Phrase = Phrase {
    en: "The first request with this Idempotency-Key is still under way; try again in a moment.",
    de: "Die erste Anfrage mit diesem Idempotency-Key läuft noch; bitte gleich noch einmal versuchen.",
};

const TOO_MANY_TOKENS: Phrase = Phrase {
    en: "This user has 1000 tokens already; revoke some that are not needed any more.",
    de: "Dieser Benutzer hat schon 1000 Tokens; bitte welche widerrufen, die nicht mehr gebraucht werden.",
};
const MALFORMED_ARCHIVE: Phrase = Phrase {
    en: "The body must be a whole, uncompressed tar archive.",
    de: "Der Inhalt muss ein ganzes, unkomprimiertes tar-Archiv sein.",
};
const ARCHIVE_TOO_LARGE: Phrase = Phrase {
    en: "An import takes at most 128 MiB, 100000 entries and 64 MiB of documents; split the archive.",
    de: "Ein Import nimmt höchstens 128 MiB, 100000 Einträge und 64 MiB Dokumente; bitte das Archiv aufteilen.",
};
const ARCHIVE_HEADERS_TOO_LARGE: Phrase = Phrase {
    en: "A file of the archive has more than 1 MiB of extended headers; pack the task files again, without extended attributes.",
    de: "Eine Datei des Archivs hat mehr als 1 MiB erweiterte Header; bitte neu packen, ohne erweiterte Attribute.",
};
const OUTLIVES_TOKEN: Phrase = Phrase {
    en: "A token cannot make one that lasts longer than itself; choose an earlier end.",
    de: "Ein Token kann keines machen, das länger gilt als es selbst; bitte ein früheres Ende wählen.",
};

impl Refusal {
    pub fn field(field: &'static str, fault: Fault) -> Refusal {
        Refusal::Field { field, fault }
    }

    /// One sentence for a person: what is wrong, where, what to do.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            Refusal::Field { field, fault } => fault.text(field, lang),
            Refusal::UnknownField { name, nearest } => unknown_field(name, nearest.as_deref(), lang),
            Refusal::NoSuchTask { id } => lang.pick(
                format!("You have no task “{id}”; see GET /api/tasks."),
                format!("Du hast keine Aufgabe „{id}“; siehe GET /api/tasks."),
            ),
            Refusal::Ambiguous { id, candidates } => {
                let list = candidates.join(", ");
                lang.pick(
                    format!("Several files have the number {id}; address one by its file name: {list}."),
                    format!("Mehrere Dateien haben die Nummer {id}; bitte mit dem Dateinamen ansprechen: {list}."),
                )
            }
            Refusal::Changed { file } => lang.pick(
                format!("{file} was changed since you read it; read it again and repeat your change."),
                format!(
                    "{file} wurde geändert, seit du es gelesen hast; bitte neu lesen und die Änderung wiederholen."
                ),
            ),
            Refusal::IfMatchNeeded => IF_MATCH_NEEDED.text(lang).to_owned(),
            Refusal::Unreadable { file, problem } => unreadable(file, problem, lang),
            Refusal::NotEditable { file, error } => {
                let reason = error.text(lang);
                lang.pick(
                    format!("{file}: {reason}. Replace the whole document instead."),
                    format!("{file}: {reason}. Bitte das ganze Dokument ersetzen."),
                )
            }
            Refusal::TooLarge => TOO_LARGE.text(lang).to_owned(),
            Refusal::SlotTaken { datum, zeit, by } => {
                let datum = date::to_text(*datum);
                lang.pick(
                    format!("{zeit} on {datum} is held by “{by}”; unpin that one first, or choose another slot."),
                    format!("{zeit} am {datum} hat schon „{by}“; bitte erst diese wieder in die Reihe stellen oder einen anderen Slot wählen."),
                )
            }
            Refusal::NoNumberLeft => NO_NUMBER_LEFT.text(lang).to_owned(),
            Refusal::KeyReused => KEY_REUSED.text(lang).to_owned(),
            Refusal::KeyInFlight => KEY_IN_FLIGHT.text(lang).to_owned(),
            Refusal::NoSuchChange { generation } => past::no_such_change(*generation, lang),
            Refusal::BroughtChange { generation } => past::brought_change(*generation, lang),
            Refusal::TouchedSince { what, is_back } => past::touched_since(what, *is_back, lang),
            Refusal::NoSuchUser { name } => no_such_user(name, lang),
            Refusal::UserExists { name } => user_exists(name, lang),
            Refusal::LastAdmin { name } => last_admin(name, lang),
            Refusal::NoSuchToken { id } => access::no_such_token(id, lang),
            Refusal::TokenIssuedBefore { id } => access::token_issued_before(id, lang),
            Refusal::TooManyTokens => TOO_MANY_TOKENS.text(lang).to_owned(),
            Refusal::ScopeNotHeld { scope } => access::scope_not_held(scope, lang),
            Refusal::MalformedArchive => MALFORMED_ARCHIVE.text(lang).to_owned(),
            Refusal::ArchiveTooLarge => ARCHIVE_TOO_LARGE.text(lang).to_owned(),
            Refusal::ArchiveHeadersTooLarge => ARCHIVE_HEADERS_TOO_LARGE.text(lang).to_owned(),
            Refusal::Export(refusal) => refusal.text(lang),
            Refusal::OutlivesToken => OUTLIVES_TOKEN.text(lang).to_owned(),
            Refusal::NoSuchRulesVersion { version } => no_such_rules_version(version, lang),
            Refusal::RulesRefused { errors } => rules_refused(errors, lang),
            Refusal::NotAnAdministrator { name } => access::not_an_administrator(name, lang),
            Refusal::Access(refusal) => refusal.text(lang),
            Refusal::Sync(refusal) => refusal.text(lang),
            Refusal::Past(refusal) => refusal.text(lang),
        }
    }
}

impl Fault {
    /// The sentence, with the name that the field has for whoever reads it.
    pub fn text(&self, field: &str, lang: Lang) -> String {
        match self {
            Fault::Missing => lang.pick(
                format!("{field} is missing; it has to be given."),
                format!("{field} fehlt und muss angegeben werden."),
            ),
            Fault::WrongType { expected } => {
                let expected = expected.text(lang);
                lang.pick(format!("{field} must be {expected}."), format!("{field} muss {expected} sein."))
            }
            Fault::UnknownWord { value, known } => {
                let known = known.join(", ");
                lang.pick(
                    format!("{field} cannot be “{value}”; it is one of: {known}."),
                    format!("{field} kann nicht „{value}“ sein, nur: {known}."),
                )
            }
            Fault::NotADate { value } => lang.pick(
                format!("{field} is “{value}”, which is no date of the calendar from 1970 to 9998; write dd.mm.yyyy."),
                format!(
                    "{field} ist „{value}“, das ist kein Kalenderdatum von 1970 bis 9998; bitte tt.mm.jjjj schreiben."
                ),
            ),
            Fault::NoSuchSlot { datum, zeit, known } => {
                let (datum, known) = (date::to_text(*datum), list_or_none(known, lang));
                lang.pick(
                    format!("There is no slot “{zeit}” on {datum}; that day has: {known}."),
                    format!("Am {datum} gibt es keinen Slot „{zeit}“; der Tag hat: {known}."),
                )
            }
            Fault::TooLong { chars_max } => lang.pick(
                format!("{field} is longer than {chars_max} characters; shorten it."),
                format!("{field} ist länger als {chars_max} Zeichen; bitte kürzen."),
            ),
            Fault::TooMany { count_max } => lang.pick(
                format!("{field} has more than {count_max} entries; leave some out."),
                format!("{field} hat mehr als {count_max} Einträge; bitte welche weglassen."),
            ),
            Fault::Empty => lang.pick(
                format!("{field} is empty; give it a value, or leave it out."),
                format!("{field} ist leer; bitte einen Wert angeben oder weglassen."),
            ),
            Fault::ControlCharacter => lang.pick(
                format!("{field} contains a line break or another control character; write it on one line."),
                format!(
                    "{field} enthält einen Zeilenumbruch oder ein anderes Steuerzeichen; bitte in eine Zeile schreiben."
                ),
            ),
            Fault::NotTogetherWith { other } => lang.pick(
                format!("{field} cannot be set together with {other}; leave one of them out."),
                format!("{field} lässt sich nicht zusammen mit {other} setzen; bitte eins weglassen."),
            ),
            Fault::Unreadable(problem) => {
                let (line, reason) = (problem.line, problem.text(lang));
                lang.pick(
                    format!("{field} cannot be read as a task: line {line}: {reason}."),
                    format!("{field} lässt sich nicht als Aufgabe lesen: Zeile {line}: {reason}."),
                )
            }
            Fault::Malformed { expected } => {
                let expected = expected.text(lang);
                lang.pick(format!("{field} must be {expected}."), format!("{field} muss so aussehen: {expected}."))
            }
            Fault::Guessable => access::GUESSABLE.text(lang).to_owned(),
        }
    }

    /// The stable word that JSON carries.
    pub fn code(&self) -> &'static str {
        match self {
            Fault::Missing => "missing",
            Fault::WrongType { .. } => "wrong_type",
            Fault::UnknownWord { .. } => "unknown_value",
            Fault::NotADate { .. } => "not_a_date",
            Fault::NoSuchSlot { .. } => "no_such_slot",
            Fault::TooLong { .. } => "too_long",
            Fault::TooMany { .. } => "too_many",
            Fault::Empty => "empty",
            Fault::ControlCharacter => "control_character",
            Fault::NotTogetherWith { .. } => "not_together",
            Fault::Unreadable(_) => "unreadable_document",
            Fault::Malformed { .. } | Fault::Guessable => "malformed_value",
        }
    }
}

fn no_such_user(name: &str, lang: Lang) -> String {
    lang.pick(
        format!("There is no user {name}; codexmiroir user list shows all, codexmiroir user add NAME adds one."),
        format!("Es gibt keinen Benutzer {name}; codexmiroir user list zeigt alle, codexmiroir user add NAME fügt einen hinzu."),
    )
}

fn user_exists(name: &str, lang: Lang) -> String {
    lang.pick(
        format!("There is a user {name} already; choose another name."),
        format!("Den Benutzer {name} gibt es schon; bitte einen anderen Namen wählen."),
    )
}

fn last_admin(name: &str, lang: Lang) -> String {
    lang.pick(
        format!("{name} is the last administrator; make another user one first."),
        format!("{name} verwaltet als letzter Benutzer alle anderen; bitte erst jemand anderen dazu machen."),
    )
}

fn rules_refused(errors: &[RuleError], lang: Lang) -> String {
    let errors = errors.iter().map(|error| rule_errors::sentence(error, lang)).collect::<Vec<_>>().join("; ");
    // A sentence that ends by asking what was meant has its mark.
    let end = if errors.ends_with(['?', '.']) { "" } else { "." };
    lang.pick(
        format!("These rules are refused and nothing was changed: {errors}{end}"),
        format!("Diese Regeln werden nicht angenommen, geändert wurde nichts: {errors}{end}"),
    )
}

fn no_such_rules_version(version: &str, lang: Lang) -> String {
    lang.pick(
        format!("You have no version “{version}” of your rules; GET /api/rules/versions lists them, and so does: codexmiroir rules versions."),
        format!("Es gibt keine Version „{version}“ deiner Regeln; GET /api/rules/versions nennt sie, ebenso: codexmiroir rules versions."),
    )
}

fn unknown_field(name: &str, nearest: Option<&str>, lang: Lang) -> String {
    match nearest {
        Some(nearest) => lang.pick(
            format!("There is no field “{name}”; did you mean “{nearest}”?"),
            format!("Das Feld „{name}“ gibt es nicht; ist „{nearest}“ gemeint?"),
        ),
        None => lang.pick(
            format!("There is no field “{name}” that could be set; leave it out."),
            format!("Das Feld „{name}“ gibt es nicht oder es lässt sich nicht setzen; bitte weglassen."),
        ),
    }
}

/// What to do about a document that cannot be read.
const REPLACE: Phrase = Phrase { en: "Replace the whole document instead.", de: "Bitte das ganze Dokument ersetzen." };
/// No text of a document can mend its name.
const ADD_ANEW: Phrase = Phrase {
    en: "Add the task anew and delete this file.",
    de: "Bitte die Aufgabe neu anlegen und diese Datei löschen.",
};

fn unreadable(file: &str, problem: &Problem, lang: Lang) -> String {
    let (line, reason) = (problem.line, problem.text(lang));
    let cure = if problem.kind == ProblemKind::NotNumbered { ADD_ANEW } else { REPLACE }.text(lang);
    lang.pick(
        format!("{file} cannot be read as a task, so its fields cannot be changed: line {line}: {reason}. {cure}"),
        format!("{file} lässt sich nicht als Aufgabe lesen, daher sind ihre Felder nicht änderbar: Zeile {line}: {reason}. {cure}"),
    )
}

/// What a client sent, short and plain enough to be repeated in an error.
pub fn repeatable(text: &str, chars_max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(chars_max).collect()
}

fn list_or_none(words: &[String], lang: Lang) -> String {
    if words.is_empty() { lang.pick("none", "keinen").to_owned() } else { words.join(", ") }
}
