//! The interface described: OpenAPI 3.1 at `/openapi.json`, made from the routes themselves, and a page that shows it.
//! The document, which tools read, is in English; the page is in the reader's language.
//!
//! A route cannot be added without its description: [`Routes::at`] takes both. It is the same for everybody and made
//! once, by whoever asks first. Like everything else it is behind the gate: a stranger is told nothing, not even what
//! could be asked for.

pub mod account;
pub mod admin;
pub mod auth;
pub mod beside;
mod document;
mod german;
pub mod history;
pub mod looking_back;
mod operation;
pub mod pages;
mod requests;
pub mod rules;
pub mod sync;
mod task_forms;
pub mod task_pages;
pub mod tasks;
pub mod timeline;
pub mod tokens;
pub mod transfer;

use std::sync::{Arc, LazyLock, OnceLock};

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::middleware::{map_request, map_response};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use hyper::{HeaderMap, Method};
use serde_json::Value;

use self::operation::Operation;
use super::errors::HttpError;
use super::extract::Visitor;
use super::query::Query;
use super::respond::{Asset, Freshness};
use super::site::Site;
use super::{router, web};
use crate::domain::lang::Lang;
use crate::domain::theme::Theme;

/// Tells what a method of a route does.
pub type Describe = fn() -> Operation;

/// A method of a route, and what it does.
pub struct Described {
    pub path: &'static str,
    pub method: Method,
    pub describe: Describe,
}

/// Which of the described methods answered: it travels with the answer to the gate, which counts it.
#[derive(Clone, Copy)]
pub struct EndpointIndex(pub usize);

/// A method with its handler, to be put to a path.
pub struct Endpoint {
    method: Method,
    handler: MethodRouter<Arc<Site>>,
    describe: Describe,
}

macro_rules! endpoints {
    ($($(#[$doc:meta])* $name:ident $method:ident)*) => {$(
        $(#[$doc])*
        pub fn $name<H: Handler<T, Arc<Site>>, T: 'static>(handler: H, describe: Describe) -> Endpoint {
            Endpoint { method: Method::$method, handler: on(MethodFilter::$method, handler), describe }
        }
    )*};
}

endpoints! {
    /// GET, and HEAD as HTTP has it.
    get GET
    post POST
    put PUT
    patch PATCH
    delete DELETE
}

/// The routes, each with its description.
#[derive(Default)]
pub struct Routes {
    router: Router<Arc<Site>>,
    pub described: Vec<Described>,
    /// The paths that are for everybody.
    pub open: Vec<&'static str>,
    /// Of these, those whose requests are signed, which says more than where they come from.
    pub signed: Vec<&'static str>,
}

impl Routes {
    /// As [`Routes::at`], for everybody: nobody has to be signed in. Such a path has no parameters.
    pub fn open<const N: usize>(mut self, path: &'static str, endpoints: [Endpoint; N]) -> Routes {
        self.open.push(path);
        self.at(path, endpoints)
    }

    /// As [`Routes::open`], for programs that sign what they send: its handler must not do anything unsigned.
    pub fn signed<const N: usize>(mut self, path: &'static str, endpoints: [Endpoint; N]) -> Routes {
        self.signed.push(path);
        self.open(path, endpoints)
    }

    /// Adds what a path answers to.
    pub fn at<const N: usize>(mut self, path: &'static str, endpoints: [Endpoint; N]) -> Routes {
        for Endpoint { method, handler, describe } in endpoints {
            let endpoint = EndpointIndex(self.described.len());
            let checked = if method.is_safe() { handler } else { with_checked_query(handler, describe) };
            let marked = checked.route_layer(map_response(move |mut response: Response| async move {
                response.extensions_mut().insert(endpoint);
                response
            }));
            self.router = self.router.route(path, marked);
            self.described.push(Described { path, method, describe });
        }
        self
    }

    /// Describes a GET that is answered before the router.
    pub fn beside(mut self, path: &'static str, describe: Describe) -> Routes {
        self.described.push(Described { path, method: Method::GET, describe });
        self
    }

    /// What answers them; everything else is told that it is not there.
    pub fn router(self, site: Arc<Site>) -> Router {
        self.router
            .fallback(async || HttpError::NoSuchRoute)
            .method_not_allowed_fallback(async || HttpError::MethodNotAllowed)
            .with_state(site)
    }
}

/// A request that changes something says nothing in its query that is not understood.
fn with_checked_query(handler: MethodRouter<Arc<Site>>, describe: Describe) -> MethodRouter<Arc<Site>> {
    let known = describe().query_names();
    handler.route_layer(map_request(move |request: Request| {
        // `?dryrun=true` would change what it was only to look at. Reading is patient, with what clients add against
        // caches.
        let query = Query::parse(request.uri().query().unwrap_or_default());
        std::future::ready(query.check(&known).map(|()| request).map_err(HttpError::from))
    }))
}

static JSON: LazyLock<Asset> = LazyLock::new(|| Asset::new("application/json", document_in(Lang::En).to_string()));
/// By language and theme, each made for whoever asks for it first.
static PAGES: [[OnceLock<Asset>; 3]; 2] = [const { [const { OnceLock::new() }; 3] }; 2];

fn document_in(lang: Lang) -> Value {
    document::document(&router::routes().described, lang)
}

fn page_in(lang: Lang, theme: Theme) -> &'static Asset {
    let [english, german] = &PAGES;
    let [auto, light, dark] = lang.pick(english, german);
    let page = match theme {
        Theme::Auto => auto,
        Theme::Light => light,
        Theme::Dark => dark,
    };
    page.get_or_init(|| {
        let page = web::interface(&document_in(lang), (lang, theme));
        Asset::new("text/html; charset=utf-8", page.into_string())
    })
}

