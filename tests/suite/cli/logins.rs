//! Servers elsewhere: logging in, which of several places is asked, and what goes wrong on the way.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::ways::{Installation, Way};
use crate::binary::{Home, Ran};

fn login_file(home: &Home) -> PathBuf {
    match cfg!(target_os = "macos") {
        true => home.path("Library/Application Support/codexmiroir/login.json"),
        false => home.path(".config/codexmiroir/login.json"),
    }
}

fn login(home: &Home, url: &str, token: &str) -> Ran {
    home.run_with_input(&["login", url, "--token-stdin"], token.as_bytes())
}

#[test]
fn a_login_is_its_owners_alone_and_only_a_right_one_is_kept() {
    let at = Installation::of(Way::Beside);
    let url = at.server.as_ref().unwrap().url("");
    let guest = Home::new();
    for (token, words) in [
        ("", "codexmiroir token create"),
        ("two words", "codexmiroir token create"),
        ("cmr_nonsense", "does not take the token"),
    ] {
        let ran = login(&guest, &url, token);
        assert!(ran.refusal(1).contains(words), "{ran:?}");
        assert_eq!(guest.content(), [], "{token:?}");
    }
    let ran = login(&guest, &format!("{url}/"), &format!("  {}\n", at.token));
    assert_eq!(ran.stdout, format!("logged in to {url} as lena (read, write, admin)\n"));
    let (file, mode) = (login_file(&guest), |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o777);
    assert_eq!((mode(file.clone()), mode(file.parent().unwrap().to_owned())), (0o600, 0o700));
    let kept = std::fs::read(&file).unwrap();
    assert!(login(&guest, &url, "cmr_wrong").code == Some(1) && std::fs::read(&file).unwrap() == kept);
    // A token that ends: it says so, and what to do.
    let id = at.home.did(&["token", "list", "--json"]);
    let id: serde_json::Value = serde_json::from_str(&id).unwrap();
    at.home.did(&["token", "revoke", id["tokens"][0]["id"].as_str().unwrap()]);
    let ran = guest.run(&["task", "list"]);
    assert!(ran.refusal(1).contains("log in with a new one"), "{ran:?}");

    assert!(guest.did(&["logout"]).starts_with(&format!("logged out of {url}")));
    assert!(!file.exists());
    assert_eq!(guest.did(&["logout"]), "there was no login\n");
    let ran = guest.run(&["login", &url]);
    assert!(ran.refusal(1).contains("--token-stdin"), "{ran:?}");
}

#[test]
fn a_flag_goes_before_a_data_directory_and_that_before_the_login() {
    let (one, two) = (Installation::of(Way::Beside), Installation::of(Way::Beside));
    let own = Home::new();
    own.did(&["user", "add", "own", "--time-zone", "UTC"]);
    own.did(&["task", "add", "Own"]);
    one.did(&["task", "add", "One"]);
    two.did(&["task", "add", "Two"]);
    let url = |at: &Installation| at.server.as_ref().unwrap().url("");
    let own_dir = own.data_dir();
    let list = |more: &[&str], environment: &[(&str, &str)]| {
        let mut command = own.command(&[&["task", "list"], more].concat());
        let ran = Ran::of(command.envs(environment.iter().copied()));
        let row = ran.stdout.lines().nth(1).and_then(|row| row.split_whitespace().nth(1)).map(str::to_owned);
        row.unwrap_or(ran.stderr)
    };
    let two_url = url(&two);
    let (own_dir, token) = (own_dir.to_str().unwrap(), ("CODEXMIROIR_TOKEN", two.token.as_str()));
    assert_eq!(list(&[], &[]), "Own");
    assert_eq!(login(&own, &url(&one), &one.token).code, Some(0));
    assert_eq!(list(&[], &[]), "One");
    assert_eq!(list(&["--data-dir", own_dir], &[]), "Own");
    assert_eq!(list(&[], &[("CODEXMIROIR_DATA_DIR", own_dir)]), "Own");
    assert_eq!(list(&["--server", &two_url], &[token]), "Two");
    assert_eq!(list(&["--server", &two_url], &[token, ("CODEXMIROIR_DATA_DIR", own_dir)]), "Two");
    assert_eq!(list(&[], &[token, ("CODEXMIROIR_SERVER", &two_url)]), "Two");
    assert_eq!(list(&["--data-dir", own_dir], &[token, ("CODEXMIROIR_SERVER", &two_url)]), "Own");
    std::fs::write(own.path("token"), format!("{}\n", two.token)).unwrap();
    let of_file = ("CODEXMIROIR_TOKEN_FILE", "token");
    assert_eq!(list(&["--server", &two_url], &[of_file]), "Two");
    assert!(list(&["--server", &two_url], &[of_file, token]).contains("leave one out"));
    assert!(list(&["--server", &two_url], &[("CODEXMIROIR_TOKEN_FILE", "missing")]).contains("missing"));
    assert!(list(&["--server", &two_url], &[]).contains(&format!("codexmiroir login {two_url}")));
    // The one that was logged in to needs no token besides.
    assert_eq!(list(&["--server", &url(&one)], &[]), "One");
    let ran = own.run(&["task", "list", "--server", &two_url, "--data-dir", own_dir]);
    assert!(ran.refusal(2).contains("--server and --data-dir"), "{ran:?}");
    for (wrong, words) in [("tasks", "https://"), ("ftp://a", "https://"), ("http://a:b@c", "password")] {
        let ran = own.run(&["task", "list", "--server", wrong]);
        assert!(ran.refusal(1).contains(words), "{ran:?}");
        assert!(own.run(&["login", wrong]).refusal(2).contains(words));
    }
    // The help says which it would be.
    assert!(own.did(&["--help"]).contains(&format!("ask the server {}, logged in.", url(&one))));
    own.did(&["logout"]);
    assert!(own.did(&["--help"]).contains(&format!("ask the data directory {own_dir}.")));
}

