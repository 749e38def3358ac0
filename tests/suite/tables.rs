//! The tasks as a table: read by another's parser, it has every field of every task, and nothing that is calculated.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestServer, TestUser, repository, vault};
use crate::python;
use crate::secrets::{self, Place};

async fn exported(user: &TestUser) -> String {
    let answer = user.request(Method::GET, "/api/export?format=csv").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8; header=present");
    assert_eq!(answer.headers()["content-disposition"], format!("attachment; filename=\"{}.csv\"", user.name));
    let text = answer.text().await.unwrap();
    secrets::must_hold_none(Place::Export, &text);
    text
}

/// The rows as Python reads them, each field as it was before it was made harmless.
fn rows(table: &str) -> Option<Vec<Value>> {
    let Value::Array(mut rows) = python::said("read_table.py", "csv", "python3", table.as_bytes())? else {
        panic!("no rows")
    };
    for field in rows.iter_mut().flat_map(|row| row.as_object_mut().unwrap().values_mut()) {
        let Some(text) = field.as_str() else { continue };
        assert!(!text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']), "{text}");
        *field = text.strip_prefix('\'').unwrap_or(text).into();
    }
    Some(rows)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What a row of a readable task must have, by the JSON of the same task.
fn expected(task: &Value, row: &Value) {
    let file = &task["file"];
    for name in ["id", "file", "title", "kategorie", "status", "deadline", "body"] {
        assert_eq!(text(&row[name]), text(&task[name]), "{name} of {file}");
    }
    for name in ["fixedSlot", "abgeschlossen_am", "placed"] {
        for part in ["datum", "zeit"] {
            assert_eq!(text(&row[format!("{name}.{part}")]), text(&task[name][part]), "{name}.{part} of {file}");
        }
    }
    assert_eq!(row["words"], task["tags"], "tags of {file}");
}

#[tokio::test]
async fn another_parser_finds_every_field_of_every_task() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import(&lena, &vault("lena")).await;
    server.import(&lena, &repository("fixtures/odd/tasks")).await;
    let hostile = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\ntags: [\"=1+1\", \"a, b\", \"'q\", ü]\n---\n\n\
                   # =HYPERLINK(\"http://evil.example\")\n\nzwei \"Zeilen\",\r\n=cmd|' /C calc'!A0\n";
    server.import_document(&lena, "0900.md", hostile).await;
    for (number, begin) in ["+1", "-1", "@x", "\t=1", "＝1", "'=1"].iter().enumerate() {
        let document = format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n{begin}\n");
        server.import_document(&lena, &format!("{}.md", 9_100 + number), &document).await;
    }
    let table = exported(&lena).await;
    assert!(table.starts_with("id,file,title,kategorie,status,tags,deadline,deadlineMissed,fixedSlot.datum,"));
    assert!(table.ends_with("\r\n"));
    let Some(rows) = rows(&table) else { return };
    let tasks = lena.tasks().await;
    assert_eq!(rows.len(), tasks.len());
    for (task, row) in tasks.iter().zip(&rows) {
        assert_eq!(text(&row["file"]), text(&task["file"]), "their order is the rank's");
        if task.get("invalid").is_some() {
            let line = task["invalid"]["line"].to_string();
            assert!(text(&row["invalid"]).starts_with(&format!("line {line}: ")), "{row}");
            assert_eq!((text(&row["title"]), text(&row["status"])), (String::new(), String::new()));
            continue;
        }
        expected(&lena.task(&text(&task["file"])).await, row);
    }
    placed_as_the_timeline_says(&lena.codex().await, &rows);
}

fn placed_as_the_timeline_says(codex: &Value, rows: &[Value]) {
    let row = |file: &Value| rows.iter().find(|row| row["file"] == *file).unwrap();
    let mut seen = 0;
    for slot in codex["timeline"].as_array().unwrap().iter().flat_map(|day| day["slots"].as_array().unwrap()) {
        let Some(file) = slot["task"].get("file") else { continue };
        let row = row(file);
        assert_eq!((&row["placed.von"], &row["placed.bis"]), (&slot["von"], &slot["bis"]), "{file}");
        assert_eq!(text(&row["deadlineMissed"]), slot["task"]["deadlineMissed"].to_string(), "{file}");
        assert_eq!(row["reason"], "");
        seen += 1;
    }
    for list in ["conflicts", "overdue", "later", "unplaced"] {
        for entry in codex[list].as_array().unwrap() {
            assert_eq!(row(&entry["file"])["reason"], entry["reason"]);
            seen += 1;
        }
    }
    for file in codex["waiting"].as_array().unwrap() {
        assert_eq!(row(file)["reason"], "waiting");
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}

#[tokio::test]
async fn a_table_is_of_one_moment_and_longer_than_one_piece() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let document = |number: usize| {
        let body = format!("{number} ").repeat(4_000);
        (
            format!("{number:04}.md"),
            format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n{body}\n").into_bytes(),
        )
    };
    server.import_files(&lena, (0..400).map(document).collect()).await;
    let mut answer = lena.request(Method::GET, "/api/export?format=csv").send().await.unwrap();
    let mut table = answer.chunk().await.unwrap().unwrap().to_vec();
    // What is changed while it is on its way is not in it.
    for id in ["0000", "0399"] {
        assert_eq!(lena.delete(&format!("/api/tasks/{id}")).await.status, 200);
    }
    lena.create(json!({"kategorie": "arbeit", "title": "Danach"})).await;
    while let Some(piece) = answer.chunk().await.unwrap() {
        table.extend_from_slice(&piece);
    }
    let Some(rows) = rows(std::str::from_utf8(&table).unwrap()) else { return };
    assert_eq!(rows.len(), 400);
    for (number, row) in rows.iter().enumerate() {
        assert_eq!(row["file"], format!("{number:04}.md"));
        assert_eq!(text(&row["body"]), format!("{number} ").repeat(4_000) + "\n");
    }
}

#[tokio::test]
async fn only_json_has_a_history() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for format in ["csv", "ics", "markdown"] {
        let refused = lena.get(&format!("/api/export?format={format}&history=true")).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "malformed_query"));
    }
    let empty = exported(&lena).await;
    assert_eq!(empty.lines().count(), 1, "{empty}");
    // A parameter that is empty is as one that is not there.
    assert_eq!(lena.get("/api/export?format=xlsx").await.code(), "malformed_query");
}
