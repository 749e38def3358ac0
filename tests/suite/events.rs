//! Server-sent events: one whenever the timeline is another, by a change or by the clock, and none otherwise.

use std::time::Duration;

use chrono::{DateTime, NaiveTime, SecondsFormat, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use codexmiroir::http::listen::Limits;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Answer, Start, TestServer, TestUser, at_once, instant};
use crate::secrets::{self, Place};

/// An open stream, read chunk by chunk.
struct Stream {
    response: Response,
    read: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Event {
    id: String,
    data: Value,
}

impl Stream {
    async fn open(user: &TestUser) -> Stream {
        Stream::resume(user, None).await
    }

    async fn resume(user: &TestUser, last: Option<&str>) -> Stream {
        let request = user.request(Method::GET, "/api/events");
        let request = last.iter().fold(request, |request, id| request.header("Last-Event-ID", *id));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Stream { response, read: String::new() }
    }

    /// The next event; `None` when the stream has ended as it should. One that is cut fails the test.
    async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((frame, rest)) = self.read.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.read = rest;
                // A comment says that the stream lives.
                if !frame.starts_with(':') {
                    return Some(event(&frame));
                }
            }
            match self.response.chunk().await.unwrap() {
                Some(bytes) => {
                    let text = std::str::from_utf8(&bytes).unwrap();
                    secrets::must_hold_none(Place::Other, text);
                    self.read.push_str(text);
                }
                None => {
                    assert_eq!(self.read, "", "the stream ended within an event");
                    return None;
                }
            }
        }
    }

    /// The next event, which must be there; its generation and until when it holds.
    async fn told(&mut self) -> (u64, String) {
        let data = self.next().await.unwrap().data;
        (data["generation"].as_u64().unwrap(), data["validUntil"].as_str().unwrap().to_owned())
    }
}

fn event(frame: &str) -> Event {
    let lines: Vec<&str> = frame.lines().collect();
    let [id, kind, data] = lines[..] else { panic!("{frame:?}") };
    assert_eq!(kind, "event: timeline");
    let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(data.as_object().unwrap().len(), 2, "{data}");
    Event { id: id.strip_prefix("id: ").unwrap().to_owned(), data }
}

/// The instant as events write it.
fn utc(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

const NINE: &str = "2025-10-13T07:00:00Z";

#[tokio::test]
async fn the_first_event_comes_at_once_and_then_one_for_each_commit() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let mut stream = Stream::open(&lena).await;
    assert_eq!(stream.told().await, (0, NINE.to_owned()));
    let document =
        |word: &str| format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n# {word}\n").into_bytes();
    for (generation, change) in (1..).zip([
        "create", "update", "pin", "unpin", "complete", "reopen", "cancel", "import", "delete", "undo", "settings",
    ]) {
        match change {
            "create" => drop(lena.create(json!({"kategorie": "arbeit"})).await),
            "update" => drop(lena.update("0", json!({"tags": ["a"]})).await),
            "pin" => drop(lena.apply("0", "pin", json!({"datum": "15.10.2025", "zeit": "abends"})).await),
            "import" => {
                let files = (10..40).map(|number| (format!("{number:04}.md"), document("Neu")));
                server.import_files(&lena, files.collect()).await;
            }
            "delete" => assert_eq!(lena.delete("/api/tasks/0").await.status, 200),
            "undo" => assert_eq!(lena.undo(9).await.status, 200),
            "settings" => assert_eq!(lena.put("/api/settings", &json!({"horizon": 3})).await.status, 200),
            verb => drop(lena.apply("0", verb, json!({})).await),
        }
        assert_eq!(stream.told().await, (generation, NINE.to_owned()), "{change}");
    }
}

#[tokio::test]
async fn what_changes_nothing_is_not_told() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    let mut stream = Stream::open(&lena).await;
    assert_eq!(stream.told().await.0, 1);
    lena.update("0", json!({"kategorie": "arbeit"})).await;
    lena.apply("0", "unpin", json!({})).await;
    lena.put("/api/settings", &json!({"horizon": 7})).await;
    for path in ["/codex", "/codex?nocache=true", "/codex?days=3", "/codex?now=2025-11-13T10:00:00Z", "/api/tasks"] {
        assert_eq!(lena.get(path).await.status, 200);
    }
    assert_eq!(lena.delete("/api/tasks/7").await.status, 404);
    assert_eq!(lena.undo(7).await.status, 404);
    server.set_clock("2025-10-13T08:59:59.999+02:00");
    assert_eq!(lena.get("/codex").await.header("x-cache"), "hot");
    lena.update("0", json!({"tags": ["a"]})).await;
    assert_eq!(stream.told().await, (2, NINE.to_owned()));
}

/// The first instant at which the zone's clocks show this time or, where they skip it, a later one.
fn first(zone: Tz, day: chrono::NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    let shown = (0..).map(|minutes| day.and_time(time) + TimeDelta::minutes(minutes));
    shown.into_iter().find_map(|local| zone.from_local_datetime(&local).earliest()).unwrap().to_utc()
}

