//! The plan under other rules beside the present one: what is said of it is what setting them does, and nothing else happens.

mod told;

use chrono::{DateTime, TimeDelta, Utc};
use codexmiroir::domain::ids::UserName;
use codexmiroir::domain::lang::Lang;
use codexmiroir::domain::script::{RuleEntry, Script};
use codexmiroir::domain::theme::Theme;
use codexmiroir::domain::zone::Zone;
use codexmiroir::service::folder::Folder;
use codexmiroir::service::preview::{Previewed, preview_folder};
use codexmiroir::service::rulebook::RuleBook;
use codexmiroir::store::Settings;
use codexmiroir::view::preview::{Preview, PreviewJson};
use codexmiroir::view::{json as timeline_json, text};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::harness::{MONDAY, Start, TestServer, TestUser, closed_dir, instant, vault};
use crate::rules::{one_slot, set, shown};

/// Scripts that each change the week in a way of its own; they apply behind the built-in one.
const SCRIPTS: [(&str, &str); 7] = [
    ("nothing", "fn describe() { \"nothing\" }"),
    (
        "other-hours",
        "fn slots(day, slots) { if day.weekday == 3 { [slot(\"morgens\", \"08:00\", \"11:00\").manual()] } else { slots } }",
    ),
    (
        "other-days",
        "fn slots(day, slots) { if day.weekday == 1 { [] } else if day.weekend { [slot(\"frueh\", \"07:00\", \"09:00\")] } else { slots } }",
    ),
    ("evenings", "fn slots(day, slots) { slots + [slot(\"nachts\", \"22:00\", \"23:30\")] }"),
    (
        "some-never",
        "fn place(task, today) { if task.number % 3 == 0 { never(\"nicht die \" + task.number) } else { anywhere() } }",
    ),
    (
        "due-first",
        "fn place(task, today) { if task.deadline != () { anywhere().ahead_of_line(1) } else { on([\"so\"]).because(\"sonntags\") } }",
    ),
    (
        "no-sundays",
        "fn slots(day, slots) { if day.weekday == 7 { [] } else { slots } }\nfn place(task, today) { if task.number % 2 == 0 { on([\"so\"]) } else { anywhere() } }",
    ),
];

fn list((name, script): (&str, &str)) -> Value {
    json!({"rules": [{"use": "spartan"}, {"name": name, "script": script}]})
}

/// A preview, which must be answered.
async fn preview(user: &TestUser, query: &str, rules: &Value) -> Value {
    let answer = user.post(&format!("/api/rules/preview{query}"), rules).await;
    assert_eq!(answer.status, 200, "{query} {rules}: {}", answer.text);
    answer.json()
}

