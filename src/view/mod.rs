//! A timeline as people and programs read it: pure functions from values to bytes.

pub mod calendar;
pub mod explanation;
pub mod export;
pub mod json;
pub mod looking_back;
pub mod markdown;
mod patterns;
pub mod placements;
pub mod plots;
pub mod preview;
pub mod ready_rules;
pub mod rule_errors;
pub mod rules;
pub mod settings;
pub mod standing;
pub mod table;
pub mod task;
pub mod text;

use chrono::{DateTime, Utc};

use crate::domain::ids::{Generation, TaskNumber, UserName};
use crate::domain::lang::Lang;
use crate::domain::script::RuleError;
use crate::domain::timeline::Timeline;
use crate::domain::zone::Zone;

/// A timeline together with what it was made from.
#[derive(Clone, Debug)]
pub struct Answer {
    pub user: UserName,
    pub lang: Lang,
    pub zone: Zone,
    pub generation: Generation,
    /// When the generation was committed.
    pub committed_at: DateTime<Utc>,
    /// `None` when every number is used up.
    pub next_number: Option<TaskNumber>,
    pub rules: RulesState,
    pub timeline: Timeline,
}

impl Answer {
    /// The instant from which this answer is valid: the generation's commit or the last boundary,
    /// whichever is later. The same for every rebuild between two boundaries.
    pub fn generated_at(&self) -> DateTime<Utc> {
        self.committed_at.max(self.timeline.valid_from)
    }
}

/// The rule set that a timeline was planned with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesState {
    /// The names of its scripts; nothing where no rules at all could be asked.
    pub name: String,
    pub source: RulesSource,
    /// Of a user's own: which version.
    pub version: Option<Generation>,
    /// Whose rules should apply.
    pub due: RulesSource,
    /// Why the rules that should apply did not; the ones named here are then those that took their place.
    pub error: Option<RuleError>,
}

impl RulesState {
    /// Two sentences for a timeline that was planned with other rules than it should be: which failed and why, and what
    /// stands in for them.
    pub fn failure(&self, lang: Lang) -> Option<[String; 2]> {
        self.failure_of("your", lang)
    }

    /// The same for somebody else than the user.
    pub fn failure_of_another(&self, lang: Lang) -> Option<[String; 2]> {
        self.failure_of("the user's own", lang)
    }

    /// `whose` says in English whose the user's rules are.
    fn failure_of(&self, whose: &str, lang: Lang) -> Option<[String; 2]> {
        let error = self.error.as_ref()?;
        let own_failed = format!("{whose} rules failed");
        let failed = match self.due {
            RulesSource::User => lang.pick(own_failed.as_str(), "die eigenen Regeln sind fehlgeschlagen"),
            RulesSource::Server => lang.pick("the server's rules failed", "die Regeln des Servers sind fehlgeschlagen"),
            RulesSource::Builtin => {
                lang.pick("the built-in rules failed", "die eingebauten Regeln sind fehlgeschlagen")
            }
        };
        let stands_in = match (self.source, self.version) {
            _ if self.name.is_empty() => lang.pick("no rules stand in", "keine Regeln springen ein").to_owned(),
            (RulesSource::User, Some(version)) => lang.pick(
                format!("version {version} of {whose} rules stands in"),
                format!("Version {version} der eigenen Regeln springt ein"),
            ),
            (RulesSource::User, None) => {
                lang.pick(format!("{whose} rules stand in"), "die eigenen Regeln springen ein".to_owned())
            }
            (RulesSource::Server, _) => {
                lang.pick("the server's rules stand in", "die Regeln des Servers springen ein").to_owned()
            }
            (RulesSource::Builtin, _) => {
                lang.pick("the built-in rules stand in", "die eingebauten Regeln springen ein").to_owned()
            }
        };
        Some([format!("{failed}: {}", rule_errors::sentence(error, lang)), stands_in])
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RulesSource {
    Builtin,
    Server,
    User,
}

impl RulesSource {
    pub fn as_str(self) -> &'static str {
        match self {
            RulesSource::Builtin => "builtin",
            RulesSource::Server => "server",
            RulesSource::User => "user",
        }
    }
}