/// Answers every connection with these bytes.
fn answering(answer: &'static str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // A command's request without a body fits into one read.
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn servers_that_are_none_or_answer_badly() {
    let home = Home::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cases = [
        (format!("http://{closed}"), &["cannot reach", "is it running"][..]),
        (answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), &["cannot be read"]),
        (answering("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"), &["no whole answer", "ask again"]),
        (answering("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), &["502", "CodexMiroir server"]),
        (
            answering("HTTP/1.1 301 Moved\r\nLocation: https://b.example/\r\nContent-Length: 0\r\n\r\n"),
            &["https://b.example/"],
        ),
        (answering("SSH-2.0-OpenSSH\r\n"), &["no whole answer"]),
        (answering(""), &["no whole answer"]),
    ];
    for (url, words) in &cases {
        let mut command = home.command(&["task", "list", "--server", url]);
        let ran = Ran::of(command.env("CODEXMIROIR_TOKEN", "cmr_x"));
        for word in words.iter().chain([&url.as_str()]) {
            assert!(ran.refusal(1).contains(word), "{word}: {ran:?}");
        }
        let ran = home.run(&["healthcheck", url]);
        assert!(ran.code == Some(0) || ran.refusal(1).contains("not ready"), "{ran:?}");
    }
    assert_eq!(home.content(), []);
}

#[test]
fn the_health_of_a_server() {
    let at = Installation::of(Way::Beside);
    assert_eq!(at.home.did(&["healthcheck"]), "ready\n");
    let url = at.server.as_ref().unwrap().url("");
    let elsewhere = Home::new();
    assert_eq!(elsewhere.did(&["healthcheck", &url]), "ready\n");
    assert_eq!(elsewhere.did(&["healthcheck", "--server", &url]), "ready\n");
    let none = elsewhere.run(&["healthcheck"]);
    assert!(none.refusal(1).contains("no server runs"), "{none:?}");
    assert_eq!(elsewhere.content(), []);
    drop(at.server);
    assert!(at.home.run(&["healthcheck"]).refusal(1).contains("no server runs"));
    assert!(elsewhere.run(&["healthcheck", &url]).refusal(1).contains("not ready"));
}

#[test]
fn in_the_clear_to_another_machine_is_warned_of() {
    let at = Installation::of(Way::Beside);
    let home = Home::new();
    // This address is every address of this machine, but none that says so by itself.
    let url = format!("http://0.0.0.0:{}", at.server.as_ref().unwrap().address.port());
    let mut command = home.command(&["settings", "--server", &url]);
    let ran = Ran::of(command.env("CODEXMIROIR_TOKEN", &at.token));
    assert!(ran.code == Some(0) && ran.stdout.contains("Europe/Berlin"), "{ran:?}");
    assert!(
        ran.stderr.contains("warning") && ran.stderr.contains("https://") && ran.stderr.lines().count() == 1,
        "{ran:?}"
    );
    assert!(login(&home, &url, &at.token).stderr.contains("warning"));
}
