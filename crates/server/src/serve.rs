//! The house on a socket.

mod alarm;
mod connection;
mod linger;
mod pace;
mod patient;
mod tls;
mod unreadable;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::map_request;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::notifications::Notifier;
use crate::router::admin_router;
use crate::{App, router};
use connection::{House, Limits};
use linger::linger;

pub use tls::{NoTls, Tls, TlsFiles};

/// How many connections are open at once; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 2048;
/// How often what has had its time is put away.
const TIDY_EVERY: Duration = Duration::from_secs(30);

/// How often it is looked whether rules of retention are to run.
const RETAIN_EVERY: Duration = Duration::from_mins(1);

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
    let retaining = tokio::spawn(retain_now_and_then(app.clone()));
    let following = app.config.tls.clone().map(|tls| tokio::spawn(tls.follow()));
    let renewing = app.config.acme.clone().zip(app.config.tls.clone());
    let renewing = renewing.map(|(acme, tls)| tokio::spawn(acme.keep(tls)));
    let served = run(listener, app.config.tls.as_ref(), &app, doors, shutdown).await;
    tidying.abort();
    retaining.abort();
    app.stop();
    for task in following.into_iter().chain(renewing) {
        task.abort();
    }
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

/// Runs the rules of retention at the start, and once a day, a day after the last change of one at the earliest. A run that is under way when the program stops ends at its
/// next write.
async fn retain_now_and_then(app: App) {
    let mut at_start = true;
    loop {
        let retaining = app.clone();
        let run = move || retaining.retain_if_due(at_start);
        if tokio::task::spawn_blocking(run).await.is_err() {
            tracing::error!("retention met a defect of this program; it will be tried again");
        }
        at_start = false;
        tokio::time::sleep(RETAIN_EVERY).await;
    }
}

/// The same with the doors for administration only. What other machines reach has TLS as the other listener has.
pub async fn serve_admin(
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    // On this machine who asks is known: somebody who is on it.
    let asked = !listener.local_addr()?.ip().is_loopback();
    let doors = admin_router(app.clone(), asked);
    let tls = app.config.tls.as_ref().filter(|_| asked);
    run(listener, tls, &app, doors, shutdown).await
}

async fn run(
    listener: TcpListener,
    tls: Option<&Tls>,
    app: &App,
    doors: Router,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let (stopping, stop) = watch::channel(false);
    let house = House {
        doors: doors.layer(map_request(linger)),
        limits: Limits {
            head: app.config.header_timeout,
            write: app.config.write_timeout,
        },
        stop,
    };
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
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
        let serving = connection::serve(stream, peer, tls.map(Tls::acceptor), house.clone());
        connections.spawn(async move {
            serving.await;
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let _ = stopping.send(true); // nobody listens where there is no connection
    let ending = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(app.config.grace, ending).await.is_err() {
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
