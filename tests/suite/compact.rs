//! Giving unused space of the database back: what is there stays, whatever happens meanwhile.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use reqwest::Method;
use serde_json::json;

use crate::binary::Home;
use crate::disk_faults::SmallDisk;
use crate::doctor::found;
use crate::harness::{Answer, TestServer, at_once};

/// So many documents that their space is worth giving back.
fn documents(count: usize) -> Vec<(String, Vec<u8>)> {
    let body = "Viel Text, der Platz braucht.\n".repeat(60);
    let document =
        |number| format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n\n# Nummer {number}\n\n{body}");
    (0..count).map(|number| (format!("{number:04}.md"), document(number).into_bytes())).collect()
}

fn bytes_of(folder: &Path) -> u64 {
    std::fs::metadata(folder.join("codexmiroir.redb")).unwrap().blocks() * 512
}

async fn compact(server: &TestServer) -> Answer {
    Answer::of(server.administrator().request(Method::POST, "/api/admin/compact")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn space_is_given_back_while_others_read_and_write() {
    let server = TestServer::start().await;
    let (lena, gone) = (server.user("lena").await, server.user("gone").await);
    server.import_files(&gone, documents(1_500)).await;
    let first = lena.create(json!({"kategorie": "arbeit", "title": "Bleibt"})).await;
    server.service().remove_account("gone").await.unwrap();
    let before = bytes_of(server.data_dir());
    let writing = (0..6).map(|writer| {
        let lena = lena.clone();
        async move {
            let mut made = Vec::new();
            for number in 0..15 {
                let title = format!("Von {writer}, Nummer {number}");
                made.push((lena.create(json!({"kategorie": "arbeit", "title": title})).await, title));
                assert_eq!(lena.get("/codex").await.status, 200);
            }
            made
        }
    });
    let (compacted, made) = tokio::join!(compact(&server), at_once(writing));
    assert_eq!(compacted.status, 200, "{}", compacted.text);
    let (told, after) = (compacted.json(), bytes_of(server.data_dir()));
    assert!(told["bytesAfter"].as_u64().unwrap() * 4 < before, "{before}: {told}");
    assert!(after * 4 < before, "{before} → {after}");
    assert!(!server.service().store().has_remains().unwrap(), "what was removed is not in the new file");
    assert_eq!(found(server.service()).await, []);
    // What was written in the old file, in the new one, and in between.
    let server = server.restart().await;
    let lena = server.again(&lena);
    for (id, title) in made.into_iter().flatten().chain([(first, "Bleibt".to_owned())]) {
        assert_eq!(lena.task(&id).await["title"], title.as_str());
    }
    assert_eq!(found(server.service()).await, []);
}

#[tokio::test]
async fn a_file_that_would_not_become_smaller_stays() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import_files(&lena, documents(20)).await;
    assert_eq!(compact(&server).await.status, 200);
    let (before, text) = (bytes_of(server.data_dir()), compact(&server).await.json());
    assert!(text["bytesAfter"].as_u64().unwrap() <= before && bytes_of(server.data_dir()) <= before, "{text}");
    lena.create(json!({"kategorie": "arbeit"})).await;
    assert_eq!(found(server.service()).await, []);
}

/// Kills the server at some moment while its space is given back, or shortly before or after.
#[test]
fn kill_9_in_the_middle_loses_nothing() {
    let home = Home::new();
    home.did(&["user", "add", "lena", "--time-zone", "Europe/Berlin"]);
    let folder = home.path("import");
    std::fs::create_dir(&folder).unwrap();
    for (file, document) in documents(300) {
        std::fs::write(folder.join(file), document).unwrap();
    }
    home.did(&["import", folder.to_str().unwrap(), "--user", "lena"]);
    for round in 0..12 {
        let mut server = home.serve(&[]);
        home.did(&["task", "add", &format!("Runde {round}"), "--user", "lena"]);
        let export = ["export", "--output", "-", "--format", "json", "--history", "--user", "lena"];
        let before = home.did(&export);
        let mut compacting = home.command(&["compact"]).spawn().unwrap();
        for _ in 0..RandomState::new().build_hasher().finish() % 60_000 {
            std::thread::yield_now();
        }
        server.kill();
        compacting.wait().unwrap();
        assert_eq!(home.did(&export), before, "round {round}");
        assert!(home.did(&["doctor"]).ends_with("all well\n"));
        assert!(!home.data_dir().join("codexmiroir.new").exists(), "what was begun is cleared away");
    }
}

#[test]
fn a_disk_without_room_for_it_is_told_and_nothing_is_touched() {
    let home = Home::new();
    let Some(disk) = SmallDisk::over(&home.data_dir(), "24m") else { return };
    home.did(&["user", "add", "lena", "--time-zone", "Europe/Berlin"]);
    let folder = home.path("import");
    std::fs::create_dir(&folder).unwrap();
    for (file, document) in documents(400) {
        std::fs::write(folder.join(file), document).unwrap();
    }
    home.did(&["import", folder.to_str().unwrap(), "--user", "lena"]);
    let server = home.serve(&[]);
    let export = ["export", "--output", "-", "--format", "json", "--history", "--user", "lena"];
    let before = home.did(&export);
    let fill = disk.fill();
    let ran = home.run(&["compact"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("MiB free"), "{ran:?}");
    assert!(!home.data_dir().join("codexmiroir.new").exists());
    std::fs::remove_file(fill).unwrap();
    assert_eq!(home.did(&export), before);
    home.did(&["task", "add", "Geht weiter", "--user", "lena"]);
    home.did(&["compact"]);
    drop(server);
}
