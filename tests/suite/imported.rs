//! An export in JSON, brought into an account again.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::git_host::Behaviour;
use crate::harness::{Answer, Start, TestServer, TestUser, repository, vault};
use crate::shared::{Shared, conflicts, document, edit, settled};

const SCRIPT: &str = "fn options() { [number(\"days\", 1)] }\nfn slots(day, slots) { slots }\n";
const TESTS: &str = "fn test_nothing() {}\n";
const TASK: &str = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n";

async fn export(user: &TestUser) -> Value {
    let answer = user.get("/api/export?format=json&history=true").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn import_text(user: &TestUser, query: &str, text: impl Into<reqwest::Body>) -> Answer {
    let request = user.request(Method::POST, &format!("/api/import{query}"));
    Answer::of(request.header("Content-Type", "application/json").body(text)).await
}

async fn import(user: &TestUser, query: &str, export: &Value) -> Answer {
    import_text(user, query, export.to_string()).await
}

/// What became of each part.
fn fates(answer: &Answer) -> BTreeMap<String, String> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let files = answer.json()["files"].as_array().unwrap().clone();
    files.iter().map(|file| (text(&file["file"]), text(&file["fate"]))).collect()
}

/// An export without what has to differ in another account: whose it is, and where it stands.
fn content(export: &Value) -> Value {
    let mut content = export.clone();
    for field in ["user", "generation", "committedAt", "history"] {
        content.as_object_mut().unwrap().remove(field);
    }
    content
}

/// The changes of an export, each marked as brought.
fn brought(export: &Value) -> Vec<Value> {
    let mut history = export["history"].as_array().unwrap().clone();
    history.iter_mut().for_each(|change| change["brought"] = json!(true));
    history
}

/// An account with everything in it: odd documents, changes of every kind, a merge, rules and settings.
async fn eventful(shared: &Shared) -> (TestServer, TestUser) {
    let clone = shared.clone_of("clone");
    clone.write("codex-miroir/lena/tasks/0900-a.md", Some(&document("A", "", "eins\nzwei\n")));
    clone.push("a task");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    server.import(&lena, &vault("lena")).await;
    server.import(&lena, &repository("fixtures/odd/tasks")).await;
    settled(&lena).await;
    shared.host.behave(Behaviour::Status(503));
    edit(&lena, "0900", "zwei", "zwei hier").await;
    clone.pull();
    clone.write("codex-miroir/lena/tasks/0900-a.md", Some(&document("A", "", "eins\nzwei dort\n")));
    clone.push("there");
    shared.host.behave(Behaviour::Git);
    settled(&lena).await;
    assert_eq!(conflicts(&lena).await.len(), 1);
    let option = json!({"use": "spartan"});
    let own = json!({"name": "mine", "script": SCRIPT, "tests": TESTS, "options": {"days": 3}});
    for rules in [json!([option]), json!([own, option])] {
        let set = lena.put("/api/rules", &json!({"rules": rules})).await;
        assert_eq!(set.status, 200, "{}", set.text);
    }
    assert_eq!(lena.delete("/api/rules").await.status, 200);
    assert_eq!(lena.put("/api/rules", &json!({"rules": [own, option]})).await.status, 200);
    let settings = json!({"timeZone": "Europe/Lisbon", "language": "de", "horizon": 11, "theme": "dark"});
    assert_eq!(lena.patch("/api/settings", &settings).await.status, 200);
    lena.update("0900", json!({"tags": ["a: b", "#c"], "deadline": "01.12.2025"})).await;
    lena.apply("0900", "cancel", json!({})).await;
    let late = lena.create(json!({"kategorie": "privat", "title": "Weg damit"})).await;
    assert_eq!(lena.delete(&format!("/api/tasks/{late}")).await.status, 200);
    (server, lena)
}

