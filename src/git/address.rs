//! Where a remote is: what people write, and what of it is allowed.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::domain::lang::{Lang, Phrase};
use crate::outgoing::{Address, AllowedHost};

/// Where remotes may be.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Hosts that may be in a private network, and that may be asked without TLS.
    pub allow_hosts: Vec<AllowedHost>,
    /// Whether a remote may be a folder of this machine.
    pub allow_local: bool,
}

/// Where a remote is, as the policy allows it. Shown as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteAddress {
    pub(super) place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `is_host_allowed`: whoever it is, it may be asked.
    Http { address: Address, is_host_allowed: bool },
    /// An absolute path.
    Folder(PathBuf),
}

/// Why something is no address of a remote here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text(Lang::En))]
pub enum AddressError {
    /// It is none at all.
    Malformed,
    /// It carries a name or a password.
    CarriesSecret,
    /// A way that is not built yet, such as ssh.
    NotYetBuilt { scheme: &'static str },
    /// `http` to a host that is not allowed it.
    InTheClear { host: String },
    /// A folder of this machine, and those are not allowed.
    LocalRefused,
}

impl RemoteAddress {
    /// Reads an address as people write it: `https`, `http` to allowed hosts, and where the policy allows it a local
    /// path or `file://`.
    ///
    /// # Errors
    /// Why it is none that may be used here.
    pub fn parse(text: &str, policy: &Policy) -> Result<RemoteAddress, AddressError> {
        let text = text.trim();
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(AddressError::Malformed);
        }
        let Some((scheme, rest)) = text.split_once("://") else { return without_scheme(text, policy) };
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => over_http(text, policy),
            "file" => folder(rest.strip_prefix("localhost").unwrap_or(rest), policy),
            "ssh" | "git+ssh" | "ssh+git" => Err(AddressError::NotYetBuilt { scheme: "ssh" }),
            "git" => Err(AddressError::NotYetBuilt { scheme: "git" }),
            _ => Err(AddressError::Malformed),
        }
    }
}

fn without_scheme(text: &str, policy: &Policy) -> Result<RemoteAddress, AddressError> {
    if text.starts_with('/') {
        return folder(text, policy);
    }
    // What ssh takes, `user@host:path`.
    let is_like_scp = text.split_once(':').is_some_and(|(host, path)| {
        let is_host =
            !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@'));
        is_host && path.starts_with(|c: char| c.is_alphabetic() || matches!(c, '/' | '~'))
    });
    Err(if is_like_scp { AddressError::NotYetBuilt { scheme: "ssh" } } else { AddressError::Malformed })
}

fn over_http(text: &str, policy: &Policy) -> Result<RemoteAddress, AddressError> {
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest).split(['/', '?', '#', '\\']).next();
    if authority.is_some_and(|authority| authority.contains('@')) {
        return Err(AddressError::CarriesSecret);
    }
    let address = Address::parse(text).map_err(|_| AddressError::Malformed)?;
    let is_host_allowed = policy.allow_hosts.iter().any(|allowed| allowed.is_of(&address));
    if !address.is_tls() && !is_host_allowed {
        return Err(AddressError::InTheClear { host: address.host().to_owned() });
    }
    Ok(RemoteAddress { place: Place::Http { address, is_host_allowed } })
}

fn folder(path: &str, policy: &Policy) -> Result<RemoteAddress, AddressError> {
    if !path.starts_with('/') {
        return Err(AddressError::Malformed);
    }
    if !policy.allow_local {
        return Err(AddressError::LocalRefused);
    }
    Ok(RemoteAddress { place: Place::Folder(PathBuf::from(path)) })
}

impl fmt::Display for RemoteAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Http { address, .. } => address.fmt(f),
            Place::Folder(path) => path.display().fmt(f),
        }
    }
}

impl AddressError {
    /// What is wrong, and what to write instead, for whoever sets the server's own repository.
    pub fn text_of_setting(&self) -> String {
        match self {
            AddressError::CarriesSecret => {
                "an address carries no name and no password; set git.username and git.token_file instead".to_owned()
            }
            AddressError::LocalRefused => {
                "a folder of this machine has to be allowed; set git.allow_local = true".to_owned()
            }
            AddressError::InTheClear { host } => format!(
                "http:// would send the token to {host} in the clear; write https://, or add \"{host}\" to git.allow_hosts"
            ),
            AddressError::Malformed | AddressError::NotYetBuilt { .. } => self.text(Lang::En),
        }
    }

