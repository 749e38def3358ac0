//! Descriptions of signing in and out, and of sessions.

use serde_json::json;

use super::operation::{Operation, Refusal};
use super::requests::{Login, NoFields, PasswordChange, SetUp};
use crate::domain::lang::{Phrase, both};
use crate::http::auth::{SignedInJson, SignedOutJson};
use crate::http::sessions::{ChangedPasswordJson, EndedJson, SessionsJson};

const TAG: &str = "Signing in";

/// How a password that is tried can be refused.
const TRIED: [Refusal; 3] = [(429, "too_many_attempts"), (503, "passwords_unavailable"), (503, "busy")];

/// Open to everybody; only a token that is shown has to be a valid one.
fn open(id: &'static str, summary: Phrase) -> Operation {
    Operation::new(TAG, id, summary).of_everybody()
}

pub fn login_page() -> Operation {
    open("showLogin", both("The page that signs in", "Die Seite zum Anmelden"))
        .query("next", both("The path to go to afterwards.", "Der Pfad, auf dem es danach weitergeht."))
        .gives_text("text/html", both("The page.", "Die Seite."))
        .gives_way(both("Somebody is signed in already.", "Es ist schon jemand angemeldet."))
}

pub fn login() -> Operation {
    open("login", both("Sign in with name and password", "Mit Name und Passwort anmelden"))
        .about(both(
            "The session is a cookie. Ten attempts a minute, of one address and for one name. A form is \
             answered with a page, or with 303 to `next`.",
            "Die Sitzung ist ein Cookie. Zehn Versuche in der Minute, von einer Adresse und für einen Namen. \
             Auf ein Formular kommt eine Seite oder 303 zu `next`.",
        ))
        .takes::<Login>(json!({"name": "anna", "password": "…"}))
        .or_takes_form()
        .gives::<SignedInJson>(both("Signed in.", "Angemeldet."))
        .gives_way(both("The form's answer.", "Die Antwort auf das Formular."))
        .writes()
        .refuses(&[(401, "sign_in_failed"), (400, "wrong_type")])
        .refuses(&TRIED)
}

pub fn logout() -> Operation {
    open("logout", both("Sign out", "Abmelden"))
        .about(both(
            "Ends the session that is shown; without one nothing happens.",
            "Beendet die Sitzung, die gezeigt wird; ohne eine geschieht nichts.",
        ))
        .may_take::<NoFields>(json!({}))
        .or_takes_form()
        .gives::<SignedOutJson>(both("Signed out.", "Abgemeldet."))
        .gives_way(both("The form's answer.", "Die Antwort auf das Formular."))
        .writes()
}

pub fn welcome() -> Operation {
    open("useLink", both("The link that a demo prints", "Der Link, den eine Demo ausgibt"))
        .about(both("It signs in once.", "Er meldet einmal an."))
        .query("code", both("What the link has.", "Was im Link steht."))
        .gives_way(both("Signed in, and on to the week.", "Angemeldet, und weiter zur Woche."))
        .writes()
        .refuses(&[(404, "link_used"), (503, "unavailable")])
}

pub fn set_up_page() -> Operation {
    open("showSetUp", both("The page for the first account", "Die Seite für das erste Konto"))
        .query(
            "code",
            both(
                "What the link has that the start of a server without accounts prints.",
                "Was in dem Link steht, den ein Server ohne Konten beim Start ausgibt.",
            ),
        )
        .gives_text("text/html", both("The page.", "Die Seite."))
        .gives_text_with(
            404,
            "text/html",
            both("The link is none, or none any more.", "Der Link ist keiner oder keiner mehr."),
        )
}

pub fn set_up() -> Operation {
    open("setUp", both("Make the first account", "Das erste Konto anlegen"))
        .about(both("It is an administrator's, and signed in.", "Es darf verwalten und ist angemeldet."))
        .takes::<SetUp>(
            json!({"code": "…", "name": "anna", "password": "…", "timeZone": "Europe/Berlin", "language": "de"}),
        )
        .or_takes_form()
        .gives::<SignedInJson>(both("Set up and signed in.", "Eingerichtet und angemeldet."))
        .gives_way(both("The form's answer.", "Die Antwort auf das Formular."))
        .writes()
        .refuses(&[(400, "wrong_type"), (404, "link_used"), (409, "set_up_before"), (503, "passwords_unavailable")])
        .refuses(&[(422, "malformed_value"), (422, "missing"), (422, "unknown_value")])
}

pub fn sessions() -> Operation {
    Operation::new(TAG, "listSessions", both("Where you are signed in", "Wo du angemeldet bist"))
        .gives::<SessionsJson>(both("The sessions, the oldest first.", "Die Sitzungen, die älteste zuerst."))
}

pub fn end_session() -> Operation {
    Operation::new(TAG, "endSession", both("Sign out somewhere", "Irgendwo abmelden"))
        .path("id", both("As the list has it.", "Wie sie in der Liste steht."))
        .gives::<EndedJson>(both("That session is refused from now on.", "Ab jetzt wird diese Sitzung abgelehnt."))
        .writes()
        .refuses(&[(404, "no_such_token")])
}

pub fn end_sessions() -> Operation {
    Operation::new(TAG, "endSessions", both("Sign out everywhere", "Überall abmelden"))
        .gives::<EndedJson>(both(
            "Every session of yours is refused from now on, the one that asks too.",
            "Ab jetzt wird jede deiner Sitzungen abgelehnt, auch die, die fragt.",
        ))
        .writes()
}

pub fn end_sessions_of() -> Operation {
    Operation::new("Administration", "endSessionsOf", both("Sign somebody out everywhere", "Jemanden überall abmelden"))
        .of_nobody()
        .path("name", both("The user's name.", "Der Name des Benutzers."))
        .gives::<EndedJson>(both(
            "Every session of that user's is refused from now on.",
            "Ab jetzt wird jede Sitzung dieses Benutzers abgelehnt.",
        ))
        .writes()
}

pub fn change_password() -> Operation {
    Operation::new(TAG, "changePassword", both("Change your password", "Dein Passwort ändern"))
        .about(both(
            "Ends every session of yours. A browser that did it gets a new one.",
            "Beendet alle deine Sitzungen. Ein Browser, der es getan hat, bekommt eine neue.",
        ))
        .takes::<PasswordChange>(json!({"current": "…", "password": "…"}))
        .gives::<ChangedPasswordJson>(both("The new one counts from now on.", "Ab jetzt gilt das neue."))
        .writes()
        .refuses(&[(400, "wrong_type"), (422, "wrong_password"), (422, "malformed_value"), (422, "missing")])
        .refuses(&TRIED)
}
