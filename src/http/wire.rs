//! JSON requests to typed fields, and answers to JSON. Types are checked here, values by the use cases.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::prefer::PushedJson;
use crate::domain::lang::Phrase;
use crate::service::error::{Fault, Refusal, repeatable};
use crate::service::tasks::{Completed, Edit, Fields, Saved, SlotFields};
use crate::view::json::SlotRefJson;

/// The fields that a create takes; an update takes `document` too.
pub const FIELDS: [&str; 7] = ["kategorie", "status", "deadline", "fixedSlot", "tags", "title", "body"];

/// The fields of a request that names a slot.
pub const SLOT_FIELDS: [&str; 2] = ["datum", "zeit"];

pub const WHOLE_NUMBER: Phrase = Phrase { en: "a whole number", de: "eine ganze Zahl" };
const A_TEXT: Phrase = Phrase { en: "a text", de: "ein Text" };
const TEXTS: Phrase = Phrase { en: "a list of texts", de: "eine Liste von Texten" };
const TRUE_OR_FALSE: Phrase = Phrase { en: "true or false", de: "true oder false" };
const A_SLOT: Phrase = Phrase { en: "{datum, zeit} or null", de: "{datum, zeit} oder null" };

/// Characters of an unknown field's name that an error repeats.
const NAME_CHARS_MAX: usize = 40;

/// How alike two names must be for one to be suggested for the other.
const LIKENESS_MIN: f64 = 0.8;

/// What a create asks for.
pub fn fields(object: &Map<String, Value>) -> Result<Fields, Refusal> {
    let mut fields = Fields::default();
    for (name, value) in object {
        set(&mut fields, name, value)?;
    }
    Ok(fields)
}

/// What an update asks for: fields, or the whole document alone.
pub fn edit(object: &Map<String, Value>) -> Result<Edit, Refusal> {
    let Some(document) = object.get("document") else { return fields(object).map(Edit::Fields) };
    let text = text("document", document)?.ok_or(Refusal::field("document", Fault::Missing))?;
    match object.keys().find_map(|name| FIELDS.iter().find(|field| *field == name)) {
        Some(other) => Err(Refusal::field("document", Fault::NotTogetherWith { other })),
        None => match object.keys().find(|name| *name != "document") {
            Some(unknown) => Err(unknown_field(unknown)),
            None => Ok(Edit::Document(text)),
        },
    }
}

/// `{datum, zeit}` of a completion.
pub fn slot(object: &Map<String, Value>) -> Result<SlotFields, Refusal> {
    let known = Known::of(object, &SLOT_FIELDS)?;
    Ok(SlotFields { datum: known.text("datum")?, zeit: known.text("zeit")? })
}

/// The fields of a request that has none but those that are known.
pub struct Known<'a>(&'a Map<String, Value>);

