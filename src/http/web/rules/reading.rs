//! What is read about rules: the reference of all words, and the way from ready rules to one's own.

use std::sync::LazyLock;

use axum::response::Response;
use hyper::StatusCode;
use maud::{Markup, PreEscaped, html};

use crate::domain::lang::Lang;
use crate::http::auth::page as shown;
use crate::http::errors::HttpError;
use crate::http::extract::Asked;
use crate::http::web::layout::{Place, Viewer, account_page};
use crate::service::rulebook;
use crate::view::markdown;

/// English, then German.
static REFERENCES: LazyLock<[String; 2]> = LazyLock::new(|| {
    [Lang::En, Lang::De].map(|lang| {
        let text = rulebook::reference(lang);
        // What stands before is its title, and where its file comes from.
        rendered(text.splitn(3, "\n\n").nth(2).unwrap_or(&text), "#")
    })
});
static TUTORIALS: LazyLock<[String; 2]> = LazyLock::new(|| {
    [ENGLISH, GERMAN].map(|[text, reference]| {
        let text = text.replace(reference, "(/rules/edit#reference)");
        // The page has the title already.
        rendered(text.split_once('\n').map_or("", |(_, rest)| rest), "")
    })
});

/// The tutorials, and how they lead to the reference.
const ENGLISH: [&str; 2] = [include_str!("../../../../docs/rules.md"), "(rules-reference.md)"];
const GERMAN: [&str; 2] = [include_str!("../../../../docs/rules.de.md"), "(rules-reference.de.md)"];

/// Markdown of ours as HTML, its headings so much deeper.
fn rendered(text: &str, deeper: &str) -> String {
    let mut is_code = false;
    let mut lines = String::with_capacity(text.len());
    for line in text.lines() {
        is_code ^= line.starts_with("```");
        if line.starts_with('#') && !is_code {
            lines.push_str(deeper);
        }
        // HTML in Markdown is shown as it is written.
        lines.push_str(&line.replace("<br>", " · "));
        lines.push('\n');
    }
    markdown::to_html(&lines, markdown::checkbox)
}

/// All words, to be read beside what one writes.
pub(super) fn reference(lang: Lang) -> Markup {
    let [english, german] = &*REFERENCES;
    html! { div.text.words { (PreEscaped(lang.pick(english, german))) } }
}

/// `GET /rules/tutorial`
pub async fn tutorial(asked: Asked) -> Result<Response, HttpError> {
    let settings = asked.site.service.settings(asked.actor.user)?.0;
    let lang = settings.lang;
    let [english, german] = &*TUTORIALS;
    let content = html! {
        p { a href="/rules" { (lang.pick("Your rules", "Deine Regeln")) } " · " a href="/rules/edit" { (lang.pick("Write a rule of your own", "Eine eigene Regel schreiben")) } }
        article.panel.text.tutorial { (PreEscaped(lang.pick(english, german))) }
    };
    let title = lang.pick("Rules, step by step", "Regeln, Schritt für Schritt");
    Ok(shown(StatusCode::OK, account_page(Viewer::of(&asked.actor, settings), Place::Rules, title, &content)))
}
