//! The faults of the old system in timeline and caching, 1 to 13: each impossible here, over HTTP.

use redb::{ReadableTable, TableDefinition};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Start, TestServer, TestUser, entry, file_at, instant, places, vault};

/// An open task of the category, with these lines of frontmatter besides.
fn document(kategorie: &str, lines: &str) -> String {
    format!("---\ntyp: task\nkategorie: {kategorie}\nstatus: offen\n{lines}---\n\n# Titel\n")
}

fn fixed(datum: &str, zeit: &str) -> String {
    document("arbeit", &format!("fixedSlot:\n  datum: {datum}\n  zeit: {zeit}\n"))
}

#[tokio::test]
async fn fault_01_a_slot_of_today_after_its_cutoff_is_answered() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for (number, zeit) in ["morgens", "nachmittags", "abends"].iter().enumerate() {
        server.import_document(&lena, &format!("000{number}.md"), &fixed("13.10.2025", zeit)).await;
    }
    // Per instant, where the tasks of morgens, nachmittags and abends are.
    let (nachmittags, abends) = ("13.10.2025 nachmittags", "13.10.2025 abends");
    for (time, expected) in [
        ("09:00", ["current", nachmittags, abends]),
        ("12:30", ["overdue", nachmittags, abends]),
        ("14:00", ["overdue", "current", abends]),
        ("17:00", ["overdue", "overdue", abends]),
        ("19:00", ["overdue", "overdue", "current"]),
        ("21:29", ["overdue", "overdue", "current"]),
        ("21:30", ["overdue", "overdue", "overdue"]),
    ] {
        server.set_clock(&format!("2025-10-13T{time}:00+02:00"));
        let codex = lena.codex().await;
        let found = ["0000.md", "0001.md", "0002.md"].map(|file| places(&codex, file).join(", "));
        assert_eq!(found, expected, "at {time}");
    }
}

#[tokio::test]
async fn fault_02_a_fixed_task_is_in_its_own_slot_or_in_none() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let slots = ["13.10.2025 morgens", "13.10.2025 abends", "14.10.2025 nachmittags", "18.10.2025 abends"];
    for (number, slot) in slots.iter().enumerate() {
        let (datum, zeit) = slot.split_once(' ').unwrap();
        server.import_document(&lena, &format!("000{number}.md"), &fixed(datum, zeit)).await;
    }
    for hour in 0..144 {
        server.clock.set(instant("2025-10-13T00:30:00+02:00") + chrono::TimeDelta::hours(hour));
        let codex = lena.codex().await;
        for (number, slot) in slots.iter().enumerate() {
            let found = places(&codex, &format!("000{number}.md"));
            assert_eq!(found.len(), 1, "{slot} {hour}: {found:?}");
            assert!([*slot, "current", "overdue"].contains(&found[0].as_str()), "{slot} {hour}: {found:?}");
        }
        if let Some(file) = codex["current"]["task"]["file"].as_str() {
            let running = format!("{} {}", codex["current"]["datum"], codex["current"]["zeit"]).replace('"', "");
            assert_eq!(running, slots[file[..4].parse::<usize>().unwrap()], "{hour}");
        }
    }
}

#[tokio::test]
async fn fault_03_the_second_task_of_a_slot_is_a_conflict_that_names_the_first() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let slot = json!({"datum": "14.10.2025", "zeit": "morgens"});
    for title in ["Eins", "Zwei", "Drei"] {
        lena.create(json!({"kategorie": "arbeit", "title": title, "fixedSlot": slot})).await;
    }
    let codex = lena.codex().await;
    assert_eq!(places(&codex, "0000-Eins.md"), ["14.10.2025 morgens"]);
    for file in ["0001-Zwei.md", "0002-Drei.md"] {
        assert_eq!(places(&codex, file), ["conflicts"]);
        let conflict = entry(&codex, "conflicts", file);
        assert_eq!(
            *conflict,
            json!({
                "id": &file[..4], "file": file, "title": &file[5..9], "reason": "slot_taken", "by": "0000",
                "fixedSlot": slot, "deadlineMissed": false,
            })
        );
    }
}

