//! Finished answers as they are kept in memory, ready to be sent.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::Finished;

pub use super::published::{Layer, Listener, Published, Served};

/// What a user's timeline is finished as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// As JSON, which the database keeps too.
    Timeline,
    /// As an iCalendar object, which is made of the plan again where it is not hot.
    Calendar,
}

/// A finished answer, ready to be sent.
#[derive(Debug)]
pub struct Entry {
    pub form: Form,
    pub finished: Finished,
    /// The entity tag of the body, with its quotes.
    pub etag: Bytes,
    /// Counts the entries in the order in which they were made.
    made: u64,
    /// Made when the first reader takes it, and kept as long as the entry.
    compressed: OnceLock<Option<Compressed>>,
}

/// The body compressed with gzip, with an entity tag of its own.
#[derive(Clone, Debug)]
pub struct Compressed {
    pub body: Bytes,
    pub etag: Bytes,
}

/// Smaller bodies fit into one packet anyway.
const COMPRESSED_BODY_BYTES_MIN: usize = 1_024;

impl Entry {
    /// `tag` is what stands between the quotes of the entity tag.
    pub fn new(form: Form, finished: Finished, tag: &str) -> Entry {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        Entry { form, finished, etag: format!("\"{tag}\"").into(), made, compressed: OnceLock::new() }
    }

    /// Whether this is the later answer of the two: of a later generation or, when the clock alone has made another
    /// of the same one, made later.
    pub fn is_later_than(&self, other: &Entry) -> bool {
        (self.finished.generation, self.made) > (other.finished.generation, other.made)
    }

    /// The compressed body; `None` where compressing does not pay.
    pub fn compressed(&self) -> Option<&Compressed> {
        self.compressed.get_or_init(|| self.compress()).as_ref()
    }

    fn compress(&self) -> Option<Compressed> {
        let body = compressed(&self.finished.body)?;
        let tag = self.etag.strip_suffix(b"\"")?;
        Some(Compressed { body, etag: [tag, b"-gzip\""].concat().into() })
    }
}

/// A body in gzip; `None` where that does not pay.
pub fn compressed(body: &[u8]) -> Option<Bytes> {
    if body.len() < COMPRESSED_BODY_BYTES_MIN {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body).ok()?;
    let compressed = encoder.finish().ok()?;
    (compressed.len() < body.len()).then(|| compressed.into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::{DateTime, Utc};

    use super::*;
    use crate::domain::ids::{Generation, UserId};
    use crate::store::Basis;

    const BASIS: Basis = Basis([1; 16]);
    const USER: UserId = UserId(7);

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn entry(generation: u64, bytes: usize) -> Arc<Entry> {
        let finished = Finished {
            generation: Generation(generation),
            basis: BASIS,
            valid_from: at(100),
            valid_until: at(200),
            body: vec![b'x'; bytes].into(),
        };
        Arc::new(Entry::new(Form::Timeline, finished, "t"))
    }

    #[test]
    fn an_entry_is_served_only_while_it_is_current() {
        let published = Published::new(1 << 20);
        published.put(USER, entry(3, 10));
        assert!(published.get(USER, Form::Timeline, BASIS, at(150)).is_none(), "the generation is not known yet");
        published.advance(USER, Generation(3));
        assert!(published.get(USER, Form::Timeline, BASIS, at(100)).is_some());
        assert!(published.get(USER, Form::Timeline, BASIS, at(199)).is_some());
        assert!(published.get(USER, Form::Timeline, BASIS, at(200)).is_none(), "the boundary has passed");
        assert!(published.get(USER, Form::Timeline, BASIS, at(99)).is_none(), "the clock was set back over a boundary");
        assert!(published.get(USER, Form::Timeline, Basis([2; 16]), at(150)).is_none(), "another basis");
        published.advance(USER, Generation(4));
        assert!(published.get(USER, Form::Timeline, BASIS, at(150)).is_none(), "a later commit");
        published.advance(USER, Generation(2));
        assert_eq!(published.generation(USER), Some(Generation(4)), "generations never go back");
    }

    #[test]
    fn a_late_answer_does_not_push_out_a_later_one() {
        let published = Published::new(1 << 20);
        published.advance(USER, Generation(4));
        published.put(USER, entry(4, 10));
        published.put(USER, entry(3, 20));
        let served =
            |published: &Published| published.get(USER, Form::Timeline, BASIS, at(150)).map(|e| e.finished.body.len());
        assert_eq!(served(&published), Some(10));
        published.put(USER, entry(4, 30));
        assert_eq!(served(&published), Some(30), "of the same generation the one that was made last stays");
        let (early, late) = (entry(4, 31), entry(4, 32));
        published.put(USER, late);
        published.put(USER, early);
        assert_eq!(served(&published), Some(32), "in whatever order they come");
        published.advance(USER, Generation(5));
        published.put(USER, entry(5, 40));
        assert_eq!(served(&published), Some(40));
        let alone = Published::new(1 << 20);
        alone.put(USER, entry(5, 40));
        assert_eq!(
            published.entries().weight(),
            alone.entries().weight(),
            "nothing of the replaced ones is weighed any more"
        );
    }

    #[tokio::test]
    async fn nothing_comes_back_of_a_user_who_was_removed() {
        let published = Published::new(1 << 20);
        let mut listener = published.subscribe(USER);
        published.advance(USER, Generation(3));
        published.put(USER, entry(3, 10));
        listener.read(std::future::ready(())).await;
        published.remove(USER);
        listener.changed().await;
        published.put(USER, entry(4, 10));
        published.advance(USER, Generation(4));
        assert!(published.get(USER, Form::Timeline, BASIS, at(150)).is_none());
        assert_eq!((published.entries().weight(), published.entries().len()), (0, 0));
    }

    #[test]
    fn each_form_has_a_place_of_its_own() {
        let published = Published::new(1 << 20);
        let calendar = |generation| {
            let Entry { finished, .. } = Arc::into_inner(entry(generation, 20)).unwrap();
            Arc::new(Entry::new(Form::Calendar, finished, "c"))
        };
        published.put(USER, entry(3, 10));
        published.put(USER, calendar(3));
        published.advance(USER, Generation(3));
        let served = |form| published.get(USER, form, BASIS, at(150)).map(|entry| entry.finished.body.len());
        assert_eq!((served(Form::Timeline), served(Form::Calendar)), (Some(10), Some(20)));
        published.publish(USER, Generation(4), Some(&entry(4, 11)));
        assert_eq!((served(Form::Timeline), served(Form::Calendar)), (Some(11), None), "it is of the change before");
        published.put(USER, calendar(4));
        assert_eq!((served(Form::Timeline), served(Form::Calendar)), (Some(11), Some(20)));
        published.remove(USER);
        assert_eq!((published.entries().weight(), published.entries().len()), (0, 0));
    }

    #[test]
    fn the_map_is_bounded_in_bytes() {
        let published = Published::new(1 << 20);
        for user in 0..1_000 {
            published.put(UserId(user), entry(1, 10_000));
        }
        assert!(published.entries().weight() <= 1 << 20);
        published.put(USER, entry(1, 2 << 20));
        published.advance(USER, Generation(1));
        assert!(published.get(USER, Form::Timeline, BASIS, at(150)).is_none(), "larger than the whole map");
    }
}
