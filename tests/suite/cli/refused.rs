//! Bad input on the command line: one sentence, the right exit code, and nothing changed.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::process::geteuid;

use crate::binary::{Home, Ran};
use crate::harness::{repository, vault};

/// Runs what must be refused with this exit code, in a sentence that has these words.
fn refused(home: &Home, arguments: &[&str], code: i32, words: &[&str]) {
    let before = home.content();
    let ran = home.run(arguments);
    said(&ran, arguments, code, words);
    assert!(home.content() == before, "{arguments:?} changed something");
}

/// As [`refused`], where the command has to open the database before it can tell.
fn refused_once_open(home: &Home, arguments: &[&str], code: i32, words: &[&str]) {
    let before = home.content_read();
    said(&home.run(arguments), arguments, code, words);
    assert!(home.content_read() == before, "{arguments:?} changed something");
}

fn said(ran: &Ran, arguments: &[&str], code: i32, words: &[&str]) {
    let sentence = ran.refusal(code);
    for word in words {
        assert!(sentence.contains(word), "{arguments:?} does not say {word:?}: {sentence}");
    }
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let home = Home::new();
    std::fs::create_dir(home.path("tasks")).unwrap();
    let now = |now| ["plan", "tasks", "--now", now];
    for (arguments, words) in [
        (&["plan"][..], &["<DIR>"][..]),
        (&["plan", "tasks", "--fromat", "json"], &["'--fromat'", "'--format'"]),
        (&["plan", "tasks", "--format", "xml"], &["'xml'", "text, json"]),
        (&["plan", "tasks", "more"], &["'more'"]),
        (&["plan", "tasks", "--time-zone", "Europe/Atlantis"], &["'Europe/Atlantis'", "Europe/Berlin"]),
        (&["plan", "tasks", "--time-zone", ""], &["--time-zone"]),
        (&["plan", "tasks", "--time-zone", "+02:00"], &["Europe/Berlin"]),
        (&["plan", "tasks", "--days", "0"], &["from 1 to 366"]),
        (&["plan", "tasks", "--days", "367"], &["from 1 to 366"]),
        (&["plan", "tasks", "--days", "-1"], &["-1"]),
        (&["plan", "tasks", "--days", "seven"], &["from 1 to 366"]),
        (&now("gestern"), &["RFC 3339", "2025-10-13T08:00:00+02:00"]),
        (&now("2025-10-13"), &["RFC 3339"]),
        (&now("2025-02-31T08:00:00Z"), &["RFC 3339"]),
        (&now("0000-01-01T00:00:00Z"), &["1970 to 9997"]),
        (&now("9999-12-31T23:59:59Z"), &["1970 to 9997"]),
        (&["serve", "--listen", "localhost"], &["'localhost'", "127.0.0.1:8484"]),
        (&["serve", "--listen", "127.0.0.1:99999"], &["127.0.0.1:8484"]),
        (&["serve", "--hot-map", "1GB"], &["128MiB"]),
        (&["serve", "--public-url", "tasks"], &["https://"]),
        (&["serve", "now"], &["'now'"]),
        (&["import"], &["<PATH>"]),
        (&["timeline", "--days", "0"], &["from 1 to 366"]),
        (&["task", "list", "--limit", "0"], &["from 1 on"]),
        (&["undo", "last"], &["codexmiroir history"]),
        (&["timeline", "--now", "jetzt"], &["RFC 3339"]),
        (&["task", "add"], &["<TITLE>"]),
        (&["task", "add", "x", "--fixed", "15.10.2025"], &["15.10.2025 morgens"]),
        (&["task", "list", "--status", "offen", "--all"], &["--all"]),
        (&["task", "list", "--from", "x"], &["--from"]),
        (&["task", "show"], &["<ID>"]),
        (&["task", "edit", "1", "--deadline", "1.1.2026", "--no-deadline"], &["--no-deadline"]),
        (&["task", "edit", "1", "--tag", "a", "--no-tags"], &["--no-tags"]),
        (&["task", "done"], &["<ID>"]),
        (&["task", "done", "1", "--slot", "morgens"], &["15.10.2025 morgens"]),
        (&["task", "cancel"], &["<ID>"]),
        (&["task", "reopen"], &["<ID>"]),
        (&["task", "pin", "1"], &["<SLOT>"]),
        (&["task", "unpin"], &["<ID>"]),
        (&["task", "rm"], &["<ID>"]),
        (&["undo", "last"], &["'last'"]),
        (&["history", "--limit", "0"], &["--limit"]),
        (&["settings", "--time-zone", "Mars/Olympus"], &["Europe/Berlin"]),
        (&["settings", "--language", "fr"], &["en, de"]),
        (&["settings", "--horizon", "0"], &["from 1 to 366"]),
        (&["export"], &["--format", "--output"]),
        (&["export", "--format", "xml", "-o", "x"], &["markdown, json, csv, ics"]),
        (&["inspect"], &["<USER>"]),
        (&["healthcheck", "nowhere"], &["https://"]),
        (&["completions"], &["<SHELL>"]),
        (&["completions", "cmd"], &["bash"]),
        (&["login"], &["<URL>"]),
        (&["user", "add"], &["<NAME>"]),
        (&["user", "add", "lena", "--time-zone", "Mars/Olympus"], &["Europe/Berlin"]),
        (&["user", "add", "lena", "--password", "secret"], &["'--password'", "'--password-stdin'"]),
        (&["token", "create", "lena", "--scope", "all"], &["read, write, feed, admin"]),
        (&["token", "create", "lena", "--expires", "soon"], &["90d"]),
        (&["token", "revoke"], &["<ID>"]),
        (&["user", "rm"], &["<NAME>"]),
        (&["serv"], &["'serv'", "'serve'"]),
        (&["--data-dir"], &["--data-dir"]),
    ] {
        refused(&home, arguments, 2, words);
    }
}

