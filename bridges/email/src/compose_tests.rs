//! What goes out: threading, automatic mails, and nothing that a stranger could put into a
//! header.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use mail_parser::{HeaderValue, MessageParser};
use viadukt_api::contract::{MemorySpool, delivery_id, parse};
use viadukt_api::words::Language;
use viadukt_api::{
    Address, Attachment, Content, DeliveryError, Form, Media, MessageId, Outbound, Sender, Spool,
    Target, Timestamp, Words,
};

use crate::config::EmailSection;
use crate::smtp::compose::Letter;

fn section() -> EmailSection {
    let toml = "address = 'buero@amt.example'
        name = 'Bürgerbüro'
        agency = 'Stadt Beispiel'
        max_size = '1 MB'
        imap = { host = 'localhost', user = 'buero', password_file = 'password' }
        smtp = { host = 'localhost' }";
    parse(toml, "", EmailSection::parse).0.unwrap()
}

fn outbound(form: Form, subject: &str, references: &[&str]) -> Outbound {
    Outbound {
        id: delivery_id(1),
        accepted_at: Timestamp(1_790_000_000_000),
        repeated: false,
        target: Target::Remote {
            via: None,
            recipient: Address::new("bob@citizen.example"),
            to: Vec::new(),
            cc: Vec::new(),
            subject: Some(subject.to_owned()),
            message_id: MessageId::new("ours@amt.example"),
            references: references.iter().map(|id| MessageId::new(*id)).collect(),
        },
        form,
    }
}

fn say(name: &str, text: &str, attachments: Vec<Attachment>) -> Form {
    Form::Say {
        sender: Sender {
            address: Address::new("@alice:amt.example"),
            name: Some(name.to_owned()),
            power: None,
        },
        content: Content { text: text.to_owned(), html: None, attachments },
        subject: None,
        correction: false,
        automatic: false,
        mentions: Vec::new(),
    }
}

fn written(out: &Outbound, spool: &MemorySpool) -> Vec<u8> {
    let letter = Letter::compose(out, &section(), &Words::new(Language::En)).expect("composed");
    let mut bytes = Vec::new();
    letter.write(spool, &mut bytes).unwrap();
    bytes
}

#[test]
fn an_answer_continues_the_thread() {
    let out = outbound(say("Alice", "Ja.", Vec::new()), "Frage", &["a@x.example", "b@x.example"]);
    let spool = MemorySpool::default();
    let bytes = written(&out, &spool);
    assert_eq!(bytes, written(&out, &spool), "the same delivery, the same bytes");
    let mail = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(mail.subject(), Some("Re: Frage"));
    assert_eq!(mail.from().unwrap().first().unwrap().name(), Some("Alice (Stadt Beispiel)"));
    assert_eq!(mail.message_id(), Some("ours@amt.example"));
    assert_eq!(mail.in_reply_to().as_text(), Some("b@x.example"));
    assert_eq!(mail.references().as_text_list().unwrap().join(" "), "a@x.example b@x.example");
    assert!(mail.header("Auto-Submitted").is_none(), "a person wrote it");

    let again = outbound(say("Alice", "Ja.", Vec::new()), "AW: Frage", &["a@x.example"]);
    let bytes = written(&again, &spool);
    assert_eq!(MessageParser::default().parse(&bytes).unwrap().subject(), Some("AW: Frage"));
}

