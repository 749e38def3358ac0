//! The control socket, and a command that has the database itself: the same HTTP, as the administrator.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use codexmiroir::app::{self, Access, AccessOptions, Duplex, StartError, SyncSettings};
use codexmiroir::clock::Clock;
use codexmiroir::http::listen::Limits;
use codexmiroir::service::rulebook::RuleBook;
use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::binary::Home;
use crate::harness::{Administrator, Answer, MONDAY, Start, TestServer, at_once, instant, workers};

/// Longer than any test: what is not waited out.
const PATIENT: Duration = Duration::from_secs(60);

fn options(data_dir: &Path, create: bool, patience: Duration) -> AccessOptions {
    AccessOptions {
        data_dir: data_dir.to_owned(),
        key_file: None,
        create,
        rules: RuleBook::builtin(),
        workers: workers(),
        hot_bytes_max: 1 << 20,
        limits: Limits::default(),
        clock: Clock::manual(instant(MONDAY)),
        sync: SyncSettings::default(),
        patience,
    }
}

/// One request over a connection of its own: the status, and the body as JSON.
async fn ask(access: &Access, head: &str, body: &str) -> (u16, Value) {
    let stream = access.connect().await.unwrap().into_stream();
    ask_over(stream, head, body).await
}

async fn ask_over(mut stream: Box<dyn Duplex>, head: &str, body: &str) -> (u16, Value) {
    let length = body.len();
    let (line, fields) = head.split_once("\r\n").unwrap_or((head, ""));
    let fields = if fields.is_empty() { String::new() } else { format!("{fields}\r\n") };
    let request = format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n{fields}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap_or_else(|| panic!("{answer:?}")).parse().unwrap();
    (status, serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or_default())
}

#[tokio::test]
async fn the_socket_speaks_the_api_as_the_administrator() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let administrator = server.administrator();
    for path in ["/livez", "/readyz"] {
        assert_eq!(administrator.get(path).await.status, 200);
    }
    assert_eq!(administrator.get("/nowhere").await.code(), "no_such_route");
    for (method, path) in [
        (Method::GET, "/codex"),
        (Method::GET, "/api/tasks"),
        (Method::GET, "/api/me"),
        (Method::GET, "/api/events"),
        (Method::DELETE, "/api/tasks/0000"),
        (Method::POST, "/api/undo"),
    ] {
        let mut sentences = Vec::new();
        for language in ["en", "de"] {
            let request = administrator.request(method.clone(), path).header("Accept-Language", language);
            let answer = Answer::of(request).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "user_needed"), "{path}: {}", answer.text);
            sentences.push(answer.json()["error"].as_str().unwrap().to_owned());
        }
        assert!(sentences.iter().all(|sentence| sentence.contains("Codexmiroir-User")), "{sentences:?}");
        assert_ne!(sentences[0], sentences[1]);
    }

    let acting = administrator.acting_for("lena");
    let created = acting.post("/api/tasks", &json!({"kategorie": "arbeit", "title": "Von hier"})).await;
    assert_eq!(created.status, 200, "{}", created.text);
    // The same bytes, from whichever side they are asked for, and the hot answer too.
    for _ in 0..2 {
        assert_eq!(acting.get("/codex").await.text, lena.get("/codex").await.text);
    }
    let entry = lena.history("/api/history").await.remove(0);
    assert_eq!((&entry["actor"], &entry["through"]), (&json!("lena"), &json!("cli")));
    assert_eq!(acting.get("/api/me").await.json()["scopes"], json!(["read", "write", "admin"]));
}

#[tokio::test]
async fn whom_the_administrator_acts_for_must_be_one_known_user() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let administrator = server.administrator();
    for name in ["nobody", "Lena", "../lena", "lena,lena", ""] {
        let answer = administrator.acting_for(name).get("/codex").await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "no_such_user"), "{name}: {}", answer.text);
    }
    let twice = administrator.request(Method::GET, "/codex").header("Codexmiroir-User", "lena");
    let with_token = administrator.request(Method::GET, "/codex").bearer_auth(&lena.token);
    for request in [
        twice.header("Codexmiroir-User", "lena"),
        with_token.header("Codexmiroir-User", "lena"),
        administrator.request(Method::GET, "/codex").header("Codexmiroir-User", &b"l\xc3\xa9na"[..]),
    ] {
        let answer = Answer::of(request).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "malformed_header"), "{}", answer.text);
    }
    // A token means on the socket what it means everywhere.
    let answer = Answer::of(administrator.request(Method::GET, "/codex").bearer_auth(&lena.token)).await;
    assert_eq!((answer.status, &answer.json()["userId"]), (200, &json!("lena")));
    let answer = Answer::of(administrator.request(Method::GET, "/codex").bearer_auth("cmr_none")).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn on_the_network_the_header_means_nothing() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    tom.create(json!({"kategorie": "arbeit", "title": "Geheim"})).await;
    let stranger = server.client.get(server.url("/codex")).header("Codexmiroir-User", "tom");
    assert_eq!(Answer::of(stranger).await.code(), "sign_in_needed");
    let answer = Answer::of(lena.request(Method::GET, "/codex").header("Codexmiroir-User", "tom")).await;
    assert_eq!((answer.status, &answer.json()["userId"]), (200, &json!("lena")));
    assert!(!answer.text.contains("geheim"), "{}", answer.text);
}

