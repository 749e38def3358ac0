//! `/sync-status`: how the sync with Git stands, and a button for it.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use axum::response::Response;
use chrono::{DateTime, Utc};
use hyper::StatusCode;
use maud::{Markup, html};

use super::form::signed_in_as;
use super::layout::{Place, Viewer, account_page};
use super::notice::Notice;
use super::{Again, exactly, segment, when};
use crate::domain::ids::{Generation, ObjectName};
use crate::domain::lang::{Lang, Phrase};
use crate::domain::zone::Zone;
use crate::http::auth::{page as shown, see_other};
use crate::http::errors::HttpError;
use crate::http::extract::{Asked, FormOrJson, MaybeFormOrJson};
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
        done: Option<&str>,
        refused: Option<String>,
    ) -> Result<Response, HttpError> {
        let service = &self.site.service;
        let (settings, _) = service.settings(self.actor.user)?;
        let stands = service.sync_status(self.actor.user).await?;
        let mut merged = service.history(self.actor.user, None, None, CHANGES_MAX).await?.changes;
        merged.retain(|past| matches!(past.what, PastState::Merged { .. }));
        merged.truncate(MERGED_MAX);
        let viewer = Viewer::of(&self.actor, settings);
        let notice = Notice::of(done.map(|word| told(word, &stands)));
        let page = Page { viewer, zone: settings.zone, notice, refused, status: &stands, merged: &merged };
        Ok(shown(status, whole(&page)))
    }
}

/// `GET /sync-status`
pub async fn show(asked: Asked, query: Query) -> Result<Response, HttpError> {
    asked.sync_page(StatusCode::OK, query.text("done"), None).await
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

/// The word for what a sync came to, as things stand: both sides have the same only where nothing is left on one.
fn told<'w>(word: &'w str, status: &SyncStatus) -> &'w str {
    let SyncStatus { remote, activity, problem, held, outbox, only_here, .. } = status;
    match (word, remote) {
        ("synced", None) => "",
        ("synced", Some(_)) if problem.is_some() || *activity == Activity::Off => "",
        ("synced", Some(_)) if held.count() > 0 => "synced-but",
        ("synced", Some(_)) if outbox + only_here > 0 => "taken-in",
        (word, _) => word,
    }
}

