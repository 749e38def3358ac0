//! Whatever JSON is sent: it is read as what it says, or refused with a sentence in both languages.

use codexmiroir::domain::lang::Lang;
use codexmiroir::http::wire;
use codexmiroir::service::error::Refusal;
use codexmiroir::service::tasks::{Edit, Fields, SlotFields};
use serde_json::{Map, Value};

/// Longer than any refusal: what it repeats of a request is cut.
const SENTENCE_CHARS_MAX: usize = 300;

pub fn holds(bytes: &[u8]) {
    let Ok(Value::Object(object)) = serde_json::from_slice(bytes) else { return };
    let fields = sound(wire::fields(&object));
    match (sound(wire::edit(&object)), object.get("document")) {
        (edit, None) => assert_eq!(edit, fields.clone().map(Edit::Fields)),
        (Some(edit), Some(document)) => {
            assert_eq!(Some(edit), document.as_str().map(|text| Edit::Document(text.to_owned())));
            assert_eq!(object.len(), 1);
        }
        (None, Some(_)) => {}
    }
    if let Some(fields) = fields {
        says_the_same(&object, fields);
    }
    if let Some(SlotFields { datum, zeit }) = sound(wire::slot(&object)) {
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        assert_eq!((datum.as_deref(), zeit.as_deref()), (text("datum"), text("zeit")));
        assert!(object.keys().all(|name| matches!(name.as_str(), "datum" | "zeit")));
    }
}

/// The fields as they stand in the object.
fn says_the_same(object: &Map<String, Value>, fields: Fields) {
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    assert_eq!([fields.kategorie, fields.status, fields.title], ["kategorie", "status", "title"].map(text));
    assert_eq!(fields.body, text("body"));
    let deadline = object.get("deadline").map(|_| text("deadline").filter(|text| !text.trim().is_empty()));
    assert_eq!(fields.deadline, deadline);
    let tags = object.get("tags").map(|tags| tags.as_array().cloned().unwrap_or_default());
    let words = fields.tags.map(|tags| tags.into_iter().map(Value::String).collect());
    assert_eq!(words, tags);
    assert_eq!(fields.fixed_slot.is_some(), object.contains_key("fixedSlot"));
    assert_eq!(fields.fixed_slot == Some(None), object.get("fixedSlot") == Some(&Value::Null));
    if let (Some(Some(slot)), Some(Value::Object(asked))) = (fields.fixed_slot, object.get("fixedSlot")) {
        assert_eq!(slot.datum.as_deref(), asked.get("datum").and_then(Value::as_str));
        assert_eq!(slot.zeit.as_deref(), asked.get("zeit").and_then(Value::as_str));
    }
}

/// What was read; a refusal must be one that can be shown.
fn sound<T>(read: Result<T, Refusal>) -> Option<T> {
    let refusal = match read {
        Ok(read) => return Some(read),
        Err(refusal) => refusal,
    };
    let [english, german] = [Lang::En, Lang::De].map(|lang| refusal.text(lang));
    assert_ne!(english, german);
    for sentence in [english, german] {
        assert!(sentence.ends_with(['.', '?']) && sentence.chars().count() <= SENTENCE_CHARS_MAX, "{sentence}");
        assert!(!sentence.chars().any(char::is_control), "{sentence:?}");
    }
    None
}
