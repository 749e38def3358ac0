//! Damage of each kind, made in the database's tables, and what becomes of it.

use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use reqwest::Method;
use serde_json::Value;

use super::{asked, furnished};
use crate::harness::TestServer;

type Rows = TableDefinition<'static, (u64, u32, &'static str), &'static [u8]>;
type OfUsers = TableDefinition<'static, u64, &'static [u8]>;

const DOCUMENTS: Rows = TableDefinition::new("documents");
const TASKS: Rows = TableDefinition::new("tasks");
const HISTORY: TableDefinition<(u64, u64, u32), &[u8]> = TableDefinition::new("history");
const BY_FILE: TableDefinition<(u64, &str, u64, u32), ()> = TableDefinition::new("history_by_file");
const TOKENS: TableDefinition<&[u8; 32], &[u8]> = TableDefinition::new("tokens");
const USER_TOKENS: TableDefinition<(u64, &[u8; 32]), ()> = TableDefinition::new("user_tokens");
const USER_NAMES: TableDefinition<&str, u64> = TableDefinition::new("user_names");
const CREDENTIALS: TableDefinition<u64, &str> = TableDefinition::new("credentials");
const IDEMPOTENCY: TableDefinition<(u64, &str, &str), &[u8]> = TableDefinition::new("idempotency");
const BY_TIME: TableDefinition<(i64, u64, &str, &str), ()> = TableDefinition::new("idempotency_by_time");
const RULES: TableDefinition<(u64, u64), &[u8]> = TableDefinition::new("rules");
const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

/// The user whose rows are damaged: the first.
const LENA: u64 = 1;
/// What no value of ours is.
const GARBAGE: &[u8] = &[0xc1, 0xc1];

fn of_users(name: &'static str) -> OfUsers {
    TableDefinition::new(name)
}

