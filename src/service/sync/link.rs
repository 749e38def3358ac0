//! Who syncs with what: the server's remote, shared by all users who have none of their own, and those of single users.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::{Notify, OwnedMutexGuard, watch};
use zeroize::Zeroizing;

use super::incoming::TASKS;
use super::places::Places;
use super::round::RoundResult;
use super::status::{Activity, Live};
use super::{Mode, RemoteView};
use crate::domain::hex::hex;
use crate::domain::ids::{FileName, UserId};
use crate::domain::lang::{Lang, Phrase};
use crate::git::{
    AllowedHost, Branch, Credentials, Limits, Policy, Remote, RemoteAddress, Repository, is_writable_name,
};
use crate::service::Service;

/// What a remote has for whom nothing else was said.
pub(super) const BRANCH: &str = "main";
pub(super) const BASE_PATH: &str = "codex-miroir";
/// What forges take as the name that goes with a token where none was given.
pub(super) const USERNAME: &str = "git";
const BASE_PATH_BYTES_MAX: usize = 200;
const POLL: Duration = Duration::from_secs(15 * 60);
const OWN_COPY_BYTES_MAX: u64 = 256 << 20;

pub(super) const BAD_BASE_PATH: Phrase = Phrase {
    en: "A folder in the repository is written like codex-miroir or planning/codex-miroir, or left empty for its root.",
    de: "Ein Ordner im Repository wird geschrieben wie codex-miroir oder planung/codex-miroir, oder bleibt leer für die oberste Ebene.",
};

/// The remote that the server has for everybody.
#[derive(Clone, Debug)]
pub struct SharedRemote {
    pub remote: Remote,
    /// The folder that users' folders are in; empty for the root.
    pub base_path: String,
    pub mode: Mode,
}

/// What the server syncs with, and how.
pub struct SyncOptions {
    /// Where the bare repositories are kept.
    pub folder: PathBuf,
    pub shared: Option<SharedRemote>,
    pub webhook_secret: Option<Zeroizing<String>>,
    /// What addresses may be asked.
    pub policy: Policy,
    /// How often a remote is asked without having told anything.
    pub poll: Duration,
    /// What the copy of a user's own remote may take on the disk, in bytes.
    pub own_copy_bytes_max: u64,
}

/// What the rounds of a link hand on to each other.
#[derive(Default)]
pub(super) struct Turn {
    pub(super) repository: Option<Repository>,
    /// The last round that was asked for and is answered by `last`.
    pub(super) served: u64,
    pub(super) last: Option<RoundResult>,
    /// How often in a row the copy was not tidied up because somebody waited.
    pub(super) put_off: u32,
}

/// What is set of the server's remote, as it is written.
#[derive(Clone)]
pub struct SyncSettings {
    /// A URL or a path; `None`: there is none.
    pub remote: Option<String>,
    pub branch: String,
    pub base_path: String,
    pub username: Option<String>,
    pub token: Option<Zeroizing<String>>,
    pub mode: Mode,
    pub webhook_secret: Option<Zeroizing<String>>,
    pub allow_hosts: Vec<String>,
    pub allow_local: bool,
    pub poll: Duration,
    /// What the copy of the server's remote may take on the disk, in bytes.
    pub copy_bytes_max: u64,
    /// The same for each user's own.
    pub own_copy_bytes_max: u64,
}

impl Default for SyncSettings {
    fn default() -> SyncSettings {
        SyncSettings {
            remote: None,
            branch: BRANCH.to_owned(),
            base_path: BASE_PATH.to_owned(),
            username: None,
            token: None,
            mode: Mode::Push,
            webhook_secret: None,
            allow_hosts: Vec::new(),
            allow_local: false,
            poll: POLL,
            copy_bytes_max: Limits::default().copy_bytes_max,
            own_copy_bytes_max: OWN_COPY_BYTES_MAX,
        }
    }
}

impl SyncSettings {
    /// What is to be synced with, the copies of repositories being kept in a folder.
    ///
    /// # Errors
    /// A setting that cannot be used: its name, and what to write instead.
    pub fn options(self, folder: PathBuf) -> Result<SyncOptions, (&'static str, String)> {
        let mut allow_hosts = Vec::new();
        for host in &self.allow_hosts {
            let wrong =
                || ("git.allow_hosts", format!("{host:?} is no host; write one like git.example.org or 10.0.0.5:3000"));
            allow_hosts.push(AllowedHost::parse(host).ok_or_else(wrong)?);
        }
        let policy = Policy { allow_hosts, allow_local: self.allow_local };
        let mut shared = None;
        if let Some(remote) = &self.remote {
            let address =
                RemoteAddress::parse(remote, &policy).map_err(|error| ("git.remote", error.text_of_setting()))?;
            let branch = Branch::parse(&self.branch).map_err(|error| ("git.branch", error.text(Lang::En)))?;
            if !is_base_path(&self.base_path) {
                return Err(("git.base_path", BAD_BASE_PATH.en.to_owned()));
            }
            let username = self.username.unwrap_or_else(|| USERNAME.to_owned());
            let credentials = self.token.map(|token| Credentials { username, token });
            let limits = Limits { copy_bytes_max: self.copy_bytes_max, ..Limits::default() };
            let remote = Remote { address, branch, credentials, limits };
            shared = Some(SharedRemote { remote, base_path: self.base_path, mode: self.mode });
        }
        Ok(SyncOptions {
            folder,
            shared,
            webhook_secret: self.webhook_secret,
            policy,
            poll: self.poll,
            own_copy_bytes_max: self.own_copy_bytes_max,
        })
    }
}

