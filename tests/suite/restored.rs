//! What a restore says and does where not everything is as it should be: other rules, a lost key, a place that nothing can
//! take, and a restore before it that was cut off.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::binary::{Home, Ran};
use crate::disk_faults::SmallDisk;
use crate::harness::{Administrator, Answer, client};

const PASSWORD: &str = "correct horse battery";
const PASSPHRASE: &str = "staple battery horse";
/// The file that tells a directory that a restore made.
const MARK: &str = "codexmiroir.restoring";
/// What a restore calls a directory while it makes it.
const MAKING: &str = "codexmiroir.restoring-0123456789abcdef";

/// A home with lena, a password of hers and a task, and `backup`, which has that; then another task.
fn home() -> Home {
    let home = Home::new();
    let arguments = ["user", "add", "lena", "--time-zone", "UTC", "--password-stdin"];
    assert_eq!(home.run_with_input(&arguments, format!("{PASSWORD}\n").as_bytes()).code, Some(0));
    home.did(&["task", "add", "Earlier"]);
    home.did(&["backup", "--output", "backup"]);
    home.did(&["task", "add", "Later"]);
    home
}

/// The folder that the data directory is in.
fn parent(home: &Home) -> PathBuf {
    home.data_dir().parent().unwrap().to_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// How many tasks there are in a data directory that nobody has open.
fn tasks(home: &Home, data_dir: &Path) -> usize {
    let said = home.did(&["--data-dir", data_dir.to_str().unwrap(), "task", "list", "--json"]);
    let list: Value = serde_json::from_str(&said).unwrap();
    list["tasks"].as_array().unwrap().len()
}

async fn sign_in(base: &str) -> u16 {
    let request = client().build().unwrap().post(format!("{base}/auth/login"));
    let request = request.header("Sec-Fetch-Site", "same-origin").json(&json!({"name": "lena", "password": PASSWORD}));
    Answer::of(request).await.status
}

#[tokio::test]
async fn other_rules_of_the_server_are_named_where_a_timeline_differs() {
    let home = home();
    let rules = home.path("never.rhai");
    std::fs::write(&rules, "fn place(task, today) { never(\"not here\") }").unwrap();
    let (rules, served) = (format!("spartan,{}", rules.display()), home.data_dir());
    let before = {
        let _server = home.serve(&["--rules", "spartan", "--rules", home.path("never.rhai").to_str().unwrap()]);
        let before = Administrator::at(&served).acting_for("lena").get("/codex").await.json();
        assert_eq!(before["unplaced"].as_array().unwrap().len(), 2, "{before}");
        home.did(&["backup", "--output", "never"]);
        before
    };
    let target = home.path("target");
    let restore = ["restore", "never", "--data-dir", target.to_str().unwrap()];
    let same = home.run_with("CODEXMIROIR_RULES", &rules, &restore);
    assert!(same.code == Some(0) && same.stdout.contains("1 timeline is what it was\n"), "{same:?}");
    assert!(!same.stdout.contains("another one"), "{same:?}");
    std::fs::remove_dir_all(&target).unwrap();
    let said = home.did(&restore);
    assert!(said.contains("0 timelines are what they were\n"), "{said}");
    assert!(said.contains("the timeline of lena is another one: other rules of the server\n"), "{said}");
    let _server = home.serve(&["--data-dir", target.to_str().unwrap()]);
    let lena = Administrator::at(&target).acting_for("lena");
    let fresh = lena.get("/codex").await;
    assert_eq!(fresh.text, lena.get("/codex?nocache=true").await.text);
    assert_eq!((&fresh.json()["unplaced"], &fresh.json()["generation"]), (&json!([]), &before["generation"]));
}

#[tokio::test]
async fn a_backup_made_without_the_key_has_all_but_what_the_key_opens() {
    let home = home();
    let remote = json!({"remote": "https://git.example.org/a.git", "token": "ghp_0123456789abcdef", "mode": "off"});
    let server = home.serve(&[]);
    let lena = Administrator::at(&home.data_dir()).acting_for("lena");
    assert_eq!(Answer::of(lena.request(Method::PUT, "/api/sync/remote").json(&remote)).await.status, 200);
    let key = home.data_dir().join("codexmiroir.key");
    std::fs::remove_file(&key).unwrap();
    // A server that has the key in its memory still writes what it opens.
    let whole = home.did(&["backup", "--output", "whole"]);
    assert!(!whole.contains("without a password"), "{whole}");
    assert_eq!(server.stop(Signal::TERM).0.code(), Some(0));
    std::fs::write(home.path("passphrase"), format!("{PASSPHRASE}\r\n")).unwrap();
    let lost = home.did(&["backup", "--output", "lost"]);
    let secret = home.did(&["backup", "--with-secrets", "--passphrase-file", "passphrase", "--output", "secret"]);
    assert!(!key.exists(), "it may come back");
    let (password, token) =
        ("the key file was lost that it was sealed with: lena;", "without the token of 1 user's own");
    for said in [&lost, &secret] {
        assert!(said.contains(": 1 user, 2 tasks") && said.contains(password) && said.contains(token), "{said}");
    }
    for (file, more) in [("lost", &[][..]), ("secret", &["--passphrase-file", "passphrase"])] {
        let target = home.path(&format!("restored-{file}"));
        let said = home.did(&[&["restore", file, "--data-dir", target.to_str().unwrap()], more].concat());
        assert!(said.contains(password) && said.contains(token), "{said}");
        let server = home.serve(&["--data-dir", target.to_str().unwrap()]);
        assert_eq!(sign_in(&server.url("")).await, 401, "nobody comes in without a password");
        let passwd = ["--data-dir", target.to_str().unwrap(), "user", "passwd", "lena", "--password-stdin"];
        let given = home.run_with_input(&passwd, format!("{PASSWORD}\n").as_bytes());
        assert_eq!((given.code, sign_in(&server.url("")).await), (Some(0), 200), "{given:?}");
    }
    let target = home.path("restored-whole");
    home.did(&["restore", "whole", "--data-dir", target.to_str().unwrap()]);
    let server = home.serve(&["--data-dir", target.to_str().unwrap()]);
    assert_eq!(sign_in(&server.url("")).await, 200);
}

#[test]
fn where_another_file_system_begins_nothing_is_tried() {
    let home = home();
    let target = home.path("mounted");
    let Some(disk) = SmallDisk::over(&target, "24m") else { return };
    let path = target.to_str().unwrap();
    for replace in [&[][..], &["--replace"]] {
        let ran = home.run(&[&["restore", "backup", "--data-dir", path], replace].concat());
        let sentence = ran.refusal(1);
        assert!(
            sentence.contains("is mounted") && sentence.contains(&format!("--data-dir {path}/codexmiroir")),
            "{ran:?}"
        );
        std::fs::write(target.join("mine"), "mine").unwrap();
    }
    assert_eq!(names(&target), ["mine"]);
    let within = target.join("codexmiroir");
    home.did(&["restore", "backup", "--data-dir", within.to_str().unwrap()]);
    assert_eq!(tasks(&home, &within), 1);
    disk.close();
    let ran = home.run(&["restore", "backup", "--replace", "--data-dir", within.to_str().unwrap()]);
    let sentence = ran.refusal(1);
    assert!(
        sentence.starts_with(&format!("cannot write in {path}, ")) && sentence.contains("another --data-dir"),
        "{ran:?}"
    );
    assert_eq!(names(&target), ["codexmiroir", "mine"]);
}

#[test]
fn what_is_no_place_or_no_file_is_refused_at_once() {
    let home = home();
    std::os::unix::fs::symlink(home.path("nowhere"), home.path("link")).unwrap();
    assert!(Command::new("mkfifo").arg(home.path("pipe")).status().unwrap().success());
    std::fs::write(home.path("file"), "mine").unwrap();
    std::fs::create_dir(home.path("folder")).unwrap();
    let before = home.content_read();
    for (file, target, words) in [
        ("backup", "link", "it is a link to something that is not there"),
        ("backup", "none/../new", "name it without"),
        ("backup", "file", "it is a file"),
        ("backup", "/", "the root of the file system"),
        ("folder", "new", "it is a folder; name the file"),
        ("/dev/zero", "new", "it is no backup of CodexMiroir"),
        ("/dev/null", "new", "it is no backup of CodexMiroir"),
        ("none", "deep/new", "No such file"),
        ("file", "deep/new", "it is no backup of CodexMiroir"),
    ] {
        let ran = home.run(&["restore", file, "--data-dir", target]);
        assert!(ran.refusal(1).contains(words), "{file} {target}: {ran:?}");
    }
    assert!(home.content_read() == before, "something was written");
    let mut ran = home.command(&["restore", "pipe", "--data-dir", "deep/new"]).spawn().unwrap();
    std::fs::copy(home.path("backup"), home.path("pipe")).unwrap();
    assert!(ran.wait().unwrap().success());
    assert_eq!(tasks(&home, &home.path("deep/new")), 1);
}

/// A key file in the directory that is replaced goes with it, wherever in it that is.
#[tokio::test]
async fn a_key_file_within_the_target_is_made_in_the_new_one() {
    let home = home();
    let key = home.data_dir().join("keys/key");
    let config = home.data_dir().join("codexmiroir.toml");
    std::fs::create_dir(home.data_dir().join("keys")).unwrap();
    std::fs::rename(home.data_dir().join("codexmiroir.key"), &key).unwrap();
    std::fs::write(&config, format!("key_file = {:?}\n", key.to_str().unwrap())).unwrap();
    std::fs::write(home.data_dir().join("notes.txt"), "mine").unwrap();
    let old = std::fs::read(&key).unwrap();
    let said = home.did(&["restore", "backup", "--replace"]);
    assert!(said.contains("what else was there was not taken over: keys, notes.txt\n"), "{said}");
    assert!(std::fs::read(&key).unwrap() != old && config.exists());
    let server = home.serve(&[]);
    assert_eq!(sign_in(&server.url("")).await, 200);
}

/// What there is when a restore was cut off right after it took the place of the old directory.
fn cut_off_at_the_end(home: &Home) {
    home.did(&["restore", "backup", "--replace"]);
    let before = parent(home).join(names(&parent(home)).into_iter().find(|name| name.contains(".before-")).unwrap());
    std::fs::rename(before, parent(home).join(MAKING)).unwrap();
    std::fs::write(home.data_dir().join(MARK), "").unwrap();
}

/// The one directory of before, under the name that it is to have.
fn before(home: &Home) -> PathBuf {
    let names: Vec<_> = names(&parent(home)).into_iter().filter(|name| name != "codexmiroir").collect();
    assert!(names.len() == 1 && names[0].starts_with("codexmiroir.before-"), "{names:?}");
    parent(home).join(&names[0])
}

#[test]
fn a_start_after_a_restore_that_was_cut_off_at_its_end_says_what_is_what() {
    let home = home();
    cut_off_at_the_end(&home);
    {
        let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut server = crate::binary::Serving::with_log(&mut command);
        let said = server.wait_for_log("this is the restored data");
        assert!(said.contains(&before(&home).display().to_string()), "{said}");
        assert!(!home.data_dir().join(MARK).exists());
    }
    assert_eq!((tasks(&home, &home.data_dir()), tasks(&home, &before(&home))), (1, 2));
}

#[test]
fn the_next_restore_keeps_what_one_that_was_cut_off_replaced() {
    let home = home();
    cut_off_at_the_end(&home);
    // Refused, and nothing is lost by that either.
    assert_eq!(home.run(&["restore", "backup"]).code, Some(1));
    assert_eq!(tasks(&home, &before(&home)), 2);
    std::fs::rename(before(&home), parent(&home).join(MAKING)).unwrap();
    let said = home.did(&["restore", "backup", "--replace"]);
    let kept = said.lines().find_map(|line| line.strip_prefix("what an interrupted restore replaced is kept as "));
    let kept = kept.unwrap_or_else(|| panic!("{said}"));
    assert_eq!((tasks(&home, Path::new(kept)), tasks(&home, &home.data_dir())), (2, 1));
    assert_eq!(names(&parent(&home)).len(), 3, "and the one that this restore replaced");
}

/// Where the system does not exchange two names in one step, there is a moment without a directory.
#[test]
fn nothing_is_made_in_the_place_of_a_directory_that_a_restore_put_away() {
    let home = home();
    let kept = parent(&home).join("codexmiroir.before-20251013T060000Z");
    std::fs::rename(home.data_dir(), &kept).unwrap();
    std::fs::create_dir(parent(&home).join(MAKING)).unwrap();
    std::fs::write(parent(&home).join(MAKING).join(MARK), "").unwrap();
    let content = names(&parent(&home));
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["task", "list"], &["user", "add", "tom"]] {
        let ran = home.run(arguments);
        let sentence = ran.refusal(1);
        let remedy = format!("mv '{}' '{}'", kept.display(), home.data_dir().display());
        assert!(sentence.contains("was cut off") && sentence.contains(&remedy), "{ran:?}");
    }
    assert_eq!(names(&parent(&home)), content);
    // Nor where somebody, or something, made an empty one meanwhile.
    std::fs::create_dir(home.data_dir()).unwrap();
    assert!(home.run(&["serve", "--listen", "127.0.0.1:0"]).refusal(1).contains("&& mv '"));
    let said = home.did(&["restore", "backup"]);
    assert!(said.contains(MAKING) && said.contains("which an interrupted restore left"), "{said}");
    assert_eq!((tasks(&home, &home.data_dir()), tasks(&home, &kept)), (1, 2));
}

