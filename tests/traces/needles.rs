//! Secrets that are looked for, and how a text is searched for all of them at once.

use std::collections::{HashMap, HashSet};
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// What a secret is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Token,
    Session,
    Password,
    /// What a link holds that is good once.
    OneTimeCode,
    MetricsToken,
    /// Of a repository: what it is asked with, or what the forge signs with.
    Git,
    /// Of the file that other secrets are sealed with.
    Key,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// How tokens and sessions begin, so that one that nobody knows is found as well.
const PREFIXES: [(&str, Kind); 2] = [("cmr_", Kind::Token), ("cms_", Kind::Session)];

/// Digits behind a prefix from which on it is taken for a secret, whole or cut short.
const DIGITS_MIN: usize = 16;

/// What is shorter, or made of fewer different signs, is in a text by chance.
const CHARS_MIN: usize = 12;
const DIFFERENT_MIN: usize = 6;

/// Whether it can be found in a text for nothing but itself.
pub fn is_telling(secret: &str) -> bool {
    let different: HashSet<char> = secret.chars().collect();
    secret.len() >= CHARS_MIN && different.len() >= DIFFERENT_MIN
}

/// As many bytes as a place in the index is made of.
const STARTS: usize = 8;

/// Secrets by how they begin, in every spelling in which they could come to light.
#[derive(Default)]
pub struct Needles {
    by_start: HashMap<[u8; STARTS], Vec<(Kind, String)>>,
    /// Whether any begins with two bytes such as these: most places of a text are passed over by it.
    begins: Vec<bool>,
}

impl Needles {
    /// Adds a secret, in the spellings that tell it apart.
    pub fn add(&mut self, kind: Kind, secret: &str) {
        self.begins.resize(1 << 16, false);
        for spelling in spellings(secret).into_iter().filter(|spelling| is_telling(spelling)) {
            let Some((start, _)) = spelling.as_bytes().split_first_chunk::<STARTS>() else { continue };
            let others = self.by_start.entry(*start).or_default();
            if !others.iter().any(|(_, other)| *other == spelling) {
                self.begins[pair(start)] = true;
                others.push((kind, spelling));
            }
        }
    }

    /// The first secret of a text that is none of the exempted, and where it is.
    pub fn find(&self, text: &str, exempted: &[&str]) -> Option<Found> {
        by_form(text, exempted).or_else(|| self.known(text, exempted))
    }

    fn known(&self, text: &str, exempted: &[&str]) -> Option<Found> {
        if self.by_start.is_empty() {
            return None;
        }
        for (at, start) in text.as_bytes().array_windows::<STARTS>().enumerate() {
            if !self.begins[pair(start)] {
                continue;
            }
            let here = &text.as_bytes()[at..];
            let known = self.by_start.get(start).into_iter().flatten();
            let mut fitting = known.filter(|(_, secret)| here.starts_with(secret.as_bytes()));
            let is_exempted =
                |secret: &str| exempted.iter().any(|exempted| spellings(exempted).iter().any(|s| s == secret));
            if let Some((kind, _)) = fitting.find(|(_, secret)| !is_exempted(secret)) {
                return Some(Found { kind: *kind, at });
            }
        }
        None
    }
}

fn pair(start: &[u8; STARTS]) -> usize {
    usize::from(start[0]) << 8 | usize::from(start[1])
}

/// The secret as it is, and as JSON, HTML, URLs and base64 have it. Of tokens and sessions also the digits alone.
fn spellings(secret: &str) -> Vec<String> {
    let bare = PREFIXES.iter().find_map(|(prefix, _)| secret.strip_prefix(prefix)).unwrap_or(secret);
    let json = serde_json::Value::from(secret).to_string();
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let url: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut spellings = vec![bare.to_owned(), json.trim_matches('"').to_owned(), html, url.replace('+', "%20"), url];
    spellings.push(STANDARD_NO_PAD.encode(secret));
    spellings.dedup();
    spellings
}

/// What looks like a token or a session.
pub fn forms(text: &str) -> impl Iterator<Item = (Kind, usize, &str)> {
    let places =
        PREFIXES.iter().flat_map(|(prefix, kind)| text.match_indices(prefix).map(|(at, _)| (*kind, at, *prefix)));
    places.filter_map(|(kind, at, prefix)| {
        let rest = &text[at + prefix.len()..];
        let digits = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        (digits >= DIGITS_MIN).then(|| (kind, at, &text[at..at + prefix.len() + digits]))
    })
}

fn by_form(text: &str, exempted: &[&str]) -> Option<Found> {
    let mut forms = forms(text).filter(|(_, _, secret)| !exempted.contains(secret));
    forms.next().map(|(kind, at, _)| Found { kind, at })
}

/// A secret in a text. It does not repeat it.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    pub kind: Kind,
    pub at: usize,
}

impl Found {
    /// A sentence for whoever has to mend it, with what stands before the secret.
    pub fn told(&self, place: &str, text: &str) -> String {
        let before: String = text[..self.at].chars().rev().take(160).collect();
        let before: String = before.chars().rev().collect();
        format!("a secret ({}) is in a text that must hold none ({place}), behind: {before}", self.kind)
    }
}
