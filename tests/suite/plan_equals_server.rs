//! The server serves what `plan` says of the same folder, at every boundary of a week.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use codexmiroir::domain::ids::UserName;
use codexmiroir::domain::lang::Lang;
use codexmiroir::domain::zone::Zone;
use codexmiroir::planning::DAYS_DEFAULT;
use codexmiroir::service::rulebook::RuleBook;
use codexmiroir::service::{plan_folder, read_folder};
use codexmiroir::store::Settings;
use codexmiroir::view::json;
use serde_json::Value;

use crate::harness::{Start, TestServer, instant, repository, vault};

/// What cannot be the same: a folder has no generation and no commit.
const OWN: [&str; 3] = ["generation", "generatedAt", "cacheCreatedAt"];

/// The timelines at both ends of every stretch for which the server says that its answer is valid.
async fn is_served_as_planned(folder: &Path, zone: &str, start: &'static str, days: i64) {
    let server = TestServer::start_with(Start { now: start, ..Start::default() }).await;
    let user = server.user_in("lena", zone).await;
    server.import(&user, folder).await;

    let (files, rules) = (read_folder(folder).unwrap(), RuleBook::builtin());
    let settings = Settings { zone: Zone::parse(zone).unwrap(), lang: Lang::En, days: DAYS_DEFAULT };
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
