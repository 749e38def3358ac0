//! Tests of scripts that fail, and what is said of each, as whoever runs them reads them.

/// The script that the tests are of.
pub const MINE: &str = "
        fn options() { [text(\"land\", \"BY\")] }
        fn slots(day, slots) { if day.weekday == 5 { return []; } [slot(\"tag\", \"9:00\", \"17:00\").cutoff(\"12:00\")] }
        fn place(task, today) {
            if task.kategorie == \"nie\" { return never(\"so nicht in \" + option(\"land\")); }
            if \"eilig\" in task.tags { return anywhere().ahead_of_line(1); }
            anywhere()
        }";

/// What a test does, and why it fails.
pub const FAILING: &[(&str, &str)] = &[
    ("assert(1 == 2)", "what is asserted does not hold"),
    ("assert_eq([1, \"a\"], [1, \"b\"])", "the first is [1, \"a\"], the second [1, \"b\"]"),
    ("assert_eq(1, \"1\")", "the first is 1, the second \"1\""),
    ("assert_eq((), 1)", "the first is (), the second 1"),
    ("asert(true)", "there is no function asert; did you mean assert?"),
    ("plan(#{})", "plan(#{…}) needs now"),
    ("plan(1)", "plan does not take (integer); write plan("),
    ("plan(#{ nwo: \"\" })", "plan has no field nwo; did you mean now?"),
    ("plan(#{ now: \"8:00\" })", "'8:00' is no time; write it as 2025-10-13 08:00"),
    ("plan(#{ now: \"1.1.2025\", days: 99 })", "days: a number from 1 to 60, not 99"),
    ("plan(#{ now: \"1.1.2025\", tasks: 1 })", "tasks: a list, not an integer"),
    ("plan(#{ now: \"1.1.2025\", tasks: [1] })", "tasks: item 1 is an integer"),
    ("plan(#{ now: \"1.1.2025\", tasks: [#{ titl: 1 }] })", "a task has no field titl; did you mean title?"),
    ("plan(#{ now: \"1.1.2025\", tasks: [#{ title: 1 }] })", "title: a text, not an integer"),
    ("plan(#{ now: \"1.1.2025\", tasks: [#{ number: -1 }] })", "number: a number from 0 to 9999, not -1"),
    ("plan(#{ now: \"1.1.2025\", tasks: [#{ status: \"ofen\" }] })", "did you mean offen?"),
    ("plan(#{ now: \"1.1.2025\", tasks: [#{ fixed: \"morgen\" }] })", "write it as 14.10.2025 morgens"),
    ("plan(#{ now: \"1.1.2025\", tasks: [#{ deadline: \"x\" }] })", "is not a date of the calendar"),
    ("plan(#{ now: \"1.1.2025\", tasks: [#{ file: \"x\" }] })", "is no name of a task's file"),
    ("plan(#{ now: \"1.1.2025\", tasks: [#{ number: 1 }, #{ number: 1 }] })", "two tasks are in the file 0001.md"),
    ("plan(#{ now: \"1.1.2025\", rules: [\"x\"] })", "rule script 'x': there is no such script beside"),
    (
        "plan(#{ now: \"1.1.2025\", options: #{ lnad: 1 } })",
        "rule script 'mine', options(), line 2, column 12: the script declares no option 'lnad'",
    ),
    ("plan(#{ now: \"1.1.2025\", options: #{ land: 1.5 } })", "land: a text, not a number"),
    ("plan(#{ now: \"1.1.2025\" }).slotof(1)", "a plan has no method slotof; did you mean slot_of?"),
    ("plan(#{ now: \"1.1.2025\" }).wating", "a plan has no property wating; did you mean waiting?"),
    ("plan(#{ now: \"1.1.2025\", tasks: [#{}] }).slot_of(\"00001\")", "no open task '00001'; did you mean 0001?"),
    (
        "plan(#{ now: \"1.1.2025\" }).at(\"1.1.2025\", \"tga\")",
        "no slot 'tga' is offered on 01.01.2025; did you mean tag?",
    ),
    ("for n in 0..25 { plan(#{ now: \"1.1.2025\" }); }", "one test asks for at most 24 plans"),
];

/// A test with one of [`FAILING`].
pub fn failing(body: &str) -> String {
    format!("fn test_it() {{\n {body} }}")
}
