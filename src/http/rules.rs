//! `/api/rules`: handlers, and the form of their requests; what they do is in `service::rules`.

use std::collections::BTreeMap;

use axum::response::Response;
use hyper::HeaderMap;
use hyper::header::HeaderValue;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::conditional::expectation;
use super::errors::HttpError;
use super::extract::{Asked, IdInPath, JsonObject, JsonOrText, idempotency_key};
use super::negotiate::language;
use super::prefer::{PushedJson, Wait};
use super::query::Query;
use super::respond::json;
use super::wire;
use crate::domain::lang::Phrase;
use crate::domain::script::{OptionValue, RuleEntry};
use crate::service::error::{Fault, Refusal};
use crate::service::preview::Previewed;
use crate::service::rules::{RuleFields, Ruled, Rules, RulesRequest, RulesVersion};
use crate::view::json::utc;
use crate::view::preview::PreviewJson;
use crate::view::rules::{AboutJson, CheckedJson, RuleErrorJson, RuleJson};

/// The fields of a list.
pub const FIELDS: [&str; 2] = ["rules", "script"];
/// The fields of a place in a list.
pub const RULE_FIELDS: [&str; 5] = ["use", "name", "script", "tests", "options"];

/// The name of a script that comes alone.
const NAME_ALONE: &str = "own";

const A_LIST: Phrase = Phrase { en: "a list of objects", de: "eine Liste von Objekten" };
const AN_OBJECT: Phrase = Phrase { en: "an object", de: "ein Objekt" };
const AN_OPTION: Phrase = Phrase {
    en: "true or false, a whole number or a text for each name",
    de: "für jeden Namen true oder false, eine ganze Zahl oder ein Text",
};

/// The rules that apply.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RulesInForce")]
pub struct RulesJson<'a> {
    /// `user` for your own, `server` for those that the server was started with, or `builtin`.
    source: &'static str,
    /// In their order, as they can be set.
    rules: Vec<RuleJson<'a>>,
    /// The version of your own; null for others.
    version: Option<u64>,
    /// What each says of itself, in the same order: what a form shows. Null for a script that cannot be asked.
    about: Vec<Option<AboutJson<'a>>>,
    /// Whether they work with your tasks.
    ok: bool,
    /// Why they do not; others stand in for them meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RuleErrorJson<'a>>,
}

/// Rules that were changed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ChangedRules")]
pub struct RuledJson {
    /// Always true.
    ok: bool,
    /// Your generation now.
    generation: u64,
    /// The version of your own rules now; null when you have none.
    version: Option<u64>,
    #[serde(flatten)]
    git: PushedJson,
    /// There, and true, when this repeats the answer to an earlier request with the same `Idempotency-Key`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reused: bool,
}

/// The versions of your rules, the latest first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RulesVersions")]
pub struct VersionsJson<'a> {
    versions: Vec<VersionJson<'a>>,
}

/// A version of your rules.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RulesVersion")]
struct VersionJson<'a> {
    /// Its number: the generation that made it.
    version: u64,
    /// When, RFC 3339.
    at: String,
    /// Who did it.
    actor: &'a str,
    /// The way that it came: the name of a token, …
    through: &'a str,
    /// The names of its scripts; null where your rules were removed.
    rules: Option<Vec<&'a str>>,
}

/// A version of your rules with its texts.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WholeRulesVersion")]
pub struct WholeVersionJson<'a> {
    /// Its number: the generation that made it.
    version: u64,
    /// When, RFC 3339.
    at: String,
    /// Who did it.
    actor: &'a str,
    /// The way that it came: the name of a token, …
    through: &'a str,
    /// In their order, as they can be set; null where your rules were removed.
    rules: Option<Vec<RuleJson<'a>>>,
}

pub async fn show(asked: Asked) -> Result<Response, HttpError> {
    let Rules { source, entries, version, error, about, etag } = asked.site.service.rules(asked.actor.user).await?;
    let answer = RulesJson {
        source: source.as_str(),
        rules: RuleJson::list(&entries),
        version: version.map(|version| version.0),
        about: about.iter().map(|about| about.as_ref().map(AboutJson::of)).collect(),
        ok: error.is_none(),
        error: error.as_ref().map(|error| RuleErrorJson::of(error, None)),
    };
    Ok(json(&answer, HeaderValue::try_from(etag).ok()))
}

pub async fn set(asked: Asked, headers: HeaderMap, JsonOrText(object): JsonOrText) -> Result<Response, HttpError> {
    let fields = list(&object.fields)?;
    let request = request(&asked, &headers, "PUT /api/rules", "", Some(&object))?;
    let done = asked.site.service.set_rules(request, fields).await?;
    Ok(ruled(&asked, &headers, done).await)
}

pub async fn remove(asked: Asked, headers: HeaderMap) -> Result<Response, HttpError> {
    let request = request(&asked, &headers, "DELETE /api/rules", "", None)?;
    let done = asked.site.service.remove_rules(request).await?;
    Ok(ruled(&asked, &headers, done).await)
}

pub async fn restore(asked: Asked, IdInPath(version): IdInPath, headers: HeaderMap) -> Result<Response, HttpError> {
    let request = request(&asked, &headers, "POST /api/rules/versions/{n}/restore", &version, None)?;
    let done = asked.site.service.restore_rules(request, version).await?;
    Ok(ruled(&asked, &headers, done).await)
}

