//! The repository of our own: what is read from it and written to it, and what crashes leave of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::AtomicBool;

use codexmiroir::git::{Edit, Entry, GitError, Repository, Tidied, merge_lines};

use super::{Pair, TEXT, name, text_of};
use crate::git_host::{commit_there, git, git_command};

/// What a command prints that gets this as its input.
pub(super) fn piped(at: &Path, arguments: &[&str], input: &[u8]) -> String {
    let mut child = git_command(at, arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A commit of theirs whose folder `a` has these entries, written as they are.
fn with_tree(theirs: &Path, entries: &[(&str, &[u8], &str)]) -> String {
    let mut sorted: Vec<_> = entries.to_vec();
    sorted.sort_by_key(|(mode, name, _)| [*name, if *mode == "40000" { b"/" } else { b"" }].concat());
    let mut tree = Vec::new();
    for (mode, name, object) in sorted {
        tree.extend_from_slice(mode.as_bytes());
        tree.push(b' ');
        tree.extend_from_slice(name);
        tree.push(0);
        tree.extend((0..20).map(|at| u8::from_str_radix(&object[2 * at..2 * at + 2], 16).unwrap()));
    }
    let tree = piped(theirs, &["hash-object", "-t", "tree", "-w", "--literally", "--stdin"], &tree);
    let root = piped(theirs, &["mktree"], format!("040000 tree {tree}\ta\n").as_bytes());
    let commit = git(theirs, &["commit-tree", "-m", "odd", &root]);
    git(theirs, &["update-ref", "refs/heads/main", &commit]);
    commit
}

fn blob(theirs: &Path, content: &[u8]) -> String {
    piped(theirs, &["hash-object", "-w", "--stdin"], content)
}

#[test]
fn odd_things_in_a_folder_are_told_and_never_followed() {
    let pair = Pair::new();
    let theirs = pair.theirs();
    let content = blob(&theirs, b"text\n");
    let inner = piped(&theirs, &["mktree"], format!("100644 blob {content}\tx\n").as_bytes());
    let commit = with_tree(
        &theirs,
        &[
            ("100644", b"0001.md", &content),
            ("100755", b"0002.md", &content),
            ("120000", b"0003.md", &content),
            ("160000", b"0004.md", &content),
            ("40000", b"0005.md", &inner),
            ("100644", "Ä ö.md".as_bytes(), &content),
            ("100644", b"\xff\xfe.md", &content),
            ("100644", b"..", &content),
            ("40000", b".GIT", &inner),
            ("100644", b"a\\b.md", &content),
        ],
    );
    assert_eq!(pair.fetch(), Ok(Some(name(&commit))));
    let listing = pair.ours.list(Some(name(&commit)), "a").unwrap();
    let file = |is_executable| Entry::File { content: name(&content), is_executable };
    let wanted = [
        ("0001.md", file(false)),
        ("0002.md", file(true)),
        ("0003.md", Entry::Link),
        ("0004.md", Entry::Submodule),
        ("0005.md", Entry::Folder(name(&inner))),
        ("Ä ö.md", file(false)),
    ];
    assert_eq!(listing.entries, wanted.map(|(name, entry)| (name.to_owned(), entry)).into());
    assert_eq!(listing.unreadable_names, 4);
    assert_eq!(pair.ours.folder_name(name(&commit), "a/0005.md"), Ok(Some(name(&inner))));
    for none in ["a/0001.md", "a/0003.md", "b", "a/b/c", "a/0004.md"] {
        assert_eq!(pair.ours.folder_name(name(&commit), none), Ok(None), "{none}");
        assert!(pair.ours.list(Some(name(&commit)), none).unwrap().entries.is_empty());
    }
    assert!(pair.ours.list(None, "a").unwrap().entries.is_empty());

    // Nothing but a file is replaced, and what else there is stays as it is, be it ever so odd.
    let put = |path: &str| pair.ours.write_commit(Some(name(&commit)), &[Edit { path, content: Some(b"x") }], &TEXT);
    let removed = |path: &str| pair.ours.write_commit(Some(name(&commit)), &[Edit { path, content: None }], &TEXT);
    for taken in ["a/0003.md", "a/0004.md", "a/0005.md", "a/0001.md/x", "a/0003.md/x", "a"] {
        assert!(matches!(put(taken), Err(GitError::PathTaken { .. })), "{taken}");
        assert!(matches!(removed(taken), Err(GitError::PathTaken { .. })), "{taken}");
    }
    for refused in ["", "/a", "a/", "a//b", "../x", "a/../x", "a/.git/config", ".GIT/x", "a/git~1", "a\\b", "./a"] {
        assert!(matches!(put(refused), Err(GitError::PathRefused { .. })), "{refused}");
    }
    let next = put("a/0002.md").unwrap();
    pair.push(Some(name(&commit)), next).unwrap();
    let changed = git(&theirs, &["diff-tree", "-r", "--raw", "--no-abbrev", &commit, "main"]);
    assert_eq!(changed, format!(":100755 100755 {content} {} M\ta/0002.md", blob(&theirs, b"x")));
}

#[test]
fn a_commit_holds_just_what_was_edited() {
    let pair = Pair::new();
    let first = pair.commit(None, &[("a/b/1", Some("1")), ("a/b/2", Some("2")), ("c", Some("3"))]);
    assert_eq!(first, pair.commit(None, &[("c", Some("3")), ("a/b/2", Some("2")), ("a/b/1", Some("1"))]));
    // A folder goes with its last file; what is not there can be removed.
    let second = pair.commit(Some(first), &[("a/b/1", None), ("a/b/2", None), ("x/y", None)]);
    let root = pair.ours.list(Some(second), "").unwrap().entries;
    assert_eq!(root.keys().map(String::as_str).collect::<Vec<_>>(), ["c"]);
    let empty = pair.commit(Some(second), &[("c", None)]);
    pair.push(None, empty).unwrap();
    pair.require_sound();
    assert_eq!(git(&pair.theirs(), &["rev-parse", "main^{tree}"]), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    // Names and addresses cannot break out of their line.
    let odd = codexmiroir::git::CommitText {
        author: ("Eve\nparent 0 <x>", "a>b\0"),
        committer: ("", ""),
        seconds: -5,
        message: "one\0\n\ntwo\n\n\n",
    };
    let odd = pair.ours.write_commit(Some(empty), &[Edit { path: "x", content: Some(b"") }], &odd).unwrap();
    pair.push(Some(empty), odd).unwrap();
    pair.require_sound();
    let shown = git(&pair.theirs(), &["log", "-1", "--format=%an|%ae|%cn|%ce|%ct|%B", "main"]);
    assert_eq!(shown, "Eveparent 0 x|ab|unknown||0|one\n\ntwo");
    for content in [&b""[..], b"one\n", &[0xff; 5_000]] {
        assert_eq!(Repository::blob_name(content).to_string(), blob(&pair.theirs(), content));
    }
}

#[test]
fn the_last_change_of_a_path_is_found_beside_merges() {
    let pair = Pair::new();
    let at = |seconds: i64, parent, content: &str| {
        let text = codexmiroir::git::CommitText { seconds, ..TEXT };
        pair.ours.write_commit(parent, &[Edit { path: "a/1", content: Some(content.as_bytes()) }], &text).unwrap()
    };
    let base = at(100, None, "one");
    let second = at(200, Some(base), "two");
    let other = codexmiroir::git::CommitText { seconds: 300, ..TEXT };
    let third = pair.ours.write_commit(Some(second), &[Edit { path: "b", content: Some(b"") }], &other).unwrap();
    assert_eq!(pair.ours.last_change(third, Some(base), "a/1"), Ok(Some(200)));
    assert_eq!(pair.ours.last_change(third, Some(second), "a/1"), Ok(None));
    assert_eq!(pair.ours.last_change(third, None, "a/1"), Ok(Some(200)));
    assert_eq!(pair.ours.last_change(base, None, "a/1"), Ok(Some(100)));
    assert_eq!(pair.ours.last_change(third, None, "a/none"), Ok(None));
    // A merge that takes one side changes nothing by itself.
    pair.push(None, third).unwrap();
    let theirs = pair.theirs();
    let tree = git(&theirs, &["rev-parse", "main^{tree}"]);
    let merge = git(&theirs, &["commit-tree", "-m", "m", "-p", "main", "-p", &base.to_string(), &tree]);
    git(&theirs, &["update-ref", "refs/heads/main", &merge]);
    let merge = pair.fetch().unwrap().unwrap();
    assert_eq!(pair.ours.last_change(merge, Some(base), "a/1"), Ok(Some(200)));
    // Removing is a change.
    let removed = codexmiroir::git::CommitText { seconds: 400, ..TEXT };
    let removed = pair.ours.write_commit(Some(merge), &[Edit { path: "a/1", content: None }], &removed).unwrap();
    assert_eq!(pair.ours.last_change(removed, Some(base), "a/1"), Ok(Some(400)));
    assert_eq!(pair.ours.merge_base(third, base), Ok(Some(base)));
    let unrelated = at(500, None, "unrelated");
    assert_eq!(pair.ours.merge_base(third, unrelated), Ok(None));
    assert!(pair.ours.has_commit(unrelated) && !pair.ours.has_commit(name(&"1".repeat(40))));
}

/// All files below a folder, by their paths.
fn files(folder: &Path) -> BTreeMap<String, u64> {
    let mut files = BTreeMap::new();
    let mut unseen = vec![folder.to_owned()];
    while let Some(next) = unseen.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                unseen.push(entry.path());
            } else {
                let path = entry.path().strip_prefix(folder).unwrap().display().to_string();
                files.insert(path, entry.metadata().unwrap().len());
            }
        }
    }
    files
}

