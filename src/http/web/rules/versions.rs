//! The versions of the rules, and what setting one of them again would change.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::Page;
use crate::domain::lang::Lang;
use crate::domain::script::RuleEntry;
use crate::http::web::difference::Comparison;
use crate::http::web::when;
use crate::service::rules::RulesVersion;
use crate::service::rules::files::files_of;
use crate::view::RulesSource;

impl Page<'_> {
    pub(super) fn versions(&self) -> Markup {
        let lang = self.viewer.lang;
        html! {
            @if self.rules.source == RulesSource::User || !self.versions.is_empty() {
                section.panel id="versions" {
                    h2 { (lang.pick("Versions", "Versionen")) }
                    @if self.rules.source == RulesSource::User {
                        (self.form("reset", None, &html! {
                            button type="submit" { (lang.pick("Have no rules of my own", "Keine eigenen Regeln haben")) }
                        }))
                    }
                    ul.lines { @for version in self.versions { (self.version(version)) } }
                }
            }
        }
    }

    fn version(&self, version: &RulesVersion) -> Markup {
        let lang = self.viewer.lang;
        let number = version.version.0;
        let (is_present, is_compared) = (self.rules.version == Some(version.version), self.compared == Some(number));
        html! {
            li id={ "version-" (number) } {
                div {
                    (number) " · " (when(version.at, self.zone)) " · " (version.actor) " · "
                    @match &version.entries {
                        Some(entries) => (entries.iter().map(RuleEntry::name).collect::<Vec<_>>().join(", ")),
                        None => (lang.pick("none of one's own", "keine eigenen")),
                    }
                    @if is_present {
                        " · " strong { (lang.pick("applies now", "gilt jetzt")) }
                    } @else if !is_compared {
                        " · " a href={ "/rules?version=" (number) "#version-" (number) } { (lang.pick("What is different", "Was anders ist")) }
                    }
                }
                @if !is_present {
                    (self.form("restore", None, &html! {
                        input type="hidden" name="version" value=(number);
                        button type="submit" { (lang.pick("Set again", "Wieder setzen")) }
                    }))
                }
                @if is_compared && !is_present {
                    div.whole { (between(&self.rules.entries, version.entries.as_deref(), lang)) }
                }
            }
        }
    }
}

/// What becomes of the list that applies if another one is set: file by file, as a repository has them.
fn between(now: &[RuleEntry], then: Option<&[RuleEntry]>, lang: Lang) -> Markup {
    let Some(then) = then else {
        return html! {
            p.hint { (lang.pick("Setting it again takes all rules of your own away.", "Wer sie wieder setzt, hat keine eigenen Regeln mehr.")) }
        };
    };
    let texts = |list: &[RuleEntry]| -> BTreeMap<String, String> {
        let text = |raw: Vec<u8>| String::from_utf8_lossy(&raw).into_owned();
        files_of(list).into_iter().map(|(name, raw)| (name, text(raw))).collect()
    };
    let (now, then) = (texts(now), texts(then));
    let names: BTreeSet<&String> = now.keys().chain(then.keys()).collect();
    let different: Vec<&String> = names.into_iter().filter(|name| now.get(*name) != then.get(*name)).collect();
    let compared = Comparison::new(lang);
    let of = |texts: &BTreeMap<String, String>, name: &String| texts.get(name).cloned().unwrap_or_default();
    html! {
        @if different.is_empty() {
            p.hint { (lang.pick("Nothing is different from what applies now.", "Nichts ist anders als das, was jetzt gilt.")) }
        } @else {
            p.hint { (lang.pick("What setting it again would take away and bring:", "Was wegfiele und was dazukäme, wenn du sie wieder setzt:")) }
        }
        @for name in different {
            h3 { (name) }
            (compared.lines(&of(&now, name), &of(&then, name)))
        }
    }
}
