//! Source files as this test reads them: with comments and literals blanked, so that only code is left.

use std::path::Path;

pub struct Source {
    /// From the repository's root, with `/`.
    pub path: String,
    /// The text with a space for every character of a comment or a literal; lines stay lines.
    pub code: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), code: blank(text) }
    }

    /// Every identifier with its line.
    pub fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.code.lines().enumerate();
        lines.flat_map(|(number, line)| {
            let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            words.filter(|word| !word.is_empty()).map(move |word| (number + 1, word))
        })
    }

    pub fn lines_with(&self, wanted: &str) -> Vec<String> {
        let lines = self.code.lines().enumerate().filter(|(_, line)| line.contains(wanted));
        lines.map(|(number, line)| format!("{}:{}: {}", self.path, number + 1, line.trim())).collect()
    }

    /// Line, name and number of lines of each function with a body.
    pub fn functions(&self) -> Vec<(usize, String, usize)> {
        let bytes = self.code.as_bytes();
        let mut functions = Vec::new();
        for (at, _) in self.code.match_indices("fn ") {
            if at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_') {
                continue;
            }
            let name: String = self.code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if let Some(end) = end_of_body(bytes, at) {
                let lines = self.code[at..end].matches('\n').count() + 1;
                functions.push((self.code[..at].matches('\n').count() + 1, name, lines));
            }
        }
        functions
    }
}

/// Where the braces of the function at `at` close; `None` for a declaration or a type without a body.
fn end_of_body(bytes: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut inside = 0_i32;
    for (offset, byte) in bytes[at..].iter().enumerate() {
        match byte {
            b'(' | b'[' => inside += 1,
            b')' | b']' => inside -= 1,
            b';' | b',' | b'=' if depth == 0 && inside <= 0 => return None,
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at + offset),
            b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if inside < 0 {
            return None;
        }
    }
    None
}

/// Blanks comments, strings and character literals.
fn blank(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let length = match next {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => quoted(rest),
            'r' | 'b' if !code.ends_with(|c: char| c.is_alphanumeric() || c == '_') => raw(rest),
            '\'' => character(rest),
            _ => 0,
        };
        if length == 0 {
            code.push(next);
            rest = &rest[next.len_utf8()..];
        } else {
            code.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    code
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// `r"…"`, `r#"…"#`, `br"…"`; 0 for a word that only begins like one.
fn raw(text: &str) -> usize {
    let Some(after) = text.strip_prefix("br").or_else(|| text.strip_prefix('r')) else { return 0 };
    let hashes = after.len() - after.trim_start_matches('#').len();
    let Some(body) = after[hashes..].strip_prefix('"') else { return 0 };
    let end = format!("\"{}", "#".repeat(hashes));
    let begun = text.len() - body.len();
    body.find(&end).map_or(text.len(), |at| begun + at + end.len())
}

/// A character between quotes; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((after, _))) => text[after + 1..].find('\'').map_or(0, |end| after + end + 2),
        (Some(_), Some((end, '\''))) => end + 1,
        _ => 0,
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files below these folders of the repository.
pub fn rust_sources(folders: &[&str]) -> Vec<Source> {
    let is_wanted = |path: &str| path.ends_with(".rs") && folders.iter().any(|folder| path.starts_with(folder));
    texts().iter().filter(|(path, _)| is_wanted(path)).map(|(path, text)| Source::new(path, text)).collect()
}

/// Every text file of the repository, with its path.
pub fn texts() -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(root(), &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), ".git" | "target") {
                collect(&path, found);
            }
        } else if let (false, Ok(text)) = (name == ".git", std::fs::read_to_string(&path)) {
            let relative = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            found.push((relative, text));
        }
    }
}
