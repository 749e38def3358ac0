//! `/sync-status`: how the sync with Git stands, and a button for it.

use axum::response::Response;
use chrono::{DateTime, Utc};
use hyper::StatusCode;
use maud::{Markup, html};

use super::form::signed_in_as;
use super::layout::{Place, Viewer, account_page};
use super::notice::Notice;
use super::{Again, when};
use crate::domain::ids::ObjectName;
use crate::domain::lang::{Lang, Phrase};
use crate::domain::zone::Zone;
use crate::http::auth::{page as shown, see_other};
use crate::http::errors::HttpError;
use crate::http::extract::{Asked, FormOrJson, MaybeFormOrJson};
use crate::http::history::summary;
use crate::http::query::Query;
use crate::http::sync;
use crate::http::wire::Known;
use crate::service::history::{Past, PastState};
use crate::service::sync::{Activity, Mode, RemoteView, SyncRequest, SyncStatus};

/// Everything on the page.
struct Page<'a> {
    viewer: Viewer<'a>,
    /// The zone that instants are told in.
    zone: Zone,
    notice: Option<Notice>,
    /// Why nothing was synced just now.
    refused: Option<String>,
    status: &'a SyncStatus,
    /// What was merged lately, the latest first.
    merged: &'a [Past],
}

/// Changes that are looked through for merges, and merges that are shown.
const CHANGES_MAX: usize = 100;
const MERGED_MAX: usize = 20;

impl Asked {
    async fn sync_page(
        &self,
        status: StatusCode,
        notice: Option<Notice>,
        refused: Option<String>,
    ) -> Result<Response, HttpError> {
        let service = &self.site.service;
        let (settings, _) = service.settings(self.actor.user)?;
        let stands = service.sync_status(self.actor.user).await?;
        let mut merged = service.history(self.actor.user, None, None, CHANGES_MAX).await?.changes;
        merged.retain(|past| matches!(past.what, PastState::Merged { .. }));
        merged.truncate(MERGED_MAX);
        let viewer = Viewer::of(&self.actor, settings.lang);
        let page = Page { viewer, zone: settings.zone, notice, refused, status: &stands, merged: &merged };
        Ok(shown(status, whole(&page)))
    }
}

/// `GET /sync-status`
pub async fn show(asked: Asked, query: Query) -> Result<Response, HttpError> {
    asked.sync_page(StatusCode::OK, Notice::of(query.text("done")), None).await
}

/// `POST /sync-status`
pub async fn now(
    asked: Asked,
    MaybeFormOrJson(FormOrJson { object, .. }): MaybeFormOrJson,
) -> Result<Response, HttpError> {
    Known::of(&object.fields, &[])?;
    match sync::sync(&asked, SyncRequest::default()).await {
        Ok(_) => Ok(see_other("/sync-status?done=synced")),
        Err(error) => {
            let again = Again::of(error)?;
            let (settings, _) = asked.site.service.settings(asked.actor.user)?;
            let refused = again.refusal.text(settings.lang);
            Ok(again.told(asked.sync_page(again.status(), None, Some(refused)).await?))
        }
    }
}

fn whole(page: &Page<'_>) -> Markup {
    let (lang, status) = (page.viewer.lang, page.status);
    let problem = status.problem.as_ref().map(|problem| problem.text.text(lang));
    let content = html! {
        @if let Some(notice) = page.notice { (notice.show(lang)) }
        @if let Some(refused) = &page.refused { p.alert role="alert" { (refused) } }
        // What was refused just now is the problem by now.
        @if let Some(problem) = problem.filter(|problem| page.refused.as_deref() != Some(problem)) {
            p.alert role="alert" { (problem) }
        }
        @match &status.remote {
            Some(remote) => (repository(page, remote)),
            None => (none(lang)),
        }
        (notices(page))
        (files(page))
        (merges(page))
    };
    account_page(page.viewer, Place::Sync, lang.pick("Sync with Git", "Abgleich mit Git"), &content)
}

fn none(lang: Lang) -> Markup {
    html! {
        section.panel {
            p { (lang.pick(
                "There is no Git repository to sync with: your tasks are here alone.",
                "Es gibt kein Git-Repository zum Abgleichen: Deine Aufgaben sind nur hier.",
            )) }
            p { a href="/settings#git" { (lang.pick("Set one of your own", "Ein eigenes setzen")) } }
        }
    }
}

