//! Holds the server to its own document: every answer that a test gets must be one that is described, and every
//! request that succeeded one that is described as well.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::Validator;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, Request};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::harness::TestServer;

/// Fields of an answer's head that are described wherever they come.
const DESCRIBED_HEADERS: [&str; 6] = ["etag", "x-cache", "x-basis", "server-timing", "www-authenticate", "retry-after"];

/// What a reference to a schema begins with.
const SCHEMAS: &str = "#/components/schemas/";

static DOCUMENT: OnceCell<Document> = OnceCell::const_new();

/// The document, and the schemas in it that were needed so far.
pub struct Document {
    pub json: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// The document of a server of its own.
pub async fn document() -> &'static Document {
    DOCUMENT.get_or_init(|| Box::pin(Document::fetch())).await
}

/// What was asked for.
pub struct Asked {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl Asked {
    pub fn of(request: &Request) -> Asked {
        let is_json = request.headers().get(CONTENT_TYPE).is_some_and(|value| value == "application/json");
        let bytes = request.body().and_then(|body| body.as_bytes()).filter(|_| is_json);
        Asked {
            method: request.method().clone(),
            path: request.url().path().to_owned(),
            body: bytes.and_then(|bytes| serde_json::from_slice(bytes).ok()),
        }
    }

    /// Panics unless the answer is described.
    pub async fn assert_described(&self, status: u16, headers: &HeaderMap, text: &str) {
        let document = document().await;
        let name = format!("{} {} → {status}", self.method, self.path);
        let Some((template, item)) = document.item(&self.path) else {
            return document.assert_not_there(&name, status, &["no_such_route"], text);
        };
        let method = if self.method == Method::HEAD { Method::GET } else { self.method.clone() };
        let method = method.as_str().to_lowercase();
        let Some(operation) = item.get(&method) else {
            return document.assert_not_there(&name, status, &["method_not_allowed"], text);
        };
        let response = &operation["responses"][status.to_string()];
        assert!(!response.is_null(), "{name} is not described: {text}");
        for header in DESCRIBED_HEADERS.iter().filter(|header| headers.contains_key(**header)) {
            let described = response["headers"].as_object().into_iter().flat_map(Map::keys);
            assert!(described.map(|name| name.to_lowercase()).any(|name| name == **header), "{name}: header {header}");
        }
        let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default();
        let at = format!("{template} {method} {status} {media_type}");
        if self.method != Method::HEAD && !text.is_empty() {
            let content = &response["content"][media_type];
            assert!(!content.is_null(), "{name}: {media_type} is not described: {text}");
            if media_type == "application/json" {
                document.assert_valid(&at, &content["schema"], &serde_json::from_str(text).unwrap());
            }
        }
        if let Some(body) = self.body.as_ref().filter(|_| (200..300).contains(&status))
            && let Some(described) = operation.get("requestBody")
        {
            let schema = &described["content"]["application/json"]["schema"];
            document.assert_valid(&format!("{template} {method} request"), schema, body);
        }
    }
}

impl Document {
    async fn fetch() -> Document {
        let server = TestServer::start().await;
        let reader = server.user("reader").await;
        let answer = reader.request(Method::GET, "/openapi.json").send().await.unwrap();
        let mut json: Value = answer.json().await.unwrap();
        // To clients an answer may get further fields in time; here it must not have one that nobody described.
        for schema in json["components"]["schemas"].as_object_mut().unwrap().values_mut() {
            if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
                schema["additionalProperties"] = false.into();
            }
        }
        Document { json, validators: Mutex::default() }
    }

    /// The path as the document has it, and what it says of it.
    fn item(&self, path: &str) -> Option<(&str, &Value)> {
        let matches = |template: &str| {
            let (wanted, found) = (template.split('/'), path.split('/'));
            wanted.clone().count() == found.clone().count()
                && wanted
                    .zip(found)
                    .all(|(wanted, found)| wanted == found || (wanted.starts_with('{') && !found.is_empty()))
        };
        let paths = self.json["paths"].as_object().unwrap();
        let exact = paths.get_key_value(path);
        let found = exact.or_else(|| paths.iter().find(|(template, _)| matches(template)));
        found.map(|(template, item)| (template.as_str(), item))
    }

    /// What is not described is not there, if it is not refused for another reason before.
    fn assert_not_there(&self, name: &str, status: u16, codes: &[&str], text: &str) {
        // A browser is led to the sign-in wherever it goes.
        assert!(status >= 400 || status == 303, "{name} is not described: {text}");
        if let Ok(error) = serde_json::from_str::<Value>(text) {
            self.assert_valid("error", &json!({"$ref": "#/components/schemas/Error"}), &error);
            let code = error["code"].as_str().unwrap();
            let before = ["sign_in_needed", "invalid_token", "scope_missing", "cross_site", "malformed_request"];
            let is_before = before.contains(&code) || ["unknown_host", "compressed_request"].contains(&code);
            assert!(codes.contains(&code) || is_before, "{name} is not described: {text}");
        }
    }

    /// Panics unless the value is as the schema says; `name` is the schema's.
    pub fn assert_valid(&self, name: &str, schema: &Value, value: &Value) {
        let compiled = || {
            let whole = json!({"allOf": [schema], "components": {"schemas": self.needed_by(schema)}});
            Arc::new(jsonschema::draft202012::new(&whole).unwrap_or_else(|error| panic!("{name}: {error}")))
        };
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let validator = validators.entry(name.to_owned()).or_insert_with(compiled).clone();
        drop(validators);
        let faults: Vec<_> =
            validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(faults.is_empty(), "{name} is described otherwise:\n  {}\n{value:#}", faults.join("\n  "));
    }

    /// The schemas that this one refers to, and those that they do: to read all of them for each takes long.
    fn needed_by(&self, schema: &Value) -> Map<String, Value> {
        let (mut needed, mut unread) = (Map::new(), vec![schema]);
        while let Some(value) = unread.pop() {
            match value {
                Value::Object(fields) => unread.extend(fields.values()),
                Value::Array(values) => unread.extend(values),
                Value::String(text) => {
                    let Some(name) = text.strip_prefix(SCHEMAS).filter(|name| !needed.contains_key(*name)) else {
                        continue;
                    };
                    let found = &self.json["components"]["schemas"][name];
                    needed.insert(name.to_owned(), found.clone());
                    unread.push(found);
                }
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        needed
    }

    /// Every method that is described: its path, its name, and what is said.
    pub fn operations(&self) -> Vec<(&str, &str, &Value)> {
        let paths = self.json["paths"].as_object().unwrap().iter();
        paths
            .flat_map(|(path, item)| {
                let methods = item.as_object().unwrap().iter();
                methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
            })
            .collect()
    }
}
