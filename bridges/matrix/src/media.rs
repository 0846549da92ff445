//! Attachments, streamed between the spool and the homeserver; none is ever whole in memory.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use matrix_sdk::reqwest::{Body, Method};
use matrix_sdk::ruma::MxcUri;
use matrix_sdk::ruma::events::room::EncryptedFile;
use matrix_sdk_base::crypto::{AttachmentDecryptor, AttachmentEncryptor};
use serde::Deserialize;
use serde_json::Value;
use tokio_util::io::{ReaderStream, StreamReader, SyncIoBridge};
use viadukt_api::{BlobRef, DeliveryError, Reason, Spool};

use crate::http::{answer, json};
use crate::online::Online;
use crate::trouble::{Verdict, delivery_error};

/// How many bytes lie between the two ends of a stream.
const IN_FLIGHT: usize = 64 * 1024;
/// The slowest transfer that is waited for, in bytes a second.
const SLOWEST: u64 = 50_000;

/// What became of an upload.
pub(crate) enum Uploaded {
    /// It lies on the homeserver; the field that says where, and its value.
    Placed(&'static str, Value),
    /// The homeserver takes files up to this many bytes only.
    TooLarge(u64),
    /// The spool no longer has it, or has it damaged.
    Lost,
}

/// Uploads `blob`, encrypted unless it goes into a room in clear.
pub(crate) async fn upload(
    online: &Online,
    blob: &BlobRef,
    encrypt: bool,
    mime: &str,
) -> Result<Uploaded, DeliveryError> {
    let limit = online.client.load_or_fetch_max_upload_size().await;
    let limit: u64 = limit.map_err(|e| delivery_error(&e))?.into();
    if blob.size > limit {
        return Ok(Uploaded::TooLarge(limit));
    }
    let (sink, source) = tokio::io::duplex(IN_FLIGHT);
    let spool = Arc::clone(&online.context.spool);
    let wanted = blob.clone();
    let pump = tokio::task::spawn_blocking(move || {
        pour(&*spool, &wanted, encrypt, &mut SyncIoBridge::new(sink))
    });
    let request = online
        .http
        .request(Method::POST, "/_matrix/media/v3/upload", Some(&online.token))
        .timeout(patience(blob.size))
        .header("Content-Type", if encrypt { "application/octet-stream" } else { mime })
        .header("Content-Length", blob.size)
        .body(Body::wrap_stream(ReaderStream::new(source)));
    let answered = answer(request).await;
    let keys = match pump.await {
        Ok(Ok(keys)) => keys,
        Ok(Err(e)) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {
            return Ok(Uploaded::Lost);
        }
        // The other end went away; its answer says why.
        _ => None,
    };
    let response = match answered {
        Ok(response) => response,
        Err(Verdict::Refused(code)) if code == "M_TOO_LARGE" || code == "413" => {
            return Ok(Uploaded::TooLarge(limit));
        }
        Err(other) => return Err(other.into_delivery_error()),
    };
    let address = json(response).await.map_err(Verdict::into_delivery_error)?;
    let address = address["content_uri"].clone();
    match keys {
        Some(mut file) => {
            file["url"] = address;
            Ok(Uploaded::Placed("file", file))
        }
        None if encrypt => Err(Verdict::Away.into_delivery_error()),
        None => Ok(Uploaded::Placed("url", address)),
    }
}

/// Writes the spooled payload into `sink`; gives the keys it was encrypted with.
fn pour(
    spool: &dyn Spool,
    blob: &BlobRef,
    encrypt: bool,
    sink: &mut SyncIoBridge<tokio::io::DuplexStream>,
) -> io::Result<Option<Value>> {
    let mut payload = spool.open(blob)?;
    if !encrypt {
        io::copy(&mut payload, sink)?;
        sink.shutdown()?;
        return Ok(None);
    }
    let mut encryptor = AttachmentEncryptor::new(&mut payload);
    io::copy(&mut encryptor, sink)?;
    sink.shutdown()?;
    Ok(Some(serde_json::to_value(encryptor.finish())?))
}

/// Where an attachment of a room lies; the content of a [`viadukt_api::Media::With`] handle.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Handle {
    /// Encrypted.
    File(Box<EncryptedFile>),
    /// In clear.
    Url(String),
}

