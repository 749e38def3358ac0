//! Looking back on one's weeks: the numbers beside what was seen while they went by, and the page in a real browser.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate, TimeDelta};
use reqwest::Method;
use serde_json::{Value, json};

use crate::account_pages::signed_in;
use crate::browser::with_browser;
use crate::harness::{Answer, Start, TestServer, TestUser, vault};
use crate::look::look;
use crate::visitor::{PASSWORD, Visitor};

/// A Monday.
const FIRST: NaiveDate = NaiveDate::from_ymd_opt(2025, 9, 1).unwrap();
/// Weeks that are lived from there on.
const LIVED: u64 = 6;

fn monday(week: u64) -> NaiveDate {
    FIRST + Days::new(week * 7)
}

fn set(server: &TestServer, day: NaiveDate, time: &str) {
    // Summer time until the 26th of October.
    server.set_clock(&format!("{day}T{time}+02:00"));
}

fn german(day: NaiveDate) -> String {
    day.format("%d.%m.%Y").to_string()
}

async fn back(user: &TestUser) -> Value {
    let answer = user.get("/api/looking-back").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// The files of the tasks that stand in slots of a week.
fn standing(codex: &Value, monday: NaiveDate) -> BTreeSet<String> {
    let days: BTreeSet<String> = (0..7).map(|day| german(monday + Days::new(day))).collect();
    let of_week =
        codex["timeline"].as_array().unwrap().iter().filter(|day| days.contains(day["datum"].as_str().unwrap()));
    let slots = of_week.flat_map(|day| day["slots"].as_array().unwrap());
    slots.filter_map(|slot| slot["task"]["file"].as_str()).map(str::to_owned).collect()
}

/// What was planned and done of each week, as it was seen then.
struct Lived {
    server: TestServer,
    browser: Visitor,
    tom: TestUser,
    /// By the Monday.
    kept: BTreeMap<String, (usize, usize)>,
    done: BTreeMap<String, usize>,
}

/// A document that says that its task was done on a day.
fn done_on(kategorie: &str, day: &str) -> String {
    let done = format!("abgeschlossen_am:\n  datum: {day}\n  zeit: morgens\n");
    format!("---\ntyp: task\nkategorie: {kategorie}\nstatus: abgeschlossen\n{done}---\n# Fertig\n")
}

/// Somebody's weeks: each Monday it is seen what stands in the week, on Tuesday some of it is done, and something else.
async fn lived() -> Lived {
    let server = TestServer::start_with(Start { now: "2025-09-01T00:00:00+02:00", ..Start::default() }).await;
    let (_, tom) = signed_in(&server, "tom").await;
    server.import(&tom, &vault("tom")).await;
    let (mut kept, mut done): (BTreeMap<String, (usize, usize)>, BTreeMap<String, usize>) = Default::default();
    let mut before: Option<(String, String)> = None;
    for week in 0..LIVED {
        set(&server, monday(week), "00:00:00");
        let stood = standing(&tom.codex().await, monday(week));
        set(&server, monday(week) + Days::new(1), "10:00:00");
        let slot = json!({"datum": german(monday(week) + Days::new(1)), "zeit": "morgens"});
        let some: Vec<&String> = stood.iter().take(usize::try_from(week % 3).unwrap()).collect();
        for file in &some {
            tom.complete(file, slot.clone()).await;
        }
        let day = slot["datum"].as_str().unwrap();
        server.import_document(&tom, &format!("01{week:02}-Beet.md"), &done_on("garten", &format!("'{day}'"))).await;
        let of_week = german(monday(week));
        kept.insert(of_week.clone(), (stood.len(), some.len()));
        done.insert(of_week, some.len() + 1);
        // That something of the week before is gone now does not undo it there, but it is no task any more.
        set(&server, monday(week) + Days::new(2), "12:00:00");
        if let Some((file, week)) = before.take() {
            assert_eq!(tom.delete(&format!("/api/tasks/{file}")).await.status, 200);
            *done.get_mut(&week).unwrap() -= 1;
        }
        before = some.first().map(|file| ((*file).clone(), german(monday(week))));
    }
    set(&server, monday(LIVED - 1) + Days::new(10), "12:00:00");
    let browser = Visitor::signed_in(&server, "tom").await;
    Lived { server, browser, tom, kept, done }
}

#[tokio::test]
async fn each_week_is_told_as_it_was_seen() {
    let Lived { server: _server, tom, kept, done, .. } = lived().await;
    let told = back(&tom).await;
    assert_eq!(told["week"], "2025-W42");
    let planned = told["planned"].as_array().unwrap();
    assert_eq!(planned.len(), 8);
    for week in planned {
        let monday = week["monday"].as_str().unwrap();
        let Some((stood, done)) = kept.get(monday) else {
            // Before the account began nothing is known; the present week began after all that was done.
            let is_known = week["planned"].is_u64();
            assert_eq!(is_known, monday == "13.10.2025", "{week}");
            continue;
        };
        assert_eq!(
            (week["planned"].as_u64(), week["done"].as_u64()),
            (Some(*stood as u64), Some(*done as u64)),
            "{week}"
        );
        assert!(week.get("otherBasis").is_none(), "{week}");
    }
    assert!(kept.values().any(|(stood, done)| *done > 0 && done < stood), "{kept:?}");
    let weeks = told["completed"]["weeks"].as_array().unwrap();
    assert_eq!(weeks.len(), 26);
    for week in weeks {
        let monday = week["monday"].as_str().unwrap();
        let expected = done.get(monday).copied().unwrap_or(0) + of_vault(monday);
        assert_eq!(week["total"], expected, "{week}");
        let garden = week["byCategory"].as_array().unwrap().iter().find(|of| of["kategorie"] == "garten").unwrap();
        assert_eq!(garden["count"], u64::from(done.contains_key(monday)), "{week}");
    }
}

/// Tasks of the vault that are done in a week, as their files say.
fn of_vault(monday: &str) -> usize {
    let monday = NaiveDate::parse_from_str(monday, "%d.%m.%Y").unwrap();
    let days: Vec<String> = (0..7).map(|day| german(monday + Days::new(day))).collect();
    let files = std::fs::read_dir(vault("tom")).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()));
    let is_in = |text: &String| {
        let done =
            text.split("abgeschlossen_am").nth(1).and_then(|rest| rest.lines().find(|line| line.contains("datum")));
        text.contains("status: abgeschlossen") && done.is_some_and(|line| days.iter().any(|day| line.contains(day)))
    };
    files.filter_map(Result::ok).filter(is_in).count()
}

