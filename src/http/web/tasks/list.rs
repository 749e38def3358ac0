//! `/tasks`: all tasks, narrowed by what one looks for, and one act on several at once.

use axum::response::Response;
use hyper::StatusCode;
use maud::{Markup, html};

use crate::domain::date;
use crate::domain::ids::{DocKey, FileName};
use crate::domain::lang::Lang;
use crate::domain::task::Status;
use crate::http::auth::{page as shown, see_other};
use crate::http::errors::HttpError;
use crate::http::extract::{Asked, FormOrJson};
use crate::http::query::Query;
use crate::http::web::form::signed_in_as;
use crate::http::web::layout::{Place, Viewer, account_page};
use crate::http::web::told::{self, Told, status};
use crate::http::web::{segment, words};
use crate::http::wire::Known;
use crate::service::error::{Refusal, ServiceError};
use crate::service::tasks::{Filter, Page, Summary, Verb, Words};

pub(in crate::http) const SEVERAL_FIELDS: [&str; 3] = ["task", "act", "back"];

/// Tasks on one page.
const PAGE: usize = 100;

/// What one looks for, as it was typed.
struct Looked {
    status: Option<Status>,
    kategorie: String,
    tag: String,
    text: String,
}

impl Looked {
    fn of(query: &Query) -> Looked {
        let text = |name: &str| query.text(name).unwrap_or_default().to_owned();
        // Who asks for nothing sees what is still to be done.
        let status = query.text("status").unwrap_or("offen");
        Looked { status: Status::parse(status), kategorie: text("kategorie"), tag: text("tag"), text: text("q") }
    }

    fn filter(&self, after: Option<DocKey>) -> Filter {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Filter {
            status: self.status,
            kategorie: given(&self.kategorie),
            tag: given(&self.tag),
            text: given(&self.text),
            from: None,
            after,
            limit: PAGE,
        }
    }

    fn address(&self, after: Option<&str>) -> String {
        let status = self.status.map_or("alle", Status::as_str);
        let fields = [("status", status), ("kategorie", &self.kategorie), ("tag", &self.tag), ("q", &self.text)];
        let fields = fields.into_iter().chain(after.map(|after| ("after", after)));
        let given: Vec<_> = fields.filter(|(_, text)| !text.is_empty()).collect();
        let parts = given.iter().map(|(name, text)| format!("{name}={}", segment(text)));
        format!("/tasks?{}", parts.collect::<Vec<_>>().join("&"))
    }
}

/// `GET /tasks`
pub async fn list(asked: Asked, query: Query) -> Result<Response, HttpError> {
    let service = &asked.site.service;
    let lang = service.settings(asked.actor.user)?.0.lang;
    let looked = Looked::of(&query);
    let after = query.text("after").and_then(FileName::parse).map(DocKey::of);
    let here = looked.address(query.text("after"));
    let page = service.list_tasks(asked.actor.user, looked.filter(after), lang).await?;
    let told = Told::of(&asked, &query).await?;
    let viewer = Viewer::of(&asked.actor, lang);
    let Words { categories, .. } = service.words(asked.actor.user).await?;
    let content = html! {
        @if let Some(told) = &told { (told.show(viewer, &here)) }
        (search(&looked, &categories, lang))
        (found(viewer, &page, &here))
        @if let Some(next) = &page.next {
            p { a.button href=(looked.address(Some(next))) rel="next" { (lang.pick("Next page", "Nächste Seite")) } }
        }
    };
    Ok(shown(StatusCode::OK, account_page(viewer, Place::Tasks, lang.pick("Tasks", "Aufgaben"), &content)))
}

fn search(looked: &Looked, categories: &[String], lang: Lang) -> Markup {
    let statuses = Status::ALL.map(|word| (word.as_str(), status(word, lang)));
    html! {
        form.search method="get" action="/tasks" role="search" {
            div.field {
                label for="search-q" { (lang.pick("Text", "Text")) }
                input id="search-q" type="search" name="q" value=(looked.text);
            }
            div.field {
                label for="search-tag" { (lang.pick("Tag", "Schlagwort")) }
                input id="search-tag" type="text" name="tag" value=(looked.tag) autocapitalize="none";
            }
            div.field {
                label for="search-kategorie" { (lang.pick("Category", "Kategorie")) }
                select id="search-kategorie" name="kategorie" {
                    option value="" { (lang.pick("all", "alle")) }
                    @for category in categories { option value=(category) selected[*category == looked.kategorie] { (category) } }
                }
            }
            div.field {
                label for="search-status" { "Status" }
                select id="search-status" name="status" {
                    @for (word, called) in statuses { option value=(word) selected[looked.status.is_some_and(|status| status.as_str() == word)] { (called) } }
                    option value="alle" selected[looked.status.is_none()] { (lang.pick("all", "alle")) }
                }
            }
            button type="submit" { (lang.pick("Search", "Suchen")) }
        }
    }
}

