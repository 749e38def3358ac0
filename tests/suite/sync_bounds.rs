//! Repositories that are away, too large, or do not fit on the disk: bounded, said with what to do, without an effect on
//! anybody's reads and writes, and over by itself.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use codexmiroir::app::SyncSettings;
use serde_json::{Value, json};

use crate::binary::Home;
use crate::disk_faults::{Asker, SmallDisk};
use crate::git_host::{GitHost, bare, commit_there, git, git_command};
use crate::git_transport::noise;
use crate::harness::{Start, TestServer, TestUser};
use crate::shared::{PATIENCE, Shared, document, same_files, settled, status_when, sync};

const TASKS: &str = "codex-miroir/lena/tasks";

/// Reads and writes as if there were no repository.
async fn goes_on(user: &TestUser) {
    let before = user.tasks().await.len();
    user.create(json!({"kategorie": "arbeit", "title": "Weiter"})).await;
    assert_eq!((user.get("/codex").await.status, user.tasks().await.len()), (200, before + 1));
}

/// Asks for a sync that must fail so; what is said of it.
async fn refused(user: &TestUser, code: &str) -> String {
    let answer = user.post("/sync?mode=diff", &Value::Null).await;
    assert_eq!(answer.code(), code, "{}", answer.text);
    answer.json()["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn one_that_is_down_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let tasks = bare(folder.path(), "tasks.git");
    let host = GitHost::start(folder.path());
    let address = host.host.clone();
    drop(host);
    let settings = SyncSettings {
        remote: Some(format!("http://{address}/tasks.git")),
        allow_hosts: vec![address.clone()],
        ..Shared::new().settings()
    };
    let server = TestServer::start_with(Start { sync: settings, ..Start::default() }).await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    goes_on(&lena).await;
    goes_on(&tom).await;
    let sentence = refused(&lena, "remote_unreachable").await;
    assert!(sentence.contains("check the address"), "{sentence}");
    let told = status_when(&lena, |status| status["problem"]["code"] == "remote_unreachable").await;
    assert_eq!(told["problem"]["error"], sentence);

    let _host = GitHost::start_at(folder.path(), &address);
    // Until it was asked for the first time nobody knows what it lacks.
    let is_there = |status: &Value| !status["base"].is_null() && status["outbox"] == 0 && status["problem"].is_null();
    status_when(&lena, is_there).await;
    status_when(&tom, is_there).await;
    let there = git(&tasks, &["ls-tree", "-r", "--name-only", "main"]);
    assert_eq!(there, "codex-miroir/lena/tasks/0000-Weiter.md\ncodex-miroir/tom/tasks/0000-Weiter.md");
}

/// What git makes of this input: the name of an object.
fn made(repository: &Path, arguments: &[&str], input: &str) -> String {
    let mut child = git_command(repository, arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// Makes the branch one with so many files in Lena's folder of tasks, beside what else there is.
fn put_files(repository: &Path, count: usize) {
    let blob = made(repository, &["hash-object", "-w", "--stdin"], &document("Viel", "", ""));
    let files: String = (0..count).map(|number| format!("100644 blob {blob}\t{number:06}-viel.md\n")).collect();
    let mut above = made(repository, &["mktree"], &files);
    for name in ["tasks", "lena", "codex-miroir"] {
        above = made(repository, &["mktree"], &format!("040000 tree {above}\t{name}\n"));
    }
    let commit = git(repository, &["commit-tree", &above, "-p", "main", "-m", "many files"]);
    git(repository, &["update-ref", "refs/heads/main", &commit]);
}

#[tokio::test]
async fn a_folder_of_more_files_than_may_be_is_left_where_it_is() {
    let shared = Shared::new();
    commit_there(&shared.bare, &[(&format!("{TASKS}/0001-a.md"), &document("A", "", ""))], "a task");
    let server = shared.server().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    settled(&lena).await;
    let before = shared.head();
    put_files(&shared.bare, 100_001);
    let sentence = refused(&lena, "remote_too_large").await;
    assert!(sentence.contains("more than 100000 files") && sentence.contains("spread them"), "{sentence}");
    let told = status_when(&lena, |status| status["problem"]["code"] == "remote_too_large").await;
    assert_eq!((&told["problem"]["error"], &told["base"]), (&json!(sentence), &json!(before)));
    goes_on(&lena).await;
    goes_on(&tom).await;
    assert_eq!(lena.tasks().await.len(), 2, "none of them was taken in");

    git(&shared.bare, &["update-ref", "refs/heads/main", &before]);
    settled(&lena).await;
    assert_eq!(same_files(&shared, &lena, TASKS).await, ["0001-a.md", "0002-Weiter.md"]);
}

/// Gives the repository so many tags with names of this length.
fn put_tags(repository: &Path, count: usize, length: usize) {
    let commit = git(repository, &["rev-parse", "main"]);
    let tags: String = (0..count).map(|index| format!("{commit} refs/tags/{index:0length$}\n")).collect();
    fs::write(repository.join("packed-refs"), format!("# pack-refs with: peeled fully-peeled sorted\n{tags}")).unwrap();
}

#[tokio::test]
async fn many_refs_are_no_matter_and_too_many_are_told() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    clone.write(&format!("{TASKS}/0001-a.md"), Some(&document("A", "", "")));
    clone.push("a task");
    put_tags(&shared.bare, 100_000, 20);
    let server = shared.server().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    settled(&lena).await;
    goes_on(&lena).await;
    settled(&lena).await;
    assert_eq!(same_files(&shared, &lena, TASKS).await, ["0001-a.md", "0002-Weiter.md"]);

    // A push is begun with all of them, which become more than 16 MiB.
    put_tags(&shared.bare, 100_000, 200);
    goes_on(&lena).await;
    let sentence = refused(&lena, "remote_too_large").await;
    assert!(sentence.contains("16 MiB"), "{sentence}");
    goes_on(&tom).await;
    clone.pull();
    clone.write(&format!("{TASKS}/0001-a.md"), Some(&document("B", "", "")));
    git(&clone.at, &["commit", "--quiet", "--all", "--message", "another title"]);
    fs::remove_file(shared.bare.join("packed-refs")).unwrap();
    git(&clone.at, &["push", "--quiet", "origin", "HEAD:main"]);
    put_tags(&shared.bare, 100_000, 200);
    refused(&lena, "remote_too_large").await;
    assert_eq!(lena.task("0001").await["title"], "B", "what is there goes on to be taken in");

    fs::remove_file(shared.bare.join("packed-refs")).unwrap();
    sync(&lena, "").await;
    settled(&lena).await;
    assert_eq!(same_files(&shared, &lena, TASKS).await, ["0001-a.md", "0002-Weiter.md", "0003-Weiter.md"]);
    settled(&tom).await;
}

/// Asks how the sync stands until it stands so.
async fn stands(user: &Asker, holds: impl Fn(&Value) -> bool) {
    let begun = Instant::now();
    loop {
        let answer = user.get("/api/sync").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        if holds(&answer.json()) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not come: {}", answer.text);
    }
}

/// Tasks of Lena's that hardly get smaller when they are packed: three megabytes of them; their titles.
fn commit_much(repository: &Path) -> Vec<String> {
    const COUNT: usize = 60;
    const LENGTH: usize = 50_000;
    let (titles, text) = ((1..=COUNT).map(|number| format!("Viel {number}")), noise(COUNT * LENGTH));
    let bodies = (0..COUNT).map(|at| &text[at * LENGTH..(at + 1) * LENGTH]);
    let file = |(number, (title, body)): (usize, (String, &str))| {
        (format!("{TASKS}/{:04}-viel.md", number + 1), document(&title, "", body))
    };
    let files: Vec<_> = titles.clone().zip(bodies).enumerate().map(file).collect();
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    commit_there(repository, &files, "much");
    titles.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_disk_has_no_room_for_is_fetched_when_it_has() {
    let (home, shared) = (Home::new(), Shared::new());
    let Some(disk) = SmallDisk::over(&home.data_dir(), "48m") else { return };
    let tokens = ["lena", "tom"].map(|name| home.user_with_token(name));
    let server =
        home.serve(&["--git-remote", &shared.host.repository("tasks.git"), "--git-allow-hosts", &shared.host.host]);
    let [lena, tom] = tokens.map(|token| Asker::new(&server, &token));
    assert_eq!(tom.create_with("Vorher", "").await.status, 200);
    stands(&tom, |status| status["outbox"] == 0 && status["problem"].is_null()).await;

    // A mebibyte is left: enough for changes, not for what was pushed.
    let fill = disk.fill();
    let filled = fs::OpenOptions::new().write(true).open(&fill).unwrap();
    filled.set_len(filled.metadata().unwrap().len() - (1 << 20)).unwrap();
    // As long as it is open, it takes room though it is removed.
    drop(filled);
    let titles = commit_much(&shared.bare);
    let refused = lena.post("/sync").await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "sync_copy_unusable"), "{}", refused.text);
    assert!(refused.json()["error"].as_str().unwrap().contains("disk is full; make room"), "{}", refused.text);
    stands(&lena, |status| status["problem"]["code"] == "sync_copy_unusable").await;
    assert_eq!((tom.get("/codex").await.status, lena.get("/codex").await.status), (200, 200));
    assert_eq!((tom.titles().await, lena.titles().await), (vec!["Vorher".to_owned()], Vec::new()));
    // Where a fetch is tried again just then, and holds the rest, a change is refused and can be repeated.
    let begun = Instant::now();
    while tom.create_with("Nachher", "").await.status != 200 {
        assert!(begun.elapsed() < PATIENCE, "what is fetched in vain leaves no room");
    }

    fs::remove_file(fill).unwrap();
    stands(&lena, |status| status["problem"].is_null() && !status["base"].is_null()).await;
    stands(&tom, |status| status["outbox"] == 0 && status["problem"].is_null()).await;
    assert_eq!(lena.titles().await, titles);
    assert_eq!(shared.files("codex-miroir/tom/tasks"), ["0000-Vorher.md", "0001-Nachher.md"]);
    drop(server);
}
