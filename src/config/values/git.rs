//! Values of the settings of a repository. What a transport or Git itself would refuse besides, they say when they are
//! asked.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::{bytes, timeout};
use crate::config::GitMode;

const REMOTE_BYTES_MAX: usize = 2_048;
const NAME_BYTES_MAX: usize = 255;
const TOKEN_BYTES_MAX: usize = 1_024;
const COPY_BYTES_MIN: u64 = 1 << 20;
/// More often would be a burden for whoever has the repository.
const POLL_MIN: Duration = Duration::from_secs(10);

/// Where a repository is; none if the text is empty.
pub(in crate::config) fn remote(text: &str) -> Result<Option<String>, String> {
    let is_line = text.len() <= REMOTE_BYTES_MAX && !text.contains(char::is_control);
    let is_url = || {
        let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
        !scheme.is_empty()
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !text.contains(char::is_whitespace)
    };
    match text {
        "" => Ok(None),
        _ if is_ssh(text) => Err("ssh is not yet built; write an address with https://, and user and token as git.username and git.token_file".to_owned()),
        _ if has_credentials(text) => Err("it holds a user or a token; write them as git.username and git.token_file".to_owned()),
        _ if is_line && (text.starts_with('/') || is_url()) => Ok(Some(text.to_owned())),
        _ => Err("write a URL like https://git.example.org/team/tasks.git, or the whole path of a repository on this machine"
            .to_owned()),
    }
}

fn is_ssh(text: &str) -> bool {
    let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
    ["ssh", "git+ssh", "ssh+git"].iter().any(|ssh| scheme.eq_ignore_ascii_case(ssh))
}

/// Whether a text is a URL with a user or password in it.
pub(in crate::config) fn has_credentials(text: &str) -> bool {
    let authority = text.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    authority.is_some_and(|authority| authority.contains('@'))
}

/// The name of a branch, by Git's own rules.
pub(in crate::config) fn branch(text: &str) -> Result<String, String> {
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    let is_free = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let is_sound = text.len() <= NAME_BYTES_MAX
        && text.split('/').all(is_part)
        && !text.contains(is_free)
        && !["..", "@{"].iter().any(|pair| text.contains(pair))
        && !text.starts_with('-')
        && !text.ends_with('.')
        && text != "@"
        && text != "HEAD";
    if is_sound { Ok(text.to_owned()) } else { Err("write the name of a branch, like main".to_owned()) }
}

/// A folder of a repository; the root if the text is empty. None is hidden, and none of Git's own.
pub(in crate::config) fn folder(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_part = |part: &str| {
        (1..=NAME_BYTES_MAX).contains(&part.len())
            && part.chars().all(is_plain)
            && !part.starts_with('.')
            && !part.ends_with('.')
    };
    let expected = "write folders with / between them and none at the ends, like codex-miroir or team/tasks; of letters, digits, \
                    ., _ and -";
    match text.is_empty() || (text.len() <= REMOTE_BYTES_MAX && text.split('/').all(is_part)) {
        true => Ok(text.to_owned()),
        false => Err(expected.to_owned()),
    }
}

