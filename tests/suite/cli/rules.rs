//! `codexmiroir rules` three ways.

use serde_json::json;

use super::script;
use super::ways::{Installation, WAYS, Way};
use crate::binary::Home;

const ONE_SLOT: &str = "fn slots(day, slots) { [slot(\"mein-slot\", \"09:00\", \"12:00\")] }\n";
const WITH_OPTION: &str = "fn options() { [text(\"wort\", \"nie\"), number(\"zahl\", 1)] }\n\
                           fn place(task, today) { never(option(\"wort\") + option(\"zahl\")) }\n";

#[test]
fn rules_are_set_shown_restored_and_removed() {
    for way in WAYS {
        let at = Installation::of(way);
        assert_eq!(at.did(&["rules", "show"]), "built in\n  spartan (from the library)\n", "{way:?}");
        assert_eq!(at.did(&["rules", "versions"]), "you never had rules of your own\n");
        let mine = script(at.here(), "mine.rhai", ONE_SLOT);
        assert_eq!(at.did(&["rules", "set", &mine]), "your rules are now: mine (version 1)\n");
        assert_eq!(at.did(&["rules", "set", &mine]), "your rules are now: mine (version 1)\n", "nothing to change");
        assert_eq!(at.did(&["rules", "show"]), "your own, version 1\n  mine (1 line)\n");
        assert_eq!(at.did(&["rules", "show", "mine"]), ONE_SLOT);
        assert!(at.did(&["timeline"]).contains("mein-slot"));
        let words = script(at.here(), "words.rhai", WITH_OPTION);
        let set = ["rules", "set", "--use", "spartan", &words, "--option", "words.wort=so", "--option", "words.zahl=3"];
        assert_eq!(at.did(&set), "your rules are now: spartan, words (version 2)\n");
        let shown = "your own, version 2\n  spartan (from the library)\n  words (2 lines) wort=\"so\" zahl=3\n";
        assert_eq!(at.did(&["rules", "show"]), shown);
        at.did(&["task", "add", "Wartet"]);
        assert_eq!(at.json(&["timeline"])["unplaced"][0]["because"], "so3", "{way:?}");
        assert_eq!(at.did(&["rules", "show", "--version", "1"]), "your own, version 1\n  mine (1 line)\n");
        assert_eq!(at.did(&["rules", "show", "mine", "--version", "1"]), ONE_SLOT);
        assert_eq!(at.json(&["rules", "show", "--version", "1"])["rules"][0]["script"], ONE_SLOT);
        at.refused(&["rules", "show", "--version", "7"], &["version “7”", "codexmiroir rules versions"]);
        // What is set stays so, unless it is changed or taken away.
        let again = ["rules", "set", "spartan", &words, "--option", "words.zahl="];
        assert_eq!(at.did(&again), "your rules are now: spartan, words (version 4)\n");
        assert!(at.did(&["rules", "show"]).ends_with("  words (2 lines) wort=\"so\"\n"));
        at.did(&["undo"]);
        let restored = at.json(&["rules", "restore", "1"]);
        assert_eq!((&restored["generation"], &restored["version"]), (&json!(6), &json!(6)));
        assert_eq!(at.json(&["rules", "show"])["rules"], json!([{"name": "mine", "script": ONE_SLOT}]));
        let removed = "you have no rules of your own; these apply: spartan (built in)\n";
        assert_eq!(at.did(&["rules", "remove"]), removed);
        assert_eq!(at.did(&["undo"]), "took back 7: the settings or the rules\ncodexmiroir undo 8 brings it back\n");
        let versions = at.did(&["rules", "versions"]);
        let lines: Vec<&str> = versions.lines().collect();
        assert!(lines[0].starts_with("Version  When") && lines.len() == 8, "{versions}");
        let names: Vec<&str> = lines[1..].iter().filter_map(|line| line.split("  ").last()).collect();
        assert_eq!(
            names,
            ["mine", "removed", "mine", "spartan, words", "spartan, words", "spartan, words", "mine"],
            "{versions}"
        );
        let listed = at.json(&["rules", "versions"]);
        assert_eq!(listed["versions"][0]["version"], 8);
    }
}

