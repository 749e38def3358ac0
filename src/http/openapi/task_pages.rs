//! Descriptions of the pages of tasks and of their forms.

use schemars::JsonSchema;
use serde_json::json;

use super::operation::Operation;
use super::pages::{DONE, PAGE, page, sent};
use super::task_forms::{ActForm, PinForm, QuickForm, RuleForm, RulesForm, SeveralForm, TaskForm, UndoForm};
use crate::domain::lang::{Phrase, both};

/// What the page that was acted from is told of.
fn told(operation: Operation) -> Operation {
    operation
        .query("done", DONE)
        .query("task", both("The task that it was done to.", "Die Aufgabe, mit der es getan wurde."))
        .query(
            "undo",
            both("The generation that takes it back.", "Die Generation, mit der es sich zurücknehmen lässt."),
        )
}

/// A page that is opened often.
fn timed(operation: Operation) -> Operation {
    operation.carries(
        "Server-Timing",
        both(
            "How long it took to make, in milliseconds.",
            "Wie lange es gedauert hat, sie zu machen, in Millisekunden.",
        ),
    )
}

pub fn week() -> Operation {
    timed(told(page("showWeek", both("The week as a page", "Die Woche als Seite"))))
}

pub fn quick() -> Operation {
    sent::<QuickForm>(
        "sendLine",
        both(
            "Add a task that is typed as one line, or see what it would be",
            "Eine in einer Zeile getippte Aufgabe anlegen oder sehen, was daraus würde",
        ),
    )
    .gives_text(
        PAGE,
        both(
            "The week, with what the line was understood to say and where its task would stand.",
            "Die Woche, und wie die Zeile verstanden wurde und wo ihre Aufgabe stünde.",
        ),
    )
    .gives_text_with(
        422,
        PAGE,
        both("The week, with what is wrong with the line.", "Die Woche, und was an der Zeile falsch ist."),
    )
    .or_later()
    .refuses(&[(400, "wrong_type")])
}

pub fn tasks() -> Operation {
    timed(told(page(
        "showTasks",
        both("Tasks as a page, those that are looked for", "Aufgaben als Seite, die gesuchten"),
    )))
    .query(
        "status",
        both(
            "`offen`, which is meant where it is missing, `abgeschlossen`, `abgebrochen` or `alle`.",
            "`offen`, was auch gilt, wenn es fehlt, `abgeschlossen`, `abgebrochen` oder `alle`.",
        ),
    )
    .query("kategorie", both("Only tasks of this category.", "Nur Aufgaben dieser Kategorie."))
    .query("tag", both("Only tasks with this tag.", "Nur Aufgaben mit diesem Schlagwort."))
    .query("q", both("Only documents in which this text stands.", "Nur Dokumente, in denen dieser Text steht."))
    .query("after", both("The last file of the page before.", "Die letzte Datei der vorigen Seite."))
}

/// A refusal is told on the task's page.
fn deed<T: JsonSchema>(id: &'static str, summary: Phrase) -> Operation {
    sent::<T>(id, summary)
        .gives_text_with(
            422,
            PAGE,
            both("The task's page, with why it cannot be done.", "Die Seite der Aufgabe, und warum es nicht geht."),
        )
        .or_later()
        .refuses(&[(400, "wrong_type")])
}

/// Of a task that is not there the page says so that it leads back to.
fn of_one<T: JsonSchema>(id: &'static str, summary: Phrase) -> Operation {
    deed::<T>(id, summary).of_task_or_back()
}

pub fn several() -> Operation {
    deed::<SeveralForm>(
        "sendSeveral",
        both("Do one thing to several tasks by form", "Eines mit mehreren Aufgaben tun, mit einem Formular"),
    )
    .about(both(
        "It is one change for all of them, which is taken back as one.",
        "Das ist eine einzige Änderung für alle und wird als eine zurückgenommen.",
    ))
    .refuses(&[(404, "no_such_task"), (409, "ambiguous_id"), (422, "malformed_value")])
}

pub fn task() -> Operation {
    timed(told(page("showTask", both("A task as a page", "Eine Aufgabe als Seite"))))
        .checked_query(
            "why",
            both("`true`: also why it stands where it does.", "`true`: auch, warum sie steht, wo sie steht."),
            json!({"type": "boolean"}),
        )
        .checked_query(
            "moves",
            both(
                "`true`: also what moved it, the latest first.",
                "`true`: auch, was sie verschoben hat, das Neueste zuerst.",
            ),
            json!({"type": "boolean"}),
        )
        .checked_query(
            "before",
            both("With `moves`: where the page before ended.", "Mit `moves`: wo die vorige Seite endete."),
            json!({"type": "string"}),
        )
        .of_task()
        .refuses(&[(404, "no_such_generation"), (404, "brought_generation"), (404, "generation_not_kept")])
}

pub fn save() -> Operation {
    deed::<TaskForm>("sendTask", both("Change a task by form", "Eine Aufgabe ändern, mit einem Formular")).of_task()
}