/// Downloads what `handle` names into the spool and decrypts it on the way.
pub(crate) async fn fetch(online: &Online, handle: &str) -> Result<BlobRef, DeliveryError> {
    let gone = || DeliveryError::refused(Reason::new("matrix-media-gone"));
    let handle: Handle = serde_json::from_str(handle).map_err(|_| gone())?;
    let address = match &handle {
        Handle::File(file) => file.url.clone(),
        Handle::Url(url) => url.as_str().into(),
    };
    let path = download_path(&address).ok_or_else(gone)?;
    let limit = online.settings.media_limit.0;
    let request =
        online.http.request(Method::GET, &path, Some(&online.token)).timeout(patience(limit));
    let response = match answer(request).await {
        Ok(response) => response,
        Err(Verdict::Refused(code)) if code == "M_NOT_FOUND" || code == "404" => {
            return Err(gone());
        }
        Err(other) => return Err(other.into_delivery_error()),
    };
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let broken = |_| io::Error::from(io::ErrorKind::ConnectionAborted);
    let stream = StreamReader::new(response.bytes_stream().map_err(broken));
    let spool = Arc::clone(&online.context.spool);
    let stored = tokio::task::spawn_blocking(move || {
        let mut source = SyncIoBridge::new(stream).take(limit.saturating_add(1));
        match handle {
            Handle::Url(_) => store(&*spool, source, limit),
            Handle::File(file) => {
                let decryptor = AttachmentDecryptor::new(&mut source, (*file).into());
                store(&*spool, decryptor.map_err(|_| Unstored::Damaged)?, limit)
            }
        }
    });
    match stored.await.unwrap_or(Err(Unstored::Spool)) {
        Ok(blob) => Ok(blob),
        Err(Unstored::Connection) => Err(Verdict::Away.into_delivery_error()),
        Err(Unstored::Spool) => Err(DeliveryError::retry(Reason::new("matrix-spool"))),
        Err(Unstored::Damaged) => Err(DeliveryError::refused(Reason::new("matrix-media-damaged"))),
        Err(Unstored::TooLarge) => Err(too_large(limit)),
    }
}

/// Why a download did not get into the spool.
enum Unstored {
    /// The connection broke.
    Connection,
    /// The spool could not take it.
    Spool,
    /// Its hash is not the one that the sender named.
    Damaged,
    /// It is larger than allowed.
    TooLarge,
}

fn store(spool: &dyn Spool, mut source: impl Read, limit: u64) -> Result<BlobRef, Unstored> {
    let mut writer = spool.create().map_err(|_| Unstored::Spool)?;
    let mut piece = vec![0; IN_FLIGHT];
    let mut total = 0;
    loop {
        let read = match source.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => {
                return Err(Unstored::Connection);
            }
            Err(_) => return Err(Unstored::Damaged),
        };
        total += read as u64;
        if total > limit {
            return Err(Unstored::TooLarge);
        }
        let piece = piece.get(..read).ok_or(Unstored::Spool)?;
        writer.write_all(piece).map_err(|_| Unstored::Spool)?;
    }
    writer.finish().map_err(|_| Unstored::Spool)
}

/// The path of authenticated media (Matrix 1.11). `None` for what is no proper address: it
/// comes from a stranger and must not lead anywhere else on the homeserver.
fn download_path(address: &MxcUri) -> Option<String> {
    let (server, id) = address.parts().ok()?;
    let plain = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    let proper = plain(server.as_str(), ".-:[]") && plain(id, "-_");
    proper.then(|| format!("/_matrix/client/v1/media/download/{server}/{id}"))
}

fn patience(size: u64) -> Duration {
    Duration::from_secs(60 + size / SLOWEST)
}

fn too_large(limit: u64) -> DeliveryError {
    let limit = limit.div_ceil(1_000_000).to_string();
    DeliveryError::refused(Reason::new("matrix-media-too-large").with("limit", limit))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn addresses_lead_to_media_only() {
        let path = |address: &str| download_path(address.into());
        assert_eq!(
            path("mxc://example.org:8448/AbC_1-2").unwrap(),
            "/_matrix/client/v1/media/download/example.org:8448/AbC_1-2"
        );
        for bad in [
            "https://example.org/x",
            "mxc://example.org/../admin",
            "mxc://a/b/c",
            "mxc://example.org/",
            "mxc://ex%2fample/x",
            "mxc:///x",
        ] {
            assert_eq!(path(bad), None, "{bad}");
        }
    }
}
