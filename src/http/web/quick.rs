//! The line in which one types a new task, and what it was understood to say.

use axum::response::Response;
use hyper::StatusCode;
use maud::{Markup, html};

use super::acts::day_and_slot;
use super::form::{Errors, signed_in_as};
use super::layout::Viewer;
use super::{Again, new_key};
use crate::domain::date;
use crate::domain::difference::{Move, Standing};
use crate::domain::hex::hex;
use crate::domain::lang::{Lang, Phrase};
use crate::http::errors::HttpError;
use crate::http::extract::{Asked, FormOrJson};
use crate::http::web::form_key;
use crate::http::wire::Known;
use crate::service::error::ServiceError;
use crate::service::tasks::{Fields, IdempotencyKey, Line, Looked, Understood};
use crate::view::text;

pub(in crate::http) const QUICK_FIELDS: [&str; 5] = ["line", "kategorie", "slot", "key", "look"];

const EXAMPLE: Phrase = Phrase {
    en: "Tax return !fri evening #finance @private by 31.10.",
    de: "Steuer abgeben !fr abends #finanzen @privat bis 31.10.",
};
/// Moves that are listed; the rest is counted.
const MOVES_MAX: usize = 5;

/// The form as it was typed, with what came of it.
#[derive(Default)]
pub struct QuickForm {
    pub line: String,
    pub kategorie: String,
    /// What the user's rules know.
    pub categories: Vec<String>,
    pub errors: Errors,
    pub looked: Option<Looked>,
    /// What was understood of a line that is refused.
    pub refused: Option<Understood>,
}

/// `POST /quick`: adds the task, or shows what would be added.
pub async fn send(asked: Asked, FormOrJson { object, .. }: FormOrJson) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &QUICK_FIELDS)?;
    let (text, kategorie) = (known.text("line")?.unwrap_or_default(), known.text("kategorie")?.unwrap_or_default());
    let slot = known.text("slot")?.filter(|slot| !slot.is_empty()).map(|slot| day_and_slot(&slot)).transpose();
    let line = Line {
        text: text.clone(),
        kategorie: Some(kategorie.clone()).filter(|word| !word.is_empty()),
        slot: slot.clone().ok().flatten(),
    };
    let (service, user, origin) = (&asked.site.service, asked.actor.user, asked.origin());
    let typed = QuickForm { line: text, kategorie, ..QuickForm::default() };
    let result = if let Err(malformed) = slot {
        Err(malformed.into())
    } else if known.value("look").is_some() {
        service.look_at_line(user, origin, line.clone()).await.map(Err)
    } else {
        match form_key("POST /quick", &known, object.fingerprint) {
            Ok(key) => service.add_line(user, origin, line.clone(), key.as_ref().map(of_this_line)).await.map(Ok),
            Err(refusal) => Err(refusal.into()),
        }
    };
    match result {
        Ok(Ok(saved)) => Ok(asked.tell_saved("/", "added", &saved)),
        Ok(Err(looked)) => {
            asked.week_page(StatusCode::OK, None, None, QuickForm { looked: Some(looked), ..typed }).await
        }
        Err(error) => {
            let again = Again::of(error)?;
            let lang = asked.site.service.settings(user)?.0.lang;
            let errors = Errors::of(&again.refusal, lang);
            // Whoever only looks is answered: with what is wrong.
            let status = if known.value("look").is_some() { StatusCode::OK } else { again.status() };
            let refused = match service.read_line(user, asked.origin(), line).await {
                Ok(understood) => Some(understood),
                Err(ServiceError::Refused(_)) => None,
                Err(error) => return Err(error.into()),
            };
            let page = asked.week_page(status, None, None, QuickForm { errors, refused, ..typed }).await?;
            Ok(again.told(page))
        }
    }
}

/// Whoever goes back to a page and types another line there adds another task, though the page has the key of the first.
fn of_this_line(key: &IdempotencyKey) -> IdempotencyKey {
    let line = hex(key.fingerprint);
    IdempotencyKey { key: format!("{} {line}", key.key), ..key.clone() }
}

