//! kill -9 under load, while idle, while opening, and in the middle of imports and administration: whatever was
//! acknowledged is there afterwards, and nothing is there by half.
//!
//! `CODEXMIROIR_CRASH_ROUNDS=5000 cargo test --test suite crash::` kills more than ten thousand times: each round
//! under load, while idle, and once or twice in the middle of something else.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::binary::{Home, Serving};
use crate::harness::client;

const WRITERS: usize = 8;
const ROUNDS_DEFAULT: usize = 2;
/// Rounds on one data directory; longer runs begin with a new one then, so that what is compared stays small.
const ROUNDS_OF_DIRECTORY: usize = 10;
/// The most writes that are acknowledged before the kill.
const WRITES_MAX: u32 = 100;
/// Turns of a processor that something gets before it is killed, at most: longer than most of it takes.
const TURNS_MAX: u64 = 40_000;
/// Documents of an import.
const IMPORTED: usize = 12;

/// What one writer's document must say.
#[derive(Clone, Debug)]
struct Document {
    title: String,
    body: String,
    tagged: bool,
    done: bool,
}

impl Document {
    fn text(&self) -> String {
        let status = if self.done { "abgeschlossen" } else { "offen" };
        let tags = if self.tagged { "[eilig]" } else { "[]" };
        let done = if self.done { "abgeschlossen_am: {datum: 13.10.2025, zeit: morgens}\n" } else { "" };
        let head = format!("typ: task\nkategorie: arbeit\nstatus: {status}\ntags: {tags}\nfixedSlot: null\n{done}");
        format!("---\n{head}---\n\n# {}\n\n{}", self.title, self.body)
    }
}

/// What must be there: of each task the documents that it can be. It is one, or two while an answer is out.
#[derive(Default)]
struct Known {
    documents: BTreeMap<String, Vec<String>>,
    /// Creates whose answer never came: each may have happened, once.
    unanswered: Vec<String>,
    /// The highest generation that was acknowledged.
    generation: u64,
}

impl Known {
    fn absorb(&mut self, other: Known) {
        self.documents.extend(other.documents);
        self.unanswered.extend(other.unanswered);
        self.generation = self.generation.max(other.generation);
    }
}

/// The only user of the server, asking over HTTP.
#[derive(Clone)]
struct Asker {
    client: Client,
    base: String,
    token: String,
    /// A permit for each write that was acknowledged.
    acknowledged: Arc<Semaphore>,
}

impl Asker {
    fn new(server: &Serving, token: &str) -> Asker {
        let client = client().timeout(Duration::from_secs(60)).build().unwrap();
        Asker { client, base: server.url(""), token: token.to_owned(), acknowledged: Arc::new(Semaphore::new(0)) }
    }

    /// The answer, which must be a success; `None` when the server is gone before it was whole.
    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Option<String> {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let text = response.text().await.ok()?;
        assert_eq!(status, 200, "{path}: {text}");
        Some(text)
    }

    async fn get(&self, path: &str) -> String {
        self.ask(Method::GET, path, None).await.unwrap_or_else(|| panic!("{path}: no answer"))
    }

    /// A write; `None` when nobody knows whether it happened.
    async fn write(&self, known: &mut Known, method: Method, path: &str, body: Value) -> Option<String> {
        let answer: Value = serde_json::from_str(&self.ask(method, path, Some(&body)).await?).unwrap();
        known.generation = known.generation.max(answer["generation"].as_u64().unwrap());
        self.acknowledged.add_permits(1);
        Some(answer["id"].as_str().unwrap().to_owned())
    }
}

