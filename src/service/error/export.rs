//! Why an export in JSON cannot be taken in again.

use super::Fault;
use crate::domain::lang::{Lang, Phrase};

/// An export in JSON that cannot be taken, and why; nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportRefusal {
    /// It is no JSON, or not all of it is there.
    NotJson {
        line: usize,
        column: usize,
    },
    /// It is JSON of something else.
    NotAnExport,
    /// A value is not as it must be, at a place such as `documents[16].text`.
    Wrong {
        place: String,
        fault: Fault,
    },
    /// An object, at a place that is empty for the whole, has a field that no export has.
    UnknownField {
        place: String,
        name: String,
    },
    /// A newer program wrote it.
    Newer {
        version: u64,
        known: u32,
    },
    TooLarge,
}

const NOT_AN_EXPORT: Phrase = Phrase {
    en: "This JSON is no export of CodexMiroir, which is an object with the format “codexmiroir”; nothing was imported.",
    de: "Dieses JSON ist kein Export von CodexMiroir, also kein Objekt mit dem format „codexmiroir“; importiert wurde nichts.",
};
const TOO_LARGE: Phrase = Phrase {
    en: "An import of JSON takes at most 128 MiB, 100000 documents with 64 MiB in all and 250000 changes of the history; export without the history, or import the documents in parts.",
    de: "Ein Import von JSON nimmt höchstens 128 MiB, 100000 Dokumente mit zusammen 64 MiB und 250000 Änderungen des Verlaufs; bitte ohne den Verlauf exportieren oder die Dokumente in Teilen importieren.",
};

impl ExportRefusal {
    /// One sentence for a person: what is wrong, where, what to do.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            ExportRefusal::NotJson { line, column } => lang.pick(
                format!("The export is not whole or no JSON: it cannot be read from line {line}, column {column} on; export it again."),
                format!("Der Export ist nicht ganz oder kein JSON: Ab Zeile {line}, Spalte {column} lässt er sich nicht lesen; bitte neu exportieren."),
            ),
            ExportRefusal::NotAnExport => NOT_AN_EXPORT.text(lang).to_owned(),
            ExportRefusal::Wrong { place, fault } => {
                let fault = fault.text(place, lang);
                lang.pick(format!("Nothing was imported: {fault}"), format!("Importiert wurde nichts: {fault}"))
            }
            ExportRefusal::UnknownField { place, name } => {
                let place = if place.is_empty() { lang.pick("the export", "der Export") } else { place };
                lang.pick(
                    format!("Nothing was imported: {place} has a field “{name}”, which exports do not have; leave it out."),
                    format!("Importiert wurde nichts: {place} hat ein Feld „{name}“, das Exporte nicht haben; bitte weglassen."),
                )
            }
            ExportRefusal::Newer { version, known } => lang.pick(
                format!("The export has version {version}, and this server knows {known}; update the server, or export as markdown."),
                format!("Der Export hat die Version {version}, dieser Server kennt {known}; bitte den Server aktualisieren oder als markdown exportieren."),
            ),
            ExportRefusal::TooLarge => TOO_LARGE.text(lang).to_owned(),
        }
    }
}
