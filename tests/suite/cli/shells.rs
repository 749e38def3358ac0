//! Completions and manual pages, as the programs that read them take them.

use std::process::Command;

use crate::binary::Home;
use crate::browser::{found, must_be_complete};

/// Whether a program is installed. Where tests must be complete it has to be, else it is said what is lacking.
fn is_there(program: &str) -> bool {
    let is_there = found(&[program]).is_some();
    if !is_there {
        let lacking = format!("this test needs {program} (Debian: apt-get install zsh fish groff-base)");
        assert!(!must_be_complete(), "{lacking}");
        eprintln!("NOT TESTED: {lacking}");
    }
    is_there
}

#[test]
fn the_shells_take_their_completions() {
    let home = Home::new();
    for (shell, check) in [("bash", &["-n"][..]), ("zsh", &["-n"]), ("fish", &["--no-execute"])] {
        let script = home.did(&["completions", shell]);
        for word in ["healthcheck", "passwd", "data-dir", "no-deadline"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        std::fs::write(home.path(shell), script).unwrap();
        if is_there(shell) {
            let read = Command::new(shell).args(check).arg(home.path(shell)).output().unwrap();
            assert!(
                read.status.success() && read.stderr.is_empty(),
                "{shell}: {}",
                String::from_utf8_lossy(&read.stderr)
            );
        }
    }
    if is_there("bash") {
        // What Tab gives, asked as bash asks.
        let ask = "source \"$0\"; COMP_WORDS=(codexmiroir task pi); COMP_CWORD=2; \
                   _codexmiroir codexmiroir pi task 2>/dev/null; echo \"${COMPREPLY[*]}\"";
        let asked = Command::new("bash").arg("-c").arg(ask).arg(home.path("bash")).output().unwrap();
        assert_eq!(String::from_utf8(asked.stdout).unwrap(), "pin\n");
    }
}

#[test]
fn the_manual_pages_can_be_read() {
    let home = Home::new();
    let page = home.did(&["man"]);
    assert!(page.contains(".TH") && page.contains("codexmiroir"), "{page}");
    home.did(&["man", "--output", "pages/man1"]);
    let pages = home.path("pages/man1");
    let mut names: Vec<String> =
        std::fs::read_dir(&pages).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    for name in [
        "codexmiroir.1",
        "codexmiroir-serve.1",
        "codexmiroir-task.1",
        "codexmiroir-task-add.1",
        "codexmiroir-user-rm.1",
    ] {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
    if is_there("groff") {
        for name in &names {
            let read = Command::new("groff")
                .args(["-man", "-Tutf8", "-P-cbou", "-ww"])
                .arg(pages.join(name))
                .output()
                .unwrap();
            let (text, faults) = (String::from_utf8_lossy(&read.stdout), String::from_utf8_lossy(&read.stderr));
            assert!(read.status.success() && faults.is_empty(), "{name}: {faults}");
            assert!(text.contains("SYNOPSIS"), "{name}: {text}");
        }
    }
    std::fs::write(home.path("file"), "").unwrap();
    let ran = home.run(&["man", "--output", "file/below"]);
    assert!(ran.refusal(1).contains("file/below"), "{ran:?}");
}
