//! The page of the editor.

use maud::{Markup, html};

use super::edit::{NAME_TAKEN, Told, malformed_name};
use super::marked::{COLUMN, LINE, TASK, WHOLE, faults, place};
use super::reading::reference;
use super::typed::Typed;
use crate::domain::lang::Phrase;
use crate::domain::script::{OptionValue, RuleEntry, RuleError};
use crate::http::web::difference::Comparison;
use crate::http::web::form::{Errors, Form, alert, signed_in_as};
use crate::http::web::layout::{Place, Viewer, account_page};
use crate::http::web::segment;
use crate::service::rules::{Rules, TestRun};
use crate::view::rule_errors::message;

const SAVED_MEANWHILE: Phrase = Phrase {
    en: "Somebody else saved rules while you wrote. What stands now and what you wrote are side by side below: take over what you want, and save again.",
    de: "Jemand anders hat Regeln gespeichert, während du geschrieben hast. Was jetzt dasteht und was du geschrieben hast, steht unten nebeneinander: übernimm, was du willst, und speichere noch einmal.",
};
const KEYS: Phrase = Phrase {
    en: "The Tab key indents; Escape and then Tab leaves the field. Ctrl+S saves.",
    de: "Die Tabulatortaste rückt ein; mit Escape und dann Tabulator verlässt du das Feld. Strg+S speichert.",
};
const TESTS: Phrase = Phrase {
    en: "Functions test_… that say what you expect. Rules are saved only if their tests pass; without any, nothing is tested.",
    de: "Funktionen test_…, die sagen, was du erwartest. Gespeichert wird nur, was seine Tests besteht; ohne Tests wird nichts geprüft.",
};

/// Everything on the page.
pub(super) struct Editor<'a> {
    pub viewer: Viewer<'a>,
    pub rules: &'a Rules,
    pub typed: &'a Typed,
    pub told: Told,
    /// Of the rules that were there as the writing began.
    pub etag: String,
}

