//! A server, a repository, two users and two clones, and what must not get lost among them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method};
use ring::hmac;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::cutting::Way;
use super::here::{Asker, Said};
use super::there::{self, BASE, Worker, names};
use super::words::{Dice, Words, words};
use crate::binary::{Home, Serving};
use crate::git_host::{GitHost, bare, git, git_command};
use crate::harness::{client, repository};

const USERS: [&str; 2] = ["lena", "tom"];
const CLONES: [&str; 2] = ["one", "two"];
const SECRET: &str = "only-the-forge-knows-this-secret";

/// How often a sync may be asked for until both sides are the same, once nothing is in its way.
const SYNCS_MAX: usize = 12;

/// The most bytes after which the way to the host is cut, or the server killed.
const BYTES_MAX: usize = 12_000;

/// A user, and what was seen of hers.
struct Member {
    name: &'static str,
    token: String,
    /// What her tasks are addressed by.
    ids: Vec<String>,
    /// Words that the server acknowledged, or that stood in a head that it had fetched.
    remembered: BTreeSet<String>,
    /// All ids that the server gave.
    created: BTreeSet<String>,
    generation: u64,
    /// Merges that her history tells of.
    merges: usize,
}

/// What happened, so that it is known that something did.
#[derive(Debug, Default)]
pub struct Tally {
    pub words: usize,
    pub created: usize,
    pub merges: usize,
    pub heads: usize,
    pub starts: usize,
}

pub struct World {
    /// `None` between two. Dropped before what it works on.
    server: Option<Serving>,
    dice: Dice,
    words: Arc<Words>,
    home: Home,
    bare: PathBuf,
    clones: Vec<PathBuf>,
    way: Way,
    client: Client,
    members: Vec<Member>,
    /// Events that the forge has not sent yet.
    late: usize,
    /// Heads whose words are remembered.
    heads: BTreeSet<String>,
    /// Kills and starts, in all.
    starts: usize,
    // What the others work with to their end.
    _host: GitHost,
    _folder: TempDir,
}

/// What happens to the server while it works.
enum Fate {
    Spared,
    /// SIGKILL once so many things were done.
    KilledAfterEvents(u32),
    /// SIGKILL once so many bytes went between it and the host.
    KilledAfterBytes(usize),
    /// SIGTERM when all is done.
    Stopped,
}

impl World {
    pub fn new(seed: u64) -> World {
        let folder = TempDir::new().unwrap();
        let bare = bare(folder.path(), "tasks.git");
        let host = GitHost::start(folder.path());
        let way = Way::to(&host.host);
        let clones = CLONES.map(|name| {
            git(folder.path(), &["clone", "--quiet", bare.to_str().unwrap(), name]);
            git(&folder.path().join(name), &["checkout", "--quiet", "-B", "main"]);
            folder.path().join(name)
        });
        copy(&repository("fixtures/vault").join(BASE), &clones[0].join(BASE));
        git(&clones[0], &["add", "--all"]);
        git(&clones[0], &["commit", "--quiet", "--message", "as it was"]);
        git(&clones[0], &["push", "--quiet", "origin", "HEAD:main"]);
        let home = Home::new();
        let members = USERS.map(|name| Member {
            name,
            token: home.user_with_token(name),
            ids: Vec::new(),
            remembered: BTreeSet::new(),
            created: BTreeSet::new(),
            generation: 0,
            merges: 0,
        });
        let server = serve(&home, &way);
        World {
            dice: Dice::of(seed),
            words: Arc::default(),
            home,
            bare,
            clones: clones.into(),
            way,
            server: Some(server),
            client: client().timeout(Duration::from_secs(60)).build().unwrap(),
            members: members.into(),
            late: 0,
            heads: BTreeSet::new(),
            starts: 1,
            _host: host,
            _folder: folder,
        }
    }

