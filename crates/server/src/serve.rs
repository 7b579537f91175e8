//! Accepting connections: HTTP/1.1 and HTTP/2 without TLS, and a stop that loses nothing.

use crate::layers::origin::Peer;
use axum::{Extension, Router};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use std::{io, net::SocketAddr, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tower::Layer;

/// Longest time for a request's head; a client that sends it drop by drop is cut off.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// What a connection's requests carry: where they come from. For those who call the router themselves.
pub fn peer(address: SocketAddr) -> impl Clone + Send + Sync + 'static {
    Peer(address)
}

/// Serves until `stop` is done, then lets running requests finish for up to `grace`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    grace: Duration,
) {
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    converse(stream, peer, router.clone(), &graceful);
                }
                Err(error) => rest_after(&error).await,
            },
            () = &mut stop => break,
        }
    }
    drop(listener);
    tracing::info!("stopping: letting running requests finish, at most {grace:?}");
    if tokio::time::timeout(grace, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("stopped with requests still running");
    }
}

fn converse(stream: TcpStream, peer: SocketAddr, router: Router, graceful: &GracefulShutdown) {
    // Small chunks of a stream must not wait for each other.
    let _ = stream.set_nodelay(true);
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30));
    // Around the router, whose own layers would be laid around each route anew.
    let service = TowerToHyperService::new(Extension(Peer(peer)).layer(router));
    let connection = builder
        .serve_connection(TokioIo::new(stream), service)
        .into_owned();
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // Clients end connections as they like; that is no event for the log.
        let _ = connection.await;
    });
}

/// Out of file descriptors, mostly: waiting lets connections close.
async fn rest_after(error: &io::Error) {
    if !matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    ) {
        tracing::warn!("cannot accept connections: {error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