#[test]
fn folders_and_rules_that_are_not_there_or_not_right() {
    let home = Home::new();
    std::fs::create_dir(home.path("tasks")).unwrap();
    std::fs::write(home.path("file.md"), "# Kein Ordner").unwrap();
    std::fs::write(home.path("broken.rhai"), "fn slots(day, slots) {\n    [ slot( ]\n}\n").unwrap();
    std::fs::write(home.path("empty.rhai"), "").unwrap();
    std::fs::write(home.path("binary.rhai"), [0, 159, 146, 150]).unwrap();
    std::fs::write(home.path("large.rhai"), "// ".repeat(16 * 1024)).unwrap();
    home.user_with_token("lena");
    for (path, words) in [("missing", ["missing", "0001-Title.md"]), ("file.md", ["file.md", "0001-Title.md"])] {
        refused(&home, &["plan", path], 1, &words);
        refused(&home, &["import", path, "--user", "lena"], 1, &words);
        refused(&home, &["import", path, "--user", "lena", "--dry-run", "--json"], 1, &words);
    }
    for (file, words) in [
        ("missing.rhai", &["missing.rhai"][..]),
        ("tasks", &["tasks"]),
        ("broken.rhai", &["broken.rhai", "line 2"]),
        ("empty.rhai", &["empty.rhai", "slots(day, slots)"]),
        ("binary.rhai", &["binary.rhai", "UTF-8"]),
        ("large.rhai", &["large.rhai", "16"]),
    ] {
        refused(&home, &["plan", "tasks", "--rules", file], 1, words);
        refused(&home, &["serve", "--listen", "127.0.0.1:0", "--rules", file], 1, words);
    }
}

#[test]
fn users_that_are_unknown_taken_or_badly_named() {
    let home = Home::new();
    let folder = vault("lena");
    let folder = folder.to_str().unwrap();
    let nobody = [
        &["timeline", "--user", "nobody"][..],
        &["token", "create", "nobody"],
        &["import", folder, "--user", "nobody"],
    ];
    for arguments in nobody {
        refused(&home, arguments, 1, &["no database", "codexmiroir user add NAME", "--data-dir"]);
    }
    let long = "a".repeat(40);
    for name in ["", "Lena", "lena lena", "../lena", ".lena", "-", "löna", "a..b", "a.lock", "a.", "a/b", &long] {
        refused(&home, &["user", "add", "--", name], 1, &["a-z, 0-9"]);
    }
    for password in [&b""[..], b"\n", b"elevenchars", b"elf zeichen\nund noch eine Zeile", &[b'x'; 129]] {
        let before = home.content();
        let ran = home.run_with_input(&["user", "add", "lena", "--password-stdin"], password);
        assert!(ran.refusal(1).contains("12 to 128 characters"), "{ran:?}");
        assert!(home.content() == before);
    }
    let ran = home.run_with_input(&["user", "add", "lena", "--password-stdin"], &[0xff; 20]);
    assert!(ran.refusal(1).contains("UTF-8"), "{ran:?}");
    assert_eq!(home.content(), [], "no refused first user leaves a database behind");

    home.user_with_token("lena");
    for arguments in nobody {
        refused_once_open(&home, arguments, 1, &["no user nobody", "codexmiroir user add NAME"]);
    }
    refused_once_open(&home, &["user", "add", "lena"], 1, &["lena already"]);
    refused_once_open(&home, &["token", "create", "lena", "--name", &"x".repeat(65)], 1, &["64 characters"]);
    refused_once_open(&home, &["token", "create", "lena", "--name", "a\nb"], 1, &["line break"]);
}

#[test]
fn a_second_server_is_refused_with_the_firsts_address() {
    let home = Home::new();
    home.user_with_token("lena");
    let server = home.serve(&[]);
    let address = format!("http://{}", server.address);
    let same_port = server.address.to_string();
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["serve", "--listen", &same_port]] {
        refused(&home, arguments, 1, &[&address, "stop"]);
    }
}