/// A timeline in another view, which must be answered.
async fn codex(user: &TestUser, query: &str) -> Value {
    let answer = user.get(&format!("/codex{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    answer.json()
}

#[tokio::test]
async fn what_is_said_is_what_setting_does() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import(&lena, &vault("lena")).await;
    // In the evening the running slot is not offered any more.
    let views = ["", "?days=15", "?now=2025-10-17T19:30:00%2B02:00", "?days=3&now=2025-10-13T19:30:00%2B02:00"];
    let mut timelines = Vec::new();
    for script in SCRIPTS {
        set(&lena, &list(script)).await;
        let mut of_script = Vec::new();
        for view in views {
            of_script.push(codex(&lena, view).await);
        }
        timelines.push(of_script);
    }
    let mut seen = 0;
    for (present, script) in SCRIPTS.into_iter().enumerate() {
        set(&lena, &list(script)).await;
        let (before, history) = (lena.codex().await, lena.get("/api/history").await.text);
        for (candidate, script) in SCRIPTS.into_iter().enumerate() {
            // All views of one row, and one of every other.
            let at = if present == 0 { 0..views.len() } else { candidate % views.len()..candidate % views.len() + 1 };
            for view in at {
                let said = preview(&lena, views[view], &list(script)).await;
                let (was, will) = (&timelines[present][view], &timelines[candidate][view]);
                assert_eq!(told::lists(&said), told::difference(was, will), "{present} → {candidate} {}", views[view]);
                assert_eq!(said["candidate"], will["rules"]["name"]);
                assert_eq!((&said["present"], &said["generation"]), (&before["rules"], &before["generation"]));
                assert!(present != candidate || said["changed"] == false, "{said:#}");
                seen += usize::from(said["changed"] == true);
            }
        }
        assert_eq!((lena.codex().await, lena.get("/api/history").await.text), (before, history), "nothing was changed");
    }
    assert!(seen > 40, "only {seen} lists changed anything");
}

#[tokio::test]
async fn the_present_rules_change_nothing() {
    let folder = closed_dir();
    let file = folder.path().join("haus.rhai");
    std::fs::write(&file, one_slot("haus")).unwrap();
    let server = TestServer::start_with(Start { rules: vec![file], ..Start::default() }).await;
    let lena = server.user("lena").await;
    server.import(&lena, &vault("lena")).await;
    let same = async |user: &TestUser| {
        let rules = json!({"rules": shown(user).await["rules"]});
        let said = preview(user, "", &rules).await;
        (said["changed"].clone(), said["present"]["source"].clone(), told::lists(&said))
    };
    let nothing = told::difference(&lena.codex().await, &lena.codex().await);
    assert_eq!(same(&lena).await, (json!(false), json!("server"), nothing.clone()));
    set(&lena, &list(SCRIPTS[2])).await;
    assert_eq!(same(&lena).await, (json!(false), json!("user"), nothing.clone()));
    let builtin = TestServer::start().await;
    let tom = builtin.user("tom").await;
    builtin.import(&tom, &vault("tom")).await;
    assert_eq!(same(&tom).await, (json!(false), json!("builtin"), nothing));
}

/// Where the present rules fail, what is served counts: that of those that stand in.
#[tokio::test]
async fn beside_rules_that_fail_the_plan_that_is_served_counts() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import(&lena, &vault("lena")).await;
    set(&lena, &list(SCRIPTS[2])).await;
    let fragile = "fn place(task, today) { if task.title == \"Falle\" { throw \"hinein\" } anywhere() }";
    set(&lena, &list(("fragile", fragile))).await;
    lena.create(json!({"kategorie": "arbeit", "title": "Falle"})).await;
    let before = lena.codex().await;
    assert_eq!((&before["rules"]["ok"], &before["rules"]["version"]), (&json!(false), &json!(2)));

    let itself = preview(&lena, "", &list(("fragile", fragile))).await;
    assert_eq!((&itself["ok"], &itself["errors"][0]["message"]), (&json!(false), &json!("hinein")), "{itself}");
    assert_eq!(itself.as_object().unwrap().len(), 2, "nothing is planned with it: {itself}");
    let stands_in = preview(&lena, "", &list(SCRIPTS[2])).await;
    assert_eq!((&stands_in["changed"], &stands_in["present"]), (&json!(false), &before["rules"]));
    let drawn = preview(&lena, "?width=60", &list(SCRIPTS[2])).await["text"].as_str().unwrap().to_owned();
    assert!(drawn.contains("at present your rules failed: ") && drawn.ends_with("\nNothing changes.\n"), "{drawn}");

    let said = preview(&lena, "", &list(SCRIPTS[0])).await;
    set(&lena, &list(SCRIPTS[0])).await;
    assert_eq!(told::lists(&said), told::difference(&before, &lena.codex().await));
    assert_eq!(said["changed"], true);
}

#[tokio::test]
async fn lists_that_cannot_be_set_are_told_of_as_by_a_check() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import(&lena, &vault("lena")).await;
    let before = lena.codex().await;
    let tested = json!({"name": "a", "script": one_slot("a"), "tests": "fn test_x() { assert(1 == 2) }"});
    let bad = [
        json!({"script": "fn slots(day, slots) { [ }"}),
        json!({"script": "fn place(task, today) { on(\"werktag\") }"}),
        json!({"rules": [{"use": "spartan"}, {"name": "a", "script": "fn place(task, today) { throw task.id }"}]}),
        json!({"script": format!("{}fn place(task, today) {{ loop {{ }} }}", one_slot("a"))}),
        json!({"rules": [tested]}),
    ];
    for rules in bad {
        let checked = lena.post("/api/rules/check", &rules).await.json();
        assert_eq!(checked["ok"], false, "{rules}");
        assert_eq!(preview(&lena, "", &rules).await, checked, "{rules}");
    }
    for (query, name) in [("days=0", "days"), ("days=367", "days"), ("now=heute", "now"), ("width=19", "width")] {
        let refused = lena.post(&format!("/api/rules/preview?{query}"), &list(SCRIPTS[0])).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "malformed_query"), "{query}");
        assert!(refused.text.contains(name), "{}", refused.text);
    }
    let misspelt = lena.post("/api/rules/preview?day=3", &list(SCRIPTS[0])).await;
    assert_eq!((misspelt.status, misspelt.code().as_str()), (422, "unknown_field"));
    assert!(misspelt.text.contains("days"), "{}", misspelt.text);
    assert_eq!(lena.codex().await, before);
}

#[tokio::test]
async fn it_is_drawn_in_the_users_language_within_the_width() {
    let server = TestServer::start().await;
    let tom = server.user("tom").await;
    server.import(&tom, &vault("tom")).await;
    let change = tom.patch("/api/settings", &json!({"language": "de"})).await;
    assert_eq!(change.status, 200, "{}", change.text);
    assert_eq!(preview(&tom, "", &list(SCRIPTS[2])).await.get("text"), None, "it is drawn where a width is said");
    for width in [20, 50, 80, 120, 300] {
        let said = preview(&tom, &format!("?width={width}"), &list(SCRIPTS[2])).await;
        let drawn = said["text"].as_str().unwrap();
        for words in ["Mo 13.10.", "Verschoben", "Herausgefallen", "schließt:", "öffnet:", "- ", "+ "] {
            assert!(drawn.contains(words), "{width}: no {words}\n{drawn}");
        }
        assert!(drawn.lines().all(|line| text::columns_of(line) <= width), "{width}:\n{drawn}");
    }
    let nothing = preview(&tom, "?width=80", &json!({"rules": [{"use": "spartan"}]})).await;
    let drawn = "tom · Mo 13.10.2025 · Europe/Berlin · Regeln: spartan → spartan\n\nNichts ändert sich.\n";
    assert_eq!(nothing["text"], drawn);
}

