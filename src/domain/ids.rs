//! A newtype for every id, each with what it survives.

use super::hex::hex;
use std::fmt;

/// Identifies a user for as long as the database lives; a renamed user keeps it, nobody else ever gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub u64);

/// The name a person is addressed by: `[a-z0-9][a-z0-9._-]{0,38}`, because it is also a folder in Git.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserName(String);

/// The longest user name, in characters (all of them ASCII).
pub const USER_NAME_CHARS_MAX: usize = 39;

impl UserName {
    /// `None` when the text is not a user name.
    pub fn parse(text: &str) -> Option<UserName> {
        let head_ok = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        let all_ok = text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'));
        let git_ok = !text.contains("..") && !text.ends_with('.') && !text.ends_with(".lock");
        (head_ok && all_ok && git_ok && text.len() <= USER_NAME_CHARS_MAX).then(|| UserName(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names a token without telling it: the first bytes of its hash. Lasts as long as the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId(u64);

/// Hexadecimal digits of a token's id.
const TOKEN_ID_DIGITS: usize = 16;

impl TokenId {
    /// The id of the token with this SHA-256.
    pub fn of(hash: &[u8; 32]) -> TokenId {
        let (first, _) = hash.split_first_chunk().unwrap_or((&[0; 8], &[]));
        TokenId(u64::from_be_bytes(*first))
    }

    /// `None` when the text is no id.
    pub fn parse(text: &str) -> Option<TokenId> {
        let shape_ok = text.len() == TOKEN_ID_DIGITS && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        shape_ok.then(|| u64::from_str_radix(text, 16).ok().map(TokenId))?
    }

    /// The first and the last hash that have this id.
    pub fn hashes(self) -> ([u8; 32], [u8; 32]) {
        let filled = |rest| {
            let mut hash = [rest; 32];
            hash[..8].copy_from_slice(&self.0.to_be_bytes());
            hash
        };
        (filled(0), filled(u8::MAX))
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A task's number: its id for the user and its rank. Never reused, whatever becomes of the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskNumber(u32);

impl TaskNumber {
    /// The largest number that a file name can carry (nine digits).
    pub const MAX: TaskNumber = TaskNumber(999_999_999);
    pub const FIRST: TaskNumber = TaskNumber(0);

    pub fn new(value: u32) -> Option<TaskNumber> {
        (value <= Self::MAX.0).then_some(TaskNumber(value))
    }

    pub fn get(self) -> u32 {
        self.0
    }

    /// The number after this one; `None` when nine digits are used up.
    pub fn next(self) -> Option<TaskNumber> {
        TaskNumber::new(self.0 + 1)
    }
}

impl fmt::Display for TaskNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

/// The longest file name, in bytes: what common file systems allow.
pub const FILE_NAME_BYTES_MAX: usize = 255;

/// The name of a document's file, without folders. Unique among a user's documents.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileName(String);

impl FileName {
    /// `None` unless the text is one path segment ending in `.md` that every file system and Git take.
    pub fn parse(text: &str) -> Option<FileName> {
        let segment_ok = !text.starts_with('.') && !text.contains(['/', '\\']) && !text.chars().any(char::is_control);
        let length_ok = text.len() > 3 && text.len() <= FILE_NAME_BYTES_MAX;
        (segment_ok && length_ok && text.ends_with(".md")).then(|| FileName(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without `.md`.
    pub fn stem(&self) -> &str {
        &self.0[..self.0.len() - 3]
    }

    /// The number that the name says: `NNNN.md` or `NNNN-anything.md` with four to nine digits.
    pub fn number(&self) -> Option<TaskNumber> {
        let digits = self.stem().split('-').next().unwrap_or_default();
        let shape_ok = (4..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        shape_ok.then(|| digits.parse().ok().and_then(TaskNumber::new))?
    }

    /// What follows the number, hyphens read as spaces: the title of a task that has no other.
    pub fn slug_as_title(&self) -> String {
        match self.stem().split_once('-') {
            Some((_, slug)) if !slug.is_empty() => slug.replace('-', " "),
            _ => self.stem().to_owned(),
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a document stands among its user's: by number, then by file name. A file whose name says no
/// number comes after all that do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DocKey {
    pub number: Option<TaskNumber>,
    pub file: FileName,
}

impl DocKey {
    pub fn of(file: FileName) -> DocKey {
        DocKey { number: file.number(), file }
    }

    /// The id that people say: the number, or the file name where there is none.
    pub fn id(&self) -> String {
        self.number.map_or_else(|| self.file.as_str().to_owned(), |number| number.to_string())
    }

    fn rank(&self) -> (u32, &str) {
        (self.number.map_or(u32::MAX, TaskNumber::get), self.file.as_str())
    }
}

impl PartialOrd for DocKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DocKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

/// The name of an object in Git (SHA-1): a commit, a tree or a file's content. Means the same in every copy of the repository.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName(pub [u8; 20]);

impl ObjectName {
    /// `None` unless the text is 40 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<ObjectName> {
        let shape_ok = text.len() == 40 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !shape_ok {
            return None;
        }
        let mut name = [0; 20];
        for (byte, at) in name.iter_mut().zip((0..40).step_by(2)) {
            *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
        }
        Some(ObjectName(name))
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0))
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Counts a user's committed changes: raised by one in the transaction of each. Never goes back, except
/// by a restore, which also changes the database's incarnation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Generation(pub u64);

impl Generation {
    /// The highest that anything may bring from outside: far more than any account will see, and far from where numbers end.
    pub const BROUGHT_MAX: Generation = Generation(1 << 40);

    pub fn next(self) -> Generation {
        Generation(self.0 + 1)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_names_are_forty_lower_case_digits() {
        let text = "00ff7a0123456789abcdef0123456789abcdef01";
        let name = ObjectName::parse(text).unwrap();
        assert_eq!((name.0[1], name.0[2]), (0xff, 0x7a));
        assert_eq!((name.to_string(), format!("{name:?}")), (text.to_owned(), text.to_owned()));
        for bad in
            ["", "00ff", &text.to_uppercase(), &text.replace('7', "g"), &format!("{text}0"), &text.replace('f', "é")]
        {
            assert_eq!(ObjectName::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn file_names_say_numbers() {
        let number = |name: &str| FileName::parse(name).unwrap().number().map(TaskNumber::get);
        assert_eq!(number("0042-Titel.md"), Some(42));
        assert_eq!(number("0042.md"), Some(42));
        assert_eq!(number("0042-.md"), Some(42));
        assert_eq!(number("10000-x.md"), Some(10_000));
        assert_eq!(number("042-x.md"), None);
        assert_eq!(number("0042_x.md"), None);
        assert_eq!(number("0000000042-x.md"), None);
        assert_eq!(number("notes.md"), None);
    }

    #[test]
    fn file_names_are_one_safe_segment() {
        for bad in ["", ".md", "a/b.md", "..\\x.md", ".hidden.md", "a\n.md", "a.txt", "a.MD"] {
            assert!(FileName::parse(bad).is_none(), "{bad:?}");
        }
        assert!(FileName::parse(&format!("{}.md", "ä".repeat(127))).is_none());
        assert!(FileName::parse("0001-a#b%c ü.md").is_some());
    }

    #[test]
    fn keys_order_numerically() {
        let key = |name: &str| DocKey::of(FileName::parse(name).unwrap());
        let mut keys = [key("todo.md"), key("10000-a.md"), key("0001-b.md"), key("9999-a.md"), key("0001-a.md")];
        keys.sort();
        let names: Vec<_> = keys.iter().map(|k| k.file.as_str()).collect();
        assert_eq!(names, ["0001-a.md", "0001-b.md", "9999-a.md", "10000-a.md", "todo.md"]);
    }

    #[test]
    fn token_ids_are_the_beginning_of_a_hash() {
        let mut hash = [0xab; 32];
        hash[0] = 0;
        let id = TokenId::of(&hash);
        assert_eq!(id.to_string(), "00ababababababab");
        assert_eq!(TokenId::parse("00ababababababab"), Some(id));
        let (first, last) = id.hashes();
        assert!(first <= hash && hash <= last && TokenId::of(&first) == id && TokenId::of(&last) == id);
        for bad in ["", "0ababababababab", "00ABABABABABABAB", "+0ababababababab", "00abababababababa"] {
            assert!(TokenId::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn user_names_are_git_folders() {
        for good in ["demo", "0", "a.b_c-d", &"x".repeat(39)] {
            assert!(UserName::parse(good).is_some(), "{good}");
        }
        for bad in ["", "Demo", "-a", ".a", "a..b", "a.", "a.lock", "a/b", "ä", "a b", &"x".repeat(40)] {
            assert!(UserName::parse(bad).is_none(), "{bad}");
        }
    }
}