/// Turns of a processor that a restore gets more before each kill.
const TURNS: u64 = 60_000;

/// Killed anywhere, the directory is the old one or the new one, whole, and nothing of the old one is lost.
#[test]
fn kill_9_of_a_restore_in_anothers_place_loses_nothing() {
    let home = home();
    for round in 0_u64.. {
        let mut child = home.command(&["restore", "backup", "--replace"]).spawn().unwrap();
        for _ in 0..round * TURNS {
            std::thread::yield_now();
        }
        let has_ended = child.try_wait().unwrap().is_some();
        let _ = child.kill();
        child.wait().unwrap();
        // A directory that is there has its tasks at every moment.
        let present = tasks(&home, &home.data_dir());
        assert!(present == 1 || present == 2, "round {round}: {present}");
        let ran = home.run(&["restore", "backup", "--replace"]);
        assert_eq!((ran.code, tasks(&home, &home.data_dir())), (Some(0), 1), "{ran:?}");
        let left = names(&parent(&home));
        let kept: Vec<_> = left.iter().filter(|name| name.contains(".before-")).collect();
        assert_eq!(kept.len() + 1, left.len(), "round {round}: {left:?}");
        let counts: Vec<_> = kept.iter().map(|name| tasks(&home, &parent(&home).join(name))).collect();
        assert_eq!(counts.iter().filter(|count| **count == 2).count(), 1, "round {round}: {left:?} {counts:?}");
        if has_ended {
            return;
        }
        // As it was, for the next round.
        let old = kept.iter().zip(counts).find(|(_, count)| *count == 2).unwrap().0;
        std::fs::remove_dir_all(home.data_dir()).unwrap();
        std::fs::rename(parent(&home).join(old), home.data_dir()).unwrap();
        for name in kept.iter().filter(|name| *name != old) {
            std::fs::remove_dir_all(parent(&home).join(name)).unwrap();
        }
    }
}

#[test]
fn an_output_that_takes_nothing_is_told() {
    let home = home();
    // Whoever read it ended: of a backup that is no end as any other.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ran = Ran::of(home.command(&["backup", "--output", "-"]).stdout(writer));
    assert!(ran.code == Some(1) && ran.stderr.contains("it is not whole"), "{ran:?}");
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = home.command(&["backup", "--output", "-"]);
    let ran = Ran::of(command.stdout(full()));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("No space left"), "{ran:?}");
    for (output, words) in [("/dev/full", "is there already"), ("none/file", "No such file"), ("file/", "cannot write")]
    {
        let ran = home.run(&["backup", "--output", output]);
        assert!(ran.refusal(1).contains(words), "{output}: {ran:?}");
    }
    assert_eq!(names(&home.path(".")).iter().filter(|name| name.contains("file")).count(), 0);
}
