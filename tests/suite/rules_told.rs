//! What is told of rules of one's own: what is wrong with each script, what scripts say of themselves, and whether the
//! tests that they bring pass.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer};
use crate::rules::{one_slot, set, shown};

#[tokio::test]
async fn what_scripts_say_of_themselves_is_what_a_form_shows() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let script = r#"
        fn describe() { "Closes days." }
        fn options() { [
            flag("strict", false), number("days", 2).between(1, 5).label("How many"), number("n", -1), text("why", ""),
            choice("land", ["BY", "HH"], "BY"), day("from", "1.2.2026"),
        ] }
        fn slots(day, slots) { if option("strict") { [] } else { slots } }"#;
    let options = json!({"days": 4, "land": "HH", "from": "2.3.2026"});
    let rules = json!({"rules": [{"use": "spartan"}, {"name": "closing", "script": script, "options": options}]});
    set(&lena, &rules).await;
    let spartan = "Work on working days, private matters at the weekend, the lowest number first; evenings are yours.";
    let about = json!([
        {"script": "spartan", "description": spartan, "options": []},
        {"script": "closing", "description": "Closes days.", "options": [
            {"name": "strict", "kind": "flag", "label": null, "default": false, "value": false},
            {"name": "days", "kind": "number", "label": "How many", "default": 2, "value": 4, "min": 1, "max": 5},
            {"name": "n", "kind": "number", "label": null, "default": -1, "value": -1},
            {"name": "why", "kind": "text", "label": null, "default": "", "value": ""},
            {"name": "land", "kind": "choice", "label": null, "default": "BY", "value": "HH", "choices": ["BY", "HH"]},
            {"name": "from", "kind": "day", "label": null, "default": "01.02.2026", "value": "02.03.2026"},
        ]},
    ]);
    assert_eq!(shown(&lena).await["about"], about);
    // What was remembered of one list is not told of another.
    let mut other = rules.clone();
    other["rules"][1]["options"]["days"] = json!(5);
    set(&lena, &other).await;
    let mut changed = about.clone();
    changed[1]["options"][1]["value"] = json!(5);
    assert_eq!(shown(&lena).await["about"], changed);
    set(&lena, &rules).await;
    assert_eq!(shown(&lena).await["about"], about);
    for options in [json!({"days": 6}), json!({"land": "XX"}), json!({"dyas": 1})] {
        other["rules"][1]["options"] = options;
        let refused = lena.put("/api/rules", &other).await;
        assert_eq!((refused.status, refused.json()["errors"][0]["function"].as_str()), (422, Some("options")));
    }
}

/// A test that holds with [`one_slot`] of this name.
fn expecting(slot: &str) -> String {
    format!("fn test_it() {{\n assert_eq(plan(#{{now: \"1.1.2025\"}}).slots_on(\"2.1.2025\"), [\"{slot}\"]) }}\n")
}

#[tokio::test]
async fn tests_that_scripts_bring_have_to_pass_and_are_kept_with_them() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let tested = |slot: &str, tests: &str| json!({"rules": [{"use": "spartan"}, {"name": "mine", "script": one_slot(slot), "tests": tests}]});
    let rules = tested("a", &expecting("a"));
    set(&lena, &rules).await;
    assert_eq!(shown(&lena).await["rules"], rules["rules"]);
    let loops = "fn test_it() { loop { } }";
    for (tests, said, place) in [
        (expecting("b"), "the first is [\"a\"], the second [\"b\"]", json!(["mine.test", "test_it", 2])),
        ("fn test_it( {".to_owned(), "", json!(["mine.test", null, 1])),
        ("fn tset_it() {}".to_owned(), "the file has no tests", json!(["mine.test", null, null])),
        (loops.to_owned(), "operations", json!(["mine.test", "test_it", 1])),
    ] {
        let checked = lena.post("/api/rules/check", &tested("a", &tests)).await.json();
        let error = &checked["errors"][0];
        assert_eq!(json!([error["script"], error["function"], error["line"]]), place, "{checked}");
        assert!(error["message"].as_str().unwrap().contains(said), "{checked}");
        let refused = lena.put("/api/rules", &tested("a", &tests)).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, "rules_refused"), "{}", refused.text);
        assert_eq!(refused.json()["errors"], checked["errors"]);
    }
    assert_eq!(shown(&lena).await["version"], 1, "nothing was changed");
    // A script that changed without its tests is refused by these, and other tests are another version.
    assert_eq!(lena.put("/api/rules", &tested("b", &expecting("a"))).await.status, 422);
    set(&lena, &tested("b", &expecting("b"))).await;
    let without = json!({"rules": [{"use": "spartan"}, {"name": "mine", "script": one_slot("b")}]});
    assert_eq!(set(&lena, &without).await["version"], 3);
    assert_eq!(lena.undo(3).await.status, 200);
    assert_eq!(shown(&lena).await["rules"], tested("b", &expecting("b"))["rules"]);
    assert_eq!(lena.post("/api/rules/versions/1/restore", &json!({})).await.status, 200);
    assert_eq!(shown(&lena).await["rules"], rules["rules"]);
    let server = server.restart().await;
    let lena = server.again(&lena);
    assert_eq!(shown(&lena).await["rules"], rules["rules"]);
}

