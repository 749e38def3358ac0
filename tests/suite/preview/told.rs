//! What a preview must say, found out from the timelines before and after, as they are served.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

/// The lists of a preview.
const LISTS: [&str; 7] = ["moved", "placed", "dropped", "reasons", "missed", "met", "slots"];

/// Where a task stands in a timeline.
#[derive(Clone, Debug, Default, PartialEq)]
struct Stand {
    /// What is told of the task itself; of those in line a timeline tells the file alone.
    id: Value,
    title: Value,
    deadline: Value,
    place: Option<Value>,
    without: Option<Value>,
    is_late: bool,
}

/// Tasks by rank: the number, then the file.
type Stands = BTreeMap<(u64, String), Stand>;

fn rank(file: &str) -> (u64, String) {
    let digits: String = file.chars().take_while(char::is_ascii_digit).collect();
    (digits.parse().unwrap(), file.to_owned())
}

/// The slots of a timeline with their day; whether each is offered.
fn slots(codex: &Value) -> Vec<(Value, &Value, bool)> {
    let days = codex["timeline"].as_array().unwrap().iter();
    let offered = days.flat_map(|day| {
        let slots = day["slots"].as_array().unwrap().iter();
        slots.map(|slot| (day["datum"].clone(), slot, true))
    });
    let mut slots: Vec<_> = offered.collect();
    let current = &codex["current"];
    if !current.is_null()
        && !slots.iter().any(|(datum, slot, _)| *datum == current["datum"] && slot["zeit"] == current["zeit"])
    {
        slots.push((current["datum"].clone(), current, false));
    }
    slots
}

fn stands(codex: &Value) -> Stands {
    let mut stands = Stands::new();
    let file = |entry: &Value| rank(entry["file"].as_str().unwrap());
    for (datum, slot, _) in slots(codex) {
        let task = &slot["task"];
        if task.is_null() {
            continue;
        }
        let stand = stands.entry(file(task)).or_default();
        (stand.id, stand.title, stand.deadline) = (task["id"].clone(), task["title"].clone(), task["deadline"].clone());
        stand.is_late = task["deadlineMissed"] == true;
        stand.place = Some(json!({"datum": datum, "zeit": slot["zeit"]}));
    }
    for entry in ["conflicts", "overdue", "later", "unplaced"].iter().flat_map(|list| codex[list].as_array().unwrap()) {
        let stand = stands.entry(file(entry)).or_default();
        (stand.id, stand.title) = (entry["id"].clone(), entry["title"].clone());
        let told = ["reason", "by", "because"].iter().filter(|field| !entry[**field].is_null());
        stand.without = Some(told.map(|field| ((*field).to_owned(), entry[*field].clone())).collect());
    }
    for waiting in codex["waiting"].as_array().unwrap() {
        let stand = stands.entry(rank(waiting.as_str().unwrap())).or_default();
        stand.without = Some(json!({"reason": "waiting"}));
    }
    for entry in codex["missed"].as_array().unwrap() {
        let stand = stands.get_mut(&file(entry)).unwrap();
        (stand.id, stand.title) = (entry["id"].clone(), entry["title"].clone());
        (stand.deadline, stand.is_late) = (entry["deadline"].clone(), true);
    }
    stands
}

/// All of these fields in one object.
fn joined(parts: &[Value]) -> Value {
    parts.iter().flat_map(|part| part.as_object().unwrap().clone()).collect::<Map<_, _>>().into()
}

fn openings(codex: &Value) -> BTreeMap<(NaiveDate, String), Value> {
    let opening = |(datum, slot, offered): (Value, &Value, bool)| {
        let day = NaiveDate::parse_from_str(datum.as_str().unwrap(), "%d.%m.%Y").unwrap();
        let opening = json!({"von": slot["von"], "bis": slot["bis"], "auto": slot["auto"], "offered": offered});
        ((day, slot["zeit"].as_str().unwrap().to_owned()), opening)
    };
    slots(codex).into_iter().map(opening).collect()
}

fn changed_slots(before: &Value, after: &Value) -> Vec<Value> {
    let (before, after) = (openings(before), openings(after));
    let mut changed = Vec::new();
    for slot in before.keys().chain(after.keys().filter(|slot| !before.contains_key(*slot))) {
        let (from, to) = (before.get(slot), after.get(slot));
        if from != to {
            let (day, zeit) = slot;
            let begins = to.or(from).unwrap()["von"].to_string();
            let datum = day.format("%d.%m.%Y").to_string();
            changed.push(((*day, begins, zeit), json!({"datum": datum, "zeit": zeit, "from": from, "to": to})));
        }
    }
    changed.sort_by(|(one, _), (other, _)| one.cmp(other));
    changed.into_iter().map(|(_, change)| change).collect()
}

/// The lists of a preview from the one timeline to the other.
pub fn difference(before: &Value, after: &Value) -> Value {
    let mut lists: BTreeMap<&str, Vec<Value>> = LISTS.iter().map(|list| (*list, Vec::new())).collect();
    let (was, now) = (stands(before), stands(after));
    assert!(was.keys().eq(now.keys()), "the tasks are the same");
    for ((rank, was), now) in was.iter().zip(now.values()) {
        let known = |field: fn(&Stand) -> &Value| [was, now].map(field).into_iter().find(|value| !value.is_null());
        let [id, title] = [known(|stand| &stand.id), known(|stand| &stand.title)];
        let task = json!({"id": id, "file": rank.1, "title": title});
        let mut tell = |list: &str, more: Value| lists.get_mut(list).unwrap().push(joined(&[task.clone(), more]));
        match (&was.place, &now.place) {
            (from, to) if from == to && was.without == now.without => {}
            (Some(from), Some(to)) => tell("moved", json!({"from": from, "to": to})),
            (None, Some(to)) => tell("placed", json!({"to": to, "was": was.without})),
            (Some(from), None) => tell("dropped", joined(&[json!({"from": from}), now.without.clone().unwrap()])),
            (None, None) if was.without == Some(json!({"reason": "waiting"})) => {
                tell("dropped", joined(&[json!({"from": null}), now.without.clone().unwrap()]));
            }
            (None, None) => {
                tell("reasons", joined(&[json!({"was": was.without}), now.without.clone().unwrap()]));
            }
        }
        match (was.is_late, now.is_late) {
            (false, true) => tell("missed", json!({"deadline": now.deadline})),
            (true, false) => tell("met", json!({"deadline": was.deadline})),
            (true, true) | (false, false) => {}
        }
    }
    lists.insert("slots", changed_slots(before, after));
    json!(lists)
}

/// The lists alone of a preview, which must have been made; whether anything changes must be as they say.
pub fn lists(preview: &Value) -> Value {
    assert_eq!((&preview["ok"], &preview["errors"]), (&json!(true), &json!([])), "{preview:#}");
    let lists: Map<String, Value> = LISTS.iter().map(|list| ((*list).to_owned(), preview[list].clone())).collect();
    let is_any = lists.values().any(|list| !list.as_array().unwrap().is_empty());
    assert_eq!(preview["changed"], is_any, "{preview:#}");
    lists.into()
}