/// A remote with those who sync with it.
pub struct Link {
    pub(super) remote: SharedRemote,
    /// The one user whose own it is.
    pub(super) owner: Option<UserId>,
    /// Tells this remote, branch and folder from any other.
    pub(super) key: [u8; 16],
    pub(super) folder: PathBuf,
    /// Whether the token could be opened.
    pub(super) is_token_sealed: bool,
    /// One round at a time, also of two links of one folder.
    pub(super) turn: Arc<tokio::sync::Mutex<Turn>>,
    /// Rounds that were asked for: one answers all who asked before it began.
    pub(super) asked: Arc<AtomicU64>,
    /// Rounds that wait for their turn.
    pub(super) waiting: AtomicU64,
    /// Set by whoever wants a turn: what nobody waits for gives way.
    pub(super) is_wanted: AtomicBool,
    /// Who changed something here since the last round.
    pub(super) changed_here: Mutex<HashSet<UserId>>,
    live: Mutex<Live>,
    changed: watch::Sender<u64>,
    /// Tells whoever follows the link that a round ended, so that the next is due at another time.
    pub(super) ended: Notify,
    /// Wakes whoever follows the link; `is_urgent` spares the pause that lets a burst share a push.
    pub(super) wake: Notify,
    pub(super) is_urgent: AtomicBool,
    /// Ends what is under way.
    pub(super) stop: Arc<AtomicBool>,
    pub(super) closed: watch::Sender<bool>,
    /// Users whose first task waited for a first contact already.
    pub(super) met: Mutex<HashSet<UserId>>,
}

impl Link {
    pub(super) fn new(
        remote: SharedRemote,
        owner: Option<UserId>,
        is_token_sealed: bool,
        options: &SyncOptions,
    ) -> Link {
        let key = key_of(&remote);
        let hex = hex(key);
        let name = owner.map_or_else(|| format!("shared-{hex}.git"), |user| format!("user-{}-{hex}.git", user.0));
        Link {
            remote,
            owner,
            key,
            folder: options.folder.join(name),
            is_token_sealed,
            turn: Arc::default(),
            asked: Arc::default(),
            waiting: AtomicU64::new(0),
            is_wanted: AtomicBool::new(false),
            changed_here: Mutex::default(),
            live: Mutex::default(),
            changed: watch::Sender::new(0),
            ended: Notify::new(),
            wake: Notify::new(),
            is_urgent: AtomicBool::new(false),
            stop: Arc::default(),
            closed: watch::Sender::new(false),
            met: Mutex::default(),
        }
    }

    /// Waits until no other round is under way; what nobody waits for gives way.
    pub(super) async fn wait_for_turn(&self) -> OwnedMutexGuard<Turn> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.is_wanted.store(true, Ordering::SeqCst);
        let turn = self.turn.clone().lock_owned().await;
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        turn
    }

    pub(super) fn live(&self) -> MutexGuard<'_, Live> {
        locked(&self.live)
    }

    /// Changes what is shown, and tells those who look.
    pub(super) fn show(&self, change: impl FnOnce(&mut Live)) {
        change(&mut self.live());
        self.changed.send_modify(|count| *count += 1);
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(super) fn view(&self) -> RemoteView {
        let SharedRemote { remote, base_path, mode } = &self.remote;
        RemoteView {
            address: remote.address.to_string(),
            branch: remote.branch.to_string(),
            base_path: base_path.clone(),
            username: remote.credentials.as_ref().map(|credentials| credentials.username.clone()),
            has_token: remote.credentials.is_some() || self.is_token_sealed,
            mode: *mode,
            is_own: self.owner.is_some(),
        }
    }

    /// The user's folder in the repository, followed by what is in it.
    pub(super) fn path(&self, user: &str, below: &str) -> String {
        match self.remote.base_path.as_str() {
            "" => format!("{user}/{below}"),
            base => format!("{base}/{user}/{below}"),
        }
    }

    /// The path of one of the user's task files in the repository.
    pub(super) fn task_path(&self, user: &str, file: &FileName) -> String {
        self.path(user, &format!("{TASKS}/{file}"))
    }

    /// Whether this is still the remote of those who sync with it.
    pub(super) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Ends it: nothing of it is taken in or pushed from now on.
    pub(super) fn close(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.closed.send_replace(true);
        self.is_wanted.store(true, Ordering::SeqCst);
        self.show(|live| live.activity = Activity::Off);
    }
}

