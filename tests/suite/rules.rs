//! Rules of one's own, over HTTP: set, checked, removed, restored, taken back, and nobody else's.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, TestUser, entry, file_at};

/// One slot a day, of a name of its own.
pub fn one_slot(name: &str) -> String {
    format!("fn slots(day, slots) {{ [slot(\"{name}\", \"09:00\", \"12:00\")] }}\n")
}

fn own(name: &str, script: &str) -> Value {
    json!({"rules": [{"name": name, "script": script}]})
}

/// Sets rules, which must succeed.
pub async fn set(user: &TestUser, rules: &Value) -> Value {
    let answer = user.put("/api/rules", rules).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// The answer to a change, where nothing is pushed.
fn changed(generation: u64, version: Option<u64>) -> Value {
    let (pushed, pending) = (false, false);
    json!({"ok": true, "generation": generation, "version": version, "gitPushed": pushed, "gitPending": pending})
}

pub async fn shown(user: &TestUser) -> Value {
    let answer = user.get("/api/rules").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// The names of the slots of the first day.
async fn slots(user: &TestUser) -> Vec<String> {
    let codex = user.codex().await;
    let slots = codex["timeline"][0]["slots"].as_array().unwrap();
    slots.iter().map(|slot| slot["zeit"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn rules_are_set_shown_and_removed() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let about = |script, description: Value| json!([{"script": script, "description": description, "options": []}]);
    let words = "Work on working days, private matters at the weekend, the lowest number first; evenings are yours.";
    let builtin = json!({
        "source": "builtin", "rules": [{"use": "spartan"}], "version": null, "about": about("spartan", words.into()), "ok": true,
    });
    assert_eq!(shown(&lena).await, builtin);
    lena.create(json!({"kategorie": "arbeit", "title": "Eins"})).await;
    let rules = own("mine", &one_slot("frueh"));
    assert_eq!(set(&lena, &rules).await, changed(2, Some(2)));
    let expected = json!({"source": "user", "rules": rules["rules"], "version": 2, "about": about("mine", Value::Null), "ok": true});
    assert_eq!(shown(&lena).await, expected);
    let codex = lena.codex().await;
    assert_eq!(codex["rules"], json!({"name": "mine", "source": "user", "version": 2, "ok": true}));
    assert_eq!(file_at(&codex, "13.10.2025", "frueh").as_deref(), Some("0000-Eins.md"));
    assert_eq!(slots(&lena).await, ["frueh"]);
    // The same list again changes nothing.
    assert_eq!(set(&lena, &rules).await, changed(2, Some(2)));
    let removed = lena.delete("/api/rules").await;
    assert_eq!((removed.status, removed.json()), (200, changed(3, None)));
    assert_eq!(shown(&lena).await, builtin);
    assert_eq!(slots(&lena).await, ["morgens", "nachmittags", "abends"]);
    let again = lena.delete("/api/rules").await;
    assert_eq!(again.json(), changed(3, None), "there is nothing to remove");
}

#[tokio::test]
async fn a_list_of_library_and_own_scripts_applies_in_its_order() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let no_mondays = "fn slots(day, slots) { if day.weekday == 1 { [] } else { slots } }";
    let rules = json!({"rules": [{"use": "spartan"}, {"name": "no-mondays", "script": no_mondays}]});
    set(&lena, &rules).await;
    assert_eq!(shown(&lena).await["rules"], rules["rules"], "as it can be set again");
    let codex = lena.codex().await;
    assert_eq!(codex["timeline"][0]["datum"], "14.10.2025");
    assert_eq!(codex["rules"]["name"], "spartan + no-mondays");
}

#[tokio::test]
async fn one_script_comes_as_json_or_as_text() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let script = one_slot("allein");
    set(&lena, &json!({"script": script})).await;
    let of_json = shown(&lena).await;
    assert_eq!(of_json["rules"], json!([{"name": "own", "script": script}]));
    let as_text = |text: &str, content_type: &str| {
        let request = lena.request(Method::PUT, "/api/rules").header("Content-Type", content_type.to_owned());
        Answer::of(request.body(text.to_owned()))
    };
    let same = as_text(&script, "text/plain; charset=utf-8").await;
    assert_eq!((same.status, &same.json()["version"]), (200, &of_json["version"]));
    let other = as_text(&one_slot("text"), "text/plain").await;
    assert_eq!(other.json()["version"], 2, "{}", other.text);
    for content_type in ["application/x-www-form-urlencoded", "text/html", "text/plain; charset=latin1", ""] {
        let refused = as_text(&script, content_type).await;
        assert_eq!((refused.status, refused.code().as_str()), (415, "not_json_or_text"), "{content_type}");
    }
    let bytes = lena.request(Method::PUT, "/api/rules").header("Content-Type", "text/plain").body(vec![0xff, 0xfe]);
    assert_eq!(Answer::of(bytes).await.status, 415);
    let large = as_text(&"x".repeat(1024 * 1024 + 1), "text/plain").await;
    assert_eq!((large.status, large.code().as_str()), (413, "too_large"));
    assert_eq!(slots(&lena).await, ["text"]);
}

#[tokio::test]
async fn refused_rules_change_nothing_and_say_where() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import_document(&lena, "0007.md", "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n# Sieben\n").await;
    set(&lena, &own("mine", &one_slot("frueh"))).await;
    let (before, history) = (lena.codex().await, lena.get("/api/history").await.text);
    let slots = one_slot("frueh");
    let cases = [
        // Does not compile.
        ("fn slots(day, slots) { [ }".to_owned(), json!({"line": 1, "function": null})),
        // A hook fails on the samples.
        (format!("{slots}fn place(task, today) {{ on(\"werktag\") }}"), json!({"line": 2, "function": "place"})),
        // Fails only with the task that she has.
        (
            format!("{slots}fn place(task, today) {{ if task.id == \"0007\" {{ throw \"sieben\" }} anywhere() }}"),
            json!({"line": 2, "function": "place"}),
        ),
        // Runs too long.
        (format!("{slots}fn place(task, today) {{ loop {{ }} }}"), json!({"line": 2, "function": "place"})),
    ];
    for (script, expected) in cases {
        let rules = own("bad", &script);
        let checked = lena.post("/api/rules/check", &rules).await;
        assert_eq!((checked.status, &checked.json()["ok"]), (200, &json!(false)), "{script}: {}", checked.text);
        let errors = checked.json()["errors"].clone();
        for field in ["line", "function"] {
            assert_eq!(errors[0][field], expected[field], "{script}: {errors}");
        }
        assert!(errors[0]["column"].is_u64() && errors[0]["script"] == "bad", "{errors}");
        let refused = lena.put("/api/rules", &rules).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, "rules_refused"), "{script}");
        assert_eq!(refused.json()["errors"], errors);
        assert!(refused.text.contains("nothing was changed"), "{}", refused.text);
    }
    assert_eq!(lena.codex().await, before);
    assert_eq!(lena.get("/api/history").await.text, history);
    let good = lena.post("/api/rules/check", &own("good", &one_slot("a"))).await;
    assert_eq!(good.json(), json!({"ok": true, "errors": []}));
    assert_eq!(lena.codex().await, before, "a check sets nothing");
}

