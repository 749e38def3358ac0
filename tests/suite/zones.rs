//! The plan in three zones: every month, and around both changes of the clocks.

use std::fmt::Write as _;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use codexmiroir::domain::date;
use codexmiroir::domain::ids::UserName;
use codexmiroir::domain::lang::Lang;
use codexmiroir::domain::theme::Theme;
use codexmiroir::domain::timeline::Placement;
use codexmiroir::domain::zone::Zone;
use codexmiroir::planning::DAYS_DEFAULT;
use codexmiroir::service::folder::Folder;
use codexmiroir::service::plan_folder;
use codexmiroir::service::rulebook::RuleBook;
use codexmiroir::store::Settings;
use codexmiroir::view::{Answer, text};

use crate::harness::instant;

/// A zone and the instants at which its clocks change in 2025.
struct Edges {
    zone: &'static str,
    forward: &'static str,
    back: &'static str,
}

const BERLIN: Edges = Edges { zone: "Europe/Berlin", forward: "2025-03-30T01:00:00Z", back: "2025-10-26T01:00:00Z" };
/// Midnight itself is skipped here, and the last hour of a day comes twice.
const SANTIAGO: Edges =
    Edges { zone: "America/Santiago", forward: "2025-09-07T04:00:00Z", back: "2025-04-06T03:00:00Z" };
/// Half an hour, on the other side of the date line.
const LORD_HOWE: Edges =
    Edges { zone: "Australia/Lord_Howe", forward: "2025-10-04T15:30:00Z", back: "2025-04-05T15:00:00Z" };

/// Slots whose boundaries lie in what the changes skip and repeat.
pub const NIGHT_RULES: &str = r#"
fn slots(day, slots) {
    [
        slot("nachts",  "00:00", "03:00").cutoff("01:45"),
        slot("morgens", "03:00", "12:30").cutoff("09:00"),
        slot("spaet",   "23:00", "23:45").cutoff("23:30"),
    ]
}
fn place(task, today) { anywhere() }
"#;

/// The night in pieces: on some nights a piece has no length, or another order of instants.
pub const PIECES_RULES: &str = r#"
fn slots(day, slots) {
    [
        slot("eins", "00:00", "01:45").cutoff("00:30"),
        slot("zwei", "01:45", "02:15").cutoff("02:00"),
        slot("drei", "02:15", "03:00").cutoff("02:45"),
        slot("vier", "23:15", "23:45").cutoff("23:30"),
    ]
}
fn place(task, today) { anywhere() }
"#;

struct Scene {
    zone: Zone,
    rules: RuleBook,
    folder: Folder,
}

impl Scene {
    /// Nine open tasks, and one that is fixed to the slot.
    fn new(zone: &str, rules: RuleBook, fixed: Option<(NaiveDate, &str)>) -> Scene {
        let document = |kategorie: &str, slot: &str| {
            format!("---\ntyp: task\nkategorie: {kategorie}\nstatus: offen\ntags: []\nfixedSlot: {slot}\n---\n")
        };
        let categories = ["arbeit", "arbeit", "privat", "arbeit", "privat", "arbeit", "arbeit", "arbeit", "arbeit"];
        let mut files: Vec<_> = categories
            .iter()
            .enumerate()
            .map(|(number, kategorie)| (format!("{number:04}.md"), document(kategorie, "null").into_bytes()))
            .collect();
        if let Some((day, zeit)) = fixed {
            let slot = format!("{{datum: {}, zeit: {zeit}}}", date::to_text(day));
            files.push(("0009.md".to_owned(), document("arbeit", &slot).into_bytes()));
        }
        Scene { zone: Zone::parse(zone).unwrap(), rules, folder: Folder { files, ..Folder::default() } }
    }

    fn plan(&self, now: DateTime<Utc>) -> Answer {
        let settings = Settings { zone: self.zone, lang: Lang::En, days: DAYS_DEFAULT, theme: Theme::Auto };
        plan_folder(&self.folder, &self.rules, UserName::parse("lena").unwrap(), settings, now)
    }

    fn local(&self, instant: DateTime<Utc>) -> String {
        self.zone.local(instant).to_rfc3339()
    }

    /// `zeit 08:00Z–11:30Z 0001`
    fn slot(&self, slot: &Placement) -> String {
        let [from, to] = [slot.from, slot.to].map(|time| self.zone.instant(slot.date, time).format("%H:%MZ"));
        let task = slot.task.as_ref().map_or("·".to_owned(), |placed| placed.task.id());
        format!("{} {from}–{to} {task}", slot.zeit)
    }

