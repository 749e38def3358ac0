//! Descriptions of the sync's routes.

use serde_json::json;

use super::operation::{Operation, Refusal, one_of};
use super::requests::RemoteWanted;
use crate::domain::lang::{Phrase, both};
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

fn syncing(id: &'static str, summary: Phrase) -> Operation {
    Operation::new(TAG, id, summary)
        .checked_query(
            "mode",
            both(
                "`full` reads everything anew, as does leaving it out; `diff` what changed.",
                "`full` liest alles neu, ebenso wenn es weggelassen ist; `diff` nur, was sich geändert hat.",
            ),
            one_of(&["full", "diff"]),
        )
        .query(
            "ref",
            both(
                "Another branch than the usual one; one that is not there is refused.",
                "Ein anderer Branch als sonst; einer, den es nicht gibt, wird abgelehnt.",
            ),
        )
        .checked_query(
            "since",
            both(
                "Count changes from this commit on, instead of from the last one that was merged.",
                "Änderungen von diesem Commit an zählen, statt vom letzten, der zusammengeführt wurde.",
            ),
            json!({"type": "string", "pattern": "^[0-9A-Fa-f]{40}$"}),
        )
        .checked_query(
            "clean",
            both(
                "With `mode=full`: also remove what the repository does not have, but nothing that waits to be \
                 pushed.",
                "Mit `mode=full`: auch entfernen, was das Repository nicht hat, aber nichts, was noch zu pushen ist.",
            ),
            one_of(&["true", "false", "1", "0"]),
        )
        .gives::<SyncedJson<'static>>(both("Both sides have the same.", "Beide Seiten haben dasselbe."))
        .writes()
        .refuses(&[(404, "no_such_branch"), (404, "no_such_commit"), (409, "no_remote"), (409, "sync_off")])
        .refuses(&MEND_FIRST)
        .refuses(&TRY_AGAIN)
}

pub fn by_post() -> Operation {
    syncing("sync", both("Sync with the Git repository now", "Jetzt mit dem Git-Repository abgleichen")).about(both(
        "What was changed there comes here, what was changed here goes there, and what both changed is \
         merged. Nothing is lost: what gives way stays in the history.",
        "Was dort geändert wurde, kommt hierher, was hier geändert wurde, geht dorthin, und was beide \
         geändert haben, wird zusammengeführt. Verloren geht nichts: Was weichen muss, bleibt im Verlauf.",
    ))
}

pub fn by_get() -> Operation {
    syncing("syncByGet", both("The same for clients that send GET", "Dasselbe für Clients, die GET senden"))
        .about(both(
            "With a token alone, which has to allow changes: with a session it is 405, because any page can \
             have a browser ask.",
            "Nur mit einem Token, das Änderungen erlauben muss: Mit einer Sitzung kommt 405, weil jede \
             beliebige Seite einen Browser fragen lassen kann.",
        ))
        .refuses(&[(405, "method_not_allowed")])
}

pub fn status() -> Operation {
    Operation::new(TAG, "getSync", both("How the sync with Git stands", "Wie der Abgleich mit Git steht"))
        .gives::<StatusJson<'static>>(both("The state.", "Der Zustand."))
}

pub fn remote() -> Operation {
    Operation::new(TAG, "getRemote", both("Your own Git repository", "Dein eigenes Git-Repository"))
        .about(both(
            "All is null where you have none, and the server's is synced with, if that has one.",
            "Alles ist null, wenn du keines hast; dann wird mit dem des Servers abgeglichen, wenn er eines hat.",
        ))
        .gives::<RemoteJson>(both("The repository, without its token.", "Das Repository, ohne sein Token."))
}

pub fn set_remote() -> Operation {
    Operation::new(
        TAG,
        "putRemote",
        both("Sync with a Git repository of your own", "Mit einem eigenen Git-Repository abgleichen"),
    )
    .about(both(
        "Instead of the server's. The token is kept sealed and never shown. Left out it stays, as long as \
         `remote` does; null removes it.",
        "Anstelle von dem des Servers. Das Token wird versiegelt aufbewahrt und nie gezeigt. Weggelassen \
         bleibt es, solange `remote` dasselbe bleibt; null entfernt es.",
    ))
    .takes::<RemoteWanted>(json!({
        "remote": "https://git.example.org/anna/tasks.git",
        "branch": "main",
        "base_path": "codex-miroir",
        "username": "anna",
        "token": "token-of-the-forge",
        "mode": "off",
    }))
    .gives::<ChangedRemoteJson>(both("It is synced with from now on.", "Ab jetzt wird damit abgeglichen."))
    .writes()
    .refuses(&[(400, "wrong_type"), (422, "missing"), (422, "empty"), (422, "malformed_value")])
}

pub fn remove_remote() -> Operation {
    Operation::new(
        TAG,
        "deleteRemote",
        both("Forget your own Git repository, and its token", "Dein eigenes Git-Repository und sein Token vergessen"),
    )
    .about(both("Tasks and rules stay on both sides.", "Aufgaben und Regeln bleiben auf beiden Seiten."))
    .gives::<RemovedRemoteJson>(both("There is none any more.", "Jetzt gibt es keines mehr."))
    .writes()
}

pub fn github() -> Operation {
    Operation::new(
        TAG,
        "takeGithubEvent",
        both("A forge tells that somebody pushed", "Eine Forge meldet, dass jemand gepusht hat"),
    )
    .about(both(
        "For GitHub, and for Gitea and Forgejo, which send the same. A `push` to a branch that is synced is \
         fetched; what the event says of commits and files is not believed. Without a `git.webhook_secret` \
         it is not there.",
        "Für GitHub und für Gitea und Forgejo, die dasselbe senden. Ein `push` auf einen Branch, der \
         abgeglichen wird, wird geholt; was das Ereignis über Commits und Dateien sagt, wird nicht \
         geglaubt. Ohne `git.webhook_secret` gibt es das nicht.",
    ))
    .with_signature()
    .header(
        "X-GitHub-Event",
        both("Everything but `push` is taken and ignored.", "Alles außer `push` wird angenommen und nicht beachtet."),
    )
    .takes_bytes(&["application/json"])
    .gives::<DoneJson>(both("It was fetched and merged.", "Es wurde geholt und zusammengeführt."))
    .gives_with::<TakenJson>(
        202,
        both("It was ignored, or the sync goes on.", "Es wurde nicht beachtet, oder der Abgleich läuft noch."),
    )
    .writes()
    .refuses(&[(400, "malformed_json"), (400, "cut"), (408, "too_slow"), (413, "too_large"), (415, "not_json")])
    .refuses(&[(422, "missing")])
    .refuses(&MEND_FIRST)
    .refuses(&TRY_AGAIN)
}
