//! Past timelines as they were, what moved a task, and whole histories lived once more.

use std::sync::Arc;

use codexmiroir::service::verification::Verified;
use codexmiroir::service::{Service, Streamed};
use codexmiroir::store::Change;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use reqwest::Method;
use serde_json::{Value, json};

use crate::binary::Home;
use crate::harness::{Answer, Start, TestServer, TestUser, client, repository, vault};
use crate::synced;

const HISTORY: TableDefinition<(u64, u64, u32), &[u8]> = TableDefinition::new("history");
const HEADS: TableDefinition<u64, &[u8]> = TableDefinition::new("heads");

/// Reads the bodies of tasks.
const SCRIPT: &str = "fn place(task, today) { if task.body.contains(\"nie\") { never(\"so\") } else { anywhere() } }";

/// All pieces of everybody's together.
pub async fn verified(service: &Arc<Service>) -> Verified {
    let mut all = Verified::default();
    let mut next = Some(String::new());
    while let Some(place) = next {
        let piece = service.verify(&place, None).await.unwrap().unwrap();
        all.generations += piece.generations;
        all.compared += piece.compared;
        all.not_noted += piece.not_noted;
        all.other_basis += piece.other_basis;
        all.differing.extend(piece.differing);
        all.not_told += piece.not_told;
        all.findings.extend(piece.findings);
        all.total = all.total.or(piece.total);
        next = piece.next;
    }
    all
}

/// What was served, and where it was asked.
#[derive(Default)]
struct Served(Vec<(u64, String, String)>);

impl Served {
    /// Asks now, and once more later, by the clock alone.
    async fn note(&mut self, server: &TestServer, user: &TestUser) {
        let answer = user.get("/codex").await;
        let codex = answer.json();
        let now = server.clock.now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        self.0.push((codex["generation"].as_u64().unwrap(), now, answer.text));
    }
}

