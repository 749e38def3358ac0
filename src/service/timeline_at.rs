//! The timeline of a past generation, as it was.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Service;
use super::bases::NOT_NOTED;
use super::error::{PastRefusal, Refusal, ServiceError};
use super::planners::Desk;
use super::replay::Replay;
use crate::domain::ids::{Generation, UserId};
use crate::domain::lang::Phrase;
use crate::view::Answer;

/// Which timeline of a generation is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// The instant; without, that of the generation's commit.
    pub now: Option<DateTime<Utc>>,
    /// How many days; without, as many as it covered.
    pub days: Option<u16>,
    /// Also where it was planned with something else than now.
    pub anyway: bool,
}

/// A timeline of a past generation.
#[derive(Clone, Debug)]
pub struct Told {
    pub answer: Answer,
    /// In what the program, the server's rules and the time zones of now differ from those that it was planned with;
    /// nothing where it is the one that was served, byte for byte.
    pub differing: Vec<Phrase>,
}

impl Service {
    /// The user's timeline at a generation: with the tasks, rules and settings that it had.
    ///
    /// # Errors
    /// [`Refusal::Past`] where that generation is not kept, or was planned with something else and it is not to be told
    /// `anyway`.
    pub async fn timeline_at(
        self: &Arc<Self>,
        user: UserId,
        generation: Generation,
        asked: Asked,
    ) -> Result<Told, ServiceError> {
        let view = self.views.get(user);
        let _turn = view.lock().await;
        let service = self.clone();
        let job = move |desk: &mut Desk| {
            let mut replay = Replay::at(&service, user, Some(generation))?;
            let (bases, book) = (service.bases()?, service.rules.book());
            let basis = replay.basis().or_else(|| bases.at(replay.committed_at()));
            let differing = basis.map_or_else(|| vec![NOT_NOTED], |basis| bases.differences(&book, basis));
            if !differing.is_empty() && !asked.anyway {
                return Err(Refusal::Past(PastRefusal::OtherBasis { generation: generation.0, differing }).into());
            }
            if let Some(days) = asked.days {
                replay.cover(days);
            }
            let now = asked.now.unwrap_or_else(|| replay.committed_at());
            let (answer, _) = replay.answer(&service, (desk, &book), now);
            Ok(Told { answer, differing })
        };
        self.planners.run(user, job).await?
    }
}
