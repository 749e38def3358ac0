//! Sentences that are put together in English, known again by their patterns, and told in German.
//!
//! A pattern is a sentence in both languages with holes, `{}`, for what is put into it. The holes are in the same
//! order in both. A hole of the German one may have a name, `{type}`: then only what this name takes fits into it, and
//! stands there as it says it.

use std::cell::Cell;

/// How long a sentence may be looked for: a hostile one has many places where a pattern could go on.
const STEPS_MAX: u32 = 4_000;
/// Stands at the end of a sentence that was cut.
const CUT: char = '…';
/// Of a sentence that was cut: so much of a pattern has to be there, in bytes.
const KNOWN_BYTES_MIN: usize = 8;
/// How deep sentences are parts of sentences.
const DEPTH_MAX: u32 = 8;

/// A sentence in English and in German.
pub type Pair = (&'static str, &'static str);

/// What a hole of that name has in German; nothing where this does not fit into it. Sentences within sentences are looked
/// for by the search that it is given.
type Fits = fn(name: &str, value: &str, search: &Search<'_>) -> Option<String>;

/// Patterns, the ones that say more before those that say less.
pub struct Patterns {
    patterns: Vec<Pattern>,
    fits: Fits,
}

struct Pattern {
    english: Parts,
    german: Parts,
}

/// What stands before, between and behind the holes, and the names of these.
struct Parts {
    texts: Vec<&'static str>,
    holes: Vec<&'static str>,
}

/// One search, also for the sentences within the one that is looked for.
pub struct Search<'p> {
    patterns: &'p Patterns,
    /// Whether the end of the sentence was cut off.
    is_cut: bool,
    steps: Cell<u32>,
    depth: Cell<u32>,
}

impl Patterns {
    pub fn new(pairs: impl IntoIterator<Item = Pair>, fits: Fits) -> Patterns {
        let pattern = |(english, german)| Pattern { english: Parts::of(english), german: Parts::of(german) };
        Patterns { patterns: pairs.into_iter().map(pattern).collect(), fits }
    }

    /// The sentence in German; nothing of one that no pattern has.
    pub fn german(&self, english: &str) -> Option<String> {
        let search = Search {
            patterns: self,
            is_cut: english.ends_with(CUT),
            steps: Cell::new(STEPS_MAX),
            depth: Cell::new(DEPTH_MAX),
        };
        search.german(english)
    }
}

impl Search<'_> {
    /// As [`Patterns::german`], of a part of a sentence.
    pub fn german(&self, english: &str) -> Option<String> {
        let depth = self.depth.get();
        self.depth.set(depth.checked_sub(1)?);
        let german = self.patterns.patterns.iter().find_map(|pattern| self.by(pattern, english));
        self.depth.set(depth);
        german
    }

    fn by(&self, pattern: &Pattern, english: &str) -> Option<String> {
        self.step()?;
        let (first, texts) = pattern.english.texts.split_first()?;
        let mut values = Vec::new();
        match english.strip_prefix(first) {
            Some(rest) if texts.is_empty() => rest.is_empty().then(|| pattern.german.filled(&values)),
            Some(rest) => {
                self.holes(pattern, texts, first.len(), rest, &mut values).then(|| pattern.german.filled(&values))
            }
            None => None,
        }
    }

    /// Whether the rest of a sentence fits into the holes before these texts, and what each has. `known` bytes of the
    /// pattern's texts came before.
    fn holes(&self, of: &Pattern, texts: &[&str], known: usize, rest: &str, values: &mut Vec<String>) -> bool {
        let Some((text, later)) = texts.split_first() else { return rest.is_empty() };
        let name = of.german.holes.get(values.len()).copied().unwrap_or_default();
        let ends: Vec<usize> = match later.is_empty() {
            true => rest.strip_suffix(text).map(str::len).into_iter().collect(),
            false => rest.match_indices(text).map(|(at, _)| at).collect(),
        };
        for end in ends {
            if self.step().is_none() {
                return false;
            }
            let Some(value) = self.fitting(name, &rest[..end]) else { continue };
            values.push(value);
            if self.holes(of, later, known + text.len(), &rest[end + text.len()..], values) {
                return true;
            }
            values.pop();
        }
        self.is_cut && known >= KNOWN_BYTES_MIN && self.cut(name, text, rest, values)
    }

    /// A hole in which a sentence was cut, or behind it: what came after is nowhere.
    fn cut(&self, name: &str, text: &str, rest: &str, values: &mut Vec<String>) -> bool {
        let Some(kept) = rest.strip_suffix(CUT) else { return false };
        let begins = text.char_indices().map(|(at, _)| &text[..at]).rev();
        let kept = begins.filter(|begin| begin.len() > 1).find_map(|begin| kept.strip_suffix(begin)).unwrap_or(kept);
        match self.fitting(name, &format!("{kept}{CUT}")) {
            Some(value) => {
                values.push(value);
                true
            }
            None => false,
        }
    }

    /// Nothing once it took too long.
    fn step(&self) -> Option<()> {
        self.steps.set(self.steps.get().checked_sub(1)?);
        Some(())
    }

    fn fitting(&self, name: &str, value: &str) -> Option<String> {
        if name.is_empty() { Some(value.to_owned()) } else { (self.patterns.fits)(name, value, self) }
    }
}

