//! `/api/admin`: who may, and what is left of an account afterwards.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};

use codexmiroir::domain::lang::Lang;
use codexmiroir::domain::theme::Theme;
use codexmiroir::domain::zone::Zone;
use codexmiroir::store::{Scopes, Settings};
use redb::{ReadableDatabase, ReadableTable};
use reqwest::Method;
use serde_json::{Value, json};

use crate::binary::Home;
use crate::harness::{Administrator, Answer, TestServer, TestUser, at_once};
use crate::secrets::{self, Place};
use crate::synced;

const EVERYTHING: Scopes = Scopes(15);

/// An administrator with a token of these scopes.
async fn admin_with(server: &TestServer, name: &str, scopes: Scopes) -> TestUser {
    let settings =
        Settings { zone: Zone::parse("Europe/Berlin").unwrap(), lang: Lang::En, days: 7, theme: Theme::Auto };
    server.service().add_user(name, true, settings, None).await.unwrap();
    server.holder(name, server.token(name, scopes).await)
}

fn names(users: &Value) -> Vec<&str> {
    users["users"].as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn only_administrators_come_to_it() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let root = admin_with(&server, "root", Scopes::ADMIN).await;
    let body = json!({"name": "neu", "disabled": true});
    let routes = [
        (Method::GET, "/api/admin/users"),
        (Method::POST, "/api/admin/users"),
        (Method::GET, "/api/admin/users/lena"),
        (Method::PATCH, "/api/admin/users/lena"),
        (Method::DELETE, "/api/admin/users/lena"),
        (Method::GET, "/api/admin/backups"),
        (Method::GET, "/api/admin/cache"),
        (Method::GET, "/api/admin/cache/lena"),
        (Method::GET, "/api/admin/nowhere"),
    ];
    let of_admin = async |scopes| server.token("root", scopes).await;
    let refused = [
        (server.holder("stranger", String::new()), 401),
        (server.holder("stranger", "cmr_none".to_owned()), 401),
        (lena.clone(), 403),
        (lena.with_token(server.token("lena", Scopes::READ).await), 403),
        (lena.with_token(server.token("lena", Scopes::WRITE).await), 403),
        (root.with_token(of_admin(Scopes::READ.with(Scopes::WRITE).with(Scopes::FEED)).await), 403),
    ];
    for (method, path) in &routes {
        for (who, status) in &refused {
            let request = match who.token.is_empty() {
                true => server.client.request(method.clone(), server.url(path)),
                false => who.request(method.clone(), path),
            };
            let answer = Answer::of(request.json(&body)).await;
            assert_eq!(answer.status, *status, "{method} {path} by {}: {}", who.name, answer.text);
        }
    }
    assert_eq!(names(&root.get("/api/admin/users").await.json()), ["lena", "root"], "nothing was changed");
    // The scope admin alone is no right to read or write anybody's tasks, its owner's included.
    for path in ["/codex", "/api/tasks", "/api/tokens", "/api/export?format=json"] {
        assert_eq!(root.get(path).await.status, 403, "{path}");
    }
    // A path that only looks like it is another one.
    assert_eq!(root.get("/api/admin").await.status, 403);
    assert_eq!(lena.get("/api/%61dmin/users").await.code(), "no_such_route");
    assert_eq!(lena.get("/api//admin/users").await.code(), "no_such_route");
}

