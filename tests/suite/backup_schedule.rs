//! Backups that the server makes by itself: on time, as many as are kept, and on again after a failure.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use codexmiroir::app::{BackupOptions, MetricsOptions};
use codexmiroir::service::backup::check;
use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary::Home;
use crate::disk_faults::SmallDisk;
use crate::harness::{Answer, Start, TestServer};

/// A server that makes one an hour into a folder and keeps three.
fn hourly(dir: &Path) -> Start {
    let (every, keep) = (Duration::from_secs(3_600), NonZeroUsize::new(3).unwrap());
    let metrics = MetricsOptions { listen: Some("127.0.0.1:0".parse().unwrap()), token: None };
    Start { backups: Some(BackupOptions { every, keep, dir: dir.to_owned() }), metrics, ..Start::default() }
}

/// The hour of that Monday, in UTC.
fn at(hour: u32) -> String {
    format!("2025-10-13T{hour:02}:00:00Z")
}

fn name(hour: u32) -> String {
    format!("codexmiroir-scheduled-20251013T{hour:02}0000Z.tar.zst")
}

/// What is told once the backup of this hour was tried.
async fn told_of(server: &TestServer, hour: u32) -> Value {
    loop {
        let told = server.administrator().get("/api/admin/backups").await.json();
        if told["last"]["at"] == json!(at(hour)) {
            return told;
        }
        tokio::task::yield_now().await;
    }
}