impl Parts {
    fn of(sentence: &'static str) -> Parts {
        let (mut texts, mut holes, mut begin) = (Vec::new(), Vec::new(), 0);
        for (at, _) in sentence.match_indices('{') {
            let behind = &sentence[at + 1..];
            let rest = behind.trim_start_matches(|c: char| c.is_ascii_lowercase() || c == ':');
            if rest.starts_with('}') {
                texts.push(&sentence[begin..at]);
                holes.push(&behind[..behind.len() - rest.len()]);
                begin = sentence.len() - rest.len() + 1;
            }
        }
        texts.push(&sentence[begin..]);
        Parts { texts, holes }
    }

    /// The sentence with these values in its holes. Where there are fewer it was cut, and ends behind the last.
    fn filled(&self, values: &[String]) -> String {
        let mut sentence = String::new();
        for (at, text) in self.texts.iter().enumerate().take(values.len() + 1) {
            sentence.push_str(text);
            sentence.extend(values.get(at).map(String::as_str));
            if at + 1 == values.len() && values.len() < self.holes.len() {
                break;
            }
        }
        sentence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitting(name: &str, value: &str, search: &Search<'_>) -> Option<String> {
        match name {
            "digits" => value.bytes().all(|byte| byte.is_ascii_digit()).then(|| value.to_owned()),
            "sentence" => search.german(value),
            _ => None,
        }
    }

    fn patterns() -> Patterns {
        let pairs = [
            ("item {} is {}, not {}", "Eintrag {digits} ist {}, nicht {}"),
            ("the day {} is wrong", "der Tag {} ist falsch"),
            ("the days of {} are {} or {}", "die Tage von {} sind {} oder {}"),
            ("on {}: {}", "am {}: {sentence}"),
            ("{}, {}, {}, {}, {}, {}, {}", "{}, {}, {}, {}, {}, {}, {never}"),
            ("a { and a {B}", "eine { und ein {B}"),
        ];
        Patterns::new(pairs, fitting)
    }

    fn german(english: &str) -> Option<String> {
        patterns().german(english)
    }

    #[test]
    fn what_is_in_the_holes_stands_in_the_german_sentence() {
        assert_eq!(german("item 2 is a, b, not c").unwrap(), "Eintrag 2 ist a, b, nicht c");
        assert_eq!(german("item 2 is is is, not not").unwrap(), "Eintrag 2 ist is is, nicht not");
        assert_eq!(german("item x is a, not b"), None);
        assert_eq!(german("an item 2 is a, not b"), None);
        assert_eq!(german("the day ist wrong is wrong").unwrap(), "der Tag ist wrong ist falsch");
        assert_eq!(german("the day is wrong"), None, "nothing is in the hole");
        assert_eq!(german("a { and a {B}").unwrap(), "eine { und ein {B}");
        assert_eq!(german("item 2 is {}, not {digits}").unwrap(), "Eintrag 2 ist {}, nicht {digits}");
    }

    #[test]
    fn a_sentence_within_another_is_told_in_german_or_neither_is() {
        assert_eq!(german("on 1: the day x is wrong").unwrap(), "am 1: der Tag x ist falsch");
        assert_eq!(german("on 1: on 2: the day x is wrong").unwrap(), "am 1: am 2: der Tag x ist falsch");
        assert_eq!(german("on 1: something else"), None);
    }

    #[test]
    fn what_was_cut_is_told_as_far_as_it_goes() {
        assert_eq!(german("the day aaa…").unwrap(), "der Tag aaa… ist falsch");
        assert_eq!(german("the day aaa is wr…").unwrap(), "der Tag aaa… ist falsch");
        assert_eq!(german("on 1: the day aaa…").unwrap(), "am 1: der Tag aaa… ist falsch");
        assert_eq!(german("the days of {} are aaa…").unwrap(), "die Tage von {} sind aaa…");
        assert_eq!(german("item 2 is a…").unwrap(), "Eintrag 2 ist a…");
        assert_eq!(german("item 2…"), None, "too little of it is known");
        assert_eq!(german("xyz…"), None);
    }

    #[test]
    fn a_hostile_sentence_is_given_up_on() {
        assert_eq!(german(&", ".repeat(500)), None);
        assert_eq!(german(&"on : ".repeat(500)), None);
    }
}