async fn bring(user: &TestUser, export: Answer) -> Answer {
    let request = user.request(Method::POST, "/api/import").header("Content-Type", "application/json");
    Answer::of(request.body(export.text)).await
}

fn age(told: &Value, age: &str) -> u64 {
    let ages = told["ages"].as_array().unwrap();
    ages.iter().find(|of| of["age"] == age).unwrap()["count"].as_u64().unwrap()
}

#[tokio::test]
async fn open_tasks_are_as_old_as_the_history_says() {
    let server = TestServer::start().await;
    let tom = server.user("tom").await;
    server.import(&tom, &vault("tom")).await;
    let open =
        |told: &Value| told["ages"].as_array().unwrap().iter().map(|of| of["count"].as_u64().unwrap()).sum::<u64>();
    let told = back(&tom).await;
    let all = tom.tasks().await.iter().filter(|task| task["status"] == "offen").count() as u64;
    assert_eq!((age(&told, "week"), open(&told), &told["ageUnknown"]), (all, all, &json!(0)));
    server.set_clock("2025-11-13T08:00:00+01:00");
    let id = tom.create(json!({"kategorie": "arbeit", "title": "Jung"})).await;
    let told = back(&tom).await;
    assert_eq!((age(&told, "week"), age(&told, "three_months")), (1, all));
    server.set_clock("2026-11-20T08:00:00+01:00");
    // What is edited is no younger for that, and what is done is not open.
    tom.update(&id, json!({"title": "Noch immer jung"})).await;
    let told = back(&tom).await;
    assert_eq!((age(&told, "more"), open(&told)), (all + 1, all + 1));
    tom.complete(&id, json!({})).await;
    assert_eq!(open(&back(&tom).await), all);

    // A history that was brought says how old a task was elsewhere; the weeks that were lived there are not known here.
    let export = tom.get("/api/export?format=json&history=true").await;
    let lena = server.user("lena").await;
    assert_eq!(bring(&lena, export).await.status, 200);
    let here = back(&lena).await;
    assert_eq!((age(&here, "more"), open(&here)), (all, all), "{here}");
    assert!(here["planned"].as_array().unwrap().iter().all(|week| week["planned"].is_null()), "{here}");
    assert!(back(&tom).await["planned"].as_array().unwrap().iter().all(|week| week["planned"].is_u64()));
}