#[test]
fn rules_that_cannot_be_are_refused_in_a_sentence() {
    for way in WAYS {
        let at = Installation::of(way);
        let bad = script(at.here(), "bad.rhai", "fn slots(day, slots) {\n  [ slott(\"a\") ]\n}");
        let set = ["rules", "set", bad.as_str()];
        at.refused(&set, &["nothing was changed", "bad", "line 2", "slot"]);
        at.refused(&["rules", "set", "--use", "spartn"], &["spartn", "spartan"]);
        at.refused(&["rules", "restore", "7"], &["version “7”"]);
        let upper = script(at.here(), "Gross.rhai", ONE_SLOT);
        at.refused(&["rules", "set", &upper], &["rules.name"]);
        assert_eq!(at.json(&["rules", "show"])["source"], "builtin");
        assert!(at.did(&["history"]).contains("nothing was changed yet"));
    }
    let at = Installation::of(Way::Alone);
    let missing = at.home.path("none.rhai");
    let said = at.home.run(&["rules", "set", missing.to_str().unwrap()]);
    assert!(said.refusal(1).contains("cannot read the rules"), "{said:?}");
    let large = script(&at.home, "large.rhai", &" ".repeat(16 * 1024 + 1));
    at.refused(&["rules", "set", &large], &["16 KiB"]);
    let mine = script(&at.home, "mine.rhai", ONE_SLOT);
    for arguments in [
        &["rules", "set"][..],
        &["rules", "set", &mine, "--option", "mine"],
        &["rules", "set", &mine, "--option", "other.x=1"],
        &["rules", "set", &mine, "--option", "mine.x=1", "--option", "mine.x=2"],
        &["rules", "restore", "x"],
        &["rules", "show", "mine", "--json"],
    ] {
        at.home.run(arguments).refusal(2);
    }
    let tests = "fn test_slots() { assert_eq(plan(#{now: \"1.1.2025\"}).slots_on(\"2.1.2025\"), [\"anders\"]) }";
    script(&at.home, "mine.test.rhai", tests);
    let said = at.home.run(&["rules", "set", &mine]);
    let said = said.refusal(1);
    assert!(said.contains("nothing was changed") && said.contains("mine.test") && said.contains("mein-slot"), "{said}");
    let tests = tests.replace("anders", "mein-slot");
    script(&at.home, "mine.test.rhai", &tests);
    assert_eq!(at.did(&["rules", "set", &mine]), "your rules are now: mine (version 1)\n");
    assert_eq!(at.json(&["rules", "show"])["rules"][0]["tests"], tests, "they are kept with the script");
    at.did(&["rules", "set", "--use", "spartan"]);
    assert!(at.did(&["rules", "show", "spartan"]).contains("fn slots(day, slots)"));
    let said = at.home.run(&["rules", "show", "spartn"]);
    assert!(said.refusal(1).contains("no script of the rules that apply is called “spartn”"), "{said:?}");
}

#[test]
fn rules_go_out_to_files_and_come_in_again() {
    let at = Installation::of(Way::Beside);
    let mine = script(&at.home, "mine.rhai", ONE_SLOT);
    at.did(&["rules", "set", "--use", "spartan", &mine]);
    at.did(&["task", "add", "Eins"]);
    let out = at.home.path("out");
    let export = ["export", "--format", "markdown", "--output", out.to_str().unwrap()];
    assert_eq!(at.did(&export), format!("wrote 3 files into {}\n", out.display()));
    assert_eq!(std::fs::read_to_string(out.join("rules/mine.rhai")).unwrap(), ONE_SLOT);
    assert_eq!(at.did(&export), format!("wrote 3 files into {}\n", out.display()), "they are the same");
    std::fs::write(out.join("rules/mine.rhai"), ONE_SLOT.replace("mein-slot", "anders")).unwrap();
    let refused = at.home.run(&export);
    assert!(refused.refusal(1).contains("rules/mine.rhai with another content"), "{refused:?}");
    let report = at.did(&["import", out.to_str().unwrap()]);
    assert!(report.contains("rules: replaced") && report.contains("0 added, 1 replaced, 1 unchanged"), "{report}");
    assert!(at.did(&["rules", "show", "mine"]).contains("anders"));
    // A link in the place of the folder is not followed.
    let elsewhere = at.home.path("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let linked = at.home.path("linked");
    std::fs::create_dir(&linked).unwrap();
    std::os::unix::fs::symlink(&elsewhere, linked.join("rules")).unwrap();
    let export = ["export", "--format", "markdown", "--output", linked.to_str().unwrap()];
    assert!(at.home.run(&export).refusal(1).contains("is a link"));
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn rules_that_come_with_the_program_are_named_wherever_files_are() {
    let home = Home::new();
    let tasks = home.path("tasks");
    std::fs::create_dir(&tasks).unwrap();
    std::fs::write(tasks.join("0001-Eins.md"), "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n# Eins\n")
        .unwrap();
    let more = script(&home, "mehr.rhai", "fn place(task, today) { never(\"mehr\") }\n");
    let tasks = tasks.to_str().unwrap();
    let plan =
        ["plan", tasks, "--now", "2025-10-13T08:00:00Z", "--format", "json", "--rules", "spartan", "--rules", &more];
    let planned: serde_json::Value = serde_json::from_str(&home.did(&plan)).unwrap();
    assert_eq!(
        (&planned["rules"]["name"], &planned["unplaced"][0]["because"]),
        (&json!("spartan + mehr"), &json!("mehr"))
    );
    let refused = home.run(&["plan", tasks, "--rules", "spartn"]);
    assert!(
        refused.refusal(1).contains(
            "there is no file spartn, and no rules of that name come with the program; did you mean spartan?"
        ),
        "{refused:?}"
    );
}

#[test]
fn a_task_that_makes_the_rules_fail_is_told_of() {
    let at = Installation::of(Way::Beside);
    let fragile = "fn place(task, today) { if task.title == \"Falle\" { throw \"hinein\" } anywhere() }\n";
    let mine = script(&at.home, "mine.rhai", &format!("{ONE_SLOT}{fragile}"));
    at.did(&["rules", "set", &mine]);
    let added = at.home.run(&["task", "add", "Falle"]);
    assert!(added.stdout.starts_with("0000  Falle → "), "{added:?}");
    assert!(added.stderr.contains("the rules fail") && added.stderr.contains("codexmiroir rules show"), "{added:?}");
    let shown = at.did(&["rules", "show"]);
    assert!(
        shown.contains("they fail: rule script 'mine', place(), line 2") && shown.contains("for task 0000: hinein")
    );
    assert!(shown.ends_with("what stands in for them: built in\n"), "{shown}");
    assert_eq!(at.home.run(&["task", "edit", "0", "--title", "Keine"]).stderr, "");
}
