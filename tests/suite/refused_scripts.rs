//! Scripts that are refused, and what is said of each, as whoever tries them reads them.

/// Says two slots of each day.
pub const SLOTS: &str =
    "fn slots(day, slots) { [slot(\"morgens\", \"9:00\", \"12:30\"), slot(\"abends\", \"18:00\", \"20:00\")] }\n";

/// A function with something wrong in it, where that stands, and what is said of it.
pub const MISSPELT: &[(&str, (u32, u32), &str)] = &[
    ("fn plaec(task, today) { anywhere() }", (2, 4), "nothing calls plaec; did you mean fn place(task, today)?"),
    ("fn solts(day, slots) { [] }", (2, 4), "did you mean fn slots(day, slots)?"),
    ("fn categorys() { [] }", (2, 4), "did you mean fn categories()?"),
    ("fn place(task) { anywhere() }", (2, 4), "place has 1 parameter; write fn place(task, today)"),
    ("fn place(task, today) { on([\"mmo\"]) }", (2, 25), "'mmo' is not a day of the week; did you mean mo?"),
    ("fn place(task, today) { on(\"Sontag\") }", (2, 25), "did you mean sonntag?"),
    ("fn place(task, today) { on(8) }", (2, 25), "1 is Monday and 7 is Sunday"),
    ("fn place(task, today) { on(weekdays).att([\"morgens\"]) }", (2, 38), "has no method att; did you mean at?"),
    ("fn place(task, today) { on(weekdays).upto(today) }", (2, 38), "did you mean up_to?"),
    ("fn slots(day, slots) { [slot(\"a\", \"8:00\", \"9:00\").manuall()] }", (2, 51), "did you mean manual?"),
    ("fn place(task, today) { on(weekday) }", (2, 28), "there is no variable weekday; did you mean weekdays?"),
    ("fn place(task, today) { never(task.kategory) }", (2, 36), "no property kategory; did you mean kategorie?"),
    ("fn place(task, today) { never(task.titl) }", (2, 36), "did you mean title?"),
    ("fn place(task, today) { never(task.tag) }", (2, 36), "did you mean tags?"),
    ("fn place(task, today) { never(today.weekdya) }", (2, 37), "did you mean weekday?"),
    ("fn place(task, today) { nevr(\"x\") }", (2, 25), "there is no function nevr; did you mean never?"),
    (
        "fn place(task, today) { anywhere().at(\"morgnes\") }",
        (2, 36),
        "no day has a slot 'morgnes'; did you mean 'morgens'?",
    ),
    ("fn place(task, today) { anywhere().ahead_of_line(-1) }", (2, 36), "must be from 0 to 1000000"),
    ("fn place(task, today) { anywhere().ahead_of_lien(1) }", (2, 36), "did you mean ahead_of_line?"),
    ("fn place(task, today) { ueberal() }", (2, 25), "there is no function ueberal; did you mean ueberall?"),
    ("fn place(task, today) { an(8, 1) }", (2, 25), "an does not take (integer, integer); write an(weekdays)"),
    ("fn place(task, today) { never(task.frits) }", (2, 36), "did you mean frist?"),
    ("fn place(task, today) { never(option(\"x\")) }", (2, 31), "no option 'x': it has no options()"),
    ("fn optoins() { [] }", (2, 4), "did you mean fn options()?"),
    ("fn place(task, today) { on }", (2, 25), "on is a function; write on(weekdays)"),
    ("fn place(task, today) { on(weekdays, 1) }", (2, 25), "on does not take (weekdays, integer); write on(weekdays)"),
    ("fn place(task, today) { never(\"x\").at(\"morgens\") }", (2, 36), "at is a method of a constraint"),
    ("fn place(task, today) { helper() } fn helper() { slto() }", (2, 50), "did you mean slot?"),
    ("const LAND = 1; fn place(task, today) { never(LAND) }", (2, 47), "LAND is not known here: functions see only"),
    ("fn place(task, today) { [1].map(|n| today) }", (2, 37), "today is not known here"),
    (
        "fn place(task, today) { task.title = \"x\"; anywhere() }",
        (2, 30),
        "the property title of a task cannot be changed",
    ),
    ("fn place(task, today) { anywhere().from(\"31.2.2025\") }", (2, 36), "write it as 24.12.2025"),
    (
        "fn place(task, today) { anywhere().not_on(\"frr\") }",
        (2, 36),
        "'frr' is not a day of the week; did you mean fr?",
    ),
    ("fn place(task, today) { anywhere().also_on(\"31.2.2025\") }", (2, 36), "write it as 24.12.2025"),
    ("fn place(task, today) { anywhere().not_on([8]) }", (2, 36), "1 is Monday and 7 is Sunday"),
    (
        "fn place(task, today) { anywhere().also_on(true) }",
        (2, 36),
        "also_on(…) takes days such as \"fr\", \"24.12.2025\"",
    ),
    (
        "fn place(task, today) { anywhere().nto_on(1) }",
        (2, 36),
        "a constraint has no method nto_on; did you mean not_on?",
    ),
    ("fn place(task, today) { anywhere().not_at(\"morgnes\") }", (2, 36), "did you mean 'morgens'?"),
    ("fn place(task, today) { anywhere().not_between(1, 2) }", (2, 36), "takes two dates, not an integer"),
    (
        "fn place(task, today) { anywhere().not_between(\"2.1.2026\", \"1.1.2026\") }",
        (2, 36),
        "not_between(…) begins on 02.01.2026, after it ends on 01.01.2026; write the earlier day first",
    ),
    (
        "fn place(task, today) { let d = []; for n in 0..300 { d.push(today + 2 * n); } anywhere().not_on(d) }",
        (2, 91),
        "a constraint names at most 128 dates or stretches of dates",
    ),
    (
        "fn place(task, today) { let c = anywhere(); for n in 0..99 { c = c.not_at(`a${n}`); } c }",
        (2, 68),
        "not_at(...) takes at most 48 names of slots, all together",
    ),
    (
        "fn place(task, today) { never(task.deadline - today.date) }",
        (2, 45),
        "- is not possible between nothing and date",
    ),
    (
        "fn slots(day, slots) { [slot(\"a\", \"8\", \"9:00\")] }",
        (2, 25),
        "'8' is not a time of the day; write it as 09:30",
    ),
    ("fn slots(day, slots) { [slot(\"a\", \"9:00\", \"9:00\")] }", (2, 25), "slot 'a' must begin before it ends"),
    ("fn place(task, today) { throw \"so nicht\" }", (2, 25), "so nicht"),
    ("fn place(task, today) { eval(\"1\") }", (2, 25), "eval is not available in rules"),
    ("fn place(task, today) { sleep(1) }", (2, 25), "sleep is not available in rules"),
    ("fn place(task, today) { import \"x\" }", (2, 25), "import is not available in rules"),
    ("fn place(task, today) { 1 + }", (2, 29), "unexpected '}'"),
    ("fn place(task, today) { if today.weekday == \"mo\" { 1 } anywhere() }", (2, 42), "write weekday == 1"),
    (
        "fn place(task, today) { if today > \"24.12.2026\" { 1 } anywhere() }",
        (2, 34),
        "not with a text; write date(\"24.12.2026\")",
    ),
    (
        "fn place(task, today) { let d = today.date; if \"di\" == d { 1 } anywhere() }",
        (2, 53),
        "a date is no day of the week; write .weekday == 2",
    ),
    ("fn place(task, today) { if today == weekends { 1 } anywhere() }", (2, 34), "ask .weekend"),
    ("fn place(task, today) { let n = today.weekday; if n == weekends { 1 } anywhere() }", (2, 53), "ask .weekend"),
    ("fn place(task, today) { if today == 3 { 1 } anywhere() }", (2, 34), "not with a number; ask its .weekday"),
    ("fn place(task, today) { if today.weekday in weekdays { 1 } anywhere() }", (2, 42), "!today.weekend for Monday"),
    ("fn opts() { [] }", (2, 4), "nothing calls opts; did you mean fn options()?"),
    ("fn category() { [] }", (2, 4), "did you mean fn categories()?"),
    ("fn platz(a, b) { anywhere() }", (2, 4), "did you mean fn place(task, today)?"),
    ("fn beschreibung() { \"\" }", (2, 4), "no hook; these are slots(day, slots), place(task, today), categories()"),
    ("fn if(a) { 1 }", (2, 4), "if is a word of the language; choose another name"),
    ("fn is(a) { 1 }", (2, 4), "is is a word of the language; choose another name"),
    (
        "fn place(task, today) { on(weekdays).until(today) }",
        (2, 38),
        "until is a word of the language; did you mean up_to?",
    ),
    ("fn place(task, today) { on(\"weekdays\") }", (2, 25), "write on(weekdays), without quotes"),
    ("fn place(task, today) { never('arbeit') }", (2, 31), "a text stands between double quotes: \"arbeit\""),
    (
        "fn place(task, today) { on(weekdays).except(1) }",
        (2, 38),
        "a constraint has no method except; it has at, from, up_to, not_at, not_on, not_between, also_on, because, ahead_of_line",
    ),
    ("fn place(task, today) {\n if today.weekend {\n anywhere() }", (2, 23), "this { is not closed by a }"),
    ("fn place(task, today) {\n if today.weekend { 1\n}\nfn f() { 1 }", (2, 23), "this { is not closed by a }"),
    (
        "fn place(task, today) { on([\"mo\"]) && on([\"di\"]) }",
        (2, 25),
        "here must stand true or false, not a constraint; constraints are combined by methods",
    ),
];

