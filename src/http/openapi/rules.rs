//! Descriptions of the rules' routes.

use serde_json::{Value, json};

use super::operation::{Operation, whole_number};
use super::requests::RulesWanted;
use crate::http::rules::{RuledJson, RulesJson, VersionsJson, WholeVersionJson};
use crate::planning::DAYS_MAX;
use crate::view::preview::PreviewJson;
use crate::view::rules::CheckedJson;

const TAG: &str = "Rules";

pub fn show() -> Operation {
    Operation::new(TAG, "getRules", "The rules that apply to you")
        .about("Your own, else the server's, else the built-in ones.")
        .gives::<RulesJson<'static>>("The rules, and whether they work.")
        .carries("ETag", "Stands for the version of your own rules.")
}

pub fn set() -> Operation {
    let operation = Operation::new(TAG, "putRules", "Set rules of your own").about(
        "At most 32 scripts, which apply in their order. The list is taken if it compiles, answers sample days and tasks, \
         plans your tasks, and passes the `tests` that its scripts bring; otherwise nothing is changed and `errors` says why. A script that is used by its name is \
         the one of the running version. The same list again changes nothing.",
    );
    changes(takes_list(operation)).refuses(&[(422, "rules_refused"), (507, "no_room")])
}

pub fn remove() -> Operation {
    let operation = Operation::new(TAG, "deleteRules", "Remove the rules of your own");
    changes(operation.about("The server's apply again. The versions stay, to be restored."))
}

pub fn restore() -> Operation {
    let operation = Operation::new(TAG, "restoreRules", "Set an earlier version of your rules again")
        .about("It becomes a new version, and is tried as any other list.")
        .path("n", "The number of the version.");
    changes(operation).refuses(&[
        (404, "no_such_version"),
        (422, "rules_refused"),
        (503, "trial_cut"),
        (507, "no_room"),
    ])
}

pub fn check() -> Operation {
    let operation = Operation::new(TAG, "checkRules", "Try rules without setting them")
        .about("They are tried as if they were to be set, with your tasks.");
    takes_list(operation).gives::<CheckedJson<'static>>("Whether they could be set, and what keeps them from it.")
}

pub fn preview() -> Operation {
    let operation = Operation::new(TAG, "previewRules", "What would be different under other rules")
        .about(
            "Plans your tasks under a list beside the plan that is served, and says in what they differ; nothing is \
             changed. A list that could not be set is told of as by `POST /api/rules/check`, and not planned with.",
        )
        .checked_query("days", "How many days to plan, today included.", whole_number(1, u64::from(DAYS_MAX)))
        .checked_query(
            "now",
            "What it would be at this instant (RFC 3339).",
            json!({"type": "string", "format": "date-time"}),
        )
        .checked_query("width", "Draw it as well, in `text`, in so many columns.", whole_number(20, 300));
    takes_list(operation).gives::<PreviewJson<'static>>("What would be different, or what is wrong with the list.")
}

pub fn versions() -> Operation {
    Operation::new(TAG, "listRulesVersions", "The versions of your rules")
        .about("The last 100, by the names of their scripts.")
        .gives::<VersionsJson<'static>>("The versions, the latest first.")
}

pub fn version() -> Operation {
    Operation::new(TAG, "getRulesVersion", "One version of your rules")
        .about("With the texts of its scripts: what restoring it would set.")
        .path("n", "The number of the version.")
        .gives::<WholeVersionJson<'static>>("The version.")
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
    let about = "The `ETag` of the rules as you read them; the change is refused if you have others by now.";
    operation
        .header("If-Match", about)
        .refuses(&[(412, "changed")])
        .repeatable()
        .gives::<RuledJson>("Your rules are so now.")
        .waits()
        .writes()
}
