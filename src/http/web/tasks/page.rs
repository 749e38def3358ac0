//! `/tasks/{id}`: one task whole, to read, to change and to look back on.

use std::time::Instant;

use axum::response::Response;
use hyper::StatusCode;
use maud::{Markup, PreEscaped, html};

use super::past;
use crate::domain::date;
use crate::domain::lang::Phrase;
use crate::domain::task::Task;
use crate::domain::zone::Zone;
use crate::http::auth::page as shown;
use crate::http::errors::HttpError;
use crate::http::extract::{Asked, FormOrJson, LongForm, TaskId};
use crate::http::moves::place;
use crate::http::query::Query;
use crate::http::web::difference::Comparison;
use crate::http::web::form::{Errors, Form, alert, signed_in_as};
use crate::http::web::layout::{self, Viewer, account_page};
use crate::http::web::told::{Told, status, task_address};
use crate::http::web::{Again, timed};
use crate::http::wire::Known;
use crate::service::error::{Fault, Refusal, ServiceError};
use crate::service::explain::Inquiry;
use crate::service::history::Past;
use crate::service::moves::{Page as Moves, Place};
use crate::service::tasks::{Edit, Expectation, Fields, Shown, SlotFields, Words};
use crate::view::{markdown, text};

pub(in crate::http) const SAVE_FIELDS: [&str; 10] =
    ["title", "kategorie", "deadline", "tags", "datum", "zeit", "body", "document", "item", "etag"];

const ITEM: Phrase = Phrase { en: "the place of an item in the text", de: "der Platz eines Punktes im Text" };

/// Columns of what is drawn on the page.
const DRAWN_WIDTH: usize = 90;

/// Changes of the task that its page shows.
const CHANGES: usize = 20;

const SAVED_MEANWHILE: Phrase = Phrase {
    en: "Somebody else saved this task while you wrote. What stands now and what you wrote are side by side below: take over what you want, and save again.",
    de: "Jemand anders hat diese Aufgabe gespeichert, während du geschrieben hast. Was jetzt dasteht und was du geschrieben hast, steht unten nebeneinander: übernimm, was du willst, und speichere noch einmal.",
};

/// The task as it was typed into one of the two forms.
#[derive(Clone, Debug, Default)]
struct Typed {
    title: String,
    kategorie: String,
    deadline: String,
    tags: String,
    datum: String,
    zeit: String,
    body: String,
    /// The whole file, where that was typed.
    document: Option<String>,
}

impl Typed {
    fn of(task: &Task, body: &str) -> Typed {
        let slot = task.binding_slot();
        Typed {
            title: task.title.clone(),
            kategorie: task.kategorie.clone(),
            deadline: task.deadline.map(date::to_text).unwrap_or_default(),
            tags: task.tags.join(", "),
            datum: slot.map(|(day, _)| date::to_text(day)).unwrap_or_default(),
            zeit: slot.and_then(|(_, zeit)| zeit).unwrap_or_default().to_owned(),
            body: body.to_owned(),
            document: None,
        }
    }

    /// What a form says; what it does not say is as it was.
    fn sent(known: &Known<'_>, was: &Typed) -> Result<Typed, Refusal> {
        let text = |field, was: &String| known.text(field).map(|text| text.unwrap_or_else(|| was.clone()));
        // Browsers send what is typed with the line ends of the network.
        let lines = |field| known.text(field).map(|text| text.map(|text| text.replace("\r\n", "\n")));
        Ok(Typed {
            title: text("title", &was.title)?,
            kategorie: text("kategorie", &was.kategorie)?,
            deadline: text("deadline", &was.deadline)?,
            tags: text("tags", &was.tags)?,
            datum: text("datum", &was.datum)?,
            zeit: text("zeit", &was.zeit)?,
            body: lines("body")?.unwrap_or_else(|| was.body.clone()),
            document: lines("document")?,
        })
    }

