//! What becomes of rules in the long run: in databases of before, in exports, when users go, and when many write.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use codexmiroir::store::RULES_VERSIONS_MAX;
use redb::ReadableDatabase;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, TestUser, at_once, repository};

/// One slot a day, of a name of its own.
fn one_slot(name: &str) -> String {
    format!("fn slots(day, slots) {{ [slot(\"{name}\", \"09:00\", \"12:00\")] }}\n")
}

fn own(name: &str, script: &str) -> Value {
    json!({"rules": [{"name": name, "script": script}]})
}

async fn set(user: &TestUser, rules: &Value) -> Value {
    let answer = user.put("/api/rules", rules).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn rules(user: &TestUser) -> Value {
    user.get("/api/rules").await.json()
}

/// A database that was written before users had rules.
fn old_database() -> Vec<u8> {
    let packed = std::fs::File::open(repository("fixtures/stores/schema-1.redb.gz")).unwrap();
    let mut database = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut database).unwrap();
    database
}

/// The version of the form that a database says it has.
fn schema_of(path: &Path) -> u32 {
    let database = redb::Builder::new().open_read_only(path).unwrap();
    let meta = database.begin_read().unwrap().open_table(redb::TableDefinition::<&str, &[u8]>::new("meta")).unwrap();
    u32::from_be_bytes(meta.get("schema").unwrap().unwrap().value().try_into().unwrap())
}

#[tokio::test]
async fn a_database_of_before_is_brought_to_the_form_of_now_and_kept_as_it_was() {
    let server = TestServer::start().await;
    let file = server.data_dir().join("codexmiroir.redb");
    let copy = server.data_dir().join("codexmiroir.redb.schema1-2");
    // One that a start left which was cut off, say.
    let first_copy = server.data_dir().join("codexmiroir.redb.schema1");
    let server = server
        .restart_after(|| {
            std::fs::write(&file, old_database()).unwrap();
            // That of the database that was here, if there is one, is of no use to another.
            let _ = std::fs::remove_file(file.with_extension("journal"));
            std::fs::write(&first_copy, "not to be overwritten").unwrap();
        })
        .await;
    assert_eq!(std::fs::read(&first_copy).unwrap(), b"not to be overwritten");
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(schema_of(&copy), 1, "what the version of before opens");
    let scopes = codexmiroir::store::Scopes::READ.with(codexmiroir::store::Scopes::WRITE);
    let lena = server.holder("lena", server.token("lena", scopes).await);
    let codex = lena.codex().await;
    assert_eq!((&codex["generation"], &codex["nextAvailableId"]), (&json!(3), &json!("0002")));
    assert_eq!(lena.task("0").await["title"], "Von frueher");
    assert_eq!(rules(&lena).await["source"], "builtin");
    let before = lena.history("/api/history").await;
    assert_eq!(before.len(), 3);
    assert_eq!(set(&lena, &own("neu", &one_slot("neu"))).await["version"], 4);
    lena.undo(1).await;
    let server = server.restart().await;
    let lena = server.again(&lena);
    assert_eq!(rules(&lena).await["rules"][0]["name"], "neu");
    assert_eq!(lena.history("/api/history").await[2..], before, "what was recorded before is as it was");
    let server = server.restart_after(|| assert_eq!(schema_of(&file), 2, "what the version of before refuses")).await;
    assert!(!server.data_dir().join("codexmiroir.redb.schema1-3").exists(), "it is migrated once");
}

#[tokio::test]
async fn of_many_versions_the_last_are_kept_and_what_may_stand_in() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for number in 0..RULES_VERSIONS_MAX + 5 {
        // Two lists in turn: the one that stands in is the last but one each time.
        set(&lena, &own("mine", &one_slot(["a", "b"][number % 2]))).await;
    }
    let versions = lena.get("/api/rules/versions").await.json();
    let numbers: Vec<u64> =
        versions["versions"].as_array().unwrap().iter().map(|version| version["version"].as_u64().unwrap()).collect();
    let last = RULES_VERSIONS_MAX as u64 + 5;
    assert_eq!(numbers, (6..=last).rev().collect::<Vec<u64>>());
    let server = server.restart().await;
    let lena = server.again(&lena);
    assert_eq!(rules(&lena).await["version"], last);
    let gone = lena.post("/api/rules/versions/5/restore", &json!({})).await;
    assert_eq!((gone.status, gone.code().as_str()), (404, "no_such_version"));
    assert_eq!(lena.post("/api/rules/versions/6/restore", &json!({})).await.status, 200);
}

