//! A remote of one's own, and asking for a sync by hand.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::failure::Failure;
use super::link::{BAD_BASE_PATH, BASE_PATH, BRANCH, Link, SharedRemote, USERNAME, is_base_path, locked};
use super::round::Ask;
use super::{Mode, RemoteView, SyncReport, SyncRequest};
use crate::domain::ids::UserId;
use crate::domain::lang::{Lang, Phrase, Sentence};
use crate::git::{Branch, Credentials, Limits, Policy, Remote, RemoteAddress, Repository};
use crate::service::error::{Refusal, ServiceError, SyncRefusal};
use crate::service::{Service, read};
use crate::store::{Administered, Administration, OwnRemote};

/// How long the first task of a user waits for what the remote has, so that numbers begin after it.
const FIRST_CONTACT: Duration = Duration::from_secs(5);

const BAD_CREDENTIAL: Phrase = Phrase {
    en: "A username or a token is 1 to 4,000 characters in one line.",
    de: "Ein Benutzername oder Token hat 1 bis 4.000 Zeichen in einer Zeile.",
};
const CREDENTIAL_BYTES_MAX: usize = 4_000;

/// A remote as it is to be; what is left out gets its default.
#[derive(Clone)]
pub struct RemoteFields {
    pub remote: String,
    pub branch: Option<String>,
    pub base_path: Option<String>,
    pub username: Option<String>,
    /// `None` keeps the token, if the remote stays the same one; `Some(None)` removes it.
    pub token: Option<Option<String>>,
    pub mode: Option<Mode>,
}

impl Service {
    /// Makes the links of those who have a remote of their own.
    pub(in crate::service) fn load_own_links(&self) -> Result<(), ServiceError> {
        for (user, own) in self.store.list_own_remotes()? {
            match self.link_of(user, &own) {
                Ok(link) => drop(self.links.replace_own(user, Some(link))),
                // What was allowed when it was set may be refused by the settings of now.
                Err(refusal) => {
                    tracing::warn!(user = user.0, "a remote is not synced with: {}", refusal.text(Lang::En));
                }
            }
        }
        Ok(())
    }

    fn link_of(&self, user: UserId, own: &OwnRemote) -> Result<Link, SyncRefusal> {
        let options = &self.links.options;
        let opened = own.sealed_token.as_deref().map(|sealed| self.keyring.open_token(user, sealed));
        let (token, is_sealed) = match opened.transpose() {
            Ok(token) => (token, false),
            Err(error) => {
                tracing::warn!(user = user.0, "a remote is not synced with: {}", error.text(Lang::En));
                (None, true)
            }
        };
        let username = own.username.clone().unwrap_or_else(|| USERNAME.to_owned());
        let credentials = token.map(|token| Credentials { username, token });
        let remote = Remote {
            address: address(&own.address, &options.policy)?,
            branch: branch(&own.branch)?,
            credentials,
            limits: Limits { copy_bytes_max: options.own_copy_bytes_max, ..Limits::default() },
        };
        let mode = Mode::parse(&own.mode).unwrap_or(Mode::Off);
        let shared = SharedRemote { remote, base_path: own.base_path.clone(), mode };
        Ok(Link::new(shared, Some(user), is_sealed, options))
    }

    /// The user's own remote.
    pub async fn own_remote(self: &Arc<Self>, user: UserId) -> Result<Option<RemoteView>, ServiceError> {
        let service = self.clone();
        let own = read(move || Ok(service.store.own_remote(user)?)).await?;
        Ok(own.map(|own| view(&own)))
    }

    /// Gives the user a remote of one's own, or another one.
    ///
    /// # Errors
    /// [`SyncRefusal::Unusable`]; the remote is as before.
    pub async fn set_own_remote(
        self: &Arc<Self>,
        user: UserId,
        fields: RemoteFields,
    ) -> Result<RemoteView, ServiceError> {
        let service = self.clone();
        let made = move || {
            let before = service.store.own_remote(user)?;
            let own = service.checked(user, fields, before)?;
            let link = service.link_of(user, &own)?;
            Ok((own, link))
        };
        let (own, link) = read(made).await?;
        let shown = view(&own);
        let put = self.store.administer(Administration::PutRemote { user, remote: Some(own) }).await?;
        if put == Administered::NoSuchUser {
            return Err(Refusal::NoSuchUser { name: user.0.to_string() }.into());
        }
        let folder = link.folder.clone();
        if let Some(before) = self.links.replace_own(user, Some(link)).filter(|before| before.folder != folder) {
            forget(before).await;
        }
        Ok(shown)
    }

    /// Takes the user's own remote away; the server's applies again. What is here stays.
    pub async fn remove_own_remote(self: &Arc<Self>, user: UserId) -> Result<bool, ServiceError> {
        let service = self.clone();
        let had = read(move || Ok(service.store.own_remote(user)?.is_some())).await?;
        if had {
            self.store.administer(Administration::PutRemote { user, remote: None }).await?;
        }
        self.drop_own_link(user).await;
        self.note_change(user);
        Ok(had)
    }

    /// Nothing of the user's is synced with a remote of one's own any more.
    pub(in crate::service) async fn drop_own_link(&self, user: UserId) {
        if let Some(before) = self.links.replace_own(user, None) {
            forget(before).await;
        }
    }