impl<'a> Known<'a> {
    /// # Errors
    /// A field that is not among `known`, with the one of them that it may have meant.
    pub fn of(object: &'a Map<String, Value>, known: &[&str]) -> Result<Known<'a>, Refusal> {
        let unknown = object.keys().find(|name| !known.contains(&name.as_str()));
        unknown.map_or(Ok(Known(object)), |name| Err(nearest_of(name, known)))
    }

    /// What was sent, `null` included; `None` where nothing was.
    pub fn value(&self, field: &'static str) -> Option<&'a Value> {
        self.0.get(field)
    }

    pub fn text(&self, field: &'static str) -> Result<Option<String>, Refusal> {
        self.value(field).map_or(Ok(None), |value| text(field, value))
    }

    pub fn texts(&self, field: &'static str) -> Result<Option<Vec<String>>, Refusal> {
        self.value(field).map_or(Ok(None), |value| texts(field, value))
    }

    /// Whether a box of a form was ticked: one that was not is not sent.
    pub fn ticked(&self, field: &'static str) -> Result<bool, Refusal> {
        match self.text(field)?.as_deref() {
            None | Some("" | "false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Refusal::field(field, Fault::WrongType { expected: TRUE_OR_FALSE })),
        }
    }

    pub fn flag(&self, field: &'static str) -> Result<Option<bool>, Refusal> {
        self.value(field).map_or(Ok(None), |value| flag(field, value))
    }
}

fn set(fields: &mut Fields, name: &str, value: &Value) -> Result<(), Refusal> {
    match name {
        "kategorie" => fields.kategorie = text("kategorie", value)?,
        "status" => fields.status = text("status", value)?,
        "title" => fields.title = text("title", value)?,
        "body" => fields.body = text("body", value)?,
        // An empty text is what a form sends for a date that was not filled in.
        "deadline" => fields.deadline = Some(text("deadline", value)?.filter(|text| !text.trim().is_empty())),
        "fixedSlot" => fields.fixed_slot = Some(fixed_slot(value)?),
        "tags" => fields.tags = Some(texts("tags", value)?.unwrap_or_default()),
        unknown => return Err(unknown_field(unknown)),
    }
    Ok(())
}

fn unknown_field(name: &str) -> Refusal {
    let mut known = FIELDS.to_vec();
    known.push("document");
    nearest_of(name, &known)
}

pub fn nearest_of(name: &str, known: &[&str]) -> Refusal {
    let likeness = |field: &&&str| strsim::jaro_winkler(&name.to_lowercase(), &field.to_lowercase());
    let nearest = known.iter().filter(|field| likeness(field) >= LIKENESS_MIN);
    let nearest = nearest.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let name = repeatable(name, NAME_CHARS_MAX);
    Refusal::UnknownField { name, nearest: nearest.map(|field| (*field).to_owned()) }
}

/// A text; `null` is as if the field were not there.
pub(super) fn text(field: &'static str, value: &Value) -> Result<Option<String>, Refusal> {
    match value {
        Value::String(text) => Ok(Some(text.clone())),
        Value::Null => Ok(None),
        _ => Err(Refusal::field(field, Fault::WrongType { expected: A_TEXT })),
    }
}

/// True or false; `null` is as if the field were not there.
fn flag(field: &'static str, value: &Value) -> Result<Option<bool>, Refusal> {
    match value {
        Value::Bool(flag) => Ok(Some(*flag)),
        Value::Null => Ok(None),
        _ => Err(Refusal::field(field, Fault::WrongType { expected: TRUE_OR_FALSE })),
    }
}

/// A list of texts; `null` is as if the field were not there.
fn texts(field: &'static str, value: &Value) -> Result<Option<Vec<String>>, Refusal> {
    let wrong = || Refusal::field(field, Fault::WrongType { expected: TEXTS });
    match value {
        Value::Null => Ok(None),
        Value::Array(list) => {
            let texts = list.iter().map(|text| text.as_str().map(str::to_owned).ok_or_else(wrong));
            texts.collect::<Result<_, _>>().map(Some)
        }
        _ => Err(wrong()),
    }
}

/// The refusal for a field that must be there.
pub fn missing(field: &'static str) -> Refusal {
    Refusal::field(field, Fault::Missing)
}

/// `{datum, zeit}`, the list form `[{datum}, {zeit}]` of old files, or `null`.
fn fixed_slot(value: &Value) -> Result<Option<SlotFields>, Refusal> {
    let wrong = || Refusal::field("fixedSlot", Fault::WrongType { expected: A_SLOT });
    let parts: Vec<&Map<String, Value>> = match value {
        Value::Null => return Ok(None),
        Value::Object(object) => vec![object],
        Value::Array(list) => {
            let objects = list.iter().filter(|part| !part.is_null()).map(|part| part.as_object().ok_or_else(wrong));
            objects.collect::<Result<_, _>>()?
        }
        _ => return Err(wrong()),
    };
    let mut slot = SlotFields::default();
    for (name, value) in parts.into_iter().flatten() {
        match name.as_str() {
            "datum" => slot.datum = text("fixedSlot.datum", value)?,
            "zeit" => slot.zeit = text("fixedSlot.zeit", value)?,
            _ => return Err(nearest_of(&format!("fixedSlot.{name}"), &["fixedSlot.datum", "fixedSlot.zeit"])),
        }
    }
    Ok(Some(slot))
}

/// A task that was created, changed or removed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Saved")]
pub struct SavedJson {
    /// Always true.
    ok: bool,
    id: String,
    /// Where the file stands in the repository.
    path: String,
    filename: String,
    #[serde(flatten)]
    git: PushedJson,
    /// There, and true, when this repeats the answer to an earlier request with the same `Idempotency-Key`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reused: bool,
    /// The user's generation that the change made, or that it found when nothing had to change.
    generation: u64,
    /// The slot that the task stands in now.
    placed: Option<SlotRefJson>,
    /// There, and false, when the rules that should apply fail on your tasks, so that others stand in for them; `rules`
    /// of the timeline says why.
    #[serde(skip_serializing_if = "Clone::clone")]
    rules_ok: bool,
}

impl SavedJson {
    /// `folder` is the user's in the repository.
    pub fn new(folder: &str, saved: Saved, git: PushedJson) -> SavedJson {
        SavedJson {
            ok: true,
            id: saved.id,
            path: format!("{folder}/tasks/{}", saved.file),
            filename: saved.file,
            git,
            reused: saved.reused,
            generation: saved.generation,
            placed: placed(saved.placed),
            rules_ok: saved.rules_ok,
        }
    }
}

/// A task that was completed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Completed")]
pub struct CompletedJson {
    #[serde(flatten)]
    saved: SavedJson,
    /// The slot that it is marked as done in.
    completed_at: SlotRefJson,
}

impl CompletedJson {
    /// `folder` is the user's in the repository.
    pub fn new(folder: &str, completed: Completed, git: PushedJson) -> CompletedJson {
        let completed_at = SlotRefJson { datum: Some(completed.datum), zeit: completed.zeit };
        CompletedJson { saved: SavedJson::new(folder, completed.saved, git), completed_at }
    }
}

/// A place as JSON.
pub fn placed(placed: Option<(String, String)>) -> Option<SlotRefJson> {
    placed.map(|(datum, zeit)| SlotRefJson { datum: Some(datum), zeit: Some(zeit) })
}
