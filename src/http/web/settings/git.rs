//! The section of the settings about a Git repository of one's own, and its forms.

use std::time::Duration;

use axum::response::Response;
use maud::{Markup, html};
use tokio::time::timeout;

use super::Typed;
use super::page::SettingsPage;
use crate::domain::lang::Lang;
use crate::http::auth::see_other;
use crate::http::errors::HttpError;
use crate::http::extract::{Asked, FormOrJson, MaybeFormOrJson};
use crate::http::sync;
use crate::http::web::exactly;
use crate::http::web::form::{Errors, Form, TickBox, signed_in_as};
use crate::http::wire::Known;
use crate::service::error::Refusal;
use crate::service::sync::{Mode, RemoteFields, RemoteView, SyncRequest, SyncStatus};

/// How long whoever saves a repository waits for a first sync with it.
const FIRST_TRY: Duration = Duration::from_secs(5);

/// What the form has; `forgetToken` is a box to tick.
pub(in crate::http) const FIELDS: [&str; 7] =
    ["remote", "branch", "base_path", "username", "token", "forgetToken", "mode"];

/// The form, as it was typed or as things are. What was typed as a token is not shown again.
#[derive(Clone, Debug)]
pub(super) struct RemoteForm {
    remote: String,
    branch: String,
    base_path: String,
    username: String,
    mode: String,
    has_token: bool,
    errors: Errors,
}

impl RemoteForm {
    /// The repository as it is, or what is offered to whoever has none.
    pub(super) fn of(view: Option<RemoteView>) -> RemoteForm {
        let Some(view) = view else {
            return RemoteForm {
                remote: String::new(),
                branch: "main".to_owned(),
                base_path: "codex-miroir".to_owned(),
                username: String::new(),
                mode: Mode::Push.name().to_owned(),
                has_token: false,
                errors: Errors::default(),
            };
        };
        RemoteForm {
            remote: view.address,
            branch: view.branch,
            base_path: view.base_path,
            username: view.username.unwrap_or_default(),
            mode: view.mode.name().to_owned(),
            has_token: view.has_token,
            errors: Errors::default(),
        }
    }

    fn typed(known: &Known<'_>) -> Result<RemoteForm, Refusal> {
        let text = |field| known.text(field).map(|text| text.unwrap_or_default().trim().to_owned());
        Ok(RemoteForm {
            remote: text("remote")?,
            branch: text("branch")?,
            base_path: text("base_path")?,
            username: text("username")?,
            mode: text("mode")?,
            has_token: false,
            errors: Errors::default(),
        })
    }

    /// What it asks for, with the token that was typed.
    fn fields(&self, token: Option<Option<String>>) -> Result<RemoteFields, Refusal> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Ok(RemoteFields {
            remote: self.remote.clone(),
            branch: given(&self.branch),
            // Whoever empties the field means the root.
            base_path: Some(self.base_path.clone()),
            username: given(&self.username),
            token,
            mode: given(&self.mode).map(|mode| sync::mode(&mode)).transpose()?,
        })
    }

    pub(super) fn form(&self, lang: Lang) -> Form<'_> {
        Form { id: "git", lang, errors: &self.errors }
    }
}

/// `POST /settings/git`
pub async fn set(asked: Asked, FormOrJson { object, .. }: FormOrJson) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &FIELDS)?;
    let typed = RemoteForm::typed(&known)?;
    let token = known.text("token")?.filter(|token| !token.is_empty());
    let token = if known.ticked("forgetToken")? { Some(None) } else { token.map(Some) };
    let set = match typed.fields(token) {
        Ok(fields) => sync::set(&asked, fields).await,
        Err(refusal) => Err(refusal.into()),
    };
    match set {
        Ok(set) => Ok(see_other(&format!("/settings?done={}", first_try(&asked, set.mode).await))),
        Err(error) => {
            let has_token = asked.site.service.own_remote(asked.actor.user).await?.is_some_and(|own| own.has_token);
            let typed = |errors| Typed { remote: Some(RemoteForm { has_token, errors, ..typed }), ..Typed::default() };
            asked.settings_again(error, typed).await
        }
    }
}

/// What a first sync with a repository that was just set comes to, as the word for it.
async fn first_try(asked: &Asked, mode: Mode) -> &'static str {
    if mode == Mode::Off {
        return "repository";
    }
    match timeout(FIRST_TRY, sync::sync(asked, SyncRequest::default())).await {
        Ok(Ok(_)) => "repository-synced",
        Ok(Err(_)) => "repository-failed",
        Err(_) => "repository-trying",
    }
}