#[tokio::test]
async fn an_export_comes_back_whole_into_a_new_account() {
    let (there, here) = (Shared::new(), Shared::new());
    let (_server, lena) = eventful(&there).await;
    let first = export(&lena).await;
    let count = first["documents"].as_array().unwrap().len();
    assert!(count > 80 && first["history"].as_array().unwrap().len() > count);
    for mark in ["merged", "conflict"] {
        assert!(first["history"].as_array().unwrap().iter().any(|change| change[mark] == true), "{mark}");
    }
    assert!(first["documents"].as_array().unwrap().iter().any(|document| document["base64"].is_string()));

    let server = here.server().await;
    let tom = server.user("tom").await;
    let dry = import(&tom, "?dryRun=true", &first).await;
    assert_eq!((tom.generation().await, &dry.json()["dryRun"]), (0, &json!(true)));
    assert_eq!(export(&tom).await["documents"], json!([]));
    let real = import(&tom, "", &first).await;
    let report = fates(&real);
    assert_eq!(fates(&dry), report);
    let parts = ["settings", "rules", "history", "nextAvailableId"].map(|part| report[part].as_str());
    assert_eq!(parts, ["replaced", "added", "taken", "taken"]);
    assert_eq!(report.len(), count + 4);
    let generation = first["generation"].as_u64().unwrap() + 1;
    assert_eq!(real.json()["generation"], generation);
    let server = server.restart_with(Start { sync: here.settings(), ..Start::default() }).await;
    let tom = server.again(&tom);

    let second = export(&tom).await;
    assert_eq!(content(&second), content(&first));
    assert_eq!((&second["generation"], &second["user"]), (&json!(generation), &json!("tom")));
    let (imported, earlier): (Vec<Value>, Vec<Value>) =
        second["history"].as_array().unwrap().iter().cloned().partition(|change| change.get("brought").is_none());
    assert_eq!(earlier, brought(&first), "each change with its generation, time, actor and states, in its order");
    assert!(imported.iter().all(|change| change["generation"] == generation && change["verb"] == "import"));
    // As people and programs read it, too.
    let (entries, of_lena) = (tom.history("/api/history").await, lena.history("/api/history").await);
    let mut of_lena = of_lena;
    of_lena.iter_mut().for_each(|entry| entry["brought"] = json!(true));
    assert_eq!(entries[imported.len()..], of_lena);
    assert_eq!(
        tom.history("/api/tasks/0900/history").await.len(),
        lena.history("/api/tasks/0900/history").await.len() + 1
    );

    // The repository gets the tasks, and nothing of what happened elsewhere.
    settled(&tom).await;
    assert_eq!(here.files("codex-miroir/tom/tasks").len(), count);
    assert_eq!(here.messages().len(), 1, "{:?}", here.messages());

    for (user, is_merged) in [(&lena, true), (&tom, false)] {
        let page = user.get("/sync-status").await;
        assert_eq!((page.status, page.text.contains("0900-a.md")), (200, is_merged), "{}", page.text);
    }

    // Once more it is all there, and a third account takes all of it.
    let again = import(&tom, "", &first).await;
    let unreadable = |report: &BTreeMap<String, String>| report.values().filter(|fate| *fate == "unreadable").count();
    let unchanged = fates(&again).values().filter(|fate| *fate == "unchanged").count();
    assert_eq!(unchanged + unreadable(&report), report.len(), "{:?}", fates(&again));
    assert_eq!(tom.generation().await, generation);
    let eva = server.user("eva").await;
    assert_eq!(fates(&import(&eva, "", &second).await)["history"], "taken");
    let third = export(&eva).await;
    assert_eq!(content(&third), content(&first));
    assert_eq!(third["history"].as_array().unwrap()[imported.len()..], brought(&second));
}

#[tokio::test]
async fn one_undo_takes_an_import_back_and_none_what_it_brought() {
    let shared = Shared::new();
    let (server, lena) = eventful(&shared).await;
    let first = export(&lena).await;
    let tom = server.user("tom").await;
    let before = export(&tom).await;
    let generation = import(&tom, "", &first).await.json()["generation"].as_u64().unwrap();
    for language in ["en", "de"] {
        let undo = tom.request(Method::POST, "/api/undo").header("Accept-Language", language);
        let answer = Answer::of(undo.json(&json!({"generation": 2}))).await;
        assert_eq!((answer.status, answer.code().as_str()), (409, "brought_change"));
        let word = if language == "en" { "another account" } else { "anderen Konto" };
        assert!(answer.json()["error"].as_str().unwrap().contains(word), "{}", answer.text);
    }
    assert_eq!(content(&export(&tom).await), content(&first));
    let undone = tom.post("/api/undo", &json!({})).await;
    assert_eq!((undone.status, &undone.json()["undone"]), (200, &json!(generation)), "{}", undone.text);
    let after = export(&tom).await;
    assert_eq!(
        (&after["documents"], &after["settings"], &after["rules"]),
        (&json!([]), &before["settings"], &json!(null))
    );
    // Numbers are not given again, and generations go on.
    assert_eq!(after["nextAvailableId"], first["nextAvailableId"]);
    assert_eq!(after["generation"], generation + 1);
    // Undoing the undo, as the last change of one's own, brings it back.
    assert_eq!(tom.post("/api/undo", &json!({})).await.status, 200);
    assert_eq!(content(&export(&tom).await), content(&first));
}

