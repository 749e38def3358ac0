//! `/admin/state`: how the server is: its store, its backups, its memory, what it keeps at hand, and whose rules fail.

use axum::response::Response;
use hyper::{HeaderMap, StatusCode};
use maud::{Markup, html};

use super::Reader;
use crate::domain::ids::UserName;
use crate::domain::lang::{Lang, Phrase};
use crate::domain::zone::Zone;
use crate::http::auth::{page as shown, see_other};
use crate::http::errors::HttpError;
use crate::http::extract::{Administering, MaybeFormOrJson};
use crate::http::query::Query;
use crate::http::web::form::signed_in_as;
use crate::http::web::layout::{Place, Viewer, account_page};
use crate::http::web::notice::Notice;
use crate::http::web::{Again, when};
use crate::metrics::resident_bytes;
use crate::service::administration::Room;
use crate::service::backup::Standing;
use crate::store::Compacted;
use crate::view::RulesState;

/// Accounts whose generations are added up.
const ACCOUNTS_COUNTED: usize = 1_000;
/// Users whose failing rules are shown.
const FAILING_SHOWN: usize = 50;

pub(super) const TITLE: Phrase = Phrase { en: "State of the server", de: "Zustand des Servers" };

/// Everything on it.
struct State<'a> {
    viewer: Viewer<'a>,
    notice: Option<Notice>,
    /// Why the file was not made smaller just now.
    refused: Option<String>,
    zone: Zone,
    unready: Option<&'static str>,
    room: Room,
    /// Accounts, and the generations of all of them; the flag says that there are more.
    accounts: (usize, u64, bool),
    /// The plan for backups, where there is one.
    backups: Option<Standing>,
    /// Answers by where they came from.
    answers: [(&'static str, u64); 4],
    evictions: u64,
    write_failures: u64,
    failing_repositories: usize,
    failing: Vec<(UserName, RulesState)>,
}

impl Administering {
    async fn state_page(
        &self,
        reader: &Reader,
        status: StatusCode,
        notice: Option<Notice>,
        refused: Option<String>,
    ) -> Result<Response, HttpError> {
        let (site, service) = (&self.site, &self.site.service);
        let accounts = service.list_accounts(None, ACCOUNTS_COUNTED).await?;
        let generations = accounts.accounts.iter().map(|account| account.generation.0).sum();
        let page = State {
            viewer: self.viewer(reader),
            notice,
            refused,
            zone: reader.zone,
            unready: site.unready_reason(),
            room: service.room().await?,
            accounts: (accounts.accounts.len(), generations, accounts.next.is_some()),
            backups: site.backups.as_ref().map(|schedule| schedule.standing()),
            answers: site.counts.answers(),
            evictions: service.store().published().entries().evictions(),
            write_failures: service.store().metrics().failures.get(),
            failing_repositories: service.failing_links(),
            failing: service.failing_rules(),
        };
        Ok(shown(status, page.whole()))
    }
}

/// `GET /admin/state`
pub async fn state(asked: Administering, query: Query, headers: HeaderMap) -> Result<Response, HttpError> {
    let reader = asked.reader(&headers)?;
    asked.state_page(&reader, StatusCode::OK, Notice::of(query.text("done")), None).await
}

/// `POST /admin/compact`
pub async fn compact(asked: Administering, headers: HeaderMap, sent: MaybeFormOrJson) -> Result<Response, HttpError> {
    sent.check_is_a_button()?;
    match asked.site.service.compact().await {
        Ok(Compacted { bytes_before, bytes_after }) => {
            tracing::info!(by = asked.by(), bytes_before, bytes_after, "unused space of the database was given back");
            Ok(see_other("/admin/state?done=compacted"))
        }
        Err(error) => {
            let (again, reader) = (Again::of(error)?, asked.reader(&headers)?);
            let refused = Some(again.refusal.text(reader.lang));
            Ok(again.told(asked.state_page(&reader, again.status(), None, refused).await?))
        }
    }
}

/// A number of bytes as people say it.
pub(super) fn size(bytes: u64, lang: Lang) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let Some((unit, one)) = UNITS.iter().find(|(_, one)| bytes >= *one) else { return format!("{bytes} B") };
    let tenths = u128::from(bytes) * 10 / u128::from(*one);
    format!("{}{}{} {unit}", tenths / 10, lang.pick('.', ','), tenths % 10)
}