#[tokio::test]
async fn accounts_are_added_listed_changed_and_removed() {
    let server = TestServer::start().await;
    let root = admin_with(&server, "root", EVERYTHING).await;
    let socket = server.administrator();
    let added =
        root.post("/api/admin/users", &json!({"name": "anna", "timeZone": "europe/berlin", "language": "de"})).await;
    assert_eq!(added.status, 200, "{}", added.text);
    let expected = json!({"ok": true, "name": "anna", "admin": false, "disabled": false,
        "createdAt": "2025-10-13T06:00:00Z", "timeZone": "Europe/Berlin", "language": "de", "tasks": 0,
        "generation": 0});
    assert_eq!(added.json(), expected);
    let with_password = json!({"name": "berta", "admin": true, "password": "lange genug für zwei"});
    assert_eq!(socket.post("/api/admin/users", &with_password).await.json()["admin"], true);

    let anna = server.holder("anna", server.token("anna", Scopes::READ.with(Scopes::WRITE)).await);
    anna.create(json!({"kategorie": "arbeit"})).await;
    let user = root.get("/api/admin/users/anna").await.json();
    assert_eq!((&user["tasks"], &user["generation"]), (&json!(1), &json!(1)));
    assert_eq!(socket.get("/api/admin/users/anna").await.json(), user);
    assert_eq!(names(&socket.get("/api/admin/users").await.json()), ["anna", "berta", "root"]);
    let first = root.get("/api/admin/users?limit=2").await.json();
    assert_eq!((names(&first), &first["next"]), (vec!["anna", "berta"], &json!("berta")));
    let rest = root.get("/api/admin/users?limit=2&after=berta").await.json();
    assert_eq!((names(&rest), &rest["next"]), (vec!["root"], &Value::Null));

    let changed = root.patch("/api/admin/users/anna", &json!({"admin": true, "password": "noch eine lange"})).await;
    assert_eq!((changed.status, &changed.json()["admin"]), (200, &json!(true)), "{}", changed.text);
    let removed = root.delete("/api/admin/users/anna").await;
    assert_eq!((removed.status, removed.json()), (200, json!({"ok": true, "name": "anna"})));
    assert_eq!(root.get("/api/admin/users/anna").await.code(), "no_such_user");
    let room = root.get("/api/admin/cache").await.json();
    assert!(room["store"]["bytes"].as_u64().unwrap() > 4_096 && room["store"]["writable"] == true, "{room}");
    assert!(room["hotMap"]["bytesMax"].as_u64().unwrap() > room["hotMap"]["bytes"].as_u64().unwrap(), "{room}");
}

#[tokio::test]
async fn what_is_kept_of_a_timeline_is_told() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    let codex = lena.get("/codex").await;
    let told = server.administrator().get("/api/admin/cache/lena").await.json();
    assert_eq!(
        (&told["name"], &told["generation"], &told["served"]["layer"]),
        (&json!("lena"), &json!(1), &json!("hot"))
    );
    for kept in [&told["hot"], &told["materialized"]] {
        let expected = (&json!(1), &json!(codex.text.len()), &Value::Null, &told["basis"]);
        assert_eq!((&kept["generation"], &kept["bytes"], &kept["stale"], &kept["basis"]), expected, "{told}");
    }
    assert_eq!(server.administrator().get("/api/admin/cache/nobody").await.code(), "no_such_user");
    let room = server.administrator().get("/api/admin/cache").await.json();
    assert_eq!(room["hotMap"]["entries"], 1);
}

#[tokio::test]
async fn bad_input_changes_nothing_and_says_so_in_both_languages() {
    let server = TestServer::start().await;
    server.user("lena").await;
    let root = admin_with(&server, "root", EVERYTHING).await;
    let before = root.get("/api/admin/users").await.text;
    let long = "a".repeat(40);
    let (post, patch) = (Method::POST, Method::PATCH);
    let users = "/api/admin/users";
    for (method, path, body, status, code) in [
        (&post, users, json!({}), 422, "missing"),
        (&post, users, json!({"name": null}), 422, "missing"),
        (&post, users, json!({"name": 7}), 400, "wrong_type"),
        (&post, users, json!({"name": "Lena"}), 422, "malformed_value"),
        (&post, users, json!({"name": "../x"}), 422, "malformed_value"),
        (&post, users, json!({"name": long}), 422, "malformed_value"),
        (&post, users, json!({"name": "lena"}), 409, "user_exists"),
        (&post, users, json!({"name": "neu", "admin": "yes"}), 400, "wrong_type"),
        (&post, users, json!({"name": "neu", "timeZone": "Mars/Olympus"}), 422, "malformed_value"),
        (&post, users, json!({"name": "neu", "language": "fr"}), 422, "malformed_value"),
        (&post, users, json!({"name": "neu", "password": "kurz"}), 422, "malformed_value"),
        (&post, users, json!({"name": "neu", "passwort": "lange genug dafür"}), 422, "unknown_field"),
        (&post, users, json!([]), 400, "malformed_json"),
        (&patch, "/api/admin/users/lena", json!({"disabled": 1}), 400, "wrong_type"),
        (&patch, "/api/admin/users/lena", json!({"admin": true, "password": "x"}), 422, "malformed_value"),
        (&patch, "/api/admin/users/lena", json!({"name": "tom"}), 422, "unknown_field"),
        (&patch, "/api/admin/users/nobody", json!({"admin": true}), 404, "no_such_user"),
        (&patch, "/api/admin/users/..%2Flena", json!({"admin": true}), 404, "no_such_user"),
        (&Method::DELETE, "/api/admin/users/nobody", json!({}), 404, "no_such_user"),
        (&Method::GET, "/api/admin/users?limit=0", json!({}), 400, "malformed_query"),
        (&Method::GET, "/api/admin/users?after=N%20N", json!({}), 422, "malformed_value"),
        (&Method::PUT, users, json!({}), 405, "method_not_allowed"),
    ] {
        let mut sentences = BTreeSet::new();
        for language in ["en", "de"] {
            let request = root.request(method.clone(), path).header("Accept-Language", language).json(&body);
            let answer = Answer::of(request).await;
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{method} {path} {body}");
            sentences.insert(answer.json()["error"].as_str().unwrap().to_owned());
        }
        assert_eq!(sentences.len(), 2, "{sentences:?}");
    }
    assert_eq!(root.get("/api/admin/users").await.text, before);
}

