//! `codexmiroir backup` and `codexmiroir restore`: everything of everybody comes back, as of one generation of each user's.
//!
//! `CODEXMIROIR_BACKUPS=200 cargo test --test suite backup::` makes as many backups while somebody writes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use codexmiroir::service::Streamed;
use codexmiroir::service::backup::{BackupError, check};
use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::binary::{Home, Ran, Serving};
use crate::harness::{Administrator, Answer, TestServer, TestUser, client, vault};
use crate::secrets::{self, Kind};

const PASSWORD: &str = "correct horse battery";
const PASSPHRASE: &str = "staple battery horse";
const REMOTE_TOKEN: &str = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";

/// What stands behind a backup's frame, before the hash.
const SEAL: [u8; 8] = [0x5d, 0x2a, 0x4d, 0x18, 32, 0, 0, 0];

/// A user of the real server.
struct Person {
    name: &'static str,
    token: String,
    base: String,
}

impl Person {
    async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        let client = client().build().unwrap();
        let request = client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        Answer::of(if body.is_null() { request } else { request.json(&body) }).await
    }

    async fn did(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.ask(method, path, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    fn at(&self, server: &Serving) -> Person {
        Person { base: server.url(""), token: self.token.clone(), ..*self }
    }
}

/// A home with two users, who have passwords and a token each, and a server.
fn two_users() -> (Home, Serving, [Person; 2]) {
    let home = Home::new();
    let person = |name: &'static str| {
        let arguments = ["user", "add", name, "--time-zone", "Europe/Berlin", "--password-stdin"];
        assert_eq!(home.run_with_input(&arguments, format!("{PASSWORD} {name}\n").as_bytes()).code, Some(0));
        let token = home.did(&["token", "create", name]).trim_end().to_owned();
        (name, token)
    };
    let people = ["lena", "tom"].map(person);
    let server = home.serve(&[]);
    let people = people.map(|(name, token)| Person { name, token, base: server.url("") });
    (home, server, people)
}

/// Changes of every kind.
async fn live(lena: &Person, tom: &Person) {
    for number in 0..12 {
        let task = json!({"kategorie": "arbeit", "title": format!("Aufgabe {number}"), "tags": ["eilig"]});
        lena.did(Method::POST, "/api/tasks", task).await;
    }
    lena.did(Method::PUT, "/api/tasks/3", json!({"title": "Anders", "deadline": "31.12.2099"})).await;
    lena.did(Method::POST, "/api/tasks/4/complete", json!({"datum": "13.10.2025", "zeit": "morgens"})).await;
    lena.did(Method::DELETE, "/api/tasks/5", Value::Null).await;
    lena.did(Method::PATCH, "/api/settings", json!({"horizon": 9, "language": "de", "theme": "dark"})).await;
    for reason in ["so nicht", "nie"] {
        let script = format!(
            "fn place(task, today) {{ if task.tags.contains(\"nie\") {{ never(\"{reason}\") }} else {{ anywhere() }} }}"
        );
        let holidays = json!({"use": "german-holidays", "options": {"land": "BY"}});
        let rules = json!({"rules": [{"use": "spartan"}, holidays, {"name": "mine", "script": script}]});
        lena.did(Method::PUT, "/api/rules", rules).await;
    }
    secrets::learn(Kind::Git, REMOTE_TOKEN);
    let remote = json!({"remote": "https://git.example.org/lena.git", "username": "lena", "token": REMOTE_TOKEN,
        "mode": "off"});
    lena.did(Method::PUT, "/api/sync/remote", remote).await;
    tom.did(Method::POST, "/api/tasks", json!({"kategorie": "privat", "title": "Zwiebelkuchen"})).await;
}

/// What each user has, by all that the API tells of it.
async fn everything(data_dir: &Path) -> BTreeMap<String, Value> {
    let administrator = Administrator::at(data_dir);
    let users = administrator.get("/api/admin/users").await.json();
    let mut all = BTreeMap::new();
    for user in users["users"].as_array().unwrap() {
        let name = user["name"].as_str().unwrap().to_owned();
        let own = administrator.acting_for(&name);
        let mut has = vec![user.clone()];
        for path in ["/api/export?format=json&history=true", "/api/rules/versions", "/api/rules", "/api/settings"] {
            has.push(own.get(path).await.json());
        }
        let mut tokens = own.get("/api/tokens").await.json();
        for token in tokens["tokens"].as_array_mut().unwrap() {
            // It is noted in passing, after an answer.
            token["lastUsedAt"] = Value::Null;
        }
        has.push(tokens);
        all.insert(name, Value::Array(has));
    }
    all
}

