//! Whatever is sent as an export: it is read as what it says, or refused with a sentence in both languages and the place.

use std::collections::HashSet;

use codexmiroir::domain::lang::Lang;
use codexmiroir::service::error::{ExportRefusal, Refusal};
use codexmiroir::service::import::{Account, read_account};
use serde_json::Value;

/// Longer than any refusal: what it repeats of the text is cut.
const SENTENCE_CHARS_MAX: usize = 500;

pub fn holds(bytes: &[u8]) {
    let account = match read_account(bytes) {
        Ok(account) => account,
        Err(refusal) => {
            let Refusal::Export(refusal) = refusal else { unreachable!("{refusal:?} is not about an export") };
            return can_be_shown(bytes, &refusal);
        }
    };
    // What is taken is JSON that another reader takes too, and says the same there.
    let value = serde_json::from_slice::<Value>(bytes);
    assert!(value.is_ok());
    says_the_same(&value.unwrap_or_default(), &account);
    is_in_order(&account);
    // The end is there, and nothing else behind it.
    let trimmed = bytes.trim_ascii_end();
    assert!(read_account(&trimmed[..trimmed.len() - 1]).is_err());
    assert!(read_account(&[bytes, b"}"].concat()[..]).is_err());
}

fn says_the_same(value: &Value, account: &Account) {
    assert_eq!((value["format"].as_str(), value["version"].as_u64()), (Some("codexmiroir"), Some(1)));
    assert_eq!(value["generation"].as_u64(), Some(account.generation.0));
    let next = account.next_number.map(|number| number.get().to_string());
    let said = value["nextAvailableId"].as_str().map(|text| text.trim_start_matches('0').to_owned());
    assert_eq!(next, said.map(|text| if text.is_empty() { "0".to_owned() } else { text }));
    assert_eq!(value["settings"]["horizon"].as_u64(), Some(u64::from(account.settings.days)));
    let documents = value["documents"].as_array();
    assert_eq!(documents.map(Vec::len), Some(account.documents.len()));
    for (said, (file, raw)) in documents.into_iter().flatten().zip(&account.documents) {
        assert_eq!(said["file"].as_str(), Some(file.as_str()));
        if let Some(text) = said["text"].as_str() {
            assert_eq!(text.as_bytes(), raw);
        }
    }
    let rules = value["rules"].as_array().map(Vec::len);
    assert_eq!(rules, account.rules.as_ref().map(Vec::len));
    let history = value.get("history").and_then(Value::as_array);
    assert_eq!(history.map(Vec::len), account.history.as_ref().map(Vec::len));
    for (said, past) in history.into_iter().flatten().zip(account.history.iter().flatten().rev()) {
        assert_eq!(said["generation"].as_u64(), Some(past.generation.0));
        assert_eq!(said["actor"].as_str(), Some(past.actor.as_str()));
    }
}

/// Each file once, and each change of the history at a place of its own, in their order, none after the account itself.
fn is_in_order(account: &Account) {
    let files: HashSet<&str> = account.documents.iter().map(|(file, _)| file.as_str()).collect();
    assert_eq!(files.len(), account.documents.len());
    let history = account.history.iter().flatten();
    let moments: Vec<_> = history.map(|past| (past.generation.0, past.index)).collect();
    assert!(moments.is_sorted_by(|one, next| one < next));
    assert!(moments.iter().all(|(generation, _)| (1..=account.generation.0).contains(generation)));
}

fn can_be_shown(bytes: &[u8], refusal: &ExportRefusal) {
    let is_json = serde_json::from_slice::<Value>(bytes).is_ok();
    if let ExportRefusal::NotJson { line, column } = refusal {
        // Places of the text are counted from its beginning. A number that no value can hold is JSON to nobody.
        assert!(
            !is_json && *line >= 1 && *line <= 1 + bytes.iter().filter(|byte| **byte == b'\n').count(),
            "{line} {column}"
        );
    }
    let [english, german] = [Lang::En, Lang::De].map(|lang| refusal.text(lang));
    assert_ne!(english, german);
    for sentence in [english, german] {
        assert!(sentence.ends_with(['.', '?']) && sentence.chars().count() <= SENTENCE_CHARS_MAX, "{sentence}");
        assert!(!sentence.chars().any(char::is_control), "{sentence:?}");
    }
}
