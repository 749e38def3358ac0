//! Plots as the inside of an SVG element: the door to plotters. They bring no colours of their own but classes, which a style
//! sheet gives colours for light and for dark.

use plotters::chart::ChartBuilder;
use plotters::drawing::{DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{EmptyElement, PathElement, Rectangle, Text};
use plotters::prelude::SVGBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, IntoTextStyle, RGBColor, TextStyle};

/// What a part of a plot is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Work,
    Private,
    Other,
    Quiet,
}

impl Tone {
    pub const ALL: [Tone; 4] = [Tone::Work, Tone::Private, Tone::Other, Tone::Quiet];

    /// The class that a style sheet knows it by.
    pub fn class(self) -> &'static str {
        match self {
            Tone::Work => "tone-work",
            Tone::Private => "tone-private",
            Tone::Other => "tone-other",
            Tone::Quiet => "tone-quiet",
        }
    }

    /// Not to be seen by anybody: it stands in the place of the class while it is drawn.
    fn mark(self) -> RGBColor {
        RGBColor(0, 0, self as u8 + 1)
    }
}

const TEXT: (RGBColor, &str) = (RGBColor(0, 0, 8), "label");
const LINE: (RGBColor, &str) = (RGBColor(0, 0, 9), "line");

/// Parts that stand on each other, and what is said below them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub label: String,
    /// `None` where it is not known how much it is.
    pub parts: Option<Vec<(Tone, usize)>>,
}

impl Column {
    fn total(&self) -> usize {
        self.parts.iter().flatten().map(|(_, count)| count).sum()
    }
}

/// Pixels of a character and of a line, about: there are no fonts here to measure with.
const CHAR_WIDTH: usize = 7;
const TEXT_HEIGHT: f64 = 15.0;
const LABEL_HEIGHT: u32 = 20;

/// Lines across at most, without that of nothing.
const LINES_MAX: usize = 4;

/// Draws columns side by side, so many pixels wide and high.
pub fn columns(columns: &[Column], (width, height): (u32, u32)) -> String {
    let mut svg = String::new();
    // Into a string there is nothing that could fail; what could be drawn is worth to be seen all the same.
    let _ = draw(columns, (width, height), &mut svg);
    let inside = svg.split_once('>').map_or("", |(_, inside)| inside).trim_end().trim_end_matches("</svg>");
    let classes = Tone::ALL.map(|tone| (tone.mark(), tone.class()));
    classes.into_iter().chain([TEXT, LINE]).fold(inside.to_owned(), |svg, (RGBColor(_, _, mark), class)| {
        // Quotation marks stand in no text there, only around attributes.
        ["fill", "stroke"].into_iter().fold(svg, |svg, attribute| {
            svg.replace(&format!("{attribute}=\"#0000{mark:02X}\""), &format!("class=\"{class}\""))
        })
    })
}

/// The step from line to line, and where the last is: round numbers, a few of them, and none below what is to be shown.
fn lines(most: usize) -> (usize, usize) {
    let mut step = 1_usize;
    for factor in [2, 5, 10].into_iter().cycle() {
        if most.div_ceil(step) <= LINES_MAX || step > usize::MAX / 10 {
            break;
        }
        // 1, 2, 5, 10, 20 …
        step = match factor {
            2 => step * 2,
            5 => step / 2 * 5,
            _ => step * 2,
        };
    }
    (step, most.div_ceil(step).max(1) * step)
}

type Drawing<'s> = Result<(), DrawingAreaErrorKind<<SVGBackend<'s> as plotters::backend::DrawingBackend>::ErrorType>>;