async fn ready(server: &TestServer) -> Value {
    let answer = Answer::of(server.client.get(server.url("/readyz"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["backup"].clone()
}

async fn metric(server: &TestServer, name: &str) -> Option<f64> {
    let text = server.client.get(server.metrics_url("/metrics")).send().await.unwrap().text().await.unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map(|value| value.parse().unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn whole(path: &Path) -> usize {
    check(std::fs::File::open(path).unwrap(), None).unwrap().users()
}

#[tokio::test]
async fn they_are_made_on_time_and_the_newest_stay() {
    let folder = TempDir::new().unwrap();
    // Nothing of this is the server's to count or remove but the one that a killed server left.
    let leftover = format!(".{}.scheduled-aB3xyz", name(1));
    let by_hand = name(1).replace("scheduled-", "");
    let others = [format!(".{}.part-aB3xyz", name(1)), format!("{}.mine", name(1)), by_hand, "notes.txt".to_owned()];
    for other in others.iter().chain([&leftover]) {
        std::fs::write(folder.path().join(other), "x").unwrap();
    }
    std::fs::create_dir(folder.path().join(name(1))).unwrap();
    let server = TestServer::start_with(hourly(folder.path())).await;
    let first = told_of(&server, 6).await;
    assert_eq!((&first["last"]["ok"], &first["next"]), (&json!(true), &json!(at(7))), "{first}");
    assert_eq!(first["schedule"], json!({"everySeconds": 3600, "keep": 3, "dir": folder.path().to_str().unwrap()}));
    assert!(!folder.path().join(&leftover).exists());
    server.user("lena").await;
    for hour in 7..=10 {
        // Shortly before nothing is due.
        server.set_clock(&format!("2025-10-13T{:02}:59:59Z", hour - 1));
        assert_eq!(told_of(&server, hour - 1).await["next"], json!(at(hour)));
        server.set_clock(&at(hour));
        told_of(&server, hour).await;
    }
    let told = told_of(&server, 10).await;
    let files = told["files"].as_array().unwrap();
    let listed: Vec<_> = files.iter().map(|file| file["name"].as_str().unwrap().to_owned()).collect();
    let kept = [8, 9, 10].map(name);
    assert_eq!(listed, kept, "{told}");
    let mut all: Vec<_> = others.iter().cloned().chain(kept.clone()).chain([name(1)]).collect();
    all.sort();
    assert_eq!(names(folder.path()), all);
    assert_eq!(whole(&folder.path().join(&kept[2])), 1);

    let bytes = std::fs::metadata(folder.path().join(&kept[2])).unwrap().len();
    assert_eq!((&files[2]["at"], &files[2]["bytes"]), (&json!(at(10)), &json!(bytes)));
    let last = ready(&server).await;
    assert_eq!((&last["ok"], &last["at"], &last["bytes"]), (&json!(true), &json!(at(10)), &json!(bytes)), "{last}");
    assert!(last["tookMs"].is_u64() && last["error"].is_null(), "{last}");
    let seconds = metric(&server, "codexmiroir_backup_last_success_timestamp_seconds").await;
    assert_eq!(seconds, Some(crate::harness::instant(&at(10)).timestamp() as f64));
    assert_eq!(metric(&server, "codexmiroir_backup_last_bytes").await, Some(bytes as f64));
    assert_eq!(metric(&server, "codexmiroir_backup_failures_total").await, Some(0.0));
    let finding = diagnosed(&server).await;
    assert_eq!((&finding["code"], &finding["state"]), (&json!("backup_made"), &json!("note")), "{finding}");
    assert!(finding["what"].as_str().unwrap().contains(&at(10)), "{finding}");
}

/// Says that the backup of this hour failed, with the words that tell why, and that the server is well otherwise.
async fn must_have_failed(server: &TestServer, hour: u32, words: [&str; 2]) {
    let told = told_of(server, hour).await;
    assert_eq!((&told["last"]["ok"], &told["next"]), (&json!(false), &json!(at(hour + 1))), "{told}");
    let last = ready(server).await;
    assert_eq!(last, told["last"]);
    let english = last["error"].as_str().unwrap();
    assert!(english.contains(words[0]) && english.contains("backup.dir"), "{english}");
    let german = server.administrator().request(Method::GET, "/api/admin/backups").header("Accept-Language", "de");
    let german = Answer::of(german).await.json()["last"]["error"].as_str().unwrap().to_owned();
    assert!(german.contains(words[1]) && german.contains("backup.dir"), "{german}");
    let finding = diagnosed(server).await;
    assert_eq!((&finding["code"], &finding["state"]), (&json!("backup_failed"), &json!("wrong")), "{finding}");
    let what = finding["what"].as_str().unwrap();
    assert!(what.contains(english) && what.contains(&at(hour)), "{what}");
}

/// What the doctor says of the backups.
async fn diagnosed(server: &TestServer) -> Value {
    let examined = server.administrator().get("/api/admin/doctor").await.json();
    let findings = examined["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["part"] == "backup").cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_folder_that_is_away_is_told_of_until_it_is_back() {
    let parent = TempDir::new().unwrap();
    let (folder, away) = (parent.path().join("backups"), parent.path().join("away"));
    let server = TestServer::start_with(hourly(&folder)).await;
    must_have_failed(&server, 6, ["make or mount it", "einhängen"]).await;
    assert_eq!(told_of(&server, 6).await["files"], Value::Null);
    assert_eq!(metric(&server, "codexmiroir_backup_last_bytes").await, None);
    assert!(!folder.exists(), "nobody makes it");
    std::fs::create_dir(&folder).unwrap();
    server.set_clock(&at(7));
    assert_eq!(told_of(&server, 7).await["last"]["ok"], true);
    std::fs::rename(&folder, &away).unwrap();
    server.set_clock(&at(8));
    must_have_failed(&server, 8, ["make or mount it", "einhängen"]).await;
    std::fs::rename(&away, &folder).unwrap();
    server.set_clock(&at(9));
    assert_eq!(told_of(&server, 9).await["last"]["ok"], true);
    assert_eq!(names(&folder), [name(7), name(9)]);
    assert_eq!(ready(&server).await["ok"], true);
    assert_eq!(metric(&server, "codexmiroir_backup_failures_total").await, Some(2.0));
}

#[tokio::test]
async fn a_full_disk_leaves_no_part_and_room_is_used_again() {
    let folder = TempDir::new().unwrap();
    let Some(disk) = SmallDisk::over(folder.path(), "256k") else { return };
    let fill = disk.fill();
    let server = TestServer::start_with(hourly(folder.path())).await;
    must_have_failed(&server, 6, ["no storage space", "Platz"]).await;
    assert_eq!(names(folder.path()), ["fill"]);
    std::fs::remove_file(fill).unwrap();
    server.set_clock(&at(7));
    assert_eq!(told_of(&server, 7).await["last"]["ok"], true);
    assert_eq!(names(folder.path()), [name(7)]);
    drop(server);
}

#[tokio::test]
async fn a_restart_makes_none_before_its_time() {
    let folder = TempDir::new().unwrap();
    let server = TestServer::start_with(hourly(folder.path())).await;
    told_of(&server, 6).await;
    server.set_clock("2025-10-13T06:30:00Z");
    let server = server.restart_with(hourly(folder.path())).await;
    let told = told_of(&server, 6).await;
    assert_eq!((&told["next"], &told["last"]["tookMs"]), (&json!(at(7)), &Value::Null), "{told}");
    assert_eq!(names(folder.path()), [name(6)]);
    assert!(metric(&server, "codexmiroir_backup_last_bytes").await > Some(0.0));
    server.set_clock(&at(7));
    told_of(&server, 7).await;
    // What was due while no server was there is made at once, one for all of it.
    let clock = server.clock.clone();
    let later = || clock.set(crate::harness::instant(&at(11)));
    let server = server.restart_after_with(later, hourly(folder.path())).await;
    assert_eq!(told_of(&server, 11).await["next"], json!(at(12)));
    assert_eq!(names(folder.path()), [6, 7, 11].map(name));
}

#[tokio::test]
async fn without_a_plan_nothing_is_told() {
    let server = TestServer::start().await;
    let told = server.administrator().get("/api/admin/backups").await.json();
    assert_eq!(told, json!({"schedule": null, "last": null, "next": null, "files": null}));
    assert_eq!(ready(&server).await, Value::Null);
}

/// Wherever the server is in it when it is told to stop.
#[test]
fn stopped_at_any_moment_no_part_of_one_stays() {
    let home = Home::new();
    home.did(&["user", "add", "lena", "--time-zone", "UTC"]);
    let folder = home.path("backups");
    std::fs::create_dir(&folder).unwrap();
    for turns in 0..8_u32 {
        let server = home.serve(&["--backup-every", "1m", "--backup-dir", folder.to_str().unwrap()]);
        for _ in 0..turns * 2_000 {
            std::thread::yield_now();
        }
        assert!(server.stop(Signal::TERM).0.success());
        for name in names(&folder) {
            assert!(!name.starts_with('.'), "{name}");
            let path: PathBuf = folder.join(name);
            assert_eq!(whole(&path), 1);
            // The next server is to make one at once again.
            std::fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let home = Home::new();
    let inside = home.data_dir().join("backups");
    let inside = inside.to_str().unwrap();
    for (arguments, words) in [
        (&["--backup-every", "6h"][..], "backup.every is set and backup.dir is not"),
        (&["--backup-every", "6h", "--backup-dir", inside], "the setting backup.dir cannot be used"),
        (&["--backup-every", "30s"], "from 1m to 366d"),
        (&["--backup-keep", "0"], "from 1 to 100000"),
    ] {
        let ran = home.run(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat());
        assert!(ran.code != Some(0) && ran.stderr.contains(words), "{}", ran.stderr);
    }
    assert!(!home.data_dir().exists(), "a start that is refused leaves nothing behind");
}
