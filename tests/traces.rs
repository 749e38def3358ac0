//! Searches all texts that a run of the tests left for all of its secrets. Cargo runs test binaries by name, so this
//! one comes after `suite`, which records both (tests/suite/secrets.rs).

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, and says what is lacking")]

#[path = "traces/needles.rs"]
mod needles;
#[path = "traces/record.rs"]
mod record;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use needles::{Kind, Needles};
use record::{SECRETS, TEXTS};

/// The places that every whole run has texts of.
const PLACES: [&str; 6] = ["error", "metrics", "export", "log", "stderr", "config"];

/// The kinds of secrets that every whole run has.
const KINDS: [Kind; 7] =
    [Kind::Token, Kind::Session, Kind::Password, Kind::OneTimeCode, Kind::MetricsToken, Kind::Git, Kind::Key];

/// A labelled text, as it is in a file of the record.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    pub label: String,
    pub text: String,
}

/// All entries of a kind in the folder of a run.
///
/// # Errors
/// A folder that is not there, and a file that is no record.
pub fn entries(folder: &Path, kind: &str) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.split('-').next() == Some(kind) {
            let text = std::fs::read_to_string(&path)?;
            read(&text, &mut entries).ok_or_else(|| io::Error::other(format!("{} is no record", path.display())))?;
        }
    }
    Ok(entries)
}

fn read(mut rest: &str, entries: &mut Vec<Entry>) -> Option<()> {
    while !rest.is_empty() {
        let (head, behind) = rest.split_once('\n')?;
        let (label, length) = head.rsplit_once(' ')?;
        let (text, behind) = behind.split_at_checked(length.parse().ok()?)?;
        entries.push(Entry { label: label.to_owned(), text: text.to_owned() });
        rest = behind.strip_prefix('\n')?;
    }
    Some(())
}

/// What is wrong with the record of a run, and what is lacking in it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Searched {
    found: Vec<String>,
    lacking: Vec<String>,
}

fn search(folder: &Path) -> Searched {
    // A record that is not there is lacking as a whole.
    let recorded = |kind| if folder.exists() { entries(folder, kind).unwrap() } else { Vec::new() };
    let (secrets, texts) = (recorded(SECRETS), recorded(TEXTS));
    let (mut needles, mut kinds) = (Needles::default(), BTreeSet::new());
    for entry in &secrets {
        let kind = KINDS.into_iter().find(|kind| kind.to_string() == entry.label).expect("a kind of secret");
        needles.add(kind, &entry.text);
        kinds.insert(kind);
    }
    let places: BTreeSet<&str> = texts.iter().map(|entry| entry.label.as_str()).collect();
    let no_kinds = KINDS.iter().filter(|kind| !kinds.contains(kind)).map(|kind| format!("secrets: {kind}"));
    let no_places = PLACES.iter().filter(|place| !places.contains(*place)).map(|place| format!("texts: {place}"));
    let found = texts
        .iter()
        .filter_map(|entry| needles.find(&entry.text, &[]).map(|found| found.told(&entry.label, &entry.text)));
    Searched { found: found.collect(), lacking: no_kinds.chain(no_places).collect() }
}

/// Whether a run that was not whole fails: in CI, and by `tests/run`.
fn must_be_complete() -> bool {
    let is_set = |name| std::env::var(name).is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    is_set("CI") || is_set("CODEXMIROIR_TESTS_COMPLETE")
}

#[test]
fn no_secret_of_the_run_is_in_its_texts() {
    let folder = record::run();
    let Searched { found, lacking } = search(&folder);
    assert!(found.is_empty(), "{} of {}:\n  {}", found.len(), folder.display(), found.join("\n  "));
    if !lacking.is_empty() {
        let lacking = format!("the tests before this one left no {}: run all of them (cargo test)", lacking.join(", "));
        assert!(!must_be_complete(), "{lacking}");
        eprintln!("NOT TESTED: {lacking}");
    }
    // It is searched; whoever runs the tests anew leaves other secrets.
    let _ = std::fs::remove_dir_all(&folder);
}

const TOKEN: &str = "cmr_0123456789abcdefghijABCDEFGHIJ0123456789abcdefghi";
const PASSWORD: &str = "ein \"langes\" Kennwort & <mehr>";

/// A record with these two secrets and these texts.
fn planted(folder: &Path, texts: &[(&str, &str)]) -> Searched {
    let mut secrets = record::open(folder, SECRETS).unwrap();
    record::add(&mut secrets, "Token", TOKEN).unwrap();
    record::add(&mut secrets, "Password", PASSWORD).unwrap();
    let mut file = record::open(folder, TEXTS).unwrap();
    for (place, text) in texts {
        record::add(&mut file, place, text).unwrap();
    }
    search(folder)
}

#[test]
fn a_secret_that_was_planted_is_found_in_every_spelling() {
    let digits = &TOKEN[4..];
    for (text, kind) in [
        (format!("GET /codex?token={TOKEN} HTTP/1.1"), "Token"),
        (format!("a token {digits} was made\nand another line"), "Token"),
        (format!("ü{}", &TOKEN[..24]), "Token"),
        ("cms_0123456789abcdefghijABCDEFGHIJ of nobody".to_owned(), "Session"),
        (format!("password={PASSWORD:?}"), "Password"),
        (serde_json::json!({"error": PASSWORD}).to_string(), "Password"),
        ("<p>ein &quot;langes&quot; Kennwort &amp; &lt;mehr&gt;</p>".to_owned(), "Password"),
        ("/login?password=ein+%22langes%22+Kennwort+%26+%3Cmehr%3E&x".to_owned(), "Password"),
        ("/login?password=ein%20%22langes%22%20Kennwort%20%26%20%3Cmehr%3E".to_owned(), "Password"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let found = planted(folder.path(), &[("log", "nothing here"), ("error", &text), ("log", "or here")]).found;
        assert_eq!(found.len(), 1, "{text}");
        assert!(found[0].contains(&format!("({kind})")) && found[0].contains("(error)"), "{found:?}");
        assert!(!found[0].contains(digits) && !found[0].contains("Kennwort"), "it is repeated: {found:?}");
    }
}

#[test]
fn what_is_no_secret_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let texts = ["cmr_…", "cmr_none", "cmr_0123456789", "ein langes Kennwort", "cm", "", "\u{1f512} cmr_\u{1f512}"];
    assert_eq!(planted(folder.path(), &texts.map(|text| ("error", text))).found, [""; 0]);
}

#[test]
fn what_was_not_recorded_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let Searched { found, lacking } = planted(folder.path(), &[("error", "x"), ("log", "y\nz"), ("config", "")]);
    let expected = ["Session", "OneTimeCode", "MetricsToken", "Git", "Key"].map(|kind| format!("secrets: {kind}"));
    let places = ["metrics", "export", "stderr"].map(|place| format!("texts: {place}"));
    assert_eq!((found, lacking), (Vec::new(), [&expected[..], &places].concat()));
    let nothing = search(&folder.path().join("nowhere"));
    assert_eq!(nothing.lacking.len(), KINDS.len() + PLACES.len());
}

#[test]
fn what_nobody_searched_goes_when_its_run_has_ended() {
    let runs = tempfile::tempdir().unwrap();
    let [own, ended, other] =
        [&format!("run-{}", std::process::id()), "run-2147483646", "else"].map(|name| runs.path().join(name));
    for folder in [&own, &ended, &other] {
        std::fs::create_dir(folder).unwrap();
    }
    record::remove_ended(runs.path());
    assert!(own.exists() && other.exists() && !ended.exists());
}