/// What one task may be.
#[derive(Clone, Debug)]
struct Draft {
    number: u32,
    kategorie: &'static str,
    status: &'static str,
    deadline: Option<i64>,
    fixed: Option<(i64, &'static str)>,
}

impl Draft {
    fn file(&self, now: DateTime<Utc>) -> (String, Vec<u8>) {
        let day = |days: i64| (now + TimeDelta::days(days)).format("%d.%m.%Y");
        let deadline = self.deadline.map(|days| format!("deadline: {}\n", day(days))).unwrap_or_default();
        let fixed = self.fixed.map(|(days, zeit)| format!("fixedSlot:\n  datum: {}\n  zeit: {zeit}\n", day(days)));
        let Draft { number, kategorie, status, .. } = self;
        let head =
            format!("typ: task\nkategorie: {kategorie}\nstatus: {status}\n{deadline}{}", fixed.unwrap_or_default());
        (format!("{number:04}-x.md"), format!("---\n{head}---\n\n# Nr {number}\n").into_bytes())
    }
}

fn any_draft() -> impl Strategy<Value = Draft> {
    let status = select(&["offen", "offen", "offen", "offen", "abgeschlossen", "nie"][..]);
    let zeit = select(&["morgens", "nachmittags", "abends", "frueh", "nachts"][..]);
    let (kategorie, deadline) = (select(&["arbeit", "privat", "garten"][..]), option::of(-3_i64..12));
    let fixed = option::weighted(0.4, (-3_i64..10, zeit));
    (0_u32..60, kategorie, status, deadline, fixed).prop_map(|(number, kategorie, status, deadline, fixed)| Draft {
        number,
        kategorie,
        status,
        deadline,
        fixed,
    })
}

/// The list of a script behind the built-in one, as it is tried and as it applies.
fn lists_of(folder: &std::path::Path) -> Vec<(Vec<RuleEntry>, RuleBook)> {
    let of = |(name, source): (&str, &str)| {
        let file = folder.join(format!("{name}.rhai"));
        std::fs::write(&file, source).unwrap();
        let spartan = RuleEntry::Library { name: "spartan".to_owned(), options: Default::default() };
        let own = RuleEntry::Own { script: Script::new(name, source), tests: None };
        (vec![spartan, own], RuleBook::from_files(&["spartan".into(), file]).unwrap())
    };
    SCRIPTS.into_iter().map(of).collect()
}

fn as_json(preview: &Preview) -> [Value; 3] {
    let written = [
        serde_json::to_vec(&PreviewJson::of(preview, None)).unwrap(),
        timeline_json::timeline(&preview.present),
        timeline_json::timeline(&preview.candidate),
    ];
    written.map(|written| serde_json::from_slice(&written).unwrap())
}

/// Over random vaults: the present rules change nothing, and of two lists the difference of the plans is told.
#[test]
fn any_vault_is_previewed_as_it_would_be() {
    let folder = closed_dir();
    let lists = lists_of(folder.path());
    let user = UserName::parse("lena").unwrap();
    let vaults = (vec(any_draft(), 0..40), 0..lists.len(), 0..lists.len(), 0_i64..200, 1_u16..12);
    let mut runner = TestRunner::new(Config { cases: 96, ..Config::default() });
    let run = runner.run(&vaults, |(drafts, present, candidate, hours, days)| {
        let now = instant(MONDAY) + TimeDelta::hours(hours);
        let mut files: Vec<_> = drafts.iter().map(|draft| draft.file(now)).collect();
        files.sort();
        files.dedup_by(|one, other| one.0 == other.0);
        let folder = Folder { files, ..Folder::default() };
        let settings =
            Settings { zone: Zone::parse("Europe/Berlin").unwrap(), lang: Lang::En, days, theme: Theme::Auto };
        let previewed =
            |entries: &[RuleEntry]| match preview_folder(&folder, &lists[present].1, entries, &user, settings, now) {
                Previewed::Planned(preview) => *preview,
                Previewed::Refused(errors) => panic!("{errors:?}"),
            };
        let same = previewed(&lists[present].0);
        prop_assert!(same.is_empty() && same.met.is_empty(), "{:?}", same.difference);
        let other = previewed(&lists[candidate].0);
        let [said, before, after] = as_json(&other);
        prop_assert_eq!(told::lists(&said), told::difference(&before, &after));
        for width in [20, 60, 120] {
            let drawn = text::preview(&other, width);
            prop_assert!(drawn.lines().all(|line| text::columns_of(line) <= width), "{}", drawn);
            prop_assert_eq!(drawn.ends_with("Nothing changes.\n"), other.is_empty());
        }
        Ok(())
    });
    run.unwrap();
}