    /// Lets both sides do this and that at once, then looks whether they come together.
    pub async fn live(&mut self) {
        let events = Arc::new(Semaphore::new(0));
        let fate = self.fate();
        let mut doing = JoinSet::new();
        let mut expected = 0;
        for index in 0..self.members.len() {
            for _ in 0..self.dice.roll(3) {
                let times = 1 + self.dice.roll(8);
                let asker = Asker { events: events.clone(), ..self.asker(index) };
                let ids = self.members[index].ids.clone();
                let (dice, words) = (self.dice.fork(), self.words.clone());
                doing.spawn(async move { (index, asker.change(ids, times, dice, words).await) });
            }
        }
        let mut working = JoinSet::new();
        for at in self.clones.clone() {
            if self.dice.one_in(3) {
                continue;
            }
            let (dice, words, events) = (self.dice.fork(), self.words.clone(), events.clone());
            let commits = 1 + self.dice.roll(4);
            let worker = Worker { at, users: USERS.to_vec(), dice, words, events };
            working.spawn_blocking(move || worker.work(commits));
            expected += 1;
        }
        let told = self.tell(&events, expected);
        if self.dice.one_in(4) {
            self.way.cut_after(self.dice.roll(BYTES_MAX));
        }
        self.do_all(fate, &events, doing, working, told).await;
        self.way.disarm();
        self.settle().await;
        self.check().await;
    }

    fn fate(&mut self) -> Fate {
        match self.dice.roll(12) {
            0 => Fate::KilledAfterEvents(1 + u32::try_from(self.dice.roll(8)).unwrap()),
            1 | 2 => Fate::KilledAfterBytes(self.dice.roll(BYTES_MAX)),
            3 => Fate::Stopped,
            _ => Fate::Spared,
        }
    }

    /// The forge tells of pushes: of each never, once or twice, and not always before the next one.
    fn tell(&mut self, events: &Arc<Semaphore>, pushes: usize) -> JoinSet<Option<String>> {
        let mut told = JoinSet::new();
        let mut now = std::mem::take(&mut self.late);
        for _ in 0..pushes {
            match self.dice.roll(5) {
                0 => self.late += 1,
                1 => now += 2,
                2 => {}
                _ => now += 1,
            }
        }
        for _ in 0..now {
            let after = u32::try_from(self.dice.roll(3)).unwrap();
            let (events, event) = (events.clone(), self.event());
            told.spawn(async move {
                // It comes when so much was done, or else at the end.
                drop(events.acquire_many(after).await);
                head_of(event.send().await.ok()?).await
            });
        }
        told
    }

