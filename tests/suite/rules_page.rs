//! The page of rules, in a browser without scripts: ready ones, their options as forms, what a change would come to.

use serde_json::{Value, json};

use crate::account_pages::{assert_led, signed_in};
use crate::browser::with_browser;
use crate::harness::{Answer, TestServer, TestUser, vault};
use crate::look::{look, look_here};
use crate::visitor::{PASSWORD, Visitor};

const HOSTILE: &str = "<script>alert('x')</script>";

/// Somebody with the tasks of the vault, in the week before a holiday of Bavaria alone.
async fn tom() -> (TestServer, Visitor, TestUser) {
    let server = TestServer::start().await;
    server.set_clock("2026-01-05T08:00:00+01:00");
    let (browser, tom) = signed_in(&server, "tom").await;
    server.import(&tom, &vault("tom")).await;
    (server, browser, tom)
}

async fn rules(tom: &TestUser) -> Value {
    tom.get("/api/rules").await.json()["rules"].clone()
}

fn alert(page: &Answer) -> &str {
    let alert = page.text.split("class=\"alert\" role=\"alert\">").nth(1).unwrap_or_else(|| panic!("{}", page.text));
    alert.split('<').next().unwrap()
}

/// What no form of the page says.
async fn are_refused(browser: &mut Visitor) {
    for fields in [
        &[("act", "add"), ("script", "no-such-rules")][..],
        &[("act", "remove"), ("script", "no-such-rules")],
        &[("act", "restore"), ("version", "999")],
        &[("act", "options"), ("script", "german-holidays"), ("etag", "\"0\"")],
        &[("act", "options"), ("script", "german-holidays")],
        &[("act", "options"), ("script", "german-holidays"), ("option", "land")],
        &[("act", "options"), ("script", "german-holidays"), ("option", "friedensfest"), ("value", "maybe")],
        &[("act", "reset"), ("look", "true")],
        &[("act", "nothing")],
        &[],
    ] {
        let page = browser.form("/rules", fields).await;
        assert!(page.status == 422 || page.status == 404, "{fields:?}: {} {}", page.status, page.text);
    }
}

#[tokio::test]
async fn ready_rules_are_added_set_by_their_forms_and_taken_back() {
    let (_server, mut browser, tom) = tom().await;
    let page = browser.open("/rules").await;
    assert_eq!(page.status, 200, "{}", page.text);
    for part in ["These are the built-in rules", "1. spartan", "german-holidays", "four-day-week", "evenings-for-sport"]
    {
        assert!(page.text.contains(part), "no {part:?} in {}", page.text);
    }
    // Looking changes nothing, and says what the plan would be; with the default nothing but the list is another.
    let add = [("act", "add"), ("script", "german-holidays")];
    let before = tom.codex().await;
    let page = browser.form("/rules", &[&add[..], &[("look", "true")]].concat()).await;
    assert!(page.status == 200 && page.text.contains("What would change"), "{}", page.text);
    assert_eq!((tom.codex().await, rules(&tom).await), (before.clone(), json!([{"use": "spartan"}])));
    assert_led(&browser.form("/rules", &add).await, "/rules?done=saved");
    assert_eq!(rules(&tom).await, json!([{"use": "spartan"}, {"use": "german-holidays"}]));

    let page = browser.open("/rules").await;
    let form = page.text.split("id=\"rule-german-holidays\"").nth(1).unwrap().split("</form>").next().unwrap();
    let names: Vec<&str> =
        form.split("name=\"option\" value=\"").skip(1).map(|name| name.split('"').next().unwrap()).collect();
    assert_eq!(names[..2], ["land", "privat"]);
    let options = |land: &'static str| {
        let mut fields = vec![("act", "options"), ("script", "german-holidays")];
        for (name, value) in [("land", land), ("privat", "none"), ("friedensfest", "true")] {
            fields.extend([("option", name), ("value", value)]);
        }
        fields
    };
    let page = browser.form("/rules", &[&options("BY")[..], &[("look", "true")]].concat()).await;
    // The 6th is closed to work there.
    assert!(page.text.contains("06.01."), "{}", page.text);
    assert_led(&browser.form("/rules", &options("BY")).await, "/rules?done=saved");
    let set = rules(&tom).await;
    assert_eq!(set[1]["options"], json!({"land": "BY", "privat": "none", "friedensfest": true}));
    assert_ne!(tom.codex().await["timeline"], before["timeline"]);
    let page = browser.open("/rules").await;
    assert!(page.text.contains("<option value=\"BY\" selected>BY</option>"), "{}", page.text);

    let generation = tom.generation().await;
    let page = browser.form("/rules", &options("XY")).await;
    assert_eq!(page.status, 422, "{}", page.text);
    assert!(alert(&page).contains("land"), "{}", alert(&page));
    are_refused(&mut browser).await;
    assert_eq!(tom.generation().await, generation, "nothing was changed");

    assert_led(&browser.form("/rules", &[("act", "up"), ("script", "german-holidays")]).await, "/rules?done=saved");
    assert_eq!(rules(&tom).await[0]["use"], "german-holidays");
    assert_led(&browser.form("/rules", &[("act", "remove"), ("script", "german-holidays")]).await, "/rules?done=saved");
    assert_eq!(rules(&tom).await, json!([{"use": "spartan"}]));
    let versions = tom.get("/api/rules/versions").await.json();
    let first = versions["versions"].as_array().unwrap().last().unwrap()["version"].to_string();
    assert_led(&browser.form("/rules", &[("act", "restore"), ("version", &first)]).await, "/rules?done=saved");
    assert_eq!(rules(&tom).await.as_array().unwrap().len(), 2);
    assert_led(&browser.form("/rules", &[("act", "reset")]).await, "/rules?done=saved");
    assert_eq!(tom.get("/api/rules").await.json()["source"], "builtin");
}

