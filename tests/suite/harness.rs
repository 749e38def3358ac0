//! A server to test against, its users, and the folders that hold them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use codexmiroir::app::{
    self, BackupOptions, MetricsOptions, Running, ServeOptions, SyncSettings, WayIn, WorkerOptions, WorkerProgram,
};
use codexmiroir::clock::Clock;
use codexmiroir::config::HOT_MAP_BYTES_DEFAULT;
use codexmiroir::domain::lang::Lang;
use codexmiroir::domain::zone::Zone;
use codexmiroir::http::PublicUrl;
use codexmiroir::http::listen::Limits;
use codexmiroir::service::folder::{Folder, read_folder};
use codexmiroir::service::rulebook::RuleBook;
use codexmiroir::store::{Origin, Scopes, Settings};
use reqwest::{Method, RequestBuilder, Response, redirect};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::documented::Asked;
use crate::secrets::{self, Kind, Sent};

/// The Monday morning that the sample vault was written for, before its first slot.
pub const MONDAY: &str = "2025-10-13T08:00:00+02:00";

/// An instant from RFC 3339.
pub fn instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// Chooses how clients of this process do TLS, which none of them can be made without. Whatever a test begins with
/// does it.
pub fn choose_tls() {
    // The second time it is chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// What to make a client from that asks servers of this machine, and needs no certificates for that.
pub fn client() -> reqwest::ClientBuilder {
    choose_tls();
    reqwest::Client::builder().tls_certs_only([])
}

/// A new directory that is its owner's alone, as the program makes them.
pub fn closed_dir() -> TempDir {
    tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir().unwrap()
}

/// A path below the repository's root.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The task folder of a user of the sample vault: `lena` or `tom`.
pub fn vault(user: &str) -> PathBuf {
    repository("fixtures/vault/codex-miroir").join(user).join("tasks")
}

/// A real server in this process, on a port of its own, with a clock that the test sets.
pub struct TestServer {
    running: Option<Running>,
    pub clock: Clock,
    pub client: reqwest::Client,
    data_dir: Arc<TempDir>,
}

/// How a test server is started.
pub struct Start {
    pub now: &'static str,
    pub rules: Vec<PathBuf>,
    pub workers: WorkerOptions,
    pub public_url: Option<&'static str>,
    pub limits: Limits,
    pub hot_bytes_max: u64,
    pub metrics: MetricsOptions,
    pub backups: Option<BackupOptions>,
    pub sync: SyncSettings,
}

/// Workers of the real binary.
pub fn workers() -> WorkerOptions {
    WorkerOptions::of(WorkerProgram::at(env!("CARGO_BIN_EXE_codexmiroir")))
}

impl Default for Start {
    fn default() -> Self {
        let (limits, hot_bytes_max, metrics) = (Limits::default(), HOT_MAP_BYTES_DEFAULT, MetricsOptions::default());
        let (rules, workers, sync) = (Vec::new(), workers(), SyncSettings::default());
        Start { now: MONDAY, rules, workers, public_url: None, limits, hot_bytes_max, metrics, backups: None, sync }
    }
}

impl TestServer {
    /// A server with an empty data directory at [`MONDAY`].
    pub async fn start() -> TestServer {
        TestServer::start_with(Start::default()).await
    }

    pub async fn start_with(start: Start) -> TestServer {
        TestServer::start_in(Arc::new(closed_dir()), Clock::manual(instant(start.now)), start).await
    }

    async fn start_in(data_dir: Arc<TempDir>, clock: Clock, start: Start) -> TestServer {
        secrets::watch_log();
        start.metrics.token.iter().for_each(|token| secrets::learn(Kind::MetricsToken, token));
        let options = ServeOptions {
            data_dir: data_dir.path().to_owned(),
            key_file: None,
            listen: "127.0.0.1:0".parse().unwrap(),
            metrics: start.metrics,
            rules: RuleBook::from_files(&start.rules).unwrap(),
            workers: start.workers,
            hot_bytes_max: start.hot_bytes_max,
            public_url: start.public_url.map(|url| PublicUrl::parse(url).unwrap()),
            demo: None,
            limits: start.limits,
            clock: clock.clone(),
            backups: start.backups,
            sync: start.sync,
        };
        let running = app::start(options).await.unwrap();
        secrets::learn_key(data_dir.path());
        if let Some(WayIn::SetUp { code } | WayIn::Demo { code, .. }) = &running.way_in {
            secrets::learn(Kind::OneTimeCode, code);
        }
        // What leads on is an answer of its own.
        let client = client().redirect(redirect::Policy::none()).timeout(Duration::from_secs(60)).build().unwrap();
        TestServer { running: Some(running), clock, client, data_dir }
    }

    /// Stops the server as SIGTERM does, and starts it again on the same data.
    pub async fn restart(self) -> TestServer {
        self.restart_with(Start::default()).await
    }

    /// As [`TestServer::restart`], with other options; the clock goes on.
    pub async fn restart_with(self, start: Start) -> TestServer {
        self.restart_after_with(|| (), start).await
    }

    /// As [`TestServer::restart`]; in between `meddle` has the data directory to itself.
    pub async fn restart_after(self, meddle: impl FnOnce()) -> TestServer {
        self.restart_after_with(meddle, Start::default()).await
    }

    /// As [`TestServer::restart_after`], with other options.
    pub async fn restart_after_with(mut self, meddle: impl FnOnce(), start: Start) -> TestServer {
        self.running.take().unwrap().stop().await;
        meddle();
        TestServer::start_in(self.data_dir.clone(), self.clock.clone(), start).await
    }

    fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub fn service(&self) -> &Arc<codexmiroir::service::Service> {
        &self.running().service
    }

    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    pub fn address(&self) -> std::net::SocketAddr {
        self.running().address
    }

    /// A URL of the listener for `/metrics` alone.
    pub fn metrics_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running().metrics_address().unwrap())
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// The code of the link that sets the server up, if it printed one.
    pub fn set_up_code(&self) -> Option<String> {
        match &self.running().way_in {
            Some(WayIn::SetUp { code }) => Some(code.clone()),
            Some(WayIn::Demo { .. }) | None => None,
        }
    }

    /// The administrator, at the server's control socket.
    pub fn administrator(&self) -> Administrator {
        Administrator::at(self.data_dir())
    }

    pub fn set_clock(&self, text: &str) {
        self.clock.set(instant(text));
    }

    /// A new account in Berlin with a token that may read and write.
    pub async fn user(&self, name: &str) -> TestUser {
        self.user_in(name, "Europe/Berlin").await
    }

    pub async fn user_in(&self, name: &str, zone: &str) -> TestUser {
        let settings = Settings { zone: Zone::parse(zone).unwrap(), lang: Lang::En, days: 7, ..app::system_settings() };
        self.service().add_user(name, false, settings, None).await.unwrap();
        let token = self.token(name, Scopes::READ.with(Scopes::WRITE)).await;
        self.holder(name, token)
    }

    pub async fn token(&self, name: &str, scopes: Scopes) -> String {
        let token = self.service().create_token(name, scopes, "test", None).await.unwrap();
        secrets::learn(Kind::Token, &token);
        token
    }

    /// Whoever shows this token.
    pub fn holder(&self, name: &str, token: String) -> TestUser {
        TestUser { name: name.to_owned(), token, client: self.client.clone(), base: self.url("") }
    }

    /// The same user after a restart, whose port is another.
    pub fn again(&self, user: &TestUser) -> TestUser {
        TestUser { base: self.url(""), ..user.clone() }
    }

    /// Imports a folder for the user.
    pub async fn import(&self, user: &TestUser, folder: &Path) {
        self.import_files(user, read_folder(folder).unwrap().files).await;
    }

    /// Imports one document for the user.
    pub async fn import_document(&self, user: &TestUser, file: &str, document: &str) {
        self.import_files(user, vec![(file.to_owned(), document.as_bytes().to_vec())]).await;
    }

    pub async fn import_files(&self, user: &TestUser, files: Vec<(String, Vec<u8>)>) {
        let id = self.service().require_user(&user.name).unwrap().id;
        let origin = Origin { actor: user.name.clone(), through: "import".into() };
        let folder = Folder { files, ..Folder::default() };
        self.service().import(id, origin, folder, false).await.unwrap();
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            secrets::logs_must_hold_none();
        }
    }
}

