#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use prometheus::proto::MetricType;
use viadukt_api::{Env, WorkerName};

use super::*;

fn post() -> WorkerName {
    "post".parse().unwrap()
}

fn new() -> Metrics {
    Metrics::new(&*Env::system().clock).unwrap()
}

fn assert_shows(metrics: &Metrics, lines: &[&str]) {
    let text = metrics.text().unwrap();
    for line in lines {
        assert!(text.lines().any(|one| one == *line), "{line} is not in\n{text}");
    }
}

#[test]
fn a_worker_is_shown_at_zero_from_the_start() {
    let metrics = new();
    metrics.introduce(&WorkerName::hub());
    metrics.introduce(&post());
    metrics.introduce_hooks(&post());
    assert_shows(
        &metrics,
        &[
            "viadukt_accepted_items_total{worker=\"matrix\"} 0",
            "viadukt_delivery_attempts_total{outcome=\"unknown\",worker=\"post\"} 0",
            "viadukt_hook_calls_total{outcome=\"too-slow\",worker=\"post\"} 0",
            "viadukt_delivery_seconds_count{direction=\"out\",worker=\"post\"} 0",
            "viadukt_conversations_total{direction=\"in\",worker=\"post\"} 0",
            "viadukt_oldest_queued_delivery_seconds{worker=\"post\"} 0",
            "viadukt_worker_up{worker=\"post\"} 0",
        ],
    );
}

#[test]
fn what_happens_is_counted() {
    let metrics = new();
    metrics.delivered(&post(), Direction::In, Duration::from_millis(200));
    metrics.queue(&post(), 7, Duration::from_secs(90));
    metrics.judged(&post(), "refuse");
    metrics.answered_first(&post(), Duration::from_secs(600));
    metrics.budget(&post(), 3, 20);
    metrics.disk(Disk { store: 1, spool: 2, free: 3, watermark: 4 });
    assert_shows(
        &metrics,
        &[
            "viadukt_delivery_seconds_bucket{direction=\"in\",worker=\"post\",le=\"0.25\"} 1",
            "viadukt_queued_deliveries{worker=\"post\"} 7",
            "viadukt_oldest_queued_delivery_seconds{worker=\"post\"} 90",
            "viadukt_judged_messages_total{outcome=\"refuse\",worker=\"post\"} 1",
            "viadukt_first_answer_seconds_bucket{worker=\"post\",le=\"900\"} 1",
            "viadukt_budget_used_units{worker=\"post\"} 3",
            "viadukt_budget_limit_units{worker=\"post\"} 20",
            "viadukt_disk_watermark_bytes 4",
        ],
    );
}

#[test]
fn what_a_worker_no_longer_knows_is_no_longer_shown() {
    let metrics = new();
    let keys = api::Gauge::OneTimeKeys;
    metrics.measured(&WorkerName::hub(), &vec![(keys, 50.0)]);
    assert_shows(&metrics, &["viadukt_one_time_keys{worker=\"matrix\"} 50"]);
    metrics.measured(&WorkerName::hub(), &vec![]);
    metrics.measured(&WorkerName::hub(), &vec![]);
    assert!(!metrics.text().unwrap().contains("viadukt_one_time_keys"));
}

#[test]
fn the_process_tells_its_cost() {
    let text = new().text().unwrap();
    for name in [
        "process_cpu_seconds_total ",
        "process_resident_memory_bytes ",
        "process_open_fds ",
        "process_max_fds ",
        "process_start_time_seconds ",
    ] {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(line[name.len()..].parse::<f64>().unwrap() > 0.0, "{line}");
    }
}

#[test]
fn names_follow_the_rules() {
    let metrics = new();
    metrics.introduce(&post());
    for family in metrics.all.gather() {
        let name = family.name();
        assert!(name.starts_with("viadukt_") || name.starts_with("process_"), "{name}");
        let is_counter = family.get_field_type() == MetricType::COUNTER;
        assert_eq!(name.ends_with("_total"), is_counter, "{name}");
        assert!(family.help().ends_with('.'), "{name}");
    }
}

/// `UPDATE_EXPECTED=1` writes the table anew.
#[test]
fn the_documentation_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    let written = std::fs::read_to_string(&file).unwrap();
    let begin = written.find("| metric |").unwrap();
    let end = begin + written[begin..].find("\n\n").map_or(written.len() - begin, |end| end + 1);
    let current = format!("{}{}{}", &written[..begin], new().table(), &written[end..]);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        return std::fs::write(&file, &current).unwrap();
    }
    assert_eq!(written, current, "run this again with UPDATE_EXPECTED=1");
}