fn found(viewer: Viewer<'_>, page: &Page, here: &str) -> Markup {
    let lang = viewer.lang;
    html! {
        @if page.tasks.is_empty() {
            p.free { (lang.pick("Nothing fits. Look for less, or add a task on the week's page.", "Nichts passt. Weniger suchen, oder auf der Seite der Woche eine Aufgabe hinzufügen.")) }
        } @else {
            form.several id="several" method="post" action="/tasks" data-inline data-live {
                (signed_in_as(viewer.name))
                input type="hidden" name="back" value=(here);
                ul.found { @for task in &page.tasks { (row(task, lang)) } }
                div.bar {
                    span { (lang.pick("With those ticked:", "Mit den angekreuzten:")) }
                    button type="submit" name="act" value="complete" { (lang.pick("Done", "Erledigt")) }
                    button type="submit" name="act" value="cancel" { (lang.pick("Cancel", "Abbrechen")) }
                    button type="submit" name="act" value="reopen" { (lang.pick("Open again", "Wieder öffnen")) }
                    button type="submit" name="act" value="unpin" { (lang.pick("Back in line", "In die Reihe")) }
                }
            }
        }
    }
}

fn row(summary: &Summary, lang: Lang) -> Markup {
    let stem = told::stem(&summary.file);
    let spoken = format!("{} {stem}", lang.pick("choose", "auswählen"));
    html! {
        li data-key=(summary.file) {
            @if summary.reading.is_ok() {
                input id={ "choose-" (stem) } type="checkbox" name="task" value=(stem);
                label.spoken for={ "choose-" (stem) } { (spoken) }
            }
            div {
                (told::link(summary))
                div.marks {
                    @match &summary.reading {
                        Ok(task) => {
                            span { (task.kategorie) }
                            @if task.status != Status::Offen { span { (status(task.status, lang)) } }
                            @if let Some((day, zeit)) = &summary.placed { span { (day) " " (zeit) } }
                            @if let Some(without) = &summary.without { span.late[!without.is_later()] { (without.text(task, lang)) } }
                            @if let Some(deadline) = task.deadline { span { (lang.pick("due ", "fällig ")) (date::to_text(deadline)) } }
                            @for tag in &task.tags { span { "#" (tag) } }
                        }
                        Err(problem) => span.late { (lang.pick("unreadable, line ", "unlesbar, Zeile ")) (problem.line) ": " (problem.text(lang)) },
                    }
                }
            }
        }
    }
}

/// `POST /tasks`: one act on each task that is ticked.
pub async fn act_on_several(asked: Asked, FormOrJson { object, .. }: FormOrJson) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &SEVERAL_FIELDS)?;
    let back = known.text("back")?;
    let back = back.as_deref().map_or("/tasks", crate::http::auth::own_path).to_owned();
    let (ids, act) = (words(&known, "task")?, known.text("act")?.unwrap_or_default());
    if ids.is_empty() {
        return Ok(see_other(&back));
    }
    let (mut done, mut refused) = (0, None);
    for id in &ids {
        match one(&asked, id.clone(), &act).await {
            Ok(()) => done += 1,
            Err(error @ ServiceError::Refused(_)) => {
                refused.get_or_insert((id, error));
            }
            Err(error) => return Err(error.into()),
        }
    }
    match refused {
        None => Ok(see_other(&told::address(&back, "several", None, None))),
        Some(_) if done > 0 => Ok(see_other(&told::address(&back, "several-but", None, None))),
        Some((id, error)) => asked.task_again(id, error).await,
    }
}

async fn one(asked: &Asked, id: String, act: &str) -> Result<(), ServiceError> {
    let (service, user, origin) = (&asked.site.service, asked.actor.user, asked.origin());
    let verb = match act {
        "complete" => {
            service.complete_task(user, origin, id, None, None, None).await?;
            return Ok(());
        }
        "cancel" => Verb::Cancel,
        "reopen" => Verb::Reopen,
        "unpin" => Verb::Unpin,
        _ => return Err(Refusal::field("act", crate::service::error::Fault::Missing).into()),
    };
    service.apply_verb(user, origin, id, verb, None, None).await.map(drop)
}
