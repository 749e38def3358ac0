//! A server whose users' files are in a repository that real clients use too.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use codexmiroir::app::{SyncMode, SyncSettings};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::git_host::{GitHost, bare, git, git_command, git_succeeds};
use crate::harness::{Answer, Start, TestServer, TestUser};

/// What the webhooks of these repositories are signed with.
pub const WEBHOOK_SECRET: &str = "a secret that only the forge knows";

/// A repository on a host, and a clone of it.
pub struct Shared {
    pub host: GitHost,
    /// The bare repository itself.
    pub bare: PathBuf,
    folder: TempDir,
}

impl Shared {
    /// An empty one.
    pub fn new() -> Shared {
        let folder = TempDir::new().unwrap();
        let bare = bare(folder.path(), "tasks.git");
        Shared { host: GitHost::start(folder.path()), bare, folder }
    }

    /// The settings of a server that syncs with it, asked for rounds alone.
    pub fn settings(&self) -> SyncSettings {
        SyncSettings {
            remote: Some(self.host.repository("tasks.git")),
            allow_hosts: vec![self.host.host.clone()],
            webhook_secret: Some(WEBHOOK_SECRET.to_owned().into()),
            poll: Duration::from_secs(3_600),
            mode: SyncMode::Push,
            ..SyncSettings::default()
        }
    }

    /// A server that syncs with it.
    pub async fn server(&self) -> TestServer {
        TestServer::start_with(Start { sync: self.settings(), ..Start::default() }).await
    }

    /// A clone of it, with what is there now.
    pub fn clone_of(&self, name: &str) -> Clone {
        let at = self.folder.path().join(name);
        git(self.folder.path(), &["clone", "--quiet", self.bare.to_str().unwrap(), name]);
        git(&at, &["checkout", "--quiet", "-B", "main"]);
        Clone { at }
    }

    /// What a file has in the repository; `None` where there is none.
    pub fn file(&self, path: &str) -> Option<String> {
        let path = format!("main:{path}");
        git_succeeds(&self.bare, &["cat-file", "-e", &path]).then(|| {
            let shown = git_command(&self.bare, &["cat-file", "blob", &path]).output().unwrap();
            String::from_utf8(shown.stdout).unwrap()
        })
    }

    /// The files of a folder in the repository.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let listed = git(&self.bare, &["ls-tree", "-z", "--name-only", "main", &format!("{folder}/")]);
        let name = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        listed.split_terminator('\0').map(name).collect()
    }

    /// The messages of the commits, the latest first.
    pub fn messages(&self) -> Vec<String> {
        git(&self.bare, &["log", "--format=%s", "main"]).lines().map(str::to_owned).collect()
    }

    pub fn head(&self) -> String {
        git(&self.bare, &["rev-parse", "main"])
    }
}

/// A clone in which somebody works with git.
pub struct Clone {
    pub at: PathBuf,
}

impl Clone {
    /// Writes a file, or removes it.
    pub fn write(&self, path: &str, text: Option<&str>) {
        let file = self.at.join(path);
        match text {
            Some(text) => {
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, text).unwrap();
            }
            None => std::fs::remove_file(file).unwrap(),
        }
    }

    /// Commits everything and pushes it.
    pub fn push(&self, message: &str) {
        self.commit(message);
        git(&self.at, &["push", "--quiet", "origin", "HEAD:main"]);
    }

    /// Commits everything.
    pub fn commit(&self, message: &str) {
        git(&self.at, &["add", "--all"]);
        git(&self.at, &["commit", "--quiet", "--allow-empty", "--message", message]);
    }

    /// As [`Clone::push`], with a commit of this instant, RFC 3339.
    pub fn push_of(&self, message: &str, at: &str) {
        git(&self.at, &["add", "--all"]);
        let mut commit = git_command(&self.at, &["commit", "--quiet", "--message", message]);
        assert!(commit.env("GIT_AUTHOR_DATE", at).env("GIT_COMMITTER_DATE", at).status().unwrap().success());
        git(&self.at, &["push", "--quiet", "origin", "HEAD:main"]);
    }

    /// Makes the branch what is here, whatever it was.
    pub fn force_push(&self) {
        git(&self.at, &["push", "--quiet", "--force", "origin", "HEAD:main"]);
    }

    /// Takes over what is in the repository.
    pub fn pull(&self) {
        git(&self.at, &["fetch", "--quiet", "origin"]);
        git(&self.at, &["reset", "--quiet", "--hard", "origin/main"]);
    }
}

/// Asks for a sync, which must succeed.
pub async fn sync(user: &TestUser, query: &str) -> Value {
    let answer = user.post(&format!("/sync{query}"), &Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// How the user stands with the repository.
pub async fn status(user: &TestUser) -> Value {
    let answer = user.get("/api/sync").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// The longest time that something may take which happens by itself.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until the user stands so with the repository.
pub async fn status_when(user: &TestUser, holds: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let status = status(user).await;
        if holds(&status) {
            return status;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not come: {status:#}");
    }
}

/// Syncs until nothing is left to do.
pub async fn settled(user: &TestUser) -> Value {
    sync(user, "?mode=diff").await;
    status_when(user, |status| status["outbox"] == 0 && status["state"] == "idle" && status["problem"].is_null()).await
}

/// Writes something else in a task's document, which must have it.
pub async fn edit(user: &TestUser, id: &str, old: &str, new: &str) {
    let before = user.document(id).await;
    assert!(before.contains(old), "{old:?} is not in {before}");
    let request = user.request(Method::PUT, &format!("/api/tasks/{id}")).header("If-Match", "*");
    let answer = Answer::of(request.json(&json!({"document": before.replacen(old, new, 1)}))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// The entries of the history in which both sides had changed the same: the file, what gave way, and what stands.
pub async fn conflicts(user: &TestUser) -> Vec<(String, Value, Value)> {
    let entries = user.history("/api/history").await.into_iter().filter(|entry| entry["conflict"] == true);
    entries
        .map(|entry| (entry["file"].as_str().unwrap().to_owned(), entry["before"].clone(), entry["after"].clone()))
        .collect()
}

/// The names of all files of the user's, which must be those of the folder in the repository, byte for byte.
pub async fn same_files(shared: &Shared, user: &TestUser, tasks: &str) -> Vec<String> {
    let mut here = Vec::new();
    for task in user.tasks().await {
        let file = task["file"].as_str().unwrap().to_owned();
        assert_eq!(shared.file(&format!("{tasks}/{file}")), Some(user.document(&escaped(&file)).await), "{file}");
        here.push(file);
    }
    here.sort();
    assert_eq!(shared.files(tasks), here);
    here
}

/// A file's name as a part of a path.
pub fn escaped(file: &str) -> String {
    let escape = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    file.bytes().map(escape).collect()
}

/// The copies of repositories in a data directory.
pub fn copies(data_dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![data_dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
            if entry.path().join("objects").is_dir() { found.push(entry.path()) } else { folders.push(entry.path()) }
        }
    }
    found.sort();
    found
}

/// A document of a task of this category.
pub fn document(title: &str, fields: &str, body: &str) -> String {
    format!("---\ntyp: task\nstatus: offen\nkategorie: arbeit\n{fields}---\n# {title}\n{body}")
}
