//! Where a document's parts lie: byte order mark, frontmatter, body.

use crate::domain::problem::{DOCUMENT_BYTES_MAX, Problem, ProblemKind};

const BOM: char = '\u{feff}';

/// A document cut at its `---` lines. The offsets are bytes of `text`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    pub text: &'a str,
    /// Where the line after the opening `---` begins; this is line 2 of the file.
    pub yaml_start: usize,
    /// Where the closing `---` begins.
    pub yaml_end: usize,
    /// Where the line after the closing `---` begins.
    pub rest_start: usize,
    /// How the opening line ends; what is added to the document ends likewise.
    pub newline: &'static str,
}

impl<'a> Parts<'a> {
    pub fn yaml(&self) -> &'a str {
        &self.text[self.yaml_start..self.yaml_end]
    }

    /// Everything after the closing `---` line: one blank line as a separator, if there is one, and the
    /// body. The separator is no part of the body, so that writing back a body that was read changes nothing.
    pub fn separator_and_body(&self) -> (&'a str, &'a str) {
        let rest = &self.text[self.rest_start..];
        let line = rest.split_inclusive('\n').next().unwrap_or_default();
        let is_blank = line.ends_with('\n') && line.trim().is_empty();
        rest.split_at(if is_blank { line.len() } else { 0 })
    }
}

/// Cuts a document. Refuses what is too large or no text before it looks at anything else.
pub(super) fn split(raw: &[u8]) -> Result<Parts<'_>, Problem> {
    if raw.len() > DOCUMENT_BYTES_MAX {
        return Err(Problem::new(1, ProblemKind::TooLarge));
    }
    split_any_size(raw)
}

/// As [`split`], for documents that were already accepted.
pub(super) fn split_any_size(raw: &[u8]) -> Result<Parts<'_>, Problem> {
    let text = std::str::from_utf8(raw).map_err(|error| {
        let newlines = raw[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        Problem::new(line_number(newlines + 1), ProblemKind::NotUtf8)
    })?;
    let start = if text.starts_with(BOM) { BOM.len_utf8() } else { 0 };
    if text[start..].trim().is_empty() {
        return Err(Problem::new(1, ProblemKind::Empty));
    }
    let mut lines = text[start..].split_inclusive('\n');
    // `---js` is a delimiter to some libraries, which then run what follows: not here.
    let opening = lines.next().filter(|line| is_delimiter(line)).ok_or(Problem::new(1, ProblemKind::NoFrontmatter))?;
    let yaml_start = start + opening.len();
    let mut yaml_end = yaml_start;
    for line in lines {
        if is_delimiter(line) {
            let newline = if opening.ends_with("\r\n") { "\r\n" } else { "\n" };
            return Ok(Parts { text, yaml_start, yaml_end, rest_start: yaml_end + line.len(), newline });
        }
        yaml_end += line.len();
    }
    Err(Problem::new(1, ProblemKind::Unclosed))
}

fn is_delimiter(line: &str) -> bool {
    line.trim_end_matches(['\n', '\r', ' ', '\t']) == "---"
}

/// A line number as problems carry it.
pub(super) fn line_number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_cut_at_their_delimiters() {
        for (text, yaml, separator, body) in [
            ("---\na: 1\n---\n\n# T\n", "a: 1\n", "\n", "# T\n"),
            ("---\na: 1\n---\n# T\n", "a: 1\n", "", "# T\n"),
            ("---\na: 1\n---", "a: 1\n", "", ""),
            ("---\n---\n", "", "", ""),
            ("\u{feff}--- \r\na: 1\r\n---\t\r\n\r\n\r\nx", "a: 1\r\n", "\r\n", "\r\nx"),
            ("---\na: 1\n---\n   \nx\n---\ny", "a: 1\n", "   \n", "x\n---\ny"),
            ("---\na: 1\n ---\n---\n ", "a: 1\n ---\n", "", " "),
        ] {
            let parts = split(text.as_bytes()).unwrap();
            assert_eq!((parts.yaml(), parts.separator_and_body()), (yaml, (separator, body)), "{text:?}");
        }
    }

    #[test]
    fn fault_14_code_frontmatter_is_none() {
        for text in ["---js\n({typ: 'task'})\n---\n", "---yaml\na: 1\n---\n", "----\na: 1\n---\n", " ---\na\n---\n"] {
            let problem = split(text.as_bytes()).unwrap_err();
            assert_eq!(problem, Problem::new(1, ProblemKind::NoFrontmatter), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_document_says_why() {
        let problem = |raw: &[u8]| split(raw).unwrap_err();
        assert_eq!(problem(b""), Problem::new(1, ProblemKind::Empty));
        assert_eq!(problem(b"\xef\xbb\xbf \n\n"), Problem::new(1, ProblemKind::Empty));
        assert_eq!(problem(b"---\na: 1\n"), Problem::new(1, ProblemKind::Unclosed));
        assert_eq!(problem(b"---"), Problem::new(1, ProblemKind::Unclosed));
        assert_eq!(problem(b"---\na: \xff\n---\n"), Problem::new(2, ProblemKind::NotUtf8));
        assert_eq!(problem(b"\xff\xfe-\0"), Problem::new(1, ProblemKind::NotUtf8));
        assert_eq!(problem(&vec![b'a'; DOCUMENT_BYTES_MAX + 1]), Problem::new(1, ProblemKind::TooLarge));
    }
}
