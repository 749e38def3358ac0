//! Rules of one's own, written in a browser without scripts: tried, told what is wrong, kept, and set again.

use serde_json::{Value, json};

use crate::account_pages::assert_led;
use crate::harness::{Answer, TestUser};
use crate::task_pages::tom;
use crate::visitor::Visitor;

const HOSTILE: &str = "<script>alert('x')</script>";
const ERRANDS: &str =
    "fn place(task, today) {\n    if \"errand\" in task.tags { return on([\"sat\"]); }\n    anywhere()\n}\n";
const TESTS: &str = "fn test_errands() {\n    let week = plan(#{ now: \"2025-10-13 08:00\", rules: [\"spartan\", \"errands\"], tasks: [#{ kategorie: \"privat\", tags: [\"errand\"] }] });\n    assert_eq(week.slot_of(1), \"18.10.2025 morgens\");\n}\n";

async fn rules(tom: &TestUser) -> Value {
    tom.get("/api/rules").await.json()["rules"].clone()
}

/// What a page has between two texts, entities as the characters that they are.
fn between(page: &Answer, from: &str, to: &str) -> String {
    let rest = page.text.split_once(from).unwrap_or_else(|| panic!("no {from:?} in {}", page.text)).1;
    let text = rest.split_once(to).unwrap_or_else(|| panic!("no {to:?} in {rest}")).0;
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

fn etag(page: &Answer) -> String {
    between(page, "name=\"etag\" value=\"", "\"")
}

/// What stands in a field for a script.
fn written(page: &Answer, field: &str) -> String {
    let area = between(page, &format!("name=\"{field}\" rows="), "</textarea>");
    area.split_once(">\n").unwrap().1.to_owned()
}

/// Sends the editor's form, with the line ends of the network as a browser does.
async fn send(browser: &mut Visitor, act: &str, fields: &[(&str, &str)]) -> Answer {
    let fields: Vec<(&str, String)> = fields.iter().map(|(name, text)| (*name, text.replace('\n', "\r\n"))).collect();
    let mut sent = vec![("act", act)];
    sent.extend(fields.iter().map(|(name, text)| (*name, text.as_str())));
    browser.form("/rules/edit", &sent).await
}

#[tokio::test]
async fn a_rule_is_written_tried_and_kept() {
    let (_server, mut browser, tom) = tom().await;
    let page = browser.open("/rules").await;
    assert!(page.text.contains("action=\"/rules/edit\"") && page.text.contains("a copy of vacation"), "{}", page.text);
    let page = browser.open("/rules/edit?new=errands&from=").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("name=\"name\" type=\"text\" value=\"errands\""), "{}", page.text);
    let (script, tests) = (written(&page, "script"), written(&page, "tests"));
    assert!(script.starts_with("// errands: a rule of your own.") && tests.contains("[\"spartan\", \"errands\"]"));
    let tag = etag(&page);
    let fields = |script: &'static str, tests: &'static str| {
        [("of", ""), ("name", "errands"), ("script", script), ("tests", tests)]
    };
    // What the page begins with can be taken as it is.
    let example = [("name", "errands"), ("script", script.as_str()), ("tests", tests.as_str())];
    for (act, said) in
        [("check", "Nothing is wrong with it."), ("test", "</code> – passes"), ("look", "Nothing changes")]
    {
        let page = send(&mut browser, act, &example).await;
        assert!(page.status == 200 && page.text.contains(said), "{act}: {}", page.text);
        assert_eq!(written(&page, "script"), script, "{act}");
    }

    let wrong = ERRANDS.replace("on([", "onn([");
    for act in ["check", "look", "test", "save"] {
        let page = send(&mut browser, act, &[("name", "errands"), ("script", &wrong), ("etag", &tag)]).await;
        assert_eq!(page.status, if act == "test" { 200 } else { 422 }, "{act}: {}", page.text);
        assert_eq!((written(&page, "script"), etag(&page)), (wrong.clone(), tag.clone()), "{act}");
        if act == "test" {
            assert!(page.text.contains("There are none"), "{}", page.text);
            continue;
        }
        for part in [
            "href=\"#script-line-2\" data-line=\"2\" data-column=\"39\">line 2, column 39, place()</a>",
            "there is no function onn; did you mean on?",
            "<li class=\"wrong\" id=\"script-line-2\" value=\"2\">",
            "<mark>onn</mark>",
            "aria-invalid=\"true\"",
        ] {
            assert!(page.text.contains(part), "{act}: no {part:?} in {}", page.text);
        }
    }
    // A test that fails is told at its own field, and keeps the rule from being saved.
    let failing = TESTS.replace("morgens\"", "abends\"");
    let page = send(&mut browser, "test", &[("name", "errands"), ("script", ERRANDS), ("tests", &failing)]).await;
    assert!(page.status == 200 && page.text.contains("href=\"#tests-line-3\""), "{}", page.text);
    assert!(between(&page, "id=\"tested\"", "</section>").contains("the first is \"18.10.2025 morgens\""));
    let page = send(&mut browser, "save", &[("name", "errands"), ("script", ERRANDS), ("tests", &failing)]).await;
    assert!(page.status == 422 && page.text.contains("A test fails; nothing was saved."), "{}", page.text);
    assert_eq!(rules(&tom).await, json!([{"use": "spartan"}]), "nothing was changed by any of it");

    let page = send(&mut browser, "test", &fields(ERRANDS, TESTS)).await;
    assert!(page.text.contains("<code>test_errands</code> – passes"), "{}", page.text);
    let saved = send(&mut browser, "save", &[&fields(ERRANDS, TESTS)[..], &[("etag", &tag)]].concat()).await;
    assert_led(&saved, "/rules/edit/errands?done=saved");
    let own = json!({"name": "errands", "script": ERRANDS, "tests": TESTS});
    assert_eq!(rules(&tom).await, json!([{"use": "spartan"}, own]));
    let page = browser.open("/rules/edit/errands?done=saved").await;
    assert!(page.text.contains("Saved.") && page.text.contains("<h1>The rule errands</h1>"), "{}", page.text);
    assert_eq!((written(&page, "script"), written(&page, "tests")), (ERRANDS.to_owned(), TESTS.to_owned()));
}