#[tokio::test]
async fn an_account_with_a_history_of_its_own_takes_everything_else() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    let files = (0..4).map(|number| (format!("{number:04}-a.md"), TASK.as_bytes().to_vec()));
    server.import_files(&lena, files.collect()).await;
    lena.update("1", json!({"title": "Eins"})).await;
    lena.delete("/api/tasks/3").await;
    let first = export(&lena).await;
    server
        .import_document(&tom, "0001-a.md", "---\ntyp: task\nkategorie: privat\nstatus: offen\n---\n# Eigenes\n")
        .await;
    server.import_document(&tom, "0700-eigenes.md", TASK).await;
    let before = export(&tom).await;
    let answer = import(&tom, "", &first).await;
    let report = fates(&answer);
    assert_eq!((report["history"].as_str(), report["0001-a.md"].as_str()), ("skipped", "replaced"));
    assert_eq!((report["nextAvailableId"].as_str(), report["settings"].as_str()), ("unchanged", "unchanged"));
    assert!(answer.text.contains("a history of its own"), "{}", answer.text);
    let after = export(&tom).await;
    assert_eq!((&after["generation"], &after["nextAvailableId"]), (&json!(3), &json!("0701")));
    assert_eq!(after["documents"].as_array().unwrap().len(), 4);
    let history = after["history"].as_array().unwrap();
    assert!(history.iter().all(|change| change.get("brought").is_none()));
    assert_eq!(history[3..], before["history"].as_array().unwrap()[..]);
    assert_eq!(tom.undo(3).await.status, 200);
    assert_eq!(export(&tom).await["documents"], before["documents"]);
    // Into the account that it is of: its history is there.
    let own = fates(&import(&lena, "", &first).await);
    assert!(own.values().all(|fate| fate == "unchanged"), "{own:?}");
    assert_eq!(lena.generation().await, 3);
}

#[tokio::test]
async fn a_number_alone_is_taken_over_and_never_lowered() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let mut empty = export(&lena).await;
    assert_eq!((&empty["nextAvailableId"], &empty["generation"]), (&json!("0000"), &json!(0)));
    for (number, fate, next, generation) in [
        (json!("0000"), "unchanged", "0000", 0),
        (json!("0042"), "taken", "0042", 1),
        (json!("0042"), "unchanged", "0042", 1),
        (json!("0007"), "unchanged", "0042", 1),
        (json!("100000001"), "skipped", "0042", 1),
        (json!("999999999"), "skipped", "0042", 1),
        (json!(null), "skipped", "0042", 1),
        (json!("100000000"), "taken", "100000000", 2),
    ] {
        empty["nextAvailableId"] = number.clone();
        let answer = import(&lena, "", &empty).await;
        assert_eq!(fates(&answer)["nextAvailableId"], fate, "{number}");
        let after = export(&lena).await;
        assert_eq!((&after["nextAvailableId"], &after["generation"]), (&json!(next), &json!(generation)), "{number}");
        assert_eq!(answer.json()["nextAvailableId"], next);
    }
    assert_eq!(lena.codex().await["nextAvailableId"], "100000000");
    // A history with nothing beside it makes the import a change of its own.
    let tom = server.user("tom").await;
    empty["nextAvailableId"] = json!("0000");
    empty["history"] = export(&lena).await["history"].clone();
    empty["generation"] = json!(7);
    assert_eq!(fates(&import(&tom, "", &empty).await)["history"], "taken");
    assert_eq!(tom.generation().await, 8);
    assert_eq!(tom.history("/api/history").await.len(), 3);
}

