//! Fields of forms: each with its label, what it asks for, and what is wrong with it beside it.

use std::ops::RangeInclusive;

use maud::{Markup, Render, html};

use crate::domain::lang::{Lang, Phrase};
use crate::domain::zone::Zone;
use crate::http::extract::SIGNED_IN_AS;
use crate::service::error::{AccessRefusal, Fault, Refusal, SyncRefusal};

/// What the fields of forms are called on pages.
const LABELS: [(&str, Phrase); 26] = [
    ("name", Phrase { en: "Name", de: "Name" }),
    ("password", Phrase { en: "Password", de: "Passwort" }),
    ("current", Phrase { en: "Present password", de: "Jetziges Passwort" }),
    ("timeZone", Phrase { en: "Time zone", de: "Zeitzone" }),
    ("language", Phrase { en: "Language", de: "Sprache" }),
    ("horizon", Phrase { en: "Days to plan", de: "Geplante Tage" }),
    ("theme", Phrase { en: "Colours", de: "Farben" }),
    ("scopes", Phrase { en: "It may", de: "Es darf" }),
    ("expires", Phrase { en: "It lasts", de: "Es gilt" }),
    ("confirm", Phrase { en: "Name of the account", de: "Name des Kontos" }),
    ("remote", Phrase { en: "Address", de: "Adresse" }),
    ("branch", Phrase { en: "Branch", de: "Branch" }),
    ("base_path", Phrase { en: "Folder", de: "Ordner" }),
    ("username", Phrase { en: "Name there", de: "Name dort" }),
    ("token", Phrase { en: "Token there", de: "Token dort" }),
    ("forgetToken", Phrase { en: "Present token", de: "Jetziges Token" }),
    ("mode", Phrase { en: "Direction", de: "Richtung" }),
    ("title", Phrase { en: "Title", de: "Titel" }),
    ("kategorie", Phrase { en: "Category", de: "Kategorie" }),
    ("tags", Phrase { en: "Tags", de: "Schlagwörter" }),
    ("deadline", Phrase { en: "Deadline", de: "Termin" }),
    ("datum", Phrase { en: "Fixed to the day", de: "Fest am Tag" }),
    ("zeit", Phrase { en: "and the slot", de: "und im Slot" }),
    ("body", Phrase { en: "Text", de: "Text" }),
    ("document", Phrase { en: "The whole file", de: "Die ganze Datei" }),
    ("key", Phrase { en: "The key of this form", de: "Der Schlüssel dieses Formulars" }),
];

/// What they are called in the sentences that say what is wrong with them, where it is something else: a verb in the
/// singular follows. What is no field of a form is a part of a line.
const SUBJECTS: [(&str, Phrase); 5] = [
    ("horizon", Phrase { en: "The number of days to plan", de: "Die Zahl der geplanten Tage" }),
    ("tags", Phrase { en: "A tag", de: "Ein Schlagwort" }),
    ("datum", Phrase { en: "“Fixed to the day”", de: "„Fest am Tag“" }),
    ("zeit", Phrase { en: "The slot", de: "Der Slot" }),
    ("fixedSlot", Phrase { en: "What follows !", de: "Was auf ! folgt," }),
];
const TAG_LIST: Phrase = Phrase { en: "The list of tags", de: "Die Liste der Schlagwörter" };
const TITLE_NEEDED: Phrase =
    Phrase { en: "Title is empty; it has to be given.", de: "Titel ist leer und muss angegeben werden." };

/// How long a password has to be, which is said before it is typed.
const PASSWORD_LENGTH: Phrase = Phrase { en: "12 to 128 characters", de: "12 bis 128 Zeichen" };
const PASSWORD_CHARS_MIN: u8 = 12;
const TICK_ONE: Phrase = Phrase { en: "Tick at least one.", de: "Bitte mindestens eines ankreuzen." };
const ZONES: Phrase = Phrase { en: "such as Europe/Berlin", de: "zum Beispiel Europe/Berlin" };
/// Each language in its own words, so that whoever reads the wrong one finds the right one.
const LANGUAGES: [(&str, &str); 2] = [("en", "English"), ("de", "Deutsch")];
const ZONE_LIST: &str = "zones";

fn label(field: &str, lang: Lang) -> Option<&'static str> {
    LABELS.iter().find(|(known, _)| *known == field).map(|(_, label)| label.text(lang))
}

/// What is wrong with a field, in the words of pages.
fn sentence(field: &str, fault: &Fault, lang: Lang) -> String {
    let subject = || SUBJECTS.iter().find(|(known, _)| *known == field).map(|(_, subject)| subject.text(lang));
    match (field, fault) {
        ("title", Fault::Empty) => TITLE_NEEDED.text(lang).to_owned(),
        ("scopes", Fault::Empty) => TICK_ONE.text(lang).to_owned(),
        ("tags", Fault::TooMany { .. }) => fault.text(TAG_LIST.text(lang), lang),
        _ => fault.text(subject().or_else(|| label(field, lang)).unwrap_or(field), lang),
    }
}

