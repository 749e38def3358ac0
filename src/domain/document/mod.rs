//! Task documents: YAML frontmatter between `---` lines, then Markdown.
//!
//! Read leniently ([`read()`]): what a person most likely meant counts. Written conservatively ([`edit()`]):
//! a change touches the lines of its field alone, and a result that does not read back as intended is
//! refused instead of returned. Merged ([`merge()`]) field by field, so that what two sides change apart comes
//! together. Nothing here knows of files or of the database; bytes in, bytes out.

mod compose;
mod edit;
mod fields;
mod frontmatter;
#[cfg(test)]
mod laws;
mod merge;
mod read;
#[cfg(test)]
mod tests;
mod title;
mod write;

pub use compose::{NewTask, compose, file_name};
pub use edit::{Changes, EditError, edit};
pub use merge::{MergeConflict, MergeLines, Merged, Side, merge, merge_text};
pub use read::{Outcome, body, read};

/// The version of the reader. Raise it whenever the same bytes may be understood otherwise: what was stored
/// of documents by an earlier version is then read again.
pub const READER_VERSION: u16 = 1;

/// The names of the fields, as the file format spells them.
mod name {
    pub const TYP: &str = "typ";
    pub const KATEGORIE: &str = "kategorie";
    pub const STATUS: &str = "status";
    pub const TAGS: &str = "tags";
    pub const DEADLINE: &str = "deadline";
    pub const FIXED_SLOT: &str = "fixedSlot";
    pub const ABGESCHLOSSEN_AM: &str = "abgeschlossen_am";
    pub const DATUM: &str = "datum";
    pub const ZEIT: &str = "zeit";

    /// Every top-level field that means something; all others are kept and ignored.
    pub const ALL: [&str; 7] = [TYP, KATEGORIE, STATUS, TAGS, DEADLINE, FIXED_SLOT, ABGESCHLOSSEN_AM];
}