/// Changes a database that nobody has open.
fn change(path: &Path, damage: impl FnOnce(&WriteTransaction)) {
    let database = Database::open(path.join("codexmiroir.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    damage(&transaction);
    transaction.commit().unwrap();
}

/// The number, file and value of the user's row at this place.
fn row(transaction: &WriteTransaction, table: Rows, place: usize) -> (u32, String, Vec<u8>) {
    let table = transaction.open_table(table).unwrap();
    let (key, value) = table.iter().unwrap().nth(place).unwrap().unwrap();
    (key.value().1, key.value().2.to_owned(), value.value().to_vec())
}

fn put(transaction: &WriteTransaction, table: Rows, number: u32, file: &str, value: &[u8]) {
    transaction.open_table(table).unwrap().insert((LENA, number, file), value).unwrap();
}

fn take(transaction: &WriteTransaction, table: Rows, number: u32, file: &str) {
    assert!(transaction.open_table(table).unwrap().remove((LENA, number, file)).unwrap().is_some());
}

fn spoil(transaction: &WriteTransaction, name: &'static str) {
    transaction.open_table(of_users(name)).unwrap().insert(LENA, GARBAGE).unwrap();
}

/// Has planning know of each task what belongs to the next one.
pub fn mix_up_tasks(path: &Path) {
    change(path, |transaction| {
        let count = transaction.open_table(TASKS).unwrap().iter().unwrap().count();
        let rows: Vec<_> = (0..count).map(|place| row(transaction, TASKS, place)).collect();
        for (place, (number, file, _)) in rows.iter().enumerate() {
            put(transaction, TASKS, *number, file, &rows[(place + 1) % count].2);
        }
        transaction.open_table(of_users("timelines")).unwrap().remove(LENA).unwrap();
    });
}

/// Damage, and the finding that it must lead to: part, code.
type Damage = (fn(&WriteTransaction), &'static str, &'static str);

/// What follows from other rows.
const DERIVED: [Damage; 15] = [
    (
        |t| {
            let (number, file, _) = row(t, TASKS, 3);
            take(t, TASKS, number, &file);
        },
        "tasks",
        "not_indexed",
    ),
    (
        |t| {
            let ((number, file, _), (_, _, other)) = (row(t, TASKS, 3), row(t, TASKS, 4));
            put(t, TASKS, number, &file, &other);
        },
        "tasks",
        "differs",
    ),
    (
        |t| {
            let (number, file, _) = row(t, TASKS, 3);
            put(t, TASKS, number, &file, GARBAGE);
        },
        "tasks",
        "unreadable",
    ),
    (
        |t| {
            let (_, _, value) = row(t, TASKS, 3);
            put(t, TASKS, 7_777, "7777-nichts.md", &value);
        },
        "tasks",
        "leads_nowhere",
    ),
    (
        |t| {
            let mut table = t.open_table(BY_FILE).unwrap();
            let key = table.iter().unwrap().nth(5).unwrap().unwrap().0;
            let (user, file, generation, index) = key.value();
            let file = file.to_owned();
            drop(key);
            table.remove((user, file.as_str(), generation, index)).unwrap();
        },
        "history_by_file",
        "not_indexed",
    ),
    (
        |t| drop(t.open_table(BY_FILE).unwrap().insert((LENA, "0001.md", 77, 0), ()).unwrap()),
        "history_by_file",
        "leads_nowhere",
    ),
    (|t| t.open_table(USER_TOKENS).unwrap().retain(|_, ()| false).unwrap(), "user_tokens", "not_indexed"),
    (
        |t| drop(t.open_table(USER_TOKENS).unwrap().insert((LENA, &[7; 32]), ()).unwrap()),
        "user_tokens",
        "leads_nowhere",
    ),
    (|t| drop(t.open_table(USER_NAMES).unwrap().remove("lena").unwrap()), "user_names", "not_indexed"),
    (|t| drop(t.open_table(USER_NAMES).unwrap().insert("lena", 2).unwrap()), "user_names", "not_indexed"),
    (|t| drop(t.open_table(USER_NAMES).unwrap().insert("eve", LENA).unwrap()), "user_names", "leads_nowhere"),
    (|t| t.open_table(BY_TIME).unwrap().retain(|_, ()| false).unwrap(), "idempotency_by_time", "not_indexed"),
    (
        |t| drop(t.open_table(BY_TIME).unwrap().insert((1, LENA, "POST /api/tasks", "b"), ()).unwrap()),
        "idempotency_by_time",
        "leads_nowhere",
    ),
    (|t| spoil(t, "timelines"), "timelines", "unreadable"),
    (
        |t| {
            let mut table = t.open_table(of_users("timelines")).unwrap();
            let mut value = table.get(LENA).unwrap().unwrap().value().to_vec();
            // The bytes that are served stand at the end.
            *value.last_mut().unwrap() = b'x';
            table.insert(LENA, value.as_slice()).unwrap();
        },
        "timelines",
        "timeline_differs",
    ),
];

/// What somebody wrote, or what nobody can know.
const GROUND: [Damage; 20] = [
    (
        |t| {
            let (number, file, mut raw) = row(t, DOCUMENTS, 3);
            raw.push(b'x');
            put(t, DOCUMENTS, number, &file, &raw);
        },
        "documents",
        "not_as_history",
    ),
    (
        |t| {
            let (number, file, _) = row(t, DOCUMENTS, 3);
            take(t, DOCUMENTS, number, &file);
            take(t, TASKS, number, &file);
        },
        "history",
        "missing",
    ),
    (|t| put(t, DOCUMENTS, 7, "0008-da.md", b"x"), "documents", "misplaced"),
    (|t| put(t, DOCUMENTS, 7, "../7.md", b"x"), "documents", "misplaced"),
    (
        |t| {
            let (number, file, _) = row(t, DOCUMENTS, 3);
            let mut table = t.open_table(DOCUMENTS).unwrap();
            let raw = table.remove((LENA, number, file.as_str())).unwrap().unwrap().value().to_vec();
            table.insert((99, number, file.as_str()), raw.as_slice()).unwrap();
        },
        "documents",
        "no_account",
    ),
    (|t| drop(t.open_table(HISTORY).unwrap().insert((LENA, 1, 3), GARBAGE).unwrap()), "history", "unreadable"),
    (
        |t| {
            let mut table = t.open_table(HISTORY).unwrap();
            let value = table.get((LENA, 1, 3)).unwrap().unwrap().value().to_vec();
            table.insert((LENA, 999, 0), value.as_slice()).unwrap();
        },
        "history",
        "beyond",
    ),
    (|t| spoil(t, "users"), "users", "unreadable"),
    (|t| spoil(t, "heads"), "heads", "unreadable"),
    (|t| drop(t.open_table(of_users("heads")).unwrap().remove(LENA).unwrap()), "users", "missing"),
    (|t| spoil(t, "settings"), "settings", "unreadable"),
    (|t| drop(t.open_table(of_users("settings")).unwrap().insert(99, GARBAGE).unwrap()), "settings", "no_account"),
    (
        |t| {
            let mut table = t.open_table(of_users("heads")).unwrap();
            let head = table.get(LENA).unwrap().unwrap().value().to_vec();
            let (generation, at, _): (u64, i64, Option<u32>) = rmp_serde::from_slice(&head).unwrap();
            let head = rmp_serde::to_vec(&(generation, at, Some(3_u32))).unwrap();
            table.insert(LENA, head.as_slice()).unwrap();
        },
        "documents",
        "number_free",
    ),
    (
        |t| {
            let mut table = t.open_table(TOKENS).unwrap();
            let hash = *table.first().unwrap().unwrap().0.value();
            table.insert(&hash, GARBAGE).unwrap();
        },
        "tokens",
        "unreadable",
    ),
    (
        |t| {
            let mut table = t.open_table(RULES).unwrap();
            let key = table.first().unwrap().unwrap().0.value();
            table.insert(key, GARBAGE).unwrap();
        },
        "rules",
        "unreadable",
    ),
    (|t| spoil(t, "sync"), "sync", "unreadable"),
    (|t| spoil(t, "remotes"), "remotes", "unreadable"),
    (
        |t| drop(t.open_table(IDEMPOTENCY).unwrap().insert((LENA, "POST /api/undo", "c"), GARBAGE).unwrap()),
        "idempotency",
        "unreadable",
    ),
    (
        |t| drop(t.open_table(CREDENTIALS).unwrap().insert(LENA, "sealed-1:0123456789abcdef:AAAA").unwrap()),
        "credentials",
        "password_unusable",
    ),
    (
        |t| drop(t.open_table(META).unwrap().insert("next_user", 1_u64.to_be_bytes().as_slice()).unwrap()),
        "meta",
        "number_free",
    ),
];

/// Every byte that somebody wrote.
fn ground(path: &Path) -> Vec<Vec<u8>> {
    let database = redb::ReadOnlyDatabase::open(path.join("codexmiroir.redb")).unwrap();
    let transaction = database.begin_read().unwrap();
    let mut ground = Vec::new();
    for row in transaction.open_table(DOCUMENTS).unwrap().iter().unwrap() {
        let (key, value) = row.unwrap();
        ground.push(format!("{:?}", key.value()).into_bytes());
        ground.push(value.value().to_vec());
    }
    for row in transaction.open_table(HISTORY).unwrap().iter().unwrap() {
        let (key, value) = row.unwrap();
        ground.push(format!("{:?}", key.value()).into_bytes());
        ground.push(value.value().to_vec());
    }
    for name in ["users", "heads", "settings", "sync", "remotes"] {
        for row in transaction.open_table(of_users(name)).unwrap().iter().unwrap() {
            ground.push(row.unwrap().1.value().to_vec());
        }
    }
    ground
}

fn has(findings: &[Value], part: &str, code: &str, state: &str) -> bool {
    findings.iter().any(|finding| finding["part"] == part && finding["code"] == code && finding["state"] == state)
}

/// Goes on with the database of the first start, damaged in one way.
async fn damaged(server: TestServer, whole: &[u8], damage: fn(&WriteTransaction)) -> (TestServer, Vec<Vec<u8>>) {
    let path = server.data_dir().to_owned();
    let mut before = Vec::new();
    let server = server
        .restart_after(|| {
            std::fs::write(path.join("codexmiroir.redb"), whole).unwrap();
            change(&path, damage);
            before = ground(&path);
        })
        .await;
    (server, before)
}

#[tokio::test]
async fn each_damage_is_named_and_what_is_derived_is_mended() {
    let (server, _) = furnished().await;
    let path = server.data_dir().to_owned();
    let mut whole = Vec::new();
    let mut server = server.restart_after(|| whole = std::fs::read(path.join("codexmiroir.redb")).unwrap()).await;
    for (damage, part, code) in DERIVED {
        let before;
        (server, before) = damaged(server, &whole, damage).await;
        let found = asked(&server, &Method::GET).await;
        assert!(has(&found, part, code, "mendable"), "{part} {code}: {found:?}");
        // Without a task that can be read there is no plan.
        let is_derived = |finding: &Value| finding["state"] == "mendable" || finding["code"] == "not_planned";
        assert!(found.iter().all(is_derived), "{part} {code}: {found:?}");
        let mended = asked(&server, &Method::POST).await;
        assert!(has(&mended, part, code, "mended"), "{part} {code}: {mended:?}");
        assert_eq!(asked(&server, &Method::GET).await, Vec::<Value>::new(), "{part} {code}");
        server = server.restart_after(|| assert_eq!(ground(&path), before, "{part} {code}")).await;
    }
    for (damage, part, code) in GROUND {
        let before;
        (server, before) = damaged(server, &whole, damage).await;
        let found = asked(&server, &Method::GET).await;
        assert!(has(&found, part, code, "wrong"), "{part} {code}: {found:?}");
        let told = found.iter().find(|finding| finding["code"] == code).unwrap();
        assert!(!told["what"].as_str().unwrap().is_empty() && !told["remedy"].as_str().unwrap().is_empty());
        asked(&server, &Method::POST).await;
        assert!(has(&asked(&server, &Method::GET).await, part, code, "wrong"), "{part} {code} is nothing to mend");
        server = server.restart_after(|| assert_eq!(ground(&path), before, "{part} {code}")).await;
    }
}

#[tokio::test]
async fn a_table_that_nobody_knows_is_told() {
    let (server, _) = furnished().await;
    let path = server.data_dir().to_owned();
    let more = || change(&path, |transaction| drop(transaction.open_table(of_users("more")).unwrap()));
    let server = server.restart_after(more).await;
    let found = asked(&server, &Method::GET).await;
    assert!(has(&found, "meta", "table", "wrong") && found.len() == 1, "{found:?}");
}