/// Creates, changes and completes tasks until the server is gone.
async fn write_until_killed(name: String, asker: Asker) -> Known {
    let mut known = Known::default();
    for step in 0_usize.. {
        let mut document = Document {
            title: format!("{name} {step}"),
            body: "Belege suchen\n".repeat(1 + step % 50),
            tagged: false,
            done: false,
        };
        let create = json!({"kategorie": "arbeit", "title": document.title, "body": document.body});
        let Some(id) = asker.write(&mut known, Method::POST, "/api/tasks", create).await else {
            known.unanswered.push(document.text());
            return known;
        };
        known.documents.insert(id.clone(), vec![document.text()]);

        let path = format!("/api/tasks/{id}");
        document.title.push_str(" neu");
        document.tagged = true;
        let update = json!({"title": document.title, "tags": ["eilig"]});
        if change(&asker, &mut known, Method::PUT, &path, &id, &document, update).await.is_none() {
            return known;
        }
        if step % 2 == 0 {
            document.done = true;
            let slot = json!({"datum": "13.10.2025", "zeit": "morgens"});
            let path = format!("{path}/complete");
            if change(&asker, &mut known, Method::POST, &path, &id, &document, slot).await.is_none() {
                return known;
            }
        }
    }
    known
}

/// Changes a task to this document; until the answer is there it can be the old one or this one.
async fn change(
    asker: &Asker,
    known: &mut Known,
    method: Method,
    path: &str,
    id: &str,
    document: &Document,
    body: Value,
) -> Option<()> {
    known.documents.entry(id.to_owned()).or_default().push(document.text());
    let answered = asker.write(known, method, path, body).await?;
    assert_eq!(answered, id);
    known.documents.insert(id.to_owned(), vec![document.text()]);
    Some(())
}

/// Runs the writers, and kills the server once some writes are acknowledged, while others are under way.
async fn write_and_kill(round: usize, server: &mut Serving, token: &str) -> Known {
    let asker = Asker::new(server, token);
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write_until_killed(format!("r{round}w{writer}"), asker.clone()));
    }
    let writes = 1 + random(u64::from(WRITES_MAX));
    let enough = asker.acknowledged.acquire_many(u32::try_from(writes).unwrap());
    tokio::select! {
        permits = enough => drop(permits.unwrap()),
        ended = writers.join_next() => panic!("a writer ended before the kill: {:?}", ended.map(|ended| ended.is_ok())),
    }
    server.kill();
    let mut known = Known::default();
    for writer in writers.join_all().await {
        known.absorb(writer);
    }
    known
}