#[tokio::test]
async fn requests_that_are_no_lists_are_refused_by_field() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let script = one_slot("a");
    let long_name = "a".repeat(65);
    let many: Vec<Value> = (0..33).map(|number| json!({"name": format!("s{number}"), "script": script})).collect();
    let options: serde_json::Map<String, Value> = (0..65).map(|number| (format!("o{number}"), json!(1))).collect();
    let with = |options: Value| json!({"rules": [{"name": "a", "script": script, "options": options}]});
    let cases = [
        (json!({}), 422, "missing", "rules"),
        (json!({"rules": []}), 422, "empty", "rules"),
        (json!({"rules": many}), 422, "too_many", "rules"),
        (json!({"rules": "spartan"}), 400, "wrong_type", "rules"),
        (json!({"rules": null}), 400, "wrong_type", "rules"),
        (json!({"rules": ["spartan"]}), 400, "wrong_type", "rules"),
        (json!({"rules": [{"use": "spartan"}], "script": script}), 422, "not_together", "rules"),
        (json!({"script": 1}), 400, "wrong_type", "script"),
        (json!({"script": null}), 422, "missing", "script"),
        (json!({"scripts": script}), 422, "unknown_field", "scripts"),
        (json!({"rules": [{}]}), 422, "missing", "rules.name"),
        (json!({"rules": [{"script": script}]}), 422, "missing", "rules.name"),
        (json!({"rules": [{"name": "a"}]}), 422, "missing", "rules.script"),
        (json!({"rules": [{"name": "A", "script": script}]}), 422, "malformed_value", "rules.name"),
        (json!({"rules": [{"name": "", "script": script}]}), 422, "malformed_value", "rules.name"),
        (json!({"rules": [{"name": "../a", "script": script}]}), 422, "malformed_value", "rules.name"),
        (json!({"rules": [{"name": long_name, "script": script}]}), 422, "malformed_value", "rules.name"),
        (json!({"rules": [{"name": 1, "script": script}]}), 400, "wrong_type", "rules.name"),
        (json!({"rules": [{"name": "a", "script": 1}]}), 400, "wrong_type", "rules.script"),
        (
            json!({"rules": [{"name": "a", "script": " ".repeat(16 * 1024 + 1)}]}),
            422,
            "malformed_value",
            "rules.script",
        ),
        (
            json!({"rules": [{"name": "a", "script": script}, {"name": "a", "script": script}]}),
            422,
            "malformed_value",
            "rules.name",
        ),
        (
            json!({"rules": [{"use": "spartan"}, {"name": "spartan", "script": script}]}),
            422,
            "malformed_value",
            "rules.name",
        ),
        (json!({"rules": [{"use": "spartn"}]}), 422, "unknown_value", "rules.use"),
        (json!({"rules": [{"use": 1}]}), 400, "wrong_type", "rules.use"),
        (json!({"rules": [{"use": "spartan", "name": "a"}]}), 422, "not_together", "rules.use"),
        (json!({"rules": [{"use": "spartan", "script": script}]}), 422, "not_together", "rules.use"),
        (json!({"rules": [{"use": "spartan", "option": {}}]}), 422, "unknown_field", "option"),
        (with(json!([])), 400, "wrong_type", "rules.options"),
        (with(json!({"a": 1.5})), 400, "wrong_type", "rules.options"),
        (with(json!({"a": {}})), 400, "wrong_type", "rules.options"),
        (with(json!({"": 1})), 422, "malformed_value", "rules.options"),
        (with(json!({"a": "x".repeat(1_001)})), 422, "malformed_value", "rules.options"),
        (with(Value::Object(options)), 422, "too_many", "rules.options"),
    ];
    for (body, status, code, field) in cases {
        let trials = ["/api/rules/check", "/api/rules/preview"].map(|path| (Method::POST, path));
        for (method, path) in [(Method::PUT, "/api/rules")].into_iter().chain(trials) {
            let answer = Answer::of(lena.request(method, path).json(&body)).await;
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{path} {body}: {}", answer.text);
            assert_eq!(answer.json()["field"], field, "{path} {body}");
        }
    }
    let unsure = lena.put("/api/rules", &json!({"rules": [{"use": "spartn"}]})).await;
    assert!(unsure.text.contains("spartan"), "the right name is said: {}", unsure.text);
    assert_eq!(lena.generation().await, 0);
}