#[test]
fn everybody_is_named_and_the_alias_answers() {
    let mut out = outbound(say("Alice", "Ja.", Vec::new()), "Frage", &[]);
    let Target::Remote { to, cc, via, .. } = &mut out.target else { panic!("to the far side") };
    *to = ["bob@citizen.example", "ida@citizen.example"].map(Address::new).to_vec();
    *cc = vec![Address::new("otto@lawyer.example")];
    *via = Some(Address::new("bau@amt.example"));
    let bytes = written(&out, &MemorySpool::default());
    let mail = MessageParser::default().parse(&bytes).unwrap();
    let named = |field: Option<&mail_parser::Address<'_>>| {
        field.unwrap().iter().filter_map(|addr| addr.address()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(named(mail.to()), "bob@citizen.example ida@citizen.example");
    assert_eq!(named(mail.cc()), "otto@lawyer.example");
    assert_eq!(named(mail.from()), "bau@amt.example");
    let letter = Letter::compose(&out, &section(), &Words::new(Language::En)).unwrap();
    assert_eq!(letter.from.unwrap().to_string(), "bau@amt.example");
}

#[test]
fn a_clerks_mail_bears_a_signature_and_a_machines_does_not() {
    let signature = "{name}\nBürgerbüro <1>".to_owned();
    let own = [("@alice:amt.example".to_owned(), "Alice A.".to_owned())].into();
    let section = EmailSection { signature: Some(signature), ..section() };
    let mut out = outbound(say("Alice", "Ja.", Vec::new()), "Frage", &[]);
    let Form::Say { content, .. } = &mut out.form else { panic!("said") };
    content.html = Some("<b>Ja.</b>".to_owned());
    let body = |out: &Outbound, section: &EmailSection| {
        let letter = Letter::compose(out, section, &Words::new(Language::En)).unwrap();
        let mut bytes = Vec::new();
        letter.write(&MemorySpool::default(), &mut bytes).unwrap();
        let mail = MessageParser::default().parse(&bytes).unwrap();
        let [text, html] = [mail.body_text(0), mail.body_html(0)];
        (text.unwrap().replace('\r', ""), html.unwrap().into_owned())
    };
    let (text, html) = body(&out, &section);
    assert_eq!(text.trim_end(), "Ja.\n\n-- \nAlice\nBürgerbüro <1>");
    assert!(html.contains("<b>Ja.</b><p>-- <br>Alice<br>B"), "{html}");
    assert!(html.contains("&lt;1&gt;</p>"), "{html}");
    let (text, _) = body(&out, &EmailSection { signatures: own, ..section.clone() });
    assert_eq!(text.trim_end(), "Ja.\n\n-- \nAlice A.");
    let out = outbound(Form::Notice { text: "Geschlossen.".to_owned() }, "Frage", &[]);
    assert_eq!(body(&out, &section).0.trim_end(), "Geschlossen.");
}

#[test]
fn a_notice_asks_not_to_be_answered() {
    let out = outbound(Form::Notice { text: "Geschlossen.".to_owned() }, "Frage", &[]);
    let letter = Letter::compose(&out, &section(), &Words::new(Language::En)).unwrap();
    assert!(letter.from.is_none(), "null envelope sender");
    let bytes = written(&out, &MemorySpool::default());
    let mail = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(
        mail.header("Auto-Submitted").and_then(HeaderValue::as_text),
        Some("auto-generated")
    );
    assert_eq!(mail.from().unwrap().first().unwrap().name(), Some("Bürgerbüro"));
}

#[test]
fn a_mail_that_is_too_large_is_refused_in_words() {
    let spool = MemorySpool::default();
    let blob = (&spool as &dyn Spool).put(&vec![0; 900_000]).unwrap();
    let file = Attachment {
        name: "a.bin".to_owned(),
        mime: "application/octet-stream".to_owned(),
        size: None,
        media: Media::Spooled(blob),
    };
    let out = outbound(say("Alice", "", vec![file]), "Frage", &[]);
    let words = Words::new(Language::En);
    let Err(DeliveryError::Refused { reason }) = Letter::compose(&out, &section(), &words) else {
        panic!("refused")
    };
    assert!(words.reason(&reason).ends_with("At most 1 MB are possible."));
}

#[test]
fn what_is_not_a_mail_is_refused() {
    let out = outbound(Form::Join, "", &[]);
    let error = Letter::compose(&out, &section(), &Words::new(Language::En)).err();
    assert!(matches!(error, Some(DeliveryError::Refused { .. })));
}

/// Whatever stands in a name, subject, id or file name, the header has the fields that it
/// always has, and no line could begin another one.
#[test]
fn nothing_gets_into_the_header() {
    let evil = [
        "\r\nBcc: eve@x.example",
        "\nBcc: x",
        "\rBcc: x",
        "=?utf-8?Q?=0D=0ABcc:_x?=",
        "\"\r\n\r\n<x>",
        "a>\r\nBcc: <x",
        "\u{2028}Bcc: x",
        "\u{85}Bcc: x",
        "\0",
        "🎉\r\n.\r\n",
        "\u{202e}gpj.exe",
        "\";\r\n name=\"x",
        "x\r\n --viadukt",
        &"ä".repeat(500),
        &"a".repeat(2_000),
        "  ",
        "",
    ];
    let spool = MemorySpool::default();
    let blob = (&spool as &dyn Spool).put(b"bytes").unwrap();
    for evil in evil {
        let file = Attachment {
            name: evil.to_owned(),
            mime: format!("text/plain{evil}"),
            size: None,
            media: Media::Spooled(blob.clone()),
        };
        let out = outbound(say(evil, "Text", vec![file]), evil, &[evil, "b@x.example", evil]);
        let bytes = written(&out, &spool);
        let text = String::from_utf8(bytes.clone()).expect("a mail in ASCII");
        assert!(text.is_ascii());
        let (header, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(!header.replace("\r\n", "").contains(['\r', '\n']), "bare line ends: {evil:?}");
        let fields: Vec<&str> = header
            .split("\r\n")
            .filter(|line| !line.starts_with(' '))
            .map(|line| line.split(':').next().unwrap())
            .collect();
        let expected = [
            "Date",
            "From",
            "To",
            "Subject",
            "Message-ID",
            "In-Reply-To",
            "References",
            "X-Viadukt-Delivery",
            "MIME-Version",
            "Content-Type",
        ];
        let in_reply_to = fields.contains(&"In-Reply-To");
        let expected = expected.iter().filter(|field| in_reply_to || **field != "In-Reply-To");
        assert_eq!(fields, expected.copied().collect::<Vec<_>>(), "{evil:?}");
        assert!(!body.contains("\r\nBcc:"), "{evil:?}");
        let mail = MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(mail.body_text(0).unwrap().trim_end(), "Text", "{evil:?}");
        assert_eq!(mail.attachment(0).unwrap().contents(), b"bytes", "{evil:?}");
    }
}
