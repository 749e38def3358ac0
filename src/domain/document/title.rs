//! The title of a document: found in its Markdown, and written into it.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::domain::ids::FileName;

/// The longest title that is read, in characters.
const TITLE_CHARS_MAX: usize = 200;

/// How many lines of a body without a heading are looked at for a title.
const FALLBACK_LINES_MAX: usize = 20;

/// A heading of the body that stands in no list and no quotation.
struct Heading {
    text: String,
    /// Bytes of the body, from the heading's first to its last line.
    at: Range<usize>,
}

/// The first heading, else the first line with text, else what the file name says.
pub(super) fn title(body: &str, file: &FileName) -> String {
    let text = heading(body).map(|heading| heading.text);
    shorten(&text.or_else(|| first_line(body)).unwrap_or_else(|| clean(&file.slug_as_title())))
}

/// A title as it is read back: no line breaks, no control characters, no blanks around it.
pub(super) fn clean(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !c.is_control()).collect();
    spaced.trim().to_owned()
}

/// The part of a clean title that is shown.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(TITLE_CHARS_MAX) {
        Some((end, _)) => text[..end].trim_end().to_owned(),
        None => text.to_owned(),
    }
}

/// Whether the body's first text is a heading of this title.
pub(super) fn begins_with_heading(body: &str, title: &str) -> bool {
    heading(body).is_some_and(|heading| heading.text == title && body[..heading.at.start].trim().is_empty())
}

/// The body with its first heading's text replaced, or with a heading before it. `None` when the heading cannot
/// hold the title.
pub(super) fn with_title(body: &str, title: &str, newline: &str) -> Option<String> {
    match heading(body) {
        Some(old) if old.text == title => Some(body.to_owned()),
        // A section's heading below some text, or a paragraph that `---` under it makes a heading of, is not
        // what somebody means to replace who changes a title.
        Some(old) if !is_title(body, &old) => Some(with_heading(body, title, newline)),
        Some(old) => [title.to_owned(), escaped(title)].into_iter().find_map(|text| {
            let written = replaced(body, &old, &text)?;
            heading(&written).is_some_and(|heading| heading.text == title).then_some(written)
        }),
        None => Some(with_heading(body, title, newline)),
    }
}

/// The body under its heading, which is not written twice.
pub(super) fn titled(body: &str, title: &str, newline: &str) -> String {
    if begins_with_heading(body, title) { body.to_owned() } else { with_heading(body, title, newline) }
}

/// The body below a heading of this title, its signs escaped if they would be read as markup.
pub(super) fn with_heading(body: &str, title: &str, newline: &str) -> String {
    let plain = prepended(body, title, newline);
    if begins_with_heading(&plain, title) { plain } else { prepended(body, &escaped(title), newline) }
}

/// Whether the heading is the document's own and not a section's: one line of text, and either of the highest
/// level or what the body begins with.
fn is_title(body: &str, heading: &Heading) -> bool {
    let mut lines = body[heading.at.clone()].lines().map(str::trim).filter(|line| !line.is_empty());
    let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let underlined = |sign: u8| !second.is_empty() && second.bytes().all(|byte| byte == sign);
    let is_highest = underlined(b'=') || (first.starts_with('#') && !first.starts_with("##"));
    let is_one_line = first.starts_with('#') || underlined(b'=') || underlined(b'-');
    is_one_line && (is_highest || body[..heading.at.start].trim().is_empty())
}

/// The first heading with text, code blocks not mistaken for one.
fn heading(body: &str) -> Option<Heading> {
    if let Some(line) = plain_first_heading(body) {
        return Some(line);
    }
    let mut depth = 0_usize;
    let mut open: Option<Heading> = None;
    for (event, at) in Parser::new(body).into_offset_iter() {
        match event {
            Event::Start(Tag::BlockQuote(_) | Tag::List(_) | Tag::Item) => depth += 1,
            Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item) => depth = depth.saturating_sub(1),
            Event::Start(Tag::Heading { .. }) if depth == 0 => open = Some(Heading { text: String::new(), at }),
            Event::End(TagEnd::Heading(_)) => {
                if let Some(heading) = open.take().map(|heading| Heading { text: clean(&heading.text), ..heading })
                    && !heading.text.is_empty()
                {
                    return Some(heading);
                }
            }
            other => {
                if let Some(heading) = &mut open {
                    push_text(&mut heading.text, &other);
                }
            }
        }
    }
    None
}

/// Most documents begin with `# Title`: then that line alone needs parsing. A link's text can be defined
/// elsewhere in the body, so a line with a bracket does not qualify.
fn plain_first_heading(body: &str) -> Option<Heading> {
    let start = body.len() - body.trim_start_matches(['\n', '\r']).len();
    let line = body[start..].split_inclusive('\n').next()?;
    if !line.starts_with('#') || line.contains('[') || line.trim_end_matches(['\n', '\r']).contains('\r') {
        return None;
    }
    let mut events = Parser::new(line);
    let Some(Event::Start(Tag::Heading { .. })) = events.next() else { return None };
    let mut text = String::new();
    events.for_each(|event| push_text(&mut text, &event));
    let text = clean(&text);
    (!text.is_empty()).then_some(Heading { text, at: start..start + line.len() })
}

fn push_text(text: &mut String, event: &Event<'_>) {
    match event {
        // Raw HTML is shown as text everywhere.
        Event::Text(part) | Event::Code(part) | Event::InlineHtml(part) => text.push_str(part),
        Event::SoftBreak | Event::HardBreak => text.push(' '),
        _ => {}
    }
}

/// The first line of a body without headings that has text besides its Markdown signs.
fn first_line(body: &str) -> Option<String> {
    let lines = body.lines().map(str::trim).filter(|line| !line.is_empty()).take(FALLBACK_LINES_MAX);
    lines.map(line_text).find(|text| !text.is_empty())
}

