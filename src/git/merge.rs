//! Merging texts by lines.

use gix::diff::blob::InternedInput;
use gix::merge::blob::Resolution;
use gix::merge::blob::builtin_driver::text::{Labels, Options};

/// The lines of `ours` and `theirs`, merged on `base` as `git merge-file` does, and whether both changed the same lines.
/// Those stand one after the other then, between lines that mark them, with the newline of the text. Of such places that
/// lie close together Git makes one, and this does not always.
pub fn merge_lines(base: &[u8], ours: &[u8], theirs: &[u8]) -> (Vec<u8>, bool) {
    let labels = Labels { ancestor: None, current: Some("server".into()), other: Some("remote".into()) };
    let mut merged = Vec::new();
    let mut lines = InternedInput::default();
    let resolution =
        gix::merge::blob::builtin_driver::text(&mut merged, &mut lines, labels, ours, base, theirs, Options::default());
    (merged, resolution == Resolution::Conflict)
}
