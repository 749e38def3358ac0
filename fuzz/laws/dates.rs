//! Whatever is taken for a date, an instant or a zone: it is one that reads back as itself, and the days around it
//! have a beginning and an end.
//!
//! The input's lines are texts to be read: the first also a zone, the second also the instant that is now.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use codexmiroir::domain::date::{parse_instant, parse_lenient, parse_request, to_text};
use codexmiroir::domain::policy::Policy;
use codexmiroir::domain::zone::Zone;
use codexmiroir::planning::{Horizon, plan};

pub fn holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let dates: Vec<NaiveDate> = text.lines().filter_map(date).collect();
    let mut lines = text.lines();
    let Some(zone) = lines.next().and_then(Zone::parse) else { return };
    assert_eq!(Zone::parse(zone.name()), Some(zone));
    for date in dates {
        // What is stored of later days is never turned into an instant.
        if parse_request(&to_text(date)).is_some() {
            local_times_are_instants(zone, date, bytes);
        }
    }
    if let Some(now) = lines.next().and_then(parse_instant) {
        a_horizon_holds_now(zone, now, bytes.len());
    }
}

fn date(text: &str) -> Option<NaiveDate> {
    if let Some(instant) = parse_instant(text) {
        assert_eq!(parse_instant(&instant.to_rfc3339()), Some(instant));
        assert_eq!(instant.timestamp_subsec_micros() % 1_000, 0, "milliseconds are the finest");
    }
    let Some(date) = parse_lenient(text) else {
        assert_eq!(parse_request(text), None);
        return None;
    };
    assert_eq!(parse_lenient(&to_text(date)), Some(date));
    assert_eq!(parse_lenient(&date.to_string()), Some(date));
    assert!(parse_request(text).is_none_or(|asked| asked == date));
    Some(date)
}

fn local_times_are_instants(zone: Zone, date: NaiveDate, bytes: &[u8]) {
    let seconds = bytes.iter().fold(0_u32, |sum, byte| (sum * 31 + u32::from(*byte)) % 86_400);
    for time in [NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0).expect("of the day"), NaiveTime::MIN] {
        let instant = zone.instant(date, time);
        let shown = zone.local(instant).naive_local();
        assert!(shown >= date.and_time(time), "{instant} shows {shown}");
        let before = zone.local(instant - TimeDelta::seconds(1)).naive_local();
        assert!(before < date.and_time(time), "{instant} is not the first to show {shown}");
    }
    // Of a day that a zone skipped, both are the same.
    let midnight = zone.next_midnight(date);
    assert!(zone.date_of(midnight) > date && midnight >= zone.instant(date, NaiveTime::MIN));
}

fn a_horizon_holds_now(zone: Zone, now: DateTime<Utc>, days: usize) {
    let horizon = Horizon::new(zone, now, u16::try_from(days).unwrap_or(u16::MAX));
    let today = horizon.today();
    assert!(horizon.dates().next() == Some(today) && horizon.dates().last() == Some(horizon.last_day()));
    assert!(horizon.last_day() < today + Days::new(366));
    let timeline = plan(&[], Vec::new(), &Policy::default(), &horizon);
    assert!(timeline.valid_from <= now && now < timeline.valid_until);
    assert_eq!(timeline.today, today);
    let last = Horizon::new(zone, timeline.valid_until - TimeDelta::milliseconds(1), 1);
    assert_eq!(last.today(), today, "the day stays while the timeline does");
}
