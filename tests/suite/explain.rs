//! `GET /api/tasks/{id}/explain` beside the timeline that is served.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::{Answer, Start, TestServer, TestUser, file_at, places, vault};

/// The explanation of a task, which must be there; `query` begins with `?` or is empty.
async fn explained(user: &TestUser, id: &str, query: &str) -> Value {
    let answer = user.get(&format!("/api/tasks/{id}/explain{query}")).await;
    assert_eq!(answer.status, 200, "{id}{query}: {}", answer.text);
    answer.json()
}

async fn lena() -> (TestServer, TestUser) {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import(&lena, &vault("lena")).await;
    (server, lena)
}

/// Sets rules of one's own behind the built-in ones, which must succeed.
async fn set(user: &TestUser, scripts: &[(&str, &str)]) {
    let own = scripts.iter().map(|(name, script)| json!({"name": name, "script": script}));
    let rules: Vec<Value> = std::iter::once(json!({"use": "spartan"})).chain(own).collect();
    let answer = user.put("/api/rules", &json!({"rules": rules})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// The entry of what was considered that is of this slot, or of this day where `zeit` is null.
fn at<'e>(explained: &'e Value, datum: &str, zeit: &Value) -> &'e Value {
    let mut entries = explained["considered"].as_array().unwrap().iter();
    let found = entries.find(|entry| entry["datum"] == datum && entry["zeit"] == *zeit);
    found.unwrap_or_else(|| panic!("{datum} {zeit} was not considered: {explained:#}"))
}

/// Where every task stands in a timeline: its slot, or the list that it is in.
fn standings(codex: &Value) -> BTreeMap<String, Value> {
    let mut standings = BTreeMap::new();
    let days = codex["timeline"].as_array().unwrap();
    let slots =
        days.iter().flat_map(|day| day["slots"].as_array().unwrap().iter().map(move |slot| (&day["datum"], slot)));
    let current = &codex["current"];
    for (datum, slot) in slots.chain(std::iter::once((&current["datum"], current))) {
        if let Some(file) = slot["task"]["file"].as_str() {
            standings.insert(file.to_owned(), json!({"datum": datum, "zeit": slot["zeit"]}));
        }
    }
    for list in ["conflicts", "overdue", "later", "unplaced"] {
        for entry in codex[list].as_array().unwrap() {
            standings.insert(entry["file"].as_str().unwrap().to_owned(), entry["reason"].clone());
        }
    }
    for file in codex["waiting"].as_array().unwrap() {
        standings.insert(file.as_str().unwrap().to_owned(), json!("waiting"));
    }
    standings
}

/// An explanation says what the timeline says, and what it says of others is true there as well.
fn assert_agrees(explained: &Value, standings: &BTreeMap<String, Value>, codex: &Value) {
    let Some(standing) = standings.get(explained["file"].as_str().unwrap()) else {
        assert_eq!((&explained["standing"], &explained["considered"]), (&json!("closed"), &json!([])), "{explained:#}");
        return;
    };
    let considered = explained["considered"].as_array().unwrap();
    if standing.is_object() {
        assert_eq!((&explained["standing"], &explained["placed"]), (&json!("placed"), standing), "{explained:#}");
        let last = considered.last().unwrap();
        assert_eq!((&last["datum"], &last["zeit"]), (&standing["datum"], &standing["zeit"]), "{explained:#}");
    } else {
        assert_eq!((&explained["standing"], &explained["placed"]), (standing, &Value::Null), "{explained:#}");
    }
    let chosen = considered.iter().filter(|entry| entry["verdict"] == "chosen").count();
    assert_eq!(chosen, usize::from(standing.is_object()), "{explained:#}");
    for entry in considered {
        let slot = json!({"datum": entry["datum"], "zeit": entry["zeit"]});
        assert!(entry["text"].as_str().is_some_and(|text| !text.is_empty()), "{entry}");
        if entry["verdict"] == "taken" {
            assert_eq!(standings[entry["by"]["file"].as_str().unwrap()], slot, "{explained:#}");
            let is_fixed = explained["isFixed"] == true;
            assert!(is_fixed || (entry["claim"] == "fixed") == is_pinned(codex, &slot), "{entry}");
        }
    }
}

