//! `/api/export` and `/api/import`: everything out, and in again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::Duration;

use base64::Engine as _;
use codexmiroir::http::listen::Limits;
use codexmiroir::store::Scopes;
use reqwest::Method;
use serde_json::{Value, json};
use tar::EntryType::{self, Directory, Fifo, Link, Regular, Symlink};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::documented::document;
use crate::harness::{Answer, Start, TestServer, TestUser, at_once, repository, vault};
use crate::secrets::{self, Place};

const TASK: &[u8] = b"---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n";

/// The files of an archive, by their path, in its order.
fn unpack(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(archive);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut raw = Vec::new();
        entry.read_to_end(&mut raw).unwrap();
        (path, raw)
    });
    entries.collect()
}

fn pack(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, raw) in files {
        append(&mut archive, path, Regular, raw);
    }
    archive.into_inner().unwrap()
}

fn append(archive: &mut tar::Builder<Vec<u8>>, path: &str, kind: EntryType, raw: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(raw.len() as u64);
    if matches!(kind, Symlink | Link) {
        header.set_link_name("/etc/passwd").unwrap();
    }
    archive.append_data(&mut header, path, raw).unwrap();
}

async fn bytes(user: &TestUser, path: &str) -> Vec<u8> {
    let answer = user.request(Method::GET, path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let bytes = answer.bytes().await.unwrap().to_vec();
    secrets::must_hold_none(Place::Export, &String::from_utf8_lossy(&bytes));
    bytes
}

async fn import(user: &TestUser, path: &str, archive: Vec<u8>) -> Answer {
    let request = user.request(Method::POST, path).header("Content-Type", "application/x-tar");
    Answer::of(request.body(archive)).await
}

/// What became of each file.
fn fates(answer: &Answer) -> BTreeMap<String, String> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let files = answer.json()["files"].as_array().unwrap().clone();
    files.iter().map(|file| (text(&file["file"]), text(&file["fate"]))).collect()
}

fn files_of(folder: &std::path::Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    files.map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())).collect()
}

#[tokio::test]
async fn an_archive_has_every_document_byte_for_byte_and_comes_back() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    server.import(&lena, &vault("lena")).await;
    server.import(&lena, &repository("fixtures/odd/tasks")).await;
    let kept: BTreeSet<String> =
        lena.tasks().await.iter().map(|task| task["file"].as_str().unwrap().to_owned()).collect();
    let mut expected = files_of(&vault("lena"));
    expected.extend(files_of(&repository("fixtures/odd/tasks")));
    expected.retain(|file, _| kept.contains(file));
    assert!(expected.len() > 40);

    let answer = lena.request(Method::GET, "/api/export?format=markdown").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/x-tar");
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"lena.tar\"");
    let archive = answer.bytes().await.unwrap().to_vec();
    let files = unpack(&archive);
    let unpacked: BTreeMap<String, Vec<u8>> =
        files.iter().map(|(path, raw)| (path.strip_prefix("lena/tasks/").unwrap().to_owned(), raw.clone())).collect();
    assert_eq!((unpacked.len(), &unpacked), (files.len(), &expected));
    assert_eq!(bytes(&lena, "/api/export?format=markdown").await, archive, "the same again");

    let imported = import(&tom, "/api/import", archive.clone()).await;
    assert!(fates(&imported).values().all(|fate| fate == "added" || fate == "unreadable"));
    let own = |archive: &[u8], name: &str| {
        let files = unpack(archive).into_iter();
        files.map(|(path, raw)| (path.strip_prefix(name).unwrap().to_owned(), raw)).collect::<Vec<_>>()
    };
    let again = bytes(&tom, "/api/export?format=markdown").await;
    assert_eq!(own(&again, "tom/"), own(&archive, "lena/"));
}

