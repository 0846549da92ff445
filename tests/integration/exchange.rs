//! What a clerk and a citizen do with each other, as both see it.

use std::fs;

use anyhow::{Context, Result, ensure};
use viadukt_testbed::{CITIZEN, Mail, Seen};

use crate::scene::Scene;

/// What memory may grow by while a large attachment passes.
const FLAT_KIB: u64 = 12 << 10;

#[tokio::test]
async fn mail_and_room_talk_in_one_thread_with_attachments_umlauts_and_emoji() -> Result<()> {
    let scene = Scene::begin().await?;
    let Scene { clerk, citizen, .. } = &scene;

    let text = "Grüß Gott,\nan der Straßenecke fehlt ein Gullydeckel 🕳️!";
    let photo = vec![0xD8; 100_000];
    let file = ("Gully Größe.png", "image/png", photo.clone());
    let asked = citizen.write_with_file("Gefährliche Ecke ⚠️", text, file).await?;
    let question = clerk.sees("the mail", |seen| seen.body().contains("🕳️")).await?;
    assert_eq!(question.trusted()?.speaker(), Some(CITIZEN.name));
    assert!(question.text().contains("Gefährliche Ecke ⚠️"), "{:?}", question.text());
    assert!(question.text().contains(text), "{:?}", question.text());
    assert_eq!(question.thread(), None);
    let shown = clerk.sees("the photo", |seen| seen.file().is_some()).await?;
    assert_eq!(shown.trusted()?.file(), Some("Gully Größe.png"));
    assert!(shown.is_message("m.image"), "{shown:?}");
    assert_eq!(shown.thread(), Some(&*question.event_id));
    ensure!(clerk.download(&shown).await? == photo, "the photo was changed");

    let sent = clerk.answer(&question, "Wir kümmern uns darum. 👷‍♀️ Schöne Grüße").await?;
    let answer = citizen.receives("the answer", |mail| mail.text().contains("👷‍♀️")).await?;
    assert_eq!(answer.subject(), "Re: Gefährliche Ecke ⚠️");
    assert_eq!(answer.in_reply_to(), [asked.as_str()]);
    assert_eq!(answer.references(), [asked.as_str()]);
    assert_eq!(answer.header("Auto-Submitted"), None);
    assert_eq!(answer.sender(), "clerk (Musterstadt) <buergerbuero@agency.test>");
    assert_eq!(answer.text().trim_end(), "Wir kümmern uns darum. 👷‍♀️ Schöne Grüße");
    scene.sent(&sent).await?;
    let told = scene.notice("verlässt die Ende-zu-Ende-Verschlüsselung").await?;
    assert_eq!(told.thread(), Some(&*question.event_id));

    let plan = vec![b'%'; 150_000];
    let sent =
        clerk.answer_file(&question, "Übersicht.pdf", "application/pdf", plan.clone()).await?;
    let with_file = citizen.receives("the file", |mail| !mail.attachments().is_empty()).await?;
    let attachments = with_file.attachments();
    let (name, bytes) = attachments.first().context("no attachment")?;
    assert_eq!(name, "Übersicht.pdf");
    ensure!(*bytes == plan, "the plan was changed");
    assert_eq!(with_file.references(), [asked.as_str(), answer.message_id()]);
    scene.sent(&sent).await?;

    citizen.reply(&with_file, "Danke schön!").await?;
    let thanks = clerk.sees("the thanks", |seen| seen.body().contains("Danke schön!")).await?;
    assert_eq!(thanks.trusted()?.thread(), Some(&*question.event_id));
    assert!(!thanks.text().contains("Gefährliche"), "the subject is repeated: {thanks:?}");
    Ok(())
}

#[tokio::test]
async fn html_only_mail_is_readable_and_a_formatted_answer_becomes_multipart_alternative()
-> Result<()> {
    let scene = Scene::begin().await?;
    let Scene { clerk, citizen, .. } = &scene;

    let html = "<p>Ich bitte um <b>Rückruf</b>.</p><script>alert(1)</script>\
                <img src=\"https://tracker.example/pixel.png\">";
    citizen.write_html("Rückruf", html).await?;
    let question = clerk.sees("the mail", |seen| seen.body().contains("Rückruf.")).await?;
    let formatted = question.trusted()?.html().context("no formatted body")?;
    assert!(question.text().contains("Ich bitte um"), "{:?}", question.text());
    assert!(formatted.contains("<b>Rückruf</b>"), "{formatted}");
    for forbidden in ["script", "alert", "tracker"] {
        assert!(!formatted.contains(forbidden), "{forbidden} in {formatted}");
    }

    let (text, html) = ("Morgen um **zehn**.", "<p>Morgen um <strong>zehn</strong>.</p>");
    clerk.answer_html(&question, text, html).await?;
    let answer = citizen.receives("the answer", |mail| mail.text().contains("zehn")).await?;
    assert!(content_type(&answer).starts_with("multipart/alternative"), "{answer:?}");
    let html = answer.parsed.body_html(0).context("no HTML")?;
    assert!(html.contains("<strong>zehn</strong>"), "{html}");
    Ok(())
}