fn is_pinned(codex: &Value, slot: &Value) -> bool {
    let days = codex["timeline"].as_array().unwrap();
    let day = days.iter().find(|day| day["datum"] == slot["datum"]).unwrap();
    let slots = day["slots"].as_array().unwrap();
    slots.iter().find(|other| other["zeit"] == slot["zeit"]).unwrap()["task"]["isFixed"] == true
}

#[tokio::test]
async fn every_task_is_explained_as_it_is_planned() {
    let (server, lena) = lena().await;
    for instant in ["2025-10-13T08:00:00+02:00", "2025-10-13T15:00:00+02:00", "2025-10-18T20:00:00+02:00"] {
        server.set_clock(instant);
        let codex = lena.codex().await;
        let standings = standings(&codex);
        let mut seen = 0;
        for task in lena.tasks().await {
            if task["invalid"].is_object() {
                continue;
            }
            let explained = explained(&lena, task["file"].as_str().unwrap(), "").await;
            assert_eq!((&explained["id"], &explained["title"]), (&task["id"], &task["title"]));
            assert_eq!(explained["generation"], codex["generation"]);
            assert_eq!(explained["rules"], codex["rules"]);
            assert_agrees(&explained, &standings, &codex);
            seen += 1;
        }
        assert!(seen > 30);
        assert_eq!(lena.codex().await, codex, "asking changes nothing");
    }
    // The slot that runs is no longer offered, and those before it are over.
    server.set_clock("2025-10-13T14:30:00+02:00");
    let explained = explained(&lena, "16", "").await;
    let passed = |zeit: &str| at(&explained, "13.10.2025", &json!(zeit))["ended"].clone();
    assert_eq!((passed("morgens"), passed("nachmittags")), (json!(true), json!(false)));
}

#[tokio::test]
async fn one_who_waits_is_told_who_is_ahead_and_when_the_turn_comes() {
    let (_server, lena) = lena().await;
    let waiting = lena.codex().await["waiting"].as_array().unwrap().clone();
    assert!(waiting.len() >= 3);
    let far = lena.get("/codex?days=366").await.json();
    let standings = standings(&far);
    for file in &waiting {
        let file = file.as_str().unwrap();
        let line = &explained(&lena, file, "").await["line"];
        assert_eq!((&line["turn"], &line["days"]), (&standings[file], &json!(366)), "{line}");
        // Those who wait and have a lower number; nobody else competes for slots of working days.
        let ahead = line["ahead"].as_u64().unwrap();
        let first: Vec<&str> =
            line["first"].as_array().unwrap().iter().map(|task| task["file"].as_str().unwrap()).collect();
        assert!(first.iter().all(|other| *other < file && waiting.contains(&json!(other))), "{line}");
        assert_eq!(first.len() as u64, ahead.min(5), "{line}");
        assert!(line["text"].as_str().unwrap().contains("If nothing changes, its turn comes on "), "{line}");
    }
    let placed = explained(&lena, "2", "").await;
    assert_eq!((&placed["standing"], &placed["line"]), (&json!("placed"), &Value::Null));
}