fn repository(page: &Page<'_>, remote: &RemoteView) -> Markup {
    let (lang, status) = (page.viewer.lang, page.status);
    html! {
        section.panel {
            h2 { (if remote.is_own { OWN } else { SHARED }.text(lang)) }
            dl.facts {
                (fact(lang.pick("Address", "Adresse"), &html! { code { (remote.address) } }))
                (fact("Branch", &html! { code { (remote.branch) } }))
                (fact(lang.pick("Direction", "Richtung"), &html! { (direction(remote.mode).text(lang)) }))
                (fact(lang.pick("At present", "Gerade"), &html! { (activity(status.activity).text(lang)) }))
                (fact(lang.pick("Commit there", "Commit dort"), &commit(status.head, lang)))
                (fact(lang.pick("Merged here", "Hier zusammengeführt"), &commit(status.base, lang)))
                (fact(lang.pick("Waiting to be pushed", "Noch zu pushen"), &outbox(page)))
                (fact(lang.pick("Last time", "Zuletzt"), &instant(status.last_success, page.zone, lang)))
                @if status.next_at.is_some() {
                    (fact(lang.pick("Next time", "Das nächste Mal"), &instant(status.next_at, page.zone, lang)))
                }
            }
            @if status.activity != Activity::Off {
                form method="post" action="/sync-status" {
                    (signed_in_as(page.viewer.name))
                    button.main type="submit" { (lang.pick("Sync now", "Jetzt abgleichen")) }
                }
            }
            p.hint { a href="/settings#git" { (lang.pick("A repository of your own", "Ein eigenes Repository")) } }
        }
    }
}

const OWN: Phrase = Phrase { en: "Your repository", de: "Dein Repository" };
const SHARED: Phrase = Phrase { en: "The server's repository", de: "Das Repository des Servers" };

fn direction(mode: Mode) -> Phrase {
    match mode {
        Mode::Push => Phrase { en: "both ways", de: "beide Richtungen" },
        Mode::PullOnly => Phrase { en: "from there to here alone", de: "nur von dort hierher" },
        Mode::Off => Phrase { en: "switched off", de: "abgeschaltet" },
    }
}

fn activity(activity: Activity) -> Phrase {
    match activity {
        Activity::Off => Phrase { en: "nothing", de: "nichts" },
        Activity::Idle => Phrase { en: "all is well", de: "alles in Ordnung" },
        Activity::Running => Phrase { en: "syncing", de: "gleicht ab" },
        Activity::Waiting => Phrase { en: "waiting for another try", de: "wartet auf den nächsten Versuch" },
    }
}

fn fact(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn commit(name: Option<ObjectName>, lang: Lang) -> Markup {
    html! {
        @match name {
            Some(name) => code title=(name) { (name.to_string().chars().take(10).collect::<String>()) },
            None => (lang.pick("none yet", "noch keiner")),
        }
    }
}

fn instant(at: Option<DateTime<Utc>>, zone: Zone, lang: Lang) -> Markup {
    html! {
        @match at {
            Some(at) => (when(at, zone)),
            None => (lang.pick("not yet", "noch nie")),
        }
    }
}

fn outbox(page: &Page<'_>) -> Markup {
    let (lang, status) = (page.viewer.lang, page.status);
    html! {
        @match status.outbox {
            0 => (lang.pick("nothing", "nichts")),
            1 => (lang.pick("1 change", "1 Änderung")),
            count => { (count) " " (lang.pick("changes", "Änderungen")) }
        }
        @if let Some(since) = status.outbox_since { (lang.pick(", since ", ", seit ")) (when(since, page.zone)) }
    }
}

fn files(page: &Page<'_>) -> Markup {
    let lang = page.viewer.lang;
    html! {
        @if !page.status.held.is_empty() {
            section.panel {
                h2 { (lang.pick("Files that cannot be taken", "Dateien, die nicht gehen")) }
                ul.lines { @for held in &page.status.held {
                    li { div { strong { (held.file) } p.hint { (held.reason.text(lang)) } } }
                } }
            }
        }
    }
}

fn notices(page: &Page<'_>) -> Markup {
    let lang = page.viewer.lang;
    html! {
        @if !page.status.notices.is_empty() {
            section.panel {
                h2 { (lang.pick("Worth knowing", "Gut zu wissen")) }
                ul.lines { @for notice in &page.status.notices {
                    li { div { (notice.text.text(lang)) p.hint { (when(notice.at, page.zone)) } } }
                } }
            }
        }
    }
}

fn merges(page: &Page<'_>) -> Markup {
    let lang = page.viewer.lang;
    html! {
        @if !page.merged.is_empty() {
            section.panel {
                h2 { (lang.pick("Merged lately", "Zuletzt zusammengeführt")) }
                ul.lines { @for past in page.merged { (merge(page, past)) } }
            }
        }
    }
}

/// What both sides had changed, with the text that gave way.
fn merge(page: &Page<'_>, past: &Past) -> Markup {
    let lang = page.viewer.lang;
    let gave_way = match &past.what {
        PastState::Merged { lost: Some(lost), .. } => Some(String::from_utf8_lossy(lost)),
        PastState::Merged { .. }
        | PastState::Document { .. }
        | PastState::Settings { .. }
        | PastState::Rules { .. } => None,
    };
    html! {
        li {
            div {
                strong { (summary(past, lang)) }
                @if past.is_conflict() { " " span.mark { (lang.pick("please look at it", "bitte ansehen")) } }
                p.hint { (when(past.at, page.zone)) }
                @if let Some(text) = gave_way {
                    details {
                        summary { (lang.pick("what gave way", "was weichen musste")) }
                        pre { code { (text) } }
                    }
                }
            }
        }
    }
}
