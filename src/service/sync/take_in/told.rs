//! What became of something that both sides changed, in words.

use crate::domain::document::{MergeConflict, Side};
use crate::domain::lang::{Phrase, Sentence};

pub(super) const REMOVED_THERE: Phrase = Phrase {
    en: "it was removed in the repository and changed here; it stays",
    de: "sie wurde im Repository entfernt und hier geändert; sie bleibt",
};
pub(super) const REMOVED_HERE: Phrase = Phrase {
    en: "it was removed here and changed in the repository; it is back",
    de: "sie wurde hier entfernt und im Repository geändert; sie ist wieder da",
};
const BOTH_TEXTS: Phrase = Phrase {
    en: "the same lines were changed on both sides; both texts are in it, between marked lines",
    de: "auf beiden Seiten wurden dieselben Zeilen geändert; beide Texte stehen darin, zwischen markierten Zeilen",
};

/// Whether a conflict cost a side something that is not in the document any more, or is there twice.
pub(super) fn loses(conflict: &MergeConflict, side: Side) -> bool {
    match conflict {
        MergeConflict::Field { winner, .. } | MergeConflict::Whole { winner } => *winner != side,
        MergeConflict::Body => side == Side::Theirs,
    }
}

/// One conflict, in words.
pub(super) fn told(conflict: &MergeConflict) -> Sentence {
    let stands = |side: &Side| match side {
        Side::Ours => ("what was written here later stands", "was hier später geschrieben wurde, gilt"),
        Side::Theirs => {
            ("what was written in the repository later stands", "was im Repository später geschrieben wurde, gilt")
        }
    };
    match conflict {
        MergeConflict::Field { name, winner } => {
            let (en, de) = stands(winner);
            Sentence {
                en: format!("{name} was changed on both sides; {en}"),
                de: format!("{name} wurde auf beiden Seiten geändert; {de}"),
            }
        }
        MergeConflict::Body => BOTH_TEXTS.into(),
        MergeConflict::Whole { winner } => {
            let (en, de) = stands(winner);
            Sentence {
                en: format!("both sides changed it so that it cannot be merged; {en}"),
                de: format!("beide Seiten haben sie so geändert, dass sie sich nicht zusammenführen lässt; {de}"),
            }
        }
    }
}
