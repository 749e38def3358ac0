//! Repositories and their remotes, with the real git on the other side.

mod alone;
mod bounded;
mod hostile;
mod kept;
mod local;
mod pushed;
mod refused;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use codexmiroir::domain::ids::ObjectName;
use codexmiroir::git::{
    self, AllowedHost, Branch, CommitText, Credentials, Edit, Entry, GitError, Limits, Policy, PushError, Remote,
    RemoteAddress, Repository,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::git_host::{GitHost, bare, commit_there, git, git_succeeds};

/// A bare repository that a host serves, and a copy of ours.
struct Pair {
    root: TempDir,
    host: GitHost,
    ours: Repository,
    remote: Remote,
    runtime: Runtime,
    stop: AtomicBool,
}

/// What our commits say of themselves.
const TEXT: CommitText<'static> = CommitText {
    author: ("Anna", "anna@example.org"),
    committer: ("CodexMiroir", "server@example.org"),
    seconds: 1_760_000_000,
    message: "[codex] add task 0042 (arbeit)",
};

/// Limits that a test can wait for.
fn short_limits() -> Limits {
    Limits {
        connect: Duration::from_secs(5),
        advertisement: Duration::from_secs(5),
        transfer: Duration::from_secs(20),
        ..Limits::default()
    }
}

fn address(text: &str, host: &str) -> RemoteAddress {
    let policy = Policy { allow_hosts: AllowedHost::parse(host).into_iter().collect(), allow_local: true };
    RemoteAddress::parse(text, &policy).unwrap()
}

impl Pair {
    /// `tasks.git`, which is empty.
    fn new() -> Pair {
        let root = tempfile::tempdir().unwrap();
        bare(root.path(), "tasks.git");
        let host = GitHost::start(root.path());
        let remote = Remote {
            address: address(&host.repository("tasks.git"), &host.host),
            branch: Branch::parse("main").unwrap(),
            credentials: None,
            limits: short_limits(),
        };
        let ours = Repository::open(&root.path().join("ours")).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Pair { root, host, ours, remote, runtime, stop: AtomicBool::new(false) }
    }

    fn theirs(&self) -> PathBuf {
        self.root.path().join("tasks.git")
    }

    fn by_path(mut self) -> Pair {
        self.remote.address = address(self.theirs().to_str().unwrap(), &self.host.host);
        self
    }

    fn fetch(&self) -> Result<Option<ObjectName>, GitError> {
        git::fetch(&self.ours, &self.remote, self.runtime.handle(), &self.stop)
    }

    fn push(&self, expected: Option<ObjectName>, new: ObjectName) -> Result<(), PushError> {
        git::push(&self.ours, &self.remote, self.runtime.handle(), expected, new, &self.stop)
    }

    /// A commit of ours that is nowhere else.
    fn commit(&self, parent: Option<ObjectName>, edits: &[(&str, Option<&str>)]) -> ObjectName {
        let edits: Vec<_> = edits
            .iter()
            .map(|(path, content)| Edit { path, content: content.as_ref().map(|content| content.as_bytes()) })
            .collect();
        self.ours.write_commit(parent, &edits, &TEXT).unwrap()
    }

    fn their_head(&self) -> ObjectName {
        name(&git(&self.theirs(), &["rev-parse", "main"]))
    }

    fn require_sound(&self) {
        git(&self.theirs(), &["fsck", "--strict", "--full"]);
    }
}

fn name(text: &str) -> ObjectName {
    ObjectName::parse(text).unwrap()
}

fn text_of(repository: &Repository, commit: ObjectName, folder: &str, file: &str) -> Option<String> {
    match repository.list(Some(commit), folder).unwrap().entries.get(file)? {
        Entry::File { content, .. } => match repository.read(*content, 1 << 20).unwrap() {
            git::Content::Bytes(bytes) => Some(String::from_utf8(bytes).unwrap()),
            git::Content::TooLarge => panic!("too large"),
        },
        other => panic!("{other:?}"),
    }
}

/// Text that hardly gets smaller.
pub fn noise(length: usize) -> String {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        char::from(b'!' + u8::try_from(seed >> 58).unwrap())
    };
    (0..length).map(|_| next()).collect()
}

