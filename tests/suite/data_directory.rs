//! The data directory: whose it must be, who may look into it, and what is said when its server cannot be reached.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::binary::Home;
use crate::secrets::{self, Place};

/// Starts a server and stops it once it accepts: what it logged.
fn log_of(serve: &mut Command) -> String {
    let mut child = serve.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on "), "{line:?}");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    let mut log = String::new();
    child.stderr.unwrap().read_to_string(&mut log).unwrap();
    secrets::must_hold_none(Place::Stderr, &log);
    log
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn a_server_tells_once_that_others_can_look_into_its_directory() {
    let home = Home::new();
    home.did(&["user", "add", "lena"]);
    let data_dir = home.data_dir();
    let mode = || std::fs::metadata(&data_dir).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o700, "made for its owner alone");
    let mut serve = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    let warning = |log: &str| log.matches("is open to other users").count();
    assert_eq!(warning(&log_of(&mut serve)), 0);
    for wide in [0o750, 0o755, 0o701] {
        set_mode(&data_dir, wide);
        let log = log_of(&mut serve);
        assert_eq!(warning(&log), 1, "{log}");
        assert!(log.contains(&format!("chmod 700 '{}'", data_dir.display())), "{log}");
        assert!(log.contains(&format!("mode {wide:o}")), "{log}");
        assert_eq!(mode(), wide, "its owner may have meant it");
        home.did(&["user", "list"]);
    }
}

#[test]
fn a_directory_of_somebody_else_is_refused() {
    const SOMEBODY: u32 = 54_321;
    let home = Home::new();
    let mut dir = home.path("theirs");
    std::fs::DirBuilder::new().mode(0o777).create(&dir).unwrap();
    home.did(&["user", "add", "lena", "--data-dir", dir.to_str().unwrap()]);
    let owner = if geteuid().is_root() {
        chown(&dir, Some(SOMEBODY), Some(SOMEBODY)).unwrap();
        SOMEBODY
    } else {
        // There is no need for a database to see whose it is.
        dir = "/".into();
        0
    };
    let dir = dir.to_str().unwrap();
    let before = home.content_read();
    for arguments in
        [&["user", "add", "tom", "--data-dir", dir][..], &["serve", "--listen", "127.0.0.1:0", "--data-dir", dir]]
    {
        let ran = home.run(arguments);
        let sentence = ran.refusal(1);
        for words in ["belongs to the user with the id", &format!("sudo -u '#{owner}'"), "--data-dir", dir] {
            assert!(sentence.contains(words), "{sentence}");
        }
    }
    assert!(home.content_read() == before, "something was changed");
}

#[test]
fn a_server_whose_socket_was_removed_is_named() {
    let home = Home::new();
    home.did(&["user", "add", "lena"]);
    let server = home.serve(&[]);
    std::fs::remove_file(home.data_dir().join("control.sock")).unwrap();
    for arguments in [&["task", "list"][..], &["serve", "--listen", "127.0.0.1:0"], &["healthcheck"]] {
        let ran = home.run(arguments);
        let sentence = ran.refusal(1);
        for words in [&*server.url(""), "control socket was removed", "restart that server"] {
            assert!(sentence.contains(words), "{arguments:?}: {sentence}");
        }
    }
    let (ended, _) = server.stop(Signal::TERM);
    assert!(ended.success());
    // What it said is true: another one makes it anew.
    let again = home.serve(&[]);
    assert_eq!(home.did(&["healthcheck"]), "ready\n");
    drop(again);
}