#[test]
fn a_crash_leaves_what_can_be_opened_or_says_that_it_is_damaged() {
    let pair = Pair::new();
    let commit = name(&commit_there(&pair.theirs(), &[("a/1", "one\n"), ("a/2", &"two\n".repeat(5_000))], "first"));
    pair.fetch().unwrap();
    let folder = pair.root.path().join("ours");
    let whole = files(&folder);
    for (left, content) in [
        ("HEAD.lock", &b""[..]),
        ("refs/fetched/head.lock", b"12"),
        ("packed-refs.lock", b""),
        ("objects/pack/.tmpAbCd12", b"PACK"),
        ("objects/pack/pack-1234567890123456789012345678901234567890.pack", b"PACK\0\0\0\x02\0\0\0\x01"),
        ("objects/pack/pack-2234567890123456789012345678901234567890.keep", b""),
        ("objects/ab/.tmpXyZ", b"x"),
        ("objects/.tmpXyZ", b"x"),
    ] {
        fs::create_dir_all(folder.join(left).parent().unwrap()).unwrap();
        fs::write(folder.join(left), content).unwrap();
    }
    fs::create_dir_all(pair.root.path().join("ours.new/objects")).unwrap();
    fs::create_dir_all(pair.root.path().join("ours.old/objects")).unwrap();
    let again = Repository::open(&folder).unwrap();
    assert_eq!(files(&folder), whole);
    assert!(!pair.root.path().join("ours.new").exists() && !pair.root.path().join("ours.old").exists());
    assert_eq!(again.fetched_head(), Ok(Some(commit)));
    assert_eq!(text_of(&again, commit, "a", "1").as_deref(), Some("one\n"));
    drop(again);

    // A file that lost its end, at every length, is never taken for what it was.
    let pack = whole.keys().find(|path| path.ends_with(".pack")).unwrap();
    let (pack, bytes) = (folder.join(pack), fs::read(folder.join(pack)).unwrap());
    fs::remove_file(&pack).unwrap();
    assert!(matches!(Repository::open(&folder), Err(GitError::Damaged { .. })), "without its pack");
    for length in [0, 4, 12, bytes.len() / 2, bytes.len() - 21] {
        fs::write(&pack, &bytes[..length]).unwrap();
        let read = Repository::open(&folder).and_then(|ours| {
            let listing = ours.list(Some(commit), "a")?;
            for entry in listing.entries.values() {
                let Entry::File { content, .. } = entry else { panic!("{entry:?}") };
                ours.read(*content, 1 << 20)?;
            }
            Ok(())
        });
        assert!(matches!(read, Err(GitError::Damaged { .. })), "{length}: {read:?}");
    }
    fs::write(folder.join("refs/fetched/head"), "").unwrap();
    assert!(matches!(Repository::open(&folder), Err(GitError::Damaged { .. })));
    fs::remove_file(folder.join("HEAD")).unwrap();
    assert!(matches!(Repository::open(&folder), Err(GitError::Damaged { .. })));

    let anew = Repository::begin_anew(&folder).unwrap();
    assert_eq!((anew.fetched_head(), anew.has_commit(commit)), (Ok(None), false));
    let pair = Pair { ours: anew, ..pair };
    assert_eq!(pair.fetch(), Ok(Some(commit)));
}

