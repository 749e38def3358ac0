//! Descriptions of export and import.

use schemars::JsonSchema;

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
    Operation::new(TAG, "import", "Bring in an archive of task files")
        .about("One change, which one undo takes back. A file that is there already and is the same stays.")
        .checked_query("dryRun", "Only say what would happen.", one_of(&["true", "false", "1", "0"]))
        .takes_bytes(&["application/x-tar", "application/tar", "application/octet-stream"])
        .gives::<ImportJson>("What became, or would become, of each file.")
        .waits()
        .writes()
        .refuses(&[(400, "malformed_archive"), (400, "cut"), (408, "too_slow"), (413, "too_large"), (415, "not_tar")])
        .refuses(&[(503, "trial_cut"), (507, "no_room")])
}
