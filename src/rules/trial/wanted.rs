//! The map that a test gives to `plan`: now, tasks, rules, options.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{NaiveDateTime, NaiveTime};
use rhai::{Array, Dynamic, Map};

use super::Wanted;
use crate::domain::date;
use crate::domain::ids::{DocKey, FileName};
use crate::domain::script::OptionValue;
use crate::domain::task::{SlotRef, Status, Task};
use crate::rules::api::calendar::Date;
use crate::rules::engine::{Native, fail, shortened};
use crate::rules::evaluate::Question;
use crate::rules::names;

/// What a plan covers unless a test says otherwise.
const DAYS_DEFAULT: u16 = 7;
/// The longest plan of a test: every day costs a question.
const DAYS_MAX: i64 = 60;
const NUMBER_MAX: i64 = 9_999;

/// The fields of what `plan` is given: name, other name, and what it is, in English and in German. Those behind a dot are of a task.
pub(in crate::rules) const FIELDS: [(&str, &str, [&str; 2]); 14] = [
    ("now", "jetzt", ["The moment, such as `\"2025-10-13 08:00\"`.", "Der Zeitpunkt, etwa `\"13.10.2025 08:00\"`."]),
    ("days", "tage", ["How many days from then on; 7 unless it is said.", "Wie viele Tage von da an; ohne Angabe 7."]),
    (
        "rules",
        "regeln",
        [
            "The names of the scripts in order, those that come with the program among them; the one that is tested, unless it is said.",
            "Die Namen der Skripte in ihrer Reihenfolge, auch solcher, die zum Programm gehören; ohne Angabe das geprüfte.",
        ],
    ),
    (
        "options",
        "optionen",
        [
            "What is set of the options of the script that is tested, such as `#{land: \"BY\"}`.",
            "Was an den Optionen des geprüften Skripts eingestellt ist, etwa `#{land: \"BY\"}`.",
        ],
    ),
    (
        "tasks",
        "aufgaben",
        [
            "A list of tasks, each a map of the fields below.",
            "Eine Liste von Aufgaben, jede eine Map mit den Feldern darunter.",
        ],
    ),
    (
        ".number",
        "nummer",
        ["Its number; its place in the list unless it is said.", "Ihre Nummer; ohne Angabe ihr Platz in der Liste."],
    ),
    (".title", "titel", ["A text.", "Ein Text."]),
    (".kategorie", "category", ["`arbeit` unless it is said.", "Ohne Angabe `arbeit`."]),
    (".status", "", ["`offen` unless it is said.", "Ohne Angabe `offen`."]),
    (".tags", "", ["A list of texts.", "Eine Liste von Texten."]),
    (".deadline", "frist", ["A date.", "Ein Datum."]),
    (
        ".fixed",
        "fest",
        [
            "The slot that it is fixed to, such as `\"14.10.2025 morgens\"`.",
            "Der Slot, in dem sie fest ist, etwa `\"14.10.2025 morgens\"`.",
        ],
    ),
    (".body", "inhalt", ["The text below its head.", "Der Text unter ihrem Kopf."]),
    (
        ".file",
        "datei",
        ["The name of its file, such as `0001-Title.md`.", "Der Name ihrer Datei, etwa `0001-Titel.md`."],
    ),
];

/// The names of fields: of a task, or of the plan itself.
fn field_names(of_task: bool) -> impl Iterator<Item = (&'static str, &'static str)> {
    FIELDS.iter().filter_map(move |(name, also, _)| match name.strip_prefix('.') {
        Some(name) => of_task.then_some((name, *also)),
        None => (!of_task).then_some((*name, *also)),
    })
}

