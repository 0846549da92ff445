//! Makes metrics that are registered, and remembers what each is about for `docs/metrics.md`.

use prometheus::core::Collector;
use prometheus::proto::{MetricFamily, MetricType};
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, Result,
};

use crate::observe::process::Process;

/// A label, and what it can say.
#[derive(Clone, Copy)]
pub(super) struct Label {
    pub name: &'static str,
    pub values: Values,
}

/// What bounds the values of a label.
#[derive(Clone, Copy)]
pub(super) enum Values {
    /// The names of the configured bridges, and `matrix` for the hub.
    Workers,
    /// These words of the source code.
    Words(&'static [&'static str]),
    /// Keys of the source code.
    Kinds(&'static str),
}

/// A metric in words.
struct Described {
    name: &'static str,
    kind: MetricType,
    about: &'static str,
    labels: Vec<Label>,
}

/// The metrics that there are.
#[derive(Default)]
pub(super) struct Catalogue {
    registry: Registry,
    described: Vec<Described>,
}

type Name = &'static str;

impl Catalogue {
    pub fn counters(&mut self, name: Name, about: Name, labels: &[Label]) -> Result<IntCounterVec> {
        self.describe(name, MetricType::COUNTER, about, labels);
        self.register(IntCounterVec::new(Opts::new(name, about), &names(labels))?)
    }

    pub fn gauges(&mut self, name: Name, about: Name, labels: &[Label]) -> Result<GaugeVec> {
        self.describe(name, MetricType::GAUGE, about, labels);
        self.register(GaugeVec::new(Opts::new(name, about), &names(labels))?)
    }

    pub fn gauge(&mut self, name: Name, about: Name) -> Result<Gauge> {
        self.describe(name, MetricType::GAUGE, about, &[]);
        self.register(Gauge::new(name, about)?)
    }

    pub fn histograms(
        &mut self,
        name: Name,
        about: Name,
        labels: &[Label],
        buckets: &[f64],
    ) -> Result<HistogramVec> {
        self.describe(name, MetricType::HISTOGRAM, about, labels);
        let opts = HistogramOpts::new(name, about).buckets(buckets.to_vec());
        self.register(HistogramVec::new(opts, &names(labels))?)
    }

    pub fn histogram(&mut self, name: Name, about: Name, buckets: &[f64]) -> Result<Histogram> {
        self.describe(name, MetricType::HISTOGRAM, about, &[]);
        self.register(Histogram::with_opts(
            HistogramOpts::new(name, about).buckets(buckets.to_vec()),
        )?)
    }

    /// What stays as it is from the start on.
    pub fn constant(
        &mut self,
        name: Name,
        about: Name,
        label: Option<(Name, Name)>,
        value: f64,
    ) -> Result<()> {
        let labels = label.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let opts = Opts::new(name, about).const_labels(labels.into_iter().collect());
        let label = label.map(|(name, _)| Label { name, values: Values::Kinds("release") });
        self.describe(name, MetricType::GAUGE, about, label.as_slice());
        self.register(Gauge::with_opts(opts)?).map(|gauge| gauge.set(value))
    }

    /// What the process costs.
    pub fn process(&mut self) -> Result<()> {
        for cost in &Process::COSTS {
            self.describe(cost.name, cost.kind, cost.about, &[]);
        }
        self.registry.register(Box::new(Process::new()?))
    }

    /// All of them as they stand.
    pub fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }

    fn describe(&mut self, name: Name, kind: MetricType, about: Name, labels: &[Label]) {
        self.described.push(Described { name, kind, about, labels: labels.to_vec() });
    }

    fn register<M: Collector + Clone + 'static>(&self, metric: M) -> Result<M> {
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    /// A table for people, in the order in which the metrics were made.
    pub fn table(&self) -> String {
        let mut table = "| metric | type | labels | meaning |\n|---|---|---|---|\n".to_owned();
        for Described { name, kind, about, labels } in &self.described {
            let kind = match kind {
                MetricType::COUNTER => "counter",
                MetricType::HISTOGRAM => "histogram",
                _ => "gauge",
            };
            let labels: Vec<_> = labels.iter().copied().map(Label::to_markdown).collect();
            let labels = labels.join("; ");
            table += &format!("| `{name}` | {kind} | {labels} | {about} |\n");
        }
        table
    }
}

impl Label {
    fn to_markdown(self) -> String {
        let values = match self.values {
            Values::Workers => return format!("`{}`", self.name),
            Values::Words(words) => {
                words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
            }
            Values::Kinds(what) => format!("one for each {what}"),
        };
        format!("`{}`: {values}", self.name)
    }
}

fn names(labels: &[Label]) -> Vec<&'static str> {
    labels.iter().map(|label| label.name).collect()
}
