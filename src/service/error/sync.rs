//! Why nothing was synced with a repository, or a repository cannot be used.

use std::time::Duration;

use super::{Refusal, ServiceError};
use crate::domain::lang::{Lang, Phrase, Sentence};

/// What about a repository was refused. No file and no setting was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncRefusal {
    /// Neither the user nor the server has a repository.
    NoRemote,
    /// There is one, and its mode is `off`.
    SwitchedOff,
    /// The repository has no branch of this name.
    NoSuchBranch { branch: String },
    /// It has no such commit.
    NoSuchCommit { commit: String },
    /// A remote cannot be set like this: what is wrong, at a field of the request.
    Unusable { field: &'static str, sentence: Sentence },
    /// The repository could not be asked, or did not do its part.
    Trouble(Trouble),
}

/// What came between the server and a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub kind: TroubleKind,
    /// What is wrong, where, and what to do.
    pub sentence: Sentence,
}

/// The kinds of trouble that programs tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// Nobody answers at that address.
    Unreachable,
    /// It took longer than a step may take.
    TooSlow,
    /// What it sends is larger than is taken.
    TooLarge,
    /// It does not know the credentials, or wants some.
    Unauthorized,
    /// It knows who asks and does not let them.
    Forbidden,
    /// There is no repository at that address.
    NoSuchRepository,
    /// The address leads into a network that is not asked unless the administrator allows it.
    AddressRefused,
    /// Its certificate is not trusted.
    Untrusted,
    /// It sends its visitors elsewhere.
    Redirected,
    /// What it says is no Git, or a Git that is not spoken here.
    NotGit,
    /// It answers with an error of its own.
    Failing,
    /// The branch was there and is not any more.
    BranchGone,
    /// It does not take what was pushed: a protected branch, say.
    Rejected,
    /// Others pushed faster, again and again.
    Contended,
    /// The token that was kept cannot be opened any more.
    TokenUnusable,
    /// The server's own copy of the repository cannot be read or written.
    CopyUnusable,
    /// What came could not be saved here.
    Unsaved,
    /// The server is being stopped.
    Interrupted,
}

/// Of what may be over in a moment, and of what somebody has to mend first.
const WAIT_SHORT: Duration = Duration::from_secs(5);
const WAIT_LONG: Duration = Duration::from_secs(60);

impl TroubleKind {
    /// Every one, for whoever describes them.
    pub const ALL: [TroubleKind; 18] = [
        TroubleKind::Unreachable,
        TroubleKind::TooSlow,
        TroubleKind::TooLarge,
        TroubleKind::Unauthorized,
        TroubleKind::Forbidden,
        TroubleKind::NoSuchRepository,
        TroubleKind::AddressRefused,
        TroubleKind::Untrusted,
        TroubleKind::Redirected,
        TroubleKind::NotGit,
        TroubleKind::Failing,
        TroubleKind::BranchGone,
        TroubleKind::Rejected,
        TroubleKind::Contended,
        TroubleKind::TokenUnusable,
        TroubleKind::CopyUnusable,
        TroubleKind::Unsaved,
        TroubleKind::Interrupted,
    ];

    /// The stable word that JSON carries.
    pub fn code(self) -> &'static str {
        match self {
            TroubleKind::Unreachable => "remote_unreachable",
            TroubleKind::TooSlow => "remote_too_slow",
            TroubleKind::TooLarge => "remote_too_large",
            TroubleKind::Unauthorized => "remote_unauthorized",
            TroubleKind::Forbidden => "remote_forbidden",
            TroubleKind::NoSuchRepository => "remote_not_found",
            TroubleKind::AddressRefused => "remote_address_refused",
            TroubleKind::Untrusted => "remote_untrusted",
            TroubleKind::Redirected => "remote_redirected",
            TroubleKind::NotGit => "remote_not_git",
            TroubleKind::Failing => "remote_failing",
            TroubleKind::BranchGone => "remote_branch_gone",
            TroubleKind::Rejected => "remote_rejected",
            TroubleKind::Contended => "remote_contended",
            TroubleKind::TokenUnusable => "remote_token_unusable",
            TroubleKind::CopyUnusable => "sync_copy_unusable",
            TroubleKind::Unsaved => "sync_unsaved",
            TroubleKind::Interrupted => "sync_interrupted",
        }
    }

    /// When another try may succeed with nothing mended before; `None` where it cannot.
    pub fn retry_after(self) -> Option<Duration> {
        match self {
            TroubleKind::Contended | TroubleKind::Interrupted => Some(WAIT_SHORT),
            TroubleKind::Unreachable | TroubleKind::TooSlow | TroubleKind::CopyUnusable | TroubleKind::Unsaved => {
                Some(WAIT_LONG)
            }
            TroubleKind::TooLarge
            | TroubleKind::Unauthorized
            | TroubleKind::Forbidden
            | TroubleKind::NoSuchRepository
            | TroubleKind::AddressRefused
            | TroubleKind::Untrusted
            | TroubleKind::Redirected
            | TroubleKind::NotGit
            | TroubleKind::Failing
            | TroubleKind::BranchGone
            | TroubleKind::Rejected
            | TroubleKind::TokenUnusable => None,
        }
    }
}

impl From<SyncRefusal> for Refusal {
    fn from(refusal: SyncRefusal) -> Refusal {
        Refusal::Sync(refusal)
    }
}

impl From<SyncRefusal> for ServiceError {
    fn from(refusal: SyncRefusal) -> ServiceError {
        Refusal::Sync(refusal).into()
    }
}

const NO_REMOTE: Phrase = Phrase {
    en: "There is no Git repository to sync with; set one of your own at /settings, or ask the administrator for git.remote in the configuration.",
    de: "Es gibt kein Git-Repository zum Abgleichen; bitte unter /settings ein eigenes setzen oder in der Konfiguration git.remote setzen lassen.",
};
const SWITCHED_OFF: Phrase = Phrase {
    en: "The sync with the Git repository is switched off; set its mode to push or pull-only first.",
    de: "Der Abgleich mit dem Git-Repository ist abgeschaltet; bitte erst den Modus auf push oder pull-only setzen.",
};

impl SyncRefusal {
    /// One sentence for a person.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            SyncRefusal::NoRemote => NO_REMOTE.text(lang).to_owned(),
            SyncRefusal::SwitchedOff => SWITCHED_OFF.text(lang).to_owned(),
            SyncRefusal::NoSuchBranch { branch } => lang.pick(
                format!("The repository has no branch “{branch}”, and nothing was changed; leave ref out, or name the branch that is synced."),
                format!("Das Repository hat keinen Branch „{branch}“, geändert wurde nichts; bitte ref weglassen oder den Branch nennen, der abgeglichen wird."),
            ),
            SyncRefusal::NoSuchCommit { commit } => lang.pick(
                format!("The repository has no commit {commit}, and nothing was changed; leave since out, or sync with mode=full."),
                format!("Das Repository hat keinen Commit {commit}, geändert wurde nichts; bitte since weglassen oder mit mode=full abgleichen."),
            ),
            SyncRefusal::Unusable { sentence, .. } => sentence.text(lang).to_owned(),
            SyncRefusal::Trouble(trouble) => trouble.sentence.text(lang).to_owned(),
        }
    }
}
