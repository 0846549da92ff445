//! The internal listener: health, metrics, and what `viadukt trace`, `deadletters`, `doctor`
//! and `export` ask the running process. It is not meant for the network: without a token it says only how
//! the workers do, and it never says what anybody wrote. The public listener is [`front`].

mod export;
pub mod front;
mod health;
mod operations;
mod token;

use std::io;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::backup::Source;
use crate::observe::Metrics;

pub use export::ExportRequest;
pub use health::{Readiness, WorkerState};
pub use operations::{
    DeadLetterView, OperationError, Operations, ProbeView, Reference, TraceEntry, TraceView,
};
pub use token::AdminToken;

/// What the listener answers from.
#[derive(Clone)]
pub struct Served {
    /// The pipeline.
    pub operations: Arc<dyn Operations>,
    /// What exports are made of.
    pub source: Source,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Who may ask below `/api`.
    pub token: Arc<AdminToken>,
}

/// Answers on `listener` until `stop` fires, then finishes what it is answering.
pub async fn serve(
    listener: TcpListener,
    served: Served,
    stop: CancellationToken,
) -> io::Result<()> {
    axum::serve(listener, router(served)).with_graceful_shutdown(stop.cancelled_owned()).await
}

fn router(served: Served) -> Router {
    let api = Router::new()
        .route("/probe", get(probe))
        .route("/trace/{reference}", get(trace))
        .route("/export", post(export::export))
        .route("/deadletters", get(dead_letters))
        .route("/deadletters/{reference}/requeue", post(requeue))
        .route("/deadletters/{reference}/discard", post(discard))
        .layer(from_fn_with_state(served.clone(), require_token));
    Router::new()
        .route("/health/live", get(|| async { "alive\n" }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .nest("/api", api)
        .with_state(served)
}

async fn require_token(State(served): State<Served>, request: Request, next: Next) -> Response {
    let presented = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if presented.is_some_and(|token| served.token.matches(token)) {
        next.run(request).await
    } else {
        (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")]).into_response()
    }
}

async fn ready(State(served): State<Served>) -> (StatusCode, Json<Readiness>) {
    let readiness = Readiness::of(&*served.operations);
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

async fn metrics(State(served): State<Served>) -> Response {
    match served.metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
            .into_response(),
        Err(e) => (StatusCode::INTERNAL_SERVER_ERROR, e.to_string()).into_response(),
    }
}

async fn probe(State(served): State<Served>) -> Json<Vec<ProbeView>> {
    let probed = served.operations.probe().await;
    Json(probed.into_iter().map(|(worker, probes)| ProbeView::new(worker, probes)).collect())
}

async fn trace(
    State(served): State<Served>,
    Path(reference): Path<Reference>,
) -> Result<Json<TraceView>, OperationError> {
    served.operations.trace(reference.item()).await.map(Json)
}

async fn dead_letters(
    State(served): State<Served>,
) -> Result<Json<Vec<DeadLetterView>>, OperationError> {
    served.operations.dead_letters().await.map(Json)
}

async fn requeue(
    State(served): State<Served>,
    Path(reference): Path<Reference>,
) -> Result<StatusCode, OperationError> {
    served.operations.requeue(reference).await.map(|()| StatusCode::NO_CONTENT)
}

async fn discard(
    State(served): State<Served>,
    Path(reference): Path<Reference>,
) -> Result<StatusCode, OperationError> {
    served.operations.discard(reference).await.map(|()| StatusCode::NO_CONTENT)
}

impl IntoResponse for OperationError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, self.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests;
