//! From the steps of a history to requests: every value that is asked with, and the documents of imports.

use std::hash::{DefaultHasher, Hash, Hasher};

use codexmiroir::domain::ids::{DocKey, FileName};
use codexmiroir::service::idempotency::IdempotencyKey;
use codexmiroir::service::rules::RuleFields;
use codexmiroir::service::settings::SettingsFields;
use codexmiroir::service::tasks::{Edit, Expectation, Fields, SlotFields, Verb, document_tag};

use super::account::Account;
use super::steps::{Expect, Id, Op, SlotChoice};
use super::synced::Synced;

/// What somebody asks, all of it spelled out.
#[derive(Clone, Debug)]
pub enum Request {
    Create(Fields),
    Update(String, Edit, Option<Expectation>),
    Complete(String, SlotFields, Option<Expectation>),
    Verb(String, Verb),
    Remove(String, Option<Expectation>),
    Undo(Option<u64>),
    Import(Vec<(String, Vec<u8>)>, bool),
    Settings(SettingsFields),
    /// A list, or none.
    Rules(Option<Vec<RuleFields>>),
    Synced(Synced),
    Stale(u64),
    Beside(DocKey, Vec<u8>),
    Token(i64),
    NameAgain,
    /// Of tasks that are open, or of all; from a number on; so many.
    List {
        open: bool,
        from: u32,
        limit: usize,
    },
    Show(String),
    History(usize),
}

const TITLES: [&str; 6] = ["Steuer", "Übergabe an Nora", "???", "日本語", "a#b%c", "Board report"];
const WORDS: [&str; 4] = ["arbeit", "privat", "geschäftlich", "sport"];
const ZEITEN: [&str; 3] = ["morgens", "nachmittags", "abends"];

/// Names of files that are imported: two of one number, one without, one that no import takes.
const FILES: [&str; 12] = [
    "0000-a.md",
    "0001.md",
    "0001-b.md",
    "0002-x.md",
    "0003-ü.md",
    "0007.md",
    "0012-y.md",
    "notes.md",
    "0100-z.md",
    "100000000-a.md",
    ".hidden.md",
    "0004.txt",
];

fn text(choice: u8) -> Vec<u8> {
    let task = |status: &str, more: &str| format!("---\ntyp: task\nkategorie: arbeit\nstatus: {status}\n{more}---\n");
    match choice % 8 {
        0 => task("offen", "") + "# Eins\n",
        1 => task("offen", "fixedSlot:\n  datum: 15.10.2025\n  zeit: morgens\n") + "Zwei",
        2 => task("abgeschlossen", "abgeschlossen_am: {datum: 12.10.2025, zeit: abends}\r\n") + "# Drei",
        3 => task("abgebrochen", "farbe: rot # bleibt\ntags: [a, b]\n"),
        4 => task("OFFEN", "deadline: 14.10.2025\nfixedSlot: [{datum: 16.10.2025}, {zeit: abends}]\n"),
        5 => "---\ntyp: task\nstatus: offen\n---\nohne Kategorie\n".to_owned(),
        6 => "---\ntyp: task\nstatus: [\n".to_owned(),
        _ => "# Keine Aufgabe\n".to_owned(),
    }
    .into_bytes()
}

fn slot((day, zeit): SlotChoice) -> SlotFields {
    let zeit = ZEITEN[usize::from(zeit)].to_owned();
    SlotFields { datum: Some(format!("{}.10.2025", 12 + day)), zeit: Some(zeit) }
}

fn fields(choice: u8) -> Fields {
    let text = |text: &str| Some(text.to_owned());
    match choice % 9 {
        0 => Fields { title: text(TITLES[usize::from(choice / 9) % TITLES.len()]), ..Fields::default() },
        1 => Fields { tags: Some(vec!["eilig".to_owned(), choice.to_string()]), ..Fields::default() },
        2 => Fields { deadline: Some(text("16.10.2025")), ..Fields::default() },
        3 => Fields { deadline: Some(None), fixed_slot: Some(None), ..Fields::default() },
        4 => Fields { body: text("Neu.\n"), kategorie: text("privat"), ..Fields::default() },
        5 => Fields { status: text("offen"), ..Fields::default() },
        6 => Fields { fixed_slot: Some(Some(slot((choice % 10, choice % 3)))), ..Fields::default() },
        7 => Fields { deadline: Some(text("gestern")), ..Fields::default() },
        _ => Fields { kategorie: text("sport"), title: text("x"), ..Fields::default() },
    }
}

fn settings(choice: u8) -> SettingsFields {
    let text = |text: &str| Some(text.to_owned());
    match choice % 5 {
        0 => SettingsFields { time_zone: text("Asia/Kolkata"), ..SettingsFields::default() },
        1 => SettingsFields { time_zone: text("Europe/Berlin"), language: text("de"), ..SettingsFields::default() },
        2 => SettingsFields { horizon: Some(1 + i64::from(choice % 12)), ..SettingsFields::default() },
        3 => SettingsFields { horizon: Some(0), language: text("en"), ..SettingsFields::default() },
        _ => SettingsFields { time_zone: text("Mars/Olympus"), ..SettingsFields::default() },
    }
}

/// Narrows what the built-in rules allow.
pub const NARROWER: &str = "fn place(task, today) { on([\"mo\", \"di\", \"sa\"]) }";

/// None, the built-in ones by their name, these and a script, and some that are refused.
fn rules(choice: u8) -> Option<Vec<RuleFields>> {
    let text = |text: &str| Some(text.to_owned());
    let library = || RuleFields { library: text("spartan"), ..RuleFields::default() };
    let own = |script: &str| RuleFields { name: text("own"), script: text(script), ..RuleFields::default() };
    match choice % 4 {
        0 => None,
        1 => Some(vec![library()]),
        2 => Some(vec![library(), own(NARROWER)]),
        _ => Some(vec![library(), own("fn place(task, today) { on(\"nie\") }")]),
    }
}

