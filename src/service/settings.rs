//! What a user can set.

use std::sync::Arc;

use super::Service;
use super::change::{Decision, Plan};
use super::error::{Fault, Refusal, ServiceError};
use crate::domain::ids::UserId;
use crate::domain::lang::{Lang, Phrase};
use crate::domain::theme::Theme;
use crate::domain::zone::Zone;
use crate::planning::DAYS_MAX;
use crate::store::{Change, Origin, Settings};

const ZONES: Phrase = Phrase { en: "an IANA name such as Europe/Berlin", de: "ein IANA-Name wie Europe/Berlin" };
const LANGUAGES: Phrase = Phrase { en: "de or en", de: "de oder en" };
const THEMES: Phrase = Phrase { en: "auto, light or dark", de: "auto, light oder dark" };
const DAYS: Phrase = Phrase { en: "a number of days from 1 to 366", de: "eine Zahl von Tagen von 1 bis 366" };

/// Settings as a client sent them; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsFields {
    pub time_zone: Option<String>,
    pub language: Option<String>,
    pub horizon: Option<i64>,
    pub theme: Option<String>,
}

impl SettingsFields {
    /// What they make of these settings.
    pub fn applied_to(&self, present: Settings) -> Result<Settings, Refusal> {
        self.checked_for(present).map_err(|(field, fault)| Refusal::field(field, fault))
    }

    /// As [`SettingsFields::applied_to`], with the field that is wrong.
    pub(super) fn checked_for(&self, present: Settings) -> Result<Settings, (&'static str, Fault)> {
        let malformed = |field, expected| (field, Fault::Malformed { expected });
        Ok(Settings {
            zone: match &self.time_zone {
                Some(name) => Zone::parse(name).ok_or(malformed("timeZone", ZONES))?,
                None => present.zone,
            },
            lang: match self.language.as_deref() {
                Some("de") => Lang::De,
                Some("en") => Lang::En,
                Some(_) => return Err(malformed("language", LANGUAGES)),
                None => present.lang,
            },
            days: match self.horizon {
                Some(days) => {
                    let days = u16::try_from(days).ok().filter(|days| (1..=DAYS_MAX).contains(days));
                    days.ok_or(malformed("horizon", DAYS))?
                }
                None => present.days,
            },
            theme: match &self.theme {
                Some(word) => Theme::parse(word).ok_or(malformed("theme", THEMES))?,
                None => present.theme,
            },
        })
    }
}

impl Service {
    /// The user's settings and the generation they stand at.
    pub fn settings(&self, user: UserId) -> Result<(Settings, u64), ServiceError> {
        let found = self.store.get_settings(user)?;
        let (settings, head) = found.ok_or_else(|| Refusal::NoSuchUser { name: user.0.to_string() })?;
        Ok((settings, head.generation.0))
    }

    /// Changes settings. The timeline is planned anew, so this raises the generation, unless nothing changes.
    pub async fn change_settings(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        fields: SettingsFields,
    ) -> Result<(Settings, u64), ServiceError> {
        self.change(user, origin, move |situation| {
            let present = situation.snapshot.settings;
            let settings = fields.applied_to(present)?;
            if settings == present {
                return Ok(Decision::Keep((settings, situation.snapshot.head.generation.0)));
            }
            Ok(Decision::Change(Plan {
                changes: vec![Change::PutSettings { settings, verb: "settings".into() }],
                next_number: None,
                with_timeline: true,
                sync: None,
                brought: None,
                answer: Box::new(move |generation, _| (settings, generation.0)),
            }))
        })
        .await
    }
}
