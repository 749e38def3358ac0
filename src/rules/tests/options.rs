//! Options: how they are declared, set and read.

use super::refused_scripts::{NO_DECLARATIONS, declaring};
use super::*;
use crate::domain::script::{About, DeclaredOption, OptionKind, OptionValue};

const DECLARED: &str = r#"
    fn slots(day, slots) { [slot("tag", "8:00", "20:00")] }
    fn describe() { "  Feiertage von " + option("land") + "\n" }
    fn options() {
        [ choice("land", ["BY", "BE"], "BY").label("Bundesland"),
          flag("streng", false),
          number("n", 3).between(1, 10),
          text("x", "…"),
          day("von", "24.12.2025") ]
    }
    fn place(task, today) {
        never(`${[option("land"), option("streng"), option("n"), option("x"), option("von") + 1]}`)
    }"#;

fn with(source: &str, values: &[(&str, OptionValue)]) -> Result<RuleSet, RuleError> {
    let options = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    RuleSet::compile(&[Script { options, ..script("mine", source) }])
}

fn words(text: &str) -> OptionValue {
    OptionValue::Text(text.to_owned())
}

#[test]
fn options_are_declared_with_kind_default_and_label() {
    let rules = with(DECLARED, &[("land", words("BE")), ("von", words("2026-01-02"))]).unwrap();
    rules.check().unwrap();
    let option = |name: &str, label: Option<&str>, kind, default: OptionValue, value| DeclaredOption {
        name: name.to_owned(),
        label: label.map(str::to_owned),
        kind,
        default,
        value,
    };
    let among = vec!["BY".to_owned(), "BE".to_owned()];
    let expected = About {
        script: "mine".to_owned(),
        description: Some("Feiertage von BE".to_owned()),
        options: vec![
            option("land", Some("Bundesland"), OptionKind::Choice { among }, words("BY"), words("BE")),
            option("streng", None, OptionKind::Flag, OptionValue::Flag(false), OptionValue::Flag(false)),
            option(
                "n",
                None,
                OptionKind::Number { between: Some((1, 10)) },
                OptionValue::Number(3),
                OptionValue::Number(3),
            ),
            option("x", None, OptionKind::Text, words("…"), words("…")),
            option("von", None, OptionKind::Day, words("24.12.2025"), words("02.01.2026")),
        ],
    };
    assert_eq!(rules.about().unwrap(), [expected]);
}

#[test]
fn a_script_reads_what_was_set_else_the_default() {
    assert_eq!(allowed(&with(DECLARED, &[]).unwrap(), "x"), r#"never: ["BY", false, 3, "…", 25.12.2025]"#);
    let values = [
        ("land", words("BE")),
        ("streng", OptionValue::Flag(true)),
        ("n", OptionValue::Number(10)),
        ("x", words("")),
        ("von", words("1.1.2026")),
    ];
    assert_eq!(allowed(&with(DECLARED, &values).unwrap(), "x"), r#"never: ["BE", true, 10, "", 02.01.2026]"#);
}

#[test]
fn each_script_of_a_list_has_its_own_options() {
    let declares = |name: &str, value: i64| {
        let source = format!(
            "fn options() {{ [number(\"n\", {value})] }} fn slots(day, slots) {{ if option(\"n\") == {value} {{ slots.push(slot(\"{name}\", `${{option(\"n\")}}:00`, `${{option(\"n\")}}:30`)); }} slots }}"
        );
        script(name, &source)
    };
    let rules = RuleSet::compile(&[declares("a", 8), declares("b", 9)]).unwrap();
    let names: Vec<_> = rules.slots(MONDAY, MONDAY).unwrap().iter().map(|slot| slot.zeit.clone()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn what_an_option_does_not_take_is_refused_before_anything_runs() {
    for (name, value, said) in [
        ("lnad", words("BY"), "the script declares no option 'lnad'; did you mean land?"),
        ("land", words("BX"), "option 'land' is one of BY, BE, not BX; did you mean BY?"),
        ("land", OptionValue::Number(1), "option 'land' is one of BY, BE"),
        ("streng", words("ja"), "option 'streng' is true or false"),
        ("n", OptionValue::Number(11), "option 'n' is a number from 1 to 10, not 11"),
        ("n", OptionValue::Flag(true), "option 'n' is a whole number"),
        ("x", words(&"x".repeat(501)), "option 'x' is a text of at most 500 characters"),
        ("von", words("31.2.2026"), "option 'von' is a date such as 24.12.2025, not 31.2.2026"),
        ("von", OptionValue::Number(1), "option 'von' is a date such as 24.12.2025"),
    ] {
        let error = with(DECLARED, &[(name, value)]).err().unwrap();
        assert_eq!((error.script.as_str(), error.message.as_str()), ("mine", said));
        assert_eq!((error.function.as_deref(), error.line), (Some("options"), Some(4)));
    }
    let error = with("fn slots(day, slots) { [] }", &[("land", words("BY"))]).err().unwrap();
    assert_eq!(error.message, "the script declares no option 'land': it has no options()");
}

#[test]
fn a_declaration_that_is_none_is_refused() {
    for (declared, said) in NO_DECLARATIONS {
        let error = rule_set(&declaring(declared)).err().unwrap();
        assert!(error.message.contains(said), "{declared}\n{error}");
        assert_eq!((error.line, error.function.as_deref()), (Some(2), Some("options")), "{declared}\n{error}");
        assert!(error.column.is_some());
    }
}

#[test]
fn a_misspelt_option_is_an_error_of_every_hook() {
    for hook in [
        "fn place(task, today) { never(option(\"lnad\")) }",
        "fn describe() { option(\"lnad\") }",
        "fn categories() { [option(\"lnad\")] }",
    ] {
        let source = format!(
            "fn slots(day, slots) {{ [] }} fn options() {{ [text(\"land\", \"\")] }}\nfn f(x) {{ option(x) }}\n{hook}"
        );
        let error = rule_set(&source).unwrap().check().unwrap_err();
        assert!(error.message.contains("no option 'lnad'; did you mean land?"), "{error}");
        assert_eq!(error.line, Some(3), "{error}");
    }
}

#[test]
fn a_description_is_a_text_of_bounded_length() {
    let describing =
        |body: &str| rule_set(&format!("fn slots(day, slots) {{ [] }} fn describe() {{ {body} }}")).unwrap();
    assert_eq!(describing("42").about().unwrap_err().message, "describe must return a text, but returned an integer");
    assert!(describing("42").check().is_err());
    let long = describing("let s = \"\"; s.pad(9999, 'ä'); s").about().unwrap();
    assert_eq!(long[0].description.as_ref().unwrap().chars().count(), 501);
    assert_eq!(rule_set("fn slots(day, slots) { [] }").unwrap().about().unwrap()[0].description, None);
}
