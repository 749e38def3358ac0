//! The old system's blobs, copied to a folder, on their way in.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::Value;

use crate::binary::Home;
use crate::harness::repository;

fn write(root: &Path, path: &str, raw: impl AsRef<[u8]>) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, raw).unwrap();
}

/// What a file that is no plain task becomes, and a word of the reason.
type Expected = BTreeMap<String, (&'static str, &'static str)>;

/// As many tasks as the old system wrote them, with LF or CRLF, lists of one tag a line, quoted keys, and names without a title.
fn plain(root: &Path, count: usize) {
    for number in 200..200 + count {
        let end = if number % 7 == 0 { "\r\n" } else { "\n" };
        let lines = match number % 5 {
            0 => vec!["---", "typ: task", "kategorie: geschäftlich", "status: abgeschlossen", "---", "", "Alt"],
            1 => vec!["---", "typ: task", "\"status\": offen", "kategorie: 'privat'", "tags:", "  - a", "  - b", "---"],
            2 => vec![
                "---",
                "typ: task",
                "status: offen",
                "kategorie: arbeit",
                "fixedSlot: null",
                "deadline: 1.4.2026",
                "---",
            ],
            3 => vec![
                "---",
                "typ: task",
                "status: offen",
                "kategorie: arbeit",
                "fixedSlot:",
                "  datum: 2026-04-01",
                "  zeit: Morgens",
                "---",
            ],
            _ => vec![
                "---",
                "typ: task",
                "status: offen",
                "kategorie: arbeit",
                "tags: []",
                "---",
                "# Titel",
                "",
                "- [ ] x",
            ],
        };
        let name = match number % 4 {
            0 => format!("{number:04}.md"),
            1 => format!("{number:04}-.md"),
            2 => format!("{number:04}-Stra\u{df}e #{number}%20.md"),
            _ => format!("{number:04}-aufgabe.md"),
        };
        write(root, &format!("raw/anna/tasks/{name}"), lines.join(end));
    }
}

/// A layout of 300 task files of a user, with everything odd that the old system left behind, beside another user's.
fn layout(root: &Path) -> Expected {
    let mut expected = Expected::new();
    let odd = repository("fixtures/odd/tasks");
    for entry in fs::read_dir(&odd).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        write(root, &format!("raw/anna/tasks/{name}"), fs::read(entry.path()).unwrap());
    }
    let count = fs::read_dir(&odd).unwrap().count();
    plain(root, 300 - count);
    assert_eq!(fs::read_dir(root.join("raw/anna/tasks")).unwrap().count(), 300);
    let task = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n";
    for (path, raw, fate, word) in [
        ("raw/anna/tasks/0600-gross.md", [task, &"x".repeat(70_000)].concat(), "skipped", "64 KiB"),
        ("raw/anna/tasks/0601-GROSS.MD", task.to_owned(), "skipped", "lower case"),
        ("raw/anna/tasks/0602.md.bak", task.to_owned(), "skipped", "no Markdown"),
        ("raw/anna/tasks/999999999.md", task.to_owned(), "skipped", "99999999"),
        ("raw/anna/tasks/alt/0603-tief.md", task.to_owned(), "skipped", "move it up"),
        ("raw/anna/notizen.md", "# Notizen".to_owned(), "skipped", "not in the folder tasks"),
        ("state/anna/lastHeadSha.txt", "abc".to_owned(), "skipped", "not needed"),
        ("state/anna/cacheVersion.txt", "7".to_owned(), "skipped", "not needed"),
        ("artifacts/anna/timeline_7.json", "{}".to_owned(), "skipped", "not needed"),
        ("artifacts/anna/html/week.html", "<p>".to_owned(), "skipped", "not needed"),
        ("state/ghost/nextId.txt", "9".to_owned(), "skipped", "not part"),
        ("README.md", "# Kopie".to_owned(), "skipped", "not part"),
    ] {
        write(root, path, raw);
        // What goes to the server is named there as it is in an archive.
        let is_sent = path.ends_with("gross.md") || path.ends_with("999999999.md");
        let shown = if is_sent { path.rsplit('/').next().unwrap() } else { path };
        expected.insert(shown.to_owned(), (fate, word));
    }
    symlink("/etc/passwd", root.join("raw/anna/tasks/0604-link.md")).unwrap();
    symlink("/etc", root.join("raw/anna/ordner")).unwrap();
    expected.insert("raw/anna/tasks/0604-link.md".to_owned(), ("skipped", "symbolic link"));
    expected.insert("raw/anna/ordner".to_owned(), ("skipped", "not in the folder tasks"));
    write(root, "state/anna/nextId.txt", "20017\r\n");
    expected.insert("nextId.txt".to_owned(), ("taken", ""));
    write(root, "raw/bob/tasks/0001-bobs.md", task);
    write(root, "state/bob/nextId.txt", "0002");
    write(root, "artifacts/bob/timeline_1.json", "{}");
    expected.insert("raw/bob".to_owned(), ("skipped", "--from"));
    expected
}