    /// A push event, signed.
    fn event(&self) -> reqwest::RequestBuilder {
        let body = r#"{"ref":"refs/heads/main"}"#;
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let digits: String =
            hmac::sign(&key, body.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let request = self
            .client
            .post(self.server.as_ref().unwrap().url("/github/webhook"))
            .header("Content-Type", "application/json");
        let request =
            request.header("X-GitHub-Event", "push").header("X-Hub-Signature-256", format!("sha256={digits}"));
        request.body(body)
    }

    /// Waits until all is done, and until the server met its fate and is there again.
    async fn do_all(
        &mut self,
        fate: Fate,
        events: &Arc<Semaphore>,
        mut doing: JoinSet<(usize, Said)>,
        mut working: JoinSet<()>,
        told: JoinSet<Option<String>>,
    ) {
        let (mut said, mut heads) = (Vec::new(), Vec::new());
        let syncing = self.asker(0);
        let all = async {
            loop {
                tokio::select! {
                    Some(one) = doing.join_next() => said.push(one.unwrap()),
                    Some(done) = working.join_next() => done.unwrap(),
                    else => break,
                }
            }
            events.close();
            heads.extend(told.join_all().await.into_iter().flatten());
            // There is something to be killed in.
            if let Some((200, report)) = syncing.ask(Method::POST, "/sync?mode=diff", None).await {
                heads.extend(report["head"].as_str().map(str::to_owned));
            }
        };
        match fate {
            Fate::Spared => all.await,
            Fate::Stopped => {
                all.await;
                self.stop();
                self.restart();
            }
            Fate::KilledAfterEvents(count) => {
                let enough = async {
                    drop(events.acquire_many(count).await);
                    self.server.as_mut().unwrap().kill();
                };
                tokio::join!(all, enough);
                self.restart();
            }
            Fate::KilledAfterBytes(bytes) => {
                let reached = self.way.after(bytes);
                let mut all = std::pin::pin!(all);
                tokio::select! {
                    () = &mut all => self.server.as_mut().unwrap().kill(),
                    _ = reached => {
                        self.server.as_mut().unwrap().kill();
                        all.await;
                    }
                }
                self.restart();
            }
        }
        for (index, said) in said {
            self.members[index].absorb(said);
        }
        for head in heads {
            self.remember(&head);
        }
    }

    fn restart(&mut self) {
        self.starts += 1;
        self.server = Some(serve(&self.home, &self.way));
    }

    /// SIGTERM, and nothing of it is left.
    fn stop(&mut self) {
        assert!(self.server.take().unwrap().stop(Signal::TERM).0.success());
    }

    fn asker(&self, index: usize) -> Asker {
        let token = self.members[index].token.clone();
        Asker {
            client: self.client.clone(),
            base: self.server.as_ref().unwrap().url(""),
            token,
            events: Arc::new(Semaphore::new(0)),
        }
    }

    /// What stood in a head that the server had fetched must not get lost.
    fn remember(&mut self, head: &str) {
        if !self.heads.insert(head.to_owned()) {
            return;
        }
        for member in &mut self.members {
            let folder = format!("{BASE}/{}", member.name);
            let found = git_command(&self.bare, &["grep", "--no-color", "-hE", "t[0-9]{5}x", head, "--", &folder]);
            let found = { found }.output().unwrap();
            member.remembered.extend(words(&String::from_utf8_lossy(&found.stdout)));
        }
    }

    /// Syncs until both sides are the same.
    async fn settle(&mut self) {
        let mut statuses = Vec::new();
        for _ in 0..SYNCS_MAX {
            for index in 0..self.members.len() {
                let mode = if self.dice.one_in(10) { "full" } else { "diff" };
                let asked = self.asker(index).ask(Method::POST, &format!("/sync?mode={mode}"), None).await;
                let (status, report) = asked.expect("the server is there");
                assert!(matches!(status, 200 | 502 | 503 | 504), "{status}: {report}");
                if let Some(head) = report["head"].as_str() {
                    self.remember(head);
                }
            }
            let head = git(&self.bare, &["rev-parse", "main"]);
            statuses.clear();
            for index in 0..self.members.len() {
                let (_, status) = self.asker(index).ask(Method::GET, "/api/sync", None).await.unwrap();
                statuses.push(status);
            }
            let is_quiet =
                |status: &Value| status["outbox"] == 0 && status["head"] == *head && status["problem"].is_null();
            if statuses.iter().all(is_quiet) && git(&self.bare, &["rev-parse", "main"]) == head {
                self.remember(&head);
                return;
            }
        }
        panic!("the two sides never come together: {statuses:#?}");
    }

    /// Both sides are the same, byte for byte, and nothing is lost.
    async fn check(&mut self) {
        let head = git(&self.bare, &["rev-parse", "main"]);
        for at in &self.clones {
            there::pull(at);
            assert_eq!(git(at, &["rev-parse", "HEAD"]), head);
        }
        for index in 0..self.members.len() {
            let asked = self.asker(index).ask(Method::GET, "/api/export?format=json&history=true", None).await;
            let (status, export) = asked.unwrap();
            assert_eq!(status, 200, "{export}");
            let folder = self.clones[0].join(BASE).join(self.members[index].name);
            let differing = differing(&folder, &export);
            assert!(
                differing.is_empty(),
                "not the same on both sides: {differing:?}\n{}",
                self.told_of(index, &export).await
            );
            let member = &mut self.members[index];
            let generation = export["generation"].as_u64().unwrap();
            assert!(generation >= member.generation, "{} went back from {}", generation, member.generation);
            member.generation = generation;
            let known = words(&export.to_string());
            let lost: Vec<_> = member.remembered.difference(&known).collect();
            assert!(lost.is_empty(), "{}: {lost:?} are in no document and in no change of the history", member.name);
            let file = |document: &Value| document["file"].as_str().unwrap().trim_end_matches(".md").to_owned();
            member.merges =
                export["history"].as_array().unwrap().iter().filter(|change| change["verb"] == "merge").count();
            member.ids = export["documents"].as_array().unwrap().iter().map(file).collect();
        }
    }

    /// What happened lately on both sides, for whoever looks for a fault.
    async fn told_of(&self, index: usize, export: &Value) -> String {
        let (_, status) = self.asker(index).ask(Method::GET, "/api/sync", None).await.unwrap();
        let log = git(&self.bare, &["log", "-25", "--format=%h %an: %s", "--name-status", "main"]);
        let history = export["history"].as_array().unwrap();
        let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let line = |change: &Value| {
            let [verb, through, file] = ["verb", "through", "file"].map(|key| word(&change[key]));
            format!("{} {verb} through {through}: {file}\n", change["generation"])
        };
        let latest: String = history.iter().take(40).map(line).collect();
        format!("{status:#}\nin the repository:\n{log}\nhere, of {}:\n{latest}", history.len())
    }

    /// The repository is as git wants one, and the server has nothing to complain of.
    pub fn end(mut self, tally: &mut Tally) {
        git(&self.bare, &["fsck", "--strict"]);
        let log = self.server.as_mut().unwrap().log();
        assert!(!log.contains("panicked"), "{log}");
        for member in &self.members {
            tally.words += member.remembered.len();
            tally.created += member.created.len();
            tally.merges += member.merges;
        }
        tally.heads += self.heads.len();
        tally.starts += self.starts;
        self.stop();
    }
}

impl Member {
    fn absorb(&mut self, said: Said) {
        self.remembered.extend(said.words);
        for id in said.created {
            assert!(self.created.insert(id.clone()), "{} got {id} twice", self.name);
        }
        self.generation = self.generation.max(said.generation);
    }
}

/// The tasks and the scripts of an export that are not, or not the same, in a folder, and the other way round.
fn differing(folder: &Path, export: &Value) -> Vec<String> {
    let mut there = BTreeSet::new();
    for (part, ending) in [("tasks", ".md"), ("rules", ".rhai")] {
        for name in names(&folder.join(part)).into_iter().filter(|name| name.ends_with(ending)) {
            let text = std::fs::read_to_string(folder.join(part).join(&name)).unwrap();
            there.insert((format!("{part}/{name}"), text));
        }
    }
    let string = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned();
    let documents = export["documents"].as_array().unwrap();
    let tasks =
        documents.iter().map(|document| (format!("tasks/{}", string(&document["file"])), string(&document["text"])));
    let rules = export["rules"].as_array().cloned().unwrap_or_default();
    let scripts = rules.iter().filter(|rule| rule["script"].is_string());
    let scripts = scripts.map(|rule| (format!("rules/{}.rhai", string(&rule["name"])), string(&rule["script"])));
    let here: BTreeSet<_> = tasks.chain(scripts).collect();
    here.symmetric_difference(&there).map(|(name, _)| name.clone()).collect()
}

async fn head_of(response: reqwest::Response) -> Option<String> {
    let status = response.status().as_u16();
    let answer: Value = serde_json::from_str(&response.text().await.ok()?).unwrap();
    assert!(matches!(status, 200 | 202 | 502 | 503 | 504), "{status}: {answer}");
    answer["head"].as_str().map(str::to_owned)
}

/// The real program, with no git to be found.
fn serve(home: &Home, way: &Way) -> Serving {
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("PATH", "");
    command.env("CODEXMIROIR_GIT_REMOTE", format!("http://{}/tasks.git", way.host));
    command.env("CODEXMIROIR_GIT_ALLOW_HOSTS", &way.host).env("CODEXMIROIR_GIT_WEBHOOK_SECRET", SECRET);
    Serving::of(&mut command)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in names(from) {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
}
