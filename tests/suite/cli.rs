//! The command line: the real binary, every command and every flag.

mod accounts;
mod at_once;
mod editing;
mod explained;
mod exports;
mod logins;
mod old_layout;
mod previews;
mod refused;
mod rules;
mod secrets;
mod shells;
mod terminal;
mod tls;
mod ways;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;

use crate::binary::{Home, Ran};
use crate::harness::{MONDAY, client, repository, vault};

const AT_MONDAY: [&str; 4] = ["--now", MONDAY, "--time-zone", "Europe/Berlin"];

/// What `plan` prints of a folder on the vault's Monday.
fn plan(folder: &Path, more: &[&str]) -> String {
    let mut arguments = vec!["plan", folder.to_str().unwrap()];
    arguments.extend(AT_MONDAY);
    arguments.extend(more);
    let home = Home::new();
    let printed = home.did(&arguments);
    assert_eq!(home.content(), [], "plan wrote something");
    printed
}

/// Writes a script where commands are typed; its path.
fn script(home: &Home, name: &str, text: &str) -> String {
    let path = home.path(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The one line of JSON that was printed, laid out for a snapshot.
fn laid_out(printed: &str) -> String {
    assert!(printed.starts_with("{\"userId\":") && printed.ends_with("}\n"), "{printed}");
    assert_eq!(printed.lines().count(), 1);
    serde_json::to_string_pretty(&serde_json::from_str::<Value>(printed).unwrap()).unwrap()
}

/// Each command, and what its help says.
const HELP: &[(&[&str], &[&str])] = &[
    (
        &[],
        &[
            "timeline",
            "task",
            "undo",
            "history",
            "settings",
            "import",
            "export",
            "login",
            "logout",
            "serve",
            "plan",
            "rules",
            "user",
            "token",
            "sync",
            "inspect",
            "healthcheck",
            "config",
            "completions",
            "man",
            "--data-dir <DIR>",
            "--config <FILE>",
            "--server <URL>",
            "--user <NAME>",
            "CODEXMIROIR_USER",
        ],
    ),
    (&["serve"], &["--listen <ADDR>", "127.0.0.1:8484", "--rules <FILE>", "--demo", "--data-dir <DIR>"]),
    (&["plan"], &["<DIR>", "--now <RFC3339>", "--time-zone <TZ>", "--days <N>", "--rules <FILE>", "text, json"]),
    (&["rules"], &["check", "test", "new", "reference", "preview"]),
    (
        &["rules", "preview"],
        &["[DIR]", "--rules <FILE>", "--use <NAME>", "--option", "--against <FILE>", "--now", "--days", "--json"],
    ),
    (&["rules", "check"], &["<FILE>...", "--tasks <DIR>", "--json"]),
    (&["rules", "test"], &["[PATH]..."]),
    (&["rules", "new"], &["<NAME>", "--german"]),
    (&["import"], &["<PATH>", "--user <NAME>", "--from <NAME>", "--dry-run", "--json"]),
    (&["export"], &["--format <FORMAT>", "--output <PATH>", "--history", "--replace"]),
    (&["timeline"], &["--user <NAME>", "--json", "--days <N>", "--now <RFC3339>"]),
    (&["task"], &["add", "list", "show", "edit", "done", "cancel", "reopen", "pin", "unpin", "rm"]),
    (&["task", "add"], &["<TITLE>", "--kategorie", "--deadline", "--fixed", "--tag", "--body", "--json"]),
    (&["task", "list"], &["--status", "--all", "--kategorie", "--tag", "--search", "--from", "--limit", "--json"]),
    (&["task", "edit"], &["--title", "--kategorie", "--deadline", "--no-deadline", "--tag", "--no-tags", "--body"]),
    (&["task", "done"], &["<ID>...", "--slot", "--json"]),
    (&["login"], &["<URL>", "--token-stdin"]),
    (&["healthcheck"], &["[URL]"]),
    (&["inspect"], &["<USER>", "--timeline", "--json"]),
    (&["sync"], &["--full", "--clean", "--status", "--json", "--user <NAME>"]),
    (&["completions"], &["bash", "fish", "zsh"]),
    (&["man"], &["--output <DIR>"]),
    (
        &["config"],
        &[
            "--default",
            "--hot-map <SIZE>",
            "CODEXMIROIR_HOT_MAP",
            "128MiB",
            "--limits-first-byte <TIME>",
            "--limits-proxies <ADDR>",
        ],
    ),
    (&["user"], &["add", "list", "passwd", "disable", "enable", "rm"]),
    (&["user", "add"], &["<NAME>", "--admin", "--time-zone <TZ>", "--language", "--password-stdin"]),
    (&["user", "rm"], &["--yes"]),
    (&["token"], &["create", "list", "revoke"]),
    (
        &["token", "create"],
        &["[USER]", "--scope <SCOPE>", "read, write, feed, admin", "--expires <SPAN>", "--output <FILE>"],
    ),
];

/// What is said of the first account, where nobody can be asked for a password.
const FIRST: &str =
    "added lena (UTC), the administrator\nlena has no password to sign in with yet: codexmiroir user passwd lena\n";

#[test]
fn help_names_every_command_and_every_flag() {
    let home = Home::new();
    let version = home.did(&["--version"]);
    assert_eq!(version, format!("codexmiroir {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(home.did(&["-V"]), version);
    let help_of = |command: &[&str]| home.did(&[command, &["--help"]].concat());
    for (command, words) in HELP {
        let help = help_of(command);
        for word in *words {
            assert!(help.contains(word), "{command:?} --help does not say {word}:\n{help}");
        }
    }
    for command in [&[][..], &["user"], &["token"], &["task"], &["rules"]] {
        let ran = home.run(command);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{command:?}");
        assert!(ran.stderr.contains("Usage: codexmiroir"), "{command:?}: {}", ran.stderr);
    }
    assert_eq!(home.content(), []);
}

#[test]
fn the_vault_is_planned_as_text_and_as_json() {
    for user in ["lena", "tom"] {
        insta::assert_snapshot!(format!("plan_{user}_text"), plan(&vault(user), &[]));
        insta::assert_snapshot!(format!("plan_{user}_json"), laid_out(&plan(&vault(user), &["--format", "json"])));
    }
}

#[test]
fn odd_documents_are_planned_or_named_with_their_fault() {
    let odd = repository("fixtures/odd/tasks");
    insta::assert_snapshot!("plan_odd_text", plan(&odd, &["--format", "text"]));
    insta::assert_snapshot!("plan_odd_json", laid_out(&plan(&odd, &["--format", "json"])));
    assert!(!Path::new("codexmiroir-js-frontmatter-ran.txt").exists());
}

#[test]
fn plan_takes_days_rules_and_a_language() {
    let days = |count: &str| {
        let printed = plan(&vault("tom"), &["--days", count, "--format", "json"]);
        let json: Value = serde_json::from_str(&printed).unwrap();
        json["timeline"].as_array().unwrap().len()
    };
    assert_eq!((days("1"), days("7"), days("366")), (1, 7, 366));

    let shipped = repository("scripts/spartan.rhai");
    let chosen = plan(&vault("tom"), &["--rules", shipped.to_str().unwrap(), "--format", "json"]);
    let builtin = plan(&vault("tom"), &["--format", "json"]);
    assert_eq!(chosen.replace("\"source\":\"server\"", "\"source\":\"builtin\""), builtin);
    assert_ne!(chosen, builtin);

    let home = Home::new();
    let folder = vault("lena");
    let arguments = [&["plan", folder.to_str().unwrap()][..], &AT_MONDAY].concat();
    let ran = Ran::of(home.command(&arguments).env("LC_ALL", "de_DE.UTF-8"));
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains("Überfällig") && ran.stdout.contains("Mo 13.10."), "{}", ran.stdout);
}

#[test]
fn a_narrow_terminal_gets_a_list() {
    let home = Home::new();
    let folder = vault("lena");
    let arguments = [&["plan", folder.to_str().unwrap()][..], &AT_MONDAY].concat();
    let ran = Ran::of(home.command(&arguments).env("COLUMNS", "40"));
    insta::assert_snapshot!("plan_lena_narrow", ran.stdout);
}

#[test]
fn a_folder_without_tasks_is_an_empty_week_and_a_hint() {
    let home = Home::new();
    let ran = home.run(&[&["plan", ".", "--format", "json"][..], &AT_MONDAY].concat());
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr.contains("no task files") && ran.stderr.lines().count() == 1, "{}", ran.stderr);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["nextAvailableId"], "0000");
    assert_eq!(json["timeline"].as_array().unwrap().len(), 7);
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let home = Home::new();
    let mut command = home.command(&["plan", vault("lena").to_str().unwrap(), "--days", "366"]);
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &b""[..]));
}