/// What can be done with a remote, however it is reached.
fn there_and_back(pair: &Pair) {
    assert_eq!(pair.fetch(), Ok(None));
    assert_eq!(pair.ours.fetched_head(), Ok(None));

    // To an empty one.
    let first = pair.commit(None, &[("a/tasks/0001-x.md", Some("one\n")), ("a/rules/x.rhai", Some("1"))]);
    pair.push(None, first).unwrap();
    assert_eq!((pair.their_head(), pair.ours.fetched_head()), (first, Ok(Some(first))));
    assert_eq!(
        git(&pair.theirs(), &["log", "-1", "--format=%an <%ae> %ct %s", "main"]),
        "Anna <anna@example.org> 1760000000 [codex] add task 0042 (arbeit)"
    );
    pair.require_sound();

    // Theirs comes here.
    let second = name(&commit_there(&pair.theirs(), &[("a/tasks/0002-y.md", "two\n"), ("README", "read\n")], "second"));
    assert_eq!(pair.fetch(), Ok(Some(second)));
    assert_eq!(pair.fetch(), Ok(Some(second)));
    assert_eq!(pair.ours.fetched_head(), Ok(Some(second)));
    assert_eq!(text_of(&pair.ours, second, "a/tasks", "0002-y.md").as_deref(), Some("two\n"));
    let there = pair.ours.list(Some(second), "a/tasks").unwrap().entries;
    assert!(matches!(there.get("0002-y.md"), Some(Entry::File { is_executable: false, .. })), "{there:?}");

    // Ours goes there, several commits at once.
    let third = pair.commit(Some(second), &[("a/tasks/0001-x.md", Some("one, and more\n"))]);
    let fourth = pair.commit(Some(third), &[("a/tasks/0002-y.md", None), ("a/tasks/0003-z.md", Some("three\n"))]);
    pair.push(Some(second), fourth).unwrap();
    assert_eq!(
        git(&pair.theirs(), &["ls-tree", "-r", "--name-only", "main"]),
        "README\na/rules/x.rhai\na/tasks/0001-x.md\na/tasks/0003-z.md"
    );
    assert_eq!(git(&pair.theirs(), &["show", "main:a/tasks/0001-x.md"]), "one, and more");
    pair.require_sound();

    // What is there already is as good as pushed.
    pair.push(Some(second), fourth).unwrap();
    // Somebody was faster.
    let theirs = name(&commit_there(&pair.theirs(), &[("README", "again\n")], "theirs"));
    let late = pair.commit(Some(fourth), &[("a/tasks/0003-z.md", Some("late\n"))]);
    assert_eq!(pair.push(Some(fourth), late), Err(PushError::Moved { actual: Some(theirs) }));
    assert_eq!(pair.push(None, late), Err(PushError::Moved { actual: Some(theirs) }));
    assert_eq!(pair.their_head(), theirs);

    // The branch goes, and comes again with another history.
    assert_eq!(pair.fetch(), Ok(Some(theirs)));
    git(&pair.theirs(), &["update-ref", "-d", "refs/heads/main"]);
    assert_eq!(pair.fetch(), Ok(None));
    assert_eq!(pair.ours.fetched_head(), Ok(None));
    assert_eq!(pair.push(Some(theirs), late), Err(PushError::Moved { actual: None }));
    git(&pair.theirs(), &["update-ref", "refs/heads/main", &second.to_string()]);
    let other = name(&commit_there(&pair.theirs(), &[("README", "rewritten\n")], "rewritten"));
    assert_eq!(pair.fetch(), Ok(Some(other)));
    assert_eq!(pair.ours.merge_base(theirs, other), Ok(Some(second)));
    assert_eq!((pair.ours.is_ancestor(theirs, other), pair.ours.is_ancestor(second, other)), (Ok(false), Ok(true)));
}

#[test]
fn commits_go_there_and_come_back_over_http() {
    let mut pair = Pair::new();
    pair.host.let_in_only("anna", "s3cret");
    pair.remote.credentials = Some(Credentials { username: "anna".to_owned(), token: "s3cret".to_owned().into() });
    there_and_back(&pair);
    assert!(pair.host.requests().iter().all(|request| !request.contains("s3cret")));
}

#[test]
fn commits_go_there_and_come_back_by_a_path() {
    let pair = Pair::new().by_path();
    there_and_back(&pair);
    assert!(pair.host.requests().is_empty());
}

#[test]
fn the_host_serves_the_real_git() {
    let root = tempfile::tempdir().unwrap();
    let tasks = bare(root.path(), "tasks.git");
    let host = GitHost::start(root.path());
    host.let_in_only("anna", "secret");
    let first = commit_there(&tasks, &[("a/1.md", "one\n")], "first");
    let here = tempfile::tempdir().unwrap();
    let url = host.repository("tasks.git");
    assert!(!git_succeeds(here.path(), &["clone", "--quiet", &url, "refused"]));
    let url = url.replace("://", "://anna:secret@");
    git(here.path(), &["clone", "--quiet", &url, "."]);
    assert_eq!(git(here.path(), &["rev-parse", "HEAD"]), first);
    git(here.path(), &["commit", "--quiet", "--allow-empty", "--message", "second"]);
    git(here.path(), &["push", "--quiet", "origin", "HEAD:main"]);
    assert_eq!(git(&tasks, &["rev-parse", "main"]), git(here.path(), &["rev-parse", "HEAD"]));
    assert_eq!(host.pushes(), 1);
}