async fn sign_in(server: &Serving, name: &str, password: &str) -> u16 {
    let client = client().build().unwrap();
    let request = client
        .post(server.url("/auth/login"))
        .header("Sec-Fetch-Site", "same-origin")
        .json(&json!({"name": name, "password": password}));
    Answer::of(request).await.status
}

/// Files and folders of a folder whose names begin so.
fn named(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix)).collect()
}

fn backed_up(home: &Home, name: &str) -> PathBuf {
    let said = home.did(&["backup", "--output", name]);
    assert!(said.starts_with(&format!("wrote {name}: 2 users, 12 tasks, ")), "{said}");
    home.path(name)
}

#[tokio::test]
async fn everything_of_everybody_comes_back() {
    let (home, server, [lena, tom]) = two_users();
    live(&lena, &tom).await;
    assert_eq!(sign_in(&server, "lena", &format!("{PASSWORD} lena")).await, 200);
    let before = everything(&home.data_dir()).await;
    // Beside the server, and without one: the same of everybody.
    let beside = backed_up(&home, "beside.tar.zst");
    let served = (lena.did(Method::GET, "/codex", Value::Null).await, server.stop(Signal::TERM));
    let alone = backed_up(&home, "alone.tar.zst");
    for (number, file) in [beside, alone].iter().enumerate() {
        let target = home.path(&format!("restored-{number}"));
        let said = home.did(&["restore", file.to_str().unwrap(), "--data-dir", target.to_str().unwrap()]);
        assert!(said.contains(": 2 users, 12 tasks, 19 changes\n"), "{said}");
        assert!(said.contains("2 timelines are what they were\n"), "{said}");
        assert!(said.contains("without the token of 1 user's own repository"), "{said}");
        let server = home.serve(&["--data-dir", target.to_str().unwrap()]);
        assert_eq!(everything(&target).await, before);
        let (lena, tom) = (lena.at(&server), tom.at(&server));
        assert_eq!(lena.did(Method::GET, "/codex", Value::Null).await["timeline"], served.0["timeline"]);
        for person in [&lena, &tom] {
            let own = format!("{PASSWORD} {}", person.name);
            assert_eq!(sign_in(&server, person.name, &own).await, 200);
            assert_eq!(sign_in(&server, person.name, "another good password").await, 401);
        }
        let remote = lena.did(Method::GET, "/api/sync/remote", Value::Null).await;
        assert_eq!(remote["remote"], "https://git.example.org/lena.git", "{remote}");
        // History that came from the backup is taken back as any other, and numbers go on.
        lena.did(Method::POST, "/api/undo", json!({"generation": 15})).await;
        assert_eq!(lena.did(Method::GET, "/api/tasks/5", Value::Null).await["id"], "0005");
        let created = lena.did(Method::POST, "/api/tasks", json!({"kategorie": "arbeit"})).await;
        assert_eq!(created["id"], "0012");
    }
}

