//! What requests may hold, as the document tells it. `wire` reads the same bodies field by field, because only so an
//! error can say exactly what is wrong; a test holds the two together.

#![expect(dead_code, reason = "nothing is read into these: they are there for their schemas")]

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};

/// A task to add.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTask {
    /// A category that the rules know; the built-in ones know `arbeit` and `privat`.
    kategorie: String,
    /// `offen` (the default), `abgeschlossen` or `abgebrochen`.
    status: Option<String>,
    /// `DD.MM.YYYY` or `YYYY-MM-DD`; an empty text is no deadline.
    deadline: Option<String>,
    /// The slot that the task is fixed to.
    fixed_slot: Option<FixedSlot>,
    /// At most 32, each one line of at most 64 characters.
    tags: Option<Vec<String>>,
    /// One line of at most 200 characters; it becomes the document's heading.
    title: Option<String>,
    /// Markdown below the heading.
    body: Option<String>,
}

/// What to change of a task: any of the fields, or `document` alone. What is left out stays, byte for byte.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaskChange {
    /// A category that the rules know.
    kategorie: Option<String>,
    /// `offen`, `abgeschlossen` or `abgebrochen`.
    status: Option<String>,
    /// `DD.MM.YYYY` or `YYYY-MM-DD`; null or an empty text removes it.
    deadline: Option<String>,
    /// The slot that the task is fixed to; null removes it.
    fixed_slot: Option<FixedSlot>,
    /// All tags; null removes them.
    tags: Option<Vec<String>>,
    /// One line of at most 200 characters.
    title: Option<String>,
    /// Markdown below the heading.
    body: Option<String>,
    /// The whole file, frontmatter included; needs `If-Match`.
    document: Option<String>,
}

/// A slot, or the list of its two parts as old files have it.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum FixedSlot {
    Slot(PartOfSlot),
    Parts(Vec<Option<PartOfSlot>>),
}

/// A slot of a day, or a part of it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PartOfSlot {
    /// `DD.MM.YYYY` or `YYYY-MM-DD`
    datum: Option<String>,
    /// The name of a slot that the rules give that day.
    zeit: Option<String>,
}

/// A slot of a day.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct WantedSlot {
    /// `DD.MM.YYYY` or `YYYY-MM-DD`
    datum: String,
    /// The name of a slot that the rules give that day.
    zeit: String,
}

/// An object without fields.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Nothing {}

/// Which change to take back.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct UndoWanted {
    /// The generation that the change made; the last one if it is left out.
    generation: Option<u64>,
}

/// Settings to change; what is left out stays.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettingsChange {
    /// The IANA name of a time zone.
    time_zone: Option<String>,
    /// `de` or `en`.
    language: Option<String>,
    /// How many days the timeline covers, today included: 1 to 366.
    #[schemars(transform = never_null)]
    horizon: Option<u16>,
    /// `auto`, `light` or `dark`.
    theme: Option<String>,
}

/// Rules to set: a list, or one script alone.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RulesWanted {
    /// At most 32 scripts with names of their own; they apply in their order.
    rules: Option<Vec<RuleWanted>>,
    /// One script of your own, instead of `rules`.
    script: Option<String>,
}

/// A place in a list of rules: `use`, or `name` and `script`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RuleWanted {
    /// The name of a rule set that comes with the program.
    #[schemars(rename = "use")]
    library: Option<String>,
    /// 1 to 64 characters of a-z, 0-9 and `-`.
    name: Option<String>,
    /// A script of at most 16 KiB.
    script: Option<String>,
    /// Its tests, functions `test_…()` in a text of at most 16 KiB; all have to pass. They are kept with the script.
    tests: Option<String>,
    /// Values of options that the script declares.
    options: Option<BTreeMap<String, OptionWanted>>,
}

/// The value of an option.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum OptionWanted {
    Flag(bool),
    Number(i64),
    Text(String),
}

