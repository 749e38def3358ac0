//! Pushes that the other side has its say in.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use codexmiroir::domain::lang::Lang;
use codexmiroir::git::{GitError, PushError};

use super::{Pair, name, noise};
use crate::git_host::{Behaviour, commit_there, git};

fn hook(repository: &Path, which: &str, script: &str) {
    let path = repository.join("hooks").join(which);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_protected_branch_says_so_in_its_own_words() {
    let pair = Pair::new();
    let first = name(&commit_there(&pair.theirs(), &[("a", "1")], "first"));
    hook(&pair.theirs(), "pre-receive", "echo 'main is protected; ask Tom' >&2; exit 1");
    pair.fetch().unwrap();
    let commit = pair.commit(Some(first), &[("a", Some("2"))]);
    let Err(PushError::Rejected { reason }) = pair.push(Some(first), commit) else { panic!("not refused") };
    assert_eq!(reason, "pre-receive hook declined: main is protected; ask Tom");
    assert_eq!((pair.their_head(), pair.ours.fetched_head()), (first, Ok(Some(first))));
    let error = PushError::Rejected { reason };
    assert!(error.text(Lang::De).contains("ask Tom") && error.to_string().contains("ask Tom"));
    git(&pair.theirs(), &["config", "receive.denyNonFastForwards", "true"]);
    fs::remove_file(pair.theirs().join("hooks/pre-receive")).unwrap();
    let other = pair.commit(None, &[("a", Some("3"))]);
    let refused = pair.push(Some(first), other);
    assert!(matches!(&refused, Err(PushError::Rejected { reason }) if reason.contains("fast-forward")), "{refused:?}");
    pair.push(Some(first), commit).unwrap();
}

#[test]
fn a_refusal_that_cannot_be_looked_into_is_told_as_what_came_between() {
    let pair = Pair::new();
    let first = name(&commit_there(&pair.theirs(), &[("a", "1")], "first"));
    hook(&pair.theirs(), "pre-receive", "exit 1");
    pair.fetch().unwrap();
    let commit = pair.commit(Some(first), &[("a", Some("2"))]);
    // Whether somebody was faster, which needs nobody's help, is not known then.
    pair.host.behave(Behaviour::StatusAfterPush(503));
    assert_eq!(pair.push(Some(first), commit), Err(PushError::NotSent(GitError::AnotherStatus { status: 503 })));
    pair.host.behave(Behaviour::Git);
    assert!(matches!(pair.push(Some(first), commit), Err(PushError::Rejected { .. })));
    assert_eq!((pair.their_head(), pair.host.pushes()), (first, 2));
}

#[test]
fn somebody_who_is_faster_at_the_last_moment_is_found_out() {
    let pair = Pair::new();
    let first = name(&commit_there(&pair.theirs(), &[("a", "1")], "first"));
    let theirs = git(&pair.theirs(), &["commit-tree", "-m", "theirs", "-p", "main", "main^{tree}"]);
    // It comes after the branch was advertised and before it is moved.
    hook(&pair.theirs(), "update", &format!("git update-ref refs/heads/main {theirs}"));
    pair.fetch().unwrap();
    let commit = pair.commit(Some(first), &[("a", Some("2"))]);
    assert_eq!(pair.push(Some(first), commit), Err(PushError::Moved { actual: Some(name(&theirs)) }));
    assert_eq!(pair.their_head(), name(&theirs));
    pair.require_sound();
}

#[test]
fn an_answer_that_does_not_come_leaves_it_open_and_a_fetch_closes_it() {
    let pair = Pair::new();
    let commit = pair.commit(None, &[("a", Some("1"))]);
    pair.host.behave(Behaviour::CutsPushes);
    let cut = pair.push(None, commit);
    assert!(matches!(cut, Err(PushError::Unknown(GitError::Unreachable { .. }))), "{cut:?}");
    assert_eq!(pair.ours.fetched_head(), Ok(None));
    pair.host.behave(Behaviour::Git);
    assert_eq!(pair.fetch(), Ok(Some(commit)));
    let next = pair.commit(Some(commit), &[("a", Some("2"))]);
    pair.push(Some(commit), next).unwrap();
    assert_eq!(pair.their_head(), next);
}

#[test]
fn much_is_sent_whole_and_little_takes_little() {
    let pair = Pair::new();
    let large = noise(5 << 20);
    let names: Vec<_> = (0..1_000).map(|index| format!("tasks/{index:04}-Eine Aufgabe.md")).collect();
    let mut files: Vec<_> = names.iter().map(|name| (name.as_str(), Some("one\n"))).collect();
    files.push(("large", Some(&large)));
    let first = pair.commit(None, &files);
    pair.push(None, first).unwrap();
    pair.require_sound();
    assert_eq!(git(&pair.theirs(), &["cat-file", "-s", "main:large"]), large.len().to_string());
    // Packs that come in stay as they came.
    git(&pair.theirs(), &["config", "receive.unpackLimit", "1"]);
    git(&pair.theirs(), &["repack", "-adq"]);
    let edited = format!("{large}and one more line\n");
    let next = pair.commit(Some(first), &[("large", Some(&edited)), (&names[500], Some("two\n"))]);
    let before = packed_bytes(&pair.theirs());
    pair.push(Some(first), next).unwrap();
    pair.require_sound();
    // What the pack was told by is added to it there: that is not counted.
    let objects = git(&pair.theirs(), &["rev-list", "--objects", &format!("{first}..{next}")]).lines().count();
    assert_eq!(objects, 5);
    assert!(packed_bytes(&pair.theirs()) > before);
}

#[test]
fn a_content_that_comes_back_within_a_push_is_not_told_by_what_it_tells() {
    let pair = Pair::new();
    git(&pair.theirs(), &["config", "receive.unpackLimit", "1"]);
    let text = noise(20_000);
    let edited = format!("{text}and one more line\n");
    let first = pair.commit(None, &[("a", Some(&text))]);
    pair.push(None, first).unwrap();
    let second = pair.commit(Some(first), &[("a", Some(&edited))]);
    let third = pair.commit(Some(second), &[("a", Some(&text))]);
    pair.push(Some(first), third).unwrap();
    assert_eq!(pair.their_head(), third);
    pair.require_sound();
}

fn packed_bytes(repository: &Path) -> u64 {
    let packs = fs::read_dir(repository.join("objects/pack")).unwrap();
    packs.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}
