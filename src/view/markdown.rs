//! Markdown to HTML that is safe to show: raw HTML becomes text, then a sanitizer removes what is active.

use std::collections::HashSet;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

/// Elements within each other; deeper ones are left out and their text stays. Whoever checks HTML looks through all that are
/// open at each new one, so that a few thousand would keep a server busy for seconds.
const DEPTH_MAX: usize = 64;

/// Parts of a text that are shown: more than anybody writes in a document of the largest size, and fewer than the empty cells
/// of a table that is wide and long. The document itself has the rest.
const EVENTS_MAX: usize = 70_000;

/// Costly signs in one run of text, or in one address. Whoever writes HTML looks at each of them through all that follows in
/// the run, so that a document full of ampersands would keep a server busy for seconds.
const COSTLY_MAX: usize = 256;

/// What ends a run of text and is not shown: the sanitizer takes it away.
const RUN_END: &str = "<!---->";

/// Renders CommonMark with tables, task lists, strikethrough and footnotes. `item` makes what stands before an item of a
/// checklist, of its place among all of them and whether it is ticked; it has to make what is safe.
pub fn to_html(markdown: &str, item: impl Fn(usize, bool) -> String) -> String {
    let mut ticked = Vec::new();
    let plain = rendered(markdown, |is_ticked| {
        ticked.push(is_ticked);
        String::new()
    });
    if ticked.is_empty() {
        return plain;
    }
    // What marks the items until the rest is known to be harmless stands nowhere in the text, so nobody can write one.
    let after = plain.split("item").skip(1).map(|after| after.split(|sign: char| !sign.is_ascii_digit()).next());
    let written: HashSet<usize> = after.filter_map(|digits| digits?.parse().ok()).collect();
    let Some(number) = (0..=plain.len()).find(|number| !written.contains(number)) else { return plain };
    let mark = format!("item{number}:");
    let mut places = ticked.iter().copied().enumerate();
    let marked = rendered(markdown, |_| mark.clone());
    let mut parts = marked.split(mark.as_str());
    let mut text = parts.next().unwrap_or_default().to_owned();
    for after in parts {
        text.extend(places.next().map(|(place, is_ticked)| item(place, is_ticked)));
        text.push_str(after);
    }
    text
}

/// What is safe to show, with `mark` before each item of a checklist.
fn rendered(markdown: &str, mark: impl FnMut(bool) -> String) -> String {
    sanitize(&unsanitized(markdown, mark))
}

fn unsanitized(markdown: &str, mut mark: impl FnMut(bool) -> String) -> String {
    let mut depth = 0;
    let mut links = Vec::new();
    let events = Parser::new_ext(markdown, options()).take(EVENTS_MAX);
    let events = events.filter(|event| is_within(event, &mut depth) && has_address(event, &mut links));
    let events = in_runs(events.filter_map(|event| as_text(event, &mut mark)));
    let mut rendered = String::with_capacity(markdown.len() * 3 / 2);
    html::push_html(&mut rendered, events.into_iter());
    rendered
}

/// Whether an element is within the depth; `depth` is how many are open.
fn is_within(event: &Event<'_>, depth: &mut usize) -> bool {
    match event {
        Event::Start(_) => {
            *depth += 1;
            *depth <= DEPTH_MAX
        }
        Event::End(_) => {
            *depth -= 1;
            *depth < DEPTH_MAX
        }
        _ => true,
    }
}

/// Whether an address can be shown; of a link whose address cannot, the text stays. `links` are those that are open.
fn has_address(event: &Event<'_>, links: &mut Vec<bool>) -> bool {
    match event {
        Event::Start(Tag::Link { dest_url, title, .. }) => {
            let is_shown = costly(dest_url) + costly(title) <= COSTLY_MAX;
            links.push(is_shown);
            is_shown
        }
        Event::End(TagEnd::Link) => links.pop().unwrap_or(true),
        Event::FootnoteReference(name) => costly(name) <= COSTLY_MAX,
        _ => true,
    }
}

/// The same with an end of the run wherever there are too many costly signs in it. Texts that follow each other are one run.
fn in_runs<'t>(events: impl Iterator<Item = Event<'t>>) -> Vec<Event<'t>> {
    let mut all = Vec::new();
    let mut run = 0;
    for event in events {
        let (Event::Text(text) | Event::Code(text)) = &event else {
            all.push(event);
            continue;
        };
        let count = costly(text);
        if run + count <= COSTLY_MAX {
            run += count;
            all.push(event);
            continue;
        }
        let is_code = matches!(event, Event::Code(_));
        all.extend(is_code.then(|| Event::Html("<code>".into())));
        let mut start = 0;
        for (at, _) in text.char_indices().filter(|(_, sign)| is_costly(*sign)) {
            if run == COSTLY_MAX {
                all.push(Event::Text(text[start..at].to_owned().into()));
                all.push(Event::Html(RUN_END.into()));
                (start, run) = (at, 0);
            }
            run += 1;
        }
        all.push(Event::Text(text[start..].to_owned().into()));
        all.extend(is_code.then(|| Event::Html("</code>".into())));
    }
    all
}