/// Every boundary of the built-in slots, and each midnight, after `start`: of two days.
fn boundaries(zone: Tz, start: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let times = [(0, 0), (9, 0), (12, 30), (13, 30), (14, 0), (17, 0), (18, 0), (19, 0), (21, 30)];
    let today = start.with_timezone(&zone).date_naive();
    let days = today.iter_days().take(3);
    let all = days.flat_map(|day| times.map(|(h, m)| first(zone, day, NaiveTime::from_hms_opt(h, m, 0).unwrap())));
    let mut all: Vec<_> = all.filter(|boundary| *boundary > start).collect();
    all.sort_unstable();
    all
}

/// The timeline as it is served, which must be the one that a plan made at this very instant gives; until when it holds.
async fn right(lena: &TestUser, moment: &str) -> DateTime<Utc> {
    let served = lena.get("/codex").await;
    assert_eq!(served.header("x-cache"), "hot", "{moment}: who was told finds it ready");
    let fresh = lena.get("/codex?nocache=true").await;
    assert_eq!((served.status, fresh.header("x-cache")), (200, "rebuilt"), "{moment}");
    assert_eq!(served.text, fresh.text, "{moment}");
    instant(served.json()["validUntil"].as_str().unwrap())
}

/// Moves the clock over every boundary of a day, each from a millisecond before to the instant itself.
async fn walk(name: &'static str, now: &'static str) {
    let server = TestServer::start_with(Start { now, ..Start::default() }).await;
    let lena = server.user_in("lena", name).await;
    for kategorie in ["arbeit", "privat", "arbeit"] {
        lena.create(json!({"kategorie": kategorie})).await;
    }
    let start = instant(now);
    let boundaries = boundaries(name.parse().unwrap(), start);
    let mut streams = [Stream::open(&lena).await, Stream::open(&lena).await];
    for stream in &mut streams {
        assert_eq!(stream.told().await, (3, utc(boundaries[0])), "{name}");
    }
    let mut crossed = 0;
    for pair in boundaries.windows(2).take_while(|pair| pair[0] <= start + TimeDelta::hours(24)) {
        server.clock.set(pair[0] - TimeDelta::milliseconds(1));
        assert_eq!(right(&lena, name).await, pair[0], "{name}: before {}", pair[0]);
        server.clock.set(pair[0]);
        for stream in &mut streams {
            assert_eq!(stream.told().await, (3, utc(pair[1])), "{name}: at {}", pair[0]);
        }
        assert_eq!(right(&lena, name).await, pair[1], "{name}: at {}", pair[0]);
        crossed += 1;
    }
    assert!(crossed >= 8, "{name}: {crossed}");
    // Nothing was left in the streams: the next is the next commit's. Many boundaries at once are one event.
    lena.create(json!({"kategorie": "arbeit"})).await;
    for stream in &mut streams {
        assert_eq!(stream.told().await.0, 4, "{name}");
    }
    let last = boundaries[boundaries.len() - 2];
    server.clock.set(last);
    for stream in &mut streams {
        assert_eq!(stream.told().await, (4, utc(boundaries[boundaries.len() - 1])), "{name}");
    }
}

#[tokio::test]
async fn each_boundary_is_told_once_in_berlin_where_the_hour_comes_twice() {
    walk("Europe/Berlin", "2025-10-25T14:30:00Z").await;
}

#[tokio::test]
async fn each_boundary_is_told_once_in_santiago_where_midnight_is_skipped() {
    walk("America/Santiago", "2025-09-06T16:30:00Z").await;
}

#[tokio::test]
async fn each_boundary_is_told_once_in_havana_where_midnight_comes_twice() {
    walk("America/Havana", "2025-11-01T17:10:00Z").await;
}

#[tokio::test]
async fn each_boundary_is_told_once_on_lord_howe_where_half_an_hour_is_skipped() {
    walk("Australia/Lord_Howe", "2025-10-04T03:00:00Z").await;
}

#[tokio::test]
async fn each_boundary_is_told_once_in_kathmandu_at_its_quarters() {
    walk("Asia/Kathmandu", "2025-10-13T00:00:00Z").await;
}

#[tokio::test]
async fn who_knows_the_present_state_is_told_the_next() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    let known = Stream::open(&lena).await.next().await.unwrap();
    let mut resumed = Stream::resume(&lena, Some(&known.id)).await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    assert_eq!(resumed.told().await.0, 2, "what it knew is not repeated");
    // Whoever knows an older state, or something that never was one, is told at once.
    for last in [&known.id, "", "x", "1", "99.1760338800000", "2.0"] {
        let mut stream = Stream::resume(&lena, Some(last)).await;
        assert_eq!(stream.told().await, (2, NINE.to_owned()), "{last:?}");
    }
    // A state is the same state after a restart, until the clock makes it another.
    let known = Stream::open(&lena).await.next().await.unwrap();
    let server = server.restart().await;
    let lena = server.again(&lena);
    assert_eq!(lena.get("/codex").await.header("x-cache"), "materialized");
    assert_eq!(Stream::open(&lena).await.next().await.unwrap(), known);
    let mut resumed = Stream::resume(&lena, Some(&known.id)).await;
    server.set_clock("2025-10-13T09:00:00+02:00");
    let next = resumed.next().await.unwrap();
    assert_eq!(next.data, json!({"generation": 2, "validUntil": "2025-10-13T10:30:00Z"}));
    assert_ne!(next.id, known.id);
    assert_eq!(Stream::resume(&lena, Some(&known.id)).await.next().await.unwrap(), next, "it missed a boundary");
}