/// A script with one of [`MISSPELT`].
pub fn misspelt(function: &str) -> String {
    // A second definition of slots would be one too many.
    if function.starts_with("fn slots") { format!("\n{function}") } else { format!("{SLOTS}{function}") }
}

/// What a `place` returns that is no answer, and what is said that it is.
pub const PLACES: &[(&str, &str)] = &[
    ("42", "an integer"),
    ("", "nothing"),
    ("\"on\"", "a string"),
    ("[on(1)]", "a list"),
    ("today", "a day"),
    ("weekdays", "weekdays"),
    ("slot(\"a\", \"8:00\", \"9:00\")", "a slot"),
    ("#{}", "a map"),
    ("true", "true or false"),
    ("|x| x", "a function"),
];

/// The same of `slots`.
pub const LISTS_OF_SLOTS: &[(&str, &str)] = &[
    ("42", "returned an integer"),
    ("slot(\"a\", \"8:00\", \"9:00\")", "returned a slot"),
    ("[slot(\"a\", \"8:00\", \"9:00\"), \"b\"]", "item 2 is a string"),
    ("let a = []; a.pad(49, 1); a", "returned 49 of them; a day has at most 48"),
];

/// The same of `categories`.
pub const LISTS_OF_CATEGORIES: &[(&str, &str)] = &[
    ("42", "an integer"),
    ("[\"a\", 1]", "a list with an integer in it"),
    ("[\"\"]", "a list with an empty word in it"),
    ("let s = \"\"; s.pad(65, 'x'); [s]", "a word of more than 64 characters"),
    ("let a = []; a.pad(65, \"x\"); a", "65 of them; a script has at most 64"),
];

