//! Descriptions of export and import.

use schemars::{JsonSchema, json_schema};
use serde_json::json;

use super::operation::{Operation, one_of};
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
    exporting(Operation::new(TAG, "export", "Everything you own, of one moment"))
}

/// What an operation takes and gives that exports.
pub(super) fn exporting(operation: Operation) -> Operation {
    operation
        .about(
            "`markdown` is an archive of the documents, byte for byte, in the layout of a Git repository; `json` has \
                settings and next number too. `csv` is a table with a row for each task and where it stands; a field \
                that a spreadsheet would calculate has an apostrophe in front, and so has one that begins with an \
                apostrophe. `ics` is the timeline as a calendar. An answer that ends early is not whole.",
        )
        .needed_query("format", "The form of it.", one_of(&["markdown", "json", "csv", "ics"]))
        .checked_query("history", "With `json`: the history too.", one_of(&["true", "false", "1", "0"]))
        .gives_bytes("application/x-tar", "The export.")
        .or_json::<ExportJson>()
        .or_text("text/csv")
        .or_text("text/calendar")
        .carries("Content-Disposition", "A file name.")
}

pub fn import() -> Operation {
    Operation::new(TAG, "import", "Bring in an archive of task files, or an export")
        .about(
            "One change, which one undo takes back. A file that is there already and is the same stays, and so does what the \
                import does not have. An archive has task files, rules in a folder `rules`, and the old system's \
                `nextId.txt`. An export in JSON is checked whole before anything is changed; it brings documents, settings, \
                rules, the next number, and, into an account that nothing was written to yet, the history with its \
                generations: `brought` marks it, and it cannot be taken back there. One in JSON has at most 128 MiB, \
                100000 documents with 64 MiB and 250000 changes.",
        )
        .checked_query("dryRun", "Only say what would happen.", one_of(&["true", "false", "1", "0"]))
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
        .gives::<ImportJson>("What became, or would become, of each file.")
        .waits()
        .writes()
        .refuses(&[(400, "malformed_archive"), (400, "malformed_export"), (400, "cut"), (408, "too_slow"), (413, "too_large")])
        .refuses(&[(415, "not_tar_or_json"), (422, "newer_export"), (422, "unknown_field")])
        .refuses(&[(503, "trial_cut"), (507, "no_room")])
}
