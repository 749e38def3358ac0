//! Settings as JSON.

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::Value;

use crate::domain::lang::Lang;
use crate::domain::theme::Theme;
use crate::domain::zone::Zone;

/// What a user can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Settings", transform = theme_may_lack)]
pub struct SettingsJson {
    /// The time zone by its IANA name.
    pub time_zone: &'static str,
    /// `de` or `en`: the language of the user's pages and timeline.
    pub language: &'static str,
    /// Days that the timeline covers, today included.
    pub horizon: u16,
    /// `auto`, `light` or `dark`: what the pages look like; `auto` is as the reader's system is.
    pub theme: &'static str,
}

/// Exports that were made before there were themes have none, and are taken all the same.
fn theme_may_lack(schema: &mut Schema) {
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|field| field != "theme");
    }
}

impl SettingsJson {
    pub fn new(zone: Zone, lang: Lang, days: u16, theme: Theme) -> SettingsJson {
        SettingsJson { time_zone: zone.name(), language: lang.pick("en", "de"), horizon: days, theme: theme.as_str() }
    }
}
