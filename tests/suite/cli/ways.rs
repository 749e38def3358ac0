//! Every command three ways: on the database, beside the server that has it, and from elsewhere with a token.

use chrono::{DateTime, FixedOffset, TimeDelta};
use rustix::process::Signal;
use serde_json::Value;

use crate::binary::{Home, Ran, Serving};
use crate::harness::{client, vault};

/// Where a command finds its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// No server runs.
    Alone,
    /// A server runs on the same data directory.
    Beside,
    /// A server runs elsewhere, and somebody has logged in to it.
    Elsewhere,
}

pub const WAYS: [Way; 3] = [Way::Alone, Way::Beside, Way::Elsewhere];

/// An installation with one administrator, lena, and a home in which commands find it in one of the ways.
pub struct Installation {
    /// Of whoever runs the server.
    pub home: Home,
    /// Of whoever types the commands, if that is somebody else.
    guest: Option<Home>,
    pub server: Option<Serving>,
    pub token: String,
}

impl Installation {
    pub fn of(way: Way) -> Installation {
        let home = Home::new();
        home.did(&["user", "add", "lena", "--admin", "--time-zone", "Europe/Berlin", "--language", "en"]);
        let scopes = ["--scope", "read", "--scope", "write", "--scope", "admin"];
        let token = home.did(&[&["token", "create", "lena", "--name", "first"][..], &scopes].concat());
        let server = (way != Way::Alone).then(|| home.serve(&[]));
        let guest = (way == Way::Elsewhere).then(|| {
            let guest = Home::new();
            let ran =
                guest.run_with_input(&["login", &server.as_ref().unwrap().url(""), "--token-stdin"], token.as_bytes());
            assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
            assert!(ran.stdout.contains("as lena (read, write, admin)"), "{}", ran.stdout);
            guest
        });
        Installation { home, guest, server, token: token.trim_end().to_owned() }
    }

    /// The home in which commands are typed.
    pub fn here(&self) -> &Home {
        self.guest.as_ref().unwrap_or(&self.home)
    }

    pub fn did(&self, arguments: &[&str]) -> String {
        self.here().did(arguments)
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        let printed = self.did(&[arguments, &["--json"]].concat());
        assert!(printed.ends_with('\n') && printed.lines().count() == 1, "{printed}");
        serde_json::from_str(&printed).unwrap()
    }

    /// What must be refused with exit code 1, in a sentence that has these words and says where it was asked.
    pub fn refused(&self, arguments: &[&str], words: &[&str]) {
        self.refusal_of(&self.here().run(arguments), arguments, words);
    }

    pub fn refusal_of(&self, ran: &Ran, arguments: &[&str], words: &[&str]) {
        let sentence = ran.refusal(1);
        let place = match (&self.guest, &self.server) {
            (Some(_), Some(server)) => format!("the server {}", server.url("")),
            _ => format!("the data directory {}", self.home.data_dir().display()),
        };
        for word in words.iter().copied().chain([place.as_str()]) {
            assert!(sentence.contains(word), "{arguments:?} does not say {word:?}: {sentence}");
        }
    }

    /// The history's latest summary, which a refused command leaves as it is.
    pub fn latest(&self) -> Value {
        self.json(&["history", "--limit", "1"])["entries"][0].clone()
    }
}