#[tokio::test]
async fn the_socket_asks_for_no_host_of_ours_but_for_a_sound_one() {
    let server = TestServer::start().await;
    let ask = async |fields: &str| {
        let mut stream = app::connect(server.data_dir()).await.unwrap();
        let head = format!("GET /nowhere HTTP/1.1\r\nConnection: close\r\n{fields}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(ask("Host: anything.example\r\nOrigin: https://evil.example\r\n").await, "404");
    for fields in ["", "Host: a b\r\n", "Host: a\r\nHost: a\r\n"] {
        assert_eq!(ask(fields).await, "400", "{fields}");
    }
}

#[tokio::test]
async fn the_socket_is_its_owners_alone_and_gone_afterwards() {
    let home = Home::new();
    home.user_with_token("lena");
    let socket = home.data_dir().join("control.sock");
    for signal in [Signal::INT, Signal::TERM] {
        let server = home.serve(&[]);
        let metadata = std::fs::metadata(&socket).unwrap();
        assert!(metadata.file_type().is_socket());
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(home.data_dir()).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(server.stop(signal).0.code(), Some(0));
        let mut left: Vec<_> =
            std::fs::read_dir(home.data_dir()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["codexmiroir.key", "codexmiroir.redb"]);
    }
}

#[tokio::test]
async fn the_socket_of_a_killed_server_is_replaced() {
    let home = Home::new();
    home.user_with_token("lena");
    for _ in 0..2 {
        let mut server = home.serve(&[]);
        let administrator = Administrator::at(&home.data_dir()).acting_for("lena");
        let created = administrator.post("/api/tasks", &json!({"kategorie": "arbeit"})).await;
        assert_eq!(created.status, 200, "{}", created.text);
        server.kill();
        assert!(home.data_dir().join("control.sock").exists());
        // What a start that was cut off would leave.
        std::fs::create_dir(home.data_dir().join("control.new")).unwrap();
        std::fs::write(home.data_dir().join("control.new/control.sock"), "").unwrap();
        // Nobody answers there any more, so a command has the database itself.
        let access = app::reach(options(&home.data_dir(), false, PATIENT)).await.unwrap();
        assert!(matches!(access, Access::Local(_)));
        access.stop().await;
    }
    let server = home.serve(&[]);
    let tasks = Administrator::at(&home.data_dir()).acting_for("lena").get("/api/tasks").await.json();
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 2);
    drop(server);
}

#[tokio::test]
async fn a_long_path_has_a_socket_too() {
    let home = Home::new();
    let long = home.path(&"sehr-langer-ordner/".repeat(10));
    let named = ["--data-dir", long.to_str().unwrap()];
    home.did(&[&["user", "add", "lena"][..], &named].concat());
    let server = home.serve(&named);
    let access = app::reach(options(&long, false, PATIENT)).await.unwrap();
    assert!(matches!(access, Access::Server(_)));
    let (status, me) = ask(&access, "GET /api/me\r\nCodexmiroir-User: lena", "").await;
    assert_eq!((status, &me["name"]), (200, &json!("lena")));
    assert_eq!(server.stop(Signal::TERM).0.code(), Some(0));
    assert!(!long.join("control.sock").exists());
}

#[tokio::test]
async fn all_connections_count_and_none_counts_for_an_address() {
    let limits = Limits { connections_max: 3, connections_per_address_max: 1, ..Limits::default() };
    let server = TestServer::start_with(Start { limits, ..Start::default() }).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = app::connect(server.data_dir()).await.unwrap();
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
        held.push(stream);
    }
    let mut turned_away = String::new();
    app::connect(server.data_dir()).await.unwrap().read_to_string(&mut turned_away).await.unwrap();
    assert!(turned_away.starts_with("HTTP/1.1 503 "), "{turned_away}");
}

