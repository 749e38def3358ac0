//! `/rules`: the rules that apply, what each lets one set, ready ones to add, and the versions of before.

mod edit;
mod editor;
mod marked;
mod reading;
mod typed;
mod versions;

pub use edit::{begin, open, send};
pub use reading::tutorial;

#[cfg(test)]
pub(in crate::http) use edit::EDIT_FIELDS;

use axum::response::Response;
use hyper::StatusCode;
use maud::{Markup, html};

use crate::domain::lang::{Lang, Phrase};
use crate::domain::script::{About, DeclaredOption, OptionKind, OptionValue, RuleEntry};
use crate::domain::zone::Zone;
use crate::http::auth::{page as shown, see_other};
use crate::http::errors::HttpError;
use crate::http::extract::{Asked, FormOrJson};
use crate::http::query::Query;
use crate::http::web::form::{Errors, Form, alert, signed_in_as};
use crate::http::web::layout::{Place, Viewer, account_page};
use crate::http::web::notice::Notice;
use crate::http::web::{Again, segment, words};
use crate::http::wire::{self, Known, WHOLE_NUMBER};
use crate::service::error::{Fault, Refusal, ServiceError, repeatable};
use crate::service::preview::Previewed;
use crate::service::rules::{RuleFields, Rules, RulesRequest, RulesVersion};
use crate::service::tasks::Expectation;
use crate::view::ready_rules::said;
use crate::view::{RulesSource, rule_errors, text};

pub(in crate::http) const RULES_FIELDS: [&str; 7] = ["act", "script", "option", "value", "version", "look", "etag"];

/// Columns of a week that is drawn on the page.
const DRAWN_WIDTH: usize = 100;
/// Characters of a wrong name that an error repeats.
const REPEATED_CHARS_MAX: usize = 40;
/// Versions that are listed.
const VERSIONS_MAX: usize = 20;

const ACT: Phrase =
    Phrase { en: "options, add, remove, up, reset or restore", de: "options, add, remove, up, reset oder restore" };
const A_VALUE_EACH: Phrase = Phrase { en: "a value for each option", de: "ein Wert für jede Option" };
const LOOKED_AT: Phrase = Phrase {
    en: "left out where a version is set again or all are removed",
    de: "weggelassen, wo eine Version wieder gesetzt oder alles entfernt wird",
};
const LOOK_FIRST: Phrase = Phrase { en: "Look first", de: "Erst ansehen" };
const FLAG: Phrase = Phrase { en: "true or false", de: "true oder false" };

/// Everything on the page.
struct Page<'a> {
    viewer: Viewer<'a>,
    zone: Zone,
    notice: Option<Notice>,
    errors: Errors,
    rules: &'a Rules,
    /// What the ready rules say of themselves that are not in the list.
    ready: &'a [About],
    versions: &'a [RulesVersion],
    /// The version that is held against what applies.
    compared: Option<u64>,
    /// What a change would come to, drawn, and the form that makes it.
    looked: Option<Looked>,
}

/// What of the page is not as things are.
#[derive(Default)]
struct State {
    notice: Option<Notice>,
    errors: Errors,
    compared: Option<u64>,
    looked: Option<Looked>,
}

