use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{Days, NaiveDate, NaiveTime};

use super::*;
use crate::domain::ids::{DocKey, FileName};
use crate::domain::policy::{Policy, SlotSpec, Verdict};
use crate::domain::task::{Status, Task};

mod hostile;
mod options;
mod refused;
#[path = "../../tests/suite/refused_scripts.rs"]
mod refused_scripts;

const MONDAY: NaiveDate = NaiveDate::from_ymd_opt(2025, 10, 13).unwrap();

fn script(name: &str, source: &str) -> Script {
    Script::new(name, source)
}

fn rule_set(source: &str) -> Result<RuleSet, RuleError> {
    RuleSet::compile(&[script("mine", source)])
}

fn spartan_and(sources: &[&str]) -> RuleSet {
    let mut scripts = builtin();
    scripts.extend(sources.iter().enumerate().map(|(n, source)| script(&format!("s{n}"), source)));
    RuleSet::compile(&scripts).unwrap()
}

fn time(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").unwrap()
}

fn spec(zeit: &str, from: &str, to: &str, cutoff: &str, auto: bool) -> SlotSpec {
    SlotSpec { zeit: zeit.to_owned(), from: time(from), to: time(to), cutoff: time(cutoff), auto }
}

fn week() -> Vec<NaiveDate> {
    (0..7).map(|n| MONDAY + Days::new(n)).collect()
}

fn question(number: u32, kategorie: &str) -> Question {
    let task = Task {
        key: DocKey::of(FileName::parse(&format!("{number:04}-Titel.md")).unwrap()),
        title: "Steuer".to_owned(),
        kategorie: kategorie.to_owned(),
        status: Status::Offen,
        tags: vec!["finanzen".to_owned(), "wichtig".to_owned()],
        deadline: NaiveDate::from_ymd_opt(2025, 10, 31),
        fixed_slot: None,
        abgeschlossen_am: None,
    };
    Question { task: Arc::new(task), body: Some(Arc::from("Belege suchen")) }
}

fn evaluate(rules: &RuleSet, tasks: &[Question]) -> Result<Policy, RuleError> {
    rules.evaluate(&Questions { today: MONDAY, days: &week().into_iter().collect(), tasks })
}

/// Where a task of the category may go, as `Mo morgens, …`.
fn allowed(rules: &RuleSet, kategorie: &str) -> String {
    let policy = evaluate(rules, &[question(1, kategorie)]).unwrap();
    match &**policy.verdicts.values().next().unwrap() {
        Verdict::Never { because } => format!("never: {because}"),
        Verdict::Allowed(constraint) => {
            let slots = policy.days.iter().flat_map(|(day, slots)| slots.iter().map(move |slot| (*day, &slot.zeit)));
            let fitting = slots.filter(|(day, zeit)| constraint.allows(*day, zeit));
            fitting.map(|(day, zeit)| format!("{}{}", day.format("%d"), &zeit[..1])).collect::<Vec<_>>().join(" ")
        }
    }
}

/// What the expression is, said by a rule: `place` refuses with its text.
fn value_of(expression: &str) -> String {
    let source = format!("fn slots(day, slots) {{ [] }} fn place(task, today) {{ never(`${{{expression}}}`) }}");
    allowed(&rule_set(&source).unwrap(), "arbeit").trim_start_matches("never: ").to_owned()
}

#[test]
fn the_built_in_rules_are_those_of_the_documentation() {
    let rules = RuleSet::compile(&builtin()).unwrap();
    rules.check().unwrap();
    assert_eq!(rules.name(), "spartan");
    assert!(!rules.reads_bodies());
    assert_eq!(rules.categories().unwrap(), ["arbeit", "privat"]);
    let table = [
        spec("morgens", "09:00", "12:30", "09:00", true),
        spec("nachmittags", "13:30", "17:00", "14:00", true),
        spec("abends", "18:00", "21:30", "19:00", false),
    ];
    for day in week() {
        assert_eq!(*rules.slots(day, MONDAY).unwrap(), table);
    }
    assert_eq!(allowed(&rules, "arbeit"), "13m 13n 13a 14m 14n 14a 15m 15n 15a 16m 16n 16a 17m 17n 17a");
    assert_eq!(allowed(&rules, "privat"), "18m 18n 18a 19m 19n 19a");
    assert_eq!(allowed(&rules, "sport"), "never: unbekannte Kategorie sport");
}