#[tokio::test]
async fn an_edit_goes_out_as_a_correction_and_a_redaction_that_comes_too_late_is_told() -> Result<()>
{
    let scene = Scene::begin().await?;
    let Scene { clerk, citizen, room, .. } = &scene;
    let question = scene.question("Termin", "Wann haben Sie Zeit?").await?;

    let sent = clerk.answer(&question, "Am Montag.").await?;
    scene.sent(&sent).await?;
    let edit = clerk.edit(room, &sent, "Am Dienstag.").await?;
    let correction = citizen.receives("a correction", |mail| mail.text().contains("Dienstag"));
    let correction = correction.await?;
    let text = correction.text();
    assert!(text.starts_with("Korrektur einer früheren Nachricht:"), "{text}");
    assert!(!text.contains("* Am"), "the fallback went out: {text}");
    scene.sent(&edit).await?;

    clerk.redact(room, &sent).await?;
    let told = scene.notice("lässt sich auf der anderen Seite nicht mehr zurücknehmen").await?;
    assert_eq!(told.thread(), Some(&*question.event_id));
    Ok(())
}

#[tokio::test]
async fn commands_begin_conversations_and_answer_in_the_room() -> Result<()> {
    let scene = Scene::begin().await?;
    let Scene { clerk, citizen, room, .. } = &scene;

    clerk.say(room, "!help").await?;
    scene.notice("!new ADRESSE[,ADRESSE…] BETREFF").await?;
    clerk.say(room, "!status").await?;
    let status = scene.notice("buergerpost: verbunden, 0 in der Warteschlange").await?;
    assert!(status.body().contains("matrix: verbunden"), "{}", status.body());
    clerk.say(room, "!resend").await?;
    scene.notice("Hier gibt es nichts, was auf einen neuen Versuch wartet.").await?;
    clerk.say(room, "!nwe x").await?;
    scene.notice("Diesen Befehl gibt es nicht").await?;

    let command =
        format!("!new {} Ihr Antrag vom Mai\nEs fehlt noch eine Unterschrift.", CITIZEN.user);
    let begun = clerk.say(room, &command).await?;
    let mail = citizen.receives("a new mail", |mail| mail.subject() == "Ihr Antrag vom Mai");
    let mail = mail.await?;
    assert_eq!(mail.text().trim_end(), "Es fehlt noch eine Unterschrift.");
    assert_eq!(mail.in_reply_to(), [""; 0]);
    scene.sent(&begun).await?;
    citizen.reply(&mail, "Hier ist sie.").await?;
    let reply = clerk.sees("the reply", |seen| seen.body().contains("Hier ist sie.")).await?;
    assert_eq!(reply.trusted()?.thread(), Some(&*begun));

    let begun = clerk.say(room, &format!("!new {} Noch etwas", CITIZEN.user)).await?;
    let told = scene.notice("Schreiben Sie in diesem Thread").await?;
    assert_eq!(told.thread(), Some(&*begun));
    clerk.answer(&told, "Bitte bringen Sie Ihren Ausweis mit.").await?;
    let mail = citizen.receives("its first mail", |mail| mail.subject() == "Noch etwas").await?;
    assert_eq!(mail.text().trim_end(), "Bitte bringen Sie Ihren Ausweis mit.");
    Ok(())
}

#[tokio::test]
async fn twenty_megabytes_pass_both_ways_while_memory_stays_flat() -> Result<()> {
    let scene = Scene::prepared(|_, bridge| {
        // Base64 makes a mail a third larger than its attachment.
        bridge.mail_config()?.insert("max_size".to_owned(), "40 MB".into());
        Ok(())
    })
    .await?;
    let Scene { clerk, citizen, bridge, .. } = &scene;
    // The first use of a path costs memory once, whatever its size.
    let small = ("klein.bin", "application/octet-stream", vec![1; 200_000]);
    citizen.write_with_file("Klein", "Zum Aufwärmen.", small).await?;
    let question = clerk.sees("the small file", |seen| seen.file().is_some()).await?;
    clerk.answer_file(&question, "klein.bin", "application/octet-stream", vec![2; 200_000]).await?;
    citizen.receives("the small file", |mail| !mail.attachments().is_empty()).await?;
    let pid = bridge.pid().context("the bridge does not run")?;

    let scan = bytes(20_000_000);
    let before = forget_peak(pid)?;
    let file = ("Scan.tiff", "image/tiff", scan.clone());
    citizen.write_with_file("Groß", "Mit Scan.", file).await?;
    let is_scan = |seen: &Seen| seen.file() == Some("Scan.tiff");
    let shown = clerk.sees("the large file", is_scan).await?;
    let grown = peak(pid)?.saturating_sub(before);
    assert!(grown < FLAT_KIB, "{grown} KiB more for a mail with 20 MB, from {before} KiB");
    ensure!(clerk.download(shown.trusted()?).await? == scan, "the scan was changed");

    let film = bytes(20_000_001);
    let before = forget_peak(pid)?;
    let sent = clerk.answer_file(&shown, "Film.mp4", "video/mp4", film.clone()).await?;
    scene.sent(&sent).await?;
    let grown = peak(pid)?.saturating_sub(before);
    assert!(grown < FLAT_KIB, "{grown} KiB more for an answer with 20 MB, from {before} KiB");
    let has_film = |mail: &Mail| {
        mail.attachments().iter().any(|(name, bytes)| name == "Film.mp4" && *bytes == film)
    };
    citizen.receives("the film", has_film).await?;
    Ok(())
}

/// `count` bytes without a pattern that anything could compress.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(&mut next).take(count).collect()
}

/// Resets the peak of resident memory (proc(5), `clear_refs`); what is resident now, in KiB.
fn forget_peak(pid: u32) -> Result<u64> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5")?;
    peak(pid)
}

/// The most memory that was resident at once, in KiB (proc(5), `VmHWM`).
fn peak(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim_end_matches("kB").trim().parse()?)
}

fn content_type(mail: &Mail) -> &str {
    mail.header("Content-Type").unwrap_or_default()
}