#[tokio::test]
async fn it_is_said_which_script_it_was_and_in_whose_words() {
    let (_server, lena) = lena().await;
    let quiet =
        "fn slots(day, slots) { if day.weekday == 4 { [] } else { slots.filter(|s| s.name != \"nachmittags\") } }";
    let picky = "fn place(task, today) {\n\
                 if task.title.contains(\"Migration\") { return never(\"erst nach dem Umzug\") }\n\
                 if task.body.contains(\"Belege\") { return on([\"mo\"]).because(\"nur montags\") }\n\
                 anywhere().at([\"morgens\", \"abends\"]).from(date(\"14.10.2025\"))\n}";
    let id = lena.create(json!({"kategorie": "arbeit", "title": "Migration"})).await;
    let reads = lena.create(json!({"kategorie": "arbeit", "title": "Ordnen", "body": "Belege suchen"})).await;
    set(&lena, &[("quiet", quiet), ("picky", picky)]).await;

    let excluded = explained(&lena, &id, "").await;
    assert_eq!((&excluded["standing"], &excluded["considered"]), (&json!("excluded_by_rule"), &json!([])));
    let by = json!([{"script": "picky", "condition": "never", "because": "erst nach dem Umzug"}]);
    assert_eq!(excluded["excludedBy"], by, "{excluded:#}");
    assert!(excluded["summary"].as_str().unwrap().ends_with("picky refuses it: erst nach dem Umzug."), "{excluded:#}");

    // The body is read, in a worker that has this script alone.
    let ordered = explained(&lena, &reads, "").await;
    let tuesday = at(&ordered, "14.10.2025", &json!("morgens"));
    assert_eq!((&tuesday["script"], &tuesday["because"]), (&json!("picky"), &json!("nur montags")), "{tuesday}");
    let closed = at(&ordered, "16.10.2025", &Value::Null);
    assert_eq!((&closed["verdict"], &closed["script"]), (&json!("closed"), &json!("quiet")), "{closed}");
    let saturday = at(&ordered, "18.10.2025", &json!("morgens"));
    let both = json!([
        {"script": "spartan", "condition": "weekday", "allowed": ["mon", "tue", "wed", "thu", "fri"], "because": null},
        {"script": "picky", "condition": "weekday", "allowed": ["mon"], "because": "nur montags"},
    ]);
    assert_eq!((&saturday["verdict"], &saturday["forbiddenBy"]), (&json!("forbidden"), &both), "{saturday:#}");

    let other = explained(&lena, "16", "?slot=14.10.2025/nachmittags").await;
    let today = at(&other, "13.10.2025", &json!("morgens"));
    let from = json!([{"script": "picky", "condition": "from", "allowed": ["14.10.2025"], "because": null}]);
    assert_eq!((&today["verdict"], &today["forbiddenBy"]), (&json!("forbidden"), &from), "{today:#}");
    let gone = &other["counterfactual"];
    assert_eq!((&gone["verdict"], &gone["script"]), (&json!("no_such_slot"), &json!("quiet")), "{gone:#}");
    assert_eq!((&gone["known"], &gone["possible"]), (&json!(["morgens", "abends"]), &json!(false)));
    let thursday = explained(&lena, "16", "?slot=16.10.2025/morgens").await["counterfactual"].clone();
    assert_eq!((&thursday["verdict"], &thursday["script"]), (&json!("closed"), &json!("quiet")), "{thursday:#}");
    assert_eq!(explained(&lena, "16", "").await["rules"]["source"], "user");
}

#[tokio::test]
async fn a_task_that_rules_send_ahead_comes_first_for_that_reason() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let late = lena.create(json!({"kategorie": "arbeit", "title": "Zuerst da"})).await;
    let eager = lena.create(json!({"kategorie": "arbeit", "title": "Eilig", "tags": ["eilig"]})).await;
    let ahead =
        "fn place(task, today) { if \"eilig\" in task.tags { anywhere().ahead_of_line(3) } else { anywhere() } }";
    set(&lena, &[("eilig", ahead)]).await;
    let explained = explained(&lena, &late, "").await;
    let first = at(&explained, "13.10.2025", &json!("morgens"));
    assert_eq!(
        (&first["by"]["id"], &first["claim"], &first["aheadBy"]),
        (&json!(eager), &json!("ahead_of_line"), &json!(3))
    );
    assert_eq!(explained["placed"], json!({"datum": "13.10.2025", "zeit": "nachmittags"}));
}

