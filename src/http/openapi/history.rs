//! Descriptions of the history and of undo.

use serde_json::json;

use super::operation::{Operation, whole_number};
use super::requests::UndoWanted;
use crate::http::history::{PageJson, UndoneJson};
use crate::http::moves::MovesJson;
use crate::service::history::PAGE_MAX;
use crate::service::moves::MOVES_MAX;

const TAG: &str = "History";

fn page(operation: Operation) -> Operation {
    operation
        .checked_query("limit", "Entries of a page at most; 100 if left out.", whole_number(1, PAGE_MAX as u64))
        .checked_query(
            "before",
            "Only what came before this generation; or `next` of the page before.",
            json!({"type": "string"}),
        )
        .gives::<PageJson<'static>>("A page of changes.")
}

pub fn all() -> Operation {
    page(Operation::new(TAG, "getHistory", "What was changed, the latest first"))
}

pub fn of_task() -> Operation {
    let operation = Operation::new(TAG, "getTaskHistory", "What was changed of a task, the latest first");
    page(operation.about("A task that was removed has a history, too.").of_task())
}

pub fn moves() -> Operation {
    Operation::new(TAG, "getTaskMoves", "What moved a task, the latest first: a change, or the clock")
        .about(
            "Found by comparing the plans of the user's generations one after the other, and between two of them those at \
             the boundaries of the clock, as what there is now plans them. A page looks back so far and no farther, and says \
             how far; `next` goes on. A task that was removed or is done has moves, too.",
        )
        .of_task()
        .checked_query("limit", "Moves of a page at most; 20 if left out.", whole_number(1, MOVES_MAX as u64))
        .checked_query("before", "`next` of the page before.", json!({"type": "string"}))
        .gives::<MovesJson<'static>>("A page of moves.")
        .refuses(&[
            (404, "no_such_generation"),
            (404, "brought_generation"),
            (404, "generation_not_kept"),
        ])
}

pub fn undo() -> Operation {
    Operation::new(TAG, "undo", "Take a change back")
        .about(
            "The last one, or that of a generation, by a new change: undoing an undo brings the change back. It is refused \
             when something that it changed was changed again since.",
        )
        .repeatable()
        .may_take::<UndoWanted>(json!({"generation": 2}))
        .gives::<UndoneJson>("The change was taken back.")
        .waits()
        .writes()
        .refuses(&[
            (400, "wrong_type"),
            (404, "no_such_change"),
            (409, "touched_since"),
            (409, "brought_change"),
            (422, "rules_refused"),
            (503, "trial_cut"),
            (507, "no_room"),
        ])
}
