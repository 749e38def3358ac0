//! The pages of accounts for administrators: all of them, one of them, and the last look before one is removed.

use maud::{Markup, html};

use crate::domain::lang::{Lang, Phrase};
use crate::domain::zone::Zone;
use crate::http::web::form::{Errors, Form, TickBox, alert, of_account, signed_in_as, zone_list};
use crate::http::web::layout::{Place, Viewer, account_page};
use crate::http::web::notice::Notice;
use crate::http::web::when;
use crate::service::administration::{Account, Page};

/// All accounts, and a form for another one.
pub struct AccountsPage<'a> {
    pub viewer: Viewer<'a>,
    pub notice: Option<Notice>,
    /// The zone that instants are told in.
    pub zone: Zone,
    pub page: Page,
    pub is_first: bool,
    pub new: NewAccount,
}

/// The form for another account, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    pub name: String,
    pub is_admin: bool,
    pub time_zone: String,
    pub language: String,
    pub errors: Errors,
}

/// One account.
pub struct AccountPage<'a> {
    pub viewer: Viewer<'a>,
    pub notice: Option<Notice>,
    pub zone: Zone,
    pub account: Account,
    /// What is wrong with what was asked of it.
    pub errors: Errors,
}

const ADMINISTRATOR: Phrase = Phrase { en: "administrator", de: "darf verwalten" };
const DISABLED: Phrase = Phrase { en: "disabled", de: "gesperrt" };
const BACK: Phrase = Phrase { en: "All accounts", de: "Alle Konten" };

pub fn accounts(page: &AccountsPage<'_>) -> Markup {
    let lang = page.viewer.lang;
    let content = html! {
        @if let Some(notice) = page.notice { (notice.show(lang)) }
        (alert(new_account_form(&page.new, lang), &["name", "password", "timeZone", "language"]))
        p { a.button href="/admin/state" { (super::state::TITLE.text(lang)) } }
        div.columns {
            section.panel {
                h2 { (lang.pick("Accounts", "Konten")) }
                ul.lines { @for account in &page.page.accounts { (account_line(account, page.zone, lang)) } }
                @if !page.is_first { p { a href="/admin" { (lang.pick("From the beginning", "Von vorn")) } } }
                @if let Some(next) = &page.page.next {
                    p { a href={ "/admin?after=" (next) } { (lang.pick("More", "Weitere")) } }
                }
            }
            (new_account(&page.new, page.viewer))
        }
        (zone_list())
    };
    account_page(page.viewer, Place::Administration, Place::Administration.name().text(lang), &content)
}

fn account_line(account: &Account, zone: Zone, lang: Lang) -> Markup {
    let name = &account.user.name;
    html! {
        li {
            div {
                strong { a href={ "/admin/users/" (name) } { (name) } }
                (marks(account, lang))
                p.hint { (tasks(account.tasks, lang)) (lang.pick(", since ", ", seit ")) (when(account.user.created_at, zone)) }
            }
        }
    }
}

fn marks(account: &Account, lang: Lang) -> Markup {
    html! {
        @if account.user.admin { " " span.mark { (ADMINISTRATOR.text(lang)) } }
        @if account.user.disabled { " " span.mark.late { (DISABLED.text(lang)) } }
    }
}

pub(super) fn tasks(count: usize, lang: Lang) -> String {
    match count {
        1 => lang.pick("1 task", "1 Aufgabe").to_owned(),
        count => lang.pick(format!("{count} tasks"), format!("{count} Aufgaben")),
    }
}

fn new_account_form(new: &NewAccount, lang: Lang) -> Form<'_> {
    Form { id: "account", lang, errors: &new.errors }
}

