//! Frontmatter as fields that know where they are written.
//!
//! The YAML reader does the parsing; what is kept of it is what reading and editing need: each top-level
//! key with its place, and the values of the known fields, every scalar with the text it is written with.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::{MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Error, MessageFormatter, Options, Spanned, UserMessageFormatter};

use super::frontmatter::line_number;
use super::name;
use crate::domain::problem::{Problem, ProblemKind, YamlHint};

const DEPTH_MAX: usize = 16;
/// The scanner's own limit, above the other so that it is the depth that is complained about.
const FLOW_DEPTH_MAX: usize = 64;
const NODES_MAX: usize = 2_000;
const MESSAGE_CHARS_MAX: usize = 160;

/// A value with its place in the frontmatter.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub node: Node<'a>,
    /// Bytes of the frontmatter. Of a collection only the beginning is meant.
    at: Range<usize>,
    /// Counted from 1, in the file.
    pub line: u32,
}

#[derive(Debug)]
pub(super) enum Node<'a> {
    Null,
    Text(Cow<'a, str>),
    /// A plain scalar that YAML takes for a number or a truth value. Its text is the source.
    Typed,
    List(Vec<Placed<'a>>),
    Map(Vec<(Placed<'a>, Placed<'a>)>),
}

impl<'a> Placed<'a> {
    /// A scalar's text, whatever YAML takes it for; `None` for null and for collections.
    pub fn text<'s>(&'s self, yaml: &'s str) -> Option<&'s str> {
        match &self.node {
            Node::Text(text) => Some(text),
            Node::Typed => yaml.get(self.at.clone()),
            Node::Null | Node::List(_) | Node::Map(_) => None,
        }
    }

    /// The entry of a map, by key.
    pub fn entry(&self, yaml: &str, key: &str) -> Option<&(Placed<'a>, Placed<'a>)> {
        let Node::Map(entries) = &self.node else { return None };
        entries.iter().find(|(name, _)| name.text(yaml) == Some(key))
    }

    /// Where the last scalar of the value ends; the closing bracket of a collection comes after it.
    pub fn end(&self) -> usize {
        match &self.node {
            Node::Null | Node::Text(_) | Node::Typed => self.at.end,
            Node::List(items) => items.iter().map(Placed::end).fold(self.at.end, usize::max),
            Node::Map(entries) => {
                entries.iter().map(|(key, value)| key.end().max(value.end())).fold(self.at.end, usize::max)
            }
        }
    }

    /// Whether both are the same value: the same texts in the same collections, the entries of maps in any order.
    fn says_same(&self, yaml: &str, other: &Placed<'_>, other_yaml: &str) -> bool {
        let same = |a: &Placed<'_>, b: &Placed<'_>| a.says_same(yaml, b, other_yaml);
        match (&self.node, &other.node) {
            (Node::Null, Node::Null) => true,
            (Node::Text(a), Node::Text(b)) => a == b,
            (Node::Typed, Node::Typed) => self.text(yaml) == other.text(other_yaml),
            (Node::List(a), Node::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
            (Node::Map(a), Node::Map(b)) => {
                let is_in_b =
                    |(key, value): &(Placed<'_>, Placed<'_>)| b.iter().any(|b| same(key, &b.0) && same(value, &b.1));
                a.len() == b.len() && a.iter().all(is_in_b)
            }
            (Node::Null | Node::Text(_) | Node::Typed | Node::List(_) | Node::Map(_), _) => false,
        }
    }

    /// The value's source on the line it begins on, to be shown in a problem.
    pub fn source<'s>(&self, yaml: &'s str) -> &'s str {
        yaml.get(self.at.start..).unwrap_or_default().lines().next().unwrap_or_default().trim_end()
    }
}

impl<'de> Deserialize<'de> for Placed<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Node<'de>>::deserialize(deserializer)?;
        let (at, line) = place(&spanned);
        Ok(Placed { node: spanned.value, at, line })
    }
}

/// The bytes of the frontmatter and the line of the file that something was read from.
fn place<T>(spanned: &Spanned<T>) -> (Range<usize>, u32) {
    let span = spanned.referenced.span();
    let bytes = |count: Option<u64>| count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    let start = bytes(span.byte_offset());
    (start..start + bytes(span.byte_len()), file_line(spanned.referenced.line()))
}

/// The frontmatter's first line is the file's second.
fn file_line(yaml_line: u64) -> u32 {
    line_number(usize::try_from(yaml_line).unwrap_or(usize::MAX).saturating_add(1))
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NodeVisitor;

        impl<'de> Visitor<'de> for NodeVisitor {
            type Value = Node<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Node<'de>, E> {
                Ok(Node::Null)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Node<'de>, E> {
                Ok(Node::Typed)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Node<'de>, E> {
                Ok(Node::Typed)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Node<'de>, E> {
                Ok(Node::Typed)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Node<'de>, E> {
                Ok(Node::Typed)
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
                Ok(Node::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
                Ok(Node::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node<'de>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Node::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node<'de>, A::Error> {
                let mut map = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    map.push(entry);
                }
                Ok(Node::Map(map))
            }
        }

        deserializer.deserialize_any(NodeVisitor)
    }
}

