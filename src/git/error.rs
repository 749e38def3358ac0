//! Why something with a repository or its remote did not come about: values, with their sentences in two languages.

use std::io;

use super::Limits;
use crate::domain::ids::ObjectName;
use crate::domain::lang::{Lang, Phrase};

/// A step that was not carried out. Where nothing else is said, nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text(Lang::En))]
pub enum GitError {
    /// No connection came about, or it broke off.
    Unreachable { reason: String },
    /// A step took longer than it may.
    TooSlow { seconds: u64 },
    /// Something is larger than it may be.
    TooLarge { what: Large, bytes_max: u64 },
    /// What came is told so tightly that taking it apart takes too long.
    TooMuchWork,
    /// The certificate of the remote's host is not one that is trusted here.
    Untrusted { reason: String },
    /// The remote wants other credentials, or some at all (401).
    Unauthorized,
    /// The credentials do not suffice for this (403).
    Forbidden,
    /// There is no repository at the address, or none for these credentials (404).
    NoSuchRepository,
    /// The remote answered with another status of HTTP.
    AnotherStatus { status: u16 },
    /// The host's address is of a network that nobody outside of it may be sent to.
    AddressRefused { host: String, address: String },
    /// The remote wants to be asked elsewhere.
    Redirected { to: String },
    /// What came is not Git, or is not whole.
    NotGit { reason: String },
    /// The remote is Git, but of a kind that is not supported.
    Unsupported { what: Phrase },
    /// The branch is checked out in the work tree of the repository at a local path.
    CheckedOut { branch: String },
    /// A folder has more entries than it may.
    TooManyFiles { folder: String, files_max: usize },
    /// A path that no file may be written to.
    PathRefused { path: String },
    /// There is something at the path that is no plain file, or a folder of the path is none.
    PathTaken { path: String },
    /// The own disk is full.
    NoRoom,
    /// The own disk fails.
    Io { reason: String },
    /// The own repository lacks something, or something in it cannot be read; it has to be begun anew.
    Damaged { reason: String },
    /// Somebody wants it to stop.
    Interrupted,
}

/// What has a limit in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Large {
    /// The remote's list of branches and tags.
    Advertisement,
    /// What the remote sends, or is sent, at once.
    Pack,
    /// All that is kept of the repository here.
    Copy,
    /// One file, folder or commit.
    Object,
}

/// A push that did not come about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text(Lang::En))]
pub enum PushError {
    /// The branch no longer stands where it was expected; nothing was changed there.
    Moved { actual: Option<ObjectName> },
    /// The remote refused it (a protected branch, a hook): its own words, on one line.
    Rejected { reason: String },
    /// It was sent, and whether it was carried out is not known: fetch and look.
    Unknown(GitError),
    /// Nothing was changed there.
    NotSent(GitError),
}

