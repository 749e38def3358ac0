//! The rule book that applies, which may be replaced while everybody reads it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use super::rulebook::RuleBook;
use crate::store::Basis;

pub(super) struct PresentRules {
    book: RwLock<Arc<RuleBook>>,
    /// The book's basis, for who only compares it: two loads, and no lock that all threads write to.
    basis: [AtomicU64; 2],
    replacements: watch::Sender<()>,
}

impl PresentRules {
    pub(super) fn new(book: RuleBook) -> PresentRules {
        let basis = halves(book.basis()).map(AtomicU64::new);
        PresentRules { book: RwLock::new(Arc::new(book)), basis, replacements: watch::Sender::new(()) }
    }

    /// The book. Whoever needs it and its basis takes both from here.
    pub(super) fn book(&self) -> Arc<RuleBook> {
        self.book.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What a timeline is compared with. While the book is replaced it may for an instant be half the one and half the
    /// other: a hash that no timeline has, so that its reader goes on to the book.
    pub(super) fn basis(&self) -> Basis {
        let [upper, lower] = &self.basis;
        let upper = u128::from(upper.load(Ordering::Acquire));
        let lower = u128::from(lower.load(Ordering::Acquire));
        Basis((upper << 64 | lower).to_be_bytes())
    }

    /// From now on this book applies; whether it is another one.
    pub(super) fn replace(&self, book: RuleBook) -> bool {
        let mut present = self.book.write().unwrap_or_else(PoisonError::into_inner);
        if present.basis() == book.basis() {
            return false;
        }
        for (present, half) in self.basis.iter().zip(halves(book.basis())) {
            present.store(half, Ordering::Release);
        }
        *present = Arc::new(book);
        drop(present);
        self.replacements.send_replace(());
        true
    }

    /// Tells of every replacement from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.replacements.subscribe()
    }
}

fn halves(Basis(basis): Basis) -> [u64; 2] {
    let (upper, lower) = basis.split_at(8);
    [upper, lower].map(|half| half.iter().fold(0, |whole, byte| whole << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_basis_is_that_of_the_book() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("own.rhai");
        std::fs::write(&file, "fn slots(day, slots) { [slot(\"a\", \"09:00\", \"10:00\")] }").unwrap();
        let present = PresentRules::new(RuleBook::builtin());
        let replacements = present.subscribe();
        assert_eq!(present.basis(), RuleBook::builtin().basis());
        assert!(!present.replace(RuleBook::builtin()) && !replacements.has_changed().unwrap());
        let other = RuleBook::from_files(&[file]).unwrap();
        assert!(present.replace(other.clone()) && replacements.has_changed().unwrap());
        assert_eq!((present.basis(), present.book().basis()), (other.basis(), other.basis()));
        assert_ne!(other.basis(), RuleBook::builtin().basis());
    }
}
