//! Accounts, what is granted to whoever comes in, and what changes of both.

use std::fmt;

use chrono::{DateTime, Utc};

use super::sync::OwnRemote;
use super::verify::Mend;
use super::{NotedBasis, Remembered, Settings};
use crate::domain::ids::{Generation, TokenId, UserId, UserName};

/// What is to be kept of the password of an account that has no id yet, which it is bound to.
pub struct NewCredential(pub Box<dyn FnOnce(UserId) -> String + Send>);

impl fmt::Debug for NewCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewCredential")
    }
}

/// What changes of an account; `None` leaves it. A new password ends every session of the user's; being disabled every
/// session and token.
#[derive(Debug, Default)]
pub struct AccountChange {
    pub admin: Option<bool>,
    pub disabled: Option<bool>,
    /// What is kept of the password; the store does not look into it.
    pub credential: Option<String>,
    /// What was kept of the password of whoever changes it: nothing changes when that is another by now.
    pub by_credential: Option<String>,
}

/// Somebody who has an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub name: UserName,
    pub admin: bool,
    /// Nobody comes in with this account; everything in it stays.
    pub disabled: bool,
    pub created_at: DateTime<Utc>,
}

impl User {
    pub fn is_enabled_admin(&self) -> bool {
        self.admin && !self.disabled
    }
}

/// An account with what is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub user: User,
    pub settings: Settings,
    pub generation: Generation,
    /// How many documents it has.
    pub tasks: usize,
}

/// What a token allows. More than one may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes(pub u8);

impl Scopes {
    pub const READ: Scopes = Scopes(1);
    pub const WRITE: Scopes = Scopes(2);
    pub const FEED: Scopes = Scopes(4);
    pub const ADMIN: Scopes = Scopes(8);

    pub fn with(self, other: Scopes) -> Scopes {
        Scopes(self.0 | other.0)
    }

    /// What is set here and not in `other`.
    pub fn without(self, other: Scopes) -> Scopes {
        Scopes(self.0 & !other.0)
    }

    /// What is set in both.
    pub fn only(self, other: Scopes) -> Scopes {
        Scopes(self.0 & other.0)
    }

    /// The scope of this word.
    pub fn parse(word: &str) -> Option<Scopes> {
        [Self::READ, Self::WRITE, Self::FEED, Self::ADMIN].into_iter().find(|scope| scope.names() == [word])
    }

    /// The words of the scopes that are set.
    pub fn names(self) -> Vec<&'static str> {
        let all = [(Self::READ, "read"), (Self::WRITE, "write"), (Self::FEED, "feed"), (Self::ADMIN, "admin")];
        all.into_iter().filter(|(scope, _)| self.allow(*scope)).map(|(_, name)| name).collect()
    }

    pub fn allow(self, needed: Scopes) -> bool {
        self.0 & needed.0 == needed.0
    }
}

/// What a secret is that somebody comes in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantKind {
    /// Made for a program, which shows it with each request.
    Token,
    /// Made when somebody signed in; a browser keeps it as a cookie.
    Session,
}

/// What a token or a session grants to whoever shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub user: UserId,
    pub kind: GrantKind,
    /// The name that the token was given; of a session, what the browser says that it is.
    pub token_name: String,
    pub scopes: Scopes,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    /// Coarsely: the first use of the last hour in which it was used.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A token as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenGrant {
    pub id: TokenId,
    pub grant: Grant,
}

/// Tokens that one user has at most.
pub const TOKENS_OF_USER_MAX: usize = 1_000;

/// Sessions that one user has at most: a new one ends the one that was used the longest ago.
pub const SESSIONS_OF_USER_MAX: usize = 100;

/// A change of accounts. None raises a generation.
#[derive(Debug)]
pub enum Administration {
    AddUser {
        name: UserName,
        admin: bool,
        settings: Settings,
        credential: Option<NewCredential>,
        at: DateTime<Utc>,
        /// Whether it is only to be added when there is nobody yet.
        must_be_first: bool,
    },
    ChangeUser {
        id: UserId,
        change: AccountChange,
    },
    /// Keeps something else of the same password, if what is kept is `before` still; otherwise it changes nothing.
    ReplaceCredential {
        id: UserId,
        before: String,
        after: String,
    },
    /// Removes the user with everything that is the user's; the id is not given again.
    RemoveUser {
        id: UserId,
    },
    AddToken {
        hash: [u8; 32],
        grant: Grant,
        remember: Option<Remembered>,
        /// What was kept of the password that somebody came in with: nobody comes in when that is another by now.
        by_credential: Option<String>,
    },
    /// Removes a token or ends a session, whichever the kind says.
    RemoveToken {
        user: UserId,
        id: TokenId,
        kind: GrantKind,
    },
    /// Ends every session of the user's.
    RemoveSessions {
        user: UserId,
    },
    /// The user's files are in this repository from now on, or in none of one's own.
    PutRemote {
        user: UserId,
        remote: Option<OwnRemote>,
    },
    /// Plans are made with this from now on.
    NoteBasis(NotedBasis),
    /// Derives rows anew from what they follow from.
    Mend(Vec<Mend>),
}

/// What became of a change of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Administered {
    UserAdded(UserId),
    UserChanged,
    UserRemoved,
    NameTaken,
    /// Somebody has an account already.
    NotTheFirst,
    /// Nobody else could administer the users that there are.
    LastAdmin,
    TokenAdded,
    /// As above, and another session had to end for it.
    SessionReplacedAnother,
    TokenRemoved,
    SessionsRemoved,
    RemoteChanged,
    BasisNoted,
    /// So many rows are others now.
    Mended(usize),
    TooManyTokens,
    /// The password is another by now.
    CredentialChanged,
    NoSuchUser,
    NoSuchToken,
}
