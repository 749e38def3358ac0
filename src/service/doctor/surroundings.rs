//! Whether what the database needs around it is in order: directory, key file, disk, clock, and the sync with repositories.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use chrono::SecondsFormat;

use super::{Examined, Finding, FindingState};
use crate::domain::lang::{Phrase, Sentence};
use crate::service::backup::{Failed, Standing};
use crate::service::error::ServiceError;
use crate::service::{Service, read};
use crate::store::Trouble;

/// Less free space than this is too little: the journal alone may take a quarter of it.
const FREE_BYTES_MIN: u64 = 64 * 1024 * 1024;

/// What of a directory's mode lets others than its owner in.
const OTHERS: u32 = 0o077;

const CLOSE_IT: Phrase = Phrase { en: "Close it with chmod 700.", de: "Mit chmod 700 schließen." };
const KEY_REMEDY: Phrase = Phrase {
    en: "Put the right file back, its owner's alone; without it no password can be checked and no new one be kept.",
    de: "Die richtige Datei zurücklegen, nur für den Eigentümer; ohne sie lässt sich kein Passwort prüfen und kein neues aufbewahren.",
};
const KEY_MISSING: Phrase = Phrase { en: "The key file is not there.", de: "Die Schlüsseldatei ist nicht da." };
const FILE_GONE: Phrase = Phrase {
    en: "The database's file was removed or replaced while it is in use: nothing is saved.",
    de: "Die Datei der Datenbank wurde im Betrieb entfernt oder ersetzt: Nichts wird gespeichert.",
};
const PUT_BACK: Phrase = Phrase {
    en: "Put the file back, or restart the server.",
    de: "Die Datei zurücklegen oder den Server neu starten.",
};
const NOT_WRITABLE: Phrase = Phrase {
    en: "The disk failed: nothing is saved until it takes writes again.",
    de: "Die Platte hat versagt: Nichts wird gespeichert, bis sie wieder Schreiben annimmt.",
};
const SEE_TO_DISK: Phrase = Phrase {
    en: "See to the disk; the server tries again by itself.",
    de: "Nach der Platte sehen; der Server versucht es von selbst wieder.",
};
const FREE_SPACE: Phrase = Phrase {
    en: "Free some space; codexmiroir compact gives unused space of the database back.",
    de: "Platz schaffen; codexmiroir compact gibt unbenutzten Platz der Datenbank zurück.",
};
const SYNC_REMEDY: Phrase = Phrase {
    en: "See to that; the sync tries again by itself, or at once with codexmiroir sync.",
    de: "Danach sehen; die Synchronisierung versucht es von selbst wieder, oder sofort mit codexmiroir sync.",
};

const BACKUP_REMEDY: Phrase = Phrase {
    en: "Until then there is only the one before; it is tried again at the next time, and at once by codexmiroir backup.",
    de: "Bis dahin gibt es nur die davor; zur nächsten Zeit wird es wieder versucht, und sofort mit codexmiroir backup.",
};
const BACKUP_PLACE: Phrase = Phrase {
    en: "It is in the folder of backup.dir; codexmiroir restore makes a data directory of it.",
    de: "Es liegt im Ordner von backup.dir; codexmiroir restore macht daraus ein Datenverzeichnis.",
};

/// What became of the last backup that the server was to make by itself; nothing before the first.
pub fn of_backups(standing: &Standing) -> Option<Finding> {
    if let Some(Failed { at, sentence }) = &standing.failed {
        let what = Sentence::of(|lang| {
            let begun =
                lang.pick("The backup was not made that was begun at", "Nicht gemacht wurde das Backup, begonnen um");
            format!("{begun} {}: {}", at.to_rfc3339_opts(SecondsFormat::Secs, true), sentence.text(lang))
        });
        return Some(Finding::new("backup_failed", "backup", what, BACKUP_REMEDY));
    }
    let made = standing.made.as_ref()?;
    let what = Sentence::of(|lang| {
        let last = lang.pick("The last backup was begun at", "Das letzte Backup wurde begonnen um");
        format!("{last} {}", made.at.to_rfc3339_opts(SecondsFormat::Secs, true))
    });
    Some(Finding::new("backup_made", "backup", what, BACKUP_PLACE).in_state(FindingState::Note))
}

impl Service {
    pub(super) async fn examine_surroundings(self: &Arc<Self>) -> Result<Examined, ServiceError> {
        let service = self.clone();
        let look = move || {
            let mut findings = Vec::new();
            findings.extend(service.store.path().parent().and_then(wrong_mode));
            findings.extend(service.wrong_key_file());
            findings.extend(service.wrong_disk());
            for (user, problem) in service.sync_problems() {
                let finding = Finding::new(problem.code, "sync", problem.text, SYNC_REMEDY);
                findings.push(match user {
                    Some(user) => finding.of(service.name_of(user)),
                    None => finding,
                });
            }
            Ok(Examined { part: "surroundings", looked_at: 4, findings, next: None })
        };
        read(look).await
    }

    fn wrong_key_file(&self) -> Option<Finding> {
        let what = match self.keyring.read_file() {
            Ok(true) => return None,
            Ok(false) => KEY_MISSING.into(),
            Err(error) => Sentence {
                en: format!("The key file cannot be used: {error}."),
                de: format!("Die Schlüsseldatei ist nicht zu gebrauchen: {error}."),
            },
        };
        let path = self.keyring.path().display().to_string();
        Some(Finding::new("key_file_unusable", "surroundings", what, KEY_REMEDY).at(path))
    }

    fn wrong_disk(&self) -> Option<Finding> {
        let path = self.store.path().display().to_string();
        let found = |code, what: Sentence, remedy| Finding::new(code, "surroundings", what, remedy).at(path.clone());
        match self.store.trouble() {
            Some(Trouble::FileGone) => return Some(found("file_gone", FILE_GONE.into(), PUT_BACK)),
            Some(Trouble::NotWritable) => return Some(found("not_writable", NOT_WRITABLE.into(), SEE_TO_DISK)),
            None => {}
        }
        let free_bytes = self.store.free_bytes().ok()?;
        let mib = free_bytes >> 20;
        let what = Sentence {
            en: format!("The disk has {mib} MiB free."),
            de: format!("Auf der Platte sind {mib} MiB frei."),
        };
        (free_bytes < FREE_BYTES_MIN).then(|| found("disk_full", what, FREE_SPACE))
    }
}

fn wrong_mode(folder: &Path) -> Option<Finding> {
    let mode = fs::metadata(folder).ok()?.mode();
    let what = Sentence {
        en: format!("The data directory is open to other users of this machine (mode {:o}).", mode & 0o777),
        de: format!("Das Datenverzeichnis steht anderen Benutzern dieses Rechners offen (Modus {:o}).", mode & 0o777),
    };
    let path = folder.display().to_string();
    (mode & OTHERS != 0).then(|| Finding::new("open_to_others", "surroundings", what, CLOSE_IT).at(path))
}