#[tokio::test]
async fn tokens_of_repositories_come_with_their_passphrase_alone() {
    let (home, server, [lena, tom]) = two_users();
    live(&lena, &tom).await;
    std::fs::write(home.path("passphrase"), format!("{PASSPHRASE}\n")).unwrap();
    let short = home.run_with("CODEXMIROIR_BACKUP_PASSPHRASE", "short", &["backup", "--with-secrets", "--output", "a"]);
    assert!(short.refusal(1).contains("at least 12 characters"), "{short:?}");
    home.did(&["backup", "--with-secrets", "--passphrase-file", "passphrase", "--output", "backup"]);
    let address = server.url("");
    let mut over_network = home.command(&["--server", &address, "backup", "--output", "b", "--with-secrets"]);
    over_network.env("CODEXMIROIR_TOKEN", admin_token(&home)).env("CODEXMIROIR_BACKUP_PASSPHRASE", PASSPHRASE);
    let over_network = Ran::of(&mut over_network);
    assert!(over_network.refusal(1).contains("on the server's own machine alone"), "{over_network:?}");
    drop(server);

    let restore = |target: &str, passphrase: &str| {
        home.run_with("CODEXMIROIR_BACKUP_PASSPHRASE", passphrase, &["restore", "backup", "--data-dir", target])
    };
    let before = std::fs::read(home.path("backup")).unwrap();
    let wrong = restore("wrong", "another passphrase");
    assert!(wrong.refusal(1).contains("the passphrase is not the one"), "{wrong:?}");
    assert!(named(&home.path("."), "wrong").is_empty());
    assert_eq!(std::fs::read(home.path("backup")).unwrap(), before);
    let without = home.did(&["restore", "backup", "--data-dir", "without"]);
    assert!(without.contains("without the token of 1 user's own repository"), "{without}");
    let with = restore("with", PASSPHRASE);
    assert!(with.code == Some(0) && !with.stdout.contains("without"), "{with:?}");
    for (target, has_token) in [("without", false), ("with", true)] {
        let server = home.serve(&["--data-dir", target]);
        let remote = lena.at(&server).did(Method::GET, "/api/sync/remote", Value::Null).await;
        assert_eq!(remote["hasToken"], has_token, "{remote}");
    }
    // Any program opens it that knows the formats.
    assert!(!before.windows(REMOTE_TOKEN.len()).any(|part| part == REMOTE_TOKEN.as_bytes()));
}

/// A token of lena's, who was the first and administers.
fn admin_token(home: &Home) -> String {
    home.did(&["token", "create", "lena", "--scope", "admin", "--name", "admin"]).trim_end().to_owned()
}

#[tokio::test]
async fn a_backup_over_the_network_is_for_administrators() {
    let (home, server, [lena, tom]) = two_users();
    live(&lena, &tom).await;
    let token = admin_token(&home);
    let run = |token: &str, arguments: &[&str]| {
        let mut command = home.command(&[&["--server", &server.url("")], arguments].concat());
        Ran::of(command.env("CODEXMIROIR_TOKEN", token))
    };
    let refused = run(&tom.token, &["backup", "--output", "none"]);
    assert!(refused.refusal(1).contains("admin"), "{refused:?}");
    assert!(named(&home.path("."), "none").is_empty() && named(&home.path("."), ".none").is_empty());
    assert_eq!(run(&token, &["backup", "--output", "far"]).code, Some(0));
    // To standard output, and back from standard input.
    let piped = home.command(&["backup", "--output", "-"]).output().unwrap();
    assert!(piped.status.success() && piped.stderr.is_empty());
    for backup in [piped.stdout, std::fs::read(home.path("far")).unwrap()] {
        assert_eq!(check(&backup[..], None).unwrap().users(), 2);
        let target = home.path("piped");
        let ran = home.run_with_input(&["restore", "-", "--data-dir", "piped"], &backup);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(home.did(&["--data-dir", "piped", "user", "list"]).contains("tom"));
        std::fs::remove_dir_all(target).unwrap();
    }
}

#[tokio::test]
async fn nothing_takes_the_place_of_what_is_there() {
    let (home, server, [lena, tom]) = two_users();
    live(&lena, &tom).await;
    let file = backed_up(&home, "backup");
    let raw = std::fs::read(&file).unwrap();
    let again = home.run(&["backup", "--output", "backup"]);
    assert!(again.refusal(1).contains("backup is there already"), "{again:?}");
    assert_eq!(std::fs::read(&file).unwrap(), raw);
    let data_dir = home.data_dir();
    let into = |data_dir: &Path, more: &[&str]| {
        home.run(&[&["restore", "backup", "--data-dir", data_dir.to_str().unwrap()], more].concat())
    };
    for more in [&[][..], &["--replace"]] {
        let used = into(&data_dir, more);
        assert!(used.refusal(1).contains("is in use by the server at"), "{used:?}");
    }
    tom.did(Method::POST, "/api/tasks", json!({"kategorie": "privat", "title": "Later"})).await;
    let later = everything(&data_dir).await;
    std::fs::write(data_dir.join("codexmiroir.toml"), "# mine\nhot_map = \"32MiB\"\n").unwrap();
    assert_eq!(server.stop(Signal::TERM).0.code(), Some(0));
    let full = into(&data_dir, &[]);
    assert!(full.refusal(1).contains("add --replace, which keeps what is there"), "{full:?}");
    let replaced = into(&data_dir, &["--replace"]);
    assert_eq!(replaced.code, Some(0), "{replaced:?}");
    let kept = named(data_dir.parent().unwrap(), "codexmiroir.before-");
    assert!(kept.len() == 1 && replaced.stdout.contains(&format!("kept as {}", kept[0].display())), "{replaced:?}");
    assert_eq!(std::fs::read_to_string(data_dir.join("codexmiroir.toml")).unwrap().lines().count(), 2);
    {
        let server = home.serve(&[]);
        let tasks = tom.at(&server).did(Method::GET, "/api/tasks", Value::Null).await;
        assert_eq!(tasks["tasks"].as_array().unwrap().len(), 1);
    }
    let _server = home.serve(&["--data-dir", kept[0].to_str().unwrap()]);
    assert_eq!(everything(&kept[0]).await, later);
}

