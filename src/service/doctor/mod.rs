//! Looking after everything that is kept: whether it can be read and belongs together, and whether what it needs around
//! it is in order; and mending what is derived.
//!
//! It is done in pieces, each asked for by itself: nothing is held in between, and whoever stops asking stops it. A piece
//! tells where the next one begins.

mod kept;
mod plans;
mod surroundings;
mod words;

pub use surroundings::of_backups;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::change::Lane;
use super::error::ServiceError;
use super::{Service, read};
use crate::domain::hex::hex;
use crate::domain::ids::UserId;
use crate::domain::lang::{Phrase, Sentence};
use crate::store::{Administered, Administration, Compacted, Flaw, Looked, Mend, Place};

/// Something that is not in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The stable word for it.
    pub code: &'static str,
    /// Where it is: a table of the database, or what else was looked at.
    pub part: &'static str,
    /// The account that it is about, by name; by number where it has none.
    pub user: Option<String>,
    /// What of it: a file, a name, a path.
    pub row: Option<String>,
    pub what: Sentence,
    pub remedy: Sentence,
    pub state: FindingState,
}

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingState {
    /// Nothing is wrong; it should be known.
    Note,
    /// Somebody has to see to it.
    Wrong,
    /// A repair derives it anew.
    Mendable,
    /// It was wrong and is derived anew, and was looked at again.
    Mended,
}

/// What a piece found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// What was looked at.
    pub part: &'static str,
    /// Rows of the database, accounts or single things.
    pub looked_at: u64,
    pub findings: Vec<Finding>,
    /// Where the next piece begins; `None` at the end.
    pub next: Option<String>,
}

/// How it is looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Derive anew what is derived.
    pub repairs: bool,
    /// Nobody else works with the database: what holds others up is done, too.
    pub is_alone: bool,
}

/// Where a piece begins.
enum Stage {
    Surroundings,
    Files,
    Rows(Place),
    Secrets,
    /// The accounts after this one.
    Plans(u64),
}

impl Stage {
    fn parse(text: &str) -> Option<Stage> {
        let mut words = text.split('.');
        let stage = match (words.next()?, words.next(), words.next()) {
            ("", None, None) => Stage::Surroundings,
            ("files", None, None) => Stage::Files,
            ("rows", Some(part), Some(after)) => {
                Stage::Rows(Place { part: part.parse().ok()?, after: bytes_of(after)? })
            }
            ("secrets", None, None) => Stage::Secrets,
            ("plans", Some(after), None) => Stage::Plans(after.parse().ok()?),
            _ => return None,
        };
        words.next().is_none().then_some(stage)
    }

    fn text(&self) -> String {
        match self {
            Stage::Surroundings => String::new(),
            Stage::Files => "files".to_owned(),
            Stage::Rows(Place { part, after }) => {
                format!("rows.{part}.{}", hex(after))
            }
            Stage::Secrets => "secrets".to_owned(),
            Stage::Plans(after) => format!("plans.{after}"),
        }
    }
}

/// Bytes from their hexadecimal digits.
fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    let (pairs, rest) = digits.as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}

impl Service {
    /// Looks at the piece that begins at `place`, the first for an empty one; `None` for a place that is none.
    ///
    /// # Errors
    /// The database cannot be read, or to mend, not be written at present.
    pub async fn examine(self: &Arc<Self>, place: &str, manner: Manner) -> Result<Option<Examined>, ServiceError> {
        let Some(stage) = Stage::parse(place) else { return Ok(None) };
        let (examined, next) = match stage {
            Stage::Surroundings => (self.examine_surroundings().await?, Some(Stage::Files)),
            Stage::Files => (self.examine_files(manner.is_alone).await?, Some(Stage::Rows(Place::default()))),
            Stage::Rows(place) => {
                let Some((examined, next)) = self.examine_rows(place, manner.repairs).await? else { return Ok(None) };
                (examined, Some(next.map_or(Stage::Secrets, Stage::Rows)))
            }
            Stage::Secrets => (self.examine_secrets().await?, Some(Stage::Plans(0))),
            Stage::Plans(after) => {
                let (examined, next) = self.examine_plans(after, manner.repairs).await?;
                (examined, next.map(Stage::Plans))
            }
        };
        Ok(Some(Examined { next: next.map(|next| next.text()), ..examined }))
    }

    /// Gives the space of the database's file back that is not used. Changes wait meanwhile.
    ///
    /// # Errors
    /// The disk has no room for a copy of what is used, or the database cannot be written.
    pub async fn compact(self: &Arc<Self>) -> Result<Compacted, ServiceError> {
        let service = self.clone();
        read(move || Ok(service.store.compact()?)).await
    }