#[tokio::test]
async fn json_has_everything_and_loses_nothing() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let broken = [TASK, b"\xff\xfe kein UTF-8\n"].concat();
    let files = vec![("0001-a.md".to_owned(), TASK.to_vec()), ("0002-\u{e4}.md".to_owned(), broken.clone())];
    server.import_files(&lena, files).await;
    lena.update("1", json!({"title": "Neuer \"Titel\"\u{2028}"})).await;
    assert_eq!(lena.patch("/api/settings", &json!({"horizon": 9})).await.status, 200);
    lena.delete("/api/tasks/2").await;
    lena.undo(4).await;

    let raw_of = |state: &Value| match (&state["text"], &state["base64"]) {
        (Value::String(text), Value::Null) => text.clone().into_bytes(),
        (Value::Null, Value::String(text)) => base64::engine::general_purpose::STANDARD.decode(text).unwrap(),
        _ => panic!("{state}"),
    };
    let without: Value = serde_json::from_slice(&bytes(&lena, "/api/export?format=json").await).unwrap();
    assert_eq!((&without["format"], &without["version"]), (&json!("codexmiroir"), &json!(1)));
    assert_eq!((&without["user"], &without["generation"]), (&json!("lena"), &json!(5)));
    assert_eq!((&without["nextAvailableId"], &without["settings"]["horizon"]), (&json!("0003"), &json!(9)));
    assert_eq!(without["committedAt"], "2025-10-13T06:00:00Z");
    let documents = without["documents"].as_array().unwrap();
    assert_eq!(
        documents.iter().map(|one| one["file"].as_str().unwrap()).collect::<Vec<_>>(),
        ["0001-a.md", "0002-ä.md"]
    );
    assert_eq!(raw_of(&documents[0]), lena.document("1").await.into_bytes());
    assert_eq!(raw_of(&documents[1]), broken);
    assert!(without.get("history").is_none());

    let export = bytes(&lena, "/api/export?format=json&history=true").await;
    let with: Value = serde_json::from_slice(&export).unwrap();
    assert_eq!(with["documents"], without["documents"]);
    let history = with["history"].as_array().unwrap();
    let verbs: Vec<_> = history.iter().map(|change| change["verb"].as_str().unwrap()).collect();
    assert_eq!(verbs, ["undo", "delete", "settings", "update", "import", "import"]);
    assert_eq!((&history[0]["before"], raw_of(&history[0]["after"])), (&Value::Null, broken.clone()));
    assert_eq!((&history[2]["before"]["horizon"], &history[2]["after"]["horizon"]), (&json!(7), &json!(9)));
    assert_eq!(raw_of(&history[3]["before"]), TASK);
    assert_eq!(bytes(&lena, "/api/export?format=json&history=true").await, export, "the same again");
}

#[tokio::test]
async fn an_export_is_as_it_is_described_and_nothing_else_would_be() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let files = vec![("0001-a.md".to_owned(), TASK.to_vec()), ("0002-b.md".to_owned(), [TASK, b"\xff"].concat())];
    server.import_files(&lena, files).await;
    assert_eq!(lena.patch("/api/settings", &json!({"horizon": 9})).await.status, 200);
    // Each answer is compared with its description.
    let export = lena.get("/api/export?format=json&history=true").await.json();
    assert_eq!(lena.get("/api/export?format=json").await.status, 200);
    let document = document().await;
    let content = &document.json["paths"]["/api/export"]["get"]["responses"]["200"]["content"];
    let schema = json!({"allOf": [content["application/json"]["schema"]], "components": document.json["components"]});
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    assert!(schema.is_valid(&export));
    for (place, wrong) in [
        ("/documents", json!(null)),
        ("/documents/0/file", json!(1)),
        ("/documents/0/text", json!(["a"])),
        ("/settings/horizon", json!("nine")),
        ("/history/0/generation", json!("3")),
        ("/history/0/before", json!("text")),
        ("/history/0/after/horizon", json!(null)),
    ] {
        let mut other = export.clone();
        *other.pointer_mut(place).unwrap() = wrong;
        assert!(!schema.is_valid(&other), "{place}: {other}");
    }
}

