//! Texts go through Kannel to its phones and to the SMS centre, and back with receipts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use viadukt_testservers::smsc::{Behaviour, Receipts, Sms};
use viadukt_testservers::{Authority, Kannel, Smsc};

/// A web server that answers every request with an empty 200, and tells its paths.
async fn web() -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, paths) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move {
                let (read, mut write) = stream.into_split();
                let mut lines = BufReader::new(read).lines();
                let mut path = None;
                while let Ok(Some(line)) = lines.next_line().await {
                    path = path.or(line.split(' ').nth(1).map(str::to_owned));
                    if line.is_empty() {
                        tell.send(path.take().unwrap()).unwrap();
                        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                        write.write_all(answer).await.unwrap();
                    }
                }
            });
        }
    });
    (port, paths)
}

/// Submits a text over Kannel's HTTP interface; gives its answer.
async fn submit(kannel: &Kannel, text: &str, more: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, kannel.http)).await.unwrap();
    let text: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let request = format!(
        "GET /cgi-bin/sendsms?username={}&password={}&from=10001&to=%2B491701234567&\
         charset=UTF-8&text={text}{more} HTTP/1.0\r\n\r\n",
        Kannel::USER,
        Kannel::PASSWORD,
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn eventually(mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..500 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited in vain");
}

#[tokio::test]
async fn kannel_reaches_its_phones_and_back() {
    let (port, mut paths) = web().await;
    let here = format!("http://127.0.0.1:{port}");
    let mut kannel = Kannel::start(&format!("{here}/in?from=%p&text=%b&charset=%C")).await.unwrap();

    let receipt = "&coding=0&dlr-mask=31&dlr-url=".to_owned()
        + &format!("{here}/receipt?state=%d").replace('%', "%25").replace('?', "%3F");
    assert!(submit(&kannel, "Grüße", &receipt).await.ends_with("0: Accepted for delivery"));
    assert_eq!(paths.recv().await.unwrap(), "/receipt?state=8");
    assert_eq!(paths.recv().await.unwrap(), "/receipt?state=1");
    let long = "\u{1f600} ".repeat(200);
    submit(&kannel, &long, "&coding=2").await;
    eventually(async || kannel.sent().len() == 2).await;
    let sent = kannel.sent();
    assert_eq!([&*sent[0].text, &*sent[1].text], ["Grüße", &*long]);

    kannel.inject("+491701234567", "10001", "Ja").await.unwrap();
    assert_eq!(paths.recv().await.unwrap(), "/in?from=%2B491701234567&text=Ja&charset=UTF-8");
    kannel.pause();
    kannel.resume().await.unwrap();
    kannel.inject("+491701234567", "10001", "2 €").await.unwrap();
    let came = paths.recv().await.unwrap();
    assert!(came.ends_with("&text=%002%00++%AC&charset=UTF-16BE"), "{came}");
}

#[tokio::test]
async fn kannel_reaches_the_sms_centre_and_back() {
    let authority = Authority::new().unwrap();
    let smsc = Smsc::start(&authority).await.unwrap();
    let kannel = Kannel::start_before(&smsc).await.unwrap();
    smsc.behave(&Behaviour { receipts: Receipts::Now, ..Behaviour::default() }).await.unwrap();
    for (text, coding) in [("Grüße für 3 €", 0), ("\u{1f600}", 2), (&*"abc ".repeat(380), 0)] {
        let receipt = "&dlr-mask=31&dlr-url=http%3A%2F%2F127.0.0.1%3A9%2F";
        let answer = submit(&kannel, text, &format!("&coding={coding}{receipt}")).await;
        assert!(answer.contains("for delivery"), "{answer}");
    }
    let count = async |name: &str| *smsc.counts().await.unwrap().get(name).unwrap_or(&0);
    // Kannel asks for one receipt a message.
    eventually(async || (count("submit_sm").await, count("taken").await) == (12, 3)).await;
    let came = smsc.messages().await.unwrap();
    let texts: Vec<_> = came.iter().map(|message| message.text().unwrap()).collect();
    assert_eq!(texts, ["Grüße für 3 €", "\u{1f600}", &*"abc ".repeat(380)]);
    assert_eq!(came[2].of, 10);

    let sms = Sms { from: "+491701234567", to: "10001", text: "Ja", ..Sms::default() };
    smsc.deliver(&sms).await.unwrap();
    eventually(async || count("taken").await == 4).await;
    smsc.pause().await.unwrap();
    smsc.deliver(&sms).await.unwrap();
    smsc.resume().await.unwrap();
    assert_eq!(count("pending").await, 1);
    // Kannel's own pause before it connects again is longer than a test should wait.
    drop(kannel);
    let _kannel = Kannel::start_before(&smsc).await.unwrap();
    eventually(async || count("pending").await == 0).await;
}
