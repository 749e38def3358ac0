//! Passwords at rest: what a copied database tells of them, and what becomes of the key file.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use codexmiroir::service::Service;
use codexmiroir::service::error::{AccessRefusal, Refusal, ServiceError};
use codexmiroir::store::Scopes;
use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::binary::Home;
use crate::harness::{Administrator, Answer, Start, TestServer, repository};

const UNAVAILABLE: Refusal = Refusal::Access(AccessRefusal::PasswordsUnavailable);

const LENAS: &str = "ein sehr geheimes Kennwort";
const LENAS_OTHER: &str = "noch ein geheimes Kennwort";

/// A database whose password hashes are not sealed, as they were before; `tom` had another password first.
fn database_of_before() -> Vec<u8> {
    let packed = std::fs::File::open(repository("fixtures/stores/schema-2-unsealed.redb.gz")).unwrap();
    let mut database = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut database).unwrap();
    database
}

/// Whose it is; `Err` when it cannot be told.
async fn check(service: &std::sync::Arc<Service>, name: &str, password: &str) -> Result<Option<String>, Refusal> {
    match service.check_password(name, password.to_owned()).await {
        Ok(known) => Ok(known.map(|known| known.user.name.as_str().to_owned())),
        Err(ServiceError::Refused(refusal)) => Err(refusal),
        Err(error) => panic!("{error}"),
    }
}

/// Signs in by the API, as a page of the server's own does; the answer.
async fn sign_in(server: &TestServer, name: &str, password: &str) -> Answer {
    let request = server.client.post(server.url("/auth/login")).header("Sec-Fetch-Site", "same-origin");
    Answer::of(request.json(&json!({"name": name, "password": password}))).await
}

/// Every file below a folder, with its bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = std::fs::symlink_metadata(&path).unwrap();
        if kind.is_dir() {
            found.extend(files(&path));
        } else if kind.is_file() {
            found.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    found
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The key as it is written in its file.
fn key_in(file: &Path) -> String {
    let line = std::fs::read_to_string(file).unwrap();
    line.trim_end().strip_prefix("codexmiroir-key-1 ").unwrap().to_owned()
}

#[tokio::test]
async fn hashes_of_before_are_sealed_at_the_start_and_leave_no_trace() {
    let server = TestServer::start().await;
    let (file, key_file) = (server.data_dir().join("codexmiroir.redb"), server.data_dir().join("codexmiroir.key"));
    assert!(has(&database_of_before(), "$argon2id$"), "the test sees what it looks for");
    let half = file.with_extension("new");
    let server = server
        .restart_after(|| {
            std::fs::write(&file, database_of_before()).unwrap();
            std::fs::remove_file(&key_file).unwrap();
            let _ = std::fs::remove_file(file.with_extension("journal"));
            // What starts left that were cut off: they are in nobody's way.
            std::fs::write(&half, "half a database").unwrap();
            std::fs::write(key_file.with_extension("key.new"), "codexmiroir-key-1 ").unwrap();
        })
        .await;
    for (path, bytes) in files(server.data_dir()) {
        assert!(!has(&bytes, "argon2"), "{} tells a hash", path.display());
    }
    assert!(!half.exists() && !key_file.with_extension("key.new").exists());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(&key_file)), (0o600, 0o600));
    let lena = server.holder("lena", server.token("lena", Scopes::READ).await);
    assert_eq!((&lena.codex().await["generation"], &lena.task("0").await["title"]), (&json!(1), &json!("Von frueher")));
    let passwords = [("lena", "ein Kennwort von frueher"), ("tom", "ein anderes von frueher")];
    for (name, password) in passwords {
        assert_eq!(check(server.service(), name, password).await, Ok(Some(name.to_owned())));
        assert_eq!(check(server.service(), name, "noch eins von frueher").await, Ok(None));
    }
    let identity = std::fs::metadata(&file).unwrap().ino();
    let server = server.restart().await;
    assert_eq!(std::fs::metadata(&file).unwrap().ino(), identity, "it is written anew once");
    for (name, password) in passwords {
        assert_eq!(check(server.service(), name, password).await, Ok(Some(name.to_owned())));
    }
    assert_eq!(server.again(&lena).codex().await["generation"], 1);
}