fn did(answer: Answer) -> Answer {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

/// A history with everything in it; each of its timelines.
async fn lived() -> (TestServer, TestUser, Served) {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let mut served = Served::default();
    served.note(&server, &lena).await;
    server.import(&lena, &vault("lena")).await;
    served.note(&server, &lena).await;
    server.import(&lena, &repository("fixtures/odd/tasks")).await;
    served.note(&server, &lena).await;
    let rules = |rules: Value| json!({"rules": rules});
    let spartan = json!({"use": "spartan"});
    let own = |source: &str| json!({"name": "mine", "script": source});
    let steps = [
        (Method::POST, "/api/tasks", json!({"kategorie": "arbeit", "title": "Neu", "body": "nie und nimmer\n"})),
        (Method::PUT, "/api/rules", rules(json!([spartan]))),
        (Method::PUT, "/api/rules", rules(json!([spartan, own(SCRIPT)]))),
        (Method::PATCH, "/api/settings", json!({"timeZone": "Asia/Kolkata", "horizon": 9})),
        (Method::POST, "/api/undo", json!({})),
        (Method::PATCH, "/api/settings", json!({"language": "de"})),
        (Method::DELETE, "/api/tasks/2", Value::Null),
        (Method::DELETE, "/api/rules", Value::Null),
        (Method::PUT, "/api/rules", rules(json!([own(SCRIPT), spartan]))),
        (Method::POST, "/api/tasks/3/complete", json!({})),
        (Method::POST, "/api/undo", json!({})),
    ];
    let mut hour = 9;
    for (method, path, body) in steps {
        server.set_clock(&format!("2025-10-{}T{:02}:{:02}:00+02:00", 13 + hour / 24, hour % 24, hour));
        hour += 5;
        let request = lena.request(method, path);
        did(Answer::of(if body.is_null() { request } else { request.json(&body) }).await);
        served.note(&server, &lena).await;
        // Later, and at a boundary.
        server.set_clock(&format!("2025-10-{}T12:30:00+02:00", 14 + hour / 24));
        served.note(&server, &lena).await;
    }
    let (file, raw) = ("0999-sync.md", "---\ntyp: task\nkategorie: privat\nstatus: offen\n---\n# Von dort\n");
    let put: Vec<Change> = vec![synced::put(file, raw)];
    synced::commit(&server, &lena, put).await;
    served.note(&server, &lena).await;
    let server = server.restart().await;
    let lena = server.again(&lena);
    did(lena.delete("/api/tasks/999").await);
    served.note(&server, &lena).await;
    (server, lena, served)
}

fn at(generation: u64, now: &str) -> String {
    format!("/codex?at={generation}&now={now}")
}

#[tokio::test]
async fn past_timelines_are_what_was_served_byte_for_byte() {
    let (server, lena, Served(served)) = lived().await;
    let mut seen = std::collections::BTreeSet::new();
    for (generation, now, text) in &served {
        let told = lena.get(&at(*generation, now)).await;
        assert_eq!((told.status, told.header("x-basis")), (200, "same"), "{}", told.text);
        assert_eq!(told.text, *text, "generation {generation} at {now}");
        assert_eq!(told.header("cache-control"), "no-store");
        if seen.insert(*generation) && *generation > 0 {
            // The first is of the instant of its commit, which is what is told without another.
            assert_eq!(lena.get(&format!("/codex?at={generation}")).await.text, *text);
        }
    }
    let page = lena.get("/codex?at=3&format=text&width=80&days=2").await;
    assert!(page.status == 200 && page.text.starts_with("lena"), "{}", page.text);
    // In another database, by another process.
    let mut backup = server.service().backup(None).unwrap();
    let mut made = Vec::new();
    while let Some(piece) = backup.next().await.unwrap() {
        made.extend_from_slice(&piece);
    }
    let home = Home::new();
    let ran = home.run_with_input(&["restore", "-", "--data-dir", "target"], &made);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let restored = home.serve(&["--data-dir", "target"]);
    let client = client().build().unwrap();
    for (generation, now, text) in &served {
        let request = client.get(restored.url(&at(*generation, now))).bearer_auth(&lena.token);
        let told = Answer::of(request).await;
        assert_eq!((told.status, told.header("x-basis"), told.text.as_str()), (200, "same", text.as_str()));
    }
    let (generation, now, text) = &served[served.len() / 2];
    let generation = generation.to_string();
    let printed = home.did(&["plan", "--at", &generation, "--now", now, "--format", "json", "--data-dir", "target"]);
    assert_eq!(printed.trim_end(), text);
    let said = home.did(&["verify", "--data-dir", "target"]);
    assert!(said.contains("all as it was"), "{said}");
}

#[tokio::test]
async fn what_cannot_be_told_as_it_was_is_refused_with_the_reason() {
    let server = TestServer::start().await;
    let [lena, tom] = [server.user("lena").await, server.user("tom").await];
    let id = lena.create(json!({"kategorie": "arbeit", "title": "Eins"})).await;
    lena.update(&id, json!({"title": "Zwei"})).await;
    let served = lena.get("/codex").await.text;
    let later = lena.get("/codex?at=3").await;
    assert_eq!((later.status, later.code().as_str()), (404, "no_such_generation"));
    assert_eq!(lena.get("/codex?at=x").await.code(), "malformed_query");
    let export = lena.get("/api/export?format=json&history=true").await.text;
    let import = tom.request(Method::POST, "/api/import").header("Content-Type", "application/json").body(export);
    did(Answer::of(import).await);
    for generation in [1, 2] {
        let brought = tom.get(&format!("/codex?at={generation}")).await;
        assert_eq!((brought.status, brought.code().as_str()), (404, "brought_generation"));
    }
    assert_eq!(tom.get("/codex?at=3").await.text, tom.get("/codex").await.text);
    assert_eq!(tom.get("/codex?at=0").await.json()["nextAvailableId"], "0000");
    let folder = tempfile::tempdir().unwrap();
    let evenings = folder.path().join("evenings.rhai");
    std::fs::write(&evenings, "fn slots(day, slots) { [slot(\"abends\", \"18:00\", \"21:30\")] }\n").unwrap();
    let start = Start { rules: vec![evenings], ..Start::default() };
    server.set_clock("2025-10-13T08:30:00+02:00");
    let server = server.restart_with(start).await;
    let lena = server.again(&lena);
    let refused = lena.get("/codex?at=2").await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "other_basis"));
    assert!(refused.json()["error"].as_str().unwrap().contains("other rules of the server"), "{}", refused.text);
    let anyway = lena.get("/codex?at=2&anyway=true").await;
    assert_eq!((anyway.status, anyway.header("x-basis")), (200, "other"));
    assert_ne!(anyway.text, served);
    let all = verified(server.service()).await;
    assert_eq!((all.findings.len(), all.compared, all.other_basis), (0, 0, 2));
    assert_eq!(all.differing.iter().map(|part| part.en).collect::<Vec<_>>(), ["other rules of the server"]);
    let moves = lena.get(&format!("/api/tasks/{id}/moves")).await.json();
    assert_eq!(moves["bases"][0]["differing"], json!(["other rules of the server"]), "{moves}");
    assert_eq!(moves["moves"][0]["otherBasis"], true, "{moves}");
    let server = server.restart().await;
    assert_eq!(server.again(&lena).get("/codex?at=2").await.text, served);
}

