//! Descriptions of the sync's routes.

use serde_json::json;

use super::operation::{Operation, Refusal, one_of};
use super::requests::RemoteWanted;
use crate::http::sync::{ChangedRemoteJson, RemoteJson, RemovedRemoteJson, StatusJson, SyncedJson};
use crate::http::webhook::{DoneJson, TakenJson};

const TAG: &str = "Git";

/// What of a repository somebody has to mend before another try.
const MEND_FIRST: [Refusal; 12] = [
    (502, "remote_too_large"),
    (502, "remote_unauthorized"),
    (502, "remote_forbidden"),
    (502, "remote_not_found"),
    (502, "remote_address_refused"),
    (502, "remote_untrusted"),
    (502, "remote_redirected"),
    (502, "remote_not_git"),
    (502, "remote_failing"),
    (502, "remote_branch_gone"),
    (502, "remote_rejected"),
    (502, "remote_token_unusable"),
];
/// What may be over in a moment.
const TRY_AGAIN: [Refusal; 6] = [
    (503, "remote_unreachable"),
    (503, "remote_too_slow"),
    (503, "remote_contended"),
    (503, "sync_copy_unusable"),
    (503, "sync_unsaved"),
    (503, "sync_interrupted"),
];

fn syncing(id: &'static str, summary: &'static str) -> Operation {
    Operation::new(TAG, id, summary)
        .checked_query(
            "mode",
            "`full` reads everything anew, as does leaving it out; `diff` what changed.",
            one_of(&["full", "diff"]),
        )
        .query("ref", "Another branch than the usual one; one that is not there is refused.")
        .checked_query(
            "since",
            "Count changes from this commit on, instead of from the last one that was merged.",
            json!({"type": "string", "pattern": "^[0-9A-Fa-f]{40}$"}),
        )
        .checked_query(
            "clean",
            "With `mode=full`: also remove what the repository does not have, but nothing that waits to be pushed.",
            one_of(&["true", "false", "1", "0"]),
        )
        .gives::<SyncedJson<'static>>("Both sides have the same.")
        .writes()
        .refuses(&[(404, "no_such_branch"), (404, "no_such_commit"), (409, "no_remote"), (409, "sync_off")])
        .refuses(&MEND_FIRST)
        .refuses(&TRY_AGAIN)
}

pub fn by_post() -> Operation {
    syncing("sync", "Sync with the Git repository now").about(
        "What was changed there comes here, what was changed here goes there, and what both changed is merged. Nothing \
         is lost: what gives way stays in the history.",
    )
}

pub fn by_get() -> Operation {
    syncing("syncByGet", "The same for clients that send GET")
        .about("With a token alone, which has to allow changes: with a session it is 405, because any page can have a browser ask.")
        .refuses(&[(405, "method_not_allowed")])
}

pub fn status() -> Operation {
    Operation::new(TAG, "getSync", "How the sync with Git stands").gives::<StatusJson<'static>>("The state.")
}

pub fn remote() -> Operation {
    Operation::new(TAG, "getRemote", "Your own Git repository")
        .about("All is null where you have none, and the server's is synced with, if that has one.")
        .gives::<RemoteJson>("The repository, without its token.")
}

pub fn set_remote() -> Operation {
    Operation::new(TAG, "putRemote", "Sync with a Git repository of your own")
        .about(
            "Instead of the server's. The token is kept sealed and never shown. Left out it stays, as long as `remote` \
             does; null removes it.",
        )
        .takes::<RemoteWanted>(json!({
            "remote": "https://git.example.org/anna/tasks.git",
            "branch": "main",
            "base_path": "codex-miroir",
            "username": "anna",
            "token": "token-of-the-forge",
            "mode": "off",
        }))
        .gives::<ChangedRemoteJson>("It is synced with from now on.")
        .writes()
        .refuses(&[(400, "wrong_type"), (422, "missing"), (422, "empty"), (422, "malformed_value")])
}

pub fn remove_remote() -> Operation {
    Operation::new(TAG, "deleteRemote", "Forget your own Git repository, and its token")
        .about("Tasks and rules stay on both sides.")
        .gives::<RemovedRemoteJson>("There is none any more.")
        .writes()
}

pub fn github() -> Operation {
    Operation::new(TAG, "takeGithubEvent", "A forge tells that somebody pushed")
        .about(
            "For GitHub, and for Gitea and Forgejo, which send the same. A `push` to a branch that is synced is fetched; \
             what the event says of commits and files is not believed. Without a `git.webhook_secret` it is not there.",
        )
        .with_signature()
        .header("X-GitHub-Event", "Everything but `push` is taken and ignored.")
        .takes_bytes(&["application/json"])
        .gives::<DoneJson>("It was fetched and merged.")
        .gives_with::<TakenJson>(202, "It was ignored, or the sync goes on.")
        .writes()
        .refuses(&[(400, "malformed_json"), (400, "cut"), (408, "too_slow"), (413, "too_large"), (415, "not_json")])
        .refuses(&[(422, "missing")])
        .refuses(&MEND_FIRST)
        .refuses(&TRY_AGAIN)
}
