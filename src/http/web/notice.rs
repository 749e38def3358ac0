//! What is said once something was done. The address of the page after it has a word, and the page has the sentence:
//! nobody puts a text of theirs onto a page by a link.

use maud::{Markup, html};

use crate::domain::ids::UserName;
use crate::domain::lang::{Lang, Phrase};

/// Of what was done to one's own, or to accounts that are no more.
const NOTICES: [(&str, Phrase); 14] = [
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
    ("synced-but", Phrase { en: "Synced, but for the files below.", de: "Abgeglichen, bis auf die Dateien unten." }),
    ("taken-in", Phrase { en: "What the repository has is here now.", de: "Was im Repository steht, ist jetzt hier." }),
    (
        "repository-synced",
        Phrase {
            en: "Your own repository is set, and a first sync with it succeeded.",
            de: "Dein eigenes Repository ist gesetzt, und ein erster Abgleich damit ist gelungen.",
        },
    ),
    (
        "repository-trying",
        Phrase {
            en: "Your own repository is set. The first sync is still under way; the page Git shows how it ends.",
            de: "Dein eigenes Repository ist gesetzt. Der erste Abgleich läuft noch; wie er ausgeht, zeigt die Seite Git.",
        },
    ),
    ("repository", Phrase { en: "Your own repository is set.", de: "Dein eigenes Repository ist gesetzt." }),
    (
        "no-repository",
        Phrase {
            en: "Your own repository is forgotten. Your tasks stay as they are, here and there.",
            de: "Dein eigenes Repository ist vergessen. Deine Aufgaben bleiben, wie sie sind, hier und dort.",
        },
    ),
    ("compacted", Phrase { en: "Unused space is given back.", de: "Ungenutzter Platz ist frei." }),
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

/// Of what was done and did not have the effect that was wanted.
const FAILURES: [(&str, Phrase); 1] = [(
    "repository-failed",
    Phrase {
        en: "Your own repository is set, but the first sync failed; why stands at the form.",
        de: "Dein eigenes Repository ist gesetzt, aber der erste Abgleich ist fehlgeschlagen; warum, steht beim Formular.",
    },
)];

/// One of the things that can have been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    sentence: Phrase,
    is_bad: bool,
}

impl Notice {
    /// By the word in an address; other words say nothing.
    pub fn of(word: Option<&str>) -> Option<Notice> {
        let failure = found(&FAILURES, word).map(|notice| Notice { is_bad: true, ..notice });
        failure.or_else(|| found(&NOTICES, word))
    }

    /// The same of an account.
    pub fn of_account(word: Option<&str>) -> Option<Notice> {
        found(&OF_ACCOUNTS, word)
    }

    pub fn show(self, lang: Lang) -> Markup {
        let sentence = self.sentence.text(lang);
        html! {
            @if self.is_bad { p.alert role="alert" { (sentence) } } @else { p.notice role="status" { (sentence) } }
        }
    }

    /// With the account that it is about. The name is the account's own, not one that an address says.
    pub fn show_of(self, name: &UserName, lang: Lang) -> Markup {
        html! { p.notice role="status" { (name) " " (self.sentence.text(lang)) } }
    }
}

fn found(notices: &[(&str, Phrase)], word: Option<&str>) -> Option<Notice> {
    let found = notices.iter().find(|(known, _)| Some(*known) == word);
    found.map(|(_, sentence)| Notice { sentence: *sentence, is_bad: false })
}
