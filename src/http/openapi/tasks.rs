//! Descriptions of the tasks' routes.

use serde_json::json;

use super::operation::{Operation, Refusal, one_of, whole_number};
use super::requests::{NewTask, Nothing, PartOfSlot, TaskChange, WantedSlot};
use crate::domain::ids::TaskNumber;
use crate::domain::lang::{Phrase, both};
use crate::http::tasks::ListJson;
use crate::http::wire::{CompletedJson, SavedJson};
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
    Operation::new(
        TAG,
        "listTasks",
        both("The tasks in the order of rank, page by page", "Die Aufgaben nach ihrem Rang, seitenweise"),
    )
    .about(both(
        "Each condition that is given must hold. A document that cannot be read as a task is listed with \
         the reason.",
        "Alle angegebenen Bedingungen müssen zutreffen. Ein Dokument, das sich nicht als Aufgabe lesen \
         lässt, steht mit dem Grund in der Liste.",
    ))
    .checked_query(
        "status",
        both("Only tasks of this status.", "Nur Aufgaben mit diesem Status."),
        one_of(&["offen", "abgeschlossen", "abgebrochen"]),
    )
    .query(
        "kategorie",
        both(
            "Only tasks of this category, in any case.",
            "Nur Aufgaben dieser Kategorie, groß oder klein geschrieben.",
        ),
    )
    .query(
        "tag",
        both(
            "Only tasks with this tag, in any case.",
            "Nur Aufgaben mit diesem Schlagwort, groß oder klein geschrieben.",
        ),
    )
    .query(
        "q",
        both(
            "Only documents in which this text stands, in any case.",
            "Nur Dokumente, in denen dieser Text steht, groß oder klein geschrieben.",
        ),
    )
    .checked_query(
        "from",
        both("Only this number and higher ones.", "Nur diese und höhere Nummern."),
        whole_number(0, u64::from(TaskNumber::MAX.get())),
    )
    .checked_query(
        "limit",
        both(
            "Tasks of a page at most; 500 if left out.",
            "Höchstens so viele Aufgaben auf einer Seite; weggelassen 500.",
        ),
        whole_number(1, PAGE_MAX as u64),
    )
    .checked_query(
        "cursor",
        both("`nextCursor` of the page before.", "`nextCursor` der vorigen Seite."),
        json!({"type": "string"}),
    )
    .gives::<ListJson<'static>>(both("A page of tasks.", "Eine Seite mit Aufgaben."))
    .conditional()
}

pub fn create() -> Operation {
    Operation::new(TAG, "createTask", both("Add a task", "Eine Aufgabe anlegen"))
        .about(both(
            "The answer says which slot the task got. The task gets the next number, which is its rank: the \
             last in line.",
            "Die Antwort sagt, welchen Slot die Aufgabe bekommen hat. Die Aufgabe bekommt die nächste Nummer \
             und damit ihren Rang: als letzte in der Reihe.",
        ))
        .repeatable()
        .takes::<NewTask>(json!({
            "kategorie": "arbeit",
            "title": "Tax return",
            "deadline": "31.10.2025",
            "fixedSlot": {"datum": "15.10.2025", "zeit": "morgens"},
            "tags": ["finanzen"],
            "body": "- [ ] find the receipts",
        }))
        .gives::<SavedJson>(both("The task was added, or had been.", "Die Aufgabe ist angelegt oder war es schon."))
        .carries("ETag", both("For `If-Match`.", "Für `If-Match`."))
        .waits()
        .writes()
        .refuses(&FIELDS)
        .refuses(&[(422, "document_too_large"), (422, "no_number_left")])
}

pub fn show() -> Operation {
    Operation::new(TAG, "getTask", both("A task whole", "Eine Aufgabe ganz"))
        .of_task()
        .gives::<WholeTaskJson<'static>>(both("The task.", "Die Aufgabe."))
        .carries("ETag", both("Of the document alone, for `If-Match`.", "Nur vom Dokument, für `If-Match`."))
}

pub fn explain() -> Operation {
    Operation::new(
        TAG,
        "explainTask",
        both("Why a task stands where it stands", "Warum eine Aufgabe steht, wo sie steht"),
    )
    .about(both(
        "Every slot that was considered for it up to the one that it got, and what kept it from each: of \
         the rules by which script and in whose words. For one that has to wait, who is ahead of it in \
         line, and when its turn comes if nothing changes. With `slot`, what would be if it were pinned \
         there. Nothing is changed.",
        "Jeder Slot, der für sie in Frage kam, bis zu dem, den sie bekommen hat, und was bei jedem dagegen \
         sprach: bei Regeln mit dem Skript und dessen eigenen Worten. Bei einer, die warten muss, auch, wer \
         in der Reihe vor ihr steht und wann sie drankommt, wenn sich nichts ändert. Mit `slot`: was wäre, \
         wenn sie dort festgelegt würde. Geändert wird nichts.",
    ))
    .of_task()
    .checked_query(
        "slot",
        both(
            "A slot that it might be pinned to: its day and its name, such as `14.10.2025/morgens`.",
            "Ein Slot, auf den sie festgelegt werden könnte: sein Tag und sein Name, etwa `14.10.2025/morgens`.",
        ),
        json!({"type": "string"}),
    )
    .planned_from()
    .drawn_too()
    .gives::<ExplanationJson<'static>>(both("The explanation.", "Die Erklärung."))
    .refuses(&[(422, "unreadable_document")])
}