#[tokio::test]
async fn fault_04_no_open_task_is_ever_missing_from_the_answer() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let forms = [
        (fixed("01.09.2025", "morgens"), "overdue"),
        (fixed("24.12.2026", "abends"), "later"),
        (fixed("5.11.2025", "morgens"), "later"),
        (fixed("2025-10-16", "nachmittags"), "16.10.2025 nachmittags"),
        (fixed("14.10.2025", "Morgens"), "14.10.2025 morgens"),
        (fixed("14.10.2025", "mittags"), "unplaced"),
        (document("arbeit", "fixedSlot:\n  datum: 14.10.2025\n"), "unplaced"),
        (document("arbeit", "fixedSlot:\n  zeit: morgens\n"), "13.10.2025 morgens"),
    ];
    let mut files: Vec<_> = forms.iter().map(|(document, _)| document.clone()).collect();
    files.extend((0..40).map(|_| document("arbeit", "")));
    let files = files.into_iter().enumerate();
    let files: Vec<_> = files.map(|(number, text)| (format!("{number:04}.md"), text.into_bytes())).collect();
    let names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
    server.import_files(&lena, files).await;

    let codex = lena.codex().await;
    for (number, (document, expected)) in forms.iter().enumerate() {
        assert_eq!(places(&codex, &names[number]), [*expected], "{document}");
    }
    for name in &names {
        assert_eq!(places(&codex, name).len(), 1, "{name}");
    }
    // Ten slots on five days, two of them fixed and one for the task without a date; the rest waits in order.
    let waiting: Vec<_> = codex["waiting"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
    assert_eq!(waiting, names[names.len() - 33..]);
}

#[tokio::test]
async fn fault_05_an_unknown_category_takes_no_slot() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import_document(&lena, "0000.md", &document("sport", "")).await;
    server.import_document(&lena, "0001.md", &fixed("14.10.2025", "morgens").replace("arbeit", "sport")).await;
    let codex = lena.codex().await;
    assert_eq!(places(&codex, "0000.md"), ["unplaced"]);
    let unplaced = entry(&codex, "unplaced", "0000.md");
    assert_eq!(unplaced["reason"], "excluded_by_rule");
    assert!(unplaced["because"].as_str().is_some_and(|because| because.contains("sport")), "{unplaced}");
    assert_eq!(places(&codex, "0001.md"), ["14.10.2025 morgens"], "a fixed task is placed all the same");
    let refused = lena.post("/api/tasks", &json!({"kategorie": "sport", "title": "x"})).await;
    assert_eq!((refused.status, refused.json()["field"].as_str()), (400, Some("kategorie")));
}

#[tokio::test]
async fn fault_06_numbers_beyond_9999_come_after_and_are_not_given_again() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for file in ["10000-b.md", "9999-a.md"] {
        server.import_document(&lena, file, &document("arbeit", "")).await;
    }
    let codex = lena.codex().await;
    assert_eq!(file_at(&codex, "13.10.2025", "morgens").as_deref(), Some("9999-a.md"));
    assert_eq!(file_at(&codex, "13.10.2025", "nachmittags").as_deref(), Some("10000-b.md"));
    assert_eq!(codex["nextAvailableId"], "10001");
    assert_eq!(lena.create(json!({"kategorie": "arbeit", "title": "Neu"})).await, "10001");
    let files: Vec<_> = lena.tasks().await.iter().map(|task| task["file"].as_str().unwrap().to_owned()).collect();
    assert_eq!(files, ["9999-a.md", "10000-b.md", "10001-Neu.md"]);
    assert_eq!(lena.task("10000").await["file"], "10000-b.md");
}