fn draw<'s>(columns: &[Column], size: (u32, u32), svg: &'s mut String) -> Drawing<'s> {
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    let most = columns.iter().map(Column::total).max().unwrap_or(0);
    let (step, top) = lines(most);
    let widest = top.to_string().len() * CHAR_WIDTH + 10;
    let count = columns.len().max(1);
    let mut chart = ChartBuilder::on(&root)
        .margin_top(8)
        .margin_right(2)
        .x_label_area_size(LABEL_HEIGHT)
        .y_label_area_size(u32::try_from(widest).unwrap_or(u32::MAX))
        .build_cartesian_2d(0..count * SPAN, 0..top)?;
    // By hand: the library's own mesh ends in a panic for some ranges of whole numbers.
    let heights = || (0..=top / step).map(|line| line * step);
    chart.draw_series(heights().map(|height| PathElement::new([(0, height), (count * SPAN, height)], LINE.0)))?;
    chart.draw_series(heights().map(|height| {
        EmptyElement::at((0, height)) + Text::new(height.to_string(), (-6, 0), text(HPos::Right, VPos::Center))
    }))?;
    for (place, column) in columns.iter().enumerate() {
        let (left, right) = (place * SPAN + GAP, (place + 1) * SPAN - GAP);
        let mut bottom = 0;
        let parts = column.parts.iter().flatten().filter(|(_, count)| *count > 0);
        let parts = parts.map(|(tone, count)| {
            let from = bottom;
            bottom += count;
            Rectangle::new([(left, from), (right, bottom)], tone.mark().filled())
        });
        chart.draw_series(parts)?;
    }
    let room = (size.0 as usize).saturating_sub(widest) / count;
    let every = labels_every(columns, room);
    let middle = |place: usize| (place * SPAN + SPAN / 2, 0);
    let unknown =
        columns.iter().enumerate().filter(|(_, column)| column.parts.is_none()).map(|(place, _)| {
            EmptyElement::at(middle(place)) + Text::new("?", (0, -2), text(HPos::Center, VPos::Bottom))
        });
    chart.draw_series(unknown)?;
    let labelled = columns.iter().enumerate().filter(|(place, _)| (count - 1 - place).is_multiple_of(every));
    let labels = labelled.map(|(place, column)| {
        EmptyElement::at(middle(place)) + Text::new(column.label.clone(), (0, 6), text(HPos::Center, VPos::Top))
    });
    chart.draw_series(labels)?;
    root.present()
}

/// What a column is wide, and what of it stays free on each side.
const SPAN: usize = 10;
const GAP: usize = 1;

/// Every how many columns there is room for a label; the last one has one.
fn labels_every(columns: &[Column], room: usize) -> usize {
    let longest = columns.iter().map(|column| column.label.chars().count()).max().unwrap_or(0);
    ((longest + 1) * CHAR_WIDTH).div_ceil(room.max(1)).max(1)
}

fn text(horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    let font = FontDesc::new(FontFamily::SansSerif, TEXT_HEIGHT, FontStyle::Normal);
    font.into_text_style(&(0, 0)).color(&TEXT.0).pos(Pos::new(horizontal, vertical))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(label: &str, parts: Option<&[(Tone, usize)]>) -> Column {
        Column { label: label.to_owned(), parts: parts.map(<[_]>::to_vec) }
    }

    #[test]
    fn columns_have_classes_and_no_colours() {
        let drawn = columns(
            &[
                column("1", Some(&[(Tone::Work, 3), (Tone::Quiet, 1)])),
                column("2", None),
                column("3", Some(&[(Tone::Other, 0)])),
            ],
            (200, 120),
        );
        assert!(!drawn.contains("=\"#") && !drawn.contains("style") && !drawn.contains("svg"), "{drawn}");
        let count = |class: &str| drawn.matches(&format!("class=\"{class}\"")).count();
        assert_eq!((count("tone-work"), count("tone-quiet"), count("tone-other")), (1, 1, 0), "nothing has no height");
        let texts: Vec<&str> =
            drawn.split("</text>").filter_map(|text| Some(text.rsplit_once(">\n")?.1.trim())).collect();
        assert_eq!(texts, ["0", "1", "2", "3", "4", "?", "1", "2", "3"], "{drawn}");
    }

    #[test]
    fn what_somebody_wrote_is_text() {
        let drawn = columns(&[column("<b class=\"x\">'&", Some(&[(Tone::Work, 1)]))], (600, 120));
        assert!(drawn.contains("&lt;b class=&quot;x&quot;&gt;&apos;&amp;"), "{drawn}");
        let forged = columns(&[column("fill=\"#000001\"", Some(&[]))], (600, 120));
        assert!(!forged.contains("tone-work"), "{forged}");
    }

    #[test]
    fn lines_are_round_few_and_reach_to_the_top() {
        assert_eq!(
            [0, 1, 4, 5, 9, 17, 41, 100, 101].map(lines),
            [(1, 1), (1, 1), (1, 4), (2, 6), (5, 10), (5, 20), (20, 60), (50, 100), (50, 150),]
        );
        for most in (0..5_000).chain([usize::MAX / 100]) {
            let (step, top) = lines(most);
            assert!(top >= most && top / step <= LINES_MAX && top.is_multiple_of(step), "{most}: {step} {top}");
        }
    }

    #[test]
    fn labels_leave_each_other_room() {
        let weeks: Vec<Column> = (1..=26).map(|week| column(&week.to_string(), Some(&[]))).collect();
        assert_eq!([200, 24, 7, 3, 0].map(|room| labels_every(&weeks, room)), [1, 1, 3, 7, 21]);
        assert_eq!(columns(&[], (200, 100)).matches("tone").count(), 0);
    }
}
