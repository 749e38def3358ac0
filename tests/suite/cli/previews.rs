//! `codexmiroir rules preview`: on the data three ways, and on a folder without any; the exit code is the answer.

use std::process::Stdio;

use serde_json::{Value, json};

use super::ways::{Installation, WAYS, Way};
use super::{AT_MONDAY, script};
use crate::binary::{Home, Ran};
use crate::harness::vault;

const NO_MONDAYS: &str = "fn slots(day, slots) { if day.weekday == 1 { [] } else { slots } }\n";
const WITH_OPTION: &str = "fn options() { [number(\"zahl\", 1)] }\n\
                           fn place(task, today) { never(\"nie \" + option(\"zahl\")) }\n";
const BAD: &str = "fn slots(day, slots) {\n  [ slott(\"a\") ]\n}\nfn place(task, today) { on(\"werktag\") }";

/// What was printed, with exit code 1 and nothing beside it.
fn different(ran: &Ran) -> &str {
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{}", ran.stdout);
    &ran.stdout
}

#[test]
fn a_preview_of_ones_own_tasks() {
    for way in WAYS {
        let at = Installation::of(way);
        at.did(&["task", "add", "Eins"]);
        let [mine, words, bad] = [("mine.rhai", NO_MONDAYS), ("words.rhai", WITH_OPTION), ("bad.rhai", BAD)]
            .map(|(name, text)| script(at.here(), name, text));
        let now = ["--now", "2025-10-13T06:00:00Z"];
        let preview = |arguments: &[&str]| at.here().run(&[&["rules", "preview"], arguments, &now].concat());

        let same = preview(&["--use", "spartan"]);
        assert_eq!((same.code, same.stderr.as_str()), (Some(0), ""), "{way:?}: {}", same.stdout);
        let head = "lena · Mon 13.10.2025 · Europe/Berlin · rules: spartan → spartan\n";
        assert_eq!(same.stdout, format!("{head}\nNothing changes.\n"));
        let other = preview(&["--rules", "spartan", "--rules", &mine]);
        let drawn = different(&other);
        assert!(drawn.contains("  Mon 13.10. – closes: morgens, nachmittags, abends\n"), "{way:?}: {drawn}");
        assert!(drawn.contains("0000 Eins – Mon 13.10. morgens → Tue 14.10. morgens\n"), "{drawn}");
        assert!(drawn.ends_with("\n1 moved, 3 changed slots\n"), "{drawn}");
        let short = preview(&["--rules", "spartan", "--rules", &mine, "--days", "1", "--json"]);
        let json: Value = serde_json::from_str(different(&short)).unwrap();
        assert_eq!(
            (&json["changed"], &json["dropped"][0]["reason"]),
            (&json!(true), &json!("no_allowed_slot")),
            "{json}"
        );
        assert_eq!(json.get("text"), None);

        // Options of a script that is set already are those that it has.
        at.did(&["rules", "set", "spartan", &words, "--option", "words.zahl=7"]);
        let both = ["--rules", "spartan", "--rules", &words];
        assert_eq!(preview(&both).code, Some(0), "{way:?}");
        let other = preview(&[&both[..], &["--option", "words.zahl=8"]].concat());
        let drawn = different(&other);
        assert!(drawn.contains("Still without a slot\n  0000 Eins – nie 8\n"), "{drawn}");
        assert!(!drawn.contains("────"), "the week is the same: {drawn}");

        let refused = preview(&["--rules", &bad]);
        let sentence = refused.refusal(2);
        assert!(sentence.contains("could not be set") && sentence.contains("'bad', slots(), line 2"), "{sentence}");
        assert!(sentence.contains("slot"), "the nearest right word: {sentence}");
        let as_json = preview(&["--rules", &bad, "--json"]);
        let json: Value = serde_json::from_str(&as_json.stdout).unwrap();
        assert_eq!((as_json.code, &json["ok"], &json["errors"][0]["line"]), (Some(2), &json!(false), &json!(2)));
        assert!(as_json.stderr.contains("could not be set"), "{as_json:?}");
        for (arguments, words) in [
            (&["--use", "spartn"][..], &["spartn", "spartan"][..]),
            (&["--rules", "none.rhai"], &["cannot read the rules none.rhai"]),
            (&["--use", "spartan", "--option", "other.x=1"], &["other", "spartan"]),
            (&[], &["--rules"]),
            (&["--use", "spartan", "--against", "spartan"], &["<DIR>"]),
            (&["--use", "spartan", "--time-zone", "UTC"], &["<DIR>"]),
            (&["--use", "spartan", "--days", "0"], &["from 1 to 366"]),
        ] {
            let refused = preview(arguments);
            let sentence = refused.refusal(2);
            assert!(words.iter().all(|word| sentence.contains(word)), "{arguments:?}: {sentence}");
        }
        assert_eq!(at.json(&["rules", "show"])["version"], 2, "none of them was set");
    }
}

#[test]
fn what_cannot_be_asked_is_not_told() {
    let home = Home::new();
    let asked = home.run(&["rules", "preview", "--use", "spartan"]);
    asked.refusal(2);
    let away = home.run_with(
        "CODEXMIROIR_TOKEN",
        "cmr_x",
        &["rules", "preview", "--use", "spartan", "--server", "http://127.0.0.1:1"],
    );
    let said = away.stderr.lines().last().unwrap_or_default();
    assert!(away.code == Some(2) && said.contains("127.0.0.1:1"), "{away:?}");
    let at = Installation::of(Way::Alone);
    let nobody = at.home.run(&["rules", "preview", "--use", "spartan", "--user", "tom"]);
    assert!(nobody.refusal(2).contains("tom"), "{nobody:?}");
    std::fs::write(at.home.path("broken.toml"), "listen = 3\n").unwrap();
    for folder in [&[][..], &["."]] {
        let arguments = [&["rules", "preview", "--use", "spartan", "--config", "broken.toml"], folder].concat();
        assert!(at.home.run(&arguments).refusal(2).contains("broken.toml"), "{arguments:?}");
    }
}