/// A change that was only looked at.
struct Looked {
    drawn: String,
    fields: Vec<(&'static str, String)>,
}

impl Asked {
    async fn rules_page(&self, status: StatusCode, state: State) -> Result<Response, HttpError> {
        let (service, user) = (&self.site.service, self.actor.user);
        let settings = service.settings(user)?.0;
        let rules = service.rules(user).await?;
        let mut versions = service.rules_versions(user).await?;
        versions.truncate(VERSIONS_MAX);
        let mut ready = service.ready_rules(user).await?;
        ready.retain(|about| !rules.entries.iter().any(|entry| entry.name() == about.script));
        let viewer = Viewer::of(&self.actor, settings);
        let (rules, ready, versions) = (&rules, ready.as_slice(), versions.as_slice());
        let State { notice, errors, compared, looked } = state;
        let page = Page { viewer, zone: settings.zone, notice, errors, rules, ready, versions, compared, looked };
        Ok(shown(status, page.whole()))
    }
}

/// `GET /rules`
pub async fn show(asked: Asked, query: Query) -> Result<Response, HttpError> {
    let notice = Notice::of(query.text("done"));
    let compared = query.text("version").and_then(|version| version.parse().ok());
    asked.rules_page(StatusCode::OK, State { notice, compared, ..State::default() }).await
}

/// What a form wants.
enum Wanted {
    List(Vec<RuleFields>),
    /// None of one's own.
    Reset,
    Restore(String),
}

/// `POST /rules`: one change of the list, or what it would come to.
pub async fn change(asked: Asked, FormOrJson { object, .. }: FormOrJson) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &RULES_FIELDS)?;
    let (service, user) = (&asked.site.service, asked.actor.user);
    let lang = service.settings(user)?.0.lang;
    let rules = service.rules(user).await?;
    let expected = known.text("etag")?.map(|etag| Expectation::OneOf(vec![etag]));
    let wanted = match wanted(&rules, &known) {
        Ok(wanted) => wanted,
        Err(refusal) => return again(&asked, refusal.into(), lang).await,
    };
    if let (Wanted::List(list), Some(_)) = (&wanted, known.value("look")) {
        return match service.preview_rules(user, list.clone(), None, None).await {
            Ok(Previewed::Planned(preview)) => {
                let looked = Looked { drawn: text::preview(&preview, DRAWN_WIDTH), fields: sent(&known)? };
                asked.rules_page(StatusCode::OK, State { looked: Some(looked), ..State::default() }).await
            }
            Ok(Previewed::Refused(errors)) => again(&asked, Refusal::RulesRefused { errors }.into(), lang).await,
            Err(error) => again(&asked, error, lang).await,
        };
    }
    let request = RulesRequest { user, origin: asked.origin(), expected, key: None };
    let done = match wanted {
        Wanted::List(list) => service.set_rules(request, list).await,
        Wanted::Reset => service.remove_rules(request).await,
        Wanted::Restore(version) => service.restore_rules(request, version).await,
    };
    match done {
        Ok(_) => Ok(see_other("/rules?done=saved")),
        Err(error) => again(&asked, error, lang).await,
    }
}

async fn again(asked: &Asked, error: ServiceError, lang: Lang) -> Result<Response, HttpError> {
    let again = Again::of(error)?;
    let errors = Errors::at_field("", again.refusal.text(lang));
    Ok(again.told(asked.rules_page(again.status(), State { errors, ..State::default() }).await?))
}

/// The fields of a form, to be sent once more.
fn sent(known: &Known<'_>) -> Result<Vec<(&'static str, String)>, Refusal> {
    let mut fields = Vec::new();
    for name in ["act", "script", "etag"] {
        fields.extend(known.text(name)?.map(|value| (name, value)));
    }
    for name in ["option", "value"] {
        fields.extend(words(known, name)?.into_iter().map(|value| (name, value)));
    }
    Ok(fields)
}

fn wanted(rules: &Rules, known: &Known<'_>) -> Result<Wanted, Refusal> {
    let mut list: Vec<RuleFields> = rules.entries.iter().map(fields_of).collect();
    let script = || known.text("script")?.ok_or_else(|| wire::missing("script"));
    let place = |name: &str| {
        let found = rules.entries.iter().position(|entry| entry.name() == name);
        found.ok_or_else(|| no_such_rule(rules, name))
    };
    let act = known.text("act")?;
    if known.value("look").is_some() && matches!(act.as_deref(), Some("reset" | "restore")) {
        return Err(Refusal::field("look", Fault::Malformed { expected: LOOKED_AT }));
    }
    match act.as_deref() {
        Some("options") => {
            let script = script()?;
            let at = place(&script)?;
            let declared = rules.about.get(at).and_then(Option::as_ref).map_or(&[][..], |about| &about.options);
            let (options, values) = (words(known, "option")?, words(known, "value")?);
            if options.is_empty() || options.len() != values.len() {
                return Err(Refusal::field("rules.options", Fault::Malformed { expected: A_VALUE_EACH }));
            }
            list[at].options = options
                .into_iter()
                .zip(values)
                .map(|(name, value)| match declared.iter().find(|option| option.name == name) {
                    Some(option) => Ok((name, read_option(&option.kind, value)?)),
                    None => Err(no_such_option(declared, &name)),
                })
                .collect::<Result<_, Refusal>>()?;
        }
        Some("add") => list.push(RuleFields { library: Some(script()?), ..RuleFields::default() }),
        Some("remove") => drop(list.remove(place(&script()?)?)),
        Some("up") => {
            let at = place(&script()?)?;
            list.swap(at, at.saturating_sub(1));
        }
        Some("reset") => return Ok(Wanted::Reset),
        Some("restore") => {
            let version = known.text("version")?.ok_or_else(|| wire::missing("version"))?;
            return Ok(Wanted::Restore(version));
        }
        _ => return Err(Refusal::field("act", Fault::Malformed { expected: ACT })),
    }
    Ok(Wanted::List(list))
}

