//! The authors' reference as Markdown, made from the tables that the engine's words come from.

use super::engine;
use super::evaluate::SCRIPTS_MAX;
use super::names::HOOKS;
use super::trial::{self, FIELDS};
use super::words::{Kind, WORDS, in_order};
use crate::domain::lang::{Lang, Phrase};

const HEAD: Phrase = Phrase {
    en: "\
# Words of placement rules

Made by `codexmiroir rules reference`; do not edit.

A rule script is written in [Rhai](https://rhai.rs/book/). It defines functions that are asked, the hooks, and these may
use the words below. Names that stand under *also* mean the same. There is no clock, no chance, no file and no network:
equal questions get equal answers.
",
    de: "\
# Die Wörter der Regeln

Erzeugt mit `codexmiroir rules reference --german`; nicht von Hand ändern.

Ein Regelskript ist in [Rhai](https://rhai.rs/book/) geschrieben. Es enthält Funktionen, die gefragt werden, die Hooks,
und diese dürfen die Wörter unten benutzen. Ein Name unter *auch* bedeutet dasselbe; mit diesen englischen Namen sind die
Regeln geschrieben, die zum Programm gehören. Es gibt keine Uhr, keinen Zufall, keine Datei und kein Netz: Auf gleiche
Fragen folgen gleiche Antworten.
",
};

/// A list of rules as a whole, which the test below holds to be one.
const EXAMPLE: Phrase = Phrase {
    en: r#"fn slots(day, slots) {
    if day.weekend || day == easter(day.year) + 1 { return []; }
    [
        slot("morgens", "09:00", "12:30"),
        slot("nachmittags", "13:30", "17:00").cutoff("14:00"),
    ]
}

fn place(task, today) {
    if task.kategorie == "privat" { return on(["fr"]).at("nachmittags").because("private matters on Friday"); }
    if task.deadline != () && task.deadline - today < 7 { return anywhere().ahead_of_line(1); }
    on(weekdays)
}
"#,
    de: r#"fn slots(tag, slots) {
    if tag.wochenende || tag == ostern(tag.jahr) + 1 { return []; }
    [
        slot("morgens", "09:00", "12:30"),
        slot("nachmittags", "13:30", "17:00").schluss("14:00"),
    ]
}

fn place(aufgabe, heute) {
    if aufgabe.kategorie == "privat" { return an(["fr"]).im_slot("nachmittags").weil("Privates am Freitag"); }
    if aufgabe.frist != () && aufgabe.frist - heute < 7 { return ueberall().vorrang(1); }
    an(werktage)
}
"#,
};

/// What authors who know the language, or another one, ask first.
const LANGUAGE: Phrase = Phrase {
    en: r#"
## What of Rhai is there

`if`, `switch`, `for`, `while`, `loop`, `let`, `return`, `throw` and `try`; numbers, texts, lists and maps with their
methods; functions of one's own, and functions without a name such as `|slot| slot.name != "abends"`.

- A function sees its parameters, its own variables, `weekdays` and `weekends`; one without a name sees only its
  parameters, so what else it needs is written as a `for` loop. A `const` outside functions is seen by none, and what
  stands there is never run.
- There is no `import`, `eval`, `call` or `sleep`. Words of Rhai are no names: `until`, `default`, `is`, `match`, `new`, `with`.
- A text stands between double quotes; between backticks `${…}` puts values into it. Names are of ASCII.
- A value of one type never equals one of another. Comparing a date, or a number of a day, with a text is an error.

## Slots

- The slots of a day do not overlap, and none goes across midnight. Their names are kept in lower case, each once a day.
- Without a cutoff a slot is offered on its own day until it begins.
- `slots` returns all slots of the day: what it leaves out of those that earlier scripts gave is gone. So a script that
  changes nothing on a day returns `slots`, and one that stands alone makes slots of its own.

## Dates

A text with a date is `24.12.2025`, `1.4.2025` or `2025-12-24`; `date("…")`, `.from("…")` and `.up_to("…")` read it.
`task.deadline` and `day` are dates already; `task.deadline` is `()` where a task has none.
"#,
    de: r#"
## Was es von Rhai gibt

`if`, `switch`, `for`, `while`, `loop`, `let`, `return`, `throw` und `try`; Zahlen, Texte, Listen und Maps mit ihren
Methoden; eigene Funktionen, auch solche ohne Namen wie `|slot| slot.zeit != "abends"`.

- Eine Funktion sieht ihre Parameter, ihre eigenen Variablen, `werktage` und `wochenenden`; eine ohne Namen sieht nur ihre
  Parameter. Was mehr braucht, wird als `for`-Schleife geschrieben. Ein `const` außerhalb von Funktionen sieht keine, und
  was dort sonst steht, wird nie ausgeführt.
- `import`, `eval`, `call` und `sleep` gibt es nicht. Wörter, die Rhai für sich behält, sind keine Namen: `until`, `default`,
  `is`, `match`, `new`, `with`.
- Ein Text steht zwischen doppelten Anführungszeichen; zwischen Backticks setzt `${…}` Werte in ihn ein. Namen bestehen aus
  ASCII-Zeichen: `ueberall`, nicht „überall“.
- Werte verschiedener Typen sind nie gleich. Ein Datum oder eine Zahl eines Tages mit einem Text zu vergleichen ist ein
  Fehler.

## Slots

- Die Slots eines Tages überschneiden sich nicht, und keiner geht über Mitternacht. Ihre Namen werden in Kleinbuchstaben
  geführt; jeden gibt es an einem Tag nur einmal.
- Ohne Schluss wird ein Slot an seinem eigenen Tag angeboten, bis er beginnt.
- `slots` gibt alle Slots des Tages zurück: Was es von denen weglässt, die frühere Skripte gaben, ist weg. Ein Skript, das
  an einem Tag nichts ändert, gibt also `slots` zurück, und eines, das allein steht, macht eigene.

## Daten

Ein Text mit einem Datum ist `24.12.2025`, `1.4.2025` oder `2025-12-24`; `datum("…")`, `.ab("…")` und `.bis("…")` lesen ihn.
`aufgabe.frist` und `tag` sind schon ein Datum; `aufgabe.frist` ist `()`, wenn eine Aufgabe keine hat.
"#,
};

