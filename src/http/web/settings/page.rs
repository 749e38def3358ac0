//! The page of one's own settings: planning, password, browsers, tokens.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::git::{self, RemoteForm};
use crate::domain::lang::{Lang, Phrase};
use crate::domain::theme::Theme;
use crate::domain::zone::Zone;
use crate::http::web::browser::plain_name;
use crate::http::web::form::{Errors, Form, TickBox, alert, of_account, signed_in_as, zone_list};
use crate::http::web::layout::{Place, Viewer, account_page};
use crate::http::web::notice::Notice;
use crate::http::web::when;
use crate::planning::DAYS_MAX;
use crate::service::sync::SyncStatus;
use crate::service::tokens::{Issued, TokenGrant};

/// Everything on it.
pub struct SettingsPage<'a> {
    pub viewer: Viewer<'a>,
    pub notice: Option<Notice>,
    /// The zone that instants are told in.
    pub zone: Zone,
    pub now: DateTime<Utc>,
    pub planning: Planning,
    /// What is wrong with a new password.
    pub password: Errors,
    pub has_password: bool,
    pub sessions: Vec<Session>,
    pub tokens: Vec<TokenGrant>,
    pub new_token: NewToken,
    /// Whether there is a repository of one's own.
    pub has_remote: bool,
    pub remote: RemoteForm,
    /// How the sync stands.
    pub sync: SyncStatus,
}

/// The form about planning, as it was typed or as things are.
#[derive(Clone, Debug, Default)]
pub struct Planning {
    pub time_zone: String,
    pub language: String,
    pub horizon: String,
    pub theme: String,
    pub errors: Errors,
}

/// Somewhere where one is signed in.
pub struct Session {
    pub grant: TokenGrant,
    pub is_this: bool,
}

/// The form for a new token, as it was typed.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub name: String,
    pub scopes: Vec<String>,
    pub expires: String,
    /// Goes with the form, so that sending it twice makes one token.
    pub key: String,
    pub errors: Errors,
}

/// What a token can be allowed, with what that is called.
const SCOPES: [(&str, Phrase); 4] = [
    ("read", Phrase { en: "read tasks and the week", de: "Aufgaben und Woche lesen" }),
    ("write", Phrase { en: "change tasks", de: "Aufgaben ändern" }),
    ("feed", Phrase { en: "the week as a calendar", de: "die Woche als Kalender" }),
    ("admin", Phrase { en: "manage accounts", de: "Konten verwalten" }),
];

fn spans(lang: Lang) -> [(&'static str, &'static str); 5] {
    [
        ("7d", lang.pick("a week", "eine Woche")),
        ("30d", lang.pick("30 days", "30 Tage")),
        ("90d", lang.pick("90 days", "90 Tage")),
        ("365d", lang.pick("a year", "ein Jahr")),
        ("", lang.pick("until it is revoked", "bis zum Widerruf")),
    ]
}

fn themes(lang: Lang) -> [(&'static str, &'static str); 3] {
    Theme::ALL.map(|theme| {
        let called = match theme {
            Theme::Auto => lang.pick("as the system is", "wie das System"),
            Theme::Light => lang.pick("light", "hell"),
            Theme::Dark => lang.pick("dark", "dunkel"),
        };
        (theme.as_str(), called)
    })
}

pub fn page(page: &SettingsPage<'_>) -> Markup {
    let lang = page.viewer.lang;
    let content = html! {
        @if let Some(notice) = page.notice { (notice.show(lang)) }
        (alert(planning_form(&page.planning, lang), &["timeZone", "language", "horizon", "theme"]))
        (alert(password_form(page), if page.has_password { &["current", "password"] } else { &[] }))
        (alert(page.remote.form(lang), &git::FIELDS))
        (alert(token_form(&page.new_token, lang), &["name", "scopes", "expires"]))
        div.columns {
            div { (planning(&page.planning, page.viewer)) (password(page, lang)) (git::section(page)) }
            div { (exports(lang)) (sessions(page, lang)) (tokens(page, lang)) }
        }
        (zone_list())
    };
    account_page(page.viewer, Place::Settings, Place::Settings.name().text(lang), &content)
}

