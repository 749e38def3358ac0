//! `/metrics`: read strictly, and the numbers move as what they count does.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use codexmiroir::app::MetricsOptions;
use codexmiroir::http::listen::Limits;
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::binary::{Home, Ran};
use crate::harness::{Answer, MONDAY, Start, TestServer, repository};

const TOKEN: &str = "scrape-0123456789abcdef";

/// Connections that a server takes which is to turn some away.
const SEATS: usize = 6;

/// A scrape: every sample's name with its labels, and its value.
struct Scrape(BTreeMap<String, f64>);

fn with_token() -> Start {
    Start { metrics: MetricsOptions { listen: None, token: Some(TOKEN.to_owned()) }, ..Start::default() }
}

fn alone() -> Start {
    let listen = Some("127.0.0.1:0".parse().unwrap());
    Start { metrics: MetricsOptions { listen, token: None }, ..Start::default() }
}

async fn scrape(server: &TestServer) -> Scrape {
    let answer = Answer::of(server.client.get(server.url("/metrics")).bearer_auth(TOKEN)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    Scrape::parse(&answer.text)
}

/// A scrape on this connection, which stays open.
fn scrape_on(connection: &TcpStream) -> Scrape {
    let head = format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    (&mut &*connection).write_all(head.as_bytes()).unwrap();
    let mut answer = BufReader::new(connection);
    let mut length = 0;
    for (index, line) in answer.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()).enumerate() {
        assert!(index > 0 || line == "HTTP/1.1 200 OK", "{line}");
        let length_told = line.to_ascii_lowercase().strip_prefix("content-length: ").map(|told| told.parse().unwrap());
        length = length_told.unwrap_or(length);
    }
    let mut text = vec![0; length];
    answer.read_exact(&mut text).unwrap();
    Scrape::parse(&String::from_utf8(text).unwrap())
}

fn is_name(name: &str) -> bool {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(is_first) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The labels in `{a="x",b="y"}`, in their order.
fn labels(text: &str) -> Vec<(String, String)> {
    let mut rest = text.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
    let mut labels = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap();
        assert!(is_name(name), "{text}");
        let (value, after) = after.split_once('"').unwrap();
        assert!(!value.contains(['\\', '\n']), "{text}: no label here needs an escape");
        labels.push((name.to_owned(), value.to_owned()));
        rest = after.strip_prefix(',').unwrap_or(after);
        assert!(after.is_empty() || after.starts_with(','), "{text}");
    }
    labels
}

