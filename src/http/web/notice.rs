//! What is said once something was done. The address of the page after it has a word, and the page has the sentence:
//! nobody puts a text of theirs onto a page by a link.

use maud::{Markup, html};

use crate::domain::ids::UserName;
use crate::domain::lang::{Lang, Phrase};

/// Of what was done to one's own, or to accounts that are no more.
const NOTICES: [(&str, Phrase); 9] = [
    ("saved", Phrase { en: "Saved.", de: "Gespeichert." }),
    (
        "password",
        Phrase {
            en: "The password is changed. Everywhere else you are signed out.",
            de: "Das Passwort ist geändert. Überall sonst bist du abgemeldet.",
        },
    ),
    ("signed-out", Phrase { en: "That browser is signed out.", de: "Dieser Browser ist abgemeldet." }),
    ("revoked", Phrase { en: "The token is revoked.", de: "Das Token ist widerrufen." }),
    ("removed", Phrase { en: "The account is removed.", de: "Das Konto ist entfernt." }),
    ("synced", Phrase { en: "Both sides have the same now.", de: "Beide Seiten haben jetzt dasselbe." }),
    ("repository", Phrase { en: "Your own repository is set.", de: "Dein eigenes Repository ist gesetzt." }),
    (
        "no-repository",
        Phrase {
            en: "Your own repository is forgotten. Your tasks stay as they are, here and there.",
            de: "Dein eigenes Repository ist vergessen. Deine Aufgaben bleiben, wie sie sind, hier und dort.",
        },
    ),
    ("gone", Phrase { en: "That was gone already.", de: "Das gab es schon nicht mehr." }),
];

/// Of what was done to an account, after its name.
const OF_ACCOUNTS: [(&str, Phrase); 7] = [
    ("added", Phrase { en: "has an account now.", de: "hat jetzt ein Konto." }),
    (
        "disabled",
        Phrase {
            en: "is disabled; whoever was signed in is not any more.",
            de: "ist gesperrt; wer angemeldet war, ist es nicht mehr.",
        },
    ),
    ("enabled", Phrase { en: "is open again.", de: "ist wieder offen." }),
    ("admin", Phrase { en: "is an administrator now.", de: "darf jetzt verwalten." }),
    ("no-admin", Phrase { en: "is no administrator any more.", de: "darf nicht mehr verwalten." }),
    (
        "new-password",
        Phrase {
            en: "has a new password from now on; all browsers are signed out.",
            de: "hat ab jetzt ein neues Passwort; alle Browser sind abgemeldet.",
        },
    ),
    ("out-everywhere", Phrase { en: "is signed out of all browsers.", de: "ist in allen Browsern abgemeldet." }),
];

/// One of the things that can have been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice(Phrase);

impl Notice {
    /// By the word in an address; other words say nothing.
    pub fn of(word: Option<&str>) -> Option<Notice> {
        found(&NOTICES, word)
    }

    /// The same of an account.
    pub fn of_account(word: Option<&str>) -> Option<Notice> {
        found(&OF_ACCOUNTS, word)
    }

    pub fn show(self, lang: Lang) -> Markup {
        html! { p.notice role="status" { (self.0.text(lang)) } }
    }

    /// With the account that it is about. The name is the account's own, not one that an address says.
    pub fn show_of(self, name: &UserName, lang: Lang) -> Markup {
        html! { p.notice role="status" { (name) " " (self.0.text(lang)) } }
    }
}

fn found(notices: &[(&str, Phrase)], word: Option<&str>) -> Option<Notice> {
    let found = notices.iter().find(|(known, _)| Some(*known) == word);
    found.map(|(_, sentence)| Notice(*sentence))
}