fn planning_form(planning: &Planning, lang: Lang) -> Form<'_> {
    Form { id: "planning", lang, errors: &planning.errors }
}

fn password_form<'a>(page: &'a SettingsPage<'_>) -> Form<'a> {
    Form { id: "password", lang: page.viewer.lang, errors: &page.password }
}

fn token_form(new: &NewToken, lang: Lang) -> Form<'_> {
    Form { id: "token", lang, errors: &new.errors }
}

fn planning(planning: &Planning, viewer: Viewer<'_>) -> Markup {
    let (lang, form) = (viewer.lang, planning_form(planning, viewer.lang));
    html! {
        section.panel {
            h2 { (lang.pick("Planning and pages", "Planung und Seiten")) }
            form method="post" action="/settings" {
                (signed_in_as(viewer.name))
                (form.time_zone(&planning.time_zone))
                (form.language(&planning.language))
                (form.number("horizon", &planning.horizon, 1..=DAYS_MAX)
                    .hint(lang.pick("today included, at most 366", "heute mitgezählt, höchstens 366")))
                (form.choice("theme", &planning.theme, &themes(lang)))
                button.main type="submit" { (lang.pick("Save", "Speichern")) }
            }
        }
    }
}

/// Everything of one's own, to keep or to take elsewhere.
fn exports(lang: Lang) -> Markup {
    let forms = [
        ("markdown", lang.pick("The task files (tar)", "Die Aufgabendateien (tar)")),
        ("json&history=true", lang.pick("Everything, history too (JSON)", "Alles, auch der Verlauf (JSON)")),
        ("csv", lang.pick("A table for a spreadsheet (CSV)", "Eine Tabelle (CSV)")),
        ("ics", lang.pick("The timeline for a calendar (iCalendar)", "Der Zeitplan für einen Kalender (iCalendar)")),
    ];
    html! {
        section.panel {
            h2 { "Export" }
            p.hint { (lang.pick("Files to keep, or to take elsewhere.", "Dateien zum Behalten oder Mitnehmen.")) }
            ul.downloads {
                @for (form, called) in forms { li { a href={ "/api/export?format=" (form) } download { (called) } } }
            }
        }
    }
}

fn password(page: &SettingsPage<'_>, lang: Lang) -> Markup {
    let form = password_form(page);
    if !page.has_password {
        return html! {
            section.panel {
                h2 { (lang.pick("Password", "Passwort")) }
                p { (lang.pick(
                    "This account has no password. An administrator can give it one.",
                    "Dieses Konto hat kein Passwort. Wer diesen Server verwaltet, kann ihm eins geben.",
                )) }
            }
        };
    }
    html! {
        section.panel {
            h2 { (lang.pick("Password", "Passwort")) }
            form method="post" action="/settings/password" {
                (signed_in_as(page.viewer.name))
                (of_account(page.viewer.name.unwrap_or_default()))
                (form.password("current"))
                (form.new_password("password").label(lang.pick("New password", "Neues Passwort")))
                p.hint { (lang.pick(
                    "Every other browser is signed out. Tokens stay as they are.",
                    "Alle anderen Browser werden abgemeldet. Tokens bleiben, wie sie sind.",
                )) }
                button.main type="submit" { (lang.pick("Change the password", "Passwort ändern")) }
            }
        }
    }
}

fn sessions(page: &SettingsPage<'_>, lang: Lang) -> Markup {
    html! {
        section.panel {
            h2 { (lang.pick("Signed in", "Angemeldet")) }
            ul.lines {
                @for Session { grant: TokenGrant { id, grant }, is_this } in &page.sessions {
                    @let name = plain_name(&grant.token_name, lang);
                    li {
                        div {
                            strong { (name) }
                            @if *is_this { " " span.mark { (lang.pick("this browser", "dieser Browser")) } }
                            p.hint {
                                (lang.pick("since ", "seit ")) (when(grant.created_at, page.zone))
                                @if let Some(used) = grant.last_used_at {
                                    (lang.pick(", last used ", ", zuletzt benutzt ")) (when(used, page.zone))
                                }
                            }
                        }
                        @if !is_this {
                            form method="post" action="/settings/sessions" {
                                (signed_in_as(page.viewer.name))
                                input type="hidden" name="id" value=(id);
                                button type="submit" aria-label={ (lang.pick("Sign out ", "Abmelden: ")) (name) } {
                                    (lang.pick("Sign out", "Abmelden"))
                                }
                            }
                        }
                    }
                }
            }
            form method="post" action="/settings/sessions" {
                (signed_in_as(page.viewer.name))
                input type="hidden" name="all" value="true";
                button type="submit" { (lang.pick("Sign out everywhere", "Überall abmelden")) }
            }
        }
    }
}