    /// What is wrong, and what to write instead, for whoever sets a repository of one's own.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            AddressError::Malformed => MALFORMED.text(lang).to_owned(),
            AddressError::CarriesSecret => CARRIES_SECRET.text(lang).to_owned(),
            AddressError::LocalRefused => LOCAL_REFUSED.text(lang).to_owned(),
            AddressError::NotYetBuilt { scheme } => lang.pick(
                format!("Repositories over {scheme} are not yet built; write an address with https://."),
                format!("Repositorys über {scheme} gehen noch nicht; bitte eine Adresse mit https:// angeben."),
            ),
            AddressError::InTheClear { host } => lang.pick(
                format!("http:// would send the token to {host} in the clear; write https://, or ask the administrator to add {host} to git.allow_hosts."),
                format!("http:// würde das Token im Klartext an {host} senden; bitte https:// schreiben oder {host} von der Verwaltung in git.allow_hosts eintragen lassen."),
            ),
        }
    }
}

const MALFORMED: Phrase = Phrase {
    en: "This is no address of a repository; write one like https://git.example.org/anna/tasks.git.",
    de: "Das ist keine Adresse eines Repositorys; bitte so eine angeben: https://git.example.org/anna/tasks.git.",
};
const CARRIES_SECRET: Phrase = Phrase {
    en: "An address carries no name and no password; leave them out, and set username and token instead.",
    de: "Eine Adresse trägt weder Namen noch Passwort; bitte weglassen und stattdessen Benutzername und Token angeben.",
};
const LOCAL_REFUSED: Phrase = Phrase {
    en: "A repository of your own may not be a folder of the server; write an address with https://.",
    de: "Ein eigenes Repository darf kein Ordner des Servers sein; bitte eine Adresse mit https:// angeben.",
};

/// The name of a branch, without `refs/heads/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Branch(String);

/// The longest name of a branch, in bytes: it is a file's name in many repositories.
const BRANCH_BYTES_MAX: usize = 200;

/// Why something is no name of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text(Lang::En))]
pub struct BranchError;

