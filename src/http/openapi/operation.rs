//! What a route's method does, as the document tells it: a value that is built up in the words of HTTP.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::pages::PAGE;
use crate::domain::lang::{Phrase, both};
use crate::http::extract::FORM;
use crate::planning::DAYS_MAX;

/// Writes a type's schema, and those that it refers to into the components.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// A status and the `code` of an error that is answered with it.
pub type Refusal = (u16, &'static str);

/// What a head can be refused for before anybody looks at the rest.
const HEAD: [Refusal; 3] = [(400, "malformed_request"), (415, "compressed_request"), (421, "unknown_host")];
/// What everything behind the gate can be refused for.
const GATE: [Refusal; 6] = [
    (400, "malformed_header"),
    (401, "sign_in_needed"),
    (401, "invalid_token"),
    (403, "scope_missing"),
    (404, "no_such_user"),
    (503, "unavailable"),
];
/// What only a user has: the administrator has to say whose.
const OF_USER: Refusal = (400, "user_needed");
/// What a body can be refused for.
const BODY: [Refusal; 6] = [
    (400, "malformed_json"),
    (400, "cut"),
    (408, "too_slow"),
    (413, "too_large"),
    (415, "not_json"),
    (422, "unknown_field"),
];
/// How a change can fail beside what is asked for.
const WRITE: [Refusal; 5] =
    [(422, "unknown_field"), (417, "unknown_expectation"), (503, "not_saved"), (503, "unknown_outcome"), (503, "busy")];

/// Whose bearer token an operation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Nobody's: a session or a token only adds who it is.
    Everybody,
    /// A user's, with scopes.
    User,
    /// Nobody's: a token stands in the path.
    Address,
    /// The one that is set for `/metrics`.
    Metrics,
    /// Nobody's: the request is signed with the secret of the webhook.
    Signature,
}

/// What a method of a route does.
pub struct Operation {
    /// A name for generated clients.
    pub id: &'static str,
    pub tag: &'static str,
    pub summary: Phrase,
    /// What the summary leaves open.
    pub about: Option<Phrase>,
    /// How the asker has to be known; `None` for what is there for everybody.
    pub scheme: Option<Scheme>,
    pub parameters: Vec<Parameter>,
    /// The forms that its body may have; none where it takes no body.
    pub bodies: Vec<Content>,
    pub body_is_required: bool,
    pub answers: Vec<Answer>,
    pub refusals: BTreeMap<u16, BTreeSet<&'static str>>,
}

/// Something of the request outside of its body.
pub struct Parameter {
    /// `path`, `query` or `header`.
    pub place: &'static str,
    pub name: &'static str,
    pub about: Phrase,
    pub is_required: bool,
    pub schema: Value,
}

/// A body in one form.
pub struct Content {
    pub media_type: &'static str,
    pub schema: SchemaOf,
    pub example: Option<Value>,
}

/// An answer that is no error.
pub struct Answer {
    pub status: u16,
    pub about: Phrase,
    pub contents: Vec<Content>,
    /// Names of the header fields, and what they say.
    pub headers: Vec<(&'static str, Phrase)>,
}

impl Operation {
    pub fn new(tag: &'static str, id: &'static str, summary: Phrase) -> Operation {
        let operation = Operation {
            id,
            tag,
            summary,
            about: None,
            scheme: Some(Scheme::User),
            parameters: Vec::new(),
            bodies: Vec::new(),
            body_is_required: false,
            answers: Vec::new(),
            refusals: BTreeMap::new(),
        };
        operation.refuses(&HEAD).refuses(&GATE).refuses(&[OF_USER])
    }

    pub fn about(self, about: Phrase) -> Operation {
        Operation { about: Some(about), ..self }
    }

    /// It is the same for all who are signed in, or the administration's: nobody has to say whose.
    pub fn of_nobody(self) -> Operation {
        let (status, code) = OF_USER;
        self.without(status, code)
    }

    /// It is not refused for this.
    fn without(mut self, status: u16, code: &str) -> Operation {
        if let Some(codes) = self.refusals.get_mut(&status) {
            codes.remove(code);
        }
        self
    }

    /// It is for everybody who comes through the gate, known or not; a token that is shown has to be a valid one.
    pub fn of_everybody(mut self) -> Operation {
        self.scheme = Some(Scheme::Everybody);
        self.refusals.clear();
        self.refuses(&HEAD).refuses(&[(400, "malformed_header"), (401, "invalid_token"), (503, "unavailable")])
    }

