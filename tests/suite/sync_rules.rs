//! Rules travel with the tasks: as files of a folder, both ways, and a list that cannot be taken stays out.

use serde_json::{Value, json};

use crate::git_host::Behaviour;
use crate::harness::{TestServer, TestUser};
use crate::shared::{Clone, Shared, settled, status};

const RULES: &str = "codex-miroir/lena/rules";

/// One slot a day, of this name, with what follows.
fn script(slot: &str, more: &str) -> String {
    format!("fn slots(day, slots) {{\n    [slot(\"{slot}\", \"00:00\", \"23:59\")]\n}}\n\n\n{more}")
}

async fn setting(user: &TestUser, name: &str, script: &str) {
    let answer = user.put("/api/rules", &json!({"rules": [{"name": name, "script": script}]})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// The scripts of the user's list.
async fn scripts(user: &TestUser) -> Vec<(String, String)> {
    let rules = user.get("/api/rules").await.json()["rules"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rules.iter().map(|rule| (text(rule.get("use").unwrap_or(&rule["name"])), text(&rule["script"]))).collect()
}

/// The script of each version that the list ever had.
async fn versions(user: &TestUser) -> Vec<String> {
    let mut scripts = Vec::new();
    for version in user.get("/api/rules/versions").await.json()["versions"].as_array().unwrap() {
        let whole = user.get(&format!("/api/rules/versions/{}", version["version"])).await.json();
        scripts.push(whole["rules"][0]["script"].as_str().unwrap_or_default().to_owned());
    }
    scripts
}

/// The slots of the timeline's last day.
async fn slots(user: &TestUser) -> Vec<String> {
    let codex = user.codex().await;
    let slots = codex["timeline"].as_array().unwrap().last().unwrap()["slots"].as_array().unwrap().clone();
    slots.iter().map(|slot| slot["zeit"].as_str().unwrap().to_owned()).collect()
}

fn one(name: &str, text: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), text.to_owned())]
}

/// A list of one script that both sides have.
async fn with_rules() -> (Shared, Clone, TestServer, TestUser) {
    let shared = Shared::new();
    let server = shared.server().await;
    let lena = server.user("lena").await;
    setting(&lena, "mine", &script("hier", "")).await;
    settled(&lena).await;
    let clone = shared.clone_of("clone");
    clone.pull();
    (shared, clone, server, lena)
}

#[tokio::test]
async fn rules_are_files_that_can_be_changed_on_either_side() {
    let (shared, clone, _server, lena) = with_rules().await;
    let mine = format!("{RULES}/mine.rhai");
    assert_eq!((shared.files(RULES), shared.file(&mine)), (vec!["mine.rhai".to_owned()], Some(script("hier", ""))));
    clone.write(&mine, Some(&script("dort", "")));
    clone.write(&format!("{RULES}/README.md"), Some("About these rules.\n"));
    clone.push("other slots");
    settled(&lena).await;
    assert_eq!((scripts(&lena).await, slots(&lena).await), (one("mine", &script("dort", "")), vec!["dort".to_owned()]));

    // Two scripts and their order.
    let list = json!({"rules": [{"name": "zuerst", "script": script("a", "")}, {"use": "spartan"}]});
    assert_eq!(lena.put("/api/rules", &list).await.status, 200);
    settled(&lena).await;
    assert_eq!(shared.files(RULES), ["README.md", "rules.json", "zuerst.rhai"]);
    clone.pull();
    clone.write(&format!("{RULES}/zuerst.rhai"), Some(&script("b", "")));
    clone.push("only the script");
    settled(&lena).await;
    let names: Vec<String> = scripts(&lena).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["zuerst", "spartan"]);
    assert_eq!(scripts(&lena).await[0].1, script("b", ""));

    // None on one side are none on the other.
    clone.write(&format!("{RULES}/zuerst.rhai"), None);
    clone.write(&format!("{RULES}/rules.json"), None);
    clone.push("no rules");
    settled(&lena).await;
    assert_eq!(lena.get("/api/rules").await.json()["version"], Value::Null);
    setting(&lena, "neu", &script("neu", "")).await;
    settled(&lena).await;
    assert_eq!(shared.files(RULES), ["README.md", "neu.rhai"]);
    assert_eq!(lena.delete("/api/rules").await.status, 200);
    settled(&lena).await;
    assert_eq!(shared.files(RULES), ["README.md"]);
}

#[tokio::test]
async fn a_script_that_cannot_be_taken_is_told_until_it_is_mended_and_never_overwritten() {
    let (shared, clone, _server, lena) = with_rules().await;
    let mine = format!("{RULES}/mine.rhai");
    for bad in ["fn slots(day, slots) {\n    [slto(\"x\", \"00:00\", \"23:59\")]\n}\n", "fn slots(day, slots) { [ }\n"]
    {
        clone.write(&mine, Some(bad));
        clone.push("a mistake");
        settled(&lena).await;
        let held = status(&lena).await["held"].clone();
        assert_eq!((held[0]["file"].as_str(), held.as_array().unwrap().len()), (Some("rules/"), 1), "{held}");
        assert!(held[0]["reason"].as_str().unwrap().contains("mine"), "{held}");
        assert_eq!(slots(&lena).await, ["hier"]);
        // Neither other changes nor changes of the rules write over it.
        setting(&lena, "mine", &script("hier", "// von hier\n")).await;
        lena.create(json!({"kategorie": "arbeit", "title": "Weiter"})).await;
        settled(&lena).await;
        assert_eq!(shared.file(&mine).unwrap(), bad);
        assert_eq!(scripts(&lena).await, one("mine", &script("hier", "// von hier\n")));
        assert_eq!(status(&lena).await["held"].as_array().unwrap().len(), 1);

        clone.pull();
        clone.write(&mine, Some(&script("dort", "")));
        clone.push("mended");
        settled(&lena).await;
        let both = script("dort", "// von hier\n");
        assert_eq!((scripts(&lena).await, slots(&lena).await), (one("mine", &both), vec!["dort".to_owned()]));
        assert_eq!((status(&lena).await["held"].clone(), shared.file(&mine).unwrap()), (json!([]), both));
        setting(&lena, "mine", &script("hier", "")).await;
        settled(&lena).await;
        clone.pull();
    }
    assert_eq!(shared.files("codex-miroir/lena/tasks").len(), 2);
}

#[tokio::test]
async fn rules_that_both_sides_changed_are_merged_and_what_gave_way_is_a_version() {
    let (shared, clone, _server, lena) = with_rules().await;
    let mine = format!("{RULES}/mine.rhai");
    for (there, here, merged) in [
        (script("dort", ""), script("hier", "// hier\n"), script("dort", "// hier\n")),
        (script("abends", "// hier\n"), script("nachts", "// hier\n"), script("abends", "// hier\n")),
    ] {
        shared.host.behave(Behaviour::Status(503));
        setting(&lena, "mine", &here).await;
        clone.write(&mine, Some(&there));
        clone.push("there");
        shared.host.behave(Behaviour::Git);
        settled(&lena).await;
        assert_eq!(scripts(&lena).await, one("mine", &merged));
        assert_eq!(shared.file(&mine).unwrap(), merged);
        assert!(versions(&lena).await.contains(&here));
        clone.pull();
    }
}