#[tokio::test]
async fn rules_are_in_exports_and_come_back() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    let none: Value = lena.get("/api/export?format=json").await.json();
    assert_eq!(none["rules"], Value::Null);
    let list = json!({"rules": [
        {"name": "mine", "script": one_slot("ä")},
        {"use": "spartan"},
        {"use": "german-holidays", "options": {"land": "BY", "fronleichnam": true}},
        {"name": "again", "script": "fn slots(day, slots) { slots }"},
    ]});
    lena.create(json!({"kategorie": "arbeit", "title": "Eins"})).await;
    set(&lena, &list).await;
    let exported: Value = lena.get("/api/export?format=json&history=true").await.json();
    assert_eq!(exported["rules"], list["rules"]);
    assert_eq!((&exported["history"][0]["verb"], &exported["history"][0]["before"]), (&json!("rules"), &Value::Null));
    assert_eq!(exported["history"][0]["after"], list["rules"]);

    let archive = async |user: &TestUser| {
        user.request(Method::GET, "/api/export?format=markdown").send().await.unwrap().bytes().await.unwrap()
    };
    let of_lena = archive(&lena).await;
    let names: Vec<String> = tar::Archive::new(&of_lena[..])
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().to_str().unwrap().to_owned())
        .collect();
    let expected = ["tasks/0000-Eins.md", "rules/mine.rhai", "rules/again.rhai", "rules/rules.json"];
    assert_eq!(names, expected.map(|name| format!("lena/{name}")));
    let import = |path: &str| {
        let request = tom.request(Method::POST, path).header("Content-Type", "application/x-tar");
        Answer::of(request.body(of_lena.clone()))
    };
    let fate = |answer: &Answer| {
        let files = answer.json()["files"].clone();
        files.as_array().unwrap().iter().find(|file| file["file"] == "rules").unwrap()["fate"].clone()
    };
    assert_eq!(fate(&import("/api/import?dryRun=true").await), "added");
    assert_eq!(rules(&tom).await["source"], "builtin", "it was only to be looked at");
    assert_eq!(fate(&import("/api/import").await), "added");
    assert_eq!(rules(&tom).await["rules"], list["rules"]);
    assert_eq!(fate(&import("/api/import").await), "unchanged");
    set(&tom, &own("other", &one_slot("other"))).await;
    assert_eq!(fate(&import("/api/import").await), "replaced");
    let generation = tom.generation().await;
    assert_eq!(tom.undo(generation).await.status, 200);
    assert_eq!(rules(&tom).await["rules"][0]["name"], "other", "an import is taken back with its rules");
}

#[tokio::test]
async fn an_import_leaves_rules_out_that_are_refused() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    set(&lena, &own("mine", &one_slot("a"))).await;
    let before = rules(&lena).await;
    let task = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n";
    for (file, text, said) in [
        ("rules/bad.rhai", "fn slots(day, slots) { [ }", "nothing was changed"),
        ("rules/rules.json", "{\"rules\": [{\"file\": \"c.rhai\"}]}", "c.rhai"),
        ("rules/../rules/BAD.rhai", "", "its name is not"),
    ] {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, text) in [("tasks/0001.md", task), (file, text)] {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_entry_type(tar::EntryType::Regular);
            // As somebody would who wants out of the folder.
            header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_cksum();
            archive.append(&header, text.as_bytes()).unwrap();
        }
        let request = lena.request(Method::POST, "/api/import").header("Content-Type", "application/x-tar");
        let answer = Answer::of(request.body(archive.into_inner().unwrap())).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let files = answer.json()["files"].clone();
        let skipped = files.as_array().unwrap().iter().find(|line| line["fate"] == "skipped").unwrap();
        assert!(skipped["file"].as_str().unwrap().starts_with("rules"), "{skipped}");
        assert!(skipped["reason"].as_str().unwrap().contains(said), "{skipped}");
        assert_eq!(rules(&lena).await, before, "{file}");
    }
    assert_eq!(lena.task("1").await["kategorie"], "arbeit", "the rest is there");
}

#[tokio::test]
async fn nothing_of_a_removed_users_rules_is_left() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    for user in [&lena, &tom] {
        set(user, &own("mine", &one_slot(&user.name))).await;
    }
    assert_eq!(server.administrator().delete("/api/admin/users/lena").await.status, 200);
    let again = server.user("lena").await;
    assert_eq!(rules(&again).await["source"], "builtin");
    assert_eq!(again.get("/api/rules/versions").await.json(), json!({"versions": []}));
    assert_eq!(rules(&tom).await["rules"], own("mine", &one_slot("tom"))["rules"]);
}

#[tokio::test]
async fn rules_and_tasks_that_are_written_at_once_are_planned_one_on_the_other() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for round in 0..5 {
        let work = (0..16).map(|number| {
            let (lena, list) = (lena.clone(), own("mine", &one_slot(&format!("s{round}x{number}"))));
            let task = json!({"kategorie": "arbeit", "title": format!("{round}-{number}")});
            async move {
                let answer = match number {
                    0..8 => lena.put("/api/rules", &list).await,
                    _ => lena.post("/api/tasks", &task).await,
                };
                answer.json()
            }
        });
        let answers = at_once(work).await;
        let mut generations: Vec<u64> = answers.iter().map(|answer| answer["generation"].as_u64().unwrap()).collect();
        generations.sort_unstable();
        let first = 16 * round + 1;
        assert_eq!(generations, (first..first + 16).collect::<Vec<u64>>(), "each made a generation of its own");
        // What is served is what a rebuild makes, with the rules of the last that set some.
        let last = answers[..8].iter().max_by_key(|answer| answer["version"].as_u64()).unwrap();
        assert_eq!(rules(&lena).await["version"], last["version"]);
        let codex = lena.codex().await;
        assert_eq!(lena.get("/codex?nocache=true").await.json(), codex);
        let slot = codex["timeline"][0]["slots"][0]["zeit"].as_str().unwrap().to_owned();
        assert!(rules(&lena).await["rules"][0]["script"].as_str().unwrap().contains(&slot));
    }
}