/// The form, for the top of a page.
pub fn quick(viewer: Viewer<'_>, form: &QuickForm) -> Markup {
    let lang = viewer.lang;
    let error = form.errors.any();
    html! {
        form.quick id="quick" method="post" action="/quick" data-inline data-module="quick" {
            (signed_in_as(viewer.name))
            input type="hidden" name="key" value=(new_key());
            label for="quick-line" { (lang.pick("New task", "Neue Aufgabe")) }
            div.line-of {
                input id="quick-line" name="line" type="text" value=(form.line) required maxlength="500" autocomplete="off"
                    placeholder=(EXAMPLE.text(lang)) aria-describedby="quick-hint" aria-invalid=[error.map(|_| "true")]
                    autofocus[error.is_some() || form.looked.is_some()];
                label.spoken for="quick-kategorie" { (lang.pick("Category", "Kategorie")) }
                select id="quick-kategorie" name="kategorie" {
                    @for category in &form.categories {
                        option value=(category) selected[*category == form.kategorie] { (category) }
                    }
                }
                button.main type="submit" { (lang.pick("Add", "Hinzufügen")) }
                button type="submit" name="look" value="true" { (lang.pick("Look first", "Erst ansehen")) }
            }
            p.hint id="quick-hint" {
                (lang.pick(
                    "!day and slot fixes it, #tag, @category, by day is the deadline; all but the title may be left out. Days: fri, next fri (of next week), Oct 31, 31.10.",
                    "!Tag und Slot legt sie fest, #Schlagwort, @Kategorie, bis Tag ist der Termin; nur der Titel muss sein. Tage: fr, nächsten Fr (der in der Woche darauf), 31. Okt, 31.10.",
                ))
            }
            div id="quick-told" {
                @if let Some(error) = error { p.error id="quick-error" role="alert" { (error) } }
                @if let Some(refused) = &form.refused { (understood(refused, lang)) }
                @if let Some(looked) = &form.looked { (looked_at(looked, lang)) }
            }
        }
    }
}

/// What a line says, in marks.
fn marks(Fields { kategorie, tags, deadline, fixed_slot, .. }: &Fields, lang: Lang) -> Markup {
    html! {
        ul.marks {
            @if let Some(kategorie) = kategorie { li { "@" (kategorie) } }
            @for tag in tags.iter().flatten() { li { "#" (tag) } }
            @if let Some(Some(deadline)) = deadline { li { (lang.pick("due ", "fällig ")) (deadline) } }
            @if let Some(Some(slot)) = fixed_slot {
                li { (lang.pick("fixed to ", "fest am ")) (slot.datum.as_deref().unwrap_or_default()) " " (slot.zeit.as_deref().unwrap_or_default()) }
            }
        }
    }
}

/// What was understood of a line that is refused, and which slots could be had instead.
fn understood(Understood { fields, offers }: &Understood, lang: Lang) -> Markup {
    html! {
        div.understood {
            p { strong { (fields.title.as_deref().unwrap_or_default()) } }
            (marks(fields, lang))
            @if !offers.is_empty() {
                p.bar {
                    (lang.pick("Free instead:", "Frei wäre:"))
                    @for (day, zeit) in offers {
                        button.small type="submit" name="slot" value={ (day) "/" (zeit) } {
                            (lang.pick("Add at ", "Hinzufügen am ")) (day) " " (zeit)
                        }
                    }
                }
            }
        }
    }
}

/// What a line says, and where its task would stand.
fn looked_at(looked: &Looked, lang: Lang) -> Markup {
    let Looked { fields, id, placed, difference } = looked;
    let Fields { deadline, title, .. } = fields;
    let others: Vec<&Move> = difference.moves.iter().filter(|step| step.from.is_some()).collect();
    let own = difference.moves.iter().find(|step| step.from.is_none()).and_then(|step| Some((step, step.to.as_ref()?)));
    html! {
        div.understood role="status" {
            p { span.id { (id) } " " strong { (title.as_deref().unwrap_or_default()) } }
            (marks(fields, lang))
            p {
                @match placed {
                    Some((day, zeit)) => {
                        (lang.pick("It would stand at ", "Sie stünde am ")) strong { (day) " " (zeit) } "."
                        @if is_late(deadline.as_ref().and_then(Option::as_deref), day) {
                            " " span.late { "⚠ " (lang.pick("That is after its deadline.", "Das ist nach ihrem Termin.")) }
                        }
                    }
                    None => {
                        @match own {
                            Some((step, Standing::Without(reason))) => {
                                (lang.pick("It would have no slot: ", "Sie hätte keinen Slot: ")) (text::reason_of(&step.task, reason, lang)) "."
                            }
                            _ => (lang.pick("It would have no slot in these days, and stand in line.", "Sie hätte in diesen Tagen keinen Slot und stünde in der Reihe.")),
                        }
                    }
                }
            }
            @if !others.is_empty() {
                ul {
                    @for step in others.iter().take(MOVES_MAX) { li { (text::movement(step, lang)) } }
                    @if others.len() > MOVES_MAX { li { (others.len() - MOVES_MAX) " " (lang.pick("more would move", "weitere würden verschoben")) } }
                }
            }
        }
    }
}

fn is_late(deadline: Option<&str>, day: &str) -> bool {
    deadline.and_then(date::parse_request).zip(date::parse_request(day)).is_some_and(|(deadline, day)| deadline < day)
}