/// A small export with everything in it that can be wrong.
fn small() -> Value {
    let change = |generation: u64, file: Value, before: Value, after: Value| {
        json!({"generation": generation, "at": "2025-10-13T06:00:00Z", "actor": "eva", "through": "token", "verb": "update",
            "file": file, "before": before, "after": after})
    };
    // As they were written before there were themes.
    let settings = json!({"timeZone": "Europe/Berlin", "language": "de", "horizon": 7});
    json!({
        "format": "codexmiroir", "version": 1, "user": "eva", "generation": 9, "committedAt": "2025-10-13T06:00:00.123Z",
        "nextAvailableId": "0042",
        "settings": {"timeZone": "Europe/Berlin", "language": "de", "horizon": 7, "theme": "dark"},
        "rules": [{"use": "spartan"}, {"name": "mine", "script": SCRIPT, "tests": TESTS, "options": {"days": 2}}],
        "documents": [{"file": "0001-a.md", "text": TASK}, {"file": "0002-b.md", "base64": "LS0tCnR5cDogdGFzawo="}],
        "history": [
            change(9, json!(null), json!(null), json!([{"use": "once there"}])),
            change(8, json!(null), settings.clone(), settings.clone()),
            change(8, json!("0002-b.md"), json!({"base64": "AAEC"}), json!({"text": TASK})),
            change(3, json!("0001-a.md"), json!(null), json!({"text": TASK})),
        ],
    })
}

/// Imports what cannot be taken: the place that is named.
async fn refused(user: &TestUser, text: impl Into<reqwest::Body>, status: u16, code: &str) -> (String, String) {
    let answer = import_text(user, "", text).await;
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.text);
    let json = answer.json();
    let field = json["field"].as_str().unwrap_or_default().to_owned();
    (field, json["error"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_byte_order_mark_is_no_part_of_an_export() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let text = format!("\u{feff}{}", small());
    assert_eq!(fates(&import_text(&lena, "", text.clone()).await)["0001-a.md"], "added");
    assert_eq!(fates(&import_text(&lena, "", text).await)["0001-a.md"], "unchanged");
    for wrong in ["\u{feff}", "\u{feff}\u{feff}{}", "\u{fefe}{}", "{\u{feff}}"] {
        refused(&lena, wrong, 400, "malformed_export").await;
    }
}

#[tokio::test]
async fn reasons_are_in_the_language_of_whoever_asks() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    let mut export = small();
    let documents = export["documents"].as_array_mut().unwrap();
    documents.push(json!({"file": "999999999-a.md", "text": TASK}));
    documents.push(json!({"file": "0003-c.md", "text": TASK.replace("arbeit", "[")}));
    export["rules"] = json!([{"name": "mine", "script": "fn place(task, today) { plaze() }"}]);
    let reasons = async |lang: &str| {
        let request = lena.request(Method::POST, "/api/import?dryRun=true").header("Accept-Language", lang);
        let answer = Answer::of(request.header("Content-Type", "application/json").body(export.to_string())).await;
        let files = answer.json()["files"].as_array().unwrap().clone();
        let reason = |file: &str| {
            let line = files.iter().find(|line| line["file"] == file).unwrap();
            line["reason"].as_str().unwrap_or_else(|| panic!("{line}")).to_owned()
        };
        ["999999999-a.md", "0003-c.md", "rules", "history"].map(reason)
    };
    let (english, german) = (reasons("en").await, reasons("de").await);
    for (english, german) in english.iter().zip(&german) {
        assert_ne!(english, german);
    }
    assert_eq!(german[0], "ihre Nummer liegt über 99999999");
    assert!(german[3].starts_with("dieses Konto hat einen eigenen Verlauf"), "{}", german[3]);
}

