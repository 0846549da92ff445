//! One request to a server on loopback.

use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Posts `body` with `headers` to `url`, an `http://127.0.0.1:PORT/…`; gives the status.
///
/// # Errors
/// Nobody is there, or it gave no whole answer.
pub async fn post(url: &str, headers: &[(&str, &str)], body: &str) -> io::Result<u16> {
    let place = url.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.split_once('/'));
    let (port, path) = place.ok_or(ErrorKind::InvalidInput)?;
    let port = port.parse().map_err(|_| ErrorKind::InvalidInput)?;
    let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    request(port, &format!("POST /{path}"), &more, body).await.map(|(status, _)| status)
}

/// Sends `body` as JSON; gives the status and the body of the answer.
pub(crate) async fn ask(
    port: u16,
    method: &str,
    path: &str,
    body: &str,
) -> io::Result<(u16, String)> {
    request(port, &format!("{method} {path}"), "", body).await
}

/// By HTTP/1.0, whose answers are never chunked.
async fn request(port: u16, line: &str, more: &str, body: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let request = format!(
        "{line} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n{more}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok((status.ok_or(ErrorKind::InvalidData)?, body.to_owned()))
}
