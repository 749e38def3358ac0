//! What attacks on the running program found, each so that it stays mended.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::symlink;

use reqwest::Method;
use serde_json::json;

use crate::binary::Home;
use crate::harness::{Answer, TestServer, file_at};

const OPEN_TASK: &str = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n\n# Offen\n";

#[test]
fn links_pipes_and_odd_names_are_reported_and_not_followed() {
    let home = Home::new();
    home.user_with_token("lena");
    let folder = home.path("tasks");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("0001-da.md"), OPEN_TASK).unwrap();
    std::fs::write(home.path("secret"), "nobody's business").unwrap();
    symlink(home.path("secret"), folder.join("0002-link.md")).unwrap();
    std::fs::create_dir(folder.join("0003-folder.md")).unwrap();
    std::fs::write(folder.join("0004-GROSS.MD"), OPEN_TASK).unwrap();
    std::fs::write(folder.join("999999999-max.md"), "").unwrap();
    std::fs::write(folder.join("0005-\u{1b}[31mrot.md"), OPEN_TASK).unwrap();
    let report = home.did(&["import", folder.to_str().unwrap(), "--user", "lena"]);
    for line in [
        "0002-link.md: left out: it is a symbolic link",
        "0003-folder.md: left out: it is not a file",
        "0004-GROSS.MD: left out: its name does not end in .md in lower case",
        "999999999-max.md: left out: its number is above 99999999",
        "0005-[31mrot.md: left out: its name cannot be the name of a task file",
        "1 added, 0 replaced, 0 unchanged, 0 unreadable, 5 left out",
        "the next new task gets the number 0002",
    ] {
        assert!(report.lines().any(|said| said == line), "{line}\n{report}");
    }
}

#[test]
fn what_others_wrote_does_not_reach_the_terminal_as_a_command() {
    let home = Home::new();
    let folder = home.path("tasks");
    std::fs::create_dir(&folder).unwrap();
    let escaped =
        OPEN_TASK.replace("kategorie: arbeit", "kategorie: \"a\\e[2Jb\"").replace("# Offen", "# Of\u{1b}[2Jfen");
    std::fs::write(folder.join("0001-x.md"), escaped).unwrap();
    let rules = home.path("rules.rhai");
    std::fs::write(&rules, "fn slots(day, slots) { [slot(\"a\", \"09:00\", \"10:00\")] }\nfn place(task, today) { never(\"\\x1b[31mrot\") }").unwrap();
    for arguments in [&["plan"][..], &["plan", "--rules", rules.to_str().unwrap()]] {
        let text = home.did(&[arguments, &[folder.to_str().unwrap()]].concat());
        assert!(text.contains("0001"), "{text}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    }
}

#[tokio::test]
async fn a_database_that_was_removed_takes_no_writes() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Da"})).await;
    std::fs::remove_file(server.data_dir().join("codexmiroir.redb")).unwrap();
    let refused = lena.post("/api/tasks", &json!({"kategorie": "arbeit", "title": "Weg"})).await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "not_saved"));
    assert_eq!(lena.get("/readyz").await.status, 503);
    let codex = lena.codex().await;
    assert_eq!(file_at(&codex, "13.10.2025", "morgens").as_deref(), Some("0000-Da.md"), "reads go on");
    assert_eq!(codex["generation"], 1);
}

#[tokio::test]
async fn a_list_in_another_language_is_another_list() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import_files(&lena, vec![("0001-leer.md".to_owned(), Vec::new())]).await;
    let list = |lang: &str, etag: &str| {
        let request = lena.request(Method::GET, "/api/tasks").header("accept-language", lang);
        Answer::of(request.header("if-none-match", etag))
    };
    let english = list("en", "\"-\"").await;
    let german = list("de", english.header("etag")).await;
    assert_eq!(german.status, 200);
    assert_ne!(german.text, english.text);
    assert_eq!(list("de", german.header("etag")).await.status, 304);
}

#[tokio::test]
async fn a_new_title_and_a_new_body_both_stay_whole() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for body in ["Intro\n\n## Schritte\n- a\n", "Zeile eins\nZeile zwei\n---\nRest\n", "\n---\ntyp: task\n---\n"] {
        let id = lena.create(json!({"kategorie": "arbeit", "title": "Alt", "body": "vorher"})).await;
        let path = format!("/api/tasks/{id}");
        assert_eq!(lena.put(&path, &json!({"title": "Neu", "body": body})).await.status, 200);
        let shown = lena.get(&path).await.json();
        assert_eq!(shown["title"], "Neu");
        // The blank line at its begin is the one that now stands below the heading.
        let body = body.trim_start();
        assert_eq!(shown["body"], format!("# Neu\n\n{body}"), "every line of it");
        assert_eq!(lena.put(&path, &json!({"title": "Neuer"})).await.status, 200);
        assert_eq!(lena.get(&path).await.json()["body"], format!("# Neuer\n\n{body}"));
    }
}

#[tokio::test]
async fn a_client_that_has_said_all_still_gets_its_answer() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let (address, token) = (server.address(), lena.token.clone());
    let talk = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let body = r#"{"kategorie":"arbeit","title":"Halb"}"#;
        write!(
            stream,
            "POST /api/tasks HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = tokio::task::spawn_blocking(talk).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer:?}");
    assert!(answer.contains("0000-Halb.md"), "{answer}");
}

#[tokio::test]
async fn a_misspelt_parameter_of_a_change_changes_nothing() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    let before = lena.generation().await;
    for (path, nearest) in [("/api/import?dryrun=true", "dryRun"), ("/api/undo?generation=1", ""), ("/api/tasks?x", "")]
    {
        let answer = lena.post(path, &json!({})).await;
        assert_eq!((answer.status, answer.code().as_str()), (422, "unknown_field"), "{path}: {}", answer.text);
        assert!(answer.text.contains(nearest), "{}", answer.text);
    }
    assert_eq!(Answer::of(lena.request(Method::DELETE, "/api/tasks/0000?force=true")).await.status, 422);
    assert_eq!(lena.generation().await, before);
    assert_eq!(lena.get("/api/tasks?_=1760335200").await.status, 200, "what is read may carry more");
}

#[tokio::test]
async fn what_is_too_large_is_told_the_limit_that_it_is_above() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let form = "application/x-www-form-urlencoded";
    for (path, media_type, bytes_max, limit) in [
        ("/settings", form, 64 * 1024, "64 KiB"),
        ("/auth/login", "application/json", 64 * 1024, "64 KiB"),
        ("/api/tasks", "application/json", 1024 * 1024, "1 MiB"),
    ] {
        for (lang, said) in [("en", format!("larger than {limit};")), ("de", format!("größer als {limit};"))] {
            let request = lena.request(Method::POST, path).header("Content-Type", media_type);
            let request = request.header("Accept-Language", lang).body(vec![b'x'; bytes_max + 1]);
            let answer = Answer::of(request).await;
            assert_eq!((answer.status, answer.code().as_str()), (413, "too_large"), "{path}");
            assert!(answer.text.contains(&said), "{path}: {}", answer.text);
        }
    }
}