impl Branch {
    /// Reads a branch's name.
    ///
    /// # Errors
    /// Git would not take it.
    pub fn parse(text: &str) -> Result<Branch, BranchError> {
        let full = format!("refs/heads/{text}");
        let is_valid = gix::validate::reference::name(full.as_str().into()).is_ok();
        let is_plain = !text.starts_with(['-', '/']) && text != "HEAD" && text.len() <= BRANCH_BYTES_MAX;
        if is_valid && is_plain { Ok(Branch(text.to_owned())) } else { Err(BranchError) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ref that it is in its repository.
    pub(super) fn reference(&self) -> String {
        format!("refs/heads/{}", self.0)
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BranchError {
    /// What is wrong, and what to write instead.
    pub fn text(self, lang: Lang) -> String {
        lang.pick(
            "This is no name of a branch; write one like main.",
            "Das ist kein Name eines Branches; bitte einen wie main angeben.",
        )
        .to_owned()
    }
}

/// What a remote knows its user by.
#[derive(Clone)]
pub struct Credentials {
    pub username: String,
    pub token: Zeroizing<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// A remote, and what it may cost.
#[derive(Clone, Debug)]
pub struct Remote {
    pub address: RemoteAddress,
    pub branch: Branch,
    pub credentials: Option<Credentials>,
    pub limits: Limits,
}

/// What a remote may take. Memory is bounded by what one object may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For a connection to come about.
    pub connect: Duration,
    /// For the remote's list of branches to come.
    pub advertisement: Duration,
    /// For a whole fetch or push.
    pub transfer: Duration,
    pub advertisement_bytes_max: u64,
    /// For what comes or goes at once, compressed.
    pub pack_bytes_max: u64,
    /// For the copy of the repository, on the disk.
    pub copy_bytes_max: u64,
    /// For one file, folder or commit.
    pub object_bytes_max: u64,
    /// In one folder.
    pub files_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connect: Duration::from_secs(10),
            advertisement: Duration::from_secs(30),
            transfer: Duration::from_secs(10 * 60),
            advertisement_bytes_max: 16 << 20,
            pack_bytes_max: 256 << 20,
            copy_bytes_max: 1 << 30,
            object_bytes_max: 64 << 20,
            files_max: 100_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(hosts: &[&str], allow_local: bool) -> Policy {
        Policy { allow_hosts: hosts.iter().map(|host| AllowedHost::parse(host).unwrap()).collect(), allow_local }
    }

    #[test]
    fn addresses_are_read_as_the_policy_allows() {
        let strict = policy(&[], false);
        let open = policy(&["git.lan:3000", "127.0.0.1"], true);
        for (text, shown, allowed) in [
            ("https://git.example.org/anna/tasks.git", "https://git.example.org/anna/tasks.git", false),
            (" HTTPS://Git.Example.org/a/ ", "https://git.example.org/a", false),
            ("http://git.lan:3000/a", "http://git.lan:3000/a", true),
            ("https://git.lan/a", "https://git.lan/a", false),
            ("http://127.0.0.1:8080/a b", "http://127.0.0.1:8080/a%20b", true),
        ] {
            let address = RemoteAddress::parse(text, &open).unwrap();
            assert_eq!(address.to_string(), shown);
            assert!(
                matches!(address.place, Place::Http { is_host_allowed, .. } if is_host_allowed == allowed),
                "{text}"
            );
        }
        for (text, path) in [
            ("/srv/tasks.git", "/srv/tasks.git"),
            ("file:///srv/tasks.git", "/srv/tasks.git"),
            ("file://localhost/srv/a b", "/srv/a b"),
        ] {
            assert_eq!(RemoteAddress::parse(text, &open).unwrap().place, Place::Folder(PathBuf::from(path)));
            assert_eq!(RemoteAddress::parse(text, &strict), Err(AddressError::LocalRefused));
        }
        for text in ["http://git.lan/a", "http://git.lan:3001/a", "http://a.example/"] {
            assert!(matches!(RemoteAddress::parse(text, &open), Err(AddressError::InTheClear { .. })), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_to_write() {
        let open = policy(&["a.example"], true);
        for (text, error) in [
            ("", AddressError::Malformed),
            ("tasks", AddressError::Malformed),
            ("a.example/tasks.git", AddressError::Malformed),
            ("../tasks.git", AddressError::Malformed),
            ("a.example:8080", AddressError::Malformed),
            ("ftp://a.example/x", AddressError::Malformed),
            ("https://", AddressError::Malformed),
            ("https://a.example/x?y", AddressError::Malformed),
            ("https://a.example/x#y", AddressError::Malformed),
            ("https://a.example/x\ny", AddressError::Malformed),
            ("file://elsewhere/srv/x", AddressError::Malformed),
            ("ext::sh -c touch%20x", AddressError::Malformed),
            ("--upload-pack=touch", AddressError::Malformed),
            ("https://anna:secret@a.example/x", AddressError::CarriesSecret),
            ("https://token@a.example/x", AddressError::CarriesSecret),
            ("http://@a.example/x", AddressError::CarriesSecret),
            ("ssh://git@a.example/x", AddressError::NotYetBuilt { scheme: "ssh" }),
            ("git@a.example:anna/x.git", AddressError::NotYetBuilt { scheme: "ssh" }),
            ("a.example:x.git", AddressError::NotYetBuilt { scheme: "ssh" }),
            ("git://a.example/x", AddressError::NotYetBuilt { scheme: "git" }),
        ] {
            let refused = RemoteAddress::parse(text, &open).unwrap_err();
            assert_eq!(refused, error, "{text}");
            for lang in [Lang::En, Lang::De] {
                let told = refused.text(lang);
                assert!(told.len() > 40 && !told.contains("secret"), "{told}");
            }
        }
    }

    #[test]
    fn branches_have_names_that_git_takes() {
        for name in ["main", "codex/tasks", "release-1.0", "Übung", &"a".repeat(200)] {
            assert_eq!(Branch::parse(name).unwrap().reference(), format!("refs/heads/{name}"));
        }
        for name in [
            "",
            "HEAD",
            "-x",
            "/x",
            "x/",
            "a..b",
            "a b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[b",
            "a\\b",
            ".a",
            "a/.b",
            "a.lock",
            "a.",
            "@{",
            "a@{b",
            "a//b",
            "a\nb",
            &"a".repeat(201),
        ] {
            assert!(Branch::parse(name).is_err(), "{name:?}");
        }
    }
}
