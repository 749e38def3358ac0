//! Descriptions of the pages of accounts and of their forms.

use schemars::JsonSchema;
use serde_json::json;

use super::operation::Operation;
use super::requests::{
    AdminForm, ButtonForm, NewPasswordForm, NewUserForm, PasswordForm, RemoteForm, RemovalForm, SessionsForm,
    SettingsForm, TokenForm, TokenRevocation,
};
use crate::domain::lang::{Phrase, both};

const TAG: &str = "Pages";
pub(super) const PAGE: &str = "text/html";
/// What the word after an act says, which the page after it tells.
pub(super) const DONE: Phrase = both(
    "A word for what was done just before, which the page then tells.",
    "Ein Wort für das, was gerade getan wurde und was die Seite dann meldet.",
);

pub(super) fn page(id: &'static str, summary: Phrase) -> Operation {
    Operation::new(TAG, id, summary).gives_text(PAGE, both("The page.", "Die Seite."))
}

/// A form on a page: what is wrong with it is told on the page that it is on.
fn form<T: JsonSchema>(id: &'static str, summary: Phrase) -> Operation {
    sent::<T>(id, summary)
        .gives_text_with(
            422,
            PAGE,
            both(
                "The page with the form, and what is wrong beside the field.",
                "Die Seite mit dem Formular, und neben dem Feld, was daran falsch ist.",
            ),
        )
        .refuses(&[(400, "wrong_type")])
}

pub(super) fn sent<T: JsonSchema>(id: &'static str, summary: Phrase) -> Operation {
    Operation::new(TAG, id, summary)
        .takes_form::<T>()
        .gives_way(both("Done, and back to the page.", "Getan, und zurück zur Seite."))
        .writes()
        .refuses(&[(409, "somebody_else")])
}

/// A password may have to wait.
fn of_passwords(operation: Operation) -> Operation {
    operation
        .gives_text_with(
            503,
            PAGE,
            both(
                "The page with the form; passwords cannot be checked at the moment.",
                "Die Seite mit dem Formular; Passwörter lassen sich gerade nicht prüfen.",
            ),
        )
        .carries(
            "Retry-After",
            both(
                "Seconds after which another try may succeed.",
                "Sekunden, nach denen ein weiterer Versuch gelingen kann.",
            ),
        )
        .refuses(&[(503, "busy")])
}

/// It is about an account, which its path names.
fn of_account(operation: Operation) -> Operation {
    operation
        .of_nobody()
        .path("name", both("The account's name.", "Der Name des Kontos."))
        .refuses(&[(404, "no_such_user")])
}

pub fn settings() -> Operation {
    page("showSettings", both("Your settings as a page", "Deine Einstellungen als Seite")).query("done", DONE)
}

pub fn change_settings() -> Operation {
    form::<SettingsForm>("sendSettings", both("Change settings by form", "Einstellungen ändern, mit einem Formular"))
}

pub fn change_password() -> Operation {
    of_passwords(form::<PasswordForm>(
        "sendPassword",
        both("Change your password by form", "Dein Passwort ändern, mit einem Formular"),
    ))
    .gives_text_with(
        429,
        PAGE,
        both(
            "The page with the form; too many passwords were tried.",
            "Die Seite mit dem Formular; zu viele Passwörter wurden probiert.",
        ),
    )
    .carries(
        "Retry-After",
        both(
            "Seconds after which another try may succeed.",
            "Sekunden, nach denen ein weiterer Versuch gelingen kann.",
        ),
    )
}

pub fn end_sessions() -> Operation {
    form::<SessionsForm>(
        "sendSessionEnd",
        both("Sign out somewhere or everywhere by form", "Irgendwo oder überall abmelden, mit einem Formular"),
    )
    .refuses(&[(404, "no_such_token")])
}

pub fn make_token() -> Operation {
    form::<TokenForm>("sendToken", both("Make a token by form", "Ein Token machen, mit einem Formular"))
        .gives_text(PAGE, both("The page that shows the token, once.", "Die Seite, die das Token zeigt, einmal."))
}

pub fn revoke_token() -> Operation {
    form::<TokenRevocation>("sendTokenEnd", both("Revoke a token by form", "Ein Token widerrufen, mit einem Formular"))
        .refuses(&[(422, "missing")])
}

pub fn set_remote() -> Operation {
    form::<RemoteForm>(
        "sendRemote",
        both(
            "Sync with a Git repository of your own, by form",
            "Mit einem eigenen Git-Repository abgleichen, mit einem Formular",
        ),
    )
}

pub fn remove_remote() -> Operation {
    sent::<ButtonForm>(
        "sendRemoteEnd",
        both("Forget your own Git repository by form", "Dein eigenes Git-Repository vergessen, mit einem Formular"),
    )
    .may_be_left_out()
}

