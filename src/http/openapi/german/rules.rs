//! What types say of rules and what is planned with others.

use super::Pair;

pub const PAIRS: &[Pair] = &[
    ("1 to 64 characters of a-z, 0-9 and `-`.", "1 bis 64 Zeichen aus a-z, 0-9 und `-`."),
    (
        "A place in a list of rules: a script of the library by its name, or one's own.",
        "Ein Platz in einer Regelliste: ein mitgeliefertes Skript mit seinem Namen oder ein eigenes.",
    ),
    (
        "A place in a list of rules: `use`, or `name` and `script`.",
        "Ein Platz in einer Regelliste: `use`, oder `name` und `script`.",
    ),
    ("A rule of one's own as it was written.", "Eine eigene Regel, wie sie geschrieben wurde."),
    ("A script of at most 16 KiB.", "Ein Skript von höchstens 16 KiB."),
    ("A script that does not let the task in.", "Ein Skript, das die Aufgabe nicht hineinlässt."),
    ("A slot that would not be as it is.", "Ein Slot, der nicht wäre, wie er ist."),
    ("A slot without what is in it.", "Ein Slot ohne das, was darin ist."),
    ("A task whose deadline is missed.", "Eine Aufgabe, deren Termin verfehlt wird."),
    ("A version of your rules with its texts.", "Eine Version deiner Regeln mit ihren Texten."),
    ("A version of your rules.", "Eine Version deiner Regeln."),
    ("An error of a script.", "Ein Fehler in einem Skript."),
    ("An option that a script declares.", "Eine Option, die ein Skript erklärt."),
    ("As it is; null for one that would open.", "Wie er ist; null bei einem, der öffnen würde."),
    ("As it would be; null for one that would close.", "Wie er wäre; null bei einem, der schließen würde."),
    (
        "At most 32 scripts with names of their own; they apply in their order.",
        "Höchstens 32 Skripte, jedes mit eigenem Namen; sie gelten in ihrer Reihenfolge.",
    ),
    ("`check`, `look`, `test` or `save`.", "`check`, `look`, `test` oder `save`."),
    ("Counted from 1, in characters.", "Von 1 an gezählt, in Zeichen."),
    (
        "Counted from 1; null where it is of the script as a whole.",
        "Von 1 an gezählt; null, wo es um das Skript als Ganzes geht.",
    ),
    ("`flag`, `number`, `text`, `choice` or `day`.", "`flag`, `number`, `text`, `choice` oder `day`."),
    ("In their order, as they can be set.", "In ihrer Reihenfolge, so wie sie sich setzen lassen."),
    (
        "In their order, as they can be set; null where your rules were removed.",
        "In ihrer Reihenfolge, so wie sie sich setzen lassen; null, wo deine Regeln entfernt wurden.",
    ),
    ("Its number: the generation that made it.", "Ihre Nummer: die Generation, mit der sie entstand."),
    ("Its own words; null where it has none.", "In seinen eigenen Worten; null, wo es keine hat."),
    (
        "Its tests, functions `test_…()` in a text of at most 16 KiB; all have to pass. They are kept with the \
         script.",
        "Seine Tests, Funktionen `test_…()` in einem Text von höchstens 16 KiB; alle müssen bestehen. Sie werden \
         mit dem Skript aufbewahrt.",
    ),
    (
        "Null where it could not be told which of several it is.",
        "Null, wo sich nicht sagen ließ, welches von mehreren es ist.",
    ),
    ("Of a choice: the texts that it is one of.", "Bei einer Auswahl: die Texte, von denen sie einer ist."),
    ("Of a day, and of its value: `DD.MM.YYYY`.", "Bei einem Tag hier und als Wert: `DD.MM.YYYY`."),
    ("Of a number: the largest, where the script says one.", "Bei einer Zahl: die größte, wo das Skript eine nennt."),
    (
        "Of a number: the smallest, where the script says one.",
        "Bei einer Zahl: die kleinste, wo das Skript eine nennt.",
    ),
    ("Of the user's own: which version.", "Bei eigenen des Benutzers: welche Version."),
    ("One change of the list of rules.", "Eine Änderung der Regelliste."),
    ("One script of your own, instead of `rules`.", "Ein einziges eigenes Skript, anstelle von `rules`."),
    ("Options that are set; the others have their defaults.", "Gesetzte Optionen; die anderen haben ihre Vorgaben."),
    (
        "`options`, `add`, `remove`, `up`, `reset` or `restore`.",
        "`options`, `add`, `remove`, `up`, `reset` oder `restore`.",
    ),
    ("Rules to set: a list, or one script alone.", "Zu setzende Regeln: eine Liste oder ein einziges Skript."),
    (
        "Slots that would open, close, or be of another kind.",
        "Slots, die öffnen, schließen oder anderer Art sein würden.",
    ),
    (
        "Tasks that are in no slot and not in line, and would come into none, but for another reason.",
        "Aufgaben, die in keinem Slot und nicht in der Reihe stehen und auch in keinen kämen, aber aus einem \
         anderen Grund.",
    ),
    (
        "Tasks that come into a slot and are in none at present.",
        "Aufgaben, die in einen Slot kommen und jetzt in keinem stehen.",
    ),
    ("Tasks that go from one slot to another.", "Aufgaben, die von einem Slot in einen anderen kommen."),
    (
        "Tasks that lose their slot, and those that are in line and would not be any more.",
        "Aufgaben, die ihren Slot verlieren, und solche, die in der Reihe stehen und es nicht mehr täten.",
    ),
    (
        "Tasks that miss their deadline at present and would not any more.",
        "Aufgaben, die ihren Termin jetzt verfehlen und es nicht mehr täten.",
    ),
    (
        "Tasks that would miss their deadline and do not at present, wherever they stand.",
        "Aufgaben, die ihren Termin verfehlen würden und jetzt halten, wo sie auch stehen.",
    ),
    (
        "The entity tag of the rules as they were as the writing began.",
        "Das ETag der Regeln, wie sie waren, als das Schreiben begann.",
    ),
    ("The entity tag of the rules as they were shown.", "Das ETag der Regeln, wie sie gezeigt wurden."),
    ("The function that it is in, if it is in one.", "Die Funktion, in der er steht, wenn er in einer steht."),
    (
        "The id of the task that it came up with; null where it is of none of your tasks.",
        "Die id der Aufgabe, bei der er auftrat; null, wo es um keine deiner Aufgaben geht.",
    ),
    ("The name of a rule set that comes with the program.", "Der Name einer Regel, die zum Programm gehört."),
    ("The name of an option; it may be there several times.", "Der Name einer Option; er darf mehrmals vorkommen."),
    ("The name of the script that it is about.", "Der Name des Skripts, um das es geht."),
    ("The name of the script.", "Der Name des Skripts."),
    (
        "The names of its scripts; null where your rules were removed.",
        "Die Namen ihrer Skripte; null, wo deine Regeln entfernt wurden.",
    ),
    (
        "The names of the scripts in the list, as `name` of a timeline's rules has them.",
        "Die Namen der Skripte in der Liste, wie `name` bei den Regeln eines Zeitplans.",
    ),
    (
        "The names of their scripts in their order, joined by ` + `; more than three are cut after the third.",
        "Die Namen ihrer Skripte in ihrer Reihenfolge, verbunden mit ` + `; mehr als drei sind nach dem dritten \
         abgeschnitten.",
    ),
    ("The options' values, in the same order.", "Die Werte der Optionen, in derselben Reihenfolge."),
    (
        "The plan under a list of rules beside the present one. Of a list that could not be set only the errors are \
         there.",
        "Der Plan nach einer Regelliste neben dem jetzigen. Bei einer Liste, die sich nicht setzen ließe, sind nur \
         die Fehler da.",
    ),
    ("The present reason.", "Der jetzige Grund."),
    (
        "The rule of the list whose place it takes; empty for one that goes to the end.",
        "Die Regel der Liste, an deren Stelle sie tritt; leer für eine, die ans Ende kommt.",
    ),
    ("The rules of the present plan.", "Die Regeln des jetzigen Plans."),
    ("The rules that a timeline was planned with.", "Die Regeln, nach denen ein Zeitplan geplant wurde."),
    ("The rules that apply.", "Die Regeln, die gelten."),
    ("The script's own words.", "Die eigenen Worte des Skripts."),
    (
        "The slot that it loses; null for one that is in line.",
        "Der Slot, den sie verliert; null bei einer, die in der Reihe steht.",
    ),
    ("The text of its tests, where it brings some.", "Der Text seiner Tests, wo es welche mitbringt."),
    ("The text of its tests.", "Der Text ihrer Tests."),
    ("The text of the script.", "Der Text des Skripts."),
    ("The value of an option.", "Der Wert einer Option."),
    (
        "The value that applies: what was set, else the default.",
        "Der Wert, der gilt: was gesetzt wurde, sonst die Vorgabe.",
    ),
    ("The version of your own; null for others.", "Die Version deiner eigenen; bei anderen null."),
    ("The version that is set again.", "Die Version, die wieder gesetzt wird."),
    ("The versions of your rules, the latest first.", "Die Versionen deiner Regeln, die neueste zuerst."),
    ("The way that it came: the name of a token, …", "Auf welchem Weg sie kam: der Name eines Tokens, …"),
    ("`true`: nothing is changed, only shown.", "`true`: Es wird nichts geändert, nur gezeigt."),
    ("`true`: what is set of its options is forgotten.", "`true`: Was an ihren Optionen gesetzt ist, wird vergessen."),
    (
        "`user` for the user's own, `server` for those that the server was started with, or `builtin`.",
        "`user` für die eigenen des Benutzers, `server` für die, mit denen der Server gestartet wurde, oder \
         `builtin`.",
    ),
    (
        "`user` for your own, `server` for those that the server was started with, or `builtin`.",
        "`user` für deine eigenen, `server` für die, mit denen der Server gestartet wurde, oder `builtin`.",
    ),
    ("Values of options that the script declares.", "Werte von Optionen, die das Skript erklärt."),
    (
        "`waiting` where it is simply in line; else a reason as the timeline has it.",
        "`waiting`, wo sie nur in der Reihe steht; sonst ein Grund wie im Zeitplan.",
    ),
    (
        "What a form writes beside it; null where the script gives none.",
        "Was ein Formular danebenschreibt; null, wo das Skript nichts angibt.",
    ),
    ("What a script says of itself.", "Was ein Skript von sich selbst sagt."),
    (
        "What each says of itself, in the same order: what a form shows. Null for a script that cannot be asked.",
        "Was jede von sich selbst sagt, in derselben Reihenfolge: was ein Formular zeigt. Null bei einem Skript, \
         das sich nicht fragen lässt.",
    ),
    (
        "What is not met: `weekday`, `day`, `slot`, `from`, `up_to`, or `never` for a refusal whatever the slot.",
        "Was nicht erfüllt ist: `weekday`, `day`, `slot`, `from`, `up_to`, oder `never` für eine Ablehnung bei \
         jedem Slot.",
    ),
    (
        "What is wrong and, where a word was misspelt, the nearest right one. In English.",
        "Was falsch ist und, bei einem verschriebenen Wort, das ähnlichste richtige. Auf Englisch.",
    ),
    ("What is wrong with a list.", "Was an einer Liste falsch ist."),
    (
        "The same in the asker's language; only where rules are tried.",
        "Dasselbe in der Sprache der Anfrage; nur dort, wo Regeln ausprobiert werden.",
    ),
    ("What it is called.", "Wie sie heißt."),
    (
        "What it lets its user set, in the order of a form.",
        "Was es einstellen lässt, in der Reihenfolge eines Formulars.",
    ),
    (
        "What keeps it from that: the first error of each script.",
        "Was dagegen spricht: der erste Fehler jedes Skripts.",
    ),
    ("What the rule says about it.", "Was die Regel dazu sagt."),
    (
        "What would be allowed: days of the week such as `mon`, names of slots, the first or the last day.",
        "Was erlaubt wäre: Wochentage wie `mon`, Namen von Slots, der erste oder der letzte Tag.",
    ),
    (
        "Whether anything would: false exactly if all of the lists are empty.",
        "Ob sich etwas änderte: false genau dann, wenn alle Listen leer sind.",
    ),
    (
        "Whether tasks may still be put here; the slot that is running may not offer that any more.",
        "Ob hier noch Aufgaben hinkommen können; der Slot, der gerade läuft, bietet das vielleicht nicht mehr.",
    ),
    ("Whether the list could be set.", "Ob sich die Liste setzen ließe."),
    ("Whether the rules that should apply did.", "Ob die Regeln galten, die gelten sollten."),
    ("Whether they work with your tasks.", "Ob sie mit deinen Aufgaben funktionieren."),
    ("Why a task is in no slot.", "Warum eine Aufgabe in keinem Slot steht."),
    ("Why it is in none at present.", "Warum sie jetzt in keinem steht."),
    (
        "Why they did not; those named here took their place.",
        "Warum sie es nicht taten; die hier genannten traten an ihre Stelle.",
    ),
    ("Why they do not; others stand in for them meanwhile.", "Warum sie es nicht tun; solange vertreten andere sie."),
    (
        "With `slot_taken`: the id of the task that holds the slot.",
        "Mit `slot_taken`: die id der Aufgabe, die den Slot hat.",
    ),
];