/// Whoever may open the data directory, at a control socket.
#[derive(Clone)]
pub struct Administrator {
    client: reqwest::Client,
    /// Whom requests are for.
    user: Option<String>,
}

impl Administrator {
    /// At the socket of this data directory.
    pub fn at(data_dir: &Path) -> Administrator {
        let socket = data_dir.join("control.sock");
        let client = client().redirect(redirect::Policy::none()).unix_socket(socket).timeout(Duration::from_secs(60));
        let client = client.build().unwrap();
        Administrator { client, user: None }
    }

    /// The same, acting for a user.
    pub fn acting_for(&self, name: &str) -> Administrator {
        Administrator { user: Some(name.to_owned()), ..self.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("http://localhost{path}"));
        self.user.iter().fold(request, |request, name| request.header("Codexmiroir-User", name))
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }
}

/// Somebody with a token.
#[derive(Clone)]
pub struct TestUser {
    pub name: String,
    pub token: String,
    client: reqwest::Client,
    base: String,
}

impl TestUser {
    /// The same user with another token.
    pub fn with_token(&self, token: String) -> TestUser {
        TestUser { token, ..self.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    /// The timeline, which must be there.
    pub async fn codex(&self) -> Value {
        let answer = self.get("/codex").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// A task whole, which must be there.
    pub async fn task(&self, id: &str) -> Value {
        let answer = self.get(&format!("/api/tasks/{id}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// The document of a task, byte for byte.
    pub async fn document(&self, id: &str) -> String {
        self.task(id).await["document"].as_str().unwrap().to_owned()
    }

    /// The tasks of the list, which must be there.
    pub async fn tasks(&self) -> Vec<Value> {
        let answer = self.get("/api/tasks").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["tasks"].as_array().unwrap().clone()
    }

    /// Changes fields of a task, which must succeed.
    pub async fn update(&self, id: &str, fields: Value) -> Value {
        let answer = self.put(&format!("/api/tasks/{id}"), &fields).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// Completes a task, which must succeed; an empty object is as no body.
    pub async fn complete(&self, id: &str, slot: Value) -> Value {
        let answer = self.post(&format!("/api/tasks/{id}/complete"), &slot).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// Applies a verb such as `pin` to a task, which must succeed.
    pub async fn apply(&self, id: &str, verb: &str, body: Value) -> Value {
        let answer = self.post(&format!("/api/tasks/{id}/{verb}"), &body).await;
        assert_eq!(answer.status, 200, "{verb} {id}: {}", answer.text);
        answer.json()
    }

    /// Takes back the change of a generation.
    pub async fn undo(&self, generation: u64) -> Answer {
        self.post("/api/undo", &json!({"generation": generation})).await
    }

    /// The entries of a history, the latest first; it must be there and fit into one page.
    pub async fn history(&self, path: &str) -> Vec<Value> {
        let answer = self.get(&format!("{path}?limit=5000")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json()["next"], Value::Null);
        answer.json()["entries"].as_array().unwrap().clone()
    }

    pub async fn generation(&self) -> u64 {
        self.codex().await["generation"].as_u64().unwrap()
    }

    /// Creates a task, which must succeed; its id.
    pub async fn create(&self, body: Value) -> String {
        let answer = self.post("/api/tasks", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The answer, which must be as the server's own document says, and hold no secret.
    pub async fn of(request: RequestBuilder) -> Answer {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let (asked, sent) = (Asked::of(&request), Sent::of(&request));
        let answer = Answer::read(client.execute(request).await.unwrap()).await;
        sent.answered(answer.status, &answer.headers, &answer.text);
        asked.assert_described(answer.status, &answer.headers, &answer.text).await;
        answer
    }

    async fn read(response: Response) -> Answer {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, text: response.text().await.unwrap() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The stable word of an error answer, which must be one.
    pub fn code(&self) -> String {
        let json = self.json();
        assert_eq!(json["ok"], false, "{}", self.text);
        assert!(json["error"].as_str().is_some_and(|error| !error.is_empty()), "{}", self.text);
        json["code"].as_str().unwrap().to_owned()
    }
}

/// The file in a slot of a timeline: `("13.10.2025", "morgens")` → `Some("0001-x.md")`.
pub fn file_at(codex: &Value, datum: &str, zeit: &str) -> Option<String> {
    let day = codex["timeline"].as_array()?.iter().find(|day| day["datum"] == datum)?;
    let slot = day["slots"].as_array()?.iter().find(|slot| slot["zeit"] == zeit)?;
    Some(slot["task"]["file"].as_str()?.to_owned())
}

/// Every place of a timeline that names the file: `13.10.2025 morgens`, `waiting`, `invalid` … The running slot
/// counts as `current` when the timeline does not offer it any more.
pub fn places(codex: &Value, file: &str) -> Vec<String> {
    let mut places = Vec::new();
    for day in codex["timeline"].as_array().unwrap() {
        for slot in day["slots"].as_array().unwrap().iter().filter(|slot| slot["task"]["file"] == file) {
            places.push(format!("{} {}", day["datum"].as_str().unwrap(), slot["zeit"].as_str().unwrap()));
        }
    }
    let current = &codex["current"];
    if current["task"]["file"] == file {
        let slot = format!("{} {}", current["datum"].as_str().unwrap(), current["zeit"].as_str().unwrap());
        if !places.contains(&slot) {
            places.push("current".to_owned());
        }
    }
    for list in ["conflicts", "overdue", "later", "unplaced", "invalid"] {
        let entries = codex[list].as_array().unwrap().iter().filter(|entry| entry["file"] == file);
        places.extend(entries.map(|_| list.to_owned()));
    }
    let waiting = codex["waiting"].as_array().unwrap().iter().filter(|waiting| **waiting == file);
    places.extend(waiting.map(|_| "waiting".to_owned()));
    places
}

/// The entry of a list of a timeline for the file.
pub fn entry<'c>(codex: &'c Value, list: &str, file: &str) -> &'c Value {
    let entries = codex[list].as_array().unwrap();
    entries.iter().find(|entry| entry["file"] == file).unwrap_or_else(|| panic!("{file} is not in {list}: {codex:#}"))
}

/// Runs all of them at the same time; the results in their order.
pub async fn at_once<T: Send + 'static>(
    futures: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let running: Vec<_> = futures.into_iter().map(tokio::spawn).collect();
    let mut results = Vec::with_capacity(running.len());
    for task in running {
        results.push(task.await.unwrap());
    }
    results
}
