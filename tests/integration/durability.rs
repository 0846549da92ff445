//! No acknowledgement leaves before the sync that covers it: the real program, followed by strace
//! while people write to it over every network.
//!
//! An item is *read* when the system call that brought its last byte has returned, and
//! *acknowledged* when the call that writes the acknowledgement begins. Between the two there must
//! be an `fdatasync` of the store's file that began after the read and has returned.

mod trace;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use viadukt_testbed::servers::post;
use viadukt_testbed::{
    Bridge, INTRANET_BRIDGE, INTRANET_ROOM, Phone, ROOM, SMS_ROOM, Seen, Testbed,
};

use crate::scene::program;
use trace::{Call, Strace};

const PHONE: &str = "+491713920001";
const TOKEN: &str = "geheim-geheim-geheim-geheim";
/// What is said again and again, so that no lucky moment decides.
const ROUNDS: usize = 3;

#[tokio::test]
async fn nothing_is_acknowledged_before_it_is_on_the_disk() -> Result<()> {
    let testbed = Testbed::start().await?;
    let centre = testbed.sms_centre().await?;
    let mut bridge = testbed.bridge(program())?;
    let hooks = prepare(&testbed, &mut bridge, centre.port)?;
    bridge.start()?;
    bridge.ready().await?;
    let clerk = testbed.clerk().await?;
    for room in [ROOM, SMS_ROOM, INTRANET_ROOM] {
        clerk.join(room).await?;
    }
    let pid = bridge.pid().context("the bridge does not run")?;
    let strace = Strace::follow(pid, testbed.folder()).await?;
    let citizen = testbed.citizen();
    let phone = Phone::new(PHONE, &centre);
    let says = |text: &str| {
        let text = text.to_owned();
        move |seen: &Seen| seen.body().contains(&text)
    };
    for round in 1..=ROUNDS {
        // Longer than any other answer of the mail server.
        let mail = format!("Brief {round}. {}", "Sehr geehrte Damen und Herren. ".repeat(400));
        citizen.write(&format!("Brief {round}"), &mail).await?;
        let shown = clerk.sees("the mail", says(&format!("Brief {round}."))).await?;
        phone.write(&format!("SMS {round}")).await?;
        clerk.sees("the SMS", says(&format!("SMS {round}"))).await?;
        let bearer = format!("Bearer {TOKEN}");
        let id = format!("msg_{round}");
        let headers = [("Authorization", bearer.as_str()), ("webhook-id", id.as_str())];
        let body = serde_json::json!({ "data": { "text": format!("Meldung {round}") } });
        let status = post(&format!("{hooks}/app"), &headers, &body.to_string()).await?;
        ensure!(status / 100 == 2, "{status}");
        clerk.sees("the notice", says(&format!("Meldung {round}"))).await?;
        clerk.answer(&shown, &format!("Antwort {round}")).await?;
        citizen.receives("the answer", |mail| mail.text().contains("Antwort")).await?;
    }
    let calls = strace.end().await?;
    let port = |url: &str| url.rsplit(':').next().unwrap_or_default().to_owned();
    let (homeserver, public) = (port(&testbed.synapse.url()), port(hooks_host(&hooks)));
    let syncs = Syncs::of(&calls, &testbed.folder().join("data"));
    let checks = [
        ("mail", mails(&calls, testbed.dovecot.imaps)),
        (
            "SMS",
            pairs(&calls, &centre.port.to_string(), "\\0\\0\\0\\5\\0\\0\\0\\0", "\\200\\0\\0\\5"),
        ),
        ("hook", pairs(&calls, &public, "POST /hooks/", "HTTP/1.0 2")),
        ("sync position", positions(&calls, &homeserver)),
    ];
    for (what, pairs) in checks {
        ensure!(pairs.len() >= ROUNDS, "only {} acknowledgements of {what} seen", pairs.len());
        for (read, acknowledged) in pairs {
            ensure!(
                syncs.between(read, acknowledged),
                "{what}: acknowledged before it was on the disk:\n{read:?}\n{acknowledged:?}"
            );
        }
    }
    Ok(())
}

