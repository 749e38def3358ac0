//! A repository that takes more of the disk than it may: refused with what to do, and nobody else is held up.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use codexmiroir::app::SyncSettings;
use serde_json::{Value, json};

use crate::git_host::git;
use crate::harness::{Start, TestServer};
use crate::shared::{Clone, Shared, copies, document, same_files, settled, status_when, sync};

const TASKS: &str = "codex-miroir/lena/tasks";

/// Bytes that no compression makes less of, another time others.
fn noise(time: u32, length: usize) -> String {
    let mut state = time.wrapping_mul(2_654_435_761) | 1;
    let digit = |state: &mut u32| {
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;
        char::from(b'!' + (*state >> 24) as u8 % 90)
    };
    (0..length).map(|_| digit(&mut state)).collect()
}

/// Puts another history in the place of the one before.
fn rewrite(clone: &Clone, large: &str) {
    clone.write("large.bin", Some(large));
    git(&clone.at, &["checkout", "--quiet", "--orphan", "anew"]);
    clone.commit("rewritten");
    git(&clone.at, &["branch", "--quiet", "--move", "--force", "anew", "main"]);
    clone.force_push();
}

/// What the copy of one's own repository takes in the data directory.
fn bytes_of_own(data_dir: &Path) -> u64 {
    let is_own = |copy: &PathBuf| copy.file_name().unwrap().to_str().unwrap().starts_with("user-");
    let mut bytes = 0;
    let mut folders: Vec<PathBuf> = copies(data_dir).into_iter().filter(is_own).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() { folders.push(entry.path()) } else { bytes += entry.metadata().unwrap().len() }
        }
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_rewritten_again_and_again_does_not_fill_the_disk() {
    const BYTES_MAX: u64 = 1 << 20;
    let (shared, own) = (Shared::new(), Shared::new());
    let allow_hosts = vec![shared.host.host.clone(), own.host.host.clone()];
    let settings = SyncSettings { allow_hosts, own_copy_bytes_max: BYTES_MAX, ..shared.settings() };
    let server = TestServer::start_with(Start { sync: settings, ..Start::default() }).await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    let clone = own.clone_of("clone");
    clone.write(&format!("{TASKS}/0001-da.md"), Some(&document("Da", "", "")));
    rewrite(&clone, &noise(1, 1_000));
    let remote = json!({"remote": own.host.repository("tasks.git")});
    assert_eq!(lena.put("/api/sync/remote", &remote).await.status, 200);
    for time in 2..10 {
        rewrite(&clone, &noise(time, 300_000));
        let title = format!("t{time}");
        lena.create(json!({"kategorie": "arbeit", "title": title})).await;
        settled(&lena).await;
        let bytes = bytes_of_own(server.data_dir());
        assert!(bytes <= BYTES_MAX + 64 * 1024, "{time}: {bytes}");
        clone.pull();
    }
    assert_eq!(same_files(&own, &lena, TASKS).await.len(), 9);

    // What is there now is too large for itself.
    let last = own.head();
    rewrite(&clone, &noise(10, 1_500_000));
    let answer = lena.post("/sync?mode=diff", &Value::Null).await;
    assert_eq!((answer.status, answer.code().as_str()), (502, "remote_too_large"), "{}", answer.text);
    let told = status_when(&lena, |status| status["problem"]["code"] == "remote_too_large").await;
    let sentence = told["problem"]["error"].as_str().unwrap().to_owned();
    assert!(sentence.contains("1 MiB") && sentence.contains("git.own_copy_max"), "{sentence}");
    assert!(bytes_of_own(server.data_dir()) < 64 * 1024, "nothing of it is kept");
    lena.create(json!({"kategorie": "arbeit", "title": "Geht"})).await;
    tom.create(json!({"kategorie": "arbeit", "title": "Geht"})).await;
    settled(&tom).await;
    assert_eq!(same_files(&shared, &tom, "codex-miroir/tom/tasks").await.len(), 1);
    // Mended there, it goes on, and nothing is missing.
    git(&clone.at, &["reset", "--quiet", "--hard", &last]);
    clone.force_push();
    settled(&lena).await;
    assert_eq!(same_files(&own, &lena, TASKS).await.len(), 10);
}

#[tokio::test]
async fn what_is_no_copy_is_replaced_by_one() {
    let shared = Shared::new();
    let mut server = shared.server().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Eins"})).await;
    settled(&lena).await;
    let copy = copies(server.data_dir()).remove(0);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("HEAD"), "somebody's own").unwrap();
    for is_link in [false, true] {
        let sync_settings = shared.settings();
        let meddle = || {
            fs::remove_dir_all(&copy).unwrap();
            match is_link {
                false => fs::write(&copy, "no folder").unwrap(),
                true => symlink(elsewhere.path(), &copy).unwrap(),
            }
        };
        server = server.restart_after_with(meddle, Start { sync: sync_settings, ..Start::default() }).await;
        let lena = server.again(&lena);
        sync(&lena, "?mode=full").await;
        assert_eq!(same_files(&shared, &lena, TASKS).await, ["0000-Eins.md"]);
        assert!(fs::symlink_metadata(&copy).unwrap().is_dir());
        assert_eq!(fs::read_dir(copy.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
}
