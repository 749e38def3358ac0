//! What the forms of the pages of tasks hold, as in `requests`.

#![expect(dead_code, reason = "nothing is read into these: they are there for their schemas")]

use schemars::JsonSchema;

/// A task in one line.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuickForm {
    /// The title, with “#tag”, “@category”, “!day slot” and “by day” anywhere in it.
    line: Option<String>,
    /// The category where the line names none.
    kategorie: Option<String>,
    /// The slot that it is fixed to instead of the one that the line names, as `15.10.2025/morgens`.
    slot: Option<String>,
    /// 1 to 64 bytes; the same line with the same key adds no second task, also while the first is under way.
    key: Option<String>,
    /// `true`: nothing is added, only shown.
    look: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

/// A button that does something to a task.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActForm {
    /// The path of the page that it was sent from; the week where it is missing.
    back: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

/// The slot that a task is fixed to.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct PinForm {
    /// The day.
    datum: Option<String>,
    /// The slot's name.
    zeit: Option<String>,
    /// Both, as `15.10.2025/morgens`.
    slot: Option<String>,
    /// The path of the page that it was sent from; the week where it is missing.
    back: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

/// What is done to several tasks.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeveralForm {
    /// A task's id; it may be there several times.
    task: Option<Vec<String>>,
    /// `complete`, `cancel`, `reopen`, `unpin`, `remove`, `tag` or `untag`.
    act: Option<String>,
    /// The tag that each gets or loses.
    tag: Option<String>,
    /// The path of the page that it was sent from; the week where it is missing.
    back: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

/// A task as somebody wrote it, in fields or as a whole file.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaskForm {
    title: Option<String>,
    kategorie: Option<String>,
    /// A day, or nothing.
    deadline: Option<String>,
    /// With commas between.
    tags: Option<String>,
    /// The day that it is fixed to, or nothing.
    datum: Option<String>,
    /// The slot of that day.
    zeit: Option<String>,
    body: Option<String>,
    /// The whole file instead of the fields.
    document: Option<String>,
    /// The place of the item of its checklists, the first is 0, that is ticked instead, or no longer.
    item: Option<String>,
    /// The entity tag of the document as it was shown.
    etag: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

/// One change of the list of rules.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct RulesForm {
    /// `options`, `add`, `remove`, `up`, `reset` or `restore`.
    act: Option<String>,
    /// The name of the script that it is about.
    script: Option<String>,
    /// The name of an option; it may be there several times.
    option: Option<Vec<String>>,
    /// The options' values, in the same order.
    value: Option<Vec<String>>,
    /// The version that is set again.
    version: Option<String>,
    /// `true`: nothing is changed, only shown.
    look: Option<String>,
    /// The entity tag of the rules as they were shown.
    etag: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

/// A rule of one's own as it was written.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleForm {
    /// `check`, `look`, `test` or `save`.
    act: Option<String>,
    /// The rule of the list whose place it takes; empty for one that goes to the end.
    of: Option<String>,
    /// What it is called.
    name: Option<String>,
    /// The text of the script.
    script: Option<String>,
    /// The text of its tests.
    tests: Option<String>,
    /// `true`: what is set of its options is forgotten.
    defaults: Option<String>,
    /// The entity tag of the rules as they were as the writing began.
    etag: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

/// The change that is taken back.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct UndoForm {
    /// The generation that it made.
    generation: Option<String>,
    /// The path of the page that it was sent from; the week where it is missing.
    back: Option<String>,
    /// Whom the form's page was for: for another one than the asker it is refused.
    signed_in_as: Option<String>,
}

#[cfg(test)]
mod tests {
    use schemars::schema_for;

    use super::*;
    use crate::http::openapi::requests::tests::assert_form;
    use crate::http::web::{acts, quick, rules, tasks};

    #[test]
    fn what_is_described_is_what_is_read() {
        assert_form(&schema_for!(QuickForm), &quick::QUICK_FIELDS);
        assert_form(&schema_for!(ActForm), &acts::ACT_FIELDS);
        assert_form(&schema_for!(PinForm), &acts::PIN_FIELDS);
        assert_form(&schema_for!(RulesForm), &rules::RULES_FIELDS);
        assert_form(&schema_for!(RuleForm), &rules::EDIT_FIELDS);
        assert_form(&schema_for!(UndoForm), &acts::UNDO_FIELDS);
        assert_form(&schema_for!(SeveralForm), &tasks::SEVERAL_FIELDS);
        assert_form(&schema_for!(TaskForm), &tasks::SAVE_FIELDS);
    }
}