fn lines(report: &str) -> BTreeMap<String, (String, String)> {
    let report: Value = serde_json::from_str(report).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let files = report["files"].as_array().unwrap();
    let lines: BTreeMap<_, _> =
        files.iter().map(|line| (text(&line["file"]), (text(&line["fate"]), text(&line["reason"])))).collect();
    assert_eq!(lines.len(), files.len(), "a file is told of twice");
    lines
}

fn export(home: &Home, user: &str, name: &str) -> Value {
    let path = home.path(name);
    home.did(&[
        "export",
        "--user",
        user,
        "--format",
        "json",
        "--history",
        "--replace",
        "--output",
        path.to_str().unwrap(),
    ]);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn each_file_of_the_old_layout_is_there_or_in_the_report_with_the_reason() {
    let home = Home::new();
    home.user_with_token("anna");
    let root = home.path("old");
    let expected = layout(&root);
    let path = root.to_str().unwrap();
    let before = home.content_read();
    let dry = home.did(&["import", path, "--user", "anna", "--dry-run", "--json"]);
    assert!(home.content_read() == before, "a dry run changed something");
    let real = home.did(&["import", path, "--user", "anna", "--json"]);
    let report = lines(&real);
    assert_eq!(lines(&dry), report);
    let json: Value = serde_json::from_str(&real).unwrap();
    assert_eq!(
        (&json["source"], &json["from"], &json["nextAvailableId"]),
        (&"oldLayout".into(), &"anna".into(), &"20017".into())
    );
    for (file, (fate, word)) in &expected {
        let (told, reason) = report.get(file).unwrap_or_else(|| panic!("{file} is not in {report:#?}"));
        assert!(told == fate && reason.contains(word), "{file}: {told} {reason}");
    }

    // Whatever is taken is there, byte for byte, and nothing else.
    let export = export(&home, "anna", "anna.json");
    home.did(&["export", "--user", "anna", "--format", "markdown", "--output", home.path("out").to_str().unwrap()]);
    let mut taken = 0;
    for entry in fs::read_dir(root.join("raw/anna/tasks")).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let out = home.path("out").join(&name);
        match report.get(&name).map(|(fate, _)| fate.as_str()) {
            Some("added" | "unreadable") => {
                assert!(fs::read(&out).unwrap() == fs::read(entry.path()).unwrap(), "{name}");
                taken += 1;
            }
            Some(_) => assert!(!out.exists(), "{name}"),
            None => assert!(entry.path().is_dir() || report.contains_key(&format!("raw/anna/tasks/{name}")), "{name}"),
        }
    }
    assert_eq!((taken, export["documents"].as_array().unwrap().len()), (299, 299), "all but notes.md");
    assert_eq!((&export["nextAvailableId"], &export["generation"]), (&"20017".into(), &1.into()));

    // Again it changes nothing, and one undo takes all of it back.
    let again = lines(&home.did(&["import", path, "--user", "anna", "--json"]));
    assert!(
        again.values().all(|(fate, _)| matches!(fate.as_str(), "unchanged" | "unreadable" | "skipped")),
        "{again:#?}"
    );
    assert_eq!(self::export(&home, "anna", "again.json"), export);
    home.did(&["undo", "--user", "anna"]);
    let after = self::export(&home, "anna", "after.json");
    assert_eq!((after["documents"].as_array().unwrap().len(), &after["nextAvailableId"]), (0, &"20017".into()));
}