/// Compares what is there with what must be, which it becomes the new measure of.
async fn check(server: &Serving, token: &str, known: &mut Known) {
    let asker = Asker::new(server, token);
    let list: Value = serde_json::from_str(&asker.get("/api/tasks").await).unwrap();
    let ids: Vec<&str> = list["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap()).collect();
    let expected: Vec<String> = (0..ids.len()).map(|number| format!("{number:04}")).collect();
    assert_eq!(ids, expected, "numbers are unique and without a gap");
    for id in ids {
        let task: Value = serde_json::from_str(&asker.get(&format!("/api/tasks/{id}")).await).unwrap();
        let document = task["document"].as_str().unwrap().to_owned();
        match known.documents.get(id) {
            Some(possible) => assert!(possible.contains(&document), "{id} is\n{document}\nand not of\n{possible:#?}"),
            None => {
                let create = known.unanswered.iter().position(|unanswered| *unanswered == document);
                let create = create.unwrap_or_else(|| panic!("nobody asked for {id}:\n{document}"));
                known.unanswered.swap_remove(create);
            }
        }
        known.documents.insert(id.to_owned(), vec![document]);
    }
    assert_eq!(known.documents.len(), expected.len(), "an acknowledged task is lost");
    known.unanswered.clear();

    // Twice, should the clock cross a boundary in between.
    let mut pairs = Vec::new();
    for _ in 0..2 {
        pairs.push((asker.get("/codex").await, asker.get("/codex?nocache=true").await));
    }
    assert!(pairs.iter().any(|(served, rebuilt)| served == rebuilt), "{pairs:#?}");
    let codex: Value = serde_json::from_str(&pairs[1].1).unwrap();
    assert_eq!(codex["nextAvailableId"], format!("{:04}", expected.len()), "no number is burned");
    let generation = codex["generation"].as_u64().unwrap();
    assert!(generation >= known.generation, "{generation} after {} was acknowledged", known.generation);
    known.generation = generation;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9() {
    let rounds = std::env::var("CODEXMIROIR_CRASH_ROUNDS").map_or(ROUNDS_DEFAULT, |rounds| rounds.parse().unwrap());
    let mut left = rounds;
    while left > 0 {
        let together = left.min(ROUNDS_OF_DIRECTORY);
        crash_repeatedly(together).await;
        left -= together;
    }
}

/// A number below this one.
fn random(below: u64) -> u64 {
    RandomState::new().build_hasher().finish() % below
}

/// Kills a command at some moment; what it printed if it had ended by then.
fn interrupt(home: &Home, arguments: &[&str]) -> Option<String> {
    let mut child = home.command(arguments).spawn().unwrap();
    for _ in 0..random(TURNS_MAX) {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    let ended = child.wait_with_output().unwrap();
    ended.status.success().then(|| String::from_utf8(ended.stdout).unwrap())
}

/// Kills what changes the database without a server, and tries that nothing of it is there by half.
fn interrupt_something(home: &Home, round: usize, token: &mut String, known: &mut Known) {
    match round % 4 {
        0 => assert_eq!(interrupt(home, &["serve", "--listen", "127.0.0.1:0"]), None, "it ended by itself"),
        1 => interrupt_import(home, round, known),
        2 => {
            let name = format!("u{round}");
            let add = ["user", "add", &name, "--time-zone", "Europe/Berlin"];
            let was_told = interrupt(home, &add).is_some();
            let again = home.run(&add);
            let is_there = again.code != Some(0) && again.stderr.contains("already");
            assert!(is_there || (again.code == Some(0) && !was_told), "{was_told}: {again:?}");
            home.did(&["token", "create", &name]);
        }
        // Whoever was told a token can use it from then on.
        _ => {
            if let Some(told) = interrupt(home, &["token", "create", "lena"]) {
                told.trim().clone_into(token);
            }
        }
    }
}

/// An import is there as a whole or not at all, and can be repeated.
fn interrupt_import(home: &Home, round: usize, known: &mut Known) {
    let folder = home.path("import");
    std::fs::create_dir(&folder).unwrap();
    let first = known.documents.len();
    for number in first..first + IMPORTED {
        let body = "Viel Text\n".repeat(500);
        let document = Document { title: format!("import {round} {number}"), body, tagged: false, done: false };
        std::fs::write(folder.join(format!("{number:04}.md")), document.text()).unwrap();
        known.documents.insert(format!("{number:04}"), vec![document.text()]);
    }
    let path = folder.to_str().unwrap();
    let was_told = interrupt(home, &["import", path, "--user", "lena"]).is_some();
    let report = home.did(&["import", path, "--user", "lena"]);
    let (all, none) = (format!("{IMPORTED} unchanged"), format!("{IMPORTED} added"));
    assert!(report.contains(&all) || (report.contains(&none) && !was_told), "{was_told}: {report}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// Rounds on one data directory, each on what the rounds before left.
async fn crash_repeatedly(rounds: usize) {
    let home = Home::new();
    let mut token = home.user_with_token("lena");
    let mut known = Known::default();
    let mut server = home.serve(&[]);
    for round in 0..rounds {
        let written = write_and_kill(round, &mut server, &token).await;
        assert!(written.generation > known.generation);
        known.absorb(written);
        server = home.serve(&[]);
        check(&server, &token, &mut known).await;
        // It has nothing to do now, or settles what the round before left.
        server.kill();
        interrupt_something(&home, round, &mut token, &mut known);
        // Everything belongs together, whatever was cut.
        home.did(&["doctor"]);
        server = home.serve(&[]);
        check(&server, &token, &mut known).await;
        home.did(&["doctor"]);
    }
    assert!(known.documents.len() > rounds, "the writers wrote next to nothing");
}