fn costly(text: &str) -> usize {
    text.chars().filter(|sign| is_costly(*sign)).count()
}

/// An ampersand, or what begins with the same byte as a space that does not break.
fn is_costly(sign: char) -> bool {
    matches!(sign, '&' | '\u{80}'..='\u{bf}')
}

/// An item as it is shown where nobody can tick it.
pub fn checkbox(_: usize, is_ticked: bool) -> String {
    let checked = if is_ticked { " checked" } else { "" };
    format!("<input type=\"checkbox\" disabled{checked}>")
}

/// What the items of the checklists say, in their order and without marks; what is listed below an item is not part of it.
pub fn items(markdown: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    let mut is_within = false;
    for event in Parser::new_ext(markdown, options()) {
        match event {
            Event::TaskListMarker(_) => {
                items.push(String::new());
                is_within = true;
            }
            Event::Start(Tag::List(_) | Tag::Item) | Event::End(TagEnd::Item) => is_within = false,
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) if is_within => {
                items.last_mut().into_iter().for_each(|item| item.push_str(&text));
            }
            Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::Paragraph) if is_within => {
                items.last_mut().into_iter().for_each(|item| item.push(' '));
            }
            _ => {}
        }
    }
    items.iter().map(|item| item.trim().to_owned()).collect()
}

/// The text with one item of its checklists ticked, or no longer; `None` where there is no such item.
pub fn tick(markdown: &str, place: usize) -> Option<String> {
    let parser = Parser::new_ext(markdown, options()).into_offset_iter();
    let mut items = parser.filter_map(|(event, range)| match event {
        Event::TaskListMarker(is_ticked) => Some((is_ticked, range)),
        _ => None,
    });
    let (is_ticked, range) = items.nth(place)?;
    let (before, after) = (markdown.get(..range.start)?, markdown.get(range.end..)?);
    let mark = if is_ticked { "[ ]" } else { "[x]" };
    Some(format!("{before}{mark}{after}"))
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES
}

/// HTML that somebody wrote into a task is shown, not carried out.
fn as_text<'t>(event: Event<'t>, mark: &mut impl FnMut(bool) -> String) -> Option<Event<'t>> {
    match event {
        Event::TaskListMarker(is_ticked) => Some(Event::Text(mark(is_ticked).into())),
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
        Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
        // A picture from elsewhere would tell that host who reads the task; its description stays.
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        other => Some(other),
    }
}