/// A file that has this archive, compressed and sealed as a backup is.
fn sealed(archive: &[u8]) -> Vec<u8> {
    let mut file = zstd::encode_all(archive, 3).unwrap();
    let hash = Sha256::digest(&file);
    file.extend_from_slice(&SEAL);
    file.extend_from_slice(&hash);
    file
}

#[tokio::test]
async fn what_is_no_whole_backup_is_refused_and_nothing_is_written() {
    let (home, _server, [lena, tom]) = two_users();
    live(&lena, &tom).await;
    let raw = std::fs::read(backed_up(&home, "backup")).unwrap();
    assert!(check(&raw[..], None).is_ok());
    for length in (0..raw.len()).step_by(raw.len() / 150).chain(raw.len() - 60..raw.len()) {
        let refused = check(&raw[..length], None).err();
        let expected = [BackupError::Cut, BackupError::Foreign];
        assert!(refused.as_ref().is_some_and(|error| expected.contains(error)), "{length}: {refused:?}");
    }
    for position in 0..200 {
        let mut flipped = raw.clone();
        let at = position * raw.len() / 200;
        flipped[at] ^= 1 << (position % 8);
        assert!(check(&flipped[..], None).is_err(), "a bit of byte {at} differs");
    }
    let mut newer = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    let head = br#"{"format": "codexmiroir-backup", "version": 2, "more": true}"#;
    header.set_size(head.len() as u64);
    newer.append_data(&mut header, "codexmiroir-backup.json", &head[..]).unwrap();
    let mut longer = raw.clone();
    longer.push(0);
    let other = sealed(&tar::Builder::new(Vec::new()).into_inner().unwrap());
    let half = raw[..raw.len() / 2].to_vec();
    let cases = [
        (sealed(&newer.into_inner().unwrap()), "newer version (format 2"),
        (longer, "damaged in the end of the archive"),
        (other, "no backup of CodexMiroir"),
        (b"# Aufgabe\n".to_vec(), "no backup of CodexMiroir"),
        (Vec::new(), "no backup of CodexMiroir"),
        (half, "cut it short"),
    ];
    for (bytes, reason) in cases {
        std::fs::write(home.path("bad"), bytes).unwrap();
        let ran = home.run(&["restore", "bad", "--data-dir", "target"]);
        assert!(ran.refusal(1).contains(reason), "{ran:?}");
        assert!(named(&home.path("."), "target").is_empty());
    }
}

#[tokio::test]
async fn somebody_who_is_removed_meanwhile_is_left_out() {
    let server = TestServer::start().await;
    let [_lena, tom, _zoe] = [server.user("lena").await, server.user("tom").await, server.user("zoe").await];
    // More than a few pieces, of what hardly gets smaller.
    let noise = |number: u64| {
        let hashes = (0..900_u64).map(|line| {
            let hash = Sha256::digest((number * 1_000 + line).to_be_bytes());
            hash.iter().map(|byte| format!("{byte:02x}")).chain(["\n".to_owned()]).collect::<String>()
        });
        format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n\n{}", hashes.collect::<String>())
    };
    let files = (0..60).map(|number| (format!("{number:04}.md"), noise(number).into_bytes()));
    server.import_files(&tom, files.collect()).await;
    let mut backup = server.service().backup(None).unwrap();
    let mut made = backup.next().await.unwrap().unwrap().to_vec();
    assert_eq!(server.administrator().delete("/api/admin/users/tom").await.status, 200);
    while let Some(piece) = backup.next().await.unwrap() {
        made.extend_from_slice(&piece);
    }
    let checked = check(&made[..], None).unwrap();
    assert_eq!((checked.users(), checked.documents(), checked.removed()), (2, 0, vec!["tom"]));
    let home = Home::new();
    let ran = home.run_with_input(&["restore", "-", "--data-dir", "target"], &made);
    assert!(ran.code == Some(0) && ran.stdout.contains("removed while it was made: tom\n"), "{ran:?}");
    let listed = home.did(&["--data-dir", "target", "user", "list"]);
    assert!(listed.contains("lena") && listed.contains("zoe") && !listed.contains("tom"), "{listed}");
}