pub(super) fn fact(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn number(name: &str, number: impl std::fmt::Display) -> Markup {
    fact(name, &html! { (number) })
}

impl State<'_> {
    fn whole(&self) -> Markup {
        let lang = self.viewer.lang;
        let content = html! {
            @if let Some(notice) = self.notice { (notice.show(lang)) }
            @if let Some(refused) = &self.refused { p.alert role="alert" { (refused) } }
            div.columns {
                div { (self.store()) (self.backups()) }
                div { (self.rules()) (self.cache()) }
            }
            p { a href="/admin" { (lang.pick("All accounts", "Alle Konten")) } }
        };
        account_page(self.viewer, Place::Administration, TITLE.text(lang), &content)
    }

    fn store(&self) -> Markup {
        let (lang, room, (accounts, generations, more)) = (self.viewer.lang, &self.room, self.accounts);
        let first = more.then(|| lang.pick(format!(" (the first {accounts})"), format!(" (die ersten {accounts})")));
        html! {
            section.panel {
                h2 { (lang.pick("Database", "Datenbank")) }
                dl.facts {
                    (fact(lang.pick("Changes", "Änderungen"), &html! {
                        @match self.unready {
                            None => (lang.pick("can be saved", "lassen sich speichern")),
                            Some(word) => span.late { (why_unready(word).text(lang)) },
                        }
                    }))
                    (number(lang.pick("File", "Datei"), size(room.store_bytes, lang)))
                    @if let Some(bytes) = room.journal_bytes { (number("Journal", size(bytes, lang))) }
                    @if let Some(bytes) = room.free_bytes {
                        (number(lang.pick("Free on the disk", "Frei auf der Platte"), size(bytes, lang)))
                    }
                    (number(lang.pick("Accounts", "Konten"), html! { (accounts) @if more { "+" } }.into_string()))
                    (fact(lang.pick("Generations", "Generationen"), &html! { (generations) (first.unwrap_or_default()) }))
                    (number(lang.pick("Failed writes", "Gescheiterte Schreibvorgänge"), self.write_failures))
                    (number(lang.pick("Failing repositories", "Gestörte Repositorys"), self.failing_repositories))
                }
                ul.lines {
                    li {
                        p.hint { (lang.pick(
                            "Looks whether everything that is kept is whole and belongs together.",
                            "Sieht nach, ob alles heil ist und zusammengehört.",
                        )) }
                        a.button href="/admin/doctor" { (lang.pick("Look after it", "Nachsehen")) }
                    }
                    li {
                        p.hint { (lang.pick(
                            "Gives unused space of the file back. Changes wait meanwhile.",
                            "Gibt Platz frei, den die Datei nicht braucht. Änderungen warten so lange.",
                        )) }
                        form method="post" action="/admin/compact" {
                            (signed_in_as(self.viewer.name))
                            button type="submit" { (lang.pick("Make the file smaller", "Datei verkleinern")) }
                        }
                    }
                }
            }
        }
    }

    fn backups(&self) -> Markup {
        let lang = self.viewer.lang;
        html! {
            section.panel {
                h2 { "Backup" }
                @match &self.backups {
                    None => p.hint { (lang.pick(
                        "This server makes none by itself; it does with --backup-every and --backup-dir.",
                        "Von selbst macht dieser Server keine; mit --backup-every und --backup-dir tut er es.",
                    )) },
                    Some(standing) => (self.scheduled(standing)),
                }
                p.hint { (lang.pick(
                    "A backup has everything of everybody. Keep it where only you can read it.",
                    "In einem Backup steht alles von allen. Es gehört an einen Ort, den nur du lesen kannst.",
                )) }
                p { a.button href="/api/admin/backup" download { (lang.pick("Download a backup", "Backup herunterladen")) } }
            }
        }
    }

    /// What became of those that the server makes by itself.
    fn scheduled(&self, standing: &Standing) -> Markup {
        let lang = self.viewer.lang;
        html! {
            dl.facts {
                (fact(lang.pick("Last one", "Letztes"), &html! {
                    @match &standing.made {
                        Some(made) => { (when(made.at, self.zone)) ", " (size(made.bytes, lang)) }
                        None => (lang.pick("none yet", "noch keines")),
                    }
                }))
                @if let Some(failed) = &standing.failed {
                    (fact(lang.pick("Last attempt", "Letzter Versuch"), &html! {
                        span.late { (when(failed.at, self.zone)) ": " (failed.sentence.text(lang)) }
                    }))
                }
                @if let Some(next) = standing.next_at { (fact(lang.pick("Next one", "Nächstes"), &when(next, self.zone))) }
            }
        }
    }

    fn cache(&self) -> Markup {
        let (lang, room) = (self.viewer.lang, &self.room);
        html! {
            section.panel {
                h2 { (lang.pick("Memory and cache", "Speicher und Cache")) }
                dl.facts {
                    @if let Some(bytes) = resident_bytes() {
                        (number(lang.pick("The process", "Der Prozess"), size(bytes, lang)))
                    }
                    (fact(lang.pick("Finished answers", "Fertige Antworten"), &html! {
                        (room.hot_entries) ", " (size(room.hot_bytes, lang)) (lang.pick(" of ", " von ")) (size(room.hot_bytes_max, lang))
                    }))
                    (number(lang.pick("Made room", "Verdrängt"), self.evictions))
                    (number(lang.pick("Tasks that rules are remembered of", "Aufgaben mit gemerkten Regeln"), room.remembered_tasks))
                }
                h3 { (lang.pick("Timelines since the start, by where they came from", "Zeitpläne seit dem Start, nach Herkunft")) }
                dl.facts { @for (layer, count) in self.answers { (number(origin(layer).text(lang), count)) } }
                p.hint { (lang.pick(
                    "What is kept of one user's is on the account's page.",
                    "Was von jemandem bereitliegt, steht auf der Seite des Kontos.",
                )) }
            }
        }
    }

    fn rules(&self) -> Markup {
        let lang = self.viewer.lang;
        html! {
            section.panel {
                h2 { (lang.pick("Rules that fail", "Regeln, die scheitern")) }
                @if self.failing.is_empty() {
                    p.free { (lang.pick("None that was asked since the start.", "Keine, die seit dem Start gefragt wurde.")) }
                }
                ul.lines {
                    @for (name, state) in self.failing.iter().take(FAILING_SHOWN) {
                        li {
                            div {
                                strong { a href={ "/admin/users/" (name) "/timeline" } { (name) } }
                                @for sentence in state.failure_of_another(lang).iter().flatten() { p { (sentence) "." } }
                            }
                        }
                    }
                }
                @if self.failing.len() > FAILING_SHOWN {
                    p { (self.failing.len() - FAILING_SHOWN) " " (lang.pick("more.", "weitere.")) }
                }
            }
        }
    }
}

/// Why changes cannot be saved, by the word that `/readyz` has for it.
fn why_unready(word: &str) -> Phrase {
    match word {
        "stopping" => Phrase { en: "the server is being stopped", de: "der Server hält gerade an" },
        "database_file_gone" => {
            Phrase { en: "cannot be saved: the file is gone", de: "lassen sich nicht speichern: Die Datei ist weg" }
        }
        _ => Phrase {
            en: "cannot be saved: the disk does not take them",
            de: "lassen sich nicht speichern: Die Platte nimmt sie nicht an",
        },
    }
}

/// Where an answer came from.
pub(super) fn origin(layer: &str) -> Phrase {
    match layer {
        "hot" => Phrase { en: "from memory", de: "aus dem Speicher" },
        "materialized" => Phrase { en: "from the database", de: "aus der Datenbank" },
        "what_if" => Phrase { en: "in another form", de: "in anderer Form" },
        _ => Phrase { en: "made anew", de: "neu gemacht" },
    }
}
