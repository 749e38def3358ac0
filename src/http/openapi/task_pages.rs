//! Descriptions of the pages of tasks and of their forms.

use schemars::JsonSchema;
use serde_json::json;

use super::operation::Operation;
use super::pages::{DONE, PAGE, page, sent};
use super::task_forms::{ActForm, PinForm, QuickForm, RuleForm, RulesForm, SeveralForm, TaskForm, UndoForm};

/// What the page that was acted from is told of.
fn told(operation: Operation) -> Operation {
    operation
        .query("done", DONE)
        .query("task", "The task that it was done to.")
        .query("undo", "The generation that takes it back.")
}

/// A page that is opened often.
fn timed(operation: Operation) -> Operation {
    operation.carries("Server-Timing", "How long it took to make, in milliseconds.")
}

pub fn week() -> Operation {
    timed(told(page("showWeek", "The week as a page")))
}

pub fn quick() -> Operation {
    sent::<QuickForm>("sendLine", "Add a task that is typed as one line, or see what it would be")
        .gives_text(PAGE, "The week, with what the line was understood to say and where its task would stand.")
        .gives_text_with(422, PAGE, "The week, with what is wrong with the line.")
        .gives_text_with(503, PAGE, "The same, where another try may succeed.")
        .carries("Retry-After", "Seconds after which it may.")
        .refuses(&[(400, "wrong_type")])
}

pub fn tasks() -> Operation {
    timed(told(page("showTasks", "Tasks as a page, those that are looked for")))
        .query("status", "`offen`, which is meant where it is missing, `abgeschlossen`, `abgebrochen` or `alle`.")
        .query("kategorie", "Only tasks of this category.")
        .query("tag", "Only tasks with this tag.")
        .query("q", "Only documents in which this text stands.")
        .query("after", "The last file of the page before.")
}

/// A refusal is told on the task's page.
fn deed<T: JsonSchema>(id: &'static str, summary: &'static str) -> Operation {
    sent::<T>(id, summary)
        .gives_text_with(422, PAGE, "The task's page, with why it cannot be done.")
        .gives_text_with(503, PAGE, "The same, where another try may succeed.")
        .carries("Retry-After", "Seconds after which it may.")
        .refuses(&[(400, "wrong_type")])
}

/// Of a task that is not there the page says so that it leads back to.
fn of_one<T: JsonSchema>(id: &'static str, summary: &'static str) -> Operation {
    deed::<T>(id, summary).of_task_or_back()
}

pub fn several() -> Operation {
    deed::<SeveralForm>("sendSeveral", "Do one thing to several tasks by form")
        .about("It is one change for all of them, which is taken back as one.")
        .refuses(&[(404, "no_such_task"), (409, "ambiguous_id"), (422, "malformed_value")])
}

pub fn task() -> Operation {
    timed(told(page("showTask", "A task as a page")))
        .checked_query("why", "`true`: also why it stands where it does.", json!({"type": "boolean"}))
        .checked_query("moves", "`true`: also what moved it, the latest first.", json!({"type": "boolean"}))
        .checked_query("before", "With `moves`: where the page before ended.", json!({"type": "string"}))
        .of_task()
        .refuses(&[(404, "no_such_generation"), (404, "brought_generation"), (404, "generation_not_kept")])
}

pub fn save() -> Operation {
    deed::<TaskForm>("sendTask", "Change a task by form").of_task()
}

pub fn complete() -> Operation {
    of_one::<ActForm>("sendComplete", "Mark a task as done by form")
}

pub fn cancel() -> Operation {
    of_one::<ActForm>("sendCancel", "Cancel a task by form")
}

pub fn reopen() -> Operation {
    of_one::<ActForm>("sendReopen", "Open a task again by form")
}

pub fn pin() -> Operation {
    of_one::<PinForm>("sendPin", "Fix a task to a slot by form")
}

pub fn unpin() -> Operation {
    of_one::<ActForm>("sendUnpin", "Have a task stand in line again by form")
}

pub fn remove() -> Operation {
    of_one::<ActForm>("sendTaskRemoval", "Remove a task by form")
}

pub fn undo() -> Operation {
    sent::<UndoForm>("sendUndo", "Take a change back by form")
        .gives_text_with(422, PAGE, "The week, with why it cannot be taken back.")
        .gives_text_with(503, PAGE, "The same, where another try may succeed.")
        .carries("Retry-After", "Seconds after which it may.")
        .refuses(&[(400, "wrong_type"), (422, "missing"), (422, "malformed_value")])
}

pub fn rules() -> Operation {
    page("showRules", "The rules that apply as a page, with forms for what each lets its user set")
        .query("done", DONE)
        .query("version", "The version that is held against the rules that apply.")
}

pub fn new_rule() -> Operation {
    page("showNewRule", "An editor for a rule of one's own, which begins with a template or a copy")
        .query("new", "What it is called; a name that is free where it is missing.")
        .query("from", "The rule that comes with the program of which it is a copy.")
        .gives_text_with(404, PAGE, "The page of rules; no rule of that name comes with the program.")
}

pub fn edit_rule() -> Operation {
    page("showRule", "An editor for one rule of the list; one that comes with the program is copied")
        .path("script", "The rule's name.")
        .query("done", DONE)
        .gives_text_with(404, PAGE, "The page of rules; the list has no rule of that name.")
}

pub fn send_rule() -> Operation {
    sent::<RuleForm>("sendRule", "Try a rule of one's own by form, or make it part of the list")
        .gives_text(PAGE, "The editor, with what the trial came to.")
        .gives_text_with(
            422,
            PAGE,
            "The editor, with what is wrong at its lines, or with what somebody else saved meanwhile.",
        )
        .gives_text_with(503, PAGE, "The same, where another try may succeed.")
        .carries("Retry-After", "Seconds after which it may.")
        .refuses(&[(400, "wrong_type")])
}

pub fn tutorial() -> Operation {
    page("showRulesTutorial", "Rules, step by step, as a page")
}

pub fn change_rules() -> Operation {
    sent::<RulesForm>("sendRules", "Change the list of rules by form, or see what that would come to")
        .gives_text(PAGE, "The page, with the week as it would be.")
        .gives_text_with(422, PAGE, "The page, with why it cannot be done.")
        .gives_text_with(503, PAGE, "The same, where another try may succeed.")
        .carries("Retry-After", "Seconds after which it may.")
        .refuses(&[(400, "wrong_type"), (503, "trial_cut")])
}
