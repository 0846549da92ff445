//! What the fuzz targets in `fuzz/` call: each takes any bytes and panics when something that
//! must hold does not.

use std::sync::Arc;

use mail_parser::MessageParser;
use viadukt_api::words::Language;
use viadukt_api::{MessageId, Words};

use crate::own::Own;
use crate::read::Reader;
use crate::report::{Report, Status};
use crate::{html, tool, trim};

/// Whatever arrives as a mail can be shown, or is said to be unreadable.
pub fn mail(data: &[u8]) {
    let Ok(raw) = tool::raw(data) else { return };
    let Ok(worker) = "mail".parse() else { return };
    let words = Arc::new(Words::new(Language::En));
    let reader = Reader {
        worker,
        own: Own::default(),
        authserv_id: Some("mx".to_owned()),
        forbidden: crate::kinds::Kind::USUAL.to_vec(),
        words,
    };
    let Ok(reading) = reader.reading(&raw) else { return };
    let content = reading.message.content;
    assert!(content.text.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()));
    assert!(content.attachments.iter().all(|file| !file.name.is_empty() && !file.mime.is_empty()));
    assert!(!reading.trimmed || !content.attachments.is_empty(), "the original is lost");
    if let Some(shown) = content.html {
        assert_eq!(html::sanitise(&shown).as_ref(), Some(&shown), "sanitised differently");
    }
}

/// Whatever a mail reports can be told, whomever it names.
pub fn report(data: &[u8]) {
    let Some(mail) = MessageParser::default().parse(data) else { return };
    let Some(report) = Report::read(&mail) else { return };
    for recipient in &report.recipients {
        assert!(recipient.address.contains('@') && !recipient.address.contains('\n'));
        assert!(recipient.diagnostic.as_ref().is_none_or(|said| !said.is_empty()));
        let status = recipient.status.map(|status| status.to_string());
        assert!(status.is_none_or(|status| Status::first(&status) == recipient.status));
    }
    assert!(report.recipients.len() <= 300);
    let parents = [MessageId::new(format!("{}@example.net", "0".repeat(32)))];
    for language in Language::ALL {
        let told = report.told(Some("office@example.net"), &parents, &Words::new(language));
        let Some(told) = told else { continue };
        assert!(told.text.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", told.text);
        assert!(told.text.len() < 50_000);
    }
}

/// What is left of any text, and of any HTML, are lines that were there, in their order.
pub fn trim(data: &[u8]) {
    let Some((first, text)) = data.split_first() else { return };
    let forwarding = first % 2 == 1;
    let text = String::from_utf8_lossy(text);
    if let Some(left) = trim::text(&text, forwarding) {
        assert!(!left.trim().is_empty());
        let lines = |text: &str| -> Vec<String> {
            text.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect()
        };
        let (written, left) = (lines(&text), lines(&left));
        let mut written = written.iter();
        assert!(left.iter().all(|line| written.any(|other| other == line)), "{left:?}");
    }
    if let Some(readable) = html::readable(&text)
        && let Some(left) = trim::html(&readable, forwarding)
    {
        let (written, left) = (trim::lines_of_html(&readable), trim::lines_of_html(&left));
        assert!(!left.is_empty());
        let mut written = written.iter();
        assert!(left.iter().all(|line| written.any(|other| other == line)), "{left:?}");
    }
}
