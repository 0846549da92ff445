//! `POST /api/export`: everything that viadukt remembers, as a stream.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::poll_fn;
use serde::{Deserialize, Serialize};

use super::Served;
use crate::backup::Pipe;
use crate::backup::age::Recipient;

/// Who may read the export.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExportRequest {
    /// Public keys in the age format; none: it is in the clear.
    pub recipients: Vec<String>,
}

/// The export is whole only if the stream ends without an error.
pub(super) async fn export(
    State(served): State<Served>,
    Json(request): Json<ExportRequest>,
) -> Response {
    let recipients: Result<Vec<Recipient>, _> =
        request.recipients.iter().map(|text| text.parse()).collect();
    let recipients = match recipients {
        Ok(recipients) => recipients,
        Err(expected) => return (StatusCode::BAD_REQUEST, expected).into_response(),
    };
    let (pipe, mut pieces) = Pipe::new();
    tokio::task::spawn_blocking(move || {
        let complaints = pipe.complaints();
        if let Err(error) = served.source.export(pipe, &recipients) {
            tracing::warn!(%error, "an export was not finished");
            let _ = complaints.blocking_send(Err(std::io::Error::other(error)));
        }
    });
    let body = Body::from_stream(poll_fn(move |context| pieces.poll_recv(context)));
    ([(header::CONTENT_TYPE, "application/octet-stream")], body).into_response()
}
