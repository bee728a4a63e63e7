//! The house on a socket.

mod linger;
mod patient;
mod unreadable;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::map_request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::Service as _;

use crate::identity::Peer;
use crate::notifications::Notifier;
use crate::router::admin_router;
use crate::{App, router};
use linger::linger;
use patient::Patient;
use unreadable::{Explaining, Talk};

/// How many connections are open at once; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 2048;
/// How often what has had its time is put away.
const TIDY_EVERY: Duration = Duration::from_secs(30);
/// The longest head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 128 << 10;

/// Serves every door on `listener` until `shutdown` is done; then takes no new requests, gives those in flight
/// [`crate::Config::grace`], and cuts off what is still open after that.
pub async fn serve(
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let doors = router(app.clone());
    // What the end of the last process cut off goes on, and nobody has to wait for that.
    let resuming = app.clone();
    tokio::task::spawn_blocking(move || resuming.scenarios.resume(&resuming));
    match Notifier::new(app.config.outbound.clone()) {
        Ok(notifier) => app
            .tenants
            .deliver(Arc::new(notifier), &tokio::runtime::Handle::current()),
        Err(error) => tracing::error!(%error, "notifications cannot be sent; they wait until the next start"),
    }
    let tidying = tokio::spawn(tidy_now_and_then(app.clone()));
    let served = run(listener, &app, doors, shutdown).await;
    tidying.abort();
    let stopping = app.clone();
    let stop = move || {
        stopping.scenarios.stop();
        tidy(&stopping);
    };
    if tokio::task::spawn_blocking(stop).await.is_err() {
        tracing::error!("the runs of scenarios could not be stopped");
    }
    served
}

/// Puts away what has had its time: entity maps, snapshots, sessions.
fn tidy(app: &App) {
    if let Some(access) = app.config.access()
        && let Err(error) = access.tidy()
    {
        tracing::warn!(%error, "sessions could not be tidied; it will be tried again");
    }
    if let Err(error) = app.tenants.tidy() {
        tracing::warn!(%error, "what has had its time could not be put away; it will be tried again");
    }
}

async fn tidy_now_and_then(app: App) {
    loop {
        tokio::time::sleep(TIDY_EVERY).await;
        let app = app.clone();
        if tokio::task::spawn_blocking(move || tidy(&app)).await.is_err() {
            tracing::error!("what has had its time could not be put away: a defect of this program");
        }
    }
}

/// The same with the doors for administration only.
pub async fn serve_admin(
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    // On this machine who asks is known: somebody who is on it.
    let asked = !listener.local_addr()?.ip().is_loopback();
    let doors = admin_router(app.clone(), asked);
    run(listener, &app, doors, shutdown).await
}

async fn run(
    listener: TcpListener,
    app: &App,
    doors: Router,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let doors = doors.layer(map_request(linger));
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    let mut builder = http1::Builder::new();
    // Names of header fields have no case, and not every client knows that.
    builder.title_case_headers(true);
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(app.config.header_timeout)
        .max_buf_size(MAX_HEAD_BYTES);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: wait for some to come back.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true); // slower without, and no worse
        let talk = Talk::default();
        let stream = Patient::new(stream, app.config.write_timeout);
        let stream = TokioIo::new(Explaining::new(stream, talk.clone()));
        let doors = doors.clone();
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            talk.begins();
            request.extensions_mut().insert(Peer(peer));
            let (mut doors, talk) = (doors.clone(), talk.clone());
            async move { doors.call(request).await.map(|response| talk.watch(response)) }
        });
        let connection = graceful.watch(builder.serve_connection(stream, service));
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    if tokio::time::timeout(app.config.grace, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests were still in flight at the end and are cut off");
    }
    connections.shutdown().await;
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(tokio::net::TcpStream, IpAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer.ip(), place))
}