#[tokio::test]
async fn weeks_of_other_rules_are_told_as_such() {
    let server = TestServer::start().await;
    let tom = server.user("tom").await;
    server.import(&tom, &vault("tom")).await;
    let rules = server.data_dir().join("evenings.rhai");
    std::fs::write(&rules, "fn slots(day, slots) { [slot(\"abends\", \"18:00\", \"21:30\")] }\n").unwrap();
    server.set_clock("2025-10-21T08:00:00+02:00");
    let server = server.restart_with(Start { rules: vec![rules], ..Start::default() }).await;
    let tom = server.again(&tom);
    let told = back(&tom).await;
    let last = told["planned"].as_array().unwrap().last().unwrap();
    // One slot a day.
    assert_eq!((&last["planned"], &last["otherBasis"]), (&json!(7), &json!(true)), "{last}");
    let page = tom.get("/looking-back").await;
    assert!(page.text.contains("Some of these weeks were planned by another version"), "{}", page.text);
}

#[tokio::test]
async fn the_generation_of_an_instant_is_the_last_one_before_it() {
    let server = TestServer::start().await;
    let [tom, lena] = [server.user("tom").await, server.user("lena").await];
    let mut stood = vec![(server.clock.now(), 0)];
    for minute in [1, 2, 2, 3, 7, 7, 7, 8, 20, 21, 40] {
        server.set_clock(&format!("2025-10-13T08:{minute:02}:00+02:00"));
        tom.create(json!({"kategorie": "arbeit", "title": "Eins"})).await;
        stood.push((server.clock.now(), tom.generation().await));
    }
    let at = |user: &TestUser, instant| {
        let id = server.service().require_user(&user.name).unwrap().id;
        server.service().store().generation_at(id, instant).unwrap().0
    };
    for (place, (instant, _)) in stood.iter().enumerate() {
        for offset in [-1, 0, 1] {
            let asked = *instant + TimeDelta::milliseconds(offset);
            let last =
                stood.iter().rev().find(|(instant, _)| *instant <= asked).map_or(0, |(_, generation)| *generation);
            assert_eq!(at(&tom, asked), last, "{place} {offset}");
        }
    }
    // What was brought is nothing that the account stood at.
    let export = tom.get("/api/export?format=json&history=true").await;
    assert_eq!(bring(&lena, export).await.status, 200);
    let now = server.clock.now();
    assert_eq!(at(&lena, now - TimeDelta::milliseconds(1)), 0);
    assert_eq!(at(&lena, now), lena.generation().await);
}

/// Inside each element of this name.
fn each<'t>(text: &'t str, element: &str) -> Vec<&'t str> {
    let (open, close) = (format!("<{element}"), format!("</{element}>"));
    text.split(&open).skip(1).map(|part| part.split(&close).next().unwrap()).collect()
}

#[tokio::test]
async fn the_page_draws_what_the_numbers_say_and_says_so_in_both_languages() {
    let Lived { server: _server, mut browser, tom, .. } = lived().await;
    let told = back(&tom).await;
    for (language, title, table) in [("en", "Looking back", "As numbers"), ("de", "Rückblick", "In Zahlen")] {
        assert_eq!(tom.patch("/api/settings", &json!({"language": language})).await.status, 200);
        let page = browser.open("/looking-back").await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.contains(&format!("<h1>{title}</h1>")), "{}", page.text);
        assert!(page.text.contains(&format!(" aria-current=\"page\">{title}</a>")));
        assert!(!page.text.contains("style=") && !page.text.contains("=\"#"), "{}", page.text);
        let drawings = each(&page.text, "svg");
        assert_eq!((drawings.len(), page.text.matches(table).count()), (9, 3));
        for drawing in &drawings {
            assert!(drawing.contains("role=\"img\"") && drawing.contains("</title>") && drawing.contains("</desc>"));
        }
        // Two parts for each week that is known, less those that are nothing.
        let parts = |drawing: &str, tone: &str| drawing.matches(&format!("class=\"tone-{tone}\"")).count();
        let weeks = told["planned"].as_array().unwrap();
        let kept = weeks.iter().filter(|week| week["done"].as_u64() > Some(0)).count();
        let missed = weeks.iter().filter(|week| week["done"].as_u64() < week["planned"].as_u64()).count();
        for drawing in &drawings[3..6] {
            assert_eq!((parts(drawing, "private"), parts(drawing, "quiet")), (kept, missed));
            assert_eq!(
                drawing.matches(">\n?\n<").count(),
                weeks.iter().filter(|week| week["planned"].is_null()).count()
            );
        }
        // The newest first, with the same numbers as the interface.
        let rows: Vec<Vec<&str>> = each(each(&page.text, "tbody")[1], "tr").iter().map(|row| each(row, "td")).collect();
        for (row, week) in rows.iter().zip(weeks.iter().rev()) {
            match week["planned"].as_u64() {
                Some(planned) => {
                    let done = week["done"].to_string();
                    assert!(
                        row[0] == format!(">{planned}") && row[1].starts_with(&format!(">{done}")),
                        "{row:?} {week}"
                    );
                }
                None => assert!([">unknown", ">unbekannt"].contains(&row[0]), "{row:?}"),
            }
        }
        assert_eq!(rows.len(), 8);
    }
}

