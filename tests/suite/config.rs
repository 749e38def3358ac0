//! The configuration: four sources, one file, and what each setting does to a server.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use codexmiroir::config::KEYS;
use rustix::process::Signal;

use crate::binary::{Home, Ran, Serving};
use crate::harness::{repository, vault};

/// Name, and values as TOML that are different where there are so many, and none the default: file, environment, flag.
const VALUES: [(&str, [&str; 3]); 31] = [
    ("listen", ["\"127.0.0.1:1\"", "\"127.0.0.1:2\"", "\"[::1]:3\""]),
    ("public_url", ["\"https://a.example\"", "\"http://b.example:81/\"", "\"https://c.example\""]),
    ("rules", ["[\"/a.rhai\"]", "[\"/b.rhai\", \"/c.rhai\"]", "[\"/d.rhai\", \"/e.rhai\"]"]),
    ("key_file", ["\"/a.key\"", "\"/b.key\"", "\"/c.key\""]),
    ("hot_map", ["\"1MiB\"", "\"77\"", "\"3GiB\""]),
    ("log", ["\"warn\"", "\"debug\"", "\"warn,codexmiroir=trace\""]),
    ("limits.connections", ["1", "2", "3"]),
    ("limits.connections_per_address", ["4", "5", "6"]),
    ("limits.proxies", ["[\"10.0.0.1\"]", "[\"fd00::/8\", \"10.0.0.2\"]", "[\"10.0.0.0/9\"]"]),
    ("limits.first_byte", ["\"1s\"", "\"2s\"", "\"3s\""]),
    ("limits.headers", ["\"10ms\"", "\"20ms\"", "\"30ms\""]),
    ("limits.idle", ["\"1s\"", "\"2s\"", "\"3600s\""]),
    ("limits.body_idle", ["\"1s\"", "\"2s\"", "\"3s\""]),
    ("limits.body_total", ["\"1s\"", "\"2s\"", "\"3s\""]),
    ("limits.drain", ["\"1s\"", "\"2s\"", "\"3s\""]),
    ("metrics.listen", ["\"127.0.0.1:4\"", "\"127.0.0.1:5\"", "\"127.0.0.1:6\""]),
    ("backup.every", ["\"1m\"", "\"6h\"", "\"1d\""]),
    ("backup.keep", ["1", "2", "3"]),
    ("backup.dir", ["\"/a.backups\"", "\"/b.backups\"", "\"/c.backups\""]),
    ("git.remote", ["\"https://a.example/x\"", "\"https://b.example/git/b.git\"", "\"https://10.0.0.5:3000/c\""]),
    ("git.branch", ["\"a\"", "\"b/c\"", "\"d\""]),
    ("git.base_path", ["\"\"", "\"a/b\"", "\"c\""]),
    ("git.username", ["\"anna\"", "\"bert\"", "\"clara\""]),
    ("git.token_file", ["\"/a.token\"", "\"/b.token\"", "\"/c.token\""]),
    ("git.mode", ["\"pull-only\"", "\"off\"", "\"pull-only\""]),
    ("git.webhook_secret_file", ["\"/a.secret\"", "\"/b.secret\"", "\"/c.secret\""]),
    ("git.allow_hosts", ["[\"a.example\"]", "[\"b:3000\", \"10.0.0.2\"]", "[\"c\"]"]),
    ("git.allow_local", ["true", "true", "true"]),
    ("git.poll", ["\"10s\"", "\"60s\"", "\"3600s\""]),
    ("git.copy_max", ["\"2MiB\"", "\"3MiB\"", "\"4MiB\""]),
    ("git.own_copy_max", ["\"2MiB\"", "\"3MiB\"", "\"4MiB\""]),
];

/// A TOML value as it is written on the command line.
fn plain(toml: &str) -> String {
    toml.replace(['[', ']', '"', ' '], "").replace("::1:3", "[::1]:3")
}

fn write(home: &Home, name: &str, text: &str) -> String {
    let path = home.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The line of a key in what `config` prints: its value and its source.
fn line_of(printed: &str, key: &str) -> (String, String) {
    let (table, name) = key.split_once('.').unwrap_or(("", key));
    let mut current = "";
    for line in printed.lines() {
        if let Some(head) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            current = head;
        } else if let Some(rest) = line.strip_prefix(&format!("{name} = ")).filter(|_| current == table) {
            let (value, source) = rest.rsplit_once(" # ").unwrap();
            return (value.to_owned(), source.to_owned());
        }
    }
    panic!("{key} is not in {printed}")
}

