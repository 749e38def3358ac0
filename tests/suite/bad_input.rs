//! Bad requests to every route: the right status, a sentence in two languages, a stable code, the field at fault,
//! and nothing changed.

use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, TestUser};

/// A request that must be refused, and how.
struct Bad {
    method: Method,
    path: String,
    headers: Vec<(&'static str, HeaderValue)>,
    body: Option<Vec<u8>>,
    status: u16,
    code: &'static str,
    field: Option<&'static str>,
}

fn bad(method: Method, path: &str, status: u16, code: &'static str) -> Bad {
    Bad { method, path: path.to_owned(), headers: Vec::new(), body: None, status, code, field: None }
}

impl Bad {
    fn header(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Bad {
        self.headers.push((name, HeaderValue::from_bytes(value.as_ref()).unwrap()));
        self
    }

    /// A body that says it is JSON.
    fn body(mut self, body: impl Into<Vec<u8>>) -> Bad {
        self.body = Some(body.into());
        self.header("Content-Type", "application/json")
    }

    fn json(self, value: &Value) -> Bad {
        self.body(value.to_string())
    }

    /// The field that is at fault.
    fn at(mut self, field: &'static str) -> Bad {
        self.field = Some(field);
        self
    }

    fn name(&self) -> String {
        let body = self.body.as_deref().map(|body| String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned());
        format!("{} {} {:?} {}", self.method, self.path, self.headers, body.unwrap_or_default())
    }
}

/// A server with two users. Lena has a task 0000, an unreadable 0001 and two documents of number 0002.
struct Stage {
    server: TestServer,
    lena: TestUser,
    tom: TestUser,
}

impl Stage {
    async fn set() -> Stage {
        let server = TestServer::start().await;
        let (lena, tom) = (server.user("lena").await, server.user("tom").await);
        lena.create(json!({"kategorie": "arbeit", "title": "Ziel", "tags": ["a"], "deadline": "31.10.2025"})).await;
        server.import_document(&lena, "0001.md", "---\ntyp: task\nstatus: offen\n---\n").await;
        for twin in ["0002-a.md", "0002-b.md"] {
            server.import_document(&lena, twin, "---\ntyp: task\nkategorie: privat\nstatus: offen\n---\n").await;
        }
        for title in ["Toms", "Toms zweite", "Toms dritte", "Toms vierte"] {
            tom.create(json!({"kategorie": "privat", "title": title})).await;
        }
        Stage { server, lena, tom }
    }

    /// Everything that a change would show in.
    async fn state(&self) -> [String; 4] {
        let [lena, tom] = [&self.lena, &self.tom];
        let codices = [lena.get("/codex").await.text, tom.get("/codex").await.text];
        let lists = [lena.get("/api/tasks").await.text, lena.document("0000").await];
        let [[a, b], [c, d]] = [codices, lists];
        [a, b, c, d]
    }

    /// Sends each as Lena, in both languages.
    async fn refuses(&self, requests: Vec<Bad>) {
        let before = self.state().await;
        for bad in requests {
            let english = self.refused(&bad, "en").await;
            let german = self.refused(&bad, "de-DE,de;q=0.9,en;q=0.5").await;
            assert_ne!(english, german, "{}", bad.name());
            // What the YAML reader says of a document is English in both.
            let is_translated =
                [" or ", " the ", " a ", " of ", " and ", " once"].iter().all(|word| !german.contains(word));
            assert!(is_translated || bad.code == "unreadable_document", "{}: {german}", bad.name());
            assert_eq!(self.state().await, before, "{}", bad.name());
        }
        assert!(self.server.service().store().is_writable());
    }

