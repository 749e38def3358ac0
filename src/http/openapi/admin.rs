//! Descriptions of the administration's routes.

use serde_json::json;

use super::operation::{Operation, whole_number};
use super::requests::{BackupWanted, NewUser, UserChange};
use super::transfer::exporting;
use crate::domain::lang::{Phrase, both};
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
fn administration(id: &'static str, summary: Phrase) -> Operation {
    Operation::new(TAG, id, summary).of_nobody()
}

/// It names an account in its path.
fn of_user(operation: Operation) -> Operation {
    operation.path("name", both("The account's name.", "Der Name des Kontos.")).refuses(&[(404, "no_such_user")])
}

pub fn users() -> Operation {
    administration("listUsers", both("All accounts by name, page by page", "Alle Konten nach Namen, seitenweise"))
        .checked_query(
            "limit",
            both(
                "Accounts of a page at most; 10,000 if left out.",
                "Höchstens so viele Konten auf einer Seite; weggelassen 10.000.",
            ),
            whole_number(1, PAGE_MAX as u64),
        )
        .query(
            "after",
            both(
                "Only names that come after this one: `next` of the page before.",
                "Nur Namen, die nach diesem kommen: `next` der vorigen Seite.",
            ),
        )
        .gives::<UsersJson>(both("A page of accounts.", "Eine Seite mit Konten."))
        .refuses(&[(422, "malformed_value")])
}

pub fn add_user() -> Operation {
    administration("addUser", both("Add an account", "Ein Konto anlegen"))
        .takes::<NewUser>(json!({"name": "anna", "timeZone": "Europe/Berlin", "language": "de"}))
        .gives::<ChangedUserJson>(both("The account was added.", "Das Konto ist angelegt."))
        .writes()
        .refuses(&[(400, "wrong_type"), (409, "user_exists"), (422, "missing"), (422, "malformed_value")])
        .refuses(&PASSWORD_REFUSED)
}

pub fn user() -> Operation {
    of_user(administration("getUser", both("An account", "Ein Konto")))
        .gives::<UserJson>(both("The account.", "Das Konto."))
}

pub fn change() -> Operation {
    of_user(administration("changeUser", both("Change an account", "Ein Konto ändern")))
        .about(both(
            "Disabling an account ends its sessions, tokens and event streams at once, and for good.",
            "Ein Konto zu sperren beendet seine Sitzungen, Tokens und Ereignisströme sofort und für immer.",
        ))
        .takes::<UserChange>(json!({"disabled": false}))
        .gives::<ChangedUserJson>(both("The account as it is now.", "Das Konto, wie es jetzt ist."))
        .writes()
        .refuses(&[(400, "wrong_type"), (409, "last_admin"), (422, "malformed_value")])
        .refuses(&PASSWORD_REFUSED)
}

pub fn remove() -> Operation {
    of_user(administration(
        "removeUser",
        both(
            "Remove an account with everything in it, history included",
            "Ein Konto mit allem darin entfernen, auch dem Verlauf",
        ),
    ))
    .about(both(
        "It cannot be taken back; export first.",
        "Das lässt sich nicht zurücknehmen; bitte vorher exportieren.",
    ))
    .gives::<RemovedUserJson>(both("The account is gone.", "Das Konto ist weg."))
    .writes()
    .refuses(&[(409, "last_admin")])
}

pub fn export() -> Operation {
    exporting(of_user(administration(
        "exportUser",
        both("Everything that an account has, of one moment", "Alles, was ein Konto hat, zu einem einzigen Zeitpunkt"),
    )))
}

const NOT_CUT: Phrase = both(
    "A tar archive in zstd, with a checksum for each member in `manifest.json` and one for all of it at \
     the end. An answer that ends early is not whole.",
    "Ein tar-Archiv in zstd, mit einer Prüfsumme für jeden Teil in `manifest.json` und einer für alles \
     am Ende. Eine Antwort, die vorzeitig endet, ist nicht vollständig.",
);

pub fn backup() -> Operation {
    administration(
        "backup",
        both(
            "Everything of everybody, each user of one moment",
            "Alles von allen, jeder Benutzer zu einem einzigen Zeitpunkt",
        ),
    )
    .about(NOT_CUT)
    .gives_bytes("application/zstd", both("The backup.", "Das Backup."))
    .carries("Content-Disposition", both("A file name.", "Ein Dateiname."))
}

