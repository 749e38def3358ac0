//! Descriptions of the rules' routes.

use serde_json::{Value, json};

use super::operation::Operation;
use super::requests::RulesWanted;
use crate::domain::lang::both;
use crate::http::rules::{RuledJson, RulesJson, VersionsJson, WholeVersionJson};
use crate::view::preview::PreviewJson;
use crate::view::rules::CheckedJson;

const TAG: &str = "Rules";

pub fn show() -> Operation {
    Operation::new(TAG, "getRules", both("The rules that apply to you", "Die Regeln, die für dich gelten"))
        .about(both(
            "Your own, else the server's, else the built-in ones.",
            "Deine eigenen, sonst die des Servers, sonst die eingebauten.",
        ))
        .gives::<RulesJson<'static>>(both("The rules, and whether they work.", "Die Regeln, und ob sie funktionieren."))
        .carries(
            "ETag",
            both("Stands for the version of your own rules.", "Steht für die Version deiner eigenen Regeln."),
        )
}

pub fn set() -> Operation {
    let operation = Operation::new(TAG, "putRules", both("Set rules of your own", "Eigene Regeln setzen")).about(both(
        "At most 32 scripts, which apply in their order. The list is taken if it compiles, answers sample \
         days and tasks, plans your tasks, and passes the `tests` that its scripts bring; otherwise nothing \
         is changed and `errors` says why. A script that is used by its name is the one of the running \
         version. The same list again changes nothing.",
        "Höchstens 32 Skripte, die in ihrer Reihenfolge gelten. Die Liste wird angenommen, wenn sie sich \
         übersetzen lässt, für Probetage und Probeaufgaben Antworten gibt, deine Aufgaben plant und die \
         `tests` besteht, die ihre Skripte mitbringen; sonst ändert sich nichts, und `errors` sagt, warum. \
         Ein Skript, das beim Namen genannt ist, ist das der laufenden Version. Dieselbe Liste noch einmal \
         ändert nichts.",
    ));
    changes(takes_list(operation)).refuses(&[(422, "rules_refused"), (507, "no_room")])
}

pub fn remove() -> Operation {
    let operation =
        Operation::new(TAG, "deleteRules", both("Remove the rules of your own", "Deine eigenen Regeln entfernen"));
    changes(operation.about(both(
        "The server's apply again. The versions stay, to be restored.",
        "Danach gelten wieder die des Servers. Die Versionen bleiben und lassen sich wieder setzen.",
    )))
}

pub fn restore() -> Operation {
    let operation = Operation::new(
        TAG,
        "restoreRules",
        both("Set an earlier version of your rules again", "Eine frühere Version deiner Regeln wieder setzen"),
    )
    .about(both(
        "It becomes a new version, and is tried as any other list.",
        "Daraus wird eine neue Version, die probiert wird wie jede andere Liste.",
    ))
    .path("n", both("The number of the version.", "Die Nummer der Version."));
    changes(operation).refuses(&[
        (404, "no_such_version"),
        (422, "rules_refused"),
        (503, "trial_cut"),
        (507, "no_room"),
    ])
}

pub fn check() -> Operation {
    let operation = Operation::new(
        TAG,
        "checkRules",
        both("Try rules without setting them", "Regeln probieren, ohne sie zu setzen"),
    )
    .about(both(
        "They are tried as if they were to be set, with your tasks.",
        "Sie werden probiert, als sollten sie gesetzt werden, mit deinen Aufgaben.",
    ));
    takes_list(operation).gives::<CheckedJson<'static>>(both(
        "Whether they could be set, and what keeps them from it.",
        "Ob sie sich setzen ließen, und was dagegen spricht.",
    ))
}

pub fn preview() -> Operation {
    let operation = Operation::new(
        TAG,
        "previewRules",
        both("What would be different under other rules", "Was unter anderen Regeln anders wäre"),
    )
    .about(both(
        "Plans your tasks under a list beside the plan that is served, and says in what they differ; \
         nothing is changed. A list that could not be set is told of as by `POST /api/rules/check`, and not \
         planned with.",
        "Plant deine Aufgaben nach einer Liste, neben dem Plan, der gilt, und sagt, worin sich beide \
         unterscheiden; geändert wird nichts. Über eine Liste, die sich nicht setzen ließe, steht da \
         dasselbe wie bei `POST /api/rules/check`; geplant wird mit ihr nicht.",
    ))
    .planned_from()
    .drawn_too();
    takes_list(operation).gives::<PreviewJson<'static>>(both(
        "What would be different, or what is wrong with the list.",
        "Was anders wäre, oder was an der Liste falsch ist.",
    ))
}

pub fn versions() -> Operation {
    Operation::new(TAG, "listRulesVersions", both("The versions of your rules", "Die Versionen deiner Regeln"))
        .about(both("The last 100, by the names of their scripts.", "Die letzten 100, mit den Namen ihrer Skripte."))
        .gives::<VersionsJson<'static>>(both("The versions, the latest first.", "Die Versionen, die neueste zuerst."))
}

pub fn version() -> Operation {
    Operation::new(TAG, "getRulesVersion", both("One version of your rules", "Eine Version deiner Regeln"))
        .about(both(
            "With the texts of its scripts: what restoring it would set.",
            "Mit den Texten ihrer Skripte: was gälte, wenn sie wieder gesetzt würde.",
        ))
        .path("n", both("The number of the version.", "Die Nummer der Version."))
        .gives::<WholeVersionJson<'static>>(both("The version.", "Die Version."))
        .refuses(&[(404, "no_such_version")])
}

fn example() -> Value {
    json!({"rules": [
        {"use": "spartan"},
        {"name": "no-mondays", "script": "fn slots(day, slots) { if day.weekday == 1 { [] } else { slots } }"},
    ]})
}

fn takes_list(operation: Operation) -> Operation {
    operation.takes::<RulesWanted>(example()).or_takes_text().refuses(&[
        (400, "wrong_type"),
        (422, "missing"),
        (422, "empty"),
        (422, "too_many"),
        (422, "unknown_value"),
        (422, "malformed_value"),
        (422, "not_together"),
        (503, "trial_cut"),
    ])
}

fn changes(operation: Operation) -> Operation {
    let about = both(
        "The `ETag` of the rules as you read them; the change is refused if you have others by now.",
        "Das `ETag` der Regeln, wie du sie gelesen hast; die Änderung wird abgelehnt, wenn du inzwischen \
         andere hast.",
    );
    operation
        .header("If-Match", about)
        .refuses(&[(412, "changed")])
        .repeatable()
        .gives::<RuledJson>(both("Your rules are so now.", "Deine Regeln sind jetzt so."))
        .waits()
        .writes()
}