#[tokio::test]
async fn somebody_disabled_is_out_at_once_and_finds_everything_afterwards() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Bleibt"})).await;
    let codex = lena.get("/codex").await.text;
    let mut stream = lena.request(Method::GET, "/api/events").send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    let socket = server.administrator();
    let disabled = socket.patch("/api/admin/users/lena", &json!({"disabled": true})).await;
    assert_eq!(disabled.json()["disabled"], true, "{}", disabled.text);
    for (method, path) in [(Method::GET, "/codex"), (Method::GET, "/api/tasks"), (Method::POST, "/api/tasks")] {
        let answer = Answer::of(lena.request(method, path).json(&json!({"kategorie": "arbeit"}))).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "invalid_token"), "{path}");
    }
    while stream.chunk().await.unwrap().is_some() {}
    // The administrator still acts for her.
    assert_eq!(socket.acting_for("lena").get("/codex").await.text, codex);
    let server = server.restart().await;
    let lena = server.again(&lena);
    assert_eq!(lena.get("/codex").await.status, 401);
    let enabled = server.administrator().patch("/api/admin/users/lena", &json!({"disabled": false})).await;
    assert_eq!(enabled.json()["disabled"], false);
    // What was ended stays so: a token that got about would be good again.
    assert_eq!(lena.get("/codex").await.status, 401);
    let scopes = Scopes::READ.with(Scopes::WRITE);
    let lena = lena.with_token(server.token("lena", scopes).await);
    assert_eq!(lena.codex().await["generation"], 1);
}

/// The user ids that the rows of every table begin with.
fn owners(database: &std::path::Path) -> BTreeSet<u64> {
    let database = redb::ReadOnlyDatabase::open(database).unwrap();
    let transaction = database.begin_read().unwrap();
    let mut found = BTreeSet::new();
    macro_rules! rows {
        ($name:literal, $key:ty, $value:ty, |$k:pat_param, $v:pat_param| $owner:expr) => {
            let table = transaction.open_table(redb::TableDefinition::<$key, $value>::new($name)).unwrap();
            for row in table.iter().unwrap() {
                let (key, value) = row.unwrap();
                let ($k, $v) = (key.value(), value.value());
                found.insert($owner);
            }
        };
    }
    rows!("users", u64, &[u8], |id, _| id);
    rows!("user_names", &str, u64, |_, id| id);
    rows!("credentials", u64, &str, |id, _| id);
    rows!("user_tokens", (u64, &[u8; 32]), (), |key, ()| key.0);
    rows!("heads", u64, &[u8], |id, _| id);
    rows!("settings", u64, &[u8], |id, _| id);
    rows!("documents", (u64, u32, &str), &[u8], |key, _| key.0);
    rows!("tasks", (u64, u32, &str), &[u8], |key, _| key.0);
    rows!("timelines", u64, &[u8], |id, _| id);
    rows!("history", (u64, u64, u32), &[u8], |key, _| key.0);
    rows!("history_by_file", (u64, &str, u64, u32), (), |key, ()| key.0);
    rows!("rules", (u64, u64), &[u8], |key, _| key.0);
    rows!("sync", u64, &[u8], |id, _| id);
    rows!("sync_files", u64, &[u8], |id, _| id);
    rows!("remotes", u64, &[u8], |id, _| id);
    rows!("idempotency", (u64, &str, &str), &[u8], |key, _| key.0);
    rows!("idempotency_by_time", (i64, u64, &str, &str), (), |key, ()| key.1);
    let tables: BTreeSet<String> =
        transaction.list_tables().unwrap().map(|table| redb::TableHandle::name(&table).to_owned()).collect();
    // Of nobody are `meta` and `bases`, and `tokens` are by their hashes.
    assert_eq!(tables.len(), 20, "a table that this test does not know: {tables:?}");
    found
}