#[tokio::test]
async fn two_users_with_different_rules_see_nothing_of_each_other() {
    let server = TestServer::start().await;
    let (lena, tom, anna) = (server.user("lena").await, server.user("tom").await, server.user("anna").await);
    let of =
        |slot: &str, category: &str| own("mine", &format!("{}fn categories() {{ [\"{category}\"] }}", one_slot(slot)));
    set(&lena, &of("lenas", "garten")).await;
    set(&tom, &of("toms", "band")).await;
    for (user, slot, category, others) in
        [(&lena, "lenas", "garten", ["toms", "band"]), (&tom, "toms", "band", ["lenas", "garten"])]
    {
        let id = user.create(json!({"kategorie": category, "title": "Meins"})).await;
        assert_eq!(file_at(&user.codex().await, "13.10.2025", slot).as_deref(), Some("0000-Meins.md"));
        let refused = user.post("/api/tasks", &json!({"kategorie": others[1]})).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "unknown_value"));
        assert!(!refused.text.replace(&format!("“{}”", others[1]), "").contains(others[1]), "{}", refused.text);
        let pin = |slot: &str| json!({"datum": "14.10.2025", "zeit": slot});
        let refused = user.post(&format!("/api/tasks/{id}/pin"), &pin(others[0])).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "no_such_slot"));
        user.apply(&id, "pin", pin(slot)).await;
        let done = user.complete(&id, json!({})).await;
        assert_eq!(done["completedAt"]["zeit"], slot, "{done}");
        let seen = [user.codex().await.to_string(), user.get("/api/history").await.text, shown(user).await.to_string()]
            .concat();
        assert!(others.iter().all(|other| !seen.contains(other)), "{seen}");
    }
    assert_eq!(slots(&anna).await, ["morgens", "nachmittags", "abends"]);
    assert_eq!(anna.get("/api/rules/versions").await.json(), json!({"versions": []}));
    let refused = anna.post("/api/rules/versions/1/restore", &json!({})).await;
    assert_eq!((refused.status, refused.code().as_str()), (404, "no_such_version"), "not even by its number");
}