async fn moves(user: &TestUser, id: &str, query: &str) -> Value {
    did(user.get(&format!("/api/tasks/{id}/moves{query}")).await).json()
}

/// Cause, from and to of each move, the latest first.
fn told(moves: &Value) -> Vec<[String; 3]> {
    let place = |standing: &Value| standing["text"].as_str().unwrap_or("not open").to_owned();
    let moves = moves["moves"].as_array().unwrap().iter();
    moves
        .map(|moved| {
            let cause = &moved["cause"];
            let summary = cause["summary"].as_str().unwrap();
            let kind = cause["kind"].as_str().unwrap();
            [format!("{kind}: {summary}"), place(&moved["from"]), place(&moved["to"])]
        })
        .collect()
}

#[tokio::test]
async fn a_move_says_what_made_it() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for title in ["Eins", "Zwei"] {
        lena.create(json!({"kategorie": "arbeit", "title": title})).await;
    }
    server.set_clock("2025-10-13T08:30:00+02:00");
    lena.complete("0", json!({})).await;
    server.set_clock("2025-10-13T13:00:00+02:00");
    let rules =
        json!({"rules": [{"use": "spartan"}, {"name": "mine", "script": "fn place(task, today) { on([\"mi\"]) }"}]});
    did(lena.put("/api/rules", &rules).await);
    did(lena.patch("/api/settings", &json!({"horizon": 1})).await);
    did(lena.delete("/api/tasks/1").await);
    let moves_of = moves(&lena, "1", "").await;
    assert_eq!((&moves_of["standing"], &moves_of["next"]), (&Value::Null, &Value::Null), "{moves_of:#}");
    let monday = |zeit: &str| format!("Mon 13.10.2025 {zeit}");
    let wednesday = "Wed 15.10.2025 morgens".to_owned();
    let found = told(&moves_of);
    let text = |text: &str| text.to_owned();
    assert_eq!(found[0][0], "tasks: removed 0001-Zwei.md");
    assert_eq!((&found[1][0], &found[1][1]), (&text("settings: changed the settings"), &wednesday));
    assert_eq!(found[2], [text("rules: changed the rules"), monday("nachmittags"), wednesday.clone()]);
    assert!(found[3][0].starts_with("clock: morgens "), "{found:#?}");
    assert_eq!(found[3][1..], [monday("morgens"), monday("nachmittags")]);
    assert_eq!(found[4], [text("tasks: completed 0000-Eins.md"), monday("nachmittags"), monday("morgens")]);
    assert_eq!(found[5], [text("tasks: added 0001-Zwei.md"), text("not open"), monday("nachmittags")]);
    assert_eq!(found.len(), 6);
    // In pages of one.
    let (mut query, mut pages) = ("?limit=1".to_owned(), Vec::new());
    loop {
        let page = moves(&lena, "1", &query).await;
        pages.extend(told(&page));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("?limit=1&before={next}");
    }
    assert_eq!(pages, found);
    assert_eq!(moves_of["since"], moves_of["moves"][0]["at"]);
    for query in ["?before=1", "?before=1.x", "?before=x.1", "?limit=0"] {
        assert_eq!(lena.get(&format!("/api/tasks/1/moves{query}")).await.code(), "malformed_query", "{query}");
    }
    assert_eq!(lena.get("/api/tasks/1/moves?before=99.1760335200000").await.code(), "no_such_generation");
    assert_eq!(lena.get("/api/tasks/77/moves").await.code(), "no_such_task");
}