#[tokio::test]
async fn fault_07_null_in_a_list_form_slot_is_passed_over() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import_document(&lena, "0000.md", &document("arbeit", "fixedSlot: [null, {zeit: morgens}]\n")).await;
    let codex = lena.codex().await;
    assert_eq!(places(&codex, "0000.md"), ["13.10.2025 morgens"], "without a date it is not fixed");
    let slot = json!([null, {"zeit": "abends"}]);
    let refused = lena.post("/api/tasks", &json!({"kategorie": "arbeit", "fixedSlot": slot})).await;
    assert_eq!((refused.status, refused.json()["field"].as_str()), (400, Some("fixedSlot.datum")));
    let slot = json!([null, {"datum": "14.10.2025"}, {"zeit": "abends"}]);
    let created = lena.post("/api/tasks", &json!({"kategorie": "arbeit", "fixedSlot": slot})).await;
    assert_eq!(created.json()["placed"], json!({"datum": "14.10.2025", "zeit": "abends"}));
}

#[tokio::test]
async fn fault_08_days_and_slots_are_those_of_the_users_zone() {
    let server = TestServer::start_with(Start { now: "2025-10-13T11:30:00Z", ..Start::default() }).await;
    // One instant: Monday 13:30, Monday 04:30 and Tuesday 00:30.
    for (zone, week_start, current, first) in [
        ("Europe/Berlin", "13.10.2025", json!("nachmittags"), "13.10.2025 nachmittags"),
        ("America/Los_Angeles", "13.10.2025", json!(null), "13.10.2025 morgens"),
        ("Pacific/Auckland", "14.10.2025", json!(null), "14.10.2025 morgens"),
    ] {
        let user = server.user_in(&zone.to_lowercase().replace('/', "-"), zone).await;
        user.create(json!({"kategorie": "arbeit"})).await;
        let codex = user.codex().await;
        assert_eq!((&codex["timeZone"], &codex["weekStart"]), (&json!(zone), &json!(week_start)));
        assert_eq!(codex["current"]["zeit"], current, "{zone}");
        assert_eq!(places(&codex, "0000.md"), [first]);
    }
}

/// The timeline, which must be hot and of this generation.
async fn hot(user: &TestUser, generation: u64) -> Value {
    let answer = user.get("/codex").await;
    assert_eq!(answer.header("x-cache"), "hot");
    let codex = answer.json();
    assert_eq!(codex["generation"], generation);
    codex
}

#[tokio::test]
async fn fault_09_ones_own_write_is_seen_at_once() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.codex().await;
    lena.create(json!({"kategorie": "arbeit", "title": "Alt"})).await;
    let codex = hot(&lena, 1).await;
    assert_eq!(places(&codex, "0000-Alt.md"), ["13.10.2025 morgens"]);
    let etag = lena.get("/codex").await.header("etag").to_owned();

    lena.update("0000", json!({"kategorie": "privat"})).await;
    assert_eq!(places(&hot(&lena, 2).await, "0000-Alt.md"), ["18.10.2025 morgens"]);
    let conditional = Answer::of(lena.request(Method::GET, "/codex").header("If-None-Match", &etag)).await;
    assert_eq!(conditional.status, 200, "the tag of an older generation is not current");

    lena.complete("0000", json!({})).await;
    assert!(places(&hot(&lena, 3).await, "0000-Alt.md").is_empty());
    lena.update("0000", json!({"status": "offen"})).await;
    assert_eq!(places(&hot(&lena, 4).await, "0000-Alt.md"), ["18.10.2025 morgens"]);
    assert_eq!(lena.delete("/api/tasks/0000").await.status, 200);
    assert!(places(&hot(&lena, 5).await, "0000-Alt.md").is_empty());
    assert!(lena.tasks().await.is_empty());
}

