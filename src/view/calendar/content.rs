//! The lines that a calendar is made of (RFC 5545, 3.1): texts escaped, long lines folded.
//!
//! The libraries for it were looked at. They may put a fold between a backslash and what it escapes, which Google's
//! calendar does not read together again, and leave carriage returns in texts as they are.

/// Octets of a line at most, the one that a folded line begins with included, its end not.
const LINE_OCTETS_MAX: usize = 75;

/// Lines, each with its end.
#[derive(Default)]
pub struct Content(String);

impl Content {
    /// A line whose value is no text: nothing in it has to be escaped.
    pub fn line(&mut self, line: &str) {
        self.fold(line);
    }

    /// A property with a text.
    pub fn text(&mut self, name: &str, text: &str) {
        let mut line = format!("{name}:");
        escape(text, &mut line);
        self.fold(&line);
    }

    /// A property with a list of texts.
    pub fn texts<'t>(&mut self, name: &str, texts: impl Iterator<Item = &'t str>) {
        let mut line = format!("{name}:");
        for (index, text) in texts.enumerate() {
            if index > 0 {
                line.push(',');
            }
            escape(text, &mut line);
        }
        self.fold(&line);
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }

    /// Writes a line in as many as it takes, none of which parts a character or an escape.
    fn fold(&mut self, line: &str) {
        let (mut rest, mut octets) = (line, 0);
        while let Some(first) = rest.chars().next() {
            // Whatever a backslash stands before is one octet.
            let length = if first == '\\' { 2 } else { first.len_utf8() };
            let (unit, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
            if octets + unit.len() > LINE_OCTETS_MAX {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            self.0.push_str(unit);
            octets += unit.len();
            rest = behind;
        }
        self.0.push_str("\r\n");
    }
}

/// Appends a text as a property's value has it (3.3.11). Every kind of line break becomes an escaped one, so no text
/// begins a line of its own; other control characters, which no value may have, are left out.
fn escape(text: &str, into: &mut String) {
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\\' | ';' | ',' => into.extend(['\\', next]),
            '\r' if rest.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => into.push_str("\\n"),
            '\t' => into.push(next),
            control if control.is_control() => {}
            other => into.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> String {
        let mut content = Content::default();
        content.text("SUMMARY", text);
        String::from_utf8(content.into_bytes()).unwrap()
    }

    /// What a reader takes the lines for, by the words of the standard.
    fn read(lines: &str) -> String {
        let value = lines.replace("\r\n ", "");
        let value = value.strip_prefix("SUMMARY:").unwrap().strip_suffix("\r\n").unwrap();
        let (mut text, mut rest) = (String::new(), value.chars());
        while let Some(next) = rest.next() {
            let escaped = if next == '\\' { rest.next() } else { None };
            text.push(match escaped {
                None => next,
                Some('n') => '\n',
                Some(other) => other,
            });
        }
        text
    }

    #[test]
    fn a_text_begins_no_line_of_its_own() {
        assert_eq!(written("a\r\nEND:VEVENT\rb\u{2028}c\0\u{7f}"), "SUMMARY:a\\nEND:VEVENT\\nb\\nc\r\n");
        assert_eq!(written(r"a, b; c\n"), "SUMMARY:a\\, b\\; c\\\\n\r\n");
    }

    #[test]
    fn a_fold_parts_no_escape() {
        for before in 60..70 {
            let lines = written(&format!("{},{}", "x".repeat(before), "y".repeat(80)));
            assert!(lines.split("\r\n").all(|line| !line.ends_with('\\')), "{lines}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in r#"(\PC|[\\;,\n"']|ä|😀){0,300}"#) {
            let lines = written(&text);
            prop_assert_eq!(read(&lines), text.replace(['\u{2028}', '\u{2029}'], "\n"));
            prop_assert!(lines.split_terminator("\r\n").all(|line| line.len() <= LINE_OCTETS_MAX), "{}", lines);
            let bare = lines.replace("\r\n", "");
            prop_assert!(!bare.contains(['\r', '\n']), "{}", lines);
        }
    }
}
