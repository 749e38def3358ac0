//! The document of the interface is true: it names what is there and nothing else, and what it shows works.

use std::collections::BTreeSet;

use codexmiroir::app::MetricsOptions;
use codexmiroir::service::administration::AccountFields;
use codexmiroir::service::rules::{RuleFields, RulesRequest};
use codexmiroir::service::sessions::Visit;
use codexmiroir::store::{Origin, Scopes};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::documented::document;
use crate::harness::{Answer, Start, TestServer, TestUser};
use crate::visitor::PASSWORD;

const METHODS: [&str; 6] = ["get", "post", "put", "patch", "delete", "options"];

const METRICS_TOKEN: &str = "interface-0123456789";
const OTHER_TOKEN: &str = "other";

/// It is there only with a secret; its tests are `webhook.rs`.
const WEBHOOK: &str = "/github/webhook";

/// What asks for no token beside the address: probes, the way in, what its pages are made of, and feeds.
const OPEN: [&str; 24] = [
    "/livez",
    "/readyz",
    "/login",
    "/auth/login",
    "/auth/logout",
    "/welcome",
    "/setup",
    "/assets/base.css",
    "/assets/account.css",
    "/assets/week.css",
    "/assets/interface.css",
    "/assets/set-up.js",
    "/assets/app.js",
    "/assets/morph.js",
    "/assets/keys.js",
    "/assets/week.js",
    "/assets/quick.js",
    "/assets/rules-editor.js",
    "/assets/icon.svg",
    "/assets/icon-192.png",
    "/assets/icon-512.png",
    "/assets/app.webmanifest",
    "/keeper.js",
    "/feeds/{file}",
];

/// A server that has everything which is described.
async fn whole_server() -> TestServer {
    let metrics = MetricsOptions { listen: None, token: Some(METRICS_TOKEN.to_owned()) };
    TestServer::start_with(Start { metrics, ..Start::default() }).await
}

/// The path of an operation, of a task, a token, an account or a version of rules that is there. The asker's own token is none of them.
async fn filled(server: &TestServer, user: &TestUser, path: &str) -> String {
    if path.starts_with("/api/tokens/") {
        let id = server.service().require_user(&user.name).unwrap().id;
        // One that was there may have been revoked.
        server.service().create_token(&user.name, Scopes::READ, OTHER_TOKEN, None).await.unwrap();
        let tokens = server.service().list_tokens(id).await.unwrap();
        let other = tokens.iter().find(|token| token.grant.token_name == OTHER_TOKEN).unwrap();
        return path.replace("{id}", &other.id.to_string());
    }
    if path.contains("{n}") {
        // The same again makes no other version.
        let user = server.service().require_user(&user.name).unwrap().id;
        let origin = Origin { actor: "test".to_owned(), through: "test".into() };
        let request = RulesRequest { user, origin, expected: None, key: None };
        let spartan = RuleFields { library: Some("spartan".to_owned()), ..RuleFields::default() };
        let ruled = server.service().set_rules(request, vec![spartan]).await.unwrap();
        return path.replace("{n}", &ruled.version.unwrap().to_string());
    }
    if path == "/feeds/{file}" {
        return path.replace("{file}", &format!("{}.ics", server.token(&user.name, Scopes::FEED).await));
    }
    if path == "/welcome" {
        let id = server.service().require_user(&user.name).unwrap().id;
        return format!("{path}?code={}", server.service().make_sign_in_code(id));
    }
    if path == "/api/sessions/{id}" {
        let visit = Visit::default();
        let id = server.service().require_user(&user.name).unwrap().id;
        let code = server.service().make_sign_in_code(id);
        server.service().sign_in_with_link(&code, &visit).await.unwrap();
        let sessions = server.service().list_sessions(id).await.unwrap();
        return path.replace("{id}", &sessions[0].id.to_string());
    }
    path.replace("{id}", "0001").replace("{name}", &account_of(user)).replace("{script}", "spartan")
}

/// The name of an account that is there beside the user's own.
fn account_of(user: &TestUser) -> String {
    format!("{}-account", user.name)
}

