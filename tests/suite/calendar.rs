//! The timeline as a calendar: read by another's parser, it says what the timeline says.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use codexmiroir::store::Scopes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{MONDAY, Start, TestServer, TestUser, instant, vault};
use crate::python;
use crate::zones::{NIGHT_RULES, PIECES_RULES};

/// Zones, each with instants around which its clocks change.
const ZONES: [(&str, [&str; 2]); 5] = [
    ("Europe/Berlin", ["2025-03-30T01:00:00Z", "2025-10-26T01:00:00Z"]),
    ("America/Santiago", ["2025-09-07T04:00:00Z", "2025-04-06T03:00:00Z"]),
    ("Australia/Lord_Howe", ["2025-10-04T15:30:00Z", "2025-04-05T15:00:00Z"]),
    ("Asia/Kathmandu", ["2025-06-01T00:00:00Z", "2025-12-31T20:00:00Z"]),
    ("America/St_Johns", ["2025-03-09T05:30:00Z", "2025-11-02T04:30:00Z"]),
];

/// Timelines of each kind of rules.
const TIMELINES: usize = 20;

/// Titles as nobody should write them.
const TITLES: [&str; 9] = [
    "Übergabe, Prüfung; und „Käse“",
    "a\rEND:VEVENT\rBEGIN:VALARM",
    "a\u{2028}ATTACH:http://evil.example/\u{85}b\u{b}c",
    "=HYPERLINK(\"http://evil.example\")",
    r"back\slash\",
    "日本語のとても長いタイトル日本語のとても長いタイトル日本語のとても長いタイトル日本語のとても長いタイトル",
    "👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦 Familie",
    "tab\there",
    "x",
];

/// What one task may be.
#[derive(Clone, Debug)]
struct Draft {
    title: String,
    arbeit: bool,
    tags: Vec<&'static str>,
    deadline: Option<i64>,
    fixed: Option<(i64, &'static str)>,
    status: &'static str,
}

impl Draft {
    fn document(&self, now: DateTime<Utc>) -> String {
        let day = |days: i64| (now + TimeDelta::days(days)).format("%d.%m.%Y");
        let kategorie = if self.arbeit { "arbeit" } else { "privat" };
        let tags = self.tags.join(", ");
        let deadline = self.deadline.map(|days| format!("deadline: {}\n", day(days))).unwrap_or_default();
        let fixed = self.fixed.map(|(days, zeit)| format!("fixedSlot: {{datum: {}, zeit: {zeit}}}\n", day(days)));
        let (status, fixed, title) = (self.status, fixed.unwrap_or_default(), &self.title);
        format!(
            "---\ntyp: task\nkategorie: {kategorie}\nstatus: {status}\ntags: [{tags}]\n{deadline}{fixed}---\n\n# {title}\n\nText\n"
        )
    }
}

fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    // One version of the parser takes an escaped backslash before an n for a line break.
    let any_title = r#"[a-zA-Z0-9äöüß€😀 .,;:"'=+@-]{1,200}"#.prop_map(|title| format!("x{title}x"));
    let title = prop_oneof![select(&TITLES[..]).prop_map(str::to_owned), any_title];
    let tag = select(&["finanzen", "\"a,b;c\"", "ü", "\"x\\r\\nATTACH:http://evil.example\"", "\"back\\\\slash\""][..]);
    let zeit = select(&["morgens", "nachmittags", "abends", "nachts", "eins", "zwei", "drei"][..]);
    let status = prop_oneof![9 => Just("offen"), 1 => Just("abgeschlossen")];
    let draft = (title, any::<bool>(), vec(tag, 0..3), option::of(-3..40_i64), option::of((-1..9_i64, zeit)), status);
    let draft = draft.prop_map(|(title, arbeit, tags, deadline, fixed, status)| Draft {
        title,
        arbeit,
        tags,
        deadline,
        fixed,
        status,
    });
    vec(draft, 0..30)
}

/// The calendar, whose lines are as the standard has them.
async fn calendar(user: &TestUser, path: &str) -> String {
    let answer = user.get(path).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/calendar; charset=utf-8"));
    for line in answer.text.split_terminator("\r\n") {
        assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "{line:?}");
    }
    assert!(answer.text.starts_with("BEGIN:VCALENDAR\r\n") && answer.text.ends_with("END:VCALENDAR\r\n"));
    answer.text
}