#[test]
fn a_garbled_object_of_ours_is_damage() {
    let pair = Pair::new();
    let commit = pair.commit(None, &[("a/1", Some("one\n"))]);
    let folder = pair.root.path().join("ours");
    let blob = Repository::blob_name(b"one\n");
    let hex = blob.to_string();
    let path = folder.join("objects").join(&hex[..2]).join(&hex[2..]);
    for garbage in [&b""[..], b"garbage", b"x\x9c"] {
        fs::remove_file(&path).unwrap();
        fs::write(&path, garbage).unwrap();
        let ours = Repository::open(&folder).unwrap();
        assert!(matches!(ours.read(blob, 100), Err(GitError::Damaged { .. })));
        assert_eq!(ours.list(Some(commit), "a").unwrap().entries.len(), 1);
        let pair = Pair { ours, ..Pair::new() };
        assert!(matches!(pair.push(None, commit), Err(codexmiroir::git::PushError::NotSent(GitError::Damaged { .. }))));
    }
}

#[test]
fn tidying_up_keeps_what_can_be_reached_in_little_room() {
    const FILES: usize = 250;
    const CHANGES: usize = 300;
    let pair = Pair::new();
    let path = |index: usize| format!("codex-miroir/anna/tasks/{index:04}-Eine Aufgabe von vielen.md");
    let text = |index: usize, version: usize| {
        format!(
            "---\nstatus: open\nkategorie: arbeit\npriority: {version}\n---\n{}",
            format!("Zeile {index}\n").repeat(20)
        )
    };
    let texts: Vec<_> = (0..FILES).map(|index| (path(index), text(index, 0))).collect();
    let edits: Vec<_> = texts.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))).collect();
    let first = pair.commit(None, &edits);
    let stop = AtomicBool::new(false);
    assert_eq!(pair.ours.tidy_up(&[first], &stop), Ok(Tidied::NotDue));
    let mut head = first;
    for change in 1..=CHANGES {
        let index = change * 7 % FILES;
        head = pair.commit(Some(head), &[(&path(index), Some(&text(index, change)))]);
    }
    let lost = pair.commit(Some(first), &[("lost", Some("lost"))]);
    let folder = pair.root.path().join("ours");
    let before = files(&folder);
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(pair.ours.tidy_up(&[head], &stop), Err(GitError::Interrupted));
    assert_eq!(files(&folder), before);
    stop.store(false, std::sync::atomic::Ordering::Relaxed);

    let other = pair.ours.clone();
    assert!(other.has_commit(lost));
    let Ok(Tidied::Packed { objects, bytes }) = pair.ours.tidy_up(&[head], &stop) else { panic!("not packed") };
    assert_eq!(objects, 1 + 4 + FILES + CHANGES * 6);
    let room = bytes / CHANGES as u64;
    assert!(room < 2_000, "{room} bytes a change");
    assert!(!other.has_commit(lost) && other.has_commit(head) && other.has_commit(first));
    assert_eq!(files(&folder).keys().filter(|path| path.ends_with(".pack")).count(), 1);
    assert_eq!(files(&folder).keys().filter(|path| path.starts_with("objects/") && !path.contains("/pack")).count(), 0);
    git(&folder, &["update-ref", "refs/heads/kept", &head.to_string()]);
    git(&folder, &["fsck", "--strict", "--full"]);
    assert_eq!(text_of(&pair.ours, head, "codex-miroir/anna/tasks", &path(7)[24..]), Some(text(7, 251)));
    assert_eq!(pair.ours.tidy_up(&[head], &stop), Ok(Tidied::NotDue));
    pair.push(None, head).unwrap();
    pair.require_sound();
    assert_eq!(Repository::open(&folder).unwrap().fetched_head(), Ok(Some(head)));
}

