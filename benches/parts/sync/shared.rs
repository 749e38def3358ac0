//! A repository on a host, a server whose one user's files are in it, and clones of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use codexmiroir::app::SyncSettings;
use codexmiroir::clock::Clock;
use codexmiroir::config::HOT_MAP_BYTES_DEFAULT;
use tempfile::TempDir;

use super::git_host::{GitHost, bare, git, git_command};
use super::roles::{Role, this, until_told};
use super::server;

/// What the host's webhooks are signed with.
pub const WEBHOOK_SECRET: &str = "the secret of the bench";

/// Where the user's files are in the repository.
pub const TASKS: &str = "codex-miroir/lena/tasks";

/// A repository on a host.
pub struct Shared {
    pub host: GitHost,
    bare: PathBuf,
    folder: TempDir,
}

/// A server that syncs with it.
pub struct Synced {
    pub address: SocketAddr,
    pub token: String,
    /// Where it keeps its data.
    pub folder: PathBuf,
    _role: Role,
}

/// A clone of it, in which somebody works with git.
pub struct Clone {
    at: PathBuf,
}

impl Shared {
    /// One with so many task files.
    pub fn with(files: usize) -> Shared {
        let folder = tempfile::tempdir().unwrap();
        let bare = bare(folder.path(), "tasks.git");
        let host = GitHost::start(folder.path());
        let shared = Shared { host, bare, folder };
        let clone = shared.clone_of("first");
        for number in 0..files {
            clone.write(number, 0);
        }
        clone.commit("tasks");
        clone.push();
        // As it comes from a host that is kept in order.
        git(&shared.bare, &["gc", "--quiet"]);
        shared
    }

    pub fn clone_of(&self, name: &str) -> Clone {
        let at = self.folder.path().join(name);
        git(self.folder.path(), &["clone", "--quiet", &self.host.repository("tasks.git"), name]);
        git(&at, &["checkout", "--quiet", "-B", "main"]);
        // What git would do in the background is not what is measured.
        git(&at, &["config", "maintenance.auto", "false"]);
        Clone { at }
    }

    /// A server, in a process of its own, that has all files already.
    pub fn server(&self) -> Synced {
        let folder = self.folder.path().join("server");
        let remote = self.host.repository("tasks.git");
        let mut role = Role::start(&mut this(&["serve", folder.to_str().unwrap(), &remote, &self.host.host]));
        let (address, token) = (role.line().parse().unwrap(), role.line());
        Synced { address, token, folder, _role: role }
    }
}

impl Clone {
    /// Gives a task file its version.
    pub fn write(&self, number: usize, version: usize) {
        let folder = self.at.join(TASKS);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(file(number)), document(number, version)).unwrap();
    }

    pub fn commit(&self, message: &str) {
        git(&self.at, &["add", "--all"]);
        git(&self.at, &["commit", "--quiet", "--message", message]);
    }

    /// Pushes; how long that took.
    pub fn push(&self) -> Duration {
        self.timed(&["push", "--quiet", "origin", "main"])
    }

    /// Fetches; how long that took.
    pub fn fetch(&self) -> Duration {
        self.timed(&["fetch", "--quiet", "origin", "main"])
    }

    /// Goes on from what was fetched.
    pub fn follow(&self) {
        git(&self.at, &["reset", "--quiet", "--hard", "FETCH_HEAD"]);
    }

    fn timed(&self, arguments: &[&str]) -> Duration {
        let mut command = git_command(&self.at, arguments);
        let begun = Instant::now();
        let ran = command.output().unwrap();
        let took = begun.elapsed();
        assert!(ran.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
        took
    }
}

/// The name of a task's file.
pub fn file(number: usize) -> String {
    format!("{number:04}-Task-number-{number}.md")
}

/// A task as somebody writes it; each version has another title.
pub fn document(number: usize, version: usize) -> String {
    let kategorie = if number.is_multiple_of(3) { "privat" } else { "arbeit" };
    let status = if number % 10 == 9 { "abgeschlossen" } else { "offen" };
    let head = format!("typ: task\nkategorie: {kategorie}\nstatus: {status}\ntags: [bench, t{}]\n", number % 7);
    let title = format!("# {}\n\n", title(number, version));
    let text: String = (0..20).map(|line| format!("Line {line} of the text of task {number}.\n")).collect();
    format!("---\n{head}---\n{title}{text}")
}

/// The title of that version.
pub fn title(number: usize, version: usize) -> String {
    format!("Task {number} of the bench, version {version}")
}

/// The process that is the server.
pub fn serve(folder: &Path, remote: &str, host: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let running = runtime.block_on(async {
        let sync = SyncSettings {
            remote: Some(remote.to_owned()),
            allow_hosts: vec![host.to_owned()],
            webhook_secret: Some(WEBHOOK_SECRET.to_owned().into()),
            poll: Duration::from_secs(3_600),
            ..SyncSettings::default()
        };
        let running = server::start_synced(folder, HOT_MAP_BYTES_DEFAULT, Clock::System, sync).await;
        println!("{}", running.address);
        println!("{}", server::add(&running, "lena", 7, Vec::new()).await);
        running
    });
    until_told();
    runtime.block_on(running.stop());
}

/// The value that so many hundredths of all are no larger than, in milliseconds.
pub fn percentile(times: &[Duration], hundredths: usize) -> f64 {
    let mut times = times.to_vec();
    times.sort();
    times[(times.len() * hundredths / 100).min(times.len() - 1)].as_secs_f64() * 1e3
}
