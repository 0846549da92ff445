//! The process's own cost, read when asked for. The names are those that every Prometheus
//! client library gives; the `prometheus` crate's own collector counts CPU in whole seconds.

use std::collections::HashMap;

use prometheus::Result;
use prometheus::core::{Collector, Desc};
use prometheus::proto::{Counter, Gauge, Metric, MetricFamily, MetricType};
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Processor time, memory and files.
pub(super) struct Process(Vec<Desc>);

/// Something that a process costs.
pub(super) struct Cost {
    pub name: &'static str,
    pub kind: MetricType,
    pub about: &'static str,
    read: fn() -> Option<f64>,
}

impl Process {
    /// What there is.
    pub(super) const COSTS: [Cost; 4] = [
        Cost {
            name: "process_cpu_seconds_total",
            kind: MetricType::COUNTER,
            about: "Processor time used, in seconds.",
            read: cpu_seconds,
        },
        Cost {
            name: "process_resident_memory_bytes",
            kind: MetricType::GAUGE,
            about: "Memory held, in bytes.",
            read: resident_bytes,
        },
        Cost {
            name: "process_open_fds",
            kind: MetricType::GAUGE,
            about: "Files and connections that are open.",
            read: open_files,
        },
        Cost {
            name: "process_max_fds",
            kind: MetricType::GAUGE,
            about: "Files and connections that may be open.",
            read: most_files,
        },
    ];

    pub(super) fn new() -> Result<Self> {
        let desc = |cost: &Cost| {
            Desc::new(cost.name.to_owned(), cost.about.to_owned(), Vec::new(), HashMap::new())
        };
        Self::COSTS.iter().map(desc).collect::<Result<_>>().map(Self)
    }
}

impl Collector for Process {
    fn desc(&self) -> Vec<&Desc> {
        self.0.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        Self::COSTS.iter().filter_map(Cost::family).collect()
    }
}

impl Cost {
    fn family(&self) -> Option<MetricFamily> {
        let (value, mut metric) = ((self.read)()?, Metric::default());
        match self.kind {
            MetricType::COUNTER => metric.set_counter(counter(value)),
            _ => metric.set_gauge(gauge(value)),
        }
        let mut family = MetricFamily::default();
        family.set_name(self.name.to_owned());
        family.set_help(self.about.to_owned());
        family.set_field_type(self.kind);
        family.set_metric(vec![metric]);
        Some(family)
    }
}

fn counter(value: f64) -> Counter {
    let mut counter = Counter::default();
    counter.set_value(value);
    counter
}

fn gauge(value: f64) -> Gauge {
    let mut gauge = Gauge::default();
    gauge.set_value(value);
    gauge
}

#[allow(clippy::cast_precision_loss, reason = "what a process has fits")]
fn number(count: u64) -> f64 {
    count as f64
}

fn cpu_seconds() -> Option<f64> {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    #[allow(clippy::cast_precision_loss, reason = "seconds of a process fit")]
    Some(used.tv_sec as f64 + used.tv_nsec as f64 / 1e9)
}

/// proc(5): the second number of `statm` is the resident set, in pages.
fn resident_bytes() -> Option<f64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(number(pages * u64::try_from(rustix::param::page_size()).ok()?))
}

/// proc(5): `fd` has an entry for each, and one for this look at it.
fn open_files() -> Option<f64> {
    let count = std::fs::read_dir("/proc/self/fd").ok()?.count();
    Some(number(u64::try_from(count.saturating_sub(1)).ok()?))
}

/// `None`: there is no limit.
fn most_files() -> Option<f64> {
    getrlimit(Resource::Nofile).current.map(number)
}