/// An account to add.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUser {
    /// 1 to 39 characters: a-z, 0-9, `.`, `_` and `-`, a letter or digit first.
    name: String,
    /// May manage accounts.
    admin: Option<bool>,
    /// The IANA name of a time zone; the server's if left out.
    time_zone: Option<String>,
    /// `de` or `en`; the server's if left out.
    language: Option<String>,
    /// 12 to 128 characters.
    password: Option<String>,
}

/// What to change of an account; what is left out stays.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct UserChange {
    admin: Option<bool>,
    /// A disabled account's tokens stop working at once; what is in it stays.
    disabled: Option<bool>,
    /// 12 to 128 characters.
    password: Option<String>,
}

/// A backup with secrets.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct BackupWanted {
    /// What the tokens in it are encrypted with, as age does: at least 12 characters.
    passphrase: Option<String>,
}

/// A token to make.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewToken {
    /// What it is for: one line of at most 64 characters.
    name: Option<String>,
    /// `read`, `write`, `feed`, `admin`: none that the asker's own token does not have.
    scopes: Option<Vec<String>>,
    /// How long it lasts: a number and `d`, `h` or `m`, such as `90d`.
    expires: Option<String>,
    /// When it ends, as RFC 3339; instead of `expires`.
    expires_at: Option<String>,
}

/// A Git repository of one's own; what is left out gets its default.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RemoteWanted {
    /// Its URL: `https://…`, and `http://…` or a path where the administrator allows it.
    remote: String,
    /// `main` if left out.
    branch: Option<String>,
    /// The folder of all users' files in it; `codex-miroir` if left out, and it may be empty.
    base_path: Option<String>,
    /// What goes with the token, where the forge asks for it.
    username: Option<String>,
    /// The password or access token; null removes the one that is kept.
    token: Option<String>,
    /// `push` (the default), `pull-only` or `off`.
    mode: Option<String>,
}

/// Settings, as their form has them.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettingsForm {
    /// The IANA name of a time zone.
    time_zone: Option<String>,
    /// `de` or `en`.
    language: Option<String>,
    /// 1 to 366.
    horizon: Option<String>,
    /// `auto`, `light` or `dark`.
    theme: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

/// Which session to end, or all of them.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionsForm {
    id: Option<String>,
    /// `true` for every one.
    all: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

/// A token to make.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenForm {
    /// What it is for.
    name: Option<String>,
    /// `read`, `write`, `feed` or `admin`; it may be there several times.
    scope: Option<Vec<String>>,
    /// Such as `90d`; empty for one that ends only when it is revoked.
    expires: Option<String>,
    /// The same key makes no second token.
    key: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

/// A Git repository of one's own.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RemoteForm {
    /// Its URL.
    remote: Option<String>,
    branch: Option<String>,
    /// The folder of all users' files in it.
    base_path: Option<String>,
    username: Option<String>,
    /// Empty for the one that is kept.
    token: Option<String>,
    /// `true`: the one that is kept is forgotten.
    #[schemars(rename = "forgetToken")]
    forget_token: Option<String>,
    /// `push`, `pull-only` or `off`.
    mode: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    #[schemars(rename = "signedInAs")]
    signed_in_as: Option<String>,
}

/// A token to revoke.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenRevocation {
    id: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

/// An account to add.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUserForm {
    /// 1 to 39 characters: a-z, 0-9, `.`, `_` and `-`, a letter or digit first.
    name: Option<String>,
    /// `true` for an administrator.
    admin: Option<String>,
    /// The IANA name of a time zone.
    time_zone: Option<String>,
    /// `de` or `en`.
    language: Option<String>,
    /// 12 to 128 characters.
    password: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

/// Whether somebody is to be an administrator.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdminForm {
    /// `true` or `false`.
    admin: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

/// A password for somebody.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPasswordForm {
    /// 12 to 128 characters.
    password: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

/// What has nothing to say but who says it.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct ButtonForm {
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

/// A password of one's own.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordForm {
    /// The present one.
    current: Option<String>,
    /// 12 to 128 characters.
    password: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

/// What shows that an account is meant to be removed.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemovalForm {
    /// The account's name.
    confirm: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