#[tokio::test]
async fn where_the_database_cannot_be_written_anew_passwords_work_all_the_same() {
    let server = TestServer::start().await;
    let file = server.data_dir().join("codexmiroir.redb");
    // What cannot be removed as a file is in the way.
    let in_the_way = file.with_extension("new");
    let server = server
        .restart_after(|| {
            std::fs::write(&file, database_of_before()).unwrap();
            let _ = std::fs::remove_file(file.with_extension("journal"));
            std::fs::create_dir(&in_the_way).unwrap();
        })
        .await;
    assert!(has(&std::fs::read(&file).unwrap(), "$argon2id$"));
    let password = "ein Kennwort von frueher";
    assert_eq!(check(server.service(), "lena", password).await, Ok(Some("lena".to_owned())));
    assert_eq!(check(server.service(), "tom", password).await, Ok(None));
    let server = server.restart_after(|| std::fs::remove_dir(&in_the_way).unwrap()).await;
    assert!(!has(&std::fs::read(&file).unwrap(), "argon2"), "the next start tries again");
    assert_eq!(check(server.service(), "lena", password).await, Ok(Some("lena".to_owned())));
}

#[tokio::test]
async fn a_copied_database_has_nothing_in_it_that_opens_anything() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let socket = server.administrator();
    for password in [LENAS, LENAS_OTHER] {
        let given = socket.patch("/api/admin/users/lena", &json!({"password": password})).await;
        assert_eq!(given.status, 200, "{}", given.text);
    }
    let request = lena.request(Method::POST, "/api/tokens").header("Idempotency-Key", "k").json(&json!({"name": "x"}));
    let made = Answer::of(request).await.json()["token"].as_str().unwrap().to_owned();
    lena.create(json!({"kategorie": "arbeit", "title": "Da"})).await;
    let key = key_in(&server.data_dir().join("codexmiroir.key"));
    let signed_in = sign_in(&server, "lena", LENAS_OTHER).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text);
    let session = signed_in.header("set-cookie").split(['=', ';']).nth(1).unwrap().to_owned();
    assert!(session.starts_with("cms_"), "{session}");
    let mut secrets = vec![LENAS, LENAS_OTHER, "argon2", &key, &session[4..], &session[4..47]];
    for token in [&lena.token, &made] {
        secrets.extend([&token[4..], &token[4..47]]);
    }
    let copied = files(server.data_dir()).into_iter().filter(|(path, _)| !path.ends_with("codexmiroir.key"));
    let copied: Vec<_> = copied.collect();
    assert!(copied.iter().any(|(_, bytes)| has(bytes, "sealed-1:")), "the test sees what is there");
    for (path, bytes) in &copied {
        for secret in &secrets {
            assert!(!has(bytes, secret), "{} has {secret}", path.display());
        }
    }
    for (method, path) in [(Method::GET, "/api/export?format=json&history=true"), (Method::GET, "/api/me")] {
        let told = Answer::of(lena.request(method, path)).await.text;
        assert!(!told.contains("sealed-1") && !told.contains(&key), "{told}");
    }
    // Whoever has the copy alone starts a server that lets nobody in by a password.
    let key_file = server.data_dir().join("codexmiroir.key");
    let server = server.restart_after(|| std::fs::remove_file(&key_file).unwrap()).await;
    for (name, password) in [("lena", LENAS_OTHER), ("lena", LENAS), ("nobody", LENAS)] {
        let refused = sign_in(&server, name, password).await;
        assert_eq!((refused.status, refused.code().as_str()), (503, "passwords_unavailable"));
        assert_eq!(refused.header("set-cookie"), "");
    }
    assert!(!key_file.exists());
}

/// Gives somebody a password, as an administrator.
async fn give(server: &TestServer, name: &str, password: &str) -> Answer {
    server.administrator().patch(&format!("/api/admin/users/{name}"), &json!({"password": password})).await
}