#[tokio::test]
async fn users_and_tokens_let_somebody_in() {
    let home = Home::new();
    assert_eq!(
        home.did(&["user", "add", "lena", "--time-zone", "europe/berlin"]),
        FIRST.replace("UTC", "Europe/Berlin")
    );
    let data_dir = std::fs::metadata(home.data_dir()).unwrap();
    assert_eq!(data_dir.permissions().mode() & 0o777, 0o700);
    let ran = home.run_with_input(&["user", "add", "tom", "--admin", "--password-stdin"], b"correct horse battery\n");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));

    let token = home.did(&["token", "create", "lena", "--name", "laptop", "--expires", "30d"]);
    let shape = |token: &str| token.len() == 54 && token.starts_with("cmr_") && token.ends_with('\n');
    assert!(shape(&token), "only the token is printed: {token:?}");
    let reading = home.did(&["token", "create", "lena", "--scope", "read"]);
    assert!(shape(&reading) && reading != token);

    let server = home.serve(&[]);
    let asking = client().build().unwrap();
    let create = async |token: &str| {
        let body = serde_json::json!({"kategorie": "arbeit", "title": "Neu"});
        let request = asking.post(server.url("/api/tasks")).bearer_auth(token.trim_end()).json(&body);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(create(&token).await, 200);
    assert_eq!(create(&reading).await, 403);
    assert_eq!(create("cmr_nonsense").await, 401);
    let codex = asking.get(server.url("/codex")).bearer_auth(reading.trim_end()).send().await.unwrap();
    assert_eq!(codex.json::<Value>().await.unwrap()["userId"], "lena");
}