/// A preview of a user's folder of the vault on its Monday.
fn of_vault(home: &Home, user: &str, arguments: &[&str]) -> std::process::Command {
    let folder = vault(user);
    home.command(&[&["rules", "preview", folder.to_str().unwrap()], &AT_MONDAY[..], arguments].concat())
}

#[test]
fn a_folder_needs_no_data() {
    let home = Home::new();
    let mine = script(&home, "mine.rhai", NO_MONDAYS);
    let words = script(&home, "words.rhai", WITH_OPTION);
    let before = home.content();
    let of = |arguments: &[&str]| Ran::of(&mut of_vault(&home, "tom", arguments));
    let both = ["--rules", "spartan", "--rules", &mine];
    assert_eq!(of(&["--use", "spartan"]).code, Some(0));
    insta::assert_snapshot!("preview_tom", different(&of(&both)));
    let german = Ran::of(of_vault(&home, "lena", &both).env("LC_ALL", "de_DE.UTF-8").env("COLUMNS", "48"));
    insta::assert_snapshot!("preview_lena_german_narrow", different(&german));
    let json: Value = serde_json::from_str(different(&of(&[&both[..], &["--json"]].concat()))).unwrap();
    assert_eq!((&json["ok"], &json["present"]["source"]), (&json!(true), &json!("builtin")));
    assert!(json["moved"].as_array().unwrap().iter().all(|moved| moved["from"]["datum"].is_string()), "{json}");

    // Against others than the built-in ones: those that are named, and those that are configured.
    let against = [&both[..], &["--against", "spartan", "--against", &mine]].concat();
    assert_eq!(of(&against).code, Some(0));
    assert!(different(&of(&["--use", "spartan", "--against", "spartan", "--against", &mine])).contains("opens:"));
    let configured = Ran::of(of_vault(&home, "tom", &both).env("CODEXMIROIR_RULES", format!("spartan,{mine}")));
    assert_eq!(configured.code, Some(0), "{configured:?}");
    let options = of(&["--use", "spartan", "--rules", &words, "--option", "words.zahl=5"]);
    assert!(different(&options).contains("→ nie 5"), "{options:?}");

    // Whoever reads it has seen enough; the answer is the same.
    let mut command = of_vault(&home, "tom", &both);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(home.content() == before, "a preview wrote something");
}

#[test]
fn a_folder_or_rules_that_are_wrong_are_trouble() {
    let home = Home::new();
    let [mine, bad] = [("mine.rhai", NO_MONDAYS), ("bad.rhai", BAD)].map(|(name, text)| script(&home, name, text));
    let fragile = script(
        &home,
        "fragile.rhai",
        "fn place(task, today) { if task.number == 9 { throw \"die neun\" } anywhere() }\n",
    );
    let of = |arguments: &[&str]| Ran::of(&mut of_vault(&home, "tom", arguments));
    let both_bad = of(&["--rules", &bad]);
    let sentence = both_bad.refusal(2).to_owned();
    assert!(sentence.contains("'bad', slots(), line 2") && sentence.contains("rules check"), "{sentence}");
    for (arguments, words) in [
        (&["--rules", "spartan", "--rules", &fragile][..], &["could not be set", "task 0009", "die neun"][..]),
        (&["--rules", &mine], &["could not be set", "no day has a slot"]),
        (
            &["--use", "spartan", "--against", "spartan", "--against", &fragile],
            &["to compare with fail", "task 0009", "die neun"],
        ),
        (&["--use", "spartan", "--against", &bad], &["bad.rhai are refused"]),
        (&["--use", "spartan", "--against", "none.rhai"], &["cannot read the rules none.rhai"]),
        (&["--rules", "none.rhai"], &["cannot read the rules none.rhai"]),
        (&["--rules", "spartn"], &["spartn", "did you mean spartan"]),
        (&["--use", "spartn"], &["no rules of that name", "spartan"]),
        (&["--use", "spartan", "--option", "spartan.x=1"], &["could not be set", "x"]),
        (&["--use", "spartan", "more"], &["'more'"]),
    ] {
        let ran = of(arguments);
        let sentence = ran.refusal(2);
        assert!(words.iter().all(|word| sentence.contains(word)), "{arguments:?}: {sentence}");
    }
    for (folder, words) in [("nowhere", "cannot read nowhere"), (mine.as_str(), "--rules")] {
        let ran = home.run(&["rules", "preview", "--use", "spartan", folder]);
        assert!(ran.refusal(2).contains(words), "{ran:?}");
    }
    // Of no tasks at all nothing is told: a wrong path must not look as if nothing changed.
    std::fs::create_dir(home.path("empty")).unwrap();
    let ran = home.run(&["rules", "preview", "--use", "spartan", "empty"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    // Tests beside a script have to pass, as when it is set.
    script(&home, "mine.test.rhai", "fn test_x() { assert_eq(1, 2) }");
    let ran = of(&["--rules", "spartan", "--rules", &mine]);
    assert!(ran.refusal(2).contains("mine.test"), "{ran:?}");
}