#[tokio::test]
async fn without_its_key_file_a_server_does_everything_else() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    assert_eq!(give(&server, "lena", LENAS).await.status, 200);
    server.user("tom").await;
    let key_file = server.data_dir().join("codexmiroir.key");
    let first = std::fs::read(&key_file).unwrap();
    let server = server.restart_after(|| std::fs::remove_file(&key_file).unwrap()).await;
    let lena = server.again(&lena);
    lena.create(json!({"kategorie": "arbeit", "title": "Geht"})).await;
    assert_eq!(lena.codex().await["generation"], 1);
    assert_eq!(check(server.service(), "lena", LENAS).await, Err(UNAVAILABLE));
    // A new password makes a new key; nobody is told whose of before cannot be checked.
    assert_eq!(give(&server, "tom", LENAS_OTHER).await.status, 200);
    let second = std::fs::read(&key_file).unwrap();
    assert!(first != second);
    assert_eq!(check(server.service(), "tom", LENAS_OTHER).await, Ok(Some("tom".to_owned())));
    for name in ["lena", "tom", "nobody"] {
        assert_eq!(check(server.service(), name, LENAS).await, Err(UNAVAILABLE), "{name}");
    }
    // Nor can anybody guess on without end meanwhile.
    let mut answers = Vec::new();
    for _ in 0..12 {
        answers.push(sign_in(&server, "tom", LENAS).await.status);
    }
    assert_eq!(answers, [vec![503; 10], vec![429; 2]].concat());
    let server = server.restart_after(|| std::fs::write(&key_file, &first).unwrap()).await;
    assert_eq!(check(server.service(), "lena", LENAS).await, Ok(Some("lena".to_owned())));
    assert_eq!(check(server.service(), "tom", LENAS_OTHER).await, Err(UNAVAILABLE));
    assert_eq!(give(&server, "tom", LENAS_OTHER).await.status, 200);
    assert_eq!(check(server.service(), "tom", LENAS_OTHER).await, Ok(Some("tom".to_owned())));
    assert_eq!(check(server.service(), "tom", LENAS).await, Ok(None), "all of them can be checked");

    // While the file cannot be used, no password is given, and in both languages it is said.
    std::fs::set_permissions(&key_file, PermissionsExt::from_mode(0o644)).unwrap();
    let mut sentences = Vec::new();
    for language in ["en", "de"] {
        let request = server.administrator().request(Method::PATCH, "/api/admin/users/tom");
        let answer = Answer::of(request.header("Accept-Language", language).json(&json!({"password": LENAS}))).await;
        assert_eq!((answer.status, answer.code().as_str()), (503, "passwords_unavailable"));
        sentences.push(answer.json()["error"].as_str().unwrap().to_owned());
    }
    assert_ne!(sentences[0], sentences[1]);
    assert_eq!(check(server.service(), "tom", LENAS_OTHER).await, Ok(Some("tom".to_owned())));
}

#[test]
fn the_key_file_is_made_with_the_database_where_it_was_named() {
    let home = Home::new();
    home.did(&["user", "add", "lena"]);
    let beside = home.data_dir().join("codexmiroir.key");
    assert_eq!(std::fs::metadata(&beside).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&beside).unwrap().len(), 62);

    std::fs::create_dir_all(home.path("secrets")).unwrap();
    std::fs::create_dir_all(home.path("other")).unwrap();
    std::fs::write(home.path("other/codexmiroir.toml"), "key_file = \"../secrets/my.key\"").unwrap();
    let elsewhere = ["--data-dir", "other"];
    home.did(&[&["user", "add", "lena"], &elsewhere[..]].concat());
    let key = key_in(&home.path("secrets/my.key"));
    assert!(!home.path("other/codexmiroir.key").exists());
    let server = home.serve(&elsewhere);
    server.stop(Signal::TERM);
    // A link to it is as good, as mounted secrets are some.
    symlink(home.path("secrets/my.key"), home.path("link")).unwrap();
    let given = home.run_with_input(&["user", "passwd", "lena", "--password-stdin", "--data-dir", "other"], b"x");
    assert!(given.refusal(1).contains("12 to 128"), "{given:?}");
    let mut command = home.command(&["config", "--data-dir", "other"]);
    let printed = crate::binary::Ran::of(command.env("CODEXMIROIR_KEY_FILE", home.path("link")));
    assert!(printed.stdout.contains("link") && !printed.stdout.contains(&key), "{printed:?}");
    // A demo keeps nothing, and has a key of its own.
    let demo = home.serve(&["--demo", "--key-file", "demo.key"]);
    demo.stop(Signal::TERM);
    assert!(!home.path("demo.key").exists());
}

#[test]
fn a_key_file_that_cannot_be_used_stops_the_start_with_a_sentence() {
    let home = Home::new();
    home.did(&["user", "add", "lena"]);
    let key_file = home.data_dir().join("codexmiroir.key");
    let good = std::fs::read(&key_file).unwrap();
    let name = key_file.display().to_string();
    let write = |bytes: &[u8], mode| {
        std::fs::write(&key_file, bytes).unwrap();
        std::fs::set_permissions(&key_file, PermissionsExt::from_mode(mode)).unwrap();
    };
    for (bytes, mode, words) in [
        (&b""[..], 0o600, "is no key file"),
        (b"codexmiroir-key-1 geheim-geheim", 0o600, "is no key file"),
        (b"codexmiroir-key-2 geheim-geheim", 0o600, "newer version"),
        (&good, 0o644, "chmod 600"),
        (&good, 0o660, "(mode 660)"),
    ] {
        write(bytes, mode);
        let before = home.content_read();
        for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["user", "passwd", "lena", "--password-stdin"]] {
            let ran = home.run_with_input(arguments, LENAS.as_bytes());
            let sentence = ran.refusal(1);
            assert!(sentence.contains(words) && sentence.contains(&name), "{arguments:?}: {sentence}");
            assert!(!sentence.contains("geheim"), "{sentence}");
        }
        assert!(home.content_read() == before, "something was changed");
    }
    write(&good, 0o400);
    home.did(&["user", "list"]);
    let nowhere = home.run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", "new", "--key-file", "none/my.key"]);
    assert!(nowhere.refusal(1).contains("cannot make the key file none/my.key"), "{nowhere:?}");
}