#[test]
fn the_life_of_a_task() {
    for way in WAYS {
        let at = Installation::of(way);
        let added =
            at.did(&["task", "add", "Tax return", "-k", "privat", "-d", "31.12.2099", "-t", "finanzen", "-t", "amt"]);
        assert!(added.starts_with("0000  Tax return → "), "{way:?}: {added}");
        let pinned = ["task", "add", "Concert", "--fixed", "01.06.2099 abends", "--body", "Row 7"];
        assert_eq!(at.did(&pinned), "0001  Concert → later, 01.06.2099 abends\n");

        let list = at.did(&["task", "list"]);
        let lines: Vec<&str> = list.lines().collect();
        assert_eq!(lines.len(), 3, "{list}");
        assert!(lines[0].starts_with("ID    Title       Kategorie  Deadline    Tags           Slot"), "{list}");
        assert!(lines[1].starts_with("0000  Tax return  privat     31.12.2099  finanzen, amt  "), "{list}");
        assert_eq!(lines[2].trim_end(), "0001  Concert     arbeit                                ▪ 01.06.2099 abends");
        assert_eq!(at.json(&["task", "list", "--tag", "amt"])["tasks"][0]["id"], "0000");
        assert_eq!(at.json(&["task", "list", "-q", "Row 7"])["tasks"][0]["title"], "Concert");
        assert_eq!(at.did(&["task", "list", "-k", "arbeit", "--from", "2"]), "no open tasks\n");

        let shown = at.did(&["task", "show", "1"]);
        let facts = "arbeit · offen · fixed to 01.06.2099 abends · 0001-Concert.md\n\nRow 7\n";
        assert_eq!(shown, format!("0001  Concert → later, 01.06.2099 abends\n{facts}"));
        assert_eq!(at.json(&["task", "show", "0001-Concert"])["body"].as_str().unwrap().trim(), "# Concert\n\nRow 7");

        let done = at.did(&["task", "done", "0", "--slot", "13.10.2025 morgens"]);
        assert_eq!(done, "0000-Tax-return  done Mon 13.10. morgens\n");
        assert_eq!(at.did(&["task", "list"]).lines().count(), 2);
        assert_eq!(at.did(&["task", "list", "--all"]).lines().count(), 3);
        assert_eq!(at.did(&["task", "list", "-s", "abgeschlossen"]).lines().count(), 2);
        assert!(at.did(&["task", "reopen", "0"]).starts_with("0000-Tax-return  open → "));
        assert_eq!(
            at.did(&["task", "pin", "0", "2.6.2099", "morgens"]),
            "0000-Tax-return  pinned → later, 02.06.2099 morgens\n"
        );
        assert!(at.did(&["task", "unpin", "0", "1"]).lines().count() == 2);
        assert_eq!(at.did(&["task", "cancel", "0", "1"]), "0000-Tax-return  cancelled\n0001-Concert  cancelled\n");

        let flags = [
            "task",
            "edit",
            "0",
            "--title",
            "Taxes",
            "-k",
            "arbeit",
            "--no-deadline",
            "--no-tags",
            "--body",
            "All of it",
        ];
        assert_eq!(at.did(&flags), "0000-Tax-return  changed\n");
        let task = at.json(&["task", "show", "0"]);
        assert_eq!(
            (&task["title"], &task["kategorie"], &task["deadline"]),
            (&"Taxes".into(), &"arbeit".into(), &Value::Null)
        );
        assert_eq!(task["tags"], serde_json::json!([]));
        let removed = at.did(&["task", "rm", "0"]);
        assert!(removed.starts_with("0000-Tax-return  removed") && removed.contains("codexmiroir undo"), "{removed}");
        at.refused(&["task", "show", "0"], &["no task “0”"]);
        let undone = at.did(&["undo"]);
        assert!(undone.contains("0000-Tax-return.md\ncodexmiroir undo "), "{undone}");
        assert_eq!(at.json(&["task", "show", "0"])["title"], "Taxes");
    }
}

#[test]
fn history_settings_and_timeline() {
    for way in WAYS {
        let at = Installation::of(way);
        assert_eq!(at.did(&["history"]), "nothing was changed yet\n");
        at.did(&["task", "add", "One"]);
        at.did(&["task", "add", "Two"]);
        let history = at.did(&["history"]);
        let rows: Vec<&str> = history.lines().collect();
        assert!(rows[0].starts_with("Generation  When ") && rows[1].contains("added 0001-Two.md"), "{history}");
        assert!(rows[1].starts_with("2  ") && rows[2].ends_with("added 0000-One.md"), "{history}");
        let through = if way == Way::Elsewhere { "token" } else { "cli" };
        assert_eq!(at.json(&["history"])["entries"][0]["through"], through);
        assert!(at.did(&["history", "--limit", "1"]).ends_with("more with --before 2.0\n"));
        assert_eq!(at.json(&["history", "--before", "2"])["entries"][0]["file"], "0000-One.md");
        assert_eq!(at.did(&["history", "1"]).lines().count(), 2);

        assert_eq!(
            at.did(&["settings"]),
            "time zone  Europe/Berlin\nlanguage   en\nhorizon    7 days\ntheme      auto\n"
        );
        let given = ["--time-zone", "asia/tokyo", "--language", "de", "--horizon", "3", "--theme", "dark"];
        let changed = at.did(&[&["settings"][..], &given].concat());
        assert_eq!(changed, "time zone  Asia/Tokyo\nlanguage   de\nhorizon    3 days\ntheme      dark\n");
        assert_eq!(at.json(&["settings"])["timeZone"], "Asia/Tokyo");

        let week = at.did(&["timeline", "--now", "2025-10-13T00:00:00Z"]);
        assert!(week.starts_with("lena · Mo 13.10.2025 · Asia/Tokyo · Regeln: spartan\n"), "{week}");
        assert!(week.contains("0000 One") && week.lines().all(|line| line.chars().count() <= 120), "{week}");
        let mut narrow = at.here().command(&["timeline", "--now", "2025-10-13T00:00:00Z", "--days", "1"]);
        let narrow = Ran::of(narrow.env("COLUMNS", "30")).stdout;
        assert!(
            narrow.contains("0000 One") && narrow.lines().skip(2).all(|line| line.chars().count() <= 30),
            "{narrow}"
        );
        let far = at.json(&["timeline", "--now", "2025-10-13T00:00:00Z", "--days", "20"]);
        assert_eq!(far["timeline"].as_array().unwrap().len(), 20);
        assert_eq!(at.json(&["timeline"])["timeZone"], "Asia/Tokyo");
        let undone = at.did(&["undo", "3"]);
        assert_eq!(undone, "took back 3: the settings or the rules\ncodexmiroir undo 4 brings it back\n");
        assert_eq!(at.json(&["settings"])["language"], "en");
    }
}

