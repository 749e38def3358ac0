//! Prometheus' text format, version 0.0.4.

use std::fmt::{Display, Write as _};

use crate::metrics::Spread;

/// A text that grows, one family of samples after the other.
#[derive(Default)]
pub struct Exposition(String);

/// A sample's labels.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

/// What a unit of a histogram's values is in the unit that is shown.
#[derive(Clone, Copy)]
pub enum Unit {
    /// Values are nanoseconds.
    Seconds,
    One,
}

impl Unit {
    fn shown(self, value: u64) -> f64 {
        match self {
            Unit::Seconds => value as f64 / 1e9,
            Unit::One => value as f64,
        }
    }
}

impl Exposition {
    pub fn into_text(self) -> String {
        self.0
    }

    /// Begins a family; its samples follow. `kind` is `counter`, `gauge` or `histogram`.
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        // A text takes all that is written.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    pub fn sample(&mut self, name: &str, labels: Labels<'_>, value: impl Display) {
        self.0.push_str(name);
        let mut before = "{";
        for (label, text) in labels {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.0, "{before}{label}=\"{text}\"");
            before = ",";
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    /// A family of one sample without labels.
    pub fn single(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    /// The samples of a histogram.
    pub fn spread(&mut self, name: &str, labels: Labels<'_>, spread: &Spread, unit: Unit) {
        let bucket = format!("{name}_bucket");
        let mut up_to = |end: &str, count: u64| {
            let labels: Vec<_> = labels.iter().copied().chain([("le", end)]).collect();
            self.sample(&bucket, &labels, count);
        };
        for (bound, count) in &spread.up_to {
            up_to(&unit.shown(*bound).to_string(), *count);
        }
        up_to("+Inf", spread.count);
        self.sample(&format!("{name}_sum"), labels, unit.shown(spread.sum));
        self.sample(&format!("{name}_count"), labels, spread.count);
    }
}
