//! What became of a task, on its page: what was changed, and what moved it.

use maud::{Markup, html};

use crate::domain::difference::Stand;
use crate::domain::lang::{Lang, Phrase};
use crate::domain::zone::Zone;
use crate::http::history::summary;
use crate::http::moves::{place_text, words};
use crate::http::web::difference::Comparison;
use crate::http::web::layout::Viewer;
use crate::http::web::told::undo;
use crate::http::web::when;
use crate::service::history::{Past, PastState};
use crate::service::moves::{Cause, Kind, Moved, Page};
use crate::view::standing;

/// Moves that are shown at a time.
pub(super) const MOVES: usize = 10;

pub(super) const WHY_MOVED: Phrase = Phrase { en: "Why did it move?", de: "Was hat sie verschoben?" };

/// The task's changes, each with a way back.
pub(super) fn history(viewer: Viewer<'_>, zone: Zone, changes: &[Past], here: &str) -> Markup {
    let lang = viewer.lang;
    let compared = Comparison::new(lang);
    html! {
        section.panel id="history" data-live {
            h2 { (lang.pick("History", "Verlauf")) }
            ul.lines {
                @for past in changes {
                    li {
                        div {
                            (when(past.at, zone)) " · " (past.actor) " · " (summary(past, lang))
                            @if let Some((before, after)) = versions(past) {
                                details { summary { (lang.pick("Difference", "Unterschied")) } (compared.lines(&before, &after)) }
                            }
                        }
                        // An import, or what a sync brought, was more than this task.
                        @if !past.is_brought && !matches!(past.verb.as_str(), "import" | "sync" | "merge") { (undo(viewer, past.generation.0, here)) }
                    }
                }
            }
        }
    }
}

fn versions(past: &Past) -> Option<(String, String)> {
    let text = |raw: &Option<Vec<u8>>| raw.as_deref().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
    match &past.what {
        PastState::Document { before, after, .. } => Some((text(before), text(after))),
        PastState::Merged { lost, kept, .. } => Some((text(lost), text(kept))),
        PastState::Settings { .. } | PastState::Rules { .. } => None,
    }
}

/// Where the task stood before it came to stand where it does, and what moved it each time.
pub(super) fn moves(page: &Page, zone: Zone, lang: Lang, here: &str) -> Markup {
    let looked_back = html! {
        @match page.next {
            Some(next) => {
                p.quiet { (lang.pick("Looked back to ", "Zurückgeschaut bis ")) (when(page.reached.at, zone)) "." }
                p { a.button href={ (here) "?moves=true&before=" (place_text(next)) "#moves" } { (lang.pick("Look further back", "Weiter zurückschauen")) } }
            },
            None => p.quiet { (lang.pick("Looked back to the beginning.", "Bis zum Anfang zurückgeschaut.")) },
        }
    };
    html! {
        section.panel id="moves" {
            h2 { (WHY_MOVED.text(lang)) }
            @if page.moves.is_empty() {
                p { (lang.pick("In this time it did not move: ", "In dieser Zeit stand sie immer gleich: ")) (place_of(page.standing.as_ref(), lang)) "." }
            }
            ul.lines { @for moved in &page.moves { li { div { (one(moved, zone, lang)) } } } }
            @for (at, differing) in &page.bases {
                @let differing = differing.iter().map(|part| part.text(lang)).collect::<Vec<_>>().join(", ");
                p.quiet {
                    (lang.pick("Since ", "Seit ")) (when(*at, zone)) ": " (differing)
                    (lang.pick(". What that moved is not listed.", ". Was das verschoben hat, steht hier nicht."))
                }
            }
            (looked_back)
        }
    }
}

fn one(moved: &Moved, zone: Zone, lang: Lang) -> Markup {
    let by = match &moved.cause {
        Cause::Commit(commit) => commit.changes.first().map(|first| first.actor.as_str()),
        Cause::Clock(_) | Cause::ClockSetBack => None,
    };
    let is_sync = matches!(&moved.cause, Cause::Commit(commit) if commit.kind == Kind::Sync);
    html! {
        (when(moved.at, zone)) " · " (place_of(moved.from.as_ref(), lang)) " → " strong { (place_of(moved.to.as_ref(), lang)) }
        div.quiet {
            @if is_sync { "Git: " }
            (words(&moved.cause, lang))
            @if let Some(by) = by { " · " (by) }
            @if moved.is_of_other_basis { " " (lang.pick("(as it is planned now)", "(so, wie jetzt geplant wird)")) }
        }
    }
}

fn place_of(stand: Option<&Stand>, lang: Lang) -> String {
    stand.map_or_else(|| lang.pick("not open", "nicht offen").to_owned(), |stand| standing::text(stand, lang))
}
