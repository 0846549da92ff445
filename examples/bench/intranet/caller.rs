//! A caller that does as little as it can: one connection, one call after the other.

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A connection to a front door.
pub struct Caller {
    stream: BufReader<TcpStream>,
    path: String,
}

/// What is said in one call.
pub struct Call {
    /// Whole lines.
    pub headers: String,
    /// JSON.
    pub body: String,
}

impl Caller {
    /// Connects to the front door on `port`, to call `path`.
    ///
    /// # Errors
    /// Nobody is there.
    pub async fn connect(port: u16, path: &str) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), path: path.to_owned() })
    }

    /// Calls, and waits for the answer.
    ///
    /// # Errors
    /// It is no 2xx.
    pub async fn call(&mut self, call: &Call) -> Result<()> {
        let (path, Call { headers, body }) = (&self.path, call);
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: viadukt\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).await?;
        let (mut status, mut length) = (String::new(), 0);
        self.stream.read_line(&mut status).await?;
        loop {
            let mut line = String::new();
            ensure!(self.stream.read_line(&mut line).await? > 0, "the answer ended early");
            if line == "\r\n" {
                break;
            }
            let (name, value) = line.split_once(':').context("no header")?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
        }
        self.stream.read_exact(&mut vec![0; length]).await?;
        ensure!(status.starts_with("HTTP/1.1 2"), "{status}");
        Ok(())
    }
}
