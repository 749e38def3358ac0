//! Every way in which a request can fail, and the one mapping to status and JSON.

mod refusal;

use axum::response::{IntoResponse, Response};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use super::body::BodyError;
use super::head::HeadError;
use crate::domain::lang::{Lang, Phrase};
use crate::domain::script::RuleError;
use crate::service::error::{AccessRefusal, ExportRefusal, Refusal, ServiceError, SyncRefusal, whole_seconds};
use crate::store::StoreError;
use crate::view::rule_errors;
use crate::view::rules::RuleErrorJson;

const SOMEBODY_ELSE: Phrase = Phrase {
    en: "Somebody else is signed in here by now; open the page again.",
    de: "Hier ist inzwischen jemand anderes angemeldet; bitte die Seite neu öffnen.",
};
const OWN_ACCOUNT: Phrase = Phrase {
    en: "This is your own account: another administrator can do that, and your password is in the settings.",
    de: "Das ist dein eigenes Konto: Das kann nur jemand anderes, der verwaltet, und dein Passwort steht in den Einstellungen.",
};
const INVALID_SIGNATURE: Phrase = Phrase {
    en: "X-Hub-Signature-256 is missing or wrong; give the webhook the secret that is set here as git.webhook_secret.",
    de: "X-Hub-Signature-256 fehlt oder ist falsch; bitte dem Webhook das Geheimnis geben, das hier als git.webhook_secret gesetzt ist.",
};
const USER_NEEDED: Phrase = Phrase {
    en: "This is a user's; say whose with the header Codexmiroir-User.",
    de: "Das gehört einem Benutzer; bitte mit dem Header Codexmiroir-User sagen, wem.",
};
const NOT_JSON_OR_TEXT: Phrase = Phrase {
    en: "The body must be JSON or a text in UTF-8: Content-Type: application/json or text/plain.",
    de: "Der Inhalt muss JSON oder Text in UTF-8 sein: Content-Type: application/json oder text/plain.",
};
const NOT_JSON_OR_FORM: Phrase = Phrase {
    en: "The body must be a form or JSON in UTF-8: Content-Type: application/x-www-form-urlencoded or application/json.",
    de: "Der Inhalt muss ein Formular oder JSON in UTF-8 sein: Content-Type: application/x-www-form-urlencoded oder application/json.",
};
const NOT_TAR_OR_JSON: Phrase = Phrase {
    en: "The body must be a tar archive or an export in JSON: Content-Type: application/x-tar or application/json.",
    de: "Der Inhalt muss ein tar-Archiv oder ein Export in JSON sein: Content-Type: application/x-tar oder application/json.",
};

/// A request that failed. As a response it carries itself along, and the gate writes its body in the
/// asker's language.
#[derive(Clone, Debug)]
pub enum HttpError {
    Head(HeadError),
    /// With its port, if one was asked for.
    UnknownHost {
        host: String,
    },
    SignInNeeded,
    InvalidToken,
    /// A webhook is not signed with the secret that was set for it.
    InvalidSignature,
    /// The asker's token or session lacks this scope.
    ScopeMissing {
        scope: &'static str,
        is_session: bool,
    },
    /// The administrator asks for something that only a user has.
    UserNeeded,
    /// The page that a form was on was for another user than the asker.
    SomebodyElse,
    /// An administrator's page does not do that to the administrator's own account.
    OwnAccount,
    CrossSite,
    NoSuchRoute,
    MethodNotAllowed,
    NotJson,
    NotJsonOrText,
    NotJsonOrForm,
    NotTarOrJson,
    MalformedJson {
        line: usize,
        column: usize,
    },
    NotAnObject,
    MalformedQuery {
        name: &'static str,
        expected: Phrase,
    },
    MalformedHeader {
        name: &'static str,
        expected: Phrase,
    },
    Body(BodyError),
    Refused(Refusal),
    /// Something failed before anything was changed; what, is in the log.
    Unavailable,
    /// The database takes no changes at present, and took nothing of this one.
    NotSaved,
    /// The disk has no room for what was to be saved.
    NoRoom {
        needed_bytes: u64,
        free_bytes: u64,
    },
    /// A write failed in a way that leaves open whether it happened.
    UnknownOutcome,
    Busy,
    /// Rules were to be tried, and the machine did not let the trial come to its end.
    TrialCut(RuleError),
}

