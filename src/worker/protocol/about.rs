//! What scripts say of themselves, over the wire; an answer is taken only where scripts could have given it.

use serde::{Deserialize, Serialize};

use crate::domain::script::{About, DeclaredOption, OptionKind, OptionValue, Script};
use crate::rules::are_declared;

/// The longest description or label, in characters: what is longer is cut by the rules, and marked.
const WORDS_CHARS_MAX: usize = 501;

/// Of one script; its name is its place in the list.
#[derive(Serialize, Deserialize)]
pub(in crate::worker) struct AboutSaid {
    description: Option<String>,
    options: Vec<OptionSaid>,
}

#[derive(Serialize, Deserialize)]
struct OptionSaid {
    name: String,
    label: Option<String>,
    kind: KindSaid,
    default: ValueSaid,
    value: ValueSaid,
}

#[derive(Serialize, Deserialize)]
enum KindSaid {
    Flag,
    Number(Option<(i64, i64)>),
    Text,
    Choice(Vec<String>),
    Day,
}

#[derive(Serialize, Deserialize)]
enum ValueSaid {
    Flag(bool),
    Number(i64),
    Text(String),
}

pub(in crate::worker) fn about_said(about: Vec<About>) -> Vec<AboutSaid> {
    let said = |About { description, options, .. }: About| {
        let options = options.into_iter().map(OptionSaid::from).collect();
        AboutSaid { description, options }
    };
    about.into_iter().map(said).collect()
}

/// What the scripts say; `None` when they cannot have said it.
pub(in crate::worker) fn about(said: Vec<AboutSaid>, scripts: &[Script]) -> Option<Vec<About>> {
    if said.len() != scripts.len() {
        return None;
    }
    let read = |(AboutSaid { description, options }, script): (AboutSaid, &Script)| {
        let options: Vec<DeclaredOption> = options.into_iter().map(DeclaredOption::from).collect();
        let labels = options.iter().filter_map(|option| option.label.as_deref());
        let are_short = description.as_deref().into_iter().chain(labels).all(is_short);
        (are_short && are_declared(&options)).then(|| About { script: script.name.clone(), description, options })
    };
    said.into_iter().zip(scripts).map(read).collect()
}

fn is_short(words: &str) -> bool {
    words.chars().count() <= WORDS_CHARS_MAX
}

impl From<DeclaredOption> for OptionSaid {
    fn from(option: DeclaredOption) -> OptionSaid {
        let DeclaredOption { name, label, kind, default, value } = option;
        let kind = match kind {
            OptionKind::Flag => KindSaid::Flag,
            OptionKind::Number { between } => KindSaid::Number(between),
            OptionKind::Text => KindSaid::Text,
            OptionKind::Choice { among } => KindSaid::Choice(among),
            OptionKind::Day => KindSaid::Day,
        };
        OptionSaid { name, label, kind, default: default.into(), value: value.into() }
    }
}

impl From<OptionSaid> for DeclaredOption {
    fn from(said: OptionSaid) -> DeclaredOption {
        let OptionSaid { name, label, kind, default, value } = said;
        let kind = match kind {
            KindSaid::Flag => OptionKind::Flag,
            KindSaid::Number(between) => OptionKind::Number { between },
            KindSaid::Text => OptionKind::Text,
            KindSaid::Choice(among) => OptionKind::Choice { among },
            KindSaid::Day => OptionKind::Day,
        };
        DeclaredOption { name, label, kind, default: default.into(), value: value.into() }
    }
}

impl From<OptionValue> for ValueSaid {
    fn from(value: OptionValue) -> ValueSaid {
        match value {
            OptionValue::Flag(flag) => ValueSaid::Flag(flag),
            OptionValue::Number(number) => ValueSaid::Number(number),
            OptionValue::Text(text) => ValueSaid::Text(text),
        }
    }
}

impl From<ValueSaid> for OptionValue {
    fn from(said: ValueSaid) -> OptionValue {
        match said {
            ValueSaid::Flag(flag) => OptionValue::Flag(flag),
            ValueSaid::Number(number) => OptionValue::Number(number),
            ValueSaid::Text(text) => OptionValue::Text(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;

    const EVERY_KIND: &str = r#"
        fn describe() { "All of them." }
        fn options() { [
            flag("a", true), number("b", 3).between(1, 5).label("Bee"), number("c", -1), text("d", ""),
            choice("e", ["x", "y"], "y"), day("f", "1.2.2026"),
        ] }"#;

    fn said() -> Vec<AboutSaid> {
        about_said(vec![rules::about(&Script::new("mine", EVERY_KIND)).unwrap()])
    }

    #[test]
    fn what_a_script_says_arrives_as_it_is() {
        let mine = Script::new("mine", EVERY_KIND);
        let bytes = super::super::frame(&said());
        let heard = super::super::decode(&bytes[4..]).unwrap();
        assert_eq!(about(heard, std::slice::from_ref(&mine)), Some(vec![rules::about(&mine).unwrap()]));
    }

    #[test]
    fn what_no_script_can_have_said_is_not_taken() {
        let mine = [Script::new("mine", EVERY_KIND)];
        let wrong: [fn(&mut AboutSaid); 9] = [
            |said| said.description = Some("ä".repeat(WORDS_CHARS_MAX + 1)),
            |said| said.options[0].label = Some("ä".repeat(WORDS_CHARS_MAX + 1)),
            |said| said.options[0].name = "two words".to_owned(),
            |said| said.options[0].name = "b".to_owned(),
            |said| said.options[0].value = ValueSaid::Number(1),
            |said| said.options[1].default = ValueSaid::Number(6),
            |said| said.options[1].kind = KindSaid::Number(Some((5, 1))),
            |said| said.options[4].kind = KindSaid::Choice(Vec::new()),
            |said| said.options[5].value = ValueSaid::Text("1.2.2026".to_owned()),
        ];
        for (number, change) in wrong.into_iter().enumerate() {
            let mut said = said();
            change(&mut said[0]);
            assert_eq!(about(said, &mine), None, "{number}");
        }
        assert_eq!(about(said(), &[]), None);
        let many = |count| {
            OptionSaid::from(DeclaredOption {
                name: format!("n{count}"),
                label: None,
                kind: OptionKind::Flag,
                default: OptionValue::Flag(true),
                value: OptionValue::Flag(true),
            })
        };
        let options = (0..100).map(many).collect();
        assert_eq!(about(vec![AboutSaid { description: None, options }], &mine), None);
    }
}
