//! The formats in which metrics are shown: [OpenMetrics 1.0], and Prometheus' older text format
//! for whoever does not ask for it. The `prometheus` crate writes only the older one.
//!
//! [OpenMetrics 1.0]: https://prometheus.io/docs/specs/om/open_metrics_spec/

use std::fmt::{self, Write};

use prometheus::proto::{Histogram, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{Result, TextEncoder};

/// How metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format, version 0.0.4.
    Text,
    /// OpenMetrics, version 1.0.0.
    OpenMetrics,
}

impl Format {
    /// What an `Accept` header asks for (RFC 9110 12.5.1); a tie goes to the newer format.
    pub fn accepted(header: &str) -> Self {
        let weight = |format: Self| {
            let ranges = header.split(',').filter_map(Range::parse);
            let these = ranges.filter(|range| range.format() == Some(format));
            these.map(|range| range.weight).fold(0.0, f32::max)
        };
        let (open, text) = (weight(Self::OpenMetrics), weight(Self::Text));
        if open > 0.0 && open >= text { Self::OpenMetrics } else { Self::Text }
    }

    /// Its `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    pub(super) fn encode(self, families: &[MetricFamily]) -> Result<String> {
        match self {
            Self::Text => TextEncoder::new().encode_to_string(families),
            Self::OpenMetrics => Ok(OpenMetrics(families).to_string()),
        }
    }
}

/// One entry of an `Accept` header.
struct Range<'h> {
    kind: &'h str,
    version: Option<&'h str>,
    weight: f32,
}

impl<'h> Range<'h> {
    fn parse(entry: &'h str) -> Option<Self> {
        let mut parts = entry.split(';').map(str::trim);
        let mut range = Self { kind: parts.next()?, version: None, weight: 1.0 };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name.trim() {
                "q" => range.weight = value.trim().parse().ok()?,
                "version" => range.version = Some(value.trim().trim_matches('"')),
                _ => {}
            }
        }
        Some(range)
    }

    fn format(&self) -> Option<Format> {
        match (self.kind, self.version) {
            ("application/openmetrics-text", None | Some("1.0.0")) => Some(Format::OpenMetrics),
            ("text/plain", _) => Some(Format::Text),
            _ => None,
        }
    }
}

/// Families as an OpenMetrics exposition.
struct OpenMetrics<'f>(&'f [MetricFamily]);

impl fmt::Display for OpenMetrics<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for family in self.0 {
            write_family(out, family)?;
        }
        out.write_str("# EOF\n")
    }
}

/// A family has no suffix of its type; its samples have.
fn write_family(out: &mut dyn Write, family: &MetricFamily) -> fmt::Result {
    let (name, kind, suffix) = match (family.get_field_type(), family.name()) {
        (MetricType::COUNTER, name) => {
            (name.strip_suffix("_total").unwrap_or(name), "counter", "_total")
        }
        (MetricType::HISTOGRAM, name) => (name, "histogram", ""),
        (_, name) => match name.strip_suffix("_info") {
            Some(name) => (name, "info", "_info"),
            None => (name, "gauge", ""),
        },
    };
    writeln!(out, "# TYPE {name} {kind}")?;
    if let Some(unit) = ["seconds", "bytes"].iter().find(|unit| has_unit(name, unit)) {
        writeln!(out, "# UNIT {name} {unit}")?;
    }
    writeln!(out, "# HELP {name} {}", Escaped(family.help()))?;
    for metric in family.get_metric() {
        let labels = metric.get_label();
        if kind == "histogram" {
            write_histogram(out, name, labels, metric.get_histogram())?;
        } else {
            let name = format!("{name}{suffix}");
            write_sample(out, &name, labels, None, value_of(kind, metric))?;
        }
    }
    Ok(())
}

fn has_unit(name: &str, unit: &str) -> bool {
    name.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_'))
}

fn value_of(kind: &str, metric: &Metric) -> f64 {
    match kind {
        "counter" => metric.get_counter().get_value(),
        _ => metric.get_gauge().get_value(),
    }
}

