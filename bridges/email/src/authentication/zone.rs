//! A DNS of our own for tests: a fixed zone behind a UDP socket on this machine.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::SocketAddr;

use mail_auth::hickory_resolver::proto::op::{Message, MessageType, OpCode, ResponseCode};
use mail_auth::hickory_resolver::proto::rr::rdata::TXT;
use mail_auth::hickory_resolver::proto::rr::{RData, Record, RecordType};
use tokio::net::UdpSocket;

/// Serves the TXT records `zone`, names without a final dot. A name whose text is empty gets no
/// answer at all.
pub(super) async fn serve(zone: Vec<(String, String)>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut bytes = [0; 2048];
        while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
            let question = Message::from_vec(&bytes[..length]).unwrap();
            if let Some(answer) = answer(&question, &zone) {
                socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
            }
        }
    });
    address
}

fn answer(question: &Message, zone: &[(String, String)]) -> Option<Message> {
    let query = question.queries.first()?.clone();
    let name = query.name().to_ascii().trim_end_matches('.').to_lowercase();
    let text = zone.iter().find(|(known, _)| *known == name).map(|(_, text)| text);
    if text.is_some_and(String::is_empty) {
        return None;
    }
    let mut answer = Message::new(question.id, MessageType::Response, OpCode::Query);
    match text {
        Some(text) if query.query_type() == RecordType::TXT => {
            let pieces = text.as_bytes().chunks(255);
            let pieces = pieces.map(|piece| String::from_utf8(piece.to_vec()).unwrap()).collect();
            let record = Record::from_rdata(query.name().clone(), 60, RData::TXT(TXT::new(pieces)));
            answer.add_answer(record);
        }
        Some(_) => {}
        None => answer.metadata.response_code = ResponseCode::NXDomain,
    }
    answer.add_query(query);
    Some(answer)
}
