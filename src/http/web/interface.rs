//! The document of the interface as a page: every route with what it takes and answers, and every type.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::layout;
use crate::domain::lang::Lang;
use crate::domain::theme::Theme;

/// The page of an OpenAPI document. It is in English, as the document is.
pub fn page(document: &Value, theme: Theme) -> Markup {
    let content = html! {
        header {
            h1 { "Interface" }
            p { "CodexMiroir " (text(&document["info"], "version")) " · " a href="/openapi.json" { "openapi.json" } }
        }
        main {
            @for paragraph in text(&document["info"], "description").split("\n\n") {
                p.about { (prose(paragraph)) }
            }
            (contents(document))
            @for (path, item) in entries(&document["paths"]) {
                @for (method, operation) in entries(item) { (route(path, method, operation)) }
            }
            h2 { "Types" }
            @for (name, schema) in entries(&document["components"]["schemas"]) { (type_of(name, schema)) }
        }
    };
    layout::document((Lang::En, theme), "Interface", "interface", &content)
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A text in which backquotes mark code.
fn prose(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn contents(document: &Value) -> Markup {
    html! {
        nav aria-label="Routes" {
            ul.contents {
                @for (path, item) in entries(&document["paths"]) {
                    @for (method, operation) in entries(item) {
                        li {
                            a href={ "#" (text(operation, "operationId")) } { (heading(path, method)) }
                            " " span.summary { (text(operation, "summary")) }
                        }
                    }
                }
            }
        }
    }
}

fn heading(path: &str, method: &str) -> Markup {
    html! { span.method { (method.to_uppercase()) } " " code { (path) } }
}

fn route(path: &str, method: &str, operation: &Value) -> Markup {
    html! {
        section.route id=(text(operation, "operationId")) {
            h2 { (heading(path, method)) }
            p { (text(operation, "summary")) }
            p.about { (prose(text(operation, "description"))) }
            @if list(&operation["security"]).next().is_none() { p.about { "Needs no sign-in." } }
            (parameters(&operation["parameters"]))
            @if let Some(body) = operation.get("requestBody") {
                h3 { "Body" @if body["required"] == false { " (may be left out)" } }
                (bodies(&body["content"]))
            }
            h3 { "Answers" }
            dl {
                @for (status, response) in entries(&operation["responses"]) { (answer(status, response)) }
            }
        }
    }
}

fn parameters(parameters: &Value) -> Markup {
    html! {
        @if list(parameters).next().is_some() {
            h3 { "Parameters" }
            dl {
                @for parameter in list(parameters) {
                    dt { code { (text(parameter, "name")) } " " span.kind { (text(parameter, "in")) ", " (kind(&parameter["schema"])) } }
                    dd { (prose(text(parameter, "description"))) }
                }
            }
        }
    }
}

fn bodies(content: &Value) -> Markup {
    html! {
        @for (media_type, media) in entries(content) {
            p { code { (media_type) } " " span.kind { (kind(&media["schema"])) } }
            @if let Some(example) = media.get("example") {
                pre { code { (serde_json::to_string_pretty(example).unwrap_or_default()) } }
            }
        }
    }
}

fn answer(status: &str, response: &Value) -> Markup {
    let codes = &response["content"]["application/json"]["schema"]["allOf"][1]["properties"]["code"]["enum"];
    html! {
        dt { (status) }
        dd {
            (prose(text(response, "description")))
            @if list(codes).next().is_some() {
                " " @for code in list(codes) { code { (code.as_str().unwrap_or_default()) } " " }
            } @else { (bodies(&response["content"])) }
            @for (name, header) in entries(&response["headers"]) {
                p { code { (name) } " " (prose(text(header, "description"))) }
            }
        }
    }
}

fn type_of(name: &str, schema: &Value) -> Markup {
    let required: Vec<_> = list(&schema["required"]).filter_map(Value::as_str).collect();
    html! {
        section.route id={ "type-" (name) } {
            h3 { code { (name) } }
            p.about { (prose(text(schema, "description"))) }
            @if schema.get("anyOf").is_some() { p { (kind(schema)) } }
            dl {
                @for (property, of) in entries(&schema["properties"]) {
                    dt {
                        code { (property) } " "
                        span.kind { (kind(of)) @if !required.contains(&property.as_str()) { ", may be left out" } }
                    }
                    dd { (prose(text(of, "description"))) }
                }
            }
        }
    }
}

/// A schema in a few words, with a link to its type.
fn kind(schema: &Value) -> Markup {
    let alternatives = list(&schema["anyOf"]).chain(list(&schema["allOf"])).take(4);
    let range = schema.get("minimum").zip(schema.get("maximum"));
    html! {
        @if let Some(name) = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
            a href={ "#type-" (name) } { (name) }
        } @else if schema["type"] == "array" {
            "list of " (kind(&schema["items"]))
        } @else if let Some(words) = schema["enum"].as_array() {
            @for (index, word) in words.iter().enumerate() {
                @if index > 0 { " or " } code { (word.as_str().unwrap_or_default()) }
            }
        } @else if let Some(name) = schema["type"].as_str() {
            (name) @if let Some((from, to)) = range { " from " (from) " to " (to) }
        } @else {
            @for (index, name) in list(&schema["type"]).filter_map(Value::as_str).enumerate() {
                @if index > 0 { " or " } (name)
            }
            @for (index, one) in alternatives.enumerate() { @if index > 0 { " or " } (kind(one)) }
        }
    }
}