/// Whether a folder of a repository can be named like this; the root by nothing.
pub(super) fn is_base_path(text: &str) -> bool {
    let is_part = |part: &str| {
        is_writable_name(part)
            && !part.starts_with('.')
            && !part.ends_with(['.', ' '])
            && !part.contains(['\\', ':', '~'])
            && !part.chars().any(char::is_control)
    };
    text.is_empty() || (text.len() <= BASE_PATH_BYTES_MAX && text.split('/').all(is_part))
}

/// The value of a lock, also after somebody ended badly with it.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key_of(remote: &SharedRemote) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in [&remote.remote.address.to_string(), &remote.remote.branch.to_string(), &remote.base_path] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let hash = hash.finalize();
    let mut key = [0; 16];
    key.copy_from_slice(&hash[..16]);
    key
}

/// All links of a server.
pub struct Links {
    pub(super) options: SyncOptions,
    pub(super) shared: Option<Arc<Link>>,
    own: RwLock<HashMap<UserId, Arc<Link>>>,
    pub(super) own_places: Places,
    /// Tells that there is a link that nobody follows yet.
    pub(super) added: Notify,
    is_closed: AtomicBool,
    /// For those who sync with nothing: tells nothing.
    silent: watch::Sender<u64>,
}

impl Links {
    pub fn new(options: SyncOptions) -> Links {
        let shared = options.shared.clone().map(|remote| Arc::new(Link::new(remote, None, false, &options)));
        Links {
            options,
            shared,
            own: RwLock::default(),
            own_places: Places::default(),
            added: Notify::new(),
            is_closed: AtomicBool::new(false),
            silent: watch::Sender::new(0),
        }
    }

    /// What the user syncs with; nothing where it is switched off.
    pub fn of(&self, user: UserId) -> Option<Arc<Link>> {
        let own = self.own().get(&user).cloned();
        own.or_else(|| self.shared.clone()).filter(|link| link.remote.mode != Mode::Off && !link.is_closed())
    }

    /// As [`Links::of`], also where it is switched off.
    pub(super) fn whichever_of(&self, user: UserId) -> Option<Arc<Link>> {
        self.own().get(&user).cloned().or_else(|| self.shared.clone())
    }

    pub(super) fn all(&self) -> Vec<Arc<Link>> {
        self.shared.iter().chain(self.own().values()).cloned().collect()
    }

    /// Whether the user has a remote of one's own.
    pub(super) fn has_own(&self, user: UserId) -> bool {
        self.own().contains_key(&user)
    }

    /// Puts another link in the place of the user's own, or none.
    pub(super) fn replace_own(&self, user: UserId, link: Option<Link>) -> Option<Arc<Link>> {
        let mut own = self.own.write().unwrap_or_else(PoisonError::into_inner);
        let before = own.remove(&user);
        if let Some(mut link) = link {
            // What the one before has under way in this folder comes to its end first.
            if let Some(before) = before.as_ref().filter(|before| before.folder == link.folder) {
                link.turn = before.turn.clone();
                link.asked = before.asked.clone();
            }
            own.insert(user, Arc::new(link));
        }
        drop(own);
        if let Some(before) = &before {
            before.close();
        }
        self.added.notify_one();
        // Whoever follows what the user synced with until now looks again.
        match &self.shared {
            Some(shared) => shared.show(|_| {}),
            None => self.silent.send_modify(|count| *count += 1),
        }
        before
    }

    /// Ends all of them.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        for link in self.all() {
            link.close();
        }
        self.added.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    fn own(&self) -> std::sync::RwLockReadGuard<'_, HashMap<UserId, Arc<Link>>> {
        self.own.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// Remotes that the last round with failed.
    pub fn failing_links(&self) -> usize {
        self.links.all().iter().filter(|link| link.live().failures > 0).count()
    }

    /// Something of the user's was changed here: it is to be pushed soon. A remote that failed is left until its time.
    pub(in crate::service) fn note_change(&self, user: UserId) {
        if let Some(link) = self.links.of(user)
            && link.remote.mode == Mode::Push
        {
            locked(&link.changed_here).insert(user);
            if link.live().failures == 0 {
                link.wake.notify_one();
            }
        }
    }

    /// Tells when the user's status is another, never for one who syncs with nothing. To be asked for anew each time:
    /// the user may sync with something else by then.
    pub fn sync_changes(&self, user: UserId) -> watch::Receiver<u64> {
        let link = self.links.whichever_of(user);
        link.map_or_else(|| self.links.silent.subscribe(), |link| link.subscribe())
    }
}
