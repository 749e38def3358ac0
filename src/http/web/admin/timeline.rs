//! `/admin/users/{name}/timeline`: what is kept of somebody's timeline, when and why it was made anew, and which rules it is of.

use axum::response::Response;
use hyper::{HeaderMap, StatusCode};
use maud::{Markup, html};

use super::state::{fact, origin, size};
use crate::domain::lang::{Lang, Phrase};
use crate::domain::zone::Zone;
use crate::http::auth::page as shown;
use crate::http::errors::HttpError;
use crate::http::extract::{Administering, NameInPath};
use crate::http::web::layout::{Place, Viewer, account_page};
use crate::http::web::{exactly, when};
use crate::service::inspect::{Cause, Inspection, Kept, Rebuild};
use crate::store::Staleness;
use crate::view::{RulesSource, RulesState};

/// Rebuilds that are shown.
const REBUILDS_SHOWN: usize = 20;

/// `GET /admin/users/{name}/timeline`
pub async fn timeline(
    asked: Administering,
    NameInPath(name): NameInPath,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let (reader, service) = (asked.reader(&headers)?, &asked.site.service);
    let account = service.require_account(name.clone()).await?;
    let inspection = service.inspect(&name).await?;
    // As it is made anew: what is kept may be of rules that worked then.
    let rules = service.answer(account.user.id).await?.rules;
    Ok(shown(StatusCode::OK, page(asked.viewer(&reader), &inspection, &rules, reader.zone)))
}

fn page(viewer: Viewer<'_>, inspection: &Inspection, rules: &RulesState, zone: Zone) -> Markup {
    let (lang, name) = (viewer.lang, &inspection.user);
    let served = &inspection.served;
    let content = html! {
        section.panel {
            h2 { (lang.pick("Rules", "Regeln")) }
            @if let Some(sentences) = rules.failure_of_another(lang) {
                p.alert role="alert" { @for sentence in sentences { (sentence) ". " } }
            }
            p { (rules.name) " (" (source(rules.source).text(lang)) ")" }
        }
        section.panel {
            h2 { (lang.pick("What is kept", "Was bereitliegt")) }
            dl.facts {
                (fact("Generation", &html! { (inspection.generation.0) ", " (when(inspection.committed_at, zone)) }))
                (fact(lang.pick("In memory", "Im Speicher"), &kept(inspection.hot.as_ref(), zone, lang)))
                (fact(lang.pick("In the database", "In der Datenbank"), &kept(inspection.materialized.as_ref(), zone, lang)))
                (fact(lang.pick("Served now", "Jetzt ausgeliefert"), &html! {
                    (origin(served.layer.as_str()).text(lang)) ", "
                    (lang.pick("right until ", "gültig bis ")) (when(served.entry.finished.valid_until, zone))
                }))
            }
        }
        section.panel {
            h2 { (lang.pick("Made anew for readers", "Für Leser neu gemacht")) }
            @if inspection.rebuilds.is_empty() { p.free { (lang.pick("Not since the start.", "Seit dem Start nicht.")) } }
            ul.lines { @for rebuild in inspection.rebuilds.iter().take(REBUILDS_SHOWN) { (made(rebuild, zone, lang)) } }
        }
        p { a href={ "/admin/users/" (name) } { (lang.pick("Back to the account", "Zurück zum Konto")) } }
    };
    let title = lang.pick(format!("Timeline of {name}"), format!("Zeitplan von {name}"));
    account_page(viewer, Place::Administration, &title, &content)
}

fn source(source: RulesSource) -> Phrase {
    match source {
        RulesSource::Builtin => Phrase { en: "built in", de: "eingebaut" },
        RulesSource::Server => Phrase { en: "the server's", de: "vom Server" },
        RulesSource::User => Phrase { en: "the user's own", de: "eigene" },
    }
}

fn kept(kept: Option<&Kept>, zone: Zone, lang: Lang) -> Markup {
    let Some(kept) = kept else { return html! { (lang.pick("nothing", "nichts")) } };
    html! {
        (lang.pick("generation ", "Generation ")) (kept.generation.0) ", " (size(kept.bytes as u64, lang)) ", "
        @match kept.stale {
            Some(staleness) => span.late { (stale(staleness).text(lang)) },
            None => { (lang.pick("right until ", "gültig bis ")) (when(kept.valid_until, zone)) }
        }
    }
}

fn stale(staleness: Staleness) -> Phrase {
    match staleness {
        Staleness::Superseded => Phrase { en: "something was changed since", de: "seither hat sich etwas geändert" },
        Staleness::OtherBasis => {
            Phrase { en: "it was planned with something else", de: "mit anderer Grundlage geplant" }
        }
        Staleness::BoundaryPassed => Phrase { en: "its time is over", de: "die Zeit ist abgelaufen" },
        Staleness::ClockSetBack => Phrase { en: "the clock was set back", de: "die Uhr wurde zurückgestellt" },
    }
}

fn made(Rebuild { at, cause, took, tasks, bytes, is_kept, .. }: &Rebuild, zone: Zone, lang: Lang) -> Markup {
    let why = match cause {
        Cause::NothingKept => Phrase { en: "nothing was kept", de: "nichts lag bereit" },
        Cause::Stale(staleness) => stale(*staleness),
        Cause::Asked => Phrase { en: "somebody asked for it", de: "jemand wollte es so" },
        Cause::Calendar => Phrase { en: "for a calendar", de: "für einen Kalender" },
    };
    html! {
        li {
            div {
                (exactly(*at, zone)) ": " (why.text(lang))
                p.hint {
                    (super::page::tasks(*tasks, lang)) ", " (size(*bytes as u64, lang)) ", "
                    (took.as_micros()) " µs"
                    @if !is_kept { (lang.pick(", not kept", ", nicht behalten")) }
                }
            }
        }
    }
}