/// Starts a server that logs all it can, has `ask` ask it, and stops it: what it logged.
fn log_of(home: &Home, ask: impl AsyncFnOnce()) -> String {
    let mut child = home.command(&["serve", "--listen", "127.0.0.1:0", "--log", "trace"]).spawn().unwrap();
    let (mut line, mut log) = (String::new(), String::new());
    let mut stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        stderr.read_to_string(&mut log).unwrap();
        log
    });
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on "), "{line:?}");
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(ask());
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    reader.join().unwrap()
}

#[test]
fn a_lost_key_is_told_once_and_no_key_ever() {
    let home = Home::new();
    let input = LENAS.as_bytes();
    assert_eq!(home.run_with_input(&["user", "add", "lena", "--password-stdin"], input).code, Some(0));
    let key_file = home.data_dir().join("codexmiroir.key");
    let first = key_in(&key_file);
    let lines = |log: &str, words: &str| log.lines().filter(|line| line.contains(words)).count();
    let told = log_of(&home, async || ());
    assert_eq!(lines(&told, "cannot be checked"), 0, "{told}");

    let kept = home.path("kept.key");
    std::fs::rename(&key_file, &kept).unwrap();
    assert_eq!(home.did(&["user", "list", "--json"]).matches("lena").count(), 1, "commands say nothing of it");
    let socket = Administrator::at(&home.data_dir());
    let lost = log_of(&home, async || {
        assert_eq!(socket.acting_for("lena").get("/codex").await.status, 200);
    });
    assert_eq!(lines(&lost, "1 of the passwords cannot be checked"), 1, "{lost}");
    assert!(lost.contains("codexmiroir user passwd NAME") && lost.contains(key_file.to_str().unwrap()), "{lost}");
    let replaced = log_of(&home, async || {
        let added = json!({"name": "tom", "password": LENAS_OTHER});
        assert_eq!(socket.post("/api/admin/users", &added).await.status, 200);
    });
    assert_eq!(lines(&replaced, "is lost, and there is a new one now"), 1, "{replaced}");
    let second = key_in(&key_file);
    let other = log_of(&home, async || ());
    assert_eq!(lines(&other, "1 of the passwords cannot be checked"), 1, "{other}");
    std::fs::rename(&kept, &key_file).unwrap();
    let back = log_of(&home, async || ());
    assert_eq!(lines(&back, "1 of the passwords cannot be checked"), 1, "those of the other key: {back}");
    for log in [told, lost, replaced, other, back] {
        for secret in [first.as_str(), &second, LENAS, LENAS_OTHER, "argon2", "sealed-1"] {
            assert!(!log.contains(secret), "{secret}: {log}");
        }
    }
}

#[tokio::test]
async fn a_key_that_is_needed_is_not_given_up_for_another() {
    let server = TestServer::start().await;
    for name in ["lena", "tom"] {
        server.user(name).await;
        assert_eq!(give(&server, name, LENAS).await.status, 200);
    }
    let (key_file, elsewhere) = (server.data_dir().join("codexmiroir.key"), TestServer::start().await);
    let first = std::fs::read(&key_file).unwrap();
    std::fs::copy(elsewhere.data_dir().join("codexmiroir.key"), &key_file).unwrap();
    let refused = give(&server, "tom", LENAS_OTHER).await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "passwords_unavailable"));
    for name in ["lena", "tom"] {
        assert_eq!(check(server.service(), name, LENAS).await, Ok(Some(name.to_owned())), "nothing was changed");
    }
    std::fs::write(&key_file, &first).unwrap();
    assert_eq!(give(&server, "tom", LENAS_OTHER).await.status, 200);
}

#[tokio::test]
async fn no_metric_tells_the_key() {
    let token = "t".repeat(32);
    let metrics = codexmiroir::app::MetricsOptions { listen: None, token: Some(token.clone()) };
    let server = TestServer::start_with(Start { metrics, ..Start::default() }).await;
    server.user("lena").await;
    let told = server.holder("metrics", token).get("/metrics").await;
    assert_eq!(told.status, 200);
    assert!(!told.text.contains(&key_in(&server.data_dir().join("codexmiroir.key"))));
}
