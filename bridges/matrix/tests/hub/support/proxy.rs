//! Someone between the hub and its homeserver, who answers some requests himself.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use viadukt_testservers::synapse::Synapse;

/// Says what to answer to a request, by its first line; `None` passes it on.
type Rule = Box<dyn FnMut(&str) -> Option<(u16, Value)> + Send>;

pub struct Proxy {
    url: String,
    rule: Arc<Mutex<Rule>>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Stands before `server` and passes everything on.
    pub async fn before(server: &Synapse) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let target = server.url().trim_start_matches("http://").to_owned();
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(|_: &str| None)));
        let task = tokio::spawn({
            let rule = rule.clone();
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let (rule, target) = (rule.clone(), target.clone());
                    tokio::spawn(async move {
                        let _ = serve(client, &rule, &target).await;
                    });
                }
            }
        });
        Self { url, rule, task }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// From now on answers by `rule`.
    pub fn answers(&self, rule: impl FnMut(&str) -> Option<(u16, Value)> + Send + 'static) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }
}

/// Serves one request; the connection ends with it.
async fn serve(client: TcpStream, rule: &Mutex<Rule>, target: &str) -> std::io::Result<()> {
    let mut client = BufReader::new(client);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        client.read_line(&mut line).await?;
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    client.read_exact(&mut body).await?;
    let answer = rule.lock().unwrap()(head.lines().next().unwrap_or_default());
    if let Some((status, answer)) = answer {
        let answer = answer.to_string();
        let length = answer.len();
        let answer = format!(
            "HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{answer}"
        );
        return client.write_all(answer.as_bytes()).await;
    }
    let mut server = TcpStream::connect(target).await?;
    server.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).await?;
    server.write_all(&body).await?;
    copy(&mut server, &mut client).await.map(drop)
}
