//! Descriptions of signing in and out, and of sessions.

use serde_json::json;

use super::operation::{Operation, Refusal};
use super::requests::{Login, NoFields, PasswordChange, SetUp};
use crate::http::auth::{SignedInJson, SignedOutJson};
use crate::http::sessions::{ChangedPasswordJson, EndedJson, SessionsJson};

const TAG: &str = "Signing in";

/// How a password that is tried can be refused.
const TRIED: [Refusal; 3] = [(429, "too_many_attempts"), (503, "passwords_unavailable"), (503, "busy")];

/// Open to everybody; only a token that is shown has to be a valid one.
fn open(id: &'static str, summary: &'static str) -> Operation {
    Operation::new(TAG, id, summary).of_everybody()
}

pub fn login_page() -> Operation {
    open("showLogin", "The page that signs in")
        .query("next", "The path to go to afterwards.")
        .gives_text("text/html", "The page.")
        .gives_way("Somebody is signed in already.")
}

pub fn login() -> Operation {
    open("login", "Sign in with name and password")
        .about(
            "The session is a cookie. Ten attempts a minute, of one address and for one name. A form is answered with a \
             page, or with 303 to `next`.",
        )
        .takes::<Login>(json!({"name": "anna", "password": "…"}))
        .or_takes_form()
        .gives::<SignedInJson>("Signed in.")
        .gives_way("The form's answer.")
        .writes()
        .refuses(&[(401, "sign_in_failed"), (400, "wrong_type")])
        .refuses(&TRIED)
}

pub fn logout() -> Operation {
    open("logout", "Sign out")
        .about("Ends the session that is shown; without one nothing happens.")
        .may_take::<NoFields>(json!({}))
        .or_takes_form()
        .gives::<SignedOutJson>("Signed out.")
        .gives_way("The form's answer.")
        .writes()
}

pub fn welcome() -> Operation {
    open("useLink", "The link that a demo prints")
        .about("It signs in once.")
        .query("code", "What the link has.")
        .gives_way("Signed in, and on to the week.")
        .writes()
        .refuses(&[(404, "link_used"), (503, "unavailable")])
}

pub fn set_up_page() -> Operation {
    open("showSetUp", "The page for the first account")
        .query("code", "What the link has that the start of a server without accounts prints.")
        .gives_text("text/html", "The page.")
        .gives_text_with(404, "text/html", "The link is none, or none any more.")
}

pub fn set_up() -> Operation {
    open("setUp", "Make the first account")
        .about("It is an administrator's, and signed in.")
        .takes::<SetUp>(
            json!({"code": "…", "name": "anna", "password": "…", "timeZone": "Europe/Berlin", "language": "de"}),
        )
        .or_takes_form()
        .gives::<SignedInJson>("Set up and signed in.")
        .gives_way("The form's answer.")
        .writes()
        .refuses(&[(400, "wrong_type"), (404, "link_used"), (409, "set_up_before"), (503, "passwords_unavailable")])
        .refuses(&[(422, "malformed_value"), (422, "missing"), (422, "unknown_value")])
}

pub fn sessions() -> Operation {
    Operation::new(TAG, "listSessions", "Where you are signed in")
        .gives::<SessionsJson>("The sessions, the oldest first.")
}

pub fn end_session() -> Operation {
    Operation::new(TAG, "endSession", "Sign out somewhere")
        .path("id", "As the list has it.")
        .gives::<EndedJson>("That session is refused from now on.")
        .writes()
        .refuses(&[(404, "no_such_token")])
}

pub fn end_sessions() -> Operation {
    Operation::new(TAG, "endSessions", "Sign out everywhere")
        .gives::<EndedJson>("Every session of yours is refused from now on, the one that asks too.")
        .writes()
}

pub fn end_sessions_of() -> Operation {
    Operation::new("Administration", "endSessionsOf", "Sign somebody out everywhere")
        .of_nobody()
        .path("name", "The user's name.")
        .gives::<EndedJson>("Every session of that user's is refused from now on.")
        .writes()
}

pub fn change_password() -> Operation {
    Operation::new(TAG, "changePassword", "Change your password")
        .about("Ends every session of yours. A browser that did it gets a new one.")
        .takes::<PasswordChange>(json!({"current": "…", "password": "…"}))
        .gives::<ChangedPasswordJson>("The new one counts from now on.")
        .writes()
        .refuses(&[(400, "wrong_type"), (422, "wrong_password"), (422, "malformed_value"), (422, "missing")])
        .refuses(&TRIED)
}