    /// What was typed that is another than what stands there: what nobody touched is not written again.
    fn edit(&self, was: &Typed) -> Edit {
        if let Some(document) = &self.document {
            return Edit::Document(document.clone());
        }
        let other = |typed: &String, was: &String| (typed.trim() != was.trim()).then(|| typed.trim().to_owned());
        let removed = |text: String| Some(text).filter(|text| !text.is_empty());
        let tags =
            |tags: String| tags.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect();
        let slot = ((&self.datum, &self.zeit) != (&was.datum, &was.zeit)).then(|| {
            let part = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            let slot = SlotFields { datum: part(&self.datum), zeit: part(&self.zeit) };
            (slot != SlotFields::default()).then_some(slot)
        });
        Edit::Fields(Fields {
            kategorie: other(&self.kategorie, &was.kategorie),
            status: None,
            tags: other(&self.tags, &was.tags).map(tags),
            deadline: other(&self.deadline, &was.deadline).map(removed),
            fixed_slot: slot,
            title: other(&self.title, &was.title),
            body: (self.body.trim_end() != was.body.trim_end()).then(|| self.body.clone()),
        })
    }
}

/// Everything on the page.
struct Page<'a> {
    viewer: Viewer<'a>,
    zone: Zone,
    told: Option<Told>,
    errors: Errors,
    shown: &'a Shown,
    categories: &'a [String],
    slots: &'a [String],
    /// What is in the forms, where it is not what stands there.
    typed: Option<Typed>,
    is_conflict: bool,
    history: &'a [Past],
    /// Why the task stands where it does, drawn, where that was asked.
    why: Option<String>,
    /// What moved it, where that was asked.
    moves: Option<Moves>,
}

/// What of the page is not as things are.
#[derive(Default)]
struct State {
    told: Option<Told>,
    errors: Errors,
    typed: Option<Typed>,
    is_conflict: bool,
    asks_why: bool,
    /// Where the moves that were asked for begin; now, without.
    asks_moves: Option<Option<Place>>,
}

impl Asked {
    async fn task_page(&self, id: &str, code: StatusCode, state: State) -> Result<Response, HttpError> {
        let (service, user) = (&self.site.service, self.actor.user);
        let settings = service.settings(user)?.0;
        let task = service.show_task(user, id.to_owned()).await?;
        let history = service.history(user, Some(task.summary.file.clone()), None, CHANGES).await?.changes;
        let Words { categories, slots } = service.words(user).await?;
        let why = match state.asks_why && task.summary.reading.is_ok() {
            true => {
                let inquiry = Inquiry { id: task.summary.file.clone(), slot: None, now: None, days: None };
                Some(text::explanation(&service.explain(user, inquiry).await?, DRAWN_WIDTH))
            }
            false => None,
        };
        let moves = match state.asks_moves {
            Some(before) => Some(service.moves(user, task.summary.file.clone(), before, past::MOVES).await?),
            None => None,
        };
        let page = Page {
            viewer: Viewer::of(&self.actor, settings),
            zone: settings.zone,
            told: state.told,
            errors: state.errors,
            shown: &task,
            categories: &categories,
            slots: &slots,
            typed: state.typed,
            is_conflict: state.is_conflict,
            history: &history,
            why,
            moves,
        };
        Ok(shown(code, page.whole()))
    }

    /// The page of a task that something was tried with in vain.
    pub(in crate::http::web) async fn task_again(&self, id: &str, error: ServiceError) -> Result<Response, HttpError> {
        if let ServiceError::Refused(Refusal::NoSuchTask { .. } | Refusal::Ambiguous { .. }) = error {
            return Err(error.into());
        }
        let again = Again::of(error)?;
        let lang = self.site.service.settings(self.actor.user)?.0.lang;
        let errors = Errors::of(&again.refusal, lang);
        let page = self.task_page(id, again.status(), State { errors, ..State::default() }).await?;
        Ok(again.told(page))
    }
}

