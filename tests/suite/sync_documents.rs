//! What stands in a repository where a task file should: everything else is synced, it is told, the task of here stays, and
//! nothing there is overwritten.

use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::git_host::{git, git_command};
use crate::harness::{TestServer, TestUser};
use crate::shared::{Clone, Shared, document, edit, same_files, settled, status, sync};

const TASKS: &str = "codex-miroir/lena/tasks";

async fn with_tasks(count: usize) -> (Shared, Clone, TestServer, TestUser) {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    for number in 1..=count {
        clone.write(&format!("{TASKS}/{number:04}-t.md"), Some(&document("Alt", "", "eins\nzwei\ndrei\n")));
    }
    clone.push("tasks");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    settled(&lena).await;
    (shared, clone, server, lena)
}

/// Puts something that is no document in the place of each of the first four tasks.
fn spoil(clone: &Clone) {
    let file = |number: u32| clone.at.join(format!("{TASKS}/{number:04}-t.md"));
    for number in 2..=4 {
        std::fs::remove_file(file(number)).unwrap();
    }
    clone.write(&format!("{TASKS}/0001-t.md"), Some(&"x".repeat(5 << 20)));
    symlink("/etc/passwd", file(2)).unwrap();
    clone.write(&format!("{TASKS}/0003-t.md/innen.md"), Some("text\n"));
    let commit = git(&clone.at, &["rev-parse", "HEAD"]);
    git(&clone.at, &["add", "--all"]);
    let info = format!("160000,{commit},{TASKS}/0004-t.md");
    git(&clone.at, &["update-index", "--add", "--cacheinfo", &info]);
    git(&clone.at, &["commit", "--quiet", "--message", "what is no document"]);
    git(&clone.at, &["push", "--quiet", "origin", "HEAD:main"]);
}

/// What stands in the folder of the repository: its mode, object and name.
fn entries(shared: &Shared) -> Vec<String> {
    let listed = git(&shared.bare, &["ls-tree", "main", &format!("{TASKS}/")]);
    listed.lines().map(str::to_owned).collect()
}