#[test]
fn a_port_in_use_is_refused_and_nothing_is_made() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = Home::new();
    let words = ["cannot listen on", &address, "--listen"];
    refused(&home, &["serve", "--listen", &address], 1, &words);
    refused(&home, &["serve", "--listen", &address, "--demo"], 1, &words);
    refused(&home, &["serve", "--listen", "192.0.2.1:0"], 1, &["192.0.2.1:0", "--listen"]);
    home.user_with_token("lena");
    refused_once_open(&home, &["serve", "--listen", &address], 1, &words);
}

#[test]
fn the_demo_stays_on_this_machine() {
    let home = Home::new();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        refused(&home, &["serve", "--demo", "--listen", address], 1, &["loopback", "127.0.0.1"]);
    }
}

#[test]
fn a_data_directory_that_is_a_file_or_not_writable() {
    let home = Home::new();
    std::fs::write(home.path("file"), "x").unwrap();
    for data_dir in ["file", "file/below"] {
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["user", "add", "lena"]] {
            refused(&home, &[command, &["--data-dir", data_dir]].concat(), 1, &[data_dir, "--data-dir"]);
        }
    }
    for name in ["locked", "locked-and-there"] {
        let locked = home.path(name);
        std::fs::create_dir(&locked).unwrap();
        std::fs::set_permissions(&locked, PermissionsExt::from_mode(0o555)).unwrap();
        let inside = if name == "locked" { locked.join("data") } else { locked };
        let inside = inside.to_str().unwrap();
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["user", "add", "lena"]] {
            let arguments = [command, &["--data-dir", inside]].concat();
            let mut command = as_somebody_ordinary(&home, &arguments);
            let before = home.content();
            let ran = Ran::of(&mut command);
            said(&ran, &arguments, 1, &[inside, "--data-dir"]);
            assert!(home.content() == before, "{arguments:?} changed something");
        }
    }
}

/// The program as a user whom permissions bind: whoever runs the tests, unless that is root.
fn as_somebody_ordinary(home: &Home, arguments: &[&str]) -> Command {
    const NOBODY: u32 = 65_534;
    let mut command = home.command(arguments);
    if geteuid().is_root() {
        // Where nobody finds it: the build's folder may be closed to others.
        let program = home.path("program");
        if !program.exists() {
            // By a process of its own: a program that somebody still has open for writing cannot be run.
            let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_codexmiroir")).arg(&program).status();
            assert!(copied.unwrap().success());
            std::fs::set_permissions(home.path("."), PermissionsExt::from_mode(0o755)).unwrap();
        }
        command = Command::new(&program);
        command.args(arguments).env_clear().env("HOME", home.path(".")).env("LC_ALL", "C");
        command.current_dir("/").uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Writes a database with this table, as another program or another version would.
fn database(path: &Path, table: &str, key: &str, value: &[u8]) {
    let definition: redb::TableDefinition<'_, &str, &[u8]> = redb::TableDefinition::new(table);
    let database = redb::Database::create(path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(definition).unwrap().insert(key, value).unwrap();
    transaction.commit().unwrap();
}

/// Its name, how it is made, and what the refusal says.
type Case = (&'static str, fn(&Path), &'static [&'static str]);

#[test]
fn databases_that_are_not_ours_are_left_as_they_are() {
    let newer: fn(&Path) = |path| database(path, "meta", "schema", &99_u32.to_be_bytes());
    let torn: fn(&Path) = |path| {
        database(path, "meta", "schema", &1_u32.to_be_bytes());
        let whole = std::fs::read(path).unwrap();
        std::fs::write(path, &whole[..whole.len() / 2]).unwrap();
    };
    let cases: [Case; 6] = [
        ("newer", newer, &["newer version", "99"]),
        ("other", |path| database(path, "recipes", "soup", b"salt"), &["not a CodexMiroir database", "--data-dir"]),
        ("text", |path| std::fs::write(path, "Einkaufsliste\n").unwrap(), &["not a CodexMiroir database"]),
        ("noise", |path| std::fs::write(path, [7; 100_000]).unwrap(), &["not a CodexMiroir database"]),
        ("folder", |path| std::fs::create_dir(path).unwrap(), &["codexmiroir.redb"]),
        ("torn", torn, &["codexmiroir.redb"]),
    ];
    for (name, make, words) in cases {
        let home = Home::new();
        std::fs::create_dir(home.path(name)).unwrap();
        make(&home.path(name).join("codexmiroir.redb"));
        let folder = repository("fixtures/odd/tasks");
        for command in [
            &["serve", "--listen", "127.0.0.1:0"][..],
            &["user", "add", "lena"],
            &["token", "create", "lena"],
            &["timeline", "--user", "lena"],
            &["import", folder.to_str().unwrap(), "--user", "lena"],
        ] {
            refused(&home, &[command, &["--data-dir", name]].concat(), 1, words);
        }
    }
}
