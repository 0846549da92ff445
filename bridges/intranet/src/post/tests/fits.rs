//! What a system does not take is known before anything is sent.

use viadukt_api::{Attachment, Media};

use crate::post::testing::{Said, StandIn, noon, system, text};
use crate::system::System;

/// The system of that table, whose server nobody ever asks.
fn idle(table: &str) -> Box<dyn System> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("url"), "https://amt.example/hooks/geheim").unwrap();
    std::fs::write(folder.path().join("token"), "a-token-of-at-least-20-letters").unwrap();
    std::fs::write(folder.path().join("key"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let url = if table.contains("url_file") { "" } else { "url = 'https://amt.example'" };
    system(&format!("{table}\n{url}"), folder.path(), &noon())
}

const NTFY: &str = "speaks = 'ntfy'\ntopics = ['lift', 'door']";
const NEXTCLOUD: &str = "speaks = 'nextcloud'\nuser = 'admin'\npassword_file = '{folder}/token'";
const TALK: &str = "speaks = 'talk'\nsecret_files = ['{folder}/token']";
const MATTERMOST: &str = "speaks = 'mattermost'\nurl_file = '{folder}/url'\nchannels = ['hall']";
const SLACK: &str = "speaks = 'slack'\nurl_file = '{folder}/url'";
const ROCKETCHAT: &str = "speaks = 'rocketchat'\nurl_file = '{folder}/url'";
const TEAMS: &str = "speaks = 'teams'\nurl_file = '{folder}/url'";
const GOTIFY: &str = "speaks = 'gotify'\ntoken_file = '{folder}/token'";
const WEBHOOK: &str = "speaks = 'standard-webhooks'\nsigning_key_files = ['{folder}/key']";
const CLOUDEVENTS: &str = "speaks = 'cloudevents'\nsource = '/amt'";

#[test]
fn a_text_that_is_too_long_is_refused() {
    for (table, fits, is_longer, key) in [
        (NTFY, "a".repeat(4_000), "ä".repeat(2_001), "intranet-too-large"),
        (TALK, "ä".repeat(31_840), "ä".repeat(31_841), "intranet-too-long"),
        (MATTERMOST, "ä".repeat(16_223), "ä".repeat(16_224), "intranet-too-long"),
        (ROCKETCHAT, "ä".repeat(4_840), "ä".repeat(4_841), "intranet-too-long"),
        (SLACK, "ä".repeat(39_840), "ä".repeat(39_841), "intranet-too-long"),
        (TEAMS, "a".repeat(26_000), "ä".repeat(13_700), "intranet-too-large"),
        (GOTIFY, "ä".repeat(16_000), "ä".repeat(16_001), "intranet-too-long"),
        (WEBHOOK, "ä".repeat(20_000), "ä".repeat(20_001), "intranet-too-long"),
        (CLOUDEVENTS, "ä".repeat(20_000), "ä".repeat(20_001), "intranet-too-long"),
    ] {
        let system = idle(table);
        let takes = system.takes().unwrap();
        assert_eq!(takes.fits(&text(fits)), Ok(()), "{table}");
        assert_eq!(takes.fits(&text(is_longer)).unwrap_err().key, key, "{table}");
    }
}

#[test]
fn an_attachment_is_refused() {
    let media =
        Media::With { worker: "matrix".parse().unwrap(), handle: String::new(), blobs: vec![] };
    let attachment = Attachment {
        name: "a.pdf".to_owned(),
        mime: "application/pdf".to_owned(),
        size: None,
        media,
    };
    let mut content = text("Anbei der Plan.");
    content.attachments.push(attachment);
    for table in [NTFY, NEXTCLOUD, TALK, MATTERMOST, TEAMS, GOTIFY, WEBHOOK, CLOUDEVENTS] {
        let refusal = idle(table).takes().unwrap().fits(&content).unwrap_err();
        assert_eq!(refusal.key, "intranet-attachment", "{table}");
    }
}

#[test]
fn a_system_says_for_whom_it_takes_messages() {
    let missing = Some("intranet-party-missing");
    let not_listed = Some("intranet-party-not-listed");
    for (table, behind, refused) in [
        (NTFY, None, missing),
        (NTFY, Some("lift"), None),
        (NTFY, Some("alarm"), not_listed),
        (NEXTCLOUD, None, missing),
        (NEXTCLOUD, Some("anna"), None),
        (NEXTCLOUD, Some(".."), not_listed),
        (NEXTCLOUD, Some("a\nb"), not_listed),
        (TALK, None, missing),
        (TALK, Some("12345678"), None),
        (MATTERMOST, None, None),
        (MATTERMOST, Some("hall"), None),
        (MATTERMOST, Some("secret-hall"), not_listed),
        (SLACK, Some("hall"), not_listed),
        (TEAMS, Some("hall"), not_listed),
        (GOTIFY, Some("anna"), not_listed),
        (WEBHOOK, Some("front-desk"), None),
        (CLOUDEVENTS, None, None),
    ] {
        let found = idle(table).takes().unwrap().party(behind).err();
        assert_eq!(found.as_ref().map(|reason| reason.key.as_str()), refused, "{table} {behind:?}");
    }
}

/// `a/../b` is one user's name, and not a way to another place.
#[tokio::test]
async fn a_name_stays_one_step_of_a_path() {
    let server = StandIn::new(&[crate::post::testing::Does::says("200 OK", "", "")]).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "a-token-of-at-least-20-letters").unwrap();
    let table = format!("{NEXTCLOUD}\nurl = '{}'\nnetworks = ['127.0.0.1']", server.url());
    let said = Said::by("Anna", &"ä".repeat(5_000)).to("a/../b?c#d");
    let system = system(&table, folder.path(), &noon());
    system.takes().unwrap().send(&said.out()).await.unwrap();
    let heard = server.heard().remove(0);
    assert!(heard.contains("/admin_notifications/a%2F..%2Fb%3Fc%23d HTTP/1.1\n"), "{heard}");

    let (_, form) = heard.split_once("\n\n").unwrap();
    let fields: Vec<_> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    assert_eq!(fields[0].1.chars().count(), 255);
    assert!(fields[0].1.ends_with('…'));
    assert_eq!(fields[1].1.chars().count(), 4_000);
    assert!(fields[1].1.ends_with("… (shortened)"));
}