#[test]
fn importing_twice_changes_nothing_the_second_time() {
    const NEXT: &str = "the next new task gets the number 0040\n";
    let home = Home::new();
    let folder = vault("tom");
    let folder = folder.to_str().unwrap();
    let files = std::fs::read_dir(folder).unwrap().count();
    home.user_with_token("tom");
    let elsewhere = home.path("data");
    let named = ["--data-dir", elsewhere.to_str().unwrap()];
    home.did(&[&["user", "add", "tom"][..], &named].concat());

    let before = home.content_read();
    let dry = home.did(&["import", folder, "--user", "tom", "--dry-run"]);
    assert!(dry.starts_with(&format!("{folder}: a folder of task files\n")), "{dry}");
    assert_eq!(dry.lines().filter(|line| line.ends_with(".md: added")).count(), files, "{dry}");
    let end = format!("\ndry run: {files} added, 0 replaced, 0 unchanged, 0 unreadable, 0 left out\n{NEXT}");
    assert!(dry.ends_with(&end), "{dry}");
    assert!(home.content_read() == before, "a dry run changed something");
    let first = home.did(&["import", folder, "--user", "tom", "--json"]);
    let report: Value = serde_json::from_str(&first).unwrap();
    assert_eq!((&report["dryRun"], &report["generation"]), (&false.into(), &1.into()));
    let fates = report["files"].as_array().unwrap();
    assert!(fates.len() == files && fates.iter().all(|file| file["fate"] == "added"), "{first}");

    let second = home.did(&["import", folder, "--user", "tom", "--json"]);
    let report: Value = serde_json::from_str(&second).unwrap();
    assert_eq!(report["generation"], 1);
    assert!(report["files"].as_array().unwrap().iter().all(|file| file["fate"] == "unchanged"), "{second}");
    let text = home.did(&["import", folder, "--user", "tom"]);
    let end = format!("\n0 added, 0 replaced, {files} unchanged, 0 unreadable, 0 left out\n{NEXT}");
    assert!(text.ends_with(&end), "{text}");
    // The directory that was named instead has nothing of it.
    let timeline = home.did(&[&["timeline", "--user", "tom", "--json"][..], &named].concat());
    assert!(timeline.contains("\"nextAvailableId\":\"0000\""), "{timeline}");
}

#[test]
fn an_import_of_odd_documents_names_each_fate() {
    let home = Home::new();
    home.user_with_token("odd");
    let odd = repository("fixtures/odd/tasks");
    let told = home.did(&["import", odd.to_str().unwrap(), "--user", "odd"]);
    insta::assert_snapshot!("import_odd", told.replace(odd.to_str().unwrap(), "odd"));
    let again = home.did(&["import", odd.to_str().unwrap(), "--user", "odd"]);
    assert!(again.contains("0 added, 0 replaced, "), "{again}");

    let changed = home.path("changed");
    std::fs::create_dir(&changed).unwrap();
    let document = std::fs::read_to_string(odd.join("0100-crlf.md")).unwrap();
    std::fs::write(changed.join("0100-crlf.md"), document + "and more\r\n").unwrap();
    let replaced = home.did(&["import", changed.to_str().unwrap(), "--user", "odd"]);
    assert!(replaced.contains("0100-crlf.md: replaced"), "{replaced}");
}

#[tokio::test]
async fn timeline_prints_what_the_server_serves() {
    let home = Home::new();
    let token = home.user_with_token("lena");
    home.did(&["import", vault("lena").to_str().unwrap(), "--user", "lena"]);
    let text = home.did(&["timeline", "--user", "lena"]);
    assert!(text.starts_with("lena · ") && text.contains("morgens 09:00–12:30"), "{text}");
    let printed = home.did(&["timeline", "--user", "lena", "--json"]);
    let server = home.serve(&[]);
    let served = client().build().unwrap().get(server.url("/codex")).bearer_auth(token).send().await.unwrap();
    let (printed, served) = (printed.trim_end(), served.text().await.unwrap());
    // Between the two the clock may have crossed a boundary; then the answer is another one, rightly.
    let until = |text: &str| serde_json::from_str::<Value>(text).unwrap()["validUntil"].clone();
    assert!(printed == served || until(printed) != until(&served), "{printed}\n{served}");
}