/// What is said of a pin is what becomes of everybody once it is done.
async fn assert_comes_true(lena: &TestUser, id: &str, slot: (&str, &str)) {
    let before = standings(&lena.codex().await);
    let explained = explained(lena, id, &format!("?slot={}/{}", slot.0, slot.1)).await;
    let said = &explained["counterfactual"];
    assert_eq!((&said["datum"], &said["zeit"], &said["possible"]), (&json!(slot.0), &json!(slot.1), &json!(true)));
    assert_eq!(said["days"], 7);
    let pin = json!({"datum": slot.0, "zeit": slot.1});
    let unpin = said["unpin"].as_array().unwrap();
    if !unpin.is_empty() {
        let refused = lena.post(&format!("/api/tasks/{id}/pin"), &pin).await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "slot_taken"), "{}", refused.text);
    }
    let begun = lena.generation().await;
    for holder in unpin {
        lena.apply(holder["id"].as_str().unwrap(), "unpin", json!({})).await;
    }
    lena.apply(id, "pin", pin).await;
    let after = standings(&lena.codex().await);
    let moved: BTreeMap<String, (Value, Value)> = said["moved"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| {
            let stood = |place: &Value, without: &Value| {
                if place.is_null() { without["reason"].clone() } else { place.clone() }
            };
            let (from, to) = (stood(&task["from"], &task["was"]), stood(&task["to"], &task["now"]));
            (task["file"].as_str().unwrap().to_owned(), (from, to))
        })
        .collect();
    let really: BTreeMap<String, (Value, Value)> = after
        .iter()
        .filter(|(file, now)| before[*file] != **now)
        .map(|(file, now)| (file.clone(), (before[file].clone(), now.clone())))
        .collect();
    assert_eq!(moved, really, "{id} {slot:?}: {said:#}");
    for generation in (begun + 1..=lena.generation().await).rev() {
        assert_eq!(lena.undo(generation).await.status, 200);
    }
    assert_eq!(standings(&lena.codex().await), before);
}

#[tokio::test]
async fn what_is_said_of_a_pin_comes_true() {
    let (_server, lena) = lena().await;
    for (id, slot) in [
        // A slot that somebody in line has, one that is free, one that rules forbid, and its own.
        ("16", ("14.10.2025", "morgens")),
        ("16", ("13.10.2025", "abends")),
        ("15", ("15.10.2025", "nachmittags")),
        ("16", ("16.10.2025", "morgens")),
        // One that others are pinned to.
        ("41", ("15.10.2025", "morgens")),
        // Of one that waits, that is pinned, that is overdue.
        ("41", ("17.10.2025", "morgens")),
        ("6", ("16.10.2025", "nachmittags")),
        ("17", ("14.10.2025", "abends")),
    ] {
        assert_comes_true(&lena, id, slot).await;
    }
    let own = explained(&lena, "16", "?slot=16.10.2025/morgens").await["counterfactual"].clone();
    assert_eq!((&own["verdict"], &own["moved"], &own["missed"]), (&json!("chosen"), &json!([]), &json!([])), "{own:#}");
    assert!(own["summary"].as_str().unwrap().ends_with("Nothing would change."), "{own:#}");
    // As far ahead as it takes.
    let later = explained(&lena, "41", "?slot=3.11.2025/morgens").await["counterfactual"].clone();
    assert_eq!((&later["days"], &later["possible"]), (&json!(22), &json!(true)), "{later:#}");
    for (slot, verdict) in [
        ("12.10.2025/morgens", "passed"),
        ("14.10.2027/morgens", "after_horizon"),
        ("14.10.2025/mittags", "no_such_slot"),
    ] {
        let said = explained(&lena, "16", &format!("?slot={slot}")).await["counterfactual"].clone();
        assert_eq!((&said["verdict"], &said["possible"], &said["moved"]), (&json!(verdict), &json!(false), &json!([])));
        let end = match verdict {
            "after_horizon" => "until then the task stands under later.",
            _ => "It cannot be pinned there.",
        };
        assert!(said["summary"].as_str().unwrap().ends_with(end), "{said:#}");
    }
}

