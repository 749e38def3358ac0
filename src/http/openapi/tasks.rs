//! Descriptions of the tasks' routes.

use serde_json::json;

use super::operation::{Operation, Refusal, one_of, whole_number};
use super::requests::{NewTask, Nothing, PartOfSlot, TaskChange, WantedSlot};
use crate::domain::ids::TaskNumber;
use crate::http::tasks::ListJson;
use crate::http::wire::{CompletedJson, SavedJson};
use crate::planning::DAYS_MAX;
use crate::service::tasks::PAGE_MAX;
use crate::view::explanation::ExplanationJson;
use crate::view::task::WholeTaskJson;

const TAG: &str = "Tasks";

/// What fields of a task can be refused for.
const FIELDS: [Refusal; 13] = [
    (400, "missing"),
    (400, "wrong_type"),
    (400, "unknown_value"),
    (400, "not_a_date"),
    (400, "no_such_slot"),
    (422, "unknown_value"),
    (422, "not_a_date"),
    (422, "too_long"),
    (422, "too_many"),
    (422, "empty"),
    (422, "control_character"),
    (422, "unreadable_document"),
    (422, "malformed_value"),
];
/// What a slot can be refused for.
const SLOT: [Refusal; 4] = [(400, "missing"), (400, "wrong_type"), (400, "not_a_date"), (400, "no_such_slot")];
/// Why a document cannot be edited.
const EDIT: [Refusal; 4] =
    [(422, "unreadable_document"), (422, "not_editable"), (422, "document_too_large"), (422, "malformed_value")];

pub fn list() -> Operation {
    Operation::new(TAG, "listTasks", "The tasks in the order of rank, page by page")
        .about("Each condition that is given must hold. A document that cannot be read as a task is listed with the reason.")
        .checked_query("status", "Only tasks of this status.", one_of(&["offen", "abgeschlossen", "abgebrochen"]))
        .query("kategorie", "Only tasks of this category, in any case.")
        .query("tag", "Only tasks with this tag, in any case.")
        .query("q", "Only documents in which this text stands, in any case.")
        .checked_query("from", "Only this number and higher ones.", whole_number(0, u64::from(TaskNumber::MAX.get())))
        .checked_query("limit", "Tasks of a page at most; 500 if left out.", whole_number(1, PAGE_MAX as u64))
        .checked_query("cursor", "`nextCursor` of the page before.", json!({"type": "string"}))
        .gives::<ListJson<'static>>("A page of tasks.")
        .conditional()
}

pub fn create() -> Operation {
    Operation::new(TAG, "createTask", "Add a task")
        .about("The answer says which slot the task got. The task gets the next number, which is its rank: the last in line.")
        .repeatable()
        .takes::<NewTask>(json!({
            "kategorie": "arbeit",
            "title": "Tax return",
            "deadline": "31.10.2025",
            "fixedSlot": {"datum": "15.10.2025", "zeit": "morgens"},
            "tags": ["finanzen"],
            "body": "- [ ] find the receipts",
        }))
        .gives::<SavedJson>("The task was added, or had been.")
        .carries("ETag", "For `If-Match`.")
        .waits()
        .writes()
        .refuses(&FIELDS)
        .refuses(&[
            (422, "document_too_large"),
            (422, "no_number_left"),
        ])
}

pub fn show() -> Operation {
    Operation::new(TAG, "getTask", "A task whole")
        .of_task()
        .gives::<WholeTaskJson<'static>>("The task.")
        .carries("ETag", "Of the document alone, for `If-Match`.")
}

pub fn explain() -> Operation {
    Operation::new(TAG, "explainTask", "Why a task stands where it stands")
        .about(
            "Every slot that was considered for it up to the one that it got, and what kept it from each: of the rules by \
             which script and in whose words. For one that has to wait, who is ahead of it in line, and when its turn \
             comes if nothing changes. With `slot`, what would be if it were pinned there. Nothing is changed.",
        )
        .of_task()
        .checked_query(
            "slot",
            "A slot that it might be pinned to: its day and its name, such as `14.10.2025/morgens`.",
            json!({"type": "string"}),
        )
        .checked_query("days", "How many days are planned, today included.", whole_number(1, u64::from(DAYS_MAX)))
        .checked_query(
            "now",
            "What it would be at this instant (RFC 3339).",
            json!({"type": "string", "format": "date-time"}),
        )
        .checked_query("width", "Draw it as well, in `text`, in so many columns.", whole_number(20, 300))
        .gives::<ExplanationJson<'static>>("The explanation.")
        .refuses(&[(422, "unreadable_document")])
}

fn update(id: &'static str) -> Operation {
    Operation::new(TAG, id, "Change fields of a task, or its whole document")
        .about(
            "Only the lines of the fields named are written; every other byte of the document stays. PUT and PATCH do \
             the same.",
        )
        .of_task()
        .guarded()
        .repeatable()
        .takes::<TaskChange>(json!({"title": "Tax return 2025", "deadline": null}))
        .gives::<SavedJson>("The task is now as asked for.")
        .carries("ETag", "For the next `If-Match`.")
        .waits()
        .writes()
        .refuses(&FIELDS)
        .refuses(&EDIT)
        .refuses(&[(422, "missing"), (422, "not_together"), (428, "if_match_needed")])
}

pub fn change() -> Operation {
    update("putTask")
}

pub fn patch() -> Operation {
    update("patchTask")
}

pub fn remove() -> Operation {
    Operation::new(TAG, "removeTask", "Remove a task")
        .about("Its number is not given again. The history keeps the document, and undo brings it back.")
        .of_task()
        .guarded()
        .repeatable()
        .gives::<SavedJson>("The task was removed.")
        .waits()
        .writes()
}

/// A verb that changes a task.
fn verb(id: &'static str, summary: &'static str) -> Operation {
    Operation::new(TAG, id, summary).of_task().guarded().repeatable().writes().refuses(&EDIT)
}

pub fn complete() -> Operation {
    verb("completeTask", "Mark a task as done")
        .about(
            "Without a body, or with an empty object, in the slot that is running, else the last that began today, \
             else today's first. A task that is done keeps its slot unless another is named.",
        )
        .may_take::<PartOfSlot>(json!({"datum": "13.10.2025", "zeit": "morgens"}))
        .refuses(&SLOT)
        .gives::<CompletedJson>("The task is done.")
        .carries("ETag", "For the next `If-Match`.")
        .waits()
}

/// The answer of a verb.
fn saved(operation: Operation) -> Operation {
    let gives = operation.gives::<SavedJson>("The task is now as asked for.");
    gives.carries("ETag", "For the next `If-Match`.").waits()
}

pub fn cancel() -> Operation {
    saved(verb("cancelTask", "Cancel a task").may_take::<Nothing>(json!({})))
}

pub fn reopen() -> Operation {
    saved(verb("reopenTask", "Open a task again that was done or cancelled").may_take::<Nothing>(json!({})))
}

pub fn pin() -> Operation {
    let pinned = verb("pinTask", "Fix a task to a slot")
        .takes::<WantedSlot>(json!({"datum": "16.10.2025", "zeit": "nachmittags"}))
        .refuses(&SLOT)
        .refuses(&[(409, "slot_taken")]);
    saved(pinned)
}

pub fn unpin() -> Operation {
    saved(verb("unpinTask", "Let a task stand in line again").may_take::<Nothing>(json!({})))
}
