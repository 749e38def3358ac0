//! Whatever text is taken for an id: it is one that files, Git and URLs can carry, or none. Lines of the input are
//! names of their own.

use codexmiroir::domain::document;
use codexmiroir::domain::ids::{DocKey, FileName, TaskNumber, UserName};

/// Names that are compared with each other.
const NAMES_MAX: usize = 8;

pub fn holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    user_names_are_folders(text);
    titles_make_file_names(text);
    let names: Vec<FileName> = text.split('\n').filter_map(FileName::parse).take(NAMES_MAX).collect();
    for name in &names {
        file_names_are_segments(name);
    }
    let mut keys: Vec<DocKey> = names.into_iter().map(DocKey::of).collect();
    keys.sort();
    for pair in keys.windows(2) {
        assert_eq!(pair[0] == pair[1], pair[0].cmp(&pair[1]).is_eq());
        let number = |key: &DocKey| key.number.map_or(u32::MAX, TaskNumber::get);
        assert!(number(&pair[0]) <= number(&pair[1]), "numbers come in their order, files without one last");
    }
}

fn user_names_are_folders(text: &str) {
    if let Some(name) = UserName::parse(text) {
        assert_eq!(name.as_str(), text);
        assert!(!text.is_empty() && text.len() <= 39 && text.is_ascii());
        assert!(!text.starts_with(['.', '-']) && !text.contains(['/', '\\', '%', '#', ' ']) && text != "..");
        assert_eq!(text, text.to_ascii_lowercase());
    }
}

fn file_names_are_segments(name: &FileName) {
    let text = name.as_str();
    assert_eq!(FileName::parse(text).as_ref(), Some(name));
    assert!(text.len() <= 255 && !text.contains(['/', '\\', '\0', '\n', '\r']) && !text.starts_with('.'));
    assert_eq!(format!("{}.md", name.stem()), text);
    if let Some(number) = name.number() {
        assert!(number <= TaskNumber::MAX && text.starts_with(|c: char| c.is_ascii_digit()));
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        assert_eq!(text[..digits].parse(), Ok(number.get()));
        assert!(digits >= number.to_string().len().min(4));
        assert_eq!(number.next().map(TaskNumber::get), Some(number.get() + 1).filter(|next| *next <= 999_999_999));
    }
}

fn titles_make_file_names(title: &str) {
    for number in [TaskNumber::FIRST, TaskNumber::MAX] {
        let name = document::file_name(number, Some(title));
        assert_eq!(name.number(), Some(number));
        file_names_are_segments(&name);
        let is_plain = |c: char| c == '-' || c == '.' || !(c.is_ascii_punctuation() || c.is_whitespace());
        assert!(name.as_str().chars().all(is_plain), "{name}");
    }
}