fn tokens(page: &SettingsPage<'_>, lang: Lang) -> Markup {
    html! {
        section.panel {
            h2 { "Tokens" }
            p.hint { (lang.pick(
                "A token lets a program in: the command line, a script, or a calendar. A calendar needs one that is \
                 allowed the week as a calendar and nothing else: then you get an address to subscribe to.",
                "Ein Token lässt ein Programm ein: die Kommandozeile, ein Skript oder einen Kalender. Ein Kalender \
                 braucht eines, das nur die Woche als Kalender zeigen darf: Dazu gibt es eine Adresse zum Abonnieren.",
            )) }
            @if page.tokens.is_empty() { p.free { (lang.pick("There is none.", "Es gibt keine.")) } }
            ul.lines { @for token in &page.tokens { (token_line(token, page, lang)) } }
            (new_token(&page.new_token, page.viewer))
        }
    }
}

/// As they are written in requests; in German with what that means.
fn scopes(names: &[&str], lang: Lang) -> String {
    let in_german = |name: &&str| match *name {
        "read" => "read (lesen)".to_owned(),
        "write" => "write (schreiben)".to_owned(),
        "feed" => "feed (Kalender)".to_owned(),
        "admin" => "admin (verwalten)".to_owned(),
        other => other.to_owned(),
    };
    lang.pick(names.join(", "), names.iter().map(in_german).collect::<Vec<_>>().join(", "))
}

fn token_line(TokenGrant { id, grant }: &TokenGrant, page: &SettingsPage<'_>, lang: Lang) -> Markup {
    let nameless = lang.pick("without a name", "ohne Namen");
    let name = if grant.token_name.trim().is_empty() { nameless } else { &grant.token_name };
    let has_ended = grant.expires_at.is_some_and(|at| at <= page.now);
    html! {
        li {
            div {
                strong { (name) } " " span.mark { (scopes(&grant.scopes.names(), lang)) }
                p.hint {
                    (lang.pick("made ", "gemacht ")) (when(grant.created_at, page.zone)) ", "
                    @match grant.last_used_at {
                        Some(used) => { (lang.pick("last used ", "zuletzt benutzt ")) (when(used, page.zone)) }
                        None => (lang.pick("never used", "nie benutzt")),
                    }
                    @if let Some(at) = grant.expires_at {
                        ", "
                        span.late[has_ended] {
                            @if has_ended { (lang.pick("ended ", "abgelaufen ")) } @else { (lang.pick("ends ", "gilt bis ")) }
                            (when(at, page.zone))
                        }
                    }
                }
            }
            form method="post" action="/settings/tokens/revoke" {
                (signed_in_as(page.viewer.name))
                input type="hidden" name="id" value=(id);
                button type="submit" aria-label={ (lang.pick("Revoke ", "Widerrufen: ")) (name) } {
                    (lang.pick("Revoke", "Widerrufen"))
                }
            }
        }
    }
}