#[test]
fn a_signal_ends_the_server_with_success() {
    for signal in [Signal::INT, Signal::TERM] {
        let home = Home::new();
        let mut server = home.serve(&[]);
        assert!(server.line().contains("/setup?code="), "a first start says what comes next");
        let address = home.data_dir().join("server.address");
        assert_eq!(std::fs::read_to_string(&address).unwrap().trim_end(), server.address.to_string());
        let (status, rest) = server.stop(signal);
        assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
        assert!(!address.exists());
        assert_eq!(home.did(&["user", "add", "lena", "--time-zone", "UTC"]), FIRST);
    }
}

#[tokio::test]
async fn the_demo_serves_a_week_and_leaves_nothing() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let home = Home::new();
        let temporary = home.path("tmp");
        std::fs::create_dir(&temporary).unwrap();
        let mut command = home.command(&["serve", "--demo", "--listen", "127.0.0.1:0"]);
        let mut server = crate::binary::Serving::of(command.env("TMPDIR", &temporary));
        let line = server.line();
        let (_, code) = line.trim_end().split_once(&server.url("/welcome?code=")).unwrap();
        let client = client().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let link = || client.get(server.url(&format!("/welcome?code={code}")));
        let ahead = link().header("Sec-Purpose", "prefetch").send().await.unwrap();
        assert_eq!(ahead.status(), 503, "nobody has opened it yet");
        for (code, status) in [(code, 303), (&code[1..], 404)] {
            let seen = client.head(server.url(&format!("/welcome?code={code}"))).send().await.unwrap();
            assert_eq!((seen.status().as_u16(), seen.headers().get("set-cookie")), (status, None), "nor has a preview");
        }
        let welcome = link().send().await.unwrap();
        assert_eq!((welcome.status().as_u16(), &welcome.headers()["location"]), (303, &"/".parse().unwrap()));
        assert_eq!(link().send().await.unwrap().status(), 404, "it works once");
        let cookie = welcome.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        assert_eq!(link().header("Cookie", &cookie).send().await.unwrap().status(), 303, "but whoever is in is led on");
        let page = client.get(server.url("/")).header("Cookie", &cookie).send().await.unwrap();
        assert_eq!(page.status(), 200);
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(client.get(server.url("/codex")).send().await.unwrap().status(), 401, "it is open to nobody else");
        let line = server.line();
        let token = line.trim_end().strip_prefix("for programs: Authorization: ").unwrap();
        let codex = client.get(server.url("/codex")).header("Authorization", token).send().await.unwrap();
        let codex: Value = codex.json().await.unwrap();
        assert_eq!((&codex["userId"], &codex["rules"]["ok"]), (&"demo".into(), &true.into()));
        let placed = codex["timeline"].as_array().unwrap().iter().flat_map(|day| day["slots"].as_array().unwrap());
        assert!(placed.filter(|slot| !slot["task"].is_null()).count() >= 10, "{codex}");
        let made: Vec<_> = std::fs::read_dir(&temporary).unwrap().map(|entry| entry.unwrap()).collect();
        assert_eq!(made.len(), 1);
        assert_eq!(made[0].metadata().unwrap().permissions().mode() & 0o777, 0o700);

        assert_eq!(server.stop(signal).0.code(), Some(0));
        assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "the demo's directory is still there");
        assert!(!home.data_dir().exists());
    }
}

#[test]
fn the_environment_stands_in_for_flags_and_flags_win() {
    let home = Home::new();
    let (one, other) = (home.path("one"), home.path("other"));
    let add = ["user", "add", "lena", "--time-zone", "UTC"];
    let ran = Ran::of(home.command(&add).env("CODEXMIROIR_DATA_DIR", &one));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let flagged = [&add[..], &["--data-dir", other.to_str().unwrap()]].concat();
    let ran = Ran::of(home.command(&flagged).env("CODEXMIROIR_DATA_DIR", home.path("third")));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(one.is_dir() && other.is_dir() && !home.path("third").exists() && !home.data_dir().exists());
    let ran = Ran::of(home.command(&["serve"]).env("CODEXMIROIR_LISTEN", "nowhere"));
    assert!(ran.refusal(1).contains("127.0.0.1:8484"));
    let ran = Ran::of(home.command(&["serve"]).env("CODEXMIROIR_RULES", "no.rhai"));
    assert!(ran.refusal(1).contains("no.rhai"));
}