const HOOKS_ARE: Phrase = Phrase {
    en: "\n## Hooks\n\nAll are optional, but some script of a list must define `slots`.\n\n\
         | define | returns | meaning |\n| --- | --- | --- |\n",
    de: "\n## Die Hooks\n\nAlle sind freiwillig, aber ein Skript einer Liste muss `slots` haben.\n\n\
         | Funktion | gibt zurück | Bedeutung |\n| --- | --- | --- |\n",
};

const EITHER_SIDE: Phrase = Phrase {
    en: "\nA day of the plan and a date may stand on either side.\n",
    de: "\nEin Tag des Plans und ein Datum dürfen auf beiden Seiten stehen.\n",
};

const TESTS: Phrase = Phrase {
    en: "\n# Words of tests\n\n\
         A file `mine.test.rhai` beside `mine.rhai` tests it. Each `fn test_…()` in it has tasks planned and says what \
         it expects; `codexmiroir rules test` runs them. All words above are there, too.\n",
    de: "\n# Die Wörter der Tests\n\n\
         Eine Datei `meine.test.rhai` neben `meine.rhai` prüft es. Jede Funktion `fn test_…()` darin lässt Aufgaben planen \
         und sagt, was sie erwartet; `codexmiroir rules test` führt sie aus. Auch alle Wörter von oben gibt es dort.\n",
};

const FIELDS_ARE: Phrase = Phrase {
    en: "\nWhat `plan` is given, all but `now` as it is needed:\n\n| in the map | also | is |\n| --- | --- | --- |\n",
    de: "\nWas `plane` bekommt, alles außer `jetzt` nach Bedarf:\n\n| in der Map | auch | ist |\n| --- | --- | --- |\n",
};

const WORDS_ARE: Phrase = Phrase {
    en: "| write | also | gives | meaning |\n| --- | --- | --- | --- |\n",
    de: "| Schreibweise | auch | ergibt | Bedeutung |\n| --- | --- | --- | --- |\n",
};

/// A section of the reference: its title in English and in German, and whose words are in it.
type Section = (&'static str, &'static str, Kind);

/// What all scripts have; the next two are apart from these because a sentence stands between.
const OF_SCRIPTS: [Section; 10] = [
    ("Constants", "Konstanten", Kind::Constant),
    ("Functions", "Funktionen", Kind::Function),
    ("After a slot", "Hinter einem Slot", Kind::Method("slot")),
    ("After a constraint", "Hinter einer Bedingung", Kind::Method("constraint")),
    ("After an option", "Hinter einer Option", Kind::Method("option")),
    ("Of a task", "Eigenschaften einer Aufgabe", Kind::Property("task")),
    ("Of a day", "Eigenschaften eines Tages", Kind::Property("day")),
    ("Of a date", "Eigenschaften eines Datums", Kind::Property("date")),
    ("Of a slot", "Eigenschaften eines Slots", Kind::Property("slot")),
    ("Between days and dates", "Zwischen Tagen und Daten", Kind::Operator("day")),
];
const OF_SCRIPTS_TOO: [Section; 2] =
    [("Between slots", "Zwischen Slots", Kind::Operator("slot")), ("As text", "Als Text", Kind::Method("day"))];
