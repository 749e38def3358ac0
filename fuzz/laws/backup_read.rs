//! Whatever is taken for a backup: it is read to its end and is whole, or it is refused with one sentence. The bytes are
//! tried as a file, and as the archive in a file whose frame and hash are right, because only so much of them is looked at.

use codexmiroir::service::backup::check;
use sha2::{Digest, Sha256};

/// What stands between the frame and its hash.
const SEAL: [u8; 8] = [0x5d, 0x2a, 0x4d, 0x18, 32, 0, 0, 0];

/// Longer than any refusal: what it repeats of the file is cut.
const SENTENCE_CHARS_MAX: usize = 300;

pub fn holds(bytes: &[u8]) {
    is_judged(bytes);
    // Writing into memory fails for nothing.
    let mut file = zstd::encode_all(bytes, 1).unwrap_or_default();
    let hash = Sha256::digest(&file);
    file.extend_from_slice(&SEAL);
    file.extend_from_slice(&hash);
    is_judged(&file);
}

fn is_judged(file: &[u8]) {
    match check(file, None) {
        Err(error) => {
            let said = error.to_string();
            assert!(!said.is_empty() && said.chars().count() <= SENTENCE_CHARS_MAX, "{said}");
            assert!(!said.chars().any(char::is_control), "{said:?}");
        }
        Ok(checked) => {
            let counts = (checked.users(), checked.documents(), checked.changes());
            let again = check(file, None).map(|checked| (checked.users(), checked.documents(), checked.changes()));
            assert_eq!(again.ok(), Some(counts));
            assert!(check(&file[..file.len() - 1], None).is_err(), "it was cut");
            let longer = [file, &[0]].concat();
            assert!(check(&longer[..], None).is_err(), "something is behind it");
        }
    }
}