    /// A token in its path says who asks.
    pub fn of_address(mut self) -> Operation {
        self.scheme = Some(Scheme::Address);
        self.refusals.clear();
        self.refuses(&HEAD).refuses(&[(401, "invalid_token"), (404, "no_such_user"), (503, "unavailable")])
    }

    /// It is answered before the gate: anybody may ask.
    pub fn without_sign_in(mut self) -> Operation {
        self.scheme = None;
        self.refusals.clear();
        self.refuses(&HEAD)
    }

    /// It is answered before the gate, to whoever shows the server's own token for it.
    pub fn with_metrics_token(self) -> Operation {
        let refusals = [(401, "sign_in_needed"), (401, "invalid_token")];
        Operation { scheme: Some(Scheme::Metrics), ..self.without_sign_in() }.refuses(&refusals)
    }

    /// It is for a forge, which signs what it sends.
    pub fn with_signature(self) -> Operation {
        let about = both(
            "`sha256=` and the HMAC-SHA256 of the body's bytes with the webhook's secret, in hexadecimal digits.",
            "`sha256=` und der HMAC-SHA256 der Bytes des Inhalts mit dem Geheimnis des Webhooks, in \
             hexadezimalen Ziffern.",
        );
        let refusals = [(401, "invalid_signature"), (404, "no_such_route")];
        let operation = Operation { scheme: Some(Scheme::Signature), ..self.of_everybody() }.refuses(&refusals);
        operation.header("X-Hub-Signature-256", about)
    }

    pub fn refuses(mut self, refusals: &[Refusal]) -> Operation {
        for (status, code) in refusals {
            self.refusals.entry(*status).or_default().insert(code);
        }
        self
    }

    fn parameter(mut self, place: &'static str, name: &'static str, about: Phrase, schema: Value) -> Operation {
        self.parameters.push(Parameter { place, name, about, is_required: place == "path", schema });
        self
    }

    pub fn path(self, name: &'static str, about: Phrase) -> Operation {
        self.parameter("path", name, about, json!({"type": "string"}))
    }

    /// A parameter of the query that any text will do for.
    pub fn query(self, name: &'static str, about: Phrase) -> Operation {
        self.parameter("query", name, about, json!({"type": "string"}))
    }

    /// A parameter of the query that is checked.
    pub fn checked_query(self, name: &'static str, about: Phrase, schema: Value) -> Operation {
        self.parameter("query", name, about, schema).refuses(&[(400, "malformed_query")])
    }

    /// As [`Operation::checked_query`], but it has to be there.
    pub fn needed_query(self, name: &'static str, about: Phrase, schema: Value) -> Operation {
        let mut operation = self.checked_query(name, about, schema);
        if let Some(parameter) = operation.parameters.last_mut() {
            parameter.is_required = true;
        }
        operation
    }

    /// The names that its query may have.
    pub fn query_names(&self) -> Vec<&'static str> {
        self.parameters.iter().filter(|parameter| parameter.place == "query").map(|parameter| parameter.name).collect()
    }

    pub fn header(self, name: &'static str, about: Phrase) -> Operation {
        self.parameter("header", name, about, json!({"type": "string"}))
    }

    /// It names one task in its path.
    pub fn of_task(self) -> Operation {
        self.of_task_or_back().refuses(&[(404, "no_such_task")])
    }

    /// As [`Operation::of_task`], where a task that is not there is told of on the page that it leads to.
    pub fn of_task_or_back(self) -> Operation {
        self.path(
            "id",
            both(
                "The number (`42` or `0042`), or the file's name with or without `.md`.",
                "Die Nummer (`42` oder `0042`) oder der Dateiname mit oder ohne `.md`.",
            ),
        )
        .refuses(&[(409, "ambiguous_id")])
    }

    /// It plans so many days from an instant on, by default what a timeline has from now on.
    pub fn planned_from(self) -> Operation {
        self.checked_query(
            "days",
            both("How many days to plan, today included.", "Wie viele Tage zu planen sind, heute mitgezählt."),
            whole_number(1, u64::from(DAYS_MAX)),
        )
        .checked_query(
            "now",
            both("What it would be at this instant (RFC 3339).", "Wie es zu diesem Zeitpunkt wäre (RFC 3339)."),
            json!({"type": "string", "format": "date-time"}),
        )
    }

    /// It draws what it tells where a width is asked for.
    pub fn drawn_too(self) -> Operation {
        self.checked_query(
            "width",
            both("Draw it as well, in `text`, in so many columns.", "Auch zeichnen, in `text`, mit so vielen Spalten."),
            whole_number(20, 300),
        )
    }

