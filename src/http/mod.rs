//! The internal listener: health, metrics, and what `viadukt status`, `trace`, `deadletters`,
//! `doctor` and `export` ask the running process. It is not meant for the network: without a token
//! it says only how the workers do, and what anybody wrote it says only to who has one, and writes
//! down that it did. The public listener is [`front`].

pub mod console;
mod export;
pub mod front;
mod health;
mod operations;
mod reference;
mod token;
pub mod views;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::backup::Source;
use crate::observe::{Format, Metrics};

pub use console::Console;
use views::{
    DeadLetterFilter, DeadLetterView, ExplainView, FoundView, OpenedView, ProbeView, Question,
    StatusView, TraceView,
};

pub use export::ExportRequest;
pub use health::{Readiness, WorkerState};
pub use operations::{OperationError, Operations};
pub use reference::Reference;
pub use token::AdminToken;

/// Who decides, as the trail names it: whoever has the token.
const BY: &str = "command-line";

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
    /// The pages for people, where there are any.
    pub console: Option<Arc<Console>>,
}

/// Answers on `listener` until `stop` fires, then finishes what it is answering.
pub async fn serve(
    listener: TcpListener,
    served: Served,
    stop: CancellationToken,
) -> io::Result<()> {
    let service = router(served).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await
}

fn router(served: Served) -> Router {
    let api = Router::new()
        .route("/probe", get(probe))
        .route("/status", get(status))
        .route("/find", get(find))
        .route("/explain", get(explain))
        .route("/trace/{reference}", get(trace))
        .route("/export", post(export::export))
        .route("/deadletters", get(dead_letters))
        .route("/deadletters/{reference}", get(dead_letter))
        .route("/deadletters/{reference}/open", post(open))
        .route("/deadletters/{reference}/requeue", post(requeue))
        .route("/deadletters/{reference}/discard", post(discard))
        .layer(from_fn_with_state(served.clone(), require_token));
    let console = served.console.clone().map_or_else(Router::new, Console::router);
    Router::new()
        .route("/health/live", get(|| async { "alive\n" }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .nest("/api", api)
        .with_state(served)
        .merge(console)
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

async fn metrics(State(served): State<Served>, headers: HeaderMap) -> Response {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let format = Format::accepted(&accept.collect::<Vec<_>>().join(","));
    match served.metrics.encode(format) {
        Ok(text) => ([(header::CONTENT_TYPE, format.content_type())], text).into_response(),
        Err(e) => (StatusCode::INTERNAL_SERVER_ERROR, e.to_string()).into_response(),
    }
}

async fn probe(State(served): State<Served>) -> Json<Vec<ProbeView>> {
    let probed = served.operations.probe().await;
    Json(probed.into_iter().map(|(worker, probes)| ProbeView::new(worker, probes)).collect())
}

async fn status(State(served): State<Served>) -> Result<Json<StatusView>, OperationError> {
    served.operations.status().await.map(Json)
}

/// `?name=…`
#[derive(serde::Deserialize)]
struct Name {
    name: String,
}

async fn find(
    State(served): State<Served>,
    Query(Name { name }): Query<Name>,
) -> Result<Json<Vec<FoundView>>, OperationError> {
    served.operations.find(&name).await.map(Json)
}

async fn trace(
    State(served): State<Served>,
    Path(reference): Path<Reference>,
) -> Result<Json<TraceView>, OperationError> {
    served.operations.trace(reference.item()).await.map(Json)
}

async fn explain(
    State(served): State<Served>,
    Query(question): Query<Question>,
) -> Result<Json<ExplainView>, OperationError> {
    served.operations.explain(&question).await.map(Json)
}

async fn dead_letters(
    State(served): State<Served>,
    Query(filter): Query<DeadLetterFilter>,
) -> Result<Json<Vec<DeadLetterView>>, OperationError> {
    served.operations.dead_letters(&filter).await.map(Json)
}

async fn dead_letter(
    State(served): State<Served>,
    Path(reference): Path<Reference>,
) -> Result<Json<DeadLetterView>, OperationError> {
    served.operations.dead_letter(reference).await.map(Json)
}

async fn open(
    State(served): State<Served>,
    Path(reference): Path<Reference>,
) -> Result<Json<OpenedView>, OperationError> {
    served.operations.open(reference, BY).await.map(Json)
}

async fn requeue(
    State(served): State<Served>,
    Path(reference): Path<Reference>,
) -> Result<StatusCode, OperationError> {
    served.operations.requeue(reference, BY).await.map(|()| StatusCode::NO_CONTENT)
}

async fn discard(
    State(served): State<Served>,
    Path(reference): Path<Reference>,
) -> Result<StatusCode, OperationError> {
    served.operations.discard(reference, BY).await.map(|()| StatusCode::NO_CONTENT)
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
