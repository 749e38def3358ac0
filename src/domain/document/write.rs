//! Values as YAML text: plain where that is safe, quoted where it is not, one line in every case.

use std::fmt::Write as _;

use chrono::NaiveDate;

use super::name;
use crate::domain::date;

/// Words that some YAML reader takes for something other than text.
const RESERVED: [&str; 12] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity"];

/// A scalar that reads back as exactly this text, in a block and between brackets.
pub(super) fn scalar(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else if text.chars().any(needs_escape) {
        escaped(text)
    } else if text.contains(['"', '\\']) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        format!("\"{text}\"")
    }
}

/// `[a, "b c"]`
pub(super) fn flow_list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| scalar(item)).collect();
    format!("[{}]", items.join(", "))
}

/// The two lines of a slot, without indentation.
pub(super) fn slot_lines(datum: NaiveDate, zeit: &str) -> [String; 2] {
    [format!("{}: {}", name::DATUM, date::to_text(datum)), format!("{}: {}", name::ZEIT, scalar(zeit))]
}

/// `{datum: 15.10.2025, zeit: morgens}`
pub(super) fn flow_slot(datum: NaiveDate, zeit: &str) -> String {
    format!("{{{}}}", slot_lines(datum, zeit).join(", "))
}

/// Deliberately narrower than YAML: what begins with a digit or a sign might be a number, a date or an
/// indicator to one reader or another.
fn is_plain(text: &str) -> bool {
    let shape_ok = text.starts_with(char::is_alphabetic) && !text.ends_with(' ');
    let chars_ok = text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '/' | '+'));
    shape_ok && chars_ok && !RESERVED.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether YAML has no way to hold the character between quotes as it is.
fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn escaped(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // Writing to a String cannot fail.
            c if needs_escape(c) => _ = write!(quoted, "\\u{:04X}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_15_nasty_words_are_quoted_and_others_are_not() {
        for (text, written) in [
            ("finanzen", "finanzen"),
            ("Groß Ü-Wagen v1.2", "Groß Ü-Wagen v1.2"),
            ("#x", "\"#x\""),
            ("@x", "\"@x\""),
            ("*", "\"*\""),
            ("\"q", "'\"q'"),
            ("it's \\", "'it''s \\'"),
            ("x]", "\"x]\""),
            ("a: b", "\"a: b\""),
            ("12", "\"12\""),
            ("True", "\"True\""),
            ("null", "\"null\""),
            ("~", "\"~\""),
            ("", "\"\""),
            ("- x", "\"- x\""),
            ("---", "\"---\""),
            (" a", "\" a\""),
            ("a\nb\"\u{7f}", "\"a\\nb\\\"\\u007F\""),
        ] {
            assert_eq!(scalar(text), written);
        }
    }
}