impl From<ServiceError> for HttpError {
    fn from(error: ServiceError) -> HttpError {
        match error {
            ServiceError::Refused(refusal) => HttpError::Refused(refusal),
            // The writer has logged the fault, once for all that it fails.
            ServiceError::Store(StoreError::Unknown(_)) => HttpError::UnknownOutcome,
            ServiceError::Store(StoreError::NotWritten(_) | StoreError::Closed) => HttpError::NotSaved,
            ServiceError::Store(StoreError::NoRoom { needed_bytes, free_bytes }) => {
                tracing::warn!(needed_bytes, free_bytes, "a large change was refused: the disk has no room for it");
                HttpError::NoRoom { needed_bytes, free_bytes }
            }
            ServiceError::Store(error @ (StoreError::Read(_) | StoreError::Damaged(_))) => {
                tracing::error!(%error, "the store failed a request");
                HttpError::Unavailable
            }
            ServiceError::Interrupted(error) => {
                tracing::error!(%error, "a request was not planned");
                HttpError::Unavailable
            }
            ServiceError::Contended => HttpError::Busy,
            ServiceError::TrialCut(error) => HttpError::TrialCut(error),
        }
    }
}

impl From<Refusal> for HttpError {
    fn from(refusal: Refusal) -> HttpError {
        HttpError::Refused(refusal)
    }
}