/// An administrator with three tasks, the last of them changed, and a second account.
async fn busy_user(server: &TestServer, name: &str) -> TestUser {
    let user = server.user(name).await;
    server.user(&account_of(&user)).await;
    let admin = AccountFields { admin: Some(true), ..AccountFields::default() };
    server.service().change_account(name, admin).await.unwrap();
    let user = user.with_token(server.token(name, Scopes::READ.with(Scopes::WRITE).with(Scopes::ADMIN)).await);
    for title in ["Eins", "Zwei", "Drei"] {
        user.create(json!({"kategorie": "arbeit", "title": title})).await;
    }
    user.update("2", json!({"title": "Drittens"})).await;
    user
}

async fn ask(server: &TestServer, user: &TestUser, method: &str, path: &str) -> Response {
    // No user's token is right there.
    let path = &filled(server, user, path).await;
    let user = if path == "/metrics" { &user.with_token(METRICS_TOKEN.to_owned()) } else { user };
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    user.request(method, path).send().await.unwrap()
}

fn words(list: &Value) -> BTreeSet<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_described_is_there_and_nothing_else() {
    let document = document().await;
    let server = whole_server().await;
    let idle = busy_user(&server, "idle").await;
    for (index, (path, item)) in document.json["paths"].as_object().unwrap().iter().enumerate() {
        for method in METHODS {
            // What one method takes away is there for the next; what is not described takes nothing.
            let user = match item.get(method) {
                Some(_) => busy_user(&server, &format!("{method}{index}")).await,
                None => idle.clone(),
            };
            let answer = ask(&server, &user, method, path).await;
            let (status, allow) = (answer.status(), answer.headers().get("allow").cloned());
            if item.get(method).is_some() {
                // Somebody has an account, so there is nothing to set up, and no forge was told a secret.
                let is_there = status != 404 || ["/setup", WEBHOOK].contains(&path.as_str());
                assert!(status != 405 && is_there, "{method} {path} is described and answered {status}");
                continue;
            }
            assert_eq!(status, 405, "{method} {path} is not described");
            let allow = allow.unwrap().to_str().unwrap().to_lowercase();
            let allowed: BTreeSet<_> = allow.split(',').map(str::trim).filter(|method| *method != "head").collect();
            let described: BTreeSet<_> = item.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(allowed, described, "{path}");
        }
    }
    assert!(document.json["paths"].as_object().unwrap().len() > 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_whole() {
    let document = document().await;
    assert!(document.json["openapi"].as_str().unwrap().starts_with("3.1."));
    assert_eq!(document.json["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut ids = BTreeSet::new();
    for (path, method, operation) in document.operations() {
        let name = format!("{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{name} has the id of another");
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{name}");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            let is_told = |parameter: &Value| parameter["in"] == "path" && parameter["name"] == part;
            assert!(parameters.iter().any(is_told), "{name} does not tell what {part} is");
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(!response["description"].as_str().unwrap().is_empty(), "{name} {status}");
            for (media_type, content) in response["content"].as_object().into_iter().flatten() {
                // Compiling it finds what it refers to.
                let at = format!("{name} {status} {media_type} compiles");
                document.assert_valid(&at, &json!({"anyOf": [content["schema"], true]}), &Value::Null);
            }
        }
        if let Some(body) = operation.get("requestBody") {
            let contents = body["content"].as_object().unwrap();
            assert!(!contents.is_empty(), "{name} takes a body of no type");
            if let Some(content) = contents.get("application/json") {
                document.assert_valid(&format!("{name} example"), &content["schema"], &content["example"]);
            }
        }
        let needs = if operation["security"] == json!([]) { "nothing" } else { "a token" };
        assert_eq!(needs == "nothing", OPEN.contains(&path), "{name} needs {needs}");
    }
}

/// The example, with a password that is one.
async fn example(server: &TestServer, user: &TestUser, path: &str, example: &Value) -> Value {
    let mut example = example.clone();
    if !["/auth/login", "/api/me/password"].contains(&path) {
        return example;
    }
    let fields = AccountFields { password: Some(PASSWORD.to_owned()), ..AccountFields::default() };
    server.service().change_account(&user.name, fields).await.unwrap();
    for (field, value) in [("name", user.name.as_str()), ("current", PASSWORD), ("password", PASSWORD)] {
        if let Some(place) = example.get_mut(field) {
            *place = value.into();
        }
    }
    example
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_work_and_no_other_field_is_taken() {
    let document = document().await;
    let server = whole_server().await;
    let mut tried = 0;
    for (path, method, operation) in document.operations() {
        let Some(body) = operation.get("requestBody").filter(|_| path != WEBHOOK) else { continue };
        // Bytes have no example; the tests of what takes them send many.
        let Some(content) = body["content"].get("application/json") else { continue };
        let user = busy_user(&server, &format!("u{tried}")).await;
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let at = filled(&server, &user, path).await;
        let send = |body: Value| Answer::of(user.request(method.clone(), &at).json(&body));
        let mut unknown = content["example"].clone();
        unknown["nobodysField"] = json!(1);
        let refused = send(unknown).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, "unknown_field"), "{method} {path}");
        let done = send(example(&server, &user, path, &content["example"]).await).await;
        let expected = match path {
            // The second account of a server is never its first one.
            "/setup" => (404, "link_used"),
            // Others' secrets are for the control socket.
            "/api/admin/backup" => (403, "not_over_the_network"),
            _ => (200, ""),
        };
        let code = if done.status == 200 { String::new() } else { done.code() };
        assert_eq!((done.status, code.as_str()), expected, "{method} {path}: {}", done.text);
        if body["required"] == false {
            let user = busy_user(&server, &format!("without{tried}")).await;
            let done = Answer::of(user.request(method.clone(), &filled(&server, &user, path).await)).await;
            assert_eq!(done.status, 200, "{method} {path}: {}", done.text);
        }
        tried += 1;
    }
    assert!(tried >= 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_be_sent_and_what_a_token_must_allow_is_described() {
    let document = document().await;
    let server = whole_server().await;
    let user = busy_user(&server, "anna").await;
    for (scope, scopes) in [("read", Scopes::READ), ("write", Scopes::WRITE), ("admin", Scopes::ADMIN)] {
        let token = user.with_token(server.token("anna", scopes).await);
        for (path, method, operation) in document.operations().into_iter().filter(|(path, ..)| *path != WEBHOOK) {
            let status = ask(&server, &token, method, path).await.status();
            let needed = words(&operation["security"][0]["token"]);
            let is_allowed = needed.is_subset(&BTreeSet::from([scope]));
            assert_eq!(status == 403, !is_allowed, "{method} {path} with {scope}: {status}");
            // Nothing but what is described as necessary is.
            let in_query = |parameter: &Value| parameter["in"] == "query" && parameter["required"] == true;
            let is_needed = operation["requestBody"]["required"] == true
                || operation["parameters"].as_array().is_some_and(|parameters| parameters.iter().any(in_query));
            assert_eq!(status == 400 && is_allowed, is_needed && is_allowed, "{method} {path} without a body or query");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_and_its_page_are_for_those_who_are_signed_in_and_sent_once() {
    let server = TestServer::start().await;
    let anna = server.user("anna").await;
    for path in ["/openapi.json", "/api"] {
        let stranger = Answer::of(server.client.get(server.url(path))).await;
        assert_eq!((stranger.status, stranger.code().as_str()), (401, "sign_in_needed"));
        let first = anna.get(path).await;
        assert_eq!(first.status, 200);
        let again = anna.request(Method::GET, path).header("If-None-Match", first.header("etag"));
        let again = Answer::of(again).await;
        assert_eq!((again.status, again.text.as_str(), again.header("etag")), (304, "", first.header("etag")));
    }
    let page = anna.get("/api").await;
    for (path, method, operation) in document().await.operations() {
        assert!(
            page.text.contains(&format!("id=\"{}\"", operation["operationId"].as_str().unwrap())),
            "{method} {path}"
        );
    }
    // The page is in the reader's language. The document is a contract: tools get the same one.
    assert!(page.text.contains("<html lang=\"en\""));
    let english = anna.get("/openapi.json").await;
    let changed = Answer::of(anna.request(Method::PATCH, "/api/settings").json(&json!({"language": "de"}))).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let german = Answer::of(anna.request(Method::GET, "/api").header("If-None-Match", page.header("etag"))).await;
    assert_eq!(german.status, 200, "it is another page");
    assert!(german.text.contains("<html lang=\"de\"") && german.text.contains("Eine Aufgabe anlegen"));
    assert_eq!(anna.get("/openapi.json").await.text, english.text);
    // Nothing is in it or loaded from elsewhere; an example may name an address.
    for inline in ["<style", "style=", "<script>", "onclick", "=\"http", "=http", "url("] {
        assert!(!page.text.contains(inline), "{inline}");
    }
}