#[tokio::test]
async fn an_export_is_of_one_moment_whatever_is_written_meanwhile() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    // Over the socket, which holds little: most of it is read after the changes below.
    let reader = server.administrator().acting_for("lena");
    let large = [TASK, &[b'x'; 60_000]].concat();
    let files = (0..60).map(|number| (format!("{number:04}-a.md"), large.clone()));
    server.import_files(&lena, files.collect()).await;
    for format in ["markdown", "json"] {
        let path = format!("/api/export?format={format}");
        let mut answer = reader.request(Method::GET, &path).send().await.unwrap();
        let mut export = answer.chunk().await.unwrap().unwrap().to_vec();
        for id in ["50", "51", "52"] {
            lena.update(id, json!({"title": "Geändert"})).await;
            lena.update(id, json!({"tags": ["zweimal"]})).await;
        }
        assert_eq!(lena.delete("/api/tasks/53").await.status, 200);
        lena.create(json!({"kategorie": "arbeit"})).await;
        while let Some(chunk) = answer.chunk().await.unwrap() {
            export.extend(chunk);
        }
        let documents: Vec<Vec<u8>> = match format {
            "markdown" => unpack(&export).into_iter().map(|(_, raw)| raw).collect(),
            _ => {
                let export: Value = serde_json::from_slice(&export).unwrap();
                let documents = export["documents"].as_array().unwrap().clone();
                documents.iter().map(|one| one["text"].as_str().unwrap().as_bytes().to_vec()).collect()
            }
        };
        assert_eq!(documents.len(), 60);
        assert!(documents.iter().all(|raw| *raw == large), "{format}");
        // As it was, for the next form.
        let generation = lena.generation().await;
        for back in 0..8 {
            assert_eq!(lena.undo(generation - back).await.status, 200);
        }
    }
}

#[tokio::test]
async fn an_export_of_somebody_removed_meanwhile_is_cut_and_not_short() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let large = [TASK, &[b'x'; 60_000]].concat();
    server.import_files(&lena, (0..60).map(|number| (format!("{number:04}.md"), large.clone())).collect()).await;
    let reader = server.administrator().acting_for("lena");
    let mut answer = reader.request(Method::GET, "/api/export?format=markdown").send().await.unwrap();
    assert!(answer.chunk().await.unwrap().is_some());
    assert_eq!(server.administrator().delete("/api/admin/users/lena").await.status, 200);
    let cut = loop {
        match answer.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(cut);
}

#[tokio::test]
async fn an_import_is_one_commit_and_one_undo() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Vorher"})).await;
    let before = lena.tasks().await;
    let odd = files_of(&repository("fixtures/odd/tasks"));
    let mut files: Vec<(&str, &[u8])> = odd.iter().map(|(file, raw)| (file.as_str(), raw.as_slice())).collect();
    let known = before[0]["file"].as_str().unwrap().to_owned();
    let somewhere = format!("some/where/{known}");
    files.push((&somewhere, TASK));
    files.push(("README.txt", b"nothing"));
    let archive = pack(&files);

    let dry = import(&lena, "/api/import?dryRun=true", archive.clone()).await;
    assert_eq!((&dry.json()["dryRun"], &dry.json()["generation"]), (&json!(true), &json!(1)));
    assert_eq!(lena.tasks().await, before);
    let real = import(&lena, "/api/import?dryRun=false", archive.clone()).await;
    assert_eq!(
        (&real.json()["ok"], &real.json()["dryRun"], &real.json()["generation"]),
        (&json!(true), &json!(false), &json!(2))
    );
    assert_eq!(fates(&real), fates(&dry));
    assert_eq!(real.json()["nextAvailableId"], lena.codex().await["nextAvailableId"]);
    assert_eq!(fates(&real)[&known], "replaced");
    assert!(!fates(&real).contains_key("README.txt"));
    let unreadable: Vec<Value> =
        real.json()["files"].as_array().unwrap().iter().filter(|file| file["fate"] == "unreadable").cloned().collect();
    assert!(
        !unreadable.is_empty() && unreadable.iter().all(|file| file["line"].is_u64() && file["reason"].is_string())
    );
    let again = import(&lena, "/api/import", archive).await;
    assert_eq!((again.status, &again.json()["generation"]), (200, &json!(2)));
    let entry = lena.history("/api/history").await.remove(0);
    assert_eq!((&entry["verb"], &entry["through"]), (&json!("import"), &json!("token")));
    assert_eq!(lena.undo(2).await.status, 200);
    assert_eq!(lena.tasks().await, before);
}