/// What is wrong with a form: sentences by the names of its fields.
#[derive(Clone, Debug, Default)]
pub struct Errors(Vec<(&'static str, String)>);

impl Errors {
    /// What a use case refused, at the field that it is about.
    pub fn of(refusal: &Refusal, lang: Lang) -> Errors {
        match refusal {
            Refusal::Field { field, fault } => {
                // The forms of tasks have a field for each part of a slot.
                let own = match *field {
                    "fixedSlot.datum" => "datum",
                    "fixedSlot.zeit" => "zeit",
                    field => field,
                };
                Errors::at_field(own, sentence(own, fault, lang))
            }
            Refusal::Sync(SyncRefusal::Unusable { field, sentence }) => {
                Errors::at_field(field, sentence.text(lang).to_owned())
            }
            Refusal::UserExists { .. } => Errors::at_field("name", refusal.text(lang)),
            Refusal::ScopeNotHeld { .. } | Refusal::NotAnAdministrator { .. } => {
                Errors::at_field("scopes", refusal.text(lang))
            }
            Refusal::OutlivesToken => Errors::at_field("expires", refusal.text(lang)),
            Refusal::Access(AccessRefusal::WrongPassword) => Errors::at_field("current", refusal.text(lang)),
            _ => Errors::at_field("", refusal.text(lang)),
        }
    }

    pub fn at_field(field: &'static str, sentence: String) -> Errors {
        Errors(vec![(field, sentence)])
    }

    /// The first sentence, whatever it is about.
    pub fn any(&self) -> Option<&str> {
        self.0.first().map(|(_, sentence)| sentence.as_str())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn at(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(at, _)| *at == field).map(|(_, sentence)| sentence.as_str())
    }
}

/// What is wrong with a form, for the top of its page: it may be far below. `fields` are those that it has.
pub fn alert(form: Form<'_>, fields: &[&str]) -> Markup {
    let to_field = form.lang.pick("To the field", "Zum Feld");
    html! {
        @for (field, sentence) in &form.errors.0 {
            p.alert role="alert" {
                (sentence)
                @if fields.contains(field) { " " a href={ "#" (form.id) "-" (field) } { (to_field) } }
            }
        }
    }
}

/// Says whom the page with a form is for, so that it does nothing once somebody else is signed in.
pub fn signed_in_as(name: Option<&str>) -> Markup {
    html! { @if let Some(name) = name { input type="hidden" name=(SIGNED_IN_AS) value=(name); } }
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
        self.input(name, Input { value, ..Input::of("text", "off") })
    }

    /// A field for a password that is there.
    pub fn password(self, name: &'a str) -> Field<'a> {
        self.input(name, Input::of("password", "current-password"))
    }

    /// A field for a password that is to be.
    pub fn new_password(self, name: &'a str) -> Field<'a> {
        let input = Input { chars_min: Some(PASSWORD_CHARS_MIN), ..Input::of("password", "new-password") };
        self.input(name, input).hint(PASSWORD_LENGTH.text(self.lang))
    }

    /// A field for a secret of another place, which is never shown again. A browser does not put the password of here
    /// into it.
    pub fn secret(self, name: &'a str) -> Field<'a> {
        self.input(name, Input { is_optional: true, ..Input::of("password", "new-password") })
    }

    /// A field for the name of a time zone, with all of them to choose from.
    pub fn time_zone(self, value: &'a str) -> Field<'a> {
        let input = Input { value, list: Some(ZONE_LIST), ..Input::of("text", "off") };
        self.input("timeZone", input).hint(ZONES.text(self.lang))
    }

    pub fn number(self, name: &'a str, value: &'a str, range: RangeInclusive<u16>) -> Field<'a> {
        self.input(name, Input { value, range: Some(range), ..Input::of("number", "off") })
    }

    pub fn language(self, value: &'a str) -> Field<'a> {
        self.choice("language", value, &LANGUAGES)
    }

    /// A field for one of some words, each with what it is called.
    pub fn choice(self, name: &'a str, value: &'a str, words: &'a [(&'a str, &'a str)]) -> Field<'a> {
        self.field(name, Control::Choice { value, words })
    }

    /// A field for lines of text.
    pub fn long_text(self, name: &'a str, value: &'a str) -> Field<'a> {
        self.field(name, Control::Lines(value))
    }

    fn input(self, name: &'a str, input: Input<'a>) -> Field<'a> {
        self.field(name, Control::Input(input))
    }

    fn field(self, name: &'a str, control: Control<'a>) -> Field<'a> {
        let label = label(name, self.lang).unwrap_or(name);
        Field { form: self, name, label, hint: None, control, is_first: false }
    }

    /// Boxes to tick, as many as one likes. What is wrong with them is told by the name `field`.
    pub fn boxes(self, field: &str, name: &str, boxes: &[TickBox<'_>]) -> Markup {
        let (error, id) = (self.errors.at(field), format!("{}-{field}", self.id));
        let described_by = error.map(|_| format!("{id}-error"));
        html! {
            fieldset.field id=(id) aria-describedby=[described_by] {
                legend { (label(field, self.lang).unwrap_or(field)) }
                @for (index, TickBox { value, label, is_ticked }) in boxes.iter().enumerate() {
                    label.tick {
                        input type="checkbox" name=(name) value=(value) checked[*is_ticked] autofocus[index == 0 && error.is_some()];
                        " " (label)
                    }
                }
                (error_line(&id, error))
            }
        }
    }
}

pub struct TickBox<'a> {
    pub value: &'a str,
    pub label: &'a str,
    pub is_ticked: bool,
}

/// Tells a password manager whose password a form is about. It has no name, so it is not sent.
pub fn of_account(name: &str) -> Markup {
    html! { input type="text" value=(name) autocomplete="username" hidden readonly; }
}

/// The names of all time zones for the fields that ask for one; once on a page.
pub fn zone_list() -> Markup {
    html! { datalist id=(ZONE_LIST) { @for name in Zone::names() { option value=(name) {} } } }
}

fn error_line(id: &str, error: Option<&str>) -> Markup {
    html! { @if let Some(error) = error { p.error id={ (id) "-error" } { (error) } } }
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
    Choice { value: &'a str, words: &'a [(&'a str, &'a str)] },
    Lines(&'a str),
}

struct Input<'a> {
    kind: &'a str,
    value: &'a str,
    /// What a browser may fill in.
    autocomplete: &'a str,
    list: Option<&'a str>,
    chars_min: Option<u8>,
    range: Option<RangeInclusive<u16>>,
    is_optional: bool,
}

impl<'a> Input<'a> {
    fn of(kind: &'a str, autocomplete: &'a str) -> Input<'a> {
        Input { kind, value: "", autocomplete, list: None, chars_min: None, range: None, is_optional: false }
    }
}

impl<'a> Field<'a> {
    pub fn label(self, label: &'a str) -> Field<'a> {
        Field { label, ..self }
    }

    /// What is said about it before anything is typed.
    pub fn hint(self, hint: &'a str) -> Field<'a> {
        Field { hint: Some(hint), ..self }
    }

    /// It asks for the name that one signs in with.
    pub fn of_oneself(mut self) -> Field<'a> {
        if let Control::Input(input) = &mut self.control {
            input.autocomplete = "username";
        }
        self
    }

    pub fn optional(mut self) -> Field<'a> {
        if let Control::Input(input) = &mut self.control {
            input.is_optional = true;
        }
        self
    }

    /// Whoever opens the page begins here.
    pub fn first(self, is_first: bool) -> Field<'a> {
        Field { is_first, ..self }
    }

    fn control(&self, id: &str, described_by: Option<&str>, is_wrong: bool) -> Markup {
        // Where a field is wrong, one begins there.
        let is_first = is_wrong || (self.is_first && self.form.errors.is_empty());
        let invalid = is_wrong.then_some("true");
        html! {
            @match &self.control {
                Control::Input(input) => {
                    input id=(id) name=(self.name) type=(input.kind) value=[(input.kind != "password").then_some(input.value)]
                        autocomplete=(input.autocomplete) list=[input.list] minlength=[input.chars_min]
                        min=[input.range.as_ref().map(RangeInclusive::start)] max=[input.range.as_ref().map(RangeInclusive::end)]
                        required[!input.is_optional] autocapitalize="none" autocorrect="off" spellcheck="false"
                        autofocus[is_first] aria-describedby=[described_by] aria-invalid=[invalid];
                }
                Control::Lines(value) => {
                    // A line break right after the tag would be taken off.
                    textarea id=(id) name=(self.name) rows="12" spellcheck="true" autofocus[is_first]
                        aria-describedby=[described_by] aria-invalid=[invalid] { "\n" (value) }
                }
                Control::Choice { value, words } => {
                    select id=(id) name=(self.name) autofocus[is_first] aria-describedby=[described_by] aria-invalid=[invalid] {
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
                (error_line(&id, error))
                @if let Some(hint) = self.hint { p.hint id={ (id) "-hint" } { (hint) } }
            }
        }
    }
}
