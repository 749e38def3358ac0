//! What a remote says has become of a push.

use super::super::error::told;

/// The longest that a remote's words are kept, in bytes.
const WORDS_BYTES_MAX: usize = 4_000;

/// The longest that they are told, in characters.
const WORDS_CHARS_MAX: usize = 1_000;

/// What has become of the one branch that was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Report {
    Done,
    Refused {
        reason: String,
    },
    /// It ends before it says so.
    Cut,
}

impl Report {
    /// Reads lines such as `unpack ok` and `ng refs/heads/main hook declined`, each after its length in four digits.
    pub(super) fn read(bytes: &[u8], branch: &str) -> Report {
        let (mut rest, mut is_unpacked) = (bytes, false);
        while let Some((line, after)) = next_line(rest) {
            rest = after;
            let line = String::from_utf8_lossy(line);
            let (word, what) = line.trim_end().split_once(' ').unwrap_or((&line, ""));
            let (name, reason) = what.split_once(' ').unwrap_or((what, ""));
            match word {
                "unpack" if what == "ok" => is_unpacked = true,
                "unpack" => return Report::Refused { reason: what.to_owned() },
                "ok" if name == branch && is_unpacked => return Report::Done,
                "ng" if name == branch => return Report::Refused { reason: reason.to_owned() },
                _ => {}
            }
        }
        Report::Cut
    }
}

/// A line and what follows it; `None` where there is none, or not all of it.
fn next_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (digits, rest) = bytes.split_at_checked(4)?;
    let length = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    rest.split_at_checked(length.checked_sub(4)?)
}

/// What a remote says beside the report: its hooks' words.
#[derive(Debug, Default)]
pub(super) struct Words(Vec<u8>);

impl Words {
    pub(super) fn hear(&mut self, words: &[u8]) {
        let room = WORDS_BYTES_MAX.saturating_sub(self.0.len());
        self.0.extend_from_slice(&words[..words.len().min(room)]);
        if room > 0 {
            self.0.push(b'\n');
        }
    }

    /// The reason with the words behind it, on one line.
    pub(super) fn joined(&self, reason: &str) -> String {
        let words = String::from_utf8_lossy(&self.0);
        let words = words.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty());
        let words = words.collect::<Vec<_>>().join(" ");
        let reason = told(reason);
        let joined = match (reason.is_empty(), words.is_empty()) {
            (false, false) => format!("{reason}: {words}"),
            (true, _) => words,
            (false, true) => reason,
        };
        joined.chars().take(WORDS_CHARS_MAX).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<u8> {
        lines.iter().flat_map(|line| format!("{:04x}{line}", line.len() + 4).into_bytes()).collect()
    }

    #[test]
    fn only_what_is_said_of_the_branch_counts() {
        let read = |said: &[&str]| Report::read(&lines(said), "refs/heads/main");
        assert_eq!(read(&["unpack ok\n", "ok refs/heads/main\n"]), Report::Done);
        assert_eq!(read(&["unpack ok", "ok refs/heads/mainly", "ok refs/heads/main"]), Report::Done);
        let refused = |reason: &str| Report::Refused { reason: reason.to_owned() };
        assert_eq!(
            read(&["unpack ok\n", "ng refs/heads/main pre-receive hook declined\n"]),
            refused("pre-receive hook declined")
        );
        assert_eq!(read(&["unpack index-pack abnormal exit\n"]), refused("index-pack abnormal exit"));
        assert_eq!(read(&["unpack ok\n", "ok refs/heads/other\n"]), Report::Cut);
        assert_eq!(read(&["ok refs/heads/main\n"]), Report::Cut);
        assert_eq!(read(&[]), Report::Cut);
        let mut cut = lines(&["unpack ok\n", "ok refs/heads/main\n"]);
        cut.pop();
        assert_eq!(Report::read(&cut, "refs/heads/main"), Report::Cut);
        for garbage in [&b"0000"[..], b"0003x", b"zzzz", b"\xff\xff\xff\xff\xff", b"000"] {
            assert_eq!(Report::read(garbage, "refs/heads/main"), Report::Cut);
        }
    }

    #[test]
    fn words_of_a_remote_are_one_line_of_a_bounded_length() {
        let mut words = Words::default();
        words.hear(b"branch main\r\n is \x1b[31mprotected\n");
        words.hear(b"\xffask Tom");
        assert_eq!(words.joined("hook declined"), "hook declined: branch main is [31mprotected \u{fffd}ask Tom");
        assert_eq!(Words::default().joined(" "), "");
        for _ in 0..1_000 {
            words.hear(b"again and again and again and again");
        }
        assert_eq!(words.joined("").chars().count(), 1_000);
    }
}