fn never_null(schema: &mut Schema) {
    schema.insert("type".to_owned(), "integer".into());
}

#[cfg(test)]
pub(super) mod tests {
    use schemars::schema_for;

    use super::*;
    use crate::http::extract::SIGNED_IN_AS;
    use crate::http::web::{admin as administration, settings};
    use crate::http::{account, admin, backup, history, rules, sessions, sync, tokens, wire};

    fn assert_fields(schema: &Schema, known: &[&str]) {
        let mut described: Vec<_> =
            schema.get("properties").unwrap().as_object().unwrap().keys().map(String::as_str).collect();
        let mut known = known.to_vec();
        described.sort_unstable();
        known.sort_unstable();
        assert_eq!(described, known);
        assert_eq!(schema.get("additionalProperties"), Some(&false.into()));
    }

    /// A form says whom its page was for, too.
    pub(in crate::http::openapi) fn assert_form(schema: &Schema, known: &[&str]) {
        assert_fields(schema, &[known, &[SIGNED_IN_AS]].concat());
    }

    #[test]
    fn what_is_described_is_what_is_read() {
        assert_fields(&schema_for!(NewTask), &wire::FIELDS);
        assert_fields(&schema_for!(TaskChange), &[&wire::FIELDS[..], &["document"]].concat());
        assert_fields(&schema_for!(PartOfSlot), &wire::SLOT_FIELDS);
        assert_fields(&schema_for!(WantedSlot), &wire::SLOT_FIELDS);
        assert_fields(&schema_for!(UndoWanted), &history::UNDO_FIELDS);
        assert_fields(&schema_for!(SettingsChange), &account::FIELDS);
        assert_fields(&schema_for!(RulesWanted), &rules::FIELDS);
        assert_fields(&schema_for!(RuleWanted), &rules::RULE_FIELDS);
        assert_fields(&schema_for!(NewUser), &admin::NEW_USER_FIELDS);
        assert_fields(&schema_for!(UserChange), &admin::USER_FIELDS);
        assert_fields(&schema_for!(BackupWanted), &backup::FIELDS);
        assert_fields(&schema_for!(NewToken), &tokens::FIELDS);
        assert_fields(&schema_for!(RemoteWanted), &sync::REMOTE_FIELDS);
        assert_form(&schema_for!(ButtonForm), &[]);
        assert_form(&schema_for!(PasswordForm), &sessions::PASSWORD_FIELDS);
        assert_form(&schema_for!(SettingsForm), &account::FIELDS);
        assert_form(&schema_for!(SessionsForm), &settings::SESSION_FIELDS);
        assert_form(&schema_for!(TokenForm), &settings::TOKEN_FIELDS);
        assert_form(&schema_for!(TokenRevocation), &settings::REVOKE_FIELDS);
        assert_form(&schema_for!(RemoteForm), &settings::git::FIELDS);
        assert_form(&schema_for!(NewUserForm), &admin::NEW_USER_FIELDS);
        assert_form(&schema_for!(AdminForm), &administration::ADMIN_FIELDS);
        assert_form(&schema_for!(NewPasswordForm), &administration::PASSWORD_FIELDS);
        assert_form(&schema_for!(RemovalForm), &administration::REMOVAL_FIELDS);
    }
}

/// Who signs in.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Login {
    name: Option<String>,
    password: Option<String>,
    /// Of a form: the path to go to afterwards.
    next: Option<String>,
}

/// Nothing has to be said.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct NoFields {}

/// The first account.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetUp {
    /// What the link has.
    code: Option<String>,
    /// 1 to 39 characters of `a-z`, `0-9`, `.`, `_`, `-`.
    name: String,
    /// 12 to 128 characters.
    password: String,
    /// An IANA name; the server's by default.
    time_zone: Option<String>,
    /// `de` or `en`.
    language: Option<String>,
}

/// A new password.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PasswordChange {
    /// The present one.
    current: String,
    /// 12 to 128 characters.
    password: String,
}
