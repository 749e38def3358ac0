//! Settings as JSON.

use serde::Serialize;

use crate::domain::lang::Lang;
use crate::domain::zone::Zone;

/// What a user can set about planning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsJson {
    pub time_zone: &'static str,
    pub language: &'static str,
    /// Days that the timeline covers, today included.
    pub horizon: u16,
}

impl SettingsJson {
    pub fn new(zone: Zone, lang: Lang, days: u16) -> SettingsJson {
        SettingsJson { time_zone: zone.name(), language: lang.pick("en", "de"), horizon: days }
    }
}
