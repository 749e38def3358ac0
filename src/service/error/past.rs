//! Why a change cannot be taken back, or a past state not be told.

use super::Refusal;
use crate::domain::lang::{Lang, Phrase};

impl Refusal {
    pub fn touched_since(what: &str, is_back: bool) -> Refusal {
        Refusal::TouchedSince { what: what.to_owned(), is_back }
    }
}

pub(super) fn no_such_change(generation: u64, lang: Lang) -> String {
    if generation == 0 {
        let nothing = ("There is no change to take back.", "Es gibt keine Änderung, die sich zurücknehmen lässt.");
        return lang.pick(nothing.0, nothing.1).to_owned();
    }
    lang.pick(
        format!("You have no change of generation {generation}; see GET /api/history."),
        format!("Du hast keine Änderung der Generation {generation}; siehe GET /api/history."),
    )
}

pub(super) fn brought_change(generation: u64, lang: Lang) -> String {
    lang.pick(
        format!("Generation {generation} happened in another account and came with an import, so there is nothing here to take back; take the import back instead."),
        format!("Generation {generation} geschah in einem anderen Konto und kam mit einem Import, hier gibt es nichts zurückzunehmen; bitte den Import zurücknehmen."),
    )
}

pub(super) fn touched_since(what: &str, is_back: bool, lang: Lang) -> String {
    if is_back {
        return lang.pick(
            format!("{what} is as it was before that change already; there is nothing to take back."),
            format!("{what} ist schon wieder wie vor dieser Änderung; zurückzunehmen ist da nichts mehr."),
        );
    }
    lang.pick(
        format!("{what} was changed again since; take the later change back first."),
        format!("{what} wurde seitdem wieder geändert; bitte erst die spätere Änderung zurücknehmen."),
    )
}

/// Why a past generation cannot be told as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PastRefusal {
    /// The user never stood there.
    NotReached { generation: u64, present: u64 },
    /// It was another account's, and came with an import.
    Brought { generation: u64 },
    /// The history does not reach back to it.
    NotKept { generation: u64 },
    /// Its timeline was planned with something else than now.
    OtherBasis { generation: u64, differing: Vec<Phrase> },
}

impl PastRefusal {
    pub(super) fn text(&self, lang: Lang) -> String {
        match self {
            PastRefusal::NotReached { generation, present } => lang.pick(
                format!("There is no generation {generation} yet; you are at {present}."),
                format!("Generation {generation} gibt es noch nicht; du bist bei {present}."),
            ),
            PastRefusal::Brought { generation } => lang.pick(
                format!("Generation {generation} was another account's and came with an import, which brought its history and not its plans; name one of this account."),
                format!("Generation {generation} war die eines anderen Kontos und kam mit einem Import, der die Historie gebracht hat und nicht die Pläne; bitte eine dieses Kontos nennen."),
            ),
            PastRefusal::NotKept { generation } => lang.pick(
                format!("The history does not reach back to generation {generation}; name a later one, see GET /api/history."),
                format!("Die Historie reicht nicht bis zur Generation {generation} zurück; bitte eine spätere nennen, siehe GET /api/history."),
            ),
            PastRefusal::OtherBasis { generation, differing } => {
                let differing = listed(differing, lang);
                lang.pick(
                    format!("Generation {generation} was planned with {differing} than now, so its timeline cannot be told as it was; ask with anyway=true for what the present ones make of it."),
                    format!("Generation {generation} wurde anders geplant als jetzt, nämlich durch {differing}, darum lässt sich ihr Plan nicht sagen, wie er war; anyway=true zeigt, was jetzt daraus wird."),
                )
            }
        }
    }
}

/// Parts of a sentence, one after the other.
pub(super) fn listed(phrases: &[Phrase], lang: Lang) -> String {
    phrases.iter().map(|phrase| phrase.text(lang)).collect::<Vec<_>>().join(", ")
}
