//! Secrets that leave the server, in the format of age (age-encryption.org/v1): whoever has the passphrase opens them, with
//! this program or with any other that knows the format.

use std::io::{self, Read, Write};
use std::iter;

use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, Identity, Recipient, scrypt};
use zeroize::Zeroizing;

/// The shortest passphrase, in characters: what it protects can be guessed at for as long as somebody likes.
pub const PASSPHRASE_CHARS_MIN: usize = 12;

/// Work factors above this would take minutes and gigabytes: no backup of ours has one.
const WORK_LOG_MAX: u8 = 22;

/// The work factor that new ones have: about a second, and 256 MiB of memory.
const WORK_LOG: u8 = 18;

/// Why something could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locked {
    WrongPassphrase,
    Damaged,
}

fn secret(passphrase: &str) -> SecretString {
    SecretString::from(passphrase.to_owned())
}

/// Encrypts with a passphrase.
///
/// # Errors
/// Writing into memory fails for nothing; that is for whoever calls to say.
pub fn lock(passphrase: &str, plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut recipient = scrypt::Recipient::new(secret(passphrase));
    recipient.set_work_factor(WORK_LOG);
    let recipient: &dyn Recipient = &recipient;
    let encryptor = Encryptor::with_recipients(iter::once(recipient)).map_err(io::Error::other)?;
    let mut locked = Vec::new();
    let mut writer = encryptor.wrap_output(&mut locked)?;
    writer.write_all(plain)?;
    writer.finish()?;
    Ok(locked)
}

/// What was encrypted with this passphrase.
///
/// # Errors
/// It is another passphrase, or the bytes are not what was encrypted.
pub fn unlock(passphrase: &str, locked: &[u8]) -> Result<Zeroizing<Vec<u8>>, Locked> {
    let mut identity = scrypt::Identity::new(secret(passphrase));
    identity.set_max_work_factor(WORK_LOG_MAX);
    let decryptor = Decryptor::new_buffered(locked).map_err(|_| Locked::Damaged)?;
    let identity: &dyn Identity = &identity;
    let opened = decryptor.decrypt(iter::once(identity)).map_err(|error| match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed | DecryptError::NoMatchingKeys => {
            Locked::WrongPassphrase
        }
        _ => Locked::Damaged,
    });
    let mut plain = Zeroizing::new(Vec::new());
    opened?.read_to_end(&mut plain).map_err(|_| Locked::Damaged)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_locked_opens_with_its_passphrase_alone() {
        let locked = lock("correct horse battery", b"geheim").unwrap();
        assert!(locked.starts_with(b"age-encryption.org/v1\n") && !locked.windows(6).any(|part| part == b"geheim"));
        assert_eq!(unlock("correct horse battery", &locked).unwrap().as_slice(), b"geheim");
        assert_eq!(unlock("correct horse batterx", &locked), Err(Locked::WrongPassphrase));
        assert_eq!(unlock("correct horse battery", &locked[..locked.len() - 1]), Err(Locked::Damaged));
        assert_eq!(unlock("correct horse battery", b"age"), Err(Locked::Damaged));
    }
}
