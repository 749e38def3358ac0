//! Where a script's functions and variables are written: Rhai's syntax tree does not tell.
//!
//! A scan of words outside comments and texts. It serves messages and the search for misspelt hooks;
//! nothing that a plan depends on is decided by it.

use std::collections::BTreeSet;

/// Words of the language that may stand before a `(`.
const KEYWORDS: &[&str] = &[
    "if", "else", "while", "until", "for", "in", "switch", "return", "throw", "catch", "loop", "do", "let", "const",
    "true", "false", "break", "continue", "try", "private", "this",
];

/// What the name of a test begins with.
pub(super) const TEST_PREFIX: &str = "test_";

/// The words of a script that define or call something.
#[derive(Debug, Default)]
pub(super) struct Outline {
    functions: Vec<Defined>,
    /// Variables and parameters of functions, wherever they are defined.
    variables: Vec<String>,
    /// Words that stand before a `(` other than in a definition, and of the language itself.
    called: Vec<Defined>,
    /// All words but those that a definition names.
    mentioned: BTreeSet<String>,
    /// The line and column of the brace that is still open where the next function or the end comes.
    unclosed: Option<(u32, u32)>,
}

/// A function's definition, or a call; the position is that of its name.
#[derive(Debug)]
pub(super) struct Defined {
    pub name: String,
    pub line: u32,
    pub column: u32,
}

impl Outline {
    pub(super) fn of(source: &str) -> Outline {
        let mut outline = Outline::default();
        let mut before = String::new();
        let mut in_parameters = false;
        let mut words = Words::new(source);
        while let Some(word) = words.next() {
            if word.text == "fn" {
                outline.unclosed = outline.unclosed.or(words.open.last().copied());
            }
            if before != "fn" {
                outline.mentioned.insert(word.text.clone());
            }
            if before == "fn" {
                outline.functions.push(Defined { name: word.text.clone(), line: word.line, column: word.column });
                in_parameters = !word.next.starts_with("()");
            } else if in_parameters || matches!(before.as_str(), "let" | "const" | "for") {
                outline.variables.push(word.text.clone());
                in_parameters &= !word.next.starts_with(')');
            } else if word.next.starts_with('(') && !KEYWORDS.contains(&word.text.as_str()) {
                outline.called.push(Defined { name: word.text.clone(), line: word.line, column: word.column });
            }
            before = word.text;
        }
        outline.unclosed = outline.unclosed.or(words.open.last().copied());
        outline
    }

    pub(super) fn functions(&self) -> impl Iterator<Item = &Defined> + Clone {
        self.functions.iter()
    }

    pub(super) fn function(&self, name: &str) -> Option<&Defined> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// Whether it is a file of tests: only there are the words of tests proposed.
    pub(super) fn is_of_tests(&self) -> bool {
        self.functions.iter().any(|function| function.name.starts_with(TEST_PREFIX))
    }

    pub(super) fn defines_variable(&self, name: &str) -> bool {
        self.variables.iter().any(|variable| variable == name)
    }

    pub(super) fn calls(&self, name: &str) -> bool {
        self.called.iter().any(|called| called.name == name)
    }

    /// Whether the word stands anywhere but where it is defined.
    pub(super) fn mentions(&self, name: &str) -> bool {
        self.mentioned.contains(name)
    }

    /// Where the brace stands that is not closed before the next function or the end.
    pub(super) fn unclosed(&self) -> Option<(u32, u32)> {
        self.unclosed
    }

    /// Every call, in the order in which they are written.
    pub(super) fn calls_written(&self) -> impl Iterator<Item = &Defined> {
        self.called.iter()
    }
}

/// The word that stands at a place or next after it in the same line.
pub(super) fn word_at(source: &str, line: u32, column: u32) -> Option<String> {
    let next = Words::new(source).find(|word| (word.line, word.column) >= (line, column))?;
    (next.line == line).then_some(next.text)
}

struct Word {
    text: String,
    line: u32,
    column: u32,
    /// The two characters that follow, blanks left out.
    next: String,
}

/// Runs over the words of a source, skipping comments and texts but not the code within `` `${…}` ``.
struct Words {
    chars: Vec<char>,
    at: usize,
    line: u32,
    column: u32,
    /// For each open `${`, how many braces are open within it.
    templates: Vec<usize>,
    /// Where the braces stand that are open.
    open: Vec<(u32, u32)>,
}

impl Words {
    fn new(source: &str) -> Words {
        Words { chars: source.chars().collect(), at: 0, line: 1, column: 1, templates: Vec::new(), open: Vec::new() }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn advance(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.at += 1;
        if c == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(c)
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.advance();
        }
    }

