//! Log lines: to standard output, as JSON or for a terminal.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing::Span;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, fmt};
use viadukt_api::ItemId;

use super::event;
use crate::config::{Log, LogFormat};

/// Every crate of viadukt, and no other: a library's lines may name people and rooms.
const OURS: &str = "viadukt";

/// Starts logging, once in a process, and logs panics from then on.
pub fn start(log: Log) -> Result<(), TryInitError> {
    let lines = fmt::layer();
    let lines = match log.format {
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
        }
        LogFormat::Human => lines.with_ansi(std::io::stdout().is_terminal()).boxed(),
    };
    let ours = Targets::new()
        .with_default(LevelFilter::OFF)
        .with_target(OURS, LevelFilter::from_level(log.level.0));
    tracing_subscriber::registry().with(lines.with_filter(ours)).try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// The span of everything that happens to one message: its lines carry `item`, the reference
/// that `viadukt trace` takes.
pub fn item_span(item: ItemId) -> Span {
    // Of the highest level, so that the reference is there whatever level is logged.
    tracing::error_span!("message", %item)
}

/// Says where, never what: a panic's message may quote what a person wrote.
fn log_panic(info: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("unnamed");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(event = event::PANIC, place, thread = name, "a part of viadukt panicked");
}