/// A top-level key and, if it is one that means something, its value.
#[derive(Debug)]
pub(super) struct Field<'a> {
    /// Empty for a key that is no text; no known field is.
    pub key: Cow<'a, str>,
    /// Bytes of the frontmatter, quotes included.
    pub key_at: Range<usize>,
    /// The key's line, counted from 1, in the file.
    pub line: u32,
    pub value: Option<Placed<'a>>,
}

/// The top-level fields in the order they are written in.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    pub yaml: &'a str,
    pub all: Vec<Field<'a>>,
}

impl<'a> Fields<'a> {
    /// Reads frontmatter; the problem's line is the file's.
    pub fn parse(yaml: &'a str) -> Result<Fields<'a>, Problem> {
        match serde_saphyr::from_str_with_options::<FieldList<'a>>(yaml, options()) {
            Ok(FieldList(all)) => Ok(Fields { yaml, all }),
            Err(error) => Err(problem(yaml, &error)),
        }
    }

    pub fn get(&self, key: &str) -> Option<&Field<'a>> {
        self.all.iter().find(|field| field.key == key)
    }
}

/// Whether two texts are the same YAML, whatever way it is written in. False where one is none, or has types of its own.
pub(super) fn say_same(a: &str, b: &str) -> bool {
    let read = |yaml| serde_saphyr::from_str_with_options::<Placed<'_>>(yaml, options());
    matches!((read(a), read(b)), (Ok(one), Ok(other)) if one.says_same(a, &other, b))
}

struct FieldList<'a>(Vec<Field<'a>>);

impl<'de> Deserialize<'de> for FieldList<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldListVisitor;

        impl<'de> Visitor<'de> for FieldListVisitor {
            type Value = FieldList<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("fields, each a line like key: value")
            }

            fn visit_unit<E>(self) -> Result<FieldList<'de>, E> {
                Ok(FieldList(Vec::new()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<FieldList<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(spanned) = entries.next_key::<Spanned<Node<'de>>>()? {
                    let (key_at, line) = place(&spanned);
                    let key = match spanned.value {
                        Node::Text(text) => text,
                        Node::Null | Node::Typed | Node::List(_) | Node::Map(_) => Cow::Borrowed(""),
                    };
                    let value = if name::ALL.contains(&&*key) {
                        Some(entries.next_value()?)
                    } else {
                        entries.next_value::<IgnoredAny>()?;
                        None
                    };
                    fields.push(Field { key, key_at, line, value });
                }
                Ok(FieldList(fields))
            }

            fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<FieldList<'de>, E> {
                Err(E::custom("a line of text where key: value is expected"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<FieldList<'de>, A::Error> {
                Err(A::Error::custom("a list where key: value is expected"))
            }
        }

        deserializer.deserialize_any(FieldListVisitor)
    }
}

/// Limits against documents that are small and expensive. Anchors are refused too: an edit of the line
/// that defines one would change other fields.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            flow_nesting_limit: FLOW_DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_aliases: 0,
            max_anchors: 0,
            max_documents: 1,
        },
        merge_keys: MergeKeyPolicy::AsOrdinary,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    }
}

fn problem(yaml: &str, error: &Error) -> Problem {
    let yaml_line = error.location().map_or(0, |location| location.line()).max(1);
    // An error at the end of the text lies behind the last line: name the last.
    let lines = yaml.lines().count().max(1);
    let yaml_line = usize::try_from(yaml_line).unwrap_or(usize::MAX).min(lines);
    let is_limit = matches!(
        error.without_snippet(),
        Error::Budget {
            breach: BudgetBreach::Depth { .. } | BudgetBreach::Nodes { .. } | BudgetBreach::Documents { .. },
            ..
        }
    );
    let hint = if is_limit { None } else { hint(yaml, yaml_line) };
    Problem::new(line_number(yaml_line + 1), ProblemKind::Yaml { message: message(error), hint })
}

/// One short line without place and source: the place is the problem's own.
fn message(error: &Error) -> String {
    match error.without_snippet() {
        Error::Budget { breach: BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. }, .. }
        | Error::UnknownAnchor { .. } => "anchors and aliases (& and *) are not read".to_owned(),
        Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => "text after the end of the fields".to_owned(),
        Error::Budget { .. } => "nested too deeply or too many values".to_owned(),
        other => {
            let text = UserMessageFormatter.format_message(other);
            let first = text.lines().next().unwrap_or_default();
            first.chars().filter(|c| !c.is_control()).take(MESSAGE_CHARS_MAX).collect()
        }
    }
}