/// What the buttons of the rules are called, as somebody hears it who does not see where they stand.
fn called(page: &Answer) -> Vec<&str> {
    let main = page.text.split("<main>").nth(1).unwrap();
    let buttons = main.split("<button").skip(1).filter_map(|button| button.split("aria-label=\"").nth(1));
    buttons.map(|called| called.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn each_button_of_a_rule_is_called_by_it_and_moves_it_up_or_down() {
    let (_server, mut browser, tom) = tom().await;
    for rule in ["german-holidays", "four-day-week"] {
        assert_led(&browser.form("/rules", &[("act", "add"), ("script", rule)]).await, "/rules?done=saved");
    }
    for (language, [up, down]) in [("en", ["Move up", "Move down"]), ("de", ["Nach oben", "Nach unten"])] {
        let page = tom.patch("/api/settings", &json!({"language": language})).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let page = browser.open("/rules").await;
        let names = called(&page);
        let again: Vec<_> =
            names.iter().filter(|name| names.iter().filter(|other| other == name).count() > 1).collect();
        assert!(again.is_empty() && names.len() > 12, "{again:?} of {names:?}");
        let moves: Vec<_> = names.iter().filter(|name| name.starts_with(up) || name.starts_with(down)).collect();
        let between = [up, down].map(|way| format!("{way}: german-holidays"));
        let wanted =
            [format!("{down}: spartan"), between[0].clone(), between[1].clone(), format!("{up}: four-day-week")];
        assert_eq!(moves, wanted.iter().collect::<Vec<_>>());
        // What the button beside `down: spartan` sends.
        let form = page.text.split(&format!("aria-label=\"{down}: spartan\"")).next().unwrap();
        let form = form.rsplit("<form").next().unwrap();
        assert!(form.contains("value=\"up\"") && form.contains("value=\"german-holidays\""), "{form}");
    }
}

#[tokio::test]
async fn what_a_script_says_is_text() {
    let (_server, mut browser, tom) = tom().await;
    let script = format!(
        "fn describe() {{ \"{HOSTILE}\" }}\nfn options() {{ [text(\"x\", \"{HOSTILE}\").label(\"{HOSTILE}\")] }}"
    );
    let set = tom.put("/api/rules", &json!({"rules": [{"use": "spartan"}, {"name": "mine", "script": script}]})).await;
    assert_eq!(set.status, 200, "{}", set.text);
    let page = browser.open("/rules").await;
    assert!(page.text.matches("&lt;script&gt;alert").count() >= 4, "{}", page.text);
    assert!(!page.text.contains("<script>"), "{}", page.text);
    let failing = "fn place(task, today) { task.nothing }";
    let set = tom.put("/api/rules", &json!({"rules": [{"name": "mine", "script": failing}]})).await;
    assert_eq!(set.status, 422, "{}", set.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_rules_is_readable_on_every_screen() {
    let (server, _, tom) = tom().await;
    let (login, rules) = (server.url("/login"), server.url("/rules"));
    with_browser(|browser| async move {
        browser.go(&login).await;
        browser.fill("input[name=name]", "tom").await;
        browser.fill("input[name=password]", PASSWORD).await;
        browser.click("button[type=submit]").await;
        look(&browser, &rules, "rules").await;
        browser.click("#ready li:first-of-type button[name=look]").await;
        look_here(&browser, "rules-looked").await;
        browser.click(".main[type=submit]").await;
        look_here(&browser, "rules-own").await;
        browser.click("[aria-label='Move down: spartan']").await;
        let first = browser.evaluate("return document.querySelector('section[id^=rule-] h2').textContent").await;
        assert!(!first.as_str().unwrap().contains("spartan"), "{first}");
    })
    .await;
    assert_eq!(tom.get("/api/rules").await.json()["source"], "user");
}