#[tokio::test]
async fn a_silent_client_of_the_socket_is_cut() {
    let limits = Limits { first_byte: Duration::from_millis(20), ..Limits::default() };
    let server = TestServer::start_with(Start { limits, ..Start::default() }).await;
    let mut silent = app::connect(server.data_dir()).await.unwrap();
    assert_eq!(silent.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn without_a_server_a_command_speaks_the_same_http() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    match app::reach(options(&data_dir, false, PATIENT)).await {
        Err(StartError::NoDatabase { .. }) => assert!(!data_dir.exists()),
        _ => panic!("there is no database"),
    }
    let access = app::reach(options(&data_dir, true, PATIENT)).await.unwrap();
    assert!(matches!(access, Access::Local(_)));
    assert_eq!(ask(&access, "GET /readyz", "").await.0, 200);
    assert_eq!(ask(&access, "GET /codex", "").await.1["code"], "user_needed");
    assert_eq!(ask(&access, "GET /codex\r\nCodexmiroir-User: lena", "").await.1["code"], "no_such_user");
    assert_eq!(ask(&access, "GET /codex\r\nAuthorization: Bearer cmr_none", "").await.0, 401);
    // A connection that nobody uses does not hold up the end.
    let _idle = access.connect().await.unwrap();
    access.stop().await;
    assert_eq!(std::fs::metadata(&data_dir).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(!data_dir.join("control.sock").exists());
}

#[tokio::test]
async fn whoever_has_the_database_is_waited_for_or_named() {
    let folder = tempfile::tempdir().unwrap();
    let first = app::reach(options(folder.path(), true, PATIENT)).await.unwrap();
    match app::reach(options(folder.path(), false, Duration::ZERO)).await {
        Err(error @ StartError::Busy { .. }) => assert!(error.to_string().contains("another command"), "{error}"),
        _ => panic!("the database has an owner"),
    }
    // An address that a killed server left misleads nobody.
    std::fs::write(folder.path().join("server.address"), "127.0.0.1:9\n").unwrap();
    let busy = app::reach(options(folder.path(), false, Duration::ZERO)).await;
    assert!(matches!(busy, Err(StartError::Busy { .. })));
    let (waited, ()) = tokio::join!(app::reach(options(folder.path(), false, PATIENT)), first.stop());
    let waited = waited.unwrap();
    assert!(matches!(waited, Access::Local(_)));
    waited.stop().await;
}

#[tokio::test]
async fn many_commands_at_once_all_have_their_turn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let ran = at_once((0..8).map(|_| {
        let path = path.clone();
        async move {
            let access = app::reach(options(&path, true, PATIENT)).await.unwrap();
            let (status, _) = ask(&access, "GET /readyz", "").await;
            access.stop().await;
            status
        }
    }));
    assert_eq!(ran.await, [200; 8]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_and_servers_that_start_and_stop_do_not_fail_each_other() {
    let home = Home::new();
    home.user_with_token("lena");
    let command = || {
        let data_dir = home.data_dir();
        tokio::spawn(async move {
            let access = app::reach(options(&data_dir, false, PATIENT)).await.unwrap();
            access.stop().await;
        })
    };
    for _ in 0..3 {
        let while_it_starts = command();
        let server = tokio::task::block_in_place(|| home.serve(&[]));
        while_it_starts.await.unwrap();
        let while_it_stops = command();
        let (status, _) = tokio::task::block_in_place(|| server.stop(Signal::TERM));
        assert_eq!(status.code(), Some(0));
        while_it_stops.await.unwrap();
    }
}

#[test]
fn a_second_server_is_refused_with_the_address_of_the_first() {
    let home = Home::new();
    home.user_with_token("lena");
    let first = home.serve(&[]);
    let ran = home.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(ran.refusal(1).contains(&format!("http://{}", first.address)), "{ran:?}");
    assert!(home.data_dir().join("control.sock").exists(), "the refused one took nothing away");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_names_a_command_that_does_not_let_go() {
    let home = Home::new();
    home.user_with_token("lena");
    let command = app::reach(options(&home.data_dir(), false, PATIENT)).await.unwrap();
    let ran = tokio::task::block_in_place(|| home.run(&["serve", "--listen", "127.0.0.1:0"]));
    assert!(ran.refusal(1).contains("another command"), "{ran:?}");
    command.stop().await;
    assert_eq!(home.serve(&[]).stop(Signal::TERM).0.code(), Some(0));
}
