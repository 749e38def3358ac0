//! The two languages that sentences for people are written in.

/// The language of a sentence for a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    #[default]
    En,
    De,
}

impl Lang {
    /// The sentence of the two that is in this language.
    pub fn pick<T>(self, en: T, de: T) -> T {
        match self {
            Lang::En => en,
            Lang::De => de,
        }
    }
}

/// A part of a sentence in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase {
    pub en: &'static str,
    pub de: &'static str,
}

impl Phrase {
    pub fn text(self, lang: Lang) -> &'static str {
        lang.pick(self.en, self.de)
    }
}