/// Random timelines by these rules, in every zone and around every change of the clocks.
async fn timelines(rules: Option<&str>) -> Vec<Value> {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("rules.rhai");
    let rules: Vec<PathBuf> =
        rules.map(|rules| std::fs::write(&file, rules).map(|()| file.clone()).unwrap()).into_iter().collect();
    let server = TestServer::start_with(Start { rules, ..Start::default() }).await;
    let (mut runner, mut cases) = (TestRunner::default(), Vec::new());
    for number in 0..TIMELINES {
        let (zone, edges) = ZONES[number % ZONES.len()];
        let (drafts, hours) = (drafts(), -60..30_i64).new_tree(&mut runner).unwrap().current();
        let now = instant(edges[number / ZONES.len() % 2]) + TimeDelta::hours(hours);
        server.clock.set(now);
        let user = server.user_in(&format!("u{number}"), zone).await;
        let german = number % 3 == 0;
        if german {
            assert_eq!(user.patch("/api/settings", &json!({"language": "de"})).await.status, 200);
        }
        let files = drafts.iter().enumerate();
        let files = files.map(|(number, draft)| (format!("{number:04}.md"), draft.document(now).into_bytes()));
        server.import_files(&user, files.collect()).await;
        let ics = calendar(&user, "/codex?format=ics").await;
        let (timeline, tasks) = (user.codex().await, user.tasks().await);
        cases.push(json!({"ics": ics, "timeline": timeline, "tasks": tasks, "german": german}));
    }
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn another_parser_finds_every_event_and_no_other() {
    let mut cases = Vec::new();
    for rules in [None, Some(NIGHT_RULES), Some(PIECES_RULES)] {
        cases.extend(timelines(rules).await);
    }
    let events: usize = cases.iter().map(|case| case["ics"].as_str().unwrap().matches("BEGIN:VEVENT").count()).sum();
    assert!(events > 500, "{events} events are few");
    let given = serde_json::to_vec(&cases).unwrap();
    let Some(said) = python::said("compare_calendars.py", "icalendar, zoneinfo", "python3-icalendar tzdata", &given)
    else {
        return;
    };
    let said = said.as_array().unwrap();
    assert_eq!(said.len(), cases.len());
    for (case, faults) in cases.iter().zip(said) {
        assert_eq!(*faults, json!([]), "{}", case["ics"].as_str().unwrap());
    }
}

/// The lines of a property, in their order.
fn lines<'c>(calendar: &'c str, name: &str) -> Vec<&'c str> {
    calendar.lines().filter(|line| line.starts_with(name)).collect()
}

#[tokio::test]
async fn an_event_is_the_same_one_wherever_its_task_goes() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    for user in [&lena, &tom] {
        server.import(user, &vault("lena")).await;
    }
    let uids = |calendar: &str| lines(calendar, "UID:").into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    let before = calendar(&lena, "/codex?format=ics").await;
    let of_lena = uids(&before);
    assert!(of_lena.len() > 10);
    assert!(of_lena.is_disjoint(&uids(&calendar(&tom, "/codex?format=ics").await)), "another's are others");
    // Moved and retitled, in another zone, after a restart.
    let codex = lena.codex().await;
    let days = codex["timeline"].as_array().unwrap().iter();
    let slots = days.flat_map(|day| day["slots"].as_array().unwrap().iter().map(move |slot| (&day["datum"], slot)));
    let (free, taken): (Vec<_>, Vec<_>) = slots.partition(|(_, slot)| slot["task"].is_null());
    let ((datum, free), (_, taken)) = (free[free.len() - 1], taken[0]);
    let id = taken["task"]["file"].as_str().unwrap().trim_end_matches(".md");
    lena.apply(id, "pin", json!({"datum": datum, "zeit": free["zeit"]})).await;
    lena.update(id, json!({"title": "Ein anderer Titel"})).await;
    let server = server.restart().await;
    let lena = server.again(&lena);
    let moved = calendar(&lena, "/codex?format=ics").await;
    assert!(moved.contains("SUMMARY:Ein anderer Titel") && !before.contains("Ein anderer Titel"));
    // Where it was there is another by now.
    assert!(uids(&moved).is_superset(&of_lena));
    // What changed comes later, by each of the ways in which clients tell.
    for name in ["DTSTAMP:", "LAST-MODIFIED:", "SEQUENCE:"] {
        let [earlier, later] = [&before, &moved].map(|calendar| lines(calendar, name)[0]);
        assert!(earlier <= later, "{earlier} {later}");
    }
}

#[tokio::test]
async fn the_same_timeline_is_the_same_calendar_to_the_byte() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import(&lena, &vault("lena")).await;
    let first = lena.get("/codex?format=ics").await;
    assert_eq!(first.header("x-cache"), "rebuilt");
    server.set_clock("2025-10-13T08:59:59+02:00");
    let by_accept = lena.request(Method::GET, "/codex").header("accept", "text/calendar").send().await.unwrap();
    assert_eq!(by_accept.headers()["x-cache"], "hot");
    assert_eq!(by_accept.text().await.unwrap(), first.text);
    let server = server.restart().await;
    let lena = server.again(&lena);
    for path in
        ["/codex?format=ics", "/codex?format=ics&nocache=true", "/codex?format=ics&now=2025-10-13T08:30:00%2B02:00"]
    {
        assert_eq!(lena.get(path).await.text, first.text, "{path}");
    }
    assert_eq!(lena.get("/api/export?format=ics").await.text, first.text);
    // What another moment or other days give is made for whoever asks, and kept by nobody.
    let longer = lena.get("/codex?format=ics&days=21").await;
    assert!(longer.text.len() > first.text.len() && longer.header("etag").is_empty());
    assert_eq!(longer.header("cache-control"), "no-store");
    // The clock crosses a boundary, and it is another.
    server.set_clock(MONDAY);
    let etag = lena.get("/codex?format=ics").await.header("etag").to_owned();
    assert_eq!(etag, first.header("etag"));
    server.set_clock("2025-10-13T09:00:00+02:00");
    let later = lena.get("/codex?format=ics").await;
    assert_ne!((later.header("etag"), &later.text), (etag.as_str(), &first.text));
}

#[tokio::test]
async fn the_calendar_and_the_timeline_have_tags_of_their_own() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import(&lena, &vault("lena")).await;
    let reader = lena.with_token(server.token("lena", Scopes::READ).await);
    let (json, ics) = (reader.get("/codex").await, reader.get("/codex?format=ics").await);
    assert_ne!(json.header("etag"), ics.header("etag"));
    for (path, tag, status) in [
        ("/codex?format=ics", ics.header("etag"), 304),
        ("/codex?format=ics", json.header("etag"), 200),
        ("/codex", ics.header("etag"), 200),
    ] {
        let answer = reader.request(Method::GET, path).header("if-none-match", tag).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
}