impl GitError {
    /// What is wrong, and what to do.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            GitError::Unreachable { reason } => lang.pick(
                format!("The remote cannot be reached ({reason}); check the address, it is tried again."),
                format!("Das Remote ist nicht erreichbar ({reason}); bitte die Adresse prüfen, es wird weiter versucht."),
            ),
            GitError::TooSlow { seconds } => lang.pick(
                format!("The remote did not finish within {seconds} seconds; it is tried again."),
                format!("Das Remote wurde nicht innerhalb von {seconds} Sekunden fertig; es wird weiter versucht."),
            ),
            GitError::TooLarge { what, bytes_max } => what.text(*bytes_max, lang),
            GitError::Untrusted { reason } => lang.pick(
                format!("The certificate of the remote's host is not trusted ({reason}), and nothing was sent; have it mended there, or give the server the file with its authority's certificate in the environment as SSL_CERT_FILE."),
                format!("Dem Zertifikat des Remotes wird nicht vertraut ({reason}), gesendet wurde nichts; bitte dort berichtigen lassen oder dem Server die Datei mit dem Zertifikat der ausstellenden Stelle in der Umgebung als SSL_CERT_FILE geben."),
            ),
            GitError::AnotherStatus { status } => lang.pick(
                format!("The remote answers with status {status} of HTTP; ask whoever runs it."),
                format!("Das Remote antwortet mit dem HTTP-Status {status}; bitte bei dessen Betreiber nachfragen."),
            ),
            GitError::AddressRefused { host, address } => address_refused(host, address, lang),
            GitError::Redirected { to } => lang.pick(
                format!("The remote refers to {to}; if that is right, write that address."),
                format!("Das Remote verweist auf {to}; stimmt das, bitte diese Adresse angeben."),
            ),
            GitError::NotGit { reason } => lang.pick(
                format!("What the remote sent is not a whole Git repository ({reason}); check the address."),
                format!("Was das Remote geschickt hat, ist kein vollständiges Git-Repository ({reason}); bitte die Adresse prüfen."),
            ),
            GitError::CheckedOut { branch } => lang.pick(
                format!("The branch {branch} is checked out there; use a bare repository, or check out another branch."),
                format!("Der Branch {branch} ist dort ausgecheckt; bitte ein Bare-Repository nehmen oder einen anderen Branch auschecken."),
            ),
            GitError::TooManyFiles { folder, files_max } if folder.is_empty() => lang.pick(
                format!("A folder of the repository has more than {files_max} files; spread them over several."),
                format!("Ein Ordner des Repositorys hat mehr als {files_max} Dateien; bitte auf mehrere verteilen."),
            ),
            GitError::TooManyFiles { folder, files_max } => lang.pick(
                format!("The folder “{folder}” has more than {files_max} files; spread them over several."),
                format!("Der Ordner „{folder}“ hat mehr als {files_max} Dateien; bitte auf mehrere verteilen."),
            ),
            GitError::PathRefused { path } => lang.pick(
                format!("“{path}” is no path that a file can have in Git; choose another one."),
                format!("„{path}“ ist kein Pfad, den eine Datei in Git haben kann; bitte einen anderen wählen."),
            ),
            GitError::PathTaken { path } => lang.pick(
                format!("At “{path}” there is a folder, a link or a submodule; move it away, or choose another path."),
                format!("Unter „{path}“ liegt ein Ordner, ein Link oder ein Submodul; bitte verschieben oder einen anderen Pfad wählen."),
            ),
            GitError::Io { reason } => lang.pick(
                format!("The server's disk fails ({reason}); see to it."),
                format!("Der Datenträger des Servers versagt ({reason}); bitte danach sehen."),
            ),
            GitError::Damaged { reason } => lang.pick(
                format!("The server's copy of the repository is damaged ({reason}); it has to be fetched anew."),
                format!("Die Kopie des Repositorys auf dem Server ist beschädigt ({reason}); sie muss neu geholt werden."),
            ),
            GitError::Unsupported { what } => what.text(lang).to_owned(),
            GitError::TooMuchWork => TOO_MUCH_WORK.text(lang).to_owned(),
            GitError::Unauthorized => UNAUTHORIZED.text(lang).to_owned(),
            GitError::Forbidden => FORBIDDEN.text(lang).to_owned(),
            GitError::NoSuchRepository => NO_SUCH_REPOSITORY.text(lang).to_owned(),
            GitError::NoRoom => NO_ROOM.text(lang).to_owned(),
            GitError::Interrupted => INTERRUPTED.text(lang).to_owned(),
        }
    }
}

fn address_refused(host: &str, address: &str, lang: Lang) -> String {
    let (is, ist) = match host.trim_matches(['[', ']']) == address {
        true => ("is".to_owned(), "ist".to_owned()),
        false => (format!("is {address},"), format!("ist {address},")),
    };
    lang.pick(
        format!("{host} {is} an address of a private network; if it may be asked, have the administrator add {host} to git.allow_hosts."),
        format!("{host} {ist} eine Adresse eines privaten Netzes; soll sie gefragt werden dürfen, bitte {host} von der Verwaltung in git.allow_hosts eintragen lassen."),
    )
}

const TOO_MUCH_WORK: Phrase = Phrase {
    en: "What the remote sent unpacks to far more than it is, and taking it apart would take too long; run git repack -a -d -f there, or use a smaller repository.",
    de: "Was das Remote geschickt hat, ist ausgepackt um ein Vielfaches größer, und das Auspacken würde zu lange dauern; bitte dort git repack -a -d -f ausführen oder ein kleineres Repository nehmen.",
};
const UNAUTHORIZED: Phrase = Phrase {
    en: "The remote refuses the username or the token, or needs some; set others: of your own repository at Settings, of the server's as git.username and git.token_file, which it reads at its start.",
    de: "Das Remote lehnt Benutzername oder Token ab oder verlangt welche; bitte andere eintragen: beim eigenen Repository unter Einstellungen, bei dem des Servers als git.username und git.token_file, die er beim Start liest.",
};
const FORBIDDEN: Phrase = Phrase {
    en: "The remote does not allow this with the token; use one that may read and write the repository.",
    de: "Das Remote erlaubt das mit diesem Token nicht; bitte eins nehmen, das im Repository lesen und schreiben darf.",
};
const NO_SUCH_REPOSITORY: Phrase = Phrase {
    en: "There is no repository at this address, or none that may be seen from here; check the address and, where one is needed, the token.",
    de: "Unter dieser Adresse gibt es kein Repository, oder keins, das von hier aus zu sehen ist; bitte die Adresse und, wo eins nötig ist, das Token prüfen.",
};
const NO_ROOM: Phrase = Phrase {
    en: "The server's disk is full; make room on it.",
    de: "Der Datenträger des Servers ist voll; bitte Platz schaffen.",
};
const INTERRUPTED: Phrase = Phrase {
    en: "It was stopped before it was done; start it again.",
    de: "Es wurde angehalten, bevor es fertig war; bitte noch einmal starten.",
};