#[tokio::test]
async fn nothing_is_left_of_somebody_removed_and_the_id_is_not_given_again() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    let socket = server.administrator();
    for user in [&lena, &tom] {
        let password = json!({"password": "ein langes Kennwort"});
        assert_eq!(socket.patch(&format!("/api/admin/users/{}", user.name), &password).await.status, 200);
        let request = user.request(Method::POST, "/api/tasks").header("Idempotency-Key", "k");
        assert_eq!(
            Answer::of(request.json(&json!({"kategorie": "arbeit", "title": format!("Quarzlampe von {}", user.name)})))
                .await
                .status,
            200
        );
        assert_eq!(user.put("/api/rules", &json!({"rules": [{"use": "spartan"}]})).await.status, 200);
        let id = server.service().require_user(&user.name).unwrap().id;
        synced::own_remote(&server, id, &format!("https://git.example.org/{}/Quarzlampe.git", user.name)).await;
        synced::commit(&server, user, Vec::new()).await;
        user.codex().await;
    }
    let id = server.service().require_user("lena").unwrap().id;
    let kept = tom.get("/codex").await.text;
    assert_eq!(socket.delete("/api/admin/users/lena").await.status, 200);
    assert_eq!(lena.get("/codex").await.code(), "invalid_token");
    assert_eq!(socket.acting_for("lena").get("/codex").await.code(), "no_such_user");
    assert_eq!(socket.get("/api/admin/cache").await.json()["hotMap"]["entries"], 1);
    assert_eq!(tom.get("/codex").await.text, kept);

    // Somebody else of the same name begins with nothing, and the old token does not open it.
    let again = server.user("lena").await;
    assert!(server.service().require_user("lena").unwrap().id > id);
    assert_eq!((again.codex().await["generation"].as_u64(), again.tasks().await.len()), (Some(0), 0));
    assert_eq!(lena.get("/codex").await.code(), "invalid_token");
    assert_eq!(socket.delete("/api/admin/users/lena").await.status, 200);
    let tom_id = server.service().require_user("tom").unwrap().id.0;
    let data_dir = server.data_dir().to_owned();
    let server = server.restart_after(|| {
        assert_eq!(owners(&data_dir.join("codexmiroir.redb")), BTreeSet::from([tom_id]));
    });
    let server = server.await;
    assert_eq!(server.again(&tom).get("/codex").await.text, kept);
    // Nor can it be read in what the file has between its rows.
    let bytes = std::fs::read(data_dir.join("codexmiroir.redb")).unwrap();
    let has = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    assert!(has(b"Quarzlampe-von-tom") && !has(b"Quarzlampe-von-lena"));
    assert!(has(b"tom/Quarzlampe.git") && !has(b"lena/Quarzlampe.git"));
}

#[tokio::test]
async fn the_last_administrator_stays_as_long_as_there_are_others() {
    let server = TestServer::start().await;
    let socket = server.administrator();
    let root = admin_with(&server, "root", EVERYTHING).await;
    // Alone, there is nobody left to be administered.
    assert_eq!(socket.patch("/api/admin/users/root", &json!({"admin": false})).await.status, 200);
    assert_eq!(socket.patch("/api/admin/users/root", &json!({"admin": true})).await.status, 200);
    server.user("lena").await;
    let path = "/api/admin/users/root";
    for body in [json!({"admin": false}), json!({"disabled": true})] {
        let refused = root.patch(path, &body).await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "last_admin"), "{body}");
    }
    assert_eq!(root.delete(path).await.code(), "last_admin");
    // One who is disabled is none.
    assert_eq!(root.patch("/api/admin/users/lena", &json!({"admin": true, "disabled": true})).await.status, 200);
    assert_eq!(root.delete(path).await.code(), "last_admin");
    assert_eq!(root.patch("/api/admin/users/lena", &json!({"disabled": false})).await.status, 200);

    // Both take the other's rights away at the same moment: one of the two stays.
    let lena = server.holder("lena", server.token("lena", EVERYTHING).await);
    let pair = [(root, "lena"), (lena, "root")].map(|(who, whom)| async move {
        who.patch(&format!("/api/admin/users/{whom}"), &json!({"admin": false})).await.status
    });
    let mut answers = at_once(pair).await;
    answers.sort_unstable();
    assert!(answers[0] == 200 && [403, 409].contains(&answers[1]), "{answers:?}");
    let users = socket.get("/api/admin/users").await.json();
    let admins = users["users"].as_array().unwrap().iter().filter(|user| user["admin"] == true);
    assert_eq!(admins.count(), 1, "{users}");
}

