//! One connection, from its first byte to its last: TLS where the listener has it, then HTTP/1.1 or HTTP/2.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, Uri, Version, header, uri::PathAndQuery};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

use super::pace::{Going, Pace};
use super::patient::Patient;
use super::unreadable::{Explaining, Talk};
use crate::acme::ACME_TLS;
use crate::identity::{Peer, PeerCertificate, Secured};

/// The longest head of a request, in bytes.
const MAX_HEAD_BYTES: u32 = 128 << 10;
/// How many requests one connection may have under way at once (HTTP/2).
const MAX_STREAMS: u32 = 100;
/// How often a connection with many requests is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The first byte of whoever speaks TLS: a record of the type handshake (RFC 8446, 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// To those who speak http to a port for https.
const SPEAK_TLS: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 48\r\n\
    Connection: close\r\n\r\nthis port speaks TLS: write https:// for http://";

/// How long a connection may take for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// For the handshake, for the head of a request, and between two requests.
    pub(super) head: Duration,
    /// For taking an answer in.
    pub(super) write: Duration,
}

/// What stands at the end of a connection.
#[derive(Clone)]
pub(super) struct House {
    pub(super) doors: Router,
    pub(super) limits: Limits,
    /// Turns true when no more requests are taken.
    pub(super) stop: watch::Receiver<bool>,
}

/// What is known of the other side before its first request.
#[derive(Clone)]
struct Other {
    peer: Peer,
    secured: Option<Secured>,
    certificate: Option<PeerCertificate>,
}

impl Other {
    /// Every request of the connection brings it.
    fn mark(&self, request: &mut Request<Incoming>) {
        let extensions = request.extensions_mut();
        extensions.insert(self.peer);
        if let Some(secured) = self.secured {
            extensions.insert(secured);
        }
        if let Some(certificate) = &self.certificate {
            extensions.insert(certificate.clone());
        }
    }
}

/// Serves a connection until its end.
pub(super) async fn serve(stream: TcpStream, peer: IpAddr, tls: Option<TlsAcceptor>, house: House) {
    let _ = stream.set_nodelay(true); // slower without, and no worse
    let mut other = Other {
        peer: Peer(peer),
        secured: None,
        certificate: None,
    };
    let Some(acceptor) = tls else {
        let stream = Patient::new(stream, house.limits.write);
        return http1(stream, other, house).await;
    };
    let shaken = tokio::time::timeout(house.limits.head, handshake(stream, acceptor, house.limits)).await;
    let Ok(Some(stream)) = shaken else {
        return;
    };
    let (_, session) = stream.get_ref();
    other.secured = Some(Secured);
    let shown = session.peer_certificates().and_then(<[_]>::first);
    other.certificate = shown.map(|certificate| PeerCertificate(Arc::from(&**certificate)));
    if session.alpn_protocol() == Some(ACME_TLS) {
        return; // the handshake was the answer (RFC 8737, 3)
    }
    if session.alpn_protocol() == Some(&b"h2"[..]) {
        http2(stream, other, house).await;
    } else {
        http1(stream, other, house).await;
    }
}

/// Nothing where the other side does not speak TLS, or not as it should.
async fn handshake(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    limits: Limits,
) -> Option<tokio_rustls::server::TlsStream<Patient<TcpStream>>> {
    let mut first = [0];
    stream.peek(&mut first).await.ok()?;
    if first[0] != TLS_HANDSHAKE {
        if first[0].is_ascii_uppercase() {
            tell_to_speak_tls(stream).await;
        }
        return None;
    }
    let stream = Patient::new(stream, limits.write);
    match acceptor.accept(stream).await {
        Ok(stream) => Some(stream),
        Err(error) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
    }
}

/// What was sent is read on: a connection that is closed with something unread is reset, and the answer lost.
async fn tell_to_speak_tls(mut stream: TcpStream) {
    let told = stream.write_all(SPEAK_TLS.as_bytes()).await;
    if told.is_err() || stream.shutdown().await.is_err() {
        return; // who is gone needs no answer
    }
    let mut piece = [0; 4096];
    for _ in 0..16 {
        if matches!(stream.read(&mut piece).await, Ok(0) | Err(_)) {
            return;
        }
    }
}

async fn http1<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, other: Other, house: House) {
    let talk = Talk::default();
    let stream = TokioIo::new(Explaining::new(stream, talk.clone()));
    let doors = house.doors;
    let service = service_fn(move |mut request: Request<Incoming>| {
        talk.begins();
        other.mark(&mut request);
        let (mut doors, talk) = (doors.clone(), talk.clone());
        async move { doors.call(request).await.map(|response| talk.watch(response)) }
    });
    let mut builder = http1::Builder::new();
    // Names of header fields have no case, and not every client knows that.
    builder.title_case_headers(true);
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(house.limits.head)
        .max_buf_size(MAX_HEAD_BYTES as usize);
    let mut connection = std::pin::pin!(builder.serve_connection(stream, service));
    let mut stop = house.stop;
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn http2<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, other: Other, house: House) {
    let pace = Pace::new();
    let (doors, paced) = (house.doors, pace.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        let under_way = paced.begins();
        name_the_host(&mut request);
        other.mark(&mut request);
        let mut doors = doors.clone();
        async move {
            doors
                .call(request)
                .await
                .map(|response| under_way.answered(response))
        }
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD_BYTES)
        .keep_alive_interval(Some(house.limits.write))
        .keep_alive_timeout(house.limits.write);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut stop = house.stop;
    let mut ends_at = None;
    let ended = loop {
        tokio::select! {
            ended = connection.as_mut() => break ended,
            () = stopped(&mut stop), if ends_at.is_none() => {
                // The grace of the whole house ends it, if need be.
                connection.as_mut().graceful_shutdown();
                ends_at = Some(Instant::now() + Duration::from_hours(24));
            }
            () = tokio::time::sleep(LOOK_EVERY) => match pace.going(Instant::now(), house.limits.head, house.limits.write) {
                Going::Stalled => {
                    tracing::debug!("a connection is cut off: its other side does not read its answers");
                    return;
                }
                Going::Idle if ends_at.is_none() => {
                    connection.as_mut().graceful_shutdown();
                    ends_at = Some(Instant::now() + house.limits.write);
                }
                Going::Idle | Going::Fine => {
                    if ends_at.is_some_and(|end| end <= Instant::now()) {
                        return;
                    }
                }
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Done when no more requests are taken.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopped| *stopped).await; // who would tell is gone: that is a stop, too
}

/// HTTP/2 names the host in the target (RFC 9113, 8.3.1); everything behind looks for it in `Host`.
fn name_the_host(request: &mut Request<Incoming>) {
    if request.version() != Version::HTTP_2 {
        return;
    }
    let Some(authority) = request.uri().authority().cloned() else {
        return;
    };
    if let Ok(host) = HeaderValue::from_str(authority.as_str()) {
        request.headers_mut().insert(header::HOST, host);
    }
    let target = request.uri().path_and_query().map(PathAndQuery::as_str);
    if let Some(Ok(target)) = target.map(str::parse::<Uri>) {
        *request.uri_mut() = target;
    }
}
