//! Kannel, the usual gateway of this kind, doing what we do: from HTTP to the same SMS centre.

use anyhow::{Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::{Client, Url};
use tokio::time::Instant;
use viadukt_testbed::servers::{Kannel, Smsc};
use viadukt_testbed::{NUMBER, until};

/// As many requests at a time as there are conversations elsewhere.
const REQUESTS: usize = 64;

/// Messages a second, from the first request until the centre has the last message.
///
/// # Errors
/// Kannel did not start, or refused.
pub async fn rate(smsc: &Smsc, messages: u32) -> Result<f64> {
    let kannel = Kannel::start_before(smsc).await?;
    let url = Url::parse_with_params(
        &format!("http://127.0.0.1:{}/cgi-bin/sendsms", kannel.http),
        [
            ("username", Kannel::USER),
            ("password", Kannel::PASSWORD),
            ("from", NUMBER),
            ("to", "+491713920001"),
            ("text", "Ihr Ausweis liegt ab morgen im Rathaus bereit."),
        ],
    )?;
    // Connections are kept and used again.
    let client = Client::new();
    let wanted = submitted(smsc).await? + u64::from(messages);
    let begin = Instant::now();
    let requests = stream::iter(0..messages).map(|_| async {
        let answer = client.get(url.clone()).send().await?;
        ensure!(answer.status() == 202, "Kannel answered with {}", answer.status());
        answer.bytes().await?;
        Ok(())
    });
    requests.buffer_unordered(REQUESTS).try_collect::<()>().await?;
    until("the last message from Kannel", async || {
        Ok((submitted(smsc).await? >= wanted).then_some(()))
    })
    .await?;
    Ok(f64::from(messages) / begin.elapsed().as_secs_f64())
}

async fn submitted(smsc: &Smsc) -> Result<u64> {
    Ok(smsc.counts().await?.get("submit_sm").copied().unwrap_or(0))
}
