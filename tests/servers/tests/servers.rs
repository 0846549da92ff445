//! A mail goes through both servers; refusals come at once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use viadukt_testservers::{Authority, Dovecot, Postfix, Stage};

const USER: &str = "buero@amt.example";

/// Sends a mail in clear; gives the last reply.
async fn send(port: u16) -> String {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    lines.next_line().await.unwrap().unwrap();
    for command in
        ["HELO x", "MAIL FROM:<a@b.example>", "RCPT TO:<buero@amt.example>", "DATA", "Hallo\r\n."]
    {
        write.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
        let reply = lines.next_line().await.unwrap().unwrap();
        if !reply.starts_with(['2', '3']) {
            return reply;
        }
    }
    "250".to_owned()
}

async fn mails(dovecot: &Dovecot, expected: usize) -> usize {
    let count = || std::fs::read_dir(dovecot.mailbox(USER).join("new")).map_or(0, Iterator::count);
    for _ in 0..500 {
        if count() >= expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    count()
}

#[tokio::test]
async fn a_mail_goes_through() {
    let authority = Authority::new().unwrap();
    let mut dovecot = Dovecot::start(&authority, &[(USER, "geheim")]).await.unwrap();
    let mut postfix = Postfix::start(&authority, &dovecot).await.unwrap();

    assert_eq!(send(postfix.smtp).await, "250");
    assert_eq!(mails(&dovecot, 1).await, 1, "{}{}", postfix.log(), dovecot.log());

    postfix.answer(Stage::Recipient, Some("450 4.3.0 Later"));
    assert!(send(postfix.smtp).await.starts_with("450"));
    postfix.answer(Stage::Recipient, None);
    postfix.answer(Stage::Data, Some("550 5.7.1 No"));
    assert!(send(postfix.smtp).await.starts_with("550"));
    postfix.answer(Stage::Data, None);

    postfix.pause();
    dovecot.renumber(USER).await.unwrap();
    postfix.resume().await.unwrap();
    assert_eq!(send(postfix.smtp).await, "250");
    assert_eq!(mails(&dovecot, 2).await, 2);
}
