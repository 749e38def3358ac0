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
    /// The key that passwords are sealed with is lost, for all of them or for some: whether this one was right is not known.
    PasswordsUnavailable,
    /// The file of the key that a new password or token would be sealed with cannot be used.
    KeyFileUnusable,
    /// The link was used, or was never one of this server's.
    LinkUsed,
    /// Somebody has an account already: the first one cannot be set up any more.
    SetUpBefore,
    /// Secrets of others are for whoever has the data directory alone, who has their key too.
    NotOverTheNetwork,
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
    en: "This link works once; for a new one start the server again.",
    de: "Dieser Link geht nur einmal; einen neuen gibt es, wenn der Server neu gestartet wird.",
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
    en: "Name and password do not go together, or the server lacks the key file for this password; tokens work, and the administrator finds in the server's log what to do.",
    de: "Name und Passwort passen nicht zusammen, oder dem Server fehlt die Schlüsseldatei für dieses Passwort; Tokens gehen, und was zu tun ist, steht für den Verwalter im Log des Servers.",
};
const KEY_FILE_UNUSABLE: Phrase = Phrase {
    en: "No password and no token of a repository can be given at the moment, because the server cannot use its key file; the administrator finds in the server's log what to do.",
    de: "Gerade lässt sich weder ein Passwort noch das Token eines Repositorys eintragen, weil der Server seine Schlüsseldatei nicht benutzen kann; was zu tun ist, steht für den Verwalter im Log des Servers.",
};
const NOT_OVER_THE_NETWORK: Phrase = Phrase {
    en: "A backup with the tokens of repositories is made on the server's own machine alone; run codexmiroir backup --with-secrets there.",
    de: "Eine Sicherung mit den Tokens von Repositorys gibt es nur auf dem Rechner des Servers selbst; bitte dort codexmiroir backup --with-secrets aufrufen.",
};
pub(super) const GUESSABLE: Phrase = Phrase {
    en: "Choose a password that is harder to guess: not the name, not the same few characters again and again, not a row of keys.",
    de: "Bitte ein Passwort wählen, das schwerer zu erraten ist: nicht den Namen, nicht immer wieder dieselben wenigen Zeichen, keine Reihe von Tasten.",
};

impl AccessRefusal {
    /// One sentence for a person.
    pub fn text(self, lang: Lang) -> String {
        let phrase = match self {
            AccessRefusal::SignInFailed => SIGN_IN_FAILED,
            AccessRefusal::WrongPassword => WRONG_PASSWORD,
            AccessRefusal::TooManyPasswords => TOO_MANY_PASSWORDS,
            AccessRefusal::PasswordsUnavailable => PASSWORDS_UNAVAILABLE,
            AccessRefusal::KeyFileUnusable => KEY_FILE_UNUSABLE,
            AccessRefusal::LinkUsed => LINK_USED,
            AccessRefusal::SetUpBefore => SET_UP_BEFORE,
            AccessRefusal::NotOverTheNetwork => NOT_OVER_THE_NETWORK,
            AccessRefusal::TooManyAttempts { wait } => {
                let wait = match whole_seconds(wait) {
                    1 => lang.pick("1 second", "1 Sekunde").to_owned(),
                    seconds => lang.pick(format!("{seconds} seconds"), format!("{seconds} Sekunden")),
                };
                return lang.pick(
                    format!("Too many attempts to sign in; wait {wait} and try again."),
                    format!("Zu viele Versuche, sich anzumelden; bitte {wait} warten."),
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

pub(super) fn no_such_token(id: &str, lang: Lang) -> String {
    lang.pick(
        format!("You have no token “{id}”; see GET /api/tokens."),
        format!("Du hast kein Token „{id}“; siehe GET /api/tokens."),
    )
}

pub(super) fn token_issued_before(id: &str, lang: Lang) -> String {
    lang.pick(
        format!("This Idempotency-Key made the token {id} before, and a token is shown only once; if you do not have it, revoke it and ask with a new key."),
        format!("Mit diesem Idempotency-Key entstand schon das Token {id}, und ein Token wird nur einmal gezeigt; wer es nicht hat, widerruft es und fragt mit neuem Key."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_second_is_one() {
        let said = |millis, lang| AccessRefusal::TooManyAttempts { wait: Duration::from_millis(millis) }.text(lang);
        assert!(said(400, Lang::En).contains("wait 1 second and"), "{}", said(400, Lang::En));
        assert!(said(1000, Lang::De).contains("bitte 1 Sekunde warten"), "{}", said(1000, Lang::De));
        assert!(said(1001, Lang::En).contains("wait 2 seconds and") && said(5000, Lang::De).contains("5 Sekunden"));
    }
}
