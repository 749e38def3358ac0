//! Descriptions of export and import.

use schemars::{JsonSchema, json_schema};
use serde_json::json;

use super::operation::{Operation, one_of};
use crate::domain::lang::both;
use crate::http::transfer::ImportJson;
use crate::view::export::{ChangeJson, DocumentJson, ExportHeadJson};

const TAG: &str = "Export and import";

/// Everything that a user has. It is streamed, so no value has all of it.
#[derive(JsonSchema)]
#[schemars(rename = "Export")]
#[expect(dead_code, reason = "it is there for its schema")]
struct ExportJson {
    #[schemars(flatten)]
    head: ExportHeadJson<'static>,
    documents: Vec<DocumentJson<'static>>,
    /// Where it was asked for: all changes, the latest first.
    #[schemars(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<ChangeJson<'static>>>,
}

pub fn export() -> Operation {
    exporting(Operation::new(
        TAG,
        "export",
        both("Everything you own, of one moment", "Alles, was dir gehört, zu einem einzigen Zeitpunkt"),
    ))
}

/// What an operation takes and gives that exports.
pub(super) fn exporting(operation: Operation) -> Operation {
    operation
        .about(both(
            "`markdown` is an archive of the documents, byte for byte, in the layout of a Git repository; \
             `json` has settings and next number too. `csv` is a table with a row for each task and where it \
             stands; a field that a spreadsheet would calculate has an apostrophe in front, and so has one that \
             begins with an apostrophe. `ics` is the timeline as a calendar. An answer that ends early is not \
             whole.",
            "`markdown` ist ein Archiv der Dokumente, Byte für Byte, angeordnet wie in einem Git-Repository; \
             `json` hat auch die Einstellungen und die nächste Nummer. `csv` ist eine Tabelle mit einer Zeile \
             für jede Aufgabe und ihrem Platz; vor einem Feld, das eine Tabellenkalkulation ausrechnen würde, \
             steht ein Apostroph, ebenso vor einem, das mit einem Apostroph beginnt. `ics` ist der Zeitplan als \
             Kalender. Eine Antwort, die vorzeitig endet, ist nicht vollständig.",
        ))
        .needed_query(
            "format",
            both("The form of it.", "In welcher Form."),
            one_of(&["markdown", "json", "csv", "ics"]),
        )
        .checked_query(
            "history",
            both("With `json`: the history too.", "Mit `json`: auch der Verlauf."),
            one_of(&["true", "false", "1", "0"]),
        )
        .gives_bytes("application/x-tar", both("The export.", "Der Export."))
        .or_json::<ExportJson>()
        .or_text("text/csv")
        .or_text("text/calendar")
        .carries("Content-Disposition", both("A file name.", "Ein Dateiname."))
}

pub fn import() -> Operation {
    Operation::new(
        TAG,
        "import",
        both(
            "Bring in an archive of task files, or an export",
            "Ein Archiv von Aufgabendateien oder einen Export einspielen",
        ),
    )
    .about(both(
        "One change, which one undo takes back. A file that is there already and is the same stays, and so \
         does what the import does not have. An archive has task files, rules in a folder `rules`, and the \
         old system's `nextId.txt`. An export in JSON is checked whole before anything is changed; it \
         brings documents, settings, rules, the next number, and, into an account that nothing was written \
         to yet, the history with its generations: `brought` marks it, and it cannot be taken back there. \
         One in JSON has at most 128 MiB, 100000 documents with 64 MiB and 250000 changes.",
        "Eine einzige Änderung, die sich mit einem Mal zurücknehmen lässt. Eine Datei, die schon genauso da \
         ist, bleibt, ebenso alles, was der Import nicht enthält. Ein Archiv hat Aufgabendateien, Regeln in \
         einem Ordner `rules` und die `nextId.txt` des alten Systems. Ein Export in JSON wird ganz geprüft, \
         bevor sich etwas ändert; er bringt Dokumente, Einstellungen, Regeln, die nächste Nummer und, in \
         ein Konto, in das noch nichts geschrieben wurde, den Verlauf mit seinen Generationen: `brought` \
         kennzeichnet ihn, und dort lässt er sich nicht zurücknehmen. Er hat höchstens 128 MiB, 100000 \
         Dokumente mit 64 MiB und 250000 Änderungen.",
    ))
    .checked_query(
        "dryRun",
        both("Only say what would happen.", "Nur sagen, was geschähe."),
        one_of(&["true", "false", "1", "0"]),
    )
    .takes_bytes(&["application/x-tar", "application/tar", "application/octet-stream"])
    .or_takes_answer(
        |_| json_schema!({"$ref": "#/components/schemas/Export"}),
        json!({
            "format": "codexmiroir", "version": 1, "user": "anna", "generation": 1,
            "committedAt": "2025-10-13T06:00:00Z", "nextAvailableId": "0043",
            "settings": {"timeZone": "Europe/Berlin", "language": "de", "horizon": 7, "theme": "auto"}, "rules": null,
            "documents": [{
                "file": "0042-tax-return.md",
                "text": "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n\n# Tax return\n",
            }],
        }),
    )
    .gives::<ImportJson>(both("What became, or would become, of each file.", "Was aus jeder Datei wurde oder würde."))
    .waits()
    .writes()
    .refuses(&[
        (400, "malformed_archive"),
        (400, "malformed_export"),
        (400, "cut"),
        (408, "too_slow"),
        (413, "too_large"),
    ])
    .refuses(&[(415, "not_tar_or_json"), (422, "newer_export"), (422, "unknown_field")])
    .refuses(&[(503, "trial_cut"), (507, "no_room")])
}
