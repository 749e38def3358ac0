//! The document of the interface as a page: every route with what it takes and answers, and every type.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::layout;
use crate::domain::lang::Lang;
use crate::domain::theme::Theme;

/// The page of an OpenAPI document in a language.
pub fn page(document: &Value, (lang, theme): (Lang, Theme)) -> Markup {
    let title = lang.pick("Interface", "Schnittstelle");
    let content = html! {
        header {
            h1 { (title) }
            p { "CodexMiroir " (text(&document["info"], "version")) " · " a href="/openapi.json" { code { "openapi.json" } } }
        }
        main {
            @for paragraph in text(&document["info"], "description").split("\n\n") {
                p.about { (prose(paragraph)) }
            }
            (contents(document, lang))
            @for (path, item) in entries(&document["paths"]) {
                @for (method, operation) in entries(item) { (route(path, method, operation, lang)) }
            }
            h2 { (lang.pick("Types", "Typen")) }
            @for (name, schema) in entries(&document["components"]["schemas"]) { (type_of(name, schema, lang)) }
        }
    };
    layout::document((lang, theme), title, "interface", &content)
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

fn contents(document: &Value, lang: Lang) -> Markup {
    html! {
        nav aria-label=(lang.pick("Routes", "Routen")) {
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
    html! { code.method { (method.to_uppercase()) } " " code { (path) } }
}

fn route(path: &str, method: &str, operation: &Value, lang: Lang) -> Markup {
    html! {
        section.route id=(text(operation, "operationId")) {
            h2 { (heading(path, method)) }
            p { (text(operation, "summary")) }
            p.about { (prose(text(operation, "description"))) }
            @if list(&operation["security"]).next().is_none() {
                p.about { (lang.pick("Needs no sign-in.", "Braucht keine Anmeldung.")) }
            }
            (parameters(&operation["parameters"], lang))
            @if let Some(body) = operation.get("requestBody") {
                h3 {
                    (lang.pick("Body", "Inhalt"))
                    @if body["required"] == false { (lang.pick(" (may be left out)", " (darf fehlen)")) }
                }
                (bodies(&body["content"], lang))
            }
            h3 { (lang.pick("Answers", "Antworten")) }
            dl {
                @for (status, response) in entries(&operation["responses"]) { (answer(status, response, lang)) }
            }
        }
    }
}

/// Where a parameter stands.
fn place(parameter: &Value, lang: Lang) -> &str {
    match text(parameter, "in") {
        "path" => lang.pick("path", "Pfad"),
        "query" => lang.pick("query", "Query"),
        "header" => lang.pick("header", "Header"),
        other => other,
    }
}

fn parameters(parameters: &Value, lang: Lang) -> Markup {
    html! {
        @if list(parameters).next().is_some() {
            h3 { (lang.pick("Parameters", "Parameter")) }
            dl {
                @for parameter in list(parameters) {
                    dt { code { (text(parameter, "name")) } " " span.kind { (place(parameter, lang)) ", " (kind(&parameter["schema"], lang)) } }
                    dd { (prose(text(parameter, "description"))) }
                }
            }
        }
    }
}

fn bodies(content: &Value, lang: Lang) -> Markup {
    html! {
        @for (media_type, media) in entries(content) {
            p { code { (media_type) } " " span.kind { (kind(&media["schema"], lang)) } }
            @if let Some(example) = media.get("example") {
                pre { code { (serde_json::to_string_pretty(example).unwrap_or_default()) } }
            }
        }
    }
}

fn answer(status: &str, response: &Value, lang: Lang) -> Markup {
    let codes = &response["content"]["application/json"]["schema"]["allOf"][1]["properties"]["code"]["enum"];
    html! {
        dt { (status) }
        dd {
            (prose(text(response, "description")))
            @if list(codes).next().is_some() {
                " " @for code in list(codes) { code { (code.as_str().unwrap_or_default()) } " " }
            } @else { (bodies(&response["content"], lang)) }
            @for (name, header) in entries(&response["headers"]) {
                p { code { (name) } " " (prose(text(header, "description"))) }
            }
        }
    }
}

fn type_of(name: &str, schema: &Value, lang: Lang) -> Markup {
    let required: Vec<_> = list(&schema["required"]).filter_map(Value::as_str).collect();
    html! {
        section.route id={ "type-" (name) } {
            h3 { code { (name) } }
            p.about { (prose(text(schema, "description"))) }
            @if schema.get("anyOf").is_some() { p { (kind(schema, lang)) } }
            dl {
                @for (property, of) in entries(&schema["properties"]) {
                    dt {
                        code { (property) } " "
                        span.kind {
                            (kind(of, lang))
                            @if !required.contains(&property.as_str()) { (lang.pick(", may be left out", ", darf fehlen")) }
                        }
                    }
                    dd { (prose(text(of, "description"))) }
                }
            }
        }
    }
}

/// What JSON Schema calls a type. It is `null` in every language.
fn type_name(name: &str, lang: Lang) -> &str {
    match name {
        "string" => lang.pick("string", "Text"),
        "integer" => lang.pick("integer", "ganze Zahl"),
        "number" => lang.pick("number", "Zahl"),
        "boolean" => lang.pick("boolean", "Wahrheitswert"),
        "object" => lang.pick("object", "Objekt"),
        "array" => lang.pick("array", "Liste"),
        other => other,
    }
}

/// A schema in a few words, with a link to its type.
fn kind(schema: &Value, lang: Lang) -> Markup {
    let or = lang.pick(" or ", " oder ");
    let alternatives = list(&schema["anyOf"]).chain(list(&schema["allOf"])).take(4);
    let range = schema.get("minimum").zip(schema.get("maximum"));
    html! {
        @if let Some(name) = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
            a href={ "#type-" (name) } { code { (name) } }
        } @else if schema["type"] == "array" {
            (lang.pick("list of ", "Liste: ")) (kind(&schema["items"], lang))
        } @else if let Some(words) = schema["enum"].as_array() {
            @for (index, word) in words.iter().enumerate() {
                @if index > 0 { (or) } code { (word.as_str().unwrap_or_default()) }
            }
        } @else if let Some(name) = schema["type"].as_str() {
            (type_name(name, lang)) @if let Some((from, to)) = range { (lang.pick(" from ", " von ")) (from) (lang.pick(" to ", " bis ")) (to) }
        } @else {
            @for (index, name) in list(&schema["type"]).filter_map(Value::as_str).enumerate() {
                @if index > 0 { (or) } (type_name(name, lang))
            }
            @for (index, one) in alternatives.enumerate() { @if index > 0 { (or) } (kind(one, lang)) }
        }
    }
}