pub fn sync() -> Operation {
    page("showSync", both("How the sync with Git stands, as a page", "Wie der Abgleich mit Git steht, als Seite"))
        .query("done", DONE)
}

pub fn sync_now() -> Operation {
    sent::<ButtonForm>(
        "sendSync",
        both("Sync with the Git repository by form", "Mit dem Git-Repository abgleichen, mit einem Formular"),
    )
    .may_be_left_out()
    .gives_text_with(
        422,
        PAGE,
        both("The page, with why nothing was synced.", "Die Seite, und warum nichts abgeglichen wurde."),
    )
    .or_later()
}

pub fn accounts() -> Operation {
    page(
        "showAccounts",
        both(
            "All accounts as a page, and a form for another one",
            "Alle Konten als Seite, mit einem Formular für ein weiteres",
        ),
    )
    .of_nobody()
    .query("after", both("Only names that come after this one.", "Nur Namen, die nach diesem kommen."))
    .query("done", DONE)
    .refuses(&[(422, "malformed_value")])
}

pub fn state() -> Operation {
    page(
        "showState",
        both(
            "The server's database, backups, memory, cache, and rules that fail, as a page",
            "Datenbank, Backups, Speicher und Cache des Servers und scheiternde Regeln, als Seite",
        ),
    )
    .of_nobody()
    .query("done", DONE)
}

pub fn doctor() -> Operation {
    page(
        "showDoctor",
        both(
            "Whether everything that is kept is whole, as pages of a few pieces each",
            "Ob alles Aufbewahrte heil ist, als Seiten aus je ein paar Stücken",
        ),
    )
    .of_nobody()
    .checked_query(
        "place",
        both("Where the page begins: what the one before leads to.", "Wo die Seite beginnt: wohin die vorige führt."),
        json!({"type": "string"}),
    )
}

pub fn compact() -> Operation {
    sent::<ButtonForm>(
        "sendCompact",
        both(
            "Give the space of the database's file back that is not used, by form",
            "Platz der Datenbankdatei freigeben, den sie nicht braucht, mit einem Formular",
        ),
    )
    .of_nobody()
    .may_be_left_out()
    .gives_text_with(
        422,
        PAGE,
        both("The page, with why nothing was given back.", "Die Seite, und warum nichts frei wurde."),
    )
    .or_later()
}

pub fn timeline() -> Operation {
    of_account(page(
        "showTimelineKept",
        both(
            "What is kept of somebody's timeline, and why, as a page",
            "Was von jemandes Zeitplan bereitliegt und warum, als Seite",
        ),
    ))
}

pub fn add() -> Operation {
    of_passwords(form::<NewUserForm>(
        "sendAccount",
        both("Add an account by form", "Ein Konto anlegen, mit einem Formular"),
    ))
    .of_nobody()
}

pub fn account() -> Operation {
    of_account(page("showAccount", both("An account as a page", "Ein Konto als Seite"))).query("done", DONE)
}

/// What is done to an account by a button, and may be refused on its page.
fn deed(id: &'static str, summary: Phrase) -> Operation {
    let sent = sent::<ButtonForm>(id, summary).may_be_left_out();
    of_account(sent).gives_text_with(
        422,
        PAGE,
        both("The account's page, with why it cannot be done.", "Die Seite des Kontos, und warum es nicht geht."),
    )
}

/// What nobody does to the own account there.
fn not_to_oneself(operation: Operation) -> Operation {
    operation.refuses(&[(409, "own_account")])
}

pub fn disable() -> Operation {
    not_to_oneself(deed("sendDisable", both("Disable an account by form", "Ein Konto sperren, mit einem Formular")))
}

pub fn enable() -> Operation {
    deed("sendEnable", both("Enable an account by form", "Ein Konto entsperren, mit einem Formular"))
}

pub fn set_admin() -> Operation {
    not_to_oneself(of_account(form::<AdminForm>(
        "sendAdmin",
        both(
            "Make somebody an administrator by form, or no longer",
            "Jemanden verwalten lassen oder nicht mehr, mit einem Formular",
        ),
    )))
}

pub fn set_password() -> Operation {
    let form = form::<NewPasswordForm>(
        "sendNewPassword",
        both("Give somebody a new password by form", "Jemandem ein neues Passwort geben, mit einem Formular"),
    );
    not_to_oneself(of_passwords(of_account(form)))
}

pub fn sign_out() -> Operation {
    deed("sendSignOut", both("Sign somebody out everywhere by form", "Jemanden überall abmelden, mit einem Formular"))
}

pub fn removal() -> Operation {
    of_account(page(
        "showRemoval",
        both(
            "The page before an account is removed, with its exports",
            "Die Seite vor dem Entfernen eines Kontos, mit seinen Exporten",
        ),
    ))
}

pub fn remove() -> Operation {
    of_account(form::<RemovalForm>(
        "sendRemoval",
        both("Remove an account by form", "Ein Konto entfernen, mit einem Formular"),
    ))
}
