//! A disk that takes nothing more, and a database file that is gone: reads go on, writes are refused, and the
//! server recovers by itself. Over HTTP, with the real binary on a real full file system.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::binary::{Home, Serving};
use crate::browser::must_be_complete;
use crate::harness::{Answer, TestServer, TestUser};

/// A file system of its own, in memory, that is soon full.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it over a folder. Where that is not allowed the test fails if tests must be complete, else it says
    /// what is lacking.
    pub fn over(folder: &Path, size: &str) -> Option<SmallDisk> {
        std::fs::create_dir_all(folder).unwrap();
        let options = format!("size={size},mode=0700,uid={}", rustix::process::getuid().as_raw());
        if as_root("mount", &["-t", "tmpfs", "-o", &options, "tmpfs"], folder) {
            return Some(SmallDisk(folder.to_owned()));
        }
        let lacking = "this test needs to mount a tmpfs (Linux, as root or with sudo that asks for no password)";
        assert!(!must_be_complete(), "{lacking}");
        eprintln!("NOT TESTED: {lacking}");
        None
    }

    /// Lets nothing more be written, from here on.
    pub fn close(&self) {
        assert!(as_root("mount", &["-o", "remount,ro"], &self.0));
    }

    /// Fills it to the last byte; what takes the room is this file.
    pub fn fill(&self) -> PathBuf {
        let path = self.0.join("fill");
        let mut file = std::fs::File::create(&path).unwrap();
        for block in [1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![b'x'; block]).is_ok() {}
        }
        path
    }
}

/// Runs what only root may, and whether it succeeded.
fn as_root(program: &str, arguments: &[&str], folder: &Path) -> bool {
    let mut plain = Command::new(program);
    let mut with_sudo = Command::new("sudo");
    with_sudo.args(["-n", program]);
    let succeeds =
        |command: &mut Command| command.args(arguments).arg(folder).output().is_ok_and(|ran| ran.status.success());
    succeeds(&mut plain) || succeeds(&mut with_sudo)
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        assert!(as_root("umount", &[], &self.0) || std::thread::panicking(), "it stays mounted");
    }
}

/// Somebody with a token, at a server that may be another process.
pub struct Asker {
    client: Client,
    base: String,
    token: String,
}

impl Asker {
    pub fn new(server: &Serving, token: &str) -> Asker {
        let client = Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        Asker { client, base: server.url(""), token: token.to_owned() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::POST, path)).await
    }

    /// Creates a task with a large body; the key is its title.
    async fn create(&self, title: &str) -> Answer {
        self.create_with(title, &"Belege suchen\n".repeat(2_000)).await
    }

    /// Creates a task with this body; the key is its title.
    pub async fn create_with(&self, title: &str, body: &str) -> Answer {
        let request = self.request(Method::POST, "/api/tasks").header("idempotency-key", title);
        Answer::of(request.json(&json!({"kategorie": "arbeit", "title": title, "body": body}))).await
    }

    pub async fn titles(&self) -> Vec<String> {
        let answer = self.get("/api/tasks?limit=500").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let tasks = answer.json()["tasks"].as_array().unwrap().clone();
        tasks.iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until the server says that it is ready.
    async fn until_ready(&self) {
        let begun = Instant::now();
        while self.get("/readyz").await.status != 200 {
            assert!(begun.elapsed() < Duration::from_secs(60), "it does not recover");
        }
    }
}