pub async fn check(asked: Asked, headers: HeaderMap, JsonOrText(object): JsonOrText) -> Result<Response, HttpError> {
    let errors = asked.site.service.check_rules(asked.actor.user, list(&object.fields)?).await?;
    Ok(json(&CheckedJson::of(&errors, Some(language(&headers))), None))
}

pub async fn preview(
    asked: Asked,
    query: Query,
    headers: HeaderMap,
    JsonOrText(object): JsonOrText,
) -> Result<Response, HttpError> {
    let (days, now, width) = (query.days()?, query.now()?, query.width()?);
    let fields = list(&object.fields)?;
    Ok(match asked.site.service.preview_rules(asked.actor.user, fields, now, days).await? {
        Previewed::Refused(errors) => json(&PreviewJson::refused(&errors, Some(language(&headers))), None),
        Previewed::Planned(preview) => json(&PreviewJson::of(&preview, width), None),
    })
}

pub async fn versions(asked: Asked) -> Result<Response, HttpError> {
    let versions = asked.site.service.rules_versions(asked.actor.user).await?;
    Ok(json(&VersionsJson { versions: versions.iter().map(version_json).collect() }, None))
}

pub async fn version(asked: Asked, IdInPath(version): IdInPath) -> Result<Response, HttpError> {
    let found = asked.site.service.rules_version(asked.actor.user, version).await?;
    let answer = WholeVersionJson {
        version: found.version.0,
        at: utc(found.at),
        actor: &found.actor,
        through: &found.through,
        rules: found.entries.as_deref().map(RuleJson::list),
    };
    Ok(json(&answer, None))
}

fn version_json(version: &RulesVersion) -> VersionJson<'_> {
    VersionJson {
        version: version.version.0,
        at: utc(version.at),
        actor: &version.actor,
        through: &version.through,
        rules: version.entries.as_ref().map(|entries| entries.iter().map(RuleEntry::name).collect()),
    }
}

/// The answer to a change, once the wait that it prefers is over.
async fn ruled(asked: &Asked, headers: &HeaderMap, done: Ruled) -> Response {
    let (Ruled { generation, version, reused }, wait) = (done, Wait::of(headers));
    let git = asked.pushed(generation, wait).await;
    wait.told(json(&RuledJson { ok: true, generation, version, git, reused }, None))
}

fn request(
    asked: &Asked,
    headers: &HeaderMap,
    route: &'static str,
    version: &str,
    body: Option<&JsonObject>,
) -> Result<RulesRequest, HttpError> {
    Ok(RulesRequest {
        user: asked.actor.user,
        origin: asked.origin(),
        expected: expectation(headers)?,
        key: idempotency_key(headers, route, version, body)?,
    })
}

/// `{"rules": […]}`, or `{"script": "…"}` for one script.
fn list(object: &Map<String, Value>) -> Result<Vec<RuleFields>, Refusal> {
    if let Some(unknown) = object.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(wire::nearest_of(unknown, &FIELDS));
    }
    match (object.get("rules"), object.get("script")) {
        (Some(_), Some(_)) => Err(Refusal::field("rules", Fault::NotTogetherWith { other: "script" })),
        (Some(Value::Array(rules)), None) => rules.iter().map(rule).collect(),
        (Some(_), None) => Err(Refusal::field("rules", Fault::WrongType { expected: A_LIST })),
        (None, Some(script)) => {
            let script = wire::text("script", script)?.ok_or_else(|| wire::missing("script"))?;
            let alone = RuleFields { name: Some(NAME_ALONE.to_owned()), script: Some(script), ..RuleFields::default() };
            Ok(vec![alone])
        }
        (None, None) => Err(wire::missing("rules")),
    }
}

fn rule(value: &Value) -> Result<RuleFields, Refusal> {
    let object = value.as_object().ok_or(Refusal::field("rules", Fault::WrongType { expected: A_LIST }))?;
    let mut fields = RuleFields::default();
    for (name, value) in object {
        match name.as_str() {
            "use" => fields.library = wire::text("rules.use", value)?,
            "name" => fields.name = wire::text("rules.name", value)?,
            "script" => fields.script = wire::text("rules.script", value)?,
            "tests" => fields.tests = wire::text("rules.tests", value)?,
            "options" => fields.options = options(value)?,
            _ => return Err(wire::nearest_of(name, &RULE_FIELDS)),
        }
    }
    Ok(fields)
}

fn options(value: &Value) -> Result<BTreeMap<String, OptionValue>, Refusal> {
    let wrong = |expected| Refusal::field("rules.options", Fault::WrongType { expected });
    let object = match value {
        Value::Null => return Ok(BTreeMap::new()),
        Value::Object(object) => object,
        _ => return Err(wrong(AN_OBJECT)),
    };
    let option = |(name, value): (&String, &Value)| {
        let read = match value {
            Value::Bool(flag) => Some(OptionValue::Flag(*flag)),
            Value::Number(number) => number.as_i64().map(OptionValue::Number),
            Value::String(text) => Some(OptionValue::Text(text.clone())),
            _ => None,
        };
        read.map(|read| (name.clone(), read)).ok_or_else(|| wrong(AN_OPTION))
    };
    object.iter().map(option).collect()
}
