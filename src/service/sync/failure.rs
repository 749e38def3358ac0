//! Why a round did not come to its end.

use super::At;
use super::status::SyncProblem;
use crate::domain::lang::{Lang, Phrase, Sentence};
use crate::git::{GitError, PushError};
use crate::service::error::{ServiceError, SyncRefusal, Trouble, TroubleKind};
use crate::service::keyring::TokenLost;
use crate::store::StoreError;

/// Why a round did not come to its end.
#[derive(Debug)]
pub(super) enum Failure {
    Git(GitError),
    /// The branch was there and is not any more.
    BranchGone {
        branch: String,
    },
    /// The remote took none of it, in its own words.
    Rejected {
        reason: String,
    },
    /// Somebody else was faster, again and again.
    Overtaken,
    /// The token cannot be opened.
    TokenSealed,
    /// More changed than is held in memory.
    TooMuch {
        bytes_max: usize,
    },
    /// There is no such commit.
    NoSuchCommit {
        commit: String,
    },
    Service(ServiceError),
    /// The remote was taken away meanwhile, or the program ends.
    Ended,
}

const OVERTAKEN: Phrase = Phrase {
    en: "Others pushed to the repository again and again meanwhile; it is tried again.",
    de: "Andere haben währenddessen immer wieder ins Repository gepusht; es wird noch einmal versucht.",
};
const UNSAVED: Phrase = Phrase {
    en: "The server could not save what came from the repository; it is tried again.",
    de: "Der Server konnte nicht speichern, was aus dem Repository kam; es wird noch einmal versucht.",
};
const ENDED: Phrase = Phrase {
    en: "The server was stopped, or another repository was set meanwhile; try again.",
    de: "Der Server wurde angehalten, oder inzwischen wurde ein anderes Repository gesetzt; bitte noch einmal versuchen.",
};

impl From<GitError> for Failure {
    fn from(error: GitError) -> Failure {
        Failure::Git(error)
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Failure {
        Failure::Service(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Service(error.into())
    }
}

impl Failure {
    /// Of a push; `None` where the remote has only moved.
    pub(super) fn of_push(error: PushError) -> Option<Failure> {
        match error {
            PushError::Moved { .. } => None,
            PushError::Rejected { reason } => Some(Failure::Rejected { reason }),
            PushError::Unknown(error) | PushError::NotSent(error) => Some(Failure::Git(error)),
        }
    }

    /// Whether it is no use to go on with other users.
    pub(super) fn is_of_all(&self) -> bool {
        match self {
            Failure::Git(GitError::TooManyFiles { .. } | GitError::PathRefused { .. } | GitError::PathTaken { .. })
            | Failure::TooMuch { .. }
            | Failure::NoSuchCommit { .. }
            | Failure::Service(_) => false,
            Failure::BranchGone { .. }
            | Failure::Rejected { .. }
            | Failure::Overtaken
            | Failure::TokenSealed
            | Failure::Ended
            | Failure::Git(_) => true,
        }
    }

    fn kind(&self) -> TroubleKind {
        match self {
            Failure::Git(error) => kind_of(error),
            Failure::BranchGone { .. } => TroubleKind::BranchGone,
            Failure::Rejected { .. } => TroubleKind::Rejected,
            Failure::Overtaken => TroubleKind::Contended,
            Failure::TokenSealed => TroubleKind::TokenUnusable,
            Failure::TooMuch { .. } => TroubleKind::TooLarge,
            Failure::NoSuchCommit { .. } => TroubleKind::NoSuchRepository,
            Failure::Service(_) => TroubleKind::Unsaved,
            Failure::Ended => TroubleKind::Interrupted,
        }
    }

    fn text(&self, lang: Lang) -> String {
        match self {
            Failure::Git(error) => error.text(lang),
            Failure::BranchGone { branch } => lang.pick(
                format!("The branch {branch} is not in the repository any more; push it again, or have it made anew from what is here with codexmiroir sync --full."),
                format!("Den Branch {branch} gibt es im Repository nicht mehr; bitte wieder pushen oder mit codexmiroir sync --full aus dem, was hier ist, neu anlegen lassen."),
            ),
            Failure::Rejected { reason } => lang.pick(
                format!("The repository took none of it ({reason}); nothing is lost: allow the server to push to this branch, or choose another one."),
                format!("Das Repository hat nichts davon angenommen ({reason}); verloren ist nichts: bitte dem Server das Pushen in diesen Branch erlauben oder einen anderen wählen."),
            ),
            Failure::TooMuch { bytes_max } => {
                let mebibytes = bytes_max >> 20;
                lang.pick(
                    format!("More than {mebibytes} MiB of task files changed at once; push them in smaller parts."),
                    format!("Auf einmal haben sich mehr als {mebibytes} MiB Aufgabendateien geändert; bitte in kleineren Teilen pushen."),
                )
            }
            Failure::NoSuchCommit { commit } => SyncRefusal::NoSuchCommit { commit: commit.clone() }.text(lang),
            Failure::Service(ServiceError::Refused(refusal)) => refusal.text(lang),
            Failure::Service(_) => UNSAVED.text(lang).to_owned(),
            Failure::Overtaken => OVERTAKEN.text(lang).to_owned(),
            Failure::TokenSealed => TokenLost.text(lang).to_owned(),
            Failure::Ended => ENDED.text(lang).to_owned(),
        }
    }

    fn sentence(&self) -> Sentence {
        Sentence::of(|lang| self.text(lang))
    }

    /// As it is shown.
    pub(super) fn problem(&self, at: At) -> SyncProblem {
        SyncProblem { at, code: self.kind().code(), text: self.sentence() }
    }

    /// As whoever asked for the sync is told.
    pub(super) fn refusal(&self) -> SyncRefusal {
        match self {
            Failure::NoSuchCommit { commit } => SyncRefusal::NoSuchCommit { commit: commit.clone() },
            other => SyncRefusal::Trouble(Trouble { kind: other.kind(), sentence: other.sentence() }),
        }
    }
}

fn kind_of(error: &GitError) -> TroubleKind {
    match error {
        GitError::Unreachable { .. } => TroubleKind::Unreachable,
        GitError::TooSlow { .. } => TroubleKind::TooSlow,
        GitError::TooLarge { .. } | GitError::TooManyFiles { .. } | GitError::TooMuchWork => TroubleKind::TooLarge,
        GitError::Untrusted { .. } => TroubleKind::Untrusted,
        GitError::Unauthorized => TroubleKind::Unauthorized,
        GitError::Forbidden => TroubleKind::Forbidden,
        GitError::NoSuchRepository => TroubleKind::NoSuchRepository,
        GitError::AnotherStatus { .. } => TroubleKind::Failing,
        GitError::AddressRefused { .. } => TroubleKind::AddressRefused,
        GitError::Redirected { .. } => TroubleKind::Redirected,
        GitError::NotGit { .. } | GitError::Unsupported { .. } => TroubleKind::NotGit,
        GitError::CheckedOut { .. } | GitError::PathRefused { .. } | GitError::PathTaken { .. } => {
            TroubleKind::Rejected
        }
        GitError::NoRoom | GitError::Io { .. } | GitError::Damaged { .. } => TroubleKind::CopyUnusable,
        GitError::Interrupted => TroubleKind::Interrupted,
    }
}
