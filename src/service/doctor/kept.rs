//! Whether the database's files and what is sealed in it are in order.

use std::sync::Arc;

use super::{Examined, Finding, FindingState, words};
use crate::domain::lang::{Phrase, Sentence};
use crate::service::error::ServiceError;
use crate::service::passwords::KeptForm;
use crate::service::{Service, passwords, read};
use crate::store::{FileCheck, Pages};

const OF_BEFORE: Phrase =
    Phrase { en: "The hash of the password is kept unsealed.", de: "Der Hash des Passworts liegt unversiegelt vor." };
const RESTART: Phrase =
    Phrase { en: "Restart the server, which seals it.", de: "Den Server neu starten, der versiegelt ihn." };
const OTHER_KEY: Phrase = Phrase {
    en: "It is sealed with another key than the one in the key file.",
    de: "Es ist mit einem anderen Schlüssel versiegelt als dem in der Schlüsseldatei.",
};
const NO_SECRET: Phrase =
    Phrase { en: "What is kept of it does not open.", de: "Was davon aufbewahrt ist, lässt sich nicht öffnen." };
const NEW_PASSWORD: Phrase = Phrase {
    en: "Put the right key file back, or give a new password with codexmiroir user passwd NAME.",
    de: "Die richtige Schlüsseldatei zurücklegen, oder mit codexmiroir user passwd NAME ein neues Passwort vergeben.",
};
const TOKEN_LOST: Phrase = Phrase {
    en: "Put the right key file back, or have the user set the token of the repository again.",
    de: "Die richtige Schlüsseldatei zurücklegen, oder das Token des Repositorys neu eintragen lassen.",
};
const NO_JOURNAL: Phrase = Phrase {
    en: "The journal that is written is not the file of that name any more: a crash would lose the last changes.",
    de: "Das Journal, das geschrieben wird, ist nicht mehr die Datei dieses Namens: Ein Absturz verlöre die letzten Änderungen.",
};
const RESTART_FOR_JOURNAL: Phrase = Phrase {
    en: "Put the file back, or stop the server properly and start it again.",
    de: "Die Datei zurücklegen, oder den Server ordentlich beenden und neu starten.",
};
const STOP_TO_CHECK: Phrase = Phrase {
    en: "To have them checked, stop the server and run codexmiroir doctor again: changes would wait for it.",
    de: "Um sie prüfen zu lassen, den Server beenden und codexmiroir doctor noch einmal ausführen: Änderungen müssten darauf warten.",
};

impl Service {
    /// Whether every page of the database's file can be read, and its journal is in its place.
    pub(super) async fn examine_files(self: &Arc<Self>, is_alone: bool) -> Result<Examined, ServiceError> {
        let service = self.clone();
        let check = move || {
            let path = service.store.path().display().to_string();
            let FileCheck { pages, has_journal } = service.store.check_files(is_alone)?;
            let mut findings = Vec::new();
            match pages {
                Pages::Whole => {}
                Pages::Damaged(detail) => {
                    let what = Sentence {
                        en: format!("Pages of the file are damaged: {detail}."),
                        de: format!("Seiten der Datei sind beschädigt: {detail}."),
                    };
                    findings.push(Finding::new("pages_damaged", "files", what, words::RESTORE).at(path));
                }
                Pages::TooLarge { bytes } => {
                    let mib = bytes >> 20;
                    let what = Sentence {
                        en: format!("The pages of the file, {mib} MiB, were not checked one by one beside the server."),
                        de: format!("Die Seiten der Datei, {mib} MiB, wurden neben dem Server nicht einzeln geprüft."),
                    };
                    let note = Finding::new("pages_not_checked", "files", what, STOP_TO_CHECK).at(path);
                    findings.push(note.in_state(FindingState::Note));
                }
            }
            if !has_journal {
                findings.push(Finding::new("journal_gone", "files", NO_JOURNAL, RESTART_FOR_JOURNAL));
            }
            Ok(Examined { part: "files", looked_at: 2, findings, next: None })
        };
        read(check).await
    }

    /// Whether what is kept of passwords and tokens of repositories opens with the key.
    pub(super) async fn examine_secrets(self: &Arc<Self>) -> Result<Examined, ServiceError> {
        let service = self.clone();
        let check = move || {
            let (mut looked_at, mut findings) = (0, Vec::new());
            let key = service.keyring.key();
            for (user, kept) in service.store.list_credentials()? {
                looked_at += 1;
                let (what, remedy) = match passwords::form_of(key.as_deref(), user, &kept) {
                    KeptForm::Sealed => continue,
                    KeptForm::OfBefore => (OF_BEFORE, RESTART),
                    KeptForm::OfOtherKey => (OTHER_KEY, NEW_PASSWORD),
                    KeptForm::Damaged => (NO_SECRET, NEW_PASSWORD),
                };
                findings.push(Finding::new("password_unusable", "credentials", what, remedy).of(service.name_of(user)));
            }
            for (user, remote) in service.store.list_own_remotes()? {
                looked_at += 1;
                let sealed = remote.sealed_token.as_deref();
                if sealed.is_some_and(|sealed| service.keyring.open_token(user, sealed).is_err()) {
                    let finding = Finding::new("token_lost", "remotes", NO_SECRET, TOKEN_LOST);
                    findings.push(finding.of(service.name_of(user)).at(remote.address));
                }
            }
            Ok(Examined { part: "secrets", looked_at, findings, next: None })
        };
        read(check).await
    }
}