#[tokio::test]
async fn a_full_disk_is_read_and_recovers_by_itself() {
    let home = Home::new();
    let Some(disk) = SmallDisk::over(&home.data_dir(), "24m") else { return };
    let token = home.user_with_token("lena");
    let mut server = home.serve(&[]);
    let lena = Asker::new(&server, &token);
    let mut acknowledged = vec!["first".to_owned()];
    assert_eq!(lena.create("first").await.status, 200);

    let fill = disk.fill();
    let refused = loop {
        let title = format!("t{}", acknowledged.len());
        let answer = lena.create(&title).await;
        if answer.status != 200 {
            break answer;
        }
        acknowledged.push(title);
        assert!(acknowledged.len() < 400, "the disk is not full");
    };
    assert_eq!(refused.status, 503, "{}", refused.text);
    assert!(matches!(refused.code().as_str(), "not_saved" | "unknown_outcome"), "{}", refused.text);
    assert_eq!(refused.header("retry-after"), "1");
    let again = lena.create("another").await;
    assert_eq!((again.status, again.code().as_str()), (503, "not_saved"), "nothing is even tried");
    let red = lena.get("/readyz").await;
    assert_eq!((red.status, red.json()["reason"].as_str()), (503, Some("database_not_writable")));
    assert_eq!(lena.get("/livez").await.status, 200);
    let rebuilt = lena.get("/codex?nocache=true").await;
    assert_eq!(rebuilt.status, 200, "{}", rebuilt.text);
    assert_eq!(lena.get("/api/history").await.status, 200);
    let seen = lena.titles().await;
    assert!(acknowledged.iter().all(|title| seen.contains(title)), "an acknowledged task is not seen");

    std::fs::remove_file(fill).unwrap();
    lena.until_ready().await;
    let last = format!("t{}", acknowledged.len());
    for title in [last.as_str(), "another", last.as_str()] {
        let answer = lena.create(title).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    acknowledged.extend([last, "another".to_owned()]);
    assert_eq!(lena.titles().await, acknowledged, "each once");
    server.kill();
    let server = home.serve(&[]);
    assert_eq!(Asker::new(&server, &token).titles().await, acknowledged, "each once, also after a crash");
}

#[test]
fn an_import_that_does_not_fit_is_refused_before_it_begins() {
    let home = Home::new();
    let Some(disk) = SmallDisk::over(&home.data_dir(), "24m") else { return };
    home.user_with_token("lena");
    let folder = home.path("tasks");
    std::fs::create_dir(&folder).unwrap();
    for number in 0..150 {
        let body = "x".repeat(60_000);
        let text = format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n# Aufgabe {number}\n\n{body}\n");
        std::fs::write(folder.join(format!("{number:04}-x.md")), text).unwrap();
    }
    let before = home.content_read();
    let ran = home.run(&["import", folder.to_str().unwrap(), "--user", "lena"]);
    let sentence = ran.refusal(1);
    assert!(sentence.contains("MiB free") && sentence.contains("nothing was saved"), "{sentence}");
    assert_eq!(home.content_read(), before, "nothing was written");

    // A part of it that is let in does fit, also where every document is replaced.
    for number in 45..150 {
        std::fs::remove_file(folder.join(format!("{number:04}-x.md"))).unwrap();
    }
    for size in [33_000, 34_000] {
        for number in 0..45 {
            let body = "x".repeat(size);
            let text = format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n# Aufgabe {number}\n\n{body}\n");
            std::fs::write(folder.join(format!("{number:04}-x.md")), text).unwrap();
        }
        let said = home.did(&["import", folder.to_str().unwrap(), "--user", "lena"]);
        assert!(said.contains("45 "), "{said}");
    }
    drop(disk);
}

async fn create(user: &TestUser, title: &str) -> Answer {
    user.post("/api/tasks", &json!({"kategorie": "arbeit", "title": title})).await
}

async fn reason(server: &TestServer) -> Value {
    Answer::of(server.client.get(server.url("/readyz"))).await.json()["reason"].clone()
}

#[tokio::test]
async fn a_database_file_that_is_put_back_is_written_again() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    assert_eq!(create(&lena, "Da").await.status, 200);
    let (file, aside) = (server.data_dir().join("codexmiroir.redb"), server.data_dir().join("aside"));
    std::fs::rename(&file, &aside).unwrap();
    assert_eq!(reason(&server).await, "database_file_gone", "before anybody writes");
    let refused = create(&lena, "Weg").await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "not_saved"));
    assert_eq!(lena.codex().await["generation"], 1);

    // Another file in its place is not ours to write, whatever is in it.
    std::fs::copy(&aside, &file).unwrap();
    let copied = std::fs::read(&file).unwrap();
    assert_eq!(create(&lena, "Weg").await.status, 503);
    assert_eq!(reason(&server).await, "database_file_gone");
    assert!(std::fs::read(&file).unwrap() == copied, "the other file was written");

    std::fs::rename(&aside, &file).unwrap();
    let begun = Instant::now();
    while reason(&server).await != Value::Null {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not recover");
    }
    assert_eq!(create(&lena, "Wieder").await.status, 200);
    let server = server.restart().await;
    assert_eq!(server.again(&lena).codex().await["generation"], 2);
}

#[tokio::test]
async fn nobody_gets_the_database_while_its_server_has_a_fault() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let (file, aside) = (server.data_dir().join("codexmiroir.redb"), server.data_dir().join("aside"));
    std::fs::rename(&file, &aside).unwrap();
    assert_eq!(create(&lena, "Weg").await.status, 503);
    // The server has given up one opening of it by now and has another; the file is locked all the same.
    let open = redb::Database::open(&aside);
    assert!(matches!(open, Err(redb::DatabaseError::DatabaseAlreadyOpen)), "{open:?}");
    std::fs::rename(&aside, &file).unwrap();
}
