//! What an operator types, asks and reads.

use std::fs;
use std::path::Path;
use std::process::Output;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;
use viadukt_testbed::servers::Stage;
use viadukt_testbed::{AGENCY, Bridge, CITIZEN, Seen};

use crate::scene::{Scene, impatient, program};

/// Five mistakes, each marked with the place that `check` must name.
const WRONG: &str = r#"data_dir = "data"
language = "fr"

[http]
listen = "everywhere"

[matrix]
homeserver = "http://matrix.amt.example"
user = "post"
password_file = "matrix.password"
recovery_key_file = "recovery.key"

[bridges.post]
kind = "email"
senders = ["*:amt.example"]
address = "buero@amt.example"

[bridges.post.imap]
host = "imap.amt.example"
port = 70000
user = "buero"
password_file = "mail.password"
folders = "INBOX"

[bridges.post.smtp]
host = "smtp.amt.example"
"#;

#[tokio::test]
async fn check_names_every_mistake_with_its_place() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("wrong.toml");
    fs::write(&file, WRONG)?;
    let output = viadukt(&file, &["check"]).await?;
    let report = String::from_utf8(output.stdout)?;
    assert_eq!(output.status.code(), Some(64), "{report}");
    let places = [
        "2:12: language: ",
        "5:10: http.listen: ",
        "8:14: matrix.homeserver: ",
        "10:17: matrix.password_file: ",
        "20:8: bridges.post.imap.port: ",
        "22:17: bridges.post.imap.password_file: ",
        "23:1: bridges.post.imap.folders: ",
    ];
    let lines: Vec<_> = report.lines().collect();
    assert_eq!(lines.len(), places.len(), "{report}");
    for (line, place) in lines.iter().zip(places) {
        let expected = format!("{}:{place}", file.display());
        assert!(line.starts_with(&expected), "{expected:?} is not in {line:?}");
    }
    Ok(())
}

#[tokio::test]
async fn doctor_says_what_works_and_what_does_not() -> Result<()> {
    let mut scene = Scene::begin().await?;
    let config = scene.bridge.config_file();
    let (good, bad) = (Some(0), Some(69));
    let running = viadukt(&config, &["doctor"]).await?;
    check_doctor(&running, good, &["Das laufende viadukt hat geprüft.", "imap", "smtp", "matrix"])?;

    scene.testbed.dovecot.pause();
    let without_imap = viadukt(&config, &["doctor"]).await?;
    check_doctor(&without_imap, bad, &["FEHLER"])?;
    let says_imap = |line: &str| line.contains("imap") && line.contains("FEHLER");
    assert!(String::from_utf8_lossy(&without_imap.stdout).lines().any(says_imap));
    scene.testbed.dovecot.resume().await?;

    scene.bridge.terminate().await?;
    let alone = viadukt(&config, &["doctor"]).await?;
    check_doctor(&alone, good, &["Es läuft kein viadukt mit dieser Konfiguration"])?;
    scene.testbed.synapse.stop().await?;
    let without_homeserver = viadukt(&config, &["doctor"]).await?;
    check_doctor(&without_homeserver, bad, &["matrix.homeserver"])
}

#[tokio::test]
async fn trace_shows_the_way_of_a_message_and_the_protection_of_each_hop() -> Result<()> {
    let scene = Scene::begin().await?;
    let question = scene.question("Antrag", "Eine Frage.").await?;
    let sent = scene.clerk.answer(&question, "Eine Antwort.").await?;
    scene.sent(&sent).await?;
    let config = scene.bridge.config_file();
    for (from, to, protections) in [
        ("buergerpost", "matrix", ["Zertifikat geprüft", "Megolm"]),
        (
            "matrix",
            "buergerpost",
            ["Gerät cross-signed", "TLSv1.3 TLS13_AES_256_GCM_SHA384, Zertifikat geprüft"],
        ),
    ] {
        let reference = reference(&scene.bridge, from)?;
        let output = viadukt(&config, &["trace", &reference]).await?;
        let way = String::from_utf8(output.stdout)?;
        ensure!(output.status.success(), "{way}");
        let mut rest = way.as_str();
        for step in [
            "accept",
            from,
            "angenommen",
            "judge",
            "darf durch",
            "route",
            "deliver",
            to,
            "zugestellt",
            "Versuch 1 von Teil 0",
        ] {
            (_, rest) = rest.split_once(step).with_context(|| format!("{step:?} not in\n{way}"))?;
        }
        for protection in protections {
            assert!(way.contains(protection), "{protection} not in\n{way}");
        }
        assert!(!way.contains("Frage") && !way.contains('@'), "{way}");
    }
    let question_again = viadukt(&config, &["trace", question.event_id.as_str(), "--json"]).await?;
    let way: Value = serde_json::from_slice(&question_again.stdout)?;
    assert_eq!((&way["from"], &way["direction"]), (&"buergerpost".into(), &"in".into()), "{way}");
    let by_event = viadukt(&config, &["trace", sent.as_str()]).await?;
    ensure!(by_event.status.success(), "{by_event:?}");
    let unknown = viadukt(&config, &["trace", "01JD2Z5Y3V0Q8R6T4W2X1Z9B7C"]).await?;
    assert_eq!(unknown.status.code(), Some(69));
    Ok(())
}

