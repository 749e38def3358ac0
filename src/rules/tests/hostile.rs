//! Scripts that attack the engine: each is refused with the place, or harmless.

use std::time::{Duration, Instant};

use super::*;

#[path = "../../../tests/suite/hostile_scripts.rs"]
mod hostile_scripts;

#[test]
fn no_script_of_the_collection_gets_through() {
    let mut accepted = Vec::new();
    for attack in hostile_scripts::scripts() {
        eprintln!("{}", attack.name);
        let began = Instant::now();
        let result = rule_set(&attack.source).and_then(|rules| rules.check());
        let took = began.elapsed();
        match result {
            Ok(()) => accepted.push(attack.name.clone()),
            Err(error) => {
                eprintln!("    {took:?} {error}");
                let is_placed = error.line.is_some() && error.column.is_some();
                let is_of_list = error.message.starts_with("no script of the list defines");
                assert!(is_placed || is_of_list, "{}: {error}", attack.name);
                assert!(error.message.chars().count() <= 501, "{}", attack.name);
            }
        }
        assert!(took < Duration::from_secs(5), "{}: {took:?}", attack.name);
    }
    // Most attacks are seen through at once; those that strike late are for planning to survive.
    eprintln!("{accepted:#?}");
    assert!(accepted.iter().any(|name| name == "late-endless-loop") && accepted.len() < 50, "{}", accepted.len());
}

#[test]
fn what_strikes_late_is_stopped_then() {
    for attack in hostile_scripts::scripts().into_iter().filter(|attack| attack.name.starts_with("late-")) {
        let rules = rule_set(&attack.source).unwrap();
        rules.check().unwrap();
        let tasks: Vec<_> = (1..=400).map(|n| question(n, "arbeit")).collect();
        let result = evaluate(&rules, &tasks);
        match attack.name.as_str() {
            "late-slow-for-all" => assert_eq!(result.unwrap().verdicts.len(), 400),
            "late-by-day" => {
                result.unwrap();
                let error = rules.slots(NaiveDate::from_ymd_opt(2029, 1, 1).unwrap(), MONDAY).unwrap_err();
                assert!(error.message.contains("overlap"), "{error}");
            }
            name => {
                let error = result.expect_err(name);
                assert!(error.line.is_some() && error.column.is_some(), "{name}: {error}");
            }
        }
    }
}