impl Scrape {
    /// Reads the text format as strictly as it is described: each family once, with help and type before its samples,
    /// no sample twice, histograms that add up.
    fn parse(text: &str) -> Scrape {
        assert!(text.ends_with('\n'));
        let (mut families, mut samples) = (BTreeSet::new(), BTreeMap::new());
        let (mut family, mut kind, mut help) = (String::new(), String::new(), String::new());
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, said) = rest.split_once(' ').unwrap();
                assert!(is_name(name) && said.len() > 5, "{line}");
                assert!(families.insert(name.to_owned()), "{name} comes twice");
                help = name.to_owned();
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, of) = rest.split_once(' ').unwrap();
                assert_eq!(name, help, "the help stands before the type");
                assert!(["counter", "gauge", "histogram"].contains(&of), "{line}");
                assert_eq!(of == "counter", name.ends_with("_total"), "{line}");
                (family, kind) = (name.to_owned(), of.to_owned());
            } else {
                let (key, value) = line.rsplit_once(' ').unwrap();
                let (name, of) = key.split_at(key.find('{').unwrap_or(key.len()));
                if !of.is_empty() {
                    labels(of);
                }
                let suffix = name.strip_prefix(&family).unwrap_or_else(|| panic!("{line} is not of {family}"));
                let suffixes: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
                assert!(suffixes.contains(&suffix), "{line}");
                let value: f64 = value.parse().unwrap();
                assert!(value >= 0.0, "{line}");
                assert!(samples.insert(key.to_owned(), value).is_none(), "{key} comes twice");
            }
        }
        let scrape = Scrape(samples);
        scrape.assert_histograms_add_up();
        scrape
    }

    fn assert_histograms_add_up(&self) {
        let mut running: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        for (key, value) in self.0.iter().filter(|(key, _)| key.contains("_bucket{")) {
            let (name, of) = key.split_at(key.find('{').unwrap());
            let mut labels = labels(of);
            let (le, end) = labels.pop().unwrap();
            assert_eq!(le, "le", "{key}");
            let end = if end == "+Inf" { f64::INFINITY } else { end.parse().unwrap() };
            let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let whole = format!("{}_count{labels}", name.strip_suffix("_bucket").unwrap());
            running.entry(whole).or_default().push((end, *value));
        }
        assert!(!running.is_empty());
        for (whole, mut ranges) in running {
            ranges.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(ranges.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{whole}: {ranges:?}");
            assert_eq!(ranges.last().unwrap(), &(f64::INFINITY, self.get(&whole)), "{whole}");
        }
    }

    /// A sample; one that is not there is zero.
    fn get(&self, key: &str) -> f64 {
        self.0.get(key).copied().unwrap_or_default()
    }

    fn layer(&self, layer: &str) -> f64 {
        self.get(&format!("codexmiroir_timeline_answers_total{{layer=\"{layer}\"}}"))
    }

    fn requests(&self, method: &str, route: &str, class: &str) -> f64 {
        let labels = format!("route=\"{route}\",method=\"{method}\",status=\"{class}\"");
        self.get(&format!("codexmiroir_http_requests_total{{{labels}}}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_layer_and_every_answer_of_the_timeline_is_counted() {
    let server = TestServer::start_with(with_token()).await;
    let anna = server.user("anna").await;
    assert_eq!(scrape(&server).await.layer("rebuilt"), 0.0);

    let first = anna.get("/codex").await;
    let after = scrape(&server).await;
    assert_eq!((after.layer("rebuilt"), after.layer("hot")), (1.0, 0.0));
    assert_eq!(after.get("codexmiroir_rebuild_duration_seconds_count"), 1.0);
    for _ in 0..3 {
        anna.get("/codex").await;
    }
    let unchanged = anna.request(Method::GET, "/codex").header("If-None-Match", first.header("etag"));
    assert_eq!(Answer::of(unchanged).await.status, 304);
    let after = scrape(&server).await;
    assert_eq!((after.layer("rebuilt"), after.layer("hot")), (1.0, 4.0));
    assert_eq!(after.get("codexmiroir_timeline_not_modified_total"), 1.0);
    assert_eq!((after.requests("GET", "/codex", "2xx"), after.requests("GET", "/codex", "3xx")), (4.0, 1.0));

    // A commit brings the next timeline with it.
    anna.create(json!({"kategorie": "arbeit"})).await;
    anna.get("/codex").await;
    assert_eq!(scrape(&server).await.layer("hot"), 5.0);
    // The clock crosses a boundary.
    server.set_clock("2025-10-13T09:00:00+02:00");
    anna.get("/codex").await;
    anna.get("/codex?days=3").await;
    let after = scrape(&server).await;
    assert_eq!((after.layer("rebuilt"), after.layer("what_if")), (2.0, 1.0));

    let server = server.restart_with(with_token()).await;
    let anna = server.again(&anna);
    anna.get("/codex").await;
    anna.get("/codex").await;
    let after = scrape(&server).await;
    assert_eq!((after.layer("materialized"), after.layer("hot"), after.layer("rebuilt")), (1.0, 1.0, 0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_commits_errors_and_sizes_are_counted() {
    let server = TestServer::start_with(with_token()).await;
    let anna = server.user("anna").await;
    let before = scrape(&server).await;
    let id = anna.create(json!({"kategorie": "arbeit", "title": "Eins"})).await;
    anna.complete(&id, json!({})).await;
    anna.post("/api/tasks", &json!({"kategorie": "nichts"})).await;
    anna.get("/api/tasks/0999").await;
    anna.get("/api/tasks/0000").await;
    anna.get("/nowhere").await;
    Answer::of(server.client.get(server.url("/codex"))).await;
    let stream = anna.request(Method::GET, "/api/events").send().await.unwrap();
    let after = scrape(&server).await;

    assert_eq!((after.requests("POST", "/api/tasks", "2xx"), after.requests("POST", "/api/tasks", "4xx")), (1.0, 1.0));
    assert_eq!(after.requests("POST", "/api/tasks/{id}/complete", "2xx"), 1.0);
    let of_one = (after.requests("GET", "/api/tasks/{id}", "2xx"), after.requests("GET", "/api/tasks/{id}", "4xx"));
    assert_eq!(of_one, (1.0, 1.0));
    assert_eq!(after.requests("", "", "4xx"), 2.0, "the unknown route and the stranger");
    assert_eq!(after.requests("GET", "/metrics", "2xx"), 2.0);
    let times = "codexmiroir_http_request_duration_seconds_count{route=\"/api/tasks/{id}\",method=\"GET\"}";
    assert_eq!(after.get(times), 2.0);
    for code in ["unknown_value", "no_such_task", "no_such_route", "sign_in_needed"] {
        assert_eq!(after.get(&format!("codexmiroir_http_errors_total{{code=\"{code}\"}}")), 1.0, "{code}");
    }

    let grew = |key: &str| after.get(key) - before.get(key);
    assert_eq!(grew("codexmiroir_commit_duration_seconds_count"), 2.0);
    assert_eq!(grew("codexmiroir_store_syncs_total"), 2.0);
    assert!(grew("codexmiroir_commit_group_size_sum") >= 2.0);
    assert_eq!(after.get("codexmiroir_store_failures_total"), 0.0);
    assert_eq!(after.get("codexmiroir_hot_map_entries"), 1.0);
    assert!(after.get("codexmiroir_hot_map_bytes") > 500.0);
    assert_eq!(after.get("codexmiroir_hot_map_max_bytes"), 128.0 * 1024.0 * 1024.0);
    // A stream is counted when it begins, and the file grows when the writer has a quiet moment.
    let mut tries = 0;
    loop {
        let size = std::fs::metadata(server.data_dir().join("codexmiroir.redb")).unwrap().len();
        let seen = scrape(&server).await;
        let told = (seen.get("codexmiroir_database_size_bytes"), seen.get("codexmiroir_event_streams"));
        if told == (size as f64, 1.0) {
            break;
        }
        tries += 1;
        assert!(tries < 5_000, "{told:?} instead of {size} bytes and one stream");
    }
    assert!(after.get("codexmiroir_connections") >= 1.0);
    assert!(after.get("codexmiroir_connections_accepted_total") >= after.get("codexmiroir_connections"));
    assert_eq!(after.get("codexmiroir_ready"), 1.0);
    assert_eq!(after.get(&format!("codexmiroir_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), 1.0);
    let begun = chrono::DateTime::parse_from_rfc3339(MONDAY).unwrap().timestamp();
    assert_eq!(after.get("process_start_time_seconds"), begun as f64);
    for secret in ["anna", "test", &id, TOKEN, &anna.token] {
        assert!(!after.0.keys().any(|key| key.contains(&format!("\"{secret}\""))), "{secret} is nobody's business");
    }
    drop(stream);
}

#[tokio::test(flavor = "multi_thread")]
async fn evictions_failing_rules_and_connections_without_a_seat_are_counted() {
    let folder = TempDir::new().unwrap();
    let failing = folder.path().join("failing.rhai");
    std::fs::write(
        &failing,
        "fn place(task, today) {\n    if task.title == \"boom\" { throw \"no\"; }\n    anywhere()\n}\n",
    )
    .unwrap();
    let rules = vec![repository("scripts/spartan.rhai"), failing];
    let limits = Limits { connections_max: SEATS, ..Limits::default() };
    let server = TestServer::start_with(Start { hot_bytes_max: 4_000, rules, limits, ..with_token() }).await;
    for name in ["anna", "ben", "carl", "dora"] {
        let user = server.user(name).await;
        user.create(json!({"kategorie": "arbeit", "title": "boom"})).await;
        user.get("/codex").await;
    }
    let first = scrape(&server).await;
    assert!(first.get("codexmiroir_hot_map_evictions_total") >= 1.0);
    assert!(first.get("codexmiroir_hot_map_bytes") <= 4_000.0);
    assert!(first.get("codexmiroir_rule_failures_total") >= 4.0);

    // These take the seats that the client's own connections leave; the next one finds none.
    let mut held = vec![TcpStream::connect(server.address()).unwrap()];
    let taken = scrape_on(&held[0]).get("codexmiroir_connections");
    for _ in (0..SEATS).filter(|seat| *seat as f64 >= taken) {
        held.push(TcpStream::connect(server.address()).unwrap());
        scrape_on(held.last().unwrap());
    }
    let turned_away = TcpStream::connect(server.address()).unwrap();
    let mut said = String::new();
    (&turned_away).read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 503"), "{said}");
    let after = scrape_on(&held[0]);
    assert_eq!(after.get("codexmiroir_connections_turned_away_total"), 1.0);
    assert_eq!(after.get("codexmiroir_connections"), SEATS as f64);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_them_without_a_token_or_a_listener_of_their_own() {
    let server = TestServer::start().await;
    let anna = server.user("anna").await;
    let stranger = Answer::of(server.client.get(server.url("/metrics"))).await;
    assert_eq!((stranger.status, stranger.code().as_str()), (401, "sign_in_needed"));
    let user = anna.get("/metrics").await;
    assert_eq!((user.status, user.code().as_str()), (404, "no_such_route"));

    let server = server.restart_with(with_token()).await;
    let anna = server.again(&anna);
    let stranger = Answer::of(server.client.get(server.url("/metrics"))).await;
    assert_eq!((stranger.status, stranger.code().as_str()), (401, "sign_in_needed"));
    let user = anna.get("/metrics").await;
    assert_eq!((user.status, user.code().as_str()), (401, "invalid_token"), "a user's token is no scraper's");
    for wrong in ["", "scrape", "scrape-0123456789abcdeF", "scrape-0123456789abcdef0"] {
        let answer = Answer::of(server.client.get(server.url("/metrics")).bearer_auth(wrong)).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "invalid_token"), "{wrong:?}");
        assert!(!answer.text.contains("codexmiroir_"));
    }
    let scraper = anna.with_token(TOKEN.to_owned());
    assert_eq!(scraper.get("/codex").await.status, 401, "a scraper's token is no user's");
    let posted = scraper.post("/metrics", &json!({})).await;
    assert_eq!((posted.status, posted.header("allow")), (405, "GET,HEAD"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_of_their_own_serves_nothing_else() {
    let server = TestServer::start_with(alone()).await;
    let anna = server.user("anna").await;
    anna.get("/codex").await;
    let get = |path: &str| server.client.get(server.metrics_url(path));
    let scraped = Answer::of(get("/metrics")).await;
    assert_eq!(scraped.status, 200);
    assert_eq!(Scrape::parse(&scraped.text).layer("rebuilt"), 1.0);
    for path in ["/", "/codex", "/api/tasks", "/livez", "/metrics/"] {
        let answer = get(path).bearer_auth(&anna.token).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    let foreign = get("/metrics").header("Host", "evil.example").send().await.unwrap();
    assert_eq!(foreign.status(), 421);
    assert_eq!(anna.get("/metrics").await.status, 404, "among the other routes it is not there");

    let both = MetricsOptions { token: Some(TOKEN.to_owned()), ..alone().metrics };
    let server = server.restart_with(Start { metrics: both, ..Start::default() }).await;
    let own = |token: &str| server.client.get(server.metrics_url("/metrics")).bearer_auth(token).send();
    assert_eq!(own("wrong-0123456789abcdef").await.unwrap().status(), 401);
    assert_eq!(own(TOKEN).await.unwrap().status(), 200);
    scrape(&server).await;
}

#[test]
fn the_token_is_never_shown() {
    let home = Home::new();
    let file = home.path("scrape-token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let of_file = ("CODEXMIROIR_METRICS_TOKEN_FILE", file.to_str().unwrap());
    let shown = Ran::of(home.command(&["config"]).env(of_file.0, of_file.1)).stdout;
    assert!(shown.contains("token = \"…\" # environment, CODEXMIROIR_METRICS_TOKEN_FILE"), "{shown}");
    assert!(!shown.contains(TOKEN));

    // One that will not do is refused without being repeated.
    let short = "tooshort";
    let toml = home.path("wrong.toml");
    std::fs::write(&toml, format!("[metrics]\ntoken = \"{short}\"\n")).unwrap();
    let toml = toml.to_str().unwrap().to_owned();
    let by_file = home.command(&["config", "--config", &toml]).output().unwrap();
    let by_flag = home.command(&["config", "--metrics-token", short]).output().unwrap();
    let by_variable = home.command(&["config"]).env("CODEXMIROIR_METRICS_TOKEN", short).output().unwrap();
    for refused in [by_file, by_flag, by_variable] {
        let said = String::from_utf8([refused.stdout, refused.stderr].concat()).unwrap();
        assert!(!refused.status.success(), "{said}");
        assert!(said.contains("16 to 255 visible ASCII characters") && !said.contains(short), "{said}");
    }
}
