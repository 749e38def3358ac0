//! `codexmiroir rules explain` three ways, and on a folder.

use serde_json::{Value, json};

use super::ways::{Installation, WAYS};
use crate::binary::{Home, Ran};
use crate::harness::vault;

/// A week of lena's vault, with no server and no database.
fn on_vault(home: &Home, arguments: &[&str], language: &str) -> Ran {
    let folder = vault("lena");
    let at =
        ["--tasks", folder.to_str().unwrap(), "--now", "2025-10-13T10:00:00+02:00", "--time-zone", "Europe/Berlin"];
    let arguments = [&["rules", "explain"][..], arguments, &at].concat();
    Ran::of(home.command(&arguments).env("LC_ALL", language).env("COLUMNS", "100"))
}

#[test]
fn a_folder_is_explained_without_a_server() {
    let home = Home::new();
    let said = |arguments: &[&str], language: &str| {
        let ran = on_vault(&home, arguments, language);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
        ran.stdout
    };
    let mut texts = String::new();
    for (arguments, language) in [
        // In a slot, in line, pinned, in conflict, overdue, later, done; and what would be.
        (&["16"][..], "C"),
        (&["41", "--slot", "14.10.2025/abends"], "C"),
        (&["0006-Zahnarzt-Kontrolle.md", "--slot", "16.10.2025", "nachmittags"], "C"),
        (&["23"], "C"),
        (&["17"], "C"),
        (&["31", "--slot", "14.10.2025 mittags"], "C"),
        (&["0"], "C"),
        (&["41", "--slot", "14.10.2025", "morgens"], "de_DE.UTF-8"),
        (&["23", "--slot", "20.10.2025", "morgens"], "de_DE.UTF-8"),
    ] {
        texts.push_str(&format!("$ rules explain {}\n{}\n", arguments.join(" "), said(arguments, language)));
    }
    insta::assert_snapshot!("explain_lena", texts);
    let json: Value = serde_json::from_str(&said(&["16", "--json"], "C")).unwrap();
    assert_eq!(json["placed"], json!({"datum": "17.10.2025", "zeit": "morgens"}));
    assert_eq!((&json["text"], &json["generation"]), (&Value::Null, &json!(0)));

    let closed = home.path("closed.rhai");
    std::fs::write(&closed, "fn slots(day, slots) { if day.weekday == 4 { [] } else { slots } }\n").unwrap();
    let rules = ["16", "--rules", "spartan", "--rules", closed.to_str().unwrap()];
    let text = said(&rules, "C");
    assert!(text.contains("Thu 16.10.             – no slots: closed gives this day none\n"), "{text}");
}

#[test]
fn what_is_asked_wrongly_is_refused_in_a_sentence() {
    let home = Home::new();
    for (arguments, code, says) in [
        (&["999"][..], 1, "there is no task “999” in "),
        (&["16", "--slot", "morgens"], 2, "“morgens” is no slot; write day and name, like 15.10.2025 morgens"),
        (&["16", "--slot", "31.2.2025", "morgens"], 2, "“31.2.2025 morgens” is no slot"),
        (&["16", "--days", "0"], 2, "from 1 to 366"),
        (&["16", "--rules", "none.rhai"], 1, "none.rhai"),
        (&[], 2, "TASK"),
    ] {
        let ran = on_vault(&home, arguments, "C");
        assert!(ran.refusal(code).contains(says), "{arguments:?}: {ran:?}");
    }
    let missing = home.run(&["rules", "explain", "1", "--tasks", "nowhere"]);
    assert!(missing.refusal(1).contains("nowhere"), "{missing:?}");
    home.run(&["rules", "explain", "1", "--rules", "spartan"]).refusal(2);
    home.run(&["rules", "explain", "1", "--time-zone", "UTC"]).refusal(2);
}

#[test]
fn a_task_is_explained_wherever_the_data_is() {
    for way in WAYS {
        let at = Installation::of(way);
        at.did(&["task", "add", "Tax return"]);
        at.did(&["task", "add", "Second one"]);
        let first = at.json(&["rules", "explain", "0"]);
        let task = at.json(&["task", "show", "0"]);
        assert_eq!((&first["placed"], &first["standing"]), (&task["placed"], &json!("placed")), "{way:?}");
        let text = at.did(&["rules", "explain", "1"]);
        assert!(text.starts_with("0001 Second one\nIts slot is "), "{text}");
        assert!(text.contains("– held by 0000 Tax return, which has the lower number\n"), "{text}");
        let slot = [task["placed"]["datum"].as_str().unwrap(), task["placed"]["zeit"].as_str().unwrap()];
        let pinned = at.did(&["rules", "explain", "0001-Second-one", "--slot", slot[0], slot[1]]);
        let moved = format!(" {} {}\n", slot[0], slot[1]);
        let (question, moves) = pinned.split_once("What would change:\n").unwrap();
        assert!(question.contains("held by 0000 Tax return"), "{pinned}");
        assert!(moves.starts_with("  0000 Tax return – ") && moves.ends_with(&moved), "{pinned}");
        at.refused(&["rules", "explain", "7"], &["no task “7”"]);
        let said = at.here().run(&["rules", "explain", "0", "--slot", "never"]);
        assert!(said.refusal(2).contains("“never” is no slot"), "{said:?}");
        assert_eq!(at.json(&["task", "show", "0"]), task, "nothing is changed");
    }
}