    /// The sentence of the refusal.
    async fn refused(&self, bad: &Bad, language: &str) -> String {
        let mut request = self.lena.request(bad.method.clone(), &bad.path).header("Accept-Language", language);
        for (name, value) in &bad.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = &bad.body {
            request = request.body(body.clone());
        }
        let answer = Answer::of(request).await;
        assert_eq!((answer.status, answer.code().as_str()), (bad.status, bad.code), "{}: {}", bad.name(), answer.text);
        assert_eq!(answer.json()["field"].as_str(), bad.field, "{}: {}", bad.name(), answer.text);
        assert_eq!(answer.header("content-type"), "application/json");
        let sentence = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(sentence.len() > 10 && sentence.ends_with(['.', '?']), "{sentence}");
        assert!(!sentence.chars().any(char::is_control), "{sentence:?}");
        sentence
    }
}

/// Every route that takes a JSON object, with one that it would take.
fn json_routes() -> [(Method, &'static str, Value); 5] {
    [
        (Method::POST, "/api/tasks", json!({"kategorie": "arbeit"})),
        (Method::PUT, "/api/tasks/0000", json!({"tags": ["b"]})),
        (Method::PATCH, "/api/tasks/0000", json!({"tags": ["b"]})),
        (Method::POST, "/api/tasks/0000/complete", json!({"datum": "13.10.2025", "zeit": "abends"})),
        (Method::POST, "/api/tasks/0000/pin", json!({"datum": "17.10.2025", "zeit": "abends"})),
    ]
}

#[tokio::test]
async fn bodies_that_are_no_json_objects_are_refused() {
    let stage = Stage::set().await;
    let mut requests = Vec::new();
    for (method, path, good) in json_routes() {
        let malformed: [&[u8]; 12] = [
            b"{",
            b"[]",
            b"null",
            b"17",
            b"\"x\"",
            b"{\"tags\":[\"b\"]",
            b"{\"tags\":[\"b\"]}}",
            b"{'tags':['b']}",
            b"{\"title\":\"\xff\"}",
            b"{\"title\":\"\\ud800\"}",
            b"\xef\xbb\xbf{\"tags\":[\"b\"]}",
            b"{\"title\":\"a\0b\"}",
        ];
        let deep = "[".repeat(10_000);
        for body in malformed.into_iter().chain([deep.as_bytes()]) {
            requests.push(bad(method.clone(), path, 400, "malformed_json").body(body));
        }
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=iso-8859-1",
            "application/jsonp",
        ] {
            let mut request = bad(method.clone(), path, 415, "not_json").header("Content-Type", content_type);
            request.body = Some(good.to_string().into_bytes());
            requests.push(request);
        }
        let mut untyped = bad(method.clone(), path, 415, "not_json");
        untyped.body = Some(good.to_string().into_bytes());
        requests.push(untyped);
        let packed = bad(method.clone(), path, 415, "compressed_request");
        requests.push(packed.json(&good).header("Content-Encoding", "gzip"));
        if !path.ends_with("complete") {
            requests.push(bad(method.clone(), path, 400, "malformed_json"));
        }
    }
    stage.refuses(requests).await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_the_answer_can_be_read() {
    let stage = Stage::set().await;
    let mut requests = Vec::new();
    for (method, path, _) in json_routes() {
        let just = format!("{{\"title\":\"{}\"}}", "x".repeat(1024 * 1024 - 11));
        assert_eq!(just.len(), 1024 * 1024 + 1);
        for body in [just, format!("{{\"title\":\"{}\"}}", "x".repeat(8 * 1024 * 1024))] {
            requests.push(bad(method.clone(), path, 413, "too_large").body(body));
        }
    }
    stage.refuses(requests).await;
}

/// Fields of a task that cannot be, with status, code and the field at fault.
fn bad_fields() -> Vec<(Value, u16, &'static str, &'static str)> {
    let slot = |datum: &str, zeit: &str| json!({"fixedSlot": {"datum": datum, "zeit": zeit}});
    let many: Vec<String> = (0..33).map(|number| format!("t{number}")).collect();
    let mut fields = vec![
        (json!({"kategorie": "sport"}), 400, "unknown_value", "kategorie"),
        (json!({"kategorie": ""}), 400, "unknown_value", "kategorie"),
        (json!({"kategorie": "arbeit\u{0}"}), 400, "unknown_value", "kategorie"),
        (json!({"kategorie": "x".repeat(100_000)}), 400, "unknown_value", "kategorie"),
        (json!({"status": "fertig"}), 422, "unknown_value", "status"),
        (json!({"status": ""}), 422, "unknown_value", "status"),
        (json!({"title": ""}), 422, "empty", "title"),
        (json!({"title": " \t "}), 422, "empty", "title"),
        (json!({"title": "x".repeat(201)}), 422, "too_long", "title"),
        (json!({"title": "a\nb"}), 422, "control_character", "title"),
        (json!({"title": "a\u{7f}b"}), 422, "control_character", "title"),
        (json!({"tags": many}), 422, "too_many", "tags"),
        (json!({"tags": ["x".repeat(65)]}), 422, "too_long", "tags"),
        (json!({"tags": ["a", " "]}), 422, "empty", "tags"),
        (json!({"tags": ["a\u{0}"]}), 422, "control_character", "tags"),
        (json!({"body": "x".repeat(64 * 1024 + 1)}), 422, "too_long", "body"),
        (json!({"body": "a\u{0}b"}), 422, "control_character", "body"),
        (json!({"body": "a\u{1b}[2Jb"}), 422, "control_character", "body"),
        (json!({"fixedSlot": {}}), 400, "missing", "fixedSlot.datum"),
        (json!({"fixedSlot": {"zeit": "morgens"}}), 400, "missing", "fixedSlot.datum"),
        (json!({"fixedSlot": {"datum": "14.10.2025"}}), 400, "missing", "fixedSlot.zeit"),
        (json!({"fixedSlot": {"datum": 14, "zeit": "morgens"}}), 400, "wrong_type", "fixedSlot.datum"),
        (json!({"fixedSlot": {"datum": "14.10.2025", "zeit": ["x"]}}), 400, "wrong_type", "fixedSlot.zeit"),
        (json!({"fixedSlot": {"datum": "14.10.2025", "zet": "x"}}), 422, "unknown_field", "fixedSlot.zet"),
        (json!({"fixedSlot": ["x"]}), 400, "wrong_type", "fixedSlot"),
        (slot("14.10.2025", "mittags"), 400, "no_such_slot", "fixedSlot.zeit"),
        (slot("14.10.2025", ""), 400, "no_such_slot", "fixedSlot.zeit"),
        (json!({"unbekannt": 1}), 422, "unknown_field", "unbekannt"),
        (json!({"Kategorie": "arbeit"}), 422, "unknown_field", "Kategorie"),
        (json!({"id": "0007"}), 422, "unknown_field", "id"),
    ];
    for name in ["kategorie", "status", "deadline", "fixedSlot", "tags", "title", "body"] {
        for value in [json!(17), json!(true), json!(1.5)] {
            fields.push((json!({name: value}), 400, "wrong_type", name));
        }
    }
    fields.push((json!({"tags": "a"}), 400, "wrong_type", "tags"));
    fields.push((json!({"tags": ["a", 1]}), 400, "wrong_type", "tags"));
    fields.push((json!({"fixedSlot": "14.10.2025"}), 400, "wrong_type", "fixedSlot"));
    for datum in BAD_DATES {
        fields.push((json!({"deadline": datum}), 422, "not_a_date", "deadline"));
        fields.push((slot(datum, "morgens"), 400, "not_a_date", "fixedSlot.datum"));
    }
    fields
}

/// Texts that are no date of a task; the empty one is none for a slot alone.
const BAD_DATES: [&str; 11] = [
    "31.02.2025",
    "29.02.2025",
    "01.01.0000",
    "01.01.9999",
    "01.01.1969",
    "00.10.2025",
    "01.13.2025",
    "gestern",
    "1.1.25",
    "2025-10-32",
    "14.10.2025\u{0}",
];

#[tokio::test]
async fn fields_that_cannot_be_are_refused_by_create_and_update() {
    let stage = Stage::set().await;
    let mut requests = Vec::new();
    for (fields, status, code, field) in bad_fields() {
        requests.push(bad(Method::PUT, "/api/tasks/0000", status, code).json(&fields).at(field));
        let mut whole = fields;
        whole.as_object_mut().unwrap().entry("kategorie").or_insert(json!("arbeit"));
        requests.push(bad(Method::POST, "/api/tasks", status, code).json(&whole).at(field));
    }
    for fields in [json!({}), json!({"kategorie": null}), json!({"title": "Ohne Kategorie"})] {
        requests.push(bad(Method::POST, "/api/tasks", 400, "missing").json(&fields).at("kategorie"));
    }
    // Few enough characters, too many bytes.
    let large = json!({"kategorie": "arbeit", "body": "ä".repeat(40_000)});
    requests.push(bad(Method::POST, "/api/tasks", 422, "document_too_large").json(&large));
    requests.push(bad(Method::PUT, "/api/tasks/0000", 422, "document_too_large").json(&large));
    stage.refuses(requests).await;
}

#[tokio::test]
async fn slots_that_cannot_be_are_refused_by_complete_and_pin() {
    let stage = Stage::set().await;
    for verb in ["complete", "pin"] {
        stage.refuses(bad_slots(&format!("/api/tasks/0000/{verb}"))).await;
    }
    let verbs = ["cancel", "reopen", "unpin"].map(|verb| format!("/api/tasks/0000/{verb}"));
    let with_fields = verbs.map(|path| bad(Method::POST, &path, 422, "unknown_field").json(&json!({"x": 1})).at("x"));
    stage.refuses(with_fields.into()).await;
}

fn bad_slots(path: &str) -> Vec<Bad> {
    let mut requests = vec![
        bad(Method::POST, path, 400, "missing").json(&json!({"datum": "13.10.2025"})).at("zeit"),
        bad(Method::POST, path, 400, "missing").json(&json!({"zeit": "morgens"})).at("datum"),
        bad(Method::POST, path, 400, "wrong_type").json(&json!({"datum": 13, "zeit": "morgens"})).at("datum"),
        bad(Method::POST, path, 400, "wrong_type").json(&json!({"datum": "13.10.2025", "zeit": 9})).at("zeit"),
        bad(Method::POST, path, 422, "unknown_field").json(&json!({"slot": "morgens"})).at("slot"),
    ];
    for zeit in ["mittags", "", "morgens\nstatus: offen"] {
        let slot = json!({"datum": "13.10.2025", "zeit": zeit});
        requests.push(bad(Method::POST, path, 400, "no_such_slot").json(&slot).at("zeit"));
    }
    for datum in BAD_DATES.into_iter().chain([""]) {
        let slot = json!({"datum": datum, "zeit": "morgens"});
        requests.push(bad(Method::POST, path, 400, "not_a_date").json(&slot).at("datum"));
    }
    requests
}

/// Every request about one task: those that read or remove it, and those that change what it says.
fn of_task(id: &str, status: u16, code: &'static str) -> [Vec<Bad>; 2] {
    let (path, fields) = (format!("/api/tasks/{id}"), json!({"tags": ["b"]}));
    let verb = |verb: &str| bad(Method::POST, &format!("{path}/{verb}"), status, code);
    let whole = vec![bad(Method::GET, &path, status, code), bad(Method::DELETE, &path, status, code)];
    let changes = vec![
        bad(Method::PUT, &path, status, code).json(&fields),
        bad(Method::PATCH, &path, status, code).json(&fields),
        verb("complete"),
        verb("cancel"),
        verb("reopen"),
        verb("unpin"),
        verb("pin").json(&json!({"datum": "17.10.2025", "zeit": "abends"})),
    ];
    [whole, changes]
}

#[tokio::test]
async fn ids_of_nobody_and_of_others_are_404() {
    let stage = Stage::set().await;
    let foreign = ["0003", "3", "0000-Toms", "0000-Toms.md", "0003-Toms-vierte.md"];
    let unknown = [
        "9999",
        "0000x",
        "0000.MD",
        "-1",
        "0000000000",
        "1e0",
        "0000-ziel.md",
        "%20",
        "%00",
        "..%2Ftom%2Ftasks%2F0000-Toms.md",
        "0000%0a",
        ".md",
        "%F0%9F%8E%89",
    ];
    for id in ["0000", "0000-Toms", "0003"] {
        assert_eq!(stage.tom.get(&format!("/api/tasks/{id}")).await.status, 200, "Tom has {id}");
    }
    let mut requests = Vec::new();
    for id in foreign.into_iter().chain(unknown) {
        requests.extend(of_task(id, 404, "no_such_task").into_iter().flatten());
    }
    requests.extend(of_task(&"9".repeat(5_000), 404, "no_such_task").into_iter().flatten());
    requests.extend(of_task("%FF", 400, "malformed_request").into_iter().flatten());
    stage.refuses(requests).await;
}

#[tokio::test]
async fn ambiguous_numbers_and_unreadable_documents_are_refused() {
    let stage = Stage::set().await;
    let mut requests: Vec<Bad> = of_task("0002", 409, "ambiguous_id").into_iter().flatten().collect();
    let [_, changes] = of_task("0001", 422, "unreadable_document");
    requests.extend(changes);
    stage.refuses(requests).await;
    let ambiguous = stage.lena.get("/api/tasks/2").await;
    assert_eq!(ambiguous.json()["candidates"], json!(["0002-a.md", "0002-b.md"]));
}

#[tokio::test]
async fn preconditions_are_held() {
    let stage = Stage::set().await;
    let etag = stage.lena.get("/api/tasks/0000").await.header("etag").to_owned();
    let mut requests = Vec::new();
    for (tags, status, code) in [
        ("\"x\"".to_owned(), 412, "changed"),
        (format!("W/{etag}"), 412, "changed"),
        ("\"x\", \"y\"".to_owned(), 412, "changed"),
        ("x".to_owned(), 400, "malformed_header"),
        (format!("{etag}, x"), 400, "malformed_header"),
        (String::new(), 400, "malformed_header"),
    ] {
        for mut request in of_task("0000", status, code).into_iter().flatten().skip(1) {
            request.field = (status == 400).then_some("If-Match");
            requests.push(request.header("If-Match", &tags));
        }
    }
    stage.refuses(requests).await;
}

#[tokio::test]
async fn whole_documents_that_cannot_be_are_refused() {
    let stage = Stage::set().await;
    let path = "/api/tasks/0000";
    let good = stage.lena.document("0000").await;
    let whole = |document: Value, status: u16, code: &'static str| {
        bad(Method::PUT, path, status, code).json(&json!({"document": document})).header("If-Match", "*")
    };
    let mut requests = vec![
        bad(Method::PUT, path, 428, "if_match_needed").json(&json!({"document": good.replace("Ziel", "Neu")})),
        whole(json!(17), 400, "wrong_type").at("document"),
        whole(Value::Null, 422, "missing").at("document"),
        whole(json!(format!("{good}{}", "x".repeat(64 * 1024))), 422, "document_too_large"),
        bad(Method::PUT, path, 412, "changed").json(&json!({"document": good})).header("If-Match", "\"x\""),
    ];
    for (document, line) in [
        (String::new(), 1),
        ("# Nur Markdown\n".to_owned(), 1),
        (good.replace("typ: task", "typ: notiz"), 2),
        (good.replace("status: offen", "status: x"), 4),
        (good.replace("tags: [a]", "tags: [a"), 5),
        (good.replace("31.10.2025", "31.02.2025"), 6),
        (good.replace("tags: [a]", "status: offen"), 5),
    ] {
        let request = whole(json!(document), 422, "unreadable_document").at("document");
        let sentence = stage.refused(&request, "en").await;
        assert!(sentence.contains(&format!("line {line}")) || line == 5, "{document}: {sentence}");
        requests.push(request);
    }
    for other in ["tags", "title", "body"] {
        let both = json!({"document": good, other: "x"});
        requests.push(bad(Method::PUT, path, 422, "not_together").json(&both).header("If-Match", "*").at("document"));
    }
    let unknown = json!({"document": good, "documents": "x"});
    requests.push(bad(Method::PUT, path, 422, "unknown_field").json(&unknown).header("If-Match", "*").at("documents"));
    let create = json!({"kategorie": "arbeit", "document": good});
    requests.push(bad(Method::POST, "/api/tasks", 422, "unknown_field").json(&create).at("document"));
    stage.refuses(requests).await;
}

#[tokio::test]
async fn idempotency_keys_that_cannot_be_are_refused() {
    let stage = Stage::set().await;
    let create = |status, code| bad(Method::POST, "/api/tasks", status, code).json(&json!({"kategorie": "arbeit"}));
    let malformed = || create(400, "malformed_header").at("Idempotency-Key");
    stage
        .refuses(vec![
            malformed().header("Idempotency-Key", ""),
            malformed().header("Idempotency-Key", "x".repeat(256)),
            malformed().header("Idempotency-Key", "\u{e4}"),
            malformed().header("Idempotency-Key", "a").header("Idempotency-Key", "a"),
        ])
        .await;
}

#[tokio::test]
async fn queries_that_cannot_be_are_refused() {
    let stage = Stage::set().await;
    let mut requests = Vec::new();
    for (field, values) in [
        ("nocache", &["vielleicht", "2", "TRUE"][..]),
        ("days", &["0", "367", "-1", "1.5", "x", "99999999999999999999"]),
        ("format", &["xml", "JSON"]),
        ("now", &["gestern", "2025-10-13", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2025-02-31T08:00:00Z"]),
    ] {
        for value in values {
            requests.push(bad(Method::GET, &format!("/codex?a=b&{field}={value}"), 400, "malformed_query").at(field));
        }
    }
    stage.refuses(requests).await;
}

#[tokio::test]
async fn wrong_methods_say_which_are_right() {
    let stage = Stage::set().await;
    let mut requests = Vec::new();
    for (path, wrong, allow) in [
        ("/codex", &["POST", "PUT", "PATCH", "DELETE", "OPTIONS"][..], "GET,HEAD"),
        ("/api/tasks", &["PUT", "PATCH", "DELETE"], "GET,HEAD,POST"),
        ("/api/tasks/0000", &["POST"], "DELETE,GET,HEAD,PATCH,PUT"),
        ("/api/tasks/0000/complete", &["GET", "PUT", "PATCH", "DELETE"], "POST"),
        ("/api/tasks/0000/cancel", &["GET", "DELETE"], "POST"),
        ("/api/tasks/0000/reopen", &["GET", "DELETE"], "POST"),
        ("/api/tasks/0000/pin", &["GET", "DELETE"], "POST"),
        ("/api/tasks/0000/unpin", &["GET", "DELETE"], "POST"),
        ("/livez", &["POST", "DELETE"], "GET,HEAD"),
        ("/readyz", &["POST", "DELETE"], "GET,HEAD"),
    ] {
        for method in wrong {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = Answer::of(stage.lena.request(method.clone(), path)).await;
            let mut allowed: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
            allowed.sort_unstable();
            assert_eq!((answer.status, allowed.join(",").as_str()), (405, allow), "{method} {path}");
            requests.push(bad(method, path, 405, "method_not_allowed"));
        }
    }
    for path in ["/api/", "/api/tasks/", "/api/tasks/0000/", "/api/tasks/0000/x", "/codex/", "/Codex", "/livez/x"] {
        requests.push(bad(Method::GET, path, 404, "no_such_route"));
        requests.push(bad(Method::DELETE, path, 404, "no_such_route"));
    }
    stage.refuses(requests).await;
}