#[tokio::test]
async fn what_no_document_can_be_is_left_out_with_the_reason() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let mut archive = tar::Builder::new(Vec::new());
    let large = [TASK, &[b'x'; 70_000]].concat();
    for (path, kind, raw) in [
        ("a/", Directory, &b""[..]),
        ("a/0001.md", Regular, TASK),
        ("b/0001.md", Regular, TASK),
        ("0002.md", Symlink, b""),
        ("0003.md", Link, b""),
        ("0004.md", Fifo, b""),
        ("0005.md/", Directory, b""),
        ("0006.MD", Regular, TASK),
        ("0007.md", Regular, &large),
        (".0008.md", Regular, TASK),
        ("999999999.md", Regular, TASK),
        ("notes.md", Regular, b"# Keine Aufgabe"),
        ("link", Symlink, b""),
    ] {
        append(&mut archive, path, kind, raw);
    }
    // A path that leads out is a name like any other: nothing is written to any folder.
    let mut header = tar::Header::new_gnu();
    header.set_size(TASK.len() as u64);
    header.as_gnu_mut().unwrap().name[..16].copy_from_slice(b"../../../0009.md");
    header.set_cksum();
    archive.append(&header, TASK).unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_size(TASK.len() as u64);
    header.as_gnu_mut().unwrap().name[..8].copy_from_slice(b"00\xff10.md");
    header.set_cksum();
    archive.append(&header, TASK).unwrap();
    let answer = import(&lena, "/api/import", archive.into_inner().unwrap()).await;
    let reasons: BTreeMap<String, String> = answer.json()["files"]
        .as_array()
        .unwrap_or_else(|| panic!("{}", answer.text))
        .iter()
        .filter(|file| file["fate"] == "skipped")
        .map(|file| (file["file"].as_str().unwrap().to_owned(), file["reason"].as_str().unwrap().to_owned()))
        .collect();
    for (file, word) in [
        ("0001.md", "another file"),
        ("0002.md", "symbolic link"),
        ("0003.md", "hard link"),
        ("0004.md", "not a file"),
        ("0005.md", "not a file"),
        ("0006.MD", "lower case"),
        ("0007.md", "64 KiB"),
        (".0008.md", "its name"),
        ("999999999.md", "99999999"),
        ("notes.md", "not a task"),
        ("00\u{fffd}10.md", "UTF-8"),
    ] {
        assert!(reasons.get(file).is_some_and(|reason| reason.contains(word)), "{file}: {reasons:?}");
    }
    assert_eq!(reasons.len(), 11, "{reasons:?}");
    let files: Vec<Value> = lena.tasks().await.iter().map(|task| task["file"].clone()).collect();
    assert_eq!(files, ["0001.md", "0009.md"]);
}

#[tokio::test]
async fn what_is_no_archive_changes_nothing() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let whole = pack(&[("0001.md", TASK), ("0002.md", TASK)]);
    let mut damaged = whole.clone();
    damaged[1_024 + 100] ^= 1;
    for (archive, what) in [
        (Vec::new(), "nothing"),
        (b"{}".to_vec(), "JSON"),
        (vec![0x1f, 0x8b, 8, 0], "gzip"),
        (vec![b'x'; 4_096], "noise"),
        (whole[..1_024].to_vec(), "cut between two files"),
        (whole[..700].to_vec(), "cut in a file"),
        (damaged, "a wrong checksum"),
    ] {
        let mut sentences = BTreeSet::new();
        for language in ["en", "de"] {
            let request = lena.request(Method::POST, "/api/import").header("Accept-Language", language);
            let answer = Answer::of(request.body(archive.clone())).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "malformed_archive"), "{what}");
            sentences.insert(answer.json()["error"].as_str().unwrap().to_owned());
        }
        assert_eq!(sentences.len(), 2);
    }
    let as_json = lena.post("/api/import", &json!({})).await;
    assert_eq!((as_json.status, as_json.code().as_str()), (400, "malformed_export"));
    assert_eq!(import(&lena, "/api/import?dryRun=maybe", whole.clone()).await.code(), "malformed_query");
    for (query, status) in
        [("", 400), ("?format=xlsx", 400), ("?format=pdf", 400), ("?format=markdown&history=true", 400)]
    {
        let answer = lena.get(&format!("/api/export{query}")).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, "malformed_query"), "{query}");
        if !query.contains("history") {
            let error = answer.json()["error"].as_str().unwrap().to_owned();
            assert!(error.contains("markdown") && error.contains("json"), "{error}");
        }
    }
    assert_eq!(lena.codex().await["generation"], 0);
    assert_eq!(import(&lena, "/api/import", whole).await.json()["generation"], 1);
}

