//! The rules that come with the program: the holidays are those of the law, and any of them plan together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{Datelike, Days, NaiveDate, NaiveTime};
use codexmiroir::domain::document::{self, Outcome};
use codexmiroir::domain::ids::FileName;
use codexmiroir::domain::lang::Lang;
use codexmiroir::domain::script::{OptionKind, OptionValue, Script};
use codexmiroir::domain::zone::Zone;
use codexmiroir::planning::{Horizon, days_asked, plan};
use codexmiroir::rules::{Question, Questions, RuleSet, about, library, library_names};
use codexmiroir::view::ready_rules::said;
use serde_json::{Value, json};

use crate::account_pages::signed_in;
use crate::harness::{TestServer, TestUser, places, repository, vault};
use crate::rules::set;

/// The holidays of each Land and year, as they are written down by hand.
struct Laws(BTreeMap<(i32, String), BTreeSet<NaiveDate>>);

const YEARS: std::ops::RangeInclusive<i32> = 2024..=2030;
const LANDS: [&str; 16] =
    ["BW", "BY", "BE", "BB", "HB", "HH", "HE", "MV", "NI", "NW", "RP", "SL", "SN", "ST", "SH", "TH"];

impl Laws {
    fn read() -> Laws {
        let text = std::fs::read_to_string(repository("fixtures/holidays/germany.txt")).unwrap();
        let mut laws = BTreeMap::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let mut words = line.split(' ');
            let year: i32 = words.next().unwrap().parse().unwrap();
            let whose = words.next().unwrap().to_owned();
            let date = |word: &str| NaiveDate::parse_from_str(&format!("{word}.{year}"), "%d.%m.%Y").unwrap();
            assert!(laws.insert((year, whose), words.map(date).collect()).is_none(), "{line} comes twice");
        }
        Laws(laws)
    }

    fn line(&self, year: i32, whose: &str) -> &BTreeSet<NaiveDate> {
        self.0.get(&(year, whose.to_owned())).unwrap_or_else(|| panic!("the list has no {year} {whose}"))
    }

    /// All holidays of a Land, with those that an option adds.
    fn holidays(&self, year: i32, land: &str, option: Option<&str>) -> BTreeSet<NaiveDate> {
        let mut all = self.line(year, "all").clone();
        if land != "DE" {
            all.extend(self.line(year, land));
        }
        all.extend(option.into_iter().flat_map(|option| self.line(year, &format!("{land}+{option}"))));
        all
    }
}

/// Slots on every day, and no rule that says which tasks go where.
const EVERY_DAY: &str = "fn slots(day, slots) { [slot(\"tag\", \"08:00\", \"20:00\")] }";

fn holidays_of(land: &str, option: Option<&str>) -> Script {
    let mut script = library("german-holidays").unwrap();
    script.options.insert("land".to_owned(), OptionValue::Text(land.to_owned()));
    script.options.extend(option.map(|option| (option.to_owned(), OptionValue::Flag(true))));
    script
}

fn work(count: usize) -> Vec<Question> {
    let raw = b"---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n# Work\n";
    let question = |number: usize| {
        let file = FileName::parse(&format!("{number:04}.md")).unwrap();
        let Outcome::Task(task) = document::read(&file, raw) else { panic!("{number} is no task") };
        Question { task: Arc::from(task), body: None }
    };
    (0..count).map(question).collect()
}

/// The days of a year on which no work is planned, though there is enough of it to fill all slots.
fn days_without_work(year: i32, scripts: &[Script], work: &[Question]) -> BTreeSet<NaiveDate> {
    let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    let days = u16::try_from((NaiveDate::from_ymd_opt(year + 1, 1, 1).unwrap() - first).num_days()).unwrap();
    let horizon = Horizon::new(Zone::UTC, first.and_time(NaiveTime::MIN).and_utc(), days);
    let tasks: Vec<_> = work.iter().map(|question| question.task.clone()).collect();
    let rules = RuleSet::compile(scripts).unwrap();
    let asked = days_asked(&tasks, &horizon);
    let policy = rules.evaluate(&Questions { today: first, days: &asked, tasks: work }).unwrap();
    let timeline = plan(&tasks, Vec::new(), &policy, &horizon);
    assert_eq!(timeline.days.len(), usize::from(days));
    assert!(!timeline.waiting.is_empty(), "there was not enough work");
    let is_idle = |day: &&codexmiroir::domain::timeline::PlannedDay| day.slots.iter().all(|slot| slot.task.is_none());
    timeline.days.iter().filter(is_idle).map(|day| day.date).collect()
}

