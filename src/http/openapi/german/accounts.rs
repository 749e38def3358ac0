//! What types say of accounts, sessions, tokens, settings and the server.

use super::Pair;

pub const PAIRS: &[Pair] = &[
    ("1 to 366.", "1 bis 366."),
    ("1 to 39 characters of `a-z`, `0-9`, `.`, `_`, `-`.", "1 bis 39 Zeichen aus `a-z`, `0-9`, `.`, `_`, `-`."),
    (
        "1 to 39 characters: a-z, 0-9, `.`, `_` and `-`, a letter or digit first.",
        "1 bis 39 Zeichen: a-z, 0-9, `.`, `_` und `-`, zuerst ein Buchstabe oder eine Ziffer.",
    ),
    ("12 to 128 characters.", "12 bis 128 Zeichen."),
    ("A backup that was made, or was not.", "Ein Backup, das gemacht wurde oder nicht."),
    ("A backup with secrets.", "Ein Backup mit Geheimnissen."),
    (
        "A disabled account's tokens stop working at once; what is in it stays.",
        "Die Tokens eines gesperrten Kontos gelten sofort nicht mehr; was darin ist, bleibt.",
    ),
    ("A file, a name, a path.", "Eine Datei, ein Name, ein Pfad."),
    ("A new password.", "Ein neues Passwort."),
    ("A password for somebody.", "Ein Passwort für jemanden."),
    ("A password of one's own.", "Ein eigenes Passwort."),
    ("A password that was changed.", "Ein geändertes Passwort."),
    (
        "A table of the database, or what else was looked at.",
        "Eine Tabelle der Datenbank, oder was sonst angesehen wurde.",
    ),
    ("A token to make.", "Ein neues Token."),
    ("A token to revoke.", "Ein zu widerrufendes Token."),
    ("An account that was added or changed.", "Ein Konto, das angelegt oder geändert wurde."),
    ("An account to add.", "Ein neues Konto."),
    ("An IANA name; the server's by default.", "Ein IANA-Name; sonst der des Servers."),
    ("`auto`, `light` or `dark`.", "`auto`, `light` oder `dark`."),
    (
        "`auto`, `light` or `dark`: what the pages look like; `auto` is as the reader's system is.",
        "`auto`, `light` oder `dark`: wie die Seiten aussehen; `auto` heißt wie das System des Lesers.",
    ),
    ("By name.", "Nach Namen."),
    ("Cannot sign in, and has no token that works.", "Kann sich nicht anmelden und hat kein Token, das gilt."),
    ("Days that the timeline covers, today included.", "Wie viele Tage der Zeitplan umfasst, heute mitgezählt."),
    ("`de` or `en`.", "`de` oder `en`."),
    (
        "`de` or `en`: the language of the user's pages and timeline.",
        "`de` oder `en`: die Sprache der Seiten und des Zeitplans dieses Benutzers.",
    ),
    ("`de` or `en`; the server's if left out.", "`de` oder `en`; weggelassen die Sprache des Servers."),
    (
        "Generations of everybody who is looked at; in the first piece alone.",
        "Generationen von allen, die angesehen werden; nur im ersten Stück.",
    ),
    ("Generations that were looked at.", "Generationen, die angesehen wurden."),
    (
        "How long it lasts: a number and `d`, `h` or `m`, such as `90d`.",
        "Wie lange es gilt: eine Zahl und `d`, `h` oder `m`, etwa `90d`.",
    ),
    (
        "How many days the timeline covers, today included: 1 to 366.",
        "Wie viele Tage der Zeitplan umfasst, heute mitgezählt: 1 bis 366.",
    ),
    ("How many documents there are.", "Wie viele Dokumente es gibt."),
    ("How many stay.", "Wie viele bleiben."),
    ("May manage accounts.", "Darf Konten verwalten."),
    ("Microseconds.", "Mikrosekunden."),
    (
        "Milliseconds; not there for one that was made before the server was started.",
        "Millisekunden; fehlt bei einem, das vor dem Start des Servers gemacht wurde.",
    ),
    (
        "`note` is nothing wrong; `wrong` is for somebody to see to; `mendable` a repair mends, and `mended` one \
         has.",
        "`note` heißt, dass nichts falsch ist; um `wrong` muss sich jemand kümmern; `mendable` behebt eine \
         Reparatur, und `mended` hat sie behoben.",
    ),
    ("Nothing has to be said.", "Es ist nichts zu sagen."),
    ("Of a form: the path to go to afterwards.", "Bei einem Formular: der Pfad, auf dem es danach weitergeht."),
    (
        "Of a token whose one scope is `feed`: the address of the calendar that it opens; its path alone where the \
         server does not know its own address.",
        "Bei einem Token, das allein `feed` erlaubt: die Adresse des Kalenders, den es öffnet; nur ihr Pfad, wo der \
         Server seine eigene Adresse nicht kennt.",
    ),
    ("Of the program.", "Vom Programm."),
    (
        "Of these, whose timeline was planned again and compared with what was noted then.",
        "Die davon, deren Zeitplan neu geplant und mit dem verglichen wurde, was damals vermerkt wurde.",
    ),
    (
        "`read`, `write`, `feed` or `admin`; it may be there several times.",
        "`read`, `write`, `feed` oder `admin`; es darf mehrmals vorkommen.",
    ),
    (
        "`read`, `write`, `feed`, `admin`: none that the asker's own token does not have.",
        "`read`, `write`, `feed`, `admin`: keines, das das eigene Token nicht hat.",
    ),
    ("Rows of the database, accounts, or single things.", "Zeilen der Datenbank, Konten oder einzelne Dinge."),
    (
        "Seconds from the beginning of one to that of the next.",
        "Sekunden vom Beginn des einen bis zu dem des nächsten.",
    ),
    ("Sessions that were ended.", "Sitzungen, die beendet wurden."),
    ("Settings that were changed.", "Geänderte Einstellungen."),
    ("Settings to change; what is left out stays.", "Zu ändernde Einstellungen; was weggelassen ist, bleibt."),
    ("Settings, as their form has them.", "Einstellungen, wie ihr Formular sie hat."),
    ("Somebody who is not signed in any more.", "Jemand, der nicht mehr angemeldet ist."),
    (
        "Somebody who was let in; the session is in `Set-Cookie`.",
        "Jemand, der eingelassen wurde; die Sitzung steht in `Set-Cookie`.",
    ),
    ("Somewhere where one is signed in.", "Ein Ort, an dem jemand angemeldet ist."),
    (
        "Such as `90d`; empty for one that ends only when it is revoked.",
        "Etwa `90d`; leer für eines, das erst mit dem Widerruf endet.",
    ),
    (
        "The account's name, or its number where it has none.",
        "Der Name des Kontos, oder seine Nummer, wo es keinen hat.",
    ),
    ("The account's name.", "Der Name des Kontos."),
    (
        "The backups in the folder, the oldest first; null where there is no plan or the folder cannot be read.",
        "Die Backups im Ordner, das älteste zuerst; null, wo es keinen Plan gibt oder der Ordner sich nicht lesen \
         lässt.",
    ),
    ("The first account.", "Das erste Konto."),
    (
        "The first use of the last hour in which it was used.",
        "Die erste Benutzung in der letzten Stunde, in der es benutzt wurde.",
    ),
    ("The form of the database that the program knows.", "Die Form der Datenbank, die das Programm kennt."),
    ("The IANA name of a time zone.", "Der IANA-Name einer Zeitzone."),
    (
        "The IANA name of a time zone; the server's if left out.",
        "Der IANA-Name einer Zeitzone; weggelassen die des Servers.",
    ),
    ("The one answer that a token is in.", "Die einzige Antwort, in der ein Token steht."),
    (
        "The plan; null where the server makes none by itself.",
        "Der Plan; null, wenn der Server von selbst keine macht.",
    ),
    ("The present one.", "Das jetzige."),
    ("The same key makes no second token.", "Derselbe Schlüssel macht kein zweites Token."),
    ("The stable word for what it is.", "Das feste Wort dafür."),
    ("The time zone by its IANA name.", "Die Zeitzone mit ihrem IANA-Namen."),
    ("The timeline as the user gets it now.", "Der Zeitplan, wie ihn der Benutzer jetzt bekommt."),
    ("The user's generation now.", "Die Generation des Benutzers jetzt."),
    ("The user's generation.", "Die Generation des Benutzers."),
    (
        "The user's time zone by its IANA name, by which boundaries fall.",
        "Die Zeitzone des Benutzers mit ihrem IANA-Namen; nach ihr liegen die Grenzen.",
    ),
    ("`true` for an administrator.", "`true` für jemanden, der verwaltet."),
    ("`true` for every one.", "`true` für alle."),
    ("`true` or `false`.", "`true` oder `false`."),
    ("What a probe says.", "Was eine Zustandsabfrage sagt."),
    ("What a timeline must be made with to be current.", "Womit ein Zeitplan gemacht sein muss, um aktuell zu sein."),
    ("What a user can set.", "Was ein Benutzer einstellen kann."),
    (
        "What became of the last backup that the server made by itself; one that failed does not make it unready.",
        "Was aus dem letzten Backup wurde, das der Server von selbst gemacht hat; auch mit einem gescheiterten ist \
         er bereit.",
    ),
    ("What became of the last; null before the first.", "Was aus dem letzten wurde; null vor dem ersten."),
    ("What has nothing to say but who says it.", "Was nichts zu sagen hat, außer wer es sagt."),
    ("What is wrong, in the asker's language.", "Was falsch ist, in der Sprache der Anfrage."),
    ("What it is for.", "Wofür es ist."),
    ("What it is for: one line of at most 64 characters.", "Wofür es ist: eine Zeile von höchstens 64 Zeichen."),
    ("What of these is another, in the asker's language.", "Was davon anders ist, in der Sprache der Anfrage."),
    ("What shows that an account is meant to be removed.", "Was zeigt, dass ein Konto wirklich entfernt werden soll."),
    ("What the browser said that it is.", "Was der Browser von sich selbst gesagt hat."),
    (
        "What the database's file took of the disk. Its length may be more: what it grows into next takes nothing \
         yet.",
        "Was die Datenbankdatei auf der Platte belegt hat. Sie kann länger sein: Wohin sie als Nächstes wächst, \
         belegt noch nichts.",
    ),
    ("What the link has.", "Was im Link steht."),
    (
        "What the token allows: `read`, `write`, `feed`, `admin`.",
        "Was das Token erlaubt: `read`, `write`, `feed`, `admin`.",
    ),
    (
        "What the tokens in it are encrypted with, as age does: at least 12 characters.",
        "Womit die Tokens darin verschlüsselt sind, so wie age es tut: mindestens 12 Zeichen.",
    ),
    (
        "What to ask for with `after` for the rest, if there is more.",
        "Was mit `after` zu verlangen ist, um den Rest zu bekommen, wenn es mehr gibt.",
    ),
    ("What to ask for with `place`; null at the end.", "Was mit `place` als Nächstes zu verlangen ist; am Ende null."),
    (
        "What to change of an account; what is left out stays.",
        "Was an einem Konto zu ändern ist; was weggelassen ist, bleibt.",
    ),
    ("What to do, in the asker's language.", "Was zu tun ist, in der Sprache der Anfrage."),
    ("What was looked at.", "Was angesehen wurde."),
    ("When it ends, as RFC 3339; instead of `expires`.", "Wann es endet, nach RFC 3339; anstelle von `expires`."),
    ("When it was begun.", "Wann es begonnen wurde."),
    ("When the next is due.", "Wann das nächste fällig ist."),
    ("Whether somebody is to be an administrator.", "Ob jemand verwalten darf."),
    ("Whether this is the session that asks.", "Ob es die Sitzung ist, die fragt."),
    ("Which session to end, or all of them.", "Welche Sitzung zu beenden ist, oder alle."),
    ("Who asks.", "Wer fragt."),
    ("Who signs in.", "Wer sich anmeldet."),
    ("Who that is.", "Wer das ist."),
    ("Whose history it was; null where there is nobody.", "Wessen Verlauf es war; null, wo es niemanden gibt."),
    (
        "Whose one was planned with another version, other rules of the server or other time zones than now.",
        "Die, deren Plan mit einer anderen Version, anderen Regeln des Servers oder anderen Zeitzonen gemacht wurde \
         als jetzt.",
    ),
    (
        "Whose rules could not be run to their end now; another time they may.",
        "Die, deren Regeln sich jetzt nicht zu Ende ausführen ließen; ein andermal vielleicht.",
    ),
    (
        "Whose timeline was not noted: of commits without a plan, as imports, and of versions that noted none.",
        "Die, deren Zeitplan nicht vermerkt ist: bei Commits ohne Plan, etwa Importen, und von Versionen, die \
         keinen vermerkten.",
    ),
    (
        "Why it was not made and what to do, in the asker's language.",
        "Warum es nicht gemacht wurde und was zu tun ist, in der Sprache der Anfrage.",
    ),
    (
        "Why it would not be served; null while it is current.",
        "Warum er nicht ausgeliefert würde; null, solange er aktuell ist.",
    ),
    (
        "Why not: `stopping`, `database_not_writable` or `database_file_gone`.",
        "Warum nicht: `stopping`, `database_not_writable` oder `database_file_gone`.",
    ),
];
