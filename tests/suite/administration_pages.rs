//! What administrators see of the server: its state, whether what is kept is whole, and whose rules fail.

use std::fs::Permissions;
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use codexmiroir::app::BackupOptions;
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::account_pages::{administrator, assert_led, signed_in};
use crate::harness::{Start, TestServer, TestUser};
use crate::visitor::Visitor;

/// What a page says of something.
fn fact(page: &str, name: &str) -> String {
    let rest = page.split(&format!("<dt>{name}</dt><dd>")).nth(1).unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split("</dd>").next().unwrap().to_owned()
}

async fn in_german(browser: &mut Visitor) {
    let answer = browser.json(Method::PATCH, "/api/settings", &json!({"language": "de"})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Rules that fail for a task of this title.
async fn fragile(user: &TestUser) {
    let rules = |place| {
        let slots = "fn slots(day, slots) { [slot(\"morgens\", \"09:00\", \"12:00\")] }\n";
        json!({"rules": [{"name": "mine", "script": format!("{slots}fn place(task, today) {{ {place} }}")}]})
    };
    for place in ["anywhere()", "if task.title == \"Falle\" { throw \"<hinein>\" } anywhere()"] {
        let set = user.put("/api/rules", &rules(place)).await;
        assert_eq!(set.status, 200, "{}", set.text);
    }
}

#[tokio::test]
async fn the_state_says_what_is_known_of_the_server() {
    let server = TestServer::start().await;
    let mut boss = administrator(&server, "boss").await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    let page = boss.open("/admin/state").await;
    assert_eq!(page.status, 200, "{}", page.text);
    let text = &page.text;
    assert_eq!(fact(text, "Changes"), "can be saved");
    assert_eq!((fact(text, "Accounts").as_str(), fact(text, "Generations").as_str()), ("2", "1"));
    assert_eq!((fact(text, "Failed writes").as_str(), fact(text, "Failing repositories").as_str()), ("0", "0"));
    for size in ["File", "Journal", "Free on the disk", "The process"] {
        let said = fact(text, size);
        let (number, unit) = said.split_once(' ').unwrap();
        assert!(number.parse::<f64>().unwrap() > 0.0 && ["KiB", "MiB", "GiB"].contains(&unit), "{size}: {said}");
    }
    assert_eq!(fact(text, "Tasks that rules are remembered of"), "1");
    assert!(text.contains("makes none by itself") && text.contains("href=\"/api/admin/backup\" download"), "{text}");
    // What is answered is counted at once.
    let memory = |text: &str| fact(text, "from memory").parse::<u64>().unwrap();
    let before = memory(text);
    for _ in 0..3 {
        assert_eq!(lena.get("/codex").await.header("x-cache"), "hot");
    }
    assert_eq!(memory(&boss.open("/admin/state").await.text), before + 3);
    in_german(&mut boss).await;
    let page = boss.open("/admin/state?done=compacted").await.text;
    assert_eq!(fact(&page, "Änderungen"), "lassen sich speichern");
    assert!(page.contains("Ungenutzter Platz ist frei.") && page.contains("Zustand des Servers"), "{page}");
    assert!(boss.open("/admin").await.text.contains("href=\"/admin/state\""));
}

#[tokio::test]
async fn the_last_scheduled_backup_is_told_and_one_that_failed() {
    let folder = TempDir::new().unwrap();
    let options = BackupOptions {
        every: Duration::from_secs(3600),
        keep: NonZeroUsize::new(3).unwrap(),
        dir: folder.path().join("not-there"),
    };
    let server = TestServer::start_with(Start { backups: Some(options), ..Start::default() }).await;
    let mut boss = administrator(&server, "boss").await;
    let failed = async {
        loop {
            let page = boss.open("/admin/state").await.text;
            if page.contains("Last attempt") {
                return page;
            }
        }
    };
    let page = tokio::time::timeout(Duration::from_secs(60), failed).await.unwrap();
    assert!(fact(&page, "Last attempt").contains("backup.dir names is not there"), "{page}");
    assert_eq!(fact(&page, "Last one"), "none yet");
    // The doctor finds it as well.
    let doctor = boss.open("/admin/doctor").await.text;
    assert!(doctor.contains("backup.dir names is not there"), "{doctor}");
}

#[tokio::test]
async fn the_file_is_made_smaller_by_a_button_that_only_administrators_have() {
    let server = TestServer::start().await;
    let mut boss = administrator(&server, "boss").await;
    let (mut somebody, lena) = signed_in(&server, "lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Bleibt"})).await;
    assert_led(&boss.form("/admin/compact", &[]).await, "/admin/state?done=compacted");
    assert_eq!(lena.task("0").await["title"], "Bleibt");
    let odd = boss.form("/admin/compact", &[("what", "ever")]).await;
    assert_eq!(odd.status, 422, "{}", odd.text);
    for path in ["/admin/state", "/admin/doctor", "/admin/users/lena/timeline"] {
        assert_eq!(somebody.open(path).await.status, 403, "{path}");
    }
    assert_eq!(somebody.form("/admin/compact", &[]).await.status, 403);
}

