//! Why a change cannot be taken back.

use crate::domain::lang::Lang;

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

pub(super) fn touched_since(what: &str, lang: Lang) -> String {
    lang.pick(
        format!("{what} was changed again since; take the later change back first."),
        format!("{what} wurde seitdem wieder geändert; bitte erst die spätere Änderung zurücknehmen."),
    )
}
