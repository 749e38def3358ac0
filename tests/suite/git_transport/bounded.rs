//! What a copy may take on the disk, whatever the remote does, and what becomes of one that is none.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use codexmiroir::domain::ids::ObjectName;
use codexmiroir::domain::lang::Lang;
use codexmiroir::git::{GitError, Large, Repository, Tidied};

use super::kept::{noise, piped};
use super::{Pair, name, text_of};
use crate::git_host::{commit_there, git};

/// Puts another history in the place of theirs, with this one file.
fn rewrite(theirs: &Path, text: &str) -> ObjectName {
    let blob = piped(theirs, &["hash-object", "-w", "--stdin"], text.as_bytes());
    let folder = piped(theirs, &["mktree"], format!("100644 blob {blob}\tlarge\n").as_bytes());
    let root = piped(theirs, &["mktree"], format!("040000 tree {folder}\ta\n").as_bytes());
    let commit = git(theirs, &["commit-tree", "-m", "rewritten", &root]);
    git(theirs, &["update-ref", "refs/heads/main", &commit]);
    name(&commit)
}

/// What lies beside a copy in its folder's folder, by name.
fn beside(copy: &Path) -> Vec<String> {
    let of_copy = copy.file_name().unwrap().to_str().unwrap().to_owned();
    let names = fs::read_dir(copy.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.to_str().unwrap().to_owned());
    names.filter(|name| name.starts_with(&of_copy)).collect()
}

/// Each history fits; all of them do not.
fn a_copy_that_is_full(mut pair: Pair) {
    const BYTES_MAX: u64 = 2 << 20;
    pair.remote.limits.copy_bytes_max = BYTES_MAX;
    let full = GitError::TooLarge { what: Large::Copy, bytes_max: BYTES_MAX };
    let mut fetched = None;
    let refused = (1..10).find_map(|time| {
        let before = (pair.ours.bytes().unwrap(), pair.ours.fetched_head());
        let head = rewrite(&pair.theirs(), &noise(time, 700_000));
        match pair.fetch() {
            Ok(come) => {
                assert_eq!((come, pair.ours.fetched_head()), (Some(head), Ok(Some(head))));
                fetched = come;
                assert!(pair.ours.bytes().unwrap() <= BYTES_MAX);
                None
            }
            Err(error) => {
                assert_eq!((pair.ours.bytes().unwrap(), pair.ours.fetched_head()), before, "nothing was changed");
                Some((error, head, time))
            }
        }
    });
    let (error, head, last) = refused.unwrap();
    assert_eq!(error, full);
    for lang in [Lang::En, Lang::De] {
        let told = error.text(lang);
        assert!(told.contains("2 MiB") && told.contains("git.own_copy_max") && told.contains("git.copy_max"), "{told}");
    }
    assert!(pair.ours.has_commit(fetched.unwrap()) && !pair.ours.has_commit(head));
    // Begun anew, it has room for what is there.
    let folder = pair.root.path().join("ours");
    pair.ours = Repository::begin_anew(&folder).unwrap();
    assert_eq!((pair.ours.bytes().unwrap(), beside(&folder)), (0, vec!["ours".to_owned()]));
    assert_eq!(pair.fetch(), Ok(Some(head)));
    assert_eq!(text_of(&pair.ours, head, "a", "large"), Some(noise(last, 700_000)));
    // What alone is too large never comes, not even for a moment in the end.
    pair.ours = Repository::begin_anew(&folder).unwrap();
    rewrite(&pair.theirs(), &noise(last, 3_000_000));
    assert_eq!(pair.fetch(), Err(full));
    assert_eq!((pair.ours.bytes(), pair.ours.fetched_head()), (Ok(0), Ok(None)));
}

#[test]
fn a_copy_takes_no_more_than_it_may_over_http() {
    a_copy_that_is_full(Pair::new());
}

#[test]
fn a_copy_takes_no_more_than_it_may_by_a_path() {
    a_copy_that_is_full(Pair::new().by_path());
}

#[test]
fn a_copy_that_is_mostly_of_no_use_is_to_be_begun_anew() {
    let pair = Pair::new();
    let folder = pair.root.path().join("ours");
    let (stop, theirs) = (AtomicBool::new(false), pair.theirs());
    let mut heads = Vec::new();
    for time in 1..=2 {
        heads.push(rewrite(&theirs, &noise(time, 24_000_000)));
        // As a fetch of ours leaves it, and quicker.
        let options = ["-c", "fetch.unpackLimit=1", "-c", "gc.auto=0", "fetch", "--quiet", "--no-write-fetch-head"];
        git(&folder, &[&options[..], &[theirs.to_str().unwrap(), "main"]].concat());
        assert_eq!(pair.fetch(), Ok(heads.last().copied()));
    }
    let head = rewrite(&theirs, "small\n");
    assert_eq!(pair.fetch(), Ok(Some(head)));
    // As long as somebody needs the old ones, all is of use, and it is looked at again only when much has come.
    assert_eq!(pair.ours.tidy_up(&heads, &stop), Ok(Tidied::NotDue));
    assert_eq!(pair.ours.tidy_up(&[], &stop), Ok(Tidied::NotDue));
    let ours = Repository::open(&folder).unwrap();
    assert_eq!(ours.tidy_up(&[], &stop), Ok(Tidied::MostlyUseless));
    assert!(ours.bytes().unwrap() > 32 << 20);
    // What then comes is what is needed, and nothing is to be gained once more.
    let pair = Pair { ours: Repository::begin_anew(&folder).unwrap(), ..pair };
    assert_eq!(pair.fetch(), Ok(Some(head)));
    assert!(pair.ours.bytes().unwrap() < 4096);
    let last = name(&commit_there(&theirs, &[("a/more", "more\n")], "more"));
    assert_eq!((pair.fetch(), pair.ours.tidy_up(&[], &stop)), (Ok(Some(last)), Ok(Tidied::NotDue)));
}

#[test]
fn what_is_no_folder_is_replaced_and_a_link_is_not_followed() {
    let pair = Pair::new();
    let head = name(&commit_there(&pair.theirs(), &[("a/1", "one\n")], "first"));
    let folder = pair.root.path().join("copy");
    let elsewhere = pair.root.path().join("elsewhere");
    let whole = Repository::open(&elsewhere).unwrap();
    let file: fn(&Path, PathBuf) = |place, _| fs::write(place, "no folder").unwrap();
    let link: fn(&Path, PathBuf) = |place, to| symlink(to, place).unwrap();
    for (put, to) in [(file, ""), (link, "elsewhere"), (link, "nowhere")] {
        for place in ["copy", "copy.old", "copy.new"] {
            put(&pair.root.path().join(place), pair.root.path().join(to));
        }
        let Err(GitError::Damaged { .. }) = Repository::open(&folder) else { panic!("{to}: taken for a copy") };
        let ours = Repository::begin_anew(&folder).unwrap();
        assert_eq!(beside(&folder), ["copy"], "{to}");
        let pair = Pair { ours, remote: pair.remote.clone(), ..Pair::new() };
        assert_eq!(pair.fetch(), Ok(Some(head)));
        Repository::remove(&folder).unwrap();
        assert!(beside(&folder).is_empty());
    }
    assert_eq!((whole.bytes(), whole.fetched_head()), (Ok(0), Ok(None)), "what the link leads to is as before");
    assert!(elsewhere.join("HEAD").exists());
}