    /// Skips to behind the mark, or to the end.
    fn skip_past(&mut self, mark: &[char]) {
        while self.at < self.chars.len() && !self.chars[self.at..].starts_with(mark) {
            self.advance();
        }
        self.skip(mark.len());
    }

    fn skip_quoted(&mut self, quote: char) {
        self.advance();
        while let Some(c) = self.advance() {
            match c {
                '\\' => self.skip(1),
                _ if c == quote => return,
                _ => {}
            }
        }
    }

    /// Block comments nest.
    fn skip_block_comment(&mut self) {
        let mut depth = 0_usize;
        while self.peek(0).is_some() {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => {
                    depth += 1;
                    self.skip(2);
                }
                (Some('*'), Some('/')) => {
                    depth -= 1;
                    self.skip(2);
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.skip(1),
            }
        }
    }

    /// Skips the text of a template up to its end or to the code of the next `${`.
    fn skip_template(&mut self) {
        while let Some(c) = self.advance() {
            match c {
                '`' if self.peek(0) == Some('`') => self.skip(1),
                '`' => return,
                '$' if self.peek(0) == Some('{') => {
                    self.skip(1);
                    self.templates.push(0);
                    return;
                }
                _ => {}
            }
        }
    }

    fn skip_raw_text(&mut self) {
        let hashes = self.chars[self.at..].iter().take_while(|c| **c == '#').count();
        let quoted = self.peek(hashes) == Some('"');
        self.skip(hashes);
        if quoted {
            self.skip(1);
            let mut mark = vec!['"'];
            mark.resize(hashes + 1, '#');
            self.skip_past(&mark);
        }
    }

    fn skip_brace(&mut self, brace: char) {
        let ends_template = brace == '}' && self.templates.last() == Some(&0);
        if brace == '{' {
            self.open.push((self.line, self.column));
        } else if !ends_template {
            self.open.pop();
        }
        self.advance();
        match (brace, self.templates.last_mut()) {
            ('{', Some(open)) => *open += 1,
            ('}', Some(0)) => {
                self.templates.pop();
                self.skip_template();
            }
            ('}', Some(open)) => *open -= 1,
            _ => {}
        }
    }

    fn word(&mut self) -> Word {
        let (line, column) = (self.line, self.column);
        let mut text = String::new();
        while let Some(c) = self.peek(0).filter(|c| c.is_alphanumeric() || *c == '_') {
            text.push(c);
            self.advance();
        }
        let next = self.chars[self.at..].iter().filter(|c| !c.is_whitespace()).take(2).collect();
        Word { text, line, column, next }
    }
}

impl Iterator for Words {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        loop {
            match (self.peek(0)?, self.peek(1)) {
                ('/', Some('/')) => self.skip_past(&['\n']),
                ('/', Some('*')) => self.skip_block_comment(),
                (quote @ ('"' | '\''), _) => self.skip_quoted(quote),
                ('`', _) => {
                    self.advance();
                    self.skip_template();
                }
                ('#', _) => self.skip_raw_text(),
                (brace @ ('{' | '}'), _) => self.skip_brace(brace),
                (c, _) if c.is_alphanumeric() || c == '_' => return Some(self.word()),
                _ => self.skip(1),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_outside_comments_and_texts() {
        let source = "// fn a() {}\n/* fn b() /* nested */ fn c() */\nconst X = \"fn d()\";\n  fn e(x) { `${g(#{y: 1})} fn h()` + #\"\"fn i()\"# }\nfn f() { e(1) }";
        let outline = Outline::of(source);
        let found: Vec<_> = outline.functions().map(|f| (f.name.as_str(), f.line, f.column)).collect();
        assert_eq!(found, [("e", 4, 6), ("f", 5, 4)]);
        assert!(outline.calls("e") && outline.calls("g"));
        assert!(!outline.calls("f") && !outline.calls("h"));
        assert!(outline.defines_variable("X") && outline.defines_variable("x"));
        assert!(!outline.defines_variable("y") && !outline.defines_variable("e"));
    }

    #[test]
    fn the_brace_that_is_not_closed_is_found() {
        for (source, place) in [
            ("fn a() { `${#{}} {` } // {\nfn b() { \"{\" }", None),
            ("fn a() {\n  if x { y()\n}\nfn b() { 1 }", Some((1, 8))),
            ("fn a() {\n  if x { `${ {1} }` ", Some((2, 8))),
        ] {
            assert_eq!(Outline::of(source).unclosed(), place, "{source}");
        }
    }

    #[test]
    fn unfinished_sources_end() {
        for source in ["\"", "'", "`", "`${", "`${`", "/*", "/*/", "#\"", "##", "fn", "}", "\\", "ä("] {
            Outline::of(source);
        }
    }
}