    /// Now, until when, what runs, and `days` of what is offered.
    fn draw(&self, now: DateTime<Utc>, days: usize) -> String {
        let answer = self.plan(now);
        assert_eq!(answer.rules.error, None);
        let timeline = &answer.timeline;
        assert!(timeline.valid_from <= now && now < timeline.valid_until);
        let until = self.local(timeline.valid_until);
        let current = timeline.current.as_ref().map_or("–".to_owned(), |slot| self.slot(slot));
        let mut drawn = format!("{} until {until} now {current}\n", self.local(now));
        for day in timeline.days.iter().take(days) {
            let slots: Vec<_> = day.slots.iter().map(|slot| self.slot(slot)).collect();
            let name = format!("{} {}", text::weekday(day.date, Lang::En), date::to_text(day.date));
            let _ = writeln!(drawn, "  {name}  {}", slots.join(", "));
        }
        for (heading, entries) in [("overdue", &timeline.overdue), ("unplaced", &timeline.unplaced)] {
            let ids: Vec<_> = entries.iter().map(|entry| entry.task.id()).collect();
            if !ids.is_empty() {
                let _ = writeln!(drawn, "  {heading} {}", ids.join(" "));
            }
        }
        drawn
    }

    /// From boundary to boundary for a day; in between nothing may change.
    fn walk(&self, start: DateTime<Utc>) -> String {
        let mut drawn = String::new();
        let mut now = start;
        while now < start + TimeDelta::hours(24) {
            let here = self.plan(now).timeline;
            let until = here.valid_until;
            drawn.push_str(&self.draw(now, 2));
            for within in [now + (until - now) / 2, until - TimeDelta::milliseconds(1)] {
                let there = self.plan(within).timeline;
                let same = codexmiroir::domain::timeline::Timeline { valid_from: here.valid_from, ..there };
                assert_eq!(same, here, "something changed before {until}, at {within}");
            }
            now = until;
        }
        drawn
    }
}

fn rules_of(source: &str) -> RuleBook {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("night.rhai");
    std::fs::write(&path, source).unwrap();
    RuleBook::from_files(&[path]).unwrap()
}

/// The 15th of each month at 08:00, a week each.
fn months(zone: &str) -> String {
    let scene = Scene::new(zone, RuleBook::builtin(), None);
    let mornings = (1..=12).map(|month| {
        let day = NaiveDate::from_ymd_opt(2025, month, 15).unwrap();
        scene.zone.instant(day, chrono::NaiveTime::from_hms_opt(8, 0, 0).unwrap())
    });
    mornings.map(|now| scene.draw(now, 7)).collect()
}

/// The days around a change, the instants around it, and a walk over a day that has it in its middle.
fn around(zone: &str, change: &str, rules: &str, zeit: &str) -> String {
    let change = instant(change);
    let parsed = Zone::parse(zone).unwrap();
    let day = parsed.date_of(change);
    let moment = TimeDelta::milliseconds(1);
    let offset = |instant| parsed.local(instant).format("%z").to_string();
    assert_ne!(offset(change - moment), offset(change), "the clocks of {zone} do not change at {change}");

    let rules = if rules.is_empty() { RuleBook::builtin() } else { rules_of(rules) };
    let scene = Scene::new(zone, rules, Some((day, zeit)));
    let eight = chrono::NaiveTime::from_hms_opt(8, 0, 0).unwrap();
    let mut drawn = String::from("# The mornings from two days before to one day after\n");
    for offset in 0..4 {
        drawn.push_str(&scene.draw(parsed.instant(day - Days::new(2) + Days::new(offset), eight), 7));
    }
    drawn.push_str("# Around the change\n");
    for minutes in [-90, -60, -30, 0, 30, 60, 90] {
        let now = change + TimeDelta::minutes(minutes);
        drawn.push_str(&scene.draw(now - moment, 1));
        drawn.push_str(&scene.draw(now, 1));
    }
    drawn.push_str("# From boundary to boundary\n");
    drawn.push_str(&scene.walk(change - TimeDelta::hours(12)));
    drawn
}

fn snapshots(edges: &Edges) {
    let name = edges.zone.split('/').next_back().unwrap().to_lowercase();
    insta::assert_snapshot!(format!("{name}_months"), months(edges.zone));
    for (direction, change) in [("forward", edges.forward), ("back", edges.back)] {
        insta::assert_snapshot!(format!("{name}_{direction}"), around(edges.zone, change, "", "morgens"));
        let night = around(edges.zone, change, NIGHT_RULES, "nachts");
        insta::assert_snapshot!(format!("{name}_{direction}_night"), night);
        let pieces = around(edges.zone, change, PIECES_RULES, "drei");
        insta::assert_snapshot!(format!("{name}_{direction}_pieces"), pieces);
    }
}

#[test]
fn berlin_all_year_and_at_both_changes() {
    snapshots(&BERLIN);
}

#[test]
fn santiago_all_year_and_at_both_changes() {
    snapshots(&SANTIAGO);
}

#[test]
fn lord_howe_all_year_and_at_both_changes() {
    snapshots(&LORD_HOWE);
}