fn sanitize(rendered: &str) -> String {
    ammonia::Builder::default()
        .rm_tags(["img"])
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .link_rel(Some("noopener noreferrer nofollow"))
        .strip_comments(true)
        .clean(rendered)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(markdown: &str) -> String {
        to_html(markdown, |place, is_ticked| format!("<button>{place}{}</button>", if is_ticked { "x" } else { "" }))
    }

    #[test]
    fn nothing_active_comes_through() {
        for attack in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "[x](javascript:alert(1))",
            "[x](data:text/html,hi)",
            "<div onclick='x'>\n\n<iframe src=//example.org>",
            "![p](https://example.org/p.png)",
            "<svg/onload=alert(1)>",
            "<button>\n\n<input type=checkbox>",
        ] {
            let html = shown(attack);
            for active in ["<script", "<img", "javascript:", "data:", "<iframe", "<svg", "<div", "<button", "<input"] {
                assert!(!html.contains(active), "{attack} became {html}");
            }
        }
    }

    #[test]
    fn what_people_write_is_rendered() {
        let html = shown("- [x] *eins*\n- [ ] [zwei](https://example.org)\n\n|a|\n|-|\n|ü|");
        for expected in
            ["<button>0x</button>", "<button>1</button>", "<em>eins</em>", "href=\"https://example.org\"", "<td>ü</td>"]
        {
            assert!(html.contains(expected), "{expected} in {html}");
        }
    }

    #[test]
    fn nobody_writes_an_item_that_is_none() {
        let forged = "item0: `item0:` <b>item1:</b> item2: &#105;tem3:\n\n    item4:\n\n[a](/item5: \"item0: &#105;tem6:\")\n\n- [ ] one";
        assert_eq!(shown(forged).matches("<button>").count(), 1, "{}", shown(forged));
    }

    #[test]
    fn what_is_deep_or_wide_stays_small_and_its_text_is_shown() {
        let size = 60_000;
        for (mark, rest) in
            [("> ", ""), (">", ""), ("- ", ""), ("1. ", ""), ("*a _b ", ""), ("[", "](x)"), ("- [ ] ", "")]
        {
            let count = size / (mark.len() + rest.len());
            let html = shown(&format!("{}word{}", mark.repeat(count), rest.repeat(count)));
            assert!(html.contains("word") && html.len() < 20 * size, "{mark:?}: {}", html.len());
            assert!(html.matches("<blockquote>").count() + html.matches("<li>").count() <= DEPTH_MAX, "{mark:?}");
        }
        let table = format!("{}\n{}\n{}", "|a".repeat(2_000), "|-".repeat(2_000), "|b\n".repeat(15_000));
        assert!(shown(&table).len() < 40 * size, "{}", shown(&table).len());
        let paragraphs = "a\n\n".repeat(20_000);
        assert_eq!(shown(&paragraphs).matches("<p>").count(), 20_000, "nothing that is written is cut");
    }

    #[test]
    fn no_run_has_many_costly_signs_and_each_of_them_is_shown() {
        let size = 6_000;
        for (sign, as_html) in [
            ("&", "&amp;"),
            ("&#", "&amp;#"),
            ("&a", "&amp;a"),
            ("&#x", "&amp;#x"),
            ("&amp;", "&amp;"),
            ("\\&", "&amp;"),
            ("x&y\n", "x&amp;y\n"),
            ("<", "&lt;"),
            ("\u{a0}§", "&nbsp;§"),
        ] {
            let count = size / sign.len();
            let (signs, expected) = (sign.repeat(count), as_html.repeat(count));
            let (line, line_expected) = (signs.replace('\n', " "), expected.replace('\n', " "));
            let blocks = [
                (format!("a{signs}z"), format!("<p>a{expected}z</p>\n")),
                (format!("- *a{signs}z*"), format!("<ul>\n<li><em>a{expected}z</em></li>\n</ul>\n")),
                (format!("|a|\n|-|\n|a{line}z|"), format!("<td>a{line_expected}z</td>")),
            ];
            for (markdown, html) in blocks {
                check(&markdown, &html);
            }
            if sign.len() == as_html.replace("&amp;", "&").replace("&lt;", "<").replace("&nbsp;", "\u{a0}").len() {
                check(&format!("`a{line}z`"), &format!("<p><code>a{line_expected}z</code></p>\n"));
                check(&format!("```\na{signs}z\n```"), &format!("<pre><code>a{expected}z\n</code></pre>\n"));
            }
        }
        let signs = "&".repeat(size);
        let link = format!("[word](/{signs}) [word](/ \"{signs}\") [^{signs}] [in](/?a&b)\n\n[^{signs}]: note");
        check(&link, "<p>word word  <a href=\"/?a&amp;b\"");
    }

    /// That it is shown so, and that what the sanitizer works on has no run that is costly.
    fn check(markdown: &str, expected: &str) {
        let html = shown(markdown);
        let start = markdown.chars().take(20).collect::<String>();
        assert!(html.contains(expected) && !html.contains("<!--"), "{start}");
        let unsanitized = unsanitized(markdown, |_| String::new());
        // The name of a note stands in what the sanitizer takes away.
        for run in unsanitized.split('<').filter(|run| !run.contains("footnote")) {
            assert!(
                costly(&run.replace("&lt;", "").replace("&gt;", "").replace("&quot;", "")) <= COSTLY_MAX,
                "{start}"
            );
        }
    }

    #[test]
    fn an_item_says_what_stands_beside_its_box() {
        let text = "- [ ] one *and* `code`\n  [more](/x)\n  - [x] two <b>&amp;\n\n    apart\n  - three\n- [ ] four\n\nend\n\n1. [ ] 5";
        let said = items(text);
        assert_eq!(said, ["one and code more", "two <b>& apart", "four", "5"]);
        assert_eq!(said.len(), shown(text).matches("<button>").count());
    }

    #[test]
    fn an_item_is_ticked_and_no_other_byte_changes() {
        let text = "- [ ] one\r\n  - [X] two [ ] \r\n\r\n    - [ ] code?\n```\n- [ ] code\n```\n1. [ ] last";
        assert_eq!(tick(text, 0).unwrap(), text.replacen("[ ] one", "[x] one", 1));
        assert_eq!(tick(text, 1).unwrap(), text.replacen("[X] two", "[ ] two", 1));
        let items = shown(text).matches("<button>").count();
        assert!(tick(text, items - 1).is_some() && tick(text, items).is_none());
        assert_eq!(tick(text, items - 1).unwrap(), text.replacen("[ ] last", "[x] last", 1));
    }
}
