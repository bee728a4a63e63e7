//! Who is refused early reads why: what is left of a body is read on for a while.
//!
//! An answer such as 413 goes out before its request has come in whole. Closed then, the connection would be reset, and a
//! client that is still sending would see that and not the answer.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header;
use futures_util::StreamExt as _;
use hyper::body::{Frame, SizeHint};
use tokio::runtime::Handle;

/// How much is read on, in bytes.
const MOST_BYTES: usize = 64 << 20;
/// How long it is read on.
const MOST_TIME: Duration = Duration::from_secs(5);

/// Wraps a request's body, so that it is read on when whoever answers has let go of it.
pub(super) async fn linger(request: Request) -> Request {
    // Who waits for leave to send has sent nothing yet, and shall not be given it.
    if request.headers().contains_key(header::EXPECT) {
        return request;
    }
    request.map(|body| Body::new(Lingering(Some(body))))
}

/// A body that is read on when it is dropped; `None` when it has ended.
struct Lingering(Option<Body>);

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = self.0.as_mut() else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(body).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.0 = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let left = self.0.take().filter(|body| !body.is_end_stream());
        if let (Some(left), Ok(runtime)) = (left, Handle::try_current()) {
            runtime.spawn(read_on(left));
        }
    }
}

async fn read_on(body: Body) {
    let mut pieces = body.into_data_stream();
    let mut left = MOST_BYTES;
    let reading = async {
        while let Some(Ok(piece)) = pieces.next().await {
            let Some(rest) = left.checked_sub(piece.len()) else {
                break;
            };
            left = rest;
        }
    };
    // What comes later is lost, as is whoever sends it.
    let _ = tokio::time::timeout(MOST_TIME, reading).await;
}
