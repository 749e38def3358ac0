//! `task edit` with an editor: what is written is saved or kept, and never lost.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::ways::{Installation, WAYS, Way};
use crate::binary::{Home, Ran};

/// An editor that does this with the file, whose path is `$1`.
fn editor(home: &Home, name: &str, script: &str) -> PathBuf {
    let path = home.path(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

fn edit(at: &Installation, script: &str) -> Ran {
    let editor = editor(at.here(), "editor", script);
    let path =
        format!("{}:{}", Path::new(env!("CARGO_BIN_EXE_codexmiroir")).parent().unwrap().display(), "/usr/bin:/bin");
    Ran::of(at.here().command(&["task", "edit", "0"]).env("EDITOR", editor).env("PATH", path))
}

/// The file that a refusal says the text is kept in.
fn kept(sentence: &str) -> String {
    let path = sentence.split("your text is kept in ").nth(1).unwrap_or_else(|| panic!("{sentence}"));
    let folder = Path::new(path).parent().unwrap();
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    std::fs::read_to_string(path).unwrap()
}

fn drafts(home: &Home) -> usize {
    let entries = std::fs::read_dir(home.path(".")).unwrap();
    entries.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("codexmiroir-")).count()
}

#[test]
fn a_document_goes_through_the_editor() {
    for way in WAYS {
        let at = Installation::of(way);
        at.did(&["task", "add", "First", "--body", "old text"]);
        let ran = edit(&at, "test \"$(basename \"$1\")\" = 0000-First.md && sed -i 's/old text/new text/' \"$1\"");
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
        assert!(ran.stdout.starts_with("0000-First  changed → "), "{ran:?}");
        assert!(at.did(&["task", "show", "0"]).ends_with("\n\nnew text\n"));
        let before = at.latest();
        assert_eq!(edit(&at, "true").stdout, "nothing was changed\n");
        let ran = edit(&at, "exit 3");
        assert!(ran.refusal(1).contains("EDITOR") && !ran.stderr.contains("kept"), "{ran:?}");
        assert_eq!((at.latest(), drafts(at.here())), (before, 0));
        // VISUAL goes before EDITOR, and may have arguments.
        let seen = editor(at.here(), "visual", "test \"$1\" = --wait && echo more >> \"$2\"");
        let visual = format!("{} --wait", seen.display());
        let ran = Ran::of(at.here().command(&["task", "edit", "0"]).env("VISUAL", visual).env("EDITOR", "false"));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(at.did(&["task", "show", "0"]).ends_with("\nmore\n"));
    }
}

#[test]
fn what_cannot_be_saved_is_kept() {
    for way in WAYS {
        let at = Installation::of(way);
        at.did(&["task", "add", "First", "--body", "old text"]);
        // Somebody else changes it meanwhile; nobody waits for the database while an editor is open.
        let ran = edit(&at, "codexmiroir task edit 0 --body theirs >/dev/null && echo mine >> \"$1\"");
        assert!(ran.refusal(1).contains("changed since"), "{ran:?}");
        assert!(kept(ran.refusal(1)).ends_with("old text\nmine\n"), "{ran:?}");
        assert!(at.did(&["task", "show", "0"]).ends_with("\ntheirs\n"));
        let ran = edit(&at, "echo '---\nnonsense: [' > \"$1\"");
        assert!(ran.refusal(1).contains("cannot be read as a task"), "{ran:?}");
        assert_eq!(kept(ran.refusal(1)), "---\nnonsense: [\n");
        let ran = edit(&at, "echo late >> \"$1\"; exit 1");
        assert!(kept(ran.refusal(1)).ends_with("late\n"));
        assert!(at.did(&["task", "show", "0"]).ends_with("\ntheirs\n"));
        assert_eq!(drafts(at.here()), 3);
    }
}

#[test]
fn a_server_that_goes_away_meanwhile_loses_nothing() {
    let mut at = Installation::of(Way::Elsewhere);
    at.did(&["task", "add", "First"]);
    let (go, gone) = (at.here().path("go"), at.here().path("gone"));
    // The editor says that it has begun, and ends when the server has gone. Both are pipes, which wait by themselves.
    for pipe in [&go, &gone] {
        assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    }
    let script = format!("echo mine >> \"$1\"; echo > {}; cat {} > /dev/null", go.display(), gone.display());
    let mut server = at.server.take().unwrap();
    let ran = std::thread::scope(|scope| {
        let edited = scope.spawn(|| edit(&at, &script));
        std::fs::read(&go).unwrap();
        server.kill();
        std::fs::write(&gone, "").unwrap();
        edited.join().unwrap()
    });
    assert!(ran.refusal(1).contains("cannot reach") && kept(ran.refusal(1)).ends_with("mine\n"), "{ran:?}");
}