/// Refuses a rule that is not in the list, with the nearest that is.
fn no_such_rule(rules: &Rules, name: &str) -> Refusal {
    let mut known: Vec<String> = rules.entries.iter().map(|entry| entry.name().to_owned()).collect();
    let likeness = |other: &String| strsim::jaro_winkler(name, other);
    known.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    Refusal::field("script", Fault::UnknownWord { value: repeatable(name, REPEATED_CHARS_MAX), known })
}

/// Refuses an option that a rule does not have, with the nearest that it has.
fn no_such_option(declared: &[DeclaredOption], name: &str) -> Refusal {
    wire::nearest_of(name, &declared.iter().map(|option| option.name.as_str()).collect::<Vec<_>>())
}

fn fields_of(entry: &RuleEntry) -> RuleFields {
    let options = entry.options().clone();
    match entry {
        RuleEntry::Library { name, .. } => RuleFields { library: Some(name.clone()), options, ..RuleFields::default() },
        RuleEntry::Own { script, tests } => RuleFields {
            library: None,
            name: Some(script.name.clone()),
            script: Some(script.source.clone()),
            tests: tests.clone(),
            options,
        },
    }
}

/// What was typed, as the option takes it.
fn read_option(kind: &OptionKind, value: String) -> Result<OptionValue, Refusal> {
    Ok(match kind {
        OptionKind::Flag => {
            let malformed = |_| Refusal::field("rules.options", Fault::Malformed { expected: FLAG });
            OptionValue::Flag(value.trim().parse().map_err(malformed)?)
        }
        OptionKind::Number { .. } => {
            let malformed = |_| Refusal::field("rules.options", Fault::Malformed { expected: WHOLE_NUMBER });
            OptionValue::Number(value.trim().parse().map_err(malformed)?)
        }
        OptionKind::Text | OptionKind::Choice { .. } | OptionKind::Day => OptionValue::Text(value),
    })
}

