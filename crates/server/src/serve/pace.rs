//! How one connection with many requests at once (HTTP/2) goes on: an idle one is closed, and one whose other side leaves
//! answers unread is cut off.
//!
//! With HTTP/1.1 the socket itself tells that nobody reads. Here the other side can read everything but one answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use parking_lot::Mutex;
use tokio::time::Instant;

/// What is under way on a connection. Cheap to clone.
#[derive(Clone)]
pub(super) struct Pace(Arc<Mutex<State>>);

struct State {
    /// Requests that are not answered to the end.
    requests: usize,
    /// Answers that are being sent.
    answers: usize,
    /// Those of them that wait for us, and not for the other side.
    ours: usize,
    /// When something last went on.
    moved_at: Instant,
}

/// How it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Going {
    /// As it should.
    Fine,
    /// Nothing is under way for a while.
    Idle,
    /// An answer is left unread for a while.
    Stalled,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            requests: 0,
            answers: 0,
            ours: 0,
            moved_at: Instant::now(),
        })))
    }

    /// A request was read.
    pub(super) fn begins(&self) -> UnderWay {
        self.change(|state| state.requests += 1);
        UnderWay(self.clone())
    }

    /// How it goes on at this moment, where a connection may rest and an answer may lie unread for so long.
    pub(super) fn going(&self, now: Instant, rest: Duration, patience: Duration) -> Going {
        let state = self.0.lock();
        let since = now.saturating_duration_since(state.moved_at);
        if state.requests == 0 && since >= rest {
            Going::Idle
        } else if state.answers > state.ours && since >= patience {
            Going::Stalled
        } else {
            Going::Fine
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.0.lock();
        change(&mut state);
        state.moved_at = Instant::now();
    }
}

/// A request that is not answered to the end, until it is dropped.
pub(super) struct UnderWay(Pace);

impl UnderWay {
    /// Its answer begins: its end is noticed.
    pub(super) fn answered(self, response: Response) -> Response {
        self.0.change(|state| state.answers += 1);
        response.map(|body| {
            Body::new(Paced {
                body,
                is_ours: false,
                under_way: self,
            })
        })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.change(|state| state.requests -= 1);
    }
}

/// The body of an answer; dropped when it is sent.
struct Paced {
    body: Body,
    /// Whether it waits for us.
    is_ours: bool,
    under_way: UnderWay,
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        let (before, after) = (self.is_ours, polled.is_pending());
        self.is_ours = after;
        self.under_way.0.change(|state| {
            state.ours = state.ours + usize::from(after) - usize::from(before);
        });
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        let ours = usize::from(self.is_ours);
        self.under_way.0.change(|state| {
            state.answers -= 1;
            state.ours -= ours;
        });
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::StreamExt as _;

    use super::*;

    const REST: Duration = Duration::from_secs(10);
    const PATIENCE: Duration = Duration::from_secs(30);

    #[test]
    fn what_lies_unread_is_told_from_what_is_being_made() {
        let pace = Pace::new();
        let after = |wait: Duration| pace.going(Instant::now() + wait, REST, PATIENCE);
        let ages = PATIENCE * 10;
        assert_eq!(after(Duration::ZERO), Going::Fine);
        assert_eq!(after(REST), Going::Idle);
        let request = pace.begins();
        assert_eq!(after(ages), Going::Fine, "it is being worked on");
        // One piece, and a second one that never comes.
        let pieces = futures_util::stream::once(async { Ok::<_, Infallible>(Bytes::from("piece")) })
            .chain(futures_util::stream::pending());
        let mut body = request
            .answered(Response::new(Body::from_stream(pieces)))
            .into_body();
        assert_eq!(after(PATIENCE), Going::Stalled, "nobody takes the first piece");
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(Pin::new(&mut body).poll_frame(&mut context).is_ready());
        assert_eq!(after(Duration::ZERO), Going::Fine);
        assert_eq!(after(PATIENCE), Going::Stalled, "nobody asks for the second");
        assert!(Pin::new(&mut body).poll_frame(&mut context).is_pending());
        assert_eq!(after(ages), Going::Fine, "the second is not made yet");
        drop(body);
        assert_eq!((after(Duration::ZERO), after(REST)), (Going::Fine, Going::Idle));
    }
}
