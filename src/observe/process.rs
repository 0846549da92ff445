//! The process's own cost, read when asked for. The names are those that every Prometheus
//! client library gives; the `prometheus` crate's own collector counts CPU in whole seconds.

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Gauge, Result};
use rustix::time::{ClockId, clock_gettime};

/// Processor time and resident memory.
pub(super) struct Process {
    cpu: Gauge,
    memory: Gauge,
}

impl Process {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            cpu: Gauge::new("process_cpu_seconds_total", "Processor time used, in seconds.")?,
            memory: Gauge::new("process_resident_memory_bytes", "Memory held, in bytes.")?,
        })
    }
}

impl Collector for Process {
    fn desc(&self) -> Vec<&Desc> {
        [self.cpu.desc(), self.memory.desc()].concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let used = clock_gettime(ClockId::ProcessCPUTime);
        #[allow(clippy::cast_precision_loss, reason = "seconds and bytes of a process fit")]
        self.cpu.set(used.tv_sec as f64 + used.tv_nsec as f64 / 1e9);
        if let Some(bytes) = resident_bytes() {
            #[allow(clippy::cast_precision_loss, reason = "see above")]
            self.memory.set(bytes as f64);
        }
        [self.cpu.collect(), self.memory.collect()].concat()
    }
}

/// proc(5): the second number of `statm` is the resident set, in pages.
fn resident_bytes() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size())
}