pub fn complete() -> Operation {
    of_one::<ActForm>("sendComplete", both("Mark a task as done by form", "Eine Aufgabe erledigen, mit einem Formular"))
}

pub fn cancel() -> Operation {
    of_one::<ActForm>("sendCancel", both("Cancel a task by form", "Eine Aufgabe abbrechen, mit einem Formular"))
}

pub fn reopen() -> Operation {
    of_one::<ActForm>("sendReopen", both("Open a task again by form", "Eine Aufgabe wieder öffnen, mit einem Formular"))
}

pub fn pin() -> Operation {
    of_one::<PinForm>(
        "sendPin",
        both("Fix a task to a slot by form", "Eine Aufgabe auf einen Slot festlegen, mit einem Formular"),
    )
}

pub fn unpin() -> Operation {
    of_one::<ActForm>(
        "sendUnpin",
        both("Have a task stand in line again by form", "Eine Aufgabe wieder in die Reihe stellen, mit einem Formular"),
    )
}

pub fn remove() -> Operation {
    of_one::<ActForm>("sendTaskRemoval", both("Remove a task by form", "Eine Aufgabe entfernen, mit einem Formular"))
}

pub fn undo() -> Operation {
    sent::<UndoForm>("sendUndo", both("Take a change back by form", "Eine Änderung zurücknehmen, mit einem Formular"))
        .gives_text_with(
            422,
            PAGE,
            both(
                "The week, with why it cannot be taken back.",
                "Die Woche, und warum es sich nicht zurücknehmen lässt.",
            ),
        )
        .or_later()
        .refuses(&[(400, "wrong_type"), (422, "missing"), (422, "malformed_value")])
}

pub fn rules() -> Operation {
    page(
        "showRules",
        both(
            "The rules that apply as a page, with forms for what each lets its user set",
            "Die geltenden Regeln als Seite, mit Formularen für das, was jede einstellen lässt",
        ),
    )
    .query("done", DONE)
    .query(
        "version",
        both(
            "The version that is held against the rules that apply.",
            "Die Version, die neben die geltenden Regeln gehalten wird.",
        ),
    )
}

pub fn new_rule() -> Operation {
    page(
        "showNewRule",
        both(
            "An editor for a rule of one's own, which begins with a template or a copy",
            "Ein Editor für eine eigene Regel, der mit einer Vorlage oder einer Kopie beginnt",
        ),
    )
    .query(
        "new",
        both(
            "What it is called; a name that is free where it is missing.",
            "Wie sie heißt; fehlt es, ein freier Name.",
        ),
    )
    .query(
        "from",
        both(
            "The rule that comes with the program of which it is a copy.",
            "Die Regel, die zum Programm gehört und von der sie eine Kopie ist.",
        ),
    )
    .gives_text_with(
        404,
        PAGE,
        both(
            "The page of rules; no rule of that name comes with the program.",
            "Die Seite der Regeln; zum Programm gehört keine Regel dieses Namens.",
        ),
    )
}

pub fn edit_rule() -> Operation {
    page(
        "showRule",
        both(
            "An editor for one rule of the list; one that comes with the program is copied",
            "Ein Editor für eine Regel der Liste; eine, die zum Programm gehört, wird kopiert",
        ),
    )
    .path("script", both("The rule's name.", "Der Name der Regel."))
    .query("done", DONE)
    .gives_text_with(
        404,
        PAGE,
        both(
            "The page of rules; the list has no rule of that name.",
            "Die Seite der Regeln; die Liste hat keine Regel dieses Namens.",
        ),
    )
}

pub fn send_rule() -> Operation {
    sent::<RuleForm>(
        "sendRule",
        both(
            "Try a rule of one's own by form, or make it part of the list",
            "Eine eigene Regel probieren oder in die Liste aufnehmen, mit einem Formular",
        ),
    )
    .gives_text(PAGE, both("The editor, with what the trial came to.", "Der Editor, und was die Probe ergeben hat."))
    .gives_text_with(
        422,
        PAGE,
        both(
            "The editor, with what is wrong at its lines, or with what somebody else saved meanwhile.",
            "Der Editor, und bei den Zeilen, was daran falsch ist, oder was jemand anders inzwischen \
             gespeichert hat.",
        ),
    )
    .or_later()
    .refuses(&[(400, "wrong_type")])
}

pub fn tutorial() -> Operation {
    page("showRulesTutorial", both("Rules, step by step, as a page", "Regeln, Schritt für Schritt, als Seite"))
}

pub fn change_rules() -> Operation {
    sent::<RulesForm>(
        "sendRules",
        both(
            "Change the list of rules by form, or see what that would come to",
            "Die Liste der Regeln ändern, mit einem Formular, oder sehen, was dabei herauskäme",
        ),
    )
    .gives_text(PAGE, both("The page, with the week as it would be.", "Die Seite mit der Woche, wie sie wäre."))
    .gives_text_with(422, PAGE, both("The page, with why it cannot be done.", "Die Seite, und warum es nicht geht."))
    .or_later()
    .refuses(&[(400, "wrong_type"), (503, "trial_cut")])
}