/// The id as text, and the document it means if it means one by its file name.
fn named(account: &Account, id: &Id) -> (String, Option<DocKey>) {
    let nth = |choice: u8| account.documents.keys().nth(usize::from(choice) % account.documents.len().max(1)).cloned();
    let (choice, spell): (u8, fn(&DocKey) -> String) = match id {
        Id::Number(choice) => {
            (*choice, |key| key.number.map_or_else(|| key.file.to_string(), |number| number.get().to_string()))
        }
        Id::File(choice) => (*choice, |key| key.file.to_string()),
        Id::Stem(choice) => (*choice, |key| key.file.stem().to_owned()),
        Id::Nobody => return ("7777".to_owned(), None),
    };
    nth(choice).map_or_else(|| ("0".to_owned(), None), |key| (spell(&key), Some(key)))
}

fn expectation(account: &Account, key: Option<&DocKey>, expect: Expect) -> Option<Expectation> {
    let right = key.and_then(|key| account.documents.get(key)).map_or_else(String::new, |raw| document_tag(raw));
    match expect {
        Expect::Anything => None,
        Expect::Right => Some(Expectation::OneOf(vec!["\"x\"".to_owned(), right])),
        Expect::Wrong => Some(Expectation::OneOf(vec!["\"x\"".to_owned()])),
    }
}

pub fn spell_out(op: &Op, account: &Account) -> Request {
    let expected = |id: &Id, expect: Expect| {
        let (id, key) = named(account, id);
        let expected = expectation(account, key.as_ref(), expect);
        (id, expected)
    };
    let verb = |id: &Id, verb: Verb| Request::Verb(named(account, id).0, verb);
    match op {
        Op::Create { title, kategorie, slot: at } => Request::Create(Fields {
            kategorie: Some(WORDS[usize::from(*kategorie) % WORDS.len()].to_owned()),
            title: TITLES.get(usize::from(*title) % 8).map(|title| (*title).to_owned()),
            fixed_slot: at.map(|at| Some(slot(at))),
            ..Fields::default()
        }),
        Op::Update(id, choice, expect) => {
            let (id, expected) = expected(id, *expect);
            Request::Update(id, Edit::Fields(fields(*choice)), expected)
        }
        Op::Document(id, choice, expect) => {
            let (id, expected) = expected(id, *expect);
            Request::Update(id, Edit::Document(String::from_utf8(text(*choice)).unwrap()), expected)
        }
        Op::Complete(id, at, expect) => {
            let (id, expected) = expected(id, *expect);
            Request::Complete(id, slot(*at), expected)
        }
        Op::Cancel(id) => verb(id, Verb::Cancel),
        Op::Reopen(id) => verb(id, Verb::Reopen),
        Op::Pin(id, at) => verb(id, Verb::Pin(slot(*at))),
        Op::Unpin(id) => verb(id, Verb::Unpin),
        Op::Remove(id, expect) => {
            let (id, expected) = expected(id, *expect);
            Request::Remove(id, expected)
        }
        Op::Undo(back) => Request::Undo(back.map(|back| account.generation.saturating_sub(u64::from(back)))),
        Op::Import { files, dry_run } => {
            let mut folder: Vec<(String, Vec<u8>)> = Vec::new();
            for (name, choice) in files {
                let name = FILES[usize::from(*name)];
                if !folder.iter().any(|(other, _)| other == name) {
                    folder.push((name.to_owned(), text(*choice)));
                }
            }
            Request::Import(folder, *dry_run)
        }
        Op::Rules(choice) => Request::Rules(rules(*choice)),
        Op::Settings(choice) => Request::Settings(settings(*choice)),
        Op::Synced(choice, name, words) => {
            let key = DocKey::of(FileName::parse(FILES[usize::from(*name) % 7]).unwrap());
            Request::Synced(Synced::of(*choice, key, text(*words % 7)))
        }
        Op::Stale(off) => {
            let off = if *off == 0 { 1 } else { *off };
            Request::Stale(account.generation.checked_add_signed(i64::from(off)).unwrap_or(account.generation + 1))
        }
        Op::Beside(name, choice) => {
            Request::Beside(DocKey::of(FileName::parse(FILES[usize::from(*name) % 7]).unwrap()), text(*choice % 7))
        }
        Op::Token(hours) => Request::Token(i64::from(*hours)),
        Op::NameAgain => Request::NameAgain,
        Op::List(choice) => Request::List {
            open: choice % 2 == 0,
            from: u32::from(choice / 2 % 4),
            limit: 1 + usize::from(choice / 8 % 6),
        },
        Op::Show(id) => Request::Show(named(account, id).0),
        Op::History(count) => Request::History(usize::from(*count)),
    }
}

/// The key of a request, if its route takes any.
pub fn key_of(key: u8, request: &Request) -> Option<IdempotencyKey> {
    let route = match request {
        Request::Create(_) => "create",
        Request::Update(..) => "update",
        Request::Complete(..) => "complete",
        Request::Verb(..) => "verb",
        Request::Remove(..) => "remove",
        Request::Undo(_) => "undo",
        Request::Rules(Some(_)) => "rules",
        Request::Rules(None) => "remove_rules",
        _ => return None,
    };
    let mut hash = DefaultHasher::new();
    format!("{request:?}").hash(&mut hash);
    let mut fingerprint = [0; 32];
    fingerprint[..8].copy_from_slice(&hash.finish().to_be_bytes());
    Some(IdempotencyKey { route, key: key.to_string(), fingerprint })
}