impl From<StoreError> for HttpError {
    fn from(error: StoreError) -> HttpError {
        ServiceError::from(error).into()
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Why a request was not carried out.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub struct ErrorJson<'a> {
    /// Always false.
    ok: bool,
    /// One sentence for a person, in German or English by `Accept-Language`.
    error: String,
    /// The same for a program; it does not change.
    code: &'static str,
    /// The field, parameter or header that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// With `ambiguous_id`: the files that may have been meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates: Option<&'a [String]>,
    /// With `rules_refused`: what is wrong with the list; with `trial_cut`: where it was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<RuleErrorJson<'a>>>,
}

impl HttpError {
    pub fn status(&self) -> StatusCode {
        match self {
            HttpError::Head(error) => error.status(),
            HttpError::UnknownHost { .. } => StatusCode::MISDIRECTED_REQUEST,
            HttpError::SignInNeeded | HttpError::InvalidToken | HttpError::InvalidSignature => StatusCode::UNAUTHORIZED,
            HttpError::ScopeMissing { .. } | HttpError::CrossSite => StatusCode::FORBIDDEN,
            HttpError::SomebodyElse | HttpError::OwnAccount => StatusCode::CONFLICT,
            HttpError::NoSuchRoute => StatusCode::NOT_FOUND,
            HttpError::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            HttpError::NotJson | HttpError::NotJsonOrText | HttpError::NotJsonOrForm | HttpError::NotTarOrJson => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            HttpError::MalformedJson { .. }
            | HttpError::NotAnObject
            | HttpError::MalformedQuery { .. }
            | HttpError::MalformedHeader { .. }
            | HttpError::UserNeeded => StatusCode::BAD_REQUEST,
            HttpError::Body(BodyError::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            HttpError::Body(BodyError::IdleTimeout | BodyError::TotalTimeout) => StatusCode::REQUEST_TIMEOUT,
            HttpError::Body(BodyError::Cut) => StatusCode::BAD_REQUEST,
            HttpError::Refused(refusal) => refusal::status(refusal),
            HttpError::NoRoom { .. } => StatusCode::INSUFFICIENT_STORAGE,
            HttpError::Unavailable
            | HttpError::NotSaved
            | HttpError::UnknownOutcome
            | HttpError::Busy
            | HttpError::TrialCut(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The stable word that clients can go by.
    pub fn code(&self) -> &'static str {
        match self {
            HttpError::Head(HeadError::ContentEncoded) => "compressed_request",
            HttpError::Head(HeadError::ExpectationUnknown) => "unknown_expectation",
            HttpError::Head(_) => "malformed_request",
            HttpError::UnknownHost { .. } => "unknown_host",
            HttpError::SignInNeeded => "sign_in_needed",
            HttpError::InvalidToken => "invalid_token",
            HttpError::InvalidSignature => "invalid_signature",
            HttpError::ScopeMissing { .. } => "scope_missing",
            HttpError::UserNeeded => "user_needed",
            HttpError::SomebodyElse => "somebody_else",
            HttpError::OwnAccount => "own_account",
            HttpError::CrossSite => "cross_site",
            HttpError::NoSuchRoute => "no_such_route",
            HttpError::MethodNotAllowed => "method_not_allowed",
            HttpError::NotJson => "not_json",
            HttpError::NotJsonOrText => "not_json_or_text",
            HttpError::NotJsonOrForm => "not_json_or_form",
            HttpError::NotTarOrJson => "not_tar_or_json",
            HttpError::MalformedJson { .. } | HttpError::NotAnObject => "malformed_json",
            HttpError::MalformedQuery { .. } => "malformed_query",
            HttpError::MalformedHeader { .. } => "malformed_header",
            HttpError::Body(BodyError::TooLarge { .. }) => "too_large",
            HttpError::Body(BodyError::IdleTimeout | BodyError::TotalTimeout) => "too_slow",
            HttpError::Body(BodyError::Cut) => "cut",
            HttpError::Refused(refusal) => refusal::code(refusal),
            HttpError::Unavailable => "unavailable",
            HttpError::NotSaved => "not_saved",
            HttpError::NoRoom { .. } => "no_room",
            HttpError::UnknownOutcome => "unknown_outcome",
            HttpError::Busy => "busy",
            HttpError::TrialCut(_) => "trial_cut",
        }
    }

    pub fn text(&self, lang: Lang) -> String {
        let (en, de) = match self {
            HttpError::Refused(refusal) => return refusal.text(lang),
            HttpError::Head(error) => return head_text(*error, lang).to_owned(),
            HttpError::UnknownHost { host } => {
                return lang.pick(
                    format!("This server does not answer for “{host}”; start it with --public-url http://{host}, or ask it by its address."),
                    format!("Dieser Server antwortet nicht für „{host}“; bitte mit --public-url http://{host} starten oder die Adresse verwenden."),
                );
            }
            HttpError::MalformedJson { line, column } => {
                return lang.pick(
                    format!("The body is not valid JSON: line {line}, column {column}."),
                    format!("Der Inhalt ist kein gültiges JSON: Zeile {line}, Spalte {column}."),
                );
            }
            HttpError::MalformedQuery { name, expected } | HttpError::MalformedHeader { name, expected } => {
                let expected = expected.text(lang);
                return lang
                    .pick(format!("{name} must be {expected}."), format!("{name} muss so aussehen: {expected}."));
            }
            HttpError::SignInNeeded => (
                "Sign in at /login, or send the header Authorization: Bearer with a token.",
                "Bitte unter /login anmelden oder den Header Authorization: Bearer mit einem Token senden.",
            ),
            HttpError::InvalidToken => (
                "This token is not valid; it may have expired or been revoked: ask with another one.",
                "Dieses Token ist nicht gültig; vielleicht ist es abgelaufen oder widerrufen: bitte ein anderes verwenden.",
            ),
            HttpError::InvalidSignature => return INVALID_SIGNATURE.text(lang).to_owned(),
            HttpError::ScopeMissing { scope, is_session } => return scope_missing(scope, *is_session, lang),
            HttpError::UserNeeded => return USER_NEEDED.text(lang).to_owned(),
            HttpError::SomebodyElse => return SOMEBODY_ELSE.text(lang).to_owned(),
            HttpError::OwnAccount => return OWN_ACCOUNT.text(lang).to_owned(),
            HttpError::CrossSite => (
                "This request came from a page of another site and was refused; do it on a page of this server.",
                "Diese Anfrage kam von einer fremden Seite und wurde abgelehnt; bitte auf einer Seite dieses Servers stellen.",
            ),
            HttpError::NoSuchRoute => (
                "There is nothing at this address; /openapi.json lists all that there is.",
                "Unter dieser Adresse gibt es nichts; /openapi.json nennt alle, die es gibt.",
            ),
            HttpError::MethodNotAllowed => (
                "This address does not take that method; see the header Allow.",
                "Diese Adresse nimmt die Methode nicht an; siehe Header Allow.",
            ),
            HttpError::NotJson => (
                "The body must be JSON in UTF-8: Content-Type: application/json.",
                "Der Inhalt muss JSON in UTF-8 sein: Content-Type: application/json.",
            ),
            HttpError::NotJsonOrForm => return NOT_JSON_OR_FORM.text(lang).to_owned(),
            HttpError::NotJsonOrText => return NOT_JSON_OR_TEXT.text(lang).to_owned(),
            HttpError::NotTarOrJson => return NOT_TAR_OR_JSON.text(lang).to_owned(),
            HttpError::NotAnObject => ("The body must be a JSON object.", "Der Inhalt muss ein JSON-Objekt sein."),
            HttpError::Body(error) => return body_text(*error, lang),
            HttpError::Unavailable => (UNAVAILABLE.en, UNAVAILABLE.de),
            HttpError::NotSaved => (NOT_SAVED.en, NOT_SAVED.de),
            HttpError::NoRoom { needed_bytes, free_bytes } => return no_room(*needed_bytes, *free_bytes, lang),
            HttpError::UnknownOutcome => (UNKNOWN_OUTCOME.en, UNKNOWN_OUTCOME.de),
            HttpError::TrialCut(error) => return trial_cut(error, lang),
            HttpError::Busy => {
                ("Too many changes at once; try again.", "Zu viele Änderungen zugleich; bitte noch einmal versuchen.")
            }
        };
        lang.pick(en, de).to_owned()
    }

    fn field(&self) -> Option<&str> {
        match self {
            HttpError::Refused(Refusal::Field { field, .. }) => Some(field),
            HttpError::Refused(Refusal::UnknownField { name, .. }) => Some(name),
            HttpError::Refused(Refusal::Sync(SyncRefusal::Unusable { field, .. })) => Some(field),
            HttpError::Refused(Refusal::Export(ExportRefusal::Wrong { place, .. })) => Some(place),
            HttpError::Refused(Refusal::Export(ExportRefusal::UnknownField { name, .. })) => Some(name),
            HttpError::MalformedQuery { name, .. } | HttpError::MalformedHeader { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The answer in the language asked for. `headers` are those that the route has set already.
    pub fn to_response(&self, lang: Lang, headers: &HeaderMap) -> hyper::Response<super::body::Body> {
        let candidates = match self {
            HttpError::Refused(Refusal::Ambiguous { candidates, .. }) => Some(candidates.as_slice()),
            _ => None,
        };
        let errors = match self {
            HttpError::Refused(Refusal::RulesRefused { errors }) => Some(RuleErrorJson::list(errors, Some(lang))),
            HttpError::TrialCut(error) => Some(vec![RuleErrorJson::of(error, Some(lang))]),
            _ => None,
        };
        let (error, code, field) = (self.text(lang), self.code(), self.field());
        let json = ErrorJson { ok: false, error, code, field, candidates, errors };
        let body = serde_json::to_vec(&json).unwrap_or_default();
        let mut response = hyper::Response::new(super::body::Body::full(body));
        *response.status_mut() = self.status();
        let own = response.headers_mut();
        own.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        own.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(allow) = headers.get(ALLOW) {
            own.insert(ALLOW, allow.clone());
        }
        self.tell_when(own);
        response
    }

    /// What a client is told beside the error: how to be let in, and when to try again.
    pub fn tell_when(&self, headers: &mut HeaderMap) {
        let wait = match self {
            HttpError::Refused(Refusal::Access(AccessRefusal::TooManyAttempts { wait })) => whole_seconds(*wait),
            HttpError::Refused(Refusal::Sync(SyncRefusal::Trouble(trouble))) => {
                trouble.kind.retry_after().map_or(1, whole_seconds)
            }
            _ => 1,
        };
        match self.status() {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(RETRY_AFTER, HeaderValue::from(wait));
            }
            _ => {}
        }
    }
}

/// Also for a write: reading comes first, so nothing was changed by then.
const UNAVAILABLE: Phrase = Phrase {
    en: "This failed at the moment and nothing was changed; try again, and if it stays so see the server's log.",
    de: "Das geht gerade nicht, geändert wurde nichts; bitte noch einmal versuchen, sonst hilft das Log des Servers.",
};
const NOT_SAVED: Phrase = Phrase {
    en: "The database cannot be written at the moment and nothing was saved; try again later.",
    de: "Die Datenbank nimmt gerade nichts an, gespeichert wurde nichts; bitte später noch einmal versuchen.",
};
const UNKNOWN_OUTCOME: Phrase = Phrase {
    en: "Whether this was saved is not known; repeat it with the same Idempotency-Key, or look first.",
    de: "Ob das gespeichert wurde, ist unbekannt; bitte mit demselben Idempotency-Key wiederholen oder nachsehen.",
};

fn no_room(needed_bytes: u64, free_bytes: u64, lang: Lang) -> String {
    let (needed, free) = (needed_bytes.div_ceil(1 << 20), free_bytes >> 20);
    lang.pick(
        format!("The disk has {free} MiB free and this may need {needed}; nothing was saved, free some space and try again."),
        format!("Die Platte hat {free} MiB frei, gebraucht werden bis zu {needed}; gespeichert wurde nichts, bitte Platz schaffen."),
    )
}

fn trial_cut(error: &RuleError, lang: Lang) -> String {
    let error = rule_errors::sentence(error, lang);
    lang.pick(
        format!("The trial of these rules was cut, which says nothing of them, and nothing was changed; try again in a moment. {error}."),
        format!("Die Probe dieser Regeln wurde abgebrochen, was nichts über sie sagt; geändert wurde nichts, bitte gleich noch einmal versuchen. {error}."),
    )
}

fn scope_missing(scope: &str, is_session: bool, lang: Lang) -> String {
    if is_session {
        return lang.pick(
            format!("You are not allowed to do that, which takes the scope {scope}; ask an administrator of this server."),
            format!("Das darfst du nicht, es braucht die Berechtigung {scope}; bitte jemanden fragen, der diesen Server verwaltet."),
        );
    }
    lang.pick(
        format!("This token does not allow that: it lacks the scope {scope}; ask with one that has it."),
        format!("Dieses Token erlaubt das nicht: ihm fehlt die Berechtigung {scope}; bitte eins mit ihr verwenden."),
    )
}

fn body_text(error: BodyError, lang: Lang) -> String {
    let text = match error {
        BodyError::TooLarge { bytes_max } => {
            let limit = match bytes_max >> 20 {
                0 => format!("{} KiB", bytes_max >> 10),
                whole => format!("{whole} MiB"),
            };
            return lang.pick(
                format!("The body is larger than {limit}; send less at once."),
                format!("Der Inhalt ist größer als {limit}; bitte weniger auf einmal senden."),
            );
        }
        BodyError::IdleTimeout | BodyError::TotalTimeout => lang.pick(
            "The body took too long to arrive; send it again.",
            "Der Inhalt kam zu langsam an; bitte noch einmal senden.",
        ),
        BodyError::Cut => lang.pick(
            "The body ended early; send it again, whole.",
            "Der Inhalt endete zu früh; bitte noch einmal ganz senden.",
        ),
    };
    text.to_owned()
}

fn head_text(error: HeadError, lang: Lang) -> &'static str {
    match error {
        HeadError::HostMissing => {
            lang.pick("The header Host is missing; send one.", "Der Header Host fehlt; bitte einen senden.")
        }
        HeadError::HostAmbiguous => {
            lang.pick("The request names more than one host.", "Die Anfrage nennt mehr als einen Host.")
        }
        HeadError::HostInvalid => lang.pick("The header Host is malformed.", "Der Header Host ist fehlerhaft."),
        HeadError::PathInvalid => lang.pick("The path is malformed.", "Der Pfad ist fehlerhaft."),
        HeadError::QueryInvalid => lang.pick(
            "The query is malformed; write it in UTF-8, with %25 for a percent sign.",
            "Die Query ist fehlerhaft; bitte in UTF-8 schreiben, ein Prozentzeichen als %25.",
        ),
        HeadError::LengthAmbiguous => lang.pick(
            "The length of the body is told more than once; send one Content-Length, or Transfer-Encoding alone.",
            "Die Länge des Inhalts steht mehrfach da; bitte ein Content-Length senden oder Transfer-Encoding allein.",
        ),
        HeadError::ExpectationUnknown => lang.pick(
            "The only Expect taken is 100-continue; leave the header out.",
            "Als Expect geht nur 100-continue; bitte den Header weglassen.",
        ),
        HeadError::TransferEncodingUnknown => {
            lang.pick("The only transfer encoding taken is chunked.", "Als Transfer-Encoding geht nur chunked.")
        }
        HeadError::ContentEncoded => lang.pick(
            "Compressed requests are not taken; send it as it is.",
            "Komprimierte Anfragen werden nicht angenommen; bitte unkomprimiert senden.",
        ),
    }
}