pub fn backup_with_secrets() -> Operation {
    administration(
        "backupWithSecrets",
        both(
            "The same with the tokens of users' own repositories, encrypted",
            "Dasselbe mit den Tokens eigener Repositorys, verschlüsselt",
        ),
    )
    .about(both(
        "For whoever has the server's data directory, at its control socket alone.",
        "Für alle, die an das Datenverzeichnis des Servers kommen, und nur an seinem Kontroll-Socket.",
    ))
    .takes::<BackupWanted>(json!({"passphrase": "correct horse battery"}))
    .gives_bytes("application/zstd", both("The backup.", "Das Backup."))
    .carries("Content-Disposition", both("A file name.", "Ein Dateiname."))
    .refuses(&[(400, "wrong_type"), (403, "not_over_the_network"), (422, "missing"), (422, "malformed_value")])
}

/// A piece of what the doctor looks at.
fn examining(id: &'static str, summary: Phrase) -> Operation {
    administration(id, summary)
        .about(both(
            "It is done in pieces: begin without `place`, and go on with `next` as long as it is not null.",
            "Das geht in Stücken: ohne `place` beginnen und mit `next` weitermachen, solange es nicht null ist.",
        ))
        .checked_query(
            "place",
            both("Where the piece begins: `next` of the one before.", "Wo das Stück beginnt: `next` des vorigen."),
            json!({"type": "string"}),
        )
        .checked_query(
            "alone",
            both(
                "Check large files page by page as well, for which changes have to wait.",
                "Auch große Dateien Seite für Seite prüfen, worauf Änderungen warten müssen.",
            ),
            json!({"type": "boolean"}),
        )
        .gives::<ExaminedJson>(both(
            "What was looked at, and what is not in order there.",
            "Was angesehen wurde, und was dort nicht in Ordnung ist.",
        ))
        .refuses(&[(503, "not_saved")])
}

pub fn look() -> Operation {
    examining(
        "examine",
        both(
            "Whether everything that is kept is whole and belongs together",
            "Ob alles Aufbewahrte heil ist und zusammengehört",
        ),
    )
}

pub fn mend() -> Operation {
    examining(
        "repair",
        both(
            "The same, deriving anew what is derived and not right",
            "Dasselbe, und Abgeleitetes, das nicht stimmt, wird neu hergeleitet",
        ),
    )
    .writes()
}

pub fn verify() -> Operation {
    administration(
        "verify",
        both(
            "Whether histories lead to what there is, and give the timelines that were served",
            "Ob Verläufe zu dem führen, was da ist, und die Zeitpläne ergeben, die ausgeliefert wurden",
        ),
    )
    .about(both(
        "Each user's whole history is lived once more, and each generation that noted its timeline is \
         planned again. It is done in pieces: begin without `place`, and go on with `next` as long as it is \
         not null.",
        "Der ganze Verlauf jedes Benutzers wird noch einmal durchlaufen, und jede Generation, die ihren \
         Zeitplan vermerkt hat, noch einmal geplant. Das geht in Stücken: ohne `place` beginnen und mit \
         `next` weitermachen, solange es nicht null ist.",
    ))
    .checked_query(
        "place",
        both("Where the piece begins: `next` of the one before.", "Wo das Stück beginnt: `next` des vorigen."),
        json!({"type": "string"}),
    )
    .query("user", both("Of this user alone.", "Nur von diesem Benutzer."))
    .gives::<VerifiedJson>(both(
        "What was looked at, and what is not as it was.",
        "Was angesehen wurde, und was nicht so ist, wie es war.",
    ))
}

pub fn compact() -> Operation {
    administration(
        "compact",
        both(
            "Give the space of the database's file back that is not used",
            "Platz der Datenbankdatei freigeben, den sie nicht braucht",
        ),
    )
    .about(both(
        "A copy of what is used is made and takes the file's place. Changes wait meanwhile, readers do not.",
        "Von dem, was gebraucht wird, entsteht eine Kopie, die an die Stelle der Datei tritt. Änderungen \
         warten so lange, Leser nicht.",
    ))
    .gives::<CompactedJson>(both("How large the file was and is.", "Wie groß die Datei war und ist."))
    .writes()
}

pub fn backups() -> Operation {
    administration(
        "listBackups",
        both(
            "The backups that the server makes by itself, and what became of the last",
            "Die Backups, die der Server von selbst macht, und was aus dem letzten wurde",
        ),
    )
    .gives::<BackupsJson>(both(
        "The plan, the last result, and the files that are there.",
        "Der Plan, das letzte Ergebnis und die Dateien, die da sind.",
    ))
}

pub fn cache() -> Operation {
    administration(
        "getCache",
        both(
            "How much room finished answers and the database take",
            "Wie viel Platz fertige Antworten und die Datenbank brauchen",
        ),
    )
    .gives::<CacheJson>(both("The room that is taken.", "Der belegte Platz."))
}

pub fn inspect() -> Operation {
    of_user(administration(
        "inspectUser",
        both("What is kept of a user's timeline, and why", "Was vom Zeitplan eines Benutzers bereitliegt und warum"),
    ))
    .gives::<InspectionJson>(both("What is kept.", "Was bereitliegt."))
}
