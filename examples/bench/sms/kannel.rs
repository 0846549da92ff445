//! Kannel, the usual gateway of this kind, doing what we do: from HTTP to the same SMS centre,
//! and the receipts back over HTTP. What it has accepted lies in its spool, which it never syncs.

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::routing::get;
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::{Client, Url};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, timeout};
use viadukt_testbed::NUMBER;
use viadukt_testbed::servers::{Kannel, Smsc};

/// As many requests at a time as there are conversations elsewhere.
const REQUESTS: usize = 64;
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Messages a second, from the first request until Kannel has told of the last receipt.
///
/// # Errors
/// Kannel did not start, or refused, or lost a receipt.
pub async fn rate(smsc: &Smsc, messages: u32) -> Result<f64> {
    let kannel = Kannel::start_before(smsc).await?;
    let mut receipts = Receipts::listen().await?;
    let url = Url::parse_with_params(
        &format!("http://127.0.0.1:{}/cgi-bin/sendsms", kannel.http),
        [
            ("username", Kannel::USER),
            ("password", Kannel::PASSWORD),
            ("from", NUMBER),
            ("to", "+491713920001"),
            ("text", "Ihr Ausweis liegt ab morgen im Rathaus bereit."),
            // Only that it arrived (user guide, "dlr-mask").
            ("dlr-mask", "1"),
            ("dlr-url", &receipts.url),
        ],
    )?;
    // Connections are kept and used again.
    let client = Client::new();
    let begin = Instant::now();
    let requests = stream::iter(0..messages).map(|_| async {
        let answer = client.get(url.clone()).send().await?;
        ensure!(answer.status() == 202, "Kannel answered with {}", answer.status());
        answer.bytes().await?;
        Ok(())
    });
    requests.buffer_unordered(REQUESTS).try_collect::<()>().await?;
    receipts.came(messages).await?;
    Ok(f64::from(messages) / begin.elapsed().as_secs_f64())
}

/// Where Kannel tells of receipts.
struct Receipts {
    url: String,
    count: watch::Receiver<u32>,
    _server: JoinSet<std::io::Result<()>>,
}

impl Receipts {
    async fn listen() -> Result<Self> {
        let (told, count) = watch::channel(0);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let mut server = JoinSet::new();
        let tell = move || {
            told.send_modify(|count| *count += 1);
            async {}
        };
        let router = Router::new().route("/", get(tell));
        server.spawn(axum::serve(listener, router).into_future());
        Ok(Self { url, count, _server: server })
    }

    async fn came(&mut self, wanted: u32) -> Result<()> {
        let all = timeout(PATIENCE, self.count.wait_for(|count| *count >= wanted)).await;
        let in_time = all.map(|all| all.map(drop));
        in_time
            .with_context(|| format!("{} of {wanted} receipts came", *self.count.borrow()))??;
        Ok(())
    }
}
