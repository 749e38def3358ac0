//! What comes of the tests that authors write.

use crate::view::patterns::Pair;

pub(super) const PAIRS: &[Pair] = &[
    ("what is asserted does not hold", "was der Test behauptet, stimmt nicht"),
    ("the first is {}, the second {}", "der erste Wert ist {}, der zweite {}"),
    ("a test has no parameters", "ein Test hat keine Parameter"),
    ("the file has no tests; write fn test_…() { … }", "die Datei hat keine Tests; schreib fn test_…() { … }"),
    ("one test asks for at most {} plans", "ein Test fragt nach höchstens {number} Plänen"),
    ("the tests belong to no script of the list", "die Tests gehören zu keinem Skript der Liste"),
    ("there is no such script beside the tests", "ein solches Skript gibt es neben den Tests nicht"),
    (
        "fixed: '{}' is no slot; write it as 14.10.2025 morgens",
        "fixed: „{}“ ist kein Slot; schreib ihn wie 14.10.2025 morgens",
    ),
    ("fixed: {}", "fixed: {sentence}"),
    // Plans.
    ("no slot '{}' is offered on {}", "einen Slot „{}“ gibt es am {} nicht"),
    ("the plan has no open task '{}'", "der Plan hat keine offene Aufgabe „{}“"),
    // What is planned.
    (
        "plan(#{…}) needs now, such as now: \"2025-10-13 08:00\"",
        "plan(#{…}) braucht now, etwa now: \"2025-10-13 08:00\"",
    ),
    (
        "now: '{}' is no time; write it as 2025-10-13 08:00",
        "now: „{}“ ist kein Zeitpunkt; schreib ihn wie 2025-10-13 08:00",
    ),
    ("two tasks are in the file {}", "zwei Aufgaben stehen in der Datei {}"),
    ("tasks: item {} is {}; write #{number: 1, …}", "tasks: Eintrag {number} ist {type}; schreib #{number: 1, …}"),
    (
        "'{}' is no name of a task's file; write 0001-Title.md",
        "„{}“ ist kein Dateiname einer Aufgabe; schreib etwa 0001-Titel.md",
    ),
    ("'{}' is no status", "„{}“ ist kein Status"),
    ("options: a map such as #{land: \"BY\"}, not {}", "options: eine Map wie #{land: \"BY\"}, nicht {type}"),
    ("a task has no field {}", "eine Aufgabe hat kein Feld {}"),
    ("plan has no field {}", "plan hat kein Feld {}"),
    ("{}: a text, not {}", "{}: ein Text, nicht {type}"),
    ("{}: a list, not {}", "{}: eine Liste, nicht {type}"),
    ("{}: a number from {} to {}, not {}", "{}: eine Zahl von {number} bis {number}, nicht {number}"),
    ("{}: a whole number, not {}", "{}: eine ganze Zahl, nicht {type}"),
];