fn whole(page: &Page<'_>) -> Markup {
    let (lang, status) = (page.viewer.lang, page.status);
    let content = html! {
        @if let Some(notice) = page.notice { (notice.show(lang)) }
        @if let Some(refused) = &page.refused { p.alert role="alert" { (refused) } }
        // What was refused just now is the problem by now.
        @if let Some(problem) = &status.problem && page.refused.as_deref() != Some(problem.text.text(lang)) {
            p.alert role="alert" { (exactly(problem.at, page.zone)) ": " (problem.text.text(lang)) }
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
                @if let Some(name) = page.viewer.name { (fact(lang.pick("Your files", "Deine Dateien"), &layout(remote, name, lang))) }
                (fact(lang.pick("Direction", "Richtung"), &html! { (direction(remote.mode).text(lang)) }))
                (fact(lang.pick("At present", "Gerade"), &html! { (activity(status.activity).text(lang)) }))
                (fact(lang.pick("Commit there", "Commit dort"), &commit(status.head, lang)))
                (fact(lang.pick("Merged here", "Hier zusammengeführt"), &commit(status.base, lang)))
                @match remote.mode {
                    Mode::Push => (fact(lang.pick("Waiting to be pushed", "Noch zu pushen"), &outbox(page))),
                    Mode::PullOnly | Mode::Off => (fact(lang.pick("Only here", "Nur hier"), &changes(status.only_here, lang))),
                }
                (fact(lang.pick("Last time", "Zuletzt"), &instant(status.last_success, page.zone, lang)))
                @if status.held_back > 0 {
                    (fact(lang.pick("Held back", "Zurückgehalten"), &held_back(status.held_back, lang)))
                }
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

/// Where the user's files are in the repository.
fn layout(remote: &RemoteView, name: &str, lang: Lang) -> Markup {
    let base = if remote.base_path.is_empty() { String::new() } else { format!("{}/", remote.base_path) };
    html! {
        code { (base) (name) "/tasks/*.md" } ", "
        code { (base) (name) "/rules/*.rhai" }
        (lang.pick(" with tests in ", " mit Tests in ")) code { "*.test.rhai" }
        (lang.pick(" and their order and options in ", " und Reihenfolge und Optionen in ")) code { "rules.json" }
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
            Some(at) => (exactly(at, zone)),
            None => (lang.pick("not yet", "noch nie")),
        }
    }
}

fn changes(count: usize, lang: Lang) -> Markup {
    html! {
        @match count {
            0 => (lang.pick("nothing", "nichts")),
            1 => (lang.pick("1 change", "1 Änderung")),
            count => { (count) " " (lang.pick("changes", "Änderungen")) }
        }
    }
}

fn outbox(page: &Page<'_>) -> Markup {
    let (lang, status) = (page.viewer.lang, page.status);
    html! {
        (changes(status.outbox, lang))
        @if let Some(since) = status.outbox_since { (lang.pick(", since ", ", seit ")) (when(since, page.zone)) }
    }
}

fn held_back(count: usize, lang: Lang) -> Markup {
    html! {
        @match count {
            1 => (lang.pick("1 file that was changed here", "1 hier geänderte Datei")),
            count => { (count) " " (lang.pick("files that were changed here", "hier geänderte Dateien")) }
        }
        (lang.pick(": mend the repository's, see below", ": bitte die des Repositorys in Ordnung bringen, siehe unten"))
    }
}

fn files(page: &Page<'_>) -> Markup {
    let lang = page.viewer.lang;
    html! {
        @if page.status.held.count() > 0 {
            section.panel {
                h2 { (lang.pick("Files that cannot be taken", "Dateien, die nicht übernommen werden")) }
                ul.lines { @for held in &page.status.held.listed {
                    li { div { strong { (held.file) } p.hint { (held.reason.text(lang)) } } }
                } }
                @if page.status.held.more > 0 {
                    p { (lang.pick("and more: ", "und weitere: ")) (page.status.held.more) }
                }
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

/// Something that was merged: what both sides had changed, or two tasks that can be taken for each other.
struct Merge<'a> {
    at: DateTime<Utc>,
    generation: Generation,
    file: Cow<'a, str>,
    is_conflict: bool,
    reasons: Vec<&'a str>,
    /// The versions that were not taken.
    others: Vec<Cow<'a, str>>,
}

/// What was merged lately, the latest first: the history has the versions, the status the reasons.
fn merged<'a>(page: &Page<'a>) -> Vec<Merge<'a>> {
    let mut found: BTreeMap<(Reverse<Generation>, Cow<'a, str>), Merge<'a>> = BTreeMap::new();
    let empty = |at, generation, file: &Cow<'a, str>| Merge {
        at,
        generation,
        file: file.clone(),
        is_conflict: false,
        reasons: Vec::new(),
        others: Vec::new(),
    };
    // What was merged in another account is none of this one's.
    for past in page.merged.iter().filter(|past| !past.is_brought) {
        let PastState::Merged { file, lost, .. } = &past.what else { continue };
        let file = file.name();
        let merge = found
            .entry((Reverse(past.generation), file.clone()))
            .or_insert_with(|| empty(past.at, past.generation, &file));
        merge.is_conflict |= past.is_conflict();
        merge.others.extend(lost.as_deref().map(String::from_utf8_lossy));
    }
    for conflict in &page.status.conflicts {
        let file = Cow::from(conflict.file.as_str());
        let merge = found
            .entry((Reverse(conflict.generation), file.clone()))
            .or_insert_with(|| empty(conflict.at, conflict.generation, &file));
        merge.is_conflict = true;
        merge.reasons.push(conflict.what.text(page.viewer.lang));
    }
    found.into_values().take(MERGED_MAX).collect()
}

fn merges(page: &Page<'_>) -> Markup {
    let (lang, merged) = (page.viewer.lang, merged(page));
    html! {
        @if !merged.is_empty() {
            section.panel {
                h2 { (lang.pick("Merged lately", "Zuletzt zusammengeführt")) }
                p.hint {
                    (lang.pick("A merge is taken back by ", "Zurückgenommen wird eine Zusammenführung mit "))
                    code { "codexmiroir undo" }
                    (lang.pick(" and its generation.", " und ihrer Generation."))
                }
                ul.lines { @for merge in &merged { (line(merge, page.zone, lang)) } }
            }
        }
    }
}

fn line(merge: &Merge<'_>, zone: Zone, lang: Lang) -> Markup {
    html! {
        li {
            div {
                strong { (merge.file) }
                @if merge.is_conflict { " " span.late { (lang.pick("please look at it", "bitte ansehen")) } }
                @for reason in &merge.reasons { p { (reason) } }
                p.hint {
                    (when(merge.at, zone)) ", Generation " (merge.generation.0)
                    @if merge.file.ends_with(".md") {
                        ", " a href={ "/api/tasks/" (segment(&merge.file)) "/history" } { (lang.pick("history", "Verlauf")) }
                    }
                }
                @for other in &merge.others {
                    details {
                        summary { (lang.pick("the whole version that was not taken", "die ganze Fassung, die nicht übernommen wurde")) }
                        pre { code { (other) } }
                    }
                }
            }
        }
    }
}