#[tokio::test]
async fn an_archive_that_is_too_large_is_413_and_changes_nothing() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let large = [TASK, &[b'x'; 65_000]].concat();
    let names: Vec<String> = (0..1_100).map(|number| format!("{number:04}.md")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &large[..])).collect();
    let answer = import(&lena, "/api/import", pack(&files)).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "too_large"));
    assert!(answer.json()["error"].as_str().unwrap().contains("64 MiB"), "{}", answer.text);
    // A name that would fill the memory is not read.
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(EntryType::GNULongName);
    header.set_size(4 << 20);
    header.set_cksum();
    let endless = [header.as_bytes(), &vec![b'x'; 4 << 20][..], &pack(&[("0000-a.md", TASK)])].concat();
    let answer = import(&lena, "/api/import", endless).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "too_large"));
    assert!(answer.json()["error"].as_str().unwrap().contains("extended headers"), "{}", answer.text);
    // Announced is enough.
    let head = format!(
        "POST /api/import HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Length: 999999999\r\n\r\n",
        lena.token
    );
    let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("too_large"), "{answer}");
    assert_eq!(lena.codex().await["generation"], 0);
}

#[tokio::test]
async fn an_archive_that_stops_coming_changes_nothing() {
    let limits = Limits { body_idle: Duration::from_millis(100), ..Limits::default() };
    let server = TestServer::start_with(Start { limits, ..Start::default() }).await;
    let lena = server.user("lena").await;
    let archive = pack(&[("0001.md", TASK), ("0002.md", TASK)]);
    // Whole files have come, but not the end: sent off, or simply silent.
    for (is_closed, status, code) in [(true, 400, "cut"), (false, 408, "too_slow")] {
        let head = format!(
            "POST /api/import HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
             Content-Length: {}\r\n\r\n",
            lena.token,
            archive.len()
        );
        let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&archive[..1_024]).await.unwrap();
        if is_closed {
            stream.shutdown().await.unwrap();
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(code), "{answer}");
    }
    assert_eq!(lena.codex().await["generation"], 0);
}

#[tokio::test]
async fn who_may_export_and_import() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    tom.create(json!({"kategorie": "arbeit", "title": "Geheim"})).await;
    let reader = lena.with_token(server.token("lena", Scopes::READ).await);
    let writer = lena.with_token(server.token("lena", Scopes::WRITE).await);
    let archive = pack(&[("0001.md", TASK)]);
    assert_eq!(reader.get("/api/export?format=json").await.status, 200);
    assert_eq!(writer.get("/api/export?format=json").await.status, 403);
    assert_eq!(import(&reader, "/api/import?dryRun=true", archive.clone()).await.status, 403);
    assert_eq!(import(&writer, "/api/import", archive.clone()).await.status, 200);
    let stranger = server.client.post(server.url("/api/import")).body(archive.clone());
    assert_eq!(Answer::of(stranger).await.status, 401);
    assert!(!lena.get("/api/export?format=json&history=true").await.text.contains("Geheim"));

    let socket = server.administrator();
    assert_eq!(socket.get("/api/export?format=json").await.code(), "user_needed");
    let acting = socket.acting_for("tom");
    assert!(acting.get("/api/export?format=json").await.text.contains("Geheim"));
    let imported = Answer::of(acting.request(Method::POST, "/api/import").body(archive)).await;
    assert_eq!((imported.status, &imported.json()["generation"]), (200, &json!(2)), "{}", imported.text);
    assert_eq!(tom.history("/api/history").await[0]["through"], "cli");
}

#[tokio::test]
async fn imports_at_once_are_each_whole() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let imports = at_once((0..6).map(|batch: usize| {
        let lena = lena.clone();
        async move {
            let names: Vec<String> = (0..50).map(|number| format!("{:04}-{batch}.md", batch * 100 + number)).collect();
            let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), TASK)).collect();
            import(&lena, "/api/import", pack(&files)).await.json()["generation"].as_u64().unwrap()
        }
    }));
    let mut generations = imports.await;
    generations.sort_unstable();
    assert_eq!(generations, [1, 2, 3, 4, 5, 6]);
    assert_eq!(lena.tasks().await.len(), 300);
    for generation in 1..=6 {
        let of_one = lena.history("/api/history").await;
        let of_one = of_one.iter().filter(|entry| entry["generation"] == generation);
        assert_eq!(of_one.count(), 50);
    }
}