/// How many backups are made while somebody writes.
fn backups() -> usize {
    std::env::var("CODEXMIROIR_BACKUPS").map_or(20, |count| count.parse().unwrap())
}

/// Changes tasks until it is told to stop.
async fn write_on(user: TestUser, stop: Arc<AtomicBool>) {
    for step in 0_usize.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let id = user.create(json!({"kategorie": "arbeit", "title": format!("Schritt {step}")})).await;
        user.update(&id, json!({"tags": ["neu"], "title": format!("Schritt {step} neu")})).await;
        if step % 3 == 0 {
            assert_eq!(user.delete(&format!("/api/tasks/{id}")).await.status, 200);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_backup_is_of_one_generation_of_each_user() {
    let server = TestServer::start().await;
    let users = [server.user("lena").await, server.user("tom").await];
    server.import(&users[0], &vault("lena")).await;
    // Nobody is without a change when the first one is made.
    users[1].create(json!({"kategorie": "arbeit"})).await;
    let stop = Arc::new(AtomicBool::new(false));
    // Two writers for each.
    let writers: Vec<_> =
        users.iter().cycle().take(4).map(|user| tokio::spawn(write_on(user.clone(), stop.clone()))).collect();
    let administrator = server.administrator();
    let mut made = Vec::new();
    for _ in 0..backups() {
        let response = administrator.request(Method::GET, "/api/admin/backup").send().await.unwrap();
        assert_eq!(response.status(), 200);
        made.push(response.bytes().await.unwrap());
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    let home = Home::new();
    let mut of_users = BTreeMap::new();
    for user in &users {
        of_users.insert(user.name.clone(), user.get("/api/export?format=json&history=true").await.json());
    }
    for (number, backup) in made.iter().enumerate() {
        let target = format!("restored-{number}");
        let ran = home.run_with_input(&["restore", "-", "--data-dir", &target], backup);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.contains("2 timelines are what they were\n"), "{}", ran.stdout);
        for (name, last) in &of_users {
            let arguments = ["export", "--format", "json", "--history", "--output", "-", "--user", name];
            let said = home.did(&[&arguments[..], &["--data-dir", &target]].concat());
            assert_of_one_generation(&serde_json::from_str(&said).unwrap(), last);
        }
        std::fs::remove_dir_all(home.path(&target)).unwrap();
    }
}

/// What was restored is what there was at its generation, as the later history tells it.
fn assert_of_one_generation(restored: &Value, last: &Value) {
    let generation = restored["generation"].as_u64().unwrap();
    let history = last["history"].as_array().unwrap().iter();
    let until: Vec<_> = history.filter(|change| change["generation"].as_u64().unwrap() <= generation).collect();
    assert_eq!(restored["history"].as_array().unwrap().iter().collect::<Vec<_>>(), until);
    assert!(!until.is_empty());
    let mut documents = BTreeMap::new();
    // The latest change is the first of the list.
    for change in until.iter().rev().filter(|change| change["file"].is_string()) {
        let file = change["file"].as_str().unwrap();
        match &change["after"] {
            Value::Null => drop(documents.remove(file)),
            after => drop(documents.insert(file, after.clone())),
        }
    }
    let there = restored["documents"].as_array().unwrap().iter();
    let there: BTreeMap<_, _> = there
        .map(|document| {
            let mut raw = document.clone();
            let file = raw.as_object_mut().unwrap().remove("file").unwrap();
            (file.as_str().unwrap().to_owned(), raw)
        })
        .collect();
    let expected: BTreeMap<_, _> = documents.into_iter().map(|(file, raw)| (file.to_owned(), raw)).collect();
    assert_eq!(there, expected);
}