fn write_histogram(
    out: &mut dyn Write,
    name: &str,
    labels: &[LabelPair],
    histogram: &Histogram,
) -> fmt::Result {
    let bucket = format!("{name}_bucket");
    for one in histogram.get_bucket() {
        // Rust's `Debug` writes a float as the specification wants it here: `1.0`, not `1`.
        let bound = format!("{:?}", one.upper_bound());
        write_sample(out, &bucket, labels, Some(&bound), float(one.cumulative_count()))?;
    }
    let count = float(histogram.get_sample_count());
    write_sample(out, &bucket, labels, Some("+Inf"), count)?;
    write_sample(out, &format!("{name}_count"), labels, None, count)?;
    write_sample(out, &format!("{name}_sum"), labels, None, histogram.get_sample_sum())
}

fn write_sample(
    out: &mut dyn Write,
    name: &str,
    labels: &[LabelPair],
    bound: Option<&str>,
    value: f64,
) -> fmt::Result {
    let labels = labels.iter().map(|label| (label.name(), label.value()));
    let mut separator = '{';
    out.write_str(name)?;
    for (label, value) in labels.chain(bound.map(|bound| ("le", bound))) {
        write!(out, "{separator}{label}=\"{}\"", Escaped(value))?;
        separator = ',';
    }
    if separator == ',' {
        out.write_char('}')?;
    }
    match value {
        f64::INFINITY => writeln!(out, " +Inf"),
        f64::NEG_INFINITY => writeln!(out, " -Inf"),
        _ => writeln!(out, " {value}"),
    }
}

#[allow(clippy::cast_precision_loss, reason = "nobody counts so many")]
fn float(count: u64) -> f64 {
    count as f64
}

/// A text in which `\`, `"` and line ends are escaped.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '\\' | '"' => write!(out, "\\{c}")?,
                '\n' => out.write_str("\\n")?,
                _ => out.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use prometheus::{Gauge, Histogram, HistogramOpts, IntCounterVec, IntGaugeVec, Opts, Registry};

    use super::*;

    #[test]
    fn the_newer_format_is_for_whoever_asks_for_it() {
        let prometheus_2 = "application/openmetrics-text;version=1.0.0,\
            application/openmetrics-text;version=0.0.1;q=0.75,\
            text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
            application/openmetrics-text;version=0.0.1;q=0.5,\
            text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3";
        for (header, format) in [
            (prometheus_2, Format::OpenMetrics),
            (prometheus_3, Format::OpenMetrics),
            ("application/openmetrics-text", Format::OpenMetrics),
            ("text/plain, application/openmetrics-text; version=\"1.0.0\"", Format::OpenMetrics),
            ("text/plain, application/openmetrics-text; q=0.9", Format::Text),
            ("application/openmetrics-text; version=0.0.1", Format::Text),
            ("application/openmetrics-text; q=0", Format::Text),
            ("application/openmetrics-text; q=much", Format::Text),
            ("*/*", Format::Text),
            ("", Format::Text),
        ] {
            assert_eq!(Format::accepted(header), format, "{header}");
        }
    }

    #[test]
    fn every_type_is_written_as_the_specification_wants_it() {
        let registry = Registry::new();
        let calls =
            IntCounterVec::new(Opts::new("calls_total", "Said \"so\"."), &["from"]).unwrap();
        calls.with_label_values(&["a\\b\n\"c\""]).inc_by(3);
        let build = IntGaugeVec::new(Opts::new("build_info", "Which."), &["version"]).unwrap();
        build.with_label_values(&["1.0"]).set(1);
        let age = Gauge::new("age_seconds", "How old.").unwrap();
        age.set(0.25);
        let opts = HistogramOpts::new("wait_seconds", "How long.").buckets(vec![0.5, 1.0]);
        let wait = Histogram::with_opts(opts).unwrap();
        wait.observe(0.75);
        registry.register(Box::new(calls)).unwrap();
        registry.register(Box::new(build)).unwrap();
        registry.register(Box::new(age)).unwrap();
        registry.register(Box::new(wait)).unwrap();
        let expected = r#"# TYPE age_seconds gauge
# UNIT age_seconds seconds
# HELP age_seconds How old.
age_seconds 0.25
# TYPE build info
# HELP build Which.
build_info{version="1.0"} 1
# TYPE calls counter
# HELP calls Said \"so\".
calls_total{from="a\\b\n\"c\""} 3
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
# HELP wait_seconds How long.
wait_seconds_bucket{le="0.5"} 0
wait_seconds_bucket{le="1.0"} 1
wait_seconds_bucket{le="+Inf"} 1
wait_seconds_count 1
wait_seconds_sum 0.75
# EOF
"#;
        assert_eq!(Format::OpenMetrics.encode(&registry.gather()).unwrap(), expected);
    }
}
