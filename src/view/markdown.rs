//! Markdown to HTML that is safe to show: raw HTML becomes text, then a sanitizer removes what is active.

use std::collections::HashSet;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

/// Renders CommonMark with tables, task lists, strikethrough and footnotes.
pub fn to_html(markdown: &str) -> String {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
    let events = Parser::new_ext(markdown, options).filter_map(as_text);
    let mut rendered = String::with_capacity(markdown.len() * 3 / 2);
    html::push_html(&mut rendered, events);
    sanitize(&rendered)
}

/// HTML that somebody wrote into a task is shown, not carried out.
fn as_text(event: Event<'_>) -> Option<Event<'_>> {
    match event {
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
        .add_tags(["input"])
        .add_tag_attribute_values("input", "type", ["checkbox"])
        .add_tag_attributes("input", ["checked", "disabled"])
        .rm_tags(["img"])
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .link_rel(Some("noopener noreferrer nofollow"))
        .clean(rendered)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            let html = to_html(attack);
            for active in ["<script", "<img", "javascript:", "data:", "<iframe", "<svg", "<div"] {
                assert!(!html.contains(active), "{attack} became {html}");
            }
        }
    }

    #[test]
    fn what_people_write_is_rendered() {
        let html = to_html("- [x] *eins*\n- [ ] [zwei](https://example.org)\n\n|a|\n|-|\n|ü|");
        for expected in ["<input", "checked", "<em>eins</em>", "href=\"https://example.org\"", "<td>ü</td>"] {
            assert!(html.contains(expected), "{expected} in {html}");
        }
    }
}
