//! Requests that are no HTTP are told so.
//!
//! The HTTP library answers a request whose head it cannot read by itself, with a status and no body: `GET /entities?q=a>3`,
//! typed into a terminal as it is, would get an empty 400. No service is asked, and there is no other place to write an
//! answer; but where nothing of ours is under way on a connection, everything that the library writes is such an answer,
//! and another is sent instead.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::StatusCode;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::problem::{NgsiError, Problem};

/// Nothing of ours is under way, and everything is sent.
const QUIET: u8 = 0;
/// A request is being answered.
const ANSWERING: u8 = 1;
/// The answer has ended, but may not be sent yet.
const ENDED: u8 = 2;

/// How far the answers on one connection are.
#[derive(Clone, Debug, Default)]
pub(super) struct Talk(Arc<AtomicU8>);

impl Talk {
    /// A request was read.
    pub(super) fn begins(&self) {
        self.0.store(ANSWERING, Ordering::Relaxed);
    }

    /// The answer to it: its end is noticed.
    pub(super) fn watch(&self, response: Response) -> Response {
        let talk = self.clone();
        response.map(|body| Body::new(Watched { body, talk }))
    }

    fn sent(&self) {
        let _ = self
            .0
            .compare_exchange(ENDED, QUIET, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn is_quiet(&self) -> bool {
        self.0.load(Ordering::Relaxed) == QUIET
    }
}

/// The body of an answer; gone when the library has taken all of it.
struct Watched {
    body: Body,
    talk: Talk,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.talk.0.store(ENDED, Ordering::Relaxed);
    }
}

/// A connection on which the library's own answers are replaced.
#[derive(Debug)]
pub(super) struct Explaining<S> {
    stream: S,
    talk: Talk,
    /// What is sent instead, and how much of it is sent.
    instead: Option<(Vec<u8>, usize)>,
}

impl<S> Explaining<S> {
    pub(super) fn new(stream: S, talk: Talk) -> Self {
        Self {
            stream,
            talk,
            instead: None,
        }
    }
}

impl<S: AsyncWrite + Unpin> Explaining<S> {
    /// Sends what is to be sent instead of `given`; `None` where `given` itself is to be sent.
    fn instead_of(&mut self, context: &mut Context<'_>, given: &[u8]) -> Option<Poll<io::Result<()>>> {
        if self.instead.is_none() && self.talk.is_quiet() {
            self.instead = explanation(given).map(|answer| (answer, 0));
        }
        let (answer, sent) = self.instead.as_mut()?;
        while *sent < answer.len() {
            match Pin::new(&mut self.stream).poll_write(context, &answer[*sent..]) {
                Poll::Ready(Ok(0)) => return Some(Poll::Ready(Err(io::ErrorKind::WriteZero.into()))),
                Poll::Ready(Ok(written)) => *sent += written,
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => return Some(Poll::Pending),
            }
        }
        Some(Poll::Ready(Ok(())))
    }
}

/// The answer in the place of the library's own; `None` where that is not an answer to a request that cannot be read.
fn explanation(given: &[u8]) -> Option<Vec<u8>> {
    let code = given.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    let status = StatusCode::from_bytes(code)
        .ok()
        .filter(StatusCode::is_client_error)?;
    let problem = match status {
        StatusCode::URI_TOO_LONG => {
            Problem::api(status, "the URL is too long; send a query as the body of a POST")
        }
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            Problem::api(status, "the headers are too long, or there are too many of them")
        }
        _ => Problem::ngsi(
            NgsiError::InvalidRequest,
            "this is no HTTP request: its URL or a header holds what none may hold. In a URL write `<` as %3C, `>` as %3E, \
             `\"` as %22 and a space as %20; curl does it with -G --data-urlencode 'q=rating>3'",
        ),
    };
    let body = problem.to_json().to_string();
    let reason = status.canonical_reason().unwrap_or("");
    let head = format!(
        "HTTP/1.1 {} {reason}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        status.as_u16(),
        body.len()
    );
    Some([head, body].concat().into_bytes())
}

impl<S: AsyncRead + Unpin> AsyncRead for Explaining<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Explaining<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        given: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.instead_of(context, given) {
            Some(sent) => {
                ready!(sent)?;
                Poll::Ready(Ok(given.len()))
            }
            None => Pin::new(&mut self.stream).poll_write(context, given),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        given: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = given.first().map_or(&[][..], |slice| slice);
        match self.instead_of(context, first) {
            Some(sent) => {
                ready!(sent)?;
                Poll::Ready(Ok(given.iter().map(|slice| slice.len()).sum()))
            }
            None => Pin::new(&mut self.stream).poll_write_vectored(context, given),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The library flushes when it has handed over everything that it has.
        self.talk.sent();
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refusals_are_explained() {
        let said = |given: &[u8]| explanation(given).map(|bytes| String::from_utf8(bytes).unwrap());
        let refused = said(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").unwrap();
        assert!(refused.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{refused}");
        assert!(refused.contains("%3E"), "{refused}");
        assert!(
            said(b"HTTP/1.1 414 URI Too Long\r\n\r\n")
                .unwrap()
                .contains("too long")
        );
        for other in [
            &b""[..],
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 4",
        ] {
            assert_eq!(said(other), None);
        }
    }

    #[test]
    fn a_talk_is_quiet_before_its_first_answer_and_when_the_last_is_sent() {
        let talk = Talk::default();
        assert!(talk.is_quiet());
        talk.begins();
        talk.sent();
        assert!(!talk.is_quiet(), "it is being answered");
        drop(talk.watch(Response::new(Body::from("x"))));
        assert!(!talk.is_quiet(), "it may not be sent");
        talk.sent();
        assert!(talk.is_quiet());
    }
}
