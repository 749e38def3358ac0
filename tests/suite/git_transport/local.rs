//! A remote in a folder, which others use with their own git.

use std::fs;
use std::thread;

use codexmiroir::git::{GitError, PushError};

use super::{Pair, address, name, text_of};
use crate::git_host::{commit_there, git, git_command};

#[test]
fn a_branch_that_a_work_tree_shows_is_left_alone() {
    let mut pair = Pair::new();
    let tree = pair.root.path().join("tree");
    commit_there(&pair.theirs(), &[("a", "1\n")], "first");
    git(pair.root.path(), &["clone", "--quiet", "tasks.git", "tree"]);
    pair.remote.address = address(tree.to_str().unwrap(), "");
    let head = pair.fetch().unwrap();
    let next = pair.commit(head, &[("a", Some("2\n"))]);
    let shown = Err(PushError::NotSent(GitError::CheckedOut { branch: "main".to_owned() }));
    assert_eq!(pair.push(head, next), shown);
    // Nor is one that a second work tree shows, though the repository itself is bare.
    let second = pair.root.path().join("second");
    git(&pair.theirs(), &["worktree", "add", "--quiet", second.to_str().unwrap(), "main"]);
    pair.remote.address = address(pair.theirs().to_str().unwrap(), "");
    assert_eq!(pair.push(head, next), shown);
    // Another one can be moved.
    git(&tree, &["switch", "--quiet", "--create", "other"]);
    pair.remote.address = address(&format!("file://{}/.git", tree.display()), "");
    pair.push(head, next).unwrap();
    assert_eq!(git(&tree, &["show", "main:a"]), "2");
    assert_eq!(git(&tree, &["status", "--porcelain"]), "");
    git(&tree, &["fsck", "--strict"]);
}

#[test]
fn the_folder_s_own_configuration_and_hooks_do_nothing() {
    let pair = Pair::new().by_path();
    let theirs = pair.theirs();
    let touched = pair.root.path().join("touched");
    let touch = format!("touch {}", touched.display());
    for key in
        ["core.fsmonitor", "core.sshCommand", "credential.helper", "uploadpack.packObjectsHook", "filter.x.clean"]
    {
        git(&theirs, &["config", key, &format!("!{touch}")]);
    }
    let mut config = fs::read_to_string(theirs.join("config")).unwrap();
    config.push_str("[include]\n\tpath = /nonexistent\n[core]\n\tlogAllRefUpdates = always\n\tcompression = 0\n");
    fs::write(theirs.join("config"), config).unwrap();
    for hook in ["pre-receive", "update", "post-receive", "reference-transaction"] {
        fs::create_dir_all(theirs.join("hooks")).unwrap();
        fs::write(theirs.join("hooks").join(hook), format!("#!/bin/sh\n{touch}\n")).unwrap();
    }
    let first = pair.commit(None, &[("a", Some("1"))]);
    pair.push(None, first).unwrap();
    assert_eq!(pair.fetch(), Ok(Some(first)));
    assert!(!touched.exists() && !theirs.join("logs/refs/heads/main").exists());
}

/// Adds an empty commit as somebody else does, who tries again when another was faster.
fn add_there(repository: &std::path::Path, message: &str) {
    loop {
        let old = git(repository, &["rev-parse", "main"]);
        let tree = format!("{old}^{{tree}}");
        let new = git(repository, &["commit-tree", "-m", message, "-p", &old, &tree]);
        let moved = git_command(repository, &["update-ref", "refs/heads/main", &new, &old]).output().unwrap();
        if moved.status.success() {
            return;
        }
    }
}

#[test]
fn others_who_commit_there_at_the_same_time_lose_nothing_and_neither_do_we() {
    const EACH: usize = 15;
    let pair = Pair::new().by_path();
    let theirs = pair.theirs();
    commit_there(&theirs, &[("a", "1\n")], "first");
    thread::scope(|scope| {
        scope.spawn(|| {
            for index in 0..EACH {
                add_there(&theirs, &format!("theirs {index}"));
                if index % 5 == 0 {
                    git(&theirs, &["repack", "-adq"]);
                    git(&theirs, &["pack-refs", "--all"]);
                }
            }
        });
        for index in 0..EACH {
            loop {
                let head = pair.fetch().unwrap();
                let own = pair.commit(head, &[(&format!("ours/{index}"), Some("x"))]);
                match pair.push(head, own) {
                    Ok(()) => break,
                    Err(PushError::Moved { .. } | PushError::Rejected { .. }) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        }
    });
    pair.require_sound();
    let subjects = git(&theirs, &["log", "--format=%s", "main"]);
    for index in 0..EACH {
        assert!(subjects.lines().any(|subject| subject == format!("theirs {index}")), "{index}");
    }
    let head = name(&git(&theirs, &["rev-parse", "main"]));
    assert_eq!(pair.fetch(), Ok(Some(head)));
    assert_eq!(pair.ours.list(Some(head), "ours").unwrap().entries.len(), EACH);
    assert_eq!(text_of(&pair.ours, head, "", "a").as_deref(), Some("1\n"));
    let left: Vec<_> =
        fs::read_dir(theirs.join("objects/pack")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".keep")), "{left:?}");
}