fn new_account(new: &NewAccount, viewer: Viewer<'_>) -> Markup {
    let (lang, form) = (viewer.lang, new_account_form(new, viewer.lang));
    let may_manage = lang.pick("manage accounts", "Konten verwalten");
    html! {
        section.panel {
            h2 { (lang.pick("A new account", "Ein neues Konto")) }
            form method="post" action="/admin/users" {
                (signed_in_as(viewer.name))
                (form.text("name", &new.name).hint(lang.pick(
                    "small letters, digits and . _ -, at most 39",
                    "kleine Buchstaben, Ziffern und . _ -, höchstens 39",
                )))
                (form.new_password("password"))
                (form.time_zone(&new.time_zone))
                (form.language(&new.language))
                (form.boxes("scopes", "admin", &[TickBox { value: "true", label: may_manage, is_ticked: new.is_admin }]))
                button.main type="submit" { (lang.pick("Add the account", "Konto anlegen")) }
            }
        }
    }
}

pub fn account(page: &AccountPage<'_>) -> Markup {
    let (lang, user) = (page.viewer.lang, &page.account.user);
    let action = |verb: &str| format!("/admin/users/{}/{verb}", user.name);
    let settings = page.account.settings;
    let content = html! {
        @if let Some(notice) = page.notice { (notice.show_of(&user.name, lang)) }
        (alert(password_form(page), if page.is_own() { &[] } else { &["password"] }))
        p.hint {
            (tasks(page.account.tasks, lang)) (lang.pick(", since ", ", seit ")) (when(user.created_at, page.zone))
            ", " (settings.zone.name()) ", " (settings.lang.pick("English", "Deutsch"))
            (marks(&page.account, lang))
        }
        @if page.is_own() { (about_own(lang)) }
        div.columns {
            @if !page.is_own() { (password(page, &action("password"))) }
            section.panel {
                h2 { (lang.pick("Access", "Zugang")) }
                (deeds(page, &action))
            }
        }
        p { a href=(action("timeline")) { (lang.pick("What is kept of its timeline", "Was von seinem Zeitplan bereitliegt")) } }
        p { a href="/admin" { (BACK.text(lang)) } }
    };
    account_page(page.viewer, Place::Administration, user.name.as_str(), &content)
}

impl AccountPage<'_> {
    /// Whether it is the account of whoever sees it.
    fn is_own(&self) -> bool {
        self.viewer.name == Some(self.account.user.name.as_str())
    }
}

/// Nobody shuts the own door from inside.
fn about_own(lang: Lang) -> Markup {
    html! {
        p {
            strong { (lang.pick("This is your own account.", "Das ist dein eigenes Konto.")) } " "
            (lang.pick(
                "Another administrator can disable it or take administration away. Your password is in the ",
                "Sperren oder die Verwaltung entziehen kann nur jemand anderes, der verwaltet. Dein Passwort steht in den ",
            ))
            a href="/settings" { (lang.pick("settings", "Einstellungen")) } "."
        }
    }
}

fn password_form<'a>(page: &'a AccountPage<'_>) -> Form<'a> {
    Form { id: "account", lang: page.viewer.lang, errors: &page.errors }
}

fn password(page: &AccountPage<'_>, action: &str) -> Markup {
    let (lang, form) = (page.viewer.lang, password_form(page));
    html! {
        section.panel {
            h2 { (lang.pick("New password", "Neues Passwort")) }
            form method="post" action=(action) {
                (signed_in_as(page.viewer.name))
                (of_account(page.account.user.name.as_str()))
                (form.new_password("password"))
                p.hint { (lang.pick(
                    "Every browser that is signed in with this account is signed out.",
                    "Jeder Browser, der mit diesem Konto angemeldet ist, wird abgemeldet.",
                )) }
                button.main type="submit" { (lang.pick("Set the password", "Passwort setzen")) }
            }
        }
    }
}

/// What can be done to the account, each with what that means.
fn deeds(page: &AccountPage<'_>, action: &impl Fn(&str) -> String) -> Markup {
    let (lang, viewer) = (page.viewer.lang, page.viewer);
    html! {
        ul.lines {
            @if !page.is_own() { (rights(page, action)) }
            (deed(viewer, &action("sign-out"), lang.pick("Sign out everywhere", "Überall abmelden"), None, lang.pick(
                "Tokens stay as they are.", "Tokens bleiben, wie sie sind.")))
            li {
                p.hint { (lang.pick("Everything in it goes, its history too.", "Alles darin geht verloren, auch der Verlauf.")) }
                a.button href=(action("remove")) { (lang.pick("Remove …", "Entfernen …")) }
            }
        }
    }
}

