//! The scripts of fixtures/hostile/rules, each an attack on the engine, as whoever tries them reads them.

use std::fs;
use std::path::Path;

/// One attack.
pub struct Hostile {
    /// The name of its file without the extension.
    pub name: String,
    pub source: String,
}

/// All of them, by name. `{{REP n text}}` in a file stands for n times the text, so that a file stays small.
pub fn scripts() -> Vec<Hostile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile/rules");
    let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|is| is == "rhai")).collect();
    files.sort();
    assert!(files.len() >= 100, "{} attacks only", files.len());
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(path).unwrap();
        assert!(text.starts_with("// Attack: "), "{name} does not begin with what it attacks");
        Hostile { name, source: expanded(&text) }
    };
    files.iter().map(read).collect()
}

fn expanded(text: &str) -> String {
    let mut parts = text.split("{{REP ");
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // The text may itself end with a brace.
        let end = part.find("}}").map(|at| at + usize::from(part[at..].starts_with("}}}")));
        let (repeat, rest) = part.split_at(end.expect("a repetition of the fixture ends"));
        let (count, text) = repeat.split_once(' ').expect("a count and a text");
        all.push_str(&text.repeat(count.parse().expect("a count")));
        all.push_str(&rest[2..]);
    }
    all
}
