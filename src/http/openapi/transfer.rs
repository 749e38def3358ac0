//! Descriptions of export and import.

use serde_json::{Map, Value};

use super::operation::{Operation, one_of};
use crate::http::transfer::ImportJson;

const TAG: &str = "Export and import";

pub fn export() -> Operation {
    Operation::new(TAG, "export", "Everything you own, of one moment")
        .about(
            "`markdown` is an archive of the documents, byte for byte, in the layout of a Git repository; `json` has \
                settings and next number too. An answer that ends early is not whole.",
        )
        .needed_query("format", "The form of it.", one_of(&["markdown", "json"]))
        .checked_query("history", "With `json`: the history too.", one_of(&["true", "false", "1", "0"]))
        .gives_bytes("application/x-tar", "The archive, or the JSON.")
        .or_json::<Map<String, Value>>()
        .carries("Content-Disposition", "A file name.")
}

pub fn import() -> Operation {
    Operation::new(TAG, "import", "Bring in an archive of task files")
        .about("One change, which one undo takes back. A file that is there already and is the same stays.")
        .checked_query("dryRun", "Only say what would happen.", one_of(&["true", "false", "1", "0"]))
        .takes_bytes(&["application/x-tar", "application/tar", "application/octet-stream"])
        .gives::<ImportJson>("What became, or would become, of each file.")
        .writes()
        .refuses(&[(400, "malformed_archive"), (400, "cut"), (408, "too_slow"), (413, "too_large"), (415, "not_tar")])
        .refuses(&[(507, "no_room")])
}