const TO_EXPECT: Section = ("To plan and to expect", "Planen und erwarten", Kind::Test);
const OF_PLANS: [Section; 2] = [
    ("After a plan", "Hinter einem Plan", Kind::Method("plan")),
    ("Of a plan", "Eigenschaften eines Plans", Kind::Property("plan")),
];

/// The reference of everything that a script may define and use.
pub fn reference(lang: Lang) -> String {
    let mut text = HEAD.text(lang).to_owned();
    text.push_str(&format!("\n```rhai\n{}```\n{}", EXAMPLE.text(lang), LANGUAGE.text(lang)));
    text.push_str(HOOKS_ARE.text(lang));
    for hook in HOOKS {
        let usage = lang.pick(hook.usage, hook.german_usage);
        text.push_str(&format!("| `fn {usage}` | {} | {} |\n", hook.result.text(lang), hook.meaning.text(lang)));
    }
    let sections = |sections: &[Section]| sections.iter().map(|of| section(of, lang)).collect::<String>();
    text.push_str(&sections(&OF_SCRIPTS));
    text.push_str(EITHER_SIDE.text(lang));
    text.push_str(&sections(&OF_SCRIPTS_TOO));
    text.push_str(TESTS.text(lang));
    text.push_str(&section(&TO_EXPECT, lang));
    text.push_str(FIELDS_ARE.text(lang));
    for (name, also, [en, de]) in FIELDS {
        let (dot, name) = name.strip_prefix('.').map_or(("", name), |name| (".", name));
        let (first, other) = in_order(name, also, lang);
        text.push_str(&format!("| `{dot}{first}` | {} | {} |\n", as_code(other), lang.pick(en, de)));
    }
    text.push_str(&sections(&OF_PLANS));
    text.push_str(&limits(lang));
    text
}

fn section((en, de, kind): &Section, lang: Lang) -> String {
    let mut text = format!("\n## {}\n\n{}", lang.pick(en, de), WORDS_ARE.text(lang));
    for word in WORDS.iter().filter(|word| word.kind == *kind) {
        let (_, other) = word.names(lang);
        let forms: Vec<String> = word.forms(lang).iter().map(|form| format!("`{form}`")).collect();
        let (forms, result, meaning) = (forms.join("<br>"), word.result.text(lang), word.meaning.text(lang));
        text.push_str(&format!("| {forms} | {} | {result} | {meaning} |\n", as_code(other)));
    }
    text
}

/// A name as code, or nothing where there is none.
fn as_code(name: Option<&str>) -> String {
    name.map(|name| format!("`{name}`")).unwrap_or_default()
}

