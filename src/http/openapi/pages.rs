//! Descriptions of the pages of accounts and of their forms.

use schemars::JsonSchema;
use serde_json::json;

use super::operation::Operation;
use super::requests::{
    AdminForm, ButtonForm, NewPasswordForm, NewUserForm, PasswordForm, RemoteForm, RemovalForm, SessionsForm,
    SettingsForm, TokenForm, TokenRevocation,
};

const TAG: &str = "Pages";
pub(super) const PAGE: &str = "text/html";
/// What the word after an act says, which the page after it tells.
pub(super) const DONE: &str = "A word for what was done just before, which the page then tells.";

pub(super) fn page(id: &'static str, summary: &'static str) -> Operation {
    Operation::new(TAG, id, summary).gives_text(PAGE, "The page.")
}

/// A form on a page: what is wrong with it is told on the page that it is on.
fn form<T: JsonSchema>(id: &'static str, summary: &'static str) -> Operation {
    sent::<T>(id, summary)
        .gives_text_with(422, PAGE, "The page with the form, and what is wrong beside the field.")
        .refuses(&[(400, "wrong_type")])
}

pub(super) fn sent<T: JsonSchema>(id: &'static str, summary: &'static str) -> Operation {
    Operation::new(TAG, id, summary)
        .takes_form::<T>()
        .gives_way("Done, and back to the page.")
        .writes()
        .refuses(&[(409, "somebody_else")])
}

/// A password may have to wait.
fn of_passwords(operation: Operation) -> Operation {
    operation
        .gives_text_with(503, PAGE, "The page with the form; passwords cannot be checked at the moment.")
        .carries("Retry-After", "Seconds after which another try may succeed.")
        .refuses(&[(503, "busy")])
}

/// It is about an account, which its path names.
fn of_account(operation: Operation) -> Operation {
    operation.of_nobody().path("name", "The account's name.").refuses(&[(404, "no_such_user")])
}

pub fn settings() -> Operation {
    page("showSettings", "Your settings as a page").query("done", DONE)
}

pub fn change_settings() -> Operation {
    form::<SettingsForm>("sendSettings", "Change settings by form")
}

pub fn change_password() -> Operation {
    of_passwords(form::<PasswordForm>("sendPassword", "Change your password by form"))
        .gives_text_with(429, PAGE, "The page with the form; too many passwords were tried.")
        .carries("Retry-After", "Seconds after which another try may succeed.")
}

pub fn end_sessions() -> Operation {
    form::<SessionsForm>("sendSessionEnd", "Sign out somewhere or everywhere by form")
        .refuses(&[(404, "no_such_token")])
}

pub fn make_token() -> Operation {
    form::<TokenForm>("sendToken", "Make a token by form").gives_text(PAGE, "The page that shows the token, once.")
}

pub fn revoke_token() -> Operation {
    form::<TokenRevocation>("sendTokenEnd", "Revoke a token by form").refuses(&[(422, "missing")])
}

pub fn set_remote() -> Operation {
    form::<RemoteForm>("sendRemote", "Sync with a Git repository of your own, by form")
}

pub fn remove_remote() -> Operation {
    sent::<ButtonForm>("sendRemoteEnd", "Forget your own Git repository by form").may_be_left_out()
}

pub fn sync() -> Operation {
    page("showSync", "How the sync with Git stands, as a page").query("done", DONE)
}

pub fn sync_now() -> Operation {
    sent::<ButtonForm>("sendSync", "Sync with the Git repository by form")
        .may_be_left_out()
        .gives_text_with(422, PAGE, "The page, with why nothing was synced.")
        .gives_text_with(503, PAGE, "The same, where another try may succeed.")
        .carries("Retry-After", "Seconds after which it may.")
}

pub fn accounts() -> Operation {
    page("showAccounts", "All accounts as a page, and a form for another one")
        .of_nobody()
        .query("after", "Only names that come after this one.")
        .query("done", DONE)
        .refuses(&[(422, "malformed_value")])
}

pub fn state() -> Operation {
    page("showState", "The server's database, backups, memory, cache, and rules that fail, as a page")
        .of_nobody()
        .query("done", DONE)
}

pub fn doctor() -> Operation {
    page("showDoctor", "Whether everything that is kept is whole, as pages of a few pieces each")
        .of_nobody()
        .checked_query("place", "Where the page begins: what the one before leads to.", json!({"type": "string"}))
}

pub fn compact() -> Operation {
    sent::<ButtonForm>("sendCompact", "Give the space of the database's file back that is not used, by form")
        .of_nobody()
        .may_be_left_out()
        .gives_text_with(422, PAGE, "The page, with why nothing was given back.")
        .gives_text_with(503, PAGE, "The same, where another try may succeed.")
        .carries("Retry-After", "Seconds after which it may.")
}

pub fn timeline() -> Operation {
    of_account(page("showTimelineKept", "What is kept of somebody's timeline, and why, as a page"))
}

pub fn add() -> Operation {
    of_passwords(form::<NewUserForm>("sendAccount", "Add an account by form")).of_nobody()
}

pub fn account() -> Operation {
    of_account(page("showAccount", "An account as a page")).query("done", DONE)
}

/// What is done to an account by a button, and may be refused on its page.
fn deed(id: &'static str, summary: &'static str) -> Operation {
    let sent = sent::<ButtonForm>(id, summary).may_be_left_out();
    of_account(sent).gives_text_with(422, PAGE, "The account's page, with why it cannot be done.")
}

/// What nobody does to the own account there.
fn not_to_oneself(operation: Operation) -> Operation {
    operation.refuses(&[(409, "own_account")])
}

pub fn disable() -> Operation {
    not_to_oneself(deed("sendDisable", "Disable an account by form"))
}

pub fn enable() -> Operation {
    deed("sendEnable", "Enable an account by form")
}

pub fn set_admin() -> Operation {
    not_to_oneself(of_account(form::<AdminForm>("sendAdmin", "Make somebody an administrator by form, or no longer")))
}

pub fn set_password() -> Operation {
    let form = form::<NewPasswordForm>("sendNewPassword", "Give somebody a new password by form");
    not_to_oneself(of_passwords(of_account(form)))
}

pub fn sign_out() -> Operation {
    deed("sendSignOut", "Sign somebody out everywhere by form")
}

pub fn removal() -> Operation {
    of_account(page("showRemoval", "The page before an account is removed, with its exports"))
}

pub fn remove() -> Operation {
    of_account(form::<RemovalForm>("sendRemoval", "Remove an account by form"))
}
