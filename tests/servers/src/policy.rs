//! The policy service that Postfix asks about every mail, so that a test can make it refuse at
//! once, without a reload that running connections would not notice.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Where in a transaction Postfix answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// To RCPT.
    Recipient,
    /// To DATA.
    Begin,
    /// After the final dot of the data.
    Data,
}

impl Stage {
    /// Its name in a request.
    fn state(self) -> &'static str {
        match self {
            Self::Recipient => "RCPT",
            Self::Begin => "DATA",
            Self::Data => "END-OF-MESSAGE",
        }
    }
}

#[derive(Default)]
struct Answers {
    /// What is answered, by the name of the stage.
    answers: BTreeMap<&'static str, String>,
    /// The stage at which nothing is answered.
    hanging: Option<&'static str>,
}

/// A running policy service (Postfix SMTPD_POLICY_README).
pub(crate) struct Policy {
    pub(crate) port: u16,
    answers: watch::Sender<Answers>,
    task: JoinHandle<()>,
}

impl Policy {
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let answers = watch::Sender::new(Answers::default());
        let watched = answers.subscribe();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, watched.clone()));
            }
        });
        Ok(Self { port, answers, task })
    }

    pub(crate) fn set(&self, stage: Stage, answer: Option<&str>) {
        self.answers.send_modify(|answers| match answer {
            Some(answer) => drop(answers.answers.insert(stage.state(), answer.to_owned())),
            None => drop(answers.answers.remove(stage.state())),
        });
    }

    pub(crate) fn hang(&self, stage: Option<Stage>) {
        self.answers.send_modify(|answers| answers.hanging = stage.map(Stage::state));
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers requests, each a list of `name=value` lines that an empty line ends.
async fn serve(stream: TcpStream, mut answers: watch::Receiver<Answers>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut state = String::new();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(named) = line.strip_prefix("protocol_state=") {
            state = named.to_owned();
        }
        if line.is_empty() {
            let goes_on = |answers: &Answers| answers.hanging != Some(state.as_str());
            let Ok(now) = answers.wait_for(goes_on).await.map(|now| {
                now.answers.get(state.as_str()).map_or("DUNNO", String::as_str).to_owned()
            }) else {
                return;
            };
            if write.write_all(format!("action={now}\n\n").as_bytes()).await.is_err() {
                return;
            }
        }
    }
}
