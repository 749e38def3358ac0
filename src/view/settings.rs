//! Settings as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::lang::Lang;
use crate::domain::zone::Zone;

/// What a user can set about planning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Settings")]
pub struct SettingsJson {
    /// The time zone by its IANA name.
    pub time_zone: &'static str,
    /// `de` or `en`: the language of the user's pages and timeline.
    pub language: &'static str,
    /// Days that the timeline covers, today included.
    pub horizon: u16,
}

impl SettingsJson {
    pub fn new(zone: Zone, lang: Lang, days: u16) -> SettingsJson {
        SettingsJson { time_zone: zone.name(), language: lang.pick("en", "de"), horizon: days }
    }
}