#[tokio::test]
async fn a_long_rest_is_gone_over_in_pages_and_the_command_finds_its_end() {
    let home = Home::new();
    let token = home.user_with_token("lena");
    home.did(&["task", "add", "--user", "lena", "Eins"]);
    let said = home.did(&["task", "moves", "0", "--user", "lena"]);
    assert!(said.contains("added 0000-Eins.md") && said.ends_with("looked back to the beginning\n"), "{said}");
    let json: Value = serde_json::from_str(&home.did(&["task", "moves", "0", "--json"])).unwrap();
    assert_eq!(json["moves"].as_array().unwrap().len(), 1, "{json}");
    drop(token);
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    // Some years of the clock alone.
    lena.create(json!({"kategorie": "arbeit", "title": "Eins", "status": "abgeschlossen"})).await;
    let never = "---\ntyp: task\nkategorie: nichts\nstatus: offen\n---\n# Nie\n";
    server.import_document(&lena, "0001-Nie.md", never).await;
    server.set_clock("2028-10-13T08:00:00+02:00");
    let mut page = moves(&lena, "1", "").await;
    assert_eq!((&page["moves"], page["standing"]["state"].as_str()), (&json!([]), Some("excluded_by_rule")));
    let mut pages = 1;
    while page["moves"].as_array().unwrap().is_empty() {
        let next = page["next"].as_str().unwrap().to_owned();
        page = moves(&lena, "1", &format!("?before={next}")).await;
        pages += 1;
    }
    assert!(pages > 1 && told(&page)[0][0] == "tasks: imported 0001-Nie.md", "{pages} {page:#}");
}

