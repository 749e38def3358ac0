//! Whatever the bytes of a file, reading them gives an answer that a person can use.

use codexmiroir::domain::document::{self, Outcome};
use codexmiroir::domain::ids::FileName;
use codexmiroir::domain::lang::Lang;

/// Longer than any sentence about a document that is not mostly a repetition of it.
const SENTENCE_CHARS_MAX: usize = 500;

pub fn holds(bytes: &[u8]) {
    for name in ["0042-Ein-Titel.md", "notes.md"] {
        let file = FileName::parse(name).expect("a file name");
        let outcome = document::read(&file, bytes);
        assert_eq!(outcome, document::read(&file, bytes), "the same bytes say the same");
        let body = document::body(bytes);
        match outcome {
            Outcome::Task(task) => {
                assert!(file.number().is_some() && task.key.file == file);
                assert!(body.is_some_and(|body| bytes.ends_with(body.as_bytes())));
                for word in [&task.title, &task.kategorie] {
                    assert!(!word.is_empty() && word.trim() == word, "{word:?}");
                }
                assert!(!task.title.chars().any(char::is_control) && task.title.chars().count() <= 200);
            }
            Outcome::NotATask => assert!(file.number().is_none()),
            Outcome::Invalid(problem) => {
                let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
                assert!((1..=lines).contains(&usize::try_from(problem.line).expect("a line")), "{problem:?}");
                for lang in [Lang::En, Lang::De] {
                    let sentence = problem.text(lang);
                    let length = sentence.chars().count();
                    assert!((1..=SENTENCE_CHARS_MAX).contains(&length), "{sentence}");
                    assert!(!sentence.chars().any(char::is_control), "{sentence:?}");
                }
            }
        }
    }
}