    /// It heeds `If-Match`.
    pub fn guarded(self) -> Operation {
        let about = both(
            "The `ETag` of the task as you read it; the change is refused if the task is another by now.",
            "Das `ETag` der Aufgabe, wie du sie gelesen hast; die Änderung wird abgelehnt, wenn sie inzwischen \
             eine andere ist.",
        );
        self.header("If-Match", about).refuses(&[(400, "malformed_header"), (412, "changed")])
    }

    /// It heeds `Idempotency-Key`.
    pub fn repeatable(self) -> Operation {
        self.keyed(both(
            "1 to 255 visible ASCII characters. The same request with the same key within 24 hours is answered \
             as the first one was, and not carried out again.",
            "1 bis 255 sichtbare ASCII-Zeichen. Dieselbe Anfrage mit demselben Schlüssel wird innerhalb von 24 \
             Stunden beantwortet wie die erste und nicht noch einmal ausgeführt.",
        ))
    }

    /// It heeds `Idempotency-Key` too, but what the first answer held is not kept.
    pub fn once(self) -> Operation {
        self.keyed(both(
            "1 to 255 visible ASCII characters. The same request with the same key within 24 hours is not \
             carried out again. Its answer is shown only once: the code of the refusal says that there was one.",
            "1 bis 255 sichtbare ASCII-Zeichen. Dieselbe Anfrage mit demselben Schlüssel wird innerhalb von 24 \
             Stunden nicht noch einmal ausgeführt. Ihre Antwort wird nur einmal gezeigt: Der Code der Ablehnung \
             sagt, dass es eine gab.",
        ))
    }

    fn keyed(self, about: Phrase) -> Operation {
        self.header("Idempotency-Key", about).refuses(&[
            (400, "malformed_header"),
            (409, "idempotency_key_in_flight"),
            (422, "idempotency_key_reused"),
        ])
    }

    /// It heeds `Prefer: wait=N`, for the answer before.
    pub fn waits(self) -> Operation {
        self.carries(
            "Preference-Applied",
            both("`wait=N`, where that was preferred.", "`wait=N`, wo das gewünscht war."),
        )
        .header(
            "Prefer",
            both(
                "`wait=N`: answer once the change is in the Git repository, or after N seconds, 60 at most; \
                 `gitPushed` then says whether it is, and `commitSha` by which commit.",
                "`wait=N`: antworten, sobald die Änderung im Git-Repository ist, oder nach N Sekunden, höchstens \
                 60; `gitPushed` sagt dann, ob sie dort ist, und `commitSha`, mit welchem Commit.",
            ),
        )
    }

    /// It changes what is stored.
    pub fn writes(self) -> Operation {
        self.refuses(&WRITE)
    }

    /// It takes this JSON; `example` is a request that would do.
    pub fn takes<T: JsonSchema>(mut self, example: Value) -> Operation {
        self.bodies.push(Content::json::<T>(Some(example)));
        self.body_is_required = true;
        self.refuses(&BODY)
    }

    /// It takes a text as well.
    pub fn or_takes_text(mut self) -> Operation {
        let schema = SchemaGenerator::subschema_for::<String>;
        self.bodies.push(Content { media_type: "text/plain", schema, example: None });
        self.without(415, "not_json").refuses(&[(415, "not_json_or_text")])
    }

    /// It takes the same fields as a form too.
    pub fn or_takes_form(mut self) -> Operation {
        if let Some(Content { schema, .. }) = self.bodies.last() {
            let schema = *schema;
            self.bodies.push(Content { media_type: FORM, schema, example: None });
        }
        self.without(415, "not_json").refuses(&[(415, "not_json_or_form")])
    }

    /// It takes a form alone, whose fields may all be missing.
    pub fn takes_form<T: JsonSchema>(mut self) -> Operation {
        let schema = SchemaGenerator::subschema_for::<T>;
        self.bodies.push(Content { media_type: "application/x-www-form-urlencoded", schema, example: None });
        self.body_is_required = true;
        self.refuses(&BODY).without(415, "not_json").refuses(&[(415, "not_json_or_form")])
    }

