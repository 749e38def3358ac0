//! What goes wrong while rules are asked, and with lists of rules and their options.

use crate::view::patterns::Pair;

pub(super) const PAIRS: &[Pair] = &[
    // Lists.
    ("the list of rules is empty", "die Liste der Regeln ist leer"),
    (
        "a list of rules has at most {} scripts, not {}",
        "eine Liste von Regeln hat höchstens {number} Skripte, nicht {number}",
    ),
    (
        "no script of the list defines {}; put spartan first, whose slots it can keep",
        "kein Skript der Liste definiert {}; setz spartan an den Anfang, dessen Slots kann es behalten",
    ),
    (
        "no day has a slot: these rules only change the slots of rules before them; put spartan first, or return a list such as [slot(\"morgens\", \"09:00\", \"12:30\")]",
        "kein Tag hat einen Slot: diese Regeln ändern nur die Slots von Regeln vor ihnen; setz spartan an den Anfang, oder gib eine Liste zurück wie [slot(\"morgens\", \"09:00\", \"12:30\")]",
    ),
    ("this version has no rules of that name; it has {}", "diese Version hat keine Regeln dieses Namens; sie hat {}"),
    ("the rules of a user are run by a server alone", "eigene Regeln von Benutzern führt nur ein Server aus"),
    ("the list has no such script", "die Liste hat kein solches Skript"),
    // What hooks return.
    (
        "place must return on(...), anywhere() or never(...), but returned {}",
        "place muss on(...), anywhere() oder never(...) zurückgeben; zurück kam {type}",
    ),
    ("slots must return a list of slot(...), but {}", "slots muss eine Liste von slot(...) zurückgeben; {sentence}"),
    ("returned {} of them; a day has at most {}", "zurück kamen {number}, und ein Tag hat höchstens {number}"),
    ("returned {}", "zurück kam {type}"),
    ("item {} is {}", "Eintrag {number} ist {type}"),
    (
        "categories must return a list of words, such as [\"arbeit\"], but returned {}",
        "categories muss eine Liste von Wörtern zurückgeben wie [\"arbeit\"]; zurück kam {returned}",
    ),
    ("describe must return a text, but returned {}", "describe muss einen Text zurückgeben; zurück kam {type}"),
    (
        "options must return a list such as [flag(\"name\", true)], but {}",
        "options muss eine Liste zurückgeben wie [flag(\"name\", true)]; {sentence}",
    ),
    // Options.
    ("a script has at most {} options, not {}", "ein Skript hat höchstens {number} Optionen, nicht {number}"),
    ("two options are named '{}'", "zwei Optionen heißen „{}“"),
    (
        "an option's name is a word of at most {} letters, digits, - and _",
        "der Name einer Option ist ein Wort von höchstens {number} Buchstaben, Ziffern, - und _",
    ),
    ("the default of option '{}' {}", "der Standardwert der Option „{}“ {sentence}"),
    ("options() declares the options; it cannot read one", "options() erklärt die Optionen erst; lesen kann es keine"),
    (
        "the script declares no option '{}': it has no options()",
        "das Skript kennt keine Option „{}“: es hat keine Funktion options()",
    ),
    ("the script declares no option '{}'", "das Skript kennt keine Option „{}“"),
    ("between(…) is for numbers; option '{}' is a {}", "between(…) ist für Zahlen da; die Option „{}“ ist {kind}"),
    ("no number lies between {} and {}", "zwischen {number} und {number} liegt keine Zahl"),
    ("choice('{}', …) is one of 1 to {} texts", "choice(\"{}\", …) wählt aus 1 bis {number} Texten"),
    (
        "choice('{}', …) is among texts of at most {} characters",
        "choice(\"{}\", …) wählt aus Texten von höchstens {number} Zeichen",
    ),
    ("choice('{}', …) is among texts, not {}", "choice(\"{}\", …) wählt aus Texten; hier steht {type}"),
    ("option '{}' {}", "die Option „{}“ {sentence}"),
    ("is true or false", "ist true oder false"),
    ("is a number from {} to {}, not {}", "ist eine Zahl von {number} bis {number}, nicht {number}"),
    ("is a whole number", "ist eine ganze Zahl"),
    ("is a text of at most {} characters", "ist ein Text von höchstens {number} Zeichen"),
    ("is one of {}, not {}", "ist eins von {}, nicht {}"),
    ("is one of {}", "ist eins von {}"),
    ("is a date such as 24.12.2025, not {}", "ist ein Datum wie 24.12.2025, nicht {}"),
    ("is a date such as 24.12.2025", "ist ein Datum wie 24.12.2025"),
    // Functions that are bounded.
    (
        "pad fills a list with single values, not with lists or maps",
        "pad füllt eine Liste mit einzelnen Werten, nicht mit Listen oder Maps",
    ),
    ("pad needs something to fill with", "pad braucht etwas zum Auffüllen"),
    // Limits.
    (
        "the script needs more than {} operations for one answer",
        "das Skript braucht mehr als {number} Rechenschritte für eine Antwort",
    ),
    ("the rules took longer than {} seconds", "die Regeln haben länger als {number} Sekunden gebraucht"),
    ("the rules took longer than {}", "die Regeln haben länger als {word} gebraucht"),
    (
        "the rules need more memory than a run may have ({} MiB)",
        "die Regeln brauchen mehr Speicher, als ein Lauf haben darf ({number} MiB)",
    ),
    (
        "the process that ran the rules was ended before it could answer",
        "der Prozess, in dem die Regeln liefen, wurde beendet, bevor er antworten konnte",
    ),
    (
        "the process that ran the rules gave no answer that rules can give",
        "der Prozess, in dem die Regeln liefen, hat etwas geantwortet, was Regeln nicht antworten können",
    ),
    (
        "the server cannot start a process to run the rules in; its administrator finds why in its log",
        "der Server kann keinen Prozess starten, in dem die Regeln laufen; warum, steht in seinem Log",
    ),
    ("the script gave up without saying why", "das Skript hat aufgegeben, ohne zu sagen, warum"),
    ("the script made its interpreter fail", "an diesem Skript ist das Ausführen gescheitert"),
    (
        "functions call one another more than {} levels deep",
        "Funktionen rufen einander mehr als {number} Ebenen tief auf",
    ),
    ("there are more than {} variables at once", "es gibt mehr als {number} Variablen zugleich"),
    ("a value grew too large: {}", "ein Wert ist zu groß geworden: {sentence}"),
    ("a text may have {} bytes", "ein Text darf {number} Bytes haben"),
    (
        "a list or map may have {} entries, those of lists within it included",
        "eine Liste oder Map darf {number} Einträge haben, die von Listen in ihr mitgezählt",
    ),
    // What `categories` returned.
    ("a list with an empty word in it", "eine Liste mit einem leeren Wort"),
    ("a list with {} in it", "eine Liste, in der {type} steht"),
    ("a word of more than {} characters", "ein Wort von mehr als {number} Zeichen"),
    ("{} of them; a script has at most {}", "eine mit {number}, und ein Skript hat höchstens {number}"),
];
