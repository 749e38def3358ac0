//! Descriptions of the account's routes.

use serde_json::json;

use super::operation::Operation;
use super::requests::SettingsChange;
use crate::http::account::{ChangedJson, MeJson};
use crate::view::settings::SettingsJson;

const TAG: &str = "Account";

pub fn settings() -> Operation {
    Operation::new(TAG, "getSettings", "Time zone, language, horizon and theme").gives::<SettingsJson>("The settings.")
}

fn change(id: &'static str) -> Operation {
    Operation::new(TAG, id, "Change settings")
        .about("The timeline is planned anew. PUT and PATCH do the same: what is left out stays.")
        .takes::<SettingsChange>(json!({"timeZone": "Europe/Berlin", "language": "de", "horizon": 14, "theme": "dark"}))
        .gives::<ChangedJson>("All settings as they are now.")
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
    Operation::new(TAG, "getMe", "Who you are, and what your token allows").gives::<MeJson<'static>>("You.")
}
