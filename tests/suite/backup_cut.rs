//! Backups and restores that are cut off, by a full disk or by kill -9: what was there stays, and what is there is whole.

use std::path::{Path, PathBuf};
use std::process::Child;

use codexmiroir::service::backup::check;
use tempfile::TempDir;

use crate::binary::Home;
use crate::disk_faults::SmallDisk;

/// Bytes between two sizes of the disk.
const STEP: usize = 64 * 1024;
/// Turns of a processor that something gets more before each kill.
const TURNS: u64 = 20_000;

/// A home with a user whose tasks take some room, also compressed.
fn with_tasks() -> Home {
    let home = Home::new();
    home.did(&["user", "add", "lena", "--time-zone", "UTC"]);
    let folder = home.path("tasks");
    std::fs::create_dir(&folder).unwrap();
    let mut state = 7_u64;
    for number in 0..12 {
        // Digits that nothing compresses well, the same in every run.
        let mut digits = String::new();
        while digits.len() < 40_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            digits.push_str(&format!("{state:016x}\n"));
        }
        let text = format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n\n# Aufgabe {number}\n\n{digits}");
        std::fs::write(folder.join(format!("{number:04}.md")), text).unwrap();
    }
    home.did(&["import", folder.to_str().unwrap()]);
    home
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// Runs it on disks that grow by [`STEP`], each time from the beginning, until it succeeds; how often it failed. It leaves
/// nothing where it fails.
fn until_it_fits(run: impl Fn(&Path) -> Option<String>) -> Option<usize> {
    let folder = TempDir::new().unwrap();
    for steps in 1_usize.. {
        let size = (steps * STEP).to_string();
        let disk = SmallDisk::over(folder.path(), &size)?;
        let refused = run(folder.path());
        let Some(sentence) = refused else { return Some(steps - 1) };
        assert!(sentence.to_lowercase().contains("space"), "{size}: {sentence}");
        assert_eq!(entries(folder.path()), Vec::<PathBuf>::new(), "{size}");
        drop(disk);
        assert!(steps < 400, "it never fits");
    }
    None
}

#[test]
fn a_full_disk_leaves_a_whole_backup_or_none() {
    let home = with_tasks();
    let failed = until_it_fits(|disk| {
        let file = disk.join("backup");
        let ran = home.run(&["backup", "--output", file.to_str().unwrap()]);
        if ran.code != Some(0) {
            return Some(ran.refusal(1).to_owned());
        }
        assert_eq!(check(std::fs::File::open(file).unwrap(), None).unwrap().documents(), 12);
        None
    });
    assert!(failed.is_none_or(|failed| failed >= 3), "{failed:?}");
}

#[test]
fn a_full_disk_leaves_a_whole_data_directory_or_none() {
    let home = with_tasks();
    home.did(&["backup", "--output", "backup"]);
    let failed = until_it_fits(|disk| {
        let target = disk.join("target");
        let arguments = ["restore", "backup", "--data-dir", target.to_str().unwrap()];
        let ran = home.run(&arguments);
        if !target.exists() {
            return Some(ran.refusal(1).to_owned());
        }
        // It may be full for everything that comes after.
        assert_eq!(documents(&home, &target), 12);
        None
    });
    assert!(failed.is_none_or(|failed| failed >= 10), "{failed:?}");
}

/// How many tasks a data directory has.
fn documents(home: &Home, target: &Path) -> usize {
    let copy = TempDir::new().unwrap();
    for file in ["codexmiroir.redb", "codexmiroir.key"] {
        std::fs::copy(target.join(file), copy.path().join(file)).unwrap();
    }
    let said = home.did(&["--data-dir", copy.path().to_str().unwrap(), "task", "list", "--all", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&said).unwrap();
    list["tasks"].as_array().unwrap().len()
}

/// Starts it again and again and kills it, later each time, until it comes to its end by itself; `check` looks at what
/// is there after each.
fn kill_later_and_later(start: impl Fn(usize) -> Child, check: impl Fn(usize)) {
    for round in 0_usize.. {
        let mut child = start(round);
        for _ in 0..(round as u64 * TURNS) {
            std::thread::yield_now();
        }
        let has_ended = child.try_wait().unwrap().is_some();
        let _ = child.kill();
        child.wait().unwrap();
        check(round);
        if has_ended {
            return;
        }
    }
}

#[test]
fn a_backup_that_is_killed_is_whole_or_not_there() {
    let home = with_tasks();
    let file = |round: usize| home.path(&format!("backup-{round}"));
    let start = |round: usize| home.command(&["backup", "--output", file(round).to_str().unwrap()]).spawn().unwrap();
    kill_later_and_later(start, |round| {
        if let Ok(file) = std::fs::File::open(file(round)) {
            assert_eq!(check(file, None).unwrap().documents(), 12);
        }
    });
}

#[test]
fn a_restore_that_is_killed_is_whole_or_not_there() {
    let home = with_tasks();
    home.did(&["backup", "--output", "backup"]);
    let target = |round: usize| home.path(&format!("target-{round}"));
    let start = |round: usize| {
        home.command(&["restore", "backup", "--data-dir", target(round).to_str().unwrap()]).spawn().unwrap()
    };
    kill_later_and_later(start, |round| {
        let target = target(round);
        let said = |arguments: &[&str]| home.did(&[arguments, &["--data-dir", target.to_str().unwrap()]].concat());
        if !target.exists() {
            let prefix = format!("target-{round}.restoring-");
            let is_left = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(&prefix);
            let left: Vec<_> = entries(&home.path(".")).into_iter().filter(is_left).collect();
            // What is left is named by the next, and gone.
            let said = said(&["restore", "backup"]);
            for left in left {
                let name = left.file_name().unwrap().to_str().unwrap();
                assert!(said.lines().any(|line| line.starts_with("removed ") && line.contains(name)), "{said}");
                assert!(!left.exists());
            }
        }
        let list: serde_json::Value = serde_json::from_str(&said(&["task", "list", "--all", "--json"])).unwrap();
        assert_eq!(list["tasks"].as_array().unwrap().len(), 12);
    });
}
