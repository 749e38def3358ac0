//! Descriptions of the account's routes.

use serde_json::json;

use super::operation::Operation;
use super::requests::SettingsChange;
use crate::domain::lang::both;
use crate::http::account::{ChangedJson, MeJson};
use crate::view::settings::SettingsJson;

const TAG: &str = "Account";

pub fn settings() -> Operation {
    Operation::new(
        TAG,
        "getSettings",
        both("Time zone, language, horizon and theme", "Zeitzone, Sprache, Horizont und Aussehen"),
    )
    .gives::<SettingsJson>(both("The settings.", "Die Einstellungen."))
}

fn change(id: &'static str) -> Operation {
    Operation::new(TAG, id, both("Change settings", "Einstellungen ändern"))
        .about(both(
            "The timeline is planned anew. PUT and PATCH do the same: what is left out stays.",
            "Der Zeitplan wird neu geplant. PUT und PATCH tun dasselbe: Was weggelassen ist, bleibt.",
        ))
        .takes::<SettingsChange>(json!({"timeZone": "Europe/Berlin", "language": "de", "horizon": 14, "theme": "dark"}))
        .gives::<ChangedJson>(both("All settings as they are now.", "Alle Einstellungen, wie sie jetzt sind."))
        .writes()
        .refuses(&[(400, "wrong_type"), (422, "malformed_value")])
}

pub fn change_settings() -> Operation {
    change("putSettings")
}

pub fn patch_settings() -> Operation {
    change("patchSettings")
}

pub fn me() -> Operation {
    Operation::new(
        TAG,
        "getMe",
        both("Who you are, and what your token allows", "Wer du bist und was dein Token erlaubt"),
    )
    .gives::<MeJson<'static>>(both("You.", "Du."))
}