    /// What was asked for, checked, with the token sealed.
    fn checked(
        &self,
        user: UserId,
        fields: RemoteFields,
        before: Option<OwnRemote>,
    ) -> Result<OwnRemote, ServiceError> {
        let RemoteFields { remote, branch: name, base_path, username, token, mode } = fields;
        // A folder of the server's could be another user's.
        let policy = Policy { allow_local: false, ..self.links.options.policy.clone() };
        let address = address(remote.trim(), &policy)?.to_string();
        let name = name.unwrap_or_else(|| BRANCH.to_owned());
        branch(&name)?;
        let base_path = base_path.unwrap_or_else(|| BASE_PATH.to_owned());
        if !is_base_path(&base_path) {
            return Err(unusable("base_path", BAD_BASE_PATH).into());
        }
        let username = username.filter(|username| !username.is_empty());
        let sealed_token = match token {
            // A token is not sent to another place than it was given for.
            None => before.filter(|before| before.address == address).and_then(|before| before.sealed_token),
            Some(None) => None,
            Some(Some(token)) if !is_credential(&token) => return Err(unusable("token", BAD_CREDENTIAL).into()),
            Some(Some(token)) => Some(self.keyring.seal_token(&self.store, user, &token)?),
        };
        if username.as_deref().is_some_and(|username| !is_credential(username) || username.contains(':')) {
            return Err(unusable("username", BAD_CREDENTIAL).into());
        }
        let mode = mode.unwrap_or(Mode::Push).name().to_owned();
        Ok(OwnRemote { address, branch: name, base_path, username, sealed_token, mode })
    }

    /// The folder of the repository that users' folders are in, for this user.
    pub fn base_path(&self, user: UserId) -> String {
        let link = self.links.whichever_of(user);
        link.map_or_else(|| BASE_PATH.to_owned(), |link| link.remote.base_path.clone())
    }

    /// Syncs now, and tells what that did.
    ///
    /// # Errors
    /// See [`SyncRefusal`].
    pub async fn sync_now(self: &Arc<Self>, user: UserId, request: SyncRequest) -> Result<SyncReport, ServiceError> {
        let link = self.links.whichever_of(user).ok_or(SyncRefusal::NoRemote)?;
        if link.remote.mode == Mode::Off {
            return Err(SyncRefusal::SwitchedOff.into());
        }
        let branch = link.remote.remote.branch.as_str();
        if let Some(other) = request.branch.as_deref().filter(|other| *other != branch) {
            return Err(SyncRefusal::NoSuchBranch { branch: other.chars().take(200).collect() }.into());
        }
        let request = (request != SyncRequest { branch: request.branch.clone(), ..SyncRequest::default() })
            .then_some((user, request));
        let report = self.make_round(&link, Ask { fetch: true, request }).await?;
        if let Some(refusal) = report.failed.get(&user) {
            return Err(refusal.clone().into());
        }
        if let Some(report) = report.of_user.get(&user) {
            return Ok(report.clone());
        }
        // The round was without the user: who is there syncs with another remote by now.
        let service = self.clone();
        match read(move || Ok(service.store.get_user(user)?)).await? {
            Some(_) => Err(Failure::Ended.refusal().into()),
            None => Err(Refusal::NoSuchUser { name: user.0.to_string() }.into()),
        }
    }

    /// Before somebody's very first task: what the remote has comes first, if it answers soon.
    pub(in crate::service) async fn meet_remote(self: &Arc<Self>, user: UserId) -> Result<(), ServiceError> {
        let Some(link) = self.links.of(user) else { return Ok(()) };
        let is_first = |met: &mut HashSet<UserId>| met.insert(user);
        if !is_first(&mut locked(&link.met)) {
            return Ok(());
        }
        let (service, kept) = (self.clone(), link.clone());
        let state = read(move || service.state_of(&kept, user)).await?;
        if state.is_none() {
            let round = self.make_round(&link, Ask { fetch: true, request: None });
            // What went wrong is shown in the status; the task does not wait for it.
            let _ = tokio::time::timeout(FIRST_CONTACT, round).await;
        }
        Ok(())
    }
}

fn view(own: &OwnRemote) -> RemoteView {
    RemoteView {
        address: own.address.clone(),
        branch: own.branch.clone(),
        base_path: own.base_path.clone(),
        username: own.username.clone(),
        has_token: own.sealed_token.is_some(),
        mode: Mode::parse(&own.mode).unwrap_or(Mode::Off),
        is_own: true,
    }
}

fn unusable(field: &'static str, sentence: impl Into<Sentence>) -> SyncRefusal {
    SyncRefusal::Unusable { field, sentence: sentence.into() }
}

fn address(text: &str, policy: &Policy) -> Result<RemoteAddress, SyncRefusal> {
    RemoteAddress::parse(text, policy).map_err(|error| unusable("remote", Sentence::of(|lang| error.text(lang))))
}

fn branch(text: &str) -> Result<Branch, SyncRefusal> {
    Branch::parse(text).map_err(|error| unusable("branch", Sentence::of(|lang| error.text(lang))))
}

fn is_credential(text: &str) -> bool {
    !text.is_empty() && text.len() <= CREDENTIAL_BYTES_MAX && !text.chars().any(char::is_control)
}

/// Removes the copy of a repository that nobody syncs with any more.
async fn forget(link: Arc<Link>) {
    let turn = link.turn.clone().lock_owned().await;
    let folder = link.folder.clone();
    let remove = move || {
        drop(turn);
        if let Err(error) = Repository::remove(&folder) {
            tracing::warn!(%error, "cannot remove {}", folder.display());
        }
    };
    // It stays until the next start then, and is of use to nobody.
    let _ = tokio::task::spawn_blocking(remove).await;
}