#[tokio::test]
async fn who_is_new_reads_sentences() {
    let server = TestServer::start().await;
    let (mut browser, lena) = signed_in(&server, "lena").await;
    for (language, sentences) in [
        ("en", ["Nothing was done in these weeks yet.", "When a week that began with tasks", "No task is open."]),
        (
            "de",
            [
                "In diesen Wochen ist noch nichts erledigt.",
                "Sobald eine Woche mit Aufgaben",
                "Keine Aufgabe ist offen.",
            ],
        ),
    ] {
        assert_eq!(lena.patch("/api/settings", &json!({"language": language})).await.status, 200);
        let page = browser.open("/looking-back").await;
        assert!(!page.text.contains("<svg") && !page.text.contains("<table"), "{}", page.text);
        for sentence in sentences {
            assert!(page.text.contains(sentence), "no {sentence:?} in {}", page.text);
        }
    }
    // Who wrote no day, or one that is far away, is told of it.
    let undated = "---\ntyp: task\nkategorie: <b>\nstatus: abgeschlossen\n---\n# Fertig\n".to_owned();
    let day = |datum: &str| done_on("<b>", datum);
    for (number, document) in [undated, day("'01.01.1999'"), day("'01.01.2030'")].iter().enumerate() {
        server.import_document(&lena, &format!("{number:04}-Fertig.md"), document).await;
    }
    let page = browser.open("/looking-back").await;
    assert!(
        page.text.contains("1 vor diesen Wochen, 1 laut Datei an einem späteren Tag, 1 ohne Tag in der Datei."),
        "{}",
        page.text
    );
    server.import_document(&lena, "0007-Fertig.md", &day("'13.10.2025'")).await;
    let page = browser.open("/looking-back").await;
    assert!(page.text.contains("&lt;b&gt;") && !page.text.contains("<b>"), "{}", page.text);
}

/// Of each plot that is shown, how large it is beside how large it was drawn, and whether it is alone with its name.
const SCALES: &str = "return [...document.querySelectorAll('svg')].filter(e => e.clientWidth > 0)
    .map(e => [e.clientWidth / e.viewBox.baseVal.width, e.querySelector('title').textContent]);";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_readable_on_every_screen() {
    let Lived { server, tom, .. } = lived().await;
    let (login, page) = (server.url("/login"), server.url("/looking-back"));
    with_browser(|browser| async move {
        browser.go(&login).await;
        browser.fill("input[name=name]", "tom").await;
        browser.fill("input[name=password]", PASSWORD).await;
        browser.click("button[type=submit]").await;
        for language in ["en", "de"] {
            assert_eq!(tom.patch("/api/settings", &json!({"language": language})).await.status, 200);
            look(&browser, &page, &format!("looking-back-{language}")).await;
            for width in [240, 320, 367, 368, 390, 600, 799, 800, 1280] {
                browser.set_screen(width, 800).await;
                let shown = browser.evaluate(SCALES).await;
                let shown = shown.as_array().unwrap();
                assert_eq!(shown.len(), 3, "one of each: {shown:?}");
                assert!(shown.iter().all(|plot| plot[0].as_f64().unwrap() >= 1.0), "text of {width}: {shown:?}");
            }
            browser.evaluate("document.querySelectorAll('details').forEach(e => e.open = true); return 0").await;
            crate::look::look_here(&browser, &format!("looking-back-numbers-{language}")).await;
        }
    })
    .await;
}

#[tokio::test]
async fn weeks_are_those_of_where_one_is() {
    let server = TestServer::start_with(Start { now: "2025-10-12T23:30:00+02:00", ..Start::default() }).await;
    let tom = server.user("tom").await;
    assert_eq!(back(&tom).await["week"], "2025-W41");
    assert_eq!(tom.patch("/api/settings", &json!({"timeZone": "Asia/Tokyo"})).await.status, 200);
    let told = back(&tom).await;
    assert_eq!(told["week"], "2025-W42");
    // There the week began before the account did.
    assert!(told["planned"].as_array().unwrap().iter().all(|week| week["planned"].is_null()), "{told}");
}