#[tokio::test]
async fn each_script_that_fails_is_told_of() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Falle"})).await;
    let before = lena.codex().await;
    let place = |body: &str| format!("fn place(task, today) {{ {body} }}");
    let list = |scripts: &[(&str, String)]| {
        let own = scripts.iter().map(|(name, script)| json!({"name": name, "script": script}));
        json!({"rules": std::iter::once(json!({"use": "spartan"})).chain(own).collect::<Vec<_>>()})
    };
    let on_task = |word: &str| place(&format!("if task.title == \"Falle\" {{ throw \"{word}\" }} anywhere()"));
    let broken = ("broken", "fn place(task, today) { on( }".to_owned());
    let cases = [
        // On the samples the one, on her task the others.
        (
            list(&[
                ("a", place("onn(weekdays)")),
                ("b", on_task("x")),
                ("c", place("anywhere()")),
                ("d", on_task("y")),
            ]),
            vec![("a", "place"), ("b", "place"), ("d", "place")],
        ),
        // What does not compile hides what only fails.
        (list(&[broken.clone(), ("b", on_task("x")), ("c", "let".to_owned())]), vec![("broken", ""), ("c", "")]),
        (list(&[("b", on_task("x")), broken]), vec![("broken", "")]),
    ];
    for (rules, expected) in cases {
        let checked = lena.post("/api/rules/check", &rules).await.json();
        let errors = checked["errors"].as_array().unwrap().clone();
        let word = |error: &Value, field: &str| error[field].as_str().unwrap_or_default().to_owned();
        let mut said: Vec<_> = errors.iter().map(|error| (word(error, "script"), word(error, "function"))).collect();
        said.sort();
        let said: Vec<_> = said.iter().map(|(script, function)| (script.as_str(), function.as_str())).collect();
        assert_eq!(said, expected, "{checked}");
        let refused = lena.put("/api/rules", &rules).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, "rules_refused"), "{}", refused.text);
        assert_eq!(refused.json()["errors"], checked["errors"]);
    }
    assert_eq!(lena.codex().await, before);
}

#[tokio::test]
async fn what_is_wrong_is_told_in_the_askers_language_beside_the_english() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let rules = json!({"rules": [{"use": "spartan"}, {"name": "mine", "script": "fn place(task, today) { onn(1) }"}]});
    let (english, german) =
        ("there is no function onn; did you mean on?", "eine Funktion onn gibt es nicht; ist on gemeint?");
    for (language, text) in [("en", english), ("de", german)] {
        for (method, path) in
            [(Method::POST, "/api/rules/check"), (Method::POST, "/api/rules/preview"), (Method::PUT, "/api/rules")]
        {
            let asked = lena.request(method, path).header("Accept-Language", language).json(&rules);
            let answer = Answer::of(asked).await.json();
            let error = &answer["errors"][0];
            assert_eq!((&error["message"], &error["text"]), (&json!(english), &json!(text)), "{path}: {answer}");
            let sentence = answer["error"].as_str().unwrap_or(text);
            assert!(sentence.ends_with(text), "{path}: {sentence}");
        }
    }
}