#[tokio::test]
async fn whoever_wrote_meanwhile_loses_nothing() {
    let (_server, mut browser, tom) = tom().await;
    let mine = json!({"name": "errands", "script": ERRANDS, "tests": TESTS});
    assert_eq!(tom.put("/api/rules", &json!({"rules": [{"use": "spartan"}, mine]})).await.status, 200);
    let tag = etag(&browser.open("/rules/edit/errands").await);
    let theirs = ERRANDS.replace("sat", "fri");
    let set = json!({"rules": [{"use": "spartan"}, {"name": "errands", "script": theirs}]});
    assert_eq!(tom.put("/api/rules", &set).await.status, 200);

    let ours = ERRANDS.replace("sat", "thu");
    let fields = [("of", "errands"), ("name", "errands"), ("script", &ours), ("tests", "")];
    let typed = |tag| [&fields[..], &[("etag", tag)]].concat();
    // Trying says nothing of it, and does not make it look as if it had been seen.
    let page = send(&mut browser, "check", &typed(&tag)).await;
    assert_eq!(etag(&page), tag, "{}", page.text);
    let page = send(&mut browser, "save", &typed(&tag)).await;
    assert_eq!(page.status, 422, "{}", page.text);
    assert!(page.text.contains("Somebody else saved rules while you wrote."), "{}", page.text);
    let both = between(&page, "What stands now", "class=\"editing\"");
    assert!(both.contains("on([\"fri\"])") && both.contains("on([\"thu\"])") && both.contains("<del"), "{both}");
    assert_eq!(written(&page, "script"), ours);
    assert_eq!(rules(&tom).await[1]["script"], theirs.as_str());
    // Then it is known, and saving is what is wanted.
    let seen = etag(&page);
    assert_ne!(seen, tag);
    assert_led(&send(&mut browser, "save", &typed(&seen)).await, "/rules/edit/errands?done=saved");
    assert_eq!(rules(&tom).await[1]["script"], ours.as_str());

    // One that was removed meanwhile comes back at the end.
    let tag = etag(&browser.open("/rules/edit/errands").await);
    assert_eq!(tom.put("/api/rules", &json!({"rules": [{"use": "spartan"}]})).await.status, 200);
    let page = send(&mut browser, "save", &typed(&tag)).await;
    assert!(page.status == 422 && page.text.contains("Saving adds it."), "{}", page.text);
    let seen = etag(&page);
    assert_led(&send(&mut browser, "save", &typed(&seen)).await, "/rules/edit/errands?done=saved");
    assert_eq!(rules(&tom).await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_ready_rule_is_copied_and_takes_its_place_with_its_options() {
    let (_server, mut browser, tom) = tom().await;
    let list = json!({"rules": [{"use": "spartan"}, {"use": "four-day-week", "options": {"free": "mo"}}]});
    assert_eq!(tom.put("/api/rules", &list).await.status, 200);
    let page = browser.open("/rules/edit/four-day-week").await;
    assert!(page.text.contains("which takes its place in your list."), "{}", page.text);
    assert!(page.text.contains("name=\"name\" type=\"text\" value=\"my-four-day-week\""), "{}", page.text);
    assert!(page.text.contains("free = mo"), "{}", page.text);
    let (script, tests) = (written(&page, "script"), written(&page, "tests"));
    assert!(tests.contains("\"my-four-day-week\"") && !tests.contains("\"four-day-week\""), "{tests}");
    let fields = [("of", "four-day-week"), ("name", "my-four-day-week"), ("script", &script), ("tests", &tests)];
    let page = send(&mut browser, "test", &fields).await;
    assert_eq!(page.text.matches("</code> – passes").count(), tests.matches("fn test_").count(), "{}", page.text);
    assert_led(&send(&mut browser, "save", &fields).await, "/rules/edit/my-four-day-week?done=saved");
    let set = rules(&tom).await;
    assert_eq!((&set[1]["name"], &set[1]["options"]), (&json!("my-four-day-week"), &json!({"free": "mo"})));
    assert!(set.as_array().unwrap().len() == 2, "{set}");

    // An option that the script has no more is in the way until it is forgotten.
    let fields = [("of", "my-four-day-week"), ("name", "free-day"), ("script", "fn place(task, today) { anywhere() }")];
    let page = send(&mut browser, "save", &fields).await;
    assert!(page.status == 422 && page.text.contains("the script declares no option"), "{}", page.text);
    let fields = [&fields[..], &[("defaults", "true")]].concat();
    assert_led(&send(&mut browser, "save", &fields).await, "/rules/edit/free-day?done=saved");
    let own = json!({"name": "free-day", "script": "fn place(task, today) { anywhere() }"});
    assert_eq!(rules(&tom).await, json!([{"use": "spartan"}, own]));

    // One that is not in the list goes to its end, under the name that was asked for.
    let page = browser.open("/rules/edit?from=vacation&new=holidays").await;
    assert!(page.text.contains("at the end of your list."), "{}", page.text);
    let (script, tests) = (written(&page, "script"), written(&page, "tests"));
    let fields = [("of", ""), ("name", "holidays"), ("script", &script), ("tests", &tests)];
    assert_led(&send(&mut browser, "save", &fields).await, "/rules/edit/holidays?done=saved");
    assert_eq!(rules(&tom).await[2]["name"], "holidays");
}

#[tokio::test]
async fn bad_input_changes_nothing_and_is_kept_in_the_form() {
    let (_server, mut browser, tom) = tom().await;
    let long = "// ä\n".repeat(4 * 1024);
    let before = tom.generation().await;
    for (fields, said) in [
        (&[("name", "Errands"), ("script", ERRANDS)][..], "Name must be 1 to 64 characters"),
        (&[("name", ""), ("script", ERRANDS)], "Name must be 1 to 64 characters"),
        (&[("name", "spartan"), ("script", ERRANDS)], "A script of the list is called so already"),
        (&[("name", "errands"), ("script", long.as_str())], "The script must be at most 16 KiB long"),
        (&[("name", "errands"), ("script", ERRANDS), ("tests", long.as_str())], "must be at most 16 KiB long"),
        (&[("name", "errands"), ("script", "")], "saved"),
        (&[("name", "errands"), ("script", HOSTILE)], "line 1, column 1"),
        (&[("name", HOSTILE), ("script", ERRANDS)], "Name must be 1 to 64"),
        (
            &[("name", "errands"), ("script", "fn place(task, today) { throw \"<script>alert('x')</script>\" }")],
            "&lt;script&gt;alert",
        ),
        (&[("name", "errands"), ("script", ERRANDS), ("of", HOSTILE), ("etag", "\"9999\"")], "Somebody else saved"),
    ] {
        if fields[1].1.is_empty() {
            // A script that says nothing is one, too.
            assert_eq!(send(&mut browser, "check", fields).await.status, 200);
            continue;
        }
        let page = send(&mut browser, "save", fields).await;
        assert_eq!(page.status, 422, "{said}: {}", page.text);
        assert!(page.text.contains(said), "no {said:?} in {}", page.text);
        assert!(!page.text.contains("<script>alert"), "{}", page.text);
        assert_eq!(written(&page, "script"), fields[1].1, "what was written stays");
    }
    let page = send(&mut browser, "nothing", &[("name", "a"), ("script", ERRANDS)]).await;
    assert!(page.status == 422 && page.text.contains("check, look, test or save"), "{}", page.text);
    assert_eq!(browser.form("/rules/edit", &[("act", "save"), ("scrpit", "")]).await.status, 422);
    assert_eq!(tom.generation().await, before);

    for (path, status, said) in [
        ("/rules/edit/spartn", 404, "cannot be “spartn”; it is one of: spartan."),
        ("/rules/edit/%3Cscript%3E", 404, "&lt;script&gt;"),
        ("/rules/edit?from=vaction", 404, "cannot be “vaction”"),
        ("/rules/edit?new=%22%3E%3Cscript%3E", 200, "Name must be 1 to 64 characters"),
        ("/rules/edit?new=spartan", 200, "A script of the list is called so already"),
        ("/rules?version=x", 200, "Rules"),
    ] {
        let page = browser.open(path).await;
        assert!(page.status == status && page.text.contains(said), "{path}: {} {}", page.status, page.text);
        assert!(!page.text.contains("<script>"), "{path}");
    }
}

#[tokio::test]
async fn versions_are_held_against_what_applies_and_set_again() {
    let (_server, mut browser, tom) = tom().await;
    for day in ["sat", "fri"] {
        let own = json!({"name": "errands", "script": ERRANDS.replace("sat", day)});
        assert_eq!(tom.put("/api/rules", &json!({"rules": [{"use": "spartan"}, own]})).await.status, 200);
    }
    assert_eq!(tom.put("/api/rules", &json!({"rules": [{"use": "spartan"}]})).await.status, 200);
    let versions = tom.get("/api/rules/versions").await.json();
    let numbers: Vec<String> =
        versions["versions"].as_array().unwrap().iter().map(|version| version["version"].to_string()).collect();
    let page = browser.open("/rules").await;
    assert!(page.text.contains("applies now"), "{}", page.text);
    assert!(page.text.contains(&format!("href=\"/rules?version={0}#version-{0}\"", numbers[1])), "{}", page.text);
    let page = browser.open(&format!("/rules?version={}", numbers[1])).await;
    let shown = between(&page, &format!("id=\"version-{}\"", numbers[1]), "</li>");
    assert!(shown.contains("<h3>errands.rhai</h3>") && shown.contains("on([\"fri\"])"), "{shown}");
    assert!(shown.contains("<h3>rules.json</h3>") && shown.contains("<ins"), "{shown}");

    assert_led(&browser.form("/rules", &[("act", "restore"), ("version", &numbers[1])]).await, "/rules?done=saved");
    let page = browser.open(&format!("/rules?version={}", numbers[2])).await;
    let shown = between(&page, &format!("id=\"version-{}\"", numbers[2]), "</li>");
    let plain = shown.replace("aria-label=\"removed\"", "").replace("aria-label=\"added\"", "");
    assert!(plain.contains("− ") && plain.contains("+ ") && !shown.contains("rules.json"), "{shown}");
    assert_led(&browser.form("/rules", &[("act", "restore"), ("version", &numbers[2])]).await, "/rules?done=saved");
    assert_eq!(rules(&tom).await[1]["script"], ERRANDS);
    let again = tom.get("/api/rules/versions").await.json()["versions"][0]["version"].to_string();
    let page = browser.open(&format!("/rules?version={}", numbers[2])).await;
    assert!(page.text.contains("Nothing is different"), "{}", page.text);
    assert_ne!(again, numbers[2]);
}

#[tokio::test]
async fn options_that_a_rule_does_not_have_are_told_with_the_nearest() {
    let (_server, mut browser, tom) = tom().await;
    assert_eq!(
        tom.put("/api/rules", &json!({"rules": [{"use": "spartan"}, {"use": "german-holidays"}]})).await.status,
        200
    );
    let generation = tom.generation().await;
    let fields = [("act", "options"), ("script", "german-holidays"), ("option", "lnad"), ("value", "BY")];
    let page = browser.form("/rules", &fields).await;
    assert!(
        page.status == 422 && page.text.contains("There is no field “lnad”; did you mean “land”?"),
        "{}",
        page.text
    );
    assert_eq!(tom.patch("/api/settings", &json!({"language": "de"})).await.status, 200);
    let page = browser.form("/rules", &fields).await;
    assert!(page.text.contains("ist „land“ gemeint?"), "{}", page.text);
    assert!(tom.generation().await == generation + 1, "only the language is another");
    // The German example works as well.
    let page = browser.open("/rules/edit").await;
    assert!(page.text.contains("Eine eigene Regel") && page.text.contains("value=\"meine\""), "{}", page.text);
    let (script, tests) = (written(&page, "script"), written(&page, "tests"));
    let saved = send(&mut browser, "save", &[("name", "meine"), ("script", &script), ("tests", &tests)]).await;
    assert_led(&saved, "/rules/edit/meine?done=saved");
    // What is read beside it is in the reader's language, and leads from one to the other.
    for (language, [said, word]) in
        [("de", ["Zehn eigene Zeilen", "aufgabe.frist"]), ("en", ["Ten lines of your own", "task.deadline"])]
    {
        assert_eq!(tom.patch("/api/settings", &json!({"language": language})).await.status, 200);
        let page = browser.open("/rules/tutorial").await;
        let leads = page.text.contains("href=\"/rules/edit#reference\"") && !page.text.contains(".md\"");
        assert!(page.status == 200 && leads && page.text.contains(said), "{}", page.text);
        let page = browser.open("/rules/edit").await;
        assert!(page.text.contains(&format!("<td><code>{word}</code></td>")), "{}", page.text);
    }
}