#[test]
fn import_and_export() {
    for way in WAYS {
        let at = Installation::of(way);
        let folder = vault("tom");
        let names = || {
            let mut names: Vec<_> =
                std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let count = names().len();
        let dry = at.did(&["import", folder.to_str().unwrap(), "--dry-run"]);
        assert!(dry.contains(&format!("\ndry run: {count} added, 0 replaced")), "{dry}");
        assert_eq!(at.did(&["task", "list"]), "no open tasks\n");
        at.did(&["import", folder.to_str().unwrap()]);

        let (out, home) = (at.here().path("out"), at.here());
        let export = ["export", "--format", "markdown", "--output", "out"];
        assert_eq!(at.did(&export), format!("wrote {count} files into out\n"));
        for name in names() {
            assert!(std::fs::read(out.join(&name)).unwrap() == std::fs::read(folder.join(&name)).unwrap(), "{name:?}");
        }
        // Again it is the same; what differs is not written over unasked, and what is beside stays.
        std::fs::write(out.join("mine.txt"), "mine").unwrap();
        assert_eq!(at.did(&export), format!("wrote {count} files into out, beside 1 others that were there\n"));
        let first = out.join(&names()[0]);
        std::fs::write(&first, "changed").unwrap();
        let ran = home.run(&export);
        assert!(ran.refusal(1).contains("--replace"), "{ran:?}");
        assert_eq!(std::fs::read(&first).unwrap(), b"changed");
        at.did(&[&export[..], &["--replace"]].concat());
        assert!(std::fs::read(&first).unwrap() == std::fs::read(folder.join(&names()[0])).unwrap());

        let tar = home.command(&["export", "--format", "markdown", "--output", "-"]).output().unwrap();
        assert_eq!((tar.status.code(), tar.stderr.as_slice()), (Some(0), &b""[..]));
        let mut archive = tar::Archive::new(tar.stdout.as_slice());
        assert_eq!(
            archive.entries().unwrap().filter(|entry| entry.as_ref().unwrap().header().entry_type().is_file()).count(),
            count
        );
        let whole: Value = serde_json::from_str(&at.did(&["export", "--format", "json", "--output", "-"])).unwrap();
        assert!(whole.to_string().contains("Europe/Berlin"), "{whole}");
        assert_eq!(at.did(&["export", "--format", "json", "-o", "all.json"]), "wrote all.json\n");
        let again = home.run(&["export", "--format", "json", "-o", "all.json"]);
        assert!(again.refusal(1).contains("all.json is there already"), "{again:?}");
        assert!(at.did(&["undo"]).contains(&format!("{count} files")));
        assert_eq!(at.did(&["task", "list", "--all"]), "no tasks\n");
    }
}

#[test]
fn accounts_and_tokens() {
    for way in WAYS {
        let at = Installation::of(way);
        assert_eq!(
            at.did(&["user", "add", "tom", "--time-zone", "UTC"]),
            "added tom (UTC)\ntom has no password to sign in with yet: codexmiroir user passwd tom\n"
        );
        let users = at.did(&["user", "list"]);
        let rows: Vec<&str> = users.lines().collect();
        assert!(rows[0].starts_with("Name  ") && rows[1].starts_with("lena  admin  0  "), "{users}");
        assert!(rows[2].starts_with("tom ") && rows.len() == 3, "{users}");
        assert_eq!(at.json(&["user", "list"])["users"][1]["timeZone"], "UTC");
        assert_eq!(at.did(&["user", "disable", "tom"]), "tom is disabled\n");
        assert!(at.did(&["user", "list"]).contains("disabled"));
        assert_eq!(at.did(&["user", "enable", "tom"]), "tom is enabled\n");
        let password = ["user", "passwd", "tom", "--password-stdin"];
        let ran = at.here().run_with_input(&password, b"correct horse battery\n");
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "tom has a new password\n", ""));
        at.refusal_of(&at.here().run_with_input(&password, b"short\n"), &password, &["12 to 128"]);
        let ran = at.here().run(&["user", "rm", "tom"]);
        assert!(ran.refusal(1).contains("tom with 0 tasks") && ran.stderr.contains("--yes"), "{ran:?}");
        assert_eq!(
            at.did(&["user", "rm", "tom", "--yes"]),
            "removed tom with 0 tasks, the history, tokens and settings\n"
        );
        at.refused(&["user", "disable", "tom"], &["no user tom"]);

        let token = at.did(&["token", "create", "--name", "second", "--expires", "90d", "--scope", "read"]);
        assert!(token.len() == 54 && token.starts_with("cmr_"), "{token:?}");
        let tokens = at.json(&["token", "list"]);
        let tokens = tokens["tokens"].as_array().unwrap();
        let second = tokens.iter().find(|token| token["name"] == "second").unwrap();
        assert_eq!(second["scopes"], serde_json::json!(["read"]));
        assert!(
            second["expiresAt"].is_string() && !tokens.iter().any(|one| one.to_string().contains(token.trim_end()))
        );
        let listed = at.did(&["token", "list"]);
        assert!(listed.contains("second") && listed.contains("for good"), "{listed}");
        let id = second["id"].as_str().unwrap();
        assert_eq!(at.did(&["token", "revoke", id]), format!("revoked {id}\n"));
        assert!(!at.did(&["token", "list"]).contains("second"));
        at.refused(&["token", "revoke", id], &[]);

        let inspected = at.did(&["inspect", "lena", "--timeline"]);
        assert!(
            inspected.starts_with("lena: generation 0, committed ") && inspected.contains("rules: spartan"),
            "{inspected}"
        );
        // By the clock of the user: where she is, and not where the command or the server runs.
        assert_eq!(at.did(&["settings", "--time-zone", "Pacific/Kiritimati"]).lines().count(), 4);
        let shown = at.did(&["inspect", "lena"]);
        let inspected = at.json(&["inspect", "lena", "--timeline"]);
        assert_eq!((&inspected["name"], &inspected["timeline"]["userId"]), (&"lena".into(), &"lena".into()));
        assert_eq!(inspected["timeZone"], "Pacific/Kiritimati");
        let until: DateTime<FixedOffset> = inspected["served"]["validUntil"].as_str().unwrap().parse().unwrap();
        let until = (until + TimeDelta::hours(14)).naive_utc().format("%d.%m.%Y %H:%M").to_string();
        assert!(shown.lines().next().unwrap().ends_with("; all times in Pacific/Kiritimati"), "{shown}");
        assert!(shown.lines().any(|line| line.starts_with("served: ") && line.contains(&until)), "{until}: {shown}");
    }
}

