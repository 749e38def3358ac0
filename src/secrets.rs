//! Secrets at rest: the key, the file that it is kept in, and what is sealed with it or with a passphrase. The door to ring's
//! ciphers and to age.
//!
//! What is sealed can be opened with that key alone, for the purpose and the user that it was sealed for. A sealed text
//! says which key it takes, so that one sealed with another key is told from one that is damaged.

mod file;
pub mod passphrase;
mod signature;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::error::Unspecified;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use file::{KEY_FILE, KeyFile, KeyFileError};
pub use signature::is_signed;

const KEY_BYTES: usize = 32;

/// What a sealed text begins with; the number is that of its form.
const SEALED: &str = "sealed-1";

/// Tells keys apart, and tells nothing of the key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyId([u8; 8]);

impl KeyId {
    fn parse(text: &str) -> Option<KeyId> {
        let is_id = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_id.then(|| u64::from_str_radix(text, 16).ok().map(|id| KeyId(id.to_be_bytes())))?
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a text is sealed for: one that was sealed for something else cannot be put in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The hash of a user's password.
    PasswordHash,
    /// What a user's own remote is asked with.
    GitToken,
}

impl Purpose {
    /// Never to be changed: what was sealed is opened with it.
    fn word(self) -> &'static str {
        match self {
            Purpose::PasswordHash => "password-hash",
            Purpose::GitToken => "git-token",
        }
    }
}

/// Why a sealed text could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealError {
    /// It was sealed with another key.
    OtherKey(KeyId),
    /// It is not what was sealed, or was sealed for something else.
    Damaged,
}

/// A key to seal with. It is wiped from memory when it is dropped, and never shown.
pub struct Key {
    bytes: Zeroizing<[u8; KEY_BYTES]>,
    id: KeyId,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

impl Key {
    /// A new key that nobody knows.
    pub fn generate() -> Key {
        Key::of(Zeroizing::new(random()))
    }

    fn of(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Key {
        let hash = Sha256::new().chain_update(b"codexmiroir key id\0").chain_update(&bytes[..]).finalize();
        let mut id = KeyId([0; 8]);
        id.0.copy_from_slice(&hash[..8]);
        Key { bytes, id }
    }

    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Seals a text for the user of this id. The same text sealed twice is not the same.
    #[expect(clippy::expect_used, reason = "no key has another length, and no secret comes near the cipher's 256 GiB")]
    pub fn seal(&self, purpose: Purpose, user: u64, text: &str) -> String {
        let nonce: [u8; NONCE_LEN] = random();
        let mut sealed = nonce.to_vec();
        let mut bytes = text.as_bytes().to_vec();
        let tag = self.cipher().and_then(|cipher| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            cipher.seal_in_place_separate_tag(nonce, self.associated(purpose, user), &mut bytes)
        });
        sealed.append(&mut bytes);
        sealed.extend_from_slice(tag.expect("a short text can be sealed").as_ref());
        format!("{SEALED}:{}:{}", self.id, URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The text that was sealed for this purpose and user.
    ///
    /// # Errors
    /// It takes another key; or it is no such text.
    pub fn open(&self, purpose: Purpose, user: u64, sealed: &str) -> Result<Zeroizing<String>, SealError> {
        let (id, text) = parts(sealed).ok_or(SealError::Damaged)?;
        if id != self.id {
            return Err(SealError::OtherKey(id));
        }
        self.open_bytes(purpose, user, text).ok_or(SealError::Damaged)
    }

    fn open_bytes(&self, purpose: Purpose, user: u64, text: &str) -> Option<Zeroizing<String>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, rest) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut rest = Zeroizing::new(rest.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.cipher().ok()?.open_in_place(nonce, self.associated(purpose, user), &mut rest).ok()?;
        Some(Zeroizing::new(std::str::from_utf8(opened).ok()?.to_owned()))
    }

    fn cipher(&self) -> Result<LessSafeKey, Unspecified> {
        Ok(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &self.bytes[..])?))
    }

    /// What a sealed text is bound to beside the key.
    fn associated(&self, purpose: Purpose, user: u64) -> Aad<Vec<u8>> {
        let words = [SEALED.as_bytes(), &self.id.0, purpose.word().as_bytes(), &[0], &user.to_be_bytes()];
        Aad::from(words.concat())
    }
}

/// The key that a text was sealed with; `None` for a text that is not sealed.
pub fn key_of(text: &str) -> Option<KeyId> {
    parts(text).map(|(id, _)| id)
}

/// Key and rest of a sealed text.
fn parts(text: &str) -> Option<(KeyId, &str)> {
    let (id, rest) = text.strip_prefix(SEALED)?.strip_prefix(':')?.split_once(':')?;
    Some((KeyId::parse(id)?, rest))
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(
        clippy::expect_used,
        reason = "without randomness no key may be made and nothing sealed; the system has no other state"
    )]
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: Purpose = Purpose::PasswordHash;

    #[test]
    fn what_is_sealed_opens_with_its_key_for_its_user_alone() {
        let (key, other) = (Key::generate(), Key::generate());
        for text in ["", "ä", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"] {
            let sealed = key.seal(HASH, 7, text);
            assert_eq!(key.open(HASH, 7, &sealed).unwrap().as_str(), text);
            assert_eq!(key.open(HASH, 8, &sealed), Err(SealError::Damaged));
            assert_eq!(other.open(HASH, 7, &sealed), Err(SealError::OtherKey(key.id())));
            assert_eq!(key_of(&sealed), Some(key.id()));
            assert_ne!(key.seal(HASH, 7, text), sealed, "the same twice tells that it is the same");
            assert!(text.is_empty() || !sealed.contains(text), "{sealed}");
        }
    }

    #[test]
    fn a_sealed_text_that_was_touched_does_not_open() {
        let key = Key::generate();
        let sealed = key.seal(HASH, 7, "geheim");
        for at in 0..sealed.len() {
            for touched in [format!("{}{}", &sealed[..at], &sealed[at + 1..]), sealed[..at].to_owned()] {
                assert!(key.open(HASH, 7, &touched).is_err(), "{touched}");
            }
            let mut touched = sealed.clone();
            let other = if &sealed[at..=at] == "b" { "c" } else { "b" };
            touched.replace_range(at..=at, other);
            assert!(key.open(HASH, 7, &touched).is_err(), "{touched}");
        }
        for text in
            ["", "sealed-1", "sealed-1:", "sealed-1::", "sealed-1:0:", "$argon2id$v=19$m=8,t=1,p=1$a$b", "ä:ö:ü"]
        {
            assert_eq!((key.open(HASH, 7, text), key_of(text)), (Err(SealError::Damaged), None), "{text}");
        }
        let empty = format!("sealed-1:{}:", key.id());
        assert_eq!((key.open(HASH, 7, &empty), key_of(&empty)), (Err(SealError::Damaged), Some(key.id())));
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = Key::generate();
        assert_eq!(format!("{key:?}"), format!("Key({})", key.id()));
        assert_eq!(KeyId::parse(&key.id().to_string()), Some(key.id()));
    }
}
