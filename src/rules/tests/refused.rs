//! What is refused, where the error points and what it proposes.

use super::refused_scripts::{
    BEYOND_LIMITS, LISTS_OF_CATEGORIES, LISTS_OF_SLOTS, MISSPELT, PLACES, SLOTS, SLOTS_OF_A_DAY, UNSEEN, beyond_limits,
    misspelt, unseen,
};
use super::*;

fn refusal(source: &str) -> RuleError {
    let refused = rule_set(source).and_then(|rules| rules.check());
    refused.expect_err(source)
}

#[test]
fn the_nearest_right_name_is_proposed_where_the_wrong_one_stands() {
    for (function, place, said) in MISSPELT {
        let error = refusal(&misspelt(function));
        assert!(error.message.contains(said), "{function}\n{error}");
        assert_eq!((error.line, error.column), (Some(place.0), Some(place.1)), "{function}\n{error}");
        assert_eq!(error.script, "mine");
    }
}

#[test]
fn a_helper_may_be_named_like_a_hook_if_it_is_called() {
    rule_set(&format!("{SLOTS}fn place(task, today) {{ placed(task) }} fn placed(task) {{ anywhere() }}")).unwrap();
}

#[test]
fn a_slot_that_no_day_has_is_an_error_of_the_check_alone() {
    let rules = rule_set(&format!("{SLOTS}fn place(task, today) {{ anywhere().at(\"morgnes\") }}")).unwrap();
    assert!(rules.check().is_err());
    assert_eq!(allowed(&rules, "arbeit"), "");
    rule_set(&format!("{SLOTS}fn place(task, today) {{ anywhere().at(\"sport\") }}")).unwrap().check().unwrap();
}

#[test]
fn an_error_names_the_function_that_was_running() {
    let error = refusal(&format!("{SLOTS}fn place(task, today) {{ help(task) }}\nfn help(t) {{\n  t.tagz }}"));
    assert_eq!(
        error.to_string(),
        "rule script 'mine', help(), line 4, column 5: a task has no property tagz; did you mean tags?"
    );
    assert_eq!(error.function.as_deref(), Some("help"));
    let error = refusal(&format!("{SLOTS}fn place(task, today) {{ help() }}\nfn help() {{\n  on(weekday) }}"));
    assert_eq!((error.function.as_deref(), error.line, error.column), (Some("help"), Some(4), Some(6)));
    let error = refusal(&format!("{SLOTS}fn place(task, today) {{ on( }}"));
    assert_eq!((error.function, error.line), (None, Some(2)));
}

#[test]
fn wrong_results_are_named() {
    for (returned, found) in PLACES {
        let error = refusal(&format!("{SLOTS}\nfn place(task, today) {{ {returned} }}"));
        let expected = format!("place must return on(...), anywhere() or never(...), but returned {found}");
        assert_eq!((error.message.as_str(), error.line, error.column), (expected.as_str(), Some(3), Some(4)));
        assert_eq!(error.function.as_deref(), Some("place"));
    }
    for (returned, found) in LISTS_OF_SLOTS {
        let error = refusal(&format!("fn slots(day, slots) {{ {returned} }}"));
        assert_eq!(error.message, format!("slots must return a list of slot(...), but {found}"));
    }
    for (returned, found) in LISTS_OF_CATEGORIES {
        let error = refusal(&format!("{SLOTS}fn categories() {{ {returned} }}"));
        assert!(error.message.ends_with(&format!("but returned {found}")), "{error}");
    }
}

#[test]
fn the_slots_of_a_day_fit_together() {
    for (slots, said) in SLOTS_OF_A_DAY {
        let error = refusal(&format!("\nfn slots(day, slots) {{ [{slots}] }}"));
        assert!(error.message.starts_with(said), "{error}");
        assert_eq!((error.function.as_deref(), error.line), (Some("slots"), Some(2)));
    }
}

#[test]
fn the_check_finds_what_only_some_days_and_tasks_meet() {
    for condition in [
        "today.weekday == 7",
        "today.date == date(2028, 2, 29)",
        "today.date == date(\"24.12.2025\")",
        "task.kategorie == \"privat\"",
        "task.kategorie == \"sport\"",
        "task.kategorie == \"unbekannt\"",
        "task.deadline == ()",
        "task.deadline != () && task.deadline < today.date",
        "task.tags.is_empty()",
        "task.body != \"\"",
    ] {
        let hooks = "fn categories() { [\"arbeit\", \"privat\", \"sport\"] }";
        refusal(&format!("{SLOTS}{hooks} fn place(task, today) {{ if {condition} {{ 1 }} else {{ anywhere() }} }}"));
    }
    for condition in ["day.weekend", "day.date == date(2028, 2, 29)", "day.index > 100", "slots.len() == 0"] {
        refusal(&format!("fn slots(day, slots) {{ if {condition} {{ 1 }} else {{ [] }} }}"));
    }
}

