//! `GET /metrics`: what was counted, for Prometheus. It is there only with a token or on a listener of its own, and
//! names no user.

mod exposition;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use self::exposition::{Exposition, Unit};
use super::body::Body;
use super::errors::HttpError;
use super::gate::bearer;
use super::openapi::{Described, EndpointIndex};
use super::respond::{full, wrong_method};
use super::site::Site;
use crate::metrics::{Counter, Held, Histogram};
use crate::service::Service;
use crate::service::timeline::Layer;

pub const PATH: &str = "/metrics";
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A token that is not kept, only recognised.
pub struct Secret([u8; 32]);

impl Secret {
    pub fn new(token: impl AsRef<[u8]>) -> Secret {
        Secret(Sha256::digest(token).into())
    }

    /// Takes the same time for every wrong token.
    fn is(&self, token: &[u8]) -> bool {
        self.0.ct_eq(&Secret::new(token).0).into()
    }
}

/// What handlers count.
pub struct Counts {
    begun_at: DateTime<Utc>,
    hot: Counter,
    hot_not_modified: Counter,
    /// Those that came through the router, by layer.
    routed: [Counter; 3],
    not_modified: Counter,
    pub what_if: Counter,
    pub streams: Arc<Held>,
    /// Error answers by code.
    errors: Mutex<BTreeMap<&'static str, u64>>,
}

impl Counts {
    pub fn begun(at: DateTime<Utc>) -> Counts {
        Counts {
            begun_at: at,
            hot: Counter::default(),
            hot_not_modified: Counter::default(),
            routed: Default::default(),
            not_modified: Counter::default(),
            what_if: Counter::default(),
            streams: Arc::default(),
            errors: Mutex::default(),
        }
    }

    /// An answer before the router. On the way of every warm read: one addition.
    pub fn hot(&self, status: StatusCode) {
        if status == StatusCode::NOT_MODIFIED { self.hot_not_modified.add(1) } else { self.hot.add(1) }
    }

    /// Timelines by where they came from.
    pub fn answers(&self) -> [(&'static str, u64); 4] {
        let [hot, materialized, rebuilt] = self.routed.each_ref().map(Counter::get);
        let before_router = self.hot.get() + self.hot_not_modified.get();
        let what_if = self.what_if.get();
        [("hot", hot + before_router), ("materialized", materialized), ("rebuilt", rebuilt), ("what_if", what_if)]
    }

    pub fn layer(&self, layer: Layer) {
        let [hot, materialized, rebuilt] = &self.routed;
        match layer {
            Layer::Hot => hot.add(1),
            Layer::Materialized => materialized.add(1),
            Layer::Rebuilt => rebuilt.add(1),
        }
    }

    /// Counts an answer of the timeline if it is a 304.
    pub fn not_modified(&self, status: StatusCode) {
        self.not_modified.add(u64::from(status == StatusCode::NOT_MODIFIED));
    }

    pub fn error(&self, code: &'static str) {
        *self.errors.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default() += 1;
    }
}

/// The requests to one described method.
struct Endpoint {
    path: &'static str,
    method: Method,
    by_class: [AtomicU64; 5],
    times: Histogram,
}

/// All requests, by what answered them.
pub struct Requests {
    endpoints: Vec<Endpoint>,
    /// Those that no described method answered: refused before, or not there.
    unmatched: [AtomicU64; 5],
}

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

fn class(status: StatusCode) -> usize {
    usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1
}

fn count(by_class: &[AtomicU64; 5], status: StatusCode) {
    if let Some(number) = by_class.get(class(status)) {
        number.fetch_add(1, Ordering::Relaxed);
    }
}

impl Requests {
    pub fn new(described: &[Described]) -> Requests {
        let endpoint = |described: &Described| Endpoint {
            path: described.path,
            method: described.method.clone(),
            by_class: Default::default(),
            times: Histogram::of_times(),
        };
        Requests { endpoints: described.iter().map(endpoint).collect(), unmatched: Default::default() }
    }

    /// A request that the router was asked.
    pub fn count(&self, index: Option<&EndpointIndex>, status: StatusCode, took: Duration) {
        match index.and_then(|EndpointIndex(index)| self.endpoints.get(*index)) {
            Some(endpoint) => {
                count(&endpoint.by_class, status);
                endpoint.times.observe_time(took);
            }
            None => count(&self.unmatched, status),
        }
    }

    /// A request that was answered before the router.
    pub fn count_beside(&self, path: &str, status: StatusCode) {
        let endpoint = self.endpoints.iter().find(|endpoint| endpoint.path == path);
        count(endpoint.map_or(&self.unmatched, |endpoint| &endpoint.by_class), status);
    }

