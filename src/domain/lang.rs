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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Phrase {
    pub en: &'static str,
    pub de: &'static str,
}

/// The phrase that is this in English and that in German.
pub const fn both(en: &'static str, de: &'static str) -> Phrase {
    Phrase { en, de }
}

impl Phrase {
    pub fn text(self, lang: Lang) -> &'static str {
        lang.pick(self.en, self.de)
    }
}

/// As [`Phrase`], of a sentence that says something which is known only while the program runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    pub en: String,
    pub de: String,
}

impl Sentence {
    /// What `text` says in each language.
    pub fn of(text: impl Fn(Lang) -> String) -> Sentence {
        Sentence { en: text(Lang::En), de: text(Lang::De) }
    }

    pub fn text(&self, lang: Lang) -> &str {
        lang.pick(&self.en, &self.de)
    }
}

impl From<Phrase> for Sentence {
    fn from(phrase: Phrase) -> Sentence {
        Sentence { en: phrase.en.to_owned(), de: phrase.de.to_owned() }
    }
}
