//! Reading a body that anybody may send: not more than so much, not longer than so long.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use tokio::time::timeout;

use super::refusal::Refusal;

/// The whole `body`, of at most `most` bytes and read `within` this time. One that declares to
/// be larger is refused before a byte of it is read, also before a `100 Continue` asks for it.
pub(super) async fn read<B>(body: B, most: u64, within: Duration) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes>,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    if body.size_hint().lower() > most {
        return Err(Refusal::TooLarge);
    }
    let limited = Limited::new(body, usize::try_from(most).unwrap_or(usize::MAX));
    match timeout(within, limited.collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge),
        Ok(Err(_)) => Err(Refusal::BrokenOff),
        Err(_) => Err(Refusal::TooSlow),
    }
}