    /// A request that did not come through the gate.
    pub fn count_refused(&self, status: StatusCode) {
        count(&self.unmatched, status);
    }
}

/// Answers a scrape among the other routes; `None` for every other request, and where no token is set.
pub fn answer<B>(site: &Site, requests: &Requests, request: &Request<B>) -> Option<Result<Response<Body>, HttpError>> {
    (request.uri().path() == PATH && site.metrics_token.is_some()).then(|| scraped(site, requests, request))
}

/// Answers on the listener that is there for nothing else.
///
/// # Errors
/// Everything but a scrape, and one without the token where one is set.
pub fn answer_alone<B>(site: &Site, requests: &Requests, request: &Request<B>) -> Result<Response<Body>, HttpError> {
    if request.uri().path() == PATH { scraped(site, requests, request) } else { Err(HttpError::NoSuchRoute) }
}

fn scraped<B>(site: &Site, requests: &Requests, request: &Request<B>) -> Result<Response<Body>, HttpError> {
    if let Some(secret) = &site.metrics_token {
        let mut values = request.headers().get_all(AUTHORIZATION).iter();
        let value = values.next().ok_or(HttpError::SignInNeeded)?;
        let is_right = bearer(value.as_bytes()).is_some_and(|token| secret.is(token)) && values.next().is_none();
        if !is_right {
            return Err(HttpError::InvalidToken);
        }
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(wrong_method("GET,HEAD"));
    }
    requests.count_beside(PATH, StatusCode::OK);
    let mut response = full(CONTENT_TYPE, exposition(site, requests));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn exposition(site: &Site, requests: &Requests) -> String {
    let mut out = Exposition::default();
    process(&mut out, site);
    of_requests(&mut out, site, requests);
    of_timelines(&mut out, site);
    of_store(&mut out, site);
    of_backups(&mut out, site);
    of_connections(&mut out, site);
    out.into_text()
}

fn process(out: &mut Exposition, site: &Site) {
    let name = "codexmiroir_build_info";
    out.family(name, "gauge", "The program's version; always 1.");
    out.sample(name, &[("version", env!("CARGO_PKG_VERSION"))], 1);
    let begun = site.counts.begun_at.timestamp_millis() as f64 / 1e3;
    out.single("process_start_time_seconds", "gauge", "When the process began, in seconds since 1970.", begun);
    let ready = u8::from(site.unready_reason().is_none());
    out.single("codexmiroir_ready", "gauge", "1 while changes can be saved, as /readyz says.", ready);
}

fn of_requests(out: &mut Exposition, site: &Site, requests: &Requests) {
    let hot = |endpoint: &Endpoint, class: usize| match (endpoint.path, class) {
        ("/codex", 1) => site.counts.hot.get(),
        ("/codex", 2) => site.counts.hot_not_modified.get(),
        _ => 0,
    };
    let name = "codexmiroir_http_requests_total";
    out.family(name, "counter", "Requests by route, method and class of status; no route: refused or not there.");
    for endpoint in &requests.endpoints {
        for (class, number) in endpoint.by_class.iter().enumerate() {
            let number = number.load(Ordering::Relaxed) + hot(endpoint, class);
            if number > 0 {
                let labels =
                    [("route", endpoint.path), ("method", endpoint.method.as_str()), ("status", CLASSES[class])];
                out.sample(name, &labels, number);
            }
        }
    }
    for (class, number) in CLASSES.iter().zip(&requests.unmatched) {
        let number = number.load(Ordering::Relaxed);
        if number > 0 {
            out.sample(name, &[("route", ""), ("method", ""), ("status", class)], number);
        }
    }
    let name = "codexmiroir_http_request_duration_seconds";
    out.family(name, "histogram", "Time until the head of an answer, without those from the hot map and the probes.");
    for endpoint in &requests.endpoints {
        let spread = endpoint.times.get();
        if spread.count > 0 {
            out.spread(name, &[("route", endpoint.path), ("method", endpoint.method.as_str())], &spread, Unit::Seconds);
        }
    }
    let name = "codexmiroir_http_errors_total";
    out.family(name, "counter", "Error answers by their code.");
    for (code, number) in site.counts.errors.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        out.sample(name, &[("code", code)], number);
    }
}

fn of_timelines(out: &mut Exposition, site: &Site) {
    let (counts, service) = (&site.counts, &site.service);
    let name = "codexmiroir_timeline_answers_total";
    out.family(
        name,
        "counter",
        "Timelines by where they came from; what_if: other days, another instant, another form.",
    );
    for (layer, number) in counts.answers() {
        out.sample(name, &[("layer", layer)], number);
    }
    let unchanged = counts.not_modified.get() + counts.hot_not_modified.get();
    let name = "codexmiroir_timeline_not_modified_total";
    out.single(name, "counter", "Those of them that were answered 304.", unchanged);
    let name = "codexmiroir_rebuild_duration_seconds";
    out.family(name, "histogram", "Time to make a timeline anew for a read: load, rules, placement, JSON.");
    out.spread(name, &[], &service.metrics().rebuild_times.get(), Unit::Seconds);
    let name = "codexmiroir_rule_failures_total";
    let failures = service.metrics().rule_failures.get();
    out.single(
        name,
        "counter",
        "Times that the rules of a user began to fail, or to fail in another way, so that others stood in.",
        failures,
    );
    let workers = service.workers();
    let name = "codexmiroir_rule_run_duration_seconds";
    out.family(name, "histogram", "Time from a question to users' own rules, which run in processes, to the answer.");
    out.spread(name, &[], &workers.run_times.get(), Unit::Seconds);
    let name = "codexmiroir_rule_workers_total";
    out.family(name, "counter", "Processes that run users' rules, by what became of them.");
    let fates = [("started", &workers.started), ("died", &workers.died), ("killed", &workers.killed)];
    for (fate, number) in fates {
        out.sample(name, &[("fate", fate)], number.get());
    }
    of_sync(out, service);
    let name = "codexmiroir_planner_queue_length";
    out.single(name, "gauge", "Jobs that wait for a planning thread.", service.queued());
    let name = "codexmiroir_event_streams";
    out.single(name, "gauge", "Open streams of events.", counts.streams.get());
}

fn of_sync(out: &mut Exposition, service: &Service) {
    let metrics = service.metrics();
    let name = "codexmiroir_sync_rounds_total";
    out.family(name, "counter", "Rounds of the sync with repositories, by whether they came to their end.");
    for (outcome, number) in [("done", &metrics.sync_rounds), ("failed", &metrics.sync_failures)] {
        out.sample(name, &[("outcome", outcome)], number.get());
    }
    let name = "codexmiroir_sync_commits_total";
    out.single(name, "counter", "Commits that were pushed to repositories.", metrics.sync_commits.get());
    let name = "codexmiroir_sync_failing_links";
    out.single(name, "gauge", "Repositories that the last round with failed.", service.failing_links());
}

fn of_store(out: &mut Exposition, site: &Site) {
    let store = site.service.store();
    let (metrics, published) = (store.metrics(), store.published());
    let name = "codexmiroir_commit_duration_seconds";
    out.family(name, "histogram", "Time of a transaction until it was on disk.");
    out.spread(name, &[], &metrics.commit_times.get(), Unit::Seconds);
    let name = "codexmiroir_commit_group_size";
    out.family(name, "histogram", "Requests that shared a transaction and its sync.");
    out.spread(name, &[], &metrics.group_sizes.get(), Unit::One);
    let name = "codexmiroir_store_syncs_total";
    out.single(name, "counter", "Times that the database was made durable for changes.", store.syncs());
    let name = "codexmiroir_store_failures_total";
    out.single(name, "counter", "Transactions that failed.", metrics.failures.get());
    let name = "codexmiroir_writer_queue_length";
    out.single(name, "gauge", "Requests that wait for the writer.", store.queued());
    if let Ok(bytes) = store.file_bytes() {
        out.single("codexmiroir_database_size_bytes", "gauge", "Size of the database's file.", bytes);
    }
    out.single("codexmiroir_hot_map_bytes", "gauge", "Weight of the finished answers.", published.entries().weight());
    let name = "codexmiroir_hot_map_max_bytes";
    out.single(name, "gauge", "What they may weigh.", published.entries().bytes_max());
    out.single("codexmiroir_hot_map_entries", "gauge", "Finished answers in memory.", published.entries().len());
    let name = "codexmiroir_hot_map_evictions_total";
    out.single(name, "counter", "Finished answers that made room for others.", published.entries().evictions());
}

/// Only where the server makes some, so that a rule which watches over their age speaks of those alone.
fn of_backups(out: &mut Exposition, site: &Site) {
    let Some(schedule) = &site.backups else { return };
    if let Some(made) = schedule.standing().made {
        let name = "codexmiroir_backup_last_success_timestamp_seconds";
        let at = made.at.timestamp_millis() as f64 / 1e3;
        out.single(name, "gauge", "When the last scheduled backup was begun, in seconds since 1970.", at);
        out.single("codexmiroir_backup_last_bytes", "gauge", "The size of that backup.", made.bytes);
    }
    let name = "codexmiroir_backup_failures_total";
    out.single(name, "counter", "Scheduled backups that were not made.", schedule.failures.get());
}

fn of_connections(out: &mut Exposition, site: &Site) {
    let counts = &site.limits.counts;
    out.single("codexmiroir_connections", "gauge", "Open connections.", counts.open.get());
    let name = "codexmiroir_connections_accepted_total";
    out.single(name, "counter", "Connections that were served.", counts.accepted.get());
    let name = "codexmiroir_connections_turned_away_total";
    out.single(name, "counter", "Connections that there was no place for.", counts.turned_away.get());
}
