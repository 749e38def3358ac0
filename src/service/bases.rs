//! What plans are made with beside what is committed, and in what that differs from what past ones were made with.

use chrono::{DateTime, Utc};

use super::Service;
use super::rulebook::{BasisParts, RuleBook, matters};
use crate::domain::lang::Phrase;
use crate::store::{Basis, NotedBasis, StoreError};
use crate::view::RulesSource;

/// Of which nothing more is known: a version that noted nothing planned with it.
pub(super) const NOT_NOTED: Phrase =
    Phrase { en: "something that was not noted then", de: "etwas, das damals nicht vermerkt wurde" };

/// Everything that plans were made with, in the order of time.
pub(super) struct Bases(Vec<NotedBasis>);

impl Service {
    /// Notes what plans are made with from now on, if that is another than before.
    pub(super) fn note_basis(&self) {
        let book = self.rules.book();
        match self.store.list_bases() {
            Ok(noted) if noted.last().is_some_and(|last| last.basis == book.basis()) => {}
            Ok(_) => {
                let parts = serde_json::to_vec(book.parts()).unwrap_or_default();
                self.store.note_basis(NotedBasis { basis: book.basis(), at: self.clock.now(), parts });
            }
            Err(error) => tracing::warn!(%error, "what plans are made with could not be noted"),
        }
    }

    pub(super) fn bases(&self) -> Result<Bases, StoreError> {
        Ok(Bases(self.store.list_bases()?))
    }
}

impl Bases {
    /// In what the present book differs from what this basis was made of; nothing where it is the same.
    pub(super) fn differences(&self, book: &RuleBook, basis: Basis) -> Vec<Phrase> {
        if basis == book.basis() {
            return Vec::new();
        }
        let parts = self.parts_of(basis);
        let differences = parts.map(|parts| book.parts().differences(&parts)).unwrap_or_default();
        if differences.is_empty() { vec![NOT_NOTED] } else { differences }
    }

    /// Whether a plan by rules of this source may have been another with that basis than with the present book's.
    pub(super) fn matter(&self, book: &RuleBook, basis: Basis, source: RulesSource) -> bool {
        self.differences(book, basis).into_iter().any(|difference| matters(difference, source))
    }

    fn parts_of(&self, basis: Basis) -> Option<BasisParts> {
        let noted = self.0.iter().rev().find(|noted| noted.basis == basis)?;
        serde_json::from_slice(&noted.parts).ok()
    }

    /// What plans were made with at an instant, if that was noted.
    pub(super) fn at(&self, at: DateTime<Utc>) -> Option<Basis> {
        self.0.iter().rev().find(|noted| noted.at <= at).map(|noted| noted.basis)
    }

    /// When plans began to be made with something else between two instants, and in what that was another that mattered to
    /// plans by the rules of then.
    pub(super) fn changes(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        source_at: impl Fn(DateTime<Utc>) -> RulesSource,
    ) -> Vec<(DateTime<Utc>, Vec<Phrase>)> {
        let pairs = self.0.windows(2).filter(|pair| matches!(pair, [_, now] if from < now.at && now.at <= to));
        let change = |pair: &[NotedBasis]| {
            let [before, now] = pair else { return None };
            let parts = |noted: &NotedBasis| serde_json::from_slice::<BasisParts>(&noted.parts).ok();
            let differences = parts(before).zip(parts(now)).map(|(before, now)| now.differences(&before));
            let mut differences = differences.filter(|found| !found.is_empty()).unwrap_or_else(|| vec![NOT_NOTED]);
            differences.retain(|difference| matters(*difference, source_at(now.at)));
            Some((now.at, differences)).filter(|(_, differences)| !differences.is_empty())
        };
        pairs.filter_map(change).collect()
    }
}