/// `GET /tasks/{id}`
pub async fn show(asked: Asked, TaskId(id): TaskId, query: Query) -> Result<Response, HttpError> {
    let begun = Instant::now();
    let told = Told::of(&asked, &query).await?;
    let (asks_why, asks_moves) = (query.flag("why")?, query.flag("moves")?);
    let before = query.text("before").map(place).transpose()?;
    let state = State { told, asks_why, asks_moves: asks_moves.then_some(before), ..State::default() };
    Ok(timed(begun, asked.task_page(&id, StatusCode::OK, state).await?))
}

/// `POST /tasks/{id}`
pub async fn save(
    asked: Asked,
    TaskId(id): TaskId,
    LongForm(FormOrJson { object, .. }): LongForm,
) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &SAVE_FIELDS)?;
    let (service, user) = (&asked.site.service, asked.actor.user);
    let now = service.show_task(user, id.clone()).await?;
    let was = now.summary.reading.as_ref().map(|task| Typed::of(task, &now.body)).unwrap_or_default();
    let typed = Typed::sent(&known, &was)?;
    let expected = known.text("etag")?.map(|etag| Expectation::OneOf(vec![etag]));
    let edit = match known.text("item")? {
        Some(item) => ticked(&now, &item),
        None => Ok(typed.edit(&was)),
    };
    let saved = match edit {
        Ok(edit) => service.update_task(user, asked.origin(), id.clone(), edit, expected, None).await,
        Err(refusal) => Err(refusal.into()),
    };
    match saved {
        Ok(saved) => Ok(asked.tell_saved(&task_address(&saved.file), "saved", &saved)),
        Err(error) => {
            let again = Again::of(error)?;
            let lang = service.settings(user)?.0.lang;
            let is_conflict = matches!(again.refusal, Refusal::Changed { .. });
            let errors = match is_conflict {
                true => Errors::at_field("", SAVED_MEANWHILE.text(lang).to_owned()),
                false => Errors::of(&again.refusal, lang),
            };
            let state = State { errors, typed: Some(typed), is_conflict, ..State::default() };
            Ok(again.told(asked.task_page(&id, again.status(), state).await?))
        }
    }
}

/// The document with an item of its checklists ticked, or no longer.
fn ticked(now: &Shown, item: &str) -> Result<Edit, Refusal> {
    let raw = String::from_utf8_lossy(&now.raw);
    let body = item.parse().ok().and_then(|place| markdown::tick(&now.body, place));
    let document = raw.strip_suffix(now.body.as_str()).zip(body).map(|(head, body)| format!("{head}{body}"));
    let document = document.ok_or_else(|| Refusal::field("item", Fault::Malformed { expected: ITEM }))?;
    Ok(Edit::Document(document))
}

