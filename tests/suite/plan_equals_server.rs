//! The server serves what `plan` says of the same folder, at every boundary of a week.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use codexmiroir::domain::ids::UserName;
use codexmiroir::domain::lang::Lang;
use codexmiroir::domain::theme::Theme;
use codexmiroir::domain::zone::Zone;
use codexmiroir::planning::DAYS_DEFAULT;
use codexmiroir::service::folder::read_folder;
use codexmiroir::service::plan_folder;
use codexmiroir::service::rulebook::RuleBook;
use codexmiroir::store::Settings;
use codexmiroir::view::json;
use serde_json::Value;

use crate::harness::{Start, TestServer, instant, places, repository, vault};

/// What cannot be the same: a folder has no generation and no commit.
const OWN: [&str; 3] = ["generation", "generatedAt", "cacheCreatedAt"];

/// The timelines at both ends of every stretch for which the server says that its answer is valid.
async fn is_served_as_planned(folder: &Path, zone: &str, start: &'static str, days: i64) {
    let server = TestServer::start_with(Start { now: start, ..Start::default() }).await;
    let user = server.user_in("lena", zone).await;
    server.import(&user, folder).await;

    let (files, rules) = (read_folder(folder).unwrap(), RuleBook::builtin());
    let settings =
        Settings { zone: Zone::parse(zone).unwrap(), lang: Lang::En, days: DAYS_DEFAULT, theme: Theme::Auto };
    let planned = |now: DateTime<Utc>| {
        let name = UserName::parse("lena").unwrap();
        let answer = plan_folder(&files, &rules, name, settings, now);
        serde_json::from_slice::<Value>(&json::timeline(&answer)).unwrap()
    };
    let mut now = instant(start);
    let (end, mut boundaries) = (now + TimeDelta::days(days), 0);
    while now < end {
        server.clock.set(now);
        let served = user.get("/codex").await;
        assert_eq!(served.header("x-cache"), "rebuilt", "{now}");
        let mut codex = served.json();
        let until = DateTime::parse_from_rfc3339(codex["validUntil"].as_str().unwrap()).unwrap().to_utc();
        assert!(until > now && until - now <= TimeDelta::hours(25), "{now} to {until}");
        // Up to the last millisecond the same bytes are right.
        let last = until - TimeDelta::milliseconds(1);
        server.clock.set(last);
        let still = user.get("/codex").await;
        assert_eq!((still.header("x-cache"), &still.text), ("hot", &served.text), "{now} to {until}");
        for instant in if boundaries < 9 { vec![now, last] } else { vec![now] } {
            let mut plan = planned(instant);
            for field in OWN {
                (codex[field], plan[field]) = (Value::Null, Value::Null);
            }
            assert_eq!(codex, plan, "{instant}");
        }
        (now, boundaries) = (until, boundaries + 1);
    }
    // Midnight, 09:00, 12:30, 13:30, 14:00, 17:00, 18:00, 19:00 and 21:30; one more where the start is none of them.
    assert!((days * 9..=days * 9 + 1).contains(&boundaries), "{boundaries}");
}

const MONDAY_MIDNIGHT: &str = "2025-10-13T00:00:00+02:00";

#[tokio::test]
async fn lena_is_served_as_planned() {
    is_served_as_planned(&vault("lena"), "Europe/Berlin", MONDAY_MIDNIGHT, 7).await;
}

#[tokio::test]
async fn tom_is_served_as_planned() {
    is_served_as_planned(&vault("tom"), "Europe/Berlin", MONDAY_MIDNIGHT, 7).await;
}

#[tokio::test]
async fn the_odd_documents_are_served_as_planned() {
    is_served_as_planned(&repository("fixtures/odd/tasks"), "Europe/Berlin", MONDAY_MIDNIGHT, 7).await;
}

/// Where clocks are set back, where they are set forward, and where it is another day.
#[tokio::test]
async fn other_zones_are_served_as_planned() {
    is_served_as_planned(&vault("lena"), "Europe/Berlin", "2025-10-25T00:00:00+02:00", 2).await;
    is_served_as_planned(&vault("tom"), "America/New_York", "2026-03-07T20:00:00-05:00", 2).await;
    is_served_as_planned(&vault("tom"), "Pacific/Auckland", MONDAY_MIDNIGHT, 2).await;
}

/// The numbers in `(line 5)` or `(lines 4 and 8)`.
fn lines_in(odd: &str) -> Vec<u64> {
    let named = odd.split_once("(line").map_or("", |(_, rest)| rest.split(')').next().unwrap());
    named.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

/// Whether a document is where its row of the table says.
fn is_as_written(codex: &Value, file: &str, odd: &str, must: &str) -> bool {
    let found = places(codex, file);
    let [found] = found.as_slice() else { return found.is_empty() && must.starts_with("left alone, not listed") };
    if let Some(slot) = must.strip_prefix("fixed: ") {
        return slot.starts_with(found);
    }
    if must.starts_with("in line") {
        let is_auto = found.ends_with(" morgens") || found.ends_with(" nachmittags");
        return found == "waiting" || is_auto;
    }
    if must.starts_with("invalid") || must.contains("listed under `invalid`") {
        // A parser may notice a fault one line after the one where it stands.
        let (lines, invalid) = (lines_in(odd), codex["invalid"].as_array().unwrap());
        let line = invalid.iter().find(|entry| entry["file"] == file).and_then(|entry| entry["line"].as_u64());
        let is_near = |at: u64| lines.is_empty() || lines.iter().any(|line| [*line, line + 1].contains(&at));
        return found == "invalid" && line.is_some_and(is_near);
    }
    if let Some(reason) = must.strip_prefix("unplaced, `") {
        let entries = codex["unplaced"].as_array().unwrap().iter().filter(|entry| entry["file"] == file);
        return found == "unplaced"
            && entries.into_iter().all(|entry| reason.starts_with(entry["reason"].as_str().unwrap()));
    }
    must.starts_with(&format!("`{found}`"))
}

#[tokio::test]
async fn the_odd_documents_are_where_their_readme_says() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import(&lena, &repository("fixtures/odd/tasks")).await;
    let codex = lena.codex().await;
    let readme = std::fs::read_to_string(repository("fixtures/odd/README.md")).unwrap();
    let (mut rows, mut must_before) = (0, String::new());
    for row in readme.lines().filter(|line| line.starts_with("| `")) {
        // Signs between backticks may be bars as well, but not in these columns.
        let columns: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [file, odd, must] = columns[..] else { panic!("{row}") };
        let must = if must.starts_with("likewise") { must_before } else { must.to_owned() };
        let file = file.trim_matches('`');
        assert!(is_as_written(&codex, file, odd, &must), "{row}: {:?}", places(&codex, file));
        (rows, must_before) = (rows + 1, must);
    }
    let files = std::fs::read_dir(repository("fixtures/odd/tasks")).unwrap().count();
    assert_eq!(rows, files, "every file has its row");
}
