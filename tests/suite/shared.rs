//! A server whose users' files are in a repository that real clients use too.

use std::path::PathBuf;
use std::time::Duration;

use codexmiroir::app::{SyncMode, SyncSettings};
use serde_json::Value;
use tempfile::TempDir;

use crate::git_host::{GitHost, bare, git};
use crate::harness::{Start, TestServer, TestUser};

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
        crate::git_host::git_succeeds(&self.bare, &["cat-file", "-e", &path]).then(|| {
            let shown = crate::git_host::git_command(&self.bare, &["cat-file", "blob", &path]).output().unwrap();
            String::from_utf8(shown.stdout).unwrap()
        })
    }

    /// The files of a folder in the repository.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let listed = git(&self.bare, &["ls-tree", "--name-only", "main", &format!("{folder}/")]);
        let name = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        listed.lines().map(name).collect()
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
        git(&self.at, &["add", "--all"]);
        git(&self.at, &["commit", "--quiet", "--allow-empty", "--message", message]);
        git(&self.at, &["push", "--quiet", "origin", "HEAD:main"]);
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

/// A document of a task of this category.
pub fn document(title: &str, fields: &str, body: &str) -> String {
    format!("---\ntyp: task\nstatus: offen\nkategorie: arbeit\n{fields}---\n# {title}\n{body}")
}