#[tokio::test]
async fn rules_that_fail_are_not_those_that_explain() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let slots = "fn slots(day, slots) { [slot(\"gut\", \"09:00\", \"12:00\")] }\n";
    let good = json!({"rules": [{"name": "good", "script": slots}]});
    assert_eq!(lena.put("/api/rules", &good).await.status, 200);
    let fragile = "fn place(task, today) { if task.title == \"Falle\" { throw \"hinein\" } never(\"nein\") }";
    set(&lena, &[("fragile", fragile)]).await;
    lena.create(json!({"kategorie": "arbeit", "title": "Harmlos"})).await;
    assert_eq!(explained(&lena, "0", "").await["excludedBy"][0]["script"], "fragile");
    lena.create(json!({"kategorie": "arbeit", "title": "Falle"})).await;
    let explained = explained(&lena, "0", "?width=100").await;
    assert_eq!(explained["rules"], lena.codex().await["rules"]);
    assert_eq!((&explained["rules"]["ok"], &explained["rules"]["name"]), (&json!(false), &json!("good")));
    assert_eq!(explained["placed"], json!({"datum": "13.10.2025", "zeit": "gut"}));
    let text = explained["text"].as_str().unwrap();
    assert!(text.contains("for task 0001: hinein") && text.contains("version 1 of your rules stands in"), "{text}");
}

#[tokio::test]
async fn a_turn_that_cannot_be_told_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("haus.rhai");
    let script = "fn slots(day, slots) {\n  if day.date == date(\"17.2.2026\") { throw \"Fasching\" }\n  \
                  [slot(\"frei\", \"09:00\", \"12:00\")]\n}\n\
                  fn place(task, today) { on([\"mo\"]) }\n";
    std::fs::write(&file, script).unwrap();
    let server = TestServer::start_with(Start { rules: vec![file], ..Start::default() }).await;
    let lena = server.user("lena").await;
    for title in ["Eins", "Zwei"] {
        lena.create(json!({"kategorie": "arbeit", "title": title})).await;
    }
    let explained = explained(&lena, "1", "").await;
    assert_eq!((&explained["standing"], &explained["rules"]["ok"]), (&json!("waiting"), &json!(true)));
    let line = &explained["line"];
    assert_eq!((&line["ahead"], &line["turn"], &line["error"]["script"]), (&Value::Null, &Value::Null, &json!("haus")));
    assert!(line["text"].as_str().unwrap().contains("Fasching"), "{line}");
    assert_eq!(lena.codex().await["rules"]["ok"], true, "the plan has nothing to do with it");
    // Under the rules that fail on a later day a far slot is what those make of it that stand in there.
    let far = lena.get("/api/tasks/1/explain?slot=2.3.2026/morgens").await.json()["counterfactual"].clone();
    assert_eq!((&far["verdict"], &far["possible"]), (&json!("free"), &json!(true)), "{far:#}");
}

#[tokio::test]
async fn it_is_told_in_the_users_language() {
    let (_server, lena) = lena().await;
    assert_eq!(lena.patch("/api/settings", &json!({"language": "de"})).await.status, 200);
    let said = explained(&lena, "41", "?slot=14.10.2025/morgens&width=100").await;
    assert_eq!(
        said["summary"],
        "Sie ist in der Reihe: Bis So 19.10.2025 ist kein Slot für sie frei, den sie haben darf."
    );
    assert_eq!(at(&said, "18.10.2025", &json!("morgens"))["text"], "spartan erlaubt nur Mo–Fr");
    let text = said["text"].as_str().unwrap();
    for part in [
        "0041 Einarbeitung planen\nSie ist in der Reihe",
        "Di 14.10. nachmittags",
        "– belegt von 0006 Zahnarzt: Kontrolle, darauf festgelegt",
        "Sa 18.10. – So 19.10. – spartan erlaubt nur Mo–Fr",
        "stehen 2 vor ihr in der Reihe",
        "Wenn sich nichts ändert, kommt sie am ",
        "Und wenn sie auf Di 14.10.2025 morgens festgelegt wäre?",
        "  0041 Einarbeitung planen – in der Reihe → Di 14.10.2025 morgens\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let narrow = explained(&lena, "41", "?width=40").await["text"].as_str().unwrap().to_owned();
    assert!(narrow.lines().all(|line| line.chars().count() <= 40), "{narrow}");
}

fn refused(answer: &Answer, status: u16, code: &str, says: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.text);
    assert!(answer.text.contains(says), "{}", answer.text);
}

