//! Why somebody was not let in.

use std::time::Duration;

use crate::domain::lang::{Lang, Phrase};

/// Nobody was let in, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessRefusal {
    /// Name and password do not go together. Whether there is such a name is not told.
    SignInFailed,
    /// Whoever is signed in did not know the present password.
    WrongPassword,
    /// One has to wait before trying again.
    TooManyAttempts { wait: Duration },
    /// Too many passwords wait to be hashed or checked.
    TooManyPasswords,
    /// The key that passwords are sealed with is lost, or its file cannot be used.
    PasswordsUnavailable,
    /// The link was used, or was never one of this server's.
    LinkUsed,
    /// Somebody has an account already: the first one cannot be set up any more.
    SetUpBefore,
}

const SIGN_IN_FAILED: Phrase = Phrase {
    en: "Name and password do not go together; look at both and try again.",
    de: "Name und Passwort passen nicht zusammen; bitte beides prüfen und noch einmal versuchen.",
};
const WRONG_PASSWORD: Phrase = Phrase {
    en: "That is not your present password; type it again.",
    de: "Das ist nicht das jetzige Passwort; bitte noch einmal eingeben.",
};
const LINK_USED: Phrase = Phrase {
    en: "This link works once and was used, or the server was started again since; the terminal shows the present one.",
    de: "Dieser Link gilt einmal und wurde benutzt, oder der Server wurde neu gestartet; im Terminal steht der jetzige.",
};
const SET_UP_BEFORE: Phrase = Phrase {
    en: "This server is set up already; sign in, or ask its administrator for an account.",
    de: "Dieser Server ist schon eingerichtet; bitte anmelden oder um ein Konto bitten.",
};

const TOO_MANY_PASSWORDS: Phrase = Phrase {
    en: "Too many passwords are being checked at the moment; try again in a few seconds.",
    de: "Gerade werden zu viele Passwörter geprüft; bitte in ein paar Sekunden noch einmal versuchen.",
};
const PASSWORDS_UNAVAILABLE: Phrase = Phrase {
    en: "Passwords cannot be used at the moment, because the server lacks its key file; tokens work, and the administrator finds in the server's log what to do.",
    de: "Passwörter gehen gerade nicht, weil dem Server seine Schlüsseldatei fehlt; Tokens gehen, und was zu tun ist, steht für den Verwalter im Log des Servers.",
};

impl AccessRefusal {
    /// One sentence for a person.
    pub fn text(self, lang: Lang) -> String {
        let phrase = match self {
            AccessRefusal::SignInFailed => SIGN_IN_FAILED,
            AccessRefusal::WrongPassword => WRONG_PASSWORD,
            AccessRefusal::TooManyPasswords => TOO_MANY_PASSWORDS,
            AccessRefusal::PasswordsUnavailable => PASSWORDS_UNAVAILABLE,
            AccessRefusal::LinkUsed => LINK_USED,
            AccessRefusal::SetUpBefore => SET_UP_BEFORE,
            AccessRefusal::TooManyAttempts { wait } => {
                let seconds = whole_seconds(wait);
                return lang.pick(
                    format!("Too many attempts to sign in; wait {seconds} seconds and try again."),
                    format!("Zu viele Versuche, sich anzumelden; bitte {seconds} Sekunden warten."),
                );
            }
        };
        phrase.text(lang).to_owned()
    }
}

/// Never less than asked for, because a client that waits this long is to find the door open.
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

pub(super) fn scope_not_held(scope: &str, lang: Lang) -> String {
    lang.pick(
        format!("A token cannot give the scope {scope}, which it does not have; leave it out, or ask with a token that has it."),
        format!("Ein Token kann die Berechtigung {scope} nicht vergeben, die es selbst nicht hat; bitte weglassen oder mit einem fragen, das sie hat."),
    )
}

pub(super) fn not_an_administrator(name: &str, lang: Lang) -> String {
    lang.pick(
        format!("The scope admin is for administrators, which {name} is not; leave it out, or make {name} one first."),
        format!("Die Berechtigung admin ist für Verwalter, und {name} ist keiner; bitte weglassen oder {name} erst dazu machen."),
    )
}