#[tokio::test]
async fn a_stream_tells_nothing_of_other_users() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user_in("tom", "Asia/Tokyo").await);
    for _ in 0..3 {
        lena.create(json!({"kategorie": "arbeit"})).await;
    }
    let (mut lenas, mut toms) = (Stream::open(&lena).await, Stream::open(&tom).await);
    assert_eq!(lenas.told().await, (3, NINE.to_owned()));
    assert_eq!(toms.told().await, (0, "2025-10-13T08:00:00Z".to_owned()));
    for generation in 1..=50 {
        tom.create(json!({"kategorie": "arbeit"})).await;
        assert_eq!(toms.told().await.0, generation);
    }
    // Had one of Tom's come here, it would be the next.
    lena.create(json!({"kategorie": "arbeit"})).await;
    assert_eq!(lenas.told().await, (4, NINE.to_owned()));
    server.set_clock("2025-10-13T09:00:00+02:00");
    assert_eq!(lenas.told().await, (4, "2025-10-13T10:30:00Z".to_owned()), "a boundary of hers alone");
    tom.create(json!({"kategorie": "arbeit"})).await;
    assert_eq!(toms.told().await, (51, "2025-10-13T08:00:00Z".to_owned()));
    let stranger = Answer::of(server.client.get(server.url("/api/events"))).await;
    assert_eq!((stranger.status, stranger.code().as_str()), (401, "sign_in_needed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_streams_are_told_the_same_and_end_with_the_server() {
    // The server waits for what was begun for longer than the client does: only streams that end let it stop.
    let limits = Limits { drain: Duration::from_hours(1), ..Limits::default() };
    let server = TestServer::start_with(Start { limits, ..Start::default() }).await;
    let users = [server.user("lena").await, server.user("tom").await];
    let opened = (0..50).map(|number| {
        let user = users[number % 2].clone();
        async move {
            let mut stream = Stream::open(&user).await;
            assert_eq!(stream.told().await.0, 0);
            stream
        }
    });
    let mut streams = at_once(opened).await;
    for generation in 1..=3 {
        for user in &users {
            user.create(json!({"kategorie": "arbeit"})).await;
        }
        for stream in &mut streams {
            assert_eq!(stream.told().await, (generation, NINE.to_owned()));
        }
    }
    server.set_clock("2025-10-13T09:00:00+02:00");
    for stream in &mut streams {
        assert_eq!(stream.told().await, (3, "2025-10-13T10:30:00Z".to_owned()));
    }
    let ends: Vec<_> = streams.into_iter().map(|mut stream| tokio::spawn(async move { stream.next().await })).collect();
    let server = server.restart().await;
    for end in ends {
        assert_eq!(end.await.unwrap(), None, "it ends after a whole event, and is not cut");
    }
    let lena = server.again(&users[0]);
    assert_eq!(Stream::open(&lena).await.told().await.0, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn commits_that_come_faster_than_they_are_told_end_in_the_last() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let mut stream = Stream::open(&lena).await;
    let writers = (0..32).map(|_| {
        let lena = lena.clone();
        async move { drop(lena.create(json!({"kategorie": "arbeit"})).await) }
    });
    at_once(writers).await;
    let mut told = vec![stream.told().await.0];
    while told.last() != Some(&32) {
        told.push(stream.told().await.0);
    }
    assert!(told.is_sorted_by(|a, b| a < b), "in order, none twice: {told:?}");
}

#[tokio::test]
async fn a_client_that_leaves_gives_its_seat_back_at_once() {
    let limits = Limits { connections_max: 1, ..Limits::default() };
    let server = TestServer::start_with(Start { limits, ..Start::default() }).await;
    let lena = server.user("lena").await;
    let mut left = Stream::open(&lena).await;
    left.told().await;
    let house_is_full = async || {
        let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        // A seat that is not to be had may end in a reset.
        let _ = stream.read_to_string(&mut answer).await;
        !answer.starts_with("HTTP/1.1 200")
    };
    assert!(house_is_full().await);
    drop(left);
    // Sooner than anything is sent that would show that nobody takes it.
    let empties = async {
        while house_is_full().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), empties).await.unwrap();
}

#[tokio::test]
async fn a_client_that_leaves_takes_nothing_with_it() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for _ in 0..3 {
        let mut left = Stream::open(&lena).await;
        left.told().await;
    }
    let mut stream = Stream::open(&lena).await;
    assert_eq!(stream.told().await.0, 0);
    lena.create(json!({"kategorie": "arbeit"})).await;
    assert_eq!(stream.told().await.0, 1);
    let end = tokio::spawn(async move { stream.next().await });
    server.restart().await;
    assert_eq!(end.await.unwrap(), None);
}