#[test]
fn the_holidays_of_every_land_are_those_of_the_law() {
    let laws = &Laws::read();
    let work = &work(367);
    let mut cases: Vec<(&str, Option<&str>)> = LANDS.map(|land| (land, None)).to_vec();
    cases.push(("DE", None));
    let optional =
        [("BY", "mariae-himmelfahrt"), ("BY", "friedensfest"), ("SN", "fronleichnam"), ("TH", "fronleichnam")];
    cases.extend(optional.map(|(land, option)| (land, Some(option))));
    let (even, odd): (Vec<_>, Vec<_>) = YEARS.partition(|year| year % 2 == 0);
    std::thread::scope(|scope| {
        for years in [even, odd] {
            let cases = &cases;
            scope.spawn(move || {
                for (year, (land, option)) in years.iter().flat_map(|year| cases.iter().map(|case| (*year, *case))) {
                    let scripts = [Script::new("every-day", EVERY_DAY), holidays_of(land, option)];
                    let expected = laws.holidays(year, land, option);
                    assert_eq!(days_without_work(year, &scripts, work), expected, "{year} {land} {option:?}");
                }
            });
        }
    });
    let lines = laws.0.len();
    assert_eq!(lines, YEARS.count() * (LANDS.len() + optional.len() + 2), "every line of the list was looked at");
}

#[test]
fn with_the_built_in_rules_work_rests_at_weekends_and_on_holidays() {
    let (laws, work) = (Laws::read(), work(600));
    for land in ["BB", "BY", "DE"] {
        let scripts = [library("spartan").unwrap(), holidays_of(land, None)];
        let mut expected = laws.holidays(2026, land, None);
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        expected.extend((0..365).map(|n| first + Days::new(n)).filter(|day| day.weekday().number_from_monday() > 5));
        assert_eq!(days_without_work(2026, &scripts, &work), expected, "{land}");
    }
}

#[test]
fn easter_is_where_the_list_has_it() {
    let laws = Laws::read();
    for year in YEARS {
        let slots = format!(
            "fn slots(day, slots) {{ if day == easter({year}) {{ [] }} else {{ [slot(\"a\", \"8:00\", \"9:00\")] }} }}"
        );
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let rules = RuleSet::compile(&[Script::new("easter", slots)]).unwrap();
        let mut days = (0..365).map(|n| first + Days::new(n));
        let easter = days.find(|day| rules.slots(*day, first).unwrap().is_empty());
        assert_eq!(easter.as_ref(), laws.line(year, "easter").first());
    }
}

/// A script of the library in a list, with options by which it changes the plans of the sample vault. `tag` is one that some
/// tasks of its user have.
fn used(name: &str, tag: &str) -> Value {
    let options = match name {
        "german-holidays" => json!({"land": "BW", "privat": "weekend"}),
        "four-day-week" => json!({"free": "mi", "privat": true}),
        "vacation" => json!({"from": "15.10.2025", "until": "17.10.2025", "privat": false}),
        "deadline-first" => json!({"days": 30}),
        "evenings-for-sport" => json!({"tag": tag}),
        _ => return json!({"use": name}),
    };
    json!({"use": name, "options": options})
}

/// Before a week, within a slot that is no longer offered, at Christmas.
const INSTANTS: [&str; 3] = ["2025-10-13T06:00:00Z", "2025-10-14T08:00:00Z", "2025-12-22T06:00:00Z"];

/// Where each task is at each instant; each is in one place.
async fn stands(user: &TestUser, files: &BTreeSet<String>) -> Vec<BTreeMap<String, String>> {
    let mut stands = Vec::new();
    for now in INSTANTS {
        let codex = user.get(&format!("/codex?now={now}")).await.json();
        assert_eq!(codex["rules"]["ok"], true, "{codex:#}");
        let place = |file: &String| match &places(&codex, file)[..] {
            [place] => (file.clone(), place.clone()),
            others => panic!("{file} is in {others:?}, with {}", codex["rules"]),
        };
        stands.push(files.iter().map(place).collect());
    }
    stands
}

/// The open tasks, readable or not, as the built-in rules have them.
async fn candidates(user: &TestUser, folder: &std::path::Path) -> BTreeSet<String> {
    let codex = user.codex().await;
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !places(&codex, name).is_empty()).collect()
}