#[tokio::test]
async fn the_doctor_says_that_all_is_well_and_what_is_not() {
    let server = TestServer::start().await;
    let mut boss = administrator(&server, "boss").await;
    // As far as pieces go: one page may be a part.
    let mut next = "/admin/doctor".to_owned();
    let mut seen = String::new();
    loop {
        let page = boss.open(&next).await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.contains("Nothing is wrong here."), "{}", page.text);
        seen.push_str(&page.text);
        match page.text.split("href=\"/admin/doctor?place=").nth(1) {
            Some(rest) => next = format!("/admin/doctor?place={}", rest.split('"').next().unwrap()),
            None => break,
        }
    }
    for part in ["surroundings", "users", "history", "secrets"] {
        assert!(seen.contains(&format!("<code>{part}</code>")), "no {part} in {seen}");
    }
    std::fs::set_permissions(server.data_dir(), Permissions::from_mode(0o755)).unwrap();
    in_german(&mut boss).await;
    let page = boss.open("/admin/doctor").await.text;
    assert!(page.contains("Das Datenverzeichnis steht anderen Benutzern dieses Rechners offen (Modus 755)."), "{page}");
    let nowhere = boss.open("/admin/doctor?place=nowhere").await;
    assert_eq!(nowhere.status, 400, "{}", nowhere.text);
}

#[tokio::test]
async fn rules_that_fail_are_told_with_whose_they_are_and_what_stands_in() {
    let server = TestServer::start().await;
    let mut boss = administrator(&server, "boss").await;
    let lena = server.user("lena").await;
    fragile(&lena).await;
    assert!(boss.open("/admin/state").await.text.contains("None that was asked since the start."));
    lena.create(json!({"kategorie": "arbeit", "title": "Falle"})).await;
    let sentence = "the user&#39;s own rules failed: rule script &#39;mine&#39;";
    for path in ["/admin/state", "/admin/users/lena/timeline"] {
        let page = boss.open(path).await.text.replace('\'', "&#39;");
        for said in [sentence, "&lt;hinein&gt;", "version 1 of the user&#39;s own rules stands in"] {
            assert!(page.contains(said), "no {said} on {path}: {page}");
        }
    }
    let state = boss.open("/admin/state").await.text;
    assert!(state.contains("href=\"/admin/users/lena/timeline\">lena</a>"), "{state}");
    in_german(&mut boss).await;
    assert!(boss.open("/admin/state").await.text.contains("die eigenen Regeln sind fehlgeschlagen"));
    // Once they work again, nobody is told any more; and an account that is gone is told of no more.
    lena.update("0", json!({"title": "Keine"})).await;
    assert!(boss.open("/admin/state").await.text.contains("Keine, die seit dem Start gefragt wurde."));
    lena.update("0", json!({"title": "Falle"})).await;
    assert!(!boss.open("/admin/state").await.text.contains("Keine, die seit dem Start gefragt wurde."));
    server.service().remove_account("lena").await.unwrap();
    assert!(boss.open("/admin/state").await.text.contains("Keine, die seit dem Start gefragt wurde."));
    assert_eq!(boss.open("/admin/users/lena/timeline").await.status, 404);
}

#[tokio::test]
async fn what_is_kept_of_a_timeline_is_told_with_why_it_was_made_anew() {
    let server = TestServer::start().await;
    let mut boss = administrator(&server, "boss").await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    lena.get("/codex?nocache=true").await;
    let page = boss.open("/admin/users/lena/timeline").await.text;
    for said in ["somebody asked for it", "1 task, ", "spartan (built in)"] {
        assert!(page.contains(said), "no {said} in {page}");
    }
    assert!(fact(&page, "Generation").starts_with("1, "), "{page}");
    assert!(fact(&page, "In memory").starts_with("generation 1, "), "{page}");
    server.set_clock("2025-10-13T10:00:00+02:00");
    let page = boss.open("/admin/users/lena/timeline").await.text;
    assert!(fact(&page, "In memory").contains("its time is over"), "{page}");
    assert!(boss.open("/admin/users/lena").await.text.contains("href=\"/admin/users/lena/timeline\""));
}