/// What a person most likely meant by a line that is not YAML. An error can be noticed a line late.
fn hint(yaml: &str, yaml_line: usize) -> Option<YamlHint> {
    let line = |number: usize| yaml.lines().nth(number.checked_sub(1)?);
    line(yaml_line).and_then(line_hint).or_else(|| line(yaml_line.checked_sub(1)?).and_then(line_hint))
}

fn line_hint(line: &str) -> Option<YamlHint> {
    let item = line.trim();
    let value = match item.strip_prefix("- ") {
        Some(item) => item.split_once(": ").map_or(item, |(_, value)| value),
        None => item.split_once(": ")?.1,
    };
    let value = value.trim();
    if begins_with_sign(value) {
        return Some(YamlHint::QuoteSign);
    }
    if let Some(inner) = value.strip_prefix(['[', '{']) {
        let sign_inside = inner.split(',').any(|item| begins_with_sign(item.trim()) || item.trim().starts_with('['));
        let text_behind = inner.rsplit([']', '}']).next().is_some_and(|rest| !rest.trim().is_empty());
        return (sign_inside || text_behind && inner.contains([']', '}'])).then_some(YamlHint::QuoteSign);
    }
    let is_quoted = value.starts_with(['"', '\'']);
    (!is_quoted && (value.contains(": ") || value.ends_with(':'))).then_some(YamlHint::QuoteColon)
}

fn begins_with_sign(value: &str) -> bool {
    value.starts_with(['@', '`', '%', '&', '*', '!', '#', '|', '>'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem_of(yaml: &str) -> (u32, String, Option<YamlHint>) {
        match Fields::parse(yaml).unwrap_err() {
            Problem { line, kind: ProblemKind::Yaml { message, hint } } => (line, message, hint),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_people_write_gets_a_hint() {
        for (yaml, line, hint) in [
            ("typ: task\ntitel: Anruf: Bernd\n", 3, Some(YamlHint::QuoteColon)),
            ("titel: Anruf:\n", 2, Some(YamlHint::QuoteColon)),
            ("tags: [@home]\n", 2, Some(YamlHint::QuoteSign)),
            ("tags: [a, #b]\nstatus: offen\n", 2, Some(YamlHint::QuoteSign)),
            ("tags: @home\n", 2, Some(YamlHint::QuoteSign)),
            ("tags:\n  - @home\n", 3, Some(YamlHint::QuoteSign)),
            ("tags: [*]\n", 2, Some(YamlHint::QuoteSign)),
            ("tags: *wichtig\n", 2, Some(YamlHint::QuoteSign)),
            ("notiz: **fett**\n", 2, Some(YamlHint::QuoteSign)),
            ("titel: [[Link]] und mehr\n", 2, Some(YamlHint::QuoteSign)),
            ("a: &x 1\n", 2, Some(YamlHint::QuoteSign)),
            ("a: [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]\n", 2, None),
            ("a: 'offen\n", 2, None),
            ("a: \"x\" y: z\n", 2, None),
            ("a: 1\nb: 2\na: 3\n", 4, None),
        ] {
            let (found_line, message, found) = problem_of(yaml);
            assert_eq!((found_line, found), (line, hint), "{yaml:?}: {message}");
            assert!(message.len() <= 200 && !message.contains('\n') && !message.contains(" line "), "{message}");
        }
    }

    #[test]
    fn bombs_are_refused_quickly() {
        let deep = format!("a: {}\n", "[".repeat(30_000));
        let dashes = "- ".repeat(30_000);
        let wide = format!("a: [{}]\n", "1,".repeat(20_000));
        let laughs = "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n".to_owned();
        for yaml in [deep, dashes, wide, laughs, "a: 1\n...\nb: 2\n".to_owned(), "- a\n- b\n".to_owned()] {
            problem_of(&yaml);
        }
    }

    #[test]
    fn scalars_keep_their_text() {
        let yaml = "tags: [012, 1.10, yes, .INF, '12', 0x1F, 99999999999999999999999, ~, x y]\n";
        let fields = Fields::parse(yaml).unwrap();
        let Some(Node::List(items)) = fields.get("tags").and_then(|field| field.value.as_ref()).map(|v| &v.node) else {
            panic!("no list");
        };
        let texts: Vec<_> = items.iter().map(|item| item.text(yaml)).collect();
        let expected = ["012", "1.10", "yes", ".INF", "12", "0x1F", "99999999999999999999999"];
        assert_eq!(texts[..7], expected.map(Some));
        assert_eq!(texts[7..], [None, Some("x y")]);
    }

    #[test]
    fn unknown_keys_hold_anything() {
        let yaml = "a: !foo x\n<<: {status: offen}\n? [1, 2]\n: {b: !foo c}\n~: 1\n12: x\ntyp: task\n";
        let fields = Fields::parse(yaml).unwrap();
        assert_eq!(fields.all.len(), 6);
        assert_eq!(fields.get("typ").map(|field| field.line), Some(8));
        assert!(fields.get("status").is_none());
    }
}