/// Values and keys alone.
fn without_comments(toml: &str) -> Vec<String> {
    let lines = toml.lines().map(|line| line.split(" #").next().unwrap().trim().to_owned());
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[test]
fn flags_go_before_the_environment_that_before_the_file_that_before_the_defaults() {
    // A secret is not printed; metrics::the_token_is_never_shown has it.
    let shown = KEYS.iter().filter(|key| !key.is_secret()).map(|key| key.name);
    assert_eq!(VALUES.map(|(name, _)| name).as_slice(), shown.collect::<Vec<_>>());
    let home = Home::new();
    let defaults = home.did(&["config"]);
    for (key, [of_file, of_environment, of_flag]) in VALUES {
        let (variable, flag) =
            (format!("CODEXMIROIR_{}", key.replace('.', "_").to_uppercase()), key.replace(['.', '_'], "-"));
        let (default, source) = line_of(&defaults, key);
        assert_eq!(source, "default");
        assert!(![of_file, of_environment, of_flag].contains(&default.as_str()), "{key}");

        // A time without a folder is refused.
        let beside = if key == "backup.every" { "backup.dir = \"/a.backups\"\n" } else { "" };
        let file = write(&home, "given.toml", &format!("# mine\n{key} = {of_file}\n{beside}"));
        let printed = home.did(&["config", "--config", &file]);
        assert_eq!(line_of(&printed, key), (of_file.to_owned(), "file, line 2".to_owned()));
        assert!(printed.starts_with(&format!("# file: {file}\n")), "{printed}");

        let mut command = home.command(&["config"]);
        let ran = Ran::of(command.env("CODEXMIROIR_CONFIG", &file).env(&variable, plain(of_environment)));
        let from_environment = (of_environment.to_owned(), format!("environment, {variable}"));
        assert_eq!(line_of(&ran.stdout, key), from_environment, "{ran:?}");

        let kept = write(&home, "kept", &format!("  {}\n\n", plain(of_environment)));
        let mut command = home.command(&["config", "--config", &file]);
        let ran = Ran::of(command.env(format!("{variable}_FILE"), &kept));
        assert_eq!(line_of(&ran.stdout, key), (of_environment.to_owned(), format!("environment, {variable}_FILE")));

        let flagged = ["config", "--config", &file, &format!("--{flag}"), &plain(of_flag)];
        let ran = Ran::of(home.command(&flagged).env(&variable, plain(of_environment)));
        assert_eq!(line_of(&ran.stdout, key), (of_flag.to_owned(), format!("flag, --{flag}")), "{ran:?}");
        // What is printed is a configuration that says the same.
        let again = write(&home, "again.toml", &ran.stdout);
        assert_eq!(without_comments(&home.did(&["config", "--config", &again])), without_comments(&ran.stdout));
    }
}

#[test]
fn the_default_file_has_every_key_and_says_the_defaults() {
    let home = Home::new();
    let default = home.did(&["config", "--default"]);
    let file = write(&home, "default.toml", &default);
    let read = home.did(&["config", "--config", &file]);
    // The one that cannot be set to nothing is there as a comment.
    assert!(default.contains("\n# webhook_secret = \"\"\n") && read.contains("\n# webhook_secret = \"\" # default\n"));
    for key in KEYS.iter().filter(|key| key.name != "git.webhook_secret") {
        let (value, source) = line_of(&read, key.name);
        assert!(source.starts_with("file, line "), "{}: {source}", key.name);
        assert!(default.contains(&format!("Default: {value}.")), "{}", key.name);
        assert!(
            default.contains(key.about)
                && default.contains(&format!("--{}. Environment: {}.", key.flag(), key.variable()))
        );
    }
    assert_eq!(without_comments(&read), without_comments(&home.did(&["config"])));
    assert!(default.lines().all(|line| line.chars().count() <= 120), "{default}");
    // It is there for whoever has broken the configuration.
    let broken = write(&home, "broken.toml", "listen");
    assert_eq!(home.did(&["config", "--default", "--config", &broken]), default);
}

#[test]
fn without_a_data_directory_nothing_is_made_and_with_one_its_file_is_read() {
    let home = Home::new();
    assert!(home.did(&["config"]).starts_with("# file: none\n"));
    assert_eq!(home.content(), []);
    let missing = home.run(&["config", "--config", "missing.toml"]);
    assert!(missing.refusal(1).contains("missing.toml"));
    let missing = Ran::of(home.command(&["serve"]).env("CODEXMIROIR_CONFIG", "missing.toml"));
    assert!(missing.refusal(1).contains("missing.toml"));
    assert_eq!(home.content(), []);

    std::fs::create_dir_all(home.data_dir()).unwrap();
    std::fs::write(home.data_dir().join("codexmiroir.toml"), "hot_map = 4096").unwrap();
    let printed = home.did(&["config"]);
    assert_eq!(line_of(&printed, "hot_map"), ("\"4KiB\"".to_owned(), "file, line 1".to_owned()));
    write(&home, "other/codexmiroir.toml", "log = \"off\"");
    let printed = home.did(&["config", "--data-dir", "other"]);
    assert_eq!(line_of(&printed, "log").0, "\"off\"");
    assert_eq!(line_of(&printed, "hot_map").1, "default");
}

#[test]
fn a_file_that_is_wrong_is_refused_with_the_place_and_what_would_be_right() {
    let home = Home::new();
    for (text, words) in [
        ("lisen = \"127.0.0.1:1\"", &[":1:1: ", "lisen", "did you mean listen?"][..]),
        ("\n  public-url = \"https://a.example\"", &[":2:3: ", "did you mean public_url?"]),
        ("[limits]\nconections = 5", &[":2:1: ", "did you mean limits.connections?"]),
        ("connections = 5", &[":1:1: ", "did you mean limits.connections?"]),
        ("[limits]\nlisten = \"127.0.0.1:1\"", &[":2:1: ", "did you mean listen, which stands above all tables?"]),
        ("[limit]\nconnections = 5", &[":1:2: ", "did you mean limits?"]),
        ("colour = 1", &[":1:1: ", "colour", "config --default"]),
        ("\"limits.connections\" = 5", &[":1:1: ", "no key"]),
        ("limits = 5", &[":1:1: ", "[limits]"]),
        ("[listen]\nport = 1", &["takes no table", "listen = \"127.0.0.1:8484\""]),
        ("\n\nlisten = 8484", &[":3:10: ", "takes no integer", "\"127.0.0.1:8484\""]),
        ("# ä\nlisten = \"ä\" # x\nlog = 1", &[":3:7: ", "takes no integer", "\"info\""]),
        ("listen = \"localhost\"", &[":1:10: ", "\"localhost\"", "127.0.0.1:8484"]),
        ("rules = \"a.rhai\"", &[":1:9: ", "takes no string", "[\"my.rhai\"]"]),
        ("rules = [\"a.rhai\", 2]", &[":1:20: ", "takes no integer"]),
        ("hot_map = \"1GB\"", &[":1:11: ", "128MiB"]),
        ("hot_map = -1", &[":1:11: ", "-1", "128MiB"]),
        ("log = \"inof\"", &[":1:7: ", "inof", "debug"]),
        ("public_url = \"tasks\"", &[":1:14: ", "https://tasks.example.org"]),
        ("limits.connections = 0", &[":1:22: ", "from 1 to 1000000"]),
        ("limits.connections = 99999999999999999999999", &[":1:22: ", "from 1 to 1000000"]),
        ("limits.connections = \"5\"", &[":1:22: ", "takes no string", "connections = 1024"]),
        ("[limits]\nfirst_byte = 5", &[":2:14: ", "takes no integer", "first_byte = \"5s\""]),
        ("[limits]\ndrain = \"5\"", &[":2:9: ", "5s"]),
        ("limits.proxies = [\"proxy\"]", &[":1:18: ", "proxy", "127.0.0.1", "10.0.0.0/8"]),
        (
            "limits.proxies = [\"::1\", \"10.0.0.1/8\"]",
            &[":1:18: ", "10.0.0.1/8", "write 10.0.0.0/8 for", "10.0.0.1 for"],
        ),
        ("git.allow_local = \"true\"", &[":1:19: ", "takes no string", "allow_local = true"]),
        ("[git]\nmode = \"pull-request\"", &[":2:8: ", "not yet built; use push"]),
        ("[git]\npol = \"1m\"", &[":2:1: ", "did you mean git.poll?"]),
        ("git.base_path = \"a/.git\"", &[":1:17: ", "a/.git", "codex-miroir"]),
        ("git.webhook_secret = \"\"", &[":1:22: ", "leave the key out"]),
        ("listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"", &[":2:1: ", "TOML"]),
        ("listen =", &[":1:9: ", "TOML"]),
    ] {
        let file = write(&home, "wrong.toml", text);
        let before = home.content();
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["config"], &["user", "add", "lena"]] {
            let ran = home.run(&[command, &["--config", &file]].concat());
            for word in [words, &["wrong.toml"]].concat() {
                assert!(ran.refusal(1).contains(word), "{text:?} does not say {word:?}: {ran:?}");
            }
        }
        assert!(home.content() == before, "{text:?} changed something");
    }
    std::fs::write(home.path("bytes.toml"), [b'#', 0xff]).unwrap();
    std::fs::write(home.path("large.toml"), "# ".repeat(600 * 1024)).unwrap();
    for (file, word) in [("bytes.toml", "UTF-8"), ("large.toml", "1 MiB"), (".", "not a file")] {
        assert!(home.run(&["config", "--config", file]).refusal(1).contains(word), "{file}");
    }
}

#[test]
fn an_environment_or_a_flag_that_is_wrong_is_refused() {
    let home = Home::new();
    let kept = write(&home, "kept", "127.0.0.1 secret");
    let missing = home.path("missing");
    for (variables, words) in [
        (&[("CODEXMIROIR_LIMITS_IDLE", "5")][..], &["CODEXMIROIR_LIMITS_IDLE", "\"5\"", "5s"][..]),
        (&[("CODEXMIROIR_LISTEN", "")], &["CODEXMIROIR_LISTEN", "127.0.0.1:8484"]),
        (&[("CODEXMIROIR_LIMITS_PROXIES", "::1,b")], &["[\"::1\", \"b\"]"]),
        (&[("CODEXMIROIR_LISTEN_FILE", &kept)], &["CODEXMIROIR_LISTEN_FILE", &kept, "127.0.0.1:8484"]),
        (&[("CODEXMIROIR_LOG_FILE", missing.to_str().unwrap())], &["CODEXMIROIR_LOG_FILE", "missing"]),
        (&[("CODEXMIROIR_LOG_FILE", &kept), ("CODEXMIROIR_LOG", "info")], &["CODEXMIROIR_LOG_FILE", "both"]),
    ] {
        for command in ["serve", "config"] {
            let before = home.content();
            let ran = Ran::of(home.command(&[command]).envs(variables.iter().copied()));
            for word in words {
                assert!(ran.refusal(1).contains(word), "{variables:?} does not say {word:?}: {ran:?}");
            }
            assert!(!ran.stderr.contains("secret"), "{ran:?}");
            assert!(home.content() == before);
        }
    }
    for (flag, value, word) in
        [("--limits-drain", "5", "5s"), ("--log", "loud", "debug"), ("--limits-proxies", "x", "::1")]
    {
        assert!(home.run(&["config", flag, value]).refusal(2).contains(word), "{flag}");
    }
    // A list and a name can be set back to nothing.
    let file = write(&home, "given.toml", "rules = [\"a.rhai\"]\npublic_url = \"https://a.example\"\n");
    let mut command = home.command(&["config", "--rules", "", "--config", &file]);
    let ran = Ran::of(command.env("CODEXMIROIR_PUBLIC_URL", ""));
    assert_eq!((line_of(&ran.stdout, "rules").0, line_of(&ran.stdout, "public_url").0), ("[]".into(), "\"\"".into()));
}

#[test]
fn rules_are_found_from_the_files_folder_and_used_by_every_command() {
    let home = Home::new();
    let file = write(&home, "etc/my.toml", "rules = [\"rules/mine.rhai\"]\n");
    let rules = std::fs::read_to_string(repository("scripts/spartan.rhai")).unwrap();
    let script = write(&home, "etc/rules/mine.rhai", &rules);
    assert_eq!(line_of(&home.did(&["config", "--config", "etc/my.toml"]), "rules").0, format!("[\"{script}\"]"));
    home.user_with_token("lena");
    let folder = vault("lena");
    let folder = folder.to_str().unwrap();
    for command in [&["plan", folder, "--format", "json"][..], &["timeline", "--user", "lena", "--json"]] {
        let of = |more: &[&str]| home.did(&[command, more].concat());
        assert!(of(&[]).contains("\"source\":\"builtin\""), "{command:?}");
        assert!(of(&["--config", &file]).contains("\"source\":\"server\""), "{command:?}");
    }
    std::fs::remove_file(script).unwrap();
    let ran = home.run(&["serve", "--config", &file, "--listen", "127.0.0.1:0"]);
    assert!(ran.refusal(1).contains("mine.rhai"), "{ran:?}");
}

/// A server in a home of its own with these lines in its file.
fn server(home: &Home, lines: &str) -> Serving {
    std::fs::create_dir_all(home.data_dir()).unwrap();
    std::fs::write(home.data_dir().join("codexmiroir.toml"), format!("listen = \"127.0.0.1:0\"\n{lines}")).unwrap();
    Serving::of(&mut home.command(&["serve"]))
}

/// A connection that has said this.
fn said(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

/// What comes until the other side closes.
fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A connection that is reset has said all it will.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

const LIVE: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const LIVE_AND_MORE: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[test]
fn the_seats_of_the_file_reach_the_server() {
    for (lines, third_is_served) in [
        ("[limits]\nconnections = 2", false),
        ("[limits]\nconnections_per_address = 2", false),
        ("[limits]\nconnections_per_address = 2\nproxies = [\"10.0.0.1\"]", false),
        ("[limits]\nconnections_per_address = 2\nproxies = [\"10.0.0.1\", \"::ffff:127.0.0.1\"]", true),
        ("[limits]\nconnections_per_address = 2\nproxies = [\"fd00::/8\", \"127.0.0.0/8\"]", true),
    ] {
        let home = Home::new();
        let server = server(&home, lines);
        let held = [said(server.address, "GET"), said(server.address, "GET")];
        let answer = rest(said(server.address, LIVE));
        assert_eq!(answer.starts_with("HTTP/1.1 200"), third_is_served, "{lines}: {answer}");
        assert!(third_is_served || answer.is_empty() || answer.contains("Too many connections"), "{lines}: {answer}");
        drop(held);
    }
}

#[test]
fn the_times_of_the_file_reach_the_server() {
    let home = Home::new();
    let token = home.user_with_token("lena");
    let post = format!(
        "POST /api/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    // All but the one in question are longer than the test waits.
    for (key, text, begins) in [
        ("first_byte", "", ""),
        ("headers", "GET /livez", ""),
        ("idle", LIVE_AND_MORE, "HTTP/1.1 200"),
        ("body_idle", &post, "HTTP/1.1 408"),
        ("body_total", &post, "HTTP/1.1 408"),
    ] {
        let others =
            ["first_byte", "headers", "idle", "body_idle", "body_total"].into_iter().filter(|other| *other != key);
        let others: String = others.map(|other| format!("{other} = \"50m\"\n")).collect();
        let server = server(&home, &format!("[limits]\n{others}{key} = \"300ms\"\n"));
        let begun = Instant::now();
        let mut stream = said(server.address, text);
        let mut answer = [0; 12];
        let read = stream.read(&mut answer).unwrap_or_default();
        let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
        assert!(
            if begins.is_empty() { !answer.contains("200") } else { answer.starts_with(begins) },
            "{key}: {answer}"
        );
        if key == "idle" || begins.is_empty() {
            rest(stream);
        }
        let waited = begun.elapsed();
        // The shortest default is 5 s.
        assert!(waited > Duration::from_millis(250) && waited < Duration::from_secs(4), "{key}: {waited:?}");
    }
    let server = server(&home, "[limits]\nbody_idle = \"50m\"\nbody_total = \"50m\"\ndrain = \"300ms\"\n");
    let held = said(server.address, &post);
    // Answered one after the other: when this is, that was taken.
    assert!(rest(said(server.address, LIVE)).starts_with("HTTP/1.1 200"));
    let begun = Instant::now();
    assert_eq!(server.stop(Signal::TERM).0.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    drop(held);
}

#[test]
fn the_public_url_and_the_demo() {
    let home = Home::new();
    let ask = |address, host: &str| rest(said(address, &LIVE.replace("localhost", host)));
    let running = server(&home, "public_url = \"https://tasks.example.org\"");
    assert!(ask(running.address, "tasks.example.org").starts_with("HTTP/1.1 200"));
    assert!(ask(running.address, "other.example.org").starts_with("HTTP/1.1 421"));
    drop(running);
    // The demo has a data directory of its own, and what is wrong in another is no matter.
    std::fs::write(home.data_dir().join("codexmiroir.toml"), "listen = 1").unwrap();
    let mut demo = home.serve(&["--demo"]);
    assert!(demo.line().contains("sample tasks"));
    let file = write(&home, "named.toml", "listen = \"0.0.0.0:0\"");
    assert!(home.run(&["serve", "--demo", "--config", &file]).refusal(1).contains("loopback"));
}

const SECRET: &str = "geheim-0123456789abcdef";

#[test]
fn secrets_of_the_repository_are_read_at_the_start_and_never_shown() {
    let home = Home::new();
    std::fs::create_dir_all(home.data_dir()).unwrap();
    let file = write(&home, "etc/token", &format!("{SECRET}\n"));
    let printed = Ran::of(home.command(&["config"]).env("CODEXMIROIR_GIT_TOKEN_FILE", &file));
    assert_eq!(line_of(&printed.stdout, "git.token_file").1, "environment, CODEXMIROIR_GIT_TOKEN_FILE", "{printed:?}");
    assert_eq!(line_of(&printed.stdout, "git.token"), ("\"\"".to_owned(), "default".to_owned()));
    let mut command = home.command(&["config", "--git-webhook-secret", SECRET]);
    let shown = Ran::of(command.env("CODEXMIROIR_GIT_TOKEN", SECRET)).stdout;
    assert!(
        shown.contains("# token = \"…\" # environment") && shown.contains("# webhook_secret = \"…\" # flag"),
        "{shown}"
    );
    assert!(!shown.contains(SECRET), "{shown}");

    let empty = write(&home, "empty", "\n");
    let with_password = format!("https://lena:{SECRET}@git.example.org/x");
    for (variables, word) in [
        ([("GIT_TOKEN", SECRET), ("GIT_TOKEN_FILE", &file)], "both set"),
        ([("GIT_WEBHOOK_SECRET", SECRET), ("GIT_WEBHOOK_SECRET_FILE", &file)], "both set"),
        ([("GIT_WEBHOOK_SECRET", ""), ("GIT_MODE", "off")], "leave the key out"),
        ([("GIT_REMOTE", &with_password), ("GIT_MODE", "off")], "git.username"),
    ] {
        let variables = variables.map(|(name, value)| (format!("CODEXMIROIR_{name}"), value));
        let ran = Ran::of(home.command(&["config"]).envs(variables));
        assert!(ran.refusal(1).contains(word) && !ran.stderr.contains(SECRET), "{word}: {ran:?}");
    }
    let ran = home.run(&["config", "--git-remote", &with_password]);
    assert!(ran.refusal(1).contains("git.username") && !ran.stderr.contains(SECRET), "{ran:?}");

    let missing = home.path("missing");
    for (flag, path, word) in [
        ("--git-token-file", missing.to_str().unwrap(), "git.token_file"),
        ("--git-token-file", &empty, "it is empty"),
        ("--git-webhook-secret-file", &empty, "16 to 255"),
        ("--git-webhook-secret-file", &write(&home, "short", "zu kurz"), "16 to 255"),
    ] {
        let ran = home.run(&["serve", "--listen", "127.0.0.1:0", flag, path]);
        assert!(ran.refusal(1).contains(word) && !ran.stderr.contains("zu kurz"), "{flag} {path}: {ran:?}");
    }
    let file = write(&home, "etc/my.toml", "listen = \"127.0.0.1:0\"\n[git]\ntoken_file = \"token\"\n");
    drop(Serving::of(&mut home.command(&["serve", "--config", &file])));
}
