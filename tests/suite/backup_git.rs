//! A server that was lost and restored from a backup, beside a repository that went on.

use std::fs;

use serde_json::json;

use crate::binary::Home;
use crate::git_host::{Behaviour, git};
use crate::harness::Start;
use crate::shared::{Shared, document, edit, same_files, settled, status};

const TASKS: &str = "codex-miroir/lena/tasks";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_restored_server_waits_with_gives_way_to_what_became_of_it() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    for number in 1..=6 {
        clone.write(&format!("{TASKS}/{number:04}-t.md"), Some(&document("T", "tags: [alt]\n", "eins\nzwei\n")));
    }
    clone.push("tasks");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    settled(&lena).await;

    // What a backup finds that was not pushed yet.
    shared.host.behave(Behaviour::Status(503));
    edit(&lena, "0001", "eins", "eins, vor der Sicherung").await;
    edit(&lena, "0002", "zwei", "zwei, vor der Sicherung").await;
    assert_eq!(lena.delete("/api/tasks/0003").await.status, 200);
    assert_eq!(lena.create(json!({"kategorie": "arbeit", "title": "Bleibt"})).await, "0007");
    assert_eq!(lena.create(json!({"kategorie": "arbeit", "title": "Geht"})).await, "0008");
    let home = Home::new();
    let backup = home.path("backup.tar.zst");
    let (data_dir, backup) = (server.data_dir().to_str().unwrap().to_owned(), backup.to_str().unwrap());
    home.did(&["backup", "--data-dir", &data_dir, "--output", backup]);

    // What came of it, and after it, before the server was lost.
    shared.host.behave(Behaviour::Git);
    settled(&lena).await;
    edit(&lena, "0004", "eins", "eins, danach").await;
    assert_eq!(lena.delete("/api/tasks/0005").await.status, 200);
    assert_eq!(lena.create(json!({"kategorie": "arbeit", "title": "Danach"})).await, "0009");
    settled(&lena).await;
    clone.pull();
    let there = fs::read_to_string(clone.at.join(format!("{TASKS}/0002-t.md"))).unwrap();
    clone.write(&format!("{TASKS}/0002-t.md"), Some(&there.replace("vor der Sicherung", "und danach")));
    let gone = shared.files(TASKS).into_iter().find(|file| file.starts_with("0008")).unwrap();
    clone.write(&format!("{TASKS}/{gone}"), None);
    clone.push("by hand");
    settled(&lena).await;
    let tree = git(&shared.bare, &["rev-parse", "main^{tree}"]);
    let files = same_files(&shared, &lena, TASKS).await;
    let numbers: Vec<&str> = files.iter().map(|file| &file[..4]).collect();
    assert_eq!(numbers, ["0001", "0002", "0004", "0006", "0007", "0009"]);

    let restore = || drop(home.did(&["restore", backup, "--data-dir", &data_dir, "--replace"]));
    let start = Start { sync: shared.settings(), ..Start::default() };
    let server = server.restart_after_with(restore, start).await;
    let lena = server.again(&lena);
    settled(&lena).await;
    assert_eq!(same_files(&shared, &lena, TASKS).await, files);
    assert_eq!(git(&shared.bare, &["rev-parse", "main^{tree}"]), tree, "nothing comes back, and nothing is lost");
    assert_eq!(status(&lena).await["conflicts"], json!([]));
    // Only now it is pushed as ever.
    edit(&lena, "0001", "vor der Sicherung", "nach allem").await;
    assert_eq!(lena.create(json!({"kategorie": "arbeit", "title": "Neu"})).await, "0010");
    settled(&lena).await;
    assert_eq!(same_files(&shared, &lena, TASKS).await.len(), files.len() + 1);
    let (folder, name) = data_dir.rsplit_once('/').unwrap();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        if entry.file_name().to_str().unwrap().starts_with(&format!("{name}.before-")) {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
}