fn new_token(new: &NewToken, viewer: Viewer<'_>) -> Markup {
    let lang = viewer.lang;
    let form = token_form(new, lang);
    let offered = SCOPES.iter().filter(|(word, _)| *word != "admin" || viewer.is_admin);
    let boxes: Vec<_> = offered
        .map(|(word, label)| TickBox {
            value: word,
            label: label.text(lang),
            is_ticked: new.scopes.iter().any(|ticked| ticked == word),
        })
        .collect();
    html! {
        form.more method="post" action="/settings/tokens" {
            h3 { (lang.pick("A new token", "Ein neues Token")) }
            (signed_in_as(viewer.name))
            input type="hidden" name="key" value=(new.key);
            (form.text("name", &new.name).optional().hint(lang.pick("what it is for", "wofür es ist")))
            (form.boxes("scopes", "scope", &boxes))
            (form.choice("expires", &new.expires, &spans(lang)))
            button.main type="submit" { (lang.pick("Make the token", "Token machen")) }
        }
    }
}

/// The one page that a token is on.
pub fn issued(viewer: Viewer<'_>, issued: &Issued, zone: Zone, shown: &Shown) -> Markup {
    let lang = viewer.lang;
    let title = match shown {
        Shown::Token { .. } => lang.pick("A new token", "Ein neues Token"),
        Shown::Feed { .. } => lang.pick("The address of your calendar", "Die Adresse des Kalenders"),
    };
    let content = html! {
        section.panel {
            p { strong { (lang.pick(
                "Copy it now: it is shown this once, and cannot be had again.",
                "Jetzt kopieren: Das wird nur dieses Mal gezeigt.",
            )) } }
            @match shown {
                Shown::Token { server } => (token_shown(issued, zone, server.as_deref(), lang)),
                Shown::Feed { address } => (feed_shown(issued, zone, address, lang)),
            }
        }
        p { a href="/settings" { (lang.pick("Back to the settings", "Zurück zu den Einstellungen")) } }
    };
    account_page(viewer, Place::Settings, title, &content)
}

/// What a token is shown as.
pub enum Shown {
    /// Itself, with the address of this server where that is known.
    Token { server: Option<String> },
    /// The address of the feed that it opens.
    Feed { address: String },
}

fn ends(issued: &Issued, zone: Zone, lang: Lang) -> Markup {
    html! {
        @if let Some(at) = issued.grant.expires_at { p { (lang.pick("It ends ", "Gültig bis ")) (when(at, zone)) "." } }
    }
}

fn token_shown(issued: &Issued, zone: Zone, server: Option<&str>, lang: Lang) -> Markup {
    let server = server.unwrap_or(lang.pick("ADDRESS-OF-THIS-SERVER", "ADRESSE-DIESES-SERVERS"));
    html! {
        pre.secret tabindex="0" aria-label="Token" { code { (issued.token) } }
        (ends(issued, zone, lang))
        h2 { (lang.pick("How to use it", "So wird es benutzt")) }
        p { (lang.pick("A program sends it with each request:", "Ein Programm schickt es mit jeder Anfrage:")) }
        pre { code { "Authorization: Bearer TOKEN" } }
        p { (lang.pick("The command line asks for it once:", "Die Kommandozeile fragt einmal danach:")) }
        pre { code { "codexmiroir login " (server) } }
    }
}

fn feed_shown(issued: &Issued, zone: Zone, address: &str, lang: Lang) -> Markup {
    html! {
        pre.secret tabindex="0" aria-label=(lang.pick("Address", "Adresse")) { code { (address) } }
        (ends(issued, zone, lang))
        h2 { (lang.pick("How to use it", "So wird sie benutzt")) }
        p { (lang.pick(
            "Subscribe to it in your calendar: “From URL” in Google Calendar, “New calendar subscription” on a Mac or an \
             iPhone, “On the network” in Thunderbird. The calendar has to reach this server.",
            "Im Kalender abonnieren: „Per URL“ bei Google, „Neues Kalenderabonnement“ auf Mac und iPhone, „Im Netzwerk“ \
             bei Thunderbird. Der Kalender muss diesen Server erreichen.",
        )) }
        p { (lang.pick(
            "Whoever has the address sees titles, tags, slots and deadlines of your tasks, and not their texts. Revoke it \
             in the settings when somebody has it who should not.",
            "Wer die Adresse hat, sieht Titel, Schlagwörter, Slots und Termine der Aufgaben, nicht ihre Texte. Hat sie jemand, der \
             nicht soll: in den Einstellungen widerrufen.",
        )) }
    }
}
