//! How many messages a second come in from Mosquitto at QoS 1, and what that costs us:
//! `cargo run --release -p viadukt-intranet --example mqtt [COUNT]`.
//!
//! The publisher is a process of its own, so that only the bridge's work is counted. What is
//! accepted goes into memory: the store has measurements of its own.
#![allow(clippy::print_stdout, reason = "it is what it is for")]
#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made says so")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;

use tokio::time::Instant;
use viadukt_api::contract::{Memory, context, section};
use viadukt_api::{Health, Inbox};
use viadukt_intranet::Intranet;
use viadukt_testservers::{Authority, Mosquitto};

/// A sensor's message.
const PAYLOAD: &str = r#"{"sensor":"hall","celsius":21.5,"at":"2026-11-24T12:00:00Z"}"#;
/// How many messages the publisher may have sent without hearing of any.
const IN_FLIGHT: usize = 1_000;

#[tokio::main]
async fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["publish", port, count] => publish(port.parse().unwrap(), count.parse().unwrap()),
        [count] => measure(count.parse().unwrap()).await,
        _ => measure(50_000).await,
    }
}

async fn measure(count: usize) {
    let authority = Authority::new().unwrap();
    let mosquitto = Mosquitto::start_unsaved(&authority).await.unwrap();
    let password = authority.folder().join("password");
    std::fs::write(&password, Mosquitto::PASSWORD).unwrap();
    let (port, user, password) = (mosquitto.port, Mosquitto::USER, password.display());
    let toml = format!(
        "[systems.iot]\nspeaks = 'mqtt'\nurl = 'mqtt://127.0.0.1:{port}'\nuser = '{user}'\n\
         password_file = '{password}'\nsubscribe = ['sensor/#']"
    );
    let name = "haus".parse().unwrap();
    let section = section(&Intranet, &name, &toml);
    let durable = Arc::<Memory>::default();
    let worker = section.build(context(&name, &durable)).await.unwrap();
    let (inbox, listening) = (Inbox::new(name, durable.clone()), Arc::clone(&worker));
    let running = tokio::spawn(async move { listening.run(inbox, Default::default()).await });
    while worker.health() != Health::Up {
        tokio::task::yield_now().await;
    }

    let (began, cost) = (Instant::now(), processor_time());
    let myself = std::env::current_exe().unwrap();
    let mut publisher = Command::new(myself);
    let arguments = ["publish".to_owned(), port.to_string(), count.to_string()];
    let mut publisher = publisher.args(arguments).spawn().unwrap();
    durable.wait_for(count).await;
    let (took, cost) = (began.elapsed().as_secs_f64(), processor_time() - cost);
    assert!(publisher.wait().unwrap().success());
    running.abort();
    println!(
        "{count} messages in {took:.2} s: {:.0} a second; {:.1} µs of processor time each",
        count as f64 / took,
        cost * 1e6 / count as f64
    );
}

/// Publishes over MQTT 3.1.1, where the window is the publisher's own affair.
fn publish(port: u16, count: usize) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    // CONNECT: a clean session with user and password, no keep-alive.
    let mut connect = b"\0\x04MQTT\x04\xc2\0\0".to_vec();
    for text in ["gauge", Mosquitto::USER, Mosquitto::PASSWORD] {
        connect.extend([0, u8::try_from(text.len()).unwrap()]);
        connect.extend(text.as_bytes());
    }
    stream.write_all(&packet(0x10, &connect)).unwrap();
    // CONNACK and PUBACK are of the same size.
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [0x20, 2, 0, 0]);
    let mut answers = vec![0; 4 * IN_FLIGHT];
    let mut sent = 0;
    while sent < count {
        let together = (IN_FLIGHT / 2).min(count - sent);
        let mut packets = Vec::new();
        for number in sent..sent + together {
            let id = u16::try_from(number % 60_000).unwrap() + 1;
            let body = [b"\0\x08sensor/1", &id.to_be_bytes()[..], PAYLOAD.as_bytes()].concat();
            packets.extend(packet(0x32, &body));
        }
        stream.write_all(&packets).unwrap();
        // From the second half on: the answers to the half before.
        if sent > 0 {
            stream.read_exact(&mut answers[..4 * (IN_FLIGHT / 2)]).unwrap();
        }
        sent += together;
    }
    let rest = (count - 1) % (IN_FLIGHT / 2) + 1;
    stream.read_exact(&mut answers[..4 * rest]).unwrap();
}

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, u8::try_from(body.len()).unwrap()], body].concat()
}

/// What this process has used, in seconds (proc_pid_stat(5), fields 14 and 15).
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap());
    ticks.sum::<f64>() / 100.0
}