async fn every_list_plans(name: &str, tag: &str) {
    let server = TestServer::start().await;
    let user = server.user(name).await;
    server.import(&user, &vault(name)).await;
    let files = candidates(&user, &vault(name)).await;
    assert!(files.len() > 20, "{files:?}");
    let usual = stands(&user, &files).await;
    let others: Vec<&str> = library_names().filter(|name| *name != "spartan").collect();
    let planned = async |names: &[&str]| {
        set(&user, &json!({"rules": names.iter().map(|name| used(name, tag)).collect::<Vec<_>>()})).await;
        stands(&user, &files).await
    };
    for one in &others {
        // It does something; and in front of the rules that say the slots it is no error.
        assert_ne!(planned(&["spartan", one]).await, usual, "{one}");
        planned(&[one, "spartan"]).await;
    }
    for (at, first) in others.iter().enumerate() {
        for second in &others[at + 1..] {
            let forth = planned(&["spartan", first, second]).await;
            assert_eq!(planned(&["spartan", second, first]).await, forth, "{first} and {second} in either order");
        }
    }
    let mut all = [&["spartan"], &others[..]].concat();
    let forth = planned(&all).await;
    all[1..].reverse();
    assert_eq!(planned(&all).await, forth, "all of them in either order");
    all.reverse();
    planned(&all).await;
}

#[tokio::test]
async fn any_of_them_plan_lenas_tasks_together_and_lose_none() {
    every_list_plans("lena", "wohnung").await;
}

#[tokio::test]
async fn any_of_them_plan_toms_tasks_together_and_lose_none() {
    every_list_plans("tom", "team").await;
}

/// What a ready rule says in German; in English it stays as it is.
fn in_german(english: &str) -> String {
    assert_eq!(said(english, Lang::En), english);
    let german = said(english, Lang::De).into_owned();
    assert!(german != english && !german.contains("{}"), "nobody wrote in German: {english:?}, {german:?}");
    german
}

#[test]
fn whatever_they_say_of_themselves_is_there_in_german() {
    for name in library_names() {
        let about = about(&library(name).unwrap()).unwrap();
        in_german(about.description.as_deref().unwrap());
        for option in &about.options {
            in_german(option.label.as_deref().unwrap());
            if let OptionKind::Choice { among } = &option.kind {
                // Codes of Länder and days are two letters, the same for everybody.
                among.iter().filter(|word| word.len() > 2).for_each(|word| drop(in_german(word)));
            }
        }
    }
}

#[test]
fn what_is_set_of_them_stands_in_the_german_sentence_too() {
    let told = |name: &str, options: &[(&str, &str)]| {
        let mut script = library(name).unwrap();
        let options = options.iter().map(|(name, value)| ((*name).to_owned(), OptionValue::Text((*value).to_owned())));
        script.options.extend(options);
        in_german(about(&script).unwrap().description.as_deref().unwrap())
    };
    let german = told("german-holidays", &[("land", "BY")]);
    assert!(german.starts_with("Keine Arbeit an den Feiertagen des Landes BY. "), "{german}");
    let german = told("vacation", &[("from", "03.08.2026"), ("until", "21.08.2026")]);
    assert!(german.starts_with("Keine Arbeit vom 03.08.2026 bis zum 21.08.2026. "), "{german}");
    let german = told("evenings-for-sport", &[("tag", "chor"), ("slot", "nachts")]);
    assert!(german.contains("Schlagwort chor füllen jeden Tag den Slot nachts. "), "{german}");
    assert_eq!(said("No work", Lang::De), "No work", "words of somebody else stay");
}

#[tokio::test]
async fn a_german_reader_sees_them_in_german_and_ones_own_as_they_are_written() {
    let server = TestServer::start().await;
    let (mut browser, lena) = signed_in(&server, "lena").await;
    assert_eq!(lena.put("/api/settings", &json!({"language": "de"})).await.status, 200);
    let own = "fn describe() { \"First day\" } fn place(task, today) { anywhere() }";
    let listed = [json!({"use": "spartan"}), json!({"use": "german-holidays"}), json!({"name": "mine", "script": own})];
    set(&lena, &json!({"rules": listed})).await;
    let page = browser.open("/rules").await;
    for part in [
        "<p>Arbeit an Werktagen, Privates am Wochenende",
        ">Auch der 8. August (Augsburg)</label>",
        "<option value=\"usual\" selected>wie sonst</option>",
        "Keine Arbeit in deinem Urlaub. ",
        "<p>First day</p>",
    ] {
        assert!(page.text.contains(part), "no {part:?} in {}", page.text);
    }
    assert!(!page.text.contains("Put it behind"), "{}", page.text);
}