fn held(status: &Value) -> Vec<&str> {
    status["held"].as_array().unwrap().iter().map(|held| held["file"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_is_no_document_is_told_and_left_alone_until_it_is_mended() {
    let (shared, clone, _server, lena) = with_tasks(5).await;
    clone.write(&format!("{TASKS}/0005-t.md"), Some(&document("Neu", "", "")));
    spoil(&clone);
    let spoilt = entries(&shared);
    let report = sync(&lena, "?mode=full&clean=true").await;
    let told: Vec<&str> = ["0001-t.md", "0002-t.md", "0003-t.md", "0004-t.md"].to_vec();
    assert_eq!(report["skipped"], 4, "{report}");
    assert_eq!(held(&status(&lena).await), told);
    let reasons = status(&lena).await["held"].clone();
    for (at, said) in ["64 KiB", "symbolic link", "folder", "submodule"].iter().enumerate() {
        assert!(reasons[at]["reason"].as_str().unwrap().contains(said), "{reasons}");
    }
    assert_eq!(lena.task("0005").await["title"], "Neu");
    // All of them are still here, can be changed, and are not pushed over what is there.
    for number in 1..=3 {
        edit(&lena, &format!("{number:04}"), "eins", "eins hier").await;
    }
    assert_eq!(lena.delete("/api/tasks/0004").await.status, 200);
    lena.create(json!({"kategorie": "arbeit", "title": "Weiter"})).await;
    settled(&lena).await;
    let after = entries(&shared);
    assert_eq!(after[..4], spoilt[..4]);
    assert_eq!((after.len(), lena.tasks().await.len()), (6, 5));
    assert_eq!(held(&status(&lena).await), told);

    clone.pull();
    for name in ["0001-t.md", "0002-t.md"] {
        std::fs::remove_file(clone.at.join(TASKS).join(name)).unwrap();
    }
    for name in ["0003-t.md", "0004-t.md"] {
        git(&clone.at, &["rm", "--quiet", "-r", "--cached", &format!("{TASKS}/{name}")]);
        std::fs::remove_dir_all(clone.at.join(TASKS).join(name)).unwrap();
    }
    for number in 1..=4 {
        let mended = document("Alt", "", "eins\nzwei\ndrei dort\n");
        clone.write(&format!("{TASKS}/{number:04}-t.md"), Some(&mended));
    }
    clone.push("mended");
    settled(&lena).await;
    assert_eq!(held(&status(&lena).await), Vec::<&str>::new());
    assert_eq!(same_files(&shared, &lena, TASKS).await.len(), 6);
    for number in 1..=3 {
        let merged = lena.document(&format!("{number:04}")).await;
        assert!(merged.ends_with("eins hier\nzwei\ndrei dort\n"), "{merged}");
    }
    // It was removed here and changed there meanwhile.
    assert!(lena.document("0004").await.ends_with("eins\nzwei\ndrei dort\n"));
}

/// Makes a tree of these entries, whatever their names are.
fn tree(shared: &Shared, entries: &[u8]) -> String {
    let mut command = git_command(&shared.bare, &["mktree", "-z"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(entries).unwrap();
    let made = child.wait_with_output().unwrap();
    assert!(made.status.success());
    String::from_utf8(made.stdout).unwrap().trim_end().to_owned()
}

#[tokio::test]
async fn names_that_nobody_may_write_are_told_and_stay_where_they_are() {
    let (shared, clone, server, lena) = with_tasks(2).await;
    let blob = git(&shared.bare, &["rev-parse", &format!("main:{TASKS}/0001-t.md")]);
    clone.write("neu", Some(&document("Neu", "", "")));
    clone.push("a blob");
    let new = git(&shared.bare, &["rev-parse", "main:neu"]);
    let inner = tree(&shared, format!("100644 blob {blob}\tconfig\0").as_bytes());
    let mut folder = Vec::new();
    for (mode, kind, object, name) in [
        ("100644", "blob", &blob, &b".."[..]),
        ("040000", "tree", &inner, b".GIT"),
        ("100644", "blob", &new, b"0001-t.md"),
        ("100644", "blob", &blob, b"0002-t.md"),
        ("100644", "blob", &blob, b"0007-\xff.md"),
        ("100644", "blob", &blob, b"0008-\\..\\x.md"),
    ] {
        folder.extend_from_slice(format!("{mode} {kind} {object}\t").as_bytes());
        folder.extend_from_slice(name);
        folder.push(0);
    }
    let mut above = tree(&shared, &folder);
    for name in ["tasks", "lena", "codex-miroir"] {
        above = tree(&shared, format!("040000 tree {above}\t{name}\0").as_bytes());
    }
    let commit = git(&shared.bare, &["commit-tree", &above, "-p", "main", "-m", "odd names"]);
    git(&shared.bare, &["update-ref", "refs/heads/main", &commit]);

    let report = sync(&lena, "?mode=full&clean=true").await;
    let skipped = report["files"]["skipped"].as_array().unwrap();
    assert!(skipped.iter().any(|skipped| skipped["file"] == format!("{TASKS}/")), "{report}");
    assert_eq!((lena.tasks().await.len(), &lena.task("0001").await["title"]), (2, &json!("Neu")));
    edit(&lena, "0002", "zwei", "zwei hier").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Weiter"})).await;
    settled(&lena).await;
    let names: Vec<String> =
        entries(&shared).iter().map(|entry| entry.split_once('\t').unwrap().1.to_owned()).collect();
    assert_eq!(names.len(), 7, "{names:?}");
    assert!(shared.file(&format!("{TASKS}/0002-t.md")).unwrap().contains("zwei hier"));
    // None of it came to be a file of this machine.
    assert!(!server.data_dir().join("config").exists());
}