pub(super) fn read(asked: Map) -> Native<Wanted> {
    let mut fields = Fields::of(asked, false)?;
    let now = match fields.take("now") {
        Some(now) => read_now(&text("now", now)?)?,
        None => return fail("plan(#{…}) needs now, such as now: \"2025-10-13 08:00\""),
    };
    let days = match fields.take("days") {
        Some(days) => whole("days", &days, 1, DAYS_MAX)?,
        None => i64::from(DAYS_DEFAULT),
    };
    let tasks = match fields.take("tasks") {
        Some(tasks) => list("tasks", tasks)?,
        None => Array::new(),
    };
    let tasks = tasks.into_iter().enumerate().map(|(index, task)| read_task(index, task));
    let tasks = tasks.collect::<Native<Vec<Question>>>()?;
    for (index, question) in tasks.iter().enumerate() {
        if tasks[..index].iter().any(|earlier| earlier.task.key == question.task.key) {
            return fail(format!("two tasks are in the file {}", question.task.file().as_str()));
        }
    }
    let rules = match fields.take("rules") {
        Some(rules) => list("rules", rules)?.into_iter().map(|name| text("rules", name)).collect::<Native<_>>()?,
        None => Vec::new(),
    };
    let options = match fields.take("options") {
        Some(options) => read_options(options)?,
        None => BTreeMap::new(),
    };
    Ok(Wanted { now, days: u16::try_from(days).unwrap_or(DAYS_DEFAULT), tasks, rules, options })
}

fn read_now(text: &str) -> Native<NaiveDateTime> {
    let (day, time) = text.trim().split_once([' ', 'T']).unwrap_or((text, "00:00"));
    let day = date::parse_lenient(day);
    let time = ["%H:%M", "%H:%M:%S"].iter().find_map(|form| NaiveTime::parse_from_str(time.trim(), form).ok());
    match (day, time) {
        (Some(day), Some(time)) => Ok(day.and_time(time)),
        _ => fail(format!("now: '{}' is no time; write it as 2025-10-13 08:00", shortened(text))),
    }
}

fn read_task(index: usize, task: Dynamic) -> Native<Question> {
    let found = task.type_name();
    let Some(task) = task.try_cast::<Map>() else {
        return fail(format!("tasks: item {} is {}; write #{{number: 1, …}}", index + 1, names::with_article(found)));
    };
    let mut fields = Fields::of(task, true)?;
    let number = match fields.take("number") {
        Some(number) => read_number(number)?,
        None => i64::try_from(index).unwrap_or(NUMBER_MAX) + 1,
    };
    let title = fields.text("title")?.unwrap_or_else(|| format!("Task {number}"));
    let file = fields.text("file")?.unwrap_or_else(|| format!("{number:04}.md"));
    let Some(file) = FileName::parse(&file) else {
        return fail(format!("'{}' is no name of a task's file; write 0001-Title.md", shortened(&file)));
    };
    let status = match fields.text("status")? {
        Some(status) => match Status::parse(&status) {
            Some(status) => status,
            None => {
                let known = Status::ALL.into_iter().map(Status::as_str);
                return fail(names::suggest(format!("'{}' is no status", shortened(&status)), &status, known));
            }
        },
        None => Status::Offen,
    };
    let tags = match fields.take("tags") {
        Some(tags) => list("tags", tags)?.into_iter().map(|tag| text("tags", tag)).collect::<Native<_>>()?,
        None => Vec::new(),
    };
    let task = Task {
        key: DocKey::of(file),
        title,
        kategorie: fields.text("kategorie")?.unwrap_or_else(|| "arbeit".to_owned()),
        status,
        tags,
        deadline: fields.take("deadline").map(read_day).transpose()?,
        fixed_slot: fields.text("fixed")?.map(|fixed| read_fixed(&fixed)).transpose()?,
        abgeschlossen_am: None,
    };
    let body = fields.text("body")?.map(Arc::from);
    Ok(Question { task: Arc::new(task), body })
}