#[test]
fn whose_tasks_of_the_old_layout_are_meant_is_found_out_or_asked() {
    let home = Home::new();
    home.user_with_token("carla");
    let (root, task) = (home.path("old"), "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n");
    let path = root.to_str().unwrap();
    write(&root, "raw/Anna/tasks/0001-annas.md", task);
    // The only one is meant, whatever the name.
    let text = home.did(&["import", path, "--user", "carla", "--dry-run"]);
    assert!(
        text.starts_with(&format!("{path}: the old system's folder, tasks of Anna\n0001-annas.md: added\n")),
        "{text}"
    );
    write(&root, "raw/bob/tasks/0001-bobs.md", task);
    let ran = home.run(&["import", path, "--user", "carla"]);
    let sentence = ran.refusal(1);
    assert!(sentence.contains("carla") && sentence.contains("--from: Anna, bob"), "{sentence}");
    let ran = home.run(&["import", path, "--user", "carla", "--from", "carla"]);
    assert!(ran.refusal(1).contains("Anna, bob"), "{ran:?}");
    let text = home.did(&["import", path, "--user", "carla", "--from", "bob"]);
    assert!(text.contains("0001-bobs.md: added\n") && text.contains("raw/Anna: left out"), "{text}");
    // Of several the one of the same name is, however it is written.
    home.did(&["user", "add", "anna"]);
    let text = home.did(&["import", path, "--user", "anna"]);
    assert!(text.contains("tasks of Anna") && text.contains("0001-annas.md: added\n"), "{text}");
    // A number that is none changes nothing.
    for (number, word) in
        [("zwölf", "not a number"), ("", "not a number"), ("-5", "not a number"), ("99999999999999", "above")]
    {
        write(&root, "state/bob/nextId.txt", number);
        let text = home.did(&["import", path, "--user", "carla", "--from", "bob"]);
        assert!(text.contains("nextId.txt: left out: ") && text.contains(word), "{text}");
        assert!(text.ends_with("the next new task gets the number 0002\n"), "{text}");
    }
    fs::create_dir(home.path("plain")).unwrap();
    write(&home.path("plain"), "0001.md", task);
    let ran = home.run(&["import", home.path("plain").to_str().unwrap(), "--user", "carla", "--from", "bob"]);
    assert!(ran.refusal(2).contains("--from"), "{ran:?}");
}

#[test]
fn an_export_is_imported_by_the_command_and_another_file_is_not() {
    let home = Home::new();
    home.user_with_token("anna");
    home.did(&["user", "add", "berta"]);
    let vault = crate::harness::vault("tom");
    home.did(&["import", vault.to_str().unwrap(), "--user", "anna"]);
    home.did(&["task", "done", "2", "--user", "anna"]);
    let first = export(&home, "anna", "anna.json");
    let path = home.path("anna.json");
    let text = home.did(&["import", path.to_str().unwrap(), "--user", "berta"]);
    let head = format!("{}: an export in JSON\n", path.display());
    assert!(text.starts_with(&head) && text.contains("history: taken over\n"), "{text}");
    let second = export(&home, "berta", "berta.json");
    for part in ["documents", "settings", "rules", "nextAvailableId"] {
        assert_eq!(second[part], first[part], "{part}");
    }
    let history = home.did(&["history", "--user", "berta", "--limit", "500"]);
    assert!(history.contains("brought"), "{history}");
    // Editors of some systems put a byte order mark before it.
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&b"\xef\xbb\xbf"[..], &whole].concat()).unwrap();
    assert!(home.did(&["import", path.to_str().unwrap(), "--user", "berta"]).contains("\n0 added, 0 replaced, "));
    let pipe = home.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut piped = home.command(&["import", pipe.to_str().unwrap(), "--user", "berta"]).spawn().unwrap();
    fs::copy(&path, &pipe).unwrap();
    assert!(piped.wait().unwrap().success());
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let ran = home.run(&["import", path.to_str().unwrap(), "--user", "berta"]);
    assert!(ran.refusal(1).contains("not whole"), "{ran:?}");
    fs::write(&path, "---\ntyp: task\n").unwrap();
    let ran = home.run(&["import", path.to_str().unwrap(), "--user", "berta"]);
    assert!(ran.refusal(1).contains("neither a folder"), "{ran:?}");
    assert_eq!(export(&home, "berta", "berta-again.json"), second);
}
