//! `/admin/doctor`: whether everything that is kept is whole, a few pieces at a time.

use std::time::{Duration, Instant};

use axum::response::Response;
use hyper::{HeaderMap, StatusCode};
use maud::{Markup, html};

use crate::domain::lang::{Lang, Phrase};
use crate::http::auth::page as shown;
use crate::http::doctor::PLACE;
use crate::http::errors::HttpError;
use crate::http::extract::Administering;
use crate::http::query::Query;
use crate::http::web::layout::{Place, Viewer, account_page};
use crate::http::web::segment;
use crate::service::doctor::{Finding, FindingState, Manner, of_backups};

/// A page has pieces until they took this long, or found this much.
const TIME_MAX: Duration = Duration::from_millis(500);
const FINDINGS_MAX: usize = 100;

const TITLE: Phrase = Phrase { en: "Look after it", de: "Nachsehen" };

/// What the pieces of one page found.
#[derive(Default)]
struct Looked {
    /// What was looked at, with how many of it.
    parts: Vec<(&'static str, u64)>,
    findings: Vec<Finding>,
    next: Option<String>,
}

/// `GET /admin/doctor`
pub async fn look(asked: Administering, query: Query, headers: HeaderMap) -> Result<Response, HttpError> {
    let reader = asked.reader(&headers)?;
    let place = query.text("place").unwrap_or_default();
    let looked = examine(&asked, place).await?;
    Ok(shown(StatusCode::OK, page(asked.viewer(&reader), &looked, place.is_empty())))
}

async fn examine(asked: &Administering, place: &str) -> Result<Looked, HttpError> {
    let (begun, mut looked) = (Instant::now(), Looked { next: Some(place.to_owned()), ..Looked::default() });
    // The first piece is about what is around the database.
    if place.is_empty() {
        looked.findings.extend(asked.site.backups.as_ref().and_then(|schedule| of_backups(&schedule.standing())));
    }
    while let Some(place) = looked.next.take() {
        let examined = asked.site.service.examine(&place, Manner::default()).await?;
        let examined = examined.ok_or(HttpError::MalformedQuery { name: "place", expected: PLACE })?;
        match looked.parts.last_mut() {
            Some((part, count)) if *part == examined.part => *count += examined.looked_at,
            _ => looked.parts.push((examined.part, examined.looked_at)),
        }
        looked.findings.extend(examined.findings);
        looked.next = examined.next;
        if begun.elapsed() >= TIME_MAX || looked.findings.len() >= FINDINGS_MAX {
            break;
        }
    }
    Ok(looked)
}

fn page(viewer: Viewer<'_>, looked: &Looked, is_first: bool) -> Markup {
    let lang = viewer.lang;
    let is_well = looked.findings.iter().all(|finding| finding.state == FindingState::Note);
    let content = html! {
        @match (&looked.next, is_well) {
            (None, true) if is_first => p.notice role="status" { (lang.pick("All is well.", "Alles ist in Ordnung.")) },
            (None, _) => p.notice role="status" { (lang.pick("That was the last part.", "Das war der letzte Teil.")) },
            (Some(_), _) => p.notice role="status" { (lang.pick("This was a part; there is more.", "Das war ein Teil; es gibt mehr.")) },
        }
        section.panel {
            h2 { (lang.pick("What was found", "Was zu sehen war")) }
            @if looked.findings.is_empty() { p.free { (lang.pick("Nothing is wrong here.", "Hier stimmt alles.")) } }
            ul.lines { @for finding in looked.findings.iter().take(FINDINGS_MAX) { (found(finding, lang)) } }
            @if looked.findings.len() > FINDINGS_MAX {
                p { (looked.findings.len() - FINDINGS_MAX) " " (lang.pick("more in this part.", "weitere in diesem Teil.")) }
            }
        }
        section.panel {
            h2 { (lang.pick("What was looked at", "Was angesehen wurde")) }
            dl.facts { @for (part, count) in &looked.parts { div { dt { code { (part) } } dd { (count) } } } }
        }
        p.bar {
            @if let Some(next) = &looked.next {
                a.button href={ "/admin/doctor?place=" (segment(next)) } rel="next" { (lang.pick("Go on", "Weiter")) }
            }
            a href="/admin/state" { (super::state::TITLE.text(lang)) }
        }
    };
    account_page(viewer, Place::Administration, TITLE.text(lang), &content)
}

fn found(finding: &Finding, lang: Lang) -> Markup {
    let is_wrong = finding.state != FindingState::Note;
    html! {
        li {
            div {
                p {
                    strong.late[is_wrong] { (finding.what.text(lang)) }
                    " " code { (finding.part) }
                    @if let Some(user) = &finding.user { " " span.mark { (user) } }
                    @if let Some(row) = &finding.row { " " code { (row) } }
                }
                p.hint { (finding.remedy.text(lang)) }
            }
        }
    }
}