#[test]
fn what_is_wrong_is_said_in_the_words_of_the_api_and_changes_nothing() {
    for way in WAYS {
        let at = Installation::of(way);
        at.did(&["task", "add", "Held", "--fixed", "01.06.2099 abends"]);
        at.did(&["task", "add", "Other"]);
        let before = at.latest();
        for (arguments, words) in [
            (&["task", "add", ""][..], &["title is empty"][..]),
            (&["task", "add", "x", "-k", "hobby"], &["kategorie cannot be “hobby”", "arbeit, privat"]),
            (&["task", "add", "x", "-d", "31.02.2099"], &["deadline is “31.02.2099”"]),
            (&["task", "add", "x", "-f", "01.06.2099 mittags"], &["no slot “mittags”"]),
            (&["task", "add", "x", "-t", ""], &["tags is empty"]),
            (&["task", "list", "-s", "fertig"], &["status must be"]),
            (&["task", "show", "99"], &["no task “99”", "codexmiroir task list --all lists them"]),
            (&["task", "edit", "99", "--title", "x"], &["no task “99”"]),
            (&["task", "edit", "1", "--title", "a\nb"], &["title contains a line break"]),
            (&["task", "done", "99"], &["no task “99”"]),
            (&["task", "done", "1", "-s", "gestern morgens"], &["datum is “gestern”"]),
            (&["task", "cancel", "0042-nothing.md"], &["no task"]),
            (&["task", "reopen", "99"], &["no task “99”"]),
            (&["task", "pin", "1", "01.06.2099 abends"], &["held by “0000 Held”"]),
            (&["task", "unpin", "99"], &["no task “99”"]),
            (&["task", "rm", "99"], &["no task “99”"]),
            (&["undo", "77"], &["no change of generation 77", "codexmiroir history lists them"]),
            (&["token", "revoke", "7"], &["no token “7”", "codexmiroir token list lists them"]),
            (&["history", "99"], &["no task “99”"]),
            (&["history", "--before", "x"], &["before must be"]),
            (&["user", "add", "lena"], &["lena already"]),
            (&["user", "passwd", "nobody", "--password-stdin"], &["no user nobody"]),
            (&["user", "rm", "nobody", "--yes"], &["no user nobody"]),
            (&["inspect", "nobody"], &["no user nobody", "codexmiroir user list shows all"]),
        ] {
            at.refused(arguments, words);
            assert_eq!(at.latest(), before, "{way:?}: {arguments:?} changed something");
        }
        // Of several the right ones are done, and the others named.
        let ran = at.here().run(&["task", "cancel", "98", "1", "99"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), "0001-Other  cancelled\n"));
        let said: Vec<&str> = ran.stderr.lines().collect();
        assert!(said.len() == 3 && said[0].contains("“98”") && said[1].contains("“99”"), "{said:?}");
        assert!(said[2].contains("2 of 3"), "{said:?}");
    }
}

