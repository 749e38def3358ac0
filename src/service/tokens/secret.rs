//! Secrets as text, a token's and a session's: how one is made, what its checksum says, and its hash, which is all that
//! is kept of it.

use std::cell::RefCell;

use sha2::{Digest, Sha256};

use crate::store::{GrantKind, random};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 32 bytes need 43 digits of base 62, a 32-bit checksum 6.
const SECRET_DIGITS: usize = 43;
const CHECKSUM_DIGITS: usize = 6;
const PREFIX_BYTES: usize = 4;

/// A one-time code needs 22 digits of base 62 for its 16 bytes.
const CODE_DIGITS: usize = 22;

/// How a secret begins. What is shown as one kind is never taken for the other.
fn prefix(kind: GrantKind) -> &'static [u8; PREFIX_BYTES] {
    match kind {
        GrantKind::Token => b"cmr_",
        GrantKind::Session => b"cms_",
    }
}

/// A secret as it is shown: its prefix, its digits and their checksum.
type Secret = [u8; PREFIX_BYTES + SECRET_DIGITS + CHECKSUM_DIGITS];

/// `cmr_`, 32 random bytes in base 62, and a CRC-32 of those digits in base 62: a typing error is told
/// without asking the database, and a scanner for leaked secrets can be sure of what it found. A session's begins with
/// `cms_`.
pub(super) fn new_secret(kind: GrantKind) -> String {
    let secret = base62(&random::<32>(), SECRET_DIGITS);
    let prefix = prefix(kind).map(char::from);
    let checksum = checksum(secret.as_bytes()).map(char::from);
    prefix.into_iter().chain(secret.chars()).chain(checksum).collect()
}

/// 16 random bytes as text, for a link that is used once.
pub(in crate::service) fn base62_code() -> String {
    base62(&random::<16>(), CODE_DIGITS)
}

/// A secret and its SHA-256.
type Hashed = (Secret, [u8; 32]);

thread_local! {
    /// The secret that this thread hashed last, in each of a few places, with its hash.
    static HASHED: RefCell<[Option<Hashed>; HASHED_PLACES]> = const { RefCell::new([const { None }; HASHED_PLACES]) };
}

const HASHED_PLACES: usize = 128;

/// The SHA-256 of a secret; `None` if it is not a well-formed one of this kind. Clients send the same one again and again, so each thread
/// remembers some. Only a hash is remembered, never what it grants: a token that is revoked is refused at once.
pub(super) fn hash_of(kind: GrantKind, secret: &[u8]) -> Option<[u8; 32]> {
    // All are of one length, which tells nothing.
    let secret: &Secret = secret.try_into().ok()?;
    let [begin @ .., one, two, three] = secret;
    if !begin.starts_with(prefix(kind)) {
        return None;
    }
    // The last digits of the checksum spread secrets evenly.
    let place = (usize::from(*one) + 31 * usize::from(*two) + 961 * usize::from(*three)) % HASHED_PLACES;
    HASHED.with_borrow_mut(|hashed| match &hashed[place] {
        Some((known, hash)) if is_same_secret(known, secret) => Some(*hash),
        _ if !is_well_formed(kind, secret) => None,
        _ => {
            let hash = Sha256::digest(secret).into();
            hashed[place] = Some((*secret, hash));
            Some(hash)
        }
    })
}

/// Compares without telling by the time where the first difference is: the one known may be somebody else's.
fn is_same_secret(known: &Secret, other: &Secret) -> bool {
    (0..known.len()).fold(0, |found, at| found | (known[at] ^ other[at])) == 0
}

fn checksum(digits: &[u8]) -> [u8; CHECKSUM_DIGITS] {
    base62_of(crc32fast::hash(digits))
}

/// As [`base62`], without an allocation: every request's token is looked at.
fn base62_of(number: u32) -> [u8; CHECKSUM_DIGITS] {
    let mut left = number as usize;
    let mut digits = [b'0'; CHECKSUM_DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[left % 62];
        left /= 62;
    }
    digits
}

fn is_well_formed(kind: GrantKind, secret: &Secret) -> bool {
    let digits = secret.strip_prefix(prefix(kind)).and_then(|digits| digits.split_at_checked(SECRET_DIGITS));
    digits.is_some_and(|(digits, told)| digits.is_ascii() && checksum(digits) == *told)
}

/// The big-endian number in base 62, padded to `digits`.
fn base62(bytes: &[u8], digits: usize) -> String {
    let mut number = bytes.to_vec();
    let mut text = vec![b'0'; digits];
    for digit in text.iter_mut().rev() {
        let mut remainder = 0_u32;
        for byte in &mut number {
            let value = remainder << 8 | u32::from(*byte);
            // Below 256, because the remainder is below 62.
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        *digit = BASE62[remainder as usize];
    }
    String::from_utf8(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        text.as_bytes().try_into().unwrap()
    }

    #[test]
    fn base62_is_positional() {
        assert_eq!(base62(&[0], 2), "00");
        assert_eq!(base62(&[61], 2), "0z");
        assert_eq!(base62(&[62], 2), "10");
        assert_eq!(base62(&[1, 0], 3), "048");
        assert_eq!(base62(&[255; 4], CHECKSUM_DIGITS).as_bytes(), base62_of(u32::MAX));
        // 62^43 > 2^256: the digits hold every secret.
        assert_ne!(base62(&[255; 32], SECRET_DIGITS).as_bytes()[0], b'z');
    }

    #[test]
    fn a_remembered_hash_is_the_tokens_own() {
        // More than there are places, so that they push one another out; and again, when they are known.
        let kinds = [GrantKind::Token, GrantKind::Session];
        let tokens: Vec<String> = (0..3 * HASHED_PLACES).map(|n| new_secret(kinds[n % 2])).collect();
        for (n, token) in tokens.iter().chain(&tokens).enumerate() {
            let (kind, other) = (kinds[n % 2], kinds[(n + 1) % 2]);
            for _ in 0..2 {
                assert_eq!(hash_of(kind, token.as_bytes()), Some(Sha256::digest(token).into()));
                assert_eq!(hash_of(other, token.as_bytes()), None, "also when it is remembered");
            }
        }
        let token = secret(&tokens[0]);
        assert!(is_same_secret(&token, &secret(&tokens[0])));
        for at in 0..token.len() {
            let mut other = token;
            other[at] = b'!';
            assert!(!is_same_secret(&token, &other), "{at}");
            assert_eq!(hash_of(GrantKind::Token, &other), None, "{at}");
        }
    }

    #[test]
    fn tokens_carry_their_checksum() {
        let token = new_secret(GrantKind::Token);
        assert_eq!(token.len(), 4 + 43 + 6);
        let mut wrong = secret(&token);
        assert!(is_well_formed(GrantKind::Token, &wrong) && !is_well_formed(GrantKind::Session, &wrong));
        wrong[10] = if wrong[10] == b'a' { b'b' } else { b'a' };
        assert!(!is_well_formed(GrantKind::Token, &wrong));
        for bad in ["", "cmr_", "cmr_ä", &token[4..], &token[..token.len() - 1], &format!("{token}0")] {
            assert_eq!(hash_of(GrantKind::Token, bad.as_bytes()), None, "{bad}");
        }
    }
}