/// `POST /settings/git/remove`
pub async fn remove(
    asked: Asked,
    MaybeFormOrJson(FormOrJson { object, .. }): MaybeFormOrJson,
) -> Result<Response, HttpError> {
    Known::of(&object.fields, &[])?;
    let done = if sync::remove(&asked).await? { "no-repository" } else { "gone" };
    Ok(see_other(&format!("/settings?done={done}")))
}

pub(super) fn section(page: &SettingsPage<'_>) -> Markup {
    let (lang, name) = (page.viewer.lang, page.viewer.name);
    html! {
        section.panel id="git" {
            h2 { "Git" }
            p {
                (used(&page.sync, lang)) " "
                a href="/sync-status" { (lang.pick("How it stands", "Wie es steht")) }
            }
            @if let Some(problem) = page.sync.problem.as_ref().filter(|_| page.has_remote) {
                p.alert { (exactly(problem.at, page.zone)) ": " (problem.text.text(lang)) }
            }
            (fields(&page.remote, name, lang))
            @if page.has_remote {
                form.more method="post" action="/settings/git/remove" {
                    (signed_in_as(name))
                    button type="submit" { (lang.pick("Forget the repository", "Repository vergessen")) }
                }
            }
        }
    }
}

/// Which repository is used now.
fn used(status: &SyncStatus, lang: Lang) -> Markup {
    html! {
        @match &status.remote {
            None => (lang.pick(
                "Your tasks and rules are synced with no Git repository. Set one of your own here.",
                "Deine Aufgaben und Regeln werden mit keinem Git-Repository abgeglichen. Hier kannst du ein eigenes setzen.",
            )),
            Some(RemoteView { mode: Mode::Off, address, .. }) => {
                code { (address) } " " (lang.pick("is set, but the sync is switched off.", "ist gesetzt, aber der Abgleich ist abgeschaltet."))
            }
            Some(RemoteView { is_own: true, address, .. }) => {
                (lang.pick("Your tasks and rules are synced with ", "Deine Aufgaben und Regeln werden abgeglichen mit "))
                code { (address) } "."
            }
            Some(RemoteView { is_own: false, address, .. }) => {
                (lang.pick(
                    "Your tasks and rules are synced with the server's repository, ",
                    "Deine Aufgaben und Regeln werden mit dem Repository des Servers abgeglichen, ",
                ))
                code { (address) }
                (lang.pick(". One of your own takes its place.", ". Ein eigenes tritt an seine Stelle."))
            }
        }
    }
}

fn fields(remote: &RemoteForm, name: Option<&str>, lang: Lang) -> Markup {
    let form = remote.form(lang);
    let modes = [
        (Mode::Push.name(), lang.pick("both ways", "beide Richtungen")),
        (Mode::PullOnly.name(), lang.pick("from there to here", "von dort hierher")),
        (Mode::Off.name(), lang.pick("not at all", "gar nicht")),
    ];
    let forget = [TickBox { value: "true", label: lang.pick("forget it", "vergessen"), is_ticked: false }];
    html! {
        form method="post" action="/settings/git" {
            (signed_in_as(name))
            (form.text("remote", &remote.remote).hint(lang.pick(
                "such as https://git.example.org/anna/tasks.git",
                "zum Beispiel https://git.example.org/anna/tasks.git",
            )))
            (form.text("branch", &remote.branch).optional())
            (form.text("base_path", &remote.base_path).optional().hint(lang.pick(
                "the folder in which your own has your name",
                "der Ordner, in dem deiner nach dir heißt",
            )))
            (form.text("username", &remote.username).optional())
            (form.secret("token").hint(match remote.has_token {
                true => lang.pick(
                    "one is kept, and stays if this is empty and the address the same",
                    "eins ist da; es bleibt, wenn das hier leer und die Adresse dieselbe ist",
                ),
                false => lang.pick("it is never shown again", "es wird nie wieder gezeigt"),
            }))
            @if remote.has_token { (form.boxes("forgetToken", "forgetToken", &forget)) }
            (form.choice("mode", &remote.mode, &modes))
            button.main type="submit" { (lang.pick("Save", "Speichern")) }
        }
    }
}