#[test]
fn equal_answers_are_one_value() {
    let rules = RuleSet::compile(&builtin()).unwrap();
    let tasks: Vec<_> = (0..9).map(|n| question(n, ["arbeit", "privat", "sport"][n as usize % 3])).collect();
    let policy = evaluate(&rules, &tasks).unwrap();
    assert_eq!((policy.days.len(), policy.verdicts.len()), (7, 9));
    let distinct: BTreeSet<_> = policy.verdicts.values().map(Arc::as_ptr).collect();
    assert_eq!(distinct.len(), 3);
    let days: BTreeSet<_> = policy.days.values().map(|slots| slots.as_ptr()).collect();
    assert_eq!(days.len(), 1);
    assert_eq!(evaluate(&rules, &tasks).unwrap(), policy);
}

#[test]
fn scripts_of_a_list_are_intersected() {
    let rules = spartan_and(&[
        "fn place(task, today) { on([\"mo\", \"Dienstag\", 3, weekends]).at(\"Morgens\").because(\"früh\") }",
        "fn place(task, today) { anywhere().from(today.date + 1).up_to(\"19.10.2025\").because(\"später\") }",
    ]);
    assert_eq!(rules.name(), "s1");
    assert_eq!(allowed(&rules, "arbeit"), "14m 15m");
    assert_eq!(allowed(&rules, "privat"), "18m 19m");
    assert_eq!(allowed(&rules, "sport"), "never: unbekannte Kategorie sport");
    let policy = evaluate(&rules, &[question(1, "arbeit")]).unwrap();
    let Verdict::Allowed(constraint) = &**policy.verdicts.values().next().unwrap() else { panic!() };
    assert_eq!(constraint.because.as_deref(), Some("früh; später"));
}

#[test]
fn a_script_changes_what_those_before_it_said() {
    let rules = spartan_and(&[
        "fn slots(day, slots) { if day.weekday == 5 { return []; } slots }",
        "fn slots(day, slots) { slots.filter(|s| s.name != \"nachmittags\") }",
        "fn slots(day, slots) { slots.map(|s| if s.auto { s } else { s.auto().cutoff(s.von) }) }",
        "fn slots(day, slots) { if day.index == 0 { slots.push(slot(\"Nacht\", \"22:00\", \"23:59\")); } slots }",
    ]);
    let said = |day: u64| -> Vec<SlotSpec> { rules.slots(MONDAY + Days::new(day), MONDAY).unwrap().to_vec() };
    let morning = spec("morgens", "09:00", "12:30", "09:00", true);
    let evening = spec("abends", "18:00", "21:30", "18:00", true);
    assert_eq!(said(0), [morning.clone(), evening.clone(), spec("nacht", "22:00", "23:59", "22:00", true)]);
    assert_eq!(said(1), [morning, evening]);
    assert_eq!(said(4), []);
}

#[test]
fn hooks_are_optional_except_that_somebody_says_slots() {
    let rules = rule_set("fn slots(day, slots) { [slot(\"tag\", \"8:00\", \"20:00\")] }").unwrap();
    rules.check().unwrap();
    assert_eq!(allowed(&rules, "sonstwas"), "13t 14t 15t 16t 17t 18t 19t");
    let error = rule_set("fn place(task, today) { anywhere() }").err().unwrap();
    assert_eq!(
        error.message,
        "no script of the list defines slots(day, slots); put spartan first, whose slots it can keep"
    );
    assert!(RuleSet::compile(&[]).is_err());
}

#[test]
fn categories_are_declared() {
    let rules = spartan_and(&[
        "fn categories() { [\"arbeit\", \"privat\", \"Sport\"] }",
        "fn categories() { [\"sport\", \"haus\"] }",
    ]);
    assert_eq!(rules.categories().unwrap(), ["arbeit", "privat", "sport", "haus"]);
}

#[test]
fn what_stands_outside_functions_is_not_run() {
    rule_set("let x = 1 / 0; loop {} fn slots(day, slots) { [slot(\"tag\", \"8:00\", \"9:00\")] }")
        .unwrap()
        .check()
        .unwrap();
}

#[test]
fn methods_of_types_are_no_hooks() {
    let error = rule_set("fn string.slots(a, b) { [] }").err().unwrap();
    assert_eq!(
        error.message,
        "no script of the list defines slots(day, slots); put spartan first, whose slots it can keep"
    );
    let rules = rule_set("private fn slots(day, slots) { [slot(\"tag\".twice(), \"8:00\", \"9:00\")] } fn string.twice() { this + this }").unwrap();
    assert_eq!(rules.slots(MONDAY, MONDAY).unwrap()[0].zeit, "tagtag");
}

