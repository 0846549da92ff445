//! The testbed itself: what later tests rely on holds without the bridge.

use anyhow::{Context, Result, ensure};
use viadukt_testbed::ruma::OwnedRoomId;
use viadukt_testbed::{AGENCY, CITIZEN, Clerk, Lock, Seen, Testbed, until};

#[tokio::test]
async fn two_clients_read_each_other_in_an_encrypted_room() -> Result<()> {
    let testbed = Testbed::start().await?;
    let (clerk, other) = (testbed.clerk().await?, testbed.stranger().await?);
    let room = meet(&clerk, &other).await?;

    let sent = other.say(&room, "Grüß Gott 👋").await?;
    let greeting = clerk.sees("a greeting", |seen| seen.event_id == sent).await?;
    assert_eq!(greeting.trusted()?.body(), "Grüß Gott 👋");

    let answer = clerk.answer(&greeting, "Guten Tag").await?;
    let answer = other.sees("the answer", |seen| seen.event_id == answer).await?;
    assert_eq!(answer.trusted()?.thread(), Some(&*sent));

    let photo = vec![7; 300_000];
    clerk.answer_file(&greeting, "Lageplan.png", "image/png", photo.clone()).await?;
    let file = other.sees("a file", |seen| seen.is_message("m.image")).await?;
    assert_eq!(file.trusted()?.thread(), Some(&*sent));
    assert_eq!(other.download(&file).await?, photo);

    let edit = clerk.edit(&room, &answer.event_id, "Guten Morgen").await?;
    let edit = other.sees("an edit", |seen| seen.event_id == edit).await?;
    assert_eq!(edit.trusted()?.edits(), Some(&*answer.event_id));
    clerk.redact(&room, &answer.event_id).await?;
    other.sees("the removal", |seen| seen.redacts() == Some(&*answer.event_id)).await?;

    let history = other.history(&room).await?;
    let order: Vec<_> = history.iter().map(|seen| &seen.event_id).collect();
    let place = |id| order.iter().position(|one| *one == id).context("not in the history");
    assert!(place(&sent)? < place(&file.event_id)?);
    assert!(place(&file.event_id)? < place(&edit.event_id)?);
    Ok(())
}

#[tokio::test]
async fn a_clerk_comes_back_and_catches_up() -> Result<()> {
    let testbed = Testbed::start().await?;
    let (clerk, other) = (testbed.clerk().await?, testbed.stranger().await?);
    let room = meet(&clerk, &other).await?;
    drop(clerk);

    // More than one sync brings, so that the gap must be filled.
    let numbers: Vec<_> = (0..130).map(|number| number.to_string()).collect();
    for number in &numbers {
        other.say(&room, number).await?;
    }
    let clerk = testbed.clerk().await?;
    let what = "messages that were sent meanwhile";
    let came = clerk.sees_all(what, numbers.len(), |seen| seen.is_message("m.text")).await?;
    assert_eq!(came.iter().map(Seen::body).collect::<Vec<_>>(), numbers);
    for seen in &came {
        seen.trusted()?;
    }
    Ok(())
}

#[tokio::test]
async fn a_device_without_the_identitys_keys_is_turned_away() -> Result<()> {
    let testbed = Testbed::start().await?;
    let account = testbed.clerk_account();
    let clerk = testbed.clerk().await?;
    let folder = testbed.folder().join("elsewhere");
    let url = testbed.synapse.url();
    let second = Clerk::login(&url, account.user, account.password, &folder).await;
    let error = second.err().context("it was let in")?.to_string();
    assert!(error.contains("use the folder of the first login"), "{error}");
    drop(clerk);
    Ok(())
}

#[tokio::test]
async fn what_is_not_encrypted_is_seen_as_such() -> Result<()> {
    let testbed = Testbed::start().await?;
    let (clerk, other) = (testbed.clerk().await?, testbed.stranger().await?);
    let room = other.open_room("Offen", std::slice::from_ref(&clerk.user), false).await?;
    clerk.accept_invitations().await?;
    until("the clerk in the open room", async || {
        clerk.accept_invitations().await?;
        Ok(clerk.rooms().iter().any(|(id, _)| *id == room).then_some(()))
    })
    .await?;
    let topic = clerk.sees("the name", |seen| seen.kind == "m.room.name").await?;
    assert_eq!(topic.lock, Lock::Open);
    assert!(topic.trusted().is_err());
    let refused = clerk.say(&room, "Geheim").await.err().context("it was sent")?;
    assert!(refused.to_string().contains("not encrypted"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn mail_goes_both_ways() -> Result<()> {
    let mut testbed = Testbed::start().await?;
    let citizen = testbed.citizen();
    let agency = testbed.mailbox(AGENCY);

    let id = citizen.write("Führerschein", "Wo stelle ich den Antrag? 🚗").await?;
    let mail = agency.receives("the question", |mail| mail.message_id() == id).await?;
    assert_eq!(mail.subject(), "Führerschein");
    assert_eq!(mail.text().trim_end(), "Wo stelle ich den Antrag? 🚗");

    testbed.dovecot.pause();
    testbed.dovecot.resume().await?;
    let scan = vec![b'%'; 20_000_000];
    let file = ("Scan 1.pdf", "application/pdf", scan.clone());
    citizen.write_with_file("Anlage", "Siehe Anhang.", file).await?;
    let mail = agency.receives("the scan", |mail| mail.subject() == "Anlage").await?;
    let attachments = mail.attachments();
    let (name, bytes) = attachments.first().context("no attachment")?;
    assert_eq!(name, "Scan 1.pdf");
    assert!(*bytes == scan, "the attachment was changed");

    citizen.reply(&mail, "Noch etwas.").await?;
    let reply = agency.receives("the reply", |mail| mail.text().contains("Noch etwas.")).await?;
    assert_eq!(reply.in_reply_to(), [mail.message_id()]);

    let raw = format!("From: <{}>\r\nSubject: roh\r\n\r\nsehr roh\r\n", CITIZEN.user);
    citizen.send_raw(raw.as_bytes()).await?;
    let raw = agency.receives("the raw mail", |mail| mail.subject() == "roh").await?;
    ensure!(raw.header("From").is_some_and(|from| from.contains("erika")), "{raw:?}");
    Ok(())
}

/// Puts both into one encrypted room.
async fn meet(clerk: &Clerk, other: &Clerk) -> Result<OwnedRoomId> {
    let room = other.open_room("Flur", std::slice::from_ref(&clerk.user), true).await?;
    assert_eq!(clerk.join("Flur").await?, room);
    other
        .sees("the clerk in the room", |seen| {
            seen.sender == clerk.user && seen.content["membership"] == "join"
        })
        .await?;
    Ok(room)
}
