//! Questions at a terminal: a real one, whose other end is the test.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::ways::{Installation, Way};
use crate::binary::Home;
use crate::secrets::{self, Kind, Place};

/// A command at a terminal of its own.
struct Terminal {
    child: Child,
    line: File,
    seen: String,
}

impl Terminal {
    fn run(home: &Home, arguments: &[&str]) -> Terminal {
        let line = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&line).unwrap();
        unlockpt(&line).unwrap();
        let name = ptsname(&line, Vec::new()).unwrap();
        let other = || OpenOptions::new().read(true).write(true).open(OsStr::from_bytes(name.as_bytes())).unwrap();
        let typed = home.command(arguments);
        // A session of its own, whose terminal this is: secrets are asked at the terminal and not on stdin.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg("--wait").arg(typed.get_program()).args(arguments);
        command.env_clear().envs(typed.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("PATH", "/usr/bin:/bin").current_dir(typed.get_current_dir().unwrap());
        let [input, output, errors] = [other(), other(), other()].map(Stdio::from);
        let child = command.stdin(input).stdout(output).stderr(errors).spawn().unwrap();
        Terminal { child, line: File::from(line), seen: String::new() }
    }

    /// Waits for a question that hides its answer, and answers it.
    fn answer_hidden(&mut self, question: &str, answer: &str) {
        secrets::learn(if question.contains("assword") { Kind::Password } else { Kind::Token }, answer);
        self.expect(question);
        // Whoever types waits for the question too; a program is faster than the switch after it.
        while tcgetattr(&self.line).unwrap().local_modes.contains(LocalModes::ECHO) {
            std::thread::yield_now();
        }
        writeln!(self.line, "{answer}").unwrap();
    }

    fn answer(&mut self, question: &str, answer: &str) {
        self.expect(question);
        writeln!(self.line, "{answer}").unwrap();
    }

    fn expect(&mut self, text: &str) {
        while !self.seen.contains(text) {
            assert!(self.read(), "{text:?} did not come: {:?}", self.seen);
        }
        self.seen = self.seen.split_off(self.seen.find(text).unwrap() + text.len());
    }

    /// Reads on; false at the end, when nobody has the terminal any more.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 1024];
        let count = self.line.read(&mut bytes).unwrap_or(0);
        self.seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        count > 0
    }

    /// The exit code, and what came after the last question.
    fn end(mut self) -> (Option<i32>, String) {
        while self.read() {}
        secrets::must_hold_none(Place::Stderr, &self.seen);
        (self.child.wait().unwrap().code(), self.seen.replace('\r', "").trim().to_owned())
    }
}

#[test]
fn passwords_are_asked_for_twice_and_never_shown() {
    let at = Installation::of(Way::Beside);
    let (first, second) = ("Password (empty for none): ", "Once more: ");
    let add = |name: &str| Terminal::run(&at.home, &["user", "add", name, "--time-zone", "UTC"]);
    let mut terminal = add("tom");
    terminal.answer_hidden(first, "correct horse battery");
    terminal.answer_hidden(second, "correct horse battery");
    assert_eq!(terminal.end(), (Some(0), "added tom (UTC)".to_owned()));
    let mut terminal = add("ada");
    terminal.answer_hidden(first, "");
    let hint = "ada has no password to sign in with yet: codexmiroir user passwd ada";
    assert_eq!(terminal.end(), (Some(0), format!("added ada (UTC)\n{hint}")));
    let mut terminal = add("eve");
    terminal.answer_hidden(first, "correct horse battery");
    terminal.answer_hidden(second, "correct horse bakery");
    let (code, said) = terminal.end();
    assert!(code == Some(1) && said.starts_with("codexmiroir: the two passwords differ"), "{said}");
    // A name that cannot be is told before anybody has thought of a password.
    let (code, said) = add("Eve").end();
    assert!(code == Some(1) && said.contains("a-z, 0-9"), "{said}");

    let mut terminal = Terminal::run(&at.home, &["user", "passwd", "ada"]);
    terminal.answer_hidden("New password: ", "staple horse battery");
    terminal.answer_hidden("Once more: ", "staple horse battery");
    assert_eq!(terminal.end(), (Some(0), "ada has a new password".to_owned()));
    let (code, said) = Terminal::run(&at.home, &["user", "passwd", "nobody"]).end();
    assert!(code == Some(1) && said.contains("no user nobody"), "{said}");
}

