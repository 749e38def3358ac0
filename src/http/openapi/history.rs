//! Descriptions of the history and of undo.

use serde_json::json;

use super::operation::{Operation, whole_number};
use super::requests::UndoWanted;
use crate::domain::lang::both;
use crate::http::history::{PageJson, UndoneJson};
use crate::http::moves::MovesJson;
use crate::service::history::PAGE_MAX;
use crate::service::moves::MOVES_MAX;

const TAG: &str = "History";

fn page(operation: Operation) -> Operation {
    operation
        .checked_query(
            "limit",
            both(
                "Entries of a page at most; 100 if left out.",
                "Höchstens so viele Einträge auf einer Seite; weggelassen 100.",
            ),
            whole_number(1, PAGE_MAX as u64),
        )
        .checked_query(
            "before",
            both(
                "Only what came before this generation; or `next` of the page before.",
                "Nur, was vor dieser Generation kam; oder `next` der vorigen Seite.",
            ),
            json!({"type": "string"}),
        )
        .gives::<PageJson<'static>>(both("A page of changes.", "Eine Seite mit Änderungen."))
}

pub fn all() -> Operation {
    page(Operation::new(
        TAG,
        "getHistory",
        both("What was changed, the latest first", "Was geändert wurde, das Neueste zuerst"),
    ))
}

pub fn of_task() -> Operation {
    let operation = Operation::new(
        TAG,
        "getTaskHistory",
        both("What was changed of a task, the latest first", "Was an einer Aufgabe geändert wurde, das Neueste zuerst"),
    );
    page(
        operation
            .about(both(
                "A task that was removed has a history, too.",
                "Auch eine entfernte Aufgabe hat einen Verlauf.",
            ))
            .of_task(),
    )
}

pub fn moves() -> Operation {
    Operation::new(
        TAG,
        "getTaskMoves",
        both(
            "What moved a task, the latest first: a change, or the clock",
            "Was eine Aufgabe verschoben hat, das Neueste zuerst: eine Änderung oder die Uhr",
        ),
    )
    .about(both(
        "Found by comparing the plans of the user's generations one after the other, and between two of \
         them those at the boundaries of the clock, as what there is now plans them. A page looks back so \
         far and no farther, and says how far; `next` goes on. A task that was removed or is done has \
         moves, too.",
        "Gefunden, indem die Pläne der Generationen des Benutzers der Reihe nach verglichen werden, \
         dazwischen auch die an den Grenzen, die die Uhr setzt, so wie das sie plant, was jetzt da ist. \
         Eine Seite blickt nur ein Stück zurück und sagt, wie weit; mit `next` geht es weiter. Auch eine \
         entfernte oder erledigte Aufgabe hat Verschiebungen.",
    ))
    .of_task()
    .checked_query(
        "limit",
        both(
            "Moves of a page at most; 20 if left out.",
            "Höchstens so viele Verschiebungen auf einer Seite; weggelassen 20.",
        ),
        whole_number(1, MOVES_MAX as u64),
    )
    .checked_query("before", both("`next` of the page before.", "`next` der vorigen Seite."), json!({"type": "string"}))
    .gives::<MovesJson<'static>>(both("A page of moves.", "Eine Seite mit Verschiebungen."))
    .refuses(&[(404, "no_such_generation"), (404, "brought_generation"), (404, "generation_not_kept")])
}

pub fn undo() -> Operation {
    Operation::new(TAG, "undo", both("Take a change back", "Eine Änderung zurücknehmen"))
        .about(both(
            "The last one, or that of a generation, by a new change: undoing an undo brings the change back. It \
             is refused when something that it changed was changed again since.",
            "Die letzte oder die einer Generation, durch eine neue Änderung: Wird ein Zurücknehmen \
             zurückgenommen, ist die Änderung wieder da. Abgelehnt wird es, wenn sich etwas davon seither \
             wieder geändert hat.",
        ))
        .repeatable()
        .may_take::<UndoWanted>(json!({"generation": 2}))
        .gives::<UndoneJson>(both("The change was taken back.", "Die Änderung ist zurückgenommen."))
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
