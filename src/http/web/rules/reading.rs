//! What is read about rules: the reference of all words, and the way from ready rules to one's own.

use std::sync::LazyLock;

use axum::response::Response;
use hyper::StatusCode;
use maud::{Markup, PreEscaped, html};

use crate::http::auth::page as shown;
use crate::http::errors::HttpError;
use crate::http::extract::Asked;
use crate::http::web::layout::{Place, Viewer, account_page};
use crate::service::rulebook;
use crate::view::markdown;

/// Both are written in English, whoever reads them.
static REFERENCE: LazyLock<String> = LazyLock::new(|| {
    let text = rulebook::reference();
    // What stands before is its title, and where its file comes from.
    let words = text.find("A rule script").and_then(|begin| text.get(begin..));
    rendered(words.unwrap_or(&text), "#")
});
static TUTORIAL: LazyLock<String> = LazyLock::new(|| {
    let text = include_str!("../../../../docs/rules.md").replace("(rules-reference.md)", "(/rules/edit#reference)");
    // The page has the title already.
    rendered(text.split_once('\n').map_or("", |(_, rest)| rest), "")
});

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
pub(super) fn reference() -> Markup {
    html! { div.text.words lang="en" { (PreEscaped(REFERENCE.as_str())) } }
}

/// `GET /rules/tutorial`
pub async fn tutorial(asked: Asked) -> Result<Response, HttpError> {
    let settings = asked.site.service.settings(asked.actor.user)?.0;
    let lang = settings.lang;
    let content = html! {
        p { a href="/rules" { (lang.pick("Your rules", "Deine Regeln")) } " · " a href="/rules/edit" { (lang.pick("Write a rule of your own", "Eine eigene Regel schreiben")) } }
        article.panel.text.tutorial lang="en" { (PreEscaped(TUTORIAL.as_str())) }
    };
    let title = lang.pick("Rules, step by step", "Regeln, Schritt für Schritt (auf Englisch)");
    Ok(shown(StatusCode::OK, account_page(Viewer::of(&asked.actor, settings), Place::Rules, title, &content)))
}
