//! The words that tasks can say: what a page's fields offer, known without a plan.

use std::sync::Arc;

use chrono::NaiveDate;
use quick_cache::sync::Cache;

use super::quick::{names, week_from};
use crate::domain::ids::UserId;
use crate::service::error::{Refusal, ServiceError};
use crate::service::memo::Vocabulary;
use crate::service::planners::Desk;
use crate::service::{Service, planning};

/// Users whose words are remembered.
const USERS_MAX: usize = 1_024;

/// What tasks can say.
#[derive(Clone, Debug, Default)]
pub struct Words {
    pub categories: Vec<String>,
    pub slots: Vec<String>,
}

/// What words are those of: a list of rules by its fingerprint, and the day that it is for the user.
type Of = ([u8; 32], NaiveDate);

/// The words that users' rules gave last. They follow from the list and the day alone, so nothing has to be forgotten.
pub(in crate::service) struct KnownWords(Cache<UserId, Arc<(Of, Words)>>);

impl Default for KnownWords {
    fn default() -> Self {
        KnownWords(Cache::new(USERS_MAX))
    }
}

impl KnownWords {
    fn get(&self, user: UserId, of: &Of) -> Option<Words> {
        self.0.get(&user).filter(|known| known.0 == *of).map(|known| known.1.clone())
    }

    fn keep(&self, user: UserId, of: Of, words: &Words) {
        self.0.insert(user, Arc::new((of, words.clone())));
    }

    /// Nothing of the user's is at hand any more.
    pub(in crate::service) fn forget(&self, user: UserId) {
        self.0.remove(&user);
    }
}

impl Service {
    /// The words that tasks of the user's can have: categories, and the names of slots in a week. Where all rules fail there
    /// are none.
    pub async fn words(self: &Arc<Self>, user: UserId) -> Result<Words, ServiceError> {
        let found = self.store.get_settings_and_rules(user)?;
        let (settings, own) = found.ok_or_else(|| Refusal::NoSuchUser { name: user.0.to_string() })?;
        let (today, book) = (settings.zone.date_of(self.clock.now()), self.rules.book());
        let due = book.ladder(own.as_deref()).next().and_then(Result::ok);
        let of: Option<Of> = due.map(|list| (list.fingerprint, today));
        if let Some(words) = of.and_then(|of| self.words.get(user, &of)) {
            return Ok(words);
        }
        let service = self.clone();
        let job = move |desk: &mut Desk| {
            let mut memo = service.memos.take(user);
            let asked = planning::in_turn(&book, own.as_deref(), |list| {
                let asker = desk.asker(list)?;
                memo.words((&list.fingerprint, &asker), today, &week_from(today))
            });
            service.memos.keep(user, memo);
            let is_of_due = asked.rules.error.is_none();
            let Vocabulary { days, categories } = asked.answer.unwrap_or_default();
            let words = Words { categories, slots: names(&days) };
            // What stands in does so for as long as the list that should apply fails, which may end at any time.
            if let Some(of) = of.filter(|_| is_of_due) {
                service.words.keep(user, of, &words);
            }
            words
        };
        Ok(self.planners.run(user, job).await?)
    }
}