fn line_text(line: &str) -> String {
    let mut text = String::new();
    Parser::new_ext(line, Options::ENABLE_TASKLISTS).for_each(|event| push_text(&mut text, &event));
    clean(&text)
}

fn replaced(body: &str, old: &Heading, text: &str) -> Option<String> {
    let source = body.get(old.at.clone())?;
    let trimmed = source.trim_end();
    let is_atx = !trimmed.contains(['\n', '\r']);
    let (start, end) = if is_atx { atx_content(trimmed) } else { setext_content(trimmed)? };
    Some([&body[..old.at.start], &source[..start], text, &source[end..], &body[old.at.end..]].concat())
}

/// Where the text of `## Title ##` lies.
fn atx_content(line: &str) -> (usize, usize) {
    let content = line.trim_start_matches(' ').trim_start_matches('#').trim_start();
    let start = line.len() - content.len();
    let unclosed = content.trim_end_matches('#');
    // Signs that touch the text belong to it.
    let end = if unclosed.ends_with([' ', '\t']) { unclosed.trim_end().len() } else { content.len() };
    (start, start + end)
}

/// Where the text above the underline lies.
fn setext_content(lines: &str) -> Option<(usize, usize)> {
    let underline = lines.rfind(['\n', '\r'])?;
    let start = lines.len() - lines.trim_start().len();
    let end = lines[..underline].trim_end().len();
    (start <= end).then_some((start, end))
}

fn prepended(body: &str, text: &str, newline: &str) -> String {
    let has_blank_line = body.is_empty() || body.starts_with(['\n', '\r']);
    ["# ", text, newline, if has_blank_line { "" } else { newline }, body].concat()
}

/// Every sign that Markdown could read as markup, behind a backslash.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title_of(body: &str) -> String {
        title(body, &FileName::parse("0001-Aus-dem-Namen.md").unwrap())
    }

    #[test]
    fn the_title_is_the_first_heading_else_the_first_line_else_the_file_name() {
        for (body, expected) in [
            ("# Titel\n\nText\n", "Titel"),
            ("\n\n## Titel ##\n", "Titel"),
            ("Text zuerst\n\n# Titel\n", "Titel"),
            ("Titel\n=====\n", "Titel"),
            ("Zwei\nZeilen\n---\n", "Zwei Zeilen"),
            ("```\n# kein Titel\n```\n\n# Titel\n", "Titel"),
            ("    # kein Titel\n\n# Titel\n", "Titel"),
            ("> # Zitat\n\n- # Liste\n\n# Titel\n", "Titel"),
            ("#kein Titel\n", "#kein Titel"),
            ("# \n\n## Titel\n", "Titel"),
            ("# Ein *schöner* `Titel` mit [Link](x) &amp; <b>mehr</b>\n", "Ein schöner Titel mit Link & <b>mehr</b>"),
            ("# [a]\n\n[a]: /x\n", "a"),
            ("# A\tB\u{7}C\r\n", "A BC"),
            ("\n- [ ] **Milch** kaufen\n- Brot\n", "Milch kaufen"),
            ("---\n\n1. Erstens\n", "Erstens"),
            ("> Zitat\n", "Zitat"),
            ("\n   \n", "Aus dem Namen"),
            ("", "Aus dem Namen"),
        ] {
            assert_eq!(title_of(body), expected, "{body:?}");
        }
        assert_eq!(title_of(&format!("# {}\n", "ä".repeat(300))).chars().count(), TITLE_CHARS_MAX);
    }

    #[test]
    fn a_title_replaces_the_heading_alone() {
        for (body, expected) in [
            ("# Alt\n\nText\n", "# Neu\n\nText\n"),
            ("\n##   Alt   ##  \r\nText", "\n##   Neu   ##  \r\nText"),
            ("# Alt C#\n", "# Neu\n"),
            ("vorher\n\n# Alt", "vorher\n\n# Neu"),
            ("Alt\n===\nText\n", "Neu\n===\nText\n"),
            ("  Alt \r\n---\r\n", "  Neu \r\n---\r\n"),
            ("Zwei\nZeilen\n---\nRest\n", "# Neu\n\nZwei\nZeilen\n---\nRest\n"),
            ("vorher\n\n## Schritte\n", "# Neu\n\nvorher\n\n## Schritte\n"),
            ("## Schritte\n", "## Neu\n"),
            ("```\n# kein\n```\n# Alt\n", "```\n# kein\n```\n# Neu\n"),
            ("Text\n", "# Neu\n\nText\n"),
            ("\nText\n", "# Neu\n\nText\n"),
            ("", "# Neu\n"),
        ] {
            assert_eq!(with_title(body, "Neu", "\n").as_deref(), Some(expected), "{body:?}");
        }
        assert_eq!(with_title("Text\r\n", "Neu", "\r\n").as_deref(), Some("# Neu\r\n\r\nText\r\n"));
    }

    #[test]
    fn a_title_with_markup_is_escaped_only_where_it_must_be() {
        let written = |title: &str| with_title("", title, "\n").unwrap();
        assert_eq!(written("Anruf: Bernd (C#) + 1.000 €"), "# Anruf: Bernd (C#) + 1.000 €\n");
        assert_eq!(written("*wichtig*"), "# \\*wichtig\\*\n");
        for title in ["a #", "##", "&amp;", "[x](y)", "a\\", "`", "<!-- x", "1. x", "- x", "~~x~~", "$x$", "\u{feff}x"]
        {
            assert_eq!(title_of(&written(title)), title);
            assert_eq!(title_of(&with_title("Alt\n---\n", title, "\n").unwrap()), title);
        }
    }
}