/// Who asks; none if the text is empty. A colon would part it from the token.
pub(in crate::config) fn username(text: &str) -> Result<Option<String>, String> {
    if text.len() > NAME_BYTES_MAX || text.contains(|c: char| c.is_control() || c == ':') {
        return Err("write a name of at most 255 bytes without a colon".to_owned());
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// What somebody asks with; none if the text is empty. The refusal does not repeat it.
pub(in crate::config) fn token(text: &str) -> Result<Option<String>, String> {
    if text.len() > TOKEN_BYTES_MAX || text.chars().any(char::is_control) {
        return Err("write the token as text of one line, at most 1024 bytes".to_owned());
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// What calls are signed with. Nothing is none: anybody could sign with that.
pub(in crate::config) fn webhook_secret(text: &str) -> Result<String, String> {
    let none =
        || "write 16 to 255 visible ASCII characters without spaces, chosen at random; to have none, leave the key out";
    super::secret(text)?.ok_or_else(|| none().to_owned())
}

/// What is done with a repository.
pub(in crate::config) fn git_mode(text: &str) -> Result<GitMode, String> {
    let known = GitMode::ALL.into_iter().find(|mode| mode.as_str() == text);
    known.ok_or_else(|| match text {
        "pull-request" => "pull requests are not yet built; use push, pull-only or off".to_owned(),
        _ => "write push, pull-only or off".to_owned(),
    })
}

/// Hosts, each with a port or without, in lower case.
pub(in crate::config) fn hosts(texts: &[String]) -> Result<Vec<String>, String> {
    texts.iter().map(|text| host(text)).collect()
}

fn host(text: &str) -> Result<String, String> {
    let text = text.to_lowercase();
    let (host, port) = match text.rsplit_once(':') {
        // The last group of an IPv6 address is none.
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (text.as_str(), None),
    };
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    match is_port && is_host(host) {
        true => Ok(text),
        false => Err("write hosts, like git.example.org, 10.0.0.5:3000 or [fd00::5]:3000".to_owned()),
    }
}

fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    if text.parse::<Ipv4Addr>().is_ok() || text.parse::<Ipv6Addr>().is_ok() {
        return true;
    }
    let is_label = |label: &str| {
        let is_plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (1..=63).contains(&label.len()) && is_plain && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    // A name that ends in a number is an address that is written wrong.
    text.len() <= 253 && text.split('.').all(is_label) && !text.rsplit('.').next().is_some_and(is_number)
}

/// Yes or no.
pub(in crate::config) fn flag(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "write true or false".to_owned())
}

/// How often to ask.
pub(in crate::config) fn poll(text: &str) -> Result<Duration, String> {
    let span = timeout(text).ok().filter(|span| *span >= POLL_MIN);
    span.ok_or_else(|| "write a time with s or m, like 15m; from 10s to 60m".to_owned())
}

/// What a copy of a repository may take on the disk, in bytes.
pub(in crate::config) fn copy_max(text: &str) -> Result<u64, String> {
    let wrong = || "write a number of bytes, KiB, MiB or GiB, like 256MiB; from 1MiB to 1024GiB".to_owned();
    bytes(text).ok().filter(|bytes| *bytes >= COPY_BYTES_MIN).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each<T>(set: fn(&str) -> Result<T, String>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(set(text).is_ok(), "{text:?}");
        }
        for text in bad {
            assert!(set(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn remotes() {
        let good =
            ["", "https://git.example.org/a/b.git", "http://10.0.0.5:3000/x", "/srv/git/tasks.git", "file:///srv/a@b"];
        let long = format!("https://{}", "a".repeat(REMOTE_BYTES_MAX));
        each(
            remote,
            &good,
            &["git", "srv/git", "git@git.example.org:a.git", "https://a\nb", " https://a", "://a", &long],
        );
        for with in ["https://lena@git.example.org/a", "https://lena:geheim@git.example.org", "ssh://git@a?x"] {
            assert!(has_credentials(with) && remote(with).unwrap_err().contains("git.username"), "{with}");
        }
        assert!(!has_credentials("https://git.example.org/lena@home"));
    }

    #[test]
    fn branches() {
        let long = "a".repeat(NAME_BYTES_MAX + 1);
        let bad = [
            "", "/a", "a/", "a//b", "a..b", ".a", "a/.b", "a.lock", "a.lock/b", "a b", "a~", "a^", "a:b", "a?", "a*",
            "a[", "a\\b", "a\n", "-a", "a.", "a@{1}", "@", "HEAD", &long,
        ];
        each(branch, &["main", "feature/x", "ümlaut", "a@b", "v1.2"], &bad);
    }

    #[test]
    fn folders() {
        let bad = [
            "/",
            "a/",
            "/a",
            "a//b",
            ".",
            "..",
            "a/../b",
            ".git",
            "a/.GIT",
            "git~1",
            ".g\u{200c}it",
            "a\\b",
            "a b",
            "a:b",
            "a.",
            "a\n",
        ];
        each(folder, &["", "codex-miroir", "team/tasks_2", "über/mich", "a.b"], &bad);
    }

    #[test]
    fn names_and_secrets() {
        each(username, &["", "lena", "x-access-token", "a b"], &["a:b", "a\nb", &"a".repeat(256)]);
        each(token, &["", "x", "ein Kennwort mit ä"], &["a\nb", &"a".repeat(1_025)]);
        each(webhook_secret, &["0123456789abcdef"], &["", "zu kurz", "0123456789abcde", "0123456789abcdef ä"]);
        assert!(webhook_secret("").unwrap_err().contains("leave the key out"));
    }

    #[test]
    fn modes_flags_and_times() {
        each(git_mode, &["push", "pull-only", "off"], &["", "Push", "pull", "on"]);
        assert!(git_mode("pull-request").unwrap_err().contains("not yet built"));
        each(flag, &["true", "false"], &["", "yes", "1", "True"]);
        each(copy_max, &["1MiB", "1024GiB", "1048576"], &["", "1048575", "1025GiB", "-1", "x"]);
        each(poll, &["10s", "15m", "60m", "10000ms"], &["", "9s", "61m", "15", "1h"]);
    }

    #[test]
    fn host_names_and_addresses() {
        for (text, kept) in [
            ("Git.Example.org", "git.example.org"),
            ("forge", "forge"),
            ("forge:3000", "forge:3000"),
            ("10.0.0.5", "10.0.0.5"),
            ("10.0.0.5:3000", "10.0.0.5:3000"),
            ("FD00::5", "fd00::5"),
            ("[fd00::5]", "[fd00::5]"),
            ("[fd00::5]:3000", "[fd00::5]:3000"),
        ] {
            assert_eq!(hosts(&[text.to_owned()]), Ok(vec![kept.to_owned()]));
        }
        for bad in [
            "",
            "https://a",
            "a/b",
            "a:0",
            "a:x",
            "a:65536",
            ":80",
            "a.",
            ".a",
            "a..b",
            "-a",
            "a b",
            "10.0.0",
            "10.0.0.256",
            "[a]",
            "[fd00::5",
            "*",
            "*.example.org",
            "a@b",
        ] {
            assert!(hosts(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }
}