impl Page<'_> {
    fn whole(&self) -> Markup {
        let (lang, summary) = (self.viewer.lang, &self.shown.summary);
        let title =
            summary.reading.as_ref().map_or(summary.file.clone(), |task| format!("{} {}", summary.id, task.title));
        let here = task_address(&summary.file);
        let form = Form { id: "task", lang, errors: &self.errors };
        let content = html! {
            @if let Some(told) = &self.told { (told.show(self.viewer, &here)) }
            (alert(form, &SAVE_FIELDS))
            @if self.is_conflict { p { a href="#both" { (lang.pick("To both versions", "Zu beiden Fassungen")) } } }
            @match &summary.reading {
                Ok(task) => (self.task(task, &here)),
                Err(problem) => p.alert role="alert" {
                    (lang.pick("This file cannot be read as a task. Line ", "Diese Datei ist als Aufgabe nicht lesbar. Zeile ")) (problem.line) ": " (problem.text(lang))
                },
            }
            @if self.is_conflict { (self.both()) }
            div.columns {
                @if let Ok(task) = &summary.reading { (self.fields(form, task, &here)) }
                (self.document(form, &here))
            }
            (past::history(self.viewer, self.zone, self.history, &here))
        };
        account_page(self.viewer, layout::Place::Tasks, &title, &content)
    }

    fn task(&self, task: &Task, here: &str) -> Markup {
        let (lang, summary) = (self.viewer.lang, &self.shown.summary);
        html! {
            section.panel id="facts" data-live {
                dl.facts {
                    div { dt { "Status" } dd {
                        (status(task.status, lang))
                        @if let Some(done) = &task.abgeschlossen_am {
                            " " (done.datum.map(date::to_text).unwrap_or_default()) " " (done.zeit.as_deref().unwrap_or_default())
                        }
                    } }
                    div { dt { (lang.pick("Slot", "Slot")) } dd {
                        @match &summary.placed {
                            Some((day, zeit)) => { (day) " " (zeit) @if task.binding_slot().is_some() { ", " (lang.pick("fixed", "fest")) } }
                            None if summary.without.is_some() => @if let Some(without) = &summary.without { (without.text(task, lang)) },
                            None if task.is_open() => (lang.pick("none in these days", "keiner in diesen Tagen")),
                            None => (lang.pick("none", "keiner")),
                        }
                        @if task.is_open() { " " a href={ (here) "?why=true#why" } { (lang.pick("Why here?", "Warum hier?")) } }
                        " " a href={ (here) "?moves=true#moves" } { (past::WHY_MOVED.text(lang)) }
                    } }
                    @if let Some(deadline) = task.deadline { div { dt { (lang.pick("Deadline", "Termin")) } dd { (date::to_text(deadline)) } } }
                    div { dt { (lang.pick("File", "Datei")) } dd { code { (summary.file) } } }
                }
                div.bar {
                    @if task.is_open() {
                        (self.act(here, "complete", lang.pick("Done", "Erledigt"), "main"))
                        (self.act(here, "cancel", lang.pick("Cancel the task", "Aufgabe abbrechen"), ""))
                    } @else {
                        (self.act(here, "reopen", lang.pick("Open again", "Wieder öffnen"), ""))
                    }
                    @if task.fixed_slot.is_some() { (self.act(here, "unpin", lang.pick("Back in line", "In die Reihe"), "")) }
                    (self.act(here, "remove", lang.pick("Remove", "Entfernen"), "danger"))
                }
            }
            @if let Some(moves) = &self.moves { (past::moves(moves, self.zone, lang, here)) }
            @if let Some(why) = &self.why {
                section.panel id="why" {
                    h2 { (lang.pick("Why here?", "Warum hier?")) }
                    pre tabindex="0" { (why) }
                }
            }
            @if !self.shown.body.trim().is_empty() {
                section.panel.text id="text" data-live aria-label=(lang.pick("Text", "Text")) {
                    form method="post" action=(here) data-inline {
                        (signed_in_as(self.viewer.name))
                        input type="hidden" name="etag" value=(self.shown.etag);
                        (self.text(task))
                    }
                }
            }
        }
    }

    /// The text, in which each item of a checklist is a button that ticks it and is called as the item is.
    fn text(&self, task: &Task) -> Markup {
        let lang = self.viewer.lang;
        let text = without_title(&self.shown.body, &task.title);
        let items = markdown::items(text);
        let item = |place: usize, is_ticked: bool| {
            let said = items.get(place).filter(|item| !item.is_empty()).cloned();
            let called = said.unwrap_or_else(|| format!("{} {}", lang.pick("Item", "Punkt"), place + 1));
            let button = html! {
                button.tick type="submit" name="item" value=(place) aria-label=(called) aria-pressed=(is_ticked) {
                    (if is_ticked { "☑" } else { "☐" })
                }
            };
            button.into_string()
        };
        html! { (PreEscaped(markdown::to_html(text, item))) }
    }

    fn act(&self, here: &str, act: &str, called: &str, class: &str) -> Markup {
        html! {
            form method="post" action={ (here) "/" (act) } {
                (signed_in_as(self.viewer.name))
                input type="hidden" name="back" value=(here);
                button class=(class) type="submit" { (called) }
            }
        }
    }

    /// What stands there now beside what was typed.
    fn both(&self) -> Markup {
        let lang = self.viewer.lang;
        let now = String::from_utf8_lossy(&self.shown.raw);
        html! {
            section.columns id="both" {
                div.panel { h2 { (lang.pick("What stands now", "Was jetzt dasteht")) } pre { (now) } }
                div.panel {
                    h2 { (lang.pick("What you wrote", "Was du geschrieben hast")) }
                    @match self.typed.as_ref().map(|typed| (typed, typed.document.as_deref())) {
                        Some((_, Some(document))) => (Comparison::new(lang).lines(&now, document)),
                        Some((typed, None)) => pre { (typed.title) "\n\n" (typed.body) },
                        None => {}
                    }
                }
            }
        }
    }

    fn fields(&self, form: Form<'_>, task: &Task, here: &str) -> Markup {
        let lang = self.viewer.lang;
        let typed = self.typed.clone().filter(|typed| typed.document.is_none());
        let typed = typed.unwrap_or_else(|| Typed::of(task, &self.shown.body));
        let (none, category, zeit) = (("", lang.pick("none", "keiner")), typed.kategorie.as_str(), typed.zeit.as_str());
        let categories: Vec<_> = choices(self.categories, category).collect();
        let slots: Vec<_> = [none].into_iter().chain(choices(self.slots, zeit)).collect();
        html! {
            section.panel id="edit" data-live {
                h2 { (lang.pick("Change", "Ändern")) }
                form method="post" action=(here) {
                    (signed_in_as(self.viewer.name))
                    input type="hidden" name="etag" value=(self.shown.etag);
                    (form.text("title", &typed.title))
                    (form.choice("kategorie", &typed.kategorie, &categories))
                    (form.text("tags", &typed.tags).optional().hint(lang.pick("with commas between", "mit Komma getrennt")))
                    (form.text("deadline", &typed.deadline).optional().hint(lang.pick("such as 31.10.2025", "zum Beispiel 31.10.2025")))
                    (form.text("datum", &typed.datum).optional().hint(lang.pick("a day, or nothing to stand in line", "ein Tag, oder nichts: dann steht sie in der Reihe")))
                    (form.choice("zeit", &typed.zeit, &slots))
                    (form.long_text("body", &typed.body))
                    button.main type="submit" { (lang.pick("Save", "Speichern")) }
                }
            }
        }
    }

    /// The file as it is, for whoever wants to write it oneself.
    fn document(&self, form: Form<'_>, here: &str) -> Markup {
        let lang = self.viewer.lang;
        let typed = self.typed.as_ref().and_then(|typed| typed.document.clone());
        let is_open = typed.is_some() || self.shown.summary.reading.is_err();
        let document = typed.unwrap_or_else(|| String::from_utf8_lossy(&self.shown.raw).into_owned());
        let form = Form { id: "document", ..form };
        html! {
            section.panel id="file" data-live {
                details open[is_open] {
                    summary { (lang.pick("The whole file", "Die ganze Datei")) }
                    form method="post" action=(here) {
                        (signed_in_as(self.viewer.name))
                        input type="hidden" name="etag" value=(self.shown.etag);
                        (form.long_text("document", &document))
                        button type="submit" { (lang.pick("Save the file", "Datei speichern")) }
                    }
                }
            }
        }
    }
}

/// The text after its first heading, where that is the title: the page has it as its own.
fn without_title<'t>(body: &'t str, title: &str) -> &'t str {
    let (first, rest) = body.trim_start().split_once('\n').unwrap_or((body.trim_start(), ""));
    if first.strip_prefix("# ").is_some_and(|heading| heading.trim() == title) { rest } else { body }
}

/// The words to choose from, and the one that stands there if it is none of them.
fn choices<'w>(words: &'w [String], now: &'w str) -> impl Iterator<Item = (&'w str, &'w str)> {
    let now = Some(now).filter(|now| !now.is_empty() && !words.iter().any(|word| word == now));
    words.iter().map(String::as_str).chain(now).map(|word| (word, word))
}
