//! Why a document cannot be read as a task: what is wrong and in which line, in two languages.

use super::lang::Lang;

/// The largest document, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 64 * 1024;

/// A document that cannot be read as a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Counted from 1, in the file.
    pub line: u32,
    pub kind: ProblemKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// Says `typ: task`, but its name has no number.
    NotNumbered,
    Empty,
    NotUtf8,
    TooLarge,
    NoFrontmatter,
    Unclosed,
    /// The YAML reader's own words, and what a person most likely meant to write.
    Yaml {
        message: String,
        hint: Option<YamlHint>,
    },
    Missing {
        field: &'static str,
    },
    /// A field with a value that it cannot have.
    Invalid {
        field: &'static str,
        value: String,
        expected: Expected,
    },
}

/// What people write that YAML reads otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YamlHint {
    /// `titel: Anruf: Bernd`
    QuoteColon,
    /// `tags: [@home]`
    QuoteSign,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    TypTask,
    Word,
    Status,
    Date,
    Slot,
    Tags,
}

impl Problem {
    pub fn new(line: u32, kind: ProblemKind) -> Problem {
        Problem { line, kind }
    }

    /// One sentence: what is wrong, what to do.
    pub fn text(&self, lang: Lang) -> String {
        self.kind.text(lang)
    }
}

impl ProblemKind {
    fn text(&self, lang: Lang) -> String {
        match self {
            ProblemKind::NotNumbered => lang
                .pick(
                    "says typ: task, but its file name does not begin with a number of four or more digits; name it like 0042-title.md",
                    "sagt typ: task, aber der Dateiname beginnt nicht mit einer Nummer von vier oder mehr Ziffern; Beispiel: 0042-Titel.md",
                )
                .to_owned(),
            ProblemKind::Empty => lang.pick("the file is empty", "die Datei ist leer").to_owned(),
            ProblemKind::NotUtf8 => lang
                .pick("the file is not UTF-8 text; save it as UTF-8", "die Datei ist kein UTF-8-Text; als UTF-8 speichern")
                .to_owned(),
            ProblemKind::TooLarge => lang
                .pick("the file is larger than 64 KiB", "die Datei ist größer als 64 KiB")
                .to_owned(),
            ProblemKind::NoFrontmatter => lang
                .pick(
                    "there is no frontmatter; the first line must be --- and another --- must follow the fields",
                    "es fehlt das Frontmatter; die erste Zeile muss --- sein, und nach den Feldern muss wieder --- stehen",
                )
                .to_owned(),
            ProblemKind::Unclosed => lang
                .pick("the frontmatter is not closed; add a line --- after the fields", "das Frontmatter ist nicht geschlossen; nach den Feldern fehlt eine Zeile ---")
                .to_owned(),
            ProblemKind::Yaml { message, hint } => {
                let hint = hint.map(|hint| hint.text(lang)).unwrap_or_default();
                lang.pick(format!("the frontmatter is not valid YAML: {message}{hint}"), format!("das Frontmatter ist kein gültiges YAML: {message}{hint}"))
            }
            ProblemKind::Missing { field } => {
                lang.pick(format!("the field {field} is missing"), format!("das Feld {field} fehlt"))
            }
            ProblemKind::Invalid { field, value, expected } => {
                let expected = expected.text(lang);
                lang.pick(format!("{field} is “{value}”; {expected}"), format!("{field} ist „{value}“; {expected}"))
            }
        }
    }
}

impl YamlHint {
    fn text(self, lang: Lang) -> &'static str {
        match self {
            YamlHint::QuoteColon => lang.pick(
                "; a value with a colon and a space needs quotes",
                "; ein Wert mit Doppelpunkt und Leerzeichen braucht Anführungszeichen",
            ),
            YamlHint::QuoteSign => lang.pick(
                "; a value that begins with a sign such as @, # or [ needs quotes",
                "; ein Wert, der mit einem Zeichen wie @, # oder [ beginnt, braucht Anführungszeichen",
            ),
        }
    }
}

impl Expected {
    fn text(self, lang: Lang) -> &'static str {
        match self {
            Expected::TypTask => lang.pick("expected task", "erwartet ist task"),
            Expected::Word => lang.pick("expected one word", "erwartet ist ein Wort"),
            Expected::Status => lang.pick(
                "expected offen, abgeschlossen or abgebrochen",
                "erwartet ist offen, abgeschlossen oder abgebrochen",
            ),
            Expected::Date => lang
                .pick("expected a date of the calendar as dd.mm.yyyy", "erwartet ist ein Kalenderdatum als tt.mm.jjjj"),
            Expected::Slot => lang.pick("expected datum and zeit, or null", "erwartet sind datum und zeit oder null"),
            Expected::Tags => lang.pick("expected a list of words", "erwartet ist eine Liste von Wörtern"),
        }
    }
}
