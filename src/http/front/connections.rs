//! The connections of the public listener: not too many, none too slow, none for ever.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Front;
use super::shares::Shares;

/// The largest head of a request; hyper answers 431 to a larger one.
const HEAD_SIZE: usize = 16 * 1_024;

/// How long to wait when the system gives no connection, for lack of file handles say.
const NO_CONNECTION: Duration = Duration::from_secs(1);

/// Serves connections from `listener` until `stop` fires or the store fails. Nobody is let in
/// from then on; returns when the calls under way are answered.
pub(super) async fn serve(front: &Arc<Front>, listener: TcpListener, stop: &CancellationToken) {
    let (open, closing) = (TaskTracker::new(), CancellationToken::new());
    tokio::select! {
        () = accept(front, &listener, &open, &closing) => {}
        () = stop.cancelled() => {}
        _ = front.failed.wait() => {}
    }
    drop(listener);
    closing.cancel();
    open.close();
    open.wait().await;
}

/// Accepts connections for ever, as long as there are places.
async fn accept(
    front: &Arc<Front>,
    listener: &TcpListener,
    open: &TaskTracker,
    closing: &CancellationToken,
) {
    let places = Arc::new(Semaphore::new(front.bounds.connections));
    let shares = Shares::new(front.bounds.share);
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let peer = peer.ip().to_canonical();
                let share = shares.take(peer);
                if share.is_none() && !front.proxies.trust(peer) {
                    continue;
                }
                let (front, closing) = (Arc::clone(front), closing.clone());
                open.spawn(async move {
                    hold(&front, stream, peer, &closing).await;
                    drop((place, share));
                });
            }
            // The caller was gone before its turn came.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                sleep(NO_CONNECTION).await;
            }
        }
    }
}

/// Serves one connection, until its time is over or everything closes.
async fn hold(front: &Arc<Front>, stream: TcpStream, peer: IpAddr, closing: &CancellationToken) {
    let bounds = front.bounds;
    let answer = |request| async move { Ok::<_, Infallible>(front.answer(request, peer).await) };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head)
        .max_buf_size(HEAD_SIZE)
        .serve_connection(TokioIo::new(stream), service_fn(answer));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = closing.cancelled() => None,
        () = sleep(bounds.connection) => None,
    };
    if ended.is_none() {
        connection.as_mut().graceful_shutdown();
        // What is cut off here was not answered: its caller makes the call again.
        let _ = timeout(bounds.closing, connection).await;
    }
}
