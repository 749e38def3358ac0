//! Descriptions of the administration's routes.

use serde_json::json;

use super::operation::{Operation, whole_number};
use super::requests::{BackupWanted, NewUser, UserChange};
use super::transfer::exporting;
use crate::http::admin::{ChangedUserJson, RemovedUserJson, UserJson, UsersJson};
use crate::http::backups::BackupsJson;
use crate::http::cache::{CacheJson, InspectionJson};
use crate::http::doctor::{CompactedJson, ExaminedJson};
use crate::http::verify::VerifiedJson;
use crate::service::administration::PAGE_MAX;

const TAG: &str = "Administration";

/// Why no password can be given at the moment, beside what refuses any change.
const PASSWORD_REFUSED: [(u16, &str); 1] = [(503, "passwords_unavailable")];

/// It is for whoever administers the server.
fn administration(id: &'static str, summary: &'static str) -> Operation {
    Operation::new(TAG, id, summary).of_nobody()
}

/// It names an account in its path.
fn of_user(operation: Operation) -> Operation {
    operation.path("name", "The account's name.").refuses(&[(404, "no_such_user")])
}

pub fn users() -> Operation {
    administration("listUsers", "All accounts by name, page by page")
        .checked_query("limit", "Accounts of a page at most; 10,000 if left out.", whole_number(1, PAGE_MAX as u64))
        .query("after", "Only names that come after this one: `next` of the page before.")
        .gives::<UsersJson>("A page of accounts.")
        .refuses(&[(422, "malformed_value")])
}

pub fn add_user() -> Operation {
    administration("addUser", "Add an account")
        .takes::<NewUser>(json!({"name": "anna", "timeZone": "Europe/Berlin", "language": "de"}))
        .gives::<ChangedUserJson>("The account was added.")
        .writes()
        .refuses(&[(400, "wrong_type"), (409, "user_exists"), (422, "missing"), (422, "malformed_value")])
        .refuses(&PASSWORD_REFUSED)
}

pub fn user() -> Operation {
    of_user(administration("getUser", "An account")).gives::<UserJson>("The account.")
}

pub fn change() -> Operation {
    of_user(administration("changeUser", "Change an account"))
        .about("Disabling an account ends its sessions, tokens and event streams at once, and for good.")
        .takes::<UserChange>(json!({"disabled": false}))
        .gives::<ChangedUserJson>("The account as it is now.")
        .writes()
        .refuses(&[(400, "wrong_type"), (409, "last_admin"), (422, "malformed_value")])
        .refuses(&PASSWORD_REFUSED)
}

pub fn remove() -> Operation {
    of_user(administration("removeUser", "Remove an account with everything in it, history included"))
        .about("It cannot be taken back; export first.")
        .gives::<RemovedUserJson>("The account is gone.")
        .writes()
        .refuses(&[(409, "last_admin")])
}

pub fn export() -> Operation {
    exporting(of_user(administration("exportUser", "Everything that an account has, of one moment")))
}

const NOT_CUT: &str = "A tar archive in zstd, with a checksum for each member in `manifest.json` and one for all of it at the \
    end. An answer that ends early is not whole.";

pub fn backup() -> Operation {
    administration("backup", "Everything of everybody, each user of one moment")
        .about(NOT_CUT)
        .gives_bytes("application/zstd", "The backup.")
        .carries("Content-Disposition", "A file name.")
}

pub fn backup_with_secrets() -> Operation {
    administration("backupWithSecrets", "The same with the tokens of users' own repositories, encrypted")
        .about("For whoever has the server's data directory, at its control socket alone.")
        .takes::<BackupWanted>(json!({"passphrase": "correct horse battery"}))
        .gives_bytes("application/zstd", "The backup.")
        .carries("Content-Disposition", "A file name.")
        .refuses(&[(400, "wrong_type"), (403, "not_over_the_network"), (422, "missing"), (422, "malformed_value")])
}

/// A piece of what the doctor looks at.
fn examining(id: &'static str, summary: &'static str) -> Operation {
    administration(id, summary)
        .about("It is done in pieces: begin without `place`, and go on with `next` as long as it is not null.")
        .checked_query("place", "Where the piece begins: `next` of the one before.", json!({"type": "string"}))
        .checked_query(
            "alone",
            "Check large files page by page as well, for which changes have to wait.",
            json!({"type": "boolean"}),
        )
        .gives::<ExaminedJson>("What was looked at, and what is not in order there.")
        .refuses(&[(503, "not_saved")])
}

pub fn look() -> Operation {
    examining("examine", "Whether everything that is kept is whole and belongs together")
}

pub fn mend() -> Operation {
    examining("repair", "The same, deriving anew what is derived and not right").writes()
}

pub fn verify() -> Operation {
    administration("verify", "Whether histories lead to what there is, and give the timelines that were served")
        .about(
            "Each user's whole history is lived once more, and each generation that noted its timeline is planned again. It \
             is done in pieces: begin without `place`, and go on with `next` as long as it is not null.",
        )
        .checked_query("place", "Where the piece begins: `next` of the one before.", json!({"type": "string"}))
        .query("user", "Of this user alone.")
        .gives::<VerifiedJson>("What was looked at, and what is not as it was.")
}

pub fn compact() -> Operation {
    administration("compact", "Give the space of the database's file back that is not used")
        .about("A copy of what is used is made and takes the file's place. Changes wait meanwhile, readers do not.")
        .gives::<CompactedJson>("How large the file was and is.")
        .writes()
}

pub fn backups() -> Operation {
    administration("listBackups", "The backups that the server makes by itself, and what became of the last")
        .gives::<BackupsJson>("The plan, the last result, and the files that are there.")
}

pub fn cache() -> Operation {
    administration("getCache", "How much room finished answers and the database take")
        .gives::<CacheJson>("The room that is taken.")
}

pub fn inspect() -> Operation {
    of_user(administration("inspectUser", "What is kept of a user's timeline, and why"))
        .gives::<InspectionJson>("What is kept.")
}