#[test]
fn everything_has_a_limit() {
    for (body, said) in BEYOND_LIMITS {
        let error = refusal(&beyond_limits(body));
        assert!(error.message.contains(said) && !error.timed_out, "{error}");
        assert_eq!(error.line, Some(2), "{error}");
    }
    let error = refusal(&format!("fn slots(day, slots) {{ [] }} //{}", " ".repeat(SOURCE_BYTES_MAX)));
    assert_eq!(error.message, "the script is larger than 16 KiB");
    let functions: String = (0..129).map(|n| format!("fn f{n}() {{}} ")).collect();
    assert!(refusal(&functions).message.contains("more than 128 functions"));
    let variables: String = (0..129).map(|n| format!("let v{n} = f(); ")).collect();
    let error = refusal(&format!("fn f() {{ 1 }} fn slots(day, slots) {{ {variables} [] }}"));
    assert!(error.message.contains("more than 128 variables"), "{error}");
}

#[test]
fn reasons_are_cut() {
    let source = format!("{SLOTS}fn place(task, today) {{ let s = \"\"; s.pad(9999, 'ä'); never(s) }}");
    let words = allowed(&rule_set(&source).unwrap(), "arbeit");
    assert_eq!(words.chars().count(), "never: ".len() + 501);
}

#[test]
fn misspelt_words_are_found_where_no_sample_comes() {
    for (marked, said) in UNSEEN {
        // The mark stands before the word at fault.
        let (before, _) = marked.split_once('§').unwrap();
        let (line, column) = (marked.replace('§', ""), u32::try_from(before.len()).unwrap() + 1);
        let error = refusal(&unseen(marked));
        assert!(error.message.contains(said), "{line}\n{error}");
        assert_eq!(
            (error.line, error.column, error.function.as_deref()),
            (Some(4), Some(column), Some("place")),
            "{line}\n{error}"
        );
    }
    for fine in [
        "let m = #{ titel2: 1 }; return never(`${m.titel2}`);",
        "return never(`${[3, 1].sum2()}`);",
        "return never(`${2.0.tan() + 1.5.log() + 1.0.sin()}`);",
        "return anywhere().at(\"sport\");",
        "let m = #{ weekday: \"mo\" }; if m.weekday == \"mo\" { return anywhere(); }",
        "let today = #{ foo: \"mo\" }; if today.foo == \"mo\" { return anywhere(); }",
        "if task.kategorie == \"sport\" || task.title == \"arbiet\" || task.deadline == () { return anywhere(); }",
        "if [1].map(helper) == [2] { return anywhere(); }",
    ] {
        let called = if fine.contains("helper") { "fn helper(n) { n + 1 }" } else { "" };
        let source =
            format!("{SLOTS}{called} fn place(task, today) {{ if task.number == 7 {{\n{fine}\n}} anywhere() }}");
        rule_set(&source).unwrap().check().unwrap();
    }
}

#[test]
fn all_that_is_misspelt_is_named_at_once() {
    let source = format!(
        "{SLOTS}fn place(task, today) {{ if task.number == 7 {{\nreturn nver(task.titl);\n}}\nhelper(task.kategory) }}\n\
         fn helper(t) {{ anywhere() }} fn opts() {{ [] }}"
    );
    let list = [script("mine", &source), script("other", "fn place(task, today) { onn(1) }")];
    let errors = RuleSet::compile(&list).unwrap().check_all();
    let places: Vec<_> = errors.iter().map(|error| (error.script.as_str(), error.line, error.column)).collect();
    let expected = [("mine", 5, 13), ("mine", 3, 8), ("mine", 3, 18), ("mine", 6, 32), ("other", 1, 25)];
    let expected = expected.map(|(name, line, column)| (name, Some(line), Some(column)));
    assert_eq!(places, expected, "{errors:#?}");
    assert_eq!(errors[3].function.as_deref(), Some("opts"));
}

#[test]
fn a_list_by_which_no_day_has_a_slot_is_refused() {
    for source in [
        "fn slots(day, slots) { [] }",
        "fn slots(day, slots) { slots.filter(|s| s.name != \"abends\") }",
        "fn slots(day, slots) { if day.weekend { [] } else { slots } }",
    ] {
        let error = refusal(source);
        assert!(
            error.message.contains("no day has a slot: ") && error.message.contains("put spartan first"),
            "{error}"
        );
        assert_eq!((error.function.as_deref(), error.line, error.column), (Some("slots"), Some(1), Some(4)));
        assert_eq!(rule_set(source).unwrap().check_all(), [error]);
    }
    for fine in ["day.weekend", "day.date < date(\"1.1.2029\")", "day.weekday != 3"] {
        let slot = "slot(\"tag\", \"8:00\", \"9:00\")";
        rule_set(&format!("fn slots(day, slots) {{ if {fine} {{ [] }} else {{ [{slot}] }} }}"))
            .unwrap()
            .check()
            .unwrap();
    }
}