/// Slots that do not fit together, and what is said of them.
pub const SLOTS_OF_A_DAY: &[(&str, &str)] = &[
    ("slot(\"a\", \"8:00\", \"9:00\"), slot(\"b\", \"8:30\", \"9:30\")", "on 13.10.2025: slots 'a' and 'b' overlap"),
    (
        "slot(\"a\", \"8:00\", \"9:00\"), slot(\"A\", \"10:00\", \"11:00\")",
        "on 13.10.2025: two slots of one day are named 'a'",
    ),
    ("slot(\"a\", \"8:00\", \"9:00\").cutoff(\"9:01\")", "on 13.10.2025: the cutoff of slot 'a' must lie between"),
];

/// What `slots` does that takes too much, and what is said of it.
pub const BEYOND_LIMITS: &[(&str, &str)] = &[
    ("loop {}", "more than 10000 operations"),
    ("f(1)", "more than 16 levels deep"),
    ("let s = \"x\"; loop { s += s; }", "a text may have 32768 bytes"),
    ("let a = [1]; loop { a += a; }", "a list or map may have 512 entries"),
];

/// A line with something wrong behind the mark, and what is said of it.
pub const UNSEEN: &[(&str, &str)] = &[
    ("return an(1).§wiel(\"x\");", "there is no function wiel; did you mean weil?"),
    ("return §nver(\"x\");", "did you mean never?"),
    ("return §hepler();", "did you mean helper?"),
    ("return §on([\"mo\", \"dii\"]);", "'dii' is not a day of the week; did you mean di?"),
    ("return §an(\"Motnag\");", "'Motnag' is not a day of the week; did you mean montag?"),
    ("return anywhere().§from(\"31.2.2025\");", "'31.2.2025' is not a date of the calendar"),
    ("return anywhere().§at([\"abnds\", task.title]);", "no day has a slot 'abnds'; did you mean 'abends'?"),
    ("return ueberall().§im_slot(\"Morgnes\");", "no day has a slot 'morgnes'; did you mean 'morgens'?"),
    ("return anywhere().§not_at([\"abnds\", task.title]);", "no day has a slot 'abnds'; did you mean 'abends'?"),
    ("return anywhere().§not_on([\"mo\", \"dii\"]);", "'dii' is not a day of the week; did you mean di?"),
    ("return anywhere().§also_on(9);", "1 is Monday and 7 is Sunday"),
    ("return anywhere().§auch_an(\"31.2.2025\");", "'31.2.2025' is not a date of the calendar"),
    ("return anywhere().§not_between(today, \"32.1.2026\");", "'32.1.2026' is not a date of the calendar"),
    ("return anywhere().§not_between(today);", "not_between is given 1 argument; write .not_between("),
    ("return never(§option(\"lnad\"));", "the script declares no option 'lnad'; did you mean land?"),
    ("return never(task.§titel2);", "a task has no property titel2; did you mean title?"),
    ("return never(`${today.§weekdya}`);", "did you mean weekday?"),
    ("let x = [1].map(|n| §nevr(\"x\"));", "did you mean never?"),
    ("return §never();", "never is given 0 arguments; write never(\"reason\")"),
    ("return anywhere().§ahead_of_line();", "ahead_of_line is given 0 arguments; write .ahead_of_line(1)"),
    ("return §helper(1);", "helper is given 1 argument; write helper()"),
    ("return never(`${§slot(\"x\", \"9:0\", \"8:00\")}`);", "'9:0' is not a time of the day"),
    ("return never(`${§slot(\"x\", \"9:00\", \"8:00\")}`);", "slot 'x' must begin before it ends"),
    ("return §on(8);", "1 is Monday and 7 is Sunday"),
    ("return never(task.§foo);", "a task has no property foo; it has number, id, file"),
    ("return never(`${today.§isholiday}`);", "a day has no property isholiday; it has date, index"),
    ("return never(`${today.§title}`);", "a day has no property title"),
    ("let d = today.date; return never(`${d.§foo}`);", "nothing has a property foo"),
    ("if today.week §== \"3\" { 1 }", "week is a number; write it without quotes"),
    ("if task.deadline §< \"24.12.2026\" { 1 }", "write date(\"24.12.2026\")"),
    ("if today §== \"24.12.2026\" { 1 }", "write date(\"24.12.2026\")"),
    ("if task.kategorie §== \"arbiet\" { 1 }", "no task has the category 'arbiet'; did you mean 'arbeit'?"),
    ("if slot(\"a\", \"8:00\", \"9:00\").name §== \"Morgens\" { 1 }", "did you mean 'morgens'?"),
];

