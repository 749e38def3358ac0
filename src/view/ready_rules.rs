//! What the ready rules say of themselves, for German readers: their scripts are written in English.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::patterns::{Pair, Patterns};
use crate::domain::lang::Lang;

/// What the scripts say and what it is in German: descriptions, labels of options, words that one chooses from, and why a day
/// is closed. In the holes is what a script puts into a sentence from its options.
const PAIRS: [Pair; 29] = [
    (
        "Leaves the Spartarégime: what is due soon goes ahead of lower numbers. Put it behind rules that say the slots, such as spartan.",
        "Verlässt das Spartarégime: Was bald fällig ist, kommt vor kleineren Nummern dran. Setz diese Regel hinter Regeln, die die Slots festlegen, etwa spartan.",
    ),
    (
        "Leaves the Spartarégime: tasks with the tag {} fill the slot {} of every day. Put it behind rules that say the slots, such as spartan.",
        "Verlässt das Spartarégime: Aufgaben mit dem Schlagwort {} füllen jeden Tag den Slot {}. Setz diese Regel hinter Regeln, die die Slots festlegen, etwa spartan.",
    ),
    (
        "One working day of the week is free of work. Put it behind rules that say the slots, such as spartan.",
        "An einem Werktag der Woche arbeitest du nicht. Setz diese Regel hinter Regeln, die die Slots festlegen, etwa spartan.",
    ),
    (
        "No work on the public holidays that all German Länder have. Put it behind rules that say the slots, such as spartan.",
        "Keine Arbeit an den Feiertagen, die alle deutschen Länder haben. Setz diese Regel hinter Regeln, die die Slots festlegen, etwa spartan.",
    ),
    (
        "No work on the public holidays of {}. Put it behind rules that say the slots, such as spartan.",
        "Keine Arbeit an den Feiertagen des Landes {}. Setz diese Regel hinter Regeln, die die Slots festlegen, etwa spartan.",
    ),
    (
        "A task stays in its slot until the slot ends. Put it behind rules that say the slots, such as spartan.",
        "Eine Aufgabe bleibt in ihrem Slot, bis er endet. Setz diese Regel hinter Regeln, die die Slots festlegen, etwa spartan.",
    ),
    (
        "Work on working days, private matters at the weekend, the lowest number first; evenings are yours.",
        "Arbeit an Werktagen, Privates am Wochenende, die kleinste Nummer zuerst; die Abende gehören dir.",
    ),
    (
        "No work in your vacation. Put it behind rules that say the slots, such as spartan.",
        "Keine Arbeit in deinem Urlaub. Setz diese Regel hinter Regeln, die die Slots festlegen, etwa spartan.",
    ),
    (
        "No work from {} to {}. Put it behind rules that say the slots, such as spartan.",
        "Keine Arbeit vom {} bis zum {}. Setz diese Regel hinter Regeln, die die Slots festlegen, etwa spartan.",
    ),
    ("public holiday", "Feiertag"),
    ("vacation until {}", "Urlaub bis {}"),
    ("free day of the week", "freier Tag der Woche"),
    (
        "the vacation begins on {}, after its end on {}; set from and until",
        "der Urlaub beginnt am {} und damit nach seinem Ende am {}; stell den ersten und den letzten Tag anders ein",
    ),
    ("Due within so many days", "Fällig in höchstens so vielen Tagen"),
    ("Tag", "Schlagwort"),
    ("Slot", "Slot dafür"),
    ("Free day", "Freier Tag"),
    ("Tasks that are no work may go there", "Aufgaben, die keine Arbeit sind, dürfen dorthin"),
    ("Land (DE: only what all have)", "Land (DE: nur, was alle haben)"),
    (
        "Tasks that are no work: as usual, as on a weekend, none",
        "Aufgaben, die keine Arbeit sind: wie sonst, wie am Wochenende, gar nicht",
    ),
    ("usual", "wie sonst"),
    ("weekend", "wie am Wochenende"),
    ("none", "gar nicht"),
    ("15 August as well (municipalities of Bavaria)", "Auch der 15. August (Gemeinden in Bayern)"),
    (
        "Corpus Christi as well (municipalities of Saxony and Thuringia)",
        "Auch Fronleichnam (Gemeinden in Sachsen und Thüringen)",
    ),
    ("8 August as well (Augsburg)", "Auch der 8. August (Augsburg)"),
    ("First day", "Erster Tag"),
    ("Last day", "Letzter Tag"),
    ("Tasks that are no work stay planned", "Aufgaben, die keine Arbeit sind, bleiben eingeplant"),
];

/// The one sentence that a ready rule says in German, because the program always said it so.
const GERMAN_PAIRS: [Pair; 1] = [("unbekannte Kategorie {}", "unknown category {}")];

/// What stands between the reasons of several rules.
const BETWEEN: &str = "; ";

// Whatever is put into a sentence fits into its hole.
static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns::new(PAIRS, |_, value, _| Some(value.to_owned())));

static GERMAN_PATTERNS: LazyLock<Patterns> =
    LazyLock::new(|| Patterns::new(GERMAN_PAIRS, |_, value, _| Some(value.to_owned())));

/// Why rules do what they do, in the reader's language where ready rules say it.
pub fn reasons(words: &str, lang: Lang) -> String {
    let patterns = lang.pick(&GERMAN_PATTERNS, &PATTERNS);
    let said = words.split(BETWEEN).map(|reason| patterns.german(reason).unwrap_or_else(|| reason.to_owned()));
    said.collect::<Vec<_>>().join(BETWEEN)
}

/// What a ready rule says, in the reader's language; as it is where nobody wrote it in German.
pub fn said(english: &str, lang: Lang) -> Cow<'_, str> {
    let german = match lang {
        Lang::En => None,
        Lang::De => PATTERNS.german(english),
    };
    german.map_or(Cow::Borrowed(english), Cow::Owned)
}