/// Adds the agency's number, without TLS, and an application; gives where it calls.
fn prepare(testbed: &Testbed, bridge: &mut Bridge, smpp: u16) -> Result<String> {
    let hooks = format!("{}/{INTRANET_BRIDGE}", bridge.open_hooks()?);
    let token = testbed.secret("hook.token", TOKEN)?;
    let system = "speaks = 'standard-webhooks'\ntitle = 'Fachverfahren'";
    let options = format!("[systems.app]\n{system}\ntoken_files = [{token:?}]");
    testbed.add_intranet(bridge, &options)?;
    testbed.add_plain_sms(bridge, smpp)?;
    let imap = bridge.mail_config()?.get_mut("imap").and_then(toml::Value::as_table_mut);
    imap.context("no [imap]")?.insert("after".to_owned(), "flag".into());
    Ok(hooks)
}

fn hooks_host(hooks: &str) -> &str {
    hooks.trim_start_matches("http://").split('/').next().unwrap_or_default()
}

/// The syncs of the store's file.
struct Syncs<'c>(Vec<&'c Call>);

impl<'c> Syncs<'c> {
    fn of(calls: &'c [Call], data: &Path) -> Self {
        let file = format!("{}/store/db>", data.display());
        let is_sync = |call: &&Call| call.name == "fdatasync" && call.text.contains(&file);
        Self(calls.iter().filter(is_sync).filter(|call| call.result == Some(0)).collect())
    }

    fn between(&self, read: &Call, acknowledged: &Call) -> bool {
        self.0.iter().any(|sync| sync.began > read.ended && sync.ended < acknowledged.began)
    }
}

type Pairs<'c> = Vec<(&'c Call, &'c Call)>;

/// Reads with `item` in them from `port`, each with the next write with `answer` there.
fn pairs<'c>(calls: &'c [Call], port: &str, item: &str, answer: &str) -> Pairs<'c> {
    let reads = calls.iter().filter(|call| call.is_read() && call.of_port(port));
    reads
        .filter(|read| read.text.contains(item))
        .filter_map(|read| {
            let later =
                |call: &&Call| call.began > read.ended && call.connection() == read.connection();
            let answers = calls.iter().filter(|call| call.is_write()).filter(later);
            answers
                .filter(|call| call.text.contains(answer))
                .min_by_key(|call| call.began)
                .map(|call| (read, call))
        })
        .collect()
}

/// TLS hides what is said. A mail is far longer than anything else, so its last piece is known,
/// and whatever is written to the mail server next: a flag, or the next question.
fn mails(calls: &[Call], port: u16) -> Pairs<'_> {
    let port = port.to_string();
    let of_server = |call: &&Call| call.of_port(&port);
    let mut pairs = Pairs::new();
    let mut item: Option<&Call> = None;
    let mut in_order: Vec<_> = calls.iter().filter(of_server).collect();
    in_order.sort_by_key(|call| call.ended);
    for call in in_order {
        if call.is_read() && call.result.is_some_and(|bytes| bytes >= 4096) {
            item = Some(call);
        } else if call.is_read() && call.result.is_some_and(|bytes| bytes > 5) {
            item = item.map(|_| call);
        } else if call.is_write() {
            pairs.extend(item.take().map(|item| (item, call)));
        }
    }
    pairs
}

/// Answers to syncs, each with the request that goes on from there.
fn positions<'c>(calls: &'c [Call], port: &str) -> Pairs<'c> {
    let of_server = |call: &&Call| call.of_port(port);
    let requests = calls.iter().filter(of_server).filter(|call| call.is_write());
    let requests = requests.filter(|call| call.text.contains("/sync?"));
    requests
        .filter_map(|request| {
            let since = request.text.split("since=").nth(1)?.split(['&', ' ']).next()?;
            let token = format!("\\\"next_batch\\\":\\\"{since}\\\"");
            let reads = calls.iter().filter(of_server).filter(|call| call.is_read());
            let answer =
                reads.filter(|call| call.text.contains(&token)).min_by_key(|call| call.ended);
            answer.filter(|answer| answer.ended < request.began).map(|answer| (answer, request))
        })
        .collect()
}