#[tokio::test]
async fn versions_are_kept_and_restored() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for slot in ["a", "b"] {
        set(&lena, &own(slot, &one_slot(slot))).await;
    }
    lena.delete("/api/rules").await;
    let server = server.restart().await;
    let lena = server.again(&lena);
    let versions = lena.get("/api/rules/versions").await.json();
    let listed = versions["versions"].as_array().unwrap();
    let numbers: Vec<_> = listed.iter().map(|version| (version["version"].clone(), version["rules"].clone())).collect();
    assert_eq!(numbers, [(json!(3), json!(null)), (json!(2), json!(["b"])), (json!(1), json!(["a"]))]);
    assert!(listed.iter().all(|version| version["actor"] == "lena" && version["at"].is_string()), "{versions}");
    let restored = lena.post("/api/rules/versions/1/restore", &json!({})).await;
    assert_eq!(restored.json(), changed(4, Some(4)), "{}", restored.text);
    assert_eq!(slots(&lena).await, ["a"]);
    // The present one, and one that is the same, are here already.
    for version in [4, 1] {
        let again = lena.post(&format!("/api/rules/versions/{version}/restore"), &json!({})).await;
        assert_eq!(again.json(), changed(4, Some(4)));
    }
    let removal = lena.post("/api/rules/versions/3/restore", &json!({})).await;
    assert_eq!(removal.json(), changed(5, None));
    assert_eq!(shown(&lena).await["source"], "builtin");
    for version in ["0", "5x", "99", "-1", "18446744073709551616"] {
        let refused = lena.post(&format!("/api/rules/versions/{version}/restore"), &json!({})).await;
        assert_eq!((refused.status, refused.code().as_str()), (404, "no_such_version"), "{version}");
    }
}

#[tokio::test]
async fn a_change_of_rules_is_in_the_history_and_is_taken_back() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let [first, second] = ["a", "b"].map(|slot| own(slot, &one_slot(slot)));
    set(&lena, &first).await;
    set(&lena, &second).await;
    let entries = lena.history("/api/history").await;
    assert_eq!((&entries[0]["verb"], &entries[0]["summary"]), (&json!("rules"), &json!("changed the rules")));
    assert_eq!((&entries[0]["file"], &entries[1]["before"]), (&Value::Null, &Value::Null));
    for (state, rules) in [("before", &first), ("after", &second)] {
        let read: Value = serde_json::from_str(entries[0][state].as_str().unwrap()).unwrap();
        assert_eq!(read, rules["rules"], "{state}");
    }
    let undone = lena.undo(2).await;
    let told = undone.json();
    let [generation, undone_one, files] = ["generation", "undone", "files"].map(|field| &told[field]);
    assert_eq!((generation, undone_one, files), (&json!(3), &json!(2), &json!([])), "{}", undone.text);
    assert_eq!(slots(&lena).await, ["a"]);
    assert_eq!(shown(&lena).await["version"], 3);
    let touched = lena.undo(1).await;
    assert_eq!(touched.status, 200, "the list is the one that the first change left: {}", touched.text);
    assert_eq!(shown(&lena).await["source"], "builtin");
    let refused = lena.undo(2).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "touched_since"));
    assert_eq!(lena.undo(4).await.status, 200);
    assert_eq!(slots(&lena).await, ["a"], "the removal is taken back");
}

