//! The policy service that Postfix asks about every mail, so that a test can make it refuse at
//! once, without a reload that running connections would not notice.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Where in a transaction Postfix answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// To RCPT.
    Recipient,
    /// After the final dot of the data.
    Data,
}

#[derive(Default)]
struct Answers {
    recipient: Option<String>,
    data: Option<String>,
}

/// A running policy service (Postfix SMTPD_POLICY_README).
pub(crate) struct Policy {
    pub(crate) port: u16,
    answers: Arc<Mutex<Answers>>,
    task: JoinHandle<()>,
}

impl Policy {
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let answers = Arc::<Mutex<Answers>>::default();
        let shared = Arc::clone(&answers);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Ok(Self { port, answers, task })
    }

    pub(crate) fn set(&self, stage: Stage, answer: Option<&str>) {
        let Ok(mut answers) = self.answers.lock() else { return };
        let slot = match stage {
            Stage::Recipient => &mut answers.recipient,
            Stage::Data => &mut answers.data,
        };
        *slot = answer.map(str::to_owned);
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers requests, each a list of `name=value` lines that an empty line ends.
async fn serve(stream: TcpStream, answers: Arc<Mutex<Answers>>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut at_data = false;
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(state) = line.strip_prefix("protocol_state=") {
            at_data = state == "END-OF-MESSAGE";
        }
        if line.is_empty() {
            let answer = answers.lock().ok().and_then(|answers| {
                if at_data { answers.data.clone() } else { answers.recipient.clone() }
            });
            let reply = format!("action={}\n\n", answer.as_deref().unwrap_or("DUNNO"));
            if write.write_all(reply.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}