#[tokio::test]
async fn what_is_wrong_in_an_export_is_told_with_its_place_and_nothing_is_changed() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let huge = json!(9_007_199_254_740_993_u64);
    for (pointer, wrong, place) in [
        ("/version", json!("1"), "version"),
        ("/version", json!(0), "version"),
        ("/version", json!(-1), "version"),
        ("/generation", json!(1e300), "generation"),
        ("/generation", huge.clone(), "generation"),
        ("/generation", json!(7), "history"),
        ("/committedAt", json!("gestern"), "committedAt"),
        ("/nextAvailableId", json!(42), "nextAvailableId"),
        ("/nextAvailableId", json!("0000000042"), "nextAvailableId"),
        ("/nextAvailableId", json!("-042"), "nextAvailableId"),
        ("/settings", json!([]), "settings"),
        ("/settings/timeZone", json!("Mond/Krater"), "settings.timeZone"),
        ("/settings/horizon", json!(100_000), "settings.horizon"),
        ("/settings/horizon", huge, "settings.horizon"),
        ("/rules", json!({}), "rules"),
        ("/rules/1/script", json!(null), "rules[1].script"),
        ("/rules/1/options", json!([1]), "rules[1].options"),
        ("/rules/1/options", json!({"a": {"b": 1}}), "rules[1].options"),
        ("/documents", json!(null), "documents"),
        ("/documents/1", json!("0002-b.md"), "documents[1]"),
        ("/documents/1/file", json!("../0002.md"), "documents[1].file"),
        ("/documents/1/file", json!("0001-a.md"), "documents[1].file"),
        ("/documents/1/file", json!(2), "documents[1].file"),
        ("/documents/0/text", json!("x".repeat(65_537)), "documents[0].text"),
        ("/documents/0/text", json!(null), "documents[0].text"),
        ("/documents/1/base64", json!("%%%"), "documents[1].base64"),
        ("/history", json!("none"), "history"),
        ("/history/0/generation", json!(10), "history"),
        ("/history/1/generation", json!(0), "history[1].generation"),
        ("/history/3/generation", json!(9), "history[3].generation"),
        ("/history/2/at", json!("13.10.2025"), "history[2].at"),
        ("/history/2/actor", json!("a\nb"), "history[2].actor"),
        ("/history/2/verb", json!("v".repeat(201)), "history[2].verb"),
        ("/history/2/file", json!("a/b.md"), "history[2].file"),
        ("/history/2/before", json!(7), "history[2].before"),
        ("/history/2/before", json!({"timeZone": "UTC", "language": "de", "horizon": 1}), "history[2].after"),
        ("/settings/theme", json!("pink"), "settings.theme"),
        ("/history/1/after", json!({"timeZone": "UTC"}), "history[1].after.language"),
        ("/history/1/after", json!({"theme": "dark"}), "history[1].after.timeZone"),
        ("/history/1/after", json!({"text": "x", "horizon": 1}), "history[1].after.text"),
        ("/history/1/after", json!(null), "history[1].after"),
        ("/history/0/after/0", json!({"script": "x"}), "history[0].after.name"),
    ] {
        let mut export = small();
        *export.pointer_mut(pointer).unwrap() = wrong;
        let (field, sentence) = refused(&lena, export.to_string(), 400, "malformed_export").await;
        assert_eq!(field, place, "{pointer}: {sentence}");
        assert!(sentence.contains(place), "{pointer}: {sentence}");
    }
    assert_eq!(lena.codex().await["generation"], 0);
    // And as it is, it is taken.
    let report = fates(&import(&lena, "", &small()).await);
    assert_eq!((report["0002-b.md"].as_str(), report["history"].as_str()), ("unreadable", "taken"));
    assert_eq!(lena.generation().await, 10);
    assert_eq!(lena.get("/api/settings").await.json()["theme"], "dark");
}

#[tokio::test]
async fn fields_that_lack_or_are_too_many_and_other_versions_are_told() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for (pointer, word) in
        [("", "extra"), ("/settings", "settings"), ("/documents/0", "documents[0]"), ("/history/2", "history[2]")]
    {
        let mut export = small();
        export.pointer_mut(pointer).unwrap()["extra"] = json!({"a": [1, 2]});
        let (_, sentence) = refused(&lena, export.to_string(), 422, "unknown_field").await;
        assert!(sentence.contains(word) && sentence.contains("“extra”"), "{sentence}");
    }
    for field in
        ["format", "version", "user", "generation", "committedAt", "nextAvailableId", "settings", "rules", "documents"]
    {
        let mut export = small();
        export.as_object_mut().unwrap().remove(field);
        assert_eq!(refused(&lena, export.to_string(), 400, "malformed_export").await.0, field);
    }
    let twice = small().to_string().replacen("\"version\":1", "\"version\":1,\"version\":1", 1);
    assert_eq!(refused(&lena, twice, 400, "malformed_export").await.0, "version");
    let mut newer = small();
    newer["version"] = json!(2);
    newer["documents"] = json!("of a form that nobody knows yet");
    // Keys come sorted: the version is known before it matters only where it stands first, as in every export.
    let text = format!("{{\"format\":\"codexmiroir\",\"version\":2,{}", &newer.to_string()[1..]);
    let (_, sentence) = refused(&lena, text, 422, "newer_export").await;
    assert!(sentence.contains("version 2") && sentence.contains("update the server"), "{sentence}");
    let mut other = small();
    other["format"] = json!("another");
    refused(&lena, other.to_string(), 400, "malformed_export").await;
    assert_eq!(lena.codex().await["generation"], 0);
}

