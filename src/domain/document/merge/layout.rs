//! How a text is written apart from what it says: it is merged by itself, so that a side that only changed the way of
//! writing, as editors do, has not changed every line.

use std::borrow::Cow;

use super::{Side, Versions};

const BOM: &str = "\u{feff}";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    has_bom: bool,
    newline: Newline,
    /// Whether the last line has no end.
    is_open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Newline {
    Lf,
    Crlf,
    /// Some of each; such a text's lines stay as they are.
    Mixed,
}

impl Newline {
    /// `None` for a text without line ends.
    fn of(text: &str) -> Option<Newline> {
        let all = text.matches('\n').count();
        match text.matches("\r\n").count() {
            _ if all == 0 => None,
            0 => Some(Newline::Lf),
            crlf if crlf == all => Some(Newline::Crlf),
            _ => Some(Newline::Mixed),
        }
    }

    /// The line ends that the result has. Where both sides changed them differently, those that are of one kind.
    fn agreed(texts: Versions<&str>, newer: Side) -> Newline {
        let [base, ours, theirs] = [texts.base, texts.ours, texts.theirs].map(Newline::of);
        let base = base.or(ours).or(theirs).unwrap_or(Newline::Lf);
        let all = Versions { base, ours: ours.unwrap_or(base), theirs: theirs.unwrap_or(base) };
        match all.settled() {
            Some(side) => all.of(side),
            None if all.ours == Newline::Mixed => all.theirs,
            None if all.theirs == Newline::Mixed => all.ours,
            None => all.of(newer),
        }
    }

    /// What is added where a text has no line end.
    fn text(self) -> &'static str {
        match self {
            Newline::Lf | Newline::Mixed => "\n",
            Newline::Crlf => "\r\n",
        }
    }
}

impl Layout {
    /// The layouts that the result may have. There is a second one where a side mixes line ends: then it is the merge
    /// that shows whether line ends alone are in the way.
    pub fn agreed(texts: Versions<&str>, newer: Side) -> Vec<Layout> {
        // Of two answers to a question at least two versions give the same.
        let of_both = |is: fn(&str) -> bool| {
            let answers = texts.map(is);
            answers.of(answers.settled().unwrap_or(newer))
        };
        let layout = Layout {
            has_bom: of_both(|text| text.starts_with(BOM)),
            newline: Newline::agreed(texts, newer),
            is_open: of_both(|text| !text.is_empty() && !text.ends_with('\n')),
        };
        match layout.newline {
            Newline::Lf | Newline::Crlf => vec![layout],
            Newline::Mixed => vec![layout, Layout { newline: Newline::Lf, ..layout }],
        }
    }

    /// The text without its byte order mark, its lines ended as this layout ends them, the last one too.
    pub fn taken_off<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let text = text.strip_prefix(BOM).unwrap_or(text);
        let mut lines = match self.newline {
            Newline::Mixed => Cow::Borrowed(text),
            newline if Newline::of(text).is_none_or(|found| found == newline) => Cow::Borrowed(text),
            Newline::Lf => Cow::Owned(text.replace("\r\n", "\n")),
            Newline::Crlf => Cow::Owned(text.replace("\r\n", "\n").replace('\n', "\r\n")),
        };
        if !lines.is_empty() && !lines.ends_with('\n') {
            lines.to_mut().push_str(self.newline.text());
        }
        lines
    }

    pub fn put_on(&self, text: &mut Vec<u8>) {
        let newline = self.newline.text().as_bytes();
        if self.is_open && text.ends_with(newline) {
            text.truncate(text.len() - newline.len());
        }
        if self.has_bom {
            text.splice(0..0, BOM.bytes());
        }
    }
}