#[test]
fn packs_of_many_fetches_become_one() {
    let pair = Pair::new().by_path();
    let theirs = pair.theirs();
    let first = name(&commit_there(&theirs, &[("a/1", "one\n")], "first"));
    let stop = AtomicBool::new(false);
    let mut heads = vec![first];
    while pair.ours.tidy_up(&[], &stop) == Ok(Tidied::NotDue) {
        assert!(heads.len() < 100, "never due");
        assert_eq!(pair.fetch(), Ok(heads.last().copied()));
        let next = git(&theirs, &["commit-tree", "-m", "next", "-p", "main", "main^{tree}"]);
        git(&theirs, &["update-ref", "refs/heads/main", &next]);
        heads.push(name(&next));
    }
    let folder = pair.root.path().join("ours");
    assert_eq!(files(&folder).keys().filter(|path| path.ends_with(".pack")).count(), 1);
    heads.pop();
    assert!(heads.len() >= 20 && heads.iter().all(|head| pair.ours.has_commit(*head)));
    assert_eq!(text_of(&pair.ours, heads[10], "a", "1").as_deref(), Some("one\n"));
    assert_eq!(pair.fetch(), Ok(Some(name(&git(&theirs, &["rev-parse", "main"])))));
}

#[test]
fn lines_are_merged_as_git_merges_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let compare = |base: &str, ours: &str, theirs: &str| {
        for (file, text) in [("base", base), ("ours", ours), ("theirs", theirs)] {
            fs::write(at.join(file), text).unwrap();
        }
        let labels = ["merge-file", "-p", "-L", "server", "-L", "base", "-L", "remote", "ours", "base", "theirs"];
        let theirs_merged = git_command(at, &labels).output().unwrap();
        let (merged, conflict) = merge_lines(base.as_bytes(), ours.as_bytes(), theirs.as_bytes());
        assert_eq!(conflict, theirs_merged.status.code() != Some(0), "{base:?} {ours:?} {theirs:?}");
        let wanted = String::from_utf8(theirs_merged.stdout).unwrap();
        // Of conflicts that lie close together git makes one.
        if wanted.matches("<<<<<<<").count() == String::from_utf8_lossy(&merged).matches("<<<<<<<").count() {
            assert_eq!(String::from_utf8_lossy(&merged), wanted);
        }
        conflict
    };
    assert!(!compare("a\nb\nc\nd\ne\n", "A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n"));
    assert!(compare("a\nb\nc\n", "a\nX\nc\n", "a\nY\nc\n"));
    assert!(compare("a\r\nb\r\nc\r\n", "a\r\nX\r\nc\r\n", "a\r\nY\r\nc\r\n"));
    assert!(compare("a\nb", "a\nX", "a\nY"));
    assert!(compare("", "one\n", "two\n"));
    assert!(!compare("a\n", "a\n", "a\nb\n"));
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut any = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % 1_000_003).unwrap() % below
    };
    for _ in 0..60 {
        let base: Vec<&str> = (0..3 + any(12)).map(|_| ["a\n", "b\n", "c\n", "d\n"][any(4)]).collect();
        let mut edited = || {
            let mut lines = base.clone();
            for _ in 0..any(4) {
                let at = any(lines.len());
                match any(3) {
                    0 => lines.insert(at, "x\n"),
                    1 if lines.len() > 1 => drop(lines.remove(at)),
                    _ => lines[at] = ["y\n", "z\n", "c\n"][any(3)],
                }
            }
            lines.concat()
        };
        let (ours, theirs) = (edited(), edited());
        compare(&base.concat(), &ours, &theirs);
    }
}