/// What gives and takes rights.
fn rights(page: &AccountPage<'_>, action: &impl Fn(&str) -> String) -> Markup {
    let (lang, viewer, user) = (page.viewer.lang, page.viewer, &page.account.user);
    let (admin, admin_button, admin_about) = if user.admin {
        let button = lang.pick("Take administration away", "Verwaltung entziehen");
        (
            "false",
            button,
            lang.pick("It may add, change and remove accounts.", "Es darf Konten anlegen, ändern und entfernen."),
        )
    } else {
        let button = lang.pick("Make administrator", "Verwalten lassen");
        ("true", button, lang.pick("It sees to its own tasks alone.", "Es kümmert sich nur um eigene Aufgaben."))
    };
    html! {
        @if user.disabled {
            (deed(viewer, &action("enable"), lang.pick("Enable", "Entsperren"), None, lang.pick(
                "Nobody gets in with it, by password or token.", "Niemand kommt damit hinein, mit Passwort oder Token.")))
        } @else {
            (deed(viewer, &action("disable"), lang.pick("Disable", "Sperren"), None, lang.pick(
                "Sessions and tokens end at once; the tasks stay.", "Sitzungen und Tokens enden sofort; die Aufgaben bleiben.")))
        }
        (deed(viewer, &action("admin"), admin_button, Some(("admin", admin)), admin_about))
    }
}

fn deed(viewer: Viewer<'_>, action: &str, button: &str, field: Option<(&str, &str)>, about: &str) -> Markup {
    html! {
        li {
            p.hint { (about) }
            form method="post" action=(action) {
                (signed_in_as(viewer.name))
                @if let Some((name, value)) = field { input type="hidden" name=(name) value=(value); }
                button type="submit" { (button) }
            }
        }
    }
}

/// The last look at an account before it is removed.
pub fn removal(viewer: Viewer<'_>, account: &Account, errors: &Errors) -> Markup {
    let (lang, name) = (viewer.lang, &account.user.name);
    let title = lang.pick(format!("Remove {name}"), format!("{name} entfernen"));
    let export = |form: &str| format!("/api/admin/users/{name}/export?format={form}");
    let form = Form { id: "removal", lang, errors };
    let content = html! {
        (alert(form, &["confirm"]))
        section.panel.only {
            h2 { (lang.pick("Keep a copy first", "Erst eine Kopie behalten")) }
            p { (lang.pick(
                "Nothing of an account can be had back once it is removed. Either of these has all tasks of it:",
                "Von einem entfernten Konto ist nichts zurückzuholen. Jede dieser Dateien hat alle seine Aufgaben:",
            )) }
            ul.downloads {
                li { a href=(export("json&history=true")) download { (lang.pick("Everything, history too (JSON)", "Alles, auch der Verlauf (JSON)")) } }
                li { a href=(export("markdown")) download { (lang.pick("The task files (tar)", "Die Aufgabendateien (tar)")) } }
            }
        }
        section.panel.only {
            h2 { (lang.pick("Remove it", "Entfernen")) }
            p { (tasks(account.tasks, lang)) (lang.pick(
                ", settings, rules, tokens and the whole history go for good. The name is free afterwards.",
                ", Einstellungen, Regeln, Tokens und der ganze Verlauf sind dann weg. Der Name ist danach frei.",
            )) }
            form method="post" action={ "/admin/users/" (name) "/remove" } {
                (signed_in_as(viewer.name))
                (form.text("confirm", "").hint(&lang.pick(format!("type {name}"), format!("{name} eingeben"))))
                button.danger type="submit" { (lang.pick("Remove for good", "Endgültig entfernen")) }
            }
        }
        p { a href={ "/admin/users/" (name) } { (lang.pick("Back, and leave it", "Zurück und behalten")) } }
    };
    account_page(viewer, Place::Administration, &title, &content)
}