/// A script with one of [`BEYOND_LIMITS`].
pub fn beyond_limits(body: &str) -> String {
    format!("fn f(x) {{ f(x) }}\nfn slots(day, slots) {{ {body} }}")
}

/// A script with a line of [`UNSEEN`] where no sample comes.
pub fn unseen(marked: &str) -> String {
    let line = marked.replace('§', "");
    let declares = "fn options() { [text(\"land\", \"\")] } fn describe() { helper() } fn helper() { \"\" }";
    format!("{SLOTS}{declares}\nfn place(task, today) {{ if task.number == 7 {{\n{line}\n}} anywhere() }}")
}

/// What `options` returns that declares none, and what is said of it.
pub const NO_DECLARATIONS: &[(&str, &str)] = &[
    ("42", "options must return a list such as [flag(\"name\", true)], but returned an integer"),
    ("[1]", "but item 1 is an integer"),
    ("[flag(\"a\", true), text(\"a\", \"\")]", "two options are named 'a'"),
    ("[flag(\"a b\", true)]", "an option's name is a word of at most 32"),
    ("[flag(\"a\", 1)]", "flag does not take (string, integer); write flag(\"name\", true)"),
    ("[zahl(\"a\", \"b\")]", "zahl does not take (string, string); write zahl(\"name\", 3)"),
    ("[numer(\"a\", 1)]", "there is no function numer; did you mean number?"),
    ("[number(\"a\", 11).between(1, 10)]", "the default of option 'a' is a number from 1 to 10, not 11"),
    ("[number(\"a\", 1).between(2, 1)]", "no number lies between 2 and 1"),
    ("[text(\"a\", \"\").between(1, 2)]", "between(…) is for numbers; option 'a' is a text"),
    ("[text(\"a\", \"\").lable(\"A\")]", "an option has no method lable; did you mean label?"),
    ("[choice(\"a\", [], \"\")]", "is one of 1 to 64 texts"),
    ("[choice(\"a\", [1], \"\")]", "is among texts, not an integer"),
    ("[choice(\"a\", [\"x\"], \"y\")]", "the default of option 'a' is one of x, not y"),
    ("[day(\"a\", \"30.2.2025\")]", "is not a date of the calendar"),
    ("[text(\"a\", option(\"a\"))]", "options() declares the options; it cannot read one"),
    ("let a = []; for n in 0..33 { a.push(flag(`n${n}`, true)); } a", "a script has at most 32 options, not 33"),
    ("loop {}", "more than 10000 operations"),
];

/// A script with one of [`NO_DECLARATIONS`].
pub fn declaring(declared: &str) -> String {
    format!("fn slots(day, slots) {{ [] }}\nfn options() {{ {declared} }}")
}