#[tokio::test]
async fn somebody_demoted_has_no_token_that_administers() {
    let server = TestServer::start().await;
    admin_with(&server, "root", EVERYTHING).await;
    let lena = admin_with(&server, "lena", EVERYTHING).await;
    assert_eq!(lena.get("/api/admin/users").await.status, 200);
    assert_eq!(server.administrator().patch("/api/admin/users/lena", &json!({"admin": false})).await.status, 200);
    assert_eq!(lena.get("/api/admin/users").await.code(), "scope_missing");
    assert_eq!(lena.get("/api/me").await.json()["scopes"], json!(["read", "write", "feed"]));
    let refused = server.service().create_token("lena", Scopes::ADMIN, "", None).await.unwrap_err();
    assert!(refused.to_string().contains("administrators"), "{refused}");
}

#[tokio::test]
async fn removing_somebody_who_writes_leaves_nothing_half() {
    let server = TestServer::start().await;
    let tom = server.user("tom").await;
    for _ in 0..4 {
        let lena = server.user("lena").await;
        let writers: Vec<_> = (0..6)
            .map(|_| {
                let lena = lena.clone();
                async move {
                    let mut statuses = BTreeSet::new();
                    for _ in 0..20 {
                        statuses.insert(lena.post("/api/tasks", &json!({"kategorie": "arbeit"})).await.status);
                        statuses.insert(lena.get("/codex").await.status);
                    }
                    statuses
                }
            })
            .collect();
        let writing = tokio::spawn(at_once(writers));
        // In the midst of it: as soon as there is something.
        while lena.get("/api/tasks").await.json()["tasks"].as_array().is_none_or(Vec::is_empty) {}
        assert_eq!(server.administrator().delete("/api/admin/users/lena").await.status, 200);
        for statuses in writing.await.unwrap() {
            assert!(statuses.iter().all(|status| [200, 401, 404].contains(status)), "{statuses:?}");
        }
    }
    let id = server.service().require_user("tom").unwrap().id.0;
    let data_dir = server.data_dir().to_owned();
    let server = server.restart_after(|| {
        assert_eq!(owners(&data_dir.join("codexmiroir.redb")), BTreeSet::from([id]));
    });
    assert_eq!(server.await.again(&tom).codex().await["generation"], 0);
}

#[tokio::test]
async fn what_is_done_is_logged_without_any_secret() {
    let home = Home::new();
    home.user_with_token("lena");
    let log = home.path("log");
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.stderr(std::fs::File::create(&log).unwrap()).env("CODEXMIROIR_LOG", "debug");
    let mut server = Killed(command.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let socket = Administrator::at(&home.data_dir());
    let password = "ein sehr geheimes Kennwort";
    let added = socket.post("/api/admin/users", &json!({"name": "tom", "password": password})).await;
    assert_eq!(added.status, 200, "{}", added.text);
    let made = socket.acting_for("lena").post("/api/tokens", &json!({})).await.json();
    let id = made["id"].as_str().unwrap();
    assert_eq!(socket.acting_for("lena").delete(&format!("/api/tokens/{id}")).await.status, 200);
    let changed = json!({"disabled": true, "password": "noch ein geheimes Kennwort"});
    assert_eq!(socket.patch("/api/admin/users/tom", &changed).await.status, 200);
    assert_eq!(socket.delete("/api/admin/users/tom").await.status, 200);
    drop(server);
    let log = std::fs::read_to_string(&log).unwrap();
    for words in [
        "an account was added by=\"the administrator\" user=tom",
        "a token was made user=lena",
        "a token was revoked user=lena",
        "an account was changed by=\"the administrator\" user=\"tom\"",
        "an account was removed with everything in it by=\"the administrator\" user=\"tom\"",
        id,
    ] {
        assert!(log.contains(words), "{words}:\n{log}");
    }
    assert!(!log.contains("geheim") && !log.contains("cmr_") && !log.contains("argon2"), "{log}");
    secrets::must_hold_none(Place::Stderr, &log);
}

/// A process that does not outlive its test.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
