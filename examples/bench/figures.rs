//! What was measured, against what it should be.

use std::fmt;

use anyhow::Result;
use serde::Serialize;

/// What a figure should be.
#[derive(Clone, Copy)]
pub enum Target {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// At least this part of the baseline.
    PartOfBaseline(f64),
    /// It is only told.
    None,
}

/// One figure.
#[derive(Serialize)]
pub struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    /// The same without viadukt.
    baseline: Option<f64>,
    /// The value in parts of the baseline.
    ratio: Option<f64>,
    /// What it is compared with: the ratio where that is what counts, else the value.
    target: Option<f64>,
    ok: bool,
    #[serde(skip)]
    wanted: Target,
}

/// All figures of a run. Shown as a table.
#[derive(Default)]
pub struct Figures(Vec<Figure>);

impl Figures {
    /// Adds a figure and shows it.
    pub fn add(
        &mut self,
        name: &'static str,
        (value, unit): (f64, &'static str),
        baseline: Option<f64>,
        wanted: Target,
    ) {
        let ratio = baseline.map(|baseline| value / baseline);
        let (target, ok) = match wanted {
            Target::AtLeast(least) => (Some(least), value >= least),
            Target::AtMost(most) => (Some(most), value <= most),
            Target::PartOfBaseline(part) => (Some(part), ratio.is_some_and(|ratio| ratio >= part)),
            Target::None => (None, true),
        };
        let figure = Figure { name, value, unit, baseline, ratio, target, ok, wanted };
        println!("{figure}");
        self.0.push(figure);
    }

    /// The figures as a JSON list.
    ///
    /// # Errors
    /// A value is not finite.
    pub fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(&self.0)? + "\n")
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<58} {:>10} {:<12} {:>10} {:>6} {:>14}",
            "", "value", "", "baseline", "ratio", "target"
        )?;
        self.0.iter().try_for_each(|figure| writeln!(f, "{figure}"))
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |value: Option<f64>, digits| {
            value.map(|value| format!("{value:.digits$}")).unwrap_or_default()
        };
        let digits = if self.value < 10.0 { 2 } else { 1 };
        let target = match self.wanted {
            Target::AtLeast(least) => format!("≥ {least}"),
            Target::AtMost(most) => format!("≤ {most}"),
            Target::PartOfBaseline(part) => format!("ratio ≥ {part}"),
            Target::None => String::new(),
        };
        let verdict = if self.ok { "" } else { "  MISSED" };
        write!(
            f,
            "{:<58} {:>10} {:<12} {:>10} {:>6} {target:>14}{verdict}",
            self.name,
            number(Some(self.value), digits),
            self.unit,
            number(self.baseline, digits),
            number(self.ratio, 2),
        )
    }
}

/// The middle of `values`.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
