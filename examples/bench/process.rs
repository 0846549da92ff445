//! What a process costs, from proc(5).

use anyhow::{Context, Result};

/// Processor time that `pid` has used so far, in seconds.
pub fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in brackets may hold anything; the fields behind it are counted from 3.
    let (_, fields) = stat.rsplit_once(')').context("no process name")?;
    let ticks = |field: usize| -> Result<f64> {
        let value = fields.split_whitespace().nth(field - 3).context("a field is missing")?;
        Ok(value.parse()?)
    };
    #[allow(clippy::cast_precision_loss, reason = "a hundred or a thousand")]
    let per_second = rustix::param::clock_ticks_per_second() as f64;
    Ok((ticks(14)? + ticks(15)?) / per_second)
}

/// Memory of `pid` that is in use now, in megabytes (10⁶ bytes).
pub fn resident_megabytes(pid: u32) -> Result<f64> {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm"))?;
    let pages: f64 = statm.split_whitespace().nth(1).context("no resident set")?.parse()?;
    #[allow(clippy::cast_precision_loss, reason = "a few thousand")]
    let page = rustix::param::page_size() as f64;
    Ok(pages * page / 1e6)
}

/// How busy the machine is.
pub fn load() -> Result<String> {
    Ok(std::fs::read_to_string("/proc/loadavg")?.trim_end().to_owned())
}
