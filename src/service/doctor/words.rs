//! What is said of rows that are not as they have to be.

use super::{Finding, FindingState};
use crate::domain::lang::{Phrase, Sentence};
use crate::service::Service;
use crate::store::{Flaw, FlawKind};

pub(super) const RESTORE: Phrase = Phrase {
    en: "Nothing here knows what was there; keep a copy of the data directory, and restore a backup.",
    de: "Was dort stand, weiß hier niemand; bitte das Datenverzeichnis kopieren und ein Backup einspielen.",
};
pub(super) const REPAIR: Phrase =
    Phrase { en: "codexmiroir doctor --repair derives it anew.", de: "codexmiroir doctor --repair leitet es neu her." };
const MENDED: Phrase = Phrase {
    en: "It was derived anew, and is right now; nothing is left to do.",
    de: "Es wurde neu hergeleitet und stimmt jetzt; mehr ist nicht zu tun.",
};
const SAVE_AGAIN: Phrase = Phrase {
    en: "Compare it with what codexmiroir history shows, and save what is right once more.",
    de: "Mit dem vergleichen, was codexmiroir history zeigt, und das Richtige noch einmal speichern.",
};
const SET_AGAIN: Phrase = Phrase {
    en: "Have the user set the repository again.",
    de: "Das Repository von seinem Benutzer neu eintragen lassen.",
};
const OTHER_VERSION: Phrase = Phrase {
    en: "Start the version that wrote it, or restore a backup.",
    de: "Die Version starten, die sie geschrieben hat, oder ein Backup einspielen.",
};

const UNREADABLE: Phrase = Phrase { en: "The value cannot be read.", de: "Der Wert ist nicht lesbar." };
const NO_USER: Phrase =
    Phrase { en: "It belongs to an account that is not there.", de: "Es gehört zu einem Konto, das es nicht gibt." };
const DIFFERS: Phrase = Phrase {
    en: "What planning knows of the document is not what it says.",
    de: "Was das Planen von dem Dokument weiß, steht nicht darin.",
};
const NOT_INDEXED: Phrase =
    Phrase { en: "The entry is missing that it is found by.", de: "Der Eintrag fehlt, über den es gefunden wird." };
const LEADS_NOWHERE: Phrase = Phrase {
    en: "The entry leads to something that is not there.",
    de: "Der Eintrag führt zu etwas, das es nicht gibt.",
};
const NOT_AS_HISTORY: Phrase = Phrase {
    en: "The document is not what the history says was last written.",
    de: "Das Dokument ist nicht das, was laut Verlauf zuletzt geschrieben wurde.",
};
const BEYOND: Phrase = Phrase {
    en: "It is of a generation that its account has not reached.",
    de: "Es ist von einer Generation, die das Konto nicht erreicht hat.",
};
const NUMBER_FREE: Phrase = Phrase {
    en: "Its number could be given a second time.",
    de: "Die Nummer könnte ein zweites Mal vergeben werden.",
};
const MISPLACED: Phrase = Phrase {
    en: "The name is none of a document, or does not belong to its place.",
    de: "Der Name ist keiner eines Dokuments oder gehört nicht an seine Stelle.",
};
const TABLE: Phrase = Phrase {
    en: "The table is missing, or of a version that this one does not know.",
    de: "Die Tabelle fehlt, oder ist von einer Version, die diese nicht kennt.",
};

impl FlawKind {
    fn code(&self) -> &'static str {
        match self {
            FlawKind::Unreadable => "unreadable",
            FlawKind::NoUser => "no_account",
            FlawKind::Lacks(_) => "missing",
            FlawKind::Differs => "differs",
            FlawKind::NotIndexed => "not_indexed",
            FlawKind::LeadsNowhere => "leads_nowhere",
            FlawKind::NotAsHistory => "not_as_history",
            FlawKind::Beyond => "beyond",
            FlawKind::NumberFree => "number_free",
            FlawKind::Misplaced => "misplaced",
            FlawKind::Table => "table",
            FlawKind::Failed(_) => "pages_damaged",
        }
    }

    fn what(&self) -> Sentence {
        match self {
            FlawKind::Unreadable => UNREADABLE.into(),
            FlawKind::NoUser => NO_USER.into(),
            FlawKind::Lacks(table) => Sentence {
                en: format!("What belongs to it in {table} is missing."),
                de: format!("Was in {table} dazugehört, fehlt."),
            },
            FlawKind::Differs => DIFFERS.into(),
            FlawKind::NotIndexed => NOT_INDEXED.into(),
            FlawKind::LeadsNowhere => LEADS_NOWHERE.into(),
            FlawKind::NotAsHistory => NOT_AS_HISTORY.into(),
            FlawKind::Beyond => BEYOND.into(),
            FlawKind::NumberFree => NUMBER_FREE.into(),
            FlawKind::Misplaced => MISPLACED.into(),
            FlawKind::Table => TABLE.into(),
            FlawKind::Failed(detail) => Sentence {
                en: format!("The database cannot be read on from here: {detail}."),
                de: format!("Die Datenbank ist von hier an nicht lesbar: {detail}."),
            },
        }
    }

    fn remedy(&self) -> Phrase {
        match self {
            FlawKind::NotAsHistory => SAVE_AGAIN,
            FlawKind::Table => OTHER_VERSION,
            FlawKind::Unreadable
            | FlawKind::NoUser
            | FlawKind::Lacks(_)
            | FlawKind::Differs
            | FlawKind::NotIndexed
            | FlawKind::LeadsNowhere
            | FlawKind::Beyond
            | FlawKind::NumberFree
            | FlawKind::Misplaced
            | FlawKind::Failed(_) => RESTORE,
        }
    }
}

/// Says of a finding that it is mended.
pub(super) fn mended(finding: &mut Finding) {
    (finding.state, finding.remedy) = (FindingState::Mended, MENDED.into());
}

impl Service {
    pub(super) fn finding_of(&self, flaw: &Flaw, is_mended: bool) -> Finding {
        let remedy = match (&flaw.mend, flaw.table, &flaw.kind) {
            (Some(_), ..) => REPAIR,
            (None, "remotes", FlawKind::Unreadable) => SET_AGAIN,
            (None, _, kind) => kind.remedy(),
        };
        let mut finding = Finding::new(flaw.kind.code(), flaw.table, flaw.kind.what(), remedy);
        finding.user = flaw.user.map(|user| self.name_of(user));
        finding.row = Some(flaw.row.clone()).filter(|row| !row.is_empty());
        if flaw.mend.is_some() {
            finding.state = FindingState::Mendable;
        }
        if is_mended {
            mended(&mut finding);
        }
        finding
    }
}