#[tokio::test]
async fn server_and_command_see_each_others_changes_at_once() {
    let at = Installation::of(Way::Beside);
    let server = at.server.as_ref().unwrap();
    let asking = client().build().unwrap();
    for round in 0..5 {
        at.did(&["task", "add", &format!("By command {round}")]);
        let request = asking.get(server.url("/api/tasks")).bearer_auth(&at.token);
        assert!(request.send().await.unwrap().text().await.unwrap().contains(&format!("By command {round}")));
        let body = serde_json::json!({"kategorie": "arbeit", "title": format!("By request {round}")});
        let request = asking.post(server.url("/api/tasks")).bearer_auth(&at.token).json(&body);
        assert_eq!(request.send().await.unwrap().status(), 200);
        assert!(at.did(&["task", "list"]).contains(&format!("By request {round}")));
    }
    // What was done by command is there after the server has gone, and the other way round.
    let mut at = at;
    assert_eq!(at.server.take().unwrap().stop(Signal::TERM).0.code(), Some(0));
    at.did(&["task", "done", "0"]);
    assert_eq!(at.did(&["task", "list"]).lines().count(), 10);
    at.server = Some(at.home.serve(&[]));
    let request = asking.get(at.server.as_ref().unwrap().url("/api/tasks/0")).bearer_auth(&at.token);
    assert_eq!(request.send().await.unwrap().json::<Value>().await.unwrap()["status"], "abgeschlossen");
}

#[test]
fn of_several_users_one_is_named() {
    for way in [Way::Alone, Way::Beside] {
        let at = Installation::of(way);
        at.did(&["user", "add", "tom"]);
        for arguments in [&["timeline"][..], &["task", "list"], &["token", "create"], &["undo"]] {
            let ran = at.home.run(arguments);
            assert!(ran.refusal(1).contains("--user: lena, tom"), "{ran:?}");
        }
        assert_eq!(at.did(&["task", "add", "Mine", "--user", "tom"]).split(" → ").next(), Some("0000  Mine"));
        assert_eq!(at.did(&["task", "list", "--user", "lena"]), "no open tasks\n");
        let ran = Ran::of(at.home.command(&["task", "list"]).env("CODEXMIROIR_USER", "tom"));
        assert!(ran.stdout.contains("Mine"), "{ran:?}");
        at.refused(&["task", "list", "--user", "nobody"], &["no user nobody"]);
    }
    // At a server the token says who it is.
    let at = Installation::of(Way::Elsewhere);
    at.home.did(&["user", "add", "tom"]);
    at.did(&["task", "list", "--user", "lena"]);
    let ran = at.here().run(&["task", "list", "--user", "tom"]);
    assert!(ran.refusal(1).contains("lena's, not tom's"), "{ran:?}");
}