#[tokio::test]
async fn operators_see_how_everything_does_and_what_would_happen() -> Result<()> {
    let scene = Scene::begin().await?;
    let config = scene.bridge.config_file();
    let status = viadukt(&config, &["status", "--json"]).await?;
    let status: Value = serde_json::from_slice(&status.stdout)?;
    let workers = status["workers"].as_array().context("no workers")?;
    let seen: Vec<_> = workers.iter().map(|one| (&one["worker"], &one["kind"])).collect();
    assert_eq!(seen[0], (&"matrix".into(), &"matrix".into()));
    assert_eq!(seen[1], (&"buergerpost".into(), &"email".into()));
    assert!(workers.iter().all(|one| one["up"] == true), "{status}");
    assert!(status["process"]["store_bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{status}");
    for (words, expected) in [
        (vec!["explain", "buergerpost"], "ginge sofort hinaus"),
        (vec!["explain", scene.room.as_str()], "Raum der Brücke buergerpost (email)"),
        (vec!["explain", "buergerpost", "--from", "@eve:else.where"], "ginge NICHT hinaus"),
    ] {
        let output = viadukt(&config, &words).await?;
        let said = String::from_utf8(output.stdout)?;
        ensure!(said.contains(expected), "{words:?}: {expected:?} not in\n{said}");
    }
    let nowhere = viadukt(&config, &["explain", "fax"]).await?;
    assert_eq!(nowhere.status.code(), Some(64));
    Ok(())
}

#[tokio::test]
async fn deadletters_are_listed_requeued_and_discarded() -> Result<()> {
    let scene = Scene::begin().await?;
    let config = scene.bridge.config_file();
    let question = scene.question("Antrag", "Eine Frage.").await?;
    let empty = listing(&config).await?;
    assert!(empty.contains("Nichts wurde aufgegeben"), "{empty}");

    scene.testbed.postfix.answer(Stage::Recipient, Some("550 5.7.1 No"));
    let first = refused(&scene, &question, "Zum Wiederholen.").await?;
    let second = refused(&scene, &question, "Zum Verwerfen.").await?;
    scene.testbed.postfix.answer(Stage::Recipient, None);
    let both = listing(&config).await?;
    for expected in [first.as_str(), &second, "buergerpost", "aus dem Raum"] {
        assert!(both.contains(expected), "{expected} not in\n{both}");
    }
    scene.counted("viadukt_dead_letters{worker=\"buergerpost\"} 2").await?;

    ensure!(viadukt(&config, &["deadletters", "requeue", &first]).await?.status.success());
    scene.citizen.receives("it", |mail| mail.text().contains("Zum Wiederholen.")).await?;
    ensure!(viadukt(&config, &["deadletters", "discard", &second]).await?.status.success());
    let empty = listing(&config).await?;
    assert!(empty.contains("Nichts wurde aufgegeben"), "{empty}");
    let again = viadukt(&config, &["deadletters", "requeue", &second]).await?;
    assert_eq!(again.status.code(), Some(69));
    assert_eq!(scene.citizen.mailbox.mails().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn health_says_what_is_down_and_metrics_have_every_name() -> Result<()> {
    let mut scene = Scene::begin().await?;
    scene.question("Antrag", "Eine Frage.").await?;
    assert_eq!(scene.bridge.get("/health/live").await?.0, 200);
    for line in [
        "viadukt_accepted_items_total{worker=\"buergerpost\"} 1",
        "viadukt_duplicate_items_total{worker=\"buergerpost\"} 0",
        "viadukt_judged_messages_total{outcome=\"pass\",worker=\"buergerpost\"} 1",
        "viadukt_delivery_attempts_total{outcome=\"delivered\",worker=\"matrix\"} 1",
        "viadukt_delivery_attempts_total{outcome=\"refused\",worker=\"buergerpost\"} 0",
        "viadukt_delivery_seconds_count{direction=\"in\",worker=\"buergerpost\"} 1",
        "viadukt_queued_deliveries{worker=\"matrix\"} 0",
        "viadukt_oldest_queued_delivery_seconds{worker=\"buergerpost\"} 0",
        "viadukt_dead_letters{worker=\"buergerpost\"} 0",
        "viadukt_left_encryption_messages_total{worker=\"buergerpost\"} 0",
        "viadukt_worker_up{worker=\"matrix\"} 1",
        "viadukt_worker_up{worker=\"buergerpost\"} 1",
        "viadukt_build_info{version=\"0.1.0\"} 1",
    ] {
        scene.counted(line).await?;
    }
    let (_, metrics) = scene.bridge.get("/metrics").await?;
    for name in ["viadukt_store_commit_seconds_count ", "process_resident_memory_bytes "] {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)).context(name)?;
        assert!(line.parse::<f64>()? > 0.0, "{name}{line}");
    }

    scene.testbed.synapse.stop().await?;
    scene.readiness((503, "\"worker\":\"matrix\"")).await?;
    scene.counted("viadukt_worker_up{worker=\"matrix\"} 0").await?;
    assert_eq!(scene.bridge.get("/health/live").await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn sigterm_drains_exits_with_zero_and_keeps_what_waits() -> Result<()> {
    let mut scene = Scene::prepared(impatient).await?;
    let question = scene.question("Antrag", "Eine Frage.").await?;
    scene.testbed.postfix.answer(Stage::Recipient, Some("450 4.3.0 Come back later"));
    let waiting = scene.clerk.answer(&question, "Nach dem Neustart.").await?;
    scene.notice("konnte noch nicht zugestellt werden").await?;
    let status = scene.bridge.terminate().await?;
    assert_eq!(status.code(), Some(0), "{status}");
    let log = scene.bridge.log();
    assert!(log.contains("viadukt drains") && log.contains("viadukt ends"), "{log}");
    assert!(!log.contains("the drain deadline is over"), "{log}");

    scene.testbed.postfix.answer(Stage::Recipient, None);
    scene.bridge.start()?;
    scene.citizen.receives("it", |mail| mail.text().contains("Nach dem Neustart.")).await?;
    scene.sent(&waiting).await
}

#[tokio::test]
async fn mail_read_survives_rubbish() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let noise: Vec<u8> =
        (0..200_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let parts = "--x\r\n\r\n".repeat(10_000);
    let cases: [(&str, Vec<u8>); 4] = [
        ("noise", noise),
        ("zeros", vec![0; 100_000]),
        ("long-line", vec![b'a'; 1 << 20]),
        ("parts", format!("Content-Type: multipart/mixed; boundary=x\r\n\r\n{parts}").into_bytes()),
    ];
    let mut words = vec!["mail".to_owned(), "read".to_owned(), "--json".to_owned()];
    for (name, bytes) in &cases {
        let file = folder.path().join(name);
        fs::write(&file, bytes)?;
        words.push(file.display().to_string());
    }
    words.extend(["/dev/null", "/nowhere"].map(str::to_owned));
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let output = viadukt(Path::new("/nowhere"), &words).await?;
    let lines = String::from_utf8(output.stdout)?;
    let read: Vec<Value> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert_eq!(read.len(), 6, "{lines}");
    for (one, (name, _)) in read.iter().zip(&cases) {
        assert!(one["text"].is_string() != one["error"].is_string(), "{name}: {one}");
    }
    for one in &read[cases.len()..] {
        assert!(one["error"].is_string(), "{one}");
    }
    assert_eq!(output.status.code(), Some(64));
    Ok(())
}

#[tokio::test]
async fn neither_the_log_nor_the_metrics_hold_an_address_a_text_or_a_secret() -> Result<()> {
    let mut scene = Scene::prepared(|_, bridge| {
        let log = toml::Table::from_iter([("level".to_owned(), "trace".into())]);
        bridge.config.insert("log".to_owned(), log.into());
        Ok(())
    })
    .await?;
    let file = ("Steuerbescheid.pdf", "application/pdf", vec![b'%'; 100_000]);
    scene.citizen.write_with_file("Nebelkrähe", "Tel. 0171 5550123, Wollgras.", file).await?;
    let question = scene.clerk.sees("it", |seen| seen.body().contains("Wollgras")).await?;
    scene.answer(&question, "Zitronenfalter.").await?;
    scene.testbed.postfix.answer(Stage::Recipient, Some("550 5.7.1 Sumpfdotter"));
    refused(&scene, &question, "Feuersalamander.").await?;
    scene.testbed.postfix.answer(Stage::Recipient, None);
    let begun = "!new niemand@citizen.test Moorfrosch\nUferschnepfe.";
    scene.clerk.say(&scene.room, begun).await?;
    scene.notice("nicht zugestellt wurde").await?;
    scene.citizen.send_raw(b"").await?;
    scene.testbed.dovecot.pause();
    scene.testbed.synapse.stop().await?;
    scene.readiness((503, "buergerpost")).await?;
    scene.readiness((503, "matrix")).await?;
    let (_, metrics) = scene.bridge.get("/metrics").await?;
    let (_, readiness) = scene.bridge.get("/health/ready").await?;
    scene.testbed.synapse.resume().await?;
    scene.testbed.dovecot.resume().await?;
    scene.readiness((200, "")).await?;
    scene.bridge.terminate().await?;

    let log = scene.bridge.log();
    ensure!(log.contains("attempted"), "an empty log proves nothing: {log}");
    let account = scene.testbed.clerk_account();
    let written = [
        "Nebelkrähe",
        "Wollgras",
        "5550123",
        "Steuerbescheid",
        "Zitronenfalter",
        "Sumpfdotter",
        "Feuersalamander",
        "Moorfrosch",
        "Uferschnepfe",
        "Mustermann",
        "erika",
        "niemand",
        "buergerbuero",
        "citizen.test",
        "agency.test",
    ];
    let secrets = ["matrix.password", "recovery.key", "mail.password", "data/admin.token"]
        .map(|name| fs::read_to_string(scene.testbed.folder().join(name)));
    let secrets = secrets.into_iter().collect::<std::io::Result<Vec<_>>>()?;
    let persons = [scene.clerk.user.as_str(), AGENCY.password, CITIZEN.password, account.password];
    let words = written.into_iter().chain(persons).chain(secrets.iter().map(|one| one.trim()));
    for word in words {
        for (place, text) in [("log", &log), ("metrics", &metrics), ("readiness", &readiness)] {
            let line = text.lines().find(|line| line.contains(word));
            assert_eq!(line, None, "{word:?} is in the {place}");
        }
    }
    Ok(())
}

/// Runs a command of the program.
async fn viadukt(config: &Path, words: &[&str]) -> Result<Output> {
    Ok(Command::new(program()).arg("--config").arg(config).args(words).output().await?)
}

async fn listing(config: &Path) -> Result<String> {
    let output = viadukt(config, &["deadletters", "list"]).await?;
    ensure!(output.status.success(), "{output:?}");
    Ok(String::from_utf8(output.stdout)?)
}

fn check_doctor(output: &Output, code: Option<i32>, expected: &[&str]) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.code() == code, "{}:\n{said}", output.status);
    for words in expected {
        ensure!(said.contains(words), "{words:?} is not in\n{said}");
    }
    Ok(())
}

/// The clerk answers in vain; the reference that they are told.
pub async fn refused(scene: &Scene, to: &Seen, text: &str) -> Result<String> {
    let answer = scene.clerk.answer(to, text).await?;
    let about = |seen: &Seen| {
        let answered = &seen.content["m.relates_to"]["m.in_reply_to"]["event_id"];
        seen.is_message("m.notice") && *answered == answer.as_str()
    };
    let told = scene.clerk.sees("the failure", about).await?;
    let (_, rest) = told.body().split_once("Kennung ").context("no reference")?;
    Ok(rest.split('.').next().unwrap_or_default().to_owned())
}

/// The reference of the last message from `worker` that passed the judge, from the log.
fn reference(bridge: &Bridge, worker: &str) -> Result<String> {
    let log = bridge.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut judged = lines.filter(|line| line["message"] == "judged" && line["verdict"] == "pass");
    let last = judged.rfind(|line| line["worker"] == worker).context("nothing judged")?;
    Ok(last["item"].as_str().context("no reference")?.to_owned())
}