impl Large {
    fn text(self, bytes_max: u64, lang: Lang) -> String {
        let mebibytes = bytes_max.div_ceil(1024 * 1024);
        match self {
            Large::Advertisement => lang.pick(
                format!("The remote's list of branches and tags is larger than {mebibytes} MiB; remove some of them."),
                format!("Die Liste der Branches und Tags des Remotes ist größer als {mebibytes} MiB; bitte welche entfernen."),
            ),
            Large::Pack => lang.pick(
                format!("The repository is larger than {mebibytes} MiB; use a smaller one."),
                format!("Das Repository ist größer als {mebibytes} MiB; bitte ein kleineres nehmen."),
            ),
            Large::Copy => lang.pick(
                format!("The server's copy of the repository would take more than {mebibytes} MiB; remove what is large from its history, or have the administrator raise git.own_copy_max for repositories of users' own, git.copy_max for the server's."),
                format!("Die Kopie des Repositorys auf dem Server würde mehr als {mebibytes} MiB belegen; bitte Großes aus dessen Verlauf entfernen oder von der Verwaltung git.own_copy_max für eigene Repositorys, git.copy_max für das des Servers erhöhen lassen."),
            ),
            Large::Object => lang.pick(
                format!("Something in the repository is larger than {mebibytes} MiB; remove it from its history."),
                format!("Etwas im Repository ist größer als {mebibytes} MiB; bitte aus dessen Verlauf entfernen."),
            ),
        }
    }
}

impl PushError {
    /// What is wrong, and what to do.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            PushError::Moved { .. } => MOVED.text(lang).to_owned(),
            PushError::Rejected { reason } => lang.pick(
                format!("The remote refused the push: {reason}. Allow it there, or push to another branch."),
                format!(
                    "Das Remote hat den Push abgelehnt: {reason}. Bitte dort erlauben oder einen anderen Branch nehmen."
                ),
            ),
            PushError::Unknown(error) => {
                let reason = error.text(lang);
                lang.pick(
                    format!("Whether the push was carried out is not known; it is looked up. {reason}"),
                    format!("Ob der Push ausgeführt wurde, ist nicht bekannt; es wird nachgesehen. {reason}"),
                )
            }
            PushError::NotSent(error) => error.text(lang),
        }
    }
}

const MOVED: Phrase = Phrase {
    en: "The remote's branch was changed meanwhile; its changes are fetched first.",
    de: "Der Branch des Remotes wurde inzwischen geändert; erst werden dessen Änderungen geholt.",
};

/// The longest reason that is told, in characters: what others wrote is in it.
const REASON_CHARS_MAX: usize = 300;

/// On one line, and not too long.
pub(super) fn told(reason: &str) -> String {
    let words = reason.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(REASON_CHARS_MAX).collect()
}

impl GitError {
    pub(super) fn damaged(reason: &str) -> GitError {
        GitError::Damaged { reason: told(reason) }
    }

    pub(super) fn not_git(reason: &str) -> GitError {
        GitError::NotGit { reason: told(reason) }
    }

    /// A fault of the own disk.
    #[expect(clippy::needless_pass_by_value, reason = "it is what an error is mapped with")]
    pub(super) fn of_disk(error: io::Error) -> GitError {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => GitError::NoRoom,
            _ => GitError::Io { reason: told(&error.to_string()) },
        }
    }

    /// What failed with objects that should be here, whole: the disk under them, or they themselves.
    #[expect(clippy::needless_pass_by_value, reason = "it is what an error is mapped with")]
    pub(super) fn of_own_copy(error: gix::Error) -> GitError {
        fault_of_disk(&error).unwrap_or_else(|| GitError::damaged(&cause(&error)))
    }
}

/// What lies at the bottom of an error: those above it say no more than what was being done.
pub(super) fn cause(error: &gix::Error) -> String {
    let deepest = error.iter_errors_with_locations().last();
    deepest.map_or_else(|| error.to_string(), |source| source.error().to_string())
}

/// What the disk has to do with an error: a file that is not there is no fault of it.
pub(super) fn fault_of_disk(error: &gix::Error) -> Option<GitError> {
    let faults = error.iter_errors_with_locations().filter_map(|source| source.error().downcast_ref::<io::Error>());
    faults.filter(|fault| fault.kind() != io::ErrorKind::NotFound).find_map(|fault| {
        match fault.kind() {
            // Whoever names the file in the error leaves the system's number out.
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(GitError::NoRoom),
            _ => Some(GitError::of_disk(io::Error::from_raw_os_error(fault.raw_os_error()?))),
        }
    })
}

/// What failed with objects that somebody else sent.
pub(super) fn of_remote(error: &gix::Error, limits: &Limits) -> GitError {
    if let Some(fault) = fault_of_disk(error) {
        return fault;
    }
    if error.is_resource_exhausted() {
        return GitError::TooLarge { what: Large::Object, bytes_max: limits.object_bytes_max };
    }
    GitError::not_git(&cause(error))
}
