//! Nothing of the environment or of anybody's configuration has an effect, and no program is started.

use std::fs;
use std::path::Path;
use std::process::Command;

use codexmiroir::git::Repository;

use super::{Pair, address, name};
use crate::git_host::{commit_there, git};

/// Set where this test runs as a process of its own, with this address.
const ADDRESS: &str = "GIT_TRANSPORT_ADDRESS";

const TEST: &str = "git_transport::alone::nobody_s_environment_or_configuration_has_an_effect";

#[test]
fn nobody_s_environment_or_configuration_has_an_effect() {
    if let Some(text) = std::env::var_os(ADDRESS) {
        return there_and_back(text.to_str().unwrap());
    }
    let pair = Pair::new();
    commit_there(&pair.theirs(), &[("a", "1\n")], "first");
    let home = tempfile::tempdir().unwrap();
    let hostile = "[http]\n\tproxy = http://127.0.0.1:1\n[url \"https://elsewhere.invalid/\"]\n\tinsteadOf = http://\n\
        [core]\n\trepositoryFormatVersion = 99\n\thooksPath = /nonexistent\n[credential]\n\thelper = !exit 1\n\
        [user]\n\tname = Somebody\n[commit]\n\tgpgSign = true\n[protocol]\n\tallow = never\n";
    fs::create_dir_all(home.path().join("git")).unwrap();
    for file in [".gitconfig", "git/config", "system"] {
        fs::write(home.path().join(file), hostile).unwrap();
    }
    for address in [pair.host.repository("tasks.git"), pair.theirs().to_str().unwrap().to_owned()] {
        let before = pair.their_head();
        let ran = alone(home.path(), &address).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
        let head = pair.their_head();
        assert_ne!(head, before);
        assert_eq!(git(&pair.theirs(), &["log", "-1", "--format=%an %cn", "main"]), "Anna CodexMiroir");
    }
    pair.require_sound();
}

fn alone(home: &Path, address: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", TEST, "--nocapture"]).current_dir(home).env_clear();
    command.env("PATH", "").env("HOME", home).env("XDG_CONFIG_HOME", home).env(ADDRESS, address);
    for (variable, value) in [
        ("GIT_DIR", "/nonexistent"),
        ("GIT_WORK_TREE", "/nonexistent"),
        ("GIT_OBJECT_DIRECTORY", "/nonexistent"),
        ("GIT_INDEX_FILE", "/nonexistent"),
        ("GIT_ASKPASS", "/nonexistent"),
        ("GIT_SSH_COMMAND", "/nonexistent"),
        ("GIT_CONFIG_SYSTEM", "system"),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "core.repositoryFormatVersion"),
        ("GIT_CONFIG_VALUE_0", "99"),
        ("GIT_AUTHOR_NAME", "Somebody"),
        ("GIT_COMMITTER_DATE", "1 +0000"),
        ("GIT_PROTOCOL", "version=9"),
        ("http_proxy", "http://127.0.0.1:1"),
        ("ALL_PROXY", "http://127.0.0.1:1"),
    ] {
        command.env(variable, value);
    }
    command
}

/// Adds a commit to a remote that the real git has made.
fn there_and_back(text: &str) {
    let root = tempfile::tempdir_in(".").unwrap();
    let host = text.strip_prefix("http://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let remote = codexmiroir::git::Remote {
        address: address(text, host),
        branch: codexmiroir::git::Branch::parse("main").unwrap(),
        credentials: None,
        limits: super::short_limits(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let ours = Repository::open(&root.path().join("ours")).unwrap();
    let head = codexmiroir::git::fetch(&ours, &remote, runtime.handle(), &stop).unwrap();
    let edit = codexmiroir::git::Edit { path: "b", content: Some(text.as_bytes()) };
    let commit = ours.write_commit(head, &[edit], &super::TEXT).unwrap();
    codexmiroir::git::push(&ours, &remote, runtime.handle(), head, commit, &stop).unwrap();
    assert_eq!(ours.fetched_head(), Ok(Some(name(&commit.to_string()))));
}