#[test]
fn constants_are_seen_everywhere() {
    let source = "
        fn slots(day, slots) { [slot(\"tag\", \"8:00\", \"20:00\")] }
        fn place(task, today) { let f = [1].map(|n| on(weekends)); if task.kategorie == \"privat\" { f[0] } else { helper() } }
        fn helper() { inner() }
        fn inner() { on(werktage) }";
    let rules = rule_set(source).unwrap();
    assert_eq!(allowed(&rules, "privat"), "18t 19t");
    assert_eq!(allowed(&rules, "arbeit"), "13t 14t 15t 16t 17t");
}

#[test]
fn a_task_is_seen_as_written() {
    for (expression, expected) in [
        ("task.number", "1"),
        ("task.nummer", "1"),
        ("task.id", "0001"),
        ("task.file", "0001-Titel.md"),
        ("task.datei", "0001-Titel.md"),
        ("task.title", "Steuer"),
        ("task.titel", "Steuer"),
        ("task.kategorie + task.category", "arbeitarbeit"),
        ("task.tags", "[\"finanzen\", \"wichtig\"]"),
        ("\"wichtig\" in task.tags", "true"),
        ("task.deadline", "31.10.2025"),
        ("task.deadline != () && task.deadline < today.date", "false"),
        ("task.body", "Belege suchen"),
        ("task.inhalt.contains(\"suchen\")", "true"),
    ] {
        assert_eq!(value_of(expression), expected, "{expression}");
    }
}

#[test]
fn days_and_dates_are_a_calendar() {
    for (expression, expected) in [
        ("today.date", "13.10.2025"),
        ("today", "13.10.2025"),
        ("today.datum", "13.10.2025"),
        ("[today.weekday, today.weekend, today.week, today.index]", "[1, false, 42, 0]"),
        ("[today.year, today.month, today.day, today.tag]", "[2025, 10, 13, 13]"),
        ("date(\"29.12.2025\").week", "1"),
        ("date(\"2025-12-24\") == date(2025, 12, 24)", "true"),
        ("date(\"1.4.2025\") != date(\"01.04.2025\")", "false"),
        ("date(\"24.12.2025\") - today.date", "72"),
        ("today - date(\"1.10.2025\")", "12"),
        ("today.date + 19", "01.11.2025"),
        ("date(\"1.3.2028\") - 1", "29.02.2028"),
        ("today < date(\"14.10.2025\") && today.date >= today", "true"),
        ("easter(2026) - 2", "03.04.2026"),
        ("`bis ${easter(2025)}` + today.date", "bis 20.04.202513.10.2025"),
    ] {
        assert_eq!(value_of(expression), expected, "{expression}");
    }
}

#[test]
fn every_word_has_its_other_name() {
    for (expression, expected) in [
        (
            "[task.frist == task.deadline, today.datum == today.date, today.wochentag, today.monat]",
            "[true, true, 1, 10]",
        ),
        ("datum(\"24.12.2025\") - ostern(2025)", "248"),
        ("slot(\"a\", \"8:00\", \"9:00\").schluss(\"8:30\").schluss", "08:30"),
        ("slot(\"a\", \"8:00\", \"9:00\").von_hand().automatisch", "false"),
        ("slot(\"a\", \"8:00\", \"9:00\").manual().automatisch().auto", "true"),
    ] {
        assert_eq!(value_of(expression), expected, "{expression}");
    }
    let rules = spartan_and(&["
        fn place(aufgabe, heute) {
            if aufgabe.kategorie == \"sport\" { return niemals(\"kein Sport\"); }
            if aufgabe.kategorie == \"privat\" { return ueberall(); }
            an(werktage).im_slot(\"morgens\").ab(heute + 1).bis(\"16.10.2025\").weil(\"so\").vorrang(2)
        }"]);
    rules.check().unwrap();
    assert_eq!(allowed(&rules, "arbeit"), "14m 15m 16m");
    assert_eq!(allowed(&rules, "privat"), "18m 18n 18a 19m 19n 19a");
}

#[test]
fn days_and_slots_are_left_out_and_days_count_besides() {
    for (answers, expected) in [
        (&["anywhere().not_on(\"fr\")"][..], "13m 14m 15m 16m"),
        (&["anywhere().not_on([\"mo\", 3, \"16.10.2025\", date(2025, 10, 17)])"], "14m"),
        (&["anywhere().not_on(today)", "anywhere().not_on(date(\"15.10.2025\"))"], "14m 16m 17m"),
        (&["anywhere().not_on(weekdays)"], ""),
        (&["anywhere().not_between(\"14.10.2025\", today.date + 3)"], "13m 17m"),
        (&["anywhere().not_between(today, today)"], "14m 15m 16m 17m"),
        (&["anywhere().also_on(\"sa\")"], "13m 14m 15m 16m 17m 18m"),
        (&["anywhere().also_on([weekends, \"24.12.2025\"])", "anywhere().not_on(7)"], "13m 14m 15m 16m 17m 18m"),
        (
            &["anywhere().not_on(\"18.10.2025\")", "anywhere().also_on([\"18.10.2025\", \"19.10.2025\"])"],
            "13m 14m 15m 16m 17m 19m",
        ),
        (&["anywhere().also_on(\"sa\").from(\"17.10.2025\")"], "17m 18m"),
        (&["on(\"mo\")", "on(\"di\").auch_an(\"so\").nicht_zwischen(\"1.1.2026\", \"2.1.2026\")"], "19m"),
        (&["ueberall().nicht_an(werktage).auch_an(\"sa\").nicht_im_slot(\"Abends\")"], "18m"),
    ] {
        let sources: Vec<_> = answers.iter().map(|answer| format!("fn place(task, today) {{ {answer} }}")).collect();
        let forth: Vec<&str> = sources.iter().map(String::as_str).collect();
        let back: Vec<&str> = forth.iter().rev().copied().collect();
        let mornings = "fn place(task, today) { anywhere().not_at([\"nachmittags\", \"abends\"]) }";
        for sources in [forth, back] {
            let rules = spartan_and(&[&[mornings], &sources[..]].concat());
            rules.check().unwrap();
            assert_eq!(allowed(&rules, "arbeit"), expected, "{answers:?}");
        }
    }
}

#[test]
fn of_several_scripts_the_one_that_sends_a_task_farthest_ahead_counts() {
    let ahead = |sources: &[&str]| {
        let policy = evaluate(&spartan_and(sources), &[question(1, "arbeit")]).unwrap();
        policy.verdicts.values().next().unwrap().ahead()
    };
    let says = |n: u32| format!("fn place(task, today) {{ anywhere().ahead_of_line({n}) }}");
    assert_eq!(ahead(&[]), 0);
    assert_eq!(ahead(&[&says(3), &says(7), &says(0)]), 7);
    assert_eq!(ahead(&["fn place(task, today) { on(weekdays).ahead_of_line(5).ahead_of_line(2) }"]), 5);
    assert_eq!(ahead(&["fn place(task, today) { never(\"so\") }", &says(7)]), 0);
}

#[test]
fn bodies_are_wanted_only_by_scripts_that_name_them() {
    let reads = |source: &str| rule_set(&format!("fn slots(day, slots) {{ [] }} {source}")).unwrap().reads_bodies();
    assert!(reads("fn place(task, today) { if task.body == \"\" { anywhere() } else { on(1) } }"));
    assert!(reads("fn place(task, today) { never(task . inhalt) }"));
    assert!(!reads("fn place(task, today) { never(task.title) }"));
}

#[test]
fn a_fingerprint_tells_lists_apart() {
    let of = |parts: &[(&str, &str)]| fingerprint(&parts.iter().map(|(n, s)| script(n, s)).collect::<Vec<_>>());
    let lists: [&[(&str, &str)]; 6] =
        [&[], &[("a", "b")], &[("ab", "")], &[("", "ab")], &[("a", "b"), ("", "")], &[("b", "a")]];
    let distinct: BTreeSet<_> = lists.iter().map(|list| of(list)).collect();
    assert_eq!(distinct.len(), lists.len());
    assert_eq!(fingerprint(&builtin()), fingerprint(&builtin()));
}

#[test]
fn an_answer_depends_on_nothing_before_it() {
    let source = "fn slots(day, slots) { [] } fn place(task, today) {
        if task.number == 1 { let n = 0; while n < 1000 { n += 1; } } else if task.number == 2 { loop {} } anywhere() }";
    let rules = rule_set(source).unwrap();
    for _ in 0..3 {
        assert!(evaluate(&rules, &[question(1, "x"), question(3, "x"), question(1, "y")]).is_ok());
        assert!(evaluate(&rules, &[question(1, "x"), question(2, "x")]).is_err());
    }
}

#[test]
fn no_task_is_so_large_that_rules_fail_for_it() {
    let source = "fn slots(day, slots) { [] } fn place(task, today) {
        let all = task.tags; never(`${task.title.len} ${all.len} ${task.body.bytes} ${task.body.to_upper().bytes}`) }";
    let rules = rule_set(source).unwrap();
    let asked = |tags: Vec<String>| {
        let small = question(1, "arbeit");
        let title = "ä".repeat(40_000);
        let task = Task { tags, title, ..(*small.task).clone() };
        let policy =
            evaluate(&rules, &[Question { task: Arc::new(task), body: Some("€".repeat(20_000).into()) }]).unwrap();
        match &**policy.verdicts.values().next().unwrap() {
            Verdict::Never { because } => because.clone(),
            Verdict::Allowed(_) => panic!(),
        }
    };
    assert_eq!(asked(vec!["t".to_owned(); 2_000]), "16384 511 32766 32766");
    assert_eq!(asked(vec!["t".repeat(10_000); 9]), "16384 3 32766 32766");
}