#[tokio::test]
async fn hostile_json_is_refused_and_bounded() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let whole = small().to_string();
    for length in (0..whole.len()).step_by(13).filter(|length| whole.is_char_boundary(*length)) {
        refused(&lena, whole[..length].to_owned(), 400, "malformed_export").await;
    }
    for text in ["null", "[]", "7", "\"x\"", "{", "{}{}", "nonsense", "\u{feff}{}", "{\"format\":\"codexmiroir\"} x"] {
        refused(&lena, text, 400, "malformed_export").await;
    }
    refused(&lena, format!("{whole}{whole}"), 400, "malformed_export").await;
    let head = "{\"format\":\"codexmiroir\",\"version\":1,\"user\":\"eva\",\"generation\":1,";
    for (deep, code) in [("[", "malformed_export"), ("{\"a\":", "unknown_field")] {
        for place in ["\"history\":[{\"before\":", "\"settings\":"] {
            // A list of rules is looked into, and what is in it is none.
            let status = if code == "unknown_field" { 422 } else { 400 };
            refused(&lena, format!("{head}{place}{}", deep.repeat(200_000)), status, code).await;
        }
        refused(&lena, format!("{head}\"documents\":{}", deep.repeat(200_000)), 400, "malformed_export").await;
    }
    refused(&lena, format!("{head}\"other\":{}", "[".repeat(200_000)), 422, "unknown_field").await;
    let documents = |count: usize| {
        let one = |number| format!("{{\"file\":\"{number:06}.md\",\"text\":\"\"}}");
        format!("{head}\"documents\":[{}]}}", (0..count).map(one).collect::<Vec<_>>().join(","))
    };
    let (_, sentence) = refused(&lena, documents(1_000_000), 413, "too_large").await;
    assert!(sentence.contains("100000 documents"), "{sentence}");
    let large = "x".repeat(65_000);
    let many: Vec<String> = (0..1_100).map(|n| format!("{{\"file\":\"{n:04}.md\",\"text\":\"{large}\"}}")).collect();
    refused(&lena, format!("{head}\"documents\":[{}]}}", many.join(",")), 413, "too_large").await;
    let change = "{\"generation\":1,\"at\":\"2025-10-13T06:00:00Z\",\"actor\":\"\",\"through\":\"\",\"verb\":\"\",\
        \"file\":\"0001.md\",\"before\":null,\"after\":null}";
    refused(&lena, format!("{head}\"history\":[{}]}}", vec![change; 250_001].join(",")), 413, "too_large").await;
    let numbers = format!("{head}\"documents\":[{}]}}", vec!["1"; 1_000_000].join(","));
    assert_eq!(refused(&lena, numbers, 400, "malformed_export").await.0, "documents[0]");
    let options = (0..100_000).map(|n| format!("\"{n}\":1")).collect::<Vec<_>>().join(",");
    let rules = format!("{head}\"rules\":[{{\"use\":\"spartan\",\"options\":{{{options}}}}}]}}");
    assert_eq!(refused(&lena, rules, 400, "malformed_export").await.0, "rules[0].options");
    let other = lena.request(Method::POST, "/api/import").header("Content-Type", "text/yaml");
    let other = Answer::of(other.body("a: 1")).await;
    assert_eq!((other.status, other.code().as_str()), (415, "not_tar_or_json"));
    assert_eq!(lena.codex().await["generation"], 0);
    assert_eq!(export(&lena).await["history"], json!([]));
}

#[tokio::test]
async fn rules_that_do_not_work_here_are_left_out_and_the_rest_is_taken() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for rules in [json!([{"use": "of a newer program"}]), json!([{"name": "mine", "script": "fn slots( {"}]), json!([])]
    {
        let mut export = small();
        export["rules"] = rules;
        let report = fates(&import(&lena, "?dryRun=true", &export).await);
        assert_eq!((report["rules"].as_str(), report["0001-a.md"].as_str()), ("skipped", "added"));
    }
}