fn limits(lang: Lang) -> String {
    let (source, text) = (engine::SOURCE_BYTES_MAX / 1024, engine::STRING_BYTES_MAX / 1024);
    let (operations, calls) = (engine::OPERATIONS_MAX, engine::CALL_LEVELS_MAX);
    let (variables, entries, plans) = (engine::VARIABLES_MAX, engine::ENTRIES_MAX, trial::PLANS_MAX);
    match lang {
        Lang::En => format!(
            "\n## Limits\n\n\
             A script has at most {source} KiB, a list {SCRIPTS_MAX} scripts. One answer may take {operations} operations, \
             {calls} functions within one another and {variables} variables; a text has at most {text} KiB, a list or map \
             {entries} entries, those within it included. A script that needs more is refused, or the rules that worked \
             last stand in for it. A test may take as many operations as an answer, and ask for {plans} plans.\n"
        ),
        Lang::De => format!(
            "\n## Grenzen\n\n\
             Ein Skript hat höchstens {source} KiB, eine Liste {SCRIPTS_MAX} Skripte. Eine Antwort darf {operations} \
             Rechenschritte, {calls} ineinander geschachtelte Funktionen und {variables} Variablen brauchen; ein Text hat \
             höchstens {text} KiB, eine Liste oder Map {entries} Einträge, die darin enthaltenen mitgezählt. Ein \
             Skript, das mehr braucht, wird abgelehnt, oder die Regeln, die zuletzt liefen, vertreten es. Ein Test darf so \
             viele Rechenschritte brauchen wie eine Antwort, und {plans} Pläne verlangen.\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::names::Hook;

    const LANGS: [Lang; 2] = [Lang::En, Lang::De];

    #[test]
    fn the_example_is_a_list_of_rules() {
        for lang in LANGS {
            let example = [crate::domain::script::Script::new("example", EXAMPLE.text(lang))];
            assert_eq!(crate::rules::RuleSet::compile(&example).unwrap().check_all(), []);
        }
    }

    #[test]
    fn the_language_is_as_it_is_said() {
        for word in ["until", "default", "is", "match", "new", "with"] {
            assert!(LANGS.iter().all(|lang| LANGUAGE.text(*lang).contains(&format!("`{word}`"))), "{word}");
            let source = format!("fn slots(day, slots) {{ let {word} = 1; [] }}");
            let script = crate::domain::script::Script::new("word", source);
            assert!(crate::rules::RuleSet::compile(&[script]).is_err(), "{word} is no word of Rhai");
        }
    }

    #[test]
    fn the_documents_are_what_the_tables_say() {
        for (lang, command, file, document) in [
            (Lang::En, "rules reference", "rules-reference.md", include_str!("../../docs/rules-reference.md")),
            (
                Lang::De,
                "rules reference --german",
                "rules-reference.de.md",
                include_str!("../../docs/rules-reference.de.md"),
            ),
        ] {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/");
            assert!(document == reference(lang), "write what `codexmiroir {command}` prints to {path}{file}");
            assert!(document.contains(&format!("`codexmiroir {command}`")), "{file}");
        }
    }

    #[test]
    fn every_word_is_in_it_with_all_its_names() {
        for lang in LANGS {
            let text = reference(lang);
            for word in WORDS.iter() {
                let meaning = word.meaning.text(lang);
                assert!(text.contains(&format!("| {meaning} |")), "{}", word.name);
                let names = [Some(word.name), word.also()];
                assert!(names.into_iter().flatten().all(|name| text.contains(name)), "{}", word.name);
                let has_bar = word.forms(lang).iter().any(|form| form.contains('|'));
                assert!(meaning.ends_with('.') && !has_bar, "{}", word.name);
            }
        }
    }

    /// What of a form is no text between quotes, in pieces that are names, numbers or single signs.
    fn pieces(form: &str) -> Vec<String> {
        let mut pieces = Vec::new();
        let mut was_name = false;
        for code in form.split('"').step_by(2) {
            for sign in code.chars() {
                let is_name = sign.is_alphanumeric() || sign == '_';
                match pieces.last_mut() {
                    Some(piece) if is_name && was_name => String::push(piece, sign),
                    _ => pieces.push(sign.to_string()),
                }
                was_name = is_name;
            }
            was_name = false;
            pieces.push("\"".to_owned());
        }
        pieces
    }

    /// A form says the same in both languages: what differs are names of one thing, and what stands between quotes.
    #[test]
    fn german_forms_are_the_english_ones_by_german_names() {
        let fields = FIELDS.iter().map(|(name, also, _)| (name.trim_start_matches('.'), *also));
        let words = WORDS.iter().map(|word| (word.name, word.also().unwrap_or_default()));
        let parameters = [("task", "aufgabe"), ("today", "heute")];
        let names: Vec<(&str, &str)> = fields.chain(words).chain(parameters).collect();
        let is_same = |(english, german): (&String, &String)| {
            english == german || names.contains(&(english.as_str(), german.as_str()))
        };
        let are_same = |english: &str, german: &str| {
            let (english, german) = (pieces(english), pieces(german));
            english.len() == german.len() && english.iter().zip(&german).all(is_same)
        };
        for word in WORDS.iter() {
            let [english, german] = LANGS.map(|lang| word.forms(lang));
            let is_same = english.len() == german.len() && english.iter().zip(german).all(|(e, g)| are_same(e, g));
            assert!(is_same, "{english:?} {german:?}");
            for lang in LANGS {
                let (first, _) = word.names(lang);
                let is_first = |form: &&str| pieces(form).iter().any(|piece| piece == first);
                let is_sign = matches!(word.kind, Kind::Operator(_));
                assert!(is_sign || word.forms(lang).iter().all(is_first), "{first}");
            }
        }
        let are_same = |hook: &&Hook| are_same(hook.usage, hook.german_usage);
        assert!(HOOKS.iter().all(are_same));
    }
}
