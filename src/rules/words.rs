//! The words of the rules: one table, from which registration, error messages and the authors' reference come.

mod calls;
mod properties;

use std::sync::LazyLock;

use crate::domain::lang::{Lang, Phrase};

/// What a word is; a type's name says whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Constant,
    Function,
    /// A function that only tests have.
    Test,
    Method(&'static str),
    Property(&'static str),
    Operator(&'static str),
}

/// The ways in which a word is written, each a form of its own.
type Forms = &'static [&'static str];

/// One word with its names and what it means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub kind: Kind,
    pub name: &'static str,
    /// The name in the other language, German for most; empty where one is good in both.
    also: &'static str,
    /// By the name `name`, with English words around it.
    english: Forms,
    /// By the name that is first in German, with German words around it.
    german: Forms,
    /// What comes of it; in English as scripts call the type.
    pub result: Phrase,
    /// One sentence.
    pub meaning: Phrase,
}

impl Word {
    pub(super) fn also(&self) -> Option<&'static str> {
        Some(self.also).filter(|also| !also.is_empty())
    }

    pub(super) fn has_name(&self, name: &str) -> bool {
        self.name == name || self.also() == Some(name)
    }

    /// How it is written by this one of its names.
    pub(super) fn usage(&self, name: &str) -> String {
        let usage = match self.english {
            [forms @ .., last] if !forms.is_empty() => format!("{} or {last}", forms.join(", ")),
            forms => forms.concat(),
        };
        match self.kind {
            Kind::Function | Kind::Test | Kind::Method(_) => {
                usage.replace(&format!("{}(", self.name), &format!("{name}("))
            }
            Kind::Constant | Kind::Property(_) | Kind::Operator(_) => usage,
        }
    }

    /// How it is written in scripts of the language.
    pub(super) fn forms(&self, lang: Lang) -> Forms {
        lang.pick(self.english, self.german)
    }

    /// The name that stands first in the language, and the other one.
    pub(super) fn names(&self, lang: Lang) -> (&'static str, Option<&'static str>) {
        in_order(self.name, self.also, lang)
    }
}

/// Two names of a thing in the order of the language; the second is empty where one is good in both.
///
/// For whoever reads German the German one is first: what `rules new --german` and the editor begin with is written so. The
/// English one is beside it, because the ready rules are written with those.
pub(super) fn in_order(name: &'static str, also: &'static str, lang: Lang) -> (&'static str, Option<&'static str>) {
    // `kategorie` is the word of the files, and the only first name that is German.
    let is_turned = lang == Lang::De && name != "kategorie";
    match also {
        "" => (name, None),
        also if is_turned => (also, Some(name)),
        also => (name, Some(also)),
    }
}

/// English, then German.
type Both<T> = [T; 2];

/// A row of the tables: both names, how it is written, what comes of it, what it means.
type Row = (&'static str, &'static str, Both<Forms>, Phrase, Both<&'static str>);

/// What comes of words, as the reference says it.
mod results {
    use crate::domain::lang::Phrase;

    const fn named(en: &'static str, de: &'static str) -> Phrase {
        Phrase { en, de }
    }

    pub(super) const WEEKDAYS: Phrase = named("weekdays", "Wochentage");
    pub(super) const SLOT: Phrase = named("slot", "Slot");
    pub(super) const CONSTRAINT: Phrase = named("constraint", "Bedingung");
    pub(super) const REFUSAL: Phrase = named("refusal", "Absage");
    pub(super) const DATE: Phrase = named("date", "Datum");
    pub(super) const OPTION: Phrase = named("option", "Option");
    pub(super) const SET: Phrase = named("what was set", "was eingestellt ist");
    pub(super) const PLAN: Phrase = named("plan", "Plan");
    pub(super) const NOTHING: Phrase = named("nothing", "nichts");
    pub(super) const INTEGER: Phrase = named("integer", "ganze Zahl");
    pub(super) const INTEGER_OR_DATE: Phrase = named("integer, date", "ganze Zahl, Datum");
    pub(super) const STRING: Phrase = named("string", "Text");
    pub(super) const LIST: Phrase = named("list", "Liste");
    pub(super) const BOOL: Phrase = named("bool", "`true` oder `false`");
}

/// All words, in the order in which the reference has them.
pub(super) static WORDS: LazyLock<Vec<Word>> = LazyLock::new(|| {
    let mut words = Vec::new();
    let mut add = |kind: Kind, rows: &[Row]| {
        words.extend(rows.iter().map(|&(name, also, [english, german], result, [en, de])| Word {
            kind,
            name,
            also,
            english,
            german,
            result,
            meaning: Phrase { en, de },
        }));
    };
    add(Kind::Constant, calls::CONSTANTS);
    add(Kind::Function, calls::FUNCTIONS);
    add(Kind::Test, calls::OF_TESTS);
    for (of, methods) in [
        ("slot", calls::OF_SLOT),
        ("constraint", calls::OF_CONSTRAINT),
        ("option", calls::OF_OPTION),
        ("plan", calls::OF_PLAN),
    ] {
        add(Kind::Method(of), methods);
    }
    add(Kind::Property("task"), properties::OF_TASK);
    add(Kind::Property("day"), properties::OF_DAY);
    for of in ["day", "date"] {
        add(Kind::Property(of), properties::OF_BOTH);
    }
    add(Kind::Property("slot"), properties::OF_SLOT);
    add(Kind::Property("plan"), properties::OF_PLAN);
    for of in ["day", "date"] {
        add(Kind::Operator(of), properties::OPERATORS_OF_DATES);
    }
    add(Kind::Operator("slot"), properties::OPERATORS_OF_SLOT);
    for of in ["slot", "day", "date"] {
        add(Kind::Method(of), calls::OF_ANY);
    }
    words
});

pub(super) fn functions() -> impl Iterator<Item = &'static Word> + Clone {
    WORDS.iter().filter(|word| word.kind == Kind::Function)
}

/// Functions that only tests have.
pub(super) fn of_tests() -> impl Iterator<Item = &'static Word> + Clone {
    WORDS.iter().filter(|word| word.kind == Kind::Test)
}

pub(super) fn methods() -> impl Iterator<Item = (&'static str, &'static Word)> + Clone {
    WORDS.iter().filter_map(|word| match word.kind {
        Kind::Method(of) => Some((of, word)),
        Kind::Constant | Kind::Function | Kind::Test | Kind::Property(_) | Kind::Operator(_) => None,
    })
}

pub(super) fn properties(of: &str) -> impl Iterator<Item = &'static Word> + Clone {
    WORDS.iter().filter(move |word| matches!(word.kind, Kind::Property(owner) if owner == of))
}

/// The first names of words, then their other ones, which are proposed last.
pub(super) fn names(words: impl Iterator<Item = &'static Word> + Clone) -> impl Iterator<Item = &'static str> + Clone {
    words.clone().map(|word| word.name).chain(words.filter_map(Word::also))
}