#[tokio::test]
async fn fault_10_yesterdays_answer_is_not_served_after_midnight() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Erste"})).await;
    server.set_clock("2025-10-13T23:59:59.999+02:00");
    assert_eq!(lena.codex().await["weekStart"], "13.10.2025");
    assert_eq!(lena.get("/codex").await.header("x-cache"), "hot");
    server.set_clock("2025-10-14T00:00:00+02:00");
    let answer = lena.get("/codex").await;
    assert_eq!((answer.header("x-cache"), &answer.json()["weekStart"]), ("rebuilt", &json!("14.10.2025")));
    assert_eq!(places(&answer.json(), "0000-Erste.md"), ["14.10.2025 morgens"]);

    // What a restart finds on disk is held to the same.
    server.set_clock("2025-10-15T00:00:00+02:00");
    let server = server.restart().await;
    let answer = server.again(&lena).get("/codex").await;
    assert_eq!((answer.header("x-cache"), &answer.json()["weekStart"]), ("rebuilt", &json!("15.10.2025")));
}

/// Makes another value of a stored one.
type Damage = fn(&[u8]) -> Vec<u8>;

/// Replaces every materialized timeline of a stopped server by what `damage` makes of it.
fn damage_timelines(data_dir: &std::path::Path, damage: Damage) {
    const TIMELINES: TableDefinition<u64, &[u8]> = TableDefinition::new("timelines");
    let database = redb::Database::open(data_dir.join("codexmiroir.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut table = transaction.open_table(TIMELINES).unwrap();
        let rows = table.iter().unwrap().map(|row| row.unwrap());
        let rows: Vec<_> = rows.map(|(user, bytes)| (user.value(), bytes.value().to_vec())).collect();
        assert!(!rows.is_empty(), "there was nothing to damage");
        for (user, bytes) in rows {
            table.insert(user, damage(&bytes).as_slice()).unwrap();
        }
    }
    transaction.commit().unwrap();
}

#[tokio::test]
async fn fault_11_a_damaged_materialized_timeline_is_made_anew() {
    let mut server = TestServer::start().await;
    let mut lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Erste"})).await;
    let before = lena.get("/codex").await;
    let damages: [Damage; 4] = [
        |_| Vec::new(),
        |_| b"{\"userId\":\"lena\"}".to_vec(),
        |bytes| bytes[..bytes.len() / 2].to_vec(),
        |bytes| [bytes, b"\xff\xff"].concat(),
    ];
    for damage in damages {
        let data_dir = server.data_dir().to_owned();
        server = server.restart_after(|| damage_timelines(&data_dir, damage)).await;
        lena = server.again(&lena);
        let answer = lena.get("/codex").await;
        assert_eq!((answer.status, &answer.text), (200, &before.text));
        assert_eq!(lena.get("/codex").await.header("x-cache"), "hot");
        // And it is kept again.
        server = server.restart().await;
        lena = server.again(&lena);
        assert_eq!(lena.get("/codex").await.header("x-cache"), "materialized");
    }
}

#[tokio::test]
async fn fault_12_an_import_leaves_other_users_answers_hot() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    tom.create(json!({"kategorie": "privat"})).await;
    hot(&tom, 1).await;
    server.import(&lena, &vault("lena")).await;
    assert_eq!(lena.get("/codex").await.header("x-cache"), "rebuilt");
    hot(&tom, 1).await;
}

#[tokio::test]
async fn fault_13_timeline_and_list_have_an_etag_that_holds() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    for path in ["/codex", "/api/tasks"] {
        let first = lena.get(path).await;
        let etag = first.header("etag");
        assert!(etag.len() > 10 && etag.starts_with('"') && etag.ends_with('"'), "{path}: {etag}");
        for tag in [etag.to_owned(), format!("\"x\", W/{etag}"), "*".to_owned()] {
            let again = Answer::of(lena.request(Method::GET, path).header("If-None-Match", &tag)).await;
            assert_eq!((again.status, again.text.as_str(), again.header("etag")), (304, "", etag), "{path} {tag}");
            assert_eq!(again.header("cache-control"), "private, no-cache");
            assert_eq!(again.header("vary"), "Authorization, Cookie, Accept, Accept-Encoding, Accept-Language");
        }
        lena.update("0000", json!({"tags": [path]})).await;
        let changed = Answer::of(lena.request(Method::GET, path).header("If-None-Match", etag)).await;
        assert_eq!(changed.status, 200, "{path}");
        assert_ne!(changed.header("etag"), etag);
    }
}