#[test]
fn a_token_is_asked_for_and_never_shown() {
    let at = Installation::of(Way::Beside);
    let guest = Home::new();
    let url = at.server.as_ref().unwrap().url("");
    let mut terminal = Terminal::run(&guest, &["login", &url]);
    terminal.answer_hidden("Token: ", &at.token);
    let (code, said) = terminal.end();
    assert_eq!((code, said), (Some(0), format!("logged in to {url} as lena (read, write, admin)")));
    assert_eq!(guest.did(&["task", "list"]), "no open tasks\n");
}

#[test]
fn a_removal_is_asked_about() {
    for way in [Way::Alone, Way::Beside] {
        let at = Installation::of(way);
        at.did(&["user", "add", "tom"]);
        let question = "Remove tom with 0 tasks, the history, tokens and settings for good? [y/N] ";
        for (answer, left, said) in
            [("", 2, "nothing was removed"), ("n", 2, "nothing was removed"), ("y", 1, "removed tom")]
        {
            let mut terminal = Terminal::run(&at.home, &["user", "rm", "tom"]);
            terminal.answer(question, answer);
            let (code, rest) = terminal.end();
            assert!(code == Some(0) && rest.contains(said), "{rest}");
            assert_eq!(at.json(&["user", "list"])["users"].as_array().unwrap().len(), left);
        }
    }
}

#[test]
fn a_document_cannot_speak_to_the_terminal() {
    let at = Installation::of(Way::Alone);
    let body = "red \u{1b}[31m\u{9b}2J\u{7} end\ttab";
    std::fs::create_dir(at.home.path("tasks")).unwrap();
    let document = format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n\n# Title\n\n{body}\n");
    std::fs::write(at.home.path("tasks/0000-Title.md"), document).unwrap();
    at.did(&["import", "tasks"]);
    let shown = at.did(&["task", "show", "0"]);
    assert!(shown.ends_with("red [31m2J end\ttab\n"), "{shown:?}");
    let json = at.did(&["task", "show", "0", "--json"]);
    assert!(!json.trim_end().chars().any(char::is_control), "{json:?}");
    let task: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(task["body"].as_str().unwrap().contains(body));
    let (code, said) = Terminal::run(&at.home, &["export", "--format", "markdown", "-o", "-"]).end();
    assert!(code == Some(2) && said.contains("--output"), "{said}");
}

#[test]
fn a_name_cannot_pass_for_another_by_the_direction_of_its_writing() {
    let at = Installation::of(Way::Alone);
    std::fs::create_dir(at.home.path("tasks")).unwrap();
    // As it would be shown: "Bill exe.pdf". Letters that are written from the right stay.
    let marks = "\u{202e}\u{2066}\u{2067}\u{200f}\u{61c}\u{2028}\u{feff}";
    let title = format!("Bill {marks}fdp.exe \u{5d0}\u{5d1}");
    let document = format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n\n# {title}\n\n{marks}end\n");
    for number in ["0000", "0001"] {
        std::fs::write(at.home.path(&format!("tasks/{number}-\u{202e}x.md")), &document).unwrap();
    }
    let is_plain = |shown: &str| !shown.contains(|c| marks.contains(c));
    at.did(&["import", "tasks"]);
    for arguments in [&["task", "list"][..], &["task", "show", "0"], &["timeline"], &["history"]] {
        let shown = at.did(arguments);
        assert!(is_plain(&shown) && (shown.contains("fdp.exe \u{5d0}\u{5d1}") || shown.contains("-x.md")), "{shown:?}");
    }
    let refused = at.home.run(&["task", "show", "\u{202e}7"]);
    assert!(is_plain(refused.refusal(1)), "{refused:?}");
    // In JSON nothing is lost, on a terminal and elsewhere.
    let (code, shown) = Terminal::run(&at.home, &["export", "--format", "json", "-o", "-"]).end();
    assert!(code == Some(0) && is_plain(&shown), "{shown:?}");
    for json in [shown, at.did(&["task", "list", "--json"])] {
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert!(json.to_string().contains("\u{202e}"), "{json}");
    }
}