#[tokio::test]
async fn what_cannot_be_explained_is_refused_and_changes_nothing() {
    let (server, lena) = lena().await;
    let other = server.user("other").await;
    let generation = lena.generation().await;
    for slot in ["", "x", "14.10.2025", "/morgens", "14.10.2025/", "31.2.2025/morgens", "1.1.1900/morgens"] {
        let answer = lena.get(&format!("/api/tasks/16/explain?slot={slot}")).await;
        match slot {
            "" => assert_eq!(answer.json()["counterfactual"], Value::Null, "nothing is asked about"),
            _ => refused(&answer, 400, "malformed_query", "like 14.10.2025/morgens"),
        }
    }
    let german = lena.request(reqwest::Method::GET, "/api/tasks/16/explain?slot=x").header("Accept-Language", "de");
    refused(&Answer::of(german).await, 400, "malformed_query", "etwa 14.10.2025/morgens");
    for query in ["?days=0", "?days=367", "?now=jetzt", "?width=19"] {
        let answer = lena.get(&format!("/api/tasks/16/explain{query}")).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "malformed_query"), "{query}");
    }
    for id in ["999", "nothing", "0016-anders", "..%2f..%2fetc", "%00"] {
        assert_eq!(lena.get(&format!("/api/tasks/{id}/explain")).await.status, 404, "{id}");
    }
    refused(&other.get("/api/tasks/16/explain").await, 404, "no_such_task", "no task “16”");
    server.import_document(&lena, "0016-Doppelt.md", "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n").await;
    refused(&lena.get("/api/tasks/16/explain").await, 409, "ambiguous_id", "0016-Doppelt.md");
    assert_eq!(explained(&lena, "0016-Doppelt", "").await["file"], "0016-Doppelt.md");
    server.import_document(&lena, "0500-Kaputt.md", "---\ntyp: task\nstatus: offen\n---\n").await;
    refused(&lena.get("/api/tasks/500/explain").await, 422, "unreadable_document", "kategorie");
    assert_eq!(lena.generation().await, generation + 2, "but for the imports nothing changed");

    // A task that is not open says so, with a slot as well.
    let id = lena.create(json!({"kategorie": "arbeit", "title": "Kurz"})).await;
    lena.complete(&id, json!({"datum": "13.10.2025", "zeit": "morgens"})).await;
    let done = explained(&lena, &id, "?slot=14.10.2025/morgens").await;
    assert_eq!(
        (&done["standing"], &done["status"], &done["considered"]),
        (&json!("closed"), &json!("abgeschlossen"), &json!([]))
    );
    assert_eq!(done["summary"], "It is done (Mon 13.10.2025 morgens), so it is not planned any more.");
    assert_eq!(done["counterfactual"], Value::Null);
}

#[tokio::test]
async fn other_days_and_instants_are_explained_as_they_would_be_planned() {
    let (_server, lena) = lena().await;
    for query in ["?days=14", "?now=2025-10-20T12:00:00Z", "?days=1&now=2025-10-18T06:00:00Z"] {
        let codex = lena.get(&format!("/codex{query}")).await.json();
        let standings = standings(&codex);
        for id in ["2", "6", "16", "17", "31", "41"] {
            let explained = explained(&lena, id, query).await;
            assert_agrees(&explained, &standings, &codex);
        }
    }
    let file = "0041-Einarbeitung-planen.md";
    let near = lena.codex().await;
    let turn = explained(&lena, file, "").await["line"]["turn"].clone();
    assert_eq!(places(&near, file), ["waiting"]);
    let far = lena.get("/codex?days=30").await.json();
    let slot = (turn["datum"].as_str().unwrap(), turn["zeit"].as_str().unwrap());
    assert_eq!(file_at(&far, slot.0, slot.1).as_deref(), Some(file));
}