#[tokio::test]
async fn who_only_reads_may_check_but_change_nothing() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let reader = lena.with_token(server.token("lena", codexmiroir::store::Scopes::READ).await);
    let rules = own("mine", &one_slot("a"));
    for path in ["/api/rules/check", "/api/rules/preview"] {
        assert_eq!(reader.post(path, &rules).await.json()["ok"], true, "{path}");
    }
    assert_eq!(reader.get("/api/rules").await.status, 200);
    assert_eq!(reader.get("/api/rules/versions").await.status, 200);
    let refused = [
        reader.put("/api/rules", &rules).await,
        reader.delete("/api/rules").await,
        reader.post("/api/rules/versions/1/restore", &json!({})).await,
    ];
    for answer in refused {
        assert_eq!((answer.status, answer.code().as_str()), (403, "scope_missing"));
    }
    let stranger = lena.with_token("cmr_none".to_owned());
    for path in ["/api/rules/check", "/api/rules/preview"] {
        assert_eq!(stranger.post(path, &rules).await.status, 401, "{path}");
    }
    assert_eq!(lena.generation().await, 0);
}

#[tokio::test]
async fn a_repeated_request_is_answered_and_not_carried_out_again() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let send = |method: Method, path: &str, key: &str, body: Option<Value>| {
        let request = lena.request(method, path).header("Idempotency-Key", key.to_owned());
        Answer::of(match body {
            Some(body) => request.json(&body),
            None => request,
        })
    };
    let [a, b] = ["a", "b"].map(|slot| own(slot, &one_slot(slot)));
    let first = send(Method::PUT, "/api/rules", "k1", Some(a.clone())).await;
    set(&lena, &b).await;
    let again = send(Method::PUT, "/api/rules", "k1", Some(a.clone())).await;
    assert_eq!(first.json(), changed(1, Some(1)));
    let mut reused = changed(1, Some(1));
    reused["reused"] = json!(true);
    assert_eq!(again.json(), reused);
    assert_eq!(slots(&lena).await, ["b"], "it was not carried out again");
    let other = send(Method::PUT, "/api/rules", "k1", Some(b)).await;
    assert_eq!((other.status, other.code().as_str()), (422, "idempotency_key_reused"));
    for (method, path) in [(Method::POST, "/api/rules/versions/1/restore"), (Method::DELETE, "/api/rules")] {
        let first = send(method.clone(), path, "k2", None).await.json();
        let again = send(method, path, "k2", None).await.json();
        assert_eq!((&again["reused"], &again["generation"]), (&json!(true), &first["generation"]), "{path}");
    }
}

#[tokio::test]
async fn rules_that_others_changed_are_not_overwritten() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let send = |method: Method, tag: &str, slot: &str| {
        let request = lena.request(method, "/api/rules").header("If-Match", tag.to_owned());
        Answer::of(request.json(&own(slot, &one_slot(slot))))
    };
    let tag = lena.get("/api/rules").await.header("etag").to_owned();
    assert_eq!(send(Method::PUT, &tag, "a").await.status, 200);
    let refused = send(Method::PUT, &tag, "b").await;
    assert_eq!((refused.status, refused.code().as_str()), (412, "changed"));
    assert_eq!(send(Method::DELETE, &tag, "b").await.status, 412);
    // Tasks do not make them others.
    lena.create(json!({"kategorie": "arbeit"})).await;
    let tag = lena.get("/api/rules").await.header("etag").to_owned();
    assert_eq!(send(Method::PUT, &tag, "b").await.status, 200);
    assert_eq!(slots(&lena).await, ["b"]);
    assert_eq!(send(Method::PUT, "b", "c").await.status, 400);
}

#[tokio::test]
async fn rules_may_read_what_tasks_say() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Eins", "body": "bitte nie"})).await;
    let script = one_slot("a")
        + "fn place(task, today) { if task.body.contains(\"nie\") { never(\"so steht es da\") } else { anywhere() } }";
    set(&lena, &own("mine", &script)).await;
    assert_eq!(entry(&lena.codex().await, "unplaced", "0000-Eins.md")["because"], "so steht es da");
}