impl Editor<'_> {
    pub fn whole(&self) -> Markup {
        let (lang, typed) = (self.viewer.lang, self.typed);
        let title = match typed.replaced(self.rules) {
            Some(RuleEntry::Own { .. }) => format!("{} {}", lang.pick("The rule", "Die Regel"), typed.of),
            _ => lang.pick("A rule of your own", "Eine eigene Regel").to_owned(),
        };
        let content = html! {
            p {
                a href="/rules" { (lang.pick("All rules", "Alle Regeln")) } " · "
                a href="/rules/tutorial" { (lang.pick("Rules, step by step", "Regeln, Schritt für Schritt")) } " · "
                a href="#reference" { (lang.pick("All words", "Alle Wörter")) }
            }
            (self.told())
            @if let Some(ready) = self.copied() {
                p.hint {
                    (ready) " "
                    (lang.pick("comes with the program and stays as it is. What you save is a copy of your own", "gehört zum Programm und bleibt, wie es ist. Was du speicherst, ist eine eigene Kopie"))
                    (if typed.of.is_empty() { lang.pick(", at the end of your list.", " am Ende deiner Liste.") } else { lang.pick(", which takes its place in your list.", ", die in deiner Liste an seine Stelle tritt.") })
                }
            }
            @if matches!(self.told, Told::Conflict) { (self.both()) }
            (self.editing())
        };
        account_page(self.viewer, Place::Rules, &title, &content)
    }

    /// The form and what belongs to it. The script of the page has all that it says from here.
    fn editing(&self) -> Markup {
        let lang = self.viewer.lang;
        let words = lang.pick("All words", "Alle Wörter");
        let is_saved = matches!(self.told, Told::Nothing | Told::Notice(_));
        html! {
            div.editing data-module="rules-editor" data-unsaved[!is_saved]
                data-line=(LINE.text(lang)) data-column=(COLUMN.text(lang)) data-task=(TASK.text(lang)) data-whole=(WHOLE.text(lang))
                data-one=(lang.pick("There is an error: {place}.", "Da ist ein Fehler: {place}."))
                data-many=(lang.pick("There are {count} errors, the first one: {place}.", "Da sind {count} Fehler, der erste: {place}."))
                data-sound=(lang.pick("Nothing is wrong with it.", "Daran ist nichts falsch."))
                data-name-taken=(NAME_TAKEN.text(lang)) data-name-wrong=(malformed_name(lang))
                data-mended=(lang.pick("No errors any more.", "Kein Fehler mehr."))
                data-failed=(lang.pick("The server does not answer at the moment; what you write is still here.", "Der Server antwortet gerade nicht; was du schreibst, ist noch da.")) {
                div {
                    (self.form())
                    section.panel.live hidden {
                        h2 { (lang.pick("The week as it would be", "Die Woche, wie sie wäre")) }
                        p.hint.state {}
                        pre.drawn hidden tabindex="0" {}
                    }
                }
                aside.reference id="reference" {
                    details {
                        summary { (words) }
                        div.scrolled tabindex="0" role="region" aria-label=(words) { (reference(lang)) }
                    }
                }
            }
        }
    }

    /// The script of the program that this is a copy of.
    fn copied(&self) -> Option<&str> {
        let replaced = || match self.typed.replaced(self.rules) {
            Some(RuleEntry::Library { name, .. }) => Some(name.as_str()),
            Some(RuleEntry::Own { .. }) | None => None,
        };
        self.typed.copy_of.as_deref().or_else(replaced)
    }

    /// What is wrong with the script, with its tests, and with other scripts of the list.
    fn wrong(&self) -> [Vec<&RuleError>; 3] {
        let errors: Vec<&RuleError> = match &self.told {
            Told::Wrong(errors) => errors.iter().collect(),
            Told::Tested(run) => run.failures().collect(),
            _ => Vec::new(),
        };
        let tests = format!("{}.test", self.typed.name);
        let (of_script, others): (Vec<_>, Vec<_>) =
            errors.into_iter().partition(|error| error.script == self.typed.name);
        let (of_tests, others) = others.into_iter().partition(|error| error.script == tests);
        [of_script, of_tests, others]
    }

    fn told(&self) -> Markup {
        let lang = self.viewer.lang;
        match &self.told {
            Told::Nothing => html! {},
            Told::Notice(notice) => html! { (notice.show(lang)) },
            Told::Sound => html! {
                p.notice role="status" { (lang.pick("Nothing is wrong with it. It is not saved yet.", "Daran ist nichts falsch. Gespeichert ist es noch nicht.")) }
            },
            Told::Looked(drawn) => html! {
                section.panel role="status" {
                    h2 { (lang.pick("What would change", "Was sich ändern würde")) }
                    pre.drawn tabindex="0" { (drawn) }
                    p.hint { (lang.pick("It is not saved yet.", "Gespeichert ist noch nichts.")) }
                }
            },
            Told::Tested(run) => self.tested(run),
            Told::Wrong(_) => self.refused(),
            Told::Failed(errors) => alert(Form { id: "editor", lang, errors }, &["name", "script", "tests"]),
            Told::Conflict => html! { p.alert role="alert" { (SAVED_MEANWHILE.text(lang)) } },
        }
    }

    fn refused(&self) -> Markup {
        let lang = self.viewer.lang;
        let [of_script, of_tests, others] = self.wrong();
        let to_field = lang.pick("To the field", "Zum Feld");
        html! {
            @if !of_script.is_empty() {
                p.alert role="alert" { (lang.pick("The script has an error; nothing was saved.", "Das Skript hat einen Fehler; gespeichert wurde nichts.")) " " a href="#editor-script-faults" { (to_field) } }
            }
            @if !of_tests.is_empty() {
                p.alert role="alert" { (lang.pick("A test fails; nothing was saved.", "Ein Test scheitert; gespeichert wurde nichts.")) " " a href="#editor-tests-faults" { (to_field) } }
            }
            @for error in others {
                p.alert role="alert" {
                    @if self.rules.entries.iter().any(|entry| entry.name() == error.script) {
                        a href={ "/rules/edit/" (segment(&error.script)) } { (error.script) } ", "
                    }
                    (place(error, lang)) ": " (message(&error.message, lang))
                }
            }
        }
    }

    fn tested(&self, run: &TestRun) -> Markup {
        let lang = self.viewer.lang;
        let outcomes = match run {
            TestRun::Ran(outcomes) => outcomes.as_slice(),
            TestRun::Refused(_) => &[],
        };
        html! {
            section.panel id="tested" role="status" {
                h2 { (lang.pick("The tests", "Die Tests")) }
                @if outcomes.is_empty() {
                    p { (lang.pick("There are none: write functions whose names begin with test_ into the second field.", "Es gibt keine: schreib in das zweite Feld Funktionen, deren Namen mit test_ beginnen.")) }
                }
                ul.lines {
                    @for outcome in outcomes {
                        li {
                            div {
                                code { (outcome.test) } " – "
                                @match &outcome.failure {
                                    None => (lang.pick("passes", "besteht")),
                                    Some(error) => { strong.late { (lang.pick("fails", "scheitert")) } ", " (place(error, lang)) ": " (message(&error.message, lang)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// What stands there now beside what was typed.
    fn both(&self) -> Markup {
        let (lang, typed) = (self.viewer.lang, self.typed);
        let now = typed.replaced(self.rules);
        let (script, tests) = match now {
            Some(RuleEntry::Own { script, tests }) => (script.source.as_str(), tests.as_deref().unwrap_or_default()),
            Some(RuleEntry::Library { .. }) | None => ("", ""),
        };
        let compared = Comparison::new(lang);
        let names: Vec<&str> = self.rules.entries.iter().map(RuleEntry::name).collect();
        html! {
            section.columns {
                div.panel {
                    h2 { (lang.pick("What stands now", "Was jetzt dasteht")) }
                    p { (lang.pick("The list: ", "Die Liste: ")) (names.join(", ")) }
                    @match now {
                        Some(RuleEntry::Own { .. }) => { pre { (script) } @if !tests.is_empty() { pre { (tests) } } }
                        Some(RuleEntry::Library { name, .. }) => p { (name) " " (lang.pick("as it comes with the program", "so, wie es zum Programm gehört")) },
                        None => p { (lang.pick("This rule is not in it. Saving adds it.", "Diese Regel steht nicht darin. Wenn du speicherst, kommt sie dazu.")) },
                    }
                }
                div.panel {
                    h2 { (lang.pick("What you wrote", "Was du geschrieben hast")) }
                    (compared.lines(script, &typed.script))
                    (compared.lines(tests, &typed.tests))
                }
            }
        }
    }

    fn form(&self) -> Markup {
        let (lang, typed) = (self.viewer.lang, self.typed);
        let none = Errors::default();
        let errors = if let Told::Failed(errors) = &self.told { errors } else { &none };
        let form = Form { id: "editor", lang, errors };
        let [of_script, of_tests, _] = self.wrong();
        html! {
            form method="post" action="/rules/edit" {
                (signed_in_as(self.viewer.name))
                input type="hidden" name="etag" value=(self.etag);
                input type="hidden" name="of" value=(typed.of);
                (form.text("name", &typed.name).hint(lang.pick("1 to 64 characters of a-z, 0-9 and -", "1 bis 64 Zeichen aus a-z, 0-9 und -")))
                (area(form, &Area { name: "script", label: lang.pick("The script", "Das Skript"), hint: None, rows: 16, text: &typed.script, wrong: &of_script }))
                (area(form, &Area { name: "tests", label: lang.pick("Its tests", "Seine Tests"), hint: Some(TESTS.text(lang)), rows: 8, text: &typed.tests, wrong: &of_tests }))
                (self.options())
                p.hint id="editor-keys" hidden { (KEYS.text(lang)) }
                div.bar {
                    button type="submit" name="act" value="check" { (lang.pick("Check", "Prüfen")) }
                    button type="submit" name="act" value="look" { (lang.pick("Look first", "Erst ansehen")) }
                    button type="submit" name="act" value="test" { (lang.pick("Run the tests", "Tests ausführen")) }
                    button.main type="submit" name="act" value="save" { (lang.pick("Save", "Speichern")) }
                }
            }
        }
    }

    /// What is set of the options stays, unless that is not wanted.
    fn options(&self) -> Markup {
        let lang = self.viewer.lang;
        let set = self
            .typed
            .replaced(self.rules)
            .map(|entry| entry.options().iter().map(|(name, value)| written(name, value)));
        let set: Vec<String> = set.into_iter().flatten().collect();
        html! {
            @if !set.is_empty() {
                div.field {
                    label.tick {
                        input type="checkbox" name="defaults" value="true" checked[self.typed.defaults];
                        " " (lang.pick("Forget what is set of its options: ", "Vergessen, was an seinen Optionen gesetzt ist: ")) (set.join(", "))
                    }
                }
            }
        }
    }
}

fn written(name: &str, value: &OptionValue) -> String {
    match value {
        OptionValue::Flag(flag) => format!("{name} = {flag}"),
        OptionValue::Number(number) => format!("{name} = {number}"),
        OptionValue::Text(text) => format!("{name} = {text}"),
    }
}

/// A field for a script.
struct Area<'a> {
    name: &'a str,
    label: &'a str,
    hint: Option<&'a str>,
    rows: u8,
    text: &'a str,
    wrong: &'a [&'a RuleError],
}

fn area(form: Form<'_>, area: &Area<'_>) -> Markup {
    let (id, error) = (format!("editor-{}", area.name), form.errors.at(area.name));
    let notes = [Some("faults"), error.map(|_| "error"), area.hint.map(|_| "hint")];
    let described_by: Vec<String> = notes.into_iter().flatten().map(|note| format!("{id}-{note}")).collect();
    let is_wrong = error.is_some() || !area.wrong.is_empty();
    html! {
        div.field {
            label for=(id) { (area.label) }
            // Lines are as long as they are written, so that their numbers are right.
            div.code {
                textarea id=(id) name=(area.name) rows=(area.rows) wrap="off" spellcheck="false" autocapitalize="none" autocomplete="off"
                    aria-describedby=(described_by.join(" ")) aria-invalid=[is_wrong.then_some("true")] { "\n" (area.text) }
            }
            @if let Some(error) = error { p.error id={ (id) "-error" } { (error) } }
            div id={ (id) "-faults" } { @if !area.wrong.is_empty() { (faults(area.name, area.text, area.wrong, form.lang)) } }
            @if let Some(hint) = area.hint { p.hint id={ (id) "-hint" } { (hint) } }
        }
    }
}