    /// It takes bytes of these types, and a body without a type.
    pub fn takes_bytes(mut self, media_types: &[&'static str]) -> Operation {
        self.bodies.extend(media_types.iter().map(|media_type| Content::bytes(media_type)));
        self.body_is_required = true;
        self
    }

    /// It takes the JSON that another operation gives, too: an answer that is described.
    pub fn or_takes_answer(mut self, schema: fn(&mut SchemaGenerator) -> Schema, example: Value) -> Operation {
        self.bodies.push(Content { media_type: "application/json", schema, example: Some(example) });
        self
    }

    /// As [`Operation::takes`], but it can be left out.
    pub fn may_take<T: JsonSchema>(self, example: Value) -> Operation {
        self.takes::<T>(example).may_be_left_out()
    }

    /// Its body can be left out.
    pub fn may_be_left_out(self) -> Operation {
        Operation { body_is_required: false, ..self }
    }

    /// It answers 200 with this JSON.
    pub fn gives<T: JsonSchema>(self, about: Phrase) -> Operation {
        self.answers(200, about).with(Content::json::<T>(None))
    }

    /// It answers 200 with a text of this type.
    pub fn gives_text(self, media_type: &'static str, about: Phrase) -> Operation {
        self.answers(200, about).or_text(media_type)
    }

    /// As `gives_text`, with another status.
    pub fn gives_text_with(self, status: u16, media_type: &'static str, about: Phrase) -> Operation {
        self.answers(status, about).or_text(media_type)
    }

    /// The page that a refusal gives, where another try may succeed: what the answer before says holds of it too.
    pub fn or_later(self) -> Operation {
        self.gives_text_with(
            503,
            PAGE,
            both("The same, where another try may succeed.", "Dasselbe, wo ein weiterer Versuch gelingen kann."),
        )
        .carries("Retry-After", both("Seconds after which it may.", "Sekunden, nach denen er gelingen kann."))
    }

    /// It leads on to another address.
    pub fn gives_way(self, about: Phrase) -> Operation {
        self.answers(303, about).carries("Location", both("Where to go on with GET.", "Wo es mit GET weitergeht."))
    }

    /// The answer before comes as a text of this type too.
    pub fn or_text(self, media_type: &'static str) -> Operation {
        self.with(Content { media_type, schema: SchemaGenerator::subschema_for::<String>, example: None })
    }

    /// It answers 200 with bytes of this type.
    pub fn gives_bytes(self, media_type: &'static str, about: Phrase) -> Operation {
        self.answers(200, about).with(Content::bytes(media_type))
    }

    /// The answer before comes as this JSON too.
    pub fn or_json<T: JsonSchema>(self) -> Operation {
        self.with(Content::json::<T>(None))
    }

    pub fn answers(mut self, status: u16, about: Phrase) -> Operation {
        self.answers.push(Answer { status, about, contents: Vec::new(), headers: Vec::new() });
        self
    }

    /// As `gives`, with another status.
    pub fn gives_with<T: JsonSchema>(self, status: u16, about: Phrase) -> Operation {
        self.answers(status, about).with(Content::json::<T>(None))
    }

    fn with(mut self, content: Content) -> Operation {
        if let Some(answer) = self.answers.last_mut() {
            answer.contents.push(content);
        }
        self
    }

    /// The answer before carries this header field.
    pub fn carries(mut self, name: &'static str, about: Phrase) -> Operation {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers.push((name, about));
        }
        self
    }

    /// The answer before carries an `ETag`, and `If-None-Match` with it is answered 304 with the same fields.
    pub fn conditional(self) -> Operation {
        let mut operation =
            self.carries("ETag", both("Stands for exactly this answer.", "Steht für genau diese Antwort."));
        let headers = operation.answers.last().map(|answer| answer.headers.clone()).unwrap_or_default();
        let about = both("The answer that you have is still right.", "Die Antwort, die du hast, stimmt noch.");
        operation.answers.push(Answer { status: 304, about, contents: Vec::new(), headers });
        operation.header(
            "If-None-Match",
            both(
                "The `ETag` of an answer that you have: 304 says that it is still right.",
                "Das `ETag` einer Antwort, die du hast: 304 sagt, dass sie noch stimmt.",
            ),
        )
    }
}

impl Content {
    fn json<T: JsonSchema>(example: Option<Value>) -> Content {
        Content { media_type: "application/json", schema: SchemaGenerator::subschema_for::<T>, example }
    }

    /// Bytes that are no text, which a schema has nothing to say of.
    fn bytes(media_type: &'static str) -> Content {
        Content { media_type, schema: |_| json_schema!({"description": "Bytes as they are."}), example: None }
    }
}

/// The schema of a whole number between two.
pub fn whole_number(from: u64, to: u64) -> Value {
    json!({"type": "integer", "minimum": from, "maximum": to})
}

/// The schema of one of some words.
pub fn one_of(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}
