//! An error of a script as a terminal shows it: the place, the sentence, the line with a mark below it.

use crate::cli::output::width;
use crate::service::rule_files::RuleFile;
use crate::service::rule_tests::RuleError;
use crate::view::text::columns_of;

/// Stands for what was cut off a long line.
const CUT: &str = "…";

/// `mine.rhai:3:4: what is wrong (in place)`, and the line itself. `file` is the one that the error is in.
pub(super) fn error(error: &RuleError, file: Option<&RuleFile>) -> String {
    let path = file.map_or_else(|| error.script.clone(), |file| file.path.display().to_string());
    let place = match (error.line, error.column) {
        (Some(line), Some(column)) => format!("{path}:{line}:{column}"),
        (Some(line), None) => format!("{path}:{line}"),
        (None, _) => path,
    };
    let function = error.function.as_ref().map(|function| format!(" (in {function})")).unwrap_or_default();
    let mut text = format!("{place}: {}{function}\n", error.message);
    if let (Some(file), Some(line), Some(column)) = (file, error.line, error.column) {
        text.push_str(&marked(&file.script.source, line, column, width()).unwrap_or_default());
    }
    text
}

/// The line with a mark below the column, within the width; of a long line what is around it.
fn marked(source: &str, line: u32, column: u32, width: usize) -> Option<String> {
    let number = line.to_string();
    let written = source.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
    let plain: Vec<char> = written.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let column = usize::try_from(column).ok()?.saturating_sub(1).min(plain.len());
    let margin = number.len() + 4;
    let room = width.saturating_sub(margin + 2 * CUT.chars().count()).max(20);
    // Wide characters take two columns: a window of half as many fits whatever they are.
    let is_long = columns_of(&plain.iter().collect::<String>()) > room;
    let (begin, end) = match is_long {
        true => (column.saturating_sub(room / 4), (column + room / 4).min(plain.len())),
        false => (0, plain.len()),
    };
    let before: String = plain.get(begin..column)?.iter().collect();
    let after: String = plain.get(column..end)?.iter().collect();
    let (cut_before, cut_after) = (if begin > 0 { CUT } else { "" }, if end < plain.len() { CUT } else { "" });
    let line = format!(" {number} | {cut_before}{before}{after}{cut_after}");
    let blank = " ".repeat(margin + columns_of(cut_before) + columns_of(&before));
    Some(format!("{}\n{blank}^\n", line.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_below_the_column() {
        let source = "fn a() {\n\tüber(日本)x }\n";
        assert_eq!(marked(source, 2, 2, 80).unwrap(), " 2 |  über(日本)x }\n      ^\n");
        assert_eq!(marked(source, 2, 10, 80).unwrap(), " 2 |  über(日本)x }\n                ^\n");
        assert_eq!(marked(source, 1, 99, 80).unwrap(), " 1 | fn a() {\n             ^\n");
        assert_eq!(marked(source, 4, 1, 80), None);
    }

    #[test]
    fn a_long_line_is_shown_around_the_mark() {
        let source = format!("{}x{}", "日".repeat(500), "本".repeat(500));
        for column in [1, 2, 400, 501, 502, 990, 1001] {
            let text = marked(&source, 1, column, 60).unwrap();
            let (line, mark) = text.split_once('\n').unwrap();
            assert!(columns_of(line) <= 60 && columns_of(mark.trim_end()) <= columns_of(line) + 1, "{text}");
        }
        let text = marked(&source, 1, 501, 60).unwrap();
        let (line, mark) = text.split_once('\n').unwrap();
        let before: String = line.chars().take_while(|c| *c != 'x').collect();
        assert_eq!(columns_of(&before), columns_of(mark.trim_end()) - 1);
    }
}