/// Changes a row of the first user's in a database that nobody has open.
fn tamper(path: &std::path::Path, generation: u64, change: impl Fn(&mut Vec<u8>)) {
    let database = Database::open(path.join("codexmiroir.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut history = transaction.open_table(HISTORY).unwrap();
        let mut row = history.get((1, generation, 0)).unwrap().unwrap().value().to_vec();
        change(&mut row);
        history.insert((1, generation, 0), row.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
}

/// Writes other words of the same length, so often as they are there; so often it has to be.
fn reword(row: &mut [u8], from: &str, to: &str, nth: usize) {
    assert_eq!(from.len(), to.len());
    let found = row.windows(from.len()).enumerate().filter(|(_, window)| *window == from.as_bytes());
    let at = found.map(|(at, _)| at).nth(nth).unwrap();
    row[at..at + to.len()].copy_from_slice(to.as_bytes());
}

async fn codes(server: &TestServer) -> Vec<(&'static str, Option<String>)> {
    verified(server.service()).await.findings.into_iter().map(|finding| (finding.code, finding.row)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_was_lived_is_lived_again_and_a_change_in_it_is_found() {
    let (server, lena, _) = lived().await;
    let all = verified(server.service()).await;
    assert_eq!(all.findings, []);
    assert_eq!((all.generations, all.not_noted, all.other_basis), (15, 2, 0), "{all:?}");
    assert_eq!((all.compared, all.total), (13, Some(15)));
    let path = server.data_dir().to_owned();
    // Generation 3 added "Neu": its text, as if another had been added. Plans tell of it where rules leave it out.
    let server = server.restart_after(|| tamper(&path, 3, |row| reword(row, "# Neu", "# Alt", 0))).await;
    let found = codes(&server).await;
    assert_eq!(found.first(), Some(&("plan_differs", Some("5".to_owned()))), "{found:?}");
    for (code, row) in [("state_differs", "tasks"), ("kept_differs", "15")] {
        assert!(found.contains(&(code, Some(row.to_owned()))), "{found:?}");
    }
    let said = Home::new().run(&["verify", "--data-dir", path.to_str().unwrap()]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stdout.contains("plans of lena, 5: ") && said.stderr.contains("not as they were"), "{said:?}");
    let asked = server.administrator().get("/api/admin/verify?user=lena").await.json();
    assert_eq!(asked["findings"].as_array().unwrap().len(), found.len(), "{asked}");
    let unknown = server.administrator().get("/api/admin/verify?user=nobody").await;
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "no_such_user"));
    let nowhere = server.administrator().get("/api/admin/verify?place=x").await;
    assert_eq!((nowhere.status, nowhere.code().as_str()), (400, "malformed_query"));
    let said = Home::new().run(&["verify", "--data-dir", "/nowhere/at/all"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    drop(lena);
}

#[tokio::test]
async fn each_kind_of_difference_is_named() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Eins"})).await;
    lena.update("0", json!({"title": "Zwei"})).await;
    lena.update("0", json!({"title": "Drei"})).await;
    lena.create(json!({"kategorie": "arbeit", "title": "Fest"})).await;
    lena.codex().await;
    let path = server.data_dir().to_owned();
    // What generation 3 began with.
    let server = server.restart_after(|| tamper(&path, 3, |row| reword(row, "# Zwei", "# Zwo!", 0))).await;
    assert_eq!(codes(&server).await, [("history_broken", Some("3 0000-Eins.md".to_owned()))]);
    let server = server.restart_after(|| tamper(&path, 3, |row| reword(row, "# Zwo!", "# Zwei", 0))).await;
    assert_eq!(codes(&server).await, []);
    // A generation that is not there, and then a number that was never given.
    let gone = || {
        let database = Database::open(path.join("codexmiroir.redb")).unwrap();
        let transaction = database.begin_write().unwrap();
        let row = {
            let mut history = transaction.open_table(HISTORY).unwrap();
            history.remove((1, 2, 0)).unwrap().map(|row| row.value().to_vec())
        };
        transaction.commit().unwrap();
        assert!(row.is_some());
    };
    let server = server.restart_after(gone).await;
    let found = codes(&server).await;
    assert!(found.iter().any(|(code, _)| ["history_gap", "history_unreadable"].contains(code)), "{found:?}");
    drop(server);
}

#[tokio::test]
async fn a_number_that_nobody_was_given_is_found() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Eins"})).await;
    let path = server.data_dir().to_owned();
    let raise = || {
        let database = Database::open(path.join("codexmiroir.redb")).unwrap();
        let before = database.begin_read().unwrap().open_table(HEADS).unwrap();
        let mut head = before.get(1).unwrap().unwrap().value().to_vec();
        // The next number stands last: it was 1.
        assert_eq!(head.pop(), Some(1));
        head.push(7);
        let transaction = database.begin_write().unwrap();
        transaction.open_table(HEADS).unwrap().insert(1, head.as_slice()).unwrap();
        transaction.commit().unwrap();
    };
    let server = server.restart_after(raise).await;
    assert_eq!(codes(&server).await, [("state_differs", Some("next_number".to_owned()))]);
}

#[tokio::test]
async fn commits_of_before_they_noted_anything_are_told_and_counted() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Eins"})).await;
    let served = lena.get("/codex").await.text;
    lena.create(json!({"kategorie": "arbeit", "title": "Zwei"})).await;
    let path = server.data_dir().to_owned();
    // A row of before ends before what it left: an array of one value less.
    let shorten = |row: &mut Vec<u8>| {
        assert_eq!(row[0], 0x9b);
        row[0] = 0x9a;
        // The next number, and of the timeline a hash of sixteen bytes and an instant.
        let left = row.windows(5).position(|window| matches!(window, [0x92, _, 0x92, 0xc4, 16])).unwrap();
        row.truncate(left);
    };
    let server =
        server.restart_after(|| [1, 2].iter().for_each(|generation| tamper(&path, *generation, shorten))).await;
    let all = verified(server.service()).await;
    assert_eq!((all.findings.len(), all.compared, all.not_noted), (0, 0, 2));
    assert_eq!(server.again(&lena).get("/codex?at=1").await.text, served);
}