/// Bytes that no compression makes less of.
pub(super) fn noise(seed: u32, length: usize) -> String {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let digit = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'!' + (*state >> 24) as u8 % 90)
    };
    (0..length).map(|_| digit(&mut state)).collect()
}

#[test]
fn only_what_is_new_is_packed_and_packs_stay_few() {
    const TIMES: u32 = 12;
    let pair = Pair::new();
    let folder = pair.root.path().join("ours");
    let packs = || files(&folder).keys().filter(|path| path.ends_with(".pack")).count();
    let stop = AtomicBool::new(false);
    let (mut head, mut heads, mut packed) = (pair.commit(None, &[("a/0", Some("first"))]), Vec::new(), Vec::new());
    for time in 1..=TIMES {
        let texts: Vec<_> = (0..4).map(|part| (format!("a/{time}-{part}"), noise(time * 4 + part, 170_000))).collect();
        for (path, text) in &texts {
            head = pair.commit(Some(head), &[(path, Some(text))]);
        }
        heads.push((head, texts));
        let Ok(Tidied::Packed { bytes, .. }) = pair.ours.tidy_up(&[head], &stop) else { panic!("{time}: not packed") };
        packed.push(bytes);
        assert_eq!(pair.ours.tidy_up(&[head], &stop), Ok(Tidied::NotDue), "{time}");
        assert!(packs() <= time.ilog2() as usize + 1, "{time}: {}", packs());
        assert_eq!(fs::read_dir(folder.join("objects")).unwrap().count(), 2, "{time}: empty folders");
    }
    // All of it each time would be ten times what was packed at the eighth.
    assert!(packed.iter().sum::<u64>() < 4 * packed[7], "{packed:?}");
    for (head, texts) in &heads {
        let (path, text) = &texts[3];
        assert_eq!(text_of(&pair.ours, *head, "a", &path[2..]).as_ref(), Some(text));
    }
    // What tidying noted is lost, or the history is another one: nothing that is to be kept goes.
    fs::write(folder.join("tidied"), "pack-of-nothing.pack 1\n").unwrap();
    let other = pair.commit(None, &[("b/0", Some(&noise(1, 900_000)))]);
    assert!(matches!(pair.ours.tidy_up(&[head, other], &stop), Ok(Tidied::Packed { .. })));
    assert_eq!(packs(), 1);
    let last = pair.commit(Some(other), &[("b/0", Some(&noise(2, 900_000)))]);
    assert!(matches!(pair.ours.tidy_up(&[last], &stop), Ok(Tidied::Packed { .. })));
    git(&folder, &["update-ref", "refs/heads/kept", &last.to_string()]);
    git(&folder, &["fsck", "--strict", "--full"]);
    assert!(pair.ours.has_commit(other) && Repository::open(&folder).unwrap().has_commit(last));
    assert!(!pair.ours.has_commit(head));
}
