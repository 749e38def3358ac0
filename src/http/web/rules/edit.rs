//! `/rules/edit`: writing a script of one's own, trying it, and making it part of the list.

use axum::response::Response;
use hyper::StatusCode;

use super::editor::Editor;
use super::typed::Typed;
use super::{DRAWN_WIDTH, State};
use crate::domain::lang::{Lang, Phrase};
use crate::domain::script::RuleError;
use crate::http::auth::{page as shown, see_other};
use crate::http::errors::HttpError;
use crate::http::extract::{Asked, FormOrJson, LongForm, ScriptInPath};
use crate::http::query::Query;
use crate::http::web::form::Errors;
use crate::http::web::layout::Viewer;
use crate::http::web::notice::Notice;
use crate::http::web::segment;
use crate::http::wire::Known;
use crate::service::error::{Fault, Refusal, ServiceError};
use crate::service::preview::Previewed;
use crate::service::rules::{Rules, RulesRequest, TestRun, is_name};
use crate::service::tasks::Expectation;
use crate::view::text;

pub(in crate::http) const EDIT_FIELDS: [&str; 7] = ["act", "of", "name", "script", "tests", "defaults", "etag"];

const ACT: Phrase = Phrase { en: "check, look, test or save", de: "check, look, test oder save" };
const NAME: Phrase = Phrase { en: "1 to 64 characters of a-z, 0-9 and -", de: "1 bis 64 Zeichen aus a-z, 0-9 und -" };
/// What is said of a name that another script has.
pub(super) const NAME_TAKEN: Phrase = Phrase {
    en: "A script of the list is called so already; choose another name.",
    de: "So heißt schon ein Skript der Liste; bitte einen anderen Namen wählen.",
};
const SCRIPT: Phrase = Phrase { en: "at most 16 KiB long", de: "höchstens 16 KiB lang" };

/// What trying a script came to.
#[derive(Clone)]
pub(super) enum Told {
    Nothing,
    Notice(Notice),
    /// Nothing is wrong with the list.
    Sound,
    /// The week as it would be, drawn.
    Looked(String),
    Tested(TestRun),
    Wrong(Vec<RuleError>),
    /// Something else kept it from being done.
    Failed(Errors),
    /// Somebody else set the rules meanwhile.
    Conflict,
}

/// `GET /rules/edit`: a new one, or a copy of a ready one.
pub async fn begin(asked: Asked, query: Query) -> Result<Response, HttpError> {
    let (service, user) = (&asked.site.service, asked.actor.user);
    let lang = service.settings(user)?.0.lang;
    let rules = service.rules(user).await?;
    let name = query.text("new").map(str::trim).filter(|name| !name.is_empty());
    let typed = match query.text("from") {
        None => Typed::new(&rules, name, lang),
        Some(script) => match Typed::copy(&rules, script, name, lang) {
            Some(typed) => typed,
            None => return asked.no_such_rule(&rules, script).await,
        },
    };
    let is_taken = rules.entries.iter().any(|entry| entry.name() == typed.name);
    let told = match is_taken || !is_name(&typed.name) {
        true => Told::Failed(Errors::at_field("name", wrong_name(&typed.name, lang))),
        false => Told::Nothing,
    };
    asked.editor(StatusCode::OK, &rules, &typed, told, rules.etag.clone())
}

/// `GET /rules/edit/{script}`
pub async fn open(asked: Asked, ScriptInPath(script): ScriptInPath, query: Query) -> Result<Response, HttpError> {
    let (service, user) = (&asked.site.service, asked.actor.user);
    let lang = service.settings(user)?.0.lang;
    let rules = service.rules(user).await?;
    let Some(typed) = Typed::of(&rules, &script, lang) else { return asked.no_such_rule(&rules, &script).await };
    let told = Notice::of(query.text("done")).map_or(Told::Nothing, Told::Notice);
    asked.editor(StatusCode::OK, &rules, &typed, told, rules.etag.clone())
}