impl Page<'_> {
    fn whole(&self) -> Markup {
        let lang = self.viewer.lang;
        let content = html! {
            @if let Some(notice) = self.notice { (notice.show(lang)) }
            (alert(Form { id: "rules", lang, errors: &self.errors }, &[]))
            @if let Some(error) = &self.rules.error {
                p.alert role="alert" {
                    (lang.pick("These rules fail, and others stand in for them: ", "Diese Regeln scheitern, andere vertreten sie: ")) (rule_errors::sentence(error, lang))
                }
            }
            @if let Some(looked) = &self.looked { (self.looked(looked)) }
            p { (whose(self.rules.source, lang)) }
            @for (at, entry) in self.rules.entries.iter().enumerate() {
                (self.script(at, entry, self.rules.about.get(at).and_then(Option::as_ref)))
            }
            (self.ready())
            (self.own())
            (self.versions())
        };
        account_page(self.viewer, Place::Rules, lang.pick("Rules", "Regeln"), &content)
    }

    /// What all forms here have, around what one of them says.
    fn form(&self, act: &str, script: Option<&str>, rest: &Markup) -> Markup {
        html! {
            form method="post" action="/rules" {
                (signed_in_as(self.viewer.name))
                input type="hidden" name="act" value=(act);
                input type="hidden" name="etag" value=(self.rules.etag);
                @if let Some(script) = script { input type="hidden" name="script" value=(script); }
                (rest)
            }
        }
    }

    fn looked(&self, looked: &Looked) -> Markup {
        let lang = self.viewer.lang;
        html! {
            section.panel role="status" {
                h2 { (lang.pick("What would change", "Was sich ändern würde")) }
                pre.drawn tabindex="0" { (looked.drawn) }
                form method="post" action="/rules" {
                    (signed_in_as(self.viewer.name))
                    @for (name, value) in &looked.fields { input type="hidden" name=(name) value=(value); }
                    div.bar {
                        button.main type="submit" { (lang.pick("Do it", "So machen")) }
                        a.button href="/rules" { (lang.pick("Leave it", "Lassen")) }
                    }
                }
            }
        }
    }

    fn script(&self, at: usize, entry: &RuleEntry, about: Option<&About>) -> Markup {
        let lang = self.viewer.lang;
        let name = entry.name();
        let save = lang.pick("Save", "Speichern");
        // What somebody wrote is shown as they wrote it.
        let of_texts = match entry {
            RuleEntry::Library { .. } => lang,
            RuleEntry::Own { .. } => Lang::En,
        };
        html! {
            section.panel id={ "rule-" (name) } {
                h2 { (at + 1) ". " (name) }
                @if let Some(description) = about.and_then(|about| about.description.as_deref()) { p { (said(description, of_texts)) } }
                @if let Some(about) = about.filter(|about| !about.options.is_empty()) {
                    (self.form("options", Some(name), &html! {
                        @for (index, option) in about.options.iter().enumerate() { (option_field(name, index, option, lang, of_texts)) }
                        div.bar {
                            button.main type="submit" aria-label={ (save) ": " (name) } { (save) }
                            (look(LOOK_FIRST.text(lang), name))
                        }
                    }))
                }
                @if let Some(source) = entry.source() {
                    details { summary { (lang.pick("The script", "Das Skript")) } pre { (source) } }
                }
                div.bar {
                    @let edit = match entry {
                        RuleEntry::Own { .. } => lang.pick("Edit", "Bearbeiten"),
                        RuleEntry::Library { .. } => lang.pick("Edit a copy", "Eine Kopie bearbeiten"),
                    };
                    a.button href={ "/rules/edit/" (segment(name)) } aria-label={ (edit) ": " (name) } { (edit) }
                    (self.order(at, name))
                    @if self.rules.entries.len() > 1 {
                        (self.form("remove", Some(name), &html! {
                            div.bar {
                                (button(lang.pick("Remove", "Entfernen"), name))
                                (look(lang.pick("See the week without it", "Die Woche ohne sie ansehen"), name))
                            }
                        }))
                    }
                }
            }
        }
    }

    /// What moves a rule in the list. One goes down when the one below it goes up.
    fn order(&self, at: usize, name: &str) -> Markup {
        let lang = self.viewer.lang;
        html! {
            @if at > 0 {
                (self.form("up", Some(name), &button(lang.pick("Move up", "Nach oben"), name)))
            }
            @if let Some(below) = self.rules.entries.get(at + 1) {
                (self.form("up", Some(below.name()), &button(lang.pick("Move down", "Nach unten"), name)))
            }
        }
    }

    /// The way to a rule that somebody writes.
    fn own(&self) -> Markup {
        let lang = self.viewer.lang;
        let listed = self.rules.entries.iter().filter(|entry| entry.source().is_none()).map(RuleEntry::name);
        let ready = listed.chain(self.ready.iter().map(|about| about.script.as_str()));
        let called = |name: &str| format!("{} {name}", lang.pick("a copy of", "einer Kopie von"));
        let copies: Vec<(&str, String)> = ready.map(|name| (name, called(name))).collect();
        let template = ("", lang.pick("a short example", "einem kurzen Beispiel"));
        let from: Vec<(&str, &str)> =
            [template].into_iter().chain(copies.iter().map(|(name, called)| (*name, called.as_str()))).collect();
        let form = Form { id: "own", lang, errors: &Errors::default() };
        html! {
            section.panel id="own" {
                h2 { (lang.pick("Write a rule of your own", "Eine eigene Regel schreiben")) }
                p {
                    (lang.pick("It takes a few lines: ", "Dafür reichen ein paar Zeilen: "))
                    a href="/rules/tutorial" { (lang.pick("step by step", "Schritt für Schritt")) } "."
                }
                form method="get" action="/rules/edit" {
                    (form.text("new", "").label("Name").optional().hint(lang.pick("1 to 64 characters of a-z, 0-9 and -", "1 bis 64 Zeichen aus a-z, 0-9 und -")))
                    (form.choice("from", "", &from).label(lang.pick("Begin with", "Beginnen mit")))
                    button type="submit" { (lang.pick("Write", "Schreiben")) }
                }
            }
        }
    }

    fn ready(&self) -> Markup {
        let lang = self.viewer.lang;
        html! {
            @if !self.ready.is_empty() {
                section.panel id="ready" {
                    h2 { (lang.pick("Ready rules to add", "Fertige Regeln zum Hinzufügen")) }
                    ul.lines {
                        @for about in self.ready {
                            li {
                                div { strong { (about.script) } " – " (said(about.description.as_deref().unwrap_or_default(), lang)) }
                                (self.form("add", Some(&about.script), &html! {
                                    div.bar {
                                        (button(lang.pick("Add", "Hinzufügen"), &about.script))
                                        (look(LOOK_FIRST.text(lang), &about.script))
                                    }
                                }))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A button that does something with a rule. As there are many of its kind, it is called by the rule as well.
fn button(called: &str, rule: &str) -> Markup {
    html! { button type="submit" aria-label={ (called) ": " (rule) } { (called) } }
}

/// As [`button`], which only shows what would come of it.
fn look(called: &str, rule: &str) -> Markup {
    html! { button type="submit" name="look" value="true" aria-label={ (called) ": " (rule) } { (called) } }
}

fn whose(source: RulesSource, lang: Lang) -> &'static str {
    match source {
        RulesSource::User => lang.pick(
            "These are rules of your own; they apply in this order.",
            "Das sind eigene Regeln; sie gelten in dieser Reihenfolge.",
        ),
        RulesSource::Server => lang.pick(
            "These are the server's rules. Whatever you change here makes them your own.",
            "Das sind die Regeln des Servers. Was du hier änderst, macht sie zu eigenen.",
        ),
        RulesSource::Builtin => lang.pick(
            "These are the built-in rules. Whatever you change here makes them your own.",
            "Das sind die eingebauten Regeln. Was du hier änderst, macht sie zu eigenen.",
        ),
    }
}

/// A field for an option, with its name in one that is not shown. What its script says is shown in the language `of_texts`.
fn option_field(script: &str, index: usize, option: &DeclaredOption, lang: Lang, of_texts: Lang) -> Markup {
    let id = format!("option-{script}-{index}");
    let value = match &option.value {
        OptionValue::Flag(flag) => flag.to_string(),
        OptionValue::Number(number) => number.to_string(),
        OptionValue::Text(text) => text.clone(),
    };
    let yes_or_no = [("true", lang.pick("yes", "ja")), ("false", lang.pick("no", "nein"))];
    html! {
        div.field {
            label for=(id) { (option.label.as_deref().map_or(option.name.as_str().into(), |label| said(label, of_texts))) }
            input type="hidden" name="option" value=(option.name);
            @match &option.kind {
                OptionKind::Flag => select id=(id) name="value" {
                    @for (word, called) in yes_or_no { option value=(word) selected[word == value] { (called) } }
                },
                OptionKind::Choice { among } => select id=(id) name="value" {
                    @for word in among { option value=(word) selected[*word == value] { (said(word, of_texts)) } }
                },
                OptionKind::Number { between } => {
                    input id=(id) name="value" type="number" value=(value) min=[between.map(|(least, _)| least)] max=[between.map(|(_, most)| most)] required;
                }
                OptionKind::Text | OptionKind::Day => input id=(id) name="value" type="text" value=(value) autocapitalize="none" autocorrect="off" spellcheck="false";,
            }
        }
    }
}