/// `GET /openapi.json`
pub async fn document(headers: HeaderMap) -> Response {
    JSON.answer(&headers, Freshness::AskEachTime)
}

/// `GET /api`: the document for people.
pub async fn page(visitor: Visitor, headers: HeaderMap) -> Result<Response, HttpError> {
    let service = &visitor.site.service;
    let own = visitor.actor.map(|actor| service.settings(actor.user)).transpose()?;
    let (lang, theme) = own.map_or((visitor.lang, Theme::Auto), |(settings, _)| (settings.lang, settings.theme));
    Ok(page_in(lang, theme).answer(&headers, Freshness::AskEachTime))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use chrono::NaiveDate;

    use super::*;
    use crate::domain::document::EditError;
    use crate::domain::lang::{Phrase, Sentence};
    use crate::domain::problem::{Problem, ProblemKind};
    use crate::domain::script::RuleError;
    use crate::http::body::BodyError;
    use crate::http::head::HeadError;
    use crate::service::error::{
        AccessRefusal, ExportRefusal, Fault, PastRefusal, Refusal, SyncRefusal, Trouble, TroubleKind,
    };

    const EXPECTED: Phrase = Phrase { en: "", de: "" };

    fn text() -> String {
        String::new()
    }

    fn problem() -> Problem {
        Problem { line: 1, kind: ProblemKind::NotNumbered }
    }

    fn faults() -> Vec<Fault> {
        let day = NaiveDate::default();
        vec![
            Fault::Missing,
            Fault::WrongType { expected: EXPECTED },
            Fault::UnknownWord { value: text(), known: Vec::new() },
            Fault::NotADate { value: text() },
            Fault::NoSuchSlot { datum: day, zeit: text(), known: Vec::new() },
            Fault::TooLong { chars_max: 1 },
            Fault::TooMany { count_max: 1 },
            Fault::Empty,
            Fault::ControlCharacter,
            Fault::NotTogetherWith { other: "" },
            Fault::Unreadable(problem()),
            Fault::Malformed { expected: EXPECTED },
            Fault::Guessable,
        ]
    }

    fn refusals() -> Vec<Refusal> {
        let fields = faults()
            .into_iter()
            .flat_map(|fault| ["kategorie", "title"].map(|field| Refusal::Field { field, fault: fault.clone() }));
        let others = [
            Refusal::UnknownField { name: text(), nearest: None },
            Refusal::NoSuchTask { id: text() },
            Refusal::Ambiguous { id: text(), candidates: Vec::new() },
            Refusal::Changed { file: text() },
            Refusal::IfMatchNeeded,
            Refusal::Unreadable { file: text(), problem: problem() },
            Refusal::NotEditable { file: text(), error: EditError::NotATask },
            Refusal::TooLarge,
            Refusal::SlotTaken { datum: NaiveDate::default(), zeit: text(), by: text() },
            Refusal::NoNumberLeft,
            Refusal::KeyReused,
            Refusal::KeyInFlight,
            Refusal::NoSuchChange { generation: 1 },
            Refusal::TouchedSince { what: text(), is_back: false },
            Refusal::NoSuchUser { name: text() },
            Refusal::UserExists { name: text() },
            Refusal::LastAdmin { name: text() },
            Refusal::NoSuchToken { id: text() },
            Refusal::TooManyTokens,
            Refusal::TokenIssuedBefore { id: text() },
            Refusal::ScopeNotHeld { scope: "" },
            Refusal::OutlivesToken,
            Refusal::MalformedArchive,
            Refusal::BroughtChange { generation: 1 },
            Refusal::Export(ExportRefusal::NotJson { line: 1, column: 1 }),
            Refusal::Export(ExportRefusal::NotAnExport),
            Refusal::Export(ExportRefusal::Wrong { place: text(), fault: Fault::Missing }),
            Refusal::Export(ExportRefusal::UnknownField { place: text(), name: text() }),
            Refusal::Export(ExportRefusal::Newer { version: 2, known: 1 }),
            Refusal::Export(ExportRefusal::TooLarge),
            Refusal::ArchiveTooLarge,
            Refusal::RulesRefused { errors: Vec::new() },
            Refusal::NoSuchRulesVersion { version: text() },
            Refusal::ArchiveHeadersTooLarge,
            Refusal::NotAnAdministrator { name: text() },
        ];
        let access = [
            AccessRefusal::SignInFailed,
            AccessRefusal::WrongPassword,
            AccessRefusal::TooManyAttempts { wait: Duration::ZERO },
            AccessRefusal::TooManyPasswords,
            AccessRefusal::PasswordsUnavailable,
            AccessRefusal::KeyFileUnusable,
            AccessRefusal::LinkUsed,
            AccessRefusal::SetUpBefore,
            AccessRefusal::NotOverTheNetwork,
        ];
        let past = [
            PastRefusal::NotReached { generation: 2, present: 1 },
            PastRefusal::Brought { generation: 1 },
            PastRefusal::NotKept { generation: 1 },
            PastRefusal::OtherBasis { generation: 1, differing: Vec::new() },
        ];
        let past = past.map(Refusal::Past);
        fields.chain(others).chain(access.map(Refusal::Access)).chain(past).chain(sync()).collect()
    }

    fn sync() -> impl Iterator<Item = Refusal> {
        let sentence = || Sentence { en: text(), de: text() };
        let own = [
            SyncRefusal::NoRemote,
            SyncRefusal::SwitchedOff,
            SyncRefusal::NoSuchBranch { branch: text() },
            SyncRefusal::NoSuchCommit { commit: text() },
            SyncRefusal::Unusable { field: "", sentence: sentence() },
        ];
        let troubles = TroubleKind::ALL.map(|kind| SyncRefusal::Trouble(Trouble { kind, sentence: sentence() }));
        own.into_iter().chain(troubles).map(Refusal::Sync)
    }

    fn errors() -> Vec<HttpError> {
        let heads = [HeadError::HostMissing, HeadError::ExpectationUnknown, HeadError::ContentEncoded];
        let bodies =
            [BodyError::TooLarge { bytes_max: 1 }, BodyError::IdleTimeout, BodyError::TotalTimeout, BodyError::Cut];
        let own = [
            HttpError::UnknownHost { host: text() },
            HttpError::SignInNeeded,
            HttpError::InvalidToken,
            HttpError::InvalidSignature,
            HttpError::ScopeMissing { scope: "read", is_session: false },
            HttpError::SomebodyElse,
            HttpError::OwnAccount,
            HttpError::CrossSite,
            HttpError::NoSuchRoute,
            HttpError::MethodNotAllowed,
            HttpError::NotJson,
            HttpError::NotJsonOrText,
            HttpError::NotJsonOrForm,
            HttpError::NotTarOrJson,
            HttpError::UserNeeded,
            HttpError::MalformedJson { line: 1, column: 1 },
            HttpError::NotAnObject,
            HttpError::MalformedQuery { name: "", expected: EXPECTED },
            HttpError::MalformedHeader { name: "", expected: EXPECTED },
            HttpError::Unavailable,
            HttpError::NotSaved,
            HttpError::NoRoom { needed_bytes: 1, free_bytes: 0 },
            HttpError::UnknownOutcome,
            HttpError::Busy,
            HttpError::TrialCut(RuleError::of_script("", "")),
        ];
        let refused = refusals().into_iter().map(HttpError::Refused);
        let all = heads.into_iter().map(HttpError::Head).chain(bodies.into_iter().map(HttpError::Body));
        all.chain(own).chain(refused).collect()
    }

    #[test]
    fn every_code_is_described_and_no_other() {
        let known: BTreeSet<_> = errors().iter().map(|error| (error.status().as_u16(), error.code())).collect();
        let operations = router::routes().described.into_iter().map(|described| (described.describe)());
        let mut described: BTreeSet<(u16, &str)> = operations
            .flat_map(|operation| operation.refusals)
            .flat_map(|(status, codes)| codes.into_iter().map(move |code| (status, code)))
            .collect();
        // Where this one can come depends on the method; `document` adds it.
        described.insert((403, "cross_site"));
        let invented: Vec<_> = described.difference(&known).collect();
        assert!(invented.is_empty(), "there is no {invented:?}");
        let codes: BTreeSet<_> = described.iter().map(|(_, code)| *code).collect();
        let forgotten: Vec<_> = known.iter().filter(|(_, code)| !codes.contains(code)).collect();
        assert!(forgotten.is_empty(), "nothing is said of {forgotten:?}");
    }
}