/// 1, or "0001" as people say it.
fn read_number(number: Dynamic) -> Native<i64> {
    let number = match number.as_immutable_string_ref().ok().and_then(|text| text.parse::<i64>().ok()) {
        Some(said) => Dynamic::from(said),
        None => number,
    };
    whole("number", &number, 0, NUMBER_MAX)
}

fn read_day(day: Dynamic) -> Native<chrono::NaiveDate> {
    if let Some(Date(day)) = day.clone().try_cast::<Date>() {
        return Ok(day);
    }
    let written = text("deadline", day)?;
    match date::parse_lenient(&written) {
        Some(day) => Ok(day),
        None => fail(format!("'{}' is not a date of the calendar; write it as 24.12.2025", shortened(&written))),
    }
}

/// `14.10.2025 morgens`, or the day alone.
fn read_fixed(fixed: &str) -> Native<SlotRef> {
    let (day, zeit) = fixed.trim().split_once(' ').map_or((fixed, None), |(day, zeit)| (day, Some(zeit)));
    match date::parse_lenient(day) {
        Some(datum) => Ok(SlotRef { datum: Some(datum), zeit: zeit.map(|zeit| zeit.trim().to_lowercase()) }),
        None => fail(format!("fixed: '{}' is no slot; write it as 14.10.2025 morgens", shortened(fixed))),
    }
}

fn read_options(options: Dynamic) -> Native<BTreeMap<String, OptionValue>> {
    let found = options.type_name();
    let Some(options) = options.try_cast::<Map>() else {
        return fail(format!("options: a map such as #{{land: \"BY\"}}, not {}", names::with_article(found)));
    };
    let read = |(name, value): (rhai::Identifier, Dynamic)| {
        let read = if let Ok(flag) = value.as_bool() {
            OptionValue::Flag(flag)
        } else if let Ok(number) = value.as_int() {
            OptionValue::Number(number)
        } else if let Some(Date(day)) = value.clone().try_cast::<Date>() {
            OptionValue::Text(date::to_text(day))
        } else {
            OptionValue::Text(text(&name, value)?)
        };
        Ok((name.to_string(), read))
    };
    options.into_iter().map(read).collect()
}

/// The fields of a map, each taken once.
struct Fields(Map);

impl Fields {
    /// The fields under their first names; one that is not known is refused with the nearest that is.
    fn of(map: Map, of_task: bool) -> Native<Fields> {
        let mut fields = Map::new();
        for (name, value) in map {
            let Some((first, _)) = field_names(of_task).find(|(first, also)| *first == name || *also == name) else {
                let sentence = format!("{} has no field {}", if of_task { "a task" } else { "plan" }, shortened(&name));
                let firsts = field_names(of_task).map(|(first, _)| first);
                let known = firsts.chain(field_names(of_task).map(|(_, also)| also));
                return fail(names::suggest(sentence, &name, known.filter(|known| !known.is_empty())));
            };
            fields.insert(first.into(), value);
        }
        Ok(Fields(fields))
    }

    fn take(&mut self, name: &str) -> Option<Dynamic> {
        self.0.remove(name).filter(|value| !value.is_unit())
    }

    fn text(&mut self, name: &str) -> Native<Option<String>> {
        self.take(name).map(|value| text(name, value)).transpose()
    }
}

fn text(name: &str, value: Dynamic) -> Native<String> {
    match value.into_immutable_string() {
        Ok(text) => Ok(text.to_string()),
        Err(found) => fail(format!("{name}: a text, not {}", names::with_article(found))),
    }
}

fn list(name: &str, value: Dynamic) -> Native<Array> {
    value.into_array().or_else(|found| fail(format!("{name}: a list, not {}", names::with_article(found))))
}

fn whole(name: &str, value: &Dynamic, least: i64, most: i64) -> Native<i64> {
    match value.as_int() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        Ok(number) => fail(format!("{name}: a number from {least} to {most}, not {number}")),
        Err(found) => fail(format!("{name}: a whole number, not {}", names::with_article(found))),
    }
}