    /// Looks at rows of the database, mends what can be mended, and looks again.
    async fn examine_rows(
        self: &Arc<Self>,
        place: Place,
        repairs: bool,
    ) -> Result<Option<(Examined, Option<Place>)>, ServiceError> {
        let Some(looked) = self.look(&place).await? else { return Ok(None) };
        let mends: Vec<Mend> = looked.flaws.iter().filter_map(|flaw| flaw.mend.clone()).collect();
        let left = match repairs && !mends.is_empty() {
            true => {
                self.mend(mends).await?;
                let again = self.look(&place).await?;
                Some(again.map(|looked| looked.flaws).unwrap_or_default())
            }
            false => None,
        };
        let Looked { part, rows, flaws, next } = looked;
        let finding = |flaw: &Flaw| {
            let is_mended = left.as_ref().is_some_and(|left| flaw.mend.is_some() && !left.contains(flaw));
            self.finding_of(flaw, is_mended)
        };
        let findings = flaws.iter().map(finding).collect();
        Ok(Some((Examined { part, looked_at: rows, findings, next: None }, next)))
    }

    async fn look(self: &Arc<Self>, place: &Place) -> Result<Option<Looked>, ServiceError> {
        let (service, place) = (self.clone(), place.clone());
        read(move || Ok(service.store.look(&place)?)).await
    }

    /// Derives rows anew, and forgets what was made of those that were there.
    async fn mend(self: &Arc<Self>, rows: Vec<Mend>) -> Result<(), ServiceError> {
        let mut of_users: BTreeMap<Option<u64>, Vec<Mend>> = BTreeMap::new();
        for row in rows {
            of_users.entry(row.planned_for().map(|user| user.0)).or_default().push(row);
        }
        for (user, rows) in of_users {
            let count = rows.len();
            let mended = match user {
                Some(user) => self.mend_for(UserId(user), rows).await?,
                None => self.change_rights(Administration::Mend(rows)).await?,
            };
            tracing::warn!(user, rows = count, ?mended, "derived rows of the database were made anew");
        }
        Ok(())
    }

    /// As [`Service::mend`], of rows that this user's plans come out of: nobody changes or plans anything of it
    /// meanwhile, or goes on with what was read before.
    async fn mend_for(self: &Arc<Self>, user: UserId, rows: Vec<Mend>) -> Result<Administered, ServiceError> {
        let (lane, rebuild) = (self.lanes.get(user), self.rebuilds.get(user));
        let (mut lane, _turn) = (lane.lock().await, rebuild.lock().await);
        let mended = self.change_rights(Administration::Mend(rows)).await?;
        *lane = Lane::default();
        self.store.published().forget_timeline(user);
        Ok(mended)
    }

    /// What an account is called for people.
    fn name_of(&self, user: UserId) -> String {
        let account = self.store.get_user(user).ok().flatten();
        account.map_or_else(|| format!("#{}", user.0), |account| account.name.as_str().to_owned())
    }
}

impl Finding {
    fn new(code: &'static str, part: &'static str, what: impl Into<Sentence>, remedy: Phrase) -> Finding {
        let (what, remedy) = (what.into(), remedy.into());
        Finding { code, part, user: None, row: None, what, remedy, state: FindingState::Wrong }
    }

    fn of(self, user: impl Into<String>) -> Finding {
        Finding { user: Some(user.into()), ..self }
    }

    fn at(self, row: impl Into<String>) -> Finding {
        Finding { row: Some(row.into()), ..self }
    }

    fn in_state(self, state: FindingState) -> Finding {
        Finding { state, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_text_and_nothing_else_is_one() {
        let rows = Stage::Rows(Place { part: 7, after: vec![0, 0x93, 0xff] });
        assert_eq!(rows.text(), "rows.7.0093ff");
        for text in ["", "files", "rows.0.", "rows.7.0093ff", "secrets", "plans.0", "plans.18446744073709551615"] {
            assert_eq!(Stage::parse(text).map(|stage| stage.text()).as_deref(), Some(text));
        }
        for text in [
            "x",
            "files.",
            "rows",
            "rows.1",
            "rows.1.0",
            "rows.1.zz",
            "rows.-1.",
            "rows.1.00.0",
            "plans",
            "plans.x",
            "plans.+-1",
        ] {
            assert!(Stage::parse(text).is_none(), "{text}");
        }
    }
}
