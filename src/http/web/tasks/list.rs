//! `/tasks`: all tasks, narrowed by what one looks for, and one act on several at once.

use std::time::Instant;

use axum::response::Response;
use hyper::StatusCode;
use maud::{Markup, html};

use crate::domain::date;
use crate::domain::ids::{DocKey, FileName};
use crate::domain::lang::{Lang, Phrase};
use crate::domain::task::Status;
use crate::http::auth::{own_path, page as shown};
use crate::http::errors::HttpError;
use crate::http::extract::{Asked, FormOrJson};
use crate::http::query::Query;
use crate::http::web::form::{Errors, signed_in_as};
use crate::http::web::layout::{Place, Viewer, account_page};
use crate::http::web::told::{self, Told, status};
use crate::http::web::{Again, segment, timed, words};
use crate::http::wire::Known;
use crate::service::error::{Fault, Refusal};
use crate::service::tasks::{Act, Filter, Page, Several, Summary, Words};

pub(in crate::http) const SEVERAL_FIELDS: [&str; 4] = ["task", "act", "tag", "back"];

/// The page has no more than a hundred.
const SEVERAL_MAX: usize = 500;
const ONE_TAG: Phrase = Phrase { en: "one tag, without a comma", de: "ein einziges Schlagwort, ohne Komma" };
const ACTS: Phrase = Phrase {
    en: "complete, cancel, reopen, unpin, remove, tag or untag",
    de: "complete, cancel, reopen, unpin, remove, tag oder untag",
};

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
    let begun = Instant::now();
    let told = Told::of(&asked, &query).await?;
    Ok(timed(begun, asked.tasks_page(StatusCode::OK, &query, told, None).await?))
}

impl Asked {
    /// The tasks that an address asks for, with why something could not be done with them.
    async fn tasks_page(
        &self,
        status: StatusCode,
        query: &Query,
        told: Option<Told>,
        refused: Option<&str>,
    ) -> Result<Response, HttpError> {
        let (service, user) = (&self.site.service, self.actor.user);
        let settings = service.settings(user)?.0;
        let (lang, viewer) = (settings.lang, Viewer::of(&self.actor, settings));
        let looked = Looked::of(query);
        let after = query.text("after").and_then(FileName::parse).map(DocKey::of);
        let here = looked.address(query.text("after"));
        let page = service.list_tasks(user, looked.filter(after), lang).await?;
        let Words { categories, .. } = service.words(user).await?;
        let content = html! {
            @if let Some(told) = &told { (told.show(viewer, &here)) }
            (search(&looked, &categories, lang))
            (found(viewer, &page, &here, refused))
            @if let Some(next) = &page.next {
                p { a.button href=(looked.address(Some(next))) rel="next" { (lang.pick("Next page", "Nächste Seite")) } }
            }
        };
        Ok(shown(status, account_page(viewer, Place::Tasks, Place::Tasks.name().text(lang), &content)))
    }
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
                    // One that the rules do not know any more is looked for all the same.
                    @if !looked.kategorie.is_empty() && !categories.contains(&looked.kategorie) {
                        option value=(looked.kategorie) selected { (looked.kategorie) }
                    }
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

/// What was found. Why something could not be done with it stands in the form: a script shows that alone anew.
fn found(viewer: Viewer<'_>, page: &Page, here: &str, refused: Option<&str>) -> Markup {
    let lang = viewer.lang;
    html! {
        @if page.tasks.is_empty() {
            p.free { (lang.pick("Nothing fits. Look for less, or add a task on the week's page.", "Nichts passt. Weniger suchen, oder auf der Seite der Woche eine Aufgabe hinzufügen.")) }
        } @else {
            form.several id="several" method="post" action="/tasks" data-inline data-live {
                (signed_in_as(viewer.name))
                input type="hidden" name="back" value=(here);
                ul.found { @for task in &page.tasks { (row(task, lang)) } }
                @if let Some(refused) = refused { p.alert role="alert" { (refused) } }
                (several(lang))
            }
        }
    }
}

/// What can be done with those that are ticked. The tag comes first: what is typed there and sent with the Enter key is a
/// tag, and nothing else.
fn several(lang: Lang) -> Markup {
    html! {
        div.bar role="group" aria-label=(lang.pick("With those ticked", "Mit den angekreuzten")) {
            span { (lang.pick("With those ticked:", "Mit den angekreuzten:")) }
            label.spoken for="several-tag" { (lang.pick("Tag", "Schlagwort")) }
            input id="several-tag" type="text" name="tag" maxlength="64" autocomplete="off" autocapitalize="none"
                placeholder=(lang.pick("tag", "Schlagwort"));
            button type="submit" name="act" value="tag" { (lang.pick("Tag", "Anheften")) }
            button type="submit" name="act" value="untag" { (lang.pick("Untag", "Ablösen")) }
            button type="submit" name="act" value="complete" { (lang.pick("Done", "Erledigt")) }
            button type="submit" name="act" value="cancel" { (lang.pick("Cancel", "Abbrechen")) }
            button type="submit" name="act" value="reopen" { (lang.pick("Open again", "Wieder öffnen")) }
            button type="submit" name="act" value="unpin" { (lang.pick("Back in line", "In die Reihe")) }
            button.danger type="submit" name="act" value="remove" { (lang.pick("Remove", "Entfernen")) }
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
    let back = back.as_deref().map_or("/tasks", own_path).to_owned();
    let (ids, tag) = (words(&known, "task")?, known.text("tag")?.unwrap_or_default());
    let act = act(&known.text("act")?.unwrap_or_default(), tag)?;
    if ids.is_empty() {
        return Ok(asked.tell(&back, "none", None, None));
    }
    if ids.len() > SEVERAL_MAX {
        return Err(Refusal::field("task", Fault::TooMany { count_max: SEVERAL_MAX }).into());
    }
    let word = if matches!(act, Act::Remove) { "several-removed" } else { "several" };
    match asked.site.service.act_on_several(asked.actor.user, asked.origin(), ids, act).await {
        Ok(Several { refused: None, generation, .. }) => Ok(asked.tell(&back, word, None, generation)),
        Ok(Several { done: 0, refused: Some((id, refusal)), .. }) => asked.task_again(&id, refusal.into()).await,
        Ok(Several { generation, .. }) => Ok(asked.tell(&back, "several-but", None, generation)),
        // It is a matter of the form, and not of one of the tasks.
        Err(error) => {
            let again = Again::of(error)?;
            let errors = Errors::of(&again.refusal, asked.site.service.settings(asked.actor.user)?.0.lang);
            let query = Query::parse(back.split_once('?').map_or("", |(_, query)| query));
            Ok(again.told(asked.tasks_page(again.status(), &query, None, errors.any()).await?))
        }
    }
}

fn act(word: &str, tag: String) -> Result<Act, Refusal> {
    Ok(match word {
        "complete" => Act::Complete,
        "cancel" => Act::Cancel,
        "reopen" => Act::Reopen,
        "unpin" => Act::Unpin,
        "remove" => Act::Remove,
        // With a comma it would be two where tags are typed in one line.
        "tag" | "untag" if tag.contains(',') => {
            return Err(Refusal::field("tags", Fault::Malformed { expected: ONE_TAG }));
        }
        "tag" => Act::Tag(tag),
        "untag" => Act::Untag(tag),
        _ => return Err(Refusal::field("act", Fault::Malformed { expected: ACTS })),
    })
}
