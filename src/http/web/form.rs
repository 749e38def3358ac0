//! Fields of forms: each with its label, what it asks for, and what is wrong with it beside it.

use maud::{Markup, Render, html};

use crate::domain::lang::{Lang, Phrase};
use crate::domain::zone::Zone;
use crate::service::error::Refusal;

/// What the fields of forms are called on pages, and in the sentences that say what is wrong with them.
const LABELS: [(&str, Phrase); 5] = [
    ("name", Phrase { en: "Name", de: "Name" }),
    ("password", Phrase { en: "Password", de: "Passwort" }),
    ("timeZone", Phrase { en: "Time zone", de: "Zeitzone" }),
    ("language", Phrase { en: "Language", de: "Sprache" }),
    ("horizon", Phrase { en: "Days to plan", de: "Geplante Tage" }),
];

/// How long a password has to be, which is said before it is typed.
pub const PASSWORD_LENGTH: Phrase = Phrase { en: "12 to 128 characters", de: "12 bis 128 Zeichen" };
const ZONES: Phrase = Phrase { en: "such as Europe/Berlin", de: "zum Beispiel Europe/Berlin" };

fn label(field: &str, lang: Lang) -> Option<&'static str> {
    LABELS.iter().find(|(known, _)| *known == field).map(|(_, label)| label.text(lang))
}

/// What is wrong with a form: sentences by the names of its fields.
#[derive(Clone, Debug, Default)]
pub struct Errors(Vec<(&'static str, String)>);

impl Errors {
    /// What a use case refused, at the field that it is about.
    pub fn of(refusal: &Refusal, lang: Lang) -> Errors {
        let (field, sentence) = match refusal {
            Refusal::Field { field, fault } => (*field, fault.text(label(field, lang).unwrap_or(field), lang)),
            Refusal::UserExists { .. } => ("name", refusal.text(lang)),
            _ => ("", refusal.text(lang)),
        };
        Errors(vec![(field, sentence)])
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn at(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(at, _)| *at == field).map(|(_, sentence)| sentence.as_str())
    }

    /// Those that belong to none of these fields.
    fn beside(&self, fields: &[&str]) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(at, _)| !fields.contains(at)).map(|(_, sentence)| sentence.as_str())
    }
}

/// What is wrong with a form as a whole; `fields` are those that show their own errors.
pub fn alert(errors: &Errors, fields: &[&str]) -> Markup {
    html! { @for sentence in errors.beside(fields) { p.alert role="alert" { (sentence) } } }
}

/// A form on a page, whose fields are made with it.
#[derive(Clone, Copy)]
pub struct Form<'a> {
    /// Unlike any other on the page.
    pub id: &'a str,
    pub lang: Lang,
    pub errors: &'a Errors,
}

impl<'a> Form<'a> {
    /// A field for a line of text, called as fields of that name are.
    pub fn text(self, name: &'a str, value: &'a str) -> Field<'a> {
        let input = Input { kind: "text", value, autocomplete: "off", list: None, chars_min: None };
        self.field(name, Control::Input(input))
    }

    /// A field for a password that is there.
    pub fn password(self, name: &'a str) -> Field<'a> {
        self.secret(name, "current-password", None)
    }

    /// A field for a password that is to be.
    pub fn new_password(self, name: &'a str) -> Field<'a> {
        self.secret(name, "new-password", Some(12)).hint(PASSWORD_LENGTH.text(self.lang))
    }

    fn secret(self, name: &'a str, autocomplete: &'a str, chars_min: Option<u8>) -> Field<'a> {
        self.field(name, Control::Input(Input { kind: "password", value: "", autocomplete, list: None, chars_min }))
    }

    /// A field for the name of a time zone, with all of them to choose from.
    pub fn time_zone(self, value: &'a str) -> Field<'a> {
        let list = Some(ZONE_LIST);
        let input = Input { kind: "text", value, autocomplete: "off", list, chars_min: None };
        self.field("timeZone", Control::Input(input)).hint(ZONES.text(self.lang))
    }

    pub fn language(self, value: &'a str) -> Field<'a> {
        self.field("language", Control::Choice { value, words: &LANGUAGES })
    }

    fn field(self, name: &'a str, control: Control<'a>) -> Field<'a> {
        let label = label(name, self.lang).unwrap_or(name);
        Field { form: self, name, label, hint: None, control, is_first: false }
    }
}

/// Each language in its own words, so that whoever reads the wrong one finds the right one.
const LANGUAGES: [(&str, &str); 2] = [("en", "English"), ("de", "Deutsch")];

const ZONE_LIST: &str = "zones";

/// The names of all time zones for the fields that ask for one; once on a page.
pub fn zone_list() -> Markup {
    html! { datalist id=(ZONE_LIST) { @for name in Zone::names() { option value=(name) {} } } }
}

/// A field of a form.
pub struct Field<'a> {
    form: Form<'a>,
    name: &'a str,
    label: &'a str,
    hint: Option<&'a str>,
    control: Control<'a>,
    is_first: bool,
}

enum Control<'a> {
    Input(Input<'a>),
    /// One of some words, each with what it is called.
    Choice {
        value: &'a str,
        words: &'a [(&'a str, &'a str)],
    },
}

struct Input<'a> {
    kind: &'a str,
    value: &'a str,
    /// What a browser may fill in.
    autocomplete: &'a str,
    list: Option<&'a str>,
    chars_min: Option<u8>,
}

impl<'a> Field<'a> {
    /// What is said about it before anything is typed.
    pub fn hint(self, hint: &'a str) -> Field<'a> {
        Field { hint: Some(hint), ..self }
    }

    /// It asks for a name that people sign in with.
    pub fn of_user(mut self) -> Field<'a> {
        if let Control::Input(input) = &mut self.control {
            input.autocomplete = "username";
        }
        self
    }

    /// Whoever opens the page begins here.
    pub fn first(self, is_first: bool) -> Field<'a> {
        Field { is_first, ..self }
    }

    fn control(&self, id: &str, described_by: Option<&str>, is_wrong: bool) -> Markup {
        let invalid = is_wrong.then_some("true");
        html! {
            @match &self.control {
                Control::Input(input) => {
                    input id=(id) name=(self.name) type=(input.kind) value=[(input.kind != "password").then_some(input.value)]
                        autocomplete=(input.autocomplete) list=[input.list] minlength=[input.chars_min] required
                        autocapitalize="none" autocorrect="off" spellcheck="false" autofocus[self.is_first]
                        aria-describedby=[described_by] aria-invalid=[invalid];
                }
                Control::Choice { value, words } => {
                    select id=(id) name=(self.name) aria-describedby=[described_by] aria-invalid=[invalid] {
                        @for (word, called) in *words { option value=(word) selected[word == value] { (called) } }
                    }
                }
            }
        }
    }
}

impl Render for Field<'_> {
    fn render(&self) -> Markup {
        let id = format!("{}-{}", self.form.id, self.name);
        let error = self.form.errors.at(self.name);
        let notes = [self.hint.map(|_| format!("{id}-hint")), error.map(|_| format!("{id}-error"))];
        let notes: Vec<_> = notes.into_iter().flatten().collect();
        let described_by = (!notes.is_empty()).then(|| notes.join(" "));
        html! {
            div.field {
                label for=(id) { (self.label) }
                (self.control(&id, described_by.as_deref(), error.is_some()))
                @if let Some(error) = error { p.error id={ (id) "-error" } role="alert" { (error) } }
                @if let Some(hint) = self.hint { p.hint id={ (id) "-hint" } { (hint) } }
            }
        }
    }
}