fn update(id: &'static str) -> Operation {
    Operation::new(
        TAG,
        id,
        both("Change fields of a task, or its whole document", "Felder einer Aufgabe ändern oder ihr ganzes Dokument"),
    )
    .about(both(
        "Only the lines of the fields named are written; every other byte of the document stays. PUT and \
         PATCH do the same.",
        "Geschrieben werden nur die Zeilen der genannten Felder; jedes andere Byte des Dokuments bleibt. \
         PUT und PATCH tun dasselbe.",
    ))
    .of_task()
    .guarded()
    .repeatable()
    .takes::<TaskChange>(json!({"title": "Tax return 2025", "deadline": null}))
    .gives::<SavedJson>(both("The task is now as asked for.", "Die Aufgabe ist jetzt wie verlangt."))
    .carries("ETag", both("For the next `If-Match`.", "Für das nächste `If-Match`."))
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
    Operation::new(TAG, "removeTask", both("Remove a task", "Eine Aufgabe entfernen"))
        .about(both(
            "Its number is not given again. The history keeps the document, and undo brings it back.",
            "Ihre Nummer wird nicht noch einmal vergeben. Der Verlauf behält das Dokument, und Zurücknehmen \
             bringt es wieder.",
        ))
        .of_task()
        .guarded()
        .repeatable()
        .gives::<SavedJson>(both("The task was removed.", "Die Aufgabe ist entfernt."))
        .waits()
        .writes()
}

/// A verb that changes a task.
fn verb(id: &'static str, summary: Phrase) -> Operation {
    Operation::new(TAG, id, summary).of_task().guarded().repeatable().writes().refuses(&EDIT)
}

pub fn complete() -> Operation {
    verb("completeTask", both("Mark a task as done", "Eine Aufgabe erledigen"))
        .about(both(
            "Without a body, or with an empty object, in the slot that is running, else the last that began \
             today, else today's first. A task that is done keeps its slot unless another is named.",
            "Ohne Inhalt oder mit einem leeren Objekt im Slot, der gerade läuft, sonst im letzten, der heute \
             begonnen hat, sonst im ersten von heute. Eine erledigte Aufgabe behält ihren Slot, wenn kein \
             anderer genannt ist.",
        ))
        .may_take::<PartOfSlot>(json!({"datum": "13.10.2025", "zeit": "morgens"}))
        .refuses(&SLOT)
        .gives::<CompletedJson>(both("The task is done.", "Die Aufgabe ist erledigt."))
        .carries("ETag", both("For the next `If-Match`.", "Für das nächste `If-Match`."))
        .waits()
}

/// The answer of a verb.
fn saved(operation: Operation) -> Operation {
    let gives =
        operation.gives::<SavedJson>(both("The task is now as asked for.", "Die Aufgabe ist jetzt wie verlangt."));
    gives.carries("ETag", both("For the next `If-Match`.", "Für das nächste `If-Match`.")).waits()
}

pub fn cancel() -> Operation {
    saved(verb("cancelTask", both("Cancel a task", "Eine Aufgabe abbrechen")).may_take::<Nothing>(json!({})))
}

pub fn reopen() -> Operation {
    saved(
        verb(
            "reopenTask",
            both(
                "Open a task again that was done or cancelled",
                "Eine erledigte oder abgebrochene Aufgabe wieder öffnen",
            ),
        )
        .may_take::<Nothing>(json!({})),
    )
}

pub fn pin() -> Operation {
    let pinned = verb("pinTask", both("Fix a task to a slot", "Eine Aufgabe auf einen Slot festlegen"))
        .takes::<WantedSlot>(json!({"datum": "16.10.2025", "zeit": "nachmittags"}))
        .refuses(&SLOT)
        .refuses(&[(409, "slot_taken")]);
    saved(pinned)
}

pub fn unpin() -> Operation {
    saved(
        verb("unpinTask", both("Let a task stand in line again", "Eine Aufgabe wieder in die Reihe stellen"))
            .may_take::<Nothing>(json!({})),
    )
}
