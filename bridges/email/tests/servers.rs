//! The worker against real Dovecot and Postfix.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::Arc;

use support::{MAILBOX, Servers};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio_util::sync::CancellationToken;
use viadukt_api::contract::{check_all, delivery_id};
use viadukt_api::inbox::Durable;
use viadukt_api::{Attachment, DeliveryError, Form, Inbox, Media, WorkerError};
use viadukt_testservers::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_contract() {
    let servers = Servers::start().await;
    let bench = servers.bench_with("", "", "").await;
    check_all(&bench).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tells_refusals_apart_and_survives_a_renumbering() {
    let servers = Servers::start().await;
    let bench = servers.bench_with("", "", "").await;
    for probe in bench.worker.probe().await {
        assert_eq!(probe.result.as_deref(), Ok("TLSv1.3"), "{}", probe.what);
    }

    for (stage, answer, is_retry) in [
        (Stage::Recipient, "450 4.3.0 Later", true),
        (Stage::Recipient, "550 5.7.1 No", false),
        (Stage::Data, "451 4.3.0 Later", true),
        (Stage::Data, "554 5.7.1 No", false),
    ] {
        servers.postfix.lock().await.answer(stage, Some(answer));
        let out = bench.far.outbound(delivery_id(3), "refused");
        let error = bench.worker.deliver(&out).await.unwrap_err();
        assert_eq!(matches!(error, DeliveryError::Retry { .. }), is_retry, "{answer}: {error}");
        assert_eq!(matches!(error, DeliveryError::Refused { .. }), !is_retry, "{answer}: {error}");
        let said = bench.worker.deliver(&out).await.unwrap_err();
        let args = &said.reason().args;
        assert!(args.iter().any(|(_, value)| value.contains(&answer[10..])), "{args:?}");
        servers.postfix.lock().await.answer(stage, None);
    }

    let running = bench.start().await;
    bench.far.put("before").await;
    bench.durable.wait_for(1).await;
    servers.dovecot.lock().await.renumber(MAILBOX).await.unwrap();
    bench.far.put("after").await;
    bench.durable.wait_for(2).await;
    running.stop().await;
    assert_eq!(bench.texts(0), ["before", "after"]);
}

/// A signed mail, its whole text inside the signature, while no resolver answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opens_what_is_signed_and_loses_nothing_without_a_dns() {
    let servers = Servers::start().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/smime");
    let options = format!(
        "smime = {{ ca_file = '{folder}/ca.pem' }}
        authentication = {{ check = true, resolvers = ['127.0.0.1:1'] }}"
    );
    let bench = servers.bench_with(&options, "", "").await;
    let running = bench.start().await;
    let mail = std::fs::read_to_string(format!("{folder}/opaque.eml")).unwrap();
    servers.send(&mail).await;
    bench.durable.wait_for(1).await;
    running.stop().await;
    let message = bench.worker.normalise(&bench.durable.items()[0].raw).unwrap();
    assert_eq!(message.sender.name.as_deref(), Some("Eva (not checked)"));
    let text = message.content.text;
    assert!(text.starts_with("Grüße, gezeichnet Eva.\n\n[Signed by Eva Beispiel"), "{text}");
    assert!(text.contains("The signature is valid"), "{text}");
    assert!(message.content.attachments.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carries_a_large_attachment_both_ways() {
    let servers = Servers::start().await;
    let smtp = format!("port = {}\ntls = 'starttls'", servers.postfix.lock().await.smtp);
    let bench = servers
        .bench_with("max_size = '100 MB'", "after = 'move'\nmove_to = 'Archive'", &smtp)
        .await;
    let running = bench.start().await;

    let bytes: Vec<u8> =
        (0..20_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let blob = bench.spool.put(&bytes).unwrap();
    let mut out = bench.far.outbound(delivery_id(4), ".Ein Punkt am Anfang\nund \u{1f389}");
    let Form::Say { content, .. } = &mut out.form else { panic!("a person's message") };
    content.html = Some("<p>Ein <b>Punkt</b></p>".to_owned());
    content.attachments.push(Attachment {
        name: "Übersicht \"neu\".bin".to_owned(),
        mime: "application/octet-stream".to_owned(),
        size: Some(blob.size),
        media: Media::Spooled(blob),
    });
    let receipt = bench.worker.deliver(&out).await.unwrap();
    assert_eq!(receipt.protection.to_string(), "TLSv1.3");
    bench.wait_taken(".Ein Punkt am Anfang").await;
    let mails = servers.received().await;
    let mail = mail_parser::MessageParser::default().parse(&mails[0]).unwrap();
    assert_eq!(mail.from().unwrap().first().unwrap().name(), Some("Alice Größe (Bürgerbüro)"));
    assert_eq!(mail.subject(), Some("Re: Ihre Anfrage"));
    assert_eq!(mail.in_reply_to().as_text(), Some("frage@citizen.example"));
    assert_eq!(
        mail.body_text(0).unwrap().replace("\r\n", "\n").trim_end(),
        ".Ein Punkt am Anfang\nund \u{1f389}"
    );
    assert!(mail.body_html(0).unwrap().contains("<b>Punkt</b>"));
    use mail_parser::MimeHeaders;
    let file = mail.attachment(0).unwrap();
    assert_eq!(file.attachment_name(), Some("Übersicht \"neu\".bin"));
    assert!(file.contents() == bytes);

    // The citizen sends it back as it is.
    let own = format!("{} via {MAILBOX}", delivery_id(4));
    let mail = String::from_utf8(mails[0].clone()).unwrap().replace(&own, "nothing");
    servers.send(&mail.replace("\n.", "\n..").replace('\n', "\r\n")).await;
    bench.durable.wait_for(1).await;
    let item = bench.durable.items().remove(0);
    assert!(item.raw.bytes.len() < 10_000, "what is large lies in the spool");
    let message = bench.worker.normalise(&item.raw).unwrap();
    let file = &message.content.attachments[0];
    assert_eq!(file.size, Some(20_000_000));
    let Media::With { handle, .. } = &file.media else { panic!("not fetched yet") };
    let blob = bench.worker.fetch(handle).await.unwrap();
    assert!(bench.spool.get(&blob, u64::MAX).unwrap() == bytes);
    servers.wait_empty(MAILBOX).await;
    running.stop().await;
}

/// A server that takes a mail and hangs up without a word leaves it unknown what became of it.
#[tokio::test]
async fn silence_after_the_final_dot_is_unknown() {
    let servers = Servers::start().await;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let bench = servers
        .bench_with("", "", &format!("port = {port}\ntls = 'none'\nhost = '127.0.0.1'"))
        .await;
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        write.write_all(b"220 hello\r\n").await.unwrap();
        let mut lines = BufReader::new(read).lines();
        let mut in_mail = false;
        while let Some(line) = lines.next_line().await.unwrap() {
            let reply = match line.as_str() {
                "." => return,
                _ if in_mail => continue,
                "DATA" => "354 go",
                "EHLO amt.example" => "250-me\r\n250 AUTH PLAIN",
                command if command.starts_with("AUTH") => "235 in",
                _ => "250 ok",
            };
            in_mail = line == "DATA";
            write.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
        }
    });
    let out = bench.far.outbound(delivery_id(5), "who knows");
    let error = bench.worker.deliver(&out).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Unknown { .. }), "{error}");
    server.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_shuts_the_worker() {
    let servers = Servers::start().await;
    std::fs::write(servers.authority.folder().join("password"), "falsch").unwrap();
    let bench = servers.bench_with("", "", "").await;
    for probe in bench.worker.probe().await {
        let said = probe.result.unwrap_err();
        assert!(said.contains("refuses the user or password"), "{}: {said}", probe.what);
    }
    let durable: Arc<dyn Durable> = Arc::clone(&bench.durable) as _;
    let inbox = Inbox::new(bench.name.clone(), durable);
    let error = bench.worker.run(inbox, CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, WorkerError::Shut { .. }), "{error}");
    let out = bench.far.outbound(delivery_id(6), "later");
    let error = bench.worker.deliver(&out).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { .. }), "the mail is not at fault: {error}");
}
