//! What is said once something was done. The address of the page after it has a word, and the page has the sentence:
//! nobody puts a text of theirs onto a page by a link.

use maud::{Markup, html};

use crate::domain::lang::{Lang, Phrase};

const NOTICES: [(&str, Phrase); 13] = [
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
    ("added", Phrase { en: "The account is added.", de: "Das Konto ist angelegt." }),
    ("removed", Phrase { en: "The account is removed.", de: "Das Konto ist entfernt." }),
    (
        "disabled",
        Phrase {
            en: "The account is disabled; whoever was signed in is not any more.",
            de: "Das Konto ist gesperrt; wer angemeldet war, ist es nicht mehr.",
        },
    ),
    ("enabled", Phrase { en: "The account is open again.", de: "Das Konto ist wieder offen." }),
    ("admin", Phrase { en: "This is an administrator now.", de: "Dieses Konto darf jetzt verwalten." }),
    ("no-admin", Phrase { en: "This is no administrator any more.", de: "Dieses Konto darf nicht mehr verwalten." }),
    (
        "new-password",
        Phrase {
            en: "The new password counts from now on; all browsers are signed out.",
            de: "Ab jetzt gilt das neue Passwort; alle Browser sind abgemeldet.",
        },
    ),
    ("out-everywhere", Phrase { en: "All browsers are signed out.", de: "Alle Browser sind abgemeldet." }),
    ("gone", Phrase { en: "That was gone already.", de: "Das gab es schon nicht mehr." }),
];

/// One of the things that can have been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice(Phrase);

impl Notice {
    /// By the word in an address; other words say nothing.
    pub fn of(word: Option<&str>) -> Option<Notice> {
        let found = NOTICES.iter().find(|(known, _)| Some(*known) == word);
        found.map(|(_, sentence)| Notice(*sentence))
    }

    pub fn show(self, lang: Lang) -> Markup {
        html! { p.notice role="status" { (self.0.text(lang)) } }
    }
}