/// `POST /rules/edit`: tries what was written, or keeps it.
pub async fn send(asked: Asked, LongForm(FormOrJson { object, .. }): LongForm) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &EDIT_FIELDS)?;
    let (typed, act, etag) = (Typed::sent(&known)?, known.text("act")?, known.text("etag")?);
    let rules = asked.site.service.rules(asked.actor.user).await?;
    let tried = match act.as_deref() {
        Some("save") => match asked.keep(&rules, &typed, etag.clone()).await {
            Ok(()) => return Ok(see_other(&format!("/rules/edit/{}?done=saved", segment(&typed.name)))),
            Err(error) => Err(error),
        },
        act => asked.tried(act, &rules, &typed).await,
    };
    let tried = tried.map_err(HttpError::from);
    let lang = asked.site.service.settings(asked.actor.user)?.0.lang;
    let told = tried.as_ref().map_or_else(|error| failure(error, &typed, lang), Clone::clone);
    let status = match &tried {
        Err(error) if error.status() == StatusCode::SERVICE_UNAVAILABLE => StatusCode::SERVICE_UNAVAILABLE,
        Err(_) | Ok(Told::Wrong(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        Ok(_) => StatusCode::OK,
    };
    // Only whoever has seen what somebody else saved goes on from there.
    let etag = etag.filter(|_| !matches!(told, Told::Conflict)).unwrap_or_else(|| rules.etag.clone());
    let mut page = asked.editor(status, &rules, &typed, told, etag)?;
    if let Err(error) = tried {
        error.tell_when(page.headers_mut());
    }
    Ok(page)
}

impl Asked {
    fn editor(
        &self,
        status: StatusCode,
        rules: &Rules,
        typed: &Typed,
        told: Told,
        etag: String,
    ) -> Result<Response, HttpError> {
        let settings = self.site.service.settings(self.actor.user)?.0;
        let editor = Editor { viewer: Viewer::of(&self.actor, settings), rules, typed, told, etag };
        Ok(shown(status, editor.whole()))
    }

    /// The page of rules, for an address of one that is not there.
    async fn no_such_rule(&self, rules: &Rules, script: &str) -> Result<Response, HttpError> {
        let lang = self.site.service.settings(self.actor.user)?.0.lang;
        let error = super::no_such_rule(rules, script).text(lang);
        let state = State { errors: Errors::at_field("", error), ..State::default() };
        self.rules_page(StatusCode::NOT_FOUND, state).await
    }

    async fn keep(&self, rules: &Rules, typed: &Typed, etag: Option<String>) -> Result<(), ServiceError> {
        let expected = etag.map(|etag| Expectation::OneOf(vec![etag]));
        let request = RulesRequest { user: self.actor.user, origin: self.origin(), expected, key: None };
        self.site.service.set_rules(request, typed.list(rules)).await.map(drop)
    }

    /// What is to be told of a script that is not kept.
    async fn tried(&self, act: Option<&str>, rules: &Rules, typed: &Typed) -> Result<Told, ServiceError> {
        let (service, user, list) = (&self.site.service, self.actor.user, typed.list(rules));
        Ok(match act {
            Some("check") => match service.check_rules(user, list).await? {
                errors if errors.is_empty() => Told::Sound,
                errors => Told::Wrong(errors),
            },
            Some("look") => match service.preview_rules(user, list, None, None).await? {
                Previewed::Planned(preview) => Told::Looked(text::preview(&preview, DRAWN_WIDTH)),
                Previewed::Refused(errors) => Told::Wrong(errors),
            },
            Some("test") => match service.test_rules(user, list, typed.name.clone()).await? {
                TestRun::Refused(error) => Told::Wrong(vec![error]),
                ran @ TestRun::Ran(_) => Told::Tested(ran),
            },
            _ => return Err(Refusal::field("act", Fault::Malformed { expected: ACT }).into()),
        })
    }
}

/// Why a script cannot be called so: one that looks right is another one's.
fn wrong_name(name: &str, lang: Lang) -> String {
    if is_name(name) { NAME_TAKEN.text(lang).to_owned() } else { malformed_name(lang) }
}

pub(super) fn malformed_name(lang: Lang) -> String {
    Fault::Malformed { expected: NAME }.text("Name", lang)
}

/// What is told instead, so that nothing that was written is lost.
fn failure(error: &HttpError, typed: &Typed, lang: Lang) -> Told {
    let at_field = |field, called: &str, expected: Phrase| {
        Told::Failed(Errors::at_field(field, Fault::Malformed { expected }.text(called, lang)))
    };
    match error {
        HttpError::Refused(Refusal::RulesRefused { errors }) => Told::Wrong(errors.clone()),
        HttpError::Refused(Refusal::Changed { .. }) => Told::Conflict,
        HttpError::Refused(Refusal::Field { field: "rules.name", .. }) => {
            Told::Failed(Errors::at_field("name", wrong_name(&typed.name, lang)))
        }
        HttpError::Refused(Refusal::Field { field: "rules.script", .. }) => {
            at_field("script", lang.pick("The script", "Das Skript"), SCRIPT)
        }
        HttpError::Refused(Refusal::Field { field: "rules.tests", .. }) => {
            at_field("tests", lang.pick("The text of the tests", "Der Text der Tests"), SCRIPT)
        }
        error => Told::Failed(Errors::at_field("", error.text(lang))),
    }
}
